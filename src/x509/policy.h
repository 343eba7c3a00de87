/* policy.h: certificate policies along a path, RFC 5280 section 6.1 and RFC 9618. */
#ifndef HF_X509_POLICY_H
#define HF_X509_POLICY_H

#include <handfast/x509.h>

/* Judges the path certs[0] (the leaf) to certs[count - 1] (just below the anchor): fails when an
 * authority or the user requires an explicit policy and none that the user takes is valid all the
 * way, or when a mapping names anyPolicy. `k` (may be NULL) gets which policies are valid at the
 * end and what was asked for, its value and limit. HF_E_CERT_POLICY. */
hf_status hf_policies_check(const hf_cert *const *certs, size_t count, const hf_policy_inputs *in,
                            hf_check *k);

#endif
