/* derive.c: what follows from a document's steps: sides, flights, round trips, totals, names. */
#include "explain/model.h"

#include <string.h>

enum { HANDSHAKE = 22, APPLICATION_DATA = 23 };

ex_side ex_role(const hf_explain *x)
{
    for (const ex_step *s = x->steps; s != NULL; s = s->next) {
        if (s->kind != HF_TRACE_MESSAGE)
            continue;
        if (s->message.type == EX_CLIENT_HELLO)
            return s->sent ? EX_CLIENT : EX_SERVER;
        if (s->message.type == EX_SERVER_HELLO || s->message.type == EX_HELLO_RETRY_REQUEST)
            return s->sent ? EX_SERVER : EX_CLIENT;
    }
    return EX_UNKNOWN;
}

ex_side ex_from(const hf_explain *x, const ex_step *s)
{
    ex_side role = ex_role(x);
    if (role == EX_UNKNOWN)
        role = EX_CLIENT;
    if (s->sent)
        return role;
    return role == EX_CLIENT ? EX_SERVER : EX_CLIENT;
}

const char *ex_from_name(const hf_explain *x, bool sent)
{
    ex_side role = ex_role(x);
    if (role == EX_UNKNOWN)
        return sent ? "this side" : "the peer";
    return (role == EX_CLIENT) == sent ? "client" : "server";
}

static bool carries(const ex_step *record, const ex_step *message)
{
    if (record->kind != HF_TRACE_RECORD || record->sent != message->sent)
        return false;
    return record->record.inner_type ==
           (message->message.type == EX_CHANGE_CIPHER_SPEC ? 20 : HANDSHAKE);
}

/* A record comes before the messages read from it, and after the messages written into it. */
const ex_step *ex_record_of(const hf_explain *x, const ex_step *message)
{
    const ex_step *before = NULL;
    for (const ex_step *s = x->steps; s != NULL && s != message; s = s->next)
        if (carries(s, message))
            before = s;
    if (!message->sent)
        return before;
    for (const ex_step *s = message->next; s != NULL; s = s->next)
        if (carries(s, message))
            return s;
    return before;
}

bool ex_flight_next(const hf_explain *x, const ex_step **at, ex_flight *f)
{
    const ex_step *s = *at == NULL ? x->steps : (*at)->next;
    while (s != NULL && s->kind != HF_TRACE_RECORD)
        s = s->next;
    if (s == NULL)
        return false;
    unsigned index = *at == NULL ? 0 : f->index + 1;
    *f = (ex_flight){.sent = s->sent, .index = index, .first = s->index, .start_ns = s->t_ns};
    for (; s != NULL; s = s->next) {
        if (s->kind != HF_TRACE_RECORD)
            continue;
        if (s->sent != f->sent)
            break;
        f->records++;
        f->bytes += s->record.wire_len;
        f->last = s->index;
        f->end_ns = s->t_ns;
        *at = s;
    }
    return true;
}

/* A round trip ends when something arrives after something was asked: from the client's side, each
 * turn from its messages to the server's, up to the last Finished. */
static unsigned round_trips(const hf_explain *x)
{
    const ex_step *end = NULL;
    unsigned finished = 0;
    for (const ex_step *s = x->steps; s != NULL && finished < 2; s = s->next) {
        if (s->kind != HF_TRACE_MESSAGE)
            continue;
        end = s;
        finished += s->message.type == EX_FINISHED;
    }
    unsigned turns = 0;
    ex_side speaker = EX_UNKNOWN;
    for (const ex_step *s = x->steps; end != NULL && s != end->next; s = s->next) {
        if (s->kind != HF_TRACE_MESSAGE)
            continue;
        ex_side from = ex_from(x, s);
        turns += speaker == EX_CLIENT && from == EX_SERVER;
        speaker = from;
    }
    return turns;
}

