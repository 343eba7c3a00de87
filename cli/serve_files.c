/* serve_files.c: opening below the root, and listing; see serve_files.h. */
#define _GNU_SOURCE
#include "cli/serve_files.h"
#include "cli/http_text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    /* O_NONBLOCK: opening a pipe must not wait for a writer */
    OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
    LISTED_MOST = 5000,
};

int serve_root_open(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static serve_found of_errno(int error_number)
{
    switch (error_number) {
    case EACCES:
    case EPERM:
        return SERVE_FORBIDDEN;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return SERVE_BUSY;
    default: /* ENOENT, ENOTDIR, ELOOP, EXDEV (outside the root), ENXIO (a socket), ... */
        return SERVE_MISSING;
    }
}

/* Takes over `fd`, or -1 with errno: looks at what it is. */
static serve_found look(int fd, serve_file *out)
{
    struct stat st;
    *out = (serve_file){.fd = -1};
    if (fd == -1)
        return of_errno(errno);
    if (fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
        close(fd); /* a device, a pipe: not content */
        return SERVE_MISSING;
    }
    out->fd = fd;
    out->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    out->modified_s = st.st_mtim.tv_sec;
    snprintf(out->etag, sizeof out->etag, "\"%llx-%llx-%llx%08lx\"", (unsigned long long)st.st_ino,
             (unsigned long long)st.st_size, (unsigned long long)st.st_ctim.tv_sec,
             (unsigned long)st.st_ctim.tv_nsec);
    return S_ISDIR(st.st_mode) ? SERVE_FOLDER : SERVE_FILE;
}

serve_found serve_open_walk(int root, const char *path, serve_file *out)
{
    int at = root;
    char name[256];
    *out = (serve_file){.fd = -1};
    if (path[0] == '\0')
        return look(openat(root, ".", OPEN_FLAGS), out);
    for (;;) {
        size_t n = strcspn(path, "/");
        bool last = path[n] == '\0';
        if (n == 0 || n >= sizeof name)
            errno = ENOENT;
        memcpy(name, path, n < sizeof name ? n : 0);
        name[n < sizeof name ? n : 0] = '\0';
        int fd = name[0] == '\0' || strcmp(name, "..") == 0
                     ? -1
                     : openat(at, name, OPEN_FLAGS | O_NOFOLLOW | (last ? 0 : O_DIRECTORY));
        int error_number = errno;
        if (at != root)
            close(at);
        errno = error_number;
        if (fd == -1 || last)
            return look(fd, out);
        at = fd;
        path += n + 1;
    }
}

serve_found serve_open(int root, const char *path, serve_file *out)
{
    struct open_how how = {.flags = OPEN_FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd = syscall(SYS_openat2, root, path[0] != '\0' ? path : ".", &how, sizeof how);
    /* EPERM: containers whose filter does not know the call say that, too */
    if (fd == -1 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN))
        return serve_open_walk(root, path, out);
    return look((int)fd, out);
}

/* ---- listing ---- */

typedef struct entry {
    char *name;
    bool folder;
    uint64_t size;
} entry;

static int by_name(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->folder != y->folder)
        return x->folder ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Up to LISTED_MOST entries; false when memory ran out. */
static bool read_entries(DIR *dir, entry **entries, size_t *count, bool *cut)
{
    size_t room = 0;
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        struct stat st;
        if (d->d_name[0] == '.' || fstatat(dirfd(dir), d->d_name, &st, 0) != 0 ||
            (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
            continue;
        *cut = *count == LISTED_MOST;
        if (*cut)
            return true;
        if (*count == room) {
            room = room == 0 ? 64 : 2 * room;
            entry *more = realloc(*entries, room * sizeof *more);
            if (more == NULL)
                return false;
            *entries = more;
        }
        char *name = strdup(d->d_name);
        if (name == NULL)
            return false;
        (*entries)[(*count)++] = (entry){name, S_ISDIR(st.st_mode), (uint64_t)st.st_size};
    }
    return true;
}

static void write_entry(FILE *out, const entry *e)
{
    char html[6 * 256], url[3 * 256];
    if (!http_html_escape(e->name, html, sizeof html) || !http_url_escape(e->name, url, sizeof url))
        return;
    /* "./" keeps a name with a colon from being read as a scheme */
    fprintf(out, "<li><a href=\"./%s%s\">%s%s</a>", url, e->folder ? "/" : "", html,
            e->folder ? "/" : "");
    if (!e->folder)
        fprintf(out, " <small>%llu bytes</small>", (unsigned long long)e->size);
    fputs("</li>\n", out);
}

static void write_page(FILE *out, const char *path, const entry *entries, size_t count, bool cut)
{
    char title[6 * 4096];
    if (!http_html_escape(path, title, sizeof title))
        title[0] = '\0';
    fprintf(out,
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width\">\n<title>/%s</title>\n"
            "<style>:root{color-scheme:light dark}body{font:1rem/1.6 system-ui,sans-serif;"
            "max-width:44rem;margin:3rem auto;padding:0 1rem}li{list-style:none}"
            "ul{padding:0}small{opacity:.6}</style>\n<h1>/%s</h1>\n<ul>\n",
            title, title);
    if (path[0] != '\0')
        fputs("<li><a href=\"../\">../</a></li>\n", out);
    for (size_t i = 0; i < count; i++)
        write_entry(out, &entries[i]);
    fputs("</ul>\n", out);
    if (cut)
        fprintf(out, "<p>Only the first %d names are shown.</p>\n", LISTED_MOST);
}

char *serve_listing(int folder, const char *path)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd == -1 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd != -1)
            close(fd);
        return NULL;
    }
    entry *entries = NULL;
    size_t count = 0, length = 0;
    bool cut = false;
    char *page = NULL;
    bool ok = read_entries(dir, &entries, &count, &cut);
    FILE *out = ok ? open_memstream(&page, &length) : NULL;
    if (out != NULL) {
        if (count != 0)
            qsort(entries, count, sizeof *entries, by_name);
        write_page(out, path, entries, count, cut);
        bool failed = ferror(out) != 0;
        if (fclose(out) != 0 || failed) {
            free(page);
            page = NULL;
        }
    }
    for (size_t i = 0; i < count; i++)
        free(entries[i].name);
    free(entries);
    closedir(dir);
    return page;
}
