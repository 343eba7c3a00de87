/* test_writer.c: the writer is bounded, sticky, and its nested lengths are right or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/writer.h"
#include "support/fail_alloc.h"

#include <stdlib.h>

static void write_some_of_everything(hf_writer *w)
{
    size_t outer, inner;
    hf_write_u8(w, 0x01);
    hf_write_u16(w, 0x0203);
    hf_write_u24(w, 0x040506);
    hf_write_u32(w, 0x0708090a);
    hf_write_u64(w, UINT64_C(0x0b0c0d0e0f101112));
    hf_write_bytes(w, hf_bytes_text("ab"));
    hf_write_bytes(w, (hf_bytes){NULL, 0});
    hf_write_zeros(w, 2);
    hf_write_vec8(w, hf_bytes_text("c"));
    hf_write_vec16(w, hf_bytes_text("de"));
    hf_write_vec24(w, hf_bytes_text("f"));
    outer = hf_write_open(w, 2);
    inner = hf_write_open(w, 1);
    hf_write_u8(w, 0xaa);
    hf_write_close(w, inner, 1);
    inner = hf_write_open(w, 3);
    hf_write_close(w, inner, 3);
    hf_write_close(w, outer, 2);
    uint8_t *p = hf_write_reserve(w, 2);
    if (p != NULL)
        memcpy(p, "zz", 2);
}

static const uint8_t everything[] = {
    1, 2, 3,   4, 5, 6,   7,   8, 9, 10, 11,  12, 13, 14, 15,   16, 17, 18, 'a', 'b', 0,
    0, 1, 'c', 0, 2, 'd', 'e', 0, 0, 1,  'f', 0,  5,  1,  0xaa, 0,  0,  0,  'z', 'z',
};

static void fixed_memory_gets_every_form(void **state)
{
    (void)state;
    uint8_t p[64];
    hf_writer w;
    hf_writer_init(&w, p, sizeof(p));
    write_some_of_everything(&w);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    hf_bytes out = hf_writer_bytes(&w);
    assert_int_equal(out.n, sizeof(everything));
    assert_memory_equal(out.p, everything, sizeof(everything));
}

static void too_little_room_anywhere_fails_and_writes_no_byte_past_it(void **state)
{
    (void)state;
    for (size_t room = 0; room <= sizeof(everything); room++) {
        uint8_t *p = malloc(room + 1); /* and a sanitizer watches the end */
        assert_non_null(p);
        p[room] = 0x5a;
        hf_writer w;
        hf_writer_init(&w, p, room);
        write_some_of_everything(&w);
        bool fits = room == sizeof(everything);
        assert_int_equal(hf_writer_status(&w), fits ? HF_OK : HF_E_NO_ROOM);
        assert_int_equal(hf_writer_bytes(&w).n, fits ? room : 0);
        assert_int_equal(p[room], 0x5a);
        free(p);
    }
}

static void a_failed_writer_stays_failed(void **state)
{
    (void)state;
    uint8_t p[4];
    hf_writer w;
    hf_writer_init(&w, p, 3);
    hf_write_u32(&w, 1);
    assert_int_equal(hf_writer_status(&w), HF_E_NO_ROOM);
    hf_write_u8(&w, 1); /* would fit */
    assert_null(hf_write_reserve(&w, 0));
    size_t mark = hf_write_open(&w, 1);
    hf_write_close(&w, mark, 1);
    hf_write_u24(&w, 0x1000000);
    assert_int_equal(hf_writer_status(&w), HF_E_NO_ROOM); /* the first is told */
    assert_int_equal(w.n, 0);
}

