/* test_der.c: strict DER: what is read, and what is refused and why. */
#include "base/bytes.h"
#include "base/der.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define BORROW(text) ((hf_bytes)BYTES(text))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void reads_elements_in_order(void **state)
{
    (void)state;
    hf_reader r, s;
    hf_reader_init(&r,
                   BORROW("\x30\x0b\x02\x01\x05\x01\x01\xff\x04\x03"
                          "abc"),
                   NULL);
    assert_int_equal(hf_der_peek(&r), HF_DER_SEQUENCE);
    hf_der_enter(&r, &s, HF_DER_SEQUENCE, "outer");
    assert_int_equal(hf_der_small(&s, "number"), 5);
    assert_true(hf_der_boolean(&s, "flag"));
    hf_bytes whole = hf_der_whole(&s, HF_DER_OCTET_STRING, "text");
    assert_int_equal(whole.n, 5);
    assert_int_equal(hf_der_peek(&s), -1);
    assert_true(hf_reader_done(&s));
    assert_true(hf_reader_done(&r));
    assert_int_equal(hf_der_status(&r, 0, NULL), HF_OK);
}

static void refuses_what_is_not_the_shortest_form(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        hf_bytes der;
    } bad[] = {
        {"nothing", {(const uint8_t *)"", 0}},
        {"no length", BYTES("\x04")},
        {"content cut", BYTES("\x04\x02"
                              "a")},
        {"indefinite length", BYTES("\x04\x80"
                                    "a\0\0")},
        {"length octets cut", BYTES("\x04\x82\x01")},
        {"long form for a short length", BYTES("\x04\x81\x01"
                                               "a")},
        {"long form at 127", BYTES("\x04\x81\x7f"
                                   "a")},
        {"a leading zero in the length", BYTES("\x04\x82\x00\x81"
                                               "a")},
        {"five length octets", BYTES("\x04\x85\x00\x00\x00\x00\x01"
                                     "a")},
        {"a length of 4 GiB - 1", BYTES("\x04\x84\xff\xff\xff\xff"
                                        "a")},
        {"a tag number above 30", BYTES("\x1f\x01\x00")},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        hf_reader r;
        hf_error e = {0};
        hf_reader_init(&r, bad[i].der, NULL);
        hf_bytes v = hf_der_any(&r, NULL, "thing");
        if (!r.failed)
            fail_msg("accepted: %s", bad[i].what);
        assert_null(v.p);
        assert_int_equal(hf_der_status(&r, HF_E_CERT_MALFORMED, &e), HF_E_CERT_MALFORMED);
        assert_int_equal(e.code, HF_E_CERT_MALFORMED);
        assert_string_equal(e.field, "thing");
        assert_true(e.has_offset && e.offset == 0);
        assert_true(e.expected[0] != '\0' && e.got[0] != '\0');
    }
}

static void long_lengths_are_read(void **state)
{
    (void)state;
    static uint8_t der[70000];
    for (size_t n = 120; n < 66000; n = n < 300 ? n + 1 : n * 2) {
        size_t h = 2;
        der[0] = 0x04;
        if (n < 0x80) {
            der[1] = (uint8_t)n;
        } else {
            size_t octets = n <= 0xff ? 1 : n <= 0xffff ? 2 : 3;
            der[1] = (uint8_t)(0x80 | octets);
            for (size_t i = 0; i < octets; i++)
                der[2 + i] = (uint8_t)(n >> (8 * (octets - 1 - i)));
            h += octets;
        }
        hf_reader r;
        hf_reader_init(&r, hf_bytes_of(der, h + n), NULL);
        assert_int_equal(hf_der_value(&r, HF_DER_OCTET_STRING, "x").n, n);
        assert_true(hf_reader_done(&r));
        hf_reader_init(&r, hf_bytes_of(der, h + n - 1), NULL); /* one byte short */
        hf_der_value(&r, HF_DER_OCTET_STRING, "x");
        assert_true(r.failed);
        hf_reader_init(&r, hf_bytes_of(der, h + n + 1), NULL); /* one too many */
        hf_der_value(&r, HF_DER_OCTET_STRING, "x");
        assert_false(hf_reader_done(&r));
        assert_int_equal(hf_der_status(&r, 0, NULL), HF_E_TRAILING_BYTES);
    }
}

static void a_wrong_tag_says_which_was_expected(void **state)
{
    (void)state;
    hf_reader r, s;
    hf_error e;
    hf_reader_init(&r, BORROW("\x30\x05\x02\x01\x05\x05\x00"), NULL);
    hf_der_enter(&r, &s, HF_DER_SEQUENCE, "outer");
    hf_der_small(&s, "number");
    hf_der_value(&s, HF_DER_OID, "algorithm");
    assert_false(hf_reader_done(&s));
    assert_int_equal(hf_der_status(&r, 0, &e), HF_E_DECODE);
    assert_string_equal(e.field, "algorithm");
    assert_int_equal(e.offset, 5);
    assert_string_equal(e.expected, "OBJECT IDENTIFIER");
    assert_string_equal(e.got, "NULL of 0 bytes: 05 00");
}

