/* handfast.h: TLS connections. This is all that most programs need.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 *
 * Three ways to use it, from easy to lean:
 *
 *  1. Streams. hf_dial or hf_accept, hf_stream_read, hf_stream_write, hf_stream_close: blocking,
 * over a socket, with timeouts. Everything that TLS does on the side happens inside.
 *  2. Connections. hf_client_new or hf_server_new makes an hf_conn that touches no socket: bytes
 * from the network go in (hf_feed), bytes for the network come out (hf_out), hf_step moves it on
 * and says what it wants next. For event loops, tests and unusual transports.
 *  3. Connections with the caller's buffers: hf_open decrypts a record in place, hf_seal encrypts
 * from the caller's memory straight into the caller's output. For servers that count every copy.
 *
 * A config holds what connections share: certificates, trust, choices, limits. It is built, frozen,
 * and from then on constant: any number of connections on any threads use it without a lock. One
 * connection is used by one thread at a time. There is no global state and no call to initialise.
 *
 * Functions return hf_status unless noted: 0, or a negative code from errors.def. Verification is
 * on, for the chain and for the name; only a call with `insecure` in its name turns any of it off.
 */
#ifndef HANDFAST_HANDFAST_H
#define HANDFAST_HANDFAST_H

#include <handfast/base.h>
#include <handfast/provider.h>
#include <handfast/psk.h>
#include <handfast/session.h>
#include <handfast/trace.h>
#include <handfast/x509.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- config ---- */

typedef struct hf_config hf_config;

typedef enum hf_role { HF_CLIENT, HF_SERVER } hf_role;

enum { HF_TLS_1_2 = 0x0303, HF_TLS_1_3 = 0x0304 };

/* Makes a config with secure defaults; it belongs to the caller, who gives it back by
 * hf_config_free. HF_E_OUT_OF_MEMORY.
 *
 * Setters may be called in any order before hf_config_freeze. The first one that fails is
 * remembered: hf_config_freeze then returns its error, so that a program may check once, there. */
HF_API hf_status hf_config_new(hf_role role, hf_config **out);
HF_API hf_config *hf_config_ref(hf_config *cfg);
HF_API void hf_config_free(hf_config *cfg); /* one reference; NULL is fine */

/* Ends the building: checks that all fits together and precomputes what connections share. A client
 * without a trust store gives HF_E_NO_TRUST, a server without an identity HF_E_NO_IDENTITY. */
HF_API hf_status hf_config_freeze(hf_config *cfg, hf_error *e);

/* A server's certificate chain and key, or a client's for two-way TLS. May be called several times.
 * Only one whose key can make a signature that the peer accepts is chosen. Among those a server
 * prefers, in this order: one for the name asked for (SNI), by an exact name, then by a wildcard;
 * one that leads to an authority that the client names; one whose chain bears signatures that the
 * client accepts; a key other than RSA. The first one added is the default for clients that ask for
 * no name, or for one that none covers (with others for the same name, of another key type, beside
 * it). A client prefers by authorities and by the chain's signatures, then by the order of adding.
 * Takes a reference. */
HF_API hf_status hf_config_add_identity(hf_config *cfg, hf_identity *identity);

/* Whom to trust. A reference is taken; the store must not be changed any more. */
HF_API hf_status hf_config_trust(hf_config *cfg, hf_store *store);

/* Trusts the system's certificates (read now, from files: src/io). */
HF_API hf_status hf_config_trust_system(hf_config *cfg);

/* Trusts the certificates in a PEM or DER file, and no others. HF_E_FILE, HF_E_PEM_... (src/io). */
HF_API hf_status hf_config_trust_file(hf_config *cfg, const char *path);

/* Revocation lists that the peer's chain is judged by, and what is demanded of it. A reference is
 * taken; the lists must not be changed any more (a new config takes new ones). Defaults: none, and
 * HF_REVOCATION_SOFT_FAIL. With one of the two others a peer of whom nothing that counts says that
 * it is good is refused with HF_E_REVOCATION_UNKNOWN; HF_E_CERT_REVOKED where something says that
 * it is not. */
HF_API hf_status hf_config_crls(hf_config *cfg, hf_crls *crls);
HF_API hf_status hf_config_revocation(hf_config *cfg, hf_revocation demand);

