/* lists.h: the configurable lists: groups, suites, signature schemes, protocols. */
#ifndef HF_API_LISTS_H
#define HF_API_LISTS_H

#include "handshake/config.h"

/* Fills groups, suites and schemes with the defaults of the config's provider. */
void hf_lists_default(hf_config *cfg);

/* Remembers the first failure of a setter; returns its code. */
hf_status hf_config_fail(hf_config *cfg, const hf_error *e);

#endif
