/* shim.h: the parts of the shim: setup.c turns options into a config, connection.c speaks, report.c
 * compares what came of it with what the runner expects. docs/BOGO.md says how it is run. */
#ifndef HF_BOGO_SHIM_H
#define HF_BOGO_SHIM_H

#include "options.h"

#include <handfast/handfast.h>

/* What one leg leaves for report.c beside hf_info. */
typedef struct shim_link {
    const shim_options *options, *retry; /* the latter once early data was rejected */
    hf_config *cfg;
    hf_identity *identities[SHIM_CREDS_MAX]; /* by their place in options->credentials */
    hf_conn *conn;
    int fd;
    /* from the key log, for -export-traffic-secrets */
    uint8_t client_secret[HF_HASH_MAX_DIGEST], server_secret[HF_HASH_MAX_DIGEST];
    size_t secret_len;
    struct shim_memory *memory;
    size_t early_written;        /* bytes of the shim's first writes that went out early */
    bool session_is_early;       /* a client's new one */
    bool resumes;                /* a leg that is to resume, unless told otherwise */
    unsigned new_sessions;       /* that this leg brought: a client's, or a server's by id */
    hf_ticket_call *ticket_call; /* waits for shim_tickets_answer */
    bool ticket_opens;
    hf_bytes ticket_answer;
    char messages[4096]; /* as -expect-msg-callback has them */
    size_t messages_len;
    bool hello_mismatch; /* the ClientHello was not as expected (told already) */
} shim_link;

#define SHIM_TICKETS_MAX 64U

typedef struct shim_ticket {
    uint8_t state[1 << 15];
    size_t n;
} shim_ticket;

/* What goes from leg to leg: a client's last session, a server's keys, ids and tickets. */
typedef struct shim_memory {
    uint8_t session[1 << 17];
    size_t session_len;
    hf_ticket_keys *keys;
    hf_sessions *ids;
    uint8_t early_ids[64][32]; /* of early data that a server took */
    size_t early_count;
    shim_ticket tickets[SHIM_TICKETS_MAX]; /* those that the shim itself seals: tickets.c */
    size_t ticket_count;
} shim_memory;

/* Builds and freezes the config. SHIM_OK; SHIM_UNIMPLEMENTED when handfast has no such setting;
 * SHIM_FAILED. All but SHIM_OK are told on standard error. */
int shim_setup(shim_link *l);
void shim_setup_free(shim_link *l);

/* Connects to the runner, shakes hands, and does what the options say until the end. */
int shim_talk(shim_link *l);

/* Keeps the messages of the connection, and compares them in the end with -expect-msg-callback. */
void shim_messages_set(shim_link *l);
bool shim_messages_check(const shim_link *l);

/* Compares what was agreed with the -expect options. */
int shim_check(shim_link *l);

/* The same for early data alone, where it was rejected and other options hold for the rest. */
int shim_check_early(const shim_link *l);

/* The same for what is known at the end of a leg: the tickets. */
int shim_check_tickets(const shim_link *l);

/* Tickets in the shim's own hands; and the answer that waits, if one does. */
void shim_tickets_set(shim_link *l);
void shim_tickets_answer(shim_link *l);

/* Tells an error: first its name in colons, as the runner looks for it, then the whole story. */
void shim_tell(const hf_error *e);

#endif
