/* url.c: https URLs; see url.h. */
#include "cli/url.h"

#include <stdio.h>
#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static bool starts_with(const char *text, const char *lower_case)
{
    for (; *lower_case != '\0'; text++, lower_case++)
        if (lower(*text) != *lower_case)
            return false;
    return true;
}

/* The length of "scheme:" at the start, or 0. "host:443" is none: what follows is a port. */
static size_t scheme_length(const char *text)
{
    size_t n = 0;
    if (!is_letter(text[0]))
        return 0;
    while (is_letter(text[n]) || is_digit(text[n]) ||
           (n > 0 && strchr("+-.", text[n]) != NULL && text[n] != '\0'))
        n++;
    return text[n] == ':' && !is_digit(text[n + 1]) && text[n + 1] != '\0' ? n + 1 : 0;
}

/* ---- authority ---- */

static cli_url_result read_port(const char *p, size_t n, char port[6])
{
    unsigned value = 0;
    if (n == 0) { /* "host:" is allowed and means the default */
        strcpy(port, "443");
        return CLI_URL_OK;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(p[i]) || i == 5)
            return CLI_URL_PORT;
        value = value * 10 + (unsigned)(p[i] - '0');
    }
    if (value == 0 || value > 65535)
        return CLI_URL_PORT;
    snprintf(port, 6, "%u", value);
    return CLI_URL_OK;
}

static cli_url_result read_host(const char *p, size_t n, bool brackets, char *host, size_t size)
{
    if (n == 0)
        return CLI_URL_EMPTY;
    if (n >= size)
        return CLI_URL_TOO_LONG;
    for (size_t i = 0; i < n; i++) {
        bool fits = brackets ? is_hex(p[i]) || p[i] == ':' || p[i] == '.'
                             : is_letter(p[i]) || is_digit(p[i]) || p[i] == '-' || p[i] == '.' ||
                                   p[i] == '_';
        if (!fits)
            return CLI_URL_HOST;
        host[i] = lower(p[i]);
    }
    host[n] = '\0';
    return brackets && memchr(p, ':', n) == NULL ? CLI_URL_HOST : CLI_URL_OK;
}

static cli_url_result read_authority(const char *p, size_t n, cli_url *out)
{
    if (memchr(p, '@', n) != NULL)
        return CLI_URL_PASSWORD;
    const char *host = p, *end = p + n, *after;
    bool brackets = n > 0 && p[0] == '[';
    if (brackets) {
        host = p + 1;
        after = memchr(host, ']', n - 1);
        if (after == NULL)
            return CLI_URL_HOST;
    } else {
        after = memchr(p, ':', n);
        if (after == NULL)
            after = end;
    }
    cli_url_result result =
        read_host(host, (size_t)(after - host), brackets, out->host, sizeof out->host);
    if (result != CLI_URL_OK)
        return result;
    after += brackets;
    if (after != end && *after != ':')
        return CLI_URL_HOST;
    return read_port(after + (after != end), (size_t)(end - after) - (after != end), out->port);
}

/* ---- path and query ---- */

/* Copies up to the fragment, escaping what may not stand in a request line. */
static cli_url_result read_target(const char *p, char *out, size_t size)
{
    size_t used = 0;
    if (*p != '/')
        out[used++] = '/';
    for (; *p != '\0' && *p != '#'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7f || (c == '%' && (!is_hex(p[1]) || !is_hex(p[2]))))
            return CLI_URL_CHARACTERS;
        if (used + 4 > size)
            return CLI_URL_TOO_LONG;
        if (c > 0x7f || strchr(" \"<>\\^`{|}", c) != NULL)
            used += (size_t)snprintf(out + used, 4, "%%%02X", c);
        else
            out[used++] = (char)c;
    }
    out[used] = '\0';
    return CLI_URL_OK;
}

/* RFC 3986 section 5.2.4, in place; the query, if any, is kept. */
static void remove_dot_segments(char *target)
{
    size_t end = strcspn(target, "?"), in = 0, out = 0;
    while (in < end) { /* each turn takes "/segment" */
        size_t n = 1 + strcspn(target + in + 1, "/?");
        bool one = n == 2 && target[in + 1] == '.';
        bool two = n == 3 && target[in + 1] == '.' && target[in + 2] == '.';
        bool last = in + n >= end;
        if (two)
            while (out > 0 && target[--out] != '/')
                ;
        if (!one && !two) {
            memmove(target + out, target + in, n);
            out += n;
        } else if (last) {
            target[out++] = '/'; /* "/a/." and "/a/b/.." are folders */
        }
        in += n;
    }
    if (out == 0)
        target[out++] = '/';
    memmove(target + out, target + end, strlen(target + end) + 1);
}

