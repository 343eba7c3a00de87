/* http_text.c: the small languages inside HTTP; see http_text.h. */
#include "cli/http_text.h"

#include <stdio.h>
#include <string.h>

/* Hex digit or -1. */
static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 32);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool same_word(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] == '\0' || (a[i] | 32) != (b[i] | 32))
            return false;
    return true;
}

/* ---- targets ---- */

/* The path of an absolute-form target ("https://host/path"), or the target itself. */
static const char *skip_authority(const char *target)
{
    size_t scheme = same_word(target, "https://", 8) ? 8 : same_word(target, "http://", 7) ? 7 : 0;
    if (scheme == 0)
        return target;
    const char *path = target + scheme + strcspn(target + scheme, "/?#");
    return *path == '\0' ? "/" : path;
}

enum { NAME_LONGEST = 255 }; /* bytes of one segment: what a file system allows */

/* Decodes one segment, up to '/', '?' or the end, into out; returns where it ended, or NULL when it
 * is malformed. Sets *hidden for what no file served here may be called. */
static const char *read_segment(const char *p, char out[NAME_LONGEST + 1], bool *hidden)
{
    size_t n = 0;
    while (*p != '\0' && *p != '/' && *p != '?') {
        int c = (unsigned char)*p++;
        if (c == '#')
            return NULL;
        if (c == '%') {
            int high = hex(p[0]), low = high < 0 ? -1 : hex(p[1]);
            if (low < 0)
                return NULL;
            c = high * 16 + low;
            p += 2;
        }
        if (c < 0x20 || c == 0x7f)
            return NULL;
        *hidden = *hidden || c == '/' || c == '\\' || n == NAME_LONGEST;
        if (n < NAME_LONGEST)
            out[n++] = (char)c;
    }
    out[n] = '\0';
    return p;
}

http_path_result http_path_read(const char *target, http_path *out)
{
    const char *p = skip_authority(target);
    char segment[NAME_LONGEST + 1];
    size_t n = 0, count = 0;
    bool hidden = false;
    *out = (http_path){.query = ""};
    if (*p != '/')
        return HTTP_PATH_BAD;
    for (; *p == '/'; count++) {
        p = read_segment(p + 1, segment, &hidden);
        if (p == NULL)
            return HTTP_PATH_BAD;
        size_t len = strlen(segment);
        out->slash = len == 0;
        if (len == 0 && *p == '/')
            hidden = true; /* an empty segment inside: "//" */
        if (segment[0] == '.' && !(count == 0 && strcmp(segment, ".well-known") == 0))
            hidden = true;
        if (n + 1 + len >= sizeof out->text)
            hidden = true;
        if (hidden || len == 0)
            continue;
        if (n != 0)
            out->text[n++] = '/';
        memcpy(out->text + n, segment, len + 1);
        n += len;
    }
    out->query = p;
    return hidden ? HTTP_PATH_HIDDEN : HTTP_PATH_OK;
}

/* ---- ranges ---- */

/* Reads decimal digits; false when there are none. Saturates: a number too big for 64 bits is
 * beyond the end of any file all the same. */
static bool read_digits(const char **p, uint64_t *out)
{
    const char *start = *p;
    uint64_t v = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++) {
        uint64_t digit = (uint64_t)(**p - '0');
        v = v > (UINT64_MAX - digit) / 10 ? UINT64_MAX : v * 10 + digit;
    }
    *out = v;
    return *p != start;
}

http_range_result http_range_read(const char *value, uint64_t size, uint64_t *first, uint64_t *last)
{
    if (!same_word(value, "bytes=", 6))
        return HTTP_RANGE_NONE;
    const char *p = value + 6 + strspn(value + 6, " \t");
    uint64_t a = 0, b = UINT64_MAX;
    bool has_first = read_digits(&p, &a);
    if (*p++ != '-')
        return HTTP_RANGE_NONE;
    bool has_last = read_digits(&p, &b);
    p += strspn(p, " \t");
    if (*p != '\0' || (!has_first && !has_last) || (has_first && has_last && b < a))
        return HTTP_RANGE_NONE;
    if (!has_first) { /* the last b bytes */
        if (b == 0 || size == 0)
            return HTTP_RANGE_UNSATISFIABLE;
        *first = b >= size ? 0 : size - b;
        *last = size - 1;
        return HTTP_RANGE_ONE;
    }
    if (a >= size)
        return HTTP_RANGE_UNSATISFIABLE;
    *first = a;
    *last = has_last && b < size ? b : size - 1;
    return HTTP_RANGE_ONE;
}

/* ---- dates ---- */

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Days since 1970-01-01 of a date, and back; proleptic Gregorian, months from 1. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t since_1970, int64_t *year, int *month, int *day)
{
    int64_t z = since_1970 + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = y + era * 400 + (*month <= 2);
}

void http_date_write(int64_t time_s, char out[32])
{
    int64_t since = time_s >= 0 ? time_s / 86400 : -((86399 - time_s) / 86400);
    int rest = (int)(time_s - since * 86400), month, day;
    int64_t year;
    date_of(since, &year, &month, &day);
    if (year < 0 || year > 9999) { /* no such date can be written: a file's nonsense */
        year = 1970;
        month = day = 1;
        rest = 0;
        since = 0;
    }
    int weekday = (int)(((since + 4) % 7 + 7) % 7);
    unsigned second = (unsigned)rest;
    snprintf(out, 32, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + 3 * weekday,
             (unsigned)day % 32, months + 3 * (month - 1), (unsigned)year % 10000,
             second / 3600 % 24, second / 60 % 60, second % 60);
}

typedef struct date_reader {
    const char *p;
    bool failed;
} date_reader;

