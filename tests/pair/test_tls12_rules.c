/* test_tls12_rules.c: rules of TLS 1.2 around a handshake: no second one, curves and hashes, record
 * sizes, key pairs made ahead. */
#include "support/pair.h"
#include "support/tamper.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/tls12.h"

static pair_pki ecdsa, rsa, p384;

static int make(void **state)
{
    (void)state;
    pair_pki_make(&ecdsa, HF_KEY_P256);
    pair_pki_make(&rsa, HF_KEY_RSA);
    pair_pki_make(&p384, HF_KEY_P384);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&ecdsa);
    pair_pki_free(&rsa);
    pair_pki_free(&p384);
    return 0;
}

/* ---- no second handshake ---- */

/* What `from` says in its own name, in the middle of a connection. */
static void say(hf_conn *from, hf_conn *to, const uint8_t *message, size_t n)
{
    assert_int_equal(hf_channel_send(&from->channel, HF_CONTENT_HANDSHAKE, hf_bytes_of(message, n)),
                     HF_OK);
    pair_move(from, to, 65536);
    hf_step(to);
}

static struct {
    unsigned warnings;
    uint8_t description;
} heard;

static void hear(void *ctx, const hf_conn *conn, const hf_event *event)
{
    (void)ctx;
    (void)conn;
    if (event->kind != HF_TRACE_ALERT || event->sent)
        return;
    heard.warnings += event->alert.level == 1;
    heard.description = event->alert.description;
}

static const uint8_t request[] = {HF_MSG_HELLO_REQUEST, 0, 0, 0};

/* RFC 5246 section 7.2.2: no_renegotiation is a warning, and the connection goes on. Who asks
 * again and again is let go. */
static void a_second_handshake_is_refused_by_a_warning(void **state)
{
    (void)state;
    static const uint8_t hello[] = {HF_MSG_CLIENT_HELLO, 0, 0, 1, 0};
    for (int of_server = 0; of_server < 2; of_server++) {
        pair p;
        config12(&p, &ecdsa);
        const hf_trace trace = {.event = hear};
        hf_config_trace(of_server != 0 ? p.server_config : p.client_config, &trace);
        pair_start(&p);
        assert_true(pair_run(&p));
        hf_conn *asks = of_server != 0 ? p.server : p.client,
                *refuses = of_server != 0 ? p.client : p.server;
        const uint8_t *message = of_server != 0 ? request : hello;
        size_t n = of_server != 0 ? sizeof(request) : sizeof(hello);
        heard.warnings = 0;
        say(asks, refuses, message, n);
        pair_move(refuses, asks, 65536);
        hf_step(asks);
        assert_int_equal(heard.warnings, 1);
        assert_int_equal(heard.description, HF_ALERT_no_renegotiation);
        pair_exchange(&p, true, 100);
        pair_exchange(&p, false, 100);
        for (int i = 0; i < 32; i++)
            say(asks, refuses, message, n);
        hf_error e;
        hf_conn_error(refuses, &e);
        assert_int_equal(e.code, HF_OK);
        say(asks, refuses, message, n);
        expect_failure(refuses, HF_E_RENEGOTIATION, HF_ALERT_unexpected_message);
        pair_free(&p);
    }
}

static void what_is_no_request_for_a_handshake_is_refused(void **state)
{
    (void)state;
    static const uint8_t full[] = {HF_MSG_HELLO_REQUEST, 0, 0, 1, 0},
                         finished[] = {HF_MSG_FINISHED, 0, 0, 0};
    static const struct {
        const uint8_t *message;
        size_t n;
        bool to_client;
        hf_status code;
        uint8_t alert;
    } cases[] = {
        {full, sizeof(full), true, HF_E_TRAILING_BYTES, HF_ALERT_decode_error},
        {finished, sizeof(finished), true, HF_E_UNEXPECTED_MESSAGE, HF_ALERT_unexpected_message},
        {request, sizeof(request), false, HF_E_UNEXPECTED_MESSAGE, HF_ALERT_unexpected_message},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pair p;
        config12(&p, &ecdsa);
        pair_start(&p);
        assert_true(pair_run(&p));
        hf_conn *victim = cases[i].to_client ? p.client : p.server;
        say(cases[i].to_client ? p.server : p.client, victim, cases[i].message, cases[i].n);
        expect_failure(victim, cases[i].code, cases[i].alert);
        pair_free(&p);
    }
}

