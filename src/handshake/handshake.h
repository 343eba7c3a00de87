/* handshake.h: the scratch of one handshake. It lives from the first byte to Finished and is then
 * wiped and freed; what stays is in hf_conn. */
#ifndef HF_HANDSHAKE_HANDSHAKE_H
#define HF_HANDSHAKE_HANDSHAKE_H

#include "base/alloc.h"
#include "handshake/conn.h"
#include "handshake/job.h"
#include "handshake/schedule13.h"
#include "handshake/script.h"
#include "handshake/transcript.h"
#include "session/session.h"

#define HF_SESSION_ID_MAX 32U

/* A key share that a client made. */
typedef struct hf_share {
    const hf_group *group;
    uint8_t *private_key, *public_share; /* in the arena */
} hf_share;

/* A check that the chain job made, kept until the connection's thread can report it. */
typedef struct hf_kept_check {
    struct hf_kept_check *next;
    bool is_path;
    union {
        hf_check check;
        hf_verify_path path;
    };
} hf_kept_check;

struct hf_handshake {
    _Alignas(16) hf_conn *conn;
    hf_config *cfg; /* a reference of its own: a job may outlive the connection */
    hf_arena arena;
    hf_error error; /* filled by whoever fails */

    /* the script */
    const hf_row *table;
    size_t row_count, row;
    unsigned facts;
    bool speaks_12; /* the table is TLS 1.2's: hf_script_speak_12 */
    bool working;   /* the present row's work was started */
    bool half_rtt;  /* server: its Finished went out, so its application keys are in use */
    bool forget;    /* HelloRetryRequest went out with a cookie that holds all that is known */
    hf_job job;
    hf_executor executor; /* of the next job, in place of the config's; .submit NULL: none */

    hf_transcript transcript;
    hf_schedule13 schedule;
    uint8_t client_handshake_secret[HF_HASH_MAX_DIGEST];
    uint8_t server_handshake_secret[HF_HASH_MAX_DIGEST];

    /* hellos */
    uint8_t client_random[HF_RANDOM_LEN], server_random[HF_RANDOM_LEN];
    uint8_t session_id[HF_SESSION_ID_MAX];
    uint8_t session_id_len;
    bool ccs_sent;
    bool extended_master_secret, secure_renegotiation; /* TLS 1.2: RFC 7627, RFC 5746 */
    hf_client_hello hello;  /* client: as sent; server: as received; borrows from the arena */
    hf_bytes hello_message; /* the message itself, in the arena */
    hf_bytes cookie;
    uint16_t grease[6];

    /* key agreement */
    hf_share shares[HF_MAX_SHARES]; /* client: what was offered */
    size_t share_count, shares_made;
    const hf_group *group;       /* chosen */
    const hf_group *retry_group; /* server: asked for; client: was asked for */
    uint8_t *own_share;          /* server's, in the arena */
    hf_bytes peer_share;         /* in the arena */
    uint8_t shared_secret[HF_GROUP_MAX_SECRET];

    /* authentication of this side */
    uint8_t own_type, peer_type; /* hf_cert_type, as agreed on or, without a word, X.509 */
    hf_identity *identity;       /* chosen; NULL: none (borrowed from the config) */
    const hf_sigscheme *scheme;
    hf_bytes signed_content; /* what CertificateVerify covers, in the arena */
    uint8_t *signature;
    size_t signature_len;
    hf_bytes request_context;   /* of the server's CertificateRequest */
    hf_bytes peer_schemes;      /* signature_algorithms of the peer, in the arena */
    hf_bytes peer_cert_schemes; /* signature_algorithms_cert; .p NULL: the same */
    hf_bytes peer_authorities;  /* certificate_authorities */
    hf_bytes peer_compressions; /* compress_certificate: what the peer can expand */
    bool peer_wants_ocsp, peer_wants_scts;

    /* authentication of the peer */
    hf_cert *peer_certs; /* in the arena, as are the DER bytes */
    size_t peer_cert_count;
    const char *verify_host; /* in the arena; NULL: no name is checked */
    const hf_cert **path;
    size_t path_len;
    hf_kept_check *checks, **checks_end;
    const hf_sigscheme *peer_scheme;
    const hf_sigscheme
        *offered_peer_scheme; /* TLS 1.2: the same, before the key's curve was put in */
    hf_bytes peer_signature;
    hf_bytes peer_ocsp, peer_scts; /* that came with the certificate, in the arena */
    hf_compressed_certificate compressed;

