/* test_x509_policy.c: certificate policies along a path. */
#include "unit/x509_run.h"

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

/* ---- paths in a few letters ----
 *
 * What a certificate says: digits are the policies 1.2.3.0 to 1.2.3.9, '*' is anyPolicy; "1>2"
 * maps; "E0" requires an explicit policy from here on (SkipCerts), "M0" inhibits mapping, "A0"
 * inhibits anyPolicy. */
static void write_policy(hf_writer *w, char c)
{
    uint8_t oid[] = {0x2a, 0x03, (uint8_t)(c - '0')};
    hf_der_write(w, HF_DER_OID,
                 c == '*' ? (hf_bytes)BYTES("\x55\x1d\x20\x00") : (hf_bytes){oid, 3});
}

/* One of the three extensions, when `text` asks for it; false else. */
static void write_extension(hf_writer *w, uint32_t bit, const char *text)
{
    uint8_t room[600];
    hf_writer v;
    size_t empty;
    hf_writer_init(&v, room, sizeof(room));
    size_t mark = hf_der_open(&v, HF_DER_SEQUENCE);
    empty = hf_writer_bytes(&v).n;
    for (const char *p = text; *p != '\0'; p += strcspn(p, " "), p += *p == ' ') {
        bool maps = p[1] == '>', letter = *p >= 'A';
        size_t s = 0;
        if (bit == HF_EXT_policyConstraints && (*p == 'E' || *p == 'M')) {
            uint8_t skip = (uint8_t)(p[1] - '0');
            hf_der_write(&v, HF_DER_CONTEXT(*p == 'E' ? 0 : 1), (hf_bytes){&skip, 1});
        } else if ((bit == HF_EXT_policyMappings && maps) ||
                   (bit == HF_EXT_certificatePolicies && !maps && !letter)) {
            s = hf_der_open(&v, HF_DER_SEQUENCE);
            write_policy(&v, p[0]);
            if (maps)
                write_policy(&v, p[2]);
            hf_der_close(&v, s);
        }
    }
    bool any = hf_writer_bytes(&v).n != empty;
    hf_der_close(&v, mark);
    if (any)
        hf_issue_extension(w, bit, bit != HF_EXT_certificatePolicies, hf_writer_bytes(&v));
    const char *inhibit = strchr(text, 'A');
    if (bit != HF_EXT_inhibitAnyPolicy || inhibit == NULL)
        return;
    hf_writer_init(&v, room, sizeof(room));
    hf_der_write_small(&v, (uint32_t)(inhibit[1] - '0'));
    hf_issue_extension(w, bit, true, hf_writer_bytes(&v));
}

/* `texts`: from just below the anchor to the leaf. One that begins with '=' is self-issued. */
static run *policy_path(const char *const *texts, size_t n)
{
    order root = {.subject = "CN=0", .key = 1, .signer = 1, .ca = true};
    run *r = start(&root);
    char names[10][16] = {"CN=0"};
    r->count = n;
    for (size_t i = 0; i < n; i++) {
        static const uint32_t bits[] = {HF_EXT_certificatePolicies, HF_EXT_policyMappings,
                                        HF_EXT_policyConstraints, HF_EXT_inhibitAnyPolicy};
        uint8_t room[1200];
        hf_writer w;
        bool self = texts[i][0] == '=';
        hf_writer_init(&w, room, sizeof(room));
        for (size_t k = 0; k < COUNT(bits); k++)
            write_extension(&w, bits[k], texts[i] + self);
        snprintf(names[i + 1], sizeof(names[0]), "%s", names[i]);
        if (!self)
            snprintf(names[i + 1], sizeof(names[0]), "CN=%zu", i + 1);
        order o = {.subject = names[i + 1],
                   .issuer = names[i],
                   .key = (unsigned)i + 2,
                   .signer = (unsigned)i + 1,
                   .ca = i + 1 < n,
                   .names = i + 1 < n ? NULL : host_names,
                   .extra = hf_writer_bytes(&w)};
        r->chain[n - 1 - i] = made_cert(&o);
    }
    return r;
}

static const char *const one[] = {"1.2.3.1", NULL}, *const two[] = {"1.2.3.2", NULL},
                         *const any[] = {"2.5.29.32.0", NULL},
                         *const both[] = {"1.2.3.1", "1.2.3.2", NULL};

