/* http_request.h: bytes of a connection into requests, one at a time, with limits. */
#ifndef CLI_HTTP_REQUEST_H
#define CLI_HTTP_REQUEST_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_TARGET_MAX = 8000,     /* bytes of request-target: 414 beyond */
    HTTP_HEADERS_MAX = 16384,   /* bytes of all field names and values: 431 beyond */
    HTTP_HEADER_COUNT_MAX = 100 /* 431 beyond */
};

/* The fields that anything here depends on. */
typedef enum http_field {
    HTTP_HOST,
    HTTP_RANGE,
    HTTP_IF_RANGE,
    HTTP_IF_NONE_MATCH,
    HTTP_IF_MODIFIED_SINCE,
    HTTP_EXPECT,
    HTTP_USER_AGENT,
    HTTP_EARLY_DATA,
    HTTP_FIELD_COUNT
} http_field;

typedef struct http_request {
    llhttp_t parser;
    unsigned bad_status;    /* 0, or the status to refuse the request with (the connection ends) */
    const char *bad_reason; /* static: why */
    bool started, headers_done, complete;
    bool keep_alive; /* known when complete */
    bool has_body;   /* known when headers_done */
    char method[16];
    char target[HTTP_TARGET_MAX + 1];
    size_t target_len;

    char name[24]; /* of the field being read, lower case, cut */
    size_t name_len, headers_len;
    unsigned header_count;
    int field;                          /* http_field, or -1 for one of no interest */
    char values[HTTP_FIELD_COUNT][512]; /* of each field; "" when absent */
    size_t value_len[HTTP_FIELD_COUNT];
    unsigned seen[HTTP_FIELD_COUNT]; /* how many times */

    uint64_t body_bytes;
    /* Called with pieces of the body; returns false to refuse more (413). May be NULL. */
    bool (*on_body)(void *ctx, const uint8_t *p, size_t n);
    /* Called when the header section is complete, before any of the body. May be NULL. */
    void (*on_headers)(void *ctx);
    void *ctx;
} http_request;

void http_request_init(http_request *r);

/* Forgets the request that is complete and makes ready for the next on the same connection. */
void http_request_next(http_request *r);

/* Takes bytes, up to the end of one request; `*used` says how many. Returns false when the request
 * must be refused: bad_status says how. */
bool http_request_feed(http_request *r, const uint8_t *p, size_t n, size_t *used);

/* A field's value, or NULL when it is absent, repeated, or longer than anything sensible. */
const char *http_request_field(const http_request *r, http_field field);

#endif
