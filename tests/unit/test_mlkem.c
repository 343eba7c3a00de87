/* test_mlkem.c: ML-KEM-768, ML-KEM-1024 and the arithmetic under it, against FIPS 203 written out
 * plainly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "crypto/keccak.h"
#include "crypto/mlkem.h"
#include "crypto/mlkem_pke.h"

#include <openssl/evp.h>

enum { N = HF_MLKEM_N, Q = HF_MLKEM_Q, K = HF_MLKEM_MAX_K };

/* The parameter sets; a test of the KEM gets one as its state. */
static const hf_mlkem_set *const sets[] = {&hf_mlkem768, &hf_mlkem1024};

static const hf_mlkem_set *set_of(void **state)
{
    return *state;
}

static uint64_t next_number(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void fill(uint8_t *p, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)next_number(&seed);
}

static int mod_q(int64_t v)
{
    return (int)((v % Q + Q) % Q);
}

static int power(int base, unsigned exponent)
{
    int r = 1;
    for (unsigned i = 0; i < exponent; i++)
        r = mod_q((int64_t)r * base);
    return r;
}

static unsigned bit_reversed7(unsigned k)
{
    unsigned r = 0;
    for (unsigned i = 0; i < 7; i++)
        r |= (k >> i & 1) << (6 - i);
    return r;
}

/* 17^BitRev7(k) * 2^16, centred. */
static int zeta_montgomery(unsigned k)
{
    const int z = mod_q((int64_t)power(17, bit_reversed7(k)) * 65536);
    return z > Q / 2 ? z - Q : z;
}

/* ---- coefficients ---- */

static void zetas_are_the_bit_reversed_powers_of_17(void **state)
{
    (void)state;
    const hf_mlkem_constants *z = &hf_mlkem_zetas;
    for (unsigned k = 1; k < 16; k++)
        assert_int_equal(z->row[k], zeta_montgomery(k));
    for (unsigned b = 0; b < 16; b++) {
        assert_int_equal(z->lane[0][b], zeta_montgomery(16 + b));
        assert_int_equal(z->back[0][b], zeta_montgomery(31 - b));
        for (unsigned h = 0; h < 2; h++) {
            assert_int_equal(z->lane[1 + h][b], zeta_montgomery(32 + 2 * b + h));
            assert_int_equal(z->back[1 + h][b], zeta_montgomery(63 - 2 * b - h));
        }
        for (unsigned h = 0; h < 4; h++) {
            assert_int_equal(z->lane[3 + h][b], zeta_montgomery(64 + 4 * b + h));
            assert_int_equal(z->back[3 + h][b], zeta_montgomery(127 - 4 * b - h));
        }
    }
}

static void montgomery_product_is_right_and_below_q_over_its_whole_range(void **state)
{
    (void)state;
    for (int b = -1664; b <= 1664; b += 13)
        for (int a = INT16_MIN; a <= INT16_MAX; a += 3) {
            const int r = hf_mlkem_montgomery((int16_t)a, (int16_t)b);
            if (r <= -Q || r >= Q || mod_q((int64_t)r * 65536) != mod_q((int64_t)a * b))
                fail_msg("montgomery(%d, %d) = %d", a, b, r);
        }
}

static void barrett_centres_every_coefficient(void **state)
{
    (void)state;
    for (int a = INT16_MIN; a <= INT16_MAX; a++) {
        const int r = hf_mlkem_barrett((int16_t)a);
        if (r < -1664 || r > 1664 || mod_q(r) != mod_q(a))
            fail_msg("barrett(%d) = %d", a, r);
    }
}

static void canonical_is_the_remainder_of_every_coefficient(void **state)
{
    (void)state;
    for (int base = INT16_MIN; base < INT16_MAX; base += N) {
        hf_mlkem_poly p;
        for (int i = 0; i < N; i++)
            p.c[i] = (int16_t)(base + i);
        hf_mlkem_canonical(&p);
        for (int i = 0; i < N; i++)
            assert_int_equal(p.c[i], mod_q(base + i));
    }
}

