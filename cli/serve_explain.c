/* serve_explain.c: `serve --explain`: recording connections, and showing each visitor his own. */
#define _POSIX_C_SOURCE 200809L
#include "cli/serve_explain.h"
#include "cli/serve_conn.h"
#include "explain/explain.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef enum record_state { RECORD_UNUSED, RECORD_OPEN, RECORD_DONE, RECORD_FAILED } record_state;

struct serve_record {
    record_state state;
    bool established;
    uint64_t id;      /* from 1 */
    serve_conn *conn; /* NULL once it is gone */
    hf_explain *x;
    int64_t started_s;
    uint64_t started_ns, took_ns;
    char peer[64];
    const char *version, *suite, *group; /* names of the library's; NULL where unknown */
    const char *verdict;                 /* static */
};

typedef struct serve_record record;

struct serve_explain {
    bool anyone, secrets;
    hf_trace trace;
    unsigned port, port_12;
    uint64_t last; /* id; the record is records[id % SERVE_RECORDS] */
    record records[SERVE_RECORDS];
};

/* ---- recording ---- */

static void on_event(void *ctx, const hf_conn *conn, const hf_event *event)
{
    (void)ctx;
    record *r = hf_conn_user(conn);
    if (r != NULL)
        hf_explain_event(r->x, conn, event);
}

serve_explain *serve_explain_new(bool anyone, bool secrets)
{
    serve_explain *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->anyone = anyone;
    e->secrets = secrets;
    e->trace = (hf_trace){.event = on_event, .secrets = secrets};
    return e;
}

/* The slot is free for another; a connection that still lives goes on without a record. */
static void forget(record *r)
{
    if (r->conn != NULL) {
        hf_conn_set_user(r->conn->tls, NULL);
        r->conn->record = NULL;
    }
    hf_explain_free(r->x);
    *r = (record){0};
}

void serve_explain_free(serve_explain *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < SERVE_RECORDS; i++)
        forget(&e->records[i]);
    free(e);
}

const hf_trace *serve_explain_trace(serve_explain *e)
{
    return e == NULL ? NULL : &e->trace;
}

void serve_explain_set_ports(serve_explain *e, unsigned port, unsigned port_12)
{
    e->port = port;
    e->port_12 = port_12;
}

void serve_explain_begin(serve_conn *k)
{
    serve_explain *e = k->s->explain;
    if (e == NULL)
        return;
    record *r = &e->records[(e->last + 1) % SERVE_RECORDS];
    forget(r);
    r->x =
        hf_explain_new(&(hf_explain_options){.memory = SERVE_RECORD_BYTES, .secrets = e->secrets});
    if (r->x == NULL)
        return; /* shown as one that has made room */
    r->state = RECORD_OPEN;
    r->id = ++e->last;
    r->conn = k;
    r->started_s = serve_now_s();
    r->started_ns = uv_hrtime();
    r->verdict = "shaking hands";
    snprintf(r->peer, sizeof r->peer, "%s", k->peer);
    hf_explain_set_target(r->x, r->peer);
    k->record = r;
    hf_conn_set_user(k->tls, r);
}

static void keep_info(record *r, const hf_info *info)
{
    r->version = info->version_name;
    r->suite = info->suite;
    r->group = info->group;
}

void serve_explain_established(serve_conn *k)
{
    record *r = k->record;
    hf_info info;
    if (r == NULL)
        return;
    hf_conn_info(k->tls, &info);
    keep_info(r, &info);
    r->established = true;
    r->took_ns = uv_hrtime() - r->started_ns;
    r->verdict = "encrypted";
    hf_explain_finish(r->x, &info, NULL); /* later events are still taken */
}

