/* rows.c: the rows of the benchmark. Peers take turns, round after round, so that whatever else
 * the machine does falls on all of them; the median round counts. */
#include "rows.h"

#include "material.h"
#include "report.h"
#include "x509.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const roles[2] = {"server", "client"};
static const char *const directions[2] = {"send", "receive"};

static void fail(const bench_peer *peer, const char *what)
{
    fprintf(stderr, "handfast_bench: %s of %s failed\n", what, peer->name);
    exit(1);
}

static void make_contexts(const bench_setup *setup, void *ctx[BENCH_MAX_PEERS])
{
    for (size_t i = 0; i < bench_peer_count; i++)
        ctx[i] = bench_context(bench_peers[i], setup);
}

static void free_contexts(void *ctx[BENCH_MAX_PEERS])
{
    for (size_t i = 0; i < bench_peer_count; i++)
        if (ctx[i] != NULL)
            bench_peers[i]->teardown(ctx[i]);
}

static bench_pair *new_pair(const bench_peer *peer, void *ctx)
{
    bench_pair *pair = calloc(1, sizeof(*pair));
    if (pair == NULL || !bench_pair_open(pair, peer, ctx))
        fail(peer, "a handshake");
    return pair;
}

static void free_pair(bench_pair *pair)
{
    bench_pair_close(pair);
    free(pair);
}

static void report_two(const char *name, const char *const ends[2], const char *unit,
                       bench_series *a, bench_series *b, bool less_is_better, const char *against)
{
    bench_series *both[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        char row[64], other[64] = "";
        snprintf(row, sizeof(row), "%s_%s", name, ends[i]);
        if (against != NULL)
            snprintf(other, sizeof(other), "%s_%s", against, ends[i]);
        bench_report_row(row, unit, both[i], less_is_better, against != NULL ? other : NULL);
    }
}

/* ---- handshakes ---- */

static void shake_round(const bench_peer *peer, void *ctx, bench_pair *pair, bool resume,
                        uint64_t length, bench_series *server, bench_series *client)
{
    uint64_t end = bench_now_ns() + length;
    unsigned count = 0;
    pair->client_cost = pair->server_cost = (bench_cost){0};
    do {
        if (!bench_pair_open(pair, peer, ctx))
            fail(peer, "a handshake");
        if (peer->resumed(pair->client) != resume)
            fail(peer, resume ? "a resumption" : "a full handshake");
        bench_pair_close(pair);
        count++;
    } while (bench_now_ns() < end);
    bench_series_add(server, count * 1e9 / (double)pair->server_cost.ns);
    bench_series_add(client, count * 1e9 / (double)pair->client_cost.ns);
}

/* Where libssl cannot do the setup, it does `instead`, in turn with the others, to compare with. */
static void row_handshake(const char *name, const bench_setup *setup, const bench_options *o,
                          const bench_setup *instead, const char *against)
{
    void *ctx[BENCH_MAX_PEERS] = {NULL};
    bench_series server[BENCH_MAX_PEERS] = {0}, client[BENCH_MAX_PEERS] = {0};
    bench_pair *pair = calloc(1, sizeof(*pair));
    if (o->only != NULL && strncmp(name, o->only, strlen(o->only)) != 0) {
        free(pair);
        return;
    }
    make_contexts(setup, ctx);
    if (instead != NULL && ctx[1] == NULL)
        ctx[1] = bench_context(bench_peers[1], instead);
    for (unsigned k = 0; k < o->rounds; k++)
        for (size_t i = 0; i < bench_peer_count; i++)
            if (ctx[i] != NULL)
                shake_round(bench_peers[i], ctx[i], pair, setup->resume, o->round_ns, &server[i],
                            &client[i]);
    free_contexts(ctx);
    free(pair);
    report_two(name, roles, "per_second", server, client, false, against);
}

