/* test_keypairs.c: key pairs made ahead: used once, wiped, bounded, good for agreement on both
 * sides, safe between threads and after fork. */
#define _POSIX_C_SOURCE 200809L
#include "crypto/keypairs.h"
#include "crypto/lookup.h"
#include "support/fail_alloc.h"
#include "support/pair.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const hf_group *group_named(const char *name)
{
    const hf_group *const *g = hf_provider_default()->groups;
    while (strcmp((*g)->name, name) != 0)
        g++;
    return *g;
}

static hf_keypairs *pool_of(const char *group, unsigned most)
{
    hf_keypairs *k = NULL;
    assert_int_equal(hf_keypairs_new(NULL, group, most, &k, NULL), HF_OK);
    return k;
}

static void holds_no_more_than_it_was_made_for(void **state)
{
    (void)state;
    hf_keypairs *k = pool_of("X25519", 3);
    assert_int_equal(hf_keypairs_make(k, 2), 2);
    assert_int_equal(hf_keypairs_make(k, 100), 1);
    assert_int_equal(hf_keypairs_make(k, 1), 0);
    hf_keypairs_free(k);
}

static void refuses_what_it_cannot_make(void **state)
{
    (void)state;
    hf_keypairs *k = NULL;
    hf_error e;
    assert_int_equal(hf_keypairs_new(NULL, "P-257", 3, &k, &e), HF_E_UNKNOWN_NAME_IN_LIST);
    assert_null(k);
    assert_int_equal(hf_keypairs_new(NULL, "X25519", 0, &k, &e), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_keypairs_new(NULL, "X25519", 1025, &k, &e), HF_E_BAD_ARGUMENT);
    hf_keypairs_free(NULL);
}

static void gives_each_pair_once(void **state)
{
    (void)state;
    const hf_group *g = group_named("X25519");
    uint8_t keys[4][32], share[32];
    hf_keypairs *k = pool_of("X25519", 4);
    assert_int_equal(hf_keypairs_make(k, 4), 4);
    for (int i = 0; i < 4; i++) {
        assert_true(hf_keypairs_take(k, g, keys[i], share));
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(keys[i], keys[j], 32);
    }
    assert_false(hf_keypairs_take(k, g, keys[0], share));
    assert_int_equal(hf_keypairs_make(k, 1), 1);
    assert_false(hf_keypairs_take(k, group_named("P-256"), keys[0], share));
    assert_true(hf_keypairs_take(k, g, keys[0], share));
    hf_keypairs_free(k);
}

/* Both ends take theirs from the pool where it serves them, and agree. */
static void agree_with(const char *name)
{
    const hf_provider *p = hf_provider_default();
    const hf_group *g = group_named(name);
    uint8_t key[HF_GROUP_MAX_PRIVATE], client[HF_GROUP_MAX_SHARE], server[HF_GROUP_MAX_SHARE];
    uint8_t ours[HF_GROUP_MAX_SECRET], theirs[HF_GROUP_MAX_SECRET];
    hf_keypairs *k = pool_of(name, 2);
    for (int turn = 0; turn < 2; turn++) { /* the second turn finds an empty pool */
        if (turn == 0)
            assert_int_equal(hf_keypairs_make(k, 2), 2);
        assert_int_equal(hf_keypairs_generate(k, g, p, key, client), HF_OK);
        assert_int_equal(hf_keypairs_respond(k, g, p, client, server, theirs), HF_OK);
        assert_int_equal(g->finish(key, server, ours), HF_OK);
        assert_memory_equal(ours, theirs, g->secret_len);
        assert_int_equal(hf_keypairs_take(k, g, key, client), turn == 0 && !g->diffie_hellman);
    }
    hf_keypairs_free(k);
}

static void pairs_agree_in_every_group(void **state)
{
    (void)state;
    for (const hf_group *const *g = hf_provider_default()->groups; *g != NULL; g++)
        agree_with((*g)->name);
}

static void refuses_a_bad_share_as_the_group_does(void **state)
{
    (void)state;
    const uint8_t zero[32] = {0};
    uint8_t server[32], secret[32];
    hf_keypairs *k = pool_of("X25519", 1);
    hf_keypairs_make(k, 1);
    assert_int_equal(
        hf_keypairs_respond(k, group_named("X25519"), hf_provider_default(), zero, server, secret),
        HF_E_BAD_KEY_SHARE);
    hf_keypairs_free(k);
}

