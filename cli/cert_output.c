/* cert_output.c: what the commands that make certificates share: keys, files, and saying so. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_output.h"

#include "cli/cert_text.h"
#include "cli/idna.h"
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const cli_option cli_cert_key_options[] = {
    {.name = "key",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "the private key: used when FILE exists, else made and written there"},
    {.name = "key-type",
     .kind = CLI_CHOICE,
     .value = "TYPE",
     .choices = "p256|p384|p521|ed25519|rsa",
     .help = "the kind of key to make (default p256)"},
    {.name = "bits",
     .kind = CLI_NUMBER,
     .value = "N",
     .min = 2048,
     .max = 8192,
     .help = "the size of an RSA key (default 2048)"},
    {.name = "encrypt", .kind = CLI_FLAG, .help = "write a new key encrypted with a password"},
    {.name = "password-file",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "its first line is the password of encrypted keys"},
    {0},
};

const cli_option cli_cert_output_options[] = {
    {.name = "cert",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "where to write what is made (- is standard output)"},
    {.name = "out-dir", .kind = CLI_DIR, .value = "DIR", .help = "the folder for new files"},
    {.name = "force", .kind = CLI_FLAG, .help = "put new files in the place of existing ones"},
    {0},
};

const cli_option cli_cert_authority_options[] = {
    {.name = "ca",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "the authority's certificate (default ca.pem)"},
    {.name = "ca-key",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "the authority's private key (default ca.key)"},
    {0},
};

/* ---- paths ---- */

void cli_file_name_of(const char *name, char *to, size_t size)
{
    size_t n = 0;
    if (strncmp(name, "*.", 2) == 0) {
        n = (size_t)snprintf(to, size, "_wildcard");
        name++;
    }
    for (; *name != '\0' && n + 1 < size && n < 200; name++) {
        unsigned char ch = (unsigned char)*name;
        bool fine = isalnum(ch) || ch == '-' || ch == '_' || (ch == '.' && n != 0);
        to[n++] = fine ? (char)ch : '_';
    }
    to[n] = '\0';
}

static cli_exit refuse_existing(cli *c, const char *path, const char *try_this)
{
    const cli_line lines[] = {{"on", path}, {"try", try_this}, {0}};
    return cli_fail(c, CLI_LOCAL_FILE, "the file exists already and was left as it is", lines);
}

cli_exit cli_paths_choose(cli *c, const char *base, const char *ending, cli_paths *p)
{
    const char *cert = cli_text(c, "cert"), *dir = cli_text(c, "out-dir");
    bool request = cli_find_option(c->command, "csr", 3) != NULL && cli_text(c, "csr") != NULL;
    bool has_key = !request && cli_find_option(c->command, "key", 3) != NULL;
    const char *key = has_key ? cli_text(c, "key") : NULL, *slash = dir == NULL ? "" : "/";
    bool force = cli_flag(c, "force");
    if (dir == NULL)
        dir = "";
    int cert_n = cert != NULL
                     ? snprintf(p->cert, sizeof p->cert, "%s", cert)
                     : snprintf(p->cert, sizeof p->cert, "%s%s%s%s", dir, slash, base, ending);
    int key_n = key != NULL ? snprintf(p->key, sizeof p->key, "%s", key)
                            : snprintf(p->key, sizeof p->key, "%s%s%s.key", dir, slash, base);
    if (cert_n >= CLI_PATH_SIZE - 16 || key_n >= CLI_PATH_SIZE - 16)
        return cli_fail(c, CLI_LOCAL_FILE, "the path of a file to be written is too long", NULL);
    p->use_key = key != NULL && cli_file_exists(key);
    bool new_key = has_key && !p->use_key;
    if (new_key && strcmp(p->key, p->cert) == 0)
        return cli_usage(c, "the key and the certificate would go into one file", p->key, NULL);
    if (!force && strcmp(p->cert, "-") != 0 && cli_file_is_replaced(p->cert))
        return refuse_existing(c, p->cert,
                               "--cert with another name, or --force to put the new one there");
    if (!force && new_key && cli_file_is_replaced(p->key))
        return refuse_existing(c, p->key,
                               "--key with its name to use it, or --force to put a new one there");
    return CLI_DONE;
}

/* ---- keys ---- */

static hf_key_type key_type(const cli *c)
{
    const char *name = cli_text(c, "key-type");
    if (name == NULL || strcmp(name, "p256") == 0)
        return HF_KEY_P256;
    return strcmp(name, "p384") == 0      ? HF_KEY_P384
           : strcmp(name, "p521") == 0    ? HF_KEY_P521
           : strcmp(name, "ed25519") == 0 ? HF_KEY_ED25519
                                          : HF_KEY_RSA;
}

