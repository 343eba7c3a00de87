/* test_bad_resumption.c: what a peer may get wrong about sessions: hellos that resume, and tickets.
 * Hellos and TLS 1.2's tickets travel in the clear, so they are changed on the way; TLS 1.3's
 * tickets are sent by a lying server. Each is refused at once, with the alert that belongs to it.
 */
#include "support/liar.h"

#include "base/buf.h"

#include <stdlib.h>

static pair_pki pki;
static hf_buf given; /* the last session that the client was given */
static unsigned given_count;

static void keep_session(void *ctx, hf_conn *conn, hf_bytes session)
{
    (void)ctx;
    (void)conn;
    hf_buf_clear(&given);
    assert_int_equal(hf_buf_append(&given, session), HF_OK);
    given_count++;
}

static void begin(pair *p, uint16_t version, bool victim_is_client)
{
    given_count = 0;
    pair_config(p, &pki);
    hf_config_versions(p->client_config, version, version);
    hf_config_versions(p->server_config, version, version);
    hf_config_new_session(p->client_config, keep_session, NULL);
    hf_config_trace(victim_is_client ? p->client_config : p->server_config, &tamper_watch);
    pair_start(p);
}

/* The pair after a first connection, about to resume it. */
static void begin_again(pair *p, uint16_t version, bool victim_is_client)
{
    begin(p, version, victim_is_client);
    assert_true(pair_run(p));
    assert_true(given_count != 0);
    hf_conn_free(p->client);
    hf_conn_free(p->server);
    assert_int_equal(hf_client_new(p->client_config, "server.test", &p->client), HF_OK);
    assert_int_equal(hf_server_new(p->server_config, &p->server), HF_OK);
    assert_int_equal(hf_conn_resume(p->client, hf_buf_bytes(&given)), HF_OK);
    tamper_start(victim_is_client ? p->server : p->client);
}

/* ---- changing messages on the way ---- */

typedef void change(hf_buf *body);

static void append(hf_buf *b, const void *p, size_t n)
{
    assert_int_equal(hf_buf_append(b, hf_bytes_of(p, n)), HF_OK);
}

/* The messages of one record's content, with the first of `type` changed. */
static void change_messages(hf_bytes content, uint8_t type, change *edit, hf_buf *out)
{
    while (content.n >= 4) {
        size_t n = (size_t)content.p[1] << 16 | (size_t)content.p[2] << 8 | content.p[3];
        hf_buf body = {0};
        assert_true(n <= content.n - 4);
        append(&body, content.p + 4, n);
        if (content.p[0] == type)
            edit(&body);
        uint8_t header[4] = {content.p[0], 0, (uint8_t)(body.n >> 8), (uint8_t)body.n};
        append(out, header, sizeof(header));
        append(out, body.p, body.n);
        hf_buf_free(&body);
        content = (hf_bytes){content.p + 4 + n, content.n - 4 - n};
    }
    assert_int_equal(content.n, 0);
}

/* What `from` has to send goes to `to`, with the message changed; records after a
 * change_cipher_spec are encrypted and stay as they are. */
static void deliver(hf_conn *from, hf_conn *to, uint8_t type, change *edit)
{
    hf_buf sent = {0};
    size_t used;
    bool clear = true;
    hf_step(from);
    hf_bytes out = hf_out(from);
    for (size_t at = 0, n; at + 5 <= out.n; at += 5 + n) {
        hf_buf content = {0};
        n = (size_t)out.p[at + 3] << 8 | out.p[at + 4];
        clear = clear && out.p[at] != HF_CONTENT_CHANGE_CIPHER_SPEC;
        if (clear && out.p[at] == HF_CONTENT_HANDSHAKE)
            change_messages(hf_bytes_of(out.p + at + 5, n), type, edit, &content);
        else
            append(&content, out.p + at + 5, n);
        uint8_t header[5] = {out.p[at], 3, 3, (uint8_t)(content.n >> 8), (uint8_t)content.n};
        append(&sent, header, sizeof(header));
        append(&sent, content.p, content.n);
        hf_buf_free(&content);
    }
    hf_out_consumed(from, out.n);
    for (size_t at = 0; at < sent.n; at += used) {
        assert_int_equal(hf_feed(to, sent.p + at, sent.n - at, &used), HF_OK);
        if (hf_step(to) < 0)
            break;
    }
    hf_buf_free(&sent);
}

/* ---- extensions of a hello, as bytes ---- */

static bool of_client; /* whose hello is being changed */

