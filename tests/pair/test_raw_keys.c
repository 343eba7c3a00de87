/* test_raw_keys.c: raw public keys in place of certificates (RFC 7250): both roles, both versions,
 * sessions, and peers that do it wrong. */
#include "handshake/handshake.h"
#include "support/fail_alloc.h"
#include "support/tamper.h"

#include "base/buf.h"
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;
static hf_key *server_key, *client_key;
static hf_identity *server_raw, *client_raw;
static const hf_cert_type raw_alone[] = {HF_CERT_RAW_PUBLIC_KEY}, x509_alone[] = {HF_CERT_X509};

static int make(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &server_key, NULL), HF_OK);
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &client_key, NULL), HF_OK);
    assert_int_equal(hf_identity_new_raw_key(server_key, &server_raw, NULL), HF_OK);
    assert_int_equal(hf_identity_new_raw_key(client_key, &client_raw, NULL), HF_OK);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    hf_identity_free(server_raw);
    hf_identity_free(client_raw);
    hf_key_free(server_key);
    hf_key_free(client_key);
    pair_pki_free(&pki);
    return 0;
}

static void version(pair *p, uint16_t v)
{
    hf_config_versions(p->client_config, v, v);
    hf_config_versions(p->server_config, v, v);
}

/* The server shows its key, which the client takes alone; `trusted` NULL: no key is. */
static void server_shows(pair *p, uint16_t v, hf_key *trusted)
{
    pair_config(p, &pki);
    version(p, v);
    hf_config_add_identity(p->server_config, server_raw);
    hf_config_own_cert_types(p->server_config, raw_alone, 1);
    hf_config_peer_cert_types(p->client_config, raw_alone, 1);
    hf_config_keep_peer_chain(p->client_config, true);
    if (trusted != NULL)
        assert_int_equal(hf_config_trust_raw_key(p->client_config, hf_key_public(trusted)), HF_OK);
}

static void client_shows(pair *p, hf_key *trusted)
{
    hf_config_add_identity(p->client_config, client_raw);
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_peer_cert_types(p->server_config, raw_alone, 1);
    assert_int_equal(hf_config_trust_raw_key(p->server_config, hf_key_public(trusted)), HF_OK);
}

static void must_establish(pair *p)
{
    hf_error e;
    char text[1024];
    if (pair_run(p))
        return;
    hf_conn_error(p->client, &e);
    if (e.code == HF_OK || e.code == HF_E_ALERT_RECEIVED)
        hf_conn_error(p->server, &e);
    hf_error_format(&e, text, sizeof(text));
    fail_msg("%s", text);
}

static void expect_pin(const hf_conn *c, hf_key *key)
{
    hf_info info;
    hf_cert cert;
    uint8_t pin[32];
    assert_int_equal(hf_raw_key_parse(hf_key_public(key), &cert, NULL), HF_OK);
    hf_cert_fingerprint(&cert, pin);
    hf_conn_info(c, &info);
    assert_int_equal(info.peer_cert_type, HF_CERT_RAW_PUBLIC_KEY);
    assert_int_equal(info.peer_key_pin.n, 32);
    assert_memory_equal(info.peer_key_pin.p, pin, 32);
    assert_true(info.peer_authenticated);
}

static void expect_end(const hf_conn *c, hf_status code, hf_alert alert)
{
    hf_error e;
    hf_conn_error(c, &e);
    if (e.code != code || e.alert != alert)
        fail_msg("%s with %s, not %s with %s", hf_error_name(e.code), hf_alert_name(e.alert),
                 hf_error_name(code), hf_alert_name((uint8_t)alert));
}

#define EACH_VERSION(v) for (uint16_t v = HF_TLS_1_2; v <= HF_TLS_1_3; v++)

/* ---- what goes well ---- */

static void both_sides_show_keys_in_both_versions(void **state)
{
    (void)state;
    EACH_VERSION(v)
    for (int variant = 0; variant < 4; variant++) {
        pair p;
        bool mutual = (variant & 1) != 0;
        server_shows(&p, v, server_key);
        if (mutual)
            client_shows(&p, client_key);
        pair_start(&p);
        p.chunk = (variant & 2) != 0 ? 1 : 0;
        must_establish(&p);
        expect_pin(p.client, server_key);
        assert_true(hf_peer_cert(p.client, 0)->raw_public_key);
        assert_null(hf_peer_cert(p.client, 1));
        if (mutual)
            expect_pin(p.server, client_key);
        pair_exchange(&p, true, 100);
        pair_exchange(&p, false, 100);
        pair_free(&p);
    }
}

