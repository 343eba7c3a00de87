/* serve_conn.c: one connection: bytes between socket and hf_conn, requests in, responses out.
 *
 * `run` moves a connection as far as it goes without waiting, a bounded number of turns, and then
 * asks the loop to call again for exactly what it lacks: input only while a request is wanted,
 * output only while the socket is full. While a response is on its way no request is read: a peer
 * that does not take its answers cannot make this side store more. */
#define _GNU_SOURCE /* preadv2 */
#include "cli/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    TURNS = 16,             /* of `run`, before others get theirs */
    CLOSE_MS = 5000,        /* for the last bytes to go out */
    LINGER_MS = 2000,       /* for the peer to read them before the socket is torn down */
    LINGER_BYTES = 1 << 20, /* that are read and thrown away meanwhile */
    HEADERS_MS = 20000,     /* from a request's first byte to the end of its header section */
    SPARED_MS = 500,        /* of being idle, before a connection makes room for another */
    DISCARD_MAX = 65536,    /* bytes of content that a GET may carry, to be ignored */
    ECHO_MAX_MIB = 1024,
};

typedef enum phase {
    PHASE_HANDSHAKE,
    PHASE_IDLE,    /* between requests */
    PHASE_HEADERS, /* a request has begun */
    PHASE_CONTENT, /* its header section is complete */
    PHASE_RESPONSE,
    PHASE_CLOSING, /* the last bytes go out */
    PHASE_LINGER,  /* they are out: wait for the peer to close */
    PHASE_GONE,    /* the slot waits for its handles, or for a new connection */
} phase;

struct serve_conn {
    serve *s;
    serve_conn *next, *previous;
    serve_conn *next_ready;
    bool is_ready; /* on the server's list; under its ready_lock */

    int fd;
    uv_poll_t poll;
    int watching; /* UV_ events that the loop watches for */
    hf_conn *tls;
    int flags; /* of the last hf_step */
    phase phase;
    int64_t deadline_ms;
    char peer[64];
    bool got_bytes, blocked, eof, failed;
    size_t lingered; /* bytes thrown away */

    http_request *request; /* NULL between requests */
    uint64_t request_ns;   /* when it began, of uv_hrtime */
    bool echo;
    hf_hash_state hash;
    serve_response response;
    char interim[32]; /* "100 Continue", on its way out */
    size_t interim_at;
    uint64_t content_sent;

    uv_fs_t read; /* of a part of the file that is not in memory */
    bool reading, read_failed;
    uint8_t *held; /* SERVE_CHUNK bytes; NULL until the first such read */
    size_t held_n, held_at;
};

static void run(serve_conn *k);

/* ---- small things ---- */

static int64_t now_ms(const serve *s)
{
    return (int64_t)uv_now(&s->loop);
}

static int64_t now_s(void)
{
    return hf_provider_default()->now_s(hf_provider_default()->ctx);
}

static void set_deadline(serve_conn *k, int64_t in_ms)
{
    k->deadline_ms = now_ms(k->s) + in_ms;
}

static const hf_hash *sha256(void)
{
    const hf_hash *const *h = hf_provider_default()->hashes;
    while (*h != NULL && strcmp((*h)->name, "SHA-256") != 0)
        h++;
    return *h;
}

/* ---- the log ---- */

static const char *timestamp(char text[32])
{
    time_t t = (time_t)now_s();
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return text;
}

/* Text that a peer chose, for between quotes. */
static const char *quotable(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (; *text != '\0' && n < size - 1; text++)
        out[n++] = *text == '"' ? '\'' : *text;
    out[n] = '\0';
    return out;
}

static void log_request(serve_conn *k)
{
    char when[32], target[600], agent[200];
    const http_request *r = k->request;
    hf_info info;
    hf_conn_info(k->tls, &info);
    const char *user_agent = r != NULL ? http_request_field(r, HTTP_USER_AGENT) : NULL;
    cli_say(k->s->c, "%s %s \"%s %s\" %u %llu %.1fms %s %s %s \"%s\"", timestamp(when), k->peer,
            r != NULL && r->method[0] != '\0' ? r->method : "-",
            quotable(r != NULL && r->target[0] != '\0' ? r->target : "-", target, sizeof target),
            k->response.status, (unsigned long long)k->content_sent,
            (double)(uv_hrtime() - k->request_ns) / 1e6,
            info.version_name != NULL ? info.version_name : "-",
            info.suite != NULL ? info.suite : "-", info.group != NULL ? info.group : "-",
            quotable(user_agent != NULL ? user_agent : "-", agent, sizeof agent));
}

