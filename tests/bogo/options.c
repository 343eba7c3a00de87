/* options.c: the table of options, and how their values are read. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How an option's value is read and where it goes. */
typedef enum kind {
    FLAG,       /* no value: sets a bool */
    NUMBER,     /* int64_t */
    TEXT,       /* const char * */
    LIST,       /* one more code point of a shim_list */
    GIVEN,      /* a number of which 0 counts: int64_t, and the bool before it is set */
    NOTHING,    /* accepted, without effect here */
    NOTHING_OF, /* the same, with a value */
    BEGIN,      /* another credential begins */
    BEGIN_RAW,  /* ... which is a public key alone */
    BEGIN_PSK,  /* ... which is a pre-shared key */
    CRED_TEXT,  /* TEXT and LIST of the present credential */
    CRED_LIST,
    CRED_FLAG,
} kind;

typedef struct option {
    const char *name;
    kind kind;
    size_t at; /* in shim_options or shim_credential */
} option;

#define OPT(name, kind, field)                                                                     \
    {                                                                                              \
        name, kind, offsetof(shim_options, field)                                                  \
    }
#define CRED(name, kind, field)                                                                    \
    {                                                                                              \
        name, kind, offsetof(shim_credential, field)                                               \
    }
#define WITHOUT_EFFECT(name, kind)                                                                 \
    {                                                                                              \
        name, kind, 0                                                                              \
    }

