/* buf.c: owned, growing, wiped bytes. */
#include "base/buf.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"

#define LEAST_ROOM 256U

void hf_buf_lend(hf_buf *b, void *memory, size_t room)
{
    if (b->p == NULL)
        *b = (hf_buf){.p = memory, .room = room};
}

/* Wiped, and given back unless another does that. */
static void release(const hf_buf *b)
{
    hf_wipe(b->p, b->n);
    hf_free(b->block);
}

hf_status hf_buf_own(hf_buf *b)
{
    hf_buf own = {0};
    hf_status s = hf_buf_is_lent(b) ? hf_buf_append(&own, hf_buf_bytes(b)) : HF_OK;
    if (s != HF_OK || !hf_buf_is_lent(b))
        return s;
    release(b);
    *b = own;
    return HF_OK;
}

void hf_buf_adopt(hf_buf *b, void *block)
{
    b->block = block;
}

hf_status hf_buf_reserve(hf_buf *b, size_t more)
{
    if (b->room - b->n >= more)
        return HF_OK;
    if (more > SIZE_MAX / 2 - b->n)
        return HF_E_OUT_OF_MEMORY;
    size_t room = b->n + more;
    if (room < LEAST_ROOM)
        room = LEAST_ROOM;
    if (b->room != 0 && room < 2 * b->room)
        room = 2 * b->room;
    uint8_t *p = hf_alloc_raw(room);
    if (p == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_copy(p, b->p, b->n);
    release(b);
    *b = (hf_buf){.p = p, .n = b->n, .room = room, .block = p};
    return HF_OK;
}

hf_status hf_buf_append(hf_buf *b, hf_bytes bytes)
{
    if (bytes.n == 0)
        return HF_OK; /* also where there is no memory yet to point into */
    hf_status s = hf_buf_reserve(b, bytes.n);
    if (s != HF_OK)
        return s;
    hf_copy(b->p + b->n, bytes.p, bytes.n);
    b->n += bytes.n;
    return HF_OK;
}

void hf_buf_drop_front(hf_buf *b, size_t n)
{
    if (n >= b->n) {
        hf_buf_clear(b);
        return;
    }
    memmove(b->p, b->p + n, b->n - n);
    hf_wipe(b->p + (b->n - n), n);
    b->n -= n;
}

void hf_buf_clear(hf_buf *b)
{
    hf_wipe(b->p, b->n);
    b->n = 0;
}

void hf_buf_free(hf_buf *b)
{
    release(b);
    *b = (hf_buf){0};
}
