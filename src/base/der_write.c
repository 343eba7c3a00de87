/* der_write.c: DER out, over hf_writer. */
#include "base/der_write.h"

#include "base/bytes.h"

#include <stdio.h>

/* Most elements are short: one length octet is left free, and what follows moves up for more. */
size_t hf_der_open(hf_writer *w, uint8_t tag)
{
    hf_write_u8(w, tag);
    return hf_write_open(w, 1);
}

void hf_der_close(hf_writer *w, size_t mark)
{
    if (w->failed)
        return;
    size_t n = w->n - mark - 1, more = 0;
    if (n >= 0x80)
        for (size_t rest = n; rest != 0; rest >>= 8)
            more++;
    if (hf_write_reserve(w, more) == NULL)
        return;
    uint8_t *p = w->p + mark;
    if (more == 0) {
        p[0] = (uint8_t)n;
        return;
    }
    memmove(p + 1 + more, p + 1, n);
    p[0] = (uint8_t)(0x80 | more);
    for (size_t i = 0; i < more; i++)
        p[1 + i] = (uint8_t)(n >> (8 * (more - 1 - i)));
}

size_t hf_der_open_bits(hf_writer *w)
{
    size_t mark = hf_der_open(w, HF_DER_BIT_STRING);
    hf_write_u8(w, 0); /* unused bits */
    return mark;
}

void hf_der_write(hf_writer *w, uint8_t tag, hf_bytes content)
{
    size_t mark = hf_der_open(w, tag);
    hf_write_bytes(w, content);
    hf_der_close(w, mark);
}

void hf_der_write_integer(hf_writer *w, hf_bytes m)
{
    while (m.n > 0 && m.p[0] == 0)
        m = (hf_bytes){m.p + 1, m.n - 1};
    size_t mark = hf_der_open(w, HF_DER_INTEGER);
    if (m.n == 0 || m.p[0] >= 0x80)
        hf_write_u8(w, 0);
    hf_write_bytes(w, m);
    hf_der_close(w, mark);
}

void hf_der_write_small(hf_writer *w, uint32_t v)
{
    uint8_t p[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    hf_der_write_integer(w, hf_bytes_of(p, sizeof(p)));
}

void hf_der_write_true(hf_writer *w)
{
    hf_der_write(w, HF_DER_BOOLEAN, hf_bytes_of("\xff", 1));
}

void hf_der_write_null(hf_writer *w)
{
    hf_der_write(w, HF_DER_NULL, (hf_bytes){NULL, 0});
}

void hf_der_write_bits(hf_writer *w, hf_bytes octets)
{
    size_t mark = hf_der_open_bits(w);
    hf_write_bytes(w, octets);
    hf_der_close(w, mark);
}

void hf_der_write_bit_list(hf_writer *w, uint16_t bits)
{
    uint8_t p[3] = {0};
    unsigned highest = 0;
    for (unsigned i = 0; i < 16; i++)
        if (bits >> i & 1) {
            p[1 + i / 8] |= (uint8_t)(0x80 >> i % 8);
            highest = i + 1;
        }
    size_t octets = (highest + 7) / 8;
    p[0] = (uint8_t)(8 * octets - highest);
    hf_der_write(w, HF_DER_BIT_STRING, hf_bytes_of(p, 1 + octets));
}

bool hf_der_time_fits(int64_t at_s)
{
    return at_s >= hf_days_from_civil(1950, 1, 1) * 86400 &&
           at_s < hf_days_from_civil(10000, 1, 1) * 86400;
}

void hf_der_write_time(hf_writer *w, int64_t at_s)
{
    int64_t days = at_s >= 0 ? at_s / 86400 : -((86399 - at_s) / 86400), year;
    unsigned second = (unsigned)(at_s - days * 86400), month, day;
    char text[24];
    hf_civil_from_days(days, &year, &month, &day);
    snprintf(text, sizeof(text), "%04u%02u%02u%02u%02u%02uZ", (unsigned)year % 10000U, month % 100U,
             day % 100U, second / 3600 % 100U, second / 60 % 60, second % 60);
    if (year < 2050)
        hf_der_write(w, HF_DER_UTC_TIME, hf_bytes_text(text + 2));
    else
        hf_der_write(w, HF_DER_GENERALIZED_TIME, hf_bytes_text(text));
}
