/* test_bad_values.c: messages of good form with values that the protocol forbids: each is refused
 * with its own code, and so with the alert that RFC 9846 names for it. */
#include "support/tamper.h"

#include "base/bytes.h"
#include "wire/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static pair_pki pki;

/* A message is parsed, its struct changed, and built again: the change says what is wrong. */
typedef struct value_case {
    const char *what;
    uint8_t message;
    unsigned nth;
    bool by_client;
    void (*edit)(void *m); /* m is the message's struct */
    hf_status code;
    uint8_t alert;
} value_case;

static union {
    hf_client_hello client_hello;
    hf_server_hello server_hello;
    hf_encrypted_extensions extensions;
    hf_certificate_request request;
    hf_certificate_verify verify;
    hf_finished finished;
} parsed;

static const value_case *now;

/* The parsers borrow, so the rebuilt message goes to a buffer of its own. */
static void edit(hf_buf *body, void *ctx)
{
    (void)ctx;
    hf_reader r;
    hf_writer w;
    hf_buf out = {0};
    hf_reader_init(&r, hf_buf_bytes(body), NULL);
    hf_writer_init_buf(&w, &out);
#define EDIT(type, member, parse, build)                                                           \
    case type:                                                                                     \
        assert_true(parse(&r, &parsed.member));                                                    \
        now->edit(&parsed.member);                                                                 \
        build(&w, &parsed.member);                                                                 \
        break
    switch (now->message) {
        EDIT(HF_MSG_CLIENT_HELLO, client_hello, hf_client_hello_parse, hf_client_hello_build);
        EDIT(HF_MSG_SERVER_HELLO, server_hello, hf_server_hello_parse, hf_server_hello_build);
        EDIT(HF_MSG_HELLO_RETRY_REQUEST, server_hello, hf_server_hello_parse,
             hf_server_hello_build);
        EDIT(HF_MSG_ENCRYPTED_EXTENSIONS, extensions, hf_encrypted_extensions_parse,
             hf_encrypted_extensions_build);
        EDIT(HF_MSG_CERTIFICATE_REQUEST, request, hf_certificate_request_parse,
             hf_certificate_request_build);
        EDIT(HF_MSG_CERTIFICATE_VERIFY, verify, hf_certificate_verify_parse,
             hf_certificate_verify_build);
        EDIT(HF_MSG_FINISHED, finished, hf_finished_parse, hf_finished_build);
    default:
        fail_msg("no editor for this message");
    }
#undef EDIT
    hf_buf_free(body);
    *body = out;
}

/* ---- ClientHello ---- */

