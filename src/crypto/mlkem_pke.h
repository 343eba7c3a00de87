/* mlkem_pke.h: K-PKE, the encryption scheme inside ML-KEM-768: FIPS 203 section 5. Deterministic,
 * and not safe to use on its own: only mlkem.c and the tests do.
 */
#ifndef HF_CRYPTO_MLKEM_PKE_H
#define HF_CRYPTO_MLKEM_PKE_H

#include "crypto/mlkem_poly.h"

enum {
    HF_MLKEM_VECTOR_BYTES = HF_MLKEM_K * HF_MLKEM_POLY_BYTES,             /* 1152 */
    HF_MLKEM_PKE_PUBLIC = HF_MLKEM_VECTOR_BYTES + 32,                     /* t, rho: 1184 */
    HF_MLKEM_C1_BYTES = HF_MLKEM_K * HF_MLKEM_DU_POLY_BYTES,              /* 960 */
    HF_MLKEM_PKE_CIPHERTEXT = HF_MLKEM_C1_BYTES + HF_MLKEM_DV_POLY_BYTES, /* 1088 */
};

/* Algorithm 13 from its second line: rho is public, sigma secret. */
void hf_mlkem_pke_keygen(const uint8_t rho[32], const uint8_t sigma[32],
                         uint8_t public_key[HF_MLKEM_PKE_PUBLIC],
                         uint8_t private_key[HF_MLKEM_VECTOR_BYTES]);

/* Algorithm 14: message `m` and randomness `r` are secret, the time depends on the key's rho alone.
 * Any bytes are safe as a key; that its coefficients are below q is for the caller to check. */
void hf_mlkem_pke_encrypt(const uint8_t public_key[HF_MLKEM_PKE_PUBLIC], const uint8_t m[32],
                          const uint8_t r[32], uint8_t ciphertext[HF_MLKEM_PKE_CIPHERTEXT]);

/* Algorithm 15. */
void hf_mlkem_pke_decrypt(const uint8_t private_key[HF_MLKEM_VECTOR_BYTES],
                          const uint8_t ciphertext[HF_MLKEM_PKE_CIPHERTEXT], uint8_t m[32]);

/* The matrix A-hat, row by row (or its transpose), from rho: SampleNTT, algorithm 7, nine times. */
void hf_mlkem_matrix(hf_mlkem_poly a[HF_MLKEM_K * HF_MLKEM_K], const uint8_t rho[32],
                     bool transposed);

#endif
