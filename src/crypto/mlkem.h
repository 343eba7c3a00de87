/* mlkem.h: ML-KEM-768 and ML-KEM-1024, FIPS 203. Constant time: no branch and no index depends on a
 * secret. */
#ifndef HF_CRYPTO_MLKEM_H
#define HF_CRYPTO_MLKEM_H

#include <handfast/base.h>

#define HF_MLKEM_SEED   64 /* d || z: all a client needs to keep */
#define HF_MLKEM_SECRET 32

#define HF_MLKEM768_PUBLIC      1184 /* encapsulation key, bytes */
#define HF_MLKEM768_PRIVATE     2400 /* decapsulation key, expanded */
#define HF_MLKEM768_CIPHERTEXT  1088
#define HF_MLKEM1024_PUBLIC     1568
#define HF_MLKEM1024_PRIVATE    3168
#define HF_MLKEM1024_CIPHERTEXT 1568

/* A parameter set: FIPS 203 section 8. Both have eta 2. Lengths in bytes. */
typedef struct hf_mlkem_set {
    const char *name; /* "ML-KEM-768" */
    uint8_t k;        /* polynomials in a vector */
    uint8_t du, dv;   /* bits that are kept of a coefficient in the ciphertext's two parts */
    uint16_t public_len, private_len, ciphertext_len;
} hf_mlkem_set;
extern const hf_mlkem_set hf_mlkem768, hf_mlkem1024;

/* KeyGen_internal(d, z), FIPS 203 section 6.1: deterministic in the seed. */
void hf_mlkem_keygen(const hf_mlkem_set *set, const uint8_t seed[HF_MLKEM_SEED],
                     uint8_t *public_key, uint8_t *private_key);

/* False when the encapsulation key fails the modulus check of FIPS 203 section 7.2. */
bool hf_mlkem_public_valid(const hf_mlkem_set *set, const uint8_t *public_key);

/* Encaps_internal(ek, m), section 6.2. `m` is 32 random bytes. False (and nothing written) when the
 * key fails the modulus check. */
bool hf_mlkem_encaps(const hf_mlkem_set *set, const uint8_t *public_key, const uint8_t m[32],
                     uint8_t *ciphertext, uint8_t secret[HF_MLKEM_SECRET]);

/* Decaps_internal(dk, c), section 6.3: a ciphertext that was changed gives the implicit-rejection
 * secret, in the same time. */
void hf_mlkem_decaps(const hf_mlkem_set *set, const uint8_t *private_key, const uint8_t *ciphertext,
                     uint8_t secret[HF_MLKEM_SECRET]);

/* False when the decapsulation key's stored hash does not fit, section 7.3. */
bool hf_mlkem_private_valid(const hf_mlkem_set *set, const uint8_t *private_key);

#endif
