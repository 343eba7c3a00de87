/* options.h: what the runner asks of the shim, read from the command line.
 *
 * The runner's vocabulary is one table in options.c. What is not in it is not implemented: the shim
 * exits with SHIM_UNIMPLEMENTED, and the runner counts it. An option may begin with -on-initial,
 * -on-resume or -on-retry and then concerns that leg alone: the first connection, the later ones,
 * or what follows rejected early data. */
#ifndef HF_BOGO_OPTIONS_H
#define HF_BOGO_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses that the runner knows. */
enum { SHIM_OK = 0, SHIM_FAILED = 1, SHIM_UNIMPLEMENTED = 89 };

#define SHIM_LIST_MAX  32
#define SHIM_CREDS_MAX 8

/* Code points, in the order given. */
typedef struct shim_list {
    uint16_t items[SHIM_LIST_MAX];
    size_t count;
} shim_list;

/* A certificate with its key, and what goes along with it. */
typedef struct shim_credential {
    const char *cert_file, *key_file;
    const char *ocsp_response, *scts; /* base64 */
    shim_list signing_prefs;
    bool must_match_issuer;
    /* or a pre-shared key, to be imported: base64 */
    bool is_raw_key; /* or the key alone */
    bool is_psk, psk_sha384;
    const char *psk_key, *psk_identity, *psk_context;
} shim_credential;

/* Text borrows from argv; numbers are 0 and text NULL where the option was not given. */
typedef struct shim_options {
    int64_t port, shim_id, resume_count;
    bool ipv6, server, handshaker_question;

    /* credentials[0] is the one without a name; -new-x509-credential begins another */
    shim_credential credentials[SHIM_CREDS_MAX];
    size_t credential_count;

    /* what to offer and accept */
    int64_t min_version, max_version;
    bool no_tls13, no_tls12, no_tls11, no_tls1;
    shim_list groups, key_shares, verify_prefs;
    bool no_key_shares;
    shim_list peer_cert_types, own_cert_types;
    const char *host_name, *advertise_alpn, *select_alpn;
    bool decline_alpn, reject_alpn, enable_grease;
    bool require_any_client_certificate, verify_peer;
    bool enable_ocsp, enable_scts;
    int64_t max_cert_list;
    bool verify_fail, use_custom_verify_callback;
    bool fips_202205, wpa_202304, cnsa_202407, cnsa1_202603, cnsa2_202603;
    bool use_ocsp_callback, set_ocsp_in_callback, decline_ocsp_callback, fail_ocsp_callback;
    const char *expect_messages;
    bool fail_cert_callback;
    bool fail_early_callback, fail_ddos_callback;

    /* what to do once connected */
    bool shim_writes_first, shim_shuts_down, check_close_notify, send_alert;
    const char *initial_write;
    int64_t repeat_initial_write, read_size;
    bool peek_then_read, key_update, key_update_before_read, write_different_sizes;
    bool export_traffic_secrets, use_exporter_between_reads;
    int64_t export_length;
    const char *export_label, *export_context;
    bool use_export_context;

    /* what must have come of it */
    int64_t expect_version, expect_cipher, expect_cipher_aes, expect_curve, expect_peer_scheme;
    int64_t expect_total_renegotiations;
    bool use_ticket_callback, use_ticket_aead_callback, renew_ticket, skip_ticket, async;
    bool expect_ticket_renewal, expect_session_id, expect_no_session_id, tls_unique;
    bool no_ticket, expect_session_miss, expect_no_session;
    bool expect_hrr, expect_no_hrr, expect_no_peer_cert, expect_no_server_name;
    bool has_expect_credential;
    bool enable_early_data, read_with_unfinished_write;
    bool expect_accept_early, expect_reject_early, expect_no_offer_early, expect_early_ticket;
    const char *expect_early_reason;
    int64_t expect_credential;
    shim_list expect_peer_cert_type; /* one, or none */
    const char *expect_peer_key;     /* base64 of its pin */
    const char *expect_server_name, *expect_alpn, *expect_advertised_alpn;
    const char *expect_peer_cert_file, *expect_ocsp_response, *expect_scts;
    shim_list expect_peer_verify_prefs;
} shim_options;

/* One leg each. */
typedef struct shim_legs {
    shim_options initial, resume, retry;
} shim_legs;

/* Reads the whole command line. SHIM_OK, SHIM_UNIMPLEMENTED (told on standard error) or
 * SHIM_FAILED for a value that is none. */
int shim_options_read(int argc, char **argv, shim_legs *legs);

/* Decodes base64 into `out`; the number of bytes, or -1 when the text is none or is too long. */
int64_t shim_base64(const char *text, uint8_t *out, size_t room);

#endif
