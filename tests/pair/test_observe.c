/* test_observe.c: what an observer tells of a connection is what the client itself tells of it. */
#include "support/fail_alloc.h"
#include "support/wiretap.h"

#include "base/bytes.h"
#include "observe/observer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static pair_pki pki;
static pair p;
static wiretap w;
static hf_buf given; /* the last session that the client was given */

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

static void keep_session(void *ctx, hf_conn *conn, hf_bytes session)
{
    (void)ctx;
    (void)conn;
    hf_buf_clear(&given);
    assert_int_equal(hf_buf_append(&given, session), HF_OK);
}

static void begin(uint16_t version)
{
    pair_config(&p, &pki);
    hf_config_versions(p.client_config, version, version);
    hf_config_versions(p.server_config, version, version);
    hf_config_new_session(p.client_config, keep_session, NULL);
    wiretap_config(&w, &p);
}

static void end(void)
{
    pair_free(&p);
    wiretap_free(&w);
    hf_buf_free(&given);
}

static void again(void)
{
    hf_conn_free(p.client);
    hf_conn_free(p.server);
    wiretap_clear(&w);
    assert_int_equal(hf_client_new(p.client_config, "server.test", &p.client), HF_OK);
    assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
    assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&given)), HF_OK);
}

static void close_both(void)
{
    hf_close(p.client);
    (void)wiretap_run(&w, &p);
    hf_close(p.server);
    (void)wiretap_run(&w, &p);
}

static bool has(const hf_buf *text, const char *what)
{
    hf_bytes wanted = hf_bytes_text(what);
    for (size_t i = 0; i + wanted.n <= text->n; i++)
        if (memcmp(text->p + i, wanted.p, wanted.n) == 0)
            return true;
    return false;
}

/* ---- observing ---- */

static hf_observer *observe(wiretap_story *story, const hf_keylog *keys)
{
    hf_observer *o;
    hf_trace trace = wiretap_trace(story);
    *story = (wiretap_story){0};
    assert_int_equal(hf_observer_new(NULL, keys, &trace, &o), HF_OK);
    return o;
}

static hf_keylog *keys_of(hf_bytes text)
{
    hf_keylog *k;
    assert_int_equal(hf_keylog_new(&k), HF_OK);
    assert_int_equal(hf_keylog_add(k, text, NULL), HF_OK);
    return k;
}

static void same_text(const char *what, const hf_buf *a, const hf_buf *b)
{
    if (hf_bytes_equal(hf_buf_bytes(a), hf_buf_bytes(b)))
        return;
    size_t at = 0, line = 0;
    while (at < a->n && at < b->n && a->p[at] == b->p[at])
        if (a->p[at++] == '\n')
            line = at;
    fail_msg("%s differ:\n%.*s\nand\n%.*s", what, (int)(a->n - line > 300 ? 300 : a->n - line),
             (const char *)a->p + line, (int)(b->n - line > 300 ? 300 : b->n - line),
             (const char *)b->p + line);
}

/* All that the client knows but nobody on the way can, even with the key log. */
static bool in_log(const char *line)
{
    return strncmp(line, "CLIENT_", 7) == 0 || strncmp(line, "SERVER_", 7) == 0 ||
           strncmp(line, "EXPORTER", 8) == 0;
}

