/* test_mlkem_vectors.c: ML-KEM-768 against ACVP, Wycheproof and CCTV, read from $HF_VECTORS.
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

typedef struct material {
    uint8_t seed[HF_MLKEM768_SEED], ek[HF_MLKEM768_PUBLIC], dk[HF_MLKEM768_PRIVATE];
    uint8_t c[HF_MLKEM768_CIPHERTEXT], k[HF_MLKEM768_SECRET], m[32];
} material;

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
    need(v, answer, "ek", want.ek, sizeof want.ek);
    need(v, answer, "dk", want.dk, sizeof want.dk);
    hf_mlkem768_keygen(got.seed, got.ek, got.dk);
    assert_memory_equal(got.ek, want.ek, sizeof want.ek);
    assert_memory_equal(got.dk, want.dk, sizeof want.dk);
}

static void acvp_encapsulation(vectors *v, const json_t *ask, const json_t *answer)
{
    material got, want;
    need(v, ask, "ek", got.ek, sizeof got.ek);
    need(v, ask, "m", got.m, sizeof got.m);
    need(v, answer, "c", want.c, sizeof want.c);
    need(v, answer, "k", want.k, sizeof want.k);
    assert_true(hf_mlkem768_encaps(got.ek, got.m, got.c, got.k));
    assert_memory_equal(got.c, want.c, sizeof want.c);
    assert_memory_equal(got.k, want.k, sizeof want.k);
}

static void acvp_decapsulation(vectors *v, const json_t *ask, const json_t *answer)
{
    material got, want;
    need(v, ask, "dk", got.dk, sizeof got.dk);
    need(v, ask, "c", got.c, sizeof got.c);
    need(v, answer, "k", want.k, sizeof want.k);
    hf_mlkem768_decaps(got.dk, got.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
}

static void acvp_private_check(vectors *v, const json_t *ask, const json_t *answer)
{
    material got;
    need(v, ask, "dk", got.dk, sizeof got.dk);
    assert_int_equal(hf_mlkem768_private_valid(got.dk),
                     json_is_true(json_object_get(answer, "testPassed")));
}

static void acvp_public_check(vectors *v, const json_t *ask, const json_t *answer)
{
    material got;
    need(v, ask, "ek", got.ek, sizeof got.ek);
    assert_int_equal(hf_mlkem768_public_valid(got.ek),
                     json_is_true(json_object_get(answer, "testPassed")));
}

/* Runs `run` on each test of the groups of one mode and function for ML-KEM-768, of which there are
 * `cases`. */
