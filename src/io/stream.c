/* stream.c: a TLS connection over a socket, blocking, with timeouts. The loop that every program
 * would write around an hf_conn, written once: it steps, sends, receives and waits, and what TLS
 * does on the side (tickets, KeyUpdate, alerts, jobs on other threads) happens in between.
 *
 * The descriptor stays as the caller made it: single calls are made non-blocking (MSG_DONTWAIT),
 * and poll() does all the waiting. Nothing raises SIGPIPE.
 */
#define _POSIX_C_SOURCE 200809L
#include "io/stream.h"

#include "base/alloc.h"
#include "io/io.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct hf_stream {
    hf_conn *conn;
    int fd;
    int64_t timeout_ms; /* of each read and write; 0 for none */
    hf_io_wake wake;
    hf_status dead;    /* the failure that ended the connection, else HF_OK */
    int send_errno;    /* why nothing more can be sent, else 0; what came in may still be read */
    int receive_errno; /* why nothing more can be received, else 0 */
    bool input_ended;  /* the transport gave its last byte */
    bool input_full;   /* the connection holds a record that must be read first */
    hf_error error;    /* of the last call that failed */
    char peer[HF_ERROR_TEXT];
};

/* ---- failing ---- */

/* The connection failed: its own story, and what the transport knows. */
static hf_status conn_failed(hf_stream *s, hf_status code)
{
    hf_conn_error(s->conn, &s->error);
    if (s->error.code == HF_OK)
        s->error = (hf_error){.code = code, .alert = hf_error_alert(code)};
    if (s->error.subject[0] == '\0')
        snprintf(s->error.subject, sizeof(s->error.subject), "%s", s->peer);
    if (code == HF_E_TRUNCATED && s->receive_errno != 0)
        snprintf(s->error.got, sizeof(s->error.got), "%s", hf_io_reason(s->receive_errno));
    if (code == HF_E_TRUNCATED && s->receive_errno != 0 && s->receive_errno != ECONNRESET)
        s->error.code = HF_E_SYSTEM; /* not the peer's doing */
    s->dead = s->error.code;
    return s->dead;
}

/* A call that fits not the connection's state: it is told, and all goes on. */
static hf_status refused(hf_stream *s, hf_status code, const char *what)
{
    hf_conn_error(s->conn, &s->error);
    if (s->error.code != HF_OK)
        return conn_failed(s, code);
    return hf_io_fail(&s->error, code, what, s->peer, NULL);
}

static hf_status timed_out(hf_stream *s, const char *what, int64_t timeout_ms)
{
    hf_io_fail(&s->error, HF_E_TIMEOUT, what, s->peer, "nothing");
    hf_error_expected(&s->error, "an answer within %lld ms", (long long)timeout_ms);
    return HF_E_TIMEOUT;
}

static hf_status send_failed(hf_stream *s)
{
    return hf_io_fail(&s->error, HF_E_SYSTEM, "sending", s->peer, "%s",
                      hf_io_reason(s->send_errno));
}

/* ---- the socket ---- */

/* Sends what waits, as much as the socket takes now. A failure is kept in send_errno. */
static void send_some(hf_stream *s)
{
    while (s->send_errno == 0) {
        hf_bytes out = hf_out(s->conn);
        if (out.n == 0)
            return;
        ssize_t n = send(s->fd, out.p, out.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0)
            hf_out_consumed(s->conn, (size_t)n);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        else if (errno != EINTR)
            s->send_errno = errno;
    }
}

/* Receives once, without waiting. True when there is something new for hf_step: bytes, or the
 * end. */
