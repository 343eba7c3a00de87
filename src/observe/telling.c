/* telling.c: what an observer saw, as events. */
#include "observe/observer.h"

#include "handshake/trace.h"

static void emit(const hf_observer *o, const hf_event *e)
{
    o->trace.event(o->trace.ctx, NULL, e);
}

void hf_tell_record(const hf_observer *o, const hf_side *side, hf_bytes wire, size_t wire_len,
                    const hf_record *record, const char *key)
{
    hf_event e = {.kind = HF_TRACE_RECORD, .sent = side->client};
    e.record.type = wire.p[0];
    e.record.inner_type = record->type;
    e.record.encrypted = record->encrypted;
    e.record.key = key;
    e.record.sequence = record->sequence;
    e.record.wire = wire;
    e.record.wire_len = wire_len;
    e.record.plaintext = record->content;
    e.record.padding = record->padding;
    emit(o, &e);
}

/* ---- messages ---- */

typedef struct teller {
    const hf_observer *o;
    bool client;
} teller;

static void field(void *ctx, const hf_field *f)
{
    const teller *t = ctx;
    static const hf_trace_field_kind kinds[] = {
        [HF_FIELD_NUMBER] = HF_TRACE_NUMBER, [HF_FIELD_BYTES] = HF_TRACE_BYTES,
        [HF_FIELD_LENGTH] = HF_TRACE_LENGTH, [HF_FIELD_OPEN] = HF_TRACE_OPEN,
        [HF_FIELD_CLOSE] = HF_TRACE_CLOSE,
    };
    hf_event e = {.kind = HF_TRACE_FIELD, .sent = t->client};
    e.field.kind = kinds[f->kind];
    e.field.name = f->name;
    e.field.offset = f->offset;
    e.field.length = f->length;
    e.field.value = f->value;
    e.field.data = f->data;
    if (f->kind == HF_FIELD_NUMBER)
        e.field.meaning = hf_codepoint_meaning(f->name, f->value);
    emit(t->o, &e);
}

static void tell_fields(const hf_observer *o, hf_bytes message, const hf_field_sink *sink)
{
    /* TLS 1.0 and 1.1 have the forms of 1.2, but for what an unread rest then shows. */
    bool old = o->version != 0 && o->version <= HF_VERSION_TLS_1_2;
    if (old && o->suite.rsa_transport)
        hf_message_trace_transport12(message, sink);
    else
        hf_message_trace_of(old ? HF_VERSION_TLS_1_2 : o->version, message, sink);
}

void hf_tell_message(const hf_observer *o, bool client, uint8_t type, hf_bytes message)
{
    teller t = {o, client};
    hf_event e = {.kind = HF_TRACE_MESSAGE, .sent = client};
    const char *name = hf_message_name(type);
    e.message.type = type;
    e.message.name = name != NULL ? name : "unknown message";
    e.message.bytes = message;
    emit(o, &e);
    if (type != HF_MSG_CHANGE_CIPHER_SPEC)
        tell_fields(o, message, &(hf_field_sink){field, &t});
    emit(o, &(hf_event){.kind = HF_TRACE_MESSAGE_END, .sent = client});
}

/* ---- single events ---- */

void hf_tell_alert(const hf_observer *o, bool client, uint8_t level, uint8_t description)
{
    hf_event e = {.kind = HF_TRACE_ALERT, .sent = client};
    e.alert.level = level;
    e.alert.description = description;
    emit(o, &e);
}

void hf_tell_error(const hf_observer *o, const hf_error *error)
{
    hf_event e = {.kind = HF_TRACE_ERROR};
    e.error = error;
    emit(o, &e);
}

void hf_tell_secret(const hf_observer *o, const char *name, const char *from, const char *label,
                    hf_bytes context, hf_bytes secret)
{
    hf_event e = {.kind = HF_TRACE_SECRET};
    e.secret.name = name;
    e.secret.from = from;
    e.secret.label = label;
    e.secret.context = context;
    if (o->trace.secrets)
        e.secret.bytes = secret;
    emit(o, &e);
}

void hf_tell_logged(hf_observer *o, hf_keylog_label label, const char *from, const char *hkdf_label,
                    hf_bytes context)
{
    if (o->told[label] || o->keys.secret[label].n == 0)
        return;
    o->told[label] = true;
    hf_tell_secret(o, hf_keylog_label_name(label), from, hkdf_label, context,
                   o->keys.secret[label]);
}

void hf_tell_choice_text(const hf_observer *o, const char *what, const char *offered,
                         const char *chosen, const char *rule)
{
    hf_event e = {.kind = HF_TRACE_CHOICE};
    e.choice.what = what;
    e.choice.offered = offered;
    e.choice.chosen = chosen;
    e.choice.rule = rule;
    emit(o, &e);
}

void hf_tell_choice(const hf_observer *o, const char *what, hf_bytes offered,
                    const char *(*namer)(uint16_t), const char *chosen, const char *rule)
{
    char text[1024];
    hf_tell_choice_text(o, what, hf_names_text(offered, namer, text, sizeof(text)), chosen, rule);
}
