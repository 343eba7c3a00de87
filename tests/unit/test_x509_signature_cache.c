/* test_x509_signature_cache.c: what is remembered is what was computed, and nothing else. */
#include "unit/x509_made.h"

#include "support/fail_alloc.h"
#include "x509/signature_cache.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *const host_names[] = {"www.example.com", NULL};

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

static hf_signature_cache *cache_of(size_t entries)
{
    hf_signature_cache *c;
    assert_int_equal(hf_signature_cache_new(entries, &c, NULL), HF_OK);
    return c;
}

/* ---- chains ---- */

typedef struct world {
    hf_cert chain[2];
    hf_store *store;
    hf_signature_cache *cache;
} world;

static void begin(world *w, size_t entries)
{
    order root = root_order(), middle = middle_order(), leaf = leaf_order();
    assert_int_equal(hf_store_new(&w->store), HF_OK);
    assert_int_equal(hf_store_add(w->store, made(&root), NULL, NULL), HF_OK);
    w->chain[0] = made_cert(&leaf);
    w->chain[1] = made_cert(&middle);
    w->cache = cache_of(entries);
}

static void finish(world *w)
{
    hf_signature_cache_free(w->cache);
    hf_store_free(w->store);
}

/* Counts "verified before" in the report. */
static void count_remembered(void *ctx, const hf_check *k)
{
    unsigned *n = ctx;
    *n += strcmp(k->name, "signature") == 0 && strstr(k->value, "verified before") != NULL;
}

/* The verdict when at most `checks` signatures may be computed. */
static hf_status judge(const world *w, unsigned checks, int64_t at_s, unsigned *remembered)
{
    hf_verify_params p = {.store = w->store,
                          .host = "www.example.com",
                          .purpose = HF_PURPOSE_SERVER,
                          .at_s = at_s,
                          .limits.signature_checks = checks,
                          .signatures = w->cache};
    hf_verify_report r = {.check = count_remembered, .ctx = remembered};
    if (remembered != NULL)
        *remembered = 0;
    return hf_verify_chain(w->chain, 2, &p, remembered != NULL ? &r : NULL, NULL, NULL, NULL);
}

/* The second time no signature is left to compute: a budget of one would not do for two. */
static void a_chain_met_again_costs_no_signature(void **state)
{
    world w;
    unsigned remembered;
    (void)state;
    begin(&w, 64);
    assert_int_equal(judge(&w, 1, NOW, NULL), HF_E_PATH_BUDGET);
    assert_int_equal(hf_signature_cache_count(w.cache), 0);
    assert_int_equal(judge(&w, 2, NOW, &remembered), HF_OK);
    assert_int_equal(remembered, 0);
    assert_int_equal(hf_signature_cache_count(w.cache), 2);
    assert_int_equal(judge(&w, 1, NOW, &remembered), HF_OK);
    assert_int_equal(remembered, 2);
    finish(&w);
}

static void the_same_intermediate_with_another_leaf_costs_one(void **state)
{
    world w;
    unsigned remembered;
    (void)state;
    begin(&w, 64);
    assert_int_equal(judge(&w, 2, NOW, NULL), HF_OK);
    order other = leaf_order();
    other.subject = "CN=Other";
    w.chain[0] = made_cert(&other);
    assert_int_equal(judge(&w, 1, NOW, &remembered), HF_OK);
    assert_int_equal(remembered, 1);
    finish(&w);
}

/* Only the computation is remembered: an expired chain stays expired, an untrusted one untrusted.
 */
static void all_else_is_judged_anew(void **state)
{
    world w;
    (void)state;
    begin(&w, 64);
    assert_int_equal(judge(&w, 2, NOW, NULL), HF_OK);
    assert_int_equal(judge(&w, 2, NOW + 100000 * (int64_t)DAY, NULL), HF_E_CERT_EXPIRED);
    hf_store *empty = w.store;
    assert_int_equal(hf_store_new(&w.store), HF_OK);
    assert_int_equal(judge(&w, 2, NOW, NULL), HF_E_CERT_UNTRUSTED);
    hf_store_free(w.store);
    w.store = empty;
    finish(&w);
}

