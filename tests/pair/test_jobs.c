/* test_jobs.c: slow work on other threads and at other times: the handshake that comes out is the
 * same, bit for bit; jobs that fail, and connections that go away while a job is queued, runs, or
 * tells that it is done. */
#include "support/fail_alloc.h"
#include "support/pair.h"

#include "base/buf.h"
#include "base/bytes.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;

/* ---- an executor that only collects ---- */

#define MOST_JOBS 512U
static hf_job *queue[MOST_JOBS];
static size_t queued, total;

static void collect(void *ctx, hf_job *job)
{
    (void)ctx;
    assert_true(queued < MOST_JOBS);
    queue[queued++] = job;
    total++;
}

static const hf_executor collector = {collect, NULL};

static void run_at(size_t i)
{
    hf_job *job = queue[i];
    queue[i] = queue[--queued];
    hf_job_run(job);
    hf_job_finish(job);
}

static void at_once(void *ctx, hf_job *job)
{
    ++*(size_t *)ctx;
    hf_job_run(job);
    hf_job_finish(job);
}

/* ---- what goes over the wire ---- */

typedef struct wires {
    uint64_t random[2];
    hf_buf bytes[2];    /* records by the client, by the server */
    hf_buf messages[2]; /* and the messages in them */
    uint8_t exported[32];
} wires;

static void keep_messages(void *ctx, const hf_conn *conn, const hf_event *e)
{
    (void)conn;
    if (e->kind == HF_TRACE_MESSAGE && e->sent)
        assert_int_equal(hf_buf_append(ctx, e->message.bytes), HF_OK);
}

static void configure(pair *p, wires *w, const hf_executor *executor)
{
    pair_config(p, &pki);
    w->random[0] = 11;
    w->random[1] = 22;
    hf_config_random(p->client_config, pair_random, &w->random[0]);
    hf_config_random(p->server_config, pair_random, &w->random[1]);
    hf_config_groups(p->client_config, "X25519:P-256");
    hf_config_key_shares(p->client_config, 1);
    hf_config_groups(p->server_config, "P-256");
    hf_config_retry_cookie(p->server_config, true);
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_add_identity(p->client_config, pki.client);
    if (executor != NULL) {
        hf_config_executor(p->client_config, executor);
        hf_config_executor(p->server_config, executor);
    }
}

static size_t carry(hf_conn *from, hf_conn *to, hf_buf *kept)
{
    hf_bytes out = hf_out(from);
    size_t used = 0;
    if (out.n == 0)
        return 0;
    assert_int_equal(hf_feed(to, out.p, out.n, &used), HF_OK);
    assert_int_equal(hf_buf_append(kept, (hf_bytes){out.p, used}), HF_OK);
    hf_out_consumed(from, used);
    return used;
}

static void keep_what_is_said(pair *p, wires *w)
{
    hf_trace by_client = {keep_messages, &w->messages[0], false};
    hf_trace by_server = {keep_messages, &w->messages[1], false};
    hf_config_trace(p->client_config, &by_client);
    hf_config_trace(p->server_config, &by_server);
}

/* Runs a pair to its end, with a job now and then; what both sides said is in `w`. */
static void record(pair *p, wires *w)
{
    unsigned turn = 0;
    int client, server;
    size_t moved;
    do {
        client = hf_step(p->client);
        server = hf_step(p->server);
        assert_true(client >= 0 && server >= 0);
        assert_int_equal((client & HF_WANT_JOB) != 0 || (server & HF_WANT_JOB) != 0, queued != 0);
        moved = carry(p->client, p->server, &w->bytes[0]);
        moved += carry(p->server, p->client, &w->bytes[1]);
        if (queued != 0 && ++turn % 3 == 0) {
            run_at(queued - 1);
            moved++;
        }
    } while (moved != 0 || queued != 0);
    assert_true((client & HF_ESTABLISHED) != 0 && (server & HF_ESTABLISHED) != 0);
}

static void assert_same(const hf_buf *a, const hf_buf *b)
{
    assert_true(a->n != 0);
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->p, b->p, a->n);
}

/* A job that is waited for cuts the records at another place, since what is ready goes out at once;
 * the messages, and so all keys, are the same. An executor that finishes at once changes nothing.
 */
