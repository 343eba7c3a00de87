/* test_bad_records.c: records that may not come where they come, during the handshake, from either
 * side and at each place of the script: each is answered by one alert, the one RFC 9846 names. */
#include "support/liar.h"

static pair_pki pki;

/* ---- where: a row of local work put into the liar's table ---- */

typedef void (*trick)(hf_conn *liar);

#define MAX_ROWS 64U
static hf_row rows[MAX_ROWS];
static trick now;
static hf_row real; /* the row whose message is sent unaligned */

static hf_status do_trick(hf_handshake *hs)
{
    assert_int_equal(hf_hs_flush(hs), HF_OK);
    now(hs->conn);
    return HF_OK;
}

static hf_status send_unaligned(hf_handshake *hs)
{
    static const uint8_t more[] = {HF_MSG_ENCRYPTED_EXTENSIONS, 0, 0, 2, 0, 0};
    hf_writer w;
    assert_int_equal(hf_channel_build(&hs->conn->channel, &w), HF_OK);
    hf_write_bytes(&w, hf_bytes_of(more, sizeof(more)));
    assert_int_equal(hf_writer_status(&w), HF_OK);
    assert_int_equal(hf_hs_flush(hs), HF_OK);
    return real.after != NULL ? real.after(hs) : HF_OK;
}

/* A row of work before or after that of the liar's `nth` message of a type. */
static hf_row *add_work(hf_conn *liar, uint8_t message, unsigned nth, bool after,
                        hf_status (*work)(hf_handshake *))
{
    hf_handshake *hs = liar->hs;
    size_t at = tamper_row(message, nth), n = hs->row_count;
    assert_true(n < MAX_ROWS);
    memcpy(rows, hs->table, n * sizeof(rows[0]));
    at += after;
    memmove(&rows[at + 1], &rows[at], (n - at) * sizeof(rows[0]));
    rows[at] = (hf_row){.message = HF_MSG_NONE, .by = HF_BY_BOTH, .work = work, .section = ""};
    hs->table = rows;
    hs->row_count = n + 1;
    return &rows[after ? at - 1 : at + 1];
}

static void start(pair *p, bool liar_is_client)
{
    pair_config(p, &pki);
    hf_config_groups(p->client_config, "X25519:P-256");
    hf_config_key_shares(p->client_config, 1);
    hf_config_groups(p->server_config, "P-256");
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_add_identity(p->client_config, pki.client);
    hf_config_trace(liar_is_client ? p->server_config : p->client_config, &tamper_watch);
    pair_start(p);
    tamper_start(liar_is_client ? p->client : p->server);
}

/* ---- what ---- */

static const uint8_t half[] = {HF_MSG_CERTIFICATE, 0, 1, 0, 1, 2, 3},
                     long_message[] = {11, 1, 0, 1};
static const uint8_t fatal[] = {2, 40}, warning[] = {1, 90}, two_alerts[] = {1, 90, 2, 40};
static const uint8_t one = 1, two = 2, ones[2] = {1, 1}, zeros[300];

static void half_message(hf_conn *c)
{
    liar_send(c, HF_CONTENT_HANDSHAKE, half, sizeof(half));
}

#define TRICK(name, ...)                                                                           \
    static void name(hf_conn *c)                                                                   \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }
