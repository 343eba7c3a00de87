/* json_write.c: the document as one JSON object; its shape is docs/EXPLAIN.md. */
#include "explain/causes.h"
#include "explain/model.h"
#include "explain/out.h"
#include "explain/tutorial.h"

#include <string.h>

static void connection(ex_out *o, const hf_explain *x)
{
    char text[40];
    ex_totals t;
    ex_totals_of(x, &t);
    ex_side role = ex_role(x);
    ex_json_open(o, "connection", '{');
    ex_json_maybe(o, "target", x->target);
    ex_json_text(o, "role",
                 role == EX_CLIENT   ? "client"
                 : role == EX_SERVER ? "server"
                                     : "unknown");
    if (x->started_s != 0)
        ex_json_text(o, "started", ex_date_text(text, sizeof text, x->started_s, true));
    ex_json_int(o, "started_s", x->started_s);
    ex_json_time(o, "duration_us", x->end_ns);
    ex_json_bool(o, "established", t.established);
    ex_json_maybe(o, "version", ex_agreed(x, "version"));
    ex_json_maybe(o, "cipher_suite", ex_agreed(x, "cipher suite"));
    ex_json_maybe(o, "group", ex_agreed(x, "group"));
    ex_json_maybe(o, "alpn", ex_agreed(x, "ALPN"));
    ex_json_maybe(o, "peer_signature_scheme", x->info.peer_scheme);
    ex_json_maybe(o, "own_signature_scheme", x->info.own_scheme);
    ex_json_maybe(o, "aead_from", x->info.aead_from);
    ex_json_maybe(o, "host", x->info.host);
    if (x->observed)
        ex_json_bool(o, "observed", true);
    ex_json_bool(o, "info_known", x->info.known);
    ex_json_bool(o, "hello_retry", x->info.hello_retry);
    ex_json_bool(o, "resumed", x->info.resumed);
    ex_json_bool(o, "peer_authenticated", x->info.peer_authenticated);
    ex_json_bool(o, "insecure", x->info.insecure);
    ex_json_uint(o, "round_trips", t.round_trips);
    ex_json_uint(o, "bytes_sent", t.bytes_sent);
    ex_json_uint(o, "bytes_received", t.bytes_received);
    ex_json_close(o, '}');
}

static void flights(ex_out *o, const hf_explain *x)
{
    const ex_step *at = NULL;
    ex_flight f = {0};
    ex_json_open(o, "flights", '[');
    while (ex_flight_next(x, &at, &f)) {
        ex_json_open(o, NULL, '{');
        ex_json_uint(o, "index", f.index);
        ex_json_text(o, "direction", f.sent ? "sent" : "received");
        ex_json_uint(o, "first_step", f.first);
        ex_json_uint(o, "last_step", f.last);
        ex_json_uint(o, "records", f.records);
        ex_json_uint(o, "bytes", f.bytes);
        ex_json_time(o, "start_us", f.start_ns);
        ex_json_time(o, "end_us", f.end_ns);
        ex_json_close(o, '}');
    }
    ex_json_close(o, ']');
}

static void record(ex_out *o, const ex_record *r)
{
    ex_json_uint(o, "type", r->type);
    ex_json_text(o, "type_name", ex_content_type_name(r->type));
    ex_json_uint(o, "inner_type", r->inner_type);
    ex_json_text(o, "inner_type_name", ex_content_type_name(r->inner_type));
    ex_json_bool(o, "encrypted", r->encrypted);
    ex_json_maybe(o, "key", r->key);
    ex_json_uint(o, "sequence", r->sequence);
    ex_json_uint(o, "wire_length", r->wire_len);
    ex_json_uint(o, "plaintext_length", r->plaintext_len);
    ex_json_uint(o, "padding", r->padding);
    if (r->wire.p != NULL)
        ex_json_hex(o, "wire", r->wire);
    if (r->plaintext.p != NULL)
        ex_json_hex(o, "plaintext", r->plaintext);
}

