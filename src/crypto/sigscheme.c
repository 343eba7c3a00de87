/* sigscheme.c: the signature schemes, and the AlgorithmIdentifiers that name them in X.509. */
#include "crypto/sigscheme.h"
#include "crypto/key.h"
#include "crypto/libcrypto.h"

#include "base/bytes.h"
#include "base/der.h"

/* By speed of both sides and margin: P-256 signs and verifies fastest, PKCS#1 v1.5 comes last. */
const hf_sigscheme hf_sigschemes[] = {
    {"ecdsa_secp256r1_sha256", 0x0403, HF_KEY_P256, &hf_sha256, true},
    {"ed25519", 0x0807, HF_KEY_ED25519, NULL, true},
    {"ecdsa_secp384r1_sha384", 0x0503, HF_KEY_P384, &hf_sha384, true},
    {"rsa_pss_rsae_sha256", 0x0804, HF_KEY_RSA, &hf_sha256, true},
    {"rsa_pss_pss_sha256", 0x0809, HF_KEY_RSA_PSS, &hf_sha256, true},
    {"rsa_pss_rsae_sha384", 0x0805, HF_KEY_RSA, &hf_sha384, true},
    {"rsa_pss_pss_sha384", 0x080a, HF_KEY_RSA_PSS, &hf_sha384, true},
    {"rsa_pss_rsae_sha512", 0x0806, HF_KEY_RSA, &hf_sha512, true},
    {"rsa_pss_pss_sha512", 0x080b, HF_KEY_RSA_PSS, &hf_sha512, true},
    {"ecdsa_secp521r1_sha512", 0x0603, HF_KEY_P521, &hf_sha512, true},
    {"ed448", 0x0808, HF_KEY_ED448, NULL, true},
    {"rsa_pkcs1_sha256", 0x0401, HF_KEY_RSA, &hf_sha256, false},
    {"rsa_pkcs1_sha384", 0x0501, HF_KEY_RSA, &hf_sha384, false},
    {"rsa_pkcs1_sha512", 0x0601, HF_KEY_RSA, &hf_sha512, false},
};

const size_t hf_sigscheme_count = sizeof hf_sigschemes / sizeof hf_sigschemes[0];

static const hf_sigscheme *by_id(uint16_t id)
{
    for (size_t i = 0; i < hf_sigscheme_count; i++)
        if (hf_sigschemes[i].id == id)
            return &hf_sigschemes[i];
    return NULL;
}

hf_padding hf_sigscheme_padding(const hf_sigscheme *scheme)
{
    switch (scheme->key) {
    case HF_KEY_RSA_PSS:
        return HF_PADDING_PSS;
    case HF_KEY_RSA:
        /* 0x0804 to 0x0806 are rsa_pss_rsae_*, RFC 9846 section 4.3.3 */
        return scheme->id >> 8 == 0x08 ? HF_PADDING_PSS : HF_PADDING_PKCS1;
    default:
        return HF_PADDING_NONE;
    }
}

/* PSS needs room for salt and digest (RFC 8017 section 9.1.1), PKCS#1 v1.5 for a DigestInfo of 19
 * bytes more than the digest and 11 of padding (section 9.2). */
bool hf_sigscheme_fits(const hf_sigscheme *scheme, hf_key_type type, unsigned bits)
{
    if (scheme == NULL || scheme->key != type || type == HF_KEY_NONE)
        return false;
    switch (hf_sigscheme_padding(scheme)) {
    case HF_PADDING_PSS:
        return (bits + 6) / 8 >= 2U * scheme->hash->digest_len + 2;
    case HF_PADDING_PKCS1:
        return (bits + 7) / 8 >= 19U + scheme->hash->digest_len + 11;
    default:
        return true;
    }
}

/* ---- AlgorithmIdentifier ---- */

#define OID(...)                                                                                   \
    {                                                                                              \
        (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[])                                    \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define PKCS1(n)  OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, n)
#define NIST(...) OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, __VA_ARGS__)

typedef enum parameters { ABSENT, NULL_VALUE, PSS } parameters;

