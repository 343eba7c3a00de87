/* test_bad_streams.c: a good peer's byte stream, cut at every byte, fed in other pieces, and
 * changed at every byte: never taken for the whole, never for another. */
#include "support/pair.h"

#include "base/buf.h"
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static pair_pki pki;

/* ---- one connection, recorded; every run of it is the same ---- */

typedef struct stream {
    hf_buf wire[2]; /* what the client sent, what the server sent */
    size_t done[2]; /* how much of it makes the other side established */
} stream;

static stream good;
static const char question[] = "what the client has to say, twice over; what the client has to say";
static const char answer[] = "what the server answers";

static void configure(pair *p, uint64_t random[2])
{
    pair_config(p, &pki);
    random[0] = 3;
    random[1] = 4;
    hf_config_random(p->client_config, pair_random, &random[0]);
    hf_config_random(p->server_config, pair_random, &random[1]);
    hf_config_groups(p->client_config, "X25519:P-256");
    hf_config_key_shares(p->client_config, 1);
    hf_config_groups(p->server_config, "P-256");
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_add_identity(p->client_config, pki.client);
    hf_config_alpn(p->client_config, "h2");
    hf_config_alpn(p->server_config, "h2");
}

/* Takes what `from` has and gives it to `to`, keeping a copy. */
static void pass(hf_conn *from, hf_conn *to, hf_buf *kept)
{
    size_t used;
    hf_bytes out = hf_out(from);
    assert_int_equal(hf_buf_append(kept, out), HF_OK);
    assert_int_equal(hf_feed(to, out.p, out.n, &used), HF_OK);
    assert_int_equal(used, out.n);
    hf_out_consumed(from, used);
}

static void record(void)
{
    pair p;
    uint64_t random[2];
    size_t n;
    configure(&p, random);
    pair_start(&p);
    for (int i = 0; i < 6; i++) {
        assert_true(hf_step(p.client) >= 0);
        pass(p.client, p.server, &good.wire[0]);
        assert_true(hf_step(p.server) >= 0);
        if (good.done[0] == 0 && (hf_step(p.server) & HF_ESTABLISHED) != 0)
            good.done[0] = good.wire[0].n;
        pass(p.server, p.client, &good.wire[1]);
        if (good.done[1] == 0 && (hf_step(p.client) & HF_ESTABLISHED) != 0)
            good.done[1] = good.wire[1].n;
    }
    assert_true(good.done[0] != 0 && good.done[1] != 0);
    hf_write(p.client, question, sizeof(question), &n);
    hf_key_update(p.client, true);
    hf_write(p.client, question, sizeof(question), &n);
    hf_close(p.client);
    hf_buf_append(&good.wire[0], hf_out(p.client));
    hf_write(p.server, answer, sizeof(answer), &n);
    hf_key_update(p.server, false);
    hf_write(p.server, answer, sizeof(answer), &n);
    hf_close(p.server);
    hf_buf_append(&good.wire[1], hf_out(p.server));
    pair_free(&p);
}

/* ---- one side, fed from the recording ---- */

typedef struct outcome {
    hf_error error;
    bool established, closed;
    char data[256];
    size_t data_n;
    size_t alerts;
    hf_buf sent;
} outcome;

static void watch(void *ctx, const hf_conn *conn, const hf_event *e)
{
    (void)conn;
    if (e->kind == HF_TRACE_ALERT && e->sent)
        ++*(size_t *)ctx;
}

static void settle(hf_conn *c, outcome *o)
{
    int last;
    while ((last = hf_step(c)) >= 0 && (last & HF_HAVE_DATA) != 0) {
        hf_bytes data = hf_readable(c);
        assert_true(o->data_n + data.n <= sizeof(o->data));
        memcpy(o->data + o->data_n, data.p, data.n);
        o->data_n += data.n;
        hf_read_consumed(c, data.n);
    }
    o->established |= last >= 0 && (last & HF_ESTABLISHED) != 0;
    o->closed |= last >= 0 && (last & HF_PEER_CLOSED) != 0;
}

/* Feeds one side (its randomness as when it was recorded) with `n` bytes in pieces of `chunk`, then
 * the end of the transport if `end`. */
static void play(bool client, const uint8_t *bytes, size_t n, size_t chunk, bool end, outcome *o)
{
    pair p;
    uint64_t random[2];
    const hf_trace trace = {watch, &o->alerts, false};
    memset(o, 0, sizeof(*o));
    configure(&p, random);
    hf_config_trace(client ? p.client_config : p.server_config, &trace);
    pair_start(&p);
    hf_conn *c = client ? p.client : p.server;
    settle(c, o);
    for (size_t at = 0; at < n;) {
        size_t used, take = n - at < chunk ? n - at : chunk;
        assert_int_equal(hf_feed(c, bytes + at, take, &used), HF_OK);
        at += used;
        settle(c, o);
        if (hf_step(c) < 0)
            break;
    }
    if (end)
        hf_feed_end(c);
    settle(c, o);
    hf_conn_error(c, &o->error);
    hf_bytes out = hf_out(c);
    assert_int_equal(hf_buf_append(&o->sent, out), HF_OK);
    pair_free(&p);
}

