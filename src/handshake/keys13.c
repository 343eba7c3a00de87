/* keys13.c: when a TLS 1.3 handshake changes keys, and to which. RFC 9846 sections 7.1 and 7.3. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"

static const hf_hash *hash_of(const hf_handshake *hs)
{
    return hs->conn->suite->hash;
}

/* The handshake's keys are expanded into its own scratch: conn.c takes that back at the end. */
void hf_conn_lend_room(hf_conn *c, hf_epoch *epoch)
{
    const uintptr_t alignment = 64;
    if (c->hs == NULL || epoch->lent != NULL)
        return;
    uint8_t *p = hf_arena_alloc(&c->hs->arena, c->suite->aead->state_len + alignment);
    if (p != NULL)
        hf_epoch_lend(epoch, p + (-(uintptr_t)p & (alignment - 1)));
}

hf_status hf_conn_set_keys(hf_conn *c, hf_epoch *epoch, const uint8_t *secret, const char *name)
{
    uint8_t key[HF_AEAD_MAX_KEY], iv[HF_AEAD_NONCE];
    const hf_aead *aead = c->suite->aead;
    hf_traffic_keys13(c->suite->hash, secret, aead->key_len, key, iv);
    hf_conn_lend_room(c, epoch);
    hf_status s = hf_epoch_set(epoch, aead, key, iv, name);
    hf_wipe(key, sizeof(key));
    hf_wipe(iv, sizeof(iv));
    /* An alert under the old key would not open at the peer. The first key is another matter: an
     * error may be told in the clear before it. */
    if (s != HF_OK && epoch == &c->channel.write && epoch->aead != NULL)
        c->channel.mute = true;
    return s;
}

static hf_status set_keys(hf_handshake *hs, hf_epoch *epoch, const uint8_t *secret,
                          const char *name)
{
    hf_status s = hf_conn_set_keys(hs->conn, epoch, secret, name);
    return s == HF_OK ? HF_OK : hf_hs_fail(hs, s, NULL, NULL, NULL);
}

/* Derives one secret from the schedule's present one, and tells the trace and the key log. */
static void derive(hf_handshake *hs, const char *label, const char *keylog, const char *from,
                   const uint8_t *digest, uint8_t *out)
{
    size_t n = hash_of(hs)->digest_len;
    hf_schedule13_derive(&hs->schedule, label, digest, out);
    hf_trace_secret(hs->conn, keylog, keylog != NULL ? keylog : label, from, label,
                    hs->client_random, (hf_bytes){digest, n}, (hf_bytes){out, n});
}

hf_status hf_hs_set_client_handshake_keys(hf_handshake *hs)
{
    hf_channel *ch = &hs->conn->channel;
    return set_keys(hs, hf_conn_is_client(hs->conn) ? &ch->write : &ch->read,
                    hs->client_handshake_secret, "client handshake traffic");
}

hf_status hf_hs_install_handshake_keys(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    bool client = hf_conn_is_client(c);
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_bytes shared = {NULL, 0}; /* psk_ke: zeros */
    if (hs->group != NULL) {
        shared = hf_bytes_of(hs->shared_secret, hs->group->secret_len);
        hf_trace_secret(c, NULL, "shared secret", hs->group->name, NULL, NULL, (hf_bytes){NULL, 0},
                        shared);
    }
    hf_bytes psk = {NULL, 0};
    if ((hs->facts & HF_F_PSK) != 0)
        psk = hs->psk_secret;
    hf_schedule13_start(&hs->schedule, hash_of(hs), psk);
    hf_schedule13_advance(&hs->schedule, shared);
    hf_wipe(hs->shared_secret, sizeof(hs->shared_secret));
    hf_transcript_digest(&hs->transcript, digest);
    derive(hs, "c hs traffic", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "Handshake Secret", digest,
           hs->client_handshake_secret);
    derive(hs, "s hs traffic", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "Handshake Secret", digest,
           hs->server_handshake_secret);
    if (client) {
        hf_status s = hf_hs_send_ccs(hs);
        if (s != HF_OK)
            return s;
    }
    /* Early data goes on, as far as both or one of the two know: see EndOfEarlyData. */
    bool early = client ? c->early == HF_EARLY_OFFERED : (hs->facts & HF_F_EARLY) != 0;
    hf_status s = early ? HF_OK : hf_hs_set_client_handshake_keys(hs);
    if (s != HF_OK)
        return s;
    return set_keys(hs, client ? &c->channel.read : &c->channel.write, hs->server_handshake_secret,
                    "server handshake traffic");
}

hf_status hf_hs_install_traffic_keys(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_schedule13_advance(&hs->schedule, (hf_bytes){NULL, 0});
    hf_transcript_digest(&hs->transcript, digest);
    derive(hs, "c ap traffic", "CLIENT_TRAFFIC_SECRET_0", "Main Secret", digest, c->client_secret);
    derive(hs, "s ap traffic", "SERVER_TRAFFIC_SECRET_0", "Main Secret", digest, c->server_secret);
    derive(hs, "exp master", "EXPORTER_SECRET", "Main Secret", digest, c->exporter_secret);
    hf_status s = set_keys(hs, hf_conn_is_client(c) ? &c->channel.read : &c->channel.write,
                           c->server_secret, "server application traffic");
    hs->half_rtt = s == HF_OK && !hf_conn_is_client(c);
    return s;
}

/* What tickets are made of: RFC 9846 section 4.7.1. It covers the client's Finished too. A client
 * keeps it where tickets are of use to it; a server gives its tickets in the next row. */
static hf_status resume_later(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    uint8_t digest[HF_HASH_MAX_DIGEST];
    if (!hf_config_wants_sessions(hs->cfg))
        return HF_OK;
    c->resumption_secret = hf_alloc(HF_HASH_MAX_DIGEST);
    if (c->resumption_secret == NULL)
        return hf_hs_fail(hs, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    hf_transcript_digest(&hs->transcript, digest);
    hf_hs_derive_resumption(hs, digest, c->resumption_secret);
    return HF_OK;
}

void hf_hs_derive_resumption(hf_handshake *hs, const uint8_t *digest, uint8_t *secret)
{
    derive(hs, "res master", NULL, "Main Secret", digest, secret);
}

hf_status hf_hs_complete(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    hf_status s = set_keys(hs, hf_conn_is_client(c) ? &c->channel.write : &c->channel.read,
                           c->client_secret, "client application traffic");
    return s == HF_OK ? resume_later(hs) : s;
}
