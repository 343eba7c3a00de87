/* ct_finished.c: checking a peer's Finished (RFC 9846 section 4.5.3) tells nothing but yes or no:
 * not how much of a forged verify_data was right. With --leak: compared by memcmp's habits. */
#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/hkdf.h"
#include "crypto/lookup.h"
#include "support/ct_secret.h"

/* The right verify_data for a key and a transcript hash. */
static void verify_data_of(const hf_hash *hash, const uint8_t *base_key, const uint8_t *transcript,
                           uint8_t *verify_data)
{
    uint8_t finished_key[HF_HASH_MAX_DIGEST];
    const hf_bytes message = {transcript, hash->digest_len};
    hf_hmac_key k;
    hf_hmac_key_init(&k, hash, (hf_bytes){base_key, hash->digest_len});
    hf_hkdf_expand_label(&k, "finished", (hf_bytes){NULL, 0}, finished_key, hash->digest_len);
    hf_hmac_key_init(&k, hash, (hf_bytes){finished_key, hash->digest_len});
    hf_hmac(&k, &message, 1, verify_data);
    hf_wipe(&k, sizeof k);
    hf_wipe(finished_key, sizeof finished_key);
}

static bool stops_at_the_first_difference(const uint8_t *a, const uint8_t *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    for (size_t i = 0; i < n; i++)
        if (x[i] != y[i])
            return false;
    return true;
}

/* The peer's bytes are public (they came over the wire); the right ones are secret until the
 * answer. `wrong_at` is the place of a wrong byte, or the length for none. */
static bool check(const hf_hash *hash, size_t wrong_at, bool leak)
{
    const size_t n = hash->digest_len;
    uint8_t base_key[HF_HASH_MAX_DIGEST] = {0}, transcript[HF_HASH_MAX_DIGEST] = {0};
    uint8_t received[HF_HASH_MAX_DIGEST], right[HF_HASH_MAX_DIGEST];
    for (size_t i = 0; i < n; i++)
        base_key[i] = (uint8_t)(7 * i), transcript[i] = (uint8_t)(11 * i + 5);
    verify_data_of(hash, base_key, transcript, received);
    if (wrong_at < n)
        received[wrong_at] ^= 0x20;

    hf_ct_secret(base_key, n);
    verify_data_of(hash, base_key, transcript, right);
    const bool from_secret = hf_ct_all_secret(right, n);
    bool same =
        leak ? stops_at_the_first_difference(right, received, n) : hf_ct_equal(right, received, n);
    hf_ct_public(&same, sizeof same); /* the handshake goes on or ends: everyone sees it */
    return from_secret && same == (wrong_at >= n);
}

int main(int argc, char **argv)
{
    bool leak;
    const int skipped = hf_ct_begin(argc, argv, &leak);
    if (skipped != 0)
        return skipped;
    static const uint8_t ids[] = {4, 5}; /* SHA-256 and SHA-384 */
    for (size_t i = 0; i < sizeof ids; i++) {
        const hf_hash *hash = hf_hash_find(hf_provider_default(), ids[i]);
        if (hash == NULL)
            return hf_ct_wrong("the provider has no SHA-256 or no SHA-384");
        for (size_t at = 0; at <= hash->digest_len; at++)
            if (!check(hash, at, leak))
                return hf_ct_wrong("a Finished was judged wrongly");
    }
    return 0;
}
