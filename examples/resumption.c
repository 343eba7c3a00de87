/* resumption.c: two connections to one server; the second goes on from the first, without
 * certificates, and a session is kept in a file for the next run.
 *
 *     resumption HOST:PORT CAFILE [FILE]
 *
 * Prints for each connection whether it was resumed. FILE is secret: who has it passes for us.
 */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <handfast/handfast.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *file; /* where the newest session is kept; NULL: nowhere */

/* Prints why something failed: what happened, where, what was expected, what to try. */
static int failed(hf_config *cfg, const hf_error *e)
{
    char text[1024];
    hf_error_format(e, text, sizeof(text));
    fprintf(stderr, "resumption: %s", text);
    hf_config_free(cfg);
    return 1;
}

/* Called with each session that a server gives: a new file takes the old one's place in one step,
 * and nobody else may read it. */
static void keep(void *ctx, hf_conn *conn, hf_bytes session)
{
    char beside[1024];
    (void)ctx;
    (void)conn;
    int n = file != NULL ? snprintf(beside, sizeof(beside), "%s.new", file) : -1;
    if (n < 0 || (size_t)n >= sizeof(beside))
        return;
    unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    bool whole = write(fd, session.p, session.n) == (ssize_t)session.n && fsync(fd) == 0;
    close(fd);
    if (!whole || rename(beside, file) != 0)
        unlink(beside);
}

/* Puts the file's session into the store, where hf_dial finds it by the host's name. */
static void restore(hf_sessions *store)
{
    uint8_t bytes[65536];
    FILE *f = file != NULL ? fopen(file, "rb") : NULL;
    if (f == NULL)
        return;
    size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    if (hf_sessions_add(store, (hf_bytes){bytes, n}) == HF_E_SESSION_MALFORMED)
        fprintf(stderr, "resumption: %s holds no session; it will be replaced\n", file);
}

/* One request. The server's sessions come while its answer is read. */
static hf_status talk(hf_config *cfg, const char *host, hf_error *e)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    char page[4096];
    hf_info info;
    hf_stream *s;
    int64_t got = 1;
    hf_status status = hf_dial(cfg, host, 10000, &s, e);
    if (status != HF_OK)
        return status;
    hf_conn_info(hf_stream_conn(s), &info);
    printf("%s, %s\n", info.version_name, info.resumed ? "resumed" : "a full handshake");
    status = hf_stream_write(s, request, sizeof(request) - 1);
    while (status == HF_OK && got > 0)
        got = hf_stream_read(s, page, sizeof(page));
    hf_stream_error(s, e);
    hf_stream_close(s);
    return status != HF_OK ? status : got < 0 ? (hf_status)got : HF_OK;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: resumption HOST:PORT CAFILE [FILE]\n");
        return 2;
    }
    file = argv[3];
    hf_config *cfg = NULL;
    hf_sessions *store;
    hf_error e;

    /* The essential part. Connections of a config with a store resume from it and add to it, each
     * session once; hf_config_new_session shows them to the program as well. Share a store only
     * between configs that trust the same: a resumed server shows no certificate. */
    hf_config_new(HF_CLIENT, &cfg);
    hf_config_trust_file(cfg, argv[2]);
    if (hf_sessions_new(100, &store) == HF_OK) {
        restore(store);
        hf_config_sessions(cfg, store);
        hf_sessions_free(store); /* the config has a reference of its own */
    }
    hf_config_new_session(cfg, keep, NULL);
    if (hf_config_freeze(cfg, &e) != HF_OK)
        return failed(cfg, &e);
    for (int i = 0; i < 2; i++)
        if (talk(cfg, argv[1], &e) != HF_OK)
            return failed(cfg, &e);
    hf_config_free(cfg);
    return 0;
}
