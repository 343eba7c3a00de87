/* test_cli_options.c: from argv to values; what is refused, and with which words. */
#define _DEFAULT_SOURCE 1
#include "../../cli/options.c"
#include "../../cli/report.c"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the four above first */
#include <cmocka.h>

void cli_tls_files_close(cli *c) /* of cli/tls_options.c, which needs more than this test has */
{
    (void)c;
}

static const cli_option own[] = {
    {.name = "output", .letter = 'o', .kind = CLI_FILE, .value = "FILE", .help = "where to"},
    {.name = "insecure", .letter = 'k', .kind = CLI_FLAG, .help = "trust all"},
    {.name = "count",
     .letter = 'n',
     .kind = CLI_NUMBER,
     .value = "N",
     .min = 1,
     .max = 64,
     .help = "n"},
    {.name = "timeout", .kind = CLI_SECONDS, .value = "SECONDS", .min = 0, .max = 100, .help = "s"},
    {.name = "mode", .kind = CLI_CHOICE, .value = "MODE", .choices = "none|some|all", .help = "m"},
    {.name = "cert", .kind = CLI_FILE, .repeats = true, .value = "FILE", .help = "c"},
    {0},
};
static const cli_group own_groups[] = {{"Options", own}, {"Output", cli_json_options}, {0}};
static const cli_argument own_arguments[] = {
    {.name = "URL", .help = "which"},
    {.name = "MORE", .help = "more", .optional = true},
    {0},
};
static const cli_command command = {
    .name = "test", .summary = "a test", .arguments = own_arguments, .groups = own_groups};

enum { SAID = 4000 };
static char said[SAID]; /* what went to standard error in the last parse */

/* Parses NULL-terminated words, and catches standard error. */
static cli_exit parse(cli *c, bool *help, const char *const *words)
{
    char *argv[32];
    int argc = 0;
    while (words[argc] != NULL) {
        argv[argc] = (char *)(uintptr_t)words[argc];
        argc++;
    }
    FILE *caught = tmpfile();
    assert_non_null(caught);
    fflush(stderr);
    int old = dup(STDERR_FILENO);
    dup2(fileno(caught), STDERR_FILENO);
    cli_exit status = cli_parse(c, &command, "test", argc, argv, help);
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
    rewind(caught);
    said[fread(said, 1, sizeof said - 1, caught)] = '\0';
    fclose(caught);
    return status;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void long_and_short_forms_mean_the_same(void **state)
{
    const char *const *const forms[] = {
        WORDS("--output=x", "u"), WORDS("--output", "x", "u"), WORDS("-o", "x", "u"),
        WORDS("-ox", "u"),        WORDS("-o=x", "u"),          WORDS("u", "-ox"),
        WORDS("-kox", "u"),       WORDS("-ko", "x", "u"),      WORDS("-o", "x", "--", "u"),
        WORDS("-oz", "-ox", "u"), /* the last one counts */
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        cli c;
        bool help;
        assert_int_equal(parse(&c, &help, forms[i]), CLI_DONE);
        assert_string_equal(cli_text(&c, "output"), "x");
        assert_int_equal(c.argument_count, 1);
        assert_string_equal(cli_argument_at(&c, 0), "u");
        assert_null(cli_argument_at(&c, 1));
        cli_free(&c);
    }
}

static void flags_bundle_and_count(void **state)
{
    cli c;
    bool help;
    (void)state;
    assert_int_equal(parse(&c, &help, WORDS("-vkv", "--verbose", "u", "--json")), CLI_DONE);
    assert_int_equal(c.verbose, 3);
    assert_true(cli_flag(&c, "insecure"));
    assert_true(c.json);
    assert_false(c.quiet);
    cli_free(&c);
}

static void repeated_options_keep_their_order(void **state)
{
    cli c;
    bool help;
    (void)state;
    assert_int_equal(parse(&c, &help, WORDS("--cert", "a", "-k", "--cert=b", "--cert", "c", "u")),
                     CLI_DONE);
    assert_int_equal(cli_count(&c, "cert"), 3);
    assert_string_equal(cli_nth(&c, "cert", 0), "a");
    assert_string_equal(cli_nth(&c, "cert", 1), "b");
    assert_string_equal(cli_nth(&c, "cert", 2), "c");
    assert_null(cli_nth(&c, "cert", 3));
    cli_free(&c);
}

static void after_two_dashes_all_is_argument(void **state)
{
    cli c;
    bool help;
    (void)state;
    assert_int_equal(parse(&c, &help, WORDS("--", "-k", "--help")), CLI_DONE);
    assert_false(help);
    assert_string_equal(cli_argument_at(&c, 0), "-k");
    assert_string_equal(cli_argument_at(&c, 1), "--help");
    cli_free(&c);
    assert_int_equal(parse(&c, &help, WORDS("-")), CLI_DONE);
    assert_string_equal(cli_argument_at(&c, 0), "-");
    cli_free(&c);
}

static void numbers_and_seconds_are_exact(void **state)
{
    cli c;
    bool help;
    (void)state;
    assert_int_equal(parse(&c, &help, WORDS("-n64", "--timeout=2.05", "u")), CLI_DONE);
    assert_int_equal(cli_number(&c, "count", 7), 64);
    assert_int_equal(cli_ms(&c, "timeout", 7), 2050);
    cli_free(&c);
    assert_int_equal(parse(&c, &help, WORDS("u")), CLI_DONE);
    assert_int_equal(cli_number(&c, "count", 7), 7);
    assert_int_equal(cli_ms(&c, "timeout", 7), 7);
    cli_free(&c);
    static const char *const bad[] = {"-n0",
                                      "-n65",
                                      "-n-1",
                                      "-nx",
                                      "-n1x",
                                      "-n",
                                      "-n+1",
                                      "-n 1",
                                      "-n99999999999999999999999",
                                      "-n1.5",
                                      "--timeout=-1",
                                      "--timeout=1.",
                                      "--timeout=.5",
                                      "--timeout=1.2345",
                                      "--timeout=100.001",
                                      "--timeout=1e2",
                                      "--timeout="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(&c, &help, WORDS("u", bad[i])), CLI_USAGE);
        cli_free(&c);
    }
}