static const hf_buf *wire_to(bool client)
{
    return &good.wire[client ? 1 : 0];
}

static const char *data_to(bool client, size_t *n)
{
    static char twice[256];
    const char *one = client ? answer : question;
    size_t len = client ? sizeof(answer) : sizeof(question);
    memcpy(twice, one, len);
    memcpy(twice + len, one, len);
    *n = 2 * len;
    return twice;
}

static void assert_whole(bool client, const outcome *o)
{
    size_t n;
    const char *data = data_to(client, &n);
    assert_int_equal(o->error.code, HF_OK);
    assert_true(o->established);
    assert_true(o->closed);
    assert_int_equal(o->alerts, 0);
    assert_int_equal(o->data_n, n);
    assert_memory_equal(o->data, data, n);
}

/* What was delivered must be a beginning of what was sent. */
static void assert_beginning(bool client, const outcome *o)
{
    size_t n;
    const char *data = data_to(client, &n);
    assert_true(o->data_n <= n);
    assert_memory_equal(o->data, data, o->data_n);
}

static void the_recording_plays(void **state)
{
    (void)state;
    for (int client = 0; client <= 1; client++) {
        outcome o;
        const hf_buf *wire = wire_to(client == 1);
        play(client == 1, wire->p, wire->n, wire->n, true, &o);
        assert_whole(client == 1, &o);
        hf_buf_free(&o.sent);
        print_message("%zu bytes to the %s\n", wire->n, client ? "client" : "server");
    }
}

static void pieces_of_any_size_end_the_same(void **state)
{
    static const size_t chunks[] = {1, 2, 3, 4, 5, 6, 7, 64, 1000};
    (void)state;
    for (int client = 0; client <= 1; client++) {
        const hf_buf *wire = wire_to(client == 1);
        outcome whole;
        play(client == 1, wire->p, wire->n, wire->n, true, &whole);
        for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
            outcome o;
            play(client == 1, wire->p, wire->n, chunks[i], true, &o);
            assert_whole(client == 1, &o);
            assert_int_equal(o.sent.n, whole.sent.n);
            assert_memory_equal(o.sent.p, whole.sent.p, o.sent.n);
            hf_buf_free(&o.sent);
        }
        hf_buf_free(&whole.sent);
    }
}

static void every_beginning_is_truncated_and_never_an_end(void **state)
{
    (void)state;
    for (int client = 0; client <= 1; client++) {
        const hf_buf *wire = wire_to(client == 1);
        for (size_t n = 0; n < wire->n; n++) {
            outcome o;
            play(client == 1, wire->p, n, n + 1, true, &o);
            if (o.error.code != HF_E_TRUNCATED)
                fail_msg("%zu bytes to the %s: %s", n, client ? "client" : "server",
                         hf_error_name(o.error.code));
            assert_false(o.error.alert_sent);
            assert_int_equal(o.alerts, 0);
            assert_int_equal(o.established, n >= good.done[client]);
            assert_beginning(client == 1, &o);
            hf_buf_free(&o.sent);
        }
    }
}

/* ---- changed bytes ---- */

/* The version in a record's header is not looked at, but for its first byte, as long as the record
 * is not protected; and an unprotected version is covered by nothing. */
static bool is_free(const hf_buf *wire, size_t at)
{
    size_t record = 0;
    while (at >= record + 5U + ((size_t)wire->p[record + 3] << 8 | wire->p[record + 4]))
        record += 5U + ((size_t)wire->p[record + 3] << 8 | wire->p[record + 4]);
    return at == record + 2 && wire->p[record] != 23;
}

static unsigned undone;

static void play_changed(bool client, const uint8_t *bytes, const hf_buf *wire, size_t at,
                         const char *how)
{
    outcome o;
    play(client, bytes, wire->n, wire->n, true, &o);
    assert_beginning(client, &o);
    assert_true(o.alerts <= 1);
    assert_int_equal(o.alerts, o.error.alert_sent);
    if (is_free(wire, at))
        assert_whole(client, &o);
    else if (o.error.code == HF_OK)
        fail_msg("byte %zu %s to the %s was not noticed", at, how, client ? "client" : "server");
    else if (o.error.code == HF_E_INTERNAL || o.error.code == HF_E_CRYPTO)
        fail_msg("byte %zu %s: %s", at, how, hf_error_name(o.error.code));
    undone += o.error.code == HF_E_TRUNCATED;
    hf_buf_free(&o.sent);
}

