/* connections.c: telling TCP connections apart, and finding TLS in them. */
#include "explain/capture/connections.h"

#include <stdio.h>
#include <string.h>

enum { HANDSHAKE = 22, CLIENT_HELLO = 1, SERVER_HELLO = 2 };

void cap_connections_init(cap_connections *t, const cap_memory *memory)
{
    memset(t, 0, sizeof *t);
    t->memory = *memory;
}

void cap_connections_free(cap_connections *t)
{
    if (t->list != NULL)
        t->memory.release(t->memory.ctx, t->list);
    t->list = NULL;
    t->count = t->room = 0;
}

/* ---- the table ---- */

static uint32_t hash_end(const cap_endpoint *e)
{
    uint32_t h = 2166136261U ^ e->family;
    for (size_t i = 0; i < sizeof e->address; i++)
        h = (h ^ e->address[i]) * 16777619U;
    h = (h ^ (e->port >> 8)) * 16777619U;
    return (h ^ (e->port & 255)) * 16777619U;
}

/* The same for both directions. */
static size_t slot_of(const cap_segment *s)
{
    uint32_t h = hash_end(&s->from) + hash_end(&s->to);
    return (h ^ h >> 16) & (CAP_SLOTS - 1);
}

static int end_of(const cap_connection *c, const cap_segment *s)
{
    if (cap_endpoint_equal(&c->end[0], &s->from) && cap_endpoint_equal(&c->end[1], &s->to))
        return 0;
    if (cap_endpoint_equal(&c->end[1], &s->from) && cap_endpoint_equal(&c->end[0], &s->to))
        return 1;
    return -1;
}

/* The slot of the segment's connection, or the free one where it belongs. Half of all stay free. */
static uint16_t *find(cap_connections *t, const cap_segment *s)
{
    size_t at = slot_of(s);
    while (t->slot[at] != 0 && end_of(&t->list[t->slot[at] - 1], s) < 0)
        at = (at + 1) & (CAP_SLOTS - 1);
    return &t->slot[at];
}

static hf_status grow(cap_connections *t)
{
    size_t room = t->room == 0 ? 16 : t->room * 2;
    cap_connection *larger = t->memory.allocate(t->memory.ctx, room * sizeof *larger);
    if (larger == NULL)
        return HF_E_OUT_OF_MEMORY;
    if (t->count != 0)
        memcpy(larger, t->list, t->count * sizeof *larger);
    if (t->list != NULL)
        t->memory.release(t->memory.ctx, t->list);
    t->list = larger;
    t->room = room;
    return HF_OK;
}

static hf_status add(cap_connections *t, uint16_t *slot, uint64_t packet, int64_t t_ns,
                     const cap_segment *s)
{
    hf_status status = t->count == t->room ? grow(t) : HF_OK;
    if (status != HF_OK)
        return status;
    cap_connection *c = &t->list[t->count];
    memset(c, 0, sizeof *c);
    c->end[0] = s->from;
    c->end[1] = s->to;
    c->from_packet = packet;
    c->to_packet = UINT64_MAX;
    c->client = -1;
    c->seen.stream = t->count;
    c->seen.start_ns = t_ns;
    t->count++;
    *slot = (uint16_t)t->count;
    return HF_OK;
}

/* A first packet on ports that were used before, and not the old one's repeated. */
static bool begins_anew(const cap_connection *c, int end, const cap_segment *s)
{
    const cap_direction *d = &c->direction[end];
    if (!s->syn || s->has_ack)
        return false;
    return (d->syn && d->first != s->seq + 1) || (!d->syn && (c->closed || d->data));
}

int cap_sender(const cap_connection *c, uint64_t packet, const cap_segment *s)
{
    return packet < c->from_packet || packet >= c->to_packet ? -1 : end_of(c, s);
}

/* ---- where TLS begins ---- */

/* Of the first six bytes of a record: the type of the hello that begins in it, or 0. */
static uint8_t hello_in(const uint8_t head[CAP_HEAD])
{
    bool record = head[0] == HANDSHAKE && head[1] == 3 && head[2] <= 4 &&
                  (head[3] | head[4]) != 0 && head[3] <= 0x48;
    return record && (head[5] == CLIENT_HELLO || head[5] == SERVER_HELLO) ? head[5] : 0;
}

