/* test_attacks.c: attacks that have names, each tried here under its own. Those that other tests
 * already show are listed with them in docs/FEATURES.md. */
#include "support/pair.h"
#include "support/psk.h"

#include "base/bytes.h"
#include "crypto/lookup.h"
#include "handshake/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static pair_pki ecdsa, rsa;

static int make(void **state)
{
    (void)state;
    pair_pki_make(&ecdsa, HF_KEY_P256);
    pair_pki_make(&rsa, HF_KEY_RSA);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&ecdsa);
    pair_pki_free(&rsa);
    return 0;
}

static void config12(pair *p, const pair_pki *pki)
{
    pair_config(p, pki);
    hf_config_versions(p->client_config, HF_TLS_1_2, HF_TLS_1_2);
    hf_config_versions(p->server_config, HF_TLS_1_2, HF_TLS_1_2);
}

static void expect(hf_conn *victim, hf_status code, uint8_t alert)
{
    hf_error e;
    hf_conn_error(victim, &e);
    if (e.code != code || e.alert != alert || !e.alert_sent)
        fail_msg("%s with alert %u, not %s with %u", hf_error_name(e.code), e.alert,
                 hf_error_name(code), alert);
}

static uint8_t *outgoing(hf_conn *c)
{
    return (uint8_t *)(uintptr_t)hf_out(c).p;
}

/* Where ServerHello's cipher_suite stands in a record: behind both headers, version, random, and
 * the session id. */
static size_t suite_at(const uint8_t *record)
{
    size_t at = 5 + 4 + 2 + 32;
    return at + 1 + record[at];
}

/* ---- suites that must not be talked into being ---- */

static void refuses_suite(const pair_pki *pki, uint16_t suite)
{
    pair p;
    config12(&p, pki);
    pair_start(&p);
    hf_step(p.client);
    pair_move(p.client, p.server, 65536);
    hf_step(p.server);
    uint8_t *record = outgoing(p.server);
    record[suite_at(record)] = (uint8_t)(suite >> 8);
    record[suite_at(record) + 1] = (uint8_t)suite;
    pair_move(p.server, p.client, 65536);
    hf_step(p.client);
    expect(p.client, HF_E_SUITE_NOT_OFFERED, HF_ALERT_illegal_parameter);
    pair_free(&p);
}

/* CVE-2015-0204: a client that is made to take the server's export key of 512 bits. */
static void freak_export_rsa_is_not_taken(void **state)
{
    (void)state;
    refuses_suite(&rsa, 0x0003); /* TLS_RSA_EXPORT_WITH_RC4_40_MD5 */
    refuses_suite(&rsa, 0x0008); /* TLS_RSA_EXPORT_WITH_DES40_CBC_SHA */
}

/* CVE-2015-4000: the same with a Diffie-Hellman group of 512 bits. */
static void logjam_export_dhe_is_not_taken(void **state)
{
    (void)state;
    refuses_suite(&rsa, 0x0014); /* TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA */
    refuses_suite(&rsa, 0x0033); /* TLS_DHE_RSA_WITH_AES_128_CBC_SHA */
}

/* CVE-2016-2183 (blocks of 64 bits), BEAST, Lucky Thirteen and POODLE (CBC), RC4's biases. */
static void sweet32_beast_lucky13_and_rc4_find_no_such_suite(void **state)
{
    (void)state;
    static const uint16_t suites[] = {0x000a, 0xc008, 0xc009, 0xc013, 0xc023, 0x0005, 0xc007};
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        refuses_suite(&ecdsa, suites[i]);
        assert_null(hf_suite_find(suites[i]));
    }
}

/* CVE-2020-1968: a premaster secret of finite-field Diffie-Hellman loses its leading zeros, and
 * time tells. Here is no DHE, and every shared secret keeps its length. */
