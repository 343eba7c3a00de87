/* test_capture.c: captures of a pair's connections, made in memory: read, put together, explained.
 */
#define _GNU_SOURCE /* fmemopen, open_memstream */
#include "explain/capture.h"
#include "support/pcap_made.h"
#include "support/wiretap.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static pair_pki pki;
static wiretap w13, w12;
static made m;

static void listen_to(wiretap *w, uint16_t version)
{
    pair p;
    pair_config(&p, &pki);
    hf_config_versions(p.client_config, version, version);
    hf_config_versions(p.server_config, version, version);
    wiretap_config(w, &p);
    pair_start(&p);
    assert_true(wiretap_run(w, &p));
    wiretap_send(w, &p, true, 100);
    wiretap_send(w, &p, false, 20000);
    hf_close(p.client);
    (void)wiretap_run(w, &p);
    pair_free(&p);
}

static int make(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    listen_to(&w13, HF_TLS_1_3);
    listen_to(&w12, HF_TLS_1_2);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    wiretap_free(&w13);
    wiretap_free(&w12);
    pair_pki_free(&pki);
    return 0;
}

/* ---- files ---- */

static void put_chunks(const wiretap *w)
{
    for (size_t i = 0; i < w->chunks; i++)
        made_data(&m, w->chunk[i].client, (hf_bytes){w->bytes.p + w->chunk[i].at, w->chunk[i].n});
}

static void connection_of(const wiretap *w)
{
    made_open(&m);
    put_chunks(w);
    made_close(&m);
}

static FILE *from_memory(void *ctx)
{
    const hf_buf *file = ctx;
    return fmemopen(file->p, file->n, "rb");
}

static hf_status open_capture(hf_capture **out, hf_error *e)
{
    return hf_capture_open(&(hf_capture_source){from_memory, &m.file}, NULL, out, e);
}

static hf_capture *opened(void)
{
    hf_capture *c;
    hf_error e = {0};
    if (open_capture(&c, &e) != HF_OK)
        fail_msg("%s: %s", hf_error_name(e.code), e.got);
    return c;
}

static hf_keylog *keys_of(const wiretap *w)
{
    hf_keylog *k;
    assert_int_equal(hf_keylog_new(&k), HF_OK);
    assert_int_equal(hf_keylog_add(k, hf_buf_bytes(&w->keylog), NULL), HF_OK);
    return k;
}

/* Replays a stream and compares it with what the client told; frees the capture's observer. */
static void replays_as(hf_capture *c, size_t stream, const wiretap *w, hf_capture_replayed *r)
{
    hf_observer *o;
    wiretap_story story = {0};
    hf_trace trace = wiretap_trace(&story);
    hf_keylog *keys = keys_of(w);
    assert_int_equal(hf_observer_new(NULL, keys, &trace, &o), HF_OK);
    assert_int_equal(hf_capture_replay(c, stream, o, r, NULL), HF_OK);
    for (int client = 0; client < 2; client++)
        assert_true(
            hf_bytes_equal(hf_buf_bytes(&story.said[client]), hf_buf_bytes(&w->own.said[client])));
    hf_observer_free(o);
    hf_keylog_free(keys);
    wiretap_story_free(&story);
}

static char *json_of(const hf_explain *x)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    assert_int_equal(hf_explain_render_json(x, hf_explain_sink_file(out)), HF_OK);
    fclose(out);
    return text;
}

static const hf_store *trust; /* what explained() judges certificates by */

/* The explanation of a stream, as JSON; free it. */
static char *explained(hf_capture *c, size_t stream, const hf_keylog *keys)
{
    hf_explain *x;
    hf_error e = {0};
    assert_int_equal(hf_explain_capture(c, stream, keys, trust, NULL, &x, &e), HF_OK);
    char *text = json_of(x);
    hf_explain_free(x);
    return text;
}

static void has(const char *json, const char *what)
{
    if (strstr(json, what) == NULL)
        fail_msg("there is no '%s' in %.3000s", what, json);
}

static void has_not(const char *json, const char *what)
{
    if (strstr(json, what) != NULL)
        fail_msg("there is '%s'", what);
}

/* ---- good ones ---- */

