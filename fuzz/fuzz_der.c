/* fuzz_der.c: every DER reader over any bytes, and a walk through all that nests. */
#include "base/der.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEPTH_MAX 16

static void claim(bool claim)
{
    if (!claim)
        abort();
}

static bool inside(hf_bytes part, const uint8_t *data, size_t size)
{
    return part.n == 0 || (part.p >= data && part.n <= size - (size_t)(part.p - data));
}

/* Goes down into whatever is constructed, with a reader for each level. */
static void walk(hf_bytes all)
{
    hf_reader levels[DEPTH_MAX];
    size_t depth = 0;
    hf_reader_init(&levels[0], all, NULL);
    for (;;) {
        hf_reader *r = &levels[depth];
        int tag = hf_der_peek(r);
        if (tag < 0) {
            hf_reader_done(r);
            if (depth-- == 0)
                break;
        } else if ((tag & 0x20) != 0 && depth + 1 < DEPTH_MAX) {
            hf_der_enter(r, &levels[depth + 1], (uint8_t)tag, "constructed");
            depth++;
        } else {
            uint8_t seen = 0;
            hf_bytes whole = hf_der_any(r, &seen, "primitive");
            claim(r->failed || (seen == tag && whole.n >= 2));
            claim(inside(whole, all.p, all.n));
        }
    }
    hf_error e;
    claim((hf_der_status(&levels[0], 0, &e) == HF_OK) == !levels[0].failed);
    claim(hf_der_status(&levels[0], HF_E_CERT_MALFORMED, NULL) <= 0);
}

static void check_time(int64_t seconds)
{
    int64_t days = seconds / 86400 - (seconds % 86400 < 0), year;
    unsigned month, day;
    hf_civil_from_days(days, &year, &month, &day);
    claim(month >= 1 && month <= 12 && day >= 1 && day <= 31);
    claim(hf_days_from_civil(year, month, day) == days);
}

/* Each reader of a primitive over the input as one element. */
static void read_primitives(hf_bytes all)
{
    hf_reader fresh, r;
    hf_reader_init(&fresh, all, NULL);

    r = fresh;
    hf_bytes v = hf_der_integer(&r, "integer");
    claim(r.failed ? v.n == 0 : v.n >= 1 && inside(v, all.p, all.n));
    r = fresh;
    claim(hf_der_small(&r, "small") <= INT32_MAX);
    r = fresh;
    hf_der_boolean(&r, "boolean");
    r = fresh;
    v = hf_der_bits(&r, "bits");
    claim(inside(v, all.p, all.n));
    r = fresh;
    hf_der_bit_list(&r, "bit list");
    r = fresh;
    v = hf_der_oid(&r, "oid");
    claim(r.failed || v.n >= 1);
    r = fresh;
    int64_t seconds = hf_der_time(&r, "time");
    if (!r.failed)
        check_time(seconds);
    hf_error e;
    claim((hf_der_status(&r, 0, &e) == HF_OK) == !r.failed);
    r = fresh;
    v = hf_der_value(&r, HF_DER_SEQUENCE, "sequence");
    claim(inside(v, all.p, all.n));
    r = fresh;
    v = hf_der_whole(&r, HF_DER_OCTET_STRING, "octets");
    claim(inside(v, all.p, all.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_bytes all = {data, size};
    walk(all);
    read_primitives(all);
    return 0;
}
