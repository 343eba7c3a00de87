/* sessions.h: the store as the handshake uses it: encoded sessions by key, in shards, each with a
 * lock of its own. A key is a client's server name or a server's session id, hashed. */
#ifndef HF_SESSION_SESSIONS_H
#define HF_SESSION_SESSIONS_H

#include "base/buf.h"
#include <handfast/session.h>

/* Keeps a copy. When the shard is full its oldest entry goes; without memory nothing is kept, and
 * it is false. */
bool hf_sessions_put(hf_sessions *s, hf_bytes key, hf_bytes session);

/* Appends the newest session of that key to `out`, and forgets it when `once`; false when there is
 * none, or memory ran out. */
bool hf_sessions_take(hf_sessions *s, hf_bytes key, bool once, hf_buf *out);

/* Forgets every session of that key: one that led to a failed handshake is not tried again. */
void hf_sessions_forget(hf_sessions *s, hf_bytes key);

#endif
