/* revocation.h: has this certificate been revoked? Judged once a path to an anchor stands, from the
 * lists and responses that the caller gave. RFC 5280 section 6.3, RFC 6960. Internal to x509/.
 *
 * What a list or response says depends on who signed it. The path search lends what that takes: its
 * budget for signatures, the certificates at hand, and a search of its own for another signer's
 * path to the same anchor. */
#ifndef HF_X509_REVOCATION_H
#define HF_X509_REVOCATION_H

#include <handfast/x509.h>

typedef struct hf_revocation_help {
    void *ctx;
    /* The signature over `tbs` by the key in `spki`: HF_OK, HF_E_BAD_SIGNATURE, HF_E_PATH_BUDGET,
     * HF_E_OUT_OF_MEMORY. */
    hf_status (*verify)(void *ctx, hf_bytes spki, const hf_sigscheme *scheme, hf_bytes tbs,
                        hf_bytes signature);
    /* Certificates with this subject, one after the other from `*at` 0; NULL at the end. */
    const hf_cert *(*next)(void *ctx, hf_bytes subject, size_t *at);
    /* Is there a path from `signer` to the anchor of the path that is judged? HF_OK or why not. */
    hf_status (*leads_to_anchor)(void *ctx, const hf_cert *signer);
} hf_revocation_help;

/* Judges `cert`, whose issuer in the path is `issuer`; `leaf` when it is the end entity. Fills
 * k->value and k->limit and returns k->result: HF_OK (good, or nothing demands more),
 * HF_E_CERT_REVOKED, HF_E_REVOCATION_UNKNOWN; HF_E_PATH_BUDGET and HF_E_OUT_OF_MEMORY end the
 * search. `*told` is false when there is nothing to report. */
hf_status hf_revocation_judge(const hf_verify_params *params, const hf_revocation_help *help,
                              const hf_cert *cert, const hf_cert *issuer, bool leaf, hf_check *k,
                              bool *told);

#endif
