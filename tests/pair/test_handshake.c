/* test_handshake.c: whole handshakes in memory: every suite, group and key type, both ways. */
#include "support/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;

static void tell(const char *side, const hf_conn *c)
{
    hf_error e;
    char text[1024];
    hf_conn_error(c, &e);
    if (e.code == HF_OK)
        return;
    hf_error_format(&e, text, sizeof(text));
    print_message("%s: %s", side, text);
}

static void must_establish(pair *p)
{
    bool ok = pair_run(p);
    if (!ok) {
        tell("client", p->client);
        tell("server", p->server);
    }
    assert_true(ok);
}

static void default_handshake_uses_the_hybrid_group_and_carries_data(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    pair_config(&p, &pki);
    pair_start(&p);
    must_establish(&p);
    hf_conn_info(p.client, &info);
    assert_string_equal(info.group, "X25519MLKEM768");
    assert_string_equal(info.version_name, "TLS 1.3");
    assert_true(info.peer_authenticated);
    assert_false(info.hello_retry);
    hf_conn_info(p.server, &info);
    assert_string_equal(info.host, "server.test");
    pair_exchange(&p, true, 100000);
    pair_exchange(&p, false, 100000);
    pair_free(&p);
}

static void every_suite_is_agreed_on_and_carries_data(void **state)
{
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
                                         "TLS_AES_128_CCM_8_SHA256"};
    (void)state;
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        pair p;
        hf_info info;
        pair_config(&p, &pki);
        assert_int_equal(hf_config_suites(p.client_config, suites[i]), HF_OK);
        if (i >= 3) /* off by default */
            assert_int_equal(hf_config_suites(p.server_config, suites[i]), HF_OK);
        pair_start(&p);
        must_establish(&p);
        hf_conn_info(p.server, &info);
        assert_string_equal(info.suite, suites[i]);
        pair_exchange(&p, true, 40000);
        pair_exchange(&p, false, 1);
        pair_free(&p);
    }
}

static const char *const groups[] = {
    "X25519MLKEM768",     "X25519",   "P-256", "P-384", "P-521", "SecP256r1MLKEM768",
    "SecP384r1MLKEM1024", "MLKEM1024"};

static void every_group_is_agreed_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        pair p;
        hf_info info;
        pair_config(&p, &pki);
        hf_config_groups(p.client_config, groups[i]);
        hf_config_groups(p.server_config, "X25519MLKEM768:X25519:P-256:P-384:P-521:"
                                          "SecP256r1MLKEM768:SecP384r1MLKEM1024:MLKEM1024");
        pair_start(&p);
        must_establish(&p);
        hf_conn_info(p.client, &info);
        assert_false(info.hello_retry);
        pair_exchange(&p, true, 100);
        pair_free(&p);
    }
}

static void suites_and_groups_off_by_default_are_neither_offered_nor_accepted(void **state)
{
    (void)state;
    static const char *const suites[] = {"TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"};
    static const char *const opt_in[] = {"P-521", "SecP256r1MLKEM768", "SecP384r1MLKEM1024",
                                         "MLKEM1024"};
    hf_error e;
    for (size_t i = 0; i < 6; i++)
        for (int by_client = 0; by_client < 2; by_client++) {
            pair p;
            pair_config(&p, &pki);
            hf_config *cfg = by_client ? p.client_config : p.server_config;
            assert_int_equal(i < 2 ? hf_config_suites(cfg, suites[i])
                                   : hf_config_groups(cfg, opt_in[i - 2]),
                             HF_OK);
            pair_start(&p);
            assert_false(pair_run(&p));
            hf_conn_error(p.server, &e);
            assert_int_equal(e.code, i < 2 ? HF_E_NO_COMMON_SUITE : HF_E_NO_COMMON_GROUP);
            pair_free(&p);
        }
}

static void retry(const char *group, bool cookie)
{
    pair p;
    hf_info info;
    char list[64];
    pair_config(&p, &pki);
    snprintf(list, sizeof(list), "%s:%s", strcmp(group, "X25519") == 0 ? "P-256" : "X25519", group);
    hf_config_groups(p.client_config, list);
    hf_config_key_shares(p.client_config, 1);
    hf_config_groups(p.server_config, group);
    hf_config_retry_cookie(p.server_config, cookie);
    pair_start(&p);
    must_establish(&p);
    hf_conn_info(p.client, &info);
    assert_true(info.hello_retry);
    hf_conn_info(p.server, &info);
    assert_true(info.hello_retry);
    pair_exchange(&p, true, 100);
    pair_free(&p);
}

