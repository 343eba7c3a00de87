/* peer_wolfssl.c: the bench's work by the wolfSSL that is installed. */
#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

#include "bench.h"

#include <stdlib.h>
#include <string.h>

typedef struct shared {
    WOLFSSL_CTX *client, *server;
    WOLFSSL_SESSION *session;
    const bench_setup *setup;
} shared;

static void teardown(void *ctx)
{
    shared *s = ctx;
    wolfSSL_SESSION_free(s->session);
    wolfSSL_CTX_free(s->client);
    wolfSSL_CTX_free(s->server);
    free(s);
}

static int push(WOLFSSL *ssl, char *p, int n, void *io)
{
    (void)ssl;
    return (int)bench_pipe_write(((bench_io *)io)->out, p, (size_t)n);
}

static int pull(WOLFSSL *ssl, char *p, int n, void *io)
{
    size_t got = bench_pipe_read(((bench_io *)io)->in, p, (size_t)n);
    (void)ssl;
    return got == 0 ? WOLFSSL_CBIO_ERR_WANT_READ : (int)got;
}

static const char *suite_of(const bench_setup *b)
{
    static const char *const names[][2] = {
        {"TLS_AES_128_GCM_SHA256", "TLS13-AES128-GCM-SHA256"},
        {"TLS_AES_256_GCM_SHA384", "TLS13-AES256-GCM-SHA384"},
        {"TLS_CHACHA20_POLY1305_SHA256", "TLS13-CHACHA20-POLY1305-SHA256"},
        {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
        {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i][0], b->suite) == 0)
            return names[i][1];
    return "";
}

static bool read_pem(shared *s, const bench_setup *b)
{
    return wolfSSL_CTX_load_verify_buffer(s->client, (const uint8_t *)b->ca_pem,
                                          (long)strlen(b->ca_pem),
                                          WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_use_certificate_chain_buffer(s->server, (const uint8_t *)b->chain_pem,
                                                    (long)strlen(b->chain_pem)) ==
               WOLFSSL_SUCCESS &&
           wolfSSL_CTX_use_PrivateKey_buffer(s->server, (const uint8_t *)b->key_pem,
                                             (long)strlen(b->key_pem),
                                             WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS;
}

static bool limit(WOLFSSL_CTX *ctx, const bench_setup *b)
{
    wolfSSL_CTX_SetIORecv(ctx, pull);
    wolfSSL_CTX_SetIOSend(ctx, push);
    /* in 1.2 the list also says which curve the certificate may have */
    bool old = b->version == BENCH_TLS_1_2;
    return wolfSSL_CTX_set_cipher_list(ctx, suite_of(b)) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_UseSupportedCurve(ctx, WOLFSSL_ECC_X25519) == WOLFSSL_SUCCESS &&
           (!old || wolfSSL_CTX_UseSupportedCurve(ctx, WOLFSSL_ECC_SECP256R1) == WOLFSSL_SUCCESS);
}

static void *setup(const bench_setup *b)
{
    if (b->cached || strcmp(b->group, "X25519") != 0)
        return NULL;
    shared *s = calloc(1, sizeof(*s));
    bool new = b->version == BENCH_TLS_1_3;
    s->setup = b;
    s->client = wolfSSL_CTX_new(new ? wolfTLSv1_3_client_method() : wolfTLSv1_2_client_method());
    s->server = wolfSSL_CTX_new(new ? wolfTLSv1_3_server_method() : wolfTLSv1_2_server_method());
    bool ok = read_pem(s, b) && limit(s->client, b) && limit(s->server, b);
    wolfSSL_CTX_set_verify(s->client, WOLFSSL_VERIFY_PEER, NULL);
    if (b->resume)
        wolfSSL_CTX_UseSessionTicket(s->client);
    else if (new)
        wolfSSL_CTX_no_ticket_TLSv13(s->server);
    if (ok)
        return s;
    teardown(s);
    return NULL;
}

static void *open_end(void *ctx, bool server, bench_io *io)
{
    const shared *s = ctx;
    WOLFSSL *ssl = wolfSSL_new(server ? s->server : s->client);
    if (ssl == NULL)
        return NULL;
    wolfSSL_SetIOReadCtx(ssl, io);
    wolfSSL_SetIOWriteCtx(ssl, io);
    if (server) {
        wolfSSL_set_accept_state(ssl);
        return ssl;
    }
    wolfSSL_set_connect_state(ssl);
    wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, s->setup->host,
                   (unsigned short)strlen(s->setup->host));
    wolfSSL_check_domain_name(ssl, s->setup->host);
    if (s->setup->version == BENCH_TLS_1_3)
        wolfSSL_UseKeyShare(ssl, WOLFSSL_ECC_X25519);
    if (s->session != NULL)
        wolfSSL_set_session(ssl, s->session);
    return ssl;
}

static bench_progress shake(void *end)
{
    int rc = wolfSSL_SSL_do_handshake(end);
    if (rc == WOLFSSL_SUCCESS)
        return BENCH_DONE;
    return wolfSSL_get_error(end, rc) == WOLFSSL_ERROR_WANT_READ ? BENCH_WAITS : BENCH_FAILED;
}

static void close_end(void *end)
{
    wolfSSL_free(end);
}

static bool send_record(void *end, const uint8_t *p, size_t n)
{
    return wolfSSL_write(end, p, (int)n) == (int)n;
}

static bool receive_record(void *end, uint8_t *p, size_t n)
{
    return wolfSSL_read(end, p, (int)n) == (int)n;
}

static bool keep_session(void *ctx, void *client)
{
    shared *s = ctx;
    s->session = wolfSSL_get1_session(client);
    return s->session != NULL;
}

static bool resumed(void *client)
{
    return wolfSSL_session_reused(client) != 0;
}

const bench_peer bench_wolfssl = {
    .name = "wolfssl",
    .setup = setup,
    .teardown = teardown,
    .open = open_end,
    .shake = shake,
    .close = close_end,
    .send = send_record,
    .receive = receive_record,
    .keep_session = keep_session,
    .resumed = resumed,
};
