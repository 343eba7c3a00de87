/* shim.h: the parts of the shim: setup.c turns options into a config, connection.c speaks, report.c
 * compares what came of it with what the runner expects. docs/BOGO.md says how it is run. */
#ifndef HF_BOGO_SHIM_H
#define HF_BOGO_SHIM_H

#include "options.h"

#include <handfast/handfast.h>

/* What one leg leaves for report.c beside hf_info. */
typedef struct shim_link {
    const shim_options *options;
    hf_config *cfg;
    hf_identity *identities[SHIM_CREDS_MAX]; /* by their place in options->credentials */
    hf_conn *conn;
    int fd;
    /* from the key log, for -export-traffic-secrets */
    uint8_t client_secret[HF_HASH_MAX_DIGEST], server_secret[HF_HASH_MAX_DIGEST];
    size_t secret_len;
    struct shim_memory *memory;
    bool resumes;        /* a leg that is to resume, unless told otherwise */
    bool hello_mismatch; /* the ClientHello was not as expected (told already) */
} shim_link;

/* What goes from leg to leg: a client's last session, a server's keys and ids. */
typedef struct shim_memory {
    uint8_t session[1 << 17];
    size_t session_len;
    hf_ticket_keys *keys;
    hf_sessions *ids;
} shim_memory;

/* Builds and freezes the config. SHIM_OK; SHIM_UNIMPLEMENTED when handfast has no such setting;
 * SHIM_FAILED. All but SHIM_OK are told on standard error. */
int shim_setup(shim_link *l);
void shim_setup_free(shim_link *l);

/* Connects to the runner, shakes hands, and does what the options say until the end. */
int shim_talk(shim_link *l);

/* Compares what was agreed with the -expect options. */
int shim_check(shim_link *l);

/* Tells an error: first its name in colons, as the runner looks for it, then the whole story. */
void shim_tell(const hf_error *e);

#endif
