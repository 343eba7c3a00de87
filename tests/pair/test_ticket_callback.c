/* test_ticket_callback.c: an application seals and opens tickets, and remembers early data, at once
 * or later: resumption goes on as with the library's own keys, and whatever the application answers
 * costs a full handshake at most. */
#include "support/fail_alloc.h"
#include "support/pair.h"
#include "support/tamper.h"

#include "base/buf.h"
#include "base/bytes.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;
static int64_t now_s;

static int64_t own_clock(void *ctx)
{
    (void)ctx;
    return now_s;
}

/* ---- a store: the ticket is a handle of 16 bytes, the state stays here ---- */

enum { MOST = 16 };

typedef struct store {
    hf_buf states[MOST];
    size_t count;
    unsigned sealed, opened, tested;
    bool later;      /* answers wait for settle() */
    bool gives_none; /* no ticket to give */
    bool knows_none; /* no ticket is known */
    bool lies;       /* what it gives back is not what it got */
    bool renews;
    bool early_full; /* no telling: early data is refused */
    hf_ticket_call *call;
    hf_early_call *early_call;
    bool is_open;  /* the call that waits is one to open */
    hf_buf answer; /* to it */
    uint8_t ids[MOST][32];
    size_t id_count;
    bool early_answer;
    uint32_t keep_s;
} store;

static void handle_of(size_t i, uint8_t handle[16])
{
    memset(handle, 0xa5, 16);
    handle[15] = (uint8_t)i;
}

static void seal(void *ctx, hf_conn *conn, hf_bytes state, hf_ticket_call *call)
{
    store *s = ctx;
    uint8_t handle[16];
    assert_ptr_equal(hf_conn_user(conn), s);
    s->sealed++;
    assert_true(s->count < MOST);
    handle_of(s->count, handle);
    hf_buf_clear(&s->answer);
    if (!s->gives_none) {
        assert_int_equal(hf_buf_append(&s->states[s->count++], state), HF_OK);
        assert_int_equal(hf_buf_append(&s->answer, (hf_bytes){handle, 16}), HF_OK);
    }
    s->call = call;
    s->is_open = false;
    if (!s->later) {
        assert_int_equal(hf_ticket_sealed(call, hf_buf_bytes(&s->answer)), HF_OK);
        assert_int_equal(hf_ticket_sealed(call, hf_buf_bytes(&s->answer)), HF_E_WRONG_STATE);
    }
}

static void open(void *ctx, hf_conn *conn, hf_bytes ticket, hf_ticket_call *call)
{
    store *s = ctx;
    uint8_t handle[16];
    assert_ptr_equal(hf_conn_user(conn), s);
    s->opened++;
    hf_buf_clear(&s->answer);
    for (size_t i = 0; i < s->count && !s->knows_none; i++) {
        handle_of(i, handle);
        if (hf_bytes_equal(ticket, (hf_bytes){handle, 16}))
            assert_int_equal(hf_buf_append(&s->answer, hf_buf_bytes(&s->states[i])), HF_OK);
    }
    if (s->lies && s->answer.n != 0)
        s->answer.p[0] ^= 1;
    s->call = call;
    s->is_open = true;
    if (!s->later)
        assert_int_equal(hf_ticket_opened(call, hf_buf_bytes(&s->answer), s->renews), HF_OK);
}

static void test_early(void *ctx, hf_conn *conn, hf_bytes id, uint32_t keep_s, hf_early_call *call)
{
    store *s = ctx;
    assert_ptr_equal(hf_conn_user(conn), s);
    assert_int_equal(id.n, 32);
    s->tested++;
    s->keep_s = keep_s;
    s->early_answer = !s->early_full;
    for (size_t i = 0; i < s->id_count; i++)
        if (memcmp(s->ids[i], id.p, 32) == 0)
            s->early_answer = false;
    memcpy(s->ids[s->id_count++], id.p, 32);
    s->early_call = call;
    if (!s->later) {
        assert_int_equal(hf_early_answer(call, s->early_answer), HF_OK);
        assert_int_equal(hf_early_answer(call, true), HF_E_WRONG_STATE);
    }
}

static bool waits(const store *s)
{
    return s->later && (s->call != NULL || s->early_call != NULL);
}

