/* form.c: minimum lengths of vectors, with an error that says what was wanted and what came. */
#include "wire/form.h"

void hf_form_least(hf_reader *r, size_t had, size_t least, const char *name)
{
    if (r->failed || had >= least)
        return;
    hf_reader_fail(r, HF_E_DECODE, name);
    for (; r != NULL; r = r->parent) {
        r->wanted = least;
        r->had = had;
    }
}

hf_bytes hf_form_content(hf_reader *list, size_t least)
{
    hf_form_least(list, list->n, least, list->name);
    return list->failed ? (hf_bytes){NULL, 0} : (hf_bytes){list->p, list->n};
}
