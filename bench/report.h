/* report.h: what was measured: series of rounds, their median and spread, and the rows as a table,
 * as JSON and as a chart. */
#ifndef HF_BENCH_REPORT_H
#define HF_BENCH_REPORT_H

#include "bench.h"

enum { BENCH_MAX_ROUNDS = 41 };

typedef struct bench_series {
    double values[BENCH_MAX_ROUNDS];
    unsigned count;
} bench_series;

void bench_series_add(bench_series *s, double value);
/* The middle value; 0 when there is none. */
double bench_series_median(bench_series *s);
/* Half the distance between the quartiles, in percent of the median. */
double bench_series_spread(bench_series *s);

/* One row: a series of each peer (BENCH_MAX_PEERS of them). Where libssl cannot do the row and
 * did the work of the row `against` in its place, its figure is marked so; else NULL. Prints it. */
void bench_report_row(const char *name, const char *unit, bench_series *of_peers,
                      bool less_is_better, const char *against);

void bench_report_head(void);

/* Writes build/bench.json's format; false when that failed. */
bool bench_report_json(const char *path);
/* The chart of ratios to libssl, as SVG. */
bool bench_report_svg(const char *path);
void bench_report_free(void);

#endif
