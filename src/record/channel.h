/* channel.h: the two directions of a connection as streams of records over byte buffers.
 *
 * Input gathers in `in` until a record is whole; it is opened in place and its content stays there
 * until it is used. Output is sealed straight into `out`, or built there. Both buffers exist only
 * while something is in them, so that an idle connection has none. The channel knows records, not
 * messages.
 */
#ifndef HF_RECORD_CHANNEL_H
#define HF_RECORD_CHANNEL_H

#include "base/writer.h"
#include "record/record.h"
#include <handfast/trace.h>

typedef struct hf_channel {
    hf_epoch read, write;
    hf_buf in, out;
    size_t in_at;          /* bytes of `in` that are done with */
    size_t in_open;        /* length of the record at in_at that is open and in use; 0: none */
    size_t out_at;         /* bytes of `out` that were sent */
    uint16_t read_limit;   /* content bytes that the peer may put into a protected record */
    uint16_t write_limit;  /* content bytes that this side puts into a record */
    uint16_t padding;      /* pad to a multiple of this; 0 and 1: not at all */
    bool started;          /* a first record came */
    bool mute;             /* the peer awaits a key that could not be set: nothing more is sent */
    uint32_t skip_early;   /* bytes of undecryptable early data that may still be dropped */
    uint32_t building;     /* where in `out` the content of the record being built is; 0: none */
    const hf_trace *trace; /* NULL: none */
    const hf_conn *conn;   /* for the trace */
} hf_channel;

void hf_channel_init(hf_channel *ch, const hf_trace *trace, const hf_conn *conn);
void hf_channel_free(hf_channel *ch);

/* Lends both buffers their first memory. hf_channel_own asks for that of the input back
 * (HF_E_OUT_OF_MEMORY leaves it as it was); output that waits is hf_channel_adopt's. */
void hf_channel_lend(hf_channel *ch, uint8_t *in, size_t in_room, uint8_t *out, size_t out_room);
hf_status hf_channel_own(hf_channel *ch);
/* The block that the lent memory lies in is to be given up. True when the output, not sent yet,
 * keeps it and will free it; false when nothing of it is in use any more. */
bool hf_channel_adopt(hf_channel *ch, void *block);

/* ---- input ---- */

/* Takes as much of `n` bytes as one record needs beyond what is there; *used says how much. */
hf_status hf_channel_feed(hf_channel *ch, const uint8_t *p, size_t n, size_t *used);

/* Room to read into (at least 1 byte), or {NULL, 0} while a whole record waits. */
hf_status hf_channel_room(hf_channel *ch, uint8_t **p, size_t *room);
hf_status hf_channel_commit(hf_channel *ch, size_t n);

/* Opens the next record. *got is false when it is not all there. The record's content is good until
 * hf_channel_release. */
hf_status hf_channel_next(hf_channel *ch, hf_record *out, bool *got, hf_error *e);
/* The same for a record in the caller's memory (hf_open). */
hf_status hf_channel_open(hf_channel *ch, uint8_t *p, size_t n, hf_record *out, size_t *used,
                          hf_error *e);
void hf_channel_release(hf_channel *ch);

/* True when bytes of an unfinished or unopened record are there. */
bool hf_channel_has_input(const hf_channel *ch);

/* ---- output ---- */

/* Seals the bytes as records of `type` into `out`, fragmented as the limit demands. */
hf_status hf_channel_send(hf_channel *ch, uint8_t type, hf_bytes content);

/* Building in place: what is written to the writer is the content of `out`'s next record, and
 * sealed where it lies by hf_channel_finish. Before that, more can be built behind it, in the same
 * record. Nothing of it is seen in hf_channel_out till then. HF_E_OUT_OF_MEMORY. */
hf_status hf_channel_build(hf_channel *ch, hf_writer *w);
/* What was built so far; {NULL, 0} when there is nothing. */
hf_bytes hf_channel_built(const hf_channel *ch);
/* Forgets (wiped) all but the first `n` bytes of it. */
void hf_channel_unbuild(hf_channel *ch, size_t n);
/* Content that is over the limit goes into several records. What was not finished when anything
 * else is sent is forgotten. */
hf_status hf_channel_finish(hf_channel *ch, uint8_t type);

/* Seals one record with the pieces into `out`, which has room for hf_channel_record_size. */
hf_status hf_channel_seal_into(hf_channel *ch, uint8_t type, const hf_bytes *pieces, size_t count,
                               uint8_t *out);
size_t hf_channel_record_size(const hf_channel *ch, size_t n);

hf_bytes hf_channel_out(const hf_channel *ch);
void hf_channel_out_consumed(hf_channel *ch, size_t n);

/* Gives back buffers that hold nothing; and expanded keys, when no record came or went since the
 * last call. */
void hf_channel_trim(hf_channel *ch);

/* Gives back all of that at once. */
void hf_channel_rest(hf_channel *ch);

#endif
