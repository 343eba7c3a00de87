/* libcrypto_hash.c: SHA-256, SHA-384 and SHA-512 from libcrypto's low-level functions.
 *
 * The whole state is plain memory in the caller's hf_hash_state, so copying it costs a memcpy and
 * nothing has to be allocated, fetched or freed.
 */
#include "crypto/libcrypto.h"

#include "base/ct.h"

#include <openssl/sha.h>

_Static_assert(sizeof(SHA256_CTX) <= HF_HASH_STATE_SIZE, "SHA-256 must fit an hf_hash_state");
_Static_assert(sizeof(SHA512_CTX) <= HF_HASH_STATE_SIZE, "SHA-512 must fit an hf_hash_state");
_Static_assert(SHA512_DIGEST_LENGTH <= HF_HASH_MAX_DIGEST, "the longest digest");
_Static_assert(SHA512_CBLOCK <= HF_HASH_MAX_BLOCK, "the longest block");

static void sha256_init(hf_hash_state *s)
{
    SHA256_Init((SHA256_CTX *)(void *)s->bytes);
}

static void sha256_update(hf_hash_state *s, const uint8_t *p, size_t n)
{
    if (n != 0)
        SHA256_Update((SHA256_CTX *)(void *)s->bytes, p, n);
}

static void sha256_final(hf_hash_state *s, uint8_t *digest)
{
    SHA256_Final(digest, (SHA256_CTX *)(void *)s->bytes);
    hf_wipe(s->bytes, sizeof(SHA256_CTX));
}

static void sha384_init(hf_hash_state *s)
{
    SHA384_Init((SHA512_CTX *)(void *)s->bytes);
}

static void sha512_init(hf_hash_state *s)
{
    SHA512_Init((SHA512_CTX *)(void *)s->bytes);
}

/* SHA-384 is SHA-512 with another start and a shorter end; the state knows which it is. */
static void sha512_update(hf_hash_state *s, const uint8_t *p, size_t n)
{
    if (n != 0)
        SHA512_Update((SHA512_CTX *)(void *)s->bytes, p, n);
}

static void sha512_final(hf_hash_state *s, uint8_t *digest)
{
    SHA512_Final(digest, (SHA512_CTX *)(void *)s->bytes);
    hf_wipe(s->bytes, sizeof(SHA512_CTX));
}

const hf_hash hf_sha256 = {
    .name = "SHA-256",
    .id = 4,
    .digest_len = SHA256_DIGEST_LENGTH,
    .block_len = SHA256_CBLOCK,
    .init = sha256_init,
    .update = sha256_update,
    .final = sha256_final,
};

const hf_hash hf_sha384 = {
    .name = "SHA-384",
    .id = 5,
    .digest_len = SHA384_DIGEST_LENGTH,
    .block_len = SHA512_CBLOCK,
    .init = sha384_init,
    .update = sha512_update,
    .final = sha512_final,
};

const hf_hash hf_sha512 = {
    .name = "SHA-512",
    .id = 6,
    .digest_len = SHA512_DIGEST_LENGTH,
    .block_len = SHA512_CBLOCK,
    .init = sha512_init,
    .update = sha512_update,
    .final = sha512_final,
};
