/* diff.c: the walk over two documents that gives the rows of diff.h. */
#include "explain/diff.h"
#include "explain/out.h"

#include <inttypes.h>
#include <string.h>

typedef struct walk {
    const hf_explain *x[2];
    ex_diff_visit *visit;
    void *ctx;
} walk;

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void row(const walk *w, const char *group, const char *what, const char *a, const char *b,
                ex_diff_result result)
{
    ex_diff_row r = {group, what, {or_empty(a), or_empty(b)}, result};
    if (r.side[0][0] != '\0' || r.side[1][0] != '\0')
        w->visit(w->ctx, &r);
}

static void compare(const walk *w, const char *group, const char *what, const char *a,
                    const char *b)
{
    bool same = strcmp(or_empty(a), or_empty(b)) == 0;
    row(w, group, what, a, b, same ? EX_DIFF_SAME : EX_DIFF_DIFFERS);
}

static void put_text(char to[EX_DIFF_TEXT], const char *text)
{
    size_t n = strlen(to);
    snprintf(to + n, EX_DIFF_TEXT - n, "%s%s", n == 0 ? "" : ", ", text);
}

/* ---- how it ended ---- */

static const char *verdict(const hf_explain *x, const ex_totals *t)
{
    if (x->failed)
        return hf_error_sentence(x->error.code);
    if (t->established)
        return x->info.insecure ? "encrypted, the certificate was not checked" : "encrypted";
    return x->observed && ex_any_closed(x) ? "what is encrypted stayed closed" : "not finished";
}

static void result(const walk *w, const ex_totals t[2])
{
    char byte[2][24] = {"", ""};
    const hf_error *e[2] = {&w->x[0]->error, &w->x[1]->error};
    compare(w, "result", "verdict", verdict(w->x[0], &t[0]), verdict(w->x[1], &t[1]));
    if (!w->x[0]->failed && !w->x[1]->failed)
        return;
    for (int i = 0; i < 2; i++)
        if (w->x[i]->failed && e[i]->has_offset)
            snprintf(byte[i], sizeof byte[i], "%u", e[i]->offset);
    compare(w, "result", "failed in", e[0]->message, e[1]->message);
    compare(w, "result", "field", e[0]->field, e[1]->field);
    compare(w, "result", "byte", byte[0], byte[1]);
    compare(w, "result", "on", e[0]->subject, e[1]->subject);
    compare(w, "result", "expected", e[0]->expected, e[1]->expected);
    compare(w, "result", "got", e[0]->got, e[1]->got);
}

/* ---- what was agreed ---- */

static const char *yes(bool value)
{
    return value ? "yes" : "no";
}

static void agreed(const walk *w, const ex_totals t[2])
{
    static const char *const what[] = {"version", "cipher suite", "group", "signature scheme",
                                       "ALPN"};
    const hf_explain *a = w->x[0], *b = w->x[1];
    char trips[2][16];
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++)
        compare(w, "agreed", what[i], ex_agreed(a, what[i]), ex_agreed(b, what[i]));
    compare(w, "agreed", "resumed", yes(a->info.resumed), yes(b->info.resumed));
    compare(w, "agreed", "HelloRetryRequest", yes(a->info.hello_retry), yes(b->info.hello_retry));
    for (int i = 0; i < 2; i++)
        snprintf(trips[i], sizeof trips[i], "%u", t[i].round_trips);
    compare(w, "agreed", "round trips", trips[0], trips[1]);
}

/* ---- flights: the messages that one side says before the other speaks ---- */

typedef struct speech {
    const hf_explain *x;
    ex_side role;
    const ex_step *at; /* the next message, or NULL */
} speech;

static const ex_step *message_from(const ex_step *s)
{
    while (s != NULL && s->kind != HF_TRACE_MESSAGE)
        s = s->next;
    return s;
}

/* As ex_from, without looking for the role again at each message. */
static const char *speaker(const speech *p, const ex_step *s)
{
    return s->sent == (p->role != EX_SERVER) ? "client" : "server";
}

