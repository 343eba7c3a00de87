/* libcrypto.h: what is taken from libcrypto once and shared, constant, by every thread.
 *
 * Fetching an algorithm by name costs more than a small record or a short hash; so nothing on the
 * way of a handshake or a record fetches. This is also the one place that lets libcrypto's
 * low-level functions through: they are marked as deprecated in 3.0, stay in it, and are the way
 * to SHA-2, ECDSA, ECDH and RSA without a fetch. Include it before any other libcrypto header.
 */
#ifndef HF_CRYPTO_LIBCRYPTO_H
#define HF_CRYPTO_LIBCRYPTO_H

#define OPENSSL_SUPPRESS_DEPRECATED

#include <handfast/provider.h>

#include <openssl/core_dispatch.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

/* X25519 as libcrypto's own provider offers it: provider-keymgmt(7) and provider-keyexch(7). */
typedef struct hf_libcrypto_x25519 {
    bool usable;
    EVP_KEYMGMT *keymgmt; /* keeps the provider loaded */
    void *provider_ctx;
    OSSL_FUNC_keymgmt_new_fn *key_new;
    OSSL_FUNC_keymgmt_import_fn *key_import;
    OSSL_FUNC_keymgmt_free_fn *key_free;
    OSSL_FUNC_keyexch_newctx_fn *ctx_new;
    OSSL_FUNC_keyexch_init_fn *ctx_init;
    OSSL_FUNC_keyexch_set_peer_fn *ctx_set_peer;
    OSSL_FUNC_keyexch_derive_fn *ctx_derive;
    OSSL_FUNC_keyexch_freectx_fn *ctx_free;
} hf_libcrypto_x25519;

/* Each is NULL (or not usable) when this libcrypto lacks it. */
typedef struct hf_libcrypto {
    EVP_CIPHER *aes_128_gcm, *aes_256_gcm, *chacha20_poly1305, *aes_128_ccm, *aes_256_ccm;
    EVP_MD *sha256, *sha384, *sha512;
    EC_GROUP *p256, *p384, *p521;
    hf_libcrypto_x25519 x25519;
    bool has_ed25519, has_ed448;
} hf_libcrypto;

/* Made at the first call, from any thread. */
const hf_libcrypto *hf_libcrypto_get(void);

/* The curve of an ECDSA key type, else NULL. */
const EC_GROUP *hf_libcrypto_curve(hf_key_type type);

/* libcrypto's digest for an hf_hash.id, else NULL. */
const EVP_MD *hf_libcrypto_md(uint8_t hash_id);

/* After a failed call to libcrypto: HF_E_OUT_OF_MEMORY when memory is what failed, else
 * `otherwise`. */
hf_status hf_libcrypto_failure(hf_status otherwise);

/* ---- the tables that each backend offers; provider.c puts them together ---- */

extern const hf_hash hf_sha256, hf_sha384, hf_sha512;
extern const hf_aead hf_aes_128_gcm, hf_aes_256_gcm, hf_chacha20_poly1305;
extern const hf_aead hf_aes_128_ccm_16, hf_aes_256_ccm_16, hf_aes_128_ccm_8, hf_aes_256_ccm_8;
extern const hf_group hf_x25519, hf_p256, hf_p384, hf_p521, hf_x25519mlkem768, hf_secp256r1mlkem768,
    hf_secp384r1mlkem1024, hf_group_mlkem1024;

/* AES-GCM of libipsec-mb, or NULL where it is not built in or the processor lacks what makes it
 * faster than libcrypto. */
const hf_aead *hf_ipsecmb_aes_128_gcm(void);
const hf_aead *hf_ipsecmb_aes_256_gcm(void);

/* Every signature scheme, in the default order of preference, and their number. */
extern const hf_sigscheme hf_sigschemes[];
extern const size_t hf_sigscheme_count;

#endif
