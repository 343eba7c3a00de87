/* test_wire_codepoints.c: code points by name, each against a value that was copied by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/extension_grid.h"
#include "wire/names.h"

#include <string.h>

typedef struct pair {
    uint16_t value;
    const char *name;
} pair;

static void check(const char *(*lookup)(uint16_t), const pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = lookup(pairs[i].value);
        if (name == NULL || strcmp(name, pairs[i].name) != 0)
            fail_msg("0x%04x is %s, not %s", pairs[i].value, name == NULL ? "nothing" : name,
                     pairs[i].name);
    }
}

#define CHECK(lookup, pairs) check(lookup, pairs, sizeof(pairs) / sizeof((pairs)[0]))

static void suites_by_name(void **state)
{
    (void)state;
    static const pair pairs[] = {
        {0x0000, "TLS_NULL_WITH_NULL_NULL"},
        {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
        {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
        {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
        {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
        {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
        {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
        {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
        {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
        {0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"},
        {0x1301, "TLS_AES_128_GCM_SHA256"},
        {0x1302, "TLS_AES_256_GCM_SHA384"},
        {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
        {0x1304, "TLS_AES_128_CCM_SHA256"},
        {0x1305, "TLS_AES_128_CCM_8_SHA256"},
        {0x5600, "TLS_FALLBACK_SCSV"},
        {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
        {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
        {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
        {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
        {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
        {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
        {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
        {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
        {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
        {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
        {0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"},
        {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
        {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
        {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
        {0x3a3a, "GREASE"},
    };
    CHECK(hf_suite_name, pairs);
    assert_null(hf_suite_name(0x1300));
    assert_null(hf_suite_name(0xffff));
}

static void groups_by_name(void **state)
{
    (void)state;
    static const pair pairs[] = {
        {1, "sect163k1"},
        {23, "secp256r1"},
        {24, "secp384r1"},
        {25, "secp521r1"},
        {26, "brainpoolP256r1"},
        {28, "brainpoolP512r1"},
        {29, "x25519"},
        {30, "x448"},
        {31, "brainpoolP256r1tls13"},
        {41, "curveSM2"},
        {0x0100, "ffdhe2048"},
        {0x0104, "ffdhe8192"},
        {0x11eb, "SecP256r1MLKEM768"},
        {0x11ec, "X25519MLKEM768"},
        {0x11ed, "SecP384r1MLKEM1024"},
        {0x6399, "X25519Kyber768Draft00"},
        {0x0a0a, "GREASE"},
    };
    CHECK(hf_group_name, pairs);
    assert_null(hf_group_name(0));
    assert_null(hf_group_name(0x0105));
}

static void schemes_by_name(void **state)
{
    (void)state;
    static const pair pairs[] = {
        {0x0201, "rsa_pkcs1_sha1"},
        {0x0203, "ecdsa_sha1"},
        {0x0401, "rsa_pkcs1_sha256"},
        {0x0403, "ecdsa_secp256r1_sha256"},
        {0x0501, "rsa_pkcs1_sha384"},
        {0x0503, "ecdsa_secp384r1_sha384"},
        {0x0601, "rsa_pkcs1_sha512"},
        {0x0603, "ecdsa_secp521r1_sha512"},
        {0x0804, "rsa_pss_rsae_sha256"},
        {0x0805, "rsa_pss_rsae_sha384"},
        {0x0806, "rsa_pss_rsae_sha512"},
        {0x0807, "ed25519"},
        {0x0808, "ed448"},
        {0x0809, "rsa_pss_pss_sha256"},
        {0x080a, "rsa_pss_pss_sha384"},
        {0x080b, "rsa_pss_pss_sha512"},
        {0x0904, "mldsa44"},
        {0x0905, "mldsa65"},
        {0x0906, "mldsa87"},
    };
    CHECK(hf_sigscheme_name, pairs);
    assert_null(hf_sigscheme_name(0x0802));
}

static void versions_and_extensions_by_name(void **state)
{
    (void)state;
    static const pair versions[] = {
        {0x0002, "SSL 2.0"}, {0x0300, "SSL 3.0"}, {0x0301, "TLS 1.0"}, {0x0302, "TLS 1.1"},
        {0x0303, "TLS 1.2"}, {0x0304, "TLS 1.3"}, {0x7a7a, "GREASE"},
    };
    static const pair extensions[] = {
        {0, "server_name"},
        {14, "use_srtp"},
        {34, "delegated_credential"},
        {52, "transparency_info"},
        {55, "external_id_hash"},
        {56, "external_session_id"},
        {57, "quic_transport_parameters"},
        {58, "ticket_request"},
        {64768, "ech_outer_extensions"},
        {65037, "encrypted_client_hello"},
        {0xff01, "renegotiation_info"},
        {0xfafa, "GREASE"},
    };
    CHECK(hf_version_name, versions);
    CHECK(hf_extension_name, extensions);
    assert_null(hf_version_name(0x0305));
    assert_null(hf_extension_name(40)); /* reserved: what key_share was in a draft */
    assert_null(hf_extension_name(46));
    assert_null(hf_extension_name(0xffff));
}