static void fields(ex_out *o, const ex_message *m)
{
    ex_json_open(o, "fields", '[');
    for (const ex_field *f = m->fields; f != NULL; f = f->next) {
        ex_json_open(o, NULL, '{');
        ex_json_text(o, "form", ex_field_kind_name(f->kind));
        ex_json_text(o, "name", f->name);
        ex_json_uint(o, "depth", f->depth);
        ex_json_uint(o, "offset", f->offset);
        ex_json_uint(o, "length", f->length);
        if (f->kind == HF_TRACE_NUMBER || f->kind == HF_TRACE_LENGTH)
            ex_json_uint(o, "value", f->value);
        ex_json_maybe(o, "meaning", f->meaning);
        ex_json_close(o, '}');
    }
    ex_json_close(o, ']');
}

static void message(ex_out *o, const hf_explain *x, const ex_step *s)
{
    const ex_message *m = &s->message;
    const ex_step *r = ex_record_of(x, s);
    const hf_explain_word *w = hf_explain_word_find(m->name);
    ex_json_uint(o, "type", m->type);
    ex_json_text(o, "name", m->name);
    ex_json_uint(o, "length", m->length);
    ex_json_bool(o, "complete", m->ended);
    if (r != NULL) {
        ex_json_uint(o, "record", r->index);
        ex_json_bool(o, "encrypted", r->record.encrypted);
    }
    if (w != NULL)
        ex_json_text(o, "what", w->what);
    if (m->bytes.p != NULL)
        ex_json_hex(o, "bytes", m->bytes);
    fields(o, m);
}

static void secret(ex_out *o, const ex_secret *s)
{
    ex_json_text(o, "name", s->name);
    ex_json_maybe(o, "from", s->from);
    ex_json_maybe(o, "label", s->label);
    ex_json_hex(o, "context", s->context);
    ex_json_bool(o, "redacted", s->redacted);
    if (!s->redacted)
        ex_json_hex(o, "bytes", s->bytes);
}

static void check(ex_out *o, const ex_check *c)
{
    ex_json_uint(o, "path", c->path);
    ex_json_uint(o, "depth", c->depth);
    ex_json_text(o, "name", c->name);
    ex_json_text(o, "result", hf_error_name(c->result));
    ex_json_int(o, "code", c->result);
    ex_json_maybe(o, "value", c->value);
    ex_json_maybe(o, "limit", c->limit);
    ex_json_maybe(o, "section", c->section);
    ex_json_bool(o, "from_store", c->from_store);
    if (c->advisory)
        ex_json_bool(o, "advisory", true);
    if (c->cert != NULL)
        ex_json_uint(o, "certificate", c->cert->index);
}

static void path(ex_out *o, const ex_path *p)
{
    ex_json_uint(o, "path", p->path);
    ex_json_open(o, "certificates", '[');
    for (unsigned i = 0; i < p->count; i++)
        if (p->certs[i] != NULL)
            ex_json_uint(o, NULL, p->certs[i]->index);
    ex_json_close(o, ']');
    ex_json_bool(o, "anchored", p->anchored);
    ex_json_text(o, "result", hf_error_name(p->result));
    ex_json_int(o, "code", p->result);
    if (p->result == HF_OK)
        return;
    ex_json_text(o, "sentence", hf_error_sentence(p->result));
    ex_json_maybe(o, "check", p->check);
    ex_json_uint(o, "depth", p->depth);
}

static void job(ex_out *o, const ex_job *j)
{
    ex_json_uint(o, "job", (uint64_t)j->job);
    ex_json_text(o, "job_name", ex_job_name(j->job));
    ex_json_maybe(o, "name", j->name);
    ex_json_bool(o, "done", j->done);
    ex_json_int(o, "code", j->status);
    if (j->took_ns >= 0)
        ex_json_time(o, "took_us", j->took_ns);
}

