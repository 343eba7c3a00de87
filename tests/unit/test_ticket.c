/* test_ticket.c: tickets open while their key is held and as they were sealed, and never else; keys
 * come from files as servers have them. */
#include "support/fail_alloc.h"

#include "base/bytes.h"
#include "session/ticket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PERIOD = 100, START = 1000000 };

static const hf_provider *provider;

static hf_ticket_keys *keys_of(uint32_t period_s)
{
    hf_ticket_keys *k;
    assert_int_equal(hf_ticket_keys_new(NULL, period_s, &k), HF_OK);
    return k;
}

static hf_buf sealed(hf_ticket_keys *k, int64_t now_s, const char *text)
{
    hf_buf out = {0};
    assert_int_equal(hf_ticket_seal(k, provider, now_s, hf_bytes_text(text), &out), HF_OK);
    assert_int_equal(out.n, strlen(text) + HF_TICKET_OVERHEAD);
    return out;
}

static bool opens(hf_ticket_keys *k, int64_t now_s, hf_bytes ticket, const char *text)
{
    hf_buf out = {0};
    hf_status status = hf_ticket_open(k, provider, now_s, ticket, &out);
    assert_true(status == HF_OK || status == HF_E_BAD_RECORD_MAC);
    assert_int_equal(out.n, status == HF_OK ? strlen(text) : 0);
    bool same = status == HF_OK && memcmp(out.p, text, out.n) == 0;
    hf_buf_free(&out);
    return same;
}

static void what_was_sealed_opens(void **state)
{
    (void)state;
    hf_ticket_keys *k = keys_of(0);
    hf_buf a = sealed(k, START, "state"), b = sealed(k, START, "state");
    assert_true(opens(k, START, hf_buf_bytes(&a), "state"));
    assert_true(opens(k, START, hf_buf_bytes(&b), "state"));
    assert_memory_equal(a.p, b.p, HF_TICKET_KEY_NAME);
    assert_memory_not_equal(a.p + HF_TICKET_KEY_NAME, b.p + HF_TICKET_KEY_NAME, 12);
    hf_buf_free(&a);
    hf_buf_free(&b);
    hf_ticket_keys_free(k);
}

static void each_changed_byte_and_each_cut_is_refused(void **state)
{
    (void)state;
    hf_ticket_keys *k = keys_of(0);
    hf_buf t = sealed(k, START, "state");
    for (size_t i = 0; i < t.n; i++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            t.p[i] ^= (uint8_t)bit;
            assert_false(opens(k, START, hf_buf_bytes(&t), "state"));
            t.p[i] ^= (uint8_t)bit;
        }
    }
    for (size_t n = 0; n < t.n; n++) {
        uint8_t *cut = malloc(n + 1);
        assert_non_null(cut);
        memcpy(cut, t.p, n);
        assert_false(opens(k, START, (hf_bytes){cut, n}, "state"));
        free(cut);
    }
    assert_true(opens(k, START, hf_buf_bytes(&t), "state"));
    hf_buf_free(&t);
    hf_ticket_keys_free(k);
}

static void others_keys_do_not_open_it(void **state)
{
    (void)state;
    hf_ticket_keys *k = keys_of(0), *other = keys_of(0);
    hf_buf t = sealed(k, START, "state"), theirs = sealed(other, START, "state");
    assert_false(opens(other, START, hf_buf_bytes(&t), "state"));
    memcpy(t.p, theirs.p, HF_TICKET_KEY_NAME); /* nor under their name */
    assert_false(opens(other, START, hf_buf_bytes(&t), "state"));
    hf_buf_free(&t);
    hf_buf_free(&theirs);
    hf_ticket_keys_free(k);
    hf_ticket_keys_free(other);
}

