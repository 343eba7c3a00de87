/* error.h: making an error that explains itself. The public half is <handfast/base.h>. */
#ifndef HF_BASE_ERROR_H
#define HF_BASE_ERROR_H

#include <handfast/base.h>

/* No error: what {0} says, without the texts' half a kilobyte being cleared for every record. */
static inline void hf_error_none(hf_error *e)
{
    e->code = HF_OK;
    e->alert = 0;
    e->alert_sent = e->alert_received = e->has_offset = false;
    e->offset = 0;
    e->message = e->field = NULL;
    e->subject[0] = e->expected[0] = e->got[0] = '\0';
}

/* Starts an error afresh: code, field, expectation (either may be NULL), and what came, as a printf
 * format (may be NULL). `e` may be NULL. Returns `code`, so that a caller can return it.
 * The message, the alert and the subject are filled by whoever knows them. */
hf_status hf_fail(hf_error *e, hf_status code, const char *field, const char *expected,
                  const char *got, ...) HF_PRINTF(5, 6);

/* Replaces `expected` by formatted text. */
void hf_error_expected(hf_error *e, const char *format, ...) HF_PRINTF(2, 3);

/* Sets `subject` by formatted text. */
void hf_error_subject(hf_error *e, const char *format, ...) HF_PRINTF(2, 3);

#endif
