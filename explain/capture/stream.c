/* stream.c: segments become a stream of bytes. */
#include "explain/capture/stream.h"

#include <string.h>

#define FAR (INT32_C(1) << 30) /* further off than any window: RFC 7323 section 2.3 */

/* How many bytes `a` comes after `b`, as sequence numbers go round. */
static int32_t distance(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

void cap_stream_init(cap_stream *s, const cap_memory *memory, cap_sink sink)
{
    *s = (cap_stream){.memory = *memory, .sink = sink};
}

void cap_stream_start(cap_stream *s, uint32_t seq)
{
    s->started = true;
    s->next = s->acked = seq;
}

void cap_stream_reach(cap_stream *s, uint32_t seq, bool by_fin)
{
    if (!s->started)
        return;
    int32_t ahead = distance(seq, s->next);
    if (ahead > FAR || ahead < -FAR)
        return;
    if (by_fin) {
        s->fin = true;
        s->end = seq;
    } else if (distance(seq, s->acked) > 0) {
        s->acked = seq;
    }
}

/* ---- telling ---- */

static hf_status tell(cap_stream *s, hf_bytes bytes)
{
    s->next += (uint32_t)bytes.n;
    s->told += bytes.n;
    return bytes.n == 0 ? HF_OK : s->sink.bytes(s->sink.ctx, bytes);
}

static hf_status lose(cap_stream *s, size_t n)
{
    s->next += (uint32_t)n;
    s->lost += n;
    return n == 0 ? HF_OK : s->sink.lost(s->sink.ctx, n);
}

/* Bytes from the next one on that were sent and not captured: lost as far as no piece has them. */
static hf_status lose_behind(cap_stream *s, size_t n)
{
    int32_t room = s->held == NULL ? FAR : distance(s->held->seq, s->next);
    if (room < 0)
        room = 0;
    return lose(s, n < (size_t)room ? n : (size_t)room);
}

static void drop_first(cap_stream *s)
{
    cap_piece *p = s->held;
    s->held = p->next;
    s->held_bytes -= p->n;
    s->held_pieces--;
    s->memory.release(s->memory.ctx, p);
}

/* Tells the pieces whose turn has come. */
static hf_status go_on(cap_stream *s)
{
    hf_status status = HF_OK;
    while (status == HF_OK && s->held != NULL && distance(s->held->seq, s->next) <= 0) {
        cap_piece *p = s->held;
        size_t old = (size_t) - (int64_t)distance(p->seq, s->next), behind = p->behind;
        hf_bytes rest = {p->bytes + (old < p->n ? old : p->n), old < p->n ? p->n - old : 0};
        if (old > p->n)
            behind = old - p->n < behind ? behind - (old - p->n) : 0;
        status = tell(s, rest);
        drop_first(s);
        if (status == HF_OK)
            status = lose_behind(s, behind);
    }
    return status;
}

/* Gives up what is missing in front of the first piece. */
static hf_status give_up(cap_stream *s)
{
    hf_status status = lose(s, (size_t)distance(s->held->seq, s->next));
    return status == HF_OK ? go_on(s) : status;
}

/* ---- holding ---- */

static void compare(cap_stream *s, const cap_piece *p, uint32_t seq, hf_bytes bytes)
{
    size_t at = (size_t)distance(seq, p->seq);
    size_t n = p->n - at < bytes.n ? p->n - at : bytes.n;
    s->repeated += n;
    if (memcmp(p->bytes + at, bytes.p, n) != 0)
        s->differing += n;
}

static hf_status insert(cap_stream *s, cap_piece **at, uint32_t seq, hf_bytes bytes, size_t behind)
{
    cap_piece *p = s->memory.allocate(s->memory.ctx, sizeof *p + bytes.n);
    if (p == NULL)
        return HF_E_OUT_OF_MEMORY;
    p->seq = seq;
    p->n = bytes.n;
    p->behind = behind;
    if (bytes.n != 0)
        memcpy(p->bytes, bytes.p, bytes.n);
    p->next = *at;
    *at = p;
    s->held_bytes += bytes.n;
    s->held_pieces++;
    return HF_OK;
}

/* Holds those of the bytes that no piece has yet. */
static hf_status hold(cap_stream *s, uint32_t seq, hf_bytes bytes, size_t behind)
{
    cap_piece **at = &s->held;
    while (bytes.n != 0) {
        while (*at != NULL && distance(seq, (*at)->seq + (uint32_t)(*at)->n) >= 0)
            at = &(*at)->next;
        cap_piece *p = *at;
        size_t n = bytes.n;
        if (p != NULL && distance(seq, p->seq) >= 0) { /* the piece has these */
            compare(s, p, seq, bytes);
            size_t has = p->n - (size_t)distance(seq, p->seq);
            n = has < n ? has : n;
        } else {
            size_t free_n = p == NULL ? n : (size_t)distance(p->seq, seq);
            n = free_n < n ? free_n : n;
            hf_status status =
                insert(s, at, seq, (hf_bytes){bytes.p, n}, n == bytes.n ? behind : 0);
            if (status != HF_OK)
                return status;
        }
        seq += (uint32_t)n;
        bytes = (hf_bytes){bytes.p + n, bytes.n - n};
    }
    return HF_OK;
}

/* ---- segments ---- */

/* Leaves off what was told already. */
static void trim(cap_stream *s, uint32_t *seq, hf_bytes *bytes, size_t *length)
{
    int32_t ahead = distance(*seq, s->next);
    if (ahead >= 0)
        return;
    size_t old = (size_t) - (int64_t)ahead;
    if (old > *length)
        old = *length;
    size_t here = old < bytes->n ? old : bytes->n;
    /* of these, what lies in front of the start was never told */
    int64_t known = s->told + s->lost > (uint64_t)FAR ? FAR : (int64_t)(s->told + s->lost);
    int64_t from = ahead < -known ? -known : ahead, to = ahead + (int64_t)here;
    s->repeated += to > from ? (uint64_t)(to - from) : 0;
    *seq += (uint32_t)old;
    *bytes = (hf_bytes){bytes->p + here, bytes->n - here};
    *length -= old;
}

hf_status cap_stream_add(cap_stream *s, uint32_t seq, hf_bytes captured, size_t length)
{
    if (!s->started)
        cap_stream_start(s, seq);
    int32_t ahead = distance(seq, s->next);
    if (captured.n > length || length > (size_t)FAR || ahead > FAR || ahead < -FAR) {
        s->stray++;
        return HF_OK;
    }
    trim(s, &seq, &captured, &length);
    if (length == 0)
        return HF_OK;
    /* One way for all: a piece whose turn it is goes on at once. */
    hf_status status = HF_OK;
    bool now =
        seq == s->next && (s->held == NULL || distance(s->held->seq, seq) >= (int32_t)length);
    if (now) {
        status = tell(s, captured);
        if (status == HF_OK)
            status = lose_behind(s, length - captured.n);
    } else if (captured.n != 0) {
        status = hold(s, seq, captured, length - captured.n);
    }
    if (status == HF_OK)
        status = go_on(s);
    while (status == HF_OK && s->held != NULL &&
           (s->held_bytes > CAP_HELD_BYTES || s->held_pieces > CAP_HELD_PIECES))
        status = give_up(s);
    return status;
}

hf_status cap_stream_end(cap_stream *s)
{
    hf_status status = HF_OK;
    while (status == HF_OK && s->held != NULL)
        status = give_up(s);
    if (status != HF_OK || !s->started)
        return status;
    int32_t behind = distance(s->fin ? s->end : s->acked - 1, s->next);
    return behind > 0 ? lose(s, (size_t)behind) : HF_OK;
}

void cap_stream_free(cap_stream *s)
{
    while (s->held != NULL)
        drop_first(s);
}
