/* serve.c: `handfast serve`: HTTPS for a folder. Its options, its start, signals, its end. */
#define _POSIX_C_SOURCE 200809L
#include "cli/serve.h"
#include "cli/ct_logs.h"
#include "cli/psk_file.h"
#include "cli/revocation.h"
#include "cli/serve_config.h"
#include "cli/serve_explain.h"
#include "cli/serve_files.h"
#include "cli/serve_listen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    SWEEP_MS = 200,
    KEY_PAIRS = 64,                /* made ahead at most */
    RENEWAL_MS = 12 * 3600 * 1000, /* how often the local certificate's age is looked at */
};

/* ---- the table ---- */

static cli_exit cmd_serve(cli *c);

static const cli_option options[] = {
    {.name = "listen",
     .kind = CLI_TEXT,
     .repeats = true,
     .value = "ADDR:PORT",
     .help = "where to wait for connections; default 127.0.0.1:8443, port 0 takes a free one"},
    {.name = "list", .kind = CLI_FLAG, .help = "list folders that have no index.html"},
    {.name = "state",
     .kind = CLI_DIR,
     .value = "DIR",
     .help = "where the local authority lives; default ~/.local/share/handfast"},
    {.name = "echo",
     .kind = CLI_FLAG,
     .help = "answer PUT and POST to /.echo with SHA-256 and length of what came"},
    {0},
};

static const cli_option explaining[] = {
    {.name = "explain",
     .kind = CLI_FLAG,
     .help = "show visitors of /.handfast/ from this machine their own handshake, and the recent "
             "connections; a second port speaks TLS 1.2 alone"},
    {.name = "explain-anyone",
     .kind = CLI_FLAG,
     .help = "the same for visitors from elsewhere: their own handshake, never another's"},
    {.name = "explain-secrets",
     .kind = CLI_FLAG,
     .help = "with the keys: whoever sees the page can read the connection"},
    {0},
};

static const cli_option limits[] = {
    {.name = "max-connections",
     .kind = CLI_NUMBER,
     .value = "N",
     .min = 1,
     .max = 100000,
     .help = "at the same time; default 1024. Beyond it, the longest idle one makes room"},
    {.name = "handshake-timeout",
     .kind = CLI_SECONDS,
     .value = "SECONDS",
     .min = 1,
     .max = 3600,
     .help = "for the whole handshake; default 10"},
    {.name = "idle-timeout",
     .kind = CLI_SECONDS,
     .value = "SECONDS",
     .min = 1,
     .max = 86400,
     .help = "between requests, and for a peer that takes nothing; default 60"},
    {.name = "grace",
     .kind = CLI_SECONDS,
     .value = "SECONDS",
     .min = 0,
     .max = 3600,
     .help = "for responses under way when told to stop; default 10"},
    {.name = "threads",
     .kind = CLI_NUMBER,
     .value = "N",
     .min = 0,
     .max = 64,
     .help = "threads that sign and agree on keys; default 0: the one that serves"},
    {0},
};

static const cli_option clients[] = {
    {.name = "ask-ocsp",
     .kind = CLI_FLAG,
     .help = "ask clients to staple an OCSP response (TLS 1.3 alone); what it says counts"},
    {0},
};

static const cli_group groups[] = {
    {"Options", options},
    {"Explaining", explaining},
    {"Certificates", cli_tls_server_options},
    {"Pre-shared keys", cli_psk_options},
    {"Resuming", cli_ticket_options},
    {"What clients' certificates must show", clients},
    {"Rules for whoever issued them", cli_profile_options},
    {"Revocation of clients", cli_revocation_options},
    {"Certificate Transparency of clients", cli_ct_options},
    {"TLS", cli_tls_options},
    {"Limits", limits},
    {0},
};

static const cli_argument arguments[] = {
    {.name = "ROOT",
     .help = "the folder to serve; default is the present one",
     .kind = CLI_DIR,
     .optional = true},
    {0},
};

static const cli_example examples[] = {
    {"handfast serve ./site", "this machine only, with a certificate of its own making"},
    {"handfast serve ./site --listen 0.0.0.0:443 --cert site.pem --key site.key",
     "for everyone, with your certificate"},
    {"handfast serve --cert a.pem --key a.key --cert b.pem --key b.key",
     "two certificates: the client's wish (name, signature scheme) chooses"},
    {"handfast serve ./site --client-ca team.pem", "only for clients whose certificate it issued"},
    {0},
};

