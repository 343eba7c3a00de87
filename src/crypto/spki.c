/* spki.c: SubjectPublicKeyInfo <-> its parts: RFC 3279 (RSA), 4055 (PSS), 5480 (EC), 8410 (EdDSA).
 */
#include "crypto/spki.h"

#include "base/bytes.h"
#include "base/der_write.h"
#include "crypto/key.h"
#include "crypto/sigscheme.h"

#define OCTETS(text)                                                                               \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const hf_bytes oid_ec_public_key = OCTETS("\x2a\x86\x48\xce\x3d\x02\x01");

/* Keys that are known by an OID of their own. */
static const struct {
    hf_key_type type;
    hf_bytes oid;
} key_oids[] = {
    {HF_KEY_RSA, OCTETS("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")},
    {HF_KEY_RSA_PSS, OCTETS("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")},
    {HF_KEY_ED25519, OCTETS("\x2b\x65\x70")},
    {HF_KEY_ED448, OCTETS("\x2b\x65\x71")},
};

/* Keys that are id-ecPublicKey with a named curve. */
static const struct {
    hf_key_type type;
    hf_bytes oid;
} curve_oids[] = {
    {HF_KEY_P256, OCTETS("\x2a\x86\x48\xce\x3d\x03\x01\x07")},
    {HF_KEY_P384, OCTETS("\x2b\x81\x04\x00\x22")},
    {HF_KEY_P521, OCTETS("\x2b\x81\x04\x00\x23")},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

hf_key_type hf_curve_of_oid(hf_bytes oid)
{
    for (size_t i = 0; i < COUNT(curve_oids); i++)
        if (hf_bytes_equal(curve_oids[i].oid, oid))
            return curve_oids[i].type;
    return HF_KEY_NONE;
}

hf_bytes hf_curve_oid(hf_key_type type)
{
    for (size_t i = 0; i < COUNT(curve_oids); i++)
        if (curve_oids[i].type == type)
            return curve_oids[i].oid;
    return (hf_bytes){NULL, 0};
}

size_t hf_key_type_field_len(hf_key_type type)
{
    switch (type) {
    case HF_KEY_P256:
    case HF_KEY_ED25519:
        return 32;
    case HF_KEY_P384:
        return 48;
    case HF_KEY_P521:
        return 66;
    case HF_KEY_ED448:
        return 57;
    default:
        return 0;
    }
}

unsigned hf_magnitude_bits(hf_bytes magnitude)
{
    while (magnitude.n != 0 && magnitude.p[0] == 0)
        magnitude = hf_bytes_of(magnitude.p + 1, magnitude.n - 1);
    if (magnitude.n == 0 || magnitude.n > 1U << 20)
        return 0;
    unsigned bits = (unsigned)(magnitude.n - 1) * 8;
    for (uint8_t top = magnitude.p[0]; top != 0; top >>= 1)
        bits++;
    return bits;
}

/* An id-RSASSA-PSS key without parameters may be used with any hash; with them, with that one, and
 * a salt at least as long as they say (RFC 4055 section 3.1). */
static uint8_t read_pss_binding(hf_reader *algorithm, hf_key_type *type)
{
    if (!hf_reader_more(algorithm))
        return 0;
    uint32_t salt_len = 0;
    const hf_hash *hash = hf_pss_params_read(algorithm, &salt_len);
    if (hash == NULL || salt_len > hash->digest_len) {
        *type = HF_KEY_NONE;
        return 0;
    }
    return hash->id;
}

hf_key_type hf_key_algorithm_read(hf_reader *r, uint8_t *pss_hash)
{
    hf_reader algorithm;
    hf_key_type type = HF_KEY_NONE;
    *pss_hash = 0;
    hf_der_enter(r, &algorithm, HF_DER_SEQUENCE, "algorithm");
    hf_bytes oid = hf_der_value(&algorithm, HF_DER_OID, "algorithm");
    for (size_t i = 0; i < COUNT(key_oids); i++)
        if (hf_bytes_equal(key_oids[i].oid, oid))
            type = key_oids[i].type;

    if (hf_bytes_equal(oid, oid_ec_public_key) && hf_der_peek(&algorithm) == HF_DER_OID) {
        type = hf_curve_of_oid(hf_der_value(&algorithm, HF_DER_OID, "namedCurve"));
    } else if (type == HF_KEY_RSA) {
        if (hf_der_value(&algorithm, HF_DER_NULL, "parameters").n != 0)
            hf_reader_fail(&algorithm, HF_E_DECODE, "parameters");
    } else if (type == HF_KEY_RSA_PSS) {
        *pss_hash = read_pss_binding(&algorithm, &type);
    } else if (type == HF_KEY_NONE) {
        while (hf_reader_more(&algorithm)) /* another algorithm's parameters */
            hf_der_any(&algorithm, NULL, "parameters");
    }
    hf_reader_done(&algorithm);
    return type;
}

/* A positive INTEGER's magnitude. */
static hf_bytes read_positive(hf_reader *r, const char *name)
{
    hf_bytes v = hf_der_integer(r, name);
    if (v.n != 0 && (v.p[0] & 0x80) != 0)
        hf_reader_fail(r, HF_E_DECODE, name);
    if (v.n != 0 && v.p[0] == 0)
        v = hf_bytes_of(v.p + 1, v.n - 1);
    return v;
}

static void read_rsa(hf_bytes der, hf_reader *outer, hf_spki *out)
{
    hf_reader r, sequence;
    hf_reader_init(&r, der, NULL);
    hf_der_enter(&r, &sequence, HF_DER_SEQUENCE, "RSAPublicKey");
    out->modulus = read_positive(&sequence, "modulus");
    out->exponent = read_positive(&sequence, "publicExponent");
    hf_reader_done(&sequence);
    if (!hf_reader_done(&r))
        hf_reader_fail(outer, HF_E_DECODE, "subjectPublicKey");
    out->bits = hf_magnitude_bits(out->modulus);
}

static unsigned bits_of_type(hf_key_type type)
{
    switch (type) {
    case HF_KEY_P521:
        return 521;
    case HF_KEY_ED448:
        return 448;
    default:
        return (unsigned)hf_key_type_field_len(type) * 8;
    }
}

hf_status hf_spki_parse(hf_bytes der, hf_spki *out)
{
    hf_reader r, sequence;
    *out = (hf_spki){0};
    hf_reader_init(&r, der, NULL);
    hf_der_enter(&r, &sequence, HF_DER_SEQUENCE, "SubjectPublicKeyInfo");
    hf_key_type type = hf_key_algorithm_read(&sequence, &out->pss_hash);
    hf_bytes key = hf_der_bits(&sequence, "subjectPublicKey");
    bool rsa = type == HF_KEY_RSA || type == HF_KEY_RSA_PSS;
    if (rsa)
        read_rsa(key, &sequence, out);
    hf_reader_done(&sequence);
    if (!hf_reader_done(&r))
        return HF_E_KEY_MALFORMED;
    if (type == HF_KEY_NONE)
        return HF_E_KEY_UNSUPPORTED;

    out->type = type;
    if (rsa)
        return out->bits != 0 ? HF_OK : HF_E_KEY_MALFORMED;
    out->point = key;
    out->bits = bits_of_type(type);
    size_t field = hf_key_type_field_len(type);
    if (type == HF_KEY_ED25519 || type == HF_KEY_ED448)
        return key.n == field ? HF_OK : HF_E_KEY_MALFORMED;
    /* compressed points (RFC 5480 section 2.2) are optional and not taken */
    if (key.n == 1 + field && (key.p[0] == 2 || key.p[0] == 3))
        return HF_E_KEY_UNSUPPORTED;
    return key.n == 1 + 2 * field && key.p[0] == 4 ? HF_OK : HF_E_KEY_MALFORMED;
}

/* ---- writing ---- */

/* The parameters of a bound id-RSASSA-PSS key are those of the signatures it makes: taken from the
 * AlgorithmIdentifier of its scheme. */
static hf_bytes pss_algorithm(uint8_t pss_hash)
{
    return hf_sigscheme_algorithm(hf_key_type_cert_scheme(HF_KEY_RSA_PSS, pss_hash));
}

void hf_key_algorithm_write(hf_writer *w, hf_key_type type, uint8_t pss_hash)
{
    if (type == HF_KEY_RSA_PSS && pss_hash != 0) {
        hf_write_bytes(w, pss_algorithm(pss_hash));
        return;
    }
    size_t algorithm = hf_der_open(w, HF_DER_SEQUENCE);
    hf_bytes curve = hf_curve_oid(type);
    if (curve.n != 0) {
        hf_der_write(w, HF_DER_OID, oid_ec_public_key);
        hf_der_write(w, HF_DER_OID, curve);
    } else {
        for (size_t i = 0; i < COUNT(key_oids); i++)
            if (key_oids[i].type == type)
                hf_der_write(w, HF_DER_OID, key_oids[i].oid);
        if (type == HF_KEY_RSA)
            hf_der_write_null(w);
    }
    hf_der_close(w, algorithm);
}

void hf_spki_write(hf_writer *w, const hf_spki *key)
{
    size_t spki = hf_der_open(w, HF_DER_SEQUENCE);
    hf_key_algorithm_write(w, key->type, key->pss_hash);
    size_t bits = hf_der_open_bits(w);
    if (key->type == HF_KEY_RSA || key->type == HF_KEY_RSA_PSS) {
        size_t rsa = hf_der_open(w, HF_DER_SEQUENCE);
        hf_der_write_integer(w, key->modulus);
        hf_der_write_integer(w, key->exponent);
        hf_der_close(w, rsa);
    } else {
        hf_write_bytes(w, key->point);
    }
    hf_der_close(w, bits);
    hf_der_close(w, spki);
}
