/* pem.c: PEM text (RFC 7468) to DER and back. Base64 runs without tables or branches on the data,
 * since private keys pass through here, and what was decoded is wiped. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/der.h"
#include "base/error.h"

#include <handfast/x509.h>
#include <stdio.h>

#define LINE_WIDTH 64U

/* ---- base64 ---- */

/* 0xff when a <= v <= b, else 0; all below 256. */
static unsigned in_range(unsigned v, unsigned a, unsigned b)
{
    return (((v - a) | (b - v)) >> 8 & 0xff) ^ 0xff;
}

/* The character's six bits, or 0xff. */
static unsigned base64_value(uint8_t c)
{
    unsigned v = c, bits = 0, known = 0, m;
    m = in_range(v, 'A', 'Z');
    bits |= m & (v - 'A');
    known |= m;
    m = in_range(v, 'a', 'z');
    bits |= m & (v - 'a' + 26);
    known |= m;
    m = in_range(v, '0', '9');
    bits |= m & (v - '0' + 52);
    known |= m;
    m = in_range(v, '+', '+');
    bits |= m & 62;
    known |= m;
    m = in_range(v, '/', '/');
    bits |= m & 63;
    known |= m;
    return bits | (known ^ 0xff);
}

/* A full line of base64 without padding, 64 characters to 48 bytes; false when any of them is none.
 * In lanes of 16 bits and loops of fixed length, which compilers turn into vectors: a system's
 * trusted certificates are 200,000 characters, read at every start. */
#define LINE_BYTES (LINE_WIDTH / 4 * 3)

/* 1 when v < a or v > b, else 0; all below 256. */
static inline uint16_t outside(uint16_t v, uint16_t a, uint16_t b)
{
    return (uint16_t)((uint16_t)((uint16_t)(v - a) | (uint16_t)(b - v)) >> 15);
}

static bool decode_line(const uint8_t *line, uint8_t out[LINE_BYTES])
{
    uint8_t in[LINE_WIDTH]; /* a copy, so that nothing can overlap */
    uint16_t v[LINE_WIDTH], wrong[LINE_WIDTH], bad = 0;
    memcpy(in, line, LINE_WIDTH);
    for (size_t i = 0; i < LINE_WIDTH; i++) {
        uint16_t c = in[i], upper = outside(c, 'A', 'Z'), small = outside(c, 'a', 'z');
        uint16_t digit = outside(c, '0', '9'), plus = outside(c, '+', '+');
        uint16_t slash = outside(c, '/', '/');
        uint16_t bits = (uint16_t)((upper - 1) & (c - 'A'));
        bits |= (uint16_t)((small - 1) & (c - 'a' + 26));
        bits |= (uint16_t)((digit - 1) & (c - '0' + 52));
        bits |= (uint16_t)((plus - 1) & 62);
        bits |= (uint16_t)((slash - 1) & 63);
        v[i] = bits;
        wrong[i] = upper & small & digit & plus & slash;
    }
    for (size_t i = 0; i < LINE_WIDTH; i++)
        bad |= wrong[i];
    for (size_t g = 0; g < LINE_WIDTH / 4; g++) {
        unsigned bits = (unsigned)v[4 * g] << 18 | (unsigned)v[4 * g + 1] << 12 |
                        (unsigned)v[4 * g + 2] << 6 | v[4 * g + 3];
        out[3 * g] = (uint8_t)(bits >> 16);
        out[3 * g + 1] = (uint8_t)(bits >> 8);
        out[3 * g + 2] = (uint8_t)bits;
    }
    hf_wipe(in, sizeof(in));
    hf_wipe(v, sizeof(v));
    return bad == 0;
}

static char base64_char(unsigned bits)
{
    unsigned c = in_range(bits, 0, 25) & (bits + 'A');
    c |= in_range(bits, 26, 51) & (bits - 26 + 'a');
    c |= in_range(bits, 52, 61) & (bits - 52 + '0');
    c |= in_range(bits, 62, 62) & '+';
    c |= in_range(bits, 63, 63) & '/';
    return (char)c;
}

/* ---- lines ---- */

typedef struct lines {
    hf_bytes rest;
    size_t number; /* of the line read last, from 1 */
} lines;

