/* test_mlkem_vectors.c: ML-KEM-768 and ML-KEM-1024 against ACVP, Wycheproof and CCTV, read from
 * $HF_VECTORS.
 *
 * Each test counts its cases and demands the number that the files are known to hold, so that a
 * file that shrank, or a loop that ran empty, is a failure. Keys and ciphertexts of a wrong length
 * never reach the functions (their lengths are in their types): such cases are counted, and the
 * length is what must be wrong about them.
 */
#define _POSIX_C_SOURCE 200809L /* popen */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "crypto/keccak.h"
#include "crypto/mlkem.h"
#include "crypto/mlkem_pke.h"
#include "support/vectors.h"

/* ---- what a case holds ---- */

/* Copies at most `room` bytes of a member's hex; its whole length, 0 for a member not there. */
static size_t member(vectors *v, const json_t *object, const char *name, uint8_t *out, size_t room)
{
    if (json_object_get(object, name) == NULL)
        return 0;
    const hf_bytes bytes = vectors_hex(v, object, name);
    memcpy(out, bytes.p, bytes.n < room ? bytes.n : room);
    return bytes.n;
}

static void need(vectors *v, const json_t *object, const char *name, uint8_t *out, size_t n)
{
    if (member(v, object, name, out, n) != n)
        fail_msg("%s is not %zu bytes of hex", name, n);
}

/* A member's text, "" for a member not there. */
static const char *text(const json_t *object, const char *name)
{
    const char *t = json_string_value(json_object_get(object, name));
    return t == NULL ? "" : t;
}

/* With room for the larger set. */
typedef struct material {
    uint8_t seed[HF_MLKEM_SEED], ek[HF_MLKEM1024_PUBLIC], dk[HF_MLKEM1024_PRIVATE];
    uint8_t c[HF_MLKEM1024_CIPHERTEXT], k[HF_MLKEM_SECRET], m[32];
} material;

/* The set that the running test is about: its state. */
static const hf_mlkem_set *set;

/* ---- ACVP: questions in one file, answers in the other, joined by vsId, tgId and tcId ---- */

/* The element of `array` whose `name` is `id`. */
static const json_t *with_id(const json_t *array, const char *name, long id)
{
    size_t i;
    json_t *e;
    json_array_foreach (array, i, e) {
        if (json_object_get(e, name) != NULL && vectors_number(e, name) == id)
            return e;
    }
    fail_msg("no answer with %s %ld", name, id);
    return NULL;
}

static void acvp_keygen(vectors *v, const json_t *ask, const json_t *answer)
{
    material got, want;
    need(v, ask, "d", got.seed, 32);
    need(v, ask, "z", got.seed + 32, 32);
    need(v, answer, "ek", want.ek, set->public_len);
    need(v, answer, "dk", want.dk, set->private_len);
    hf_mlkem_keygen(set, got.seed, got.ek, got.dk);
    assert_memory_equal(got.ek, want.ek, set->public_len);
    assert_memory_equal(got.dk, want.dk, set->private_len);
}

static void acvp_encapsulation(vectors *v, const json_t *ask, const json_t *answer)
{
    material got, want;
    need(v, ask, "ek", got.ek, set->public_len);
    need(v, ask, "m", got.m, sizeof got.m);
    need(v, answer, "c", want.c, set->ciphertext_len);
    need(v, answer, "k", want.k, sizeof want.k);
    assert_true(hf_mlkem_encaps(set, got.ek, got.m, got.c, got.k));
    assert_memory_equal(got.c, want.c, set->ciphertext_len);
    assert_memory_equal(got.k, want.k, sizeof want.k);
}

