/* lines.c: events as they come, one JSON object a line. Nothing is allocated or kept. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime, flockfile */
#include "explain/model.h"
#include "explain/out.h"

#include <time.h>

static int64_t now(const hf_explain_lines *l)
{
    if (l->now_ns != NULL)
        return l->now_ns(l->ctx);
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void record(ex_out *o, const hf_event *e)
{
    ex_json_text(o, "type", ex_content_type_name(e->record.type));
    ex_json_text(o, "inner_type", ex_content_type_name(e->record.inner_type));
    ex_json_bool(o, "encrypted", e->record.encrypted);
    if (e->record.encrypted) {
        ex_json_maybe(o, "key", e->record.key);
        ex_json_uint(o, "sequence", e->record.sequence);
    }
    ex_json_uint(o, "wire_length", e->record.wire_len);
    ex_json_uint(o, "plaintext_length", e->record.plaintext.n);
    if (e->record.padding != 0)
        ex_json_uint(o, "padding", e->record.padding);
}

static void field(ex_out *o, const hf_event *e)
{
    ex_json_text(o, "form", ex_field_kind_name(e->field.kind));
    ex_json_text(o, "name", e->field.name);
    ex_json_uint(o, "offset", e->field.offset);
    ex_json_uint(o, "length", e->field.length);
    if (e->field.kind == HF_TRACE_NUMBER || e->field.kind == HF_TRACE_LENGTH)
        ex_json_uint(o, "value", e->field.value);
    ex_json_maybe(o, "meaning", e->field.meaning);
    if (e->field.kind == HF_TRACE_BYTES && e->field.data != NULL)
        ex_json_hex(o, "bytes", (hf_bytes){e->field.data, e->field.length});
}

static void secret(ex_out *o, const hf_event *e, bool bytes)
{
    ex_json_text(o, "name", e->secret.name);
    ex_json_maybe(o, "from", e->secret.from);
    ex_json_maybe(o, "label", e->secret.label);
    ex_json_hex(o, "context", e->secret.context);
    if (bytes && e->secret.bytes.n != 0)
        ex_json_hex(o, "bytes", e->secret.bytes);
    else
        ex_json_bool(o, "redacted", true);
}

static void check(ex_out *o, const hf_check *c)
{
    ex_json_uint(o, "path", c->path);
    ex_json_uint(o, "depth", c->depth);
    ex_json_text(o, "name", c->name);
    ex_json_text(o, "result", hf_error_name(c->result));
    ex_json_maybe(o, "value", c->value);
    ex_json_maybe(o, "limit", c->limit);
    ex_json_maybe(o, "section", c->section);
    ex_json_bool(o, "from_store", c->from_store);
    if (c->advisory)
        ex_json_bool(o, "advisory", true);
    if (c->cert != NULL) {
        char subject[256];
        hf_name_text(c->cert->subject, subject, sizeof subject);
        ex_json_text(o, "subject", subject);
    }
}

static void path(ex_out *o, const hf_verify_path *p)
{
    char subject[400];
    ex_json_uint(o, "path", p->path);
    ex_json_open(o, "subjects", '[');
    for (unsigned i = 0; i < p->count; i++) {
        hf_name_text(p->certs[i]->subject, subject, sizeof subject);
        ex_json_text(o, NULL, subject);
    }
    ex_json_close(o, ']');
    ex_json_bool(o, "anchored", p->anchored);
    ex_json_text(o, "result", hf_error_name(p->result));
    ex_json_maybe(o, "check", p->check);
    ex_json_uint(o, "depth", p->depth);
}

static void content(ex_out *o, const hf_event *e, bool secrets)
{
    switch (e->kind) {
    case HF_TRACE_RECORD:
        record(o, e);
        break;
    case HF_TRACE_MESSAGE:
        ex_json_uint(o, "type", e->message.type);
        ex_json_text(o, "name", e->message.name);
        ex_json_hex(o, "bytes", e->message.bytes);
        break;
    case HF_TRACE_FIELD:
        field(o, e);
        break;
    case HF_TRACE_ALERT:
        ex_json_alert(o, &e->alert);
        break;
    case HF_TRACE_CHOICE:
        ex_json_choice(o, &e->choice);
        break;
    case HF_TRACE_SECRET:
        secret(o, e, secrets);
        break;
    case HF_TRACE_CHECK:
        if (e->check != NULL)
            check(o, e->check);
        break;
    case HF_TRACE_PATH:
        if (e->path != NULL)
            path(o, e->path);
        break;
    case HF_TRACE_JOB:
        ex_json_text(o, "job", ex_job_name(e->job.job));
        ex_json_text(o, "name", e->job.name);
        ex_json_bool(o, "done", e->job.done);
        ex_json_text(o, "status", hf_error_name(e->job.status));
        break;
    case HF_TRACE_STATE:
        ex_json_text(o, "name", e->state.name);
        ex_json_text(o, "section", e->state.section);
        break;
    case HF_TRACE_ERROR:
        if (e->error != NULL)
            ex_json_error(o, "error", e->error);
        break;
    case HF_TRACE_MESSAGE_END:
        break;
    }
}

static void write_line(void *ctx, const hf_conn *conn, const hf_event *e)
{
    hf_explain_lines *l = ctx;
    ex_out o;
    char id[32];
    snprintf(id, sizeof id, "%p", (const void *)conn);
    ex_out_init(&o, hf_explain_sink_file(l->file));
    flockfile(l->file); /* a line is whole, whoever else writes */
    ex_json_open(&o, NULL, '{');
    ex_json_time(&o, "t_us", now(l) - l->start_ns);
    ex_json_text(&o, "connection", id);
    ex_json_text(&o, "kind", ex_kind_name(e->kind));
    if (e->kind == HF_TRACE_RECORD || e->kind == HF_TRACE_MESSAGE || e->kind == HF_TRACE_ALERT)
        ex_json_text(&o, "direction", e->sent ? "sent" : "received");
    content(&o, e, l->secrets);
    ex_json_close(&o, '}');
    ex_put(&o, "\n");
    (void)ex_out_end(&o);
    funlockfile(l->file);
}

hf_trace hf_explain_lines_trace(hf_explain_lines *l)
{
    l->start_ns = now(l);
    return (hf_trace){.event = write_line, .ctx = l, .secrets = l->secrets};
}