void serve_explain_failed(serve_conn *k)
{
    record *r = k->record;
    hf_error error;
    if (r == NULL)
        return;
    hf_conn_error(k->tls, &error);
    if (r->established && error.code == HF_E_TRUNCATED) /* many clients just go: no failure */
        return;
    if (!r->established)
        r->took_ns = uv_hrtime() - r->started_ns;
    r->state = RECORD_FAILED;
    r->verdict = hf_error_sentence(error.code);
    hf_explain_finish(r->x, NULL, &error);
}

void serve_explain_end(serve_conn *k)
{
    record *r = k->record;
    if (r == NULL)
        return;
    if (r->state == RECORD_OPEN) {
        r->state = r->established ? RECORD_DONE : RECORD_FAILED;
        r->verdict = r->established ? "encrypted, closed" : "gone before the handshake was over";
    }
    hf_conn_set_user(k->tls, NULL);
    r->conn = NULL;
    k->record = NULL;
}

/* ---- showing ---- */

/* As serve.c writes it: "127.0.0.1:4711", "[::1]:4711", "[::ffff:127.0.0.1]:4711". */
static bool from_this_machine(const char *peer)
{
    return strncmp(peer, "127.", 4) == 0 || strncmp(peer, "[::1]:", 6) == 0 ||
           strncmp(peer, "[::ffff:127.", 12) == 0;
}

typedef struct answer {
    serve_conn *k;
    bool head_only, keep_alive;
} answer;

static void refuse(const answer *a, unsigned status, const char *why)
{
    serve_respond_error(status, why, status == 405 ? "Allow: GET, HEAD\r\n" : "", a->head_only,
                        a->keep_alive, serve_now_s(), &a->k->response);
}

/* Takes `text` over; NULL when memory ran out. */
static void give(const answer *a, const char *type, char *text, size_t n)
{
    static const char fields[] = "Cache-Control: no-store\r\n"
                                 "Cross-Origin-Resource-Policy: same-origin\r\n"
                                 "Referrer-Policy: no-referrer\r\nX-Frame-Options: DENY\r\n";
    if (text == NULL)
        refuse(a, 503, "Memory ran out.");
    else
        serve_respond_bytes(type, (hf_bytes){(const uint8_t *)text, n}, fields, 200, a->head_only,
                            a->keep_alive, serve_now_s(), &a->k->response);
    free(text);
}

/* The record as a page or as JSON. `r` NULL: a page that says so by having none. */
static void give_record(const answer *a, const record *r, bool page)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    hf_status status = HF_E_OUT_OF_MEMORY;
    if (out != NULL && page)
        status = hf_explain_render_html(
            r == NULL ? NULL : r->x, hf_explain_sink_file(out),
            &(hf_explain_html){.live = true, .connection = r == NULL ? 0 : r->id});
    else if (out != NULL)
        status = hf_explain_render_json(r->x, hf_explain_sink_file(out));
    if ((out != NULL && fclose(out) != 0) || status != HF_OK) {
        free(text);
        text = NULL;
    }
    give(a, page ? "text/html; charset=utf-8" : "application/json", text, n);
}

static json_t *record_json(const record *r)
{
    static const char *const states[] = {"", "open", "closed", "failed"};
    char when[32] = "";
    time_t t = (time_t)r->started_s;
    struct tm tm;
    if (gmtime_r(&t, &tm) != NULL)
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s}", "id", (json_int_t)r->id, "started", when,
                          "peer", r->peer, "state", states[r->state], "verdict", r->verdict);
    const struct {
        const char *key, *value;
    } maybe[] = {{"version", r->version}, {"cipher_suite", r->suite}, {"group", r->group}};
    for (size_t i = 0; o != NULL && i < sizeof maybe / sizeof maybe[0]; i++)
        if (maybe[i].value != NULL)
            json_object_set_new(o, maybe[i].key, json_string(maybe[i].value));
    if (o != NULL && r->took_ns != 0)
        json_object_set_new(o, "duration_us", json_integer((json_int_t)(r->took_ns / 1000)));
    return o;
}

