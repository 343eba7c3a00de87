/* test_crypto_aead.c: every AEAD of both providers: in place, in pieces, forged; and the two
 * backends of AES-GCM against each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "crypto/lookup.h"
#include "support/fail_alloc.h"

enum { MOST = 17000, TAG = HF_AEAD_MAX_TAG };

/* A generator that is the same every time (xorshift). */
static uint64_t seed = 88172645463325252U;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)next();
}

/* Memory of the exact size, so that a sanitizer or valgrind sees one byte too many. */
static uint8_t *bytes(size_t n)
{
    uint8_t *p = malloc(n != 0 ? n : 1);
    assert_non_null(p);
    return p;
}

typedef struct keyed {
    const hf_aead *aead;
    void *state;
} keyed;

static keyed key_of(const hf_aead *aead, const uint8_t *key)
{
    keyed k = {aead, hf_alloc_aligned(aead->state_len)};
    assert_non_null(k.state);
    assert_int_equal(aead->setup(k.state, key), HF_OK);
    return k;
}

static void drop(keyed k)
{
    k.aead->clear(k.state);
    for (size_t i = 0; i < k.aead->state_len; i++)
        assert_int_equal(((uint8_t *)k.state)[i], 0);
    hf_free(k.state);
}

static void each_aead(void (*check)(const hf_aead *aead))
{
    for (const hf_aead *const *a = hf_provider_default()->aeads; *a != NULL; a++)
        check(*a);
    for (const hf_aead *const *a = hf_provider_portable()->aeads; *a != NULL; a++)
        check(*a);
}

/* The sizes around what the vector code treats apart, then any. */
static size_t some_size(unsigned i)
{
    static const size_t edges[] = {0,    1,    15,   16,   17,    31,    32,    47,   48,
                                   49,   63,   64,   65,   127,   128,   129,   255,  256,
                                   257,  511,  512,  513,  767,   768,   769,   816,  1023,
                                   1024, 1025, 1350, 4096, 16384, 16401, 16640, 17000};
    const size_t count = sizeof edges / sizeof edges[0];
    return i < count ? edges[i] : (size_t)(next() % (MOST + 1));
}

static size_t cut(const uint8_t *p, size_t n, hf_bytes *pieces, size_t most)
{
    size_t count = 0;
    while (n != 0 && count + 1 < most) {
        size_t part = next() % 3 == 0 ? next() % 20 : next() % (n + 1);
        part = part > n ? n : part;
        pieces[count++] = hf_bytes_of(p, part);
        p += part;
        n -= part;
    }
    pieces[count++] = hf_bytes_of(p, n);
    return count;
}

/* Sealed whole, in pieces and in place, it is the same; opened apart and in place, it is back. */
static void check_round_trip(const hf_aead *aead, const hf_aead *other, unsigned round)
{
    const size_t n = some_size(round), aad_len = next() % 4 == 0 ? next() % 100 : 5;
    const size_t tag = aead->tag_len;
    uint8_t key[32], nonce[12];
    uint8_t *aad = bytes(aad_len), *plain = bytes(n), *right = bytes(n + tag),
            *got = bytes(n + tag);
    fill(key, sizeof key);
    fill(nonce, sizeof nonce);
    fill(aad, aad_len);
    fill(plain, n);
    const hf_bytes a = hf_bytes_of(aad, aad_len), whole = hf_bytes_of(plain, n);
    keyed k = key_of(aead, key), o = key_of(other, key);

    assert_int_equal(other->seal(o.state, nonce, a, &whole, 1, right), HF_OK);
    assert_int_equal(aead->seal(k.state, nonce, a, &whole, 1, got), HF_OK);
    assert_memory_equal(got, right, n + tag);

    hf_bytes pieces[8];
    memset(got, 0, n + tag);
    size_t count = cut(plain, n, pieces, 8);
    assert_int_equal(aead->seal(k.state, nonce, a, pieces, count, got), HF_OK);
    assert_memory_equal(got, right, n + tag);

    hf_copy(got, plain, n); /* in place, and in place in pieces */
    const hf_bytes here = hf_bytes_of(got, n);
    assert_int_equal(aead->seal(k.state, nonce, a, &here, 1, got), HF_OK);
    assert_memory_equal(got, right, n + tag);
    hf_copy(got, plain, n);
    count = cut(got, n, pieces, 8);
    assert_int_equal(aead->seal(k.state, nonce, a, pieces, count, got), HF_OK);
    assert_memory_equal(got, right, n + tag);

    uint8_t *out = bytes(n);
    assert_int_equal(aead->open(k.state, nonce, a, right, n + tag, out), HF_OK);
    assert_memory_equal(out, plain, n);
    assert_int_equal(aead->open(k.state, nonce, a, got, n + tag, got), HF_OK);
    assert_memory_equal(got, plain, n);
    /* the other direction again after opening */
    assert_int_equal(aead->seal(k.state, nonce, a, &whole, 1, got), HF_OK);
    assert_memory_equal(got, right, n + tag);

    free(out);
    drop(k);
    drop(o);
    free(aad);
    free(plain);
    free(right);
    free(got);
}

