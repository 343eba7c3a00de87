/* test_x509_verify.c: chains, good and bad: each check has a chain that fails it and no other. */
#include "unit/x509_made.h"

#include "support/fail_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SERVER_AUTH  "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"
#define CLIENT_AUTH  "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"
#define ANY_PURPOSE  "\x06\x04\x55\x1d\x25\x00"

static const char *const host_names[] = {"www.example.com", "127.0.0.1", NULL};

/* Keys: 0 root, 1 intermediate, 2 leaf; others as a test likes. */
static order root_order(void)
{
    return (order){.subject = "CN=Root", .ca = true};
}

static order middle_order(void)
{
    return (order){.subject = "CN=Middle", .issuer = "CN=Root", .key = 1, .ca = true};
}

static order leaf_order(void)
{
    return (order){
        .subject = "CN=Leaf", .issuer = "CN=Middle", .key = 2, .signer = 1, .names = host_names};
}

typedef struct seen_checks {
    unsigned n, failed;
    char names[1024];
    unsigned paths;
} seen_checks;

static void see(void *ctx, const hf_check *k)
{
    seen_checks *s = ctx;
    assert_non_null(k->cert);
    assert_true(k->name != NULL && strncmp(k->section, "RFC ", 4) == 0);
    assert_true(k->value[0] != '\0' && k->limit[0] != '\0');
    s->n++;
    s->failed += k->result != HF_OK;
    s->paths = k->path + 1;
    size_t at = strlen(s->names);
    snprintf(s->names + at, sizeof(s->names) - at, "%u%s%s ", k->depth, k->name,
             k->result == HF_OK ? "" : "!");
}

typedef struct run {
    hf_cert chain[40];
    size_t count;
    hf_store *store;
    hf_verify_params params;
    hf_error e;
    seen_checks seen;
    const hf_cert *path[16];
    size_t path_len;
} run;

static run *start(const order *root)
{
    run *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    assert_int_equal(hf_store_new(&r->store), HF_OK);
    if (root != NULL)
        assert_int_equal(hf_store_add(r->store, made(root), NULL, NULL), HF_OK);
    r->params = (hf_verify_params){
        .store = r->store, .host = "www.example.com", .purpose = HF_PURPOSE_SERVER, .at_s = NOW};
    return r;
}

static void with(run *r, const order *o)
{
    r->chain[r->count++] = made_cert(o);
}

/* The verdict, which must be the same with and without a report and an error to fill. */
static hf_status verdict(run *r)
{
    hf_verify_report report = {see, &r->seen};
    r->path_len = COUNT(r->path);
    memset(&r->seen, 0, sizeof(r->seen));
    hf_status s =
        hf_verify_chain(r->chain, r->count, &r->params, &report, r->path, &r->path_len, &r->e);
    assert_int_equal(hf_verify_chain(r->chain, r->count, &r->params, NULL, NULL, NULL, NULL), s);
    if (s != HF_OK) {
        assert_int_equal(r->e.code, s);
        assert_true(r->e.field != NULL && r->e.expected[0] != '\0' && r->e.got[0] != '\0');
    }
    return s;
}

static void expect(run *r, hf_status expected, const char *field)
{
    hf_status s = verdict(r);
    if (s != expected || (field != NULL && strcmp(r->e.field, field) != 0)) {
        char text[1024];
        hf_error_format(&r->e, text, sizeof(text));
        fail_msg("%s, expected %s: %s%s", hf_error_name(s), hf_error_name(expected),
                 s != HF_OK ? text : "", r->seen.names);
    }
}

static void end(run *r)
{
    hf_store_free(r->store);
    free(r);
}

/* One chain root <- middle <- leaf, with the three orders as changed by the test. */
static run *three(const order *root, const order *middle, const order *leaf)
{
    run *r = start(root);
    with(r, leaf);
    with(r, middle);
    return r;
}

