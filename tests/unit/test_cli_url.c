/* test_cli_url.c: https URLs, read and followed. */
#include "../../cli/url.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void reads_urls(void **state)
{
    (void)state;
    static const struct {
        const char *text, *whole, *host, *port;
    } good[] = {
        {"https://example.test", "https://example.test/", "example.test", "443"},
        {"HTTPS://Example.TEST:8443/A?b#c", "https://example.test:8443/A?b", "example.test",
         "8443"},
        {"example.test/a b", "https://example.test/a%20b", "example.test", "443"},
        {"example.test:443", "https://example.test/", "example.test", "443"},
        {"localhost:8443/x", "https://localhost:8443/x", "localhost", "8443"},
        {"https://h:/", "https://h/", "h", "443"},
        {"https://[::1]:44/x?y=/..", "https://[::1]:44/x?y=/..", "::1", "44"},
        {"https://h?q", "https://h/?q", "h", "443"},
        {"https://h/a/./b/../c", "https://h/a/c", "h", "443"},
        {"https://h/../../x", "https://h/x", "h", "443"},
        {"https://h/a/..", "https://h/", "h", "443"},
        {"https://h/a/b/.", "https://h/a/b/", "h", "443"},
        {"https://h//a//b/", "https://h//a//b/", "h", "443"},
        {"https://h/\xc3\xa9?{}", "https://h/%C3%A9?%7B%7D", "h", "443"},
        {"https://h/%41%2f", "https://h/%41%2f", "h", "443"},
        {"https://h/..a/...", "https://h/..a/...", "h", "443"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cli_url u;
        char text[9000];
        assert_int_equal(cli_url_read(good[i].text, &u), CLI_URL_OK);
        assert_int_equal(cli_url_text(&u, text, sizeof text), strlen(good[i].whole));
        assert_string_equal(text, good[i].whole);
        assert_string_equal(u.host, good[i].host);
        assert_string_equal(u.port, good[i].port);
    }
}

static void refuses_what_is_no_https_url(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        cli_url_result result;
    } bad[] = {
        {"", CLI_URL_EMPTY},
        {"https://", CLI_URL_EMPTY},
        {"https:///x", CLI_URL_EMPTY},
        {"https://:443/", CLI_URL_EMPTY},
        {"http://h/", CLI_URL_NOT_HTTPS},
        {"Http://h/", CLI_URL_NOT_HTTPS},
        {"ftp://h/", CLI_URL_SCHEME},
        {"file:///etc/passwd", CLI_URL_SCHEME},
        {"javascript:alert(1)", CLI_URL_SCHEME},
        {"https://user:pw@h/", CLI_URL_PASSWORD},
        {"https://user@h/", CLI_URL_PASSWORD},
        {"https://h:0/", CLI_URL_PORT},
        {"https://h:65536/", CLI_URL_PORT},
        {"https://h:4 4/", CLI_URL_PORT},
        {"https://h:123456/", CLI_URL_PORT},
        {"https://h:-1/", CLI_URL_PORT},
        {"https://h h/", CLI_URL_HOST},
        {"https://h\r\nX: y/", CLI_URL_HOST},
        {"https://\xc3\xa9.test/", CLI_URL_HOST},
        {"https://[::1/", CLI_URL_HOST},
        {"https://[::1]x/", CLI_URL_HOST},
        {"https://[beef]/", CLI_URL_HOST},
        {"https://[::1%25eth0]/", CLI_URL_HOST},
        {"https://h/\r\nX: y", CLI_URL_CHARACTERS},
        {"https://h/\x7f", CLI_URL_CHARACTERS},
        {"https://h/%", CLI_URL_CHARACTERS},
        {"https://h/%4", CLI_URL_CHARACTERS},
        {"https://h/%zz", CLI_URL_CHARACTERS},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cli_url u;
        assert_int_equal(cli_url_read(bad[i].text, &u), bad[i].result);
        assert_string_not_equal(cli_url_problem(bad[i].result), "");
    }
}

