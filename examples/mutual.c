/* mutual.c: two-way TLS: each side shows a certificate, and each learns who the other is.
 *
 *     mutual NAME
 *
 * Both sides are in this one program, joined by a socket pair. Certificates are made on the spot:
 * an authority's, and by it one for the server and one for the client NAME.
 */
#define _POSIX_C_SOURCE 200809L
#include <handfast/handfast.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* Stops when something failed; `e` tells the story where the function has one. */
static void must(hf_status status, const hf_error *e, const char *what)
{
    char text[1024];
    if (status >= 0)
        return;
    hf_error_format(e != NULL ? e : &(hf_error){.code = status}, text, sizeof(text));
    fprintf(stderr, "mutual: %s: %s", what, text);
    exit(1);
}

typedef struct made {
    hf_key *key;
    hf_bytes der; /* its certificate: the authority's is signed by itself, the others by it */
} made;

static made make(hf_cert_template t, const made *authority)
{
    made m;
    hf_cert issuer;
    hf_error e;
    t.not_after_s = (int64_t)time(NULL) + 86400;
    must(hf_key_generate(HF_KEY_P256, 0, &m.key, &e), &e, "making a key");
    if (authority != NULL)
        must(hf_cert_parse(authority->der, &issuer, &e), &e, "reading the authority");
    hf_status status = hf_cert_issue(&t, hf_key_public(m.key), authority != NULL ? &issuer : NULL,
                                     authority != NULL ? authority->key : m.key, &m.der, &e);
    must(status, &e, t.subject);
    return m;
}

/* A config that shows `own` and trusts what the authority issued. */
static hf_config *config(hf_role role, const made *own, hf_store *authority)
{
    hf_config *cfg;
    hf_identity *identity;
    hf_error e;
    must(hf_identity_new(own->der, own->key, &identity, &e), &e, "pairing certificate and key");
    hf_config_new(role, &cfg); /* hf_config_freeze tells whatever fails from here on */
    hf_config_add_identity(cfg, identity);
    hf_config_trust(cfg, authority);
    hf_config_keep_peer_chain(cfg, true); /* for hf_peer_cert below */
    if (role == HF_SERVER)
        hf_config_client_auth(cfg, HF_CLIENT_AUTH_REQUIRED);
    must(hf_config_freeze(cfg, &e), &e, "config");
    hf_identity_free(identity); /* the config holds references of its own */
    return cfg;
}

typedef struct side {
    const char *name;
    hf_config *cfg;
    int fd;
} side;

/* Shakes hands and says who the other side is. Runs on a thread for each side. */
static void *meet(void *arg)
{
    side *me = arg;
    hf_stream *s;
    hf_error e;
    char subject[256], byte;
    must(me->name[0] == 'c' ? hf_dial_fd(me->cfg, me->fd, "localhost", 10000, &s, &e)
                            : hf_accept(me->cfg, me->fd, 10000, &s, &e),
         &e, me->name);
    hf_name_text(hf_peer_cert(hf_stream_conn(s), 0)->subject, subject, sizeof(subject));
    printf("%s: the peer is %s\n", me->name, subject);
    must(hf_close(hf_stream_conn(s)), NULL, me->name);            /* nothing more to say ... */
    must((hf_status)hf_stream_read(s, &byte, 1), NULL, me->name); /* ... and the other agrees */
    hf_stream_close(s);
    hf_config_free(me->cfg);
    return NULL;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"localhost", NULL};
    char subject[128];
    int pair[2];
    pthread_t thread;
    hf_store *store;
    if (argc != 2 || snprintf(subject, sizeof(subject), "CN=%s", argv[1]) >= 128) {
        fprintf(stderr, "usage: mutual NAME\n");
        return 2;
    }
    made m[3]; /* authority, client, server */
    m[0] = make((hf_cert_template){.subject = "CN=Authority", .ca = true, .path_len = -1}, NULL);
    m[1] = make((hf_cert_template){.subject = subject, .client = true}, &m[0]);
    m[2] = make((hf_cert_template){.subject = "CN=Shop", .names = names, .server = true}, &m[0]);
    must(hf_store_new(&store), NULL, "trust store");
    must(hf_store_add(store, m[0].der, NULL, NULL), NULL, "trust store");
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 1;
    side client = {"client", config(HF_CLIENT, &m[1], store), pair[0]};
    side server = {"server", config(HF_SERVER, &m[2], store), pair[1]};
    if (pthread_create(&thread, NULL, meet, &server) != 0)
        return 1;
    meet(&client);
    pthread_join(thread, NULL);
    hf_store_free(store);
    for (int i = 0; i < 3; hf_der_free(m[i++].der))
        hf_key_free(m[i].key);
    return 0;
}
