/* sessions.h: the part of a config that is about resumption: its defaults, freezing and end. */
#ifndef HF_API_SESSIONS_H
#define HF_API_SESSIONS_H

#include "handshake/config.h"

void hf_sessions_default(hf_config *cfg);
hf_status hf_sessions_freeze(hf_config *cfg);
void hf_sessions_drop(hf_config *cfg);

#endif
