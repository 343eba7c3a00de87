/* fail_alloc.h: makes any one allocation of the library fail, and counts what is not given back.
 *
 * Test programs are linked with --wrap for hf_alloc, hf_alloc_aligned and hf_free, so every call in
 * the library comes through here. Safe with threads; the counters are the whole program's.
 */
#ifndef HF_TEST_FAIL_ALLOC_H
#define HF_TEST_FAIL_ALLOC_H

#include <handfast/base.h>

/* The n-th allocation from now (1 is the next) fails, once. 0 or negative: none does. */
void hf_test_fail_alloc_after(long n);

/* True when the failure that hf_test_fail_alloc_after asked for has happened. */
bool hf_test_alloc_failed(void);

/* Allocations asked for since the program began, the failed ones included. */
long hf_test_alloc_count(void);

/* Allocations made and not yet freed. */
long hf_test_live(void);

/* Runs `run` again and again, the first time with its first allocation failing, then its second,
 * and so on, until a run needed no more allocations than were granted. Returns how many runs had an
 * allocation failing (0 when `run` allocates nothing), or a negative number, after a line on
 * standard error that says which, when
 *   - a run with a failed allocation did not return HF_E_OUT_OF_MEMORY,
 *   - a run left allocations behind (it must free all it made, and be repeatable), or
 *   - the last run, with none failing, did not return HF_OK. */
long hf_test_each_alloc_fails(hf_status (*run)(void *ctx), void *ctx);

#endif
