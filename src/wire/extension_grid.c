/* extension_grid.c: the fields of every extension, parse and build side by side, and the grid that
 * says which message may have which. Sections are RFC 9846's unless another text is named. */
#include "wire/extension_grid.h"

#include "wire/form.h"

#include <string.h>

#define OCSP      1U /* CertificateStatusType, RFC 6066 section 8 */
#define HOST_NAME 0U /* NameType, RFC 6066 section 3 */

/* An extension that says all by being there: extended_master_secret (RFC 7627 section 5.1),
 * encrypt_then_mac (RFC 7366 section 2), post_handshake_auth (section 4.3.6). */
static void parse_empty(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)d; /* the walker refuses what is left unread */
    (void)x;
    (void)in;
}

static void build_empty(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)w;
    (void)x;
    (void)in;
}

/* server_name: RFC 6066 section 3. A NameType that is unknown here has a two-byte length too. */
static void parse_server_name_entry(hf_reader *list, hf_extensions *x, uint8_t had[32])
{
    hf_read_open(list, "ServerName");
    uint8_t type = hf_read_u8(list, "name_type");
    if ((had[type / 8] >> (type % 8) & 1) != 0)
        hf_reader_fail(list, HF_E_VALUE, "name_type");
    had[type / 8] = (uint8_t)(had[type / 8] | 1U << (type % 8));
    if (type == HOST_NAME) {
        hf_bytes name = hf_read_vec16(list, "host_name");
        hf_form_least(list, name.n, 1, "host_name");
        if (!list->failed && memchr(name.p, 0, name.n) != NULL)
            hf_reader_fail(list, HF_E_DECODE, "host_name");
        x->host_name = name;
    } else {
        hf_read_vec16(list, "name");
    }
    hf_read_close(list, "ServerName");
}

static void parse_server_name(hf_reader *d, hf_extensions *x, unsigned in)
{
    if ((in & (HF_IN_CLIENT_HELLO | HF_IN_CERTIFICATE_REQUEST)) == 0)
        return;
    uint8_t had[32] = {0}; /* a bit for each NameType: none may come twice */
    hf_reader list;
    hf_read_sub16(d, &list, "server_name_list");
    hf_form_content(&list, 1);
    while (hf_reader_more(&list))
        parse_server_name_entry(&list, x, had);
    hf_reader_done(&list);
}

static void build_server_name(hf_writer *w, const hf_extensions *x, unsigned in)
{
    if ((in & (HF_IN_CLIENT_HELLO | HF_IN_CERTIFICATE_REQUEST)) == 0)
        return;
    size_t list = hf_write_open(w, 2);
    hf_write_u8(w, HOST_NAME);
    hf_write_vec16(w, x->host_name);
    hf_write_close(w, list, 2);
}

/* supported_groups: section 4.3.7. */
static void parse_supported_groups(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    hf_reader list;
    hf_read_sub16(d, &list, "named_group_list");
    x->supported_groups = hf_form_content(&list, 2);
    while (hf_reader_more(&list))
        hf_read_u16(&list, "named_group");
    hf_reader_done(&list);
}

static void build_supported_groups(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec16(w, x->supported_groups);
}

/* record_size_limit: RFC 8449 section 4. */
static void parse_record_size_limit(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    x->record_size_limit = hf_read_u16(d, "record_size_limit");
}

static void build_record_size_limit(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_u16(w, x->record_size_limit);
}

/* ec_point_formats: RFC 8422 section 5.1.2. */
static void parse_ec_point_formats(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    hf_reader list;
    hf_read_sub8(d, &list, "ec_point_format_list");
    x->ec_point_formats = hf_form_content(&list, 1);
    while (hf_reader_more(&list))
        hf_read_u8(&list, "ec_point_format");
    hf_reader_done(&list);
}

static void build_ec_point_formats(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec8(w, x->ec_point_formats);
}

/* renegotiation_info: RFC 5746 section 3.2. */
static void parse_renegotiation_info(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    x->renegotiated_connection = hf_read_vec8(d, "renegotiated_connection");
}

static void build_renegotiation_info(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec8(w, x->renegotiated_connection);
}

/* SessionTicket: RFC 5077 section 3.2. The ticket is the whole of the data; a server's is empty. */
static void parse_session_ticket(hf_reader *d, hf_extensions *x, unsigned in)
{
    if (in == HF_IN_CLIENT_HELLO)
        x->session_ticket = hf_read_bytes(d, hf_form_left(d), "ticket");
}

