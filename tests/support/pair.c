/* pair.c: a client and a server in memory. */
#include "support/pair.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(hf_status s, const char *what)
{
    if (s == HF_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, hf_error_name(s));
    abort();
}

hf_status pair_random(void *ctx, uint8_t *p, size_t n)
{
    uint64_t *state = ctx;
    for (size_t i = 0; i < n; i++) {
        *state = *state * 6364136223846793005U + 1442695040888963407U;
        p[i] = (uint8_t)(*state >> 56);
    }
    return HF_OK;
}

int64_t pair_clock(void *ctx)
{
    (void)ctx;
    return PAIR_NOW;
}

hf_identity *pair_issue(const pair_pki *pki, hf_key_type type, const char *const *names,
                        bool server, int64_t not_before_s, int64_t not_after_s)
{
    hf_key *key;
    hf_bytes der;
    hf_identity *identity;
    hf_cert_template t = {.subject = server ? "CN=server" : "CN=client",
                          .names = names,
                          .not_before_s = not_before_s,
                          .not_after_s = not_after_s,
                          .path_len = -1,
                          .server = server,
                          .client = !server};
    must(hf_key_generate(type, 0, &key, NULL), "key");
    must(hf_cert_issue(&t, hf_key_public(key), &pki->ca, pki->ca_key, &der, NULL), "issue");
    must(hf_identity_new(der, key, &identity, NULL), "identity");
    hf_der_free(der);
    hf_key_free(key);
    return identity;
}

void pair_pki_make(pair_pki *pki, hf_key_type type)
{
    static const char *const server_names[] = {"server.test", "127.0.0.1", NULL};
    static const char *const client_names[] = {"client@example.test", NULL};
    memset(pki, 0, sizeof(*pki));
    hf_cert_template ca = {.subject = "CN=handfast test CA",
                           .not_before_s = PAIR_NOW - 86400,
                           .not_after_s = PAIR_NOW + 86400 * 365,
                           .ca = true,
                           .path_len = -1};
    must(hf_key_generate(type, 0, &pki->ca_key, NULL), "CA key");
    must(hf_cert_issue(&ca, hf_key_public(pki->ca_key), NULL, pki->ca_key, &pki->ca_der, NULL),
         "CA");
    must(hf_cert_parse(pki->ca_der, &pki->ca, NULL), "CA parse");
    must(hf_store_new(&pki->store), "store");
    must(hf_store_add(pki->store, pki->ca_der, NULL, NULL), "store add");
    pki->server = pair_issue(pki, type, server_names, true, PAIR_NOW - 3600, PAIR_NOW + 86400);
    pki->client = pair_issue(pki, type, client_names, false, PAIR_NOW - 3600, PAIR_NOW + 86400);
}

void pair_pki_free(pair_pki *pki)
{
    hf_identity_free(pki->server);
    hf_identity_free(pki->client);
    hf_store_free(pki->store);
    hf_der_free(pki->ca_der);
    hf_key_free(pki->ca_key);
}

void pair_config(pair *p, const pair_pki *pki)
{
    memset(p, 0, sizeof(*p));
    p->random = 1;
    must(hf_config_new(HF_CLIENT, &p->client_config), "client config");
    must(hf_config_new(HF_SERVER, &p->server_config), "server config");
    must(hf_config_trust(p->client_config, pki->store), "trust");
    must(hf_config_trust(p->server_config, pki->store), "trust");
    must(hf_config_add_identity(p->server_config, pki->server), "identity");
    /* most tests are of TLS 1.3's engine: those of TLS 1.2 allow it themselves */
    must(hf_config_versions(p->client_config, HF_TLS_1_3, HF_TLS_1_3), "versions");
    must(hf_config_versions(p->server_config, HF_TLS_1_3, HF_TLS_1_3), "versions");
    /* Certificate as it is, for those who change its bytes */
    must(hf_config_cert_compression(p->client_config, "none"), "compression");
    must(hf_config_cert_compression(p->server_config, "none"), "compression");
    hf_config_random(p->client_config, pair_random, &p->random);
    hf_config_random(p->server_config, pair_random, &p->random);
    hf_config_clock(p->client_config, pair_clock, NULL);
    hf_config_clock(p->server_config, pair_clock, NULL);
}

static void must_freeze(hf_config *cfg)
{
    hf_error e;
    char text[1024];
    if (hf_config_freeze(cfg, &e) == HF_OK)
        return;
    hf_error_format(&e, text, sizeof(text));
    fprintf(stderr, "freeze: %s", text);
    abort();
}

void pair_start(pair *p)
{
    must_freeze(p->client_config);
    must_freeze(p->server_config);
    must(hf_client_new(p->client_config, "server.test", &p->client), "client");
    must(hf_server_new(p->server_config, &p->server), "server");
}

void pair_free(pair *p)
{
    hf_conn_free(p->client);
    hf_conn_free(p->server);
    hf_config_free(p->client_config);
    hf_config_free(p->server_config);
    memset(p, 0, sizeof(*p));
}

size_t pair_move(hf_conn *from, hf_conn *to, size_t most)
{
    hf_bytes out = hf_out(from);
    size_t n = most != 0 && out.n > most ? most : out.n, used = 0;
    if (n == 0)
        return 0;
    if (hf_feed(to, out.p, n, &used) != HF_OK)
        return 0;
    hf_out_consumed(from, used);
    return used;
}

static bool can_go_on(int last)
{
    return last >= 0 && (last & HF_HAVE_DATA) == 0;
}

bool pair_run(pair *p)
{
    size_t moved;
    do {
        moved = 0;
        p->client_last = hf_step(p->client);
        p->server_last = hf_step(p->server);
        if (can_go_on(p->server_last))
            moved += pair_move(p->client, p->server, p->chunk);
        if (can_go_on(p->client_last))
            moved += pair_move(p->server, p->client, p->chunk);
    } while (moved != 0);
    return p->client_last >= 0 && p->server_last >= 0 && (p->client_last & HF_ESTABLISHED) != 0 &&
           (p->server_last & HF_ESTABLISHED) != 0;
}

void pair_exchange(pair *p, bool from_client, size_t n)
{
    hf_conn *from = from_client ? p->client : p->server, *to = from_client ? p->server : p->client;
    uint8_t *sent = malloc(n + 1), *received = malloc(n + 1);
    size_t written = 0, read = 0;
    for (size_t i = 0; i < n; i++)
        sent[i] = (uint8_t)(i * 31 + (i >> 8));
    while (read < n) {
        size_t taken, got;
        must(hf_write(from, sent + written, n - written, &taken), "write");
        written += taken;
        pair_move(from, to, p->chunk);
        if (hf_step(to) < 0)
            must(HF_E_INTERNAL, "step while data flows");
        must(hf_read(to, received + read, n - read, &got), "read");
        read += got;
    }
    if (memcmp(sent, received, n) != 0)
        abort();
    free(sent);
    free(received);
}
