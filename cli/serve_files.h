/* serve_files.h: files below one folder, and nothing else of the file system. */
#ifndef CLI_SERVE_FILES_H
#define CLI_SERVE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum serve_found {
    SERVE_FILE,
    SERVE_FOLDER,
    SERVE_MISSING,   /* nothing there, or nothing that may be seen: 404 */
    SERVE_FORBIDDEN, /* there, but this process may not read it: 403 */
    SERVE_BUSY,      /* no descriptor left: 503 */
} serve_found;

typedef struct serve_file {
    int fd; /* open for reading; -1 unless SERVE_FILE or SERVE_FOLDER */
    uint64_t size;
    int64_t modified_s;
    char etag[64]; /* strong: of inode, size and time of change to the nanosecond */
} serve_file;

/* Opens the folder to serve; returns a descriptor or -1 with errno. */
int serve_root_open(const char *path);

/* Opens `path`, relative and without dot segments (http_path_read made it), below `root`. Links
 * that lead out of the folder are not followed, whoever moves what in the meantime. Only regular
 * files and folders are opened. */
serve_found serve_open(int root, const char *path, serve_file *out);

/* The same for kernels without openat2: segment by segment, following no link at all. */
serve_found serve_open_walk(int root, const char *path, serve_file *out);

/* An HTML page that lists the folder; `path` is its name for the title ("" for the root). Names
 * that start with a dot are left out. NULL when memory ran out; free() it. At most 5,000 names,
 * which the page says. */
char *serve_listing(int folder, const char *path);

#endif
