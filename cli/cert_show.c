/* cert_show.c: `handfast cert show`: every field of a certificate, its extensions in words, and
 * what a person should be warned of. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_commands.h"
#include "cli/cert_file.h"
#include "cli/cert_text.h"
#include "cli/starttls.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = 13, FILE_MAX = 16 << 20 };

static const cli_option own[] = {
    {.name = "chain",
     .kind = CLI_FLAG,
     .help = "show every certificate, not just the first, and the root that the local trust store "
             "(or --cacert) adds to them"},
    {.name = "pem", .kind = CLI_FLAG, .help = "print PEM, for a file, instead of words"},
    {0},
};

static const cli_group groups[] = {
    {"Options", own},
    {"Report", cli_json_options},
    {"Asking a server", cli_tls_client_options},
    {"From plain text to TLS", cli_starttls_options},
    {0},
};

static const cli_argument arguments[] = {
    {.name = "FILE|HOST:PORT",
     .help = "a certificate or request in PEM or DER (- is standard input), or a server to ask",
     .kind = CLI_FILE},
    {0},
};

static const cli_example examples[] = {
    {"handfast cert show localhost.pem", "shows a file"},
    {"handfast cert show example.org:443", "shows what a server sends; nothing is checked"},
    {"handfast cert show --chain --pem example.org:443 > chain.pem", "keeps a server's chain"},
    {0},
};

/* ---- the parts of a certificate as text ---- */

typedef struct shown {
    char subject[600], issuer[600], serial[200], from[40], until[40], key[80], left[80];
    char sha256[100], sha1[64];
    const char *signature;
} shown;

static void left_text(const hf_cert *cert, int64_t now_s, char *to, size_t size)
{
    int64_t days = (cert->not_after_s - now_s) / 86400;
    if (now_s < cert->not_before_s)
        snprintf(to, size, "not valid yet");
    else if (now_s > cert->not_after_s)
        snprintf(to, size, "expired %" PRId64 " day%s ago", -days, days == -1 ? "" : "s");
    else
        snprintf(to, size, "%" PRId64 " day%s left", days, days == 1 ? "" : "s");
}

static void describe(const hf_cert *cert, int64_t now_s, shown *s)
{
    uint8_t digest[32];
    memset(s, 0, sizeof *s);
    hf_name_text(cert->subject, s->subject, sizeof s->subject);
    hf_name_text(cert->issuer, s->issuer, sizeof s->issuer);
    cli_hex_text(s->serial, sizeof s->serial, cert->serial);
    cli_date_text(s->from, sizeof s->from, cert->not_before_s);
    cli_date_text(s->until, sizeof s->until, cert->not_after_s);
    left_text(cert, now_s, s->left, sizeof s->left);
    const char *kind = cert->key_type == HF_KEY_NONE ? "unknown" : hf_key_type_name(cert->key_type);
    bool rsa = cert->key_type == HF_KEY_RSA || cert->key_type == HF_KEY_RSA_PSS;
    if (rsa) /* the others' names say their size */
        snprintf(s->key, sizeof s->key, "%s, %u bits", kind, cert->key_bits);
    else
        snprintf(s->key, sizeof s->key, "%s", kind);
    s->signature = cert->signed_with_name == NULL ? "unknown" : cert->signed_with_name;
    hf_cert_fingerprint(cert, digest);
    cli_hex_text(s->sha256, sizeof s->sha256, (hf_bytes){digest, sizeof digest});
    hf_cert_fingerprint_sha1(cert, digest);
    cli_hex_text(s->sha1, sizeof s->sha1, (hf_bytes){digest, 20});
}

/* ---- text ---- */

static void put(const cli *c, const char *label, const char *value)
{
    char safe[1300];
    cli_escape(value, strlen(value), safe, sizeof safe);
    printf("  %s%-*s%s%s\n", cli_color_code(c->color_out, CLI_CYAN), LABEL, label,
           cli_color_code(c->color_out, CLI_PLAIN), safe);
}

