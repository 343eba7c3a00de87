/* json_read.c: a document that was written is read back, by replaying its steps as events. */
#include "explain/model.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What is being read; the first fault is kept. */
typedef struct reading {
    hf_explain *x;
    hf_error *e;
    hf_status status;
    json_t *certs;
    hf_cert *parsed; /* by index in `certs` */
    hf_bytes *ders;
    size_t cert_count;
    uint8_t *scratch; /* decoded hex of the present step: two pieces */
    size_t room, used;
} reading;

static void fault(reading *r, hf_status status, const char *field, const char *expected,
                  const char *got)
{
    if (r->status != HF_OK)
        return;
    r->status = status;
    if (r->e == NULL)
        return;
    *r->e = (hf_error){.code = status, .message = "explain document", .field = field};
    snprintf(r->e->expected, sizeof r->e->expected, "%s", expected);
    snprintf(r->e->got, sizeof r->e->got, "%s", got);
}

/* ---- members, with their kind checked; all are optional unless said ---- */

static const char *text(reading *r, json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    if (v == NULL || json_is_null(v))
        return NULL;
    if (!json_is_string(v))
        fault(r, HF_E_VALUE, key, "a text", "another kind of value");
    return json_string_value(v);
}

static uint64_t number(reading *r, json_t *o, const char *key, uint64_t max)
{
    json_t *v = json_object_get(o, key);
    if (v == NULL)
        return 0;
    if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max) {
        fault(r, HF_E_VALUE, key, "a number in range", "another value");
        return 0;
    }
    return (uint64_t)json_integer_value(v);
}

static hf_status code(reading *r, json_t *o)
{
    json_t *v = json_object_get(o, "code");
    if (v == NULL)
        return HF_OK;
    if (!json_is_integer(v) || json_integer_value(v) > 0 || json_integer_value(v) < -100000) {
        fault(r, HF_E_VALUE, "code", "0 or a negative error code", "another value");
        return HF_OK;
    }
    return (hf_status)json_integer_value(v);
}

static bool flag(reading *r, json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    if (v != NULL && !json_is_boolean(v))
        fault(r, HF_E_VALUE, key, "true or false", "another kind of value");
    return json_is_true(v);
}