/* Compress_d in exact arithmetic: round(2^d x / q) mod 2^d, half upward. */
static unsigned exact_compress(int x, unsigned d)
{
    return (unsigned)(((int64_t)x << (d + 1)) + Q) / (2 * Q) % (1u << d);
}

static unsigned bits_at(const uint8_t *p, size_t at, unsigned n)
{
    unsigned v = 0;
    for (unsigned i = 0; i < n; i++)
        v |= ((unsigned)p[(at + i) / 8] >> (at + i) % 8 & 1u) << i;
    return v;
}

static void compression_is_exact_for_every_coefficient(void **state)
{
    (void)state;
    uint8_t eleven[352], ten[320], five[160], four[128], one[32];
    for (int base = 0; base < Q; base += N) {
        hf_mlkem_poly p;
        for (int i = 0; i < N; i++)
            p.c[i] = (int16_t)((base + i) % Q);
        hf_mlkem_compress11(eleven, &p);
        hf_mlkem_compress10(ten, &p);
        hf_mlkem_compress5(five, &p);
        hf_mlkem_compress4(four, &p);
        hf_mlkem_compress1(one, &p);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(bits_at(eleven, 11 * i, 11), exact_compress(p.c[i], 11));
            assert_int_equal(bits_at(ten, 10 * i, 10), exact_compress(p.c[i], 10));
            assert_int_equal(bits_at(five, 5 * i, 5), exact_compress(p.c[i], 5));
            assert_int_equal(bits_at(four, 4 * i, 4), exact_compress(p.c[i], 4));
            assert_int_equal(bits_at(one, i, 1), exact_compress(p.c[i], 1));
        }
    }
}

static int exact_decompress(unsigned y, unsigned d)
{
    return (int)((2 * y * Q + (1u << d)) >> (d + 1));
}

/* What `decompress` makes of `n` bytes is right, and `compress` makes the bytes again. */
static void check_decompression(const uint8_t *in, size_t n, unsigned d,
                                void (*decompress)(hf_mlkem_poly *p, const uint8_t *in),
                                void (*compress)(uint8_t *out, const hf_mlkem_poly *p))
{
    uint8_t *exact = malloc(n), back[352]; /* a sanitizer sees a byte read past the end */
    hf_mlkem_poly p;
    assert_non_null(exact);
    memcpy(exact, in, n);
    decompress(&p, exact);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(p.c[i], exact_decompress(bits_at(in, d * i, d), d));
    hf_mlkem_canonical(&p);
    compress(back, &p);
    assert_memory_equal(back, in, n);
    free(exact);
}

static void decompression_is_exact_and_compresses_back(void **state)
{
    (void)state;
    uint8_t in[352];
    for (uint64_t seed = 0; seed < 50; seed++) { /* 12,800 values of at most 2,048 */
        fill(in, sizeof in, seed);
        check_decompression(in, 352, 11, hf_mlkem_decompress11, hf_mlkem_compress11);
        check_decompression(in, 320, 10, hf_mlkem_decompress10, hf_mlkem_compress10);
        check_decompression(in, 160, 5, hf_mlkem_decompress5, hf_mlkem_compress5);
        check_decompression(in, 128, 4, hf_mlkem_decompress4, hf_mlkem_compress4);
        check_decompression(in, 32, 1, hf_mlkem_decompress1, hf_mlkem_compress1);
    }
}

static void noise_is_the_difference_of_two_bit_sums_for_every_byte(void **state)
{
    (void)state;
    uint8_t in[HF_MLKEM_NOISE_BYTES];
    hf_mlkem_poly p;
    for (unsigned base = 0; base < 256; base += sizeof in) {
        for (unsigned i = 0; i < sizeof in; i++)
            in[i] = (uint8_t)(base + i);
        hf_mlkem_noise(&p, in);
        for (size_t i = 0; i < N; i++) {
            const unsigned b = bits_at(in, 4 * i, 4);
            assert_int_equal(p.c[i],
                             (int)((b & 1) + (b >> 1 & 1)) - (int)((b >> 2 & 1) + (b >> 3)));
        }
    }
}

