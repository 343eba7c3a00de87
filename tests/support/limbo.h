/* limbo.h: cases of x509-limbo's form, judged by hf_verify_chain: for the vectors' tests and for
 * limbo_runner. The form is that of limbo-schema.json beside the vectors. */
#ifndef HF_TESTS_LIMBO_H
#define HF_TESTS_LIMBO_H

#include <handfast/x509.h>
#include <jansson.h>

/* The profile whose rules a case means by its name: "webpki::..." and "online::..." those of
 * browsers, the other groups of x509-limbo the letter of RFC 5280. Cases of other suites, whose
 * certificates keep neither to the letter, get the default of TLS. */
hf_profile limbo_profile(const char *id);

/* Why a case cannot be judged ("revocation lists are not judged"); NULL when it can. */
const char *limbo_unsupported(const json_t *testcase);

/* The verdict: HF_OK, or the failure with its story in `*e`. */
hf_status limbo_judge(const json_t *testcase, hf_profile profile, hf_error *e);

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
