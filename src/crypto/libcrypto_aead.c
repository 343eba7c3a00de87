/* libcrypto_aead.c: AES-GCM and ChaCha20-Poly1305 from libcrypto.
 *
 * A state holds one cipher context with the key set; a record sets the nonce alone. The key
 * schedule of all three is the same in both directions, so a state that seals can open too.
 *
 * A mark in libcrypto's error queue costs a fifth of a small record, and a wrong tag queues
 * nothing (a test watches that): only setup sets one.
 */
#include "crypto/libcrypto.h"

#include "base/ct.h"

#include <limits.h>
#include <string.h>

typedef struct state {
    EVP_CIPHER_CTX *ctx;
} state;

static hf_status setup(void *memory, EVP_CIPHER *cipher, const uint8_t *key)
{
    state *s = memory;
    s->ctx = NULL;
    if (cipher == NULL)
        return HF_E_CRYPTO;
    ERR_set_mark();
    hf_status status = HF_OK;
    s->ctx = EVP_CIPHER_CTX_new();
    if (s->ctx == NULL) {
        status = HF_E_OUT_OF_MEMORY;
    } else if (EVP_CipherInit_ex(s->ctx, cipher, NULL, key, NULL, 1) != 1) {
        EVP_CIPHER_CTX_free(s->ctx);
        s->ctx = NULL;
        /* nothing but memory can be missing: cipher and key length are fixed */
        status = HF_E_OUT_OF_MEMORY;
    }
    ERR_pop_to_mark();
    return status;
}

static hf_status setup_aes_128_gcm(void *memory, const uint8_t *key)
{
    return setup(memory, hf_libcrypto_get()->aes_128_gcm, key);
}

static hf_status setup_aes_256_gcm(void *memory, const uint8_t *key)
{
    return setup(memory, hf_libcrypto_get()->aes_256_gcm, key);
}

static hf_status setup_chacha20_poly1305(void *memory, const uint8_t *key)
{
    return setup(memory, hf_libcrypto_get()->chacha20_poly1305, key);
}

/* libcrypto wipes the context's key schedule as it frees it. */
static void clear(void *memory)
{
    state *s = memory;
    EVP_CIPHER_CTX_free(s->ctx);
    hf_wipe(s, sizeof *s);
}

/* Nonce and additional data: what every record begins with. */
static bool start(EVP_CIPHER_CTX *ctx, const uint8_t *nonce, hf_bytes aad, int encrypt)
{
    int done;
    if (aad.n > INT_MAX || EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, encrypt) != 1)
        return false;
    return aad.n == 0 || EVP_CipherUpdate(ctx, NULL, &done, aad.p, (int)aad.n) == 1;
}

/* Both modes are streams: as many bytes come out of an update as go in. */
static bool update(EVP_CIPHER_CTX *ctx, uint8_t *out, const uint8_t *in, size_t n)
{
    int done = 0;
    if (n == 0)
        return true;
    return n <= INT_MAX && EVP_CipherUpdate(ctx, out, &done, in, (int)n) == 1 && (size_t)done == n;
}

static bool encrypt_pieces(EVP_CIPHER_CTX *ctx, const hf_bytes *pieces, size_t count, uint8_t *out)
{
    int done;
    for (size_t i = 0; i < count; i++) {
        if (!update(ctx, out, pieces[i].p, pieces[i].n))
            return false;
        out += pieces[i].n;
    }
    return EVP_CipherFinal_ex(ctx, out, &done) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, HF_AEAD_MAX_TAG, out) == 1;
}

static hf_status seal(void *memory, const uint8_t nonce[HF_AEAD_NONCE], hf_bytes aad,
                      const hf_bytes *pieces, size_t count, uint8_t *out)
{
    state *s = memory;
    bool sealed = start(s->ctx, nonce, aad, 1) && encrypt_pieces(s->ctx, pieces, count, out);
    return sealed ? HF_OK : HF_E_CRYPTO;
}

static hf_status open_record(void *memory, const uint8_t nonce[HF_AEAD_NONCE], hf_bytes aad,
                             const uint8_t *in, size_t n, uint8_t *out)
{
    state *s = memory;
    uint8_t tag[HF_AEAD_MAX_TAG], none[1];
    int done;
    if (n < sizeof tag)
        return HF_E_BAD_RECORD_MAC;
    n -= sizeof tag;
    memcpy(tag, in + n, sizeof tag);

    hf_status status = HF_OK;
    if (!start(s->ctx, nonce, aad, 0) || !update(s->ctx, out, in, n) ||
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1)
        status = HF_E_CRYPTO;
    else if (EVP_CipherFinal_ex(s->ctx, none, &done) != 1)
        status = HF_E_BAD_RECORD_MAC;
    if (status != HF_OK)
        hf_wipe(out, n);
    return status;
}

/* RFC 9846 section 5.5: 2^24.5 full-size records for AES-GCM; for ChaCha20-Poly1305 the sequence
 * number ends first. */
#define GCM_RECORDS    23726566u
#define CHACHA_RECORDS UINT64_MAX

const hf_aead hf_aes_128_gcm = {
    .name = "AES-128-GCM",
    .from = "libcrypto",
    .key_len = 16,
    .tag_len = 16,
    .state_len = sizeof(state),
    .record_limit = GCM_RECORDS,
    .setup = setup_aes_128_gcm,
    .clear = clear,
    .seal = seal,
    .open = open_record,
};

const hf_aead hf_aes_256_gcm = {
    .name = "AES-256-GCM",
    .from = "libcrypto",
    .key_len = 32,
    .tag_len = 16,
    .state_len = sizeof(state),
    .record_limit = GCM_RECORDS,
    .setup = setup_aes_256_gcm,
    .clear = clear,
    .seal = seal,
    .open = open_record,
};

const hf_aead hf_chacha20_poly1305 = {
    .name = "ChaCha20-Poly1305",
    .from = "libcrypto",
    .key_len = 32,
    .tag_len = 16,
    .state_len = sizeof(state),
    .record_limit = CHACHA_RECORDS,
    .setup = setup_chacha20_poly1305,
    .clear = clear,
    .seal = seal,
    .open = open_record,
};
