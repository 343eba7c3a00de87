/* test_x509_issue.c: certificates and requests made here, judged here and by other tools; stores
 * and identities; each allocation failing. */
#define _POSIX_C_SOURCE 200809L
#include "unit/x509_made.h"

#include "crypto/spki.h"
#include "support/fail_alloc.h"
#include "x509/identity.h"
#include "x509/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[] = {"localhost",     "*.example.com",         "127.0.0.1", "::1",
                                    "a@example.com", "https://example.com/x", NULL};

static hf_cert_template ca_template(void)
{
    return (hf_cert_template){.subject = "CN=Test CA, O=handfast",
                              .not_before_s = NOW - DAY,
                              .not_after_s = NOW + 10 * DAY,
                              .ca = true,
                              .path_len = 0};
}

static hf_cert_template leaf_template(void)
{
    return (hf_cert_template){.subject = "CN=localhost",
                              .names = names,
                              .not_before_s = NOW - DAY,
                              .not_after_s = NOW + 5 * DAY,
                              .path_len = -1,
                              .server = true};
}

static void parse(hf_bytes der, hf_cert *c)
{
    hf_error e;
    if (hf_cert_parse(der, c, &e) != HF_OK) {
        char text[1024];
        hf_error_format(&e, text, sizeof(text));
        fail_msg("%s", text);
    }
}

typedef struct pair {
    hf_key *ca_key, *key;
    hf_bytes ca_der, der;
    hf_cert ca, cert;
} pair;

static void make_pair(pair *p, hf_key_type ca_type, hf_key_type type)
{
    hf_cert_template ca = ca_template(), leaf = leaf_template();
    hf_error e;
    assert_int_equal(hf_key_generate(ca_type, 0, &p->ca_key, &e), HF_OK);
    assert_int_equal(hf_key_generate(type, 0, &p->key, &e), HF_OK);
    assert_int_equal(hf_cert_issue(&ca, hf_key_public(p->ca_key), NULL, p->ca_key, &p->ca_der, &e),
                     HF_OK);
    parse(p->ca_der, &p->ca);
    assert_int_equal(hf_cert_issue(&leaf, hf_key_public(p->key), &p->ca, p->ca_key, &p->der, &e),
                     HF_OK);
    parse(p->der, &p->cert);
}

static void free_pair(pair *p)
{
    hf_der_free(p->ca_der);
    hf_der_free(p->der);
    hf_key_free(p->ca_key);
    hf_key_free(p->key);
}

static const hf_key_type types[] = {HF_KEY_P256,    HF_KEY_P384,  HF_KEY_P521,
                                    HF_KEY_ED25519, HF_KEY_ED448, HF_KEY_RSA};

static void made_certificates_satisfy_the_strict_profiles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        pair p;
        hf_store *store;
        hf_error e;
        make_pair(&p, types[i], types[i]);
        assert_int_equal(hf_store_new(&store), HF_OK);
        assert_int_equal(hf_store_add(store, p.ca_der, NULL, &e), HF_OK);
        for (int profile = HF_PROFILE_TLS; profile <= HF_PROFILE_WEBPKI; profile++) {
            hf_verify_params v = {.store = store,
                                  .host = "www.example.com",
                                  .purpose = HF_PURPOSE_SERVER,
                                  .at_s = NOW,
                                  .profile = (hf_profile)profile};
            if (hf_verify_chain(&p.cert, 1, &v, NULL, NULL, NULL, &e) != HF_OK)
                fail_msg("key type %d, profile %d: %s, %s", types[i], profile, e.field, e.got);
        }
        hf_store_free(store);
        free_pair(&p);
    }
}

