/* test_stateless_retry.c: HelloRetryRequest without keeping anything: on one connection and over
 * several, on one server and over several; and cookies that are wrong, late, or somebody else's. */
#include "support/fail_alloc.h"
#include "support/pair.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/reader.h"
#include "session/ticket.h"
#include "wire/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LIFE 30

static pair_pki pki;
static int64_t now_s;

static int64_t own_clock(void *ctx)
{
    (void)ctx;
    return now_s;
}

static hf_buf given; /* the last session that a client was given */

static void keep_session(void *ctx, hf_conn *conn, hf_bytes session)
{
    (void)ctx;
    (void)conn;
    hf_buf_clear(&given);
    assert_int_equal(hf_buf_append(&given, session), HF_OK);
}

/* A client that must be asked again. */
static void config(pair *p)
{
    now_s = PAIR_NOW;
    pair_config(p, &pki);
    hf_config_groups(p->client_config, "X25519:P-256");
    hf_config_key_shares(p->client_config, 1);
    hf_config_groups(p->server_config, "P-256");
    hf_config_clock(p->client_config, own_clock, NULL);
    hf_config_clock(p->server_config, own_clock, NULL);
    hf_config_new_session(p->client_config, keep_session, NULL);
    assert_int_equal(hf_config_stateless_retry(p->server_config, LIFE), HF_OK);
}

static void to_retry(pair *p)
{
    hf_step(p->client);
    while (pair_move(p->client, p->server, p->chunk) != 0)
        p->server_last = hf_step(p->server);
    assert_true(p->server_last > 0);
    assert_true((p->server_last & HF_STATELESS) != 0);
    assert_true((p->server_last & HF_WANT_INPUT) != 0);
    assert_false((p->server_last & HF_ESTABLISHED) != 0);
}

/* The HelloRetryRequest goes to the client, whose second hello waits in its hf_out. */
static void to_second_hello(pair *p)
{
    to_retry(p);
    while (pair_move(p->server, p->client, p->chunk) != 0)
        assert_true(hf_step(p->client) > 0);
    assert_int_equal(hf_out(p->server).n, 0);
}

static void done(pair *p, bool resumed)
{
    hf_info info;
    assert_true(pair_run(p));
    hf_conn_info(p->server, &info);
    assert_true(info.hello_retry);
    assert_string_equal(info.group, "P-256");
    assert_string_equal(info.host, "server.test");
    assert_int_equal(info.resumed, resumed);
    hf_conn_info(p->client, &info);
    assert_true(info.hello_retry);
    pair_exchange(p, true, 3000);
    pair_exchange(p, false, 3000);
}

/* ---- it works ---- */

static void one_connection_goes_on(void **state)
{
    (void)state;
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256"};
    for (size_t i = 0; i < 3; i++)
        for (size_t chunk = 0; chunk < 2; chunk++) {
            pair p;
            config(&p);
            hf_config_suites(p.server_config, suites[i]);
            pair_start(&p);
            p.chunk = chunk;
            to_retry(&p);
            done(&p, false);
            pair_free(&p);
        }
}

/* In between there is the connection itself, and nothing else; however much the client asked for.
 */
static void nothing_is_kept_but_the_connection(void **state)
{
    (void)state;
    pair p;
    config(&p);
    hf_config_alpn(p.client_config, "h2,http/1.1");
    hf_config_alpn(p.server_config, "h2");
    pair_start(&p);
    long before = hf_test_live();
    hf_conn_free(p.server);
    assert_int_equal(hf_test_live(), before - 2); /* the connection and its scratch */
    assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
    to_retry(&p);
    hf_out_consumed(p.server, hf_out(p.server).n);
    hf_step(p.server);
    before = hf_test_live();
    hf_conn_free(p.server);
    assert_int_equal(hf_test_live(), before - 1);
    p.server = NULL;
    pair_free(&p);
}

static void a_new_connection_takes_it_up(void **state)
{
    (void)state;
    for (size_t chunk = 0; chunk < 2; chunk++) {
        pair p;
        config(&p);
        pair_start(&p);
        p.chunk = chunk;
        to_second_hello(&p);
        assert_true(hf_out(p.client).p[0] == 20); /* change_cipher_spec stands before it: 4.3.2 */
        hf_conn_free(p.server);
        assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
        done(&p, false);
        pair_free(&p);
    }
}

