/* key_private.c: private keys in DER <-> key material: PKCS#8 (RFC 5958), SEC1 (RFC 5915), PKCS#1
 * (RFC 8017). What is read here is strict DER, and a public key that comes along must belong. */
#include "crypto/key_private.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "base/der_write.h"
#include "base/error.h"

#include <openssl/bn.h>

static hf_status no_memory(hf_error *e)
{
    return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
}

/* ---- EC ---- */

static hf_status set_ec(hf_key_type type, hf_bytes scalar, EC_KEY *ec, hf_error *e)
{
    const EC_GROUP *curve = hf_libcrypto_curve(type);
    hf_status status = HF_E_OUT_OF_MEMORY;
    BIGNUM *d = BN_new();
    EC_POINT *point = EC_POINT_new(curve);
    if (d != NULL && point != NULL && EC_KEY_set_group(ec, curve) == 1 &&
        BN_bin2bn(scalar.p, (int)scalar.n, d) != NULL) {
        BN_set_flags(d, BN_FLG_CONSTTIME);
        if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(curve)) >= 0)
            status = HF_E_KEY_MALFORMED;
        else if (EC_POINT_mul(curve, point, d, NULL, NULL, NULL) == 1 &&
                 EC_KEY_set_private_key(ec, d) == 1 && EC_KEY_set_public_key(ec, point) == 1)
            status = HF_OK;
    }
    EC_POINT_free(point);
    BN_clear_free(d);
    if (status == HF_E_KEY_MALFORMED)
        return hf_fail(e, status, "privateKey", "a number between 1 and the curve's order less 1",
                       "one outside");
    return status == HF_OK ? HF_OK : no_memory(e);
}

/* True when `point` is how the key's public half is encoded, in either form. */
static bool is_public_half(const EC_KEY *ec, hf_bytes point)
{
    uint8_t own[1 + 2 * 66];
    point_conversion_form_t form = point.n != 0 && point.p[0] != POINT_CONVERSION_UNCOMPRESSED
                                       ? POINT_CONVERSION_COMPRESSED
                                       : POINT_CONVERSION_UNCOMPRESSED;
    size_t n = EC_POINT_point2oct(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec), form, own,
                                  sizeof own, NULL);
    return n != 0 && hf_bytes_equal(hf_bytes_of(own, n), point);
}

/* ECPrivateKey. `type` is the curve that PKCS#8 named, or HF_KEY_NONE for SEC1 alone. */
static hf_status read_ec(hf_bytes der, hf_key_type type, hf_key_material *out, hf_error *e)
{
    hf_reader r, in, sub;
    hf_bytes curve = {NULL, 0}, point = {NULL, 0};
    hf_reader_init(&r, der, NULL);
    hf_der_enter(&r, &in, HF_DER_SEQUENCE, "ECPrivateKey");
    uint32_t version = hf_der_small(&in, "version");
    hf_bytes scalar = hf_der_value(&in, HF_DER_OCTET_STRING, "privateKey");
    if (hf_der_peek(&in) == HF_DER_CONTEXT_CONSTRUCTED(0)) {
        hf_der_enter(&in, &sub, HF_DER_CONTEXT_CONSTRUCTED(0), "parameters");
        curve = hf_der_peek(&sub) == HF_DER_OID ? hf_der_value(&sub, HF_DER_OID, "namedCurve")
                                                : hf_der_any(&sub, NULL, "parameters");
        hf_reader_done(&sub);
    }
    if (hf_der_peek(&in) == HF_DER_CONTEXT_CONSTRUCTED(1)) {
        hf_der_enter(&in, &sub, HF_DER_CONTEXT_CONSTRUCTED(1), "publicKey");
        point = hf_der_bits(&sub, "publicKey");
        hf_reader_done(&sub);
    }
    hf_reader_done(&in);
    if (!hf_reader_done(&r))
        return hf_der_status(&r, HF_E_KEY_MALFORMED, e);
    if (version != 1)
        return hf_fail(e, HF_E_KEY_MALFORMED, "version", "1", "%u", version);

    if (curve.n == 0 && type == HF_KEY_NONE)
        return hf_fail(e, HF_E_KEY_MALFORMED, "parameters", "the name of a curve", "none");
    if (curve.n != 0) {
        hf_key_type named = hf_curve_of_oid(curve);
        if (named == HF_KEY_NONE)
            return hf_fail(e, HF_E_KEY_UNSUPPORTED, "parameters", "P-256, P-384 or P-521",
                           "another curve");
        if (type != HF_KEY_NONE && named != type)
            return hf_fail(e, HF_E_KEY_MALFORMED, "parameters", hf_key_type_name(type), "%s",
                           hf_key_type_name(named));
        type = named;
    }
    if (hf_libcrypto_curve(type) == NULL)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, "parameters", NULL, "%s", hf_key_type_name(type));

    /* RFC 5915 asks for leading zeros; some writers leave them out */
    size_t field = hf_key_type_field_len(type);
    if (scalar.n == 0 || scalar.n > field)
        return hf_fail(e, HF_E_KEY_MALFORMED, "privateKey", "as many bytes as the curve's order",
                       "%zu bytes", scalar.n);
    out->type = type;
    out->bits = type == HF_KEY_P521 ? 521 : (unsigned)field * 8;
    out->ec = EC_KEY_new();
    if (out->ec == NULL)
        return no_memory(e);
    hf_status status = set_ec(type, scalar, out->ec, e);
    if (status == HF_OK && point.p != NULL && !is_public_half(out->ec, point))
        return hf_fail(e, HF_E_KEY_MALFORMED, "publicKey", "the private key's public half",
                       "another key");
    return status;
}

