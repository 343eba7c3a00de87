/* text_tutorial.c: the nine steps of the classic telling, beside what this connection did. The main
 * form names them in a line under a TLS 1.2 ladder; with fields shown, each is told in full. */
#include "explain/text.h"
#include "explain/tutorial.h"

enum { TOLD = 18 }; /* column of what is told */

static bool happened(const ex_view *v, const ex_lesson *l)
{
    for (const ex_step *s = v->x->steps; s != NULL; s = s->next)
        if (ex_lesson_is(v->x, l, s))
            return true;
    return false;
}

static void told(const ex_view *v, const char *label, const char *text, const char *section)
{
    ex_line(v, 5, TOLD, label, text);
    ex_to_column(v->o, TOLD);
    ex_paint(v->o, "2");
    ex_wrap(v->o, TOLD, section);
    ex_paint(v->o, "0");
}

static void lesson(const ex_view *v, const ex_lesson *l)
{
    char title[80];
    char number[4];
    snprintf(number, sizeof number, "%u", l->number);
    snprintf(title, sizeof title, "%s%s", l->title,
             happened(v, l) ? "" : " (not in this handshake)");
    ex_paint(v->o, "1");
    ex_line(v, 2, 5, number, title);
    ex_paint(v->o, "0");
    ex_line(v, 5, TOLD, "the telling", l->tells);
    told(v, "TLS 1.2", l->differs, l->section);
    told(v, "TLS 1.3", l->moved, l->moved_section);
}

void ex_tutorial(const ex_view *v)
{
    const ex_lesson *l;
    bool moved = ex_lessons_moved(v->x);
    if (ex_role(v->x) == EX_UNKNOWN)
        return;
    if (v->level == 0) {
        if (moved)
            return;
        ex_paint(v->o, "2");
        ex_spaces(v->o, EX_LANE);
        ex_put(v->o, "(1) to (9): the steps of the classic telling of SSL; -v tells them\n");
        ex_paint(v->o, "0");
        return;
    }
    ex_title(v, moved ? "The nine steps as SSL is classically told, and where they are now"
                      : "The nine steps as SSL is classically told");
    for (size_t i = 0; (l = ex_lesson_at(i)) != NULL; i++)
        lesson(v, l);
}
