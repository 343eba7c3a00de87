/* server.c: a blocking HTTPS server in fifteen lines. It serves one client after the other; a
 * server for many at once has a thread for each, or a loop as in own_event_loop.c.
 *
 *     server ADDRESS:PORT CERTIFICATE KEY [COUNT]
 *
 * With COUNT it ends after that many connections. `handfast cert self` makes a certificate to try.
 */
#include <handfast/handfast.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Prints why something failed: what happened, where, what was expected, what to try. */
static int failed(hf_config *cfg, const hf_error *e)
{
    char text[1024];
    hf_error_format(e, text, sizeof(text));
    fprintf(stderr, "server: %s", text);
    hf_config_free(cfg);
    return 1;
}

/* Reads a request (up to its empty line) and answers it. */
static hf_status answer(hf_stream *s)
{
    static const char response[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                   "Content-Length: 14\r\nConnection: close\r\n\r\nhello, client\n";
    char request[8192];
    size_t n = 0;
    int64_t got = 1;
    request[0] = '\0';
    while (strstr(request, "\r\n\r\n") == NULL && n < sizeof(request) - 1 && got > 0) {
        got = hf_stream_read(s, request + n, sizeof(request) - 1 - n);
        n += got > 0 ? (size_t)got : 0;
        request[n] = '\0';
    }
    return got > 0 ? hf_stream_write(s, response, sizeof(response) - 1) : (hf_status)got;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: server ADDRESS:PORT CERTIFICATE KEY [COUNT]\n");
        return 2;
    }
    long count = argc == 5 ? strtol(argv[4], NULL, 10) : -1;
    hf_config *cfg = NULL;
    hf_identity *identity = NULL;
    hf_error e;
    int listening;

    /* The essential part. An identity is a certificate chain with its key. The config takes a
     * reference to it, is frozen once, and then serves every connection. */
    if (hf_identity_read_files(argv[2], argv[3], NULL, &identity, &e) != HF_OK)
        return failed(cfg, &e);
    hf_config_new(HF_SERVER, &cfg);
    hf_config_add_identity(cfg, identity);
    hf_identity_free(identity);
    if (hf_config_freeze(cfg, &e) != HF_OK || (listening = hf_listen(argv[1], &e)) < 0)
        return failed(cfg, &e);
    for (; count != 0; count -= count > 0) {
        hf_stream *s;
        if (hf_accept(cfg, accept(listening, NULL, NULL), 10000, &s, &e) != HF_OK) {
            failed(NULL, &e); /* one client's failure is no reason to stop serving */
            continue;
        }
        answer(s);
        hf_stream_close(s);
    }

    close(listening);
    hf_config_free(cfg);
    return 0;
}
