/* cert_make.c: `handfast cert ca`, `issue` and `self`: new certificates for new or given keys. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_output.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the three share ---- */

/* "CN=" and the name, with what RFC 4514 makes special escaped. */
static void common_name(const char *name, char *to, size_t size)
{
    size_t n = (size_t)snprintf(to, size, "CN=");
    for (size_t i = 0; name[i] != '\0' && n + 3 < size; i++) {
        bool edge = i == 0 || name[i + 1] == '\0';
        if (strchr(",+\"\\<>;=", name[i]) != NULL || (edge && name[i] == ' ') ||
            (i == 0 && name[i] == '#'))
            to[n++] = '\\';
        to[n++] = name[i];
    }
    to[n] = '\0';
}

/* Issues and writes: the certificate is made before anything is written, and the key is in its
 * place before the certificate, so that a certificate on the disk always has its key. */
static cli_exit make(cli *c, const hf_cert_template *t, const cli_paths *paths,
                     const cli_authority *authority)
{
    hf_error e = {0};
    hf_key *key;
    hf_bytes der = {NULL, 0}, send[CLI_CHAIN_MAX + 1];
    cli_exit exit_status = cli_key_get(c, paths, &key);
    if (exit_status != CLI_DONE)
        return exit_status;
    hf_status status =
        hf_cert_issue(t, hf_key_public(key), authority != NULL ? &authority->chain.cert[0] : NULL,
                      authority != NULL ? authority->key : key, &der, &e);
    if (status != HF_OK) {
        hf_key_free(key);
        return cli_cert_error(c, &e, status, "making the certificate");
    }
    size_t count = 1;
    send[0] = der;
    if (authority != NULL)
        count = cli_chain_to_send(der, authority, send);
    char *text = cli_certs_text(c, send, count);
    exit_status = text != NULL ? cli_pair_put(c, paths, key, text) : CLI_OTHER;
    free(text);
    if (exit_status == CLI_DONE)
        exit_status = cli_made(c, paths->cert, paths->key, der);
    hf_der_free(der);
    hf_key_free(key);
    return exit_status;
}

static cli_exit make_leaf(cli *c, const cli_authority *authority)
{
    char subject[600], base[256];
    cli_paths paths;
    const char *given = cli_text(c, "subject");
    cli_exit status = CLI_DONE;
    const char **names = cli_names(c, &status);
    if (names == NULL)
        return status;
    const char *first = names[0];
    cli_file_name_of(first, base, sizeof base);
    status = cli_paths_choose(c, base, ".pem", &paths);
    if (status != CLI_DONE) {
        free(names);
        return status;
    }
    /* the first name as common name, where it has room: 64 characters, RFC 5280 appendix A.1 */
    common_name(first, subject, sizeof subject);
    if (strlen(first) > 64)
        subject[0] = '\0';
    hf_cert_template t = cli_leaf_template(c, authority != NULL ? &authority->chain.cert[0] : NULL);
    t.subject = given != NULL ? given : subject;
    t.names = names;
    status = make(c, &t, &paths, authority);
    free(names);
    return status;
}

static const cli_argument name_arguments[] = {
    {.name = "NAME",
     .help = "what the certificate is for: DNS names (also *.example.org), IP addresses, "
             "e-mail addresses, URIs",
     .repeats = true},
    {0},
};

static const cli_option leaf_options[] = {
    CLI_CERT_DAYS_OPTION("365"),
    CLI_CERT_SERVER_OPTION,
    CLI_CERT_CLIENT_OPTION,
    {.name = "subject",
     .kind = CLI_TEXT,
     .value = "NAME",
     .help = "the owner, as in \"CN=example.org, O=Example\" (default CN=NAME)"},
    {0},
};

/* ---- ca ---- */

static const cli_option ca_options[] = {
    CLI_CERT_DAYS_OPTION("3650"),
    {.name = "subject",
     .kind = CLI_TEXT,
     .value = "NAME",
     .help = "its name, as in \"CN=Example CA, O=Example\" (default CN=NAME)"},
    {.name = "path-len",
     .kind = CLI_NUMBER,
     .value = "N",
     .min = 0,
     .max = 100,
     .help = "how many authorities may follow below it (default: any for a root, else 0)"},
    {0},
};

static const cli_group ca_groups[] = {
    {"The authority", ca_options},
    {"Its key", cli_cert_key_options},
    {"Signed by another authority", cli_cert_authority_options},
    {"Output", cli_cert_output_options},
    {"Report", cli_json_options},
    {0},
};

static const cli_argument ca_arguments[] = {
    {.name = "NAME", .help = "what it is called (default: handfast local CA)", .optional = true},
    {0},
};

static const cli_example ca_examples[] = {
    {"handfast cert ca", "makes ca.pem and ca.key"},
    {"handfast cert ca \"Example Root\" --days 7300 --out-dir pki", "named, for twenty years"},
    {"handfast cert ca Sub --ca ca.pem --ca-key ca.key --cert sub.pem --key sub.key",
     "makes an intermediate authority"},
    {0},
};

