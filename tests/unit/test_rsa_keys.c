/* test_rsa_keys.c: RSA public keys that were met are found again: by all of their numbers, by one
 * holder at a time, and no more of them than there are places. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/libcrypto.h"

#include "base/bytes.h"
#include "crypto/key.h"
#include "crypto/rsa_keys.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>

/* libcrypto's allocations, which hf_alloc does not see. */
static atomic_size_t allocations;

static void *counted_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return malloc(n);
}

static void *counted_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(p, n);
}

static void counted_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* ---- numbers that look like keys: no operation is made with them ---- */

typedef struct numbers {
    uint8_t modulus[HF_RSA_KEYS_MOST_BITS / 8 + 8], exponent[3];
    hf_spki spki;
} numbers;

/* `first` and `last` are the bytes by which two differ. */
static numbers *numbers_of(numbers *k, size_t modulus_len, uint8_t first, uint8_t last)
{
    memset(k->modulus, 0x5a, sizeof k->modulus);
    k->modulus[0] = first;
    k->modulus[modulus_len - 1] = last;
    memcpy(k->exponent, (const uint8_t[]){1, 0, 1}, 3);
    k->spki = (hf_spki){.type = HF_KEY_RSA,
                        .bits = (unsigned)modulus_len * 8,
                        .modulus = {k->modulus, modulus_len},
                        .exponent = {k->exponent, 3}};
    return k;
}

static RSA *object_of(const numbers *k)
{
    RSA *rsa = RSA_new();
    BIGNUM *n = BN_bin2bn(k->spki.modulus.p, (int)k->spki.modulus.n, NULL);
    BIGNUM *e = BN_bin2bn(k->spki.exponent.p, (int)k->spki.exponent.n, NULL);
    assert_int_equal(RSA_set0_key(rsa, n, e, NULL), 1);
    return rsa;
}

/* Takes and frees until nothing answers to these numbers. */
static size_t drain(const numbers *k)
{
    size_t n = 0;
    for (RSA *rsa; (rsa = hf_rsa_keys_take(&k->spki)) != NULL; n++)
        RSA_free(rsa);
    return n;
}

static void a_key_is_found_again_by_one_holder(void **state)
{
    (void)state;
    numbers k;
    numbers_of(&k, 256, 0xc0, 1);
    assert_null(hf_rsa_keys_take(&k.spki));
    RSA *rsa = object_of(&k);
    hf_rsa_keys_put(rsa);
    assert_ptr_equal(hf_rsa_keys_take(&k.spki), rsa);
    assert_null(hf_rsa_keys_take(&k.spki));
    hf_rsa_keys_put(rsa);
    assert_int_equal(drain(&k), 1);
}

/* The hint is the modulus's end: these share it. */
static void a_key_is_found_by_all_of_its_numbers(void **state)
{
    (void)state;
    numbers kept, other_start, shorter, other_exponent, longer_exponent;
    numbers_of(&kept, 256, 0xc0, 1);
    numbers_of(&other_start, 256, 0xc1, 1);
    numbers_of(&shorter, 255, 0xc0, 1);
    numbers_of(&other_exponent, 256, 0xc0, 1)->exponent[2] = 3;
    numbers_of(&longer_exponent, 256, 0xc0, 1)->spki.exponent.n = 2;
    RSA *rsa = object_of(&kept);
    hf_rsa_keys_put(rsa);
    assert_null(hf_rsa_keys_take(&other_start.spki));
    assert_null(hf_rsa_keys_take(&shorter.spki));
    assert_null(hf_rsa_keys_take(&other_exponent.spki));
    assert_null(hf_rsa_keys_take(&longer_exponent.spki));
    assert_ptr_equal(hf_rsa_keys_take(&kept.spki), rsa); /* each near miss put it back */
    RSA_free(rsa);
}

static void a_newer_key_takes_the_place_of_an_older_one(void **state)
{
    (void)state;
    numbers k;
    size_t found = 0;
    for (uint8_t i = 0; i < 2 * HF_RSA_KEYS_PLACES; i++)
        hf_rsa_keys_put(object_of(numbers_of(&k, 128, 0xc0, (uint8_t)(2 * i + 1))));
    for (uint8_t i = 0; i < 2 * HF_RSA_KEYS_PLACES; i++) {
        size_t n = drain(numbers_of(&k, 128, 0xc0, (uint8_t)(2 * i + 1)));
        assert_int_equal(n, i < HF_RSA_KEYS_PLACES ? 0 : 1);
        found += n;
    }
    assert_int_equal(found, HF_RSA_KEYS_PLACES);
}