static void what_was_asked_for_is_in_it(void **state)
{
    (void)state;
    pair p;
    char text[200];
    make_pair(&p, HF_KEY_P256, HF_KEY_RSA);
    assert_int_equal(p.ca.version, 3);
    assert_true(p.ca.is_ca && p.ca.path_len == 0 && p.ca.self_issued);
    assert_int_equal(p.ca.key_usage, HF_KEY_USAGE_keyCertSign | HF_KEY_USAGE_cRLSign);
    assert_int_equal(p.ca.critical, HF_EXT_basicConstraints | HF_EXT_keyUsage);
    assert_null(p.ca.authority_key_id.p);
    assert_int_equal(p.ca.subject_key_id.n, 22);
    assert_int_equal(p.ca.serial.n, 16);
    assert_int_equal(p.ca.not_before_s, NOW - DAY);
    assert_int_equal(p.ca.not_after_s, NOW + 10 * DAY);
    assert_true(!p.cert.is_ca && p.cert.has_basic_constraints);
    assert_int_equal(p.cert.key_usage,
                     HF_KEY_USAGE_digitalSignature | HF_KEY_USAGE_keyEncipherment);
    assert_true(hf_bytes_equal(p.cert.issuer, p.ca.subject));
    assert_memory_equal(p.cert.authority_key_id.p + 4, p.ca.subject_key_id.p + 2, 20);
    hf_cert_names_text(&p.cert, text, sizeof(text));
    assert_string_equal(
        text, "localhost, *.example.com, 127.0.0.1, ::1, a@example.com, https://example.com/x");
    free_pair(&p);
}

static void serial_numbers_are_random_or_as_given(void **state)
{
    (void)state;
    hf_cert_template t = ca_template();
    hf_bytes a, b;
    hf_cert x, y;
    hf_error e;
    hf_key *key = made_key(0);
    assert_int_equal(hf_cert_issue(&t, hf_key_public(key), NULL, key, &a, &e), HF_OK);
    assert_int_equal(hf_cert_issue(&t, hf_key_public(key), NULL, key, &b, &e), HF_OK);
    parse(a, &x);
    parse(b, &y);
    assert_false(hf_bytes_equal(x.serial, y.serial));
    assert_true(x.serial.n == 16 && x.serial.p[0] >= 0x40 && x.serial.p[0] < 0x80);
    hf_der_free(a);
    t.serial[18] = 0x80;
    t.serial[19] = 7;
    assert_int_equal(hf_cert_issue(&t, hf_key_public(key), NULL, key, &a, &e), HF_OK);
    parse(a, &x);
    assert_int_equal(x.serial.n, 3);
    assert_memory_equal(x.serial.p, "\x00\x80\x07", 3);
    hf_der_free(a);
    hf_der_free(b);
    t.serial[0] = 0x80;
    assert_int_equal(hf_cert_issue(&t, hf_key_public(key), NULL, key, &a, &e), HF_E_BAD_ARGUMENT);
    assert_string_equal(e.field, "serial");
}

static void times_are_written_in_the_form_their_year_demands(void **state)
{
    (void)state;
    static const int64_t times[] = {-631152000, -1,         0,           951782400,
                                    2524607999, 2524608000, 253402300799};
    hf_key *key = made_key(0);
    for (size_t i = 0; i < COUNT(times); i++) {
        hf_cert_template t = ca_template();
        hf_bytes der;
        hf_cert c;
        hf_error e;
        t.not_before_s = times[0];
        t.not_after_s = times[i];
        assert_int_equal(hf_cert_issue(&t, hf_key_public(key), NULL, key, &der, &e), HF_OK);
        parse(der, &c);
        assert_int_equal(c.not_after_s, times[i]);
        hf_der_free(der);
    }
}

static void long_certificates_have_long_lengths(void **state)
{
    (void)state;
    const char **many = calloc(4001, sizeof(*many));
    static char text[4000][48];
    assert_non_null(many);
    hf_key *key = made_key(0);
    for (size_t n = 1; n <= 4000;
         n = n < 40 ? n + 1 : n * 10) { /* across 128, 256 and 65,536 bytes */
        hf_cert_template t = leaf_template();
        hf_bytes der;
        hf_cert c;
        hf_error e;
        for (size_t i = 0; i < n; i++) {
            snprintf(text[i], sizeof(text[i]), "name-%zu.example.com", i);
            many[i] = text[i];
        }
        many[n] = NULL;
        t.names = many;
        assert_int_equal(hf_cert_issue(&t, hf_key_public(key), NULL, key, &der, &e), HF_OK);
        parse(der, &c);
        assert_true(hf_cert_matches_host(&c, text[n - 1]));
        hf_der_free(der);
    }
    free(many);
}