static void settle(store *s)
{
    hf_ticket_call *call = s->call;
    hf_early_call *early_call = s->early_call;
    s->call = NULL;
    s->early_call = NULL;
    if (early_call != NULL)
        assert_int_equal(hf_early_answer(early_call, s->early_answer), HF_OK);
    else if (s->is_open)
        assert_int_equal(hf_ticket_opened(call, hf_buf_bytes(&s->answer), s->renews), HF_OK);
    else
        assert_int_equal(hf_ticket_sealed(call, hf_buf_bytes(&s->answer)), HF_OK);
}

static void drop(store *s)
{
    for (size_t i = 0; i < MOST; i++)
        hf_buf_free(&s->states[i]);
    hf_buf_free(&s->answer);
}

/* ---- pairs ---- */

static hf_buf given; /* the last session that a client was given */
static unsigned given_count;

static void keep_session(void *ctx, hf_conn *conn, hf_bytes session)
{
    (void)ctx;
    (void)conn;
    given_count++;
    hf_buf_clear(&given);
    assert_int_equal(hf_buf_append(&given, session), HF_OK);
}

static void config(pair *p, store *s, uint16_t version)
{
    const hf_ticket_sealer sealer = {seal, open, s};
    now_s = PAIR_NOW;
    given_count = 0;
    hf_buf_free(&given);
    pair_config(p, &pki);
    hf_config_versions(p->client_config, version, version);
    hf_config_versions(p->server_config, version, version);
    hf_config_clock(p->client_config, own_clock, NULL);
    hf_config_clock(p->server_config, own_clock, NULL);
    hf_config_new_session(p->client_config, keep_session, NULL);
    assert_int_equal(hf_config_ticket_sealer(p->server_config, &sealer), HF_OK);
}

/* Both sides to the end, with the store answering when nothing else can go on. */
static bool run(pair *p, store *s)
{
    bool done = pair_run(p);
    while (waits(s)) {
        assert_true((p->server_last & HF_WANT_JOB) != 0);
        assert_false((p->server_last & HF_ESTABLISHED) != 0);
        settle(s);
        done = pair_run(p);
    }
    return done;
}

static void start(pair *p, store *s)
{
    pair_start(p);
    hf_conn_set_user(p->server, s);
}

static void again(pair *p, store *s)
{
    hf_conn_free(p->client);
    hf_conn_free(p->server);
    assert_int_equal(hf_client_new(p->client_config, "server.test", &p->client), HF_OK);
    assert_int_equal(hf_server_new(p->server_config, &p->server), HF_OK);
    hf_conn_set_user(p->server, s);
    assert_int_equal(hf_conn_resume(p->client, hf_buf_bytes(&given)), HF_OK);
}

static bool resumed(const hf_conn *c)
{
    hf_info info;
    hf_conn_info(c, &info);
    return info.resumed;
}

static void both_resumed(const pair *p, bool expected)
{
    assert_int_equal(resumed(p->client), expected);
    assert_int_equal(resumed(p->server), expected);
}

static const uint16_t versions[] = {HF_TLS_1_3, HF_TLS_1_2};

static void resumes(bool later)
{
    for (size_t v = 0; v < 2; v++) {
        pair p;
        store s = {.later = later};
        config(&p, &s, versions[v]);
        start(&p, &s);
        assert_true(run(&p, &s));
        unsigned first = s.sealed;
        assert_int_equal(first, versions[v] == HF_TLS_1_3 ? 2 : 1);
        pair_exchange(&p, false, 100);
        assert_int_equal(given_count, first);
        again(&p, &s);
        assert_true(run(&p, &s));
        both_resumed(&p, true);
        assert_int_equal(s.opened, 1);
        pair_exchange(&p, true, 1000);
        pair_exchange(&p, false, 1000);
        pair_free(&p);
        drop(&s);
    }
}

static void the_application_seals_and_opens(void **state)
{
    (void)state;
    resumes(false);
}

static void the_application_answers_later(void **state)
{
    (void)state;
    resumes(true);
}

