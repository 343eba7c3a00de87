/* shim.c: the shim that BoringSSL's conformance runner drives: one process for each test.
 *
 * The runner listens and starts this program with options; the program connects to it, once for
 * each leg, and does as it is told. 0: all went as asked; 89: an option is not implemented; other:
 * failure, with the error's name on standard error. */
#include "shim.h"

#include <signal.h>
#include <stdio.h>

static int run_leg(const shim_legs *legs, shim_memory *memory, bool resumes)
{
    shim_link l = {.options = resumes ? &legs->resume : &legs->initial,
                   .retry = &legs->retry,
                   .fd = -1,
                   .memory = memory,
                   .resumes = resumes};
    int r = shim_setup(&l);
    if (r == SHIM_OK)
        r = shim_talk(&l);
    shim_setup_free(&l);
    return r;
}

static int run_legs(const shim_legs *legs)
{
    static shim_memory memory;
    if (hf_ticket_keys_new(NULL, 0, &memory.keys) != HF_OK ||
        hf_sessions_new(100, &memory.ids) != HF_OK)
        return SHIM_FAILED;
    int r = run_leg(legs, &memory, false);
    for (int64_t i = 0; r == SHIM_OK && i < legs->initial.resume_count; i++)
        r = run_leg(legs, &memory, true);
    hf_ticket_keys_free(memory.keys);
    hf_sessions_free(memory.ids);
    return r;
}

int main(int argc, char **argv)
{
    static shim_legs legs;
    int r = shim_options_read(argc, argv, &legs);
    if (r == SHIM_OK && legs.initial.handshaker_question) {
        puts("No");
        return SHIM_OK;
    }
    signal(SIGPIPE, SIG_IGN);
    if (r == SHIM_OK)
        r = run_legs(&legs);
    /* What a sanitizer says follows this line, and the runner takes it for a failure. */
    fprintf(stderr, "--- DONE ---\n");
    return r;
}
