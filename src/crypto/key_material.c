/* key_material.c: RSA, ECDSA and EdDSA by libcrypto: RFC 8017, FIPS 186-5, RFC 8032.
 *
 * RSA and ECDSA go through the low-level functions with a digest of ours: no fetch, no context per
 * operation, and one key object may serve many threads. EdDSA hashes the message itself and has
 * only the EVP way. RSA's private operation is blinded and its CRT result checked by libcrypto.
 */
#include "crypto/key_material.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/der.h"
#include "base/der_write.h"
#include "crypto/ecdsa.h"
#include "crypto/hkdf.h"
#include "crypto/rsa_keys.h"
#include "crypto/shelf.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

enum { EC_MAX_SCALAR = 66 }; /* bytes, of P-521 */

/* ---- objects that are used again ---- */

/* An EC_KEY copies its curve, which takes 27 allocations: those of public keys are kept, by curve,
 * and get their next point in place. */
static hf_shelf ec_keys[3];

static hf_shelf *shelf_of(hf_key_type type)
{
    return type == HF_KEY_P256 ? &ec_keys[0] : type == HF_KEY_P384 ? &ec_keys[1] : &ec_keys[2];
}

static EC_KEY *take_ec_key(hf_key_type type, const EC_GROUP *curve)
{
    EC_KEY *key = hf_shelf_take(shelf_of(type));
    if (key != NULL)
        return key;
    key = EC_KEY_new();
    if (key != NULL && EC_KEY_set_group(key, curve) == 1)
        return key;
    EC_KEY_free(key);
    return NULL;
}

static void put_ec_key(const hf_key_material *m)
{
    if (!m->shelved || !hf_shelf_put(shelf_of(m->type), m->ec))
        EC_KEY_free(m->ec);
}

static void put_rsa_key(const hf_key_material *m)
{
    if (m->shelved)
        hf_rsa_keys_put(m->rsa);
    else
        RSA_free(m->rsa);
}

/* For reading points, which are public. */
static hf_shelf contexts;

/* A signature's two numbers as libcrypto wants them, filled anew for each verification. */
typedef struct ec_signature {
    ECDSA_SIG *both;
    BIGNUM *r, *s; /* inside of it */
} ec_signature;

static hf_shelf ec_signatures;

static void free_ec_signature(ec_signature *sig)
{
    ECDSA_SIG_free(sig->both);
    OPENSSL_free(sig);
}

static ec_signature *take_ec_signature(void)
{
    ec_signature *sig = hf_shelf_take(&ec_signatures);
    if (sig != NULL)
        return sig;
    sig = OPENSSL_zalloc(sizeof *sig);
    if (sig == NULL)
        return NULL;
    sig->both = ECDSA_SIG_new();
    sig->r = BN_new();
    sig->s = BN_new();
    if (sig->both != NULL && sig->r != NULL && sig->s != NULL &&
        ECDSA_SIG_set0(sig->both, sig->r, sig->s) == 1)
        return sig;
    BN_free(sig->r);
    BN_free(sig->s);
    free_ec_signature(sig);
    return NULL;
}

void hf_key_material_clear(hf_key_material *m)
{
    if (m->rsa != NULL)
        put_rsa_key(m);
    if (m->ec != NULL)
        put_ec_key(m);
    EVP_PKEY_free(m->ed);
    *m = (hf_key_material){0};
}

/* ---- public keys ---- */

static hf_status rsa_public(const hf_spki *k, hf_key_material *out)
{
    unsigned exponent_bits = hf_magnitude_bits(k->exponent);
    if (k->bits < HF_RSA_LEAST_BITS || k->bits > HF_RSA_MAX_BITS ||
        exponent_bits > HF_RSA_MAX_EXPONENT_BITS)
        return HF_E_KEY_UNSUPPORTED;
    bool odd = (k->modulus.p[k->modulus.n - 1] & 1) != 0 && exponent_bits >= 2 &&
               (k->exponent.p[k->exponent.n - 1] & 1) != 0;
    if (!odd)
        return HF_E_KEY_MALFORMED;

    out->shelved = true;
    out->rsa = hf_rsa_keys_take(k);
    if (out->rsa != NULL)
        return HF_OK;
    out->rsa = RSA_new();
    BIGNUM *n = BN_bin2bn(k->modulus.p, (int)k->modulus.n, NULL);
    BIGNUM *e = BN_bin2bn(k->exponent.p, (int)k->exponent.n, NULL);
    if (out->rsa != NULL && n != NULL && e != NULL && RSA_set0_key(out->rsa, n, e, NULL) == 1)
        return HF_OK;
    BN_free(n);
    BN_free(e);
    out->shelved = false; /* it has no numbers to be found by */
    return HF_E_OUT_OF_MEMORY;
}