static size_t u16_at(const hf_buf *b, size_t at)
{
    return (size_t)b->p[at] << 8 | b->p[at + 1];
}

static void set_u16(hf_buf *b, size_t at, size_t value)
{
    b->p[at] = (uint8_t)(value >> 8);
    b->p[at + 1] = (uint8_t)value;
}

/* Where the extensions' length stands. */
static size_t extensions_at(const hf_buf *b)
{
    size_t at = 34 + 1U + b->p[34];
    if (!of_client)
        return at + 3;
    at += 2 + u16_at(b, at);
    return at + 1U + b->p[at];
}

/* Where the extension begins, with its type. */
static size_t find(const hf_buf *b, unsigned type)
{
    size_t at = extensions_at(b) + 2;
    while (at + 4 <= b->n && u16_at(b, at) != type)
        at += 4 + u16_at(b, at + 2);
    if (at + 4 > b->n)
        fail_msg("no extension %u", type);
    return at;
}

/* Bytes `at` to `at + n` become others; the lengths of extension and block follow when `inside` is
 * the extension that they are in (0: whole extensions). */
static void splice(hf_buf *b, size_t inside, size_t at, size_t n, const void *p, size_t more)
{
    hf_buf out = {0};
    size_t block = extensions_at(b);
    append(&out, b->p, at);
    append(&out, p, more);
    append(&out, b->p + at + n, b->n - at - n);
    set_u16(&out, block, u16_at(b, block) + more - n);
    if (inside != 0)
        set_u16(&out, inside + 2, u16_at(b, inside + 2) + more - n);
    hf_buf_free(b);
    *b = out;
}

static void remove_extension(hf_buf *b, unsigned type)
{
    size_t at = find(b, type);
    splice(b, 0, at, 4 + u16_at(b, at + 2), "", 0);
}

/* ---- a client that resumes wrongly ---- */

static void a_changed_binder(hf_buf *b)
{
    b->p[b->n - 1] ^= 1;
}

static void another_hello_under_its_binder(hf_buf *b)
{
    b->p[10] ^= 1; /* of the random */
}

/* binders: a length of 2 bytes, then each with a length of 1: here the one of SHA-256 */
static void a_binder_too_short(hf_buf *b)
{
    size_t at = find(b, 41);
    splice(b, at, b->n - 1, 1, "", 0);
    b->p[b->n - 32] = 31;
    set_u16(b, b->n - 34, 32);
}

static void a_binder_of_another_hash(hf_buf *b)
{
    static const uint8_t zeros[16];
    size_t at = find(b, 41);
    splice(b, at, b->n, 0, zeros, sizeof(zeros));
    b->p[b->n - 49] = 48;
    set_u16(b, b->n - 51, 49);
}

static void one_binder_more(hf_buf *b)
{
    uint8_t more[33] = {32};
    size_t at = find(b, 41);
    splice(b, at, b->n, 0, more, sizeof(more));
    set_u16(b, b->n - 68, 66);
}

static void one_identity_more(hf_buf *b)
{
    static const uint8_t identity[] = {0, 1, 'x', 0, 0, 0, 0};
    size_t at = find(b, 41), n = u16_at(b, at + 4);
    splice(b, at, at + 6 + n, 0, identity, sizeof(identity));
    set_u16(b, at + 4, n + sizeof(identity));
}

static void no_identity(hf_buf *b)
{
    size_t at = find(b, 41), n = u16_at(b, at + 4);
    splice(b, at, at + 6, n, "", 0);
    set_u16(b, at + 4, 0);
}

static void no_binder(hf_buf *b)
{
    size_t at = find(b, 41);
    splice(b, at, b->n - 33, 33, "", 0);
    set_u16(b, b->n - 2, 0);
}

static void an_empty_identity(hf_buf *b)
{
    size_t at = find(b, 41), n = u16_at(b, at + 6);
    splice(b, at, at + 8, n, "", 0);
    set_u16(b, at + 6, 0);
    set_u16(b, at + 4, 6);
}

static void something_behind_the_key(hf_buf *b)
{
    splice(b, 0, b->n, 0, "\xfa\xfa\0\0", 4);
}

static void no_modes(hf_buf *b)
{
    remove_extension(b, 45);
}

static void empty_modes(hf_buf *b)
{
    size_t at = find(b, 45);
    splice(b, at, at + 5, 1, "", 0);
    b->p[at + 4] = 0;
}