/* An RSA key that nobody has: a modulus of `n` octets and a small exponent. */
static hf_bytes rsa_spki(uint8_t room[512], size_t n, uint8_t exponent)
{
    uint8_t modulus[256];
    hf_writer w;
    memset(modulus, 0xa5, sizeof(modulus));
    const hf_spki key = {.type = HF_KEY_RSA, .modulus = {modulus, n}, .exponent = {&exponent, 1}};
    hf_writer_init(&w, room, 512);
    hf_spki_write(&w, &key);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    return hf_writer_bytes(&w);
}

static void bad_templates_are_refused(void **state)
{
    (void)state;
    pair p;
    hf_bytes out;
    hf_error e;
    static const char *const bad_names[] = {"good.example", "not good", NULL};
    make_pair(&p, HF_KEY_P256, HF_KEY_P256);
    uint8_t weak[512];
    for (unsigned i = 0; i < 12; i++) {
        hf_cert_template t = leaf_template();
        const hf_cert *issuer = &p.ca;
        hf_key *issuer_key = p.ca_key;
        hf_bytes key = hf_key_public(p.key);
        hf_status expected = HF_E_BAD_ARGUMENT;
        const char *field = NULL;
        switch (i) {
        case 0:
            t.subject = "localhost";
            field = "subject";
            break;
        case 1:
            t.names = bad_names;
            field = "names";
            break;
        case 2:
            t.subject = NULL;
            t.names = NULL;
            field = "subject";
            break;
        case 3:
            t.not_after_s = t.not_before_s - 1;
            field = "not_after_s";
            break;
        case 4:
            t.not_after_s = INT64_MAX;
            field = "validity";
            break;
        case 5:
            issuer_key = p.key;
            expected = HF_E_KEY_MISMATCH;
            field = "issuer_key";
            break;
        case 6:
            issuer = &p.cert;
            issuer_key = p.key;
            expected = HF_E_CERT_NOT_A_CA;
            break;
        case 7:
            t.ca = true; /* below an issuer with pathLenConstraint 0 */
            expected = HF_E_CERT_PATH_LENGTH;
            break;
        case 8: /* keys that nobody would accept: too small, with the exponent 1, not on the curve
                 */
        case 9:
            key = rsa_spki(weak, i == 8 ? 128 : 256, i == 8 ? 3 : 1);
            expected = i == 8 ? HF_E_CERT_WEAK_KEY : HF_E_KEY_MALFORMED;
            field = "subject_public_key";
            break;
        case 10:
            memcpy(weak, key.p, key.n);
            weak[key.n - 1] ^= 1;
            key = hf_bytes_of(weak, key.n);
            expected = HF_E_KEY_MALFORMED;
            field = "subject_public_key";
            break;
        default:
            key.n--;
            break;
        }
        if (hf_cert_issue(&t, key, issuer, issuer_key, &out, &e) != expected)
            fail_msg("case %u: %s at %s", i, hf_error_name(e.code), e.field);
        assert_int_equal(e.code, expected);
        if (field != NULL)
            assert_string_equal(e.field, field);
    }
    free_pair(&p);
}

/* What an authority may not issue, nobody would accept from it. */
static void an_authority_issues_within_its_bounds(void **state)
{
    (void)state;
    uint8_t permitted[64], eku[32];
    hf_writer w;
    static const char *const inside[] = {"www.example.com", NULL};
    static const char *const outside[] = {"www.example.com", "www.example.org", NULL};
    /* permitted: example.com; for clients alone */
    const hf_bytes constraint = hf_bytes_of("\x30\x11\xa0\x0f\x30\x0d\x82\x0b"
                                            "example.com",
                                            19);
    const hf_bytes purposes = hf_bytes_of("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02", 12);
    hf_writer_init(&w, permitted, sizeof(permitted));
    hf_issue_extension(&w, HF_EXT_nameConstraints, true, constraint);
    order named = {.subject = "CN=Named", .ca = true, .extra = hf_writer_bytes(&w)};
    hf_writer_init(&w, eku, sizeof(eku));
    hf_issue_extension(&w, HF_EXT_extKeyUsage, false, purposes);
    order clients = {.subject = "CN=Clients", .ca = true, .extra = hf_writer_bytes(&w)};
    const struct {
        const order *authority;
        const char *const *names;
        bool server, client;
        hf_status expected;
    } cases[] = {
        {&named, inside, true, false, HF_OK},
        {&named, outside, true, false, HF_E_CERT_NAME_CONSTRAINTS},
        {&clients, outside, false, true, HF_OK},
        {&clients, inside, true, false, HF_E_CERT_PURPOSE},
        {&clients, inside, true, true, HF_E_CERT_PURPOSE},
        {&clients, inside, false, false, HF_OK},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        hf_cert ca = made_cert(cases[i].authority);
        hf_cert_template t = leaf_template();
        hf_bytes der = {NULL, 0};
        hf_error e = {0};
        t.names = cases[i].names;
        t.server = cases[i].server;
        t.client = cases[i].client;
        hf_status s = hf_cert_issue(&t, hf_key_public(made_key(1)), &ca, made_key(0), &der, &e);
        if (s != cases[i].expected)
            fail_msg("case %zu: %s", i, hf_error_name(s));
        if (s != HF_OK)
            assert_true(der.p == NULL && e.expected[0] != '\0' && e.got[0] != '\0');
        hf_der_free(der);
    }
}