/* ---- polynomials ---- */

static void fill_poly(hf_mlkem_poly *p, uint64_t seed, int from, int to)
{
    for (size_t i = 0; i < N; i++)
        p->c[i] = (int16_t)(from + (int)(next_number(&seed) % (uint64_t)(to - from + 1)));
}

/* The NTT by its meaning: the remainder of f modulo X^2 - 17^(2 BitRev7(i) + 1), for i < 128. */
static void plain_ntt(int16_t out[N], const hf_mlkem_poly *f)
{
    for (unsigned i = 0; i < N / 2; i++) {
        const int gamma = power(17, 2 * bit_reversed7(i) + 1);
        int even = 0, odd = 0;
        for (int j = N - 2; j >= 0; j -= 2) { /* Horner in X^2 */
            even = mod_q((int64_t)even * gamma + f->c[j]);
            odd = mod_q((int64_t)odd * gamma + f->c[j + 1]);
        }
        out[2 * i] = (int16_t)even;
        out[2 * i + 1] = (int16_t)odd;
    }
}

static void assert_same_mod_q(const hf_mlkem_poly *a, const hf_mlkem_poly *b)
{
    for (size_t i = 0; i < N; i++)
        if (mod_q(a->c[i]) != mod_q(b->c[i]))
            fail_msg("coefficient %zu: %d and %d differ mod q", i, a->c[i], b->c[i]);
}

static void ntt_gives_the_remainders_that_define_it(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        hf_mlkem_poly f, expected;
        int16_t plain[N];
        fill_poly(&f, seed, seed % 2 ? -Q : 0, Q); /* the whole range that it takes */
        if (seed == 2)                             /* the extremes, where a bound would break */
            for (size_t i = 0; i < N; i++)
                f.c[i] = Q;
        plain_ntt(plain, &f);
        hf_mlkem_to_lanes(&expected, plain);
        hf_mlkem_ntt(&f);
        assert_same_mod_q(&f, &expected);
        for (size_t i = 0; i < N; i++)
            assert_in_range(f.c[i] + 1664, 0, 2 * 1664);
    }
}

static void inverse_ntt_undoes_the_ntt_for_any_coefficients(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        hf_mlkem_poly f, g;
        fill_poly(&f, seed, -Q, Q);
        g = f;
        hf_mlkem_ntt(&g);
        hf_mlkem_ntt_inverse(&g);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(mod_q(g.c[i]), mod_q((int64_t)f.c[i] * 65536));
            assert_in_range(g.c[i] + Q, 1, 2 * Q - 1);
        }
    }
    for (int extreme = 0; extreme < 3; extreme++) { /* forward again after the inverse */
        hf_mlkem_poly f, g;
        for (size_t i = 0; i < N; i++)
            f.c[i] = (int16_t)(extreme == 0   ? INT16_MAX
                               : extreme == 1 ? INT16_MIN
                                              : (i * 7 % 3 ? INT16_MAX : INT16_MIN));
        g = f;
        hf_mlkem_ntt_inverse(&g);
        hf_mlkem_ntt(&g);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(mod_q(g.c[i]), mod_q((int64_t)f.c[i] * 65536));
    }
}

/* out += a * b modulo X^256 + 1. */
static void schoolbook(int out[N], const hf_mlkem_poly *a, const hf_mlkem_poly *b)
{
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            const int64_t product = (int64_t)a->c[i] * b->c[j];
            const size_t at = (i + j) % N;
            out[at] = mod_q(i + j < N ? out[at] + product : out[at] - product);
        }
}