static void failure_is_sticky_and_reaches_the_parents(void **state)
{
    (void)state;
    hf_reader r, s, t;
    hf_reader_init(&r, BORROW("\x30\x05\x30\x03\x01\x01\x02\x02\x01\x01"), NULL);
    hf_der_enter(&r, &s, HF_DER_SEQUENCE, "a");
    hf_der_enter(&s, &t, HF_DER_SEQUENCE, "b");
    assert_false(hf_der_boolean(&t, "flag"));
    assert_true(t.failed && s.failed && r.failed);
    assert_int_equal(hf_der_small(&r, "later"), 0);
    assert_int_equal(hf_der_time(&r, "later"), 0);
    assert_int_equal(hf_der_bit_list(&r, "later"), 0);
    assert_null(hf_der_oid(&r, "later").p);
    assert_null(hf_der_bits(&r, "later").p);
    hf_der_enter(&r, &t, HF_DER_SEQUENCE, "later");
    assert_true(t.failed);
    assert_false(hf_reader_more(&t));
    hf_error e;
    hf_der_status(&r, 0, &e);
    assert_string_equal(e.field, "flag");
    assert_int_equal(e.offset, 4);
}

typedef struct value_case {
    hf_bytes der;
    bool good;
    int64_t value;
} value_case;

static void integers_are_minimal_and_bounded(void **state)
{
    (void)state;
    static const value_case cases[] = {
        {BYTES("\x02\x01\x00"), true, 0},
        {BYTES("\x02\x01\x7f"), true, 127},
        {BYTES("\x02\x02\x00\x80"), true, 128},
        {BYTES("\x02\x04\x7f\xff\xff\xff"), true, 2147483647},
        {BYTES("\x02\x00"), false, 0},
        {BYTES("\x02\x02\x00\x7f"), false, 0},
        {BYTES("\x02\x02\xff\x80"), false, 0},
        {BYTES("\x02\x01\xff"), false, 0},
        {BYTES("\x02\x05\x00\x80\x00\x00\x00"), false, 0},
        {BYTES("\x02\x05\x01\x00\x00\x00\x00"), false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        hf_reader r;
        hf_reader_init(&r, cases[i].der, NULL);
        assert_int_equal(hf_der_small(&r, "n"), cases[i].value);
        assert_int_equal(r.failed, !cases[i].good);
    }
    hf_reader r;
    hf_reader_init(&r, BORROW("\x02\x02\xff\x7f"), NULL); /* -129: minimal, and an INTEGER */
    assert_int_equal(hf_der_integer(&r, "n").n, 2);
}

static void booleans_are_00_or_ff(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        uint8_t der[3] = {1, 1, (uint8_t)v};
        hf_reader r;
        hf_reader_init(&r, hf_bytes_of(der, 3), NULL);
        assert_int_equal(hf_der_boolean(&r, "b"), v == 255);
        assert_int_equal(r.failed, v != 0 && v != 255);
    }
    hf_reader r;
    hf_reader_init(&r, BORROW("\x01\x00"), NULL);
    hf_der_boolean(&r, "b");
    assert_true(r.failed);
}

static void bit_strings_have_no_unused_bits(void **state)
{
    (void)state;
    hf_reader r;
    hf_reader_init(&r, BORROW("\x03\x03\x00\xab\xcd"), NULL);
    assert_true(hf_bytes_equal(hf_der_bits(&r, "b"), BORROW("\xab\xcd")));
    static const hf_bytes bad[] = {BYTES("\x03\x00"), BYTES("\x03\x02\x01\xaa"),
                                   BYTES("\x03\x02\x08\xaa")};
    for (size_t i = 0; i < COUNT(bad); i++) {
        hf_reader_init(&r, bad[i], NULL);
        assert_null(hf_der_bits(&r, "b").p);
        assert_true(r.failed);
    }
}

