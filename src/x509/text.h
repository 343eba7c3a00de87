/* text.h: text that is built into fixed memory, cut where it ends, and safe to print. */
#ifndef HF_X509_TEXT_H
#define HF_X509_TEXT_H

#include <handfast/base.h>

typedef struct hf_text {
    char *p;
    size_t size, n; /* n < size; p[n] is always NUL */
    bool cut;       /* something did not fit */
} hf_text;

/* `size` may be 0: then nothing is ever written. */
void hf_text_init(hf_text *t, char *p, size_t size);

void hf_text_add(hf_text *t, const char *text);
void hf_text_addf(hf_text *t, const char *format, ...) HF_PRINTF(2, 3);

/* Adds bytes that should be UTF-8: what is not, and every character that a terminal or a person
 * could be fooled by (controls, direction overrides, invisible ones), as \XX. `special` (may be
 * "") lists ASCII characters that get a backslash. */
void hf_text_add_escaped(hf_text *t, hf_bytes bytes, const char *special);

/* One character by its code point, escaped as above. */
void hf_text_add_char(hf_text *t, uint32_t code, const char *special);

/* The OID's content octets as "1.2.840...". */
void hf_text_add_oid(hf_text *t, hf_bytes oid);

/* 4 or 16 bytes of address; IPv6 as RFC 5952 writes it. */
void hf_text_add_ip(hf_text *t, hf_bytes address);

/* Seconds since 1970 as "2026-11-01 12:00:00 UTC". */
void hf_text_add_time(hf_text *t, int64_t at_s);

/* Where text was cut, puts "..." over its end (at a character boundary). */
void hf_text_mark_cut(hf_text *t);

#endif
