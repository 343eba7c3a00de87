/* text_message.c: one message on the terminal: its main fields, all of them, or its bytes. */
#include "explain/text.h"

#include <inttypes.h>
#include <string.h>

static bool one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

/* What the short form leaves out: frames, and fields that TLS 1.3 froze. */
static bool dull(const char *name)
{
    static const char *const names[] = {
        "msg_type",
        "length",
        "header",
        "random",
        "legacy_version",
        "legacy_session_id",
        "legacy_session_id_echo",
        "legacy_compression_methods",
        "legacy_compression_method",
        "client_version",
        "server_version",
        "session_id",
        "compression_methods",
        "compression_method",
        "name_type",
        "certificate_request_context",
        "verify_data",
        "ticket_age_add",
        "ticket_nonce",
        "obfuscated_ticket_age",
        "responder_id_list",
        "request_extensions",
        "curve_type",
        NULL,
    };
    return one_of(name, names);
}

static bool container(const char *name)
{
    static const char *const names[] = {
        "extensions",
        "extension",
        "Extension",
        "certificate_list",
        "CertificateEntry",
        "certificate_entry",
        "body",
        "header",
        "params",
        "ServerECDHParams",
        "curve_params",
        "exchange_keys",
        "signed_params",
        NULL,
    };
    return one_of(name, names);
}

static bool code_point(const char *name)
{
    static const char *const names[] = {
        "cipher_suite",     "named_group", "group",          "selected_group",
        "signature_scheme", "algorithm",   "extension_type", "selected_version",
        "version",          "versions",    "legacy_version", "named_curve",
        "namedcurve",       NULL,
    };
    return one_of(name, names);
}

static bool is_name(const char *name)
{
    static const char *const names[] = {"host_name", "ProtocolName", "protocol_name", NULL};
    return one_of(name, names);
}

static const char *short_label(const char *name)
{
    if (strcmp(name, "application_layer_protocol_negotiation") == 0)
        return "ALPN";
    if (strcmp(name, "signed_certificate_timestamp") == 0)
        return "certificate logs (SCT)";
    return name;
}

/* One line of the summary while its values are collected. */
typedef struct line {
    const ex_view *v;
    const char *label;
    int close; /* the depth of the CLOSE that ends it */
    unsigned shown, more;
    bool after_meaning; /* the last value was a name: "X25519" */
    bool after_grease;  /* ... or one that is not shown */
    char value[512];
    char own_label[32];
} line;

static void append(line *l, const char *text)
{
    size_t n = strlen(l->value);
    if (n + strlen(text) < sizeof l->value)
        memcpy(l->value + n, text, strlen(text) + 1);
}

static void flush(line *l)
{
    if (l->label == NULL)
        return;
    if (l->more != 0) {
        char more[40];
        snprintf(more, sizeof more, " and %u more", l->more);
        append(l, more);
    }
    ex_line(l->v, EX_BODY, EX_VALUE, short_label(l->label), l->value[0] == '\0' ? "yes" : l->value);
    l->label = NULL;
}

static void begin(line *l, const char *label, int close)
{
    flush(l);
    l->label = label;
    l->close = close;
    l->shown = l->more = 0;
    l->after_meaning = l->after_grease = false;
    l->value[0] = '\0';
}

static void number_text(const ex_field *f, char *to, size_t size)
{
    if (f->meaning != NULL)
        ex_safe(to, size, f->meaning);
    else if (code_point(f->name))
        snprintf(to, size, "0x%0*" PRIx64, (int)(2 * f->length), f->value);
    else
        snprintf(to, size, "%" PRIu64, f->value);
}

static void certificate_text(const ex_field *f, char *to, size_t size)
{
    hf_cert cert;
    char subject[120], date[24];
    if (hf_cert_parse((hf_bytes){f->data, f->length}, &cert, NULL) != HF_OK) {
        snprintf(to, size, "not a valid certificate");
        return;
    }
    hf_name_text(cert.subject, subject, sizeof subject);
    if (subject[0] == '\0')
        hf_cert_names_text(&cert, subject, sizeof subject);
    snprintf(to, size, "%s, until %s", subject,
             ex_date_text(date, sizeof date, cert.not_after_s, false));
}

static void bytes_text(const ex_field *f, char *to, size_t size)
{
    if (f->data != NULL && (strcmp(f->name, "cert_data") == 0 || strcmp(f->name, "ASN.1Cert") == 0))
        certificate_text(f, to, size);
    else if (is_name(f->name) && f->data != NULL)
        ex_safe_n(to, size, f->data, f->length);
    else
        ex_size_text(to, size, f->length);
}

static void add_value(line *l, const ex_field *f)
{
    enum { MOST = 4 };
    char text[200];
    bool number = f->kind == HF_TRACE_NUMBER;
    if (number && f->meaning != NULL && strcmp(f->meaning, "GREASE") == 0) {
        l->after_meaning = false;
        l->after_grease = true;
        return;
    }
    bool skip = l->after_grease && !number;
    l->after_grease = false;
    if (skip) /* the key share of a made-up group */
        return;
    if (!number && l->after_meaning) { /* "X25519 (32 bytes)" */
        if (l->more == 0) {
            char size[40];
            snprintf(text, sizeof text, " (%s)", ex_size_text(size, sizeof size, f->length));
            append(l, text);
        }
        l->after_meaning = false;
        return;
    }
    l->after_meaning = number && f->meaning != NULL;
    if (l->shown == MOST) {
        l->more++;
        return;
    }
    if (number)
        number_text(f, text, sizeof text);
    else
        bytes_text(f, text, sizeof text);
    if (l->shown++ != 0)
        append(l, ", ");
    append(l, text);
}