static void a_retry_changes_nothing(void **state)
{
    (void)state;
    pair p;
    server_shows(&p, HF_TLS_1_3, server_key);
    client_shows(&p, client_key);
    hf_config_groups(p.client_config, "X25519:P-256");
    hf_config_key_shares(p.client_config, 1);
    hf_config_groups(p.server_config, "P-256");
    pair_start(&p);
    must_establish(&p);
    hf_info info;
    hf_conn_info(p.client, &info);
    assert_true(info.hello_retry);
    expect_pin(p.client, server_key);
    expect_pin(p.server, client_key);
    pair_free(&p);
}

/* A server with both serves both kinds of client, by the certificate where nothing is said. */
static void each_client_gets_what_it_takes(void **state)
{
    (void)state;
    EACH_VERSION(v)
    for (int raw = 0; raw < 3; raw++) {
        pair p;
        hf_info info;
        pair_config(&p, &pki); /* the server's certificate comes first */
        version(&p, v);
        hf_config_add_identity(p.server_config, server_raw);
        if (raw != 0)
            hf_config_trust_raw_key(p.client_config, hf_key_public(server_key));
        if (raw == 2)
            hf_config_peer_cert_types(p.client_config, raw_alone, 1);
        pair_start(&p);
        must_establish(&p);
        hf_conn_info(p.client, &info);
        assert_int_equal(info.peer_cert_type, raw == 2 ? HF_CERT_RAW_PUBLIC_KEY : HF_CERT_X509);
        hf_conn_info(p.server, &info);
        assert_int_equal(hf_identity_type(info.own_identity),
                         raw == 2 ? HF_CERT_RAW_PUBLIC_KEY : HF_CERT_X509);
        pair_free(&p);
    }
}

static void any_key_is_taken_by_a_name_that_says_so_and_authenticates_nobody(void **state)
{
    (void)state;
    EACH_VERSION(v)
    {
        pair p;
        hf_info info;
        server_shows(&p, v, NULL);
        hf_config_insecure_any_raw_key(p.client_config);
        pair_start(&p);
        must_establish(&p);
        hf_conn_info(p.client, &info);
        assert_false(info.peer_authenticated);
        assert_int_equal(info.peer_cert_type, HF_CERT_RAW_PUBLIC_KEY);
        pair_free(&p);
    }
}

/* ---- what the config refuses ---- */

static void a_config_that_trusts_no_key_is_not_frozen(void **state)
{
    (void)state;
    pair p;
    hf_error e = {0};
    static const hf_cert_type twice[] = {HF_CERT_X509, HF_CERT_X509};
    server_shows(&p, HF_TLS_1_3, NULL);
    assert_int_equal(hf_config_freeze(p.client_config, &e), HF_E_NO_TRUST);
    assert_string_equal(e.field, "raw_keys");
    assert_int_equal(hf_config_peer_cert_types(p.client_config, twice, 2), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_config_own_cert_types(p.client_config, raw_alone, 0), HF_E_BAD_ARGUMENT);
    pair_free(&p);
}

static void what_is_no_key_cannot_be_trusted(void **state)
{
    (void)state;
    hf_config *cfg;
    assert_int_equal(hf_config_new(HF_CLIENT, &cfg), HF_OK);
    assert_int_equal(hf_config_trust_raw_key(cfg, pki.ca_der), HF_E_RAW_KEY_MALFORMED);
    assert_int_equal(hf_config_trust_raw_key(cfg, hf_bytes_text("nothing")),
                     HF_E_PEM_NOTHING_FOUND);
    hf_config_free(cfg);
    assert_int_equal(hf_identity_set_ocsp_as_is(server_raw, hf_bytes_text("x"), NULL),
                     HF_E_BAD_ARGUMENT);
    hf_cert c;
    hf_buf longer = {0};
    hf_buf_append(&longer, hf_key_public(server_key));
    hf_buf_append(&longer, hf_bytes_text("x"));
    assert_int_equal(hf_raw_key_parse(hf_buf_bytes(&longer), &c, NULL), HF_E_RAW_KEY_MALFORMED);
    hf_buf_free(&longer);
}

/* ---- what goes wrong ---- */