static void raccoon_finds_no_dhe_and_no_stripped_zeros(void **state)
{
    (void)state;
    const hf_provider *provider = hf_provider_default();
    for (size_t i = 0; i < hf_suite_count; i++)
        assert_null(strstr(hf_suites[i].name, "_DHE_"));
    for (size_t i = 0; provider->groups[i] != NULL; i++) {
        assert_true(provider->groups[i]->id < 0x0100 || provider->groups[i]->id > 0x01ff);
        assert_true(provider->groups[i]->secret_len >= 32);
    }
    const hf_group *group = hf_group_find(provider, 23);
    static const uint8_t untouched = 0xa5;
    for (unsigned turn = 0, zeros = 0; turn < 4000 && zeros < 3; turn++) {
        uint8_t private_key[HF_GROUP_MAX_PRIVATE], ours[HF_GROUP_MAX_SHARE],
            theirs[HF_GROUP_MAX_SHARE], a[HF_GROUP_MAX_SECRET], b[HF_GROUP_MAX_SECRET];
        memset(a, untouched, sizeof(a));
        assert_int_equal(group->generate(provider, private_key, ours), HF_OK);
        assert_int_equal(group->respond(provider, ours, theirs, b), HF_OK);
        assert_int_equal(group->finish(private_key, theirs, a), HF_OK);
        assert_memory_equal(a, b, group->secret_len);
        assert_int_equal(a[group->secret_len], untouched);
        zeros += a[0] == 0; /* one in 256: it is still there */
    }
}

/* CVE-2012-4929: compressing a secret along with what an attacker says tells him about it. */
static void crime_compression_is_never_chosen(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 2; turn++) {
        pair p;
        config12(&p, &ecdsa);
        pair_start(&p);
        hf_step(p.client);
        pair_move(p.client, p.server, 65536);
        hf_step(p.server);
        uint8_t *record = outgoing(p.server);
        assert_int_equal(record[suite_at(record) + 2], 0);
        record[suite_at(record) + 2] = (uint8_t)turn; /* DEFLATE is 1 */
        pair_move(p.server, p.client, 65536);
        hf_step(p.client);
        if (turn == 1)
            expect(p.client, HF_E_BAD_COMPRESSION, HF_ALERT_illegal_parameter);
        pair_free(&p);
    }
}

/* ---- order ---- */

/* CVE-2014-0160: a request to say back more than was sent. The message is not one that is known
 * here, and its length is not believed. */
static void heartbleed_heartbeats_are_refused(void **state)
{
    (void)state;
    static const uint8_t heartbeat[] = {24, 3, 3, 0, 3, 1, 0x40, 0};
    for (unsigned version = HF_TLS_1_2; version <= HF_TLS_1_3; version++)
        for (unsigned client = 0; client < 2; client++) {
            pair p;
            size_t used;
            pair_config(&p, &ecdsa);
            hf_config_versions(p.client_config, (uint16_t)version, (uint16_t)version);
            hf_config_versions(p.server_config, (uint16_t)version, (uint16_t)version);
            pair_start(&p);
            hf_conn *victim = client != 0 ? p.client : p.server;
            hf_step(p.client);
            if (client == 0) {
                pair_move(p.client, p.server, 65536);
                hf_step(p.server);
            }
            hf_feed(victim, heartbeat, sizeof(heartbeat), &used);
            assert_true(hf_step(victim) < 0);
            expect(victim, client != 0 ? HF_E_NOT_TLS : HF_E_RECORD_TYPE,
                   HF_ALERT_unexpected_message);
            assert_true(hf_out(victim).n < 4096);
            pair_free(&p);
        }
}

/* CVE-2009-3555: what an attacker sent first is taken for the beginning of what his victim says.
 * The first hello of a connection must not call itself a later one, and there are no later ones. */
static void renegotiation_prefix_is_refused(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    pair_start(&p);
    assert_true(pair_run(&p));
    uint8_t hello[] = {HF_MSG_CLIENT_HELLO, 0, 0, 1, 0};
    assert_int_equal(hf_channel_send(&p.client->channel, HF_CONTENT_HANDSHAKE,
                                     hf_bytes_of(hello, sizeof(hello))),
                     HF_OK);
    pair_run(&p);
    hf_error e;
    size_t taken;
    hf_conn_error(p.server, &e);
    assert_int_equal(e.code, HF_OK); /* a warning says no, and no second handshake began */
    assert_null(p.server->hs);
    assert_int_equal(hf_write(p.server, "x", 1, &taken), HF_OK);
    pair_free(&p);
}

/* RFC 7627: without the transcript in the master secret, one who stands between can make two
 * connections share it. A client that lacks it is refused; test_tls12 has the server that does. */
