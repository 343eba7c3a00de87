/* mlkem.c: ML-KEM-768, the key encapsulation mechanism around K-PKE: FIPS 203 sections 6 and 7. */
#include "crypto/mlkem.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/keccak.h"
#include "crypto/mlkem_pke.h"

/* A decapsulation key: dk_PKE || ek || H(ek) || z. */
enum {
    DK_PUBLIC = HF_MLKEM_VECTOR_BYTES,
    DK_HASH = DK_PUBLIC + HF_MLKEM768_PUBLIC,
    DK_Z = DK_HASH + 32,
};
_Static_assert(DK_Z + 32 == HF_MLKEM768_PRIVATE, "the parts make the key");
_Static_assert(HF_MLKEM_PKE_PUBLIC == HF_MLKEM768_PUBLIC, "ek is ek_PKE");
_Static_assert(HF_MLKEM_PKE_CIPHERTEXT == HF_MLKEM768_CIPHERTEXT, "c is c_PKE");

/* H of section 4.1. */
static void hash_h(const uint8_t public_key[HF_MLKEM768_PUBLIC], uint8_t digest[32])
{
    hf_sha3_256(&(hf_bytes){public_key, HF_MLKEM768_PUBLIC}, 1, digest);
}

/* G of section 4.1 over two pieces: 32 secret bytes, twice. */
static void hash_g(hf_bytes first, hf_bytes second, uint8_t out[64])
{
    hf_sha3_512((const hf_bytes[]){first, second}, 2, out);
}

void hf_mlkem768_keygen(const uint8_t seed[HF_MLKEM768_SEED],
                        uint8_t public_key[HF_MLKEM768_PUBLIC],
                        uint8_t private_key[HF_MLKEM768_PRIVATE])
{
    static const uint8_t k = HF_MLKEM_K; /* separates the parameter sets */
    uint8_t rho_sigma[64];
    hash_g(hf_bytes_of(seed, 32), hf_bytes_of(&k, 1), rho_sigma);
    hf_mlkem_pke_keygen(rho_sigma, rho_sigma + 32, public_key, private_key);
    memcpy(private_key + DK_PUBLIC, public_key, HF_MLKEM768_PUBLIC);
    hash_h(public_key, private_key + DK_HASH);
    memcpy(private_key + DK_Z, seed + 32, 32);
    hf_wipe(rho_sigma, sizeof rho_sigma);
}

bool hf_mlkem768_public_valid(const uint8_t public_key[HF_MLKEM768_PUBLIC])
{
    bool valid = true;
    for (size_t i = 0; i < HF_MLKEM_K; i++) {
        hf_mlkem_poly t;
        hf_mlkem_decode12(&t, public_key + HF_MLKEM_POLY_BYTES * i);
        valid &= hf_mlkem_below_q(&t);
    }
    return valid;
}

bool hf_mlkem768_encaps(const uint8_t public_key[HF_MLKEM768_PUBLIC], const uint8_t m[32],
                        uint8_t ciphertext[HF_MLKEM768_CIPHERTEXT],
                        uint8_t secret[HF_MLKEM768_SECRET])
{
    if (!hf_mlkem768_public_valid(public_key))
        return false;
    uint8_t h[32], secret_r[64];
    hash_h(public_key, h);
    hash_g(hf_bytes_of(m, 32), hf_bytes_of(h, 32), secret_r);
    hf_mlkem_pke_encrypt(public_key, m, secret_r + 32, ciphertext);
    memcpy(secret, secret_r, HF_MLKEM768_SECRET);
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

void hf_mlkem768_decaps(const uint8_t private_key[HF_MLKEM768_PRIVATE],
                        const uint8_t ciphertext[HF_MLKEM768_CIPHERTEXT],
                        uint8_t secret[HF_MLKEM768_SECRET])
{
    uint8_t m[32], secret_r[64], rejection[32], again[HF_MLKEM768_CIPHERTEXT];
    const uint8_t *public_key = private_key + DK_PUBLIC;
    const hf_bytes rejected[] = {{private_key + DK_Z, 32}, {ciphertext, HF_MLKEM768_CIPHERTEXT}};

    hf_mlkem_pke_decrypt(private_key, ciphertext, m);
    hash_g(hf_bytes_of(m, 32), hf_bytes_of(private_key + DK_HASH, 32), secret_r);
    hf_shake256(rejected, 2, rejection, sizeof rejection); /* J(z || c) */
    hf_mlkem_pke_encrypt(public_key, m, secret_r + 32, again);
    const uint8_t mask = equal_mask(ciphertext, again, sizeof again);
    for (size_t i = 0; i < HF_MLKEM768_SECRET; i++)
        secret[i] = (uint8_t)(rejection[i] ^ (mask & (secret_r[i] ^ rejection[i])));

    hf_wipe(m, sizeof m);
    hf_wipe(secret_r, sizeof secret_r);
    hf_wipe(rejection, sizeof rejection);
    hf_wipe(again, sizeof again);
}

bool hf_mlkem768_private_valid(const uint8_t private_key[HF_MLKEM768_PRIVATE])
{
    uint8_t digest[32];
    hash_h(private_key + DK_PUBLIC, digest);
    return hf_ct_equal(digest, private_key + DK_HASH, sizeof digest);
}
