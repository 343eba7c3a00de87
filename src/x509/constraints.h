/* constraints.h: name constraints, RFC 5280 section 4.2.1.10. */
#ifndef HF_X509_CONSTRAINTS_H
#define HF_X509_CONSTRAINTS_H

#include <handfast/x509.h>

/* What a violation was, for the report: name and constraint as text, escaped. */
typedef struct hf_constraint_finding {
    char name[HF_ERROR_TEXT];
    char constraint[HF_ERROR_TEXT];
} hf_constraint_finding;

/* Are the constraints of `ca` well formed, so that a verdict can rest on them? A DNS constraint
 * that begins with a dot means subdomains only; `strict` refuses it. HF_E_CERT_NAME_CONSTRAINTS. */
hf_status hf_constraints_valid(const hf_cert *ca, bool strict, hf_constraint_finding *f);

/* Holds every name of `below` against the constraints of `ca`. Each comparison takes one off
 * `*budget`. HF_E_CERT_NAME_CONSTRAINTS, HF_E_PATH_BUDGET. */
hf_status hf_constraints_check(const hf_cert *ca, const hf_cert *below, unsigned *budget,
                               hf_constraint_finding *f);

#endif
