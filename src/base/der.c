/* der.c: strict DER over hf_reader. What fails is told apart by a note, kept in the reader's `had`
 * (which nothing else uses while `wanted` is 0), so that the error can be worded at the end. */
#include "base/der.h"

#include "base/bytes.h"
#include "base/error.h"

#include <stdio.h>

enum note {
    NOTE_NONE,
    NOTE_TAG, /* the expected tag stands in the note's upper bits */
    NOTE_END,
    NOTE_TAG_LONG,
    NOTE_LENGTH_FORM,
    NOTE_LENGTH_MINIMAL,
    NOTE_LENGTH_OVER,
    NOTE_INTEGER,
    NOTE_NATURAL,
    NOTE_SMALL,
    NOTE_BOOLEAN,
    NOTE_BITS,
    NOTE_BIT_LIST,
    NOTE_BIT_STRING,
    NOTE_OID,
    NOTE_TIME,
    NOTE_EXPECTED, /* and an hf_der_expected on top */
};

static void fail(hf_reader *r, const char *name, enum note note, uint8_t tag)
{
    size_t at = r->base + r->at;
    for (; r != NULL && !r->failed; r = r->parent) {
        r->failed = true;
        r->why = HF_E_DECODE;
        r->failed_name = name;
        r->failed_at = at;
        r->wanted = 0;
        r->had = (size_t)note | (size_t)tag << 8;
    }
}

/* Fails at the start of the element that was read last, whose header and content are `n` bytes. */
static void fail_back(hf_reader *r, const char *name, enum note note, size_t n)
{
    if (r->failed)
        return;
    r->at -= n;
    fail(r, name, note, 0);
}

void hf_der_refuse(hf_reader *r, size_t start, const char *name, hf_der_expected expected)
{
    if (r->failed)
        return;
    r->at = start;
    fail(r, name, (enum note)(NOTE_EXPECTED + (int)expected), 0);
}

/* One element's header, found but not consumed. */
typedef struct header {
    uint8_t tag;
    size_t size, content; /* bytes */
} header;

/* X.690 section 10.1: the definite form in the fewest octets. Four length octets are more than any
 * input here can hold. */
static enum note find_header(const uint8_t *p, size_t n, header *h)
{
    *h = (header){0};
    if (n == 0)
        return NOTE_END;
    h->tag = p[0];
    if ((p[0] & 0x1f) == 0x1f)
        return NOTE_TAG_LONG;
    if (n == 1)
        return NOTE_LENGTH_OVER;
    if (p[1] < 0x80) {
        h->size = 2;
        h->content = p[1];
    } else {
        size_t octets = p[1] & 0x7fU;
        if (octets == 0 || octets > 4)
            return NOTE_LENGTH_FORM;
        if (n - 2 < octets)
            return NOTE_LENGTH_OVER;
        for (size_t i = 0; i < octets; i++)
            h->content = h->content << 8 | p[2 + i];
        if (p[2] == 0 || h->content < 0x80)
            return NOTE_LENGTH_MINIMAL;
        h->size = 2 + octets;
    }
    return h->content > n - h->size ? NOTE_LENGTH_OVER : NOTE_NONE;
}

/* Finds the next element's header; false (and failed) when there is none that is well formed. */
static bool next_header(hf_reader *r, header *h, const char *name)
{
    if (r->failed)
        return false;
    enum note note = r->at == r->n ? NOTE_END : find_header(r->p + r->at, r->n - r->at, h);
    if (note != NOTE_NONE)
        fail(r, name, note, 0);
    return note == NOTE_NONE;
}

static bool next_tagged(hf_reader *r, header *h, uint8_t tag, const char *name)
{
    if (r->failed)
        return false;
    if (r->at == r->n || r->p[r->at] != tag) {
        fail(r, name, NOTE_TAG, tag);
        return false;
    }
    return next_header(r, h, name);
}

int hf_der_peek(const hf_reader *r)
{
    return hf_reader_more(r) ? r->p[r->at] : -1;
}

hf_bytes hf_der_value(hf_reader *r, uint8_t tag, const char *name)
{
    header h;
    if (!next_tagged(r, &h, tag, name))
        return (hf_bytes){NULL, 0};
    hf_read_bytes(r, h.size, "tag and length");
    return hf_read_bytes(r, h.content, name);
}

