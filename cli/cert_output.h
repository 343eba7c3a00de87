/* cert_output.h: what the commands that make certificates share: keys, files, and saying so. */
#ifndef CLI_CERT_OUTPUT_H
#define CLI_CERT_OUTPUT_H

#include "cli/cert_commands.h"
#include "cli/cert_file.h"

enum { CLI_PATH_SIZE = 4096, CLI_DAY_S = 86400 };

/* Rows that stand in the tables of several commands. `standard` is a text: "365". */
#define CLI_CERT_DAYS_OPTION(standard)                                                             \
    {                                                                                              \
        .name = "days", .kind = CLI_NUMBER, .value = "N", .min = 1, .max = 36500,                  \
        .help = "how long it is valid (default " standard ")"                                      \
    }
#define CLI_CERT_SERVER_OPTION                                                                     \
    {                                                                                              \
        .name = "server", .kind = CLI_FLAG, .help = "for a server (the default)"                   \
    }
#define CLI_CERT_CLIENT_OPTION                                                                     \
    {                                                                                              \
        .name = "client", .kind = CLI_FLAG, .help = "for a client; with --server, for both"        \
    }

extern const cli_option cli_cert_key_options[];    /* key-type, bits, key, encrypt, password-file */
extern const cli_option cli_cert_output_options[]; /* cert, out-dir, force */

/* The paths of a certificate and its key: from --cert, --key and --out-dir, else `base` with
 * `ending` and ".key". Reports when one is too long, or exists and may not be replaced. */
typedef struct cli_paths {
    char cert[CLI_PATH_SIZE], key[CLI_PATH_SIZE];
    bool use_key; /* --key names a key that exists: it is used, not made */
} cli_paths;
cli_exit cli_paths_choose(cli *c, const char *base, const char *ending, cli_paths *out);

/* A file name for a host name: "*.example.test" becomes "_wildcard.example.test". */
void cli_file_name_of(const char *name, char *to, size_t size);

/* The key that --key names where it exists, else a new one (not written yet). */
cli_exit cli_key_get(cli *c, const cli_paths *paths, hf_key **out);

/* Certificates (leaf first) as PEM, for free(); NULL was reported. */
char *cli_certs_text(cli *c, const hf_bytes *ders, size_t count);

/* Writes the key, if it is new, and `text`: the second is on the disk before the first is in its
 * place, so that where it fails neither is changed. */
cli_exit cli_pair_put(cli *c, const cli_paths *paths, const hf_key *key, const char *text);

/* Says what was made (as JSON with --json). */
cli_exit cli_made(cli *c, const char *cert_path, const char *key_path, hf_bytes leaf);

/* An authority: its certificates (the file's, its own first) and its key, which must fit. */
typedef struct cli_authority {
    cli_chain chain;
    hf_key *key;
} cli_authority;
cli_exit cli_authority_read(cli *c, cli_authority *out); /* --ca, --ca-key */
void cli_authority_free(cli_authority *a);
extern const cli_option cli_cert_authority_options[]; /* ca, ca-key, password-file */

/* Fills the validity from --days and now: inside the issuer's, which is said when it cuts. */
void cli_validity(cli *c, hf_cert_template *t, int64_t days, const hf_cert *issuer);

/* A leaf's template as --days, --server and --client say; its names are still to be set. */
hf_cert_template cli_leaf_template(cli *c, const hf_cert *issuer);

/* All positional arguments, international names in their xn-- form, as a NULL-terminated list, for
 * free(). NULL was reported, and `*status` is why. */
const char **cli_names(cli *c, cli_exit *status);

/* Leaf, then the issuer and what else its file holds but self-signed roots: what a server sends.
 * Returns how many; `out` has room for CLI_CHAIN_MAX + 1. */
size_t cli_chain_to_send(hf_bytes leaf, const cli_authority *authority, hf_bytes *out);

/* Answers the request in the file `path` with a certificate, as the options of `cert sign` and
 * `cert issue --csr` say. */
cli_exit cli_sign_request(cli *c, const char *path);

#endif
