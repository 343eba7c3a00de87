/* ticket.h: sealing what a server must remember so that the client can keep it. RFC 5077 section 4
 * is the model: a key's name, a nonce, and the state under AES-256-GCM with both as associated
 * data.
 */
#ifndef HF_SESSION_TICKET_H
#define HF_SESSION_TICKET_H

#include "base/buf.h"
#include <handfast/session.h>

#define HF_TICKET_KEY_NAME 16U
#define HF_TICKET_OVERHEAD (HF_TICKET_KEY_NAME + HF_AEAD_NONCE + 16U)

/* The same keys seal other things than tickets, each under a key derived for it, so that none of
 * them can be shown in another's place. */
typedef enum hf_seal_use {
    HF_SEAL_TICKET,
    HF_SEAL_COOKIE, /* of HelloRetryRequest */
} hf_seal_use;

hf_status hf_seal_for(hf_seal_use use, hf_ticket_keys *k, const hf_provider *provider,
                      int64_t now_s, hf_bytes state, hf_buf *out);
hf_status hf_open_for(hf_seal_use use, hf_ticket_keys *k, const hf_provider *provider,
                      int64_t now_s, hf_bytes sealed, hf_buf *out);

/* Both for tickets.

 * Appends the sealed form of `state` to `out`. `now_s` decides about a change of keys.
 * HF_E_RANDOM, HF_E_OUT_OF_MEMORY, HF_E_CRYPTO. */
hf_status hf_ticket_seal(hf_ticket_keys *k, const hf_provider *provider, int64_t now_s,
                         hf_bytes state, hf_buf *out);

/* Appends the state to `out`. HF_E_BAD_RECORD_MAC: it is not a ticket of these keys, or a key of it
 * is past its time. */
hf_status hf_ticket_open(hf_ticket_keys *k, const hf_provider *provider, int64_t now_s,
                         hf_bytes ticket, hf_buf *out);

#endif