hf_bytes hf_der_whole(hf_reader *r, uint8_t tag, const char *name)
{
    header h;
    if (!next_tagged(r, &h, tag, name))
        return (hf_bytes){NULL, 0};
    return hf_read_bytes(r, h.size + h.content, name);
}

hf_bytes hf_der_any(hf_reader *r, uint8_t *tag, const char *name)
{
    header h = {0};
    bool found = next_header(r, &h, name);
    if (tag != NULL)
        *tag = h.tag;
    return found ? hf_read_bytes(r, h.size + h.content, name) : (hf_bytes){NULL, 0};
}

void hf_der_enter(hf_reader *r, hf_reader *sub, uint8_t tag, const char *name)
{
    header h;
    *sub = (hf_reader){.name = name, .sink = r->sink, .parent = r, .failed = true};
    if (!next_tagged(r, &h, tag, name)) {
        sub->why = r->why;
        return;
    }
    hf_read_bytes(r, h.size, "tag and length");
    sub->failed = false;
    sub->p = r->p + r->at;
    sub->n = h.content;
    sub->base = r->base + r->at;
    r->at += h.content;
    if (r->sink != NULL) {
        hf_field f = {.kind = HF_FIELD_OPEN,
                      .name = name,
                      .offset = sub->base,
                      .length = sub->n,
                      .data = sub->p};
        r->sink->field(r->sink->ctx, &f);
    }
}

hf_bytes hf_der_integer(hf_reader *r, const char *name)
{
    return hf_der_integer_tagged(r, HF_DER_INTEGER, name);
}

hf_bytes hf_der_natural_tagged(hf_reader *r, uint8_t tag, const char *name)
{
    size_t start = r->at;
    hf_bytes v = hf_der_integer_tagged(r, tag, name);
    if (r->failed || v.p[0] < 0x80)
        return v;
    fail_back(r, name, NOTE_NATURAL, r->at - start);
    return (hf_bytes){NULL, 0};
}

hf_bytes hf_der_integer_tagged(hf_reader *r, uint8_t tag, const char *name)
{
    size_t start = r->at;
    hf_bytes v = hf_der_value(r, tag, name);
    if (r->failed)
        return v;
    bool padded = v.n > 1 && ((v.p[0] == 0 && v.p[1] < 0x80) || (v.p[0] == 0xff && v.p[1] >= 0x80));
    if (v.n != 0 && !padded)
        return v;
    fail_back(r, name, NOTE_INTEGER, r->at - start);
    return (hf_bytes){NULL, 0};
}

uint32_t hf_der_small(hf_reader *r, const char *name)
{
    size_t start = r->at;
    hf_bytes v = hf_der_integer(r, name);
    if (r->failed)
        return 0;
    if (v.n > 4 || v.p[0] >= 0x80) {
        fail_back(r, name, NOTE_SMALL, r->at - start);
        return 0;
    }
    uint32_t n = 0;
    for (size_t i = 0; i < v.n; i++)
        n = n << 8 | v.p[i];
    return n;
}

bool hf_der_boolean(hf_reader *r, const char *name)
{
    size_t start = r->at;
    hf_bytes v = hf_der_value(r, HF_DER_BOOLEAN, name);
    if (r->failed)
        return false;
    if (v.n == 1 && (v.p[0] == 0 || v.p[0] == 0xff))
        return v.p[0] != 0;
    fail_back(r, name, NOTE_BOOLEAN, r->at - start);
    return false;
}

hf_bytes hf_der_bits(hf_reader *r, const char *name)
{
    size_t start = r->at;
    hf_bytes v = hf_der_value(r, HF_DER_BIT_STRING, name);
    if (r->failed)
        return v;
    if (v.n == 0 || v.p[0] != 0) {
        fail_back(r, name, NOTE_BITS, r->at - start);
        return (hf_bytes){NULL, 0};
    }
    return (hf_bytes){v.p + 1, v.n - 1};
}

static bool bit_list_well_formed(hf_bytes v)
{
    if (v.n == 0 || v.n > 3 || v.p[0] > 7)
        return false;
    if (v.n == 1)
        return v.p[0] == 0;
    return (v.p[v.n - 1] & ((1U << v.p[0]) - 1)) == 0;
}

