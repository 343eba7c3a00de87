/* test_x509_constraints.c: name constraints: every form, on every certificate below. */
#include "unit/x509_run.h"

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

/* ---- every combination ----
 *
 * A leaf with a common name, a DNS name and an address, each absent, right or wrong, under an
 * authority with permitted and excluded DNS and IP subtrees, each absent, around the right name or
 * around the wrong one. By RFC 5280 and RFC 9525: the name asked for is among the subjectAltNames,
 * and every one of those is within the constraints; the common name plays no part. */
typedef enum trit { NONE, RIGHT, WRONG } trit;

typedef struct combination {
    trit common, dns, ip; /* of the leaf */
    trit dns_permitted, ip_permitted, dns_excluded, ip_excluded;
    bool common_is_ip, ask_ip;
} combination;

static trit digit(unsigned *n)
{
    trit t = (trit)(*n % 3);
    *n /= 3;
    return t;
}

static bool allowed(trit name, trit permitted, trit excluded)
{
    return name == NONE || ((permitted == NONE || permitted == name) && excluded != name);
}

static bool should_pass(const combination *c)
{
    return (c->ask_ip ? c->ip : c->dns) == RIGHT &&
           allowed(c->dns, c->dns_permitted, c->dns_excluded) &&
           allowed(c->ip, c->ip_permitted, c->ip_excluded);
}

static void subtree(hf_writer *w, trit t, uint8_t tag, hf_bytes right, hf_bytes wrong)
{
    if (t == NONE)
        return;
    size_t s = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, tag, t == RIGHT ? right : wrong);
    hf_der_close(w, s);
}

static void subtrees(hf_writer *w, unsigned list, trit dns, trit ip)
{
    if (dns == NONE && ip == NONE)
        return;
    size_t mark = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(list));
    subtree(w, dns, 0x82, (hf_bytes)BYTES("localhost"), (hf_bytes)BYTES("example.com"));
    subtree(w, ip, 0x87, (hf_bytes)BYTES("\x7f\x00\x00\x00\xff\xff\xff\x00"),
            (hf_bytes)BYTES("\x01\x01\x01\x00\xff\xff\xff\x00"));
    hf_der_close(w, mark);
}

static hf_cert constrained_middle(const combination *c)
{
    uint8_t value[150], room[200];
    hf_writer w, x;
    order middle = middle_order();
    hf_writer_init(&w, value, sizeof(value));
    size_t mark = hf_der_open(&w, HF_DER_SEQUENCE);
    subtrees(&w, 0, c->dns_permitted, c->ip_permitted);
    subtrees(&w, 1, c->dns_excluded, c->ip_excluded);
    hf_der_close(&w, mark);
    hf_writer_init(&x, room, sizeof(room));
    hf_issue_extension(&x, HF_EXT_nameConstraints, true, hf_writer_bytes(&w));
    if (hf_writer_bytes(&w).n > 2) /* an empty one is malformed */
        middle.extra = hf_writer_bytes(&x);
    return made_cert(&middle);
}

static hf_cert named_leaf(const combination *c)
{
    static const char *const dns[] = {NULL, "test.localhost", "bad.example.com"};
    static const char *const ip[] = {NULL, "127.0.0.1", "1.1.1.1"};
    const char *names[3] = {NULL, NULL, NULL};
    size_t n = 0;
    char subject[64];
    if (c->dns != NONE)
        names[n++] = dns[c->dns];
    if (c->ip != NONE)
        names[n++] = ip[c->ip];
    const char *common = (c->common_is_ip ? ip : dns)[c->common];
    snprintf(subject, sizeof(subject), "O=handfast%s%s", common != NULL ? ", CN=" : "",
             common != NULL ? common : "");
    order leaf = leaf_order();
    leaf.subject = subject;
    leaf.names = n != 0 ? names : NULL;
    return made_cert(&leaf);
}

static void every_combination_of_names_and_constraints(void **state)
{
    (void)state;
    static hf_cert middles[81], leaves[54];
    order root = root_order();
    run *r = start(&root);
    size_t good = 0, judged = 0;
    r->count = 2;
    assert_int_equal(hf_signature_cache_new(1024, &r->params.signatures, NULL), HF_OK);
    for (unsigned m = 0; m < 81; m++) {
        unsigned left = m;
        combination c = {.dns_permitted = digit(&left),
                         .ip_permitted = digit(&left),
                         .dns_excluded = digit(&left),
                         .ip_excluded = digit(&left)};
        middles[m] = constrained_middle(&c);
        for (unsigned l = 0; l < 54; l++) {
            left = l;
            c.common = digit(&left);
            c.dns = digit(&left);
            c.ip = digit(&left);
            c.common_is_ip = left == 1;
            if (m == 0)
                leaves[l] = named_leaf(&c);
            r->chain[0] = leaves[l];
            r->chain[1] = middles[m];
            for (int ask_ip = 0; ask_ip < 2; ask_ip++, judged++) {
                c.ask_ip = ask_ip == 1;
                r->params.host = c.ask_ip ? "127.0.0.1" : "test.localhost";
                hf_status s = verdict(r);
                if ((s == HF_OK) != should_pass(&c))
                    fail_msg("constraints %u, names %u, asked for %s: %s", m, l, r->params.host,
                             hf_error_name(s));
                good += s == HF_OK;
            }
        }
    }
    assert_int_equal(judged, 8748);
    assert_true(good > 500 && good < judged / 2);
    hf_signature_cache_free(r->params.signatures);
    end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(name_constraints_bind_every_name_below),
        MADE_TEST(name_constraints_of_anchors_bind_and_self_issued_are_exempt),
        MADE_TEST(every_combination_of_names_and_constraints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