/* Ends a line at LF, CRLF or CR, and leaves blanks at its end away. */
static bool next_line(lines *l, hf_bytes *line)
{
    if (l->rest.n == 0)
        return false;
    const uint8_t *lf = memchr(l->rest.p, '\n', l->rest.n);
    size_t n = lf != NULL ? (size_t)(lf - l->rest.p) : l->rest.n;
    const uint8_t *cr = n == 0 ? NULL : memchr(l->rest.p, '\r', n);
    if (cr != NULL)
        n = (size_t)(cr - l->rest.p);
    size_t end = n + (n < l->rest.n);
    if (end < l->rest.n && l->rest.p[n] == '\r' && l->rest.p[end] == '\n')
        end++;
    *line = (hf_bytes){l->rest.p, n};
    while (line->n != 0 && (line->p[line->n - 1] == ' ' || line->p[line->n - 1] == '\t'))
        line->n--;
    l->rest = (hf_bytes){l->rest.p + end, l->rest.n - end};
    l->number++;
    return true;
}

/* The label when the line is "-----BEGIN label-----" (or END). */
static bool boundary(hf_bytes line, const char *word, hf_bytes *label)
{
    size_t w = strlen(word);
    if (line.n < w + 5 || memcmp(line.p, word, w) != 0 ||
        memcmp(line.p + line.n - 5, "-----", 5) != 0)
        return false;
    *label = (hf_bytes){line.p + w, line.n - w - 5};
    return true;
}

static hf_status malformed(hf_error *e, const lines *l, const char *field, const char *expected,
                           const char *what)
{
    hf_fail(e, HF_E_PEM_MALFORMED, field, expected, "line %zu: %s", l->number, what);
    if (e != NULL)
        e->message = "PEM text";
    return HF_E_PEM_MALFORMED;
}

/* ---- one block ---- */

typedef struct decoder {
    uint8_t *out;
    size_t n;
    unsigned bits;   /* collected */
    unsigned digits; /* of the present group of four, padding included */
    unsigned pads;
    bool bad;
} decoder;

/* Strict: padding only at the end, as much as needed, and the bits it covers are zero. */
static void decode_char(decoder *d, uint8_t c)
{
    unsigned v = base64_value(c);
    if (c == '=') {
        d->bad |= d->digits < 2;
        d->pads++;
        v = 0;
    } else {
        d->bad |= v > 63 || d->pads != 0;
    }
    d->bits = d->bits << 6 | (v & 63);
    if (++d->digits < 4 || d->bad)
        return;
    uint8_t group[3] = {(uint8_t)(d->bits >> 16), (uint8_t)(d->bits >> 8), (uint8_t)d->bits};
    size_t take = 3 - d->pads;
    for (size_t i = take; i < 3; i++)
        d->bad |= group[i] != 0;
    memcpy(d->out + d->n, group, take);
    d->n += take;
    d->digits = 0;
    d->bits = 0;
}

/* Most lines are full and end no block; all others go character by character. Bytes are stored only
 * once the whole line has turned out to be base64: the room ends at the first dash. */
static void decode_chars(decoder *d, hf_bytes line)
{
    uint8_t bytes[LINE_BYTES];
    bool whole =
        line.n == LINE_WIDTH && d->digits == 0 && d->pads == 0 && decode_line(line.p, bytes);
    if (whole) {
        memcpy(d->out + d->n, bytes, LINE_BYTES);
        d->n += LINE_BYTES;
    }
    hf_wipe(bytes, sizeof(bytes));
    for (size_t i = 0; i < line.n && !whole && !d->bad; i++)
        if (line.p[i] != ' ' && line.p[i] != '\t')
            decode_char(d, line.p[i]);
}

/* Decodes up to the END line. The caller sized the room by the first dash, which ends the base64:
 * a dash inside a line is refused by decode_char before any later character is stored. */
