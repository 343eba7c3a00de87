/* diff_render.c: two documents compared, for the terminal and as JSON. */
#include "explain/diff.h"
#include "explain/text.h"

#include <string.h>

enum { WHAT = 2, SIDE = 5, SIDE_VALUE = 8 }; /* columns */

typedef struct render {
    ex_view v;
    ex_out *o;
    unsigned differ, same;
    const char *group; /* the one whose title is written */
} render;

static void count(void *ctx, const ex_diff_row *row)
{
    render *r = ctx;
    r->differ += row->result == EX_DIFF_DIFFERS;
    r->same += row->result == EX_DIFF_SAME;
}

static const char *label_of(const hf_explain *x, const char *name, char *to, size_t size)
{
    const char *target = x->target != NULL ? x->target : x->info.host;
    if (name == NULL || name[0] == '\0')
        snprintf(to, size, "%s", target == NULL ? "a connection" : target);
    else
        snprintf(to, size, "%s%s%s", name, target == NULL ? "" : ": ",
                 target == NULL ? "" : target);
    return to;
}

/* ---- the terminal ---- */

static void text_row(void *ctx, const ex_diff_row *row)
{
    static const char *const titles[][2] = {
        {"result", "How it ended"},       {"agreed", "What was agreed"},
        {"flights", "What went over"},    {"extensions", "Extensions"},
        {"certificates", "Certificates"}, {"measured", "Measured (new every time)"},
    };
    render *r = ctx;
    char what[160];
    bool same = row->result == EX_DIFF_SAME;
    if (same && r->v.level == 0)
        return;
    if (r->group == NULL || strcmp(r->group, row->group) != 0)
        for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
            if (strcmp(titles[i][0], row->group) == 0)
                ex_title(&r->v, titles[i][1]);
    r->group = row->group;
    if (row->result == EX_DIFF_DIFFERS)
        ex_paint(r->o, "1");
    ex_spaces(r->o, WHAT);
    ex_wrap(r->o, WHAT, ex_safe(what, sizeof what, row->what));
    ex_paint(r->o, "0");
    ex_line(&r->v, SIDE, SIDE_VALUE, same ? "=" : "A", row->side[0][0] ? row->side[0] : "none");
    if (!same)
        ex_line(&r->v, SIDE, SIDE_VALUE, "B", row->side[1][0] ? row->side[1] : "none");
}

hf_status hf_explain_diff_text(const hf_explain *a, const hf_explain *b, hf_explain_sink out,
                               const hf_explain_diff *how)
{
    ex_out o;
    char label[400], total[120];
    const hf_explain_diff plain = {0};
    if (how == NULL)
        how = &plain;
    ex_out_init(&o, out);
    o.color = how->color;
    render r = {.v = {.x = a, .o = &o, .level = how->level}, .o = &o};
    ex_line(&r.v, 0, 3, "A", label_of(a, how->names[0], label, sizeof label));
    ex_line(&r.v, 0, 3, "B", label_of(b, how->names[1], label, sizeof label));
    ex_diff_walk(a, b, count, &r);
    ex_diff_walk(a, b, text_row, &r);
    snprintf(total, sizeof total, "%u difference%s; %u the same%s", r.differ,
             r.differ == 1 ? "" : "s", r.same, r.same != 0 && how->level == 0 ? " (-v)" : "");
    ex_put(&o, "\n");
    ex_wrap(&o, 0, total);
    return ex_out_end(&o);
}

/* ---- JSON ---- */

static void json_row(void *ctx, const ex_diff_row *row)
{
    static const char *const results[] = {
        [EX_DIFF_SAME] = "same", [EX_DIFF_DIFFERS] = "differs", [EX_DIFF_MEASURED] = "measured"};
    render *r = ctx;
    ex_json_open(r->o, NULL, '{');
    ex_json_text(r->o, "group", row->group);
    ex_json_text(r->o, "what", row->what);
    ex_json_maybe(r->o, "a", row->side[0]);
    ex_json_maybe(r->o, "b", row->side[1]);
    ex_json_text(r->o, "result", results[row->result]);
    ex_json_close(r->o, '}');
}

static void json_side(ex_out *o, const char *key, const hf_explain *x, const char *name)
{
    ex_json_open(o, key, '{');
    ex_json_maybe(o, "name", name);
    ex_json_maybe(o, "target", x->target);
    ex_json_close(o, '}');
}

hf_status hf_explain_diff_json(const hf_explain *a, const hf_explain *b, hf_explain_sink out,
                               const hf_explain_diff *how)
{
    ex_out o;
    const hf_explain_diff plain = {0};
    if (how == NULL)
        how = &plain;
    ex_out_init(&o, out);
    render r = {.o = &o};
    ex_diff_walk(a, b, count, &r);
    ex_json_open(&o, NULL, '{');
    ex_json_text(&o, "format", "handfast-explain-diff");
    ex_json_uint(&o, "version", 1);
    ex_json_text(&o, "made_by", "handfast " HF_VERSION_STRING);
    json_side(&o, "a", a, how->names[0]);
    json_side(&o, "b", b, how->names[1]);
    ex_json_uint(&o, "differences", r.differ);
    ex_json_open(&o, "rows", '[');
    ex_diff_walk(a, b, json_row, &r);
    ex_json_close(&o, ']');
    ex_json_close(&o, '}');
    ex_put(&o, "\n");
    return ex_out_end(&o);
}