static void help_wins_over_everything_wrong(void **state)
{
    const char *const *const forms[] = {WORDS("--help"), WORDS("-h"), WORDS("--nonsense", "-h"),
                                        WORDS("-kh"), WORDS("-n0", "--help", "a", "b", "c")};
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        cli c;
        bool help;
        assert_int_equal(parse(&c, &help, forms[i]), CLI_DONE);
        assert_true(help);
        assert_string_equal(said, "");
        cli_free(&c);
    }
}

static void what_does_not_fit_is_said_in_words(void **state)
{
    const struct {
        const char *const *words;
        const char *says;
    } bad[] = {
        {WORDS("--ouptut=x", "u"), "did you mean --output?"},
        {WORDS("--insec", "u"), "did you mean --insecure?"},
        {WORDS("--xyzzy", "u"), "handfast test --help"},
        {WORDS("-z", "u"), "unknown option -z"},
        {WORDS("-kz", "u"), "unknown option -z"},
        {WORDS("--insecure=yes", "u"), "--insecure takes no value"},
        {WORDS("u", "--output"), "--output FILE: the value is missing"},
        {WORDS("u", "--output", "--insecure"), "--output=--insecure"},
        {WORDS("u", "--output="), "this value does not fit"},
        {WORDS("--mode", "som", "u"), "one of none|some|all"},
        {WORDS("--mode=none|some", "u"), "one of none|some|all"},
        {WORDS("-k"), "URL is missing"},
        {WORDS("a", "b", "c"), "one argument too many"},
        {WORDS("--", "a", "b", "-k"), "-k"},
        {WORDS("--\x1b[31m", "u"), "\\x1b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cli c;
        bool help;
        assert_int_equal(parse(&c, &help, bad[i].words), CLI_USAGE);
        if (strstr(said, bad[i].says) == NULL || strncmp(said, "handfast: ", 10) != 0)
            fail_msg("wanted \"%s\", got:\n%s", bad[i].says, said);
        assert_null(strchr(said, '\x1b'));
        cli_free(&c);
    }
}

static void a_near_word_is_found_and_a_far_one_is_not(void **state)
{
    static const char *const words[] = {"serve", "get", "connect", "cert", "explain"};
    (void)state;
    assert_string_equal(cli_nearest("srve", words, 5), "serve");
    assert_string_equal(cli_nearest("sevre", words, 5), "serve");
    assert_string_equal(cli_nearest("conect", words, 5), "connect");
    assert_string_equal(cli_nearest("exp", words, 5), "explain");
    assert_string_equal(cli_nearest("gte", words, 5), "get");
    assert_null(cli_nearest("zzzz", words, 5));
    assert_null(cli_nearest("", words, 5));
    assert_null(cli_nearest("a word that is much longer than any word here may be", words, 5));
}

static void exit_statuses_follow_the_kind_of_failure(void **state)
{
    static const struct {
        hf_status code;
        cli_exit exit;
    } pairs[] = {
        {HF_OK, CLI_DONE},
        {HF_E_OUT_OF_MEMORY, CLI_OTHER},
        {HF_E_INTERNAL, CLI_OTHER},
        {HF_E_UNKNOWN_NAME_IN_LIST, CLI_USAGE},
        {HF_E_BAD_HOST_NAME, CLI_USAGE},
        {HF_E_NAME_NOT_FOUND, CLI_NO_CONNECTION},
        {HF_E_CONNECT, CLI_NO_CONNECTION},
        {HF_E_TIMEOUT, CLI_NO_CONNECTION},
        {HF_E_NOT_TLS, CLI_TLS},
        {HF_E_ALERT_RECEIVED, CLI_TLS},
        {HF_E_TRUNCATED, CLI_TLS},
        {HF_E_BAD_FINISHED, CLI_TLS},
        {HF_E_NO_COMMON_VERSION, CLI_TLS},
        {HF_E_CERT_UNTRUSTED, CLI_UNTRUSTED},
        {HF_E_CERT_BAD_SIGNATURE, CLI_UNTRUSTED},
        {HF_E_CERT_MALFORMED, CLI_UNTRUSTED},
        {HF_E_CERT_WRONG_NAME, CLI_WRONG_NAME},
        {HF_E_CERT_EXPIRED, CLI_EXPIRED},
        {HF_E_CERT_NOT_YET_VALID, CLI_EXPIRED},
        {HF_E_STORE_EMPTY, CLI_LOCAL_FILE},
        {HF_E_KEY_MISMATCH, CLI_LOCAL_FILE},
        {HF_E_KEY_PASSWORD, CLI_LOCAL_FILE},
        {HF_E_PEM_NOTHING_FOUND, CLI_LOCAL_FILE},
        {HF_E_CRYPTO, CLI_OTHER},
        {HF_E_SYSTEM, CLI_OTHER},
        {HF_E_FILE, CLI_LOCAL_FILE},
        {-9999, CLI_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_int_equal(cli_exit_of(pairs[i].code), pairs[i].exit);
}

static void escaped_text_cannot_drive_a_terminal(void **state)
{
    static const struct {
        const char *text, *shown;
    } pairs[] = {
        {"plain", "plain"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"a\nb\x1b[0m\x7f", "a\\x0ab\\x1b[0m\\x7f"},
        {"\xc2\x9b", "\\xc2\\x9b"},          /* CSI as one character */
        {"\xc0\xaf", "\\xc0\\xaf"},          /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* a surrogate */
        {"\xe2\x80\xae", "\\xe2\\x80\\xae"}, /* right-to-left override */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
        {"\xe2\x82", "\\xe2\\x82"},
        {"\xff", "\\xff"},
    };
    char out[64];
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        cli_escape(pairs[i].text, strlen(pairs[i].text), out, sizeof out);
        assert_string_equal(out, pairs[i].shown);
    }
    assert_int_equal(cli_escape("a\0b", 3, out, sizeof out), 6);
    for (size_t size = 0; size < 12; size++) { /* cut between characters, never inside one */
        memset(out, 'Z', sizeof out);
        size_t n = cli_escape("\xc3\xbc\x01\xc3\xbc", 5, out, size);
        assert_true(size == 0 ? n == 0 : n < size && out[n] == '\0');
        for (size_t i = size; i < sizeof out; i++)
            assert_int_equal(out[i], 'Z');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_and_short_forms_mean_the_same),
        cmocka_unit_test(flags_bundle_and_count),
        cmocka_unit_test(repeated_options_keep_their_order),
        cmocka_unit_test(after_two_dashes_all_is_argument),
        cmocka_unit_test(numbers_and_seconds_are_exact),
        cmocka_unit_test(help_wins_over_everything_wrong),
        cmocka_unit_test(what_does_not_fit_is_said_in_words),
        cmocka_unit_test(a_near_word_is_found_and_a_far_one_is_not),
        cmocka_unit_test(exit_statuses_follow_the_kind_of_failure),
        cmocka_unit_test(escaped_text_cannot_drive_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
