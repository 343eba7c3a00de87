/* schedule13.c: TLS 1.3's key schedule. */
#include "handshake/schedule13.h"

#include "base/bytes.h"
#include "base/ct.h"

static const uint8_t zeros[HF_HASH_MAX_DIGEST];

static void empty_digest(const hf_hash *hash, uint8_t *digest)
{
    hf_hash_of(hash, NULL, 0, digest);
}

static void take_prk(hf_schedule13 *ks, uint8_t *prk)
{
    hf_hmac_key_init(&ks->secret, ks->hash, (hf_bytes){prk, ks->hash->digest_len});
    hf_wipe(prk, HF_HASH_MAX_DIGEST);
}

void hf_schedule13_start(hf_schedule13 *ks, const hf_hash *hash, hf_bytes psk)
{
    uint8_t prk[HF_HASH_MAX_DIGEST];
    ks->hash = hash;
    if (psk.n == 0)
        psk = (hf_bytes){zeros, hash->digest_len};
    hf_hkdf_extract(hash, (hf_bytes){NULL, 0}, psk, prk);
    take_prk(ks, prk);
}

void hf_schedule13_advance(hf_schedule13 *ks, hf_bytes ikm)
{
    uint8_t salt[HF_HASH_MAX_DIGEST], prk[HF_HASH_MAX_DIGEST], empty[HF_HASH_MAX_DIGEST];
    size_t n = ks->hash->digest_len;
    empty_digest(ks->hash, empty);
    hf_hkdf_expand_label(&ks->secret, "derived", (hf_bytes){empty, n}, salt, n);
    if (ikm.n == 0)
        ikm = (hf_bytes){zeros, n};
    hf_hkdf_extract(ks->hash, (hf_bytes){salt, n}, ikm, prk);
    take_prk(ks, prk);
    hf_wipe(salt, sizeof(salt));
}

void hf_schedule13_derive(const hf_schedule13 *ks, const char *label, const uint8_t *digest,
                          uint8_t *out)
{
    size_t n = ks->hash->digest_len;
    hf_hkdf_expand_label(&ks->secret, label, (hf_bytes){digest, n}, out, n);
}

void hf_schedule13_wipe(hf_schedule13 *ks)
{
    hf_wipe(ks, sizeof(*ks));
}

static void expand_with(const hf_hash *hash, const uint8_t *secret, const char *label,
                        hf_bytes context, uint8_t *out, size_t n)
{
    hf_hmac_key k;
    hf_hmac_key_init(&k, hash, (hf_bytes){secret, hash->digest_len});
    hf_hkdf_expand_label(&k, label, context, out, n);
    hf_wipe(&k, sizeof(k));
}

void hf_traffic_keys13(const hf_hash *hash, const uint8_t *secret, size_t key_len, uint8_t *key,
                       uint8_t iv[HF_AEAD_NONCE])
{
    hf_hmac_key k;
    hf_hmac_key_init(&k, hash, (hf_bytes){secret, hash->digest_len});
    hf_hkdf_expand_label(&k, "key", (hf_bytes){NULL, 0}, key, key_len);
    hf_hkdf_expand_label(&k, "iv", (hf_bytes){NULL, 0}, iv, HF_AEAD_NONCE);
    hf_wipe(&k, sizeof(k));
}

void hf_traffic_update13(const hf_hash *hash, uint8_t *secret)
{
    uint8_t next[HF_HASH_MAX_DIGEST];
    expand_with(hash, secret, "traffic upd", (hf_bytes){NULL, 0}, next, hash->digest_len);
    memcpy(secret, next, hash->digest_len);
    hf_wipe(next, sizeof(next));
}

void hf_finished13(const hf_hash *hash, const uint8_t *traffic_secret, const uint8_t *digest,
                   uint8_t *verify_data)
{
    uint8_t key[HF_HASH_MAX_DIGEST];
    hf_hmac_key k;
    expand_with(hash, traffic_secret, "finished", (hf_bytes){NULL, 0}, key, hash->digest_len);
    hf_hmac_key_init(&k, hash, (hf_bytes){key, hash->digest_len});
    hf_bytes piece = {digest, hash->digest_len};
    hf_hmac(&k, &piece, 1, verify_data);
    hf_wipe(key, sizeof(key));
    hf_wipe(&k, sizeof(k));
}

void hf_exporter13(const hf_hash *hash, const uint8_t *exporter_secret, const char *label,
                   hf_bytes context, uint8_t *out, size_t n)
{
    uint8_t empty[HF_HASH_MAX_DIGEST], digest[HF_HASH_MAX_DIGEST], secret[HF_HASH_MAX_DIGEST];
    size_t len = hash->digest_len;
    empty_digest(hash, empty);
    expand_with(hash, exporter_secret, label, (hf_bytes){empty, len}, secret, len);
    hf_hash_of(hash, &context, 1, digest);
    expand_with(hash, secret, "exporter", (hf_bytes){digest, len}, out, n);
    hf_wipe(secret, sizeof(secret));
}
