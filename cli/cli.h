/* cli.h: the frame that every subcommand stands in: options, exit statuses, reports, TLS config.
 *
 * A command is a constant table: its name, its examples, its arguments and its options. The parser,
 * `--help`, the man page and the shell completions are all made from that table, so they agree.
 *
 *     static const cli_option own[] = {
 *         {.name = "output", .letter = 'o', .kind = CLI_TEXT, .value = "FILE",
 *          .help = "write the body to FILE"},
 *         {0},
 *     };
 *     static const cli_group groups[] = {
 *         {"Options", own}, {"TLS", cli_tls_client_options}, {0},
 *     };
 *
 *     static cli_exit get(cli *c)
 *     {
 *         const char *output = cli_text(c, "output");
 *         ...
 *         return CLI_DONE;
 *     }
 *
 *     const cli_command cli_command_get = {.name = "get", .groups = groups, .run = get, ...};
 *
 * The common options (--help, --quiet, --verbose, --color) belong to every command by themselves.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <handfast/handfast.h>
#include <stdio.h>

/* ---- how a command ends ---- */

typedef enum cli_exit {
    CLI_DONE = 0,
    CLI_OTHER = 1,
    CLI_USAGE = 2,
    CLI_NO_CONNECTION = 3, /* no connection, or the name was not found */
    CLI_TLS = 4,           /* a TLS alert, or a protocol error */
    CLI_UNTRUSTED = 5,
    CLI_WRONG_NAME = 6,
    CLI_EXPIRED = 7,    /* or not yet valid */
    CLI_LOCAL_FILE = 8, /* a local file or key is unreadable or does not fit */
    CLI_HTTP = 9,       /* HTTP status 400 or above */
} cli_exit;

/* The exit status for a failure of the library; CLI_DONE for HF_OK. */
cli_exit cli_exit_of(hf_status code);

/* ---- tables ---- */

typedef enum cli_kind {
    CLI_FLAG,    /* takes no value */
    CLI_TEXT,    /* any text, not empty; completes no file */
    CLI_FILE,    /* a path; completes files */
    CLI_DIR,     /* a path; completes folders */
    CLI_NUMBER,  /* decimal, `min` to `max` */
    CLI_SECONDS, /* as CLI_NUMBER, with up to three decimals ("2.5"); cli_ms gives milliseconds */
    CLI_CHOICE,  /* one of `choices` */
} cli_kind;

typedef struct cli_option {
    const char *name; /* long form, without the dashes; NULL ends a table */
    char letter;      /* short form, or 0 */
    cli_kind kind;
    bool repeats;        /* may be given several times; else the last one counts */
    const char *value;   /* what stands for the value in the help: "FILE"; NULL for a flag */
    const char *help;    /* one or two short sentences, lower case, no full stop */
    const char *choices; /* "none|optional|required" */
    int64_t min, max;    /* of CLI_NUMBER and CLI_SECONDS (whole seconds); both 0: not negative */
} cli_option;

typedef struct cli_group {
    const char *title; /* NULL ends the list */
    const cli_option *options;
} cli_group;

typedef struct cli_argument {
    const char *name; /* "URL", "HOST:PORT"; NULL ends the list */
    const char *help;
    cli_kind kind; /* for completion: CLI_TEXT, CLI_FILE or CLI_DIR */
    bool optional; /* shown as [NAME] */
    bool repeats;  /* the last one only; shown as NAME... */
} cli_argument;

typedef struct cli_example {
    const char *command; /* "handfast get https://example.org/"; NULL ends the list */
    const char *does;    /* "prints the page" */
} cli_example;

typedef struct cli cli;

typedef struct cli_command {
    const char *name;
    const char *summary;           /* one line, lower case, at most 50 bytes */
    const char *about;             /* a paragraph or more (blank lines between); or NULL */
    const cli_example *examples;   /* may be NULL */
    const cli_argument *arguments; /* may be NULL */
    const cli_group *groups;       /* may be NULL */
    const struct cli_command *const *subcommands; /* NULL-terminated list; then run is not used */
    cli_exit (*run)(cli *c);
} cli_command;

/* The commands, in the order of the help. Each is defined in the file named after it. */
extern const cli_command cli_command_serve;   /* cli/serve.c */
extern const cli_command cli_command_get;     /* cli/get.c */
extern const cli_command cli_command_connect; /* cli/connect.c */
extern const cli_command cli_command_cert;    /* cli/cert.c */
extern const cli_command cli_command_explain; /* cli/explain.c */

