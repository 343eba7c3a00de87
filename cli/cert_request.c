/* cert_request.c: `handfast cert csr` and `sign`: asking for a certificate, and answering. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_output.h"

#include <stdlib.h>
#include <string.h>

/* ---- csr ---- */

static const cli_option csr_options[] = {
    {.name = "subject",
     .kind = CLI_TEXT,
     .value = "NAME",
     .help = "the owner, as in \"CN=example.org, O=Example\" (default: none, the names suffice)"},
    {0},
};

static const cli_group csr_groups[] = {
    {"The request", csr_options},
    {"The key", cli_cert_key_options},
    {"Output", cli_cert_output_options},
    {0},
};

static const cli_argument csr_arguments[] = {
    {.name = "NAME",
     .help = "what the certificate is to be for: DNS names, IP addresses, e-mail addresses, URIs",
     .repeats = true},
    {0},
};

static const cli_example csr_examples[] = {
    {"handfast cert csr www.example.org example.org",
     "makes www.example.org.csr and www.example.org.key"},
    {"handfast cert csr www.example.org --key old.key --cert -",
     "with a key that is there already"},
    {0},
};

static cli_exit write_request(cli *c, const cli_paths *paths, const hf_key *key, hf_bytes der)
{
    char *pem = hf_pem_write(der, "CERTIFICATE REQUEST");
    if (pem == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    cli_exit status = cli_pair_put(c, paths, key, pem);
    hf_text_free(pem);
    return status;
}

static cli_exit make_request(cli *c, const hf_cert_template *t, const cli_paths *paths)
{
    hf_error e = {0};
    hf_key *key;
    hf_bytes der = {NULL, 0};
    cli_exit exit_status = cli_key_get(c, paths, &key);
    if (exit_status != CLI_DONE)
        return exit_status;
    hf_status status = hf_csr_make(t, key, &der, &e);
    if (status != HF_OK)
        exit_status = cli_cert_error(c, &e, status, "making the request");
    else
        exit_status = write_request(c, paths, key, der);
    hf_der_free(der);
    hf_key_free(key);
    if (exit_status == CLI_DONE) {
        cli_say(c, "request     %s", paths->cert);
        cli_say(c, "private key %s   (it stays here: send the request alone)", paths->key);
    }
    return exit_status;
}

static cli_exit do_csr(cli *c)
{
    char base[256];
    cli_paths paths;
    cli_exit status = CLI_DONE;
    const char **names = cli_names(c, &status);
    if (names == NULL)
        return status;
    cli_file_name_of(names[0], base, sizeof base);
    status = cli_paths_choose(c, base, ".csr", &paths);
    hf_cert_template t = {.subject = cli_text(c, "subject"), .names = names, .path_len = -1};
    if (status == CLI_DONE)
        status = make_request(c, &t, &paths);
    free(names);
    return status;
}

const cli_command cli_cert_csr = {
    .name = "csr",
    .summary = "makes a request for a certificate",
    .about = "Send the request to an authority; the private key never leaves this machine.",
    .examples = csr_examples,
    .arguments = csr_arguments,
    .groups = csr_groups,
    .run = do_csr,
};

/* ---- sign ---- */

static const cli_option sign_options[] = {
    CLI_CERT_DAYS_OPTION("365"),
    CLI_CERT_SERVER_OPTION,
    CLI_CERT_CLIENT_OPTION,
    {.name = "password-file",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "its first line is the password of the authority's key"},
    {0},
};

static const cli_group sign_groups[] = {
    {"The certificate", sign_options},
    {"The authority that signs", cli_cert_authority_options},
    {"Output", cli_cert_output_options},
    {"Report", cli_json_options},
    {0},
};

static const cli_argument sign_arguments[] = {
    {.name = "CSR", .help = "the request, PEM or DER", .kind = CLI_FILE},
    {0},
};

static const cli_example sign_examples[] = {
    {"handfast cert sign www.example.org.csr", "makes www.example.org.pem, signed by ca.pem"},
    {0},
};

/* The request's DER, out of PEM or as it is; copied. */
static hf_status first(void *ctx, hf_bytes der)
{
    cli_bytes *out = ctx;
    out->p = malloc(der.n == 0 ? 1 : der.n);
    if (out->p == NULL)
        return HF_E_OUT_OF_MEMORY;
    memcpy(out->p, der.p, der.n);
    out->n = der.n;
    return 1; /* enough */
}

static cli_exit read_request(cli *c, const char *path, cli_bytes *der, hf_csr *csr)
{
    cli_bytes file;
    hf_error e = {0};
    cli_exit exit_status = cli_file_read(c, path, 1u << 20, &file);
    if (exit_status != CLI_DONE)
        return exit_status;
    hf_status status = hf_pem_each(cli_bytes_of(&file), "CERTIFICATE REQUEST", first, der, &e);
    if (status == HF_OK || status == HF_E_PEM_NOTHING_FOUND)
        status = hf_pem_each(cli_bytes_of(&file), "NEW CERTIFICATE REQUEST", first, der, &e);
    if (status == 1)
        status = hf_csr_parse(cli_bytes_of(der), csr, &e);
    else if (status == HF_OK)
        status = HF_E_PEM_NOTHING_FOUND;
    const char *guess = cli_file_guess(cli_bytes_of(&file));
    if (status != HF_OK && strstr(guess, "request") == NULL)
        exit_status = cli_file_not(c, path, cli_bytes_of(&file), "certificate signing request",
                                   "a file that handfast cert csr or openssl req made");
    else if (status != HF_OK) {
        if (e.subject[0] == '\0')
            snprintf(e.subject, sizeof e.subject, "%s", path);
        exit_status = cli_cert_error(c, &e, status, "reading the request");
    }
    cli_bytes_free(&file);
    if (exit_status != CLI_DONE)
        cli_bytes_free(der);
    return exit_status;
}

static cli_exit sign(cli *c, const hf_csr *csr, const cli_authority *a, const char *path)
{
    hf_error e = {0};
    hf_bytes der = {NULL, 0}, send[CLI_CHAIN_MAX + 1];
    hf_cert_template t = cli_leaf_template(c, &a->chain.cert[0]);
    if (csr->subject_alt_name.p == NULL)
        cli_warn(
            c, "the request has no subjectAltName: no client accepts the certificate for any host "
               "(the common name does not count)");
    hf_status status = hf_cert_issue_csr(&t, csr, &a->chain.cert[0], a->key, &der, &e);
    if (status != HF_OK)
        return cli_cert_error(c, &e, status, "signing the request");
    char *text = cli_certs_text(c, send, cli_chain_to_send(der, a, send));
    cli_exit exit_status = CLI_OTHER;
    if (text != NULL)
        exit_status = cli_file_write(c, path, (hf_bytes){(const uint8_t *)text, strlen(text)}, 0644,
                                     cli_flag(c, "force"));
    free(text);
    if (exit_status == CLI_DONE)
        exit_status = cli_made(c, path, NULL, der);
    hf_der_free(der);
    return exit_status;
}

cli_exit cli_sign_request(cli *c, const char *path)
{
    char base[CLI_PATH_SIZE];
    cli_paths paths;
    cli_bytes der = {NULL, 0};
    hf_csr csr;
    cli_authority authority;
    /* beside where this runs, under the request's name without its ending */
    const char *slash = strrchr(path, '/');
    snprintf(base, sizeof base, "%s", slash == NULL ? path : slash + 1);
    size_t n = strlen(base);
    if (n > 4 && strcmp(base + n - 4, ".csr") == 0)
        base[n - 4] = '\0';
    if (strcmp(path, "-") == 0)
        snprintf(base, sizeof base, "certificate");
    cli_exit status = cli_paths_choose(c, base, ".pem", &paths);
    if (status == CLI_DONE)
        status = read_request(c, path, &der, &csr);
    if (status != CLI_DONE)
        return status;
    status = cli_authority_read(c, &authority);
    if (status == CLI_DONE) {
        status = sign(c, &csr, &authority, paths.cert);
        cli_authority_free(&authority);
    }
    cli_bytes_free(&der);
    return status;
}

static cli_exit do_sign(cli *c)
{
    return cli_sign_request(c, cli_argument_at(c, 0));
}

const cli_command cli_cert_sign = {
    .name = "sign",
    .summary = "signs a request: makes the certificate",
    .about = "Names and key are the request's; look at it first (handfast cert show FILE): what\n"
             "you sign, everyone who trusts the authority will believe.",
    .examples = sign_examples,
    .arguments = sign_arguments,
    .groups = sign_groups,
    .run = do_sign,
};
