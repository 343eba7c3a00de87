/* replay.h: one connection's segments, in the order of the capture, go to an observer as the bytes
 * of its two sides.
 *
 * What a side says may hang on what the other said before: an answer is told after its question. A
 * capture can have them the wrong way round (a card with several queues, two processors). So a
 * segment that acknowledges bytes of the other side that have not been told yet waits for them,
 * with at most 32 others; bytes that do not come in that time were not captured, and nobody waits
 * for them again.
 */
#ifndef HF_EXPLAIN_CAPTURE_REPLAY_H
#define HF_EXPLAIN_CAPTURE_REPLAY_H

#include "explain/capture/connections.h"

#define CAP_WAITING 32U

typedef struct cap_side {
    hf_observer *observer;
    bool client;
} cap_side;

typedef struct cap_replay {
    cap_memory memory;
    const cap_connection *connection;
    cap_side side[2]; /* by end, as everything here */
    cap_stream stream[2];
    struct cap_waiting *waiting; /* in the order of their coming */
    size_t waiting_n;
    bool given_up[2]; /* nobody waits for this end's bytes before ... */
    uint32_t given_up_to[2];
    uint64_t cut;
} cap_replay;

/* Borrows the connection and the observer; it must not move until cap_replay_free. */
void cap_replay_begin(cap_replay *r, const cap_memory *memory, const cap_connection *connection,
                      hf_observer *o);
/* The next segment, which `end` of the connection sent. HF_E_OUT_OF_MEMORY. */
hf_status cap_replay_segment(cap_replay *r, int end, const cap_segment *s);
/* After the last: what is missing is told as lost. */
hf_status cap_replay_end(cap_replay *r);
/* All of it but the fragments. */
hf_capture_replayed cap_replay_result(const cap_replay *r);
void cap_replay_free(cap_replay *r);

#endif
