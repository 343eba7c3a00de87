/* test_capture_stream.c: segments become one stream, whatever their order. */
#include "explain/capture/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- what comes out, as text: lost bytes as "(n)" ---- */

static char told[1 << 16];
static size_t told_n;
static hf_status answer;
static long may_allocate = -1; /* so many more; -1: any number */
static long live;

static hf_status on_bytes(void *ctx, hf_bytes bytes)
{
    (void)ctx;
    assert_true(told_n + bytes.n < sizeof told);
    memcpy(told + told_n, bytes.p, bytes.n);
    told_n += bytes.n;
    told[told_n] = '\0';
    return answer;
}

static hf_status on_lost(void *ctx, uint64_t n)
{
    (void)ctx;
    told_n +=
        (size_t)snprintf(told + told_n, sizeof told - told_n, "(%llu)", (unsigned long long)n);
    return answer;
}

static void *allocate(void *ctx, size_t n)
{
    (void)ctx;
    if (may_allocate == 0)
        return NULL;
    if (may_allocate > 0)
        may_allocate--;
    live++;
    return malloc(n);
}

static void release(void *ctx, void *p)
{
    (void)ctx;
    live--;
    free(p);
}

static cap_stream s;

static void begin(uint32_t seq)
{
    told_n = 0;
    told[0] = '\0';
    answer = HF_OK;
    may_allocate = -1;
    cap_stream_init(&s, &(cap_memory){allocate, release, NULL},
                    (cap_sink){on_bytes, on_lost, NULL});
    cap_stream_start(&s, seq);
}

static void add(uint32_t seq, const char *text)
{
    assert_int_equal(
        cap_stream_add(&s, seq, (hf_bytes){(const uint8_t *)text, strlen(text)}, strlen(text)),
        HF_OK);
}

static void ends_as(const char *text)
{
    assert_int_equal(cap_stream_end(&s), HF_OK);
    assert_string_equal(told, text);
    assert_int_equal(s.held_bytes, 0);
    assert_int_equal(s.held_pieces, 0);
    cap_stream_free(&s);
    assert_int_equal(live, 0);
}

/* ---- the rules ---- */

static void in_order(void **state)
{
    (void)state;
    begin(100);
    add(100, "abc");
    assert_string_equal(told, "abc"); /* at once */
    add(103, "def");
    ends_as("abcdef");
}

static void out_of_order(void **state)
{
    (void)state;
    begin(100);
    add(106, "ghi");
    add(103, "def");
    assert_string_equal(told, "");
    add(100, "abc");
    assert_string_equal(told, "abcdefghi");
    assert_int_equal(s.repeated, 0);
    ends_as("abcdefghi");
}

static void repeated_ones_are_told_once(void **state)
{
    (void)state;
    begin(100);
    add(100, "abc");
    add(100, "abc");
    add(105, "fg");
    add(105, "fg");
    add(103, "de");
    assert_int_equal(s.repeated, 5);
    assert_int_equal(s.differing, 0);
    ends_as("abcdefg");
}

static void overlapping_ones_give_what_is_new(void **state)
{
    (void)state;
    begin(100);
    add(100, "abcd");
    add(102, "cdef"); /* partly told */
    add(110, "kl");
    add(108, "ijkl"); /* partly held, behind */
    add(110, "klmn"); /* partly held, in front */
    add(106, "gh");
    ends_as("abcdefghijklmn");
}

static void a_segment_may_hold_others_inside(void **state)
{
    (void)state;
    begin(100);
    add(102, "c");
    add(104, "e");
    add(107, "h");
    add(101, "bcdefghi");
    add(100, "a");
    ends_as("abcdefghi");
}

static void of_two_copies_the_first_stays(void **state)
{
    (void)state;
    begin(100);
    add(103, "DEF");
    add(102, "cxxxg"); /* other bytes for 103 to 105 */
    add(100, "ab");
    assert_true(s.differing > 0);
    ends_as("abcDEFg");
}

static void what_never_came_is_told_as_lost(void **state)
{
    (void)state;
    begin(100);
    add(100, "ab");
    add(105, "fg");
    add(110, "kl");
    assert_string_equal(told, "ab");
    ends_as("ab(3)fg(3)kl");
    begin(100);
    add(104, "e");
    ends_as("(4)e");
    assert_int_equal(s.lost, 4);
}

