/* peer_gnutls.c: the bench's work by the GnuTLS that is installed. */
#include "bench.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct shared {
    gnutls_certificate_credentials_t client, server;
    gnutls_priority_t priority;
    gnutls_datum_t ticket_key, session, leaf;
    gnutls_x509_trust_list_t trust;
    const bench_setup *setup;
} shared;

static void teardown(void *ctx)
{
    shared *s = ctx;
    gnutls_certificate_free_credentials(s->client);
    gnutls_certificate_free_credentials(s->server);
    gnutls_priority_deinit(s->priority);
    gnutls_free(s->ticket_key.data);
    gnutls_free(s->session.data);
    gnutls_free(s->leaf.data);
    gnutls_x509_trust_list_deinit(s->trust, 1);
    free(s);
}

static gnutls_datum_t datum(const char *text)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

static bool priorities(shared *s, const bench_setup *b)
{
    char text[256];
    const char *cipher = strstr(b->suite, "AES_128") != NULL   ? "AES-128-GCM"
                         : strstr(b->suite, "AES_256") != NULL ? "AES-256-GCM"
                                                               : "CHACHA20-POLY1305";
    if (strcmp(b->group, "X25519") != 0)
        return false;
    snprintf(text, sizeof(text),
             "NONE:+VERS-TLS%s:+%s:+AEAD:+ECDHE-ECDSA:+ECDHE-RSA:+GROUP-X25519:+GROUP-SECP256R1:+"
             "SIGN-ALL:+COMP-"
             "NULL:+CTYPE-X509",
             b->version == BENCH_TLS_1_3 ? "1.3" : "1.2", cipher);
    return gnutls_priority_init(&s->priority, text, NULL) == 0;
}

static bool certificates(shared *s, const bench_setup *b)
{
    gnutls_datum_t chain = datum(b->chain_pem), key = datum(b->key_pem), ca = datum(b->ca_pem);
    return gnutls_certificate_allocate_credentials(&s->client) == 0 &&
           gnutls_certificate_allocate_credentials(&s->server) == 0 &&
           gnutls_certificate_set_x509_key_mem(s->server, &chain, &key, GNUTLS_X509_FMT_PEM) >= 0 &&
           gnutls_certificate_set_x509_trust_mem(s->client, &ca, GNUTLS_X509_FMT_PEM) == 1 &&
           gnutls_pem_base64_decode2("CERTIFICATE", &chain, &s->leaf) == 0 &&
           gnutls_x509_trust_list_init(&s->trust, 0) == 0 &&
           gnutls_x509_trust_list_add_trust_mem(s->trust, &ca, NULL, GNUTLS_X509_FMT_PEM, 0, 0) ==
               1;
}

static void *setup(const bench_setup *b)
{
    if (b->cached)
        return NULL;
    shared *s = calloc(1, sizeof(*s));
    s->setup = b;
    bool ok = priorities(s, b) && certificates(s, b) &&
              (!b->resume || gnutls_session_ticket_key_generate(&s->ticket_key) == 0);
    if (ok)
        return s;
    teardown(s);
    return NULL;
}

static ssize_t push(gnutls_transport_ptr_t io, const void *p, size_t n)
{
    return (ssize_t)bench_pipe_write(((bench_io *)io)->out, p, n);
}

static ssize_t pull(gnutls_transport_ptr_t io, void *p, size_t n)
{
    size_t got = bench_pipe_read(((bench_io *)io)->in, p, n);
    if (got == 0 && n != 0) {
        errno = EAGAIN;
        return -1;
    }
    return (ssize_t)got;
}

static int pull_timeout(gnutls_transport_ptr_t io, unsigned ms)
{
    (void)ms;
    return ((bench_io *)io)->in->n != 0;
}

static void *open_end(void *ctx, bool server, bench_io *io)
{
    shared *s = ctx;
    gnutls_session_t end;
    unsigned flags = (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
    if (!s->setup->resume)
        flags |= GNUTLS_NO_TICKETS;
    else if (s->session.data != NULL)
        flags |= GNUTLS_NO_AUTO_SEND_TICKET; /* those that are measured send no more */
    if (gnutls_init(&end, flags) != 0)
        return NULL;
    gnutls_priority_set(end, s->priority);
    gnutls_credentials_set(end, GNUTLS_CRD_CERTIFICATE, server ? s->server : s->client);
    gnutls_transport_set_ptr(end, io);
    gnutls_transport_set_push_function(end, push);
    gnutls_transport_set_pull_function(end, pull);
    gnutls_transport_set_pull_timeout_function(end, pull_timeout);
    if (server) {
        if (s->setup->resume)
            gnutls_session_ticket_enable_server(end, &s->ticket_key);
        return end;
    }
    gnutls_server_name_set(end, GNUTLS_NAME_DNS, s->setup->host, strlen(s->setup->host));
    gnutls_session_set_verify_cert(end, s->setup->host, 0);
    if (s->session.data != NULL)
        gnutls_session_set_data(end, s->session.data, s->session.size);
    return end;
}

static bench_progress shake(void *end)
{
    int rc = gnutls_handshake(end);
    if (rc == 0)
        return BENCH_DONE;
    return gnutls_error_is_fatal(rc) ? BENCH_FAILED : BENCH_WAITS;
}

static void close_end(void *end)
{
    gnutls_deinit(end);
}

static bool send_record(void *end, const uint8_t *p, size_t n)
{
    return gnutls_record_send(end, p, n) == (ssize_t)n;
}

static bool receive_record(void *end, uint8_t *p, size_t n)
{
    ssize_t got;
    do
        got = gnutls_record_recv(end, p, n);
    while (got == GNUTLS_E_AGAIN && ((bench_io *)gnutls_transport_get_ptr(end))->in->n != 0);
    return got == (ssize_t)n;
}

static bool keep_session(void *ctx, void *client)
{
    shared *s = ctx;
    return gnutls_session_get_data2(client, &s->session) == 0;
}

static bool resumed(void *client)
{
    return gnutls_session_is_resumed(client) != 0;
}

static bool verify(void *ctx)
{
    const shared *s = ctx;
    gnutls_x509_crt_t leaf;
    gnutls_typed_vdata_st name = {GNUTLS_DT_DNS_HOSTNAME,
                                  (unsigned char *)(uintptr_t)s->setup->host, 0};
    unsigned result = 1;
    gnutls_x509_crt_init(&leaf);
    gnutls_x509_crt_import(leaf, &s->leaf, GNUTLS_X509_FMT_DER);
    gnutls_x509_trust_list_verify_crt2(s->trust, &leaf, 1, &name, 1, 0, &result, NULL);
    gnutls_x509_crt_deinit(leaf);
    return result == 0;
}

static bool load(const char *path)
{
    gnutls_x509_trust_list_t trust;
    gnutls_x509_trust_list_init(&trust, 0);
    int n = gnutls_x509_trust_list_add_trust_file(trust, path, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
    gnutls_x509_trust_list_deinit(trust, 1);
    return n > 0;
}

const bench_peer bench_gnutls = {
    .name = "gnutls",
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
    .load = load,
};