/* Options that several commands share. */
extern const cli_option cli_common_options[];     /* help, quiet, verbose, color: always there */
extern const cli_option cli_json_options[];       /* json */
extern const cli_option cli_tls_client_options[]; /* cacert, servername, resolve, insecure, cert,
                                                     key, ocsp, scts, password-file, no-ocsp,
                                                     ask-scts, name-authorities, timeout */
extern const cli_option cli_tls_asking_options[]; /* of those: cacert, servername, resolve,
                                                     password-file, timeout */
extern const cli_option cli_tls_server_options[]; /* cert, key, ocsp, scts, password-file,
                                                     client-ca, client-auth, no-authorities,
                                                     known-names-only */
extern const cli_option cli_ticket_options[];     /* ticket-key, tickets, no-tickets, session-life,
                                                     session-cache (tickets.h) */
extern const cli_option cli_tls_options[];        /* both roles: alpn, min-version, max-version,
                                                     groups, suites, sigschemes, cert-sigschemes,
                                                     cert-compression, keylog, trace */

/* ---- what was typed ---- */

typedef struct cli_value {
    const cli_option *option;
    const char *text; /* borrowed from argv; NULL for a flag */
} cli_value;

struct cli {
    const cli_command *command;
    const char *path;  /* "get", "cert ca": for messages */
    cli_value *values; /* in the order given */
    size_t value_count;
    const char **arguments; /* positional */
    size_t argument_count;

    /* from the common options */
    bool quiet, json;
    unsigned verbose;
    bool color;     /* on standard error */
    bool color_out; /* on standard output */

    bool json_printed;               /* this run's one object is out already: cli_error adds none */
    struct cli_tls_files *tls_files; /* key log and trace files that configs write to */
    char *password;                  /* read once; wiped at the end */
    struct cli_sessions *sessions;   /* of --session (session_file.h) */
};

/* An option's value by its long name: the last one given, or NULL (false, 0, `otherwise`). A name
 * that is in none of the command's tables is a bug in the command and aborts. */
const char *cli_text(const cli *c, const char *name);
bool cli_flag(const cli *c, const char *name);
size_t cli_count(const cli *c, const char *name);              /* how many times it was given */
const char *cli_nth(const cli *c, const char *name, size_t i); /* NULL past the end */
int64_t cli_number(const cli *c, const char *name, int64_t otherwise);
int64_t cli_ms(const cli *c, const char *name, int64_t otherwise_ms);
/* Positional argument `i`, or NULL. */
const char *cli_argument_at(const cli *c, size_t i);

/* ---- parsing (cli/options.c) ---- */

/* Parses what follows the command's name. Returns CLI_DONE, or reports and returns CLI_USAGE;
 * `*wants_help` says that --help was there (then nothing else is checked). Give the values back by
 * cli_free in either case. */
cli_exit cli_parse(cli *c, const cli_command *command, const char *path, int argc, char **argv,
                   bool *wants_help);
void cli_free(cli *c);

/* The word of `count` candidates that `word` is probably a misspelling of, or NULL. */
const char *cli_nearest(const char *word, const char *const *candidates, size_t count);

/* The command's option with that long name (common ones included), or NULL. */
const cli_option *cli_find_option(const cli_command *command, const char *name, size_t name_len);

/* ---- text made from the tables (cli/help.c, cli/man.c, cli/completions.c) ---- */

void cli_help(FILE *out, const cli_command *command, const char *path, bool color);
/* "a|b|c" as people read it: as it is, or "a, b, c" where it is long. */
void cli_choices_text(const char *choices, char *text, size_t size);
void cli_help_overview(FILE *out, const cli_command *const *commands, bool color);
/* roff for man(1); `command` NULL for handfast(1) itself. */
void cli_man(FILE *out, const cli_command *command, const char *path,
             const cli_command *const *commands);
/* Completions for "bash", "zsh" or "fish"; false for another shell. */
bool cli_completions(FILE *out, const char *shell, const cli_command *const *commands);

/* ---- reports (cli/report.c): to standard error ---- */

/* One labelled line of an error. */
typedef struct cli_line {
    const char *label; /* "try", "asked for"; NULL ends a list */
    const char *text;
} cli_line;

/* Reports a failure of the library in the three-line form: what failed (and, from `doing`, what was
 * being done: "reading the certificate", may be NULL), on what and why, what to do. With --json and
 * nothing printed yet, the object {"format": "handfast-error"} goes to standard output as well.
 * Returns the exit status for it. */
cli_exit cli_error(cli *c, const hf_error *e, const char *doing);
/* The same with an exit status that the caller knows better: a certificate that is a file of this
 * machine is a local matter, and no peer's. */