static void every_group_is_reached_by_hello_retry_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        retry(groups[i], false);
        retry(groups[i], true);
    }
}

static void every_key_type_authenticates_both_sides(void **state)
{
    static const hf_key_type types[] = {HF_KEY_P256, HF_KEY_P384,    HF_KEY_P521,
                                        HF_KEY_RSA,  HF_KEY_ED25519, HF_KEY_ED448};
    static const char *const names[] = {"server.test", NULL};
    static const char *const client_names[] = {"client@example.test", NULL};
    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        pair p;
        hf_info info;
        pair_config(&p, &pki);
        hf_identity *server =
            pair_issue(&pki, types[i], names, true, PAIR_NOW - 1, PAIR_NOW + 1000);
        hf_identity *client =
            pair_issue(&pki, types[i], client_names, false, PAIR_NOW - 1, PAIR_NOW + 1000);
        hf_config_free(p.server_config);
        hf_config_new(HF_SERVER, &p.server_config);
        hf_config_add_identity(p.server_config, server);
        hf_config_trust(p.server_config, pki.store);
        hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
        hf_config_clock(p.server_config, pair_clock, NULL);
        hf_config_keep_peer_chain(p.server_config, true);
        hf_config_add_identity(p.client_config, client);
        pair_start(&p);
        must_establish(&p);
        hf_conn_info(p.server, &info);
        assert_true(info.peer_authenticated);
        assert_non_null(hf_peer_cert(p.server, 0));
        assert_int_equal(hf_peer_cert(p.server, 0)->key_type, types[i]);
        assert_non_null(hf_peer_cert(p.server, 1));
        assert_null(hf_peer_cert(p.server, 2));
        pair_free(&p);
        hf_identity_free(server);
        hf_identity_free(client);
    }
}

static void server_chooses_certificate_by_name_and_scheme(void **state)
{
    static const char *const other_names[] = {"other.test", "*.wild.test", NULL};
    (void)state;
    static const struct {
        const char *host, *schemes, *scheme;
    } cases[] = {
        {"other.test", NULL, "ecdsa_secp384r1_sha384"},
        {"a.wild.test", NULL, "ecdsa_secp384r1_sha384"},
        {"server.test", NULL, "ecdsa_secp256r1_sha256"},
        /* the one for the name cannot sign what the client accepts: another is shown */
        {"other.test", "ecdsa_secp256r1_sha256", "ecdsa_secp256r1_sha256"},
    };
    hf_identity *other =
        pair_issue(&pki, HF_KEY_P384, other_names, true, PAIR_NOW - 1, PAIR_NOW + 1000);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pair p;
        hf_info info;
        pair_config(&p, &pki);
        hf_config_add_identity(p.server_config, other);
        if (cases[i].schemes != NULL)
            hf_config_sigschemes(p.client_config, cases[i].schemes);
        hf_config_freeze(p.client_config, NULL);
        hf_config_freeze(p.server_config, NULL);
        assert_int_equal(hf_client_new(p.client_config, cases[i].host, &p.client), HF_OK);
        assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
        pair_run(&p);
        hf_conn_info(p.server, &info);
        assert_string_equal(info.own_scheme, cases[i].scheme);
        pair_free(&p);
    }
    hf_identity_free(other);
}

static void optional_client_certificate_may_be_absent_and_required_may_not(void **state)
{
    (void)state;
    pair p;
    hf_error e;
    pair_config(&p, &pki);
    hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_OPTIONAL);
    pair_start(&p);
    must_establish(&p);
    pair_free(&p);
    pair_config(&p, &pki);
    hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
    pair_start(&p);
    assert_false(pair_run(&p));
    assert_int_equal(p.server_last, HF_E_NO_CERTIFICATE);
    hf_conn_error(p.client, &e);
    assert_int_equal(e.code, HF_E_ALERT_RECEIVED);
    assert_int_equal(e.alert, HF_ALERT_certificate_required);
    pair_free(&p);
}