/* Allocations of one full handshake: making, shaking, freeing. */
static void row_allocations(const bench_setup *setup)
{
    void *ctx[BENCH_MAX_PEERS];
    bench_series server[BENCH_MAX_PEERS] = {0}, client[BENCH_MAX_PEERS] = {0};
    enum { COUNT = 20 };
    make_contexts(setup, ctx);
    for (size_t i = 0; i < bench_peer_count; i++) {
        if (ctx[i] == NULL)
            continue;
        free_pair(new_pair(bench_peers[i], ctx[i])); /* what is made once is not counted */
        bench_pair *pair = calloc(1, sizeof(*pair));
        for (int k = 0; k < COUNT; k++) {
            if (!bench_pair_open(pair, bench_peers[i], ctx[i]))
                fail(bench_peers[i], "a handshake");
            bench_pair_close(pair);
        }
        bench_series_add(&server[i], (double)pair->server_cost.allocations / COUNT);
        bench_series_add(&client[i], (double)pair->client_cost.allocations / COUNT);
        free(pair);
    }
    free_contexts(ctx);
    report_two("allocations", roles, "per_handshake", server, client, true, NULL);
}

/* ---- records ---- */

/* As many records as make about 64 KiB are sent, then received: a pipe's worth at a time. */
static void stream_once(bench_pair *pair, size_t record, size_t count, bench_cost *send,
                        bench_cost *receive)
{
    static uint8_t data[16384], got[16384];
    const bench_peer *peer = pair->peer;
    bool ok = true;
    bench_interval i = bench_begin();
    for (size_t k = 0; k < count; k++)
        ok = ok && peer->send(pair->client, data, record);
    bench_end(&i, send);
    i = bench_begin();
    for (size_t k = 0; k < count; k++)
        ok = ok && peer->receive(pair->server, got, record);
    bench_end(&i, receive);
    if (!ok)
        fail(peer, "a record");
}

static void stream_round(bench_pair *pair, size_t record, uint64_t length, bench_series *send,
                         bench_series *receive)
{
    bench_cost out = {0}, in = {0};
    uint64_t end = bench_now_ns() + length;
    size_t count = 65536 / record, bytes = 0;
    do {
        stream_once(pair, record, count, &out, &in);
        bytes += count * record;
    } while (bench_now_ns() < end);
    bench_series_add(send, (double)bytes * 1e3 / (double)out.ns);
    bench_series_add(receive, (double)bytes * 1e3 / (double)in.ns);
}

static void row_stream(const char *name, const bench_setup *setup, size_t record,
                       const bench_options *o)
{
    void *ctx[BENCH_MAX_PEERS];
    bench_pair *pair[BENCH_MAX_PEERS] = {0};
    bench_series send[BENCH_MAX_PEERS] = {0}, receive[BENCH_MAX_PEERS] = {0};
    if (o->only != NULL && strncmp(name, o->only, strlen(o->only)) != 0)
        return;
    make_contexts(setup, ctx);
    for (size_t i = 0; i < bench_peer_count; i++)
        pair[i] = ctx[i] != NULL ? new_pair(bench_peers[i], ctx[i]) : NULL;
    for (unsigned r = 0; r < o->rounds; r++)
        for (size_t i = 0; i < bench_peer_count; i++)
            if (pair[i] != NULL)
                stream_round(pair[i], record, o->round_ns, &send[i], &receive[i]);
    for (size_t i = 0; i < bench_peer_count; i++)
        if (pair[i] != NULL)
            free_pair(pair[i]);
    free_contexts(ctx);
    report_two(name, directions, "MB_per_second", send, receive, false, NULL);
}

