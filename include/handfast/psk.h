/* psk.h: pre-shared keys from outside TLS (external PSKs). handfast.h includes it.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 *
 * Two ends that were given the same secret key need no certificates: each proves in the handshake
 * that it has the key (RFC 9846 sections 2.2 and 4.3.11), and fresh keys are agreed on all the
 * same. TLS 1.3 alone. What RFC 9257 demands of such keys is the caller's part:
 *
 *  - At least 128 bits of entropy: 16 bytes from a random generator, never a password. Whoever
 *    talks to a client once can try passwords against its binder, offline and as fast as he likes.
 *    Shorter keys are refused; that longer ones are random nobody can check here.
 *  - One client and one server for each key. Where a group shares one, each member can pass for
 *    each other.
 *  - One role for each end. Where two peers hold one key and both are client and server, an
 *    attacker can connect a peer to itself (Selfie): use client_name and server_name, which make
 *    two keys of one, and tell the server its own by hf_config_own_psk.
 *  - One use: either imported or not, with one hash, in TLS 1.3 alone.
 *
 * Identities travel in the clear: whoever watches can tell who comes back.
 */
#ifndef HANDFAST_PSK_H
#define HANDFAST_PSK_H

#include <handfast/base.h>
#include <handfast/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The hash that a key is for: the numbers of the registry of KDFs (RFC 9258 section 9). */
enum { HF_PSK_SHA256 = 1, HF_PSK_SHA384 = 2 };

/* A key and how it is used. Zeros are defaults. What it points at is copied where it is given, and
 * the copy is wiped when it is freed. */
typedef struct hf_psk {
    hf_bytes identity; /* 1 to 1,024 bytes that tell this key from others */
    hf_bytes key;      /* 16 to 1,024 bytes, secret */
    uint16_t hash;     /* HF_PSK_..., 0: SHA-256. Not imported, it works with suites of this hash
                          alone (SHA-256: TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256) */

    /* The importer of RFC 9258 makes, from this key, one for TLS 1.3 and each hash, and puts all
     * that tells them apart into the identity that is sent. Better than the bare key; both ends
     * must do it. `context` is up to 1,024 bytes that both know, or it is made of the names of who
     * is client and who is server (both, 1 to 255 bytes each; RFC 9258 appendix A): such a key
     * works in one direction alone. Names import by themselves. */
    bool imported;
    hf_bytes context;
    const char *client_name, *server_name;

    /* How many bytes of early data (session.h) it allows; 0, the default, none. Insecure: unlike a
     * ticket the key has no age, so a server that met the same data more than twenty seconds ago
     * takes it again, for as long as the key is used; and it lacks forward secrecy. Only what may
     * happen any number of times belongs in it. Both ends must give the same protocol (ALPN; NULL:
     * none) and cipher suite (0: TLS_AES_128_GCM_SHA256, for a SHA-384 key that is not imported
     * TLS_AES_256_GCM_SHA384), and both configs hf_config_early_data. */
    uint32_t insecure_early_data;
    const char *early_alpn;
    uint16_t early_suite;
} hf_psk;

/* A client offers its keys in the order of adding, at most 8; a server takes the first that it
 * has, of those that a client offers, of at most 100,000, by its own order. With a key a client
 * needs no trust store and a server no identity: TLS 1.2 is not spoken then. A server that has
 * both shows its certificate where no key fits; a client that has both accepts either.
 *
 * The key shows who both ends are: hf_info.peer_authenticated is true, and hf_info.psk_identity is
 * whose. A server that asks for certificates (hf_config_client_auth) does not ask who has a key,
 * nor is hf_config_check_peer called. A key that the client cannot prove to have ends the
 * connection (HF_E_BAD_BINDER); so does an unknown one where a server has no certificate
 * (HF_E_PSK_UNKNOWN), with the same alert after the same work.
 *
 * Set hf_config_provider before. HF_E_BAD_ARGUMENT for anything outside these bounds or an identity
 * that was added already, HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_config_add_psk(hf_config *cfg, const hf_psk *psk);

/* For a server whose program is also a client: a key that it offers to others. Who shows it here
 * sends our own hello back to us (Selfie, RFC 9257 section 4.1): HF_E_PSK_REFLECTED. The same key
 * cannot be both this and a server's: HF_E_BAD_ARGUMENT. */
HF_API hf_status hf_config_own_psk(hf_config *cfg, const hf_psk *psk);

/* What a server's application is asked for. */
typedef struct hf_psk_question {
    hf_bytes identity; /* as it was sent */
    /* Where that has the form of an imported identity for TLS 1.3, what it was made of; else .p is
     * NULL. */
    hf_bytes external_identity, context;
} hf_psk_question;

typedef struct hf_psk_call hf_psk_call;

/* Asks the application for the key of an identity that is not among those added: at most four times
 * a ClientHello, in the client's order. It answers each by hf_psk_found, exactly once: before it
 * returns, or later from any thread. Where, and what it may call, is as for hf_ticket_sealer. The
 * identity is the client's to choose: up to 65,535 bytes. */
HF_API hf_status hf_config_psk_lookup(hf_config *cfg,
                                      void (*find)(void *ctx, hf_conn *conn,
                                                   const hf_psk_question *question,
                                                   hf_psk_call *call),
                                      void *ctx);

/* The answer: the key, copied, or NULL for an identity that is unknown. An empty psk->identity is
 * the one that was asked for (with its context, if psk->imported and no names). HF_E_BAD_ARGUMENT,
 * for a key outside the bounds or one of another identity, leaves the question open;
 * HF_E_WRONG_STATE: it was answered before. Such a connection gives no tickets: the application is
 * asked each time. */
HF_API hf_status hf_psk_found(hf_psk_call *call, const hf_psk *psk);

/* Pre-shared keys, tickets too, also without a key agreement (psk_ke): for peers that are too
 * small for one. A client offers it behind the mode with one; a server takes it where the client
 * offers nothing else, or the two have no group in common. Insecure: who ever gets hold of the key
 * reads all that was recorded. */
HF_API hf_status hf_config_insecure_psk_ke(hf_config *cfg);

#ifdef __cplusplus
}
#endif
#endif