TRICK(type_24, liar_send(c, 24, zeros, 3))
TRICK(type_19, liar_send(c, 19, zeros, 3))
TRICK(type_255, liar_send(c, 255, &one, 1))
TRICK(raw_type_24, liar_raw_record(c, 24, 0x0303, 3))
TRICK(raw_type_0, liar_raw_record(c, 0, 0x0303, 3))
TRICK(raw_version, liar_raw_record(c, HF_CONTENT_HANDSHAKE, 0x0203, 40))
TRICK(raw_handshake, liar_raw_record(c, HF_CONTENT_HANDSHAKE, 0x0303, 40))
TRICK(raw_data, liar_raw_record(c, HF_CONTENT_APPLICATION_DATA, 0x0303, 40))
TRICK(raw_short_data, liar_raw_record(c, HF_CONTENT_APPLICATION_DATA, 0x0303, 15))
TRICK(raw_no_data, liar_raw_record(c, HF_CONTENT_APPLICATION_DATA, 0x0303, 0))
TRICK(raw_long_plain, liar_raw_record(c, HF_CONTENT_HANDSHAKE, 0x0303, 16385))
TRICK(raw_long_cipher, liar_raw_record(c, HF_CONTENT_APPLICATION_DATA, 0x0303, 16641))
TRICK(raw_longest, liar_raw_record(c, HF_CONTENT_APPLICATION_DATA, 0x0303, 65535))
TRICK(raw_long_ccs, liar_raw_record(c, HF_CONTENT_CHANGE_CIPHER_SPEC, 0x0303, 16385))
TRICK(raw_warning, liar_raw(c, "\x15\x03\x03\0\2\1\x5a", 7))
TRICK(raw_close, liar_raw(c, "\x15\x03\x03\0\2\1\0", 7))
TRICK(data, liar_send(c, HF_CONTENT_APPLICATION_DATA, "data", 4))
TRICK(no_data, liar_send(c, HF_CONTENT_APPLICATION_DATA, NULL, 0))
TRICK(no_handshake, liar_send(c, HF_CONTENT_HANDSHAKE, NULL, 0))
TRICK(no_alert, liar_send(c, HF_CONTENT_ALERT, NULL, 0))
TRICK(short_alert, liar_send(c, HF_CONTENT_ALERT, &two, 1))
TRICK(long_alert, liar_send(c, HF_CONTENT_ALERT, zeros, 3))
TRICK(alerts_in_one, liar_send(c, HF_CONTENT_ALERT, two_alerts, 4))
TRICK(all_zeros, liar_send(c, 0, zeros, sizeof(zeros)))
TRICK(nothing_at_all, liar_send(c, 0, NULL, 0))
TRICK(ccs_of_2, liar_send(c, HF_CONTENT_CHANGE_CIPHER_SPEC, &two, 1))
TRICK(ccs_of_2_bytes, liar_send(c, HF_CONTENT_CHANGE_CIPHER_SPEC, ones, 2))
TRICK(ccs_of_none, liar_send(c, HF_CONTENT_CHANGE_CIPHER_SPEC, NULL, 0))
TRICK(ccs, liar_send(c, HF_CONTENT_CHANGE_CIPHER_SPEC, &one, 1))
TRICK(ccs_flood, for (int i = 0; i < 33; i++) ccs(c))
TRICK(canceled_flood, for (int i = 0; i < 33; i++) liar_send(c, HF_CONTENT_ALERT, warning, 2))
TRICK(half_then_alert, half_message(c); liar_send(c, HF_CONTENT_ALERT, fatal, 2))
TRICK(half_then_data, half_message(c); data(c))
TRICK(half_then_ccs, half_message(c); ccs(c))
TRICK(half_then_nothing, half_message(c); no_handshake(c))
TRICK(too_long, liar_send(c, HF_CONTENT_HANDSHAKE, long_message, sizeof(long_message)))

/* change_cipher_spec under the keys: hf_channel never protects that type. */
static void protected_ccs(hf_conn *c)
{
    hf_bytes piece = {&one, 1};
    uint8_t record[64];
    size_t n = hf_record_size(&c->channel.write, 1, 0);
    assert_int_equal(
        hf_record_seal(&c->channel.write, HF_CONTENT_CHANGE_CIPHER_SPEC, &piece, 1, 0, record),
        HF_OK);
    liar_raw(c, record, n);
}

static void too_much_inside(hf_conn *c)
{
    static const uint8_t content[16385];
    c->channel.write_limit = sizeof(content);
    liar_send(c, HF_CONTENT_HANDSHAKE, content, sizeof(content));
}

