/* psk.h: pre-shared keys for tests, and pairs that have nothing else. */
#ifndef HF_TESTS_PSK_H
#define HF_TESTS_PSK_H

#include "support/pair.h"

/* One of 64 keys of 32 bytes with identities of their own; static memory. */
hf_psk psk_sample(unsigned i);

/* As pair_config, but with neither trust nor identities. */
void psk_config(pair *p);

#endif