static void a_deferred_handshake_says_the_same_as_an_inline_one(void **state)
{
    size_t now = 0;
    const hf_executor immediate = {at_once, &now}, *executors[] = {NULL, &collector, &immediate};
    wires w[3];
    (void)state;
    memset(w, 0, sizeof(w));
    total = 0;
    for (int i = 0; i < 3; i++) {
        pair p;
        configure(&p, &w[i], executors[i]);
        keep_what_is_said(&p, &w[i]);
        pair_start(&p);
        record(&p, &w[i]);
        hf_export(p.client, "same", hf_bytes_of(NULL, 0), w[i].exported, 32);
        pair_exchange(&p, true, 1000);
        pair_exchange(&p, false, 1000);
        pair_free(&p);
    }
    /* twice shares, one response, one finish, two signatures made and judged, two chains */
    assert_int_equal(total, 10);
    assert_int_equal(now, 10);
    for (int side = 0; side < 2; side++) {
        assert_same(&w[0].messages[side], &w[1].messages[side]);
        assert_same(&w[0].messages[side], &w[2].messages[side]);
        assert_same(&w[0].bytes[side], &w[2].bytes[side]);
    }
    assert_memory_equal(w[0].exported, w[1].exported, 32);
    assert_memory_equal(w[0].exported, w[2].exported, 32);
    for (int i = 0; i < 3; i++) {
        for (int side = 0; side < 2; side++) {
            hf_buf_free(&w[i].bytes[side]);
            hf_buf_free(&w[i].messages[side]);
        }
    }
}

/* ---- many at once ---- */

enum { MANY = 60 };

static void jobs_of_many_connections_run_in_any_order(void **state)
{
    (void)state;
    static pair pairs[MANY];
    static wires w[MANY];
    uint64_t dice = 5;
    for (int i = 0; i < MANY; i++) {
        configure(&pairs[i], &w[i], &collector);
        pair_start(&pairs[i]);
    }
    for (int left = MANY; left != 0;) {
        left = 0;
        for (int i = 0; i < MANY; i++)
            left += !pair_run(&pairs[i]);
        /* all that wait but a few, in an order that the dice give */
        for (size_t keep = queued / 3; queued > keep;) {
            uint8_t roll;
            pair_random(&dice, &roll, 1);
            run_at(roll % queued);
        }
    }
    for (int i = 0; i < MANY; i++) {
        assert_true(pair_run(&pairs[i]));
        pair_exchange(&pairs[i], true, 100);
        pair_free(&pairs[i]);
    }
}

static void count_notify(void *ctx)
{
    atomic_fetch_add((atomic_uint *)ctx, 1);
}

static void shake_many(unsigned threads, int rounds)
{
    static pair pairs[MANY];
    static wires w[MANY];
    hf_pool *pool;
    atomic_uint notified = 0;
    assert_int_equal(hf_pool_new(threads, &pool), HF_OK);
    for (int round = 0; round < rounds; round++) {
        int left = MANY;
        for (int i = 0; i < MANY; i++) {
            configure(&pairs[i], &w[i], hf_pool_executor(pool));
            pair_start(&pairs[i]);
            hf_conn_set_notify(pairs[i].client, count_notify, &notified);
            hf_conn_set_notify(pairs[i].server, count_notify, &notified);
        }
        while (left != 0) {
            left = 0;
            for (int i = 0; i < MANY; i++) {
                left += !pair_run(&pairs[i]);
                assert_true(pairs[i].client_last >= 0 && pairs[i].server_last >= 0);
            }
            sched_yield();
        }
        for (int i = 0; i < MANY; i++) {
            pair_exchange(&pairs[i], false, 100);
            pair_free(&pairs[i]);
        }
    }
    hf_pool_free(pool);
    assert_int_equal(atomic_load(&notified), 10 * MANY * rounds);
}

static void a_pool_of_one_thread_serves_many_handshakes(void **state)
{
    (void)state;
    shake_many(1, 2);
}

static void a_pool_of_four_threads_serves_many_handshakes(void **state)
{
    (void)state;
    shake_many(4, 3);
}

/* ---- connections that go away ---- */

/* Runs the pair until `stop` jobs ran and another waits; false when there are no more. */
static bool run_until(pair *p, unsigned stop)
{
    for (;;) {
        pair_run(p);
        if (queued == 0)
            return false;
        if (stop-- == 0)
            return true;
        run_at(0);
    }
}

