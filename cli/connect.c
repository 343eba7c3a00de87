/* connect.c: `handfast connect`: a two-way pipe over TLS. Standard input goes to the peer, what the
 * peer sends goes to standard output, and the end of either is said to the other. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_dial.h"
#include "cli/ct_logs.h"
#include "cli/psk_file.h"
#include "cli/revocation.h"
#include "cli/session_file.h"
#include "cli/starttls.h"
#include "cli/tls_summary.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const cli_option own[] = {
    {.name = "crlf",
     .kind = CLI_FLAG,
     .help = "send line ends as CR LF, as HTTP and SMTP want them from a person who types"},
    {0},
};

static const cli_group groups[] = {
    {"Options", own},
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
    {"handfast connect example.org:443", "type a request, see the answer"},
    {"handfast connect --crlf -v example.org:443", "with proper line ends, and what TLS agreed on"},
    {"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | handfast connect example.org:443", "in a pipe"},
    {"handfast connect --cacert ca.pem --cert me.pem localhost:8443", "two-way TLS"},
    {0},
};

static const cli_argument arguments[] = {
    {.name = "HOST:PORT", .help = "whom to connect to; port 443 where none is given"},
    {0},
};

/* ---- signals ---- */

static int signal_pipe[2] = {-1, -1};
static volatile sig_atomic_t signal_number;

static void on_signal(int number)
{
    int error_number = errno;
    signal_number = number;
    (void)!write(signal_pipe[1], "", 1);
    errno = error_number;
}

/* SIGINT and SIGTERM wake the loop, which says close_notify before it goes. */
static bool catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    if (pipe(signal_pipe) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction now, action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
            sigaction(numbers[i], &action, NULL);
    }
    return true;
}

/* ---- the pipe ---- */

typedef struct piping {
    cli *cli;
    hf_stream *stream;
    hf_conn *conn;
    int fd;
    bool crlf, last_was_cr;
    bool input_open;    /* standard input has more */
    bool output_gone;   /* nobody reads standard output any more */
    bool transport_end; /* the socket gave its last byte */
    int send_errno;
    char data[16384]; /* from standard input, not yet taken by the connection */
    size_t start, end;
    int64_t timeout_ms; /* how long the peer may be silent after our end; 0: as long as it likes */
} piping;

/* Line ends as CR LF: a CR goes before every LF that has none. `raw` is half as long as data. */
static size_t with_crlf(piping *p, const char *raw, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (raw[i] == '\n' && !p->last_was_cr)
            p->data[used++] = '\r';
        p->data[used++] = raw[i];
        p->last_was_cr = raw[i] == '\r';
    }
    return used;
}

static cli_exit read_input(piping *p)
{
    char raw[sizeof p->data / 2];
    ssize_t n = read(STDIN_FILENO, p->crlf ? raw : p->data, p->crlf ? sizeof raw : sizeof p->data);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return CLI_DONE;
    if (n < 0)
        return cli_file_error(p->cli, "standard input could not be read", "standard input", errno);
    p->start = 0;
    p->end = p->crlf ? with_crlf(p, raw, (size_t)n) : (size_t)n;
    if (n == 0) {
        p->input_open = false;
        cli_detail(p->cli, 1, "* end of input: close_notify sent");
        hf_close(p->conn); /* we say no more; the peer may go on */
    }
    return CLI_DONE;
}

/* One write of at most what a pipe takes without waiting, once poll has said that there is room. */
static cli_exit write_output(piping *p)
{
    enum { PIECE = 4096 };
    hf_bytes data = hf_readable(p->conn);
    ssize_t n = write(STDOUT_FILENO, data.p, data.n < PIECE ? data.n : PIECE);
    if (n > 0)
        hf_read_consumed(p->conn, (size_t)n);
    if (n < 0 && errno == EPIPE)
        p->output_gone = true;
    else if (n < 0 && errno != EINTR && errno != EAGAIN)
        return cli_file_error(p->cli, "standard output could not be written", "standard output",
                              errno);
    return CLI_DONE;
}

static void receive(piping *p)
{
    uint8_t *room;
    size_t size;
    if (hf_in_buffer(p->conn, &room, &size) < 0 || size == 0)
        return;
    ssize_t n = recv(p->fd, room, size, MSG_DONTWAIT);
    if (n > 0)
        hf_in_commit(p->conn, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        p->transport_end = true;
        hf_feed_end(p->conn);
    }
}

/* Encrypts what waits, and sends as much as the socket takes. */
static void transmit(piping *p)
{
    size_t taken = 0;
    if (p->start < p->end &&
        hf_write(p->conn, p->data + p->start, p->end - p->start, &taken) == HF_OK)
        p->start += taken;
    for (hf_bytes out; p->send_errno == 0 && (out = hf_out(p->conn)).n > 0;) {
        ssize_t n = send(p->fd, out.p, out.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0)
            hf_out_consumed(p->conn, (size_t)n);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        else if (errno != EINTR)
            p->send_errno = errno; /* what the peer said before it went is still read */
    }
}

static cli_exit conn_failed(piping *p)
{
    hf_error e;
    hf_conn_error(p->conn, &e);
    return cli_error(p->cli, &e, NULL);
}