static void refuses_what_is_too_long(void **state)
{
    (void)state;
    static char text[30000];
    cli_url u;
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "https://h/", 10);
    assert_int_equal(cli_url_read(text, &u), CLI_URL_TOO_LONG);
    memset(text + 10, 0xff, sizeof text - 11); /* each becomes three */
    assert_int_equal(cli_url_read(text, &u), CLI_URL_TOO_LONG);
    memset(text + 8, 'a', 300);
    strcpy(text + 308, "/");
    assert_int_equal(cli_url_read(text, &u), CLI_URL_TOO_LONG);
    cli_url base;
    assert_int_equal(cli_url_read("https://h/a", &base), CLI_URL_OK);
    memset(text, 'a', sizeof text - 1);
    assert_int_equal(cli_url_follow(&base, text, &u), CLI_URL_TOO_LONG);
}

/* RFC 3986 section 5.4, as far as its references are http URLs. */
static void follows_references(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *whole;
    } good[] = {
        {"g", "https://a/b/c/g"},
        {"./g", "https://a/b/c/g"},
        {"g/", "https://a/b/c/g/"},
        {"/g", "https://a/g"},
        {"//g", "https://g/"},
        {"?y", "https://a/b/c/d;p?y"},
        {"g?y", "https://a/b/c/g?y"},
        {"#s", "https://a/b/c/d;p?q"},
        {"g#s", "https://a/b/c/g"},
        {";x", "https://a/b/c/;x"},
        {"", "https://a/b/c/d;p?q"},
        {".", "https://a/b/c/"},
        {"./", "https://a/b/c/"},
        {"..", "https://a/b/"},
        {"../", "https://a/b/"},
        {"../g", "https://a/b/g"},
        {"../..", "https://a/"},
        {"../../g", "https://a/g"},
        {"../../../g", "https://a/g"},
        {"/./g", "https://a/g"},
        {"/../g", "https://a/g"},
        {"g.", "https://a/b/c/g."},
        {"..g", "https://a/b/c/..g"},
        {"./g/.", "https://a/b/c/g/"},
        {"g/../h", "https://a/b/c/h"},
        {"g?y/../x", "https://a/b/c/g?y/../x"},
        {"https://other:99/x", "https://other:99/x"},
        {"//other:99/x", "https://other:99/x"},
    };
    cli_url base, u;
    char text[9000];
    assert_int_equal(cli_url_read("https://a/b/c/d;p?q", &base), CLI_URL_OK);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(cli_url_follow(&base, good[i].reference, &u), CLI_URL_OK);
        cli_url_text(&u, text, sizeof text);
        assert_string_equal(text, good[i].whole);
    }
    assert_int_equal(cli_url_follow(&base, "http://a/", &u), CLI_URL_NOT_HTTPS);
    assert_int_equal(cli_url_follow(&base, "ftp://a/", &u), CLI_URL_SCHEME);
    assert_int_equal(cli_url_follow(&base, "https:g", &u), CLI_URL_SCHEME);
    assert_int_equal(cli_url_follow(&base, "g:h", &u), CLI_URL_SCHEME);
    assert_int_equal(cli_url_follow(&base, "//x@y/", &u), CLI_URL_PASSWORD);
    assert_int_equal(cli_url_follow(&base, "/a\nb", &u), CLI_URL_CHARACTERS);
}

static void knows_origins_and_file_names(void **state)
{
    (void)state;
    static const struct {
        const char *url, *name;
    } names[] = {
        {"https://h/a/file.txt?x=/y", "file.txt"},
        {"https://h/", ""},
        {"https://h/a/", ""},
        {"https://h/.bashrc", ""},
        {"https://h/..%2f..%2fetc", ""},
        {"https://h/a%2fb", "a%2fb"},
    };
    cli_url a, b;
    char name[256];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(cli_url_read(names[i].url, &a), CLI_URL_OK);
        cli_url_file_name(&a, name, sizeof name);
        assert_string_equal(name, names[i].name);
    }
    cli_url_read("https://h/a", &a);
    cli_url_read("https://H:443/b", &b);
    assert_true(cli_url_same_origin(&a, &b));
    cli_url_read("https://h:444/b", &b);
    assert_false(cli_url_same_origin(&a, &b));
    char short_text[20];
    cli_url_authority(&b, true, short_text, sizeof short_text);
    assert_string_equal(short_text, "h:444");
    cli_url_authority(&a, false, short_text, sizeof short_text);
    assert_string_equal(short_text, "h:443");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_urls),
        cmocka_unit_test(refuses_what_is_no_https_url),
        cmocka_unit_test(refuses_what_is_too_long),
        cmocka_unit_test(follows_references),
        cmocka_unit_test(knows_origins_and_file_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
