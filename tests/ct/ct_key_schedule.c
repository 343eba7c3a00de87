/* ct_key_schedule.c: the walk from shared secret to traffic keys (RFC 9846 section 7.1), through
 * hf_hkdf_extract, hf_hkdf_expand_label and hf_hmac, with every secret watched. With --leak: a
 * traffic key is branched on. */
#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/hkdf.h"
#include "crypto/lookup.h"
#include "support/ct_secret.h"

/* What comes out at the end of the walk, all of it secret. */
typedef struct outcome {
    uint8_t traffic[HF_HASH_MAX_DIGEST], key[32], iv[12], verify_data[HF_HASH_MAX_DIGEST];
} outcome;

/* Derive-Secret: `out` from the secret `from`, one digest each. */
static void derive(const hf_hash *hash, const uint8_t *from, const char *label, hf_bytes context,
                   uint8_t *out, size_t n)
{
    hf_hmac_key k;
    hf_hmac_key_init(&k, hash, (hf_bytes){from, hash->digest_len});
    hf_hkdf_expand_label(&k, label, context, out, n);
    hf_wipe(&k, sizeof k);
}

static void walk(const hf_hash *hash, hf_bytes psk, hf_bytes shared, outcome *o)
{
    uint8_t empty[HF_HASH_MAX_DIGEST], early[HF_HASH_MAX_DIGEST], derived[HF_HASH_MAX_DIGEST];
    uint8_t handshake[HF_HASH_MAX_DIGEST], finished[HF_HASH_MAX_DIGEST];
    const size_t n = hash->digest_len;
    const hf_bytes nothing = {empty, n}; /* the hash of no message, a public context */
    hf_hash_of(hash, NULL, 0, empty);

    hf_hkdf_extract(hash, (hf_bytes){NULL, 0}, psk, early);
    derive(hash, early, "derived", nothing, derived, n);
    hf_hkdf_extract(hash, (hf_bytes){derived, n}, shared, handshake);
    derive(hash, handshake, "c hs traffic", nothing, o->traffic, n);
    derive(hash, o->traffic, "key", (hf_bytes){NULL, 0}, o->key, sizeof o->key);
    derive(hash, o->traffic, "iv", (hf_bytes){NULL, 0}, o->iv, sizeof o->iv);
    derive(hash, o->traffic, "finished", (hf_bytes){NULL, 0}, finished, n);

    hf_hmac_key k;
    hf_hmac_key_init(&k, hash, (hf_bytes){finished, n});
    hf_hmac(&k, &nothing, 1, o->verify_data);
}

/* Walks once unmarked and once marked; both must come to the same. `n` is the secrets' length. */
static bool schedule(const hf_hash *hash, size_t n, bool leak)
{
    uint8_t psk[200], shared[200];
    outcome plain = {0}, marked = {0};
    for (size_t i = 0; i < n; i++)
        psk[i] = (uint8_t)(3 * i + 1), shared[i] = (uint8_t)(5 * i + 2);
    walk(hash, (hf_bytes){psk, n}, (hf_bytes){shared, n}, &plain);
    hf_ct_secret(psk, n);
    hf_ct_secret(shared, n);
    walk(hash, (hf_bytes){psk, n}, (hf_bytes){shared, n}, &marked);
    const size_t digest_len = hash->digest_len;
    const bool from_secret = hf_ct_all_secret(marked.traffic, digest_len) &&
                             hf_ct_all_secret(marked.key, sizeof marked.key) &&
                             hf_ct_all_secret(marked.iv, sizeof marked.iv) &&
                             hf_ct_all_secret(marked.verify_data, digest_len);
    if (leak)
        hf_ct_leak(marked.key, sizeof marked.key);
    hf_ct_public(&marked, sizeof marked);
    return from_secret && memcmp(&plain, &marked, sizeof plain) == 0;
}

int main(int argc, char **argv)
{
    bool leak;
    const int skipped = hf_ct_begin(argc, argv, &leak);
    if (skipped != 0)
        return skipped;
    static const uint8_t ids[] = {4, 5};                   /* SHA-256 and SHA-384 */
    static const size_t lengths[] = {32, 48, 64, 66, 200}; /* 200: longer than any hash's block */
    for (size_t i = 0; i < sizeof ids; i++) {
        const hf_hash *hash = hf_hash_find(hf_provider_default(), ids[i]);
        if (hash == NULL)
            return hf_ct_wrong("the provider has no SHA-256 or no SHA-384");
        for (size_t j = 0; j < sizeof lengths / sizeof lengths[0]; j++)
            if (!schedule(hash, lengths[j], leak))
                return hf_ct_wrong("the key schedule, or it does not come from the secrets");
    }
    return 0;
}
