/* spki.h: SubjectPublicKeyInfo (RFC 5280 section 4.1) <-> its parts. No policy, no libcrypto. */
#ifndef HF_CRYPTO_SPKI_H
#define HF_CRYPTO_SPKI_H

#include "base/reader.h"
#include "base/writer.h"

#include <handfast/provider.h>

/* A public key's parts, borrowed from the DER. */
typedef struct hf_spki {
    hf_key_type type;
    unsigned bits;
    uint8_t pss_hash;           /* hf_hash.id that an id-RSASSA-PSS key is bound to, or 0 */
    hf_bytes modulus, exponent; /* RSA: big-endian, no leading zero */
    hf_bytes point;             /* EC: uncompressed point; EdDSA: the key's octets */
} hf_spki;

/* HF_E_KEY_MALFORMED, HF_E_KEY_UNSUPPORTED (a type, a curve or a form of point not known here). */
hf_status hf_spki_parse(hf_bytes der, hf_spki *out);

/* The AlgorithmIdentifier of a key (also PKCS#8's). HF_KEY_NONE when unknown. A wrong form fails
 * the reader. */
hf_key_type hf_key_algorithm_read(hf_reader *r, uint8_t *pss_hash);

/* The curve that an OBJECT IDENTIFIER names, else HF_KEY_NONE. */
hf_key_type hf_curve_of_oid(hf_bytes oid);
hf_bytes hf_curve_oid(hf_key_type type);

/* Bytes of a coordinate or a scalar (P-256 to P-521) or of a raw key (Ed25519, Ed448), else 0. */
size_t hf_key_type_field_len(hf_key_type type);

/* The number of bits of a big-endian magnitude. */
unsigned hf_magnitude_bits(hf_bytes magnitude);

void hf_key_algorithm_write(hf_writer *w, hf_key_type type, uint8_t pss_hash);
void hf_spki_write(hf_writer *w, const hf_spki *key);

#endif
