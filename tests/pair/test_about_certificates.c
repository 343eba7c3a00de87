/* test_about_certificates.c: what goes along with certificates: compression, stapled OCSP responses
 * and SCTs, demands on the chain, authorities, and the choice among several. */
#include "handshake/handshake.h"
#include "support/tamper.h"

#include "base/bytes.h"
#include "crypto/compress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;

static void must_establish(pair *p)
{
    hf_error e;
    char text[1024];
    if (pair_run(p))
        return;
    hf_conn_error(p->client, &e);
    if (e.code == HF_OK || e.code == HF_E_ALERT_RECEIVED)
        hf_conn_error(p->server, &e);
    hf_error_format(&e, text, sizeof text);
    fail_msg("%s", text);
}

/* ---- which messages came ---- */

typedef struct seen {
    unsigned count[256];
    size_t length[256];
} seen;

static void note(void *ctx, const hf_conn *conn, const hf_event *e)
{
    (void)conn;
    seen *s = ctx;
    if (e->kind != HF_TRACE_MESSAGE || e->sent)
        return;
    s->count[e->message.type]++;
    s->length[e->message.type] = e->message.bytes.n;
}

static void watch(hf_config *cfg, seen *s)
{
    memset(s, 0, sizeof *s);
    hf_config_trace(cfg, &(hf_trace){note, s, false});
}

/* ---- compression ---- */

/* Both sides show certificates, compressed by `list` where each allows it. */
static void compressed_pair(pair *p, const char *client, const char *server)
{
    pair_config(p, &pki);
    hf_config_add_identity(p->client_config, pki.client);
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
    assert_int_equal(hf_config_cert_compression(p->client_config, client), HF_OK);
    assert_int_equal(hf_config_cert_compression(p->server_config, server), HF_OK);
}

static void every_algorithm_compresses_both_certificates(void **state)
{
    (void)state;
    if (hf_compression_count == 0)
        skip();
    for (size_t i = 0; i < hf_compression_count; i++) {
        pair p;
        seen by_client, by_server;
        compressed_pair(&p, hf_compressions[i]->name, hf_compressions[i]->name);
        watch(p.client_config, &by_client);
        watch(p.server_config, &by_server);
        pair_start(&p);
        must_establish(&p);
        pair_exchange(&p, true, 100);
        assert_int_equal(by_client.count[HF_MSG_COMPRESSED_CERTIFICATE], 1);
        assert_int_equal(by_server.count[HF_MSG_COMPRESSED_CERTIFICATE], 1);
        /* the trace shows what it expanded to, and it is longer */
        assert_int_equal(by_client.count[HF_MSG_CERTIFICATE], 1);
        assert_true(by_client.length[HF_MSG_CERTIFICATE] >
                    by_client.length[HF_MSG_COMPRESSED_CERTIFICATE]);
        print_message("%s: %zu bytes in place of %zu\n", hf_compressions[i]->name,
                      by_client.length[HF_MSG_COMPRESSED_CERTIFICATE],
                      by_client.length[HF_MSG_CERTIFICATE]);
        pair_free(&p);
    }
}

/* By default: a chain of one short certificate is not worth the peer's work, one with many names
 * is. */
static void what_saves_little_is_not_compressed_unless_asked_for(void **state)
{
    (void)state;
    if (hf_compression_count == 0)
        skip();
    static const char *const many[] = {"server.test",
                                       "www.one-of-many-services.server.test",
                                       "mail.one-of-many-services.server.test",
                                       "static.one-of-many-services.server.test",
                                       "downloads.one-of-many-services.server.test",
                                       "status.one-of-many-services.server.test",
                                       "pictures.one-of-many-services.server.test",
                                       "forum.one-of-many-services.server.test",
                                       "archive.one-of-many-services.server.test",
                                       NULL};
    for (int long_one = 0; long_one < 2; long_one++) {
        pair p;
        seen s;
        hf_config *fresh;
        hf_identity *id =
            long_one ? pair_issue(&pki, HF_KEY_P256, many, true, PAIR_NOW - 10, PAIR_NOW + 1000)
                     : hf_identity_ref(pki.server);
        pair_config(&p, &pki);
        hf_config_cert_compression(p.client_config, hf_compressions[0]->name);
        watch(p.client_config, &s);
        hf_config_new(HF_SERVER, &fresh); /* with the default list */
        hf_config_add_identity(fresh, id);
        hf_config_clock(fresh, pair_clock, NULL);
        hf_config_free(p.server_config);
        p.server_config = fresh;
        pair_start(&p);
        must_establish(&p);
        assert_int_equal(s.count[HF_MSG_COMPRESSED_CERTIFICATE], long_one);
        assert_int_equal(s.count[HF_MSG_CERTIFICATE], 1);
        pair_free(&p);
        hf_identity_free(id);
    }
}

static void a_certificate_is_compressed_once_and_kept_in_the_config(void **state)
{
    (void)state;
    if (hf_compression_count == 0)
        skip();
    pair p;
    compressed_pair(&p, hf_compressions[0]->name, hf_compressions[0]->name);
    pair_start(&p);
    assert_null(p.server_config->compressed[0]);
    must_establish(&p);
    const hf_compressed *kept = p.server_config->compressed[0];
    assert_non_null(kept);
    hf_conn_free(p.client);
    hf_conn_free(p.server);
    assert_int_equal(hf_client_new(p.client_config, "server.test", &p.client), HF_OK);
    assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
    must_establish(&p);
    assert_ptr_equal(p.server_config->compressed[0], kept);
    pair_free(&p);
}