/* Another server, with another config, whose application has the same store. */
static void servers_share_a_store(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        pair p, q;
        store s = {.later = true};
        config(&p, &s, versions[v]);
        start(&p, &s);
        assert_true(run(&p, &s));
        pair_exchange(&p, false, 100);
        hf_buf session = {0};
        hf_buf_append(&session, hf_buf_bytes(&given));
        config(&q, &s, versions[v]);
        start(&q, &s);
        assert_int_equal(hf_conn_resume(q.client, hf_buf_bytes(&session)), HF_OK);
        assert_true(run(&q, &s));
        both_resumed(&q, true);
        pair_free(&p);
        pair_free(&q);
        hf_buf_free(&session);
        drop(&s);
    }
}

static void a_ticket_that_the_application_does_not_know_costs_a_full_handshake(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++)
        for (int lies = 0; lies < 2; lies++) {
            pair p;
            store s = {.later = true};
            config(&p, &s, versions[v]);
            start(&p, &s);
            assert_true(run(&p, &s));
            pair_exchange(&p, false, 100);
            s.lies = lies;
            s.knows_none = !lies;
            again(&p, &s);
            assert_true(run(&p, &s));
            both_resumed(&p, false);
            assert_int_equal(s.opened, 1);
            pair_exchange(&p, true, 100);
            pair_free(&p);
            drop(&s);
        }
}

/* Six tickets, of which none is known, in place of the client's own. */
static void offer_six(hf_buf *body, void *ctx)
{
    (void)ctx;
    static uint8_t identities[6 * 22], binders[6 * 33];
    hf_reader r;
    hf_writer w;
    hf_client_hello m;
    hf_buf out = {0};
    hf_reader_init(&r, hf_buf_bytes(body), NULL);
    assert_true(hf_client_hello_parse(&r, &m));
    assert_true(hf_ext_has(&m.extensions, HF_X_PRE_SHARED_KEY));
    for (uint8_t i = 0; i < 6; i++) {
        identities[22 * i + 1] = 16;
        identities[22 * i + 2] = i;
        binders[33 * i] = 32;
    }
    m.extensions.psk_identities = (hf_bytes){identities, sizeof(identities)};
    m.extensions.psk_binders = (hf_bytes){binders, sizeof(binders)};
    hf_writer_init_buf(&w, &out);
    hf_client_hello_build(&w, &m);
    hf_buf_free(body);
    *body = out;
}

/* Each question costs the store something, before the client has proved anything. */
static void the_application_is_asked_about_four_tickets_at_most(void **state)
{
    (void)state;
    pair p;
    store s = {.later = true};
    config(&p, &s, HF_TLS_1_3);
    hf_config_grease(p.client_config, false); /* parsed structs do not keep it */
    start(&p, &s);
    assert_true(run(&p, &s));
    pair_exchange(&p, false, 100);
    again(&p, &s);
    tamper_start(p.client);
    tamper_message(HF_MSG_CLIENT_HELLO, 0, offer_six, NULL);
    assert_true(run(&p, &s));
    both_resumed(&p, false);
    assert_int_equal(s.opened, 4);
    pair_free(&p);
    drop(&s);
}

static void an_application_may_have_no_ticket_to_give(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        pair p;
        store s = {.gives_none = true};
        config(&p, &s, versions[v]);
        start(&p, &s);
        assert_true(run(&p, &s));
        pair_exchange(&p, false, 100);
        pair_exchange(&p, true, 100);
        assert_int_equal(s.sealed, 1); /* it is not asked for a second one */
        assert_int_equal(given_count, 0);
        pair_free(&p);
        drop(&s);
    }
}

static size_t long_ticket;

static void seal_long(void *ctx, hf_conn *conn, hf_bytes state, hf_ticket_call *call)
{
    static uint8_t bytes[65001];
    (void)ctx;
    (void)conn;
    (void)state;
    memset(bytes, 0x33, sizeof(bytes));
    assert_int_equal(hf_ticket_sealed(call, (hf_bytes){bytes, 65001}), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_ticket_sealed(call, (hf_bytes){bytes, long_ticket}), HF_OK);
}