static void freed_at_every_job(bool run_first)
{
    unsigned stops = 0;
    for (bool more = true; more; stops++) {
        long before = hf_test_live();
        pair p;
        wires w;
        configure(&p, &w, &collector);
        pair_start(&p);
        more = run_until(&p, stops);
        for (size_t i = 0; i < queued && run_first; i++)
            hf_job_run(queue[i]); /* done, but not told yet */
        pair_free(&p);            /* the configs too: the jobs have a reference of their own */
        if (more)
            assert_true(hf_test_live() > before);
        for (size_t i = 0; i < queued; i++) {
            if (!run_first)
                hf_job_run(queue[i]);
            hf_job_finish(queue[i]);
        }
        queued = 0;
        assert_int_equal(hf_test_live(), before);
    }
    assert_int_equal(stops - 1, 10);
}

static void a_connection_may_be_freed_while_each_of_its_jobs_is_queued(void **state)
{
    (void)state;
    freed_at_every_job(false);
}

static void a_connection_may_be_freed_after_a_job_ran_and_before_it_is_told(void **state)
{
    (void)state;
    freed_at_every_job(true);
}

/* A finished job whose result nobody took. */
static void a_connection_may_be_freed_with_a_finished_job(void **state)
{
    (void)state;
    for (unsigned stops = 0; stops < 10; stops++) {
        long before = hf_test_live();
        pair p;
        wires w;
        configure(&p, &w, &collector);
        pair_start(&p);
        assert_true(run_until(&p, stops));
        while (queued != 0)
            run_at(0);
        pair_free(&p);
        assert_int_equal(hf_test_live(), before);
    }
}

/* Failing, closing and aborting while a job is out. */
static void a_connection_may_end_while_a_job_is_out(void **state)
{
    (void)state;
    for (unsigned stops = 0; stops < 10; stops++) {
        long before = hf_test_live();
        pair p;
        wires w;
        configure(&p, &w, &collector);
        pair_start(&p);
        assert_true(run_until(&p, stops));
        hf_feed_end(p.client);
        hf_feed_end(p.server);
        hf_abort(p.client, HF_ALERT_user_canceled);
        assert_int_equal(hf_step(p.client), HF_E_ABORTED);
        run_at(0);
        assert_int_equal(hf_step(p.client), HF_E_ABORTED);
        while (hf_step(p.server) >= 0 && queued != 0) /* it goes on until only input could help */
            run_at(0);
        assert_int_equal(hf_step(p.server), HF_E_TRUNCATED);
        while (queued != 0) /* the client's */
            run_at(0);
        pair_free(&p);
        assert_int_equal(hf_test_live(), before);
    }
}

/* ---- a signer of the program's own ---- */

typedef struct signer {
    hf_key *key;
    sem_t entered, go_on;
    bool blocks, fails, lies;
    atomic_int calls, released;
} signer;

static hf_status sign(void *ctx, const hf_sigscheme *scheme, hf_bytes message, uint8_t *signature,
                      size_t *n)
{
    signer *s = ctx;
    atomic_fetch_add(&s->calls, 1);
    if (s->blocks) {
        sem_post(&s->entered);
        sem_wait(&s->go_on);
    }
    if (s->fails)
        return HF_E_CRYPTO;
    hf_status status = hf_key_sign(s->key, scheme, message, signature, n);
    if (s->lies)
        signature[3] ^= 1;
    return status;
}

static void release(void *ctx)
{
    atomic_fetch_add(&((signer *)ctx)->released, 1);
}

/* Puts the server's key behind the signer. */
static void use_signer(pair *p, signer *s, const hf_executor *executor)
{
    const hf_key *key = hf_identity_key(pki.server);
    hf_signer outer = {s, sign, release};
    hf_identity *identity;
    hf_key *external;
    s->key = (hf_key *)(uintptr_t)key;
    sem_init(&s->entered, 0, 0);
    sem_init(&s->go_on, 0, 0);
    assert_int_equal(hf_key_new_external(hf_key_public(key), &outer, &external, NULL), HF_OK);
    assert_int_equal(
        hf_identity_new(hf_identity_cert(pki.server, 0)->der, external, &identity, NULL), HF_OK);
    hf_key_free(external);
    pair_config(p, &pki);
    hf_config_free(p->server_config);
    assert_int_equal(hf_config_new(HF_SERVER, &p->server_config), HF_OK);
    hf_config_add_identity(p->server_config, identity);
    hf_identity_free(identity);
    if (executor != NULL)
        hf_config_executor(p->server_config, executor);
    pair_start(p);
}

