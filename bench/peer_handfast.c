/* peer_handfast.c: the bench's work by handfast. Records are sealed straight into the pipe and
 * opened in place there. */
#include "bench.h"

#include <handfast/handfast.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct shared {
    hf_config *client, *server;
    hf_store *store;
    const bench_setup *setup;
    uint8_t *leaf;
    size_t leaf_len;
    uint8_t session[4096]; /* the newest that a client was given */
    size_t session_len;
    bool resume; /* clients offer it */
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
    hf_store_free(s->store);
    free(s->leaf);
    free(s);
}

static hf_status keep_leaf(void *ctx, hf_bytes der)
{
    shared *s = ctx;
    if (s->leaf != NULL)
        return HF_OK;
    s->leaf = malloc(der.n);
    memcpy(s->leaf, der.p, der.n);
    s->leaf_len = der.n;
    return HF_OK;
}

static void take_session(void *ctx, hf_conn *conn, hf_bytes session)
{
    shared *s = ctx;
    (void)conn;
    s->session_len = session.n <= sizeof(s->session) ? session.n : 0;
    memcpy(s->session, session.p, s->session_len);
}

static void configure(shared *s, const bench_setup *b, hf_identity *identity)
{
    hf_config *both[] = {s->client, s->server};
    hf_config_add_identity(s->server, identity);
    hf_config_trust(s->client, s->store);
    hf_config_tickets(s->server, b->resume ? 1 : 0);
    if (b->resume)
        hf_config_new_session(s->client, take_session, s);
    if (!b->cached)
        hf_config_signature_cache(s->client, NULL); /* no peer here has one: the same work */
    for (int i = 0; i < 2; i++) {
        hf_config_versions(both[i], b->version, b->version);
        /* in 1.2 the list also says which curve the certificate may have */
        hf_config_groups(both[i], b->version == HF_TLS_1_3 ? b->group : "X25519:P-256");
        hf_config_suites(both[i], b->suite);
        hf_config_cert_compression(both[i], "none"); /* no peer here has it: the same work */
    }
}

static void *setup(const bench_setup *b)
{
    shared *s = calloc(1, sizeof(*s));
    hf_key *key = NULL;
    hf_identity *identity = NULL;
    s->setup = b;
    hf_config_new(HF_CLIENT, &s->client);
    hf_config_new(HF_SERVER, &s->server);
    hf_key_read(text(b->key_pem), NULL, &key, NULL);
    hf_identity_new(text(b->chain_pem), key, &identity, NULL);
    hf_store_new(&s->store);
    hf_store_add(s->store, text(b->ca_pem), NULL, NULL);
    hf_pem_each(text(b->chain_pem), "CERTIFICATE", keep_leaf, s, NULL);
    configure(s, b, identity);
    hf_error e = {0};
    bool ok = hf_config_freeze(s->client, &e) == HF_OK && hf_config_freeze(s->server, &e) == HF_OK;
    if (!ok) { /* what handfast lacks was asked above: this is a mistake */
        fprintf(stderr, "handfast_bench: %s (%s)\n", hf_error_sentence(e.code), e.field);
        exit(1);
    }
    hf_identity_free(identity);
    hf_key_free(key);
    return s;
}

static void *open_end(void *ctx, bool server, bench_io *io)
{
    const shared *s = ctx;
    hf_conn *conn = NULL;
    if (server)
        hf_server_new(s->server, &conn);
    else
        hf_client_new(s->client, s->setup->host, &conn);
    if (conn != NULL && !server && s->resume)
        hf_conn_resume(conn, (hf_bytes){s->session, s->session_len});
    if (conn != NULL)
        hf_conn_set_user(conn, io);
    return conn;
}

static void flush(hf_conn *c, bench_io *io)
{
    hf_bytes out = hf_out(c);
    if (out.n != 0)
        hf_out_consumed(c, bench_pipe_write(io->out, out.p, out.n));
}

static bench_progress shake(void *end)
{
    bench_io *io = hf_conn_user(end);
    int wants;
    for (;;) {
        wants = hf_step(end);
        if (wants < 0)
            return BENCH_FAILED;
        flush(end, io);
        size_t used = 0, n = io->in->n - io->in->at;
        if ((wants & HF_ESTABLISHED) != 0 || n == 0)
            break;
        hf_feed(end, io->in->bytes + io->in->at, n, &used);
        io->in->at += used;
        if (io->in->at == io->in->n)
            io->in->at = io->in->n = 0;
    }
    return (wants & HF_ESTABLISHED) != 0 ? BENCH_DONE : BENCH_WAITS;
}

static void close_end(void *end)
{
    hf_conn_free(end);
}

static bool send_record(void *end, const uint8_t *p, size_t n)
{
    bench_pipe *out = ((bench_io *)hf_conn_user(end))->out;
    hf_bytes piece = {p, n};
    size_t sealed = 0;
    if (hf_seal(end, &piece, 1, out->bytes + out->n, BENCH_PIPE_ROOM - out->n, &sealed) != HF_OK)
        return false;
    out->n += sealed;
    return true;
}

/* The data stays where it was decrypted, as a server that uses it there would leave it. */
static bool receive_record(void *end, uint8_t *p, size_t n)
{
    bench_pipe *in = ((bench_io *)hf_conn_user(end))->in;
    hf_bytes data = {NULL, 0};
    (void)p;
    do {
        size_t used;
        if (hf_open(end, in->bytes + in->at, in->n - in->at, &used, &data) != HF_OK || used == 0)
            return false;
        in->at += used;
    } while (data.n == 0);
    if (in->at == in->n)
        in->at = in->n = 0;
    return data.n == n;
}

static bool keep_session(void *ctx, void *client)
{
    shared *s = ctx;
    (void)client;
    s->resume = s->session_len != 0;
    return s->resume;
}

static bool resumed(void *client)
{
    hf_info info;
    hf_conn_info(client, &info);
    return info.resumed;
}

/* As an event loop's sweep over quiet connections: the second step that finds nothing new. */
static void idle(void *end)
{
    hf_step(end);
    hf_step(end);
}

static bool verify(void *ctx)
{
    const shared *s = ctx;
    hf_cert cert;
    const hf_provider *p = hf_provider_default();
    const hf_cert *path[4];
    size_t path_len = 4;
    hf_error e;
    hf_verify_params params = {.store = s->store,
                               .host = s->setup->host,
                               .purpose = HF_PURPOSE_SERVER,
                               .at_s = p->now_s(p->ctx)};
    return hf_cert_parse((hf_bytes){s->leaf, s->leaf_len}, &cert, &e) == HF_OK &&
           hf_verify_chain(&cert, 1, &params, NULL, path, &path_len, &e) == HF_OK;
}

static bool load(const char *path)
{
    hf_store *store;
    size_t added = 0;
    if (hf_store_new(&store) != HF_OK)
        return false;
    hf_store_add_file(store, path, &added, NULL);
    hf_store_free(store);
    return added != 0;
}

const bench_peer bench_handfast = {
    .name = "handfast",
    .setup = setup,
    .teardown = teardown,
    .open = open_end,
    .shake = shake,
    .close = close_end,
    .send = send_record,
    .receive = receive_record,
    .keep_session = keep_session,
    .resumed = resumed,
    .idle = idle,
    .verify = verify,
    .load = load,
};