cli_exit cli_error_as(cli *c, const hf_error *e, const char *doing, cli_exit status);

/* The same for a failure that the command found itself. `what` is the first line without
 * "handfast: "; `lines` may be NULL. Returns `status`. */
cli_exit cli_fail(cli *c, cli_exit status, const char *what, const cli_line *lines);

/* A usage error: what, on what (may be NULL), and "try handfast CMD --help" or `try` in its place.
 * Returns CLI_USAGE. */
cli_exit cli_usage(cli *c, const char *what, const char *on, const char *try_this);

/* errno in the same form, status CLI_LOCAL_FILE: "the file could not be written", path. */
cli_exit cli_file_error(cli *c, const char *what, const char *path, int error_number);

/* Lines for people: information (not with -q), a warning (always), detail (with -v; `level` 1, 2).
 * printf formats without the newline; control characters in the result are escaped. */
void cli_say(const cli *c, const char *format, ...) HF_PRINTF(2, 3);
void cli_warn(const cli *c, const char *format, ...) HF_PRINTF(2, 3);
void cli_detail(const cli *c, unsigned level, const char *format, ...) HF_PRINTF(3, 4);

/* Copies `text` with control characters, escapes and broken UTF-8 replaced by \xNN, so that what a
 * peer sent cannot drive a terminal; always NUL-terminated, cut to `size`. Returns its length. */
size_t cli_escape(const char *text, size_t n, char *out, size_t size);

/* ANSI colours: the sequence, or "" when `on` is false. */
typedef enum cli_color {
    CLI_PLAIN,
    CLI_BOLD,
    CLI_DIM,
    CLI_RED,
    CLI_GREEN,
    CLI_YELLOW,
    CLI_BLUE,
    CLI_CYAN
} cli_color;
const char *cli_color_code(bool on, cli_color color);

/* Flushes standard output; a failed write (a full disk) is reported and gives CLI_OTHER. A pipe
 * that nobody reads any more is no error. Call it at the end of a command that prints. */
cli_exit cli_flush_output(cli *c);

/* ---- TLS from the shared options (cli/tls_options.c) ---- */

/* A config for the command's options, not frozen yet: the command may add to it and then calls
 * cli_tls_freeze. Reports what fails. Both hold for client and server; options that the command's
 * tables lack are not looked at.
 *  - client: trust from --cacert (repeatable) or the system; --insecure warns on every run
 *  - server and client: --cert/--key pairs (a --key belongs to the --cert before it; without one
 *    the key is in the certificate's file). A server without --cert has no identity yet: add one.
 *  - --keylog or SSLKEYLOGFILE, --trace; `also` (may be NULL, else copied) is a trace of the
 * command's own, which gets the events as well. */
cli_exit cli_tls_config(cli *c, hf_role role, const hf_trace *also, hf_config **out);
cli_exit cli_tls_freeze(cli *c, hf_config *cfg);

/* Key and identity files, with --password-file or, on a terminal, a question where the key is
 * encrypted. Each reports what fails. `key_path` NULL: in the same file. */
cli_exit cli_key_read(cli *c, const char *path, hf_key **out);
cli_exit cli_identity_read(cli *c, const char *chain_path, const char *key_path, hf_identity **out);

/* The password: from --password-file (its first line), else asked for on the terminal (twice when
 * `confirm`). NULL when there is none to be had; owned by `c`. *status says whether that was
 * reported as an error (an unreadable file) or simply is so (CLI_DONE). */
const char *cli_password(cli *c, const char *for_what, bool confirm, cli_exit *status);

/* Stops using key log and trace files; called by cli_free. Configs must be gone. */
void cli_tls_files_close(cli *c);

/* ---- the program's own state (cli/state.c) ---- */

/* The folder of the local authority: --state where the command has it and it was given, else
 * $XDG_DATA_HOME/handfast, else ~/.local/share/handfast. Owned by the caller (free()); NULL when
 * there is no home, which was reported. */
char *cli_state_dir(cli *c);

/* The local authority and a certificate for `names` (NULL-terminated): made when they are missing,
 * do not fit or are about to expire. `*made_ca` says that the authority is new. `dir` as from
 * cli_state_dir. The authority's key never leaves the folder; ca.key and server.key are 0600. */
typedef struct cli_local {
    hf_identity *identity;
    char ca_path[4096]; /* of ca.pem, to be trusted */
    bool made_ca, made_certificate;
} cli_local;
cli_exit cli_local_identity(cli *c, const char *dir, const char *const *names, int64_t now_s,
                            cli_local *out);

#endif