/* Each byte of the leaf's signed part and signature, changed: no remembered one is found for it. */
static void a_changed_byte_is_never_remembered(void **state)
{
    world w;
    (void)state;
    begin(&w, 64);
    assert_int_equal(judge(&w, 2, NOW, NULL), HF_OK);
    hf_cert good = w.chain[0];
    uint8_t der[2048];
    assert_true(good.der.n <= sizeof(der));
    size_t tried = 0;
    for (size_t i = (size_t)(good.tbs.p - good.der.p); i < good.der.n; i++) {
        memcpy(der, good.der.p, good.der.n);
        der[i] ^= 0x01;
        if (hf_cert_parse((hf_bytes){der, good.der.n}, &w.chain[0], NULL) != HF_OK)
            continue;
        unsigned remembered = 0;
        hf_status s = judge(&w, 2, NOW, &remembered);
        if (s == HF_OK)
            fail_msg("byte %zu changed, and the chain was accepted", i);
        assert_true(remembered <= 1); /* the intermediate's at most */
        tried++;
    }
    assert_true(tried > 100);
    finish(&w);
}

/* An issuer of the same name with another key: the signature was good under the first one only. */
static void another_key_of_the_same_name_is_another_question(void **state)
{
    world w;
    (void)state;
    begin(&w, 64);
    assert_int_equal(judge(&w, 2, NOW, NULL), HF_OK);
    order middle = middle_order();
    middle.key = 3;
    w.chain[1] = made_cert(&middle);
    assert_int_equal(judge(&w, 2, NOW, NULL), HF_E_CERT_BAD_SIGNATURE);
    finish(&w);
}

/* What leads to no anchor is not kept, though its signatures are good. */
static void an_untrusted_chain_leaves_nothing(void **state)
{
    world w;
    (void)state;
    begin(&w, 64);
    order own_root = {.subject = "CN=Own", .ca = true, .key = 4, .signer = 4};
    order own_leaf = {
        .subject = "CN=Leaf", .issuer = "CN=Own", .key = 2, .signer = 4, .names = host_names};
    w.chain[0] = made_cert(&own_leaf);
    w.chain[1] = made_cert(&own_root);
    assert_int_equal(judge(&w, 9, NOW, NULL), HF_E_CERT_UNTRUSTED);
    assert_int_equal(hf_signature_cache_count(w.cache), 0);
    finish(&w);
}

/* ---- the digest ---- */

static hf_signature_digest digest(const char *tbs, const char *signature, const char *key,
                                  const hf_sigscheme *scheme)
{
    hf_signature_digest d;
    assert_true(hf_signature_digest_of(hf_bytes_text(tbs), scheme, hf_bytes_text(signature),
                                       hf_bytes_text(key), &d));
    return d;
}

