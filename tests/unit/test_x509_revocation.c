/* test_x509_revocation.c: revocation lists: read, indexed, and what they make of a path. */
#include "support/pair.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAY 86400

static pair_pki pki, other;
static hf_cert leaf;

static int make(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    pair_pki_make(&other, HF_KEY_P256);
    leaf = *hf_identity_cert(pki.server, 0);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&pki);
    pair_pki_free(&other);
    return 0;
}

/* A list of pki's authority, of `entries`, valid for a day before and after `at`. */
static hf_bytes list_at(int64_t at, const hf_crl_entry *entries, size_t count)
{
    hf_bytes der;
    hf_crl_template t = {.this_update_s = at - DAY,
                         .next_update_s = at + DAY,
                         .number = 1,
                         .entries = entries,
                         .count = count};
    assert_int_equal(hf_crl_make(&t, &pki.ca, pki.ca_key, &der, NULL), HF_OK);
    return der;
}

static hf_crls *crls_of(hf_bytes der)
{
    hf_crls *crls;
    size_t added;
    assert_int_equal(hf_crls_new(&crls), HF_OK);
    assert_int_equal(hf_crls_add(crls, der, &added, NULL), HF_OK);
    assert_int_equal(added, 1);
    return crls;
}

static hf_status judge(const hf_crls *crls, hf_revocation demand, hf_error *e)
{
    hf_verify_params p = {.store = pki.store,
                          .at_s = PAIR_NOW,
                          .purpose = HF_PURPOSE_SERVER,
                          .revocation = demand,
                          .crls = crls};
    return hf_verify_chain(&leaf, 1, &p, NULL, NULL, NULL, e);
}

/* The verdict by each demand: soft, hard for the leaf, hard, off. */
static void expect(hf_bytes der, const hf_status wanted[4])
{
    hf_crls *crls = der.p != NULL ? crls_of(der) : NULL;
    for (int demand = HF_REVOCATION_SOFT_FAIL; demand <= HF_REVOCATION_OFF; demand++) {
        hf_error e = {0};
        hf_status got = judge(crls, (hf_revocation)demand, &e);
        if (got != wanted[demand])
            fail_msg("demand %d: %s in place of %s (%s)", demand, hf_error_name(got),
                     hf_error_name(wanted[demand]), e.got);
    }
    hf_crls_free(crls);
    if (der.p != NULL)
        hf_der_free(der);
}

static const hf_status good[4] = {HF_OK, HF_OK, HF_OK, HF_OK};
static const hf_status unknown[4] = {HF_OK, HF_E_REVOCATION_UNKNOWN, HF_E_REVOCATION_UNKNOWN,
                                     HF_OK};
static const hf_status revoked[4] = {HF_E_CERT_REVOKED, HF_E_CERT_REVOKED, HF_E_CERT_REVOKED,
                                     HF_OK};

static void a_list_says_what_is_revoked(void **state)
{
    (void)state;
    const hf_crl_entry others = {{(const uint8_t *)"\x01\x02", 2}, PAIR_NOW - DAY, 1};
    const hf_crl_entry ours = {leaf.serial, PAIR_NOW - DAY, 1};
    expect(list_at(PAIR_NOW, NULL, 0), good);
    expect(list_at(PAIR_NOW, &others, 1), good);
    expect(list_at(PAIR_NOW, &ours, 1), revoked);
    expect((hf_bytes){NULL, 0}, unknown);
}

static void an_old_list_is_believed_when_it_revokes_but_not_when_it_does_not(void **state)
{
    (void)state;
    const hf_crl_entry ours = {leaf.serial, PAIR_NOW - 5 * DAY, 1};
    const hf_crl_entry hold = {leaf.serial, PAIR_NOW - 5 * DAY, 6};
    expect(list_at(PAIR_NOW - 2 * DAY, NULL, 0), unknown);
    expect(list_at(PAIR_NOW - 2 * DAY, &ours, 1), revoked);
    expect(list_at(PAIR_NOW - 2 * DAY, &hold, 1), unknown); /* it may have been lifted */
    expect(list_at(PAIR_NOW + 2 * DAY, NULL, 0), unknown);  /* of the future */
    expect(list_at(PAIR_NOW + 2 * DAY, &ours, 1), unknown);
}

static void a_list_of_another_authority_with_the_same_name_says_nothing(void **state)
{
    (void)state;
    const hf_crl_entry ours = {leaf.serial, PAIR_NOW - DAY, 1};
    hf_bytes der;
    hf_crl_template t = {.this_update_s = PAIR_NOW - DAY,
                         .next_update_s = PAIR_NOW + DAY,
                         .entries = &ours,
                         .count = 1};
    assert_int_equal(hf_crl_make(&t, &other.ca, other.ca_key, &der, NULL), HF_OK);
    expect(der, unknown);
}

