/* get_http.h: one HTTP/1.1 request over a stream, and its response (RFC 9112). */
#ifndef CLI_GET_HTTP_H
#define CLI_GET_HTTP_H

#include "cli/cli.h"
#include "cli/url.h"

typedef struct get_request {
    const char *method;
    const cli_url *url;
    bool first_origin; /* the origin that the user named: gets -H headers that hold secrets */
    bool has_body;
    hf_bytes body;
    size_t early; /* bytes of its head that the server took with the first flight */
} get_request;

typedef struct get_response {
    unsigned status;
    bool has_length;
    uint64_t length;     /* of the body, where the server says so */
    char location[8192]; /* the first Location; "" when there is none or it is too long */
    char head[65536];    /* the status line and headers as text, lines ended by "\n" */
    size_t head_len;
} get_response;

/* What to do with the response as it comes. Each returns false to stop: whoever does has reported
 * why, or has what it needs. */
typedef struct get_sink {
    bool (*head)(void *ctx, const get_response *r); /* not called for 1xx */
    bool (*body)(void *ctx, const char *p, size_t n);
    void *ctx;
} get_sink;

/* Checks every -H: CLI_USAGE, reported, when one is not "Name: value" or "Name:". */
cli_exit get_check_headers(cli *c);

/* The request's head as text, for the first flight; the caller frees it. Reports what fails. */
cli_exit get_head_text(cli *c, const get_request *q, char **text, size_t *n);

/* Sends the request and reads the response to its end. Reports what fails. `r` must not lie on a
 * small stack. */
cli_exit get_exchange(cli *c, hf_stream *s, const get_request *q, get_response *r,
                      const get_sink *sink);

#endif