static void triple_handshake_needs_sessions_without_the_transcript(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    pair_start(&p);
    hf_step(p.client);
    hf_bytes out = hf_out(p.client);
    uint8_t *b = outgoing(p.client);
    bool hidden = false;
    for (size_t i = 43; i + 4 < out.n && !hidden; i++) {
        hidden = memcmp(b + i, "\x00\x17\x00\x00", 4) == 0;
        if (hidden)
            b[i] = b[i + 1] = 0xfe;
    }
    assert_true(hidden);
    pair_run(&p);
    expect(p.server, HF_E_NO_EXTENDED_MASTER_SECRET, HF_ALERT_handshake_failure);
    pair_free(&p);
}

/* RFC 9258 section 7 and "Selfie": an attacker who sends a client's own words back to it must not
 * make it talk to itself. */
static void selfie_a_client_is_not_its_own_server(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        pair p;
        size_t used;
        pair_config(&p, &ecdsa);
        hf_config_versions(p.client_config, (uint16_t)version, (uint16_t)version);
        pair_start(&p);
        hf_step(p.client);
        hf_bytes own = hf_out(p.client);
        uint8_t copy[8192];
        assert_true(own.n < sizeof(copy));
        memcpy(copy, own.p, own.n);
        hf_out_consumed(p.client, own.n);
        assert_int_equal(hf_feed(p.client, copy, own.n, &used), HF_OK);
        hf_step(p.client);
        expect(p.client, HF_E_UNEXPECTED_MESSAGE, HF_ALERT_unexpected_message);
        pair_free(&p);
    }
}

/* Selfie as it was found, with an external key that two peers share, each of them client and
 * server: the attacker leads the client's hello back to its own server. A key with the names of
 * both in it is another one in that direction, and the server knows what its program offers. */
static void selfie_with_an_external_key_is_seen(void **state)
{
    (void)state;
    for (int told = 0; told < 2; told++) {
        pair p;
        hf_psk to_bob = psk_sample(0), from_bob;
        to_bob.client_name = "alice";
        to_bob.server_name = "bob";
        from_bob = to_bob;
        from_bob.client_name = "bob";
        from_bob.server_name = "alice";
        psk_config(&p); /* both ends are alice's */
        assert_int_equal(hf_config_add_psk(p.client_config, &to_bob), HF_OK);
        assert_int_equal(hf_config_add_psk(p.server_config, &from_bob), HF_OK);
        if (told != 0)
            assert_int_equal(hf_config_own_psk(p.server_config, &to_bob), HF_OK);
        pair_start(&p);
        assert_false(pair_run(&p));
        if (told != 0)
            expect(p.server, HF_E_PSK_REFLECTED, HF_ALERT_illegal_parameter);
        else
            expect(p.server, HF_E_PSK_UNKNOWN, HF_ALERT_decrypt_error);
        pair_free(&p);
    }
}

/* ALPACA: a browser is sent to a server of another protocol that has a certificate for the name. It
 * must not answer: the protocol is compared, strictly, on both sides. */
static void alpaca_a_server_of_another_protocol_refuses(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        pair p;
        pair_config(&p, &ecdsa);
        hf_config_versions(p.client_config, (uint16_t)version, (uint16_t)version);
        hf_config_versions(p.server_config, (uint16_t)version, (uint16_t)version);
        hf_config_alpn(p.client_config, "h2,http/1.1");
        hf_config_alpn(p.server_config, "imap,ftp");
        pair_start(&p);
        assert_false(pair_run(&p));
        expect(p.server, HF_E_NO_COMMON_ALPN, HF_ALERT_no_application_protocol);
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freak_export_rsa_is_not_taken),
        cmocka_unit_test(logjam_export_dhe_is_not_taken),
        cmocka_unit_test(sweet32_beast_lucky13_and_rc4_find_no_such_suite),
        cmocka_unit_test(raccoon_finds_no_dhe_and_no_stripped_zeros),
        cmocka_unit_test(crime_compression_is_never_chosen),
        cmocka_unit_test(heartbleed_heartbeats_are_refused),
        cmocka_unit_test(renegotiation_prefix_is_refused),
        cmocka_unit_test(triple_handshake_needs_sessions_without_the_transcript),
        cmocka_unit_test(selfie_a_client_is_not_its_own_server),
        cmocka_unit_test(selfie_with_an_external_key_is_seen),
        cmocka_unit_test(alpaca_a_server_of_another_protocol_refuses),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