static void bytes_do_not_move_between_parts(void **state)
{
    (void)state;
    const hf_sigscheme one = {.id = 0x0403}, two = {.id = 0x0401};
    hf_signature_digest d[] = {
        digest("ab", "c", "d", &one), digest("a", "bc", "d", &one), digest("ab", "", "cd", &one),
        digest("b", "c", "da", &one), digest("ab", "c", "d", &two), digest("", "abc", "d", &one),
    };
    for (size_t i = 0; i < sizeof(d) / sizeof(d[0]); i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(&d[i], &d[k], sizeof(d[i]));
}

/* ---- slots ---- */

static hf_signature_digest numbered(uint64_t n)
{
    return (hf_signature_digest){{n * 0x9e3779b97f4a7c15U, n, ~n, n * n}};
}

/* Entries that share a set push each other out; what is told to be there was put there. */
static void a_full_set_gives_up_one_entry_for_another(void **state)
{
    (void)state;
    hf_signature_cache *c = cache_of(1); /* one set of four */
    for (uint64_t n = 1; n <= 1000; n++) {
        hf_signature_digest d = numbered(n), next = numbered(n + 1);
        hf_signature_cache_put(c, &d);
        hf_signature_cache_put(c, &d); /* a second time takes no second slot */
        assert_true(hf_signature_cache_has(c, &d));
        assert_false(hf_signature_cache_has(c, &next));
        unsigned kept = 0;
        for (uint64_t k = 1; k <= n; k++) {
            d = numbered(k);
            kept += hf_signature_cache_has(c, &d);
        }
        assert_int_equal(kept, n < 4 ? n : 4);
        assert_int_equal(hf_signature_cache_count(c), n < 4 ? n : 4);
    }
    hf_signature_cache_free(c);
}

/* One word that differs is enough, whichever it is. */
static void all_words_count(void **state)
{
    (void)state;
    hf_signature_cache *c = cache_of(1);
    hf_signature_digest d = numbered(7);
    hf_signature_cache_put(c, &d);
    for (size_t k = 0; k < 4; k++) {
        hf_signature_digest other = d;
        other.word[k] ^= UINT64_C(1) << 63;
        assert_false(hf_signature_cache_has(c, &other));
    }
    hf_signature_digest zero = {{0}};
    assert_false(hf_signature_cache_has(c, &zero)); /* an empty slot is no entry of zeros */
    hf_signature_cache_free(c);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 40000 };

typedef struct racer {
    hf_signature_cache *cache;
    uint64_t seed;
    unsigned false_hits;
} racer;

/* All four words of an entry say the same number, so a mix of two entries would be seen: it is what
 * is asked for beside each write. */
static void *race(void *ctx)
{
    racer *r = ctx;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        uint64_t n = r->seed * ROUNDS + i;
        hf_signature_digest d = {{n, n, n, n}};
        hf_signature_cache_put(r->cache, &d);
        for (uint64_t k = 0; k < THREADS; k++) {
            uint64_t m = k * ROUNDS + i;
            hf_signature_digest mixed = {{m, n, m, n}}, half = {{n, n, m, m}};
            r->false_hits += m != n && (hf_signature_cache_has(r->cache, &mixed) ||
                                        hf_signature_cache_has(r->cache, &half));
        }
    }
    return NULL;
}

static void threads_never_see_half_an_entry(void **state)
{
    pthread_t thread[THREADS];
    racer r[THREADS];
    (void)state;
    hf_signature_cache *c = cache_of(1);
    for (unsigned i = 0; i < THREADS; i++) {
        r[i] = (racer){hf_signature_cache_ref(c), i, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, race, &r[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(r[i].false_hits, 0);
        hf_signature_cache_free(c);
    }
    assert_int_equal(hf_signature_cache_count(c), 4);
    hf_signature_cache_free(c);
}

/* ---- making one ---- */

static hf_status make_and_free(void *ctx)
{
    hf_signature_cache *c;
    (void)ctx;
    hf_status s = hf_signature_cache_new(0, &c, NULL);
    hf_signature_cache_free(c);
    return s;
}

static void sizes_and_memory(void **state)
{
    hf_signature_cache *c;
    hf_error e;
    (void)state;
    assert_int_equal(hf_signature_cache_new((size_t)1 << 21, &c, &e), HF_E_BAD_ARGUMENT);
    assert_null(c);
    assert_string_equal(e.field, "entries");
    assert_int_equal(hf_test_each_alloc_fails(make_and_free, NULL), 1);
    hf_signature_cache_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(a_chain_met_again_costs_no_signature),
        MADE_TEST(the_same_intermediate_with_another_leaf_costs_one),
        MADE_TEST(all_else_is_judged_anew),
        MADE_TEST(a_changed_byte_is_never_remembered),
        MADE_TEST(another_key_of_the_same_name_is_another_question),
        MADE_TEST(an_untrusted_chain_leaves_nothing),
        cmocka_unit_test(bytes_do_not_move_between_parts),
        cmocka_unit_test(a_full_set_gives_up_one_entry_for_another),
        cmocka_unit_test(all_words_count),
        cmocka_unit_test(threads_never_see_half_an_entry),
        cmocka_unit_test(sizes_and_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