static void a_key_that_nobody_trusts_is_refused(void **state)
{
    (void)state;
    EACH_VERSION(v)
    {
        pair p;
        server_shows(&p, v, client_key);
        pair_start(&p);
        assert_false(pair_run(&p));
        expect_end(p.client, HF_E_RAW_KEY_UNTRUSTED, HF_ALERT_certificate_unknown);
        pair_free(&p);

        server_shows(&p, v, server_key);
        client_shows(&p, server_key);
        pair_start(&p);
        pair_run(&p);
        expect_end(p.server, HF_E_RAW_KEY_UNTRUSTED, HF_ALERT_certificate_unknown);
        pair_free(&p);
    }
}

static void sides_without_a_type_in_common_say_so(void **state)
{
    (void)state;
    EACH_VERSION(v)
    for (int which = 0; which < 3; which++) {
        pair p;
        if (which == 0) { /* the client takes keys alone, the server has none */
            server_shows(&p, v, server_key);
            hf_config_own_cert_types(p.server_config, x509_alone, 1);
        } else if (which == 1) { /* the server shows keys alone, the client says nothing */
            pair_config(&p, &pki);
            version(&p, v);
            hf_config_add_identity(p.server_config, server_raw);
            hf_config_own_cert_types(p.server_config, raw_alone, 1);
        } else { /* the server asks for keys, the client has none */
            server_shows(&p, v, server_key);
            client_shows(&p, client_key);
            hf_config_own_cert_types(p.client_config, x509_alone, 1);
        }
        pair_start(&p);
        assert_false(pair_run(&p));
        expect_end(p.server, HF_E_NO_COMMON_CERT_TYPE, HF_ALERT_unsupported_certificate);
        pair_free(&p);
    }
}

/* A change of bytes: `from` is replaced by `to` of the same length, wherever it stands first. */
typedef struct change {
    const char *from, *to;
    size_t n;
} change;

static void replace(hf_buf *body, void *ctx)
{
    const change *c = ctx;
    for (size_t i = 0; i + c->n <= body->n; i++)
        if (memcmp(body->p + i, c->from, c->n) == 0) {
            memcpy(body->p + i, c->to, c->n);
            return;
        }
    fail_msg("the bytes to change are not there");
}

static void a_server_may_choose_only_what_was_offered(void **state)
{
    (void)state;
    static change changes[] = {{"\0\x14\0\x01\x02", "\0\x14\0\x01\0", 5},
                               {"\0\x14\0\x01\x02", "\0\x14\0\x01\x05", 5}};
    EACH_VERSION(v)
    for (size_t i = 0; i < 2; i++) {
        pair p;
        server_shows(&p, v, server_key);
        hf_config_trace(p.client_config, &tamper_watch);
        pair_start(&p);
        if (v == HF_TLS_1_3) {
            tamper_start(p.server);
            tamper_message(HF_MSG_ENCRYPTED_EXTENSIONS, 0, replace, &changes[i]);
            tamper_expect(&p, p.client, HF_E_CERT_TYPE_NOT_OFFERED);
        } else { /* in the clear */
            hf_bytes out;
            pair_move(p.client, p.server, SIZE_MAX);
            hf_step(p.client);
            pair_move(p.client, p.server, SIZE_MAX);
            hf_step(p.server);
            out = hf_out(p.server);
            replace(&(hf_buf){.p = (uint8_t *)(uintptr_t)out.p, .n = out.n}, &changes[i]);
            pair_run(&p);
            expect_end(p.client, HF_E_CERT_TYPE_NOT_OFFERED, HF_ALERT_illegal_parameter);
        }
        pair_free(&p);
    }
}

/* Takes server_certificate_type out of EncryptedExtensions: X.509 is meant then. */
static void unsay(hf_buf *body, void *ctx)
{
    (void)ctx;
    for (size_t i = 2; i + 5 <= body->n; i++)
        if (memcmp(body->p + i, "\0\x14\0\x01\x02", 5) == 0) {
            memmove(body->p + i, body->p + i + 5, body->n - i - 5);
            body->n -= 5;
            size_t n = body->n - 2;
            body->p[0] = (uint8_t)(n >> 8);
            body->p[1] = (uint8_t)n;
            return;
        }
    fail_msg("there is nothing to unsay");
}

static void a_server_that_says_nothing_means_x509(void **state)
{
    (void)state;
    pair p;
    server_shows(&p, HF_TLS_1_3, server_key);
    hf_config_trace(p.client_config, &tamper_watch);
    pair_start(&p);
    tamper_start(p.server);
    tamper_message(HF_MSG_ENCRYPTED_EXTENSIONS, 0, unsay, NULL);
    tamper_expect(&p, p.client, HF_E_NO_COMMON_CERT_TYPE);
    pair_free(&p);
}

