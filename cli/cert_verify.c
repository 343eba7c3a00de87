/* cert_verify.c: `handfast cert verify`: judges a certificate, and shows each check that was made.
 */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_commands.h"
#include "cli/cert_dial.h"
#include "cli/cert_file.h"
#include "cli/cert_text.h"
#include "cli/ct_logs.h"
#include "cli/idna.h"
#include "cli/revocation.h"
#include "cli/starttls.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 1 << 20 }; /* bytes of a response or a list */

static const cli_option own[] = {
    {.name = "name",
     .kind = CLI_TEXT,
     .value = "NAME",
     .help = "the name it must be valid for (default: the host that is asked)"},
    {.name = "at",
     .kind = CLI_TEXT,
     .value = "TIME",
     .help = "judge as of TIME: 2026-01-31, 2026-01-31T12:00:00Z or @SECONDS"},
    {.name = "purpose",
     .kind = CLI_CHOICE,
     .value = "PURPOSE",
     .choices = "server|client|email|code-signing|time-stamping|ocsp|crl-sign|any",
     .help =
         "what it is used for (default server): a purpose of extKeyUsage, or crl-sign, for which "
         "keyUsage must allow to sign revocation lists"},
    {.name = "policy",
     .kind = CLI_TEXT,
     .repeats = true,
     .value = "OID",
     .help = "a certificate policy that will do, as 2.23.140.1.2.1 (default: any)"},
    {.name = "require-policy",
     .kind = CLI_FLAG,
     .help = "one of them must be valid on the whole path (RFC 5280 section 6.1.1)"},
    {.name = "inhibit-mapping", .kind = CLI_FLAG, .help = "no policy is mapped to another"},
    {.name = "inhibit-any-policy", .kind = CLI_FLAG, .help = "anyPolicy stands for none"},
    {.name = "ocsp",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "judge by this OCSP response (DER), in place of what the server staples"},
    {.name = "scts",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "judge by this list of certificate timestamps too, in place of what the server sends"},
    {.name = "untrusted",
     .kind = CLI_FILE,
     .repeats = true,
     .value = "FILE",
     .help = "more certificates that may be part of the path"},
    {0},
};

static const cli_group groups[] = {
    {"Options", own},
    {"Rules for whoever issued it", cli_profile_options},
    {"Report", cli_json_options},
    {"Trust, and asking a server", cli_tls_asking_options},
    {"Revocation", cli_revocation_options},
    {"Certificate Transparency", cli_ct_options},
    {"From plain text to TLS", cli_starttls_options},
    {0},
};

static const cli_argument arguments[] = {
    {.name = "FILE|HOST:PORT",
     .help = "a certificate, with its chain after it, or a server to ask",
     .kind = CLI_FILE},
    {0},
};

static const cli_example examples[] = {
    {"handfast cert verify example.org:443", "judges what a server sends"},
    {"handfast cert verify chain.pem --name www.example.org", "judges a file, for a name"},
    {"handfast cert verify localhost.pem --cacert ca.pem --name localhost",
     "with your own authority"},
    {"handfast cert verify chain.pem --profile webpki", "by the rules for public authorities too"},
    {"handfast cert verify localhost.pem --cacert ca.pem --crl ca.crl", "was it revoked?"},
    {"handfast cert verify chain.pem --ocsp response.der --revocation hard-leaf",
     "does its issuer still stand by it?"},
    {"handfast cert verify example.org:443 --ct-logs log_list.json",
     "do enough logs of Certificate Transparency vouch for it?"},
    {"handfast cert verify example.org:443 --at 2030-01-01", "will it still be good then?"},
    {0},
};

/* ---- the report ---- */

typedef struct report {
    cli *c;
    json_t *checks, *paths; /* with --json, else NULL */
    unsigned path, depth;
    bool any;
} report;

static void safe_print(const cli *c, cli_color color, const char *label, const char *value)
{
    char safe[600];
    if (value == NULL || value[0] == '\0')
        return;
    cli_escape(value, strlen(value), safe, sizeof safe);
    printf("           %s%-9s%s %s\n", cli_color_code(c->color_out, color), label,
           cli_color_code(c->color_out, CLI_PLAIN), safe);
}