/* A request's names are those of a stranger. */
static void a_request_with_names_that_are_none_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *san; /* GeneralNames */
        size_t n;
        bool good;
    } cases[] = {
        {"\x30\x08\x82\x06"
         "a.test",
         10, true},
        {"\x30\x08\x82\x06"
         "*.test",
         10, true},
        {"\x30\x08\x82\x06"
         "a b.te",
         10, false},
        {"\x30\x08\x82\x06"
         "a*.tes",
         10, false},
        {"\x30\x02\x82\x00", 4, false},
        {"\x30\x06\x87\x04\x7f\x00\x00\x01", 8, true},
    };
    hf_cert_template ca_t = ca_template();
    hf_bytes ca_der, request_der;
    hf_cert ca;
    assert_int_equal(
        hf_cert_issue(&ca_t, hf_key_public(made_key(0)), NULL, made_key(0), &ca_der, NULL), HF_OK);
    parse(ca_der, &ca);
    for (size_t i = 0; i < COUNT(cases); i++) {
        hf_cert_template t = {.subject = "CN=x"};
        hf_csr csr;
        hf_error e = {0};
        hf_bytes der = {NULL, 0};
        assert_int_equal(hf_csr_make(&t, made_key(1), &request_der, NULL), HF_OK);
        assert_int_equal(hf_csr_parse(request_der, &csr, NULL), HF_OK);
        csr.subject_alt_name = hf_bytes_of(cases[i].san, cases[i].n); /* as it would have come */
        t = leaf_template();
        hf_status s = hf_cert_issue_csr(&t, &csr, &ca, made_key(0), &der, &e);
        if (s != (cases[i].good ? HF_OK : HF_E_BAD_ARGUMENT))
            fail_msg("case %zu: %s", i, hf_error_name(s));
        hf_der_free(der);
        hf_der_free(request_der);
    }
    hf_der_free(ca_der);
}

static void an_empty_subject_makes_the_names_critical(void **state)
{
    (void)state;
    pair p;
    hf_cert_template t = leaf_template();
    hf_bytes der;
    hf_cert c;
    hf_error e;
    make_pair(&p, HF_KEY_P256, HF_KEY_P256);
    t.subject = " ";
    assert_int_equal(hf_cert_issue(&t, hf_key_public(p.key), &p.ca, p.ca_key, &der, &e), HF_OK);
    parse(der, &c);
    assert_true((c.critical & HF_EXT_subjectAltName) != 0);
    assert_int_equal(c.subject.n, 2);
    hf_der_free(der);
    free_pair(&p);
}

/* ---- requests ---- */

