/* messages12.h: the handshake messages that TLS 1.2 has in a form of its own, each with its parse
 * and its build side by side, as in messages.h. */
#ifndef HF_WIRE_MESSAGES12_H
#define HF_WIRE_MESSAGES12_H

#include "wire/messages.h"

/* Certificate: RFC 5246 section 7.4.2. */
typedef struct hf_certificate12 {
    hf_bytes list; /* certificate_list: of ASN.1Cert with its 3-byte length */
    size_t count;
} hf_certificate12;
bool hf_certificate12_parse(hf_reader *r, hf_certificate12 *m);
bool hf_certificate12_next(hf_bytes *rest, hf_bytes *der);
void hf_certificate12_build(hf_writer *w, const hf_bytes *certs, size_t count);

/* The same where raw public keys were agreed on: the SubjectPublicKeyInfo alone, in no list; empty
 * from a client that has none. RFC 7250 section 3. */
typedef struct hf_raw_key12 {
    hf_bytes spki;
} hf_raw_key12;
bool hf_raw_key12_parse(hf_reader *r, hf_raw_key12 *m);
void hf_raw_key12_build(hf_writer *w, const hf_raw_key12 *m);

/* CertificateStatus: RFC 6066 section 8. */
typedef struct hf_certificate_status {
    uint8_t status_type; /* 1: ocsp */
    hf_bytes response;
} hf_certificate_status;
bool hf_certificate_status_parse(hf_reader *r, hf_certificate_status *m);
void hf_certificate_status_build(hf_writer *w, const hf_certificate_status *m);

/* ServerKeyExchange of ECDHE: RFC 8422 section 5.4. */
typedef struct hf_server_key_exchange {
    uint8_t curve_type;   /* 3: named_curve */
    uint16_t named_curve; /* a NamedGroup */
    hf_bytes public_key;  /* the point */
    hf_bytes params;      /* parsing: the bytes of the three above, which the signature covers */
    uint16_t algorithm;
    hf_bytes signature;
} hf_server_key_exchange;
bool hf_server_key_exchange_parse(hf_reader *r, hf_server_key_exchange *m);
/* The three fields that are signed, and then the signature. */
void hf_server_ecdh_params_build(hf_writer *w, const hf_server_key_exchange *m);
void hf_server_key_exchange_build(hf_writer *w, const hf_server_key_exchange *m);

/* CertificateRequest: RFC 5246 section 7.4.4. */
typedef struct hf_certificate_request12 {
    hf_bytes certificate_types; /* of uint8: ClientCertificateType */
    hf_bytes signature_algorithms;
    hf_bytes certificate_authorities; /* of DistinguishedName with its 2-byte length */
} hf_certificate_request12;
bool hf_certificate_request12_parse(hf_reader *r, hf_certificate_request12 *m);
void hf_certificate_request12_build(hf_writer *w, const hf_certificate_request12 *m);

/* ClientKeyExchange of ECDHE: RFC 8422 section 5.7. */
typedef struct hf_client_key_exchange {
    hf_bytes public_key;
} hf_client_key_exchange;
bool hf_client_key_exchange_parse(hf_reader *r, hf_client_key_exchange *m);
void hf_client_key_exchange_build(hf_writer *w, const hf_client_key_exchange *m);

/* The same of RSA key transport: EncryptedPreMasterSecret, RFC 5246 section 7.4.7.1. */
typedef struct hf_encrypted_premaster {
    hf_bytes encrypted;
} hf_encrypted_premaster;
bool hf_encrypted_premaster_parse(hf_reader *r, hf_encrypted_premaster *m);
void hf_encrypted_premaster_build(hf_writer *w, const hf_encrypted_premaster *m);

/* NewSessionTicket: RFC 5077 section 3.3. */
typedef struct hf_new_session_ticket12 {
    uint32_t lifetime_hint_s; /* 0: the client decides */
    hf_bytes ticket;          /* empty: none after all */
} hf_new_session_ticket12;
bool hf_new_session_ticket12_parse(hf_reader *r, hf_new_session_ticket12 *m);
void hf_new_session_ticket12_build(hf_writer *w, const hf_new_session_ticket12 *m);

/* ServerHelloDone and HelloRequest: RFC 5246 sections 7.4.5 and 7.4.1.1: nothing but their header.
 */
bool hf_empty_message_parse(hf_reader *r);

#endif
