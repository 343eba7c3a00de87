/* replay.c: segments in the order of the capture, bytes in the order of what was said. */
#include "explain/capture/replay.h"

#include <string.h>

struct cap_waiting {
    struct cap_waiting *next;
    int end;
    cap_segment segment; /* its payload is `bytes` */
    uint8_t bytes[];
};
typedef struct cap_waiting cap_waiting;

static hf_status on_bytes(void *ctx, hf_bytes bytes)
{
    const cap_side *s = ctx;
    return hf_observer_feed(s->observer, s->client, bytes);
}

static hf_status on_lost(void *ctx, uint64_t n)
{
    const cap_side *s = ctx;
    return hf_observer_missing(s->observer, s->client, n);
}

void cap_replay_begin(cap_replay *r, const cap_memory *memory, const cap_connection *connection,
                      hf_observer *o)
{
    memset(r, 0, sizeof *r);
    r->memory = *memory;
    r->connection = connection;
    for (int end = 0; end < 2; end++) {
        r->side[end] = (cap_side){o, end == connection->client};
        cap_stream_init(&r->stream[end], memory, (cap_sink){on_bytes, on_lost, &r->side[end]});
        if (connection->start_known[end])
            cap_stream_start(&r->stream[end], connection->start[end]);
    }
}

/* ---- telling one ---- */

static hf_status tell(cap_replay *r, int end, const cap_segment *s)
{
    uint32_t seq = s->seq + s->syn;
    if (s->has_ack && !s->rst)
        cap_stream_reach(&r->stream[1 - end], s->ack, false);
    if (s->fin)
        cap_stream_reach(&r->stream[end], seq + (uint32_t)s->length, true);
    if (s->length == 0)
        return HF_OK;
    return cap_stream_add(&r->stream[end], seq, s->payload, s->length);
}

/* ---- waiting for what it answers ---- */

/* How many bytes of the other side it acknowledges that were not told. */
static int32_t ahead_of(const cap_replay *r, int end, const cap_segment *s)
{
    const cap_stream *other = &r->stream[1 - end];
    if (s->length == 0 || !s->has_ack || !other->started)
        return 0;
    int32_t ahead = (int32_t)(s->ack - other->next);
    return other->fin && s->ack == other->end + 1 ? ahead - 1 : ahead;
}

static bool must_wait(const cap_replay *r, int end, const cap_segment *s)
{
    int other = 1 - end;
    if (ahead_of(r, end, s) <= 0)
        return false;
    return !r->given_up[other] || (int32_t)(s->ack - r->given_up_to[other]) > 0;
}

static hf_status put_aside(cap_replay *r, int end, const cap_segment *s)
{
    cap_waiting **at = &r->waiting;
    cap_waiting *w = r->memory.allocate(r->memory.ctx, sizeof *w + s->payload.n);
    if (w == NULL)
        return HF_E_OUT_OF_MEMORY;
    *w = (cap_waiting){.end = end, .segment = *s};
    if (s->payload.n != 0)
        memcpy(w->bytes, s->payload.p, s->payload.n);
    w->segment.payload.p = w->bytes;
    while (*at != NULL)
        at = &(*at)->next;
    *at = w;
    r->waiting_n++;
    return HF_OK;
}

static cap_waiting *take(cap_replay *r, cap_waiting **at)
{
    cap_waiting *w = *at;
    *at = w->next;
    r->waiting_n--;
    return w;
}

/* Tells those that need not wait any more; each may free others. */
static hf_status go_on(cap_replay *r)
{
    hf_status status = HF_OK;
    cap_waiting **at = &r->waiting;
    while (status == HF_OK && *at != NULL) {
        if (must_wait(r, (*at)->end, &(*at)->segment)) {
            at = &(*at)->next;
            continue;
        }
        cap_waiting *w = take(r, at);
        status = tell(r, w->end, &w->segment);
        r->memory.release(r->memory.ctx, w);
        at = &r->waiting;
    }
    return status;
}

/* What the one that has waited longest waits for was not captured. */
static hf_status give_up(cap_replay *r)
{
    int other = 1 - r->waiting->end;
    r->given_up[other] = true;
    r->given_up_to[other] = r->waiting->segment.ack;
    return go_on(r);
}

hf_status cap_replay_segment(cap_replay *r, int end, const cap_segment *s)
{
    r->cut += s->payload.n < s->length;
    bool waits = must_wait(r, end, s);
    hf_status status = waits ? put_aside(r, end, s) : tell(r, end, s);
    if (status == HF_OK)
        status = go_on(r);
    while (status == HF_OK && r->waiting_n > CAP_WAITING)
        status = give_up(r);
    return status;
}

hf_status cap_replay_end(cap_replay *r)
{
    hf_status status = HF_OK;
    while (status == HF_OK && r->waiting != NULL)
        status = give_up(r);
    for (int end = 0; end < 2 && status == HF_OK; end++)
        status = cap_stream_end(&r->stream[end]);
    return status;
}

/* ---- the result ---- */

hf_capture_replayed cap_replay_result(const cap_replay *r)
{
    const cap_connection *c = r->connection;
    hf_capture_replayed out = {.cut = r->cut,
                               .from_the_start = c->direction[0].syn || c->direction[1].syn};
    for (int end = 0; end < 2; end++) {
        const cap_stream *s = &r->stream[end];
        out.lost[end == c->client] = s->lost;
        out.repeated += s->repeated;
        out.differing += s->differing;
        out.stray += s->stray;
    }
    return out;
}

void cap_replay_free(cap_replay *r)
{
    while (r->waiting != NULL)
        r->memory.release(r->memory.ctx, take(r, &r->waiting));
    for (int end = 0; end < 2; end++)
        cap_stream_free(&r->stream[end]);
}
