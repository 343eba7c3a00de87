/* capture.h: TLS connections out of a packet capture, explained like one's own.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 *
 * A capture is read twice: first to find its TCP connections, then to put together the one that is
 * asked for, whose bytes go to an observer (observe.h) and from there into an explanation. So
 * memory is bounded, whatever the file's size:
 *
 *   connections   4,096 are told apart; further ones are counted
 *   one side      4 MiB and 4,096 pieces of what came before its turn; then what is still missing
 *                 in front of it counts as lost
 *   secrets       16 MiB in a pcapng's own Decryption Secrets Blocks
 *
 * Links: Ethernet with any VLAN tags, Linux cooked v1 and v2, loopback and null, raw IP. IPv4 and
 * IPv6 with their extension headers; no fragments (counted), no tunnels. Checksums are not judged:
 * where the network card computes them, a capture on the machine itself has them all wrong.
 *
 * How a side is put together: bytes go on in the order of their sequence numbers. What came already
 * is dropped (a retransmission), what came twice counts as it came first, and a different second
 * copy is counted; what never came, though something behind it did, is lost, and told as lost.
 *
 * pcap and pcapng are read by libpcap. Without it (a build may lack it) hf_capture_open fails with
 * HF_E_NO_PCAP.
 */
#ifndef HANDFAST_EXPLAIN_CAPTURE_H
#define HANDFAST_EXPLAIN_CAPTURE_H

#include "explain/explain.h"

#include <handfast/observe.h>

typedef struct hf_capture hf_capture;

/* Gives the capture from its start, anew each time; it is closed after use. NULL, with errno set,
 * when it cannot. */
typedef struct hf_capture_source {
    FILE *(*open)(void *ctx);
    void *ctx;
} hf_capture_source;

/* One TCP connection. */
typedef struct hf_capture_connection {
    size_t stream;               /* its number, from 0, in the order of first packets */
    char client[64], server[64]; /* "192.0.2.1:443", "[2001:db8::1]:443" */
    bool tls;                    /* a ClientHello or ServerHello was seen ... */
    bool hello;                  /* ... and it was a ClientHello */
    bool plain_first;            /* something else was said before it (STARTTLS, a proxy) */
    int64_t start_ns;            /* of its first packet, since 1970 */
    uint64_t packets, bytes;     /* bytes of both sides' segments, repeated ones included */
} hf_capture_connection;

/* True when libpcap is there. */
bool hf_capture_supported(void);

/* True when the bytes (8 suffice) begin a pcap or pcapng file. */
bool hf_capture_is(hf_bytes start);

/* Reads the capture once. `memory` may be NULL; of it, allocate, release and ctx are used.
 * HF_E_NO_PCAP, HF_E_CAPTURE (`got` says what libpcap said), HF_E_FILE, HF_E_OUT_OF_MEMORY. A file
 * that breaks off behind its first packets is good as far as it goes: hf_capture_broken_off. */
hf_status hf_capture_open(const hf_capture_source *source, const hf_explain_options *memory,
                          hf_capture **out, hf_error *e);
void hf_capture_free(hf_capture *c); /* NULL is fine */

size_t hf_capture_count(const hf_capture *c);
const hf_capture_connection *hf_capture_at(const hf_capture *c, size_t stream);
/* Connections beyond the limit. */
uint64_t hf_capture_more(const hf_capture *c);
/* The first with a ClientHello; else the first with a ServerHello; else hf_capture_count. */
size_t hf_capture_first_tls(const hf_capture *c);
/* What was wrong where the file broke off, or NULL. */
const char *hf_capture_broken_off(const hf_capture *c);
/* The key log inside a pcapng; empty where there is none. */
hf_bytes hf_capture_keylog(const hf_capture *c);

/* What became of a replayed connection's packets. */
typedef struct hf_capture_replayed {
    uint64_t lost[2];    /* bytes that were missing: the server's, the client's */
    uint64_t repeated;   /* bytes that came again */
    uint64_t differing;  /* ... of which, held when they came again, some were others */
    uint64_t cut;        /* packets that were not captured whole (tcpdump -s) */
    uint64_t fragments;  /* IP fragments in the whole capture */
    uint64_t stray;      /* segments far outside of what the connection said */
    bool from_the_start; /* its first packets are there */
} hf_capture_replayed;

/* Puts stream number `stream` together and gives it to the observer. HF_E_BAD_ARGUMENT when there
 * is none such; HF_E_OUT_OF_MEMORY, HF_E_FILE. `out` may be NULL. */
hf_status hf_capture_replay(hf_capture *c, size_t stream, hf_observer *o, hf_capture_replayed *out,
                            hf_error *e);

/* The time of the packet that is replayed: an hf_explain_options.now_ns with the capture as ctx. */
int64_t hf_capture_now_ns(void *capture);

/* The whole: stream `stream` as an explanation. Without `keys` (NULL) the capture's own key log is
 * used. Of `options`, secrets, application_data and memory count; may be NULL.
 *
 * With `trust` the server's certificates, as far as they are seen, are judged by it, for the name
 * that the client asked for and at the time of the capture. Each check is shown, and none makes the
 * connection one that failed: its client may trust others. NULL: they are shown unjudged. */
hf_status hf_explain_capture(hf_capture *c, size_t stream, const hf_keylog *keys,
                             const hf_store *trust, const hf_explain_options *options,
                             hf_explain **out, hf_error *e);

#endif
