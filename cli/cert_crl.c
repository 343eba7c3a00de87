/* cert_crl.c: `handfast cert crl`: makes a list of revoked certificates. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_output.h"
#include "cli/cert_text.h"

#include <stdlib.h>
#include <string.h>

static const cli_option own[] = {
    {.name = "days",
     .kind = CLI_NUMBER,
     .value = "N",
     .min = 1,
     .max = 3650,
     .help = "how long until the next list must be there (default 7)"},
    {.name = "reason",
     .kind = CLI_CHOICE,
     .value = "REASON",
     .choices = "unspecified|keyCompromise|cACompromise|affiliationChanged|superseded|"
                "cessationOfOperation|certificateHold|privilegeWithdrawn|aACompromise",
     .help = "why, for all that are named here (default unspecified)"},
    {.name = "serial",
     .kind = CLI_TEXT,
     .value = "HEX",
     .repeats = true,
     .help = "revoke the certificate with this serial number, which need not be at hand"},
    {.name = "add-to",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "keep what this earlier list of the same authority holds, and count on from it"},
    {.name = "number",
     .kind = CLI_NUMBER,
     .value = "N",
     .min = 1,
     .max = INT64_MAX,
     .help = "the list's number (default: one more than the earlier list's, else 1)"},
    {.name = "password-file",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "its first line is the password of the authority's key"},
    {0},
};

static const cli_group groups[] = {
    {"The list", own},
    {"The authority that signs", cli_cert_authority_options},
    {"Output", cli_cert_output_options},
    {0},
};

static const cli_argument arguments[] = {
    {.name = "CERT",
     .help = "a certificate to revoke, which the authority must have signed",
     .kind = CLI_FILE,
     .optional = true,
     .repeats = true},
    {0},
};

static const cli_example examples[] = {
    {"handfast cert crl", "makes ca.crl, in which nothing is revoked"},
    {"handfast cert crl localhost.pem --reason keyCompromise", "revokes a certificate"},
    {"handfast cert crl alice.pem --add-to ca.crl --cert ca.crl --force", "one more"},
    {0},
};

enum { MOST = 1000, SERIAL_MAX = 20 };

typedef struct revoking {
    hf_crl_entry entry[MOST];
    uint8_t serial[MOST][SERIAL_MAX + 1];
    size_t count;
    int64_t now_s;
    int reason;
} revoking;

static int reason_code(const char *name)
{
    static const struct {
        const char *name;
        int code;
    } reasons[] = {
        {"keyCompromise", 1},      {"cACompromise", 2},         {"affiliationChanged", 3},
        {"superseded", 4},         {"cessationOfOperation", 5}, {"certificateHold", 6},
        {"privilegeWithdrawn", 9}, {"aACompromise", 10},
    };
    for (size_t i = 0; name != NULL && i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].name, name) == 0)
            return reasons[i].code;
    return 0;
}

/* Adds a serial number's octets; a repeated one counts once. */
static cli_exit add(cli *c, revoking *r, hf_bytes serial, const char *from)
{
    if (r->count == MOST)
        return cli_usage(c, "too many certificates for one command", from,
                         "the rest in a second one, with --add-to");
    if (serial.n == 0 || serial.n > SERIAL_MAX || serial.p[0] >= 0x80) {
        const cli_line lines[] = {
            {"on", from}, {"try", "the certificate's own serial number"}, {0}};
        return cli_fail(c, CLI_LOCAL_FILE,
                        "its serial number is not a positive one of at most 20 bytes", lines);
    }
    for (size_t i = 0; i < r->count; i++)
        if (r->entry[i].serial.n == serial.n &&
            memcmp(r->entry[i].serial.p, serial.p, serial.n) == 0)
            return CLI_DONE;
    memcpy(r->serial[r->count], serial.p, serial.n);
    r->entry[r->count] = (hf_crl_entry){
        .serial = {r->serial[r->count], serial.n}, .revoked_s = r->now_s, .reason = r->reason};
    r->count++;
    return CLI_DONE;
}

