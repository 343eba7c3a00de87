/* issue.h: what making certificates and making requests share. Internal to x509/. */
#ifndef HF_X509_ISSUE_H
#define HF_X509_ISSUE_H

#include "base/writer.h"

#include <handfast/x509.h>

/* subjectAltName's value (GeneralNames) for the template's names; nothing when there are none. */
hf_status hf_issue_names(hf_writer *w, const char *const *names, hf_error *e);

/* One Extension; `content` is the value inside the OCTET STRING. */
void hf_issue_extension(hf_writer *w, uint32_t bit, bool critical, hf_bytes content);

/* authorityKeyIdentifier: the issuer's own identifier, else the one that its key gives. */
void hf_issue_authority_key_id(hf_writer *w, const hf_cert *issuer);

/* SEQUENCE { to_sign, AlgorithmIdentifier, BIT STRING } into `out`, which the caller frees with
 * hf_der_free. `to_sign` is DER. */
hf_status hf_issue_sign(hf_bytes to_sign, const hf_key *key, hf_bytes *out, hf_error *e);

#endif
