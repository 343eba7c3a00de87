/* pair.h: a client and a server in memory, with certificates made on the spot. For tests and bench.
 */
#ifndef HF_TESTS_PAIR_H
#define HF_TESTS_PAIR_H

#include <handfast/handfast.h>

#define PAIR_NOW INT64_C(1790000000) /* the time in tests: 2026-09-21 */

/* One authority and what it issued; made once per process, freed by pair_pki_free. */
typedef struct pair_pki {
    hf_key *ca_key, *server_key, *client_key;
    hf_bytes ca_der, server_der, client_der;
    hf_cert ca;
    hf_identity *server, *client;
    hf_store *store;
} pair_pki;

/* Keys of `type`; the server's certificate covers "server.test" and 127.0.0.1. */
void pair_pki_make(pair_pki *pki, hf_key_type type);
void pair_pki_free(pair_pki *pki);

/* One certificate signed by the authority for `names`, as an identity; dates in seconds. */
hf_identity *pair_issue(const pair_pki *pki, hf_key_type type, const char *const *names,
                        bool server, int64_t not_before_s, int64_t not_after_s);

typedef struct pair {
    hf_config *client_config, *server_config;
    hf_conn *client, *server;
    int client_last, server_last; /* what the last hf_step returned */
    size_t chunk;                 /* bytes moved per step; 0: all there are */
    uint64_t random;              /* state of the deterministic randomness */
} pair;

/* Configs with the PKI's trust and identities, a fixed clock, and randomness that is the same each
 * time; change them as needed, then pair_start freezes them and makes the connections. */
void pair_config(pair *p, const pair_pki *pki);
void pair_start(pair *p);
void pair_free(pair *p);

/* Moves bytes both ways and steps both sides until neither can go on. True when both sides are
 * established. */
bool pair_run(pair *p);

/* One direction only: what `from` has for the network, into `to`. Bytes moved. */
size_t pair_move(hf_conn *from, hf_conn *to, size_t most);

/* Sends `n` bytes from one to the other and checks that they arrive. */
void pair_exchange(pair *p, bool from_client, size_t n);

/* A reproducible hf_config_random; ctx is a uint64_t. */
hf_status pair_random(void *ctx, uint8_t *p, size_t n);

/* Always PAIR_NOW: an hf_config_clock. */
int64_t pair_clock(void *ctx);

#endif
