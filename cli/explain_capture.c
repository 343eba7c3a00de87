/* explain_capture.c: a packet capture on the command line: which connection, by which keys. */
#define _POSIX_C_SOURCE 200809L
#include "cli/explain_capture.h"
#include "cli/cert_file.h"
#include "explain/capture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { KEYLOG_MAX = 64 << 20, LISTED = 20 };
#define INPUT_MAX (UINT64_C(4) << 30) /* of standard input, which goes to a temporary file */

static hf_bytes first_bytes(const char *path, uint8_t to[8])
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return (hf_bytes){to, 0};
    size_t n = fread(to, 1, 8, file);
    fclose(file);
    return (hf_bytes){to, n};
}

bool explain_capture_is(const char *path)
{
    uint8_t start[8];
    return hf_capture_is(first_bytes(path, start));
}

/* ---- where it comes from ---- */

typedef struct input {
    const char *path;
    FILE *spooled; /* standard input, to be read more than once; or NULL */
} input;

static FILE *open_input(void *ctx)
{
    const input *in = ctx;
    if (in->spooled == NULL)
        return fopen(in->path, "rbe");
    int fd = dup(fileno(in->spooled));
    FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");
    if (file == NULL && fd >= 0)
        close(fd);
    if (file != NULL)
        rewind(file); /* they share their place in it */
    return file;
}

static cli_exit spool(cli *c, input *in)
{
    char buffer[65536];
    uint64_t total = 0;
    in->spooled = tmpfile();
    if (in->spooled == NULL)
        return cli_file_error(c, "a temporary file could not be made", "standard input", errno);
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, stdin)) != 0; total += n)
        if (total + n > INPUT_MAX || fwrite(buffer, 1, n, in->spooled) != n)
            return cli_file_error(c, "standard input could not be kept in a temporary file",
                                  "standard input", total + n > INPUT_MAX ? EFBIG : errno);
    if (ferror(stdin) || fflush(in->spooled) != 0)
        return cli_file_error(c, "standard input could not be read", "standard input", errno);
    return CLI_DONE;
}

/* ---- what is wrong ---- */

static const char *guess(const char *path)
{
    uint8_t start[8];
    hf_bytes b = first_bytes(path, start);
    if (b.n >= 2 && b.p[0] == 0x1f && b.p[1] == 0x8b)
        return "it is compressed by gzip: unpack it first (gunzip)";
    if (b.n >= 4 && memcmp(b.p, "\x28\xb5\x2f\xfd", 4) == 0)
        return "it is compressed by zstd: unpack it first (unzstd)";
    if (b.n == 0)
        return "the file is empty";
    return "";
}

static cli_exit refuse(cli *c, const char *path, const hf_error *e)
{
    if (e->code == HF_E_OUT_OF_MEMORY)
        return cli_error(c, e, "reading the capture");
    if (e->code == HF_E_FILE)
        return cli_file_error(c, "the capture could not be read", path, errno);
    const cli_line lines[] = {
        {"on", path},
        {"expected", e->expected},
        {"got", e->got},
        {"perhaps", guess(path)},
        {"try", hf_error_remedy(e->code)},
        {0},
    };
    return cli_fail(c, cli_exit_of(e->code), hf_error_sentence(e->code), lines);
}

/* ---- keys ---- */

static cli_exit read_keys(cli *c, hf_keylog **out)
{
    const char *path = cli_text(c, "keylog");
    cli_bytes text;
    hf_error e = {0};
    *out = NULL;
    if (path == NULL)
        return CLI_DONE;
    cli_exit status = cli_file_read(c, path, KEYLOG_MAX, &text);
    if (status != CLI_DONE)
        return status;
    hf_status s = hf_keylog_new(out);
    if (s == HF_OK)
        s = hf_keylog_add(*out, cli_bytes_of(&text), &e);
    cli_bytes_free(&text);
    if (s == HF_E_KEYLOG)
        return refuse(c, path, &e);
    if (s != HF_OK) {
        e.code = s;
        return cli_error(c, &e, "reading the key log");
    }
    if (hf_keylog_count(*out) == 0)
        cli_warn(c, "the key log holds no secret: %s", path);
    return CLI_DONE;
}

/* ---- trust ---- */

/* Only what --cacert names: which authorities the client trusted is not this machine's to say. */
static cli_exit read_trust(cli *c, hf_store **out)
{
    hf_error e = {0};
    const char *path;
    *out = NULL;
    if (cli_count(c, "cacert") == 0)
        return CLI_DONE;
    hf_status s = hf_store_new(out);
    for (size_t i = 0; s == HF_OK && (path = cli_nth(c, "cacert", i)) != NULL; i++) {
        s = hf_store_add_file(*out, path, NULL, &e);
        if (s != HF_OK && e.subject[0] == '\0')
            snprintf(e.subject, sizeof e.subject, "%s", path);
    }
    e.code = s;
    return s == HF_OK ? CLI_DONE : cli_error(c, &e, "reading the certificates to trust");
}