static void accepts_a_good_chain_and_names_every_check(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    run *r = three(&root, &middle, &leaf);
    expect(r, HF_OK, NULL);
    assert_int_equal(r->path_len, 3);
    assert_ptr_equal(r->path[0], &r->chain[0]);
    assert_ptr_equal(r->path[1], &r->chain[1]);
    assert_ptr_equal(r->path[2], hf_store_cert(r->store, 0));
    assert_string_equal(
        r->seen.names,
        "0validity 0key 0criticalExtensions 0keyUsage 0extKeyUsage 0subjectAltName "
        "0signatureAlgorithm 1validity 1version 1key 1criticalExtensions 1basicConstraints "
        "1pathLenConstraint 1keyUsage 1extKeyUsage 0signature 1signatureAlgorithm 2validity "
        "2version "
        "2key 2criticalExtensions 2basicConstraints 2pathLenConstraint 2keyUsage 2extKeyUsage "
        "1signature 0certificatePolicies ");
    r->path_len = 2; /* room for two: no more are written */
    r->path[2] = NULL;
    assert_int_equal(
        hf_verify_chain(r->chain, r->count, &r->params, NULL, r->path, &r->path_len, NULL), HF_OK);
    assert_int_equal(r->path_len, 2);
    assert_null(r->path[2]);
    end(r);
}

static void the_order_of_the_peers_list_does_not_matter(void **state)
{
    (void)state;
    order root = root_order(), leaf = leaf_order(), a = middle_order(), b = middle_order();
    a.subject = b.issuer = "CN=A";
    b.key = 3;
    b.subject = leaf.issuer = "CN=B";
    b.signer = 1;
    leaf.signer = 3;
    order stranger = {.subject = "CN=Stranger", .ca = true, .key = 4, .signer = 4};
    const order *const lists[][4] = {
        {&a, &b, &stranger, &root}, {&root, &stranger, &b, &a}, {&b, &root, &a, &stranger}};
    for (size_t i = 0; i < COUNT(lists); i++) {
        run *r = start(&root);
        with(r, &leaf);
        for (size_t k = 0; k < 4; k++)
            with(r, lists[i][k]);
        expect(r, HF_OK, NULL);
        assert_int_equal(r->path_len, 4);
        end(r);
    }
}

static void times_decide_to_the_second(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    run *r = three(&root, &middle, &leaf);
    r->params.at_s = NOW + DAY;
    expect(r, HF_OK, NULL);
    r->params.at_s = NOW + DAY + 1;
    expect(r, HF_E_CERT_EXPIRED, "validity");
    assert_string_equal(r->e.got, "expired on 2026-01-02 00:00:00 UTC (1 second ago)");
    r->params.at_s = NOW + 23 * DAY;
    expect(r, HF_E_CERT_EXPIRED, "validity");
    assert_string_equal(r->e.got, "expired on 2026-01-02 00:00:00 UTC (22 days ago)");
    assert_string_equal(r->e.expected, "valid at 2026-01-24 00:00:00 UTC");
    assert_string_equal(r->e.subject, "CN=Leaf");
    r->params.at_s = NOW - DAY;
    expect(r, HF_OK, NULL);
    r->params.at_s = NOW - DAY - 7200;
    expect(r, HF_E_CERT_NOT_YET_VALID, "validity");
    assert_string_equal(r->e.got, "valid only from 2025-12-31 00:00:00 UTC (2 hours from now)");
    end(r);
}

static void expired_authorities_and_anchors_are_refused(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    middle.to_s = NOW - 1;
    run *r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_EXPIRED, "validity");
    assert_string_equal(r->e.subject, "CN=Middle");
    assert_string_equal(r->e.message, "certificate 1 of the path");
    end(r);
    middle = middle_order();
    root.from_s = NOW + 1;
    r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_NOT_YET_VALID, "validity");
    assert_string_equal(r->e.subject, "CN=Root");
    end(r);
}

static void names_are_checked(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    run *r = three(&root, &middle, &leaf);
    static const char *const good[] = {"www.example.com", "WWW.example.com.", "127.0.0.1", NULL};
    static const char *const bad[] = {"example.com", "Leaf", "127.0.0.2", "",
                                      "www.example.com\x1b"};
    for (size_t i = 0; i < COUNT(good); i++) {
        r->params.host = good[i];
        expect(r, HF_OK, NULL);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        r->params.host = bad[i];
        hf_status s = hf_verify_chain(r->chain, r->count, &r->params, NULL, NULL, NULL, &r->e);
        assert_int_equal(s, HF_E_CERT_WRONG_NAME);
        assert_string_equal(r->e.got, "www.example.com, 127.0.0.1");
    }
    assert_string_equal(r->e.expected, "www.example.com\\1B");
    end(r);
    leaf.names = NULL;
    leaf.subject = "CN=www.example.com";
    r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_WRONG_NAME, "subjectAltName"); /* the common name does not count */
    end(r);
}

