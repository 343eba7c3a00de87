/* test_check_peer.c: the application's own judge of the peer's certificate: when it is asked, what
 * it sees, and that its refusal ends the connection with the alert that it names. */
#include "support/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
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

/* What the judge was shown, and what it answers. */
typedef struct judge {
    hf_alert answer;
    unsigned asked;
    size_t count;
    uint8_t leaf[32], last[32];
    const void *user;
} judge;

static hf_alert ask(void *ctx, const hf_conn *conn, const hf_cert *const *path, size_t count)
{
    judge *j = ctx;
    j->asked++;
    j->count = count;
    j->user = hf_conn_user(conn);
    hf_cert_fingerprint(path[0], j->leaf);
    hf_cert_fingerprint(path[count - 1], j->last);
    return j->answer;
}

static void same(const uint8_t fingerprint[32], hf_bytes der)
{
    hf_cert cert;
    uint8_t expected[32];
    assert_int_equal(hf_cert_parse(der, &cert, NULL), HF_OK);
    hf_cert_fingerprint(&cert, expected);
    assert_memory_equal(fingerprint, expected, 32);
}

/* A pair in which both sides show a certificate; `j` judges for one of them. */
static void start(pair *p, judge *j, bool client)
{
    pair_config(p, &pki);
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_add_identity(p->client_config, pki.client);
    hf_config_check_peer(client ? p->client_config : p->server_config, ask, j);
}

static void it_sees_the_path_that_was_verified_and_may_accept(void **state)
{
    (void)state;
    for (int client = 0; client < 2; client++) {
        pair p;
        judge j = {0};
        start(&p, &j, client);
        pair_start(&p);
        hf_conn_set_user(client ? p.client : p.server, &j);
        assert_true(pair_run(&p));
        assert_int_equal(j.asked, 1);
        assert_int_equal(j.count, 2);
        assert_ptr_equal(j.user, &j);
        same(j.leaf, hf_identity_cert(client ? pki.server : pki.client, 0)->der);
        same(j.last, pki.ca.der);
        pair_free(&p);
    }
}

static void its_refusal_ends_the_connection_with_its_alert(void **state)
{
    static const hf_alert alerts[] = {HF_ALERT_certificate_unknown, HF_ALERT_certificate_revoked,
                                      HF_ALERT_access_denied};
    (void)state;
    for (int client = 0; client < 2; client++) {
        for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
            pair p;
            hf_error e;
            judge j = {.answer = alerts[i]};
            start(&p, &j, client);
            pair_start(&p);
            pair_run(&p);
            hf_conn_error(client ? p.client : p.server, &e);
            assert_int_equal(e.code, HF_E_CERT_REFUSED);
            assert_true(e.alert_sent);
            assert_int_equal(e.alert, alerts[i]);
            assert_string_equal(e.message, "Certificate");
            assert_non_null(strstr(e.got, hf_alert_name((uint8_t)alerts[i])));
            hf_conn_error(client ? p.server : p.client, &e);
            assert_int_equal(e.code, HF_E_ALERT_RECEIVED);
            assert_int_equal(e.alert, alerts[i]);
            pair_free(&p);
        }
    }
}

/* It adds to the verification and cannot take its place. */
static void it_is_not_asked_about_a_chain_that_does_not_verify(void **state)
{
    (void)state;
    pair p;
    pair_pki other;
    hf_error e;
    judge j = {0};
    pair_pki_make(&other, HF_KEY_P256);
    start(&p, &j, true);
    hf_config_trust(p.client_config, other.store);
    pair_start(&p);
    assert_false(pair_run(&p));
    hf_conn_error(p.client, &e);
    assert_int_equal(e.code, HF_E_CERT_BAD_SIGNATURE); /* of an authority of the same name */
    assert_int_equal(j.asked, 0);
    pair_free(&p);
    pair_pki_free(&other);
}

static void it_is_asked_where_verification_is_off(void **state)
{
    (void)state;
    pair p;
    judge j = {.answer = HF_ALERT_certificate_unknown};
    start(&p, &j, true);
    hf_config_insecure_no_verification(p.client_config);
    pair_start(&p);
    assert_false(pair_run(&p));
    assert_int_equal(j.asked, 1);
    same(j.leaf, hf_identity_cert(pki.server, 0)->der);
    pair_free(&p);
}

static void it_is_not_asked_about_a_client_that_shows_nothing(void **state)
{
    (void)state;
    pair p;
    judge j = {.answer = HF_ALERT_certificate_unknown};
    pair_config(&p, &pki);
    hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_OPTIONAL);
    hf_config_check_peer(p.server_config, ask, &j);
    pair_start(&p);
    assert_true(pair_run(&p));
    assert_int_equal(j.asked, 0);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_sees_the_path_that_was_verified_and_may_accept),
        cmocka_unit_test(its_refusal_ends_the_connection_with_its_alert),
        cmocka_unit_test(it_is_not_asked_about_a_chain_that_does_not_verify),
        cmocka_unit_test(it_is_asked_where_verification_is_off),
        cmocka_unit_test(it_is_not_asked_about_a_client_that_shows_nothing),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
