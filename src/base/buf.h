/* buf.h: bytes that are owned, grow, and are wiped before they are given back. */
#ifndef HF_BASE_BUF_H
#define HF_BASE_BUF_H

#include <handfast/base.h>

/* {0} is an empty buffer. */
typedef struct hf_buf {
    uint8_t *p;
    size_t n, room;
} hf_buf;

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
