/* text_cert.c: the certificates on the terminal, each with the checks that were made of it. */
#include "explain/text.h"

#include <string.h>

static void serial_text(hf_bytes serial, char *to, size_t size)
{
    size_t n = 0;
    to[0] = '\0';
    for (size_t i = 0; i < serial.n && n + 4 < size; i++)
        n += (size_t)snprintf(to + n, size - n, i == 0 ? "%02x" : ":%02x", serial.p[i]);
}

static void validity_text(const ex_view *v, const hf_cert *c, char *to, size_t size)
{
    char from[24], until[24], left[64];
    int64_t days = (c->not_after_s - v->now_s) / 86400;
    if (v->now_s < c->not_before_s)
        snprintf(left, sizeof left, "not valid yet");
    else if (v->now_s > c->not_after_s)
        snprintf(left, sizeof left, "expired %lld day%s ago", (long long)-days,
                 days == -1 ? "" : "s");
    else
        snprintf(left, sizeof left, "%lld day%s left", (long long)days, days == 1 ? "" : "s");
    snprintf(to, size, "%s to %s, %s", ex_date_text(from, sizeof from, c->not_before_s, false),
             ex_date_text(until, sizeof until, c->not_after_s, false), left);
}

/* A path in which nothing failed, else -1. */
static int good_path(const hf_explain *x)
{
    int best = -1;
    for (const ex_step *s = x->steps; s != NULL; s = s->next) {
        if (s->kind != HF_TRACE_CHECK)
            continue;
        if ((int)s->check.path > best && s->check.result == HF_OK) {
            bool good = true;
            for (const ex_step *i = x->steps; i != NULL; i = i->next)
                if (i->kind == HF_TRACE_CHECK && i->check.path == s->check.path &&
                    i->check.result != HF_OK && !i->check.advisory)
                    good = false;
            if (good)
                best = (int)s->check.path;
        }
    }
    return best;
}

static void failing(const ex_view *v, const ex_check *k)
{
    ex_out *o = v->o;
    ex_paint(o, k->advisory ? "33" : "31");
    ex_line(v, 5, 18, k->advisory ? "not counted" : "FAILED", k->name);
    ex_line(v, 5, 18, "", hf_error_sentence(k->result));
    ex_paint(o, "0");
    ex_line(v, 7, 18, "it says", k->value);
    ex_line(v, 7, 18, "needed", k->limit);
    ex_line(v, 7, 18, "rule", k->section);
}

static void passing(const ex_view *v, const ex_check *k)
{
    char text[400];
    snprintf(text, sizeof text, "%s%s%s%s%s%s", k->name == NULL ? "" : k->name,
             k->value != NULL && k->value[0] ? ": " : "", k->value == NULL ? "" : k->value,
             k->limit != NULL && k->limit[0] ? "; needed " : "", k->limit == NULL ? "" : k->limit,
             "");
    ex_line(v, 5, 18, "passed", text);
}

/* True when the list "a, b, c" has `name`. */
static bool listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = strstr(list, name); p != NULL; p = strstr(p + 1, name))
        if ((p == list || p[-1] == ' ') && (p[n] == '\0' || p[n] == ','))
            return true;
    return false;
}

/* Short: the names of what passed in one line. Long: each check with value and limit. */
static void checks(const ex_view *v, const ex_cert *c, int path)
{
    char names[400] = "";
    for (const ex_step *s = v->x->steps; s != NULL; s = s->next) {
        if (s->kind != HF_TRACE_CHECK || s->check.cert != c)
            continue;
        const ex_check *k = &s->check;
        if (k->result != HF_OK && (path < 0 || v->level > 0 || k->advisory)) {
            failing(v, k);
        } else if (k->result == HF_OK && v->level > 0) {
            passing(v, k);
        } else if (k->result == HF_OK && (path < 0 || (int)k->path == path) && k->name != NULL &&
                   !listed(names, k->name) && strlen(names) + strlen(k->name) + 3 < sizeof names) {
            if (names[0] != '\0')
                strcat(names, ", ");
            strcat(names, k->name);
        }
    }
    ex_line(v, 5, 18, "passed", names);
}

