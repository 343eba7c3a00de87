/* test_bad_certificates.c: certificates that do not prove what they should, shown by a server and
 * by a client: each has its code and its alert, and the error says whose, what was expected and
 * what came. */
#include "support/liar.h"

#include <handfast/x509.h>
#include <stdlib.h>

static pair_pki pki;

/* ---- making a chain ---- */

#define MOST 8U

/* What is special about the leaf and what lies between it and the trusted authority. */
typedef struct plan {
    int64_t from, to;   /* validity of the leaf, relative to now; 0, 0: a good one */
    const char *name;   /* NULL: the right one */
    bool other_ca;      /* issued by an authority of the same name that is not trusted */
    bool self_signed;   /* by its own key */
    bool wrong_purpose; /* extendedKeyUsage of the other role */
    bool not_a_ca;      /* the intermediate is a leaf itself */
    bool leave_out;     /* the intermediates are not sent */
    bool expired_ca;    /* the intermediate is past its validity */
    int path_len;       /* of the first intermediate; -1: none */
    unsigned intermediates;
    int flip; /* which certificate's signature is changed; -1: none */
} plan;

#define GOOD .path_len = -1, .flip = -1

static void must(hf_status s)
{
    if (s != HF_OK)
        fail_msg("%s", hf_error_name(s));
}

typedef struct made {
    hf_bytes der;
    hf_cert cert;
    hf_key *key;
} made;

static made make(const hf_cert_template *t, const hf_cert *issuer, const hf_key *issuer_key)
{
    made m = {0};
    must(hf_key_generate(HF_KEY_P256, 0, &m.key, NULL));
    /* the issuer's own certificate would forbid some of what is tried here */
    hf_cert bent = issuer != NULL ? *issuer : (hf_cert){0};
    bent.is_ca = bent.has_basic_constraints = true;
    bent.path_len = -1;
    bent.has_key_usage = false;
    bent.extended_key_usage = (hf_bytes){NULL, 0};
    must(hf_cert_issue(t, hf_key_public(m.key), issuer != NULL ? &bent : NULL,
                       issuer_key != NULL ? issuer_key : m.key, &m.der, NULL));
    must(hf_cert_parse(m.der, &m.cert, NULL));
    return m;
}

static void let_go(made *m)
{
    hf_der_free(m->der);
    hf_key_free(m->key);
}

/* The last byte of a certificate is the last of its signature. */
static void flip_signature(made *m)
{
    memcpy((void *)(uintptr_t)(m->der.p + m->der.n - 1),
           &(uint8_t){(uint8_t)(m->der.p[m->der.n - 1] ^ 1)}, 1);
}

static hf_identity *identity_of(const made *leaf, const made *above, unsigned count)
{
    hf_identity *identity;
    hf_buf text = {0};
    for (unsigned i = 0; i < 1 + count; i++) {
        char *pem = hf_pem_write(i == 0 ? leaf->der : above[count - i].der, "CERTIFICATE");
        must(hf_buf_append(&text, hf_bytes_text(pem)));
        hf_text_free(pem);
    }
    must(hf_identity_new(hf_buf_bytes(&text), leaf->key, &identity, NULL));
    hf_buf_free(&text);
    return identity;
}