    /* resumption: resume.c, psk13.c, early13.c */
    hf_bytes server_id, new_ticket; /* client, TLS 1.2: what its session can be resumed by */
    uint32_t new_ticket_life_s;
    hf_session *session;    /* client: to offer, or offered; server: the one that is taken up */
    bool session_sought;    /* client: the store was asked */
    bool psk_sought;        /* server: the hello's identities are in psk_rest */
    bool psk_asked;         /* server: one of them is being opened */
    hf_bytes psk_rest;      /* server: the identities that were not tried yet */
    uint16_t psk_index;     /* server: of the identity that is tried, then taken */
    uint32_t psk_age;       /* server: its obfuscated_ticket_age */
    unsigned tickets_given; /* server */
    uint8_t resumption_secret[HF_HASH_MAX_DIGEST]; /* server: what its tickets are made of */
    uint32_t given_age_add, given_life_s;          /* server: of the ticket that is being sealed */
    uint8_t binder_digest[HF_HASH_MAX_DIGEST];     /* server: of the hellos up to the binders */
    hf_buf early_out;                              /* client: data for the first flight */
    uint8_t early_secret[HF_HASH_MAX_DIGEST];      /* client_early_traffic_secret */
    bool early_open;                               /* server: until EndOfEarlyData */
    uint32_t early_left;                           /* server: bytes that may still come early */

    /* pre-shared keys in use: psk13.c, external13.c */
    struct hf_psk_offer { /* client: what stands in the hello, in its order */
        hf_bytes identity, secret;
        const hf_hash *hash;
        const char *binder;
        hf_held_psk *held; /* the config's; NULL: the session's ticket */
        uint32_t age;
    } * offers;
    size_t offer_count;
    hf_bytes psk_secret;        /* of the key that is used, or offered first; borrowed */
    hf_held_psk *psk_candidate; /* server: a reference */
    unsigned psk_forms;         /* server: bits of its forms that the client shows */
    bool external_sought, psk_questioned;
    unsigned psk_questions;
    hf_bytes psk_unasked; /* server: the identities that the application was not asked about */
    struct hf_psk_call {
        atomic_bool answered;
        hf_bytes identity;
        hf_held_psk *held; /* a reference */
        hf_status status;
    } psk_call;

    /* the application's answer to the ClientHello: ask.c */
    struct hf_hello {
        atomic_bool answered;
        hf_config *use; /* a reference */
        bool refused;
        uint8_t alert;
    } answer;

    /* its answers about tickets and early data: keeper.c */
    struct hf_ticket_call {
        atomic_bool answered;
        hf_bytes shown;      /* to open */
        hf_buf state, bytes; /* what a server remembers, and sealed */
        bool renew;          /* the ticket that was opened is to be replaced */
        hf_status status;
    } ticket;
    struct hf_early_call {
        atomic_bool answered;
        hf_bytes binder;
        bool first;
    } early_call;
};

/* Makes the scratch for a connection's role. HF_E_OUT_OF_MEMORY. */
hf_status hf_handshake_new(hf_conn *c);

/* Lets the connection's scratch go; a job in flight keeps it until it is done. */
void hf_handshake_free(hf_handshake *hs);

/* The same at the end of a handshake that was completed, with no job in flight: its last records,
 * which lie in the scratch until they are sent, keep the (wiped) memory until then. */
void hf_handshake_leave(hf_handshake *hs);

/* What handlers return on failure: fills hs->error. `got` is a printf format, may be NULL. */
hf_status hf_hs_fail(hf_handshake *hs, hf_status code, const char *field, const char *expected,
                     const char *got, ...) HF_PRINTF(5, 6);

/* Copies into the arena. HF_E_OUT_OF_MEMORY is in hs->error then. */
hf_status hf_hs_keep(hf_handshake *hs, hf_bytes *bytes);
void *hf_hs_alloc(hf_handshake *hs, size_t n);

hf_status hf_hs_random(hf_handshake *hs, uint8_t *p, size_t n);

/* An answer may hold only what was offered: fails for an extension that may not be in its message
 * and for one that this side does not know. */
hf_status hf_hs_judge_extension_set(hf_handshake *hs, const hf_extensions *x);

/* The application protocol is agreed on. */
hf_status hf_hs_keep_alpn(hf_handshake *hs, hf_bytes name);

