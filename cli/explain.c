/* explain.c: `handfast explain`: connects, and shows the handshake step by step. */
#define _POSIX_C_SOURCE 200809L
#include "explain/explain.h"
#include "cli/cert_dial.h"
#include "cli/cert_file.h"
#include "cli/ct_logs.h"
#include "cli/explain_capture.h"
#include "cli/explain_kept.h"
#include "cli/explain_page.h"
#include "cli/psk_file.h"
#include "cli/revocation.h"
#include "cli/session_file.h"
#include "cli/starttls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TICKET_MS = 1000 }; /* how long a session is waited for, where one is to be kept */

static const cli_option own[] = {
    {.name = "http", .kind = CLI_FLAG, .help = "make one GET inside, and show its records too"},
    {.name = "secrets",
     .kind = CLI_FLAG,
     .help = "put keys and secrets into the explanation: whoever has it reads the connection"},
    {.name = "html",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "write a page that shows all of it: one file, for any browser"},
    {.name = "open", .kind = CLI_FLAG, .help = "show that page in the browser"},
    {.name = "force", .letter = 'f', .kind = CLI_FLAG, .help = "replace FILE if it is there"},
    {.name = "replay",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "explain a connection that was kept by --json before"},
    {.name = "diff", .kind = CLI_FLAG, .help = "compare two connections that were kept by --json"},
    {0},
};

static const cli_option of_captures[] = {
    {.name = "stream",
     .kind = CLI_NUMBER,
     .value = "N",
     .help = "which TCP connection of the capture, from 0; else the first with TLS"},
    {.name = "data", .kind = CLI_FLAG, .help = "show the bytes of application data too"},
    {0},
};

static const cli_group groups[] = {
    {"Options", own},
    {"Captures (with --keylog FILE to decrypt them)", of_captures},
    {"Output", cli_json_options},
    {"Connecting", cli_tls_client_options},
    {"Pre-shared keys", cli_psk_options},
    {"Rules for whoever issued the certificates", cli_profile_options},
    {"Revocation", cli_revocation_options},
    {"Certificate Transparency", cli_ct_options},
    {"From plain text to TLS", cli_starttls_options},
    {"Resuming", cli_session_options},
    {"TLS", cli_tls_options},
    {0},
};

static const cli_example examples[] = {
    {"handfast explain example.org:443", "shows the handshake, message by message"},
    {"handfast explain -v example.org", "shows every field, with its meaning"},
    {"handfast explain -vv --http example.org", "shows the bytes too, with a request inside"},
    {"handfast explain --open example.org", "shows it all in the browser, byte by byte"},
    {"handfast explain --html it.html example.org", "makes the same page, to keep or to send"},
    {"handfast explain --json example.org > good.json", "keeps it, for a program or for later"},
    {"handfast explain --session it.session example.org", "the second time, a resumed handshake"},
    {"handfast explain good.json", "shows what was kept"},
    {"handfast explain --diff good.json bad.json", "tells what differs between the two"},
    {"handfast explain --keylog keys.log it.pcapng", "shows a connection of a packet capture"},
    {0},
};

static const cli_argument arguments[] = {
    {.name = "HOST:PORT|FILE",
     .help = "whom to connect to (port 443 where none is given), a kept explanation, or a capture "
             "(pcap or pcapng; - is standard input)",
     .kind = CLI_FILE,
     .optional = true},
    {.name = "FILE",
     .help = "with --diff: the kept explanation to compare with the first",
     .kind = CLI_FILE,
     .optional = true},
    {0},
};

/* ---- output ---- */

static cli_exit print(cli *c, const hf_explain *x)
{
    if (cli_text(c, "html") != NULL || cli_flag(c, "open"))
        return explain_page_make(c, x, NULL);
    hf_explain_sink out = hf_explain_sink_file(stdout);
    hf_explain_text how = {.level = (int)(c->verbose > 2 ? 2 : c->verbose), .color = c->color_out};
    if (c->json)
        (void)hf_explain_render_json(x, out);
    else
        (void)hf_explain_render_text(x, out, &how);
    c->json_printed = true;
    return cli_flush_output(c);
}

/* ---- a kept explanation ---- */

static cli_exit replay(cli *c, const char *path)
{
    hf_explain *x;
    cli_exit status = explain_kept_read(c, path, &x);
    if (status != CLI_DONE)
        return status;
    status = print(c, x);
    hf_explain_free(x);
    return status;
}

/* ---- a connection ---- */

/* One request; what comes back only matters to the trace. A megabyte is enough to see. */
static hf_status get(hf_stream *s, const cli_target *t, hf_error *e)
{
    char request[600];
    char buffer[16384];
    int n = snprintf(request, sizeof request,
                     "GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: handfast/%s\r\n"
                     "Accept: */*\r\nConnection: close\r\n\r\n",
                     t->host_port, hf_version());
    hf_status status = hf_stream_write(s, request, (size_t)n);
    for (int64_t total = 0, got = 1; status == HF_OK && got > 0 && total < 1 << 20; total += got) {
        got = hf_stream_read(s, buffer, sizeof buffer);
        if (got < 0)
            status = (hf_status)got;
    }
    if (status != HF_OK)
        hf_stream_error(s, e);
    if (status != HF_OK && e->code == HF_OK)
        e->code = status;
    return status;
}

static hf_status talk(cli *c, hf_config *cfg, const cli_target *t, hf_explain *x, hf_error *e)
{
    hf_stream *s;
    hf_status status = cli_target_dial(c, cfg, t, &s, e);
    if (status != HF_OK) {
        hf_explain_finish(x, NULL, e);
        return status;
    }
    cli_session_tell(c, s);
    if (cli_flag(c, "http"))
        status = get(s, t, e);
    if (status == HF_OK)
        cli_session_await(c, s, TICKET_MS);
    hf_info info;
    hf_conn_info(hf_stream_conn(s), &info);
    if (info.host == NULL)
        info.host = t->name;
    hf_explain_finish(x, &info, e);
    (void)hf_stream_close(s);
    return status;
}

