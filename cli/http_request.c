/* http_request.c: llhttp's events into one http_request; see http_request.h. */
#include "cli/http_request.h"

#include <string.h>

static http_request *of(llhttp_t *parser)
{
    return parser->data;
}

/* Refuses the request; llhttp stops when a callback returns this. */
static int refuse(http_request *r, unsigned status, const char *reason)
{
    if (r->bad_status == 0) {
        r->bad_status = status;
        r->bad_reason = reason;
    }
    return HPE_USER;
}

static int on_message_begin(llhttp_t *parser)
{
    of(parser)->started = true;
    return 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t n)
{
    http_request *r = of(parser);
    if (n > HTTP_TARGET_MAX - r->target_len)
        return refuse(r, 414, "the request-target is too long");
    memcpy(r->target + r->target_len, at, n);
    r->target_len += n;
    r->target[r->target_len] = '\0';
    return 0;
}

static int count_bytes(http_request *r, size_t n)
{
    if (n > HTTP_HEADERS_MAX - r->headers_len)
        return refuse(r, 431, "the header section is too long");
    r->headers_len += n;
    return 0;
}

static int on_header_field(llhttp_t *parser, const char *at, size_t n)
{
    http_request *r = of(parser);
    for (size_t i = 0; i < n && r->name_len < sizeof r->name - 1; i++) {
        char c = at[i];
        r->name[r->name_len++] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
    }
    r->name[r->name_len] = '\0';
    return count_bytes(r, n);
}

static int on_header_field_complete(llhttp_t *parser)
{
    static const char *const names[HTTP_FIELD_COUNT] = {
        [HTTP_HOST] = "host",
        [HTTP_RANGE] = "range",
        [HTTP_IF_RANGE] = "if-range",
        [HTTP_IF_NONE_MATCH] = "if-none-match",
        [HTTP_IF_MODIFIED_SINCE] = "if-modified-since",
        [HTTP_EXPECT] = "expect",
        [HTTP_USER_AGENT] = "user-agent",
        [HTTP_EARLY_DATA] = "early-data",
    };
    http_request *r = of(parser);
    r->field = -1;
    for (int i = 0; i < HTTP_FIELD_COUNT && !r->headers_done; i++) /* none from a trailer */
        if (strcmp(r->name, names[i]) == 0) {
            r->field = i;
            r->seen[i]++;
        }
    r->name_len = 0;
    if (++r->header_count > HTTP_HEADER_COUNT_MAX)
        return refuse(r, 431, "there are too many header fields");
    return 0;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t n)
{
    http_request *r = of(parser);
    if (r->field >= 0) {
        size_t *len = &r->value_len[r->field], room = sizeof r->values[0] - 1;
        if (n <= room - *len) {
            memcpy(r->values[r->field] + *len, at, n);
            *len += n;
        } else {
            r->seen[r->field] = 2; /* too long: as good as not understood */
        }
    }
    return count_bytes(r, n);
}

static bool bad_host(const http_request *r)
{
    bool needed = r->parser.http_minor >= 1;
    if (r->seen[HTTP_HOST] == 0)
        return needed;
    return r->seen[HTTP_HOST] > 1 || strpbrk(r->values[HTTP_HOST], " \t/\\@,") != NULL;
}

static int on_headers_complete(llhttp_t *parser)
{
    http_request *r = of(parser);
    parser->upgrade = 0; /* no other protocol is spoken here: the request is an ordinary one */
    if (parser->http_major != 1)
        return refuse(r, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    if (bad_host(r))
        return refuse(r, 400, "exactly one Host field is needed (RFC 9112 section 3.2)");
    strncpy(r->method, llhttp_method_name((llhttp_method_t)parser->method), sizeof r->method - 1);
    r->headers_done = true;
    r->has_body = (parser->flags & F_CHUNKED) != 0 || parser->content_length > 0;
    if (r->on_headers != NULL)
        r->on_headers(r->ctx);
    return r->bad_status != 0 ? HPE_USER : 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
    http_request *r = of(parser);
    r->body_bytes += n;
    if (r->on_body != NULL && !r->on_body(r->ctx, (const uint8_t *)at, n))
        return refuse(r, 413, "the request's content is too large");
    return 0;
}

/* Extensions are read and forgotten, but not for ever. */
static int on_chunk_extension(llhttp_t *parser, const char *at, size_t n)
{
    (void)at;
    return count_bytes(of(parser), n);
}

static int on_message_complete(llhttp_t *parser)
{
    http_request *r = of(parser);
    r->complete = true;
    r->keep_alive = llhttp_should_keep_alive(parser) != 0;
    return HPE_PAUSED; /* what follows is the next request's */
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_extension_name = on_chunk_extension,
    .on_chunk_extension_value = on_chunk_extension,
    .on_message_complete = on_message_complete,
};

void http_request_init(http_request *r)
{
    memset(r, 0, sizeof *r);
    llhttp_init(&r->parser, HTTP_REQUEST, &settings);
    r->parser.data = r;
    r->field = -1;
}

void http_request_next(http_request *r)
{
    bool (*body)(void *, const uint8_t *, size_t) = r->on_body;
    void (*headers)(void *) = r->on_headers;
    void *ctx = r->ctx;
    http_request_init(r);
    r->on_body = body;
    r->on_headers = headers;
    r->ctx = ctx;
}

bool http_request_feed(http_request *r, const uint8_t *p, size_t n, size_t *used)
{
    *used = 0;
    if (r->bad_status != 0)
        return false;
    if (r->complete || n == 0)
        return true;
    llhttp_errno_t result = llhttp_execute(&r->parser, (const char *)p, n);
    if (result == HPE_OK) {
        *used = n;
        return true;
    }
    if (result == HPE_PAUSED && r->complete) {
        *used = (size_t)(llhttp_get_error_pos(&r->parser) - (const char *)p);
        return true;
    }
    refuse(r, result == HPE_INVALID_VERSION ? 505 : 400, llhttp_get_error_reason(&r->parser));
    return false;
}

const char *http_request_field(const http_request *r, http_field field)
{
    return r->seen[field] == 1 ? r->values[field] : NULL;
}
