/* keeper.c: tickets sealed and opened, by the config's keys or by the application, and the
 * application's word on early data.
 *
 * A question to the application is a job that nobody runs, as in ask.c: its answer, now or later
 * and on any thread, is the job's end. The answer touches its call alone, which lies in the
 * scratch: until it is there the scratch is the job's. */
#include "handshake/handshake.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "session/replay.h"
#include "session/ticket.h"

#define TICKET_MOST 65000U /* bytes: it travels in an extension with others */

bool hf_config_has_tickets(const hf_config *cfg)
{
    return cfg->ticket_keys != NULL || cfg->sealer.seal != NULL;
}

static void run_nothing(hf_job *job)
{
    job->status = HF_OK;
}

static hf_status ask(hf_handshake *hs, const char *what, void (*submit)(void *ctx, hf_job *job))
{
    hf_hs_job(hs, HF_JOB_ASK, what, run_nothing);
    hs->executor = (hf_executor){submit, hs};
    return HF_OK;
}

/* ---- tickets ---- */

static hf_handshake *ticket_handshake(hf_ticket_call *call)
{
    return (hf_handshake *)(void *)((char *)call - offsetof(hf_handshake, ticket));
}

static void submit_seal(void *ctx, hf_job *job)
{
    (void)job;
    hf_handshake *hs = ctx;
    const hf_ticket_sealer *sealer = &hs->cfg->sealer;
    sealer->seal(sealer->ctx, hs->conn, hf_buf_bytes(&hs->ticket.state), &hs->ticket);
}

static void submit_open(void *ctx, hf_job *job)
{
    (void)job;
    hf_handshake *hs = ctx;
    const hf_ticket_sealer *sealer = &hs->cfg->sealer;
    sealer->open(sealer->ctx, hs->conn, hs->ticket.shown, &hs->ticket);
}

static int64_t now_s(const hf_config *cfg)
{
    return cfg->provider.now_s(cfg->provider.ctx);
}

hf_status hf_hs_seal(hf_handshake *hs)
{
    const hf_config *cfg = hs->cfg;
    hf_buf_clear(&hs->ticket.bytes);
    atomic_store(&hs->ticket.answered, false);
    if (cfg->sealer.seal != NULL)
        return ask(hs, "ask the application to seal a ticket", submit_seal);
    hs->ticket.status = hf_ticket_seal(cfg->ticket_keys, &cfg->provider, now_s(cfg),
                                       hf_buf_bytes(&hs->ticket.state), &hs->ticket.bytes);
    return HF_OK;
}

hf_status hf_hs_open(hf_handshake *hs, hf_bytes ticket)
{
    const hf_config *cfg = hs->cfg;
    hf_buf_clear(&hs->ticket.state);
    hs->ticket.renew = false;
    hs->ticket.shown = ticket;
    atomic_store(&hs->ticket.answered, false);
    if (cfg->sealer.seal != NULL)
        return ask(hs, "ask the application to open a ticket", submit_open);
    hf_status s =
        hf_ticket_open(cfg->ticket_keys, &cfg->provider, now_s(cfg), ticket, &hs->ticket.state);
    hs->ticket.status = s == HF_E_OUT_OF_MEMORY ? s : HF_OK;
    return HF_OK;
}

/* The job's end may free the scratch, and the call with it: it comes last. */
static hf_status answer_ticket(hf_ticket_call *call, hf_buf *out, hf_bytes bytes, bool renew)
{
    if (atomic_exchange(&call->answered, true))
        return HF_E_WRONG_STATE;
    call->status = hf_buf_append(out, bytes);
    call->renew = renew;
    hf_job_finish(&ticket_handshake(call)->job);
    return HF_OK;
}

hf_status hf_ticket_sealed(hf_ticket_call *call, hf_bytes ticket)
{
    if (ticket.n > TICKET_MOST)
        return HF_E_BAD_ARGUMENT;
    return answer_ticket(call, &call->bytes, ticket, false);
}

hf_status hf_ticket_opened(hf_ticket_call *call, hf_bytes state, bool renew)
{
    return answer_ticket(call, &call->state, state, renew);
}

/* ---- early data ---- */

static hf_handshake *early_handshake(hf_early_call *call)
{
    return (hf_handshake *)(void *)((char *)call - offsetof(hf_handshake, early_call));
}

/* What tells one ClientHello from all others, in 32 bytes whatever the hash: of its binder, a MAC
 * over all of it. */
static void submit_test(void *ctx, hf_job *job)
{
    (void)job;
    hf_handshake *hs = ctx;
    const hf_config *cfg = hs->cfg;
    uint8_t id[HF_HASH_MAX_DIGEST];
    hf_hash_of(hf_hash_find(&cfg->provider, 4), &hs->early_call.binder, 1, id);
    cfg->early_test(cfg->early_test_ctx, hs->conn, (hf_bytes){id, 32}, 2 * HF_EARLY_FRESH_S,
                    &hs->early_call);
}

hf_status hf_hs_ask_first(hf_handshake *hs)
{
    const hf_config *cfg = hs->cfg;
    if (cfg->early_test != NULL)
        return ask(hs, "ask the application whether early data came before", submit_test);
    hs->early_call.first =
        cfg->replays != NULL &&
        hf_replays_first(cfg->replays, hs->early_call.binder,
                         hs->session != NULL ? hs->session->created_ms / 1000 : now_s(cfg),
                         now_s(cfg));
    return HF_OK;
}

hf_status hf_early_answer(hf_early_call *call, bool first)
{
    if (atomic_exchange(&call->answered, true))
        return HF_E_WRONG_STATE;
    call->first = first;
    hf_job_finish(&early_handshake(call)->job);
    return HF_OK;
}
