/* record.c: events become steps of the document. The only place that writes to it. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "explain/model.h"

#include <string.h>
#include <time.h>

enum { APPLICATION_DATA = 23 };

static int64_t monotonic_ns(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now(const hf_explain *x)
{
    return x->options.now_ns != NULL ? x->options.now_ns(x->options.ctx) : monotonic_ns();
}

static size_t event_size(const hf_event *e)
{
    switch (e->kind) {
    case HF_TRACE_RECORD:
        return e->record.wire_len;
    case HF_TRACE_MESSAGE:
        return e->message.bytes.n;
    case HF_TRACE_FIELD:
        return 0;
    default:
        return sizeof *e;
    }
}

static void leave_out(hf_explain *x, const hf_event *e)
{
    x->left_out_events++;
    x->left_out_bytes += event_size(e);
}

/* ---- each kind of event ---- */

static void keep_record(hf_explain *x, ex_record *r, const hf_event *e)
{
    r->type = e->record.type;
    r->inner_type = e->record.inner_type;
    r->encrypted = e->record.encrypted;
    r->key = ex_text(x, e->record.key);
    r->sequence = e->record.sequence;
    r->wire_len = e->record.wire_len;
    r->plaintext_len = e->record.plaintext.n;
    r->padding = e->record.padding;
    if (r->inner_type == APPLICATION_DATA) {
        size_t n = e->record.wire.n + e->record.plaintext.n;
        if (!x->options.application_data)
            return;
        if (x->data_used + n > x->options.memory / 4) {
            x->left_out_bytes += n;
            return;
        }
        x->data_used += n;
    }
    r->wire = ex_bytes(x, e->record.wire);
    r->plaintext = ex_bytes(x, e->record.plaintext);
}

static void keep_message(hf_explain *x, ex_step *s, const hf_event *e)
{
    ex_message *m = &s->message;
    m->type = e->message.type;
    m->name = ex_text(x, e->message.name);
    m->length = e->message.bytes.n;
    m->bytes = ex_bytes(x, e->message.bytes);
    x->open = s;
}

/* The DER of each certificate that the peer sends is kept apart, once. */
static void notice_certificate(hf_explain *x, const ex_step *s, const ex_field *f)
{
    if (f->kind != HF_TRACE_BYTES || f->data == NULL || s->message.type != 11)
        return;
    if (f->name == NULL || (strcmp(f->name, "cert_data") != 0 && strcmp(f->name, "ASN.1Cert") != 0))
        return;
    ex_cert *c = ex_cert_add(x, (hf_bytes){f->data, f->length});
    if (c != NULL && !s->sent)
        c->sent_by_peer = true;
}

static void keep_field(hf_explain *x, const hf_event *e)
{
    if (x->open == NULL) { /* its message did not fit */
        x->left_out_events++;
        return;
    }
    ex_message *m = &x->open->message;
    if (e->field.kind == HF_TRACE_CLOSE && m->depth > 0)
        m->depth--;
    ex_field *f = ex_alloc(x, sizeof *f);
    if (f == NULL) {
        leave_out(x, e);
        if (e->field.kind == HF_TRACE_OPEN)
            m->depth++;
        return;
    }
    f->kind = e->field.kind;
    f->depth = m->depth;
    f->name = ex_text(x, e->field.name);
    f->meaning = ex_text(x, e->field.meaning);
    f->offset = e->field.offset;
    f->length = e->field.length;
    f->value = e->field.value;
    if (f->length != 0 && f->offset <= m->bytes.n && f->length <= m->bytes.n - f->offset)
        f->data = m->bytes.p + f->offset;
    if (m->last != NULL)
        m->last->next = f;
    else
        m->fields = f;
    m->last = f;
    if (f->kind == HF_TRACE_OPEN)
        m->depth++;
    notice_certificate(x, x->open, f);
}

static void keep_choice(hf_explain *x, ex_choice *c, const hf_event *e)
{
    c->what = ex_text(x, e->choice.what);
    c->offered = ex_text(x, e->choice.offered);
    c->supported = ex_text(x, e->choice.supported);
    c->chosen = ex_text(x, e->choice.chosen);
    c->rule = ex_text(x, e->choice.rule);
}

static void keep_secret(hf_explain *x, ex_secret *s, const hf_event *e)
{
    s->name = ex_text(x, e->secret.name);
    s->from = ex_text(x, e->secret.from);
    s->label = ex_text(x, e->secret.label);
    s->context = ex_bytes(x, e->secret.context);
    s->length = e->secret.bytes.n;
    s->redacted = !x->options.secrets || e->secret.bytes.n == 0;
    if (!s->redacted)
        s->bytes = ex_bytes(x, e->secret.bytes);
}

