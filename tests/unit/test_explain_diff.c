/* test_explain_diff.c: two documents compared by meaning. */
#define _POSIX_C_SOURCE 200809L
#include "explain_sample.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int connection;

/* A whole handshake; `step_ns` makes it take longer without being another. */
static int64_t steps_of(void *ctx)
{
    int64_t *clock = ctx;
    return clock[0] += clock[1];
}

static hf_explain *begun(const char *host, sample *s, int64_t clock[2])
{
    hf_explain *x = hf_explain_new(&(hf_explain_options){.now_ns = steps_of, .ctx = clock});
    assert_non_null(x);
    *s = (sample){hf_explain_trace(x), (const hf_conn *)&connection, false};
    hf_explain_set_target(x, host);
    return x;
}

static hf_explain *whole(const char *host, int64_t step_ns)
{
    sample s;
    int64_t clock[2] = {0, step_ns};
    hf_explain *x = begun(host, &s, clock);
    sample_handshake(&s, host);
    hf_explain_finish(x, NULL, NULL);
    return x;
}

static hf_explain *broken(const char *host)
{
    sample s;
    int64_t clock[2] = {0, 1000};
    hf_explain *x = begun(host, &s, clock);
    sample_opening(&s, host);
    hf_error e = {
        .code = HF_E_CERT_WRONG_NAME, .message = "Certificate", .field = "subjectAltName"};
    snprintf(e.expected, sizeof e.expected, "example.test");
    snprintf(e.got, sizeof e.got, "other.test");
    hf_explain_finish(x, NULL, &e);
    return x;
}

static json_t *compared(const hf_explain *a, const hf_explain *b)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    const hf_explain_diff how = {.names = {"a.json", "b.json"}};
    assert_int_equal(hf_explain_diff_json(a, b, hf_explain_sink_file(f), &how), HF_OK);
    fclose(f);
    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    free(text);
    return root;
}

static char *told(const hf_explain *a, const hf_explain *b, int level)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    const hf_explain_diff how = {.names = {"a.json", "b.json"}, .level = level};
    assert_int_equal(hf_explain_diff_text(a, b, hf_explain_sink_file(f), &how), HF_OK);
    fclose(f);
    return text;
}

/* The row about `what`; NULL when there is none. */
static const json_t *row_of(const json_t *root, const char *what)
{
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(root, "rows"), i, row)
        if (strcmp(json_string_value(json_object_get(row, "what")), what) == 0)
            return row;
    return NULL;
}

static void assert_row(const json_t *root, const char *what, const char *result, const char *a,
                       const char *b)
{
    const json_t *row = row_of(root, what);
    if (row == NULL)
        fail_msg("no row tells of %s", what);
    assert_string_equal(json_string_value(json_object_get(row, "result")), result);
    const char *sides[2] = {json_string_value(json_object_get(row, "a")),
                            json_string_value(json_object_get(row, "b"))};
    assert_string_equal(sides[0] == NULL ? "" : sides[0], a);
    assert_string_equal(sides[1] == NULL ? "" : sides[1], b);
}

static void what_takes_longer_is_no_other_connection(void **state)
{
    (void)state;
    hf_explain *a = whole("example.test", 1000), *b = whole("example.test", 9000000);
    json_t *root = compared(a, b);
    assert_string_equal(json_string_value(json_object_get(root, "format")),
                        "handfast-explain-diff");
    assert_int_equal(json_integer_value(json_object_get(root, "differences")), 0);
    assert_true(json_array_size(json_object_get(root, "rows")) > 15);
    const json_t *time = row_of(root, "time");
    assert_non_null(time);
    assert_string_equal(json_string_value(json_object_get(time, "result")), "measured");
    assert_string_not_equal(json_string_value(json_object_get(time, "a")),
                            json_string_value(json_object_get(time, "b")));
    json_decref(root);
    hf_explain_free(a);
    hf_explain_free(b);
}

static void a_failure_and_a_name_are_told(void **state)
{
    (void)state;
    hf_explain *a = whole("example.test", 1000), *b = broken("other.test");
    json_t *root = compared(a, b);
    assert_row(root, "verdict", "differs", "encrypted", hf_error_sentence(HF_E_CERT_WRONG_NAME));
    assert_row(root, "failed in", "differs", "", "Certificate");
    assert_row(root, "expected", "differs", "", "example.test");
    assert_row(root, "version", "same", "TLS 1.3", "TLS 1.3");
    assert_row(root, "ClientHello key_share", "same", "there, new every time",
               "there, new every time");
    const json_t *name = row_of(root, "ClientHello server_name");
    assert_non_null(name);
    assert_string_equal(json_string_value(json_object_get(name, "result")), "differs");
    assert_non_null(strstr(json_string_value(json_object_get(name, "a")), "example.test"));
    assert_non_null(strstr(json_string_value(json_object_get(name, "b")), "other.test"));
    assert_row(root, "server shows", "differs", "1", "0");
    json_decref(root);
    hf_explain_free(a);
    hf_explain_free(b);
}

