/* serve_conn.c: one connection: bytes between socket and hf_conn, requests in, responses out.
 *
 * `serve_conn_run` moves a connection as far as it goes without waiting, a bounded number of turns,
 * and then asks the loop to call again for exactly what it lacks: input only while a request is
 * wanted, output only while the socket is full. While a response is on its way no request is read:
 * a peer that does not take its answers cannot make this side store more. */
#define _POSIX_C_SOURCE 200809L
#include "cli/serve_conn.h"
#include "cli/serve_explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    TURNS = 16,             /* of serve_conn_run, before others get theirs */
    CLOSE_MS = 5000,        /* for the last bytes to go out */
    LINGER_MS = 2000,       /* for the peer to read them before the socket is torn down */
    LINGER_BYTES = 1 << 20, /* that are read and thrown away meanwhile */
    SPARED_MS = 500,        /* of being idle, before a connection makes room for another */
};

/* ---- small things ---- */

int64_t serve_conn_now_ms(const serve_conn *k)
{
    return (int64_t)uv_now(&k->s->loop);
}

int64_t serve_now_s(void)
{
    return hf_provider_default()->now_s(hf_provider_default()->ctx);
}

void serve_conn_deadline(serve_conn *k, int64_t in_ms)
{
    k->deadline_ms = serve_conn_now_ms(k) + in_ms;
}

/* ---- the log ---- */

const char *serve_timestamp(char text[32])
{
    time_t t = (time_t)serve_now_s();
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return text;
}

void serve_conn_log(serve_conn *k, const char *what, const char *detail)
{
    char when[32];
    cli_say(k->s->c, "%s %s %s%s%s", serve_timestamp(when), k->peer, what,
            detail[0] != '\0' ? ": " : "", detail);
}

static void log_failure(serve_conn *k)
{
    hf_error e;
    char text[700];
    hf_conn_error(k->tls, &e);
    bool between = (e.code == HF_E_TRUNCATED && k->request == NULL);
    snprintf(text, sizeof text, "%s%s%s%s%s%s", hf_error_sentence(e.code),
             e.alert_received ? " (" : "", e.alert_received ? hf_alert_name(e.alert) : "",
             e.alert_received ? ")" : "", e.expected[0] != '\0' ? "; expected " : "", e.expected);
    size_t n = strlen(text);
    if (e.got[0] != '\0')
        snprintf(text + n, sizeof text - n, "; got %s", e.got);
    if (k->phase == PHASE_HANDSHAKE || k->early)
        serve_conn_log(k, "handshake failed", text);
    else if (between) /* many clients just go: no news */
        cli_detail(k->s->c, 1, "%s closed without close_notify", k->peer);
    else
        serve_conn_log(k, "connection failed", text);
}

/* ---- the end of a connection ---- */

void serve_conn_release(serve_conn *k)
{
    if (k->reading || uv_is_active((uv_handle_t *)&k->poll) ||
        !uv_is_closing((uv_handle_t *)&k->poll) || k->fd != -1)
        return;
    free(k->held);
    k->held = NULL;
    serve_response_free(&k->response);
    k->next = k->s->unused;
    k->s->unused = k;
}

static void on_poll_closed(uv_handle_t *handle)
{
    serve_conn *k = handle->data;
    close(k->fd);
    k->fd = -1;
    serve_conn_release(k);
}

static void drop(serve_conn *k)
{
    serve *s = k->s;
    if (k->phase == PHASE_GONE)
        return;
    k->phase = PHASE_GONE;
    serve_explain_end(k);
    hf_conn_free(k->tls);
    k->tls = NULL;
    free(k->request);
    k->request = NULL;
    if (k->previous != NULL)
        k->previous->next = k->next;
    else
        s->connections = k->next;
    if (k->next != NULL)
        k->next->previous = k->previous;
    k->next = k->previous = NULL;
    s->count--;
    if (k->reading)
        uv_cancel((uv_req_t *)&k->read); /* its callback comes in any case */
    uv_poll_stop(&k->poll);
    uv_close((uv_handle_t *)&k->poll, on_poll_closed);
    serve_conn_gone(s);
}