static void share_keys(hf_config *cfg, uint8_t content)
{
    uint8_t file[80];
    hf_ticket_keys *keys;
    hf_bytes bytes = {file, sizeof(file)};
    memset(file, content, sizeof(file));
    assert_int_equal(hf_ticket_keys_new(NULL, 0, &keys), HF_OK);
    assert_int_equal(hf_ticket_keys_read(keys, &bytes, 1, NULL), HF_OK);
    assert_int_equal(hf_config_ticket_keys(cfg, keys), HF_OK);
    hf_ticket_keys_free(keys);
}

/* Another config, as in another process: the key file is all they share. Its clock is a bit off. */
static void another_server_of_the_fleet_takes_it_up(void **state)
{
    (void)state;
    static const int off_s[] = {0, 5, -5};
    for (size_t i = 0; i < 3; i++) {
        pair p, q;
        config(&p);
        config(&q);
        share_keys(p.server_config, 7);
        share_keys(q.server_config, 7);
        pair_start(&p);
        pair_start(&q);
        to_second_hello(&p);
        hf_conn *first = p.server;
        p.server = q.server;
        now_s += off_s[i];
        done(&p, false);
        p.server = first;
        hf_conn_free(q.client);
        hf_conn_free(q.server);
        q.client = q.server = NULL;
        pair_free(&q);
        /* p's client has used q's server: nothing is left of it but p's own parts */
        pair_free(&p);
    }
}

static unsigned asked;

static void count_hello(void *ctx, hf_conn *conn, const hf_hello_view *v, hf_hello *h)
{
    (void)conn;
    (void)v;
    asked++;
    assert_int_equal(hf_hello_go_on(h, ctx), HF_OK);
}

/* One connection keeps the config that the application chose; a new one asks again. */
static void two_way_with_the_application_asked(void **state)
{
    (void)state;
    for (unsigned anew = 0; anew < 2; anew++) {
        pair p, q;
        config(&p);
        config(&q);
        hf_config_client_auth(q.server_config, HF_CLIENT_AUTH_REQUIRED);
        hf_config_add_identity(p.client_config, pki.client);
        hf_config_client_hello(p.server_config, count_hello, q.server_config);
        pair_start(&q);
        pair_start(&p);
        asked = 0;
        to_second_hello(&p);
        if (anew) {
            hf_conn_free(p.server);
            assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
        }
        done(&p, false);
        hf_info info;
        hf_conn_info(p.server, &info);
        assert_true(info.peer_authenticated);
        assert_int_equal(asked, 1 + anew);
        pair_free(&p);
        pair_free(&q);
    }
}

static void resumption_and_early_data_go_through_it(void **state)
{
    (void)state;
    for (int anew = 0; anew < 2; anew++) {
        pair p;
        size_t taken;
        config(&p);
        hf_config_early_data(p.client_config, 1);
        hf_config_early_data(p.server_config, 1000);
        pair_start(&p);
        done(&p, false);
        hf_conn_free(p.client);
        hf_conn_free(p.server);
        assert_int_equal(hf_client_new(p.client_config, "server.test", &p.client), HF_OK);
        assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
        assert_int_equal(hf_conn_resume(p.client, hf_buf_bytes(&given)), HF_OK);
        assert_int_equal(hf_write_early(p.client, "early", 5, &taken), HF_OK);
        assert_int_equal(taken, 5);
        if (anew) { /* the early data reaches a connection that knows of no hello */
            size_t used;
            hf_step(p.client);
            hf_bytes out = hf_out(p.client);
            size_t hello = 5U + ((size_t)out.p[3] << 8 | out.p[4]);
            assert_true(hello < out.n);
            assert_int_equal(hf_feed(p.server, out.p, hello, &used), HF_OK);
            hf_out_consumed(p.client, used);
            assert_true((hf_step(p.server) & HF_STATELESS) != 0);
            pair_move(p.server, p.client, 0);
            hf_conn_free(p.server);
            assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
        }
        done(&p, true);
        hf_info info;
        hf_conn_info(p.client, &info);
        assert_int_equal(info.early_data, HF_EARLY_REJECTED);
        pair_free(&p);
    }
}

