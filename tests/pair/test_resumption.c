/* test_resumption.c: connections that go on from an earlier one: what must be resumed, what must
 * quietly not be, and what must end the connection. */
#include "support/pair.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "handshake/handshake.h"
#include "session/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static pair_pki pki, other;
static int64_t now_s;

static int make(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    pair_pki_make(&other, HF_KEY_P256);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&pki);
    pair_pki_free(&other);
    return 0;
}

static int64_t own_clock(void *ctx)
{
    (void)ctx;
    return now_s;
}

/* The last session that a client was given, as bytes. */
static hf_buf given;
static unsigned given_count;

static void keep_session(void *ctx, hf_conn *conn, hf_bytes session)
{
    (void)ctx;
    (void)conn;
    hf_buf_clear(&given);
    assert_int_equal(hf_buf_append(&given, session), HF_OK);
    given_count++;
}

static void config(pair *p, uint16_t version)
{
    now_s = PAIR_NOW;
    given_count = 0;
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

static void expect_resumed(pair *p, bool expected)
{
    assert_true(pair_run(p));
    assert_int_equal(resumed(p->client), expected);
    assert_int_equal(resumed(p->server), expected);
    pair_exchange(p, true, 20000);
    pair_exchange(p, false, 20000);
}

static const uint16_t versions[] = {HF_TLS_1_3, HF_TLS_1_2};

/* ---- what must be resumed ---- */

static void a_session_is_resumed_without_certificates(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pair p;
        config(&p, versions[i]);
        offer_again(&p);
        expect_resumed(&p, true);
        hf_info info;
        hf_conn_info(p.client, &info);
        assert_true(info.peer_authenticated);
        assert_int_equal(info.version, versions[i]);
        assert_int_equal(info.peer_scheme_id, 0);
        pair_free(&p);
    }
}

static void sessions_go_on_from_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pair p;
        config(&p, versions[i]);
        offer_again(&p);
        for (unsigned turn = 0; turn < 4; turn++) {
            expect_resumed(&p, true);
            again(&p, "server.test");
            assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&given)), HF_OK);
            now_s += 60;
        }
        pair_free(&p);
    }
}

static void one_byte_at_a_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pair p;
        config(&p, versions[i]);
        offer_again(&p);
        p.chunk = 1;
        expect_resumed(&p, true);
        pair_free(&p);
    }
}

static void every_suite_resumes(void **state)
{
    (void)state;
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256"};
    for (size_t i = 0; i < 3; i++) {
        pair p;
        config(&p, HF_TLS_1_3);
        hf_config_suites(p.server_config, suites[i]);
        offer_again(&p);
        expect_resumed(&p, true);
        pair_free(&p);
    }
}

static void resumes_behind_a_hello_retry_request(void **state)
{
    (void)state;
    pair p;
    config(&p, HF_TLS_1_3);
    hf_config_groups(p.client_config, "X25519:P-256");
    hf_config_key_shares(p.client_config, 1);
    hf_config_groups(p.server_config, "P-256");
    offer_again(&p);
    expect_resumed(&p, true);
    hf_info info;
    hf_conn_info(p.client, &info);
    assert_true(info.hello_retry);
    pair_free(&p);
}

static void a_store_serves_by_name_and_each_session_once(void **state)
{
    (void)state;
    pair p;
    hf_sessions *store;
    config(&p, HF_TLS_1_3);
    assert_int_equal(hf_sessions_new(10, &store), HF_OK);
    hf_config_sessions(p.client_config, store);
    pair_start(&p);
    assert_true(pair_run(&p));
    assert_int_equal(hf_sessions_count(store), 2);
    again(&p, "server.test");
    assert_int_equal(hf_step(p.client) & HF_WANT_OUTPUT, HF_WANT_OUTPUT);
    assert_int_equal(hf_sessions_count(store), 1);
    expect_resumed(&p, true);
    assert_int_equal(hf_sessions_count(store), 2); /* one used, one given */
    again(&p, "127.0.0.1");
    expect_resumed(&p, false);
    pair_free(&p);
    hf_sessions_free(store);
}

