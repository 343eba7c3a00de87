/* pair.c: a connection's two ends over two pipes, stepped in turn. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

size_t bench_pipe_read(bench_pipe *pipe, void *p, size_t n)
{
    size_t left = pipe->n - pipe->at, take = n < left ? n : left;
    memcpy(p, pipe->bytes + pipe->at, take);
    pipe->at += take;
    if (pipe->at == pipe->n)
        pipe->at = pipe->n = 0;
    return take;
}

size_t bench_pipe_write(bench_pipe *pipe, const void *p, size_t n)
{
    size_t room = BENCH_PIPE_ROOM - pipe->n, take = n < room ? n : room;
    memcpy(pipe->bytes + pipe->n, p, take);
    pipe->n += take;
    pipe->total += take;
    return take;
}

static void *make(const bench_peer *peer, void *ctx, bool server, bench_io *io, bench_cost *cost)
{
    bench_interval i = bench_begin();
    void *end = peer->open(ctx, server, io);
    bench_end(&i, cost);
    return end;
}

static bench_progress step(const bench_peer *peer, void *end, bench_cost *cost)
{
    bench_interval i = bench_begin();
    bench_progress p = peer->shake(end);
    bench_end(&i, cost);
    return p;
}

bool bench_pair_open(bench_pair *pair, const bench_peer *peer, void *ctx)
{
    pair->peer = peer;
    pair->client_io = (bench_io){&pair->to_client, &pair->to_server};
    pair->server_io = (bench_io){&pair->to_server, &pair->to_client};
    pair->to_client.at = pair->to_client.n = pair->to_client.total = 0;
    pair->to_server.at = pair->to_server.n = pair->to_server.total = 0;
    pair->client = make(peer, ctx, false, &pair->client_io, &pair->client_cost);
    pair->server = make(peer, ctx, true, &pair->server_io, &pair->server_cost);
    bench_progress client = BENCH_WAITS, server = BENCH_WAITS;
    if (pair->client == NULL || pair->server == NULL)
        return false;
    for (int turn = 0; turn < 16; turn++) {
        if (client == BENCH_WAITS)
            client = step(peer, pair->client, &pair->client_cost);
        if (server == BENCH_WAITS && client != BENCH_FAILED)
            server = step(peer, pair->server, &pair->server_cost);
        if (client == BENCH_FAILED || server == BENCH_FAILED)
            return false;
        if (client == BENCH_DONE && server == BENCH_DONE)
            return true;
    }
    return false;
}

static void drop(const bench_peer *peer, void **end, bench_cost *cost)
{
    if (*end == NULL)
        return;
    bench_interval i = bench_begin();
    peer->close(*end);
    bench_end(&i, cost);
    *end = NULL;
}

void bench_pair_close(bench_pair *pair)
{
    drop(pair->peer, &pair->client, &pair->client_cost);
    drop(pair->peer, &pair->server, &pair->server_cost);
}

/* Tickets of 1.3 come after the handshake: a byte of the server's makes the client read them. */
static bool first_session(const bench_peer *peer, void *ctx)
{
    uint8_t byte = 1;
    bench_pair *pair = calloc(1, sizeof(*pair));
    bool ok = pair != NULL && bench_pair_open(pair, peer, ctx) &&
              peer->send(pair->server, &byte, 1) && peer->receive(pair->client, &byte, 1) &&
              peer->keep_session(ctx, pair->client);
    if (pair != NULL)
        bench_pair_close(pair);
    free(pair);
    return ok;
}

void *bench_context(const bench_peer *peer, const bench_setup *setup)
{
    if (setup->resume && peer->keep_session == NULL)
        return NULL;
    void *ctx = peer->setup(setup);
    if (ctx != NULL && setup->resume && !first_session(peer, ctx)) {
        peer->teardown(ctx);
        return NULL;
    }
    return ctx;
}