static int64_t time_ns(reading *r, json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    if (v == NULL)
        return 0;
    double us = json_number_value(v);
    if (!json_is_number(v) || !(us >= 0 && us < 1e15)) {
        fault(r, HF_E_VALUE, key, "microseconds", "another value");
        return 0;
    }
    return (int64_t)(us * 1000 + 0.5);
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes into the scratch memory, which is as large as the document and so always suffices. */
static hf_bytes hex(reading *r, json_t *o, const char *key)
{
    const char *digits = text(r, o, key);
    if (digits == NULL)
        return (hf_bytes){NULL, 0};
    size_t n = strlen(digits);
    if (n % 2 != 0 || n / 2 > r->room - r->used) {
        fault(r, HF_E_VALUE, key, "pairs of hexadecimal digits", "an odd number of digits");
        return (hf_bytes){NULL, 0};
    }
    uint8_t *to = r->scratch + r->used;
    for (size_t i = 0; i < n / 2; i++) {
        int high = nibble(digits[2 * i]), low = nibble(digits[2 * i + 1]);
        if (high < 0 || low < 0) {
            fault(r, HF_E_VALUE, key, "hexadecimal digits", "another character");
            return (hf_bytes){NULL, 0};
        }
        to[i] = (uint8_t)(high << 4 | low);
    }
    r->used += n / 2;
    return (hf_bytes){to, n / 2};
}

static void copy_text(reading *r, json_t *o, const char *key, char *to, size_t size)
{
    const char *t = text(r, o, key);
    snprintf(to, size, "%s", t == NULL ? "" : t);
}

static void error(reading *r, json_t *o, hf_error *e)
{
    *e = (hf_error){.code = code(r, o)};
    e->message = ex_text(r->x, text(r, o, "message"));
    e->field = ex_text(r->x, text(r, o, "field"));
    e->has_offset = json_object_get(o, "offset") != NULL;
    e->offset = (uint32_t)number(r, o, "offset", UINT32_MAX);
    copy_text(r, o, "subject", e->subject, sizeof e->subject);
    copy_text(r, o, "expected", e->expected, sizeof e->expected);
    copy_text(r, o, "got", e->got, sizeof e->got);
    const char *direction = text(r, o, "alert_direction");
    if (direction == NULL)
        return;
    e->alert = (uint8_t)number(r, o, "alert_number", 255);
    e->alert_sent = strcmp(direction, "sent") == 0;
    e->alert_received = !e->alert_sent;
}

/* ---- steps ---- */

static void record(reading *r, json_t *o, hf_event *e)
{
    e->record.type = (uint8_t)number(r, o, "type", 255);
    e->record.inner_type = (uint8_t)number(r, o, "inner_type", 255);
    e->record.encrypted = flag(r, o, "encrypted");
    e->record.key = text(r, o, "key");
    e->record.sequence = number(r, o, "sequence", INT64_MAX);
    e->record.wire = hex(r, o, "wire");
    e->record.wire_len = (size_t)number(r, o, "wire_length", UINT32_MAX);
    e->record.plaintext = hex(r, o, "plaintext");
    e->record.padding = (size_t)number(r, o, "padding", UINT32_MAX);
}

static void field(reading *r, json_t *o, hf_bytes message, int64_t t_ns)
{
    hf_event e = {.kind = HF_TRACE_FIELD};
    const char *form = text(r, o, "form");
    hf_trace_field_kind kind = HF_TRACE_NUMBER;
    while (kind < HF_TRACE_CLOSE && form != NULL && strcmp(form, ex_field_kind_name(kind)) != 0)
        kind++;
    if (form == NULL || strcmp(form, ex_field_kind_name(kind)) != 0)
        fault(r, HF_E_VALUE, "form", "number, bytes, length, open or close", "another word");
    e.field.kind = kind;
    e.field.name = text(r, o, "name");
    if (e.field.name == NULL)
        e.field.name = "";
    e.field.offset = (size_t)number(r, o, "offset", UINT32_MAX);
    e.field.length = (size_t)number(r, o, "length", UINT32_MAX);
    e.field.value = number(r, o, "value", INT64_MAX);
    e.field.meaning = text(r, o, "meaning");
    if (e.field.length != 0 && e.field.offset <= message.n &&
        e.field.length <= message.n - e.field.offset)
        e.field.data = message.p + e.field.offset;
    ex_event_at(r->x, &e, t_ns);
}

static void message(reading *r, json_t *o, hf_event *e, int64_t t_ns)
{
    e->message.type = (uint8_t)number(r, o, "type", 255);
    e->message.name = text(r, o, "name");
    if (e->message.name == NULL)
        e->message.name = "message";
    e->message.bytes = hex(r, o, "bytes");
    unsigned before = r->x->step_count;
    ex_event_at(r->x, e, t_ns);
    if (r->x->step_count > before && r->x->last->message.bytes.p == NULL)
        r->x->last->message.length = (size_t)number(r, o, "length", UINT32_MAX);
    size_t i;
    json_t *f;
    json_array_foreach (json_object_get(o, "fields"), i, f) {
        if (!json_is_object(f))
            fault(r, HF_E_VALUE, "fields", "objects", "another kind of value");
        else
            field(r, f, e->message.bytes, t_ns);
    }
    if (flag(r, o, "complete"))
        ex_event_at(r->x, &(hf_event){.kind = HF_TRACE_MESSAGE_END}, t_ns);
}

static void check(reading *r, json_t *o, hf_check *c)
{
    c->path = (unsigned)number(r, o, "path", 100000);
    c->depth = (unsigned)number(r, o, "depth", 100000);
    c->name = text(r, o, "name");
    c->section = text(r, o, "section");
    c->result = code(r, o);
    c->from_store = flag(r, o, "from_store");
    c->advisory = flag(r, o, "advisory");
    copy_text(r, o, "value", c->value, sizeof c->value);
    copy_text(r, o, "limit", c->limit, sizeof c->limit);
    if (json_object_get(o, "certificate") == NULL)
        return;
    size_t i = (size_t)number(r, o, "certificate", UINT32_MAX);
    if (i >= r->cert_count) {
        fault(r, HF_E_VALUE, "certificate", "the index of one of certificates", "a larger number");
        return;
    }
    r->parsed[i].der = r->ders[i];
    c->cert = &r->parsed[i];
}

/* Certificate `i` of the document, or NULL when there is none. */
static const hf_cert *certificate_at(reading *r, json_t *index)
{
    size_t i = json_is_integer(index) && json_integer_value(index) >= 0
                   ? (size_t)json_integer_value(index)
                   : SIZE_MAX;
    if (i >= r->cert_count) {
        fault(r, HF_E_VALUE, "certificates", "indices of certificates", "another value");
        return NULL;
    }
    r->parsed[i].der = r->ders[i];
    return &r->parsed[i];
}

static void path(reading *r, json_t *o, hf_verify_path *p)
{
    json_t *list = json_object_get(o, "certificates"), *index;
    size_t i;
    p->path = (unsigned)number(r, o, "path", 100000);
    p->depth = (unsigned)number(r, o, "depth", HF_PATH_MOST);
    p->anchored = flag(r, o, "anchored");
    p->check = text(r, o, "check");
    p->result = code(r, o);
    json_array_foreach (list, i, index) {
        const hf_cert *cert = certificate_at(r, index);
        if (cert != NULL && p->count < HF_PATH_MOST)
            p->certs[p->count++] = cert;
    }
}

static bool kind_of(reading *r, json_t *o, hf_trace_kind *kind)
{
    const char *name = text(r, o, "kind");
    for (hf_trace_kind k = HF_TRACE_RECORD; k <= HF_TRACE_PATH; k++) {
        if (name == NULL || strcmp(name, ex_kind_name(k)) != 0)
            continue;
        if (k == HF_TRACE_FIELD || k == HF_TRACE_MESSAGE_END)
            break;
        *kind = k;
        return true;
    }
    fault(r, HF_E_VALUE, "kind",
          "record, message, alert, choice, secret, check, path, job, state, error",
          name == NULL ? "none" : name);
    return false;
}

static void secret(reading *r, json_t *o, hf_event *e)
{
    e->secret.name = text(r, o, "name");
    e->secret.from = text(r, o, "from");
    e->secret.label = text(r, o, "label");
    e->secret.context = hex(r, o, "context");
    e->secret.bytes = hex(r, o, "bytes");
}

static void choice(reading *r, json_t *o, hf_event *e)
{
    e->choice.what = text(r, o, "what");
    e->choice.offered = text(r, o, "offered");
    e->choice.supported = text(r, o, "supported");
    e->choice.chosen = text(r, o, "chosen");
    e->choice.rule = text(r, o, "rule");
}

static void step(reading *r, json_t *o)
{
    hf_event e = {0};
    hf_check c = {0};
    hf_verify_path p = {0};
    hf_error failure;
    size_t plaintext_len = (size_t)number(r, o, "plaintext_length", UINT32_MAX);
    int64_t t_ns = time_ns(r, o, "t_us");
    const char *direction = text(r, o, "direction");
    if (!kind_of(r, o, &e.kind))
        return;
    e.sent = direction != NULL && strcmp(direction, "sent") == 0;
    switch (e.kind) {
    case HF_TRACE_RECORD:
        record(r, o, &e);
        break;
    case HF_TRACE_MESSAGE:
        message(r, o, &e, t_ns);
        return;
    case HF_TRACE_ALERT:
        e.alert.level = (uint8_t)number(r, o, "level", 255);
        e.alert.description = (uint8_t)number(r, o, "description", 255);
        break;
    case HF_TRACE_CHOICE:
        choice(r, o, &e);
        break;
    case HF_TRACE_SECRET:
        secret(r, o, &e);
        break;
    case HF_TRACE_CHECK:
        check(r, o, &c);
        e.check = &c;
        break;
    case HF_TRACE_PATH:
        path(r, o, &p);
        e.path = &p;
        break;
    case HF_TRACE_JOB:
        e.job.job = (hf_job_kind)number(r, o, "job", HF_JOB_VERIFY_CHAIN);
        e.job.name = text(r, o, "name");
        e.job.done = flag(r, o, "done");
        e.job.status = code(r, o);
        break;
    case HF_TRACE_STATE:
        e.state.name = text(r, o, "name");
        e.state.section = text(r, o, "section");
        break;
    case HF_TRACE_ERROR:
        error(r, json_object_get(o, "error"), &failure);
        e.error = &failure;
        break;
    default:
        return;
    }
    unsigned before = r->x->step_count;
    ex_event_at(r->x, &e, t_ns);
    if (e.kind == HF_TRACE_RECORD && r->x->step_count > before &&
        r->x->last->record.plaintext.p == NULL)
        r->x->last->record.plaintext_len = plaintext_len;
}

/* ---- the whole ---- */

static void connection(reading *r, json_t *o)
{
    hf_explain *x = r->x;
    x->target = ex_text(x, text(r, o, "target"));
    x->started = true;
    x->started_s = (int64_t)number(r, o, "started_s", INT64_C(1) << 40);
    x->end_ns = time_ns(r, o, "duration_us");
    x->observed = flag(r, o, "observed");
    x->info.known = flag(r, o, "info_known");
    x->info.established = flag(r, o, "established");
    x->info.hello_retry = flag(r, o, "hello_retry");
    x->info.resumed = flag(r, o, "resumed");
    x->info.peer_authenticated = flag(r, o, "peer_authenticated");
    x->info.insecure = flag(r, o, "insecure");
    x->info.version = ex_text(x, text(r, o, "version"));
    x->info.suite = ex_text(x, text(r, o, "cipher_suite"));
    x->info.group = ex_text(x, text(r, o, "group"));
    x->info.alpn = ex_text(x, text(r, o, "alpn"));
    x->info.peer_scheme = ex_text(x, text(r, o, "peer_signature_scheme"));
    x->info.own_scheme = ex_text(x, text(r, o, "own_signature_scheme"));
    x->info.aead_from = ex_text(x, text(r, o, "aead_from"));
    x->info.host = ex_text(x, text(r, o, "host"));
}

static void notes(reading *r, json_t *list)
{
    size_t i;
    json_t *o;
    json_array_foreach (list, i, o) {
        if (!json_is_string(o))
            fault(r, HF_E_VALUE, "notes", "texts", "another kind of value");
        else
            hf_explain_note(r->x, json_string_value(o));
    }
}

static void certificates(reading *r)
{
    size_t i;
    json_t *o;
    json_array_foreach (r->certs, i, o) {
        hf_bytes der = hex(r, o, "der");
        r->ders[i] = der;
        if (der.n == 0)
            fault(r, HF_E_VALUE, "der", "a certificate's bytes", "none");
        ex_cert *c = ex_cert_add(r->x, der);
        if (c == NULL)
            continue;
        c->sent_by_peer = flag(r, o, "sent_by_peer");
        c->from_store = flag(r, o, "from_store");
    }
}

static void read_all(reading *r, json_t *root)
{
    json_t *left = json_object_get(root, "left_out");
    connection(r, json_object_get(root, "connection"));
    notes(r, json_object_get(root, "notes"));
    certificates(r);
    size_t keep = r->used, i;
    json_t *o;
    json_array_foreach (json_object_get(root, "steps"), i, o) {
        if (!json_is_object(o))
            fault(r, HF_E_VALUE, "steps", "objects", "another kind of value");
        if (r->status != HF_OK)
            return;
        r->used = keep;
        step(r, o);
    }
    json_t *failure = json_object_get(json_object_get(root, "verdict"), "error");
    if (failure != NULL && !r->x->failed) {
        hf_error e;
        error(r, failure, &e);
        ex_note_error(r->x, &e, time_ns(r, json_object_get(root, "verdict"), "t_us"));
    }
    r->x->left_out_events += (size_t)number(r, left, "events", INT64_MAX);
    r->x->left_out_bytes += (size_t)number(r, left, "bytes", INT64_MAX);
    r->x->finished = true;
    r->x->open = NULL;
}

static void check_format(reading *r, json_t *root)
{
    const char *format = json_is_object(root) ? text(r, root, "format") : NULL;
    if (format == NULL || strcmp(format, "handfast-explain") != 0)
        fault(r, HF_E_VALUE, "format", "\"handfast-explain\"", format == NULL ? "none" : format);
    else if (number(r, root, "version", INT64_MAX) != 1)
        fault(r, HF_E_VALUE, "version", "1", "another version of the format");
    else if (!json_is_array(json_object_get(root, "steps")))
        fault(r, HF_E_VALUE, "steps", "a list", "none");
}

hf_status hf_explain_read_json(hf_bytes json, const hf_explain_options *options, hf_explain **out,
                               hf_error *e)
{
    json_error_t why;
    *out = NULL;
    json_t *root = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &why);
    reading r = {.e = e, .status = HF_OK, .room = json.n};
    if (root == NULL) {
        fault(&r, HF_E_VALUE, "JSON", "valid JSON", why.text);
        if (e != NULL && why.position >= 0) {
            e->has_offset = true;
            e->offset = (uint32_t)why.position;
        }
        return r.status;
    }
    hf_explain_options kept = {0};
    if (options != NULL)
        kept = *options;
    if (kept.memory == 0) /* what was written is read whole */
        kept.memory = json.n * 16 + (1u << 20);
    kept.application_data = true;
    const char *secrets = text(&r, root, "secrets");
    kept.secrets = secrets != NULL && strcmp(secrets, "included") == 0;
    r.certs = json_object_get(root, "certificates");
    r.cert_count = json_array_size(r.certs);
    check_format(&r, root);
    r.x = hf_explain_new(&kept);
    r.scratch = malloc(json.n);
    r.parsed = calloc(r.cert_count + 1, sizeof *r.parsed);
    r.ders = calloc(r.cert_count + 1, sizeof *r.ders);
    if (r.x == NULL || r.scratch == NULL || r.parsed == NULL || r.ders == NULL)
        fault(&r, HF_E_OUT_OF_MEMORY, NULL, "", "");
    if (r.status == HF_OK)
        read_all(&r, root);
    free(r.ders);
    free(r.parsed);
    if (r.scratch != NULL)
        ex_wipe(r.scratch, json.n);
    free(r.scratch);
    json_decref(root);
    if (r.status == HF_OK && r.x->out_of_memory)
        fault(&r, HF_E_OUT_OF_MEMORY, NULL, "", "");
    if (r.status != HF_OK) {
        hf_explain_free(r.x);
        return r.status;
    }
    *out = r.x;
    return HF_OK;
}
