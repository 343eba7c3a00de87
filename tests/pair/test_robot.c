/* test_robot.c: RSA key transport of TLS 1.2, and the oracle that a server must not be: whatever is
 * wrong with what it decrypts, it says and does the same (Bleichenbacher 1998, ROBOT:
 * CVE-2017-13099 and its kin). That the time is the same too is for tests/ct/ct_marvin.c. */
#include "support/pair.h"

#include "crypto/key_material.h"
#include "x509/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/tls12.h"

#define AES_128 "TLS_RSA_WITH_AES_128_GCM_SHA256"
#define AES_256 "TLS_RSA_WITH_AES_256_GCM_SHA384"
#define ECDHE   "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"

static pair_pki rsa, ecdsa, pss;

static int make(void **state)
{
    (void)state;
    pair_pki_make(&rsa, HF_KEY_RSA);
    pair_pki_make(&ecdsa, HF_KEY_P256);
    pair_pki_make(&pss, HF_KEY_RSA_PSS);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&rsa);
    pair_pki_free(&ecdsa);
    pair_pki_free(&pss);
    return 0;
}

/* Both sides allow it; the client has nothing else. */
static void config_transport(pair *p, const pair_pki *pki)
{
    config12(p, pki);
    hf_config_insecure_rsa_key_transport(p->client_config);
    hf_config_insecure_rsa_key_transport(p->server_config);
    hf_config_suites(p->client_config, AES_128 ":" AES_256);
}

/* ---- what must work ---- */

static void both_suites_make_a_connection(void **state)
{
    (void)state;
    static const char *const suites[] = {AES_128, AES_256};
    for (size_t i = 0; i < 2; i++)
        for (int two_way = 0; two_way < 2; two_way++) {
            pair p;
            hf_info info;
            config_transport(&p, &rsa);
            hf_config_suites(p.client_config, suites[i]);
            if (two_way != 0)
                mutual(&p, &rsa);
            pair_start(&p);
            p.chunk = two_way != 0 ? 1 : 0;
            assert_true(pair_run(&p));
            hf_conn_info(p.client, &info);
            assert_string_equal(info.suite, suites[i]);
            assert_true(info.peer_authenticated);
            assert_null(info.group);
            assert_null(info.peer_scheme);
            hf_conn_info(p.server, &info);
            assert_int_equal(info.peer_authenticated, two_way != 0);
            assert_null(info.own_scheme);
            pair_exchange(&p, true, 40000);
            pair_exchange(&p, false, 40000);
            uint8_t a[32], b[32];
            assert_int_equal(hf_tls_exporter(p.client, a), HF_OK);
            assert_int_equal(hf_tls_exporter(p.server, b), HF_OK);
            assert_memory_equal(a, b, sizeof(a));
            pair_free(&p);
        }
}

/* A client that has both gets forward secrecy, wherever in its list it stands. */
static void forward_secrecy_comes_first(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    config_transport(&p, &rsa);
    hf_config_suites(p.client_config, AES_128 ":" ECDHE);
    hf_config_suites(p.server_config, AES_128 ":" ECDHE);
    pair_start(&p);
    assert_true(pair_run(&p));
    hf_conn_info(p.client, &info);
    assert_string_equal(info.suite, ECDHE);
    pair_free(&p);
}

/* An RSA identity is found beside one that would come first. */
static void the_identity_that_decrypts_is_shown(void **state)
{
    (void)state;
    pair p;
    config12(&p, &ecdsa);
    hf_config_add_identity(p.server_config, rsa.server);
    hf_config_trust(p.client_config, rsa.store);
    hf_config_insecure_rsa_key_transport(p.client_config);
    hf_config_insecure_rsa_key_transport(p.server_config);
    hf_config_suites(p.client_config, AES_256);
    pair_start(&p);
    assert_true(pair_run(&p));
    pair_free(&p);
}

/* ---- nobody has it unasked ---- */