static void a_client_with_a_certificate_keeps_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pair p;
        config(&p, versions[i]);
        hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
        hf_config_keep_peer_chain(p.server_config, true);
        hf_config_add_identity(p.client_config, pki.client);
        offer_again(&p);
        expect_resumed(&p, true);
        const hf_cert *leaf = hf_peer_cert(p.server, 0);
        assert_non_null(leaf);
        assert_true(hf_bytes_equal(leaf->der, hf_identity_cert(pki.client, 0)->der));
        hf_info info;
        hf_conn_info(p.server, &info);
        assert_true(info.peer_authenticated);
        pair_free(&p);
    }
}

static void keys_read_from_a_file_serve_two_configs(void **state)
{
    (void)state;
    uint8_t file[80];
    hf_ticket_keys *keys;
    pair p;
    memset(file, 7, sizeof(file));
    for (size_t i = 0; i < 2; i++) {
        config(&p, versions[i]);
        hf_bytes files[] = {{file, sizeof(file)}};
        assert_int_equal(hf_ticket_keys_new(NULL, 0, &keys), HF_OK);
        assert_int_equal(hf_ticket_keys_read(keys, files, 1, NULL), HF_OK);
        hf_config_ticket_keys(p.server_config, keys);
        hf_ticket_keys_free(keys);
        pair_start(&p);
        assert_true(pair_run(&p));
        pair_free(&p);
        hf_buf session = {0};
        assert_int_equal(hf_buf_append(&session, hf_buf_bytes(&given)), HF_OK);
        config(&p, versions[i]);
        assert_int_equal(hf_ticket_keys_new(NULL, 0, &keys), HF_OK);
        assert_int_equal(hf_ticket_keys_read(keys, files, 1, NULL), HF_OK);
        hf_config_ticket_keys(p.server_config, keys);
        hf_ticket_keys_free(keys);
        pair_start(&p);
        assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&session)), HF_OK);
        expect_resumed(&p, true);
        pair_free(&p);
        hf_buf_free(&session);
    }
}

/* RFC 5246 section 7.3: the server keeps the session, the client its id. */
static void a_session_is_resumed_by_its_id(void **state)
{
    (void)state;
    pair p;
    hf_sessions *kept;
    config(&p, HF_TLS_1_2);
    assert_int_equal(hf_sessions_new(2, &kept), HF_OK);
    hf_config_tickets(p.server_config, 0);
    hf_config_sessions(p.server_config, kept);
    offer_again(&p);
    assert_int_equal(hf_sessions_count(kept), 1);
    expect_resumed(&p, true);
    again(&p, "server.test");
    assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&given)), HF_OK);
    expect_resumed(&p, true);
    assert_int_equal(hf_sessions_count(kept), 1); /* no new one for one that went on */
    for (unsigned i = 0; i < 2; i++) {            /* two others push it out */
        again(&p, "server.test");
        expect_resumed(&p, false);
    }
    again(&p, "server.test");
    hf_buf first = {0};
    assert_int_equal(hf_buf_append(&first, hf_buf_bytes(&given)), HF_OK);
    assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&first)), HF_OK);
    expect_resumed(&p, true);
    hf_buf_free(&first);
    pair_free(&p);
    hf_sessions_free(kept);
}

/* RFC 5929 section 3.1: the first Finished of the connection, which is the server's here. */
static void tls_unique_is_the_same_on_both_sides(void **state)
{
    (void)state;
    pair p;
    uint8_t first[12], client[12], server[12];
    config(&p, HF_TLS_1_2);
    pair_start(&p);
    assert_true(pair_run(&p));
    assert_int_equal(hf_tls_unique(p.client, first), HF_OK);
    again(&p, "server.test");
    assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&given)), HF_OK);
    expect_resumed(&p, true);
    assert_int_equal(hf_tls_unique(p.client, client), HF_OK);
    assert_int_equal(hf_tls_unique(p.server, server), HF_OK);
    assert_memory_equal(client, server, 12);
    assert_memory_not_equal(client, first, 12);
    pair_free(&p);
}