static void heading(report *r, const hf_check *k)
{
    char subject[500] = "?", safe[900];
    bool new_path = !r->any || k->path != r->path;
    if (k->cert != NULL)
        hf_name_text(k->cert->subject, subject, sizeof subject);
    if (k->cert != NULL && subject[0] == '\0')
        hf_cert_names_text(k->cert, subject, sizeof subject);
    cli_escape(subject, strlen(subject), safe, sizeof safe);
    if (new_path && k->path != 0)
        printf("\nanother path\n");
    if (new_path || k->depth != r->depth)
        printf("%s%u  %s%s%s\n", cli_color_code(r->c->color_out, CLI_BOLD), k->depth, safe,
               cli_color_code(r->c->color_out, CLI_PLAIN),
               k->from_store ? "  (from the local trust store)" : "");
    r->any = true;
    r->path = k->path;
    r->depth = k->depth;
}

static void check_text(report *r, const hf_check *k)
{
    bool ok = k->result == HF_OK;
    cli_color color = ok ? CLI_GREEN : k->advisory ? CLI_YELLOW : CLI_RED;
    heading(r, k);
    printf("   %s%-6s%s  %-20s %s%s%s\n", cli_color_code(r->c->color_out, color),
           ok            ? "ok"
           : k->advisory ? "not ok"
                         : "FAILED",
           cli_color_code(r->c->color_out, CLI_PLAIN), k->name,
           cli_color_code(r->c->color_out, CLI_DIM), k->section == NULL ? "" : k->section,
           cli_color_code(r->c->color_out, CLI_PLAIN));
    if (!ok)
        safe_print(r->c, color, "because", hf_error_sentence(k->result));
    if (!ok || !r->c->quiet) {
        safe_print(r->c, CLI_DIM, "it says", k->value);
        safe_print(r->c, CLI_DIM, "needed", k->limit);
    }
}

static json_t *safe_json(const char *text)
{
    char safe[1000];
    cli_escape(text, strlen(text), safe, sizeof safe);
    return json_string(safe);
}

static void check_json(report *r, const hf_check *k)
{
    char subject[500] = "";
    if (k->cert != NULL)
        hf_name_text(k->cert->subject, subject, sizeof subject);
    json_t *o =
        json_pack("{s:i, s:i, s:o, s:b, s:s, s:b, s:b, s:s, s:o, s:o, s:s}", "path", (int)k->path,
                  "depth", (int)k->depth, "subject", safe_json(subject), "from_store",
                  k->from_store, "check", k->name, "ok", k->result == HF_OK, "advisory",
                  k->advisory, "result", hf_error_name(k->result), "value", safe_json(k->value),
                  "limit", safe_json(k->limit), "section", k->section == NULL ? "" : k->section);
    json_array_append_new(r->checks, o);
}

/* ---- what became of each candidate path ---- */

static const char *subject_text(const hf_cert *cert, char *text, size_t size)
{
    char subject[500];
    hf_name_text(cert->subject, subject, sizeof subject);
    if (subject[0] == '\0')
        hf_cert_names_text(cert, subject, sizeof subject);
    cli_escape(subject, strlen(subject), text, size);
    return text;
}

static void path_text(const report *r, const hf_verify_path *p)
{
    char safe[900];
    bool good = p->result == HF_OK;
    printf("%s%s%s path %u", cli_color_code(r->c->color_out, good ? CLI_GREEN : CLI_RED),
           good ? "took" : "left", cli_color_code(r->c->color_out, CLI_PLAIN), p->path);
    for (unsigned i = 0; i < p->count; i++)
        printf("%s%s", i == 0 ? ": " : " <- ", subject_text(p->certs[i], safe, sizeof safe));
    printf("%s\n", p->anchored ? " (from the local trust store)" : "");
    if (!good)
        printf("     because of %s of certificate %u: %s\n",
               p->check != NULL ? p->check : "a limit", p->depth, hf_error_sentence(p->result));
}

static void path_json(report *r, const hf_verify_path *p)
{
    char safe[900];
    json_t *subjects = json_array();
    for (unsigned i = 0; i < p->count; i++)
        json_array_append_new(subjects, json_string(subject_text(p->certs[i], safe, sizeof safe)));
    json_t *o = json_pack("{s:i, s:o, s:b, s:b, s:s}", "path", (int)p->path, "subjects", subjects,
                          "anchored", p->anchored, "ok", p->result == HF_OK, "result",
                          hf_error_name(p->result));
    if (p->anchored)
        json_object_set_new(o, "root",
                            json_string(subject_text(p->certs[p->count - 1], safe, sizeof safe)));
    if (p->result != HF_OK) {
        json_object_set_new(o, "why", json_string(hf_error_sentence(p->result)));
        json_object_set_new(o, "check", json_string(p->check != NULL ? p->check : ""));
        json_object_set_new(o, "depth", json_integer(p->depth));
    }
    json_array_append_new(r->paths, o);
}

