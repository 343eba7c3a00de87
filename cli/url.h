/* url.h: https URLs: taken apart, and followed from one to the next. RFC 3986, RFC 9110 section 4.
 */
#ifndef CLI_URL_H
#define CLI_URL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cli_url {
    char host[256];    /* lower case, without brackets */
    char port[6];      /* digits, "443" where the URL names none */
    char target[8192]; /* path and query as they go into a request: "/" at least */
} cli_url;

typedef enum cli_url_result {
    CLI_URL_OK,
    CLI_URL_EMPTY,      /* no host */
    CLI_URL_NOT_HTTPS,  /* http: */
    CLI_URL_SCHEME,     /* any other scheme */
    CLI_URL_PASSWORD,   /* "user:password@": it would end up in logs and histories */
    CLI_URL_HOST,       /* not a host name (in its xn-- form) or an address */
    CLI_URL_PORT,       /* not a number from 1 to 65535 */
    CLI_URL_CHARACTERS, /* a control character, or a broken %XX */
    CLI_URL_TOO_LONG,
} cli_url_result;

/* Reads "https://host:port/path?query" or, as people type it, the same without "https://". The
 * fragment is left out; spaces and what is not ASCII are written as %XX. */
cli_url_result cli_url_read(const char *text, cli_url *out);

/* What `reference` (a Location) means, seen from `base`: RFC 3986 section 5.2. */
cli_url_result cli_url_follow(const cli_url *base, const char *reference, cli_url *out);

/* The sentence for a result other than CLI_URL_OK; static. */
const char *cli_url_problem(cli_url_result result);

/* "host:port", brackets around an IPv6 address; the port is left out when it is 443 and
 * `short_form` is set (as a Host header has it). Returns the length. */
size_t cli_url_authority(const cli_url *url, bool short_form, char *out, size_t size);

/* The whole URL again. Returns the length that it has, which may be more than there was room for.
 */
size_t cli_url_text(const cli_url *url, char *out, size_t size);

/* The same scheme, host and port: whom a secret that was meant for one may be told. */
bool cli_url_same_origin(const cli_url *a, const cli_url *b);

/* The last segment of the path, as a file name ("" when there is none that may be one). */
void cli_url_file_name(const cli_url *url, char *out, size_t size);

#endif
