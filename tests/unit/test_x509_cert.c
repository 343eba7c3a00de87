/* test_x509_cert.c: the certificate parser, on good, cut, changed and hostile input. */
#include "unit/x509_made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const localhost[] = {"localhost", "127.0.0.1", "::1", NULL};

static order plain(void)
{
    return (order){.subject = "CN=localhost, O=handfast", .names = localhost};
}

static void reads_every_part(void **state)
{
    (void)state;
    order o = plain();
    hf_cert c = made_cert(&o);
    char text[200];
    assert_int_equal(c.version, 3);
    assert_int_equal(c.not_before_s, NOW - DAY);
    assert_int_equal(c.not_after_s, NOW + DAY);
    assert_int_equal(c.key_type, HF_KEY_P256);
    assert_int_equal(c.key_bits, 256);
    assert_string_equal(c.signed_with->name, "ecdsa_secp256r1_sha256");
    assert_true(c.self_issued && c.has_basic_constraints && !c.is_ca && c.has_key_usage);
    assert_int_equal(c.path_len, -1);
    assert_int_equal(c.key_usage, HF_KEY_USAGE_digitalSignature);
    assert_int_equal(c.critical, HF_EXT_basicConstraints | HF_EXT_keyUsage);
    assert_true(hf_bytes_equal(c.spki, hf_key_public(made_key(0))));
    hf_name_text(c.subject, text, sizeof(text));
    assert_string_equal(text, "CN=localhost, O=handfast");
    hf_cert_names_text(&c, text, sizeof(text));
    assert_string_equal(text, "localhost, 127.0.0.1, ::1");
    assert_true(c.tbs.p > c.der.p && c.tbs.p + c.tbs.n < c.der.p + c.der.n);
}

static void every_truncation_is_malformed(void **state)
{
    (void)state;
    order o = plain();
    hf_bytes der = made(&o);
    for (size_t n = 0; n < der.n; n++) {
        uint8_t *cut = malloc(n == 0 ? 1 : n); /* exact, so that a sanitizer sees a read past it */
        hf_cert c;
        hf_error e = {0};
        assert_non_null(cut);
        memcpy(cut, der.p, n);
        assert_int_equal(hf_cert_parse(hf_bytes_of(cut, n), &c, &e), HF_E_CERT_MALFORMED);
        assert_int_equal(e.code, HF_E_CERT_MALFORMED);
        assert_string_equal(e.message, "Certificate");
        assert_true(e.field != NULL && e.has_offset && e.offset <= n);
        assert_true(e.expected[0] != '\0' && e.got[0] != '\0');
        free(cut);
    }
}

static void a_byte_after_the_end_is_malformed(void **state)
{
    (void)state;
    order o = plain();
    hf_bytes der = made(&o);
    uint8_t more[2048];
    hf_cert c;
    hf_error e;
    memcpy(more, der.p, der.n);
    more[der.n] = 0;
    assert_int_equal(hf_cert_parse(hf_bytes_of(more, der.n + 1), &c, &e), HF_E_CERT_MALFORMED);
    assert_int_equal(e.offset, der.n);
}

static bool is_cert_error(hf_status s)
{
    return s == HF_OK || s == HF_E_CERT_MALFORMED || s == HF_E_CERT_DUPLICATE_EXTENSION;
}

/* Every byte with every bit flipped, and off by one: no crash, and no other error than these. */
static void every_changed_byte_is_judged(void **state)
{
    (void)state;
    order o = plain();
    hf_bytes der = made(&o);
    uint8_t *copy = malloc(der.n);
    assert_non_null(copy);
    for (size_t i = 0; i < der.n; i++)
        for (unsigned k = 0; k < 10; k++) {
            hf_cert c;
            char text[300];
            memcpy(copy, der.p, der.n);
            unsigned changed = k < 8 ? der.p[i] ^ 1U << k : der.p[i] + (k == 8 ? 1U : 255U);
            copy[i] = (uint8_t)changed;
            hf_status s = hf_cert_parse(hf_bytes_of(copy, der.n), &c, NULL);
            assert_true(is_cert_error(s));
            if (s != HF_OK)
                continue;
            hf_name_text(c.subject, text, sizeof(text)); /* what parsed can be used */
            hf_cert_names_text(&c, text, sizeof(text));
            hf_cert_matches_host(&c, "localhost");
        }
    free(copy);
}

