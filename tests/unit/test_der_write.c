/* test_der_write.c: DER out: every form byte for byte, every length, and room that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/der_write.h"
#include "support/fail_alloc.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect(hf_writer *w, const char *bytes, size_t n)
{
    assert_int_equal(hf_writer_status(w), HF_OK);
    hf_bytes out = hf_writer_bytes(w);
    assert_int_equal(out.n, n);
    assert_memory_equal(out.p, bytes, n);
    w->n = 0; /* for the next one */
}

#define EXPECT(w, text) expect(w, text, sizeof(text) - 1)

static void elements_are_written_in_order(void **state)
{
    (void)state;
    uint8_t room[64];
    hf_writer w;
    hf_writer_init(&w, room, sizeof(room));
    size_t outer = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write_true(&w);
    size_t empty = hf_der_open(&w, HF_DER_SET);
    hf_der_close(&w, empty);
    hf_der_write_null(&w);
    hf_der_write(&w, HF_DER_CONTEXT(2), hf_bytes_text("ab"));
    hf_der_write_bits(&w, hf_bytes_text("c"));
    size_t bits = hf_der_open_bits(&w);
    hf_der_write_small(&w, 7);
    hf_der_close(&w, bits);
    hf_der_close(&w, outer);
    EXPECT(&w, "\x30\x15"
               "\x01\x01\xff"
               "\x31\x00"
               "\x05\x00"
               "\x82\x02"
               "ab"
               "\x03\x02\x00"
               "c"
               "\x03\x04\x00\x02\x01\x07");
}

static void integers_are_minimal_and_not_negative(void **state)
{
    (void)state;
    static const struct {
        const char *magnitude;
        size_t n;
        const char *der;
        size_t der_n;
    } cases[] = {
        {"", 0, "\x02\x01\x00", 3},
        {"\x00\x00", 2, "\x02\x01\x00", 3},
        {"\x7f", 1, "\x02\x01\x7f", 3},
        {"\x80", 1, "\x02\x02\x00\x80", 4},
        {"\x00\x00\x80\x00", 4, "\x02\x03\x00\x80\x00", 5},
        {"\x00\x01\x00", 3, "\x02\x02\x01\x00", 4},
    };
    uint8_t room[16];
    hf_writer w;
    hf_writer_init(&w, room, sizeof(room));
    for (size_t i = 0; i < COUNT(cases); i++) {
        hf_der_write_integer(&w, hf_bytes_of(cases[i].magnitude, cases[i].n));
        expect(&w, cases[i].der, cases[i].der_n);
    }
    hf_der_write_integer(&w, (hf_bytes){NULL, 0});
    EXPECT(&w, "\x02\x01\x00");
    hf_der_write_small(&w, 0);
    EXPECT(&w, "\x02\x01\x00");
    hf_der_write_small(&w, 255);
    EXPECT(&w, "\x02\x02\x00\xff");
    hf_der_write_small(&w, UINT32_MAX);
    EXPECT(&w, "\x02\x05\x00\xff\xff\xff\xff");
}

static void bit_lists_have_no_trailing_zeros(void **state)
{
    (void)state;
    uint8_t room[16];
    hf_writer w;
    hf_writer_init(&w, room, sizeof(room));
    hf_der_write_bit_list(&w, 0);
    EXPECT(&w, "\x03\x01\x00");
    hf_der_write_bit_list(&w, 1);
    EXPECT(&w, "\x03\x02\x07\x80");
    hf_der_write_bit_list(&w, 1 << 7);
    EXPECT(&w, "\x03\x02\x00\x01");
    hf_der_write_bit_list(&w, 1 << 8 | 1);
    EXPECT(&w, "\x03\x03\x07\x80\x80");
    hf_der_write_bit_list(&w, 0xffff);
    EXPECT(&w, "\x03\x03\x00\xff\xff");
    for (unsigned bits = 0; bits <= 0xffff; bits++) { /* and each is read back */
        hf_reader r;
        w.n = 0;
        hf_der_write_bit_list(&w, (uint16_t)bits);
        hf_reader_init(&r, hf_writer_bytes(&w), NULL);
        assert_int_equal(hf_der_bit_list(&r, "bits"), bits);
        assert_true(hf_reader_done(&r));
    }
}