static hf_status ec_public(const hf_spki *k, hf_key_material *out)
{
    const EC_GROUP *curve = hf_libcrypto_curve(k->type);
    if (curve == NULL)
        return HF_E_KEY_UNSUPPORTED;
    out->ec = take_ec_key(k->type, curve);
    if (out->ec == NULL)
        return HF_E_OUT_OF_MEMORY;
    out->shelved = true;
    BN_CTX *ctx = hf_shelf_take(&contexts);
    if (ctx == NULL)
        ctx = BN_CTX_new();
    /* checks that the coordinates are below the prime and the point is on the curve */
    bool read = ctx != NULL && EC_KEY_oct2key(out->ec, k->point.p, k->point.n, ctx) == 1;
    hf_status status = read          ? HF_OK
                       : ctx == NULL ? HF_E_OUT_OF_MEMORY
                                     : hf_libcrypto_failure(HF_E_KEY_MALFORMED);
    if (ctx != NULL && (!read || !hf_shelf_put(&contexts, ctx)))
        BN_CTX_free(ctx);
    return status;
}

static hf_status ed_public(const hf_spki *k, hf_key_material *out)
{
    int type = k->type == HF_KEY_ED25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448;
    out->ed = EVP_PKEY_new_raw_public_key(type, NULL, k->point.p, k->point.n);
    return out->ed != NULL ? HF_OK : hf_libcrypto_failure(HF_E_KEY_UNSUPPORTED);
}

hf_status hf_key_material_public(const hf_spki *spki, hf_key_material *out)
{
    hf_status status;
    *out = (hf_key_material){.type = spki->type, .bits = spki->bits, .pss_hash = spki->pss_hash};
    ERR_set_mark();
    switch (spki->type) {
    case HF_KEY_RSA:
    case HF_KEY_RSA_PSS:
        status = rsa_public(spki, out);
        break;
    case HF_KEY_ED25519:
    case HF_KEY_ED448:
        status = ed_public(spki, out);
        break;
    default:
        status = ec_public(spki, out);
        break;
    }
    ERR_pop_to_mark();
    if (status != HF_OK)
        hf_key_material_clear(out);
    return status;
}

/* ---- SubjectPublicKeyInfo ---- */

enum { SPKI_ROOM = HF_RSA_MAX_BITS / 8 + 256 };

/* The public parts as bytes in `room`, borrowed by `k`. */
static bool public_parts(const hf_key_material *m, uint8_t *room, size_t size, hf_spki *k)
{
    *k = (hf_spki){.type = m->type, .bits = m->bits, .pss_hash = m->pss_hash};
    if (m->rsa != NULL) {
        const BIGNUM *n = RSA_get0_n(m->rsa), *e = RSA_get0_e(m->rsa);
        size_t n_len = (size_t)BN_num_bytes(n), e_len = (size_t)BN_num_bytes(e);
        if (n_len + e_len > size)
            return false;
        BN_bn2bin(n, room);
        BN_bn2bin(e, room + n_len);
        k->modulus = hf_bytes_of(room, n_len);
        k->exponent = hf_bytes_of(room + n_len, e_len);
        return true;
    }
    size_t len = size;
    if (m->ec != NULL)
        len = EC_POINT_point2oct(EC_KEY_get0_group(m->ec), EC_KEY_get0_public_key(m->ec),
                                 POINT_CONVERSION_UNCOMPRESSED, room, size, NULL);
    else if (EVP_PKEY_get_raw_public_key(m->ed, room, &len) != 1)
        len = 0;
    k->point = hf_bytes_of(room, len);
    return len != 0;
}

