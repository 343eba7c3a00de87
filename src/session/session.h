/* session.h: what two ends remember of a connection in order to resume it, and its one encoding.
 *
 * The same state serves a server (inside a sealed ticket, or in a cache by id) and a client (with
 * the ticket that came for it), and both versions. It holds what a resumed connection must be
 * compared with before it goes without a certificate: suite, name, protocol, the identities of both
 * ends and the generation of the server's config. The encoding is internal: it begins with a number
 * of its form, and another form is refused rather than guessed at.
 */
#ifndef HF_SESSION_SESSION_H
#define HF_SESSION_SESSION_H

#include "base/buf.h"
#include <handfast/base.h>

#define HF_SESSION_SECRET_MAX 48U
#define HF_SESSION_DIGEST     32U
#define HF_TICKET_OFFERED_MAX 32768U  /* bytes: a hello has room for it beside all else */
#define HF_SESSION_LIFE_MAX_S 604800U /* seven days: RFC 9846 section 4.7.1 */

typedef struct hf_session {
    uint16_t version, suite;
    bool extended_master_secret; /* TLS 1.2, RFC 7627 */
    bool peer_raw_key;           /* peer_identity is the pin of a raw public key (RFC 7250) */
    bool peer_authenticated;     /* the peer's certificate was verified, chain and name */
    uint8_t secret[HF_SESSION_SECRET_MAX];
    uint8_t secret_len;      /* of the 1.3 PSK (32 or 48), or of the 1.2 master secret (48) */
    int64_t began_ms;        /* when certificates were last shown: its life counts from here */
    int64_t created_ms;      /* when the ticket was sent or received: its age counts from here */
    uint32_t lifetime_s;     /* at most HF_SESSION_LIFE_MAX_S */
    uint32_t age_add;        /* 1.3: hides the age */
    uint32_t max_early_data; /* 1.3: bytes, 0 where none may be sent */
    uint64_t generation;     /* of the config that made it */
    uint8_t own_identity[HF_SESSION_DIGEST];  /* of the certificate shown, zeros for none */
    uint8_t peer_identity[HF_SESSION_DIGEST]; /* of the peer's certificate, zeros for none */
    hf_bytes ticket, server_name, alpn;       /* up to 65535, 255 and 255 bytes, inside `owned` */
    hf_bytes session_id;                      /* client, TLS 1.2 without a ticket: up to 32 bytes */
    hf_bytes peer_chain; /* certificates as in a message, where they are kept; inside `owned` */
    hf_buf owned;
} hf_session;

/* Appends the encoding of `s`, secret included, to `out`; `owned` itself is not read. On
 * HF_E_INTERNAL (a field longer than its length prefix or limit) or HF_E_OUT_OF_MEMORY `out` is as
 * it was. Whoever stores the bytes where others can read them seals them first. */
hf_status hf_session_encode(const hf_session *s, hf_buf *out);

/* Decodes a copy of `bytes` into `s`, which need not be initialised. HF_E_DECODE,
 * HF_E_TRAILING_BYTES or HF_E_OUT_OF_MEMORY leave `s` empty. */
hf_status hf_session_decode(hf_bytes bytes, hf_session *s);

/* True while the session may be used: not before it began, not after its lifetime or seven days.
 * `now_ms` is of the same clock as created_ms. */
bool hf_session_alive(const hf_session *s, int64_t now_ms);

/* Wipes and frees; the session is empty and may be reused. */
void hf_session_clear(hf_session *s);

#endif