/* Algorithms by OID; scheme 0 is one that is known by name and refused. */
static const struct algorithm {
    hf_bytes oid;
    const char *name;
    uint16_t scheme;
    parameters parameters;
} algorithms[] = {
    {OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02), "ecdsa-with-SHA256", 0x0403, ABSENT},
    {OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03), "ecdsa-with-SHA384", 0x0503, ABSENT},
    {OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04), "ecdsa-with-SHA512", 0x0603, ABSENT},
    {PKCS1(11), "sha256WithRSAEncryption", 0x0401, NULL_VALUE},
    {PKCS1(12), "sha384WithRSAEncryption", 0x0501, NULL_VALUE},
    {PKCS1(13), "sha512WithRSAEncryption", 0x0601, NULL_VALUE},
    {PKCS1(10), "RSASSA-PSS", 0x0804, PSS},
    {OID(0x2b, 0x65, 0x70), "Ed25519", 0x0807, ABSENT},
    {OID(0x2b, 0x65, 0x71), "Ed448", 0x0808, ABSENT},
    {PKCS1(2), "md2WithRSAEncryption", 0, ABSENT},
    {PKCS1(4), "md5WithRSAEncryption", 0, ABSENT},
    {PKCS1(5), "sha1WithRSAEncryption", 0, ABSENT},
    {OID(0x2b, 0x0e, 0x03, 0x02, 0x1d), "sha1WithRSAEncryption", 0, ABSENT},
    {PKCS1(14), "sha224WithRSAEncryption", 0, ABSENT},
    {OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01), "ecdsa-with-SHA1", 0, ABSENT},
    {OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01), "ecdsa-with-SHA224", 0, ABSENT},
    {OID(0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03), "dsa-with-SHA1", 0, ABSENT},
    {NIST(0x03, 0x01), "dsa-with-SHA224", 0, ABSENT},
    {NIST(0x03, 0x02), "dsa-with-SHA256", 0, ABSENT},
    {NIST(0x03, 0x0a), "ecdsa-with-SHA3-256", 0, ABSENT},
    {NIST(0x03, 0x0b), "ecdsa-with-SHA3-384", 0, ABSENT},
    {NIST(0x03, 0x0c), "ecdsa-with-SHA3-512", 0, ABSENT},
    {NIST(0x03, 0x11), "ML-DSA-44", 0, ABSENT},
    {NIST(0x03, 0x12), "ML-DSA-65", 0, ABSENT},
    {NIST(0x03, 0x13), "ML-DSA-87", 0, ABSENT},
    {OID(0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75), "SM2-with-SM3", 0, ABSENT},
};

static const struct algorithm *algorithm_by_oid(hf_bytes oid)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
        if (hf_bytes_equal(algorithms[i].oid, oid))
            return &algorithms[i];
    return NULL;
}

static const struct {
    hf_bytes oid;
    const hf_hash *hash;
} pss_hashes[] = {
    {NIST(0x02, 0x01), &hf_sha256},
    {NIST(0x02, 0x02), &hf_sha384},
    {NIST(0x02, 0x03), &hf_sha512},
};

static const hf_bytes mgf1 = PKCS1(8);

/* A hash's AlgorithmIdentifier; the parameters NULL or absent (RFC 4055 section 2.1: both must be
 * taken as the same). NULL when it is no hash of ours. */
static const hf_hash *read_hash(hf_reader *r)
{
    hf_reader algorithm;
    hf_der_enter(r, &algorithm, HF_DER_SEQUENCE, "hashAlgorithm");
    hf_bytes oid = hf_der_value(&algorithm, HF_DER_OID, "algorithm");
    if (hf_reader_more(&algorithm) && hf_der_value(&algorithm, HF_DER_NULL, "parameters").n != 0)
        hf_reader_fail(&algorithm, HF_E_DECODE, "parameters");
    hf_reader_done(&algorithm);
    for (size_t i = 0; i < sizeof pss_hashes / sizeof pss_hashes[0]; i++)
        if (hf_bytes_equal(pss_hashes[i].oid, oid))
            return pss_hashes[i].hash;
    return NULL;
}

/* RSASSA-PSS-params, RFC 4055 section 3.1. The defaults are SHA-1's, so hash, mask function and
 * salt length must all be there; the trailer field is its default and thus absent in DER. */
const hf_hash *hf_pss_params_read(hf_reader *r, uint32_t *salt_len)
{
    hf_reader params, hash_field, mask_field, mask, salt_field;

    hf_der_enter(r, &params, HF_DER_SEQUENCE, "RSASSA-PSS-params");
    hf_der_enter(&params, &hash_field, HF_DER_CONTEXT_CONSTRUCTED(0), "hashAlgorithm");
    const hf_hash *hash = read_hash(&hash_field);
    hf_reader_done(&hash_field);

    hf_der_enter(&params, &mask_field, HF_DER_CONTEXT_CONSTRUCTED(1), "maskGenAlgorithm");
    hf_der_enter(&mask_field, &mask, HF_DER_SEQUENCE, "maskGenAlgorithm");
    bool is_mgf1 = hf_bytes_equal(hf_der_value(&mask, HF_DER_OID, "algorithm"), mgf1);
    const hf_hash *mask_hash = read_hash(&mask);
    hf_reader_done(&mask);
    hf_reader_done(&mask_field);

    hf_der_enter(&params, &salt_field, HF_DER_CONTEXT_CONSTRUCTED(2), "saltLength");
    *salt_len = hf_der_small(&salt_field, "saltLength");
    hf_reader_done(&salt_field);
    return hf_reader_done(&params) && is_mgf1 && hash == mask_hash ? hash : NULL;
}

