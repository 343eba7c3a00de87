/* test_bad_records_after.c: what may not come after the handshake, from either side: records,
 * alerts, messages out of place, floods; and what is ignored by rule. */
#include "support/liar.h"

static pair_pki pki;

static void start(pair *p, bool liar_is_client)
{
    pair_config(p, &pki);
    hf_config_trace(liar_is_client ? p->server_config : p->client_config, &tamper_watch);
    pair_start(p);
    tamper_start(liar_is_client ? p->client : p->server);
}

/* Established and with nothing in flight. */
static void establish(pair *p, bool liar_is_client)
{
    start(p, liar_is_client);
    assert_true(pair_run(p));
}

/* ---- what a liar sends ---- */

static const uint8_t one = 1, two = 2, zeros[300], fatal[] = {2, 40};
static const uint8_t update_of_2[] = {HF_MSG_KEY_UPDATE, 0, 0, 1, 2};
static const uint8_t update_of_255[] = {HF_MSG_KEY_UPDATE, 0, 0, 1, 255};
static const uint8_t empty_update[] = {HF_MSG_KEY_UPDATE, 0, 0, 0};
static const uint8_t long_update[] = {HF_MSG_KEY_UPDATE, 0, 0, 2, 0, 0};
static const uint8_t two_updates[] = {HF_MSG_KEY_UPDATE, 0, 0, 1, 0, HF_MSG_KEY_UPDATE, 0, 0, 1, 0};
static const uint8_t update_and_more[] = {HF_MSG_KEY_UPDATE, 0, 0, 1, 0, HF_MSG_KEY_UPDATE};
static const uint8_t hello_request[] = {HF_MSG_HELLO_REQUEST, 0, 0, 0};
static const uint8_t client_hello[] = {HF_MSG_CLIENT_HELLO, 0, 0, 2, 3, 3};
static const uint8_t request[] = {HF_MSG_CERTIFICATE_REQUEST, 0, 0, 3, 0, 0, 0};
static const uint8_t certificate[] = {HF_MSG_CERTIFICATE, 0, 0, 4, 0, 0, 0, 0};
static const uint8_t finished[4 + 32] = {HF_MSG_FINISHED, 0, 0, 32};
static const uint8_t end_of_early[] = {HF_MSG_END_OF_EARLY_DATA, 0, 0, 0};
static const uint8_t unknown_message[] = {200, 0, 0, 0};
static const uint8_t too_long[] = {HF_MSG_KEY_UPDATE, 1, 0, 1};
static const uint8_t ticket[] = {
    HF_MSG_NEW_SESSION_TICKET, 0, 0, 14, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0};
static const uint8_t empty_ticket[] = {
    HF_MSG_NEW_SESSION_TICKET, 0, 0, 13, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t short_ticket[] = {
    HF_MSG_NEW_SESSION_TICKET, 0, 0, 9, 0, 0, 1, 0, 0, 0, 0, 0, 0};
static const uint8_t half[] = {HF_MSG_KEY_UPDATE, 0, 0};

#define TRICK(name, ...)                                                                           \
    static void name(hf_conn *c)                                                                   \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }
