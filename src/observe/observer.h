/* observer.h: what an observer knows of a connection, and the parts that it is made of.
 *
 *   observer.c   bytes of a side become records
 *   opening.c    records are opened with the key log's secrets, as the handshake goes on
 *   reading.c    messages: what each teaches
 *   telling.c    the events of trace.h
 *
 * A side goes through stages, each with its keys. The handshake's messages move it on as they move
 * the two ends; and where one of them was missed, a record that does not open under the present key
 * is tried under the later ones: the tag says which is right.
 */
#ifndef HF_OBSERVE_OBSERVER_H
#define HF_OBSERVE_OBSERVER_H

#include "base/buf.h"
#include "handshake/transcript.h"
#include "observe/keylog.h"
#include "observe/suites.h"
#include "record/record.h"
#include "wire/messages.h"

#define HF_SEEN_RECORD_MAX  (HF_RECORD_HEADER + 16384U + 2048U) /* RFC 5246 section 6.2.3 */
#define HF_SEEN_MESSAGE_MAX (4U + 65536U)
#define HF_SEEN_PENDING_MAX 262144U /* bytes of messages that wait for the hash to be agreed */

typedef enum hf_stage {
    HF_STAGE_CLEAR,
    HF_STAGE_EARLY,
    HF_STAGE_HANDSHAKE,
    HF_STAGE_DATA
} hf_stage;

/* What one side sends. */
typedef struct hf_side {
    bool client;
    bool sealed;       /* TLS 1.2: its change_cipher_spec came */
    bool unreadable;   /* where records begin is not known any more */
    bool lost_message; /* ... or where messages do */
    bool finished;     /* its Finished came */
    bool started;      /* a first record came */
    hf_buf record;     /* the bytes of the record that is coming ... */
    size_t missing;    /* ... and how many of them were not seen */
    hf_buf messages;   /* handshake bytes that make no whole message yet */
    uint64_t unread;
    hf_stage stage;
    hf_epoch epoch;
    uint8_t secret[HF_HASH_MAX_DIGEST]; /* of the stage; TLS 1.3 */
} hf_side;

struct hf_observer {
    hf_trace trace;
    const hf_provider *provider;
    const hf_keylog *keylog;
    hf_side side[2]; /* the server's, the client's */

    bool client_hello, server_hello, retried;
    bool complete; /* TLS 1.3: what follows are no messages of the handshake */
    bool early_offered, resumed, hello_done, failed;
    bool extended_master_secret;
    bool finished_good[2], finished_bad;
    uint16_t version; /* 0 before it is agreed */
    uint16_t suite_id, group_id, server_scheme, client_scheme;
    hf_seen_suite suite; /* .aead NULL: not one that can be opened */
    uint8_t client_random[HF_RANDOM_LEN], server_random[HF_RANDOM_LEN];
    hf_keylog_found keys;
    bool keys_known;
    unsigned lookups;
    bool told[HF_LOG_COUNT];
    hf_buf offer; /* the ClientHello, for what was offered */
    char host[256], alpn[256];
    size_t alpn_len;
    hf_transcript transcript;
    bool transcript_lost;

    uint64_t opened, closed, cut;
    hf_observed_why why;
    uint8_t plain[HF_SEEN_RECORD_MAX]; /* a copy of a record, to be opened in place */
};

/* ---- opening.c ---- */

/* Opens the whole encrypted record at `wire` into o->plain. *open is false when it stays closed
 * (counted, with the reason). HF_E_OUT_OF_MEMORY. */
hf_status hf_seen_open(hf_observer *o, hf_side *side, hf_bytes wire, hf_record *out, bool *open);
/* The log's secrets for the present client random. */
void hf_seen_find_keys(hf_observer *o);
/* A side's next keys: from now on its records are of this stage. */
void hf_seen_enter(hf_observer *o, hf_side *side, hf_stage stage);
void hf_seen_key_update(hf_observer *o, hf_side *side);
/* TLS 1.2: its change_cipher_spec. */
void hf_seen_change_cipher(hf_observer *o, hf_side *side);
/* A record went by that could not be read: messages may have been in it. */
void hf_seen_skip(hf_observer *o, hf_side *side);
/* The offered ClientHello, parsed; false when there is none that parses. */
bool hf_seen_offer(const hf_observer *o, hf_client_hello *out);
/* Is `verify_data` of this side what the log's secrets make of everything said so far? */
void hf_seen_check_finished(hf_observer *o, const hf_side *side, hf_bytes verify_data);

/* ---- reading.c ---- */

/* As the provider calls it, like a connection of our own; else as IANA does; or NULL. */
const char *hf_seen_group_name(const hf_observer *o, uint16_t id);
/* Handshake bytes of one record. HF_E_OUT_OF_MEMORY. */
hf_status hf_seen_handshake(hf_observer *o, hf_side *side, hf_bytes content);

/* ---- telling.c ---- */

void hf_tell_record(const hf_observer *o, const hf_side *side, hf_bytes wire, size_t wire_len,
                    const hf_record *record, const char *key);
/* A handshake message, or the content of a change_cipher_spec. */
void hf_tell_message(const hf_observer *o, bool client, uint8_t type, hf_bytes message);
void hf_tell_alert(const hf_observer *o, bool client, uint8_t level, uint8_t description);
void hf_tell_error(const hf_observer *o, const hf_error *e);
/* One of the log's secrets, once. */
void hf_tell_logged(hf_observer *o, hf_keylog_label label, const char *from, const char *hkdf_label,
                    hf_bytes context);
void hf_tell_secret(const hf_observer *o, const char *name, const char *from, const char *label,
                    hf_bytes context, hf_bytes secret);
void hf_tell_choice(const hf_observer *o, const char *what, hf_bytes offered,
                    const char *(*namer)(uint16_t), const char *chosen, const char *rule);
void hf_tell_choice_text(const hf_observer *o, const char *what, const char *offered,
                         const char *chosen, const char *rule);

#endif
