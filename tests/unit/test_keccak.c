/* test_keccak.c: Keccak-f[1600] against FIPS 202 written out plainly, and the sponge against known
 * answers and libcrypto, at every length around the rates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "crypto/keccak.h"

#include <openssl/evp.h>

/* ---- the standard, line by line: sections 3.2.1 to 3.2.5 ---- */

static uint64_t rotate(uint64_t v, unsigned n)
{
    n %= 64;
    return n == 0 ? v : v << n | v >> (64 - n);
}

/* rc(t), algorithm 5: a linear feedback shift register. */
static unsigned round_bit(unsigned t)
{
    unsigned r = 1;
    for (unsigned i = 0; i < t % 255; i++)
        r = r << 1 ^ (r >> 7 & 1) * 0x171;
    return r & 1;
}

static void reference_round(uint64_t a[5][5], unsigned round)
{
    uint64_t c[5], b[5][5];
    for (unsigned x = 0; x < 5; x++)
        c[x] = a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4];
    for (unsigned x = 0; x < 5; x++)
        for (unsigned y = 0; y < 5; y++)
            a[x][y] ^= c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
    for (unsigned t = 0, x = 1, y = 0; t < 24; t++) {
        a[x][y] = rotate(a[x][y], (t + 1) * (t + 2) / 2);
        const unsigned next = (2 * x + 3 * y) % 5;
        x = y, y = next;
    }
    for (unsigned x = 0; x < 5; x++)
        for (unsigned y = 0; y < 5; y++)
            b[x][y] = a[(x + 3 * y) % 5][x];
    for (unsigned x = 0; x < 5; x++)
        for (unsigned y = 0; y < 5; y++)
            a[x][y] = b[x][y] ^ (~b[(x + 1) % 5][y] & b[(x + 2) % 5][y]);
    for (unsigned j = 0; j <= 6; j++)
        a[0][0] ^= (uint64_t)round_bit(j + 7 * round) << ((1u << j) - 1);
}

static void reference_permute(hf_keccak *k)
{
    uint64_t a[5][5];
    for (unsigned i = 0; i < 25; i++)
        a[i % 5][i / 5] = k->lane[i];
    for (unsigned round = 0; round < 24; round++)
        reference_round(a, round);
    for (unsigned i = 0; i < 25; i++)
        k->lane[i] = a[i % 5][i / 5];
}

/* Numbers that look random, the same in every run. */
static uint64_t next_number(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void fill_states(hf_keccak *k, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < 25; j++)
            k[i].lane[j] = next_number(&seed);
}

static void permutation_is_that_of_the_standard(void **state)
{
    (void)state;
    hf_keccak k = {0}, expected = {0};
    for (unsigned i = 0; i < 50; i++) {
        hf_keccak_permute(&k);
        reference_permute(&expected);
        assert_memory_equal(&k, &expected, sizeof k);
    }
    assert_int_not_equal(k.lane[0], 0);
}

static void many_states_permute_as_each_alone_for_every_count(void **state)
{
    (void)state;
    enum { MOST = 21 };
    hf_keccak many[MOST + 1], portable[MOST + 1], alone[MOST + 1];
    for (size_t count = 0; count <= MOST; count++) {
        fill_states(many, MOST + 1, count);
        memcpy(portable, many, sizeof many);
        memcpy(alone, many, sizeof many);
        hf_keccak_permute_many(many, count);
        hf_keccak_permute_many_portable(portable, count);
        for (size_t i = 0; i < count; i++)
            reference_permute(&alone[i]);
        /* The states after the last are compared too: they must be untouched. */
        assert_memory_equal(many, alone, sizeof many);
        assert_memory_equal(portable, alone, sizeof portable);
    }
}

/* ---- the functions ---- */

