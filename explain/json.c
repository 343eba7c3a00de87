/* json.c: JSON values into a sink. Text from a peer is made valid UTF-8. */
#include "explain/out.h"

#include <inttypes.h>
#include <string.h>

/* The length of a valid UTF-8 sequence at `p`, or 0. */
static size_t utf8(const uint8_t *p, size_t n)
{
    size_t length = p[0] < 0x80                    ? 1
                    : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
                    : (p[0] & 0xf0) == 0xe0        ? 3
                    : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                                   : 0;
    if (length == 0 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

static void quoted(ex_out *o, const char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t n = strlen(text);
    ex_put(o, "\"");
    for (size_t i = 0; i < n;) {
        size_t length = utf8(p + i, n - i);
        if (length == 0) {
            ex_put(o, "\\ufffd");
            i++;
            continue;
        }
        if (p[i] == '"' || p[i] == '\\')
            ex_putf(o, "\\%c", p[i]);
        else if (p[i] < 0x20 || p[i] == 0x7f)
            ex_putf(o, "\\u%04x", p[i]);
        else
            ex_put_n(o, text + i, length);
        i += length;
    }
    ex_put(o, "\"");
}

static void start(ex_out *o, const char *key)
{
    if (o->comma[o->depth])
        ex_put(o, ",");
    o->comma[o->depth] = true;
    if (key != NULL) {
        quoted(o, key);
        ex_put(o, ":");
    }
}

void ex_json_open(ex_out *o, const char *key, char bracket)
{
    start(o, key);
    ex_put_n(o, &bracket, 1);
    if (o->depth + 1 < EX_JSON_DEPTH)
        o->depth++;
    o->comma[o->depth] = false;
}

void ex_json_close(ex_out *o, char bracket)
{
    if (o->depth > 0)
        o->depth--;
    ex_put_n(o, &bracket, 1);
}

void ex_json_text(ex_out *o, const char *key, const char *text)
{
    start(o, key);
    if (text == NULL)
        ex_put(o, "null");
    else
        quoted(o, text);
}

void ex_json_maybe(ex_out *o, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        ex_json_text(o, key, text);
}

void ex_json_bool(ex_out *o, const char *key, bool value)
{
    start(o, key);
    ex_put(o, value ? "true" : "false");
}

void ex_json_int(ex_out *o, const char *key, int64_t value)
{
    start(o, key);
    ex_putf(o, "%" PRId64, value);
}

void ex_json_uint(ex_out *o, const char *key, uint64_t value)
{
    if (value > INT64_MAX) /* which readers of JSON do not take; nothing in TLS is as large */
        value = INT64_MAX;
    start(o, key);
    ex_putf(o, "%" PRIu64, value);
}

void ex_json_hex(ex_out *o, const char *key, hf_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    start(o, key);
    ex_put(o, "\"");
    for (size_t i = 0; i < bytes.n; i++) {
        char pair[2] = {digits[bytes.p[i] >> 4], digits[bytes.p[i] & 15]};
        ex_put_n(o, pair, 2);
    }
    ex_put(o, "\"");
}

void ex_json_time(ex_out *o, const char *key, int64_t ns)
{
    start(o, key);
    if (ns < 0)
        ns = 0;
    ex_putf(o, "%" PRId64 ".%03d", ns / 1000, (int)(ns % 1000));
}

void ex_json_error(ex_out *o, const char *key, const hf_error *e)
{
    ex_json_open(o, key, '{');
    ex_json_text(o, "name", hf_error_name(e->code));
    ex_json_int(o, "code", e->code);
    ex_json_text(o, "sentence", hf_error_sentence(e->code));
    ex_json_maybe(o, "message", e->message);
    ex_json_maybe(o, "field", e->field);
    if (e->has_offset)
        ex_json_uint(o, "offset", e->offset);
    ex_json_maybe(o, "subject", e->subject);
    ex_json_maybe(o, "expected", e->expected);
    ex_json_maybe(o, "got", e->got);
    if (e->alert_sent || e->alert_received) {
        ex_json_text(o, "alert", hf_alert_name(e->alert));
        ex_json_uint(o, "alert_number", e->alert);
        ex_json_text(o, "alert_direction", e->alert_sent ? "sent" : "received");
    }
    ex_json_text(o, "remedy", hf_error_remedy(e->code));
    ex_json_maybe(o, "section", hf_error_section(e->code));
    ex_json_close(o, '}');
}

void ex_json_alert(ex_out *o, const hf_trace_alert_event *a)
{
    ex_json_uint(o, "level", a->level);
    ex_json_uint(o, "description", a->description);
    ex_json_text(o, "name", hf_alert_name(a->description));
}

void ex_json_choice(ex_out *o, const hf_trace_choice_event *c)
{
    ex_json_text(o, "what", c->what);
    ex_json_text(o, "offered", c->offered);
    ex_json_text(o, "supported", c->supported);
    ex_json_text(o, "chosen", c->chosen);
    ex_json_text(o, "rule", c->rule);
}
