/* observe.h: a connection of others, seen from outside.
 *
 * An observer takes the bytes that a client and a server sent each other, in the order in which
 * they were seen, and tells them as the events of trace.h: records, messages with their fields,
 * what was agreed, alerts. With a key log (the NSS form that SSLKEYLOGFILE makes) it decrypts: TLS
 * 1.3, and TLS 1.2 with AEAD suites; without one it tells what anybody on the way can see.
 *
 * An observer judges nobody. It cannot know which certificates a side trusts, what a side would
 * have chosen otherwise, or why it sent an alert, and says nothing about these.
 *
 * Nothing here touches a file, a socket or a clock. One observer serves one thread at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 */
#ifndef HANDFAST_OBSERVE_H
#define HANDFAST_OBSERVE_H

#include <handfast/handfast.h>
#include <handfast/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- key logs ---- */

/* The secrets of any number of connections, found by their client random. They are wiped when they
 * are freed. */
typedef struct hf_keylog hf_keylog;

/* An empty one. HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_keylog_new(hf_keylog **out);
HF_API void hf_keylog_free(hf_keylog *k); /* NULL is fine */

/* Adds the lines of a key log: "LABEL client_random secret", the last two in hexadecimal. Labels
 * that are not used here, comments (#) and empty lines are passed over, and so are lines that are
 * malformed or cut short, unless there is nothing else in the text: HF_E_KEYLOG, which names the
 * first such line. Of two lines for one label and random the first counts. HF_E_OUT_OF_MEMORY
 * keeps what was added before. */
HF_API hf_status hf_keylog_add(hf_keylog *k, hf_bytes text, hf_error *e);

/* How many secrets it has in all. */
HF_API size_t hf_keylog_count(const hf_keylog *k);

/* ---- observing ---- */

typedef struct hf_observer hf_observer;

/* Events go to `trace`: `sent` means by the client, and the connection is NULL. `keys` may be NULL;
 * `provider` NULL is the default. The three are borrowed and must outlive the observer, but for the
 * struct hf_trace itself, which is copied. HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_observer_new(const hf_provider *provider, const hf_keylog *keys,
                                 const hf_trace *trace, hf_observer **out);
HF_API void hf_observer_free(hf_observer *o); /* NULL is fine */

/* The next bytes that one side sent. Bytes that are not TLS, or broken beyond reading on, give one
 * HF_TRACE_ERROR; from then on that side's bytes are only counted. HF_E_OUT_OF_MEMORY: likewise.
 *
 * Memory: at most two records and two handshake messages of 64 KiB, and while the hash is not
 * agreed yet 256 KiB of messages. */
HF_API hf_status hf_observer_feed(hf_observer *o, bool from_client, hf_bytes bytes);

/* The next `n` bytes of a side were not seen. Inside one record that costs the record; when it
 * hides where the next one begins, the rest of that side is only counted. HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_observer_missing(hf_observer *o, bool from_client, uint64_t n);

/* Why something that is encrypted could not be opened. */
typedef enum hf_observed_why {
    HF_OBSERVED_ALL,        /* nothing was left closed */
    HF_OBSERVED_NO_KEYLOG,  /* none was given */
    HF_OBSERVED_NOT_IN_LOG, /* it has no line for this connection that this version uses */
    HF_OBSERVED_NO_HELLO,   /* the hellos that say how were not seen */
    HF_OBSERVED_SUITE,      /* the cipher suite is none with an AEAD that the provider has */
    HF_OBSERVED_WRONG_KEY,  /* the log's secret does not open it */
} hf_observed_why;

/* What was seen. Texts and bytes borrow from the observer. */
typedef struct hf_observed {
    /* what was agreed, as far as it was seen, from the client's side: version, suite, group, the
     * server's scheme as peer_scheme, the client's as own_scheme, host, alpn, hello_retry, resumed,
     * and established when a Finished went each way. The rest is zero: nobody was authenticated */
    hf_info info;
    uint8_t client_random[32]; /* zeros when there was no ClientHello */
    bool client_hello, server_hello;
    bool keys; /* the key log has a secret of this connection */
    /* Both Finished were recomputed from the log's secrets and everything said, and fit: what is
     * told here is what the two sides said, byte for byte. */
    bool finished_match;
    /* One of them does not fit: messages were changed, are missing, or came in another order. */
    bool finished_differs;
    uint64_t opened, closed; /* encrypted records: decrypted, and left as they were */
    hf_observed_why why;     /* the first reason for a closed one */
    uint64_t cut;            /* records of which bytes were missing */
    uint64_t unread[2];      /* bytes that could not be read as records: server's, client's */
} hf_observed;
HF_API void hf_observer_seen(const hf_observer *o, hf_observed *out);

#ifdef __cplusplus
}
#endif
#endif
