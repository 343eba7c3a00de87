/* test_tls12.c: whole TLS 1.2 handshakes in memory, and what must end them. */
#include "support/pair.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "handshake/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/tls12.h"

static pair_pki ecdsa, rsa, ed25519, p384;

static int make(void **state)
{
    (void)state;
    pair_pki_make(&ecdsa, HF_KEY_P256);
    pair_pki_make(&rsa, HF_KEY_RSA);
    pair_pki_make(&ed25519, HF_KEY_ED25519);
    pair_pki_make(&p384, HF_KEY_P384);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&ecdsa);
    pair_pki_free(&rsa);
    pair_pki_free(&ed25519);
    pair_pki_free(&p384);
    return 0;
}

/* ---- what must work ---- */

static void every_suite_and_key_makes_a_connection(void **state)
{
    (void)state;
    static const struct {
        const pair_pki *pki;
        const char *suite, *groups;
    } cases[] = {
        {&ecdsa, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "x25519:secp256r1"},
        {&ecdsa, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "secp256r1"},
        {&ecdsa, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "secp384r1:secp256r1"},
        {&ecdsa, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "x25519:secp256r1"},
        {&ecdsa, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", "x25519:secp256r1"},
        {&p384, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "secp521r1:secp384r1"},
        {&ed25519, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "x25519:secp256r1"},
        {&rsa, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "x25519:secp256r1"},
        {&rsa, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "x25519:secp256r1"},
        {&rsa, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "x25519:secp256r1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int two_way = 0; two_way < 2; two_way++) {
            pair p;
            hf_info info;
            config12(&p, cases[i].pki);
            hf_config_suites(p.client_config, cases[i].suite);
            hf_config_suites(p.server_config, cases[i].suite);
            hf_config_groups(p.client_config, cases[i].groups);
            hf_config_groups(p.server_config, cases[i].groups);
            if (two_way != 0)
                mutual(&p, cases[i].pki);
            pair_start(&p);
            assert_true(pair_run(&p));
            hf_conn_info(p.client, &info);
            assert_int_equal(info.version, HF_TLS_1_2);
            assert_string_equal(info.suite, cases[i].suite);
            assert_true(info.peer_authenticated);
            hf_conn_info(p.server, &info);
            assert_int_equal(info.peer_authenticated, two_way != 0);
            pair_exchange(&p, true, 40000);
            pair_exchange(&p, false, 40000);
            pair_free(&p);
        }
    }
}

static void bytes_one_at_a_time_make_the_same_connection(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    mutual(&p, &ecdsa);
    pair_start(&p);
    p.chunk = 1;
    assert_true(pair_run(&p));
    pair_exchange(&p, true, 100);
    pair_exchange(&p, false, 100);
    pair_free(&p);
}

static void each_side_meets_one_that_has_both_versions(void **state)
{
    (void)state;
    for (int old_client = 0; old_client < 2; old_client++) {
        pair p;
        hf_info info;
        pair_config(&p, &ecdsa);
        hf_config_versions(p.client_config, HF_TLS_1_2, HF_TLS_1_3);
        hf_config_versions(p.server_config, HF_TLS_1_2, HF_TLS_1_3);
        hf_config_versions(old_client != 0 ? p.client_config : p.server_config, HF_TLS_1_2,
                           HF_TLS_1_2);
        pair_start(&p);
        assert_true(pair_run(&p));
        hf_conn_info(p.client, &info);
        assert_int_equal(info.version, HF_TLS_1_2);
        pair_free(&p);
    }
}

static void both_sides_export_the_same(void **state)
{
    (void)state;
    pair p;
    uint8_t a[48], b[48], other[48];
    config12(&p, &ecdsa);
    pair_start(&p);
    assert_true(pair_run(&p));
    const hf_bytes none = {NULL, 0}, empty = {(const uint8_t *)"", 0};
    assert_int_equal(hf_export(p.client, "EXPERIMENTAL test", none, a, sizeof(a)), HF_OK);
    assert_int_equal(hf_export(p.server, "EXPERIMENTAL test", none, b, sizeof(b)), HF_OK);
    assert_int_equal(hf_export(p.server, "EXPERIMENTAL test", empty, other, sizeof(other)), HF_OK);
    assert_memory_equal(a, b, sizeof(a));
    assert_memory_not_equal(a, other, sizeof(a)); /* RFC 5705 section 4: none is not empty */
    uint8_t unique[2][12];
    assert_int_equal(hf_tls_unique(p.client, unique[0]), HF_OK);
    assert_int_equal(hf_tls_unique(p.server, unique[1]), HF_OK);
    assert_memory_equal(unique[0], unique[1], sizeof(unique[0]));
    static const uint8_t zeros[12];
    assert_memory_not_equal(unique[0], zeros, sizeof(zeros));
    assert_int_equal(hf_key_update(p.client, false), HF_E_WRONG_STATE);
    pair_free(&p);
}

static void a_client_without_a_certificate_says_so(void **state)
{
    (void)state;
    for (int required = 0; required < 2; required++) {
        pair p;
        config12(&p, &ecdsa);
        hf_config_client_auth(p.server_config,
                              required != 0 ? HF_CLIENT_AUTH_REQUIRED : HF_CLIENT_AUTH_OPTIONAL);
        pair_start(&p);
        assert_int_equal(pair_run(&p), required == 0);
        if (required != 0)
            expect_failure(p.server, HF_E_NO_CERTIFICATE_12, HF_ALERT_handshake_failure);
        pair_free(&p);
    }
}

/* ---- what must end it ---- */

static const uint8_t ccs[] = {20, 3, 3, 0, 1, 1};

/* CVE-2014-0224: keys made of nothing yet. */
static void early_change_cipher_spec_is_refused_by_the_server(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    up_to_server_flight(&p);
    feed(p.server, ccs, sizeof(ccs));
    expect_failure(p.server, HF_E_UNEXPECTED_MESSAGE, HF_ALERT_unexpected_message);
    pair_free(&p);
}

/* The same for a client: before ServerHello and in the middle of the server's flight. One that
 * may still hear TLS 1.3 drops the first, as middleboxes make peers send it; its keys stay. */
static void early_change_cipher_spec_is_refused_by_the_client(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    pair_start(&p);
    hf_step(p.client);
    feed(p.client, ccs, sizeof(ccs));
    expect_failure(p.client, HF_E_UNEXPECTED_CCS, HF_ALERT_unexpected_message);
    pair_free(&p);
    config12(&p, &ecdsa);
    up_to_server_flight(&p);
    hf_bytes out = hf_out(p.server);
    size_t first = 5U + 4U + ((size_t)out.p[7] << 8 | out.p[8]); /* ServerHello and no more */
    uint8_t hello[512];
    assert_true(first <= sizeof(hello));
    memcpy(hello, out.p, first);
    hello[3] = (uint8_t)((first - 5) >> 8);
    hello[4] = (uint8_t)(first - 5);
    feed(p.client, hello, first);
    feed(p.client, ccs, sizeof(ccs));
    expect_failure(p.client, HF_E_UNEXPECTED_MESSAGE, HF_ALERT_unexpected_message);
    pair_free(&p);
}

static void nothing_comes_in_the_clear_after_change_cipher_spec(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    up_to_server_flight(&p);
    pair_move(p.server, p.client, 65536);
    hf_step(p.client);
    feed(p.client, ccs, sizeof(ccs)); /* its place: the client has sent its own */
    uint8_t data[] = {22, 3, 3, 0, 4, 14, 0, 0, 0};
    feed(p.client, data, sizeof(data)); /* no longer */
    expect_failure(p.client, HF_E_BAD_RECORD_MAC, HF_ALERT_bad_record_mac);
    pair_free(&p);
}

/* SKIP-TLS: Finished at once, or the messages of key exchange left out. */
static void skipped_messages_are_refused(void **state)
{
    (void)state;
    static const uint8_t done[] = {22, 3, 3, 0, 4, 14, 0, 0, 0};
    static const uint8_t finished[] = {22, 3, 3, 0, 16, 20, 0, 0, 12, 0, 0,
                                       0,  0, 0, 0, 0,  0,  0, 0, 0,  0};
    for (int i = 0; i < 2; i++) {
        pair p;
        config12(&p, &ecdsa);
        up_to_server_flight(&p);
        if (i == 0)
            feed(p.server, finished, sizeof(finished));
        else
            feed(p.server, done, sizeof(done));
        expect_failure(p.server, HF_E_UNEXPECTED_MESSAGE, HF_ALERT_unexpected_message);
        pair_free(&p);
    }
}

/* Changes one byte of what one side has sent and not yet delivered. */
static void flip_out(hf_conn *from, size_t at)
{
    hf_bytes out = hf_out(from);
    assert_true(at < out.n);
    ((uint8_t *)(uintptr_t)out.p)[at] ^= 1;
}

/* Every byte of the server's first flight matters: either side notices, before it is done. */
static void no_changed_byte_goes_unnoticed(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    up_to_server_flight(&p);
    size_t n = hf_out(p.server).n;
    pair_free(&p);
    for (size_t at = 5; at < n; at++) {
        config12(&p, &ecdsa);
        up_to_server_flight(&p);
        if (at >= hf_out(p.server).n) { /* signatures differ in length */
            pair_free(&p);
            break;
        }
        flip_out(p.server, at);
        if (pair_run(&p))
            fail_msg("byte %zu of %zu was changed and nobody noticed", at, n);
        pair_free(&p);
    }
}

/* A client and a server that both have TLS 1.3, with the client's offer of it taken away. */
static void a_downgrade_is_noticed(void **state)
{
    (void)state;
    pair p;
    pair_config(&p, &ecdsa);
    hf_config_versions(p.client_config, HF_TLS_1_2, HF_TLS_1_3);
    hf_config_versions(p.server_config, HF_TLS_1_2, HF_TLS_1_3);
    pair_start(&p);
    hf_step(p.client);
    hf_bytes out = hf_out(p.client);
    uint8_t *b = (uint8_t *)(uintptr_t)out.p;
    bool found = false;
    for (size_t i = 0; i + 4 < out.n && !found; i++) {
        static const uint8_t versions[] = {3, 4, 3, 3};
        found = memcmp(b + i, versions, sizeof(versions)) == 0;
        if (found)
            b[i + 1] = 3; /* TLS 1.2 twice */
    }
    assert_true(found);
    pair_run(&p);
    expect_failure(p.client, HF_E_DOWNGRADE, HF_ALERT_illegal_parameter);
    pair_free(&p);
}

/* A client that was talked into its second best (RFC 7507). */
static void a_fallback_is_refused(void **state)
{
    (void)state;
    pair p;
    pair_config(&p, &ecdsa);
    hf_config_versions(p.client_config, HF_TLS_1_2, HF_TLS_1_2);
    hf_config_versions(p.server_config, HF_TLS_1_2, HF_TLS_1_3);
    pair_start(&p);
    hf_step(p.client);
    hf_bytes out = hf_out(p.client);
    uint8_t *suites = (uint8_t *)(uintptr_t)out.p + 5 + 4 + 2 + 32 + 1;
    suites[2] = 0x56; /* the first suite becomes TLS_FALLBACK_SCSV */
    suites[3] = 0x00;
    pair_run(&p);
    expect_failure(p.server, HF_E_FALLBACK, HF_ALERT_inappropriate_fallback);
    pair_free(&p);
}

/* Takes an extension of TLS 1.2's out of a hello by giving it a type that nobody knows. */
static void hide_extension(hf_conn *from, uint8_t high, uint8_t low, uint8_t length)
{
    hf_bytes out = hf_out(from);
    uint8_t *b = (uint8_t *)(uintptr_t)out.p;
    for (size_t i = 43; i + 4 < out.n; i++)
        if (b[i] == high && b[i + 1] == low && b[i + 2] == 0 && b[i + 3] == length) {
            b[i] = 0xfe;
            b[i + 1] = 0xfe;
            return;
        }
    fail_msg("there is no such extension");
}

/* Triple Handshake: without extended_master_secret two connections could share their keys. */
static void a_client_without_extended_master_secret_is_refused(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    pair_start(&p);
    hf_step(p.client);
    hide_extension(p.client, 0, 23, 0);
    pair_run(&p);
    expect_failure(p.server, HF_E_NO_EXTENDED_MASTER_SECRET, HF_ALERT_handshake_failure);
    pair_free(&p);
}

static void an_opt_out_lets_the_old_master_secret_be(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    hf_config_insecure_no_extended_master_secret(p.client_config);
    hf_config_insecure_no_extended_master_secret(p.server_config);
    pair_start(&p);
    hf_step(p.client);
    hide_extension(p.client, 0, 23, 0);
    pair_run(&p); /* the hellos differ now, so Finished does: but the server went on */
    expect_failure(p.server, HF_E_BAD_FINISHED, HF_ALERT_decrypt_error);
    pair_free(&p);
}

/* The suite says which kind of key proves the server: a client with RSA suites alone cannot be
 * shown an ECDSA certificate. */
static void no_suite_for_the_servers_key_is_said(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    hf_config_suites(p.client_config, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    pair_start(&p);
    assert_false(pair_run(&p));
    expect_failure(p.server, HF_E_NO_COMMON_SIGNATURE, HF_ALERT_handshake_failure);
    pair_free(&p);
}

/* RFC 8422 section 5.1.2. */
static void point_formats_without_the_uncompressed_one_are_refused(void **state)
{
    (void)state;
    static const uint8_t good[] = {0, 11, 0, 2, 1, 0}, bad[] = {0, 11, 0, 2, 1, 1};
    for (int by_server = 0; by_server < 2; by_server++) {
        pair p;
        config12(&p, &ecdsa);
        pair_start(&p);
        hf_step(p.client);
        if (by_server != 0) {
            pair_move(p.client, p.server, 65536);
            hf_step(p.server);
        }
        replace_out(by_server != 0 ? p.server : p.client, good, bad, sizeof(good));
        pair_run(&p);
        expect_failure(by_server != 0 ? p.client : p.server, HF_E_VALUE,
                       HF_ALERT_illegal_parameter);
        pair_free(&p);
    }
}

/* The server's list of kinds of key limits the client, whatever the schemes say. */
static void a_client_keeps_to_the_kinds_of_certificate_asked_for(void **state)
{
    (void)state;
    static const uint8_t both[] = {2, 1, 64}, rsa_alone[] = {2, 1, 1};
    pair p;
    config12(&p, &ecdsa);
    mutual(&p, &ecdsa);
    up_to_server_flight(&p);
    replace_out(p.server, both, rsa_alone, sizeof(both));
    pair_run(&p);
    expect_failure(p.server, HF_E_NO_CERTIFICATE_12, HF_ALERT_handshake_failure);
    pair_free(&p);
}

/* Hybrids are of TLS 1.3 alone. */
static void a_client_of_tls12_alone_offers_no_hybrid_group(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    hf_config_groups(p.client_config, "x25519mlkem768:secp256r1");
    hf_config_grease(p.client_config, false);
    pair_start(&p);
    hf_step(p.client);
    static const uint8_t only[] = {0, 10, 0, 4, 0, 2, 0, 23};
    replace_out(p.client, only, only, sizeof(only)); /* fails when it is not there */
    assert_true(pair_run(&p));
    pair_free(&p);
}

/* A client with suites of one version alone says so, and is understood. */
static void suites_of_one_version_offer_that_version(void **state)
{
    (void)state;
    static const struct {
        const char *suites;
        uint16_t version;
    } cases[] = {{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", HF_TLS_1_2},
                 {"TLS_AES_128_GCM_SHA256", HF_TLS_1_3}};
    for (size_t i = 0; i < 2; i++) {
        pair p;
        hf_info info;
        pair_config(&p, &ecdsa);
        hf_config_versions(p.client_config, HF_TLS_1_2, HF_TLS_1_3);
        hf_config_versions(p.server_config, HF_TLS_1_2, HF_TLS_1_3);
        hf_config_suites(p.client_config, cases[i].suites);
        pair_start(&p);
        assert_true(pair_run(&p));
        hf_conn_info(p.client, &info);
        assert_int_equal(info.version, cases[i].version);
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suites_of_one_version_offer_that_version),
        cmocka_unit_test(every_suite_and_key_makes_a_connection),
        cmocka_unit_test(bytes_one_at_a_time_make_the_same_connection),
        cmocka_unit_test(each_side_meets_one_that_has_both_versions),
        cmocka_unit_test(both_sides_export_the_same),
        cmocka_unit_test(a_client_without_a_certificate_says_so),
        cmocka_unit_test(early_change_cipher_spec_is_refused_by_the_server),
        cmocka_unit_test(early_change_cipher_spec_is_refused_by_the_client),
        cmocka_unit_test(nothing_comes_in_the_clear_after_change_cipher_spec),
        cmocka_unit_test(skipped_messages_are_refused),
        cmocka_unit_test(no_changed_byte_goes_unnoticed),
        cmocka_unit_test(a_downgrade_is_noticed),
        cmocka_unit_test(a_fallback_is_refused),
        cmocka_unit_test(a_client_without_extended_master_secret_is_refused),
        cmocka_unit_test(an_opt_out_lets_the_old_master_secret_be),
        cmocka_unit_test(no_suite_for_the_servers_key_is_said),
        cmocka_unit_test(point_formats_without_the_uncompressed_one_are_refused),
        cmocka_unit_test(a_client_keeps_to_the_kinds_of_certificate_asked_for),
        cmocka_unit_test(a_client_of_tls12_alone_offers_no_hybrid_group),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