static void build_session_ticket(hf_writer *w, const hf_extensions *x, unsigned in)
{
    if (in == HF_IN_CLIENT_HELLO)
        hf_write_bytes(w, x->session_ticket);
}

/* application_layer_protocol_negotiation: RFC 7301 section 3.1. */
static void parse_alpn(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    hf_reader list;
    hf_read_sub16(d, &list, "protocol_name_list");
    x->alpn = hf_form_content(&list, 2);
    while (hf_reader_more(&list)) {
        hf_bytes name = hf_read_vec8(&list, "protocol_name");
        hf_form_least(&list, name.n, 1, "protocol_name");
    }
    hf_reader_done(&list);
}

static void build_alpn(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec16(w, x->alpn);
}

/* status_request: CertificateStatusRequest in a ClientHello, CertificateStatus in a Certificate
 * (RFC 6066 section 8), empty in CertificateRequest (section 4.5.1.1) and in TLS 1.2's ServerHello.
 */
static void parse_status_request_offer(hf_reader *d, hf_extensions *x)
{
    x->status_type = hf_read_u8(d, "status_type");
    if (x->status_type != OCSP) {
        hf_read_bytes(d, hf_form_left(d), "request");
        return;
    }
    hf_reader list;
    hf_read_sub16(d, &list, "responder_id_list");
    while (hf_reader_more(&list)) {
        hf_bytes id = hf_read_vec16(&list, "responder_id");
        hf_form_least(&list, id.n, 1, "responder_id");
    }
    hf_reader_done(&list);
    hf_read_vec16(d, "request_extensions");
}

static void parse_certificate_status(hf_reader *d, hf_extensions *x)
{
    x->status_type = hf_read_u8(d, "status_type");
    if (x->status_type != OCSP) {
        hf_read_bytes(d, hf_form_left(d), "response");
        return;
    }
    x->ocsp_response = hf_read_vec24(d, "response");
    hf_form_least(d, x->ocsp_response.n, 1, "response");
}

static void parse_status_request(hf_reader *d, hf_extensions *x, unsigned in)
{
    if (in == HF_IN_CLIENT_HELLO)
        parse_status_request_offer(d, x);
    else if (in == HF_IN_CERTIFICATE)
        parse_certificate_status(d, x);
}

static void build_status_request(hf_writer *w, const hf_extensions *x, unsigned in)
{
    if (in == HF_IN_CLIENT_HELLO) {
        hf_write_u8(w, OCSP);
        hf_write_u16(w, 0); /* responder_id_list */
        hf_write_u16(w, 0); /* request_extensions */
    } else if (in == HF_IN_CERTIFICATE) {
        hf_write_u8(w, OCSP);
        hf_write_vec24(w, x->ocsp_response);
    }
}

/* signed_certificate_timestamp: RFC 6962 section 3.3. Empty where it asks. */
static void parse_sct(hf_reader *d, hf_extensions *x, unsigned in)
{
    if ((in & (HF_IN_CERTIFICATE | HF_IN_SERVER_HELLO_12)) == 0)
        return;
    hf_reader list;
    hf_read_sub16(d, &list, "sct_list");
    x->sct_list = hf_form_content(&list, 1);
    while (hf_reader_more(&list)) {
        hf_bytes sct = hf_read_vec16(&list, "serialized_sct");
        hf_form_least(&list, sct.n, 1, "serialized_sct");
    }
    hf_reader_done(&list);
}

static void build_sct(hf_writer *w, const hf_extensions *x, unsigned in)
{
    if ((in & (HF_IN_CERTIFICATE | HF_IN_SERVER_HELLO_12)) != 0)
        hf_write_vec16(w, x->sct_list);
}

/* signature_algorithms and signature_algorithms_cert: section 4.3.3. */
static hf_bytes parse_schemes(hf_reader *d)
{
    hf_reader list;
    hf_read_sub16(d, &list, "supported_signature_algorithms");
    hf_bytes schemes = hf_form_content(&list, 2);
    while (hf_reader_more(&list))
        hf_read_u16(&list, "signature_scheme");
    hf_reader_done(&list);
    return schemes;
}

static void parse_signature_algorithms(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    x->signature_algorithms = parse_schemes(d);
}

static void build_signature_algorithms(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec16(w, x->signature_algorithms);
}