/* 100 bytes there and back; the time of both ends together. */
static void echo_round(bench_pair *pair, uint64_t length, bench_series *s)
{
    uint8_t bytes[100] = {0};
    const bench_peer *peer = pair->peer;
    bench_cost cost = {0};
    uint64_t end = bench_now_ns() + length;
    double count = 0;
    do {
        enum { BATCH = 64 };
        bool ok = true;
        bench_interval i = bench_begin();
        for (int k = 0; k < BATCH && ok; k++)
            ok = peer->send(pair->client, bytes, sizeof(bytes)) &&
                 peer->receive(pair->server, bytes, sizeof(bytes)) &&
                 peer->send(pair->server, bytes, sizeof(bytes)) &&
                 peer->receive(pair->client, bytes, sizeof(bytes));
        bench_end(&i, &cost);
        if (!ok)
            fail(peer, "an echo");
        count += BATCH;
    } while (bench_now_ns() < end);
    bench_series_add(s, count * 1e9 / (double)cost.ns);
}

static void row_echo(const bench_setup *setup, const bench_options *o)
{
    void *ctx[BENCH_MAX_PEERS];
    bench_pair *pair[BENCH_MAX_PEERS] = {0};
    bench_series s[BENCH_MAX_PEERS] = {0};
    make_contexts(setup, ctx);
    for (size_t i = 0; i < bench_peer_count; i++)
        pair[i] = ctx[i] != NULL ? new_pair(bench_peers[i], ctx[i]) : NULL;
    for (unsigned r = 0; r < o->rounds; r++)
        for (size_t i = 0; i < bench_peer_count; i++)
            if (pair[i] != NULL)
                echo_round(pair[i], o->round_ns, &s[i]);
    for (size_t i = 0; i < bench_peer_count; i++)
        if (pair[i] != NULL)
            free_pair(pair[i]);
    free_contexts(ctx);
    bench_report_row("echo_100", "per_second", s, false, NULL);
}

/* ---- memory ---- */

static void rest(const bench_peer *peer, bench_pair *pair)
{
    if (peer->idle == NULL)
        return;
    peer->idle(pair->client);
    peer->idle(pair->server);
}

/* Heap that an idle connection holds, which has carried a little data each way: many pairs are
 * open, then the clients are freed, then the servers. */
static void memory_of(const bench_peer *peer, void *ctx, bench_series *server, bench_series *client)
{
    enum { COUNT = 32 };
    bench_pair *pair[COUNT];
    uint8_t byte = 1;
    free_pair(new_pair(peer, ctx));
    for (size_t k = 0; k < COUNT; k++)
        pair[k] = calloc(1, sizeof(*pair[k]));
    int64_t before = bench_heap_live();
    for (size_t k = 0; k < COUNT; k++) {
        if (!bench_pair_open(pair[k], peer, ctx) || !peer->send(pair[k]->client, &byte, 1) ||
            !peer->receive(pair[k]->server, &byte, 1) || !peer->send(pair[k]->server, &byte, 1) ||
            !peer->receive(pair[k]->client, &byte, 1))
            fail(peer, "a connection");
        rest(peer, pair[k]);
    }
    int64_t all = bench_heap_live();
    for (size_t k = 0; k < COUNT; k++) {
        peer->close(pair[k]->client);
        pair[k]->client = NULL;
    }
    int64_t servers = bench_heap_live();
    bench_series_add(client, (double)(all - servers) / COUNT);
    bench_series_add(server, (double)(servers - before) / COUNT);
    for (size_t k = 0; k < COUNT; k++)
        free_pair(pair[k]);
}

static void row_memory(const bench_setup *setup)
{
    void *ctx[BENCH_MAX_PEERS];
    bench_series server[BENCH_MAX_PEERS] = {0}, client[BENCH_MAX_PEERS] = {0};
    make_contexts(setup, ctx);
    for (size_t i = 0; i < bench_peer_count; i++)
        if (ctx[i] != NULL)
            memory_of(bench_peers[i], ctx[i], &server[i], &client[i]);
    free_contexts(ctx);
    report_two("heap_idle", roles, "bytes", server, client, true, NULL);
}

