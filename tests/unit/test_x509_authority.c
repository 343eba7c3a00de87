/* test_x509_authority.c: what an authority may do, and what a leaf may be used for: each rule has a
 * chain that breaks it and no other. */
#include "unit/x509_run.h"

static void authorities_must_be_authorities(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    middle.ca = false;
    middle.usage = -1;
    run *r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_NOT_A_CA, "basicConstraints");
    end(r);
    middle = middle_order();
    middle.no_basic = true;
    r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_NOT_A_CA, "basicConstraints");
    end(r);
    middle = middle_order();
    middle.version = 1;
    r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_NOT_A_CA, "version");
    end(r);
    middle = middle_order();
    middle.usage = HF_KEY_USAGE_cRLSign | HF_KEY_USAGE_digitalSignature;
    r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_KEY_USAGE, "keyUsage");
    assert_string_equal(r->e.got, "digitalSignature, cRLSign");
    end(r);
    middle = middle_order();
    middle.usage = -1; /* absent: any */
    r = three(&root, &middle, &leaf);
    expect(r, HF_OK, NULL);
    end(r);
    root.no_basic = true; /* the anchor too */
    r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_NOT_A_CA, "basicConstraints");
    end(r);
}

static void path_lengths_count_what_is_not_self_issued(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    root.path_len = 1; /* 0 */
    run *r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_PATH_LENGTH, "pathLenConstraint");
    assert_string_equal(r->e.got, "1 authority below it in this path");
    assert_string_equal(r->e.expected, "at most 0, by its pathLenConstraint");
    end(r);
    root.path_len = 2; /* 1 */
    r = three(&root, &middle, &leaf);
    expect(r, HF_OK, NULL);
    end(r);
    order rollover = {
        .subject = "CN=Middle", .issuer = "CN=Middle", .key = 3, .signer = 1, .ca = true};
    leaf.signer = 3;
    r = start(&root);
    with(r, &leaf);
    with(r, &rollover);
    with(r, &middle);
    expect(r, HF_OK, NULL);
    assert_int_equal(r->path_len, 4);
    end(r);
}

static void leaves_must_fit_the_purpose(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        size_t n;
        hf_status server, client;
    } cases[] = {
        {NULL, 0, HF_OK, HF_OK},
        {SERVER_AUTH, 10, HF_OK, HF_E_CERT_PURPOSE},
        {CLIENT_AUTH, 10, HF_E_CERT_PURPOSE, HF_OK},
        {CLIENT_AUTH SERVER_AUTH, 20, HF_OK, HF_OK},
        {ANY_PURPOSE, 6, HF_OK, HF_OK},
        {"\x06\x03\x2a\x03\x04", 5, HF_E_CERT_PURPOSE, HF_E_CERT_PURPOSE},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int in_middle = 0; in_middle < 2; in_middle++) {
            order root = root_order(), middle = middle_order(), leaf = leaf_order();
            order *o = in_middle ? &middle : &leaf;
            o->purposes = cases[i].content;
            o->purposes_n = cases[i].n;
            run *r = three(&root, &middle, &leaf);
            expect(r, cases[i].server, cases[i].server != HF_OK ? "extKeyUsage" : NULL);
            r->params.purpose = HF_PURPOSE_CLIENT;
            expect(r, cases[i].client, cases[i].client != HF_OK ? "extKeyUsage" : NULL);
            r->params.purpose = HF_PURPOSE_ANY;
            expect(r, HF_OK, NULL);
            end(r);
        }
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    leaf.usage = HF_KEY_USAGE_keyEncipherment;
    run *r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_KEY_USAGE, "keyUsage");
    r->params.purpose = HF_PURPOSE_ANY;
    expect(r, HF_OK, NULL);
    end(r);
}

