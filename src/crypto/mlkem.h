/* mlkem.h: ML-KEM-768, FIPS 203. Constant time: no branch and no index depends on a secret. */
#ifndef HF_CRYPTO_MLKEM_H
#define HF_CRYPTO_MLKEM_H

#include <handfast/base.h>

#define HF_MLKEM768_PUBLIC     1184 /* encapsulation key, bytes */
#define HF_MLKEM768_SEED       64   /* d || z: all a client needs to keep */
#define HF_MLKEM768_PRIVATE    2400 /* decapsulation key, expanded */
#define HF_MLKEM768_CIPHERTEXT 1088
#define HF_MLKEM768_SECRET     32

/* KeyGen_internal(d, z), FIPS 203 section 6.1: deterministic in the seed. */
void hf_mlkem768_keygen(const uint8_t seed[HF_MLKEM768_SEED],
                        uint8_t public_key[HF_MLKEM768_PUBLIC],
                        uint8_t private_key[HF_MLKEM768_PRIVATE]);

/* False when the encapsulation key fails the modulus check of FIPS 203 section 7.2. */
bool hf_mlkem768_public_valid(const uint8_t public_key[HF_MLKEM768_PUBLIC]);

/* Encaps_internal(ek, m), section 6.2. `m` is 32 random bytes. False (and nothing written) when the
 * key fails the modulus check. */
bool hf_mlkem768_encaps(const uint8_t public_key[HF_MLKEM768_PUBLIC], const uint8_t m[32],
                        uint8_t ciphertext[HF_MLKEM768_CIPHERTEXT],
                        uint8_t secret[HF_MLKEM768_SECRET]);

/* Decaps_internal(dk, c), section 6.3: a ciphertext that was changed gives the implicit-rejection
 * secret, in the same time. */
void hf_mlkem768_decaps(const uint8_t private_key[HF_MLKEM768_PRIVATE],
                        const uint8_t ciphertext[HF_MLKEM768_CIPHERTEXT],
                        uint8_t secret[HF_MLKEM768_SECRET]);

/* False when the decapsulation key's stored hash does not fit, section 7.3. */
bool hf_mlkem768_private_valid(const uint8_t private_key[HF_MLKEM768_PRIVATE]);

#endif