static void unknown_issuers_are_named(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order(), other = root_order();
    other.subject = "CN=Other";
    run *r = three(&other, &middle, &leaf);
    expect(r, HF_E_CERT_UNTRUSTED, "issuer");
    assert_string_equal(r->e.subject, "CN=Middle");
    assert_string_equal(r->e.expected, "\"CN=Root\" in the trust store, or a way to it");
    with(r, &root); /* the peer's own root is no anchor */
    expect(r, HF_E_CERT_UNTRUSTED, "issuer");
    assert_non_null(strstr(r->e.got, "self-signed"));
    end(r);
    r = start(NULL); /* an empty store */
    with(r, &leaf);
    expect(r, HF_E_CERT_UNTRUSTED, "issuer");
    assert_string_equal(r->e.got, "the trust store is empty");
    end(r);
    r = start(&root); /* the intermediate was not sent */
    with(r, &leaf);
    expect(r, HF_E_CERT_UNTRUSTED, "issuer");
    assert_non_null(strstr(r->e.expected, "CN=Middle"));
    end(r);
}

static void a_name_alone_is_no_trust(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    middle.signer = 5; /* claims the root as its issuer, but another key signed it */
    run *r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_BAD_SIGNATURE, "signature");
    assert_string_equal(r->e.subject, "CN=Middle");
    end(r);
}

static void every_changed_bit_of_the_leaf_is_refused(void **state)
{
    (void)state;
    order root = root_order(), leaf = leaf_order();
    leaf.issuer = "CN=Root";
    leaf.signer = 0;
    run *r = start(&root);
    with(r, &leaf);
    expect(r, HF_OK, NULL);
    hf_bytes der = r->chain[0].der;
    uint8_t copy[2048];
    for (size_t i = 0; i < der.n; i++) {
        memcpy(copy, der.p, der.n);
        copy[i] = (uint8_t)(copy[i] ^ 1U << i % 8);
        if (hf_cert_parse(hf_bytes_of(copy, der.n), &r->chain[0], NULL) != HF_OK)
            continue;
        hf_status s = hf_verify_chain(r->chain, 1, &r->params, NULL, NULL, NULL, &r->e);
        if (s == HF_OK)
            fail_msg("byte %zu changed, and accepted", i);
    }
    end(r);
}

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
    assert_string_equal(r->e.got, "at most 0 authorities below it");
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

/* A nameConstraints Extension, critical, of one subtree: [0] permitted or [1] excluded. */
static hf_bytes constraint(uint8_t room[200], unsigned list, uint8_t tag, hf_bytes base)
{
    uint8_t value[150];
    hf_writer w;
    hf_writer_init(&w, value, sizeof(value));
    size_t a = hf_der_open(&w, HF_DER_SEQUENCE);
    size_t b = hf_der_open(&w, HF_DER_CONTEXT_CONSTRUCTED(list));
    size_t c = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write(&w, tag, base);
    hf_der_close(&w, c);
    hf_der_close(&w, b);
    hf_der_close(&w, a);
    hf_bytes content = hf_writer_bytes(&w);
    hf_writer x;
    hf_writer_init(&x, room, 200);
    hf_issue_extension(&x, HF_EXT_nameConstraints, true, content);
    assert_int_equal(hf_writer_status(&x), HF_OK);
    return hf_writer_bytes(&x);
}