static void every_form_of_file_and_link(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6 * 8; i++) {
        m = (made){.link = (made_link)(i / 8),
                   .ip6 = (i & 1) != 0,
                   .ng = (i & 2) != 0,
                   .big = (i & 4) != 0};
        made_begin(&m, (hf_bytes){NULL, 0});
        connection_of(&w13);
        hf_capture *c = opened();
        hf_capture_replayed r;
        assert_int_equal(hf_capture_count(c), 1);
        const hf_capture_connection *at = hf_capture_at(c, 0);
        assert_true(at->tls && at->hello && !at->plain_first);
        assert_string_equal(at->client, m.ip6 ? "[2001:db8::1]:40000" : "192.0.2.1:40000");
        assert_string_equal(at->server, m.ip6 ? "[2001:db8::2]:443" : "192.0.2.2:443");
        assert_int_equal(at->start_ns / 1000000000, 1790000000);
        replays_as(c, 0, &w13, &r);
        assert_true(r.from_the_start);
        assert_int_equal(r.lost[0] + r.lost[1] + r.repeated + r.cut + r.stray, 0);
        hf_capture_free(c);
        made_free(&m);
    }
}

static void its_own_secrets_are_used(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        m = (made){.ng = true, .big = big != 0};
        made_begin(&m, hf_buf_bytes(&w12.keylog));
        connection_of(&w12);
        hf_capture *c = opened();
        assert_true(hf_bytes_equal((hf_bytes){hf_capture_keylog(c).p, w12.keylog.n},
                                   hf_buf_bytes(&w12.keylog)));
        char *json = explained(c, 0, NULL);
        has(json, "both Finished were computed again");
        has(json, "\"target\":\"server.test:443\"");
        has(json, "\"observed\":true");
        has(json, "\"established\":true");
        has(json, "\"version\":\"TLS 1.2\"");
        has(json, "\"started_s\":1790000000");
        has(json, "\"secrets\":\"redacted\"");
        has_not(json, "stayed closed");
        free(json);
        hf_capture_free(c);
        made_free(&m);
    }
}

static void without_keys_it_says_what_stays_closed(void **state)
{
    (void)state;
    m = (made){0};
    made_begin(&m, (hf_bytes){NULL, 0});
    connection_of(&w13);
    hf_capture *c = opened();
    char *json = explained(c, 0, NULL);
    has(json, "stayed closed: no key log was given");
    has(json, "\"established\":false");
    has(json, "\"name\":\"ServerHello\"");
    has_not(json, "\"name\":\"Certificate\"");
    free(json);
    hf_keylog *keys = keys_of(&w12);
    json = explained(c, 0, keys);
    has(json, "the key log has no secret for this connection");
    free(json);
    hf_keylog_free(keys);
    hf_capture_free(c);
    made_free(&m);
}

static void certificates_are_judged_where_a_store_is_given(void **state)
{
    (void)state;
    hf_store *empty;
    assert_int_equal(hf_store_new(&empty), HF_OK);
    m = (made){.ng = true};
    made_begin(&m, hf_buf_bytes(&w13.keylog));
    connection_of(&w13);
    hf_capture *c = opened();
    trust = pki.store;
    char *json = explained(c, 0, NULL);
    has(json, "lead to an authority of those given here, and are for server.test");
    has(json, "\"kind\":\"check\"");
    has(json, "\"anchored\":true");
    free(json);
    trust = empty;
    json = explained(c, 0, NULL);
    has(json, "by the authorities given here: the certificate does not lead to an authority");
    has(json, "\"ok\":true"); /* the connection's client trusted it */
    free(json);
    trust = NULL;
    json = explained(c, 0, NULL);
    has_not(json, "given here");
    has_not(json, "\"kind\":\"check\"");
    free(json);
    hf_store_free(empty);
    hf_capture_free(c);
    made_free(&m);
}

static void what_is_explained_reads_back(void **state)
{
    (void)state;
    m = (made){.ng = true};
    made_begin(&m, hf_buf_bytes(&w13.keylog));
    connection_of(&w13);
    hf_capture *c = opened();
    char *json = explained(c, 0, NULL);
    hf_explain *x;
    hf_error e = {0};
    assert_int_equal(hf_explain_read_json(hf_bytes_text(json), NULL, &x, &e), HF_OK);
    char *again = json_of(x);
    char *a = strstr(json, "\"connection\""), *b = strstr(again, "\"connection\"");
    char *a_end = strstr(json, "\"left_out\""), *b_end = strstr(again, "\"left_out\"");
    assert_int_equal(a_end - a, b_end - b);
    assert_memory_equal(a, b, (size_t)(a_end - a)); /* verdict and notes too */
    free(json);
    free(again);
    hf_explain_free(x);
    hf_capture_free(c);
    made_free(&m);
}