/* Says close_notify; what is queued still goes out. */
void serve_conn_close(serve_conn *k)
{
    if (!k->failed)
        hf_close(k->tls);
    k->phase = PHASE_CLOSING;
    serve_conn_deadline(k, CLOSE_MS);
}

static void fail(serve_conn *k)
{
    log_failure(k);
    serve_explain_failed(k);
    k->failed = true;
    serve_conn_close(k); /* an alert may be waiting in hf_out */
}

/* The last bytes are out. Closing a socket with unread input would make the kernel throw them away
 * at the peer, so the input is read to its end first, for a little while. */
static void begin_linger(serve_conn *k)
{
    if (k->eof || (k->flags & HF_PEER_CLOSED) != 0 || shutdown(k->fd, SHUT_WR) != 0) {
        drop(k);
        return;
    }
    k->phase = PHASE_LINGER;
    serve_conn_deadline(k, LINGER_MS);
}

static void linger(serve_conn *k)
{
    for (int i = 0; i < TURNS; i++) {
        ssize_t n = recv(k->fd, k->s->chunk, sizeof k->s->chunk, 0);
        if (n > 0)
            k->lingered += (size_t)n;
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || k->lingered > LINGER_BYTES) {
            drop(k);
            return;
        }
        if (n < 0)
            return;
    }
}

/* ---- the socket ---- */

/* Plain HTTP on this port: a person typed http:// where https:// was meant. */
static void answer_plain_http(serve_conn *k)
{
    static const char content[] = "This port speaks HTTPS, and this request came as plain HTTP.\n"
                                  "Use the same address with https:// in place of http://.\n";
    char text[512];
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                     "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                     sizeof content - 1, content);
    (void)!send(k->fd, text, (size_t)n, MSG_NOSIGNAL); /* fits an empty socket's buffer */
    serve_conn_log(k, "plain HTTP on the HTTPS port", "");
    k->failed = true;
    begin_linger(k);
}

static bool wants_input(const serve_conn *k)
{
    return !k->eof && k->phase <= PHASE_CONTENT &&
           (k->flags & (HF_WANT_INPUT | HF_WANT_JOB)) == HF_WANT_INPUT;
}

/* Reads what is there into the connection. True when that changed something. */
static bool receive(serve_conn *k)
{
    uint8_t *p;
    size_t room;
    if (hf_in_buffer(k->tls, &p, &room) != HF_OK || room == 0)
        return false;
    ssize_t n = recv(k->fd, p, room, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n < 0) {
        cli_detail(k->s->c, 1, "%s: connection lost", k->peer);
        drop(k);
        return false;
    }
    if (n == 0) {
        k->eof = true;
        if (!k->got_bytes) { /* a port scan, or a browser that changed its mind */
            drop(k);
            return false;
        }
        hf_feed_end(k->tls);
        return true;
    }
    /* No TLS record starts with a letter, and every HTTP request does. */
    if (!k->got_bytes && p[0] >= 'A' && p[0] <= 'Z') {
        answer_plain_http(k);
        return false;
    }
    k->got_bytes = true;
    hf_in_commit(k->tls, (size_t)n);
    return true;
}

/* Writes what waits in hf_out. True when something went out; sets `blocked`. */
static bool send_out(serve_conn *k)
{
    bool moved = false;
    k->blocked = false;
    for (hf_bytes out = hf_out(k->tls); out.n != 0; out = hf_out(k->tls)) {
        ssize_t n = send(k->fd, out.p, out.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            k->blocked = true;
            return moved;
        }
        if (n < 0) {
            cli_detail(k->s->c, 1, "%s: connection lost", k->peer);
            drop(k);
            return false;
        }
        hf_out_consumed(k->tls, (size_t)n);
        moved = true;
    }
    return moved;
}

/* ---- the pump ---- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; /* an error shows in recv and send */
    (void)events;
    serve_conn_run(poll->data);
}