const cli_command cli_command_serve = {
    .name = "serve",
    .summary = "HTTPS server for a folder",
    .about =
        "Serves files over HTTP/1.1 and TLS. Files whose name starts with a dot are never served, "
        "nor anything outside ROOT. Without --cert it makes a certificate authority once, and with "
        "it a certificate for localhost, 127.0.0.1 and ::1, renewed by itself.\n\n"
        "SIGTERM and SIGINT stop it when the responses under way are done; SIGHUP reads "
        "certificates and ticket keys anew, for new connections. Every request is a line on "
        "standard error "
        "(not with --quiet).",
    .examples = examples,
    .arguments = arguments,
    .groups = groups,
    .run = cmd_serve,
};

static void on_renewal(uv_timer_t *timer)
{
    serve *s = timer->data;
    if (s->local && !s->stopping)
        serve_reload(s);
}

/* ---- the end ---- */

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Every connection is gone: let the loop run out. */
static void end(serve *s)
{
    if (s->ended)
        return;
    s->ended = true;
    /* another signal must not kill what is ending by itself: from here on they wait, for nobody */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    serve_listeners_close(s);
    hf_pool_free(s->pool); /* waits for its threads: no job calls back from here on */
    s->pool = NULL;
    uv_walk(&s->loop, close_handle, NULL);
}

void serve_conn_gone(serve *s)
{
    if (s->stopping && s->count == 0)
        end(s);
    else if (s->count < s->max_connections)
        serve_accept_on(s);
}

static void stop(serve *s, const char *why)
{
    if (s->stopping) { /* told twice: now */
        serve_conn_drop_all(s);
        return;
    }
    s->stopping = true;
    s->stop_by_ms = (int64_t)uv_now(&s->loop) + s->grace_ms;
    serve_listeners_close(s);
    cli_say(s->c, "%s: stopping; %u connection%s open", why, s->count, s->count == 1 ? "" : "s");
    serve_conn_stop_all(s);
    if (s->count == 0)
        end(s);
}

static void on_signal(uv_signal_t *handle, int number)
{
    serve *s = handle->data;
    if (number != SIGHUP)
        stop(s, number == SIGINT ? "interrupted" : "terminated");
    else if (!s->stopping)
        serve_reload_all(s);
}

static void on_sweep(uv_timer_t *timer)
{
    serve *s = timer->data;
    int64_t now = (int64_t)uv_now(&s->loop);
    serve_conn_sweep(s, now);
    if (s->stopping && now >= s->stop_by_ms)
        serve_conn_drop_all(s);
    else
        serve_accept_on(s); /* there may be descriptors again, or a connection that can make room */
}

static void on_wake(uv_async_t *async)
{
    serve_conn_run_ready(async->data);
}

/* ---- the start ---- */

