/* test_psk.c: pre-shared keys from outside TLS, plain and imported, both roles: with and without
 * certificates, from a set and from an application that answers later, over HelloRetryRequest, with
 * tickets and early data. test_bad_psk.c has what a peer may get wrong. */
#include "support/pair.h"
#include "support/psk.h"

#include "base/buf.h"
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;

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

static void expect_psk(const pair *p, hf_bytes identity)
{
    const hf_conn *ends[2] = {p->client, p->server};
    for (int i = 0; i < 2; i++) {
        hf_info info;
        hf_conn_info(ends[i], &info);
        assert_true(info.psk && info.peer_authenticated && !info.insecure);
        assert_int_equal(info.version, HF_TLS_1_3);
        assert_null(info.own_identity);
        if (!hf_bytes_equal(info.psk_identity, identity))
            fail_msg("another identity, of %zu bytes", info.psk_identity.n);
    }
}

static void run_and_expect(pair *p, hf_bytes identity)
{
    if (!pair_run(p)) {
        hf_error e;
        char text[1024];
        hf_conn_error(p->client_last < 0 ? p->client : p->server, &e);
        hf_error_format(&e, text, sizeof(text));
        fail_msg("%s", text);
    }
    expect_psk(p, identity);
    pair_exchange(p, true, 1000);
    pair_exchange(p, false, 1000);
}

/* ---- without certificates ---- */

static void two_ends_with_one_key_need_no_certificates(void **state)
{
    (void)state;
    for (uint16_t hash = 0; hash <= HF_PSK_SHA384; hash++)
        for (int imported = 0; imported < 2; imported++) {
            pair p;
            hf_psk psk = psk_sample(0);
            psk.hash = hash;
            psk.imported = imported != 0;
            if (psk.imported)
                psk.context = hf_bytes_text("context");
            psk_config(&p);
            hf_config_add_psk(p.client_config, &psk);
            hf_config_add_psk(p.server_config, &psk);
            pair_start(&p);
            run_and_expect(&p, psk.identity);
            pair_free(&p);
        }
}

