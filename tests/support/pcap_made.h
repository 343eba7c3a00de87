/* pcap_made.h: capture files made in memory, packet by packet, for the tests of those who read
 * them. A client at 192.0.2.1 or 2001:db8::1, port 40000 + n, and a server at ...2, port 443. */
#ifndef HF_TESTS_PCAP_MADE_H
#define HF_TESTS_PCAP_MADE_H

#include "base/buf.h"

typedef enum made_link {
    MADE_ETHERNET,
    MADE_VLAN, /* Ethernet with two tags */
    MADE_NULL,
    MADE_SLL,
    MADE_SLL2,
    MADE_RAW
} made_link;

enum { MADE_FIN = 1, MADE_SYN = 2, MADE_RST = 4, MADE_ACK = 16 };

typedef struct made {
    hf_buf file;
    made_link link;
    bool ip6, ng, big; /* set before made_begin: big is the byte order of the file's own numbers */
    unsigned connection;
    uint32_t next[2]; /* sequence numbers: the server's, the client's */
    uint64_t t_us;
    size_t snap; /* bytes of each packet that are captured; 0: all */
} made;

/* The file's header; with `keylog` (pcapng alone) a block of secrets. */
void made_begin(made *m, hf_bytes keylog);
void made_free(made *m);

/* One packet as it is. */
void made_packet(made *m, hf_bytes packet);
/* The packet of a TCP segment, into `out` (emptied first). */
void made_segment(const made *m, hf_buf *out, bool client, uint32_t seq, uint32_t ack,
                  unsigned flags, hf_bytes payload);
/* A segment as a packet of the file. */
void made_tcp(made *m, bool client, uint32_t seq, uint32_t ack, unsigned flags, hf_bytes payload);

/* SYN, SYN ACK, ACK. */
void made_open(made *m);
/* Data in order, in segments of at most 1400 bytes. */
void made_data(made *m, bool client, hf_bytes data);
void made_close(made *m);

#endif