static const option table[] = {
    OPT("-port", NUMBER, port),
    OPT("-shim-id", NUMBER, shim_id),
    OPT("-ipv6", FLAG, ipv6),
    OPT("-server", FLAG, server),
    OPT("-resume-count", NUMBER, resume_count),
    OPT("-is-handshaker-supported", FLAG, handshaker_question),

    {"-new-x509-credential", BEGIN, 0},
    {"-new-psk-credential", BEGIN_PSK, 0},
    {"-new-rpk-credential", BEGIN_RAW, 0},
    OPT("-accepted-peer-cert-types", LIST, peer_cert_types),
    OPT("-available-client-cert-types", LIST, own_cert_types),
    OPT("-expect-peer-certificate-type", LIST, expect_peer_cert_type),
    OPT("-expect-peer-rpk-sha256", TEXT, expect_peer_key),
    CRED("-psk-importer-key", CRED_TEXT, psk_key),
    CRED("-psk-importer-identity", CRED_TEXT, psk_identity),
    CRED("-psk-importer-context", CRED_TEXT, psk_context),
    WITHOUT_EFFECT("-psk-importer-sha256", NOTHING),
    CRED("-psk-importer-sha384", CRED_FLAG, psk_sha384),
    CRED("-cert-file", CRED_TEXT, cert_file),
    CRED("-key-file", CRED_TEXT, key_file),
    CRED("-ocsp-response", CRED_TEXT, ocsp_response),
    CRED("-signed-cert-timestamps", CRED_TEXT, scts),
    CRED("-signing-prefs", CRED_LIST, signing_prefs),
    CRED("-must-match-issuer", CRED_FLAG, must_match_issuer),

    OPT("-min-version", NUMBER, min_version),
    OPT("-max-version", NUMBER, max_version),
    OPT("-no-tls13", FLAG, no_tls13),
    OPT("-no-tls12", FLAG, no_tls12),
    OPT("-no-tls11", FLAG, no_tls11),
    OPT("-no-tls1", FLAG, no_tls1),
    OPT("-curves", LIST, groups),
    OPT("-key-shares", LIST, key_shares),
    OPT("-no-key-shares", FLAG, no_key_shares),
    OPT("-verify-prefs", LIST, verify_prefs),
    OPT("-host-name", TEXT, host_name),
    OPT("-advertise-alpn", TEXT, advertise_alpn),
    OPT("-select-alpn", TEXT, select_alpn),
    OPT("-decline-alpn", FLAG, decline_alpn),
    OPT("-reject-alpn", FLAG, reject_alpn),
    OPT("-enable-grease", FLAG, enable_grease),
    OPT("-require-any-client-certificate", FLAG, require_any_client_certificate),
    OPT("-verify-peer", FLAG, verify_peer),
    OPT("-enable-ocsp-stapling", FLAG, enable_ocsp),
    OPT("-enable-signed-cert-timestamps", FLAG, enable_scts),
    OPT("-max-cert-list", NUMBER, max_cert_list),
    OPT("-verify-fail", FLAG, verify_fail),
    OPT("-use-custom-verify-callback", FLAG, use_custom_verify_callback),
    OPT("-fips-202205", FLAG, fips_202205),
    OPT("-wpa-202304", FLAG, wpa_202304),
    OPT("-cnsa-202407", FLAG, cnsa_202407),
    OPT("-cnsa1-202603", FLAG, cnsa1_202603),
    OPT("-cnsa2-202603", FLAG, cnsa2_202603),
    OPT("-use-ocsp-callback", FLAG, use_ocsp_callback),
    OPT("-set-ocsp-in-callback", FLAG, set_ocsp_in_callback),
    OPT("-decline-ocsp-callback", FLAG, decline_ocsp_callback),
    OPT("-fail-ocsp-callback", FLAG, fail_ocsp_callback),
    OPT("-expect-msg-callback", TEXT, expect_messages),
    OPT("-fail-cert-callback", FLAG, fail_cert_callback),
    OPT("-fail-early-callback", FLAG, fail_early_callback),
    OPT("-fail-ddos-callback", FLAG, fail_ddos_callback),

    OPT("-shim-writes-first", FLAG, shim_writes_first),
    OPT("-shim-shuts-down", FLAG, shim_shuts_down),
    OPT("-check-close-notify", FLAG, check_close_notify),
    OPT("-send-alert", FLAG, send_alert),
    OPT("-shim-initial-write", TEXT, initial_write),
    OPT("-repeat-shim-initial-write", NUMBER, repeat_initial_write),
    OPT("-read-size", NUMBER, read_size),
    OPT("-peek-then-read", FLAG, peek_then_read),
    OPT("-key-update", FLAG, key_update),
    OPT("-key-update-before-read", FLAG, key_update_before_read),
    OPT("-write-different-record-sizes", FLAG, write_different_sizes),
    OPT("-export-traffic-secrets", FLAG, export_traffic_secrets),
    OPT("-use-exporter-between-reads", FLAG, use_exporter_between_reads),
    OPT("-export-keying-material", NUMBER, export_length),
    OPT("-export-label", TEXT, export_label),
    OPT("-export-context", TEXT, export_context),
    OPT("-use-export-context", FLAG, use_export_context),

    OPT("-expect-version", NUMBER, expect_version),
    OPT("-expect-cipher", NUMBER, expect_cipher),
    OPT("-expect-cipher-aes", NUMBER, expect_cipher_aes),
    OPT("-expect-curve-id", NUMBER, expect_curve),
    OPT("-expect-peer-signature-algorithm", NUMBER, expect_peer_scheme),
    OPT("-expect-hrr", FLAG, expect_hrr),
    OPT("-expect-no-hrr", FLAG, expect_no_hrr),
    OPT("-expect-no-peer-cert", FLAG, expect_no_peer_cert),
    OPT("-expect-no-server-name", FLAG, expect_no_server_name),
    OPT("-expect-selected-credential", GIVEN, expect_credential),
    OPT("-expect-server-name", TEXT, expect_server_name),
    OPT("-expect-alpn", TEXT, expect_alpn),
    OPT("-expect-advertised-alpn", TEXT, expect_advertised_alpn),
    OPT("-expect-peer-cert-file", TEXT, expect_peer_cert_file),
    OPT("-expect-ocsp-response", TEXT, expect_ocsp_response),
    OPT("-expect-signed-cert-timestamps", TEXT, expect_scts),
    OPT("-expect-peer-verify-pref", LIST, expect_peer_verify_prefs),
    OPT("-enable-early-data", FLAG, enable_early_data),
    OPT("-read-with-unfinished-write", FLAG, read_with_unfinished_write),
    OPT("-expect-accept-early-data", FLAG, expect_accept_early),
    OPT("-expect-reject-early-data", FLAG, expect_reject_early),
    OPT("-expect-no-offer-early-data", FLAG, expect_no_offer_early),
    OPT("-expect-ticket-supports-early-data", FLAG, expect_early_ticket),
    OPT("-expect-early-data-reason", TEXT, expect_early_reason),
    OPT("-no-ticket", FLAG, no_ticket),
    OPT("-use-ticket-callback", FLAG, use_ticket_callback),
    OPT("-use-ticket-aead-callback", FLAG, use_ticket_aead_callback),
    OPT("-renew-ticket", FLAG, renew_ticket),
    OPT("-skip-ticket", FLAG, skip_ticket),
    OPT("-expect-ticket-renewal", FLAG, expect_ticket_renewal),
    OPT("-expect-session-id", FLAG, expect_session_id),
    OPT("-expect-no-session-id", FLAG, expect_no_session_id),
    OPT("-tls-unique", FLAG, tls_unique),
    OPT("-expect-session-miss", FLAG, expect_session_miss),
    OPT("-expect-no-session", FLAG, expect_no_session),
    OPT("-expect-total-renegotiations", NUMBER, expect_total_renegotiations),

    /* The shim trusts whom it is told to only where a test verifies; none verifies yet by name. */
    WITHOUT_EFFECT("-trust-cert", NOTHING_OF),
    /* How BoringSSL's own interface is called makes no difference to a connection that is stepped.
     */
    OPT("-async", FLAG, async), /* but for a ticket callback's answer */
    WITHOUT_EFFECT("-implicit-handshake", NOTHING),
    WITHOUT_EFFECT("-handshake-twice", NOTHING),
    WITHOUT_EFFECT("-no-op-extra-handshake", NOTHING),
    WITHOUT_EFFECT("-use-early-callback", NOTHING),
    WITHOUT_EFFECT("-install-ddos-callback", NOTHING),
    WITHOUT_EFFECT("-use-old-client-cert-callback", NOTHING),
    WITHOUT_EFFECT("-expect-verify-result", NOTHING),
    WITHOUT_EFFECT("-partial-write", NOTHING),
    /* of handshakes that are split between processes, where a hint may not fit */
    WITHOUT_EFFECT("-allow-hint-mismatch", NOTHING),
    WITHOUT_EFFECT("-private-key-delay-ms", NOTHING_OF),
    WITHOUT_EFFECT("-handshaker-path", NOTHING_OF),
    /* TLS 1.3 has nothing else, and what handfast has of TLS 1.2 neither. */
    WITHOUT_EFFECT("-expect-secure-renegotiation", NOTHING),
    WITHOUT_EFFECT("-expect-extended-master-secret", NOTHING),
    WITHOUT_EFFECT("-no-legacy-server-connect", NOTHING),
    WITHOUT_EFFECT("-renegotiate-ignore", NOTHING),
    WITHOUT_EFFECT("-cbc-record-splitting", NOTHING),
    WITHOUT_EFFECT("-server-preference", NOTHING),
    /* The order of extensions is the library's own choice. */
    WITHOUT_EFFECT("-permute-extensions", NOTHING),
    /* For processors without AES instructions, which the runner's other option speaks of. */
    WITHOUT_EFFECT("-expect-cipher-no-aes", NOTHING_OF),
};

