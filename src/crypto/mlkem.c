/* mlkem.c: ML-KEM, the key encapsulation mechanism around K-PKE: FIPS 203 sections 6 and 7. */
#include "crypto/mlkem.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/keccak.h"
#include "crypto/mlkem_pke.h"

const hf_mlkem_set hf_mlkem768 = {
    .name = "ML-KEM-768",
    .k = 3,
    .du = 10,
    .dv = 4,
    .public_len = HF_MLKEM768_PUBLIC,
    .private_len = HF_MLKEM768_PRIVATE,
    .ciphertext_len = HF_MLKEM768_CIPHERTEXT,
};

const hf_mlkem_set hf_mlkem1024 = {
    .name = "ML-KEM-1024",
    .k = 4,
    .du = 11,
    .dv = 5,
    .public_len = HF_MLKEM1024_PUBLIC,
    .private_len = HF_MLKEM1024_PRIVATE,
    .ciphertext_len = HF_MLKEM1024_CIPHERTEXT,
};

_Static_assert(HF_MLKEM1024_CIPHERTEXT >= HF_MLKEM768_CIPHERTEXT, "the longest ciphertext");

/* A decapsulation key: dk_PKE || ek || H(ek) || z. */
typedef struct parts {
    const uint8_t *pke, *public_key, *hash, *z;
} parts;

static parts parts_of(const hf_mlkem_set *set, const uint8_t *private_key)
{
    const uint8_t *public_key = private_key + hf_mlkem_vector_len(set);
    const uint8_t *hash = public_key + set->public_len;
    return (parts){private_key, public_key, hash, hash + 32};
}

/* H of section 4.1. */
static void hash_h(const hf_mlkem_set *set, const uint8_t *public_key, uint8_t digest[32])
{
    hf_sha3_256(&(hf_bytes){public_key, set->public_len}, 1, digest);
}

/* G of section 4.1 over two pieces: 32 secret bytes, twice. */
static void hash_g(hf_bytes first, hf_bytes second, uint8_t out[64])
{
    hf_sha3_512((const hf_bytes[]){first, second}, 2, out);
}

void hf_mlkem_keygen(const hf_mlkem_set *set, const uint8_t seed[HF_MLKEM_SEED],
                     uint8_t *public_key, uint8_t *private_key)
{
    uint8_t rho_sigma[64], *end = private_key + hf_mlkem_vector_len(set);
    hash_g(hf_bytes_of(seed, 32), hf_bytes_of(&set->k, 1), rho_sigma); /* k separates the sets */
    hf_mlkem_pke_keygen(set, rho_sigma, rho_sigma + 32, public_key, private_key);
    memcpy(end, public_key, set->public_len);
    hash_h(set, public_key, end + set->public_len);
    memcpy(end + set->public_len + 32, seed + 32, 32);
    hf_wipe(rho_sigma, sizeof rho_sigma);
}

bool hf_mlkem_public_valid(const hf_mlkem_set *set, const uint8_t *public_key)
{
    bool valid = true;
    for (size_t i = 0; i < set->k; i++) {
        hf_mlkem_poly t;
        hf_mlkem_decode12(&t, public_key + HF_MLKEM_POLY_BYTES * i);
        valid &= hf_mlkem_below_q(&t);
    }
    return valid;
}

bool hf_mlkem_encaps(const hf_mlkem_set *set, const uint8_t *public_key, const uint8_t m[32],
                     uint8_t *ciphertext, uint8_t secret[HF_MLKEM_SECRET])
{
    if (!hf_mlkem_public_valid(set, public_key))
        return false;
    uint8_t h[32], secret_r[64];
    hash_h(set, public_key, h);
    hash_g(hf_bytes_of(m, 32), hf_bytes_of(h, 32), secret_r);
    hf_mlkem_pke_encrypt(set, public_key, m, secret_r + 32, ciphertext);
    memcpy(secret, secret_r, HF_MLKEM_SECRET);
    hf_wipe(secret_r, sizeof secret_r);
    return true;
}

/* 0xff when the ciphertexts are equal, else 0, and the compiler cannot know that these are the only
 * two: it must not make a branch of what is done with the answer. (That a ciphertext was refused is
 * a secret: it tells an attacker about the key.) */
static uint8_t equal_mask(const uint8_t *a, const uint8_t *b, size_t n)
{
    uint32_t difference = 0;
    for (size_t i = 0; i < n; i++)
        difference |= (uint32_t)(a[i] ^ b[i]);
    uint32_t mask = ~hf_ct_nonzero_mask(difference);
    __asm__("" : "+r"(mask));
    return (uint8_t)mask;
}

void hf_mlkem_decaps(const hf_mlkem_set *set, const uint8_t *private_key, const uint8_t *ciphertext,
                     uint8_t secret[HF_MLKEM_SECRET])
{
    uint8_t m[32], secret_r[64], rejection[32], again[HF_MLKEM1024_CIPHERTEXT];
    const parts dk = parts_of(set, private_key);
    const hf_bytes rejected[] = {{dk.z, 32}, {ciphertext, set->ciphertext_len}};

    hf_mlkem_pke_decrypt(set, dk.pke, ciphertext, m);
    hash_g(hf_bytes_of(m, 32), hf_bytes_of(dk.hash, 32), secret_r);
    hf_shake256(rejected, 2, rejection, sizeof rejection); /* J(z || c) */
    hf_mlkem_pke_encrypt(set, dk.public_key, m, secret_r + 32, again);
    const uint8_t mask = equal_mask(ciphertext, again, set->ciphertext_len);
    for (size_t i = 0; i < HF_MLKEM_SECRET; i++)
        secret[i] = (uint8_t)(rejection[i] ^ (mask & (secret_r[i] ^ rejection[i])));

    hf_wipe(m, sizeof m);
    hf_wipe(secret_r, sizeof secret_r);
    hf_wipe(rejection, sizeof rejection);
    hf_wipe(again, set->ciphertext_len);
}

bool hf_mlkem_private_valid(const hf_mlkem_set *set, const uint8_t *private_key)
{
    const parts dk = parts_of(set, private_key);
    uint8_t digest[32];
    hash_h(set, dk.public_key, digest);
    return hf_ct_equal(digest, dk.hash, sizeof digest);
}