static void step(ex_out *o, const hf_explain *x, const ex_step *s)
{
    ex_json_open(o, NULL, '{');
    ex_json_uint(o, "step", s->index);
    ex_json_time(o, "t_us", s->t_ns);
    ex_json_text(o, "kind", ex_kind_name(s->kind));
    ex_json_text(o, "direction", s->sent ? "sent" : "received");
    switch (s->kind) {
    case HF_TRACE_RECORD:
        record(o, &s->record);
        break;
    case HF_TRACE_MESSAGE:
        message(o, x, s);
        break;
    case HF_TRACE_ALERT:
        ex_json_alert(o, &s->alert);
        break;
    case HF_TRACE_CHOICE:
        ex_json_choice(o, &s->choice);
        break;
    case HF_TRACE_SECRET:
        secret(o, &s->secret);
        break;
    case HF_TRACE_CHECK:
        check(o, &s->check);
        break;
    case HF_TRACE_PATH:
        path(o, &s->path);
        break;
    case HF_TRACE_JOB:
        job(o, &s->job);
        break;
    case HF_TRACE_STATE:
        ex_json_text(o, "name", s->state.name);
        ex_json_maybe(o, "section", s->state.section);
        break;
    case HF_TRACE_ERROR:
        ex_json_error(o, "error", &s->error);
        break;
    case HF_TRACE_FIELD:
    case HF_TRACE_MESSAGE_END:
        break;
    }
    ex_json_close(o, '}');
    ex_put(o, "\n");
}

static void certificate(ex_out *o, const ex_cert *c)
{
    char text[512];
    ex_json_open(o, NULL, '{');
    ex_json_uint(o, "index", c->index);
    ex_json_bool(o, "sent_by_peer", c->sent_by_peer);
    ex_json_bool(o, "from_store", c->from_store);
    if (c->parsed) {
        hf_name_text(c->cert.subject, text, sizeof text);
        ex_json_text(o, "subject", text);
        hf_name_text(c->cert.issuer, text, sizeof text);
        ex_json_text(o, "issuer", text);
        ex_json_hex(o, "serial", c->cert.serial);
        ex_json_text(o, "not_before", ex_date_text(text, sizeof text, c->cert.not_before_s, true));
        ex_json_text(o, "not_after", ex_date_text(text, sizeof text, c->cert.not_after_s, true));
        ex_json_text(o, "key", hf_key_type_name(c->cert.key_type));
        ex_json_uint(o, "key_bits", c->cert.key_bits);
        ex_json_maybe(o, "signature", c->cert.signed_with_name);
        hf_cert_names_text(&c->cert, text, sizeof text);
        ex_json_text(o, "names", text);
        ex_json_bool(o, "ca", c->cert.is_ca);
    }
    ex_json_hex(o, "der", c->der);
    ex_json_close(o, '}');
}

/* A name from a document for which the table has words. */
static void word(ex_out *o, const char *name)
{
    const hf_explain_word *w = hf_explain_word_find(name);
    if (w == NULL)
        return;
    ex_json_open(o, name, '{');
    ex_json_text(o, "what", w->what);
    ex_json_maybe(o, "why", w->why);
    ex_json_maybe(o, "attack", w->attack);
    ex_json_text(o, "section", w->section);
    ex_json_close(o, '}');
}

static bool same(const char *a, const char *b)
{
    return a != NULL && strcmp(a, b) == 0;
}

static bool uses(const hf_explain *x, const char *name)
{
    for (const ex_step *s = x->steps; s != NULL; s = s->next) {
        if ((s->kind == HF_TRACE_SECRET &&
             (same(s->secret.name, name) || same(s->secret.from, name))) ||
            (s->kind == HF_TRACE_CHECK && same(s->check.name, name)) ||
            (s->kind == HF_TRACE_ALERT && same(hf_alert_name(s->alert.description), name)))
            return true;
        if (s->kind != HF_TRACE_MESSAGE)
            continue;
        if (s->message.name != NULL && strcmp(s->message.name, name) == 0)
            return true;
        for (const ex_field *f = s->message.fields; f != NULL; f = f->next)
            if ((f->name != NULL && strcmp(f->name, name) == 0) ||
                (f->meaning != NULL && strcmp(f->meaning, name) == 0))
                return true;
    }
    return false;
}

static void words(ex_out *o, const hf_explain *x)
{
    const hf_explain_word *w;
    ex_json_open(o, "words", '{');
    for (size_t i = 0; (w = hf_explain_word_at(i)) != NULL; i++)
        if (uses(x, w->name))
            word(o, w->name);
    ex_json_close(o, '}');
}