static cli_exit peer_silent(piping *p)
{
    hf_error e = {.code = HF_E_TIMEOUT, .message = "after the end of input"};
    snprintf(e.expected, sizeof e.expected, "the peer's end within %lld ms",
             (long long)p->timeout_ms);
    return cli_error(p->cli, &e, NULL);
}

enum { NET, INPUT, OUTPUT, SIGNAL, WATCHED };

/* Waits for whatever may move; each direction takes new data only when the old is gone, so that
 * neither buffer grows and neither direction holds up the other. */
static cli_exit wait_for_more(piping *p, int state, struct pollfd w[WATCHED])
{
    bool out = p->send_errno == 0 && hf_out(p->conn).n > 0;
    bool in = (state & HF_HAVE_DATA) == 0 && !p->transport_end;
    bool wants_input = p->input_open && p->start == p->end && !out && p->send_errno == 0;
    w[NET] = (struct pollfd){.fd = in || out ? p->fd : -1,
                             .events = (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0))};
    w[INPUT] = (struct pollfd){.fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN};
    w[OUTPUT] =
        (struct pollfd){.fd = (state & HF_HAVE_DATA) != 0 ? STDOUT_FILENO : -1, .events = POLLOUT};
    w[SIGNAL] = (struct pollfd){.fd = signal_pipe[0], .events = POLLIN};
    int limit = !p->input_open && p->timeout_ms > 0 && (state & HF_HAVE_DATA) == 0
                    ? (int)p->timeout_ms
                    : -1;
    int ready = poll(w, WATCHED, limit);
    if (ready == 0)
        return peer_silent(p);
    if (ready < 0)
        for (int i = 0; i < WATCHED; i++)
            w[i].revents = 0;
    return CLI_DONE;
}

/* Carries bytes both ways until the peer ends, or our output is gone, or a signal comes. */
static cli_exit carry(piping *p)
{
    for (;;) {
        struct pollfd w[WATCHED];
        transmit(p);
        int state = hf_step(p->conn);
        if (state < 0)
            return conn_failed(p);
        bool data = (state & HF_HAVE_DATA) != 0;
        if (!data && (state & (HF_PEER_CLOSED | HF_CLOSED)) != 0) {
            cli_detail(p->cli, 1, "* the peer sent close_notify");
            return CLI_DONE;
        }
        cli_exit status = wait_for_more(p, state, w);
        if (status == CLI_DONE && w[INPUT].revents != 0)
            status = read_input(p);
        if (status == CLI_DONE && w[OUTPUT].revents != 0)
            status = write_output(p);
        if (w[NET].revents != 0 && (w[NET].revents & ~POLLOUT) != 0)
            receive(p);
        if (status != CLI_DONE || p->output_gone || signal_number != 0)
            return status;
    }
}

/* ---- the command ---- */

static cli_exit pipe_through(cli *c, hf_stream *s)
{
    static piping p; /* its buffer is large */
    p = (piping){.cli = c,
                 .stream = s,
                 .conn = hf_stream_conn(s),
                 .fd = hf_stream_fd(s),
                 .crlf = cli_flag(c, "crlf"),
                 .input_open = true,
                 .timeout_ms = cli_ms(c, "timeout", 0)};
    if (!catch_signals())
        return cli_fail(c, CLI_OTHER, "no pipe could be made", NULL);
    if (isatty(STDIN_FILENO) == 1)
        cli_say(c, "connected; end with Ctrl-D");
    return carry(&p);
}

static cli_exit connect_and_pipe(cli *c)
{
    cli_target t;
    hf_config *cfg = NULL;
    hf_stream *s = NULL;
    hf_error e;
    const char *text = cli_argument_at(c, 0);
    if (text == NULL)
        return cli_usage(c, "whom to connect to is missing", NULL, "handfast connect HOST:PORT");
    cli_exit status = cli_target_read(c, text, &t);
    if (status == CLI_DONE)
        status = cli_tls_config(c, HF_CLIENT, NULL, &cfg);
    if (status == CLI_DONE && c->verbose > 0)
        hf_config_keep_peer_chain(cfg, true);
    if (status == CLI_DONE)
        status = cli_session_use(c, cfg);
    if (status == CLI_DONE)
        status = cli_tls_freeze(c, cfg);
    if (status == CLI_DONE) {
        if (cli_target_dial(c, cfg, &t, &s, &e) < 0)
            status = cli_error(c, &e, NULL);
        else {
            cli_show_tls(c, s);
            status = pipe_through(c, s);
        }
    }
    hf_stream_close(s);
    hf_config_free(cfg);
    status = cli_session_end(c, status);
    if (signal_number != 0) {
        cli_free(c); /* key log and trace files are ended in order */
        raise(signal_number);
    }
    return status;
}

const cli_command cli_command_connect = {
    .name = "connect",
    .summary = "a two-way pipe over TLS",
    .about = "Connects, checks the server, and then carries standard input to it and what it\n"
             "sends to standard output. The end of input is said to the server as TLS's end\n"
             "(close_notify), and what it still sends is printed until it ends as well. With\n"
             "--timeout, it may be silent for so long after that.",
    .examples = examples,
    .arguments = arguments,
    .groups = groups,
    .run = connect_and_pipe,
};
