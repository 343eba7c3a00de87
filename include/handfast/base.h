/* base.h: the few types that every handfast header shares: status, errors, borrowed bytes.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 */
#ifndef HANDFAST_BASE_H
#define HANDFAST_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#    define HF_API                 __attribute__((visibility("default")))
#    define HF_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#    define HF_API
#    define HF_PRINTF(text, first)
#endif

#define HF_VERSION_MAJOR  0
#define HF_VERSION_MINOR  1
#define HF_VERSION_PATCH  0
#define HF_VERSION_STRING "0.1.0"

/* The version of the library that is linked, as HF_VERSION_STRING; static text. */
HF_API const char *hf_version(void);

/* 0 for success, or one of the negative HF_E_ codes below. */
typedef int hf_status;

enum {
    HF_OK = 0,
#define HF_ERROR(name, number, alert, sentence, remedy, section) HF_E_##name = -(number),
#include <handfast/errors.def>
#undef HF_ERROR
};

/* Borrowed bytes: whoever made them owns them and must outlive every use. {NULL, 0} is empty. */
typedef struct hf_bytes {
    const uint8_t *p;
    size_t n; /* bytes */
} hf_bytes;

/* AlertDescription, RFC 9846 section 6. */
typedef enum hf_alert {
    HF_ALERT_close_notify = 0,
    HF_ALERT_unexpected_message = 10,
    HF_ALERT_bad_record_mac = 20,
    HF_ALERT_record_overflow = 22,
    HF_ALERT_handshake_failure = 40,
    HF_ALERT_bad_certificate = 42,
    HF_ALERT_unsupported_certificate = 43,
    HF_ALERT_certificate_revoked = 44,
    HF_ALERT_certificate_expired = 45,
    HF_ALERT_certificate_unknown = 46,
    HF_ALERT_illegal_parameter = 47,
    HF_ALERT_unknown_ca = 48,
    HF_ALERT_access_denied = 49,
    HF_ALERT_decode_error = 50,
    HF_ALERT_decrypt_error = 51,
    HF_ALERT_protocol_version = 70,
    HF_ALERT_insufficient_security = 71,
    HF_ALERT_internal_error = 80,
    HF_ALERT_inappropriate_fallback = 86,
    HF_ALERT_user_canceled = 90,
    HF_ALERT_no_renegotiation = 100, /* RFC 5246 section 7.2.2 */
    HF_ALERT_missing_extension = 109,
    HF_ALERT_unsupported_extension = 110,
    HF_ALERT_unrecognized_name = 112,
    HF_ALERT_bad_certificate_status_response = 113,
    HF_ALERT_unknown_psk_identity = 115,
    HF_ALERT_certificate_required = 116,
    HF_ALERT_general_error = 117, /* RFC 9846 section 6.2 */
    HF_ALERT_no_application_protocol = 120,
} hf_alert;

#define HF_ERROR_TEXT 160 /* bytes, with the terminating NUL */

/* An error that explains itself. A function that takes an hf_error pointer accepts NULL; it writes
 * the struct only when it fails. Nothing in it is owned: it may be copied and kept. */
typedef struct hf_error {
    hf_status code;      /* HF_E_..., HF_OK when there is no error */
    uint8_t alert;       /* the AlertDescription that was sent or received */
    bool alert_sent;     /* this side told the peer with `alert` */
    bool alert_received; /* the peer told this side with `alert` */
    bool has_offset;     /* `offset` means something */
    uint32_t offset;     /* of the field in its message or file, bytes */
    const char *message; /* static: where, for example "ServerHello" or "certificate 1"; or NULL */
    const char *field;   /* static: which field, for example "legacy_session_id_echo"; or NULL */
    char subject[HF_ERROR_TEXT];  /* on what: a host, a file, a certificate's subject; or "" */
    char expected[HF_ERROR_TEXT]; /* what would have been right; or "" */
    char got[HF_ERROR_TEXT];      /* what came instead; or "" */
} hf_error;

/* The code's name ("BAD_FINISHED"), one sentence that says what happened, what a person can do, and
 * the section that requires the check ("" where no text does). Static; never NULL. */
HF_API const char *hf_error_name(hf_status code);
HF_API const char *hf_error_sentence(hf_status code);
HF_API const char *hf_error_remedy(hf_status code);
HF_API const char *hf_error_section(hf_status code);

/* The AlertDescription that this error sends when it ends a connection. */
HF_API uint8_t hf_error_alert(hf_status code);

/* The alert's name in RFC 9846 ("handshake_failure"), or "unknown". Static. */
HF_API const char *hf_alert_name(uint8_t alert);

/* Writes the error as a person reads it: a sentence, then indented lines `where`, `expected`,
 * `got`, `alert` and `try`, as far as they are known, each ended by a newline; always
 * NUL-terminated, cut when `size` bytes are too few (1,024 always suffice). Returns the length that
 * was written. */
HF_API size_t hf_error_format(const hf_error *error, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
