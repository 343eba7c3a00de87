/* bench.h: the same work by every peer: handshakes, records, memory; in memory, on one thread.
 *
 * A peer is a table of functions. Each side of a handshake is clocked apart: the clock runs while
 * that side's library works (making and freeing its objects included) and stands while bytes move.
 */
#ifndef HF_BENCH_BENCH_H
#define HF_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a connection uses. Files are PEM texts in memory, made once. */
typedef struct bench_setup {
    const char *group; /* "X25519" or "X25519MLKEM768" */
    const char *suite; /* "TLS_AES_128_GCM_SHA256", ... */
    const char *chain_pem, *key_pem, *ca_pem;
    const char *host;
} bench_setup;

typedef struct bench_clocks {
    uint64_t client_ns, server_ns;
} bench_clocks;

/* Both ends of a connection: the peer's own objects, and memory for what is on the wire. */
typedef struct bench_pair {
    void *client, *server;
    uint8_t *wire;
    size_t room;
} bench_pair;

typedef struct bench_peer {
    const char *name;
    /* Contexts that connections share; NULL when this peer cannot do the setup. */
    void *(*setup)(const bench_setup *s);
    void (*teardown)(void *ctx);
    /* Makes both ends and shakes hands. False when it failed. */
    bool (*shake)(bench_pair *pair, void *ctx, bench_clocks *clocks);
    /* Frees one end; NULL is none. */
    void (*free_end)(void *end);
    /* Sends `n` bytes from the client as records of `record` bytes, and receives them at the
     * server; each side clocked. */
    bool (*stream)(bench_pair *pair, size_t n, size_t record, bench_clocks *clocks);
    /* Gives back whatever an idle connection need not hold. */
    void (*idle)(bench_pair *pair);
} bench_peer;

extern const bench_peer bench_handfast, bench_libssl;

uint64_t bench_now_ns(void);

/* Counting allocator: heap.c stands in for malloc in this program, also under the libraries. */
uint64_t bench_heap_live(void);
uint64_t bench_heap_allocations(void);

#endif
