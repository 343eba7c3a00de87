/* transparency.h: do logs of Certificate Transparency vouch for the end entity? Judged once a path
 * to an anchor stands. RFC 6962. Internal to x509/. */
#ifndef HF_X509_TRANSPARENCY_H
#define HF_X509_TRANSPARENCY_H

#include <handfast/x509.h>

/* What the path search lends. */
typedef struct hf_transparency_help {
    void *ctx;
    /* The signature over `tbs` by the key in `spki`, at the cost of one from the budget: HF_OK,
     * HF_E_BAD_SIGNATURE, HF_E_PATH_BUDGET, HF_E_OUT_OF_MEMORY. */
    hf_status (*verify)(void *ctx, hf_bytes spki, const hf_sigscheme *scheme, hf_bytes tbs,
                        hf_bytes signature);
    /* Reports one timestamp; NULL when nobody listens. */
    void (*tell)(void *ctx, hf_check *k);
} hf_transparency_help;

/* Judges the timestamps of `leaf`, whose issuer in the path is `issuer` (NULL: not known), when
 * params->ct_logs is set. Tells of each, fills `k` with the verdict and returns k->result: HF_OK or
 * HF_E_CT_NOT_ENOUGH; HF_E_PATH_BUDGET and HF_E_OUT_OF_MEMORY end the search. */
hf_status hf_transparency_judge(const hf_verify_params *params, const hf_transparency_help *help,
                                const hf_cert *leaf, const hf_cert *issuer, hf_check *k);

#endif