/* Prepares the job; the driver submits it when the work handler returns. */
void hf_hs_job(hf_handshake *hs, hf_job_kind kind, const char *name, void (*run)(hf_job *job));

/* The scratch that a job lies in. */
static inline hf_handshake *hf_job_handshake(hf_job *job)
{
    return (hf_handshake *)(void *)((char *)job - offsetof(hf_handshake, job));
}

/* Sends the messages that were built as a record; then a compatibility change_cipher_spec. */
hf_status hf_hs_flush(hf_handshake *hs);
hf_status hf_hs_send_ccs(hf_handshake *hs);

/* ---- keys: keys13.c ---- */

hf_status hf_hs_install_handshake_keys(hf_handshake *hs);
hf_status hf_hs_set_client_handshake_keys(hf_handshake *hs); /* where early keys held till now */
hf_status hf_hs_install_traffic_keys(hf_handshake *hs);      /* after the server's Finished */
hf_status hf_hs_complete(hf_handshake *hs);                  /* after the client's Finished */
void hf_hs_derive_resumption(hf_handshake *hs, const uint8_t *digest, uint8_t *secret);
/* Sets one direction's epoch from a traffic secret. */
hf_status hf_conn_set_keys(hf_conn *c, hf_epoch *epoch, const uint8_t *secret, const char *name);

/* ---- handlers of table13.c, by file ---- */

/* offer13.c: the client's hello and its key shares */
hf_status hf_c13_make_shares(hf_handshake *hs);
hf_status hf_c13_take_shares(hf_handshake *hs);
hf_status hf_c13_build_hello(hf_handshake *hs, hf_writer *w);
hf_status hf_c13_build_second_hello(hf_handshake *hs, hf_writer *w);

/* client13.c: what a client judges */
hf_status hf_c13_judge_retry(hf_handshake *hs, hf_reader *r);
hf_status hf_c13_judge_hello(hf_handshake *hs, hf_reader *r);
hf_status hf_c13_agree(hf_handshake *hs);
hf_status hf_c13_judge_extensions(hf_handshake *hs, hf_reader *r);
hf_status hf_c13_judge_request(hf_handshake *hs, hf_reader *r);
hf_status hf_c13_after_request(hf_handshake *hs);

/* ask.c: the application's word on a ClientHello */
hf_status hf_hs_ask_application(hf_handshake *hs);
hf_status hf_hs_application_answered(hf_handshake *hs);

/* resume.c: which session, and does it still fit */
void hf_hs_seek_session(hf_handshake *hs);
bool hf_hs_session_fits(const hf_handshake *hs, const hf_session *s);
hf_status hf_hs_take_session(hf_handshake *hs); /* the connection goes on with hs->session */
void hf_hs_drop_session(hf_handshake *hs);
void hf_hs_identity_digest(const hf_handshake *hs, uint8_t digest[HF_SESSION_DIGEST]);

/* psk13.c: pre-shared keys in a hello */
hf_status hf_c13_offer_psk(hf_handshake *hs);
void hf_c13_bind_psk(hf_handshake *hs, hf_writer *w, size_t body_at);
hf_status hf_c13_judge_psk(hf_handshake *hs, const hf_extensions *x);
void hf_s13_note_binders(hf_handshake *hs, const hf_extensions *x, hf_bytes message);
hf_status hf_s13_open_ticket(hf_handshake *hs); /* the hello's next, until one fits */
hf_status hf_s13_judge_ticket(hf_handshake *hs);
hf_bytes hf_s13_binder(const hf_handshake *hs); /* of the identity that was taken */
/* An identity as people read it: as text where it is plain, else in hexadecimal; cut to `size`. */
void hf_psk_identity_text(hf_bytes identity, char *text, size_t size);
hf_status hf_s13_judge_binder(hf_handshake *hs, hf_bytes secret, const char *label);
/* From here on the external key is the connection's. */
hf_status hf_13_take_external(hf_handshake *hs, hf_held_psk *held, const hf_psk_form *form);

/* external13.c: a server's choice of a key from outside TLS */
bool hf_s13_psk_mode_fits(const hf_handshake *hs); /* of psk_key_exchange_modes, one of ours */
bool hf_s13_psk_with_dhe(const hf_handshake *hs);
bool hf_s13_psk_without_dhe(const hf_handshake *hs);
hf_status hf_s13_seek_external(hf_handshake *hs);
hf_status hf_s13_external_found(hf_handshake *hs);
bool hf_s13_suite_fits_psk(const hf_handshake *hs, const hf_hash *hash);
hf_status hf_s13_take_external(hf_handshake *hs);

