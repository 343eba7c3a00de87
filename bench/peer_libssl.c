/* peer_libssl.c: the bench's work by the libssl that is installed, over memory BIOs. */
#include "bench.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <stdlib.h>
#include <string.h>

typedef struct shared {
    SSL_CTX *client, *server;
    const char *host;
} shared;

static void teardown(void *ctx)
{
    shared *s = ctx;
    SSL_CTX_free(s->client);
    SSL_CTX_free(s->server);
    free(s);
}

static bool load(SSL_CTX *server, SSL_CTX *client, const bench_setup *b)
{
    BIO *chain = BIO_new_mem_buf(b->chain_pem, -1), *key = BIO_new_mem_buf(b->key_pem, -1);
    BIO *ca = BIO_new_mem_buf(b->ca_pem, -1);
    X509 *leaf = PEM_read_bio_X509(chain, NULL, NULL, NULL);
    X509 *root = PEM_read_bio_X509(ca, NULL, NULL, NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    bool ok = SSL_CTX_use_certificate(server, leaf) == 1 &&
              SSL_CTX_use_PrivateKey(server, pkey) == 1 &&
              X509_STORE_add_cert(SSL_CTX_get_cert_store(client), root) == 1;
    X509_free(leaf);
    X509_free(root);
    EVP_PKEY_free(pkey);
    BIO_free(chain);
    BIO_free(key);
    BIO_free(ca);
    return ok;
}

static void *setup(const bench_setup *b)
{
    shared *s = calloc(1, sizeof(*s));
    s->host = b->host;
    s->client = SSL_CTX_new(TLS_client_method());
    s->server = SSL_CTX_new(TLS_server_method());
    SSL_CTX *both[] = {s->client, s->server};
    bool ok = load(s->server, s->client, b);
    for (int i = 0; i < 2; i++) {
        SSL_CTX_set_min_proto_version(both[i], TLS1_3_VERSION);
        SSL_CTX_set_session_cache_mode(both[i], SSL_SESS_CACHE_OFF);
        ok = ok && SSL_CTX_set1_groups_list(both[i], b->group) == 1 &&
             SSL_CTX_set_ciphersuites(both[i], b->suite) == 1;
    }
    SSL_CTX_set_num_tickets(s->server, 0);
    SSL_CTX_set_verify(s->client, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(s->client, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_mode(s->server, SSL_MODE_RELEASE_BUFFERS);
    if (ok)
        return s;
    teardown(s);
    return NULL;
}

static SSL *make(SSL_CTX *ctx)
{
    SSL *ssl = SSL_new(ctx);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    return ssl;
}

/* Moves the bytes one side wrote to the other's input; uncounted. */
static size_t move(SSL *from, SSL *to)
{
    char *p;
    long n = BIO_get_mem_data(SSL_get_wbio(from), &p);
    if (n <= 0)
        return 0;
    BIO_write(SSL_get_rbio(to), p, (int)n);
    (void)BIO_reset(SSL_get_wbio(from));
    return (size_t)n;
}

static void step(SSL *ssl, uint64_t *ns)
{
    uint64_t t = bench_now_ns();
    SSL_do_handshake(ssl);
    *ns += bench_now_ns() - t;
}

static bool shake(bench_pair *pair, void *ctx, bench_clocks *clocks)
{
    const shared *s = ctx;
    uint64_t t0 = bench_now_ns();
    SSL *client = pair->client = make(s->client);
    SSL_set_connect_state(client);
    SSL_set_tlsext_host_name(client, s->host);
    SSL_set1_host(client, s->host);
    uint64_t t1 = bench_now_ns();
    SSL *server = pair->server = make(s->server);
    SSL_set_accept_state(server);
    uint64_t t2 = bench_now_ns();
    clocks->client_ns += t1 - t0;
    clocks->server_ns += t2 - t1;
    step(client, &clocks->client_ns);
    while (!SSL_is_init_finished(client) || !SSL_is_init_finished(server)) {
        size_t moved = move(client, server);
        if (moved != 0)
            step(server, &clocks->server_ns);
        size_t back = move(server, client);
        if (back != 0)
            step(client, &clocks->client_ns);
        if (moved + back == 0)
            return false;
    }
    return SSL_get_verify_result(client) == X509_V_OK;
}

static void free_end(void *end)
{
    SSL_free(end);
}

static bool stream(bench_pair *pair, size_t n, size_t record, bench_clocks *clocks)
{
    static uint8_t data[16384], got[16384];
    for (size_t done = 0; done < n; done += record) {
        uint64_t t0 = bench_now_ns();
        if (SSL_write(pair->client, data, (int)record) != (int)record)
            return false;
        clocks->client_ns += bench_now_ns() - t0;
        move(pair->client, pair->server);
        uint64_t t1 = bench_now_ns();
        if (SSL_read(pair->server, got, (int)record) != (int)record)
            return false;
        clocks->server_ns += bench_now_ns() - t1;
    }
    return true;
}

static void idle(bench_pair *pair)
{
    (void)pair;
}

const bench_peer bench_libssl = {"libssl", setup, teardown, shake, free_end, stream, idle};