static void an_external_signer_signs(void **state)
{
    (void)state;
    pair p;
    signer s = {0};
    use_signer(&p, &s, NULL);
    assert_true(pair_run(&p));
    pair_exchange(&p, true, 100);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.released, 0);
    pair_free(&p);
    assert_int_equal(s.released, 1);
}

static void expect_internal_error(pair *p, hf_conn *victim, hf_conn *other, hf_status code)
{
    hf_error e;
    pair_run(p);
    hf_conn_error(victim, &e);
    assert_int_equal(e.code, code);
    assert_true(e.alert_sent);
    hf_conn_error(other, &e);
    assert_int_equal(e.code, HF_E_ALERT_RECEIVED);
    assert_int_equal(e.alert, HF_ALERT_internal_error);
}

static void a_signer_that_fails_ends_the_handshake_on_both_sides(void **state)
{
    (void)state;
    for (int deferred = 0; deferred <= 1; deferred++) {
        pair p;
        hf_error e;
        signer s = {.fails = true};
        use_signer(&p, &s, deferred ? &collector : NULL);
        while (pair_run(&p), queued != 0)
            run_at(0);
        expect_internal_error(&p, p.server, p.client, HF_E_SIGNING);
        hf_conn_error(p.server, &e);
        assert_string_equal(e.field, "signature");
        assert_string_equal(e.expected, "ed25519");
        assert_string_not_equal(e.got, "");
        pair_free(&p);
        assert_int_equal(s.released, 1);
    }
}

static void a_signer_that_signs_wrongly_is_noticed_by_the_peer(void **state)
{
    (void)state;
    pair p;
    hf_error e;
    signer s = {.lies = true};
    use_signer(&p, &s, NULL);
    assert_false(pair_run(&p));
    hf_conn_error(p.client, &e);
    assert_int_equal(e.code, HF_E_BAD_HANDSHAKE_SIGNATURE);
    hf_conn_error(p.server, &e);
    assert_int_equal(e.alert, HF_ALERT_decrypt_error);
    pair_free(&p);
}

static void a_connection_may_be_freed_while_its_job_runs(void **state)
{
    (void)state;
    long before = hf_test_live();
    pair p;
    hf_pool *pool;
    signer s = {.blocks = true};
    assert_int_equal(hf_pool_new(2, &pool), HF_OK);
    use_signer(&p, &s, hf_pool_executor(pool));
    while (atomic_load(&s.calls) == 0) {
        pair_run(&p);
        sched_yield();
    }
    sem_wait(&s.entered);
    assert_true((hf_step(p.server) & HF_WANT_JOB) != 0);
    pair_free(&p);
    assert_int_equal(s.released, 0); /* the job holds the config, and so the key */
    sem_post(&s.go_on);
    hf_pool_free(pool);
    assert_int_equal(s.released, 1);
    assert_int_equal(hf_test_live(), before);
}

/* ---- the notify callback ---- */

typedef struct note {
    sem_t entered;
    atomic_bool left;
} note;

static void slow_notify(void *ctx)
{
    note *n = ctx;
    sem_post(&n->entered);
    for (int i = 0; i < 2000; i++)
        sched_yield();
    atomic_store(&n->left, true);
}

/* What the callback points to may go with the connection: freeing it waits for the callback. */
static void freeing_a_connection_waits_for_its_notify_callback(void **state)
{
    (void)state;
    hf_pool *pool;
    assert_int_equal(hf_pool_new(1, &pool), HF_OK);
    for (int i = 0; i < 20; i++) {
        pair p;
        wires w;
        note n = {.left = false};
        sem_init(&n.entered, 0, 0);
        configure(&p, &w, hf_pool_executor(pool));
        pair_start(&p);
        hf_conn_set_notify(p.client, slow_notify, &n);
        hf_step(p.client); /* makes its key shares */
        sem_wait(&n.entered);
        if (i % 2 == 0)
            assert_true((hf_step(p.client) & HF_WANT_INPUT) != 0);
        hf_conn_free(p.client);
        p.client = NULL;
        assert_true(atomic_load(&n.left));
        sem_destroy(&n.entered);
        pair_free(&p);
    }
    hf_pool_free(pool);
}