#define MESSAGE(name, bytes) TRICK(name, liar_send(c, HF_CONTENT_HANDSHAKE, bytes, sizeof(bytes)))
MESSAGE(send_update_of_2, update_of_2)
MESSAGE(send_update_of_255, update_of_255)
MESSAGE(send_empty_update, empty_update)
MESSAGE(send_long_update, long_update)
MESSAGE(send_two_updates, two_updates)
MESSAGE(send_update_and_more, update_and_more)
MESSAGE(send_hello_request, hello_request)
MESSAGE(send_client_hello, client_hello)
MESSAGE(send_request, request)
MESSAGE(send_certificate, certificate)
MESSAGE(send_finished, finished)
MESSAGE(send_end_of_early, end_of_early)
MESSAGE(send_unknown, unknown_message)
MESSAGE(send_too_long, too_long)
MESSAGE(send_ticket, ticket)
MESSAGE(send_empty_ticket, empty_ticket)
MESSAGE(send_short_ticket, short_ticket)
MESSAGE(send_half, half)
TRICK(type_24, liar_send(c, 24, zeros, 3))
TRICK(raw_type_24, liar_raw_record(c, 24, 0x0303, 3))
TRICK(raw_version, liar_raw_record(c, HF_CONTENT_APPLICATION_DATA, 0x0203, 40))
TRICK(raw_handshake, liar_raw_record(c, HF_CONTENT_HANDSHAKE, 0x0303, 40))
TRICK(raw_data, liar_raw_record(c, HF_CONTENT_APPLICATION_DATA, 0x0303, 40))
TRICK(raw_long, liar_raw_record(c, HF_CONTENT_APPLICATION_DATA, 0x0303, 16641))
TRICK(raw_fatal, liar_send(c, HF_CONTENT_APPLICATION_DATA, "x", 1);
      liar_raw(c, "\x15\x03\x03\0\2\2\x28", 7))
TRICK(raw_close, liar_raw(c, "\x15\x03\x03\0\2\1\0", 7))
TRICK(ccs, liar_send(c, HF_CONTENT_CHANGE_CIPHER_SPEC, &one, 1))
TRICK(no_handshake, liar_send(c, HF_CONTENT_HANDSHAKE, NULL, 0))
TRICK(no_alert, liar_send(c, HF_CONTENT_ALERT, NULL, 0))
TRICK(short_alert, liar_send(c, HF_CONTENT_ALERT, &two, 1))
TRICK(two_alerts, liar_send(c, HF_CONTENT_ALERT, "\1\x5a\1", 4))
TRICK(all_zeros, liar_send(c, 0, zeros, sizeof(zeros)))
TRICK(half_then_data, send_half(c); liar_send(c, HF_CONTENT_APPLICATION_DATA, "x", 1))
TRICK(half_then_no_data, send_half(c); liar_send(c, HF_CONTENT_APPLICATION_DATA, NULL, 0))
TRICK(half_then_alert, send_half(c); liar_send(c, HF_CONTENT_ALERT, fatal, 2))
TRICK(empty_data_flood,
      for (int i = 0; i < 33; i++) liar_send(c, HF_CONTENT_APPLICATION_DATA, NULL, 0))
TRICK(canceled_flood, for (int i = 0; i < 33; i++) liar_send(c, HF_CONTENT_ALERT, "\1\x5a", 2))
TRICK(ticket_flood, for (int i = 0; i < 33; i++) send_ticket(c))

static void updates(hf_conn *c, int count, bool both)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(hf_key_update(c, both), HF_OK);
}
TRICK(update_flood, updates(c, 33, false))
TRICK(update_flood_asking, updates(c, 33, true))
/* Empty records between do not reset the count. */
TRICK(
    update_flood_hidden, for (int i = 0; i < 33; i++) {
        updates(c, 1, false);
        liar_send(c, HF_CONTENT_APPLICATION_DATA, NULL, 0);
    })

static void too_much_inside(hf_conn *c)
{
    static const uint8_t content[16385];
    c->channel.write_limit = sizeof(content);
    liar_send(c, HF_CONTENT_APPLICATION_DATA, content, sizeof(content));
}

/* The key that the liar used before: the victim has moved on. */
static void old_key(hf_conn *c)
{
    hf_epoch old = c->channel.write;
    old.state = old.lent = NULL; /* the expanded key is the connection's */
    uint8_t record[64];
    hf_bytes piece = {&one, 1};
    size_t n = hf_record_size(&old, 1, 0);
    static const uint8_t update[] = {HF_MSG_KEY_UPDATE, 0, 0, 1, 0};
    liar_send(c, HF_CONTENT_HANDSHAKE, update, sizeof(update));
    old.sequence = c->channel.write.sequence;
    assert_int_equal(hf_record_seal(&old, HF_CONTENT_APPLICATION_DATA, &piece, 1, 0, record),
                     HF_OK);
    hf_epoch_clear(&old);
    liar_raw(c, record, n);
}

