/* stream.h: how a stream waits for a job that another thread runs. */
#ifndef HF_IO_STREAM_H
#define HF_IO_STREAM_H

#include <handfast/handfast.h>
#include <stdatomic.h>

/* A pipe that a finished job writes one byte into. It is made when the first job is waited for:
 * streams whose jobs run inside hf_step never have one.
 *
 * Every HF_WANT_JOB is answered by exactly one call of notify. `state` settles who comes first: the
 * one who makes the pipe, or the job that is done before there is one. Either way the job's thread
 * touches nothing here after what the stream waits for. */
typedef struct hf_io_wake {
    atomic_int state; /* HF_IO_WAKE_..., or the pipe's end to write into */
    int in, out;      /* -1 while there is no pipe */
} hf_io_wake;

enum { HF_IO_WAKE_NO_PIPE = -1, HF_IO_WAKE_DONE = -2 };

void hf_io_wake_init(hf_io_wake *w);

/* For hf_conn_set_notify; `ctx` is the hf_io_wake. Any thread. */
void hf_io_wake_notify(void *ctx);

/* Sees to it that `in` can be polled. HF_E_WRONG_STATE when the job is done already, HF_E_SYSTEM.
 */
hf_status hf_io_wake_prepare(hf_io_wake *w);

/* Takes the byte, after poll said that it is there. */
void hf_io_wake_take(hf_io_wake *w);

void hf_io_wake_close(hf_io_wake *w);

#endif
