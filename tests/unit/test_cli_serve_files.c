/* test_cli_serve_files.c: what is below the root opens, and nothing else does, by both ways. */
#define _GNU_SOURCE
#include "../../cli/http_text.c"
#include "../../cli/serve_files.c"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the four above first */
#include <cmocka.h>

typedef struct tree {
    char dir[64];
    int root;
} tree;

static void put(const char *dir, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(fd != -1);
    assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

/* <dir>/outside.txt and below <dir>/root what is served. */
static int make_tree(void **state)
{
    static tree t;
    char path[200];
    snprintf(t.dir, sizeof t.dir, "/tmp/serve_files.XXXXXX");
    assert_non_null(mkdtemp(t.dir));
    put(t.dir, "outside.txt", "outside");
    snprintf(path, sizeof path, "%s/root", t.dir);
    assert_int_equal(mkdir(path, 0755), 0);
    t.root = serve_root_open(path);
    assert_true(t.root != -1);
    assert_int_equal(mkdirat(t.root, "sub", 0755), 0);
    put(path, "a.txt", "0123456789");
    put(path, "sub/b.txt", "b");
    put(path, "sub/<i>&\"'.txt", "x");
    put(path, "sub/.hidden", "x");
    assert_int_equal(symlinkat("../outside.txt", t.root, "out"), 0);
    assert_int_equal(symlinkat("/etc", t.root, "etc"), 0);
    assert_int_equal(symlinkat("sub", t.root, "in"), 0);
    assert_int_equal(symlinkat("loop", t.root, "loop"), 0);
    assert_int_equal(mkfifoat(t.root, "pipe", 0644), 0);
    *state = &t;
    return 0;
}

static int remove_tree(void **state)
{
    tree *t = *state;
    static const char *const names[] = {
        "sub/b.txt", "sub/<i>&\"'.txt", "sub/.hidden", "a.txt", "out", "etc", "in", "loop", "pipe"};
    char path[200];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlinkat(t->root, names[i], 0);
    unlinkat(t->root, "sub", AT_REMOVEDIR);
    close(t->root);
    snprintf(path, sizeof path, "%s/root", t->dir);
    rmdir(path);
    snprintf(path, sizeof path, "%s/outside.txt", t->dir);
    unlink(path);
    return rmdir(t->dir);
}

typedef serve_found (*open_fn)(int root, const char *path, serve_file *out);

static serve_found try_open(open_fn open_it, int root, const char *path, uint64_t *size)
{
    serve_file file;
    serve_found found = open_it(root, path, &file);
    assert_int_equal(file.fd != -1, found == SERVE_FILE || found == SERVE_FOLDER);
    if (size != NULL)
        *size = file.size;
    if (file.fd != -1)
        close(file.fd);
    return found;
}

static void files_and_folders_below_the_root_open(void **state)
{
    const tree *t = *state;
    static const open_fn ways[] = {serve_open, serve_open_walk};
    for (size_t i = 0; i < 2; i++) {
        uint64_t size = 0;
        assert_int_equal(try_open(ways[i], t->root, "a.txt", &size), SERVE_FILE);
        assert_int_equal(size, 10);
        assert_int_equal(try_open(ways[i], t->root, "sub/b.txt", NULL), SERVE_FILE);
        assert_int_equal(try_open(ways[i], t->root, "sub", NULL), SERVE_FOLDER);
        assert_int_equal(try_open(ways[i], t->root, "", NULL), SERVE_FOLDER);
    }
}

static void nothing_outside_opens_however_it_is_spelled(void **state)
{
    const tree *t = *state;
    static const open_fn ways[] = {serve_open, serve_open_walk};
    static const char *const paths[] = {
        "out",
        "etc/passwd",
        "etc",
        "../outside.txt",
        "sub/../../outside.txt",
        "..",
        "/etc/passwd",
        "loop",
        "pipe",
        "a.txt/x",
        "missing",
        "sub/missing",
        "sub/../../root/../outside.txt",
    };
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < sizeof paths / sizeof paths[0]; j++)
            if (try_open(ways[i], t->root, paths[j], NULL) != SERVE_MISSING)
                fail_msg("way %zu opened %s", i, paths[j]);
}

static void the_walk_follows_no_link_and_takes_no_odd_segment(void **state)
{
    const tree *t = *state;
    static const char *const paths[] = {"in/b.txt", "in", "sub//b.txt", "/a.txt", "sub/"};
    for (size_t j = 0; j < sizeof paths / sizeof paths[0]; j++)
        assert_int_equal(try_open(serve_open_walk, t->root, paths[j], NULL), SERVE_MISSING);
    char longest[400];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(try_open(serve_open_walk, t->root, longest, NULL), SERVE_MISSING);
}

static void entity_tags_change_with_the_content(void **state)
{
    const tree *t = *state;
    serve_file before, again, after;
    assert_int_equal(serve_open(t->root, "a.txt", &before), SERVE_FILE);
    assert_int_equal(serve_open(t->root, "a.txt", &again), SERVE_FILE);
    assert_string_equal(before.etag, again.etag);
    close(before.fd);
    close(again.fd);
    int fd = openat(t->root, "a.txt", O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    assert_int_equal(serve_open(t->root, "a.txt", &after), SERVE_FILE);
    assert_string_not_equal(before.etag, after.etag);
    close(after.fd);
}

static void listings_are_sorted_escaped_and_leave_hidden_names_out(void **state)
{
    const tree *t = *state;
    serve_file folder;
    assert_int_equal(serve_open(t->root, "sub", &folder), SERVE_FOLDER);
    char *page = serve_listing(folder.fd, "<sub>");
    close(folder.fd);
    assert_non_null(page);
    assert_non_null(strstr(page, "&lt;sub&gt;"));
    assert_non_null(strstr(page, "./%3Ci%3E%26%22%27.txt\">&lt;i&gt;&amp;&quot;&#39;.txt</a>"));
    assert_null(strstr(page, "<i>"));
    assert_null(strstr(page, "hidden"));
    assert_true(strstr(page, "%3Ci") < strstr(page, "b.txt"));
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_folders_below_the_root_open),
        cmocka_unit_test(nothing_outside_opens_however_it_is_spelled),
        cmocka_unit_test(the_walk_follows_no_link_and_takes_no_odd_segment),
        cmocka_unit_test(entity_tags_change_with_the_content),
        cmocka_unit_test(listings_are_sorted_escaped_and_leave_hidden_names_out),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