/* What the peer's certificates are held to, beside what makes a difference for security:
 * HF_PROFILE_WEBPKI what browsers' root programs demand of public authorities, HF_PROFILE_RFC5280
 * what the standard demands of anyone who issues. Default: HF_PROFILE_TLS, since certificates of
 * private authorities often break rules of form. HF_E_BAD_ARGUMENT. */
HF_API hf_status hf_config_profile(hf_config *cfg, hf_profile profile);

/* Logs of Certificate Transparency that the peer's timestamps are judged by, and how many must
 * count
 * (<handfast/ct.h>; NULL: what Chrome demands). A reference is taken; the logs must not be changed
 * any more. NULL for no logs, which is the default: then nothing is asked. With logs this side asks
 * for timestamps in the handshake too (hf_config_request_scts), and a peer that too few logs vouch
 * for is refused with HF_E_CT_NOT_ENOUGH, unless the policy is optional; each timestamp is a check
 * of the trace. For a client that talks to servers of the Web: no private authority has logs. */
HF_API hf_status hf_config_ct(hf_config *cfg, hf_ct_logs *logs, const hf_ct_policy *policy);

/* Remembers the peers' signatures that were found good, so that a chain met again costs no
 * signature but the peer's own proof: a reference to `cache` is taken, and several configs may
 * share one. Without this call a client has a cache of its own of 512 entries (20 KiB), and a
 * server that asks for certificates too; NULL means none at all. */
HF_API hf_status hf_config_signature_cache(hf_config *cfg, hf_signature_cache *cache);

/* Remembers `e` as what hf_config_freeze will report, unless something failed before it: for
 * setters of one's own. Returns e->code. */
HF_API hf_status hf_config_fail(hf_config *cfg, const hf_error *e);

/* Does a server ask its clients for a certificate? Default: HF_CLIENT_AUTH_NONE. With the others a
 * trust store is needed; a certificate that is sent is always verified. */
typedef enum hf_client_auth {
    HF_CLIENT_AUTH_NONE,
    HF_CLIENT_AUTH_OPTIONAL,
    HF_CLIENT_AUTH_REQUIRED,
} hf_client_auth;
HF_API hf_status hf_config_client_auth(hf_config *cfg, hf_client_auth mode);

/* ---- raw public keys, RFC 7250 ----
 *
 * A side may show its public key alone in place of a certificate: for closed worlds, where the keys
 * are known beforehand and no authority is needed. It is shown by an identity of
 * hf_identity_new_raw_key. The peer proves as always that it holds the private key; that the key is
 * the right one is judged by a list: a key that is not in it is refused with
 * HF_E_RAW_KEY_UNTRUSTED. A raw key has no name: a key that is trusted may answer for every host
 * that this config is used for, so use a config for each group of peers that may do so. */

/* Trusts this key: a SubjectPublicKeyInfo in DER, or PEM ("PUBLIC KEY"), copied. With it raw public
 * keys are taken from the peer, in preference to certificates. HF_E_RAW_KEY_MALFORMED,
 * HF_E_KEY_UNSUPPORTED, HF_E_PEM_... */
HF_API hf_status hf_config_trust_raw_key(hf_config *cfg, hf_bytes public_key);

/* The same by the key's pin: the SHA-256 of its SubjectPublicKeyInfo. */
HF_API hf_status hf_config_trust_raw_key_pin(hf_config *cfg, const uint8_t pin[32]);

/* Takes any raw public key, as one does that judges keys itself (hf_config_check_peer, where
 * path[0]->raw_public_key tells): the connection is not authenticated by it. */
HF_API hf_status hf_config_insecure_any_raw_key(hf_config *cfg);

/* What types the peer may show, best first: 1 or 2 of hf_cert_type, each once. Default: raw public
 * keys if some are trusted; X.509 if there is a trust store, or nothing else. A peer that has none
 * of them is refused with HF_E_NO_COMMON_CERT_TYPE; a server that asks for no certificate does not
 * look. HF_E_BAD_ARGUMENT. */
HF_API hf_status hf_config_peer_cert_types(hf_config *cfg, const hf_cert_type *types, size_t count);

/* What types this side offers to show, best first. Default: those of its identities, in the order
 * of adding; a server prefers the type of its first identity, too, among those that the client
 * takes. HF_E_BAD_ARGUMENT. */
HF_API hf_status hf_config_own_cert_types(hf_config *cfg, const hf_cert_type *types, size_t count);

/* Accepts every certificate of the peer: anyone on the way can read and change everything. */
HF_API hf_status hf_config_insecure_no_verification(hf_config *cfg);

