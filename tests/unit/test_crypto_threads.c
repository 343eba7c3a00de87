/* test_crypto_threads.c: the provider is made by whoever comes first; one key serves many threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "crypto/key.h"
#include "crypto/lookup.h"

enum { THREADS = 4, ROUNDS = 5 };

typedef struct work {
    hf_key *keys[2]; /* shared */
    hf_status status;
    bool right;
} work;

static hf_status sign_and_verify(hf_key *key)
{
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n;
    const hf_bytes message = hf_bytes_text("m");
    hf_key *mine = hf_key_ref(key);
    const hf_sigscheme *scheme = hf_key_cert_scheme(mine);
    hf_status status = hf_key_sign(mine, scheme, message, signature, &n);
    if (status == HF_OK)
        status =
            hf_verify_signature(hf_key_public(mine), scheme, message, hf_bytes_of(signature, n));
    hf_key_free(mine);
    return status;
}

static hf_status agree(const hf_provider *p, const hf_group *g, bool *right)
{
    uint8_t private_key[HF_GROUP_MAX_PRIVATE], client[HF_GROUP_MAX_SHARE],
        server[HF_GROUP_MAX_SHARE], ours[HF_GROUP_MAX_SECRET], theirs[HF_GROUP_MAX_SECRET];
    hf_status status = g->generate(p, private_key, client);
    if (status == HF_OK)
        status = g->respond(p, client, server, theirs);
    if (status == HF_OK)
        status = g->finish(private_key, server, ours);
    *right = *right && memcmp(ours, theirs, g->secret_len) == 0;
    return status;
}

static hf_status seal(const hf_aead *aead, bool *right)
{
    const uint8_t key[32] = {1}, nonce[12] = {2}, zeros[500] = {0};
    uint8_t record[516] = {0};
    const hf_bytes piece = hf_bytes_of(record, 500), none = {NULL, 0};
    void *state = hf_alloc_aligned(aead->state_len);
    hf_status status = state != NULL ? aead->setup(state, key) : HF_E_OUT_OF_MEMORY;
    if (status == HF_OK) {
        aead->seal(state, nonce, none, &piece, 1, record);
        status = aead->open(state, nonce, none, record, 500U + aead->tag_len, record);
        *right = *right && memcmp(record, zeros, 500) == 0;
        aead->clear(state);
    }
    hf_free(state);
    return status;
}

static void *run(void *ctx)
{
    work *w = ctx;
    const hf_provider *p = hf_provider_default();
    w->right = true;
    for (int round = 0; round < ROUNDS && w->status == HF_OK; round++) {
        for (const hf_aead *const *a = p->aeads; *a != NULL && w->status == HF_OK; a++)
            w->status = seal(*a, &w->right);
        for (size_t g = 0; g < 3 && w->status == HF_OK; g++)
            w->status = agree(p, p->groups[g], &w->right);
        for (size_t k = 0; k < 2 && w->keys[k] != NULL && w->status == HF_OK; k++)
            w->status = sign_and_verify(w->keys[k]);
    }
    return NULL;
}

static void run_all(hf_key *rsa, hf_key *ec)
{
    pthread_t threads[THREADS];
    work works[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        works[i] = (work){{rsa, ec}, HF_OK, false};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &works[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(works[i].status, HF_OK);
        assert_true(works[i].right);
    }
}

/* Must be the first: nothing has been fetched before it. */
static void threads_may_be_the_first_to_ask(void **unused)
{
    (void)unused;
    run_all(NULL, NULL);
}

static void one_key_serves_many_threads(void **unused)
{
    (void)unused;
    hf_key *rsa = NULL, *ec = NULL;
    assert_int_equal(hf_key_generate(HF_KEY_RSA, 0, &rsa, NULL), HF_OK);
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &ec, NULL), HF_OK);
    run_all(rsa, ec);
    hf_key_free(rsa);
    hf_key_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_may_be_the_first_to_ask),
        cmocka_unit_test(one_key_serves_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