static void alpn_is_agreed_on_by_the_servers_preference(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    pair_config(&p, &pki);
    hf_config_alpn(p.client_config, "http/1.1,h2");
    hf_config_alpn(p.server_config, "h2,http/1.1");
    pair_start(&p);
    must_establish(&p);
    hf_conn_info(p.client, &info);
    assert_int_equal(info.alpn.n, 2);
    assert_memory_equal(info.alpn.p, "h2", 2);
    pair_free(&p);
    pair_config(&p, &pki);
    hf_config_alpn(p.client_config, "x");
    hf_config_alpn(p.server_config, "y");
    pair_start(&p);
    assert_false(pair_run(&p));
    assert_int_equal(p.server_last, HF_E_NO_COMMON_ALPN);
    hf_error e;
    hf_conn_error(p.client, &e);
    assert_int_equal(e.alert, HF_ALERT_no_application_protocol);
    pair_free(&p);
}

static void bytes_one_at_a_time_end_the_same(void **state)
{
    (void)state;
    pair p;
    pair_config(&p, &pki);
    hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_add_identity(p.client_config, pki.client);
    pair_start(&p);
    p.chunk = 1;
    must_establish(&p);
    pair_exchange(&p, true, 3000);
    pair_exchange(&p, false, 3000);
    pair_free(&p);
}

static void key_update_works_both_ways_and_by_itself(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    pair_config(&p, &pki);
    hf_config_key_limit(p.server_config, 4);
    pair_start(&p);
    must_establish(&p);
    assert_int_equal(hf_key_update(p.client, true), HF_OK);
    assert_true(pair_run(&p));
    pair_exchange(&p, true, 100);
    for (int i = 0; i < 20; i++) {
        pair_exchange(&p, false, 10);
        hf_conn_info(p.server, &info);
        assert_true(info.records_sent < 4);
    }
    pair_exchange(&p, true, 100000);
    pair_free(&p);
}

static void key_update_requests_are_answered_once_before_the_next_data(void **state)
{
    (void)state;
    pair p;
    pair_config(&p, &pki);
    pair_start(&p);
    must_establish(&p);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(hf_key_update(p.client, true), HF_OK);
        pair_move(p.client, p.server, 0);
        assert_true(hf_step(p.server) >= 0);
    }
    assert_int_equal(hf_out(p.server).n, 0); /* nothing is due before data */
    size_t taken;
    assert_int_equal(hf_write(p.server, "x", 1, &taken), HF_OK);
    assert_int_equal(hf_out(p.server).n, 5 + 5 + 1 + 16 + 5 + 1 + 1 + 16); /* one KeyUpdate, data */
    assert_true(pair_run(&p));
    hf_read_consumed(p.client, hf_readable(p.client).n);
    pair_exchange(&p, false, 1000);
    pair_exchange(&p, true, 1000);
    pair_free(&p);
}

static void a_server_name_that_is_none_is_ignored(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    pair_config(&p, &pki);
    hf_config_freeze(p.client_config, NULL);
    hf_config_freeze(p.server_config, NULL);
    assert_int_equal(hf_client_new(p.client_config, "server.test", &p.client), HF_OK);
    assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
    hf_step(p.client);
    hf_bytes out = hf_out(p.client);
    uint8_t hello[2048];
    memcpy(hello, out.p, out.n);
    for (size_t i = 0; i + 11 <= out.n; i++)
        if (memcmp(hello + i, "server.test", 11) == 0)
            memcpy(hello + i, "a\x1b[31m\nbcd", 10);
    size_t used;
    hf_feed(p.server, hello, out.n, &used);
    assert_true(hf_step(p.server) >= 0);
    hf_conn_info(p.server, &info);
    assert_null(info.host);
    pair_free(&p);
}

