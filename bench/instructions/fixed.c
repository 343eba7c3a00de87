/* fixed.c: fixed handshakes and records, for callgrind to count.
 *
 * Each part is collected apart and dumped under its name; check.py sets the counts against
 * budget.json. Outside of a part nothing is counted, so making certificates and warming up do not
 * matter. Randomness of ours is fixed; only ECDSA's nonces and the certificates' serial numbers
 * differ from run to run, which moves the counts by some thousandths. */
#include "material.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/callgrind.h>

static hf_config *client_config, *server_config;
static hf_config *first_config; /* a client that has met no signature before */
static hf_config *rsa_client_config, *rsa_server_config;
static hf_config *ticket_config; /* a server that gives one ticket; the others give none */
static uint8_t session[4096];    /* that its clients were given last */
static size_t session_len;

static void take_session(void *ctx, hf_conn *conn, hf_bytes bytes)
{
    (void)ctx;
    (void)conn;
    session_len = bytes.n <= sizeof(session) ? bytes.n : 0;
    memcpy(session, bytes.p, session_len);
}

static hf_status same_bytes(void *ctx, uint8_t *p, size_t n)
{
    uint8_t *next = ctx;
    for (size_t i = 0; i < n; i++)
        p[i] = (*next)++;
    return HF_OK;
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fixed: %s failed\n", what);
    exit(1);
}

static hf_bytes text(const char *t)
{
    return (hf_bytes){(const uint8_t *)t, strlen(t)};
}

/* One certificate's side: who has it, and who trusts its authority. */
static void introduce(const bench_material *m, hf_config *const *servers, hf_config *const *clients)
{
    hf_key *key = NULL;
    hf_identity *identity = NULL;
    hf_store *store = NULL;
    hf_key_read(text(m->key), NULL, &key, NULL);
    hf_identity_new(text(m->chain), key, &identity, NULL);
    hf_store_new(&store);
    hf_store_add(store, text(m->ca), NULL, NULL);
    for (; *servers != NULL; servers++)
        hf_config_add_identity(*servers, identity);
    for (; *clients != NULL; clients++)
        hf_config_trust(*clients, store);
    hf_identity_free(identity);
    hf_key_free(key);
    hf_store_free(store);
}

static void configure(const bench_material *m, const bench_material *rsa)
{
    static uint8_t next;
    hf_config_new(HF_CLIENT, &client_config);
    hf_config_new(HF_CLIENT, &rsa_client_config);
    hf_config_new(HF_SERVER, &rsa_server_config);
    hf_config_new(HF_SERVER, &server_config);
    hf_config_new(HF_CLIENT, &first_config);
    hf_config_new(HF_SERVER, &ticket_config);
    hf_config_tickets(server_config, 0);
    hf_config_tickets(ticket_config, 1);
    hf_config_new_session(client_config, take_session, NULL);
    hf_config_tickets(rsa_server_config, 0);
    hf_config_signature_cache(first_config, NULL);
    hf_config_signature_cache(rsa_client_config, NULL);
    introduce(m, (hf_config *[]){server_config, ticket_config, NULL},
              (hf_config *[]){client_config, first_config, NULL});
    introduce(rsa, (hf_config *[]){rsa_server_config, NULL},
              (hf_config *[]){rsa_client_config, NULL});
    hf_config *all[] = {client_config, server_config,     first_config,
                        ticket_config, rsa_client_config, rsa_server_config};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        hf_config_versions(all[i], HF_TLS_1_3, HF_TLS_1_3);
        hf_config_groups(all[i], "X25519");
        hf_config_suites(all[i], "TLS_AES_128_GCM_SHA256");
        hf_config_cert_compression(all[i], "none");
        hf_config_random(all[i], same_bytes, &next);
        must(hf_config_freeze(all[i], NULL) == HF_OK, "a configuration");
    }
}

/* Which side is collected. */
enum { NONE, CLIENT, SERVER };

static void collect(int part, int side)
{
    if (part == side)
        CALLGRIND_TOGGLE_COLLECT;
}

static size_t move(hf_conn *from, hf_conn *to, int part, int side)
{
    hf_bytes out = hf_out(from);
    size_t used = 0;
    if (out.n == 0)
        return 0;
    collect(part, side);
    hf_feed(to, out.p, out.n, &used);
    hf_step(to);
    collect(part, side);
    hf_out_consumed(from, used);
    return used;
}