static void name_constraints_bind_every_name_below(void **state)
{
    (void)state;
    static const char dn_leaf[] = "\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04Leaf";
    static const char dn_other[] = "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01x";
    static const struct {
        uint8_t tag;
        hf_bytes base;
        const char *name; /* beside www.example.com; NULL: none */
        bool permitted;   /* accepted when the subtree is the permitted one */
        bool excluded;    /* accepted when it is the excluded one */
    } cases[] = {
        {0x82, BYTES("example.com"), NULL, true, false},
        {0x82, BYTES("www.example.com"), NULL, true, false},
        {0x82, BYTES("ww.example.com"), NULL, false, true},
        {0x82, BYTES("xample.com"), NULL, false, true},
        {0x82, BYTES("EXAMPLE.COM"), NULL, true, false},
        {0x82, BYTES(".example.com"), NULL, true, false},
        {0x82, BYTES(".www.example.com"), NULL, false, false},
        {0x82, BYTES(""), NULL, true, false},
        {0x82, BYTES("example.com"), "other.test", false, false},
        {0x82, BYTES("example.com"), "*.example.com", true, false},
        {0x82, BYTES("a.example.com"), "*.example.com", false, false},
        {0x82, BYTES("a.b.example.com"), "*.example.com", false, true},
        {0x82, BYTES("*.example.com"), NULL, false, false}, /* malformed */
        {0x82, BYTES("example.com."), NULL, false, false},  /* malformed */
        {0x81, BYTES("example.com"), NULL, true, true},     /* no mailbox: not concerned */
        {0x81, BYTES("example.com"), "a@example.com", true, false},
        {0x81, BYTES("a@example.com"), "a@EXAMPLE.com", true, false},
        {0x81, BYTES("a@example.com"), "A@example.com", false, true},
        {0x81, BYTES(".example.com"), "a@example.com", false, true},
        {0x81, BYTES(".example.com"), "a@mx.example.com", true, false},
        {0x81, BYTES("a@b@c.test"), "a@example.com", false, false}, /* malformed */
        {0x86, BYTES("example.com"), "https://u@example.com:8443/x", true, false},
        {0x86, BYTES("example.com"), "https://www.example.com/x", false, true},
        {0x86, BYTES(".example.com"), "https://www.example.com?x", true, false},
        {0x86, BYTES(".example.com"), "https://1.2.3.4/", false, false}, /* no host name */
        {0x87, BYTES("\x0a\x00\x00\x00\xff\x00\x00\x00"), "10.1.2.3", true, false},
        {0x87, BYTES("\x0a\x00\x00\x00\xff\x00\x00\x00"), "11.1.2.3", false, true},
        {0x87, BYTES("\x0a\x00\x00\x00\xff\x00\xff\x00"), "10.1.0.3", false, false}, /* mask */
        {0x87, BYTES("\x0a\x00\x00\x00\xff\x00\x00\x00"), "::1", false, true},
        {0x87,
         BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
               "\xff\xff\xff\xff"),
         "::1", true, false},
        {0xa4, BYTES(dn_leaf), NULL, true, false},
        {0xa4, BYTES(dn_other), NULL, false, true},
        {0xa4, BYTES("\x30\x00"), NULL, true, false},
        {0x88, BYTES("\x2a\x03"), NULL, true, true}, /* registeredID: none below */
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (unsigned list = 0; list < 2; list++) {
            uint8_t room[200];
            const char *names[] = {"www.example.com", cases[i].name, NULL};
            order root = root_order(), middle = middle_order(), leaf = leaf_order();
            middle.extra = constraint(room, list, cases[i].tag, cases[i].base);
            leaf.names = names;
            run *r = three(&root, &middle, &leaf);
            bool good = list == 0 ? cases[i].permitted : cases[i].excluded;
            hf_status s = verdict(r);
            if ((s == HF_OK) != good)
                fail_msg("case %zu, list %u: %s (%s, %s)", i, list, hf_error_name(s), r->e.expected,
                         r->e.got);
            if (s != HF_OK)
                assert_int_equal(s, HF_E_CERT_NAME_CONSTRAINTS);
            end(r);
        }
}

static void name_constraints_of_anchors_bind_and_self_issued_are_exempt(void **state)
{
    (void)state;
    uint8_t room[200];
    static const char *const other[] = {"other.test", NULL};
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    root.extra = constraint(room, 0, 0x82, (hf_bytes)BYTES("example.com"));
    run *r = three(&root, &middle, &leaf);
    expect(r, HF_OK, NULL);
    end(r);
    middle.names = other;
    r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_NAME_CONSTRAINTS, "nameConstraints");
    assert_string_equal(r->e.got, "dNSName other.test");
    assert_string_equal(r->e.expected, "within the permitted dNSName example.com");
    end(r);
    middle.subject = leaf.issuer = "CN=Root";
    r = three(&root, &middle, &leaf);
    expect(r, HF_OK, NULL);
    end(r);
}

static void weak_and_unknown_keys_and_algorithms_are_refused(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    run *r = three(&root, &middle, &leaf);
    hf_cert good = r->chain[1];
    r->chain[1].key_type = HF_KEY_RSA;
    r->chain[1].key_bits = 2047;
    expect(r, HF_E_CERT_WEAK_KEY, "key");
    r->chain[1].key_bits = 8193;
    expect(r, HF_E_CERT_ALGORITHM, "key");
    r->chain[1].key_type = HF_KEY_NONE;
    expect(r, HF_E_CERT_ALGORITHM, "key");
    r->chain[1] = good;
    r->chain[1].signed_with = NULL;
    r->chain[1].signed_with_name = "sha1WithRSAEncryption";
    expect(r, HF_E_CERT_ALGORITHM, "signatureAlgorithm");
    assert_string_equal(r->e.got, "sha1WithRSAEncryption");
    r->chain[1] = good;
    r->chain[0].signed_with = NULL;
    r->chain[0].signed_with_name = "unknown";
    expect(r, HF_E_CERT_ALGORITHM, "signatureAlgorithm");
    end(r);
}