static void all_logged_secrets_are_told(const wiretap_story *story)
{
    hf_buf told = {0}, own = {0};
    assert_int_equal(hf_buf_append(&told, hf_bytes_of(story->secrets.p, story->secrets.n)), HF_OK);
    assert_int_equal(hf_buf_append(&told, hf_bytes_of("", 1)), HF_OK);
    assert_int_equal(hf_buf_append(&own, hf_bytes_of(w.own.secrets.p, w.own.secrets.n)), HF_OK);
    assert_int_equal(hf_buf_append(&own, hf_bytes_of("", 1)), HF_OK);
    unsigned count = 0;
    for (char *line = strtok((char *)own.p, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (!in_log(line))
            continue;
        count++;
        if (strstr((const char *)told.p, line) == NULL)
            fail_msg("not told: %s", line);
    }
    assert_true(count > 0);
    hf_buf_free(&told);
    hf_buf_free(&own);
}

/* Observes what was said and compares it with the client's own story. */
static void compare(size_t most, hf_observed *seen)
{
    wiretap_story story;
    hf_keylog *keys = keys_of(hf_buf_bytes(&w.keylog));
    hf_observer *o = observe(&story, keys);
    assert_int_equal(wiretap_feed(&w, o, most), HF_OK);
    same_text("what the client said", &w.own.said[1], &story.said[1]);
    same_text("what the server said", &w.own.said[0], &story.said[0]);
    all_logged_secrets_are_told(&story);
    hf_observer_seen(o, seen);
    seen->info.host = NULL; /* the observer's own memory */
    seen->info.alpn = (hf_bytes){NULL, 0};
    assert_true(seen->keys);
    assert_int_equal(seen->closed, 0);
    assert_int_equal(seen->why, HF_OBSERVED_ALL);
    assert_int_equal(seen->unread[0] + seen->unread[1], 0);
    hf_observer_free(o);
    hf_keylog_free(keys);
    wiretap_story_free(&story);
}

static void compare_established(hf_observed *seen)
{
    compare(0, seen);
    assert_true(seen->info.established);
    assert_true(seen->finished_match);
    assert_false(seen->finished_differs);
    hf_info info;
    hf_conn_info(p.client, &info);
    assert_int_equal(seen->info.version, info.version);
    assert_int_equal(seen->info.suite_id, info.suite_id);
    assert_int_equal(seen->info.resumed, info.resumed);
    assert_int_equal(seen->info.hello_retry, info.hello_retry);
    assert_true(seen->opened > 0);
}

static void talk(void)
{
    wiretap_send(&w, &p, true, 100);
    wiretap_send(&w, &p, false, 40000);
    close_both();
}

/* ---- connections ---- */

static void every_suite_is_opened(void **state)
{
    static const struct {
        uint16_t version;
        const char *suite;
    } cases[] = {
        {HF_TLS_1_3, "TLS_AES_128_GCM_SHA256"},
        {HF_TLS_1_3, "TLS_AES_256_GCM_SHA384"},
        {HF_TLS_1_3, "TLS_CHACHA20_POLY1305_SHA256"},
        {HF_TLS_1_3, "TLS_AES_128_CCM_8_SHA256"},
        {HF_TLS_1_2, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
        {HF_TLS_1_2, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
        {HF_TLS_1_2, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
        {HF_TLS_1_2, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hf_observed seen;
        begin(cases[i].version);
        hf_config_suites(p.client_config, cases[i].suite);
        hf_config_suites(p.server_config, cases[i].suite);
        pair_start(&p);
        assert_true(wiretap_run(&w, &p));
        talk();
        compare_established(&seen);
        assert_string_equal(seen.info.suite, cases[i].suite);
        end();
    }
}

static void the_size_of_pieces_changes_nothing(void **state)
{
    (void)state;
    hf_observed seen;
    begin(HF_TLS_1_3);
    pair_start(&p);
    assert_true(wiretap_run(&w, &p));
    talk();
    compare(1, &seen);
    compare(7, &seen);
    compare(1460, &seen);
    end();
}

static void resumed_ones(void **state)
{
    (void)state;
    for (uint16_t version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        hf_observed seen;
        begin(version);
        pair_start(&p);
        assert_true(wiretap_run(&w, &p));
        again();
        assert_true(wiretap_run(&w, &p));
        talk();
        compare_established(&seen);
        assert_true(seen.info.resumed);
        end();
    }
}

static void a_hello_retry_request(void **state)
{
    (void)state;
    hf_observed seen;
    begin(HF_TLS_1_3);
    hf_config_groups(p.server_config, "P-384");
    hf_config_groups(p.client_config, "X25519:P-384");
    hf_config_key_shares(p.client_config, 1);
    pair_start(&p);
    assert_true(wiretap_run(&w, &p));
    talk();
    compare_established(&seen);
    assert_true(seen.info.hello_retry);
    assert_string_equal(seen.info.group, "P-384");
    end();
}

static void certificates_both_ways_and_compressed(void **state)
{
    (void)state;
    for (uint16_t version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        hf_observed seen;
        begin(version);
        hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
        hf_config_add_identity(p.client_config, pki.client);
        hf_config_cert_compression(p.client_config, "zlib");
        hf_config_cert_compression(p.server_config, "zlib");
        pair_start(&p);
        assert_true(wiretap_run(&w, &p));
        talk();
        compare_established(&seen);
        assert_string_equal(seen.info.peer_scheme, "ecdsa_secp256r1_sha256");
        end();
    }
}

static void rsa_key_transport_and_its_message(void **state)
{
    (void)state;
    hf_observed seen;
    pair_pki ecdsa = pki;
    pair_pki_make(&pki, HF_KEY_RSA);
    begin(HF_TLS_1_2);
    hf_config_insecure_rsa_key_transport(p.client_config);
    hf_config_insecure_rsa_key_transport(p.server_config);
    hf_config_suites(p.client_config, "TLS_RSA_WITH_AES_128_GCM_SHA256");
    hf_config_suites(p.server_config, "TLS_RSA_WITH_AES_128_GCM_SHA256");
    pair_start(&p);
    assert_true(wiretap_run(&w, &p));
    talk();
    compare_established(&seen);
    assert_null(seen.info.group);
    end();
    pair_pki_free(&pki);
    pki = ecdsa;
}

static void the_protocol_and_the_host_are_told(void **state)
{
    (void)state;
    for (uint16_t version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        hf_observed seen;
        wiretap_story story;
        begin(version);
        hf_config_alpn(p.client_config, "h2,http/1.1");
        hf_config_alpn(p.server_config, "http/1.1");
        pair_start(&p);
        assert_true(wiretap_run(&w, &p));
        hf_keylog *keys = keys_of(hf_buf_bytes(&w.keylog));
        hf_observer *o = observe(&story, keys);
        assert_int_equal(wiretap_feed(&w, o, 0), HF_OK);
        hf_observer_seen(o, &seen);
        assert_true(hf_bytes_equal(seen.info.alpn, hf_bytes_text("http/1.1")));
        assert_string_equal(seen.info.host, "server.test");
        assert_true(has(&story.choices, "ALPN: h2 http/1.1: http/1.1\n"));
        hf_observer_free(o);
        hf_keylog_free(keys);
        wiretap_story_free(&story);
        end();
    }
}

static void key_updates(void **state)
{
    (void)state;
    hf_observed seen;
    begin(HF_TLS_1_3);
    pair_start(&p);
    assert_true(wiretap_run(&w, &p));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(hf_key_update(p.client, true), HF_OK);
        wiretap_send(&w, &p, true, 10);
        wiretap_send(&w, &p, false, 10);
    }
    talk();
    compare_established(&seen);
    end();
}

static void early_data(void **state)
{
    (void)state;
    for (unsigned refused = 0; refused < 2; refused++) {
        hf_observed seen;
        size_t taken;
        begin(HF_TLS_1_3);
        hf_config_early_data(p.client_config, 1);
        hf_config_early_data(p.server_config, 5000);
        pair_start(&p);
        assert_true(wiretap_run(&w, &p));
        again();
        assert_int_equal(hf_write_early(p.client, "ABCDEFGH", 8, &taken), HF_OK);
        assert_int_equal(taken, 8);
        if (refused != 0) { /* another server knows nothing of the ticket */
            hf_conn_free(p.server);
            hf_config *other;
            assert_int_equal(hf_config_new(HF_SERVER, &other), HF_OK);
            hf_config_add_identity(other, pki.server);
            hf_config_clock(other, pair_clock, NULL);
            assert_int_equal(hf_config_freeze(other, NULL), HF_OK);
            assert_int_equal(hf_server_new(other, &p.server), HF_OK);
            hf_config_free(other);
        }
        assert_true(wiretap_run(&w, &p));
        talk();
        compare_established(&seen);
        assert_int_equal(seen.info.resumed, refused == 0);
        end();
    }
}

static void a_refusal_is_told_with_its_alert(void **state)
{
    (void)state;
    for (uint16_t version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        hf_observed seen;
        wiretap_story story;
        begin(version);
        hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
        pair_start(&p);
        assert_false(wiretap_run(&w, &p) && p.server_last >= 0);
        compare(0, &seen);
        assert_false(seen.info.established);
        hf_keylog *keys = keys_of(hf_buf_bytes(&w.keylog));
        hf_observer *o = observe(&story, keys);
        assert_int_equal(wiretap_feed(&w, o, 0), HF_OK);
        assert_int_equal(story.errors, 1);
        assert_int_equal(story.error.code, HF_E_ALERT_SEEN);
        assert_true(story.error.alert_received); /* the server's */
        assert_int_equal(story.error.alert, version == HF_TLS_1_3 ? HF_ALERT_certificate_required
                                                                  : HF_ALERT_handshake_failure);
        hf_observer_free(o);
        hf_keylog_free(keys);
        wiretap_story_free(&story);
        end();
    }
}

/* ---- without keys ---- */

static void blind(const hf_keylog *keys, hf_observed_why why)
{
    hf_observed seen;
    wiretap_story story;
    hf_observer *o = observe(&story, keys);
    assert_int_equal(wiretap_feed(&w, o, 0), HF_OK);
    hf_observer_seen(o, &seen);
    assert_int_equal(seen.why, why);
    assert_int_equal(seen.opened, 0);
    assert_true(seen.closed > 3);
    assert_true(seen.client_hello && seen.server_hello);
    assert_false(seen.info.established);
    assert_false(seen.finished_match);
    assert_string_equal(seen.info.host, "server.test");
    assert_int_equal(story.errors, 0);
    hf_observer_free(o);
    wiretap_story_free(&story);
}

static void without_the_right_keys_the_reason_is_told(void **state)
{
    (void)state;
    for (uint16_t version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        begin(version);
        pair_start(&p);
        assert_true(wiretap_run(&w, &p));
        talk();
        blind(NULL, HF_OBSERVED_NO_KEYLOG);

        hf_keylog *keys;
        assert_int_equal(hf_keylog_new(&keys), HF_OK);
        blind(keys, HF_OBSERVED_NOT_IN_LOG);
        hf_keylog_free(keys);

        for (size_t i = 0; i + 1 < w.keylog.n; i++) /* the last digit of each secret */
            if (w.keylog.p[i + 1] == '\n')
                w.keylog.p[i] = w.keylog.p[i] == '0' ? '1' : '0';
        keys = keys_of(hf_buf_bytes(&w.keylog));
        blind(keys, HF_OBSERVED_WRONG_KEY);
        hf_keylog_free(keys);
        end();
    }
}

static void without_keys_tls_12_shows_its_certificate_and_13_does_not(void **state)
{
    (void)state;
    for (uint16_t version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        wiretap_story story;
        begin(version);
        pair_start(&p);
        assert_true(wiretap_run(&w, &p));
        hf_observer *o = observe(&story, NULL);
        assert_int_equal(wiretap_feed(&w, o, 0), HF_OK);
        assert_true(has(&story.said[1], "message 1 ClientHello"));
        assert_true(has(&story.said[0], "message 2 ServerHello"));
        assert_int_equal(has(&story.said[0], "message 11 Certificate"), version == HF_TLS_1_2);
        assert_false(has(&story.said[0], "message 20 Finished"));
        hf_observer_free(o);
        wiretap_story_free(&story);
        end();
    }
}

/* ---- what is missing, what is wrong ---- */

/* Feeds all but `n` bytes behind the first `from` of the server's. */
static void feed_with_gap(hf_observer *o, size_t from, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < w.chunks; i++)
        for (size_t k = 0; k < w.chunk[i].n; k++) {
            bool client = w.chunk[i].client;
            bool lost = !client && at >= from && at < from + n;
            if (lost && at == from)
                assert_int_equal(hf_observer_missing(o, false, n), HF_OK);
            if (!lost)
                assert_int_equal(
                    hf_observer_feed(o, client, (hf_bytes){w.bytes.p + w.chunk[i].at + k, 1}),
                    HF_OK);
            at += !client;
        }
}

static void a_gap_inside_a_record_costs_that_record(void **state)
{
    (void)state;
    begin(HF_TLS_1_3);
    pair_start(&p);
    assert_true(wiretap_run(&w, &p));
    size_t before = 0;
    for (size_t i = 0; i < w.chunks; i++)
        before += w.chunk[i].client ? 0 : w.chunk[i].n;
    wiretap_send(&w, &p, false, 1000);
    wiretap_send(&w, &p, false, 1000);

    hf_observed seen;
    wiretap_story story;
    hf_keylog *keys = keys_of(hf_buf_bytes(&w.keylog));
    hf_observer *o = observe(&story, keys);
    feed_with_gap(o, before + 100, 50);
    hf_observer_seen(o, &seen);
    assert_int_equal(seen.cut, 1);
    assert_int_equal(seen.closed, 0); /* the one behind it opens, by its number */
    assert_true(seen.finished_match);
    assert_int_equal(seen.unread[0], 0);
    assert_int_equal(story.errors, 0);
    hf_observer_free(o);
    wiretap_story_free(&story);

    o = observe(&story, keys); /* and one that hides where a record begins costs the rest */
    feed_with_gap(o, before + 100, 2000 - 100);
    hf_observer_seen(o, &seen);
    assert_true(seen.unread[0] > 0);
    assert_int_equal(seen.closed, 0);
    hf_observer_free(o);
    wiretap_story_free(&story);
    hf_keylog_free(keys);
    end();
}

/* Whatever is missing of the handshake, what comes after it is opened. */
static void a_gap_in_the_handshake_does_not_end_it(void **state)
{
    (void)state;
    begin(HF_TLS_1_3);
    hf_config_groups(p.client_config, "X25519");
    hf_config_groups(p.server_config, "X25519");
    pair_start(&p);
    assert_true(wiretap_run(&w, &p));
    talk();
    hf_observed seen;
    wiretap_story story;
    hf_keylog *keys = keys_of(hf_buf_bytes(&w.keylog));
    hf_observer *o = observe(&story, keys);
    /* ServerHello is 127 bytes with its header here, change_cipher_spec 6; then what is encrypted
     */
    feed_with_gap(o, 127 + 6 + 20, 3);
    hf_observer_seen(o, &seen);
    assert_int_equal(seen.cut, 1);
    assert_int_equal(seen.closed, 0);
    assert_false(seen.finished_match);
    assert_true(has(&story.said[0], "data 16406 server application traffic"));
    hf_observer_free(o);
    hf_keylog_free(keys);
    wiretap_story_free(&story);
    end();
}

/* A byte of the hello that no key hangs on is another one in the capture: Finished tells. */
static void a_changed_message_is_noticed_by_finished(void **state)
{
    (void)state;
    for (uint16_t version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        hf_observed seen;
        wiretap_story story;
        begin(version);
        pair_start(&p);
        assert_true(wiretap_run(&w, &p));
        w.bytes.p[w.chunk[0].at + 5 + 4 + 2 + 32 + 1 + 3] ^= 1; /* of legacy_session_id */
        hf_keylog *keys = keys_of(hf_buf_bytes(&w.keylog));
        hf_observer *o = observe(&story, keys);
        assert_int_equal(wiretap_feed(&w, o, 0), HF_OK);
        hf_observer_seen(o, &seen);
        assert_int_equal(seen.closed, 0);
        assert_true(seen.info.established);
        assert_false(seen.finished_match);
        assert_true(seen.finished_differs);
        hf_observer_free(o);
        hf_keylog_free(keys);
        wiretap_story_free(&story);
        end();
    }
}

static void what_is_not_tls_is_named(void **state)
{
    (void)state;
    wiretap_story story;
    hf_observed seen;
    hf_observer *o = observe(&story, NULL);
    assert_int_equal(hf_observer_feed(o, true, hf_bytes_text("GET / HTTP/1.1\r\n\r\n")), HF_OK);
    assert_int_equal(hf_observer_feed(o, false, hf_bytes_text("HTTP/1.1 200 OK\r\n")), HF_OK);
    assert_int_equal(story.errors, 1);
    assert_int_equal(story.error.code, HF_E_NOT_TLS);
    hf_observer_seen(o, &seen);
    assert_int_equal(seen.unread[1], 18);
    assert_int_equal(seen.unread[0], 17);
    hf_observer_free(o);
    wiretap_story_free(&story);
}

/* Feeds what was said, but for the server's chunk `i`, in whose place comes `piece`. */
static hf_observer *with_piece(wiretap_story *story, size_t chunk, hf_bytes piece)
{
    hf_observer *o = observe(story, NULL);
    for (size_t i = 0; i < w.chunks; i++) {
        hf_bytes said = {w.bytes.p + w.chunk[i].at, w.chunk[i].n};
        assert_int_equal(hf_observer_feed(o, w.chunk[i].client, i == chunk ? piece : said), HF_OK);
    }
    return o;
}

static void records_that_cannot_be_end_their_side_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        uint8_t record[5];
        hf_status code;
    } cases[] = {
        {{25, 3, 3, 0, 1}, HF_E_RECORD_TYPE},
        {{22, 4, 3, 0, 1}, HF_E_RECORD_VERSION},
        {{22, 3, 3, 0x48, 1}, HF_E_RECORD_TOO_LONG},
    };
    begin(HF_TLS_1_2);
    pair_start(&p);
    assert_true(wiretap_run(&w, &p));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wiretap_story story;
        hf_observed seen;
        uint8_t piece[10] = {21, 3, 3, 0, 0}; /* a good one first */
        memcpy(piece + 5, cases[i].record, 5);
        hf_observer *o = with_piece(&story, 1, hf_bytes_of(piece, sizeof(piece)));
        hf_observer_seen(o, &seen);
        assert_int_equal(story.errors, 1);
        assert_int_equal(story.error.code, cases[i].code);
        assert_true(seen.unread[0] > 5); /* that one, and all behind it */
        assert_int_equal(seen.unread[1], 0);
        hf_observer_free(o);
        wiretap_story_free(&story);
    }
    end();
}

