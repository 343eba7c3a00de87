/* test_transparency.c: connections whose client demands certificate timestamps: in the handshake of
 * both versions, in the stapled OCSP response, from clients to servers, and none at all. */
#include "support/pair.h"

#include "base/bytes.h"
#include "base/der_write.h"
#include "crypto/hkdf.h"
#include "crypto/lookup.h"
#include "crypto/sha1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OID(text) hf_bytes_of((text), sizeof(text) - 1)

static pair_pki pki;
static hf_key *log_keys[2];
static hf_ct_logs *logs;

static int make(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    assert_int_equal(hf_ct_logs_new(&logs), HF_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &log_keys[i], NULL), HF_OK);
        hf_ct_log log = {.name = i == 0 ? "elm" : "fir",
                         .operator_name = i == 0 ? "A" : "B",
                         .public_key = hf_key_public(log_keys[i])};
        assert_int_equal(hf_ct_logs_add(logs, &log, NULL), HF_OK);
    }
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&pki);
    hf_ct_logs_free(logs);
    hf_key_free(log_keys[0]);
    hf_key_free(log_keys[1]);
    return 0;
}

/* ---- timestamps over a whole certificate ---- */

static const hf_hash *sha256(void)
{
    return hf_hash_find(hf_provider_default(), 4);
}

static void write_sct(hf_writer *w, const hf_key *key, hf_bytes cert, uint64_t at_ms)
{
    uint8_t id[HF_HASH_MAX_DIGEST], message[4096], signature[HF_SIGNATURE_MAX];
    size_t n = sizeof(signature), mark = hf_write_open(w, 2);
    hf_bytes spki = hf_key_public(key);
    hf_writer m;
    hf_writer_init(&m, message, sizeof(message));
    hf_write_u16(&m, 0);
    hf_write_u64(&m, at_ms);
    hf_write_u16(&m, 0);
    hf_write_vec24(&m, cert);
    hf_write_u16(&m, 0);
    const hf_sigscheme *scheme = hf_sigscheme_find(hf_provider_default(), 0x0403);
    assert_int_equal(hf_key_sign(key, scheme, hf_writer_bytes(&m), signature, &n), HF_OK);
    hf_hash_of(sha256(), &spki, 1, id);
    hf_write_u8(w, 0);
    hf_write_bytes(w, hf_bytes_of(id, 32));
    hf_write_u64(w, at_ms);
    hf_write_u16(w, 0);
    hf_write_u16(w, 0x0403);
    hf_write_vec16(w, hf_bytes_of(signature, n));
    hf_write_close(w, mark, 2);
}

/* A SignedCertificateTimestampList of the first `count` logs. */
static hf_bytes sct_list(uint8_t room[1024], hf_bytes cert, unsigned count)
{
    hf_writer w;
    hf_writer_init(&w, room, 1024);
    size_t mark = hf_write_open(&w, 2);
    for (unsigned i = 0; i < count; i++)
        write_sct(&w, log_keys[i], cert, (uint64_t)PAIR_NOW * 1000 - i);
    hf_write_close(&w, mark, 2);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    return hf_writer_bytes(&w);
}

static const char *const names[] = {"server.test", NULL};

static hf_identity *issue(bool server)
{
    return pair_issue(&pki, HF_KEY_P256, names, server, PAIR_NOW - 10, PAIR_NOW + 1000);
}

/* ---- telling ---- */

typedef struct told {
    unsigned scts, good, verdicts;
} told;

static void on_event(void *ctx, const hf_conn *conn, const hf_event *event)
{
    told *t = ctx;
    (void)conn;
    if (event->kind != HF_TRACE_CHECK)
        return;
    bool one = strcmp(event->check->name, "SCT") == 0;
    t->scts += one;
    t->good += one && event->check->result == HF_OK;
    t->verdicts += strcmp(event->check->name, "certificateTransparency") == 0;
}

static void expect(pair *p, hf_conn *judge, hf_status expected)
{
    hf_error e;
    bool established = pair_run(p);
    hf_conn_error(judge, &e);
    if (e.code != expected || established != (expected == HF_OK))
        fail_msg("%s: %s", hf_error_name(e.code), e.got);
    if (expected != HF_OK) {
        assert_true(e.alert_sent);
        assert_int_equal(e.alert, HF_ALERT_certificate_unknown);
        hf_conn_error(judge == p->client ? p->server : p->client, &e);
        assert_true(e.alert_received);
    }
}

