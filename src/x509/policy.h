/* policy.h: certificate policies along a path, RFC 5280 section 6.1 and RFC 9618. */
#ifndef HF_X509_POLICY_H
#define HF_X509_POLICY_H

#include <handfast/x509.h>

/* Judges the path certs[0] (the leaf) to certs[count - 1] (just below the anchor) with any policy
 * acceptable to the user: fails when an authority requires an explicit policy and none is valid all
 * the way, or when a mapping names anyPolicy. HF_E_CERT_POLICY. */
hf_status hf_policies_check(const hf_cert *const *certs, size_t count);

#endif
