/* cert.c: `handfast cert`: makes, shows and checks certificates. The subcommands are in cert_*.c.
 */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_commands.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t cli_now_s(void)
{
    return (int64_t)time(NULL);
}

/* What the library calls an argument is an option here: said in the command's words. */
static cli_exit wrong_argument(cli *c, const hf_error *e, const char *doing)
{
    static const struct {
        const char *field, *where, *try_this;
    } places[] = {
        {"names", "NAME", "another name, or without this one"},
        {"subject", "--subject, or the NAME that it is made of",
         "--subject \"CN=example.org, O=Example\""},
        {"validity", "--days", "fewer days"},
        {"not_after_s", "--days, within the authority's own validity",
         "an authority that is valid now: handfast cert ca"},
        {"path_len", "--path-len", "--path-len 0"},
        {"number", "--number", "without --number"},
        {"previous", "--add-to", "the list that this authority made last"},
    };
    char what[200];
    const char *where = e->field, *try_this = "handfast cert --help";
    for (size_t i = 0; e->field != NULL && i < sizeof places / sizeof places[0]; i++)
        if (strcmp(e->field, places[i].field) == 0) {
            where = places[i].where;
            try_this = places[i].try_this;
        }
    snprintf(what, sizeof what, "%s: something that was asked for cannot be", doing);
    const cli_line lines[] = {
        {"where", where}, {"expected", e->expected}, {"got", e->got}, {"try", try_this}, {0}};
    return cli_fail(c, CLI_USAGE, what, lines);
}

cli_exit cli_cert_error(cli *c, hf_error *e, hf_status status, const char *doing)
{
    if (e->code == HF_OK)
        e->code = status;
    if (e->code == HF_E_BAD_ARGUMENT)
        return wrong_argument(c, e, doing);
    cli_exit exit = cli_exit_of(e->code);
    /* the certificates at fault here are files of this machine, not a peer's */
    bool local = exit == CLI_UNTRUSTED || exit == CLI_EXPIRED || exit == CLI_TLS;
    return cli_error_as(c, e, doing, local ? CLI_LOCAL_FILE : exit);
}

static const cli_example examples[] = {
    {"handfast cert ca", "makes an authority: ca.pem and ca.key"},
    {"handfast cert issue localhost 127.0.0.1", "makes a server's certificate, signed by ca.pem"},
    {"handfast cert show example.org:443",
     "shows a server's certificate, and what is odd about it"},
    {"handfast cert verify --cacert ca.pem --name localhost localhost.pem",
     "judges a certificate, check by check"},
    {0},
};

static const cli_command *const subcommands[] = {
    &cli_cert_ca,   &cli_cert_issue,  &cli_cert_self, &cli_cert_csr,   &cli_cert_sign,
    &cli_cert_show, &cli_cert_verify, &cli_cert_crl,  &cli_cert_trust, NULL,
};

const cli_command cli_command_cert = {
    .name = "cert",
    .summary = "makes, shows and checks certificates",
    .about = "A certificate ties a name to a public key, signed by an authority. The private key\n"
             "stays in a file of its own, which only its owner may read.",
    .examples = examples,
    .subcommands = subcommands,
};