static void critical_extensions_that_are_not_processed_are_refused(void **state)
{
    (void)state;
    static const struct {
        hf_bytes extension;
        hf_status status;
        const char *got;
    } cases[] = {
        {BYTES("\x30\x0c\x06\x03\x2a\x03\x04\x01\x01\xff\x04\x02\x05\x00"),
         HF_E_CERT_CRITICAL_EXTENSION, "critical extension 1.2.3.4"},
        {BYTES("\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x01\x18\x01\x01\xff\x04\x05\x30\x03\x02"
               "\x01\x05"),
         HF_E_CERT_CRITICAL_EXTENSION, "critical tlsFeature"},
        {BYTES("\x30\x11\x06\x08\x2b\x06\x01\x05\x05\x07\x01\x18\x04\x05\x30\x03\x02\x01\x05"),
         HF_OK, ""},
        {BYTES("\x30\x09\x06\x03\x2a\x03\x04\x04\x02\x05\x00"), HF_OK, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int where = 0; where < 3; where++) {
            order o[3] = {leaf_order(), middle_order(), root_order()};
            o[where].extra = cases[i].extension;
            run *r = three(&o[2], &o[1], &o[0]);
            expect(r, cases[i].status, NULL);
            if (cases[i].status != HF_OK)
                assert_string_equal(r->e.got, cases[i].got);
            end(r);
        }
}

/* Every purpose has its OID, and any one of its usages will do. */
static void each_purpose_has_its_usages(void **state)
{
    (void)state;
    static const struct {
        hf_purpose purpose;
        const char *content;
        int good, bad; /* keyUsage */
    } cases[] = {
        {HF_PURPOSE_SERVER, "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01",
         HF_KEY_USAGE_digitalSignature, HF_KEY_USAGE_nonRepudiation},
        {HF_PURPOSE_EMAIL, "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x04", HF_KEY_USAGE_keyEncipherment,
         HF_KEY_USAGE_keyCertSign},
        {HF_PURPOSE_CODE_SIGNING, "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x03",
         HF_KEY_USAGE_digitalSignature, HF_KEY_USAGE_nonRepudiation},
        {HF_PURPOSE_TIME_STAMPING, "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x08",
         HF_KEY_USAGE_nonRepudiation, HF_KEY_USAGE_keyEncipherment},
        {HF_PURPOSE_OCSP_SIGNING, "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x09",
         HF_KEY_USAGE_nonRepudiation, HF_KEY_USAGE_keyAgreement},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(cases); k++) {
            order root = root_order(), middle = middle_order(), leaf = leaf_order();
            leaf.purposes = cases[i].content;
            leaf.purposes_n = 10;
            leaf.usage = cases[i].good;
            run *r = three(&root, &middle, &leaf);
            r->params.purpose = cases[k].purpose;
            if (i == k)
                expect(r, HF_OK, NULL);
            else
                assert_int_not_equal(verdict(r), HF_OK);
            end(r);
            leaf.usage = cases[i].bad;
            r = three(&root, &middle, &leaf);
            r->params.purpose = cases[i].purpose;
            expect(r, HF_E_CERT_KEY_USAGE, "keyUsage");
            r->params.key_usage = HF_KEY_USAGE_ANY;
            expect(r, HF_OK, NULL);
            r->params.key_usage = (uint16_t)cases[i].bad;
            expect(r, HF_OK, NULL);
            r->params.key_usage |= HF_KEY_USAGE_cRLSign; /* all that are demanded */
            expect(r, HF_E_CERT_KEY_USAGE, "keyUsage");
            end(r);
        }
}

static void mailboxes_are_matched(void **state)
{
    (void)state;
    static const char *const names[] = {"User@mail.example.com", "www.example.com", NULL};
    static const struct {
        const char *mailbox;
        hf_status status;
    } cases[] = {
        {"User@mail.example.com", HF_OK},
        {"User@MAIL.example.com", HF_OK},
        {"user@mail.example.com", HF_E_CERT_WRONG_NAME}, /* the local part is its host's affair */
        {"ser@mail.example.com", HF_E_CERT_WRONG_NAME},
        {"User@example.com", HF_E_CERT_WRONG_NAME},
        {"mail.example.com", HF_E_CERT_WRONG_NAME},
        {"User@", HF_E_CERT_WRONG_NAME},
        {"", HF_E_CERT_WRONG_NAME},
    };
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    leaf.names = names;
    run *r = three(&root, &middle, &leaf);
    for (size_t i = 0; i < COUNT(cases); i++) {
        r->params.email = cases[i].mailbox;
        expect(r, cases[i].status, cases[i].status == HF_OK ? NULL : "subjectAltName");
    }
    r->params.email = "User@mail.example.com"; /* both must match */
    r->params.host = "other.example.com";
    expect(r, HF_E_CERT_WRONG_NAME, "subjectAltName");
    assert_string_equal(r->e.expected, "other.example.com, User@mail.example.com");
    end(r);
}

/* BR 7.1.4.3, and what is taken for a copy. */
static void browsers_want_common_names_that_are_copies(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *name;
        bool good;
    } cases[] = {
        {"CN=www.example.com", "www.example.com", true},
        {"CN=WWW.example.com", "www.example.com", false},
        {"CN=other.example.com", "www.example.com", false},
        {"CN=*.example.com", "*.example.com", true},
        {"CN=example.com", "*.example.com", true},
        {"CN=www.example.com", "*.example.com", false},
        {"CN=com", "*.example.com", false},
        {"CN=127.0.0.1", "127.0.0.1", true},
        {"CN=127.0.0.01", "127.0.0.1", false},
        {"CN=0x7F000001", "127.0.0.1", false},
        {"CN=2001:DB8::1", "2001:db8::1", false},
        {"CN=example.com", "127.0.0.1", true},
        {"CN=Some Body", "127.0.0.1", false},
        {"CN=www.example.com, CN=www.example.com", "www.example.com", false}, /* one is enough */
        {"O=Example", "www.example.com", true},
    };
    hf_cert_template ca = {.subject = "CN=Root, O=handfast, C=DE",
                           .not_before_s = NOW - DAY,
                           .not_after_s = NOW + DAY,
                           .ca = true,
                           .path_len = -1};
    hf_bytes root_der, leaf_der;
    hf_cert root, leaf;
    hf_store *store;
    hf_error e;
    assert_int_equal(
        hf_cert_issue(&ca, hf_key_public(made_key(0)), NULL, made_key(0), &root_der, NULL), HF_OK);
    assert_int_equal(hf_cert_parse(root_der, &root, NULL), HF_OK);
    assert_int_equal(hf_store_new(&store), HF_OK);
    assert_int_equal(hf_store_add(store, root_der, NULL, NULL), HF_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *names[] = {cases[i].name, NULL};
        hf_cert_template t = {.subject = cases[i].subject,
                              .names = names,
                              .not_before_s = NOW - DAY,
                              .not_after_s = NOW + DAY,
                              .path_len = -1,
                              .server = true};
        assert_int_equal(
            hf_cert_issue(&t, hf_key_public(made_key(1)), &root, made_key(0), &leaf_der, NULL),
            HF_OK);
        assert_int_equal(hf_cert_parse(leaf_der, &leaf, NULL), HF_OK);
        hf_verify_params p = {.store = store, .profile = HF_PROFILE_WEBPKI, .at_s = NOW};
        hf_status s = hf_verify_chain(&leaf, 1, &p, NULL, NULL, NULL, &e);
        if ((s == HF_OK) != cases[i].good || (s != HF_OK && strcmp(e.field, "commonName") != 0))
            fail_msg("%s with %s: %s", cases[i].subject, cases[i].name, hf_error_name(s));
        p.profile = HF_PROFILE_RFC5280; /* knows no such rule */
        assert_int_equal(hf_verify_chain(&leaf, 1, &p, NULL, NULL, NULL, &e), HF_OK);
        hf_der_free(leaf_der);
    }
    hf_store_free(store);
    hf_der_free(root_der);
}

