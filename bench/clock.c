/* clock.c: the clocks, and what reading them costs. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <time.h>

static uint64_t cost_ns;
static clockid_t work_clock = CLOCK_MONOTONIC;

static uint64_t read_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

uint64_t bench_now_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t bench_clock_cost_ns(void)
{
    return cost_ns;
}

/* The mean of many pairs; the least of several means, since anything else that runs only adds. */
void bench_clock_start(bool processor_time)
{
    work_clock = processor_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    enum { PAIRS = 10000, TRIES = 9 };
    cost_ns = UINT64_MAX;
    for (int k = 0; k < TRIES; k++) {
        uint64_t sum = 0;
        for (int i = 0; i < PAIRS; i++) {
            uint64_t from = read_ns(work_clock);
            sum += read_ns(work_clock) - from;
        }
        if (sum / PAIRS < cost_ns)
            cost_ns = sum / PAIRS;
    }
}

bench_interval bench_begin(void)
{
    bench_interval i = {.allocations = bench_heap_allocations()};
    i.from_ns = read_ns(work_clock);
    return i;
}

void bench_end(const bench_interval *from, bench_cost *cost)
{
    uint64_t ns = read_ns(work_clock) - from->from_ns;
    cost->ns += ns > cost_ns ? ns - cost_ns : 0;
    cost->allocations += bench_heap_allocations() - from->allocations;
}