/* ---- which connection ---- */

static void list(const cli *c, const hf_capture *capture, size_t chosen, bool tls_only)
{
    size_t count = 0;
    for (size_t i = 0; i < hf_capture_count(capture); i++) {
        const hf_capture_connection *at = hf_capture_at(capture, i);
        if (tls_only && !at->tls)
            continue;
        if (++count > LISTED)
            continue;
        cli_say(c, "  --stream %-4zu %s to %s, %llu packets%s%s", i, at->client, at->server,
                (unsigned long long)at->packets, at->tls ? "" : ", no TLS seen",
                i == chosen ? " (this one)" : "");
    }
    if (count > LISTED)
        cli_say(c, "  and %zu more", count - LISTED);
    if (hf_capture_more(capture) != 0)
        cli_say(c, "  and %llu more, which are too many to tell apart",
                (unsigned long long)hf_capture_more(capture));
}

static cli_exit nothing(cli *c, const char *path, const hf_capture *capture)
{
    char got[160];
    snprintf(got, sizeof got, "%zu TCP connection%s, none of which begins with a TLS hello%s",
             hf_capture_count(capture), hf_capture_count(capture) == 1 ? "" : "s",
             hf_capture_count(capture) == 0 ? "" : " (--stream N shows one all the same)");
    if (hf_capture_count(capture) != 0 && !c->json)
        list(c, capture, SIZE_MAX, false);
    hf_error e = {.code = HF_E_CAPTURE_NOTHING};
    snprintf(e.got, sizeof e.got, "%s", got);
    return refuse(c, path, &e);
}

static cli_exit choose(cli *c, const char *path, const hf_capture *capture, size_t *out)
{
    size_t tls = 0, count = hf_capture_count(capture);
    int64_t asked = cli_number(c, "stream", -1);
    *out = asked >= 0 ? (size_t)asked : hf_capture_first_tls(capture);
    if (asked >= 0 && (size_t)asked >= count) {
        hf_error e = {.code = HF_E_CAPTURE_NOTHING};
        snprintf(e.expected, sizeof e.expected, count == 0 ? "a TCP connection" : "0 to %zu",
                 count - 1);
        snprintf(e.got, sizeof e.got, "--stream %lld", (long long)asked);
        return refuse(c, path, &e);
    }
    if (*out == count)
        return nothing(c, path, capture);
    for (size_t i = 0; i < count; i++)
        tls += hf_capture_at(capture, i)->tls;
    if (tls > 1 && asked < 0) {
        cli_say(c, "the capture has %zu TLS connections; --stream N chooses:", tls);
        list(c, capture, *out, true);
    }
    return CLI_DONE;
}

/* ---- the whole ---- */

static cli_exit show(cli *c, const char *path, hf_capture *capture,
                     cli_exit (*print)(cli *c, const hf_explain *x))
{
    size_t stream;
    hf_keylog *keys;
    hf_store *trust = NULL;
    hf_explain *x = NULL;
    hf_error e = {0};
    cli_exit status = choose(c, path, capture, &stream);
    if (status != CLI_DONE)
        return status;
    status = read_keys(c, &keys);
    if (status == CLI_DONE)
        status = read_trust(c, &trust);
    if (status == CLI_DONE) {
        const hf_explain_options options = {.secrets = cli_flag(c, "secrets"),
                                            .application_data = cli_flag(c, "data")};
        if (options.secrets)
            cli_warn(c, "--secrets: whoever reads this explanation can read the connection");
        if (hf_explain_capture(capture, stream, keys, trust, &options, &x, &e) != HF_OK)
            status = refuse(c, path, &e);
    }
    hf_keylog_free(keys);
    hf_store_free(trust);
    if (status == CLI_DONE)
        status = print(c, x);
    hf_explain_free(x);
    return status;
}

cli_exit explain_capture(cli *c, const char *path, cli_exit (*print)(cli *c, const hf_explain *x))
{
    input in = {.path = path};
    hf_capture *capture = NULL;
    hf_error e = {0};
    cli_exit status = CLI_DONE;
    if (!hf_capture_supported()) {
        e.code = HF_E_NO_PCAP;
        return refuse(c, path, &e);
    }
    if (strcmp(path, "-") == 0)
        status = spool(c, &in);
    if (status == CLI_DONE &&
        hf_capture_open(&(hf_capture_source){open_input, &in}, NULL, &capture, &e) != HF_OK)
        status = refuse(c, path, &e);
    if (status == CLI_DONE)
        status = show(c, path, capture, print);
    hf_capture_free(capture);
    if (in.spooled != NULL)
        fclose(in.spooled);
    return status;
}
