/* messages.h: the handshake messages as structs, each with its parse and its build side by side.
 *
 * A parser reads the body (without the four-byte header, whose offset the reader's base accounts
 * for) to its end, fills the struct and returns hf_reader_done; it has no policy. Every hf_bytes
 * borrows from the message. A builder writes the body. Where a message differs between TLS 1.3 and
 * 1.2, the two forms have names of their own.
 */
#ifndef HF_WIRE_MESSAGES_H
#define HF_WIRE_MESSAGES_H

#include "wire/extensions.h"

#define HF_RANDOM_LEN 32

/* ClientHello: RFC 9846 section 4.2.2, RFC 5246 section 7.4.1.2. */
typedef struct hf_client_hello {
    uint16_t legacy_version;
    hf_bytes random;            /* 32 bytes */
    hf_bytes legacy_session_id; /* 0 to 32 bytes */
    hf_bytes cipher_suites;     /* of uint16 */
    hf_bytes legacy_compression_methods;
    bool has_extensions; /* a hello of old may end before them */
    hf_extensions extensions;
} hf_client_hello;
bool hf_client_hello_parse(hf_reader *r, hf_client_hello *m);
void hf_client_hello_build(hf_writer *w, const hf_client_hello *m);

/* ServerHello and HelloRetryRequest: RFC 9846 sections 4.2.3 and 4.2.4. Which of the two it is, and
 * whether it is TLS 1.2's, decides which extensions are allowed: the parser sees it from the random
 * and from supported_versions being there. */
typedef struct hf_server_hello {
    uint16_t legacy_version;
    hf_bytes random;
    hf_bytes legacy_session_id_echo;
    uint16_t cipher_suite;
    uint8_t legacy_compression_method;
    bool is_retry; /* random is the SHA-256 of "HelloRetryRequest" */
    bool has_extensions;
    hf_extensions extensions;
} hf_server_hello;
extern const uint8_t hf_hello_retry_random[HF_RANDOM_LEN];
bool hf_server_hello_parse(hf_reader *r, hf_server_hello *m);
void hf_server_hello_build(hf_writer *w, const hf_server_hello *m);

/* EncryptedExtensions: RFC 9846 section 4.4.1. */
typedef struct hf_encrypted_extensions {
    hf_extensions extensions;
} hf_encrypted_extensions;
bool hf_encrypted_extensions_parse(hf_reader *r, hf_encrypted_extensions *m);
void hf_encrypted_extensions_build(hf_writer *w, const hf_encrypted_extensions *m);

/* CertificateRequest: RFC 9846 section 4.4.2. */
typedef struct hf_certificate_request {
    hf_bytes context; /* certificate_request_context */
    hf_extensions extensions;
} hf_certificate_request;
bool hf_certificate_request_parse(hf_reader *r, hf_certificate_request *m);
void hf_certificate_request_build(hf_writer *w, const hf_certificate_request *m);

/* Certificate: RFC 9846 section 4.5.1. The list stays as bytes that parsed; walk it with
 * hf_certificate_entry_next. The entries' extensions are checked for form by the parser; forbidden
 * and unknown ones of any entry are noted in `extensions` of the message. */
typedef struct hf_certificate {
    hf_bytes context;
    hf_bytes list; /* certificate_list: of CertificateEntry */
    size_t count;
    hf_extensions extensions; /* of the first entry (OCSP, SCT), and the notes of all */
    uint32_t present_any;     /* HF_X_BIT of each extension that any entry has */
} hf_certificate;
bool hf_certificate_parse(hf_reader *r, hf_certificate *m);
/* The same where RFC 7250's raw public keys were agreed on: its one entry holds a
 * SubjectPublicKeyInfo in place of a certificate. */
bool hf_certificate_raw_key_parse(hf_reader *r, hf_certificate *m);
bool hf_certificate_entry_next(hf_bytes *rest, hf_bytes *cert_data, hf_bytes *extensions);
/* Builds from `count` DER certificates; the first entry gets `first` (may be NULL), the others
 * none. */
void hf_certificate_build(hf_writer *w, hf_bytes context, const hf_bytes *certs, size_t count,
                          const hf_extensions *first);

/* CompressedCertificate: RFC 8879 section 4. Expanded, it is the body of a Certificate. */
typedef struct hf_compressed_certificate {
    uint16_t algorithm;
    uint32_t uncompressed_length; /* bytes, as declared: judge it before believing it */
    hf_bytes compressed;
} hf_compressed_certificate;
bool hf_compressed_certificate_parse(hf_reader *r, hf_compressed_certificate *m);
void hf_compressed_certificate_build(hf_writer *w, const hf_compressed_certificate *m);

/* CertificateVerify: RFC 9846 section 4.5.2. */
typedef struct hf_certificate_verify {
    uint16_t algorithm;
    hf_bytes signature;
} hf_certificate_verify;
bool hf_certificate_verify_parse(hf_reader *r, hf_certificate_verify *m);
void hf_certificate_verify_build(hf_writer *w, const hf_certificate_verify *m);

/* Finished: RFC 9846 section 4.5.3. The body is verify_data whole. */
typedef struct hf_finished {
    hf_bytes verify_data;
} hf_finished;
bool hf_finished_parse(hf_reader *r, hf_finished *m);
void hf_finished_build(hf_writer *w, const hf_finished *m);

/* NewSessionTicket: RFC 9846 section 4.7.1. */
typedef struct hf_new_session_ticket {
    uint32_t ticket_lifetime_s, ticket_age_add;
    hf_bytes ticket_nonce, ticket;
    hf_extensions extensions;
} hf_new_session_ticket;
bool hf_new_session_ticket_parse(hf_reader *r, hf_new_session_ticket *m);
void hf_new_session_ticket_build(hf_writer *w, const hf_new_session_ticket *m);

/* KeyUpdate: RFC 9846 section 4.7.3. */
typedef struct hf_key_update_msg {
    uint8_t request_update;
} hf_key_update_msg;
bool hf_key_update_parse(hf_reader *r, hf_key_update_msg *m);
void hf_key_update_build(hf_writer *w, const hf_key_update_msg *m);

/* Alert: RFC 9846 section 6. */
typedef struct hf_alert_msg {
    uint8_t level, description;
} hf_alert_msg;
bool hf_alert_parse(hf_reader *r, hf_alert_msg *m);
void hf_alert_build(hf_writer *w, const hf_alert_msg *m);

/* Reads any handshake message with the header for the trace alone: the parser above that fits its
 * type runs with `sink` attached. Unknown types report their body as bytes. */
void hf_message_trace(hf_bytes message, const hf_field_sink *sink);
/* The same for a version whose forms may differ: 0x0303 is TLS 1.2's, any other TLS 1.3's. */
void hf_message_trace_of(uint16_t version, hf_bytes message, const hf_field_sink *sink);
/* The same for TLS 1.2 with RSA key transport, where ClientKeyExchange has a form of its own, which
 * nothing in the message tells. */
void hf_message_trace_transport12(hf_bytes message, const hf_field_sink *sink);
/* A Certificate that holds a raw public key (RFC 7250), which only the hellos tell. */
void hf_message_trace_raw_key(uint16_t version, hf_bytes message, const hf_field_sink *sink);

#endif
