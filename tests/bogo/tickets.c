/* tickets.c: tickets in the shim's own hands, as -use-ticket-callback asks: a ticket is a handle of
 * 16 bytes, and what it stands for stays here. With -async the answer comes when the connection
 * has been seen waiting for it. */
#include "shim.h"

#include <string.h>

#define HANDLE 16U

static void write_handle(uint8_t handle[HANDLE], size_t i)
{
    memset(handle, 0x5a, HANDLE);
    handle[0] = (uint8_t)i;
}

void shim_tickets_answer(shim_link *l)
{
    hf_ticket_call *call = l->ticket_call;
    l->ticket_call = NULL;
    if (call == NULL)
        return;
    if (l->ticket_opens)
        hf_ticket_opened(call, l->ticket_answer, l->options->renew_ticket);
    else
        hf_ticket_sealed(call, l->ticket_answer);
}

static void answer(shim_link *l, hf_ticket_call *call, bool opens, hf_bytes bytes)
{
    l->ticket_call = call;
    l->ticket_opens = opens;
    l->ticket_answer = bytes;
    if (!l->options->async)
        shim_tickets_answer(l);
}

static void seal(void *ctx, hf_conn *conn, hf_bytes state, hf_ticket_call *call)
{
    static uint8_t handle[HANDLE];
    shim_link *l = ctx;
    shim_memory *m = l->memory;
    (void)conn;
    shim_ticket *t = m->ticket_count < SHIM_TICKETS_MAX ? &m->tickets[m->ticket_count] : NULL;
    if (l->options->skip_ticket || t == NULL || state.n > sizeof(t->state)) {
        answer(l, call, false, (hf_bytes){NULL, 0});
        return;
    }
    memcpy(t->state, state.p, state.n);
    t->n = state.n;
    write_handle(handle, m->ticket_count++);
    answer(l, call, false, (hf_bytes){handle, HANDLE});
}

static void open(void *ctx, hf_conn *conn, hf_bytes ticket, hf_ticket_call *call)
{
    shim_link *l = ctx;
    hf_bytes state = {NULL, 0};
    (void)conn;
    for (size_t i = 0; i < l->memory->ticket_count; i++) {
        uint8_t handle[HANDLE];
        write_handle(handle, i);
        if (ticket.n == HANDLE && memcmp(ticket.p, handle, HANDLE) == 0)
            state = (hf_bytes){l->memory->tickets[i].state, l->memory->tickets[i].n};
    }
    answer(l, call, true, state);
}

void shim_tickets_set(shim_link *l)
{
    const hf_ticket_sealer sealer = {seal, open, l};
    hf_config_ticket_sealer(l->cfg, &sealer);
}