static void too_much_padding(hf_conn *c)
{
    static uint8_t record[17000];
    hf_bytes piece = {zeros, 1};
    assert_int_equal(
        hf_record_seal(&c->channel.write, HF_CONTENT_HANDSHAKE, &piece, 1, 16384, record), HF_OK);
    liar_raw(c, record, hf_record_size(&c->channel.write, 1, 16384));
}

/* ---- the places ---- */

/* When the victim reads what stands there, does it hold keys? */
typedef enum keys { CLEAR, KEYS } keys;

typedef struct place {
    const char *name;
    bool by_client;
    uint8_t message;
    unsigned nth;
    bool after;
    keys liars, victims;
    bool hello_seen; /* by the victim, or sent by it */
    bool first;      /* nothing came before: what is no record at all is another protocol */
} place;

static const place places[] = {
    {"before ClientHello", true, HF_MSG_CLIENT_HELLO, 0, false, CLEAR, CLEAR, false, true},
    {"before the second ClientHello", true, HF_MSG_CLIENT_HELLO, 1, false, CLEAR, CLEAR, true,
     false},
    {"after the second ClientHello", true, HF_MSG_CLIENT_HELLO, 1, true, CLEAR, KEYS, true, false},
    {"before HelloRetryRequest", false, HF_MSG_HELLO_RETRY_REQUEST, 0, false, CLEAR, CLEAR, true,
     true},
    {"before ServerHello", false, HF_MSG_SERVER_HELLO, 0, false, CLEAR, CLEAR, true, false},
    {"after ServerHello", false, HF_MSG_SERVER_HELLO, 0, true, CLEAR, KEYS, true, false},
    {"before EncryptedExtensions", false, HF_MSG_ENCRYPTED_EXTENSIONS, 0, false, KEYS, KEYS, true,
     false},
    {"before the server's Certificate", false, HF_MSG_CERTIFICATE, 0, false, KEYS, KEYS, true,
     false},
    {"before the server's Finished", false, HF_MSG_FINISHED, 0, false, KEYS, KEYS, true, false},
    {"before the client's Certificate", true, HF_MSG_CERTIFICATE, 0, false, KEYS, KEYS, true,
     false},
    {"before the client's Finished", true, HF_MSG_FINISHED, 0, false, KEYS, KEYS, true, false},
};

/* Where a trick makes sense. */
enum { IN_CLEAR = 1, AFTER_KEYS = 2, PLAIN_UNDER_KEYS = 4, AFTER_HELLO = 8, FOREIGN = 16, ANY = 7 };

typedef struct trick_case {
    const char *what;
    trick play;
    unsigned where;
    hf_status code;
    uint8_t alert;
} trick_case;