static void summarise(line *l, const ex_field *f)
{
    int depth = (int)f->depth;
    if (f->kind == HF_TRACE_LENGTH)
        return;
    if (f->kind == HF_TRACE_CLOSE) {
        if (l->label != NULL && depth <= l->close)
            flush(l);
        return;
    }
    if (strcmp(f->name, "extension_type") == 0) {
        snprintf(l->own_label, sizeof l->own_label, "extension 0x%04" PRIx64, f->value);
        begin(l, f->meaning != NULL ? f->meaning : l->own_label, depth - 1);
        if (f->meaning != NULL && strcmp(f->meaning, "GREASE") == 0)
            l->label = NULL;
        return;
    }
    if (dull(f->name))
        return;
    if (f->kind == HF_TRACE_OPEN) {
        if (l->label == NULL && !container(f->name) && strcmp(f->name, "extension_data") != 0)
            begin(l, f->name, depth);
        return;
    }
    if (l->label != NULL) {
        add_value(l, f);
        return;
    }
    if (strcmp(f->name, "extension_data") == 0 && f->length <= 1)
        return; /* GREASE's */
    begin(l, f->name, depth);
    add_value(l, f);
    flush(l);
}

void ex_message_summary(const ex_view *v, const ex_step *s)
{
    line l = {.v = v};
    unsigned skip = 0; /* inside a dull vector */
    for (const ex_field *f = s->message.fields; f != NULL; f = f->next) {
        if (skip != 0) {
            skip += f->kind == HF_TRACE_OPEN;
            skip -= f->kind == HF_TRACE_CLOSE;
            continue;
        }
        if (f->kind == HF_TRACE_OPEN && dull(f->name) && !container(f->name)) {
            skip = 1;
            continue;
        }
        summarise(&l, f);
    }
    flush(&l);
}

/* ---- all fields ---- */

static void put_value(const ex_view *v, const ex_field *f)
{
    char text[200];
    ex_out *o = v->o;
    if (f->kind == HF_TRACE_NUMBER || f->kind == HF_TRACE_LENGTH) {
        snprintf(text, sizeof text, "%" PRIu64, f->value);
        if (f->kind == HF_TRACE_NUMBER && (f->meaning != NULL || code_point(f->name)))
            snprintf(text, sizeof text, "0x%0*" PRIx64 " ", (int)(2 * f->length), f->value);
        if (f->meaning != NULL) {
            size_t n = strlen(text);
            ex_safe(text + n, sizeof text - n, f->meaning);
        }
    } else if (f->data == NULL) {
        snprintf(text, sizeof text, f->length == 0 ? "empty" : "(not kept)");
    } else if (is_name(f->name) || (ex_is_text(f->data, f->length) && f->length <= 100)) {
        text[0] = '"';
        ex_safe_n(text + 1, sizeof text - 2, f->data, f->length);
        strcat(text, "\"");
    } else {
        size_t n = 0;
        for (size_t i = 0; i < f->length && i < 16; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%02x", f->data[i]);
        if (f->length > 16)
            snprintf(text + n, sizeof text - n, "...");
    }
    if (o->column + strlen(text) > EX_WIDTH)
        ex_put(o, "\n");
    size_t at = EX_BODY + 15;
    ex_to_column(o, at);
    ex_wrap(o, at, text);
}

void ex_message_fields(const ex_view *v, const ex_step *s)
{
    ex_out *o = v->o;
    char name[80];
    for (const ex_field *f = s->message.fields; f != NULL; f = f->next) {
        if (f->kind == HF_TRACE_CLOSE || f->kind == HF_TRACE_LENGTH)
            continue;
        ex_spaces(o, EX_BODY);
        ex_paint(o, "2");
        ex_putf(o, "%5zu %5zu", f->offset, f->length);
        ex_paint(o, "0");
        ex_spaces(o, 2 + (f->depth > 12 ? 24 : (size_t)f->depth * 2));
        ex_put(o, ex_safe(name, sizeof name, f->name));
        if (f->kind == HF_TRACE_OPEN) {
            ex_put(o, "\n");
            continue;
        }
        ex_put(o, "  ");
        put_value(v, f);
    }
    if (!s->message.ended) {
        ex_spaces(o, EX_BODY);
        ex_put(o, "(the message was not read to its end)\n");
    }
}

/* Lines of 16 bytes from `from` to `to`; those of the marked range stand in brackets. */
void ex_hex_dump(const ex_view *v, size_t indent, hf_bytes bytes, size_t from, size_t to,
                 size_t mark, size_t mark_n)
{
    ex_out *o = v->o;
    for (size_t at = from - from % 16; at < to && at < bytes.n; at += 16) {
        ex_spaces(o, indent);
        ex_putf(o, "%05zx ", at);
        for (size_t i = at; i < at + 16; i++) {
            bool first = mark_n != 0 && i == mark;
            bool after = mark_n != 0 && i == mark + mark_n && i != at;
            ex_put(o, first ? "[" : after ? "]" : " ");
            if (i >= bytes.n)
                ex_put(o, "  ");
            else
                ex_putf(o, "%02x", bytes.p[i]);
        }
        bool ends = mark_n != 0 && at + 16 == mark + mark_n;
        bool last = mark_n != 0 && mark + mark_n > at + 16 && mark <= at + 15;
        ex_put(o, ends || last ? "]" : " ");
        if (o->column + 18 <= EX_WIDTH) {
            ex_put(o, " ");
            for (size_t i = at; i < at + 16 && i < bytes.n; i++)
                ex_putf(o, "%c", bytes.p[i] >= 0x20 && bytes.p[i] < 0x7f ? bytes.p[i] : '.');
        }
        ex_put(o, "\n");
    }
}