/* early13.c */
size_t hf_c13_early_room(hf_handshake *hs); /* bytes that hf_write_early may still take */
void hf_c13_offer_early(hf_handshake *hs);
hf_status hf_c13_after_hello(hf_handshake *hs);
hf_status hf_c13_judge_early(hf_handshake *hs, const hf_extensions *x);
hf_status hf_c13_after_extensions(hf_handshake *hs);
hf_status hf_s13_ask_early(hf_handshake *hs);
hf_status hf_s13_take_early(hf_handshake *hs);
hf_status hf_c13_build_end_of_early(hf_handshake *hs, hf_writer *w);
hf_status hf_s13_judge_end_of_early(hf_handshake *hs, hf_reader *r);

/* tickets13.c */
hf_status hf_s13_seal_ticket(hf_handshake *hs); /* the next to give */
hf_status hf_s13_ticket_sealed(hf_handshake *hs);
/* A session that is resumed over and over ends all the same: it keeps the time when certificates
 * were shown, and what was shown. Then: the seconds it has left. */
void hf_session_go_on_from(const hf_session *before, hf_session *s);
uint32_t hf_session_left_s(const hf_session *s);

/* keeper.c: tickets by the config's keys, or by the application, which may answer later: `work` of
 * a row; the result is in hs->ticket when the row's `after` runs. */
bool hf_config_has_tickets(const hf_config *cfg);
hf_status hf_hs_seal(hf_handshake *hs);                  /* ticket.state to ticket.bytes */
hf_status hf_hs_open(hf_handshake *hs, hf_bytes ticket); /* to ticket.state; empty: not ours */
hf_status hf_hs_ask_first(hf_handshake *hs);             /* early data: to early_call.first */

/* choose13.c: what a server reads in a hello and chooses */
hf_status hf_s13_judge_hello(hf_handshake *hs, hf_reader *r);
hf_status hf_s13_judge_second_hello(hf_handshake *hs, hf_reader *r);
hf_status hf_s13_choose(hf_handshake *hs);
hf_status hf_s13_choose_again(hf_handshake *hs);

/* choose13.c: what a second hello may not change: a reader at the extensions of a hello that
 * parsed, and the next of those extensions; false at the end. */
void hf_13_at_extensions(hf_reader *r, hf_reader *extensions, hf_bytes message);
bool hf_13_next_fixed(hf_reader *extensions, uint16_t *type, hf_bytes *data);

/* cookie13.c: HelloRetryRequest without keeping anything */
hf_status hf_s13_make_stateless_cookie(hf_handshake *hs);
hf_status hf_s13_recall(hf_handshake *hs);

/* server13.c: what a server answers */
void hf_s13_write_retry(const hf_handshake *hs, hf_writer *w); /* hs->retry_group, hs->cookie */
hf_status hf_s13_build_retry(hf_handshake *hs, hf_writer *w);
hf_status hf_s13_agree(hf_handshake *hs);
hf_status hf_s13_build_hello(hf_handshake *hs, hf_writer *w);
hf_status hf_s13_after_hello(hf_handshake *hs);
hf_status hf_s13_build_extensions(hf_handshake *hs, hf_writer *w);
hf_status hf_s13_build_request(hf_handshake *hs, hf_writer *w);

/* auth13.c: certificates, their proof, and Finished: the same for both roles */
hf_status hf_13_build_certificate(hf_handshake *hs, hf_writer *w);
hf_status hf_13_judge_certificate(hf_handshake *hs, hf_reader *r);
hf_status hf_13_verify_chain(hf_handshake *hs);
hf_status hf_13_chain_verified(hf_handshake *hs);
hf_status hf_13_sign(hf_handshake *hs);
hf_status hf_13_signed(hf_handshake *hs);
hf_status hf_13_build_verify(hf_handshake *hs, hf_writer *w);
hf_status hf_13_judge_verify(hf_handshake *hs, hf_reader *r);
hf_status hf_13_verify_signature(hf_handshake *hs);
hf_status hf_13_signature_verified(hf_handshake *hs);
/* The peer has shown that it holds the key of its certificate. */
hf_status hf_hs_peer_proved(hf_handshake *hs);
hf_status hf_13_build_finished(hf_handshake *hs, hf_writer *w);
hf_status hf_13_judge_finished(hf_handshake *hs, hf_reader *r);