/* A judge of the application's own, for what no list of trusted authorities says: pins, revocation,
 * who may come in. It is asked on the connection's thread when the peer's chain has been verified
 * (where verification is off: when it has come), and not when the peer sent none. `path[0]` is the
 * peer's certificate, the others as in hf_peer_cert; all is good during the call only. It returns
 * HF_ALERT_close_notify (0) to accept, else the alert to refuse with (certificate_unknown,
 * certificate_revoked, access_denied...): the connection then fails with HF_E_CERT_REFUSED. It may
 * ask for hf_conn_user(conn) and hf_conn_info. */
HF_API hf_status hf_config_check_peer(hf_config *cfg,
                                      hf_alert (*check)(void *ctx, const hf_conn *conn,
                                                        const hf_cert *const *path, size_t count),
                                      void *ctx);

/* Names separated by ':' or ',', in order of preference; HF_E_UNKNOWN_NAME_IN_LIST says which are
 * known. Defaults: docs/DESIGN.md.
 * groups "X25519MLKEM768:X25519:P-256:P-384"; suites "TLS_AES_128_GCM_SHA256:..."; sigschemes
 * "ecdsa_secp256r1_sha256:..."; alpn "h2,http/1.1" (1 to 255 bytes each, any text without commas).
 */
HF_API hf_status hf_config_groups(hf_config *cfg, const char *list);
HF_API hf_status hf_config_suites(hf_config *cfg, const char *list);
HF_API hf_status hf_config_sigschemes(hf_config *cfg, const char *list);
HF_API hf_status hf_config_alpn(hf_config *cfg, const char *list);

/* ---- about certificates ---- */

/* Which compressions of certificates (RFC 8879) this side offers and uses, best first: "brotli",
 * "zstd", "zlib", as far as they were built in; "none" for none. Each form of a certificate is
 * compressed once, at its first use, and kept in the config; and not used where it is no shorter.
 * Default: all there are, where at least 128 bytes are saved, so that the peer's work is worth it.
 */
HF_API hf_status hf_config_cert_compression(hf_config *cfg, const char *list);

/* Which signatures the peer's certificates may bear, names as for hf_config_sigschemes: sent as
 * signature_algorithms_cert (RFC 9846 section 4.3.3), and demanded of the chain that is accepted
 * (HF_E_CERT_SCHEME_NOT_OFFERED). Default: not sent, and what the verifier accepts. */
HF_API hf_status hf_config_cert_sigschemes(hf_config *cfg, const char *list);

/* Ask the peer for a stapled OCSP response (RFC 6066 section 8), and for signed certificate
 * timestamps (RFC 6962)? Defaults: OCSP yes, for a certificate may demand it: one with the TLS
 * feature status_request (RFC 7633) that comes without a response gives HF_E_STAPLE_MISSING. SCTs
 * no, unless hf_config_ct gives logs to check them by. What came is in hf_info. */
HF_API hf_status hf_config_request_ocsp(hf_config *cfg, bool on);
HF_API hf_status hf_config_request_scts(hf_config *cfg, bool on);

/* Send the names of the trust store's certificates as certificate_authorities (RFC 9846
 * section 4.3.4), by which the peer chooses among its certificates? Default: a server that asks for
 * certificates does, a client does not. Names of more than 16,384 bytes in all are not sent: a list
 * so long helps nobody. */
HF_API hf_status hf_config_send_authorities(hf_config *cfg, bool on);

/* A server that is asked (by SNI) for a name that none of its certificates covers: false, the
 * default, shows the default one, and the client judges; true refuses with unrecognized_name
 * (HF_E_UNKNOWN_SERVER_NAME). */
HF_API hf_status hf_config_known_names_only(hf_config *cfg, bool on);

/* ---- looking at a ClientHello ---- */

/* What a client offers, before anything is chosen from it. Lists are as on the wire: of uint16 in
 * network order (hf_hello_has searches one), ALPN's of names with a length byte each, authorities
 * of DER names with two length bytes each; .p is NULL for an extension that is not there.
 * Everything borrows from the connection and is good during the callback only. */
typedef struct hf_hello_view {
    hf_bytes message; /* the whole ClientHello with its header */
    const char *host; /* the name asked for; NULL for none */
    uint16_t legacy_version;
    hf_bytes random, session_id;
    hf_bytes cipher_suites, versions, groups, schemes, cert_schemes, compressions;
    hf_bytes alpn, authorities;
    hf_bytes client_cert_types, server_cert_types; /* of uint8, RFC 7250; empty: X.509 alone */
} hf_hello_view;

