/* packet.c: link, IP and TCP headers. RFC 791, RFC 8200, RFC 9293. */
#include "explain/capture/packet.h"

#include <stdio.h>
#include <string.h>

enum { ETHERTYPE_IP4 = 0x0800, ETHERTYPE_IP6 = 0x86dd, TCP = 6 };
enum { MOST_TAGS = 4, MOST_HEADERS = 8 };

/* The bytes that are still to be read, and how many there were of them on the wire. */
typedef struct rest {
    const uint8_t *p;
    size_t n, length;
} rest;

static bool skip(rest *r, size_t n)
{
    if (r->n < n || r->length < n)
        return false;
    *r = (rest){r->p + n, r->n - n, r->length - n};
    return true;
}

static uint16_t u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)u16(p) << 16 | u16(p + 2);
}

/* Cuts off what lies behind an inner packet of `n` bytes: padding of short Ethernet frames. */
static void limit(rest *r, size_t n)
{
    if (r->length > n)
        r->length = n;
    if (r->n > n)
        r->n = n;
}

/* ---- TCP ---- */

static cap_kind read_tcp(rest r, cap_segment *s)
{
    const uint8_t *h = r.p;
    if (r.n < 20)
        return r.length < 20 ? CAP_MALFORMED : CAP_CUT;
    size_t header = (size_t)(h[12] >> 4) * 4;
    if (header < 20 || header > r.length)
        return CAP_MALFORMED;
    if (!skip(&r, header))
        return CAP_CUT;
    s->from.port = u16(h);
    s->to.port = u16(h + 2);
    s->seq = u32(h + 4);
    s->ack = u32(h + 8);
    s->fin = (h[13] & 0x01) != 0;
    s->syn = (h[13] & 0x02) != 0;
    s->rst = (h[13] & 0x04) != 0;
    s->has_ack = (h[13] & 0x10) != 0;
    s->payload = (hf_bytes){r.p, r.n};
    s->length = r.length;
    return CAP_SEGMENT;
}

/* ---- IP ---- */

static cap_kind read_ip4(rest r, cap_segment *s)
{
    const uint8_t *h = r.p;
    if (r.n < 20)
        return r.length < 20 ? CAP_MALFORMED : CAP_CUT;
    size_t header = (size_t)(h[0] & 15) * 4, total = u16(h + 2);
    if (total == 0) /* the card cuts it up (TSO): the length was not known yet */
        total = r.length;
    if (header < 20 || total < header || total > r.length)
        return CAP_MALFORMED;
    if ((u16(h + 6) & 0x3fff) != 0) /* an offset, or more fragments */
        return CAP_FRAGMENT;
    if (h[9] != TCP)
        return CAP_OTHER;
    limit(&r, total);
    if (!skip(&r, header))
        return CAP_CUT;
    s->from.family = s->to.family = 4;
    memcpy(s->from.address, h + 12, 4);
    memcpy(s->to.address, h + 16, 4);
    return read_tcp(r, s);
}

/* Steps over one extension header. CAP_SEGMENT when it may go on. */
static cap_kind skip_extension(rest *r, uint8_t type, uint8_t *next)
{
    if (r->n < 8)
        return r->length < 8 ? CAP_MALFORMED : CAP_CUT;
    const uint8_t *h = r->p;
    size_t n = 8 * ((size_t)h[1] + 1);
    if (type == 44) { /* Fragment: whole ones may have it, RFC 6946 */
        n = 8;
        if ((u16(h + 2) & 0xfff9) != 0)
            return CAP_FRAGMENT;
    } else if (type == 51) { /* Authentication Header */
        n = 4 * ((size_t)h[1] + 2);
    }
    *next = h[0];
    if (n > r->length)
        return CAP_MALFORMED;
    return skip(r, n) ? CAP_SEGMENT : CAP_CUT;
}

static cap_kind read_ip6(rest r, cap_segment *s)
{
    const uint8_t *h = r.p;
    if (r.n < 40)
        return r.length < 40 ? CAP_MALFORMED : CAP_CUT;
    size_t payload = u16(h + 4);
    uint8_t next = h[6];
    (void)skip(&r, 40);
    if (payload > r.length)
        return CAP_MALFORMED;
    if (payload != 0) /* else as above */
        limit(&r, payload);
    s->from.family = s->to.family = 6;
    memcpy(s->from.address, h + 8, 16);
    memcpy(s->to.address, h + 24, 16);
    for (unsigned i = 0; i < MOST_HEADERS && next != TCP; i++) {
        if (next != 0 && next != 43 && next != 60 && next != 44 && next != 51)
            return CAP_OTHER;
        cap_kind kind = skip_extension(&r, next, &next);
        if (kind != CAP_SEGMENT)
            return kind;
    }
    return next == TCP ? read_tcp(r, s) : CAP_MALFORMED;
}

