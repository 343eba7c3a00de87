/* test_own_identity.c: what a side shows of itself: which identity, signed with which scheme; and
 * that a key which may not sign is refused even where nothing else is verified. */
#include "support/pair.h"

#include <handfast/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static pair_pki rsa, ec;

static int make_all(void **state)
{
    (void)state;
    pair_pki_make(&rsa, HF_KEY_RSA);
    pair_pki_make(&ec, HF_KEY_P256);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    pair_pki_free(&rsa);
    pair_pki_free(&ec);
    return 0;
}

/* An identity of the test's own: the ones of the authorities are shared and stay as they are. */
static hf_identity *own_copy(const pair_pki *pki)
{
    static const char *const names[] = {"server.test", NULL};
    hf_identity *identity =
        pair_issue(pki, HF_KEY_RSA, names, true, PAIR_NOW - 100, PAIR_NOW + 100);
    return identity;
}

/* A server that shows `identity`, which the config keeps from then on. */
static void with_server(pair *p, const pair_pki *pki, hf_identity *identity)
{
    pair_config(p, pki);
    hf_config_free(p->server_config);
    assert_int_equal(hf_config_new(HF_SERVER, &p->server_config), HF_OK);
    hf_config_add_identity(p->server_config, identity);
    hf_config_clock(p->server_config, pair_clock, NULL);
    hf_identity_free(identity);
}

static void expect(const hf_conn *victim, hf_status code, uint8_t alert)
{
    hf_error e;
    hf_conn_error(victim, &e);
    if (e.code != code)
        fail_msg("expected %s, got %s", hf_error_name(code), hf_error_name(e.code));
    assert_true(e.alert_sent);
    assert_int_equal(e.alert, alert);
}

static uint16_t scheme_with(const char *list, const char *config_list)
{
    pair p;
    hf_info info;
    hf_identity *identity = own_copy(&rsa);
    if (list != NULL)
        assert_int_equal(hf_identity_set_sigschemes(identity, list, NULL), HF_OK);
    with_server(&p, &rsa, identity);
    if (config_list != NULL)
        hf_config_sigschemes(p.server_config, config_list);
    pair_start(&p);
    assert_true(pair_run(&p));
    hf_conn_info(p.server, &info);
    uint16_t own = info.own_scheme_id;
    hf_conn_info(p.client, &info);
    assert_int_equal(own, info.peer_scheme_id);
    pair_free(&p);
    return own;
}

static void an_identity_signs_with_the_first_scheme_of_its_own_list(void **state)
{
    (void)state;
    assert_int_equal(scheme_with("rsa_pss_rsae_sha512:rsa_pss_rsae_sha256", NULL), 0x0806);
    assert_int_equal(scheme_with("RSA_PSS_RSAE_SHA384,rsa_pss_rsae_sha512", NULL), 0x0805);
    /* a scheme of another key type is passed over */
    assert_int_equal(scheme_with("ed25519:rsa_pss_rsae_sha384", NULL), 0x0805);
}

static void its_own_list_stands_in_place_of_the_configs(void **state)
{
    (void)state;
    assert_int_equal(scheme_with("rsa_pss_rsae_sha384", "ecdsa_secp256r1_sha256"), 0x0805);
    assert_int_equal(scheme_with(NULL, "rsa_pss_rsae_sha512"), 0x0806);
}

static void an_identity_whose_list_nobody_accepts_is_not_shown(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    hf_identity *identity = own_copy(&rsa);
    assert_int_equal(hf_identity_set_sigschemes(identity, "rsa_pss_rsae_sha512", NULL), HF_OK);
    with_server(&p, &rsa, identity);
    hf_config_sigschemes(p.client_config, "rsa_pss_rsae_sha256:rsa_pkcs1_sha256");
    pair_start(&p);
    pair_run(&p);
    expect(p.server, HF_E_NO_COMMON_SIGNATURE, HF_ALERT_handshake_failure);
    hf_conn_info(p.server, &info);
    assert_null(info.own_identity);
    pair_free(&p);
}