static void replay(hf_conn *c)
{
    size_t at = c->channel.out.n;
    uint8_t record[64];
    liar_send(c, HF_CONTENT_APPLICATION_DATA, "x", 1);
    size_t n = c->channel.out.n - at;
    memcpy(record, c->channel.out.p + at, n);
    liar_raw(c, record, n);
}

static void skip_one(hf_conn *c)
{
    c->channel.write.sequence++;
    liar_send(c, HF_CONTENT_APPLICATION_DATA, "x", 1);
}

enum { C = 1, S = 2, BOTH = 3 }; /* whose lie it is */

#define UNEXPECTED HF_ALERT_unexpected_message
#define ILLEGAL    HF_ALERT_illegal_parameter
#define DECODE     HF_ALERT_decode_error
#define BAD_MAC    HF_ALERT_bad_record_mac
static const struct {
    const char *what;
    unsigned by;
    void (*play)(hf_conn *c);
    hf_status code;
    uint8_t alert;
} cases[] = {
    {"KeyUpdate of 2", BOTH, send_update_of_2, HF_E_KEY_UPDATE_VALUE, ILLEGAL},
    {"KeyUpdate of 255", BOTH, send_update_of_255, HF_E_KEY_UPDATE_VALUE, ILLEGAL},
    {"KeyUpdate of nothing", BOTH, send_empty_update, HF_E_DECODE, DECODE},
    {"KeyUpdate of two bytes", BOTH, send_long_update, HF_E_TRAILING_BYTES, DECODE},
    {"two KeyUpdate in a record", BOTH, send_two_updates, HF_E_NOT_ALIGNED, UNEXPECTED},
    {"KeyUpdate and a byte", BOTH, send_update_and_more, HF_E_NOT_ALIGNED, UNEXPECTED},
    {"33 KeyUpdate", BOTH, update_flood, HF_E_KEY_UPDATES, UNEXPECTED},
    {"33 KeyUpdate that ask", BOTH, update_flood_asking, HF_E_KEY_UPDATES, UNEXPECTED},
    {"33 KeyUpdate between empty records", BOTH, update_flood_hidden, HF_E_KEY_UPDATES, UNEXPECTED},
    {"HelloRequest", BOTH, send_hello_request, HF_E_UNEXPECTED_MESSAGE, UNEXPECTED},
    {"ClientHello", BOTH, send_client_hello, HF_E_UNEXPECTED_MESSAGE, UNEXPECTED},
    {"CertificateRequest", BOTH, send_request, HF_E_UNEXPECTED_MESSAGE, UNEXPECTED},
    {"Certificate", BOTH, send_certificate, HF_E_UNEXPECTED_MESSAGE, UNEXPECTED},
    {"Finished", BOTH, send_finished, HF_E_UNEXPECTED_MESSAGE, UNEXPECTED},
    {"EndOfEarlyData", BOTH, send_end_of_early, HF_E_UNEXPECTED_MESSAGE, UNEXPECTED},
    {"message 200", BOTH, send_unknown, HF_E_UNEXPECTED_MESSAGE, UNEXPECTED},
    {"a message over the limit", BOTH, send_too_long, HF_E_MESSAGE_TOO_LONG, DECODE},
    {"NewSessionTicket of a client", C, send_ticket, HF_E_UNEXPECTED_MESSAGE, UNEXPECTED},
    {"an empty ticket", S, send_empty_ticket, HF_E_DECODE, DECODE},
    {"a short ticket", S, send_short_ticket, HF_E_DECODE, DECODE},
    {"33 tickets", S, ticket_flood, HF_E_KEY_UPDATES, UNEXPECTED},
    {"type 24 inside", BOTH, type_24, HF_E_RECORD_TYPE, UNEXPECTED},
    {"type 24 outside", BOTH, raw_type_24, HF_E_RECORD_TYPE, UNEXPECTED},
    {"version 2.3", BOTH, raw_version, HF_E_RECORD_VERSION, HF_ALERT_protocol_version},
    {"handshake in the clear", BOTH, raw_handshake, HF_E_RECORD_TYPE, UNEXPECTED},
    {"a record of no key", BOTH, raw_data, HF_E_BAD_RECORD_MAC, BAD_MAC},
    {"16,641 bytes of ciphertext", BOTH, raw_long, HF_E_RECORD_TOO_LONG, HF_ALERT_record_overflow},
    {"16,385 bytes inside", BOTH, too_much_inside, HF_E_RECORD_TOO_LONG, HF_ALERT_record_overflow},
    {"a fatal alert in the clear", BOTH, raw_fatal, HF_E_RECORD_TYPE, UNEXPECTED},
    {"close_notify in the clear", BOTH, raw_close, HF_E_RECORD_TYPE, UNEXPECTED},
    {"change_cipher_spec", BOTH, ccs, HF_E_UNEXPECTED_CCS, UNEXPECTED},
    {"an empty handshake record", BOTH, no_handshake, HF_E_RECORD_EMPTY, UNEXPECTED},
    {"an empty alert", BOTH, no_alert, HF_E_RECORD_EMPTY, UNEXPECTED},
    {"half an alert", BOTH, short_alert, HF_E_BAD_ALERT, DECODE},
    {"two alerts in one record", BOTH, two_alerts, HF_E_BAD_ALERT, DECODE},
    {"zeros and no content type", BOTH, all_zeros, HF_E_RECORD_NO_CONTENT_TYPE, UNEXPECTED},
    {"data inside a message", BOTH, half_then_data, HF_E_INTERLEAVED, UNEXPECTED},
    {"an empty record inside a message", BOTH, half_then_no_data, HF_E_INTERLEAVED, UNEXPECTED},
    {"an alert inside a message", BOTH, half_then_alert, HF_E_INTERLEAVED, UNEXPECTED},
    {"33 empty records", BOTH, empty_data_flood, HF_E_RECORDS_WITHOUT_PROGRESS, UNEXPECTED},
    {"33 warnings", BOTH, canceled_flood, HF_E_RECORDS_WITHOUT_PROGRESS, UNEXPECTED},
    {"a record under the key before", BOTH, old_key, HF_E_BAD_RECORD_MAC, BAD_MAC},
    {"a record twice", BOTH, replay, HF_E_BAD_RECORD_MAC, BAD_MAC},
    {"a record left out", BOTH, skip_one, HF_E_BAD_RECORD_MAC, BAD_MAC},
};

