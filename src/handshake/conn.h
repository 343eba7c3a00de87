/* conn.h: a connection: what stays when the handshake's scratch is gone. Kept small. */
#ifndef HF_HANDSHAKE_CONN_H
#define HF_HANDSHAKE_CONN_H

#include "base/reader.h"
#include "handshake/config.h"
#include "record/channel.h"

typedef struct hf_handshake hf_handshake;
struct hf_session;

/* Early data comes under a key that a server does not have: so much of it is dropped unread. */
#define HF_EARLY_DATA_SKIPPED 65536U

struct hf_conn {
    hf_config *cfg;
    hf_channel channel;
    hf_handshake *hs; /* NULL once the handshake is done */

    hf_status failed; /* the code that ended the connection */
    hf_error *error;  /* its story; NULL when there is none or memory ran out */

    hf_buf messages; /* handshake bytes that are not a whole message yet */
    hf_bytes data;   /* application data that can be read, inside channel.in */

    /* what was agreed */
    const hf_suite_choice *suite;
    const hf_group *group;
    const hf_sigscheme *peer_scheme, *own_scheme;
    const hf_identity *own_identity; /* the config's, which the connection keeps */
    char *host;    /* client: whom it asked for; server: whom it was asked for; may be NULL */
    uint8_t *alpn; /* the protocol agreed on, after its length byte; NULL: none */
    uint16_t version;

    uint8_t
        client_secret[HF_HASH_MAX_DIGEST]; /* application traffic secrets, the present generation */
    uint8_t server_secret[HF_HASH_MAX_DIGEST];
    uint8_t exporter_secret[HF_HASH_MAX_DIGEST];

    hf_held_psk *psk;                 /* a reference: the external key that was used; NULL: none */
    struct hf_peer_chain *peer_chain; /* only with keep_peer_chain */
    uint8_t *peer_key_pin;            /* of the peer's raw public key; NULL: it showed none */
    uint8_t *resumption_secret;       /* client: for tickets to come; NULL: none are of use */

    bool insecure_no_name;
    bool established, hello_retry, peer_authenticated;
    bool extended_master_secret;  /* TLS 1.2 */
    bool ocsp_stapled, scts_sent; /* came with the peer's certificate */
    bool close_sent, peer_closed, transport_ended;
    bool key_update_owed; /* the peer asked for one */
    bool resumed, data_is_early;
    uint8_t early; /* hf_early_data */

    /* budgets in use; limits are the config's */
    uint32_t idle_records, key_updates;

    void (*notify)(void *ctx);
    void *notify_ctx;
    void *user;
};

static inline bool hf_conn_is_client(const hf_conn *c)
{
    return c->cfg->role == HF_CLIENT;
}

/* The peer's chain as it is kept after the handshake: one block. */
typedef struct hf_peer_chain {
    size_t count;
    hf_bytes ocsp, scts; /* what came with it */
    hf_cert certs[];
} hf_peer_chain;

/* Moves the connection as far as its input allows; the engine behind hf_step. HF_OK or the failure.
 */
hf_status hf_conn_drive(hf_conn *c);

/* Lets the handshake's scratch go, and with it whatever of the connection lay in it. */
void hf_conn_drop_handshake(hf_conn *c);

/* Deals with one record that was opened: the part of hf_conn_drive that hf_open shares. `*data` is
 * its application data, else empty. */
hf_status hf_conn_take_record(hf_conn *c, const hf_record *r, hf_bytes *data);

/* Ends the connection: keeps the error, sends the alert it maps to (not for one that was received),
 * tells the trace. Returns e->code. */
hf_status hf_conn_fail(hf_conn *c, const hf_error *e);

hf_status hf_conn_send_alert(hf_conn *c, uint8_t level, uint8_t description);

/* Copies the peer's certificates into the connection, where the config says so; peer.c. */
hf_status hf_conn_keep_peer(hf_conn *c, const hf_cert *const *path, size_t count, hf_bytes ocsp,
                            hf_bytes scts);

/* What a version does once its handshake is done. */
typedef struct hf_after {
    /* A whole message, which ends its record or does not. */
    hf_status (*message)(hf_conn *c, hf_bytes message, bool ends_record, hf_error *e);
    /* Before application data goes out. */
    hf_status (*before_write)(hf_conn *c, hf_error *e);
    /* New keys for what this side sends; `request` asks the peer for the same. NULL: there is no
     * such thing. */
    hf_status (*key_update)(hf_conn *c, bool request, hf_error *e);
    /* RFC 9846 section 7.5, RFC 5705. */
    hf_status (*export_keys)(const hf_conn *c, const char *label, hf_bytes context, uint8_t *out,
                             size_t n);
    /* tls-unique, 12 bytes: RFC 5929 section 3. NULL: it has no such binding. */
    void (*unique)(const hf_conn *c, uint8_t out[12]);
} hf_after;
extern const hf_after hf_after13; /* post13.c: KeyUpdate and NewSessionTicket */
extern const hf_after hf_after12; /* post12.c: renegotiation, refused */

/* The connection's, once it is established. Here alone, behind the hellos, is the version asked. */
static inline const hf_after *hf_conn_after(const hf_conn *c)
{
    return c->version == HF_VERSION_TLS_1_2 ? &hf_after12 : &hf_after13;
}

/* A HelloRequest that has no effect, but is counted and traced: post12.c. */
hf_status hf_post12_ignore_request(hf_conn *c, hf_bytes message, hf_error *e);

/* One more message that asks for something and brings no data: fails when there were too many. */
hf_status hf_conn_count_request(hf_conn *c, hf_status code, hf_error *e);

hf_status hf_12_export(const hf_conn *c, const char *label, hf_bytes context, uint8_t *out,
                       size_t n);
void hf_12_unique(const hf_conn *c, uint8_t out[12]);

/* A ticket for a client: kept where the config says. tickets13.c */
hf_status hf_post13_ticket(hf_conn *c, hf_reader *r, hf_error *e);

/* Fills in what a session of this connection is bound to; resume.c. Texts are borrowed. */
void hf_conn_describe_session(const hf_conn *c, struct hf_session *s);
/* The same with the peer's chain, where it is kept, as bytes appended to `out`. */
hf_status hf_conn_encode_session(const hf_conn *c, const struct hf_session *s, hf_buf *out);
/* Hands a client's new session to its store and to the application. */
hf_status hf_conn_new_session(hf_conn *c, const struct hf_session *s);
/* Does a client of this config have a use for sessions? */
bool hf_config_wants_sessions(const hf_config *cfg);

/* Lets the keys of a handshake be expanded into its scratch. */
void hf_conn_lend_room(hf_conn *c, hf_epoch *epoch);

#endif