static void found_hello(cap_connection *c, int end, uint8_t type, uint32_t seq,
                        const cap_segment *s)
{
    int other = 1 - end;
    if (c->seen.hello || (c->seen.tls && type == SERVER_HELLO))
        return;
    c->seen.tls = true;
    c->seen.hello = type == CLIENT_HELLO;
    c->client = type == CLIENT_HELLO ? end : other;
    c->start[end] = seq;
    c->start_known[end] = true;
    if (c->direction[other].syn && !c->direction[other].data) {
        c->start[other] = c->direction[other].first;
        c->start_known[other] = true;
    } else if (s->has_ack) {
        c->start[other] = s->ack;
        c->start_known[other] = true;
    }
    c->seen.plain_first = c->direction[end].syn && seq != c->direction[end].first;
}

/* The first bytes of a connection may come one by one, and in any order. */
static void gather_head(cap_direction *d, uint32_t seq, hf_bytes payload)
{
    for (uint32_t i = 0; i < CAP_HEAD; i++) {
        uint32_t at = d->first + i - seq; /* in the payload; far beyond it when not there */
        if (at >= payload.n || (d->have & 1U << i) != 0)
            continue;
        d->head[i] = payload.p[at];
        d->have |= (uint8_t)(1U << i);
    }
}

static void look_for_hello(cap_connection *c, int end, const cap_segment *s)
{
    cap_direction *d = &c->direction[end];
    uint32_t seq = s->seq + s->syn;
    uint8_t type = 0;
    if (s->payload.n >= CAP_HEAD)
        type = hello_in(s->payload.p);
    if (type == 0 && d->syn && d->have != (1U << CAP_HEAD) - 1) {
        gather_head(d, seq, s->payload);
        if (d->have == (1U << CAP_HEAD) - 1)
            type = hello_in(d->head);
        seq = d->first;
    }
    if (type != 0)
        found_hello(c, end, type, seq, s);
    d->data = true;
}

/* ---- noting ---- */

static void note(cap_connection *c, int end, const cap_segment *s)
{
    cap_direction *d = &c->direction[end];
    c->seen.packets++;
    c->seen.bytes += s->length;
    if (s->syn && !d->syn) {
        d->syn = true;
        d->first = s->seq + 1;
        if (c->client < 0)
            c->client = s->has_ack ? 1 - end : end;
    }
    if (s->payload.n != 0 && !c->seen.hello)
        look_for_hello(c, end, s);
    c->closed = c->closed || s->rst || s->fin;
}

hf_status cap_connections_note(cap_connections *t, uint64_t packet, int64_t t_ns,
                               const cap_segment *s)
{
    uint16_t *slot = find(t, s);
    cap_connection *old = *slot == 0 ? NULL : &t->list[*slot - 1];
    int end = old == NULL ? 0 : end_of(old, s);
    if (old == NULL || begins_anew(old, end, s)) {
        if (t->count == CAP_CONNECTIONS) {
            t->more += s->syn && !s->has_ack;
            return HF_OK;
        }
        if (old != NULL)
            old->to_packet = packet;
        hf_status status = add(t, slot, packet, t_ns, s);
        if (status != HF_OK)
            return status;
        end = 0;
    }
    note(&t->list[*slot - 1], end, s);
    return HF_OK;
}

void cap_connections_end(cap_connections *t)
{
    for (size_t i = 0; i < t->count; i++) {
        cap_connection *c = &t->list[i];
        if (c->client < 0) /* nothing says who began: the server has the lower port, mostly */
            c->client = c->end[0].port < c->end[1].port ? 1 : 0;
        cap_endpoint_text(&c->end[c->client], c->seen.client, sizeof c->seen.client);
        cap_endpoint_text(&c->end[1 - c->client], c->seen.server, sizeof c->seen.server);
        for (int end = 0; end < 2; end++) {
            if (c->start_known[end] || c->seen.tls || !c->direction[end].syn)
                continue;
            c->start[end] = c->direction[end].first;
            c->start_known[end] = true;
        }
    }
}
