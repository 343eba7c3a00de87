/* test_pem.c: PEM text to DER and back, and what is refused. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "support/fail_alloc.h"

#include <handfast/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef struct blocks {
    size_t n;
    uint8_t bytes[8][256];
    size_t len[8];
    hf_status answer;
} blocks;

static hf_status keep(void *ctx, hf_bytes der)
{
    blocks *b = ctx;
    assert_true(b->n < 8 && der.n <= 256);
    hf_copy(b->bytes[b->n], der.p, der.n);
    b->len[b->n++] = der.n;
    return b->answer;
}

static hf_status each(const char *text, blocks *b, hf_error *e)
{
    *b = (blocks){0};
    return hf_pem_each(hf_bytes_text(text), "THING", keep, b, e);
}

static void round_trips_at_every_length(void **state)
{
    (void)state;
    uint8_t der[200];
    for (size_t i = 0; i < sizeof(der); i++)
        der[i] = (uint8_t)(i * 37 + 11);
    for (size_t n = 0; n <= sizeof(der); n++) {
        blocks b;
        hf_error e;
        char *text = hf_pem_write(hf_bytes_of(der, n), "THING");
        assert_non_null(text);
        assert_int_equal(each(text, &b, &e), HF_OK);
        assert_int_equal(b.n, 1);
        assert_int_equal(b.len[0], n);
        assert_memory_equal(b.bytes[0], der, n);
        for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
            assert_true(strchr(line, '\n') - line <= 64);
        hf_text_free(text);
    }
}

/* Full lines are decoded at once: each of their characters may be any of 256, and only the 64 pass,
 * each with its own value. */
static void each_character_of_a_full_line_counts(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[200];
    for (size_t at = 0; at < 64; at++)
        for (unsigned c = 0; c < 256; c++) {
            blocks b;
            int n =
                snprintf(text, sizeof(text), "-----BEGIN THING-----\n%s\n%s\n-----END THING-----\n",
                         alphabet, alphabet);
            text[strlen("-----BEGIN THING-----\n") + at] = (char)c;
            b = (blocks){0};
            hf_status s = hf_pem_each(hf_bytes_of(text, (size_t)n), "THING", keep, &b, NULL);
            const char *known = c == 0 ? NULL : strchr(alphabet, (int)c);
            bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
            if (known == NULL) { /* a blank leaves one character too few */
                if (s != HF_E_PEM_MALFORMED)
                    fail_msg("character %u at %zu passed%s", c, at, blank ? " (blank)" : "");
                continue;
            }
            assert_int_equal(s, HF_OK);
            assert_int_equal(b.len[0], 96);
            unsigned v = (unsigned)(known - alphabet), shift = 18 - 6 * (unsigned)(at % 4);
            const uint8_t *g = b.bytes[0] + at / 4 * 3;
            assert_int_equal(((unsigned)g[0] << 16 | (unsigned)g[1] << 8 | g[2]) >> shift & 63, v);
        }
}

static void finds_its_blocks_among_others(void **state)
{
    (void)state;
    blocks b;
    hf_error e;
    assert_int_equal(each("\xef\xbb\xbf"
                          "# a bundle\r\n-----BEGIN OTHER-----\r\nnot: base64 at all\r\n"
                          "-----END OTHER-----\r\nsubject=/CN=x\r\n"
                          "-----BEGIN THING-----\r\nYWJj\r\n-----END THING-----\r\n"
                          "-----BEGIN THING-----   \n Y W\tJ\njZA ==\n-----END THING-----",
                          &b, &e),
                     HF_OK);
    assert_int_equal(b.n, 2);
    assert_int_equal(b.len[0], 3);
    assert_memory_equal(b.bytes[0], "abc", 3);
    assert_int_equal(b.len[1], 4);
    assert_memory_equal(b.bytes[1], "abcd", 4);
}

static void text_without_blocks_gives_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "hello", "-----BEGIN OTHER-----\n-----END OTHER-----\n",
                                        "----BEGIN THING----\n", " -----BEGIN THING-----\n"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        blocks b;
        assert_int_equal(each(texts[i], &b, NULL), HF_OK);
        assert_int_equal(b.n, 0);
    }
    assert_int_equal(hf_pem_each((hf_bytes){NULL, 0}, "THING", keep, NULL, NULL), HF_OK);
}

