/* fail_alloc.c: the allocator that tests link in place of src/base/alloc.c's; see fail_alloc.h. */
#include "support/fail_alloc.h"

#include <stdatomic.h>
#include <stdio.h>

/* Names that the linker's --wrap makes: __wrap_ is called, __real_ is the library's own. */
void *__real_hf_alloc(size_t n);
void *__real_hf_alloc_raw(size_t n);
void *__real_hf_alloc_aligned(size_t n);
void __real_hf_free(void *p);
void *__wrap_hf_alloc(size_t n);
void *__wrap_hf_alloc_raw(size_t n);
void *__wrap_hf_alloc_aligned(size_t n);
void __wrap_hf_free(void *p);

static atomic_long asked;
static atomic_long live;
static atomic_long countdown; /* to the failure; none when it is not positive */
static atomic_bool failed;

/* Counts one request; true when this is the one that must fail. */
static bool must_fail(void)
{
    atomic_fetch_add(&asked, 1);
    if (atomic_load(&countdown) <= 0 || atomic_fetch_sub(&countdown, 1) != 1)
        return false;
    atomic_store(&failed, true);
    return true;
}

static void *count_live(void *p)
{
    if (p != NULL)
        atomic_fetch_add(&live, 1);
    return p;
}

void *__wrap_hf_alloc(size_t n)
{
    return must_fail() ? NULL : count_live(__real_hf_alloc(n));
}

void *__wrap_hf_alloc_raw(size_t n)
{
    return must_fail() ? NULL : count_live(__real_hf_alloc_raw(n));
}

void *__wrap_hf_alloc_aligned(size_t n)
{
    return must_fail() ? NULL : count_live(__real_hf_alloc_aligned(n));
}

void __wrap_hf_free(void *p)
{
    if (p != NULL)
        atomic_fetch_sub(&live, 1);
    __real_hf_free(p);
}

void hf_test_fail_alloc_after(long n)
{
    atomic_store(&failed, false);
    atomic_store(&countdown, n < 0 ? 0 : n);
}

bool hf_test_alloc_failed(void)
{
    return atomic_load(&failed);
}

long hf_test_alloc_count(void)
{
    return atomic_load(&asked);
}

long hf_test_live(void)
{
    return atomic_load(&live);
}

long hf_test_each_alloc_fails(hf_status (*run)(void *ctx), void *ctx)
{
    for (long n = 1;; n++) {
        long before = hf_test_live();
        hf_test_fail_alloc_after(n);
        hf_status status = run(ctx);
        bool one_failed = hf_test_alloc_failed();
        hf_test_fail_alloc_after(-1);

        hf_status wanted = one_failed ? HF_E_OUT_OF_MEMORY : HF_OK;
        if (status != wanted) {
            fprintf(stderr, "allocation %ld %s: expected status %d, got %d (%s)\n", n,
                    one_failed ? "failed" : "was never asked for", wanted, status,
                    hf_error_name(status));
            return -n;
        }
        if (hf_test_live() != before) {
            fprintf(stderr, "allocation %ld %s: %ld allocations were left behind\n", n,
                    one_failed ? "failed" : "was never asked for", hf_test_live() - before);
            return -n;
        }
        if (!one_failed)
            return n - 1;
    }
}
