/* test_config.c: a config's setters: what they refuse and why, that the first failure is
 * remembered, that a frozen config changes no more, and what connections refuse before they begin.
 */
#include "base/bytes.h"
#include "handshake/config.h"
#include "support/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;

static hf_config *fresh(hf_role role)
{
    hf_config *cfg;
    assert_int_equal(hf_config_new(role, &cfg), HF_OK);
    return cfg;
}

/* ---- every setter, on a config that is open, frozen, or none ---- */

static void hello(void *ctx, hf_conn *conn, const hf_hello_view *view, hf_hello *h)
{
    (void)ctx;
    (void)conn;
    (void)view;
    hf_hello_go_on(h, NULL);
}

static void line(void *ctx, const char *text)
{
    (void)ctx;
    (void)text;
}

static hf_alert accept_peer(void *ctx, const hf_conn *conn, const hf_cert *const *path,
                            size_t count)
{
    (void)ctx;
    (void)conn;
    (void)path;
    (void)count;
    return HF_ALERT_close_notify;
}

static void seal_none(void *ctx, hf_conn *conn, hf_bytes state, hf_ticket_call *call)
{
    (void)ctx;
    (void)conn;
    (void)state;
    hf_ticket_sealed(call, (hf_bytes){NULL, 0});
}

static void open_none(void *ctx, hf_conn *conn, hf_bytes ticket, hf_ticket_call *call)
{
    (void)ctx;
    (void)conn;
    (void)ticket;
    hf_ticket_opened(call, (hf_bytes){NULL, 0}, false);
}

/* Calls the setter number `i` with a value that is right; false past the last. */
static bool set(unsigned i, hf_config *cfg, hf_status *s)
{
    static const hf_limits limits = {.chain_length = 5, .output_pending = 1000};
    static const hf_trace trace = {0};
    static const hf_executor executor = {0};
    static const hf_ticket_sealer sealer = {seal_none, open_none, NULL};
    switch (i) {
#define SETTER(number, call)                                                                       \
    case number:                                                                                   \
        *s = call;                                                                                 \
        return true
        SETTER(0, hf_config_add_identity(cfg, pki.server));
        SETTER(1, hf_config_trust(cfg, pki.store));
        SETTER(2, hf_config_client_auth(cfg, HF_CLIENT_AUTH_OPTIONAL));
        SETTER(3, hf_config_groups(cfg, "P-256"));
        SETTER(4, hf_config_suites(cfg, "TLS_AES_128_GCM_SHA256"));
        SETTER(5, hf_config_sigschemes(cfg, "ed25519"));
        SETTER(6, hf_config_alpn(cfg, "h2"));
        SETTER(7, hf_config_key_shares(cfg, 1));
        SETTER(8, hf_config_versions(cfg, HF_TLS_1_3, HF_TLS_1_3));
        SETTER(9, hf_config_limits(cfg, &limits));
        SETTER(10, hf_config_record_size_limit(cfg, 1000));
        SETTER(11, hf_config_padding(cfg, 16));
        SETTER(12, hf_config_key_limit(cfg, 100));
        SETTER(13, hf_config_grease(cfg, false));
        SETTER(14, hf_config_middlebox_compatibility(cfg, false));
        SETTER(15, hf_config_retry_cookie(cfg, true));
        SETTER(16, hf_config_keep_peer_chain(cfg, true));
        SETTER(17, hf_config_keylog(cfg, line, NULL));
        SETTER(18, hf_config_trace(cfg, &trace));
        SETTER(19, hf_config_executor(cfg, &executor));
        SETTER(20, hf_config_random(cfg, pair_random, NULL));
        SETTER(21, hf_config_clock(cfg, pair_clock, NULL));
        SETTER(22, hf_config_insecure_no_verification(cfg));
        SETTER(23, hf_config_cert_compression(cfg, "none"));
        SETTER(24, hf_config_cert_sigschemes(cfg, "ed25519"));
        SETTER(25, hf_config_request_ocsp(cfg, false));
        SETTER(26, hf_config_request_scts(cfg, true));
        SETTER(27, hf_config_send_authorities(cfg, true));
        SETTER(28, hf_config_known_names_only(cfg, true));
        SETTER(29, hf_config_client_hello(cfg, hello, NULL));
        SETTER(30, hf_config_provider(cfg, hf_provider_portable()));
        SETTER(31, hf_config_check_peer(cfg, accept_peer, NULL));
        SETTER(32, hf_config_ticket_sealer(cfg, &sealer));
        SETTER(33, hf_config_early_data_store(cfg, NULL, NULL));
        SETTER(34, hf_config_stateless_retry(cfg, 30));
        SETTER(35, hf_config_ct(cfg, NULL, NULL));
#undef SETTER
    default:
        return false;
    }
}

