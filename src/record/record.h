/* record.h: one record: its header, its limits, and the keys that seal and open it.
 * RFC 9846 section 5. */
#ifndef HF_RECORD_RECORD_H
#define HF_RECORD_RECORD_H

#include "wire/codepoints.h"
#include <handfast/provider.h>

/* In hf_record.type: a record that was dropped. */
#define HF_CONTENT_NOTHING 0U

#define HF_RECORD_HEADER     5U
#define HF_RECORD_PLAINTEXT  16384U          /* bytes of content at most, section 5.1 */
#define HF_RECORD_CIPHERTEXT (16384U + 256U) /* bytes after the header at most, section 5.2 */
#define HF_RECORD_MAX        (HF_RECORD_HEADER + HF_RECORD_CIPHERTEXT)

/* How a protected record is laid out and its nonce made. */
typedef enum hf_record_form {
    HF_FORM_13,          /* RFC 9846 section 5.2: the content type is inside */
    HF_FORM_12_EXPLICIT, /* RFC 5246 section 6.2.3.3 with RFC 5288: 8 bytes of nonce in each record
                          */
    HF_FORM_12_IMPLICIT, /* the same with RFC 7905's nonce, which is not sent */
} hf_record_form;

/* The keys of one direction. {0} sends and receives in the clear.
 *
 * The key is kept as it was derived. What a cipher expands it to takes about a kilobyte and a tenth
 * of a microsecond to make: it is made when a record first needs it, and given back while nothing
 * goes on (hf_epoch_rest), so that an idle connection does without. */
typedef struct hf_epoch {
    const hf_aead *aead; /* NULL: no protection */
    void *state;         /* the expanded key; NULL: not made yet */
    void *lent;          /* memory to expand into, of at least state_len; NULL: from the heap */
    const char *name;    /* static: "client handshake traffic"; NULL when unprotected */
    uint64_t sequence;   /* of the next record */
    uint8_t key[HF_AEAD_MAX_KEY], iv[HF_AEAD_NONCE];
    uint8_t form; /* hf_record_form */
    bool used;    /* a record was sealed or opened since this was last cleared: hf_channel_trim */
} hf_epoch;

/* Takes new keys: key of aead->key_len bytes, iv of HF_AEAD_NONCE. The old ones are wiped; on
 * failure (HF_E_CRYPTO: a provider's key is longer than HF_AEAD_MAX_KEY) they stay. */
hf_status hf_epoch_set(hf_epoch *e, const hf_aead *aead, const uint8_t *key, const uint8_t *iv,
                       const char *name);
/* Makes the expanded key if it is not there. HF_E_OUT_OF_MEMORY, HF_E_CRYPTO. */
hf_status hf_epoch_wake(hf_epoch *e);
/* Wipes the expanded key and gives its memory back; the epoch stays as good as it was. */
void hf_epoch_rest(hf_epoch *e);
/* From the next key on, expand into this memory, which its owner takes back by lending NULL. Rests
 * first. */
void hf_epoch_lend(hf_epoch *e, void *memory);
void hf_epoch_clear(hf_epoch *e);

/* The header as it came. */
typedef struct hf_record_header {
    uint8_t type;
    uint16_t version;
    uint16_t length;
} hf_record_header;
hf_record_header hf_record_header_read(const uint8_t header[HF_RECORD_HEADER]);

/* Judges a header before its body is waited for: type, version and length, under `e`.
 * HF_E_NOT_TLS (with what it seems to be), HF_E_RECORD_TYPE, HF_E_RECORD_VERSION,
 * HF_E_RECORD_TOO_LONG. `first` is true for the connection's first record. */
hf_status hf_record_header_judge(const hf_epoch *e, const uint8_t header[HF_RECORD_HEADER],
                                 bool first, hf_error *error);

/* Bytes that a record with `n` bytes of content and `padding` takes on the wire under `e`. */
size_t hf_record_size(const hf_epoch *e, size_t n, size_t padding);

/* Bytes of a record before its content: the header, and a nonce where it is sent. */
size_t hf_record_head(const hf_epoch *e);

/* Writes one record with the pieces as its content to `out`, which has room for hf_record_size. The
 * pieces sum to at most HF_RECORD_PLAINTEXT. HF_E_KEY_EXHAUSTED when the sequence would wrap. */
hf_status hf_record_seal(hf_epoch *e, uint8_t type, const hf_bytes *pieces, size_t count,
                         size_t padding, uint8_t *out);

/* The same for `n` bytes of content that were written where they belong: hf_record_head bytes
 * behind `out`. They are encrypted in place. */
hf_status hf_record_seal_built(hf_epoch *e, uint8_t type, size_t n, size_t padding, uint8_t *out);

/* A record that was opened. */
typedef struct hf_record {
    uint8_t type; /* the content's */
    bool encrypted;
    hf_bytes content; /* inside the record's memory */
    size_t padding;
    uint64_t sequence;
} hf_record;

/* Opens the whole record at `record` (header and body, `n` bytes) in place. HF_E_BAD_RECORD_MAC,
 * HF_E_RECORD_NO_CONTENT_TYPE, HF_E_RECORD_TOO_LONG (inner plaintext above `limit` content bytes).
 */
hf_status hf_record_open(hf_epoch *e, uint8_t *record, size_t n, size_t limit, hf_record *out);

#endif