static void nothing_is_compressed_without_an_algorithm_in_common(void **state)
{
    (void)state;
    if (hf_compression_count < 2)
        skip();
    const char *one = hf_compressions[0]->name, *other = hf_compressions[1]->name;
    const char *const lists[][2] = {{"none", one}, {one, "none"}, {one, other}};
    for (size_t i = 0; i < 3; i++) {
        pair p;
        seen s;
        compressed_pair(&p, lists[i][0], lists[i][1]);
        watch(p.client_config, &s);
        pair_start(&p);
        must_establish(&p);
        assert_int_equal(s.count[HF_MSG_COMPRESSED_CERTIFICATE], 0);
        assert_int_equal(s.count[HF_MSG_CERTIFICATE], 1);
        pair_free(&p);
    }
}

static void unknown_names_of_compressions_are_refused(void **state)
{
    (void)state;
    hf_config *cfg;
    hf_error e;
    assert_int_equal(hf_config_new(HF_CLIENT, &cfg), HF_OK);
    assert_int_equal(hf_config_cert_compression(cfg, "lzma"), HF_E_UNKNOWN_NAME_IN_LIST);
    assert_int_equal(hf_config_freeze(cfg, &e), HF_E_UNKNOWN_NAME_IN_LIST);
    assert_non_null(strstr(e.expected, "none"));
    hf_config_free(cfg);
}

/* A change of the CompressedCertificate body. */
enum { ALGORITHM_AT = 0, LENGTH_AT = 2, DATA_AT = 8 };

static void set_byte(hf_buf *b, void *ctx)
{
    const size_t *at_value = ctx;
    b->p[at_value[0]] = (uint8_t)at_value[1];
}

static void longer_by_one(hf_buf *b, void *ctx)
{
    (void)ctx;
    b->p[LENGTH_AT + 2]++;
}

static void shorter_by_one(hf_buf *b, void *ctx)
{
    (void)ctx;
    b->p[LENGTH_AT + 2]--;
}

static void cut_data(hf_buf *b, void *ctx)
{
    (void)ctx;
    b->n -= 7;
    b->p[DATA_AT - 1] = (uint8_t)(b->p[DATA_AT - 1] - 7);
    if (b->p[DATA_AT - 1] > 0xf8)
        b->p[DATA_AT - 2]--;
}

static void more_data(hf_buf *b, void *ctx)
{
    (void)ctx;
    assert_int_equal(hf_buf_append(b, hf_bytes_text("x")), HF_OK);
    if (++b->p[DATA_AT - 1] == 0)
        b->p[DATA_AT - 2]++;
}

static void no_data(hf_buf *b, void *ctx)
{
    (void)ctx;
    b->n = DATA_AT;
    b->p[DATA_AT - 3] = b->p[DATA_AT - 2] = b->p[DATA_AT - 1] = 0;
}

static void garbage(hf_buf *b, void *ctx)
{
    (void)ctx;
    memset(b->p + DATA_AT, 0x5a, b->n - DATA_AT);
}

/* Either side lies about its compressed certificate. */
static void lie(const char *algorithm, tamper_change change, void *ctx, hf_status code)
{
    for (int by_client = 0; by_client < 2; by_client++) {
        pair p;
        compressed_pair(&p, algorithm, algorithm);
        hf_config_trace(by_client ? p.server_config : p.client_config, &tamper_watch);
        pair_start(&p);
        tamper_start(by_client ? p.client : p.server);
        tamper_message(HF_MSG_COMPRESSED_CERTIFICATE, 0, change, ctx);
        tamper_expect(&p, by_client ? p.server : p.client, code);
        pair_free(&p);
    }
}

static void a_declared_length_over_the_limit_is_refused_before_any_room_is_made(void **state)
{
    (void)state;
    size_t huge[] = {LENGTH_AT, 0xff}, just_over[] = {LENGTH_AT, 1};
    for (size_t i = 0; i < hf_compression_count; i++) {
        lie(hf_compressions[i]->name, set_byte, huge, HF_E_CERT_COMPRESSION);
        lie(hf_compressions[i]->name, set_byte, just_over, HF_E_CERT_COMPRESSION);
    }
}

static void what_does_not_expand_to_the_declared_length_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < hf_compression_count; i++) {
        const char *name = hf_compressions[i]->name;
        lie(name, longer_by_one, NULL, HF_E_CERT_COMPRESSION);
        lie(name, shorter_by_one, NULL, HF_E_CERT_COMPRESSION);
        lie(name, cut_data, NULL, HF_E_CERT_COMPRESSION);
        lie(name, more_data, NULL, HF_E_CERT_COMPRESSION);
        lie(name, garbage, NULL, HF_E_CERT_COMPRESSION);
        lie(name, no_data, NULL, HF_E_DECODE);
    }
}

static void an_algorithm_that_was_not_offered_is_refused(void **state)
{
    (void)state;
    size_t none[] = {ALGORITHM_AT + 1, 0}, unknown[] = {ALGORITHM_AT, 0x40};
    for (size_t i = 0; i < hf_compression_count; i++) {
        lie(hf_compressions[i]->name, set_byte, none, HF_E_CERT_COMPRESSION_ALGORITHM);
        lie(hf_compressions[i]->name, set_byte, unknown, HF_E_CERT_COMPRESSION_ALGORITHM);
    }
}

/* A bomb proper: a long run of zeros behind an honest length. */
static void a_bomb_is_not_expanded_past_the_declared_length(void **state)
{
    (void)state;
    enum { BOMB = 1 << 20 };
    uint8_t *zeros = calloc(1, BOMB), *small = malloc(BOMB), out[1000 + 16];
    for (size_t i = 0; i < hf_compression_count; i++) {
        const hf_compression *c = hf_compressions[i];
        size_t n = BOMB;
        assert_int_equal(c->compress(hf_bytes_of(zeros, BOMB), small, &n), HF_OK);
        assert_true(n < 5000);
        memset(out, 0x77, sizeof out);
        assert_int_equal(c->expand(hf_bytes_of(small, n), out, 1000), HF_E_CERT_COMPRESSION);
        for (size_t k = 1000; k < sizeof out; k++)
            assert_int_equal(out[k], 0x77);
    }
    free(zeros);
    free(small);
}