static void inner_product_is_the_schoolbook_product(void **state)
{
    const size_t k = set_of(state)->k;
    for (uint64_t seed = 0; seed < 4; seed++) {
        hf_mlkem_poly a[K], out;
        hf_mlkem_factor f;
        int expected[N] = {0};
        for (unsigned i = 0; i < k; i++) {
            fill_poly(&a[i], 10 * seed + i, 0, Q - 1);
            fill_poly(&f.p[i], 10 * seed + i + 5, -2, 2);
            schoolbook(expected, &a[i], &f.p[i]);
            hf_mlkem_ntt(&a[i]);
            hf_mlkem_ntt(&f.p[i]);
        }
        hf_mlkem_factor_ready(&f, k);
        hf_mlkem_dot(&out, a, &f, k);
        hf_mlkem_ntt_inverse(&out);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(mod_q(out.c[i]), expected[i]);
    }
}

/* Coefficients that only a malformed key has (4095), and factors at either end: no sum overflows.
 */
static void inner_product_keeps_its_bound_at_the_extremes(void **state)
{
    const size_t k = set_of(state)->k;
    const int bound = 3600 * (int)k;
    for (unsigned seed = 0; seed < 64; seed++) {
        hf_mlkem_poly a[K], out;
        hf_mlkem_factor f;
        uint64_t numbers = seed;
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < N; j++) {
                a[i].c[j] = (int16_t)(seed == 0 || next_number(&numbers) % 4 ? 4095 : 4094);
                f.p[i].c[j] = (int16_t)(seed == 0 || next_number(&numbers) % 2 ? 1664 : -1664);
            }
        hf_mlkem_factor_ready(&f, k);
        hf_mlkem_dot(&out, a, &f, k);
        for (size_t j = 0; j < N; j++) {
            const size_t partner = j ^ 16, pair = j / 32, lane = j % 16;
            int64_t sum = 0;
            for (size_t i = 0; i < k; i++)
                sum += j & 16 ? (int64_t)a[i].c[j] * f.p[i].c[partner] +
                                    (int64_t)a[i].c[partner] * f.p[i].c[j]
                              : (int64_t)a[i].c[j] * f.p[i].c[j] +
                                    (int64_t)a[i].c[partner] * f.twisted[i][16 * pair + lane];
            assert_int_equal(mod_q((int64_t)out.c[j] * 65536), mod_q(sum));
            assert_in_range(out.c[j] + bound, 1, 2 * bound - 1);
        }
    }
}

static void twelve_bit_encoding_is_that_of_the_standard_and_comes_back(void **state)
{
    (void)state;
    uint8_t bytes[HF_MLKEM_POLY_BYTES], again[HF_MLKEM_POLY_BYTES];
    for (uint64_t seed = 0; seed < 20; seed++) {
        hf_mlkem_poly p, expected;
        int16_t plain[N];
        fill(bytes, sizeof bytes, seed);
        for (size_t i = 0; i < N; i++)
            plain[i] = (int16_t)bits_at(bytes, 12 * i, 12);
        hf_mlkem_to_lanes(&expected, plain);
        hf_mlkem_decode12(&p, bytes);
        assert_memory_equal(&p, &expected, sizeof p);
        hf_mlkem_encode12(again, &p);
        assert_memory_equal(again, bytes, sizeof bytes);
    }
}

/* SampleNTT, algorithm 7, one byte triple at a time. */
static void plain_sample(int16_t out[N], const uint8_t seed[34])
{
    uint8_t stream[168 * 8];
    hf_shake128(&(hf_bytes){seed, 34}, 1, stream, sizeof stream);
    size_t n = 0;
    for (size_t i = 0; n < N; i += 3) {
        assert_true(i + 3 <= sizeof stream);
        const int d1 = stream[i] + 256 * (stream[i + 1] % 16);
        const int d2 = stream[i + 1] / 16 + 16 * stream[i + 2];
        if (d1 < Q)
            out[n++] = (int16_t)d1;
        if (d2 < Q && n < N)
            out[n++] = (int16_t)d2;
    }
}