static void use_identity(pair *p, hf_identity *id)
{
    hf_config_free(p->server_config);
    assert_int_equal(hf_config_new(HF_SERVER, &p->server_config), HF_OK);
    hf_config_random(p->server_config, pair_random, &p->random);
    hf_config_clock(p->server_config, pair_clock, NULL);
    hf_config_add_identity(p->server_config, id);
}

/* ---- the tests ---- */

static void timestamps_of_the_handshake_count_in_both_versions(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        uint8_t room[1024];
        unsigned count = i / 2;
        hf_identity *id = issue(true);
        hf_bytes list = sct_list(room, hf_identity_cert(id, 0)->der, count);
        if (count != 0)
            assert_int_equal(hf_identity_set_scts(id, list, NULL), HF_OK);
        pair p;
        told t = {0};
        pair_config(&p, &pki);
        use_identity(&p, id);
        uint16_t version = i % 2 == 0 ? HF_TLS_1_3 : HF_TLS_1_2;
        hf_config_versions(p.client_config, version, version);
        hf_config_ct(p.client_config, logs, NULL);
        hf_config_trace(p.client_config, &(hf_trace){.event = on_event, .ctx = &t});
        pair_start(&p);
        expect(&p, p.client, count == 2 ? HF_OK : HF_E_CT_NOT_ENOUGH);
        assert_int_equal(t.scts, count);
        assert_int_equal(t.good, count);
        assert_int_equal(t.verdicts, 1);
        pair_free(&p);
        hf_identity_free(id);
    }
}

static void an_optional_policy_refuses_nothing(void **state)
{
    (void)state;
    pair p;
    told t = {0};
    pair_config(&p, &pki);
    hf_config_ct(p.client_config, logs, &(hf_ct_policy){.optional = true});
    hf_config_trace(p.client_config, &(hf_trace){.event = on_event, .ctx = &t});
    pair_start(&p);
    expect(&p, p.client, HF_OK);
    assert_int_equal(t.verdicts, 1);
    pair_free(&p);
}

static void without_logs_nothing_is_asked(void **state)
{
    (void)state;
    pair p;
    pair_config(&p, &pki);
    hf_config_ct(p.client_config, logs, NULL);
    hf_config_ct(p.client_config, NULL, NULL); /* taken back */
    pair_start(&p);
    expect(&p, p.client, HF_OK);
    pair_free(&p);
}

static void a_server_may_demand_them_of_its_clients(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 2; count++) {
        uint8_t room[1024];
        hf_identity *id = issue(false);
        hf_bytes list = sct_list(room, hf_identity_cert(id, 0)->der, count);
        assert_int_equal(hf_identity_set_scts(id, list, NULL), HF_OK);
        pair p;
        pair_config(&p, &pki);
        hf_config_add_identity(p.client_config, id);
        hf_config_trust(p.server_config, pki.store);
        hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
        hf_config_versions(p.client_config, HF_TLS_1_3, HF_TLS_1_3);
        hf_config_ct(p.server_config, logs, NULL);
        pair_start(&p);
        pair_run(&p);
        hf_error e;
        hf_conn_error(p.server, &e);
        assert_int_equal(e.code, count == 2 ? HF_OK : HF_E_CT_NOT_ENOUGH);
        pair_free(&p);
        hf_identity_free(id);
    }
}

/* ---- in the OCSP response ---- */

static hf_bytes key_bits(const hf_cert *c)
{
    for (size_t i = 0; i + 3 < c->spki.n; i++)
        if (memcmp(c->spki.p + i, "\x03\x42\x00", 3) == 0)
            return (hf_bytes){c->spki.p + i + 3, 65};
    abort();
}

static void write_sha1(hf_writer *w, hf_bytes bytes)
{
    uint8_t digest[20];
    hf_sha1(bytes, digest);
    hf_der_write(w, HF_DER_OCTET_STRING, hf_bytes_of(digest, 20));
}