#define UNEXPECTED HF_ALERT_unexpected_message
#define OVERFLOW   HF_ALERT_record_overflow
#define DECODE     HF_ALERT_decode_error
#define BAD_MAC    HF_ALERT_bad_record_mac
static const trick_case cases[] = {
    {"record type 24", type_24, IN_CLEAR | AFTER_KEYS | FOREIGN, HF_E_RECORD_TYPE, UNEXPECTED},
    {"record type 19", type_19, IN_CLEAR | AFTER_KEYS | FOREIGN, HF_E_RECORD_TYPE, UNEXPECTED},
    {"record type 255", type_255, IN_CLEAR | AFTER_KEYS | FOREIGN, HF_E_RECORD_TYPE, UNEXPECTED},
    {"type 24 outside", raw_type_24, ANY | FOREIGN, HF_E_RECORD_TYPE, UNEXPECTED},
    {"type 0 outside", raw_type_0, ANY | FOREIGN, HF_E_RECORD_TYPE, UNEXPECTED},
    {"version 2.3", raw_version, ANY | FOREIGN, HF_E_RECORD_VERSION, HF_ALERT_protocol_version},
    {"handshake in the clear", raw_handshake, AFTER_KEYS | PLAIN_UNDER_KEYS, HF_E_RECORD_TYPE,
     UNEXPECTED},
    {"warning in the clear", raw_warning, AFTER_KEYS | PLAIN_UNDER_KEYS, HF_E_RECORD_TYPE,
     UNEXPECTED},
    {"close_notify in the clear", raw_close, AFTER_KEYS | PLAIN_UNDER_KEYS, HF_E_RECORD_TYPE,
     UNEXPECTED},
    {"a record of no key", raw_data, AFTER_KEYS | PLAIN_UNDER_KEYS, HF_E_BAD_RECORD_MAC, BAD_MAC},
    {"a record shorter than its tag", raw_short_data, AFTER_KEYS | PLAIN_UNDER_KEYS,
     HF_E_BAD_RECORD_MAC, BAD_MAC},
    {"an empty protected record", raw_no_data, AFTER_KEYS | PLAIN_UNDER_KEYS, HF_E_BAD_RECORD_MAC,
     BAD_MAC},
    {"16,385 bytes in the clear", raw_long_plain, IN_CLEAR, HF_E_RECORD_TOO_LONG, OVERFLOW},
    {"16,641 bytes of ciphertext", raw_long_cipher, ANY, HF_E_RECORD_TOO_LONG, OVERFLOW},
    {"65,535 bytes of ciphertext", raw_longest, ANY, HF_E_RECORD_TOO_LONG, OVERFLOW},
    {"a long change_cipher_spec", raw_long_ccs, ANY, HF_E_RECORD_TOO_LONG, OVERFLOW},
    {"16,385 bytes inside", too_much_inside, AFTER_KEYS, HF_E_RECORD_TOO_LONG, OVERFLOW},
    {"16,384 bytes of padding", too_much_padding, AFTER_KEYS, HF_E_RECORD_TOO_LONG, OVERFLOW},
    {"application data", data, IN_CLEAR | AFTER_KEYS, HF_E_RECORD_TYPE, UNEXPECTED},
    {"no application data", no_data, IN_CLEAR | AFTER_KEYS, HF_E_RECORD_TYPE, UNEXPECTED},
    {"an empty handshake record", no_handshake, IN_CLEAR | AFTER_KEYS, HF_E_RECORD_EMPTY,
     UNEXPECTED},
    {"an empty alert", no_alert, IN_CLEAR | AFTER_KEYS, HF_E_RECORD_EMPTY, UNEXPECTED},
    {"half an alert", short_alert, IN_CLEAR | AFTER_KEYS, HF_E_BAD_ALERT, DECODE},
    {"an alert and a half", long_alert, IN_CLEAR | AFTER_KEYS, HF_E_BAD_ALERT, DECODE},
    {"two alerts in one record", alerts_in_one, IN_CLEAR | AFTER_KEYS, HF_E_BAD_ALERT, DECODE},
    {"zeros and no content type", all_zeros, AFTER_KEYS, HF_E_RECORD_NO_CONTENT_TYPE, UNEXPECTED},
    {"one zero and no content type", nothing_at_all, AFTER_KEYS, HF_E_RECORD_NO_CONTENT_TYPE,
     UNEXPECTED},
    {"change_cipher_spec of 2", ccs_of_2, ANY | AFTER_HELLO, HF_E_BAD_CCS, UNEXPECTED},
    {"two bytes of change_cipher_spec", ccs_of_2_bytes, ANY | AFTER_HELLO, HF_E_BAD_CCS,
     UNEXPECTED},
    {"an empty change_cipher_spec", ccs_of_none, ANY | AFTER_HELLO, HF_E_BAD_CCS, UNEXPECTED},
    {"a protected change_cipher_spec", protected_ccs, AFTER_KEYS, HF_E_UNEXPECTED_CCS, UNEXPECTED},
    {"33 change_cipher_spec", ccs_flood, ANY | AFTER_HELLO, HF_E_RECORDS_WITHOUT_PROGRESS,
     UNEXPECTED},
    {"33 warnings", canceled_flood, IN_CLEAR | AFTER_KEYS, HF_E_RECORDS_WITHOUT_PROGRESS,
     UNEXPECTED},
    {"an alert inside a message", half_then_alert, IN_CLEAR | AFTER_KEYS, HF_E_INTERLEAVED,
     UNEXPECTED},
    {"data inside a message", half_then_data, IN_CLEAR | AFTER_KEYS, HF_E_INTERLEAVED, UNEXPECTED},
    {"change_cipher_spec inside a message", half_then_ccs, IN_CLEAR | AFTER_KEYS, HF_E_INTERLEAVED,
     UNEXPECTED},
    {"an empty record inside a message", half_then_nothing, IN_CLEAR | AFTER_KEYS,
     HF_E_RECORD_EMPTY, UNEXPECTED},
    {"a message over the limit", too_long, IN_CLEAR | AFTER_KEYS, HF_E_MESSAGE_TOO_LONG, DECODE},
};