static void exporters_agree_and_depend_on_label_and_context(void **state)
{
    (void)state;
    pair p;
    uint8_t a[32], b[32];
    hf_bytes context = {(const uint8_t *)"ctx", 3}, none = {NULL, 0};
    pair_config(&p, &pki);
    pair_start(&p);
    assert_int_equal(hf_export(p.client, "x", none, a, 32), HF_E_WRONG_STATE);
    must_establish(&p);
    assert_int_equal(hf_export(p.client, "label", context, a, 32), HF_OK);
    assert_int_equal(hf_export(p.server, "label", context, b, 32), HF_OK);
    assert_memory_equal(a, b, 32);
    hf_export(p.server, "label", none, b, 32);
    assert_memory_not_equal(a, b, 32);
    hf_export(p.server, "other", context, b, 32);
    assert_memory_not_equal(a, b, 32);
    pair_free(&p);
}

static void close_notify_ends_both_directions(void **state)
{
    (void)state;
    pair p;
    size_t n;
    pair_config(&p, &pki);
    pair_start(&p);
    must_establish(&p);
    assert_int_equal(hf_close(p.client), HF_OK);
    assert_int_equal(hf_write(p.client, "x", 1, &n), HF_E_CLOSED);
    pair_move(p.client, p.server, 0);
    assert_true((hf_step(p.server) & HF_PEER_CLOSED) != 0);
    /* half-close: the server may go on */
    assert_int_equal(hf_write(p.server, "late", 4, &n), HF_OK);
    pair_move(p.server, p.client, 0);
    assert_true((hf_step(p.client) & HF_HAVE_DATA) != 0);
    hf_read_consumed(p.client, 4);
    hf_close(p.server);
    pair_move(p.server, p.client, 0);
    assert_true((hf_step(p.client) & HF_CLOSED) != 0);
    assert_true((hf_step(p.server) & HF_CLOSED) != 0);
    pair_free(&p);
}

static void end_of_transport_without_close_notify_is_truncation(void **state)
{
    (void)state;
    pair p;
    pair_config(&p, &pki);
    pair_start(&p);
    must_establish(&p);
    hf_feed_end(p.server);
    assert_int_equal(hf_step(p.server), HF_E_TRUNCATED);
    assert_int_equal(hf_out(p.server).n, 0);
    pair_free(&p);
}

static void record_size_limit_and_padding_are_kept(void **state)
{
    (void)state;
    pair p;
    pair_config(&p, &pki);
    hf_config_record_size_limit(p.client_config, 100);
    hf_config_record_size_limit(p.server_config, 200);
    hf_config_padding(p.client_config, 64);
    pair_start(&p);
    must_establish(&p);
    size_t n;
    hf_write(p.server, "0123456789", 10, &n);
    pair_move(p.server, p.client, 0);
    hf_step(p.client);
    hf_read_consumed(p.client, 10);
    static const uint8_t big[1000];
    hf_write(p.server, big, sizeof(big), &n);
    hf_bytes out = hf_out(p.server);
    size_t length = (size_t)out.p[3] << 8 | out.p[4];
    assert_int_equal(length, 100 + 16); /* the client's limit, type included, and the tag */
    hf_out_consumed(p.server, out.n);
    hf_write(p.client, "0", 1, &n);
    out = hf_out(p.client);
    assert_int_equal(((size_t)out.p[3] << 8 | out.p[4]) - 16, 64); /* padded */
    pair_free(&p);
}

static void zero_copy_pair_carries_pieces(void **state)
{
    (void)state;
    pair p;
    static uint8_t sent[50000], wire[60000];
    hf_bytes pieces[12], data;
    size_t n, used, got = 0, at = 0;
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)(i * 7);
    pair_config(&p, &pki);
    pair_start(&p);
    must_establish(&p);
    for (size_t i = 0; i < 12; i++) {
        size_t len = i == 11 ? sizeof(sent) - 11 * 4000 : 4000;
        pieces[i] = (hf_bytes){sent + 4000 * i, len};
    }
    assert_int_equal(hf_seal(p.client, pieces, 12, wire, 100, &n), HF_E_NO_ROOM);
    assert_int_equal(hf_seal(p.client, pieces, 12, wire, sizeof(wire), &n), HF_OK);
    while (at < n) {
        assert_int_equal(hf_open(p.server, wire + at, n - at < 100 ? n - at : 100, &used, &data),
                         HF_OK);
        if (n - at > 100)
            assert_int_equal(used, 0); /* not all there */
        assert_int_equal(hf_open(p.server, wire + at, n - at, &used, &data), HF_OK);
        assert_true(used > 0);
        assert_memory_equal(data.p, sent + got, data.n);
        got += data.n;
        at += used;
    }
    assert_int_equal(got, sizeof(sent));
    pair_free(&p);
}

