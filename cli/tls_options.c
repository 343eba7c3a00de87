/* tls_options.c: the options about TLS that commands share, and the config that they describe. */
#define _DEFAULT_SOURCE 1
#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"
#include "cli/ct_logs.h"
#include "cli/psk_file.h"
#include "cli/revocation.h"
#include "cli/tls_identities.h"
#include "explain/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_OPTION                                                                            \
    {                                                                                              \
        .name = "password-file", .kind = CLI_FILE, .value = "FILE",                                \
        .help = "its first line opens an encrypted key"                                            \
    }

#define IDENTITY_OPTIONS(who, more)                                                                \
    {.name = "cert",                                                                               \
     .kind = CLI_FILE,                                                                             \
     .repeats = true,                                                                              \
     .value = "FILE",                                                                              \
     .help = who "certificate chain, PEM, leaf first" more},                                       \
        {.name = "key",                                                                            \
         .kind = CLI_FILE,                                                                         \
         .repeats = true,                                                                          \
         .value = "FILE",                                                                          \
         .help = "the private key of the --cert before it, unless it is in the same file"},        \
        {.name = "ocsp",                                                                           \
         .kind = CLI_FILE,                                                                         \
         .repeats = true,                                                                          \
         .value = "FILE",                                                                          \
         .help = "staple this OCSP response (DER) to the --cert before it"},                       \
        {.name = "scts",                                                                           \
         .kind = CLI_FILE,                                                                         \
         .repeats = true,                                                                          \
         .value = "FILE",                                                                          \
         .help = "send this list of certificate timestamps (RFC 6962) with it"},                   \
        PASSWORD_OPTION

/* Whom to ask and whom to trust. */
#define ASKING_OPTIONS                                                                             \
    {.name = "cacert",                                                                             \
     .kind = CLI_FILE,                                                                             \
     .repeats = true,                                                                              \
     .value = "FILE",                                                                              \
     .help = "trust the certificates in FILE (PEM or DER), or of all files of a folder, instead "  \
             "of the system's"},                                                                   \
        {.name = "servername",                                                                     \
         .kind = CLI_TEXT,                                                                         \
         .value = "NAME",                                                                          \
         .help = "ask for NAME (SNI), and check the certificate for it"},                          \
    {                                                                                              \
        .name = "resolve", .kind = CLI_TEXT, .repeats = true, .value = "HOST:PORT:ADDR",           \
        .help = "connect to ADDR where HOST:PORT is meant"                                         \
    }

#define TIMEOUT_OPTION                                                                             \
    {                                                                                              \
        .name = "timeout", .kind = CLI_SECONDS, .value = "SECONDS", .min = 0, .max = 86400,        \
        .help = "give up when the peer is silent for so long (0: never)"                           \
    }

const cli_option cli_tls_asking_options[] = {ASKING_OPTIONS, PASSWORD_OPTION, TIMEOUT_OPTION, {0}};

const cli_option cli_tls_client_options[] = {
    ASKING_OPTIONS,
    {.name = "insecure",
     .letter = 'k',
     .kind = CLI_FLAG,
     .help = "accept any certificate: anyone on the way can read and change everything"},
    IDENTITY_OPTIONS("this client's ", ""),
    {.name = "no-ocsp", .kind = CLI_FLAG, .help = "do not ask for a stapled OCSP response"},
    {.name = "ask-scts",
     .kind = CLI_FLAG,
     .help = "ask for signed certificate timestamps (Certificate Transparency)"},
    {.name = "name-authorities",
     .kind = CLI_FLAG,
     .help = "tell the server which authorities this side trusts, so that it can choose"},
    TIMEOUT_OPTION,
    {0},
};