static void on_path(void *ctx, const hf_verify_path *p)
{
    report *r = ctx;
    if (r->paths != NULL)
        path_json(r, p);
    else
        path_text(r, p);
}

static void on_check(void *ctx, const hf_check *k)
{
    report *r = ctx;
    if (r->checks != NULL)
        check_json(r, k);
    else
        check_text(r, k);
}

/* ---- the verdict ---- */

static cli_exit verdict_text(cli *c, hf_status status, const hf_error *e, size_t path_len,
                             const char *name)
{
    if (status != HF_OK) {
        fflush(stdout);
        return cli_error(c, e, NULL);
    }
    printf("\n%sgood%s: a path of %zu certificates leads to a trusted authority%s%s\n",
           cli_color_code(c->color_out, CLI_GREEN), cli_color_code(c->color_out, CLI_PLAIN),
           path_len, name != NULL ? ", and it is valid for " : "; no name was checked (--name)",
           name != NULL ? name : "");
    return cli_flush_output(c);
}

static cli_exit verdict_json(cli *c, report *r, hf_status status, const hf_error *e,
                             const hf_cert **path, size_t path_len, const char *name, int64_t at_s)
{
    char text[700];
    json_t *subjects = json_array();
    for (size_t i = 0; status == HF_OK && i < path_len; i++) {
        hf_name_text(path[i]->subject, text, sizeof text);
        json_array_append_new(subjects, safe_json(text));
    }
    json_t *o = json_pack("{s:s, s:i, s:b, s:s?, s:s, s:o, s:o, s:o}", "format", "handfast-verify",
                          "version", 1, "ok", status == HF_OK, "name", name, "at",
                          cli_date_iso(text, sizeof text, at_s), "path", subjects, "paths",
                          json_incref(r->paths), "checks", json_incref(r->checks));
    if (o == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    if (status != HF_OK)
        json_object_set_new(
            o, "error",
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:s}", "name", hf_error_name(e->code),
                      "sentence", hf_error_sentence(e->code), "subject", safe_json(e->subject),
                      "expected", safe_json(e->expected), "got", safe_json(e->got), "section",
                      hf_error_section(e->code), "try", hf_error_remedy(e->code)));
    json_dumpf(o, stdout, JSON_INDENT(2));
    puts("");
    json_decref(o);
    c->json_printed = true;
    cli_exit printed = cli_flush_output(c);
    if (status == HF_OK || printed != CLI_DONE)
        return printed;
    return c->quiet ? cli_exit_of(e->code) : cli_error(c, e, NULL);
}

#define POLICIES_MAX 32

static hf_policy_inputs policies_asked_for(const cli *c, const char *oids[POLICIES_MAX + 1])
{
    size_t n = 0;
    const char *oid;
    while (n < POLICIES_MAX && (oid = cli_nth(c, "policy", n)) != NULL)
        oids[n++] = oid;
    oids[n] = NULL;
    return (hf_policy_inputs){.initial = n != 0 ? oids : NULL,
                              .require_explicit = cli_flag(c, "require-policy"),
                              .inhibit_mapping = cli_flag(c, "inhibit-mapping"),
                              .inhibit_any = cli_flag(c, "inhibit-any-policy")};
}

/* What --purpose asks for: a purpose, and what keyUsage must allow (0: what goes with it). */
static void purpose_asked_for(const cli *c, hf_verify_params *params)
{
    static const struct {
        const char *name;
        hf_purpose purpose;
        uint16_t key_usage;
    } purposes[] = {{"client", HF_PURPOSE_CLIENT, 0},
                    {"email", HF_PURPOSE_EMAIL, 0},
                    {"code-signing", HF_PURPOSE_CODE_SIGNING, 0},
                    {"time-stamping", HF_PURPOSE_TIME_STAMPING, 0},
                    {"ocsp", HF_PURPOSE_OCSP_SIGNING, 0},
                    {"crl-sign", HF_PURPOSE_ANY, HF_KEY_USAGE_cRLSign},
                    {"any", HF_PURPOSE_ANY, 0}};
    const char *name = cli_text(c, "purpose");
    params->purpose = HF_PURPOSE_SERVER;
    for (size_t i = 0; name != NULL && i < sizeof purposes / sizeof purposes[0]; i++)
        if (strcmp(name, purposes[i].name) == 0) {
            params->purpose = purposes[i].purpose;
            params->key_usage = purposes[i].key_usage;
        }
}

/* A certificate whose TLS feature promises a staple (RFC 7633): Features ::= SEQUENCE OF INTEGER,
 * of which 5 is status_request. */
