/* test_cli_http_text.c: targets, ranges, dates and entity tags, as often wrong as right. */
#include "../../cli/http_text.c"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the four above first */
#include <cmocka.h>

/* ---- targets ---- */

static void targets_become_relative_paths(void **state)
{
    static const struct {
        const char *target, *path, *query;
        bool slash;
    } good[] = {
        {"/", "", "", true},
        {"/a", "a", "", false},
        {"/a/", "a", "", true},
        {"/a/b.txt?q=/../x", "a/b.txt", "?q=/../x", false},
        {"/?", "", "?", true},
        {"/a%20b", "a b", "", false},
        {"/%C3%A4", "\xc3\xa4", "", false},
        {"/%2e", NULL, NULL, false},
        {"/a..b/c...", "a..b/c...", "", false},
        {"/%2541", "%41", "", false}, /* decoded once, and once only */
        {"https://host/a", "a", "", false},
        {"HTTP://host:1", "", "", true},
        {"https://host?x", NULL, NULL, false},
        {"/.well-known/x", ".well-known/x", "", false},
        {"/a%3Fb", "a?b", "", false},
        {"/a%23b", "a#b", "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        http_path p;
        http_path_result result = http_path_read(good[i].target, &p);
        if (good[i].path == NULL) {
            assert_int_not_equal(result, HTTP_PATH_OK);
            continue;
        }
        assert_int_equal(result, HTTP_PATH_OK);
        assert_string_equal(p.text, good[i].path);
        assert_string_equal(p.query, good[i].query);
        assert_int_equal(p.slash, good[i].slash);
    }
}

static void paths_that_lead_elsewhere_are_hidden(void **state)
{
    static const char *const hidden[] = {
        "/..",
        "/../a",
        "/a/../b",
        "/a/..",
        "/%2e%2e/a",
        "/.%2E/a",
        "/a/%2e%2e",
        "/.",
        "/./a",
        "/.git/x",
        "/a/.b",
        "/%2egit",
        "//",
        "//a",
        "/a//b",
        "/a//",
        "/a%2fb",
        "/..%2f..%2fetc",
        "/a\\b",
        "/a%5Cb",
        "/%5c..",
        "/a/.well-known",
        "/.well-knownx",
        "https://host//etc/passwd",
    };
    (void)state;
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        http_path p;
        if (http_path_read(hidden[i], &p) != HTTP_PATH_HIDDEN)
            fail_msg("%s is not hidden", hidden[i]);
    }
}

static void malformed_targets_are_bad(void **state)
{
    static const char *const bad[] = {
        "",     "a",        "*",    "?",        "a/b",  "/%",   "/%4",   "/%4g",         "/%g4",
        "/%00", "/a%00b",   "/%0a", "/%0D%0Ax", "/%7f", "/a#b", "/a\tb", "ftp://host/a", "/../%zz",
        "/%1f", "https:/a",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        http_path p;
        if (http_path_read(bad[i], &p) != HTTP_PATH_BAD)
            fail_msg("%s is not bad", bad[i]);
    }
}

static void long_targets_never_overflow(void **state)
{
    char target[9000];
    http_path p;
    (void)state;
    for (size_t n = 1; n < sizeof target; n += 37) {
        memset(target, 'a', n);
        target[0] = '/';
        target[n] = '\0';
        assert_int_equal(http_path_read(target, &p),
                         n - 1 <= 255 ? HTTP_PATH_OK : HTTP_PATH_HIDDEN);
        for (size_t i = 0; i < n; i += 2)
            target[i] = '/';
        target[n] = '\0';
        http_path_result result = http_path_read(target, &p);
        assert_int_equal(result, strlen(target) <= sizeof p.text ? HTTP_PATH_OK : HTTP_PATH_HIDDEN);
        assert_true(memchr(p.text, '\0', sizeof p.text) != NULL);
    }
}

/* ---- ranges ---- */

