/* main.c: runs the rows, interleaved between the peers, and prints medians and ratios.
 *
 *   handfast_bench [--quick] [--smoke] [--json FILE]
 *
 * Each row is measured in rounds: every peer in turn, many rounds; the median round counts and the
 * spread (half the distance between the quartiles, in percent) is shown. Times come from
 * CLOCK_MONOTONIC; a pair of readings costs about 50 ns, a handshake has some twenty of them and a
 * record two: the cost is in both peers' figures alike. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <handfast/handfast.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_ROUNDS 41U

static const bench_peer *const peers[] = {&bench_handfast, &bench_libssl};
#define PEERS (sizeof(peers) / sizeof(peers[0]))

typedef struct options {
    unsigned rounds;
    uint64_t round_ns; /* length of one round of one peer */
    const char *json;
} options;

uint64_t bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* ---- certificates ---- */

typedef struct material {
    char *chain, *key, *ca;
} material;

static void check(hf_status s)
{
    if (s == HF_OK)
        return;
    fprintf(stderr, "handfast_bench: %s\n", hf_error_sentence(s));
    exit(1);
}

static material make_material(hf_key_type type)
{
    static const char *const names[] = {"server.test", NULL};
    hf_key *ca_key, *key;
    hf_bytes ca_der, der;
    hf_cert ca;
    material m;
    int64_t now = time(NULL);
    hf_cert_template t = {.subject = "CN=bench CA",
                          .not_before_s = now - 86400,
                          .not_after_s = now + 86400 * 30,
                          .ca = true,
                          .path_len = -1};
    check(hf_key_generate(type, 2048, &ca_key, NULL));
    check(hf_cert_issue(&t, hf_key_public(ca_key), NULL, ca_key, &ca_der, NULL));
    check(hf_cert_parse(ca_der, &ca, NULL));
    t.subject = "CN=server.test";
    t.names = names;
    t.ca = false;
    t.server = true;
    check(hf_key_generate(type, 2048, &key, NULL));
    check(hf_cert_issue(&t, hf_key_public(key), &ca, ca_key, &der, NULL));
    m.chain = hf_pem_write(der, "CERTIFICATE");
    m.ca = hf_pem_write(ca_der, "CERTIFICATE");
    check(hf_key_write_pem(key, NULL, &m.key, NULL));
    hf_der_free(der);
    hf_der_free(ca_der);
    hf_key_free(key);
    hf_key_free(ca_key);
    return m;
}

static void free_material(material *m)
{
    hf_text_free(m->chain);
    hf_text_free(m->ca);
    hf_text_free(m->key);
}

/* ---- rounds ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct series {
    double values[MAX_ROUNDS];
    unsigned count;
} series;

static double median(series *s)
{
    qsort(s->values, s->count, sizeof(double), by_value);
    return s->count == 0 ? 0 : s->values[s->count / 2];
}

static double spread_percent(series *s)
{
    double m = median(s);
    if (s->count < 4 || m <= 0)
        return 0;
    return 50 * (s->values[s->count * 3 / 4] - s->values[s->count / 4]) / m;
}

/* ---- output ---- */

static json_t *rows;

static void print_row(const char *name, const char *unit, series *s, bool less_is_better)
{
    json_t *row = json_pack("{s:s,s:s}", "name", name, "unit", unit);
    double value[PEERS];
    printf("%-26s", name);
    for (size_t i = 0; i < PEERS; i++) {
        value[i] = median(&s[i]);
        if (s[i].count == 0) {
            printf("%14s       ", "-");
            continue;
        }
        printf("%14.0f ±%4.1f%%", value[i], spread_percent(&s[i]));
        json_object_set_new(row, peers[i]->name, json_real(value[i]));
    }
    if (s[0].count != 0 && s[1].count != 0 && value[0] > 0 && value[1] > 0) {
        double ratio = less_is_better ? value[1] / value[0] : value[0] / value[1];
        printf("%9.2fx", ratio);
        json_object_set_new(row, "ratio", json_real(ratio));
    }
    printf("  %s\n", unit);
    fflush(stdout);
    json_array_append_new(rows, row);
}

static void print_both(const char *name, const char *const sides[2], const char *unit, series *a,
                       series *b, bool less_is_better)
{
    char text[64];
    snprintf(text, sizeof(text), "%s_%s", name, sides[0]);
    print_row(text, unit, a, less_is_better);
    snprintf(text, sizeof(text), "%s_%s", name, sides[1]);
    print_row(text, unit, b, less_is_better);
}

static const char *const roles[2] = {"server", "client"}, *const directions[2] = {"send",
                                                                                  "receive"};