hf_status hf_key_material_spki(const hf_key_material *m, hf_bytes *out)
{
    uint8_t parts[SPKI_ROOM], der[SPKI_ROOM];
    hf_spki k;
    hf_writer w;
    ERR_set_mark();
    bool ok = public_parts(m, parts, sizeof parts, &k);
    ERR_pop_to_mark();
    if (!ok)
        return HF_E_OUT_OF_MEMORY;
    hf_writer_init(&w, der, sizeof der);
    hf_spki_write(&w, &k);
    hf_bytes written = hf_writer_bytes(&w);
    if (written.n == 0)
        return HF_E_INTERNAL;
    uint8_t *copy = hf_alloc(written.n);
    if (copy == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_copy(copy, written.p, written.n);
    *out = hf_bytes_of(copy, written.n);
    return HF_OK;
}

/* ---- verifying ---- */

static int digest_nid(const hf_hash *hash)
{
    switch (hash->id) {
    case 4:
        return NID_sha256;
    case 5:
        return NID_sha384;
    default:
        return NID_sha512;
    }
}

/* The signature is as long as the modulus, always (RFC 8017 sections 8.1.2 and 8.2.2). PKCS#1 v1.5
 * is verified by comparing with the one right encoding; PSS with a salt of the digest's length. */
static bool rsa_verify(RSA *rsa, hf_padding padding, const hf_hash *hash, const uint8_t *digest,
                       hf_bytes signature)
{
    if (signature.n != (size_t)RSA_size(rsa))
        return false;
    if (padding == HF_PADDING_PKCS1)
        return RSA_verify(digest_nid(hash), digest, hash->digest_len, signature.p,
                          (unsigned)signature.n, rsa) == 1;

    const EVP_MD *md = hf_libcrypto_md(hash->id);
    uint8_t encoded[HF_SIGNATURE_MAX];
    return md != NULL &&
           RSA_public_decrypt((int)signature.n, signature.p, encoded, rsa, RSA_NO_PADDING) ==
               (int)signature.n &&
           RSA_verify_PKCS1_PSS_mgf1(rsa, digest, md, md, encoded, hash->digest_len) == 1;
}

static hf_bytes read_positive(hf_reader *r, const char *name)
{
    hf_bytes n = hf_der_integer(r, name);
    if (n.n != 0 && (n.p[0] & 0x80) != 0)
        hf_reader_fail(r, HF_E_DECODE, name);
    return n;
}

/* Ecdsa-Sig-Value (RFC 3279 section 2.2.3) in DER: one encoding for a signature, or it is none. */
static bool ec_verify(hf_key_type type, EC_KEY *key, const hf_hash *hash, const uint8_t *digest,
                      hf_bytes signature)
{
    hf_reader reader, sequence;
    hf_reader_init(&reader, signature, NULL);
    hf_der_enter(&reader, &sequence, HF_DER_SEQUENCE, "Ecdsa-Sig-Value");
    hf_bytes r = read_positive(&sequence, "r"), s = read_positive(&sequence, "s");
    hf_reader_done(&sequence);
    if (!hf_reader_done(&reader))
        return false;
#ifdef HF_HAS_MODULAR
    if (type == HF_KEY_P256)
        return hf_ecdsa_p256_verify(key, hf_bytes_of(digest, hash->digest_len), r, s);
#endif
    ec_signature *sig = take_ec_signature();
    bool right = sig != NULL && BN_bin2bn(r.p, (int)r.n, sig->r) != NULL &&
                 BN_bin2bn(s.p, (int)s.n, sig->s) != NULL &&
                 ECDSA_do_verify(digest, hash->digest_len, sig->both, key) == 1;
    if (sig == NULL)
        ERR_raise(ERR_LIB_EC, ERR_R_MALLOC_FAILURE); /* for hf_libcrypto_failure */
    else if (!hf_shelf_put(&ec_signatures, sig))
        free_ec_signature(sig);
    return right;
}

static hf_status ed_verify(EVP_PKEY *key, hf_bytes message, hf_bytes signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return HF_E_OUT_OF_MEMORY;
    bool right = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
                 EVP_DigestVerify(ctx, signature.p, signature.n, message.p, message.n) == 1;
    EVP_MD_CTX_free(ctx);
    return right ? HF_OK : hf_libcrypto_failure(HF_E_BAD_SIGNATURE);
}

hf_status hf_key_material_verify(const hf_key_material *m, hf_padding padding, const hf_hash *hash,
                                 hf_bytes message, hf_bytes signature)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    bool right = false;
    if (signature.n == 0 || signature.n > HF_SIGNATURE_MAX)
        return HF_E_BAD_SIGNATURE;
    if (hash != NULL)
        hf_hash_of(hash, &message, 1, digest);

    hf_status status;
    ERR_set_mark();
    if (m->ed != NULL) {
        status = ed_verify(m->ed, message, signature);
    } else {
        if (hash != NULL && m->rsa != NULL)
            right = rsa_verify(m->rsa, padding, hash, digest, signature);
        else if (hash != NULL && m->ec != NULL)
            right = ec_verify(m->type, m->ec, hash, digest, signature);
        status = right ? HF_OK : hf_libcrypto_failure(HF_E_BAD_SIGNATURE);
    }
    ERR_pop_to_mark();
    return status;
}

