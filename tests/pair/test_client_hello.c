/* test_client_hello.c: the application looks at a ClientHello and goes on, changes the config,
 * waits, or refuses; and channel bindings. */
#include "support/fail_alloc.h"
#include "support/pair.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;

/* What the callback does, and what it saw. */
typedef struct application {
    enum { GO_ON, CHANGE, REFUSE, WAIT, CHANGE_BADLY } what;
    hf_config *other;
    hf_hello *pending;
    unsigned asked;
    char host[64];
    bool h2, x25519, gcm, tls13, has_scheme, greased;
    size_t message;
    hf_conn *conn;
} application;

/* RFC 8701: 0x?a?a with the same digit twice. */
static bool grease_first(hf_bytes list)
{
    return list.n >= 2 && (list.p[0] & 15) == 10 && list.p[0] == list.p[1];
}

static void hello(void *ctx, hf_conn *conn, const hf_hello_view *v, hf_hello *h)
{
    application *a = ctx;
    a->asked++;
    a->conn = conn;
    snprintf(a->host, sizeof a->host, "%s", v->host != NULL ? v->host : "");
    a->h2 = hf_hello_offers_alpn(v, "h2");
    a->x25519 = hf_hello_has(v->groups, 0x001d);
    a->gcm = hf_hello_has(v->cipher_suites, 0x1301);
    a->tls13 = hf_hello_has(v->versions, 0x0304);
    a->has_scheme = hf_hello_has(v->schemes, 0x0403);
    a->greased =
        grease_first(v->cipher_suites) && grease_first(v->groups) && grease_first(v->versions);
    assert_int_equal(a->greased, grease_first(v->groups)); /* all or none */
    a->message = v->message.n;
    assert_int_equal(v->message.p[0], 1);
    assert_int_equal(v->random.n, 32);
    assert_false(hf_hello_offers_alpn(v, "h"));
    assert_false(hf_hello_has(v->groups, 0x1234));
    switch (a->what) {
    case GO_ON:
        assert_int_equal(hf_hello_go_on(h, NULL), HF_OK);
        break;
    case CHANGE:
        assert_int_equal(hf_hello_go_on(h, a->other), HF_OK);
        break;
    case CHANGE_BADLY: {
        hf_config *open, *client;
        assert_int_equal(hf_config_new(HF_SERVER, &open), HF_OK);
        assert_int_equal(hf_hello_go_on(h, open), HF_E_CONFIG_NOT_FROZEN);
        assert_int_equal(hf_config_new(HF_CLIENT, &client), HF_OK);
        hf_config_trust(client, pki.store);
        assert_int_equal(hf_config_freeze(client, NULL), HF_OK);
        assert_int_equal(hf_hello_go_on(h, client), HF_E_WRONG_ROLE);
        hf_config_free(open);
        hf_config_free(client);
        assert_int_equal(hf_hello_go_on(h, NULL), HF_OK);
        assert_int_equal(hf_hello_go_on(h, NULL), HF_E_WRONG_STATE);
        assert_int_equal(hf_hello_refuse(h, HF_ALERT_access_denied), HF_E_WRONG_STATE);
        break;
    }
    case REFUSE:
        assert_int_equal(hf_hello_refuse(h, HF_ALERT_unrecognized_name), HF_OK);
        break;
    case WAIT:
        a->pending = h;
        break;
    }
}

static void begin(pair *p, application *a)
{
    pair_config(p, &pki);
    hf_config_alpn(p->client_config, "h2,http/1.1");
    assert_int_equal(hf_config_client_hello(p->server_config, hello, a), HF_OK);
    pair_start(p);
}

static void the_application_sees_what_the_client_offers(void **state)
{
    (void)state;
    pair p;
    application a = {.what = GO_ON};
    begin(&p, &a);
    assert_true(pair_run(&p));
    assert_int_equal(a.asked, 1);
    assert_ptr_equal(a.conn, p.server);
    assert_string_equal(a.host, "server.test");
    assert_true(a.h2 && a.x25519 && a.gcm && a.tls13 && a.has_scheme);
    assert_true(a.message > 200);
    pair_exchange(&p, true, 100);
    pair_free(&p);
}