static void no_extended_master_secret(hf_buf *b)
{
    remove_extension(b, 23);
}

/* ---- a server that resumes wrongly ---- */

static void another_identity_chosen(hf_buf *b)
{
    b->p[find(b, 41) + 5] = 1;
}

static void a_long_choice(hf_buf *b)
{
    size_t at = find(b, 41);
    splice(b, at, at + 6, 0, "x", 1);
}

static void a_suite_of_another_hash(hf_buf *b)
{
    set_u16(b, extensions_at(b) - 3, 0x1302);
}

static void another_suite(hf_buf *b)
{
    size_t at = extensions_at(b) - 3;
    set_u16(b, at, u16_at(b, at) == 0xc02b ? 0xc02c : 0xc02b);
}

static void a_key_that_was_not_offered(hf_buf *b)
{
    splice(b, 0, b->n, 0, "\0\x29\0\2\0\0", 6);
}

static void keep_as_it_is(hf_buf *body)
{
    (void)body;
}

/* ---- tickets of TLS 1.2 ---- */

static void no_life(hf_buf *b)
{
    hf_buf_clear(b);
}

static void half_a_ticket(hf_buf *b)
{
    b->n /= 2;
}

static void more_than_a_ticket(hf_buf *b)
{
    append(b, "x", 1);
}

static void a_length_too_long(hf_buf *b)
{
    set_u16(b, 4, u16_at(b, 4) + 1);
}

static void a_length_too_short(hf_buf *b)
{
    set_u16(b, 4, u16_at(b, 4) - 1);
}

typedef struct bad {
    const char *what;
    uint16_t version;
    bool by_client, resumes;
    uint8_t message;
    change *edit;
    hf_status code;
    uint8_t alert;
} bad;

enum { CH = HF_MSG_CLIENT_HELLO, SH = HF_MSG_SERVER_HELLO, NST = HF_MSG_NEW_SESSION_TICKET };
#define V12 HF_TLS_1_2
#define V13 HF_TLS_1_3

/* clang-format off */
static const bad all[] = {
    {"a changed binder", V13, true, true, CH, a_changed_binder, HF_E_BAD_BINDER, HF_ALERT_decrypt_error},
    {"another hello under its binder", V13, true, true, CH, another_hello_under_its_binder, HF_E_BAD_BINDER, HF_ALERT_decrypt_error},
    {"a binder too short", V13, true, true, CH, a_binder_too_short, HF_OK, HF_ALERT_decode_error},
    {"a binder of another hash", V13, true, true, CH, a_binder_of_another_hash, HF_E_BAD_BINDER, HF_ALERT_decrypt_error},
    {"one binder more", V13, true, true, CH, one_binder_more, HF_E_PSK_BINDERS, HF_ALERT_illegal_parameter},
    {"one identity more", V13, true, true, CH, one_identity_more, HF_E_PSK_BINDERS, HF_ALERT_illegal_parameter},
    {"no identity", V13, true, true, CH, no_identity, HF_OK, HF_ALERT_decode_error},
    {"no binder", V13, true, true, CH, no_binder, HF_OK, HF_ALERT_decode_error},
    {"an empty identity", V13, true, true, CH, an_empty_identity, HF_OK, HF_ALERT_decode_error},
    {"something behind the key", V13, true, true, CH, something_behind_the_key, HF_E_PSK_NOT_LAST, HF_ALERT_illegal_parameter},
    {"no modes", V13, true, true, CH, no_modes, HF_OK, HF_ALERT_missing_extension},
    {"empty modes", V13, true, true, CH, empty_modes, HF_OK, HF_ALERT_decode_error},
    {"no extended_master_secret of the client", V12, true, true, CH, no_extended_master_secret, HF_E_NO_EXTENDED_MASTER_SECRET, HF_ALERT_handshake_failure},
    {"another identity chosen", V13, false, true, SH, another_identity_chosen, HF_E_SELECTED_IDENTITY, HF_ALERT_illegal_parameter},
    {"a long choice", V13, false, true, SH, a_long_choice, HF_OK, HF_ALERT_decode_error},
    {"a suite of another hash", V13, false, true, SH, a_suite_of_another_hash, HF_E_SELECTED_IDENTITY, HF_ALERT_illegal_parameter},
    {"a key that was not offered", V13, false, false, SH, a_key_that_was_not_offered, HF_E_UNSOLICITED_EXTENSION, HF_ALERT_unsupported_extension},
    {"another suite", V12, false, true, SH, another_suite, HF_E_SUITE_CHANGED, HF_ALERT_illegal_parameter},
    {"no extended_master_secret of the server", V12, false, true, SH, no_extended_master_secret, HF_E_NO_EXTENDED_MASTER_SECRET, HF_ALERT_handshake_failure},
    {"a ticket of nothing", V12, false, false, NST, no_life, HF_OK, HF_ALERT_decode_error},
    {"half a ticket", V12, false, false, NST, half_a_ticket, HF_OK, HF_ALERT_decode_error},
    {"more than a ticket", V12, false, false, NST, more_than_a_ticket, HF_OK, HF_ALERT_decode_error},
    {"a length too long", V12, false, false, NST, a_length_too_long, HF_OK, HF_ALERT_decode_error},
    {"a length too short", V12, false, false, NST, a_length_too_short, HF_OK, HF_ALERT_decode_error},
};
/* clang-format on */