/* RFC 5246 section 7.4.1.1: while a handshake goes on, HelloRequest is neither heard nor in the
 * transcript; there is an end to that too. */
static void a_request_in_the_middle_of_a_handshake_is_not_heard(void **state)
{
    (void)state;
    static const uint8_t record[] = {22, 3, 3, 0, 4, 0, 0, 0, 0},
                         nine[] = {22, 3, 3, 0, 5, 0, 0, 0, 1, 0};
    pair p;
    for (int has_13 = 0; has_13 < 2; has_13++) {
        config12(&p, &ecdsa);
        if (has_13 != 0)
            hf_config_versions(p.client_config, HF_TLS_1_2, HF_TLS_1_3);
        pair_start(&p);
        hf_step(p.client);
        feed(p.client, record, sizeof(record)); /* before ServerHello */
        pair_move(p.client, p.server, 65536);
        hf_step(p.server);
        pair_move(p.server, p.client, 1u << 16);
        hf_step(p.client);
        feed(p.client, record, sizeof(record)); /* before the server's Finished */
        assert_true(pair_run(&p));
        pair_exchange(&p, true, 100);
        pair_free(&p);
    }
    config12(&p, &ecdsa);
    pair_start(&p);
    hf_step(p.client);
    for (int i = 0; i < 33; i++)
        feed(p.client, record, sizeof(record));
    expect_failure(p.client, HF_E_RENEGOTIATION, HF_ALERT_unexpected_message);
    pair_free(&p);
    config12(&p, &ecdsa);
    pair_start(&p);
    hf_step(p.client);
    feed(p.client, nine, sizeof(nine));
    expect_failure(p.client, HF_E_UNEXPECTED_MESSAGE, HF_ALERT_unexpected_message);
    pair_free(&p);
    pair_config(&p, &ecdsa); /* TLS 1.3 has no such message */
    hf_config_versions(p.client_config, HF_TLS_1_3, HF_TLS_1_3);
    pair_start(&p);
    hf_step(p.client);
    feed(p.client, record, sizeof(record));
    expect_failure(p.client, HF_E_UNEXPECTED_MESSAGE, HF_ALERT_unexpected_message);
    pair_free(&p);
}

/* ---- curves, hashes, limits ---- */

/* RFC 8422 section 5.3: supported_groups is about certificates too. */
static void a_certificate_is_on_a_curve_that_the_client_offers(void **state)
{
    (void)state;
    for (int lies = 0; lies < 2; lies++) {
        pair p;
        config12(&p, &p384);
        hf_config_groups(p.client_config, "x25519:secp256r1");
        hf_config_grease(p.client_config, false);
        pair_start(&p);
        hf_step(p.client);
        static const uint8_t without[] = {0, 10, 0, 6, 0, 4, 0, 29, 0, 23},
                             with[] = {0, 10, 0, 6, 0, 4, 0, 29, 0, 24};
        if (lies != 0) /* a server that takes no heed of the list */
            replace_out(p.client, without, with, sizeof(with));
        pair_run(&p);
        if (lies != 0)
            expect_failure(p.client, HF_E_GROUP_NOT_OFFERED, HF_ALERT_illegal_parameter);
        else
            expect_failure(p.server, HF_E_NO_COMMON_GROUP, HF_ALERT_handshake_failure);
        pair_free(&p);
    }
}