static void times_take_the_form_of_their_year(void **state)
{
    (void)state;
    static const struct {
        int64_t at_s;
        uint8_t tag;
        const char *text;
    } cases[] = {
        {-631152000, HF_DER_UTC_TIME, "500101000000Z"}, /* 1950, the first that fits */
        {-1, HF_DER_UTC_TIME, "691231235959Z"},
        {0, HF_DER_UTC_TIME, "700101000000Z"},
        {951782400, HF_DER_UTC_TIME, "000229000000Z"},
        {2524607999, HF_DER_UTC_TIME, "491231235959Z"},
        {2524608000, HF_DER_GENERALIZED_TIME, "20500101000000Z"},
        {253402300799, HF_DER_GENERALIZED_TIME, "99991231235959Z"}, /* the last */
    };
    uint8_t room[32];
    for (size_t i = 0; i < COUNT(cases); i++) {
        hf_writer w;
        hf_reader r;
        assert_true(hf_der_time_fits(cases[i].at_s));
        hf_writer_init(&w, room, sizeof(room));
        hf_der_write_time(&w, cases[i].at_s);
        hf_reader_init(&r, hf_writer_bytes(&w), NULL);
        hf_bytes text = hf_der_value(&r, cases[i].tag, "time");
        assert_true(hf_bytes_equal(text, hf_bytes_text(cases[i].text)));
        hf_reader_init(&r, hf_writer_bytes(&w), NULL);
        assert_true(hf_der_time(&r, "time") == cases[i].at_s);
        assert_true(hf_reader_done(&r));
    }
    static const int64_t unfit[] = {-631152001, 253402300800, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < COUNT(unfit); i++)
        assert_false(hf_der_time_fits(unfit[i]));
}

/* Content of `n` bytes in an element in an element: the header's bytes, and what moved up. */
static void check_length(size_t n, const char *header, size_t header_n)
{
    hf_buf buf = {0};
    hf_writer w;
    hf_reader r, outer;
    hf_writer_init_buf(&w, &buf);
    hf_write_u8(&w, 0x5a); /* what stands before is left alone */
    size_t sequence = hf_der_open(&w, HF_DER_SEQUENCE);
    size_t octets = hf_der_open(&w, HF_DER_OCTET_STRING);
    uint8_t *content = hf_write_reserve(&w, n);
    assert_non_null(content);
    for (size_t i = 0; i < n; i++)
        content[i] = (uint8_t)(i * 7 + (i >> 8));
    hf_der_close(&w, octets);
    hf_der_write_true(&w);
    hf_der_close(&w, sequence);
    assert_int_equal(hf_writer_status(&w), HF_OK);

    assert_int_equal(buf.p[0], 0x5a);
    hf_reader_init(&r, hf_bytes_of(buf.p + 1, buf.n - 1), NULL);
    hf_der_enter(&r, &outer, HF_DER_SEQUENCE, "outer"); /* strict: lengths are minimal */
    size_t start = outer.at;
    assert_memory_equal(outer.p + start, header, header_n);
    hf_bytes got = hf_der_value(&outer, HF_DER_OCTET_STRING, "octets");
    assert_int_equal(got.n, n);
    assert_int_equal(outer.at - start, header_n + n);
    for (size_t i = 0; i < n; i++)
        if (got.p[i] != (uint8_t)(i * 7 + (i >> 8)))
            fail_msg("byte %zu of %zu is not what was written", i, n);
    assert_true(hf_der_boolean(&outer, "last"));
    assert_true(hf_reader_done(&outer));
    assert_true(hf_reader_done(&r));
    hf_buf_free(&buf);
}

