/* test_reader.c: the reader is bounded, sticky, and tells what it read and where it failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/reader.h"

#include <stdio.h>

static const uint8_t digits[15] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void numbers_are_big_endian(void **state)
{
    (void)state;
    hf_reader r;
    uint8_t all[18] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
    hf_reader_init(&r, (hf_bytes){all, 18}, NULL);
    assert_int_equal(hf_read_u8(&r, "a"), 1);
    assert_int_equal(hf_read_u16(&r, "b"), 0x0203);
    assert_int_equal(hf_read_u24(&r, "c"), 0x040506);
    assert_int_equal(hf_read_u32(&r, "d"), 0x0708090a);
    assert_true(hf_read_u64(&r, "e") == UINT64_C(0x0b0c0d0e0f101112));
    assert_false(hf_reader_more(&r));
    assert_true(hf_reader_done(&r));
    assert_int_equal(hf_reader_status(&r, NULL), HF_OK);
}

/* Every read of `size` bytes from one byte fewer fails, and yields nothing from then on. */
static void a_short_read_fails_and_stays_failed(void **state)
{
    (void)state;
    for (int which = 0; which < 9; which++) {
        hf_reader r, sub;
        hf_bytes got = {digits, 1};
        static const size_t sizes[9] = {1, 2, 3, 4, 8, 5, 1 + 1, 2 + 0x0102, 3 + 0x010203};
        hf_reader_init(&r, (hf_bytes){digits, which == 7 || which == 8 ? 15 : sizes[which] - 1},
                       NULL);
        uint64_t v = 0;
        switch (which) {
        case 0:
            v = hf_read_u8(&r, "field");
            break;
        case 1:
            v = hf_read_u16(&r, "field");
            break;
        case 2:
            v = hf_read_u24(&r, "field");
            break;
        case 3:
            v = hf_read_u32(&r, "field");
            break;
        case 4:
            v = hf_read_u64(&r, "field");
            break;
        case 5:
            got = hf_read_bytes(&r, 5, "field");
            break;
        case 6:
            got = hf_read_vec8(&r, "field");
            break;
        case 7:
            got = hf_read_vec16(&r, "field");
            break;
        default:
            got = hf_read_vec24(&r, "field");
        }
        assert_true(v == 0);
        if (which >= 5) {
            assert_null(got.p);
            assert_int_equal(got.n, 0);
        }
        assert_true(r.failed);
        assert_int_equal(r.why, HF_E_DECODE);
        assert_string_equal(r.failed_name, "field");

        assert_int_equal(hf_read_u8(&r, "later"), 0);
        assert_null(hf_read_vec8(&r, "later").p);
        hf_read_sub16(&r, &sub, "later");
        assert_true(sub.failed);
        assert_false(hf_reader_more(&sub));
        assert_int_equal(hf_read_u32(&sub, "later"), 0);
        assert_false(hf_reader_done(&sub));
        assert_false(hf_reader_more(&r));
        assert_false(hf_reader_done(&r));
        assert_string_equal(r.failed_name, "field");
    }
}

static void vectors_borrow_their_content(void **state)
{
    (void)state;
    hf_reader r;
    static const uint8_t in[] = {2, 'a', 'b', 0, 1, 'c', 0, 0, 3, 'd', 'e', 'f', 0, 0, 0, 0, 0, 0};
    hf_reader_init(&r, (hf_bytes){in, sizeof(in)}, NULL);
    hf_bytes v = hf_read_vec8(&r, "8");
    assert_true(v.p == in + 1 && v.n == 2);
    v = hf_read_vec16(&r, "16");
    assert_true(v.p == in + 5 && v.n == 1);
    v = hf_read_vec24(&r, "24");
    assert_true(v.p == in + 9 && v.n == 3);
    assert_int_equal(hf_read_vec8(&r, "empty").n, 0);
    assert_int_equal(hf_read_vec16(&r, "empty").n, 0);
    assert_int_equal(hf_read_vec24(&r, "empty").n, 0);
    assert_true(hf_reader_done(&r));
}