static void expect(pair *p, hf_conn *victim, const char *what, hf_status code, uint8_t alert)
{
    hf_error e;
    char text[1024];
    hf_conn_error(victim, &e);
    hf_error_format(&e, text, sizeof(text));
    if ((code != HF_OK && e.code != code) || e.alert != alert || !e.alert_sent)
        fail_msg("%s: expected %s (%s), got %s (%s): %s", what, hf_error_name(code),
                 hf_alert_name(alert), hf_error_name(e.code), hf_alert_name(e.alert), text);
    tamper_expect(p, victim, e.code);
}

static void wrong_resumption_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const bad *b = &all[i];
        pair p;
        if (b->resumes) {
            begin_again(&p, b->version, !b->by_client);
        } else {
            begin(&p, b->version, !b->by_client);
            tamper_start(p.server);
        }
        of_client = b->by_client;
        hf_conn *victim = b->by_client ? p.server : p.client;
        deliver(p.client, p.server, CH, b->by_client ? b->edit : keep_as_it_is);
        if (!b->by_client)
            deliver(p.server, p.client, b->message, b->edit);
        if (b->message == NST) { /* it follows the client's Finished */
            deliver(p.client, p.server, CH, keep_as_it_is);
            deliver(p.server, p.client, NST, b->edit);
        }
        expect(&p, victim, b->what, b->code, b->alert);
        pair_free(&p);
    }
}

/* What nothing was changed in is resumed: the test's own way of moving bytes is right. */
static void unchanged_it_is_resumed(void **state)
{
    (void)state;
    static const uint16_t versions[] = {V13, V12};
    for (size_t i = 0; i < 2; i++) {
        pair p;
        hf_info info;
        begin_again(&p, versions[i], true);
        of_client = true;
        deliver(p.client, p.server, CH, keep_as_it_is);
        deliver(p.server, p.client, SH, keep_as_it_is);
        assert_true(pair_run(&p));
        hf_conn_info(p.client, &info);
        assert_true(info.resumed);
        pair_free(&p);
    }
}

/* ---- tickets of TLS 1.3 ---- */

/* ticket_lifetime, ticket_age_add, ticket_nonce, ticket, extensions */
#define LIFE(a, b, c, d) a, b, c, d
#define HOUR             LIFE(0, 0, 14, 16)
static const uint8_t good[] = {HOUR, 1, 2, 3, 4, 1, 9, 0, 3, 't', 'k', 't', 0, 0};
static const uint8_t week[] = {LIFE(0, 9, 58, 128), 1, 2, 3, 4, 1, 9, 0, 1, 't', 0, 0};
static const uint8_t over[] = {LIFE(0, 9, 58, 129), 1, 2, 3, 4, 1, 9, 0, 1, 't', 0, 0};
static const uint8_t most[] = {LIFE(255, 255, 255, 255), 1, 2, 3, 4, 1, 9, 0, 1, 't', 0, 0};
static const uint8_t at_once[] = {LIFE(0, 0, 0, 0), 1, 2, 3, 4, 1, 9, 0, 1, 't', 0, 0};
static const uint8_t empty[] = {HOUR, 1, 2, 3, 4, 1, 9, 0, 0, 0, 0};
static const uint8_t no_nonce[] = {HOUR, 1, 2, 3, 4, 0, 0, 1, 't', 0, 0};
static const uint8_t early[] = {HOUR, 1, 2, 3, 4, 1, 9, 0, 1, 't', 0, 8, 0, 42, 0, 4, 0, 0, 64, 0};
static const uint8_t early_3[] = {HOUR, 1, 2, 3, 4, 1, 9, 0, 1, 't', 0, 7, 0, 42, 0, 3, 0, 64, 0};
static const uint8_t early_twice[] = {HOUR, 1, 2, 3, 4,  1, 9, 0,  1, 't', 0, 16, 0,  42,
                                      0,    4, 0, 0, 64, 0, 0, 42, 0, 4,   0, 0,  64, 0};
