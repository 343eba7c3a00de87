/* text.h: what the files of the terminal form share. Inside explain/. */
#ifndef HF_EXPLAIN_TEXT_H
#define HF_EXPLAIN_TEXT_H

#include "explain/model.h"
#include "explain/out.h"

enum { EX_LANE = 10, EX_BODY = 12, EX_VALUE = 36 }; /* columns */

typedef struct ex_view {
    const hf_explain *x;
    ex_out *o;
    int level;
    int64_t now_s;
} ex_view;

/* text_message.c */
void ex_message_summary(const ex_view *v, const ex_step *s); /* its main fields, a line each */
void ex_message_fields(const ex_view *v, const ex_step *s);  /* all of them */
void ex_hex_dump(const ex_view *v, size_t indent, hf_bytes bytes, size_t from, size_t to,
                 size_t mark, size_t mark_n);

/* text_ladder.c */
void ex_ladder(const ex_view *v);

/* text_tutorial.c: the nine steps, after the ladder that bears their numbers */
void ex_tutorial(const ex_view *v);

/* text_cert.c */
void ex_chain(const ex_view *v);

/* text.c: "  label      value", the value wrapped and made safe; "" writes nothing */
void ex_line(const ex_view *v, size_t indent, size_t value_at, const char *label,
             const char *value);
void ex_title(const ex_view *v, const char *title);

#endif