static void a_frozen_config_changes_no_more(void **state)
{
    (void)state;
    hf_status s;
    hf_error e;
    hf_config *cfg = fresh(HF_SERVER);
    hf_config_add_identity(cfg, pki.server);
    assert_int_equal(hf_config_freeze(cfg, &e), HF_OK);
    assert_int_equal(hf_config_freeze(cfg, &e), HF_OK); /* once more does nothing */
    for (unsigned i = 0; set(i, cfg, &s); i++)
        if (s != HF_E_CONFIG_FROZEN)
            fail_msg("setter %u: %s", i, hf_error_name(s));
    hf_config_free(cfg);
}

/* A program may check once, at the freeze: also that the config could be made at all. */
static void a_config_that_could_not_be_made_is_noticed_at_the_freeze(void **state)
{
    (void)state;
    hf_status s;
    hf_error e;
    for (unsigned i = 0; set(i, NULL, &s); i++)
        if (s != HF_E_OUT_OF_MEMORY)
            fail_msg("setter %u: %s", i, hf_error_name(s));
    assert_int_equal(hf_config_freeze(NULL, &e), HF_E_OUT_OF_MEMORY);
    assert_int_equal(e.code, HF_E_OUT_OF_MEMORY);
    hf_config_free(NULL);
}

static void every_setter_takes_what_is_right(void **state)
{
    (void)state;
    hf_status s;
    hf_config *cfg = fresh(HF_SERVER);
    for (unsigned i = 0; set(i, cfg, &s); i++)
        if (s != HF_OK)
            fail_msg("setter %u: %s", i, hf_error_name(s));
    assert_int_equal(hf_config_freeze(cfg, NULL), HF_OK);
    assert_int_equal(cfg->limits.chain_length, 5);
    assert_int_equal(cfg->limits.handshake_message, 65536); /* 0 kept the default */
    hf_config_free(cfg);
}

/* ---- values that are wrong ---- */

/* The setter fails with `code`, and the freeze says the same, whatever comes after. */
static void refused(hf_config *cfg, hf_status got, hf_status code, const char *field)
{
    hf_error e;
    assert_int_equal(got, code);
    hf_config_padding(cfg, 0);
    hf_config_key_shares(cfg, 99); /* the first failure is the one that counts */
    assert_int_equal(hf_config_freeze(cfg, &e), code);
    assert_int_equal(e.code, code);
    assert_string_equal(e.field, field);
    assert_true(code == HF_E_EMPTY_LIST || e.expected[0] != '\0');
    hf_config_free(cfg);
}

