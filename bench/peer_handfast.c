/* peer_handfast.c: the bench's work by handfast. Records go through the zero-copy pair. */
#include "bench.h"

#include <handfast/handfast.h>

#include <stdlib.h>
#include <string.h>

typedef struct shared {
    hf_config *client, *server;
    const char *host;
} shared;

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

static bool shake(bench_pair *pair, void *ctx, bench_clocks *clocks)
{
    const shared *s = ctx;
    hf_conn *client = NULL, *server = NULL;
    uint64_t t0 = bench_now_ns();
    hf_client_new(s->client, s->host, &client);
    hf_step(client);
    uint64_t t1 = bench_now_ns();
    hf_server_new(s->server, &server);
    uint64_t t2 = bench_now_ns();
    pair->client = client;
    pair->server = server;
    clocks->client_ns += t1 - t0;
    clocks->server_ns += t2 - t1;
    while (move(client, server, &clocks->server_ns) + move(server, client, &clocks->client_ns) != 0)
        ;
    hf_info client_info, server_info;
    hf_conn_info(client, &client_info);
    hf_conn_info(server, &server_info);
    return client_info.established && server_info.established && client_info.peer_authenticated;
}

static void free_end(void *end)
{
    hf_conn_free(end);
}

static bool stream(bench_pair *pair, size_t n, size_t record, bench_clocks *clocks)
{
    static uint8_t data[16384];
    if (pair->room < record + 1024) {
        pair->room = record + 1024;
        pair->wire = realloc(pair->wire, pair->room);
    }
    for (size_t done = 0; done < n; done += record) {
        hf_bytes piece = {data, record}, got;
        size_t sealed, used;
        uint64_t t0 = bench_now_ns();
        if (hf_seal(pair->client, &piece, 1, pair->wire, pair->room, &sealed) != HF_OK)
            return false;
        uint64_t t1 = bench_now_ns();
        if (hf_open(pair->server, pair->wire, sealed, &used, &got) != HF_OK || got.n != record)
            return false;
        clocks->client_ns += t1 - t0;
        clocks->server_ns += bench_now_ns() - t1;
    }
    return true;
}

static void idle(bench_pair *pair)
{
    hf_step(pair->client);
    hf_step(pair->server);
}

const bench_peer bench_handfast = {"handfast", setup, teardown, shake, free_end, stream, idle};