static cli_exit do_ca(cli *c)
{
    char subject[600];
    cli_paths paths;
    cli_authority issuer = {.key = NULL};
    const char *name = cli_argument_at(c, 0), *given = cli_text(c, "subject");
    bool intermediate = cli_text(c, "ca") != NULL || cli_text(c, "ca-key") != NULL;
    common_name(name == NULL ? "handfast local CA" : name, subject, sizeof subject);
    cli_exit status = cli_paths_choose(c, "ca", ".pem", &paths);
    if (status == CLI_DONE && intermediate)
        status = cli_authority_read(c, &issuer);
    if (status != CLI_DONE)
        return status;
    hf_cert_template t = {.subject = given != NULL ? given : subject,
                          .ca = true,
                          .path_len = (int)cli_number(c, "path-len", intermediate ? 0 : -1)};
    cli_validity(c, &t, cli_number(c, "days", 3650), intermediate ? &issuer.chain.cert[0] : NULL);
    status = make(c, &t, &paths, intermediate ? &issuer : NULL);
    cli_authority_free(&issuer);
    return status;
}

const cli_command cli_cert_ca = {
    .name = "ca",
    .summary = "makes a certificate authority",
    .about = "Whoever trusts the authority trusts every certificate that it signs: keep ca.key to\n"
             "yourself. With --ca it is an intermediate one, signed by that.",
    .examples = ca_examples,
    .arguments = ca_arguments,
    .groups = ca_groups,
    .run = do_ca,
};

/* ---- issue ---- */

static const cli_option issue_options[] = {
    CLI_CERT_DAYS_OPTION("365"),
    CLI_CERT_SERVER_OPTION,
    CLI_CERT_CLIENT_OPTION,
    {.name = "subject",
     .kind = CLI_TEXT,
     .value = "NAME",
     .help = "the owner, as in \"CN=example.org, O=Example\" (default CN=NAME)"},
    {.name = "csr",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "for this request (PEM or DER): its subject, names and key, as handfast cert sign"},
    {0},
};

static const cli_argument issue_arguments[] = {
    {.name = "NAME",
     .help = "what the certificate is for: DNS names (also *.example.org), IP addresses, "
             "e-mail addresses, URIs; none with --csr",
     .optional = true,
     .repeats = true},
    {0},
};

static const cli_group issue_groups[] = {
    {"The certificate", issue_options},
    {"Its key", cli_cert_key_options},
    {"The authority that signs", cli_cert_authority_options},
    {"Output", cli_cert_output_options},
    {"Report", cli_json_options},
    {0},
};

static const cli_example issue_examples[] = {
    {"handfast cert issue localhost 127.0.0.1 ::1", "makes localhost.pem and localhost.key"},
    {"handfast cert issue --csr www.example.org.csr", "answers a request"},
    {"handfast cert issue --client alice@example.org", "a client's certificate"},
    {"handfast cert issue www.example.org --ca ca.pem --ca-key ca.key --key-type rsa",
     "an RSA key for old clients"},
    {0},
};

/* A request says who, for what names and with which key: nothing of that may be said beside it. */
static cli_exit issue_for_request(cli *c, const char *csr)
{
    static const char *const theirs[] = {"subject", "key", "key-type", "bits"};
    if (cli_argument_at(c, 0) != NULL)
        return cli_usage(c, "a name stands beside --csr", cli_argument_at(c, 0),
                         "leave the name out: the request has its own");
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
        if (cli_flag(c, theirs[i]))
            return cli_usage(c, "an option stands beside --csr that the request decides", theirs[i],
                             "leave it out, or make the certificate without --csr");
    return cli_sign_request(c, csr);
}

static cli_exit do_issue(cli *c)
{
    cli_authority authority;
    const char *csr = cli_text(c, "csr");
    if (csr != NULL)
        return issue_for_request(c, csr);
    if (cli_argument_at(c, 0) == NULL)
        return cli_usage(c, "no name is given, and no request", NULL,
                         "handfast cert issue NAME..., or --csr FILE");
    cli_exit status = cli_authority_read(c, &authority);
    if (status != CLI_DONE)
        return status;
    status = make_leaf(c, &authority);
    cli_authority_free(&authority);
    return status;
}

const cli_command cli_cert_issue = {
    .name = "issue",
    .summary = "makes a certificate, signed by an authority",
    .about = "The new file holds the certificate and the intermediate authorities that a server\n"
             "must send with it.",
    .examples = issue_examples,
    .arguments = issue_arguments,
    .groups = issue_groups,
    .run = do_issue,
};

/* ---- self ---- */

static const cli_group self_groups[] = {
    {"The certificate", leaf_options},
    {"Its key", cli_cert_key_options},
    {"Output", cli_cert_output_options},
    {"Report", cli_json_options},
    {0},
};

static const cli_example self_examples[] = {
    {"handfast cert self device.local", "makes device.local.pem and device.local.key"},
    {0},
};

static cli_exit do_self(cli *c)
{
    return make_leaf(c, NULL);
}

const cli_command cli_cert_self = {
    .name = "self",
    .summary = "makes a certificate that signs itself",
    .about = "Each client must be given this very certificate to trust. For more than one server\n"
             "an authority is less work: handfast cert ca.",
    .examples = self_examples,
    .arguments = name_arguments,
    .groups = self_groups,
    .run = do_self,
};