static void every_changed_byte_is_noticed(void **state)
{
    uint64_t dice = 1;
    (void)state;
    for (int client = 0; client <= 1; client++) {
        const hf_buf *wire = wire_to(client == 1);
        uint8_t *bytes = malloc(wire->n);
        memcpy(bytes, wire->p, wire->n);
        for (size_t at = 0; at < wire->n; at++) {
            uint8_t kept = bytes[at], roll;
            pair_random(&dice, &roll, 1);
            const uint8_t tries[] = {(uint8_t)(kept ^ 1U << (roll & 7)), (uint8_t)(kept ^ 0xff)};
            for (size_t i = 0; i < sizeof(tries); i++) {
                bytes[at] = tries[i];
                play_changed(client == 1, bytes, wire, at,
                             i == 0 ? "with a bit flipped" : "inverted");
            }
            bytes[at] = kept;
        }
        free(bytes);
    }
    print_message("%u of them as a truncation\n", undone);
}

/* Several bytes at once, anywhere. */
static void changes_at_random_are_noticed(void **state)
{
    uint64_t dice = 2;
    (void)state;
    for (int i = 0; i < 2000; i++) {
        bool client = i % 2 == 1;
        const hf_buf *wire = wire_to(client);
        uint8_t *bytes = malloc(wire->n), roll[3];
        size_t at = 0;
        memcpy(bytes, wire->p, wire->n);
        for (int k = 0; k <= i % 5; k++) {
            pair_random(&dice, roll, 3);
            at = ((size_t)roll[0] << 8 | roll[1]) % wire->n;
            bytes[at] = roll[2];
        }
        outcome o;
        play(client, bytes, wire->n, wire->n, true, &o);
        assert_beginning(client, &o);
        assert_true(o.alerts <= 1);
        hf_buf_free(&o.sent);
        free(bytes);
    }
}

/* ---- every record, changed where it travels: the one that reads it says so at once ---- */

static hf_status changed_record(bool by_client, unsigned record, int where, bool *there,
                                hf_error *heard)
{
    pair p;
    uint64_t random[2];
    configure(&p, random);
    pair_start(&p);
    hf_conn *from = by_client ? p.client : p.server, *to = by_client ? p.server : p.client;
    unsigned seen = 0;
    size_t moved, n;
    bool wrote = false;
    *there = false;
    do {
        hf_bytes out;
        moved = 0;
        hf_step(from);
        hf_step(to);
        moved += pair_move(to, from, 0);
        while (!*there && (out = hf_out(from)).n != 0) {
            size_t whole = 5U + ((size_t)out.p[3] << 8 | out.p[4]), used;
            uint8_t copy[17000];
            memcpy(copy, out.p, whole);
            if (copy[0] == 23 && seen++ == record) {
                size_t at = where == 0 ? 5 : where == 1 ? 5 + (whole - 5) / 2 : whole - 1;
                copy[at] ^= 0x10;
                *there = true;
            }
            hf_feed(to, copy, whole, &used);
            hf_out_consumed(from, used);
            hf_step(to);
            hf_read_consumed(to, hf_readable(to).n);
            moved += used;
        }
        if (moved == 0 && !wrote) {
            wrote = true;
            hf_write(from, question, sizeof(question), &n);
            hf_key_update(from, false);
            hf_write(from, question, sizeof(question), &n);
            hf_close(from);
            moved = 1;
        }
    } while (moved != 0 && !*there);
    hf_error e;
    hf_step(to);
    hf_conn_error(to, &e);
    if (e.code != HF_OK) {
        assert_true(e.alert_sent);
        pair_move(to, from, 0);
        hf_step(from);
        hf_conn_error(from, heard);
    }
    pair_free(&p);
    return e.code;
}

static void a_flipped_bit_in_any_protected_record_is_a_bad_record_mac(void **state)
{
    (void)state;
    for (int by_client = 0; by_client <= 1; by_client++) {
        unsigned record = 0;
        for (bool there = true; there; record++) {
            for (int where = 0; where < 3 && there; where++) {
                hf_error heard = {0};
                hf_status s = changed_record(by_client == 1, record, where, &there, &heard);
                if (!there)
                    break;
                assert_int_equal(s, HF_E_BAD_RECORD_MAC);
                assert_int_equal(heard.code, HF_E_ALERT_RECEIVED);
                assert_int_equal(heard.alert, HF_ALERT_bad_record_mac);
            }
        }
        print_message("%u protected records of the %s\n", record - 1,
                      by_client ? "client" : "server");
        assert_true(record - 1 >= 5); /* handshake, data, KeyUpdate, data, close_notify */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recording_plays),
        cmocka_unit_test(pieces_of_any_size_end_the_same),
        cmocka_unit_test(every_beginning_is_truncated_and_never_an_end),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(changes_at_random_are_noticed),
        cmocka_unit_test(a_flipped_bit_in_any_protected_record_is_a_bad_record_mac),
    };
    pair_pki_make(&pki, HF_KEY_ED25519);
    record();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hf_buf_free(&good.wire[0]);
    hf_buf_free(&good.wire[1]);
    pair_pki_free(&pki);
    return failed;
}
