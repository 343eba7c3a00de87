/* mlkem_pke.h: K-PKE, the encryption scheme inside ML-KEM: FIPS 203 section 5. Deterministic, and
 * not safe to use on its own: only mlkem.c and the tests do.
 */
#ifndef HF_CRYPTO_MLKEM_PKE_H
#define HF_CRYPTO_MLKEM_PKE_H

#include "crypto/mlkem.h"
#include "crypto/mlkem_poly.h"

/* Bytes of an encoded vector: dk_PKE whole, and what rho stands behind in ek_PKE. */
static inline size_t hf_mlkem_vector_len(const hf_mlkem_set *set)
{
    return (size_t)set->k * HF_MLKEM_POLY_BYTES;
}

/* Algorithm 13 from its second line: rho is public, sigma secret. */
void hf_mlkem_pke_keygen(const hf_mlkem_set *set, const uint8_t rho[32], const uint8_t sigma[32],
                         uint8_t *public_key, uint8_t *private_key);

/* Algorithm 14: message `m` and randomness `r` are secret, the time depends on the key's rho alone.
 * Any bytes are safe as a key; that its coefficients are below q is for the caller to check. */
void hf_mlkem_pke_encrypt(const hf_mlkem_set *set, const uint8_t *public_key, const uint8_t m[32],
                          const uint8_t r[32], uint8_t *ciphertext);

/* Algorithm 15. */
void hf_mlkem_pke_decrypt(const hf_mlkem_set *set, const uint8_t *private_key,
                          const uint8_t *ciphertext, uint8_t m[32]);

/* The k by k matrix A-hat, row by row (or its transpose), from rho: SampleNTT, algorithm 7. */
void hf_mlkem_matrix(size_t k, hf_mlkem_poly *a, const uint8_t rho[32], bool transposed);

#endif
