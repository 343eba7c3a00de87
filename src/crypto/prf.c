/* prf.c: TLS 1.2's pseudorandom function, RFC 5246 section 5. */
#include "crypto/prf.h"

#include "base/bytes.h"
#include "base/ct.h"

void hf_prf12(const hf_hash *hash, hf_bytes secret, const char *label, hf_bytes seed_a,
              hf_bytes seed_b, uint8_t *out, size_t n)
{
    hf_hmac_key key;
    uint8_t a[HF_HASH_MAX_DIGEST], block[HF_HASH_MAX_DIGEST];
    const size_t digest = hash->digest_len;
    const hf_bytes text = hf_bytes_text(label);
    hf_hmac_key_init(&key, hash, secret);
    /* A(1) = HMAC(secret, label + seed); each block is HMAC(secret, A(i) + label + seed). */
    hf_hmac(&key, (const hf_bytes[]){text, seed_a, seed_b}, 3, a);
    while (n > 0) {
        const hf_bytes pieces[] = {{a, digest}, text, seed_a, seed_b};
        hf_hmac(&key, pieces, 4, block);
        size_t take = n < digest ? n : digest;
        memcpy(out, block, take);
        out += take;
        n -= take;
        hf_hmac(&key, pieces, 1, a);
    }
    hf_wipe(&key, sizeof(key));
    hf_wipe(a, sizeof(a));
    hf_wipe(block, sizeof(block));
}
