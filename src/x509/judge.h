/* judge.h: the checks of one certificate in a path, as rows of a table. Internal to x509/. */
#ifndef HF_X509_JUDGE_H
#define HF_X509_JUDGE_H

#include "x509/text.h"

#include <handfast/x509.h>

/* One certificate at its place in a path. */
typedef struct hf_judged {
    const hf_verify_params *params;
    const hf_cert *cert;
    unsigned depth;     /* 0 is the leaf */
    unsigned cas_below; /* authorities between it and the leaf, self-issued ones not counted */
    bool anchor;        /* it is the local store's */
} hf_judged;

/* Judges, and, where `k` is not NULL, writes what the certificate says and what it was compared
 * with into k->value and k->limit. */
typedef hf_status (*hf_judge)(const hf_judged *j, hf_check *k);

enum { HF_WHO_LEAF = 1, HF_WHO_CA = 2 };

typedef struct hf_judge_row {
    const char *name, *section;
    uint8_t who; /* HF_WHO_ bits */
    hf_judge judge;
} hf_judge_row;

/* In the order in which they are made: what makes the difference for security (judge.c), and what
 * the stricter profiles add (profile.c). */
extern const hf_judge_row hf_judge_rows[];
extern const size_t hf_judge_row_count;
extern const hf_judge_row hf_profile_rows[];
extern const size_t hf_profile_row_count;

/* True when extKeyUsage names the purpose (an OID's content octets). */
bool hf_judge_has_purpose(const hf_cert *c, hf_bytes oid);

/* What is asked of every certificate, for one that is judged outside a path: a key of a known kind
 * and of a safe size, and no critical extension that is known and not processed. */
bool hf_judge_key_is_safe(const hf_cert *c);
bool hf_judge_all_processed(const hf_cert *c);

/* Formatted text into k->value and k->limit; `k` may be NULL. */
void hf_judge_value(hf_check *k, const char *format, ...) HF_PRINTF(2, 3);
void hf_judge_limit(hf_check *k, const char *format, ...) HF_PRINTF(2, 3);

#endif
