/* extensions.h: every extension as one struct, and the grid that says which message may have which.
 *
 * The same struct serves parsing and building, for all messages: `present` says which members mean
 * something, by index in the grid. Lists stay as the bytes on the wire (the content of the vector,
 * without its length), which the parser has walked item by item: a list that parsed is well-formed.
 */
#ifndef HF_WIRE_EXTENSIONS_H
#define HF_WIRE_EXTENSIONS_H

#include "base/reader.h"
#include "base/writer.h"
#include "wire/codepoints.h"

/* Where an extension may stand: RFC 9846 section 4.3, the table's columns. */
enum {
    HF_IN_CLIENT_HELLO = 1 << 0,
    HF_IN_SERVER_HELLO = 1 << 1, /* of TLS 1.3 */
    HF_IN_HELLO_RETRY = 1 << 2,
    HF_IN_ENCRYPTED_EXTENSIONS = 1 << 3,
    HF_IN_CERTIFICATE = 1 << 4,
    HF_IN_CERTIFICATE_REQUEST = 1 << 5,
    HF_IN_NEW_SESSION_TICKET = 1 << 6,
    HF_IN_SERVER_HELLO_12 = 1 << 7, /* of TLS 1.2 and before */
};

/* Index in the grid, and bit in `present`. The order is the order in which messages are built
 * (pre_shared_key comes last: RFC 9846 section 4.3.11). */
typedef enum hf_ext {
    HF_X_SUPPORTED_GROUPS,
    HF_X_RECORD_SIZE_LIMIT,
    HF_X_SERVER_NAME,
    HF_X_EC_POINT_FORMATS,
    HF_X_EXTENDED_MASTER_SECRET,
    HF_X_RENEGOTIATION_INFO,
    HF_X_SESSION_TICKET,
    HF_X_ENCRYPT_THEN_MAC,
    HF_X_ALPN,
    HF_X_STATUS_REQUEST,
    HF_X_SIGNED_CERTIFICATE_TIMESTAMP,
    HF_X_SIGNATURE_ALGORITHMS,
    HF_X_SIGNATURE_ALGORITHMS_CERT,
    HF_X_CERTIFICATE_AUTHORITIES,
    HF_X_OID_FILTERS,
    HF_X_POST_HANDSHAKE_AUTH,
    HF_X_COMPRESS_CERTIFICATE,
    HF_X_CLIENT_CERTIFICATE_TYPE,
    HF_X_SERVER_CERTIFICATE_TYPE,
    HF_X_KEY_SHARE,
    HF_X_COOKIE,
    HF_X_SUPPORTED_VERSIONS,
    HF_X_PSK_KEY_EXCHANGE_MODES,
    HF_X_EARLY_DATA,
    HF_X_PADDING,
    HF_X_PRE_SHARED_KEY,
    HF_X_COUNT,
} hf_ext;

#define HF_X_BIT(x) (UINT32_C(1) << (x))

typedef struct hf_extensions {
    uint32_t present;   /* HF_X_BIT of each known extension that is there */
    uint16_t unknown;   /* the first extension that the grid does not have ... */
    bool has_unknown;   /* ... if there is one */
    uint16_t forbidden; /* the first known extension that may not be in this message ... */
    bool has_forbidden; /* ... if there is one */
    bool psk_not_last;

    hf_bytes host_name;        /* server_name: one host_name; empty in a server's answer */
    hf_bytes supported_groups; /* of uint16 */
    uint16_t record_size_limit;
    hf_bytes ec_point_formats; /* of uint8 */
    hf_bytes renegotiated_connection;
    hf_bytes session_ticket;
    hf_bytes alpn;          /* of ProtocolName, each with its length byte */
    uint8_t status_type;    /* status_request in ClientHello: 1 is ocsp */
    hf_bytes ocsp_response; /* status_request in Certificate */
    hf_bytes sct_list;      /* signed_certificate_timestamp in Certificate: of SerializedSCT */
    hf_bytes signature_algorithms; /* of uint16 */
    hf_bytes signature_algorithms_cert;
    hf_bytes certificate_authorities; /* of DistinguishedName with its 2-byte length */
    hf_bytes oid_filters;
    hf_bytes compression_algorithms; /* compress_certificate: of uint16 */
    /* client_certificate_type, server_certificate_type: of uint8; in an answer the one chosen */
    hf_bytes client_certificate_types, server_certificate_types;
    hf_bytes client_shares; /* ClientHello: of KeyShareEntry */
    uint16_t share_group;   /* ServerHello, HelloRetryRequest: the group chosen */
    hf_bytes server_share;  /* ServerHello: key_exchange */
    hf_bytes cookie;
    hf_bytes supported_versions;  /* ClientHello: of uint16 */
    uint16_t selected_version;    /* ServerHello, HelloRetryRequest */
    hf_bytes psk_modes;           /* of uint8 */
    uint32_t max_early_data_size; /* early_data in NewSessionTicket */
    size_t padding_len;
    hf_bytes psk_identities;   /* of PskIdentity */
    hf_bytes psk_binders;      /* of PskBinderEntry */
    size_t psk_binders_offset; /* of the binders' length field in the message with its header: what
                                  is hashed ends here (RFC 9846 section 4.3.11.2) */
    uint16_t selected_identity;

    /* building only: GREASE extensions around the others (0: none), RFC 8701 section 3.1 */
    uint16_t grease_first, grease_last;
} hf_extensions;

/* Reads `Extension extensions<..>` with its 2-byte length. `in` is one HF_IN_ bit. Form is checked
 * here (an extension standing twice fails with HF_E_DUPLICATE_EXTENSION); what may not be there is
 * only noted, in `forbidden` and `unknown`, for the handshake to judge. */
void hf_extensions_parse(hf_reader *r, hf_extensions *x, unsigned in);

/* Writes the list with its 2-byte length: each present extension in the grid's order. */
void hf_extensions_build(hf_writer *w, const hf_extensions *x, unsigned in);

static inline bool hf_ext_has(const hf_extensions *x, hf_ext which)
{
    return (x->present & HF_X_BIT(which)) != 0;
}

/* The extension's code point and name by its index, and the bits of the messages it may be in. */
uint16_t hf_ext_type(hf_ext which);
unsigned hf_ext_allowed_in(hf_ext which);

/* ---- walking lists that parsed ---- */

/* Number of items of a list of uint16, and item `i`. */
static inline size_t hf_u16s_count(hf_bytes list)
{
    return list.n / 2;
}
static inline uint16_t hf_u16s_at(hf_bytes list, size_t i)
{
    return (uint16_t)(list.p[2 * i] << 8 | list.p[2 * i + 1]);
}
bool hf_u16s_have(hf_bytes list, uint16_t value);

/* Takes the first KeyShareEntry off `*rest`; false at the end. */
bool hf_key_share_next(hf_bytes *rest, uint16_t *group, hf_bytes *key_exchange);

/* Takes the first length-prefixed item (1 or 2 bytes of length) off `*rest`; false at the end. */
bool hf_item8_next(hf_bytes *rest, hf_bytes *item);
bool hf_item16_next(hf_bytes *rest, hf_bytes *item);

/* Takes the first PskIdentity off `*rest`; false at the end. */
bool hf_psk_identity_next(hf_bytes *rest, hf_bytes *identity, uint32_t *obfuscated_ticket_age);

#endif
