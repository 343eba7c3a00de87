/* peer_mbedtls.c: the bench's work by the mbedTLS that is installed. Debian 12 has 2.28, which
 * knows no TLS 1.3: it takes part in the rows of 1.2 and of records. */
#include "bench.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>

#include <stdlib.h>
#include <string.h>

typedef struct shared {
    mbedtls_ssl_config client, server;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt chain, ca;
    mbedtls_pk_context key;
    mbedtls_ssl_ticket_context tickets;
    mbedtls_ssl_session session;
    bool has_session;
    const bench_setup *setup;
    int suites[2];
} shared;

static void teardown(void *ctx)
{
    shared *s = ctx;
    mbedtls_ssl_session_free(&s->session);
    mbedtls_ssl_ticket_free(&s->tickets);
    mbedtls_ssl_config_free(&s->client);
    mbedtls_ssl_config_free(&s->server);
    mbedtls_x509_crt_free(&s->chain);
    mbedtls_x509_crt_free(&s->ca);
    mbedtls_pk_free(&s->key);
    mbedtls_ctr_drbg_free(&s->random);
    mbedtls_entropy_free(&s->entropy);
    free(s);
}

/* The suite of 1.2 that does what the setup asks for. */
static int suite_of(const bench_setup *b)
{
    if (strstr(b->suite, "ECDHE_RSA") != NULL)
        return MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
    if (strstr(b->suite, "AES_128") != NULL)
        return MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    if (strstr(b->suite, "AES_256") != NULL)
        return MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
    return MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
}

static bool read_pem(shared *s, const bench_setup *b)
{
    return mbedtls_x509_crt_parse(&s->chain, (const uint8_t *)b->chain_pem,
                                  strlen(b->chain_pem) + 1) == 0 &&
           mbedtls_x509_crt_parse(&s->ca, (const uint8_t *)b->ca_pem, strlen(b->ca_pem) + 1) == 0 &&
           mbedtls_pk_parse_key(&s->key, (const uint8_t *)b->key_pem, strlen(b->key_pem) + 1, NULL,
                                0) == 0;
}

static bool configure(shared *s, mbedtls_ssl_config *conf, int end)
{
    static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_CURVE25519,
                                                  MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};
    if (mbedtls_ssl_config_defaults(conf, end, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return false;
    mbedtls_ssl_conf_rng(conf, mbedtls_ctr_drbg_random, &s->random);
    mbedtls_ssl_conf_ciphersuites(conf, s->suites);
    mbedtls_ssl_conf_curves(conf, curves);
    return true;
}

static void *setup(const bench_setup *b)
{
    if (b->cached || strcmp(b->group, "X25519") != 0 ||
        (b->version != BENCH_TLS_1_2 && !b->any_version))
        return NULL;
    shared *s = calloc(1, sizeof(*s));
    s->setup = b;
    s->suites[0] = suite_of(b);
    mbedtls_ssl_config_init(&s->client);
    mbedtls_ssl_config_init(&s->server);
    mbedtls_entropy_init(&s->entropy);
    mbedtls_ctr_drbg_init(&s->random);
    mbedtls_x509_crt_init(&s->chain);
    mbedtls_x509_crt_init(&s->ca);
    mbedtls_pk_init(&s->key);
    mbedtls_ssl_ticket_init(&s->tickets);
    mbedtls_ssl_session_init(&s->session);
    bool ok = mbedtls_ctr_drbg_seed(&s->random, mbedtls_entropy_func, &s->entropy, NULL, 0) == 0 &&
              read_pem(s, b) && configure(s, &s->client, MBEDTLS_SSL_IS_CLIENT) &&
              configure(s, &s->server, MBEDTLS_SSL_IS_SERVER) &&
              mbedtls_ssl_conf_own_cert(&s->server, &s->chain, &s->key) == 0;
    mbedtls_ssl_conf_ca_chain(&s->client, &s->ca, NULL);
    mbedtls_ssl_conf_authmode(&s->client, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_session_tickets(&s->client, b->resume ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                           : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    if (ok && b->resume) {
        ok = mbedtls_ssl_ticket_setup(&s->tickets, mbedtls_ctr_drbg_random, &s->random,
                                      MBEDTLS_CIPHER_AES_256_GCM, 86400) == 0;
        mbedtls_ssl_conf_session_tickets_cb(&s->server, mbedtls_ssl_ticket_write,
                                            mbedtls_ssl_ticket_parse, &s->tickets);
    }
    if (ok)
        return s;
    teardown(s);
    return NULL;
}

static int push(void *io, const unsigned char *p, size_t n)
{
    return (int)bench_pipe_write(((bench_io *)io)->out, p, n);
}

static int pull(void *io, unsigned char *p, size_t n)
{
    size_t got = bench_pipe_read(((bench_io *)io)->in, p, n);
    return got == 0 ? MBEDTLS_ERR_SSL_WANT_READ : (int)got;
}

static void *open_end(void *ctx, bool server, bench_io *io)
{
    shared *s = ctx;
    mbedtls_ssl_context *end = malloc(sizeof(*end));
    mbedtls_ssl_init(end);
    if (mbedtls_ssl_setup(end, server ? &s->server : &s->client) != 0)
        return NULL;
    mbedtls_ssl_set_bio(end, io, push, pull, NULL);
    if (!server) {
        mbedtls_ssl_set_hostname(end, s->setup->host);
        if (s->has_session)
            mbedtls_ssl_set_session(end, &s->session);
    }
    return end;
}

static bench_progress shake(void *end)
{
    int rc = mbedtls_ssl_handshake(end);
    if (rc == 0)
        return BENCH_DONE;
    return rc == MBEDTLS_ERR_SSL_WANT_READ ? BENCH_WAITS : BENCH_FAILED;
}

static void close_end(void *end)
{
    mbedtls_ssl_free(end);
    free(end);
}

static bool send_record(void *end, const uint8_t *p, size_t n)
{
    return mbedtls_ssl_write(end, p, n) == (int)n;
}

static bool receive_record(void *end, uint8_t *p, size_t n)
{
    return mbedtls_ssl_read(end, p, n) == (int)n;
}

static bool keep_session(void *ctx, void *client)
{
    shared *s = ctx;
    s->has_session = mbedtls_ssl_get_session(client, &s->session) == 0;
    return s->has_session;
}

/* 2.28 does not say; but only a full handshake brings the server's certificate. */
static bool resumed(void *client)
{
    const bench_io *io = ((mbedtls_ssl_context *)client)->p_bio;
    return io->in->total < 400;
}

const bench_peer bench_mbedtls = {
    .name = "mbedtls",
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
