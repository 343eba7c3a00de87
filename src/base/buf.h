/* buf.h: bytes that are owned, grow, and are wiped before they are given back. */
#ifndef HF_BASE_BUF_H
#define HF_BASE_BUF_H

#include <handfast/base.h>

/* {0} is an empty buffer. */
typedef struct hf_buf {
    uint8_t *p;
    size_t n, room;
    void *block; /* what to free: mostly `p`; NULL where the memory is lent */
} hf_buf;

/* Lends a buffer that has no memory yet its first: it is used until it is too small, and not freed.
 * It must outlive the buffer, or be asked back with hf_buf_own, or handed over with hf_buf_adopt.
 */
void hf_buf_lend(hf_buf *b, void *memory, size_t room);

static inline bool hf_buf_is_lent(const hf_buf *b)
{
    return b->p != NULL && b->block == NULL;
}

/* From now on the buffer has no memory but its own: what it holds is copied, and wiped where it
 * was. HF_E_OUT_OF_MEMORY leaves it as it was. */
hf_status hf_buf_own(hf_buf *b);

/* The lent memory is the buffer's from now on: it lies in `block`, which hf_buf_free gives back. */
void hf_buf_adopt(hf_buf *b, void *block);

/* Makes room for `more` bytes after the present ones. HF_E_OUT_OF_MEMORY leaves it as it was. */
hf_status hf_buf_reserve(hf_buf *b, size_t more);

hf_status hf_buf_append(hf_buf *b, hf_bytes bytes);

/* Forgets the first `n` bytes (wiped) and moves the rest to the front. */
void hf_buf_drop_front(hf_buf *b, size_t n);

/* Wipes the content and keeps the memory. */
void hf_buf_clear(hf_buf *b);

/* Wipes and frees; the buffer is {0} again and may be reused. */
void hf_buf_free(hf_buf *b);

static inline hf_bytes hf_buf_bytes(const hf_buf *b)
{
    return (hf_bytes){b->p, b->n};
}

#endif
