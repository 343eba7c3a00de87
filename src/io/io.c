/* io.c: what the files of this folder share: errors with the system's reason, and the clock. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

hf_status hf_io_fail(hf_error *e, hf_status code, const char *where, const char *subject,
                     const char *got, ...)
{
    if (e == NULL)
        return code;
    *e = (hf_error){.code = code, .alert = hf_error_alert(code), .message = where};
    if (subject != NULL)
        snprintf(e->subject, sizeof(e->subject), "%s", subject);
    if (got != NULL) {
        va_list args;
        va_start(args, got);
        vsnprintf(e->got, sizeof(e->got), got, args);
        va_end(args);
    }
    return code;
}

void hf_io_name_subject(hf_error *e, const char *subject)
{
    char before[HF_ERROR_TEXT];
    if (e == NULL)
        return;
    memcpy(before, e->subject, sizeof(before));
    if (before[0] == '\0')
        snprintf(e->subject, sizeof(e->subject), "%s", subject);
    else if (strcmp(before, subject) != 0)
        snprintf(e->subject, sizeof(e->subject), "%.78s: %.79s", subject, before);
}

/* strerror is safe between threads for every number the system itself gives (glibc from 2.32, musl,
 * the BSDs); strerror_r comes in two shapes that one source cannot both satisfy. */
const char *hf_io_reason(int error_number)
{
    return strerror(error_number);
}

int64_t hf_io_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t hf_io_deadline(int64_t timeout_ms)
{
    int64_t now = hf_io_now_ms();
    if (timeout_ms <= 0 || timeout_ms > INT64_MAX - now)
        return INT64_MAX;
    return now + timeout_ms;
}

int hf_io_poll_ms(int64_t deadline_ms)
{
    if (deadline_ms == INT64_MAX)
        return -1;
    int64_t left = deadline_ms - hf_io_now_ms();
    if (left <= 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}
