/* text_ladder.c: the messages both ways, one rung each, with the client left and the server right.
 * A rung of '-' can be read by anyone on the way; one of '=' is encrypted. */
#include "explain/text.h"
#include "explain/tutorial.h"

#include <string.h>

enum { APPLICATION_DATA = 23, CHANGE_CIPHER_SPEC = 20 };

static void put_time(const ex_view *v, int64_t ns)
{
    char text[32];
    ex_time_text(text, sizeof text, ns);
    ex_paint(v->o, "2");
    ex_spaces(v->o, strlen(text) < EX_LANE - 2 ? EX_LANE - 2 - strlen(text) : 0);
    ex_put(v->o, text);
    ex_paint(v->o, "0");
    ex_to_column(v->o, EX_LANE);
}

static void rung(const ex_view *v, const ex_step *s, const char *name, const char *details,
                 bool encrypted, const char *color)
{
    ex_out *o = v->o;
    bool to_right = ex_from(v->x, s) == EX_CLIENT;
    size_t text = strlen(name) + strlen(details);
    size_t lane = EX_WIDTH - EX_LANE;
    size_t fill = text + 3 < lane ? lane - text - 2 : 1;
    put_time(v, s->t_ns);
    if (!to_right) {
        ex_put(o, "<");
        ex_fill(o, encrypted ? '=' : '-', fill);
        ex_put(o, " ");
    }
    ex_paint(o, color);
    ex_put(o, name);
    ex_paint(o, "0");
    ex_put(o, details);
    if (to_right) {
        ex_put(o, " ");
        ex_fill(o, encrypted ? '=' : '-', fill);
        ex_put(o, ">");
    }
    ex_put(o, "\n");
}

static void note(const ex_view *v, const ex_step *s, const char *text)
{
    char safe[400];
    if (s != NULL)
        put_time(v, s->t_ns);
    ex_to_column(v->o, EX_LANE);
    ex_put(v->o, "* ");
    ex_wrap(v->o, EX_BODY, ex_safe(safe, sizeof safe, text));
}

static void message(const ex_view *v, const ex_step *s)
{
    char size[40], details[64], name[40];
    const ex_step *r = ex_record_of(v->x, s);
    const hf_explain_word *w = hf_explain_word_find(s->message.name);
    const ex_lesson *lesson = ex_lessons_moved(v->x) ? NULL : ex_lesson_of(v->x, s);
    int n = lesson == NULL ? 0 : snprintf(details, sizeof details, " (%u)", lesson->number);
    snprintf(details + n, sizeof details - (size_t)n, ", %s",
             ex_size_text(size, sizeof size, s->message.length));
    rung(v, s, ex_safe(name, sizeof name, s->message.name), details,
         r != NULL && r->record.encrypted, "1");
    if (v->level > 0 && w != NULL) {
        ex_spaces(v->o, EX_BODY);
        ex_wrap(v->o, EX_BODY, w->what);
    }
    if (v->level > 0)
        ex_message_fields(v, s);
    else
        ex_message_summary(v, s);
    if (v->level > 1 && s->message.bytes.p != NULL)
        ex_hex_dump(v, 2, s->message.bytes, 0, s->message.bytes.n, 0, 0);
}

static void alert(const ex_view *v, const ex_step *s)
{
    char name[64];
    const char *what = hf_alert_name(s->alert.description);
    const hf_explain_word *w = hf_explain_word_find(what);
    const ex_step *r = NULL;
    for (const ex_step *i = v->x->steps; i != NULL; i = i->next)
        if (i->kind == HF_TRACE_RECORD && i->sent == s->sent && i->record.inner_type == 21)
            r = i;
    bool calm = s->alert.description == HF_ALERT_close_notify;
    snprintf(name, sizeof name, "Alert: %s", what);
    rung(v, s, name, "", r != NULL && r->record.encrypted, calm ? "1" : "1;31");
    if (w != NULL && (!calm || v->level > 0)) {
        ex_spaces(v->o, EX_BODY);
        ex_wrap(v->o, EX_BODY, w->what);
    }
}

/* Application data in a row becomes one rung, and so does what stayed closed, of which the length
 * on the wire is all that is known. Returns the last step that it covers. */
static const ex_step *data(const ex_view *v, const ex_step *s)
{
    bool closed = ex_is_closed(s);
    const ex_step *last = s;
    uint64_t bytes = 0;
    unsigned records = 0;
    for (const ex_step *i = s; i != NULL; i = i->next) {
        if (i->kind == HF_TRACE_MESSAGE || i->kind == HF_TRACE_ALERT || i->kind == HF_TRACE_ERROR)
            break;
        if (i->kind != HF_TRACE_RECORD)
            continue;
        if (i->sent != s->sent || i->record.inner_type != s->record.inner_type ||
            ex_is_closed(i) != closed)
            break;
        records++;
        bytes += closed ? i->record.wire_len : i->record.plaintext_len;
        last = i;
    }
    char size[40], details[80];
    snprintf(details, sizeof details, ", %s in %u record%s", ex_size_text(size, sizeof size, bytes),
             records, records == 1 ? "" : "s");
    char name[64];
    /* "application_data" may be anything, in TLS 1.3 */
    snprintf(name, sizeof name, "closed %s",
             s->record.inner_type == APPLICATION_DATA ? "record"
                                                      : ex_content_type_name(s->record.inner_type));
    rung(v, s, closed ? name : "application data", details, true, "36");
    return last;
}