static void parse_signature_algorithms_cert(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    x->signature_algorithms_cert = parse_schemes(d);
}

static void build_signature_algorithms_cert(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec16(w, x->signature_algorithms_cert);
}

/* certificate_authorities: section 4.3.4. */
static void parse_certificate_authorities(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    hf_reader list;
    hf_read_sub16(d, &list, "authorities");
    x->certificate_authorities = hf_form_content(&list, 3);
    while (hf_reader_more(&list)) {
        hf_bytes name = hf_read_vec16(&list, "distinguished_name");
        hf_form_least(&list, name.n, 1, "distinguished_name");
    }
    hf_reader_done(&list);
}

static void build_certificate_authorities(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec16(w, x->certificate_authorities);
}

/* oid_filters: section 4.3.5. */
static void parse_oid_filters(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    hf_reader list;
    hf_read_sub16(d, &list, "filters");
    x->oid_filters = hf_form_content(&list, 0);
    while (hf_reader_more(&list)) {
        hf_read_open(&list, "OIDFilter");
        hf_bytes oid = hf_read_vec8(&list, "certificate_extension_oid");
        hf_form_least(&list, oid.n, 1, "certificate_extension_oid");
        hf_read_vec16(&list, "certificate_extension_values");
        hf_read_close(&list, "OIDFilter");
    }
    hf_reader_done(&list);
}

static void build_oid_filters(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec16(w, x->oid_filters);
}

/* compress_certificate: RFC 8879 section 3. */
static void parse_compress_certificate(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    hf_reader list;
    hf_read_sub8(d, &list, "algorithms");
    x->compression_algorithms = hf_form_content(&list, 2);
    while (hf_reader_more(&list))
        hf_read_u16(&list, "compression_algorithm");
    hf_reader_done(&list);
}

static void build_compress_certificate(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec8(w, x->compression_algorithms);
}

/* client_certificate_type and server_certificate_type: RFC 7250 section 3. A client's list may come
 * empty here: what it then says is for the handshake to judge. */
static hf_bytes parse_certificate_types(hf_reader *d, unsigned in, const char *name)
{
    if (in != HF_IN_CLIENT_HELLO) {
        hf_bytes one = {d->p + d->at, 1};
        hf_read_u8(d, "certificate_type");
        return d->failed ? (hf_bytes){NULL, 0} : one;
    }
    hf_reader list;
    hf_read_sub8(d, &list, name);
    hf_bytes types = hf_form_content(&list, 0);
    while (hf_reader_more(&list))
        hf_read_u8(&list, "certificate_type");
    hf_reader_done(&list);
    return types;
}

static void build_certificate_types(hf_writer *w, unsigned in, hf_bytes types)
{
    if (in == HF_IN_CLIENT_HELLO)
        hf_write_vec8(w, types);
    else
        hf_write_bytes(w, types);
}

static void parse_client_certificate_type(hf_reader *d, hf_extensions *x, unsigned in)
{
    x->client_certificate_types = parse_certificate_types(d, in, "client_certificate_types");
}

static void build_client_certificate_type(hf_writer *w, const hf_extensions *x, unsigned in)
{
    build_certificate_types(w, in, x->client_certificate_types);
}

static void parse_server_certificate_type(hf_reader *d, hf_extensions *x, unsigned in)
{
    x->server_certificate_types = parse_certificate_types(d, in, "server_certificate_types");
}

static void build_server_certificate_type(hf_writer *w, const hf_extensions *x, unsigned in)
{
    build_certificate_types(w, in, x->server_certificate_types);
}

/* key_share: section 4.3.8. */
static hf_bytes parse_key_share_entry(hf_reader *r, uint16_t *group)
{
    hf_read_open(r, "KeyShareEntry");
    *group = hf_read_u16(r, "group");
    hf_bytes key_exchange = hf_read_vec16(r, "key_exchange");
    hf_form_least(r, key_exchange.n, 1, "key_exchange");
    hf_read_close(r, "KeyShareEntry");
    return key_exchange;
}

static void parse_client_shares(hf_reader *d, hf_extensions *x)
{
    uint16_t group;
    hf_reader list;
    hf_read_sub16(d, &list, "client_shares");
    x->client_shares = hf_form_content(&list, 0);
    while (hf_reader_more(&list))
        parse_key_share_entry(&list, &group);
    hf_reader_done(&list);
}