static void lengths_are_as_short_as_can_be(void **state)
{
    (void)state;
    check_length(0, "\x04\x00", 2);
    check_length(127, "\x04\x7f", 2);
    check_length(128, "\x04\x81\x80", 3);
    check_length(255, "\x04\x81\xff", 3);
    check_length(256, "\x04\x82\x01\x00", 4);
    check_length(65535, "\x04\x82\xff\xff", 4);
    check_length(65536, "\x04\x83\x01\x00\x00", 5);
    check_length(0xffffff, "\x04\x83\xff\xff\xff", 5);
    check_length(0x1000000, "\x04\x84\x01\x00\x00\x00", 6);
}

/* ---- room and memory that run out ---- */

static void write_some_of_everything(hf_writer *w)
{
    uint8_t zeros[200] = {0};
    size_t outer = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write_integer(w, hf_bytes_of("\x80", 1));
    size_t bits = hf_der_open_bits(w);
    size_t inner = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OCTET_STRING, hf_bytes_of(zeros, sizeof(zeros)));
    hf_der_close(w, inner);
    hf_der_close(w, bits);
    hf_der_write_time(w, 0);
    hf_der_write_bit_list(w, 5);
    hf_der_write_null(w);
    hf_der_close(w, outer);
}

static void too_little_room_anywhere_fails_and_writes_no_byte_past_it(void **state)
{
    (void)state;
    uint8_t whole[300];
    hf_writer w;
    hf_writer_init(&w, whole, sizeof(whole));
    write_some_of_everything(&w);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    size_t needed = w.n;
    for (size_t room = 0; room <= needed; room++) {
        uint8_t *p = malloc(room + 1); /* a sanitizer sees what goes past */
        p[room] = 0x5a;
        hf_writer_init(&w, p, room);
        write_some_of_everything(&w);
        assert_int_equal(hf_writer_status(&w), room < needed ? HF_E_NO_ROOM : HF_OK);
        assert_int_equal(hf_writer_bytes(&w).n, room < needed ? 0 : needed);
        assert_int_equal(p[room], 0x5a);
        if (room == needed)
            assert_memory_equal(p, whole, needed);
        free(p);
    }
}

static void a_failed_writer_stays_failed(void **state)
{
    (void)state;
    uint8_t room[64] = {0};
    static const uint8_t untouched[64];
    hf_writer w;
    hf_writer_init(&w, room, sizeof(room));
    hf_writer_fail(&w, HF_E_CRYPTO);
    hf_writer_fail(&w, HF_E_INTERNAL);
    write_some_of_everything(&w);
    assert_int_equal(hf_writer_status(&w), HF_E_CRYPTO); /* the first reason */
    assert_int_equal(hf_writer_bytes(&w).n, 0);
    assert_memory_equal(room, untouched, sizeof(room));

    hf_writer_init(&w, room, sizeof(room));
    size_t mark = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_writer_fail(&w, HF_E_CRYPTO);
    hf_der_close(&w, mark);
    assert_int_equal(hf_writer_status(&w), HF_E_CRYPTO);
}

static hf_status write_growing(void *ctx)
{
    (void)ctx;
    hf_buf buf = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &buf);
    for (int i = 0; i < 10; i++)
        write_some_of_everything(&w);
    hf_status status = hf_writer_status(&w);
    hf_buf_free(&buf);
    return status;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(hf_test_each_alloc_fails(write_growing, NULL) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_written_in_order),
        cmocka_unit_test(integers_are_minimal_and_not_negative),
        cmocka_unit_test(bit_lists_have_no_trailing_zeros),
        cmocka_unit_test(times_take_the_form_of_their_year),
        cmocka_unit_test(lengths_are_as_short_as_can_be),
        cmocka_unit_test(too_little_room_anywhere_fails_and_writes_no_byte_past_it),
        cmocka_unit_test(a_failed_writer_stays_failed),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
