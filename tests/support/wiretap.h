/* wiretap.h: what a pair (pair.h) says to each other, as someone on the wire sees it: the bytes of
 * both sides in order, the key log, and what the client itself tells of it. */
#ifndef HF_TESTS_WIRETAP_H
#define HF_TESTS_WIRETAP_H

#include "base/buf.h"
#include "support/pair.h"
#include <handfast/observe.h>

#define WIRETAP_CHUNKS 4096

/* A story: messages, application data, alerts, as text, one for each direction (server, client). */
typedef struct wiretap_story {
    hf_buf said[2];
    hf_buf secrets; /* name and bytes of each */
    hf_buf choices; /* "what: offered: chosen" */
    unsigned errors;
    hf_error error; /* the last */
} wiretap_story;

typedef struct wiretap {
    hf_buf bytes, keylog;
    struct {
        bool client;
        size_t at, n;
    } chunk[WIRETAP_CHUNKS];
    size_t chunks;
    wiretap_story own; /* as the client tells it */
    hf_trace trace;
} wiretap;

/* Sets the client's trace and key log: after pair_config, before pair_start. */
void wiretap_config(wiretap *w, pair *p);
/* Like pair_run and pair_exchange, listening. Data that arrives is read and dropped. */
bool wiretap_run(wiretap *w, pair *p);
void wiretap_send(wiretap *w, pair *p, bool from_client, size_t n);
/* Forgets what was said: for a further connection. */
void wiretap_clear(wiretap *w);
void wiretap_free(wiretap *w);

/* A trace that writes to `story`. */
hf_trace wiretap_trace(wiretap_story *story);
void wiretap_story_free(wiretap_story *story);

/* Feeds all chunks, `most` bytes at a time (0: as they were sent). */
hf_status wiretap_feed(const wiretap *w, hf_observer *o, size_t most);

#endif