const cli_option cli_tls_server_options[] = {
    IDENTITY_OPTIONS("", "; the one that fits the client is chosen"),
    {.name = "client-ca",
     .kind = CLI_FILE,
     .repeats = true,
     .value = "FILE",
     .help = "authorities whose client certificates are accepted (PEM)"},
    {.name = "client-auth",
     .kind = CLI_CHOICE,
     .value = "MODE",
     .choices = "none|optional|required",
     .help = "ask clients for a certificate; needs --client-ca, and is required with it"},
    {.name = "no-authorities",
     .kind = CLI_FLAG,
     .help = "do not tell clients the names of the --client-ca authorities"},
    {.name = "known-names-only",
     .kind = CLI_FLAG,
     .help = "refuse clients that ask for a name which no certificate covers"},
    {0},
};

const cli_option cli_tls_options[] = {
    {.name = "alpn",
     .kind = CLI_TEXT,
     .value = "LIST",
     .help = "application protocols, best first: h2,http/1.1"},
    {.name = "min-version",
     .kind = CLI_CHOICE,
     .value = "VERSION",
     .choices = "1.2|1.3",
     .help = "the oldest TLS version to speak"},
    {.name = "max-version",
     .kind = CLI_CHOICE,
     .value = "VERSION",
     .choices = "1.2|1.3",
     .help = "the newest TLS version to speak"},
    {.name = "groups",
     .kind = CLI_TEXT,
     .value = "LIST",
     .help = "key agreement groups, best first: X25519MLKEM768:X25519:P-256"},
    {.name = "suites",
     .kind = CLI_TEXT,
     .value = "LIST",
     .help = "cipher suites, best first: TLS_AES_128_GCM_SHA256:..."},
    {.name = "sigschemes",
     .kind = CLI_TEXT,
     .value = "LIST",
     .help = "signature schemes, best first: ecdsa_secp256r1_sha256:..."},
    {.name = "cert-sigschemes",
     .kind = CLI_TEXT,
     .value = "LIST",
     .help = "signatures that the peer's certificates may bear: ecdsa_secp256r1_sha256:..."},
    {.name = "cert-compression",
     .kind = CLI_TEXT,
     .value = "LIST",
     .help = "how certificates may be compressed, best first: brotli:zstd:zlib, or none"},
    {.name = "insecure-rsa-key-transport",
     .kind = CLI_FLAG,
     .help =
         "allow TLS 1.2 without forward secrecy, for peers that lack ECDHE: who gets the server's "
         "key later reads what was recorded"},
    {.name = "keylog",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "append each connection's secrets to FILE, for Wireshark: whoever has it reads all; "
             "explain reads it, where it explains a capture"},
    {.name = "trace",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "write every event of TLS to FILE, one JSON object a line"},
    {0},
};

static bool has_option(const cli *c, const char *name)
{
    return cli_find_option(c->command, name, strlen(name)) != NULL;
}

/* ---- the files that configs write to ---- */

struct cli_tls_files {
    int keylog; /* descriptor, or -1 */
    FILE *trace;
    hf_explain_lines lines;
    hf_trace to_file, also; /* .event NULL: none */
};

/* One write for the whole line: with O_APPEND lines of several threads and processes stay whole. */
static void keylog_line(void *ctx, const char *line)
{
    const struct cli_tls_files *files = ctx;
    struct iovec parts[2] = {{(char *)(uintptr_t)line, strlen(line)}, {(char[]){'\n'}, 1}};
    ssize_t n;
    do
        n = writev(files->keylog, parts, 2);
    while (n == -1 && errno == EINTR);
}

static void both_traces(void *ctx, const hf_conn *conn, const hf_event *event)
{
    const struct cli_tls_files *files = ctx;
    files->also.event(files->also.ctx, conn, event);
    if (event->kind == HF_TRACE_SECRET && files->also.secrets) {
        /* the command asked for secrets; the file did not */
        hf_event without = *event;
        without.secret.bytes = (hf_bytes){NULL, 0};
        files->to_file.event(files->to_file.ctx, conn, &without);
        return;
    }
    files->to_file.event(files->to_file.ctx, conn, event);
}

