/* reader.c: the one way bytes come in. */
#include "base/reader.h"

#include "base/error.h"

void hf_reader_init(hf_reader *r, hf_bytes bytes, const hf_field_sink *sink)
{
    /* A place to point at where there are no bytes: NULL must not be counted on from. */
    static const uint8_t nothing[1];
    *r = (hf_reader){.p = bytes.p != NULL ? bytes.p : nothing, .n = bytes.n, .sink = sink};
}

static void report(const hf_reader *r, hf_field_kind kind, const char *name, size_t at, size_t n,
                   uint64_t value)
{
    if (r->sink == NULL)
        return;
    hf_field f = {.kind = kind,
                  .name = name,
                  .offset = r->base + at,
                  .length = n,
                  .value = value,
                  .data = n == 0 ? NULL : r->p + at};
    r->sink->field(r->sink->ctx, &f);
}

/* The first failure is the one that is told; it travels up to every parent. */
static void fail_at(hf_reader *r, hf_status why, const char *name, size_t wanted, size_t had)
{
    size_t at = r->base + r->at;
    for (; r != NULL && !r->failed; r = r->parent) {
        r->failed = true;
        r->why = why;
        r->failed_name = name;
        r->failed_at = at;
        r->wanted = wanted;
        r->had = had;
    }
}

void hf_reader_fail(hf_reader *r, hf_status why, const char *name)
{
    fail_at(r, why, name, 0, 0);
}

/* `n` bytes at the reader's place, or NULL (and failed). */
static const uint8_t *take(hf_reader *r, size_t n, const char *name)
{
    if (r->failed)
        return NULL;
    if (r->n - r->at < n) {
        fail_at(r, HF_E_DECODE, name, n, r->n - r->at);
        return NULL;
    }
    const uint8_t *p = r->p + r->at;
    r->at += n;
    return p;
}

static uint64_t number(hf_reader *r, size_t size, const char *name, hf_field_kind kind)
{
    const uint8_t *p = take(r, size, name);
    if (p == NULL)
        return 0;
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v = v << 8 | p[i];
    report(r, kind, name, r->at - size, size, v);
    return v;
}

uint8_t hf_read_u8(hf_reader *r, const char *name)
{
    return (uint8_t)number(r, 1, name, HF_FIELD_NUMBER);
}

uint16_t hf_read_u16(hf_reader *r, const char *name)
{
    return (uint16_t)number(r, 2, name, HF_FIELD_NUMBER);
}

uint32_t hf_read_u24(hf_reader *r, const char *name)
{
    return (uint32_t)number(r, 3, name, HF_FIELD_NUMBER);
}

uint32_t hf_read_u32(hf_reader *r, const char *name)
{
    return (uint32_t)number(r, 4, name, HF_FIELD_NUMBER);
}

uint64_t hf_read_u64(hf_reader *r, const char *name)
{
    return number(r, 8, name, HF_FIELD_NUMBER);
}

hf_bytes hf_read_bytes(hf_reader *r, size_t n, const char *name)
{
    const uint8_t *p = take(r, n, name);
    if (p == NULL)
        return (hf_bytes){NULL, 0};
    report(r, HF_FIELD_BYTES, name, r->at - n, n, 0);
    return (hf_bytes){p, n};
}

static hf_bytes vec(hf_reader *r, size_t size, const char *name)
{
    size_t n = (size_t)number(r, size, name, HF_FIELD_LENGTH);
    return hf_read_bytes(r, n, name);
}

hf_bytes hf_read_vec8(hf_reader *r, const char *name)
{
    return vec(r, 1, name);
}

hf_bytes hf_read_vec16(hf_reader *r, const char *name)
{
    return vec(r, 2, name);
}

hf_bytes hf_read_vec24(hf_reader *r, const char *name)
{
    return vec(r, 3, name);
}

static void sub(hf_reader *r, hf_reader *child, size_t size, const char *name)
{
    size_t n = (size_t)number(r, size, name, HF_FIELD_LENGTH);
    const uint8_t *p = take(r, n, name);
    *child = (hf_reader){.p = p,
                         .n = p == NULL ? 0 : n,
                         .base = r->base + r->at - (p == NULL ? 0 : n),
                         .failed = r->failed,
                         .name = name,
                         .sink = r->sink,
                         .parent = r};
    if (p != NULL)
        report(r, HF_FIELD_OPEN, name, r->at - n, n, 0);
}

void hf_read_sub8(hf_reader *r, hf_reader *child, const char *name)
{
    sub(r, child, 1, name);
}

void hf_read_sub16(hf_reader *r, hf_reader *child, const char *name)
{
    sub(r, child, 2, name);
}

void hf_read_sub24(hf_reader *r, hf_reader *child, const char *name)
{
    sub(r, child, 3, name);
}

void hf_read_open(hf_reader *r, const char *name)
{
    if (!r->failed)
        report(r, HF_FIELD_OPEN, name, r->at, 0, 0);
}

void hf_read_close(hf_reader *r, const char *name)
{
    if (!r->failed)
        report(r, HF_FIELD_CLOSE, name, r->at, 0, 0);
}

bool hf_reader_more(const hf_reader *r)
{
    return !r->failed && r->at < r->n;
}

bool hf_reader_done(hf_reader *r)
{
    if (!r->failed && r->at < r->n)
        fail_at(r, HF_E_TRAILING_BYTES, r->name, 0, r->n - r->at);
    if (!r->failed && r->parent != NULL)
        report(r, HF_FIELD_CLOSE, r->name, r->at, 0, 0);
    return !r->failed;
}

hf_status hf_reader_status(const hf_reader *r, hf_error *e)
{
    if (!r->failed)
        return HF_OK;
    if (r->why == HF_E_TRAILING_BYTES)
        hf_fail(e, r->why, r->failed_name, "the end", "%zu more bytes", r->had);
    else if (r->wanted != 0)
        hf_fail(e, r->why, r->failed_name, NULL, "only %zu bytes are left", r->had);
    else if (r->why == HF_E_DUPLICATE_EXTENSION)
        hf_fail(e, r->why, r->failed_name, "each extension once", "the same one again");
    else
        hf_fail(e, r->why, r->failed_name, "a length and values that its definition allows",
                "one that it does not");
    if (e != NULL && r->wanted != 0)
        hf_error_expected(e, "%zu bytes", r->wanted);
    if (e != NULL) {
        e->has_offset = true;
        e->offset = (uint32_t)r->failed_at;
    }
    return r->why;
}
