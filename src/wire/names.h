/* names.h: tables of code points and their names, shared by the files of src/wire that hold them.
 */
#ifndef HF_WIRE_NAMES_H
#define HF_WIRE_NAMES_H

#include "wire/codepoints.h"

typedef struct hf_name {
    uint16_t value;
    const char *name;
} hf_name;

/* The name of `value` in a table sorted by value, or NULL. */
const char *hf_name_find(const hf_name *table, size_t count, uint16_t value);

#endif