hf_status hf_hs_start_sign(hf_handshake *hs); /* of signed_content */
/* A list of certificates that parsed, walked by `next`. */
hf_status hf_hs_judge_chain(hf_handshake *hs, hf_bytes list, size_t count,
                            bool (*next)(hf_bytes *rest, hf_bytes *der));

/* compressed13.c: certificates as CompressedCertificate (RFC 8879) */
hf_status hf_13_build_compressed(hf_handshake *hs, hf_writer *w);
hf_status hf_13_judge_compressed(hf_handshake *hs, hf_reader *r);
hf_status hf_13_expand(hf_handshake *hs);

/* ---- handlers of table12.c, by file ---- */

#define HF_MASTER_SECRET 48U

/* What TLS 1.3's handlers do for both versions: client13.c, choose13.c */
hf_status hf_hs_judge_offered(hf_handshake *hs, const hf_extensions *x);
hf_status hf_hs_judge_alpn(hf_handshake *hs, hf_bytes answer);
hf_status hf_hs_choose_alpn(hf_handshake *hs);

/* ec_point_formats, where it comes at all, has the one format that is left: RFC 8422 section
 * 5.1.2. auth12.c */
hf_status hf_12_judge_point_formats(hf_handshake *hs, const hf_extensions *x);
/* Of `schemes`, those whose kind of key is usable, by hf_suite_auth; in the arena. auth12.c */
hf_status hf_12_filter_schemes(hf_handshake *hs, hf_bytes schemes, bool ecdsa, bool rsa,
                               hf_bytes *out);

/* In TLS 1.2 an ECDSA scheme names a hash and leaves the curve open (RFC 5246 section 7.4.1.4.1):
 * any fits any ECDSA key. The scheme as it is with the key's own curve: it, or a copy in the arena;
 * NULL when memory ran out. auth12.c */
bool hf_12_loose_fit(const hf_sigscheme *scheme, hf_key_type key);
const hf_sigscheme *hf_12_with_curve(hf_handshake *hs, const hf_sigscheme *scheme, hf_key_type key);
/* Instead, supported_groups limits the curves of certificates: RFC 8422 section 5.1.1. True for
 * keys that are on no such curve. auth12.c */
bool hf_12_curve_offered(hf_key_type key, hf_bytes groups);

/* The groups that TLS 1.2 can use: a curve, and no hybrid. */
static inline bool hf_group_is_12(const hf_group *group)
{
    return group->id < 0x0100;
}

/* client12.c. hf_c12_judge_hello is the version's turning: from there table12 is walked. */
hf_status hf_c12_judge_hello(hf_handshake *hs, const hf_server_hello *m);
hf_status hf_c12_judge_status(hf_handshake *hs, hf_reader *r);
hf_status hf_c12_judge_key_exchange(hf_handshake *hs, hf_reader *r);
hf_status hf_c12_judge_request(hf_handshake *hs, hf_reader *r);
hf_status hf_c12_judge_done(hf_handshake *hs, hf_reader *r);
hf_status hf_c12_agree(hf_handshake *hs);
hf_status hf_c12_build_key_exchange(hf_handshake *hs, hf_writer *w);

/* server12.c */
hf_status hf_s12_choose(hf_handshake *hs);
hf_status hf_s12_build_hello(hf_handshake *hs, hf_writer *w);
hf_status hf_s12_build_status(hf_handshake *hs, hf_writer *w);
hf_status hf_s12_make_share(hf_handshake *hs);
hf_status hf_s12_sign_share(hf_handshake *hs);
hf_status hf_s12_build_key_exchange(hf_handshake *hs, hf_writer *w);
hf_status hf_s12_build_request(hf_handshake *hs, hf_writer *w);
hf_status hf_s12_build_done(hf_handshake *hs, hf_writer *w);
hf_status hf_s12_judge_key_exchange(hf_handshake *hs, hf_reader *r);
hf_status hf_s12_agree(hf_handshake *hs);
/* What ServerKeyExchange's signature covers, in the arena. */
hf_status hf_12_share_content(hf_handshake *hs, hf_bytes params, hf_bytes *out);