static void put_line(void *ctx, const char *text)
{
    char safe[1000];
    (void)ctx;
    cli_escape(text, strlen(text), safe, sizeof safe);
    printf("    %s\n", safe);
}

static void put_warning(void *ctx, const char *text)
{
    const cli *c = ctx;
    char safe[1000];
    cli_escape(text, strlen(text), safe, sizeof safe);
    printf("  %s%-*s%s%s\n", cli_color_code(c->color_out, CLI_YELLOW), LABEL, "warning", safe,
           cli_color_code(c->color_out, CLI_PLAIN));
}

static void show_text(cli *c, const hf_cert *cert, size_t i, size_t count, int64_t now_s)
{
    shown s;
    char text[400];
    cli_extension x;
    hf_bytes rest = cert->extensions;
    describe(cert, now_s, &s);
    cli_escape(s.subject, strlen(s.subject), text, sizeof text);
    if (count > 1)
        printf("%scertificate %zu of %zu: ", i == 0 ? "" : "\n", i + 1, count);
    printf("%s%s%s\n", cli_color_code(c->color_out, CLI_BOLD),
           text[0] == '\0' ? "(no subject)" : text, cli_color_code(c->color_out, CLI_PLAIN));
    snprintf(text, sizeof text, "%u", cert->version);
    put(c, "version", text);
    put(c, "serial", s.serial);
    put(c, "issuer", cert->self_issued ? "itself" : s.issuer);
    put(c, "valid from", s.from);
    snprintf(text, sizeof text, "%s (%s)", s.until, s.left);
    put(c, "valid until", text);
    put(c, "key", s.key);
    put(c, "signed with", s.signature);
    put(c, "SHA-256", s.sha256);
    snprintf(text, sizeof text, "%s   (to look it up by; it proves nothing)", s.sha1);
    put(c, "SHA-1", text);
    while (cli_extension_next(&rest, &x)) {
        put(c, x.critical ? "critical" : "extension", x.name != NULL ? x.name : x.oid);
        cli_extension_lines(&x, put_line, NULL);
    }
    cli_cert_warnings(cert, now_s, put_warning, c);
}

/* ---- JSON ---- */

static void add_text(void *ctx, const char *text)
{
    char safe[1000];
    cli_escape(text, strlen(text), safe, sizeof safe);
    json_array_append_new(ctx, json_string(safe));
}

static json_t *names_json(const hf_cert *cert)
{
    json_t *names = json_array();
    hf_san_iter it;
    hf_san_type type;
    hf_bytes value;
    char text[400];
    hf_san_start(cert, &it);
    while (hf_san_next(&it, &type, &value))
        add_text(names, cli_san_text(text, sizeof text, type, value));
    return names;
}

static json_t *extensions_json(const hf_cert *cert)
{
    json_t *list = json_array();
    cli_extension x;
    hf_bytes rest = cert->extensions;
    while (cli_extension_next(&rest, &x)) {
        json_t *lines = json_array();
        cli_extension_lines(&x, add_text, lines);
        json_t *o = json_pack("{s:s, s:s?, s:b, s:o}", "oid", x.oid, "name", x.name, "critical",
                              x.critical, "value", lines);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *cert_json(const hf_cert *cert, int64_t now_s)
{
    shown s;
    char from[40], until[40];
    describe(cert, now_s, &s);
    json_t *warnings = json_array();
    cli_cert_warnings(cert, now_s, add_text, warnings);
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:i, s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:o}",
        "version", (int)cert->version, "subject", s.subject, "issuer", s.issuer, "serial", s.serial,
        "not_before", cli_date_iso(from, sizeof from, cert->not_before_s), "not_after",
        cli_date_iso(until, sizeof until, cert->not_after_s), "days_left",
        (json_int_t)((cert->not_after_s - now_s) / 86400), "key", hf_key_type_name(cert->key_type),
        "key_bits", (int)cert->key_bits, "signature", s.signature, "sha256", s.sha256,
        "sha1_for_lookup", s.sha1, "ca", cert->is_ca, "self_issued", cert->self_issued, "names",
        names_json(cert), "extensions", extensions_json(cert), "warnings", warnings);
}