static void messages_that_cannot_be_teach_nothing(void **state)
{
    (void)state;
    static const uint8_t pieces[][14] = {
        {22, 3, 3, 0, 8, 2, 0xff, 0xff, 0xff, 1, 2, 3, 4}, /* longer than any */
        {22, 3, 3, 0, 8, 2, 0, 0, 4, 1, 2, 3, 4},          /* a ServerHello of four bytes */
        {22, 3, 3, 0, 8, 1, 0, 0, 4, 1, 2, 3, 4},          /* a ClientHello of the server's */
        {22, 3, 3, 0, 8, 25, 0, 0, 4, 0, 1, 0, 0},         /* half a CompressedCertificate */
        {22, 3, 3, 0, 8, 12, 0, 0, 4, 3, 0, 29, 0},        /* ... ServerKeyExchange */
        {21, 3, 3, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8},          /* an alert of eight bytes */
        {20, 3, 3, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8},          /* a change_cipher_spec of eight */
    };
    for (uint16_t version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        begin(version);
        pair_start(&p);
        assert_true(wiretap_run(&w, &p));
        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
            wiretap_story story;
            hf_observed seen;
            hf_observer *o = with_piece(&story, 1, hf_bytes_of(pieces[i], 13));
            hf_observer_seen(o, &seen);
            assert_true(seen.client_hello);
            assert_false(seen.server_hello);
            assert_false(seen.info.established);
            if (version == HF_TLS_1_3)
                assert_int_equal(seen.why, HF_OBSERVED_NO_HELLO);
            assert_int_equal(story.errors, 0);
            hf_observer_free(o);
            wiretap_story_free(&story);
        }
        end();
    }
}

