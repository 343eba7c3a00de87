/* serve_respond.c: from a request to a response: which file, which part of it, which status. */
#define _POSIX_C_SOURCE 200809L
#include "cli/http_text.h"
#include "cli/serve.h"
#include "cli/serve_files.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct text {
    char *p;
    size_t n;
    FILE *out; /* NULL when memory ran out */
} text;

static void text_open(text *t)
{
    *t = (text){0};
    t->out = open_memstream(&t->p, &t->n);
}

static void text_add(text *t, const char *format, ...) HF_PRINTF(2, 3);

static void text_add(text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (t->out != NULL)
        vfprintf(t->out, format, args);
    va_end(args);
}

/* The status line and the fields that every response has. */
static void start_head(text *t, serve_response *out, unsigned status, bool keep_alive,
                       int64_t now_s)
{
    char date[32];
    http_date_write(now_s, date);
    *out = (serve_response){.status = status, .file = -1, .close = !keep_alive};
    text_open(t);
    text_add(t,
             "HTTP/1.1 %u %s\r\nDate: %s\r\nServer: handfast\r\n"
             "X-Content-Type-Options: nosniff\r\n%s",
             status, http_reason(status), date,
             keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
}

/* Ends the header section, adds content, and hands the text over to the response. */
static void finish(text *t, serve_response *out, const char *content, size_t n)
{
    text_add(t, "\r\n");
    if (t->out != NULL && n != 0)
        fwrite(content, 1, n, t->out);
    bool failed = t->out == NULL || ferror(t->out) != 0;
    if (t->out != NULL && fclose(t->out) != 0)
        failed = true;
    if (failed) {
        free(t->p);
        if (out->file != -1)
            close(out->file);
        *out = (serve_response){.status = 500, .file = -1, .close = true};
        return;
    }
    out->head = t->p;
    out->head_len = t->n;
    out->content_len = n;
}

void serve_respond_bytes(const char *type, hf_bytes content, const char *extra, unsigned status,
                         bool head_only, bool keep_alive, int64_t now_s, serve_response *out)
{
    text t;
    start_head(&t, out, status, keep_alive, now_s);
    text_add(&t, "%sContent-Type: %s\r\nContent-Length: %zu\r\n", extra, type, content.n);
    finish(&t, out, (const char *)content.p, head_only ? 0 : content.n);
}

static void respond_content(const char *type, const char *content, const char *extra,
                            unsigned status, bool head_only, bool keep_alive, int64_t now_s,
                            serve_response *out)
{
    serve_respond_bytes(type, (hf_bytes){(const uint8_t *)content, strlen(content)}, extra, status,
                        head_only, keep_alive, now_s, out);
}

void serve_respond_error(unsigned status, const char *why, const char *extra, bool head_only,
                         bool keep_alive, int64_t now_s, serve_response *out)
{
    char page[1024], shown[400];
    if (!http_html_escape(why, shown, sizeof shown))
        shown[0] = '\0';
    snprintf(page, sizeof page,
             "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%u %s</title>\n"
             "<style>:root{color-scheme:light dark}body{font:1rem/1.6 system-ui,sans-serif;"
             "max-width:36rem;margin:15vh auto;padding:0 1rem}</style>\n"
             "<h1>%s</h1>\n<p>%s</p>\n",
             status, http_reason(status), http_reason(status), shown);
    respond_content("text/html; charset=utf-8", page, extra, status, head_only, keep_alive, now_s,
                    out);
}

void serve_respond_text(const char *content, bool keep_alive, int64_t now_s, serve_response *out)
{
    respond_content("text/plain; charset=utf-8", content, "", 200, false, keep_alive, now_s, out);
}

void serve_response_free(serve_response *r)
{
    free(r->head);
    if (r->file != -1)
        close(r->file);
    *r = (serve_response){.file = -1};
}

/* ---- files ---- */

/* What the answers below need to know. */
typedef struct answer {
    const serve_site *site;
    const http_request *r;
    bool head_only, keep_alive;
    int64_t now_s;
    serve_response *out;
} answer;

static void refuse(const answer *a, unsigned status, const char *why)
{
    serve_respond_error(status, why, "", a->head_only, a->keep_alive, a->now_s, a->out);
}

static void file_fields(text *t, const serve_file *file)
{
    char modified[32];
    http_date_write(file->modified_s, modified);
    text_add(t,
             "ETag: %s\r\nLast-Modified: %s\r\nAccept-Ranges: bytes\r\n"
             "Cache-Control: no-cache\r\n", /* keep it, but ask before using it again */
             file->etag, modified);
}

/* RFC 9110 section 13.2.2: If-None-Match counts; without it, If-Modified-Since. */
static bool not_modified(const answer *a, const serve_file *file)
{
    const char *tags = http_request_field(a->r, HTTP_IF_NONE_MATCH);
    if (tags != NULL)
        return http_etag_in_list(tags, file->etag);
    if (a->r->seen[HTTP_IF_NONE_MATCH] != 0)
        return false;
    const char *since = http_request_field(a->r, HTTP_IF_MODIFIED_SINCE);
    int64_t then;
    return since != NULL && http_date_read(since, a->now_s, &then) && file->modified_s <= then;
}

/* If-Range: the range is wanted only of the representation that is named (RFC 9110 section 13.1.5;
 * a date is compared exactly, and only trusted when the file was not changed just now). */
static bool range_applies(const answer *a, const serve_file *file)
{
    const char *named = http_request_field(a->r, HTTP_IF_RANGE);
    int64_t then;
    if (named == NULL)
        return a->r->seen[HTTP_IF_RANGE] == 0;
    if (named[0] == '"')
        return strcmp(named, file->etag) == 0;
    return http_date_read(named, a->now_s, &then) && then == file->modified_s &&
           a->now_s - file->modified_s > 1;
}

/* Takes the descriptor over. */
static void respond_file(const answer *a, serve_file *file, const char *name)
{
    text t;
    uint64_t first = 0, last = file->size - 1;
    const char *range = a->head_only ? NULL : http_request_field(a->r, HTTP_RANGE);
    http_range_result ranged = range != NULL && range_applies(a, file)
                                   ? http_range_read(range, file->size, &first, &last)
                                   : HTTP_RANGE_NONE;
    if (not_modified(a, file)) {
        close(file->fd);
        start_head(&t, a->out, 304, a->keep_alive, a->now_s);
        file_fields(&t, file);
        finish(&t, a->out, NULL, 0);
        return;
    }
    if (ranged == HTTP_RANGE_UNSATISFIABLE) {
        char extra[64];
        close(file->fd);
        snprintf(extra, sizeof extra, "Content-Range: bytes */%llu\r\n",
                 (unsigned long long)file->size);
        serve_respond_error(416, "The file has no such part.", extra, a->head_only, a->keep_alive,
                            a->now_s, a->out);
        return;
    }
    bool part = ranged == HTTP_RANGE_ONE;
    uint64_t length = file->size == 0 ? 0 : last - first + 1;
    start_head(&t, a->out, part ? 206 : 200, a->keep_alive, a->now_s);
    file_fields(&t, file);
    text_add(&t, "Content-Type: %s\r\nContent-Length: %llu\r\n", http_media_type(name),
             (unsigned long long)length);
    if (part)
        text_add(&t, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)first,
                 (unsigned long long)last, (unsigned long long)file->size);
    if (a->head_only || length == 0) {
        close(file->fd);
    } else {
        a->out->file = file->fd;
        a->out->at = first;
        a->out->left = length;
    }
    finish(&t, a->out, NULL, 0);
}

