/* test_early_data.c: data in a client's first flight: taken, refused, replayed, too much. */
#include "support/pair.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "handshake/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static pair_pki pki;
static int64_t now_s;

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

static int64_t own_clock(void *ctx)
{
    (void)ctx;
    return now_s;
}

/* The last session that a client was given, as bytes. */
static hf_buf given;

static void keep_session(void *ctx, hf_conn *conn, hf_bytes session)
{
    (void)ctx;
    (void)conn;
    hf_buf_clear(&given);
    assert_int_equal(hf_buf_append(&given, session), HF_OK);
}

static void config(pair *p, uint16_t version)
{
    now_s = PAIR_NOW;
    hf_buf_clear(&given);
    pair_config(p, &pki);
    hf_config_versions(p->client_config, version, version);
    hf_config_versions(p->server_config, version, version);
    hf_config_clock(p->client_config, own_clock, NULL);
    hf_config_clock(p->server_config, own_clock, NULL);
    hf_config_new_session(p->client_config, keep_session, NULL);
}

/* The pair's connections are let go and made anew with the same configs. */
static void again(pair *p, const char *host)
{
    hf_conn_free(p->client);
    hf_conn_free(p->server);
    assert_int_equal(hf_client_new(p->client_config, host, &p->client), HF_OK);
    assert_int_equal(hf_server_new(p->server_config, &p->server), HF_OK);
}

static bool resumed(const hf_conn *c)
{
    hf_info info;
    hf_conn_info(c, &info);
    return info.resumed;
}

/* A first connection; its session is then offered in a second one, not run yet. */
static void offer_again(pair *p)
{
    pair_start(p);
    assert_true(pair_run(p));
    assert_false(resumed(p->client));
    assert_true(given.n != 0);
    again(p, "server.test");
    assert_int_equal(hf_conn_resume(p->client, hf_buf_bytes(&given)), HF_OK);
}

#define EARLY 5000U /* bytes a ticket allows */

static uint8_t text[EARLY + 1];

static void early_config(pair *p)
{
    config(p, HF_TLS_1_3);
    hf_config_early_data(p->client_config, 1);
    hf_config_early_data(p->server_config, EARLY);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i * 7);
}

static hf_early_data fate(const hf_conn *c)
{
    hf_info info;
    hf_conn_info(c, &info);
    return info.early_data;
}

/* Runs both sides; what the server reads before it is established goes to `early`. */
static bool run_reading(pair *p, hf_buf *early)
{
    for (unsigned still = 0; still < 4; still++) {
        size_t moved = pair_move(p->client, p->server, p->chunk != 0 ? p->chunk : 65536);
        p->server_last = hf_step(p->server);
        while (p->server_last > 0 && (p->server_last & HF_HAVE_DATA) != 0) {
            hf_info info;
            hf_conn_info(p->server, &info);
            assert_true(info.early_readable);
            assert_false(info.established);
            assert_int_equal(hf_buf_append(early, hf_readable(p->server)), HF_OK);
            hf_read_consumed(p->server, hf_readable(p->server).n);
            p->server_last = hf_step(p->server);
        }
        moved += pair_move(p->server, p->client, p->chunk != 0 ? p->chunk : 65536);
        p->client_last = hf_step(p->client);
        if (moved != 0)
            still = 0;
    }
    return p->client_last > 0 && p->server_last > 0 && (p->client_last & HF_ESTABLISHED) != 0 &&
           (p->server_last & HF_ESTABLISHED) != 0;
}

static void write_early(pair *p, size_t n, size_t expected)
{
    size_t taken;
    assert_int_equal(hf_write_early(p->client, text, n, &taken), HF_OK);
    assert_int_equal(taken, expected);
}

static void accepted(pair *p, size_t n)
{
    hf_buf early = {0};
    write_early(p, n, n);
    assert_true(run_reading(p, &early));
    assert_int_equal(fate(p->client), HF_EARLY_ACCEPTED);
    assert_int_equal(fate(p->server), HF_EARLY_ACCEPTED);
    assert_int_equal(early.n, n);
    assert_memory_equal(early.p, text, n);
    hf_buf_free(&early);
    pair_exchange(p, true, 20000);
    pair_exchange(p, false, 20000);
}