/* A server that talks without end before its hello costs no more than what is set aside for it. */
static void what_waits_for_the_hash_is_bounded(void **state)
{
    (void)state;
    static uint8_t record[5 + 16384] = {22, 3, 3, 0x40, 0, 99, 0, 0x3f, 0xfc};
    wiretap_story story;
    begin(HF_TLS_1_2);
    pair_start(&p);
    assert_true(wiretap_run(&w, &p));
    hf_observer *o = observe(&story, NULL);
    hf_bytes hello = {w.bytes.p, w.chunk[0].n};
    assert_int_equal(hf_observer_feed(o, true, hello), HF_OK);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(hf_observer_feed(o, false, hf_bytes_of(record, sizeof(record))), HF_OK);
        assert_true(o->transcript.pending.n <= HF_SEEN_PENDING_MAX);
    }
    assert_true(o->transcript_lost);
    hf_observer_free(o);
    wiretap_story_free(&story);
    end();
}

static void a_suite_without_aead_is_named(void **state)
{
    (void)state;
    hf_observed seen;
    wiretap_story story;
    begin(HF_TLS_1_2);
    pair_start(&p);
    assert_true(wiretap_run(&w, &p));
    /* ServerHello: header 5 + 4, version 2, random 32, session id 33, then the suite */
    uint8_t *hello = w.bytes.p + w.chunk[1].at;
    size_t suite = 5 + 4 + 2 + 32 + 1 + hello[5 + 4 + 2 + 32];
    static const uint16_t ids[] = {0x002f, 0xc027, 0x1234, 0xc09d};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        hf_keylog *keys = keys_of(hf_buf_bytes(&w.keylog));
        hello[suite] = (uint8_t)(ids[i] >> 8);
        hello[suite + 1] = (uint8_t)ids[i];
        hf_observer *o = observe(&story, keys);
        assert_int_equal(wiretap_feed(&w, o, 0), HF_OK);
        hf_observer_seen(o, &seen);
        assert_true(seen.closed > 0);
        assert_int_equal(seen.why, ids[i] == 0xc09d ? HF_OBSERVED_WRONG_KEY : HF_OBSERVED_SUITE);
        assert_int_equal(seen.info.suite_id, ids[i]);
        if (ids[i] == 0x1234)
            assert_true(has(&story.choices, ": 0x1234\n"));
        hf_observer_free(o);
        hf_keylog_free(keys);
        wiretap_story_free(&story);
    }
    end();
}

