/* writer.h: the one way bytes go out. Sticky, bounded, with nested lengths.
 *
 * A writer fills either memory of the caller's (fixed) or an hf_buf (which grows). When room runs
 * out it stays failed and writes no more; check once, at the end, with hf_writer_status.
 */
#ifndef HF_BASE_WRITER_H
#define HF_BASE_WRITER_H

#include "base/buf.h"
#include <handfast/base.h>

typedef struct hf_writer {
    uint8_t *p;
    size_t n, room;
    hf_buf *grows; /* NULL for fixed memory */
    bool failed;
    /* HF_E_NO_ROOM, HF_E_OUT_OF_MEMORY, HF_E_INTERNAL (a length that overflowed), or the caller's
     */
    hf_status why;
} hf_writer;

void hf_writer_init(hf_writer *w, uint8_t *p, size_t room);

/* Appends to what `buf` already holds; its length is updated by every write. */
void hf_writer_init_buf(hf_writer *w, hf_buf *buf);

void hf_write_u8(hf_writer *w, uint8_t v);
void hf_write_u16(hf_writer *w, uint16_t v);
void hf_write_u24(hf_writer *w, uint32_t v);
void hf_write_u32(hf_writer *w, uint32_t v);
void hf_write_u64(hf_writer *w, uint64_t v);
void hf_write_bytes(hf_writer *w, hf_bytes bytes);
void hf_write_zeros(hf_writer *w, size_t n);

/* A length prefix of 1, 2 or 3 bytes and the bytes. */
void hf_write_vec8(hf_writer *w, hf_bytes bytes);
void hf_write_vec16(hf_writer *w, hf_bytes bytes);
void hf_write_vec24(hf_writer *w, hf_bytes bytes);

/* Leaves room for a length prefix and returns its place; hf_write_close fills it with the number of
 * bytes written since. Nests. `size` is the prefix's width in bytes (1, 2 or 3), same at both. */
size_t hf_write_open(hf_writer *w, size_t size);
void hf_write_close(hf_writer *w, size_t mark, size_t size);

/* Room for `n` bytes that the caller fills (a signature, a key share); NULL after a failure. The
 * pointer is good until the next write. */
uint8_t *hf_write_reserve(hf_writer *w, size_t n);

/* Fails the writer for a reason of the caller's; the first reason stays. */
void hf_writer_fail(hf_writer *w, hf_status why);

hf_status hf_writer_status(const hf_writer *w);
hf_bytes hf_writer_bytes(const hf_writer *w);

#endif