cli_exit cli_key_get(cli *c, const cli_paths *paths, hf_key **out)
{
    hf_error e = {0};
    *out = NULL;
    if (paths->use_key) {
        if (cli_text(c, "key-type") != NULL)
            cli_warn(c, "--key-type does not count: the key in %s is used", paths->key);
        return cli_key_read(c, paths->key, out);
    }
    if (cli_text(c, "bits") != NULL && key_type(c) != HF_KEY_RSA)
        return cli_usage(c, "--bits is for RSA keys alone", cli_text(c, "bits"), "--key-type rsa");
    if (key_type(c) == HF_KEY_ED25519)
        cli_warn(
            c, "no browser takes a certificate with an Ed25519 key, or signed with one: for those "
               "--key-type p256");
    hf_status status = hf_key_generate(key_type(c), (unsigned)cli_number(c, "bits", 0), out, &e);
    return status == HF_OK ? CLI_DONE : cli_cert_error(c, &e, status, "making the private key");
}

/* Writes the key, if it is new: mode 0600, encrypted with --encrypt. */
static cli_exit put_key(cli *c, const cli_paths *paths, const hf_key *key)
{
    hf_error e = {0};
    char *text = NULL;
    const char *password = NULL;
    if (paths->use_key)
        return CLI_DONE;
    if (cli_flag(c, "encrypt")) {
        cli_exit status;
        password = cli_password(c, "the new key", true, &status);
        if (status != CLI_DONE)
            return status;
        if (password == NULL || password[0] == '\0')
            return cli_usage(c, "--encrypt needs a password", NULL, "--password-file FILE");
    }
    hf_status written = hf_key_write_pem(key, password, &text, &e);
    if (written != HF_OK)
        return cli_cert_error(c, &e, written, "writing the private key");
    cli_exit status = cli_file_write(c, paths->key, (hf_bytes){(uint8_t *)text, strlen(text)}, 0600,
                                     cli_flag(c, "force"));
    hf_text_free(text);
    return status;
}

cli_exit cli_pair_put(cli *c, const cli_paths *paths, const hf_key *key, const char *text)
{
    cli_staged staged;
    bool replaces = cli_file_exists(paths->key);
    cli_exit status =
        cli_file_stage(c, paths->cert, (hf_bytes){(const uint8_t *)text, strlen(text)}, 0644,
                       cli_flag(c, "force"), &staged);
    if (status == CLI_DONE)
        status = put_key(c, paths, key);
    if (status != CLI_DONE) {
        cli_file_drop(&staged);
        return status;
    }
    status = cli_file_place(c, &staged);
    /* a device or pipe that fails; a key that took another's place stays: that one is gone */
    if (status != CLI_DONE && !paths->use_key && !replaces && strcmp(paths->key, "-") != 0)
        unlink(paths->key);
    return status;
}

/* ---- certificates ---- */

char *cli_certs_text(cli *c, const hf_bytes *ders, size_t count)
{
    char *all = calloc(1, 1);
    size_t n = 0;
    for (size_t i = 0; i < count && all != NULL; i++) {
        char *pem = hf_pem_write(ders[i], "CERTIFICATE");
        size_t more = pem == NULL ? 0 : strlen(pem);
        char *longer = pem == NULL ? NULL : realloc(all, n + more + 1);
        if (longer == NULL)
            free(all);
        else
            memcpy(longer + n, pem, more + 1);
        n += more;
        all = longer;
        hf_text_free(pem);
    }
    if (all == NULL)
        cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    return all;
}

static void fingerprint_text(const hf_cert *cert, char text[65])
{
    uint8_t digest[32];
    hf_cert_fingerprint(cert, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

cli_exit cli_made(cli *c, const char *cert_path, const char *key_path, hf_bytes leaf)
{
    hf_cert cert;
    char subject[200], names[300], date[40], fingerprint[65];
    hf_error e = {0};
    hf_status parsed = hf_cert_parse(leaf, &cert, &e);
    if (parsed != HF_OK)
        return cli_cert_error(c, &e, parsed, "reading the certificate that was made");
    hf_name_text(cert.subject, subject, sizeof subject);
    hf_cert_names_text(&cert, names, sizeof names);
    fingerprint_text(&cert, fingerprint);
    cli_say(c, "certificate %s", strcmp(cert_path, "-") == 0 ? "on standard output" : cert_path);
    if (key_path != NULL)
        cli_say(c, "private key %s", key_path);
    cli_say(c, "for         %s", names[0] != '\0' && !cert.is_ca ? names : subject);
    cli_say(c, "key         %s, valid until %s", hf_key_type_name(cert.key_type),
            cli_date_text(date, sizeof date, cert.not_after_s));
    if (!c->json || strcmp(cert_path, "-") == 0)
        return CLI_DONE;
    json_t *o =
        json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s}", "format", "handfast-made", "version", 1,
                  "certificate", cert_path, "subject", subject, "names", names, "not_after",
                  cli_date_iso(date, sizeof date, cert.not_after_s), "sha256", fingerprint);
    if (o == NULL)
        return cli_fail(c, CLI_OTHER, "the result could not be put into JSON", NULL);
    if (key_path != NULL)
        json_object_set_new(o, "key", json_string(key_path));
    json_dumpf(o, stdout, JSON_INDENT(2));
    puts("");
    json_decref(o);
    c->json_printed = true;
    return cli_flush_output(c);
}

