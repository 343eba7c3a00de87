/* connections.h: the first reading of a capture: which TCP connections it has, who is the client in
 * each, and where TLS begins in it.
 *
 * TLS begins where a ClientHello does: at the start of a segment (after STARTTLS or a proxy's
 * CONNECT in the middle of the connection), or with the first bytes of the connection, however they
 * were cut. What the client's segment acknowledges is where the server's TLS begins.
 */
#ifndef HF_EXPLAIN_CAPTURE_CONNECTIONS_H
#define HF_EXPLAIN_CAPTURE_CONNECTIONS_H

#include "explain/capture.h"
#include "explain/capture/packet.h"
#include "explain/capture/stream.h"

#define CAP_CONNECTIONS 4096U
#define CAP_SLOTS       8192U /* a power of two, twice as many */
#define CAP_HEAD        6U    /* record header, and the type of the first message */

/* One direction, as far as the first reading needs it. */
typedef struct cap_direction {
    bool syn;
    uint32_t first; /* sequence number of its first byte, where syn */
    uint8_t head[CAP_HEAD];
    uint8_t have; /* bit by bit: which bytes of it came */
    bool data;
} cap_direction;

typedef struct cap_connection {
    hf_capture_connection seen;
    cap_endpoint end[2]; /* [0] sent the first packet */
    cap_direction direction[2];
    uint64_t from_packet, to_packet; /* the packets between: ports are used again */
    int client;                      /* which end: 0 or 1; -1 unknown yet */
    bool start_known[2];             /* where TLS begins, by end */
    uint32_t start[2];
    bool closed; /* by RST, or FIN of either */
} cap_connection;

typedef struct cap_connections {
    cap_memory memory;
    cap_connection *list;
    size_t count, room;
    uint64_t more;            /* beyond the limit */
    uint16_t slot[CAP_SLOTS]; /* index + 1 of the newest with that pair of endpoints; 0: free */
} cap_connections;

void cap_connections_init(cap_connections *t, const cap_memory *memory);
void cap_connections_free(cap_connections *t);
/* Notes one segment, number `packet` of the capture, of `t_ns`. HF_E_OUT_OF_MEMORY. */
hf_status cap_connections_note(cap_connections *t, uint64_t packet, int64_t t_ns,
                               const cap_segment *s);
/* After the last: fills in what is known at the end alone. */
void cap_connections_end(cap_connections *t);

/* Which end of `c` sent the segment: 0 or 1; -1 when it is of another connection. */
int cap_sender(const cap_connection *c, uint64_t packet, const cap_segment *s);

#endif