static cli_exit show_json(cli *c, const cli_chain *chain, size_t count, int64_t now_s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, cert_json(&chain->cert[i], now_s));
    json_t *root = json_pack("{s:s, s:i, s:o}", "format", "handfast-certificates", "version", 1,
                             "certificates", list);
    if (root == NULL || json_array_size(json_object_get(root, "certificates")) != count) {
        json_decref(root);
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    }
    json_dumpf(root, stdout, JSON_INDENT(2));
    puts("");
    json_decref(root);
    c->json_printed = true;
    return cli_flush_output(c);
}

/* ---- PEM ---- */

static cli_exit show_pem(cli *c, const cli_chain *chain, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *pem = hf_pem_write(chain->cert[i].der, "CERTIFICATE");
        if (pem == NULL)
            return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
        fputs(pem, stdout);
        hf_text_free(pem);
    }
    return cli_flush_output(c);
}

/* ---- a request ---- */

static const char *request_key(const hf_csr *csr, char *text, size_t size)
{
    bool rsa = csr->key_type == HF_KEY_RSA || csr->key_type == HF_KEY_RSA_PSS;
    snprintf(text, size, rsa ? "%s, %u bits" : "%s", hf_key_type_name(csr->key_type),
             csr->key_bits);
    return text;
}

static void request_text(cli *c, const hf_csr *csr)
{
    char text[600];
    hf_name_text(csr->subject, text, sizeof text);
    printf("a request for a certificate, which its own key signed\n");
    put(c, "subject", text[0] == '\0' ? "(none)" : text);
    put(c, "key", request_key(csr, text, sizeof text));
    cli_extension x = {.name = "subjectAltName", .value = csr->subject_alt_name};
    if (x.value.p != NULL) {
        put(c, "asks for", "");
        cli_extension_lines(&x, put_line, NULL);
    }
}

static void request_json(cli *c, const hf_csr *csr)
{
    char subject[600];
    json_t *names = json_array();
    cli_extension x = {.name = "subjectAltName", .value = csr->subject_alt_name};
    if (x.value.p != NULL)
        cli_extension_lines(&x, add_text, names);
    hf_name_text(csr->subject, subject, sizeof subject);
    json_t *o = json_pack("{s:s, s:i, s:s, s:s, s:i, s:o}", "format", "handfast-request", "version",
                          1, "subject", subject, "key", hf_key_type_name(csr->key_type), "key_bits",
                          (int)csr->key_bits, "names", names);
    json_dumpf(o, stdout, JSON_INDENT(2));
    puts("");
    json_decref(o);
    c->json_printed = true;
}

static void request_pem(hf_bytes der)
{
    char *pem = hf_pem_write(der, "CERTIFICATE REQUEST");
    if (pem != NULL)
        fputs(pem, stdout);
    hf_text_free(pem);
}

static hf_status show_request(void *ctx, hf_bytes der)
{
    cli *c = ctx;
    hf_csr csr;
    hf_error e = {0};
    hf_status status = hf_csr_parse(der, &csr, &e);
    if (status != HF_OK) {
        (void)cli_cert_error(c, &e, status, "reading the request");
        return status;
    }
    if (cli_flag(c, "pem"))
        request_pem(der);
    else if (c->json)
        request_json(c, &csr);
    else
        request_text(c, &csr);
    return 1;
}

/* ---- the local root ---- */