static void a_gap_between_records_costs_the_rest_of_its_side(void **state)
{
    (void)state;
    hf_observed seen;
    wiretap_story story;
    hf_observer *o = observe(&story, NULL);
    assert_int_equal(hf_observer_missing(o, true, 0), HF_OK);
    assert_int_equal(hf_observer_missing(o, true, 10), HF_OK);
    assert_int_equal(hf_observer_missing(o, true, UINT64_MAX), HF_OK);
    assert_int_equal(hf_observer_feed(o, true, hf_bytes_text("hello")), HF_OK);
    hf_observer_seen(o, &seen);
    assert_int_equal(seen.unread[1], 5);
    assert_int_equal(story.errors, 0);
    hf_observer_free(o);
    wiretap_story_free(&story);
}

/* ---- key logs ---- */

#define R "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void lines_of_other_uses_are_passed_over(void **state)
{
    (void)state;
    static const char text[] = "# made by a browser\r\n\r\nRSA 0011223344556677 " R "\n"
                               "ECH_SECRET " R " " R "\nCLIENT_TRAFFIC_SECRET_0 " R " " R "\r\n"
                               "SERVER_TRAFFIC_SECRET_0 " R " " R "00\n" /* 33 bytes */
                               "CLIENT_RANDOM " R " " R "\n"             /* too short */
                               "EXPORTER_SECRET " R " 0011";
    hf_keylog *keys = keys_of(hf_bytes_text(text));
    assert_int_equal(hf_keylog_count(keys), 2);
    hf_keylog_free(keys);
}

