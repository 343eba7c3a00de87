/* ocsp.h: an OCSP response, read: RFC 6960 section 4.2. Judged in revocation.c. Every hf_bytes
 * borrows from the DER. */
#ifndef HF_X509_OCSP_H
#define HF_X509_OCSP_H

#include <handfast/x509.h>

typedef struct hf_ocsp {
    unsigned status; /* responseStatus: 0 is successful; then the rest is there */
    hf_bytes tbs;    /* tbsResponseData with its header: what is signed */
    hf_bytes signature_algorithm, signature;
    const hf_sigscheme *signed_with; /* NULL when the algorithm is unknown or refused */
    hf_bytes responder_name;         /* Name with its header; .p NULL: by key */
    hf_bytes responder_key;          /* SHA-1 of the key; .p NULL: by name */
    int64_t produced_s;
    hf_bytes responses; /* content: of SingleResponse */
    size_t count;
    hf_bytes certs; /* content: of Certificate; .p NULL when absent */
    bool unknown_critical;
} hf_ocsp;

typedef enum hf_ocsp_status { HF_OCSP_GOOD, HF_OCSP_REVOKED, HF_OCSP_UNKNOWN } hf_ocsp_status;

typedef struct hf_ocsp_single {
    hf_bytes hash_oid, name_hash, key_hash, serial; /* CertID */
    hf_ocsp_status status;
    int64_t revoked_s;
    int reason; /* 0: unspecified, or none given */
    int64_t this_update_s, next_update_s;
    bool has_next_update, unknown_critical;
    hf_bytes sct_list; /* value of the extension with timestamps (RFC 6962 section 3.3); .p NULL */
} hf_ocsp_single;

/* Parses the whole, strictly DER, each single response too. HF_E_OCSP_MALFORMED. */
hf_status hf_ocsp_parse(hf_bytes der, hf_ocsp *out, hf_error *e);

/* Walks the single responses of one that parsed: `*rest` starts as ocsp->responses. */
bool hf_ocsp_next(hf_bytes *rest, hf_ocsp_single *out);

/* Is it about this certificate of this issuer? By SHA-1 or SHA-256. */
bool hf_ocsp_is_about(const hf_ocsp_single *s, const hf_cert *cert, const hf_cert *issuer);

/* Is this certificate's key or name the one that the response names as its responder? */
bool hf_ocsp_names(const hf_ocsp *o, const hf_cert *signer);

/* Takes the first certificate off `*rest`, which starts as ocsp->certs; false at the end. */
bool hf_ocsp_next_cert(hf_bytes *rest, hf_bytes *der);

/* True when the TLS feature extension (RFC 7633) names status_request: "must staple". */
bool hf_cert_must_staple(const hf_cert *cert);

#endif