static bool fits(const trick_case *t, const place *at)
{
    unsigned have = at->victims == CLEAR ? IN_CLEAR
                    : at->liars == KEYS  ? AFTER_KEYS
                                         : PLAIN_UNDER_KEYS;
    return (t->where & have) != 0 && ((t->where & AFTER_HELLO) == 0 || at->hello_seen);
}

static void every_bad_record_at_every_place_is_refused(void **state)
{
    (void)state;
    unsigned count = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
            const place *at = &places[i];
            const trick_case *t = &cases[k];
            char what[128];
            pair p;
            if (!fits(t, at))
                continue;
            start(&p, at->by_client);
            now = t->play;
            add_work(at->by_client ? p.client : p.server, at->message, at->nth, at->after,
                     do_trick);
            snprintf(what, sizeof(what), "%s %s", t->what, at->name);
            bool foreign = at->first && (t->where & FOREIGN) != 0;
            liar_expect(&p, at->by_client ? p.server : p.client, what,
                        foreign ? HF_E_NOT_TLS : t->code, foreign ? UNEXPECTED : t->alert);
            pair_free(&p);
            count++;
        }
    }
    print_message("%u bad records\n", count);
    assert_true(count > 250);
}

/* ---- messages that must end their record ---- */

static void messages_before_a_key_change_end_their_record(void **state)
{
    static const struct {
        uint8_t message;
        unsigned nth;
        bool by_client;
    } aligned[] = {
        {HF_MSG_CLIENT_HELLO, 0, true}, {HF_MSG_HELLO_RETRY_REQUEST, 0, false},
        {HF_MSG_CLIENT_HELLO, 1, true}, {HF_MSG_SERVER_HELLO, 0, false},
        {HF_MSG_FINISHED, 0, false},    {HF_MSG_FINISHED, 0, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(aligned) / sizeof(aligned[0]); i++) {
        pair p;
        bool by_client = aligned[i].by_client;
        start(&p, by_client);
        hf_row *row = add_work(by_client ? p.client : p.server, aligned[i].message, aligned[i].nth,
                               true, send_unaligned);
        real = *row;
        row->how = HF_MUST;
        row->after = NULL;
        /* what must not run without a HelloRetryRequest runs after its row */
        liar_expect(&p, by_client ? p.server : p.client, hf_message_name(aligned[i].message),
                    HF_E_NOT_ALIGNED, HF_ALERT_unexpected_message);
        pair_free(&p);
    }
}

/* ---- what is allowed ---- */

static void harmless(hf_conn *c)
{
    for (int i = 0; i < 20; i++)
        ccs(c);
}

static void change_cipher_spec_is_dropped_wherever_the_rfc_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        pair p;
        if (!places[i].hello_seen)
            continue;
        start(&p, places[i].by_client);
        now = harmless;
        add_work(places[i].by_client ? p.client : p.server, places[i].message, places[i].nth,
                 places[i].after, do_trick);
        assert_true(pair_run(&p));
        pair_exchange(&p, true, 100);
        pair_free(&p);
    }
}

