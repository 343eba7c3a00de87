/* vectors.h: test data made by others, read from $HF_VECTORS (default ../shared/vectors). JSON,
 * hex.
 *
 * A file that is missing skips the running test, by name and count. A file that is there must yield
 * the number of cases that the test demands, so that a loop that ran empty is a failure.
 */
#ifndef HF_TEST_VECTORS_H
#define HF_TEST_VECTORS_H

#include <handfast/base.h>
#include <jansson.h>

/* Writes the path of a vector file. */
void vectors_path(const char *name, char *path, size_t size);

typedef struct vectors {
    const char *name;
    json_t *root;
    unsigned run;           /* cases that reached the code under test; count them in the loop */
    unsigned outside;       /* cases that this library has no way to be asked, and why: */
    const char *outside_of; /* "other key, nonce and tag sizes"; NULL when there are none */
    struct vectors_memory *memory;
} vectors;

/* Opens "wycheproof/x.json"; skips the running test when it is missing. */
void vectors_open(vectors *v, const char *name, unsigned cases);

/* Prints how many cases ran, demands exactly `cases` in run and outside together and at least
 * `at_least` in run, and frees. */
void vectors_close(vectors *v, unsigned cases, unsigned at_least);

/* A member's hex text as bytes, good until vectors_forget; fails the test when there is none. The
 * bytes stand in memory of their exact size, so that a sanitizer sees a read past them. */
hf_bytes vectors_hex(vectors *v, const json_t *object, const char *key);
hf_bytes vectors_decode(vectors *v, const char *hex);
void vectors_forget(vectors *v);

/* A member's text or number; fails the test when there is none. */
const char *vectors_text(const json_t *object, const char *key);
long vectors_number(const json_t *object, const char *key);

/* Wycheproof's three results. */
typedef enum vectors_result { VECTORS_INVALID, VECTORS_VALID, VECTORS_ACCEPTABLE } vectors_result;
vectors_result vectors_result_of(const json_t *test);
bool vectors_flag(const json_t *test, const char *flag);

/* Calls `each` for every test of every group. */
void vectors_each(vectors *v,
                  void (*each)(vectors *v, const json_t *group, const json_t *test, void *ctx),
                  void *ctx);

#endif