static void write_single(hf_writer *w, const hf_cert *leaf, hf_bytes serial, hf_bytes list)
{
    hf_bytes none = {NULL, 0}, now = OID("20260921141320Z"), later = OID("20260922141320Z");
    size_t one = hf_der_open(w, HF_DER_SEQUENCE), id = hf_der_open(w, HF_DER_SEQUENCE);
    size_t algorithm = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OID, OID("\x2b\x0e\x03\x02\x1a"));
    hf_der_close(w, algorithm);
    write_sha1(w, leaf->issuer);
    write_sha1(w, key_bits(&pki.ca));
    hf_der_write(w, HF_DER_INTEGER, serial);
    hf_der_close(w, id);
    hf_der_write(w, HF_DER_CONTEXT(0), none);
    hf_der_write(w, HF_DER_GENERALIZED_TIME, now);
    size_t next = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(0));
    hf_der_write(w, HF_DER_GENERALIZED_TIME, later);
    hf_der_close(w, next);
    size_t explicit = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(1));
    size_t all = hf_der_open(w, HF_DER_SEQUENCE), x = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OID, OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x05"));
    size_t value = hf_der_open(w, HF_DER_OCTET_STRING);
    hf_der_write(w, HF_DER_OCTET_STRING, list);
    hf_der_close(w, value);
    hf_der_close(w, x);
    hf_der_close(w, all);
    hf_der_close(w, explicit);
    hf_der_close(w, one);
}

static hf_bytes response(uint8_t room[4096], const hf_cert *leaf, hf_bytes serial, hf_bytes list)
{
    uint8_t tbs[2048], signature[HF_SIGNATURE_MAX], zero = 0;
    size_t n = sizeof(signature);
    hf_writer t, w;
    hf_writer_init(&t, tbs, sizeof(tbs));
    size_t data = hf_der_open(&t, HF_DER_SEQUENCE);
    size_t by = hf_der_open(&t, HF_DER_CONTEXT_CONSTRUCTED(1));
    hf_write_bytes(&t, pki.ca.subject);
    hf_der_close(&t, by);
    hf_der_write(&t, HF_DER_GENERALIZED_TIME, OID("20260921141320Z"));
    size_t singles = hf_der_open(&t, HF_DER_SEQUENCE);
    write_single(&t, leaf, serial, list);
    hf_der_close(&t, singles);
    hf_der_close(&t, data);
    const hf_sigscheme *scheme = hf_sigscheme_find(hf_provider_default(), 0x0403);
    assert_int_equal(hf_key_sign(pki.ca_key, scheme, hf_writer_bytes(&t), signature, &n), HF_OK);
    hf_writer_init(&w, room, 4096);
    size_t whole = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write(&w, 0x0a, hf_bytes_of(&zero, 1));
    size_t explicit = hf_der_open(&w, HF_DER_CONTEXT_CONSTRUCTED(0));
    size_t bytes = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write(&w, HF_DER_OID, OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x01"));
    size_t octets = hf_der_open(&w, HF_DER_OCTET_STRING), basic = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_write_bytes(&w, hf_writer_bytes(&t));
    size_t algorithm = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write(&w, HF_DER_OID, OID("\x2a\x86\x48\xce\x3d\x04\x03\x02"));
    hf_der_close(&w, algorithm);
    hf_der_write_bits(&w, hf_bytes_of(signature, n));
    hf_der_close(&w, basic);
    hf_der_close(&w, octets);
    hf_der_close(&w, bytes);
    hf_der_close(&w, explicit);
    hf_der_close(&w, whole);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    return hf_writer_bytes(&w);
}

static void timestamps_in_the_ocsp_response_count(void **state)
{
    (void)state;
    static const struct {
        unsigned count;
        bool other_serial;
        hf_status expected;
    } cases[] = {
        {2, false, HF_OK},
        {1, false, HF_E_CT_NOT_ENOUGH},
        {2, true, HF_E_CT_NOT_ENOUGH}, /* of another certificate */
    };
    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t list_room[1024], room[4096];
        hf_identity *id = issue(true);
        const hf_cert *leaf = hf_identity_cert(id, 0);
        hf_bytes list = sct_list(list_room, leaf->der, cases[i / 2].count);
        hf_bytes der =
            response(room, leaf, cases[i / 2].other_serial ? OID("\x05") : leaf->serial, list);
        assert_int_equal(hf_identity_set_ocsp(id, der, NULL), HF_OK);
        pair p;
        pair_config(&p, &pki);
        use_identity(&p, id);
        uint16_t version = i % 2 == 0 ? HF_TLS_1_3 : HF_TLS_1_2;
        hf_config_versions(p.client_config, version, version);
        hf_config_ct(p.client_config, logs, NULL);
        pair_start(&p);
        expect(&p, p.client, cases[i / 2].expected);
        pair_free(&p);
        hf_identity_free(id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_of_the_handshake_count_in_both_versions),
        cmocka_unit_test(an_optional_policy_refuses_nothing),
        cmocka_unit_test(without_logs_nothing_is_asked),
        cmocka_unit_test(a_server_may_demand_them_of_its_clients),
        cmocka_unit_test(timestamps_in_the_ocsp_response_count),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