static void clients_that_need_no_retry_are_served_as_ever(void **state)
{
    (void)state;
    for (int tls12 = 0; tls12 < 2; tls12++) {
        pair p;
        config(&p);
        hf_config_versions(p.server_config, HF_TLS_1_2, HF_TLS_1_3);
        if (tls12)
            hf_config_versions(p.client_config, HF_TLS_1_2, HF_TLS_1_2);
        else
            hf_config_key_shares(p.client_config, 2);
        pair_start(&p);
        assert_true(pair_run(&p));
        pair_exchange(&p, true, 100);
        hf_info info;
        hf_conn_info(p.server, &info);
        assert_false(info.hello_retry);
        pair_free(&p);
    }
}

/* ---- wrong cookies ---- */

/* The client's second flight, and where the cookie is in it. */
typedef struct flight {
    hf_buf bytes;
    size_t cookie_at, cookie_len;
} flight;

static void take_flight(hf_conn *client, flight *f)
{
    hf_reader r;
    hf_client_hello m;
    *f = (flight){0};
    hf_bytes out = hf_out(client);
    assert_int_equal(hf_buf_append(&f->bytes, out), HF_OK);
    hf_out_consumed(client, out.n);
    const size_t ccs = 6, headers = 5 + 4;
    assert_int_equal(f->bytes.p[0], 20);
    hf_reader_init(&r, (hf_bytes){f->bytes.p + ccs + headers, f->bytes.n - ccs - headers}, NULL);
    assert_true(hf_client_hello_parse(&r, &m));
    assert_true(hf_ext_has(&m.extensions, HF_X_COOKIE));
    f->cookie_at = (size_t)(m.extensions.cookie.p - f->bytes.p);
    f->cookie_len = m.extensions.cookie.n;
}

/* Feeds the flight to a new server connection; what it says in the end, and its last alert. */
static hf_status show(hf_config *cfg, hf_bytes bytes, hf_buf *answer)
{
    hf_conn *c;
    size_t used;
    assert_int_equal(hf_server_new(cfg, &c), HF_OK);
    assert_int_equal(hf_feed(c, bytes.p, bytes.n, &used), HF_OK);
    assert_int_equal(used, bytes.n);
    int last = hf_step(c);
    if (answer != NULL) {
        hf_buf_clear(answer);
        assert_int_equal(hf_buf_append(answer, hf_out(c)), HF_OK);
    }
    hf_conn_free(c);
    return last < 0 ? last : HF_OK;
}

/* A pair whose client's second flight is at hand. */
static void to_flight(pair *p, flight *f)
{
    config(p);
    hf_config_grease(p->client_config, false);
    share_keys(p->server_config, 7);
    pair_start(p);
    to_second_hello(p);
    take_flight(p->client, f);
}

/* An alert, illegal_parameter, and nothing else: the peer cannot tell why. */
static const uint8_t illegal_parameter[] = {21, 3, 3, 0, 2, 2, 47};

static void refused(hf_config *cfg, const flight *f, hf_status code)
{
    hf_buf answer = {0};
    assert_int_equal(show(cfg, hf_buf_bytes(&f->bytes), &answer), code);
    assert_int_equal(answer.n, sizeof(illegal_parameter));
    assert_memory_equal(answer.p, illegal_parameter, sizeof(illegal_parameter));
    hf_buf_free(&answer);
}

static void each_changed_byte_of_a_cookie_is_refused(void **state)
{
    (void)state;
    pair p;
    flight f;
    to_flight(&p, &f);
    assert_int_equal(show(p.server_config, hf_buf_bytes(&f.bytes), NULL), HF_OK);
    for (size_t i = 0; i < f.cookie_len; i++) {
        f.bytes.p[f.cookie_at + i] ^= 1;
        refused(p.server_config, &f, HF_E_COOKIE_INVALID);
        f.bytes.p[f.cookie_at + i] ^= 1;
    }
    assert_int_equal(show(p.server_config, hf_buf_bytes(&f.bytes), NULL), HF_OK);
    hf_buf_free(&f.bytes);
    pair_free(&p);
}

static void a_cookie_has_its_time(void **state)
{
    (void)state;
    static const struct {
        int later_s;
        bool good;
    } cases[] = {{0, true},       {LIFE, true},  {LIFE + 1, false},
                 {100000, false}, {-LIFE, true}, {-LIFE - 1, false}};
    pair p;
    flight f;
    to_flight(&p, &f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        now_s = PAIR_NOW + cases[i].later_s;
        if (cases[i].good)
            assert_int_equal(show(p.server_config, hf_buf_bytes(&f.bytes), NULL), HF_OK);
        else
            refused(p.server_config, &f, HF_E_COOKIE_INVALID);
    }
    hf_buf_free(&f.bytes);
    pair_free(&p);
}

