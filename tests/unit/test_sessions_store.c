/* test_sessions_store.c: the store of sessions: bounded, by key, newest first, for any threads. */
#include "support/fail_alloc.h"

#include "base/bytes.h"
#include "session/session.h"
#include "session/sessions.h"

#include <handfast/handfast.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static hf_sessions *store_of(size_t most)
{
    hf_sessions *s;
    assert_int_equal(hf_sessions_new(most, &s), HF_OK);
    return s;
}

static void put(hf_sessions *s, const char *key, const char *session)
{
    assert_true(hf_sessions_put(s, hf_bytes_text(key), hf_bytes_text(session)));
}

/* Whether the key's newest session is `session`; NULL for none. */
static bool has(hf_sessions *s, const char *key, bool once, const char *session)
{
    hf_buf out = {0};
    bool found = hf_sessions_take(s, hf_bytes_text(key), once, &out);
    bool same = found == (session != NULL) &&
                (!found || hf_bytes_equal(hf_buf_bytes(&out), hf_bytes_text(session)));
    hf_buf_free(&out);
    return same;
}

static void sizes_out_of_range_are_refused(void **state)
{
    (void)state;
    hf_sessions *s = (hf_sessions *)&s;
    assert_int_equal(hf_sessions_new(0, &s), HF_E_BAD_ARGUMENT);
    assert_null(s);
    assert_int_equal(hf_sessions_new(1000001, &s), HF_E_BAD_ARGUMENT);
    hf_sessions_free(NULL);
}

static void each_key_has_its_own_and_the_newest_comes_first(void **state)
{
    (void)state;
    static const size_t sizes[] = {10, 5000};
    for (size_t i = 0; i < 2; i++) {
        hf_sessions *s = store_of(sizes[i]);
        put(s, "a", "a1");
        put(s, "b", "b1");
        put(s, "a", "a2");
        assert_int_equal(hf_sessions_count(s), 3);
        assert_true(has(s, "c", true, NULL));
        assert_true(has(s, "a", false, "a2"));
        assert_true(has(s, "a", true, "a2"));
        assert_true(has(s, "a", true, "a1"));
        assert_true(has(s, "a", true, NULL));
        assert_true(has(s, "b", true, "b1"));
        assert_int_equal(hf_sessions_count(s), 0);
        hf_sessions_free(s);
    }
}

static void the_oldest_goes_when_it_is_full(void **state)
{
    (void)state;
    hf_sessions *s = store_of(3);
    static const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++)
        put(s, names[i], names[i]);
    assert_int_equal(hf_sessions_count(s), 3);
    assert_true(has(s, "a", false, NULL));
    assert_true(has(s, "b", false, "b"));
    put(s, "d", "d2"); /* several of one name count as several */
    put(s, "d", "d3");
    assert_true(has(s, "b", false, NULL));
    assert_true(has(s, "c", false, NULL));
    assert_true(has(s, "d", true, "d3"));
    assert_true(has(s, "d", true, "d2"));
    assert_true(has(s, "d", true, "d"));
    hf_sessions_free(s);
    s = store_of(1);
    put(s, "a", "a");
    put(s, "b", "b");
    assert_true(has(s, "a", false, NULL) && has(s, "b", false, "b"));
    hf_sessions_free(s);
}

static void it_never_holds_more_than_it_may(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 1023, 1024, 3000};
    for (size_t i = 0; i < 5; i++) {
        hf_sessions *s = store_of(sizes[i]);
        char key[20];
        for (unsigned j = 0; j < 3 * sizes[i] + 100; j++) {
            snprintf(key, sizeof(key), "key %u", j);
            put(s, key, key);
            assert_true(has(s, key, false, key)); /* the newest is always there */
        }
        assert_true(hf_sessions_count(s) <= (sizes[i] + 15) / 16 * 16);
        assert_true(hf_sessions_count(s) > sizes[i] / 2);
        hf_sessions_free(s);
    }
}

static void all_of_a_key_are_forgotten(void **state)
{
    (void)state;
    hf_sessions *s = store_of(10);
    put(s, "a", "a1");
    put(s, "b", "b1");
    put(s, "a", "a2");
    put(s, "a", "a3");
    hf_sessions_forget(s, hf_bytes_text("a"));
    hf_sessions_forget(s, hf_bytes_text("nobody"));
    assert_true(has(s, "a", false, NULL));
    assert_true(has(s, "b", false, "b1"));
    assert_int_equal(hf_sessions_count(s), 1);
    for (unsigned i = 0; i < 30; i++) /* the holes are used again */
        put(s, "c", "c");
    assert_int_equal(hf_sessions_count(s), 10);
    hf_sessions_free(s);
}

