/* memory.h: where the reading of a capture gets its memory. */
#ifndef HF_EXPLAIN_CAPTURE_MEMORY_H
#define HF_EXPLAIN_CAPTURE_MEMORY_H

#include <stddef.h>

typedef struct cap_memory {
    void *(*allocate)(void *ctx, size_t n); /* not zeroed */
    void (*release)(void *ctx, void *p);
    void *ctx;
} cap_memory;

#endif
