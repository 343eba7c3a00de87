/* psks.h: the part of freezing a config that is about external pre-shared keys. */
#ifndef HF_API_PSKS_H
#define HF_API_PSKS_H

#include "handshake/config.h"

/* Can the config do without a certificate, or without trust? */
bool hf_psks_stand_for_certificates(const hf_config *cfg);

/* One that has nothing but such keys speaks TLS 1.3 alone: they are of no other version. */
void hf_psks_keep_to_13(hf_config *cfg);

#endif