static void what_is_no_key_log_is_refused_with_its_line(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\n-----BEGIN CERTIFICATE-----\nMIIB\n",
        "\nCLIENT_RANDOM " R "\n",
        "\nCLIENT_RANDOM " R " zz\n",
        "\nCLIENT_TRAFFIC_SECRET_0 " R " " R R R "\n",
        "\nCLIENT_TRAFFIC_SECRET_0 " R " " R " more\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        hf_keylog *keys;
        hf_error e = {0};
        assert_int_equal(hf_keylog_new(&keys), HF_OK);
        assert_int_equal(hf_keylog_add(keys, hf_bytes_text(texts[i]), &e), HF_E_KEYLOG);
        assert_non_null(strstr(e.got, "line 2"));
        hf_keylog_free(keys);
    }
}

/* ---- seeds for fuzz/fuzz_observe.c, written where HF_WRITE_SEEDS says ---- */

static void put_piece(FILE *out, unsigned bits, hf_bytes piece)
{
    const uint8_t head[] = {(uint8_t)(bits | piece.n >> 8), (uint8_t)piece.n};
    fwrite(head, 1, 2, out);
    fwrite(piece.p, 1, piece.n, out);
}

static void write_seed(const char *name)
{
    char path[4096];
    const char *folder = getenv("HF_WRITE_SEEDS");
    if (folder == NULL)
        return;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    put_piece(out, 0, hf_buf_bytes(&w.keylog));
    for (size_t i = 0; i < w.chunks; i++) {
        assert_true(w.chunk[i].n < 0x4000);
        put_piece(out, w.chunk[i].client ? 0x80 : 0,
                  (hf_bytes){w.bytes.p + w.chunk[i].at, w.chunk[i].n});
    }
    fclose(out);
}