static void keep_check(hf_explain *x, ex_check *c, const hf_check *check)
{
    c->path = check->path;
    c->depth = check->depth;
    c->name = ex_text(x, check->name);
    c->section = ex_text(x, check->section);
    c->value = ex_text(x, check->value);
    c->limit = ex_text(x, check->limit);
    c->result = check->result;
    c->from_store = check->from_store;
    c->advisory = check->advisory;
    if (check->cert == NULL)
        return;
    ex_cert *cert = ex_cert_add(x, check->cert->der);
    if (cert != NULL && check->from_store)
        cert->from_store = true;
    c->cert = cert;
}

static void keep_path(hf_explain *x, ex_path *p, const hf_verify_path *path)
{
    p->path = path->path;
    p->count = path->count < HF_PATH_MOST ? path->count : HF_PATH_MOST;
    p->depth = path->depth;
    p->result = path->result;
    p->anchored = path->anchored;
    p->check = ex_text(x, path->check);
    for (unsigned i = 0; i < p->count; i++) {
        ex_cert *cert = path->certs[i] == NULL ? NULL : ex_cert_add(x, path->certs[i]->der);
        if (cert != NULL && p->anchored && i + 1 == p->count)
            cert->from_store = true;
        p->certs[i] = cert;
    }
}

static void keep_job(hf_explain *x, ex_step *s, const hf_event *e)
{
    ex_job *j = &s->job;
    j->job = e->job.job;
    j->name = ex_text(x, e->job.name);
    j->done = e->job.done;
    j->status = e->job.status;
    j->took_ns = -1;
    if (!j->done)
        return;
    /* The submission it answers: the latest of its kind that has no answer yet. */
    ex_step *submitted = NULL;
    for (ex_step *i = x->steps; i != NULL; i = i->next)
        if (i->kind == HF_TRACE_JOB && i->job.job == j->job && !i->job.done && i->job.took_ns < 0)
            submitted = i;
    if (submitted != NULL) {
        j->took_ns = s->t_ns - submitted->t_ns;
        submitted->job.took_ns = j->took_ns;
    }
}

/* The failure itself is kept in the document's own memory, so that it is there when all is full. */
void ex_note_error(hf_explain *x, const hf_error *error, int64_t t_ns)
{
    if (error == NULL || error->code == HF_OK)
        return;
    x->failed = true;
    x->error = *error;
    x->error_ns = t_ns;
    x->error_message = NULL;
    if (error->message == NULL)
        return;
    for (ex_step *s = x->steps; s != NULL; s = s->next)
        if (s->kind == HF_TRACE_MESSAGE && s->message.name != NULL && !s->sent &&
            (strcmp(s->message.name, error->message) == 0 ||
             (strncmp(error->message, "certificate ", 12) == 0 && s->message.type == 11)))
            x->error_message = s; /* a fault of a certificate lies in the Certificate message */
}

static void fill(hf_explain *x, ex_step *s, const hf_event *e)
{
    switch (e->kind) {
    case HF_TRACE_RECORD:
        keep_record(x, &s->record, e);
        break;
    case HF_TRACE_MESSAGE:
        keep_message(x, s, e);
        break;
    case HF_TRACE_ALERT:
        s->alert.level = e->alert.level;
        s->alert.description = e->alert.description;
        break;
    case HF_TRACE_CHOICE:
        keep_choice(x, &s->choice, e);
        break;
    case HF_TRACE_SECRET:
        keep_secret(x, &s->secret, e);
        break;
    case HF_TRACE_CHECK:
        if (e->check != NULL)
            keep_check(x, &s->check, e->check);
        break;
    case HF_TRACE_PATH:
        if (e->path != NULL)
            keep_path(x, &s->path, e->path);
        break;
    case HF_TRACE_JOB:
        keep_job(x, s, e);
        break;
    case HF_TRACE_STATE:
        s->state.name = ex_text(x, e->state.name);
        s->state.section = ex_text(x, e->state.section);
        break;
    case HF_TRACE_ERROR:
        if (e->error != NULL) {
            s->error = *e->error;
            s->error.message = ex_text(x, e->error->message);
            s->error.field = ex_text(x, e->error->field);
        }
        break;
    case HF_TRACE_FIELD:
    case HF_TRACE_MESSAGE_END:
        break; /* parts of a message: never steps */
    }
}

