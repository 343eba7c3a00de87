/* get_output.c: where what was fetched goes; see get_output.h. */
#define _XOPEN_SOURCE 700 /* realpath, mkstemp */
#include "cli/get_output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- the temporary file and signals ---- */

/* What a signal has to take away. The handler reads it only while `armed`. */
static char to_unlink[4096];
static volatile sig_atomic_t armed;

static void on_signal(int number)
{
    if (armed)
        unlink(to_unlink);
    raise(number); /* the default again (SA_RESETHAND): the shell sees why we ended */
}

static void arm(const char *temporary)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    if (strlen(temporary) >= sizeof to_unlink)
        return;
    strcpy(to_unlink, temporary);
    armed = 1;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction now, action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
            sigaction(numbers[i], &action, NULL);
    }
}

/* ---- opening ---- */

/* The mode that the new file gets: the old file's, or what a plain open would give. */
static mode_t mode_for(const char *target)
{
    struct stat st;
    if (stat(target, &st) == 0)
        return st.st_mode & 07777;
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static cli_exit file_failed(get_output *o, const char *what)
{
    int error_number = errno;
    o->failed = true;
    return cli_file_error(o->cli, what, o->path, error_number);
}

/* A device or a pipe is written at once: it cannot be replaced by a file. */
static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

/* Makes the file and arms the handler in one, as signals see it: one that came in between would
 * leave the file behind. */
static void make_temporary(get_output *o)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    o->fd = mkstemp(o->temporary);
    int error_number = errno;
    if (o->fd >= 0)
        arm(o->temporary);
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error_number;
}

static cli_exit open_file(get_output *o)
{
    if (is_special(o->path)) {
        o->fd = open(o->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return o->fd >= 0 ? CLI_DONE : file_failed(o, "the output could not be opened");
    }
    o->target = realpath(o->path, NULL); /* a link stays one: what it points to is replaced */
    if (o->target == NULL)
        o->target = strdup(o->path);
    size_t size = o->target != NULL ? strlen(o->target) + 16 : 0;
    o->temporary = size > 0 ? malloc(size) : NULL;
    if (o->temporary == NULL) {
        o->failed = true;
        return cli_fail(o->cli, CLI_OTHER, "memory ran out", NULL);
    }
    snprintf(o->temporary, size, "%s.part-XXXXXX", o->target);
    make_temporary(o);
    if (o->fd < 0) {
        free(o->temporary);
        o->temporary = NULL;
        return file_failed(o, "the file could not be created");
    }
    fcntl(o->fd, F_SETFD, FD_CLOEXEC);
    fchmod(o->fd, mode_for(o->target));
    return CLI_DONE;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

cli_exit get_output_open(get_output *o, cli *c, const char *path, bool has_total, uint64_t total)
{
    bool to_stdout = path == NULL || strcmp(path, "-") == 0;
    *o = (get_output){.cli = c, .fd = STDOUT_FILENO, .has_total = has_total, .total = total};
    o->path = to_stdout ? NULL : path;
    o->watched =
        !c->quiet && isatty(STDERR_FILENO) == 1 && !(to_stdout && isatty(STDOUT_FILENO) == 1);
    o->start_ms = o->last_ms = now_ms();
    if (!to_stdout)
        return open_file(o);
    fflush(stdout);
    return CLI_DONE;
}

/* ---- progress ---- */

static void bytes_text(double bytes, char *out, size_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; bytes >= 1024 && unit < 4; unit++)
        bytes /= 1024;
    snprintf(out, size, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

enum { PROGRESS_FIRST_MS = 1000, PROGRESS_EVERY_MS = 200 };

static void show_progress(get_output *o)
{
    int64_t now = now_ms(), taken = now - o->start_ms;
    if (!o->watched || taken < PROGRESS_FIRST_MS || now - o->last_ms < PROGRESS_EVERY_MS)
        return;
    char written[32], total[64] = "", rate[32], left[48] = "";
    double per_second = (double)o->written * 1000 / (double)taken;
    bytes_text((double)o->written, written, sizeof written);
    bytes_text(per_second, rate, sizeof rate);
    if (o->has_total && o->total > 0) {
        char whole[32];
        bytes_text((double)o->total, whole, sizeof whole);
        snprintf(total, sizeof total, " of %s (%u%%)", whole,
                 (unsigned)(100.0 * (double)o->written / (double)o->total));
    }
    if (o->has_total && per_second > 0 && o->written <= o->total) {
        long long seconds = (long long)((double)(o->total - o->written) / per_second + 0.5);
        snprintf(left, sizeof left, ", %lld:%02lld left", seconds / 60, seconds % 60);
    }
    fprintf(stderr, "\r%s%s, %s/s%s\033[K", written, total, rate, left);
    o->last_ms = now;
    o->shown = true;
}

static void clear_progress(get_output *o)
{
    if (o->shown)
        fputs("\r\033[K", stderr);
    o->shown = false;
}

/* ---- writing ---- */

bool get_output_write(get_output *o, const char *p, size_t n)
{
    if (o->fd < 0)
        return false;
    while (n > 0) {
        ssize_t wrote = write(o->fd, p, n);
        if (wrote >= 0) {
            p += wrote;
            n -= (size_t)wrote;
            o->written += (uint64_t)wrote;
        } else if (errno == EPIPE && o->target == NULL) {
            o->reader_gone = true;
            return false;
        } else if (errno != EINTR) {
            clear_progress(o);
            if (o->path == NULL)
                o->path = "standard output";
            file_failed(o, "the output could not be written");
            return false;
        }
    }
    show_progress(o);
    return true;
}

/* The file appears: whole, on the disk, under its name. */
static cli_exit appear(get_output *o)
{
    if (fsync(o->fd) != 0 && errno != EINVAL && errno != ENOTSUP)
        return file_failed(o, "the file could not be written");
    int closed = close(o->fd);
    o->fd = -1;
    if (closed != 0 || rename(o->temporary, o->target) != 0)
        return file_failed(o, "the file could not be written");
    armed = 0;
    free(o->temporary);
    o->temporary = NULL;
    return CLI_DONE;
}

cli_exit get_output_close(get_output *o, cli_exit so_far)
{
    clear_progress(o);
    if (so_far == CLI_DONE && o->failed)
        so_far = CLI_LOCAL_FILE;
    if (so_far == CLI_DONE && o->temporary != NULL)
        so_far = appear(o);
    if (o->path != NULL && o->fd > STDERR_FILENO)
        close(o->fd);
    if (o->temporary != NULL) {
        unlink(o->temporary);
        armed = 0;
    }
    free(o->temporary);
    free(o->target);
    *o = (get_output){.fd = -1};
    return so_far;
}