static void rejected(pair *p, bool still_resumed)
{
    hf_buf early = {0};
    write_early(p, 1000, 1000);
    assert_true(run_reading(p, &early));
    assert_int_equal(fate(p->client), HF_EARLY_REJECTED);
    assert_int_equal(fate(p->server), HF_EARLY_REJECTED);
    assert_int_equal(resumed(p->server), still_resumed);
    assert_int_equal(early.n, 0);
    hf_buf_free(&early);
    pair_exchange(p, true, 20000);
    pair_exchange(p, false, 20000);
}

static void early_data_is_taken(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, EARLY};
    for (size_t i = 0; i < 3; i++)
        for (size_t chunk = 0; chunk < 2; chunk++) {
            pair p;
            early_config(&p);
            offer_again(&p);
            p.chunk = chunk;
            accepted(&p, sizes[i]);
            pair_free(&p);
        }
}

static void with_every_suite_and_its_protocol(void **state)
{
    (void)state;
    static const char *const suites[] = {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
    for (size_t i = 0; i < 2; i++) {
        pair p;
        early_config(&p);
        hf_config_suites(p.server_config, suites[i]);
        hf_config_alpn(p.client_config, "h2,http/1.1");
        hf_config_alpn(p.server_config, "http/1.1");
        offer_again(&p);
        accepted(&p, 300);
        pair_free(&p);
    }
}

static void no_more_goes_out_than_the_ticket_allows(void **state)
{
    (void)state;
    pair p;
    early_config(&p);
    offer_again(&p);
    write_early(&p, EARLY + 1, EARLY);
    write_early(&p, 1, 0);
    pair_free(&p);
}

static void none_without_leave(void **state)
{
    (void)state;
    pair p;
    size_t taken;
    early_config(&p);
    hf_config_early_data(p.client_config, 0);
    offer_again(&p);
    write_early(&p, 10, 0);
    pair_free(&p);
    early_config(&p);
    hf_config_early_data(p.server_config, 0);
    offer_again(&p);
    write_early(&p, 10, 0);
    assert_int_equal(hf_write_early(p.server, text, 1, &taken), HF_E_WRONG_ROLE);
    assert_true(pair_run(&p));
    assert_int_equal(fate(p.client), HF_EARLY_NONE);
    assert_int_equal(hf_write_early(p.client, text, 1, &taken), HF_E_WRONG_STATE);
    pair_free(&p);
    early_config(&p); /* no session at all */
    pair_start(&p);
    write_early(&p, 10, 0);
    assert_true(pair_run(&p));
    pair_free(&p);
}

/* The attack that early data is open to: the same first flight again, to the same server. */
static void a_replayed_flight_is_not_taken_again(void **state)
{
    (void)state;
    pair p;
    hf_buf flight = {0}, early = {0};
    early_config(&p);
    offer_again(&p);
    write_early(&p, 100, 100);
    assert_true((hf_step(p.client) & HF_WANT_OUTPUT) != 0);
    assert_int_equal(hf_buf_append(&flight, hf_out(p.client)), HF_OK);
    assert_true(run_reading(&p, &early));
    assert_int_equal(early.n, 100);
    for (unsigned i = 0; i < 3; i++) {
        hf_conn *victim;
        size_t used;
        now_s += i == 2 ? 9 : 0;
        assert_int_equal(hf_server_new(p.server_config, &victim), HF_OK);
        assert_int_equal(hf_feed(victim, flight.p, flight.n, &used), HF_OK);
        int flags = hf_step(victim);
        assert_true(flags > 0);
        assert_int_equal(flags & HF_HAVE_DATA, 0);
        assert_int_equal(fate(victim), HF_EARLY_REJECTED);
        hf_conn_free(victim);
    }
    hf_buf_free(&flight);
    hf_buf_free(&early);
    pair_free(&p);
}

/* Held back on the way: by then its ticket's age is not what the hello says. */
static void a_late_flight_is_not_taken(void **state)
{
    (void)state;
    pair p;
    hf_buf early = {0};
    early_config(&p);
    offer_again(&p);
    write_early(&p, 100, 100);
    hf_step(p.client);
    now_s += 11;
    assert_true(run_reading(&p, &early));
    assert_int_equal(early.n, 0);
    assert_int_equal(fate(p.client), HF_EARLY_REJECTED);
    assert_true(resumed(p.client));
    pair_free(&p);
}

static void a_retried_hello_leaves_it_behind(void **state)
{
    (void)state;
    pair p;
    early_config(&p);
    hf_config_groups(p.client_config, "X25519:P-256");
    hf_config_key_shares(p.client_config, 1);
    hf_config_groups(p.server_config, "P-256");
    offer_again(&p);
    rejected(&p, true);
    pair_free(&p);
}

static void a_ticket_of_another_server_leaves_it_behind(void **state)
{
    (void)state;
    pair p;
    hf_buf session = {0};
    early_config(&p);
    offer_again(&p);
    assert_int_equal(hf_buf_append(&session, hf_buf_bytes(&given)), HF_OK);
    pair_free(&p);
    early_config(&p);
    pair_start(&p);
    assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&session)), HF_OK);
    rejected(&p, false);
    pair_free(&p);
    hf_buf_free(&session);
}

