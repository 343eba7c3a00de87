/* http_text.h: the small languages inside HTTP: targets, ranges, dates, entity tags, media types.
 *
 * Each is a function of text alone: no file, no connection. RFC 9110 and RFC 9112. */
#ifndef CLI_HTTP_TEXT_H
#define CLI_HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a request-target names, below the root. */
typedef struct http_path {
    char text[4096];   /* decoded, relative, without a leading or trailing slash; "" is the root */
    bool slash;        /* the target ended in '/' */
    const char *query; /* the target's '?' and what follows, borrowed; "" when there is none */
} http_path;

typedef enum http_path_result {
    HTTP_PATH_OK,
    HTTP_PATH_BAD,    /* not a request-target: 400 */
    HTTP_PATH_HIDDEN, /* well formed, but never served (a dot file, "..", a backslash): 404 */
} http_path_result;

/* Reads origin-form or absolute-form, decodes %XX once, and lets pass only paths that mean the same
 * to every reader: no empty segment, no segment that starts with a dot (but a leading .well-known,
 * RFC 8615), no encoded slash, no backslash, no control character. */
http_path_result http_path_read(const char *target, http_path *out);

/* Range: bytes=..., RFC 9110 section 14.2. More than one range, another unit or a malformed one
 * means that the header is to be ignored (NONE). `*first` and `*last` are inclusive. */
typedef enum http_range_result {
    HTTP_RANGE_NONE,
    HTTP_RANGE_ONE,
    HTTP_RANGE_UNSATISFIABLE
} http_range_result;
http_range_result http_range_read(const char *value, uint64_t size, uint64_t *first,
                                  uint64_t *last);

/* IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT", and back from that form, RFC 850's and asctime's.
 */
void http_date_write(int64_t time_s, char out[32]);
bool http_date_read(const char *text, int64_t now_s, int64_t *out);

/* True when the list of an If-None-Match names `etag` (weak comparison) or is "*". */
bool http_etag_in_list(const char *list, const char *etag);

/* The media type that a file's name stands for; static. */
const char *http_media_type(const char *name);

/* Writes text as HTML content or attribute value, or as a path in a URL ('/' is kept): always
 * NUL-terminated. Returns false when `size` is too small. */
bool http_html_escape(const char *text, char *out, size_t size);
bool http_url_escape(const char *text, char *out, size_t size);

/* The reason phrase: "Not Found". Static. */
const char *http_reason(unsigned status);

#endif
