/* limbo.h: cases of x509-limbo's form, judged by hf_verify_chain: for the vectors' tests and for
 * limbo_runner. The form is that of limbo-schema.json beside the vectors. */
#ifndef HF_TESTS_LIMBO_H
#define HF_TESTS_LIMBO_H

#include <handfast/x509.h>
#include <jansson.h>

typedef enum limbo_result { LIMBO_SUCCESS, LIMBO_FAILURE, LIMBO_SKIPPED } limbo_result;

typedef struct limbo_verdict {
    limbo_result result;
    char why[1024]; /* in words, ASCII */
    hf_error e;
} limbo_verdict;

typedef struct limbo_options {
    hf_profile profile;
    hf_signature_cache *signatures; /* may be NULL */
    const hf_verify_report *report; /* may be NULL */
} limbo_options;

/* The profile whose rules a case means by its name: "webpki::..." and "online::..." those of
 * browsers, the other groups of x509-limbo the letter of RFC 5280. Cases of other suites, whose
 * certificates keep neither to the letter, get the default of TLS. */
hf_profile limbo_profile(const char *id);

/* Judges by what the case says: certificates, time, names, depth; its validation_kind is the
 * purpose where it lists no extended key usage of its own, and a feature "pedantic-..." asks for
 * hf_verify_params.pedantic. */
void limbo_judge(const json_t *testcase, const limbo_options *o, limbo_verdict *v);

const char *limbo_result_name(limbo_result result);

/* A member that is a string; "" when it is none. */
const char *limbo_text(const json_t *object, const char *key);

/* Certificates whose DER is kept with them: a pool for one path. */
typedef struct limbo_certs limbo_certs;
limbo_certs *limbo_certs_new(void);
void limbo_certs_free(limbo_certs *c);
/* Parses and keeps one; an hf_pem_each callback. */
hf_status limbo_certs_add(void *certs, hf_bytes der);
const hf_cert *limbo_certs_all(const limbo_certs *c, size_t *n);
/* The error of the last that did not parse. */
const hf_error *limbo_certs_error(const limbo_certs *c);

#endif