static const uint8_t share[] = {HOUR, 1, 2, 3, 4, 1, 9, 0, 1, 't', 0, 6, 0, 51, 0, 2, 0, 29};
static const uint8_t unknown[] = {HOUR, 1, 2, 3, 4, 1, 9, 0, 1, 't', 0, 5, 0xfa, 0xfa, 0, 1, 7};
static const uint8_t trailing[] = {HOUR, 1, 2, 3, 4, 1, 9, 0, 1, 't', 0, 0, 0};

static void send_ticket(hf_conn *server, const uint8_t *body, size_t n)
{
    hf_buf message = {0};
    uint8_t header[] = {HF_MSG_NEW_SESSION_TICKET, 0, (uint8_t)(n >> 8), (uint8_t)n};
    append(&message, header, sizeof(header));
    append(&message, body, n);
    liar_send(server, HF_CONTENT_HANDSHAKE, message.p, message.n);
    hf_buf_free(&message);
}

static void connect_for_tickets(pair *p)
{
    begin(p, V13, true);
    tamper_start(p->server);
    assert_true(pair_run(p));
    given_count = 0;
}

static void wrong_tickets_are_refused(void **state)
{
    (void)state;
#define TICKET(name, code, alert)                                                                  \
    {                                                                                              \
#        name, name, sizeof(name), code, HF_ALERT_##alert                                          \
    }
    static const struct {
        const char *what;
        const uint8_t *body;
        size_t n;
        hf_status code;
        uint8_t alert;
    } cases[] = {
        TICKET(over, HF_E_TICKET_LIFETIME, illegal_parameter),
        TICKET(most, HF_E_TICKET_LIFETIME, illegal_parameter),
        TICKET(empty, HF_OK, decode_error),
        TICKET(early_3, HF_OK, decode_error),
        TICKET(early_twice, HF_OK, illegal_parameter),
        TICKET(share, HF_E_FORBIDDEN_EXTENSION, illegal_parameter),
        TICKET(trailing, HF_OK, decode_error),
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pair p;
        connect_for_tickets(&p);
        send_ticket(p.server, cases[i].body, cases[i].n);
        pair_run(&p);
        expect(&p, p.client, cases[i].what, cases[i].code, cases[i].alert);
        assert_int_equal(given_count, 0);
        pair_free(&p);
    }
    for (size_t n = 0; n < sizeof(early); n++) {
        pair p;
        connect_for_tickets(&p);
        send_ticket(p.server, early, n);
        pair_run(&p);
        expect(&p, p.client, "a cut ticket", HF_OK, HF_ALERT_decode_error);
        assert_int_equal(given_count, 0);
        pair_free(&p);
    }
}

static void right_tickets_are_kept(void **state)
{
    (void)state;
    static const struct {
        const uint8_t *body;
        size_t n;
        unsigned kept;
        uint32_t life_s, early;
    } cases[] = {
        {good, sizeof(good), 1, 3600, 0},       {week, sizeof(week), 1, 604800, 0},
        {at_once, sizeof(at_once), 0, 0, 0},    {no_nonce, sizeof(no_nonce), 1, 3600, 0},
        {early, sizeof(early), 1, 3600, 16384}, {unknown, sizeof(unknown), 1, 3600, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pair p;
        hf_session_info info;
        connect_for_tickets(&p);
        send_ticket(p.server, cases[i].body, cases[i].n);
        assert_true(pair_run(&p));
        assert_int_equal(given_count, cases[i].kept);
        if (cases[i].kept != 0) {
            assert_int_equal(hf_session_describe(hf_buf_bytes(&given), &info), HF_OK);
            assert_true(info.expires_s - info.began_s == cases[i].life_s);
            assert_int_equal(info.max_early_data, cases[i].early);
            assert_string_equal(info.host, "server.test");
        }
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_it_is_resumed),
        cmocka_unit_test(wrong_resumption_is_refused),
        cmocka_unit_test(wrong_tickets_are_refused),
        cmocka_unit_test(right_tickets_are_kept),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    hf_buf_free(&given);
    return failed;
}
