/* explain_page.c: the explanation as a page in a file, and the browser that shows it. */
#define _GNU_SOURCE /* mkostemps */
#include "cli/explain_page.h"
#include "cli/cert_file.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The page in memory. False when that ran out. */
static bool render(const hf_explain *x, const hf_explain *second, char **page, size_t *n)
{
    *page = NULL;
    FILE *out = open_memstream(page, n);
    if (out == NULL)
        return false;
    hf_status status =
        hf_explain_render_html(x, hf_explain_sink_file(out), &(hf_explain_html){.second = second});
    if (fclose(out) != 0 || status != HF_OK) {
        free(*page);
        return false;
    }
    return true;
}

/* A new, private file whose name ends in .html, as a browser wants it. */
static cli_exit write_temporary(cli *c, hf_bytes page, char *path, size_t size)
{
    const char *dir = getenv("TMPDIR");
    snprintf(path, size, "%s/handfast-XXXXXX.html", dir != NULL && dir[0] == '/' ? dir : "/tmp");
    int fd = mkostemps(path, 5, O_CLOEXEC);
    if (fd == -1)
        return cli_file_error(c, "the page could not be written", path, errno);
    FILE *out = fdopen(fd, "w");
    bool written = out != NULL && fwrite(page.p, 1, page.n, out) == page.n;
    if (out == NULL)
        close(fd);
    else if (fclose(out) != 0)
        written = false;
    if (written)
        return CLI_DONE;
    int error = errno;
    unlink(path);
    return cli_file_error(c, "the page could not be written", path, error);
}

/* xdg-open leaves the browser running and returns. Not finding it is no failure of ours: the page
 * is there, and its name is said. */
static void show(cli *c, const char *path)
{
    char *argv[] = {(char *)(uintptr_t) "xdg-open", realpath(path, NULL), NULL};
    posix_spawn_file_actions_t quiet;
    pid_t child;
    int status = -1;
    bool started = false;
    if (argv[1] != NULL && posix_spawn_file_actions_init(&quiet) == 0) {
        posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
        started = posix_spawnp(&child, argv[0], &quiet, NULL, argv, environ) == 0;
        posix_spawn_file_actions_destroy(&quiet);
    }
    free(argv[1]);
    while (started && waitpid(child, &status, 0) == -1 && errno == EINTR)
        continue;
    if (!started || status != 0)
        cli_warn(c, "no browser could be started (xdg-open); open this file in one: %s", path);
}

cli_exit explain_page_make(cli *c, const hf_explain *x, const hf_explain *second)
{
    const char *wanted = cli_text(c, "html");
    char path[4096] = "";
    char *page;
    size_t n;
    if (wanted != NULL && strcmp(wanted, "-") == 0 && cli_flag(c, "open"))
        return cli_usage(c, "--open needs a file", "--html -", NULL);
    if (!render(x, second, &page, &n))
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    hf_bytes bytes = {(const uint8_t *)page, n};
    /* with secrets the page is for its owner alone, also when a kept document brought them */
    bool secrets = (x != NULL && hf_explain_has_secrets(x)) ||
                   (second != NULL && hf_explain_has_secrets(second));
    unsigned mode = secrets ? 0600 : 0644;
    cli_exit status;
    if (wanted != NULL) {
        snprintf(path, sizeof path, "%s", wanted);
        status = cli_file_write(c, path, bytes, mode, cli_flag(c, "force"));
    } else {
        status = write_temporary(c, bytes, path, sizeof path);
    }
    free(page);
    c->json_printed = true;
    if (status != CLI_DONE || strcmp(path, "-") == 0)
        return status;
    cli_say(c, "the page: %s", path);
    if (cli_flag(c, "open"))
        show(c, path);
    return CLI_DONE;
}