static void requests_become_certificates(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        pair p;
        hf_cert_template t = leaf_template();
        hf_bytes request, der;
        hf_csr csr;
        hf_cert c;
        hf_error e;
        char text[200];
        make_pair(&p, HF_KEY_P256, types[i]);
        assert_int_equal(hf_csr_make(&t, p.key, &request, &e), HF_OK);
        assert_int_equal(hf_csr_parse(request, &csr, &e), HF_OK);
        assert_int_equal(csr.key_type, types[i]);
        assert_true(hf_bytes_equal(csr.spki, hf_key_public(p.key)));
        t.subject = "CN=ignored";
        t.names = NULL;
        assert_int_equal(hf_cert_issue_csr(&t, &csr, &p.ca, p.ca_key, &der, &e), HF_OK);
        parse(der, &c);
        hf_name_text(c.subject, text, sizeof(text));
        assert_string_equal(text, "CN=localhost");
        assert_true(hf_cert_matches_host(&c, "www.example.com"));
        hf_der_free(request);
        hf_der_free(der);
        free_pair(&p);
    }
}

static void changed_and_cut_requests_are_refused(void **state)
{
    (void)state;
    hf_cert_template t = leaf_template();
    hf_bytes request;
    hf_csr csr;
    hf_error e;
    assert_int_equal(hf_csr_make(&t, made_key(0), &request, &e), HF_OK);
    uint8_t *copy = malloc(request.n + 1);
    assert_non_null(copy);
    for (size_t n = 0; n < request.n; n++) {
        uint8_t *cut = malloc(n == 0 ? 1 : n);
        memcpy(cut, request.p, n);
        assert_int_equal(hf_csr_parse(hf_bytes_of(cut, n), &csr, &e), HF_E_CERT_MALFORMED);
        assert_string_equal(e.message, "CertificationRequest");
        free(cut);
    }
    for (size_t i = 0; i < request.n; i++) {
        memcpy(copy, request.p, request.n);
        copy[i] = (uint8_t)(copy[i] ^ 1U << i % 8);
        if (hf_csr_parse(hf_bytes_of(copy, request.n), &csr, &e) == HF_OK)
            fail_msg("byte %zu changed, and accepted", i);
    }
    memcpy(copy, request.p, request.n);
    copy[request.n] = 0;
    assert_int_equal(hf_csr_parse(hf_bytes_of(copy, request.n + 1), &csr, &e), HF_E_CERT_MALFORMED);
    free(copy);
    hf_der_free(request);
}

/* ---- other tools ---- */

static void write_file(const char *folder, const char *name, hf_bytes der, const char *label)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    char *text = hf_pem_write(der, label);
    FILE *f = fopen(path, "wb");
    assert_true(text != NULL && f != NULL);
    fputs(text, f);
    fclose(f);
    hf_text_free(text);
}

static bool there_is(const char *tool)
{
    char command[100];
    snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", tool);
    if (system(command) == 0)
        return true;
    printf("skipped: %s is not installed\n", tool);
    return false;
}

static void run_in(const char *folder, const char *command)
{
    char line[500];
    snprintf(line, sizeof(line), "cd %s && { %s; } >log 2>&1 || { cat log; false; }", folder,
             command);
    if (system(line) != 0)
        fail_msg("%s", command);
}

static void other_tools_accept_what_is_made(void **state)
{
    (void)state;
    bool openssl = there_is("openssl"), certtool = there_is("certtool");
    if (!openssl && !certtool)
        skip();
    for (size_t i = 0; i < COUNT(types); i++) {
        char folder[] = "/tmp/handfast-issue-XXXXXX", line[200];
        pair p;
        hf_cert_template t = leaf_template();
        hf_bytes request;
        assert_non_null(mkdtemp(folder));
        make_pair(&p, types[i], types[i]);
        assert_int_equal(hf_csr_make(&t, p.key, &request, NULL), HF_OK);
        write_file(folder, "ca.pem", p.ca_der, "CERTIFICATE");
        write_file(folder, "leaf.pem", p.der, "CERTIFICATE");
        write_file(folder, "request.pem", request, "CERTIFICATE REQUEST");
        if (openssl) {
            snprintf(line, sizeof(line),
                     "openssl verify -x509_strict -attime %d -purpose sslserver "
                     "-verify_hostname localhost -CAfile ca.pem leaf.pem",
                     NOW);
            run_in(folder, line);
            run_in(folder, "openssl req -verify -noout -in request.pem");
        }
        if (certtool && types[i] != HF_KEY_ED448) { /* certtool judges at the present time */
            run_in(folder, "certtool --certificate-info --infile leaf.pem");
            run_in(folder, "certtool --crq-info --infile request.pem");
        }
        snprintf(line, sizeof(line), "rm -r %s", folder);
        assert_int_equal(system(line), 0);
        hf_der_free(request);
        free_pair(&p);
    }
}

