/* main.c: the benchmark's command line.
 *
 *   handfast_bench [--quick | --smoke] [--cpu] [--only NAME] [--json FILE] [--svg FILE]
 *
 * docs/PERFORMANCE.md says what is measured and how. */
#include "report.h"
#include "rows.h"

#include <stdio.h>
#include <string.h>

const bench_peer *const bench_peers[] = {
    &bench_handfast, &bench_libssl,
#ifdef BENCH_GNUTLS
    &bench_gnutls,
#endif
#ifdef BENCH_MBEDTLS
    &bench_mbedtls,
#endif
#ifdef BENCH_WOLFSSL
    &bench_wolfssl,
#endif
};
const size_t bench_peer_count = sizeof(bench_peers) / sizeof(bench_peers[0]);

static bool take(bench_options *o, int *i, int argc, char **argv)
{
    const char *a = argv[*i];
    if (strcmp(a, "--quick") == 0) {
        o->rounds = 5;
        o->round_ns = 40000000;
        o->idle_held = 100000;
        return true;
    }
    if (strcmp(a, "--smoke") == 0) {
        o->rounds = 1;
        o->round_ns = 1000000;
        o->idle_held = 100;
        return true;
    }
    if (strcmp(a, "--cpu") == 0) {
        o->processor_time = true;
        return true;
    }
    if (*i + 1 >= argc)
        return false;
    const char *value = argv[++*i];
    if (strcmp(a, "--only") == 0)
        o->only = value;
    else if (strcmp(a, "--json") == 0)
        o->json = value;
    else if (strcmp(a, "--svg") == 0)
        o->svg = value;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    bench_options o = {.rounds = 15, .round_ns = 200000000, .idle_held = 1000000};
    for (int i = 1; i < argc; i++)
        if (!take(&o, &i, argc, argv)) {
            fprintf(stderr, "usage: handfast_bench [--quick | --smoke] [--cpu] [--only NAME] "
                            "[--json FILE] [--svg FILE]\n");
            return 2;
        }
    bench_clock_start(o.processor_time);
    bench_report_head();
    bench_rows_run(&o);
    printf("\nratio: handfast to libssl; * where libssl cannot do the row, its plain full "
           "handshake.\nA clock interval costs %llu ns, which was taken off.\n",
           (unsigned long long)bench_clock_cost_ns());
    bool ok =
        (o.json == NULL || bench_report_json(o.json)) && (o.svg == NULL || bench_report_svg(o.svg));
    if (!ok)
        fprintf(stderr, "handfast_bench: the report could not be written\n");
    bench_report_free();
    return ok ? 0 : 1;
}
