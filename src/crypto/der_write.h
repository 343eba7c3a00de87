/* der_write.h: writing DER, from its end to its start.
 *
 * A DER length stands before its content and is as short as can be; written backwards, each length
 * is known when its turn comes. So fields are put in reverse order, and a constructed element is
 * closed by wrapping what was put since a mark. Sticky: after running out of room it stays failed.
 */
#ifndef HF_CRYPTO_DER_WRITE_H
#define HF_CRYPTO_DER_WRITE_H

#include <handfast/base.h>

typedef struct hf_der_writer {
    uint8_t *p;
    size_t size, at; /* p[at] is the first byte written so far */
    bool failed;
} hf_der_writer;

void hf_der_writer_init(hf_der_writer *w, uint8_t *p, size_t size);

/* Bytes as they are. */
void hf_der_put(hf_der_writer *w, hf_bytes bytes);

/* Where a constructed element's end is; hand it to hf_der_wrap. */
size_t hf_der_mark(const hf_der_writer *w);

/* The header of an element whose content is everything put since the mark. */
void hf_der_wrap(hf_der_writer *w, uint8_t tag, size_t mark);

/* An element: its header and its content octets. */
void hf_der_put_value(hf_der_writer *w, uint8_t tag, hf_bytes content);

/* BIT STRING header around everything since the mark, no unused bits. */
void hf_der_wrap_bits(hf_der_writer *w, size_t mark);

/* INTEGER of a big-endian magnitude, leading zeros allowed. */
void hf_der_put_unsigned(hf_der_writer *w, hf_bytes magnitude);
void hf_der_put_small(hf_der_writer *w, uint32_t value);

/* What was written; empty after a failure. */
hf_bytes hf_der_written(const hf_der_writer *w);

#endif