/* ---- jobs that fail ---- */

typedef struct scarce {
    uint64_t state;
    atomic_long left; /* bytes */
} scarce;

static hf_status scarce_random(void *ctx, uint8_t *p, size_t n)
{
    scarce *s = ctx;
    if (atomic_fetch_sub(&s->left, (long)n) < (long)n)
        return HF_E_RANDOM;
    return pair_random(&s->state, p, n);
}

/* Randomness gives out after each number of bytes: in a job, in a hello, wherever. */
static void randomness_that_gives_out_ends_the_handshake(void **state)
{
    (void)state;
    for (int client = 0; client <= 1; client++) {
        bool failed = true;
        long n;
        for (n = 0; failed; n++) {
            pair p;
            wires w;
            hf_error e, heard;
            scarce s = {1, n};
            configure(&p, &w, n % 2 == 0 ? &collector : NULL);
            hf_config_random(client ? p.client_config : p.server_config, scarce_random, &s);
            pair_start(&p);
            while (pair_run(&p), queued != 0)
                run_at(0);
            hf_conn_error(client ? p.client : p.server, &e);
            hf_conn_error(client ? p.server : p.client, &heard);
            failed = e.code != HF_OK;
            if (failed) {
                assert_int_equal(e.code, HF_E_RANDOM);
                assert_true(e.alert_sent);
                assert_int_equal(heard.code, HF_E_ALERT_RECEIVED);
                assert_int_equal(heard.alert, HF_ALERT_internal_error);
            }
            pair_free(&p);
        }
        assert_true(n > 64);
    }
}

/* The verdict on a chain is the same, and as well explained, when it comes from elsewhere. */
static void a_bad_certificate_is_refused_the_same_by_a_deferred_job(void **state)
{
    hf_error e[2];
    (void)state;
    for (int deferred = 0; deferred <= 1; deferred++) {
        pair p;
        wires w;
        configure(&p, &w, deferred ? &collector : NULL);
        hf_config_freeze(p.client_config, NULL);
        hf_config_freeze(p.server_config, NULL);
        hf_client_new(p.client_config, "wrong.test", &p.client);
        hf_server_new(p.server_config, &p.server);
        while (pair_run(&p), queued != 0)
            run_at(0);
        hf_conn_error(p.client, &e[deferred]);
        pair_free(&p);
    }
    assert_int_equal(e[0].code, HF_E_CERT_WRONG_NAME);
    assert_int_equal(e[1].code, e[0].code);
    assert_int_equal(e[1].alert, e[0].alert);
    assert_string_equal(e[1].message, e[0].message);
    assert_string_equal(e[1].field, e[0].field);
    assert_string_equal(e[1].subject, e[0].subject);
    assert_string_equal(e[1].expected, e[0].expected);
    assert_string_equal(e[1].got, e[0].got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deferred_handshake_says_the_same_as_an_inline_one),
        cmocka_unit_test(jobs_of_many_connections_run_in_any_order),
        cmocka_unit_test(a_pool_of_one_thread_serves_many_handshakes),
        cmocka_unit_test(a_pool_of_four_threads_serves_many_handshakes),
        cmocka_unit_test(a_connection_may_be_freed_while_each_of_its_jobs_is_queued),
        cmocka_unit_test(a_connection_may_be_freed_after_a_job_ran_and_before_it_is_told),
        cmocka_unit_test(a_connection_may_be_freed_with_a_finished_job),
        cmocka_unit_test(a_connection_may_end_while_a_job_is_out),
        cmocka_unit_test(an_external_signer_signs),
        cmocka_unit_test(a_signer_that_fails_ends_the_handshake_on_both_sides),
        cmocka_unit_test(a_signer_that_signs_wrongly_is_noticed_by_the_peer),
        cmocka_unit_test(a_connection_may_be_freed_while_its_job_runs),
        cmocka_unit_test(freeing_a_connection_waits_for_its_notify_callback),
        cmocka_unit_test(randomness_that_gives_out_ends_the_handshake),
        cmocka_unit_test(a_bad_certificate_is_refused_the_same_by_a_deferred_job),
    };
    pair_pki_make(&pki, HF_KEY_ED25519);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
