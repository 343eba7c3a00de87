/* psk.h: pre-shared keys from outside TLS, as they are held: with every identity that they have on
 * the wire, and the key that belongs to it (RFC 9846 section 4.3.11, RFC 9258).
 *
 * A key has one form as it is, or one for each KDF when it is imported. A form knows nothing of
 * connections: a client offers it, a server looks it up by its identity. */
#ifndef HF_SESSION_PSK_H
#define HF_SESSION_PSK_H

#include "session/session.h"
#include <handfast/psk.h>
#include <stdatomic.h>

#define HF_PSK_KEY_LEAST 16U
#define HF_PSK_MOST      1024U /* bytes of an identity, a key, a context */
#define HF_PSK_FORMS     2U

typedef struct hf_psk_form {
    hf_bytes identity; /* on the wire */
    hf_bytes secret;   /* what the key schedule begins with */
    const hf_hash *hash;
    const char *binder; /* the label of its binder's key */
} hf_psk_form;

/* One allocation, wiped when the last reference goes. */
typedef struct hf_held_psk {
    atomic_uint refs;
    size_t size;       /* of the allocation */
    hf_bytes identity; /* the application's */
    hf_psk_form forms[HF_PSK_FORMS];
    size_t form_count;
    bool own;                          /* a server's: what its program itself offers */
    uint8_t digest[HF_SESSION_DIGEST]; /* of identity, context and key: what tickets are bound to */
    uint8_t imported[HF_PSK_FORMS][HF_HASH_MAX_DIGEST]; /* secrets of forms */
    uint32_t early_data;
    uint16_t early_suite;
    hf_bytes early_alpn;
    uint8_t bytes[]; /* what the others point at */
} hf_held_psk;

/* Copies and imports. HF_E_BAD_ARGUMENT with what is wrong, HF_E_OUT_OF_MEMORY; `e` may be NULL. */
hf_status hf_held_psk_new(const hf_psk *psk, const hf_provider *provider, hf_held_psk **out,
                          hf_error *e);
hf_held_psk *hf_held_psk_ref(hf_held_psk *held);
void hf_held_psk_free(hf_held_psk *held); /* one reference; NULL is fine */

/* The form that has this identity on the wire; NULL: none. */
const hf_psk_form *hf_held_psk_form(const hf_held_psk *held, hf_bytes identity);

/* Where the identity has the form of RFC 9258's ImportedIdentity for TLS 1.3 and a KDF that is
 * known: what it was made of. */
bool hf_imported_identity_parse(hf_bytes identity, hf_bytes *external, hf_bytes *context);

/* Keys in the order of adding, found by identity. {0} is empty; constant once it is built. */
typedef struct hf_psk_set {
    hf_held_psk **held;
    size_t count, room;
    struct hf_psk_place {
        const hf_psk_form *form;
        size_t at; /* in `held` */
    } * sorted;    /* by the forms' identities */
    size_t form_count, form_room;
} hf_psk_set;

/* Takes over the reference, on failure too. HF_E_BAD_ARGUMENT: an identity is there already. */
hf_status hf_psk_set_add(hf_psk_set *set, hf_held_psk *held);
/* NULL: not there. */
const struct hf_psk_place *hf_psk_set_find(const hf_psk_set *set, hf_bytes identity);
/* By what a ticket is bound to; NULL: not there. */
hf_held_psk *hf_psk_set_bound(const hf_psk_set *set, const uint8_t digest[HF_SESSION_DIGEST]);
void hf_psk_set_free(hf_psk_set *set);

#endif