static void from_hex(const char *hex, uint8_t *out, size_t n)
{
    assert_int_equal(strlen(hex), 2 * n);
    for (size_t i = 0; i < n; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static void assert_hex(const uint8_t *got, size_t n, const char *hex)
{
    uint8_t expected[64];
    from_hex(hex, expected, n);
    assert_memory_equal(got, expected, n);
}

static void known_answers_of_fips_202(void **state)
{
    (void)state;
    uint8_t out[64], a3[200];
    memset(a3, 0xa3, sizeof a3);
    const hf_bytes abc = hf_bytes_text("abc"), long_one = {a3, sizeof a3};

    hf_sha3_256(NULL, 0, out);
    assert_hex(out, 32, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
    hf_sha3_256(&abc, 1, out);
    assert_hex(out, 32, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    hf_sha3_256(&long_one, 1, out);
    assert_hex(out, 32, "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787");
    hf_sha3_512(NULL, 0, out);
    assert_hex(out, 64,
               "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
               "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26");
    hf_sha3_512(&abc, 1, out);
    assert_hex(out, 64,
               "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
               "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0");
    hf_shake128(NULL, 0, out, 32);
    assert_hex(out, 32, "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26");
    hf_shake256(NULL, 0, out, 64);
    assert_hex(out, 64,
               "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"
               "d75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be");
}

static void libcrypto_digest(const EVP_MD *md, hf_bytes message, uint8_t *out, size_t n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_non_null(ctx);
    assert_int_equal(EVP_DigestInit_ex(ctx, md, NULL), 1);
    assert_int_equal(EVP_DigestUpdate(ctx, message.p, message.n), 1);
    if (EVP_MD_get_flags(md) & EVP_MD_FLAG_XOF)
        assert_int_equal(EVP_DigestFinalXOF(ctx, out, n), 1);
    else
        assert_int_equal(EVP_DigestFinal_ex(ctx, out, NULL), 1);
    EVP_MD_CTX_free(ctx);
}

enum { LONGEST = 700, OUTPUT = 600 };

static void fill_message(uint8_t message[LONGEST])
{
    uint64_t seed = 7;
    for (size_t i = 0; i < LONGEST; i++)
        message[i] = (uint8_t)next_number(&seed);
}

/* Every length over four blocks of the longest rate: block edges, and padding in one byte. */
static void every_message_length_agrees_with_libcrypto(void **state)
{
    (void)state;
    uint8_t message[LONGEST], got[OUTPUT], expected[OUTPUT];
    fill_message(message);
    for (size_t n = 0; n <= LONGEST; n++) {
        const hf_bytes m = {message, n};
        hf_sha3_256(&m, 1, got);
        libcrypto_digest(EVP_sha3_256(), m, expected, 32);
        assert_memory_equal(got, expected, 32);
        hf_sha3_512(&m, 1, got);
        libcrypto_digest(EVP_sha3_512(), m, expected, 64);
        assert_memory_equal(got, expected, 64);
        hf_shake128(&m, 1, got, 40);
        libcrypto_digest(EVP_shake128(), m, expected, 40);
        assert_memory_equal(got, expected, 40);
        hf_shake256(&m, 1, got, 40);
        libcrypto_digest(EVP_shake256(), m, expected, 40);
        assert_memory_equal(got, expected, 40);
    }
}

static void every_output_length_agrees_with_libcrypto(void **state)
{
    (void)state;
    uint8_t message[LONGEST], got[OUTPUT + 1], expected[OUTPUT];
    fill_message(message);
    const hf_bytes m = {message, 33};
    for (size_t n = 1; n <= OUTPUT; n++) {
        got[n] = 0x5a;
        hf_shake128(&m, 1, got, n);
        libcrypto_digest(EVP_shake128(), m, expected, n);
        assert_memory_equal(got, expected, n);
        assert_int_equal(got[n], 0x5a);
        hf_shake256(&m, 1, got, n);
        libcrypto_digest(EVP_shake256(), m, expected, n);
        assert_memory_equal(got, expected, n);
        assert_int_equal(got[n], 0x5a);
    }
}

static void pieces_make_the_same_digest_wherever_they_are_cut(void **state)
{
    (void)state;
    uint8_t message[LONGEST], whole[32], cut[32];
    fill_message(message);
    hf_sha3_256(&(hf_bytes){message, 300}, 1, whole);
    for (size_t i = 0; i <= 300; i++) {
        const size_t j = i + (300 - i) / 3;
        const hf_bytes pieces[] = {{message, i}, {message + i, j - i}, {message + j, 300 - j}};
        hf_sha3_256(pieces, 3, cut);
        assert_memory_equal(cut, whole, 32);
    }
}

static void squeezing_in_steps_yields_the_same_stream(void **state)
{
    (void)state;
    uint8_t whole[OUTPUT], steps[OUTPUT];
    const hf_bytes m = hf_bytes_text("squeeze");
    hf_shake128(&m, 1, whole, OUTPUT);
    for (size_t step = 1; step <= 340; step++) {
        hf_sponge s;
        hf_sponge_init(&s, HF_SHAKE128_RATE, HF_SHAKE_PAD);
        hf_sponge_absorb(&s, m);
        hf_sponge_finish(&s);
        for (size_t at = 0; at < OUTPUT; at += step)
            hf_sponge_squeeze(&s, steps + at, at + step <= OUTPUT ? step : OUTPUT - at);
        assert_memory_equal(steps, whole, OUTPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permutation_is_that_of_the_standard),
        cmocka_unit_test(many_states_permute_as_each_alone_for_every_count),
        cmocka_unit_test(known_answers_of_fips_202),
        cmocka_unit_test(every_message_length_agrees_with_libcrypto),
        cmocka_unit_test(every_output_length_agrees_with_libcrypto),
        cmocka_unit_test(pieces_make_the_same_digest_wherever_they_are_cut),
        cmocka_unit_test(squeezing_in_steps_yields_the_same_stream),
    };
    return cmocka_run_group_tests_name("keccak", tests, NULL, NULL);
}