static void nested_vectors_keep_to_their_bounds(void **state)
{
    (void)state;
    /* { { 1 2 } 3 } 9 with lengths of 2, 1 */
    static const uint8_t in[] = {0, 4, 2, 1, 2, 3, 9};
    hf_reader r, outer, inner;
    hf_reader_init(&r, (hf_bytes){in, sizeof(in)}, NULL);
    hf_read_sub16(&r, &outer, "outer");
    hf_read_sub8(&outer, &inner, "inner");
    assert_int_equal(hf_read_u16(&inner, "x"), 0x0102);
    assert_true(hf_reader_done(&inner));
    assert_int_equal(hf_read_u8(&outer, "y"), 3);
    assert_true(hf_reader_done(&outer));
    assert_int_equal(hf_read_u8(&r, "z"), 9);
    assert_true(hf_reader_done(&r));

    /* reading past the inner end does not reach the outer's bytes, and fails all three */
    hf_reader_init(&r, (hf_bytes){in, sizeof(in)}, NULL);
    hf_read_sub16(&r, &outer, "outer");
    hf_read_sub8(&outer, &inner, "inner");
    assert_int_equal(hf_read_u24(&inner, "x"), 0);
    assert_true(inner.failed && outer.failed && r.failed);
    assert_int_equal(r.failed_at, 3);
    assert_int_equal(r.wanted, 3);
    assert_int_equal(r.had, 2);
    assert_int_equal(hf_read_u8(&outer, "y"), 0);
    assert_int_equal(hf_read_u8(&r, "z"), 0);

    /* bytes left in the inner one */
    hf_reader_init(&r, (hf_bytes){in, sizeof(in)}, NULL);
    hf_read_sub16(&r, &outer, "outer");
    hf_read_sub8(&outer, &inner, "inner");
    hf_read_u8(&inner, "x");
    assert_false(hf_reader_done(&inner));
    assert_int_equal(r.why, HF_E_TRAILING_BYTES);
    assert_string_equal(r.failed_name, "inner");
    assert_int_equal(r.failed_at, 4);
}

static void a_vector_longer_than_its_parent_fails(void **state)
{
    (void)state;
    static const uint8_t in[] = {3, 1, 2};
    hf_reader r, sub;
    hf_reader_init(&r, (hf_bytes){in, sizeof(in)}, NULL);
    hf_read_sub8(&r, &sub, "list");
    assert_true(r.failed && sub.failed);
    assert_false(hf_reader_more(&sub));
    assert_false(hf_reader_done(&sub));
    assert_string_equal(r.failed_name, "list");
}

static void the_first_failure_is_the_one_that_is_told(void **state)
{
    (void)state;
    hf_reader r;
    hf_error e;
    hf_reader_init(&r, (hf_bytes){digits, 4}, NULL);
    hf_read_u8(&r, "first");
    hf_reader_fail(&r, HF_E_VALUE, "first");
    hf_reader_fail(&r, HF_E_DECODE, "second");
    hf_read_u64(&r, "third");
    assert_false(hf_reader_done(&r));
    assert_int_equal(hf_reader_status(&r, &e), HF_E_VALUE);
    assert_int_equal(e.code, HF_E_VALUE);
    assert_string_equal(e.field, "first");
    assert_true(e.has_offset);
    assert_int_equal(e.offset, 1);
}

static void the_error_says_where_what_was_wanted_and_what_came(void **state)
{
    (void)state;
    hf_reader r;
    hf_error e;
    hf_reader_init(&r, (hf_bytes){digits, 6}, NULL);
    r.base = 100;
    hf_read_u32(&r, "a");
    hf_read_u32(&r, "b");
    assert_int_equal(hf_reader_status(&r, &e), HF_E_DECODE);
    assert_string_equal(e.field, "b");
    assert_int_equal(e.offset, 104);
    assert_string_equal(e.expected, "4 bytes");
    assert_non_null(strstr(e.got, "2 bytes"));
    assert_int_equal(e.alert, HF_ALERT_decode_error);

    hf_reader_init(&r, (hf_bytes){digits, 6}, NULL);
    hf_read_u32(&r, "a");
    assert_false(hf_reader_done(&r));
    assert_int_equal(hf_reader_status(&r, &e), HF_E_TRAILING_BYTES);
    assert_non_null(strstr(e.got, "2 more bytes"));
    assert_int_equal(hf_reader_status(&r, NULL), HF_E_TRAILING_BYTES);
}

