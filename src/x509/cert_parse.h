/* cert_parse.h: what the certificate's and the request's parsers share. Internal to x509/. */
#ifndef HF_X509_CERT_PARSE_H
#define HF_X509_CERT_PARSE_H

#include "base/reader.h"

#include <handfast/x509.h>

#define HF_CERT_MOST_EXTENSIONS 64U /* known and unknown; more are malformed here */

/* The first judgement that is not the DER reader's own, for the error text. */
typedef struct hf_cert_judgement {
    const char *expected; /* NULL: none */
    char got[HF_ERROR_TEXT];
} hf_cert_judgement;

/* Fails `r` at `start` (its own offset), keeping the words for the error. */
void hf_cert_judge(hf_reader *r, size_t start, hf_cert_judgement *j, hf_status why,
                   const char *field, const char *expected, const char *got, ...) HF_PRINTF(7, 8);

/* The status of the outermost reader, with the judgement's words; `message` names the structure. */
hf_status hf_cert_parse_status(const hf_reader *r, const hf_cert_judgement *j, hf_status code,
                               const char *message, hf_error *e);

/* AlgorithmIdentifier, with its header. */
hf_bytes hf_cert_read_algorithm(hf_reader *r, const char *field);

/* SubjectPublicKeyInfo, with its header. */
hf_bytes hf_cert_read_spki(hf_reader *r);

/* The key identifier in the value of subjectKeyIdentifier, or of authorityKeyIdentifier; .p NULL
 * where there is none. */
hf_bytes hf_cert_key_identifier(hf_bytes extension, bool authority);

/* Extensions: the content of the SEQUENCE OF Extension that `r` stands at, into `c`. */
void hf_cert_read_extensions(hf_reader *r, hf_cert *c, hf_cert_judgement *j);

#endif
