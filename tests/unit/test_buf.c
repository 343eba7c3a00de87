/* test_buf.c: a buffer grows, keeps its content, and leaves nothing behind in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "unit/watch_free.h"

static int nothing_is_left(void **state)
{
    (void)state;
    assert_int_equal(watch_live(), 0);
    assert_int_equal(watch.dirty, 0);
    return 0;
}

static void append_keeps_what_was_there(void **state)
{
    (void)state;
    hf_buf b = {0};
    for (unsigned i = 0; i < 5000; i++) {
        uint8_t v[3] = {(uint8_t)i, (uint8_t)(i >> 8), 0x77};
        assert_int_equal(hf_buf_append(&b, (hf_bytes){v, 3}), HF_OK);
    }
    assert_int_equal(b.n, 15000);
    assert_true(b.room >= b.n);
    for (unsigned i = 0; i < 5000; i++)
        assert_true(b.p[3 * i] == (uint8_t)i && b.p[3 * i + 1] == (uint8_t)(i >> 8));
    hf_bytes all = hf_buf_bytes(&b);
    assert_true(all.p == b.p && all.n == b.n);
    hf_buf_free(&b);
    assert_true(b.p == NULL && b.n == 0 && b.room == 0);
}

static void growth_doubles_so_that_appending_is_cheap(void **state)
{
    (void)state;
    hf_buf b = {0};
    size_t before = watch.allocations;
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(hf_buf_append(&b, (hf_bytes){(const uint8_t *)"x", 1}), HF_OK);
    assert_true(watch.allocations - before < 20);
    hf_buf_free(&b);
}

static void reserve_makes_the_room_it_was_asked_for(void **state)
{
    (void)state;
    hf_buf b = {0};
    assert_int_equal(hf_buf_reserve(&b, 0), HF_OK);
    assert_int_equal(hf_buf_reserve(&b, 10000), HF_OK);
    assert_true(b.room >= 10000 && b.n == 0);
    uint8_t *p = b.p;
    b.n = 9999;
    assert_int_equal(hf_buf_reserve(&b, 1), HF_OK);
    assert_ptr_equal(b.p, p);
    assert_int_equal(hf_buf_reserve(&b, 100000), HF_OK);
    assert_true(b.room - b.n >= 100000);
    hf_buf_free(&b);
}

static void failure_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    hf_buf b = {0};
    watch.fail = true;
    assert_int_equal(hf_buf_append(&b, hf_bytes_text("abc")), HF_E_OUT_OF_MEMORY);
    assert_true(b.p == NULL && b.n == 0);
    watch.fail = false;
    assert_int_equal(hf_buf_append(&b, hf_bytes_text("abc")), HF_OK);
    hf_buf before = b;
    watch.fail = true;
    assert_int_equal(hf_buf_reserve(&b, 1 << 20), HF_E_OUT_OF_MEMORY);
    watch.fail = false;
    assert_int_equal(hf_buf_reserve(&b, SIZE_MAX), HF_E_OUT_OF_MEMORY); /* no overflow */
    assert_int_equal(hf_buf_reserve(&b, SIZE_MAX / 2), HF_E_OUT_OF_MEMORY);
    assert_memory_equal(&before, &b, sizeof(b));
    assert_memory_equal(b.p, "abc", 3);
    hf_buf_free(&b);
}

static void drop_front_moves_the_rest_and_wipes(void **state)
{
    (void)state;
    hf_buf b = {0};
    assert_int_equal(hf_buf_append(&b, hf_bytes_text("0123456789")), HF_OK);
    hf_buf_drop_front(&b, 0);
    assert_int_equal(b.n, 10);
    hf_buf_drop_front(&b, 4);
    assert_int_equal(b.n, 6);
    assert_memory_equal(b.p, "456789\0\0\0\0", 10);
    hf_buf_drop_front(&b, 7);
    assert_int_equal(b.n, 0);
    assert_memory_equal(b.p, "\0\0\0\0\0\0\0\0\0\0", 10);
    hf_buf_free(&b);
    hf_buf_drop_front(&b, 1);
    assert_int_equal(b.n, 0);
}

static void clear_wipes_and_keeps_the_memory(void **state)
{
    (void)state;
    hf_buf b = {0};
    assert_int_equal(hf_buf_append(&b, hf_bytes_text("secret")), HF_OK);
    uint8_t *p = b.p;
    hf_buf_clear(&b);
    assert_true(b.p == p && b.n == 0 && b.room >= 6);
    assert_memory_equal(p, "\0\0\0\0\0\0", 6);
    hf_buf_free(&b);
    hf_buf_clear(&b);
    hf_buf_free(&b);
}

/* Growing frees the smaller memory, and freeing the last: `dirty` counts what either left. */
static void no_byte_is_left_in_memory_given_back(void **state)
{
    (void)state;
    hf_buf b = {0};
    uint8_t secret[700];
    memset(secret, 0xa5, sizeof(secret));
    for (int i = 0; i < 10; i++)
        assert_int_equal(hf_buf_append(&b, (hf_bytes){secret, sizeof(secret)}), HF_OK);
    hf_buf_free(&b);
    assert_int_equal(watch.dirty, 0);

    char *text = hf_strdup("a secret");
    assert_string_equal(text, "a secret");
    hf_free_wiped(text, 9);
    assert_int_equal(watch.dirty, 0);

    text = hf_strdup("xy"); /* and the watch sees what is not wiped */
    hf_free(text);
    assert_int_equal(watch.dirty, 2);
    watch.dirty = 0;
    hf_free_wiped(NULL, 0);
    hf_free(NULL);
}

