/* text.c: text for people, from bytes that a stranger chose. */
#include "x509/text.h"

#include "base/der.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void hf_text_init(hf_text *t, char *p, size_t size)
{
    *t = (hf_text){.p = p, .size = size};
    if (size != 0)
        p[0] = '\0';
}

/* All or nothing, so that a character or an escape is never cut in two; once cut, no more. */
static void put(hf_text *t, const char *p, size_t n)
{
    if (t->cut || t->size == 0 || n >= t->size - t->n) {
        t->cut |= n != 0;
        return;
    }
    memcpy(t->p + t->n, p, n);
    t->n += n;
    t->p[t->n] = '\0';
}

void hf_text_add(hf_text *t, const char *text)
{
    while (*text != '\0' && !t->cut)
        put(t, text++, 1);
}

void hf_text_addf(hf_text *t, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    hf_text_add(t, text);
}

/* The length of a well-formed UTF-8 character at `p` and its code point; 0 when it is none. */
static size_t utf8_char(const uint8_t *p, size_t n, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80 ? 1 : (p[0] & 0xe0) == 0xc0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : 4;
    if (len == 4 && (p[0] & 0xf8) != 0xf0)
        return 0;
    if (len > n)
        return 0;
    uint32_t c = len == 1 ? p[0] : p[0] & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fU);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code = c;
    return len;
}

static size_t utf8_write(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1; c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)(c | (0xf00U >> len & 0xff));
    return len;
}

/* Controls, line and paragraph separators, invisible characters, direction marks and overrides,
 * surrogates, noncharacters, private use and tags: nothing that an honest name shows. */
static bool is_deceptive(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x034f, 0x034f},
        {0x061c, 0x061c}, {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164},
        {0xd800, 0xf8ff}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
        {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static void put_hex(hf_text *t, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char hex[4];
        snprintf(hex, sizeof(hex), "\\%02X", p[i]);
        put(t, hex, 3);
    }
}

void hf_text_add_char(hf_text *t, uint32_t code, const char *special)
{
    uint8_t utf8[4];
    size_t n = utf8_write(code, utf8);
    if (is_deceptive(code)) {
        put_hex(t, utf8, n);
        return;
    }
    char text[5] = {'\\'};
    size_t skip = code < 0x80 && strchr(special, (int)code) != NULL ? 1 : 0;
    memcpy(text + skip, utf8, n);
    put(t, text, skip + n);
}

void hf_text_add_escaped(hf_text *t, hf_bytes bytes, const char *special)
{
    for (size_t i = 0; i < bytes.n && !t->cut;) {
        uint32_t code;
        size_t n = utf8_char(bytes.p + i, bytes.n - i, &code);
        if (n == 0)
            put_hex(t, bytes.p + i, 1);
        else
            hf_text_add_char(t, code, special);
        i += n == 0 ? 1 : n;
    }
}

void hf_text_add_oid(hf_text *t, hf_bytes oid)
{
    uint64_t v = 0;
    bool first = true;
    for (size_t i = 0; i < oid.n; i++) {
        if (v >> 56 != 0) {
            hf_text_add(t, first ? "?" : ".?");
            return;
        }
        v = v << 7 | (oid.p[i] & 0x7f);
        if (oid.p[i] >= 0x80)
            continue;
        if (first) {
            unsigned top = v < 80 ? (unsigned)(v / 40) : 2;
            hf_text_addf(t, "%u.%llu", top, (unsigned long long)(v - 40 * (uint64_t)top));
        } else {
            hf_text_addf(t, ".%llu", (unsigned long long)v);
        }
        first = false;
        v = 0;
    }
}

/* RFC 5952: no leading zeros, lower case, the first longest run of two or more zeros as "::". */
static void add_ipv6(hf_text *t, const uint8_t *p)
{
    unsigned group[8];
    size_t best = 8, best_n = 1;
    for (size_t i = 0; i < 8; i++)
        group[i] = (unsigned)p[2 * i] << 8 | p[2 * i + 1];
    for (size_t i = 0; i < 8; i++) {
        size_t n = 0;
        while (i + n < 8 && group[i + n] == 0)
            n++;
        if (n > best_n) {
            best = i;
            best_n = n;
        }
    }
    for (size_t i = 0; i < 8; i++) {
        if (i == best) {
            hf_text_add(t, "::");
            i += best_n - 1;
        } else {
            hf_text_addf(t, "%s%x", i == 0 || i == best + best_n ? "" : ":", group[i]);
        }
    }
}

void hf_text_add_ip(hf_text *t, hf_bytes a)
{
    if (a.n == 4)
        hf_text_addf(t, "%u.%u.%u.%u", a.p[0], a.p[1], a.p[2], a.p[3]);
    else if (a.n == 16)
        add_ipv6(t, a.p);
    else
        hf_text_addf(t, "(an address of %zu bytes)", a.n);
}

void hf_text_add_time(hf_text *t, int64_t at_s)
{
    int64_t days = at_s >= 0 ? at_s / 86400 : -((86399 - at_s) / 86400), year;
    unsigned second = (unsigned)(at_s - days * 86400), month, day;
    hf_civil_from_days(days, &year, &month, &day);
    hf_text_addf(t, "%04lld-%02u-%02u %02u:%02u:%02u UTC", (long long)year, month, day,
                 second / 3600, second / 60 % 60, second % 60);
}

void hf_text_mark_cut(hf_text *t)
{
    if (!t->cut || t->size < 4)
        return;
    size_t n = t->n < t->size - 4 ? t->n : t->size - 4;
    while (n > 0 && ((uint8_t)t->p[n] & 0xc0) == 0x80) /* back to where a character starts */
        n--;
    memcpy(t->p + n, "...", 4);
    t->n = n + 3;
}