/* A ticket that the next hello has no room for is not kept. */
static void long_tickets_do_no_harm(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 1000, 32768, 32769, 64000, 65000};
    for (size_t v = 0; v < 2; v++)
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            pair p;
            store s = {0};
            const hf_ticket_sealer sealer = {seal_long, open, &s};
            const hf_limits limits = {.handshake_message = 100000};
            long_ticket = lengths[i];
            config(&p, &s, versions[v]);
            hf_config_limits(p.server_config, &limits);
            assert_int_equal(hf_config_ticket_sealer(p.server_config, &sealer), HF_OK);
            start(&p, &s);
            assert_true(run(&p, &s));
            pair_exchange(&p, false, 100);
            if (given_count != 0)
                again(&p, &s);
            assert_int_equal(given_count != 0, long_ticket <= 32768);
            assert_true(run(&p, &s));
            both_resumed(&p, false);
            pair_exchange(&p, true, 100);
            pair_free(&p);
            drop(&s);
        }
}

/* TLS 1.2: without the wish the old ticket goes on; with it a new one comes, of the same end. */
static void a_ticket_is_renewed_where_the_application_wants_it(void **state)
{
    (void)state;
    for (int renews = 0; renews < 2; renews++) {
        pair p;
        hf_session_info before, after;
        store s = {.later = true, .renews = renews};
        config(&p, &s, HF_TLS_1_2);
        start(&p, &s);
        assert_true(run(&p, &s));
        assert_int_equal(hf_session_describe(hf_buf_bytes(&given), &before), HF_OK);
        again(&p, &s);
        now_s += 1000;
        assert_true(run(&p, &s));
        both_resumed(&p, true);
        assert_int_equal(s.sealed, renews ? 2 : 1);
        assert_int_equal(given_count, renews ? 2 : 1);
        assert_int_equal(hf_session_describe(hf_buf_bytes(&given), &after), HF_OK);
        assert_int_equal(after.began_s, before.began_s);
        if (renews) { /* and what was renewed can be resumed, until the first one's time is over */
            again(&p, &s);
            assert_true(run(&p, &s));
            both_resumed(&p, true);
            now_s = PAIR_NOW + 7201;
            again(&p, &s);
            assert_true(run(&p, &s));
            both_resumed(&p, false);
        }
        pair_free(&p);
        drop(&s);
    }
}

/* ---- threads, ends, memory ---- */

static atomic_uint woken;

static void wake(void *ctx)
{
    atomic_fetch_add((atomic_uint *)ctx, 1);
}

static void *settle_elsewhere(void *ctx)
{
    settle(ctx);
    return NULL;
}

static void answers_come_from_other_threads(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        pair p;
        store s = {.later = true};
        unsigned answers = 0;
        config(&p, &s, versions[v]);
        start(&p, &s);
        for (int round = 0; round < 2; round++) {
            atomic_store(&woken, 0);
            hf_conn_set_notify(p.server, wake, &woken);
            for (answers = 0; !pair_run(&p) || waits(&s); answers++) {
                pthread_t thread;
                assert_true(waits(&s));
                assert_int_equal(pthread_create(&thread, NULL, settle_elsewhere, &s), 0);
                while (atomic_load(&woken) == answers)
                    pair_run(&p);
                pthread_join(thread, NULL);
            }
            assert_true(answers > 0);
            both_resumed(&p, round == 1);
            if (round == 0) {
                pair_exchange(&p, false, 100);
                again(&p, &s);
            }
        }
        pair_free(&p);
        drop(&s);
    }
}

/* At each question of both handshakes: the answer frees what is left. */
static void a_connection_may_be_freed_while_the_application_is_asked(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++)
        for (unsigned stop = 0; stop < 3; stop++) {
            pair p;
            store s = {0};
            config(&p, &s, versions[v]);
            start(&p, &s);
            assert_true(run(&p, &s));
            pair_exchange(&p, false, 100);
            if (stop != 0)
                again(&p, &s);
            else {
                hf_conn_free(p.server);
                hf_conn_free(p.client);
                hf_client_new(p.client_config, "server.test", &p.client);
                hf_server_new(p.server_config, &p.server);
                hf_conn_set_user(p.server, &s);
            }
            s.later = true;
            s.renews = true;
            pair_run(&p);
            for (unsigned i = 1; i < stop; i++) {
                settle(&s);
                pair_run(&p);
            }
            assert_true(waits(&s));
            pair_free(&p); /* the configs too */
            settle(&s);
            drop(&s);
        }
}