static void an_anchor_that_is_the_leaf_is_trusted_and_still_judged(void **state)
{
    (void)state;
    order self = {.subject = "CN=localhost", .key = 2, .signer = 2, .names = host_names};
    run *r = start(&self);
    r->chain[r->count++] = *hf_store_cert(r->store, 0);
    expect(r, HF_OK, NULL);
    assert_int_equal(r->path_len, 1);
    r->params.host = "other.test";
    expect(r, HF_E_CERT_WRONG_NAME, NULL);
    r->params.host = NULL;
    r->params.at_s = NOW + 2 * DAY;
    expect(r, HF_E_CERT_EXPIRED, NULL);
    r->params.at_s = NOW;
    with(r, &self); /* the same key and name with another serial number is another certificate */
    r->chain[0] = r->chain[1];
    expect(r, HF_E_CERT_UNTRUSTED, NULL);
    end(r);
}

static void anchors_signatures_are_not_looked_at(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    root.issuer = "CN=Long gone"; /* a cross-signed anchor whose issuer nobody has */
    root.signer = 6;
    run *r = three(&root, &middle, &leaf);
    expect(r, HF_OK, NULL);
    end(r);
}

static void backtracks_over_anchors_and_cross_certificates(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    order expired = middle_order(), same_name = root_order(), old_root = root_order();
    expired.issuer = old_root.subject = "CN=Old Root";
    expired.signer = old_root.key = old_root.signer = 5;
    expired.to_s = NOW - 1;
    same_name.key = same_name.signer = 6;
    run *r = start(&old_root);
    assert_int_equal(hf_store_add(r->store, made(&same_name), NULL, NULL), HF_OK);
    assert_int_equal(hf_store_add(r->store, made(&root), NULL, NULL), HF_OK);
    assert_int_equal(hf_store_add(r->store, made(&same_name), NULL, NULL), HF_OK);
    with(r, &leaf);
    with(r, &expired);
    with(r, &middle);
    expect(r, HF_OK, NULL);
    assert_ptr_equal(r->path[1], &r->chain[2]);
    assert_true(r->seen.paths > 1);
    r->count = 2; /* only the expired one is left: the error is about it */
    expect(r, HF_E_CERT_EXPIRED, "validity");
    assert_string_equal(r->e.subject, "CN=Middle");
    end(r);
}

static void loops_end(void **state)
{
    (void)state;
    order leaf = leaf_order(), other = root_order();
    order a = {.subject = "CN=Middle", .issuer = "CN=B", .key = 1, .signer = 3, .ca = true};
    order b = {.subject = "CN=B", .issuer = "CN=Middle", .key = 3, .signer = 1, .ca = true};
    run *r = start(&other);
    with(r, &leaf);
    with(r, &a);
    with(r, &b);
    with(r, &a);
    expect(r, HF_E_CERT_UNTRUSTED, "issuer");
    end(r);
}

static void limits_end_the_search(void **state)
{
    (void)state;
    order other = root_order(), leaf = leaf_order();
    run *r = start(&other);
    with(r, &leaf);
    for (unsigned i = 0; i < 30; i++) { /* all of one name, by six keys: a dense graph */
        order o = {.subject = "CN=Middle",
                   .issuer = "CN=Middle",
                   .key = 1 + i % 5,
                   .signer = 1 + i / 5 % 5,
                   .ca = true};
        with(r, &o);
    }
    r->params.limits.path_steps = 50;
    r->params.limits.signature_checks = 1000;
    expect(r, HF_E_PATH_BUDGET, "path steps");
    assert_string_equal(r->e.expected, "at most 50 for one verification");
    r->params.limits.path_steps = 1000;
    r->params.limits.signature_checks = 9;
    expect(r, HF_E_PATH_BUDGET, "signature checks");
    end(r);
    order root = root_order(), middle = middle_order();
    r = three(&root, &middle, &leaf);
    r->params.limits.chain_length = 2;
    expect(r, HF_E_CHAIN_TOO_LONG, "path length");
    r->params.limits.chain_length = 3;
    expect(r, HF_OK, NULL);
    r->params.limits.signature_checks = 2;
    expect(r, HF_OK, NULL);
    r->params.limits.signature_checks = 1;
    expect(r, HF_E_PATH_BUDGET, NULL);
    end(r);
    uint8_t room[200];
    middle.extra = constraint(room, 0, 0x82, (hf_bytes)BYTES("example.com"));
    r = three(&root, &middle, &leaf);
    r->params.limits.name_comparisons = 3; /* subject, DNS name, address */
    leaf.names = host_names;
    expect(r, HF_OK, NULL);
    r->params.limits.name_comparisons = 2;
    expect(r, HF_E_PATH_BUDGET, "names compared with constraints");
    end(r);
}

