/* tls12.h: what tests of TLS 1.2 in memory share. Include cmocka.h before it. */
#ifndef HF_TESTS_TLS12_H
#define HF_TESTS_TLS12_H

#include "base/bytes.h"
#include "handshake/handshake.h"
#include "support/pair.h"

/* Both sides speak TLS 1.2 alone. */
static inline void config12(pair *p, const pair_pki *pki)
{
    pair_config(p, pki);
    hf_config_versions(p->client_config, HF_TLS_1_2, HF_TLS_1_2);
    hf_config_versions(p->server_config, HF_TLS_1_2, HF_TLS_1_2);
}

static inline void mutual(pair *p, const pair_pki *pki)
{
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_add_identity(p->client_config, pki->client);
}

static inline hf_status failure(hf_conn *c, uint8_t *alert, bool *sent)
{
    hf_error e;
    hf_conn_error(c, &e);
    *alert = e.alert;
    *sent = e.alert_sent;
    return e.code;
}

/* `victim` failed with `code` and sent `alert`. */
static inline void expect_failure(hf_conn *victim, hf_status code, uint8_t alert)
{
    uint8_t got_alert;
    bool sent;
    hf_status got = failure(victim, &got_alert, &sent);
    if (got != code || got_alert != alert || !sent)
        fail_msg("%s with alert %u, not %s with %u", hf_error_name(got), got_alert,
                 hf_error_name(code), alert);
}

/* Puts `bytes` on the wire to `victim`. */
static inline void feed(hf_conn *victim, const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t used = 0;
        if (hf_feed(victim, p, n, &used) != HF_OK || used == 0)
            break;
        p += used;
        n -= used;
        if (hf_step(victim) < 0)
            break;
    }
    hf_step(victim);
}

/* Client hello to the server, and the server's flight made. */
static inline void up_to_server_flight(pair *p)
{
    pair_start(p);
    hf_step(p->client);
    pair_move(p->client, p->server, 65536);
    hf_step(p->server);
}

/* Replaces, in what `from` has sent, the first place that reads `old`. */
static inline void replace_out(hf_conn *from, const uint8_t *old, const uint8_t *new, size_t n)
{
    hf_bytes out = hf_out(from);
    uint8_t *b = (uint8_t *)(uintptr_t)out.p;
    for (size_t i = 0; i + n <= out.n; i++)
        if (memcmp(b + i, old, n) == 0) {
            memcpy(b + i, new, n);
            return;
        }
    fail_msg("what is to be replaced is not there");
}

#endif
