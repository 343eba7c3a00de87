/* codepoints.c: the numbers that IANA keeps for TLS, by name. Names are the registry's; where
 * TLS 1.2 had another word for the same number, RFC 9846's is used. Cipher suites are in
 * suite_names.c. */
#include "wire/codepoints.h"

#include "wire/names.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *hf_name_find(const hf_name *table, size_t count, uint16_t value)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table[middle].value == value)
            return table[middle].name;
        if (table[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool hf_is_grease(uint16_t value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* ---- the registries, each sorted by value ---- */

/* HandshakeType; 253 and 254 are this engine's own (codepoints.h). */
static const hf_name messages[] = {
    {0x0000, "HelloRequest"},
    {0x0001, "ClientHello"},
    {0x0002, "ServerHello"},
    {0x0003, "HelloVerifyRequest"},
    {0x0004, "NewSessionTicket"},
    {0x0005, "EndOfEarlyData"},
    {0x0008, "EncryptedExtensions"},
    {0x0009, "RequestConnectionId"},
    {0x000a, "NewConnectionId"},
    {0x000b, "Certificate"},
    {0x000c, "ServerKeyExchange"},
    {0x000d, "CertificateRequest"},
    {0x000e, "ServerHelloDone"},
    {0x000f, "CertificateVerify"},
    {0x0010, "ClientKeyExchange"},
    {0x0011, "ClientCertificateRequest"},
    {0x0014, "Finished"},
    {0x0015, "CertificateURL"},
    {0x0016, "CertificateStatus"},
    {0x0017, "SupplementalData"},
    {0x0018, "KeyUpdate"},
    {0x0019, "CompressedCertificate"},
    {0x001a, "EKTKey"},
    {0x0043, "NextProtocol"},
    {0x00fd, "HelloRetryRequest"},
    {0x00fe, "ChangeCipherSpec"},
};

/* ExtensionType. What never got an assignment of its own but is met is named after its draft. */
static const hf_name extensions[] = {
    {0x0000, "server_name"},
    {0x0001, "max_fragment_length"},
    {0x0002, "client_certificate_url"},
    {0x0003, "trusted_ca_keys"},
    {0x0004, "truncated_hmac"},
    {0x0005, "status_request"},
    {0x0006, "user_mapping"},
    {0x0007, "client_authz"},
    {0x0008, "server_authz"},
    {0x0009, "cert_type"},
    {0x000a, "supported_groups"},
    {0x000b, "ec_point_formats"},
    {0x000c, "srp"},
    {0x000d, "signature_algorithms"},
    {0x000e, "use_srtp"},
    {0x000f, "heartbeat"},
    {0x0010, "application_layer_protocol_negotiation"},
    {0x0011, "status_request_v2"},
    {0x0012, "signed_certificate_timestamp"},
    {0x0013, "client_certificate_type"},
    {0x0014, "server_certificate_type"},
    {0x0015, "padding"},
    {0x0016, "encrypt_then_mac"},
    {0x0017, "extended_master_secret"},
    {0x0018, "token_binding"},
    {0x0019, "cached_info"},
    {0x001a, "tls_lts"},
    {0x001b, "compress_certificate"},
    {0x001c, "record_size_limit"},
    {0x001d, "pwd_protect"},
    {0x001e, "pwd_clear"},
    {0x001f, "password_salt"},
    {0x0020, "ticket_pinning"},
    {0x0021, "tls_cert_with_extern_psk"},
    {0x0022, "delegated_credential"},
    {0x0023, "session_ticket"},
    {0x0024, "TLMSP"},
    {0x0025, "TLMSP_proxying"},
    {0x0026, "TLMSP_delegate"},
    {0x0027, "supported_ekt_ciphers"},
    {0x0029, "pre_shared_key"},
    {0x002a, "early_data"},
    {0x002b, "supported_versions"},
    {0x002c, "cookie"},
    {0x002d, "psk_key_exchange_modes"},
    {0x002f, "certificate_authorities"},
    {0x0030, "oid_filters"},
    {0x0031, "post_handshake_auth"},
    {0x0032, "signature_algorithms_cert"},
    {0x0033, "key_share"},
    {0x0034, "transparency_info"},
    {0x0035, "connection_id_deprecated"},
    {0x0036, "connection_id"},
    {0x0037, "external_id_hash"},
    {0x0038, "external_session_id"},
    {0x0039, "quic_transport_parameters"},
    {0x003a, "ticket_request"},
    {0x003b, "dnssec_chain"},
    {0x003c, "sequence_number_encryption_algorithms"},
    {0x003d, "rrc"},
    {0x003e, "tls_flags"},
    {0x3374, "next_protocol_negotiation"},
    {0x4469, "application_settings_old"},
    {0x44cd, "application_settings"},
    {0x7550, "channel_id"},
    {0xfd00, "ech_outer_extensions"},
    {0xfe0d, "encrypted_client_hello"},
    {0xff01, "renegotiation_info"},
    {0xffa5, "quic_transport_parameters_draft"},
};

/* NamedGroup. */
static const hf_name groups[] = {
    {0x0001, "sect163k1"},
    {0x0002, "sect163r1"},
    {0x0003, "sect163r2"},
    {0x0004, "sect193r1"},
    {0x0005, "sect193r2"},
    {0x0006, "sect233k1"},
    {0x0007, "sect233r1"},
    {0x0008, "sect239k1"},
    {0x0009, "sect283k1"},
    {0x000a, "sect283r1"},
    {0x000b, "sect409k1"},
    {0x000c, "sect409r1"},
    {0x000d, "sect571k1"},
    {0x000e, "sect571r1"},
    {0x000f, "secp160k1"},
    {0x0010, "secp160r1"},
    {0x0011, "secp160r2"},
    {0x0012, "secp192k1"},
    {0x0013, "secp192r1"},
    {0x0014, "secp224k1"},
    {0x0015, "secp224r1"},
    {0x0016, "secp256k1"},
    {0x0017, "secp256r1"},
    {0x0018, "secp384r1"},
    {0x0019, "secp521r1"},
    {0x001a, "brainpoolP256r1"},
    {0x001b, "brainpoolP384r1"},
    {0x001c, "brainpoolP512r1"},
    {0x001d, "x25519"},
    {0x001e, "x448"},
    {0x001f, "brainpoolP256r1tls13"},
    {0x0020, "brainpoolP384r1tls13"},
    {0x0021, "brainpoolP512r1tls13"},
    {0x0022, "GC256A"},
    {0x0023, "GC256B"},
    {0x0024, "GC256C"},
    {0x0025, "GC256D"},
    {0x0026, "GC512A"},
    {0x0027, "GC512B"},
    {0x0028, "GC512C"},
    {0x0029, "curveSM2"},
    {0x0100, "ffdhe2048"},
    {0x0101, "ffdhe3072"},
    {0x0102, "ffdhe4096"},
    {0x0103, "ffdhe6144"},
    {0x0104, "ffdhe8192"},
    {0x0200, "MLKEM512"},
    {0x0201, "MLKEM768"},
    {0x0202, "MLKEM1024"},
    {0x11eb, "SecP256r1MLKEM768"},
    {0x11ec, "X25519MLKEM768"},
    {0x11ed, "SecP384r1MLKEM1024"},
    {0x11ee, "curveSM2MLKEM768"},
    {0x6399, "X25519Kyber768Draft00"},
    {0x639a, "SecP256r1Kyber768Draft00"},
    {0xff01, "arbitrary_explicit_prime_curves"},
    {0xff02, "arbitrary_explicit_char2_curves"},
};

/* SignatureScheme, and the hash and signature pairs of TLS 1.2. */
static const hf_name sigschemes[] = {
    {0x0101, "rsa_pkcs1_md5"},
    {0x0201, "rsa_pkcs1_sha1"},
    {0x0202, "dsa_sha1"},
    {0x0203, "ecdsa_sha1"},
    {0x0301, "rsa_pkcs1_sha224"},
    {0x0302, "dsa_sha224"},
    {0x0303, "ecdsa_sha224"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0402, "dsa_sha256"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0420, "rsa_pkcs1_sha256_legacy"},
    {0x0501, "rsa_pkcs1_sha384"},
    {0x0502, "dsa_sha384"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0520, "rsa_pkcs1_sha384_legacy"},
    {0x0601, "rsa_pkcs1_sha512"},
    {0x0602, "dsa_sha512"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0620, "rsa_pkcs1_sha512_legacy"},
    {0x0704, "eccsi_sha256"},
    {0x0705, "iso_ibs1"},
    {0x0706, "iso_ibs2"},
    {0x0707, "iso_chinese_ibs"},
    {0x0708, "sm2sig_sm3"},
    {0x0709, "gostr34102012_256a"},
    {0x070a, "gostr34102012_256b"},
    {0x070b, "gostr34102012_256c"},
    {0x070c, "gostr34102012_256d"},
    {0x070d, "gostr34102012_512a"},
    {0x070e, "gostr34102012_512b"},
    {0x070f, "gostr34102012_512c"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0805, "rsa_pss_rsae_sha384"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0x080a, "rsa_pss_pss_sha384"},
    {0x080b, "rsa_pss_pss_sha512"},
    {0x081a, "ecdsa_brainpoolP256r1tls13_sha256"},
    {0x081b, "ecdsa_brainpoolP384r1tls13_sha384"},
    {0x081c, "ecdsa_brainpoolP512r1tls13_sha512"},
    {0x0904, "mldsa44"},
    {0x0905, "mldsa65"},
    {0x0906, "mldsa87"},
};

static const hf_name versions[] = {
    {0x0002, "SSL 2.0"},  {0x0300, "SSL 3.0"},  {0x0301, "TLS 1.0"},
    {0x0302, "TLS 1.1"},  {0x0303, "TLS 1.2"},  {0x0304, "TLS 1.3"},
    {0xfefc, "DTLS 1.3"}, {0xfefd, "DTLS 1.2"}, {0xfeff, "DTLS 1.0"},
};

static const hf_name contents[] = {
    {0x0014, "change_cipher_spec"},
    {0x0015, "alert"},
    {0x0016, "handshake"},
    {0x0017, "application_data"},
    {0x0018, "heartbeat"},
    {0x0019, "tls12_cid"},
    {0x001a, "ACK"},
    {0x001b, "return_routability_check"},
};

static const hf_name name_types[] = {
    {0x0000, "host_name"},
};

static const hf_name status_types[] = {
    {0x0001, "ocsp"},
    {0x0002, "ocsp_multi"},
};

/* PskKeyExchangeMode, with the values of RFC 8701 section 2. */
static const hf_name ke_modes[] = {
    {0x0000, "psk_ke"}, {0x0001, "psk_dhe_ke"}, {0x000b, "GREASE"}, {0x002a, "GREASE"},
    {0x0049, "GREASE"}, {0x0068, "GREASE"},     {0x0087, "GREASE"}, {0x00a6, "GREASE"},
    {0x00c5, "GREASE"}, {0x00e4, "GREASE"},
};

static const hf_name compression_methods[] = {
    {0x0000, "null"},
    {0x0001, "DEFLATE"},
    {0x0040, "LZS"},
};

static const hf_name point_formats[] = {
    {0x0000, "uncompressed"},
    {0x0001, "ansiX962_compressed_prime"},
    {0x0002, "ansiX962_compressed_char2"},
};

static const hf_name certificate_compressions[] = {
    {0x0001, "zlib"},
    {0x0002, "brotli"},
    {0x0003, "zstd"},
};

/* TLS Certificate Types, RFC 7250 section 6. */
static const hf_name certificate_types[] = {
    {0x0000, "X509"},
    {0x0001, "OpenPGP"},
    {0x0002, "RawPublicKey"},
    {0x0003, "1609Dot2"},
};

static const hf_name key_update_requests[] = {
    {0x0000, "update_not_requested"},
    {0x0001, "update_requested"},
};

static const hf_name alert_levels[] = {
    {0x0001, "warning"},
    {0x0002, "fatal"},
};

/* Alerts that no error of ours sends; the others are in base/error.c. */
static const hf_name alerts_of_old[] = {
    {0x0015, "decryption_failed"},
    {0x001e, "decompression_failure"},
    {0x0029, "no_certificate"},
    {0x003c, "export_restriction"},
    {0x006f, "certificate_unobtainable"},
    {0x0072, "bad_certificate_hash_value"},
    {0x0079, "ech_required"},
};

/* ---- lookups ---- */

/* For the two-byte registries, where RFC 8701 reserves values. */
static const char *find_or_grease(const hf_name *table, size_t count, uint16_t value)
{
    return hf_is_grease(value) ? "GREASE" : hf_name_find(table, count, value);
}

const char *hf_message_name(uint8_t type)
{
    return hf_name_find(messages, COUNT(messages), type);
}

const char *hf_extension_name(uint16_t type)
{
    return find_or_grease(extensions, COUNT(extensions), type);
}

const char *hf_group_name(uint16_t id)
{
    return find_or_grease(groups, COUNT(groups), id);
}

const char *hf_sigscheme_name(uint16_t id)
{
    return find_or_grease(sigschemes, COUNT(sigschemes), id);
}

const char *hf_version_name(uint16_t version)
{
    return find_or_grease(versions, COUNT(versions), version);
}

const char *hf_content_name(uint8_t type)
{
    return hf_name_find(contents, COUNT(contents), type);
}

const char *hf_certificate_type_name(uint16_t type)
{
    return hf_name_find(certificate_types, COUNT(certificate_types), type);
}

/* ---- the meaning of a field ---- */

static const char *message_meaning(uint16_t value)
{
    return value < HF_MSG_HELLO_RETRY_REQUEST ? hf_message_name((uint8_t)value) : NULL;
}

static const char *content_meaning(uint16_t value)
{
    return value > 0xff ? NULL : hf_content_name((uint8_t)value);
}

static const char *alert_meaning(uint16_t value)
{
    if (value > 0xff)
        return NULL;
    const char *name = hf_name_find(alerts_of_old, COUNT(alerts_of_old), value);
    if (name != NULL)
        return name;
    name = hf_alert_name((uint8_t)value);
    return strcmp(name, "unknown") == 0 ? NULL : name;
}

/* A field's registry: a lookup of its own, or a plain table. */
typedef struct meaning {
    const char *field;
    const char *(*lookup)(uint16_t value);
    const hf_name *table;
    size_t count;
} meaning;

static const meaning meanings[] = {
    {"cipher_suite", hf_suite_name, NULL, 0},
    {"extension_type", hf_extension_name, NULL, 0},
    {"named_group", hf_group_name, NULL, 0},
    {"named_curve", hf_group_name, NULL, 0},
    {"group", hf_group_name, NULL, 0},
    {"selected_group", hf_group_name, NULL, 0},
    {"signature_scheme", hf_sigscheme_name, NULL, 0},
    {"algorithm", hf_sigscheme_name, NULL, 0},
    {"version", hf_version_name, NULL, 0},
    {"legacy_version", hf_version_name, NULL, 0},
    {"legacy_record_version", hf_version_name, NULL, 0},
    {"selected_version", hf_version_name, NULL, 0},
    {"msg_type", message_meaning, NULL, 0},
    {"type", content_meaning, NULL, 0},
    {"description", alert_meaning, NULL, 0},
    {"level", NULL, alert_levels, COUNT(alert_levels)},
    {"name_type", NULL, name_types, COUNT(name_types)},
    {"status_type", NULL, status_types, COUNT(status_types)},
    {"ke_mode", NULL, ke_modes, COUNT(ke_modes)},
    {"compression_method", NULL, compression_methods, COUNT(compression_methods)},
    {"legacy_compression_method", NULL, compression_methods, COUNT(compression_methods)},
    {"ec_point_format", NULL, point_formats, COUNT(point_formats)},
    {"compression_algorithm", NULL, certificate_compressions, COUNT(certificate_compressions)},
    {"certificate_type", hf_certificate_type_name, NULL, 0},
    {"request_update", NULL, key_update_requests, COUNT(key_update_requests)},
};

const char *hf_codepoint_meaning(const char *field, uint64_t value)
{
    if (field == NULL || value > 0xffff)
        return NULL;
    for (size_t i = 0; i < COUNT(meanings); i++) {
        const meaning *m = &meanings[i];
        if (strcmp(m->field, field) == 0)
            return m->lookup != NULL ? m->lookup((uint16_t)value)
                                     : hf_name_find(m->table, m->count, (uint16_t)value);
    }
    return NULL;
}