HF_API bool hf_hello_has(hf_bytes list, uint16_t value);
HF_API bool hf_hello_offers_alpn(const hf_hello_view *view, const char *protocol);

/* The question that waits for the application's answer. */
typedef struct hf_hello hf_hello;

/* Calls `hello` for each first ClientHello, on the connection's thread. It must answer each with
 * hf_hello_go_on or hf_hello_refuse, exactly once: before it returns, or later from any thread.
 * Until then the connection waits (HF_WANT_JOB, and the notify callback when the answer is there).
 * A connection that is freed meanwhile is not disturbed, but the answer must still come: it frees
 * what is left. hf_conn_user(conn) tells connections apart; the callback may not call other
 * functions on `conn`. */
HF_API hf_status hf_config_client_hello(hf_config *cfg,
                                        void (*hello)(void *ctx, hf_conn *conn,
                                                      const hf_hello_view *view, hf_hello *hello),
                                        void *ctx);

/* Goes on, with another frozen server config if `use` is not NULL (a reference is taken; from then
 * on it is the connection's config in everything, and its own callback is not asked again).
 * HF_E_CONFIG_NOT_FROZEN and HF_E_WRONG_ROLE leave the question open; HF_E_WRONG_STATE: it was
 * answered before. */
HF_API hf_status hf_hello_go_on(hf_hello *h, hf_config *use);

/* Fails the connection with HF_E_HELLO_REFUSED and this alert (access_denied,
 * unrecognized_name...).
 */
HF_API hf_status hf_hello_refuse(hf_hello *h, hf_alert alert);

/* For how many of the groups, from the first, a client sends a key share at once: 1 to 4. The
 * default is 2 (X25519MLKEM768 and X25519): a server that lacks both asks again by
 * HelloRetryRequest. */
HF_API hf_status hf_config_key_shares(hf_config *cfg, unsigned count);

/* HF_TLS_1_2 or HF_TLS_1_3, min <= max. Default: all that this library has. */
HF_API hf_status hf_config_versions(hf_config *cfg, uint16_t min, uint16_t max);

/* TLS 1.2 without extended_master_secret (RFC 7627), for peers that lack it. Insecure: an attacker
 * who is a server to one side and a client to the other can make two connections share their keys
 * (Triple Handshake), and so can nothing that leans on them, such as hf_export. */
HF_API hf_status hf_config_insecure_no_extended_master_secret(hf_config *cfg);

/* TLS_RSA_WITH_AES_128_GCM_SHA256 and TLS_RSA_WITH_AES_256_GCM_SHA384, for peers of TLS 1.2 that
 * lack ECDHE: the client makes the secret and encrypts it with the server's RSA key (RFC 5246
 * section 7.4.7.1). Insecure: who gets hold of that key, even years later, reads everything that
 * was recorded. They come behind all other suites, unless hf_config_suites names them, which it may
 * only along with this call; a server takes one only where nothing else is common, with an RSA
 * identity whose key is held here and may encipher keys. A wrong encryption and a right one look
 * the same from outside until Finished (ROBOT, Marvin). */
HF_API hf_status hf_config_insecure_rsa_key_transport(hf_config *cfg);

/* What an attacker may make this side spend. 0 keeps the default. */
typedef struct hf_limits {
    uint32_t handshake_message;        /* bytes of one handshake message: 65,536 */
    uint32_t chain_length;             /* certificates: 10 */
    uint32_t signature_checks;         /* per verification: 100 */
    uint32_t records_without_progress; /* in a row: 32 */
    uint32_t key_updates;              /* in a row without application data: 32 */
    uint32_t output_pending; /* bytes that wait in hf_out before hf_write takes no more: 65,536 */
} hf_limits;
HF_API hf_status hf_config_limits(hf_config *cfg, const hf_limits *limits);

/* The largest plaintext record this side accepts, sent as record_size_limit (RFC 8449): 64 to
 * 16,385 bytes (16,385 in TLS 1.3 counts the content type). Default 0: not sent. */
HF_API hf_status hf_config_record_size_limit(hf_config *cfg, uint16_t limit);

/* Pads every protected record to a multiple of `bytes` (0 and 1: no padding), RFC 9846 section 5.4.
 */
HF_API hf_status hf_config_padding(hf_config *cfg, uint16_t bytes);