/* The newest first. */
static void give_list(const answer *a)
{
    const serve_explain *e = a->k->s->explain;
    json_t *list = json_array();
    for (uint64_t i = 0; i < SERVE_RECORDS && i < e->last; i++) {
        const record *r = &e->records[(e->last - i) % SERVE_RECORDS];
        if (r->state != RECORD_UNUSED)
            json_array_append_new(list, record_json(r));
    }
    json_t *o = json_pack("{s:I, s:i, s:i, s:i, s:o}", "total", (json_int_t)e->last, "kept",
                          (int)SERVE_RECORDS, "port", (int)e->port, "port_tls12", (int)e->port_12,
                          "connections", list);
    char *text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);
    json_decref(o);
    give(a, "application/json", text, text == NULL ? 0 : strlen(text));
}

static void give_other(const answer *a, const char *name)
{
    serve_explain *e = a->k->s->explain;
    char *end;
    uint64_t id = strtoull(name, &end, 10);
    record *r = &e->records[id % SERVE_RECORDS];
    bool good = name[0] >= '1' && name[0] <= '9' && strcmp(end, ".json") == 0;
    if (!good || r->state == RECORD_UNUSED || r->id != id)
        refuse(a, 404, "That connection is not recorded, or has made room for newer ones.");
    else if (r != a->k->record && !from_this_machine(a->k->peer))
        refuse(a, 403, "Others' connections are shown on this machine only.");
    else
        give_record(a, r, false);
}

/* Ends what the visitor's browser holds open: this connection after its answer, and the idle ones
 * that it made in reserve, so that the next page comes over a new one. */
static void give_close(answer *a)
{
    serve_explain *e = a->k->s->explain;
    const char *port = strrchr(a->k->peer, ':');
    size_t host = port == NULL ? strlen(a->k->peer) : (size_t)(port - a->k->peer) + 1;
    for (size_t i = 0; i < SERVE_RECORDS; i++) {
        serve_conn *other = e->records[i].conn;
        if (other == NULL || other == a->k || other->phase != PHASE_IDLE ||
            strncmp(other->peer, a->k->peer, host) != 0)
            continue;
        serve_conn_close(other);
        serve_conn_run(other);
    }
    a->keep_alive = false;
    give(a, "text/plain; charset=utf-8", strdup("closing\n"), 8);
}

bool serve_explain_respond(serve_conn *k, bool keep_alive)
{
    static const char folder[] = "/.handfast";
    const http_request *q = k->request;
    serve_explain *e = k->s->explain;
    char path[128];
    if (e == NULL || strncmp(q->target, folder, sizeof folder - 1) != 0)
        return false;
    snprintf(path, sizeof path, "%.*s", (int)strcspn(q->target + sizeof folder - 1, "?#"),
             q->target + sizeof folder - 1);
    if (path[0] != '/' && path[0] != '\0')
        return false;
    answer a = {k, strcmp(q->method, "HEAD") == 0, keep_alive};
    if (!from_this_machine(k->peer) && !e->anyone)
        refuse(&a, 403, "This page is for visitors from the server's own machine.");
    else if (strcmp(q->method, "GET") != 0 && !a.head_only)
        refuse(&a, 405, "Only GET and HEAD work here.");
    else if (path[0] == '\0')
        serve_respond_error(301, "/.handfast/", "Location: /.handfast/\r\n", a.head_only,
                            keep_alive, serve_now_s(), &k->response);
    else if (strcmp(path, "/") == 0)
        give_record(&a, k->record, true);
    else if (strcmp(path, "/close") == 0)
        give_close(&a);
    else if (strcmp(path, "/recent.json") == 0) {
        if (from_this_machine(k->peer))
            give_list(&a);
        else
            refuse(&a, 403, "The list is shown on this machine only.");
    } else if (strncmp(path, "/connection/", 12) == 0)
        give_other(&a, path + 12);
    else
        refuse(&a, 404, "There is no such page.");
    return true;
}