static void what_is_missing_at_the_end_is_known_by_fin_or_acknowledgement(void **state)
{
    (void)state;
    begin(100);
    add(100, "ab");
    cap_stream_reach(&s, 107, true);
    cap_stream_reach(&s, 108, false); /* with the FIN */
    ends_as("ab(5)");
    begin(0xfffffffe);
    add(0xfffffffe, "ab");
    cap_stream_reach(&s, 4, false);
    cap_stream_reach(&s, 2, false);
    ends_as("ab(3)"); /* the fourth may be a FIN */
    begin(100);
    add(100, "ab");
    cap_stream_reach(&s, 103, false);
    cap_stream_reach(&s, 100 + 0x50000000, true);
    ends_as("ab");
    begin(100);
    cap_stream_reach(&s, 90, false);
    ends_as("");
}

static void what_was_not_captured_whole_is_lost_behind(void **state)
{
    (void)state;
    begin(100);
    assert_int_equal(cap_stream_add(&s, 100, (hf_bytes){(const uint8_t *)"ab", 2}, 5), HF_OK);
    add(105, "fg");
    assert_string_equal(told, "ab(3)fg");
    assert_int_equal(cap_stream_add(&s, 109, (hf_bytes){(const uint8_t *)"j", 1}, 3), HF_OK);
    add(111, "l"); /* this one has the last byte */
    add(107, "hi");
    ends_as("ab(3)fghij(1)l");
    begin(100);
    assert_int_equal(cap_stream_add(&s, 100, (hf_bytes){NULL, 0}, 4), HF_OK);
    add(104, "e");
    ends_as("(4)e");
}

static void numbers_go_round(void **state)
{
    (void)state;
    begin(0xfffffffe);
    add(1, "def");
    add(0xfffffffe, "abc"); /* 0xfffffffe, 0xffffffff, 0 */
    ends_as("abcdef");
    begin(0xfffffffe);
    add(0xffffffff, "bcd");
    add(0, "cdef");
    add(0xfffffffe, "ab");
    ends_as("abcdef");
}

static void the_first_segment_starts_it_where_nobody_says(void **state)
{
    (void)state;
    begin(0);
    s.started = false;
    add(77, "abc");
    add(70, "before!");
    assert_int_equal(s.repeated, 0); /* it was never told */
    ends_as("abc");
}

static void strays_change_nothing(void **state)
{
    (void)state;
    begin(100);
    add(100, "ab");
    add(100 + 0x50000000, "far ahead");
    add(100 + 0xb0000000, "far behind");
    assert_int_equal(
        cap_stream_add(&s, 102, (hf_bytes){(const uint8_t *)"more than there was", 19}, 3), HF_OK);
    assert_int_equal(s.stray, 3);
    add(102, "cd");
    ends_as("abcd");
}

static void empty_segments_and_keepalives(void **state)
{
    (void)state;
    begin(100);
    add(100, "ab");
    add(102, "");
    add(101, "x"); /* a keepalive: one byte that was there already */
    add(102, "cd");
    ends_as("abcd");
}

/* ---- bounds ---- */

static hf_status count_bytes(void *ctx, hf_bytes bytes)
{
    *(uint64_t *)ctx += bytes.n;
    return HF_OK;
}

static hf_status count_lost(void *ctx, uint64_t n)
{
    (void)ctx;
    (void)n;
    return HF_OK;
}

static void too_much_held_gives_up_what_is_missing(void **state)
{
    (void)state;
    static uint8_t piece[60000];
    uint64_t came = 0;
    cap_stream_init(&s, &(cap_memory){allocate, release, NULL},
                    (cap_sink){count_bytes, count_lost, &came});
    cap_stream_start(&s, 0);
    for (uint32_t i = 0; i < 200; i++) { /* each with one byte missing in front */
        assert_int_equal(cap_stream_add(&s, i * ((uint32_t)sizeof piece + 1) + 1,
                                        (hf_bytes){piece, sizeof piece}, sizeof piece),
                         HF_OK);
        assert_true(s.held_bytes <= CAP_HELD_BYTES);
    }
    assert_true(came > 100 * sizeof piece);
    assert_true(s.lost > 100);
    cap_stream_free(&s);

    came = 0;
    cap_stream_init(&s, &(cap_memory){allocate, release, NULL},
                    (cap_sink){count_bytes, count_lost, &came});
    cap_stream_start(&s, 0);
    for (uint32_t i = 0; i < 3 * CAP_HELD_PIECES; i++) {
        assert_int_equal(cap_stream_add(&s, 2 * i + 1, (hf_bytes){piece, 1}, 1), HF_OK);
        assert_true(s.held_pieces <= CAP_HELD_PIECES);
    }
    assert_int_equal(came, 2 * CAP_HELD_PIECES);
    cap_stream_free(&s);
    assert_int_equal(live, 0);
}

