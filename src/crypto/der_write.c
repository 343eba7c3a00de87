/* der_write.c: writing DER, from its end to its start. */
#include "crypto/der_write.h"

#include "base/bytes.h"
#include "base/der.h"

void hf_der_writer_init(hf_der_writer *w, uint8_t *p, size_t size)
{
    *w = (hf_der_writer){.p = p, .size = size, .at = size};
}

void hf_der_put(hf_der_writer *w, hf_bytes bytes)
{
    if (w->failed || bytes.n > w->at) {
        w->failed = true;
        return;
    }
    w->at -= bytes.n;
    hf_copy(w->p + w->at, bytes.p, bytes.n);
}

static void put_byte(hf_der_writer *w, uint8_t byte)
{
    hf_der_put(w, hf_bytes_of(&byte, 1));
}

size_t hf_der_mark(const hf_der_writer *w)
{
    return w->at;
}

void hf_der_wrap(hf_der_writer *w, uint8_t tag, size_t mark)
{
    size_t n = mark - w->at;
    uint8_t octets = 0;
    if (n >= 0x80) {
        for (size_t rest = n; rest != 0; rest >>= 8, octets++)
            put_byte(w, (uint8_t)rest);
        put_byte(w, 0x80 | octets);
    } else {
        put_byte(w, (uint8_t)n);
    }
    put_byte(w, tag);
}

void hf_der_put_value(hf_der_writer *w, uint8_t tag, hf_bytes content)
{
    size_t mark = hf_der_mark(w);
    hf_der_put(w, content);
    hf_der_wrap(w, tag, mark);
}

void hf_der_wrap_bits(hf_der_writer *w, size_t mark)
{
    put_byte(w, 0); /* unused bits */
    hf_der_wrap(w, HF_DER_BIT_STRING, mark);
}

void hf_der_put_unsigned(hf_der_writer *w, hf_bytes magnitude)
{
    size_t mark = hf_der_mark(w);
    while (magnitude.n != 0 && magnitude.p[0] == 0)
        magnitude = hf_bytes_of(magnitude.p + 1, magnitude.n - 1);
    hf_der_put(w, magnitude);
    if (magnitude.n == 0 || (magnitude.p[0] & 0x80) != 0)
        put_byte(w, 0);
    hf_der_wrap(w, HF_DER_INTEGER, mark);
}

void hf_der_put_small(hf_der_writer *w, uint32_t value)
{
    const uint8_t octets[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
                               (uint8_t)(value >> 8), (uint8_t)value};
    hf_der_put_unsigned(w, hf_bytes_of(octets, sizeof octets));
}

hf_bytes hf_der_written(const hf_der_writer *w)
{
    return w->failed ? (hf_bytes){NULL, 0} : hf_bytes_of(w->p + w->at, w->size - w->at);
}
