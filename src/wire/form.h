/* form.h: what the presentation language (RFC 9846 section 3.4) says of lengths, for the parsers.
 */
#ifndef HF_WIRE_FORM_H
#define HF_WIRE_FORM_H

#include "base/reader.h"

/* What is left to read. */
static inline size_t hf_form_left(const hf_reader *r)
{
    return r->n - r->at;
}

/* Fails `r` when a vector of `had` bytes is shorter than its minimum `<least..>`; the error then
 * says both numbers. */
void hf_form_least(hf_reader *r, size_t had, size_t least, const char *name);

/* The content of the vector that `list` was just opened on, which must have at least `least` bytes.
 */
hf_bytes hf_form_content(hf_reader *list, size_t least);

#endif
