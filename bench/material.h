/* material.h: certificates and keys for the bench, made anew in each run. */
#ifndef HF_BENCH_MATERIAL_H
#define HF_BENCH_MATERIAL_H

#include <handfast/handfast.h>

typedef struct bench_material {
    char *chain, *key, *ca; /* PEM */
} bench_material;

#define BENCH_HOST "server.test"

/* A leaf for BENCH_HOST and the authority that signed it, both with keys of `type`. Ends the
 * program when that fails. */
bench_material bench_material_make(hf_key_type type);
void bench_material_free(bench_material *m);

#endif