/* Any bytes: an error, and nothing past the end. */
static void random_bytes_do_not_expand(void **state)
{
    (void)state;
    uint64_t random = 5;
    for (size_t i = 0; i < hf_compression_count; i++)
        for (unsigned round = 0; round < 3000; round++) {
            uint8_t in[200], out[300];
            pair_random(&random, in, sizeof in);
            size_t n = in[0] % sizeof in;
            assert_true(hf_compressions[i]->expand(hf_bytes_of(in + 1, n), out, sizeof out) < 0);
        }
}

static void compression_that_does_not_fit_says_so(void **state)
{
    (void)state;
    uint64_t random = 6;
    uint8_t in[500], out[500];
    pair_random(&random, in, sizeof in);
    for (size_t i = 0; i < hf_compression_count; i++) {
        size_t n = 400;
        assert_int_equal(hf_compressions[i]->compress(hf_bytes_of(in, sizeof in), out, &n),
                         HF_E_NO_ROOM);
    }
}

/* Expands, turns a bit of the certificate, compresses again. */
static void spoil_inside(hf_buf *b, void *ctx)
{
    (void)ctx;
    const hf_compression *how = hf_compressions[0];
    size_t n = (size_t)b->p[2] << 16 | (size_t)b->p[3] << 8 | b->p[4], room = n + 100;
    uint8_t *body = malloc(n), *again = malloc(room);
    assert_int_equal(how->expand(hf_bytes_of(b->p + DATA_AT, b->n - DATA_AT), body, n), HF_OK);
    body[n - 10] ^= 0x40; /* in the signature */
    assert_int_equal(how->compress(hf_bytes_of(body, n), again, &room), HF_OK);
    b->n = DATA_AT;
    assert_int_equal(hf_buf_append(b, hf_bytes_of(again, room)), HF_OK);
    b->p[5] = (uint8_t)(room >> 16);
    b->p[6] = (uint8_t)(room >> 8);
    b->p[7] = (uint8_t)room;
    free(body);
    free(again);
}

/* Expands to a message with a byte after its end. */
static void longer_inside(hf_buf *b, void *ctx)
{
    (void)ctx;
    const hf_compression *how = hf_compressions[0];
    size_t n = (size_t)b->p[2] << 16 | (size_t)b->p[3] << 8 | b->p[4], room = n + 100;
    uint8_t *body = calloc(1, n + 1), *again = malloc(room);
    assert_int_equal(how->expand(hf_bytes_of(b->p + DATA_AT, b->n - DATA_AT), body, n), HF_OK);
    assert_int_equal(how->compress(hf_bytes_of(body, n + 1), again, &room), HF_OK);
    b->n = DATA_AT;
    assert_int_equal(hf_buf_append(b, hf_bytes_of(again, room)), HF_OK);
    b->p[3] = (uint8_t)((n + 1) >> 8);
    b->p[4] = (uint8_t)(n + 1);
    b->p[5] = (uint8_t)(room >> 16);
    b->p[6] = (uint8_t)(room >> 8);
    b->p[7] = (uint8_t)room;
    free(body);
    free(again);
}

/* What was compressed is judged as if it had come plain. */
static void a_wrong_certificate_inside_a_compressed_one_is_refused(void **state)
{
    (void)state;
    if (hf_compression_count == 0)
        skip();
    lie(hf_compressions[0]->name, spoil_inside, NULL, HF_E_CERT_BAD_SIGNATURE);
    lie(hf_compressions[0]->name, longer_inside, NULL, HF_E_TRAILING_BYTES);
}

static void a_compressed_certificate_that_nobody_offered_to_expand_is_unexpected(void **state)
{
    (void)state;
    pair p;
    static const uint8_t body[] = {0, 2, 0, 0, 10, 0, 0, 3, 1, 2, 3};
    pair_config(&p, &pki);
    hf_config_trace(p.client_config, &tamper_watch);
    pair_start(&p);
    tamper_start(p.server);
    tamper_insert(tamper_row(HF_MSG_CERTIFICATE, 0), HF_MSG_COMPRESSED_CERTIFICATE,
                  hf_bytes_of(body, sizeof body));
    tamper_expect(&p, p.client, HF_E_UNEXPECTED_MESSAGE);
    pair_free(&p);
}

/* ---- what is stapled ---- */

/* A successful OCSPResponse in form; nothing in it is looked at here. */
static const uint8_t ocsp[] = {0x30, 0x09, 0x0a, 0x01, 0x00, 0xa0, 0x04, 0x30, 0x02, 0x05, 0x00};
static const uint8_t scts[] = {0, 7, 0, 2, 0xaa, 0xbb, 0, 1, 0xcc};

static hf_identity *stapling(const char *const *names, bool server)
{
    hf_error e;
    hf_identity *id = pair_issue(&pki, HF_KEY_P256, names, server, PAIR_NOW - 10, PAIR_NOW + 1000);
    assert_int_equal(hf_identity_set_ocsp(id, hf_bytes_of(ocsp, sizeof ocsp), &e), HF_OK);
    assert_int_equal(hf_identity_set_scts(id, hf_bytes_of(scts, sizeof scts), &e), HF_OK);
    return id;
}

static const char *const server_names[] = {"server.test", NULL};
static const char *const client_names[] = {"client@example.test", NULL};

static void fresh_server(pair *p)
{
    hf_config_free(p->server_config);
    assert_int_equal(hf_config_new(HF_SERVER, &p->server_config), HF_OK);
    hf_config_trust(p->server_config, pki.store);
    hf_config_random(p->server_config, pair_random, &p->random);
    hf_config_clock(p->server_config, pair_clock, NULL);
}