static void a_length_that_does_not_fit_its_prefix_is_refused(void **state)
{
    (void)state;
    static uint8_t p[0x1000010], big[0x1000000];
    static const size_t most[3] = {0xff, 0xffff, 0xffffff};
    for (size_t size = 1; size <= 3; size++)
        for (size_t over = 0; over <= 1; over++) {
            size_t n = most[size - 1] + over;
            hf_status expected = over == 0 ? HF_OK : HF_E_INTERNAL;
            hf_writer w;
            hf_writer_init(&w, p, sizeof(p));
            if (size == 1)
                hf_write_vec8(&w, (hf_bytes){big, n});
            else if (size == 2)
                hf_write_vec16(&w, (hf_bytes){big, n});
            else
                hf_write_vec24(&w, (hf_bytes){big, n});
            assert_int_equal(hf_writer_status(&w), expected);

            hf_writer_init(&w, p, sizeof(p)); /* each part fits, the whole does not */
            size_t mark = hf_write_open(&w, size);
            hf_write_zeros(&w, n / 2);
            hf_write_zeros(&w, n - n / 2);
            hf_write_close(&w, mark, size);
            assert_int_equal(hf_writer_status(&w), expected);
        }
    hf_writer w;
    hf_writer_init(&w, p, sizeof(p));
    hf_write_u24(&w, 0x1000000);
    assert_int_equal(hf_writer_status(&w), HF_E_INTERNAL);
}

static void an_inner_length_that_overflows_fails_the_whole(void **state)
{
    (void)state;
    uint8_t p[600];
    hf_writer w;
    hf_writer_init(&w, p, sizeof(p));
    size_t outer = hf_write_open(&w, 2), inner = hf_write_open(&w, 1);
    hf_write_zeros(&w, 256);
    hf_write_close(&w, inner, 1);
    hf_write_close(&w, outer, 2);
    hf_write_u8(&w, 1);
    assert_int_equal(hf_writer_status(&w), HF_E_INTERNAL);
    assert_int_equal(hf_writer_bytes(&w).n, 0);
}

static void a_buffer_grows_and_keeps_what_it_held(void **state)
{
    (void)state;
    hf_buf b = {0};
    hf_writer w;
    assert_int_equal(hf_buf_append(&b, hf_bytes_text("before")), HF_OK);
    hf_writer_init_buf(&w, &b);
    for (int i = 0; i < 100; i++)
        write_some_of_everything(&w);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    assert_int_equal(b.n, 6 + 100 * sizeof(everything));
    assert_memory_equal(b.p, "before", 6);
    for (size_t i = 0; i < 100; i++)
        assert_memory_equal(b.p + 6 + i * sizeof(everything), everything, sizeof(everything));
    hf_buf_free(&b);
}

static void writing_nothing_at_first_is_no_failure(void **state)
{
    (void)state;
    hf_buf b = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &b);
    hf_write_bytes(&w, (hf_bytes){NULL, 0});
    hf_write_zeros(&w, 0);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    assert_int_equal(b.n, 0);
    hf_buf_free(&b);
}

/* The mark of an open length is a place, not a pointer: the buffer may move before it is closed. */
static void lengths_are_right_when_the_buffer_moves(void **state)
{
    (void)state;
    hf_buf b = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &b);
    size_t mark = hf_write_open(&w, 3);
    const uint8_t *before = b.p;
    hf_write_zeros(&w, 100000);
    assert_ptr_not_equal(before, b.p);
    hf_write_close(&w, mark, 3);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    assert_memory_equal(b.p, "\x01\x86\xa0", 3);
    hf_buf_free(&b);
}

static hf_status grow(void *ctx)
{
    (void)ctx;
    hf_buf b = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &b);
    for (int i = 0; i < 100; i++)
        write_some_of_everything(&w);
    hf_status status = hf_writer_status(&w);
    if (status != HF_OK)
        assert_int_equal(hf_writer_bytes(&w).n, 0);
    hf_buf_free(&b);
    return status;
}

static void each_allocation_that_fails_is_told(void **state)
{
    (void)state;
    assert_true(hf_test_each_alloc_fails(grow, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_memory_gets_every_form),
        cmocka_unit_test(too_little_room_anywhere_fails_and_writes_no_byte_past_it),
        cmocka_unit_test(a_failed_writer_stays_failed),
        cmocka_unit_test(a_length_that_does_not_fit_its_prefix_is_refused),
        cmocka_unit_test(an_inner_length_that_overflows_fails_the_whole),
        cmocka_unit_test(a_buffer_grows_and_keeps_what_it_held),
        cmocka_unit_test(writing_nothing_at_first_is_no_failure),
        cmocka_unit_test(lengths_are_right_when_the_buffer_moves),
        cmocka_unit_test(each_allocation_that_fails_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