/* A client that can do both versions keeps what it was given, and resumes it with either. */
static void a_session_of_one_version_is_offered_beside_the_other(void **state)
{
    (void)state;
    pair p;
    for (size_t i = 0; i < 2; i++) {
        config(&p, versions[i]);
        hf_config_versions(p.client_config, HF_TLS_1_2, HF_TLS_1_3);
        offer_again(&p);
        expect_resumed(&p, true);
        pair_free(&p);
    }
    hf_buf session = {0};
    for (size_t i = 0; i < 2; i++) { /* a server that changed its version in between */
        hf_buf_clear(&session);
        config(&p, versions[i]);
        hf_config_versions(p.client_config, HF_TLS_1_2, HF_TLS_1_3);
        pair_start(&p);
        assert_true(pair_run(&p));
        assert_int_equal(hf_buf_append(&session, hf_buf_bytes(&given)), HF_OK);
        pair_free(&p);
        config(&p, versions[1 - i]);
        hf_config_versions(p.client_config, HF_TLS_1_2, HF_TLS_1_3);
        pair_start(&p);
        assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&session)), HF_OK);
        expect_resumed(&p, false);
        pair_free(&p);
    }
    hf_buf_free(&session);
}

/* RFC 6066 section 3: a server that resumes does not answer server_name. */
static unsigned names_answered;

static void count_names(void *ctx, const hf_conn *conn, const hf_event *event)
{
    (void)ctx;
    (void)conn;
    if (event->kind == HF_TRACE_FIELD && !event->sent && event->field.name != NULL &&
        strcmp(event->field.name, "extension_type") == 0 && event->field.value == 0)
        names_answered++;
}

static void server_name_is_not_answered(void **state)
{
    (void)state;
    static const hf_trace trace = {count_names, NULL, false};
    for (size_t i = 0; i < 2; i++) {
        pair p;
        config(&p, versions[i]);
        hf_config_trace(p.client_config, &trace);
        names_answered = 0;
        offer_again(&p);
        assert_int_equal(names_answered, 1);
        expect_resumed(&p, true);
        assert_int_equal(names_answered, 1);
        pair_free(&p);
    }
}

/* ---- what must quietly become a full handshake ---- */

typedef void change(pair *p);

static void later_than_its_life(pair *p)
{
    (void)p;
    now_s += 7200;
}

static void before_its_time(pair *p)
{
    (void)p;
    now_s -= 10;
}

static void under_another_name(pair *p)
{
    again(p, "127.0.0.1");
    assert_int_equal(hf_conn_resume(p->client, hf_buf_bytes(&given)), HF_OK);
}

static void a_ticket_of_noise(pair *p)
{
    hf_session s;
    hf_buf bytes = {0};
    assert_int_equal(hf_session_decode(hf_buf_bytes(&given), &s), HF_OK);
    ((uint8_t *)(uintptr_t)s.ticket.p)[s.ticket.n / 2] ^= 1;
    assert_int_equal(hf_session_encode(&s, &bytes), HF_OK);
    assert_int_equal(hf_conn_resume(p->client, hf_buf_bytes(&bytes)), HF_OK);
    hf_session_clear(&s);
    hf_buf_free(&bytes);
}

static void what_does_not_fit_becomes_a_full_handshake(void **state)
{
    (void)state;
    static change *const changes[] = {later_than_its_life, before_its_time, under_another_name,
                                      a_ticket_of_noise};
    for (size_t i = 0; i < 2 * sizeof(changes) / sizeof(changes[0]); i++) {
        pair p;
        config(&p, versions[i % 2]);
        offer_again(&p);
        changes[i / 2](&p);
        expect_resumed(&p, false);
        pair_free(&p);
    }
}