/* Records that one key may protect before it is updated by itself; 0: the AEAD's own limit (RFC
 * 9846 section 5.5). Lower values are for tests. */
HF_API hf_status hf_config_key_limit(hf_config *cfg, uint64_t records);

/* A client's GREASE (RFC 8701) and the middlebox compatibility mode (RFC 9846 section E.4); both
 * on. */
HF_API hf_status hf_config_grease(hf_config *cfg, bool on);
HF_API hf_status hf_config_middlebox_compatibility(hf_config *cfg, bool on);

/* A server's HelloRetryRequest carries a cookie that the client must return (RFC 9846
 * section 4.3.2). Default off: this server keeps its state and needs none. */
HF_API hf_status hf_config_retry_cookie(hf_config *cfg, bool on);

/* A server's HelloRetryRequest leaves nothing behind: what was known, the hash of the ClientHello
 * among it, is sealed into the cookie (with the keys of hf_config_ticket_keys, or the config's own)
 * and comes back in the second hello, which is taken for `life_s` seconds, 1 to 600 (30 is plenty).
 * Default 0: off. When HelloRetryRequest has been sent, all handshake state is given up, and
 * hf_step says HF_STATELESS:
 *
 *  - One server, TCP: nothing need be done. The connection waits in some 700 bytes, whatever the
 *    client asked for, and begins anew with the second hello.
 *  - Where what follows may reach another process or another machine: send hf_out, free the
 *    connection, and feed what comes next to a new one, here or there. Any server with the same
 *    ticket keys, groups and suites takes it up.
 *
 * What the second hello may not change is checked in both cases, by a hash in the cookie. A cookie
 * that is wrong, too old, or of another hello ends the connection with one and the same alert. It
 * is good for any number of connections while it lives: as a bare ClientHello is. The callback of
 * hf_config_client_hello is asked again by a new connection. Not for a client: HF_E_WRONG_ROLE. */
HF_API hf_status hf_config_stateless_retry(hf_config *cfg, uint32_t life_s);

/* Keep the peer's chain after the handshake, for hf_peer_cert. Default off: an idle connection is
 * small. Callbacks and the trace see it in any case. */
HF_API hf_status hf_config_keep_peer_chain(hf_config *cfg, bool on);

/* Every secret of every connection, in NSS key log format, one line a call without a newline:
 * whoever reads it reads the connections. Called on the connection's thread; must be thread-safe if
 * the config is shared between threads. */
HF_API hf_status hf_config_keylog(hf_config *cfg, void (*line)(void *ctx, const char *line),
                                  void *ctx);

/* Events; see trace.h. The struct is copied. */
HF_API hf_status hf_config_trace(hf_config *cfg, const hf_trace *trace);

/* Who runs jobs; default: at once, in hf_step. The struct is copied; see provider.h. */
HF_API hf_status hf_config_executor(hf_config *cfg, const hf_executor *executor);

/* Primitives, randomness and clock; default hf_provider_default(). Must outlive the config. Set it
 * before the lists, which are looked up in it. */
HF_API hf_status hf_config_provider(hf_config *cfg, const hf_provider *provider);

/* Handshakes take their ephemeral keys from the pool where it has some (provider.h). A reference is
 * taken; several configs may share a pool. NULL: none, the default. The pool's group must be one of
 * the config's provider to be of use. */
HF_API hf_status hf_config_keypairs(hf_config *cfg, hf_keypairs *pool);

/* Randomness or clock alone, in place of the provider's (deterministic tests). */
HF_API hf_status hf_config_random(hf_config *cfg,
                                  hf_status (*random)(void *ctx, uint8_t *p, size_t n), void *ctx);
HF_API hf_status hf_config_clock(hf_config *cfg, int64_t (*now_s)(void *ctx), void *ctx);

/* ---- connections ---- */

typedef struct hf_conn hf_conn;

/* A client that wants to reach `host`: a DNS name or the text of an IP address. It is sent as SNI
 * (names only) and the server's certificate must be valid for it. The config must be frozen; a
 * reference is taken. HF_E_BAD_HOST_NAME, HF_E_NO_HOST_NAME, HF_E_CONFIG_NOT_FROZEN,
 * HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_client_new(hf_config *cfg, const char *host, hf_conn **out);

/* A client that checks the server's chain but not its name: it talks to whoever holds any
 * certificate of a trusted authority. No SNI is sent. */
HF_API hf_status hf_client_new_insecure_no_name(hf_config *cfg, hf_conn **out);

