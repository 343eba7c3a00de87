/* serve_exchange.c: requests in, responses out, one at a time on each connection. */
#define _GNU_SOURCE /* preadv2 */
#include "cli/serve_conn.h"
#include "cli/serve_explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

enum {
    HEADERS_MS = 20000,  /* from a request's first byte to the end of its header section */
    LEAVE_MS = 5000,     /* for a client whose early request was answered to end its handshake */
    DISCARD_MAX = 65536, /* bytes of content that a GET may carry, to be ignored */
    ECHO_MAX_MIB = 1024,
};

static const hf_hash *sha256(void)
{
    const hf_hash *const *h = hf_provider_default()->hashes;
    while (*h != NULL && strcmp((*h)->name, "SHA-256") != 0)
        h++;
    return *h;
}

/* ---- the log ---- */

/* Text that a peer chose, for between quotes. */
static const char *quotable(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (; *text != '\0' && n < size - 1; text++)
        out[n++] = *text == '"' ? '\'' : *text;
    out[n] = '\0';
    return out;
}

/* The explain page asks for the list every two seconds: news only for those who want it all. */
static bool is_poll(const serve_conn *k)
{
    return k->s->explain != NULL && k->request != NULL && k->response.status == 200 &&
           strcmp(k->request->target, "/.handfast/recent.json") == 0;
}

static void log_request(serve_conn *k)
{
    if (is_poll(k) && k->s->c->verbose == 0)
        return;
    char when[32], target[600], agent[200];
    const http_request *r = k->request;
    hf_info info;
    hf_conn_info(k->tls, &info);
    const char *user_agent = r != NULL ? http_request_field(r, HTTP_USER_AGENT) : NULL;
    cli_say(k->s->c, "%s %s \"%s %s\" %u %llu %.1fms %s %s %s%s \"%s\"", serve_timestamp(when),
            k->peer, r != NULL && r->method[0] != '\0' ? r->method : "-",
            quotable(r != NULL && r->target[0] != '\0' ? r->target : "-", target, sizeof target),
            k->response.status, (unsigned long long)k->content_sent,
            (double)(uv_hrtime() - k->request_ns) / 1e6,
            info.version_name != NULL ? info.version_name : "-",
            info.suite != NULL ? info.suite : "-", info.group != NULL ? info.group : "-",
            !info.resumed      ? ""
            : k->early_request ? " resumed early"
                               : " resumed",
            quotable(user_agent != NULL ? user_agent : "-", agent, sizeof agent));
}

/* ---- requests ---- */

static void begin_response(serve_conn *k)
{
    k->phase = PHASE_RESPONSE;
    k->content_sent = 0;
    serve_conn_deadline(k, k->s->idle_ms);
    if (k->response.head == NULL) { /* not even the answer fits in memory */
        serve_conn_log(k, "memory ran out", "");
        serve_conn_close(k);
    }
}

void serve_refuse_request(serve_conn *k, unsigned status, const char *why)
{
    const char *extra = status == 405 ? "Allow: GET, HEAD\r\n" : "";
    serve_respond_error(status, why != NULL ? why : "", extra, false, false, serve_now_s(),
                        &k->response);
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
    serve_conn_deadline(k, k->s->idle_ms);
    return true;
}

static bool is_echo(const serve_conn *k)
{
    const http_request *r = k->request;
    return k->s->site.echo && strcmp(r->target, "/.echo") == 0 &&
           (strcmp(r->method, "PUT") == 0 || strcmp(r->method, "POST") == 0) && sha256() != NULL;
}

/* Must it wait until the client is known to be there? RFC 8470: what came as early data (here, or
 * at a proxy that says so) may come again, so it may not change anything; and what this server
 * shows of a connection is not known before it is complete. */
static bool is_too_early(const serve_conn *k, bool safe)
{
    const http_request *r = k->request;
    bool early = (k->early && k->early_request) || r->seen[HTTP_EARLY_DATA] != 0;
    bool shows_connection = k->s->explain != NULL && strncmp(r->target, "/.handfast/", 11) == 0;
    return early && (!safe || shows_connection);
}

static void on_headers(void *ctx)
{
    serve_conn *k = ctx;
    http_request *r = k->request;
    k->phase = PHASE_CONTENT;
    serve_conn_deadline(k, k->s->idle_ms);
    k->echo = is_echo(k);
    if (k->echo)
        sha256()->init(&k->hash);
    bool fetch = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    if (is_too_early(k, fetch)) {
        r->bad_status = 425;
        r->bad_reason = "Early data may come again. Ask once more when the handshake is complete.";
        return;
    }
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
    serve_respond_text(text, keep_alive, serve_now_s(), &k->response);
}