/* Reads and drops what a trick sent along, so that the records behind it are reached. */
static void drain(pair *p)
{
    hf_conn *ends[] = {p->client, p->server};
    for (int turn = 0; turn < 4; turn++) {
        pair_run(p);
        for (int i = 0; i < 2; i++)
            hf_read_consumed(ends[i], hf_readable(ends[i]).n);
    }
}

static void every_bad_record_after_the_handshake_is_refused(void **state)
{
    (void)state;
    unsigned count = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned by = C; by <= S; by++) {
            pair p;
            if ((cases[i].by & by) == 0)
                continue;
            establish(&p, by == C);
            cases[i].play(by == C ? p.client : p.server);
            drain(&p);
            liar_expect(&p, by == C ? p.server : p.client, cases[i].what, cases[i].code,
                        cases[i].alert);
            pair_free(&p);
            count++;
        }
    }
    print_message("%u bad records\n", count);
}

/* The same through hf_open, which shares only part of the way. */
static void every_bad_record_is_refused_by_hf_open_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned by = C; by <= S; by++) {
            pair p;
            hf_error e;
            static uint8_t wire[100000];
            if ((cases[i].by & by) == 0)
                continue;
            establish(&p, by == C);
            hf_conn *liar = by == C ? p.client : p.server, *victim = by == C ? p.server : p.client;
            cases[i].play(liar);
            hf_bytes out = hf_out(liar);
            assert_true(out.n <= sizeof(wire));
            memcpy(wire, out.p, out.n);
            hf_status s = HF_OK;
            for (size_t at = 0, used = 1; at < out.n && s == HF_OK && used != 0; at += used) {
                hf_bytes data;
                s = hf_open(victim, wire + at, out.n - at, &used, &data);
            }
            hf_conn_error(victim, &e);
            if (s != cases[i].code || e.code != s || e.alert != cases[i].alert || !e.alert_sent)
                fail_msg("%s: %s, told %s", cases[i].what, hf_error_name(s), hf_error_name(e.code));
            hf_out_consumed(liar, out.n);
            uint8_t byte;
            size_t used;
            hf_bytes data;
            assert_int_equal(hf_open(victim, &byte, 1, &used, &data), cases[i].code);
            pair_free(&p);
        }
    }
}

