/* text.c: the document on the terminal: heading, ladder, what was agreed, certificates, verdict. */
#define _POSIX_C_SOURCE 200809L
#include "explain/text.h"

#include <string.h>
#include <time.h>

void ex_line(const ex_view *v, size_t indent, size_t value_at, const char *label, const char *value)
{
    char safe[640];
    if (value == NULL || value[0] == '\0')
        return;
    ex_out *o = v->o;
    ex_spaces(o, indent);
    ex_put(o, label);
    if (o->column >= value_at)
        ex_put(o, "  ");
    ex_to_column(o, value_at);
    ex_wrap(o, value_at, ex_safe(safe, sizeof safe, value));
}

void ex_title(const ex_view *v, const char *title)
{
    ex_put(v->o, "\n");
    ex_paint(v->o, "1");
    ex_put(v->o, title);
    ex_paint(v->o, "0");
    ex_put(v->o, "\n");
}

static void heading(const ex_view *v)
{
    const hf_explain *x = v->x;
    ex_totals t;
    ex_totals_of(x, &t);
    char text[400], sent[40], received[40], took[32], date[32];
    ex_out *o = v->o;
    ex_paint(o, "1");
    const char *target = x->target != NULL ? x->target : x->info.host;
    ex_wrap(o, 0, ex_safe(text, sizeof text, target != NULL ? target : "a connection"));
    ex_paint(o, "0");
    const char *version = ex_agreed(x, "version");
    snprintf(text, sizeof text, "%s%s%u round trip%s, %s, %s sent, %s received",
             version == NULL ? "" : version, version == NULL ? "" : ", ", t.round_trips,
             t.round_trips == 1 ? "" : "s", ex_time_text(took, sizeof took, x->end_ns),
             ex_size_text(sent, sizeof sent, t.bytes_sent),
             ex_size_text(received, sizeof received, t.bytes_received));
    ex_wrap(o, 0, text);
    if (x->started_s != 0 && v->level > 0)
        ex_line(v, 0, 0, "recorded", ex_date_text(date, sizeof date, x->started_s, true));
}

/* "0x1a1a" and its like (RFC 8701): made up, and of no interest here. */
static bool is_grease(const char *p, size_t n)
{
    return n == 6 && p[0] == '0' && p[1] == 'x' && p[3] == 'a' && p[5] == 'a' && p[2] == p[4];
}

/* Names joined by spaces, without the made-up ones. */
static const char *without_grease(const char *names, char *to, size_t size)
{
    size_t at = 0;
    to[0] = '\0';
    while (names != NULL && *(names += strspn(names, " ")) != '\0') {
        size_t n = strcspn(names, " ");
        if (!is_grease(names, n) && at + n + 2 < size)
            at += (size_t)snprintf(to + at, size - at, at == 0 ? "%.*s" : " %.*s", (int)n, names);
        names += n;
    }
    return to;
}

static void choices(const ex_view *v)
{
    bool first = true;
    for (const ex_step *s = v->x->steps; s != NULL; s = s->next) {
        if (s->kind != HF_TRACE_CHOICE)
            continue;
        if (first)
            ex_title(v, "What was agreed, and why");
        first = false;
        const ex_choice *c = &s->choice;
        char name[60], offered[600];
        ex_safe(name, sizeof name, c->what);
        ex_paint(v->o, "1");
        ex_line(v, 2, 18, name, c->chosen != NULL && c->chosen[0] ? c->chosen : "nothing");
        ex_paint(v->o, "0");
        ex_line(v, 4, 18, "offered", without_grease(c->offered, offered, sizeof offered));
        ex_line(v, 4, 18, "supported", c->supported);
        ex_line(v, 4, 18, "rule", c->rule);
    }
}

static const char *alert_text(const hf_explain *x, char *to, size_t size)
{
    const hf_error *e = &x->error;
    if (!e->alert_sent && !e->alert_received)
        return "";
    if (x->observed)
        snprintf(to, size, "%s (%u), sent by the %s", hf_alert_name(e->alert), e->alert,
                 e->alert_sent ? "client" : "server");
    else
        snprintf(to, size, "%s (%u), %s", hf_alert_name(e->alert), e->alert,
                 e->alert_sent ? "sent to the peer" : "received from the peer");
    return to;
}

/* The bytes around the failure, with the ones that failed in brackets. */
static void failing_bytes(const ex_view *v)
{
    const hf_error *e = &v->x->error;
    const ex_step *s = v->x->error_message;
    if (s == NULL || !e->has_offset || s->message.bytes.p == NULL ||
        e->offset >= s->message.bytes.n || strcmp(s->message.name, e->message) != 0)
        return; /* an offset in a certificate is none in its message */
    const ex_field *f = ex_field_at(s, e->offset);
    size_t n = f != NULL && f->kind != HF_TRACE_OPEN && f->offset == e->offset ? f->length : 1;
    size_t from = e->offset < 16 ? 0 : e->offset - 16;
    ex_line(v, 2, 14, "bytes", "of the message, with the place of the failure in brackets");
    ex_hex_dump(v, 4, s->message.bytes, from, e->offset + (n > 32 ? 32 : n) + 16, e->offset, n);
}