static void a_client_greases_unless_told_not_to(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        pair p;
        application a = {.what = GO_ON};
        pair_config(&p, &pki);
        hf_config_grease(p.client_config, on);
        assert_int_equal(hf_config_client_hello(p.server_config, hello, &a), HF_OK);
        pair_start(&p);
        assert_true(pair_run(&p));
        assert_int_equal(a.greased, on);
        pair_free(&p);
    }
}

static void the_application_is_asked_once_also_with_a_retry(void **state)
{
    (void)state;
    pair p;
    application a = {.what = GO_ON};
    pair_config(&p, &pki);
    hf_config_groups(p.server_config, "P-384");
    hf_config_client_hello(p.server_config, hello, &a);
    pair_start(&p);
    assert_true(pair_run(&p));
    assert_int_equal(a.asked, 1);
    pair_free(&p);
}

static unsigned traced;

static void count(void *ctx, const hf_conn *conn, const hf_event *e)
{
    (void)ctx;
    (void)conn;
    (void)e;
    traced++;
}

/* Another certificate, other suites, another trace: all the new config's, and the old one may go.
 */
static hf_config *another_config(uint64_t *random)
{
    static const char *const names[] = {"server.test", NULL};
    hf_config *cfg;
    hf_identity *id = pair_issue(&pki, HF_KEY_P384, names, true, PAIR_NOW - 10, PAIR_NOW + 1000);
    assert_int_equal(hf_config_new(HF_SERVER, &cfg), HF_OK);
    hf_config_add_identity(cfg, id);
    hf_config_suites(cfg, "TLS_CHACHA20_POLY1305_SHA256");
    hf_config_alpn(cfg, "http/1.1");
    hf_config_random(cfg, pair_random, random);
    hf_config_clock(cfg, pair_clock, NULL);
    hf_config_trace(cfg, &(hf_trace){count, NULL, false});
    assert_int_equal(hf_config_freeze(cfg, NULL), HF_OK);
    hf_identity_free(id);
    return cfg;
}

static void the_application_may_change_the_config(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    uint64_t random = 3;
    application a = {.what = CHANGE, .other = another_config(&random)};
    begin(&p, &a);
    hf_config_free(p.server_config); /* the connection's reference is the last */
    p.server_config = NULL;
    traced = 0;
    assert_true(pair_run(&p));
    hf_config_free(a.other); /* and here too */
    hf_conn_info(p.client, &info);
    assert_string_equal(info.suite, "TLS_CHACHA20_POLY1305_SHA256");
    assert_string_equal(info.peer_scheme, "ecdsa_secp384r1_sha384");
    assert_int_equal(info.alpn.n, 8);
    assert_true(traced > 20);
    pair_exchange(&p, true, 100);
    pair_exchange(&p, false, 100);
    pair_free(&p);
}

static void a_config_that_does_not_fit_leaves_the_question_open(void **state)
{
    (void)state;
    pair p;
    application a = {.what = CHANGE_BADLY};
    begin(&p, &a);
    assert_true(pair_run(&p));
    pair_free(&p);
}

static void the_application_may_refuse_with_an_alert_of_its_choice(void **state)
{
    (void)state;
    pair p;
    hf_error e;
    application a = {.what = REFUSE};
    begin(&p, &a);
    assert_false(pair_run(&p));
    hf_conn_error(p.server, &e);
    assert_int_equal(e.code, HF_E_HELLO_REFUSED);
    assert_true(e.alert_sent);
    assert_int_equal(e.alert, HF_ALERT_unrecognized_name);
    hf_conn_error(p.client, &e);
    assert_int_equal(e.code, HF_E_ALERT_RECEIVED);
    assert_int_equal(e.alert, HF_ALERT_unrecognized_name);
    pair_free(&p);
}

static void woken(void *ctx)
{
    atomic_store((atomic_bool *)ctx, true);
}

static void *answer_later(void *pending)
{
    assert_int_equal(hf_hello_go_on(pending, NULL), HF_OK);
    return NULL;
}