/* policyConstraints with requireExplicitPolicy 0, and certificatePolicies with one policy. */
static void demanded_policies_must_hold(void **state)
{
    (void)state;
    static const hf_bytes demand =
        BYTES("\x30\x0f\x06\x03\x55\x1d\x24\x01\x01\xff\x04\x05\x30\x03\x80\x01\x00"
              "\x30\x10\x06\x03\x55\x1d\x20\x04\x09\x30\x07\x30\x05\x06\x03\x2a\x03\x04");
    static const hf_bytes same =
        BYTES("\x30\x10\x06\x03\x55\x1d\x20\x04\x09\x30\x07\x30\x05\x06\x03\x2a\x03\x04");
    static const hf_bytes other =
        BYTES("\x30\x10\x06\x03\x55\x1d\x20\x04\x09\x30\x07\x30\x05\x06\x03\x2a\x03\x05");
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    middle.extra = demand;
    run *r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_POLICY, "certificatePolicies");
    end(r);
    leaf.extra = other;
    r = three(&root, &middle, &leaf);
    expect(r, HF_E_CERT_POLICY, "certificatePolicies");
    end(r);
    leaf.extra = same;
    r = three(&root, &middle, &leaf);
    expect(r, HF_OK, NULL);
    end(r);
    middle.extra = (hf_bytes){NULL, 0}; /* nobody demands: nothing to hold */
    leaf.extra = other;
    r = three(&root, &middle, &leaf);
    expect(r, HF_OK, NULL);
    end(r);
}

static void arguments_are_checked(void **state)
{
    (void)state;
    order root = root_order();
    run *r = start(&root);
    hf_error e;
    assert_int_equal(hf_verify_chain(NULL, 0, &r->params, NULL, NULL, NULL, &e), HF_E_BAD_ARGUMENT);
    r->params.store = NULL;
    with(r, &root);
    assert_int_equal(hf_verify_chain(r->chain, 1, &r->params, NULL, NULL, NULL, &e),
                     HF_E_BAD_ARGUMENT);
    end(r);
}

static hf_status verify_again(void *ctx)
{
    run *r = ctx;
    return hf_verify_chain(r->chain, r->count, &r->params, NULL, NULL, NULL, &r->e);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    run *r = three(&root, &middle, &leaf);
    assert_true(hf_test_each_alloc_fails(verify_again, r) >= 0);
    end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(accepts_a_good_chain_and_names_every_check),
        MADE_TEST(the_order_of_the_peers_list_does_not_matter),
        MADE_TEST(times_decide_to_the_second),
        MADE_TEST(expired_authorities_and_anchors_are_refused),
        MADE_TEST(names_are_checked),
        MADE_TEST(unknown_issuers_are_named),
        MADE_TEST(a_name_alone_is_no_trust),
        MADE_TEST(every_changed_bit_of_the_leaf_is_refused),
        MADE_TEST(authorities_must_be_authorities),
        MADE_TEST(path_lengths_count_what_is_not_self_issued),
        MADE_TEST(leaves_must_fit_the_purpose),
        MADE_TEST(critical_extensions_that_are_not_processed_are_refused),
        MADE_TEST(name_constraints_bind_every_name_below),
        MADE_TEST(name_constraints_of_anchors_bind_and_self_issued_are_exempt),
        MADE_TEST(weak_and_unknown_keys_and_algorithms_are_refused),
        MADE_TEST(an_anchor_that_is_the_leaf_is_trusted_and_still_judged),
        MADE_TEST(anchors_signatures_are_not_looked_at),
        MADE_TEST(backtracks_over_anchors_and_cross_certificates),
        MADE_TEST(loops_end),
        MADE_TEST(limits_end_the_search),
        MADE_TEST(demanded_policies_must_hold),
        MADE_TEST(arguments_are_checked),
        MADE_TEST(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
