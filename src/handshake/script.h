/* script.h: the handshake as data. One linear table per version, read by both roles, and one driver
 * that walks it. docs/DESIGN.md says why; tests compare the tables with the RFCs' own state
 * machines.
 *
 * The driver does what every message needs once: framing, transcript, alignment, tracing, waiting
 * for jobs, unexpected messages. Handlers only fill or judge a struct.
 */
#ifndef HF_HANDSHAKE_SCRIPT_H
#define HF_HANDSHAKE_SCRIPT_H

#include "base/reader.h"
#include "base/writer.h"
#include "wire/messages.h"
#include <handfast/handfast.h>

typedef struct hf_handshake hf_handshake;

/* Who a row is for: the sender of its message, or who has the work to do. */
enum { HF_BY_CLIENT = 1, HF_BY_SERVER = 2, HF_BY_BOTH = 3 };

/* How a message stands in its row. */
enum {
    HF_MUST = 0,
    HF_MAY = 1,   /* the sender may leave it out */
    HF_ALIGN = 2, /* it must end its record: keys change after it (RFC 9846 section 5.1) */
};

/* Facts that rows teach, need or exclude. */
enum {
    HF_F_HELLO = 1 << 0,       /* a ClientHello was sent or received */
    HF_F_RETRY = 1 << 1,       /* the server sent HelloRetryRequest */
    HF_F_PSK = 1 << 2,         /* a PSK was accepted: no certificates */
    HF_F_EARLY = 1 << 3,       /* early data was accepted */
    HF_F_REQUEST = 1 << 4,     /* the server asked for a certificate */
    HF_F_CLIENT_CERT = 1 << 5, /* the client sent one that is not empty */
    /* RFC 8879, for each side's certificate: the other side offered to expand a compressed one;
     * and it came compressed */
    HF_F_SERVER_MAY_COMPRESS = 1 << 6,
    HF_F_SERVER_COMPRESSED = 1 << 7,
    HF_F_CLIENT_MAY_COMPRESS = 1 << 8,
    HF_F_CLIENT_COMPRESSED = 1 << 9,
    HF_F_STATUS = 1 << 10,    /* TLS 1.2: the server promised a CertificateStatus */
    HF_F_RESUMED = 1 << 11,   /* TLS 1.2: a session goes on: no certificates, no key exchange */
    HF_F_TICKET = 1 << 12,    /* TLS 1.2: the server promised a NewSessionTicket */
    HF_F_TRANSPORT = 1 << 13, /* TLS 1.2: the client encrypts the secret: no ServerKeyExchange */
    HF_F_COOKIE = 1 << 14,    /* server: the retry is known from the hello's cookie alone */
};

/* A build handler may return this instead of HF_OK: the message of its HF_MAY row is left out. */
#define HF_SKIP 1

/* What follows local work may return this: the row's work is done once more, perhaps with another
 * job (one ticket of several). */
#define HF_AGAIN 2

typedef struct hf_row {
    uint8_t message; /* HF_MSG_...; HF_MSG_NONE: local work */
    uint8_t by, how;
    uint16_t needs, unless, learns; /* HF_F_ bits */
    /* the sender writes the body ... */
    hf_status (*build)(hf_handshake *hs, hf_writer *w);
    /* ... the receiver parses it to its end and judges it ... */
    hf_status (*judge)(hf_handshake *hs, hf_reader *r);
    /* ... local work starts here, perhaps with a job ... */
    hf_status (*work)(hf_handshake *hs);
    /* ... and what follows, when the message is in the transcript or the job is done */
    hf_status (*after)(hf_handshake *hs);
    const char *section;
} hf_row;

extern const hf_row hf_table13[];
extern const size_t hf_table13_rows;
extern const hf_row hf_table12[];
extern const size_t hf_table12_rows;

/* True when the row has a part in a handshake with these facts. */
bool hf_row_applies(const hf_row *row, unsigned facts);

/* What the driver waits for. */
typedef enum hf_script_want {
    HF_SCRIPT_MESSAGE,
    HF_SCRIPT_JOB,
    HF_SCRIPT_DONE,
    HF_SCRIPT_FORGET, /* for a hello that brings back all that was known: the scratch may go */
} hf_script_want;

/* Walks on as far as it can without the peer: sends, works, takes results. */
hf_status hf_script_run(hf_handshake *hs, hf_script_want *want);

/* One whole message of the peer, header included. `ends_record`: nothing follows it in its record.
 */
hf_status hf_script_receive(hf_handshake *hs, hf_bytes message, bool ends_record);

/* The peer's ChangeCipherSpec, where it takes part in the order (TLS 1.2). */
hf_status hf_script_receive_ccs(hf_handshake *hs);

/* From now on the rows of TLS 1.2 hold, as if `message` had been theirs. */
void hf_script_speak_12(hf_handshake *hs, uint8_t message);

/* Finds the row that a message of `type` from the peer leads to, from row `at` on, given the facts;
 * `row_count` when none. `expected` (size bytes, may be NULL) receives what would have been right.
 */
size_t hf_script_find(const hf_row *table, size_t row_count, size_t at, unsigned facts,
                      unsigned peer, uint8_t type, char *expected, size_t size);

/* HandshakeType, with HelloRetryRequest told from ServerHello by its random. */
uint8_t hf_message_type(hf_bytes message);

#endif
