/* key.h: public keys as they stand in certificates, and what a private key can sign. */
#ifndef HF_CRYPTO_KEY_H
#define HF_CRYPTO_KEY_H

#include <handfast/provider.h>
#include <handfast/x509.h>

/* A public key read from SubjectPublicKeyInfo. Owns what libcrypto needs; free with
 * hf_pubkey_clear. `type` is HF_KEY_NONE where there is no key. */
typedef struct hf_pubkey {
    hf_key_type type;
    unsigned bits;
    void *room[6]; /* an hf_key_material, so that reading a key allocates nothing */
} hf_pubkey;

/* Type and size from SubjectPublicKeyInfo alone, with no libcrypto object made (cheap; a
 * certificate's parser calls it). HF_KEY_NONE when unknown. */
hf_key_type hf_spki_type(hf_bytes spki, unsigned *bits);

/* HF_E_KEY_UNSUPPORTED, HF_E_KEY_MALFORMED, HF_E_OUT_OF_MEMORY. */
hf_status hf_pubkey_read(hf_bytes spki, hf_pubkey *out);
void hf_pubkey_clear(hf_pubkey *key);

/* HF_E_BAD_SIGNATURE, HF_E_SCHEME_KEY_MISMATCH. One thread at a time per key. */
hf_status hf_pubkey_verify(const hf_pubkey *key, const hf_sigscheme *scheme, hf_bytes message,
                           hf_bytes signature);

/* True when a key of this type can make and check signatures of the scheme. */
bool hf_sigscheme_fits(const hf_sigscheme *scheme, hf_key_type type, unsigned bits);

/* True when this very key can sign by the scheme: hf_sigscheme_fits, and the hash is the one that
 * an id-RSASSA-PSS key is bound to, where it is (RFC 9846 section 4.3.3). */
bool hf_key_fits(const hf_key *key, const hf_sigscheme *scheme);

/* True when this key can decrypt what was encrypted to it (RSA key transport): an RSA key for any
 * use that is held here. */
bool hf_key_decrypts(const hf_key *key);

/* The scheme that an X.509 AlgorithmIdentifier (with header) names: id and parameters exactly as
 * RFC 5280/4055/5758/8410 give them, else NULL. `*name` is always set to a static printable name
 * ("sha1WithRSAEncryption", "unknown"). Schemes for certificates include rsa_pkcs1_*; an
 * ecdsa-with-SHA256 may be made with any curve's key, so the scheme's own `key` is not binding
 * there: see hf_pubkey_verify_cert. */
const hf_sigscheme *hf_sigscheme_of_algorithm(hf_bytes algorithm_identifier, const char **name);

/* As hf_pubkey_verify, with X.509's looser pairing of hash and curve (ecdsa-with-SHA384 under a
 * P-256 key is allowed in certificates). */
hf_status hf_pubkey_verify_cert(const hf_pubkey *key, const hf_sigscheme *scheme, hf_bytes message,
                                hf_bytes signature);

/* The AlgorithmIdentifier DER (with header; static) for signing a certificate with `scheme`. */
hf_bytes hf_sigscheme_algorithm(const hf_sigscheme *scheme);

/* The scheme that `key` signs certificates with by default (ecdsa_secp256r1_sha256 for P-256,
 * rsa_pkcs1_sha256 for RSA, ...). */
const hf_sigscheme *hf_key_cert_scheme(const hf_key *key);

#endif