/* The chain of the plan for a server or a client. */
static hf_identity *carry_out(const plan *what, bool server)
{
    const char *names[] = {what->name != NULL ? what->name
                           : server           ? "server.test"
                                              : "c@x.test",
                           NULL};
    hf_cert_template ca = {.subject = "CN=intermediate",
                           .not_before_s = PAIR_NOW - 1000,
                           .not_after_s = what->expired_ca ? PAIR_NOW - 1 : PAIR_NOW + 1000,
                           .ca = !what->not_a_ca,
                           .path_len = what->path_len,
                           .server = what->not_a_ca};
    hf_cert_template leaf = {.subject = "CN=the leaf",
                             .names = names,
                             .not_before_s = PAIR_NOW + (what->to != 0 ? what->from : -1000),
                             .not_after_s = PAIR_NOW + (what->to != 0 ? what->to : 1000),
                             .path_len = -1,
                             .server = server != what->wrong_purpose,
                             .client = server == what->wrong_purpose};
    made between[MOST], last, other = {0};
    char subject[MOST][32];
    const hf_cert *issuer = &pki.ca;
    const hf_key *issuer_key = pki.ca_key;
    if (what->other_ca) {
        hf_cert_template root = {.subject = "CN=handfast test CA",
                                 .ca = true,
                                 .path_len = -1,
                                 .not_before_s = PAIR_NOW - 1000,
                                 .not_after_s = PAIR_NOW + 1000};
        other = make(&root, NULL, NULL);
        issuer = &other.cert;
        issuer_key = other.key;
    }
    for (unsigned i = 0; i < what->intermediates; i++) {
        snprintf(subject[i], sizeof(subject[i]), "CN=intermediate %u", i);
        ca.subject = subject[i];
        ca.path_len = i == 0 && !what->not_a_ca ? what->path_len : -1;
        between[i] = make(&ca, issuer, issuer_key);
        issuer = &between[i].cert;
        issuer_key = between[i].key;
    }
    last = make(&leaf, what->self_signed ? NULL : issuer, what->self_signed ? NULL : issuer_key);
    if (what->flip == 0)
        flip_signature(&last);
    if (what->flip > 0)
        flip_signature(&between[what->flip - 1]);
    hf_identity *identity = identity_of(&last, between, what->leave_out ? 0 : what->intermediates);
    let_go(&last);
    let_go(&other);
    for (unsigned i = 0; i < what->intermediates; i++)
        let_go(&between[i]);
    return identity;
}

/* ---- showing it ---- */

static void start(pair *p, hf_identity *identity, bool by_server, const char *host,
                  const hf_limits *limits)
{
    pair_config(p, &pki);
    if (by_server) {
        hf_config_free(p->server_config);
        must(hf_config_new(HF_SERVER, &p->server_config));
        hf_config_clock(p->server_config, pair_clock, NULL);
        hf_config_add_identity(p->server_config, identity);
    } else {
        hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
        hf_config_add_identity(p->client_config, identity);
    }
    hf_config *judge = by_server ? p->client_config : p->server_config;
    if (limits != NULL)
        hf_config_limits(judge, limits);
    hf_config_trace(judge, &tamper_watch);
    must(hf_config_freeze(p->client_config, NULL));
    must(hf_config_freeze(p->server_config, NULL));
    must(hf_client_new(p->client_config, host, &p->client));
    must(hf_server_new(p->server_config, &p->server));
    tamper_start(by_server ? p->server : p->client);
}

typedef struct bad_case {
    const char *what;
    plan plan;
    const char *host; /* NULL: server.test; then only a server's certificate is tried */
    uint32_t chain_length;
    hf_status code;
    uint8_t alert;
    const char *field, *subject, *expected, *got; /* parts of the error */
} bad_case;

