/* stream.h: one direction of a TCP connection, put together from its segments. RFC 9293
 * section 3.4.
 *
 * Bytes are told in order, each once. What comes before its turn is held, in pieces that are sorted
 * and never overlap: of bytes that came twice the first copy stays, and differing ones are counted.
 * When too much is held, or at the end, what is missing in front of it is told as lost.
 */
#ifndef HF_EXPLAIN_CAPTURE_STREAM_H
#define HF_EXPLAIN_CAPTURE_STREAM_H

#include "explain/capture/memory.h"

#include <handfast/base.h>

#define CAP_HELD_BYTES  (4U << 20)
#define CAP_HELD_PIECES 4096U

/* Where the bytes go; each returns HF_OK, or an error that ends it all. */
typedef struct cap_sink {
    hf_status (*bytes)(void *ctx, hf_bytes bytes);
    hf_status (*lost)(void *ctx, uint64_t n);
    void *ctx;
} cap_sink;

typedef struct cap_piece {
    struct cap_piece *next;
    uint32_t seq;
    size_t n;      /* bytes that are here ... */
    size_t behind; /* ... and bytes behind them that were sent with them and not captured */
    uint8_t bytes[];
} cap_piece;

typedef struct cap_stream {
    cap_memory memory;
    cap_sink sink;
    bool started;
    uint32_t next;  /* sequence number of the byte that is told next */
    bool fin;       /* `end` is known ... */
    uint32_t end;   /* ... the number behind the last byte */
    uint32_t acked; /* the other side has all before this; counted from `next` at the start */
    cap_piece *held;
    size_t held_bytes, held_pieces;
    uint64_t told, lost, repeated, differing, stray; /* bytes; stray: segments */
} cap_stream;

void cap_stream_init(cap_stream *s, const cap_memory *memory, cap_sink sink);
/* The first byte is to be the one numbered `seq`. */
void cap_stream_start(cap_stream *s, uint32_t seq);
/* A segment's data: `length` bytes from `seq` on, of which `captured` are the first. Before
 * cap_stream_start, it starts there. HF_E_OUT_OF_MEMORY, or the sink's error. */
hf_status cap_stream_add(cap_stream *s, uint32_t seq, hf_bytes captured, size_t length);
/* The sender has sent all bytes before `seq`: its FIN says so, or the other side's acknowledgement
 * (in which a FIN that was not seen may be counted: one byte more is not believed of that). */
void cap_stream_reach(cap_stream *s, uint32_t seq, bool by_fin);
/* No more comes: tells what is held, with its gaps, and what is missing behind it. */
hf_status cap_stream_end(cap_stream *s);
void cap_stream_free(cap_stream *s);

#endif
