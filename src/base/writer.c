/* writer.c: the one way bytes go out. */
#include "base/writer.h"

#include "base/bytes.h"

void hf_writer_init(hf_writer *w, uint8_t *p, size_t room)
{
    *w = (hf_writer){.p = p, .room = room};
}

void hf_writer_init_buf(hf_writer *w, hf_buf *buf)
{
    *w = (hf_writer){.p = buf->p, .n = buf->n, .room = buf->room, .grows = buf};
}

void hf_writer_fail(hf_writer *w, hf_status why)
{
    if (!w->failed)
        w->why = why;
    w->failed = true;
}

uint8_t *hf_write_reserve(hf_writer *w, size_t n)
{
    if (w->failed)
        return NULL;
    bool unmade = w->p == NULL && w->grows != NULL; /* there is no place to point at yet */
    if (w->room - w->n < n || unmade) {
        if (w->grows == NULL) {
            hf_writer_fail(w, HF_E_NO_ROOM);
            return NULL;
        }
        if (hf_buf_reserve(w->grows, n != 0 ? n : 1) != HF_OK) {
            hf_writer_fail(w, HF_E_OUT_OF_MEMORY);
            return NULL;
        }
        w->p = w->grows->p;
        w->room = w->grows->room;
    }
    uint8_t *at = w->p + w->n;
    w->n += n;
    if (w->grows != NULL)
        w->grows->n = w->n;
    return at;
}

static void put(uint8_t *p, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
}

static void write_number(hf_writer *w, uint64_t v, size_t size)
{
    uint8_t *p = hf_write_reserve(w, size);
    if (p != NULL)
        put(p, v, size);
}

void hf_write_u8(hf_writer *w, uint8_t v)
{
    write_number(w, v, 1);
}

void hf_write_u16(hf_writer *w, uint16_t v)
{
    write_number(w, v, 2);
}

void hf_write_u24(hf_writer *w, uint32_t v)
{
    if (v > 0xffffff)
        hf_writer_fail(w, HF_E_INTERNAL);
    write_number(w, v, 3);
}

void hf_write_u32(hf_writer *w, uint32_t v)
{
    write_number(w, v, 4);
}

void hf_write_u64(hf_writer *w, uint64_t v)
{
    write_number(w, v, 8);
}

void hf_write_bytes(hf_writer *w, hf_bytes bytes)
{
    uint8_t *p = hf_write_reserve(w, bytes.n);
    if (p != NULL)
        hf_copy(p, bytes.p, bytes.n);
}

void hf_write_zeros(hf_writer *w, size_t n)
{
    uint8_t *p = hf_write_reserve(w, n);
    if (p != NULL && n != 0)
        memset(p, 0, n);
}

size_t hf_write_open(hf_writer *w, size_t size)
{
    size_t mark = w->n;
    hf_write_zeros(w, size);
    return mark;
}

void hf_write_close(hf_writer *w, size_t mark, size_t size)
{
    if (w->failed)
        return;
    size_t n = w->n - mark - size;
    if (n >> (8 * size) != 0) {
        hf_writer_fail(w, HF_E_INTERNAL);
        return;
    }
    put(w->p + mark, n, size);
}

static void write_vec(hf_writer *w, hf_bytes bytes, size_t size)
{
    size_t mark = hf_write_open(w, size);
    hf_write_bytes(w, bytes);
    hf_write_close(w, mark, size);
}

void hf_write_vec8(hf_writer *w, hf_bytes bytes)
{
    write_vec(w, bytes, 1);
}

void hf_write_vec16(hf_writer *w, hf_bytes bytes)
{
    write_vec(w, bytes, 2);
}

void hf_write_vec24(hf_writer *w, hf_bytes bytes)
{
    write_vec(w, bytes, 3);
}

hf_status hf_writer_status(const hf_writer *w)
{
    return w->failed ? w->why : HF_OK;
}

hf_bytes hf_writer_bytes(const hf_writer *w)
{
    return (hf_bytes){w->p, w->failed ? 0 : w->n};
}
