/* key.c: the private key object: reference-counted, immutable, shared by threads. */
#include "crypto/key.h"
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"
#include "crypto/key_private.h"
#include "crypto/key_transport.h"

#include <openssl/bn.h>
#include <openssl/obj_mac.h>
#include <stdatomic.h>
#include <string.h>

/* A key held here has its material; an external one has its signer, and public material only. */
struct hf_key {
    atomic_uint references;
    hf_key_material material;
    hf_bytes spki; /* owned */
    bool external;
    hf_signer signer;
};

hf_status hf_key_of_material(hf_key_material *m, hf_key **out, hf_error *e)
{
    hf_key *key = hf_alloc(sizeof *key);
    hf_status status = key != NULL ? hf_key_material_spki(m, &key->spki) : HF_E_OUT_OF_MEMORY;
    if (status != HF_OK) {
        hf_free(key);
        hf_key_material_clear(m);
        return hf_fail(e, status, NULL, NULL, NULL);
    }
    atomic_init(&key->references, 1);
    key->material = *m;
    *m = (hf_key_material){0};
    *out = key;
    return HF_OK;
}

hf_key *hf_key_ref(hf_key *key)
{
    atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
    return key;
}

void hf_key_free(hf_key *key)
{
    if (key == NULL || atomic_fetch_sub_explicit(&key->references, 1, memory_order_acq_rel) != 1)
        return;
    if (key->external && key->signer.release != NULL)
        key->signer.release(key->signer.ctx);
    hf_key_material_clear(&key->material);
    hf_free((void *)(uintptr_t)key->spki.p);
    hf_free_wiped(key, sizeof *key);
}

hf_key_type hf_key_type_of(const hf_key *key)
{
    return key->material.type;
}

unsigned hf_key_bits(const hf_key *key)
{
    return key->material.bits;
}

hf_bytes hf_key_public(const hf_key *key)
{
    return key->spki;
}

const hf_sigscheme *hf_key_cert_scheme(const hf_key *key)
{
    return hf_key_type_cert_scheme(key->material.type, key->material.pss_hash);
}

/* ---- signing ---- */

bool hf_key_fits(const hf_key *key, const hf_sigscheme *scheme)
{
    const hf_key_material *m = &key->material;
    return hf_sigscheme_fits(scheme, m->type, m->bits) &&
           (m->pss_hash == 0 || (scheme->hash != NULL && scheme->hash->id == m->pss_hash));
}

hf_status hf_key_sign(const hf_key *key, const hf_sigscheme *scheme, hf_bytes message,
                      uint8_t *signature, size_t *signature_len)
{
    const hf_key_material *m = &key->material;
    *signature_len = 0;
    if (!hf_key_fits(key, scheme))
        return HF_E_SCHEME_KEY_MISMATCH;
    if (!key->external)
        return hf_key_material_sign(m, hf_sigscheme_padding(scheme), scheme->hash, message,
                                    signature, signature_len);
    hf_status status = key->signer.sign(key->signer.ctx, scheme, message, signature, signature_len);
    if (status == HF_OK && (*signature_len == 0 || *signature_len > HF_SIGNATURE_MAX))
        status = HF_E_SIGNING;
    if (status != HF_OK)
        *signature_len = 0;
    return status;
}

hf_status hf_key_new_external(hf_bytes public_key, const hf_signer *signer, hf_key **out,
                              hf_error *e)
{
    hf_spki k;
    hf_key_material m = {0};
    if (signer == NULL || signer->sign == NULL)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "signer", "a sign function", "none");
    hf_status status = hf_spki_parse(public_key, &k);
    if (status == HF_OK)
        status = hf_key_material_public(&k, &m);
    if (status != HF_OK)
        return hf_fail(e, status, "public_key", "SubjectPublicKeyInfo of a key handfast has",
                       "%zu bytes of something else", public_key.n);
    hf_key *key = NULL;
    status = hf_key_of_material(&m, &key, e);
    if (status != HF_OK)
        return status;
    key->external = true;
    key->signer = *signer;
    *out = key;
    return HF_OK;
}

/* ---- RSA key transport ---- */

bool hf_key_decrypts(const hf_key *key)
{
    return key->material.type == HF_KEY_RSA && !key->external;
}

hf_status hf_premaster_decrypt(const hf_key *key, hf_bytes encrypted, uint16_t version,
                               const uint8_t random[HF_PREMASTER], uint8_t out[HF_PREMASTER])
{
    if (!hf_key_decrypts(key))
        return HF_E_SCHEME_KEY_MISMATCH;
    return hf_key_material_premaster(&key->material, encrypted, version, random, out);
}

