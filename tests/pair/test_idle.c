/* test_idle.c: an idle connection is small: what it holds, when it gives the rest back by itself,
 * and that it goes on as if nothing had happened. */
#include "support/fail_alloc.h"
#include "support/pair.h"

#include "handshake/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;

static int make_pki(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    return 0;
}

static int free_pki(void **state)
{
    (void)state;
    pair_pki_free(&pki);
    return 0;
}

static void start(pair *p, const char *suite)
{
    pair_config(p, &pki);
    assert_int_equal(hf_config_suites(p->client_config, suite), HF_OK);
    pair_start(p);
    assert_true(pair_run(p));
}

static void step_both(pair *p)
{
    assert_true(hf_step(p->client) >= 0);
    assert_true(hf_step(p->server) >= 0);
}

static bool expanded(const hf_conn *c)
{
    return c->channel.read.state != NULL || c->channel.write.state != NULL;
}

/* Fails when someone makes the struct grow past the promise of 1,024 bytes a connection: the
 * allocator adds up to 16, the server's copy of the host name up to 255. */
static void connection_fits_its_promise(void **state)
{
    (void)state;
    assert_true(sizeof(hf_conn) <= 1024 - 16 - 128);
}

static void keys_are_not_expanded_before_they_are_used(void **state)
{
    (void)state;
    pair p = {0};
    start(&p, "TLS_AES_128_GCM_SHA256");
    step_both(&p);
    assert_false(expanded(p.client));
    assert_false(expanded(p.server));
    pair_free(&p);
}

/* All that is live beyond what was live before is the connection itself, and on a server the name
 * it was asked for. */
static void idle_connection_is_one_allocation(void **state)
{
    (void)state;
    pair p = {0};
    pair_config(&p, &pki);
    assert_int_equal(hf_config_freeze(p.client_config, NULL), HF_OK);
    assert_int_equal(hf_config_freeze(p.server_config, NULL), HF_OK);
    long before = hf_test_live();
    pair_start(&p);
    assert_true(pair_run(&p));
    pair_exchange(&p, true, 1000);
    pair_exchange(&p, false, 1000);
    step_both(&p);
    step_both(&p);
    long both = hf_test_live();
    hf_conn_free(p.client);
    p.client = NULL;
    assert_int_equal(both - hf_test_live(), 1);
    assert_int_equal(hf_test_live() - before, 2);
    pair_free(&p);
}

/* Of the heap that goes through hf_alloc; what libcrypto takes for itself is the bench's to count.
 * Either side: connection, scratch, flight, output, input, messages, transcript. The client, two
 * public keys; the server, the name it was asked for. */
static void handshake_asks_for_memory_few_times(void **state)
{
    (void)state;
    pair p = {0};
    pair_config(&p, &pki);
    assert_int_equal(hf_config_cert_compression(p.client_config, "none"), HF_OK);
    assert_int_equal(hf_config_groups(p.client_config, "X25519"), HF_OK);
    assert_int_equal(hf_config_freeze(p.client_config, NULL), HF_OK);
    assert_int_equal(hf_config_freeze(p.server_config, NULL), HF_OK);
    long before = hf_test_alloc_count();
    pair_start(&p);
    assert_true(pair_run(&p));
    long asked = hf_test_alloc_count() - before;
    print_message("%ld allocations on both sides\n", asked);
    assert_true(asked <= 17);
    pair_free(&p);
}

static void goes_on_after_a_rest(void **state)
{
    (void)state;
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256"};
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        pair p = {0};
        start(&p, suites[i]);
        for (int k = 0; k < 3; k++) {
            pair_exchange(&p, true, 20000);
            pair_exchange(&p, false, 100);
            hf_conn_rest(p.client);
            hf_conn_rest(p.server);
            assert_false(expanded(p.client) || expanded(p.server));
        }
        assert_int_equal(hf_key_update(p.client, true), HF_OK);
        hf_conn_rest(p.client);
        pair_exchange(&p, true, 10);
        pair_exchange(&p, false, 10);
        pair_free(&p);
    }
}

/* A connection in use keeps its keys from step to step; a quiet second step lets them go. */
static void rests_in_the_second_quiet_step(void **state)
{
    (void)state;
    pair p = {0};
    start(&p, "TLS_AES_128_GCM_SHA256");
    pair_exchange(&p, true, 10);
    step_both(&p);
    pair_exchange(&p, true, 10);
    assert_true(expanded(p.client) && expanded(p.server));
    step_both(&p);
    step_both(&p);
    assert_false(expanded(p.client) || expanded(p.server));
    pair_exchange(&p, true, 10);
    pair_free(&p);
}

/* A rest in the middle of a handshake, of a record, and of unsent output loses nothing. */
static void rest_at_a_bad_time_harms_nothing(void **state)
{
    (void)state;
    pair p = {0};
    size_t taken = 0, used = 0, got = 0;
    char text[8] = "";
    pair_config(&p, &pki);
    pair_start(&p);
    hf_conn_rest(p.client);
    hf_conn_rest(p.server);
    assert_true(pair_run(&p));
    assert_int_equal(hf_write(p.client, "hello", 5, &taken), HF_OK);
    hf_conn_rest(p.client);
    hf_bytes out = hf_out(p.client);
    assert_true(out.n > 5);
    for (size_t i = 0; i < out.n; i++) {
        assert_int_equal(hf_feed(p.server, out.p + i, 1, &used), HF_OK);
        hf_conn_rest(p.server);
        assert_true(hf_step(p.server) >= 0);
        hf_conn_rest(p.server);
    }
    assert_int_equal(hf_read(p.server, text, sizeof(text), &got), HF_OK);
    assert_int_equal(got, 5);
    assert_memory_equal(text, "hello", 5);
    pair_free(&p);
}

/* So that whoever sends it needs one call of the system's. */
static void write_of_64_kib_is_one_piece_of_output(void **state)
{
    (void)state;
    static const uint8_t data[65536];
    pair p = {0};
    size_t taken = 0;
    start(&p, "TLS_AES_128_GCM_SHA256");
    step_both(&p);
    long before = hf_test_alloc_count();
    assert_int_equal(hf_write(p.client, data, sizeof(data), &taken), HF_OK);
    assert_int_equal(taken, sizeof(data));
    assert_true(hf_out(p.client).n > sizeof(data));
    assert_int_equal(hf_test_alloc_count() - before, 2); /* the output, and the expanded key */
    pair_free(&p);
}

/* The key cannot be expanded for want of memory: an error, no leak, no crash. */
static void no_memory_for_an_expanded_key_is_an_error(void **state)
{
    (void)state;
    pair p = {0};
    size_t taken = 0;
    start(&p, "TLS_AES_128_GCM_SHA256");
    step_both(&p);
    hf_test_fail_alloc_after(1);
    assert_int_equal(hf_write(p.client, "x", 1, &taken), HF_E_OUT_OF_MEMORY);
    hf_test_fail_alloc_after(-1);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_fits_its_promise),
        cmocka_unit_test(keys_are_not_expanded_before_they_are_used),
        cmocka_unit_test(idle_connection_is_one_allocation),
        cmocka_unit_test(handshake_asks_for_memory_few_times),
        cmocka_unit_test(goes_on_after_a_rest),
        cmocka_unit_test(rests_in_the_second_quiet_step),
        cmocka_unit_test(rest_at_a_bad_time_harms_nothing),
        cmocka_unit_test(write_of_64_kib_is_one_piece_of_output),
        cmocka_unit_test(no_memory_for_an_expanded_key_is_an_error),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