/* ---- limits ---- */

static void a_record_above_the_agreed_limit_is_refused(void **state)
{
    (void)state;
    for (int liar_is_client = 0; liar_is_client <= 1; liar_is_client++) {
        for (size_t n = 99; n <= 100; n++) { /* a limit of 100 counts the content type */
            static const uint8_t content[100];
            pair p;
            pair_config(&p, &pki);
            hf_config_record_size_limit(p.client_config, 100);
            hf_config_record_size_limit(p.server_config, 100);
            hf_config_trace(liar_is_client ? p.server_config : p.client_config, &tamper_watch);
            pair_start(&p);
            tamper_start(liar_is_client ? p.client : p.server);
            assert_true(pair_run(&p));
            hf_conn *liar = liar_is_client ? p.client : p.server;
            liar->channel.write_limit = 1000;
            liar_send(liar, HF_CONTENT_APPLICATION_DATA, content, n);
            if (n == 100) {
                liar_expect(&p, liar_is_client ? p.server : p.client, "over the limit",
                            HF_E_RECORD_TOO_LONG, HF_ALERT_record_overflow);
            } else {
                pair_run(&p);
                assert_int_equal(hf_readable(liar_is_client ? p.server : p.client).n, 99);
            }
            pair_free(&p);
        }
    }
}

static void floods_up_to_the_limit_are_borne_and_data_starts_the_count_anew(void **state)
{
    (void)state;
    for (unsigned by = C; by <= S; by++) {
        pair p;
        establish(&p, by == C);
        hf_conn *liar = by == C ? p.client : p.server;
        for (int round = 0; round < 3; round++) {
            updates(liar, 32, round == 1);
            for (int i = 0; i < 31; i++)
                liar_send(liar, HF_CONTENT_APPLICATION_DATA, NULL, 0);
            assert_true(pair_run(&p));
            pair_exchange(&p, by == C, 10);
        }
        pair_exchange(&p, by != C, 10);
        pair_free(&p);
    }
}

/* A peer that only asks makes this side answer; the answers wait in one buffer, once per turn. */
/* The limit is on what carries nothing: the record behind it that carries something is welcome. */
static void data_is_taken_behind_as_many_empty_records_as_are_borne(void **state)
{
    (void)state;
    for (unsigned by = C; by <= S; by++) {
        pair p;
        establish(&p, by == C);
        hf_conn *liar = by == C ? p.client : p.server;
        for (int i = 0; i < 32; i++)
            liar_send(liar, HF_CONTENT_APPLICATION_DATA, NULL, 0);
        pair_exchange(&p, by == C, 10);
        pair_free(&p);
    }
}