/* ---- making ---- */

static hf_status generate_rsa(unsigned bits, hf_key_material *m)
{
    m->bits = bits;
    m->rsa = RSA_new();
    BIGNUM *e = BN_new();
    bool ok = m->rsa != NULL && e != NULL && BN_set_word(e, RSA_F4) == 1 &&
              RSA_generate_key_ex(m->rsa, (int)bits, e, NULL) == 1;
    BN_free(e);
    return ok ? HF_OK : hf_libcrypto_failure(HF_E_CRYPTO);
}

static hf_status generate_ec(hf_key_material *m)
{
    const EC_GROUP *curve = hf_libcrypto_curve(m->type);
    if (curve == NULL)
        return HF_E_KEY_UNSUPPORTED;
    m->bits = (unsigned)EC_GROUP_get_degree(curve);
    m->ec = EC_KEY_new();
    if (m->ec == NULL || EC_KEY_set_group(m->ec, curve) != 1)
        return HF_E_OUT_OF_MEMORY;
    return EC_KEY_generate_key(m->ec) == 1 ? HF_OK : hf_libcrypto_failure(HF_E_CRYPTO);
}

static hf_status generate_ed(hf_key_material *m)
{
    bool is_25519 = m->type == HF_KEY_ED25519;
    m->bits = is_25519 ? 256 : 448;
    m->ed = EVP_PKEY_Q_keygen(NULL, NULL, is_25519 ? "ED25519" : "ED448");
    return m->ed != NULL ? HF_OK : hf_libcrypto_failure(HF_E_CRYPTO);
}

hf_status hf_key_generate(hf_key_type type, unsigned bits, hf_key **out, hf_error *e)
{
    hf_key_material m = {.type = type};
    hf_status status;
    ERR_set_mark();
    switch (type) {
    case HF_KEY_RSA:
    case HF_KEY_RSA_PSS:
        bits = bits == 0 ? HF_RSA_MIN_BITS : bits;
        status = bits >= HF_RSA_MIN_BITS && bits <= HF_RSA_MAX_BITS ? generate_rsa(bits, &m)
                                                                    : HF_E_BAD_ARGUMENT;
        break;
    case HF_KEY_P256:
    case HF_KEY_P384:
    case HF_KEY_P521:
        status = generate_ec(&m);
        break;
    case HF_KEY_ED25519:
    case HF_KEY_ED448:
        status = generate_ed(&m);
        break;
    default:
        status = HF_E_KEY_UNSUPPORTED;
        break;
    }
    ERR_pop_to_mark();
    if (status == HF_OK)
        return hf_key_of_material(&m, out, e);
    hf_key_material_clear(&m);
    if (status == HF_E_BAD_ARGUMENT)
        return hf_fail(e, status, "bits", "2048 to 8192", "%u", bits);
    return hf_fail(e, status, "type", NULL, "%s", hf_key_type_name(type));
}

/* ---- writing ---- */

hf_status hf_key_write_pem(const hf_key *key, const char *password, char **out, hf_error *e)
{
    if (key->external)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "key", "a key that is held here", "an external key");
    uint8_t plain[HF_PRIVATE_ROOM], sealed[HF_PRIVATE_ROOM + 512];
    hf_writer w;
    hf_writer_init(&w, plain, sizeof plain);
    hf_private_write(&w, &key->material);
    hf_bytes der = hf_writer_bytes(&w);
    hf_status status = der.n != 0 ? HF_OK : HF_E_CRYPTO;
    if (status == HF_OK && password != NULL) {
        hf_writer_init(&w, sealed, sizeof sealed);
        status = hf_pbes2_encrypt(der, password, &w);
        der = hf_writer_bytes(&w);
        if (status == HF_OK && der.n == 0)
            status = HF_E_INTERNAL;
    }
    if (status == HF_OK) {
        *out = hf_pem_write(der, password != NULL ? "ENCRYPTED PRIVATE KEY" : "PRIVATE KEY");
        if (*out == NULL)
            status = HF_E_OUT_OF_MEMORY;
    }
    hf_wipe(plain, sizeof plain);
    return status == HF_OK ? HF_OK : hf_fail(e, status, NULL, NULL, NULL);
}

void hf_text_free(char *text)
{
    if (text != NULL)
        hf_free_wiped(text, strlen(text));
}