/* ---- stores and identities ---- */

static char *chain_text(const pair *p)
{
    char *a = hf_pem_write(p->der, "CERTIFICATE"), *b = hf_pem_write(p->ca_der, "CERTIFICATE");
    char *both = malloc(strlen(a) + strlen(b) + 1);
    assert_non_null(both);
    strcpy(both, a);
    strcat(both, b);
    hf_text_free(a);
    hf_text_free(b);
    return both;
}

static void stores_keep_each_certificate_once(void **state)
{
    (void)state;
    pair p;
    hf_store *store;
    size_t added = 99;
    hf_error e;
    make_pair(&p, HF_KEY_P256, HF_KEY_P256);
    char *text = chain_text(&p);
    assert_int_equal(hf_store_new(&store), HF_OK);
    assert_int_equal(hf_store_add(store, hf_bytes_text("nothing here"), &added, &e),
                     HF_E_PEM_NOTHING_FOUND);
    assert_int_equal(added, 0);
    assert_int_equal(hf_store_add(store, hf_bytes_text(text), &added, &e), HF_OK);
    assert_int_equal(added, 2);
    assert_int_equal(hf_store_add(store, p.der, &added, &e), HF_OK);
    assert_int_equal(added, 0);
    assert_int_equal(hf_store_count(store), 2);
    assert_true(hf_store_find(store, p.ca.der, p.ca.subject) != NULL);
    assert_null(hf_store_cert(store, 2));
    assert_ptr_equal(hf_store_ref(store), store);
    hf_store_free(store);
    assert_int_equal(hf_store_count(store), 2);
    hf_store_free(store);
    hf_store_free(NULL);
    free(text);
    free_pair(&p);
}

static void a_bad_certificate_adds_nothing(void **state)
{
    (void)state;
    hf_store *store;
    hf_error e;
    char *text = malloc(200000);
    size_t added, n = 0;
    assert_non_null(text);
    assert_int_equal(hf_store_new(&store), HF_OK);
    for (unsigned i = 0; i < 40; i++) { /* enough for the index to grow twice */
        char subject[40];
        snprintf(subject, sizeof(subject), "CN=%u", i % 20);
        order o = {.subject = subject, .ca = true};
        char *one = hf_pem_write(made(&o), "CERTIFICATE");
        n += (size_t)snprintf(text + n, 200000 - n, "%s", one);
        hf_text_free(one);
    }
    assert_int_equal(hf_store_add(store, hf_bytes_of(text, n), &added, &e), HF_OK);
    assert_int_equal(added, 40);
    order o = {.subject = "CN=new", .ca = true};
    char *one = hf_pem_write(made(&o), "CERTIFICATE");
    snprintf(text, 200000, "%s-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n",
             one);
    hf_text_free(one);
    assert_int_equal(hf_store_add(store, hf_bytes_text(text), &added, &e), HF_E_CERT_MALFORMED);
    assert_string_equal(e.subject, "certificate 2 of the text");
    assert_int_equal(added, 0);
    assert_int_equal(hf_store_count(store), 40);
    for (size_t i = 0; i < 40; i++) {
        const hf_cert *c = hf_store_cert(store, i);
        assert_ptr_equal(hf_store_find(store, c->der, c->subject), c);
    }
    hf_store_free(store);
    free(text);
}