/* transport12.c: RSA key transport */
bool hf_12_can_transport(const hf_handshake *hs, const hf_identity *identity);
hf_status hf_s12_choose_transport(hf_handshake *hs);
hf_status hf_c12_encrypt_secret(hf_handshake *hs);
hf_status hf_c12_build_encrypted(hf_handshake *hs, hf_writer *w);
hf_status hf_s12_judge_encrypted(hf_handshake *hs, hf_reader *r);
hf_status hf_s12_decrypt_secret(hf_handshake *hs);
/* The bytes of the premaster secret in shared_secret, and what they come from. */
size_t hf_12_premaster_len(const hf_handshake *hs);

/* resume12.c */
hf_status hf_c12_offer_session(hf_handshake *hs);
hf_status hf_c12_judge_session(hf_handshake *hs, const hf_server_hello *m);
hf_status hf_c12_judge_ticket(hf_handshake *hs, hf_reader *r);
hf_status hf_s12_find_session(hf_handshake *hs);
hf_status hf_s12_judge_session(hf_handshake *hs);
hf_status hf_s12_seal_ticket(hf_handshake *hs);
hf_status hf_s12_ticket_sealed(hf_handshake *hs);
hf_status hf_s12_answer_session(hf_handshake *hs, hf_extensions *x);
hf_status hf_s12_build_ticket(hf_handshake *hs, hf_writer *w);
hf_status hf_12_keep_session(hf_handshake *hs);

/* auth12.c */
hf_status hf_12_build_certificate(hf_handshake *hs, hf_writer *w);
hf_status hf_12_judge_certificate(hf_handshake *hs, hf_reader *r);
hf_status hf_12_take_signature(hf_handshake *hs, uint16_t algorithm, hf_bytes content,
                               hf_bytes signature);
hf_status hf_12_signature_verified(hf_handshake *hs);
hf_status hf_12_sign_messages(hf_handshake *hs);
hf_status hf_12_judge_verify(hf_handshake *hs, hf_reader *r);

/* keys12.c */
hf_status hf_12_derive(hf_handshake *hs);
hf_status hf_12_resume(hf_handshake *hs); /* the same from a session's master secret */
hf_status hf_12_change_client_keys(hf_handshake *hs);
hf_status hf_12_change_server_keys(hf_handshake *hs);
hf_status hf_12_build_finished(hf_handshake *hs, hf_writer *w);
hf_status hf_12_judge_finished(hf_handshake *hs, hf_reader *r);
hf_status hf_12_complete(hf_handshake *hs);

/* staple.c: what comes with a certificate: OCSP response, SCTs, and demands on its chain */
void hf_hs_offer_about_certificates(hf_handshake *hs, hf_extensions *x);
void hf_hs_keep_wishes(hf_handshake *hs, const hf_extensions *x);
void hf_hs_staple(const hf_handshake *hs, hf_extensions *x);
hf_status hf_hs_judge_stapled(hf_handshake *hs, const hf_certificate *m);
hf_status hf_hs_judge_chain_demands(hf_handshake *hs);

/* cert_types.c: X.509 or a raw public key: RFC 7250 */
void hf_hs_offer_cert_types(hf_handshake *hs, hf_extensions *x);
hf_status hf_hs_judge_cert_types(hf_handshake *hs, const hf_extensions *x); /* client */
hf_status hf_hs_judge_own_type(hf_handshake *hs);                           /* client, asked */
hf_bytes hf_s_offered_own_types(const hf_handshake *hs); /* what a client takes from this server */
hf_status hf_hs_judge_type_lists(hf_handshake *hs, const hf_extensions *x);
hf_status hf_s_choose_client_type(hf_handshake *hs);
void hf_s_answer_cert_types(hf_handshake *hs, hf_extensions *x);
hf_status hf_hs_fail_types(hf_handshake *hs, const char *field, hf_bytes own, hf_bytes theirs);
hf_status hf_hs_judge_peer_type(hf_handshake *hs);
hf_status hf_hs_take_raw_key(hf_handshake *hs, hf_bytes spki);
hf_status hf_hs_judge_raw_key(hf_handshake *hs);
hf_status hf_conn_keep_pin(hf_conn *c, const uint8_t pin[HF_KEY_PIN]);
bool hf_hs_session_peer_fits(const hf_config *cfg, const hf_session *s);

/* identity.c: which certificate, by name and by what the peer can check */
hf_status hf_hs_choose_identity(hf_handshake *hs, const char *name, hf_bytes peer_schemes);

#endif