static bool failing_run(uint16_t version, long n, bool *failed)
{
    pair p;
    store s = {.later = true, .renews = true};
    config(&p, &s, version);
    start(&p, &s);
    assert_true(run(&p, &s));
    pair_exchange(&p, false, 100);
    again(&p, &s);
    pair_run(&p);
    assert_true(waits(&s));
    hf_test_fail_alloc_after(n);
    settle(&s);
    *failed = hf_test_alloc_failed();
    hf_test_fail_alloc_after(0);
    bool done = run(&p, &s);
    if (!done)
        assert_int_equal(p.server_last, HF_E_OUT_OF_MEMORY);
    pair_free(&p);
    drop(&s);
    return done;
}

static void an_answer_that_finds_no_memory_ends_the_connection(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        bool failed;
        long before = hf_test_live() - (given.p != NULL);
        assert_false(failing_run(versions[v], 1, &failed));
        assert_true(failed);
        assert_true(failing_run(versions[v], 1000, &failed));
        assert_false(failed);
        hf_buf_free(&given);
        assert_int_equal(hf_test_live(), before);
    }
}

static void setting_it_wrongly_is_told(void **state)
{
    (void)state;
    hf_config *cfg;
    hf_error e;
    const hf_ticket_sealer half = {seal, NULL, NULL}, whole = {seal, open, NULL};
    assert_int_equal(hf_config_new(HF_SERVER, &cfg), HF_OK);
    assert_int_equal(hf_config_ticket_sealer(cfg, &half), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_config_freeze(cfg, &e), HF_E_BAD_ARGUMENT);
    assert_string_equal(e.field, "ticket_sealer");
    hf_config_free(cfg);
    assert_int_equal(hf_config_new(HF_CLIENT, &cfg), HF_OK);
    assert_int_equal(hf_config_ticket_sealer(cfg, &whole), HF_E_WRONG_ROLE);
    hf_config_free(cfg);
}

/* ---- early data ---- */

static void early_config(pair *p, store *s)
{
    config(p, s, HF_TLS_1_3);
    hf_config_early_data(p->client_config, 1);
    hf_config_early_data(p->server_config, 5000);
    assert_int_equal(hf_config_early_data_store(p->server_config, test_early, s), HF_OK);
}

static hf_early_data fate(const hf_conn *c)
{
    hf_info info;
    hf_conn_info(c, &info);
    return info.early_data;
}

/* Both sides, with the server reading what comes early. */
static size_t run_early(pair *p, store *s)
{
    size_t read = 0, moved;
    hf_step(p->client);
    do {
        moved = pair_move(p->client, p->server, 0);
        p->server_last = hf_step(p->server);
        while (p->server_last > 0 && (p->server_last & HF_HAVE_DATA) != 0) {
            read += hf_readable(p->server).n;
            hf_read_consumed(p->server, hf_readable(p->server).n);
            p->server_last = hf_step(p->server);
            moved++;
        }
        moved += pair_move(p->server, p->client, 0);
        p->client_last = hf_step(p->client);
        if (waits(s)) {
            settle(s);
            moved++;
        }
    } while (moved != 0);
    assert_true((p->client_last & HF_ESTABLISHED) != 0 && (p->server_last & HF_ESTABLISHED) != 0);
    return read;
}

static void offer_early(pair *p, store *s)
{
    size_t taken;
    again(p, s);
    assert_int_equal(hf_write_early(p->client, "early", 5, &taken), HF_OK);
    assert_int_equal(taken, 5);
    hf_step(p->client);
}

static void the_application_says_whether_early_data_came_before(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++)
        for (int full = 0; full < 2; full++) {
            pair p;
            store s = {.later = later, .early_full = full};
            early_config(&p, &s);
            start(&p, &s);
            assert_true(run(&p, &s));
            pair_exchange(&p, false, 100);
            assert_int_equal(s.tested, 0);
            offer_early(&p, &s);
            assert_int_equal(run_early(&p, &s), full ? 0 : 5);
            assert_int_equal(fate(p.client), full ? HF_EARLY_REJECTED : HF_EARLY_ACCEPTED);
            assert_int_equal(fate(p.server), fate(p.client));
            assert_int_equal(s.tested, 1);
            assert_int_equal(s.keep_s, 20);
            both_resumed(&p, true);
            pair_exchange(&p, true, 100);
            pair_free(&p);
            drop(&s);
        }
}

