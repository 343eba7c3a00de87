/* ct_mlkem.c: ML-KEM's time and addresses depend on no secret. With --leak: each operation's
 * result is branched on before it is declared public. */
#include "base/bytes.h"
#include "crypto/keccak.h"
#include "crypto/mlkem.h"
#include "crypto/mlkem_pke.h"
#include "support/ct_secret.h"

static bool leak;
static const hf_mlkem_set *set; /* the one that runs */

/* The end of an operation: its result must come from the secret; with --leak it is leaked; then it
 * is made public so that it can be looked at. */
static bool reveal(void *result, size_t n)
{
    const bool from_secret = hf_ct_all_secret(result, n);
    if (leak)
        hf_ct_leak(result, n);
    hf_ct_public(result, n);
    return from_secret;
}

static void seed_bytes(uint8_t *p, size_t n, uint8_t from)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(from + 29 * i);
}

/* KeyGen in its two steps. Sampling the matrix takes a time that depends on rho, which comes out of
 * the secret d midway: it is half of G's output, stands in the public key as it is, and tells
 * nothing about the other half or d as long as SHA3-512 is one-way. So it is made public there. */
static bool keygen(const uint8_t expected_public[HF_MLKEM1024_PUBLIC],
                   const uint8_t expected_private[HF_MLKEM1024_PRIVATE])
{
    const size_t vector = hf_mlkem_vector_len(set);
    uint8_t d[32], rho_sigma[64], public_key[HF_MLKEM1024_PUBLIC],
        private_key[HF_MLKEM_MAX_K * HF_MLKEM_POLY_BYTES];
    seed_bytes(d, sizeof d, 0);
    hf_ct_secret(d, sizeof d);
    const hf_bytes pieces[] = {{d, sizeof d}, {&set->k, 1}};
    hf_sha3_512(pieces, 2, rho_sigma);
    bool good = hf_ct_all_secret(rho_sigma, sizeof rho_sigma);
    hf_ct_public(rho_sigma, 32);
    hf_mlkem_pke_keygen(set, rho_sigma, rho_sigma + 32, public_key, private_key);
    good &= reveal(public_key, vector); /* behind it stands rho, public already */
    good &= reveal(private_key, vector);
    return good && memcmp(public_key, expected_public, set->public_len) == 0 &&
           memcmp(private_key, expected_private, vector) == 0;
}

/* The public key is public, the message is not; neither are the secret and, until it is sent, the
 * ciphertext. */
static bool encaps(const uint8_t public_key[HF_MLKEM1024_PUBLIC],
                   uint8_t ciphertext[HF_MLKEM1024_CIPHERTEXT], uint8_t secret[HF_MLKEM_SECRET])
{
    uint8_t m[32];
    seed_bytes(m, sizeof m, 99);
    hf_ct_secret(m, sizeof m);
    bool good = hf_mlkem_encaps(set, public_key, m, ciphertext, secret);
    good &= reveal(ciphertext, set->ciphertext_len);
    good &= reveal(secret, HF_MLKEM_SECRET);
    return good;
}

/* Of the private key, s and z are secret; ek and its hash are not. The ciphertext came over the
 * wire. Whether it was refused must show as little as the rest. */
static bool decaps(const uint8_t expanded[HF_MLKEM1024_PRIVATE],
                   const uint8_t ciphertext[HF_MLKEM1024_CIPHERTEXT],
                   uint8_t secret[HF_MLKEM_SECRET])
{
    uint8_t private_key[HF_MLKEM1024_PRIVATE];
    memcpy(private_key, expanded, set->private_len);
    hf_ct_secret(private_key, hf_mlkem_vector_len(set));
    hf_ct_secret(private_key + set->private_len - 32, 32);
    hf_mlkem_decaps(set, private_key, ciphertext, secret);
    return reveal(secret, HF_MLKEM_SECRET);
}

/* 0, or what hf_ct_wrong says. */
static int check(const hf_mlkem_set *which)
{
    set = which;
    uint8_t seed[HF_MLKEM_SEED], public_key[HF_MLKEM1024_PUBLIC];
    uint8_t private_key[HF_MLKEM1024_PRIVATE], ciphertext[HF_MLKEM1024_CIPHERTEXT];
    uint8_t sent[HF_MLKEM_SECRET], received[HF_MLKEM_SECRET];

    seed_bytes(seed, sizeof seed, 0); /* no mark here: what the marked runs must agree with */
    hf_mlkem_keygen(set, seed, public_key, private_key);
    if (!keygen(public_key, private_key))
        return hf_ct_wrong("key generation");
    if (!encaps(public_key, ciphertext, sent))
        return hf_ct_wrong("encapsulation");
    if (!decaps(private_key, ciphertext, received) || memcmp(sent, received, sizeof sent) != 0)
        return hf_ct_wrong("decapsulation");
    ciphertext[700] ^= 4;
    if (!decaps(private_key, ciphertext, received) || memcmp(sent, received, sizeof sent) == 0)
        return hf_ct_wrong("decapsulation of a changed ciphertext");
    return 0;
}

int main(int argc, char **argv)
{
    const int skipped = hf_ct_begin(argc, argv, &leak);
    if (skipped != 0)
        return skipped;
    const int wrong = check(&hf_mlkem768);
    return wrong != 0 ? wrong : check(&hf_mlkem1024);
}
