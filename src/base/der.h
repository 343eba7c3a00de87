/* der.h: strict DER (X.690 section 10) over hf_reader: one tag, one definite minimal length.
 *
 * Sticky like the reader itself: after a wrong tag or a length that is not minimal the reader has
 * failed with HF_E_DECODE at that field, and everything later is empty. Nothing here recurses, so
 * the depth of nesting is what the caller's code spells out. Tags of more than one byte (numbers
 * above 30) have no use in X.509 or in keys and are refused.
 */
#ifndef HF_BASE_DER_H
#define HF_BASE_DER_H

#include "base/reader.h"

enum {
    HF_DER_BOOLEAN = 0x01,
    HF_DER_INTEGER = 0x02,
    HF_DER_BIT_STRING = 0x03,
    HF_DER_OCTET_STRING = 0x04,
    HF_DER_NULL = 0x05,
    HF_DER_OID = 0x06,
    HF_DER_UTF8_STRING = 0x0c,
    HF_DER_PRINTABLE_STRING = 0x13,
    HF_DER_TELETEX_STRING = 0x14,
    HF_DER_IA5_STRING = 0x16,
    HF_DER_UTC_TIME = 0x17,
    HF_DER_GENERALIZED_TIME = 0x18,
    HF_DER_UNIVERSAL_STRING = 0x1c,
    HF_DER_BMP_STRING = 0x1e,
    HF_DER_SEQUENCE = 0x30,
    HF_DER_SET = 0x31,
};
/* [n] as a context-specific tag: primitive (IMPLICIT of a primitive) or constructed. */
#define HF_DER_CONTEXT(n)             ((uint8_t)(0x80 | (n)))
#define HF_DER_CONTEXT_CONSTRUCTED(n) ((uint8_t)(0xa0 | (n)))

/* The next element's tag, or -1 at the end or after a failure. */
int hf_der_peek(const hf_reader *r);

/* Reads an element that must have `tag`; its content octets, or (whole) with its header. */
hf_bytes hf_der_value(hf_reader *r, uint8_t tag, const char *name);
hf_bytes hf_der_whole(hf_reader *r, uint8_t tag, const char *name);

/* Any one element, with its header; `*tag` (may be NULL) receives its tag. */
hf_bytes hf_der_any(hf_reader *r, uint8_t *tag, const char *name);

/* What `r` has read since it stood at `start`; empty after a failure. */
static inline hf_bytes hf_der_since(const hf_reader *r, size_t start)
{
    return r->failed ? (hf_bytes){NULL, 0} : (hf_bytes){r->p + start, r->at - start};
}

/* Enters a constructed element; close it with hf_reader_done(sub). */
void hf_der_enter(hf_reader *r, hf_reader *sub, uint8_t tag, const char *name);

/* INTEGER content octets, minimal; fails when empty or padded. The second is for an IMPLICIT tag;
 * the third fails as well when the number is negative. */
hf_bytes hf_der_integer(hf_reader *r, const char *name);
hf_bytes hf_der_integer_tagged(hf_reader *r, uint8_t tag, const char *name);
hf_bytes hf_der_natural_tagged(hf_reader *r, uint8_t tag, const char *name);
/* A non-negative INTEGER of at most 31 bits. */
uint32_t hf_der_small(hf_reader *r, const char *name);
/* BOOLEAN: 0x00 or 0xff only. */
bool hf_der_boolean(hf_reader *r, const char *name);
/* BIT STRING with no unused bits: its octets. */
hf_bytes hf_der_bits(hf_reader *r, const char *name);
/* BIT STRING as a named bit list of at most 16 bits: bit n of the list is 1 << n. Unused bits are
 * zero. Trailing zero bits, which X.690 section 11.2.2 wants left out, are accepted: authorities in
 * every trust store have them. */
uint16_t hf_der_bit_list(hf_reader *r, const char *name);
/* A BIT STRING under an IMPLICIT tag, of any length: its content octets, the count of unused bits
 * first; these are zero. */
hf_bytes hf_der_bit_string_tagged(hf_reader *r, uint8_t tag, const char *name);
/* OBJECT IDENTIFIER: its content octets, checked to be well formed. */
hf_bytes hf_der_oid(hf_reader *r, const char *name);
/* UTCTime or GeneralizedTime exactly as RFC 5280 section 4.1.2.5 demands: seconds since 1970. */
int64_t hf_der_time(hf_reader *r, const char *name);

/* Fails the element that began at `start` (an offset in `r`): its tag and length are well formed,
 * but it is not what was expected. */
typedef enum hf_der_expected {
    HF_DER_EXPECTED_CHOICE,  /* one of the choices that the type has */
    HF_DER_EXPECTED_ASCII,   /* ASCII characters */
    HF_DER_EXPECTED_ADDRESS, /* an address of 4 or 16 bytes, in a constraint with a mask */
} hf_der_expected;
void hf_der_refuse(hf_reader *r, size_t start, const char *name, hf_der_expected expected);

/* As hf_reader_status, but with `expected` and `got` in DER's words ("SEQUENCE", "INTEGER, 2 bytes
 * long"), and with `code` in place of HF_E_DECODE and HF_E_TRAILING_BYTES unless `code` is 0. `r`
 * must be the outermost reader: the failing bytes are looked at again. */
hf_status hf_der_status(const hf_reader *r, hf_status code, hf_error *e);

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar; month and day from 1. */
int64_t hf_days_from_civil(int64_t year, unsigned month, unsigned day);
/* The date back. */
void hf_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);

#endif