/* The flight that one server took is refused by the next one, and taken by none again. */
static void a_flight_is_taken_by_one_server_of_a_fleet(void **state)
{
    (void)state;
    pair p, q;
    hf_buf flight = {0};
    store s = {0};
    early_config(&p, &s);
    start(&p, &s);
    assert_true(run(&p, &s));
    pair_exchange(&p, false, 100);
    offer_early(&p, &s);
    hf_buf_append(&flight, hf_out(p.client));
    assert_int_equal(run_early(&p, &s), 5);
    early_config(&q, &s);
    start(&q, &s);
    for (int i = 0; i < 2; i++) {
        hf_conn *victim;
        size_t used;
        assert_int_equal(hf_server_new(i == 0 ? q.server_config : p.server_config, &victim), HF_OK);
        hf_conn_set_user(victim, &s);
        assert_int_equal(hf_feed(victim, flight.p, flight.n, &used), HF_OK);
        assert_int_equal(hf_step(victim) & HF_HAVE_DATA, 0);
        assert_true(resumed(victim));
        assert_int_equal(fate(victim), HF_EARLY_REJECTED);
        hf_conn_free(victim);
    }
    assert_int_equal(s.tested, 3);
    hf_buf_free(&flight);
    pair_free(&p);
    pair_free(&q);
    drop(&s);
}

/* What cannot be taken in any case costs the store nothing. */
static void the_application_is_asked_only_where_it_matters(void **state)
{
    (void)state;
    pair p;
    store s = {0};
    early_config(&p, &s);
    start(&p, &s);
    assert_true(run(&p, &s));
    pair_exchange(&p, false, 100);
    again(&p, &s); /* no early data */
    run_early(&p, &s);
    pair_exchange(&p, false, 100);
    offer_early(&p, &s); /* not fresh when it arrives */
    now_s += 11;
    assert_int_equal(run_early(&p, &s), 0);
    assert_int_equal(s.tested, 0);
    pair_free(&p);
    drop(&s);
}

static void a_connection_may_be_freed_while_early_data_waits(void **state)
{
    (void)state;
    pair p;
    store s = {0};
    size_t used;
    early_config(&p, &s);
    start(&p, &s);
    assert_true(run(&p, &s));
    pair_exchange(&p, false, 100);
    offer_early(&p, &s);
    hf_bytes out = hf_out(p.client);
    assert_int_equal(hf_feed(p.server, out.p, out.n, &used), HF_OK);
    s.later = true;
    hf_step(p.server);
    settle(&s); /* the ticket */
    assert_true((hf_step(p.server) & HF_WANT_JOB) != 0);
    assert_non_null(s.early_call);
    pair_free(&p);
    settle(&s);
    drop(&s);
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
        cmocka_unit_test(the_application_seals_and_opens),
        cmocka_unit_test(the_application_answers_later),
        cmocka_unit_test(servers_share_a_store),
        cmocka_unit_test(a_ticket_that_the_application_does_not_know_costs_a_full_handshake),
        cmocka_unit_test(the_application_is_asked_about_four_tickets_at_most),
        cmocka_unit_test(an_application_may_have_no_ticket_to_give),
        cmocka_unit_test(long_tickets_do_no_harm),
        cmocka_unit_test(a_ticket_is_renewed_where_the_application_wants_it),
        cmocka_unit_test(answers_come_from_other_threads),
        cmocka_unit_test(a_connection_may_be_freed_while_the_application_is_asked),
        cmocka_unit_test(an_answer_that_finds_no_memory_ends_the_connection),
        cmocka_unit_test(setting_it_wrongly_is_told),
        cmocka_unit_test(the_application_says_whether_early_data_came_before),
        cmocka_unit_test(a_flight_is_taken_by_one_server_of_a_fleet),
        cmocka_unit_test(the_application_is_asked_only_where_it_matters),
        cmocka_unit_test(a_connection_may_be_freed_while_early_data_waits),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