static cli_exit tls_files(cli *c)
{
    if (c->tls_files != NULL)
        return CLI_DONE;
    c->tls_files = calloc(1, sizeof *c->tls_files);
    if (c->tls_files == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    c->tls_files->keylog = -1;
    return CLI_DONE;
}

/* Opens for appending; new files are readable by this user alone. An existing file that others may
 * read keeps its mode, and that is said. */
static cli_exit open_private(cli *c, const char *path, const char *what, int *fd)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (*fd == -1) {
        char text[100];
        snprintf(text, sizeof text, "the %s could not be opened", what);
        return cli_file_error(c, text, path, errno);
    }
    struct stat st;
    if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
        cli_warn(c, "others may read the %s %s (mode %03o)", what, path,
                 (unsigned)(st.st_mode & 0777));
    return CLI_DONE;
}

void cli_tls_files_close(cli *c)
{
    struct cli_tls_files *files = c->tls_files;
    if (files == NULL)
        return;
    if (files->keylog != -1)
        close(files->keylog);
    if (files->trace != NULL && (ferror(files->trace) | fclose(files->trace)) != 0)
        cli_warn(c, "the trace could not be written to its end");
    free(files);
    c->tls_files = NULL;
}

static cli_exit add_keylog(cli *c, hf_config *cfg)
{
    const char *path = cli_text(c, "keylog");
    bool from_environment = path == NULL;
    if (from_environment)
        path = getenv("SSLKEYLOGFILE");
    if (path == NULL || path[0] == '\0')
        return CLI_DONE;
    struct cli_tls_files *files = c->tls_files;
    if (files->keylog == -1) {
        cli_exit status = open_private(c, path, "key log", &files->keylog);
        if (status != CLI_DONE)
            return status;
        if (from_environment)
            cli_warn(c, "SSLKEYLOGFILE is set: whoever reads %s can read these connections", path);
    }
    hf_config_keylog(cfg, keylog_line, files);
    return CLI_DONE;
}

static cli_exit add_trace(cli *c, hf_config *cfg, const hf_trace *also)
{
    struct cli_tls_files *files = c->tls_files;
    const char *path = has_option(c, "trace") ? cli_text(c, "trace") : NULL;
    if (path != NULL && files->trace == NULL) {
        int fd;
        cli_exit status = open_private(c, path, "trace", &fd);
        if (status != CLI_DONE)
            return status;
        if (ftruncate(fd, 0) != 0)
            errno = 0; /* a pipe or a device: nothing to cut */
        files->trace = fdopen(fd, "a");
        if (files->trace == NULL) {
            close(fd);
            return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
        }
        files->lines.file = files->trace;
        files->to_file = hf_explain_lines_trace(&files->lines);
    }
    if (also != NULL)
        files->also = *also;
    if (also != NULL && files->trace != NULL)
        hf_config_trace(cfg,
                        &(hf_trace){.event = both_traces, .ctx = files, .secrets = also->secrets});
    else if (also != NULL || files->trace != NULL)
        hf_config_trace(cfg, also != NULL ? also : &files->to_file);
    return CLI_DONE;
}

/* ---- keys, identities, trust ---- */

