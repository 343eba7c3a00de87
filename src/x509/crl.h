/* crl.h: revocation lists: what judging them needs beyond <handfast/x509.h>. */
#ifndef HF_X509_CRL_H
#define HF_X509_CRL_H

#include "base/reader.h"

#include <handfast/x509.h>

#define HF_CRL_MOST_ENTRIES 16777216U /* in one list */
#define HF_CRLS_MOST        4096U     /* lists in one set */

/* ReasonFlags (a BIT STRING of up to 9 named bits) under `tag`: bit n is 1 << n. */
uint16_t hf_crl_reason_flags(hf_reader *r, uint8_t tag, const char *name);
#define HF_CRL_ALL_REASONS 0x1feU /* keyCompromise (1) to aACompromise (8) */

/* distributionPoint [0]: the DistributionPointName inside, with its header. */
hf_bytes hf_crl_point_name(hf_reader *r);

/* Walks the lists of one issuer: start with `*at` 0; NULL at the end. `*list` is its number, for
 * hf_crls_find. `hash` is hf_name_hash(issuer). */
const hf_crl *hf_crls_next(const hf_crls *crls, hf_bytes issuer, uint64_t hash, size_t *at,
                           size_t *list);

/* The entry for a serial number's content octets in list `list`; false when it has none. */
bool hf_crls_find(const hf_crls *crls, size_t list, hf_bytes serial, hf_crl_entry *entry);

/* Which reasons for revocation (HF_CRL_ALL_REASONS) this list, being the one of the certificate's
 * issuer, covers for the certificate: 0 when it is about others (section 6.3.3 (b) and (d)). */
uint16_t hf_crl_covers(const hf_crl *crl, const hf_cert *cert);

#endif