/* False at the end. */
static bool next_flight(speech *p, char text[EX_DIFF_TEXT])
{
    uint64_t bytes = 0;
    unsigned more = 0;
    char end[80], size[40];
    text[0] = '\0';
    if (p->at == NULL)
        return false;
    const ex_step *first = p->at;
    for (; p->at != NULL && p->at->sent == first->sent; p->at = message_from(p->at->next)) {
        bytes += p->at->message.length;
        if (strlen(text) + strlen(or_empty(p->at->message.name)) + 100 > EX_DIFF_TEXT)
            more++;
        else
            put_text(text, or_empty(p->at->message.name));
    }
    if (more != 0) {
        snprintf(end, sizeof end, "and %u more", more);
        put_text(text, end);
    }
    size_t n = strlen(text);
    snprintf(text + n, EX_DIFF_TEXT - n, " (%s, %s)", speaker(p, first),
             ex_size_text(size, sizeof size, bytes));
    return true;
}

static void flights(const walk *w)
{
    speech p[2];
    char text[2][EX_DIFF_TEXT], what[32];
    unsigned i = 0, left[2] = {0, 0};
    for (int k = 0; k < 2; k++)
        p[k] = (speech){w->x[k], ex_role(w->x[k]), message_from(w->x[k]->steps)};
    while (p[0].at != NULL || p[1].at != NULL) {
        for (int k = 0; k < 2; k++)
            left[k] += next_flight(&p[k], text[k]) && i >= EX_DIFF_FLIGHTS;
        if (++i > EX_DIFF_FLIGHTS)
            continue;
        snprintf(what, sizeof what, "flight %u", i);
        compare(w, "flights", what, text[0], text[1]);
    }
    for (int k = 0; k < 2; k++)
        snprintf(text[k], sizeof text[k], "%u, not compared", left[k]);
    if (left[0] != 0 || left[1] != 0)
        compare(w, "flights", "further flights", text[0], text[1]);
}

/* ---- extensions ---- */

typedef struct extension {
    uint16_t type;
    const char *name;      /* NULL: one that nobody here knows */
    const ex_field *first; /* its first field after the type; NULL at the message's end */
    unsigned depth;        /* of its type: it ends where a field stands less deep */
} extension;

typedef struct extensions {
    extension all[EX_DIFF_EXTENSIONS];
    size_t n, more;
} extensions;

static bool is_grease(uint16_t type) /* RFC 8701 */
{
    return (type & 0x0f0f) == 0x0a0a && type >> 8 == (type & 0xff);
}

static bool new_every_time(uint16_t type)
{
    enum { SESSION_TICKET = 35, PRE_SHARED_KEY = 41, COOKIE = 44, KEY_SHARE = 51, ECH = 0xfe0d };
    return type == SESSION_TICKET || type == PRE_SHARED_KEY || type == COOKIE ||
           type == KEY_SHARE || type == ECH;
}

static void extensions_of(const ex_message *m, extensions *out)
{
    out->n = out->more = 0;
    for (const ex_field *f = m->fields; f != NULL; f = f->next) {
        if (f->kind != HF_TRACE_NUMBER || f->name == NULL ||
            strcmp(f->name, "extension_type") != 0 || is_grease((uint16_t)f->value))
            continue;
        if (out->n == EX_DIFF_EXTENSIONS)
            out->more++;
        else
            out->all[out->n++] = (extension){(uint16_t)f->value, f->meaning, f->next, f->depth};
    }
}

static const extension *find(const extensions *list, uint16_t type)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->all[i].type == type)
            return &list->all[i];
    return NULL;
}

static bool is_made_up(const ex_field *f)
{
    return (f->length == 2 && is_grease((uint16_t)f->value)) ||
           (f->meaning != NULL && strcmp(f->meaning, "GREASE") == 0);
}

/* The first value from `f` on that says something: lengths only frame, and made-up numbers are
 * there to be ignored. NULL at the extension's end. */
static const ex_field *value_from(const extension *e, const ex_field *f)
{
    for (; f != NULL && f->depth >= e->depth; f = f->next) {
        if (f->depth == e->depth && f->kind == HF_TRACE_NUMBER &&
            strcmp(or_empty(f->name), "extension_type") == 0)
            return NULL; /* the next one's, where no parser nested them */
        if (f->kind == HF_TRACE_BYTES || (f->kind == HF_TRACE_NUMBER && !is_made_up(f)))
            return f;
    }
    return NULL;
}