static char *ask_on_terminal(const char *question)
{
    char line[512];
    size_t n = 0;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios shown, hidden;
    if (tty == -1 || tcgetattr(tty, &shown) != 0) {
        if (tty != -1)
            close(tty);
        return NULL;
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(tty, TCSAFLUSH, &hidden);
    (void)!write(tty, question, strlen(question));
    while (n < sizeof line - 1 && read(tty, line + n, 1) == 1 && line[n] != '\n')
        n++;
    tcsetattr(tty, TCSAFLUSH, &shown);
    (void)!write(tty, "\n", 1);
    close(tty);
    line[n] = '\0';
    char *password = strdup(line);
    explicit_bzero(line, sizeof line);
    return password;
}

static void forget(char *password)
{
    if (password != NULL)
        explicit_bzero(password, strlen(password));
    free(password);
}

static cli_exit password_from_file(cli *c, const char *path)
{
    char line[1024];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return cli_file_error(c, "the password file could not be read", path, errno);
    setvbuf(file, NULL, _IONBF, 0); /* no copy of the password in a buffer of stdio */
    errno = 0;
    bool got = fgets(line, sizeof line, file) != NULL;
    int error_number = got ? 0 : errno;
    fclose(file);
    if (error_number != 0)
        return cli_file_error(c, "the password file could not be read", path, error_number);
    size_t n = got ? strcspn(line, "\r\n") : 0;
    bool whole = n != 0 && n + 1 < sizeof line;
    line[n] = '\0';
    c->password = whole ? strdup(line) : NULL;
    explicit_bzero(line, sizeof line);
    const cli_line lines[] = {
        {"on", path},
        {"try", "a file whose first line is the password, of at most 1022 bytes"},
        {0}};
    if (!whole)
        return cli_fail(c, CLI_LOCAL_FILE,
                        n == 0 ? "the password file's first line is empty"
                               : "the password file's first line is too long",
                        lines);
    return c->password != NULL ? CLI_DONE : cli_fail(c, CLI_OTHER, "memory ran out", NULL);
}

const char *cli_password(cli *c, const char *for_what, bool confirm, cli_exit *status)
{
    *status = CLI_DONE;
    if (c->password != NULL)
        return c->password;
    const char *path = cli_text(c, "password-file");
    if (path != NULL) {
        *status = password_from_file(c, path);
        return *status == CLI_DONE ? c->password : NULL;
    }
    if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1)
        return NULL; /* nobody is there to be asked */
    char shown[300], question[400];
    cli_escape(for_what, strlen(for_what), shown, sizeof shown);
    snprintf(question, sizeof question, "password for %s: ", shown);
    c->password = ask_on_terminal(question);
    if (c->password == NULL || !confirm)
        return c->password;
    char *again = ask_on_terminal("the same once more: ");
    if (again == NULL || strcmp(again, c->password) != 0) {
        *status = cli_fail(c, CLI_USAGE, "the two passwords differ", NULL);
        forget(c->password);
        c->password = NULL;
    }
    forget(again);
    return c->password;
}

/* What cli_key_read and cli_identity_read share: try without a password, then with one. */
typedef hf_status (*read_fn)(void *ctx, const char *password, hf_error *e);

static cli_exit read_with_password(cli *c, const char *path, read_fn read_it, void *ctx,
                                   const char *doing)
{
    hf_error e = {0};
    hf_status status = read_it(ctx, NULL, &e);
    if (status == HF_E_KEY_PASSWORD) {
        cli_exit exit_status;
        const char *password = cli_password(c, path, false, &exit_status);
        if (exit_status != CLI_DONE)
            return exit_status;
        if (password == NULL) {
            const cli_line lines[] = {
                {"on", path}, {"try", "--password-file FILE, or run this on a terminal"}, {0}};
            return cli_fail(c, CLI_LOCAL_FILE, "the private key is encrypted", lines);
        }
        e = (hf_error){0};
        status = read_it(ctx, password, &e);
    }
    if (status == HF_OK)
        return CLI_DONE;
    if (e.code == HF_OK)
        e.code = status;
    if (e.subject[0] == '\0')
        snprintf(e.subject, sizeof e.subject, "%s", path);
    if (e.code == HF_E_KEY_MISMATCH) { /* the subject is the certificate's file: name the other */
        size_t n = strlen(e.got);
        snprintf(e.got + n, sizeof e.got - n, " in %s", path);
    }
    return cli_error(c, &e, doing);
}

typedef struct key_request {
    const char *path;
    hf_key **out;
} key_request;

static hf_status read_key(void *ctx, const char *password, hf_error *e)
{
    const key_request *r = ctx;
    return hf_key_read_file(r->path, password, r->out, e);
}