static void one(const ex_view *v, const ex_cert *c, int path)
{
    ex_out *o = v->o;
    char text[400], name[300];
    ex_putf(o, "  %u  ", c->index);
    if (!c->parsed) {
        ex_wrap(o, 5, "a certificate that could not be read");
        return;
    }
    hf_name_text(c->cert.subject, name, sizeof name);
    ex_paint(o, "1");
    ex_wrap(o, 5, name[0] == '\0' ? "(no subject)" : name);
    ex_paint(o, "0");
    ex_line(v, 5, 18, "from",
            c->from_store && c->sent_by_peer ? "the peer, and the local trust store"
            : c->from_store                  ? "the local trust store"
            : c->sent_by_peer                ? "the peer"
                                             : "this side");
    hf_cert_names_text(&c->cert, name, sizeof name);
    ex_line(v, 5, 18, "covers", name);
    hf_name_text(c->cert.issuer, name, sizeof name);
    ex_line(v, 5, 18, "issued by", c->cert.self_issued ? "itself" : name);
    serial_text(c->cert.serial, text, sizeof text);
    ex_line(v, 5, 18, "serial", text);
    validity_text(v, &c->cert, text, sizeof text);
    ex_line(v, 5, 18, "valid", text);
    bool rsa = c->cert.key_type == HF_KEY_RSA || c->cert.key_type == HF_KEY_RSA_PSS;
    snprintf(text, sizeof text, rsa ? "%s, %u bits" : "%s", hf_key_type_name(c->cert.key_type),
             c->cert.key_bits);
    ex_line(v, 5, 18, "key", text);
    ex_line(v, 5, 18, "signed with",
            c->cert.signed_with_name == NULL ? "an unknown algorithm" : c->cert.signed_with_name);
    checks(v, c, path);
}

/* Where more than one way was looked at, or none led to an anchor: each, and why it was left. */
static void candidate(const ex_view *v, const ex_path *p)
{
    char text[1200], name[300];
    size_t n = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < p->count && n + 4 < sizeof text; i++) {
        name[0] = '\0';
        if (p->certs[i] != NULL && p->certs[i]->parsed)
            hf_name_text(p->certs[i]->cert.subject, name, sizeof name);
        int added = snprintf(text + n, sizeof text - n, "%s%s", i == 0 ? "" : " <- ",
                             name[0] == '\0' ? "?" : name);
        n += added > 0 && (size_t)added < sizeof text - n ? (size_t)added : 0;
    }
    snprintf(name, sizeof name, "path %u", p->path);
    ex_line(v, 2, 18, name, text);
    if (p->result == HF_OK) {
        ex_line(v, 4, 18, "taken", "all checks passed, and its end is in the local trust store");
        return;
    }
    snprintf(text, sizeof text, "%s of certificate %u: %s", p->check != NULL ? p->check : "a limit",
             p->depth, hf_error_sentence(p->result));
    ex_line(v, 4, 18, "left for", text);
}

static void candidates(const ex_view *v)
{
    size_t left = 0;
    for (const ex_step *s = v->x->steps; s != NULL; s = s->next)
        left += s->kind == HF_TRACE_PATH && s->path.result != HF_OK;
    if (left == 0 && v->level == 0)
        return;
    for (const ex_step *s = v->x->steps; s != NULL; s = s->next)
        if (s->kind == HF_TRACE_PATH)
            candidate(v, &s->path);
}

void ex_chain(const ex_view *v)
{
    if (v->x->certs == NULL)
        return;
    ex_title(v, "The certificates");
    int path = good_path(v->x);
    for (const ex_cert *c = v->x->certs; c != NULL; c = c->next)
        one(v, c, path);
    candidates(v);
}