void ex_event_at(hf_explain *x, const hf_event *e, int64_t t_ns)
{
    if (t_ns > x->end_ns)
        x->end_ns = t_ns;
    if (e->kind == HF_TRACE_ERROR)
        ex_note_error(x, e->error, t_ns);
    if (e->kind == HF_TRACE_FIELD) {
        keep_field(x, e);
        return;
    }
    if (e->kind == HF_TRACE_MESSAGE_END) {
        if (x->open != NULL)
            x->open->message.ended = true;
        x->open = NULL;
        return;
    }
    if (e->kind == HF_TRACE_MESSAGE)
        x->open = NULL;
    ex_step *s = ex_alloc(x, sizeof *s);
    if (s == NULL) {
        leave_out(x, e);
        return;
    }
    s->index = x->step_count++;
    s->t_ns = t_ns;
    s->kind = e->kind;
    s->sent = e->sent;
    fill(x, s, e);
    if (x->last != NULL)
        x->last->next = s;
    else
        x->steps = s;
    x->last = s;
}

void hf_explain_event(hf_explain *x, const hf_conn *conn, const hf_event *e)
{
    if (!x->started) {
        x->started = true;
        x->conn = conn;
        x->start_ns = now(x);
        if (!x->observed)
            x->started_s = (int64_t)time(NULL);
    }
    if (conn != x->conn) {
        x->other_connections++;
        return;
    }
    ex_event_at(x, e, now(x) - x->start_ns);
}

ex_cert *ex_cert_add(hf_explain *x, hf_bytes der)
{
    if (der.p == NULL || der.n == 0)
        return NULL;
    for (ex_cert *c = x->certs; c != NULL; c = c->next)
        if (c->der.n == der.n && memcmp(c->der.p, der.p, der.n) == 0)
            return c;
    hf_bytes copy = ex_bytes(x, der);
    ex_cert *c = copy.p == NULL ? NULL : ex_alloc(x, sizeof *c);
    if (c == NULL)
        return NULL;
    c->der = copy;
    c->index = x->cert_count++;
    c->parsed = hf_cert_parse(copy, &c->cert, NULL) == HF_OK;
    if (x->last_cert != NULL)
        x->last_cert->next = c;
    else
        x->certs = c;
    x->last_cert = c;
    return c;
}

void hf_explain_set_target(hf_explain *x, const char *target)
{
    x->target = ex_text(x, target);
}

void hf_explain_set_observed(hf_explain *x, int64_t started_s)
{
    x->observed = true;
    x->started_s = started_s;
}

void hf_explain_note(hf_explain *x, const char *text)
{
    ex_note *n = text == NULL || text[0] == '\0' ? NULL : ex_alloc(x, sizeof *n);
    if (n == NULL)
        return;
    n->text = ex_text(x, text);
    if (n->text == NULL)
        return;
    if (x->last_note != NULL)
        x->last_note->next = n;
    else
        x->notes = n;
    x->last_note = n;
}

static void keep_info(hf_explain *x, const hf_info *info)
{
    x->info.known = true;
    x->info.established = info->established;
    x->info.hello_retry = info->hello_retry;
    x->info.peer_authenticated = info->peer_authenticated;
    x->info.insecure = info->insecure;
    x->info.resumed = info->resumed;
    x->info.version = ex_text(x, info->version_name);
    x->info.suite = ex_text(x, info->suite);
    x->info.group = ex_text(x, info->group);
    x->info.peer_scheme = ex_text(x, info->peer_scheme);
    x->info.own_scheme = ex_text(x, info->own_scheme);
    x->info.aead_from = ex_text(x, info->aead_from);
    x->info.host = ex_text(x, info->host);
    if (info->alpn.n == 0)
        return;
    char *alpn = ex_alloc(x, info->alpn.n + 1); /* zeroed: ends the text */
    if (alpn != NULL)
        memcpy(alpn, info->alpn.p, info->alpn.n);
    x->info.alpn = alpn;
}

void hf_explain_finish(hf_explain *x, const hf_info *info, const hf_error *error)
{
    x->finished = true;
    x->open = NULL;
    if (x->started)
        x->end_ns = now(x) - x->start_ns;
    if (info != NULL)
        keep_info(x, info);
    /* The engine's own event knows as much as the error that came out, unless there was none. */
    if (error != NULL && error->code != HF_OK &&
        (!x->failed || (x->error.subject[0] == '\0' && x->error.code == error->code)))
        ex_note_error(x, error, x->end_ns);
}

bool hf_explain_has_secrets(const hf_explain *x)
{
    return x->options.secrets;
}

bool hf_explain_failed(const hf_explain *x)
{
    return x->failed;
}