static void parse_key_share(hf_reader *d, hf_extensions *x, unsigned in)
{
    if (in == HF_IN_CLIENT_HELLO) {
        parse_client_shares(d, x);
    } else if (in == HF_IN_HELLO_RETRY) {
        x->share_group = hf_read_u16(d, "selected_group");
    } else {
        hf_read_open(d, "server_share");
        x->server_share = parse_key_share_entry(d, &x->share_group);
        hf_read_close(d, "server_share");
    }
}

static void build_key_share(hf_writer *w, const hf_extensions *x, unsigned in)
{
    if (in == HF_IN_CLIENT_HELLO) {
        hf_write_vec16(w, x->client_shares);
        return;
    }
    hf_write_u16(w, x->share_group);
    if (in == HF_IN_SERVER_HELLO)
        hf_write_vec16(w, x->server_share);
}

/* cookie: section 4.3.2. */
static void parse_cookie(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    x->cookie = hf_read_vec16(d, "cookie");
    hf_form_least(d, x->cookie.n, 1, "cookie");
}

static void build_cookie(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec16(w, x->cookie);
}

/* supported_versions: section 4.3.1. */
static void parse_supported_versions(hf_reader *d, hf_extensions *x, unsigned in)
{
    if (in != HF_IN_CLIENT_HELLO) {
        x->selected_version = hf_read_u16(d, "selected_version");
        return;
    }
    hf_reader list;
    hf_read_sub8(d, &list, "versions");
    x->supported_versions = hf_form_content(&list, 2);
    while (hf_reader_more(&list))
        hf_read_u16(&list, "version");
    hf_reader_done(&list);
}

static void build_supported_versions(hf_writer *w, const hf_extensions *x, unsigned in)
{
    if (in == HF_IN_CLIENT_HELLO)
        hf_write_vec8(w, x->supported_versions);
    else
        hf_write_u16(w, x->selected_version);
}

/* psk_key_exchange_modes: section 4.3.9. */
static void parse_psk_key_exchange_modes(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    hf_reader list;
    hf_read_sub8(d, &list, "ke_modes");
    x->psk_modes = hf_form_content(&list, 1);
    while (hf_reader_more(&list))
        hf_read_u8(&list, "ke_mode");
    hf_reader_done(&list);
}

static void build_psk_key_exchange_modes(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_vec8(w, x->psk_modes);
}

/* early_data: section 4.3.10. */
static void parse_early_data(hf_reader *d, hf_extensions *x, unsigned in)
{
    if (in == HF_IN_NEW_SESSION_TICKET)
        x->max_early_data_size = hf_read_u32(d, "max_early_data_size");
}

static void build_early_data(hf_writer *w, const hf_extensions *x, unsigned in)
{
    if (in == HF_IN_NEW_SESSION_TICKET)
        hf_write_u32(w, x->max_early_data_size);
}

/* padding: RFC 7685 section 3. */
static void parse_padding(hf_reader *d, hf_extensions *x, unsigned in)
{
    (void)in;
    x->padding_len = hf_read_bytes(d, hf_form_left(d), "padding").n;
}

static void build_padding(hf_writer *w, const hf_extensions *x, unsigned in)
{
    (void)in;
    hf_write_zeros(w, x->padding_len);
}

/* pre_shared_key: section 4.3.11. */
static void parse_identities(hf_reader *d, hf_extensions *x)
{
    hf_reader list;
    hf_read_sub16(d, &list, "identities");
    x->psk_identities = hf_form_content(&list, 7);
    while (hf_reader_more(&list)) {
        hf_read_open(&list, "PskIdentity");
        hf_bytes identity = hf_read_vec16(&list, "identity");
        hf_form_least(&list, identity.n, 1, "identity");
        hf_read_u32(&list, "obfuscated_ticket_age");
        hf_read_close(&list, "PskIdentity");
    }
    hf_reader_done(&list);
}

static void parse_binders(hf_reader *d, hf_extensions *x)
{
    hf_reader list;
    x->psk_binders_offset = d->base + d->at;
    hf_read_sub16(d, &list, "binders");
    x->psk_binders = hf_form_content(&list, 33);
    while (hf_reader_more(&list)) {
        hf_bytes binder = hf_read_vec8(&list, "binder");
        hf_form_least(&list, binder.n, 32, "binder");
    }
    hf_reader_done(&list);
}