static bool promises_staple(const hf_cert *cert)
{
    hf_bytes rest = cert->tls_feature, list, value;
    uint8_t tag;
    if (!cli_der_next(&rest, &tag, &list))
        return false;
    while (cli_der_next(&list, &tag, &value))
        if (tag == 0x02 && value.n == 1 && value.p[0] == 5)
            return true;
    return false;
}

/* What a client would miss of this server, which is not a matter of the chain. */
static hf_status miss_staple(report *r, const cli_chain *chain, hf_error *e)
{
    hf_check k = {.name = "status_request",
                  .section = hf_error_section(HF_E_STAPLE_MISSING),
                  .path = r->path,
                  .cert = &chain->cert[0],
                  .result = HF_E_STAPLE_MISSING};
    snprintf(k.value, sizeof k.value, "the server staples none");
    snprintf(k.limit, sizeof k.limit, "a stapled OCSP response, which the certificate promises");
    *e = (hf_error){.code = k.result, .field = k.name};
    snprintf(e->expected, sizeof e->expected, "%s", k.limit);
    snprintf(e->got, sizeof e->got, "%s", k.value);
    hf_name_text(chain->cert[0].subject, e->subject, sizeof e->subject);
    on_check(r, &k);
    return k.result;
}

static cli_exit judge(cli *c, const cli_chain *chain, const hf_verify_params *params, bool peer)
{
    report r = {
        .c = c, .checks = c->json ? json_array() : NULL, .paths = c->json ? json_array() : NULL};
    const hf_verify_report told = {.check = on_check, .path = on_path, .ctx = &r};
    const hf_cert *path[CLI_CHAIN_MAX];
    size_t path_len = CLI_CHAIN_MAX;
    hf_error e = {0};
    hf_status status =
        hf_verify_chain(chain->cert, chain->count, params, &told, path, &path_len, &e);
    if (status == HF_OK && peer && params->ocsp.p == NULL && promises_staple(&chain->cert[0]))
        status = miss_staple(&r, chain, &e);
    if (status != HF_OK && e.code == HF_OK)
        e.code = status;
    const char *name = params->host;
    cli_exit result = c->json ? verdict_json(c, &r, status, &e, path, path_len, name, params->at_s)
                              : verdict_text(c, status, &e, path_len, name);
    json_decref(r.checks);
    json_decref(r.paths);
    return result;
}

/* ---- what is judged, and against what ---- */

static cli_exit read_trust(cli *c, hf_store **out)
{
    hf_error e = {0};
    const char *path;
    hf_status status = hf_store_new(out);
    if (status == HF_OK && cli_count(c, "cacert") == 0)
        status = hf_store_add_system(*out, NULL, &e);
    for (size_t i = 0; status == HF_OK && (path = cli_nth(c, "cacert", i)) != NULL; i++) {
        status = hf_store_add_file(*out, path, NULL, &e);
        if (status != HF_OK && e.subject[0] == '\0')
            snprintf(e.subject, sizeof e.subject, "%s", path);
    }
    if (status == HF_OK)
        return CLI_DONE;
    hf_store_free(*out);
    *out = NULL;
    return cli_cert_error(c, &e, status, "reading the certificates to trust");
}

/* Certificates of --untrusted come after the chain; they are the chain's to free. */
static cli_exit read_more(cli *c, cli_chain *chain)
{
    const char *path;
    cli_chain *more = calloc(1, sizeof *more);
    cli_exit status = more == NULL ? cli_fail(c, CLI_OTHER, "memory ran out", NULL) : CLI_DONE;
    for (size_t i = 0; status == CLI_DONE && (path = cli_nth(c, "untrusted", i)) != NULL; i++) {
        status = cli_chain_read_file(c, path, more);
        for (size_t j = 0; status == CLI_DONE && j < more->count; j++) {
            if (chain->count == CLI_CHAIN_MAX) {
                cli_bytes_free(&more->der[j]);
                continue;
            }
            chain->cert[chain->count] = more->cert[j]; /* points into memory that moves along */
            chain->der[chain->count++] = more->der[j];
        }
    }
    free(more);
    return status;
}

static cli_exit name_to_check(cli *c, const char *what, bool peer, cli_target *t, const char **name)
{
    cli_exit status = cli_idna_option(c, "name", t->asked, sizeof t->asked, name);
    if (status != CLI_DONE || *name != NULL || !peer)
        return status;
    status = cli_target_read(c, what, t);
    if (status == CLI_DONE)
        *name = t->name;
    return status;
}