static void a_key_that_is_too_large_is_not_kept(void **state)
{
    (void)state;
    numbers most, more;
    numbers_of(&most, HF_RSA_KEYS_MOST_BITS / 8, 0xc0, 1);
    numbers_of(&more, HF_RSA_KEYS_MOST_BITS / 8 + 1, 0xc0, 1);
    hf_rsa_keys_put(object_of(&most));
    hf_rsa_keys_put(object_of(&more));
    assert_int_equal(drain(&most), 1);
    assert_int_equal(drain(&more), 0);
}

/* ---- keys that are used ---- */

typedef struct signed_text {
    hf_key *key;
    const hf_sigscheme *scheme;
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n;
} signed_text;

static signed_text sign(unsigned bits)
{
    signed_text t = {.key = NULL};
    assert_int_equal(hf_key_generate(HF_KEY_RSA, bits, &t.key, NULL), HF_OK);
    t.scheme = hf_key_cert_scheme(t.key);
    assert_int_equal(hf_key_sign(t.key, t.scheme, hf_bytes_text("text"), t.signature, &t.n), HF_OK);
    return t;
}

static hf_status verify(const signed_text *t, const char *text)
{
    return hf_verify_signature(hf_key_public(t->key), t->scheme, hf_bytes_text(text),
                               hf_bytes_of(t->signature, t->n));
}

static void verifying_again_allocates_less_and_judges_the_same(void **state)
{
    (void)state;
    signed_text t = sign(2048), other = sign(2048);
    const size_t start = allocations;
    assert_int_equal(verify(&t, "text"), HF_OK);
    const size_t first = allocations - start;
    assert_int_equal(verify(&t, "text"), HF_OK);
    const size_t second = allocations - start - first;
    assert_true(first >= second + 8); /* the object, two numbers, and the form with three */
    assert_int_equal(verify(&t, "tent"), HF_E_BAD_SIGNATURE);
    assert_int_equal(verify(&t, "text"), HF_OK);
    memcpy(other.signature, t.signature, t.n);
    assert_int_equal(verify(&other, "text"), HF_E_BAD_SIGNATURE);
    assert_int_equal(verify(&other, "text"), HF_E_BAD_SIGNATURE);
    hf_key_free(t.key);
    hf_key_free(other.key);
}

static void reading_a_key_again_allocates_nothing(void **state)
{
    (void)state;
    signed_text t = sign(2048);
    hf_pubkey key;
    assert_int_equal(hf_pubkey_read(hf_key_public(t.key), &key), HF_OK);
    hf_pubkey_clear(&key);
    const size_t start = allocations;
    assert_int_equal(hf_pubkey_read(hf_key_public(t.key), &key), HF_OK);
    hf_pubkey_clear(&key);
    assert_int_equal(allocations, start);
    hf_key_free(t.key);
}

/* Two threads' worth of the same key, and more keys than places: whoever holds an object marks it.
 */
enum { THREADS = 4, KEYS = 6 };
static numbers shared[KEYS];
static atomic_int clashes;

static void *take_and_put(void *unused)
{
    (void)unused;
    for (int i = 0; i < 12000; i++) {
        const numbers *k = &shared[i % KEYS];
        RSA *rsa = hf_rsa_keys_take(&k->spki);
        if (rsa == NULL)
            rsa = object_of(k);
        if (RSA_test_flags(rsa, RSA_FLAG_NO_BLINDING) != 0)
            clashes++;
        RSA_set_flags(rsa, RSA_FLAG_NO_BLINDING);
        RSA_clear_flags(rsa, RSA_FLAG_NO_BLINDING);
        hf_rsa_keys_put(rsa);
    }
    return NULL;
}

static void no_key_has_two_holders(void **state)
{
    (void)state;
    pthread_t thread[THREADS];
    size_t kept = 0;
    for (uint8_t i = 0; i < KEYS; i++)
        numbers_of(&shared[i], 128, (uint8_t)(0xc0 + i % 2), (uint8_t)(1 + i / 2 * 2));
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, take_and_put, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(clashes, 0);
    for (size_t i = 0; i < KEYS; i++)
        kept += drain(&shared[i]);
    assert_in_range(kept, 1, HF_RSA_KEYS_PLACES);
}

int main(void)
{
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_found_again_by_one_holder),
        cmocka_unit_test(a_key_is_found_by_all_of_its_numbers),
        cmocka_unit_test(a_newer_key_takes_the_place_of_an_older_one),
        cmocka_unit_test(a_key_that_is_too_large_is_not_kept),
        cmocka_unit_test(verifying_again_allocates_less_and_judges_the_same),
        cmocka_unit_test(reading_a_key_again_allocates_nothing),
        cmocka_unit_test(no_key_has_two_holders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
