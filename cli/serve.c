/* serve.c: `handfast serve`: HTTPS for a folder. Listening, signals, certificates. */
#define _GNU_SOURCE /* accept4 */
#include "cli/serve.h"
#include "cli/psk_file.h"
#include "cli/revocation.h"
#include "cli/serve_explain.h"
#include "cli/serve_files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SWEEP_MS = 200,
    ACCEPT_AT_ONCE = 32,
    KEY_PAIRS = 64,                /* made ahead at most */
    RENEWAL_MS = 12 * 3600 * 1000, /* how often the local certificate's age is looked at */
};

struct serve_listener {
    serve *s;
    int fd;
    uv_poll_t poll;
    bool open;
    bool only_12;     /* TLS 1.2 alone: the door that --explain adds */
    char address[64]; /* without the port */
    unsigned port;
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

static const cli_group groups[] = {
    {"Options", options},
    {"Explaining", explaining},
    {"Certificates", cli_tls_server_options},
    {"Pre-shared keys", cli_psk_options},
    {"Resuming", cli_ticket_options},
    {"Revocation of clients", cli_revocation_options},
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

/* ---- listening ---- */

static void on_acceptable(uv_poll_t *handle, int status, int events);

static void accept_on(serve *s)
{
    if (s->accepting || s->stopping)
        return;
    s->accepting = true;
    for (size_t i = 0; i < s->listener_count; i++)
        uv_poll_start(&s->listeners[i].poll, UV_READABLE, on_acceptable);
}

static void accept_off(serve *s)
{
    s->accepting = false;
    for (size_t i = 0; i < s->listener_count; i++)
        uv_poll_stop(&s->listeners[i].poll);
}

/* "192.0.2.1:4711" or "[2001:db8::1]:4711"; `port` NULL puts only the address, without brackets. */
static void address_text(const struct sockaddr_storage *a, char *text, size_t size, unsigned *port)
{
    char host[INET6_ADDRSTRLEN] = "?";
    unsigned number = 0;
    bool six = a->ss_family == AF_INET6;
    if (six) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        number = ntohs(in6->sin6_port);
    } else if (a->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)a;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        number = ntohs(in->sin_port);
    }
    if (port != NULL) {
        *port = number;
        snprintf(text, size, "%s", host);
    } else {
        snprintf(text, size, six ? "[%s]:%u" : "%s:%u", host, number);
    }
}

static bool someone_waits(int fd)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

static void on_acceptable(uv_poll_t *handle, int status, int events)
{
    serve_listener *l = handle->data;
    serve *s = l->s;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        bool full = s->count >= s->max_connections;
        if (full && !someone_waits(l->fd))
            return;
        if (full && !serve_conn_evict(s)) {
            accept_off(s); /* the kernel's queue holds them; serve_conn_gone goes on */
            cli_detail(s->c, 1, "%u connections: new ones wait", s->count);
            return;
        }
        struct sockaddr_storage address;
        socklen_t length = sizeof address;
        int fd = accept4(l->fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd == -1) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                accept_off(s); /* on again by the sweep */
                cli_warn(s->c, "no descriptors left with %u connections: new ones wait", s->count);
            }
            if (errno != EINTR && errno != ECONNABORTED)
                return;
            continue;
        }
        char peer[64];
        address_text(&address, peer, sizeof peer, NULL);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        serve_conn_start(s, l->only_12 ? s->config_12 : s->config, fd, peer);
    }
}

static cli_exit open_listener(serve *s, serve_listener *l, const char *where)
{
    hf_error e = {0};
    *l = (serve_listener){.s = s, .fd = hf_listen(where, &e)};
    if (l->fd < 0) {
        if (e.code == HF_OK)
            e.code = l->fd;
        if (e.code != HF_E_SYSTEM || e.expected[0] == '\0')
            return cli_error(s->c, &e, "listening");
        char hint[sizeof e.expected + 40];
        snprintf(hint, sizeof hint, "--listen ADDR:PORT with %s", e.expected);
        const cli_line lines[] = {{"on", where}, {"because", e.got}, {"try", hint}, {NULL, NULL}};
        return cli_fail(s->c, cli_exit_of(e.code), "cannot listen there", lines);
    }
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int flags = fcntl(l->fd, F_GETFL);
    if (fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        getsockname(l->fd, (struct sockaddr *)&address, &length) != 0 ||
        uv_poll_init(&s->loop, &l->poll, l->fd) != 0) {
        close(l->fd);
        return cli_file_error(s->c, "the listening socket cannot be used", where, errno);
    }
    l->poll.data = l;
    l->open = true;
    address_text(&address, l->address, sizeof l->address, &l->port);
    s->listener_count++;
    return CLI_DONE;
}

