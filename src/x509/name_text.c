/* name_text.c: distinguished names as RFC 4514 text that is safe to print. */
#include "base/bytes.h"
#include "base/der.h"
#include "x509/name.h"
#include "x509/oid.h"
#include "x509/text.h"

#define SPECIAL   "\"+,;<>\\"
#define MOST_RDNS 64U /* shown; of longer names the first of the text */

static void add_hex_value(hf_text *t, hf_bytes der)
{
    hf_text_add(t, "#");
    for (size_t i = 0; i < der.n && !t->cut; i++)
        hf_text_addf(t, "%02X", der.p[i]);
}

/* BMPString and UniversalString: `width` bytes a character, big-endian. */
static void add_wide(hf_text *t, hf_bytes v, size_t width)
{
    for (size_t i = 0; i + width <= v.n; i += width) {
        uint32_t c = 0;
        for (size_t k = 0; k < width; k++)
            c = c << 8 | v.p[i + k];
        hf_text_add_char(t, c > 0x10ffff ? 0xfffd : c, SPECIAL);
    }
}

static void add_string(hf_text *t, hf_bytes v)
{
    if (v.n != 0 && (v.p[0] == ' ' || v.p[0] == '#'))
        hf_text_add(t, "\\");
    bool space = v.n > 1 && v.p[v.n - 1] == ' ';
    hf_text_add_escaped(t, (hf_bytes){v.p, v.n - (space ? 1U : 0U)}, SPECIAL);
    if (space)
        hf_text_add(t, "\\ ");
}

/* TeletexString is read as Latin-1, which is what those who use it mean. */
static void add_value(hf_text *t, const hf_attribute *a)
{
    size_t width = a->tag == HF_DER_BMP_STRING ? 2 : a->tag == HF_DER_UNIVERSAL_STRING ? 4 : 1;
    if (width != 1 && a->value.n % width == 0) {
        add_wide(t, a->value, width);
    } else if (a->tag == HF_DER_TELETEX_STRING) {
        add_wide(t, a->value, 1);
    } else if (a->tag == HF_DER_UTF8_STRING || a->tag == HF_DER_PRINTABLE_STRING ||
               a->tag == HF_DER_IA5_STRING || a->tag == 0x12) {
        add_string(t, a->value);
    } else {
        add_hex_value(t, a->der);
    }
}

static void add_attribute(hf_text *t, const hf_attribute *a)
{
    const hf_oid_attribute *known = hf_oid_attribute_find(a->oid);
    if (known != NULL)
        hf_text_add(t, known->name);
    else
        hf_text_add_oid(t, a->oid);
    hf_text_add(t, "=");
    if (known != NULL)
        add_value(t, a);
    else
        add_hex_value(t, a->der); /* RFC 4514 section 2.4 */
}

/* One RDN stands alone in `set`; the walk is the same, over a name of this one RDN. */
static void add_rdn(hf_text *t, hf_bytes set)
{
    hf_name_iter it;
    hf_attribute a;
    hf_reader_init(&it.whole, set, NULL);
    it.rdns = it.whole;
    it.in_rdn = false;
    for (bool first = true; hf_name_next(&it, &a); first = false) {
        if (!first)
            hf_text_add(t, "+");
        add_attribute(t, &a);
    }
}

/* RFC 4514 section 2.1: the last RDN comes first. */
size_t hf_name_text(hf_bytes name, char *text, size_t size)
{
    hf_bytes rdns[MOST_RDNS];
    size_t count = 0;
    hf_text t;
    hf_reader r, list;
    hf_text_init(&t, text, size);
    hf_reader_init(&r, name, NULL);
    hf_der_enter(&r, &list, HF_DER_SEQUENCE, "Name");
    for (; hf_reader_more(&list); count++) {
        hf_bytes set = hf_der_whole(&list, HF_DER_SET, "RelativeDistinguishedName");
        rdns[count % MOST_RDNS] = set;
    }
    size_t shown = count < MOST_RDNS ? count : MOST_RDNS;
    for (size_t i = 0; i < shown; i++) {
        if (i != 0)
            hf_text_add(&t, ", ");
        add_rdn(&t, rdns[(count - 1 - i) % MOST_RDNS]);
    }
    t.cut |= shown < count;
    hf_text_mark_cut(&t);
    return t.n;
}

size_t hf_name_common(hf_bytes name, char *text, size_t size)
{
    hf_text t;
    hf_name_iter it;
    hf_attribute a;
    hf_text_init(&t, text, size);
    hf_name_start(&it, name);
    while (hf_name_next(&it, &a)) {
        if (HF_OID_IS(a.oid, HF_OID_COMMON_NAME)) {
            add_value(&t, &a);
            break;
        }
    }
    hf_text_mark_cut(&t);
    return t.n;
}