/* ---- which connection, and where TLS begins in it ---- */

static void several_connections_are_told_apart(void **state)
{
    (void)state;
    m = (made){0};
    made_begin(&m, (hf_bytes){NULL, 0});
    made_open(&m);
    made_data(&m, true, hf_bytes_text("GET / HTTP/1.1\r\n\r\n"));
    made_data(&m, false, hf_bytes_text("HTTP/1.1 200 OK\r\n\r\n"));
    made other = {.connection = 1, .next = {77, 99}};
    other.file = m.file; /* both write to one file, in turn */
    other.t_us = m.t_us;
    made_open(&other);
    m.file = other.file;
    made_close(&m);
    other.file = m.file;
    m.file = (hf_buf){0};
    made kept = m;
    m = other;
    put_chunks(&w12);
    made_close(&m);
    kept.file = m.file; /* the first one's ports again */
    kept.next[0] = 5;
    kept.next[1] = 6;
    m = kept;
    connection_of(&w13);

    hf_capture *c = opened();
    hf_capture_replayed r;
    assert_int_equal(hf_capture_count(c), 3);
    assert_false(hf_capture_at(c, 0)->tls);
    assert_true(hf_capture_at(c, 1)->hello);
    assert_true(hf_capture_at(c, 2)->hello);
    assert_string_equal(hf_capture_at(c, 0)->client, hf_capture_at(c, 2)->client);
    assert_int_equal(hf_capture_first_tls(c), 1);
    replays_as(c, 1, &w12, &r);
    replays_as(c, 2, &w13, &r);
    char *json = explained(c, 0, NULL);
    has(json, "\"name\":\"NOT_TLS\"");
    has(json, "an HTTP request without TLS");
    free(json);
    assert_int_equal(hf_capture_replay(c, 3, NULL, NULL, NULL), HF_E_BAD_ARGUMENT);
    hf_explain *x;
    assert_int_equal(hf_explain_capture(c, 3, NULL, NULL, NULL, &x, NULL), HF_E_BAD_ARGUMENT);
    hf_capture_free(c);
    made_free(&m);
}

static void tls_may_begin_behind_plain_text(void **state)
{
    (void)state;
    m = (made){0};
    made_begin(&m, (hf_bytes){NULL, 0});
    made_open(&m);
    made_data(&m, false, hf_bytes_text("220 mail.test ESMTP\r\n"));
    made_data(&m, true, hf_bytes_text("STARTTLS\r\n"));
    made_data(&m, false, hf_bytes_text("220 go ahead\r\n"));
    put_chunks(&w13);
    hf_capture *c = opened();
    hf_capture_replayed r;
    assert_true(hf_capture_at(c, 0)->plain_first);
    replays_as(c, 0, &w13, &r);
    assert_int_equal(r.repeated, 0);
    char *json = explained(c, 0, NULL);
    has(json, "plain text was said before TLS began");
    free(json);
    hf_capture_free(c);
    made_free(&m);
}

static void a_capture_may_begin_late(void **state)
{
    (void)state;
    m = (made){0};
    made_begin(&m, (hf_bytes){NULL, 0});
    put_chunks(&w13); /* no SYN */
    hf_capture *c = opened();
    hf_capture_replayed r;
    replays_as(c, 0, &w13, &r);
    assert_false(r.from_the_start);
    hf_capture_free(c);
    made_free(&m);

    m = (made){0}; /* and so late that the hellos are missing: no TLS that could be told */
    made_begin(&m, (hf_bytes){NULL, 0});
    for (size_t i = 4; i < w13.chunks; i++)
        made_data(&m, w13.chunk[i].client,
                  (hf_bytes){w13.bytes.p + w13.chunk[i].at, w13.chunk[i].n});
    c = opened();
    assert_int_equal(hf_capture_first_tls(c), hf_capture_count(c));
    char *json = explained(c, 0, NULL);
    has(json, "the hellos are not in the capture");
    has(json, "the capture began when the connection was there already");
    free(json);
    hf_capture_free(c);
    made_free(&m);
}