HF_API hf_status hf_server_new(hf_config *cfg, hf_conn **out);

/* Frees and wipes; NULL is fine. A job still in flight is let go: its memory is freed when the
 * executor finishes it. Sends nothing: call hf_close and drain hf_out first. */
HF_API void hf_conn_free(hf_conn *c);

/* A pointer of the caller's that travels with the connection (for trace and executor callbacks). */
HF_API void hf_conn_set_user(hf_conn *c, void *user);
HF_API void *hf_conn_user(const hf_conn *c);

/* What a connection wants or has; hf_step returns a set of these. */
enum {
    HF_WANT_INPUT = 1,   /* feed bytes from the network, then step again */
    HF_WANT_OUTPUT = 2,  /* hf_out has bytes for the network */
    HF_WANT_JOB = 4,     /* a job is with the executor; step again when the notify callback came */
    HF_HAVE_DATA = 8,    /* hf_read has bytes */
    HF_ESTABLISHED = 16, /* the handshake is complete on this side: hf_write works */
    HF_PEER_CLOSED = 32, /* the peer sent close_notify: no more data will come */
    HF_CLOSED = 64,      /* both directions are closed and the output is drained */
    HF_STATELESS = 128,  /* HelloRetryRequest is all there was: hf_config_stateless_retry */
    HF_HALF_RTT = 256,   /* a server waits for the client's Finished: hf_write_half_rtt works */
};

/* Moves the connection as far as its input allows. Returns a set of the flags above, or a negative
 * code once the connection has failed (then, and from then on: flush hf_out, which may hold the
 * alert for the peer, and free it). hf_conn_error tells the story. */
HF_API int hf_step(hf_conn *c);

/* Gives back what a connection need not hold while nothing goes on: expanded keys and empty
 * buffers, some two kilobytes. They are made again when they are needed, in well under a
 * microsecond. It happens by itself in the second of two hf_steps between which no record came or
 * went; a program that steps a connection only when something came calls this before it waits for
 * long. */
HF_API void hf_conn_rest(hf_conn *c);

/* Input: copies up to `n` bytes in; `*used` says how many were taken (fewer only when the
 * connection holds a whole record that must be read first: step, read, and feed the rest). */
HF_API hf_status hf_feed(hf_conn *c, const void *p, size_t n, size_t *used);

/* Input without the copy: room for the caller to read into, at least 1 byte; commit says how many
 * bytes came. The room is good until the next call on the connection. *p is NULL and *room 0 when
 * the connection holds a whole record that must be read first. */
HF_API hf_status hf_in_buffer(hf_conn *c, uint8_t **p, size_t *room);
HF_API hf_status hf_in_commit(hf_conn *c, size_t n);

/* The transport ended. Without a close_notify before it, hf_step returns HF_E_TRUNCATED. */
HF_API void hf_feed_end(hf_conn *c);

/* Output: bytes for the network, borrowed until the next call on the connection; then how many of
 * them were sent. */
HF_API hf_bytes hf_out(const hf_conn *c);
HF_API void hf_out_consumed(hf_conn *c, size_t n);

/* Application data in: up to `n` bytes, `*got` says how many; 0 when there are none yet. */
HF_API hf_status hf_read(hf_conn *c, void *p, size_t n, size_t *got);

/* The same without the copy: what can be read, borrowed until the next call; then how much was
 * used. */
HF_API hf_bytes hf_readable(const hf_conn *c);
HF_API void hf_read_consumed(hf_conn *c, size_t n);

/* Application data out: encrypts up to `n` bytes into hf_out; `*taken` says how many (fewer when
 * hf_limits.output_pending is reached). HF_E_WRONG_STATE before HF_ESTABLISHED, HF_E_CLOSED. */
HF_API hf_status hf_write(hf_conn *c, const void *p, size_t n, size_t *taken);

/* The same for a server that does not wait for the client's Finished (RFC 9846 section 2): from
 * HF_HALF_RTT on, which saves the client a round trip. Until HF_ESTABLISHED nobody is known to be
 * there: the client is not authenticated, by a certificate neither, and the flight that is answered
 * may be an old one, sent again. So write only what anyone may read, or the answer to early data.
 * From HF_ESTABLISHED on it is hf_write. HF_E_WRONG_STATE in TLS 1.2 and before this side's
 * Finished, HF_E_WRONG_ROLE for a client. */
HF_API hf_status hf_write_half_rtt(hf_conn *c, const void *p, size_t n, size_t *taken);

