/* test_pool.c: the thread pool: every job runs once and in order, whatever fails on the way.
 *
 * The pool's file is taken in whole, with stand-ins for jobs and for starting threads. */
#define _POSIX_C_SOURCE 200809L
#include "support/fail_alloc.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static int start_thread(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                        void *arg);

#define hf_job_run     stand_in_run
#define hf_job_finish  stand_in_finish
#define pthread_create start_thread
#include "io/pool.c"
#undef pthread_create

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct hf_job {
    atomic_int ran, finished;
    int order; /* of the run, from 0 */
    pthread_t ran_on;
    bool signals_blocked;
};

static atomic_int runs;
static atomic_int gate; /* jobs wait while it is not 0 */
static int threads_that_start = 1000;

static int start_thread(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                        void *arg)
{
    if (threads_that_start-- <= 0)
        return EAGAIN;
    return pthread_create(thread, attr, run, arg);
}

void stand_in_run(hf_job *job)
{
    sigset_t now;
    while (atomic_load(&gate) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    job->signals_blocked = sigismember(&now, SIGINT) == 1 && sigismember(&now, SIGALRM) == 1;
    job->ran_on = pthread_self();
    job->order = atomic_fetch_add(&runs, 1);
    atomic_fetch_add(&job->ran, 1);
}

void stand_in_finish(hf_job *job)
{
    atomic_fetch_add(&job->finished, 1);
}

static int reset(void **state)
{
    (void)state;
    atomic_store(&runs, 0);
    atomic_store(&gate, 0);
    threads_that_start = 1000;
    return 0;
}

static void submit_all(hf_pool *pool, hf_job *jobs, size_t n)
{
    const hf_executor *x = hf_pool_executor(pool);
    for (size_t i = 0; i < n; i++)
        x->submit(x->ctx, &jobs[i]);
}

static void every_job_ran_once(const hf_job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(atomic_load(&jobs[i].ran), 1);
        assert_int_equal(atomic_load(&jobs[i].finished), 1);
    }
}

static void one_thread_runs_jobs_in_order_of_arrival(void **state)
{
    (void)state;
    static hf_job jobs[1000];
    hf_pool *pool;
    memset(jobs, 0, sizeof(jobs));
    atomic_store(&gate, 1); /* so that the queue has to widen several times */
    assert_int_equal(hf_pool_new(1, &pool), HF_OK);
    submit_all(pool, jobs, 1000);
    atomic_store(&gate, 0);
    hf_pool_free(pool);
    every_job_ran_once(jobs, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(jobs[i].order, i);
}

static void many_threads_run_every_job_once(void **state)
{
    (void)state;
    static hf_job jobs[5000];
    hf_pool *pool;
    memset(jobs, 0, sizeof(jobs));
    assert_int_equal(hf_pool_new(8, &pool), HF_OK);
    submit_all(pool, jobs, 5000);
    hf_pool_free(pool);
    every_job_ran_once(jobs, 5000);
}

static void free_finishes_what_is_queued(void **state)
{
    (void)state;
    hf_job jobs[20] = {0};
    hf_pool *pool;
    assert_int_equal(hf_pool_new(2, &pool), HF_OK);
    atomic_store(&gate, 1);
    submit_all(pool, jobs, 20);
    assert_int_equal(atomic_load(&runs), 0);
    atomic_store(&gate, 0);
    hf_pool_free(pool);
    every_job_ran_once(jobs, 20);
}

static void jobs_run_on_the_pools_threads_with_signals_blocked(void **state)
{
    (void)state;
    hf_job job = {0};
    hf_pool *pool;
    assert_int_equal(hf_pool_new(1, &pool), HF_OK);
    submit_all(pool, &job, 1);
    hf_pool_free(pool);
    assert_false(pthread_equal(job.ran_on, pthread_self()));
    assert_true(job.signals_blocked);
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    assert_int_equal(sigismember(&now, SIGINT), 0); /* ... and only there */
}

static void wait_until_taken(hf_pool *pool)
{
    for (bool taken = false; !taken;) {
        pthread_mutex_lock(&pool->lock);
        taken = pool->count == 0;
        pthread_mutex_unlock(&pool->lock);
    }
}

static void *open_gate_soon(void *arg)
{
    (void)arg;
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    atomic_store(&gate, 0);
    return NULL;
}

static void a_job_runs_at_once_where_the_queue_cannot_grow(void **state)
{
    (void)state;
    static hf_job jobs[QUEUE_FIRST + 2];
    hf_pool *pool;
    pthread_t opener;
    memset(jobs, 0, sizeof(jobs));
    atomic_store(&gate, 1);
    assert_int_equal(hf_pool_new(1, &pool), HF_OK);
    submit_all(pool, jobs, 1);
    wait_until_taken(pool);                  /* the thread holds the first, at the gate */
    submit_all(pool, jobs + 1, QUEUE_FIRST); /* the queue is full */
    hf_test_fail_alloc_after(1);
    assert_int_equal(pthread_create(&opener, NULL, open_gate_soon, NULL), 0);
    submit_all(pool, jobs + 1 + QUEUE_FIRST, 1); /* and cannot grow */
    assert_true(hf_test_alloc_failed());
    hf_test_fail_alloc_after(-1);
    assert_true(pthread_equal(jobs[QUEUE_FIRST + 1].ran_on, pthread_self()));
    pthread_join(opener, NULL);
    hf_pool_free(pool);
    every_job_ran_once(jobs, QUEUE_FIRST + 2);
}

static void a_pool_has_1_to_64_threads(void **state)
{
    (void)state;
    hf_pool *pool = (hf_pool *)&runs;
    assert_int_equal(hf_pool_new(0, &pool), HF_E_BAD_ARGUMENT);
    assert_null(pool);
    assert_int_equal(hf_pool_new(65, &pool), HF_E_BAD_ARGUMENT);
    assert_null(pool);
    assert_int_equal(hf_pool_new(64, &pool), HF_OK);
    hf_pool_free(pool);
    hf_pool_free(NULL);
}

static void a_thread_that_does_not_start_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    for (int n = 0; n < 4; n++) {
        long before = hf_test_live();
        hf_pool *pool = (hf_pool *)&runs;
        threads_that_start = n;
        assert_int_equal(hf_pool_new(4, &pool), HF_E_SYSTEM);
        assert_null(pool);
        assert_int_equal(hf_test_live(), before);
    }
}

static hf_status make_and_free(void *ctx)
{
    (void)ctx;
    hf_pool *pool;
    hf_status status = hf_pool_new(2, &pool);
    if (status == HF_OK)
        hf_pool_free(pool);
    return status;
}

static void memory_that_runs_out_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(hf_test_each_alloc_fails(make_and_free, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_thread_runs_jobs_in_order_of_arrival, reset),
        cmocka_unit_test_setup(many_threads_run_every_job_once, reset),
        cmocka_unit_test_setup(free_finishes_what_is_queued, reset),
        cmocka_unit_test_setup(jobs_run_on_the_pools_threads_with_signals_blocked, reset),
        cmocka_unit_test_setup(a_job_runs_at_once_where_the_queue_cannot_grow, reset),
        cmocka_unit_test_setup(a_pool_has_1_to_64_threads, reset),
        cmocka_unit_test_setup(a_thread_that_does_not_start_is_an_error_and_leaves_nothing, reset),
        cmocka_unit_test_setup(memory_that_runs_out_is_an_error_and_leaves_nothing, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
