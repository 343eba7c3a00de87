/* ct_secret.h: marks secrets for valgrind's memcheck, which then reports every branch and every
 * address that depends on one: undefined memory behaves exactly as a secret should.
 *
 * A constant-time program marks its inputs with hf_ct_secret, runs the operation, and marks the
 * outputs with hf_ct_public before it looks at them. What the operation itself makes public midway
 * (a public key, say) is marked so by the program, with the reason beside it. Without valgrind's
 * headers or outside valgrind the marks do nothing: see hf_ct_begin.
 */
#ifndef HF_TEST_CT_SECRET_H
#define HF_TEST_CT_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#if defined(__has_include)
#    if __has_include(<valgrind/memcheck.h>)
#        include <valgrind/memcheck.h>
#        define HF_CT_HAS_MEMCHECK 1
#    endif
#endif

static inline void hf_ct_secret(const void *p, size_t n)
{
#ifdef HF_CT_HAS_MEMCHECK
    (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
#else
    (void)p, (void)n;
#endif
}

static inline void hf_ct_public(const void *p, size_t n)
{
#ifdef HF_CT_HAS_MEMCHECK
    (void)VALGRIND_MAKE_MEM_DEFINED(p, n);
#else
    (void)p, (void)n;
#endif
}

/* True when every one of the bytes counts as a secret, at least in part: shows that an output does
 * come from the secret, so that the check was not run on nothing. */
static inline bool hf_ct_all_secret(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char undefined_bits = 0;
#ifdef HF_CT_HAS_MEMCHECK
        (void)VALGRIND_GET_VBITS((const unsigned char *)p + i, &undefined_bits, 1);
#else
        (void)p;
#endif
        if (undefined_bits == 0)
            return false;
    }
    return true;
}

/* True when memcheck is watching. */
static inline bool hf_ct_watched(void)
{
#ifdef HF_CT_HAS_MEMCHECK
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

/* What every program begins with: 77, with a line that says why, when nothing would be seen; else
 * 0. `*leak` is set when the program was asked to leak. */
static inline int hf_ct_begin(int argc, char **argv, bool *leak)
{
    *leak = argc == 2 && strcmp(argv[1], "--leak") == 0;
    if (hf_ct_watched())
        return 0;
    printf(
        "skipped: %s: memcheck is not watching (run it under valgrind, built with its headers)\n",
        argv[0]);
    return 77;
}

/* Fails the program with a sentence; a status that is not valgrind's. */
static inline int hf_ct_wrong(const char *what)
{
    fprintf(stderr, "wrong: %s\n", what);
    return 1;
}

/* A branch on each bit of a secret: the mistake that the check is there to find. */
static inline void hf_ct_leak(const void *secret, size_t n)
{
    static volatile unsigned taken;
    const volatile unsigned char *p = secret;
    for (size_t i = 0; i < n; i++)
        for (unsigned bit = 0; bit < 8; bit++)
            if (p[i] >> bit & 1)
                taken = taken + 1;
}

#endif
