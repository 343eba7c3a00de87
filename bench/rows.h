/* rows.h: the rows, each measured by all peers in turn, many rounds. */
#ifndef HF_BENCH_ROWS_H
#define HF_BENCH_ROWS_H

#include "bench.h"

typedef struct bench_options {
    unsigned rounds;
    uint64_t round_ns; /* length of one round of one peer */
    size_t idle_held;  /* connections of the row idle_million */
    const char *only;  /* rows whose name begins so; NULL: all */
    const char *json, *svg;
    bool processor_time; /* of the thread, in place of the wall's */
} bench_options;

void bench_rows_run(const bench_options *o);

/* Many idle connections of handfast's, held at once: million.c. The heap they take, each, in
 * bytes; 0 when something failed. */
double bench_hold_idle(size_t count, const char **failed);

#endif
