/* client.c: an HTTPS GET in fifteen lines, with the chain and the name verified.
 *
 *     client HOST:PORT [CAFILE]
 *
 * Prints what the server answers. Without CAFILE the system's certificates are trusted.
 */
#include <handfast/handfast.h>
#include <stdio.h>
#include <string.h>

/* Prints why something failed: what happened, where, what was expected, what to try. */
static int failed(hf_config *cfg, const hf_error *e)
{
    char text[1024];
    hf_error_format(e, text, sizeof(text));
    fprintf(stderr, "client: %s", text);
    hf_config_free(cfg);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: client HOST:PORT [CAFILE]\n");
        return 2;
    }
    const char *host = argv[1], *authorities = argv[2];
    hf_config *cfg = NULL;
    hf_stream *s = NULL;
    hf_error e;
    char request[512], page[16384];
    int64_t got;
    snprintf(request, sizeof(request),
             "GET / HTTP/1.1\r\nHost: %.400s\r\nConnection: close\r\n\r\n", host);

    /* The essential part. A config says what all connections share; it is frozen before use, and
     * then tells whatever went wrong before. hf_dial connects, shakes hands, and checks that the
     * certificate is trusted and is for the host; its 10,000 ms bound each later call too. */
    hf_config_new(HF_CLIENT, &cfg);
    if (authorities != NULL)
        hf_config_trust_file(cfg, authorities);
    else
        hf_config_trust_system(cfg);
    if (hf_config_freeze(cfg, &e) != HF_OK || hf_dial(cfg, host, 10000, &s, &e) != HF_OK)
        return failed(cfg, &e);
    hf_stream_write(s, request, strlen(request));
    while ((got = hf_stream_read(s, page, sizeof(page))) > 0)
        fwrite(page, 1, (size_t)got, stdout);
    hf_stream_error(s, &e); /* what ended it, if not the server's own goodbye */
    hf_stream_close(s);
    if (got < 0)
        return failed(cfg, &e);
    hf_config_free(cfg);
    return 0;
}
