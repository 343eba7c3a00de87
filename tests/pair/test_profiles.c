/* test_profiles.c: what connections demand of those who made the peer's certificates. */
#include "support/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;

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

/* Its common name is none of its alternative names: BR 7.1.4.3 alone forbids that. */
static hf_identity *issue(bool server)
{
    static const char *const names[] = {"server.test", "127.0.0.1", NULL};
    hf_cert_template t = {.subject = "CN=Somebody",
                          .names = names,
                          .not_before_s = PAIR_NOW - 100,
                          .not_after_s = PAIR_NOW + 100,
                          .path_len = -1,
                          .server = server,
                          .client = !server};
    hf_key *key;
    hf_bytes der;
    hf_identity *id;
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &key, NULL), HF_OK);
    assert_int_equal(hf_cert_issue(&t, hf_key_public(key), &pki.ca, pki.ca_key, &der, NULL), HF_OK);
    assert_int_equal(hf_identity_new(der, key, &id, NULL), HF_OK);
    hf_der_free(der);
    hf_key_free(key);
    return id;
}

static void either_side_may_hold_the_other_to_a_profile(void **state)
{
    (void)state;
    static const struct {
        bool set;
        hf_profile profile;
        hf_status expected;
    } cases[] = {
        {false, HF_PROFILE_TLS, HF_OK},
        {true, HF_PROFILE_TLS, HF_OK},
        {true, HF_PROFILE_RFC5280, HF_OK},
        {true, HF_PROFILE_WEBPKI, HF_E_CERT_PROFILE},
    };
    for (unsigned version = HF_TLS_1_2; version <= HF_TLS_1_3; version++)
        for (int client = 0; client < 2; client++)
            for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                pair p;
                hf_error e;
                hf_identity *id = issue(!client);
                pair_config(&p, &pki);
                hf_config *judge = client ? p.server_config : p.client_config;
                hf_config_versions(p.client_config, (uint16_t)version, (uint16_t)version);
                hf_config_versions(p.server_config, (uint16_t)version, (uint16_t)version);
                if (client) {
                    hf_config_trust(p.server_config, pki.store);
                    hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
                    hf_config_add_identity(p.client_config, id);
                } else {
                    hf_config_free(p.server_config);
                    assert_int_equal(hf_config_new(HF_SERVER, &p.server_config), HF_OK);
                    hf_config_clock(p.server_config, pair_clock, NULL);
                    hf_config_add_identity(p.server_config, id);
                }
                if (cases[i].set)
                    assert_int_equal(hf_config_profile(judge, cases[i].profile), HF_OK);
                pair_start(&p);
                bool established = pair_run(&p);
                hf_conn_error(client ? p.server : p.client, &e);
                if (e.code != cases[i].expected || established != (e.code == HF_OK))
                    fail_msg("version %x, client %d, case %zu: %s", version, client, i,
                             hf_error_name(e.code));
                pair_free(&p);
                hf_identity_free(id);
            }
}

static void a_profile_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    hf_config *cfg;
    hf_error e;
    assert_int_equal(hf_config_new(HF_CLIENT, &cfg), HF_OK);
    assert_int_equal(hf_config_profile(cfg, (hf_profile)77), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_config_freeze(cfg, &e), HF_E_BAD_ARGUMENT);
    assert_string_equal(e.field, "profile");
    hf_config_free(cfg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_side_may_hold_the_other_to_a_profile),
        cmocka_unit_test(a_profile_that_does_not_exist_is_refused),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