static void value_text(const ex_field *f, char *to, size_t size)
{
    size_t n = 0;
    to[0] = '\0';
    if (f->meaning != NULL)
        snprintf(to, size, "%s", f->meaning);
    else if (f->kind == HF_TRACE_NUMBER)
        snprintf(to, size, "%" PRIu64, f->value);
    else if (f->length == 0)
        return;
    else if (f->data == NULL)
        snprintf(to, size, "%zu bytes, not kept", f->length);
    else if (ex_is_text(f->data, f->length))
        ex_safe_n(to, size, f->data, f->length);
    else
        for (size_t i = 0; i < f->length && n + 6 < size; i++)
            n += (size_t)snprintf(to + n, size - n, "%02x%s", f->data[i],
                                  i + 1 < f->length && n + 8 >= size ? "..." : "");
}

static const char *content_text(const extension *e, char to[EX_DIFF_TEXT])
{
    char value[68]; /* of bytes, the first 30 or so */
    unsigned more = 0;
    to[0] = '\0';
    if (e == NULL)
        return "";
    for (const ex_field *f = value_from(e, e->first); f != NULL; f = value_from(e, f->next)) {
        value_text(f, value, sizeof value);
        if (value[0] == '\0')
            continue;
        if (more != 0 || strlen(to) + sizeof value + 40 > EX_DIFF_TEXT)
            more++;
        else
            put_text(to, value);
    }
    if (more != 0) {
        snprintf(value, sizeof value, "and %u more", more);
        put_text(to, value);
    }
    return to[0] == '\0' ? "there, empty" : to;
}

static bool same_value(const ex_field *f, const ex_field *g)
{
    if (f->kind != g->kind || strcmp(or_empty(f->name), or_empty(g->name)) != 0)
        return false;
    if (f->kind == HF_TRACE_NUMBER)
        return f->value == g->value;
    if (f->data == NULL || g->data == NULL)
        return f->data == g->data && f->length == g->length;
    return f->length == g->length && (f->length == 0 || memcmp(f->data, g->data, f->length) == 0);
}

static bool same_content(const extension *a, const extension *b)
{
    if (new_every_time(a->type))
        return true;
    const ex_field *f = value_from(a, a->first), *g = value_from(b, b->first);
    for (; f != NULL && g != NULL; f = value_from(a, f->next), g = value_from(b, g->next))
        if (!same_value(f, g))
            return false;
    return f == g;
}

static void one_extension(const walk *w, const char *message, const extension *a,
                          const extension *b)
{
    const extension *e = a != NULL ? a : b;
    char what[120], number[24], text[2][EX_DIFF_TEXT];
    snprintf(number, sizeof number, "0x%04x", e->type);
    snprintf(what, sizeof what, "%s %s", message, e->name != NULL ? e->name : number);
    bool same = a != NULL && b != NULL && same_content(a, b);
    if (same && new_every_time(e->type))
        row(w, "extensions", what, "there, new every time", "there, new every time", EX_DIFF_SAME);
    else
        row(w, "extensions", what, content_text(a, text[0]), content_text(b, text[1]),
            same ? EX_DIFF_SAME : EX_DIFF_DIFFERS);
}

static const ex_message *first_message(const hf_explain *x, uint8_t type)
{
    const ex_step *s = message_from(x->steps);
    while (s != NULL && s->message.type != type)
        s = message_from(s->next);
    return s == NULL ? NULL : &s->message;
}

static void extensions_in(const walk *w, uint8_t type)
{
    extensions list[2];
    char what[80], more[2][32];
    const ex_message *m[2] = {first_message(w->x[0], type), first_message(w->x[1], type)};
    if (m[0] == NULL || m[1] == NULL)
        return; /* that one has no such message is told by the flights */
    for (int k = 0; k < 2; k++)
        extensions_of(m[k], &list[k]);
    for (size_t i = 0; i < list[0].n; i++)
        one_extension(w, m[0]->name, &list[0].all[i], find(&list[1], list[0].all[i].type));
    for (size_t i = 0; i < list[1].n; i++)
        if (find(&list[0], list[1].all[i].type) == NULL)
            one_extension(w, m[1]->name, NULL, &list[1].all[i]);
    if (list[0].more == 0 && list[1].more == 0)
        return;
    for (int k = 0; k < 2; k++)
        snprintf(more[k], sizeof more[k], "%zu, not compared", list[k].more);
    snprintf(what, sizeof what, "%s, further ones", or_empty(m[0]->name));
    compare(w, "extensions", what, more[0], more[1]);
}

/* ---- certificates ---- */