static void the_graph_decides_as_rfc_9618_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *path[4];
        hf_policy_inputs in;
        bool good;
    } cases[] = {
        /* nobody asks */
        {{"1", "2"}, {0}, true},
        {{"", ""}, {0}, true},
        {{"1", "2"}, {.initial = one}, true},
        /* the user does */
        {{"1", "1"}, {.require_explicit = true}, true},
        {{"1", "2"}, {.require_explicit = true}, false},
        {{"", "1"}, {.require_explicit = true}, false},
        {{"1", ""}, {.require_explicit = true}, false},
        {{"1 2", "2 1"}, {.initial = one, .require_explicit = true}, true},
        {{"1 2", "2"}, {.initial = one, .require_explicit = true}, false},
        {{"1 2", "2"}, {.initial = two, .require_explicit = true}, true},
        {{"1 2", "2"}, {.initial = both, .require_explicit = true}, true},
        {{"1 2", "2"}, {.initial = any, .require_explicit = true}, true},
        {{"3", "3"}, {.initial = both, .require_explicit = true}, false},
        /* an authority does, from where it says */
        {{"1 E0", "2"}, {0}, false},
        {{"1 E0", "1"}, {0}, true},
        {{"1 E0", "1"}, {.initial = two}, false},
        {{"1 E1", "1", "2"}, {0}, false},
        {{"1 E3", "1", "2"}, {0}, true},
        {{"1 E2", "1", "2"}, {0}, false},
        {{"1 E1", "=1", "2"}, {0}, false}, /* the leaf is not self-issued: counted */
        {{"1 E2", "=1", "2"}, {0}, true},  /* the middle one is: not counted */
        {{"1", "2 E0"}, {0}, false},
        {{"1", "2 E1"}, {0}, true},
        /* anyPolicy */
        {{"*", "1"}, {.initial = one, .require_explicit = true}, true},
        {{"*", "1"}, {.initial = two, .require_explicit = true}, false},
        {{"*", "*"}, {.initial = two, .require_explicit = true}, true},
        {{"1", "*"}, {.initial = one, .require_explicit = true}, true},
        {{"1", "*"}, {.initial = two, .require_explicit = true}, false},
        {{"* A0", "*"}, {.require_explicit = true}, false},
        {{"* A0", "1"}, {.require_explicit = true}, true},
        {{"* A1", "*", "*"}, {.require_explicit = true}, false},
        {{"* A2", "*", "*"}, {.require_explicit = true}, true},
        {{"* A0", "=*", "1"}, {.require_explicit = true}, true}, /* self-issued may */
        {{"* A0", "*", "1"}, {.require_explicit = true}, false},
        {{"*", "1"}, {.require_explicit = true, .inhibit_any = true}, false},
        {{"1", "1"}, {.require_explicit = true, .inhibit_any = true}, true},
        /* mappings: what was asked for is in the first authority's words */
        {{"1 1>2", "2"}, {.initial = one, .require_explicit = true}, true},
        {{"1 1>2", "2"}, {.initial = two, .require_explicit = true}, false},
        {{"1 1>2", "1"}, {.require_explicit = true}, false},
        {{"1 1>2 1>3", "3"}, {.initial = one, .require_explicit = true}, true},
        {{"1 2 1>3 2>3", "3"}, {.initial = two, .require_explicit = true}, true},
        {{"1 1>2", "2 2>3", "3"}, {.initial = one, .require_explicit = true}, true},
        {{"1 1>2", "2 2>3", "2"}, {.initial = one, .require_explicit = true}, false},
        {{"* 1>2", "2"}, {.initial = one, .require_explicit = true}, true},
        {{"* 1>2", "2"}, {.initial = two, .require_explicit = true}, false},
        {{"1 2>3", "1"}, {.require_explicit = true}, true},
        {{"1 1>2", "2"}, {.require_explicit = true, .inhibit_mapping = true}, false},
        {{"1 2 1>3", "2"}, {.require_explicit = true, .inhibit_mapping = true}, true},
        {{"1 M0", "1 1>2", "2"}, {.require_explicit = true}, false},
        {{"1 M1", "1 1>2", "2"}, {.require_explicit = true}, true}, /* one more may map */
        {{"1 M1", "1 1>2", "2 2>3", "3"}, {.require_explicit = true}, false},
        {{"1 *>2", "1"}, {0}, false},
        {{"1 1>*", "1"}, {0}, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = 0;
        while (n < 4 && cases[i].path[n] != NULL)
            n++;
        run *r = policy_path(cases[i].path, n);
        r->params.policies = cases[i].in;
        hf_status s = verdict(r);
        if (s != (cases[i].good ? HF_OK : HF_E_CERT_POLICY))
            fail_msg("case %zu, %s / %s: %s", i, cases[i].path[0], cases[i].path[1],
                     hf_error_name(s));
        end(r);
    }
}

/* The tree of RFC 5280 would have 8^7 leaves: RFC 9618 section 3. */
static void a_path_that_would_explode_ends_at_once(void **state)
{
    (void)state;
    const char *texts[8];
    char text[200] = "0 1 2 3 4 5 6 7";
    for (char from = '0'; from < '8'; from++)
        for (char to = '0'; to < '8'; to += 2)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), " %c>%c", from, to);
    for (size_t i = 0; i < 8; i++)
        texts[i] = text;
    texts[7] = "0 1 2 3 4 5 6 7";
    run *r = policy_path(texts, 8);
    r->params.policies = (hf_policy_inputs){.initial = one, .require_explicit = true};
    expect(r, HF_OK, NULL);
    end(r);
    texts[7] = "1 3 5 7"; /* to which nothing is mapped */
    r = policy_path(texts, 8);
    r->params.policies = (hf_policy_inputs){.initial = one, .require_explicit = true};
    expect(r, HF_E_CERT_POLICY, "certificatePolicies");
    assert_string_equal(r->e.got, "none of the policies that they name holds on the whole path");
    end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(demanded_policies_must_hold),
        MADE_TEST(the_graph_decides_as_rfc_9618_has_it),
        MADE_TEST(a_path_that_would_explode_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