/* The session of a first server is offered to a second one that differs in one thing. */
static void to_another_server(uint16_t version, void (*differ)(pair *p), bool expected)
{
    uint8_t file[48] = {1, 2, 3};
    hf_bytes files[] = {{file, sizeof(file)}};
    hf_buf session = {0};
    for (unsigned turn = 0; turn < 2; turn++) {
        pair p;
        hf_ticket_keys *keys;
        config(&p, version);
        assert_int_equal(hf_ticket_keys_new(NULL, 0, &keys), HF_OK);
        assert_int_equal(hf_ticket_keys_read(keys, files, 1, NULL), HF_OK);
        hf_config_ticket_keys(p.server_config, keys);
        hf_ticket_keys_free(keys);
        if (turn == 1)
            differ(&p);
        pair_start(&p);
        if (turn == 1)
            assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&session)), HF_OK);
        expect_resumed(&p, turn == 1 && expected);
        if (turn == 0)
            assert_int_equal(hf_buf_append(&session, hf_buf_bytes(&given)), HF_OK);
        pair_free(&p);
    }
    hf_buf_free(&session);
}

static void in_nothing(pair *p)
{
    (void)p;
}

static void in_its_context(pair *p)
{
    hf_config_session_context(p->server_config, hf_bytes_text("another"));
}

static void in_wanting_certificates(pair *p)
{
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_OPTIONAL);
}

static void in_its_protocol(pair *p)
{
    hf_config_alpn(p->client_config, "h2");
    hf_config_alpn(p->server_config, "h2");
}

static void in_its_suites(pair *p)
{
    hf_config_suites(p->server_config,
                     "TLS_AES_256_GCM_SHA384:TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
}

static void in_giving_no_tickets_but_with_the_keys(pair *p)
{
    hf_config_tickets(p->server_config, 0);
}

static void a_ticket_binds_what_it_was_given_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        to_another_server(versions[i], in_nothing, true);
        to_another_server(versions[i], in_its_context, false);
        to_another_server(versions[i], in_wanting_certificates, false);
        to_another_server(versions[i], in_its_protocol, false);
        to_another_server(versions[i], in_its_suites, false);
    }
    to_another_server(HF_TLS_1_3, in_giving_no_tickets_but_with_the_keys, true);
}

static hf_identity *renewed;

static void in_its_certificate(pair *p)
{
    hf_config *fresh;
    hf_ticket_keys *keys = hf_ticket_keys_ref(p->server_config->ticket_keys);
    assert_int_equal(hf_config_new(HF_SERVER, &fresh), HF_OK);
    hf_config_versions(fresh, p->server_config->min_version, p->server_config->max_version);
    hf_config_add_identity(fresh, renewed);
    hf_config_ticket_keys(fresh, keys);
    hf_config_clock(fresh, own_clock, NULL);
    hf_ticket_keys_free(keys);
    hf_config_free(p->server_config);
    p->server_config = fresh;
}

/* ALPACA's and the like's way: a ticket of one service shown to another that shares its keys. */
static void a_cross_protocol_ticket_is_not_taken(void **state)
{
    (void)state;
    static const char *const names[] = {"server.test", NULL};
    renewed = pair_issue(&pki, HF_KEY_P256, names, true, PAIR_NOW - 1000, PAIR_NOW + 100000);
    for (size_t i = 0; i < 2; i++)
        to_another_server(versions[i], in_its_certificate, false);
    hf_identity_free(renewed);
}

/* ---- what must fail ---- */