/* TLS 1.2 alone, beside the first listener: on the next port where that is free, else on any. */
static cli_exit open_listener_12(serve *s)
{
    const serve_listener *first = &s->listeners[0];
    serve_listener *l = &s->listeners[s->listener_count];
    bool six = strchr(first->address, ':') != NULL;
    char where[96];
    snprintf(where, sizeof where, six ? "[%s]:%u" : "%s:%u", first->address, first->port + 1);
    int fd = first->port < 65535 ? hf_listen(where, NULL) : -1;
    if (fd < 0)
        snprintf(where, sizeof where, six ? "[%s]:0" : "%s:0", first->address);
    else
        close(fd);
    cli_exit status = open_listener(s, l, where);
    l->only_12 = true;
    if (status == CLI_DONE)
        serve_explain_set_ports(s->explain, first->port, l->port);
    return status;
}

static cli_exit open_listeners(serve *s)
{
    size_t wanted = cli_count(s->c, "listen");
    s->listeners = calloc(wanted + 2, sizeof *s->listeners);
    if (s->listeners == NULL)
        return cli_fail(s->c, CLI_OTHER, "memory ran out", NULL);
    cli_exit status = wanted == 0 ? open_listener(s, &s->listeners[0], "127.0.0.1:8443") : CLI_DONE;
    for (size_t i = 0; i < wanted && status == CLI_DONE; i++)
        status = open_listener(s, &s->listeners[i], cli_nth(s->c, "listen", i));
    if (status == CLI_DONE && s->door_12)
        status = open_listener_12(s);
    return status;
}

static void on_listener_closed(uv_handle_t *handle)
{
    serve_listener *l = handle->data;
    close(l->fd);
}

static void close_listeners(serve *s)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        serve_listener *l = &s->listeners[i];
        if (!l->open)
            continue;
        l->open = false;
        uv_poll_stop(&l->poll);
        shutdown(l->fd, SHUT_RDWR); /* refuses from now on; the descriptor goes with its handle */
        uv_close((uv_handle_t *)&l->poll, on_listener_closed);
    }
}

static bool everywhere(const serve_listener *l)
{
    return strcmp(l->address, "0.0.0.0") == 0 || strcmp(l->address, "::") == 0;
}

static void url_of(const serve_listener *l, char *url, size_t size)
{
    bool local =
        everywhere(l) || strcmp(l->address, "127.0.0.1") == 0 || strcmp(l->address, "::1") == 0;
    bool six = strchr(l->address, ':') != NULL;
    char port[16] = "";
    if (l->port != 443)
        snprintf(port, sizeof port, ":%u", l->port);
    snprintf(url, size, "https://%s%s%s%s/", six && !local ? "[" : "",
             local ? "localhost" : l->address, six && !local ? "]" : "", port);
}

/* ---- certificates ---- */

/* localhost and the addresses that are listened on. */
static void local_names(serve *s)
{
    size_t n = 0, most = sizeof s->names / sizeof s->names[0] - 1;
    s->names[n++] = "localhost";
    s->names[n++] = "127.0.0.1";
    s->names[n++] = "::1";
    for (size_t i = 0; i < s->listener_count && n < most; i++) {
        bool there = everywhere(&s->listeners[i]);
        for (size_t j = 0; j < n; j++)
            there = there || strcmp(s->names[j], s->listeners[i].address) == 0;
        if (!there)
            s->names[n++] = s->listeners[i].address;
    }
    s->names[n] = NULL;
}

static cli_exit add_local(serve *s, hf_config *cfg, bool first)
{
    cli_local local;
    char *dir = cli_state_dir(s->c);
    if (dir == NULL)
        return CLI_LOCAL_FILE;
    int64_t now_s = hf_provider_default()->now_s(hf_provider_default()->ctx);
    cli_exit status = cli_local_identity(s->c, dir, s->names, now_s, &local);
    free(dir);
    if (status != CLI_DONE)
        return status;
    hf_config_add_identity(cfg, local.identity);
    hf_identity_free(local.identity);
    if (local.made_ca)
        cli_say(s->c, "made a certificate authority for this machine: %s", local.ca_path);
    if (!first && local.made_certificate)
        cli_say(s->c, "made a new certificate");
    memcpy(s->ca_path, local.ca_path, sizeof s->ca_path);
    return CLI_DONE;
}