static void watch(serve_conn *k, bool more)
{
    int events = 0;
    if (k->blocked || more) /* `more`: an open socket calls again at once, after the others */
        events |= UV_WRITABLE;
    if (k->phase == PHASE_LINGER || wants_input(k))
        events |= UV_READABLE;
    if (events == k->watching)
        return;
    k->watching = events;
    if (events == 0)
        uv_poll_stop(&k->poll);
    else if (uv_poll_start(&k->poll, events, on_poll) != 0)
        drop(k);
}

static void established(serve_conn *k)
{
    k->early = false;
    serve_explain_established(k);
    serve_make_keypairs(k->s);
    if (k->leaving)
        serve_conn_close(k);
    if (k->phase != PHASE_HANDSHAKE)
        return;
    k->phase = PHASE_IDLE;
    serve_conn_deadline(k, k->s->idle_ms);
    if (k->s->stopping)
        serve_conn_close(k);
}

/* One step of TLS. */
static void step(serve_conn *k)
{
    if (k->failed)
        return;
    int flags = hf_step(k->tls);
    if (flags < 0) {
        if (k->phase == PHASE_CLOSING) {
            k->failed = true;
            return;
        }
        fail(k);
        return;
    }
    k->flags = flags;
    if ((flags & HF_ESTABLISHED) != 0 && (k->phase == PHASE_HANDSHAKE || k->early))
        established(k);
    else if (k->phase == PHASE_HANDSHAKE && (flags & HF_HAVE_DATA) != 0) {
        k->early = true; /* what may be answered before the handshake is over */
        k->phase = PHASE_IDLE;
    }
}

void serve_conn_run(serve_conn *k)
{
    bool moved = true;
    for (int turn = 0; moved && turn < TURNS; turn++) {
        if (k->phase == PHASE_LINGER) {
            linger(k);
            break;
        }
        if (k->phase == PHASE_GONE)
            return;
        moved = false;
        step(k);
        if (!k->failed && (k->early || (k->flags & HF_ESTABLISHED) != 0)) {
            moved = serve_read_requests(k);
            moved = serve_produce(k) || moved;
        }
        bool sent = send_out(k);
        if (k->phase == PHASE_GONE)
            return;
        if (sent && k->phase == PHASE_RESPONSE)
            serve_conn_deadline(k, k->s->idle_ms);
        moved = moved || sent;
        if (k->phase == PHASE_CLOSING && !k->blocked)
            begin_linger(k);
        else if (!k->blocked && wants_input(k))
            moved = receive(k) || moved;
        if (k->phase == PHASE_GONE)
            return;
    }
    if (k->phase == PHASE_IDLE && !moved)
        hf_conn_rest(k->tls); /* for all that is known, the next request is minutes away */
    if (k->phase != PHASE_GONE)
        watch(k, moved && k->phase != PHASE_LINGER);
}

/* ---- from the server ---- */

/* On the thread that ran the job. The slot is memory for as long as the server runs, so a late call
 * for a connection that is gone does no harm. */
static void on_job_done(void *ctx)
{
    serve_conn *k = ctx;
    serve *s = k->s;
    pthread_mutex_lock(&s->ready_lock);
    if (!k->is_ready) {
        k->is_ready = true;
        k->next_ready = s->ready;
        s->ready = k;
    }
    pthread_mutex_unlock(&s->ready_lock);
    uv_async_send(&s->wake);
}

void serve_conn_run_ready(serve *s)
{
    for (;;) {
        pthread_mutex_lock(&s->ready_lock);
        serve_conn *k = s->ready;
        if (k != NULL) {
            s->ready = k->next_ready;
            k->is_ready = false;
        }
        pthread_mutex_unlock(&s->ready_lock);
        if (k == NULL)
            return;
        if (k->phase != PHASE_GONE)
            serve_conn_run(k);
    }
}

