/* get_http.c: one HTTP/1.1 request over a stream, and its response, parsed by llhttp. */
#define _POSIX_C_SOURCE 200809L
#include "cli/get_http.h"

#include <llhttp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the request ---- */

/* Header text as it grows; `full` once something did not fit. */
typedef struct head_text {
    char text[32768];
    size_t n;
    bool full;
} head_text;

static void add(head_text *h, const char *format, ...) HF_PRINTF(2, 3);

static void add(head_text *h, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(h->text + h->n, sizeof h->text - h->n, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof h->text - h->n)
        h->full = true;
    else
        h->n += (size_t)n;
}

/* The length of the token before ':', or 0. RFC 9110 section 5.6.2. */
static size_t name_length(const char *header)
{
    size_t n = strspn(header, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "!#$%&'*+-.^_`|~");
    return header[n] == ':' ? n : 0;
}

static const char *value_of(const char *header)
{
    const char *value = header + name_length(header) + 1;
    return value + strspn(value, " \t");
}

cli_exit get_check_headers(cli *c)
{
    const char *header;
    for (size_t i = 0; (header = cli_nth(c, "header", i)) != NULL; i++) {
        const char *bad = NULL;
        if (name_length(header) == 0)
            bad = "-H wants a header in the form Name: value";
        for (const char *p = header; *p != '\0'; p++)
            if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
                bad = "a header may not hold control characters or line ends";
        if (bad == NULL && (strncasecmp(header, "Content-Length:", 15) == 0 ||
                            strncasecmp(header, "Transfer-Encoding:", 18) == 0 ||
                            strncasecmp(header, "Connection:", 11) == 0))
            bad = "handfast itself writes Content-Length, Transfer-Encoding and Connection";
        if (bad != NULL)
            return cli_usage(c, bad, header, NULL);
    }
    return CLI_DONE;
}

/* Whether -H gives this header (or, as "Name:", takes the default away). */
static bool given(cli *c, const char *name)
{
    const char *header;
    size_t n = strlen(name);
    for (size_t i = 0; (header = cli_nth(c, "header", i)) != NULL; i++)
        if (name_length(header) == n && strncasecmp(header, name, n) == 0)
            return true;
    return false;
}

