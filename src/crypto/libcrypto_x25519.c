/* libcrypto_x25519.c: X25519 (RFC 7748) as a group. The private key is the 32 random bytes as they
 * were drawn; clamping is part of the function. */
#include "crypto/libcrypto.h"

#include "base/ct.h"
#include "crypto/shelf.h"
#include "crypto/x25519_base.h"

#include <openssl/core_names.h>
#include <string.h>

enum { LEN = 32 };

/* What one multiplication needs of libcrypto. The objects are made once and filled anew each time,
 * so that a key agreement allocates nothing. */
typedef struct work {
    void *own, *peer, *ctx;
} work;

static hf_shelf shelf;

static void work_free(work *w)
{
    const hf_libcrypto_x25519 *x = &hf_libcrypto_get()->x25519;
    if (w->ctx != NULL)
        x->ctx_free(w->ctx);
    if (w->peer != NULL)
        x->key_free(w->peer);
    if (w->own != NULL)
        x->key_free(w->own);
    OPENSSL_free(w);
}

static work *work_take(const hf_libcrypto_x25519 *x)
{
    work *w = hf_shelf_take(&shelf);
    if (w != NULL)
        return w;
    w = OPENSSL_zalloc(sizeof *w);
    if (w == NULL)
        return NULL;
    w->own = x->key_new(x->provider_ctx);
    w->peer = x->key_new(x->provider_ctx);
    w->ctx = x->ctx_new(x->provider_ctx);
    if (w->own != NULL && w->peer != NULL && w->ctx != NULL)
        return w;
    work_free(w);
    return NULL;
}

static bool import_key(const hf_libcrypto_x25519 *x, void *key, const uint8_t *private_key,
                       const uint8_t *public_key)
{
    OSSL_PARAM params[3];
    size_t n = 0;
    int selection = OSSL_KEYMGMT_SELECT_PUBLIC_KEY;
    if (private_key != NULL) {
        params[n++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY,
                                                        (void *)(uintptr_t)private_key, LEN);
        selection |= OSSL_KEYMGMT_SELECT_PRIVATE_KEY;
    }
    params[n++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                    (void *)(uintptr_t)public_key, LEN);
    params[n] = OSSL_PARAM_construct_end();
    return x->key_import(key, selection, params) == 1;
}

/* What is put back holds no key: another's takes its place in libcrypto's own memory. */
static void work_put(const hf_libcrypto_x25519 *x, work *w)
{
    static const uint8_t no_key[LEN];
    if (!import_key(x, w->own, no_key, no_key) || !hf_shelf_put(&shelf, w))
        work_free(w);
}

/* X25519(private_key, u). HF_E_BAD_KEY_SHARE when the result is all zero, which libcrypto checks
 * (RFC 7748 section 6.1, RFC 9846 section 7.4.2). The own public key plays no part in a derivation
 * but, when absent, would be computed: so `u` is handed in for it. */
static hf_status multiply(const uint8_t *private_key, const uint8_t *u, uint8_t *out)
{
    const hf_libcrypto_x25519 *x = &hf_libcrypto_get()->x25519;
    hf_status status = HF_E_CRYPTO;
    size_t n = LEN;
    if (!x->usable)
        return HF_E_CRYPTO;

    ERR_set_mark();
    work *w = work_take(x);
    if (w == NULL || !import_key(x, w->own, private_key, u) || !import_key(x, w->peer, NULL, u))
        status = HF_E_OUT_OF_MEMORY;
    else if (x->ctx_init(w->ctx, w->own, NULL) == 1 && x->ctx_set_peer(w->ctx, w->peer) == 1)
        status = x->ctx_derive(w->ctx, out, &n, LEN) == 1 && n == LEN
                     ? HF_OK
                     : hf_libcrypto_failure(HF_E_BAD_KEY_SHARE);
    if (w != NULL)
        work_put(x, w);
    ERR_pop_to_mark();
    if (status != HF_OK)
        hf_wipe(out, LEN);
    return status;
}

/* By a table where the compiler lets us; else by the ladder from the base point (u = 9), which is
 * still faster than libcrypto's own key generation by way of the Edwards curve. */
static hf_status public_of(const uint8_t *private_key, uint8_t *share)
{
#ifdef HF_HAS_MODULAR
    hf_x25519_base(private_key, share);
    return HF_OK;
#else
    static const uint8_t base_point[LEN] = {9};
    return multiply(private_key, base_point, share);
#endif
}

static hf_status generate(const hf_provider *provider, uint8_t *private_key, uint8_t *client_share)
{
    hf_status status = provider->random(provider->ctx, private_key, LEN);
    return status != HF_OK ? status : public_of(private_key, client_share);
}

static hf_status respond(const hf_provider *provider, const uint8_t *client_share,
                         uint8_t *server_share, uint8_t *secret)
{
    uint8_t private_key[LEN];
    hf_status status = generate(provider, private_key, server_share);
    if (status == HF_OK)
        status = multiply(private_key, client_share, secret);
    hf_wipe(private_key, sizeof private_key);
    return status;
}

static hf_status finish(const uint8_t *private_key, const uint8_t *server_share, uint8_t *secret)
{
    return multiply(private_key, server_share, secret);
}

const hf_group hf_x25519 = {
    .name = "X25519",
    .id = 0x001d,
    .client_share_len = LEN,
    .server_share_len = LEN,
    .private_len = LEN,
    .secret_len = LEN,
    .generate = generate,
    .respond = respond,
    .finish = finish,
    .diffie_hellman = true,
};