uint16_t hf_der_bit_list(hf_reader *r, const char *name)
{
    size_t start = r->at;
    hf_bytes v = hf_der_value(r, HF_DER_BIT_STRING, name);
    if (r->failed)
        return 0;
    if (!bit_list_well_formed(v)) {
        fail_back(r, name, NOTE_BIT_LIST, r->at - start);
        return 0;
    }
    unsigned bits = 0;
    for (size_t i = 0; i < 8 * (v.n - 1); i++)
        if (v.p[1 + i / 8] >> (7 - i % 8) & 1)
            bits |= 1U << i;
    return (uint16_t)bits;
}

hf_bytes hf_der_bit_string_tagged(hf_reader *r, uint8_t tag, const char *name)
{
    size_t start = r->at;
    hf_bytes v = hf_der_value(r, tag, name);
    if (r->failed)
        return v;
    bool good = v.n != 0 && v.p[0] <= (v.n == 1 ? 0 : 7) &&
                (v.n == 1 || (v.p[v.n - 1] & ((1U << v.p[0]) - 1)) == 0);
    if (good)
        return v;
    fail_back(r, name, NOTE_BIT_STRING, r->at - start);
    return (hf_bytes){NULL, 0};
}

hf_bytes hf_der_oid(hf_reader *r, const char *name)
{
    size_t start = r->at;
    hf_bytes v = hf_der_value(r, HF_DER_OID, name);
    if (r->failed)
        return v;
    bool good = v.n != 0 && v.p[v.n - 1] < 0x80;
    for (size_t i = 0; good && i < v.n; i++) /* no component starts with padding */
        good = v.p[i] != 0x80 || (i > 0 && v.p[i - 1] >= 0x80);
    if (good)
        return v;
    fail_back(r, name, NOTE_OID, r->at - start);
    return (hf_bytes){NULL, 0};
}

/* ---- time ---- */

/* Howard Hinnant's well-known day count: years start in March, eras are 400 years. */
int64_t hf_days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void hf_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t march_month = (5 * doy + 2) / 153;
    *day = (unsigned)(doy - (153 * march_month + 2) / 5 + 1);
    *month = (unsigned)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = yoe + era * 400 + (*month <= 2);
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ: RFC 5280 sections 4.1.2.5.1 and 4.1.2.5.2. */
static bool parse_time(hf_bytes v, size_t year_digits, int64_t *out)
{
    if (v.n != year_digits + 11 || v.p[v.n - 1] != 'Z')
        return false;
    for (size_t i = 0; i + 1 < v.n; i++)
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
    unsigned f[6] = {0};
    for (size_t i = 0; i < year_digits; i++)
        f[0] = f[0] * 10 + (v.p[i] - '0');
    for (size_t i = 1; i < 6; i++) {
        const uint8_t *d = v.p + year_digits + 2 * (i - 1);
        f[i] = (unsigned)(d[0] - '0') * 10 + (unsigned)(d[1] - '0');
    }
    if (year_digits == 2)
        f[0] += f[0] < 50 ? 2000 : 1900;
    if (f[1] < 1 || f[1] > 12 || f[2] < 1 || f[2] > days_in_month(f[0], f[1]) || f[3] > 23 ||
        f[4] > 59 || f[5] > 59)
        return false;
    *out = hf_days_from_civil(f[0], f[1], f[2]) * 86400 + (int64_t)(f[3] * 3600 + f[4] * 60 + f[5]);
    return true;
}

int64_t hf_der_time(hf_reader *r, const char *name)
{
    size_t start = r->at;
    bool utc = hf_der_peek(r) != HF_DER_GENERALIZED_TIME;
    hf_bytes v = hf_der_value(r, utc ? HF_DER_UTC_TIME : HF_DER_GENERALIZED_TIME, name);
    int64_t seconds = 0;
    if (!r->failed && !parse_time(v, utc ? 2 : 4, &seconds))
        fail_back(r, name, NOTE_TIME, r->at - start);
    return seconds;
}

/* ---- telling what was wrong ---- */