static void of_two_certificates_the_one_on_an_offered_curve_is_shown(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    config12(&p, &p384);
    hf_config_add_identity(p.server_config, rsa.server);
    hf_config_trust(p.client_config, rsa.store);
    hf_config_groups(p.client_config, "x25519:secp256r1");
    pair_start(&p);
    assert_true(pair_run(&p));
    hf_conn_info(p.client, &info);
    assert_string_equal(info.suite, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    pair_free(&p);
}

/* In TLS 1.2 the hash and the curve are two things: RFC 5246 section 7.4.1.4.1. */
static void a_key_signs_with_the_hash_of_another_curve(void **state)
{
    (void)state;
    for (int two_way = 0; two_way < 2; two_way++)
        for (int best = 0; best < 2; best++) {
            pair p;
            hf_info info;
            config12(&p, &p384);
            hf_config *taker = two_way != 0 ? p.server_config : p.client_config;
            hf_config_sigschemes(taker, best != 0 ? "ecdsa_secp256r1_sha256 ecdsa_secp384r1_sha384"
                                                  : "ecdsa_secp256r1_sha256");
            hf_config_cert_sigschemes(taker, "ecdsa_secp384r1_sha384");
            if (two_way != 0)
                mutual(&p, &p384);
            pair_start(&p);
            assert_true(pair_run(&p));
            hf_conn_info(two_way != 0 ? p.server : p.client, &info);
            assert_true(info.peer_authenticated);
            assert_int_equal(info.peer_scheme_id, best != 0 ? 0x0503 : 0x0403);
            hf_conn_info(two_way != 0 ? p.client : p.server, &info);
            assert_int_equal(info.own_scheme_id, best != 0 ? 0x0503 : 0x0403);
            pair_free(&p);
        }
}

static struct {
    size_t most;
} records;

static void measure(void *ctx, const hf_conn *conn, const hf_event *event)
{
    (void)ctx;
    (void)conn;
    if (event->kind == HF_TRACE_RECORD && event->sent && event->record.encrypted &&
        event->record.plaintext.n > records.most)
        records.most = event->record.plaintext.n;
}

/* RFC 8449 section 4: in TLS 1.2 the limit is that of the content. */
static void a_record_size_limit_is_kept(void **state)
{
    (void)state;
    for (int by_client = 0; by_client < 2; by_client++) {
        pair p;
        const hf_trace trace = {.event = measure};
        config12(&p, &ecdsa);
        hf_config_record_size_limit(p.client_config, by_client != 0 ? 100 : 16385);
        if (by_client == 0)
            hf_config_record_size_limit(p.server_config, 100);
        hf_config_trace(by_client != 0 ? p.server_config : p.client_config, &trace);
        records.most = 0;
        pair_start(&p);
        assert_true(pair_run(&p));
        pair_exchange(&p, by_client == 0, 1000);
        assert_int_equal(records.most, 100);
        /* and who named it refuses more */
        hf_conn *limited = by_client != 0 ? p.client : p.server,
                *other = by_client != 0 ? p.server : p.client;
        uint8_t more[101] = {0};
        other->channel.write_limit = 16384;
        assert_int_equal(hf_channel_send(&other->channel, HF_CONTENT_APPLICATION_DATA,
                                         hf_bytes_of(more, sizeof(more))),
                         HF_OK);
        pair_move(other, limited, 65536);
        hf_step(limited);
        expect_failure(limited, HF_E_RECORD_TOO_LONG, HF_ALERT_record_overflow);
        pair_free(&p);
    }
}

static void a_record_size_limit_out_of_bounds_is_refused(void **state)
{
    (void)state;
    static const uint8_t good[] = {0, 28, 0, 2, 0x40, 0}, low[] = {0, 28, 0, 2, 0, 63},
                         high[] = {0, 28, 0, 2, 0x40, 1};
    for (int i = 0; i < 4; i++) {
        pair p;
        bool by_server = i < 2;
        config12(&p, &ecdsa);
        hf_config_record_size_limit(p.client_config, 16384);
        pair_start(&p);
        hf_step(p.client);
        if (by_server) {
            pair_move(p.client, p.server, 65536);
            hf_step(p.server);
        }
        replace_out(by_server ? p.server : p.client, good, i % 2 == 0 ? low : high, sizeof(low));
        pair_run(&p);
        if (i == 3) /* a client may have versions that take more: only the transcripts differ */
            expect_failure(p.server, HF_E_BAD_RECORD_MAC, HF_ALERT_bad_record_mac);
        else
            expect_failure(by_server ? p.client : p.server, HF_E_RECORD_SIZE_LIMIT,
                           HF_ALERT_illegal_parameter);
        pair_free(&p);
    }
}

/* hf_keypairs serves TLS 1.2 as well, on both sides. */
static void key_pairs_made_ahead_are_used(void **state)
{
    (void)state;
    for (int of_client = 0; of_client < 2; of_client++) {
        pair p;
        hf_keypairs *pool;
        config12(&p, &ecdsa);
        assert_int_equal(hf_keypairs_new(NULL, "X25519", 1, &pool, NULL), HF_OK);
        assert_int_equal(hf_keypairs_make(pool, 1), 1);
        hf_config_keypairs(of_client != 0 ? p.client_config : p.server_config, pool);
        pair_start(&p);
        assert_true(pair_run(&p));
        pair_exchange(&p, true, 100);
        assert_int_equal(hf_keypairs_make(pool, 1), 1); /* there is room for it again */
        hf_keypairs_free(pool);
        pair_free(&p);
    }
}

/* ---- without extended_master_secret ---- */

static hf_buf session;

static void keep_session(void *ctx, hf_conn *conn, hf_bytes bytes)
{
    (void)ctx;
    (void)conn;
    hf_buf_clear(&session);
    assert_int_equal(hf_buf_append(&session, bytes), HF_OK);
}

/* The client's offer of it goes, before it is hashed. */
static void hide(hf_buf *body, void *ctx)
{
    (void)ctx;
    hf_reader r;
    hf_writer w;
    hf_client_hello m;
    hf_buf out = {0};
    hf_reader_init(&r, hf_buf_bytes(body), NULL);
    assert_true(hf_client_hello_parse(&r, &m));
    m.extensions.present &= ~HF_X_BIT(HF_X_EXTENDED_MASTER_SECRET);
    hf_writer_init_buf(&w, &out);
    hf_client_hello_build(&w, &m);
    hf_buf_free(body);
    *body = out;
}

/* RFC 7627 section 5.4: no exports, and once it is resumed no tls-unique. */
static void what_leans_on_an_extended_master_secret_goes_without_it(void **state)
{
    (void)state;
    pair p;
    uint8_t out[32], unique[2][12];
    const hf_bytes none = {NULL, 0};
    config12(&p, &ecdsa);
    hf_config_grease(p.client_config, false); /* parsed structs do not keep it */
    hf_config_insecure_no_extended_master_secret(p.client_config);
    hf_config_insecure_no_extended_master_secret(p.server_config);
    hf_config_new_session(p.client_config, keep_session, NULL);
    pair_start(&p);
    for (int resumed = 0; resumed < 2; resumed++) {
        hf_info info;
        tamper_start(p.client);
        tamper_message(HF_MSG_CLIENT_HELLO, 0, hide, NULL);
        assert_true(pair_run(&p));
        hf_conn_info(p.client, &info);
        assert_int_equal(info.resumed, resumed);
        const hf_status wanted = resumed ? HF_E_WRONG_STATE : HF_OK;
        assert_int_equal(hf_tls_unique(p.client, unique[0]), wanted);
        assert_int_equal(hf_tls_unique(p.server, unique[1]), wanted);
        if (!resumed)
            assert_memory_equal(unique[0], unique[1], 12);
        assert_int_equal(hf_export(p.client, "label", none, out, 32), HF_E_WRONG_STATE);
        assert_int_equal(hf_export(p.server, "label", none, out, 32), HF_E_WRONG_STATE);
        pair_exchange(&p, true, 100);
        hf_conn_free(p.client);
        hf_conn_free(p.server);
        assert_int_equal(hf_client_new(p.client_config, "server.test", &p.client), HF_OK);
        assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
        assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&session)), HF_OK);
    }
    hf_buf_free(&session);
    pair_free(&p);
}

