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

/* Appends the sealed form of `state` to `out`. `now_s` decides about a change of keys.
 * HF_E_RANDOM, HF_E_OUT_OF_MEMORY, HF_E_CRYPTO. */
hf_status hf_ticket_seal(hf_ticket_keys *k, const hf_provider *provider, int64_t now_s,
                         hf_bytes state, hf_buf *out);

/* Appends the state to `out`. HF_E_BAD_RECORD_MAC: it is not a ticket of these keys, or a key of it
 * is past its time. */
hf_status hf_ticket_open(hf_ticket_keys *k, const hf_provider *provider, int64_t now_s,
                         hf_bytes ticket, hf_buf *out);

#endif
