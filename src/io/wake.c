/* wake.c: a stream waits in poll() for a job that another thread runs. */
#define _POSIX_C_SOURCE 200809L
#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void hf_io_wake_init(hf_io_wake *w)
{
    atomic_init(&w->state, HF_IO_WAKE_NO_PIPE);
    w->in = w->out = -1;
}

void hf_io_wake_notify(void *ctx)
{
    hf_io_wake *w = ctx;
    int state = HF_IO_WAKE_NO_PIPE;
    if (atomic_compare_exchange_strong(&w->state, &state, HF_IO_WAKE_DONE))
        return;
    /* `state` is the pipe. It has one byte in flight at most, so that this never waits. */
    while (state >= 0 && write(state, "", 1) < 0 && errno == EINTR)
        ;
}

static bool make_pipe(hf_io_wake *w)
{
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    w->in = ends[0];
    w->out = ends[1];
    return true;
}

hf_status hf_io_wake_prepare(hf_io_wake *w)
{
    if (w->in >= 0)
        return HF_OK;
    if (!make_pipe(w))
        return HF_E_SYSTEM;
    int before = HF_IO_WAKE_NO_PIPE;
    if (atomic_compare_exchange_strong(&w->state, &before, w->out))
        return HF_OK;
    atomic_store(&w->state, w->out); /* the job was first; the next one finds the pipe */
    return HF_E_WRONG_STATE;
}

void hf_io_wake_take(hf_io_wake *w)
{
    char byte;
    while (read(w->in, &byte, 1) < 0 && errno == EINTR)
        ;
}

void hf_io_wake_close(hf_io_wake *w)
{
    if (w->in >= 0) {
        close(w->in);
        close(w->out);
    }
}
