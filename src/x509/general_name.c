/* general_name.c: the names that a certificate is for. */
#include "x509/general_name.h"

#include "base/bytes.h"
#include "base/der.h"
#include "x509/name.h"
#include "x509/text.h"

const char *hf_general_name_type(int type)
{
    static const char *const names[HF_GENERAL_NAME_TYPES] = {
        "otherName",
        "rfc822Name",
        "dNSName",
        "x400Address",
        "directoryName",
        "ediPartyName",
        "uniformResourceIdentifier",
        "iPAddress",
        "registeredID",
    };
    return type >= 0 && type < HF_GENERAL_NAME_TYPES ? names[type] : "name";
}

static bool is_ia5(hf_bytes v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] >= 0x80)
            return false;
    return true;
}

static bool address_fits(size_t n, bool constraint)
{
    return constraint ? n == 8 || n == 32 : n == 4 || n == 16;
}

static hf_bytes read_directory_name(hf_reader *r, const char *name)
{
    hf_reader explicit;
    hf_der_enter(r, &explicit, HF_DER_CONTEXT_CONSTRUCTED(4), name);
    hf_bytes value = hf_name_read(&explicit, name);
    hf_reader_done(&explicit);
    return value;
}

static hf_bytes read_other_name(hf_reader *r, const char *name)
{
    hf_reader other;
    hf_der_enter(r, &other, HF_DER_CONTEXT_CONSTRUCTED(0), name);
    hf_bytes value = {other.p, other.n};
    hf_der_oid(&other, "type-id");
    hf_der_value(&other, HF_DER_CONTEXT_CONSTRUCTED(0), "value");
    hf_reader_done(&other);
    return value;
}

void hf_general_name_read(hf_reader *r, hf_general_name *g, bool constraint)
{
    int tag = hf_der_peek(r);
    *g = (hf_general_name){.type = tag & 0x1f};
    const char *name = hf_general_name_type(g->type);
    if (tag < 0 || g->type >= HF_GENERAL_NAME_TYPES) {
        hf_der_refuse(r, r->at, "GeneralName", HF_DER_EXPECTED_CHOICE);
    } else if (g->type == 4) {
        g->value = read_directory_name(r, name);
    } else if (g->type == 0) {
        g->value = read_other_name(r, name);
    } else if (g->type == 3 || g->type == 5) {
        g->value = hf_der_value(r, HF_DER_CONTEXT_CONSTRUCTED(g->type), name);
    } else {
        size_t start = r->at;
        g->value = hf_der_value(r, HF_DER_CONTEXT(g->type), name);
        if (g->type == 7 && !address_fits(g->value.n, constraint))
            hf_der_refuse(r, start, name, HF_DER_EXPECTED_ADDRESS);
        else if (g->type != 7 && g->type != 8 && !is_ia5(g->value))
            hf_der_refuse(r, start, name, HF_DER_EXPECTED_ASCII);
    }
}

void hf_general_name_again(hf_reader *r, hf_general_name *g)
{
    int tag = hf_der_peek(r);
    *g = (hf_general_name){.type = tag & 0x1f};
    g->value = hf_der_value(r, (uint8_t)tag, hf_general_name_type(g->type));
}

void hf_san_start(const hf_cert *cert, hf_san_iter *it)
{
    hf_reader r;
    hf_reader_init(&r, cert->subject_alt_name, NULL);
    it->rest = hf_der_value(&r, HF_DER_SEQUENCE, "subjectAltName");
}

bool hf_san_next_any(hf_san_iter *it, hf_general_name *g)
{
    hf_reader r;
    if (it->rest.n == 0)
        return false;
    hf_reader_init(&r, it->rest, NULL);
    hf_general_name_read(&r, g, false);
    it->rest = r.failed ? (hf_bytes){NULL, 0} : (hf_bytes){r.p + r.at, r.n - r.at};
    return !r.failed;
}

bool hf_san_next(hf_san_iter *it, hf_san_type *type, hf_bytes *value)
{
    hf_general_name g;
    if (!hf_san_next_any(it, &g))
        return false;
    bool known = g.type == 1 || g.type == 2 || g.type == 4 || g.type == 6 || g.type == 7;
    *type = known ? (hf_san_type)g.type : HF_SAN_OTHER;
    *value = g.value;
    return true;
}

size_t hf_cert_names_text(const hf_cert *cert, char *text, size_t size)
{
    hf_text t;
    hf_san_iter it;
    hf_general_name g;
    bool first = true;
    hf_text_init(&t, text, size);
    hf_san_start(cert, &it);
    for (; !t.cut && hf_san_next_any(&it, &g); first = false) {
        if (!first)
            hf_text_add(&t, ", ");
        char name[HF_ERROR_TEXT];
        if (g.type == 7) {
            hf_text_add_ip(&t, g.value);
        } else if (g.type == 4) {
            hf_name_text(g.value, name, sizeof(name));
            hf_text_addf(&t, "(%s)", name);
        } else if (g.type == 1 || g.type == 2 || g.type == 6) {
            hf_text_add_escaped(&t, g.value, ",\\ ");
        } else {
            hf_text_addf(&t, "(%s)", hf_general_name_type(g.type));
        }
    }
    hf_text_mark_cut(&t);
    return t.n;
}
