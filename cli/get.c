/* get.c: `handfast get`: fetches over HTTPS. The request and its response are get_http.c's, where
 * the body goes is get_output.c's; here is what to ask whom, and where a redirect leads. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_dial.h"
#include "cli/ct_logs.h"
#include "cli/get_http.h"
#include "cli/get_output.h"
#include "cli/idna.h"
#include "cli/psk_file.h"
#include "cli/revocation.h"
#include "cli/session_file.h"
#include "cli/tls_summary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST_REDIRECTS = 10,
    BODY_MAX = 256 * 1024 * 1024,
    TICKET_MS = 1000, /* for the next session, where the answer came before it */
};

static const cli_option own[] = {
    {.name = "early-data",
     .kind = CLI_FLAG,
     .help = "send the request with the first flight (0-RTT) where the session of --session allows "
             "it: a GET or HEAD, which an attacker could repeat"},
    {.name = "output",
     .letter = 'o',
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "write the body to FILE (- is standard output); FILE appears when it is whole"},
    {.name = "remote-name",
     .letter = 'O',
     .kind = CLI_FLAG,
     .help = "write the body to a file named as the URL's last part"},
    {.name = "head", .letter = 'I', .kind = CLI_FLAG, .help = "ask for the headers only"},
    {.name = "fail",
     .letter = 'f',
     .kind = CLI_FLAG,
     .help = "HTTP status 400 and above: no output, exit status 9"},
    {.name = "header",
     .letter = 'H',
     .kind = CLI_TEXT,
     .repeats = true,
     .value = "NAME: VALUE",
     .help = "send this header; \"NAME:\" takes a default away"},
    {.name = "data",
     .letter = 'd',
     .kind = CLI_TEXT,
     .repeats = true,
     .value = "DATA",
     .help = "send DATA by POST; @FILE reads a file, @- standard input; several are joined by &"},
    {.name = "request",
     .letter = 'X',
     .kind = CLI_TEXT,
     .value = "METHOD",
     .help = "use METHOD in place of GET or POST"},
    {.name = "range",
     .letter = 'r',
     .kind = CLI_TEXT,
     .value = "FIRST-LAST",
     .help = "ask for these bytes only (from 0; \"500-\", \"-500\")"},
    {.name = "no-redirect", .kind = CLI_FLAG, .help = "show a redirect, do not follow it"},
    {0},
};

static const cli_group groups[] = {
    {"Options", own},
    {"Connecting", cli_tls_client_options},
    {"Pre-shared keys", cli_psk_options},
    {"Resuming", cli_session_options},
    {"Rules for whoever issued the certificates", cli_profile_options},
    {"Revocation", cli_revocation_options},
    {"Certificate Transparency", cli_ct_options},
    {"TLS", cli_tls_options},
    {0},
};

static const cli_example examples[] = {
    {"handfast get https://example.org/", "prints the page"},
    {"handfast get -O https://example.org/a.tar.gz", "keeps it as a.tar.gz"},
    {"handfast get -v -I https://example.org/", "shows TLS, the request and the answer's headers"},
    {"handfast get -d name=value https://example.org/form", "sends a form"},
    {"handfast get --session it.session https://example.org/", "resumes when it is run again"},
    {"handfast get --cacert ca.pem https://localhost:8443/", "trusts an authority of your own"},
    {0},
};

static const cli_argument arguments[] = {
    {.name = "URL", .help = "what to fetch; https:// may be left out", .repeats = true},
    {0},
};

/* ---- the command's state ---- */

typedef struct fetch {
    cli *cli;
    hf_config *cfg;
    cli_url first, now;                /* as the user wrote it; after redirects */
    uint64_t seen[MOST_REDIRECTS + 1]; /* digests of the requests made */
    unsigned redirects;
    const char *method;
    bool with_body;
    hf_bytes body;
    const char *output; /* path, or NULL */
    char remote_name[256];
    get_output out;
    bool out_open;
    cli_exit out_status;
    char asked[256];
    const char *servername; /* of --servername, in A-labels; or NULL */
    bool follow;            /* the response leads elsewhere */
    bool early, too_early;  /* --early-data; the server wants the request later: 425 */
    size_t sent_early;      /* bytes of the present request that it took early */
    get_response response;
} fetch;