static void a_cookie_of_other_keys_is_refused(void **state)
{
    (void)state;
    pair p, q;
    flight f;
    to_flight(&p, &f);
    config(&q);
    share_keys(q.server_config, 8);
    pair_start(&q);
    refused(q.server_config, &f, HF_E_COOKIE_INVALID);
    hf_buf_free(&f.bytes);
    pair_free(&p);
    pair_free(&q);
}

/* What one client was given, shown by another, whose hello differs in its random alone. */
static void a_reflected_cookie_is_refused(void **state)
{
    (void)state;
    pair p, q;
    flight f, g;
    to_flight(&p, &f);
    to_flight(&q, &g); /* the pairs' randomness is the same */
    assert_int_equal(f.cookie_len, g.cookie_len);
    const size_t random_at = 6 + 5 + 4 + 2;
    assert_memory_equal(f.bytes.p + random_at, g.bytes.p + random_at, 32);
    g.bytes.p[random_at] ^= 1;
    refused(p.server_config, &g, HF_E_HELLO_CHANGED);
    g.bytes.p[random_at] ^= 1;
    memcpy(g.bytes.p + g.cookie_at, f.bytes.p + f.cookie_at, f.cookie_len);
    assert_int_equal(show(q.server_config, hf_buf_bytes(&g.bytes), NULL), HF_OK);
    hf_buf_free(&f.bytes);
    hf_buf_free(&g.bytes);
    pair_free(&p);
    pair_free(&q);
}

/* A server that agrees on other things does not go on with what another one chose. */
static void a_cookie_for_other_choices_is_refused(void **state)
{
    (void)state;
    for (int groups = 0; groups < 2; groups++) {
        pair p, q;
        flight f;
        to_flight(&p, &f);
        config(&q);
        share_keys(q.server_config, 7);
        if (groups)
            hf_config_groups(q.server_config, "P-384");
        else
            hf_config_suites(q.server_config, "TLS_CHACHA20_POLY1305_SHA256");
        pair_start(&q);
        refused(q.server_config, &f, HF_E_COOKIE_INVALID);
        hf_buf_free(&f.bytes);
        pair_free(&p);
        pair_free(&q);
    }
}

/* Tickets and cookies are sealed with keys of one root; neither opens as the other. */
static void a_ticket_is_no_cookie_and_a_cookie_no_ticket(void **state)
{
    (void)state;
    hf_ticket_keys *keys;
    hf_buf ticket = {0}, cookie = {0}, out = {0};
    const hf_provider *provider = hf_provider_default();
    hf_bytes text = hf_bytes_text("a state of some length");
    assert_int_equal(hf_ticket_keys_new(NULL, 0, &keys), HF_OK);
    assert_int_equal(hf_ticket_seal(keys, provider, PAIR_NOW, text, &ticket), HF_OK);
    assert_int_equal(hf_seal_for(HF_SEAL_COOKIE, keys, provider, PAIR_NOW, text, &cookie), HF_OK);
    assert_int_equal(hf_ticket_open(keys, provider, PAIR_NOW, hf_buf_bytes(&cookie), &out),
                     HF_E_BAD_RECORD_MAC);
    assert_int_equal(
        hf_open_for(HF_SEAL_COOKIE, keys, provider, PAIR_NOW, hf_buf_bytes(&ticket), &out),
        HF_E_BAD_RECORD_MAC);
    assert_int_equal(
        hf_open_for(HF_SEAL_COOKIE, keys, provider, PAIR_NOW, hf_buf_bytes(&cookie), &out), HF_OK);
    assert_true(hf_bytes_equal(hf_buf_bytes(&out), text));
    hf_buf_free(&ticket);
    hf_buf_free(&cookie);
    hf_buf_free(&out);
    hf_ticket_keys_free(keys);
}