/* ---- EdDSA ---- */

/* RFC 8410 section 7: an OCTET STRING in the OCTET STRING. */
static hf_status read_ed(hf_bytes der, hf_key_type type, hf_key_material *out, hf_error *e)
{
    hf_reader r;
    hf_reader_init(&r, der, NULL);
    hf_bytes seed = hf_der_value(&r, HF_DER_OCTET_STRING, "CurvePrivateKey");
    if (!hf_reader_done(&r))
        return hf_der_status(&r, HF_E_KEY_MALFORMED, e);
    if (seed.n != hf_key_type_field_len(type))
        return hf_fail(e, HF_E_KEY_MALFORMED, "CurvePrivateKey",
                       type == HF_KEY_ED25519 ? "32 bytes" : "57 bytes", "%zu bytes", seed.n);
    out->bits = type == HF_KEY_ED25519 ? 256 : 448;
    out->ed = EVP_PKEY_new_raw_private_key(
        type == HF_KEY_ED25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448, NULL, seed.p, seed.n);
    return out->ed != NULL ? HF_OK : no_memory(e);
}

static bool ed_is_public_half(EVP_PKEY *ed, hf_bytes octets)
{
    uint8_t own[57];
    size_t n = sizeof own;
    return EVP_PKEY_get_raw_public_key(ed, own, &n) == 1 &&
           hf_bytes_equal(hf_bytes_of(own, n), octets);
}

/* ---- PKCS#8 ---- */

static hf_status read_inner(hf_bytes inner, hf_key_material *out, hf_error *e)
{
    switch (out->type) {
    case HF_KEY_RSA:
    case HF_KEY_RSA_PSS:
        return hf_rsa_private_read(inner, out, e);
    case HF_KEY_ED25519:
    case HF_KEY_ED448:
        return read_ed(inner, out->type, out, e);
    default:
        return read_ec(inner, out->type, out, e);
    }
}

/* OneAsymmetricKey; [0] attributes are skipped, [1] the public key of version 2 is compared. */
static hf_status read_pkcs8(hf_bytes der, hf_key_material *out, hf_error *e)
{
    hf_reader r, in;
    hf_bytes public_half = {NULL, 0};
    hf_reader_init(&r, der, NULL);
    hf_der_enter(&r, &in, HF_DER_SEQUENCE, "PrivateKeyInfo");
    uint32_t version = hf_der_small(&in, "version");
    out->type = hf_key_algorithm_read(&in, &out->pss_hash);
    hf_bytes inner = hf_der_value(&in, HF_DER_OCTET_STRING, "privateKey");
    if (hf_der_peek(&in) == HF_DER_CONTEXT_CONSTRUCTED(0))
        hf_der_value(&in, HF_DER_CONTEXT_CONSTRUCTED(0), "attributes");
    if (version == 1 && hf_der_peek(&in) == HF_DER_CONTEXT(1))
        public_half = hf_der_value(&in, HF_DER_CONTEXT(1), "publicKey");
    hf_reader_done(&in);
    if (!hf_reader_done(&r))
        return hf_der_status(&r, HF_E_KEY_MALFORMED, e);
    if (version > 1)
        return hf_fail(e, HF_E_KEY_MALFORMED, "version", "0 or 1", "%u", version);
    if (out->type == HF_KEY_NONE)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, "privateKeyAlgorithm",
                       "RSA, ECDSA (P-256, P-384, P-521), Ed25519 or Ed448",
                       "another algorithm or curve");

    hf_status status = read_inner(inner, out, e);
    if (status != HF_OK || public_half.p == NULL)
        return status;
    bool belongs = public_half.n > 1 && public_half.p[0] == 0; /* no unused bits */
    hf_bytes octets = belongs ? hf_bytes_of(public_half.p + 1, public_half.n - 1) : public_half;
    if (out->ec != NULL)
        belongs = belongs && is_public_half(out->ec, octets);
    else if (out->ed != NULL)
        belongs = belongs && ed_is_public_half(out->ed, octets);
    return belongs ? HF_OK
                   : hf_fail(e, HF_E_KEY_MALFORMED, "publicKey", "the private key's public half",
                             "another key");
}

