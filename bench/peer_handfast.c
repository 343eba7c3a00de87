/* peer_handfast.c: the bench's work by handfast. Records go through the zero-copy pair. */
#include "bench.h"

#include <handfast/handfast.h>

#include <stdlib.h>
#include <string.h>

typedef struct shared {
    hf_config *client, *server;
    const char *host;
} shared;

typedef struct halves {
    hf_conn *client, *server;
    uint8_t *wire;
    size_t room;
} halves;

static hf_bytes text(const char *t)
{
    return (hf_bytes){(const uint8_t *)t, strlen(t)};
}

static void teardown(void *ctx)
{
    shared *s = ctx;
    hf_config_free(s->client);
    hf_config_free(s->server);
    free(s);
}

static void *setup(const bench_setup *b)
{
    shared *s = calloc(1, sizeof(*s));
    hf_key *key = NULL;
    hf_identity *identity = NULL;
    hf_store *store = NULL;
    s->host = b->host;
    hf_config_new(HF_CLIENT, &s->client);
    hf_config_new(HF_SERVER, &s->server);
    hf_key_read(text(b->key_pem), NULL, &key, NULL);
    hf_identity_new(text(b->chain_pem), key, &identity, NULL);
    hf_store_new(&store);
    hf_store_add(store, text(b->ca_pem), NULL, NULL);
    hf_config_add_identity(s->server, identity);
    hf_config_trust(s->client, store);
    hf_config_groups(s->client, b->group);
    hf_config_groups(s->server, b->group);
    hf_config_suites(s->client, b->suite);
    hf_config_suites(s->server, b->suite);
    bool ok =
        hf_config_freeze(s->client, NULL) == HF_OK && hf_config_freeze(s->server, NULL) == HF_OK;
    hf_identity_free(identity);
    hf_key_free(key);
    hf_store_free(store);
    if (ok)
        return s;
    teardown(s);
    return NULL;
}

/* Moves what one side has for the other; that side's clock runs while it takes the bytes. */
static size_t move(hf_conn *from, hf_conn *to, uint64_t *to_ns)
{
    hf_bytes out = hf_out(from);
    size_t used = 0;
    if (out.n == 0)
        return 0;
    uint64_t t = bench_now_ns();
    hf_feed(to, out.p, out.n, &used);
    hf_step(to);
    *to_ns += bench_now_ns() - t;
    hf_out_consumed(from, used);
    return used;
}

static bool shake(halves *h, const shared *s, bench_clocks *clocks)
{
    uint64_t t0 = bench_now_ns();
    hf_client_new(s->client, s->host, &h->client);
    hf_step(h->client);
    uint64_t t1 = bench_now_ns();
    hf_server_new(s->server, &h->server);
    uint64_t t2 = bench_now_ns();
    clocks->client_ns += t1 - t0;
    clocks->server_ns += t2 - t1;
    while (move(h->client, h->server, &clocks->server_ns) +
               move(h->server, h->client, &clocks->client_ns) !=
           0)
        ;
    hf_info client, server;
    hf_conn_info(h->client, &client);
    hf_conn_info(h->server, &server);
    return client.established && server.established && client.peer_authenticated;
}

static bool handshake(void *ctx, bench_clocks *clocks)
{
    halves h = {0};
    bool ok = shake(&h, ctx, clocks);
    uint64_t t0 = bench_now_ns();
    hf_conn_free(h.client);
    uint64_t t1 = bench_now_ns();
    hf_conn_free(h.server);
    clocks->client_ns += t1 - t0;
    clocks->server_ns += bench_now_ns() - t1;
    return ok;
}

static void *open_pair(void *ctx)
{
    bench_clocks unused = {0};
    halves *h = calloc(1, sizeof(*h));
    if (shake(h, ctx, &unused))
        return h;
    return NULL;
}

static void close_client(void *pair)
{
    halves *h = pair;
    hf_conn_free(h->client);
    h->client = NULL;
}

static void close_pair(void *pair)
{
    halves *h = pair;
    hf_conn_free(h->client);
    hf_conn_free(h->server);
    free(h->wire);
    free(h);
}

static bool stream(void *pair, size_t n, size_t record, bench_clocks *clocks)
{
    static uint8_t data[16384];
    halves *h = pair;
    if (h->room < record + 1024) {
        h->room = record + 1024;
        h->wire = realloc(h->wire, h->room);
    }
    for (size_t done = 0; done < n; done += record) {
        hf_bytes piece = {data, record}, got;
        size_t sealed, used;
        uint64_t t0 = bench_now_ns();
        if (hf_seal(h->client, &piece, 1, h->wire, h->room, &sealed) != HF_OK)
            return false;
        uint64_t t1 = bench_now_ns();
        if (hf_open(h->server, h->wire, sealed, &used, &got) != HF_OK || got.n != record)
            return false;
        clocks->client_ns += t1 - t0;
        clocks->server_ns += bench_now_ns() - t1;
    }
    return true;
}

static void idle(void *pair)
{
    halves *h = pair;
    hf_step(h->client);
    hf_step(h->server);
}

const bench_peer bench_handfast = {"handfast", setup,  teardown, handshake,   open_pair,
                                   close_pair, stream, idle,     close_client};