static void the_first_bytes_may_come_one_by_one(void **state)
{
    (void)state;
    m = (made){0};
    made_begin(&m, (hf_bytes){NULL, 0});
    made_open(&m);
    uint32_t seq = m.next[1];
    for (uint32_t i = 8; i-- > 0;) /* and the last of them first */
        made_tcp(&m, true, seq + i, m.next[0], MADE_ACK, (hf_bytes){w13.bytes.p + i, 1});
    put_chunks(&w13);
    hf_capture *c = opened();
    hf_capture_replayed r;
    assert_int_equal(hf_capture_first_tls(c), 0);
    replays_as(c, 0, &w13, &r);
    assert_int_equal(r.repeated, 8);
    assert_int_equal(r.differing, 0);
    hf_capture_free(c);
    made_free(&m);
}

static void of_one_direction_alone_what_there_is_is_told(void **state)
{
    (void)state;
    for (int client = 0; client < 2; client++) {
        m = (made){0};
        made_begin(&m, (hf_bytes){NULL, 0});
        for (size_t i = 0; i < w12.chunks; i++)
            if (w12.chunk[i].client == (client != 0))
                made_data(&m, client != 0,
                          (hf_bytes){w12.bytes.p + w12.chunk[i].at, w12.chunk[i].n});
        hf_capture *c = opened();
        const hf_capture_connection *at = hf_capture_at(c, hf_capture_first_tls(c));
        assert_non_null(at);
        assert_int_equal(at->hello, client);
        assert_string_equal(at->server, "192.0.2.2:443");
        char *json = explained(c, 0, NULL);
        has(json, client ? "\"name\":\"ClientHello\"" : "\"name\":\"Certificate\"");
        if (!client)
            has(json, "the ClientHello is not in the capture");
        free(json);
        hf_capture_free(c);
        made_free(&m);
    }
}

static void too_many_connections_are_counted(void **state)
{
    (void)state;
    m = (made){0};
    made_begin(&m, (hf_bytes){NULL, 0});
    for (unsigned i = 0; i < 4096 + 50; i++) {
        m.connection = i;
        made_tcp(&m, true, 1, 0, MADE_SYN, (hf_bytes){NULL, 0});
    }
    hf_capture *c = opened();
    assert_int_equal(hf_capture_count(c), 4096);
    assert_int_equal(hf_capture_more(c), 50);
    hf_capture_free(c);
    made_free(&m);
}

/* ---- what networks do ---- */

static uint32_t random_state = 7;

static uint32_t next_random(uint32_t below)
{
    random_state = random_state * 1664525U + 1013904223U;
    return (random_state >> 8) % below;
}

/* Each chunk's segments in any order, some of them twice, cut anew the second time. */
static void shuffled(const wiretap *w)
{
    for (size_t i = 0; i < w->chunks; i++) {
        bool client = w->chunk[i].client;
        const uint8_t *p = w->bytes.p + w->chunk[i].at;
        size_t n = w->chunk[i].n, pieces = n / 500 + 1;
        for (size_t k = 0; k < 3 * pieces; k++) {
            size_t at = next_random((uint32_t)n), most = n - at < 700 ? n - at : 700;
            made_tcp(&m, client, m.next[client] + (uint32_t)at, m.next[!client], MADE_ACK,
                     (hf_bytes){p + at, 1 + next_random((uint32_t)most)});
        }
        for (size_t at = 0; at < n; at += 333)
            made_tcp(&m, client, m.next[client] + (uint32_t)at, m.next[!client], MADE_ACK,
                     (hf_bytes){p + at, n - at < 333 ? n - at : 333});
        m.next[client] += (uint32_t)n;
    }
}

static void any_order_of_segments_tells_the_same(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        m = (made){.ng = (round & 1) != 0};
        made_begin(&m, (hf_bytes){NULL, 0});
        made_open(&m);
        shuffled(round & 2 ? &w12 : &w13);
        hf_capture *c = opened();
        hf_capture_replayed r;
        replays_as(c, 0, round & 2 ? &w12 : &w13, &r);
        assert_int_equal(r.lost[0] + r.lost[1] + r.differing, 0);
        assert_true(r.repeated > 0);
        hf_capture_free(c);
        made_free(&m);
    }
}