/* Each length octet one more and one less: the element no longer fits its surroundings. */
static void every_wrong_length_is_malformed(void **state)
{
    (void)state;
    order o = plain();
    hf_bytes der = made(&o);
    uint8_t copy[2048];
    static const size_t headers[] = {3, 7}; /* the lower length octets of the two outer SEQUENCEs */
    assert_int_equal(der.p[1], 0x82);
    for (size_t i = 0; i < COUNT(headers); i++)
        for (int delta = -1; delta <= 1; delta += 2) {
            hf_cert c;
            memcpy(copy, der.p, der.n);
            copy[headers[i]] = (uint8_t)(copy[headers[i]] + delta);
            assert_int_equal(hf_cert_parse(hf_bytes_of(copy, der.n), &c, NULL),
                             HF_E_CERT_MALFORMED);
        }
}

typedef struct extension_case {
    const char *what;
    hf_bytes extension; /* a whole Extension */
    hf_status status;
    const char *field; /* when refused; NULL: any */
} extension_case;

static void extensions_have_their_form(void **state)
{
    (void)state;
    static const extension_case cases[] = {
        {"unknown, not critical", BYTES("\x30\x09\x06\x03\x2a\x03\x04\x04\x02\x05\x00"), HF_OK,
         NULL},
        {"unknown, critical", BYTES("\x30\x0c\x06\x03\x2a\x03\x04\x01\x01\xff\x04\x02\x05\x00"),
         HF_OK, NULL},
        {"critical FALSE", BYTES("\x30\x0c\x06\x03\x2a\x03\x04\x01\x01\x00\x04\x02\x05\x00"),
         HF_E_CERT_MALFORMED, "critical"},
        {"critical 01", BYTES("\x30\x0c\x06\x03\x2a\x03\x04\x01\x01\x01\x04\x02\x05\x00"),
         HF_E_CERT_MALFORMED, "critical"},
        {"no value", BYTES("\x30\x05\x06\x03\x2a\x03\x04"), HF_E_CERT_MALFORMED, "extnValue"},
        {"bytes after the value", BYTES("\x30\x0b\x06\x03\x2a\x03\x04\x04\x02\x05\x00\x05\x00"),
         HF_E_CERT_MALFORMED, "Extension"},
        {"a second keyUsage", BYTES("\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x07\x80"),
         HF_E_CERT_DUPLICATE_EXTENSION, "extnID"},
        {"empty extKeyUsage", BYTES("\x30\x09\x06\x03\x55\x1d\x25\x04\x02\x30\x00"),
         HF_E_CERT_MALFORMED, "KeyPurposeId"},
        {"empty subjectAltName", BYTES("\x30\x09\x06\x03\x55\x1d\x11\x04\x02\x30\x00"),
         HF_E_CERT_MALFORMED, "GeneralName"},
        {"a DNS name that is not ASCII",
         BYTES("\x30\x0c\x06\x03\x55\x1d\x11\x04\x05\x30\x03\x82\x01\xe4"), HF_E_CERT_MALFORMED,
         "dNSName"},
        {"an address of 5 bytes",
         BYTES("\x30\x10\x06\x03\x55\x1d\x11\x04\x09\x30\x07\x87\x05\x01\x02\x03\x04\x05"),
         HF_E_CERT_MALFORMED, "iPAddress"},
        {"GeneralName [9]", BYTES("\x30\x0c\x06\x03\x55\x1d\x11\x04\x05\x30\x03\x89\x01\x00"),
         HF_E_CERT_MALFORMED, "GeneralName"},
        {"bytes after subjectAltName",
         BYTES("\x30\x0e\x06\x03\x55\x1d\x11\x04\x07\x30\x03\x82\x01\x61\x05\x00"),
         HF_E_CERT_MALFORMED, "subjectAltName"},
        {"empty nameConstraints", BYTES("\x30\x09\x06\x03\x55\x1d\x1e\x04\x02\x30\x00"),
         HF_E_CERT_MALFORMED, "nameConstraints"},
        {"empty permittedSubtrees", BYTES("\x30\x0b\x06\x03\x55\x1d\x1e\x04\x04\x30\x02\xa0\x00"),
         HF_E_CERT_MALFORMED, "GeneralSubtree"},
        {"an empty policyConstraints", BYTES("\x30\x09\x06\x03\x55\x1d\x24\x04\x02\x30\x00"),
         HF_E_CERT_MALFORMED, "policyConstraints"},
        {"a negative inhibitAnyPolicy", BYTES("\x30\x0a\x06\x03\x55\x1d\x36\x04\x03\x02\x01\xff"),
         HF_E_CERT_MALFORMED, "inhibitAnyPolicy"},
        {"a negative requireExplicitPolicy",
         BYTES("\x30\x0c\x06\x03\x55\x1d\x24\x04\x05\x30\x03\x80\x01\xff"), HF_E_CERT_MALFORMED,
         "requireExplicitPolicy"},
        {"an empty inhibitPolicyMapping",
         BYTES("\x30\x0b\x06\x03\x55\x1d\x24\x04\x04\x30\x02\x81\x00"), HF_E_CERT_MALFORMED,
         "inhibitPolicyMapping"},
        {"a padded inhibitPolicyMapping",
         BYTES("\x30\x0d\x06\x03\x55\x1d\x24\x04\x06\x30\x04\x81\x02\x00\x01"), HF_E_CERT_MALFORMED,
         "inhibitPolicyMapping"},
        {"a huge requireExplicitPolicy",
         BYTES("\x30\x10\x06\x03\x55\x1d\x24\x04\x09\x30\x07\x80\x05\x7f\xff\xff\xff\xff"), HF_OK,
         NULL},
        {"an authorityCertSerialNumber that is padded",
         BYTES("\x30\x0d\x06\x03\x55\x1d\x23\x04\x06\x30\x04\x82\x02\x00\x01"), HF_E_CERT_MALFORMED,
         "authorityCertSerialNumber"},
        {"an empty authorityKeyIdentifier", BYTES("\x30\x09\x06\x03\x55\x1d\x23\x04\x02\x30\x00"),
         HF_OK, NULL},
        {"a subjectKeyIdentifier that is no OCTET STRING",
         BYTES("\x30\x09\x06\x03\x55\x1d\x0e\x04\x02\x05\x00"), HF_E_CERT_MALFORMED,
         "subjectKeyIdentifier"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        order o = plain();
        hf_cert c;
        hf_error e = {0};
        o.names = NULL;
        o.extra = cases[i].extension;
        hf_status s = hf_cert_parse(made(&o), &c, &e);
        if (s != cases[i].status)
            fail_msg("%s: %s at %s", cases[i].what, hf_error_name(s), e.field ? e.field : "");
        if (cases[i].field != NULL)
            assert_string_equal(e.field, cases[i].field);
        if (s != HF_OK)
            assert_true(e.offset > 0 && e.got[0] != '\0');
        else if (strstr(cases[i].what, "unknown, critical") != NULL)
            assert_int_equal(c.unknown_critical.n, 3);
    }
}

static void more_than_64_extensions_are_refused(void **state)
{
    (void)state;
    hf_buf many = {0};
    hf_error e;
    hf_cert c;
    for (unsigned n = 60; n <= 63; n++) { /* beside the two that are always there */
        order o = plain();
        o.names = NULL;
        hf_buf_clear(&many);
        for (unsigned i = 0; i < n; i++) {
            uint8_t ext[] = {0x30,       0x09, 0x06, 0x03, 0x2a, 0x03,
                             (uint8_t)i, 0x04, 0x02, 0x05, 0x00};
            assert_int_equal(hf_buf_append(&many, hf_bytes_of(ext, sizeof(ext))), HF_OK);
        }
        o.extra = hf_buf_bytes(&many);
        assert_int_equal(hf_cert_parse(made(&o), &c, &e), n <= 62 ? HF_OK : HF_E_CERT_MALFORMED);
    }
    hf_buf_free(&many);
}

static void versions_are_1_to_3_and_only_3_has_extensions(void **state)
{
    (void)state;
    hf_cert c;
    hf_error e;
    for (unsigned v = 1; v <= 4; v++) {
        order o = plain();
        o.version = v == 3 ? 0 : v;
        hf_status s = hf_cert_parse(made(&o), &c, &e);
        assert_int_equal(s, v == 4 ? HF_E_CERT_MALFORMED : HF_OK);
        if (s == HF_OK)
            assert_int_equal(c.version, v);
    }
    order o = plain();
    hf_bytes der = made(&o);
    uint8_t copy[2048];
    memcpy(copy, der.p, der.n);
    assert_int_equal(copy[12], 2); /* v3 */
    copy[12] = 1;
    assert_int_equal(hf_cert_parse(hf_bytes_of(copy, der.n), &c, &e), HF_E_CERT_MALFORMED);
    assert_string_equal(e.field, "extensions");
    copy[12] = 0;
    assert_int_equal(hf_cert_parse(hf_bytes_of(copy, der.n), &c, &e), HF_E_CERT_MALFORMED);
    assert_string_equal(e.field, "version");
}

/* A v2 certificate's unique identifiers are BIT STRINGs. */
static void unique_identifiers_are_bit_strings(void **state)
{
    (void)state;
    static const struct {
        hf_bytes field;
        const char *refused; /* NULL: none */
    } cases[] = {
        {BYTES("\x81\x02\x00\x55"), NULL},
        {BYTES("\x82\x02\x04\x50"), NULL},
        {BYTES("\x81\x01\x00\x82\x02\x00\x55"), NULL},
        {BYTES("\x81\x00"), "issuerUniqueID"},
        {BYTES("\x81\x02\x08\x00"), "issuerUniqueID"},
        {BYTES("\x82\x02\x04\x58"), "subjectUniqueID"}, /* unused bits that are not zero */
        {BYTES("\x82\x01\x03"), "subjectUniqueID"},
        {BYTES("\x82\x01\x00\x81\x01\x00"), "tbsCertificate"}, /* the wrong way round */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        order o = plain();
        hf_cert c;
        hf_error e = {0};
        o.version = 2;
        o.unique_ids = cases[i].field;
        hf_status s = hf_cert_parse(made(&o), &c, &e);
        assert_int_equal(s, cases[i].refused == NULL ? HF_OK : HF_E_CERT_MALFORMED);
        if (s != HF_OK)
            assert_string_equal(e.field, cases[i].refused);
    }
}

static void the_two_algorithms_must_be_the_same(void **state)
{
    (void)state;
    order o = plain();
    hf_bytes der = made(&o);
    uint8_t copy[2048];
    hf_cert c;
    hf_error e;
    static const uint8_t sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    memcpy(copy, der.p, der.n);
    for (size_t i = 0; i + sizeof(sha256) < der.n; i++)
        if (memcmp(copy + i, sha256, sizeof(sha256)) == 0) {
            copy[i + 7] = 3; /* the inner one becomes ecdsa-with-SHA384 */
            break;
        }
    assert_int_equal(hf_cert_parse(hf_bytes_of(copy, der.n), &c, &e), HF_E_CERT_MALFORMED);
    assert_string_equal(e.field, "signatureAlgorithm");
}

static hf_status count_parsed(void *ctx, hf_bytes der)
{
    hf_cert c;
    hf_error e;
    hf_status s = hf_cert_parse(der, &c, &e);
    if (s != HF_OK) {
        char text[1024];
        hf_error_format(&e, text, sizeof(text));
        fail_msg("%s", text);
    }
    ++*(size_t *)ctx;
    return HF_OK;
}

static void the_systems_bundle_parses(void **state)
{
    (void)state;
    const char *path = "/etc/ssl/certs/ca-certificates.crt";
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        printf("skipped: %s is not there\n", path);
        skip();
    }
    static char text[4 << 20];
    size_t n = fread(text, 1, sizeof(text), f), count = 0;
    fclose(f);
    assert_int_equal(hf_pem_each(hf_bytes_of(text, n), "CERTIFICATE", count_parsed, &count, NULL),
                     HF_OK);
    assert_true(count > 0);
    printf("%zu certificates\n", count);
}

static void the_fingerprint_is_sha256_of_it_all(void **state)
{
    (void)state;
    hf_cert c = {.der = BYTES("abc")};
    static const uint8_t expected[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                         0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                         0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                         0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    uint8_t digest[32];
    hf_cert_fingerprint(&c, digest);
    assert_memory_equal(digest, expected, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(reads_every_part),
        MADE_TEST(every_truncation_is_malformed),
        MADE_TEST(a_byte_after_the_end_is_malformed),
        MADE_TEST(every_changed_byte_is_judged),
        MADE_TEST(every_wrong_length_is_malformed),
        MADE_TEST(extensions_have_their_form),
        MADE_TEST(more_than_64_extensions_are_refused),
        MADE_TEST(versions_are_1_to_3_and_only_3_has_extensions),
        MADE_TEST(unique_identifiers_are_bit_strings),
        MADE_TEST(the_two_algorithms_must_be_the_same),
        cmocka_unit_test(the_systems_bundle_parses),
        cmocka_unit_test(the_fingerprint_is_sha256_of_it_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
