/* peer_libssl.c: the bench's work by the libssl that is installed, over a BIO of the pipes. */
#include "bench.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

typedef struct shared {
    SSL_CTX *client, *server;
    SSL_SESSION *session;
    const bench_setup *setup;
    uint8_t *leaf;
    int leaf_len;
} shared;

/* ---- a BIO over the pipes ---- */

static int bio_write(BIO *bio, const char *p, int n)
{
    bench_io *io = BIO_get_data(bio);
    return (int)bench_pipe_write(io->out, p, (size_t)n);
}

static int bio_read(BIO *bio, char *p, int n)
{
    bench_io *io = BIO_get_data(bio);
    size_t got = bench_pipe_read(io->in, p, (size_t)n);
    BIO_clear_retry_flags(bio);
    if (got == 0)
        BIO_set_retry_read(bio);
    return got == 0 ? -1 : (int)got;
}

static long bio_ctrl(BIO *bio, int command, long n, void *p)
{
    (void)bio;
    (void)n;
    (void)p;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method(void)
{
    static BIO_METHOD *made;
    if (made == NULL) {
        made = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "pipe");
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_ctrl(made, bio_ctrl);
    }
    return made;
}

/* ---- contexts ---- */

static void teardown(void *ctx)
{
    shared *s = ctx;
    SSL_SESSION_free(s->session);
    SSL_CTX_free(s->client);
    SSL_CTX_free(s->server);
    OPENSSL_free(s->leaf);
    free(s);
}

static bool load(shared *s, const bench_setup *b)
{
    BIO *chain = BIO_new_mem_buf(b->chain_pem, -1), *key = BIO_new_mem_buf(b->key_pem, -1);
    BIO *ca = BIO_new_mem_buf(b->ca_pem, -1);
    X509 *leaf = PEM_read_bio_X509(chain, NULL, NULL, NULL);
    X509 *root = PEM_read_bio_X509(ca, NULL, NULL, NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    bool ok = SSL_CTX_use_certificate(s->server, leaf) == 1 &&
              SSL_CTX_use_PrivateKey(s->server, pkey) == 1 &&
              X509_STORE_add_cert(SSL_CTX_get_cert_store(s->client), root) == 1;
    s->leaf_len = i2d_X509(leaf, &s->leaf);
    X509_free(leaf);
    X509_free(root);
    EVP_PKEY_free(pkey);
    BIO_free(chain);
    BIO_free(key);
    BIO_free(ca);
    return ok && s->leaf_len > 0;
}

/* libssl's own names of the suites of 1.2. */
static const char *old_name(const char *suite)
{
    static const char *const names[][2] = {
        {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
        {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i][0], suite) == 0)
            return names[i][1];
    return "";
}

static bool limit(SSL_CTX *ctx, const bench_setup *b)
{
    int suites = b->version == TLS1_3_VERSION ? SSL_CTX_set_ciphersuites(ctx, b->suite)
                                              : SSL_CTX_set_cipher_list(ctx, old_name(b->suite));
    /* in 1.2 the list also says which curve the certificate may have */
    const char *groups = b->version == TLS1_3_VERSION ? b->group : "X25519:P-256";
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (!b->resume)
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    return SSL_CTX_set_min_proto_version(ctx, b->version) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, b->version) == 1 &&
           SSL_CTX_set1_groups_list(ctx, groups) == 1 && suites == 1;
}

static void *setup(const bench_setup *b)
{
    if (b->cached)
        return NULL;
    shared *s = calloc(1, sizeof(*s));
    s->setup = b;
    s->client = SSL_CTX_new(TLS_client_method());
    s->server = SSL_CTX_new(TLS_server_method());
    bool ok = load(s, b) && limit(s->client, b) && limit(s->server, b);
    SSL_CTX_set_num_tickets(s->server, b->resume ? 1 : 0);
    SSL_CTX_set_verify(s->client, SSL_VERIFY_PEER, NULL);
    if (ok)
        return s;
    teardown(s);
    return NULL;
}

/* ---- connections ---- */

static void *open_end(void *ctx, bool server, bench_io *io)
{
    const shared *s = ctx;
    SSL *ssl = SSL_new(server ? s->server : s->client);
    BIO *bio = BIO_new(method());
    BIO_set_data(bio, io);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    if (server) {
        SSL_set_accept_state(ssl);
        return ssl;
    }
    SSL_set_connect_state(ssl);
    SSL_set_tlsext_host_name(ssl, s->setup->host);
    SSL_set1_host(ssl, s->setup->host);
    if (s->session != NULL)
        SSL_set_session(ssl, s->session);
    return ssl;
}

static bench_progress shake(void *end)
{
    int rc = SSL_do_handshake(end);
    if (rc == 1)
        return SSL_is_server(end) || SSL_get_verify_result(end) == X509_V_OK ? BENCH_DONE
                                                                             : BENCH_FAILED;
    return SSL_get_error(end, rc) == SSL_ERROR_WANT_READ ? BENCH_WAITS : BENCH_FAILED;
}

/* A session of a connection that ended without close_notify may not be resumed. */
static void close_end(void *end)
{
    SSL_set_shutdown(end, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(end);
}

static bool send_record(void *end, const uint8_t *p, size_t n)
{
    return SSL_write(end, p, (int)n) == (int)n;
}

static bool receive_record(void *end, uint8_t *p, size_t n)
{
    return SSL_read(end, p, (int)n) == (int)n;
}

static bool keep_session(void *ctx, void *client)
{
    shared *s = ctx;
    s->session = SSL_get1_session(client);
    SSL_CTX_set_num_tickets(s->server, 0); /* the handshakes that are measured send no more */
    return s->session != NULL && SSL_SESSION_is_resumable(s->session);
}

static bool resumed(void *client)
{
    return SSL_session_reused(client) == 1;
}

static bool verify(void *ctx)
{
    const shared *s = ctx;
    const uint8_t *p = s->leaf;
    X509 *leaf = d2i_X509(NULL, &p, s->leaf_len);
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(s->client), leaf, NULL);
    X509_STORE_CTX_set_default(store, "ssl_server");
    X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(store), s->setup->host, 0);
    bool ok = X509_verify_cert(store) == 1;
    X509_STORE_CTX_free(store);
    X509_free(leaf);
    return ok;
}

static bool load_file(const char *path)
{
    X509_STORE *store = X509_STORE_new();
    bool ok = X509_STORE_load_file(store, path) == 1;
    X509_STORE_free(store);
    return ok;
}

const bench_peer bench_libssl = {
    .name = "libssl",
    .setup = setup,
    .teardown = teardown,
    .open = open_end,
    .shake = shake,
    .close = close_end,
    .send = send_record,
    .receive = receive_record,
    .keep_session = keep_session,
    .resumed = resumed,
    .verify = verify,
    .load = load_file,
};