static void it_is_neither_offered_nor_taken_without_the_call(void **state)
{
    (void)state;
    pair p;
    hf_error e;
    config12(&p, &rsa);
    hf_config_suites(p.client_config, AES_128);
    assert_int_equal(hf_config_freeze(p.client_config, &e), HF_E_BAD_ARGUMENT);
    assert_string_equal(e.got, AES_128);
    assert_non_null(strstr(e.expected, "insecure"));
    pair_free(&p);

    config12(&p, &rsa); /* the client offers it, the server does not have it */
    hf_config_insecure_rsa_key_transport(p.client_config);
    hf_config_suites(p.client_config, AES_128);
    pair_start(&p);
    assert_false(pair_run(&p));
    expect_failure(p.server, HF_E_NO_COMMON_SUITE, HF_ALERT_handshake_failure);
    pair_free(&p);

    config12(&p, &rsa); /* the server has it, the client does not offer it */
    hf_config_insecure_rsa_key_transport(p.server_config);
    hf_config_suites(p.client_config, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    pair_start(&p);
    assert_false(pair_run(&p));
    expect_failure(p.server, HF_E_NO_COMMON_SIGNATURE, HF_ALERT_handshake_failure);
    pair_free(&p);
}

/* Keys that only sign: another algorithm, RSASSA-PSS alone. */
static void a_key_that_cannot_decrypt_is_not_used(void **state)
{
    (void)state;
    const pair_pki *const signers[] = {&ecdsa, &pss};
    for (size_t i = 0; i < 2; i++) {
        pair p;
        config_transport(&p, signers[i]);
        pair_start(&p);
        assert_false(pair_run(&p));
        expect_failure(p.server, HF_E_NO_COMMON_SUITE, HF_ALERT_handshake_failure);
        pair_free(&p);
    }
}

static void a_server_that_leaps_to_it_is_refused(void **state)
{
    (void)state;
    pair p;
    config12(&p, &rsa);
    up_to_server_flight(&p);
    const uint8_t old[] = {0xc0, 0x2f, 0}, new[] = {0x00, 0x9c, 0};
    replace_out(p.server, old, new, sizeof(old));
    pair_run(&p);
    expect_failure(p.client, HF_E_SUITE_NOT_OFFERED, HF_ALERT_illegal_parameter);
    pair_free(&p);
}

/* ---- the oracle ---- */

/* What there is to be heard of a server: its trace (names, kinds, lengths, no random bytes), its
 * error, what it sends. */
typedef struct heard {
    char text[16384];
    size_t n;
} heard;

static void note(heard *h, const char *form, ...) HF_PRINTF(2, 3);
static void note(heard *h, const char *form, ...)
{
    va_list args;
    va_start(args, form);
    int n = vsnprintf(h->text + h->n, sizeof(h->text) - h->n, form, args);
    va_end(args);
    assert_true(n >= 0 && h->n + (size_t)n < sizeof(h->text));
    h->n += (size_t)n;
}

static const char *or_none(const char *text)
{
    return text != NULL ? text : "-";
}

static void hear(void *ctx, const hf_conn *conn, const hf_event *e)
{
    heard *h = ctx;
    (void)conn;
    switch (e->kind) {
    case HF_TRACE_RECORD:
        note(h, "record %d %u %u %zu %s\n", e->sent, e->record.type, e->record.inner_type,
             e->record.wire_len, or_none(e->record.key));
        break;
    case HF_TRACE_MESSAGE:
        note(h, "message %s %zu\n", or_none(e->message.name), e->message.bytes.n);
        break;
    case HF_TRACE_FIELD:
        note(h, "field %s %zu %zu\n", or_none(e->field.name), e->field.offset, e->field.length);
        break;
    case HF_TRACE_ALERT:
        note(h, "alert %u %u\n", e->alert.level, e->alert.description);
        break;
    case HF_TRACE_SECRET:
        note(h, "secret %s %s %s\n", or_none(e->secret.name), or_none(e->secret.from),
             or_none(e->secret.label));
        break;
    case HF_TRACE_JOB:
        note(h, "job %d %s %d %d\n", e->job.job, or_none(e->job.name), e->job.done, e->job.status);
        break;
    case HF_TRACE_STATE:
        note(h, "state %s\n", or_none(e->state.name));
        break;
    case HF_TRACE_ERROR:
        note(h, "error %d %u %s %s %s %s %u\n", e->error->code, e->error->alert,
             or_none(e->error->message), or_none(e->error->field), e->error->expected,
             e->error->got, e->error->offset);
        break;
    default:
        note(h, "event %d\n", e->kind);
        break;
    }
}

#define BLOCK 256U /* RSA of 2,048 bits */

typedef struct block {
    uint8_t p[BLOCK];
} block;

/* As a client makes it, with a premaster secret of its own. */
static block good_block(void)
{
    block b;
    for (size_t i = 0; i < BLOCK; i++)
        b.p[i] = (uint8_t)(1 + i % 255);
    b.p[0] = 0;
    b.p[1] = 2;
    b.p[BLOCK - 49] = 0;
    b.p[BLOCK - 48] = b.p[BLOCK - 47] = 3;
    return b;
}

typedef struct kind {
    const char *what;
    int at;        /* the byte of the block that is changed; -1: none */
    uint8_t value; /* to this */
    enum { ENCRYPTED, RAW, ABOVE_MODULUS } how;
    size_t n; /* bytes that are sent */
} kind;

static const kind kinds[] = {
    {"right padding, a secret of one's own", -1, 0, ENCRYPTED, BLOCK},
    {"the first byte is 1", 0, 1, ENCRYPTED, BLOCK},
    {"block type 1", 1, 1, ENCRYPTED, BLOCK},
    {"block type 0", 1, 0, ENCRYPTED, BLOCK},
    {"a zero as the first byte of the padding", 2, 0, ENCRYPTED, BLOCK},
    {"a zero within the first eight bytes", 9, 0, ENCRYPTED, BLOCK},
    {"a zero in the middle: a long secret", 100, 0, ENCRYPTED, BLOCK},
    {"the zero one early: 49 bytes", BLOCK - 50, 0, ENCRYPTED, BLOCK},
    {"no zero at all", BLOCK - 49, 7, ENCRYPTED, BLOCK},
    {"a zero in the secret alone: a short one", BLOCK - 20, 0, ENCRYPTED, BLOCK},
    {"version 2.3", BLOCK - 48, 2, ENCRYPTED, BLOCK},
    {"version 3.2, as after a rollback", BLOCK - 47, 2, ENCRYPTED, BLOCK},
    {"version 3.4", BLOCK - 47, 4, ENCRYPTED, BLOCK},
    {"0 as the number", 0, 0, RAW, BLOCK},
    {"a number above the modulus", 0, 0, ABOVE_MODULUS, BLOCK},
    {"a number too short", 0, 0, RAW, BLOCK - 1},
    {"a number too long", 0, 0, RAW, BLOCK + 1},
    {"nothing", 0, 0, RAW, 0},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t make_number(const kind *k, uint8_t out[BLOCK + 1])
{
    memset(out, k->how == ABOVE_MODULUS ? 0xff : 0, BLOCK + 1);
    if (k->how != ENCRYPTED)
        return k->n;
    block b = good_block();
    if (k->at >= 0)
        b.p[k->at] = k->value;
    hf_spki spki;
    hf_key_material m = {0};
    assert_int_equal(hf_spki_parse(hf_identity_cert(rsa.server, 0)->spki, &spki), HF_OK);
    assert_int_equal(hf_key_material_public(&spki, &m), HF_OK);
    assert_int_equal(RSA_public_encrypt(BLOCK, b.p, out, m.rsa, RSA_NO_PADDING), BLOCK);
    hf_key_material_clear(&m);
    return BLOCK;
}

/* The client's flight with its number replaced: the record of ClientKeyExchange is made anew, the
 * records of ChangeCipherSpec and Finished follow. Its length. */
static size_t forge(hf_bytes flight, const kind *k, uint8_t *out)
{
    const size_t was = 5 + 4 + 2 + BLOCK;
    assert_true(flight.n > was && flight.p[0] == 22 && flight.p[5] == HF_MSG_CLIENT_KEY_EXCHANGE);
    size_t n = make_number(k, out + 11);
    memcpy(out, flight.p, 5);
    out[3] = (uint8_t)((n + 6) >> 8);
    out[4] = (uint8_t)(n + 6);
    const uint8_t header[] = {
        HF_MSG_CLIENT_KEY_EXCHANGE, 0,          (uint8_t)((n + 2) >> 8), (uint8_t)(n + 2),
        (uint8_t)(n >> 8),          (uint8_t)n,
    };
    memcpy(out + 5, header, sizeof(header));
    memcpy(out + 11 + n, flight.p + was, flight.n - was);
    return 11 + n + flight.n - was;
}

/* Up to where the client's second flight lies ready; what the server says from here on is heard. */
static void up_to_key_exchange(pair *p, heard *h)
{
    config_transport(p, &rsa);
    const hf_trace trace = {.event = hear, .ctx = h};
    hf_config_trace(p->server_config, &trace);
    up_to_server_flight(p);
    pair_move(p->server, p->client, 65536);
    hf_step(p->client);
    h->n = 0;
    h->text[0] = '\0';
}

/* Runs one kind; `most` bytes behind ClientKeyExchange are sent. What the server sent is in the
 * text too. */
static void attack(const kind *k, size_t behind, heard *h)
{
    pair p;
    uint8_t forged[4096];
    up_to_key_exchange(&p, h);
    hf_bytes flight = hf_out(p.client);
    assert_true(flight.n + 2 < sizeof(forged));
    size_t n = forge(flight, k, forged);
    size_t rest = flight.n - (5 + 4 + 2 + BLOCK);
    feed(p.server, forged, n - rest + (behind < rest ? behind : rest));
    hf_bytes said = hf_out(p.server);
    note(h, "sent %zu:", said.n);
    for (size_t i = 0; i < said.n; i++)
        note(h, " %02x", said.p[i]);
    pair_free(&p);
}

/* What is known before decrypting (the number's length) shows in the records and fields that tell
 * of the message itself, and nowhere else. */
static void drop_lengths(heard *h)
{
    char *from = h->text;
    char *end = strstr(from, "job ");
    assert_non_null(end);
    memmove(h->text, end, h->n - (size_t)(end - from) + 1);
    h->n = strlen(h->text);
}

static void nothing_tells_one_wrong_from_another(void **state)
{
    (void)state;
    static heard first, other;
    /* all of the flight; without Finished; without both (ROBOT's "shortened flow") */
    static const size_t behind[] = {4096, 6, 0};
    for (size_t b = 0; b < sizeof(behind) / sizeof(behind[0]); b++) {
        attack(&kinds[0], behind[b], &first);
        bool failed = strstr(first.text, "error ") != NULL;
        assert_int_equal(failed, b == 0);
        if (b == 0)
            assert_non_null(strstr(first.text, "alert 2 20\n")); /* bad_record_mac, for all */
        drop_lengths(&first);
        for (size_t i = 1; i < KINDS; i++) {
            attack(&kinds[i], behind[b], &other);
            drop_lengths(&other);
            if (strcmp(first.text, other.text) != 0)
                fail_msg("%s can be told:\n%s\nnot\n%s", kinds[i].what, other.text, first.text);
        }
    }
}

/* And the test would notice a server that says more: the same flight unchanged is accepted. */
static void the_right_secret_makes_the_connection(void **state)
{
    (void)state;
    static heard h;
    pair p;
    up_to_key_exchange(&p, &h);
    assert_true(pair_run(&p));
    assert_null(strstr(h.text, "error "));
    pair_free(&p);
}

/* What the message itself says wrongly is no secret: RFC 5246 section 7.2.2. */
static void a_message_of_the_wrong_form_is_refused_as_such(void **state)
{
    (void)state;
    static heard h;
    static const uint8_t bodies[][3] = {{0, 2, 1}, {0, 0, 1}, {0, 0, 0}};
    for (size_t i = 0; i < 3; i++) {
        pair p;
        uint8_t record[] = {22, 3, 3, 0, 7, HF_MSG_CLIENT_KEY_EXCHANGE, 0, 0, 3, 0, 0, 0};
        memcpy(record + 9, bodies[i], 3);
        up_to_key_exchange(&p, &h);
        feed(p.server, record, sizeof(record));
        hf_error e;
        hf_conn_error(p.server, &e);
        assert_int_equal(e.alert, HF_ALERT_decode_error);
        pair_free(&p);
    }
}

/* What comes in the place of a bad secret is drawn whether it is needed or not. */
static void as_much_randomness_is_drawn_for_right_as_for_wrong(void **state)
{
    (void)state;
    static heard h;
    uint64_t left[2];
    for (size_t i = 0; i < 2; i++) {
        pair p;
        uint8_t forged[4096];
        up_to_key_exchange(&p, &h);
        size_t n = forge(hf_out(p.client), &kinds[i * 2], forged);
        feed(p.server, forged, n);
        left[i] = p.random;
        pair_free(&p);
    }
    assert_int_equal(left[0], left[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_suites_make_a_connection),
        cmocka_unit_test(forward_secrecy_comes_first),
        cmocka_unit_test(the_identity_that_decrypts_is_shown),
        cmocka_unit_test(it_is_neither_offered_nor_taken_without_the_call),
        cmocka_unit_test(a_key_that_cannot_decrypt_is_not_used),
        cmocka_unit_test(a_server_that_leaps_to_it_is_refused),
        cmocka_unit_test(nothing_tells_one_wrong_from_another),
        cmocka_unit_test(the_right_secret_makes_the_connection),
        cmocka_unit_test(a_message_of_the_wrong_form_is_refused_as_such),
        cmocka_unit_test(as_much_randomness_is_drawn_for_right_as_for_wrong),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
