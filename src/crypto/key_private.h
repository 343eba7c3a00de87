/* key_private.h: private keys in DER <-> key material; and the file in which hf_key is known. */
#ifndef HF_CRYPTO_KEY_PRIVATE_H
#define HF_CRYPTO_KEY_PRIVATE_H

#include "crypto/key_material.h"

#include <handfast/x509.h>

/* What a DER SEQUENCE seems to be, by the tags it begins with. */
typedef enum hf_der_shape {
    HF_SHAPE_UNKNOWN,
    HF_SHAPE_PKCS8,
    HF_SHAPE_PKCS8_ENCRYPTED,
    HF_SHAPE_SEC1,
    HF_SHAPE_PKCS1,
    HF_SHAPE_PKCS1_PUBLIC,
    HF_SHAPE_SPKI,
    HF_SHAPE_CERTIFICATE,
    HF_SHAPE_CSR,
    HF_SHAPE_CRL,
    HF_SHAPE_PKCS12,
} hf_der_shape;

hf_der_shape hf_der_shape_of(hf_bytes der);

/* "a certificate", ...: for an error's text. */
const char *hf_der_shape_name(hf_der_shape shape);

/* Reads PKCS#8, SEC1 or PKCS#1 (not encrypted). The key's parts are checked against each other.
 * HF_E_KEY_MALFORMED, HF_E_KEY_UNSUPPORTED, HF_E_OUT_OF_MEMORY. */
hf_status hf_private_read(hf_bytes der, hf_der_shape shape, hf_key_material *out, hf_error *e);

/* RSAPrivateKey in DER -> RSA object, every part checked against the others. */
hf_status hf_rsa_private_read(hf_bytes der, hf_key_material *out, hf_error *e);

/* HF_PRIVATE_ROOM bytes hold any key's PKCS#8. */
enum { HF_PRIVATE_ROOM = HF_RSA_MAX_BITS / 8 * 5 + 512 };
/* HF_E_CRYPTO in the writer when a part of the key could not be had. */
void hf_private_write(hf_writer *w, const hf_key_material *m);

/* PBES2 (RFC 8018): EncryptedPrivateKeyInfo -> PrivateKeyInfo, into `out` (room for der.n bytes).
 * HF_E_KEY_PASSWORD, HF_E_KEY_MALFORMED, HF_E_KEY_UNSUPPORTED. */
hf_status hf_pbes2_decrypt(hf_bytes der, const char *password, uint8_t *out, size_t *n,
                           hf_error *e);

/* The other way: AES-256-CBC, PBKDF2-HMAC-SHA256. */
hf_status hf_pbes2_encrypt(hf_bytes private_key_info, const char *password, hf_writer *w);

/* Makes an hf_key of the material, which it takes over also when it fails. */
hf_status hf_key_of_material(hf_key_material *m, hf_key **out, hf_error *e);

#endif
