/* pcap_made.c: pcap, pcapng (draft-ietf-opsawg-pcapng), and the packets in them. */
#include "support/pcap_made.h"

#include "base/bytes.h"

#include <stdlib.h>

static void put(hf_buf *b, const void *p, size_t n)
{
    if (hf_buf_append(b, hf_bytes_of(p, n)) != HF_OK)
        abort();
}

/* ---- numbers ---- */

static void net16(hf_buf *b, unsigned v)
{
    put(b, (const uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void net32(hf_buf *b, uint32_t v)
{
    net16(b, v >> 16);
    net16(b, v & 0xffff);
}

static void own16(made *m, unsigned v)
{
    net16(&m->file, m->big ? v : (v & 255) << 8 | v >> 8);
}

static void own32(made *m, uint32_t v)
{
    if (m->big)
        net32(&m->file, v);
    else
        net32(&m->file, v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24);
}

/* ---- files ---- */

static uint32_t link_type(made_link link)
{
    static const uint32_t types[] = {1, 1, 0, 113, 276, 101};
    return types[link];
}

static void pad(made *m, size_t n)
{
    put(&m->file, "\0\0\0", (4 - n % 4) % 4);
}

static void secrets(made *m, hf_bytes keylog)
{
    uint32_t total = (uint32_t)(20 + (keylog.n + 3) / 4 * 4);
    own32(m, 10);
    own32(m, total);
    own32(m, 0x544c534b);
    own32(m, (uint32_t)keylog.n);
    put(&m->file, keylog.p, keylog.n);
    pad(m, keylog.n);
    own32(m, total);
}

void made_begin(made *m, hf_bytes keylog)
{
    m->next[0] = 0x10000000;
    m->next[1] = 0xfffffff0; /* goes round */
    m->t_us = UINT64_C(1790000000) * 1000000;
    if (!m->ng) {
        own32(m, 0xa1b2c3d4);
        own16(m, 2);
        own16(m, 4);
        own32(m, 0);
        own32(m, 0);
        own32(m, 262144);
        own32(m, link_type(m->link));
        return;
    }
    own32(m, 0x0a0d0d0a);
    own32(m, 28);
    own32(m, 0x1a2b3c4d);
    own16(m, 1);
    own16(m, 0);
    own32(m, 0xffffffff);
    own32(m, 0xffffffff);
    own32(m, 28);
    if (keylog.n != 0)
        secrets(m, keylog);
    own32(m, 1);
    own32(m, 20);
    own16(m, link_type(m->link));
    own16(m, 0);
    own32(m, 262144);
    own32(m, 20);
}

void made_free(made *m)
{
    hf_buf_free(&m->file);
    *m = (made){0};
}

void made_packet(made *m, hf_bytes packet)
{
    size_t n = m->snap != 0 && m->snap < packet.n ? m->snap : packet.n;
    m->t_us += 1000;
    if (!m->ng) {
        own32(m, (uint32_t)(m->t_us / 1000000));
        own32(m, (uint32_t)(m->t_us % 1000000));
        own32(m, (uint32_t)n);
        own32(m, (uint32_t)packet.n);
        put(&m->file, packet.p, n);
        return;
    }
    uint32_t total = (uint32_t)(32 + (n + 3) / 4 * 4);
    own32(m, 6);
    own32(m, total);
    own32(m, 0);
    own32(m, (uint32_t)(m->t_us >> 32));
    own32(m, (uint32_t)m->t_us);
    own32(m, (uint32_t)n);
    own32(m, (uint32_t)packet.n);
    put(&m->file, packet.p, n);
    pad(m, n);
    own32(m, total);
}

/* ---- packets ---- */

static void put_link(const made *m, hf_buf *b)
{
    unsigned type = m->ip6 ? 0x86dd : 0x0800;
    switch (m->link) {
    case MADE_ETHERNET:
        put(b, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
        net16(b, type);
        break;
    case MADE_VLAN:
        put(b, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
        net32(b, 0x88a80064);
        net32(b, 0x81000065);
        net16(b, type);
        break;
    case MADE_NULL: /* the byte order of the machine that captured */
        if (m->big)
            net32(b, m->ip6 ? 30 : 2);
        else
            put(b, m->ip6 ? "\x1c\0\0" : "\2\0\0", 4);
        break;
    case MADE_SLL:
        put(b, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0", 14);
        net16(b, type);
        break;
    case MADE_SLL2:
        net16(b, type);
        put(b, "\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0", 18);
        break;
    case MADE_RAW:
        break;
    }
}

static void put_ip(const made *m, hf_buf *b, bool client, size_t tcp)
{
    const uint8_t from = client ? 1 : 2, to = client ? 2 : 1;
    if (!m->ip6) {
        net16(b, 0x4500);
        net16(b, (unsigned)(20 + tcp));
        net32(b, 0x00004000);
        put(b, "\x40\x06\0\0\xc0\0\2", 7);
        put(b, &from, 1);
        put(b, "\xc0\0\2", 3);
        put(b, &to, 1);
        return;
    }
    static const uint8_t prefix[15] = {0x20, 0x01, 0x0d, 0xb8};
    net32(b, 0x60000000);
    net16(b, (unsigned)(8 + tcp));
    put(b, "\0\x40", 2); /* hop-by-hop options first */
    put(b, prefix, 15);
    put(b, &from, 1);
    put(b, prefix, 15);
    put(b, &to, 1);
    put(b, "\6\0\1\4\0\0\0\0", 8);
}

void made_segment(const made *m, hf_buf *out, bool client, uint32_t seq, uint32_t ack,
                  unsigned flags, hf_bytes payload)
{
    unsigned port = 40000 + m->connection;
    hf_buf_clear(out);
    put_link(m, out);
    put_ip(m, out, client, 20 + payload.n);
    net16(out, client ? port : 443);
    net16(out, client ? 443 : port);
    net32(out, seq);
    net32(out, ack);
    net16(out, 0x5000 | flags);
    net16(out, 65535);
    net32(out, 0);
    if (payload.n != 0)
        put(out, payload.p, payload.n);
}

void made_tcp(made *m, bool client, uint32_t seq, uint32_t ack, unsigned flags, hf_bytes payload)
{
    hf_buf packet = {0};
    made_segment(m, &packet, client, seq, ack, flags, payload);
    made_packet(m, hf_buf_bytes(&packet));
    hf_buf_free(&packet);
}

void made_open(made *m)
{
    const hf_bytes none = {NULL, 0};
    made_tcp(m, true, m->next[1]++, 0, MADE_SYN, none);
    made_tcp(m, false, m->next[0]++, m->next[1], MADE_SYN | MADE_ACK, none);
    made_tcp(m, true, m->next[1], m->next[0], MADE_ACK, none);
}

void made_data(made *m, bool client, hf_bytes data)
{
    while (data.n != 0) {
        size_t n = data.n < 1400 ? data.n : 1400;
        made_tcp(m, client, m->next[client], m->next[!client], MADE_ACK, (hf_bytes){data.p, n});
        m->next[client] += (uint32_t)n;
        data = (hf_bytes){data.p + n, data.n - n};
    }
}

void made_close(made *m)
{
    const hf_bytes none = {NULL, 0};
    made_tcp(m, true, m->next[1]++, m->next[0], MADE_FIN | MADE_ACK, none);
    made_tcp(m, false, m->next[0]++, m->next[1], MADE_FIN | MADE_ACK, none);
}