static void whole_pieces_and_in_place_are_the_same(void **unused)
{
    (void)unused;
    unsigned checked = 0;
    for (const hf_aead *const *a = hf_provider_default()->aeads; *a != NULL; a++, checked++)
        for (unsigned round = 0; round < 120; round++)
            check_round_trip(*a, hf_aead_find(hf_provider_portable(), (*a)->name), round);
    assert_int_equal(checked, 7);
}

static void says_where_each_aead_comes_from(void **unused)
{
    (void)unused;
    for (const hf_aead *const *a = hf_provider_default()->aeads; *a != NULL; a++)
        print_message("%s from %s\n", (*a)->name, (*a)->from);
    for (const hf_aead *const *a = hf_provider_portable()->aeads; *a != NULL; a++)
        assert_string_equal((*a)->from, "libcrypto");
#ifndef HF_HAVE_IPSEC_MB
    print_message("skipped: libipsec-mb against libcrypto (it is not built in)\n");
#endif
}

/* One bit changed anywhere, or a length changed: refused, and nothing of the plaintext is left. */
static void check_forgeries(const hf_aead *aead)
{
    const size_t tag = aead->tag_len;
    for (unsigned round = 0; round < 40; round++) {
        const size_t n = some_size(round % 20);
        uint8_t key[32], nonce[12], aad[5], *plain = bytes(n), *record = bytes(n + tag),
                                            *out = bytes(n + 1);
        fill(key, sizeof key);
        fill(nonce, sizeof nonce);
        fill(aad, sizeof aad);
        fill(plain, n);
        const hf_bytes a = hf_bytes_of(aad, sizeof aad), whole = hf_bytes_of(plain, n);
        keyed k = key_of(aead, key);
        assert_int_equal(aead->seal(k.state, nonce, a, &whole, 1, record), HF_OK);

        const size_t bit = next() % ((n + tag) * 8);
        record[bit / 8] ^= (uint8_t)(1U << bit % 8);
        memset(out, 0x55, n + 1);
        assert_int_equal(aead->open(k.state, nonce, a, record, n + tag, out), HF_E_BAD_RECORD_MAC);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(out[i], 0);
        assert_int_equal(out[n], 0x55);
        record[bit / 8] ^= (uint8_t)(1U << bit % 8);

        nonce[round % 12] ^= 1;
        assert_int_equal(aead->open(k.state, nonce, a, record, n + tag, out), HF_E_BAD_RECORD_MAC);
        nonce[round % 12] ^= 1;
        aad[round % 5] ^= 0x80;
        assert_int_equal(aead->open(k.state, nonce, a, record, n + tag, out), HF_E_BAD_RECORD_MAC);
        aad[round % 5] ^= 0x80;
        assert_int_equal(aead->open(k.state, nonce, hf_bytes_of(aad, 4), record, n + tag, out),
                         HF_E_BAD_RECORD_MAC);
        if (n != 0)
            assert_int_equal(aead->open(k.state, nonce, a, record, n + tag - 1, out),
                             HF_E_BAD_RECORD_MAC);
        for (size_t shorter = 0; shorter < tag; shorter++)
            assert_int_equal(aead->open(k.state, nonce, a, record, shorter, out),
                             HF_E_BAD_RECORD_MAC);
        /* and after all that, the right one still opens */
        assert_int_equal(aead->open(k.state, nonce, a, record, n + tag, out), HF_OK);
        assert_memory_equal(out, plain, n);
        drop(k);
        free(plain);
        free(record);
        free(out);
    }
}

static void a_forged_record_is_refused_and_wiped(void **unused)
{
    (void)unused;
    each_aead(check_forgeries);
}

