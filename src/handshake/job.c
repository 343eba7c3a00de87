/* job.c: the life of a job, from submit to finish, on whatever thread. */
#include "handshake/job.h"

#include <sched.h>

hf_job_kind hf_job_kind_of(const hf_job *job)
{
    return job->kind;
}

void hf_job_run(hf_job *job)
{
    job->run(job);
}

/* The notify callback runs before the job counts as finished, so that the connection, and with it
 * the callback's context, cannot be freed under it. */
void hf_job_finish(hf_job *job)
{
    int expected = HF_JOB_SUBMITTED;
    if (!atomic_compare_exchange_strong(&job->state, &expected, HF_JOB_NOTIFYING)) {
        job->release(job); /* it was abandoned */
        return;
    }
    if (job->notify != NULL)
        job->notify(job->notify_ctx);
    atomic_store(&job->state, HF_JOB_FINISHED);
}

void hf_job_submit(hf_job *job, const hf_executor *executor)
{
    atomic_store(&job->state, HF_JOB_SUBMITTED);
    if (executor->submit != NULL) {
        executor->submit(executor->ctx, job);
        return;
    }
    hf_job_run(job);
    atomic_store(&job->state, HF_JOB_FINISHED);
}

/* The notify callback is short (it wakes a loop): waiting for its end is cheaper than missing it.
 */
static int settled_state(hf_job *job)
{
    int state;
    while ((state = atomic_load(&job->state)) == HF_JOB_NOTIFYING)
        sched_yield();
    return state;
}

bool hf_job_is_finished(hf_job *job)
{
    return settled_state(job) == HF_JOB_FINISHED;
}

bool hf_job_abandon(hf_job *job)
{
    int expected = HF_JOB_SUBMITTED;
    if (atomic_compare_exchange_strong(&job->state, &expected, HF_JOB_ABANDONED))
        return false;
    settled_state(job);
    return true;
}
