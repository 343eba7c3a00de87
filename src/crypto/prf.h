/* prf.h: TLS 1.2's pseudorandom function, RFC 5246 section 5, over the cipher suite's hash. */
#ifndef HF_CRYPTO_PRF_H
#define HF_CRYPTO_PRF_H

#include "crypto/hkdf.h"

/* PRF(secret, label, seed): `n` bytes to `out`. `seed` is up to two pieces. Secrets; wipe them. */
void hf_prf12(const hf_hash *hash, hf_bytes secret, const char *label, hf_bytes seed_a,
              hf_bytes seed_b, uint8_t *out, size_t n);

#endif
