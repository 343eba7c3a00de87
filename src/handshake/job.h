/* job.h: slow work as the handshake sees it. One job at a time, inside the handshake's scratch.
 *
 * A job is handed to the executor by hf_job_submit and comes back by hf_job_finish, from any
 * thread. In between, the scratch belongs to the job: the connection leaves it alone, and if the
 * connection is freed meanwhile, whoever comes last frees the scratch.
 */
#ifndef HF_HANDSHAKE_JOB_H
#define HF_HANDSHAKE_JOB_H

#include <handfast/provider.h>
#include <stdatomic.h>

enum {
    HF_JOB_IDLE,      /* none, or its result was taken */
    HF_JOB_SUBMITTED, /* the executor has it */
    HF_JOB_NOTIFYING, /* done; the connection's notify callback is running */
    HF_JOB_FINISHED,  /* the result waits for the connection */
    HF_JOB_ABANDONED, /* the connection is gone: hf_job_finish frees the scratch */
};

struct hf_job {
    hf_job_kind kind;
    atomic_int state;
    const char *name;             /* static, for the trace */
    void (*run)(hf_job *job);     /* computes; touches the scratch only; sets status */
    void (*release)(hf_job *job); /* frees the scratch the job lies in */
    hf_status status;
    void (*notify)(void *ctx);
    void *notify_ctx;
};

/* Gives the job to the executor, or runs it here when that has no submit. */
void hf_job_submit(hf_job *job, const hf_executor *executor);

/* True when the result is there to be taken. */
bool hf_job_is_finished(hf_job *job);

/* For the connection that goes away: true when the job is not in flight and the scratch can be
 * freed now; false when hf_job_finish will free it. */
bool hf_job_abandon(hf_job *job);

#endif