static void handshakes_use_it_up(void **state)
{
    (void)state;
    pair_pki pki;
    pair p = {0};
    uint8_t key[32], share[32];
    hf_keypairs *k = pool_of("X25519", 2);
    hf_keypairs_make(k, 2);
    pair_pki_make(&pki, HF_KEY_P256);
    pair_config(&p, &pki);
    assert_int_equal(hf_config_groups(p.client_config, "X25519"), HF_OK);
    assert_int_equal(hf_config_keypairs(p.client_config, k), HF_OK);
    assert_int_equal(hf_config_keypairs(p.server_config, k), HF_OK);
    pair_start(&p);
    assert_int_equal(hf_config_keypairs(p.server_config, NULL), HF_E_CONFIG_FROZEN);
    assert_true(pair_run(&p));
    pair_exchange(&p, true, 100);
    assert_false(hf_keypairs_take(k, group_named("X25519"), key, share));
    pair_free(&p);
    pair_pki_free(&pki);
    hf_keypairs_free(k);
}

static void child_process_finds_it_empty(void **state)
{
    (void)state;
    uint8_t key[32], share[32];
    hf_keypairs *k = pool_of("X25519", 1);
    hf_keypairs_make(k, 1);
    pid_t child = fork();
    if (child == 0)
        _exit(hf_keypairs_take(k, group_named("X25519"), key, share) ||
              hf_keypairs_make(k, 1) != 0);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(hf_keypairs_take(k, group_named("X25519"), key, share));
    hf_keypairs_free(k);
}

static hf_status make_pool(void *ctx)
{
    hf_keypairs *k = NULL;
    (void)ctx;
    hf_status s = hf_keypairs_new(NULL, "X25519", 4, &k, NULL);
    hf_keypairs_free(k);
    return s;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(hf_test_each_alloc_fails(make_pool, NULL) > 0);
}

/* ---- threads ---- */

enum { THREADS = 4, TAKES = 200 };
static hf_keypairs *shared;
static uint8_t taken[THREADS][TAKES][32];

static void *take_many(void *p)
{
    uint8_t(*keys)[32] = p, share[32];
    for (int i = 0; i < TAKES;) {
        hf_keypairs_make(shared, 1);
        i += hf_keypairs_take(shared, group_named("X25519"), keys[i], share);
    }
    return NULL;
}

static void threads_never_share_a_pair(void **state)
{
    (void)state;
    pthread_t thread[THREADS];
    shared = pool_of("X25519", 8);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, take_many, taken[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    const uint8_t(*all)[32] = (const uint8_t(*)[32])taken;
    for (size_t i = 0; i < THREADS * TAKES; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(all[i], all[j], 32);
    hf_keypairs_free(shared);
}

/* The curve's half of a server's answer comes from a pool of the curve. */
static void a_hybrid_takes_its_half_from_a_pool_of_the_curve(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"X25519MLKEM768", "X25519"},
                                           {"SecP256r1MLKEM768", "P-256"}};
    static uint8_t private_key[HF_GROUP_MAX_PRIVATE], client[HF_GROUP_MAX_SHARE],
        server[HF_GROUP_MAX_SHARE];
    uint8_t ours[HF_GROUP_MAX_SECRET], theirs[HF_GROUP_MAX_SECRET];
    const hf_provider *p = hf_provider_default();
    for (size_t i = 0; i < 2; i++) {
        const hf_group *g = group_named(names[i][0]);
        hf_keypairs *k = pool_of(names[i][1], 2), *other = pool_of("P-384", 1);
        assert_int_equal(hf_keypairs_make(k, 2), 2);
        for (int use = 0; use < 3; use++) { /* the third finds the pool empty */
            assert_int_equal(g->generate(p, private_key, client), HF_OK);
            assert_int_equal(hf_keypairs_respond(k, g, p, client, server, theirs), HF_OK);
            assert_int_equal(g->finish(private_key, server, ours), HF_OK);
            assert_memory_equal(ours, theirs, g->secret_len);
        }
        assert_int_equal(hf_keypairs_make(k, 9), 2); /* both were used */
        assert_int_equal(hf_keypairs_make(other, 1), 1);
        assert_int_equal(hf_keypairs_respond(other, g, p, client, server, theirs), HF_OK);
        assert_int_equal(hf_keypairs_make(other, 1), 0); /* its pair was not */
        hf_keypairs_free(k);
        hf_keypairs_free(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hybrid_takes_its_half_from_a_pool_of_the_curve),
        cmocka_unit_test(holds_no_more_than_it_was_made_for),
        cmocka_unit_test(refuses_what_it_cannot_make),
        cmocka_unit_test(gives_each_pair_once),
        cmocka_unit_test(pairs_agree_in_every_group),
        cmocka_unit_test(refuses_a_bad_share_as_the_group_does),
        cmocka_unit_test(handshakes_use_it_up),
        cmocka_unit_test(child_process_finds_it_empty),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(threads_never_share_a_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