static void ocsp_and_scts_reach_the_other_side_when_asked_for(void **state)
{
    (void)state;
    hf_identity *server = stapling(server_names, true), *client = stapling(client_names, false);
    for (unsigned asked = 0; asked < 8; asked++) { /* OCSP, SCTs, compressed */
        pair p;
        hf_info info;
        const char *compression =
            (asked & 4) != 0 && hf_compression_count != 0 ? hf_compressions[0]->name : "none";
        pair_config(&p, &pki);
        fresh_server(&p);
        hf_config_add_identity(p.server_config, server);
        hf_config_add_identity(p.client_config, client);
        hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
        hf_config *both[] = {p.client_config, p.server_config};
        for (size_t i = 0; i < 2; i++) {
            hf_config_keep_peer_chain(both[i], true);
            hf_config_request_ocsp(both[i], (asked & 1) != 0);
            hf_config_request_scts(both[i], (asked & 2) != 0);
            hf_config_cert_compression(both[i], compression);
        }
        pair_start(&p);
        must_establish(&p);
        hf_conn *ends[] = {p.client, p.server};
        for (size_t i = 0; i < 2; i++) {
            hf_conn_info(ends[i], &info);
            assert_int_equal(info.ocsp_stapled, (asked & 1) != 0);
            assert_int_equal(info.scts_sent, (asked & 2) != 0);
            assert_int_equal(info.ocsp_response.n, (asked & 1) != 0 ? sizeof ocsp : 0);
            assert_int_equal(info.sct_list.n, (asked & 2) != 0 ? sizeof scts - 2 : 0);
            if ((asked & 1) != 0)
                assert_memory_equal(info.ocsp_response.p, ocsp, sizeof ocsp);
            if ((asked & 2) != 0)
                assert_memory_equal(info.sct_list.p, scts + 2, sizeof scts - 2);
        }
        pair_free(&p);
    }
    hf_identity_free(server);
    hf_identity_free(client);
}

static void what_is_stapled_is_counted_but_not_kept_by_default(void **state)
{
    (void)state;
    hf_identity *server = stapling(server_names, true);
    pair p;
    hf_info info;
    pair_config(&p, &pki);
    fresh_server(&p);
    hf_config_add_identity(p.server_config, server);
    pair_start(&p);
    must_establish(&p);
    hf_conn_info(p.client, &info);
    assert_true(info.ocsp_stapled); /* asked for by default */
    assert_false(info.scts_sent);
    assert_int_equal(info.ocsp_response.n, 0);
    pair_free(&p);
    hf_identity_free(server);
}

static void only_well_formed_staples_are_taken(void **state)
{
    (void)state;
    static const uint8_t failed[] = {0x30, 0x03, 0x0a, 0x01, 0x06};
    static const uint8_t unsuccessful[] = {0x30, 0x05, 0x0a, 0x01, 0x01, 0xa0, 0x00};
    static const uint8_t empty_list[] = {0, 0}, empty_sct[] = {0, 2, 0, 0};
    hf_error e;
    hf_identity *id = stapling(server_names, true);
    for (size_t n = 1; n < sizeof ocsp; n++)
        assert_int_equal(hf_identity_set_ocsp(id, hf_bytes_of(ocsp, n), &e), HF_E_STAPLE_MALFORMED);
    assert_int_equal(hf_identity_set_ocsp(id, hf_bytes_of(failed, sizeof failed), &e),
                     HF_E_STAPLE_MALFORMED);
    assert_int_equal(hf_identity_set_ocsp(id, hf_bytes_of(unsuccessful, sizeof unsuccessful), &e),
                     HF_E_STAPLE_MALFORMED);
    assert_non_null(strstr(e.got, "without success"));
    for (size_t n = 1; n < sizeof scts; n++)
        assert_int_equal(hf_identity_set_scts(id, hf_bytes_of(scts, n), &e), HF_E_STAPLE_MALFORMED);
    assert_int_equal(hf_identity_set_scts(id, hf_bytes_of(empty_list, 2), &e),
                     HF_E_STAPLE_MALFORMED);
    assert_int_equal(hf_identity_set_scts(id, hf_bytes_of(empty_sct, 4), &e),
                     HF_E_STAPLE_MALFORMED);
    /* and they can be taken away */
    assert_int_equal(hf_identity_set_ocsp(id, (hf_bytes){NULL, 0}, &e), HF_OK);
    assert_int_equal(hf_identity_set_scts(id, (hf_bytes){NULL, 0}, &e), HF_OK);
    hf_identity_free(id);
}

/* ---- a liar's staples ---- */

/* Puts extensions behind the first entry of a Certificate body (context, list, entries). */
typedef struct extra {
    const uint8_t *p;
    size_t n;
} extra;

static void add_to_first_entry(hf_buf *b, void *ctx)
{
    const extra *x = ctx;
    size_t cert = (size_t)b->p[4] << 16 | (size_t)b->p[5] << 8 | b->p[6], at = 7 + cert;
    hf_buf out = {0};
    size_t had = (size_t)(b->p[at] << 8 | b->p[at + 1]), list = b->n - 4 + x->n;
    assert_int_equal(hf_buf_append(&out, hf_bytes_of(b->p, at)), HF_OK);
    uint8_t length[2] = {(uint8_t)((had + x->n) >> 8), (uint8_t)(had + x->n)};
    assert_int_equal(hf_buf_append(&out, hf_bytes_of(length, 2)), HF_OK);
    assert_int_equal(hf_buf_append(&out, hf_bytes_of(x->p, x->n)), HF_OK);
    assert_int_equal(hf_buf_append(&out, hf_bytes_of(b->p + at + 2, b->n - at - 2)), HF_OK);
    out.p[1] = (uint8_t)(list >> 16);
    out.p[2] = (uint8_t)(list >> 8);
    out.p[3] = (uint8_t)list;
    hf_buf_free(b);
    *b = out;
}