/* ---- the whole ---- */

/* From behind "https:". */
static cli_url_result read_rest(const char *p, cli_url *out)
{
    size_t n = strcspn(p, "/?#");
    cli_url_result result = read_authority(p, n, out);
    if (result == CLI_URL_OK)
        result = read_target(p + n, out->target, sizeof out->target);
    if (result == CLI_URL_OK)
        remove_dot_segments(out->target);
    return result;
}

cli_url_result cli_url_read(const char *text, cli_url *out)
{
    memset(out, 0, sizeof *out);
    if (starts_with(text, "https://"))
        return read_rest(text + 8, out);
    if (starts_with(text, "http://"))
        return CLI_URL_NOT_HTTPS;
    if (scheme_length(text) != 0)
        return CLI_URL_SCHEME;
    return read_rest(text, out);
}

cli_url_result cli_url_follow(const cli_url *base, const char *reference, cli_url *out)
{
    char merged[sizeof out->target * 2];
    size_t scheme = scheme_length(reference);
    size_t path = strcspn(base->target, "?");
    if (starts_with(reference, "https:") && !starts_with(reference, "https://"))
        return CLI_URL_SCHEME; /* "https:path": what it means is not agreed on */
    if (scheme != 0)
        return cli_url_read(reference, out);
    if (starts_with(reference, "//")) {
        memset(out, 0, sizeof *out);
        return read_rest(reference + 2, out);
    }
    if (strlen(reference) >= sizeof out->target)
        return CLI_URL_TOO_LONG;
    if (reference[0] == '\0' || reference[0] == '#')
        snprintf(merged, sizeof merged, "%s", base->target);
    else if (reference[0] == '/')
        snprintf(merged, sizeof merged, "%s", reference);
    else {
        if (reference[0] != '?')
            while (path > 0 && base->target[path - 1] != '/')
                path--;
        snprintf(merged, sizeof merged, "%.*s%s", (int)path, base->target, reference);
    }
    memmove(out, base, sizeof *out);
    cli_url_result result = read_target(merged, out->target, sizeof out->target);
    if (result == CLI_URL_OK)
        remove_dot_segments(out->target);
    return result;
}

const char *cli_url_problem(cli_url_result result)
{
    static const char *const problems[] = {
        [CLI_URL_OK] = "the URL is fine",
        [CLI_URL_EMPTY] = "the URL names no host",
        [CLI_URL_NOT_HTTPS] = "the URL is plain http, which anyone on the way can read and change",
        [CLI_URL_SCHEME] = "the URL's scheme is not https",
        [CLI_URL_PASSWORD] = "the URL holds a user name or password",
        [CLI_URL_HOST] = "the URL's host is not a DNS name or an address",
        [CLI_URL_PORT] = "the URL's port is not a number from 1 to 65535",
        [CLI_URL_CHARACTERS] = "the URL holds a control character or a broken %XX",
        [CLI_URL_TOO_LONG] = "the URL is too long",
    };
    return problems[result];
}

size_t cli_url_authority(const cli_url *url, bool short_form, char *out, size_t size)
{
    bool v6 = strchr(url->host, ':') != NULL;
    bool port = !short_form || strcmp(url->port, "443") != 0;
    int n = snprintf(out, size, "%s%s%s%s%s", v6 ? "[" : "", url->host, v6 ? "]" : "",
                     port ? ":" : "", port ? url->port : "");
    return n < 0 ? 0 : (size_t)n;
}

size_t cli_url_text(const cli_url *url, char *out, size_t size)
{
    char authority[sizeof url->host + 16];
    cli_url_authority(url, true, authority, sizeof authority);
    int n = snprintf(out, size, "https://%s%s", authority, url->target);
    return n < 0 ? 0 : (size_t)n;
}

bool cli_url_same_origin(const cli_url *a, const cli_url *b)
{
    return strcmp(a->host, b->host) == 0 && strcmp(a->port, b->port) == 0;
}

void cli_url_file_name(const cli_url *url, char *out, size_t size)
{
    size_t end = strcspn(url->target, "?"), start = end;
    while (start > 0 && url->target[start - 1] != '/')
        start--;
    size_t n = end - start;
    out[0] = '\0';
    if (n == 0 || n >= size || url->target[start] == '.') /* a hidden file would surprise */
        return;
    memcpy(out, url->target + start, n);
    out[n] = '\0';
}