static void a_bad_list_is_refused_and_leaves_the_old_one(void **state)
{
    (void)state;
    hf_error e;
    pair p;
    hf_info info;
    char many[1024] = "";
    hf_identity *identity = own_copy(&rsa);
    assert_int_equal(hf_identity_set_sigschemes(identity, "rsa_pss_rsae_sha512", &e), HF_OK);
    assert_int_equal(hf_identity_set_sigschemes(identity, "rsa_pss_rsae_sha384:nothing", &e),
                     HF_E_UNKNOWN_NAME_IN_LIST);
    assert_string_equal(e.got, "nothing");
    assert_int_equal(hf_identity_set_sigschemes(identity, "", &e), HF_E_EMPTY_LIST);
    assert_int_equal(hf_identity_set_sigschemes(identity, ":,:", &e), HF_E_EMPTY_LIST);
    for (int i = 0; i < 33; i++)
        strcat(many, "ed25519:");
    assert_int_equal(hf_identity_set_sigschemes(identity, many, &e), HF_E_BAD_ARGUMENT);
    with_server(&p, &rsa, identity);
    pair_start(&p);
    assert_true(pair_run(&p));
    hf_conn_info(p.server, &info);
    assert_int_equal(info.own_scheme_id, 0x0806);
    pair_free(&p);
}

static void info_says_which_identity_was_shown(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    pair_config(&p, &ec);
    hf_config_add_identity(p.server_config, rsa.server);
    hf_config_trust(p.client_config, rsa.store);
    hf_config_sigschemes(p.client_config, "rsa_pss_rsae_sha256:rsa_pkcs1_sha256");
    pair_start(&p);
    hf_conn_info(p.server, &info);
    assert_null(info.own_identity);
    assert_true(pair_run(&p));
    hf_conn_info(p.server, &info);
    assert_ptr_equal(info.own_identity, rsa.server);
    hf_conn_info(p.client, &info);
    assert_null(info.own_identity);
    pair_free(&p);
}

/* The certificate of an authority: its keyUsage is keyCertSign and cRLSign. */
static hf_identity *that_may_not_sign(void)
{
    hf_key *key = NULL;
    hf_bytes der;
    hf_identity *identity = NULL;
    hf_cert_template t = {.subject = "CN=authority",
                          .not_before_s = PAIR_NOW - 100,
                          .not_after_s = PAIR_NOW + 100,
                          .ca = true,
                          .path_len = -1};
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &key, NULL), HF_OK);
    assert_int_equal(hf_cert_issue(&t, hf_key_public(key), NULL, key, &der, NULL), HF_OK);
    assert_int_equal(hf_identity_new(der, key, &identity, NULL), HF_OK);
    hf_der_free(der);
    hf_key_free(key);
    return identity;
}

static void a_server_whose_key_may_not_sign_is_refused_without_verification_too(void **state)
{
    (void)state;
    pair p;
    with_server(&p, &ec, that_may_not_sign());
    hf_config_insecure_no_verification(p.client_config);
    pair_start(&p);
    pair_run(&p);
    expect(p.client, HF_E_CERT_KEY_USAGE, HF_ALERT_bad_certificate);
    pair_free(&p);
}

static void a_client_whose_key_may_not_sign_is_refused_without_verification_too(void **state)
{
    (void)state;
    pair p;
    pair_config(&p, &ec);
    hf_config_insecure_no_verification(p.server_config);
    hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_free(p.client_config);
    assert_int_equal(hf_config_new(HF_CLIENT, &p.client_config), HF_OK);
    hf_identity *identity = that_may_not_sign();
    hf_config_add_identity(p.client_config, identity);
    hf_identity_free(identity);
    hf_config_trust(p.client_config, ec.store);
    hf_config_clock(p.client_config, pair_clock, NULL);
    pair_start(&p);
    pair_run(&p);
    expect(p.server, HF_E_CERT_KEY_USAGE, HF_ALERT_bad_certificate);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_signs_with_the_first_scheme_of_its_own_list),
        cmocka_unit_test(its_own_list_stands_in_place_of_the_configs),
        cmocka_unit_test(an_identity_whose_list_nobody_accepts_is_not_shown),
        cmocka_unit_test(a_bad_list_is_refused_and_leaves_the_old_one),
        cmocka_unit_test(info_says_which_identity_was_shown),
        cmocka_unit_test(a_server_whose_key_may_not_sign_is_refused_without_verification_too),
        cmocka_unit_test(a_client_whose_key_may_not_sign_is_refused_without_verification_too),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
