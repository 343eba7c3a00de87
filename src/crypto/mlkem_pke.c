/* mlkem_pke.c: K-PKE, the encryption scheme inside ML-KEM: sampling, and the three algorithms. */
#include "crypto/mlkem_pke.h"

#include "base/ct.h"
#include "crypto/keccak.h"

enum {
    K = HF_MLKEM_MAX_K, /* room for the larger set; each call uses what its own needs */
    ENTRIES = K * K,
    TRIPLES = HF_SHAKE128_RATE / 3, /* each gives two candidates for a coefficient */
    NOISE_MAX = 2 * K + 1,          /* r, e1 and e2 of one encryption */
};

/* ---- sampling ---- */

/* The state after absorbing a 32-byte seed and `tail`, which is at most 7 bytes with the padding
 * byte behind them: SHAKE of a message so short is one block, laid out here by hand so that many
 * states can be permuted together. */
static void seed_state(hf_keccak *k, const uint8_t seed[32], uint64_t tail, size_t rate)
{
    *k = (hf_keccak){0};
    for (size_t i = 0; i < 32; i++)
        k->lane[i / 8] |= (uint64_t)seed[i] << (8 * (i % 8));
    k->lane[4] = tail;
    k->lane[rate / 8 - 1] ^= (uint64_t)0x80 << 56;
}

/* One matrix entry in the making: coefficients in FIPS 203's order, with room for a whole block's
 * candidates after the 255th. */
typedef struct entry {
    int16_t c[HF_MLKEM_N + 2 * TRIPLES];
    size_t n;
} entry;

/* Appends the candidates below q. Which are kept shows in time and addresses: rho is public. Each
 * is stored first and counted after, since a branch here would be guessed wrong one time in five.
 */
static void take_block(entry *e, const hf_keccak *k)
{
    uint8_t block[HF_SHAKE128_RATE];
    hf_keccak_extract(k, block, sizeof block);
    size_t n = e->n;
    for (const uint8_t *p = block; p < block + sizeof block; p += 3) {
        const int16_t x = (int16_t)(p[0] | (p[1] & 15) << 8);
        const int16_t y = (int16_t)(p[1] >> 4 | p[2] << 4);
        e->c[n] = x;
        n += x < HF_MLKEM_Q;
        e->c[n] = y;
        n += y < HF_MLKEM_Q;
    }
    e->n = n;
}

/* All entries side by side, block by block, until each has 256 coefficients: three blocks nearly
 * always suffice. The loop ends with probability one and no bound is needed: a block yields 91 of
 * 112 on average, and nobody can find a seed that yields much fewer. */
void hf_mlkem_matrix(size_t k, hf_mlkem_poly *a, const uint8_t rho[32], bool transposed)
{
    const size_t count = k * k;
    hf_keccak states[ENTRIES];
    entry entries[ENTRIES];
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            const size_t tail = transposed ? i | j << 8 : j | i << 8;
            seed_state(&states[k * i + j], rho, tail | (uint64_t)HF_SHAKE_PAD << 16,
                       HF_SHAKE128_RATE);
            entries[k * i + j].n = 0;
        }
    for (bool more = true; more;) {
        hf_keccak_permute_many(states, count);
        more = false;
        for (size_t i = 0; i < count; i++) {
            if (entries[i].n < HF_MLKEM_N)
                take_block(&entries[i], &states[i]);
            more |= entries[i].n < HF_MLKEM_N;
        }
    }
    for (size_t i = 0; i < count; i++)
        hf_mlkem_to_lanes(&a[i], entries[i].c);
}

/* SamplePolyCBD_2(PRF_2(seed, N)) for N = 0, 1, ..., count - 1. */
static void sample_noise(hf_mlkem_poly *out, size_t count, const uint8_t seed[32])
{
    hf_keccak states[NOISE_MAX];
    uint8_t bits[HF_MLKEM_NOISE_BYTES];
    for (size_t i = 0; i < count; i++)
        seed_state(&states[i], seed, i | (uint64_t)HF_SHAKE_PAD << 8, HF_SHAKE256_RATE);
    hf_keccak_permute_many(states, count);
    for (size_t i = 0; i < count; i++) {
        hf_keccak_extract(&states[i], bits, sizeof bits);
        hf_mlkem_noise(&out[i], bits);
    }
    hf_wipe(states, count * sizeof states[0]);
    hf_wipe(bits, sizeof bits);
}

/* ---- the two parts of a ciphertext ---- */

static size_t u_len(const hf_mlkem_set *set)
{
    return 32U * set->du;
}

static void compress_u(const hf_mlkem_set *set, uint8_t *out, const hf_mlkem_poly *p)
{
    if (set->du == 10)
        hf_mlkem_compress10(out, p);
    else
        hf_mlkem_compress11(out, p);
}

static void decompress_u(const hf_mlkem_set *set, hf_mlkem_poly *p, const uint8_t *in)
{
    if (set->du == 10)
        hf_mlkem_decompress10(p, in);
    else
        hf_mlkem_decompress11(p, in);
}

static void compress_v(const hf_mlkem_set *set, uint8_t *out, const hf_mlkem_poly *p)
{
    if (set->dv == 4)
        hf_mlkem_compress4(out, p);
    else
        hf_mlkem_compress5(out, p);
}

