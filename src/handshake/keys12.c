/* keys12.c: the master secret of TLS 1.2, what is derived from it, and Finished. RFC 5246 sections
 * 6.3, 7.4.9 and 8.1, RFC 7627. The 48 bytes of the master secret lie in the connection's
 * exporter_secret: after the handshake exporting is all they are for. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/prf.h"

#include <string.h>

#define VERIFY_DATA 12U

static hf_bytes master_of(const hf_conn *c)
{
    return (hf_bytes){c->exporter_secret, HF_MASTER_SECRET};
}

/* Each direction's key and IV are cut from one block, in this order: section 6.3. */
static void cut_key_block(hf_handshake *hs)
{
    const hf_conn *c = hs->conn;
    size_t key = c->suite->aead->key_len, iv = c->suite->suite->id >> 8 == 0xcc ? 12 : 4;
    uint8_t block[2 * (HF_AEAD_MAX_KEY + HF_AEAD_NONCE)];
    hf_prf12(c->suite->hash, master_of(c), "key expansion",
             hf_bytes_of(hs->server_random, HF_RANDOM_LEN),
             hf_bytes_of(hs->client_random, HF_RANDOM_LEN), block, 2 * (key + iv));
    memset(hs->client_handshake_secret, 0, sizeof(hs->client_handshake_secret));
    memset(hs->server_handshake_secret, 0, sizeof(hs->server_handshake_secret));
    memcpy(hs->client_handshake_secret, block, key);
    memcpy(hs->server_handshake_secret, block + key, key);
    memcpy(hs->client_handshake_secret + HF_AEAD_MAX_KEY, block + 2 * key, iv);
    memcpy(hs->server_handshake_secret + HF_AEAD_MAX_KEY, block + 2 * key + iv, iv);
    hf_wipe(block, sizeof(block));
}

hf_status hf_12_derive(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    const hf_hash *hash = c->suite->hash;
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_bytes shared = {hs->shared_secret, hf_12_premaster_len(hs)};
    hf_bytes client = {hs->client_random, HF_RANDOM_LEN},
             server = {hs->server_random, HF_RANDOM_LEN};
    hf_transcript_digest(&hs->transcript, digest);
    hf_bytes session_hash = {digest, hash->digest_len};
    hf_trace_secret(c, NULL, "premaster secret",
                    hs->group != NULL ? hs->group->name : "the client's randomness", "", NULL,
                    (hf_bytes){NULL, 0}, shared);
    if (hs->extended_master_secret)
        hf_prf12(hash, shared, "extended master secret", session_hash, (hf_bytes){NULL, 0},
                 c->exporter_secret, HF_MASTER_SECRET);
    else
        hf_prf12(hash, shared, "master secret", client, server, c->exporter_secret,
                 HF_MASTER_SECRET);
    hf_wipe(hs->shared_secret, sizeof(hs->shared_secret));
    hf_trace_secret(c, "CLIENT_RANDOM", "master secret", "premaster secret",
                    hs->extended_master_secret ? "extended master secret" : "master secret",
                    hs->client_random, hs->extended_master_secret ? session_hash : client,
                    master_of(c));
    cut_key_block(hs);
    memcpy(c->client_secret, hs->client_random, HF_RANDOM_LEN);
    memcpy(c->server_secret, hs->server_random, HF_RANDOM_LEN);
    return HF_OK;
}

hf_status hf_12_resume(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    memcpy(c->exporter_secret, hs->session->secret, HF_MASTER_SECRET);
    hf_trace_secret(c, "CLIENT_RANDOM", "master secret", "the session", "", hs->client_random,
                    (hf_bytes){NULL, 0}, master_of(c));
    cut_key_block(hs);
    memcpy(c->client_secret, hs->client_random, HF_RANDOM_LEN);
    memcpy(c->server_secret, hs->server_random, HF_RANDOM_LEN);
    return HF_OK;
}

static hf_status set_keys(hf_handshake *hs, hf_epoch *epoch, const uint8_t *secret,
                          const char *name)
{
    hf_conn *c = hs->conn;
    const hf_aead *aead = c->suite->aead;
    hf_conn_lend_room(c, epoch);
    hf_status s = hf_epoch_set(epoch, aead, secret, secret + HF_AEAD_MAX_KEY, name);
    if (s != HF_OK) {
        c->channel.mute = epoch == &c->channel.write; /* the peer awaits the new key */
        return hf_hs_fail(hs, s, NULL, NULL, NULL);
    }
    epoch->form = c->suite->suite->id >> 8 == 0xcc ? HF_FORM_12_IMPLICIT : HF_FORM_12_EXPLICIT;
    hf_trace_secret(c, NULL, name, "master secret", "key expansion", NULL, (hf_bytes){NULL, 0},
                    (hf_bytes){secret, aead->key_len});
    return HF_OK;
}