static void lists_of_a_hello_are_judged(void **state)
{
    (void)state;
    static const struct {
        change c;
        hf_status code;
        hf_alert alert;
    } cases[] = {
        {{"\0\x14\0\x02\x01\x02", "\0\x14\0\x02\x01\0", 6}, HF_E_VALUE, HF_ALERT_illegal_parameter},
        {{"\0\x14\0\x02\x01\x02", "\0\x14\0\x02\x01\x05", 6},
         HF_E_NO_COMMON_CERT_TYPE,
         HF_ALERT_unsupported_certificate},
        {{"\0\x14\0\x02\x01\x02", "\0\x14\0\x02\x02\x02", 6}, HF_E_DECODE, HF_ALERT_decode_error},
    };
    EACH_VERSION(v)
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pair p;
        change c = cases[i].c;
        server_shows(&p, v, server_key);
        pair_start(&p);
        hf_step(p.client);
        hf_bytes out = hf_out(p.client);
        replace(&(hf_buf){.p = (uint8_t *)(uintptr_t)out.p, .n = out.n}, &c);
        pair_run(&p);
        expect_end(p.server, cases[i].code, cases[i].alert);
        pair_free(&p);
    }
}

enum { SPKI_AT = 7 }; /* behind the context, the list's length and the entry's */

static void spoil_key(hf_buf *body, void *ctx)
{
    (void)ctx;
    body->p[SPKI_AT] ^= 0xff;
}

static void double_entry(hf_buf *body, void *ctx)
{
    (void)ctx;
    size_t n = body->n - 4;
    hf_buf twice = {0};
    hf_buf_append(&twice, (hf_bytes){body->p, body->n});
    hf_buf_append(&twice, (hf_bytes){body->p + 4, n});
    twice.p[2] = (uint8_t)(2 * n >> 8);
    twice.p[3] = (uint8_t)(2 * n);
    hf_buf_clear(body);
    hf_buf_append(body, hf_buf_bytes(&twice));
    hf_buf_free(&twice);
}

static void no_entry(hf_buf *body, void *ctx)
{
    (void)ctx;
    memset(body->p, 0, 4);
    body->n = 4;
}

static void spoil_signature(hf_buf *body, void *ctx)
{
    (void)ctx;
    body->p[body->n - 1] ^= 1;
}

static void a_wrong_certificate_message_or_proof_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t message;
        tamper_change change;
        hf_status code;
    } cases[] = {
        {HF_MSG_CERTIFICATE, spoil_key, HF_E_RAW_KEY_MALFORMED},
        {HF_MSG_CERTIFICATE, double_entry, HF_E_VALUE},
        {HF_MSG_CERTIFICATE, no_entry, HF_E_SERVER_NO_CERTIFICATE},
        {HF_MSG_CERTIFICATE_VERIFY, spoil_signature, HF_E_BAD_HANDSHAKE_SIGNATURE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pair p;
        server_shows(&p, HF_TLS_1_3, server_key);
        hf_config_trace(p.client_config, &tamper_watch);
        pair_start(&p);
        tamper_start(p.server);
        tamper_message(cases[i].message, 0, cases[i].change, NULL);
        tamper_expect(&p, p.client, cases[i].code);
        pair_free(&p);
    }
}

/* ---- sessions ---- */

static hf_buf session;

static void keep(void *ctx, hf_conn *conn, hf_bytes bytes)
{
    (void)ctx, (void)conn;
    hf_buf_clear(&session);
    hf_buf_append(&session, bytes);
}

/* A connection that goes on from the kept session, if there is one; was it resumed? */
static bool connect_once(hf_ticket_keys *keys, uint16_t v, hf_key *trusted, bool x509)
{
    pair p;
    hf_info info;
    if (x509) {
        pair_config(&p, &pki);
        version(&p, v);
        hf_config_add_identity(p.server_config, server_raw);
    } else {
        server_shows(&p, v, trusted);
    }
    hf_config_new_session(p.client_config, keep, NULL);
    hf_config_ticket_keys(p.server_config, keys);
    pair_start(&p);
    if (session.n != 0)
        assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&session)), HF_OK);
    bool done = pair_run(&p);
    if (done)
        pair_exchange(&p, false, 10);
    hf_conn_info(p.client, &info);
    if (done && !x509)
        expect_pin(p.client, server_key);
    if (info.resumed && x509)
        fail_msg("a session of a raw key was taken for a certificate's");
    pair_free(&p);
    return info.resumed;
}

