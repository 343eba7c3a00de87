/* sct.h: what a log signs: RFC 6962 section 3.2. Internal to x509/; the public half is in
 * <handfast/ct.h>. */
#ifndef HF_X509_SCT_H
#define HF_X509_SCT_H

#include "base/buf.h"

#include <handfast/x509.h>

/* Appends the entry that a log signs for a certificate: its type and the certificate itself. For a
 * timestamp that came in the certificate (`embedded`) it is the precertificate's: the hash of the
 * issuer's key, and the TBSCertificate as it was before the timestamps were put in. HF_E_INTERNAL
 * where a part is too long for its length, HF_E_OUT_OF_MEMORY. */
hf_status hf_sct_write_entry(hf_buf *out, bool embedded, const hf_cert *cert,
                             const hf_cert *issuer);

/* Appends all that the log signs: `entry` (as above) between what the timestamp says. */
hf_status hf_sct_write_signed(hf_buf *out, const hf_sct *sct, hf_bytes entry);

/* The scheme that the timestamp names, if RFC 6962 section 2.1.4 has it for a key of the log's
 * type; else NULL. */
const hf_sigscheme *hf_sct_scheme(const hf_sct *sct, const hf_ct_log *log);

#endif