/* Segments of the two sides in the wrong order: each answer before its question. */
static void an_answer_is_told_after_its_question(void **state)
{
    (void)state;
    const wiretap *const both[] = {&w13, &w12};
    for (unsigned k = 0; k < 2; k++) {
        const wiretap *w = both[k];
        m = (made){0};
        made_begin(&m, (hf_bytes){NULL, 0});
        made_open(&m);
        for (size_t i = 0; i < w->chunks; i += 2) {
            const uint8_t *a = w->bytes.p + w->chunk[i].at;
            bool client = w->chunk[i].client;
            uint32_t seq = m.next[client], ack = m.next[!client];
            m.next[client] += (uint32_t)w->chunk[i].n; /* known to the other side, not seen yet */
            if (i + 1 < w->chunks) {
                hf_bytes b = {w->bytes.p + w->chunk[i + 1].at, w->chunk[i + 1].n};
                made_data(&m, w->chunk[i + 1].client, b);
            }
            for (size_t at = 0; at < w->chunk[i].n; at += 1400) {
                size_t n = w->chunk[i].n - at < 1400 ? w->chunk[i].n - at : 1400;
                made_tcp(&m, client, seq + (uint32_t)at, ack, MADE_ACK, (hf_bytes){a + at, n});
            }
        }
        hf_capture *c = opened();
        hf_capture_replayed r;
        replays_as(c, 0, w, &r);
        assert_int_equal(r.lost[0] + r.lost[1], 0);
        hf_capture_free(c);
        made_free(&m);
    }
}

/* What never comes is not waited for without end: the other side's story goes on beside it. */
static void what_was_not_captured_is_not_waited_for(void **state)
{
    (void)state;
    m = (made){0};
    made_begin(&m, (hf_bytes){NULL, 0});
    made_open(&m);
    put_chunks(&w12);
    m.next[1] += 1000; /* of the client, acknowledged and never seen */
    for (unsigned i = 0; i < 100; i++)
        made_data(&m, false, hf_bytes_of("\x17\x03\x03\0\1x", 6));
    hf_capture *c = opened();
    hf_observer *o;
    hf_observed seen;
    hf_capture_replayed r;
    wiretap_story story = {0};
    hf_trace trace = wiretap_trace(&story);
    assert_int_equal(hf_observer_new(NULL, NULL, &trace, &o), HF_OK);
    assert_int_equal(hf_capture_replay(c, 0, o, &r, NULL), HF_OK);
    hf_observer_seen(o, &seen);
    assert_true(seen.closed > 100);
    assert_int_equal(seen.unread[0], 0);
    assert_int_equal(r.lost[1], 999); /* the last may be a FIN */
    hf_observer_free(o);
    wiretap_story_free(&story);
    hf_capture_free(c);
    made_free(&m);
}

static void packets_that_were_cut_are_told_as_missing(void **state)
{
    (void)state;
    m = (made){0};
    made_begin(&m, (hf_bytes){NULL, 0});
    made_open(&m);
    m.snap = 400;
    put_chunks(&w13);
    hf_capture *c = opened();
    hf_keylog *keys = keys_of(&w13);
    char *json = explained(c, 0, keys);
    has(json, "captured in part: use tcpdump -s 0");
    has(json, "the capture lacks bytes of this connection");
    has(json, "not whole in the capture");
    has_not(json, "both Finished");
    free(json);
    hf_keylog_free(keys);
    hf_capture_free(c);
    made_free(&m);
}

static void fragments_and_other_traffic_are_counted_or_passed_over(void **state)
{
    (void)state;
    hf_buf packet = {0};
    m = (made){.link = MADE_RAW};
    made_begin(&m, (hf_bytes){NULL, 0});
    made_segment(&m, &packet, true, 1, 1, MADE_ACK, hf_bytes_text("x"));
    packet.p[6] = 0x20;
    made_packet(&m, hf_buf_bytes(&packet));
    made_segment(&m, &packet, true, 1, 1, MADE_ACK, hf_bytes_text("x"));
    packet.p[9] = 17;
    made_packet(&m, hf_buf_bytes(&packet));
    made_packet(&m, (hf_bytes){NULL, 0});
    connection_of(&w13);
    hf_capture *c = opened();
    assert_int_equal(hf_capture_count(c), 1);
    char *json = explained(c, 0, NULL);
    has(json, "1 IP fragments of the capture were left out");
    free(json);
    hf_buf_free(&packet);
    hf_capture_free(c);
    made_free(&m);
}