/* The hash of a key that is not imported decides about the suite; an imported one goes with any. */
static void the_hash_of_a_key_goes_with_the_suite(void **state)
{
    (void)state;
    static const uint16_t plain[] = {0x1301, 0x1302}, imported[] = {0x1302, 0x1302};
    for (uint16_t hash = HF_PSK_SHA256; hash <= HF_PSK_SHA384; hash++)
        for (int i = 0; i < 2; i++) {
            pair p;
            hf_info info;
            hf_psk psk = psk_sample(0);
            psk.hash = hash;
            psk.imported = i != 0;
            psk_config(&p);
            hf_config_suites(p.server_config,
                             hash == HF_PSK_SHA256 || i != 0
                                 ? "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"
                                 : "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
            hf_config_add_psk(p.client_config, &psk);
            hf_config_add_psk(p.server_config, &psk);
            pair_start(&p);
            run_and_expect(&p, psk.identity);
            hf_conn_info(p.client, &info);
            assert_int_equal(info.suite_id, i != 0 ? imported[hash - 1] : plain[hash - 1]);
            pair_free(&p);
        }
}

/* What two names import works in one direction alone. */
static void names_make_a_key_of_one_direction(void **state)
{
    (void)state;
    pair p;
    hf_psk psk = psk_sample(0);
    psk.client_name = "alice";
    psk.server_name = "bob";
    psk_config(&p);
    hf_config_add_psk(p.client_config, &psk);
    hf_config_add_psk(p.server_config, &psk);
    pair_start(&p);
    run_and_expect(&p, psk.identity);
    pair_free(&p);
}

static void a_hello_retry_keeps_the_keys_that_fit(void **state)
{
    (void)state;
    for (int stateless = 0; stateless < 2; stateless++) {
        pair p;
        hf_psk psk = psk_sample(0), other = psk_sample(1);
        psk.imported = other.imported = true;
        psk_config(&p);
        hf_config_key_shares(p.client_config, 1);
        hf_config_groups(p.client_config, "X25519:P-256");
        hf_config_groups(p.server_config, "P-256");
        hf_config_suites(p.server_config, "TLS_AES_256_GCM_SHA384");
        if (stateless != 0)
            hf_config_stateless_retry(p.server_config, 30);
        hf_config_add_psk(p.client_config, &other);
        hf_config_add_psk(p.client_config, &psk);
        hf_config_add_psk(p.server_config, &psk);
        pair_start(&p);
        run_and_expect(&p, psk.identity);
        pair_free(&p);
    }
}

static void a_server_takes_the_first_of_its_own(void **state)
{
    (void)state;
    pair p;
    psk_config(&p);
    for (unsigned i = 0; i < 8; i++) {
        hf_psk psk = psk_sample(i);
        assert_int_equal(hf_config_add_psk(p.client_config, &psk), HF_OK);
    }
    for (unsigned i = 20; i > 2; i--) {
        hf_psk psk = psk_sample(i);
        assert_int_equal(hf_config_add_psk(p.server_config, &psk), HF_OK);
    }
    pair_start(&p);
    run_and_expect(&p, psk_sample(7).identity);
    pair_free(&p);
}

/* ---- beside certificates ---- */

static void a_server_with_both_falls_back_to_its_certificate(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    hf_psk mine = psk_sample(0), theirs = psk_sample(1);
    pair_config(&p, &pki);
    hf_config_add_psk(p.client_config, &mine);
    hf_config_add_psk(p.server_config, &theirs);
    pair_start(&p);
    assert_true(pair_run(&p));
    hf_conn_info(p.client, &info);
    assert_true(!info.psk && info.peer_authenticated);
    assert_int_equal(info.psk_identity.n, 0);
    hf_conn_info(p.server, &info);
    assert_non_null(info.own_identity);
    pair_free(&p);
}

static void a_server_with_both_prefers_the_key(void **state)
{
    (void)state;
    pair p;
    hf_psk psk = psk_sample(0);
    pair_config(&p, &pki);
    hf_config_client_auth(p.server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_trust(p.server_config, pki.store);
    hf_config_add_psk(p.client_config, &psk);
    hf_config_add_psk(p.server_config, &psk);
    pair_start(&p);
    run_and_expect(&p, psk.identity);
    pair_free(&p);
}

/* ---- an application that is asked ---- */

typedef struct keeper {
    unsigned asked;
    bool later, imported;
    hf_psk_call *call;
    hf_psk known;
} keeper;

static void answer(const keeper *k, hf_psk_call *call, const hf_psk_question *q)
{
    hf_bytes whose = k->imported ? q->external_identity : q->identity;
    bool known = whose.p != NULL && hf_bytes_equal(whose, k->known.identity);
    hf_psk wrong = k->known, short_key = k->known;
    wrong.identity = hf_bytes_text("nobody");
    short_key.key.n = 15;
    if (known) {
        assert_int_equal(hf_psk_found(call, &wrong), HF_E_BAD_ARGUMENT);
        assert_int_equal(hf_psk_found(call, &short_key), HF_E_BAD_ARGUMENT);
    }
    assert_int_equal(hf_psk_found(call, known ? &k->known : NULL), HF_OK);
}

static void find(void *ctx, hf_conn *conn, const hf_psk_question *q, hf_psk_call *call)
{
    keeper *k = ctx;
    assert_ptr_equal(hf_conn_user(conn), k);
    k->asked++;
    k->call = call;
    if (!k->later)
        answer(k, call, q);
}

static void start_asking(pair *p, keeper *k)
{
    psk_config(p);
    hf_config_psk_lookup(p->server_config, find, k);
    for (unsigned i = 0; i < 2; i++) {
        hf_psk psk = psk_sample(i);
        psk.imported = k->imported;
        hf_config_add_psk(p->client_config, &psk);
    }
    k->known = psk_sample(1);
    k->known.imported = k->imported;
    pair_start(p);
    hf_conn_set_user(p->server, k);
}

static void an_application_finds_the_key(void **state)
{
    (void)state;
    for (int imported = 0; imported < 2; imported++) {
        pair p;
        keeper k = {.imported = imported != 0};
        start_asking(&p, &k);
        run_and_expect(&p, psk_sample(1).identity);
        assert_int_equal(k.asked, imported != 0 ? 3 : 2);
        pair_free(&p);
    }
}

static void an_application_may_answer_later(void **state)
{
    (void)state;
    pair p;
    keeper k = {.later = true};
    start_asking(&p, &k);
    assert_false(pair_run(&p));
    assert_true((p.server_last & HF_WANT_JOB) != 0);
    assert_int_equal(hf_psk_found(k.call, NULL), HF_OK);
    assert_false(pair_run(&p));
    assert_int_equal(k.asked, 2);
    assert_int_equal(hf_psk_found(k.call, &k.known), HF_OK);
    run_and_expect(&p, psk_sample(1).identity);
    pair_free(&p);
}

static void an_answer_may_come_after_the_connection_is_gone(void **state)
{
    (void)state;
    pair p;
    keeper k = {.later = true};
    start_asking(&p, &k);
    assert_false(pair_run(&p));
    hf_conn_free(p.server);
    k.known = psk_sample(0);
    assert_int_equal(hf_psk_found(k.call, &k.known), HF_OK);
    assert_int_equal(hf_server_new(p.server_config, &p.server), HF_OK);
    pair_free(&p);
}

static void an_application_is_asked_four_times_at_most(void **state)
{
    (void)state;
    pair p;
    keeper k = {0};
    psk_config(&p);
    hf_config_psk_lookup(p.server_config, find, &k);
    for (unsigned i = 0; i < 8; i++) {
        hf_psk psk = psk_sample(i);
        hf_config_add_psk(p.client_config, &psk);
    }
    k.known = psk_sample(4);
    pair_start(&p);
    hf_conn_set_user(p.server, &k);
    assert_false(pair_run(&p));
    assert_int_equal(k.asked, 4);
    pair_free(&p);
}

/* ---- psk_ke ---- */

static void both_must_agree_to_go_without_a_key_agreement(void **state)
{
    (void)state;
    for (int server = 0; server < 2; server++) {
        pair p;
        hf_info info;
        hf_psk psk = psk_sample(0);
        psk_config(&p);
        hf_config_insecure_psk_ke(p.client_config);
        if (server != 0)
            hf_config_insecure_psk_ke(p.server_config);
        hf_config_add_psk(p.client_config, &psk);
        hf_config_add_psk(p.server_config, &psk);
        pair_start(&p);
        run_and_expect(&p, psk.identity);
        hf_conn_info(p.client, &info);
        assert_non_null(info.group); /* psk_dhe_ke comes first */
        pair_free(&p);
    }
}

static void two_ends_without_a_common_group_may_go_without_one(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    hf_psk psk = psk_sample(0);
    psk_config(&p);
    hf_config_insecure_psk_ke(p.client_config);
    hf_config_insecure_psk_ke(p.server_config);
    hf_config_groups(p.client_config, "X25519");
    hf_config_groups(p.server_config, "P-256");
    hf_config_add_psk(p.client_config, &psk);
    hf_config_add_psk(p.server_config, &psk);
    pair_start(&p);
    run_and_expect(&p, psk.identity);
    hf_conn_info(p.client, &info);
    assert_null(info.group);
    pair_free(&p);
}

/* ---- tickets ---- */

static hf_buf session;

static void keep_session(void *ctx, hf_conn *conn, hf_bytes bytes)
{
    (void)ctx;
    (void)conn;
    hf_buf_clear(&session);
    assert_int_equal(hf_buf_append(&session, bytes), HF_OK);
}

static void again(pair *p)
{
    hf_conn_free(p->client);
    hf_conn_free(p->server);
    assert_int_equal(hf_client_new(p->client_config, "server.test", &p->client), HF_OK);
    assert_int_equal(hf_server_new(p->server_config, &p->server), HF_OK);
    assert_int_equal(hf_conn_resume(p->client, hf_buf_bytes(&session)), HF_OK);
}

static void start_with_tickets(pair *p, const pair_pki *of, const hf_psk *psk)
{
    if (of != NULL)
        pair_config(p, of);
    else
        psk_config(p);
    hf_config_new_session(p->client_config, keep_session, NULL);
    hf_config_add_psk(p->client_config, psk);
    hf_config_add_psk(p->server_config, psk);
    pair_start(p);
}

static void a_ticket_goes_on_for_the_key(void **state)
{
    (void)state;
    for (int certificates = 0; certificates < 2; certificates++) {
        pair p;
        hf_info info;
        hf_psk psk = psk_sample(0);
        start_with_tickets(&p, certificates != 0 ? &pki : NULL, &psk);
        run_and_expect(&p, psk.identity);
        again(&p);
        run_and_expect(&p, psk.identity);
        hf_conn_info(p.server, &info);
        assert_true(info.resumed);
        pair_free(&p);
        hf_buf_free(&session);
    }
}

/* The ticket of a key that was taken away since is worth nothing: neither end goes on with it. */
static void a_ticket_goes_with_its_key(void **state)
{
    (void)state;
    pair p, q;
    hf_info info;
    hf_ticket_keys *keys;
    hf_psk old = psk_sample(0), new = psk_sample(0);
    new.key = psk_sample(1).key;
    assert_int_equal(hf_ticket_keys_new(NULL, 0, &keys), HF_OK);
    psk_config(&p);
    hf_config_new_session(p.client_config, keep_session, NULL);
    hf_config_ticket_keys(p.server_config, keys);
    hf_config_add_psk(p.client_config, &old);
    hf_config_add_psk(p.server_config, &old);
    pair_start(&p);
    run_and_expect(&p, old.identity);

    psk_config(&q);
    hf_config_ticket_keys(q.server_config, keys);
    hf_config_add_psk(q.client_config, &new);
    hf_config_add_psk(q.server_config, &new);
    pair_start(&q);
    assert_int_equal(hf_conn_resume(q.client, hf_buf_bytes(&session)), HF_OK);
    run_and_expect(&q, new.identity);
    hf_conn_info(q.client, &info);
    assert_false(info.resumed);
    hf_conn_free(q.client); /* the client has the old key still: its ticket alone would do */
    hf_conn_free(q.server);
    assert_int_equal(hf_client_new(p.client_config, "server.test", &q.client), HF_OK);
    assert_int_equal(hf_server_new(q.server_config, &q.server), HF_OK);
    assert_int_equal(hf_conn_resume(q.client, hf_buf_bytes(&session)), HF_OK);
    assert_false(pair_run(&q));
    hf_ticket_keys_free(keys);
    pair_free(&q);
    pair_free(&p);
    hf_buf_free(&session);
}

/* ---- early data ---- */

static hf_early_data early_with(const hf_psk *client, const hf_psk *server, size_t *taken)
{
    pair p;
    hf_info info;
    psk_config(&p);
    hf_config_early_data(p.client_config, 1000);
    hf_config_early_data(p.server_config, 1000);
    hf_config_alpn(p.client_config, "h2,http/1.1");
    hf_config_alpn(p.server_config, "http/1.1");
    hf_config_add_psk(p.client_config, client);
    hf_config_add_psk(p.server_config, server);
    pair_start(&p);
    assert_int_equal(hf_write_early(p.client, "hello", 5, taken), HF_OK);
    pair_run(&p); /* as far as early data lets it */
    if (*taken != 0 && hf_readable(p.server).n != 0) {
        hf_bytes early = hf_readable(p.server);
        assert_int_equal(early.n, 5);
        assert_memory_equal(early.p, "hello", 5);
        hf_read_consumed(p.server, 5);
    }
    if (!pair_run(&p)) {
        hf_error e, f;
        hf_conn_error(p.server, &e);
        hf_conn_error(p.client, &f);
        fail_msg("%s, %s; %d %d", hf_error_name(e.code), hf_error_name(f.code), p.client_last,
                 p.server_last);
    }
    hf_conn_info(p.client, &info);
    pair_free(&p);
    return info.early_data;
}

static void early_data_goes_with_a_key_that_allows_it_alone(void **state)
{
    (void)state;
    size_t taken;
    hf_psk plain = psk_sample(0), early = plain, other = plain, imported;
    early.insecure_early_data = 100;
    early.early_alpn = "http/1.1";
    other.insecure_early_data = 100;
    other.early_alpn = "h2";
    imported = early;
    imported.imported = true;
    imported.early_suite = 0x1302;
    assert_int_equal(early_with(&plain, &early, &taken), HF_EARLY_NONE);
    assert_int_equal(taken, 0);
    assert_int_equal(early_with(&early, &plain, &taken), HF_EARLY_REJECTED);
    assert_int_equal(taken, 5);
    assert_int_equal(early_with(&early, &other, &taken), HF_EARLY_REJECTED);
    assert_int_equal(early_with(&early, &early, &taken), HF_EARLY_ACCEPTED);
    assert_int_equal(taken, 5);
    assert_int_equal(early_with(&imported, &imported, &taken),
                     HF_EARLY_REJECTED); /* the server prefers another suite */
    imported.early_suite = 0x1301;
    assert_int_equal(early_with(&imported, &imported, &taken), HF_EARLY_ACCEPTED);
}

/* ---- configs ---- */

static hf_status add_to(hf_role role, const hf_psk *psk)
{
    hf_config *cfg;
    hf_error e;
    assert_int_equal(hf_config_new(role, &cfg), HF_OK);
    hf_status s = hf_config_add_psk(cfg, psk);
    assert_int_equal(hf_config_freeze(cfg, &e), s);
    if (s != HF_OK)
        assert_true(e.field != NULL && e.expected[0] != '\0' && e.got[0] != '\0');
    hf_config_free(cfg);
    return s;
}

static void keys_out_of_bounds_are_refused(void **state)
{
    (void)state;
    static uint8_t many[1025];
    static char name[257];
    memset(name, 'a', 256);
    const hf_psk good = psk_sample(0);
    hf_psk bad[14];
    for (size_t i = 0; i < 14; i++)
        bad[i] = good;
    bad[0].key.n = 15;
    bad[1].key.n = 0;
    bad[2].key = (hf_bytes){many, sizeof(many)};
    bad[3].identity.n = 0;
    bad[4].identity = (hf_bytes){many, sizeof(many)};
    bad[5].hash = 3;
    bad[6].context = hf_bytes_text("no importer");
    bad[7].imported = true;
    bad[7].context = (hf_bytes){many, sizeof(many)};
    bad[8].client_name = "alice";
    bad[9].client_name = bad[9].server_name = "alice";
    bad[10].client_name = name;
    bad[10].server_name = "bob";
    bad[11].client_name = "alice";
    bad[11].server_name = "bob";
    bad[11].context = hf_bytes_text("beside names");
    bad[12].early_suite = 0x1302; /* a SHA-256 key */
    bad[13].early_alpn = name;
    for (int role = HF_CLIENT; role <= HF_SERVER; role++) {
        assert_int_equal(add_to((hf_role)role, &good), HF_OK);
        for (size_t i = 0; i < 14; i++)
            if (add_to((hf_role)role, &bad[i]) != HF_E_BAD_ARGUMENT)
                fail_msg("number %zu was taken", i);
    }
}

static void an_identity_is_added_once(void **state)
{
    (void)state;
    hf_config *cfg;
    hf_psk psk = psk_sample(0);
    for (int own = 0; own < 2; own++) {
        assert_int_equal(hf_config_new(HF_SERVER, &cfg), HF_OK);
        assert_int_equal(hf_config_add_psk(cfg, &psk), HF_OK);
        assert_int_equal(own != 0 ? hf_config_own_psk(cfg, &psk) : hf_config_add_psk(cfg, &psk),
                         HF_E_BAD_ARGUMENT);
        hf_config_free(cfg);
    }
    assert_int_equal(hf_config_new(HF_CLIENT, &cfg), HF_OK);
    assert_int_equal(hf_config_own_psk(cfg, &psk), HF_E_WRONG_ROLE);
    assert_int_equal(hf_config_psk_lookup(cfg, find, NULL), HF_E_WRONG_ROLE);
    hf_config_free(cfg);
    assert_int_equal(hf_config_new(HF_CLIENT, &cfg), HF_OK);
    for (unsigned i = 0; i < 9; i++) {
        psk = psk_sample(i);
        assert_int_equal(hf_config_add_psk(cfg, &psk), i < 8 ? HF_OK : HF_E_BAD_ARGUMENT);
    }
    hf_config_free(cfg);
}

static void keys_are_of_no_use_to_tls_1_2(void **state)
{
    (void)state;
    hf_config *cfg;
    hf_psk psk = psk_sample(0);
    for (int role = HF_CLIENT; role <= HF_SERVER; role++) {
        assert_int_equal(hf_config_new((hf_role)role, &cfg), HF_OK);
        assert_int_equal(hf_config_add_psk(cfg, &psk), HF_OK);
        hf_config_versions(cfg, HF_TLS_1_2, HF_TLS_1_2);
        assert_int_equal(hf_config_freeze(cfg, NULL),
                         role == HF_CLIENT ? HF_E_NO_TRUST : HF_E_NO_IDENTITY);
        hf_config_free(cfg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ends_with_one_key_need_no_certificates),
        cmocka_unit_test(the_hash_of_a_key_goes_with_the_suite),
        cmocka_unit_test(names_make_a_key_of_one_direction),
        cmocka_unit_test(a_hello_retry_keeps_the_keys_that_fit),
        cmocka_unit_test(a_server_takes_the_first_of_its_own),
        cmocka_unit_test(a_server_with_both_falls_back_to_its_certificate),
        cmocka_unit_test(a_server_with_both_prefers_the_key),
        cmocka_unit_test(an_application_finds_the_key),
        cmocka_unit_test(an_application_may_answer_later),
        cmocka_unit_test(an_answer_may_come_after_the_connection_is_gone),
        cmocka_unit_test(an_application_is_asked_four_times_at_most),
        cmocka_unit_test(both_must_agree_to_go_without_a_key_agreement),
        cmocka_unit_test(two_ends_without_a_common_group_may_go_without_one),
        cmocka_unit_test(a_ticket_goes_on_for_the_key),
        cmocka_unit_test(a_ticket_goes_with_its_key),
        cmocka_unit_test(early_data_goes_with_a_key_that_allows_it_alone),
        cmocka_unit_test(keys_out_of_bounds_are_refused),
        cmocka_unit_test(an_identity_is_added_once),
        cmocka_unit_test(keys_are_of_no_use_to_tls_1_2),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
