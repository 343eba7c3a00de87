/* test_cli_state.c: the local authority: made once, kept, and never replaced behind one's back. */
#define _DEFAULT_SOURCE 1
#include "../../cli/options.c"
#include "../../cli/report.c"
#include "../../cli/state.c"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "support/fail_alloc.h"

void cli_tls_files_close(cli *c) /* of cli/tls_options.c, which needs more than this test has */
{
    (void)c;
}

static const char *const names[] = {"localhost", "127.0.0.1", "::1", NULL};
static const cli_command command = {.name = "test"};
static const int64_t now = 1800000000;

typedef struct fixture {
    char dir[64];   /* made by the test */
    char state[96]; /* below it, not made yet */
    cli c;
    int standard_error; /* kept while errors that are expected go nowhere */
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    snprintf(f->dir, sizeof f->dir, "/tmp/cli_state.XXXXXX");
    if (f == NULL || mkdtemp(f->dir) == NULL)
        return -1;
    snprintf(f->state, sizeof f->state, "%s/a/state", f->dir);
    f->c = (cli){.command = &command, .path = "test"};
    fflush(stderr);
    f->standard_error = dup(STDERR_FILENO);
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    static const char *const files[] = {"ca.pem",     "ca.key",         "server.pem",
                                        "server.key", "lock",           "ca.pem.new",
                                        "ca.key.new", "server.pem.new", "server.key.new"};
    char path[200];
    fflush(stderr);
    dup2(f->standard_error, STDERR_FILENO);
    close(f->standard_error);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", f->state, files[i]);
        unlink(path);
    }
    rmdir(f->state);
    snprintf(path, sizeof path, "%s/a", f->dir);
    rmdir(path);
    int left = rmdir(f->dir); /* fails when something else was left there */
    free(f);
    return left;
}

/* Opens the authority; `*ca` and `*leaf` (may be NULL) receive the files' hashes of a simple kind.
 */
static cli_exit open_it(fixture *f, const char *const *for_names, int64_t at, cli_local *local)
{
    cli_exit status = cli_local_identity(&f->c, f->state, for_names, at, local);
    assert_int_equal(status == CLI_DONE, local->identity != NULL);
    return status;
}

