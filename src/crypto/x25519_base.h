/* x25519_base.h: the public half of an X25519 key pair (RFC 7748 section 6.1), three times as fast
 * as the ladder from u = 9: one half of what a server computes for a handshake. */
#ifndef HF_CRYPTO_X25519_BASE_H
#define HF_CRYPTO_X25519_BASE_H

#include "crypto/modular.h"

#ifdef HF_HAS_MODULAR

/* X25519(private_key, 9), in constant time. The first call, from any thread, takes half a
 * millisecond more, for a table of 30 KB. */
void hf_x25519_base(const uint8_t private_key[32], uint8_t public_key[32]);

#endif
#endif
