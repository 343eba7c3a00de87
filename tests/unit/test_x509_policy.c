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

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(demanded_policies_must_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
