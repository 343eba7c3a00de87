/* lists.h: the configurable lists: groups, suites, signature schemes, protocols. */
#ifndef HF_API_LISTS_H
#define HF_API_LISTS_H

#include "handshake/config.h"

/* Fills groups, suites and schemes with the defaults of the config's provider. */
void hf_lists_default(hf_config *cfg);

/* The suites of RSA key transport, behind the others. */
void hf_lists_add_key_transport(hf_config *cfg);

/* certificates.c: what is said about certificates. Defaults; what freezing computes (an error is a
 * bare code); what freeing gives back. */
void hf_certificates_default(hf_config *cfg);
hf_status hf_certificates_freeze(hf_config *cfg);
void hf_certificates_free(hf_config *cfg);

/* raw_keys.c: the types of certificate that nothing was said about, and the keys in order. */
void hf_raw_keys_freeze(hf_config *cfg);

/* May the config still be changed? One that could not be made (NULL) may not either, so that a
 * program may check once, when it freezes it; hf_config_closed says which of the two it is. */
static inline bool hf_config_is_open(const hf_config *cfg)
{
    return cfg != NULL && !cfg->frozen;
}
static inline hf_status hf_config_closed(const hf_config *cfg)
{
    return cfg == NULL ? HF_E_OUT_OF_MEMORY : HF_E_CONFIG_FROZEN;
}

#endif
