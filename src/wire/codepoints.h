/* codepoints.h: the numbers that IANA keeps for TLS, and their names. */
#ifndef HF_WIRE_CODEPOINTS_H
#define HF_WIRE_CODEPOINTS_H

#include <handfast/base.h>

/* ContentType, RFC 9846 section 5.1. */
enum {
    HF_CONTENT_CHANGE_CIPHER_SPEC = 20,
    HF_CONTENT_ALERT = 21,
    HF_CONTENT_HANDSHAKE = 22,
    HF_CONTENT_APPLICATION_DATA = 23,
    HF_CONTENT_HEARTBEAT = 24, /* RFC 6520: recognised, never accepted */
};

/* HandshakeType, RFC 9846 section 4; the last two are this engine's own and never on the wire. */
enum {
    HF_MSG_HELLO_REQUEST = 0,
    HF_MSG_CLIENT_HELLO = 1,
    HF_MSG_SERVER_HELLO = 2,
    HF_MSG_NEW_SESSION_TICKET = 4,
    HF_MSG_END_OF_EARLY_DATA = 5,
    HF_MSG_ENCRYPTED_EXTENSIONS = 8,
    HF_MSG_CERTIFICATE = 11,
    HF_MSG_SERVER_KEY_EXCHANGE = 12,
    HF_MSG_CERTIFICATE_REQUEST = 13,
    HF_MSG_SERVER_HELLO_DONE = 14,
    HF_MSG_CERTIFICATE_VERIFY = 15,
    HF_MSG_CLIENT_KEY_EXCHANGE = 16,
    HF_MSG_FINISHED = 20,
    HF_MSG_CERTIFICATE_STATUS = 22,
    HF_MSG_KEY_UPDATE = 24,
    HF_MSG_COMPRESSED_CERTIFICATE = 25,
    HF_MSG_HELLO_RETRY_REQUEST = 253, /* a ServerHello with the special random */
    HF_MSG_CHANGE_CIPHER_SPEC = 254,  /* TLS 1.2: a record that takes part in the order */
    HF_MSG_NONE = 255,                /* a table row of local work, no message */
};

/* ExtensionType, RFC 9846 section 4.3 and the IANA registry. */
enum {
    HF_EXT_SERVER_NAME = 0,
    HF_EXT_STATUS_REQUEST = 5,
    HF_EXT_SUPPORTED_GROUPS = 10,
    HF_EXT_EC_POINT_FORMATS = 11,
    HF_EXT_SIGNATURE_ALGORITHMS = 13,
    HF_EXT_ALPN = 16,
    HF_EXT_SIGNED_CERTIFICATE_TIMESTAMP = 18,
    HF_EXT_CLIENT_CERTIFICATE_TYPE = 19,
    HF_EXT_SERVER_CERTIFICATE_TYPE = 20,
    HF_EXT_PADDING = 21,
    HF_EXT_ENCRYPT_THEN_MAC = 22,
    HF_EXT_EXTENDED_MASTER_SECRET = 23,
    HF_EXT_COMPRESS_CERTIFICATE = 27,
    HF_EXT_RECORD_SIZE_LIMIT = 28,
    HF_EXT_SESSION_TICKET = 35,
    HF_EXT_PRE_SHARED_KEY = 41,
    HF_EXT_EARLY_DATA = 42,
    HF_EXT_SUPPORTED_VERSIONS = 43,
    HF_EXT_COOKIE = 44,
    HF_EXT_PSK_KEY_EXCHANGE_MODES = 45,
    HF_EXT_CERTIFICATE_AUTHORITIES = 47,
    HF_EXT_OID_FILTERS = 48,
    HF_EXT_POST_HANDSHAKE_AUTH = 49,
    HF_EXT_SIGNATURE_ALGORITHMS_CERT = 50,
    HF_EXT_KEY_SHARE = 51,
    HF_EXT_RENEGOTIATION_INFO = 0xff01,
};

enum {
    HF_VERSION_SSL_2 = 0x0002,
    HF_VERSION_SSL_3 = 0x0300,
    HF_VERSION_TLS_1_0 = 0x0301,
    HF_VERSION_TLS_1_1 = 0x0302,
    HF_VERSION_TLS_1_2 = 0x0303,
    HF_VERSION_TLS_1_3 = 0x0304,
};

/* The name as the standard writes it ("ClientHello", "server_name", "TLS_AES_128_GCM_SHA256",
 * "X25519MLKEM768", "ecdsa_secp256r1_sha256", "TLS 1.3", "handshake"), also for code points that
 * this library knows but does not have; "GREASE" for the values of RFC 8701; NULL when unknown. */
const char *hf_message_name(uint8_t type);
const char *hf_extension_name(uint16_t type);
const char *hf_suite_name(uint16_t id);
const char *hf_group_name(uint16_t id);
const char *hf_sigscheme_name(uint16_t id);
const char *hf_version_name(uint16_t version);
const char *hf_content_name(uint8_t type);
const char *hf_certificate_type_name(uint16_t type);

/* True for the sixteen two-byte values of RFC 8701. */
bool hf_is_grease(uint16_t value);

/* The meaning of a field's number, chosen by the field's name as the parsers report it
 * ("cipher_suite", "named_group", "extension_type", ...): a name from above, or NULL. */
const char *hf_codepoint_meaning(const char *field, uint64_t value);

#endif