static void acvp_run(const char *mode, const char *function, unsigned cases,
                     void (*run)(vectors *v, const json_t *ask, const json_t *answer))
{
    vectors asked, answered;
    vectors_open(&asked, "acvp/ML-KEM.vectors.json", cases);
    vectors_open(&answered, "acvp/ML-KEM.expected.json", cases);
    size_t i, j, l;
    json_t *set, *group, *test;
    json_array_foreach (asked.root, i, set) {
        if (strcmp(text(set, "mode"), mode) != 0)
            continue;
        const json_t *answers = with_id(answered.root, "vsId", vectors_number(set, "vsId"));
        json_array_foreach (json_object_get(set, "testGroups"), j, group) {
            if (strcmp(text(group, "parameterSet"), "ML-KEM-768") != 0 ||
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
    (void)state;
    acvp_run("keyGen", "", 1, acvp_keygen);
}

static void acvp_encapsulation_and_decapsulation(void **state)
{
    (void)state;
    acvp_run("encapDecap", "encapsulation", 1, acvp_encapsulation);
    acvp_run("encapDecap", "decapsulation", 1, acvp_decapsulation);
}

/* Both keys here are good ones; those that must be refused come from Wycheproof and CCTV below. */
static void acvp_key_checks(void **state)
{
    (void)state;
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
    assert_string_equal(vectors_text(group, "parameterSet"), "ML-KEM-768");
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
        member(v, test, "c", got.c, sizeof got.c) != sizeof got.c) {
        assert_false(valid);
        t->wrong_length++;
        return;
    }
    assert_true(valid); /* nothing else is wrong with any case of this file */
    need(v, test, "ek", want.ek, sizeof want.ek);
    need(v, test, "K", want.k, sizeof want.k);
    hf_mlkem768_keygen(got.seed, got.ek, got.dk);
    assert_memory_equal(got.ek, want.ek, sizeof want.ek);
    hf_mlkem768_decaps(got.dk, got.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    t->valid++;
}

static void wycheproof_keygen(vectors *v, const json_t *test, bool valid, tally *t)
{
    material got, want;
    assert_true(valid);
    need(v, test, "seed", got.seed, sizeof got.seed);
    need(v, test, "ek", want.ek, sizeof want.ek);
    need(v, test, "dk", want.dk, sizeof want.dk);
    hf_mlkem768_keygen(got.seed, got.ek, got.dk);
    assert_memory_equal(got.ek, want.ek, sizeof want.ek);
    assert_memory_equal(got.dk, want.dk, sizeof want.dk);
    t->valid++;
}

static void wycheproof_encaps(vectors *v, const json_t *test, bool valid, tally *t)
{
    material got, want;
    need(v, test, "m", got.m, sizeof got.m);
    if (member(v, test, "ek", got.ek, sizeof got.ek) != sizeof got.ek) {
        assert_false(valid);
        t->wrong_length++;
        return;
    }
    assert_int_equal(hf_mlkem768_public_valid(got.ek), valid);
    assert_int_equal(hf_mlkem768_encaps(got.ek, got.m, got.c, got.k), valid);
    if (!valid) {
        t->invalid++;
        return;
    }
    need(v, test, "c", want.c, sizeof want.c);
    need(v, test, "K", want.k, sizeof want.k);
    assert_memory_equal(got.c, want.c, sizeof want.c);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    t->valid++;
}

static void wycheproof_decaps(vectors *v, const json_t *test, bool valid, tally *t)
{
    material got, want;
    if (member(v, test, "dk", got.dk, sizeof got.dk) != sizeof got.dk ||
        member(v, test, "c", got.c, sizeof got.c) != sizeof got.c) {
        assert_false(valid);
        t->wrong_length++;
        return;
    }
    assert_int_equal(hf_mlkem768_private_valid(got.dk), valid);
    if (!valid) {
        t->invalid++;
        return;
    }
    need(v, test, "K", want.k, sizeof want.k);
    hf_mlkem768_decaps(got.dk, got.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    t->valid++;
}

static void wycheproof_mlkem_768_test(void **state)
{
    (void)state;
    wycheproof_run("wycheproof/mlkem_768_test.json", wycheproof_whole, (tally){153, 0, 40});
}

static void wycheproof_mlkem_768_keygen_seed_test(void **state)
{
    (void)state;
    wycheproof_run("wycheproof/mlkem_768_keygen_seed_test.json", wycheproof_keygen,
                   (tally){100, 0, 0});
}

static void wycheproof_mlkem_768_encaps_test(void **state)
{
    (void)state;
    wycheproof_run("wycheproof/mlkem_768_encaps_test.json", wycheproof_encaps,
                   (tally){133, 112, 20});
}

static void wycheproof_mlkem_768_semi_expanded_decaps_test(void **state)
{
    (void)state;
    wycheproof_run("wycheproof/mlkem_768_semi_expanded_decaps_test.json", wycheproof_decaps,
                   (tally){3, 2, 4});
}

/* ---- CCTV: text files of `name = value` lines ---- */

enum { LINE_ROOM = 8192 };

/* Opens a text file of vectors, or skips the running test by name and count. */
static FILE *open_text(const char *name, unsigned cases)
{
    char path[1024];
    vectors_path(name, path, sizeof path);
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
 * are made here from that one line onward, and hf_mlkem768_keygen is held to ACVP and Wycheproof.
 */
static void draft_keygen(material *got, uint8_t rho_sigma[64])
{
    hf_sha3_512(&(hf_bytes){got->seed, 32}, 1, rho_sigma);
    hf_mlkem_pke_keygen(rho_sigma, rho_sigma + 32, got->ek, got->dk);
    memcpy(got->dk + 1152, got->ek, sizeof got->ek);
    hf_sha3_256(&(hf_bytes){got->ek, sizeof got->ek}, 1, got->dk + 1152 + 1184);
    memcpy(got->dk + 1152 + 1184 + 32, got->seed + 32, 32);
}

/* d to rho, sigma, both keys; m to K, r and c. What lies between (NTTs, noise, compression) has its
 * own unit tests and shows in the keys and in c. */
static void cctv_intermediate(void **state)
{
    (void)state;
    FILE *f = open_text("cctv-ml-kem/intermediate/ML-KEM-768.txt", 1);
    material got, want;
    uint8_t rho_sigma[64], k_r[64], h[32], pke_dk[1152], value[64];

    cctv_value(f, "d", got.seed, 32);
    cctv_value(f, "ρ", value, 32);
    cctv_value(f, "σ", value + 32, 32);
    cctv_value(f, "dkPKE = NTT(s)", pke_dk, sizeof pke_dk);
    cctv_value(f, "ek", want.ek, sizeof want.ek);
    cctv_value(f, "z", got.seed + 32, 32);
    cctv_value(f, "H(ek)", h, sizeof h);
    cctv_value(f, "dk", want.dk, sizeof want.dk);
    draft_keygen(&got, rho_sigma);
    assert_memory_equal(rho_sigma, value, sizeof rho_sigma);
    assert_memory_equal(got.dk, pke_dk, sizeof pke_dk);
    assert_memory_equal(got.ek, want.ek, sizeof want.ek);
    assert_memory_equal(got.dk + 1152 + 1184, h, sizeof h);
    assert_memory_equal(got.dk, want.dk, sizeof want.dk);

    cctv_value(f, "m", got.m, sizeof got.m);
    cctv_value(f, "K", want.k, sizeof want.k);
    cctv_value(f, "r", value, 32);
    cctv_value(f, "c", want.c, sizeof want.c);
    hf_sha3_512((const hf_bytes[]){{got.m, 32}, {h, 32}}, 2, k_r);
    assert_memory_equal(k_r, want.k, 32);
    assert_memory_equal(k_r + 32, value, 32);
    assert_true(hf_mlkem768_encaps(got.ek, got.m, got.c, got.k));
    assert_memory_equal(got.k, want.k, sizeof want.k);
    assert_memory_equal(got.c, want.c, sizeof want.c);

    cctv_value(f, "KBar", value, 32); /* what a refused ciphertext would have given */
    hf_shake256((const hf_bytes[]){{got.seed + 32, 32}, {got.c, sizeof got.c}}, 2, h, sizeof h);
    assert_memory_equal(h, value, 32);
    hf_mlkem768_decaps(got.dk, got.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    fclose(f);
}

/* A comparison of ciphertexts that stops at a zero byte would accept this one. */
static void cctv_strcmp(void **state)
{
    (void)state;
    FILE *f = open_text("cctv-ml-kem/strcmp/ML-KEM-768.txt", 1);
    material got, want;
    cctv_value(f, "dk", got.dk, sizeof got.dk);
    cctv_value(f, "c", got.c, sizeof got.c);
    cctv_value(f, "K", want.k, sizeof want.k);
    hf_mlkem768_decaps(got.dk, got.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    fclose(f);
}

/* A seed whose matrix needs far more SHAKE128 output than others: no bound on the sampling. */
static void cctv_unlucky_sample(void **state)
{
    (void)state;
    FILE *f = open_text("cctv-ml-kem/unluckysample/ML-KEM-768.txt", 1);
    material got, want;
    cctv_value(f, "d", got.seed, 32);
    cctv_value(f, "z", got.seed + 32, 32);
    cctv_value(f, "ek", want.ek, sizeof want.ek);
    cctv_value(f, "dk", want.dk, sizeof want.dk);
    cctv_value(f, "m", got.m, sizeof got.m);
    cctv_value(f, "K", want.k, sizeof want.k);
    cctv_value(f, "c", want.c, sizeof want.c);
    uint8_t rho_sigma[64];
    draft_keygen(&got, rho_sigma);
    assert_memory_equal(got.ek, want.ek, sizeof want.ek);
    assert_memory_equal(got.dk, want.dk, sizeof want.dk);
    assert_true(hf_mlkem768_encaps(got.ek, got.m, got.c, got.k));
    assert_memory_equal(got.c, want.c, sizeof want.c);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    memset(got.k, 0, sizeof got.k);
    hf_mlkem768_decaps(got.dk, want.c, got.k);
    assert_memory_equal(got.k, want.k, sizeof want.k);
    fclose(f);
}

/* 780 public keys, each with one coefficient of q or more: all refused. */
static void cctv_modulus(void **state)
{
    (void)state;
    static char line[LINE_ROOM];
    char path[1024], command[1100];
    fclose(open_text("cctv-ml-kem/modulus/ML-KEM-768.txt.gz", 780));
    vectors_path("cctv-ml-kem/modulus/ML-KEM-768.txt.gz", path, sizeof path);
    assert_null(strchr(path, '\'')); /* quoted for the shell below */
    snprintf(command, sizeof command, "gzip -dc -- '%s'", path);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    unsigned count = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        material got;
        line[strcspn(line, "\r\n")] = 0;
        decode(line, got.ek, sizeof got.ek);
        memset(got.m, 0, sizeof got.m);
        assert_false(hf_mlkem768_public_valid(got.ek));
        assert_false(hf_mlkem768_encaps(got.ek, got.m, got.c, got.k));
        count++;
    }
    assert_int_equal(pclose(f), 0);
    assert_int_equal(count, 780);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acvp_key_generation),
        cmocka_unit_test(acvp_encapsulation_and_decapsulation),
        cmocka_unit_test(acvp_key_checks),
        cmocka_unit_test(wycheproof_mlkem_768_test),
        cmocka_unit_test(wycheproof_mlkem_768_keygen_seed_test),
        cmocka_unit_test(wycheproof_mlkem_768_encaps_test),
        cmocka_unit_test(wycheproof_mlkem_768_semi_expanded_decaps_test),
        cmocka_unit_test(cctv_intermediate),
        cmocka_unit_test(cctv_strcmp),
        cmocka_unit_test(cctv_unlucky_sample),
        cmocka_unit_test(cctv_modulus),
    };
    return cmocka_run_group_tests_name("mlkem_vectors", tests, NULL, NULL);
}