static void many_requests_for_a_key_update_get_few_answers(void **state)
{
    (void)state;
    pair p;
    establish(&p, true);
    updates(p.client, 32, true);
    pair_move(p.client, p.server, 0);
    assert_true(hf_step(p.server) >= 0);
    assert_true(hf_out(p.server).n <= 64);
    pair_free(&p);
}

/* ---- the end ---- */

static void what_comes_after_close_notify_is_ignored(void **state)
{
    (void)state;
    for (unsigned by = C; by <= S; by++) {
        pair p;
        hf_error e;
        establish(&p, by == C);
        hf_conn *liar = by == C ? p.client : p.server, *victim = by == C ? p.server : p.client;
        hf_close(liar);
        liar_send(liar, HF_CONTENT_APPLICATION_DATA, "late", 4);
        liar_send(liar, HF_CONTENT_HANDSHAKE, update_of_2, sizeof(update_of_2));
        liar_send(liar, HF_CONTENT_ALERT, fatal, 2);
        pair_run(&p);
        hf_conn_error(victim, &e);
        assert_int_equal(e.code, HF_OK);
        assert_int_equal(hf_readable(victim).n, 0);
        assert_true((hf_step(victim) & HF_PEER_CLOSED) != 0);
        hf_feed_end(victim);
        assert_true((hf_step(victim) & HF_PEER_CLOSED) != 0); /* and no truncation */
        pair_free(&p);
    }
}

static void every_error_alert_ends_the_connection_without_an_answer(void **state)
{
    (void)state;
    for (unsigned description = 1; description < 256; description++) {
        for (unsigned by = C; by <= S; by++) {
            pair p;
            hf_error e;
            size_t n;
            if (description == HF_ALERT_user_canceled)
                continue;
            establish(&p, by == C);
            hf_conn *liar = by == C ? p.client : p.server, *victim = by == C ? p.server : p.client;
            const uint8_t bytes[2] = {(uint8_t)(1 + description % 2), (uint8_t)description};
            liar_send(liar, HF_CONTENT_ALERT, bytes, 2);
            assert_false(pair_run(&p));
            hf_conn_error(victim, &e);
            assert_int_equal(e.code, HF_E_ALERT_RECEIVED);
            assert_int_equal(e.alert, description);
            assert_int_equal(hf_out(victim).n, 0);
            assert_int_equal(hf_write(victim, "x", 1, &n), HF_E_ALERT_RECEIVED);
            pair_free(&p);
        }
    }
}

/* A failed side may have been closing already: it has said its last word. */
static void nothing_is_sent_after_this_sides_close_notify(void **state)
{
    (void)state;
    pair p;
    hf_error e;
    establish(&p, true);
    hf_close(p.server);
    hf_out_consumed(p.server, hf_out(p.server).n);
    send_update_of_2(p.client);
    updates(p.client, 1, true);
    pair_move(p.client, p.server, 0);
    assert_int_equal(hf_step(p.server), HF_E_KEY_UPDATE_VALUE);
    hf_conn_error(p.server, &e);
    assert_false(e.alert_sent);
    assert_int_equal(hf_out(p.server).n, 0);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bad_record_after_the_handshake_is_refused),
        cmocka_unit_test(every_bad_record_is_refused_by_hf_open_too),
        cmocka_unit_test(a_record_above_the_agreed_limit_is_refused),
        cmocka_unit_test(floods_up_to_the_limit_are_borne_and_data_starts_the_count_anew),
        cmocka_unit_test(data_is_taken_behind_as_many_empty_records_as_are_borne),
        cmocka_unit_test(many_requests_for_a_key_update_get_few_answers),
        cmocka_unit_test(what_comes_after_close_notify_is_ignored),
        cmocka_unit_test(every_error_alert_ends_the_connection_without_an_answer),
        cmocka_unit_test(nothing_is_sent_after_this_sides_close_notify),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