void ex_totals_of(const hf_explain *x, ex_totals *t)
{
    *t = (ex_totals){0};
    bool finished_sent = false, finished_received = false;
    for (const ex_step *s = x->steps; s != NULL; s = s->next) {
        if (s->kind == HF_TRACE_MESSAGE) {
            t->messages++;
            if (s->message.type == EX_FINISHED && s->message.ended)
                *(s->sent ? &finished_sent : &finished_received) = true;
        }
        if (s->kind != HF_TRACE_RECORD)
            continue;
        bool data = s->record.inner_type == APPLICATION_DATA;
        *(s->sent ? &t->records_sent : &t->records_received) += 1;
        *(s->sent ? &t->bytes_sent : &t->bytes_received) += s->record.wire_len;
        if (data)
            *(s->sent ? &t->data_sent : &t->data_received) += s->record.plaintext_len;
    }
    t->established =
        x->info.known ? x->info.established : finished_sent && finished_received && !x->failed;
    t->round_trips = round_trips(x);
    const ex_step *at = NULL;
    ex_flight f = {0};
    while (ex_flight_next(x, &at, &f))
        t->flights++;
}

const ex_choice *ex_choice_of(const hf_explain *x, const char *what)
{
    const ex_choice *found = NULL;
    for (const ex_step *s = x->steps; s != NULL; s = s->next)
        if (s->kind == HF_TRACE_CHOICE && s->choice.what != NULL &&
            strcmp(s->choice.what, what) == 0)
            found = &s->choice;
    return found;
}

const char *ex_agreed(const hf_explain *x, const char *what)
{
    const struct {
        const char *what, *value;
    } known[] = {
        {"version", x->info.version},
        {"cipher suite", x->info.suite},
        {"group", x->info.group},
        {"signature scheme",
         x->info.peer_scheme != NULL ? x->info.peer_scheme : x->info.own_scheme},
        {"ALPN", x->info.alpn},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].what, what) == 0 && known[i].value != NULL)
            return known[i].value;
    const ex_choice *c = ex_choice_of(x, what);
    return c == NULL ? NULL : c->chosen;
}

bool ex_is_closed(const ex_step *s)
{
    return s->kind == HF_TRACE_RECORD && s->record.encrypted && s->record.key == NULL;
}

bool ex_any_closed(const hf_explain *x)
{
    for (const ex_step *s = x->steps; s != NULL; s = s->next)
        if (ex_is_closed(s))
            return true;
    return false;
}

const char *ex_content_type_name(uint8_t type)
{
    switch (type) {
    case 20:
        return "change_cipher_spec";
    case 21:
        return "alert";
    case 22:
        return "handshake";
    case 23:
        return "application_data";
    case 24:
        return "heartbeat";
    default:
        return "unknown";
    }
}

const char *ex_job_name(hf_job_kind kind)
{
    static const char *const names[] = {
        [HF_JOB_KEY_GENERATE] = "key generate",
        [HF_JOB_KEY_RESPOND] = "key respond",
        [HF_JOB_KEY_FINISH] = "key finish",
        [HF_JOB_SIGN] = "sign",
        [HF_JOB_VERIFY] = "verify",
        [HF_JOB_VERIFY_CHAIN] = "verify chain",
    };
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

const char *ex_kind_name(hf_trace_kind kind)
{
    static const char *const names[] = {
        [HF_TRACE_RECORD] = "record", [HF_TRACE_MESSAGE] = "message",
        [HF_TRACE_FIELD] = "field",   [HF_TRACE_MESSAGE_END] = "message_end",
        [HF_TRACE_ALERT] = "alert",   [HF_TRACE_CHOICE] = "choice",
        [HF_TRACE_SECRET] = "secret", [HF_TRACE_CHECK] = "check",
        [HF_TRACE_JOB] = "job",       [HF_TRACE_STATE] = "state",
        [HF_TRACE_ERROR] = "error",   [HF_TRACE_PATH] = "path",
    };
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

const char *ex_field_kind_name(hf_trace_field_kind kind)
{
    static const char *const names[] = {
        [HF_TRACE_NUMBER] = "number", [HF_TRACE_BYTES] = "bytes", [HF_TRACE_LENGTH] = "length",
        [HF_TRACE_OPEN] = "open",     [HF_TRACE_CLOSE] = "close",
    };
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

const ex_field *ex_field_at(const ex_step *message, size_t offset)
{
    const ex_field *found = NULL;
    for (const ex_field *f = message->message.fields; f != NULL; f = f->next)
        if (f->length != 0 && offset >= f->offset && offset - f->offset < f->length)
            found = f;
    return found;
}