static void wrong_host_name_is_refused_with_what_the_certificate_covers(void **state)
{
    (void)state;
    pair p;
    hf_error e;
    pair_config(&p, &pki);
    hf_config_freeze(p.client_config, NULL);
    hf_config_freeze(p.server_config, NULL);
    hf_client_new(p.client_config, "wrong.test", &p.client);
    hf_server_new(p.server_config, &p.server);
    assert_false(pair_run(&p));
    assert_int_equal(p.client_last, HF_E_CERT_WRONG_NAME);
    hf_conn_error(p.client, &e);
    assert_true(e.alert_sent);
    assert_non_null(strstr(e.expected, "wrong.test"));
    assert_non_null(strstr(e.got, "server.test"));
    hf_conn_error(p.server, &e);
    assert_int_equal(e.code, HF_E_ALERT_RECEIVED);
    assert_int_equal(e.alert, HF_ALERT_bad_certificate);
    pair_free(&p);
}

static void lists_without_common_members_fail_with_both_sides_named(void **state)
{
    (void)state;
    pair p;
    hf_error e;
    pair_config(&p, &pki);
    hf_config_suites(p.client_config, "TLS_AES_128_GCM_SHA256");
    hf_config_suites(p.server_config, "TLS_AES_256_GCM_SHA384");
    pair_start(&p);
    assert_false(pair_run(&p));
    hf_conn_error(p.server, &e);
    assert_int_equal(e.code, HF_E_NO_COMMON_SUITE);
    assert_non_null(strstr(e.got, "TLS_AES_128_GCM_SHA256"));
    assert_string_equal(e.expected, "TLS_AES_256_GCM_SHA384");
    hf_conn_error(p.client, &e);
    assert_int_equal(e.alert, HF_ALERT_handshake_failure);
    pair_free(&p);
    pair_config(&p, &pki);
    hf_config_groups(p.client_config, "X25519");
    hf_config_groups(p.server_config, "P-256");
    pair_start(&p);
    assert_false(pair_run(&p));
    assert_int_equal(p.server_last, HF_E_NO_COMMON_GROUP);
    pair_free(&p);
    pair_config(&p, &pki);
    hf_config_sigschemes(p.client_config, "ed25519");
    pair_start(&p);
    assert_false(pair_run(&p));
    assert_int_equal(p.server_last, HF_E_NO_COMMON_SIGNATURE);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_handshake_uses_the_hybrid_group_and_carries_data),
        cmocka_unit_test(every_suite_is_agreed_on_and_carries_data),
        cmocka_unit_test(every_group_is_agreed_on),
        cmocka_unit_test(suites_and_groups_off_by_default_are_neither_offered_nor_accepted),
        cmocka_unit_test(every_group_is_reached_by_hello_retry_request),
        cmocka_unit_test(every_key_type_authenticates_both_sides),
        cmocka_unit_test(server_chooses_certificate_by_name_and_scheme),
        cmocka_unit_test(optional_client_certificate_may_be_absent_and_required_may_not),
        cmocka_unit_test(alpn_is_agreed_on_by_the_servers_preference),
        cmocka_unit_test(bytes_one_at_a_time_end_the_same),
        cmocka_unit_test(key_update_works_both_ways_and_by_itself),
        cmocka_unit_test(key_update_requests_are_answered_once_before_the_next_data),
        cmocka_unit_test(a_server_name_that_is_none_is_ignored),
        cmocka_unit_test(exporters_agree_and_depend_on_label_and_context),
        cmocka_unit_test(close_notify_ends_both_directions),
        cmocka_unit_test(end_of_transport_without_close_notify_is_truncation),
        cmocka_unit_test(record_size_limit_and_padding_are_kept),
        cmocka_unit_test(zero_copy_pair_carries_pieces),
        cmocka_unit_test(wrong_host_name_is_refused_with_what_the_certificate_covers),
        cmocka_unit_test(lists_without_common_members_fail_with_both_sides_named),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
