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

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(name_constraints_bind_every_name_below),
        MADE_TEST(name_constraints_of_anchors_bind_and_self_issued_are_exempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