#define HELLO(name)                                                                                \
    static void name(void *v)                                                                      \
    {                                                                                              \
        hf_client_hello *m = v;
#define END }
/* clang-format off */
static const uint8_t two[] = {0, 1}, old_versions[] = {3, 3, 3, 2}, other[32] = {1}, x25519_zero[4 + 32] = {0, 0x1d, 0, 32},
    short_share[4 + 31] = {0, 0x1d, 0, 31}, unknown_suite[] = {0x13, 0x77}, unknown_group[] = {0x77, 0x77},
    p256_off[4 + 65] = {0, 0x17, 0, 65, 4, 1}, twice[] = {0, 0x1d, 0, 1, 1, 0, 0x1d, 0, 1, 1}, unlisted[] = {0x77, 0x77, 0, 1, 1},
    one_scheme[] = {0x08, 0x0a}, no_alpn[] = {2, 'x', 'y'}, two_alpn[] = {2, 'h', '2', 2, 'h', '3'};
HELLO(hello_compression) m->legacy_compression_methods = (hf_bytes){two, 2}; END
HELLO(hello_no_versions) m->extensions.present &= ~HF_X_BIT(HF_X_SUPPORTED_VERSIONS); END
HELLO(hello_old) m->extensions.supported_versions = (hf_bytes){old_versions, 4}; END
HELLO(hello_no_shares) m->extensions.present &= ~HF_X_BIT(HF_X_KEY_SHARE); END
HELLO(hello_no_groups) m->extensions.present &= ~HF_X_BIT(HF_X_SUPPORTED_GROUPS); END
HELLO(hello_no_schemes) m->extensions.present &= ~HF_X_BIT(HF_X_SIGNATURE_ALGORITHMS); END
HELLO(hello_zero_share) m->extensions.client_shares = (hf_bytes){x25519_zero, sizeof(x25519_zero)}; END
HELLO(hello_short_share) m->extensions.client_shares = (hf_bytes){short_share, sizeof(short_share)}; END
HELLO(hello_off_curve) m->extensions.client_shares = (hf_bytes){p256_off, sizeof(p256_off)}; END
HELLO(hello_same_share) m->extensions.client_shares = (hf_bytes){twice, sizeof(twice)}; END
HELLO(hello_unlisted_share) m->extensions.client_shares = (hf_bytes){unlisted, sizeof(unlisted)}; END
HELLO(hello_suite) m->cipher_suites = (hf_bytes){unknown_suite, 2}; END
HELLO(hello_group) m->extensions.supported_groups = (hf_bytes){unknown_group, 2}; m->extensions.client_shares.n = 0; END
HELLO(hello_scheme) m->extensions.signature_algorithms = (hf_bytes){one_scheme, 2}; END
HELLO(hello_alpn) m->extensions.alpn = (hf_bytes){no_alpn, 3}; END
HELLO(hello_psk_alone) m->extensions.present |= HF_X_BIT(HF_X_PRE_SHARED_KEY);
    static const uint8_t identity[] = {0, 1, 7, 0, 0, 0, 0}; static uint8_t binder[33] = {32};
    m->extensions.psk_identities = (hf_bytes){identity, 7}; m->extensions.psk_binders = (hf_bytes){binder, 33}; END
HELLO(hello_tiny_limit) m->extensions.present |= HF_X_BIT(HF_X_RECORD_SIZE_LIMIT); m->extensions.record_size_limit = 63; END
/* the second one must be as the first was */
HELLO(second_random) m->random = (hf_bytes){other, 32}; END
HELLO(second_session) m->legacy_session_id = (hf_bytes){other, 32}; END
HELLO(second_suites) m->cipher_suites.n -= 2; END
HELLO(second_name) m->extensions.host_name.n -= 1; END
HELLO(second_dropped) m->extensions.present &= ~HF_X_BIT(HF_X_ALPN); END
HELLO(second_early) m->extensions.present |= HF_X_BIT(HF_X_EARLY_DATA); END
HELLO(second_cookie) m->extensions.cookie = (hf_bytes){other, 32}; END
HELLO(second_no_cookie) m->extensions.present &= ~HF_X_BIT(HF_X_COOKIE); END
HELLO(second_share) m->extensions.client_shares = (hf_bytes){x25519_zero, sizeof(x25519_zero)}; END
#undef HELLO

/* ---- ServerHello, HelloRetryRequest ---- */

#define HELLO(name) static void name(void *v) { hf_server_hello *m = v;
HELLO(server_version) m->legacy_version = 0x0302; END
HELLO(server_selected) m->extensions.selected_version = 0x0303; END
HELLO(server_old) m->extensions.present = 0; m->has_extensions = false; END
HELLO(server_session) m->legacy_session_id_echo = (hf_bytes){other, 32}; END
HELLO(server_no_session) m->legacy_session_id_echo.n = 0; END
HELLO(server_compression) m->legacy_compression_method = 1; END
HELLO(server_suite) m->cipher_suite = 0x1377; END
HELLO(server_suite_changed) m->cipher_suite = 0x1302; END
HELLO(server_no_share) m->extensions.present &= ~HF_X_BIT(HF_X_KEY_SHARE); END
HELLO(server_group) m->extensions.share_group = 0x7777; END
HELLO(server_unsent_group) m->extensions.share_group = 0x0018; END
HELLO(server_short_share) m->extensions.server_share.n -= 1; END
HELLO(server_zero_share) static const uint8_t zeros[65]; m->extensions.server_share.p = zeros; END
HELLO(server_psk) m->extensions.present |= HF_X_BIT(HF_X_PRE_SHARED_KEY); END
HELLO(server_unknown) m->extensions.grease_first = 0x7777; END

HELLO(retry_sent) m->extensions.share_group = 0x001d; END
HELLO(retry_long_cookie) static uint8_t cookie[16385]; m->extensions.cookie = (hf_bytes){cookie, sizeof(cookie)}; END
HELLO(retry_empty) m->extensions.present = HF_X_BIT(HF_X_SUPPORTED_VERSIONS); END
#undef HELLO

/* ---- the encrypted ones ---- */

#define EXTENSIONS(name) static void name(void *v) { hf_extensions *x = &((hf_encrypted_extensions *)v)->extensions;
EXTENSIONS(ee_unoffered) x->present |= HF_X_BIT(HF_X_RECORD_SIZE_LIMIT); x->record_size_limit = 100; END
EXTENSIONS(ee_unknown) x->grease_last = 0x7777; END
EXTENSIONS(ee_alpn_other) x->alpn = (hf_bytes){no_alpn, 3}; END
EXTENSIONS(ee_alpn_two) x->alpn = (hf_bytes){two_alpn, 6}; END
static void request_context(void *v) { ((hf_certificate_request *)v)->context = (hf_bytes){other, 3}; }
static void request_no_schemes(void *v) { ((hf_certificate_request *)v)->extensions.present = 0; }
static void verify_unoffered(void *v) { ((hf_certificate_verify *)v)->algorithm = 0x0201; }
static void verify_pkcs1(void *v) { ((hf_certificate_verify *)v)->algorithm = 0x0401; }
static void verify_other_key(void *v) { ((hf_certificate_verify *)v)->algorithm = 0x0804; }
static void verify_wrong(void *v) { static uint8_t changed[256]; hf_certificate_verify *m = v;
    memcpy(changed, m->signature.p, m->signature.n); changed[m->signature.n - 1] ^= 1; m->signature.p = changed; }
static void finished_wrong(void *v) { static uint8_t changed[64]; hf_finished *m = v;
    memcpy(changed, m->verify_data.p, m->verify_data.n); changed[0] ^= 0x80; m->verify_data.p = changed; }
static void finished_short(void *v) { ((hf_finished *)v)->verify_data.n -= 1; }

#define CH HF_MSG_CLIENT_HELLO
#define SH HF_MSG_SERVER_HELLO
#define HR HF_MSG_HELLO_RETRY_REQUEST
#define EE HF_MSG_ENCRYPTED_EXTENSIONS
#define CR HF_MSG_CERTIFICATE_REQUEST
#define CV HF_MSG_CERTIFICATE_VERIFY
#define FI HF_MSG_FINISHED
static const value_case cases[] = {
    {"two compression methods", CH, 0, true, hello_compression, HF_E_BAD_COMPRESSION, HF_ALERT_illegal_parameter},
    {"no supported_versions", CH, 0, true, hello_no_versions, HF_E_NO_COMMON_VERSION, HF_ALERT_protocol_version},
    {"only older versions", CH, 0, true, hello_old, HF_E_NO_COMMON_VERSION, HF_ALERT_protocol_version},
    {"no key_share", CH, 0, true, hello_no_shares, HF_E_MISSING_EXTENSION, HF_ALERT_missing_extension},
    {"no supported_groups", CH, 0, true, hello_no_groups, HF_E_MISSING_EXTENSION, HF_ALERT_missing_extension},
    {"no signature_algorithms", CH, 0, true, hello_no_schemes, HF_E_MISSING_EXTENSION, HF_ALERT_missing_extension},
    {"an X25519 share of zeros", CH, 0, true, hello_zero_share, HF_E_BAD_KEY_SHARE, HF_ALERT_illegal_parameter},
    {"an X25519 share of 31 bytes", CH, 0, true, hello_short_share, HF_E_BAD_KEY_SHARE, HF_ALERT_illegal_parameter},
    {"a P-256 share off the curve", CH, 0, true, hello_off_curve, HF_E_BAD_KEY_SHARE, HF_ALERT_illegal_parameter},
    {"two shares of one group", CH, 0, true, hello_same_share, HF_E_KEY_SHARE_LIST, HF_ALERT_illegal_parameter},
    {"a share of a group not listed", CH, 0, true, hello_unlisted_share, HF_E_KEY_SHARE_LIST, HF_ALERT_illegal_parameter},
    {"no common suite", CH, 0, true, hello_suite, HF_E_NO_COMMON_SUITE, HF_ALERT_handshake_failure},
    {"no common group", CH, 0, true, hello_group, HF_E_NO_COMMON_GROUP, HF_ALERT_handshake_failure},
    {"no common scheme", CH, 0, true, hello_scheme, HF_E_NO_COMMON_SIGNATURE, HF_ALERT_handshake_failure},
    {"no common ALPN", CH, 0, true, hello_alpn, HF_E_NO_COMMON_ALPN, HF_ALERT_no_application_protocol},
    {"PSK without modes", CH, 0, true, hello_psk_alone, HF_E_MISSING_EXTENSION, HF_ALERT_missing_extension},
    {"record_size_limit 63", CH, 0, true, hello_tiny_limit, HF_E_RECORD_SIZE_LIMIT, HF_ALERT_illegal_parameter},
    {"second hello: random", CH, 1, true, second_random, HF_E_HELLO_CHANGED, HF_ALERT_illegal_parameter},
    {"second hello: session id", CH, 1, true, second_session, HF_E_HELLO_CHANGED, HF_ALERT_illegal_parameter},
    {"second hello: suites", CH, 1, true, second_suites, HF_E_HELLO_CHANGED, HF_ALERT_illegal_parameter},
    {"second hello: name", CH, 1, true, second_name, HF_E_HELLO_CHANGED, HF_ALERT_illegal_parameter},
    {"second hello: no ALPN", CH, 1, true, second_dropped, HF_E_HELLO_CHANGED, HF_ALERT_illegal_parameter},
    {"second hello: early_data", CH, 1, true, second_early, HF_E_HELLO_CHANGED, HF_ALERT_illegal_parameter},
    {"second hello: other cookie", CH, 1, true, second_cookie, HF_E_COOKIE_INVALID, HF_ALERT_illegal_parameter},
    {"second hello: no cookie", CH, 1, true, second_no_cookie, HF_E_COOKIE_INVALID, HF_ALERT_illegal_parameter},
    {"second hello: other share", CH, 1, true, second_share, HF_E_KEY_SHARE_LIST, HF_ALERT_illegal_parameter},
    {"legacy_version TLS 1.1", SH, 0, false, server_version, HF_E_VALUE, HF_ALERT_illegal_parameter},
    {"selected_version TLS 1.2", SH, 0, false, server_selected, HF_E_VALUE, HF_ALERT_illegal_parameter},
    {"a ServerHello of TLS 1.2", SH, 0, false, server_old, HF_E_VERSION_UNSUPPORTED_ANSWER, HF_ALERT_protocol_version},
    {"session id not echoed", SH, 0, false, server_session, HF_E_SESSION_ID_ECHO, HF_ALERT_illegal_parameter},
    {"session id empty", SH, 0, false, server_no_session, HF_E_SESSION_ID_ECHO, HF_ALERT_illegal_parameter},
    {"compression chosen", SH, 0, false, server_compression, HF_E_BAD_COMPRESSION, HF_ALERT_illegal_parameter},
    {"suite not offered", SH, 0, false, server_suite, HF_E_SUITE_NOT_OFFERED, HF_ALERT_illegal_parameter},
    {"suite changed after retry", SH, 0, false, server_suite_changed, HF_E_SUITE_CHANGED, HF_ALERT_illegal_parameter},
    {"no key_share in answer", SH, 0, false, server_no_share, HF_E_MISSING_EXTENSION, HF_ALERT_missing_extension},
    {"group not offered", SH, 0, false, server_group, HF_E_GROUP_NOT_OFFERED, HF_ALERT_illegal_parameter},
    {"group without a share", SH, 0, false, server_unsent_group, HF_E_GROUP_NOT_OFFERED, HF_ALERT_illegal_parameter},
    {"server share short", SH, 0, false, server_short_share, HF_E_BAD_KEY_SHARE, HF_ALERT_illegal_parameter},
    {"server share of zeros", SH, 0, false, server_zero_share, HF_E_BAD_KEY_SHARE, HF_ALERT_illegal_parameter},
    {"PSK chosen unasked", SH, 0, false, server_psk, HF_E_UNSOLICITED_EXTENSION, HF_ALERT_unsupported_extension},
    {"unknown extension in ServerHello", SH, 0, false, server_unknown, HF_E_UNSOLICITED_EXTENSION, HF_ALERT_unsupported_extension},
    {"retry: group not offered", HR, 0, false, server_group, HF_E_GROUP_NOT_OFFERED, HF_ALERT_illegal_parameter},
    {"retry: group already sent", HR, 0, false, retry_sent, HF_E_NEEDLESS_RETRY, HF_ALERT_illegal_parameter},
    {"retry: long cookie", HR, 0, false, retry_long_cookie, HF_E_MESSAGE_TOO_LONG, HF_ALERT_decode_error},
    {"retry: empty", HR, 0, false, retry_empty, HF_E_HELLO_RETRY_EMPTY, HF_ALERT_illegal_parameter},
    {"retry: suite not offered", HR, 0, false, server_suite, HF_E_SUITE_NOT_OFFERED, HF_ALERT_illegal_parameter},
    {"retry: unknown extension", HR, 0, false, server_unknown, HF_E_UNSOLICITED_EXTENSION, HF_ALERT_unsupported_extension},
    {"retry: session id", HR, 0, false, server_session, HF_E_SESSION_ID_ECHO, HF_ALERT_illegal_parameter},
    {"answer not offered", EE, 0, false, ee_unoffered, HF_E_UNSOLICITED_EXTENSION, HF_ALERT_unsupported_extension},
    {"unknown extension", EE, 0, false, ee_unknown, HF_E_UNSOLICITED_EXTENSION, HF_ALERT_unsupported_extension},
    {"ALPN not offered", EE, 0, false, ee_alpn_other, HF_E_ALPN_ANSWER, HF_ALERT_illegal_parameter},
    {"two ALPN answers", EE, 0, false, ee_alpn_two, HF_E_ALPN_ANSWER, HF_ALERT_illegal_parameter},
    {"context in CertificateRequest", CR, 0, false, request_context, HF_E_REQUEST_CONTEXT, HF_ALERT_illegal_parameter},
    {"no schemes in CertificateRequest", CR, 0, false, request_no_schemes, HF_E_MISSING_EXTENSION, HF_ALERT_missing_extension},
    {"scheme not offered", CV, 0, false, verify_unoffered, HF_E_SCHEME_NOT_OFFERED, HF_ALERT_illegal_parameter},
    {"PKCS#1 in CertificateVerify", CV, 0, false, verify_pkcs1, HF_E_SCHEME_NOT_OFFERED, HF_ALERT_illegal_parameter},
    {"scheme of another key type", CV, 0, false, verify_other_key, HF_E_SCHEME_KEY_MISMATCH, HF_ALERT_illegal_parameter},
    {"wrong signature", CV, 0, false, verify_wrong, HF_E_BAD_HANDSHAKE_SIGNATURE, HF_ALERT_decrypt_error},
    {"wrong signature of the client", CV, 0, true, verify_wrong, HF_E_BAD_HANDSHAKE_SIGNATURE, HF_ALERT_decrypt_error},
    {"wrong Finished", FI, 0, false, finished_wrong, HF_E_BAD_FINISHED, HF_ALERT_decrypt_error},
    {"wrong Finished of the client", FI, 0, true, finished_wrong, HF_E_BAD_FINISHED, HF_ALERT_decrypt_error},
    {"short Finished", FI, 0, false, finished_short, HF_E_BAD_FINISHED, HF_ALERT_decrypt_error},
};
/* clang-format on */

static void start(pair *p, const value_case *c, bool stateless)
{
    bool retry = c->message == HR || c->nth == 1 || c->edit == server_suite_changed;
    pair_config(p, &pki);
    hf_config_groups(p->client_config, "X25519:P-256");
    hf_config_key_shares(p->client_config, 1);
    hf_config_groups(p->server_config, retry ? "P-256" : "X25519:P-256");
    hf_config_retry_cookie(p->server_config, true);
    if (stateless)
        assert_int_equal(hf_config_stateless_retry(p->server_config, 30), HF_OK);
    hf_config_grease(p->client_config, false); /* parsed structs do not keep it */
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_add_identity(p->client_config, pki.client);
    hf_config_alpn(p->client_config, "h2,http/1.1");
    hf_config_alpn(p->server_config, "h2");
    hf_config_trace(c->by_client ? p->server_config : p->client_config, &tamper_watch);
    pair_start(p);
    tamper_start(c->by_client ? p->client : p->server);
}

static void refused(const value_case *c, bool stateless)
{
    pair p;
    hf_error e;
    now = c;
    start(&p, c, stateless);
    tamper_message(c->message, c->nth, edit, NULL);
    pair_run(&p);
    hf_conn *victim = c->by_client ? p.server : p.client;
    hf_conn_error(victim, &e);
    if (e.code != c->code || e.alert != c->alert)
        fail_msg("%s: %s with %s (%s)", c->what, hf_error_name(e.code), hf_alert_name(e.alert),
                 e.field != NULL ? e.field : "");
    tamper_expect(&p, victim, c->code);
    pair_free(&p);
}

static void every_forbidden_value_has_its_code_and_alert(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(&cases[i], false);
    print_message("%zu forbidden values\n", sizeof(cases) / sizeof(cases[0]));
}

/* A server that kept nothing of the first hello finds the same wrong in the second. */
static void a_second_hello_is_judged_as_well_without_state(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (cases[i].message == CH && cases[i].nth == 1 && ++count != 0)
            refused(&cases[i], true);
    assert_true(count >= 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_forbidden_value_has_its_code_and_alert),
        cmocka_unit_test(a_second_hello_is_judged_as_well_without_state),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
