/* alloc.h: the only door to the heap, and the arena that a handshake lives in.
 *
 * Everything in src/ allocates through hf_alloc and hf_free. They are small functions in a file of
 * their own, so that a test can put its own in their place when it links (--wrap) and make any
 * one allocation fail: no hook, no global state in the product.
 */
#ifndef HF_BASE_ALLOC_H
#define HF_BASE_ALLOC_H

#include <handfast/base.h>

/* `n` zeroed bytes aligned for any type, or NULL. */
void *hf_alloc(size_t n);

/* `n` bytes that are not zeroed, or NULL: for what is written before it is read, and large enough
 * for the difference to count. */
void *hf_alloc_raw(size_t n);

/* `n` zeroed bytes aligned to 64 (vector key schedules), or NULL. Free with hf_free. */
void *hf_alloc_aligned(size_t n);

/* Frees; does not wipe. NULL is fine. */
void hf_free(void *p);

/* Wipes `n` bytes, then frees. NULL is fine. */
void hf_free_wiped(void *p, size_t n);

/* A copy of a NUL-terminated text, or NULL when memory ran out. */
char *hf_strdup(const char *text);

/* Memory that is all given back at once, wiped. Chunks are taken as needed. {0} is empty. */
typedef struct hf_arena {
    struct hf_arena_chunk *chunk; /* the newest */
} hf_arena;

/* Lends an empty arena its first chunk: `size` bytes aligned to 16, which need not be zeroed, stay
 * the lender's, and outlive the arena. Large enough, and the arena asks for no memory at all. */
void hf_arena_lend(hf_arena *a, void *memory, size_t size);

/* `n` zeroed bytes, aligned to 16, good until hf_arena_free; NULL when memory ran out. */
void *hf_arena_alloc(hf_arena *a, size_t n);

/* A copy of `bytes` in the arena; .p is NULL when memory ran out (and bytes.n is not 0). */
hf_bytes hf_arena_copy(hf_arena *a, hf_bytes bytes);

void hf_arena_free(hf_arena *a);

#endif
