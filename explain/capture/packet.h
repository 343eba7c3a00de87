/* packet.h: one captured packet down to its TCP segment. It allocates nothing and keeps nothing. */
#ifndef HF_EXPLAIN_CAPTURE_PACKET_H
#define HF_EXPLAIN_CAPTURE_PACKET_H

#include <handfast/base.h>

typedef enum cap_link {
    CAP_LINK_ETHERNET,
    CAP_LINK_NULL, /* BSD loopback: four bytes of address family, in either byte order */
    CAP_LINK_SLL,  /* Linux cooked, v1 and v2 */
    CAP_LINK_SLL2,
    CAP_LINK_RAW, /* begins with IP */
} cap_link;

typedef struct cap_endpoint {
    uint8_t address[16]; /* IPv4: the first four */
    uint16_t port;
    uint8_t family; /* 4 or 6 */
} cap_endpoint;

typedef struct cap_segment {
    cap_endpoint from, to;
    uint32_t seq, ack;
    bool syn, fin, rst, has_ack;
    hf_bytes payload; /* what was captured of it ... */
    size_t length;    /* ... of as much on the wire */
} cap_segment;

typedef enum cap_kind {
    CAP_SEGMENT,
    CAP_OTHER,     /* not TCP */
    CAP_FRAGMENT,  /* a part of an IP packet */
    CAP_CUT,       /* the capture ends before the headers do */
    CAP_MALFORMED, /* lengths that cannot be */
} cap_kind;

/* `packet` is what was captured, `length` how long it was on the wire. */
cap_kind cap_packet_read(cap_link link, hf_bytes packet, size_t length, cap_segment *out);

bool cap_endpoint_equal(const cap_endpoint *a, const cap_endpoint *b);
/* "192.0.2.1:443", "[2001:db8::1]:443". */
void cap_endpoint_text(const cap_endpoint *e, char *to, size_t size);

#endif
