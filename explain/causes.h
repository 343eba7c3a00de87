/* causes.h: what usually lies behind a failure. Inside explain/ only. */
#ifndef HF_EXPLAIN_CAUSES_H
#define HF_EXPLAIN_CAUSES_H

#include "explain/explain.h"

enum { EX_CAUSES_MAX = 4 };

typedef struct ex_causes {
    hf_status code;
    uint8_t alert; /* of HF_E_ALERT_RECEIVED alone; else 0 */
    const char *command;
    const char *causes[EX_CAUSES_MAX]; /* NULL after the last */
} ex_causes;

/* NULL when nothing more than the remedy is known. */
const ex_causes *ex_causes_of(const hf_error *e);

/* The command with the target put in; safe to paste into a shell: a target with any character that
 * is not plain in a host name, address or port is left out. Returns `to`. */
char *ex_command_text(char *to, size_t size, const ex_causes *c, const char *target);

#endif