/* A client that sends more than its ticket says: the session is changed to allow it. */
static void too_much_is_refused(void **state)
{
    (void)state;
    pair p;
    hf_session s;
    hf_buf bytes = {0}, early = {0};
    early_config(&p);
    offer_again(&p);
    assert_int_equal(hf_session_decode(hf_buf_bytes(&given), &s), HF_OK);
    s.max_early_data = EARLY + 1;
    assert_int_equal(hf_session_encode(&s, &bytes), HF_OK);
    assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&bytes)), HF_OK);
    write_early(&p, EARLY + 1, EARLY + 1);
    assert_false(run_reading(&p, &early));
    hf_error e;
    hf_conn_error(p.server, &e);
    assert_int_equal(e.code, HF_E_EARLY_DATA_TOO_MUCH);
    hf_session_clear(&s);
    hf_buf_free(&bytes);
    hf_buf_free(&early);
    pair_free(&p);
}

/* ---- half-RTT data: a server that writes before the client's Finished ---- */

/* The client's first flight reaches the server, whose flight is in its output then. */
static void first_flight(pair *p)
{
    hf_step(p->client);
    pair_move(p->client, p->server, 65536);
    p->server_last = hf_step(p->server);
    assert_true(p->server_last > 0);
    assert_int_equal(p->server_last & (HF_ESTABLISHED | HF_HALF_RTT), HF_HALF_RTT);
}

/* The server writes, before anything more has come from the client, which reads it whole. */
static void half_rtt(pair *p, size_t n)
{
    size_t taken = 0, got = 0;
    static uint8_t bytes[sizeof(text)];
    assert_int_equal(hf_write(p->server, text, n, &taken), HF_E_WRONG_STATE);
    assert_int_equal(hf_write_half_rtt(p->server, text, n, &taken), HF_OK);
    assert_int_equal(taken, n);
    while (pair_move(p->server, p->client, 65536) != 0 || got < n) {
        size_t some;
        p->client_last = hf_step(p->client);
        assert_true(p->client_last > 0);
        assert_int_equal(hf_read(p->client, bytes + got, sizeof(bytes) - got, &some), HF_OK);
        got += some;
        assert_true((hf_step(p->server) & HF_ESTABLISHED) == 0);
    }
    assert_true((p->client_last & HF_ESTABLISHED) != 0);
    assert_int_equal(got, n);
    assert_memory_equal(bytes, text, n);
}

static void finish(pair *p)
{
    assert_true(pair_run(p));
    assert_int_equal(hf_step(p->server) & (HF_ESTABLISHED | HF_HALF_RTT), HF_ESTABLISHED);
    pair_exchange(p, true, 20000);
    pair_exchange(p, false, 20000);
}

static void early_data_is_answered_before_the_client_finished(void **state)
{
    (void)state;
    pair p;
    uint8_t bytes[200];
    size_t got;
    early_config(&p);
    offer_again(&p);
    write_early(&p, 100, 100);
    first_flight(&p);
    assert_int_equal(hf_read(p.server, bytes, sizeof(bytes), &got), HF_OK);
    assert_int_equal(got, 100);
    half_rtt(&p, EARLY);
    finish(&p);
    pair_free(&p);
}

