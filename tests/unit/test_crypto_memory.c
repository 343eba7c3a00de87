/* test_crypto_memory.c: each allocation inside libcrypto fails in turn, under every primitive.
 *
 * hf_alloc is not the only heap: libcrypto has its own. Whatever fails there, a call here must give
 * an error or the right answer, and leave no memory behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "crypto/key.h"
#include "crypto/lookup.h"

static long fail_at, asked; /* the fail_at-th allocation from now fails; 0: none */
static long live;

static void *counted_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    if (fail_at != 0 && ++asked == fail_at)
        return NULL;
    void *p = malloc(n != 0 ? n : 1);
    live += p != NULL;
    return p;
}

static void counted_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    live -= p != NULL;
    free(p);
}

static void *counted_realloc(void *old, size_t n, const char *file, int line)
{
    if (old == NULL)
        return counted_malloc(n, file, line);
    if (n == 0) {
        counted_free(old, file, line);
        return NULL;
    }
    if (fail_at != 0 && ++asked == fail_at)
        return NULL;
    return realloc(old, n);
}

/* Runs until no allocation was left to fail. `run` says whether what it got was right. */
static void each_fails(const char *name, hf_status (*run)(void *ctx, bool *right), void *ctx)
{
    bool right = false;
    long failed = 0;
    fail_at = 0;
    for (int warm = 0; warm < 3; warm++) {
        assert_int_equal(run(ctx, &right), HF_OK);
        assert_true(right);
    }
    for (long n = 1;; n++) {
        const long before = live;
        fail_at = n;
        asked = 0;
        right = false;
        hf_status status = run(ctx, &right);
        const bool done = asked < n;
        fail_at = 0;
        if (status == HF_OK && !right)
            fail_msg("%s: allocation %ld failed and the result is wrong, without an error", name,
                     n);
        if (live > before)
            fail_msg("%s: allocation %ld failed and %ld were left behind", name, n, live - before);
        if (done)
            break;
        failed++;
        assert_true(n < 100000);
    }
    /* and it still works */
    assert_int_equal(run(ctx, &right), HF_OK);
    assert_true(right);
    print_message("%s: %ld allocations failed in turn\n", name, failed);
}

/* ---- AEADs ---- */

static hf_status seal_and_open(void *ctx, bool *right)
{
    const hf_aead *aead = ctx;
    const uint8_t key[32] = {1}, nonce[12] = {2}, zeros[100] = {0};
    uint8_t record[116] = {0};
    const hf_bytes piece = hf_bytes_of(record, 100), aad = hf_bytes_of(nonce, 5);
    void *state = hf_alloc_aligned(aead->state_len);
    assert_non_null(state);
    hf_status status = aead->setup(state, key);
    if (status == HF_OK) {
        status = aead->seal(state, nonce, aad, &piece, 1, record);
        if (status == HF_OK)
            status = aead->open(state, nonce, aad, record, 100U + aead->tag_len, record);
        *right = status == HF_OK && memcmp(record, zeros, 100) == 0;
        aead->clear(state);
    }
    hf_free(state);
    return status;
}

static void aeads(void **unused)
{
    (void)unused;
    for (const hf_aead *const *a = hf_provider_portable()->aeads; *a != NULL; a++)
        each_fails((*a)->name, seal_and_open, (void *)(uintptr_t)*a);
}

/* ---- groups ---- */

static hf_status agree(void *ctx, bool *right)
{
    const hf_group *g = ctx;
    const hf_provider *p = hf_provider_default();
    static uint8_t private_key[HF_GROUP_MAX_PRIVATE], client[HF_GROUP_MAX_SHARE],
        server[HF_GROUP_MAX_SHARE];
    uint8_t ours[HF_GROUP_MAX_SECRET], theirs[HF_GROUP_MAX_SECRET];
    hf_status status = g->generate(p, private_key, client);
    if (status == HF_OK)
        status = g->respond(p, client, server, theirs);
    if (status == HF_OK)
        status = g->finish(private_key, server, ours);
    *right = status == HF_OK && memcmp(ours, theirs, g->secret_len) == 0;
    return status;
}

static void groups(void **unused)
{
    (void)unused;
    for (const hf_group *const *g = hf_provider_default()->groups; *g != NULL; g++)
        each_fails((*g)->name, agree, (void *)(uintptr_t)*g);
}

/* ---- keys ---- */

static hf_status read_sign_verify(void *ctx, bool *right)
{
    hf_key *key = NULL;
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n = 0;
    const hf_bytes message = hf_bytes_text("m");
    hf_status status = hf_key_read(hf_bytes_text(ctx), "password", &key, NULL);
    if (status == HF_OK)
        status = hf_key_sign(key, hf_key_cert_scheme(key), message, signature, &n);
    if (status == HF_OK)
        status = hf_verify_signature(hf_key_public(key), hf_key_cert_scheme(key), message,
                                     hf_bytes_of(signature, n));
    *right = status == HF_OK;
    hf_key_free(key);
    return status;
}

static void keys(void **unused)
{
    (void)unused;
    for (hf_key_type type = HF_KEY_RSA; type <= HF_KEY_ED448; type++) {
        hf_key *key = NULL;
        char *pem = NULL;
        assert_int_equal(hf_key_generate(type, 0, &key, NULL), HF_OK);
        assert_int_equal(hf_key_write_pem(key, NULL, &pem, NULL), HF_OK);
        each_fails(hf_key_type_name(type), read_sign_verify, pem);
        hf_text_free(pem);
        hf_key_free(key);
    }
}

static hf_status generate_small(void *ctx, bool *right)
{
    hf_key *key = NULL;
    char *pem = NULL;
    hf_status status = hf_key_generate(*(hf_key_type *)ctx, 0, &key, NULL);
    if (status == HF_OK)
        status = hf_key_write_pem(key, NULL, &pem, NULL);
    *right = pem != NULL;
    hf_text_free(pem);
    hf_key_free(key);
    return status;
}

static void making_keys(void **unused)
{
    (void)unused;
    hf_key_type some[] = {HF_KEY_P256, HF_KEY_P521, HF_KEY_ED25519};
    for (size_t i = 0; i < 3; i++)
        each_fails(hf_key_type_name(some[i]), generate_small, &some[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aeads),
        cmocka_unit_test(groups),
        cmocka_unit_test(keys),
        cmocka_unit_test(making_keys),
    };
    /* must come before libcrypto's first allocation */
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