/* A frozen config of the options; reports what fails. */
static cli_exit make_config(serve *s, bool first, bool only_12, hf_config **out)
{
    hf_config *cfg;
    cli_exit status = cli_tls_config(s->c, HF_SERVER, serve_explain_trace(s->explain), &cfg);
    if (status != CLI_DONE)
        return status;
    if (only_12)
        hf_config_versions(cfg, HF_TLS_1_2, HF_TLS_1_2);
    if (cli_text(s->c, "alpn") == NULL)
        hf_config_alpn(cfg, "http/1.1");
    if (s->pool != NULL)
        hf_config_executor(cfg, hf_pool_executor(s->pool));
    hf_config_keypairs(cfg, s->keypairs);
    cli_tickets_config(s->c, &s->tickets, cfg);
    if (s->local)
        status = add_local(s, cfg, first);
    if (status == CLI_DONE)
        status = cli_tls_freeze(s->c, cfg);
    if (status == CLI_DONE)
        *out = cfg;
    else
        hf_config_free(cfg);
    return status;
}

/* Both configs, or neither. */
static cli_exit make_configs(serve *s, bool first)
{
    hf_config *cfg = NULL, *cfg_12 = NULL;
    cli_exit status = make_config(s, first, false, &cfg);
    if (status == CLI_DONE && s->door_12)
        status = make_config(s, false, true, &cfg_12);
    if (status != CLI_DONE) {
        hf_config_free(cfg);
        return status;
    }
    hf_config_free(s->config); /* connections hold their own reference */
    hf_config_free(s->config_12);
    s->config = cfg;
    s->config_12 = cfg_12;
    return CLI_DONE;
}

static bool reload(serve *s)
{
    if (make_configs(s, false) == CLI_DONE)
        return true;
    cli_warn(s->c, "the certificates stay as they were");
    return false;
}

static void reload_all(serve *s)
{
    if (reload(s))
        cli_say(s->c, "certificates read anew; they hold for new connections");
    if (cli_count(s->c, "ticket-key") == 0)
        return;
    if (cli_tickets_read(s->c, &s->tickets) == CLI_DONE)
        cli_say(s->c, "ticket keys read anew");
    else
        cli_warn(s->c, "the ticket keys stay as they were");
}

static void on_renewal(uv_timer_t *timer)
{
    serve *s = timer->data;
    if (s->local && !s->stopping)
        reload(s);
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
    close_listeners(s);
    hf_pool_free(s->pool); /* waits for its threads: no job calls back from here on */
    s->pool = NULL;
    uv_walk(&s->loop, close_handle, NULL);
}

void serve_conn_gone(serve *s)
{
    if (s->stopping && s->count == 0)
        end(s);
    else if (s->count < s->max_connections)
        accept_on(s);
}

static void stop(serve *s, const char *why)
{
    if (s->stopping) { /* told twice: now */
        serve_conn_drop_all(s);
        return;
    }
    s->stopping = true;
    s->stop_by_ms = (int64_t)uv_now(&s->loop) + s->grace_ms;
    close_listeners(s);
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
        reload_all(s);
}

static void on_sweep(uv_timer_t *timer)
{
    serve *s = timer->data;
    int64_t now = (int64_t)uv_now(&s->loop);
    serve_conn_sweep(s, now);
    if (s->stopping && now >= s->stop_by_ms)
        serve_conn_drop_all(s);
    else
        accept_on(s); /* there may be descriptors again, or a connection that can make room */
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
        url_of(&s->listeners[i], url, sizeof url);
        if (s->listeners[i].only_12) {
            cli_say(s->c, "the same over TLS 1.2 alone: %s.handfast/", url);
            continue;
        }
        if (s->explain != NULL)
            cli_say(s->c, "your own handshake, byte by byte: %s.handfast/", url);
        cli_say(s->c, "handfast serves %s at %s", root != NULL ? root : "this folder", url);
        if (everywhere(&s->listeners[i]))
            cli_detail(s->c, 1, "(and at every other address of this machine)");
    }
}

static cli_exit start(serve *s)
{
    cli_exit status = read_options(s);
    if (status == CLI_DONE)
        status = start_handles(s);
    if (status == CLI_DONE)
        status = open_listeners(s);
    if (status != CLI_DONE)
        return status;
    local_names(s);
    status = cli_tickets_new(s->c, &s->tickets);
    return status == CLI_DONE ? make_configs(s, true) : status;
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
        accept_on(s);
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