/* Three hundred keys: some 2,700 entries, of which about one in a hundred needs a fourth block. */
static void matrix_is_sampled_as_the_standard_says(void **state)
{
    const size_t k = set_of(state)->k;
    for (uint64_t key = 0; key < 300; key++) {
        hf_mlkem_poly a[K * K], t[K * K], expected;
        uint8_t seed[34];
        int16_t plain[N];
        fill(seed, 32, key);
        hf_mlkem_matrix(k, a, seed, false);
        hf_mlkem_matrix(k, t, seed, true);
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < k; j++) {
                seed[32] = (uint8_t)j, seed[33] = (uint8_t)i;
                plain_sample(plain, seed);
                hf_mlkem_to_lanes(&expected, plain);
                assert_memory_equal(&a[k * i + j], &expected, sizeof expected);
                assert_memory_equal(&t[k * j + i], &expected, sizeof expected);
            }
    }
}

/* ---- the KEM ---- */

typedef struct keys {
    uint8_t seed[HF_MLKEM_SEED], public_key[HF_MLKEM1024_PUBLIC], private_key[HF_MLKEM1024_PRIVATE];
} keys;

static void make_keys(const hf_mlkem_set *set, keys *k, uint64_t seed)
{
    fill(k->seed, sizeof k->seed, seed);
    hf_mlkem_keygen(set, k->seed, k->public_key, k->private_key);
}

static void both_sides_get_the_same_secret(void **state)
{
    const hf_mlkem_set *set = set_of(state);
    uint8_t previous[HF_MLKEM_SECRET] = {0};
    for (uint64_t seed = 0; seed < 200; seed++) {
        keys k;
        uint8_t m[32], c[HF_MLKEM1024_CIPHERTEXT], one[HF_MLKEM_SECRET], other[HF_MLKEM_SECRET];
        make_keys(set, &k, seed);
        fill(m, sizeof m, ~seed);
        assert_true(hf_mlkem_public_valid(set, k.public_key));
        assert_true(hf_mlkem_private_valid(set, k.private_key));
        assert_true(hf_mlkem_encaps(set, k.public_key, m, c, one));
        hf_mlkem_decaps(set, k.private_key, c, other);
        assert_memory_equal(one, other, sizeof one);
        assert_memory_not_equal(one, previous, sizeof one);
        memcpy(previous, one, sizeof one);
    }
}

static void private_key_is_the_four_parts_in_their_order(void **state)
{
    const hf_mlkem_set *set = set_of(state);
    const size_t vector = hf_mlkem_vector_len(set);
    keys k, other;
    uint8_t hash[32];
    make_keys(set, &k, 1);
    hf_sha3_256(&(hf_bytes){k.public_key, set->public_len}, 1, hash);
    assert_memory_equal(k.private_key + vector, k.public_key, set->public_len);
    assert_memory_equal(k.private_key + vector + set->public_len, hash, 32);
    assert_memory_equal(k.private_key + vector + set->public_len + 32, k.seed + 32, 32);

    /* z stands in the last 32 bytes and nowhere else; d changes all but those. */
    other = k;
    other.seed[63] ^= 1;
    hf_mlkem_keygen(set, other.seed, other.public_key, other.private_key);
    assert_memory_equal(other.public_key, k.public_key, set->public_len);
    assert_memory_equal(other.private_key, k.private_key, set->private_len - 32U);
    assert_memory_not_equal(other.private_key + set->private_len - 32,
                            k.private_key + set->private_len - 32, 32);
    other.seed[0] ^= 1;
    hf_mlkem_keygen(set, other.seed, other.public_key, other.private_key);
    assert_memory_not_equal(other.public_key + vector, k.public_key + vector, 32);
}

