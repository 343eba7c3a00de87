/* trace.c: events of the engine, put into the public form. */
#include "handshake/trace.h"

#include "base/ct.h"
#include "wire/messages.h"

#include <stdio.h>
#include <string.h>

static void emit(const hf_conn *c, const hf_event *e)
{
    c->cfg->trace.event(c->cfg->trace.ctx, c, e);
}

static bool tracing(const hf_conn *c)
{
    return hf_config_tracing(c->cfg) != NULL;
}

/* ---- messages and their fields ---- */

static void field(void *ctx, const hf_field *f)
{
    const hf_message_tracer *t = ctx;
    hf_event e = {.kind = HF_TRACE_FIELD, .sent = t->sent};
    static const hf_trace_field_kind kinds[] = {
        [HF_FIELD_NUMBER] = HF_TRACE_NUMBER, [HF_FIELD_BYTES] = HF_TRACE_BYTES,
        [HF_FIELD_LENGTH] = HF_TRACE_LENGTH, [HF_FIELD_OPEN] = HF_TRACE_OPEN,
        [HF_FIELD_CLOSE] = HF_TRACE_CLOSE,
    };
    e.field.kind = kinds[f->kind];
    e.field.name = f->name;
    e.field.offset = f->offset;
    e.field.length = f->length;
    e.field.value = f->value;
    e.field.data = f->data;
    if (f->kind == HF_FIELD_NUMBER)
        e.field.meaning = hf_codepoint_meaning(f->name, f->value);
    emit(t->conn, &e);
}

const hf_field_sink *hf_trace_message_begin(hf_message_tracer *t, const hf_conn *c, bool sent,
                                            uint8_t type, hf_bytes message)
{
    *t = (hf_message_tracer){.conn = c, .sent = sent};
    if (!tracing(c))
        return NULL;
    t->sink = (hf_field_sink){field, t};
    hf_event e = {.kind = HF_TRACE_MESSAGE, .sent = sent};
    e.message.type = type;
    e.message.name = hf_message_name(type);
    e.message.bytes = message;
    emit(c, &e);
    return &t->sink;
}

void hf_trace_message_end(const hf_message_tracer *t)
{
    if (t->sink.field == NULL)
        return;
    hf_event e = {.kind = HF_TRACE_MESSAGE_END, .sent = t->sent};
    emit(t->conn, &e);
}

void hf_trace_message_sent(const hf_conn *c, uint8_t type, hf_bytes message)
{
    hf_message_tracer t;
    const hf_field_sink *sink = hf_trace_message_begin(&t, c, true, type, message);
    if (sink == NULL)
        return;
    if (c->suite != NULL && c->suite->suite->auth == HF_AUTH_RSA_TRANSPORT)
        hf_message_trace_transport12(message, sink);
    else if (type == HF_MSG_CERTIFICATE && c->own_identity != NULL &&
             hf_identity_type(c->own_identity) == HF_CERT_RAW_PUBLIC_KEY)
        hf_message_trace_raw_key(c->version, message, sink);
    else
        hf_message_trace_of(c->version, message, sink);
    hf_trace_message_end(&t);
}

void hf_trace_ccs(const hf_conn *c, bool sent, hf_bytes content)
{
    hf_message_tracer t;
    hf_trace_message_begin(&t, c, sent, HF_MSG_CHANGE_CIPHER_SPEC, content);
    hf_trace_message_end(&t);
}

/* ---- single events ---- */

void hf_trace_alert(const hf_conn *c, bool sent, uint8_t level, uint8_t description)
{
    if (!tracing(c))
        return;
    hf_event e = {.kind = HF_TRACE_ALERT, .sent = sent};
    e.alert.level = level;
    e.alert.description = description;
    emit(c, &e);
}

void hf_trace_state(const hf_conn *c, const char *name, const char *section)
{
    if (!tracing(c))
        return;
    hf_event e = {.kind = HF_TRACE_STATE};
    e.state.name = name;
    e.state.section = section;
    emit(c, &e);
}

void hf_trace_job(const hf_conn *c, hf_job_kind kind, const char *name, bool done, hf_status status)
{
    if (!tracing(c))
        return;
    hf_event e = {.kind = HF_TRACE_JOB};
    e.job.job = kind;
    e.job.name = name;
    e.job.done = done;
    e.job.status = status;
    emit(c, &e);
}

void hf_trace_error(const hf_conn *c, const hf_error *error)
{
    if (!tracing(c))
        return;
    hf_event e = {.kind = HF_TRACE_ERROR};
    e.error = error;
    emit(c, &e);
}