static void lie_about_entry(bool asked, const uint8_t *p, size_t n, hf_status code)
{
    pair pr;
    extra x = {p, n};
    pair_config(&pr, &pki);
    hf_config_request_ocsp(pr.client_config, asked);
    hf_config_request_scts(pr.client_config, asked);
    hf_config_trace(pr.client_config, &tamper_watch);
    pair_start(&pr);
    tamper_start(pr.server);
    tamper_message(HF_MSG_CERTIFICATE, 0, add_to_first_entry, &x);
    tamper_expect(&pr, pr.client, code);
    pair_free(&pr);
}

static void staples_that_were_not_asked_for_or_are_malformed_are_refused(void **state)
{
    (void)state;
    static const uint8_t status[] = {0, 5, 0, 7, 1, 0, 0, 3, 1, 2, 3};
    static const uint8_t empty_status[] = {0, 5, 0, 4, 1, 0, 0, 0};
    static const uint8_t cut_status[] = {0, 5, 0, 6, 1, 0, 0, 3, 1, 2};
    static const uint8_t other_type[] = {0, 5, 0, 7, 2, 0, 0, 3, 1, 2, 3};
    static const uint8_t sct[] = {0, 18, 0, 5, 0, 3, 0, 1, 9};
    static const uint8_t empty_scts[] = {0, 18, 0, 2, 0, 0};
    static const uint8_t empty_sct[] = {0, 18, 0, 4, 0, 2, 0, 0};
    static const uint8_t twice[] = {0, 18, 0, 5, 0, 3, 0, 1, 9, 0, 18, 0, 5, 0, 3, 0, 1, 9};
    lie_about_entry(false, status, sizeof status, HF_E_UNSOLICITED_EXTENSION);
    lie_about_entry(false, sct, sizeof sct, HF_E_UNSOLICITED_EXTENSION);
    lie_about_entry(true, empty_status, sizeof empty_status, HF_E_DECODE);
    lie_about_entry(true, cut_status, sizeof cut_status, HF_E_DECODE);
    lie_about_entry(true, other_type, sizeof other_type, HF_E_VALUE);
    lie_about_entry(true, empty_scts, sizeof empty_scts, HF_E_DECODE);
    lie_about_entry(true, empty_sct, sizeof empty_sct, HF_E_DECODE);
    lie_about_entry(true, twice, sizeof twice, HF_E_DUPLICATE_EXTENSION);
}

/* ---- must-staple: RFC 7633 ---- */

/* An authority, and a certificate by it for server.test with the TLS feature status_request: made
 * once with `openssl x509 -extfile` (tlsfeature=status_request); good from November 2026 to 2046.
 */