cli_exit cli_key_read(cli *c, const char *path, hf_key **out)
{
    key_request request = {path, out};
    *out = NULL;
    return read_with_password(c, path, read_key, &request, "reading the private key");
}

typedef struct identity_request {
    const char *chain, *key;
    hf_identity **out;
} identity_request;

static hf_status read_identity(void *ctx, const char *password, hf_error *e)
{
    const identity_request *r = ctx;
    return hf_identity_read_files(r->chain, r->key, password, r->out, e);
}

cli_exit cli_identity_read(cli *c, const char *chain_path, const char *key_path, hf_identity **out)
{
    identity_request request = {chain_path, key_path != NULL ? key_path : chain_path, out};
    *out = NULL;
    return read_with_password(c, request.key, read_identity, &request,
                              key_path != NULL
                                  ? "reading the certificate and its key"
                                  : "reading the certificate and its key from one file (no --key)");
}

/* A store of the files that a repeatable option names. */
static cli_exit read_store(cli *c, const char *option, hf_store **out)
{
    hf_error e = {0};
    hf_status status = hf_store_new(out);
    const char *path = NULL;
    for (size_t i = 0; status == HF_OK && (path = cli_nth(c, option, i)) != NULL; i++)
        status = hf_store_add_file(*out, path, NULL, &e);
    if (status == HF_OK)
        return CLI_DONE;
    hf_store_free(*out);
    *out = NULL;
    if (e.code == HF_OK)
        e.code = status;
    if (e.subject[0] == '\0' && path != NULL)
        snprintf(e.subject, sizeof e.subject, "%s", path);
    return cli_error(c, &e, "reading the certificates to trust");
}

static cli_exit trust_files(cli *c, hf_config *cfg, const char *option)
{
    hf_store *store;
    cli_exit status = read_store(c, option, &store);
    if (status != CLI_DONE)
        return status;
    hf_config_trust(cfg, store);
    hf_store_free(store);
    return CLI_DONE;
}

static cli_exit add_client_trust(cli *c, hf_config *cfg)
{
    if (cli_flag(c, "insecure")) {
        cli_warn(c, "--insecure: the peer's certificate is not checked; anyone on the way can read "
                    "and change everything");
        hf_config_insecure_no_verification(cfg);
        return CLI_DONE;
    }
    if (cli_has_psks(c) && cli_count(c, "cacert") == 0)
        return CLI_DONE; /* the keys alone, and no certificate of whomever */
    if (cli_count(c, "cacert") != 0)
        return trust_files(c, cfg, "cacert");
    hf_config_trust_system(cfg); /* a failure is remembered, and told by hf_config_freeze */
    return CLI_DONE;
}

/* Options about the certificates of clients would do nothing where none is asked for. */
static cli_exit refuse_idle_demands(cli *c)
{
    static const char *const demands[] = {"crl",     "revocation", "profile",
                                          "ct-logs", "ct-policy",  "ask-ocsp"};
    for (size_t i = 0; i < sizeof demands / sizeof demands[0]; i++) {
        char what[100];
        if (!has_option(c, demands[i]) || cli_count(c, demands[i]) == 0)
            continue;
        snprintf(what, sizeof what, "--%s is about certificates of clients, and none is asked for",
                 demands[i]);
        return cli_usage(c, what, NULL, "--client-ca FILE");
    }
    return CLI_DONE;
}

static cli_exit add_client_auth(cli *c, hf_config *cfg)
{
    bool has_ca = cli_count(c, "client-ca") != 0;
    const char *mode = cli_text(c, "client-auth");
    if (mode == NULL)
        mode = has_ca ? "required" : "none";
    if (strcmp(mode, "none") == 0)
        return refuse_idle_demands(c);
    if (!has_ca)
        return cli_usage(c, "--client-auth needs to know which authority to trust", NULL,
                         "--client-ca FILE");
    cli_exit status = trust_files(c, cfg, "client-ca");
    hf_config_client_auth(cfg, mode[0] == 'o' ? HF_CLIENT_AUTH_OPTIONAL : HF_CLIENT_AUTH_REQUIRED);
    return status;
}