/* ---- bad files ---- */

static void refused(hf_bytes file, const char *got)
{
    hf_capture *c;
    hf_error e = {0};
    hf_buf_clear(&m.file);
    assert_int_equal(hf_buf_append(&m.file, file), HF_OK);
    hf_status s = open_capture(&c, &e);
    if (s != HF_E_CAPTURE || e.code != s || e.expected[0] == '\0' || strstr(e.got, got) == NULL)
        fail_msg("%s: expected '%s', got '%s'", hf_error_name(s), e.expected, e.got);
    assert_null(c);
}

static void what_is_no_capture_is_refused_with_a_reason(void **state)
{
    (void)state;
    m = (made){0};
    refused(hf_bytes_text("{\"format\": \"handfast-explain\"}"), "unknown file format");
    refused(hf_bytes_of("\x1f\x8b\x08\0\0\0\0\0", 8), "");
    refused(hf_bytes_of("\xd4\xc3\xb2\xa1\x02\0\x04\0", 8), "truncated");
    refused(hf_bytes_of("\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a", 12), "");
    made_begin(&m, (hf_bytes){NULL, 0});
    made_free(&m);
    m = (made){0};
    made_begin(&m, (hf_bytes){NULL, 0});
    m.file.p[20] = 105; /* IEEE 802.11 */
    hf_capture *c;
    hf_error e = {0};
    assert_int_equal(open_capture(&c, &e), HF_E_CAPTURE);
    assert_non_null(strstr(e.got, "link type 105"));
    assert_string_equal(e.expected, "Ethernet, Linux cooked, loopback or raw IP");
    made_free(&m);
}

static void an_empty_capture_is_good_and_has_nothing(void **state)
{
    (void)state;
    m = (made){.ng = true};
    made_begin(&m, (hf_bytes){NULL, 0});
    hf_capture *c = opened();
    assert_int_equal(hf_capture_count(c), 0);
    assert_int_equal(hf_capture_first_tls(c), 0);
    assert_null(hf_capture_at(c, 0));
    hf_capture_free(c);
    made_free(&m);
}

/* Cut anywhere: it is refused, or good as far as it goes, and says that it breaks off. */
static void a_file_cut_anywhere(void **state)
{
    (void)state;
    for (int ng = 0; ng < 2; ng++) {
        m = (made){.ng = ng != 0};
        made_begin(&m, hf_buf_bytes(&w13.keylog));
        connection_of(&w13);
        size_t whole = m.file.n, broken = 0;
        for (size_t n = 1; n < whole; n += n < 6000 ? 7 : 997) {
            hf_capture *c;
            hf_error e = {0};
            m.file.n = n;
            if (open_capture(&c, &e) != HF_OK) {
                assert_int_equal(e.code, HF_E_CAPTURE);
                assert_true(e.got[0] != '\0');
                continue;
            }
            broken += hf_capture_broken_off(c) != NULL;
            if (hf_capture_count(c) != 0) {
                char *json = explained(c, 0, NULL);
                if (hf_capture_broken_off(c) != NULL)
                    has(json, "the capture breaks off");
                free(json);
            }
            hf_capture_free(c);
        }
        assert_true(broken > 10);
        m.file.n = whole;
        made_free(&m);
    }
}

static void secrets_of_wrong_form_are_passed_over(void **state)
{
    (void)state;
    for (size_t at = 0; at < 20; at++)
        for (unsigned value = 0; value < 256; value += 15) {
            m = (made){.ng = true};
            made_begin(&m, hf_bytes_text("CLIENT_RANDOM 00 00\n"));
            m.file.p[28 + at] = (uint8_t)value;
            connection_of(&w12);
            hf_capture *c;
            if (open_capture(&c, NULL) == HF_OK) {
                assert_true(hf_capture_keylog(c).n <= 40);
                hf_capture_free(c);
            }
            made_free(&m);
        }
}

/* ---- memory ---- */

static long may_allocate, live;

static void *allocate(void *ctx, size_t n)
{
    (void)ctx;
    if (may_allocate-- <= 0)
        return NULL;
    live++;
    return malloc(n);
}