static void seeds_are_good_connections(void **state)
{
    (void)state;
    for (uint16_t version = HF_TLS_1_2; version <= HF_TLS_1_3; version++)
        for (unsigned second = 0; second < 2; second++) {
            hf_observed seen;
            begin(version);
            pair_start(&p);
            assert_true(wiretap_run(&w, &p));
            if (second != 0) {
                again();
                assert_true(wiretap_run(&w, &p));
            }
            if (version == HF_TLS_1_3)
                assert_int_equal(hf_key_update(p.client, true), HF_OK);
            wiretap_send(&w, &p, true, 50);
            close_both();
            compare_established(&seen);
            char name[40];
            snprintf(name, sizeof(name), "tls-%x-%u", version, second);
            write_seed(name);
            end();
        }
}

/* ---- memory ---- */

static void ignore(void *ctx, const hf_conn *conn, const hf_event *e)
{
    (void)ctx;
    (void)conn;
    (void)e;
}

static hf_status quiet(void *ctx)
{
    (void)ctx;
    hf_keylog *keys = NULL;
    hf_observer *o = NULL;
    hf_status s = hf_keylog_new(&keys);
    if (s == HF_OK)
        s = hf_keylog_add(keys, hf_buf_bytes(&w.keylog), NULL);
    if (s == HF_OK)
        s = hf_observer_new(NULL, keys, &(hf_trace){.event = ignore}, &o);
    if (s == HF_OK)
        s = wiretap_feed(&w, o, 0);
    hf_observer_free(o);
    hf_keylog_free(keys);
    return s;
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    for (uint16_t version = HF_TLS_1_2; version <= HF_TLS_1_3; version++) {
        begin(version);
        hf_config_cert_compression(p.client_config, "zlib");
        hf_config_cert_compression(p.server_config, "zlib");
        pair_start(&p);
        assert_true(wiretap_run(&w, &p));
        wiretap_send(&w, &p, true, 100);
        assert_true(hf_test_each_alloc_fails(quiet, NULL) > 5);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_is_opened),
        cmocka_unit_test(the_size_of_pieces_changes_nothing),
        cmocka_unit_test(resumed_ones),
        cmocka_unit_test(a_hello_retry_request),
        cmocka_unit_test(certificates_both_ways_and_compressed),
        cmocka_unit_test(rsa_key_transport_and_its_message),
        cmocka_unit_test(the_protocol_and_the_host_are_told),
        cmocka_unit_test(key_updates),
        cmocka_unit_test(early_data),
        cmocka_unit_test(a_refusal_is_told_with_its_alert),
        cmocka_unit_test(without_the_right_keys_the_reason_is_told),
        cmocka_unit_test(without_keys_tls_12_shows_its_certificate_and_13_does_not),
        cmocka_unit_test(a_gap_inside_a_record_costs_that_record),
        cmocka_unit_test(a_gap_in_the_handshake_does_not_end_it),
        cmocka_unit_test(a_changed_message_is_noticed_by_finished),
        cmocka_unit_test(what_is_not_tls_is_named),
        cmocka_unit_test(records_that_cannot_be_end_their_side_with_a_reason),
        cmocka_unit_test(messages_that_cannot_be_teach_nothing),
        cmocka_unit_test(what_waits_for_the_hash_is_bounded),
        cmocka_unit_test(a_suite_without_aead_is_named),
        cmocka_unit_test(a_gap_between_records_costs_the_rest_of_its_side),
        cmocka_unit_test(lines_of_other_uses_are_passed_over),
        cmocka_unit_test(what_is_no_key_log_is_refused_with_its_line),
        cmocka_unit_test(seeds_are_good_connections),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
