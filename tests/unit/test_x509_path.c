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

/* ---- what is told of each ---- */

typedef struct told {
    hf_verify_path path[8];
    size_t n;
} told;

static void keep_path(void *ctx, const hf_verify_path *p)
{
    told *t = ctx;
    assert_true(t->n < COUNT(t->path));
    t->path[t->n++] = *p;
}

static void ignore(void *ctx, const hf_check *k)
{
    (void)ctx;
    (void)k;
}

static hf_status judge_and_keep(const run *r, told *t)
{
    const hf_verify_report report = {.check = ignore, .ctx = t, .path = keep_path};
    t->n = 0;
    return hf_verify_chain(r->chain, r->count, &r->params, &report, NULL, NULL, NULL);
}

static void every_candidate_is_told_with_why_it_was_left(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    order expired = middle_order(), stray = middle_order();
    expired.to_s = NOW - 1;
    stray.issuer = "CN=Nobody";
    told t;
    run *r = start(&root);
    with(r, &leaf);
    with(r, &expired);
    with(r, &stray);
    assert_int_equal(judge_and_keep(r, &t), HF_E_CERT_UNTRUSTED);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.path[0].path, 0); /* the stray one first: it is current */
    assert_int_equal(t.path[0].count, 2);
    assert_ptr_equal(t.path[0].certs[0], &r->chain[0]);
    assert_ptr_equal(t.path[0].certs[1], &r->chain[2]);
    assert_int_equal(t.path[0].result, HF_E_CERT_UNTRUSTED);
    assert_string_equal(t.path[0].check, "issuer");
    assert_int_equal(t.path[0].depth, 1);
    assert_false(t.path[0].anchored);
    assert_int_equal(t.path[1].path, 1);
    assert_ptr_equal(t.path[1].certs[1], &r->chain[1]);
    assert_int_equal(t.path[1].result, HF_E_CERT_EXPIRED);
    assert_string_equal(t.path[1].check, "validity");
    with(r, &middle); /* leads to the anchor, and is tried first */
    assert_int_equal(judge_and_keep(r, &t), HF_OK);
    assert_int_equal(t.n, 1);
    assert_int_equal(t.path[0].count, 3);
    assert_true(t.path[0].anchored);
    assert_ptr_equal(t.path[0].certs[2], hf_store_cert(r->store, 0));
    assert_int_equal(t.path[0].result, HF_OK);
    assert_null(t.path[0].check);
    r->params.limits.signature_checks = 1;
    assert_int_equal(judge_and_keep(r, &t), HF_E_PATH_BUDGET);
    assert_int_equal(t.n, 1);
    assert_int_equal(t.path[0].result, HF_E_PATH_BUDGET);
    r->params.limits.signature_checks = 0;
    r->params.host = "other.example.com"; /* the leaf alone is at fault */
    assert_int_equal(judge_and_keep(r, &t), HF_E_CERT_WRONG_NAME);
    assert_int_equal(t.n, 1);
    assert_int_equal(t.path[0].count, 1);
    end(r);
}

#define AUTHORITY_KEY(id) BYTES("\x30\x0f\x06\x03\x55\x1d\x23\x04\x08\x30\x06\x80\x04" id)
#define SUBJECT_KEY(id)   BYTES("\x30\x0d\x06\x03\x55\x1d\x0e\x04\x06\x04\x04" id)

/* Thirty authorities of the leaf's issuer's name, one of which signed it: each hint alone brings
 * the right one to the front, so that two signature checks are enough. */
static void the_likeliest_issuer_is_tried_first(void **state)
{
    (void)state;
    static const hf_bytes wanted = AUTHORITY_KEY("good"), good = SUBJECT_KEY("good"),
                          other = SUBJECT_KEY("evil");
    for (int hint = 0; hint < 4; hint++) {
        order root = root_order(), right = middle_order(), leaf = leaf_order();
        run *r = start(&root);
        leaf.extra = wanted;
        if (hint == 1)
            right.extra = good;
        with(r, &leaf);
        for (unsigned i = 0; i < 30; i++) {
            order wrong = right;
            wrong.key = 3;
            if (hint == 0) /* another key identifier */
                wrong.extra = other;
            if (hint == 1) /* no key identifier */
                wrong.extra = (hf_bytes){NULL, 0};
            if (hint == 2) /* expired */
                wrong.to_s = NOW - 1;
            if (hint == 3) /* an issuer that is no anchor */
                wrong.issuer = "CN=Elsewhere";
            with(r, &wrong);
        }
        with(r, &right);
        r->params.limits.signature_checks = 2;
        r->params.limits.path_steps = 2;
        expect(r, HF_OK, NULL);
        assert_int_equal(r->seen.paths, 1);
        r->count--; /* without it all are tried, and none leads on */
        r->params.limits.signature_checks = 0;
        r->params.limits.path_steps = 0;
        assert_int_not_equal(verdict(r), HF_OK);
        assert_int_equal(r->seen.paths, 30);
        end(r);
    }
}

/* An anchor ends the path, so it goes before a cross certificate of the same authority, and a
 * certificate whose identifier is another one goes last, but goes. */
static void hints_order_and_never_refuse(void **state)
{
    (void)state;
    static const hf_bytes wanted = AUTHORITY_KEY("good"), good = SUBJECT_KEY("good"),
                          other = SUBJECT_KEY("evil");
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    order anchor = {.subject = "CN=Middle", .key = 1, .signer = 1, .ca = true};
    leaf.extra = wanted;
    middle.extra = good;
    run *r = three(&root, &middle, &leaf);
    assert_int_equal(hf_store_add(r->store, made(&anchor), NULL, NULL), HF_OK);
    expect(r, HF_OK, NULL);
    assert_int_equal(r->path_len, 2);
    end(r);
    middle.extra = other;
    r = three(&root, &middle, &leaf);
    expect(r, HF_OK, NULL);
    assert_int_equal(r->path_len, 3);
    end(r);
}

static void a_certificate_that_is_listed_twice_is_tried_once(void **state)
{
    (void)state;
    order root = root_order(), wrong = middle_order(), leaf = leaf_order();
    wrong.key = 3;
    run *r = start(&root);
    with(r, &leaf);
    with(r, &wrong);
    while (r->count < 100)
        r->chain[r->count++] = r->chain[1];
    r->params.limits.signature_checks = 1;
    expect(r, HF_E_CERT_BAD_SIGNATURE, "signature");
    assert_int_equal(r->seen.paths, 1);
    end(r);
}

/* More certificates than are put in order: those beyond are still tried. */
static void the_right_issuer_may_be_the_last_of_many(void **state)
{
    (void)state;
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    run *r = start(&root);
    with(r, &leaf);
    order stray = {.subject = "CN=Stray", .key = 4, .signer = 4, .ca = true};
    hf_cert c = made_cert(&stray);
    while (r->count < 190)
        r->chain[r->count++] = c;
    with(r, &middle);
    expect(r, HF_OK, NULL);
    assert_ptr_equal(r->path[1], &r->chain[190]);
    end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(backtracks_over_anchors_and_cross_certificates),
        MADE_TEST(the_likeliest_issuer_is_tried_first),
        MADE_TEST(hints_order_and_never_refuse),
        MADE_TEST(a_certificate_that_is_listed_twice_is_tried_once),
        MADE_TEST(the_right_issuer_may_be_the_last_of_many),
        MADE_TEST(every_candidate_is_told_with_why_it_was_left),
        MADE_TEST(loops_end),
        MADE_TEST(limits_end_the_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
