/* suites.h: the cipher suites whose records an observer can open: more than the engine speaks. */
#ifndef HF_OBSERVE_SUITES_H
#define HF_OBSERVE_SUITES_H

#include <handfast/provider.h>

typedef struct hf_seen_suite {
    const hf_aead *aead;
    const hf_hash *hash;
    bool implicit_nonce; /* TLS 1.2: RFC 7905's */
    bool rsa_transport;  /* TLS 1.2: ClientKeyExchange is an encrypted premaster secret */
} hf_seen_suite;

/* False when it has no AEAD, or one that the provider lacks. rsa_transport is set all the same. */
bool hf_seen_suite_find(const hf_provider *p, uint16_t id, hf_seen_suite *out);

#endif