/* ---- what the sink gets ---- */

typedef struct log {
    char text[512];
    size_t n;
} log;

static void on_field(void *ctx, const hf_field *f)
{
    log *l = ctx;
    static const char kinds[] = "NBL[]";
    l->n += (size_t)snprintf(l->text + l->n, sizeof(l->text) - l->n, "%c %s %zu+%zu=%llu;",
                             kinds[f->kind], f->name, f->offset, f->length,
                             (unsigned long long)f->value);
}

static void a_sink_gets_every_field_in_order(void **state)
{
    (void)state;
    static const uint8_t in[] = {0, 4, 2, 1, 2, 3, 0, 1, 0x7f, 9, 8};
    hf_reader r, outer, inner;
    log l = {.n = 0};
    hf_field_sink sink = {on_field, &l};
    hf_reader_init(&r, (hf_bytes){in, sizeof(in)}, &sink);
    hf_read_sub16(&r, &outer, "outer");
    hf_read_sub8(&outer, &inner, "inner");
    hf_read_u16(&inner, "x");
    hf_reader_done(&inner);
    hf_read_open(&outer, "item");
    hf_read_u8(&outer, "y");
    hf_read_close(&outer, "item");
    hf_reader_done(&outer);
    hf_read_vec16(&r, "v");
    hf_read_bytes(&r, 2, "b");
    assert_true(hf_reader_done(&r));
    assert_string_equal(l.text, "L outer 0+2=4;[ outer 2+4=0;L inner 2+1=2;[ inner 3+2=0;"
                                "N x 3+2=258;] inner 5+0=0;[ item 5+0=0;N y 5+1=3;] item 6+0=0;"
                                "] outer 6+0=0;L v 6+2=1;B v 8+1=0;B b 9+2=0;");
}

static void a_sink_gets_nothing_after_a_failure(void **state)
{
    (void)state;
    hf_reader r, sub;
    log l = {.n = 0};
    hf_field_sink sink = {on_field, &l};
    hf_reader_init(&r, (hf_bytes){digits, 3}, &sink);
    hf_read_u8(&r, "a");
    hf_reader_fail(&r, HF_E_DECODE, "a");
    hf_read_u8(&r, "b");
    hf_read_sub8(&r, &sub, "c");
    hf_read_u8(&sub, "d");
    hf_read_open(&r, "e");
    hf_read_close(&r, "e");
    hf_reader_done(&sub);
    hf_reader_done(&r);
    assert_string_equal(l.text, "N a 0+1=1;");
}

static void huge_lengths_do_not_wrap(void **state)
{
    (void)state;
    hf_reader r;
    hf_reader_init(&r, (hf_bytes){digits, 15}, NULL);
    hf_read_u8(&r, "a");
    assert_null(hf_read_bytes(&r, SIZE_MAX, "b").p);
    assert_true(r.failed);
    hf_reader_init(&r, (hf_bytes){NULL, 0}, NULL);
    assert_int_equal(hf_read_bytes(&r, 0, "empty").n, 0);
    assert_true(hf_reader_done(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(a_short_read_fails_and_stays_failed),
        cmocka_unit_test(vectors_borrow_their_content),
        cmocka_unit_test(nested_vectors_keep_to_their_bounds),
        cmocka_unit_test(a_vector_longer_than_its_parent_fails),
        cmocka_unit_test(the_first_failure_is_the_one_that_is_told),
        cmocka_unit_test(the_error_says_where_what_was_wanted_and_what_came),
        cmocka_unit_test(a_sink_gets_every_field_in_order),
        cmocka_unit_test(a_sink_gets_nothing_after_a_failure),
        cmocka_unit_test(huge_lengths_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