/* The file of an option in place of what the peer sent. */
static cli_exit read_beside(cli *c, const char *option, cli_bytes *out)
{
    const char *path = cli_text(c, option);
    if (path == NULL)
        return CLI_DONE;
    cli_bytes_free(out);
    return cli_file_read(c, path, FILE_MOST, out);
}

/* Looked at for what it is, since what is malformed would only count for nothing. */
static cli_exit read_ocsp(cli *c, cli_chain *chain)
{
    hf_bytes rest, inside, value;
    uint8_t tag, inner;
    cli_exit status = read_beside(c, "ocsp", &chain->ocsp);
    if (status != CLI_DONE || cli_text(c, "ocsp") == NULL)
        return status;
    rest = cli_bytes_of(&chain->ocsp);
    if (cli_der_next(&rest, &tag, &inside) && tag == 0x30 && rest.n == 0 &&
        cli_der_next(&inside, &inner, &value) && inner == 0x0a)
        return CLI_DONE;
    return cli_file_not(c, cli_text(c, "ocsp"), cli_bytes_of(&chain->ocsp), "OCSP response in DER",
                        "as `openssl ocsp -respout FILE` writes it");
}

/* The file has the list's own length before it, as a server takes it; hf_verify_params has not. */
static cli_exit read_scts(cli *c, cli_chain *chain)
{
    cli_exit status = read_beside(c, "scts", &chain->scts);
    cli_bytes *b = &chain->scts;
    if (status != CLI_DONE || cli_text(c, "scts") == NULL)
        return status;
    if (b->n < 2 || ((size_t)b->p[0] << 8 | b->p[1]) != b->n - 2)
        return cli_file_not(c, cli_text(c, "scts"), cli_bytes_of(b),
                            "list of certificate timestamps",
                            "two bytes of length, then each after two bytes of its own");
    b->n -= 2;
    memmove(b->p, b->p + 2, b->n);
    return CLI_DONE;
}

/* What the options say beside the chain, and the verdict. */
static cli_exit judge_by_options(cli *c, const cli_chain *chain, hf_verify_params *params,
                                 bool peer)
{
    const char *policies[POLICIES_MAX + 1];
    hf_crls *crls = NULL;
    hf_ct_logs *logs = NULL;
    purpose_asked_for(c, params);
    params->profile = cli_profile(c);
    params->policies = policies_asked_for(c, policies);
    params->revocation = cli_revocation_demand(c);
    params->ocsp = cli_bytes_of(&chain->ocsp);
    params->sct_list = cli_bytes_of(&chain->scts);
    cli_exit status = cli_read_crls(c, &crls);
    if (status == CLI_DONE)
        status = cli_read_ct(c, &logs, &params->ct_policy);
    params->crls = crls;
    params->ct_logs = logs;
    if (status == CLI_DONE)
        status = judge(c, chain, params, peer);
    hf_crls_free(crls);
    hf_ct_logs_free(logs);
    return status;
}

static cli_exit verify(cli *c)
{
    const char *what = cli_argument_at(c, 0), *at = cli_text(c, "at");
    bool peer = cli_names_peer(what);
    hf_verify_params params = {.at_s = cli_now_s()};
    cli_target target;
    hf_store *store = NULL;
    if (at != NULL && !cli_date_read(at, &params.at_s))
        return cli_usage(c, "this is not a time", at,
                         "--at 2026-01-31, --at 2026-01-31T12:00:00Z or --at @SECONDS");
    cli_exit status = name_to_check(c, what, peer, &target, &params.host);
    cli_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    if (status == CLI_DONE)
        status = read_trust(c, &store);
    params.store = store;
    if (status == CLI_DONE)
        status = peer ? cli_chain_read_peer(c, what, chain) : cli_chain_read_file(c, what, chain);
    if (status == CLI_DONE)
        status = read_more(c, chain);
    if (status == CLI_DONE)
        status = read_ocsp(c, chain);
    if (status == CLI_DONE)
        status = read_scts(c, chain);
    if (status == CLI_DONE)
        status = judge_by_options(c, chain, &params, peer);
    cli_chain_free(chain);
    free(chain);
    hf_store_free(store);
    return status;
}

const cli_command cli_cert_verify = {
    .name = "verify",
    .summary = "judges a certificate, check by check",
    .about = "The exit status says what was wrong: 5 not trusted, 6 wrong name, 7 expired or not\n"
             "yet valid, 8 an unreadable file.",
    .examples = examples,
    .arguments = arguments,
    .groups = groups,
    .run = verify,
};