/* Queues close_notify: this side writes no more; it may go on reading. Idempotent. */
HF_API hf_status hf_close(hf_conn *c);

/* Queues an alert of the application's choice (user_canceled, access_denied, internal_error...) and
 * fails the connection. */
HF_API hf_status hf_abort(hf_conn *c, hf_alert alert);

/* New keys for what this side sends and, if `both`, asks the peer for the same: RFC 9846 section
 * 4.7.3. Happens by itself before a key's limit. HF_E_WRONG_STATE before HF_ESTABLISHED. */
HF_API hf_status hf_key_update(hf_conn *c, bool both);

/* Keying material for the application, RFC 9846 section 7.5; n at most 255 digests. In TLS 1.2
 * HF_E_WRONG_STATE without extended_master_secret (RFC 7627 section 5.4). */
HF_API hf_status hf_export(hf_conn *c, const char *label, hf_bytes context, uint8_t *out, size_t n);

/* Channel binding (RFC 9266): 32 bytes that this connection alone has, the same on both sides, for
 * an authentication inside to name. TLS 1.3. HF_E_WRONG_STATE before HF_ESTABLISHED. */
HF_API hf_status hf_tls_exporter(hf_conn *c, uint8_t out[32]);

/* The channel binding of old, RFC 5929 section 3: 12 bytes, the first Finished. TLS 1.2 alone:
 * HF_E_WRONG_STATE in TLS 1.3, before HF_ESTABLISHED, and in a session that was resumed without
 * extended_master_secret, where it can be made to be another connection's too (RFC 7627
 * section 5.4). */
HF_API hf_status hf_tls_unique(hf_conn *c, uint8_t out[12]);

/* The story of the failure; code HF_OK when there is none. */
HF_API void hf_conn_error(const hf_conn *c, hf_error *out);

/* What was agreed. Text is static or lives as long as the connection; NULL where there is none yet.
 */
typedef struct hf_info {
    uint16_t version; /* 0 before it is agreed */
    uint16_t suite_id, group_id, peer_scheme_id, own_scheme_id;
    const char *version_name;  /* "TLS 1.3" */
    const char *suite, *group; /* names */
    const char *peer_scheme;   /* the scheme of the peer's CertificateVerify */
    const char *own_scheme;    /* ... and of this side's */
    const char *aead_from;     /* the backend that encrypts */
    const char *host;          /* client: whom it asked for; server: the SNI it was asked for */
    hf_bytes alpn;             /* the protocol agreed on; empty when none */
    bool established, hello_retry, peer_authenticated, insecure;
    uint64_t records_sent, records_received; /* under the present keys */
    /* what came with the peer's certificate, with hf_config_keep_peer_chain; else empty */
    hf_bytes ocsp_response;          /* OCSPResponse in DER */
    hf_bytes sct_list;               /* SerializedSCTs, each after two length bytes */
    bool ocsp_stapled, scts_sent;    /* did they come (kept or not)? */
    const hf_identity *own_identity; /* what this side showed; NULL: nothing. The config's */
    hf_cert_type peer_cert_type;     /* what the peer showed, or when the session began */
    hf_bytes peer_key_pin;           /* SHA-256 of its raw public key; empty where it was none */
    bool resumed;                    /* from a session, without certificates: session.h */
    bool psk;              /* by a pre-shared key from outside TLS (psk.h), or resumed from such */
    hf_bytes psk_identity; /* whose; borrowed from the connection */
    hf_early_data early_data;
    bool early_readable; /* what hf_read gives now came as early data, and may come again */
} hf_info;
HF_API void hf_conn_info(const hf_conn *c, hf_info *out);

/* Certificate `i` of the path that was verified (0 is the peer's own; then up to the anchor), or of
 * the chain that was sent where verification is off; NULL past the end, and always without
 * hf_config_keep_peer_chain. Borrowed from the connection. */
HF_API const hf_cert *hf_peer_cert(const hf_conn *c, size_t i);

/* Jobs on another thread: `notify` is called on the thread that finished the job, when the
 * connection can be stepped on; it must only wake the connection's thread, not call into the
 * connection. Without an executor it is never called. */
HF_API void hf_conn_set_notify(hf_conn *c, void (*notify)(void *ctx), void *ctx);

/* ---- the zero-copy pair ---- */

/* The bytes that `n` bytes of data need as records, all overhead included. */
HF_API size_t hf_seal_size(const hf_conn *c, size_t n);

