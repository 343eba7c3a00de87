/* der_write.h: DER out, over hf_writer.
 *
 * A length is as short as can be (X.690 section 10.1) and stands before its content, so an element
 * is opened, filled and closed; what der.h reads back is what was meant.
 */
#ifndef HF_BASE_DER_WRITE_H
#define HF_BASE_DER_WRITE_H

#include "base/der.h"
#include "base/writer.h"

/* Begins an element whose length is not known yet; its content is what is written until
 * hf_der_close with the mark. Nests. */
size_t hf_der_open(hf_writer *w, uint8_t tag);
void hf_der_close(hf_writer *w, size_t mark);
/* The same for a BIT STRING of whole octets. */
size_t hf_der_open_bits(hf_writer *w);

/* A whole element. */
void hf_der_write(hf_writer *w, uint8_t tag, hf_bytes content);

/* A non-negative INTEGER from its big-endian octets, leading zeros allowed. */
void hf_der_write_integer(hf_writer *w, hf_bytes magnitude);
void hf_der_write_small(hf_writer *w, uint32_t v);
void hf_der_write_true(hf_writer *w);
void hf_der_write_null(hf_writer *w);
/* BIT STRING of whole octets, and as a named bit list (bit n is 1 << n). */
void hf_der_write_bits(hf_writer *w, hf_bytes octets);
void hf_der_write_bit_list(hf_writer *w, uint16_t bits);
/* UTCTime through 2049, GeneralizedTime from 2050: RFC 5280 section 4.1.2.5. Only for times that
 * hf_der_time_fits. */
void hf_der_write_time(hf_writer *w, int64_t at_s);
bool hf_der_time_fits(int64_t at_s); /* 1950-01-01 to 9999-12-31 */

#endif
