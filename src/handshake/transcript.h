/* transcript.h: the hash of everything said, RFC 9846 section 4.1. Messages wait as bytes until the
 * hash is agreed; from then on a running state is kept and copied to be read. */
#ifndef HF_HANDSHAKE_TRANSCRIPT_H
#define HF_HANDSHAKE_TRANSCRIPT_H

#include "base/buf.h"
#include <handfast/provider.h>

typedef struct hf_transcript {
    const hf_hash *hash; /* NULL until agreed */
    hf_hash_state state;
    hf_buf pending; /* messages, until the hash is agreed; all of them with `keep` */
    bool recalled;  /* the state is of before what is pending */
    bool keep;      /* TLS 1.2's CertificateVerify signs the messages themselves */
} hf_transcript;

hf_status hf_transcript_add(hf_transcript *t, hf_bytes message);

/* The hash is agreed; takes in what was pending. */
void hf_transcript_start(hf_transcript *t, const hf_hash *hash);

/* HelloRetryRequest: what came before becomes a message_hash message. */
void hf_transcript_retry(hf_transcript *t);

/* The same for a retry that was not kept: what came before the pending ClientHello was another one,
 * of this digest, and the HelloRetryRequest `retry`. hf_transcript_start then takes in the rest. */
void hf_transcript_recall(hf_transcript *t, const hf_hash *hash, const uint8_t *digest,
                          hf_bytes retry);

/* The digest so far; it goes on. */
void hf_transcript_digest(const hf_transcript *t, uint8_t digest[HF_HASH_MAX_DIGEST]);

void hf_transcript_free(hf_transcript *t);

#endif