/* Encrypts the pieces as application data, one after the other, straight into `out`, which has room
 * for at least hf_seal_size of their sum, else HF_E_NO_ROOM; `*n` is what was written. hf_out must
 * be drained first (HF_E_WRONG_STATE), for records go out in order: so too where a KeyUpdate was
 * due before the data, which this call has then queued there (send it, and call again). */
HF_API hf_status hf_seal(hf_conn *c, const hf_bytes *pieces, size_t count, uint8_t *out,
                         size_t room, size_t *n);

/* Decrypts the first record in the caller's `p`, in place. `*used` is the record's whole length, 0
 * when it is not all there yet; `*data` points at application data inside `p` (empty for a record
 * that carried none: it was dealt with). For established connections whose own input is drained
 * (HF_E_WRONG_STATE). On failure as hf_step. */
HF_API hf_status hf_open(hf_conn *c, uint8_t *p, size_t n, size_t *used, hf_bytes *data);

/* ---- streams: blocking, over a socket (src/io) ---- */

typedef struct hf_stream hf_stream;

/* Connects to "host:port" ("[::1]:443" for an IPv6 address), shakes hands and checks the name.
 * `timeout_ms` bounds the whole, and each later read and write; 0 waits for ever.
 * HF_E_NAME_NOT_FOUND, HF_E_CONNECT, HF_E_TIMEOUT, HF_E_SYSTEM, and all that a handshake can meet.
 */
HF_API hf_status hf_dial(hf_config *cfg, const char *host_port, int64_t timeout_ms, hf_stream **out,
                         hf_error *e);

/* The same over a socket that is connected already, as client or (hf_accept) as server; the stream
 * owns the descriptor from now on, and closes it on failure too. */
HF_API hf_status hf_dial_fd(hf_config *cfg, int fd, const char *host, int64_t timeout_ms,
                            hf_stream **out, hf_error *e);
/* hf_dial_fd with data for the first flight, as hf_write_early takes it: `*taken` is how much of it
 * went out so, 0 where no session at hand allows any. hf_info.early_data of the stream's connection
 * tells whether the server took it: what it did not take must be written again. */
HF_API hf_status hf_dial_fd_early(hf_config *cfg, int fd, const char *host, int64_t timeout_ms,
                                  hf_bytes early, size_t *taken, hf_stream **out, hf_error *e);
/* hf_accept of a config that takes early data (session.h) may return as soon as there is some to
 * read, before the handshake is complete: hf_info.early_readable. Read it first, then write. */
HF_API hf_status hf_accept(hf_config *cfg, int fd, int64_t timeout_ms, hf_stream **out,
                           hf_error *e);

/* Returns the bytes read (at least 1), 0 after the peer's close_notify, or a negative code: the end
 * of the transport without close_notify is HF_E_TRUNCATED, not 0. */
HF_API int64_t hf_stream_read(hf_stream *s, void *p, size_t n);

/* Writes all `n` bytes or fails. */
HF_API hf_status hf_stream_write(hf_stream *s, const void *p, size_t n);

/* Says close_notify, waits for nothing, closes the descriptor and frees the stream; the status says
 * whether all that was written went out. NULL is fine. */
HF_API hf_status hf_stream_close(hf_stream *s);

HF_API hf_conn *hf_stream_conn(hf_stream *s);
/* The socket, for poll(); the stream owns it. Between two calls on the stream a program may also
 * move the connection by itself: receive into hf_in_buffer, step, send from hf_out. */
HF_API int hf_stream_fd(const hf_stream *s);
HF_API void hf_stream_error(const hf_stream *s, hf_error *out);

/* A TCP connection to "host:port", for hf_dial_fd (when the name to ask for is not the host that is
 * connected to) or a loop of the program's own: blocking, close-on-exec. All addresses of a name
 * are tried, and the first that answers is taken (RFC 8305). Returns the descriptor, or a negative
 * code: HF_E_BAD_ARGUMENT, HF_E_NAME_NOT_FOUND, HF_E_CONNECT, HF_E_TIMEOUT, HF_E_SYSTEM. */
HF_API int hf_connect(const char *host_port, int64_t timeout_ms, hf_error *e);

/* A listening socket on "address:port" (port 0 takes a free one), close-on-exec, address reused.
 * Returns the descriptor, or a negative code. */
HF_API int hf_listen(const char *host_port, hf_error *e);

#ifdef __cplusplus
}
#endif
#endif