/* A folder's own URL ends in a slash, so that the links in its page work. */
static void redirect_to_folder(const answer *a, const http_path *path)
{
    char url[3 * sizeof path->text + 1], extra[3 * sizeof path->text + HTTP_TARGET_MAX + 32];
    if (!http_url_escape(path->text, url, sizeof url)) {
        refuse(a, 404, "There is nothing here by that name.");
        return;
    }
    snprintf(extra, sizeof extra, "Location: /%s/%s\r\n", url, path->query);
    serve_respond_error(301, "This is a folder: its address ends in a slash.", extra, a->head_only,
                        a->keep_alive, a->now_s, a->out);
}

static void respond_listing(const answer *a, int folder, const char *path)
{
    char *page = serve_listing(folder, path);
    if (page == NULL) {
        refuse(a, 503, "The folder could not be read.");
        return;
    }
    respond_content("text/html; charset=utf-8", page, "Cache-Control: no-cache\r\n", 200,
                    a->head_only, a->keep_alive, a->now_s, a->out);
    free(page);
}

static void respond_not_opened(const answer *a, serve_found found)
{
    if (found == SERVE_FORBIDDEN)
        refuse(a, 403, "The server may not read this file.");
    else if (found == SERVE_BUSY)
        refuse(a, 503, "The server has too many files open. Try again in a moment.");
    else
        refuse(a, 404, "There is nothing here by that name.");
}

/* Takes the descriptor over. */
static void respond_folder(const answer *a, const http_path *path, serve_file *folder)
{
    if (!path->slash) {
        close(folder->fd);
        redirect_to_folder(a, path);
        return;
    }
    char name[sizeof path->text + 16];
    serve_file index;
    snprintf(name, sizeof name, "%s%sindex.html", path->text, path->text[0] != '\0' ? "/" : "");
    serve_found found = serve_open(a->site->root, name, &index);
    if (found == SERVE_FILE)
        respond_file(a, &index, "index.html");
    else if (found == SERVE_FOLDER)
        close(index.fd);
    if (found != SERVE_FILE && a->site->list && (found == SERVE_MISSING || found == SERVE_FOLDER))
        respond_listing(a, folder->fd, path->text);
    else if (found != SERVE_FILE)
        respond_not_opened(a, found == SERVE_FOLDER ? SERVE_MISSING : found);
    close(folder->fd);
}

void serve_respond(const serve_site *site, const http_request *r, bool keep_alive, int64_t now_s,
                   serve_response *out)
{
    bool head = strcmp(r->method, "HEAD") == 0;
    answer a = {site, r, head, keep_alive, now_s, out};
    if (!head && strcmp(r->method, "GET") != 0) {
        serve_respond_error(405, "Only GET and HEAD work here.", "Allow: GET, HEAD\r\n", false,
                            keep_alive, now_s, out);
        return;
    }
    http_path path;
    http_path_result read = http_path_read(r->target, &path);
    if (read != HTTP_PATH_OK) {
        refuse(&a, read == HTTP_PATH_BAD ? 400 : 404,
               read == HTTP_PATH_BAD ? "This is not an address that HTTP knows."
                                     : "There is nothing here by that name.");
        return;
    }
    serve_file file;
    serve_found found = serve_open(site->root, path.text, &file);
    if (found == SERVE_FOLDER) {
        respond_folder(&a, &path, &file);
    } else if (found == SERVE_FILE && path.slash) {
        close(file.fd); /* "page.html/" is no page */
        respond_not_opened(&a, SERVE_MISSING);
    } else if (found == SERVE_FILE) {
        respond_file(&a, &file, path.text);
    } else {
        respond_not_opened(&a, found);
    }
}