static void only_sessions_are_added(void **state)
{
    (void)state;
    hf_sessions *s = store_of(10);
    hf_session session = {.version = HF_TLS_1_3,
                          .secret_len = 32,
                          .lifetime_s = 1,
                          .server_name = hf_bytes_text("server.test")};
    hf_buf b = {0}, out = {0};
    assert_int_equal(hf_session_encode(&session, &b), HF_OK);
    assert_int_equal(hf_sessions_add(s, (hf_bytes){b.p, b.n - 1}), HF_E_SESSION_MALFORMED);
    assert_int_equal(hf_sessions_add(s, (hf_bytes){NULL, 0}), HF_E_SESSION_MALFORMED);
    assert_int_equal(hf_sessions_count(s), 0);
    assert_int_equal(hf_sessions_add(s, hf_buf_bytes(&b)), HF_OK);
    assert_true(hf_sessions_take(s, hf_bytes_text("server.test"), true, &out));
    assert_true(hf_bytes_equal(hf_buf_bytes(&b), hf_buf_bytes(&out)));
    hf_buf_free(&b);
    hf_buf_free(&out);
    hf_sessions_free(s);
}

/* ---- threads ---- */

enum { THREADS = 4, TURNS = 3000 };

static void *work(void *ctx)
{
    hf_sessions *s = ctx;
    char key[20], value[64];
    hf_buf out = {0};
    unsigned found = 0;
    for (unsigned i = 0; i < TURNS; i++) {
        snprintf(key, sizeof(key), "key %u", i % 37);
        snprintf(value, sizeof(value), "%s and a value", key);
        hf_sessions_put(s, hf_bytes_text(key), hf_bytes_text(value));
        hf_buf_clear(&out);
        if (hf_sessions_take(s, hf_bytes_text(key), i % 2 == 0, &out)) {
            found++;
            if (!hf_bytes_equal(hf_buf_bytes(&out), hf_bytes_text(value)))
                found = TURNS * 2; /* never another key's, never half of one */
        }
        if (i % 100 == 0)
            hf_sessions_forget(s, hf_bytes_text(key));
        (void)hf_sessions_count(s);
    }
    hf_buf_free(&out);
    hf_sessions_free(s);
    return (void *)(uintptr_t)found;
}

static void threads_share_a_store(void **state)
{
    (void)state;
    static const size_t sizes[] = {20, 2000};
    for (size_t i = 0; i < 2; i++) {
        pthread_t threads[THREADS];
        hf_sessions *s = store_of(sizes[i]);
        for (size_t t = 0; t < THREADS; t++)
            assert_int_equal(pthread_create(&threads[t], NULL, work, hf_sessions_ref(s)), 0);
        for (size_t t = 0; t < THREADS; t++) {
            void *found;
            assert_int_equal(pthread_join(threads[t], &found), 0);
            assert_in_range((uintptr_t)found, TURNS / 4, TURNS);
        }
        assert_true(hf_sessions_count(s) <= sizes[i]);
        hf_sessions_free(s);
    }
}

/* ---- memory ---- */

static void without_memory_nothing_is_kept_and_nothing_lost(void **state)
{
    (void)state;
    hf_sessions *s;
    long live = hf_test_live();
    hf_test_fail_alloc_after(1);
    assert_int_equal(hf_sessions_new(10, &s), HF_E_OUT_OF_MEMORY);
    assert_null(s);
    s = store_of(10);
    for (long n = 1; n <= 3; n++) { /* the two rings, the entry */
        hf_test_fail_alloc_after(n);
        assert_false(hf_sessions_put(s, hf_bytes_text("a"), hf_bytes_text("a1")));
        assert_true(hf_test_alloc_failed());
        assert_int_equal(hf_sessions_count(s), 0);
        assert_true(has(s, "a", false, NULL));
    }
    put(s, "a", "a1");
    hf_buf out = {0};
    hf_test_fail_alloc_after(1);
    assert_false(hf_sessions_take(s, hf_bytes_text("a"), true, &out));
    hf_test_fail_alloc_after(0);
    hf_buf_free(&out);
    assert_true(has(s, "a", true, "a1")); /* it was not forgotten */
    hf_sessions_free(s);
    assert_int_equal(hf_test_live(), live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_out_of_range_are_refused),
        cmocka_unit_test(each_key_has_its_own_and_the_newest_comes_first),
        cmocka_unit_test(the_oldest_goes_when_it_is_full),
        cmocka_unit_test(it_never_holds_more_than_it_may),
        cmocka_unit_test(all_of_a_key_are_forgotten),
        cmocka_unit_test(only_sessions_are_added),
        cmocka_unit_test(threads_share_a_store),
        cmocka_unit_test(without_memory_nothing_is_kept_and_nothing_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