static void messages_and_contents_by_name(void **state)
{
    (void)state;
    assert_string_equal(hf_message_name(HF_MSG_CLIENT_HELLO), "ClientHello");
    assert_string_equal(hf_message_name(HF_MSG_END_OF_EARLY_DATA), "EndOfEarlyData");
    assert_string_equal(hf_message_name(HF_MSG_SERVER_HELLO_DONE), "ServerHelloDone");
    assert_string_equal(hf_message_name(HF_MSG_FINISHED), "Finished");
    assert_string_equal(hf_message_name(HF_MSG_KEY_UPDATE), "KeyUpdate");
    assert_string_equal(hf_message_name(HF_MSG_HELLO_RETRY_REQUEST), "HelloRetryRequest");
    assert_null(hf_message_name(HF_MSG_NONE));
    assert_null(hf_message_name(99));
    assert_string_equal(hf_content_name(22), "handshake");
    assert_null(hf_content_name(0));
}

static void exactly_sixteen_values_are_grease(void **state)
{
    (void)state;
    unsigned count = 0;
    for (unsigned v = 0; v <= 0xffff; v++) {
        bool is = hf_is_grease((uint16_t)v);
        assert_int_equal(is, v % 0x1010 == 0x0a0a && v >> 8 == (v & 0xff));
        count += is;
    }
    assert_int_equal(count, 16);
}

/* A table out of order would hide names from the binary search: then the registries' sizes, counted
 * here by asking for every value, would fall short. */
static void no_name_is_hidden(void **state)
{
    (void)state;
    unsigned suites = 0, extensions = 0, groups = 0, schemes = 0, versions = 0;
    for (unsigned v = 0; v <= 0xffff; v++) {
        if (hf_is_grease((uint16_t)v))
            continue;
        suites += hf_suite_name((uint16_t)v) != NULL;
        extensions += hf_extension_name((uint16_t)v) != NULL;
        groups += hf_group_name((uint16_t)v) != NULL;
        schemes += hf_sigscheme_name((uint16_t)v) != NULL;
        versions += hf_version_name((uint16_t)v) != NULL;
    }
    assert_int_equal(suites, 282);
    assert_int_equal(extensions, 69);
    assert_int_equal(groups, 57);
    assert_int_equal(schemes, 45);
    assert_int_equal(versions, 9);
    static const hf_name empty[1] = {{0, "x"}};
    assert_null(hf_name_find(empty, 0, 0));
    for (unsigned i = 0; i < HF_X_COUNT; i++)
        assert_string_equal(hf_extension_name(hf_ext_grid[i].type), hf_ext_grid[i].name);
}

static void fields_have_meanings(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        uint64_t value;
        const char *meaning;
    } cases[] = {
        {"cipher_suite", 0x1301, "TLS_AES_128_GCM_SHA256"},
        {"named_group", 0x11ec, "X25519MLKEM768"},
        {"group", 29, "x25519"},
        {"selected_group", 23, "secp256r1"},
        {"extension_type", 51, "key_share"},
        {"extension_type", 0xdada, "GREASE"},
        {"signature_scheme", 0x0403, "ecdsa_secp256r1_sha256"},
        {"algorithm", 0x0807, "ed25519"},
        {"version", 0x0304, "TLS 1.3"},
        {"legacy_version", 0x0303, "TLS 1.2"},
        {"selected_version", 0x0304, "TLS 1.3"},
        {"msg_type", 1, "ClientHello"},
        {"type", 23, "application_data"},
        {"description", 40, "handshake_failure"},
        {"description", 21, "decryption_failed"},
        {"level", 2, "fatal"},
        {"name_type", 0, "host_name"},
        {"status_type", 1, "ocsp"},
        {"ke_mode", 1, "psk_dhe_ke"},
        {"ke_mode", 0x2a, "GREASE"},
        {"compression_method", 0, "null"},
        {"legacy_compression_method", 1, "DEFLATE"},
        {"ec_point_format", 0, "uncompressed"},
        {"compression_algorithm", 2, "brotli"},
        {"request_update", 1, "update_requested"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *meaning = hf_codepoint_meaning(cases[i].field, cases[i].value);
        assert_non_null(meaning);
        assert_string_equal(meaning, cases[i].meaning);
    }
}

static void what_has_no_meaning_has_none(void **state)
{
    (void)state;
    assert_null(hf_codepoint_meaning(NULL, 0));
    assert_null(hf_codepoint_meaning("", 0));
    assert_null(hf_codepoint_meaning("length", 1));
    assert_null(hf_codepoint_meaning("cipher_suite", 0x11301)); /* not cut to 16 bits */
    assert_null(hf_codepoint_meaning("cipher_suite", UINT64_MAX));
    assert_null(hf_codepoint_meaning("msg_type", 0x101));
    assert_null(hf_codepoint_meaning("msg_type", HF_MSG_HELLO_RETRY_REQUEST)); /* our own number */
    assert_null(hf_codepoint_meaning("type", 0x116));
    assert_null(hf_codepoint_meaning("description", 1));
    assert_null(hf_codepoint_meaning("description", 0x100 + 40));
    assert_null(hf_codepoint_meaning("level", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suites_by_name),
        cmocka_unit_test(groups_by_name),
        cmocka_unit_test(schemes_by_name),
        cmocka_unit_test(versions_and_extensions_by_name),
        cmocka_unit_test(messages_and_contents_by_name),
        cmocka_unit_test(exactly_sixteen_values_are_grease),
        cmocka_unit_test(no_name_is_hidden),
        cmocka_unit_test(fields_have_meanings),
        cmocka_unit_test(what_has_no_meaning_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