/* J(z || c) by libcrypto. */
static void rejection_secret(const hf_mlkem_set *set, const keys *k,
                             const uint8_t c[HF_MLKEM1024_CIPHERTEXT],
                             uint8_t secret[HF_MLKEM_SECRET])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_non_null(ctx);
    assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake256(), NULL), 1);
    assert_int_equal(EVP_DigestUpdate(ctx, k->seed + 32, 32), 1);
    assert_int_equal(EVP_DigestUpdate(ctx, c, set->ciphertext_len), 1);
    assert_int_equal(EVP_DigestFinalXOF(ctx, secret, HF_MLKEM_SECRET), 1);
    EVP_MD_CTX_free(ctx);
}

static void any_changed_bit_of_the_ciphertext_gives_the_rejection_secret(void **state)
{
    const hf_mlkem_set *set = set_of(state);
    keys k;
    uint8_t m[32], c[HF_MLKEM1024_CIPHERTEXT], secret[32], got[32], expected[32];
    make_keys(set, &k, 2);
    fill(m, sizeof m, 3);
    assert_true(hf_mlkem_encaps(set, k.public_key, m, c, secret));
    /* Every bit: a change in a high one spoils the message, and all of the second encryption with
     * it; after a change in a low one, that place alone tells. */
    for (size_t i = 0; i < 8U * set->ciphertext_len; i++) {
        c[i / 8] ^= (uint8_t)(1u << i % 8);
        rejection_secret(set, &k, c, expected);
        hf_mlkem_decaps(set, k.private_key, c, got);
        assert_memory_equal(got, expected, 32);
        assert_memory_not_equal(got, secret, 32);
        c[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    hf_mlkem_decaps(set, k.private_key, c, got);
    assert_memory_equal(got, secret, 32);
}

static void ciphertexts_that_are_no_ciphertext_give_the_rejection_secret(void **state)
{
    const hf_mlkem_set *set = set_of(state);
    keys k;
    uint8_t c[HF_MLKEM1024_CIPHERTEXT], got[32], expected[32];
    make_keys(set, &k, 4);
    for (uint64_t seed = 0; seed < 20; seed++) {
        fill(c, sizeof c, seed);
        if (seed < 2)
            memset(c, seed == 0 ? 0 : 0xff, sizeof c);
        rejection_secret(set, &k, c, expected);
        hf_mlkem_decaps(set, k.private_key, c, got);
        assert_memory_equal(got, expected, 32);
    }
}

static void set_coefficient(uint8_t public_key[HF_MLKEM1024_PUBLIC], size_t i, unsigned v)
{
    uint8_t *p = public_key + i / 2 * 3;
    if (i % 2 == 0) {
        p[0] = (uint8_t)v;
        p[1] = (uint8_t)((p[1] & 0xf0) | v >> 8);
    } else {
        p[1] = (uint8_t)((p[1] & 0x0f) | v << 4);
        p[2] = (uint8_t)(v >> 4);
    }
}

static void a_public_key_with_any_coefficient_of_q_or_more_is_refused_and_nothing_written(
    void **state)
{
    const hf_mlkem_set *set = set_of(state);
    const size_t vector = hf_mlkem_vector_len(set);
    static const unsigned bad[] = {Q, Q + 1, 3584, 4095};
    keys k;
    uint8_t m[32] = {0}, c[HF_MLKEM1024_CIPHERTEXT], secret[32];
    uint8_t marks[HF_MLKEM1024_CIPHERTEXT];
    memset(marks, 0xa5, sizeof marks);
    make_keys(set, &k, 5);
    for (size_t i = 0; i < (size_t)set->k * N; i++) {
        uint8_t changed[HF_MLKEM1024_PUBLIC];
        memcpy(changed, k.public_key, sizeof changed);
        set_coefficient(changed, i, Q - 1);
        assert_true(hf_mlkem_public_valid(set, changed));
        for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
            set_coefficient(changed, i, bad[b]);
            memset(c, 0xa5, sizeof c);
            memset(secret, 0xa5, sizeof secret);
            assert_false(hf_mlkem_public_valid(set, changed));
            assert_false(hf_mlkem_encaps(set, changed, m, c, secret));
            assert_memory_equal(c, marks, sizeof c);
            assert_memory_equal(secret, marks, sizeof secret);
        }
    }
    memset(k.public_key, 0xff, vector);
    assert_false(hf_mlkem_public_valid(set, k.public_key));
}

static void a_private_key_whose_hash_does_not_fit_is_noticed(void **state)
{
    const hf_mlkem_set *set = set_of(state);
    const size_t vector = hf_mlkem_vector_len(set);
    keys k;
    make_keys(set, &k, 6);
    for (size_t i = 0; i < set->private_len; i++) {
        k.private_key[i] ^= 0x10;
        const bool hashed = i >= vector && i < vector + set->public_len + 32; /* ek and H(ek) */
        assert_int_equal(hf_mlkem_private_valid(set, k.private_key), !hashed);
        k.private_key[i] ^= 0x10;
    }
    assert_true(hf_mlkem_private_valid(set, k.private_key));
}

/* A stored key may hold anything; decapsulation with it must only be harmless. */
static void decapsulation_with_a_malformed_private_key_stays_in_bounds(void **state)
{
    const hf_mlkem_set *set = set_of(state);
    uint8_t private_key[HF_MLKEM1024_PRIVATE], c[HF_MLKEM1024_CIPHERTEXT], secret[32], again[32];
    for (uint64_t seed = 0; seed < 20; seed++) {
        fill(private_key, sizeof private_key, seed);
        fill(c, sizeof c, seed + 100);
        if (seed == 0)
            memset(private_key, 0xff, sizeof private_key);
        hf_mlkem_decaps(set, private_key, c, secret);
        hf_mlkem_decaps(set, private_key, c, again);
        assert_memory_equal(secret, again, sizeof secret);
    }
}

/* The test, once for each parameter set. */
#define OF_EACH_SET(test)                                                                          \
    cmocka_unit_test_prestate(test, (void *)(uintptr_t)sets[0]),                                   \
        cmocka_unit_test_prestate(test, (void *)(uintptr_t)sets[1])

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zetas_are_the_bit_reversed_powers_of_17),
        cmocka_unit_test(montgomery_product_is_right_and_below_q_over_its_whole_range),
        cmocka_unit_test(barrett_centres_every_coefficient),
        cmocka_unit_test(canonical_is_the_remainder_of_every_coefficient),
        cmocka_unit_test(compression_is_exact_for_every_coefficient),
        cmocka_unit_test(decompression_is_exact_and_compresses_back),
        cmocka_unit_test(noise_is_the_difference_of_two_bit_sums_for_every_byte),
        cmocka_unit_test(ntt_gives_the_remainders_that_define_it),
        cmocka_unit_test(inverse_ntt_undoes_the_ntt_for_any_coefficients),
        OF_EACH_SET(inner_product_is_the_schoolbook_product),
        OF_EACH_SET(inner_product_keeps_its_bound_at_the_extremes),
        cmocka_unit_test(twelve_bit_encoding_is_that_of_the_standard_and_comes_back),
        OF_EACH_SET(matrix_is_sampled_as_the_standard_says),
        OF_EACH_SET(both_sides_get_the_same_secret),
        OF_EACH_SET(private_key_is_the_four_parts_in_their_order),
        OF_EACH_SET(any_changed_bit_of_the_ciphertext_gives_the_rejection_secret),
        OF_EACH_SET(ciphertexts_that_are_no_ciphertext_give_the_rejection_secret),
        OF_EACH_SET(a_public_key_with_any_coefficient_of_q_or_more_is_refused_and_nothing_written),
        OF_EACH_SET(a_private_key_whose_hash_does_not_fit_is_noticed),
        OF_EACH_SET(decapsulation_with_a_malformed_private_key_stays_in_bounds),
    };
    return cmocka_run_group_tests_name("mlkem", tests, NULL, NULL);
}
