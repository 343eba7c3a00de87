/* test_bad_messages.c: every message truncated at each byte, with each length off by one, with
 * bytes after its end, and out of order, doubled, missing or replaced: one alert each, and the
 * right one. */
#include "support/tamper.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static pair_pki pki;

/* A handshake with every message in it: HelloRetryRequest with cookie, and two-way. */
static void start(pair *p, bool liar_is_client)
{
    pair_config(p, &pki);
    hf_config_groups(p->client_config, "X25519:P-256");
    hf_config_key_shares(p->client_config, 1);
    hf_config_groups(p->server_config, "P-256");
    hf_config_retry_cookie(p->server_config, true);
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_add_identity(p->client_config, pki.client);
    hf_config_alpn(p->client_config, "h2,http/1.1");
    hf_config_alpn(p->server_config, "h2");
    hf_config_record_size_limit(p->client_config, 16385);
    hf_config_trace(liar_is_client ? p->server_config : p->client_config, &tamper_watch);
    pair_start(p);
    tamper_start(liar_is_client ? p->client : p->server);
}

static const struct place {
    uint8_t message;
    unsigned nth;
    bool by_client;
} places[] = {
    {HF_MSG_CLIENT_HELLO, 0, true},
    {HF_MSG_HELLO_RETRY_REQUEST, 0, false},
    {HF_MSG_CLIENT_HELLO, 1, true},
    {HF_MSG_SERVER_HELLO, 0, false},
    {HF_MSG_ENCRYPTED_EXTENSIONS, 0, false},
    {HF_MSG_CERTIFICATE_REQUEST, 0, false},
    {HF_MSG_CERTIFICATE, 0, false},
    {HF_MSG_CERTIFICATE_VERIFY, 0, false},
    {HF_MSG_FINISHED, 0, false},
    {HF_MSG_CERTIFICATE, 0, true},
    {HF_MSG_CERTIFICATE_VERIFY, 0, true},
    {HF_MSG_FINISHED, 0, true},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static hf_conn *victim_of(pair *p, const struct place *at)
{
    return at->by_client ? p->server : p->client;
}

/* ---- what is changed ---- */

typedef struct change {
    size_t at;     /* byte, or which length */
    int by;        /* added to a length */
    bool happened; /* there was such a place */
} change;

static void truncate(hf_buf *body, void *ctx)
{
    change *c = ctx;
    c->happened = c->at < body->n;
    if (c->happened)
        body->n = c->at;
}

static void lengthen(hf_buf *body, void *ctx)
{
    static const uint8_t zero;
    change *c = ctx;
    c->happened = hf_buf_append(body, (hf_bytes){&zero, 1}) == HF_OK;
}

/* Finds the nth length prefix of a message by parsing it with a sink. */
typedef struct lengths {
    size_t want, seen, offset, width;
} lengths;

static void see(void *ctx, const hf_field *f)
{
    lengths *l = ctx;
    if (f->kind == HF_FIELD_LENGTH && f->offset >= 4 && l->seen++ == l->want) {
        l->offset = f->offset - 4;
        l->width = f->length;
    }
}

static uint8_t now_changing;

static void shift_length(hf_buf *body, void *ctx)
{
    change *c = ctx;
    lengths l = {.want = c->at};
    hf_field_sink sink = {see, &l};
    hf_buf whole = {0};
    uint8_t header[4] = {now_changing == HF_MSG_HELLO_RETRY_REQUEST ? HF_MSG_SERVER_HELLO
                                                                    : now_changing,
                         0, (uint8_t)(body->n >> 8), (uint8_t)body->n};
    assert_int_equal(hf_buf_append(&whole, (hf_bytes){header, 4}), HF_OK);
    assert_int_equal(hf_buf_append(&whole, hf_buf_bytes(body)), HF_OK);
    hf_message_trace(hf_buf_bytes(&whole), &sink);
    hf_buf_free(&whole);
    c->happened = l.width != 0;
    for (size_t i = l.width; i > 0; i--) { /* with carry or borrow */
        uint8_t *byte = &body->p[l.offset + i - 1];
        *byte = (uint8_t)(*byte + c->by);
        if ((c->by > 0 && *byte != 0) || (c->by < 0 && *byte != 0xff))
            break;
    }
}

/* A Finished of the wrong length is a wrong digest (RFC 9846 section 4.5.3). */
static bool is_form(hf_status code)
{
    return code == HF_E_DECODE || code == HF_E_TRAILING_BYTES ||
           (now_changing == HF_MSG_FINISHED && code == HF_E_BAD_FINISHED);
}

/* Runs one change; false when the message has no such place. */
static bool run(const struct place *at, tamper_change how, change c, bool form_only)
{
    pair p;
    hf_error e;
    start(&p, at->by_client);
    now_changing = at->message;
    tamper_message(at->message, at->nth, how, &c);
    pair_run(&p);
    bool happened = c.happened;
    if (happened) {
        tamper_expect(&p, victim_of(&p, at), HF_OK);
        hf_conn_error(victim_of(&p, at), &e);
        if (form_only && !is_form(e.code))
            fail_msg("%s: byte %zu: %s", hf_message_name(at->message), c.at, hf_error_name(e.code));
    }
    pair_free(&p);
    return happened;
}

/* The body of Finished has no structure: any length parses, and is then wrong. A hello without
 * extensions parses too, and a shorter ServerHello is an old one. */
static bool any_length_parses(uint8_t message)
{
    return message == HF_MSG_CLIENT_HELLO || message == HF_MSG_SERVER_HELLO ||
           message == HF_MSG_HELLO_RETRY_REQUEST;
}

static void every_message_truncated_at_each_byte_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        size_t n = 0;
        while (run(&places[i], truncate, (change){.at = n}, !any_length_parses(places[i].message)))
            n++;
        assert_true(n >= 16);
        print_message("%s%s: %zu truncations\n", hf_message_name(places[i].message),
                      places[i].by_client ? " (client)" : "", n);
    }
}

