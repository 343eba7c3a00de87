/* ecdsa.h: ECDSA over P-256 (FIPS 186-5 section 6), the points by libcrypto, the numbers by us.
 *
 * libcrypto's own functions allocate 29 times in a signature and 22 times in a verification, and
 * spend a third of a signature outside of the multiplication of the point. Its point functions take
 * memory that the caller keeps; what is left are a few products and an inverse modulo the order
 * (crypto/modular.h). The other curves go libcrypto's way as before.
 *
 * A nonce is SHA-512 of the private key, 32 random bytes and the digest, modulo the order: uniform
 * within 2^-256, different for each digest even if the random source failed, and different each
 * time if it did not. All that depends on the key or the nonce runs in constant time.
 */
#ifndef HF_CRYPTO_ECDSA_H
#define HF_CRYPTO_ECDSA_H

#include "crypto/libcrypto.h"
#include "crypto/modular.h"

#ifdef HF_HAS_MODULAR

/* `digest` has at least 32 bytes (SHA-256 and up). r and s are the signature's numbers, 32 bytes
 * each. False with an error in libcrypto's queue when memory or randomness failed. */
bool hf_ecdsa_p256_sign(const EC_KEY *key, hf_bytes digest, uint8_t r[32], uint8_t s[32]);

/* r and s big-endian, of any length and with zeros in front. False, and with an error in
 * libcrypto's queue only when memory failed, where the signature is not the key's. */
bool hf_ecdsa_p256_verify(const EC_KEY *key, hf_bytes digest, hf_bytes r, hf_bytes s);

#endif
#endif
