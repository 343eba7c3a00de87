/* sha1.h: SHA-1, for the two places where it is a name and not a proof: the CertID of OCSP (RFC
 * 6960 section 4.1.1), which most responders write with it, and the fingerprint that others list
 * certificates by. Nothing is believed for its sake. */
#ifndef HF_CRYPTO_SHA1_H
#define HF_CRYPTO_SHA1_H

#include <handfast/base.h>

#define HF_SHA1_LEN 20U
void hf_sha1(hf_bytes bytes, uint8_t digest[HF_SHA1_LEN]);

#endif