static void keys_change_by_the_clock_and_open_for_one_more_period(void **state)
{
    (void)state;
    hf_ticket_keys *k = keys_of(PERIOD);
    hf_buf first = sealed(k, START, "first"), same = sealed(k, START + PERIOD - 1, "same");
    hf_buf second = sealed(k, START + PERIOD, "second");
    assert_memory_equal(first.p, same.p, HF_TICKET_KEY_NAME);
    assert_memory_not_equal(first.p, second.p, HF_TICKET_KEY_NAME);
    assert_true(opens(k, START + 2 * PERIOD - 1, hf_buf_bytes(&first), "first"));
    assert_false(opens(k, START + 2 * PERIOD, hf_buf_bytes(&first), "first"));
    assert_true(opens(k, START + 3 * PERIOD - 1, hf_buf_bytes(&second), "second"));
    hf_buf third = sealed(k, START + 2 * PERIOD, "third");
    assert_true(opens(k, START + 2 * PERIOD, hf_buf_bytes(&second), "second"));
    assert_false(opens(k, START + PERIOD, hf_buf_bytes(&first), "first")); /* it is gone */
    assert_true(opens(k, START + 2 * PERIOD, hf_buf_bytes(&third), "third"));
    hf_buf_free(&first);
    hf_buf_free(&same);
    hf_buf_free(&second);
    hf_buf_free(&third);
    hf_ticket_keys_free(k);
}

static void a_clock_that_jumps_makes_a_new_key(void **state)
{
    (void)state;
    hf_ticket_keys *k = keys_of(PERIOD);
    hf_buf before = sealed(k, START, "before");
    hf_buf back = sealed(k, START - 10, "back");
    assert_memory_not_equal(before.p, back.p, HF_TICKET_KEY_NAME);
    assert_false(opens(k, START - 10, hf_buf_bytes(&before), "before"));
    hf_buf far = sealed(k, START + 50 * PERIOD, "far");
    assert_false(opens(k, START + 50 * PERIOD, hf_buf_bytes(&back), "back"));
    assert_true(opens(k, START + 50 * PERIOD, hf_buf_bytes(&far), "far"));
    hf_buf_free(&before);
    hf_buf_free(&back);
    hf_buf_free(&far);
    hf_ticket_keys_free(k);
}

/* ---- files ---- */

static uint8_t raw[17][80]; /* keys as files have them */

static size_t base64(const uint8_t *p, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0);
        out[used++] = digits[v >> 18];
        out[used++] = digits[v >> 12 & 63];
        out[used++] = i + 1 < n ? digits[v >> 6 & 63] : '=';
        out[used++] = i + 2 < n ? digits[v & 63] : '=';
    }
    out[used] = '\0';
    return used;
}

/* Lines of keys `first` to `last`, each `n` bytes and ended by `end`. */
static hf_bytes lines(unsigned first, unsigned last, size_t n, const char *end)
{
    static char text[17 * 120];
    size_t used = 0;
    for (unsigned i = first; i <= last; i++) {
        used += base64(raw[i], n, text + used);
        used += (size_t)sprintf(text + used, "%s", end);
    }
    return (hf_bytes){(const uint8_t *)text, used};
}

static hf_ticket_keys *read_from(const hf_bytes *files, size_t count)
{
    hf_ticket_keys *k = keys_of(PERIOD);
    hf_error e = {0};
    hf_status status = hf_ticket_keys_read(k, files, count, &e);
    if (status != HF_OK)
        fail_msg("%s: %s, %s", e.field, e.expected, e.got);
    return k;
}

/* The number of the key that seals. */
static unsigned sealing(hf_ticket_keys *k)
{
    hf_buf t = sealed(k, START, "state");
    unsigned i = 0;
    while (i < 17 && memcmp(t.p, raw[i], HF_TICKET_KEY_NAME) != 0)
        i++;
    hf_buf_free(&t);
    return i;
}