static void every_message_with_a_byte_after_its_end_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++)
        assert_true(run(&places[i], lengthen, (change){.at = 0}, true));
}

static void every_length_off_by_one_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        size_t n = 0;
        if (places[i].message == HF_MSG_FINISHED)
            continue; /* it has none */
        while (run(&places[i], shift_length, (change){.at = n, .by = 1}, false) &&
               run(&places[i], shift_length, (change){.at = n, .by = -1}, false))
            n++;
        assert_true(n >= 1);
        print_message("%s%s: %zu lengths\n", hf_message_name(places[i].message),
                      places[i].by_client ? " (client)" : "", n);
    }
}

/* ---- order ---- */

static void every_message_that_is_missing_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        const struct place *at = &places[i];
        pair p;
        if (at->message == HF_MSG_CERTIFICATE_REQUEST ||
            at->message == HF_MSG_HELLO_RETRY_REQUEST || at->message == HF_MSG_CLIENT_HELLO ||
            at->message == HF_MSG_SERVER_HELLO)
            continue; /* may be left out, or nothing can follow */
        if (at->message == HF_MSG_FINISHED)
            continue; /* nothing follows: the peer waits, and its timeout tells */
        start(&p, at->by_client);
        tamper_drop(tamper_row(at->message, at->nth));
        tamper_expect(&p, victim_of(&p, at), HF_E_UNEXPECTED_MESSAGE);
        pair_free(&p);
    }
}

static void every_message_that_comes_twice_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        const struct place *at = &places[i];
        pair p;
        start(&p, at->by_client);
        tamper_double(tamper_row(at->message, at->nth));
        pair_run(&p);
        tamper_expect(&p, victim_of(&p, at), HF_OK);
        pair_free(&p);
    }
}

static void a_foreign_message_before_each_other_is_unexpected(void **state)
{
    static const uint8_t types[] = {HF_MSG_HELLO_REQUEST,
                                    HF_MSG_NEW_SESSION_TICKET,
                                    HF_MSG_END_OF_EARLY_DATA,
                                    HF_MSG_SERVER_KEY_EXCHANGE,
                                    HF_MSG_SERVER_HELLO_DONE,
                                    HF_MSG_CLIENT_KEY_EXCHANGE,
                                    HF_MSG_KEY_UPDATE,
                                    HF_MSG_CERTIFICATE_STATUS,
                                    HF_MSG_COMPRESSED_CERTIFICATE,
                                    77};
    static const uint8_t body[8];
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        const struct place *at = &places[i];
        for (size_t t = 0; t < sizeof(types); t++) {
            pair p;
            hf_error e;
            start(&p, at->by_client);
            tamper_insert(tamper_row(at->message, at->nth), types[t], (hf_bytes){body, 8});
            tamper_expect(&p, victim_of(&p, at), HF_E_UNEXPECTED_MESSAGE);
            hf_conn_error(victim_of(&p, at), &e);
            assert_int_equal(e.alert, HF_ALERT_unexpected_message);
            assert_string_not_equal(e.expected, "");
            pair_free(&p);
        }
    }
}

static void unexpected_message_names_what_would_have_been_right(void **state)
{
    (void)state;
    pair p;
    hf_error e;
    start(&p, false);
    size_t request = tamper_row(HF_MSG_CERTIFICATE_REQUEST, 0);
    tamper_insert(request, HF_MSG_FINISHED, (hf_bytes){(const uint8_t *)"0123456789abcdef", 16});
    tamper_expect(&p, p.client, HF_E_UNEXPECTED_MESSAGE);
    hf_conn_error(p.client, &e);
    assert_string_equal(e.expected, "CertificateRequest or Certificate");
    assert_string_equal(e.got, "Finished (20)");
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_truncated_at_each_byte_is_refused),
        cmocka_unit_test(every_message_with_a_byte_after_its_end_is_refused),
        cmocka_unit_test(every_length_off_by_one_is_refused),
        cmocka_unit_test(every_message_that_is_missing_is_noticed),
        cmocka_unit_test(every_message_that_comes_twice_is_refused),
        cmocka_unit_test(a_foreign_message_before_each_other_is_unexpected),
        cmocka_unit_test(unexpected_message_names_what_would_have_been_right),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