static void malformed_text_is_refused_with_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line;
    } bad[] = {
        {"-----BEGIN THING-----\nYWJj\n", "line 2"},
        {"x\n-----BEGIN THING-----\nYWJj\n-----END OTHER-----\n", "line 4"},
        {"-----BEGIN THING-----\nYWJj\n-----BEGIN THING-----\nYWJj\n-----END THING-----\n",
         "line 3"},
        {"-----BEGIN THING-----\nYWJ\n-----END THING-----\n", "line 3"},
        {"-----BEGIN THING-----\nYWJ*\n-----END THING-----\n", "line 2"},
        {"-----BEGIN THING-----\nYW-j\n-----END THING-----\n", "line 2"},
        {"-----BEGIN THING-----\nYWJj\nYW=j\n-----END THING-----\n", "line 3"},
        {"-----BEGIN THING-----\nYQ==YQ==\n-----END THING-----\n", "line 2"},
        {"-----BEGIN THING-----\nY===\n-----END THING-----\n", "line 2"},
        {"-----BEGIN THING-----\n====\n-----END THING-----\n", "line 2"},
        {"-----BEGIN THING-----\nYR==\n-----END THING-----\n", "line 2"}, /* stray bits */
        {"-----BEGIN THING-----\nYWJ=\n-----END THING-----\n", "line 2"}, /* the same, with one = */
        {"-----BEGIN THING-----\nProc-Type: 4,ENCRYPTED\n\nYWJj\n-----END THING-----\n", "line 2"},
        {"-----BEGIN OTHER-----\nYWJj\n-----END THING-----\n", "line 3"},
        {"-----BEGIN THING-----\nYW\xc3\xa4\n-----END THING-----\n", "line 2"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        blocks b;
        hf_error e = {0};
        hf_status s = each(bad[i].text, &b, &e);
        if (s != HF_E_PEM_MALFORMED || strstr(e.got, bad[i].line) != e.got)
            fail_msg("case %zu: %s, %s", i, hf_error_name(s), e.got);
        assert_true(e.expected[0] != '\0');
        assert_int_equal(b.n, 0);
    }
}

static void der_is_passed_as_it_is(void **state)
{
    (void)state;
    blocks b = {0};
    hf_bytes der = {(const uint8_t *)"\x30\x03\x02\x01\x05", 5};
    assert_int_equal(hf_pem_each(der, "THING", keep, &b, NULL), HF_OK);
    assert_int_equal(b.n, 1);
    assert_int_equal(b.len[0], 5);
    b.n = 0;
    der.n = 4; /* cut: no DER, and no PEM either */
    assert_int_equal(hf_pem_each(der, "THING", keep, &b, NULL), HF_OK);
    assert_int_equal(b.n, 0);
}

static void what_each_returns_ends_the_walk(void **state)
{
    (void)state;
    blocks b = {.answer = HF_E_KEY_MALFORMED};
    const char *two = "-----BEGIN THING-----\nYWJj\n-----END THING-----\n"
                      "-----BEGIN THING-----\nYWJj\n-----END THING-----\n";
    assert_int_equal(hf_pem_each(hf_bytes_text(two), "THING", keep, &b, NULL), HF_E_KEY_MALFORMED);
    assert_int_equal(b.n, 1);
}

static void every_byte_changed_never_crashes(void **state)
{
    (void)state;
    static const char good[] = "-----BEGIN THING-----\nYWJjZGVm\n-----END THING-----\n";
    for (size_t i = 0; i + 1 < sizeof(good); i++)
        for (unsigned v = 0; v < 256; v++) {
            char *text = malloc(sizeof(good));
            blocks b = {0};
            assert_non_null(text);
            memcpy(text, good, sizeof(good));
            text[i] = (char)v;
            hf_status s = hf_pem_each(hf_bytes_of(text, sizeof(good) - 1), "THING", keep, &b, NULL);
            assert_true(s == HF_OK || s == HF_E_PEM_MALFORMED);
            free(text);
        }
}

static hf_status run(void *ctx)
{
    (void)ctx;
    blocks b;
    hf_error e = {0};
    char *text = hf_pem_write(hf_bytes_text("abc"), "THING");
    if (text == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_status s = each(text, &b, &e);
    assert_int_equal(e.code, s);
    hf_text_free(text);
    return s;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    assert_int_equal(hf_test_each_alloc_fails(run, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_at_every_length),
        cmocka_unit_test(each_character_of_a_full_line_counts),
        cmocka_unit_test(finds_its_blocks_among_others),
        cmocka_unit_test(text_without_blocks_gives_none),
        cmocka_unit_test(malformed_text_is_refused_with_the_line),
        cmocka_unit_test(der_is_passed_as_it_is),
        cmocka_unit_test(what_each_returns_ends_the_walk),
        cmocka_unit_test(every_byte_changed_never_crashes),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
