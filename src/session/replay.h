/* replay.h: which early data was met before: RFC 9846 section 8.2. */
#ifndef HF_SESSION_REPLAY_H
#define HF_SESSION_REPLAY_H

#include <handfast/base.h>

/* A ticket's age as the client tells it may differ from the server's by so much, either way, before
 * its early data is refused: section 8.3. So a ClientHello can come as new for twice as long. */
#define HF_EARLY_FRESH_S 10

typedef struct hf_replays hf_replays;

/* `now_s`: nothing from before it is known, so nothing from before it is taken. */
hf_replays *hf_replays_new(int64_t now_s); /* NULL when memory ran out */
void hf_replays_free(hf_replays *r);

/* True when this is the first time, within the time that matters, that these bytes are met; `n` is
 * at least 8 and the bytes are a MAC, so that their first eight tell them apart. False also when
 * too many others were met in that time: early data then costs a round trip, and nothing else.
 * `made_s`: when the ticket was made. Any threads. */
bool hf_replays_first(hf_replays *r, hf_bytes mac, int64_t made_s, int64_t now_s);

#endif