/* ---- rows ---- */

static bool setup_all(const bench_setup *setup, void *ctx[PEERS])
{
    for (size_t i = 0; i < PEERS; i++)
        ctx[i] = peers[i]->setup(setup);
    return ctx[0] != NULL;
}

static void teardown_all(void *ctx[PEERS])
{
    for (size_t i = 0; i < PEERS; i++)
        if (ctx[i] != NULL)
            peers[i]->teardown(ctx[i]);
}

/* One full handshake, objects made and freed. */
static bool handshake(const bench_peer *peer, void *ctx, bench_clocks *clocks)
{
    bench_pair pair = {0};
    bool ok = peer->shake(&pair, ctx, clocks);
    uint64_t t0 = bench_now_ns();
    peer->free_end(pair.client);
    uint64_t t1 = bench_now_ns();
    peer->free_end(pair.server);
    clocks->client_ns += t1 - t0;
    clocks->server_ns += bench_now_ns() - t1;
    return ok;
}

/* An established pair that stays, for records and memory. */
static bench_pair *open_pair(const bench_peer *peer, void *ctx)
{
    bench_clocks unused = {0};
    bench_pair *pair = calloc(1, sizeof(*pair));
    if (pair != NULL && peer->shake(pair, ctx, &unused))
        return pair;
    fprintf(stderr, "handfast_bench: a handshake of %s failed\n", peer->name);
    exit(1);
}

static void close_client(const bench_peer *peer, bench_pair *pair)
{
    peer->free_end(pair->client);
    pair->client = NULL;
}

static void close_pair(const bench_peer *peer, bench_pair *pair)
{
    peer->free_end(pair->client);
    peer->free_end(pair->server);
    free(pair->wire);
    free(pair);
}

/* A handshake's rates: by the time each side took, and by their sum. */
typedef struct rates {
    series server, client, both_sides;
} rates;

static void add_value(series *s, double value)
{
    s->values[s->count++] = value;
}

static void handshake_round(const bench_peer *peer, void *ctx, uint64_t length, rates *r)
{
    bench_clocks clocks = {0};
    uint64_t end = bench_now_ns() + length;
    unsigned count = 0;
    do {
        if (!handshake(peer, ctx, &clocks)) {
            fprintf(stderr, "handfast_bench: a handshake of %s failed\n", peer->name);
            exit(1);
        }
        count++;
    } while (bench_now_ns() < end);
    add_value(&r->server, count * 1e9 / (double)clocks.server_ns);
    add_value(&r->client, count * 1e9 / (double)clocks.client_ns);
    add_value(&r->both_sides, count * 1e9 / (double)(clocks.server_ns + clocks.client_ns));
}

static void row_handshake(const char *name, const bench_setup *setup, const options *o)
{
    void *ctx[PEERS];
    rates r[PEERS] = {0};
    series server[PEERS], client[PEERS], both_sides[PEERS];
    if (!setup_all(setup, ctx))
        exit(1);
    for (unsigned k = 0; k < o->rounds; k++)
        for (size_t i = 0; i < PEERS; i++)
            if (ctx[i] != NULL)
                handshake_round(peers[i], ctx[i], o->round_ns, &r[i]);
    teardown_all(ctx);
    for (size_t i = 0; i < PEERS; i++) {
        server[i] = r[i].server;
        client[i] = r[i].client;
        both_sides[i] = r[i].both_sides;
    }
    print_row(name, "per_second", both_sides, false);
    print_both(name, roles, "per_second", server, client, false);
}

static void stream_round(const bench_peer *peer, bench_pair *pair, size_t record, uint64_t length,
                         series *send, series *receive)
{
    bench_clocks clocks = {0};
    uint64_t end = bench_now_ns() + length;
    double bytes = 0;
    size_t n = record * 64;
    do {
        if (!peer->stream(pair, n, record, &clocks)) {
            fprintf(stderr, "handfast_bench: records of %s failed\n", peer->name);
            exit(1);
        }
        bytes += (double)n;
    } while (bench_now_ns() < end);
    send->values[send->count++] = bytes * 1e3 / (double)clocks.client_ns;
    receive->values[receive->count++] = bytes * 1e3 / (double)clocks.server_ns;
}