/* ---- authorities ---- */

void cli_authority_free(cli_authority *a)
{
    cli_chain_free(&a->chain);
    hf_key_free(a->key);
    a->key = NULL;
}

static bool same(hf_bytes a, hf_bytes b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* That the key is the certificate's, and the certificate may sign others. */
static cli_exit check_authority(cli *c, const cli_authority *a, const char *ca, const char *key)
{
    char on[300], subject[200];
    const hf_cert *cert = &a->chain.cert[0];
    if (!same(hf_key_public(a->key), cert->spki)) {
        snprintf(on, sizeof on, "%.140s and %.140s", ca, key);
        const cli_line lines[] = {
            {"on", on}, {"try", "--ca-key with the key that this authority was made with"}, {0}};
        return cli_fail(c, CLI_LOCAL_FILE, "the key is not the key of the authority's certificate",
                        lines);
    }
    if (cert->is_ca && (!cert->has_key_usage || (cert->key_usage & HF_KEY_USAGE_keyCertSign) != 0))
        return CLI_DONE;
    hf_name_text(cert->subject, subject, sizeof subject);
    const cli_line lines[] = {{"on", ca},
                              {"it is for", subject},
                              {"try", "handfast cert ca   to make an authority"},
                              {0}};
    return cli_fail(c, CLI_LOCAL_FILE, "this certificate may not sign others: it is no authority",
                    lines);
}

cli_exit cli_authority_read(cli *c, cli_authority *a)
{
    const char *ca = cli_text(c, "ca"), *key = cli_text(c, "ca-key");
    *a = (cli_authority){.key = NULL};
    if (ca == NULL && !cli_file_exists("ca.pem"))
        return cli_usage(c, "no authority is named, and there is no ca.pem here", NULL,
                         "--ca FILE --ca-key FILE, or first: handfast cert ca");
    if (ca != NULL && key == NULL)
        return cli_usage(c, "--ca needs --ca-key", ca, "--ca FILE --ca-key FILE");
    ca = ca == NULL ? "ca.pem" : ca;
    key = key == NULL ? "ca.key" : key;
    cli_exit status = cli_chain_read_file(c, ca, &a->chain);
    if (status == CLI_DONE)
        status = cli_key_read(c, key, &a->key);
    if (status == CLI_DONE)
        status = check_authority(c, a, ca, key);
    if (status != CLI_DONE)
        cli_authority_free(a);
    return status;
}

void cli_validity(cli *c, hf_cert_template *t, int64_t days, const hf_cert *issuer)
{
    char date[40];
    int64_t now_s = cli_now_s();
    t->not_before_s = now_s - 3600; /* for clocks that are a little behind */
    t->not_after_s = now_s + days * CLI_DAY_S;
    if (issuer == NULL)
        return;
    if (t->not_before_s < issuer->not_before_s)
        t->not_before_s = issuer->not_before_s;
    if (t->not_after_s > issuer->not_after_s) {
        int64_t cut_s = t->not_after_s - issuer->not_after_s;
        t->not_after_s = issuer->not_after_s;
        if (cut_s >= CLI_DAY_S) /* less is the time that went by since the authority was made */
            cli_warn(c,
                     "it ends with its authority, at %s: before the %lld days that were asked for",
                     cli_date_text(date, sizeof date, issuer->not_after_s), (long long)days);
    }
    if (now_s > issuer->not_after_s)
        cli_warn(c, "the authority has expired: nobody will accept what it signs");
}

hf_cert_template cli_leaf_template(cli *c, const hf_cert *issuer)
{
    hf_cert_template t = {.path_len = -1,
                          .client = cli_flag(c, "client"),
                          .server = cli_flag(c, "server") || !cli_flag(c, "client")};
    cli_validity(c, &t, cli_number(c, "days", 365), issuer);
    return t;
}

/* The list and the names behind it are one block. */
const char **cli_names(cli *c, cli_exit *status)
{
    enum { NAME_SIZE = 600 };
    size_t count = c->argument_count, room = 0;
    for (size_t i = 0; i < count; i++)
        room += strlen(c->arguments[i]) + NAME_SIZE;
    const char **names = calloc(1, (count + 1) * sizeof *names + room);
    if (names == NULL) {
        *status = cli_fail(c, CLI_OTHER, "memory ran out", NULL);
        return NULL;
    }
    char *at = (char *)(names + count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(c->arguments[i]) + NAME_SIZE;
        *status = cli_idna(c, c->arguments[i], at, size);
        if (*status != CLI_DONE) {
            free(names);
            return NULL;
        }
        names[i] = at;
        at += size;
    }
    return names;
}

size_t cli_chain_to_send(hf_bytes leaf, const cli_authority *a, hf_bytes *out)
{
    size_t n = 0;
    out[n++] = leaf;
    for (size_t i = 0; i < a->chain.count; i++)
        if (!a->chain.cert[i].self_issued)
            out[n++] = a->chain.cert[i].der;
    return n;
}