static void acvp_decapsulation(vectors *v, const json_t *ask, const json_t *answer)
{
    material got, want;
    need(v, ask, "dk", got.dk, set->private_len);
    need(v, ask, "c", got.c, set->ciphertext_len);
    need(v, answer, "k", want.k, sizeof want.k);
    hf_mlkem_decaps(set, got.dk, got.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
}

static void acvp_private_check(vectors *v, const json_t *ask, const json_t *answer)
{
    material got;
    need(v, ask, "dk", got.dk, set->private_len);
    assert_int_equal(hf_mlkem_private_valid(set, got.dk),
                     json_is_true(json_object_get(answer, "testPassed")));
}

static void acvp_public_check(vectors *v, const json_t *ask, const json_t *answer)
{
    material got;
    need(v, ask, "ek", got.ek, set->public_len);
    assert_int_equal(hf_mlkem_public_valid(set, got.ek),
                     json_is_true(json_object_get(answer, "testPassed")));
}

/* Runs `run` on each test of the groups of one mode and function for the set, of which there are
 * `cases`. */
static void acvp_run(const char *mode, const char *function, unsigned cases,
                     void (*run)(vectors *v, const json_t *ask, const json_t *answer))
{
    vectors asked, answered;
    vectors_open(&asked, "acvp/ML-KEM.vectors.json", cases);
    vectors_open(&answered, "acvp/ML-KEM.expected.json", cases);
    size_t i, j, l;
    json_t *questions, *group, *test;
    json_array_foreach (asked.root, i, questions) {
        if (strcmp(text(questions, "mode"), mode) != 0)
            continue;
        const json_t *answers = with_id(answered.root, "vsId", vectors_number(questions, "vsId"));
        json_array_foreach (json_object_get(questions, "testGroups"), j, group) {
            if (strcmp(text(group, "parameterSet"), set->name) != 0 ||
                strcmp(text(group, "function"), function) != 0)
                continue;
            const json_t *answer_group = with_id(json_object_get(answers, "testGroups"), "tgId",
                                                 vectors_number(group, "tgId"));
            json_array_foreach (json_object_get(group, "tests"), l, test) {
                run(&asked, test,
                    with_id(json_object_get(answer_group, "tests"), "tcId",
                            vectors_number(test, "tcId")));
                asked.run++;
            }
        }
    }
    json_decref(answered.root);
    vectors_close(&asked, cases, cases);
}

static void acvp_key_generation(void **state)
{
    set = *state;
    acvp_run("keyGen", "", 1, acvp_keygen);
}

static void acvp_encapsulation_and_decapsulation(void **state)
{
    set = *state;
    acvp_run("encapDecap", "encapsulation", 1, acvp_encapsulation);
    acvp_run("encapDecap", "decapsulation", 1, acvp_decapsulation);
}

/* Both keys here are good ones; those that must be refused come from Wycheproof and CCTV below. */
static void acvp_key_checks(void **state)
{
    set = *state;
    acvp_run("encapDecap", "decapsulationKeyCheck", 1, acvp_private_check);
    acvp_run("encapDecap", "encapsulationKeyCheck", 1, acvp_public_check);
}

/* ---- Wycheproof ---- */

/* Cases of a file: valid, invalid by content, invalid by a length. */
typedef struct tally {
    unsigned valid, invalid, wrong_length;
} tally;

typedef struct wycheproof {
    void (*run)(vectors *v, const json_t *test, bool valid, tally *t);
    tally seen;
} wycheproof;

static void wycheproof_each(vectors *v, const json_t *group, const json_t *test, void *ctx)
{
    wycheproof *w = ctx;
    const vectors_result result = vectors_result_of(test);
    assert_string_equal(vectors_text(group, "parameterSet"), set->name);
    assert_int_not_equal(result, VECTORS_ACCEPTABLE);
    w->run(v, test, result == VECTORS_VALID, &w->seen);
}

/* Runs a file that must hold exactly these cases. */
static void wycheproof_run(const char *name,
                           void (*run)(vectors *v, const json_t *test, bool valid, tally *t),
                           tally expected)
{
    const unsigned judged = expected.valid + expected.invalid;
    const unsigned cases = judged + expected.wrong_length;
    vectors v;
    wycheproof w = {.run = run};
    vectors_open(&v, name, cases);
    vectors_each(&v, wycheproof_each, &w);
    assert_int_equal(w.seen.valid, expected.valid);
    assert_int_equal(w.seen.invalid, expected.invalid);
    assert_int_equal(w.seen.wrong_length, expected.wrong_length);
    v.run = judged;
    v.outside = expected.wrong_length;
    v.outside_of = "of a length that the types do not allow";
    vectors_close(&v, cases, judged);
}

/* Seed to key pair, then decapsulation. */
static void wycheproof_whole(vectors *v, const json_t *test, bool valid, tally *t)
{
    material got, want;
    if (member(v, test, "seed", got.seed, sizeof got.seed) != sizeof got.seed ||
        member(v, test, "c", got.c, set->ciphertext_len) != set->ciphertext_len) {
        assert_false(valid);
        t->wrong_length++;
        return;
    }
    assert_true(valid); /* nothing else is wrong with any case of this file */
    need(v, test, "ek", want.ek, set->public_len);
    need(v, test, "K", want.k, sizeof want.k);
    hf_mlkem_keygen(set, got.seed, got.ek, got.dk);
    assert_memory_equal(got.ek, want.ek, set->public_len);
    hf_mlkem_decaps(set, got.dk, got.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    t->valid++;
}

static void wycheproof_keygen(vectors *v, const json_t *test, bool valid, tally *t)
{
    material got, want;
    assert_true(valid);
    need(v, test, "seed", got.seed, sizeof got.seed);
    need(v, test, "ek", want.ek, set->public_len);
    need(v, test, "dk", want.dk, set->private_len);
    hf_mlkem_keygen(set, got.seed, got.ek, got.dk);
    assert_memory_equal(got.ek, want.ek, set->public_len);
    assert_memory_equal(got.dk, want.dk, set->private_len);
    t->valid++;
}

static void wycheproof_encaps(vectors *v, const json_t *test, bool valid, tally *t)
{
    material got, want;
    need(v, test, "m", got.m, sizeof got.m);
    if (member(v, test, "ek", got.ek, set->public_len) != set->public_len) {
        assert_false(valid);
        t->wrong_length++;
        return;
    }
    assert_int_equal(hf_mlkem_public_valid(set, got.ek), valid);
    assert_int_equal(hf_mlkem_encaps(set, got.ek, got.m, got.c, got.k), valid);
    if (!valid) {
        t->invalid++;
        return;
    }
    need(v, test, "c", want.c, set->ciphertext_len);
    need(v, test, "K", want.k, sizeof want.k);
    assert_memory_equal(got.c, want.c, set->ciphertext_len);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    t->valid++;
}

static void wycheproof_decaps(vectors *v, const json_t *test, bool valid, tally *t)
{
    material got, want;
    if (member(v, test, "dk", got.dk, set->private_len) != set->private_len ||
        member(v, test, "c", got.c, set->ciphertext_len) != set->ciphertext_len) {
        assert_false(valid);
        t->wrong_length++;
        return;
    }
    assert_int_equal(hf_mlkem_private_valid(set, got.dk), valid);
    if (!valid) {
        t->invalid++;
        return;
    }
    need(v, test, "K", want.k, sizeof want.k);
    hf_mlkem_decaps(set, got.dk, got.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    t->valid++;
}

/* A file's name holds "768" or "1024". */
static void wycheproof_file(const char *rest,
                            void (*run)(vectors *v, const json_t *test, bool valid, tally *t),
                            tally expected)
{
    char name[64];
    snprintf(name, sizeof name, "wycheproof/mlkem_%s%s_test.json", set->name + strlen("ML-KEM-"),
             rest);
    wycheproof_run(name, run, expected);
}

static void wycheproof_mlkem_test(void **state)
{
    set = *state;
    wycheproof_file("", wycheproof_whole, (tally){153, 0, 40});
}

static void wycheproof_mlkem_keygen_seed_test(void **state)
{
    set = *state;
    wycheproof_file("_keygen_seed", wycheproof_keygen, (tally){100, 0, 0});
}

static void wycheproof_mlkem_encaps_test(void **state)
{
    set = *state;
    wycheproof_file("_encaps", wycheproof_encaps, (tally){133, set->k == 3 ? 112 : 116, 20});
}

static void wycheproof_mlkem_semi_expanded_decaps_test(void **state)
{
    set = *state;
    wycheproof_file("_semi_expanded_decaps", wycheproof_decaps, (tally){3, 2, 4});
}

/* ---- CCTV: text files of `name = value` lines ---- */

enum { LINE_ROOM = 16384 };

/* The path of the set's file of one kind. */
static void cctv_path(const char *kind, const char *ending, char *path, size_t size)
{
    char name[64];
    snprintf(name, sizeof name, "cctv-ml-kem/%s/%s%s", kind, set->name, ending);
    vectors_path(name, path, size);
}

/* Opens a file of vectors, or skips the running test by name and count. */
static FILE *open_text(const char *kind, const char *ending, unsigned cases)
{
    char path[1024];
    cctv_path(kind, ending, path, sizeof path);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        print_message("skipped: %s (%u cases): no such file\n", path, cases);
        skip();
    }
    return f;
}

static void decode(const char *hex, uint8_t *out, size_t n)
{
    vectors v = {0};
    const hf_bytes bytes = vectors_decode(&v, hex);
    assert_int_equal(bytes.n, n);
    memcpy(out, bytes.p, n);
    vectors_forget(&v);
}

/* The hex value of the first line from here on that begins `name = `. */
static void cctv_value(FILE *f, const char *name, uint8_t *out, size_t n)
{
    static char line[LINE_ROOM];
    const size_t name_len = strlen(name);
    while (fgets(line, sizeof line, f) != NULL) {
        assert_non_null(strchr(line, '\n')); /* no line is longer than the room for it */
        line[strcspn(line, "\r\n")] = 0;
        if (strncmp(line, name, name_len) != 0 || strncmp(line + name_len, " = ", 3) != 0)
            continue;
        decode(line + name_len + 3, out, n);
        return;
    }
    fail_msg("the file has no %s (any more)", name);
}

/* The files `intermediate` and `unluckysample` were made from the draft of FIPS 203 (August 2023),
 * in which rho || sigma is G(d); the standard has G(d || k). Nothing else differs, so their keys
 * are made here from that one line onward, and hf_mlkem_keygen is held to ACVP and Wycheproof.
 */
static void draft_keygen(material *got, uint8_t rho_sigma[64])
{
    uint8_t *end = got->dk + hf_mlkem_vector_len(set);
    hf_sha3_512(&(hf_bytes){got->seed, 32}, 1, rho_sigma);
    hf_mlkem_pke_keygen(set, rho_sigma, rho_sigma + 32, got->ek, got->dk);
    memcpy(end, got->ek, set->public_len);
    hf_sha3_256(&(hf_bytes){got->ek, set->public_len}, 1, end + set->public_len);
    memcpy(end + set->public_len + 32, got->seed + 32, 32);
}

/* d to rho, sigma, both keys; m to K, r and c. What lies between (NTTs, noise, compression) has its
 * own unit tests and shows in the keys and in c. */
static void cctv_intermediate(void **state)
{
    set = *state;
    FILE *f = open_text("intermediate", ".txt", 1);
    material got, want;
    uint8_t rho_sigma[64], k_r[64], h[32], pke_dk[HF_MLKEM_MAX_K * HF_MLKEM_POLY_BYTES], value[64];
    const size_t vector = hf_mlkem_vector_len(set);

    cctv_value(f, "d", got.seed, 32);
    cctv_value(f, "ρ", value, 32);
    cctv_value(f, "σ", value + 32, 32);
    cctv_value(f, "dkPKE = NTT(s)", pke_dk, vector);
    cctv_value(f, "ek", want.ek, set->public_len);
    cctv_value(f, "z", got.seed + 32, 32);
    cctv_value(f, "H(ek)", h, sizeof h);
    cctv_value(f, "dk", want.dk, set->private_len);
    draft_keygen(&got, rho_sigma);
    assert_memory_equal(rho_sigma, value, sizeof rho_sigma);
    assert_memory_equal(got.dk, pke_dk, vector);
    assert_memory_equal(got.ek, want.ek, set->public_len);
    assert_memory_equal(got.dk + vector + set->public_len, h, sizeof h);
    assert_memory_equal(got.dk, want.dk, set->private_len);

    cctv_value(f, "m", got.m, sizeof got.m);
    cctv_value(f, "K", want.k, sizeof want.k);
    cctv_value(f, "r", value, 32);
    cctv_value(f, "c", want.c, set->ciphertext_len);
    hf_sha3_512((const hf_bytes[]){{got.m, 32}, {h, 32}}, 2, k_r);
    assert_memory_equal(k_r, want.k, 32);
    assert_memory_equal(k_r + 32, value, 32);
    assert_true(hf_mlkem_encaps(set, got.ek, got.m, got.c, got.k));
    assert_memory_equal(got.k, want.k, sizeof want.k);
    assert_memory_equal(got.c, want.c, set->ciphertext_len);

    cctv_value(f, "KBar", value, 32); /* what a refused ciphertext would have given */
    hf_shake256((const hf_bytes[]){{got.seed + 32, 32}, {got.c, set->ciphertext_len}}, 2, h,
                sizeof h);
    assert_memory_equal(h, value, 32);
    hf_mlkem_decaps(set, got.dk, got.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    fclose(f);
}

/* A comparison of ciphertexts that stops at a zero byte would accept this one. */
static void cctv_strcmp(void **state)
{
    set = *state;
    FILE *f = open_text("strcmp", ".txt", 1);
    material got, want;
    cctv_value(f, "dk", got.dk, set->private_len);
    cctv_value(f, "c", got.c, set->ciphertext_len);
    cctv_value(f, "K", want.k, sizeof want.k);
    hf_mlkem_decaps(set, got.dk, got.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    fclose(f);
}

/* A seed whose matrix needs far more SHAKE128 output than others: no bound on the sampling. */
static void cctv_unlucky_sample(void **state)
{
    set = *state;
    FILE *f = open_text("unluckysample", ".txt", 1);
    material got, want;
    cctv_value(f, "d", got.seed, 32);
    cctv_value(f, "z", got.seed + 32, 32);
    cctv_value(f, "ek", want.ek, set->public_len);
    cctv_value(f, "dk", want.dk, set->private_len);
    cctv_value(f, "m", got.m, sizeof got.m);
    cctv_value(f, "K", want.k, sizeof want.k);
    cctv_value(f, "c", want.c, set->ciphertext_len);
    uint8_t rho_sigma[64];
    draft_keygen(&got, rho_sigma);
    assert_memory_equal(got.ek, want.ek, set->public_len);
    assert_memory_equal(got.dk, want.dk, set->private_len);
    assert_true(hf_mlkem_encaps(set, got.ek, got.m, got.c, got.k));
    assert_memory_equal(got.c, want.c, set->ciphertext_len);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    memset(got.k, 0, sizeof got.k);
    hf_mlkem_decaps(set, got.dk, want.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    fclose(f);
}

/* 260 k public keys, each with one coefficient of q or more: all refused. */
static void cctv_modulus(void **state)
{
    set = *state;
    static char line[LINE_ROOM];
    const unsigned cases = 260U * set->k;
    char path[1024], command[1100];
    fclose(open_text("modulus", ".txt.gz", cases));
    cctv_path("modulus", ".txt.gz", path, sizeof path);
    assert_null(strchr(path, '\'')); /* quoted for the shell below */
    snprintf(command, sizeof command, "gzip -dc -- '%s'", path);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    unsigned count = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        material got;
        line[strcspn(line, "\r\n")] = 0;
        decode(line, got.ek, set->public_len);
        memset(got.m, 0, sizeof got.m);
        assert_false(hf_mlkem_public_valid(set, got.ek));
        assert_false(hf_mlkem_encaps(set, got.ek, got.m, got.c, got.k));
        count++;
    }
    assert_int_equal(pclose(f), 0);
    assert_int_equal(count, cases);
}

/* The test, once for each parameter set. */
#define OF_EACH_SET(test)                                                                          \
    cmocka_unit_test_prestate(test, (void *)(uintptr_t)&hf_mlkem768),                              \
        cmocka_unit_test_prestate(test, (void *)(uintptr_t)&hf_mlkem1024)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OF_EACH_SET(acvp_key_generation),
        OF_EACH_SET(acvp_encapsulation_and_decapsulation),
        OF_EACH_SET(acvp_key_checks),
        OF_EACH_SET(wycheproof_mlkem_test),
        OF_EACH_SET(wycheproof_mlkem_keygen_seed_test),
        OF_EACH_SET(wycheproof_mlkem_encaps_test),
        OF_EACH_SET(wycheproof_mlkem_semi_expanded_decaps_test),
        OF_EACH_SET(cctv_intermediate),
        OF_EACH_SET(cctv_strcmp),
        OF_EACH_SET(cctv_unlucky_sample),
        OF_EACH_SET(cctv_modulus),
    };
    return cmocka_run_group_tests_name("mlkem_vectors", tests, NULL, NULL);
}
