/* psk_file.c: pre-shared keys from files: a line each, the identity, a colon, the key in
 * hexadecimal. Empty lines and those that begin with # do not count. */
#define _DEFAULT_SOURCE 1
#define _POSIX_C_SOURCE 200809L
#include "cli/psk_file.h"

#include "cli/cert_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 16 << 20, KEY_MAX = 1024 };

const cli_option cli_psk_options[] = {
    {.name = "psk-file",
     .kind = CLI_FILE,
     .repeats = true,
     .value = "FILE",
     .help = "pre-shared keys, a line IDENTITY:HEX each (openssl rand -hex 32), in place of "
             "certificates; with --cacert (serve: --cert) beside them"},
    {.name = "psk-context",
     .kind = CLI_TEXT,
     .value = "TEXT",
     .help = "import the keys (RFC 9258) for this context, which the other side knows too"},
    {.name = "psk-hash",
     .kind = CLI_CHOICE,
     .value = "HASH",
     .choices = "sha256|sha384",
     .help = "the hash that the keys are for; default sha256"},
    {.name = "insecure-psk-ke",
     .kind = CLI_FLAG,
     .help =
         "allow keys and tickets without a key agreement: who gets the key later reads what was "
         "recorded"},
    {0},
};

bool cli_has_psks(const cli *c)
{
    return cli_find_option(c->command, "psk-file", 8) != NULL && cli_count(c, "psk-file") != 0;
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* The length of the key; -1 for what is no hexadecimal, or too much of it. */
static int read_hex(const char *text, size_t n, uint8_t *key)
{
    if (n % 2 != 0 || n / 2 > KEY_MAX)
        return -1;
    for (size_t i = 0; i < n; i += 2) {
        int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0)
            return -1;
        key[i / 2] = (uint8_t)(high << 4 | low);
    }
    return (int)(n / 2);
}

/* What is wrong with a line never shows the key. */
static cli_exit bad_line(cli *c, const char *path, size_t number, const char *why)
{
    char on[300];
    snprintf(on, sizeof on, "%s, line %zu", path, number);
    const cli_line lines[] = {{"on", on},
                              {"expected", why},
                              {"try", "one line for each key: IDENTITY:HEX, HEX by openssl rand "
                                      "-hex 32"},
                              {0}};
    return cli_fail(c, CLI_LOCAL_FILE, "this is not a file of pre-shared keys", lines);
}

static cli_exit add_line(cli *c, hf_config *cfg, const char *path, size_t number, const char *line,
                         size_t n)
{
    uint8_t key[KEY_MAX];
    size_t colon = n;
    while (colon > 0 && line[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return bad_line(c, path, number, "an identity, a colon, and the key in hexadecimal");
    int length = read_hex(line + colon, n - colon, key);
    const char *context = cli_text(c, "psk-context"), *hash = cli_text(c, "psk-hash");
    cli_exit status = CLI_DONE;
    if (length < 16)
        status = bad_line(c, path, number, "a key of 16 to 1024 bytes in hexadecimal");
    hf_psk psk = {
        .identity = {(const uint8_t *)line, colon - 1},
        .key = {key, length < 0 ? 0 : (size_t)length},
        .hash = hash != NULL && strcmp(hash, "sha384") == 0 ? HF_PSK_SHA384 : HF_PSK_SHA256,
        .imported = context != NULL,
    };
    if (context != NULL)
        psk.context = (hf_bytes){(const uint8_t *)context, strlen(context)};
    if (status == CLI_DONE && hf_config_add_psk(cfg, &psk) != HF_OK)
        status = bad_line(c, path, number,
                          "an identity of 1 to 1024 bytes that was not there before (a client has "
                          "at most 8)");
    explicit_bzero(key, sizeof key);
    return status;
}

static cli_exit add_lines(cli *c, hf_config *cfg, const char *path, const char *text, size_t n)
{
    cli_exit status = CLI_DONE;
    size_t number = 0;
    for (size_t at = 0; at < n && status == CLI_DONE;) {
        const char *line = text + at, *end = memchr(line, '\n', n - at);
        size_t whole = end != NULL ? (size_t)(end - line) : n - at, len = whole;
        if (len > 0 && line[len - 1] == '\r')
            len--;
        number++;
        if (len > 0 && line[0] != '#')
            status = add_line(c, cfg, path, number, line, len);
        at += whole + 1;
    }
    return status;
}

static cli_exit add_file(cli *c, hf_config *cfg, const char *path)
{
    cli_bytes file;
    struct stat st;
    cli_exit status = cli_file_read(c, path, FILE_MAX, &file);
    if (status != CLI_DONE)
        return status;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
        cli_warn(c, "others may read the pre-shared keys in %s (mode %03o): chmod 600", path,
                 (unsigned)(st.st_mode & 0777));
    hf_bytes bytes = cli_bytes_of(&file);
    status = add_lines(c, cfg, path, (const char *)bytes.p, bytes.n);
    cli_bytes_free(&file);
    return status;
}

cli_exit cli_tls_psks(cli *c, hf_config *cfg)
{
    if (cli_find_option(c->command, "psk-file", 8) == NULL)
        return CLI_DONE;
    if (cli_count(c, "psk-file") == 0 &&
        (cli_text(c, "psk-context") != NULL || cli_text(c, "psk-hash") != NULL))
        return cli_usage(c, "--psk-context and --psk-hash are about pre-shared keys", NULL,
                         "--psk-file FILE beside them");
    if (cli_flag(c, "insecure-psk-ke")) {
        cli_warn(c, "--insecure-psk-ke: connections may lack forward secrecy");
        hf_config_insecure_psk_ke(cfg);
    }
    cli_exit status = CLI_DONE;
    for (size_t i = 0; i < cli_count(c, "psk-file") && status == CLI_DONE; i++)
        status = add_file(c, cfg, cli_nth(c, "psk-file", i));
    return status;
}