static void memory_comes_zeroed_and_aligned(void **state)
{
    (void)state;
    for (size_t n = 0; n < 300; n += 37) {
        uint8_t *p = hf_alloc(n), *q = hf_alloc_aligned(n);
        assert_true(p != NULL && q != NULL);
        assert_int_equal((uintptr_t)q % 64, 0);
        for (size_t i = 0; i < n; i++)
            assert_true(p[i] == 0 && q[i] == 0);
        hf_free(p);
        hf_free(q);
    }
}

static void a_lent_buffer_uses_the_memory_until_it_is_too_small(void **unused)
{
    (void)unused;
    uint8_t memory[16];
    hf_buf b = {0};
    memset(memory, 0x55, sizeof memory);
    hf_buf_lend(&b, memory, sizeof memory);
    assert_int_equal(hf_buf_append(&b, (hf_bytes){(const uint8_t *)"0123456789abcdef", 16}), HF_OK);
    assert_ptr_equal(b.p, memory);
    assert_int_equal(hf_buf_append(&b, (hf_bytes){(const uint8_t *)"g", 1}), HF_OK);
    assert_ptr_not_equal(b.p, memory);
    assert_false(hf_buf_is_lent(&b));
    assert_memory_equal(b.p, "0123456789abcdefg", 17);
    for (size_t i = 0; i < sizeof memory; i++)
        assert_int_equal(memory[i], 0); /* wiped as it was left */
    hf_buf_free(&b);
}

static void what_is_lent_is_wiped_and_not_freed(void **unused)
{
    (void)unused;
    uint8_t memory[16];
    hf_buf b = {0};
    hf_buf_lend(&b, memory, sizeof memory);
    hf_buf_append(&b, (hf_bytes){(const uint8_t *)"secret", 6});
    hf_buf_free(&b);
    assert_null(b.p);
    assert_int_equal(memory[0], 0);
    assert_int_equal(memory[5], 0);
}

static void lending_leaves_a_buffer_that_has_memory_alone(void **unused)
{
    (void)unused;
    uint8_t memory[16];
    hf_buf b = {0};
    hf_buf_append(&b, (hf_bytes){(const uint8_t *)"own", 3});
    hf_buf_lend(&b, memory, sizeof memory);
    assert_ptr_not_equal(b.p, memory);
    assert_int_equal(b.n, 3);
    hf_buf_free(&b);
}

static void owning_copies_what_is_there(void **unused)
{
    (void)unused;
    uint8_t memory[16];
    hf_buf b = {0};
    hf_buf_lend(&b, memory, sizeof memory);
    assert_int_equal(hf_buf_own(&b), HF_OK); /* nothing there: nothing allocated */
    assert_null(b.p);
    hf_buf_lend(&b, memory, sizeof memory);
    hf_buf_append(&b, (hf_bytes){(const uint8_t *)"stays", 5});
    assert_int_equal(hf_buf_own(&b), HF_OK);
    assert_ptr_not_equal(b.p, memory);
    assert_memory_equal(b.p, "stays", 5);
    assert_int_equal(memory[0], 0);
    const uint8_t *p = b.p;
    assert_int_equal(hf_buf_own(&b), HF_OK); /* it is its own already */
    assert_ptr_equal(b.p, p);
    hf_buf_free(&b);
}

static void no_memory_to_own_leaves_the_content_where_it_is(void **unused)
{
    (void)unused;
    uint8_t memory[16];
    hf_buf b = {0};
    hf_buf_lend(&b, memory, sizeof memory);
    hf_buf_append(&b, (hf_bytes){(const uint8_t *)"stays", 5});
    watch.fail = true;
    assert_int_equal(hf_buf_own(&b), HF_E_OUT_OF_MEMORY);
    watch.fail = false;
    assert_ptr_equal(b.p, memory);
    assert_memory_equal(b.p, "stays", 5);
    hf_buf_free(&b);
}

static void what_is_adopted_is_freed_with_the_buffer(void **unused)
{
    (void)unused;
    uint8_t *block = hf_alloc(64); /* a leak, or a second free, is seen by the sanitizer */
    hf_buf b = {0};
    hf_buf_lend(&b, block + 32, 32);
    hf_buf_append(&b, (hf_bytes){(const uint8_t *)"handed over", 11});
    hf_buf_adopt(&b, block);
    assert_false(hf_buf_is_lent(&b));
    assert_int_equal(hf_buf_own(&b), HF_OK);
    assert_ptr_equal(b.p, block + 32);
    hf_buf_free(&b);
    assert_null(b.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lent_buffer_uses_the_memory_until_it_is_too_small),
        cmocka_unit_test(what_is_lent_is_wiped_and_not_freed),
        cmocka_unit_test(lending_leaves_a_buffer_that_has_memory_alone),
        cmocka_unit_test(owning_copies_what_is_there),
        cmocka_unit_test(no_memory_to_own_leaves_the_content_where_it_is),
        cmocka_unit_test(what_is_adopted_is_freed_with_the_buffer),
        cmocka_unit_test_teardown(append_keeps_what_was_there, nothing_is_left),
        cmocka_unit_test_teardown(growth_doubles_so_that_appending_is_cheap, nothing_is_left),
        cmocka_unit_test_teardown(reserve_makes_the_room_it_was_asked_for, nothing_is_left),
        cmocka_unit_test_teardown(failure_leaves_the_buffer_as_it_was, nothing_is_left),
        cmocka_unit_test_teardown(drop_front_moves_the_rest_and_wipes, nothing_is_left),
        cmocka_unit_test_teardown(clear_wipes_and_keeps_the_memory, nothing_is_left),
        cmocka_unit_test_teardown(no_byte_is_left_in_memory_given_back, nothing_is_left),
        cmocka_unit_test_teardown(memory_comes_zeroed_and_aligned, nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
