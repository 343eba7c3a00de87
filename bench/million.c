/* million.c: many idle connections, held at once for real.
 *
 * Memory is what is measured, so making a million connections must not take minutes of curve
 * arithmetic: the provider's one group is a stand-in that computes nothing, randomness is constant,
 * and so every handshake is byte for byte the same. A first one is shaken by a true client, whose
 * bytes are then fed to each server; the signature over the same transcript is remembered by the
 * server's signer. Everything else (messages, key schedule, records, a byte of data) is done in
 * full by each connection. */
#include "material.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* ---- what stands in ---- */

static hf_status same_bytes(void *ctx, uint8_t *p, size_t n)
{
    (void)ctx;
    memset(p, 0x42, n);
    return HF_OK;
}

static hf_status no_generate(const hf_provider *p, uint8_t *private_key, uint8_t *share)
{
    (void)p;
    memset(private_key, 1, 32);
    memset(share, 2, 32);
    return HF_OK;
}

static hf_status no_respond(const hf_provider *p, const uint8_t *client_share, uint8_t *share,
                            uint8_t *secret)
{
    (void)p;
    (void)client_share;
    memset(share, 3, 32);
    memset(secret, 4, 32);
    return HF_OK;
}

static hf_status no_finish(const uint8_t *private_key, const uint8_t *share, uint8_t *secret)
{
    (void)private_key;
    (void)share;
    memset(secret, 4, 32);
    return HF_OK;
}

static const hf_group stand_in = {
    .name = "X25519",
    .id = 0x001d,
    .client_share_len = 32,
    .server_share_len = 32,
    .private_len = 32,
    .secret_len = 32,
    .generate = no_generate,
    .respond = no_respond,
    .finish = no_finish,
};

typedef struct signer {
    hf_key *key;
    uint8_t message[256], signature[HF_SIGNATURE_MAX];
    size_t message_len, signature_len;
} signer;

static hf_status sign(void *ctx, const hf_sigscheme *scheme, hf_bytes message, uint8_t *signature,
                      size_t *signature_len)
{
    signer *s = ctx;
    bool known = s->message_len == message.n && memcmp(s->message, message.p, message.n) == 0;
    if (!known) {
        if (message.n > sizeof(s->message))
            return HF_E_SIGNING;
        hf_status status = hf_key_sign(s->key, scheme, message, s->signature, &s->signature_len);
        if (status != HF_OK)
            return status;
        memcpy(s->message, message.p, message.n);
        s->message_len = message.n;
    }
    memcpy(signature, s->signature, s->signature_len);
    *signature_len = s->signature_len;
    return HF_OK;
}

/* ---- a first handshake, whose client's bytes are kept ---- */

enum { FLIGHTS = 3 };

typedef struct recording {
    uint8_t bytes[FLIGHTS][4096];
    size_t n[FLIGHTS];
} recording;

static bool keep(recording *r, size_t flight, hf_conn *client)
{
    hf_bytes out = hf_out(client);
    if (out.n == 0 || out.n > sizeof(r->bytes[0]))
        return false;
    memcpy(r->bytes[flight], out.p, out.n);
    r->n[flight] = out.n;
    hf_out_consumed(client, out.n);
    return true;
}

/* Feeds the bytes and steps until they are used. */
static bool feed(hf_conn *c, const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t used = 0;
        if (hf_feed(c, p, n, &used) != HF_OK || hf_step(c) < 0 || used == 0)
            return false;
        p += used;
        n -= used;
    }
    return true;
}

static bool record_client(hf_config *client_config, hf_config *server_config, recording *r)
{
    hf_conn *client = NULL, *server = NULL;
    size_t taken = 0;
    bool ok = hf_client_new(client_config, BENCH_HOST, &client) == HF_OK &&
              hf_server_new(server_config, &server) == HF_OK && hf_step(client) >= 0 &&
              keep(r, 0, client) && feed(server, r->bytes[0], r->n[0]);
    hf_bytes answer = ok ? hf_out(server) : (hf_bytes){NULL, 0};
    ok = ok && feed(client, answer.p, answer.n) && keep(r, 1, client) &&
         hf_write(client, "?", 1, &taken) == HF_OK && taken == 1 && keep(r, 2, client);
    hf_conn_free(client);
    hf_conn_free(server);
    return ok;
}

/* ---- the many ---- */

static hf_conn *open_one(hf_config *config, const recording *r)
{
    hf_conn *c = NULL;
    uint8_t byte;
    size_t got = 0;
    bool ok = hf_server_new(config, &c) == HF_OK;
    for (size_t i = 0; i < FLIGHTS && ok; i++) {
        ok = feed(c, r->bytes[i], r->n[i]);
        hf_out_consumed(c, hf_out(c).n);
    }
    if (ok && hf_read(c, &byte, 1, &got) == HF_OK && got == 1 && hf_step(c) >= 0 && hf_step(c) >= 0)
        return c;
    hf_conn_free(c);
    return NULL;
}

static double hold(hf_config *config, const recording *r, size_t count, const char **failed)
{
    hf_conn **held = calloc(count, sizeof(hf_conn *));
    double each = 0;
    size_t made = 0;
    hf_conn_free(open_one(config, r));
    int64_t before = bench_heap_live();
    while (held != NULL && made < count && (held[made] = open_one(config, r)) != NULL)
        made++;
    if (made == count)
        each = (double)(bench_heap_live() - before) / (double)count;
    else
        *failed = "one of the many idle connections could not be made";
    while (made > 0)
        hf_conn_free(held[--made]);
    free(held);
    return each;
}

static hf_identity *external_identity(signer *s, const bench_material *m)
{
    hf_identity *identity = NULL;
    hf_key *external = NULL;
    hf_bytes key = {(const uint8_t *)m->key, strlen(m->key)};
    hf_bytes chain = {(const uint8_t *)m->chain, strlen(m->chain)};
    hf_signer table = {.sign = sign, .ctx = s};
    if (hf_key_read(key, NULL, &s->key, NULL) == HF_OK &&
        hf_key_new_external(hf_key_public(s->key), &table, &external, NULL) == HF_OK)
        hf_identity_new(chain, external, &identity, NULL);
    hf_key_free(external);
    return identity;
}

double bench_hold_idle(size_t count, const char **failed)
{
    static const hf_group *const groups[] = {&stand_in, NULL};
    static recording r;
    hf_provider provider = *hf_provider_default();
    bench_material m = bench_material_make(HF_KEY_P256);
    signer *s = calloc(1, sizeof(*s));
    hf_config *client = NULL, *server = NULL;
    double each = 0;
    provider.groups = groups;
    provider.random = same_bytes;
    hf_identity *identity = external_identity(s, &m);
    hf_config_new(HF_CLIENT, &client);
    hf_config_new(HF_SERVER, &server);
    hf_config_provider(client, &provider);
    hf_config_provider(server, &provider);
    hf_config_versions(client, HF_TLS_1_3, HF_TLS_1_3);
    hf_config_key_shares(client, 1);
    hf_config_insecure_no_verification(client);
    hf_config_add_identity(server, identity);
    *failed = "the handshake that the many repeat failed";
    if (hf_config_freeze(client, NULL) == HF_OK && hf_config_freeze(server, NULL) == HF_OK &&
        record_client(client, server, &r))
        each = hold(server, &r, count, failed);
    hf_config_free(client);
    hf_config_free(server);
    hf_identity_free(identity);
    hf_key_free(s->key);
    free(s);
    bench_material_free(&m);
    return each;
}
