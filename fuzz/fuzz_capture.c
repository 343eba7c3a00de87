/* fuzz_capture.c: a capture of any bytes: read, its connections put together and explained, with
 * the secrets that it may hold itself. */
#define _POSIX_C_SOURCE 200809L /* fmemopen */
#include "explain/capture.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool claim)
{
    if (!claim)
        abort();
}

static FILE *from_memory(void *ctx)
{
    const hf_bytes *b = ctx;
    return fmemopen((void *)(uintptr_t)b->p, b->n, "rb");
}

static bool drop(void *ctx, const char *p, size_t n)
{
    (void)ctx;
    (void)p;
    (void)n;
    return true;
}

static void explain(hf_capture *c, size_t stream)
{
    const hf_explain_options options = {
        .memory = 1 << 20, .secrets = true, .application_data = true};
    const hf_explain_sink nowhere = {drop, NULL};
    hf_explain *x;
    claim(hf_explain_capture(c, stream, NULL, NULL, &options, &x, NULL) == HF_OK);
    claim(hf_explain_render_text(x, nowhere, &(hf_explain_text){.level = 2}) == HF_OK);
    claim(hf_explain_render_json(x, nowhere) == HF_OK);
    hf_explain_free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_bytes bytes = {data, size};
    hf_capture *c;
    hf_error e = {0};
    if (size == 0)
        return 0;
    hf_status s = hf_capture_open(&(hf_capture_source){from_memory, &bytes}, NULL, &c, &e);
    if (s != HF_OK) {
        claim(c == NULL && s < 0 && e.code == s);
        return 0;
    }
    size_t count = hf_capture_count(c);
    for (size_t i = 0; i < count && i < 4; i++)
        explain(c, i);
    size_t first = hf_capture_first_tls(c);
    claim(first <= count);
    if (first >= 4 && first < count)
        explain(c, first);
    hf_capture_free(c);
    return 0;
}