static void parse_pre_shared_key(hf_reader *d, hf_extensions *x, unsigned in)
{
    if (in == HF_IN_CLIENT_HELLO) {
        parse_identities(d, x);
        parse_binders(d, x);
    } else {
        x->selected_identity = hf_read_u16(d, "selected_identity");
    }
}

static void build_pre_shared_key(hf_writer *w, const hf_extensions *x, unsigned in)
{
    if (in == HF_IN_CLIENT_HELLO) {
        hf_write_vec16(w, x->psk_identities);
        hf_write_vec16(w, x->psk_binders);
    } else {
        hf_write_u16(w, x->selected_identity);
    }
}

/* ---- the grid ---- */

enum {
    CH = HF_IN_CLIENT_HELLO,
    SH = HF_IN_SERVER_HELLO,
    HRR = HF_IN_HELLO_RETRY,
    EE = HF_IN_ENCRYPTED_EXTENSIONS,
    CT = HF_IN_CERTIFICATE,
    CR = HF_IN_CERTIFICATE_REQUEST,
    NST = HF_IN_NEW_SESSION_TICKET,
    SH12 = HF_IN_SERVER_HELLO_12,
};

#define ROW(X, field, allowed)                                                                     \
    [HF_X_##X] = {HF_EXT_##X, #field, allowed, parse_##field, build_##field}
#define EMPTY(X, field, allowed)                                                                   \
    [HF_X_##X] = {HF_EXT_##X, #field, allowed, parse_empty, build_empty}

/* TLS 1.3's columns are RFC 9846 section 4.3's table; signed_certificate_timestamp's are RFC 8446
 * section 4.2's, since the newer table leaves it out. Extensions of TLS 1.2 alone may stand in a
 * ClientHello, which offers both versions. supported_groups has no use in TLS 1.2's ServerHello,
 * but servers that send it there are met. */
const hf_ext_row hf_ext_grid[HF_X_COUNT] = {
    ROW(SUPPORTED_GROUPS, supported_groups, CH | EE | SH12),
    ROW(RECORD_SIZE_LIMIT, record_size_limit, CH | EE | SH12),
    ROW(SERVER_NAME, server_name, CH | EE | CR | SH12),
    ROW(EC_POINT_FORMATS, ec_point_formats, CH | SH12),
    EMPTY(EXTENDED_MASTER_SECRET, extended_master_secret, CH | SH12),
    ROW(RENEGOTIATION_INFO, renegotiation_info, CH | SH12),
    ROW(SESSION_TICKET, session_ticket, CH | SH12),
    EMPTY(ENCRYPT_THEN_MAC, encrypt_then_mac, CH | SH12),
    [HF_X_ALPN] = {HF_EXT_ALPN, "application_layer_protocol_negotiation", CH | EE | SH12,
                   parse_alpn, build_alpn},
    ROW(STATUS_REQUEST, status_request, CH | CR | CT | SH12),
    [HF_X_SIGNED_CERTIFICATE_TIMESTAMP] = {HF_EXT_SIGNED_CERTIFICATE_TIMESTAMP,
                                           "signed_certificate_timestamp", CH | CR | CT | SH12,
                                           parse_sct, build_sct},
    ROW(SIGNATURE_ALGORITHMS, signature_algorithms, CH | CR),
    ROW(SIGNATURE_ALGORITHMS_CERT, signature_algorithms_cert, CH | CR),
    ROW(CERTIFICATE_AUTHORITIES, certificate_authorities, CH | CR),
    ROW(OID_FILTERS, oid_filters, CR),
    EMPTY(POST_HANDSHAKE_AUTH, post_handshake_auth, CH),
    ROW(COMPRESS_CERTIFICATE, compress_certificate, CH | CR),
    ROW(CLIENT_CERTIFICATE_TYPE, client_certificate_type, CH | EE | SH12),
    ROW(SERVER_CERTIFICATE_TYPE, server_certificate_type, CH | EE | SH12),
    ROW(KEY_SHARE, key_share, CH | SH | HRR),
    ROW(COOKIE, cookie, CH | HRR),
    ROW(SUPPORTED_VERSIONS, supported_versions, CH | SH | HRR),
    ROW(PSK_KEY_EXCHANGE_MODES, psk_key_exchange_modes, CH),
    ROW(EARLY_DATA, early_data, CH | EE | NST),
    ROW(PADDING, padding, CH),
    ROW(PRE_SHARED_KEY, pre_shared_key, CH | SH),
};
