/* key_transport.h: RSA key transport of TLS 1.2, RFC 5246 section 7.4.7.1: the client encrypts the
 * premaster secret with the key of the server's certificate, by PKCS#1 v1.5.
 *
 * Whoever can tell a good padding from a bad one decrypts with the server's key (Bleichenbacher
 * 1998, ROBOT, Marvin). So nothing here says which it was: the 48 bytes come out in any case, the
 * sender's or random ones that were drawn before, by one path without a branch or an index that
 * depends on what was decrypted. The handshake ends at Finished, the same way for every kind of
 * wrong.
 *
 * libcrypto does the arithmetic alone (RSA_NO_PADDING, blinded); the padding is judged here. */
#ifndef HF_CRYPTO_KEY_TRANSPORT_H
#define HF_CRYPTO_KEY_TRANSPORT_H

#include <handfast/provider.h>
#include <handfast/x509.h>

#define HF_PREMASTER 48U

/* The client's side: pads and encrypts to the key in a SubjectPublicKeyInfo; `out` has room for
 * HF_SIGNATURE_MAX bytes. HF_E_SCHEME_KEY_MISMATCH: it is no RSA key; HF_E_KEY_UNSUPPORTED,
 * HF_E_KEY_MALFORMED, HF_E_OUT_OF_MEMORY, HF_E_CRYPTO, or what the random source says. */
hf_status hf_premaster_encrypt(hf_bytes spki, const hf_provider *provider,
                               const uint8_t premaster[HF_PREMASTER], uint8_t *out, size_t *n);

/* The server's side. `version` is client_version of the ClientHello; `random` was drawn before the
 * call, and is what comes out unless everything is right. HF_OK whatever `encrypted` holds;
 * HF_E_OUT_OF_MEMORY, HF_E_SCHEME_KEY_MISMATCH (hf_key_decrypts says so beforehand). */
hf_status hf_premaster_decrypt(const hf_key *key, hf_bytes encrypted, uint16_t version,
                               const uint8_t random[HF_PREMASTER], uint8_t out[HF_PREMASTER]);

/* The part of it that judges: `block` is the decrypted number, `n` bytes, as long as the modulus.
 * Time depends on `n` alone. */
void hf_premaster_unpad(const uint8_t *block, size_t n, uint16_t version,
                        const uint8_t random[HF_PREMASTER], uint8_t out[HF_PREMASTER]);

#endif