/* A slot: an old one cleaned (but for what another thread may be touching), or a new one. */
static serve_conn *take_slot(serve *s)
{
    serve_conn *k = s->unused;
    if (k == NULL) {
        k = calloc(1, sizeof *k);
        if (k != NULL)
            k->s = s;
        return k;
    }
    s->unused = k->next;
    pthread_mutex_lock(&s->ready_lock);
    serve_conn clean = {.s = s, .next_ready = k->next_ready, .is_ready = k->is_ready};
    *k = clean;
    pthread_mutex_unlock(&s->ready_lock);
    return k;
}

void serve_conn_start(serve *s, hf_config *config, int fd, const char *peer)
{
    serve_conn *k = take_slot(s);
    if (k == NULL) {
        close(fd);
        return;
    }
    k->fd = fd;
    k->response.file = -1;
    snprintf(k->peer, sizeof k->peer, "%s", peer);
    bool polled =
        hf_server_new(config, &k->tls) == HF_OK && uv_poll_init(&s->loop, &k->poll, fd) == 0;
    if (!polled) {
        hf_conn_free(k->tls);
        k->tls = NULL;
        k->phase = PHASE_GONE;
        close(fd);
        k->fd = -1;
        k->next = s->unused;
        s->unused = k;
        return;
    }
    k->poll.data = k;
    if (s->pool != NULL)
        hf_conn_set_notify(k->tls, on_job_done, k);
    k->phase = PHASE_HANDSHAKE;
    serve_explain_begin(k);
    serve_conn_deadline(k, s->handshake_ms);
    k->next = s->connections;
    if (k->next != NULL)
        k->next->previous = k;
    s->connections = k;
    s->count++;
    serve_conn_run(k);
}

/* A connection that has only just become idle may have its next request on the way. */
static bool idle_for_long(const serve_conn *k)
{
    return k->phase == PHASE_IDLE &&
           serve_conn_now_ms(k) - (k->deadline_ms - k->s->idle_ms) >= SPARED_MS;
}

bool serve_conn_evict(serve *s)
{
    serve_conn *oldest = NULL;
    for (serve_conn *k = s->connections; k != NULL; k = k->next) {
        bool leaving = k->phase == PHASE_LINGER || idle_for_long(k);
        if (leaving && (oldest == NULL || k->deadline_ms < oldest->deadline_ms))
            oldest = k;
    }
    if (oldest == NULL)
        return false;
    if (oldest->phase == PHASE_IDLE) {
        hf_close(oldest->tls);
        send_out(oldest); /* the peer learns that it may ask again elsewhere */
    }
    drop(oldest);
    return true;
}

static void timed_out(serve_conn *k)
{
    switch (k->phase) {
    case PHASE_IDLE:
        serve_conn_close(k);
        serve_conn_run(k);
        return;
    case PHASE_HEADERS:
    case PHASE_CONTENT:
        serve_refuse_request(k, 408, "The request took too long to arrive.");
        serve_conn_run(k);
        return;
    case PHASE_HANDSHAKE:
        serve_conn_log(k, "handshake not finished in time", "");
        break;
    case PHASE_RESPONSE:
        serve_conn_log(k, "the peer took nothing of its response for too long",
                       k->request != NULL ? k->request->target : "");
        break;
    default:
        break;
    }
    drop(k);
}

void serve_conn_sweep(serve *s, int64_t now)
{
    for (serve_conn *k = s->connections, *next; k != NULL; k = next) {
        next = k->next;
        if (now >= k->deadline_ms)
            timed_out(k);
    }
}

void serve_conn_stop_all(serve *s)
{
    for (serve_conn *k = s->connections, *next; k != NULL; k = next) {
        next = k->next;
        if (k->phase == PHASE_IDLE) {
            serve_conn_close(k);
            serve_conn_run(k);
        }
    }
}

void serve_conn_drop_all(serve *s)
{
    while (s->connections != NULL)
        drop(s->connections);
}

void serve_conn_free_slots(serve *s)
{
    while (s->unused != NULL) {
        serve_conn *k = s->unused;
        s->unused = k->next;
        free(k);
    }
}
