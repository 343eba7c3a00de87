/* store.h: finding trust anchors by name. The public half is <handfast/x509.h>. */
#ifndef HF_X509_STORE_H
#define HF_X509_STORE_H

#include <handfast/x509.h>

/* Walks the anchors whose subject has this name: start with `*at` 0; NULL at the end. `hash` is
 * hf_name_hash(name). */
const hf_cert *hf_store_next(const hf_store *store, hf_bytes name, uint64_t hash, size_t *at);

/* The anchor with exactly this DER, or NULL. */
const hf_cert *hf_store_find(const hf_store *store, hf_bytes der, hf_bytes subject);

#endif
