/* cert_text.c: certificates in words: dates, hexadecimal, and warnings. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_text.h"

#include "cli/cli.h"
#include "explain/date.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

/* ---- dates ---- */

static char *date(char *to, size_t size, int64_t s, const char *between, const char *end)
{
    ex_date d = ex_date_of(s);
    snprintf(to, size, "%04" PRId64 "-%02u-%02u%s%02u:%02u:%02u%s", d.year, d.month, d.day, between,
             d.hour, d.minute, d.second, end);
    return to;
}

char *cli_date_text(char *to, size_t size, int64_t s)
{
    return date(to, size, s, " ", " UTC");
}

char *cli_date_iso(char *to, size_t size, int64_t s)
{
    return date(to, size, s, "T", "Z");
}

/* `n` digits, all of them; -1 otherwise. */
static int digits(const char *p, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

bool cli_date_read(const char *text, int64_t *s)
{
    if (text[0] == '@') {
        char *end;
        errno = 0;
        long long v = strtoll(text + 1, &end, 10);
        *s = v;
        return text[1] != '\0' && *end == '\0' && errno == 0 && v > -(1LL << 40) && v < 1LL << 40;
    }
    size_t n = strlen(text);
    bool with_time = n == 19 || (n == 20 && text[19] == 'Z');
    if ((n != 10 && !with_time) || text[4] != '-' || text[7] != '-')
        return false;
    if (with_time && ((text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':'))
        return false;
    int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    int hour = 0, minute = 0, second = 0;
    if (with_time) {
        hour = digits(text + 11, 2);
        minute = digits(text + 14, 2);
        second = digits(text + 17, 2);
    }
    if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 59)
        return false;
    const ex_date d = {year,           (unsigned)month,  (unsigned)day,
                       (unsigned)hour, (unsigned)minute, (unsigned)second};
    *s = ex_date_seconds(&d);
    ex_date back = ex_date_of(*s);
    return back.month == d.month && back.day == d.day; /* no 31st of February */
}

/* ---- bytes ---- */

char *cli_hex_text(char *to, size_t size, hf_bytes b)
{
    size_t n = 0;
    to[0] = '\0';
    for (size_t i = 0; i < b.n; i++) {
        if (n + (i == 0 ? 2 : 3) + 4 > size && i + 1 < b.n) {
            snprintf(to + n, size - n, "...");
            break;
        }
        n += (size_t)snprintf(to + n, size - n, i == 0 ? "%02x" : ":%02x", b.p[i]);
    }
    return to;
}

static char *address_text(char *to, size_t size, hf_bytes v)
{
    char text[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];
    int family = v.n == 4 || v.n == 8 ? AF_INET : AF_INET6;
    size_t half = family == AF_INET ? 4 : 16;
    if ((v.n != half && v.n != 2 * half) || inet_ntop(family, v.p, text, sizeof text) == NULL)
        return cli_hex_text(to, size, v);
    if (v.n == half)
        snprintf(to, size, "%s", text);
    else if (inet_ntop(family, v.p + half, mask, sizeof mask) != NULL)
        snprintf(to, size, "%s/%s", text, mask);
    return to;
}

char *cli_san_text(char *to, size_t size, hf_san_type type, hf_bytes v)
{
    char text[300];
    switch (type) {
    case HF_SAN_DNS:
    case HF_SAN_EMAIL:
    case HF_SAN_URI:
        cli_escape((const char *)v.p, v.n, text, sizeof text);
        break;
    case HF_SAN_IP:
        address_text(text, sizeof text, v);
        break;
    case HF_SAN_DIRECTORY:
        hf_name_text(v, text, sizeof text);
        break;
    default:
        cli_hex_text(text, sizeof text, v);
    }
    const char *kind = type == HF_SAN_DNS         ? "DNS"
                       : type == HF_SAN_IP        ? "IP"
                       : type == HF_SAN_EMAIL     ? "e-mail"
                       : type == HF_SAN_URI       ? "URI"
                       : type == HF_SAN_DIRECTORY ? "directory"
                                                  : "other";
    snprintf(to, size, "%s %s", kind, text);
    return to;
}

/* ---- lines ---- */

void cli_put_line(cli_lines *l, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    l->line(l->ctx, text);
    l->count++;
}

/* ---- warnings ---- */

static void judge_dates(cli_lines *w, const hf_cert *c, int64_t now_s)
{
    int64_t left = (c->not_after_s - now_s) / DAY_S;
    if (now_s > c->not_after_s)
        cli_put_line(w, "it expired %" PRId64 " days ago", (now_s - c->not_after_s) / DAY_S);
    else if (now_s < c->not_before_s)
        cli_put_line(w, "it is not valid before %" PRId64 " days from now",
                     (c->not_before_s - now_s) / DAY_S);
    else if (left < 30)
        cli_put_line(w, "it expires in %" PRId64 " days: renew it", left);
    int64_t days = (c->not_after_s - c->not_before_s) / DAY_S;
    if (!c->is_ca && days > 398)
        cli_put_line(w, "it is valid for %" PRId64 " days: browsers accept 398 at most", days);
}

static void judge_names(cli_lines *w, const hf_cert *c)
{
    if (!c->is_ca && c->subject_alt_name.p == NULL)
        cli_put_line(
            w, "it has no subjectAltName: no client accepts it for any name (the common name does "
               "not count, RFC 9525 section 6.3)");
    if (c->is_ca && c->has_key_usage && (c->key_usage & HF_KEY_USAGE_keyCertSign) == 0)
        cli_put_line(w, "it is an authority, but its keyUsage does not let it sign certificates");
    if (!c->is_ca && c->self_issued)
        cli_put_line(w, "it is signed by itself: only who is told to trust it will");
}

static void judge_key(cli_lines *w, const hf_cert *c)
{
    bool rsa = c->key_type == HF_KEY_RSA || c->key_type == HF_KEY_RSA_PSS;
    if (rsa && c->key_bits < 2048)
        cli_put_line(w, "its RSA key has only %u bits: 2048 is the least that is safe",
                     c->key_bits);
    if (c->key_type == HF_KEY_NONE)
        cli_put_line(w, "its key is of a kind that handfast does not know");
    if (c->signed_with == NULL)
        cli_put_line(w, "its signature algorithm (%s) is unknown or no longer safe",
                     c->signed_with_name == NULL ? "?" : c->signed_with_name);
}

static void judge_form(cli_lines *w, const hf_cert *c)
{
    if (c->version != 3)
        cli_put_line(w, "it is of version %u: extensions need version 3", c->version);
    if (c->serial.n > 20)
        cli_put_line(w,
                     "its serial number has %zu bytes: 20 is the most (RFC 5280 section 4.1.2.2)",
                     c->serial.n);
    bool zero = true;
    for (size_t i = 0; i < c->serial.n; i++)
        zero = zero && c->serial.p[i] == 0;
    if (zero || (c->serial.n != 0 && (c->serial.p[0] & 0x80) != 0))
        cli_put_line(w, "its serial number is not positive (RFC 5280 section 4.1.2.2)");
    if (c->unknown_critical.p != NULL) {
        char oid[64];
        cli_put_line(
            w, "it has a critical extension that handfast does not process (%s): it is refused",
            cli_oid_text(oid, sizeof oid, c->unknown_critical));
    }
}

void cli_cert_warnings(const hf_cert *cert, int64_t now_s,
                       void (*warn)(void *ctx, const char *text), void *ctx)
{
    cli_lines w = {warn, ctx, 0};
    judge_dates(&w, cert, now_s);
    judge_names(&w, cert);
    judge_key(&w, cert);
    judge_form(&w, cert);
}
