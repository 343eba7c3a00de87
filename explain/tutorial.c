/* tutorial.c: which message of a document is which step of the classic telling. */
#include "explain/tutorial.h"

#include <string.h>

static const ex_lesson lessons[] = {
#define HF_LESSON(number, title, type, from12, from13, tells, differs, section, moved, moved_in)   \
    {number, title, type, from12, from13, tells, differs, section, moved, moved_in},
#include "explain/tutorial.def"
#undef HF_LESSON
};

enum { LESSONS = sizeof lessons / sizeof lessons[0] };

const ex_lesson *ex_lesson_at(size_t i)
{
    return i < LESSONS ? &lessons[i] : NULL;
}

bool ex_lessons_moved(const hf_explain *x)
{
    const char *version = ex_agreed(x, "version");
    return version != NULL && strcmp(version, "TLS 1.3") == 0;
}

bool ex_lesson_is(const hf_explain *x, const ex_lesson *l, const ex_step *s)
{
    if (s->kind != HF_TRACE_MESSAGE)
        return false;
    uint8_t type = s->message.type;
    if (type == EX_COMPRESSED_CERTIFICATE)
        type = EX_CERTIFICATE;
    ex_side from = ex_lessons_moved(x) ? l->from13 : l->from12;
    return type == l->type && (from == EX_UNKNOWN || from == ex_from(x, s));
}

const ex_lesson *ex_lesson_of(const hf_explain *x, const ex_step *s)
{
    for (size_t i = 0; i < LESSONS; i++)
        if (ex_lesson_is(x, &lessons[i], s))
            return &lessons[i];
    return NULL;
}
