/* diff.h: what differs between two documents, by meaning. Inside explain/ only.
 *
 * Two connections are never alike byte for byte: randoms, key shares, signatures and times are new
 * every time. So what is compared is what was agreed, what was said in which order, which
 * extensions stood in which message with what content, which certificates were shown, how much
 * went over the wire, and how it ended. Times are told, but never count as a difference; nor does
 * the content of extensions that is new every time (key_share, pre_shared_key, cookie, ticket).
 *
 * One walk gives the rows in a fixed order to a visitor; nothing is allocated, and a document read
 * from a file costs no more than its size: what lies beyond the limits below is counted in a row.
 */
#ifndef HF_EXPLAIN_DIFF_H
#define HF_EXPLAIN_DIFF_H

#include "explain/model.h"

enum {
    EX_DIFF_FLIGHTS = 24,    /* of messages; a KeyUpdate or a ticket begins one too */
    EX_DIFF_CERTS = 16,      /* of one sender */
    EX_DIFF_EXTENSIONS = 64, /* of one message */
    EX_DIFF_TEXT = 512
};

typedef enum ex_diff_result { EX_DIFF_SAME, EX_DIFF_DIFFERS, EX_DIFF_MEASURED } ex_diff_result;

typedef struct ex_diff_row {
    const char *group; /* "result", "agreed", "flights", "extensions", "certificates", "measured" */
    const char *what;
    const char *side[2]; /* of the first and the second; "" where it has none */
    ex_diff_result result;
} ex_diff_row;

typedef void ex_diff_visit(void *ctx, const ex_diff_row *row);

/* Rows that neither document has are left out. */
void ex_diff_walk(const hf_explain *a, const hf_explain *b, ex_diff_visit *visit, void *ctx);

#endif