static cap_kind read_ip(rest r, cap_segment *s)
{
    if (r.n == 0)
        return CAP_CUT;
    switch (r.p[0] >> 4) {
    case 4:
        return read_ip4(r, s);
    case 6:
        return read_ip6(r, s);
    default:
        return CAP_OTHER;
    }
}

/* ---- links ---- */

static bool is_tag(uint16_t ethertype)
{
    return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

/* What follows an ethertype: VLAN tags, each with another one, then IP. */
static cap_kind read_ethertype(rest r, uint16_t type, cap_segment *s)
{
    for (unsigned i = 0; i < MOST_TAGS && is_tag(type); i++) {
        if (r.n < 4)
            return CAP_CUT;
        type = u16(r.p + 2);
        (void)skip(&r, 4);
    }
    return type == ETHERTYPE_IP4 || type == ETHERTYPE_IP6 ? read_ip(r, s) : CAP_OTHER;
}

static cap_kind read_link(rest r, size_t header, size_t type_at, cap_segment *s)
{
    const uint8_t *h = r.p;
    return skip(&r, header) ? read_ethertype(r, u16(h + type_at), s) : CAP_CUT;
}

static cap_kind read_null(rest r, cap_segment *s)
{
    static const uint32_t families[] = {2, 10, 23, 24, 28, 30}; /* IPv4; IPv6 of six systems */
    if (r.n < 4)
        return CAP_CUT;
    uint32_t big = u32(r.p);
    uint32_t little =
        (uint32_t)r.p[3] << 24 | (uint32_t)r.p[2] << 16 | (uint32_t)r.p[1] << 8 | r.p[0];
    (void)skip(&r, 4);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (families[i] == big || families[i] == little)
            return read_ip(r, s);
    return CAP_OTHER;
}

cap_kind cap_packet_read(cap_link link, hf_bytes packet, size_t length, cap_segment *out)
{
    rest r = {packet.p, packet.n, length < packet.n ? packet.n : length};
    *out = (cap_segment){0};
    switch (link) {
    case CAP_LINK_ETHERNET:
        return read_link(r, 14, 12, out);
    case CAP_LINK_SLL:
        return read_link(r, 16, 14, out);
    case CAP_LINK_SLL2:
        return read_link(r, 20, 0, out);
    case CAP_LINK_NULL:
        return read_null(r, out);
    case CAP_LINK_RAW:
        return read_ip(r, out);
    }
    return CAP_OTHER;
}

/* ---- endpoints ---- */

bool cap_endpoint_equal(const cap_endpoint *a, const cap_endpoint *b)
{
    return a->family == b->family && a->port == b->port && memcmp(a->address, b->address, 16) == 0;
}

/* RFC 5952: the longest run of zeros, of two at least, becomes "::". */
static size_t ip6_text(const uint8_t *a, char *to, size_t size)
{
    unsigned best = 8, best_n = 1, at = 0;
    size_t n = 0;
    for (unsigned i = 0; i < 8; i++) {
        unsigned run = 0;
        while (i + run < 8 && u16(a + 2 * (i + run)) == 0)
            run++;
        if (run > best_n) {
            best = i;
            best_n = run;
        }
    }
    while (at < 8 && n < size) {
        if (at == best) {
            n += (size_t)snprintf(to + n, size - n, "::");
            at += best_n;
            continue;
        }
        n += (size_t)snprintf(to + n, size - n, "%s%x", at != 0 && at != best + best_n ? ":" : "",
                              u16(a + 2 * at));
        at++;
    }
    return n;
}

void cap_endpoint_text(const cap_endpoint *e, char *to, size_t size)
{
    char text[48] = "";
    const uint8_t *a = e->address;
    if (e->family == 4) {
        snprintf(to, size, "%u.%u.%u.%u:%u", a[0], a[1], a[2], a[3], e->port);
        return;
    }
    (void)ip6_text(a, text, sizeof text);
    snprintf(to, size, "[%s]:%u", text, e->port);
}