/* `least` to `most` digits. */
static int date_number(date_reader *r, int least, int most)
{
    int v = 0, n = 0;
    while (!r->failed && n < most && *r->p >= '0' && *r->p <= '9') {
        v = v * 10 + (*r->p++ - '0');
        n++;
    }
    r->failed = r->failed || n < least;
    return v;
}

static void date_text(date_reader *r, const char *text)
{
    size_t n = strlen(text);
    if (r->failed || strncmp(r->p, text, n) != 0)
        r->failed = true;
    else
        r->p += n;
}

static int date_month(date_reader *r)
{
    for (int i = 0; !r->failed && i < 12; i++)
        if (strncmp(r->p, months + 3 * i, 3) == 0) {
            r->p += 3;
            return i + 1;
        }
    r->failed = true;
    return 1;
}

static int date_clock(date_reader *r)
{
    int hour = date_number(r, 2, 2);
    date_text(r, ":");
    int minute = date_number(r, 2, 2);
    date_text(r, ":");
    int second = date_number(r, 2, 2);
    if (hour > 23 || minute > 59 || second > 60)
        r->failed = true;
    return hour * 3600 + minute * 60 + second;
}

bool http_date_read(const char *text, int64_t now_s, int64_t *out)
{
    size_t word = strcspn(text, ", ");
    if (word < 3 || word > 9)
        return false;
    date_reader r = {.p = text + word};
    int day, month, clock;
    int64_t year;
    if (*r.p == ',') {
        date_text(&r, ", ");
        day = date_number(&r, 2, 2);
        bool rfc850 = *r.p == '-';
        date_text(&r, rfc850 ? "-" : " ");
        month = date_month(&r);
        date_text(&r, rfc850 ? "-" : " ");
        year = date_number(&r, rfc850 ? 2 : 4, rfc850 ? 2 : 4);
        date_text(&r, " ");
        clock = date_clock(&r);
        date_text(&r, " GMT");
        if (rfc850) { /* more than 50 years ahead means the century before */
            int64_t this_year = 1970 + now_s / 31556952;
            year += this_year - this_year % 100;
            year -= year > this_year + 50 ? 100 : 0;
        }
    } else {
        date_text(&r, " ");
        month = date_month(&r);
        date_text(&r, " ");
        r.p += *r.p == ' ';
        day = date_number(&r, 1, 2);
        date_text(&r, " ");
        clock = date_clock(&r);
        date_text(&r, " ");
        year = date_number(&r, 4, 4);
    }
    if (r.failed || *r.p != '\0' || day < 1 || day > 31)
        return false;
    *out = days_of(year, month, day) * 86400 + clock;
    return true;
}

/* ---- entity tags ---- */

bool http_etag_in_list(const char *list, const char *etag)
{
    const char *p = list + strspn(list, " \t");
    if (strcmp(p, "*") == 0)
        return true;
    const char *opaque = etag[0] == 'W' ? etag + 2 : etag;
    size_t n = strlen(opaque);
    while (*p != '\0') {
        p += strspn(p, " \t,");
        if (strncmp(p, "W/", 2) == 0)
            p += 2;
        if (*p != '"')
            return false;
        const char *end = strchr(p + 1, '"');
        if (end == NULL)
            return false;
        if ((size_t)(end + 1 - p) == n && memcmp(p, opaque, n) == 0)
            return true;
        p = end + 1;
    }
    return false;
}

/* ---- tables ---- */

const char *http_media_type(const char *name)
{
    static const char *const types[][2] = {
        {"html", "text/html; charset=utf-8"},
        {"htm", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"map", "application/json"},
        {"webmanifest", "application/manifest+json"},
        {"txt", "text/plain; charset=utf-8"},
        {"md", "text/markdown; charset=utf-8"},
        {"log", "text/plain; charset=utf-8"},
        {"csv", "text/csv; charset=utf-8"},
        {"xml", "application/xml"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"avif", "image/avif"},
        {"ico", "image/x-icon"},
        {"woff", "font/woff"},
        {"woff2", "font/woff2"},
        {"ttf", "font/ttf"},
        {"otf", "font/otf"},
        {"pdf", "application/pdf"},
        {"wasm", "application/wasm"},
        {"mp3", "audio/mpeg"},
        {"ogg", "audio/ogg"},
        {"wav", "audio/wav"},
        {"mp4", "video/mp4"},
        {"webm", "video/webm"},
        {"zip", "application/zip"},
        {"gz", "application/gzip"},
        {"pem", "application/x-pem-file"},
    };
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    if (dot != NULL && (slash == NULL || dot > slash))
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
            if (strlen(dot + 1) == strlen(types[i][0]) &&
                same_word(dot + 1, types[i][0], strlen(types[i][0])))
                return types[i][1];
    return "application/octet-stream";
}

bool http_html_escape(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        const char one[2] = {*p, '\0'};
        const char *s = *p == '&'    ? "&amp;"
                        : *p == '<'  ? "&lt;"
                        : *p == '>'  ? "&gt;"
                        : *p == '"'  ? "&quot;"
                        : *p == '\'' ? "&#39;"
                                     : one;
        size_t len = strlen(s);
        if (n + len >= size)
            return false;
        memcpy(out + n, s, len);
        n += len;
    }
    if (n >= size)
        return false;
    out[n] = '\0';
    return true;
}

bool http_url_escape(const char *text, char *out, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     strchr("-._~/", c) != NULL;
        if (n + 3 >= size)
            return false;
        if (!plain) {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
        }
        out[n++] = plain ? (char)c : digits[c & 15];
    }
    if (n >= size)
        return false;
    out[n] = '\0';
    return true;
}

const char *http_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {100, "Continue"},
        {200, "OK"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {425, "Too Early"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}
