/* test_bad_extensions.c: extensions that stand where none of their kind may, twice, or behind the
 * one that must be last; answers outside what was offered. The bytes are put in as they are. */
#include "support/tamper.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static pair_pki pki;

/* Extensions that are put behind those of a message. */
typedef struct addition {
    const char *what;
    uint8_t message;
    bool by_client;
    hf_status code;
    uint8_t bytes[64];
    size_t n;
} addition;

/* Where the length of the message's extensions stands. */
static size_t list_at(uint8_t message, const hf_buf *b)
{
    size_t at;
    switch (message) {
    case HF_MSG_CLIENT_HELLO:
        at = 34;
        at += 1U + b->p[at];                               /* legacy_session_id */
        at += 2U + ((size_t)b->p[at] << 8 | b->p[at + 1]); /* cipher_suites */
        return at + 1U + b->p[at];                         /* compression methods */
    case HF_MSG_SERVER_HELLO:
    case HF_MSG_HELLO_RETRY_REQUEST:
        return 34U + 1U + b->p[34] + 3U;
    case HF_MSG_CERTIFICATE_REQUEST:
        return 1U + b->p[0];
    default:
        return 0; /* EncryptedExtensions */
    }
}

static void append(hf_buf *b, void *ctx)
{
    const addition *a = ctx;
    size_t at = list_at(a->message, b);
    size_t n = ((size_t)b->p[at] << 8 | b->p[at + 1]) + a->n;
    assert_int_equal(at + 2 + n, b->n + a->n);
    assert_int_equal(hf_buf_append(b, hf_bytes_of(a->bytes, a->n)), HF_OK);
    b->p[at] = (uint8_t)(n >> 8);
    b->p[at + 1] = (uint8_t)n;
}

#define CH HF_MSG_CLIENT_HELLO
#define SH HF_MSG_SERVER_HELLO
#define HR HF_MSG_HELLO_RETRY_REQUEST
#define EE HF_MSG_ENCRYPTED_EXTENSIONS
#define CR HF_MSG_CERTIFICATE_REQUEST
/* clang-format off */
static const addition additions[] = {
    {"oid_filters in ClientHello", CH, true, HF_E_FORBIDDEN_EXTENSION, {0, 48, 0, 2, 0, 0}, 6},
    {"key_share twice", CH, true, HF_E_DUPLICATE_EXTENSION, {0, 51, 0, 2, 0, 0}, 6},
    {"an unknown one twice", CH, true, HF_E_DUPLICATE_EXTENSION, {0x77, 0x77, 0, 0, 0x77, 0x77, 0, 0}, 8},
    {"an extension behind pre_shared_key", CH, true, HF_E_PSK_NOT_LAST,
     {0, 45, 0, 2, 1, 1, 0, 41, 0, 44, 0, 7, 0, 1, 9, 0, 0, 0, 0, 0, 33, 32, [54] = 0x77, 0x77, 0, 0}, 58},
    {"status_request of no form", CH, true, HF_E_DECODE, {0, 5, 0, 1, 1}, 5},
    {"compress_certificate without algorithms", CH, true, HF_E_DECODE, {0, 27, 0, 1, 0}, 5},
    {"certificate_authorities with an empty name", CH, true, HF_E_DECODE, {0, 47, 0, 4, 0, 2, 0, 0}, 8},
    {"server_name in ServerHello", SH, false, HF_E_FORBIDDEN_EXTENSION, {0, 0, 0, 0}, 4},
    {"ALPN in ServerHello", SH, false, HF_E_FORBIDDEN_EXTENSION, {0, 16, 0, 5, 0, 3, 2, 'h', '2'}, 9},
    {"supported_groups in HelloRetryRequest", HR, false, HF_E_FORBIDDEN_EXTENSION, {0, 10, 0, 4, 0, 2, 0, 29}, 8},
    {"key_share in EncryptedExtensions", EE, false, HF_E_FORBIDDEN_EXTENSION, {0, 51, 0, 2, 0, 29}, 6},
    {"compress_certificate in EncryptedExtensions", EE, false, HF_E_FORBIDDEN_EXTENSION, {0, 27, 0, 3, 2, 0, 2}, 7},
    {"status_request in EncryptedExtensions", EE, false, HF_E_FORBIDDEN_EXTENSION, {0, 5, 0, 0}, 4},
    {"record_size_limit 63", EE, false, HF_E_RECORD_SIZE_LIMIT, {0, 28, 0, 2, 0, 63}, 6},
    {"record_size_limit 16386", EE, false, HF_E_RECORD_SIZE_LIMIT, {0, 28, 0, 2, 0x40, 2}, 6},
    {"early_data that was not offered", EE, false, HF_E_UNSOLICITED_EXTENSION, {0, 42, 0, 0}, 4},
    {"key_share in CertificateRequest", CR, false, HF_E_FORBIDDEN_EXTENSION, {0, 51, 0, 2, 0, 29}, 6},
    {"signature_algorithms twice", CR, false, HF_E_DUPLICATE_EXTENSION, {0, 13, 0, 4, 0, 2, 4, 3}, 8},
    {"certificate_authorities empty", CR, false, HF_E_DECODE, {0, 47, 0, 2, 0, 0}, 6},
};
/* clang-format on */

