/* name.c: distinguished names: walking, comparing, hashing. */
#include "x509/name.h"

#include "base/bytes.h"
#include "base/der.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool hf_ascii_equal(hf_bytes a, hf_bytes b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

/* AttributeTypeAndValue. */
static void read_attribute(hf_reader *rdn, hf_attribute *a)
{
    hf_reader pair;
    hf_der_enter(rdn, &pair, HF_DER_SEQUENCE, "AttributeTypeAndValue");
    a->oid = hf_der_oid(&pair, "type");
    a->der = hf_der_any(&pair, &a->tag, "value");
    hf_reader_done(&pair);
}

hf_bytes hf_name_read(hf_reader *r, const char *field)
{
    hf_reader rdns, rdn;
    hf_attribute a;
    size_t start = r->at;
    hf_der_enter(r, &rdns, HF_DER_SEQUENCE, field);
    while (hf_reader_more(&rdns)) {
        hf_der_enter(&rdns, &rdn, HF_DER_SET, "RelativeDistinguishedName");
        do {
            read_attribute(&rdn, &a);
        } while (hf_reader_more(&rdn));
        hf_reader_done(&rdn);
    }
    hf_reader_done(&rdns);
    return hf_der_since(r, start);
}

void hf_name_start(hf_name_iter *it, hf_bytes name)
{
    hf_reader_init(&it->whole, name, NULL);
    hf_der_enter(&it->whole, &it->rdns, HF_DER_SEQUENCE, "Name");
    it->in_rdn = false;
}

bool hf_name_next(hf_name_iter *it, hf_attribute *a)
{
    a->first = !it->in_rdn;
    if (!it->in_rdn) {
        if (!hf_reader_more(&it->rdns))
            return false;
        hf_der_enter(&it->rdns, &it->rdn, HF_DER_SET, "RelativeDistinguishedName");
    }
    read_attribute(&it->rdn, a);
    hf_reader value;
    hf_reader_init(&value, a->der, NULL);
    if (it->rdn.failed)
        return false;
    a->value = hf_der_value(&value, a->tag, "value");
    it->in_rdn = hf_reader_more(&it->rdn);
    return true;
}

bool hf_name_empty(hf_bytes name)
{
    hf_name_iter it;
    hf_name_start(&it, name);
    return !hf_reader_more(&it.rdns);
}

/* ---- values as they compare ---- */

static bool is_folded(uint8_t tag)
{
    return tag == HF_DER_PRINTABLE_STRING || tag == HF_DER_UTF8_STRING ||
           tag == HF_DER_IA5_STRING || tag == HF_DER_BMP_STRING || tag == HF_DER_UNIVERSAL_STRING;
}

#define NOT_TEXT                                                                                   \
    0x110000 /* and more: a byte that is part of no character equals that byte alone               \
              */

static int utf8_char(const uint8_t *p, size_t n, size_t *len)
{
    static const int least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t want = p[0] < 0x80       ? 1
                  : p[0] >> 5 == 6  ? 2
                  : p[0] >> 4 == 14 ? 3
                  : p[0] >> 3 == 30 ? 4
                                    : 0;
    int c = want == 1 ? p[0] : p[0] & (0x7f >> want);
    for (size_t i = 1; i < want; i++) {
        if (i >= n || (p[i] & 0xc0) != 0x80)
            want = 0;
        else
            c = c << 6 | (p[i] & 0x3f);
    }
    bool good = want != 0 && c >= least[want] && c < NOT_TEXT && c >> 11 != 0x1b;
    *len = good ? want : 1;
    return good ? c : NOT_TEXT + p[0];
}

/* The character at `*at`, which moves on; -1 at the end. */
static int next_char(const hf_attribute *a, size_t *at)
{
    const uint8_t *p = a->value.p + *at;
    size_t left = a->value.n - *at, len = 1;
    int c;
    if (left == 0)
        return -1;
    if (a->tag == HF_DER_UTF8_STRING) {
        c = utf8_char(p, left, &len);
    } else if (a->tag == HF_DER_BMP_STRING && left >= 2) {
        c = p[0] << 8 | p[1];
        len = 2;
    } else if (a->tag == HF_DER_UNIVERSAL_STRING && left >= 4 && p[0] == 0 && p[1] <= 0x10) {
        c = p[1] << 16 | p[2] << 8 | p[3];
        len = 4;
    } else {
        bool ascii = a->tag == HF_DER_PRINTABLE_STRING || a->tag == HF_DER_IA5_STRING;
        c = ascii ? p[0] : NOT_TEXT + p[0];
    }
    *at += len;
    return c;
}

/* The next character of a folded value: lower case, runs of space as one, none at either end; -1
 * after the last. */
static int next_folded(const hf_attribute *a, size_t *at, bool *begun)
{
    size_t before = *at, after = *at;
    bool space = false;
    int c;
    while ((c = next_char(a, &after)) == ' ') {
        space = true;
        before = after;
    }
    if (c < 0)
        return -1;
    if (space && *begun) {
        *at = before;
        return ' ';
    }
    *begun = true;
    *at = after;
    return c < 0x80 ? lower((uint8_t)c) : c;
}

static bool folded_equal(const hf_attribute *a, const hf_attribute *b)
{
    size_t at_a = 0, at_b = 0;
    bool begun_a = false, begun_b = false;
    for (;;) {
        int x = next_folded(a, &at_a, &begun_a), y = next_folded(b, &at_b, &begun_b);
        if (x != y)
            return false;
        if (x < 0)
            return true;
    }
}

static bool attribute_equal(const hf_attribute *a, const hf_attribute *b)
{
    if (a->first != b->first || !hf_bytes_equal(a->oid, b->oid))
        return false;
    if (is_folded(a->tag) && is_folded(b->tag))
        return folded_equal(a, b);
    return hf_bytes_equal(a->der, b->der);
}

/* Attributes of one RDN compare in their order: DER sorts them, so equal sets are in equal order
 * unless case or string type differ in just the deciding place; such names do not chain. */
bool hf_name_within(hf_bytes base, hf_bytes name)
{
    hf_name_iter x, y;
    hf_attribute a, b;
    hf_name_start(&x, base);
    hf_name_start(&y, name);
    while (hf_name_next(&x, &a))
        if (!hf_name_next(&y, &b) || !attribute_equal(&a, &b))
            return false;
    return !x.whole.failed && !y.whole.failed && !y.in_rdn; /* a whole RDN was matched */
}

bool hf_name_equal(hf_bytes a, hf_bytes b)
{
    return hf_bytes_equal(a, b) || (hf_name_within(a, b) && hf_name_within(b, a));
}

/* FNV-1a. Nobody but the store's owner chooses what is stored, so collisions cannot be planted. */
static uint64_t mix(uint64_t h, uint8_t c)
{
    return (h ^ c) * 0x100000001b3U;
}

uint64_t hf_name_hash(hf_bytes name)
{
    hf_name_iter it;
    hf_attribute a;
    uint64_t h = 0xcbf29ce484222325U;
    hf_name_start(&it, name);
    while (hf_name_next(&it, &a)) {
        for (size_t i = 0; i < a.oid.n; i++)
            h = mix(h, a.oid.p[i]);
        if (is_folded(a.tag)) {
            size_t at = 0;
            bool begun = false;
            for (int c; (c = next_folded(&a, &at, &begun)) >= 0;)
                for (; c != 0; c >>= 8)
                    h = mix(h, (uint8_t)c);
        } else {
            for (size_t i = 0; i < a.der.n; i++)
                h = mix(h, a.der.p[i]);
        }
        h = mix(h, a.first);
    }
    return h;
}