/* ---- signing ---- */

static bool rsa_sign(RSA *rsa, hf_padding padding, const hf_hash *hash, const uint8_t *digest,
                     uint8_t *signature, size_t *signature_len)
{
    unsigned len = 0;
    if (padding == HF_PADDING_PKCS1) {
        bool ok = RSA_sign(digest_nid(hash), digest, hash->digest_len, signature, &len, rsa) == 1;
        *signature_len = len;
        return ok;
    }
    const EVP_MD *md = hf_libcrypto_md(hash->id);
    const int size = RSA_size(rsa);
    uint8_t encoded[HF_SIGNATURE_MAX];
    if (md == NULL || size > HF_SIGNATURE_MAX ||
        RSA_padding_add_PKCS1_PSS_mgf1(rsa, encoded, digest, md, md, hash->digest_len) != 1 ||
        RSA_private_encrypt(size, encoded, signature, rsa, RSA_NO_PADDING) != size)
        return false;
    *signature_len = (size_t)size;
    return true;
}

/* r and s, each as long as the order of the curve. */
static bool ec_sign_numbers(const hf_key_material *m, hf_bytes digest, uint8_t *r, uint8_t *s)
{
#ifdef HF_HAS_MODULAR
    if (m->type == HF_KEY_P256)
        return hf_ecdsa_p256_sign(m->ec, digest, r, s);
#endif
    int n = (int)hf_key_type_field_len(m->type);
    ECDSA_SIG *sig = ECDSA_do_sign(digest.p, (int)digest.n, m->ec);
    bool ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), r, n) == n &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), s, n) == n;
    ECDSA_SIG_free(sig);
    return ok;
}

static bool ec_sign(const hf_key_material *m, const hf_hash *hash, const uint8_t *digest,
                    uint8_t *signature, size_t *signature_len)
{
    uint8_t r[EC_MAX_SCALAR], s[EC_MAX_SCALAR];
    const size_t n = hf_key_type_field_len(m->type);
    if (!ec_sign_numbers(m, hf_bytes_of(digest, hash->digest_len), r, s))
        return false;
    hf_writer w;
    hf_writer_init(&w, signature, HF_SIGNATURE_MAX);
    size_t sequence = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write_integer(&w, hf_bytes_of(r, n));
    hf_der_write_integer(&w, hf_bytes_of(s, n));
    hf_der_close(&w, sequence);
    *signature_len = hf_writer_bytes(&w).n;
    return *signature_len != 0;
}

static bool ed_sign(EVP_PKEY *key, hf_bytes message, uint8_t *signature, size_t *signature_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    *signature_len = HF_SIGNATURE_MAX;
    bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(ctx, signature, signature_len, message.p, message.n) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

hf_status hf_key_material_sign(const hf_key_material *m, hf_padding padding, const hf_hash *hash,
                               hf_bytes message, uint8_t *signature, size_t *signature_len)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    bool ok = false;
    *signature_len = 0;
    if (hash != NULL)
        hf_hash_of(hash, &message, 1, digest);
    ERR_set_mark();
    if (m->ed != NULL) {
        ok = ed_sign(m->ed, message, signature, signature_len);
    } else if (hash != NULL && m->rsa != NULL) {
        ok = rsa_sign(m->rsa, padding, hash, digest, signature, signature_len);
    } else if (hash != NULL && m->ec != NULL) {
        ok = ec_sign(m, hash, digest, signature, signature_len);
    }
    const hf_status status = ok ? HF_OK : hf_libcrypto_failure(HF_E_SIGNING);
    ERR_pop_to_mark();
    if (!ok)
        *signature_len = 0;
    return status;
}