/* True when a ticket sealed by key `i` alone, `n` bytes of it, opens. */
static bool has_key(hf_ticket_keys *k, unsigned i, size_t n)
{
    hf_bytes file = {raw[i], n};
    hf_ticket_keys *alone = read_from(&file, 1);
    hf_buf t = sealed(alone, START, "state");
    bool has = opens(k, START, hf_buf_bytes(&t), "state");
    hf_buf_free(&t);
    hf_ticket_keys_free(alone);
    return has;
}

static void files_of_nginx_the_first_seals(void **state)
{
    (void)state;
    hf_bytes files[] = {{raw[0], 48}, {raw[1], 80}, {raw[2], 48}};
    hf_ticket_keys *k = read_from(files, 3);
    assert_int_equal(sealing(k), 0);
    assert_true(has_key(k, 0, 48));
    assert_true(has_key(k, 1, 80));
    assert_true(has_key(k, 2, 48));
    assert_false(has_key(k, 3, 48));
    assert_false(has_key(k, 1, 48)); /* the same name, but another key: all the bytes count */
    hf_ticket_keys_free(k);
}

static void lines_of_haproxy_the_last_but_one_seals(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\n\n", "  \n"};
    for (size_t n = 48; n <= 80; n += 32) {
        for (size_t i = 0; i < 4; i++) {
            hf_bytes file = lines(0, 3, n, ends[i]);
            hf_ticket_keys *k = read_from(&file, 1);
            assert_int_equal(sealing(k), 2);
            for (unsigned j = 0; j < 4; j++)
                assert_true(has_key(k, j, n));
            assert_false(has_key(k, 4, n));
            hf_ticket_keys_free(k);
        }
    }
    hf_bytes one = lines(5, 5, 48, ""), two;
    hf_ticket_keys *k = read_from(&one, 1);
    assert_int_equal(sealing(k), 5);
    hf_ticket_keys_free(k);
    two = lines(5, 6, 80, "\n");
    k = read_from(&two, 1);
    assert_int_equal(sealing(k), 5);
    hf_ticket_keys_free(k);
    hf_bytes both[] = {{raw[9], 48}, lines(5, 7, 48, "\n")};
    k = read_from(both, 2); /* the last but one of the second file is that file's first, no more */
    assert_int_equal(sealing(k), 9);
    assert_true(has_key(k, 5, 48) && has_key(k, 6, 48) && has_key(k, 7, 48));
    hf_ticket_keys_free(k);
}

static void keys_of_files_do_not_age_and_are_replaced(void **state)
{
    (void)state;
    hf_bytes first = {raw[0], 48}, next[] = {{raw[1], 48}, {raw[0], 48}};
    hf_ticket_keys *k = read_from(&first, 1);
    hf_buf t = sealed(k, START, "state");
    assert_true(opens(k, START + 1000 * PERIOD, hf_buf_bytes(&t), "state"));
    assert_int_equal(hf_ticket_keys_read(k, next, 2, NULL), HF_OK);
    assert_int_equal(sealing(k), 1);
    assert_true(opens(k, START, hf_buf_bytes(&t), "state"));
    assert_int_equal(hf_ticket_keys_read(k, next, 1, NULL), HF_OK);
    assert_false(opens(k, START, hf_buf_bytes(&t), "state"));
    hf_buf_free(&t);
    hf_ticket_keys_free(k);
}

static void expect_malformed(hf_bytes file, const char *got)
{
    hf_bytes good = {raw[0], 48};
    hf_ticket_keys *k = read_from(&good, 1);
    hf_error e = {0};
    assert_int_equal(hf_ticket_keys_read(k, &file, 1, &e), HF_E_TICKET_KEYS);
    assert_int_equal(e.code, HF_E_TICKET_KEYS);
    if (strstr(e.got, got) == NULL)
        fail_msg("got \"%s\", not \"%s\"", e.got, got);
    assert_int_equal(sealing(k), 0); /* what it had stays */
    hf_ticket_keys_free(k);
}