void hf_trace_check(const hf_conn *c, const hf_check *check)
{
    if (!tracing(c))
        return;
    hf_event e = {.kind = HF_TRACE_CHECK};
    e.check = check;
    emit(c, &e);
}

void hf_trace_path(const hf_conn *c, const hf_verify_path *path)
{
    if (!tracing(c))
        return;
    hf_event e = {.kind = HF_TRACE_PATH};
    e.path = path;
    emit(c, &e);
}

/* ---- secrets ---- */

static size_t add_hex(char *text, size_t at, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        text[at++] = digits[p[i] >> 4];
        text[at++] = digits[p[i] & 15];
    }
    return at;
}

static void keylog_line(const hf_conn *c, const char *label, const uint8_t *client_random,
                        hf_bytes secret)
{
    char line[40 + 2 * HF_RANDOM_LEN + 2 * HF_HASH_MAX_DIGEST];
    int n = snprintf(line, sizeof(line), "%s ", label);
    size_t at = add_hex(line, (size_t)n, client_random, HF_RANDOM_LEN);
    line[at++] = ' ';
    at = add_hex(line, at, secret.p, secret.n);
    line[at] = '\0';
    c->cfg->keylog(c->cfg->keylog_ctx, line);
    hf_wipe(line, sizeof(line));
}

void hf_trace_secret(const hf_conn *c, const char *keylog, const char *name, const char *from,
                     const char *label, const uint8_t *client_random, hf_bytes context,
                     hf_bytes secret)
{
    if (keylog != NULL && client_random != NULL && c->cfg->keylog != NULL)
        keylog_line(c, keylog, client_random, secret);
    if (!tracing(c))
        return;
    hf_event e = {.kind = HF_TRACE_SECRET};
    e.secret.name = keylog != NULL ? keylog : name;
    e.secret.from = from;
    e.secret.label = label;
    e.secret.context = context;
    if (c->cfg->trace.secrets)
        e.secret.bytes = secret;
    emit(c, &e);
}

/* ---- choices ---- */

const char *hf_names_text(hf_bytes list, const char *(*namer)(uint16_t), char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < hf_u16s_count(list); i++) {
        uint16_t v = hf_u16s_at(list, i);
        const char *name = namer(v);
        char number[8];
        if (name == NULL || hf_is_grease(v)) {
            snprintf(number, sizeof(number), "0x%04x", v);
            name = number;
        }
        if (at + strlen(name) + 5 > size) {
            snprintf(text + at, size - at, "...");
            break;
        }
        at += (size_t)snprintf(text + at, size - at, "%s%s", at == 0 ? "" : " ", name);
    }
    return text;
}

static void add(hf_own_list *list, uint16_t value)
{
    if (list->n + 2 > sizeof(list->wire))
        return;
    list->wire[list->n++] = (uint8_t)(value >> 8);
    list->wire[list->n++] = (uint8_t)value;
}

hf_bytes hf_own_versions(const hf_config *cfg, hf_own_list *list)
{
    list->n = 0;
    for (uint16_t v = cfg->max_version; v >= cfg->min_version; v--)
        add(list, v);
    return (hf_bytes){list->wire, list->n};
}

hf_bytes hf_own_suites(const hf_config *cfg, hf_own_list *list)
{
    list->n = 0;
    for (size_t i = 0; i < cfg->suite_count; i++)
        add(list, cfg->suites[i].suite->id);
    return (hf_bytes){list->wire, list->n};
}

void hf_trace_choice_text(const hf_conn *c, const char *what, const char *offered,
                          const char *supported, const char *chosen, const char *rule)
{
    if (!tracing(c))
        return;
    hf_event e = {.kind = HF_TRACE_CHOICE};
    e.choice.what = what;
    e.choice.offered = offered;
    e.choice.supported = supported;
    e.choice.chosen = chosen;
    e.choice.rule = rule;
    emit(c, &e);
}

void hf_trace_choice(const hf_conn *c, const char *what, hf_bytes offered, hf_bytes supported,
                     const char *(*namer)(uint16_t), const char *chosen, const char *rule)
{
    char offered_text[1024], supported_text[1024];
    if (!tracing(c))
        return;
    hf_trace_choice_text(c, what, hf_names_text(offered, namer, offered_text, sizeof(offered_text)),
                         hf_names_text(supported, namer, supported_text, sizeof(supported_text)),
                         chosen, rule);
}