static void bit_lists_have_no_unused_bits_set(void **state)
{
    (void)state;
    static const value_case cases[] = {
        {BYTES("\x03\x01\x00"), true, 0},
        {BYTES("\x03\x02\x07\x80"), true, 1},
        {BYTES("\x03\x02\x01\x06"), true, 0x60},
        {BYTES("\x03\x02\x00\xff"), true, 0xff},
        {BYTES("\x03\x03\x07\x00\x80"), true, 0x100},
        {BYTES("\x03\x00"), false, 0},
        {BYTES("\x03\x01\x01"), false, 0},
        {BYTES("\x03\x02\x07\x00"), true, 0}, /* trailing zeros, as issuers write them */
        {BYTES("\x03\x02\x06\x80"), true, 1},
        {BYTES("\x03\x03\x07\x06\x00"), true, 0x60},
        {BYTES("\x03\x02\x07\xc0"), false, 0}, /* an unused bit is set */
        {BYTES("\x03\x02\x08\x80"), false, 0},
        {BYTES("\x03\x04\x07\x00\x00\x80"), false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        hf_reader r;
        hf_reader_init(&r, cases[i].der, NULL);
        assert_int_equal(hf_der_bit_list(&r, "b"), cases[i].value);
        assert_int_equal(r.failed, !cases[i].good);
    }
}

static void oids_are_well_formed(void **state)
{
    (void)state;
    static const value_case cases[] = {
        {BYTES("\x06\x03\x55\x04\x03"), true, 0},
        {BYTES("\x06\x02\x81\x00"), true, 0},
        {BYTES("\x06\x00"), false, 0},
        {BYTES("\x06\x01\x81"), false, 0},
        {BYTES("\x06\x02\x80\x01"), false, 0},
        {BYTES("\x06\x03\x55\x80\x01"), false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        hf_reader r;
        hf_reader_init(&r, cases[i].der, NULL);
        hf_der_oid(&r, "oid");
        assert_int_equal(r.failed, !cases[i].good);
    }
}

static void check_time(uint8_t tag, const char *text, bool good, int64_t value)
{
    uint8_t der[64] = {tag, (uint8_t)strlen(text)};
    memcpy(der + 2, text, strlen(text));
    hf_reader r;
    hf_reader_init(&r, hf_bytes_of(der, 2 + strlen(text)), NULL);
    int64_t got = hf_der_time(&r, "t");
    if (r.failed == good || (good && got != value))
        fail_msg("%s: %lld, expected %lld", text, (long long)got, (long long)value);
}

static void times_are_real_and_in_the_one_form(void **state)
{
    (void)state;
    check_time(HF_DER_UTC_TIME, "700101000000Z", true, 0);
    check_time(HF_DER_UTC_TIME, "491231235959Z", true, 2524607999);
    check_time(HF_DER_UTC_TIME, "500101000000Z", true, -631152000);
    check_time(HF_DER_UTC_TIME, "240229120000Z", true, 1709208000);
    check_time(HF_DER_GENERALIZED_TIME, "20500101000000Z", true, 2524608000);
    check_time(HF_DER_GENERALIZED_TIME, "99991231235959Z", true, 253402300799);
    check_time(HF_DER_GENERALIZED_TIME, "20000229000000Z", true, 951782400);
    static const char *const bad_utc[] = {
        "",
        "7001010000Z",
        "700101000000",
        "700101000000+0000",
        "700101000000z",
        "700001000000Z",
        "701301000000Z",
        "700100000000Z",
        "700132000000Z",
        "700431000000Z",
        "230229000000Z",
        "700101240000Z",
        "700101006000Z",
        "700101000060Z",
        "70010100000 Z",
        "7001010000-1Z",
        "700101000000.5Z",
        "19700101000000Z",
        "700101000000ZZ",
    };
    for (size_t i = 0; i < COUNT(bad_utc); i++)
        check_time(HF_DER_UTC_TIME, bad_utc[i], false, 0);
    static const char *const bad_generalized[] = {
        "205001010000Z",   "20500101000000",  "20500101000000.0Z", "20500101000000+0100",
        "21000229000000Z", "20501301000000Z", "500101000000Z",
    };
    for (size_t i = 0; i < COUNT(bad_generalized); i++)
        check_time(HF_DER_GENERALIZED_TIME, bad_generalized[i], false, 0);
}

static void days_and_dates_agree_both_ways(void **state)
{
    (void)state;
    for (int64_t day = -800000; day < 3000000; day += 97) {
        int64_t year;
        unsigned month, dom;
        hf_civil_from_days(day, &year, &month, &dom);
        assert_true(month >= 1 && month <= 12 && dom >= 1 && dom <= 31);
        assert_int_equal(hf_days_from_civil(year, month, dom), day);
    }
}

static void count_fields(void *ctx, const hf_field *f)
{
    int *balance = ctx;
    *balance += f->kind == HF_FIELD_OPEN ? 1 : f->kind == HF_FIELD_CLOSE ? -1 : 0;
    assert_non_null(f->name);
}

static void a_sink_sees_elements_open_and_close(void **state)
{
    (void)state;
    int balance = 0;
    hf_field_sink sink = {count_fields, &balance};
    hf_reader r, s;
    hf_reader_init(&r, BORROW("\x30\x03\x02\x01\x05"), &sink);
    hf_der_enter(&r, &s, HF_DER_SEQUENCE, "outer");
    assert_int_equal(balance, 1);
    hf_der_small(&s, "number");
    hf_reader_done(&s);
    assert_int_equal(balance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_elements_in_order),
        cmocka_unit_test(refuses_what_is_not_the_shortest_form),
        cmocka_unit_test(long_lengths_are_read),
        cmocka_unit_test(a_wrong_tag_says_which_was_expected),
        cmocka_unit_test(failure_is_sticky_and_reaches_the_parents),
        cmocka_unit_test(integers_are_minimal_and_bounded),
        cmocka_unit_test(booleans_are_00_or_ff),
        cmocka_unit_test(bit_strings_have_no_unused_bits),
        cmocka_unit_test(bit_lists_have_no_unused_bits_set),
        cmocka_unit_test(oids_are_well_formed),
        cmocka_unit_test(times_are_real_and_in_the_one_form),
        cmocka_unit_test(days_and_dates_agree_both_ways),
        cmocka_unit_test(a_sink_sees_elements_open_and_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