static int nibble(char ch)
{
    const char *digits = "0123456789abcdef", *at;
    char low = ch >= 'A' && ch <= 'F' ? (char)(ch + 32) : ch;
    at = low != '\0' ? strchr(digits, low) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* "1A:2b" or "1a2b", as INTEGER content: a first zero octet where the top bit is set. */
static cli_exit add_hex(cli *c, revoking *r, const char *text)
{
    uint8_t octets[SERIAL_MAX + 2] = {0};
    size_t n = 1, digits = 0;
    for (const char *p = text; *p != '\0'; p++) {
        int v = nibble(*p);
        if (*p == ':' || *p == ' ')
            continue;
        if (v < 0 || n > SERIAL_MAX)
            return cli_usage(c, "this is no serial number of at most 20 bytes", text,
                             "--serial with the hexadecimal digits that handfast cert show prints");
        octets[n] = (uint8_t)(octets[n] << 4 | v);
        n += ++digits % 2 == 0;
    }
    if (digits == 0 || digits % 2 != 0)
        return cli_usage(c, "a serial number has two hexadecimal digits for each byte", text,
                         "--serial with the digits that handfast cert show prints");
    size_t first = 1;
    while (first + 1 < n && octets[first] == 0)
        first++;
    if (octets[first] >= 0x80)
        first--;
    return add(c, r, (hf_bytes){octets + first, n - first}, text);
}

static bool same(hf_bytes a, hf_bytes b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static cli_exit add_file(cli *c, revoking *r, const char *path, const cli_authority *a)
{
    cli_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    cli_exit status = cli_chain_read_file(c, path, chain);
    if (status == CLI_DONE && !same(chain->cert[0].issuer, a->chain.cert[0].subject)) {
        char issuer[300];
        hf_name_text(chain->cert[0].issuer, issuer, sizeof issuer);
        const cli_line lines[] = {{"on", path},
                                  {"signed by", issuer},
                                  {"try", "--ca with the authority that signed it"},
                                  {0}};
        status = cli_fail(c, CLI_LOCAL_FILE,
                          "another authority signed this certificate, and only that one can "
                          "revoke it",
                          lines);
    }
    if (status == CLI_DONE)
        status = add(c, r, chain->cert[0].serial, path);
    cli_chain_free(chain);
    free(chain);
    return status;
}

static cli_exit gather(cli *c, revoking *r, const cli_authority *a)
{
    cli_exit status = CLI_DONE;
    const char *text;
    r->now_s = cli_now_s();
    r->reason = reason_code(cli_text(c, "reason"));
    for (size_t i = 0; status == CLI_DONE && i < c->argument_count; i++)
        status = add_file(c, r, cli_argument_at(c, i), a);
    for (size_t i = 0; status == CLI_DONE && (text = cli_nth(c, "serial", i)) != NULL; i++)
        status = add_hex(c, r, text);
    return status;
}

/* ---- the earlier list ---- */

static hf_status copy(void *ctx, hf_bytes der)
{
    cli_bytes *out = ctx;
    out->p = malloc(der.n == 0 ? 1 : der.n);
    if (out->p == NULL)
        return HF_E_OUT_OF_MEMORY;
    memcpy(out->p, der.p, der.n);
    out->n = der.n;
    return 1; /* enough */
}

static cli_exit read_previous(cli *c, cli_bytes *out)
{
    const char *path = cli_text(c, "add-to");
    cli_bytes file;
    *out = (cli_bytes){NULL, 0};
    if (path == NULL)
        return CLI_DONE;
    cli_exit status = cli_file_read(c, path, 16u << 20, &file);
    if (status != CLI_DONE)
        return status;
    hf_status got = hf_pem_each(cli_bytes_of(&file), "X509 CRL", copy, out, NULL);
    if (got != 1)
        status = cli_file_not(c, path, cli_bytes_of(&file), "revocation list",
                              "a file that handfast cert crl made");
    cli_bytes_free(&file);
    return status;
}

/* ---- making ---- */

static cli_exit write_list(cli *c, const char *path, hf_bytes der, const revoking *r,
                           int64_t next_s)
{
    char date[40];
    char *pem = hf_pem_write(der, "X509 CRL");
    if (pem == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    cli_exit status = cli_file_write(c, path, (hf_bytes){(uint8_t *)pem, strlen(pem)}, 0644,
                                     cli_flag(c, "force"));
    hf_text_free(pem);
    if (status != CLI_DONE)
        return status;
    cli_say(c, "revocation list %s", strcmp(path, "-") == 0 ? "on standard output" : path);
    cli_say(c, "revoked here    %zu", r->count);
    cli_say(c, "next list by    %s", cli_date_text(date, sizeof date, next_s));
    return CLI_DONE;
}

static cli_exit make(cli *c, const revoking *r, const cli_authority *a, const char *path)
{
    hf_error e = {0};
    hf_bytes der = {NULL, 0};
    cli_bytes previous;
    cli_exit status = read_previous(c, &previous);
    if (status != CLI_DONE)
        return status;
    hf_crl_template t = {.this_update_s = r->now_s,
                         .next_update_s = r->now_s + cli_number(c, "days", 7) * CLI_DAY_S,
                         .number = (uint64_t)cli_number(c, "number", 0),
                         .entries = r->entry,
                         .count = r->count,
                         .previous = cli_bytes_of(&previous)};
    hf_status made = hf_crl_make(&t, &a->chain.cert[0], a->key, &der, &e);
    status = made == HF_OK ? write_list(c, path, der, r, t.next_update_s)
                           : cli_cert_error(c, &e, made, "making the revocation list");
    hf_der_free(der);
    cli_bytes_free(&previous);
    return status;
}

static cli_exit do_crl(cli *c)
{
    cli_paths paths;
    cli_authority authority;
    cli_exit status = cli_paths_choose(c, "ca", ".crl", &paths);
    if (status == CLI_DONE)
        status = cli_authority_read(c, &authority);
    if (status != CLI_DONE)
        return status;
    revoking *r = calloc(1, sizeof *r);
    status = r == NULL ? cli_fail(c, CLI_OTHER, "memory ran out", NULL) : gather(c, r, &authority);
    if (status == CLI_DONE)
        status = make(c, r, &authority, paths.cert);
    free(r);
    cli_authority_free(&authority);
    return status;
}

const cli_command cli_cert_crl = {
    .name = "crl",
    .summary = "makes a list of revoked certificates",
    .about = "Whoever checks the list refuses what is on it. Give the earlier list with --add-to:\n"
             "a new one replaces it, and what it left out would count again.",
    .examples = examples,
    .arguments = arguments,
    .groups = groups,
    .run = do_crl,
};