static void a_session_keeps_the_key_and_is_bound_to_it(void **state)
{
    (void)state;
    EACH_VERSION(v)
    {
        hf_ticket_keys *keys;
        assert_int_equal(hf_ticket_keys_new(NULL, 0, &keys), HF_OK);
        assert_false(connect_once(keys, v, server_key, false));
        assert_true(session.n != 0);
        assert_true(connect_once(keys, v, server_key, false));
        assert_true(session.n != 0);
        /* the key is not trusted any more */
        assert_false(connect_once(keys, v, client_key, false));
        /* or none is taken any more */
        assert_false(connect_once(keys, v, NULL, true));
        hf_buf_free(&session);
        hf_ticket_keys_free(keys);
    }
}

/* ---- what is told ---- */

typedef struct told {
    unsigned keys, types, checks;
} told;

static void note(void *ctx, const hf_conn *conn, const hf_event *e)
{
    told *t = ctx;
    (void)conn;
    if (e->kind == HF_TRACE_FIELD && e->field.kind == HF_TRACE_BYTES)
        t->keys += strcmp(e->field.name, "ASN1_subjectPublicKeyInfo") == 0;
    if (e->kind == HF_TRACE_FIELD && strcmp(e->field.name, "certificate_type") == 0)
        t->types += e->field.meaning != NULL && strcmp(e->field.meaning, "RawPublicKey") == 0;
    if (e->kind == HF_TRACE_CHECK)
        t->checks += strcmp(e->check->name, "rawPublicKey") == 0;
}

static void the_trace_names_types_keys_and_the_verdict(void **state)
{
    (void)state;
    EACH_VERSION(v)
    {
        pair p;
        told client = {0}, server = {0};
        server_shows(&p, v, server_key);
        client_shows(&p, client_key);
        hf_config_trace(p.client_config, &(hf_trace){note, &client, false});
        hf_config_trace(p.server_config, &(hf_trace){note, &server, false});
        pair_start(&p);
        must_establish(&p);
        assert_int_equal(client.keys, 2); /* its own and the server's */
        assert_int_equal(server.keys, 2);
        assert_int_equal(client.types, 4); /* both offers, both answers */
        assert_int_equal(server.types, 4);
        assert_int_equal(client.checks, 1);
        assert_int_equal(server.checks, 1);
        pair_free(&p);
    }
}

/* ---- memory ---- */

static void step_both(pair *p)
{
    for (int i = 0; i < 40; i++) {
        if (hf_step(p->client) < 0 || hf_step(p->server) < 0)
            return;
        pair_move(p->client, p->server, SIZE_MAX);
        pair_move(p->server, p->client, SIZE_MAX);
    }
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    EACH_VERSION(v)
    {
        pair p;
        bool failed = true;
        server_shows(&p, v, server_key);
        client_shows(&p, client_key);
        assert_int_equal(hf_config_freeze(p.client_config, NULL), HF_OK);
        assert_int_equal(hf_config_freeze(p.server_config, NULL), HF_OK);
        for (long n = 1; failed && n < 400; n++) {
            p.client = p.server = NULL;
            hf_test_fail_alloc_after(n);
            if (hf_client_new(p.client_config, "server.test", &p.client) == HF_OK &&
                hf_server_new(p.server_config, &p.server) == HF_OK)
                step_both(&p);
            failed = hf_test_alloc_failed();
            hf_test_fail_alloc_after(0);
            if (!failed)
                expect_pin(p.server, client_key);
            hf_conn_free(p.client);
            hf_conn_free(p.server);
        }
        assert_false(failed);
        p.client = p.server = NULL;
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_show_keys_in_both_versions),
        cmocka_unit_test(a_retry_changes_nothing),
        cmocka_unit_test(each_client_gets_what_it_takes),
        cmocka_unit_test(any_key_is_taken_by_a_name_that_says_so_and_authenticates_nobody),
        cmocka_unit_test(a_config_that_trusts_no_key_is_not_frozen),
        cmocka_unit_test(what_is_no_key_cannot_be_trusted),
        cmocka_unit_test(a_key_that_nobody_trusts_is_refused),
        cmocka_unit_test(sides_without_a_type_in_common_say_so),
        cmocka_unit_test(a_server_may_choose_only_what_was_offered),
        cmocka_unit_test(a_server_that_says_nothing_means_x509),
        cmocka_unit_test(lists_of_a_hello_are_judged),
        cmocka_unit_test(a_wrong_certificate_message_or_proof_is_refused),
        cmocka_unit_test(a_session_keeps_the_key_and_is_bound_to_it),
        cmocka_unit_test(the_trace_names_types_keys_and_the_verdict),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