/* clang-format off */
static const bad_case cases[] = {
    {"expired a second ago", {GOOD, .from = -1000, .to = -1}, NULL, 0, HF_E_CERT_EXPIRED,
     HF_ALERT_certificate_expired, "validity", "CN=the leaf", "valid at", "expired on"},
    {"valid in a second", {GOOD, .from = 1, .to = 1000}, NULL, 0, HF_E_CERT_NOT_YET_VALID,
     HF_ALERT_certificate_expired, "validity", "CN=the leaf", "valid at", "valid only from"},
    {"another name", {GOOD, .name = "other.test"}, "server.test", 0, HF_E_CERT_WRONG_NAME,
     HF_ALERT_bad_certificate, "subjectAltName", "CN=the leaf", "server.test", "other.test"},
    {"a wildcard two levels up", {GOOD, .name = "*.x.test"}, "a.b.x.test", 0, HF_E_CERT_WRONG_NAME,
     HF_ALERT_bad_certificate, "subjectAltName", "CN=the leaf", "a.b.x.test", "*.x.test"},
    {"another address", {GOOD, .name = "127.0.0.2"}, "127.0.0.1", 0, HF_E_CERT_WRONG_NAME,
     HF_ALERT_bad_certificate, "subjectAltName", "CN=the leaf", "127.0.0.1", "127.0.0.2"},
    {"another IPv6 address", {GOOD, .name = "::2"}, "::1", 0, HF_E_CERT_WRONG_NAME,
     HF_ALERT_bad_certificate, "subjectAltName", "CN=the leaf", "::1", "::2"},
    {"a name in place of an address", {GOOD, .name = "server.test"}, "127.0.0.1", 0,
     HF_E_CERT_WRONG_NAME, HF_ALERT_bad_certificate, "subjectAltName", "CN=the leaf", "127.0.0.1", "server.test"},
    {"an authority of the same name", {GOOD, .other_ca = true}, NULL, 0, HF_E_CERT_BAD_SIGNATURE,
     HF_ALERT_bad_certificate, "signature", "CN=the leaf", "a signature by", "does not verify"},
    {"self-signed", {GOOD, .self_signed = true}, NULL, 0, HF_E_CERT_UNTRUSTED,
     HF_ALERT_unknown_ca, "issuer", "CN=the leaf", "CN=the leaf", "self-signed"},
    {"another purpose", {GOOD, .wrong_purpose = true}, NULL, 0, HF_E_CERT_PURPOSE,
     HF_ALERT_unsupported_certificate, "extKeyUsage", "CN=the leaf", "Auth", "Auth"},
    {"a changed signature", {.path_len = -1, .flip = 0}, NULL, 0, HF_E_CERT_BAD_SIGNATURE,
     HF_ALERT_bad_certificate, "signature", "CN=the leaf", "handfast test CA", "does not verify"},
    {"a changed signature above", {.path_len = -1, .intermediates = 2, .flip = 2}, NULL, 0, HF_E_CERT_BAD_SIGNATURE,
     HF_ALERT_bad_certificate, "signature", "CN=intermediate 1", "intermediate 0", "does not verify"},
    {"issued by a leaf", {GOOD, .intermediates = 1, .not_a_ca = true}, NULL, 0, HF_E_CERT_NOT_A_CA,
     HF_ALERT_bad_certificate, "basicConstraints", "CN=intermediate 0", "cA TRUE", "not an authority"},
    {"an intermediate missing", {GOOD, .intermediates = 1, .leave_out = true}, NULL, 0, HF_E_CERT_UNTRUSTED,
     HF_ALERT_unknown_ca, "issuer", "CN=the leaf", "CN=intermediate 0", "trusted certificates"},
    {"an expired intermediate", {GOOD, .intermediates = 1, .expired_ca = true}, NULL, 0, HF_E_CERT_EXPIRED,
     HF_ALERT_certificate_expired, "validity", "CN=intermediate 0", "valid at", "expired on"},
    {"more authorities than one allows", {.flip = -1, .intermediates = 3, .path_len = 1}, NULL, 0,
     HF_E_CERT_PATH_LENGTH, HF_ALERT_bad_certificate, "pathLenConstraint", "CN=intermediate 0", "at most 1", "2 authorities below it"},
    {"more certificates than allowed", {GOOD, .intermediates = 3}, NULL, 3, HF_E_CHAIN_TOO_LONG,
     HF_ALERT_bad_certificate, "certificate_list", NULL, "at most 3", "4 certificates"},
    {"a path longer than allowed", {GOOD, .intermediates = 3}, NULL, 4, HF_E_CHAIN_TOO_LONG,
     HF_ALERT_bad_certificate, "path length", "CN=intermediate 0", "at most 4", "longer"},
};
/* clang-format on */

static void has(const char *what, const char *text, const char *part)
{
    if (part != NULL && strstr(text, part) == NULL)
        fail_msg("%s: \"%s\" without \"%s\"", what, text, part);
}

static void run(const bad_case *c, bool by_server)
{
    pair p;
    hf_error e;
    hf_limits limits = {.chain_length = c->chain_length};
    hf_identity *identity = carry_out(&c->plan, by_server);
    start(&p, identity, by_server, c->host != NULL ? c->host : "server.test", &limits);
    hf_conn *victim = by_server ? p.client : p.server;
    liar_expect(&p, victim, c->what, c->code, c->alert);
    hf_conn_error(victim, &e);
    assert_non_null(e.message);
    has(c->what, e.field, c->field);
    has(c->what, e.subject, c->subject);
    has(c->what, e.expected, c->expected);
    has(c->what, e.got, c->got);
    pair_free(&p);
    hf_identity_free(identity);
}

static void every_bad_certificate_of_a_server_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        run(&cases[i], true);
}

static void every_bad_certificate_of_a_client_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (cases[i].host == NULL)
            run(&cases[i], false);
}