static bool receive_some(hf_stream *s)
{
    uint8_t *p;
    size_t room;
    ssize_t n;
    s->input_full = false;
    if (s->input_ended)
        return false;
    if (hf_in_buffer(s->conn, &p, &room) < 0)
        return true; /* hf_step tells why */
    if (room == 0) {
        s->input_full = true;
        return false;
    }
    do
        n = recv(s->fd, p, room, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (n > 0) {
        hf_in_commit(s->conn, (size_t)n);
        return true;
    }
    s->receive_errno = n < 0 ? errno : 0;
    s->input_ended = true;
    hf_feed_end(s->conn);
    return true;
}

/* Waits for the job that another thread runs, and for nothing else: while the job is out, the
 * connection is not stepped. Output is sent meanwhile. */
static hf_status await_job(hf_stream *s, int64_t deadline_ms)
{
    hf_status status = hf_io_wake_prepare(&s->wake);
    if (status != HF_OK)
        return status == HF_E_WRONG_STATE ? HF_OK : status; /* it is done already */
    for (;;) {
        bool output = hf_out(s->conn).n > 0 && s->send_errno == 0;
        struct pollfd wait[2] = {{.fd = s->wake.in, .events = POLLIN},
                                 {.fd = output ? s->fd : -1, .events = POLLOUT}};
        int ready = poll(wait, 2, hf_io_poll_ms(deadline_ms));
        if (ready < 0 && errno != EINTR)
            return HF_E_SYSTEM;
        if (ready > 0 && wait[0].revents != 0) {
            hf_io_wake_take(&s->wake);
            return HF_OK;
        }
        if (ready > 0)
            send_some(s);
        if (hf_io_poll_ms(deadline_ms) == 0)
            return HF_E_TIMEOUT;
    }
}

/* Data that waits to be read is read before more is taken in: what comes after it may be the end of
 * the connection, and must not overtake it. */
static bool wants_input(int state)
{
    return (state & (HF_WANT_INPUT | HF_HAVE_DATA | HF_WANT_JOB)) == HF_WANT_INPUT;
}

/* Waits until the socket or a job can move the connection on. `state` is what hf_step said.
 * HF_E_TIMEOUT, HF_E_SYSTEM (errno), HF_E_INTERNAL when there is nothing to wait for. */
static hf_status await(hf_stream *s, int state, int64_t deadline_ms)
{
    if ((state & HF_WANT_JOB) != 0)
        return await_job(s, deadline_ms);
    bool input = wants_input(state) && !s->input_ended && !s->input_full;
    bool output = hf_out(s->conn).n > 0 && s->send_errno == 0;
    if (!input && !output)
        return HF_E_INTERNAL;
    struct pollfd wait = {.fd = s->fd,
                          .events = (short)((input ? POLLIN : 0) | (output ? POLLOUT : 0))};
    for (;;) {
        int ready = poll(&wait, 1, hf_io_poll_ms(deadline_ms));
        if (ready > 0)
            return HF_OK;
        if (ready < 0 && errno != EINTR)
            return HF_E_SYSTEM;
        if (hf_io_poll_ms(deadline_ms) == 0)
            return HF_E_TIMEOUT;
    }
}

/* Turns what await said into a story. */
static hf_status await_failed(hf_stream *s, hf_status status, const char *what, int64_t timeout_ms)
{
    if (status == HF_E_TIMEOUT)
        return timed_out(s, what, timeout_ms);
    if (status == HF_E_INTERNAL && s->send_errno != 0)
        return send_failed(s);
    if (status == HF_E_SYSTEM)
        return hf_io_fail(&s->error, status, what, s->peer, "%s", hf_io_reason(errno));
    return hf_io_fail(&s->error, status, what, s->peer, NULL);
}

/* Moves the connection until one of the flags in `until` is set; returns the flags, or a negative
 * code. Sending goes on meanwhile but is not waited for: the peer may be waiting for us to read. */
static int drive(hf_stream *s, int until, const char *what, int64_t deadline_ms, int64_t timeout_ms)
{
    for (;;) {
        int state = hf_step(s->conn);
        if (state < 0)
            return conn_failed(s, state);
        send_some(s);
        if ((state & until) != 0)
            return state;
        if (wants_input(state) && receive_some(s))
            continue;
        if ((state & HF_WANT_JOB) == 0)
            hf_conn_rest(s->conn); /* the wait may be long */
        hf_status status = await(s, state, deadline_ms);
        if (status < 0)
            return await_failed(s, status, what, timeout_ms);
    }
}

/* ---- making streams ---- */

/* Tells the peer what there is to tell, without waiting for it, and closes. What came in and was
 * not read is taken out of the socket first: closing over it would reset the connection, and the
 * peer might never see our last words. */
static void hang_up(hf_stream *s)
{
    char unread[4096];
    send_some(s);
    shutdown(s->fd, SHUT_WR);
    for (int i = 0; i < 64 && !s->input_ended; i++)
        if (recv(s->fd, unread, sizeof(unread), MSG_DONTWAIT) <= 0)
            break;
    close(s->fd);
}

static void stream_free(hf_stream *s)
{
    hf_conn_free(s->conn);
    hf_io_wake_close(&s->wake);
    hf_free(s);
}

/* A stream around `conn`, which it owns; NULL when memory ran out (then conn is freed). */
static hf_stream *stream_new(hf_conn *conn, int64_t timeout_ms)
{
    hf_stream *s = hf_alloc(sizeof(*s));
    if (s == NULL) {
        hf_conn_free(conn);
        return NULL;
    }
    s->conn = conn;
    s->fd = -1;
    s->timeout_ms = timeout_ms;
    hf_io_wake_init(&s->wake);
    hf_conn_set_notify(conn, hf_io_wake_notify, &s->wake);
    return s;
}

/* Names the peer for errors: by its address where it has one. */
static void name_peer(hf_stream *s, const char *label)
{
    struct sockaddr_storage address;
    socklen_t n = sizeof(address);
    char host[64], port[8];
    if (label != NULL)
        snprintf(s->peer, sizeof(s->peer), "%s", label);
    else if (getpeername(s->fd, (struct sockaddr *)&address, &n) == 0 &&
             (address.ss_family == AF_INET || address.ss_family == AF_INET6) &&
             getnameinfo((struct sockaddr *)&address, n, host, sizeof(host), port, sizeof(port),
                         NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(s->peer, sizeof(s->peer), address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
                 host, port);
    else
        snprintf(s->peer, sizeof(s->peer), "the peer");
}

/* Shakes hands over `fd`. On failure everything is closed and freed and `e` tells why. */
static hf_status shake_hands(hf_stream *s, int fd, const char *label, int64_t deadline_ms,
                             int64_t timeout_ms, hf_stream **out, hf_error *e)
{
    s->fd = fd;
    name_peer(s, label);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); /* whole flights are sent */
    int state = drive(s, HF_ESTABLISHED | HF_HAVE_DATA, "handshake", deadline_ms, timeout_ms);
    while (state >= 0 && hf_out(s->conn).n > 0) { /* the last flight goes out before we return */
        if (s->send_errno != 0)
            state = send_failed(s);
        else {
            hf_status status = await(s, 0, deadline_ms);
            if (status < 0)
                state = await_failed(s, status, "handshake", timeout_ms);
            send_some(s);
        }
    }
    if (state >= 0) {
        *out = s;
        return HF_OK;
    }
    if (e != NULL)
        *e = s->error;
    hang_up(s);
    stream_free(s);
    return state;
}

/* Makes the connection and its stream, before anything goes over the network. */
static hf_status begin(hf_config *cfg, hf_role role, const char *host, int64_t timeout_ms,
                       hf_stream **out, hf_error *e)
{
    hf_conn *conn = NULL;
    hf_status status =
        role == HF_CLIENT ? hf_client_new(cfg, host, &conn) : hf_server_new(cfg, &conn);
    if (status < 0)
        return hf_io_fail(e, status, NULL, host, NULL);
    *out = stream_new(conn, timeout_ms > 0 ? timeout_ms : 0);
    return *out != NULL ? HF_OK : hf_io_fail(e, HF_E_OUT_OF_MEMORY, NULL, host, NULL);
}

static hf_status over_fd(hf_config *cfg, hf_role role, int fd, const char *host, int64_t timeout_ms,
                         hf_stream **out, hf_error *e)
{
    hf_stream *s;
    *out = NULL;
    hf_status status = begin(cfg, role, host, timeout_ms, &s, e);
    if (status < 0) {
        close(fd);
        return status;
    }
    return shake_hands(s, fd, host, hf_io_deadline(timeout_ms), timeout_ms, out, e);
}

hf_status hf_dial_fd(hf_config *cfg, int fd, const char *host, int64_t timeout_ms, hf_stream **out,
                     hf_error *e)
{
    return over_fd(cfg, HF_CLIENT, fd, host, timeout_ms, out, e);
}

hf_status hf_dial_fd_early(hf_config *cfg, int fd, const char *host, int64_t timeout_ms,
                           hf_bytes early, size_t *taken, hf_stream **out, hf_error *e)
{
    hf_stream *s;
    *out = NULL;
    *taken = 0;
    hf_status status = begin(cfg, HF_CLIENT, host, timeout_ms, &s, e);
    if (status == HF_OK) {
        status = early.n != 0 ? hf_write_early(s->conn, early.p, early.n, taken) : HF_OK;
        if (status == HF_OK)
            return shake_hands(s, fd, host, hf_io_deadline(timeout_ms), timeout_ms, out, e);
        hf_io_fail(e, status, "early data", host, NULL);
        stream_free(s);
    }
    close(fd);
    return status;
}

hf_status hf_accept(hf_config *cfg, int fd, int64_t timeout_ms, hf_stream **out, hf_error *e)
{
    return over_fd(cfg, HF_SERVER, fd, NULL, timeout_ms, out, e);
}

hf_status hf_dial(hf_config *cfg, const char *host_port, int64_t timeout_ms, hf_stream **out,
                  hf_error *e)
{
    hf_io_address address;
    hf_stream *s;
    int64_t deadline_ms = hf_io_deadline(timeout_ms);
    *out = NULL;
    hf_status status = hf_io_address_parse(host_port, &address, e);
    if (status == HF_OK) /* first what can fail without a network */
        status = begin(cfg, HF_CLIENT, address.host, timeout_ms, &s, e);
    if (status < 0)
        return status;
    int fd = hf_io_connect(&address, host_port, deadline_ms, timeout_ms, e);
    if (fd < 0) {
        stream_free(s);
        return fd;
    }
    return shake_hands(s, fd, host_port, deadline_ms, timeout_ms, out, e);
}

/* ---- using streams ---- */

int64_t hf_stream_read(hf_stream *s, void *p, size_t n)
{
    size_t got = 0;
    if (n == 0)
        return hf_io_fail(&s->error, HF_E_BAD_ARGUMENT, "reading", s->peer, "room for 0 bytes");
    if (s->dead < 0)
        return s->dead;
    hf_status status = hf_read(s->conn, p, n, &got);
    if (status == HF_OK && got == 0) {
        int state = drive(s, HF_HAVE_DATA | HF_PEER_CLOSED | HF_CLOSED, "reading",
                          hf_io_deadline(s->timeout_ms), s->timeout_ms);
        if (state < 0)
            return state;
        if ((state & HF_HAVE_DATA) == 0)
            return 0;
        status = hf_read(s->conn, p, n, &got);
    }
    if (status < 0)
        return refused(s, status, "reading");
    return (int64_t)got;
}

/* Sending failed. The peer may have said why before it went (an alert): then that is the error. */
static hf_status write_failed(hf_stream *s)
{
    for (;;) {
        int state = hf_step(s->conn);
        if (state < 0)
            return conn_failed(s, state) == HF_E_TRUNCATED ? send_failed(s) : s->dead;
        if (!wants_input(state) || !receive_some(s))
            return send_failed(s);
    }
}

/* Writing waits for the peer to read. Meanwhile what the peer says is taken in, as far as there is
 * room: its alert, its KeyUpdate, and data that the caller reads later. */
static hf_status write_blocked(hf_stream *s, int64_t deadline_ms)
{
    int state = hf_step(s->conn);
    if (state < 0)
        return conn_failed(s, state);
    if ((state & HF_PEER_CLOSED) != 0)
        state &= ~HF_WANT_INPUT;
    if (wants_input(state) && receive_some(s))
        return HF_OK;
    hf_status status = await(s, state, deadline_ms);
    return status < 0 ? await_failed(s, status, "writing", s->timeout_ms) : HF_OK;
}

/* A server that takes early data has its stream before the handshake is complete, and its answer
 * waits for that. What came early and was not read stands in the way. */
static hf_status complete_handshake(hf_stream *s, int64_t deadline_ms)
{
    hf_info info;
    hf_conn_info(s->conn, &info);
    if (info.established)
        return HF_OK;
    int state =
        drive(s, HF_ESTABLISHED | HF_HAVE_DATA, "the handshake", deadline_ms, s->timeout_ms);
    if (state < 0)
        return state;
    if ((state & HF_ESTABLISHED) != 0)
        return HF_OK;
    return hf_io_fail(&s->error, HF_E_WRONG_STATE, "writing before early data was read", s->peer,
                      NULL);
}

hf_status hf_stream_write(hf_stream *s, const void *p, size_t n)
{
    const uint8_t *rest = p;
    int64_t deadline_ms = hf_io_deadline(s->timeout_ms);
    if (s->dead < 0)
        return s->dead;
    hf_status ready = complete_handshake(s, deadline_ms);
    if (ready < 0)
        return ready;
    for (;;) {
        size_t taken = 0;
        hf_status status = n > 0 ? hf_write(s->conn, rest, n, &taken) : HF_OK;
        if (status < 0)
            return refused(s, status, "writing");
        if (taken > 0)
            rest += taken;
        n -= taken;
        send_some(s);
        if (s->send_errno != 0)
            return write_failed(s);
        if (hf_out(s->conn).n == 0 && n == 0)
            return HF_OK;
        if (hf_out(s->conn).n == 0 && taken > 0)
            continue;
        status = write_blocked(s, deadline_ms);
        if (status < 0)
            return status;
    }
}

/* Without a timeout of the caller's, closing does not wait for ever on a peer that reads nothing.
 */
enum { CLOSE_TIMEOUT_MS = 10000 };

/* Sends what is left and close_notify. A peer that has said its own close_notify may be gone by
 * now: it misses nothing when ours does not reach it. */
static hf_status say_goodbye(hf_stream *s, int64_t deadline_ms)
{
    bool owed = hf_out(s->conn).n > 0;
    int state = hf_step(s->conn);
    if (state < 0)
        return conn_failed(s, state);
    hf_status status = hf_close(s->conn);
    while (status == HF_OK) {
        send_some(s);
        if (s->send_errno != 0)
            return owed || (state & HF_PEER_CLOSED) == 0 ? send_failed(s) : HF_OK;
        if (hf_out(s->conn).n == 0)
            return HF_OK;
        status = await(s, 0, deadline_ms);
    }
    return status;
}

hf_status hf_stream_close(hf_stream *s)
{
    if (s == NULL)
        return HF_OK;
    int64_t deadline_ms = hf_io_deadline(s->timeout_ms > 0 ? s->timeout_ms : CLOSE_TIMEOUT_MS);
    hf_status status = s->dead < 0 ? s->dead : say_goodbye(s, deadline_ms);
    hang_up(s);
    stream_free(s);
    return status;
}

hf_conn *hf_stream_conn(hf_stream *s)
{
    return s->conn;
}

int hf_stream_fd(const hf_stream *s)
{
    return s->fd;
}

void hf_stream_error(const hf_stream *s, hf_error *out)
{
    *out = s->error;
}