static void a_wrong_binder_ends_the_connection(void **state)
{
    (void)state;
    pair p;
    hf_session s;
    hf_buf bytes = {0};
    config(&p, HF_TLS_1_3);
    offer_again(&p);
    assert_int_equal(hf_session_decode(hf_buf_bytes(&given), &s), HF_OK);
    s.secret[0] ^= 1; /* the ticket was seen on the wire; its secret was not */
    assert_int_equal(hf_session_encode(&s, &bytes), HF_OK);
    assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&bytes)), HF_OK);
    assert_false(pair_run(&p));
    hf_error e;
    hf_conn_error(p.server, &e);
    assert_int_equal(e.code, HF_E_BAD_BINDER);
    assert_int_equal(e.alert, HF_ALERT_decrypt_error);
    hf_session_clear(&s);
    hf_buf_free(&bytes);
    pair_free(&p);
}

static void bytes_that_are_no_session_are_refused(void **state)
{
    (void)state;
    pair p;
    config(&p, HF_TLS_1_3);
    offer_again(&p);
    for (size_t n = 0; n < given.n; n++) {
        /* copied to its exact length, so that a read past it is seen */
        uint8_t *cut = malloc(n + 1);
        assert_non_null(cut);
        memcpy(cut, given.p, n);
        assert_int_equal(hf_conn_resume(p.client, (hf_bytes){cut, n}), HF_E_SESSION_MALFORMED);
        free(cut);
    }
    given.p[0] ^= 1;
    assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&given)), HF_E_SESSION_MALFORMED);
    given.p[0] ^= 1;
    assert_int_equal(hf_conn_resume(p.server, hf_buf_bytes(&given)), HF_E_WRONG_ROLE);
    assert_true(pair_run(&p));
    assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&given)), HF_E_WRONG_STATE);
    pair_free(&p);
}

static void unverified_sessions_are_not_resumed_by_who_verifies(void **state)
{
    (void)state;
    pair p;
    config(&p, HF_TLS_1_3);
    hf_config_insecure_no_verification(p.client_config);
    offer_again(&p);
    expect_resumed(&p, true);
    hf_buf session = {0};
    assert_int_equal(hf_buf_append(&session, hf_buf_bytes(&given)), HF_OK);
    hf_session s;
    assert_int_equal(hf_session_decode(hf_buf_bytes(&session), &s), HF_OK);
    assert_false(s.peer_authenticated);
    hf_session_clear(&s);
    pair_free(&p);
    config(&p, HF_TLS_1_3);
    pair_start(&p);
    assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&session)), HF_OK);
    expect_resumed(&p, false);
    pair_free(&p);
    hf_buf_free(&session);
}

static void tickets_can_be_turned_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pair p;
        config(&p, versions[i]);
        hf_config_tickets(p.server_config, 0);
        pair_start(&p);
        assert_true(pair_run(&p));
        assert_int_equal(given_count, 0);
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_resumed_without_certificates),
        cmocka_unit_test(sessions_go_on_from_each_other),
        cmocka_unit_test(one_byte_at_a_time),
        cmocka_unit_test(every_suite_resumes),
        cmocka_unit_test(resumes_behind_a_hello_retry_request),
        cmocka_unit_test(a_store_serves_by_name_and_each_session_once),
        cmocka_unit_test(a_client_with_a_certificate_keeps_its_name),
        cmocka_unit_test(keys_read_from_a_file_serve_two_configs),
        cmocka_unit_test(a_session_is_resumed_by_its_id),
        cmocka_unit_test(tls_unique_is_the_same_on_both_sides),
        cmocka_unit_test(a_session_of_one_version_is_offered_beside_the_other),
        cmocka_unit_test(server_name_is_not_answered),
        cmocka_unit_test(what_does_not_fit_becomes_a_full_handshake),
        cmocka_unit_test(a_ticket_binds_what_it_was_given_for),
        cmocka_unit_test(a_cross_protocol_ticket_is_not_taken),
        cmocka_unit_test(a_wrong_binder_ends_the_connection),
        cmocka_unit_test(bytes_that_are_no_session_are_refused),
        cmocka_unit_test(unverified_sessions_are_not_resumed_by_who_verifies),
        cmocka_unit_test(tickets_can_be_turned_off),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