static hf_status decode_block(lines *l, hf_bytes label, decoder *d, hf_error *e)
{
    hf_bytes line, end;
    while (next_line(l, &line)) {
        if (boundary(line, "-----END ", &end)) {
            if (!hf_bytes_equal(end, label))
                return malformed(e, l, "END", "the label of the BEGIN line", "another label");
            if (d->digits != 0)
                return malformed(e, l, "base64", "groups of four characters",
                                 "the block ends early");
            return HF_OK;
        }
        if (boundary(line, "-----BEGIN ", &end))
            return malformed(e, l, "END", "an END line", "another BEGIN line");
        if (memchr(line.p, ':', line.n) != NULL)
            return malformed(e, l, "base64", "base64 alone (use PKCS#8 for encrypted keys)",
                             "a header, as old encrypted keys have");
        decode_chars(d, line);
        if (d->bad)
            return malformed(e, l, "base64", "letters, digits, + and /, with = only at the end",
                             "another character, or wrong padding");
    }
    return malformed(e, l, "END", "an END line", "the end of the text");
}

/* Blocks of other labels are passed over without a look at their inside. */
static hf_status skip_block(lines *l, hf_bytes label, hf_error *e)
{
    hf_bytes line, end;
    while (next_line(l, &line))
        if (boundary(line, "-----END ", &end) && hf_bytes_equal(end, label))
            return HF_OK;
    return malformed(e, l, "END", "an END line", "the end of the text");
}

static hf_status give_block(lines *l, hf_bytes label, hf_status (*each)(void *ctx, hf_bytes der),
                            void *ctx, hf_error *e)
{
    const uint8_t *dash = l->rest.n == 0 ? NULL : memchr(l->rest.p, '-', l->rest.n);
    size_t chars = dash == NULL ? l->rest.n : (size_t)(dash - l->rest.p);
    size_t room = chars / 4 * 3 + 3;
    decoder d = {.out = hf_alloc(room)};
    if (d.out == NULL)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    hf_status s = decode_block(l, label, &d, e);
    if (s == HF_OK)
        s = each(ctx, (hf_bytes){d.out, d.n});
    hf_free_wiped(d.out, room);
    hf_wipe(&d, sizeof(d));
    return s;
}

static bool is_der(hf_bytes text)
{
    hf_reader r;
    hf_reader_init(&r, text, NULL);
    hf_der_whole(&r, HF_DER_SEQUENCE, "DER");
    return hf_reader_done(&r);
}

hf_status hf_pem_each(hf_bytes text, const char *label, hf_status (*each)(void *ctx, hf_bytes der),
                      void *ctx, hf_error *e)
{
    static const uint8_t mark[3] = {0xef, 0xbb, 0xbf}; /* a byte order mark that editors leave */
    if (is_der(text))
        return each(ctx, text);
    if (text.n >= 3 && memcmp(text.p, mark, 3) == 0)
        text = (hf_bytes){text.p + 3, text.n - 3};
    lines l = {.rest = text};
    hf_bytes line, found;
    while (next_line(&l, &line)) {
        if (!boundary(line, "-----BEGIN ", &found))
            continue;
        hf_status s = hf_bytes_equal(found, hf_bytes_text(label))
                          ? give_block(&l, found, each, ctx, e)
                          : skip_block(&l, found, e);
        if (s != HF_OK)
            return s;
    }
    return HF_OK;
}

/* ---- writing ---- */

/* Bounds: each 3 bytes give 4 characters, each 64 characters a newline. */
char *hf_pem_write(hf_bytes der, const char *label)
{
    size_t chars = (der.n + 2) / 3 * 4;
    size_t begin = strlen("-----BEGIN -----\n") + strlen(label);
    size_t size = 2 * begin + chars + chars / LINE_WIDTH + 2;
    char *text = hf_alloc(size);
    if (text == NULL)
        return NULL;
    size_t n = (size_t)snprintf(text, size, "-----BEGIN %s-----\n", label);
    size_t column = 0;
    for (size_t i = 0; i < der.n; i += 3) {
        size_t left = der.n - i;
        unsigned v = (unsigned)der.p[i] << 16 | (left > 1 ? (unsigned)der.p[i + 1] << 8 : 0U) |
                     (left > 2 ? der.p[i + 2] : 0U);
        text[n++] = base64_char(v >> 18);
        text[n++] = base64_char(v >> 12 & 63);
        text[n++] = left > 1 ? base64_char(v >> 6 & 63) : '=';
        text[n++] = left > 2 ? base64_char(v & 63) : '=';
        column += 4;
        if (column == LINE_WIDTH || left <= 3) {
            text[n++] = '\n';
            column = 0;
        }
    }
    snprintf(text + n, size - n, "-----END %s-----\n", label);
    return text;
}