static bool drop_prefix(const char **name, const char *prefix)
{
    size_t n = strlen(prefix);
    if (strncmp(*name, prefix, n) != 0 || (*name)[n] != '-')
        return false;
    *name += n;
    return true;
}

static const option *find(const char *name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static bool has_value(const option *o)
{
    return o->kind != FLAG && o->kind != NOTHING && o->kind != BEGIN && o->kind != BEGIN_PSK &&
           o->kind != BEGIN_RAW && o->kind != CRED_FLAG;
}

static bool read_number(const char *text, int64_t *out)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 0);
    *out = (int64_t)n;
    return end != text && *end == '\0';
}

static bool add_item(shim_list *list, const char *text)
{
    int64_t n;
    if (!read_number(text, &n) || n < 0 || n > UINT16_MAX || list->count == SHIM_LIST_MAX)
        return false;
    list->items[list->count++] = (uint16_t)n;
    return true;
}

static bool begin_credential(shim_options *o)
{
    if (o->credential_count + 1 == SHIM_CREDS_MAX)
        return false;
    o->credential_count++;
    return true;
}

static bool apply(shim_options *o, const option *opt, const char *value)
{
    char *field = (char *)o + opt->at;
    char *of_credential = (char *)&o->credentials[o->credential_count] + opt->at;
    int64_t number = 0;
    switch (opt->kind) {
    case FLAG:
        *(bool *)field = true;
        return true;
    case NUMBER:
        if (!read_number(value, &number))
            return false;
        memcpy(field, &number, sizeof(number));
        return true;
    case GIVEN:
        o->has_expect_credential = true;
        number = strtoll(value, NULL, 10); /* -1 stands for the one without a name */
        memcpy(field, &number, sizeof(number));
        return true;
    case TEXT:
        memcpy(field, &value, sizeof(value));
        return true;
    case LIST:
        return add_item((shim_list *)(void *)field, value);
    case BEGIN:
        return begin_credential(o);
    case BEGIN_PSK:
        if (!begin_credential(o))
            return false;
        o->credentials[o->credential_count].is_psk = true;
        return true;
    case BEGIN_RAW:
        if (!begin_credential(o))
            return false;
        o->credentials[o->credential_count].is_raw_key = true;
        return true;
    case CRED_FLAG:
        *(bool *)of_credential = true;
        return true;
    case CRED_TEXT:
        memcpy(of_credential, &value, sizeof(value));
        return true;
    case CRED_LIST:
        return add_item((shim_list *)(void *)of_credential, value);
    case NOTHING:
    case NOTHING_OF:
        break;
    }
    return true;
}