static void row_stream(const char *name, const bench_setup *setup, size_t record, const options *o)
{
    void *ctx[PEERS];
    bench_pair *pair[PEERS] = {0};
    series send[PEERS] = {0}, receive[PEERS] = {0};
    if (!setup_all(setup, ctx))
        exit(1);
    for (size_t i = 0; i < PEERS; i++)
        pair[i] = ctx[i] != NULL ? open_pair(peers[i], ctx[i]) : NULL;
    for (unsigned r = 0; r < o->rounds; r++)
        for (size_t i = 0; i < PEERS; i++)
            if (pair[i] != NULL)
                stream_round(peers[i], pair[i], record, o->round_ns, &send[i], &receive[i]);
    for (size_t i = 0; i < PEERS; i++)
        if (pair[i] != NULL)
            close_pair(peers[i], pair[i]);
    teardown_all(ctx);
    print_both(name, directions, "MB_per_second", send, receive, false);
}

/* Heap that an idle connection holds: many pairs open, then their clients freed. */
static void row_memory(const bench_setup *setup)
{
    enum { COUNT = 64 };
    void *ctx[PEERS];
    series server[PEERS] = {0}, client[PEERS] = {0};
    if (!setup_all(setup, ctx))
        exit(1);
    for (size_t i = 0; i < PEERS; i++) {
        bench_pair *pair[COUNT], *warm = open_pair(peers[i], ctx[i]);
        uint64_t before = bench_heap_live();
        for (size_t k = 0; k < COUNT; k++) {
            pair[k] = open_pair(peers[i], ctx[i]);
            peers[i]->idle(pair[k]);
        }
        uint64_t both = bench_heap_live();
        for (size_t k = 0; k < COUNT; k++)
            close_client(peers[i], pair[k]);
        uint64_t servers = bench_heap_live();
        for (size_t k = 0; k < COUNT; k++)
            close_pair(peers[i], pair[k]);
        client[i].values[client[i].count++] = (double)(both - servers) / COUNT;
        server[i].values[server[i].count++] = (double)(servers - before) / COUNT;
        close_pair(peers[i], warm);
    }
    teardown_all(ctx);
    print_both("heap_idle", roles, "bytes", server, client, true);
}

/* Allocations of one handshake, both sides together. */
static void row_allocations(const bench_setup *setup)
{
    void *ctx[PEERS];
    series sum[PEERS] = {0};
    if (!setup_all(setup, ctx))
        exit(1);
    for (size_t i = 0; i < PEERS; i++) {
        bench_clocks unused = {0};
        handshake(peers[i], ctx[i], &unused);
        uint64_t before = bench_heap_allocations();
        for (int k = 0; k < 10; k++)
            handshake(peers[i], ctx[i], &unused);
        sum[i].values[sum[i].count++] = (double)(bench_heap_allocations() - before) / 10;
    }
    teardown_all(ctx);
    print_row("allocations_both", "per_handshake", sum, true);
}

static void run_all(const options *o)
{
    material p256 = make_material(HF_KEY_P256), rsa = make_material(HF_KEY_RSA);
    bench_setup s = {"X25519",     "TLS_AES_128_GCM_SHA256", p256.chain, p256.key, p256.ca,
                     "server.test"};
    bench_setup hybrid = s, with_rsa = s, aes256 = s, chacha = s;
    hybrid.group = "X25519MLKEM768";
    with_rsa.chain_pem = rsa.chain;
    with_rsa.key_pem = rsa.key;
    with_rsa.ca_pem = rsa.ca;
    aes256.suite = "TLS_AES_256_GCM_SHA384";
    chacha.suite = "TLS_CHACHA20_POLY1305_SHA256";
    row_handshake("tls13_full", &s, o);
    row_handshake("tls13_full_mlkem", &hybrid, o);
    row_handshake("tls13_full_rsa", &with_rsa, o);
    row_stream("aes128gcm_16k", &s, 16384, o);
    row_stream("aes128gcm_1350", &s, 1350, o);
    row_stream("aes256gcm_16k", &aes256, 16384, o);
    row_stream("chacha20_16k", &chacha, 16384, o);
    row_memory(&s);
    row_allocations(&s);
    free_material(&p256);
    free_material(&rsa);
}

int main(int argc, char **argv)
{
    options o = {.rounds = 21, .round_ns = 200000000, .json = NULL};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            o = (options){7, 50000000, o.json};
        else if (strcmp(argv[i], "--smoke") == 0)
            o = (options){1, 1000000, o.json};
        else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc)
            o.json = argv[++i];
        else {
            fprintf(stderr, "usage: handfast_bench [--quick] [--smoke] [--json FILE]\n");
            return 2;
        }
    }
    rows = json_array();
    printf("%-26s%14s       %14s       %9s\n", "", peers[0]->name, peers[1]->name, "ratio");
    run_all(&o);
    json_t *whole = json_pack("{s:o}", "rows", rows);
    int failed = o.json != NULL && json_dump_file(whole, o.json, JSON_INDENT(1)) != 0;
    json_decref(whole);
    return failed;
}