static void what_is_no_key_is_refused_and_the_keys_stay(void **state)
{
    (void)state;
    char text[400];
    expect_malformed((hf_bytes){NULL, 0}, "none");
    expect_malformed(hf_bytes_text("\n\n"), "none");
    expect_malformed(hf_bytes_text("a password"), "line 1");
    for (size_t n = 1; n < 100; n++) {
        if (n == 48 || n == 80)
            continue;
        hf_bytes file = {(const uint8_t *)text, base64(raw[0], n, text)};
        if (file.n != 48 && file.n != 80) /* which would be a key as nginx has it */
            expect_malformed(file, "");
    }
    size_t one = base64(raw[0], 48, text);
    text[one] = '\n';
    strcpy(text + one + 1, "not base64!");
    expect_malformed(hf_bytes_text(text), "line 2");
    strcpy(text + one, "A");
    expect_malformed(hf_bytes_text(text), "line 1"); /* one digit too many: 6 bits of nothing */
    one = base64(raw[0], 80, text);
    text[one - 2] = 'B'; /* bits that belong to no byte */
    text[one - 1] = '=';
    expect_malformed(hf_bytes_text(text), "");
    expect_malformed(lines(0, 16, 48, "\n"), "more");
}

/* ---- memory and the random numbers ---- */

static hf_status all_of_it(void *ctx)
{
    hf_ticket_keys *k;
    hf_buf t = {0}, back = {0};
    hf_bytes file = {raw[0], 48};
    hf_status status = hf_ticket_keys_new(NULL, 0, &k);
    if (status != HF_OK)
        return status;
    if (ctx != NULL)
        status = hf_ticket_keys_read(k, &file, 1, NULL);
    if (status == HF_OK)
        status = hf_ticket_seal(k, provider, START, hf_bytes_text("state"), &t);
    if (status == HF_OK)
        status = hf_ticket_open(k, provider, START, hf_buf_bytes(&t), &back);
    hf_buf_free(&t);
    hf_buf_free(&back);
    hf_ticket_keys_free(k);
    return status;
}

static void each_allocation_fails(void **state)
{
    (void)state;
    assert_true(hf_test_each_alloc_fails(all_of_it, NULL) >= 5);
    assert_true(hf_test_each_alloc_fails(all_of_it, raw) >= 5);
}

static hf_status no_random(void *ctx, uint8_t *p, size_t n)
{
    (void)p;
    (void)n;
    return (*(int *)ctx)-- > 0 ? HF_OK : HF_E_RANDOM;
}

static void without_random_numbers_nothing_is_sealed(void **state)
{
    (void)state;
    for (int works = 0; works < 3; works++) { /* the name, the key, the nonce */
        hf_provider broken = *provider;
        int left = works;
        broken.random = no_random;
        broken.ctx = &left;
        hf_ticket_keys *k = keys_of(0);
        hf_buf out = {0};
        assert_int_equal(hf_ticket_seal(k, &broken, START, hf_bytes_text("x"), &out), HF_E_RANDOM);
        assert_int_equal(out.n, 0);
        hf_buf_free(&out);
        hf_ticket_keys_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens),
        cmocka_unit_test(each_changed_byte_and_each_cut_is_refused),
        cmocka_unit_test(others_keys_do_not_open_it),
        cmocka_unit_test(keys_change_by_the_clock_and_open_for_one_more_period),
        cmocka_unit_test(a_clock_that_jumps_makes_a_new_key),
        cmocka_unit_test(files_of_nginx_the_first_seals),
        cmocka_unit_test(lines_of_haproxy_the_last_but_one_seals),
        cmocka_unit_test(keys_of_files_do_not_age_and_are_replaced),
        cmocka_unit_test(what_is_no_key_is_refused_and_the_keys_stay),
        cmocka_unit_test(each_allocation_fails),
        cmocka_unit_test(without_random_numbers_nothing_is_sealed),
    };
    provider = hf_provider_default();
    for (size_t i = 0; i < 17; i++)
        for (size_t j = 0; j < 80; j++)
            raw[i][j] = (uint8_t)(i * 13 + j * (i + 1));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
