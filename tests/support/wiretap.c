/* wiretap.c: listening to a pair. */
#include "support/wiretap.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

static void must(bool right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "wiretap: %s\n", what);
    abort();
}

static void put(hf_buf *b, const char *text)
{
    must(hf_buf_append(b, hf_bytes_text(text)) == HF_OK, "memory");
}

static void put_hex(hf_buf *b, hf_bytes bytes)
{
    char two[3];
    for (size_t i = 0; i < bytes.n; i++) {
        snprintf(two, sizeof(two), "%02x", bytes.p[i]);
        put(b, two);
    }
    put(b, "\n");
}

static void tell(void *ctx, const hf_conn *conn, const hf_event *e)
{
    wiretap_story *story = ctx;
    hf_buf *said = &story->said[e->sent];
    char text[256];
    (void)conn;
    switch (e->kind) {
    case HF_TRACE_MESSAGE:
        snprintf(text, sizeof(text), "message %u %s ", e->message.type, e->message.name);
        put(said, text);
        put_hex(said, e->message.bytes);
        break;
    case HF_TRACE_FIELD:
        snprintf(text, sizeof(text), "  field %d %s %zu %zu %llu %s\n", (int)e->field.kind,
                 e->field.name, e->field.offset, e->field.length,
                 (unsigned long long)e->field.value,
                 e->field.meaning != NULL ? e->field.meaning : "");
        put(said, text);
        break;
    case HF_TRACE_MESSAGE_END:
        put(said, "  end\n");
        break;
    case HF_TRACE_RECORD:
        if (e->record.inner_type != 23)
            break;
        snprintf(text, sizeof(text), "data %zu %s %llu ", e->record.wire_len,
                 e->record.key != NULL ? e->record.key : "closed",
                 (unsigned long long)e->record.sequence);
        put(said, text);
        put_hex(said, e->record.plaintext);
        break;
    case HF_TRACE_ALERT:
        snprintf(text, sizeof(text), "alert %u %u\n", e->alert.level, e->alert.description);
        put(said, text);
        break;
    case HF_TRACE_SECRET:
        put(&story->secrets, e->secret.name);
        put(&story->secrets, " ");
        put_hex(&story->secrets, e->secret.bytes);
        break;
    case HF_TRACE_CHOICE:
        put(&story->choices, e->choice.what);
        put(&story->choices, ": ");
        put(&story->choices, e->choice.offered != NULL ? e->choice.offered : "");
        put(&story->choices, ": ");
        put(&story->choices, e->choice.chosen != NULL ? e->choice.chosen : "");
        put(&story->choices, "\n");
        break;
    case HF_TRACE_ERROR:
        story->errors++;
        story->error = *e->error;
        break;
    default:
        break;
    }
}

hf_trace wiretap_trace(wiretap_story *story)
{
    return (hf_trace){.event = tell, .ctx = story, .secrets = true};
}

void wiretap_story_free(wiretap_story *story)
{
    hf_buf_free(&story->said[0]);
    hf_buf_free(&story->said[1]);
    hf_buf_free(&story->secrets);
    hf_buf_free(&story->choices);
    *story = (wiretap_story){0};
}

static void keylog_line(void *ctx, const char *line)
{
    wiretap *w = ctx;
    put(&w->keylog, line);
    put(&w->keylog, "\n");
}

void wiretap_config(wiretap *w, pair *p)
{
    *w = (wiretap){0};
    w->trace = wiretap_trace(&w->own);
    hf_config_trace(p->client_config, &w->trace);
    hf_config_keylog(p->client_config, keylog_line, w);
}

void wiretap_clear(wiretap *w)
{
    hf_buf_clear(&w->bytes);
    hf_buf_clear(&w->keylog);
    w->chunks = 0;
    wiretap_story_free(&w->own);
}

void wiretap_free(wiretap *w)
{
    hf_buf_free(&w->bytes);
    hf_buf_free(&w->keylog);
    wiretap_story_free(&w->own);
}

/* ---- listening ---- */

static size_t move(wiretap *w, bool client, hf_conn *from, hf_conn *to)
{
    hf_bytes out = hf_out(from);
    size_t used = 0;
    if (out.n == 0)
        return 0;
    must(w->chunks < WIRETAP_CHUNKS, "too many chunks");
    /* what was sent goes over the wire, whether it is taken or not */
    w->chunk[w->chunks].client = client;
    w->chunk[w->chunks].at = w->bytes.n;
    if (hf_feed(to, out.p, out.n, &used) != HF_OK)
        used = out.n;
    w->chunk[w->chunks++].n = used;
    must(hf_buf_append(&w->bytes, (hf_bytes){out.p, used}) == HF_OK, "memory");
    hf_out_consumed(from, used);
    return used;
}

static int step(hf_conn *c)
{
    int last = hf_step(c);
    while (last > 0 && (last & HF_HAVE_DATA) != 0) {
        hf_read_consumed(c, hf_readable(c).n);
        last = hf_step(c);
    }
    return last;
}

bool wiretap_run(wiretap *w, pair *p)
{
    for (unsigned still = 0; still < 2; still++) {
        p->client_last = step(p->client);
        size_t moved = move(w, true, p->client, p->server);
        p->server_last = step(p->server);
        moved += move(w, false, p->server, p->client);
        if (moved != 0)
            still = 0;
    }
    return p->client_last > 0 && p->server_last > 0 && (p->client_last & HF_ESTABLISHED) != 0 &&
           (p->server_last & HF_ESTABLISHED) != 0;
}

void wiretap_send(wiretap *w, pair *p, bool from_client, size_t n)
{
    hf_conn *from = from_client ? p->client : p->server;
    uint8_t *data = calloc(1, n + 1);
    must(data != NULL, "memory");
    for (size_t i = 0; i < n; i++)
        data[i] = (uint8_t)(i * 31 + (i >> 8));
    for (size_t written = 0, taken = 0; written < n; written += taken) {
        must(hf_write(from, data + written, n - written, &taken) == HF_OK, "write");
        (void)wiretap_run(w, p);
    }
    free(data);
}

hf_status wiretap_feed(const wiretap *w, hf_observer *o, size_t most)
{
    for (size_t i = 0; i < w->chunks; i++) {
        const uint8_t *p = w->bytes.p + w->chunk[i].at;
        for (size_t n, left = w->chunk[i].n; left != 0; left -= n, p += n) {
            n = most != 0 && most < left ? most : left;
            hf_status s = hf_observer_feed(o, w->chunk[i].client, (hf_bytes){p, n});
            if (s != HF_OK)
                return s;
        }
    }
    return HF_OK;
}