hf_status hf_private_read(hf_bytes der, hf_der_shape shape, hf_key_material *out, hf_error *e)
{
    hf_status status;
    *out = (hf_key_material){0};
    ERR_set_mark();
    switch (shape) {
    case HF_SHAPE_PKCS8:
        status = read_pkcs8(der, out, e);
        break;
    case HF_SHAPE_SEC1:
        status = read_ec(der, HF_KEY_NONE, out, e);
        break;
    case HF_SHAPE_PKCS1:
        out->type = HF_KEY_RSA;
        status = hf_rsa_private_read(der, out, e);
        break;
    default:
        status = hf_fail(e, HF_E_KEY_MALFORMED, NULL, "a private key in PKCS#8, SEC1 or PKCS#1",
                         "%s", hf_der_shape_name(shape));
        break;
    }
    ERR_pop_to_mark();
    if (status != HF_OK)
        hf_key_material_clear(out);
    return status;
}

/* ---- writing PKCS#8 ---- */

static void write_number(hf_writer *w, const BIGNUM *number)
{
    uint8_t octets[HF_RSA_MAX_BITS / 8];
    int n = number != NULL ? BN_num_bytes(number) : 0;
    if (n == 0 || n > (int)sizeof octets || BN_bn2binpad(number, octets, n) != n)
        hf_writer_fail(w, HF_E_CRYPTO);
    else
        hf_der_write_integer(w, hf_bytes_of(octets, (size_t)n));
    hf_wipe(octets, sizeof octets);
}

static void write_rsa(hf_writer *w, const RSA *rsa)
{
    size_t key = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write_small(w, 0);
    write_number(w, RSA_get0_n(rsa));
    write_number(w, RSA_get0_e(rsa));
    write_number(w, RSA_get0_d(rsa));
    write_number(w, RSA_get0_p(rsa));
    write_number(w, RSA_get0_q(rsa));
    write_number(w, RSA_get0_dmp1(rsa));
    write_number(w, RSA_get0_dmq1(rsa));
    write_number(w, RSA_get0_iqmp(rsa));
    hf_der_close(w, key);
}

static void write_ec(hf_writer *w, const EC_KEY *ec, size_t field)
{
    uint8_t point[1 + 2 * 66], scalar[66];
    size_t n = EC_POINT_point2oct(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec),
                                  POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL);
    if (n == 0 || BN_bn2binpad(EC_KEY_get0_private_key(ec), scalar, (int)field) < 0)
        hf_writer_fail(w, HF_E_CRYPTO);
    size_t key = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write_small(w, 1);
    hf_der_write(w, HF_DER_OCTET_STRING, hf_bytes_of(scalar, field));
    size_t public_half = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(1));
    hf_der_write_bits(w, hf_bytes_of(point, n));
    hf_der_close(w, public_half);
    hf_der_close(w, key);
    hf_wipe(scalar, sizeof scalar);
}

static void write_ed(hf_writer *w, const EVP_PKEY *ed)
{
    uint8_t seed[57];
    size_t n = sizeof seed;
    if (EVP_PKEY_get_raw_private_key(ed, seed, &n) == 1)
        hf_der_write(w, HF_DER_OCTET_STRING, hf_bytes_of(seed, n));
    else
        hf_writer_fail(w, HF_E_CRYPTO);
    hf_wipe(seed, sizeof seed);
}

void hf_private_write(hf_writer *w, const hf_key_material *m)
{
    size_t info = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write_small(w, 0);
    hf_key_algorithm_write(w, m->type, m->pss_hash);
    size_t key = hf_der_open(w, HF_DER_OCTET_STRING);
    ERR_set_mark();
    if (m->rsa != NULL)
        write_rsa(w, m->rsa);
    else if (m->ec != NULL)
        write_ec(w, m->ec, hf_key_type_field_len(m->type));
    else
        write_ed(w, m->ed);
    ERR_pop_to_mark();
    hf_der_close(w, key);
    hf_der_close(w, info);
}
