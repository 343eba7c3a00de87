/* libcrypto.c: fetches from libcrypto, once, what everything else here shares. */
#include "crypto/libcrypto.h"

#include <openssl/obj_mac.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <string.h>

static hf_libcrypto fetched;
static pthread_once_t fetched_once = PTHREAD_ONCE_INIT;

/* True when `names` ("X25519:1.3.101.110") begins with `name`. */
static bool named(const char *names, const char *name)
{
    size_t n = strlen(name);
    return strncmp(names, name, n) == 0 && (names[n] == ':' || names[n] == '\0');
}

static const OSSL_DISPATCH *functions_of(const OSSL_PROVIDER *provider, int operation,
                                         const char *name)
{
    int no_cache = 0;
    const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(provider, operation, &no_cache);
    for (; a != NULL && a->algorithm_names != NULL; a++)
        if (named(a->algorithm_names, name))
            return no_cache == 0 ? a->implementation : NULL;
    return NULL;
}

/* EVP spends some four microseconds per key exchange on making, exporting and fetching objects;
 * the provider's own functions, which EVP would call in the end, cost next to nothing. */
static void find_x25519(hf_libcrypto_x25519 *x)
{
    x->keymgmt = EVP_KEYMGMT_fetch(NULL, "X25519", NULL);
    if (x->keymgmt == NULL)
        return;
    const OSSL_PROVIDER *provider = EVP_KEYMGMT_get0_provider(x->keymgmt);
    x->provider_ctx = OSSL_PROVIDER_get0_provider_ctx(provider);
    const OSSL_DISPATCH *f = functions_of(provider, OSSL_OP_KEYMGMT, "X25519");
    for (; f != NULL && f->function_id != 0; f++) {
        if (f->function_id == OSSL_FUNC_KEYMGMT_NEW)
            x->key_new = OSSL_FUNC_keymgmt_new(f);
        else if (f->function_id == OSSL_FUNC_KEYMGMT_IMPORT)
            x->key_import = OSSL_FUNC_keymgmt_import(f);
        else if (f->function_id == OSSL_FUNC_KEYMGMT_FREE)
            x->key_free = OSSL_FUNC_keymgmt_free(f);
    }
    f = functions_of(provider, OSSL_OP_KEYEXCH, "X25519");
    for (; f != NULL && f->function_id != 0; f++) {
        if (f->function_id == OSSL_FUNC_KEYEXCH_NEWCTX)
            x->ctx_new = OSSL_FUNC_keyexch_newctx(f);
        else if (f->function_id == OSSL_FUNC_KEYEXCH_INIT)
            x->ctx_init = OSSL_FUNC_keyexch_init(f);
        else if (f->function_id == OSSL_FUNC_KEYEXCH_SET_PEER)
            x->ctx_set_peer = OSSL_FUNC_keyexch_set_peer(f);
        else if (f->function_id == OSSL_FUNC_KEYEXCH_DERIVE)
            x->ctx_derive = OSSL_FUNC_keyexch_derive(f);
        else if (f->function_id == OSSL_FUNC_KEYEXCH_FREECTX)
            x->ctx_free = OSSL_FUNC_keyexch_freectx(f);
    }
    x->usable = x->key_new != NULL && x->key_import != NULL && x->key_free != NULL &&
                x->ctx_new != NULL && x->ctx_init != NULL && x->ctx_set_peer != NULL &&
                x->ctx_derive != NULL && x->ctx_free != NULL;
}

static bool has_key_type(const char *name)
{
    EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(NULL, name, NULL);
    EVP_KEYMGMT_free(keymgmt);
    return keymgmt != NULL;
}

static void fetch_all(void)
{
    ERR_set_mark();
    fetched.aes_128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    fetched.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    fetched.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    fetched.aes_128_ccm = EVP_CIPHER_fetch(NULL, "AES-128-CCM", NULL);
    fetched.aes_256_ccm = EVP_CIPHER_fetch(NULL, "AES-256-CCM", NULL);
    fetched.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    fetched.sha384 = EVP_MD_fetch(NULL, "SHA384", NULL);
    fetched.sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
    fetched.p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    fetched.p384 = EC_GROUP_new_by_curve_name(NID_secp384r1);
    fetched.p521 = EC_GROUP_new_by_curve_name(NID_secp521r1);
    find_x25519(&fetched.x25519);
    fetched.has_ed25519 = has_key_type("ED25519");
    fetched.has_ed448 = has_key_type("ED448");
    ERR_pop_to_mark();
}

const hf_libcrypto *hf_libcrypto_get(void)
{
    pthread_once(&fetched_once, fetch_all);
    return &fetched;
}

hf_status hf_libcrypto_failure(hf_status otherwise)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE ? HF_E_OUT_OF_MEMORY
                                                                         : otherwise;
}

const EC_GROUP *hf_libcrypto_curve(hf_key_type type)
{
    const hf_libcrypto *lc = hf_libcrypto_get();
    switch (type) {
    case HF_KEY_P256:
        return lc->p256;
    case HF_KEY_P384:
        return lc->p384;
    case HF_KEY_P521:
        return lc->p521;
    default:
        return NULL;
    }
}

const EVP_MD *hf_libcrypto_md(uint8_t hash_id)
{
    const hf_libcrypto *lc = hf_libcrypto_get();
    switch (hash_id) {
    case 4:
        return lc->sha256;
    case 5:
        return lc->sha384;
    case 6:
        return lc->sha512;
    default:
        return NULL;
    }
}
