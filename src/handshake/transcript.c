/* transcript.c: the hash of everything said. */
#include "handshake/transcript.h"

#include "base/ct.h"

hf_status hf_transcript_add(hf_transcript *t, hf_bytes message)
{
    if (t->hash == NULL)
        return hf_buf_append(&t->pending, message);
    t->hash->update(&t->state, message.p, message.n);
    return t->keep ? hf_buf_append(&t->pending, message) : HF_OK;
}

void hf_transcript_start(hf_transcript *t, const hf_hash *hash)
{
    if (t->hash != NULL)
        return;
    t->hash = hash;
    hash->init(&t->state);
    hash->update(&t->state, t->pending.p, t->pending.n);
    if (!t->keep)
        hf_buf_free(&t->pending);
}

void hf_transcript_retry(hf_transcript *t)
{
    uint8_t message[4 + HF_HASH_MAX_DIGEST] = {254, 0, 0, t->hash->digest_len};
    hf_transcript_digest(t, message + 4);
    t->hash->init(&t->state);
    t->hash->update(&t->state, message, 4U + t->hash->digest_len);
}

void hf_transcript_digest(const hf_transcript *t, uint8_t digest[HF_HASH_MAX_DIGEST])
{
    hf_hash_state copy = t->state;
    t->hash->final(&copy, digest);
}

void hf_transcript_free(hf_transcript *t)
{
    hf_buf_free(&t->pending);
    hf_wipe(t, sizeof(*t));
}