/* The nine steps of the classic telling; none for a connection in which nobody said hello. */
static void tutorial(ex_out *o, const hf_explain *x)
{
    const ex_lesson *l;
    if (ex_role(x) == EX_UNKNOWN)
        return;
    ex_json_open(o, "tutorial", '[');
    for (size_t i = 0; (l = ex_lesson_at(i)) != NULL; i++) {
        ex_json_open(o, NULL, '{');
        ex_json_uint(o, "number", l->number);
        ex_json_text(o, "title", l->title);
        ex_json_text(o, "tells", l->tells);
        ex_json_text(o, "differs", l->differs);
        ex_json_text(o, "section", l->section);
        ex_json_text(o, "moved", l->moved);
        ex_json_text(o, "moved_section", l->moved_section);
        ex_json_open(o, "steps", '[');
        for (const ex_step *s = x->steps; s != NULL; s = s->next)
            if (ex_lesson_is(x, l, s))
                ex_json_uint(o, NULL, s->index);
        ex_json_close(o, ']');
        ex_json_close(o, '}');
    }
    ex_json_close(o, ']');
}

/* What usually lies behind it, and what mends it or shows more. */
static void causes(ex_out *o, const hf_explain *x)
{
    char command[400];
    const ex_causes *c = ex_causes_of(&x->error);
    if (c == NULL)
        return;
    ex_json_open(o, "causes", '[');
    for (size_t i = 0; i < EX_CAUSES_MAX && c->causes[i] != NULL; i++)
        ex_json_text(o, NULL, c->causes[i]);
    ex_json_close(o, ']');
    ex_json_text(o, "command", ex_command_text(command, sizeof command, c, x->target));
}

static void verdict(ex_out *o, const hf_explain *x)
{
    ex_totals t;
    ex_totals_of(x, &t);
    ex_json_open(o, "verdict", '{');
    ex_json_bool(o, "ok", t.established && !x->failed);
    if (x->failed) {
        ex_json_time(o, "t_us", x->error_ns);
        if (x->error_message != NULL)
            ex_json_uint(o, "step", x->error_message->index);
        ex_json_error(o, "error", &x->error);
        causes(o, x);
    }
    ex_json_close(o, '}');
}

static void notes(ex_out *o, const hf_explain *x)
{
    if (x->notes == NULL)
        return;
    ex_json_open(o, "notes", '[');
    for (const ex_note *n = x->notes; n != NULL; n = n->next)
        ex_json_text(o, NULL, n->text);
    ex_json_close(o, ']');
}

hf_status hf_explain_render_json(const hf_explain *x, hf_explain_sink sink)
{
    ex_out o;
    ex_out_init(&o, sink);
    ex_json_open(&o, NULL, '{');
    ex_json_text(&o, "format", "handfast-explain");
    ex_json_uint(&o, "version", 1);
    ex_json_text(&o, "made_by", "handfast " HF_VERSION_STRING);
    ex_json_text(&o, "secrets", x->options.secrets ? "included" : "redacted");
    connection(&o, x);
    verdict(&o, x);
    notes(&o, x);
    ex_json_open(&o, "left_out", '{');
    ex_json_uint(&o, "events", x->left_out_events);
    ex_json_uint(&o, "bytes", x->left_out_bytes);
    ex_json_uint(&o, "limit", x->options.memory);
    ex_json_bool(&o, "out_of_memory", x->out_of_memory);
    ex_json_uint(&o, "events_of_other_connections", x->other_connections);
    ex_json_close(&o, '}');
    flights(&o, x);
    ex_json_open(&o, "certificates", '[');
    for (const ex_cert *c = x->certs; c != NULL; c = c->next)
        certificate(&o, c);
    ex_json_close(&o, ']');
    words(&o, x);
    tutorial(&o, x);
    ex_json_open(&o, "steps", '[');
    for (const ex_step *s = x->steps; s != NULL; s = s->next)
        step(&o, x, s);
    ex_json_close(&o, ']');
    ex_json_close(&o, '}');
    ex_put(&o, "\n");
    return ex_out_end(&o);
}