static void identities_pair_a_chain_with_its_key(void **state)
{
    (void)state;
    pair p;
    hf_identity *id = NULL;
    hf_error e;
    make_pair(&p, HF_KEY_P256, HF_KEY_RSA);
    char *text = chain_text(&p);
    assert_int_equal(hf_identity_new(hf_bytes_text(text), p.key, &id, &e), HF_OK);
    memset(text, 'x', strlen(text)); /* it is a copy */
    assert_int_equal(hf_identity_count(id), 2);
    assert_int_equal(hf_identity_size(id), p.der.n + p.ca_der.n);
    assert_true(hf_bytes_equal(hf_identity_cert(id, 0)->der, p.der));
    assert_true(hf_bytes_equal(hf_identity_cert(id, 1)->der, p.ca_der));
    assert_null(hf_identity_cert(id, 2));
    assert_ptr_equal(hf_identity_key(id), p.key);
    assert_true(hf_identity_covers(id, "www.example.com"));
    assert_false(hf_identity_covers(id, "example.org"));
    assert_ptr_equal(hf_identity_ref(id), id);
    hf_identity_free(id);
    hf_identity_free(id);
    hf_identity_free(NULL);
    free(text);
    assert_int_equal(hf_identity_new(p.der, p.ca_key, &id, &e), HF_E_KEY_MISMATCH);
    assert_string_equal(e.subject, "CN=localhost");
    assert_int_equal(hf_identity_new(hf_bytes_text("x"), p.key, &id, &e), HF_E_PEM_NOTHING_FOUND);
    assert_int_equal(hf_identity_new(p.der, NULL, &id, &e), HF_E_BAD_ARGUMENT);
    text = hf_pem_write((hf_bytes){(const uint8_t *)"\x30\x00", 2}, "CERTIFICATE");
    assert_int_equal(hf_identity_new(hf_bytes_text(text), p.key, &id, &e), HF_E_CERT_MALFORMED);
    hf_text_free(text);
    free_pair(&p);
}

/* ---- each allocation failing ---- */

typedef struct world {
    pair p;
    char *text;
} world;

static hf_status make_all(void *ctx)
{
    world *w = ctx;
    hf_cert_template t = leaf_template();
    hf_error e = {0};
    hf_bytes der = {NULL, 0}, request = {NULL, 0}, from_request = {NULL, 0};
    hf_csr csr;
    hf_status s = hf_cert_issue(&t, hf_key_public(w->p.key), &w->p.ca, w->p.ca_key, &der, &e);
    if (s == HF_OK)
        s = hf_csr_make(&t, w->p.key, &request, &e);
    if (s == HF_OK)
        s = hf_csr_parse(request, &csr, &e);
    if (s == HF_OK)
        s = hf_cert_issue_csr(&t, &csr, &w->p.ca, w->p.ca_key, &from_request, &e);
    hf_der_free(der);
    hf_der_free(request);
    hf_der_free(from_request);
    assert_int_equal(e.code, s);
    return s;
}

static hf_status keep_all(void *ctx)
{
    world *w = ctx;
    hf_error e = {0};
    hf_store *store = NULL;
    hf_identity *id = NULL;
    hf_status s = hf_store_new(&store);
    if (s != HF_OK)
        return s;
    s = hf_store_add(store, hf_bytes_text(w->text), NULL, &e);
    if (s != HF_OK)
        assert_int_equal(hf_store_count(store), 0);
    else
        s = hf_identity_new(hf_bytes_text(w->text), w->p.key, &id, &e);
    assert_int_equal(e.code, s);
    hf_identity_free(id);
    hf_store_free(store);
    return s;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    world w;
    make_pair(&w.p, HF_KEY_P256, HF_KEY_P256);
    w.text = chain_text(&w.p);
    assert_true(hf_test_each_alloc_fails(make_all, &w) > 5);
    assert_true(hf_test_each_alloc_fails(keep_all, &w) > 5);
    free(w.text);
    free_pair(&w.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(made_certificates_satisfy_the_strict_profiles),
        MADE_TEST(what_was_asked_for_is_in_it),
        MADE_TEST(serial_numbers_are_random_or_as_given),
        MADE_TEST(times_are_written_in_the_form_their_year_demands),
        MADE_TEST(long_certificates_have_long_lengths),
        MADE_TEST(bad_templates_are_refused),
        MADE_TEST(an_authority_issues_within_its_bounds),
        MADE_TEST(a_request_with_names_that_are_none_is_refused),
        MADE_TEST(an_empty_subject_makes_the_names_critical),
        MADE_TEST(requests_become_certificates),
        MADE_TEST(changed_and_cut_requests_are_refused),
        MADE_TEST(other_tools_accept_what_is_made),
        MADE_TEST(stores_keep_each_certificate_once),
        MADE_TEST(a_bad_certificate_adds_nothing),
        MADE_TEST(identities_pair_a_chain_with_its_key),
        MADE_TEST(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
