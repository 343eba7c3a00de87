/* date.h: the proleptic Gregorian calendar in UTC, without the C library's time zones. */
#ifndef HF_EXPLAIN_DATE_H
#define HF_EXPLAIN_DATE_H

#include <stdint.h>

typedef struct ex_date {
    int64_t year;
    unsigned month, day; /* from 1 */
    unsigned hour, minute, second;
} ex_date;

/* Seconds since 1970; good for any of them. */
ex_date ex_date_of(int64_t s);

/* The seconds back. A day past its month's end counts on into the next. */
int64_t ex_date_seconds(const ex_date *d);

#endif
