/* key_transport.c: PKCS#1 v1.5 encryption of a premaster secret, and its undoing in the dark. */
#include "crypto/key_transport.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/key.h"
#include "crypto/key_private.h"

#include <openssl/err.h>

#define BLOCK_MAX (HF_RSA_MAX_BITS / 8U)
#define OVERHEAD  11U /* 0, 2, eight bytes of padding at least, 0: RFC 8017 section 7.2.1 */

/* ---- the client ---- */

/* Bytes that are not zero. Which of the drawn ones were zero says nothing about those that stay. */
static hf_status draw_padding(const hf_provider *provider, uint8_t *p, size_t n)
{
    while (n > 0) {
        uint8_t drawn[64];
        hf_status s = provider->random(provider->ctx, drawn, sizeof drawn);
        if (s != HF_OK)
            return s;
        for (size_t i = 0; i < sizeof drawn && n > 0; i++)
            if (drawn[i] != 0) {
                *p++ = drawn[i];
                n--;
            }
        hf_wipe(drawn, sizeof drawn);
    }
    return HF_OK;
}

static hf_status encrypt_block(RSA *rsa, const uint8_t *block, size_t n, uint8_t *out)
{
    ERR_set_mark();
    bool ok = RSA_public_encrypt((int)n, block, out, rsa, RSA_NO_PADDING) == (int)n;
    hf_status s = ok ? HF_OK : hf_libcrypto_failure(HF_E_CRYPTO);
    ERR_pop_to_mark();
    return s;
}

hf_status hf_premaster_encrypt(hf_bytes spki, const hf_provider *provider,
                               const uint8_t premaster[HF_PREMASTER], uint8_t *out, size_t *n)
{
    hf_spki k;
    hf_key_material m = {0};
    uint8_t block[BLOCK_MAX];
    *n = 0;
    hf_status s = hf_spki_parse(spki, &k);
    if (s == HF_OK && k.type != HF_KEY_RSA)
        s = HF_E_SCHEME_KEY_MISMATCH;
    if (s == HF_OK)
        s = hf_key_material_public(&k, &m);
    if (s != HF_OK)
        return s;
    const size_t size = (size_t)RSA_size(m.rsa);
    if (size < HF_PREMASTER + OVERHEAD || size > BLOCK_MAX)
        s = HF_E_KEY_UNSUPPORTED;
    if (s == HF_OK) {
        block[0] = 0;
        block[1] = 2;
        block[size - HF_PREMASTER - 1] = 0;
        memcpy(block + size - HF_PREMASTER, premaster, HF_PREMASTER);
        s = draw_padding(provider, block + 2, size - HF_PREMASTER - 3);
    }
    if (s == HF_OK)
        s = encrypt_block(m.rsa, block, size, out);
    if (s == HF_OK)
        *n = size;
    hf_wipe(block, sizeof block);
    hf_key_material_clear(&m);
    return s;
}

/* ---- the server ---- */

/* All ones when the byte is zero, else zero. */
static uint32_t is_zero(uint32_t byte)
{
    return ~hf_ct_nonzero_mask(byte);
}

void hf_premaster_unpad(const uint8_t *block, size_t n, uint16_t version,
                        const uint8_t random[HF_PREMASTER], uint8_t out[HF_PREMASTER])
{
    const uint8_t *secret = block + n - HF_PREMASTER;
    uint32_t good = is_zero(block[0]) & is_zero(block[1] ^ 2U) & is_zero(secret[-1]);
    for (const uint8_t *p = block + 2; p < secret - 1; p++)
        good &= hf_ct_nonzero_mask(*p);
    /* The version that the client offered, not the one that was agreed on: a rollback shows. */
    good &= is_zero(secret[0] ^ (uint32_t)(version >> 8));
    good &= is_zero(secret[1] ^ (uint32_t)(version & 0xff));
    for (size_t i = 0; i < HF_PREMASTER; i++)
        out[i] = (uint8_t)((secret[i] & good) | (random[i] & ~good));
}

/* What is wrong with the number itself (its length, a value above the modulus) is no secret: who
 * sent it knows. It comes out as zeros, which the padding's judge refuses like anything else. */
static hf_status decrypt_block(RSA *rsa, hf_bytes encrypted, uint8_t *block, size_t n)
{
    hf_status s = HF_OK;
    memset(block, 0, n);
    if (encrypted.n != n)
        return HF_OK;
    ERR_set_mark();
    if (RSA_private_decrypt((int)n, encrypted.p, block, rsa, RSA_NO_PADDING) != (int)n) {
        memset(block, 0, n);
        s = hf_libcrypto_failure(HF_OK);
    }
    ERR_pop_to_mark();
    return s;
}

hf_status hf_key_material_premaster(const hf_key_material *m, hf_bytes encrypted, uint16_t version,
                                    const uint8_t random[HF_PREMASTER], uint8_t out[HF_PREMASTER])
{
    uint8_t block[BLOCK_MAX];
    const size_t n = (size_t)RSA_size(m->rsa);
    if (n < HF_PREMASTER + OVERHEAD || n > sizeof block)
        return HF_E_SCHEME_KEY_MISMATCH;
    hf_status s = decrypt_block(m->rsa, encrypted, block, n);
    if (s == HF_OK)
        hf_premaster_unpad(block, n, version, random, out);
    hf_wipe(block, sizeof block);
    return s;
}
