/* extension_grid.h: the grid that extensions.c walks; it is filled in extension_grid.c. */
#ifndef HF_WIRE_EXTENSION_GRID_H
#define HF_WIRE_EXTENSION_GRID_H

#include "wire/extensions.h"

/* One extension. `parse` reads its extension_data (the caller demands that all of it was read),
 * `build` writes it; both take the one HF_IN_ bit of the message, since the same extension has
 * another form in an answer than in an offer. */
typedef struct hf_ext_row {
    uint16_t type;
    const char *name;
    unsigned allowed; /* HF_IN_ bits */
    void (*parse)(hf_reader *data, hf_extensions *x, unsigned in);
    void (*build)(hf_writer *w, const hf_extensions *x, unsigned in);
} hf_ext_row;

extern const hf_ext_row hf_ext_grid[HF_X_COUNT];

#endif
