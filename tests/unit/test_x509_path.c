/* test_x509_path.c: path building: the way that exists is found, what leads nowhere is left, and
 * both within the budget. */
#include "unit/x509_run.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(backtracks_over_anchors_and_cross_certificates),
        MADE_TEST(loops_end),
        MADE_TEST(limits_end_the_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