static const char *tag_name(uint8_t tag, char text[24])
{
    static const struct {
        uint8_t tag;
        const char *name;
    } names[] = {
        {HF_DER_BOOLEAN, "BOOLEAN"},
        {HF_DER_INTEGER, "INTEGER"},
        {HF_DER_BIT_STRING, "BIT STRING"},
        {HF_DER_OCTET_STRING, "OCTET STRING"},
        {HF_DER_NULL, "NULL"},
        {HF_DER_OID, "OBJECT IDENTIFIER"},
        {HF_DER_UTF8_STRING, "UTF8String"},
        {HF_DER_PRINTABLE_STRING, "PrintableString"},
        {HF_DER_TELETEX_STRING, "TeletexString"},
        {HF_DER_IA5_STRING, "IA5String"},
        {HF_DER_UTC_TIME, "UTCTime"},
        {HF_DER_GENERALIZED_TIME, "GeneralizedTime"},
        {HF_DER_UNIVERSAL_STRING, "UniversalString"},
        {HF_DER_BMP_STRING, "BMPString"},
        {HF_DER_SEQUENCE, "SEQUENCE"},
        {HF_DER_SET, "SET"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].tag == tag)
            return names[i].name;
    if ((tag & 0xc0) == 0x80)
        snprintf(text, 24, "[%u]", tag & 0x1fU);
    else
        snprintf(text, 24, "tag 0x%02x", tag);
    return text;
}

static const char *note_text(enum note note)
{
    switch ((int)note) {
    case NOTE_EXPECTED + HF_DER_EXPECTED_CHOICE:
        return "a tag of one of the choices";
    case NOTE_EXPECTED + HF_DER_EXPECTED_ASCII:
        return "ASCII characters alone";
    case NOTE_EXPECTED + HF_DER_EXPECTED_ADDRESS:
        return "an address of 4 or 16 bytes (in a constraint followed by as long a mask)";
    case NOTE_END:
        return "an element";
    case NOTE_TAG_LONG:
        return "a tag of one byte";
    case NOTE_LENGTH_FORM:
        return "a length in the definite form of at most 4 bytes";
    case NOTE_LENGTH_MINIMAL:
        return "a length in as few bytes as possible";
    case NOTE_LENGTH_OVER:
        return "an element that ends where its surroundings end";
    case NOTE_INTEGER:
        return "an INTEGER in as few bytes as possible";
    case NOTE_NATURAL:
        return "an INTEGER that is not negative";
    case NOTE_BIT_STRING:
        return "a BIT STRING whose unused bits, at most 7, are zero";
    case NOTE_SMALL:
        return "an INTEGER from 0 to 2147483647";
    case NOTE_BOOLEAN:
        return "a BOOLEAN of 00 or ff";
    case NOTE_BITS:
        return "a BIT STRING without unused bits";
    case NOTE_BIT_LIST:
        return "a BIT STRING of at most 16 named bits, the unused ones zero";
    case NOTE_OID:
        return "a well-formed OBJECT IDENTIFIER";
    case NOTE_TIME:
        return "UTCTime YYMMDDHHMMSSZ or GeneralizedTime YYYYMMDDHHMMSSZ, a real date";
    default:
        return "well-formed DER";
    }
}

/* The element at the failing place as a person reads it: what it is, how long, its first bytes. */
static void describe(const hf_reader *r, size_t at, char *text, size_t size)
{
    header h;
    char name[24];
    if (at >= r->n) {
        snprintf(text, size, "the end");
        return;
    }
    find_header(r->p + at, r->n - at, &h);
    size_t shown = h.size == 0 || h.size + h.content > r->n - at ? r->n - at : h.size + h.content;
    int used = h.size == 0
                   ? snprintf(text, size, "%s", tag_name(h.tag, name))
                   : snprintf(text, size, "%s of %zu bytes", tag_name(h.tag, name), h.content);
    size_t n = used < 0 ? 0 : (size_t)used;
    for (size_t i = 0; i < shown && i < 20 && n + 4 < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%02x", i == 0 ? ": " : " ", r->p[at + i]);
    if (shown > 20 && n + 5 < size)
        snprintf(text + n, size - n, " ...");
}

hf_status hf_der_status(const hf_reader *r, hf_status code, hf_error *e)
{
    if (!r->failed)
        return HF_OK;
    hf_status as = r->why;
    if (code != HF_OK && (as == HF_E_DECODE || as == HF_E_TRAILING_BYTES))
        as = code;
    if (e == NULL)
        return as;
    hf_reader_status(r, e);
    if (r->why == HF_E_DECODE && r->wanted == 0 && r->had != NOTE_NONE) {
        char name[24];
        uint8_t tag = (uint8_t)(r->had >> 8);
        enum note note = (enum note)(r->had & 0xff);
        hf_error_expected(e, "%s", note == NOTE_TAG ? tag_name(tag, name) : note_text(note));
        describe(r, r->failed_at, e->got, sizeof(e->got));
    }
    e->code = as;
    e->alert = hf_error_alert(as);
    return as;
}