static void release(void *ctx, void *p)
{
    (void)ctx;
    live--;
    free(p);
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    m = (made){.ng = true};
    made_begin(&m, hf_buf_bytes(&w13.keylog));
    made_open(&m);
    shuffled(&w13);
    const hf_explain_options options = {.allocate = allocate, .release = release};
    unsigned failed = 0;
    for (long n = 0;; n++) {
        hf_capture *c = NULL;
        hf_observer *o;
        hf_error e = {0};
        wiretap_story story = {0};
        hf_trace trace = wiretap_trace(&story);
        may_allocate = n;
        hf_status s = hf_capture_open(&(hf_capture_source){from_memory, &m.file}, &options, &c, &e);
        if (s == HF_OK) {
            assert_int_equal(hf_observer_new(NULL, NULL, &trace, &o), HF_OK);
            s = hf_capture_replay(c, 0, o, NULL, &e);
            hf_observer_free(o);
        }
        hf_capture_free(c);
        wiretap_story_free(&story);
        assert_int_equal(live, 0);
        if (s == HF_OK)
            break;
        assert_int_equal(s, HF_E_OUT_OF_MEMORY);
        assert_int_equal(e.code, HF_E_OUT_OF_MEMORY);
        failed++;
    }
    assert_true(failed > 5);
    made_free(&m);
}

static FILE *cannot(void *ctx)
{
    (void)ctx;
    return NULL;
}

static void a_file_that_cannot_be_opened(void **state)
{
    (void)state;
    hf_capture *c;
    hf_error e = {0};
    assert_int_equal(hf_capture_open(&(hf_capture_source){cannot, NULL}, NULL, &c, &e), HF_E_FILE);
    assert_int_equal(e.code, HF_E_FILE);
}

/* ---- seeds for fuzz/fuzz_capture.c, written where HF_WRITE_SEEDS says ---- */

static void write_seed(const char *name)
{
    char path[4096];
    const char *folder = getenv("HF_WRITE_SEEDS");
    if (folder == NULL)
        return;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(m.file.p, 1, m.file.n, out), m.file.n);
    fclose(out);
}

static void seeds_are_good_captures(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        char name[40];
        m = (made){.link = (made_link)i, .ip6 = (i & 1) != 0, .ng = i != 5, .big = (i & 2) != 0};
        wiretap w = i & 1 ? w12 : w13;
        size_t n = 0; /* a short one, as a fuzzer likes it: up to the first long answer */
        while (n < w.chunks && w.chunk[n].n < 5000)
            n++;
        w.chunks = n;
        made_begin(&m, hf_buf_bytes(&w.keylog));
        made_open(&m);
        if (i == 4)
            shuffled(&w);
        else
            put_chunks(&w);
        hf_capture *c = opened();
        char *json = explained(c, 0, NULL);
        if (i != 5)
            has(json, "both Finished");
        free(json);
        hf_capture_free(c);
        snprintf(name, sizeof name, "made-%u", i);
        write_seed(name);
        made_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_file_and_link),
        cmocka_unit_test(its_own_secrets_are_used),
        cmocka_unit_test(without_keys_it_says_what_stays_closed),
        cmocka_unit_test(certificates_are_judged_where_a_store_is_given),
        cmocka_unit_test(what_is_explained_reads_back),
        cmocka_unit_test(several_connections_are_told_apart),
        cmocka_unit_test(tls_may_begin_behind_plain_text),
        cmocka_unit_test(a_capture_may_begin_late),
        cmocka_unit_test(the_first_bytes_may_come_one_by_one),
        cmocka_unit_test(of_one_direction_alone_what_there_is_is_told),
        cmocka_unit_test(too_many_connections_are_counted),
        cmocka_unit_test(any_order_of_segments_tells_the_same),
        cmocka_unit_test(an_answer_is_told_after_its_question),
        cmocka_unit_test(what_was_not_captured_is_not_waited_for),
        cmocka_unit_test(packets_that_were_cut_are_told_as_missing),
        cmocka_unit_test(fragments_and_other_traffic_are_counted_or_passed_over),
        cmocka_unit_test(what_is_no_capture_is_refused_with_a_reason),
        cmocka_unit_test(an_empty_capture_is_good_and_has_nothing),
        cmocka_unit_test(a_file_cut_anywhere),
        cmocka_unit_test(secrets_of_wrong_form_are_passed_over),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(a_file_that_cannot_be_opened),
        cmocka_unit_test(seeds_are_good_captures),
    };
    if (!hf_capture_supported()) {
        printf("skipped: built without libpcap\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, make, unmake);
}