static void every_changed_byte_is_noticed(void **state)
{
    (void)state;
    const hf_crl_entry others = {{(const uint8_t *)"\x01\x02", 2}, PAIR_NOW - DAY, 1};
    hf_bytes der = list_at(PAIR_NOW, &others, 1);
    uint8_t *copy = malloc(der.n);
    assert_non_null(copy);
    for (size_t i = 0; i < der.n; i++) {
        memcpy(copy, der.p, der.n);
        copy[i] ^= 1;
        hf_crls *crls;
        assert_int_equal(hf_crls_new(&crls), HF_OK);
        hf_status added = hf_crls_add(crls, (hf_bytes){copy, der.n}, NULL, NULL);
        if (added == HF_OK) /* then it must not count */
            assert_int_equal(judge(crls, HF_REVOCATION_HARD_FAIL, NULL), HF_E_REVOCATION_UNKNOWN);
        hf_crls_free(crls);
    }
    free(copy);
    hf_der_free(der);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    const hf_crl_entry ours = {leaf.serial, PAIR_NOW - DAY, 1};
    hf_bytes der = list_at(PAIR_NOW, &ours, 1);
    for (size_t n = 0; n < der.n; n++) {
        hf_crl crl;
        hf_error e = {0};
        uint8_t *cut = malloc(n + 1);
        assert_non_null(cut);
        memcpy(cut, der.p, n);
        assert_int_equal(hf_crl_parse((hf_bytes){cut, n}, &crl, &e), HF_E_CRL_MALFORMED);
        assert_non_null(e.field);
        free(cut);
    }
    hf_der_free(der);
}

static void a_long_list_is_searched_in_any_order(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static uint8_t serials[COUNT][4];
    static hf_crl_entry entries[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned mixed = (i * 7919U) % COUNT + 0x01000000U;
        for (unsigned b = 0; b < 4; b++)
            serials[i][b] = (uint8_t)(mixed >> (24 - 8 * b));
        entries[i] = (hf_crl_entry){{serials[i], 4}, PAIR_NOW - DAY, 1};
    }
    expect(list_at(PAIR_NOW, entries, COUNT), good);
    entries[COUNT / 3].serial = leaf.serial;
    expect(list_at(PAIR_NOW, entries, COUNT), revoked);
}

static void what_is_no_list_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        hf_status status;
    } cases[] = {
        {"", HF_E_PEM_NOTHING_FOUND},
        {"hello", HF_E_PEM_NOTHING_FOUND},
        {"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", HF_E_PEM_NOTHING_FOUND},
        {"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n", HF_E_CRL_MALFORMED},
        {"-----BEGIN X509 CRL-----\nMAA=\n", HF_E_PEM_MALFORMED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hf_crls *crls;
        hf_error e;
        assert_int_equal(hf_crls_new(&crls), HF_OK);
        assert_int_equal(hf_crls_add(crls, hf_bytes_text(cases[i].text), NULL, &e),
                         cases[i].status);
        assert_int_equal(hf_crls_count(crls), 0);
        hf_crls_free(crls);
    }
}

/* Over a connection: a revoked server and a revoked client are refused, with the alert for it. */
static void a_connection_is_refused_for_it(void **state)
{
    (void)state;
    for (int client = 0; client < 2; client++) {
        pair p;
        hf_error e;
        hf_identity *identity = client ? pki.client : pki.server;
        const hf_crl_entry entry = {hf_identity_cert(identity, 0)->serial, PAIR_NOW - DAY, 1};
        hf_bytes der = list_at(PAIR_NOW, &entry, 1);
        hf_crls *crls = crls_of(der);
        pair_config(&p, &pki);
        hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
        hf_config_add_identity(p.client_config, pki.client);
        hf_config_crls(client ? p.server_config : p.client_config, crls);
        pair_start(&p);
        assert_false(pair_run(&p));
        hf_conn_error(client ? p.server : p.client, &e);
        assert_int_equal(e.code, HF_E_CERT_REVOKED);
        assert_int_equal(e.alert, HF_ALERT_certificate_revoked);
        pair_free(&p);
        hf_crls_free(crls);
        hf_der_free(der);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_says_what_is_revoked),
        cmocka_unit_test(an_old_list_is_believed_when_it_revokes_but_not_when_it_does_not),
        cmocka_unit_test(a_list_of_another_authority_with_the_same_name_says_nothing),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_long_list_is_searched_in_any_order),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(a_connection_is_refused_for_it),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
