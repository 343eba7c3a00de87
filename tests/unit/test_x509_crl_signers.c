/* test_x509_crl_signers.c: lists that another key of the authority signed: what is asked of the
 * leaf is not asked of whoever signs lists. */
#include "unit/x509_run.h"

static const char *const names[] = {"www.example.com", "alice@example.com", NULL};

typedef struct world {
    run *r;
    hf_crls *crls;
} world;

/* Root's certificates are signed by key 0, its lists by key 3, whose certificate comes along. */
static world make(bool revoke_leaf, int signer_usage)
{
    order root = root_order(), leaf = leaf_order(), signer = root_order();
    leaf.issuer = "CN=Root";
    leaf.signer = 0;
    leaf.names = names;
    signer.issuer = "CN=Root";
    signer.key = 3;
    signer.usage = HF_KEY_USAGE_cRLSign;
    world w = {.r = start(&root)};
    with(w.r, &leaf);
    with(w.r, &signer);
    hf_crl_entry entries[1];
    hf_crl_template t = {
        .this_update_s = NOW - DAY, .next_update_s = NOW + DAY, .number = 1, .entries = entries};
    if (revoke_leaf)
        entries[t.count++] = (hf_crl_entry){w.r->chain[0].serial, NOW - DAY, 1};
    hf_bytes der;
    assert_int_equal(hf_crl_make(&t, &w.r->chain[1], made_key(3), &der, NULL), HF_OK);
    assert_int_equal(hf_crls_new(&w.crls), HF_OK);
    assert_int_equal(hf_crls_add(w.crls, der, NULL, NULL), HF_OK);
    hf_der_free(der);
    if (signer_usage != 0) { /* another certificate for the same key */
        signer.usage = signer_usage;
        w.r->count = 1;
        with(w.r, &signer);
    }
    w.r->params.crls = w.crls;
    return w;
}

static void finish(world *w)
{
    hf_crls_free(w->crls);
    end(w->r);
}

static void revokes(world *w, const char *what)
{
    hf_status s = verdict(w->r);
    if (s != HF_E_CERT_REVOKED)
        fail_msg("%s: %s (%s)", what, hf_error_name(s), w->r->seen.names);
}

static void another_key_of_the_authority_may_sign_its_lists(void **state)
{
    (void)state;
    world w = make(true, 0);
    revokes(&w, "a host is asked for");
    finish(&w);
    w = make(false, 0);
    expect(w.r, HF_OK, NULL);
    finish(&w);
    w = make(true, HF_KEY_USAGE_keyCertSign); /* it may not */
    expect(w.r, HF_OK, NULL);
    finish(&w);
}

/* Neither the mailbox, nor the key usage, nor the policy, nor the staple that the leaf is asked for
 * has anything to do with the signer of a list. */
static void what_is_asked_of_the_leaf_is_not_asked_of_the_signer(void **state)
{
    (void)state;
    world w = make(true, 0);
    w.r->params.email = "alice@example.com";
    revokes(&w, "a mailbox is asked for");
    w.r->params.email = NULL;
    w.r->params.key_usage = HF_KEY_USAGE_digitalSignature;
    revokes(&w, "a key usage is asked for");
    w.r->params.key_usage = 0;
    w.r->params.ocsp = (hf_bytes)BYTES("\x30\x03\x0a\x01\x03"); /* tryLater */
    revokes(&w, "there is a staple");
    finish(&w);
}

static void a_policy_that_the_leaf_has_is_not_asked_of_the_signer(void **state)
{
    (void)state;
    /* certificatePolicies with 1.2.3 */
    static const uint8_t whole[] = {0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d, 0x20, 0x04, 0x08,
                                    0x30, 0x06, 0x30, 0x04, 0x06, 0x02, 0x2a, 0x03};
    world w = make(true, 0);
    order leaf = leaf_order();
    leaf.issuer = "CN=Root";
    leaf.signer = 0;
    leaf.serial = w.r->chain[0].serial;
    leaf.extra = hf_bytes_of(whole, sizeof(whole));
    w.r->chain[0] = made_cert(&leaf);
    w.r->params.policies.require_explicit = true;
    revokes(&w, "a policy is demanded");
    finish(&w);
}

/* Hard for the leaf is hard for the leaf alone. */
static void a_demand_for_the_leaf_is_not_one_for_the_signer(void **state)
{
    (void)state;
    world w = make(false, 0);
    w.r->params.revocation = HF_REVOCATION_HARD_FAIL_LEAF;
    expect(w.r, HF_OK, NULL);
    w.r->params.revocation = HF_REVOCATION_HARD_FAIL; /* it cannot speak for itself */
    expect(w.r, HF_E_REVOCATION_UNKNOWN, "revocation");
    finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(another_key_of_the_authority_may_sign_its_lists),
        MADE_TEST(what_is_asked_of_the_leaf_is_not_asked_of_the_signer),
        MADE_TEST(a_policy_that_the_leaf_has_is_not_asked_of_the_signer),
        MADE_TEST(a_demand_for_the_leaf_is_not_one_for_the_signer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
