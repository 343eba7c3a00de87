/* pool.c: an executor of threads. Jobs run in order of arrival; submit never fails and never waits
 * for a job of another connection. */
#define _POSIX_C_SOURCE 200809L
#include "base/alloc.h"
#include <handfast/handfast.h>

#include <pthread.h>
#include <signal.h>

enum { THREADS_MAX = 64, QUEUE_FIRST = 64 };

struct hf_pool {
    pthread_mutex_t lock;
    pthread_cond_t more; /* a job was queued, or the pool is ending */
    hf_job **queue;      /* a ring of `room` places, a power of two */
    size_t room, head, count;
    bool ending;
    hf_executor executor;
    unsigned threads;
    pthread_t thread[];
};

static void run_and_finish(hf_job *job)
{
    hf_job_run(job);
    hf_job_finish(job);
}

/* The next job, or NULL when the pool ends and nothing is left. */
static hf_job *take(hf_pool *pool)
{
    hf_job *job = NULL;
    pthread_mutex_lock(&pool->lock);
    while (pool->count == 0 && !pool->ending)
        pthread_cond_wait(&pool->more, &pool->lock);
    if (pool->count > 0) {
        job = pool->queue[pool->head];
        pool->head = (pool->head + 1) & (pool->room - 1);
        pool->count--;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *work(void *arg)
{
    hf_job *job;
    while ((job = take(arg)) != NULL)
        run_and_finish(job);
    return NULL;
}

/* Makes the ring twice as wide. The queue needs no limit of its own: a connection has one job in
 * flight at most. */
static bool widen(hf_pool *pool)
{
    hf_job **wider = hf_alloc(pool->room * 2 * sizeof(hf_job *));
    if (wider == NULL)
        return false;
    for (size_t i = 0; i < pool->count; i++)
        wider[i] = pool->queue[(pool->head + i) & (pool->room - 1)];
    hf_free(pool->queue);
    pool->queue = wider;
    pool->room *= 2;
    pool->head = 0;
    return true;
}

static void submit(void *ctx, hf_job *job)
{
    hf_pool *pool = ctx;
    pthread_mutex_lock(&pool->lock);
    bool queued = pool->count < pool->room || widen(pool);
    if (queued) {
        pool->queue[(pool->head + pool->count) & (pool->room - 1)] = job;
        pool->count++;
        pthread_cond_signal(&pool->more);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!queued) /* no memory for the queue: the job is done all the same, here */
        run_and_finish(job);
}

/* Starts up to `threads` threads. They block every signal: the program's handlers run on the
 * program's own threads. */
static void start(hf_pool *pool, unsigned threads)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->threads < threads &&
           pthread_create(&pool->thread[pool->threads], NULL, work, pool) == 0)
        pool->threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

hf_status hf_pool_new(unsigned threads, hf_pool **out)
{
    *out = NULL;
    if (threads < 1 || threads > THREADS_MAX)
        return HF_E_BAD_ARGUMENT;
    hf_pool *pool = hf_alloc(sizeof(*pool) + threads * sizeof(pool->thread[0]));
    if (pool == NULL)
        return HF_E_OUT_OF_MEMORY;
    pool->room = QUEUE_FIRST;
    pool->queue = hf_alloc(pool->room * sizeof(hf_job *));
    if (pool->queue == NULL) {
        hf_free(pool);
        return HF_E_OUT_OF_MEMORY;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    pool->executor = (hf_executor){submit, pool};
    start(pool, threads);
    if (pool->threads < threads) {
        hf_pool_free(pool);
        return HF_E_SYSTEM;
    }
    *out = pool;
    return HF_OK;
}

const hf_executor *hf_pool_executor(hf_pool *pool)
{
    return &pool->executor;
}

void hf_pool_free(hf_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->threads; i++)
        pthread_join(pool->thread[i], NULL);
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    hf_free(pool->queue);
    hf_free(pool);
}
