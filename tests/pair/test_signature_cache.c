/* test_signature_cache.c: connections of a config, and configs that share a cache, compute the
 * signatures of a chain once. */
#include "support/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;

/* ---- what the report says ---- */

typedef struct seen {
    unsigned signatures, remembered;
} seen;

static void note(void *ctx, const hf_conn *conn, const hf_event *e)
{
    seen *s = ctx;
    (void)conn;
    if (e->kind != HF_TRACE_CHECK || strcmp(e->check->name, "signature") != 0)
        return;
    s->signatures++;
    s->remembered += strstr(e->check->value, "verified before") != NULL;
}

static void watch(hf_config *cfg, seen *s)
{
    *s = (seen){0, 0};
    assert_int_equal(hf_config_trace(cfg, &(hf_trace){note, s, false}), HF_OK);
}

/* Another connection over the pair's configs; true when it was established. */
static bool again(pair *p)
{
    hf_conn_free(p->client);
    hf_conn_free(p->server);
    p->client = p->server = NULL;
    return hf_client_new(p->client_config, "server.test", &p->client) == HF_OK &&
           hf_server_new(p->server_config, &p->server) == HF_OK && pair_run(p);
}

static void a_client_remembers_by_itself(void **state)
{
    pair p;
    seen s;
    (void)state;
    pair_config(&p, &pki);
    watch(p.client_config, &s);
    pair_start(&p);
    assert_true(pair_run(&p));
    assert_int_equal(s.signatures, 1);
    assert_int_equal(s.remembered, 0);
    assert_true(again(&p));
    assert_int_equal(s.signatures, 2);
    assert_int_equal(s.remembered, 1);
    pair_free(&p);
}

static void a_server_remembers_its_clients_chains(void **state)
{
    pair p;
    seen s;
    (void)state;
    pair_config(&p, &pki);
    hf_config_add_identity(p.client_config, pki.client);
    hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_trust(p.server_config, pki.store);
    watch(p.server_config, &s);
    pair_start(&p);
    assert_true(pair_run(&p) && again(&p));
    assert_int_equal(s.signatures, 2);
    assert_int_equal(s.remembered, 1);
    pair_free(&p);
}

static void without_a_cache_every_signature_is_computed(void **state)
{
    pair p;
    seen s;
    (void)state;
    pair_config(&p, &pki);
    assert_int_equal(hf_config_signature_cache(p.client_config, NULL), HF_OK);
    watch(p.client_config, &s);
    pair_start(&p);
    assert_true(pair_run(&p) && again(&p));
    assert_int_equal(s.signatures, 2);
    assert_int_equal(s.remembered, 0);
    pair_free(&p);
}

static void configs_share_a_cache_that_outlives_them(void **state)
{
    hf_signature_cache *cache;
    (void)state;
    assert_int_equal(hf_signature_cache_new(16, &cache, NULL), HF_OK);
    for (unsigned i = 0; i < 3; i++) {
        pair p;
        seen s;
        pair_config(&p, &pki);
        assert_int_equal(hf_config_signature_cache(p.client_config, cache), HF_OK);
        watch(p.client_config, &s);
        pair_start(&p);
        assert_true(pair_run(&p));
        assert_int_equal(s.remembered, i == 0 ? 0 : 1);
        pair_free(&p);
        assert_int_equal(hf_signature_cache_count(cache), 1);
    }
    hf_signature_cache_free(cache);
}

static void the_cache_is_closed_once_frozen(void **state)
{
    pair p;
    (void)state;
    pair_config(&p, &pki);
    pair_start(&p);
    assert_int_equal(hf_config_signature_cache(p.client_config, NULL), HF_E_CONFIG_FROZEN);
    pair_free(&p);
}

static int make(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_remembers_by_itself),
        cmocka_unit_test(a_server_remembers_its_clients_chains),
        cmocka_unit_test(without_a_cache_every_signature_is_computed),
        cmocka_unit_test(configs_share_a_cache_that_outlives_them),
        cmocka_unit_test(the_cache_is_closed_once_frozen),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