static size_t certs_of(const hf_explain *x, bool of_server, const ex_cert *out[EX_DIFF_CERTS])
{
    size_t n = 0;
    bool peer_is_server = ex_role(x) != EX_SERVER;
    for (const ex_cert *c = x->certs; c != NULL; c = c->next) {
        if ((c->from_store && !c->sent_by_peer) || (c->sent_by_peer == peer_is_server) != of_server)
            continue;
        if (n < EX_DIFF_CERTS)
            out[n] = c;
        n++;
    }
    return n;
}

static const char *cert_text(const ex_cert *c, char to[EX_DIFF_TEXT])
{
    char name[200], until[24];
    uint8_t digest[32];
    if (!c->parsed) {
        snprintf(to, EX_DIFF_TEXT, "%zu bytes that are no certificate", c->der.n);
        return to;
    }
    hf_name_text(c->cert.subject, name, sizeof name);
    hf_cert_fingerprint(&c->cert, digest);
    snprintf(to, EX_DIFF_TEXT, "%s, until %s, SHA-256 %02x%02x%02x%02x...",
             name[0] == '\0' ? "(no subject)" : name,
             ex_date_text(until, sizeof until, c->cert.not_after_s, false), digest[0], digest[1],
             digest[2], digest[3]);
    return to;
}

static bool same_cert(const ex_cert *a, const ex_cert *b)
{
    return a != NULL && b != NULL && a->der.n == b->der.n &&
           (a->der.n == 0 || memcmp(a->der.p, b->der.p, a->der.n) == 0);
}

static void certificates(const walk *w, bool of_server)
{
    const char *who = of_server ? "server" : "client";
    const ex_cert *list[2][EX_DIFF_CERTS];
    char what[40], text[2][EX_DIFF_TEXT];
    size_t n[2];
    for (int k = 0; k < 2; k++) {
        n[k] = certs_of(w->x[k], of_server, list[k]);
        snprintf(text[k], sizeof text[k], "%zu", n[k]);
    }
    if (n[0] == 0 && n[1] == 0)
        return;
    snprintf(what, sizeof what, "%s shows", who);
    compare(w, "certificates", what, text[0], text[1]);
    for (size_t i = 0; i < EX_DIFF_CERTS && (i < n[0] || i < n[1]); i++) {
        const ex_cert *c[2] = {i < n[0] ? list[0][i] : NULL, i < n[1] ? list[1][i] : NULL};
        snprintf(what, sizeof what, "%s's, number %zu", who, i + 1);
        row(w, "certificates", what, c[0] == NULL ? "" : cert_text(c[0], text[0]),
            c[1] == NULL ? "" : cert_text(c[1], text[1]),
            same_cert(c[0], c[1]) ? EX_DIFF_SAME : EX_DIFF_DIFFERS);
    }
}

/* ---- sizes and times ---- */

static void times(const walk *w)
{
    char took[2][32];
    for (int k = 0; k < 2; k++)
        ex_time_text(took[k], sizeof took[k], w->x[k]->end_ns);
    row(w, "measured", "time", took[0], took[1], EX_DIFF_MEASURED);
}

static void sizes(const walk *w, const ex_totals t[2])
{
    char client[2][40], server[2][40];
    for (int k = 0; k < 2; k++) {
        bool server_here = ex_role(w->x[k]) == EX_SERVER;
        uint64_t sent = t[k].bytes_sent, received = t[k].bytes_received;
        ex_size_text(client[k], sizeof client[k], server_here ? received : sent);
        ex_size_text(server[k], sizeof server[k], server_here ? sent : received);
    }
    compare(w, "flights", "client sent", client[0], client[1]);
    compare(w, "flights", "server sent", server[0], server[1]);
}

void ex_diff_walk(const hf_explain *a, const hf_explain *b, ex_diff_visit *visit, void *ctx)
{
    static const uint8_t with_extensions[] = {EX_CLIENT_HELLO, EX_HELLO_RETRY_REQUEST,
                                              EX_SERVER_HELLO, 8 /* EncryptedExtensions */,
                                              13 /* CertificateRequest */};
    const walk w = {{a, b}, visit, ctx};
    ex_totals t[2];
    ex_totals_of(a, &t[0]);
    ex_totals_of(b, &t[1]);
    result(&w, t);
    agreed(&w, t);
    flights(&w);
    sizes(&w, t);
    for (size_t i = 0; i < sizeof with_extensions; i++)
        extensions_in(&w, with_extensions[i]);
    certificates(&w, true);
    certificates(&w, false);
    times(&w);
}