static void a_forged_record_in_place_leaves_no_plaintext(void **unused)
{
    (void)unused;
    for (const hf_aead *const *a = hf_provider_default()->aeads; *a != NULL; a++) {
        uint8_t key[32] = {1}, nonce[12] = {2}, record[1000 + TAG] = {0};
        const hf_bytes whole = hf_bytes_of(record, 1000);
        keyed k = key_of(*a, key);
        assert_int_equal((*a)->seal(k.state, nonce, hf_bytes_of(NULL, 0), &whole, 1, record),
                         HF_OK);
        record[999 + (*a)->tag_len] ^= 1;
        assert_int_equal(
            (*a)->open(k.state, nonce, hf_bytes_of(NULL, 0), record, 1000 + (*a)->tag_len, record),
            HF_E_BAD_RECORD_MAC);
        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(record[i], 0);
        drop(k);
    }
}

/* No pieces at all, empty pieces with no address, no additional data. */
static void check_nothing(const hf_aead *aead)
{
    const uint8_t key[32] = {7}, nonce[12] = {9};
    uint8_t none[TAG], empties[TAG], out[1];
    const hf_bytes nothing = {NULL, 0}, pieces[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    keyed k = key_of(aead, key);
    assert_int_equal(aead->seal(k.state, nonce, nothing, NULL, 0, none), HF_OK);
    assert_int_equal(aead->seal(k.state, nonce, nothing, pieces, 1, empties), HF_OK);
    assert_memory_equal(none, empties, aead->tag_len);
    assert_int_equal(aead->seal(k.state, nonce, nothing, pieces, 3, empties), HF_OK);
    assert_memory_equal(none, empties, aead->tag_len);
    assert_int_equal(aead->open(k.state, nonce, nothing, none, aead->tag_len, out), HF_OK);
    drop(k);
}

static void nothing_can_be_sealed(void **unused)
{
    (void)unused;
    each_aead(check_nothing);
}

static void check_error_queue(const hf_aead *aead)
{
    const uint8_t key[32] = {1}, nonce[12] = {2};
    uint8_t record[64] = {0};
    keyed k = key_of(aead, key);
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 77);
    assert_int_equal(aead->open(k.state, nonce, hf_bytes_of(NULL, 0), record, 64, record),
                     HF_E_BAD_RECORD_MAC);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 77);
    assert_int_equal(ERR_get_error(), 0);
    drop(k);
}

static void a_forged_record_leaves_the_error_queue_of_libcrypto_alone(void **unused)
{
    (void)unused;
    each_aead(check_error_queue);
}

/* NIST's GCM specification, test case 4 (as AES-128) and RFC 8439 section 2.8.2 stand in
 * Wycheproof; here one answer per AEAD keeps the tables from being mixed up. */
static void the_tables_name_the_right_cipher(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        uint8_t tag[4]; /* of nothing, key and nonce all zero */
    } right[] = {
        {"AES-128-GCM", {0x58, 0xe2, 0xfc, 0xce}}, /* GCM specification, test case 1 */
        {"AES-256-GCM", {0x53, 0x0f, 0x8a, 0xfb}}, /* test case 13 */
        {"ChaCha20-Poly1305", {0x4e, 0xb9, 0x72, 0xc9}},
        /* SP 800-38C by hand: E(B0) xor E(A0) */
        {"AES-128-CCM", {0xb9, 0xf6, 0x50, 0xfb}},
        {"AES-128-CCM-8", {0xf7, 0x63, 0xfd, 0x37}},
        {"AES-256-CCM", {0xa8, 0x90, 0x26, 0x5e}},
        {"AES-256-CCM-8", {0x18, 0x91, 0x99, 0xb4}},
    };
    static const uint8_t zeros[32];
    const hf_provider *providers[] = {hf_provider_default(), hf_provider_portable()};
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
            uint8_t tag[TAG];
            const hf_aead *aead = hf_aead_find(providers[p], right[i].name);
            assert_non_null(aead);
            keyed k = key_of(aead, zeros);
            assert_int_equal(aead->seal(k.state, zeros, hf_bytes_of(NULL, 0), NULL, 0, tag), HF_OK);
            assert_memory_equal(tag, right[i].tag, 4);
            drop(k);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_where_each_aead_comes_from),
        cmocka_unit_test(the_tables_name_the_right_cipher),
        cmocka_unit_test(whole_pieces_and_in_place_are_the_same),
        cmocka_unit_test(a_forged_record_is_refused_and_wiped),
        cmocka_unit_test(a_forged_record_in_place_leaves_no_plaintext),
        cmocka_unit_test(nothing_can_be_sealed),
        cmocka_unit_test(a_forged_record_leaves_the_error_queue_of_libcrypto_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