static void wrong_values_are_refused_and_remembered(void **state)
{
    (void)state;
    hf_config *c;
#define REFUSED(role, call, code, field)                                                           \
    do {                                                                                           \
        c = fresh(role);                                                                           \
        refused(c, call, code, field);                                                             \
    } while (0)
    REFUSED(HF_CLIENT, hf_config_client_auth(c, HF_CLIENT_AUTH_REQUIRED), HF_E_WRONG_ROLE,
            "client_auth");
    REFUSED(HF_CLIENT, hf_config_known_names_only(c, true), HF_E_WRONG_ROLE, "known_names_only");
    REFUSED(HF_CLIENT, hf_config_client_hello(c, hello, NULL), HF_E_WRONG_ROLE, "client_hello");
    REFUSED(HF_CLIENT, hf_config_key_shares(c, 0), HF_E_BAD_ARGUMENT, "key_shares");
    REFUSED(HF_CLIENT, hf_config_key_shares(c, 5), HF_E_BAD_ARGUMENT, "key_shares");
    REFUSED(HF_CLIENT, hf_config_versions(c, HF_TLS_1_3, HF_TLS_1_2), HF_E_BAD_ARGUMENT,
            "versions");
    REFUSED(HF_CLIENT, hf_config_versions(c, 0x0301, HF_TLS_1_3), HF_E_BAD_ARGUMENT, "versions");
    REFUSED(HF_CLIENT, hf_config_versions(c, HF_TLS_1_3, 0x0305), HF_E_BAD_ARGUMENT, "versions");
    REFUSED(HF_CLIENT, hf_config_record_size_limit(c, 63), HF_E_BAD_ARGUMENT, "record_size_limit");
    REFUSED(HF_CLIENT, hf_config_record_size_limit(c, 16386), HF_E_BAD_ARGUMENT,
            "record_size_limit");
    REFUSED(HF_CLIENT, hf_config_groups(c, "P-256:P-257"), HF_E_UNKNOWN_NAME_IN_LIST, "groups");
    REFUSED(HF_CLIENT, hf_config_suites(c, "TLS_NULL"), HF_E_UNKNOWN_NAME_IN_LIST, "suites");
    REFUSED(HF_CLIENT, hf_config_sigschemes(c, "dsa"), HF_E_UNKNOWN_NAME_IN_LIST, "sigschemes");
    REFUSED(HF_CLIENT, hf_config_cert_sigschemes(c, "dsa"), HF_E_UNKNOWN_NAME_IN_LIST,
            "cert_sigschemes");
    REFUSED(HF_CLIENT, hf_config_cert_compression(c, "lzma"), HF_E_UNKNOWN_NAME_IN_LIST,
            "cert_compression");
    REFUSED(HF_CLIENT, hf_config_groups(c, " :, "), HF_E_EMPTY_LIST, "groups");
    REFUSED(HF_CLIENT, hf_config_suites(c, ""), HF_E_EMPTY_LIST, "suites");
    REFUSED(HF_CLIENT, hf_config_alpn(c, "h2,,http/1.1"), HF_E_BAD_ARGUMENT, "alpn");
#undef REFUSED
}