/* A cookie that opens and holds something else: as one that does not open. */
static void a_sealed_cookie_of_another_form_is_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {"", "\001",
                                        "another form of as many bytes as a cookie has, and more"};
    pair p;
    flight f;
    to_flight(&p, &f);
    /* the state's length of the real one, so that the flight keeps its lengths */
    size_t state_len = f.cookie_len - HF_TICKET_OVERHEAD;
    for (size_t i = 0; i < 3; i++) {
        uint8_t plain[128] = {0};
        uint8_t file[80];
        hf_bytes bytes = {file, sizeof(file)};
        hf_ticket_keys *keys;
        hf_buf sealed = {0};
        assert_true(state_len <= sizeof(plain));
        hf_copy(plain, forms[i], strlen(forms[i]));
        memset(file, 7, sizeof(file));
        assert_int_equal(hf_ticket_keys_new(NULL, 0, &keys), HF_OK);
        assert_int_equal(hf_ticket_keys_read(keys, &bytes, 1, NULL), HF_OK);
        assert_int_equal(hf_seal_for(HF_SEAL_COOKIE, keys, hf_provider_default(), PAIR_NOW,
                                     (hf_bytes){plain, state_len}, &sealed),
                         HF_OK);
        assert_int_equal(sealed.n, f.cookie_len);
        memcpy(f.bytes.p + f.cookie_at, sealed.p, sealed.n);
        refused(p.server_config, &f, HF_E_COOKIE_INVALID);
        hf_buf_free(&sealed);
        hf_ticket_keys_free(keys);
    }
    hf_buf_free(&f.bytes);
    pair_free(&p);
}

/* A client that answers the retry with its first hello once more is not sent round in circles. */
static void a_second_hello_without_the_cookie_is_refused(void **state)
{
    (void)state;
    pair p;
    hf_buf hello = {0};
    size_t used;
    config(&p);
    pair_start(&p);
    hf_step(p.client);
    assert_int_equal(hf_buf_append(&hello, hf_out(p.client)), HF_OK);
    to_retry(&p);
    assert_int_equal(hf_feed(p.server, hello.p, hello.n, &used), HF_OK);
    assert_int_equal(hf_step(p.server), HF_E_COOKIE_INVALID);
    hf_buf_free(&hello);
    pair_free(&p);
}

static void setting_it_wrongly_is_told(void **state)
{
    (void)state;
    hf_config *cfg;
    assert_int_equal(hf_config_new(HF_CLIENT, &cfg), HF_OK);
    assert_int_equal(hf_config_stateless_retry(cfg, 30), HF_E_WRONG_ROLE);
    hf_config_free(cfg);
    assert_int_equal(hf_config_new(HF_SERVER, &cfg), HF_OK);
    assert_int_equal(hf_config_stateless_retry(cfg, 601), HF_E_BAD_ARGUMENT);
    hf_config_free(cfg);
}

/* Data before any hello is dropped only as far as a budget goes. */
static void what_comes_before_the_hello_has_a_budget(void **state)
{
    (void)state;
    pair p;
    uint8_t record[5 + 16000] = {23, 3, 3, 16000 >> 8, 16000 & 255};
    int last = 0;
    size_t used;
    unsigned taken = 0;
    config(&p);
    pair_start(&p);
    while (last >= 0 && taken < 10) {
        assert_int_equal(hf_feed(p.server, record, sizeof(record), &used), HF_OK);
        last = hf_step(p.server);
        taken++;
    }
    assert_int_equal(last, HF_E_RECORD_TYPE);
    assert_int_equal(taken, 5);
    pair_free(&p);
}

static int make(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    hf_buf_free(&given);
    pair_pki_free(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_goes_on),
        cmocka_unit_test(nothing_is_kept_but_the_connection),
        cmocka_unit_test(a_new_connection_takes_it_up),
        cmocka_unit_test(another_server_of_the_fleet_takes_it_up),
        cmocka_unit_test(two_way_with_the_application_asked),
        cmocka_unit_test(resumption_and_early_data_go_through_it),
        cmocka_unit_test(clients_that_need_no_retry_are_served_as_ever),
        cmocka_unit_test(each_changed_byte_of_a_cookie_is_refused),
        cmocka_unit_test(a_cookie_has_its_time),
        cmocka_unit_test(a_cookie_of_other_keys_is_refused),
        cmocka_unit_test(a_reflected_cookie_is_refused),
        cmocka_unit_test(a_cookie_for_other_choices_is_refused),
        cmocka_unit_test(a_ticket_is_no_cookie_and_a_cookie_no_ticket),
        cmocka_unit_test(a_sealed_cookie_of_another_form_is_refused),
        cmocka_unit_test(a_second_hello_without_the_cookie_is_refused),
        cmocka_unit_test(setting_it_wrongly_is_told),
        cmocka_unit_test(what_comes_before_the_hello_has_a_budget),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
