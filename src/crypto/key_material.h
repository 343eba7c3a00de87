/* key_material.h: what libcrypto holds of a key, public or private, and what it does with it. */
#ifndef HF_CRYPTO_KEY_MATERIAL_H
#define HF_CRYPTO_KEY_MATERIAL_H

#include "crypto/libcrypto.h"
#include "crypto/sigscheme.h"
#include "crypto/spki.h"

#include <openssl/rsa.h>

enum {
    HF_RSA_MIN_BITS = 2048, /* of a private key; public keys are judged where they are used */
    HF_RSA_MAX_BITS = 8192, /* a verification's cost grows with its square */
    HF_RSA_LEAST_BITS = 512,
    HF_RSA_MAX_EXPONENT_BITS = 33, /* and linearly with this; 65537 has 17 */
};

/* One of the three pointers is set, as the type says. */
typedef struct hf_key_material {
    hf_key_type type;
    unsigned bits;
    uint8_t pss_hash; /* as in hf_spki */
    bool shelved;     /* a public key whose object goes back to where it was taken from */
    RSA *rsa;
    EC_KEY *ec;
    EVP_PKEY *ed;
} hf_key_material;

/* A public key, judged: an RSA key's size and exponent, a point on its curve. HF_E_KEY_MALFORMED,
 * HF_E_KEY_UNSUPPORTED, HF_E_OUT_OF_MEMORY. */
hf_status hf_key_material_public(const hf_spki *spki, hf_key_material *out);

/* Frees; private parts are wiped. */
void hf_key_material_clear(hf_key_material *m);

/* The public half as SubjectPublicKeyInfo, allocated; free with hf_free. */
hf_status hf_key_material_spki(const hf_key_material *m, hf_bytes *out);

/* `padding` and `hash` come from the scheme, which the caller has matched with the key. */
hf_status hf_key_material_verify(const hf_key_material *m, hf_padding padding, const hf_hash *hash,
                                 hf_bytes message, hf_bytes signature);
hf_status hf_key_material_sign(const hf_key_material *m, hf_padding padding, const hf_hash *hash,
                               hf_bytes message, uint8_t *signature, size_t *signature_len);

/* hf_premaster_decrypt of key_transport.h, for an RSA key. */
hf_status hf_key_material_premaster(const hf_key_material *m, hf_bytes encrypted, uint16_t version,
                                    const uint8_t random[48], uint8_t out[48]);

#endif