static void read_state(fixture *f, const char *name, char *text, size_t size)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", f->state, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void write_state(fixture *f, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", f->state, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static mode_t mode_of(fixture *f, const char *name)
{
    char path[200];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", f->state, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void first_start_makes_all_and_keys_are_private(void **state)
{
    fixture *f = *state;
    cli_local local;
    assert_int_equal(open_it(f, names, now, &local), CLI_DONE);
    assert_true(local.made_ca && local.made_certificate);
    const hf_cert *leaf = hf_identity_cert(local.identity, 0);
    for (size_t i = 0; names[i] != NULL; i++)
        assert_true(hf_cert_matches_host(leaf, names[i]));
    assert_false(hf_cert_matches_host(leaf, "example.test"));
    assert_false(leaf->is_ca);
    hf_identity_free(local.identity);
    assert_int_equal(mode_of(f, ""), 0700);
    assert_int_equal(mode_of(f, "ca.key"), 0600);
    assert_int_equal(mode_of(f, "server.key"), 0600);
    assert_non_null(strstr(local.ca_path, "/a/state/ca.pem"));
}

static void later_starts_keep_it_until_the_certificate_ages(void **state)
{
    fixture *f = *state;
    cli_local local;
    char ca[4000], leaf[4000], again[4000];
    assert_int_equal(open_it(f, names, now, &local), CLI_DONE);
    hf_identity_free(local.identity);
    read_state(f, "ca.pem", ca, sizeof ca);
    read_state(f, "server.pem", leaf, sizeof leaf);

    assert_int_equal(open_it(f, names, now + 330 * (int64_t)DAY_S, &local), CLI_DONE);
    hf_identity_free(local.identity);
    assert_false(local.made_ca || local.made_certificate);
    read_state(f, "server.pem", again, sizeof again);
    assert_string_equal(again, leaf);

    assert_int_equal(open_it(f, names, now + 340 * (int64_t)DAY_S, &local), CLI_DONE);
    hf_identity_free(local.identity);
    assert_true(!local.made_ca && local.made_certificate);
    read_state(f, "ca.pem", again, sizeof again);
    assert_string_equal(again, ca);
}

static void a_certificate_that_does_not_fit_is_made_anew(void **state)
{
    fixture *f = *state;
    static const char *const more[] = {"localhost", "127.0.0.1", "::1", "192.0.2.1", NULL};
    cli_local local;
    assert_int_equal(open_it(f, names, now, &local), CLI_DONE);
    hf_identity_free(local.identity);
    assert_int_equal(open_it(f, more, now, &local), CLI_DONE);
    hf_identity_free(local.identity);
    assert_true(local.made_certificate);
    static const char *const damage[] = {"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n"};
    for (size_t i = 0; i < 3; i++) {
        write_state(f, i == 2 ? "server.key" : "server.pem", damage[i]);
        assert_int_equal(open_it(f, more, now, &local), CLI_DONE);
        hf_identity_free(local.identity);
        assert_true(!local.made_ca && local.made_certificate);
    }
    char ca[4000]; /* its own authority's certificate in its place */
    read_state(f, "ca.pem", ca, sizeof ca);
    write_state(f, "server.pem", ca);
    read_state(f, "ca.key", ca, sizeof ca);
    write_state(f, "server.key", ca);
    assert_int_equal(open_it(f, more, now, &local), CLI_DONE);
    hf_identity_free(local.identity);
    assert_true(local.made_certificate);
}

static void a_damaged_or_old_authority_is_reported_and_kept(void **state)
{
    fixture *f = *state;
    cli_local local;
    char ca[4000], key[4000], leaf[4000], after[4000];
    assert_int_equal(open_it(f, names, now, &local), CLI_DONE);
    hf_identity_free(local.identity);
    read_state(f, "ca.pem", ca, sizeof ca);
    read_state(f, "ca.key", key, sizeof key);
    read_state(f, "server.pem", leaf, sizeof leaf);
    assert_int_equal(open_it(f, names, now + 4000 * (int64_t)DAY_S, &local), CLI_LOCAL_FILE);
    assert_int_equal(open_it(f, names, now - 400 * (int64_t)DAY_S, &local), CLI_LOCAL_FILE);

    write_state(f, "ca.key", "nonsense");
    assert_int_equal(open_it(f, names, now, &local), CLI_LOCAL_FILE);
    read_state(f, "server.key", after, sizeof after);
    write_state(f, "ca.key", after); /* a key of someone else */
    assert_int_equal(open_it(f, names, now, &local), CLI_LOCAL_FILE);
    write_state(f, "ca.key", after);
    write_state(f, "ca.pem", leaf); /* key and certificate fit, but it is no authority */
    assert_int_equal(open_it(f, names, now, &local), CLI_LOCAL_FILE);
    read_state(f, "ca.pem", after, sizeof after);
    assert_string_equal(after, leaf);

    write_state(f, "ca.pem", ca);
    write_state(f, "ca.key", key);
    assert_int_equal(open_it(f, names, now, &local), CLI_DONE);
    hf_identity_free(local.identity);
}

static void a_folder_that_others_may_write_to_is_refused(void **state)
{
    fixture *f = *state;
    cli_local local;
    assert_int_equal(open_it(f, names, now, &local), CLI_DONE);
    hf_identity_free(local.identity);
    assert_int_equal(chmod(f->state, 0770), 0);
    assert_int_equal(open_it(f, names, now, &local), CLI_LOCAL_FILE);
    assert_int_equal(chmod(f->state, 0700), 0);
    assert_int_equal(open_it(f, names, now, &local), CLI_DONE);
    hf_identity_free(local.identity);
}

static void any_allocation_may_fail_and_the_next_start_is_well(void **state)
{
    fixture *f = *state;
    cli_local local;
    long live = hf_test_live(), n = 0;
    bool failed = true;
    for (; failed && n < 2000; n++) {
        hf_test_fail_alloc_after(n + 1);
        cli_exit status = open_it(f, names, now, &local);
        failed = hf_test_alloc_failed();
        hf_test_fail_alloc_after(0);
        assert_true(failed || status == CLI_DONE);
        hf_identity_free(local.identity);
        assert_int_equal(hf_test_live(), live);
    }
    assert_true(n > 10 && n < 2000);
    assert_int_equal(open_it(f, names, now, &local), CLI_DONE);
    hf_identity_free(local.identity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_start_makes_all_and_keys_are_private, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(later_starts_keep_it_until_the_certificate_ages, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_that_does_not_fit_is_made_anew, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_or_old_authority_is_reported_and_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_others_may_write_to_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(any_allocation_may_fail_and_the_next_start_is_well, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
