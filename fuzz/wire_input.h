/* wire_input.h: what the fuzz targets of src/wire share: finding the message in the input, and two
 * checks that hold for every input. */
#ifndef HF_FUZZ_WIRE_INPUT_H
#define HF_FUZZ_WIRE_INPUT_H

#include "base/bytes.h"
#include "unit/wire_rebuild.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A claim about the code under test: stops the fuzzer where it is false. */
#define HF_FUZZ_CLAIM(claim)                                                                       \
    do {                                                                                           \
        if (!(claim))                                                                              \
            abort();                                                                               \
    } while (0)

/* Seeds are streams of records: the body of the first handshake message in one, else `data` itself.
 */
static inline hf_bytes hf_fuzz_body(const uint8_t *data, size_t size)
{
    bool record = size >= 9 && data[0] == HF_CONTENT_HANDSHAKE && data[1] == 3;
    if (!record)
        return (hf_bytes){data, size};
    size_t length = (size_t)data[6] << 16 | (size_t)data[7] << 8 | data[8];
    return (hf_bytes){data + 9, length < size - 9 ? length : size - 9};
}

/* The fields that were reported so far, which must lie one after the other. */
typedef struct hf_fuzz_tiles {
    size_t end, size, depth;
} hf_fuzz_tiles;

static inline void hf_fuzz_on_field(void *ctx, const hf_field *f)
{
    hf_fuzz_tiles *t = ctx;
    HF_FUZZ_CLAIM(f->offset == t->end && f->name != NULL);
    if (f->kind == HF_FIELD_OPEN) {
        t->depth++;
    } else if (f->kind == HF_FIELD_CLOSE) {
        HF_FUZZ_CLAIM(t->depth > 0);
        t->depth--;
    } else {
        HF_FUZZ_CLAIM(f->length <= t->size - f->offset);
        t->end = f->offset + f->length;
    }
}

/* A trace covers every byte of any message exactly once and closes what it opened. */
static inline void hf_fuzz_trace(uint8_t type, hf_bytes body)
{
    size_t n = body.n + 4;
    uint8_t *message = malloc(n);
    if (message == NULL || body.n > 0xffffff) {
        free(message);
        return;
    }
    message[0] = type;
    message[1] = (uint8_t)(body.n >> 16);
    message[2] = (uint8_t)(body.n >> 8);
    message[3] = (uint8_t)body.n;
    if (body.n != 0)
        memcpy(message + 4, body.p, body.n);
    hf_fuzz_tiles t = {.size = n};
    hf_field_sink sink = {hf_fuzz_on_field, &t};
    hf_message_trace((hf_bytes){message, n}, &sink);
    HF_FUZZ_CLAIM(t.end == n && t.depth == 0);
    free(message);
}

/* What parsed and was built again parses again, and is then built the same. */
static inline void hf_fuzz_rebuild(uint8_t type, hf_bytes body)
{
    hf_buf once = {0}, twice = {0};
    hf_reader r;
    hf_writer w;
    hf_error e;
    bool parsed;
    hf_reader_init(&r, body, NULL);
    hf_writer_init_buf(&w, &once);
    bool built = hf_test_rebuild(type, &r, &w, &parsed);
    HF_FUZZ_CLAIM(parsed == (hf_reader_status(&r, &e) == HF_OK));
    HF_FUZZ_CLAIM(parsed || e.code < 0);
    if (built && hf_writer_status(&w) == HF_OK) {
        hf_reader_init(&r, hf_buf_bytes(&once), NULL);
        hf_writer_init_buf(&w, &twice);
        HF_FUZZ_CLAIM(hf_test_rebuild(type, &r, &w, &parsed));
        HF_FUZZ_CLAIM(hf_bytes_equal(hf_buf_bytes(&once), hf_buf_bytes(&twice)));
    }
    hf_buf_free(&once);
    hf_buf_free(&twice);
}

#endif