static hf_status read_trust(const cli *c, hf_store *store)
{
    hf_error e = {0};
    const char *path;
    hf_status status = HF_OK;
    if (cli_count(c, "cacert") == 0)
        return hf_store_add_system(store, NULL, &e);
    for (size_t i = 0; status == HF_OK && (path = cli_nth(c, "cacert", i)) != NULL; i++)
        status = hf_store_add_file(store, path, NULL, &e);
    return status;
}

/* Adds the anchor that the local store has for the chain, if the chain lacks it. Dates are no
 * matter here: the time is one at which the leaf was valid. True when one was added. */
static bool add_root(const cli *c, cli_chain *chain)
{
    hf_store *store;
    const hf_cert *path[CLI_CHAIN_MAX];
    size_t n = CLI_CHAIN_MAX;
    bool added = false;
    if (hf_store_new(&store) != HF_OK)
        return false;
    int64_t now_s = cli_now_s(), last_s = chain->cert[0].not_after_s;
    hf_verify_params params = {.store = store, .at_s = now_s < last_s ? now_s : last_s};
    if (read_trust(c, store) == HF_OK &&
        hf_verify_chain(chain->cert, chain->count, &params, NULL, path, &n, NULL) == HF_OK) {
        hf_bytes root = path[n - 1]->der;
        bool there = false;
        for (size_t i = 0; i < chain->count; i++)
            there = there || (chain->cert[i].der.n == root.n &&
                              memcmp(chain->cert[i].der.p, root.p, root.n) == 0);
        added = !there && cli_chain_add(chain, root);
    }
    hf_store_free(store);
    return added;
}

/* ---- the command ---- */

static cli_exit show_chain(cli *c, cli_chain *chain)
{
    if (cli_flag(c, "chain") && add_root(c, chain))
        cli_say(c, "the last one was not sent along: it is the local trust store's");
    size_t count = cli_flag(c, "chain") ? chain->count : 1;
    int64_t now_s = cli_now_s();
    if (cli_flag(c, "pem"))
        return show_pem(c, chain, count);
    if (c->json)
        return show_json(c, chain, count, now_s);
    for (size_t i = 0; i < count; i++)
        show_text(c, &chain->cert[i], i, count, now_s);
    if (chain->count > count)
        cli_say(c, "%zu more with --chain", chain->count - count);
    return cli_flush_output(c);
}

static cli_exit show_file(cli *c, const char *path, cli_chain *chain)
{
    cli_bytes file;
    cli_exit status = cli_file_read(c, path, FILE_MAX, &file);
    if (status != CLI_DONE)
        return status;
    hf_bytes bytes = cli_bytes_of(&file);
    if (strstr(cli_file_guess(bytes), "signing request") != NULL) {
        hf_status got = hf_pem_each(bytes, "CERTIFICATE REQUEST", show_request, c, NULL);
        if (got == HF_OK || got == HF_E_PEM_NOTHING_FOUND)
            got = hf_pem_each(bytes, "NEW CERTIFICATE REQUEST", show_request, c, NULL);
        status = got == 1 ? cli_flush_output(c) : CLI_LOCAL_FILE;
    } else {
        status = cli_chain_read_bytes(c, path, bytes, chain);
        if (status == CLI_DONE)
            status = show_chain(c, chain);
    }
    cli_bytes_free(&file);
    return status;
}

static cli_exit show(cli *c)
{
    const char *what = cli_argument_at(c, 0);
    cli_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    cli_exit status;
    if (cli_names_peer(what)) {
        status = cli_chain_read_peer(c, what, chain);
        if (status == CLI_DONE)
            status = show_chain(c, chain);
    } else {
        status = show_file(c, what, chain);
    }
    cli_chain_free(chain);
    free(chain);
    return status;
}

const cli_command cli_cert_show = {
    .name = "show",
    .summary = "shows a certificate, of a file or a server",
    .about = "Shows; does not judge: handfast cert verify does that.",
    .examples = examples,
    .arguments = arguments,
    .groups = groups,
    .run = show,
};