static void shake_with(hf_config *config, hf_config *own, bool resume, hf_conn **client,
                       hf_conn **server, int part)
{
    collect(part, CLIENT);
    hf_client_new(config, BENCH_HOST, client);
    if (resume)
        hf_conn_resume(*client, (hf_bytes){session, session_len});
    hf_step(*client);
    collect(part, CLIENT);
    collect(part, SERVER);
    hf_server_new(own, server);
    collect(part, SERVER);
    while (move(*client, *server, part, SERVER) + move(*server, *client, part, CLIENT) != 0)
        ;
    must((hf_step(*client) & hf_step(*server) & HF_ESTABLISHED) != 0, "a handshake");
}

static void shake(hf_config *config, hf_conn **client, hf_conn **server, int part)
{
    shake_with(config, server_config, false, client, server, part);
}

static void free_both(hf_conn *client, hf_conn *server, int part)
{
    collect(part, CLIENT);
    hf_conn_free(client);
    collect(part, CLIENT);
    collect(part, SERVER);
    hf_conn_free(server);
    collect(part, SERVER);
}

static void count_handshake(hf_config *config, int part)
{
    hf_conn *client, *server;
    shake(config, &client, &server, part);
    free_both(client, server, part);
}

static void count_rsa(int part)
{
    hf_conn *client, *server;
    shake_with(rsa_client_config, rsa_server_config, false, &client, &server, part);
    free_both(client, server, part);
}

static void count_resumed(int part)
{
    hf_conn *client, *server;
    hf_info info;
    shake_with(client_config, ticket_config, true, &client, &server, part);
    hf_conn_info(client, &info);
    must(info.resumed, "a resumption");
    free_both(client, server, part);
}

static void begin(void)
{
    CALLGRIND_ZERO_STATS;
}

static uint8_t data[16384], wire[16384 + 256];

static void count_records(hf_conn *client, hf_conn *server, size_t n, int part)
{
    for (int i = 0; i < 64; i++) {
        hf_bytes piece = {data, n}, got = {NULL, 0};
        size_t sealed = 0, used = 0;
        collect(part, CLIENT);
        hf_status s = hf_seal(client, &piece, 1, wire, sizeof(wire), &sealed);
        collect(part, CLIENT);
        must(s == HF_OK, "sealing");
        collect(part, SERVER);
        s = hf_open(server, wire, sealed, &used, &got);
        collect(part, SERVER);
        must(s == HF_OK && got.n == n, "opening");
    }
}

/* A write and the read of it through the connection's own buffers. */
static void count_buffered(hf_conn *client, hf_conn *server)
{
    size_t taken = 0, got = 0;
    CALLGRIND_TOGGLE_COLLECT;
    hf_write(client, data, sizeof(data), &taken);
    while (move(client, server, NONE, CLIENT) != 0)
        ;
    hf_read(server, data, sizeof(data), &got);
    CALLGRIND_TOGGLE_COLLECT;
    must(taken == got && got == sizeof(data), "writing and reading");
}

#define PART(name, what)                                                                           \
    do {                                                                                           \
        begin();                                                                                   \
        what;                                                                                      \
        CALLGRIND_DUMP_STATS_AT(name);                                                             \
    } while (0)

int main(void)
{
    bench_material m = bench_material_make(HF_KEY_P256), rsa = bench_material_make(HF_KEY_RSA);
    hf_conn *client, *server;
    configure(&m, &rsa);
    for (int warm = 0; warm < 3; warm++)
        count_handshake(warm == 0 ? first_config : client_config, NONE);
    PART("tls13_full_client", count_handshake(first_config, CLIENT));
    PART("tls13_full_cached_client", count_handshake(client_config, CLIENT));
    PART("tls13_full_server", count_handshake(first_config, SERVER));
    count_rsa(NONE);
    PART("tls13_full_rsa_client", count_rsa(CLIENT));
    shake_with(client_config, ticket_config, false, &client, &server, NONE);
    hf_conn_free(client);
    hf_conn_free(server);
    count_resumed(NONE);
    PART("tls13_resumed_client", count_resumed(CLIENT));
    PART("tls13_resumed_server", count_resumed(SERVER));
    shake(client_config, &client, &server, NONE);
    count_records(client, server, 100, NONE);
    PART("records_100_send", count_records(client, server, 100, CLIENT));
    PART("records_100_receive", count_records(client, server, 100, SERVER));
    PART("records_16k_send", count_records(client, server, 16384, CLIENT));
    PART("records_16k_receive", count_records(client, server, 16384, SERVER));
    count_buffered(client, server);
    PART("write_and_read_16k", count_buffered(client, server));
    hf_conn_free(client);
    hf_conn_free(server);
    hf_config_free(client_config);
    hf_config_free(server_config);
    hf_config_free(first_config);
    hf_config_free(ticket_config);
    hf_config_free(rsa_client_config);
    hf_config_free(rsa_server_config);
    bench_material_free(&rsa);
    bench_material_free(&m);
    return 0;
}