static bool is_secret(const char *header)
{
    static const char *const names[] = {"Authorization:", "Cookie:", "Proxy-Authorization:"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncasecmp(header, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static void add_users_headers(cli *c, const get_request *q, head_text *h)
{
    const char *header;
    for (size_t i = 0; (header = cli_nth(c, "header", i)) != NULL; i++) {
        bool host = strncasecmp(header, "Host:", 5) == 0;
        if (!q->first_origin && (host || is_secret(header)))
            continue; /* a redirect does not carry a password to whom it was not meant for */
        if (*value_of(header) != '\0')
            add(h, "%.*s: %s\r\n", (int)name_length(header), header, value_of(header));
    }
}

static void write_head(cli *c, const get_request *q, head_text *h)
{
    char authority[300];
    const char *range = cli_text(c, "range");
    cli_url_authority(q->url, true, authority, sizeof authority);
    add(h, "%s %s HTTP/1.1\r\n", q->method, q->url->target);
    if (!given(c, "Host") || !q->first_origin)
        add(h, "Host: %s\r\n", authority);
    if (!given(c, "User-Agent"))
        add(h, "User-Agent: handfast/%s\r\n", hf_version());
    if (!given(c, "Accept"))
        add(h, "Accept: */*\r\n");
    if (range != NULL)
        add(h, "Range: bytes=%s\r\n", range);
    if (q->has_body && !given(c, "Content-Type"))
        add(h, "Content-Type: application/x-www-form-urlencoded\r\n");
    if (q->has_body)
        add(h, "Content-Length: %zu\r\n", q->body.n);
    add_users_headers(c, q, h);
    add(h, "Connection: close\r\n\r\n");
}

/* -v: the request's lines; what is secret in them stays so. */
static void show_request(cli *c, const head_text *h)
{
    for (const char *p = h->text; *p != '\r';) {
        size_t n = strcspn(p, "\r");
        bool hide = is_secret(p);
        size_t shown = hide ? strcspn(p, ":") + 1 : n;
        cli_detail(c, 1, "> %.*s%s", (int)shown, p, hide ? " (hidden)" : "");
        p += n + 2;
    }
}

/* ---- the response ---- */

typedef struct response_parser {
    llhttp_t llhttp;
    cli *cli;
    get_response *r;
    const get_sink *sink;
    char name[256]; /* of the header that is being read */
    size_t name_len, value_start;
    bool head_request, in_value, too_long, stopped, done, any_bytes;
    unsigned messages; /* interim ones (1xx) included */
    uint64_t body_read;
} response_parser;

enum { MOST_MESSAGES = 16 };

static response_parser *of(llhttp_t *p)
{
    return p->data;
}

static int keep(response_parser *p, const char *at, size_t n)
{
    get_response *r = p->r;
    if (n >= sizeof r->head - r->head_len) {
        p->too_long = true;
        return -1;
    }
    memcpy(r->head + r->head_len, at, n);
    r->head_len += n;
    r->head[r->head_len] = '\0';
    return 0;
}

static int on_begin(llhttp_t *l)
{
    response_parser *p = of(l);
    if (++p->messages > MOST_MESSAGES) {
        llhttp_set_error_reason(l, "Too many interim responses");
        return -1;
    }
    p->r->head_len = 0; /* the head of a 1xx before it is over */
    p->r->location[0] = '\0';
    p->r->has_length = false;
    return 0;
}

static int on_version_complete(llhttp_t *l)
{
    char text[16];
    int n = snprintf(text, sizeof text, "HTTP/%u.%u ", l->http_major, l->http_minor);
    return keep(of(l), text, (size_t)n);
}

static int on_status(llhttp_t *l, const char *at, size_t n)
{
    response_parser *p = of(l);
    char code[8];
    if (p->r->head_len < 10 &&
        keep(p, code, (size_t)snprintf(code, sizeof code, "%03u ", (unsigned)l->status_code)) < 0)
        return -1;
    return keep(p, at, n);
}

static int on_status_complete(llhttp_t *l)
{
    response_parser *p = of(l);
    char code[8];
    if (p->r->head_len < 10 &&
        keep(p, code, (size_t)snprintf(code, sizeof code, "%03u", (unsigned)l->status_code)) < 0)
        return -1;
    return keep(p, "\n", 1);
}

static int on_field(llhttp_t *l, const char *at, size_t n)
{
    response_parser *p = of(l);
    size_t room = sizeof p->name - 1 - p->name_len, take = n < room ? n : room;
    memcpy(p->name + p->name_len, at, take);
    p->name_len += take;
    p->name[p->name_len] = '\0';
    return keep(p, at, n);
}

static int on_field_complete(llhttp_t *l)
{
    response_parser *p = of(l);
    int status = keep(p, ": ", 2);
    p->value_start = p->r->head_len;
    return status;
}

static int on_value(llhttp_t *l, const char *at, size_t n)
{
    return keep(of(l), at, n);
}

static int on_value_complete(llhttp_t *l)
{
    response_parser *p = of(l);
    get_response *r = p->r;
    const char *value = r->head + p->value_start;
    if (strcasecmp(p->name, "Location") == 0 && r->location[0] == '\0' &&
        strlen(value) < sizeof r->location)
        strcpy(r->location, value);
    p->name_len = 0;
    return keep(p, "\n", 1);
}

static int on_headers_complete(llhttp_t *l)
{
    response_parser *p = of(l);
    get_response *r = p->r;
    r->status = l->status_code;
    for (const char *line = r->head; *line != '\0'; line += strcspn(line, "\n") + 1)
        cli_detail(p->cli, 1, "< %.*s", (int)strcspn(line, "\n"), line);
    if (r->status < 200)
        return 0;
    r->has_length = (l->flags & F_CONTENT_LENGTH) != 0;
    r->length = l->content_length;
    if (p->sink->head != NULL && !p->sink->head(p->sink->ctx, r)) {
        p->stopped = true;
        return -1;
    }
    return p->head_request ? 1 : 0;
}

static int on_body(llhttp_t *l, const char *at, size_t n)
{
    response_parser *p = of(l);
    p->body_read += n;
    if (p->sink->body == NULL || p->sink->body(p->sink->ctx, at, n))
        return 0;
    p->stopped = true;
    return HPE_USER;
}

static int on_complete(llhttp_t *l)
{
    response_parser *p = of(l);
    if (p->r->status < 200) /* 100 Continue, 103 Early Hints: the response is still to come */
        return 0;
    p->done = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_begin,
    .on_version_complete = on_version_complete,
    .on_status = on_status,
    .on_status_complete = on_status_complete,
    .on_header_field = on_field,
    .on_header_field_complete = on_field_complete,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

/* ---- what can go wrong ---- */

static cli_exit stream_failed(cli *c, hf_stream *s, const char *doing)
{
    hf_error e;
    hf_stream_error(s, &e);
    return cli_error(c, &e, doing);
}

static cli_exit malformed(response_parser *p)
{
    const char *why = llhttp_get_error_reason(&p->llhttp);
    const cli_line lines[] = {
        {"where", p->r->status >= 200 ? "the response's body" : "the response's head"},
        {"got",
         why != NULL && why[0] != '\0' ? why : llhttp_errno_name(llhttp_get_errno(&p->llhttp))},
        {"try", "handfast connect HOST:PORT shows what the server really sends"},
        {0},
    };
    return cli_fail(p->cli, CLI_TLS, "the server's answer is not HTTP/1.1", lines);
}

static cli_exit head_too_long(response_parser *p)
{
    const cli_line lines[] = {{"expected", "a status line and headers of at most 64 KiB"}, {0}};
    return cli_fail(p->cli, CLI_TLS, "the response's head is too long", lines);
}

/* The server ended the connection in order, but in the middle of its response. */
static cli_exit cut_short(response_parser *p)
{
    char expected[100] = "the end of the response", got[100];
    if (!p->any_bytes)
        return cli_fail(p->cli, CLI_TLS, "the server closed the connection without an answer",
                        NULL);
    if (p->r->has_length)
        snprintf(expected, sizeof expected, "%llu bytes (Content-Length)",
                 (unsigned long long)p->r->length);
    snprintf(got, sizeof got, "%llu bytes of body, then close_notify",
             (unsigned long long)p->body_read);
    const cli_line lines[] = {{"expected", expected}, {"got", got}, {"try", "again"}, {0}};
    return cli_fail(p->cli, CLI_TLS, "the server ended its response too early", lines);
}

/* ---- the exchange ---- */

static cli_exit make_head(cli *c, const get_request *q, head_text **out)
{
    head_text *h = calloc(1, sizeof *h);
    *out = h;
    if (h == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    write_head(c, q, h);
    if (h->full)
        return cli_usage(c, "the request's headers are longer than 32 KiB", NULL, NULL);
    return CLI_DONE;
}

cli_exit get_head_text(cli *c, const get_request *q, char **text, size_t *n)
{
    head_text *h;
    *text = NULL;
    cli_exit status = make_head(c, q, &h);
    if (status == CLI_DONE) {
        *n = h->n;
        *text = strdup(h->text);
        if (*text == NULL)
            status = cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    }
    free(h);
    return status;
}

static cli_exit send_request(cli *c, hf_stream *s, const get_request *q)
{
    head_text *h;
    cli_exit status = make_head(c, q, &h);
    if (status == CLI_DONE) {
        show_request(c, h);
        if (q->early < h->n && hf_stream_write(s, h->text + q->early, h->n - q->early) < 0)
            status = stream_failed(c, s, "sending the request");
    }
    free(h);
    return status;
}

/* Sends the body in pieces, so that the timeout is each piece's. A server may answer, and close,
 * before it has read all: then its answer is what counts, and the failure is kept for the case that
 * there is none. */
static hf_status send_body(hf_stream *s, hf_bytes body)
{
    enum { PIECE = 65536 };
    for (size_t n; body.n > 0; body.p += n, body.n -= n) {
        n = body.n < PIECE ? body.n : PIECE;
        hf_status status = hf_stream_write(s, body.p, n);
        if (status < 0)
            return status;
    }
    return HF_OK;
}

/* Reads until the response is whole, or something ends it. */
static cli_exit read_response(response_parser *p, hf_stream *s, hf_status sent)
{
    char data[16384];
    hf_error send_error;
    hf_stream_error(s, &send_error);
    while (!p->done) {
        int64_t n = hf_stream_read(s, data, sizeof data);
        if (n < 0 && sent < 0 && !p->any_bytes)
            return cli_error(p->cli, &send_error, "sending the request's body");
        if (n < 0)
            return stream_failed(p->cli, s, "reading the response");
        p->any_bytes = p->any_bytes || n > 0;
        llhttp_errno_t result =
            n > 0 ? llhttp_execute(&p->llhttp, data, (size_t)n) : llhttp_finish(&p->llhttp);
        if (p->done)
            break;
        if (p->stopped)
            return CLI_DONE;
        if (p->too_long)
            return head_too_long(p);
        if (n == 0)
            return cut_short(p);
        if (result != HPE_OK)
            return malformed(p);
    }
    return CLI_DONE;
}

cli_exit get_exchange(cli *c, hf_stream *s, const get_request *q, get_response *r,
                      const get_sink *sink)
{
    response_parser *p = calloc(1, sizeof *p);
    memset(r, 0, sizeof *r);
    if (p == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    p->cli = c;
    p->r = r;
    p->sink = sink;
    p->head_request = strcmp(q->method, "HEAD") == 0;
    llhttp_init(&p->llhttp, HTTP_RESPONSE, &settings);
    p->llhttp.data = p;

    cli_exit status = send_request(c, s, q);
    if (status == CLI_DONE)
        status = read_response(p, s, q->has_body ? send_body(s, q->body) : HF_OK);
    free(p);
    return status;
}