/* ---- failures ---- */

static void memory_that_ran_out_is_told_and_nothing_leaks(void **state)
{
    (void)state;
    for (long n = 0; n < 2; n++) {
        begin(100);
        may_allocate = n;
        hf_status status = HF_OK;
        for (uint32_t i = 0; i < 3 && status == HF_OK; i++)
            status = cap_stream_add(&s, 110 + 10 * i, (hf_bytes){(const uint8_t *)"abc", 3}, 3);
        assert_int_equal(status, HF_E_OUT_OF_MEMORY);
        cap_stream_free(&s);
        assert_int_equal(live, 0);
    }
}

static void an_error_of_the_sink_ends_it(void **state)
{
    (void)state;
    begin(100);
    add(103, "def");
    answer = HF_E_OUT_OF_MEMORY;
    assert_int_equal(cap_stream_add(&s, 100, (hf_bytes){(const uint8_t *)"abc", 3}, 3),
                     HF_E_OUT_OF_MEMORY);
    cap_stream_free(&s);
    begin(100);
    add(103, "def");
    answer = HF_E_OUT_OF_MEMORY;
    assert_int_equal(cap_stream_end(&s), HF_E_OUT_OF_MEMORY);
    cap_stream_free(&s);
    assert_int_equal(live, 0);
}

/* ---- any order at all ---- */

static uint32_t random_state = 1;

static uint32_t next_random(uint32_t below)
{
    random_state = random_state * 1664525U + 1013904223U;
    return (random_state >> 8) % below;
}

static void any_order_of_any_pieces_gives_the_same(void **state)
{
    (void)state;
    enum { N = 300 };
    char text[N + 1];
    for (size_t i = 0; i < N; i++)
        text[i] = (char)('a' + i * 7 % 26);
    text[N] = '\0';
    for (unsigned round = 0; round < 500; round++) {
        uint32_t base = (uint32_t) - (int32_t)next_random(2 * N);
        begin(base);
        for (unsigned i = 0; i < 150; i++) {
            uint32_t at = next_random(N), n = 1 + next_random(N - at < 40 ? N - at : 40);
            assert_int_equal(
                cap_stream_add(&s, base + at, (hf_bytes){(const uint8_t *)text + at, n}, n), HF_OK);
        }
        for (uint32_t at = 0; at < N; at += 10)
            assert_int_equal(
                cap_stream_add(&s, base + at, (hf_bytes){(const uint8_t *)text + at, 10}, 10),
                HF_OK);
        assert_int_equal(s.differing, 0);
        assert_int_equal(s.lost, 0);
        ends_as(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(out_of_order),
        cmocka_unit_test(repeated_ones_are_told_once),
        cmocka_unit_test(overlapping_ones_give_what_is_new),
        cmocka_unit_test(a_segment_may_hold_others_inside),
        cmocka_unit_test(of_two_copies_the_first_stays),
        cmocka_unit_test(what_never_came_is_told_as_lost),
        cmocka_unit_test(what_is_missing_at_the_end_is_known_by_fin_or_acknowledgement),
        cmocka_unit_test(what_was_not_captured_whole_is_lost_behind),
        cmocka_unit_test(numbers_go_round),
        cmocka_unit_test(the_first_segment_starts_it_where_nobody_says),
        cmocka_unit_test(strays_change_nothing),
        cmocka_unit_test(empty_segments_and_keepalives),
        cmocka_unit_test(too_much_held_gives_up_what_is_missing),
        cmocka_unit_test(memory_that_ran_out_is_told_and_nothing_leaks),
        cmocka_unit_test(an_error_of_the_sink_ends_it),
        cmocka_unit_test(any_order_of_any_pieces_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