static void start(pair *p, const addition *a)
{
    pair_config(p, &pki);
    hf_config_groups(p->client_config, "X25519:P-256");
    hf_config_key_shares(p->client_config, 1);
    hf_config_groups(p->server_config, a->message == HR ? "P-256" : "X25519:P-256");
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_OPTIONAL);
    hf_config_send_authorities(p->server_config, false);
    hf_config_add_identity(p->client_config, pki.client);
    hf_config_request_ocsp(p->client_config, false);
    hf_config_trace(a->by_client ? p->server_config : p->client_config, &tamper_watch);
    pair_start(p);
    tamper_start(a->by_client ? p->client : p->server);
}

/* The client is made to have offered record_size_limit, which the server did not see. */
static void pretend_offer(hf_conn *client)
{
    client->hs->hello.extensions.present |= HF_X_BIT(HF_X_RECORD_SIZE_LIMIT);
}

static void every_misplaced_extension_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(additions) / sizeof(additions[0]); i++) {
        const addition *a = &additions[i];
        pair p;
        hf_error e;
        start(&p, a);
        if (a->code == HF_E_RECORD_SIZE_LIMIT) {
            hf_step(p.client);
            pretend_offer(p.client);
        }
        tamper_message(a->message, 0, append, (void *)(uintptr_t)a);
        pair_run(&p);
        hf_conn *victim = a->by_client ? p.server : p.client;
        hf_conn_error(victim, &e);
        if (e.code != a->code)
            fail_msg("%s: %s (%s)", a->what, hf_error_name(e.code), e.field != NULL ? e.field : "");
        tamper_expect(&p, victim, a->code);
        pair_free(&p);
    }
}

/* ---- Certificate ---- */

static void give_context(hf_buf *b, void *ctx)
{
    (void)ctx;
    hf_buf out = {0};
    static const uint8_t context[] = {2, 7, 7};
    assert_int_equal(hf_buf_append(&out, hf_bytes_of(context, sizeof context)), HF_OK);
    assert_int_equal(hf_buf_append(&out, hf_bytes_of(b->p + 1, b->n - 1)), HF_OK);
    hf_buf_free(b);
    *b = out;
}

static void a_context_in_a_certificate_of_the_handshake_is_refused(void **state)
{
    (void)state;
    for (int by_client = 0; by_client < 2; by_client++) {
        pair p;
        pair_config(&p, &pki);
        hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
        hf_config_add_identity(p.client_config, pki.client);
        hf_config_trace(by_client ? p.server_config : p.client_config, &tamper_watch);
        pair_start(&p);
        tamper_start(by_client ? p.client : p.server);
        tamper_message(HF_MSG_CERTIFICATE, 0, give_context, NULL);
        tamper_expect(&p, by_client ? p.server : p.client, HF_E_REQUEST_CONTEXT);
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_misplaced_extension_is_refused),
        cmocka_unit_test(a_context_in_a_certificate_of_the_handshake_is_refused),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
