/* own_provider.c: primitives of one's own. The engine takes hashes, ciphers, groups, signatures,
 * randomness and the clock from a provider: tables of functions. This one is the default with its
 * AES-128-GCM wrapped, so that every record it seals and opens is counted. In the same way comes in
 * a hardware engine, or a second implementation to compare with.
 *
 *     own_provider BYTES      sends that many bytes from a client to a server in memory
 */
#include <handfast/handfast.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hf_aead counted;         /* the wrapped entry */
static const hf_aead *original; /* what it wraps */
static unsigned long sealed, opened, bytes_sealed;

static hf_status counted_seal(void *state, const uint8_t nonce[HF_AEAD_NONCE], hf_bytes aad,
                              const hf_bytes *pieces, size_t count, uint8_t *out)
{
    sealed++;
    for (size_t i = 0; i < count; i++)
        bytes_sealed += pieces[i].n;
    return original->seal(state, nonce, aad, pieces, count, out);
}

static hf_status counted_open(void *state, const uint8_t nonce[HF_AEAD_NONCE], hf_bytes aad,
                              const uint8_t *in, size_t n, uint8_t *out)
{
    opened++;
    return original->open(state, nonce, aad, in, n, out);
}

/* The default provider with one entry replaced. Tables are constant once a config holds them. */
static const hf_provider *make_provider(void)
{
    static hf_provider mine;
    static const hf_aead *aeads[16];
    mine = *hf_provider_default();
    for (size_t i = 0; i < 15 && mine.aeads[i] != NULL; i++) {
        aeads[i] = mine.aeads[i];
        if (strcmp(aeads[i]->name, "AES-128-GCM") == 0) {
            counted = *(original = aeads[i]);
            counted.from = "own_provider";
            counted.seal = counted_seal;
            counted.open = counted_open;
            aeads[i] = &counted;
        }
    }
    mine.aeads = aeads;
    return &mine;
}

static void must(hf_status status, const char *what)
{
    if (status >= 0)
        return;
    fprintf(stderr, "own_provider: %s: %s\n", what, hf_error_sentence(status));
    exit(1);
}

/* Carries everything that `from` has to say over to `to`. */
static void carry(hf_conn *from, hf_conn *to)
{
    must(hf_step(from), "step");
    for (hf_bytes out; (out = hf_out(from)).n > 0;) {
        size_t used;
        must(hf_feed(to, out.p, out.n, &used), "feed");
        hf_out_consumed(from, used);
        must(hf_step(to), "step");
        hf_read_consumed(to, hf_readable(to).n); /* what came is not looked at here */
    }
}

int main(int argc, char **argv)
{
    static uint8_t data[16384];
    hf_config *cc, *sc;
    hf_identity *identity;
    hf_key *key;
    hf_bytes der;
    hf_conn *client, *server;
    if (argc != 2) {
        fprintf(stderr, "usage: own_provider BYTES\n");
        return 2;
    }
    hf_cert_template t = {.subject = "CN=me", .not_after_s = 4102444800 /* 2100 */, .path_len = -1};
    must(hf_key_generate(HF_KEY_P256, 0, &key, NULL), "key");
    must(hf_cert_issue(&t, hf_key_public(key), NULL, key, &der, NULL), "certificate");
    must(hf_identity_new(der, key, &identity, NULL), "identity");

    hf_config_new(HF_SERVER, &sc);
    hf_config_add_identity(sc, identity);
    must(hf_config_freeze(sc, NULL), "server's config");
    hf_config_new(HF_CLIENT, &cc);
    hf_config_provider(cc, make_provider()); /* before the lists: they are looked up in it */
    hf_config_suites(cc, "TLS_AES_128_GCM_SHA256");
    hf_config_insecure_no_verification(cc); /* both ends are in this program */
    must(hf_config_freeze(cc, NULL), "client's config");
    must(hf_client_new(cc, "localhost", &client), "client");
    must(hf_server_new(sc, &server), "server");

    for (int turn = 0; turn < 4; turn++) { /* the handshake needs no more flights than that */
        carry(client, server);
        carry(server, client);
    }
    for (size_t left = strtoul(argv[1], NULL, 10), taken; left > 0; left -= taken) {
        must(hf_write(client, data, left < sizeof(data) ? left : sizeof(data), &taken), "write");
        carry(client, server);
    }
    printf("sealed %lu records, %lu bytes; opened %lu records\n", sealed, bytes_sealed, opened);
    hf_conn_free(client);
    hf_conn_free(server);
    hf_config_free(cc);
    hf_config_free(sc);
    hf_identity_free(identity);
    hf_key_free(key);
    hf_der_free(der);
    return 0;
}
