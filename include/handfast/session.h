/* session.h: resuming connections: sessions, tickets, early data. handfast.h includes it.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 *
 * A full handshake costs two public-key signatures. Two ends that met before can go without: the
 * server gives the client a ticket (RFC 9846 section 4.7.1; RFC 5077 in TLS 1.2), in which the
 * server's own state is sealed, or in TLS 1.2 the id of a session that the server keeps. A client
 * that shows it again proves that it is the one it was given to, and the server that it can open
 * it. TLS 1.3 agrees on fresh keys all the same, so that a stolen ticket key does not open what was
 * recorded.
 *
 * What a session was agreed for binds it: the name asked for, the protocol (ALPN), the server's
 * certificate, how clients are authenticated. Where any of it differs, the server falls back to a
 * full handshake; nothing fails.
 */
#ifndef HANDFAST_SESSION_H
#define HANDFAST_SESSION_H

#include <handfast/base.h>
#include <handfast/provider.h>
#include <handfast/x509.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hf_config hf_config;
typedef struct hf_conn hf_conn;

/* ---- a store of sessions ---- */

/* A bounded store of sessions in memory, reference-counted, for any threads. A client's holds what
 * servers gave it, by name: several for each, newest first, and each is used once (RFC 9846 section
 * C.4). A server's holds TLS 1.2 sessions by id. When it is full the oldest goes. */
typedef struct hf_sessions hf_sessions;

/* For at most `most` sessions (1 to 1,000,000). HF_E_BAD_ARGUMENT, HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_sessions_new(size_t most, hf_sessions **out);
HF_API hf_sessions *hf_sessions_ref(hf_sessions *s);
HF_API void hf_sessions_free(hf_sessions *s); /* one reference; NULL is fine; wipes */
HF_API size_t hf_sessions_count(hf_sessions *s);

/* Connections of this config resume from the store, and add to it. Share one between client configs
 * only where they would judge a server alike: a resumed connection does not see its certificates
 * again. Takes a reference; NULL, the default, is none: a client then offers no resumption (but see
 * hf_config_new_session), a server knows TLS 1.2 sessions by ticket alone. */
HF_API hf_status hf_config_sessions(hf_config *cfg, hf_sessions *sessions);

/* ---- sessions as bytes, for clients that keep them elsewhere ---- */

/* Calls `session` with each session that a server gives a client of this config, on the
 * connection's thread, in a call to hf_step or hf_open. The bytes are good during the call, and
 * secret: whoever has them can pass for this client and, with early data, read it. */
HF_API hf_status hf_config_new_session(hf_config *cfg,
                                       void (*session)(void *ctx, hf_conn *conn, hf_bytes session),
                                       void *ctx);

/* What the bytes of a session say about it, for whoever keeps them. */
typedef struct hf_session_info {
    uint16_t version;           /* HF_TLS_1_3 or HF_TLS_1_2 */
    uint16_t suite;             /* IANA's number */
    bool peer_authenticated;    /* the server's certificate was verified when it was shown */
    uint32_t max_early_data;    /* bytes, 0: none */
    int64_t began_s, expires_s; /* since 1970: the full handshake, and when its life is over */
    char host[256];             /* the name that was asked for, "" for none */
} hf_session_info;

/* HF_E_SESSION_MALFORMED for bytes that are no session, HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_session_describe(hf_bytes session, hf_session_info *out);

/* Puts a client's session into the store, as if the server had just given it: so that connections
 * which others make (hf_dial) resume what was kept elsewhere. HF_E_SESSION_MALFORMED,
 * HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_sessions_add(hf_sessions *s, hf_bytes session);

/* Offers the session to the server, before the first hf_step of a client; it replaces what the
 * store would give. A session that does not fit (another name, another suite or version than the
 * config has, past its life, made without verification) is left unused, and the handshake is a full
 * one: hf_info.resumed tells. HF_E_WRONG_STATE, HF_E_WRONG_ROLE, HF_E_SESSION_MALFORMED for bytes
 * that are no session, HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_conn_resume(hf_conn *c, hf_bytes session);

/* ---- a server's tickets ---- */

/* How many tickets a TLS 1.3 server gives to a client that can use them, 0 to 8; 0 also turns them
 * off in TLS 1.2, where there is never more than one. Default: 2. */
HF_API hf_status hf_config_tickets(hf_config *cfg, unsigned count);

/* For how long a session may be resumed, seconds, at most 604,800 (seven days). Default: 7,200. */
HF_API hf_status hf_config_session_life(hf_config *cfg, uint32_t seconds);

/* Whatever a session must agree with beyond what the library itself compares: servers with the same
 * ticket keys resume each other's sessions only where this is the same too. Copied; empty by
 * default. */
HF_API hf_status hf_config_session_context(hf_config *cfg, hf_bytes context);

/* The keys that seal tickets (AES-256-GCM), reference-counted, for any threads. A server config
 * without any makes its own when it is frozen; share one object so that several configs open each
 * other's tickets. A ticket opens under every key that is held; the first seals. */
typedef struct hf_ticket_keys hf_ticket_keys;

/* Keys that are made at random and changed by themselves: each seals for `period_s` seconds (0:
 * 43,200, twelve hours), and then opens for as long again. Make the period no shorter than sessions
 * live (hf_config_session_life), or some end early. `provider` NULL: the default. The first key is
 * made with the first ticket. HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_ticket_keys_new(const hf_provider *provider, uint32_t period_s,
                                    hf_ticket_keys **out);
HF_API hf_ticket_keys *hf_ticket_keys_ref(hf_ticket_keys *k);
HF_API void hf_ticket_keys_free(hf_ticket_keys *k);

/* Replaces all keys by those in `files`, at most 16 in all, the first of which seals: so a fleet
 * shares them, and changes them by calling this again. Each is the content of a file in one of the
 * formats that servers have for it: 48 or 80 bytes as nginx reads (ssl_session_ticket_key), or
 * lines of base64 that give 48 or 80 bytes each as haproxy reads (tls-ticket-keys; of those the
 * last but one seals). The keys used are derived from these bytes: tickets are our own, and not
 * those of nginx. Nothing changes by itself from then on. HF_E_TICKET_KEYS, with what is wrong. */
