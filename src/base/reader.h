/* reader.h: the one way bytes come in. Sticky, bounded, and it names every field it reads.
 *
 * A reader walks borrowed bytes. After the first short read, or a judgement by hf_reader_fail, it
 * stays failed: every later read yields zeros and empty bytes, so that a parser needs no branch of
 * its own and checks once, at the end. A failed child fails its parents.
 *
 * With a sink attached, each read reports name, offset, length and value: the parser that runs is
 * the parser that explains. Without one that costs a predictable branch.
 */
#ifndef HF_BASE_READER_H
#define HF_BASE_READER_H

#include <handfast/base.h>

typedef enum hf_field_kind {
    HF_FIELD_NUMBER, /* `value` holds it */
    HF_FIELD_BYTES,  /* opaque bytes, borrowed */
    HF_FIELD_LENGTH, /* the length prefix of a vector; `value` holds it */
    HF_FIELD_OPEN,   /* a vector or struct begins; fields follow one level deeper */
    HF_FIELD_CLOSE,  /* ... and ends */
} hf_field_kind;

/* One field as it was read. `offset` counts from the start of the outermost reader. */
typedef struct hf_field {
    hf_field_kind kind;
    const char *name; /* static, the standard's word */
    size_t offset, length;
    uint64_t value;      /* numbers and lengths */
    const uint8_t *data; /* the bytes of the field, borrowed, or NULL */
} hf_field;

typedef struct hf_field_sink {
    void (*field)(void *ctx, const hf_field *field);
    void *ctx;
} hf_field_sink;

typedef struct hf_reader {
    const uint8_t *p;
    size_t n, at;
    size_t base; /* offset of p[0] in the outermost reader */
    bool failed;
    hf_status why;           /* HF_E_DECODE, HF_E_TRAILING_BYTES or the parser's own judgement */
    const char *failed_name; /* the field at which it failed */
    size_t failed_at;        /* its offset in the outermost reader */
    size_t wanted, had;      /* bytes wanted and left, for the error text */
    const char *name;        /* of this nested vector, for HF_FIELD_CLOSE */
    const hf_field_sink *sink;
    struct hf_reader *parent;
} hf_reader;

void hf_reader_init(hf_reader *r, hf_bytes bytes, const hf_field_sink *sink);

uint8_t hf_read_u8(hf_reader *r, const char *name);
uint16_t hf_read_u16(hf_reader *r, const char *name);
uint32_t hf_read_u24(hf_reader *r, const char *name);
uint32_t hf_read_u32(hf_reader *r, const char *name);
uint64_t hf_read_u64(hf_reader *r, const char *name);

/* `n` bytes, borrowed from the input; empty after a failure. */
hf_bytes hf_read_bytes(hf_reader *r, size_t n, const char *name);

/* An opaque vector with a length prefix of 1, 2 or 3 bytes (RFC 9846 section 3.4). */
hf_bytes hf_read_vec8(hf_reader *r, const char *name);
hf_bytes hf_read_vec16(hf_reader *r, const char *name);
hf_bytes hf_read_vec24(hf_reader *r, const char *name);

/* As above, but the vector's content is read by `sub`, a reader of its own inside `r`. Close each
 * with hf_reader_done(sub) (which demands that all was read), before `r` is read on. */
void hf_read_sub8(hf_reader *r, hf_reader *sub, const char *name);
void hf_read_sub16(hf_reader *r, hf_reader *sub, const char *name);
void hf_read_sub24(hf_reader *r, hf_reader *sub, const char *name);

/* Marks a struct that has no length of its own (an extension, a list entry), for the trace. */
void hf_read_open(hf_reader *r, const char *name);
void hf_read_close(hf_reader *r, const char *name);

/* True while bytes are left and nothing failed: the condition of a list's loop. */
bool hf_reader_more(const hf_reader *r);

/* Fails the reader (and its parents) with a judgement that belongs to the form of the message, such
 * as HF_E_DECODE for a vector shorter than its minimum. The first failure is kept. */
void hf_reader_fail(hf_reader *r, hf_status why, const char *name);

/* Closes the reader: false after any failure, or when bytes are left (HF_E_TRAILING_BYTES). */
bool hf_reader_done(hf_reader *r);

/* Writes the failure into `e` (field, offset, expected, got) and returns its code; HF_OK when the
 * reader has not failed. */
hf_status hf_reader_status(const hf_reader *r, hf_error *e);

#endif
