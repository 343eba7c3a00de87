/* rsa_keys.c: RSA keys of certificates, kept for when they are met again. */
#include "crypto/libcrypto.h"

#include "base/bytes.h"
#include "crypto/rsa_keys.h"

#include <openssl/bn.h>
#include <stdatomic.h>

/* `hint` only says where to look; the object's own numbers decide, once it is in the taker's hands.
 * Without order between the two, the worst is a key not found. */
static struct {
    _Atomic(uint64_t) hint;
    _Atomic(RSA *) rsa;
} places[HF_RSA_KEYS_PLACES];

static atomic_uint turn; /* whose place is taken next when all are full */

/* The end of the modulus, which is where moduli differ. */
static uint64_t hint_of(hf_bytes modulus)
{
    uint64_t hint = 0;
    for (size_t i = modulus.n < 8 ? 0 : modulus.n - 8; i < modulus.n; i++)
        hint = hint << 8 | modulus.p[i];
    return hint;
}

static bool is_number(const BIGNUM *number, hf_bytes magnitude)
{
    uint8_t bytes[HF_RSA_KEYS_MOST_BITS / 8];
    const int n = BN_num_bytes(number);
    return (size_t)n == magnitude.n && (size_t)n <= sizeof bytes && BN_bn2bin(number, bytes) == n &&
           hf_bytes_equal(hf_bytes_of(bytes, (size_t)n), magnitude);
}

RSA *hf_rsa_keys_take(const hf_spki *key)
{
    const uint64_t hint = hint_of(key->modulus);
    for (size_t i = 0; i < HF_RSA_KEYS_PLACES; i++) {
        if (atomic_load_explicit(&places[i].hint, memory_order_relaxed) != hint)
            continue;
        RSA *rsa = atomic_exchange_explicit(&places[i].rsa, NULL, memory_order_acquire);
        if (rsa == NULL)
            continue;
        if (is_number(RSA_get0_n(rsa), key->modulus) && is_number(RSA_get0_e(rsa), key->exponent))
            return rsa;
        hf_rsa_keys_put(rsa);
    }
    return NULL;
}

static size_t free_place(void)
{
    for (size_t i = 0; i < HF_RSA_KEYS_PLACES; i++)
        if (atomic_load_explicit(&places[i].rsa, memory_order_relaxed) == NULL)
            return i;
    return atomic_fetch_add_explicit(&turn, 1, memory_order_relaxed) % HF_RSA_KEYS_PLACES;
}

void hf_rsa_keys_put(RSA *rsa)
{
    uint8_t bytes[HF_RSA_KEYS_MOST_BITS / 8];
    const int n = RSA_size(rsa);
    if (n > (int)sizeof bytes) {
        RSA_free(rsa);
        return;
    }
    BN_bn2bin(RSA_get0_n(rsa), bytes);
    const size_t i = free_place();
    atomic_store_explicit(&places[i].hint, hint_of(hf_bytes_of(bytes, (size_t)n)),
                          memory_order_relaxed);
    RSA_free(atomic_exchange_explicit(&places[i].rsa, rsa, memory_order_acq_rel));
}