HF_API hf_status hf_ticket_keys_read(hf_ticket_keys *k, const hf_bytes *files, size_t count,
                                     hf_error *e);
HF_API hf_status hf_config_ticket_keys(hf_config *cfg, hf_ticket_keys *keys);

/* ---- tickets sealed elsewhere ---- */

/* The application seals and opens tickets in place of hf_ticket_keys: with keys that a token or a
 * service of its own holds, or by keeping the state in a store that a fleet shares, so that the
 * ticket is only what finds it again (unguessable: 16 random bytes or more).
 *
 * Both are called on the connection's thread, with bytes that are good during the call. Each must
 * be answered exactly once, by the call that belongs to it: before it returns, or later from any
 * thread. Until then the connection waits (HF_WANT_JOB, and the notify callback when the answer is
 * there), so put a limit to the time that a store may take, and answer with nothing when it is
 * over: a handshake without resumption is what that costs. A connection that is freed meanwhile is
 * not disturbed, but the answer must still come: it frees what is left. hf_conn_user(conn) tells
 * connections apart; neither may call other functions on `conn`.
 *
 * `state` is secret: whoever reads it can pass for the client, and reads a resumed connection of
 * TLS 1.2. What comes back must be what went in, byte for byte, or nothing: seal with an AEAD. The
 * tickets of clients are theirs to choose: `open` sees whatever they send, up to 65,535 bytes, at
 * most four times a connection. */
typedef struct hf_ticket_call hf_ticket_call;

typedef struct hf_ticket_sealer {
    void (*seal)(void *ctx, hf_conn *conn, hf_bytes state, hf_ticket_call *call);
    void (*open)(void *ctx, hf_conn *conn, hf_bytes ticket, hf_ticket_call *call);
    void *ctx;
} hf_ticket_sealer;

/* The struct is copied; it goes before hf_config_ticket_keys. How many tickets are given, for how
 * long they live and what they are bound to stays the library's. HF_E_WRONG_ROLE for a client,
 * HF_E_BAD_ARGUMENT when one of the two functions is missing. */
HF_API hf_status hf_config_ticket_sealer(hf_config *cfg, const hf_ticket_sealer *sealer);

/* The answer to `seal`: the ticket, 1 to 65,000 bytes, copied; empty bytes when there is none to
 * give. HF_E_BAD_ARGUMENT for a longer one leaves the question open; HF_E_WRONG_STATE: it was
 * answered before. */
HF_API hf_status hf_ticket_sealed(hf_ticket_call *call, hf_bytes ticket);

/* The answer to `open`: the state that was sealed, copied; empty bytes for a ticket that is
 * unknown, used up, or of a key that is gone. `renew`: give a new one in its place (TLS 1.2; in TLS
 * 1.3 each connection gets new ones in any case). HF_E_WRONG_STATE: it was answered before. */
HF_API hf_status hf_ticket_opened(hf_ticket_call *call, hf_bytes state, bool renew);

/* ---- early data (0-RTT): RFC 9846 section 2.3 ---- */

/* A client's request may travel with its first flight when a session is resumed. It is protected by
 * the ticket's secret alone, so it lacks forward secrecy, and an attacker may send it again: only
 * what is harmless when it happens twice belongs in it.
 *
 * For a server: how many bytes of it each ticket allows; a ticket that was used for early data is
 * remembered for as long as it would be taken again, and a second use falls back to one round trip.
 * For a client any number but 0 allows hf_write_early. Default: 0, none. */
HF_API hf_status hf_config_early_data(hf_config *cfg, uint32_t bytes);

/* A memory of early data that several servers share, in place of this config's own table: RFC 9846
 * section 8. `test` is asked when early data could be taken: was the 32-byte `id` of its
 * ClientHello put there before? It puts it there if not, in one step that no other server can come
 * between, for `keep_s` seconds (a hello older than that is not fresh), and answers by
 * hf_early_answer: true, it is the first; false, it was there, or there is no telling. Where, when
 * and how often it may answer, and what it may call, is as for hf_ticket_sealer. All servers that
 * can open a ticket must ask the same store, and their clocks agree within some seconds. */
typedef struct hf_early_call hf_early_call;
HF_API hf_status hf_config_early_data_store(hf_config *cfg,
                                            void (*test)(void *ctx, hf_conn *conn, hf_bytes id,
                                                         uint32_t keep_s, hf_early_call *call),
                                            void *ctx);

/* HF_E_WRONG_STATE: it was answered before. */
HF_API hf_status hf_early_answer(hf_early_call *call, bool first);

typedef enum hf_early_data {
    HF_EARLY_NONE,     /* none was offered */
    HF_EARLY_OFFERED,  /* sent, and not answered yet */
    HF_EARLY_ACCEPTED, /* the server took it */
    HF_EARLY_REJECTED, /* it did not: whatever was written early must be written again */
} hf_early_data;

/* Data for the first flight, before the first hf_step of a client, copied: `*taken` is how much of
 * it will go out early, 0 where no session at hand allows any. hf_info.early_data tells what became
 * of it. HF_E_WRONG_STATE, HF_E_WRONG_ROLE, HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_write_early(hf_conn *c, const void *p, size_t n, size_t *taken);

#ifdef __cplusplus
}
#endif
#endif