/* The error is in what was printed; where that went to a file, the person hears of it as well. */
static cli_exit tell(cli *c, const hf_explain *x, const hf_error *e)
{
    cli_exit failure = cli_exit_of(e->code);
    if (failure == CLI_NO_CONNECTION || failure == CLI_USAGE)
        return cli_error(c, e, "connecting");
    cli_exit printed = print(c, x);
    bool page = cli_text(c, "html") != NULL || cli_flag(c, "open");
    if ((page || isatty(STDOUT_FILENO) != 1) && !c->quiet)
        (void)cli_error(c, e, NULL);
    return printed != CLI_DONE ? printed : failure;
}

static cli_exit connect_and_explain(cli *c, const char *text)
{
    cli_target t;
    hf_config *cfg = NULL;
    hf_error e = {0};
    cli_exit status = cli_target_read(c, text, &t);
    if (status != CLI_DONE)
        return status;
    bool secrets = cli_flag(c, "secrets");
    if (secrets)
        cli_warn(c, "--secrets: whoever reads this explanation can read the connection");
    hf_explain *x = hf_explain_new(
        &(hf_explain_options){.secrets = secrets, .application_data = cli_flag(c, "http")});
    if (x == NULL) {
        e.code = HF_E_OUT_OF_MEMORY;
        return cli_error(c, &e, NULL);
    }
    hf_explain_set_target(x, t.host_port);
    status = cli_tls_config(c, HF_CLIENT, hf_explain_trace(x), &cfg);
    if (status == CLI_DONE && cli_flag(c, "http") && cli_text(c, "alpn") == NULL)
        hf_config_alpn(cfg, "http/1.1");
    if (status == CLI_DONE)
        status = cli_session_use(c, cfg);
    if (status == CLI_DONE)
        status = cli_tls_freeze(c, cfg);
    if (status == CLI_DONE)
        status = talk(c, cfg, &t, x, &e) == HF_OK ? print(c, x) : tell(c, x, &e);
    hf_config_free(cfg);
    hf_explain_free(x);
    return cli_session_end(c, status);
}

/* ---- the command ---- */

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode));
}

/* Something that only a file can be called: a path, or a name in .json that is no host name of
 * anyone's (the top level domain does not exist). */
static bool names_file(const char *argument)
{
    static const char *const ends[] = {".json", ".html", ".pcap", ".pcapng", ".cap", ".gz"};
    size_t n = strlen(argument);
    if (strncmp(argument, "https://", 8) == 0)
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (n > strlen(ends[i]) && strcmp(argument + n - strlen(ends[i]), ends[i]) == 0)
            return true;
    return strchr(argument, '/') != NULL;
}

/* By its first bytes; or, where these say nothing, by its name. */
static bool names_capture(const char *argument)
{
    struct stat st;
    static const char *const ends[] = {".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz"};
    size_t n = strlen(argument);
    if (strcmp(argument, "-") == 0)
        return true;
    if (stat(argument, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (n > strlen(ends[i]) && strcmp(argument + n - strlen(ends[i]), ends[i]) == 0)
            return true;
    return explain_capture_is(argument);
}

static cli_exit explain(cli *c)
{
    const char *argument = cli_argument_at(c, 0), *kept = cli_text(c, "replay");
    if (c->json && (cli_text(c, "html") != NULL || cli_flag(c, "open")))
        return cli_usage(c, "--json and a page are two forms: choose one", NULL,
                         "handfast explain --html FILE HOST:PORT");
    if (cli_flag(c, "diff"))
        return explain_kept_compare(c);
    if (cli_argument_at(c, 1) != NULL)
        return cli_usage(c, "a second file is for --diff", cli_argument_at(c, 1),
                         "handfast explain --diff A.json B.json");
    if (kept != NULL && argument != NULL)
        return cli_usage(c, "--replay takes the place of HOST:PORT", argument, NULL);
    if (kept == NULL && argument == NULL)
        return cli_usage(c, "whom to connect to is missing", NULL, "handfast explain HOST:PORT");
    if (kept == NULL && names_capture(argument))
        return explain_capture(c, argument, print);
    if (cli_count(c, "stream") != 0 || cli_flag(c, "data"))
        return cli_usage(c, "--stream and --data are for captures", kept == NULL ? argument : kept,
                         "handfast explain --stream N FILE.pcap");
    if (kept == NULL && is_file(argument))
        kept = argument;
    if (kept != NULL)
        return replay(c, kept);
    if (names_file(argument))
        return replay(c, argument); /* says that there is no such file */
    return connect_and_explain(c, argument);
}

const cli_command cli_command_explain = {
    .name = "explain",
    .summary = "shows a TLS connection step by step",
    .about = "Connects, and prints the handshake as it happened: each message with its main\n"
             "fields, what was agreed and why, the certificates with every check, and the\n"
             "verdict. When the handshake fails, it says at which byte or check, what was\n"
             "expected, what came, and what mends it; the exit status says what kind of\n"
             "failure it was.\n\n"
             "From a packet capture (tcpdump -w, Wireshark) it tells the same of a connection\n"
             "of others, as far as it can be seen: decrypted by the key log that the client or\n"
             "the server wrote (SSLKEYLOGFILE), given by --keylog or inside the pcapng; without\n"
             "one, what anybody on the way sees. With --cacert it judges the server's\n"
             "certificates too.",
    .examples = examples,
    .arguments = arguments,
    .groups = groups,
    .run = explain,
};