/* TLS's pairing (RFC 9846 section 4.3.3), kept for certificates too: the salt is as long as the
 * digest. */
static const hf_sigscheme *pss_scheme(hf_reader *r)
{
    uint32_t salt_len = 0;
    const hf_hash *hash = hf_pss_params_read(r, &salt_len);
    if (hash == NULL || salt_len != hash->digest_len)
        return NULL;
    return by_id((uint16_t)(0x0800 | hash->id)); /* 4, 5, 6 in both registries */
}

const hf_sigscheme *hf_sigscheme_of_algorithm(hf_bytes algorithm_identifier, const char **name)
{
    hf_reader r, sequence;
    hf_reader_init(&r, algorithm_identifier, NULL);
    hf_der_enter(&r, &sequence, HF_DER_SEQUENCE, "signatureAlgorithm");
    const struct algorithm *a = algorithm_by_oid(hf_der_value(&sequence, HF_DER_OID, "algorithm"));
    *name = a != NULL ? a->name : "unknown";
    if (a == NULL || a->scheme == 0)
        return NULL;

    const hf_sigscheme *scheme = a->parameters == PSS ? pss_scheme(&sequence) : by_id(a->scheme);
    if (a->parameters == NULL_VALUE && hf_der_value(&sequence, HF_DER_NULL, "parameters").n != 0)
        return NULL;
    return hf_reader_done(&sequence) && hf_reader_done(&r) ? scheme : NULL;
}

/* id-sha256 and the like, with NULL: 15 bytes; the last octet of the OID tells them apart. */
#define HASH_ID(n)                                                                                 \
    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, n, 0x05, 0x00

/* The AlgorithmIdentifier of RSASSA-PSS with a hash and its digest's length as the salt's. */
#define PSS_ID(hash, salt)                                                                         \
    OID(0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34,  \
        0xa0, 0x0f, HASH_ID(hash), 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,     \
        0xf7, 0x0d, 0x01, 0x01, 0x08, HASH_ID(hash), 0xa2, 0x03, 0x02, 0x01, salt)

#define PKCS1_ID(n)                                                                                \
    OID(0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, n, 0x05, 0x00)
#define ECDSA_ID(n) OID(0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, n)

static const struct {
    uint16_t scheme;
    hf_bytes der;
} identifiers[] = {
    {0x0403, ECDSA_ID(2)},
    {0x0503, ECDSA_ID(3)},
    {0x0603, ECDSA_ID(4)},
    {0x0401, PKCS1_ID(11)},
    {0x0501, PKCS1_ID(12)},
    {0x0601, PKCS1_ID(13)},
    {0x0804, PSS_ID(1, 0x20)},
    {0x0805, PSS_ID(2, 0x30)},
    {0x0806, PSS_ID(3, 0x40)},
    {0x0809, PSS_ID(1, 0x20)},
    {0x080a, PSS_ID(2, 0x30)},
    {0x080b, PSS_ID(3, 0x40)},
    {0x0807, OID(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70)},
    {0x0808, OID(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71)},
};

hf_bytes hf_sigscheme_algorithm(const hf_sigscheme *scheme)
{
    for (size_t i = 0; i < sizeof identifiers / sizeof identifiers[0]; i++)
        if (identifiers[i].scheme == scheme->id)
            return identifiers[i].der;
    return (hf_bytes){NULL, 0};
}

const hf_sigscheme *hf_key_type_cert_scheme(hf_key_type type, uint8_t pss_hash)
{
    switch (type) {
    case HF_KEY_RSA:
        return by_id(0x0401);
    case HF_KEY_RSA_PSS: /* a hash that the key is bound to, else SHA-256 */
        return by_id((uint16_t)(0x0809 + (pss_hash != 0 ? pss_hash - 4 : 0)));
    case HF_KEY_P256:
        return by_id(0x0403);
    case HF_KEY_P384:
        return by_id(0x0503);
    case HF_KEY_P521:
        return by_id(0x0603);
    case HF_KEY_ED25519:
        return by_id(0x0807);
    case HF_KEY_ED448:
        return by_id(0x0808);
    default:
        return NULL;
    }
}