static cli_exit url_usage(cli *c, const char *text, cli_url_result result)
{
    const char *hint = "handfast get https://HOST/PATH";
    if (result == CLI_URL_PASSWORD)
        hint = "-H 'Authorization: ...' keeps it out of logs and histories";
    if (result == CLI_URL_HOST)
        hint = "international names must be in their xn-- form";
    return cli_usage(c, cli_url_problem(result), text, hint);
}

/* ---- the request's body ---- */

typedef struct bytes {
    char *p;
    size_t n, room;
} bytes;

static bool append(bytes *b, const char *p, size_t n)
{
    if (n > b->room - b->n) {
        size_t room = (b->room + n) * 2;
        char *wider = realloc(b->p, room);
        if (wider == NULL)
            return false;
        b->p = wider;
        b->room = room;
    }
    if (n > 0)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    return true;
}

static cli_exit append_file(cli *c, const char *path, bytes *b)
{
    char piece[16384];
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : 0;
    cli_exit status = CLI_DONE;
    while (status == CLI_DONE && fd >= 0 &&
           ((n = read(fd, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0 && (b->n + (size_t)n > BODY_MAX || !append(b, piece, (size_t)n)))
            status = cli_fail(c, CLI_LOCAL_FILE, "the data to send is longer than 256 MiB",
                              (const cli_line[]){{"on", path}, {0}});
    if (status == CLI_DONE && n < 0)
        status = cli_file_error(c, "the data to send could not be read", path, errno);
    if (fd >= 0 && !standard)
        close(fd);
    return status;
}

static cli_exit read_body(cli *c, bytes *b)
{
    const char *data;
    cli_exit status = CLI_DONE;
    for (size_t i = 0; status == CLI_DONE && (data = cli_nth(c, "data", i)) != NULL; i++) {
        bool fits = i == 0 || append(b, "&", 1);
        if (data[0] == '@')
            status = append_file(c, data + 1, b);
        else
            fits = fits && append(b, data, strlen(data));
        if (!fits)
            status = cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    }
    return status;
}

/* ---- the response ---- */

static bool is_redirect(const fetch *f)
{
    unsigned s = f->response.status;
    return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) &&
           f->response.location[0] != '\0' && !cli_flag(f->cli, "no-redirect");
}

/* The head has come: is the body wanted, and where? */
static bool on_head(void *ctx, const get_response *r)
{
    fetch *f = ctx;
    f->follow = is_redirect(f);
    f->too_early = r->status == 425 && f->sent_early != 0;
    if (f->follow || f->too_early || (r->status >= 400 && cli_flag(f->cli, "fail")))
        return false;
    if (cli_text(f->cli, "range") != NULL && r->status == 200)
        cli_warn(f->cli, "the server ignores --range and sends the whole");
    bool head = strcmp(f->method, "HEAD") == 0;
    f->out_status = get_output_open(&f->out, f->cli, f->output, r->has_length && !head, r->length);
    f->out_open = true;
    if (f->out_status != CLI_DONE)
        return false;
    return !head || get_output_write(&f->out, r->head, r->head_len);
}

static bool on_body(void *ctx, const char *p, size_t n)
{
    fetch *f = ctx;
    return get_output_write(&f->out, p, n);
}

/* ---- one request ---- */

static void target_of(const fetch *f, cli_target *t)
{
    const char *name = f->servername;
    memset(t, 0, sizeof *t);
    snprintf(t->host, sizeof t->host, "%s", f->now.host);
    snprintf(t->port, sizeof t->port, "%s", f->now.port);
    cli_url_authority(&f->now, false, t->host_port, sizeof t->host_port);
    t->name = name != NULL && cli_url_same_origin(&f->first, &f->now) ? name : t->host;
}

static void tell_early(fetch *f, hf_stream *s, size_t written)
{
    hf_info info;
    hf_conn_info(hf_stream_conn(s), &info);
    f->sent_early = info.early_data == HF_EARLY_ACCEPTED ? written : 0;
    if (written == 0)
        cli_detail(f->cli, 1, "* early data: no session at hand allows any");
    else if (f->sent_early != 0)
        cli_detail(f->cli, 1, "* early data: %zu bytes went with the first flight", written);
    else
        cli_detail(f->cli, 1,
                   "* early data: the server did not take it; the request is sent again");
}

/* Connects; where it was asked for, the request goes along. */
static cli_exit dial(fetch *f, const get_request *q, hf_stream **s)
{
    cli_target t;
    hf_error e;
    char *text = NULL;
    size_t n = 0, written = 0;
    target_of(f, &t);
    cli_detail(f->cli, 1, "* connecting to %s", t.host_port);
    f->sent_early = 0;
    cli_exit status = f->early ? get_head_text(f->cli, q, &text, &n) : CLI_DONE;
    if (status == CLI_DONE &&
        cli_target_dial_early(f->cli, f->cfg, &t, (hf_bytes){(const uint8_t *)text, n}, &written, s,
                              &e) < 0)
        status = cli_error(f->cli, &e, NULL);
    free(text);
    if (status == CLI_DONE)
        cli_show_tls(f->cli, *s);
    if (status == CLI_DONE && f->early)
        tell_early(f, *s, written);
    return status;
}

static cli_exit one_exchange(fetch *f)
{
    hf_stream *s;
    get_request q = {.method = f->method,
                     .url = &f->now,
                     .first_origin = cli_url_same_origin(&f->first, &f->now),
                     .has_body = f->with_body,
                     .body = f->body};
    cli_exit status = dial(f, &q, &s);
    if (status != CLI_DONE)
        return status;
    q.early = f->sent_early;
    get_sink sink = {.head = on_head, .body = on_body, .ctx = f};
    f->follow = f->out_open = f->too_early = false;
    f->out_status = CLI_DONE;
    status = get_exchange(f->cli, s, &q, &f->response, &sink);
    if (f->sent_early != 0)
        cli_session_await(f->cli, s, TICKET_MS); /* it comes behind the answer then */
    hf_stream_close(s);
    if (f->out_open) {
        cli_exit closed =
            get_output_close(&f->out, f->out_status != CLI_DONE ? f->out_status : status);
        status = status != CLI_DONE ? status : closed;
    }
    return status;
}

/* RFC 8470 section 5.2: 425 asks for the same once more, behind a handshake. */
static cli_exit one_request(fetch *f)
{
    cli_exit status = one_exchange(f);
    if (status != CLI_DONE || !f->too_early)
        return status;
    cli_detail(f->cli, 1, "* 425 Too Early: the request is sent again, without early data");
    bool early = f->early;
    f->early = false;
    status = one_exchange(f);
    f->early = early;
    return status;
}

/* ---- redirects ---- */

static cli_exit redirect_failed(fetch *f, const char *what, const char *hint)
{
    char from[8600];
    cli_url_text(&f->now, from, sizeof from);
    const cli_line lines[] = {{"on", from}, {"leads to", f->response.location}, {"try", hint}, {0}};
    return cli_fail(f->cli, CLI_OTHER, what, lines);
}

/* FNV-1a, of what makes a request; a loop asks the same again. */
static uint64_t digest(const fetch *f)
{
    char text[8700];
    uint64_t h = 14695981039346656037u;
    int n = snprintf(text, sizeof text, "%s %s %s %s", f->method, f->now.host, f->now.port,
                     f->now.target);
    for (int i = 0; i < n && (size_t)i < sizeof text; i++)
        h = (h ^ (unsigned char)text[i]) * 1099511628211u;
    return h;
}

/* RFC 9110 section 15.4: after 303 always, and after 301 and 302 to a POST, the next is a GET. */
static void change_method(fetch *f)
{
    unsigned s = f->response.status;
    bool post = strcmp(f->method, "POST") == 0, head = strcmp(f->method, "HEAD") == 0;
    if ((s == 303 && !head) || ((s == 301 || s == 302) && post)) {
        f->method = "GET";
        f->with_body = false;
    }
}

static cli_exit follow_redirect(fetch *f)
{
    cli_url *next = malloc(sizeof *next);
    if (next == NULL)
        return cli_fail(f->cli, CLI_OTHER, "memory ran out", NULL);
    cli_url_result result = cli_url_follow(&f->now, f->response.location, next);
    bool leaves = result == CLI_URL_OK && !cli_url_same_origin(&f->first, next);
    cli_exit status = CLI_DONE;
    if (result == CLI_URL_NOT_HTTPS)
        status =
            redirect_failed(f, "the server redirects to plain http, which handfast does not use",
                            "the same address with https://");
    else if (result != CLI_URL_OK)
        status = redirect_failed(f, "the server redirects to what is no https URL", NULL);
    else if (leaves && cli_has_psks(f->cli))
        status =
            redirect_failed(f, "the server redirects elsewhere, and --psk-file is not for there",
                            "that address by itself, with or without --psk-file");
    else if (leaves && cli_count(f->cli, "cert") != 0)
        status = redirect_failed(f, "the server redirects elsewhere, and --cert is not for there",
                                 "that address by itself, with or without --cert");
    else if (f->redirects == MOST_REDIRECTS)
        status = redirect_failed(f, "the server redirects more than 10 times", NULL);
    if (status == CLI_DONE) {
        f->seen[f->redirects++] = digest(f);
        change_method(f);
        f->now = *next;
        for (unsigned i = 0; i < f->redirects && status == CLI_DONE; i++)
            if (f->seen[i] == digest(f))
                status = redirect_failed(f, "the redirects go round in a circle", NULL);
    }
    free(next);
    return status;
}

/* ---- one URL ---- */

static cli_exit tell_status(fetch *f)
{
    const get_response *r = &f->response;
    if (r->status < 400)
        return CLI_DONE;
    size_t line = strcspn(r->head, "\n"), skip = strcspn(r->head, " ");
    const char *text = r->head + skip + (skip < line);
    char answer[200], url[8600];
    snprintf(answer, sizeof answer, "%.*s", (int)(line - (size_t)(text - r->head)), text);
    cli_url_text(&f->now, url, sizeof url);
    if (!cli_flag(f->cli, "fail")) {
        cli_detail(f->cli, 1, "* the server answered %s", answer);
        return CLI_DONE;
    }
    const cli_line lines[] = {
        {"on", url}, {"got", answer}, {"try", "handfast get without --fail shows the body"}, {0}};
    return cli_fail(f->cli, CLI_HTTP, "the server refused the request", lines);
}

/* Hosts are asked for by their A-labels. */
static cli_exit read_url(fetch *f, const char *text, cli_url_result *result)
{
    size_t size = strlen(text) + 600;
    char *ascii = malloc(size);
    if (ascii == NULL)
        return cli_fail(f->cli, CLI_OTHER, "memory ran out", NULL);
    cli_exit status = cli_idna(f->cli, text, ascii, size);
    if (status == CLI_DONE)
        status = cli_idna_option(f->cli, "servername", f->asked, sizeof f->asked, &f->servername);
    *result = status == CLI_DONE ? cli_url_read(ascii, &f->first) : CLI_URL_HOST;
    free(ascii);
    return status;
}

static cli_exit fetch_url(fetch *f, const char *text)
{
    cli_url_result result = CLI_URL_OK;
    cli_exit named = read_url(f, text, &result);
    if (named != CLI_DONE)
        return named;
    if (result != CLI_URL_OK)
        return url_usage(f->cli, text, result);
    f->now = f->first;
    f->redirects = 0;
    if (cli_flag(f->cli, "remote-name")) {
        cli_url_file_name(&f->first, f->remote_name, sizeof f->remote_name);
        if (f->remote_name[0] == '\0')
            return cli_usage(f->cli, "the URL's last part is no name for a file", text, "-o FILE");
        f->output = f->remote_name;
    }
    cli_exit status;
    do {
        status = one_request(f);
        if (status == CLI_DONE && f->follow)
            status = follow_redirect(f);
    } while (status == CLI_DONE && f->follow);
    return status == CLI_DONE ? tell_status(f) : status;
}

/* ---- the command ---- */

static bool is_token(const char *text)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");
    return n > 0 && n <= 32 && text[n] == '\0';
}

static cli_exit check_usage(cli *c)
{
    const char *output = cli_text(c, "output"), *method = cli_text(c, "request");
    const char *range = cli_text(c, "range");
    if (c->argument_count == 0)
        return cli_usage(c, "what to fetch is missing", NULL, "handfast get URL");
    if (output != NULL && cli_flag(c, "remote-name"))
        return cli_usage(c, "--output and --remote-name exclude each other", output, NULL);
    if (output != NULL && strcmp(output, "-") != 0 && c->argument_count > 1)
        return cli_usage(c, "several URLs do not fit into one --output", output, "-O");
    if (method != NULL && !is_token(method))
        return cli_usage(c, "this is no HTTP method", method, "-X PUT");
    if (method != NULL && strcmp(method, "CONNECT") == 0)
        return cli_usage(c, "CONNECT is for proxies", NULL, "handfast connect HOST:PORT");
    if (range != NULL && (range[strspn(range, "0123456789-")] != '\0' || strlen(range) > 64 ||
                          strchr(range, '-') == NULL || range[1] == '\0'))
        return cli_usage(c, "this is no range of bytes", range, "-r 0-499");
    if (cli_flag(c, "head") && (cli_count(c, "data") != 0 || method != NULL))
        return cli_usage(c, "--head takes neither --data nor --request", NULL, NULL);
    bool safe = method == NULL || strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (cli_flag(c, "early-data") && (!safe || cli_count(c, "data") != 0))
        return cli_usage(c, "--early-data is for GET and HEAD without data",
                         "an attacker could repeat the request", "the same without --early-data");
    if (cli_flag(c, "early-data") && cli_text(c, "session") == NULL)
        return cli_usage(c, "--early-data needs a session from before", NULL, "--session FILE");
    return get_check_headers(c);
}

static cli_exit fetch_all(fetch *f, const bytes *body)
{
    cli *c = f->cli;
    cli_exit status = CLI_DONE;
    for (size_t i = 0; i < c->argument_count && status == CLI_DONE; i++) {
        const char *method = cli_text(c, "request");
        f->with_body = cli_count(c, "data") != 0;
        f->body = (hf_bytes){(const uint8_t *)body->p, body->n};
        f->method = cli_flag(c, "head") ? "HEAD"
                    : method != NULL    ? method
                    : f->with_body      ? "POST"
                                        : "GET";
        f->output = cli_text(c, "output");
        status = fetch_url(f, cli_argument_at(c, i));
    }
    return status;
}

static cli_exit get(cli *c)
{
    bytes body = {0};
    cli_exit status = check_usage(c);
    if (status == CLI_DONE)
        status = cli_resolve_check(c);
    if (status != CLI_DONE)
        return status;
    fetch *f = calloc(1, sizeof *f);
    if (f == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    f->cli = c;
    f->early = cli_flag(c, "early-data");
    status = read_body(c, &body);
    if (status == CLI_DONE)
        status = cli_tls_config(c, HF_CLIENT, NULL, &f->cfg);
    if (status == CLI_DONE && cli_text(c, "alpn") == NULL)
        hf_config_alpn(f->cfg, "http/1.1");
    if (status == CLI_DONE && f->early)
        hf_config_early_data(f->cfg, 1);
    if (status == CLI_DONE && c->verbose > 0)
        hf_config_keep_peer_chain(f->cfg, true);
    if (status == CLI_DONE)
        status = cli_session_use(c, f->cfg);
    if (status == CLI_DONE)
        status = cli_tls_freeze(c, f->cfg);
    if (status == CLI_DONE)
        status = fetch_all(f, &body);
    hf_config_free(f->cfg);
    status = cli_session_end(c, status);
    free(f);
    free(body.p);
    return status;
}

const cli_command cli_command_get = {
    .name = "get",
    .summary = "fetches over HTTPS",
    .about = "Fetches each URL and prints its body, or writes it to a file. Redirects are\n"
             "followed, up to ten, and never to plain http; passwords and cookies given by -H\n"
             "go to the host that was named, and to no other. A body that is shorter than the\n"
             "server said, or that ends without TLS's own end, is an error.",
    .examples = examples,
    .arguments = arguments,
    .groups = groups,
    .run = get,
};
