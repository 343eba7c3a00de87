/* test_arena.c: an arena gives aligned zeroed memory and takes all of it back, wiped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "unit/watch_free.h"

static int nothing_is_left(void **state)
{
    (void)state;
    assert_int_equal(watch_live(), 0);
    return 0;
}

static void pieces_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    hf_arena a = {0};
    uint8_t *p[200];
    for (size_t i = 0; i < 200; i++) {
        p[i] = hf_arena_alloc(&a, i);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % 16, 0);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(p[i][k], 0);
        memset(p[i], (int)i, i);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(p[i][k], i);
    hf_arena_free(&a);
    assert_null(a.chunk);
}

static void small_pieces_share_memory(void **state)
{
    (void)state;
    hf_arena a = {0};
    size_t before = watch.allocations;
    for (int i = 0; i < 100; i++)
        assert_non_null(hf_arena_alloc(&a, 32));
    assert_int_equal(watch.allocations - before, 1);
    assert_non_null(hf_arena_alloc(&a, 100000)); /* larger than a chunk */
    assert_non_null(hf_arena_alloc(&a, 1));
    hf_arena_free(&a);
}

static void all_is_wiped_when_it_is_given_back(void **state)
{
    (void)state;
    hf_arena a = {0};
    for (size_t n = 1; n < 9000; n = 3 * n + 1)
        memset(hf_arena_alloc(&a, n), 0xee, n);
    watch.dirty = 0;
    hf_arena_free(&a);
    assert_int_equal(watch.dirty, 0);
    hf_arena_free(&a);
}

static void copies_are_equal_and_their_own(void **state)
{
    (void)state;
    hf_arena a = {0};
    uint8_t in[100];
    memset(in, 7, sizeof(in));
    hf_bytes copy = hf_arena_copy(&a, (hf_bytes){in, sizeof(in)});
    assert_true(copy.p != NULL && copy.p != in && copy.n == sizeof(in));
    memset(in, 8, sizeof(in));
    assert_int_equal(copy.p[99], 7);
    assert_int_equal(hf_arena_copy(&a, (hf_bytes){NULL, 0}).n, 0);
    hf_arena_free(&a);
}

static void no_memory_is_null_and_harms_nothing(void **state)
{
    (void)state;
    hf_arena a = {0};
    uint8_t *p = hf_arena_alloc(&a, 16);
    assert_non_null(p);
    p[0] = 5;
    watch.fail = true;
    assert_null(hf_arena_alloc(&a, 5000));
    hf_bytes copy = hf_arena_copy(&a, hf_bytes_of(p, 8));
    assert_non_null(copy.p); /* still room in the chunk */
    static const uint8_t big[8192];
    copy = hf_arena_copy(&a, (hf_bytes){big, sizeof(big)});
    assert_null(copy.p);
    watch.fail = false;
    assert_null(hf_arena_alloc(&a, SIZE_MAX));
    assert_null(hf_arena_alloc(&a, SIZE_MAX - 15));
    assert_int_equal(p[0], 5);
    assert_non_null(hf_arena_alloc(&a, 5000));
    hf_arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(pieces_are_aligned_zeroed_and_apart, nothing_is_left),
        cmocka_unit_test_teardown(small_pieces_share_memory, nothing_is_left),
        cmocka_unit_test_teardown(all_is_wiped_when_it_is_given_back, nothing_is_left),
        cmocka_unit_test_teardown(copies_are_equal_and_their_own, nothing_is_left),
        cmocka_unit_test_teardown(no_memory_is_null_and_harms_nothing, nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
