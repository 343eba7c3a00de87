/* fuzz_observe.c: an observer of any bytes. The input is a key log's length (two bytes) and text,
 * then pieces: a length (two bytes, the highest bit: of the client; the next one: missing), and
 * bytes. */
#include <handfast/observe.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void event(void *ctx, const hf_conn *conn, const hf_event *e)
{
    size_t *depth = ctx;
    if (conn != NULL)
        abort();
    if (e->kind == HF_TRACE_MESSAGE)
        *depth = 0;
    if (e->kind != HF_TRACE_FIELD)
        return;
    *depth += e->field.kind == HF_TRACE_OPEN;
    if (e->field.kind == HF_TRACE_CLOSE && (*depth)-- == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t depth = 0;
    hf_keylog *keys = NULL;
    hf_observer *o = NULL;
    hf_observed seen;
    hf_trace trace = {.event = event, .ctx = &depth, .secrets = true};
    if (size < 2 || hf_keylog_new(&keys) != HF_OK)
        return 0;
    size_t n = (size_t)data[0] << 8 | data[1], at = 2;
    n = n < size - 2 ? n : size - 2;
    (void)hf_keylog_add(keys, (hf_bytes){data + 2, n}, NULL);
    at += n;
    if (hf_observer_new(NULL, keys, &trace, &o) == HF_OK) {
        while (size - at >= 2) {
            bool client = (data[at] & 0x80) != 0, missing = (data[at] & 0x40) != 0;
            n = (size_t)(data[at] & 0x3f) << 8 | data[at + 1];
            at += 2;
            if (!missing)
                n = n < size - at ? n : size - at;
            if (missing)
                (void)hf_observer_missing(o, client, n);
            else
                (void)hf_observer_feed(o, client, (hf_bytes){data + at, n});
            at += missing ? 0 : n;
        }
        hf_observer_seen(o, &seen);
    }
    hf_observer_free(o);
    hf_keylog_free(keys);
    return 0;
}