static void row_million(const bench_options *o)
{
    bench_series s[BENCH_MAX_PEERS] = {0};
    const char *failed = NULL;
    double each = bench_hold_idle(o->idle_held, &failed);
    if (each <= 0) {
        fprintf(stderr, "handfast_bench: %s\n", failed);
        exit(1);
    }
    bench_series_add(&s[0], each * (double)o->idle_held / 1048576);
    char name[64];
    snprintf(name, sizeof(name), "idle_%zu_connections", o->idle_held);
    bench_report_row(name, "MiB_of_heap", s, true, NULL);
}

/* ---- certificates ---- */

static void verify_round(const bench_peer *peer, void *ctx, uint64_t length, bench_series *s)
{
    bench_cost cost = {0};
    uint64_t end = bench_now_ns() + length;
    double count = 0;
    do {
        bench_interval i = bench_begin();
        bool ok = peer->verify(ctx);
        bench_end(&i, &cost);
        if (!ok)
            fail(peer, "a chain");
        count++;
    } while (bench_now_ns() < end);
    bench_series_add(s, count * 1e9 / (double)cost.ns);
}

static void row_verify(const bench_setup *setup, const bench_options *o)
{
    void *ctx[BENCH_MAX_PEERS];
    bench_series s[BENCH_MAX_PEERS] = {0};
    make_contexts(setup, ctx);
    for (unsigned r = 0; r < o->rounds; r++)
        for (size_t i = 0; i < bench_peer_count; i++)
            if (ctx[i] != NULL && bench_peers[i]->verify != NULL)
                verify_round(bench_peers[i], ctx[i], o->round_ns / 4, &s[i]);
    free_contexts(ctx);
    bench_report_row("chain_verify", "per_second", s, false, NULL);
}

#define SYSTEM_STORE "/etc/ssl/certs/ca-certificates.crt"

static void row_load(const bench_options *o)
{
    bench_series s[BENCH_MAX_PEERS] = {0};
    FILE *f = fopen(SYSTEM_STORE, "r");
    if (f == NULL) {
        printf("%-26s no %s here: left out\n", "store_load", SYSTEM_STORE);
        return;
    }
    fclose(f);
    for (unsigned r = 0; r < o->rounds; r++)
        for (size_t i = 0; i < bench_peer_count; i++) {
            bench_cost cost = {0};
            if (bench_peers[i]->load == NULL)
                continue;
            bench_interval from = bench_begin();
            bool ok = bench_peers[i]->load(SYSTEM_STORE);
            bench_end(&from, &cost);
            if (!ok)
                fail(bench_peers[i], "a trust store");
            bench_series_add(&s[i], 1e9 / (double)cost.ns);
        }
    bench_report_row("store_load", "per_second", s, false, NULL);
}

/* ---- two threads ---- */

typedef struct worker {
    const bench_peer *peer;
    void *ctx;
    uint64_t until_ns;
    unsigned count;
    bool failed;
} worker;

static void *work(void *p)
{
    worker *w = p;
    bench_pair *pair = calloc(1, sizeof(*pair));
    while (bench_now_ns() < w->until_ns && !w->failed) {
        w->failed = !bench_pair_open(pair, w->peer, w->ctx);
        bench_pair_close(pair);
        w->count++;
    }
    free(pair);
    return NULL;
}

/* Handshakes that `threads` threads make in the time, over the contexts they share. */
static double count_with(const bench_peer *peer, void *ctx, unsigned threads, uint64_t length)
{
    pthread_t thread[2];
    worker w[2];
    double count = 0;
    for (unsigned i = 0; i < threads; i++) {
        w[i] = (worker){peer, ctx, bench_now_ns() + length, 0, false};
        if (pthread_create(&thread[i], NULL, work, &w[i]) != 0)
            fail(peer, "a thread");
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        if (w[i].failed)
            fail(peer, "a handshake on a thread");
        count += w[i].count;
    }
    return count;
}