/* A subjectKeyIdentifier, and an authorityKeyIdentifier with the same. */
static const char key_ids[] = "\x30\x0a\x06\x03\x55\x1d\x0e\x04\x03\x04\x01\x01"
                              "\x30\x0c\x06\x03\x55\x1d\x23\x04\x05\x30\x03\x80\x01\x01";

/* RFC 5280 section 4.2.1.9: pathLenConstraint only beside cA and keyCertSign; section 4.2.1.3: an
 * authority's keyUsage is there. These are rules for the maker: by default nothing depends on them.
 */
static void the_makers_of_authorities_have_rules(void **state)
{
    (void)state;
    static const struct {
        int leaf_path_len, middle_path_len, middle_usage;
        bool good;
    } cases[] = {
        {0, 0, 0, true}, {0, 1, 0, true}, {1, 0, 0, false}, {0, 0, -1, false}, {0, 1, -1, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int profile = HF_PROFILE_TLS; profile <= HF_PROFILE_WEBPKI; profile++) {
            order root = root_order(), middle = middle_order(), leaf = leaf_order();
            root.extra = middle.extra = leaf.extra = hf_bytes_of(key_ids, sizeof(key_ids) - 1);
            leaf.path_len = cases[i].leaf_path_len;
            middle.path_len = cases[i].middle_path_len;
            middle.usage = cases[i].middle_usage;
            leaf.subject = "CN=www.example.com";
            leaf.purposes = SERVER_AUTH;
            leaf.purposes_n = 10;
            run *r = three(&root, &middle, &leaf);
            r->params.profile = (hf_profile)profile;
            if (profile == HF_PROFILE_TLS || cases[i].good)
                expect(r, HF_OK, NULL);
            else
                expect(r, HF_E_CERT_PROFILE, "authority");
            end(r);
        }
}

/* Forms that the parser takes, since they mean one thing only, and RFC 5280 forbids to makers. */
static void forms_have_rules_too(void **state)
{
    (void)state;
#define UTC_2025                                                                                   \
    "\x17\x0d"                                                                                     \
    "250101000000Z"
#define UTC_2027                                                                                   \
    "\x17\x0d"                                                                                     \
    "270101000000Z"
#define GENERAL_2025                                                                               \
    "\x18\x0f"                                                                                     \
    "20250101000000Z"
#define GENERAL_2027                                                                               \
    "\x18\x0f"                                                                                     \
    "20270101000000Z"
#define GENERAL_2050                                                                               \
    "\x18\x0f"                                                                                     \
    "20500101000000Z"
#define GENERAL_1949                                                                               \
    "\x18\x0f"                                                                                     \
    "19491231235959Z"
#define GENERAL_1950                                                                               \
    "\x18\x0f"                                                                                     \
    "19500101000000Z"
    static const struct {
        hf_bytes validity;
        bool no_usage_bits;
        const char *field; /* NULL: good */
    } cases[] = {
        {BYTES(UTC_2025 UTC_2027), false, NULL},
        {BYTES(UTC_2025 GENERAL_2050), false, NULL},
        {BYTES(GENERAL_1949 UTC_2027), false, NULL},
        {BYTES(UTC_2025 GENERAL_2027), false, "timeForms"},
        {BYTES(GENERAL_2025 UTC_2027), false, "timeForms"},
        {BYTES(GENERAL_1950 UTC_2027), false, "timeForms"},
        {BYTES(UTC_2025 UTC_2027), true, "keyUsageForm"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int profile = HF_PROFILE_TLS; profile <= HF_PROFILE_RFC5280; profile++) {
            order root = root_order(), middle = middle_order(), leaf = leaf_order();
            leaf.validity = cases[i].validity;
            leaf.no_usage_bits = cases[i].no_usage_bits;
            root.extra = middle.extra = leaf.extra = hf_bytes_of(key_ids, sizeof(key_ids) - 1);
            run *r = three(&root, &middle, &leaf);
            r->params.profile = (hf_profile)profile;
            r->params.purpose = HF_PURPOSE_ANY;
            if (profile == HF_PROFILE_TLS || cases[i].field == NULL)
                expect(r, HF_OK, NULL);
            else
                expect(r, HF_E_CERT_PROFILE, cases[i].field);
            end(r);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(authorities_must_be_authorities),
        MADE_TEST(path_lengths_count_what_is_not_self_issued),
        MADE_TEST(leaves_must_fit_the_purpose),
        MADE_TEST(each_purpose_has_its_usages),
        MADE_TEST(mailboxes_are_matched),
        MADE_TEST(the_makers_of_authorities_have_rules),
        MADE_TEST(forms_have_rules_too),
        MADE_TEST(browsers_want_common_names_that_are_copies),
        MADE_TEST(critical_extensions_that_are_not_processed_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