static void log_event(serve_conn *k, const char *what, const char *detail)
{
    char when[32];
    cli_say(k->s->c, "%s %s %s%s%s", timestamp(when), k->peer, what, detail[0] != '\0' ? ": " : "",
            detail);
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
    if (k->phase == PHASE_HANDSHAKE)
        log_event(k, "handshake failed", text);
    else if (between) /* many clients just go: no news */
        cli_detail(k->s->c, 1, "%s closed without close_notify", k->peer);
    else
        log_event(k, "connection failed", text);
}

/* ---- the end of a connection ---- */

static void slot_is_free(serve_conn *k)
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
    slot_is_free(k);
}

static void drop(serve_conn *k)
{
    serve *s = k->s;
    if (k->phase == PHASE_GONE)
        return;
    k->phase = PHASE_GONE;
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
static void begin_close(serve_conn *k)
{
    if (!k->failed)
        hf_close(k->tls);
    k->phase = PHASE_CLOSING;
    set_deadline(k, CLOSE_MS);
}

static void fail(serve_conn *k)
{
    log_failure(k);
    k->failed = true;
    begin_close(k); /* an alert may be waiting in hf_out */
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
    set_deadline(k, LINGER_MS);
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
    log_event(k, "plain HTTP on the HTTPS port", "");
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

/* ---- requests ---- */

static void begin_response(serve_conn *k)
{
    k->phase = PHASE_RESPONSE;
    k->content_sent = 0;
    set_deadline(k, k->s->idle_ms);
    if (k->response.head == NULL) { /* not even the answer fits in memory */
        log_event(k, "memory ran out", "");
        begin_close(k);
    }
}

static void refuse_request(serve_conn *k, unsigned status, const char *why)
{
    const char *extra = status == 405 ? "Allow: GET, HEAD\r\n" : "";
    serve_respond_error(status, why != NULL ? why : "", extra, false, false, now_s(), &k->response);
    begin_response(k);
}

static bool on_content(void *ctx, const uint8_t *p, size_t n)
{
    serve_conn *k = ctx;
    uint64_t most = k->echo ? (uint64_t)ECHO_MAX_MIB << 20 : DISCARD_MAX;
    if (k->request->body_bytes > most)
        return false;
    if (k->echo)
        sha256()->update(&k->hash, p, n);
    set_deadline(k, k->s->idle_ms);
    return true;
}

static bool is_echo(const serve_conn *k)
{
    const http_request *r = k->request;
    return k->s->site.echo && strcmp(r->target, "/.echo") == 0 &&
           (strcmp(r->method, "PUT") == 0 || strcmp(r->method, "POST") == 0) && sha256() != NULL;
}

static void on_headers(void *ctx)
{
    serve_conn *k = ctx;
    http_request *r = k->request;
    k->phase = PHASE_CONTENT;
    set_deadline(k, k->s->idle_ms);
    k->echo = is_echo(k);
    if (k->echo)
        sha256()->init(&k->hash);
    bool fetch = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    if (!k->echo && !fetch && (r->has_body || strcmp(r->method, "CONNECT") == 0)) {
        r->bad_status = 405;
        r->bad_reason = "Only GET and HEAD work here.";
        return;
    }
    const char *expect = http_request_field(r, HTTP_EXPECT);
    if (expect == NULL || !r->has_body)
        return;
    if (strcmp(expect, "100-continue") != 0) {
        r->bad_status = 417;
        r->bad_reason = "The only expectation that is known here is 100-continue.";
        return;
    }
    snprintf(k->interim, sizeof k->interim, "HTTP/1.1 100 Continue\r\n\r\n");
    k->interim_at = 0;
}

static void respond_echo(serve_conn *k, bool keep_alive)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    char text[2 * 32 + 32];
    sha256()->final(&k->hash, digest);
    for (size_t i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    snprintf(text + 64, sizeof text - 64, " %llu\n", (unsigned long long)k->request->body_bytes);
    serve_respond_text(text, keep_alive, now_s(), &k->response);
}

static void respond(serve_conn *k)
{
    bool keep_alive = k->request->keep_alive && !k->s->stopping;
    if (k->echo)
        respond_echo(k, keep_alive);
    else
        serve_respond(&k->s->site, k->request, keep_alive, now_s(), &k->response);
    begin_response(k);
}

static bool make_request(serve_conn *k)
{
    k->request = malloc(sizeof *k->request);
    if (k->request == NULL) {
        log_event(k, "memory ran out", "");
        begin_close(k);
        return false;
    }
    http_request_init(k->request);
    k->request->on_body = on_content;
    k->request->on_headers = on_headers;
    k->request->ctx = k;
    k->echo = false;
    k->request_ns = uv_hrtime();
    return true;
}

/* Parses what was decrypted, up to the end of a request. True when something was used. */
static bool read_requests(serve_conn *k)
{
    bool moved = false;
    while (k->phase >= PHASE_IDLE && k->phase <= PHASE_CONTENT) {
        hf_bytes in = hf_readable(k->tls);
        size_t used;
        if (in.n == 0)
            break;
        if (k->request == NULL && !make_request(k))
            return true;
        bool good = http_request_feed(k->request, in.p, in.n, &used);
        hf_read_consumed(k->tls, good ? used : in.n);
        moved = true;
        if (k->phase == PHASE_IDLE && k->request->started) {
            k->phase = PHASE_HEADERS;
            set_deadline(k, HEADERS_MS);
        }
        if (!good)
            refuse_request(k, k->request->bad_status, k->request->bad_reason);
        else if (k->request->complete)
            respond(k);
    }
    bool waiting = k->phase >= PHASE_IDLE && k->phase <= PHASE_CONTENT;
    if (waiting && (k->flags & HF_PEER_CLOSED) != 0 && hf_readable(k->tls).n == 0) {
        begin_close(k); /* nothing more will come */
        return true;
    }
    return moved;
}

/* ---- responses ---- */

static void on_read(uv_fs_t *read)
{
    serve_conn *k = read->data;
    ssize_t n = read->result;
    uv_fs_req_cleanup(read);
    k->reading = false;
    if (k->phase == PHASE_GONE) {
        slot_is_free(k);
        return;
    }
    k->held_at = 0;
    k->held_n = n > 0 ? (size_t)n : 0;
    k->read_failed = n <= 0;
    run(k);
}

/* Asks for the next part of the file; it comes by on_read. */
static void read_later(serve_conn *k)
{
    serve *s = k->s;
    if (k->held == NULL)
        k->held = malloc(SERVE_CHUNK);
    k->read_failed = k->held == NULL;
    if (k->read_failed)
        return;
    size_t n = k->response.left < SERVE_CHUNK ? (size_t)k->response.left : SERVE_CHUNK;
    uv_buf_t part = uv_buf_init((char *)k->held, (unsigned)n);
    k->read.data = k;
    k->reading = uv_fs_read(&s->loop, &k->read, k->response.file, &part, 1, (int64_t)k->response.at,
                            on_read) == 0;
    k->read_failed = !k->reading;
}

/* Up to `room` bytes of the file, if the kernel has them in memory; else 0, and they are asked
 * for. */
static size_t read_now(serve_conn *k, uint8_t *to, size_t room)
{
    size_t n = k->response.left < room ? (size_t)k->response.left : room;
    struct iovec part = {to, n};
    ssize_t got;
    do
        got = preadv2(k->response.file, &part, 1, (off_t)k->response.at, RWF_NOWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return (size_t)got;
    if (got == 0)
        k->read_failed = true; /* shorter than it was a moment ago */
    else
        read_later(k);
    return 0;
}

/* The next plaintext bytes of the response: the rest of its head, then the file. `*head` says how
 * many of them are head. Empty when they have to be waited for, or at the end. */
static hf_bytes next_bytes(serve_conn *k, size_t *head)
{
    serve_response *r = &k->response;
    uint8_t *chunk = k->s->chunk;
    *head = r->head_len - r->head_at;
    if (k->held_at < k->held_n && *head == 0)
        return (hf_bytes){k->held + k->held_at, k->held_n - k->held_at};
    if (*head >= SERVE_CHUNK)
        return (hf_bytes){(const uint8_t *)r->head + r->head_at, *head};
    memcpy(chunk, r->head + r->head_at, *head);
    size_t n = *head;
    bool more = r->left != 0 && !k->reading && k->held_at == k->held_n && !k->read_failed;
    if (more)
        n += read_now(k, chunk + n, SERVE_CHUNK - n);
    return (hf_bytes){chunk, n};
}

static void took(serve_conn *k, size_t n, size_t head)
{
    serve_response *r = &k->response;
    size_t of_head = n < head ? n : head, of_file = n - of_head;
    r->head_at += of_head;
    size_t content_from = r->head_len - r->content_len;
    if (r->head_at > content_from)
        k->content_sent +=
            r->head_at - content_from < of_head ? r->head_at - content_from : of_head;
    r->at += of_file;
    r->left -= of_file;
    k->content_sent += of_file;
    if (k->held_at < k->held_n)
        k->held_at += of_file;
}

static void response_done(serve_conn *k)
{
    bool close_now = k->response.close || k->s->stopping;
    log_request(k);
    serve_response_free(&k->response);
    free(k->request);
    k->request = NULL;
    free(k->held);
    k->held = NULL;
    k->held_n = k->held_at = 0;
    k->phase = PHASE_IDLE;
    set_deadline(k, k->s->idle_ms);
    if (close_now)
        begin_close(k);
}

static bool write_interim(serve_conn *k)
{
    size_t taken = 0, n = strlen(k->interim) - k->interim_at;
    if (hf_write(k->tls, k->interim + k->interim_at, n, &taken) != HF_OK)
        return false;
    k->interim_at += taken;
    if (taken == n)
        k->interim[0] = '\0';
    return taken != 0;
}

/* Encrypts as much of the response as the connection takes. True when something went in. */
static bool produce(serve_conn *k)
{
    bool moved = false;
    if (k->interim[0] != '\0' && (k->flags & HF_ESTABLISHED) != 0)
        moved = write_interim(k);
    while (k->phase == PHASE_RESPONSE && k->interim[0] == '\0') {
        if (k->response.head_at == k->response.head_len && k->response.left == 0) {
            response_done(k);
            return true;
        }
        size_t head, taken = 0;
        hf_bytes bytes = next_bytes(k, &head);
        if (bytes.n != 0 && hf_write(k->tls, bytes.p, bytes.n, &taken) != HF_OK)
            return moved; /* hf_step tells why */
        took(k, taken, head);
        moved = moved || taken != 0;
        if (bytes.n == 0 && k->read_failed) {
            log_event(k, "a file could not be read to its end", k->request->target);
            hf_abort(k->tls, HF_ALERT_internal_error);
            k->failed = true;
            begin_close(k);
            return true;
        }
        if (taken < bytes.n || bytes.n == 0)
            return moved;
    }
    return moved;
}

/* ---- the pump ---- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; /* an error shows in recv and send */
    (void)events;
    run(poll->data);
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
    if (k->phase == PHASE_HANDSHAKE && (flags & HF_ESTABLISHED) != 0) {
        k->phase = PHASE_IDLE;
        set_deadline(k, k->s->idle_ms);
        if (k->s->stopping)
            begin_close(k);
    }
}

static void run(serve_conn *k)
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
        if (!k->failed && (k->flags & HF_ESTABLISHED) != 0) {
            moved = read_requests(k);
            moved = produce(k) || moved;
        }
        bool sent = send_out(k);
        if (k->phase == PHASE_GONE)
            return;
        if (sent && k->phase == PHASE_RESPONSE)
            set_deadline(k, k->s->idle_ms);
        moved = moved || sent;
        if (k->phase == PHASE_CLOSING && !k->blocked)
            begin_linger(k);
        else if (!k->blocked && wants_input(k))
            moved = receive(k) || moved;
        if (k->phase == PHASE_GONE)
            return;
    }
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
            run(k);
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

void serve_conn_start(serve *s, int fd, const char *peer)
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
        hf_server_new(s->config, &k->tls) == HF_OK && uv_poll_init(&s->loop, &k->poll, fd) == 0;
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
    set_deadline(k, s->handshake_ms);
    k->next = s->connections;
    if (k->next != NULL)
        k->next->previous = k;
    s->connections = k;
    s->count++;
    run(k);
}

/* A connection that has only just become idle may have its next request on the way. */
static bool idle_for_long(const serve_conn *k)
{
    return k->phase == PHASE_IDLE && now_ms(k->s) - (k->deadline_ms - k->s->idle_ms) >= SPARED_MS;
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
        begin_close(k);
        run(k);
        return;
    case PHASE_HEADERS:
    case PHASE_CONTENT:
        refuse_request(k, 408, "The request took too long to arrive.");
        run(k);
        return;
    case PHASE_HANDSHAKE:
        log_event(k, "handshake not finished in time", "");
        break;
    case PHASE_RESPONSE:
        log_event(k, "the peer took nothing of its response for too long",
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
            begin_close(k);
            run(k);
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