static void row_scaling(const bench_setup *setup, const bench_options *o)
{
    void *ctx[BENCH_MAX_PEERS];
    bench_series s[BENCH_MAX_PEERS] = {0};
    make_contexts(setup, ctx);
    for (unsigned r = 0; r < o->rounds; r++)
        for (size_t i = 0; i < bench_peer_count; i++) {
            if (ctx[i] == NULL)
                continue;
            double one = count_with(bench_peers[i], ctx[i], 1, o->round_ns / 2);
            double two = count_with(bench_peers[i], ctx[i], 2, o->round_ns / 2);
            bench_series_add(&s[i], two / one);
        }
    free_contexts(ctx);
    bench_report_row("scaling_2_threads", "times_1_thread", s, false, NULL);
}

/* ---- all ---- */

static bool wanted(const bench_options *o, const char *name)
{
    return o->only == NULL || strncmp(name, o->only, strlen(o->only)) == 0;
}

static void run_handshakes(const bench_setup *s, const bench_material *rsa, const bench_options *o)
{
    bench_setup cached = *s, hybrid = *s, with_rsa = *s, resumed = *s, old = *s, old_resumed;
    cached.cached = true;
    hybrid.group = "X25519MLKEM768";
    with_rsa.chain_pem = rsa->chain;
    with_rsa.key_pem = rsa->key;
    with_rsa.ca_pem = rsa->ca;
    resumed.resume = true;
    old.version = BENCH_TLS_1_2;
    old.suite = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    old_resumed = old;
    old_resumed.resume = true;
    row_handshake("tls13_full", s, o, NULL, NULL);
    row_handshake("tls13_full_cached", &cached, o, s, "tls13_full");
    row_handshake("tls13_full_mlkem", &hybrid, o, s, "tls13_full");
    row_handshake("tls13_full_rsa", &with_rsa, o, NULL, NULL);
    row_handshake("tls13_resumed", &resumed, o, NULL, NULL);
    row_handshake("tls12_full", &old, o, NULL, NULL);
    row_handshake("tls12_resumed", &old_resumed, o, NULL, NULL);
}

static void run_records(const bench_setup *s, const bench_options *o)
{
    bench_setup aes128 = *s, aes256, chacha;
    aes128.any_version = true;
    aes256 = chacha = aes128;
    aes256.suite = "TLS_AES_256_GCM_SHA384";
    chacha.suite = "TLS_CHACHA20_POLY1305_SHA256";
    row_stream("aes128gcm_16k", &aes128, 16384, o);
    row_stream("aes128gcm_1350", &aes128, 1350, o);
    row_stream("aes256gcm_16k", &aes256, 16384, o);
    row_stream("chacha20_16k", &chacha, 16384, o);
    if (wanted(o, "echo_100"))
        row_echo(&aes128, o);
}

void bench_rows_run(const bench_options *o)
{
    bench_material p256 = bench_material_make(HF_KEY_P256), rsa = bench_material_make(HF_KEY_RSA);
    bench_setup s = {.version = BENCH_TLS_1_3,
                     .group = "X25519",
                     .suite = "TLS_AES_128_GCM_SHA256",
                     .chain_pem = p256.chain,
                     .key_pem = p256.key,
                     .ca_pem = p256.ca,
                     .host = BENCH_HOST};
    run_handshakes(&s, &rsa, o);
    run_records(&s, o);
    if (wanted(o, "heap_idle"))
        row_memory(&s);
    if (wanted(o, "idle"))
        row_million(o);
    if (wanted(o, "allocations"))
        row_allocations(&s);
    if (wanted(o, "chain_verify"))
        row_verify(&s, o);
    if (wanted(o, "store_load"))
        row_load(o);
    bench_x509_run(o);
    if (wanted(o, "scaling_2_threads"))
        row_scaling(&s, o);
    bench_material_free(&p256);
    bench_material_free(&rsa);
}
