/* capture.c: a capture's two readings: what connections it has, and one of them put together. */
#include "explain/capture.h"
#include "explain/capture/connections.h"
#include "explain/capture/file.h"
#include "explain/capture/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct hf_capture {
    cap_memory memory;
    hf_capture_source source;
    cap_connections connections;
    char broken_off[HF_ERROR_TEXT];
    uint64_t packets, segments, fragments, cut;
    uint8_t *keylog;
    size_t keylog_n, keylog_room;
    int64_t now_ns;
};

static void *default_allocate(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void default_release(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

/* Memory that held secrets. */
static void wipe(void *p, size_t n)
{
    static void *(*const volatile set)(void *, int, size_t) = memset;
    if (n != 0)
        set(p, 0, n);
}

static hf_status fail(hf_error *e, hf_status code, const char *expected, const char *got)
{
    if (e != NULL) {
        *e = (hf_error){.code = code};
        snprintf(e->expected, sizeof e->expected, "%s", expected);
        snprintf(e->got, sizeof e->got, "%s", got);
    }
    return code;
}

/* ---- its own key log ---- */

static hf_status keep_secrets(void *ctx, hf_bytes text)
{
    hf_capture *c = ctx;
    size_t n = c->keylog_n + text.n + 1;
    if (n > CAP_SECRETS_MAX)
        return HF_OK;
    if (n > c->keylog_room) {
        uint8_t *larger = c->memory.allocate(c->memory.ctx, 2 * n);
        if (larger == NULL)
            return HF_E_OUT_OF_MEMORY;
        if (c->keylog_n != 0)
            memcpy(larger, c->keylog, c->keylog_n);
        wipe(c->keylog, c->keylog_n);
        if (c->keylog != NULL)
            c->memory.release(c->memory.ctx, c->keylog);
        c->keylog = larger;
        c->keylog_room = 2 * n;
    }
    if (text.n != 0)
        memcpy(c->keylog + c->keylog_n, text.p, text.n);
    c->keylog[n - 1] = '\n';
    c->keylog_n = n;
    return HF_OK;
}

static hf_status read_secrets(hf_capture *c, hf_error *e)
{
    FILE *file = c->source.open(c->source.ctx);
    if (file == NULL)
        return fail(e, HF_E_FILE, "", strerror(errno));
    hf_status s = cap_secrets_walk(file, &c->memory, keep_secrets, c);
    fclose(file);
    return s == HF_OK ? s : fail(e, s, "", "");
}

/* ---- the first reading ---- */

static hf_status open_file(hf_capture *c, cap_file **out, hf_error *e)
{
    FILE *file = c->source.open(c->source.ctx);
    *out = NULL;
    if (file == NULL)
        return fail(e, HF_E_FILE, "", strerror(errno));
    return cap_file_open(file, &c->memory, out, e);
}

static hf_status read_connections(hf_capture *c, hf_error *e)
{
    cap_file *file;
    cap_packet packet;
    int more;
    hf_status s = open_file(c, &file, e);
    while (s == HF_OK &&
           (more = cap_file_next(file, &packet, c->broken_off, sizeof c->broken_off)) > 0) {
        cap_segment segment;
        c->packets++;
        cap_kind kind = cap_packet_read(cap_file_link(file), packet.bytes, packet.length, &segment);
        c->fragments += kind == CAP_FRAGMENT;
        c->cut += kind == CAP_CUT;
        c->segments += kind == CAP_SEGMENT;
        if (kind == CAP_SEGMENT)
            s = cap_connections_note(&c->connections, packet.number, packet.t_ns, &segment);
        if (s != HF_OK)
            fail(e, s, "", "");
    }
    cap_file_close(file);
    cap_connections_end(&c->connections);
    if (s == HF_OK && more < 0 && c->packets == 0)
        return fail(e, HF_E_CAPTURE, "packets", c->broken_off);
    return s;
}

hf_status hf_capture_open(const hf_capture_source *source, const hf_explain_options *memory,
                          hf_capture **out, hf_error *e)
{
    cap_memory m = {default_allocate, default_release, NULL};
    if (memory != NULL && memory->allocate != NULL && memory->release != NULL)
        m = (cap_memory){memory->allocate, memory->release, memory->ctx};
    *out = NULL;
    hf_capture *c = m.allocate(m.ctx, sizeof *c);
    if (c == NULL)
        return fail(e, HF_E_OUT_OF_MEMORY, "", "");
    memset(c, 0, sizeof *c);
    c->memory = m;
    c->source = *source;
    cap_connections_init(&c->connections, &m);
    hf_status s = read_connections(c, e);
    if (s == HF_OK)
        s = read_secrets(c, e);
    if (s != HF_OK) {
        hf_capture_free(c);
        return s;
    }
    *out = c;
    return HF_OK;
}

void hf_capture_free(hf_capture *c)
{
    if (c == NULL)
        return;
    cap_memory m = c->memory;
    cap_connections_free(&c->connections);
    wipe(c->keylog, c->keylog_n);
    if (c->keylog != NULL)
        m.release(m.ctx, c->keylog);
    m.release(m.ctx, c);
}

/* ---- questions ---- */

size_t hf_capture_count(const hf_capture *c)
{
    return c->connections.count;
}

const hf_capture_connection *hf_capture_at(const hf_capture *c, size_t stream)
{
    return stream < c->connections.count ? &c->connections.list[stream].seen : NULL;
}

uint64_t hf_capture_more(const hf_capture *c)
{
    return c->connections.more;
}

size_t hf_capture_first_tls(const hf_capture *c)
{
    size_t first = c->connections.count;
    for (size_t i = c->connections.count; i-- > 0;)
        if (c->connections.list[i].seen.hello)
            first = i;
    for (size_t i = c->connections.count; first == c->connections.count && i-- > 0;)
        if (c->connections.list[i].seen.tls)
            first = i;
    return first;
}

const char *hf_capture_broken_off(const hf_capture *c)
{
    return c->broken_off[0] != '\0' ? c->broken_off : NULL;
}

hf_bytes hf_capture_keylog(const hf_capture *c)
{
    return (hf_bytes){c->keylog, c->keylog_n};
}

int64_t hf_capture_now_ns(void *capture)
{
    const hf_capture *c = capture;
    return c->now_ns;
}

/* ---- the second reading ---- */

hf_status hf_capture_replay(hf_capture *c, size_t stream, hf_observer *o, hf_capture_replayed *out,
                            hf_error *e)
{
    if (stream >= c->connections.count)
        return fail(e, HF_E_BAD_ARGUMENT, "a stream of the capture", "another number");
    const cap_connection *connection = &c->connections.list[stream];
    cap_file *file;
    cap_packet packet;
    cap_segment segment;
    cap_replay replay;
    char why[HF_ERROR_TEXT];
    hf_status s = open_file(c, &file, e);
    if (s != HF_OK)
        return s;
    cap_replay_begin(&replay, &c->memory, connection, o);
    c->now_ns = connection->seen.start_ns;
    while (s == HF_OK && cap_file_next(file, &packet, why, sizeof why) > 0) {
        if (cap_packet_read(cap_file_link(file), packet.bytes, packet.length, &segment) !=
            CAP_SEGMENT)
            continue;
        int end = cap_sender(connection, packet.number, &segment);
        if (end < 0)
            continue;
        if (packet.t_ns > c->now_ns)
            c->now_ns = packet.t_ns;
        s = cap_replay_segment(&replay, end, &segment);
    }
    cap_file_close(file);
    if (s == HF_OK)
        s = cap_replay_end(&replay);
    if (out != NULL) {
        *out = cap_replay_result(&replay);
        out->fragments = c->fragments;
    }
    cap_replay_free(&replay);
    return s == HF_OK ? s : fail(e, s, "", "");
}