static void a_full_handshake_has_half_rtt_too(void **state)
{
    (void)state;
    pair p;
    size_t taken;
    early_config(&p);
    pair_start(&p);
    assert_int_equal(hf_write_half_rtt(p.server, text, 1, &taken), HF_E_WRONG_STATE);
    assert_int_equal(hf_write_half_rtt(p.client, text, 1, &taken), HF_E_WRONG_ROLE);
    first_flight(&p);
    half_rtt(&p, 1);
    finish(&p);
    assert_int_equal(hf_write_half_rtt(p.server, text, 1, &taken), HF_OK);
    assert_int_equal(hf_write_half_rtt(p.client, text, 1, &taken), HF_E_WRONG_ROLE);
    pair_free(&p);
}

static void keys_are_updated_in_half_rtt_data_too(void **state)
{
    (void)state;
    pair p;
    early_config(&p);
    hf_config_key_limit(p.server_config, 2);
    pair_start(&p);
    first_flight(&p);
    for (size_t i = 0; i < 5; i++) {
        size_t taken;
        assert_int_equal(hf_write_half_rtt(p.server, text, 10, &taken), HF_OK);
    }
    for (size_t i = 0; i < 5; i++) {
        uint8_t bytes[10];
        size_t got;
        pair_move(p.server, p.client, 65536);
        assert_true((hf_step(p.client) & HF_HAVE_DATA) != 0);
        assert_int_equal(hf_read(p.client, bytes, sizeof(bytes), &got), HF_OK);
        assert_int_equal(got, 10);
        assert_memory_equal(bytes, text, 10);
    }
    finish(&p);
    pair_free(&p);
}

static void none_of_it_in_tls12(void **state)
{
    (void)state;
    pair p;
    size_t taken;
    config(&p, HF_TLS_1_2);
    pair_start(&p);
    hf_step(p.client);
    pair_move(p.client, p.server, 65536);
    assert_int_equal(hf_step(p.server) & HF_HALF_RTT, 0);
    assert_int_equal(hf_write_half_rtt(p.server, text, 1, &taken), HF_E_WRONG_STATE);
    assert_true(pair_run(&p));
    assert_int_equal(hf_write_half_rtt(p.server, text, 1, &taken), HF_OK);
    pair_free(&p);
}

/* What was written early does not make a client of one that is refused afterwards. */
static void a_client_is_refused_after_half_rtt_data(void **state)
{
    (void)state;
    pair p;
    size_t taken;
    hf_error e;
    early_config(&p);
    hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_insecure_no_verification(p.server_config);
    pair_start(&p);
    first_flight(&p);
    half_rtt(&p, 10);
    assert_false(pair_run(&p));
    hf_conn_error(p.server, &e);
    assert_int_equal(e.code, HF_E_NO_CERTIFICATE);
    assert_int_equal(hf_write_half_rtt(p.server, text, 1, &taken), HF_E_NO_CERTIFICATE);
    pair_free(&p);
}

static void after_close_nothing_is_written(void **state)
{
    (void)state;
    pair p;
    size_t taken;
    early_config(&p);
    pair_start(&p);
    first_flight(&p);
    assert_int_equal(hf_close(p.server), HF_OK);
    assert_int_equal(hf_write_half_rtt(p.server, text, 1, &taken), HF_E_CLOSED);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early_data_is_taken),
        cmocka_unit_test(with_every_suite_and_its_protocol),
        cmocka_unit_test(no_more_goes_out_than_the_ticket_allows),
        cmocka_unit_test(none_without_leave),
        cmocka_unit_test(a_replayed_flight_is_not_taken_again),
        cmocka_unit_test(a_late_flight_is_not_taken),
        cmocka_unit_test(a_retried_hello_leaves_it_behind),
        cmocka_unit_test(a_ticket_of_another_server_leaves_it_behind),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(early_data_is_answered_before_the_client_finished),
        cmocka_unit_test(a_full_handshake_has_half_rtt_too),
        cmocka_unit_test(keys_are_updated_in_half_rtt_data_too),
        cmocka_unit_test(none_of_it_in_tls12),
        cmocka_unit_test(a_client_is_refused_after_half_rtt_data),
        cmocka_unit_test(after_close_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
