/* client.c: an HTTPS GET in fifteen lines, with the chain and the name verified.
 *
 *     client HOST:PORT [CAFILE]
 *
 * Prints what the server answers. Without CAFILE the system's certificates are trusted.
 */
#include <handfast/handfast.h>
#include <stdio.h>

/* Prints why something failed: what happened, where, what was expected, what to try. */
static int failed(const hf_error *e)
{
    char text[1024];
    hf_error_format(e, text, sizeof(text));
    fprintf(stderr, "client: %s", text);
    return 1;
}

/* Trusts the certificates in a file, or the system's where there is no file. */
static hf_status trust(hf_config *cfg, const char *path, hf_error *e)
{
    hf_store *store;
    hf_status status = hf_store_new(&store);
    if (status < 0)
        return e->code = status;
    status = path != NULL ? hf_store_add_file(store, path, NULL, e)
                          : hf_store_add_system(store, NULL, e);
    if (status == HF_OK)
        e->code = status = hf_config_trust(cfg, store);
    hf_store_free(store); /* the config holds its own reference */
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: client HOST:PORT [CAFILE]\n");
        return 2;
    }
    char request[512], data[16384];
    hf_config *cfg = NULL;
    hf_stream *s = NULL;
    hf_error e = {.code = HF_OK};
    int64_t got = -1;
    int n = snprintf(request, sizeof(request),
                     "GET / HTTP/1.1\r\nHost: %.400s\r\nConnection: close\r\n\r\n", argv[1]);

    /* The essential part. A config says what all connections share; it is frozen before use.
     * hf_dial connects, shakes hands, and checks that the certificate is trusted and is for HOST.
     * A timeout of 10,000 ms bounds the dialling, and then each read and write. */
    if ((e.code = hf_config_new(HF_CLIENT, &cfg)) == HF_OK && trust(cfg, argv[2], &e) == HF_OK &&
        hf_config_freeze(cfg, &e) == HF_OK && hf_dial(cfg, argv[1], 10000, &s, &e) == HF_OK) {
        if (hf_stream_write(s, request, (size_t)n) == HF_OK)
            while ((got = hf_stream_read(s, data, sizeof(data))) > 0)
                fwrite(data, 1, (size_t)got, stdout);
        if (got < 0) /* got is 0 only when the server said that this is the end */
            hf_stream_error(s, &e);
    }
    hf_stream_close(s);
    hf_config_free(cfg);

    return e.code < 0 ? failed(&e) : 0;
}