static void ranges_are_cut_to_the_file(void **state)
{
    static const struct {
        const char *value;
        uint64_t size, first, last;
    } good[] = {
        {"bytes=0-0", 10, 0, 0},
        {"bytes=0-9", 10, 0, 9},
        {"bytes=0-10", 10, 0, 9},
        {"bytes=9-", 10, 9, 9},
        {"bytes=-1", 10, 9, 9},
        {"bytes=-10", 10, 0, 9},
        {"bytes=-11", 10, 0, 9},
        {"Bytes=2-3", 10, 2, 3},
        {"bytes= 2-3 ", 10, 2, 3},
        {"bytes=1-18446744073709551615", 10, 1, 9},
        {"bytes=1-18446744073709551616", 10, 1, 9},
        {"bytes=-18446744073709551617", 10, 0, 9},
        {"bytes=0-", UINT64_MAX, 0, UINT64_MAX - 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t first = 77, last = 77;
        assert_int_equal(http_range_read(good[i].value, good[i].size, &first, &last),
                         HTTP_RANGE_ONE);
        assert_true(first == good[i].first && last == good[i].last);
    }
}

static void ranges_past_the_end_cannot_be_satisfied(void **state)
{
    static const char *const values[] = {"bytes=10-", "bytes=10-12", "bytes=-0",
                                         "bytes=99999999999999999999-"};
    uint64_t first, last;
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(http_range_read(values[i], 10, &first, &last), HTTP_RANGE_UNSATISFIABLE);
    assert_int_equal(http_range_read("bytes=0-", 0, &first, &last), HTTP_RANGE_UNSATISFIABLE);
    assert_int_equal(http_range_read("bytes=-5", 0, &first, &last), HTTP_RANGE_UNSATISFIABLE);
}

static void ranges_that_are_malformed_or_many_are_ignored(void **state)
{
    static const char *const values[] = {
        "",          "bytes",         "bytes=",     "bytes=-",    "bytes=a-b",  "bytes=1",
        "bytes=2-1", "bytes=0-1,2-3", "items=0-1",  "bytes=0--1", "bytes=0-1x", "bytes=+1-2",
        "bytes 0-1", "bytes=0 - 1",   "bytes=0-1;", "byte",
    };
    uint64_t first, last;
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (http_range_read(values[i], 10, &first, &last) != HTTP_RANGE_NONE)
            fail_msg("%s was taken for a range", values[i]);
}

/* ---- dates ---- */

static void dates_are_written_as_the_standard_shows(void **state)
{
    char text[32];
    (void)state;
    http_date_write(784111777, text);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    http_date_write(0, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    http_date_write(951782400, text);
    assert_string_equal(text, "Tue, 29 Feb 2000 00:00:00 GMT");
    http_date_write(-1, text);
    assert_string_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT");
    http_date_write(INT64_MAX / 2, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    http_date_write(INT64_MIN / 2, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void dates_are_read_in_three_forms(void **state)
{
    static const char *const forms[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    int64_t t;
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        assert_true(http_date_read(forms[i], 1700000000, &t));
        assert_int_equal(t, 784111777);
    }
    for (int64_t at = 0; at < 4000000000; at += 12345678) { /* there and back */
        char text[32];
        http_date_write(at, text);
        assert_true(http_date_read(text, 0, &t));
        assert_int_equal(t, at);
    }
}

static void dates_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "Sun",
        "Sun,",
        "Sun, ",
        "yesterday",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nob 1994 08:49:37 GMT",
        "Sun, 06 Nov 199 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 94",
        "Sun, -6 Nov 1994 08:49:37 GMT",
    };
    int64_t t;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (http_date_read(bad[i], 1700000000, &t))
            fail_msg("%s was taken for a date", bad[i]);
}

/* ---- the rest ---- */

static void entity_tags_are_found_whole(void **state)
{
    (void)state;
    assert_true(http_etag_in_list("\"a\"", "\"a\""));
    assert_true(http_etag_in_list(" W/\"a\"", "\"a\""));
    assert_true(http_etag_in_list("\"x\", \"y\" ,W/\"a\"", "\"a\""));
    assert_true(http_etag_in_list("*", "\"a\""));
    assert_true(http_etag_in_list("\"b,c\",\"a\"", "\"a\""));
    static const char *const not_there[] = {"",   "a",       "\"a", "\"ab\"", "\"A\"",
                                            "**", "\"x\" a", "W/a", ",",      "\"b,\"a\",\""};
    for (size_t i = 0; i + 1 < sizeof not_there / sizeof not_there[0]; i++)
        if (http_etag_in_list(not_there[i], "\"a\""))
            fail_msg("%s was taken for a list with \"a\"", not_there[i]);
}

static void media_types_go_by_the_last_dot(void **state)
{
    (void)state;
    assert_string_equal(http_media_type("a/index.HTML"), "text/html; charset=utf-8");
    assert_string_equal(http_media_type("x.tar.gz"), "application/gzip");
    assert_string_equal(http_media_type("a.html/b"), "application/octet-stream");
    assert_string_equal(http_media_type("htm"), "application/octet-stream");
    assert_string_equal(http_media_type("x.ht"), "application/octet-stream");
    assert_string_equal(http_media_type(""), "application/octet-stream");
}

static void escapes_leave_no_markup_and_no_separator(void **state)
{
    char out[64];
    (void)state;
    assert_true(http_html_escape("<a href=\"'&", out, sizeof out));
    assert_string_equal(out, "&lt;a href=&quot;&#39;&amp;");
    assert_true(http_url_escape("a b?#%<\xc3\xa4/c", out, sizeof out));
    assert_string_equal(out, "a%20b%3F%23%25%3C%C3%A4/c");
    for (size_t size = 0; size < 17; size++) { /* never past the end */
        char small[20];
        memset(small, 'Z', sizeof small);
        assert_false(http_html_escape("<<<<\"", small, size));
        for (size_t i = size; i < sizeof small; i++)
            assert_int_equal(small[i], 'Z');
        memset(small, 'Z', sizeof small);
        (void)http_url_escape("\xff\xff\xff\xff\xff\xff", small, size);
        for (size_t i = size; i < sizeof small; i++)
            assert_int_equal(small[i], 'Z');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_become_relative_paths),
        cmocka_unit_test(paths_that_lead_elsewhere_are_hidden),
        cmocka_unit_test(malformed_targets_are_bad),
        cmocka_unit_test(long_targets_never_overflow),
        cmocka_unit_test(ranges_are_cut_to_the_file),
        cmocka_unit_test(ranges_past_the_end_cannot_be_satisfied),
        cmocka_unit_test(ranges_that_are_malformed_or_many_are_ignored),
        cmocka_unit_test(dates_are_written_as_the_standard_shows),
        cmocka_unit_test(dates_are_read_in_three_forms),
        cmocka_unit_test(dates_that_are_none_are_refused),
        cmocka_unit_test(entity_tags_are_found_whole),
        cmocka_unit_test(media_types_go_by_the_last_dot),
        cmocka_unit_test(escapes_leave_no_markup_and_no_separator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