static void record(const ex_view *v, const ex_step *s)
{
    char size[40], text[300];
    const ex_record *r = &s->record;
    int n = snprintf(text, sizeof text, "%s record: %s, %s on the wire",
                     s->sent ? "sends a" : "receives a", ex_content_type_name(r->inner_type),
                     ex_size_text(size, sizeof size, r->wire_len));
    if (ex_is_closed(s) && n > 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, ", encrypted, and closed here");
    else if (r->encrypted && n > 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, ", number %llu under the key for %s%s",
                 (unsigned long long)r->sequence, r->key == NULL ? "?" : r->key,
                 r->padding != 0 ? ", padded" : "");
    note(v, s, text);
    if (v->level > 1 && r->wire.p != NULL)
        ex_hex_dump(v, 2, r->wire, 0, r->wire.n, 0, 0);
    if (v->level > 1 && r->plaintext.p != NULL && r->inner_type == APPLICATION_DATA)
        ex_hex_dump(v, 2, r->plaintext, 0, r->plaintext.n, 0, 0);
}

static void secret(const ex_view *v, const ex_step *s)
{
    const ex_secret *k = &s->secret;
    char text[300];
    snprintf(text, sizeof text, "derives %s%s%s%s%s%s%s", k->name == NULL ? "a secret" : k->name,
             k->from == NULL ? "" : " from ", k->from == NULL ? "" : k->from,
             k->label == NULL ? "" : ", label \"", k->label == NULL ? "" : k->label,
             k->label == NULL ? "" : "\"", k->redacted ? " (redacted)" : "");
    note(v, s, text);
    if (!k->redacted)
        ex_hex_dump(v, EX_BODY, k->bytes, 0, k->bytes.n, 0, 0);
}

static void job(const ex_view *v, const ex_step *s)
{
    char text[200], took[32] = "";
    if (!s->job.done)
        return;
    if (s->job.took_ns >= 0)
        ex_time_text(took, sizeof took, s->job.took_ns);
    snprintf(text, sizeof text, "computed: %s%s%s%s",
             s->job.name != NULL ? s->job.name : ex_job_name(s->job.job), took[0] ? ", in " : "",
             took, s->job.status == HF_OK ? "" : ", which failed");
    note(v, s, text);
}

static void detail(const ex_view *v, const ex_step *s)
{
    char text[300];
    switch (s->kind) {
    case HF_TRACE_RECORD:
        record(v, s);
        break;
    case HF_TRACE_SECRET:
        secret(v, s);
        break;
    case HF_TRACE_JOB:
        job(v, s);
        break;
    case HF_TRACE_STATE:
        if (v->level < 2)
            break;
        snprintf(text, sizeof text, "%s%s%s%s", s->state.name == NULL ? "" : s->state.name,
                 s->state.section == NULL ? "" : " (",
                 s->state.section == NULL ? "" : s->state.section,
                 s->state.section == NULL ? "" : ")");
        note(v, s, text);
        break;
    default:
        break;
    }
}

void ex_ladder(const ex_view *v)
{
    ex_out *o = v->o;
    if (v->x->steps == NULL)
        return;
    ex_title(v, "The handshake");
    ex_spaces(o, EX_LANE);
    ex_put(o, "client");
    ex_to_column(o, EX_WIDTH - 6);
    ex_put(o, "server\n");
    for (const ex_step *s = v->x->steps; s != NULL; s = s->next) {
        if (s->kind == HF_TRACE_MESSAGE) {
            message(v, s);
        } else if (s->kind == HF_TRACE_ALERT) {
            alert(v, s);
        } else if (s->kind == HF_TRACE_RECORD && v->level == 0 &&
                   (s->record.inner_type == APPLICATION_DATA || ex_is_closed(s))) {
            s = data(v, s);
        } else if (s->kind == HF_TRACE_ERROR) {
            ex_paint(o, "1;31");
            note(v, s, hf_error_sentence(s->error.code));
            ex_paint(o, "0");
        } else if (v->level > 0) {
            detail(v, s);
        }
    }
    ex_paint(o, "2");
    ex_spaces(o, EX_LANE);
    ex_put(o, "--- readable by anyone on the way    === encrypted\n");
    ex_paint(o, "0");
}
