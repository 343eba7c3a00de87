/* hkdf.h: HMAC (RFC 2104), HKDF (RFC 5869) and TLS 1.3's HKDF-Expand-Label, over any hf_hash.
 *
 * These run some forty times in a handshake, so a key's two padded blocks are compressed once: an
 * hf_hmac_key is the two hash states after them, and each use copies a state. Secrets; wipe them.
 */
#ifndef HF_CRYPTO_HKDF_H
#define HF_CRYPTO_HKDF_H

#include <handfast/provider.h>

typedef struct hf_hmac_key {
    const hf_hash *hash;
    hf_hash_state inner, outer;
} hf_hmac_key;

void hf_hmac_key_init(hf_hmac_key *k, const hf_hash *hash, hf_bytes key);

/* HMAC of the pieces joined; `mac` has hash->digest_len bytes. */
void hf_hmac(const hf_hmac_key *k, const hf_bytes *pieces, size_t count, uint8_t *mac);

/* One-shot hash of the pieces joined. */
void hf_hash_of(const hf_hash *hash, const hf_bytes *pieces, size_t count, uint8_t *digest);

/* HKDF-Extract: `prk` has hash->digest_len bytes. An empty salt stands for zeros (RFC 5869 section
 * 2.2). */
void hf_hkdf_extract(const hf_hash *hash, hf_bytes salt, hf_bytes ikm, uint8_t *prk);

/* HKDF-Expand with the PRK in `k`; `n` at most 255 digests. */
void hf_hkdf_expand(const hf_hmac_key *k, hf_bytes info, uint8_t *out, size_t n);

/* HKDF-Expand-Label(secret, "tls13 " + label, context, n): RFC 9846 section 7.1. `label` is at most
 * 249 bytes, `context` at most 255. */
void hf_hkdf_expand_label(const hf_hmac_key *k, const char *label, hf_bytes context, uint8_t *out,
                          size_t n);

#endif
