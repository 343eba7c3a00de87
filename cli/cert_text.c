/* cert_text.c: certificates in words: dates, hexadecimal, and warnings. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_text.h"

#include "cli/cli.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

/* ---- dates: the proleptic Gregorian calendar, without the C library's time zones ---- */

static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned yoe = (unsigned)(year - era * 400);
    unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

static void date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = (int64_t)yoe + era * 400 + (*month <= 2);
}

static char *date(char *to, size_t size, int64_t s, const char *format)
{
    int64_t days = s / DAY_S, rest = s % DAY_S, year;
    unsigned month, day;
    if (rest < 0) {
        rest += DAY_S;
        days--;
    }
    date_of(days, &year, &month, &day);
    unsigned t = (unsigned)rest;
    const char *between = format[0] == 'T' ? "T" : " ", *end = format[0] == 'T' ? "Z" : " UTC";
    snprintf(to, size, "%04" PRId64 "-%02u-%02u%s%02u:%02u:%02u%s", year, month, day, between,
             t / 3600, t / 60 % 60, t % 60, end);
    return to;
}

char *cli_date_text(char *to, size_t size, int64_t s)
{
    return date(to, size, s, " ");
}

char *cli_date_iso(char *to, size_t size, int64_t s)
{
    return date(to, size, s, "T");
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
    int64_t days = days_of(year, (unsigned)month, (unsigned)day), back_year;
    unsigned back_month, back_day;
    date_of(days, &back_year, &back_month, &back_day);
    *s = days * DAY_S + hour * 3600 + minute * 60 + second;
    return (int)back_month == month && (int)back_day == day; /* no 31st of February */
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

/* ---- warnings ---- */

typedef struct warning {
    void (*warn)(void *ctx, const char *text);
    void *ctx;
} warning;

static void say(const warning *w, const char *format, ...) HF_PRINTF(2, 3);

static void say(const warning *w, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    w->warn(w->ctx, text);
}

static void judge_dates(const warning *w, const hf_cert *c, int64_t now_s)
{
    int64_t left = (c->not_after_s - now_s) / DAY_S;
    if (now_s > c->not_after_s)
        say(w, "it expired %" PRId64 " days ago", (now_s - c->not_after_s) / DAY_S);
    else if (now_s < c->not_before_s)
        say(w, "it is not valid before %" PRId64 " days from now",
            (c->not_before_s - now_s) / DAY_S);
    else if (left < 30)
        say(w, "it expires in %" PRId64 " days: renew it", left);
    int64_t days = (c->not_after_s - c->not_before_s) / DAY_S;
    if (!c->is_ca && days > 398)
        say(w, "it is valid for %" PRId64 " days: browsers accept 398 at most", days);
}

static void judge_names(const warning *w, const hf_cert *c)
{
    if (!c->is_ca && c->subject_alt_name.p == NULL)
        say(w, "it has no subjectAltName: no client accepts it for any name (the common name does "
               "not count, RFC 9525 section 6.3)");
    if (c->is_ca && c->has_key_usage && (c->key_usage & HF_KEY_USAGE_keyCertSign) == 0)
        say(w, "it is an authority, but its keyUsage does not let it sign certificates");
    if (!c->is_ca && c->self_issued)
        say(w, "it is signed by itself: only who is told to trust it will");
}

static void judge_key(const warning *w, const hf_cert *c)
{
    bool rsa = c->key_type == HF_KEY_RSA || c->key_type == HF_KEY_RSA_PSS;
    if (rsa && c->key_bits < 2048)
        say(w, "its RSA key has only %u bits: 2048 is the least that is safe", c->key_bits);
    if (c->key_type == HF_KEY_NONE)
        say(w, "its key is of a kind that handfast does not know");
    if (c->signed_with == NULL)
        say(w, "its signature algorithm (%s) is unknown or no longer safe",
            c->signed_with_name == NULL ? "?" : c->signed_with_name);
}

static void judge_form(const warning *w, const hf_cert *c)
{
    if (c->version != 3)
        say(w, "it is of version %u: extensions need version 3", c->version);
    if (c->serial.n > 20)
        say(w, "its serial number has %zu bytes: 20 is the most (RFC 5280 section 4.1.2.2)",
            c->serial.n);
    bool zero = true;
    for (size_t i = 0; i < c->serial.n; i++)
        zero = zero && c->serial.p[i] == 0;
    if (zero || (c->serial.n != 0 && (c->serial.p[0] & 0x80) != 0))
        say(w, "its serial number is not positive (RFC 5280 section 4.1.2.2)");
    if (c->unknown_critical.p != NULL) {
        char oid[64];
        say(w, "it has a critical extension that handfast does not process (%s): it is refused",
            cli_oid_text(oid, sizeof oid, c->unknown_critical));
    }
}

void cli_cert_warnings(const hf_cert *cert, int64_t now_s,
                       void (*warn)(void *ctx, const char *text), void *ctx)
{
    warning w = {warn, ctx};
    judge_dates(&w, cert, now_s);
    judge_names(&w, cert);
    judge_key(&w, cert);
    judge_form(&w, cert);
}