/* ---- the config ---- */

static cli_exit config_error(cli *c, hf_status code, const char *doing)
{
    hf_error e = {.code = code};
    return cli_error(c, &e, doing);
}

static uint16_t version_of(const char *text, uint16_t otherwise)
{
    if (text == NULL)
        return otherwise;
    return strcmp(text, "1.2") == 0 ? HF_TLS_1_2 : HF_TLS_1_3;
}

static cli_exit add_choices(cli *c, hf_config *cfg)
{
    const char *oldest = cli_text(c, "min-version"), *newest = cli_text(c, "max-version");
    uint16_t min = version_of(oldest, HF_TLS_1_2), max = version_of(newest, HF_TLS_1_3);
    if (min > max)
        return cli_usage(c, "--min-version is newer than --max-version", NULL, NULL);
    if (oldest != NULL || newest != NULL)
        hf_config_versions(cfg, min, max);
    if (cli_flag(c, "insecure-rsa-key-transport")) {
        cli_warn(c, "--insecure-rsa-key-transport: connections may lack forward secrecy");
        hf_config_insecure_rsa_key_transport(cfg);
    }
    static const struct {
        const char *option;
        hf_status (*set)(hf_config *cfg, const char *list);
    } lists[] = {
        {"groups", hf_config_groups},
        {"suites", hf_config_suites},
        {"sigschemes", hf_config_sigschemes},
        {"alpn", hf_config_alpn},
        {"cert-sigschemes", hf_config_cert_sigschemes},
        {"cert-compression", hf_config_cert_compression},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const char *list = cli_text(c, lists[i].option);
        if (list != NULL)
            lists[i].set(cfg, list); /* hf_config_freeze tells what is wrong with it */
    }
    return CLI_DONE;
}

static cli_exit add_everything(cli *c, hf_role role, const hf_trace *also, hf_config *cfg)
{
    cli_exit status = CLI_DONE;
    if (role == HF_CLIENT && has_option(c, "insecure"))
        status = add_client_trust(c, cfg);
    if (status == CLI_DONE && role == HF_SERVER && has_option(c, "client-ca"))
        status = add_client_auth(c, cfg);
    if (status == CLI_DONE && has_option(c, "cert"))
        status = cli_tls_identities(c, role, cfg);
    if (status == CLI_DONE && has_option(c, "min-version"))
        status = add_choices(c, cfg);
    if (status == CLI_DONE)
        status = cli_tls_revocation(c, cfg);
    if (status == CLI_DONE)
        status = cli_tls_ct(c, cfg);
    if (status == CLI_DONE)
        status = cli_tls_psks(c, cfg);
    if (status == CLI_DONE)
        status = tls_files(c);
    if (status == CLI_DONE && has_option(c, "keylog"))
        status = add_keylog(c, cfg);
    if (status == CLI_DONE && (also != NULL || has_option(c, "trace")))
        status = add_trace(c, cfg, also);
    return status;
}

cli_exit cli_tls_config(cli *c, hf_role role, const hf_trace *also, hf_config **out)
{
    *out = NULL;
    hf_config *cfg;
    hf_status made = hf_config_new(role, &cfg);
    if (made != HF_OK)
        return config_error(c, made, "preparing TLS");
    cli_exit status = add_everything(c, role, also, cfg);
    if (status == CLI_DONE)
        *out = cfg;
    else
        hf_config_free(cfg);
    return status;
}

cli_exit cli_tls_freeze(cli *c, hf_config *cfg)
{
    hf_error e = {0};
    hf_status status = hf_config_freeze(cfg, &e);
    if (status == HF_OK)
        return CLI_DONE;
    if (e.code == HF_OK)
        e.code = status;
    return cli_error(c, &e, "preparing TLS");
}
