/* test_explain_date.c: the calendar of explain/ and of the program: known dates, every day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "explain/date.h"

static void known_dates(void **state)
{
    (void)state;
    static const struct {
        int64_t s;
        ex_date d;
    } cases[] = {
        {0, {1970, 1, 1, 0, 0, 0}},
        {-1, {1969, 12, 31, 23, 59, 59}},
        {951868799, {2000, 2, 29, 23, 59, 59}},
        {951868800, {2000, 3, 1, 0, 0, 0}},
        {4107542400, {2100, 3, 1, 0, 0, 0}}, /* no leap year */
        {253402300799, {9999, 12, 31, 23, 59, 59}},
        {-62167219200, {0, 1, 1, 0, 0, 0}},
        {-62167219201, {-1, 12, 31, 23, 59, 59}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ex_date d = ex_date_of(cases[i].s);
        assert_int_equal(d.year, cases[i].d.year);
        assert_int_equal(d.month, cases[i].d.month);
        assert_int_equal(d.day, cases[i].d.day);
        assert_int_equal(d.hour, cases[i].d.hour);
        assert_int_equal(d.minute, cases[i].d.minute);
        assert_int_equal(d.second, cases[i].d.second);
        assert_int_equal(ex_date_seconds(&cases[i].d), cases[i].s);
    }
}

static unsigned month_length(int64_t year, unsigned month)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return lengths[month - 1] + (leap && month == 2);
}

static void every_day_follows_the_one_before(void **state)
{
    (void)state;
    ex_date want = {-401, 1, 1, 12, 34, 56};
    for (int64_t s = ex_date_seconds(&want); want.year < 2401; s += 86400) {
        ex_date d = ex_date_of(s);
        if (d.year != want.year || d.month != want.month || d.day != want.day || d.hour != 12 ||
            d.minute != 34 || d.second != 56 || ex_date_seconds(&want) != s)
            fail_msg("%lld seconds are not %lld-%02u-%02u", (long long)s, (long long)want.year,
                     want.month, want.day);
        if (++want.day > month_length(want.year, want.month)) {
            want.day = 1;
            want.month++;
        }
        if (want.month > 12) {
            want.month = 1;
            want.year++;
        }
    }
}

static void days_past_their_month_show_and_no_value_overflows(void **state)
{
    (void)state;
    const ex_date none = {2023, 2, 29, 0, 0, 0}; /* how a date that is none is told */
    ex_date back = ex_date_of(ex_date_seconds(&none));
    assert_int_equal(back.month, 3);
    assert_int_equal(back.day, 1);
    assert_int_equal(ex_date_of(INT64_MAX).year, 292277026596);
    assert_int_equal(ex_date_of(INT64_MIN).year, -292277022657);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_dates),
        cmocka_unit_test(every_day_follows_the_one_before),
        cmocka_unit_test(days_past_their_month_show_and_no_value_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
