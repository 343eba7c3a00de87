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
    if (t->hash != NULL && !t->recalled)
        return;
    if (!t->recalled)
        hash->init(&t->state);
    t->recalled = false;
    t->hash = hash;
    hash->update(&t->state, t->pending.p, t->pending.n);
    if (!t->keep)
        hf_buf_free(&t->pending);
}

/* RFC 9846 section 4.1: ClientHello1 counts as a message_hash. */
static void begin_with_hash(hf_transcript *t, const uint8_t *digest)
{
    const uint8_t n = t->hash->digest_len, header[] = {254, 0, 0, n};
    t->hash->init(&t->state);
    t->hash->update(&t->state, header, sizeof(header));
    t->hash->update(&t->state, digest, n);
}

void hf_transcript_retry(hf_transcript *t)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_transcript_digest(t, digest);
    begin_with_hash(t, digest);
}

void hf_transcript_recall(hf_transcript *t, const hf_hash *hash, const uint8_t *digest,
                          hf_bytes retry)
{
    t->hash = hash;
    t->recalled = true;
    begin_with_hash(t, digest);
    hash->update(&t->state, retry.p, retry.n);
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