static void unknown_names_say_which_are_known(void **state)
{
    (void)state;
    static const struct {
        hf_status (*list)(hf_config *cfg, const char *names);
        const char *known;
    } cases[] = {{hf_config_groups, "X25519MLKEM768"},
                 {hf_config_suites, "TLS_AES_256_GCM_SHA384"},
                 {hf_config_sigschemes, "ed25519"},
                 {hf_config_cert_sigschemes, "ed25519"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hf_error e;
        hf_config *cfg = fresh(HF_CLIENT);
        assert_int_equal(cases[i].list(cfg, "nonsense"), HF_E_UNKNOWN_NAME_IN_LIST);
        hf_config_freeze(cfg, &e);
        assert_string_equal(e.got, "nonsense");
        assert_non_null(strstr(e.expected, cases[i].known));
        hf_config_free(cfg);
    }
}

static void lists_have_an_end(void **state)
{
    (void)state;
    static const struct {
        hf_status (*list)(hf_config *cfg, const char *names);
        const char *item;
    } cases[] = {{hf_config_groups, "P-256:"},
                 {hf_config_suites, "TLS_AES_128_GCM_SHA256:"},
                 {hf_config_sigschemes, "ed25519:"},
                 {hf_config_cert_sigschemes, "ed25519:"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char names[8192] = "";
        for (unsigned n = 0; n < 200; n++)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s", cases[i].item);
        hf_config *cfg = fresh(HF_CLIENT);
        assert_int_equal(cases[i].list(cfg, names), HF_E_BAD_ARGUMENT);
        hf_config_free(cfg);
    }
}

/* Case does not matter, and curves have the names that people use. */
static void names_are_found_however_they_are_written(void **state)
{
    (void)state;
    static const char *const same[] = {"P-256", "p-256", "secp256r1", "SECP256R1", "prime256v1"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        hf_config *cfg = fresh(HF_CLIENT);
        assert_int_equal(hf_config_groups(cfg, same[i]), HF_OK);
        assert_int_equal(cfg->group_count, 1);
        assert_int_equal(cfg->groups[0]->id, 0x0017);
        hf_config_free(cfg);
    }
}

static void a_config_holds_64_identities(void **state)
{
    (void)state;
    hf_error e;
    hf_config *cfg = fresh(HF_SERVER);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(hf_config_add_identity(cfg, pki.server), HF_OK);
    assert_int_equal(hf_config_add_identity(cfg, pki.server), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_config_freeze(cfg, &e), HF_E_BAD_ARGUMENT);
    assert_string_equal(e.field, "identity");
    hf_config_free(cfg);
}

/* ---- what a config needs ---- */

static void what_is_missing_is_told_at_the_freeze(void **state)
{
    (void)state;
    hf_error e;
    hf_store *empty;
    hf_config *cfg = fresh(HF_CLIENT);
    assert_int_equal(hf_config_freeze(cfg, &e), HF_E_NO_TRUST);
    hf_config_free(cfg);

    cfg = fresh(HF_SERVER);
    assert_int_equal(hf_config_freeze(cfg, &e), HF_E_NO_IDENTITY);
    hf_config_free(cfg);

    cfg = fresh(HF_SERVER);
    hf_config_add_identity(cfg, pki.server);
    hf_config_client_auth(cfg, HF_CLIENT_AUTH_OPTIONAL);
    assert_int_equal(hf_config_freeze(cfg, NULL), HF_E_NO_TRUST);
    hf_config_free(cfg);

    assert_int_equal(hf_store_new(&empty), HF_OK);
    cfg = fresh(HF_CLIENT);
    hf_config_trust(cfg, empty);
    assert_int_equal(hf_config_freeze(cfg, &e), HF_E_STORE_EMPTY);
    hf_config_free(cfg);
    hf_store_free(empty);
}

static void an_authority_that_stands_twice_is_named_once(void **state)
{
    (void)state;
    pair_pki other;
    pair_pki_make(&other, HF_KEY_P256); /* another key, the same name */
    hf_config *cfg = fresh(HF_SERVER);
    hf_store *both;
    assert_int_equal(hf_store_new(&both), HF_OK);
    assert_int_equal(hf_store_add(both, pki.ca_der, NULL, NULL), HF_OK);
    assert_int_equal(hf_store_add(both, other.ca_der, NULL, NULL), HF_OK);
    assert_int_equal(hf_store_count(both), 2);
    hf_config_add_identity(cfg, pki.server);
    hf_config_client_auth(cfg, HF_CLIENT_AUTH_OPTIONAL);
    hf_config_trust(cfg, both);
    assert_int_equal(hf_config_freeze(cfg, NULL), HF_OK);
    assert_int_equal(cfg->authorities_wire.n, 2 + pki.ca.subject.n);
    hf_config_free(cfg);
    hf_store_free(both);
    pair_pki_free(&other);
}

/* ---- connections that cannot begin ---- */

static void connections_need_a_frozen_config_of_their_role_and_a_host(void **state)
{
    (void)state;
    hf_conn *c;
    hf_config *client = fresh(HF_CLIENT), *server = fresh(HF_SERVER);
    hf_config_trust(client, pki.store);
    hf_config_add_identity(server, pki.server);
    assert_int_equal(hf_client_new(client, "a.test", &c), HF_E_CONFIG_NOT_FROZEN);
    assert_int_equal(hf_server_new(server, &c), HF_E_CONFIG_NOT_FROZEN);
    assert_int_equal(hf_config_freeze(client, NULL), HF_OK);
    assert_int_equal(hf_config_freeze(server, NULL), HF_OK);
    assert_int_equal(hf_client_new(server, "a.test", &c), HF_E_WRONG_ROLE);
    assert_int_equal(hf_client_new_insecure_no_name(server, &c), HF_E_WRONG_ROLE);
    assert_int_equal(hf_server_new(client, &c), HF_E_WRONG_ROLE);
    assert_int_equal(hf_client_new(client, NULL, &c), HF_E_NO_HOST_NAME);
    assert_int_equal(hf_client_new(client, "", &c), HF_E_NO_HOST_NAME);
    assert_int_equal(hf_client_new(client, "a b", &c), HF_E_BAD_HOST_NAME);
    assert_int_equal(hf_client_new(client, "*.test", &c), HF_E_BAD_HOST_NAME);
    assert_null(c);

    hf_info info; /* the root's dot is not part of what is asked for */
    assert_int_equal(hf_client_new(client, "a.test.", &c), HF_OK);
    hf_conn_info(c, &info);
    assert_string_equal(info.host, "a.test");
    int user;
    hf_conn_set_user(c, &user);
    assert_ptr_equal(hf_conn_user(c), &user);
    hf_conn_free(c);
    hf_config_free(client);
    hf_config_free(server);
}

static void calls_at_the_wrong_time_are_refused(void **state)
{
    (void)state;
    pair p;
    size_t n;
    uint8_t out[100], record[100] = {0};
    hf_bytes data, piece = hf_bytes_text("x");
    pair_config(&p, &pki);
    pair_start(&p);
    assert_int_equal(hf_write(p.client, "x", 1, &n), HF_E_WRONG_STATE);
    assert_int_equal(hf_key_update(p.client, true), HF_E_WRONG_STATE);
    assert_int_equal(hf_export(p.client, "l", (hf_bytes){NULL, 0}, out, 32), HF_E_WRONG_STATE);
    assert_int_equal(hf_seal(p.client, &piece, 1, out, sizeof out, &n), HF_E_WRONG_STATE);
    assert_int_equal(hf_open(p.client, record, sizeof record, &n, &data), HF_E_WRONG_STATE);
    assert_true(pair_run(&p));
    assert_int_equal(hf_export(p.client, "l", (hf_bytes){NULL, 0}, out, 100000), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_seal(p.client, &piece, 1, out, 10, &n), HF_E_NO_ROOM);
    assert_int_equal(hf_close(p.client), HF_OK);
    assert_int_equal(hf_close(p.client), HF_OK);
    assert_int_equal(hf_write(p.client, "x", 1, &n), HF_E_CLOSED);
    assert_int_equal(hf_abort(p.server, HF_ALERT_user_canceled), HF_OK);
    assert_true(hf_step(p.server) < 0);
    assert_true(hf_read(p.server, out, 1, &n) < 0);
    assert_true(hf_write(p.server, "x", 1, &n) < 0);
    pair_free(&p);
}

/* ---- the key log ---- */

static char logged[32][256];
static unsigned lines;

static void keep_line(void *ctx, const char *text)
{
    (void)ctx;
    assert_true(lines < 32 && strlen(text) < sizeof logged[0]);
    snprintf(logged[lines++], sizeof logged[0], "%s", text);
}

/* Both sides log the same five lines: NSS's labels, the client's random, the secret. */
static void the_key_log_has_nss_lines_and_both_sides_agree(void **state)
{
    (void)state;
    static const char *const labels[] = {
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET"};
    pair p;
    lines = 0;
    pair_config(&p, &pki);
    hf_config_suites(p.client_config, "TLS_AES_256_GCM_SHA384");
    hf_config_keylog(p.client_config, keep_line, NULL);
    hf_config_keylog(p.server_config, keep_line, NULL);
    pair_start(&p);
    assert_true(pair_run(&p));
    assert_int_equal(lines, 10);
    for (size_t l = 0; l < 5; l++) {
        const char *found[2] = {NULL, NULL};
        size_t n = strlen(labels[l]), times = 0;
        for (unsigned i = 0; i < lines; i++)
            if (strncmp(logged[i], labels[l], n) == 0 && logged[i][n] == ' ') {
                assert_true(times < 2);
                found[times++] = logged[i];
            }
        assert_int_equal(times, 2);
        assert_string_equal(found[0], found[1]);
        assert_int_equal(strlen(found[0]), n + 1 + 64 + 1 + 96);
        assert_int_equal(strspn(found[0] + n + 1, "0123456789abcdef"), 64);
    }
    pair_free(&p);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frozen_config_changes_no_more),
        cmocka_unit_test(a_config_that_could_not_be_made_is_noticed_at_the_freeze),
        cmocka_unit_test(every_setter_takes_what_is_right),
        cmocka_unit_test(wrong_values_are_refused_and_remembered),
        cmocka_unit_test(unknown_names_say_which_are_known),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(names_are_found_however_they_are_written),
        cmocka_unit_test(a_config_holds_64_identities),
        cmocka_unit_test(what_is_missing_is_told_at_the_freeze),
        cmocka_unit_test(an_authority_that_stands_twice_is_named_once),
        cmocka_unit_test(connections_need_a_frozen_config_of_their_role_and_a_host),
        cmocka_unit_test(calls_at_the_wrong_time_are_refused),
        cmocka_unit_test(the_key_log_has_nss_lines_and_both_sides_agree),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
