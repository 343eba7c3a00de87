/* libcrypto_ccm.c: AES-CCM and AES-CCM-8 from libcrypto, for small devices that have nothing else:
 * RFC 6655, RFC 9846 section B.4. No suite with them is offered unless asked for.
 *
 * CCM is no stream: its first block holds the length of the plaintext, so the pieces of a record
 * are laid together in the output first and encrypted there, and libcrypto is told the length
 * before all else. Unlike the stream modes, a wrong tag leaves an entry in libcrypto's error queue;
 * hence the marks, which this mode, slow as it is, can afford. And a context that was given its key
 * for one direction does not work in the other: a state has one for each.
 */
#include "crypto/libcrypto.h"

#include "base/ct.h"

#include <limits.h>
#include <string.h>

typedef struct state {
    EVP_CIPHER_CTX *sealing, *opening;
    int tag_len;
} state;

/* The lengths of nonce and tag go in before the key, which is prepared for them. */
static EVP_CIPHER_CTX *context(EVP_CIPHER *cipher, int tag_len, const uint8_t *key, int encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx != NULL && EVP_CipherInit_ex(ctx, cipher, NULL, NULL, NULL, encrypt) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, HF_AEAD_NONCE, NULL) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, tag_len, NULL) == 1 &&
        EVP_CipherInit_ex(ctx, NULL, NULL, key, NULL, encrypt) == 1)
        return ctx;
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

/* libcrypto wipes a context's key schedule as it frees it. */
static void clear(void *memory)
{
    state *s = memory;
    EVP_CIPHER_CTX_free(s->sealing);
    EVP_CIPHER_CTX_free(s->opening);
    hf_wipe(s, sizeof *s);
}

static hf_status setup(void *memory, EVP_CIPHER *cipher, int tag_len, const uint8_t *key)
{
    state *s = memory;
    *s = (state){.tag_len = tag_len};
    if (cipher == NULL)
        return HF_E_CRYPTO;
    ERR_set_mark();
    s->sealing = context(cipher, tag_len, key, 1);
    s->opening = context(cipher, tag_len, key, 0);
    bool ready = s->sealing != NULL && s->opening != NULL;
    if (!ready)
        clear(s);
    ERR_pop_to_mark();
    /* nothing but memory can be missing: cipher and lengths are fixed */
    return ready ? HF_OK : HF_E_OUT_OF_MEMORY;
}

/* The length, then the additional data. */
static bool start(EVP_CIPHER_CTX *ctx, hf_bytes aad, size_t n)
{
    int done;
    if (n > INT_MAX || aad.n > INT_MAX || EVP_CipherUpdate(ctx, NULL, &done, NULL, (int)n) != 1)
        return false;
    return aad.n == 0 || EVP_CipherUpdate(ctx, NULL, &done, aad.p, (int)aad.n) == 1;
}

/* Puts the pieces where their ciphertext goes, unless they lie there. Their sum is the length. */
static size_t gather(const hf_bytes *pieces, size_t count, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].n != 0 && pieces[i].p != out + n)
            memcpy(out + n, pieces[i].p, pieces[i].n);
        n += pieces[i].n;
    }
    return n;
}

static hf_status seal(void *memory, const uint8_t nonce[HF_AEAD_NONCE], hf_bytes aad,
                      const hf_bytes *pieces, size_t count, uint8_t *out)
{
    state *s = memory;
    const size_t n = gather(pieces, count, out);
    int done;
    ERR_set_mark();
    bool sealed = EVP_CipherInit_ex(s->sealing, NULL, NULL, NULL, nonce, 1) == 1 &&
                  start(s->sealing, aad, n) &&
                  EVP_CipherUpdate(s->sealing, out, &done, out, (int)n) == 1 && (size_t)done == n &&
                  EVP_CIPHER_CTX_ctrl(s->sealing, EVP_CTRL_AEAD_GET_TAG, s->tag_len, out + n) == 1;
    ERR_pop_to_mark();
    return sealed ? HF_OK : HF_E_CRYPTO;
}

static hf_status open_record(void *memory, const uint8_t nonce[HF_AEAD_NONCE], hf_bytes aad,
                             const uint8_t *in, size_t n, uint8_t *out)
{
    state *s = memory;
    uint8_t tag[HF_AEAD_MAX_TAG];
    int done;
    if (n < (size_t)s->tag_len)
        return HF_E_BAD_RECORD_MAC;
    n -= (size_t)s->tag_len;
    memcpy(tag, in + n, (size_t)s->tag_len);

    hf_status status = HF_OK;
    ERR_set_mark();
    if (EVP_CipherInit_ex(s->opening, NULL, NULL, NULL, nonce, 0) != 1 ||
        EVP_CIPHER_CTX_ctrl(s->opening, EVP_CTRL_AEAD_SET_TAG, s->tag_len, tag) != 1 ||
        !start(s->opening, aad, n))
        status = HF_E_CRYPTO;
    else if (EVP_CipherUpdate(s->opening, out, &done, in, (int)n) != 1)
        status = HF_E_BAD_RECORD_MAC;
    ERR_pop_to_mark();
    if (status != HF_OK)
        hf_wipe(out, n);
    return status;
}

/* RFC 9846 section 5.5 has no figure for CCM; RFC 9147 appendix B.1 has: 2^23 records. */
#define CCM_RECORDS 8388608U

/* An AEAD's setup, which takes no context, and its table. */
#define CCM(member, label, key_bytes, tag_bytes)                                                   \
    static hf_status setup_##member##_##tag_bytes(void *memory, const uint8_t *key)                \
    {                                                                                              \
        return setup(memory, hf_libcrypto_get()->member, tag_bytes, key);                          \
    }                                                                                              \
    const hf_aead hf_##member##_##tag_bytes = {                                                    \
        .name = label,                                                                             \
        .from = "libcrypto",                                                                       \
        .key_len = key_bytes,                                                                      \
        .tag_len = tag_bytes,                                                                      \
        .state_len = sizeof(state),                                                                \
        .record_limit = CCM_RECORDS,                                                               \
        .setup = setup_##member##_##tag_bytes,                                                     \
        .clear = clear,                                                                            \
        .seal = seal,                                                                              \
        .open = open_record,                                                                       \
    }

CCM(aes_128_ccm, "AES-128-CCM", 16, 16);
CCM(aes_256_ccm, "AES-256-CCM", 32, 16);
CCM(aes_128_ccm, "AES-128-CCM-8", 16, 8);
CCM(aes_256_ccm, "AES-256-CCM-8", 32, 8);