/* A ClientHello with one extension, of these bytes. */
static hf_explain *with_groups(uint8_t grease, uint8_t group)
{
    sample s;
    int64_t clock[2] = {0, 1000};
    hf_explain *x = begun("example.test", &s, clock);
    uint8_t hello[4 + 2 + 32 + 1 + 4 + 2 + 2 + 10] = {1, 0, 0, sizeof hello - 4, 3, 3};
    const uint8_t rest[] = {0,  0, 2, 0x13, 1, 1,      0,      0, 10,   0,
                            10, 0, 6, 0,    4, grease, grease, 0, group};
    memcpy(hello + 38, rest, sizeof rest);
    sample_message(&s, true, HF_MSG_CLIENT_HELLO, (hf_bytes){hello, sizeof hello});
    hf_explain_finish(x, NULL, NULL);
    return x;
}

static void made_up_values_are_no_difference(void **state)
{
    (void)state;
    hf_explain *a = with_groups(0x1a, 29), *b = with_groups(0xea, 29), *c = with_groups(0x1a, 23);
    json_t *root = compared(a, b);
    assert_row(root, "ClientHello supported_groups", "same", "x25519", "x25519");
    json_decref(root);
    root = compared(a, c);
    assert_row(root, "ClientHello supported_groups", "differs", "x25519", "secp256r1");
    json_decref(root);
    hf_explain_free(a);
    hf_explain_free(b);
    hf_explain_free(c);
}

static void text_fits_and_is_safe(void **state)
{
    (void)state;
    hf_explain *a = whole("example.test", 1000), *b = broken("\x1b[31mred.test");
    for (int level = 0; level < 2; level++) {
        char *text = told(a, b, level);
        assert_null(strchr(text, '\x1b'));
        assert_non_null(strstr(text, "How it ended"));
        assert_int_equal(strstr(text, "TLS 1.3") != NULL, level == 1);
        for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
            size_t n = strcspn(line, "\n");
            assert_true(n <= 80);
            assert_true(n == 0 || line[n - 1] != ' ');
        }
        free(text);
    }
    hf_explain_free(a);
    hf_explain_free(b);
}

static void nothing_recorded_compares_too(void **state)
{
    (void)state;
    hf_explain *a = hf_explain_new(NULL), *b = whole("example.test", 1000);
    json_t *root = compared(a, b);
    assert_row(root, "verdict", "differs", "not finished", "encrypted");
    json_decref(root);
    root = compared(a, a);
    assert_int_equal(json_integer_value(json_object_get(root, "differences")), 0);
    json_decref(root);
    hf_explain_free(a);
    hf_explain_free(b);
}

/* More messages than are compared: counted, not dropped unsaid. */
static void further_flights_are_counted(void **state)
{
    (void)state;
    sample s;
    int64_t clock[2] = {0, 1000};
    hf_explain *a = begun("example.test", &s, clock), *b = whole("example.test", 1000);
    for (int i = 0; i < 100; i++)
        sample_message(&s, i % 2 == 0, HF_MSG_KEY_UPDATE, SAMPLE_BYTES(24, 0, 0, 1, 0));
    hf_explain_finish(a, NULL, NULL);
    json_t *root = compared(a, b);
    assert_row(root, "further flights", "differs", "76, not compared", "0, not compared");
    json_decref(root);
    hf_explain_free(a);
    hf_explain_free(b);
}

static bool stop(void *ctx, const char *p, size_t n)
{
    (void)ctx, (void)p, (void)n;
    return false;
}

static void a_sink_that_stops_is_reported(void **state)
{
    (void)state;
    hf_explain *a = whole("example.test", 1000);
    const hf_explain_sink sink = {stop, NULL};
    assert_int_equal(hf_explain_diff_text(a, a, sink, NULL), HF_E_FILE);
    assert_int_equal(hf_explain_diff_json(a, a, sink, NULL), HF_E_FILE);
    hf_explain_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_takes_longer_is_no_other_connection),
        cmocka_unit_test(a_failure_and_a_name_are_told),
        cmocka_unit_test(made_up_values_are_no_difference),
        cmocka_unit_test(text_fits_and_is_safe),
        cmocka_unit_test(nothing_recorded_compares_too),
        cmocka_unit_test(further_flights_are_counted),
        cmocka_unit_test(a_sink_that_stops_is_reported),
    };
    return cmocka_run_group_tests_name("explain_diff", tests, NULL, NULL);
}
