/* sha1.c: libcrypto's. */
#include "crypto/sha1.h"

#include <openssl/sha.h>

void hf_sha1(hf_bytes bytes, uint8_t digest[HF_SHA1_LEN])
{
    SHA1(bytes.p, bytes.n, digest);
}
