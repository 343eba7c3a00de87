/* bytes.h: small questions about borrowed bytes. None is for secrets (see ct.h). */
#ifndef HF_BASE_BYTES_H
#define HF_BASE_BYTES_H

#include <handfast/base.h>
#include <string.h>

static inline hf_bytes hf_bytes_of(const void *p, size_t n)
{
    return (hf_bytes){(const uint8_t *)p, n};
}

static inline hf_bytes hf_bytes_text(const char *text)
{
    return (hf_bytes){(const uint8_t *)text, strlen(text)};
}

static inline bool hf_bytes_equal(hf_bytes a, hf_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Without the first `n`, which are there. */
static inline hf_bytes hf_bytes_after(hf_bytes b, size_t n)
{
    return n < b.n ? (hf_bytes){b.p + n, b.n - n} : (hf_bytes){NULL, 0};
}

/* memcpy that allows a NULL source of length 0. */
static inline void hf_copy(void *to, const void *from, size_t n)
{
    if (n != 0)
        memcpy(to, from, n);
}

#endif
