/* test_x509_verify.c: chains, good and bad: dates, names, keys, trust, and what a changed bit does.
 */
#include "unit/x509_run.h"

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
        MADE_TEST(weak_and_unknown_keys_and_algorithms_are_refused),
        MADE_TEST(an_anchor_that_is_the_leaf_is_trusted_and_still_judged),
        MADE_TEST(anchors_signatures_are_not_looked_at),
        MADE_TEST(arguments_are_checked),
        MADE_TEST(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
