/* hkdf.c: HMAC, HKDF and HKDF-Expand-Label over any hf_hash. Nothing is allocated or truncated. */
#include "crypto/hkdf.h"

#include "base/bytes.h"
#include "base/ct.h"

#include <assert.h>

static void update_all(const hf_hash *hash, hf_hash_state *s, const hf_bytes *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash->update(s, pieces[i].p, pieces[i].n);
}

/* RFC 2104 section 2: the key, hashed when longer than a block, padded with zeros to a block. */
void hf_hmac_key_init(hf_hmac_key *k, const hf_hash *hash, hf_bytes key)
{
    uint8_t block[HF_HASH_MAX_BLOCK] = {0};
    if (key.n > hash->block_len)
        hf_hash_of(hash, &key, 1, block);
    else
        hf_copy(block, key.p, key.n);

    k->hash = hash;
    for (size_t i = 0; i < hash->block_len; i++)
        block[i] ^= 0x36;
    hash->init(&k->inner);
    hash->update(&k->inner, block, hash->block_len);
    for (size_t i = 0; i < hash->block_len; i++)
        block[i] ^= 0x36 ^ 0x5c;
    hash->init(&k->outer);
    hash->update(&k->outer, block, hash->block_len);
    hf_wipe(block, sizeof block);
}

/* The second half of an HMAC whose inner hash runs in `inner` (which is used up). */
static void hmac_end(const hf_hmac_key *k, hf_hash_state *inner, uint8_t *mac)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    k->hash->final(inner, digest);
    *inner = k->outer;
    k->hash->update(inner, digest, k->hash->digest_len);
    k->hash->final(inner, mac);
    hf_wipe(digest, k->hash->digest_len);
}

void hf_hmac(const hf_hmac_key *k, const hf_bytes *pieces, size_t count, uint8_t *mac)
{
    hf_hash_state s = k->inner;
    update_all(k->hash, &s, pieces, count);
    hmac_end(k, &s, mac);
}

void hf_hash_of(const hf_hash *hash, const hf_bytes *pieces, size_t count, uint8_t *digest)
{
    hf_hash_state s;
    hash->init(&s);
    update_all(hash, &s, pieces, count);
    hash->final(&s, digest);
}

/* An empty salt needs no branch: HMAC pads any key with zeros. */
void hf_hkdf_extract(const hf_hash *hash, hf_bytes salt, hf_bytes ikm, uint8_t *prk)
{
    hf_hmac_key k;
    hf_hmac_key_init(&k, hash, salt);
    hf_hmac(&k, &ikm, 1, prk);
    hf_wipe(&k, sizeof k);
}

/* RFC 5869 section 2.3 with `info` in pieces: T(i) = HMAC(PRK, T(i-1) | info | i). */
static void expand(const hf_hmac_key *k, const hf_bytes *info, size_t count, uint8_t *out, size_t n)
{
    const size_t digest_len = k->hash->digest_len;
    uint8_t t[HF_HASH_MAX_DIGEST];
    assert(n <= 255 * digest_len);
    for (uint8_t i = 1; n != 0; i++) {
        hf_hash_state s = k->inner;
        if (i != 1)
            k->hash->update(&s, t, digest_len);
        update_all(k->hash, &s, info, count);
        k->hash->update(&s, &i, 1);
        hmac_end(k, &s, t);
        size_t part = n < digest_len ? n : digest_len;
        hf_copy(out, t, part);
        out += part;
        n -= part;
    }
    hf_wipe(t, sizeof t);
}

void hf_hkdf_expand(const hf_hmac_key *k, hf_bytes info, uint8_t *out, size_t n)
{
    expand(k, &info, 1, out, n);
}

void hf_hkdf_expand_label(const hf_hmac_key *k, const char *label, hf_bytes context, uint8_t *out,
                          size_t n)
{
    static const char prefix[] = "tls13 ";
    const size_t label_len = sizeof prefix - 1 + strlen(label);
    assert(label_len <= 255 && context.n <= 255 && n <= 0xffff);

    const uint8_t head[3] = {(uint8_t)(n >> 8), (uint8_t)n, (uint8_t)label_len};
    const uint8_t context_len = (uint8_t)context.n;
    const hf_bytes info[] = {
        hf_bytes_of(head, sizeof head),
        hf_bytes_text(prefix),
        hf_bytes_text(label),
        hf_bytes_of(&context_len, 1),
        context,
    };
    expand(k, info, sizeof info / sizeof info[0], out, n);
}