static void the_answer_may_come_later_from_another_thread(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        pair p;
        pthread_t thread;
        atomic_bool told = false;
        application a = {.what = WAIT};
        begin(&p, &a);
        hf_conn_set_notify(p.server, woken, &told);
        assert_false(pair_run(&p));
        assert_non_null(a.pending);
        assert_true((p.server_last & HF_WANT_JOB) != 0);
        assert_true((hf_step(p.server) & HF_WANT_JOB) != 0); /* and it stays so */
        assert_int_equal(pthread_create(&thread, NULL, answer_later, a.pending), 0);
        if (round % 2 == 0) /* step on while the answer comes, or after it */
            pair_run(&p);
        pthread_join(thread, NULL);
        assert_true(told);
        assert_true(pair_run(&p));
        pair_free(&p);
    }
}

static void a_connection_may_go_away_before_the_answer(void **state)
{
    (void)state;
    const long before = hf_test_live();
    for (int how = 0; how < 3; how++) {
        pair p;
        uint64_t random = 4;
        application a = {.what = WAIT, .other = another_config(&random)};
        begin(&p, &a);
        assert_false(pair_run(&p));
        hf_conn_free(p.server);
        p.server = NULL;
        if (how == 0)
            assert_int_equal(hf_hello_go_on(a.pending, NULL), HF_OK);
        else if (how == 1)
            assert_int_equal(hf_hello_go_on(a.pending, a.other), HF_OK);
        else
            assert_int_equal(hf_hello_refuse(a.pending, HF_ALERT_access_denied), HF_OK);
        hf_config_free(a.other);
        pair_free(&p);
    }
    assert_int_equal(hf_test_live(), before);
}

static void only_a_server_looks_at_hellos(void **state)
{
    (void)state;
    hf_config *cfg;
    assert_int_equal(hf_config_new(HF_CLIENT, &cfg), HF_OK);
    assert_int_equal(hf_config_client_hello(cfg, hello, NULL), HF_E_WRONG_ROLE);
    assert_int_equal(hf_config_known_names_only(cfg, true), HF_E_WRONG_ROLE);
    hf_config_free(cfg);
}

/* RFC 9266: the exporter by that label, the same on both sides, another for each connection. */
static void tls_exporter_is_the_same_on_both_sides_and_no_other_connections(void **state)
{
    (void)state;
    uint8_t last[32] = {0};
    for (int round = 0; round < 3; round++) {
        pair p;
        uint8_t ours[32], theirs[32], exported[32];
        pair_config(&p, &pki);
        p.random = (uint64_t)round + 1;
        pair_start(&p);
        assert_int_equal(hf_tls_exporter(p.client, ours), HF_E_WRONG_STATE);
        assert_true(pair_run(&p));
        assert_int_equal(hf_tls_exporter(p.client, ours), HF_OK);
        assert_int_equal(hf_tls_exporter(p.server, theirs), HF_OK);
        assert_memory_equal(ours, theirs, 32);
        assert_memory_not_equal(ours, last, 32);
        assert_int_equal(
            hf_export(p.server, "EXPORTER-Channel-Binding", (hf_bytes){NULL, 0}, exported, 32),
            HF_OK);
        assert_memory_equal(ours, exported, 32);
        memcpy(last, ours, 32);
        pair_free(&p);
    }
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
    pair_pki_free(&pki);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_application_sees_what_the_client_offers),
        cmocka_unit_test(a_client_greases_unless_told_not_to),
        cmocka_unit_test(the_application_is_asked_once_also_with_a_retry),
        cmocka_unit_test(the_application_may_change_the_config),
        cmocka_unit_test(a_config_that_does_not_fit_leaves_the_question_open),
        cmocka_unit_test(the_application_may_refuse_with_an_alert_of_its_choice),
        cmocka_unit_test(the_answer_may_come_later_from_another_thread),
        cmocka_unit_test(a_connection_may_go_away_before_the_answer),
        cmocka_unit_test(only_a_server_looks_at_hellos),
        cmocka_unit_test(tls_exporter_is_the_same_on_both_sides_and_no_other_connections),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