/* The legs that an option concerns; its name without the prefixes. */
static const char *legs_of(shim_legs *legs, const char *name, shim_options *of[4])
{
    of[0] = of[1] = of[2] = of[3] = NULL;
    drop_prefix(&name, "-on-shim");
    bool elsewhere = drop_prefix(&name, "-on-handshaker");
    if (drop_prefix(&name, "-on-initial"))
        of[0] = &legs->initial;
    else if (drop_prefix(&name, "-on-resume"))
        of[0] = &legs->resume;
    else if (drop_prefix(&name, "-on-retry"))
        of[0] = &legs->retry;
    else {
        of[0] = &legs->initial;
        of[1] = &legs->resume;
        of[2] = &legs->retry;
    }
    if (elsewhere)
        of[0] = NULL;
    return name;
}

static void set_defaults(shim_options *o)
{
    o->initial_write = "hello";
    o->repeat_initial_write = 1;
    o->export_label = o->export_context = "";
}

int shim_options_read(int argc, char **argv, shim_legs *legs)
{
    *legs = (shim_legs){0};
    set_defaults(&legs->initial);
    set_defaults(&legs->resume);
    set_defaults(&legs->retry);
    for (int i = 1; i < argc; i++) {
        shim_options *of[4];
        const option *o = find(legs_of(legs, argv[i], of));
        if (o == NULL) {
            fprintf(stderr, "not implemented: %s\n", argv[i]);
            return SHIM_UNIMPLEMENTED;
        }
        const char *given = argv[i], *value = "";
        if (has_value(o)) {
            if (i + 1 == argc) {
                fprintf(stderr, "%s needs a value\n", given);
                return SHIM_FAILED;
            }
            value = argv[++i];
        }
        for (size_t k = 0; of[k] != NULL; k++) {
            if (!apply(of[k], o, value)) {
                fprintf(stderr, "%s cannot take %s\n", given, value);
                return SHIM_FAILED;
            }
        }
    }
    return SHIM_OK;
}

static int sextet(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

int64_t shim_base64(const char *text, uint8_t *out, size_t room)
{
    size_t n = 0;
    unsigned bits = 0, held = 0;
    for (; *text != '\0' && *text != '='; text++) {
        int v = sextet(*text);
        if (v < 0)
            return -1;
        held = (held << 6 | (unsigned)v) & 0xffffU;
        bits += 6;
        if (bits < 8)
            continue;
        if (n == room)
            return -1;
        bits -= 8;
        out[n++] = (uint8_t)(held >> bits);
    }
    return (int64_t)n;
}
