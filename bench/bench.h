/* bench.h: the same work by every peer: handshakes, records, memory; in memory, on one thread.
 *
 * A peer is a table of functions over one library. The harness makes both ends of a connection,
 * steps them in turn and moves their bytes through two pipes; each end's clock and allocation count
 * run only while that end's library works (making and freeing its objects included). A pair of
 * clock readings has a cost of its own, which is measured at the start and taken off each interval.
 *
 * A pipe is plain memory that stands for the socket. A library that takes callbacks for its input
 * and output copies its records into and out of it there, as its interface demands; one that can
 * work on the program's memory (handfast's hf_seal and hf_open) does so.
 */
#ifndef HF_BENCH_BENCH_H
#define HF_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- what a connection uses ---- */

enum { BENCH_TLS_1_2 = 0x0303, BENCH_TLS_1_3 = 0x0304 };

/* Certificates are PEM texts in memory, made once; suites are named as the IANA names them. */
typedef struct bench_setup {
    uint16_t version;
    bool any_version;  /* records only: a peer without 1.3 may do the same under 1.2 */
    const char *group; /* "X25519" or "X25519MLKEM768" */
    const char *suite; /* "TLS_AES_128_GCM_SHA256", ... */
    const char *chain_pem, *key_pem, *ca_pem;
    const char *host;
    bool resume; /* by a ticket of a first handshake */
    bool cached; /* the client remembers the issuer's signature */
} bench_setup;

/* ---- the wire ---- */

enum { BENCH_PIPE_ROOM = 1 << 18 };

/* One direction. It is empty whenever the two are equal. */
typedef struct bench_pipe {
    size_t at, n;
    size_t total; /* bytes that bench_pipe_write took since the connection began */
    uint8_t bytes[BENCH_PIPE_ROOM];
} bench_pipe;

/* What one end sees. */
typedef struct bench_io {
    bench_pipe *in, *out;
} bench_io;

/* Copy as much as there is, or as there is room for; return how much. */
size_t bench_pipe_read(bench_pipe *pipe, void *p, size_t n);
size_t bench_pipe_write(bench_pipe *pipe, const void *p, size_t n);

/* ---- peers ---- */

typedef enum bench_progress { BENCH_FAILED = -1, BENCH_WAITS, BENCH_DONE } bench_progress;

typedef struct bench_peer {
    const char *name;
    /* Contexts that connections share; NULL when this peer cannot do the setup. */
    void *(*setup)(const bench_setup *s);
    void (*teardown)(void *ctx);
    /* Makes one end over `io`, which stays where it is; NULL when that failed. */
    void *(*open)(void *ctx, bool server, bench_io *io);
    bench_progress (*shake)(void *end);
    void (*close)(void *end);
    /* Sends, receives one record of `n` bytes of data. */
    bool (*send)(void *end, const uint8_t *p, size_t n);
    bool (*receive)(void *end, uint8_t *p, size_t n);
    /* The established client's session is what later clients of `ctx` resume. */
    bool (*keep_session)(void *ctx, void *client);
    bool (*resumed)(void *client);
    /* Once the handshake is over: gives back whatever an idle connection need not hold. May be
     * NULL. */
    void (*idle)(void *end);
    /* Verifies the setup's leaf for its name, parsing included; loads a file of trusted
     * certificates. May be NULL. */
    bool (*verify)(void *ctx);
    bool (*load)(const char *path);
} bench_peer;

extern const bench_peer bench_handfast, bench_libssl;
#ifdef BENCH_GNUTLS
extern const bench_peer bench_gnutls;
#endif
#ifdef BENCH_MBEDTLS
extern const bench_peer bench_mbedtls;
#endif
#ifdef BENCH_WOLFSSL
extern const bench_peer bench_wolfssl;
#endif

/* handfast is the first, libssl the second. */
extern const bench_peer *const bench_peers[];
extern const size_t bench_peer_count;
enum { BENCH_MAX_PEERS = 8 };

/* ---- clocks and counts: clock.c, heap.c ---- */

uint64_t bench_now_ns(void);
/* Chooses the clock of the intervals and measures what a pair of readings costs; before the first
 * one. The thread's processor time leaves out what others take on a busy machine, but costs ten
 * times as much to read: not for short records. */
void bench_clock_start(bool processor_time);
uint64_t bench_clock_cost_ns(void);

/* The calling thread's heap, through every library of the program: bytes that are in use, as the
 * allocator rounds them, and allocations made so far. */
int64_t bench_heap_live(void);
uint64_t bench_heap_allocations(void);

/* What one end spent. */
typedef struct bench_cost {
    uint64_t ns, allocations;
} bench_cost;

typedef struct bench_interval {
    uint64_t from_ns, allocations;
} bench_interval;

bench_interval bench_begin(void);
void bench_end(const bench_interval *from, bench_cost *cost);

/* ---- a connection: pair.c ---- */

typedef struct bench_pair {
    const bench_peer *peer;
    void *client, *server;
    bench_io client_io, server_io;
    bench_pipe to_client, to_server;
    bench_cost client_cost, server_cost;
} bench_pair;

/* Makes both ends and shakes hands; false when that failed. Costs are added. */
bool bench_pair_open(bench_pair *pair, const bench_peer *peer, void *ctx);
void bench_pair_close(bench_pair *pair);

/* Contexts that are ready for use: with resumption, after a first handshake whose session is kept.
 * NULL when the peer cannot. */
void *bench_context(const bench_peer *peer, const bench_setup *setup);

#endif