static void decompress_v(const hf_mlkem_set *set, hf_mlkem_poly *p, const uint8_t *in)
{
    if (set->dv == 4)
        hf_mlkem_decompress4(p, in);
    else
        hf_mlkem_decompress5(p, in);
}

/* A factor's secrets end with the call that made it. */
static void wipe_factor(hf_mlkem_factor *f, size_t k)
{
    hf_wipe(f->p, k * sizeof f->p[0]);
    hf_wipe(f->twisted, k * sizeof f->twisted[0]);
}

/* ---- the three algorithms ---- */

void hf_mlkem_pke_keygen(const hf_mlkem_set *set, const uint8_t rho[32], const uint8_t sigma[32],
                         uint8_t *public_key, uint8_t *private_key)
{
    const size_t k = set->k;
    hf_mlkem_poly a[ENTRIES], noise[2 * K], t;
    const hf_mlkem_poly *e = noise + k;
    hf_mlkem_factor s;

    hf_mlkem_matrix(k, a, rho, false);
    sample_noise(noise, 2 * k, sigma);
    for (size_t i = 0; i < 2 * k; i++)
        hf_mlkem_ntt(&noise[i]);
    for (size_t i = 0; i < k; i++)
        s.p[i] = noise[i];
    hf_mlkem_factor_ready(&s, k);

    for (size_t i = 0; i < k; i++) { /* t = A s + e: below q + 1664 before the reduction */
        hf_mlkem_dot(&t, a + k * i, &s, k);
        hf_mlkem_dot_scale(&t);
        hf_mlkem_add(&t, &e[i]);
        hf_mlkem_canonical(&t);
        hf_mlkem_encode12(public_key + HF_MLKEM_POLY_BYTES * i, &t);
    }
    for (size_t i = 0; i < k; i++) {
        hf_mlkem_canonical(&s.p[i]);
        hf_mlkem_encode12(private_key + HF_MLKEM_POLY_BYTES * i, &s.p[i]);
    }
    for (size_t i = 0; i < 32; i++)
        public_key[hf_mlkem_vector_len(set) + i] = rho[i];
    hf_wipe(noise, 2 * k * sizeof noise[0]);
    wipe_factor(&s, k);
    hf_wipe(&t, sizeof t);
}

void hf_mlkem_pke_encrypt(const hf_mlkem_set *set, const uint8_t *public_key, const uint8_t m[32],
                          const uint8_t r[32], uint8_t *ciphertext)
{
    const size_t k = set->k;
    hf_mlkem_poly a[ENTRIES], t[K], noise[NOISE_MAX], u, v, message;
    const hf_mlkem_poly *e1 = noise + k, *e2 = noise + 2 * k;
    hf_mlkem_factor y;

    for (size_t i = 0; i < k; i++)
        hf_mlkem_decode12(&t[i], public_key + HF_MLKEM_POLY_BYTES * i);
    hf_mlkem_matrix(k, a, public_key + hf_mlkem_vector_len(set), true);
    sample_noise(noise, 2 * k + 1, r);
    for (size_t i = 0; i < k; i++) {
        y.p[i] = noise[i];
        hf_mlkem_ntt(&y.p[i]);
    }
    hf_mlkem_factor_ready(&y, k);

    for (size_t i = 0; i < k; i++) { /* u = A^T y + e1 */
        hf_mlkem_dot(&u, a + k * i, &y, k);
        hf_mlkem_ntt_inverse(&u);
        hf_mlkem_add(&u, &e1[i]);
        hf_mlkem_canonical(&u);
        compress_u(set, ciphertext + u_len(set) * i, &u);
    }
    hf_mlkem_decompress1(&message, m);
    hf_mlkem_dot(&v, t, &y, k); /* v = t y + e2 + message: below q + 2 + 1665 */
    hf_mlkem_ntt_inverse(&v);
    hf_mlkem_add(&v, e2);
    hf_mlkem_add(&v, &message);
    hf_mlkem_canonical(&v);
    compress_v(set, ciphertext + u_len(set) * k, &v);

    hf_wipe(noise, (2 * k + 1) * sizeof noise[0]);
    wipe_factor(&y, k);
    hf_wipe(&u, sizeof u);
    hf_wipe(&v, sizeof v);
    hf_wipe(&message, sizeof message);
}

void hf_mlkem_pke_decrypt(const hf_mlkem_set *set, const uint8_t *private_key,
                          const uint8_t *ciphertext, uint8_t m[32])
{
    const size_t k = set->k;
    hf_mlkem_poly s[K], v, w;
    hf_mlkem_factor u;

    for (size_t i = 0; i < k; i++) {
        decompress_u(set, &u.p[i], ciphertext + u_len(set) * i);
        hf_mlkem_ntt(&u.p[i]);
        hf_mlkem_decode12(&s[i], private_key + HF_MLKEM_POLY_BYTES * i);
    }
    hf_mlkem_factor_ready(&u, k);
    decompress_v(set, &v, ciphertext + u_len(set) * k);

    hf_mlkem_dot(&w, s, &u, k); /* message = v - s u: |c| <= 2q before the reduction */
    hf_mlkem_ntt_inverse(&w);
    hf_mlkem_subtract(&v, &w);
    hf_mlkem_canonical(&v);
    hf_mlkem_compress1(m, &v);

    hf_wipe(s, k * sizeof s[0]);
    wipe_factor(&u, k);
    hf_wipe(&v, sizeof v);
    hf_wipe(&w, sizeof w);
}