hf_status hf_12_change_client_keys(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    return set_keys(hs, hf_conn_is_client(c) ? &c->channel.write : &c->channel.read,
                    hs->client_handshake_secret, "client write");
}

hf_status hf_12_change_server_keys(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    return set_keys(hs, hf_conn_is_client(c) ? &c->channel.read : &c->channel.write,
                    hs->server_handshake_secret, "server write");
}

hf_status hf_12_complete(hf_handshake *hs)
{
    hf_buf_free(&hs->transcript.pending);
    hs->conn->extended_master_secret = (hs->facts & HF_F_RESUMED) != 0
                                           ? hs->session->extended_master_secret
                                           : hs->extended_master_secret;
    bool proved_now = hf_conn_is_client(hs->conn) && (hs->facts & HF_F_TRANSPORT) != 0 &&
                      (hs->facts & HF_F_RESUMED) == 0; /* by its Finished: it could decrypt */
    hf_status s = proved_now ? hf_hs_peer_proved(hs) : HF_OK;
    return s == HF_OK ? hf_12_keep_session(hs) : s;
}

/* ---- Finished ---- */

static void verify_data(const hf_handshake *hs, bool of_client, uint8_t out[VERIFY_DATA])
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    const hf_hash *hash = hs->conn->suite->hash;
    hf_transcript_digest(&hs->transcript, digest);
    hf_prf12(hash, master_of(hs->conn), of_client ? "client finished" : "server finished",
             (hf_bytes){digest, hash->digest_len}, (hf_bytes){NULL, 0}, out, VERIFY_DATA);
}

/* The first Finished of a connection is its tls-unique (RFC 5929 section 3.1): in a full handshake
 * the client's, in a resumed one the server's. It lies behind the client's random, in what TLS 1.3
 * needs for its secret. */
static void keep_unique(hf_conn *c, bool of_client, const uint8_t data[VERIFY_DATA])
{
    if (of_client != c->resumed)
        memcpy(c->client_secret + HF_RANDOM_LEN, data, VERIFY_DATA);
}

void hf_12_unique(const hf_conn *c, uint8_t out[VERIFY_DATA])
{
    memcpy(out, c->client_secret + HF_RANDOM_LEN, VERIFY_DATA);
}

hf_status hf_12_build_finished(hf_handshake *hs, hf_writer *w)
{
    uint8_t data[VERIFY_DATA];
    verify_data(hs, hf_conn_is_client(hs->conn), data);
    keep_unique(hs->conn, hf_conn_is_client(hs->conn), data);
    hf_finished_build(w, &(hf_finished){{data, VERIFY_DATA}});
    return HF_OK;
}

hf_status hf_12_judge_finished(hf_handshake *hs, hf_reader *r)
{
    hf_finished m;
    uint8_t data[VERIFY_DATA];
    if (!hf_finished_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    if (m.verify_data.n != VERIFY_DATA)
        return hf_hs_fail(hs, HF_E_BAD_FINISHED, "verify_data", "12 bytes", "%zu bytes",
                          m.verify_data.n);
    verify_data(hs, !hf_conn_is_client(hs->conn), data);
    if (!hf_ct_equal(data, m.verify_data.p, VERIFY_DATA))
        return hf_hs_fail(hs, HF_E_BAD_FINISHED, "verify_data", "the digest this side computed",
                          "another");
    keep_unique(hs->conn, !hf_conn_is_client(hs->conn), data);
    return HF_OK;
}

/* ---- exporters: RFC 5705 section 4 ---- */

/* A context that is given, though empty, differs from none: it comes with its length in front. */
hf_status hf_12_export(const hf_conn *c, const char *label, hf_bytes context, uint8_t *out,
                       size_t n)
{
    hf_buf seed = {0};
    uint8_t randoms[2 * HF_RANDOM_LEN];
    if (!c->extended_master_secret) /* another connection may have the same: RFC 7627 section 5.4 */
        return HF_E_WRONG_STATE;
    if (context.n > 65535)
        return HF_E_BAD_ARGUMENT;
    const uint8_t length[] = {(uint8_t)(context.n >> 8), (uint8_t)context.n};
    hf_status s = HF_OK;
    if (context.p != NULL)
        s = hf_buf_append(&seed, (hf_bytes){length, 2});
    if (s == HF_OK && context.n != 0)
        s = hf_buf_append(&seed, context);
    memcpy(randoms, c->client_secret, HF_RANDOM_LEN);
    memcpy(randoms + HF_RANDOM_LEN, c->server_secret, HF_RANDOM_LEN);
    if (s == HF_OK)
        hf_prf12(c->suite->hash, master_of(c), label, (hf_bytes){randoms, sizeof(randoms)},
                 hf_buf_bytes(&seed), out, n);
    hf_buf_free(&seed);
    return s;
}