static void change_cipher_spec_before_the_first_hello_is_refused(void **state)
{
    (void)state;
    pair p;
    start(&p, true);
    now = ccs;
    add_work(p.client, HF_MSG_CLIENT_HELLO, 0, false, do_trick);
    liar_expect(&p, p.server, "first of all", HF_E_UNEXPECTED_CCS, HF_ALERT_unexpected_message);
    pair_free(&p);
}

/* ---- alerts ---- */

static uint8_t alert_level, alert_description;

static void alert(hf_conn *c)
{
    const uint8_t bytes[2] = {alert_level, alert_description};
    liar_send(c, HF_CONTENT_ALERT, bytes, 2);
}

/* Any level, any description, known or not: an error alert ends the connection, and is not answered
 * by another (section 6). */
static void every_alert_during_the_handshake_ends_it_without_an_answer(void **state)
{
    static const uint8_t levels[] = {0, 1, 2, 3, 255};
    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const place *at = &places[i];
        for (unsigned description = 0; description < 256; description += i < 2 ? 1 : 17) {
            pair p;
            hf_error e;
            char text[1024];
            if (at->liars != at->victims || description == 0 || description == 90)
                continue;
            start(&p, at->by_client);
            hf_conn *victim = at->by_client ? p.server : p.client;
            now = alert;
            alert_level = levels[description % 5];
            alert_description = (uint8_t)description;
            add_work(at->by_client ? p.client : p.server, at->message, at->nth, at->after,
                     do_trick);
            assert_false(pair_run(&p));
            hf_conn_error(victim, &e);
            assert_int_equal(e.code, HF_E_ALERT_RECEIVED);
            assert_true(e.alert_received);
            assert_false(e.alert_sent);
            assert_int_equal(e.alert, description);
            assert_int_equal(hf_out(victim).n, 0);
            hf_error_format(&e, text, sizeof(text));
            assert_non_null(strstr(text, hf_alert_name((uint8_t)description)));
            pair_free(&p);
        }
    }
}

static void cancel_and_close(hf_conn *c)
{
    liar_send(c, HF_CONTENT_ALERT, warning, 2);
    liar_send(c, HF_CONTENT_ALERT, "\1\0", 2);
}

static void user_canceled_and_close_notify_end_a_handshake_without_an_answer(void **state)
{
    (void)state;
    pair p;
    hf_error e;
    start(&p, false);
    now = cancel_and_close;
    add_work(p.server, HF_MSG_ENCRYPTED_EXTENSIONS, 0, false, do_trick);
    assert_false(pair_run(&p));
    hf_conn_error(p.client, &e);
    assert_int_equal(e.code, HF_E_ALERT_RECEIVED);
    assert_int_equal(e.alert, HF_ALERT_close_notify);
    assert_false(e.alert_sent);
    assert_int_equal(hf_out(p.client).n, 0);
    pair_free(&p);
}

static void a_fatal_alert_in_the_clear_is_heard_after_the_keys_changed(void **state)
{
    (void)state;
    pair p;
    hf_error e;
    start(&p, true);
    now = alert;
    alert_level = 2;
    alert_description = HF_ALERT_handshake_failure;
    add_work(p.client, HF_MSG_CLIENT_HELLO, 1, true, do_trick);
    assert_false(pair_run(&p));
    hf_conn_error(p.server, &e);
    assert_int_equal(e.code, HF_E_ALERT_RECEIVED);
    assert_int_equal(e.alert, HF_ALERT_handshake_failure);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bad_record_at_every_place_is_refused),
        cmocka_unit_test(messages_before_a_key_change_end_their_record),
        cmocka_unit_test(change_cipher_spec_is_dropped_wherever_the_rfc_says),
        cmocka_unit_test(change_cipher_spec_before_the_first_hello_is_refused),
        cmocka_unit_test(every_alert_during_the_handshake_ends_it_without_an_answer),
        cmocka_unit_test(user_canceled_and_close_notify_end_a_handshake_without_an_answer),
        cmocka_unit_test(a_fatal_alert_in_the_clear_is_heard_after_the_keys_changed),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