/* So that the cases above fail for what they say, and not for the way they are made. */
static void the_same_chains_without_the_fault_are_accepted(void **state)
{
    static const struct {
        plan plan;
        const char *host;
        uint32_t chain_length;
    } good[] = {
        {{GOOD}, "server.test", 0},
        {{GOOD, .from = -1000, .to = 1}, "server.test", 0},
        {{GOOD, .name = "*.x.test"}, "b.x.test", 0},
        {{GOOD, .name = "127.0.0.1"}, "127.0.0.1", 0},
        {{GOOD, .name = "::1"}, "0:0:0:0:0:0:0:1", 0},
        {{GOOD, .intermediates = 1}, "server.test", 0},
        {{.flip = -1, .intermediates = 3, .path_len = 2}, "server.test", 0},
        {{GOOD, .intermediates = 3}, "server.test", 5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        for (int by_server = 0; by_server <= 1; by_server++) {
            pair p;
            hf_limits limits = {.chain_length = good[i].chain_length};
            if (by_server == 0 && strcmp(good[i].host, "server.test") != 0)
                continue;
            hf_identity *identity = carry_out(&good[i].plan, by_server == 1);
            start(&p, identity, by_server == 1, good[i].host, &limits);
            if (!pair_run(&p))
                fail_msg("chain %zu", i);
            pair_free(&p);
            hf_identity_free(identity);
        }
    }
}

/* ---- messages whose certificates are no certificates ---- */

typedef struct edit {
    size_t at;
    int how;
} edit;

/* Certificate: context, then the list's length at 1, then an entry's at 4. */
static void replace(hf_buf *body, void *ctx)
{
    const edit *e = ctx;
    static const uint8_t none[] = {0, 0, 0, 0}, empty[] = {0, 0, 0, 5, 0, 0, 0, 0, 0},
                         garbage[] = {0, 0, 0, 8, 0, 0, 3, 1, 2, 3, 0, 0};
    switch (e->how) {
    case 0:
        hf_buf_clear(body);
        must(hf_buf_append(body, hf_bytes_of(none, sizeof(none))));
        break;
    case 1:
        hf_buf_clear(body);
        must(hf_buf_append(body, hf_bytes_of(empty, sizeof(empty))));
        break;
    case 2:
        hf_buf_clear(body);
        must(hf_buf_append(body, hf_bytes_of(garbage, sizeof(garbage))));
        break;
    default:
        body->p[7 + e->at] ^= 0x20; /* a byte of the first certificate */
    }
}

static void malformed(bool by_server, int how, size_t at, hf_status code, uint8_t alert)
{
    pair p;
    edit e = {at, how};
    start(&p, by_server ? pki.server : pki.client, by_server, "server.test", NULL);
    tamper_message(HF_MSG_CERTIFICATE, 0, replace, &e);
    liar_expect(&p, by_server ? p.client : p.server, "malformed", code, alert);
    pair_free(&p);
}

static void lists_without_a_certificate_are_refused(void **state)
{
    (void)state;
    malformed(true, 0, 0, HF_E_SERVER_NO_CERTIFICATE, HF_ALERT_decode_error);
    malformed(false, 0, 0, HF_E_NO_CERTIFICATE, HF_ALERT_certificate_required);
    for (int by_server = 0; by_server <= 1; by_server++) {
        malformed(by_server == 1, 1, 0, HF_E_DECODE, HF_ALERT_decode_error);
        malformed(by_server == 1, 2, 0, HF_E_CERT_MALFORMED, HF_ALERT_bad_certificate);
    }
}

/* A changed byte anywhere in the certificate: never accepted, whatever it changes. */
static void any_changed_byte_of_a_certificate_is_refused(void **state)
{
    (void)state;
    for (int by_server = 0; by_server <= 1; by_server++) {
        size_t n = hf_identity_cert(by_server ? pki.server : pki.client, 0)->der.n;
        for (size_t at = 0; at < n; at++) {
            pair p;
            hf_error e;
            edit how = {at, 3};
            start(&p, by_server ? pki.server : pki.client, by_server, "server.test", NULL);
            tamper_message(HF_MSG_CERTIFICATE, 0, replace, &how);
            hf_conn *victim = by_server ? p.client : p.server;
            tamper_expect(&p, victim, HF_OK);
            hf_conn_error(victim, &e);
            if (e.alert == HF_ALERT_internal_error || e.alert == HF_ALERT_decrypt_error)
                fail_msg("byte %zu: %s", at, hf_error_name(e.code));
            pair_free(&p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bad_certificate_of_a_server_is_refused),
        cmocka_unit_test(every_bad_certificate_of_a_client_is_refused),
        cmocka_unit_test(the_same_chains_without_the_fault_are_accepted),
        cmocka_unit_test(lists_without_a_certificate_are_refused),
        cmocka_unit_test(any_changed_byte_of_a_certificate_is_refused),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
