/* date.c: the proleptic Gregorian calendar in UTC, without the C library's time zones. */
#include "explain/date.h"

/* Years begin in March here, so that a leap day is a year's last, and come in eras of 400. */
enum { DAY_S = 86400, ERA_DAYS = 146097, ERA_YEARS = 400, DAYS_TO_1970 = 719468 };

ex_date ex_date_of(int64_t s)
{
    int64_t days = s / DAY_S, rest = s % DAY_S;
    if (rest < 0) {
        rest += DAY_S;
        days--;
    }
    days += DAYS_TO_1970;
    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    unsigned doe = (unsigned)(days - era * ERA_DAYS);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153, t = (unsigned)rest;
    unsigned month = mp < 10 ? mp + 3 : mp - 9;
    return (ex_date){(int64_t)yoe + era * ERA_YEARS + (month <= 2),
                     month,
                     doy - (153 * mp + 2) / 5 + 1,
                     t / 3600,
                     t / 60 % 60,
                     t % 60};
}

int64_t ex_date_seconds(const ex_date *d)
{
    int64_t year = d->year - (d->month <= 2);
    int64_t era = (year >= 0 ? year : year - (ERA_YEARS - 1)) / ERA_YEARS;
    unsigned yoe = (unsigned)(year - era * ERA_YEARS);
    unsigned doy = (153 * (d->month > 2 ? d->month - 3 : d->month + 9) + 2) / 5 + d->day - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    int64_t days = era * ERA_DAYS + (int64_t)doe - DAYS_TO_1970;
    return days * DAY_S + d->hour * 3600 + d->minute * 60 + d->second;
}