static const char stapling_ca[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBkjCCATegAwIBAgIUGTxLhRftUySm1J/DVJHk/8mjwoswCgYIKoZIzj0EAwIw\n"
    "FjEUMBIGA1UEAwwLc3RhcGxpbmcgQ0EwHhcNMjYxMTI0MDMxNDUwWhcNNDYxMTE5\n"
    "MDMxNDUwWjAWMRQwEgYDVQQDDAtzdGFwbGluZyBDQTBZMBMGByqGSM49AgEGCCqG\n"
    "SM49AwEHA0IABKWOEwtDCz8lrLMwOQqAKgtJdxdF9MrXRR06Fmuee7OkIg+T8b3E\n"
    "W69W3NDZxLWtzDT3m6MSYQyRHu9UaydnH12jYzBhMB0GA1UdDgQWBBQwQLSVIDiW\n"
    "sCw11EGuz66HzW+JXjAfBgNVHSMEGDAWgBQwQLSVIDiWsCw11EGuz66HzW+JXjAP\n"
    "BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAKBggqhkjOPQQDAgNJADBG\n"
    "AiEAnEW8gI16gG+A/Y8T4sYGBdbxPujuNG8bA6wP85WW5ecCIQDEonNeAHPOUUwx\n"
    "m80lT3fWTObmZVLoac2V0NuOPifeig==\n"
    "-----END CERTIFICATE-----\n";
static const char stapling_leaf[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBwDCCAWagAwIBAgIUUhoo/3zym8Lgk9zn3nk4TsKK4bcwCgYIKoZIzj0EAwIw\n"
    "FjEUMBIGA1UEAwwLc3RhcGxpbmcgQ0EwHhcNMjYxMTI0MDMxNDUwWhcNNDYwMTIz\n"
    "MDMxNDUwWjAWMRQwEgYDVQQDDAtzZXJ2ZXIudGVzdDBZMBMGByqGSM49AgEGCCqG\n"
    "SM49AwEHA0IABLT/rui1iXDYLSnXOpljULCuxql+2VdejbRp+jozHxSlhtkTJc3l\n"
    "vT5sOpvpFaSVxB8lphjv8bwEDKxWIlp/A1yjgZEwgY4wFgYDVR0RBA8wDYILc2Vy\n"
    "dmVyLnRlc3QwEwYDVR0lBAwwCgYIKwYBBQUHAwEwDAYDVR0TAQH/BAIwADARBggr\n"
    "BgEFBQcBGAQFMAMCAQUwHQYDVR0OBBYEFO6QMPWzA4YXsmj0jx+E2oGgeQ9UMB8G\n"
    "A1UdIwQYMBaAFDBAtJUgOJawLDXUQa7ProfNb4leMAoGCCqGSM49BAMCA0gAMEUC\n"
    "IQCLXqZwr3WMnkw+QvrngG5AHNpL+mLLWDL7uDXE4giurgIgXSD5qLBR4KVUQJiu\n"
    "lrhtCccBSB6nLPNRSP6whnp91f0=\n"
    "-----END CERTIFICATE-----\n";
static const char stapling_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMYYXHA97Wz3Urk4n\n"
    "gP8LL1gFutUKD0XZ9rJlvi4M8AChRANCAAS0/67otYlw2C0p1zqZY1CwrsapftlX\n"
    "Xo20afo6Mx8UpYbZEyXN5b0+bDqb6RWklcQfJaYY7/G8BAysViJafwNc\n"
    "-----END PRIVATE KEY-----\n";

static int64_t in_2030(void *ctx)
{
    (void)ctx;
    return INT64_C(1900000000);
}

/* The client's end of a handshake with that certificate. */
static hf_status must_staple(bool staple, bool ask, bool verify)
{
    pair p;
    hf_key *key;
    hf_identity *id;
    hf_store *store;
    hf_error e;
    assert_int_equal(hf_key_read(hf_bytes_text(stapling_key), NULL, &key, &e), HF_OK);
    assert_int_equal(hf_identity_new(hf_bytes_text(stapling_leaf), key, &id, &e), HF_OK);
    assert_int_equal(hf_store_new(&store), HF_OK);
    assert_int_equal(hf_store_add(store, hf_bytes_text(stapling_ca), NULL, &e), HF_OK);
    if (staple)
        assert_int_equal(hf_identity_set_ocsp(id, hf_bytes_of(ocsp, sizeof ocsp), &e), HF_OK);
    pair_config(&p, &pki);
    fresh_server(&p);
    hf_config_add_identity(p.server_config, id);
    hf_config_trust(p.client_config, store);
    hf_config_clock(p.client_config, in_2030, NULL);
    hf_config_request_ocsp(p.client_config, ask);
    if (!verify)
        hf_config_insecure_no_verification(p.client_config);
    pair_start(&p);
    bool done = pair_run(&p);
    hf_conn_error(p.client, &e);
    assert_int_equal(done, e.code == HF_OK);
    if (!done)
        assert_int_equal(e.alert, HF_ALERT_bad_certificate_status_response);
    pair_free(&p);
    hf_identity_free(id);
    hf_key_free(key);
    hf_store_free(store);
    return e.code;
}

static void a_certificate_that_promises_a_staple_must_bring_one(void **state)
{
    (void)state;
    assert_int_equal(must_staple(false, true, true), HF_E_STAPLE_MISSING);
    /* not any bytes will do: test_x509_ocsp has those that do */
    assert_int_equal(must_staple(true, true, true), HF_E_REVOCATION_UNKNOWN);
    assert_int_equal(must_staple(false, false, true), HF_OK); /* not asked, so not promised */
    assert_int_equal(must_staple(false, true, false), HF_OK); /* nothing is verified */
}

/* ---- demands on the chain: signature_algorithms_cert ---- */

static void a_chain_signed_by_a_scheme_not_on_the_list_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        bool good;
    } cases[] = {{"rsa_pkcs1_sha256", false},
                 {"rsa_pkcs1_sha256:ecdsa_secp256r1_sha256", true},
                 {"ed25519", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int by_client = 0; by_client < 2; by_client++) {
            pair p;
            hf_error e;
            pair_config(&p, &pki);
            hf_config_add_identity(p.client_config, pki.client);
            hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
            hf_config *judge = by_client ? p.client_config : p.server_config;
            assert_int_equal(hf_config_cert_sigschemes(judge, cases[i].list), HF_OK);
            pair_start(&p);
            assert_int_equal(pair_run(&p), cases[i].good);
            hf_conn_error(by_client ? p.client : p.server, &e);
            assert_int_equal(e.code, cases[i].good ? HF_OK : HF_E_CERT_SCHEME_NOT_OFFERED);
            pair_free(&p);
        }
}

/* ---- choosing among several ---- */

static hf_identity *issue(const pair_pki *by, hf_key_type type, const char *name, bool server)
{
    const char *const names[] = {name, NULL};
    return pair_issue(by, type, names, server, PAIR_NOW - 10, PAIR_NOW + 1000);
}

/* Which of the server's identities a client sees that asks for `host`. */
static size_t chosen_by(hf_identity *const *ids, size_t count, const char *host,
                        void (*configure)(pair *p), hf_status *code)
{
    pair p;
    hf_error e;
    pair_config(&p, &pki);
    fresh_server(&p);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(hf_config_add_identity(p.server_config, ids[i]), HF_OK);
    hf_config_insecure_no_verification(p.client_config); /* what is shown is what counts here */
    hf_config_keep_peer_chain(p.client_config, true);
    if (configure != NULL)
        configure(&p);
    pair_start(&p);
    hf_conn_free(p.client);
    assert_int_equal(host != NULL ? hf_client_new(p.client_config, host, &p.client)
                                  : hf_client_new_insecure_no_name(p.client_config, &p.client),
                     HF_OK);
    bool done = pair_run(&p);
    hf_conn_error(p.server, &e);
    size_t which = count;
    for (size_t i = 0; done && i < count; i++)
        if (hf_bytes_equal(hf_peer_cert(p.client, 0)->der, hf_identity_cert(ids[i], 0)->der))
            which = i;
    pair_free(&p);
    if (code != NULL)
        *code = e.code;
    return which;
}

static void rsa_only(pair *p)
{
    hf_config_sigschemes(p->client_config, "rsa_pss_rsae_sha256:rsa_pkcs1_sha256");
}

static void known_only(pair *p)
{
    hf_config_known_names_only(p->server_config, true);
}

static void a_server_prefers_an_exact_name_to_a_wildcard_to_the_default(void **state)
{
    (void)state;
    hf_identity *ids[] = {issue(&pki, HF_KEY_P256, "first.test", true),
                          issue(&pki, HF_KEY_P256, "*.example.test", true),
                          issue(&pki, HF_KEY_P256, "www.example.test", true)};
    hf_status code;
    assert_int_equal(chosen_by(ids, 3, "www.example.test", NULL, NULL), 2);
    assert_int_equal(chosen_by(ids, 3, "WWW.EXAMPLE.TEST", NULL, NULL), 2);
    assert_int_equal(chosen_by(ids, 3, "mail.example.test", NULL, NULL), 1);
    assert_int_equal(chosen_by(ids, 3, "a.b.example.test", NULL, NULL), 0); /* one label only */
    assert_int_equal(chosen_by(ids, 3, "first.test", NULL, NULL), 0);
    assert_int_equal(chosen_by(ids, 3, "other.test", NULL, NULL), 0);
    assert_int_equal(chosen_by(ids, 3, NULL, NULL, NULL), 0);
    assert_int_equal(chosen_by(ids, 3, "mail.example.test", known_only, &code), 1);
    assert_int_equal(chosen_by(ids, 3, NULL, known_only, &code), 0);
    assert_int_equal(chosen_by(ids, 3, "other.test", known_only, &code), 3);
    assert_int_equal(code, HF_E_UNKNOWN_SERVER_NAME);
    assert_int_equal(hf_error_alert(code), HF_ALERT_unrecognized_name);
    for (size_t i = 0; i < 3; i++)
        hf_identity_free(ids[i]);
}

static void a_server_prefers_ecdsa_where_the_client_can_check_it(void **state)
{
    (void)state;
    hf_identity *ids[] = {
        issue(&pki, HF_KEY_RSA, "a.test", true), issue(&pki, HF_KEY_P256, "a.test", true),
        issue(&pki, HF_KEY_P256, "b.test", true), issue(&pki, HF_KEY_RSA, "b.test", true)};
    assert_int_equal(chosen_by(ids, 4, "a.test", NULL, NULL), 1);
    assert_int_equal(chosen_by(ids, 4, "a.test", rsa_only, NULL), 0);
    assert_int_equal(chosen_by(ids, 4, "b.test", NULL, NULL), 2);
    assert_int_equal(chosen_by(ids, 4, "b.test", rsa_only, NULL), 3);
    /* the default's sibling of the better key type, not another name's */
    assert_int_equal(chosen_by(ids, 4, NULL, NULL, NULL), 1);
    assert_int_equal(chosen_by(ids, 4, "c.test", NULL, NULL), 1);
    assert_int_equal(chosen_by(ids, 4, "c.test", rsa_only, NULL), 0);
    assert_int_equal(chosen_by(ids + 2, 2, NULL, NULL, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        hf_identity_free(ids[i]);
}

/* A second authority of another key type, so that chains differ in their signatures too. */
static pair_pki other;

static void other_only(pair *p)
{
    hf_config_trust(p->client_config, other.store);
    hf_config_send_authorities(p->client_config, true);
}

static void ed25519_chains(pair *p)
{
    hf_config_cert_sigschemes(p->client_config, "ed25519");
}

static void a_server_heeds_authorities_and_the_signatures_in_chains(void **state)
{
    (void)state;
    hf_identity *ids[] = {issue(&pki, HF_KEY_P256, "a.test", true),
                          issue(&other, HF_KEY_P256, "a.test", true)};
    assert_int_equal(chosen_by(ids, 2, "a.test", NULL, NULL), 0);
    assert_int_equal(chosen_by(ids, 2, "a.test", other_only, NULL), 1);
    assert_int_equal(chosen_by(ids, 2, "a.test", ed25519_chains, NULL), 1);
    for (size_t i = 0; i < 2; i++)
        hf_identity_free(ids[i]);
}

/* Whom the server sees: 0, 1, or 2 for nobody known. */
static size_t client_shows(hf_identity *const ids[2], bool name_authorities)
{
    pair p;
    pair_config(&p, &pki);
    hf_config_trust(p.server_config, other.store);
    hf_config_send_authorities(p.server_config, name_authorities);
    hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_insecure_no_verification(p.server_config);
    hf_config_keep_peer_chain(p.server_config, true);
    hf_config_add_identity(p.client_config, ids[0]);
    hf_config_add_identity(p.client_config, ids[1]);
    pair_start(&p);
    must_establish(&p);
    size_t which = 2;
    for (size_t i = 0; i < 2; i++)
        if (hf_bytes_equal(hf_peer_cert(p.server, 0)->der, hf_identity_cert(ids[i], 0)->der))
            which = i;
    pair_free(&p);
    return which;
}

static void a_client_shows_the_certificate_that_leads_to_a_named_authority(void **state)
{
    (void)state;
    hf_identity *const ids[] = {issue(&pki, HF_KEY_P256, "a@example.test", false),
                                issue(&other, HF_KEY_P256, "b@example.test", false)};
    assert_int_equal(client_shows(ids, true), 1);
    assert_int_equal(client_shows(ids, false), 0); /* the first */
    hf_identity_free(ids[0]);
    hf_identity_free(ids[1]);
}

static void an_identity_for_named_authorities_is_hidden_from_all_others(void **state)
{
    (void)state;
    hf_identity *const ids[] = {issue(&other, HF_KEY_P256, "a.test", true),
                                issue(&pki, HF_KEY_P256, "a.test", true)};
    hf_identity_set_named_authorities_only(ids[0], true);
    assert_int_equal(chosen_by(ids, 2, "a.test", NULL, NULL), 1);
    assert_int_equal(chosen_by(ids, 2, "a.test", other_only, NULL), 0);

    pair p;
    hf_error e;
    hf_identity_set_named_authorities_only(pki.server, true);
    pair_config(&p, &pki);
    hf_config_send_authorities(p.client_config, false);
    pair_start(&p);
    assert_false(pair_run(&p));
    hf_conn_error(p.server, &e);
    assert_int_equal(e.code, HF_E_NO_COMMON_AUTHORITY);
    hf_conn_error(p.client, &e);
    assert_int_equal(e.alert, HF_ALERT_handshake_failure);
    pair_free(&p);

    pair_config(&p, &pki);
    hf_config_send_authorities(p.client_config, true);
    pair_start(&p);
    must_establish(&p);
    pair_free(&p);
    hf_identity_set_named_authorities_only(pki.server, false);
    hf_identity_free(ids[0]);
    hf_identity_free(ids[1]);
}

static void a_client_hides_it_too(void **state)
{
    (void)state;
    hf_identity *const ids[] = {issue(&other, HF_KEY_P256, "a@example.test", false),
                                issue(&pki, HF_KEY_P256, "b@example.test", false)};
    hf_identity_set_named_authorities_only(ids[0], true);
    assert_int_equal(client_shows(ids, true), 0);
    assert_int_equal(client_shows(ids, false), 1);
    hf_identity_free(ids[0]);
    hf_identity_free(ids[1]);
}

/* ---- lists in the hello and the request that are malformed ---- */

static void malformed_lists_about_certificates_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[12];
        size_t n;
        hf_status code;
    } cases[] = {
        {{0, 27, 0, 1, 0}, 5, HF_E_DECODE},          /* no algorithm */
        {{0, 27, 0, 2, 1, 0}, 6, HF_E_DECODE},       /* half of one */
        {{0, 27, 0, 3, 4, 0, 1}, 7, HF_E_DECODE},    /* cut */
        {{0, 47, 0, 2, 0, 0}, 6, HF_E_DECODE},       /* no authority */
        {{0, 47, 0, 4, 0, 2, 0, 0}, 8, HF_E_DECODE}, /* an empty name */
        {{0, 50, 0, 2, 0, 0}, 6, HF_E_DECODE},       /* no scheme */
        {{0, 50, 0, 3, 0, 1, 4}, 7, HF_E_DECODE},    /* half of one */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int in_request = 0; in_request < 2; in_request++) {
            hf_buf m = {0};
            hf_reader r;
            hf_certificate_request request;
            hf_extensions x;
            uint8_t head[3] = {0, 0, (uint8_t)cases[i].n};
            assert_int_equal(hf_buf_append(&m, hf_bytes_of(head, 3)), HF_OK);
            assert_int_equal(hf_buf_append(&m, hf_bytes_of(cases[i].bytes, cases[i].n)), HF_OK);
            if (in_request) {
                hf_reader_init(&r, hf_buf_bytes(&m), NULL);
                assert_false(hf_certificate_request_parse(&r, &request));
            } else {
                hf_reader_init(&r, hf_bytes_of(m.p + 1, m.n - 1), NULL);
                hf_extensions_parse(&r, &x, HF_IN_CLIENT_HELLO);
                assert_false(hf_reader_done(&r));
            }
            assert_int_equal(hf_reader_status(&r, NULL), cases[i].code);
            hf_buf_free(&m);
        }
}

static int make(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    hf_cert_template ca = {.subject = "CN=another test CA",
                           .not_before_s = PAIR_NOW - 86400,
                           .not_after_s = PAIR_NOW + 86400 * 365,
                           .ca = true,
                           .path_len = -1};
    return hf_key_generate(HF_KEY_ED25519, 0, &other.ca_key, NULL) != HF_OK ||
           hf_cert_issue(&ca, hf_key_public(other.ca_key), NULL, other.ca_key, &other.ca_der,
                         NULL) != HF_OK ||
           hf_cert_parse(other.ca_der, &other.ca, NULL) != HF_OK ||
           hf_store_new(&other.store) != HF_OK ||
           hf_store_add(other.store, other.ca_der, NULL, NULL) != HF_OK;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&pki);
    pair_pki_free(&other);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_compresses_both_certificates),
        cmocka_unit_test(what_saves_little_is_not_compressed_unless_asked_for),
        cmocka_unit_test(a_certificate_is_compressed_once_and_kept_in_the_config),
        cmocka_unit_test(nothing_is_compressed_without_an_algorithm_in_common),
        cmocka_unit_test(unknown_names_of_compressions_are_refused),
        cmocka_unit_test(a_declared_length_over_the_limit_is_refused_before_any_room_is_made),
        cmocka_unit_test(what_does_not_expand_to_the_declared_length_is_refused),
        cmocka_unit_test(an_algorithm_that_was_not_offered_is_refused),
        cmocka_unit_test(a_bomb_is_not_expanded_past_the_declared_length),
        cmocka_unit_test(random_bytes_do_not_expand),
        cmocka_unit_test(compression_that_does_not_fit_says_so),
        cmocka_unit_test(a_wrong_certificate_inside_a_compressed_one_is_refused),
        cmocka_unit_test(a_compressed_certificate_that_nobody_offered_to_expand_is_unexpected),
        cmocka_unit_test(ocsp_and_scts_reach_the_other_side_when_asked_for),
        cmocka_unit_test(what_is_stapled_is_counted_but_not_kept_by_default),
        cmocka_unit_test(only_well_formed_staples_are_taken),
        cmocka_unit_test(staples_that_were_not_asked_for_or_are_malformed_are_refused),
        cmocka_unit_test(a_certificate_that_promises_a_staple_must_bring_one),
        cmocka_unit_test(a_chain_signed_by_a_scheme_not_on_the_list_is_refused),
        cmocka_unit_test(a_server_prefers_an_exact_name_to_a_wildcard_to_the_default),
        cmocka_unit_test(a_server_prefers_ecdsa_where_the_client_can_check_it),
        cmocka_unit_test(a_server_heeds_authorities_and_the_signatures_in_chains),
        cmocka_unit_test(an_identity_for_named_authorities_is_hidden_from_all_others),
        cmocka_unit_test(a_client_hides_it_too),
        cmocka_unit_test(a_client_shows_the_certificate_that_leads_to_a_named_authority),
        cmocka_unit_test(malformed_lists_about_certificates_are_refused),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