static void respond(serve_conn *k)
{
    bool keep_alive = k->request->keep_alive && !k->s->stopping;
    if (k->echo)
        respond_echo(k, keep_alive);
    else if (!serve_explain_respond(k, keep_alive))
        serve_respond(&k->s->site, k->request, keep_alive, serve_now_s(), &k->response);
    begin_response(k);
}

static bool make_request(serve_conn *k)
{
    k->request = malloc(sizeof *k->request);
    if (k->request == NULL) {
        serve_conn_log(k, "memory ran out", "");
        serve_conn_close(k);
        return false;
    }
    http_request_init(k->request);
    k->request->on_body = on_content;
    k->request->on_headers = on_headers;
    k->request->ctx = k;
    k->echo = false;
    k->early_request = false;
    k->request_ns = uv_hrtime();
    return true;
}

/* Parses what was decrypted, up to the end of a request. True when something was used. */
bool serve_read_requests(serve_conn *k)
{
    bool moved = false;
    if (k->leaving) {
        moved = hf_readable(k->tls).n != 0;
        hf_read_consumed(k->tls, hf_readable(k->tls).n);
        return moved;
    }
    while (k->phase >= PHASE_IDLE && k->phase <= PHASE_CONTENT) {
        hf_bytes in = hf_readable(k->tls);
        size_t used;
        if (in.n == 0)
            break;
        if (k->request == NULL && !make_request(k))
            return true;
        k->early_request = k->early_request || k->early;
        bool good = http_request_feed(k->request, in.p, in.n, &used);
        hf_read_consumed(k->tls, good ? used : in.n);
        moved = true;
        if (k->phase == PHASE_IDLE && k->request->started) {
            k->phase = PHASE_HEADERS;
            serve_conn_deadline(k, HEADERS_MS);
        }
        if (!good)
            serve_refuse_request(k, k->request->bad_status, k->request->bad_reason);
        else if (k->request->complete)
            respond(k);
    }
    bool waiting = k->phase >= PHASE_IDLE && k->phase <= PHASE_CONTENT;
    if (waiting && (k->flags & HF_PEER_CLOSED) != 0 && hf_readable(k->tls).n == 0) {
        serve_conn_close(k); /* nothing more will come */
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
        serve_conn_release(k);
        return;
    }
    k->held_at = 0;
    k->held_n = n > 0 ? (size_t)n : 0;
    k->read_failed = n <= 0;
    serve_conn_run(k);
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
    serve_conn_deadline(k, k->s->idle_ms);
    if (close_now && k->early) {
        k->leaving = true;
        serve_conn_deadline(k, LEAVE_MS);
    } else if (close_now) {
        serve_conn_close(k);
    }
}

static bool write_interim(serve_conn *k)
{
    size_t taken = 0, n = strlen(k->interim) - k->interim_at;
    if (hf_write_half_rtt(k->tls, k->interim + k->interim_at, n, &taken) != HF_OK)
        return false;
    k->interim_at += taken;
    if (taken == n)
        k->interim[0] = '\0';
    return taken != 0;
}

/* Encrypts as much of the response as the connection takes. True when something went in. */
bool serve_produce(serve_conn *k)
{
    bool moved = false;
    if (k->interim[0] != '\0')
        moved = write_interim(k);
    while (k->phase == PHASE_RESPONSE && k->interim[0] == '\0') {
        if (k->response.head_at == k->response.head_len && k->response.left == 0) {
            response_done(k);
            return true;
        }
        size_t head, taken = 0;
        hf_bytes bytes = next_bytes(k, &head);
        if (bytes.n != 0 && hf_write_half_rtt(k->tls, bytes.p, bytes.n, &taken) != HF_OK)
            return moved; /* hf_step tells why */
        took(k, taken, head);
        moved = moved || taken != 0;
        if (bytes.n == 0 && k->read_failed) {
            serve_conn_log(k, "a file could not be read to its end", k->request->target);
            hf_abort(k->tls, HF_ALERT_internal_error);
            k->failed = true;
            serve_conn_close(k);
            return true;
        }
        if (taken < bytes.n || bytes.n == 0)
            return moved;
    }
    return moved;
}