static void failure(const ex_view *v)
{
    const hf_explain *x = v->x;
    const hf_error *e = &x->error;
    char text[400], took[32];
    ex_paint(v->o, "1;31");
    ex_line(v, 0, 0, "Failed:", hf_error_sentence(e->code));
    ex_paint(v->o, "0");
    snprintf(text, sizeof text, "%s%s%s after %s", e->message == NULL ? "" : e->message,
             x->error_message != NULL ? " from the " : "",
             x->error_message != NULL ? ex_from_name(x, x->error_message->sent) : "",
             ex_time_text(took, sizeof took, x->error_ns));
    ex_line(v, 2, 14, "where", text);
    ex_line(v, 2, 14, "field", e->field);
    if (e->has_offset) {
        snprintf(text, sizeof text, "%u", e->offset);
        ex_line(v, 2, 14, "byte", text);
    }
    failing_bytes(v);
    ex_line(v, 2, 14, "on", e->subject);
    ex_line(v, 2, 14, "expected", e->expected);
    ex_line(v, 2, 14, "got", e->got);
    ex_line(v, 2, 14, "rule", hf_error_section(e->code));
    ex_line(v, 2, 14, "alert", alert_text(x, text, sizeof text));
    ex_line(v, 2, 14, "try", hf_error_remedy(e->code));
}

static void success(const ex_view *v)
{
    const hf_explain *x = v->x;
    const char *suite = ex_agreed(x, "cipher suite"), *group = ex_agreed(x, "group");
    const char *version = ex_agreed(x, "version"), *scheme = ex_agreed(x, "signature scheme");
    char text[600];
    ex_paint(v->o, x->info.insecure ? "1;33" : "1;32");
    if (x->info.insecure)
        snprintf(text, sizeof text,
                 "encrypted, but nobody knows with whom: "
                 "the certificate was not checked");
    else if (x->observed)
        snprintf(text, sizeof text, "the handshake came to its end: both sides hold the same keys");
    else if (ex_role(x) == EX_CLIENT && x->info.host != NULL)
        snprintf(text, sizeof text, "encrypted, and the server proved that it is %s", x->info.host);
    else
        snprintf(text, sizeof text, "encrypted; both sides hold the same keys");
    ex_line(v, 0, 0, "Verdict:", text);
    ex_paint(v->o, "0");
    ex_line(v, 2, 14, "version", version);
    ex_line(v, 2, 14, "cipher", suite);
    ex_line(v, 2, 14, "keys by", group);
    ex_line(v, 2, 14, "proof by", scheme);
    if (x->info.resumed)
        ex_line(v, 2, 14, "resumed",
                "it goes on from an earlier connection, in which certificates were shown");
    ex_line(v, 2, 14, "inside", ex_agreed(x, "ALPN"));
    if (x->info.hello_retry)
        ex_line(v, 2, 14, "note",
                "the server asked for another hello (HelloRetryRequest): one round trip more");
}

/* Seen from outside, without the keys. */
static void closed(const ex_view *v)
{
    const hf_explain *x = v->x;
    ex_line(v, 0, 0, "Verdict:", "what is encrypted stayed closed; the rest is as anybody sees it");
    ex_line(v, 2, 14, "version", ex_agreed(x, "version"));
    ex_line(v, 2, 14, "cipher", ex_agreed(x, "cipher suite"));
    ex_line(v, 2, 14, "keys by", ex_agreed(x, "group"));
    ex_line(v, 2, 14, "proof by", ex_agreed(x, "signature scheme"));
}

static void verdict(const ex_view *v)
{
    const hf_explain *x = v->x;
    ex_totals t;
    ex_totals_of(x, &t);
    ex_put(v->o, "\n");
    if (x->failed)
        failure(v);
    else if (t.established)
        success(v);
    else if (x->observed && ex_any_closed(x))
        closed(v);
    else
        ex_put(v->o, "The handshake did not come to its end.\n");
    for (const ex_note *n = x->notes; n != NULL; n = n->next)
        ex_line(v, 2, 14, "note", n->text);
    char text[200], bytes[40];
    if (x->left_out_events != 0 || x->left_out_bytes != 0) {
        snprintf(text, sizeof text, "%zu events and %s, because %s", x->left_out_events,
                 ex_size_text(bytes, sizeof bytes, x->left_out_bytes),
                 x->out_of_memory ? "memory ran out" : "the recorder's limit was reached");
        ex_line(v, 2, 14, "left out", text);
    }
}

hf_status hf_explain_render_text(const hf_explain *x, hf_explain_sink sink,
                                 const hf_explain_text *how)
{
    ex_out o;
    ex_out_init(&o, sink);
    ex_view v = {.x = x, .o = &o};
    if (how != NULL) {
        o.color = how->color;
        v.level = how->level;
        v.now_s = how->now_s;
    }
    if (v.now_s == 0)
        v.now_s = x->started_s != 0 ? x->started_s : (int64_t)time(NULL);
    heading(&v);
    ex_ladder(&v);
    ex_tutorial(&v);
    choices(&v);
    ex_chain(&v);
    verdict(&v);
    return ex_out_end(&o);
}
