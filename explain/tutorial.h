/* tutorial.h: the nine steps of the classic telling of SSL, found in a document. Inside explain/.
 */
#ifndef HF_EXPLAIN_TUTORIAL_H
#define HF_EXPLAIN_TUTORIAL_H

#include "explain/model.h"

typedef struct ex_lesson {
    unsigned number; /* from 1 */
    const char *title;
    uint8_t type;           /* of the message that is this step */
    ex_side from12, from13; /* who sends it for the mark to stand; EX_UNKNOWN: either */
    const char *tells, *differs, *section, *moved, *moved_section;
} ex_lesson;

/* Lesson `i`, in the order of the telling; NULL past the last. */
const ex_lesson *ex_lesson_at(size_t i);

/* Whether step `s` of the document is what the lesson tells of. */
bool ex_lesson_is(const hf_explain *x, const ex_lesson *l, const ex_step *s);
/* The lesson of a step; NULL when the telling has none for it. */
const ex_lesson *ex_lesson_of(const hf_explain *x, const ex_step *s);

/* The version agreed on is TLS 1.3, where most steps have moved. */
bool ex_lessons_moved(const hf_explain *x);

#endif