/* The config that allows to go without does not take it from those who have it. */
static void the_opt_out_takes_nothing_from_peers_that_have_it(void **state)
{
    (void)state;
    pair p;
    uint8_t out[32];
    config12(&p, &ecdsa);
    hf_config_insecure_no_extended_master_secret(p.client_config);
    hf_config_insecure_no_extended_master_secret(p.server_config);
    pair_start(&p);
    assert_true(pair_run(&p));
    assert_int_equal(hf_export(p.client, "label", (hf_bytes){NULL, 0}, out, 32), HF_OK);
    assert_int_equal(hf_tls_unique(p.server, out), HF_OK);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_handshake_is_refused_by_a_warning),
        cmocka_unit_test(what_is_no_request_for_a_handshake_is_refused),
        cmocka_unit_test(a_request_in_the_middle_of_a_handshake_is_not_heard),
        cmocka_unit_test(a_certificate_is_on_a_curve_that_the_client_offers),
        cmocka_unit_test(of_two_certificates_the_one_on_an_offered_curve_is_shown),
        cmocka_unit_test(a_key_signs_with_the_hash_of_another_curve),
        cmocka_unit_test(a_record_size_limit_is_kept),
        cmocka_unit_test(a_record_size_limit_out_of_bounds_is_refused),
        cmocka_unit_test(key_pairs_made_ahead_are_used),
        cmocka_unit_test(what_leans_on_an_extended_master_secret_goes_without_it),
        cmocka_unit_test(the_opt_out_takes_nothing_from_peers_that_have_it),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