/* Room for the connections: each takes a descriptor, and another while a file is sent. */
static void raise_descriptor_limit(const serve *s)
{
    struct rlimit limit;
    rlim_t wanted = 2 * (rlim_t)s->max_connections + 64;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur =
        limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= wanted ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static cli_exit read_explain_options(serve *s)
{
    cli *c = s->c;
    bool anyone = cli_flag(c, "explain-anyone"), secrets = cli_flag(c, "explain-secrets");
    if (!cli_flag(c, "explain") && !anyone && secrets)
        return cli_usage(c, "--explain-secrets needs --explain", NULL, NULL);
    if (!cli_flag(c, "explain") && !anyone)
        return CLI_DONE;
    if (secrets)
        cli_warn(c, "--explain-secrets: whoever sees the page can read the connection");
    s->explain = serve_explain_new(anyone, secrets);
    if (s->explain == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    const char *min = cli_text(c, "min-version"), *max = cli_text(c, "max-version");
    s->door_12 =
        (min == NULL || strcmp(min, "1.3") != 0) && (max == NULL || strcmp(max, "1.2") != 0);
    return CLI_DONE;
}

static cli_exit read_options(serve *s)
{
    cli *c = s->c;
    const char *root = cli_argument_at(c, 0) != NULL ? cli_argument_at(c, 0) : ".";
    s->site.list = cli_flag(c, "list");
    s->site.echo = cli_flag(c, "echo");
    s->max_connections = (unsigned)cli_number(c, "max-connections", 1024);
    s->handshake_ms = cli_ms(c, "handshake-timeout", 10000);
    s->idle_ms = cli_ms(c, "idle-timeout", 60000);
    s->grace_ms = cli_ms(c, "grace", 10000);
    s->local = cli_count(c, "cert") == 0 && !cli_has_psks(c);
    s->site.root = serve_root_open(root);
    if (s->site.root == -1)
        return cli_file_error(c, "the folder to serve cannot be opened", root, errno);
    raise_descriptor_limit(s);
    cli_exit explained = read_explain_options(s);
    if (explained != CLI_DONE)
        return explained;
    (void)hf_keypairs_new(NULL, "X25519", KEY_PAIRS, &s->keypairs, NULL); /* none: as without */
    int64_t threads = cli_number(c, "threads", 0);
    hf_status status = threads > 0 ? hf_pool_new((unsigned)threads, &s->pool) : HF_OK;
    if (status == HF_OK)
        return CLI_DONE;
    hf_error e = {.code = status};
    return cli_error(c, &e, "starting threads");
}

static void on_idle(uv_idle_t *idle)
{
    serve *s = idle->data;
    if (s->keypairs == NULL || hf_keypairs_make(s->keypairs, 1) == 0)
        uv_idle_stop(idle);
}

void serve_make_keypairs(serve *s)
{
    if (!s->ended)
        uv_idle_start(&s->idle, on_idle);
}

static cli_exit start_handles(serve *s)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    int failed = uv_timer_init(&s->loop, &s->sweep) | uv_timer_init(&s->loop, &s->renewal) |
                 uv_idle_init(&s->loop, &s->idle) | uv_async_init(&s->loop, &s->wake, on_wake);
    s->idle.data = s->sweep.data = s->renewal.data = s->wake.data = s;
    failed |= uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    failed |= uv_timer_start(&s->renewal, on_renewal, RENEWAL_MS, RENEWAL_MS);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        failed |= uv_signal_init(&s->loop, &s->signals[i]);
        s->signals[i].data = s;
        failed |= uv_signal_start(&s->signals[i], on_signal, numbers[i]);
    }
    serve_make_keypairs(s);
    return failed == 0 ? CLI_DONE
                       : cli_fail(s->c, CLI_OTHER, "the event loop could not be started", NULL);
}

static void announce(serve *s)
{
    if (s->local)
        cli_say(s->c,
                "to trust it: handfast cert trust %s   (once: --cacert, for handfast and curl)",
                s->ca_path);
    const char *root = cli_argument_at(s->c, 0);
    for (size_t i = 0; i < s->listener_count; i++) {
        char url[128];
        serve_url_of(&s->listeners[i], url, sizeof url);
        if (s->listeners[i].only_12) {
            cli_say(s->c, "the same over TLS 1.2 alone: %s.handfast/", url);
            continue;
        }
        if (s->explain != NULL)
            cli_say(s->c, "your own handshake, byte by byte: %s.handfast/", url);
        cli_say(s->c, "handfast serves %s at %s", root != NULL ? root : "this folder", url);
        if (serve_is_everywhere(&s->listeners[i]))
            cli_detail(s->c, 1, "(and at every other address of this machine)");
    }
}

static cli_exit start(serve *s)
{
    cli_exit status = read_options(s);
    if (status == CLI_DONE)
        status = start_handles(s);
    if (status == CLI_DONE)
        status = serve_listeners_open(s);
    if (status != CLI_DONE)
        return status;
    serve_local_names(s);
    status = cli_tickets_new(s->c, &s->tickets);
    return status == CLI_DONE ? serve_configs_make(s, true) : status;
}

static cli_exit cmd_serve(cli *c)
{
    serve *s = calloc(1, sizeof *s);
    if (s == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    s->c = c;
    s->site.root = -1;
    pthread_mutex_init(&s->ready_lock, NULL);
    if (uv_loop_init(&s->loop) != 0) {
        free(s);
        return cli_fail(c, CLI_OTHER, "the event loop could not be started", NULL);
    }
    cli_exit status = start(s);
    if (status == CLI_DONE) {
        announce(s);
        serve_accept_on(s);
    } else {
        s->stopping = true;
        end(s);
    }
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
    serve_conn_free_slots(s);
    hf_config_free(s->config);
    hf_config_free(s->config_12);
    cli_tickets_free(&s->tickets);
    serve_explain_free(s->explain);
    hf_keypairs_free(s->keypairs);
    if (s->site.root != -1)
        close(s->site.root);
    pthread_mutex_destroy(&s->ready_lock);
    free(s->listeners);
    free(s);
    return status;
}
