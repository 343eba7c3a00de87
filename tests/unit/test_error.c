/* test_error.c: every error has a number of its own, says what happened, and fits its text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int number;
    uint8_t alert;
    const char *sentence, *remedy, *section;
} listed[] = {
#define HF_ERROR(name, number, alert, sentence, remedy, section)                                   \
    {#name, number, HF_ALERT_##alert, sentence, remedy, section},
#include <handfast/errors.def>
#undef HF_ERROR
};

#define LISTED (sizeof(listed) / sizeof(listed[0]))

static void numbers_are_distinct_and_rise(void **state)
{
    (void)state;
    for (size_t i = 0; i < LISTED; i++) {
        assert_true(listed[i].number > 0);
        if (i > 0 && listed[i].number <= listed[i - 1].number)
            fail_msg("%s has number %d after %d", listed[i].name, listed[i].number,
                     listed[i - 1].number);
    }
}

static void numbers_stand_in_their_ranges(void **state)
{
    (void)state;
    /* errors.def: 1 general, 20 use, 40 records, 70 handshake, 140 certificates, 200 keys, 220 i/o;
     * from 300 on handshake, and from 400 certificates, continued */
    static const struct {
        const char *name;
        int least, most;
    } ranges[] = {{"OUT_OF_MEMORY", 1, 19},     {"CONFIG_FROZEN", 20, 39},
                  {"RECORD_TYPE", 40, 69},      {"UNEXPECTED_MESSAGE", 70, 139},
                  {"CERT_MALFORMED", 140, 199}, {"KEY_MALFORMED", 200, 219},
                  {"NAME_NOT_FOUND", 220, 299}};
    size_t range = 0;
    for (size_t i = 0; i < LISTED; i++) {
        if (range + 1 < sizeof(ranges) / sizeof(ranges[0]) &&
            strcmp(listed[i].name, ranges[range + 1].name) == 0)
            range++;
        if (listed[i].number < 300)
            assert_in_range(listed[i].number, ranges[range].least, ranges[range].most);
        assert_in_range(listed[i].number, 1, 499);
    }
    assert_int_equal(range, sizeof(ranges) / sizeof(ranges[0]) - 1);
}

static void every_code_is_found_with_all_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < LISTED; i++) {
        hf_status code = -listed[i].number;
        assert_string_equal(hf_error_name(code), listed[i].name);
        assert_string_equal(hf_error_sentence(code), listed[i].sentence);
        assert_string_equal(hf_error_remedy(code), listed[i].remedy);
        assert_string_equal(hf_error_section(code), listed[i].section);
        assert_int_equal(hf_error_alert(code), listed[i].alert);
    }
}

/* A sentence starts small (it follows a program's name and a colon), has no full stop, and so does
 * what one can try; both are there. */
static void sentences_are_sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < LISTED; i++) {
        const char *texts[2] = {listed[i].sentence, listed[i].remedy};
        for (size_t k = 0; k < 2; k++) {
            size_t n = strlen(texts[k]);
            if (n < 8 || texts[k][n - 1] == '.' || texts[k][n - 1] == ' ' || texts[k][0] == ' ' ||
                strchr(texts[k], '\n') != NULL)
                fail_msg("%s: \"%s\"", listed[i].name, texts[k]);
        }
        if (isupper((unsigned char)listed[i].sentence[0]) &&
            !isupper((unsigned char)listed[i].sentence[1])) {
            /* a word of the protocol may stand first: KeyUpdate, HelloRetryRequest */
            size_t inner = 1;
            while (islower((unsigned char)listed[i].sentence[inner]))
                inner++;
            assert_true(isupper((unsigned char)listed[i].sentence[inner]));
        }
        const char *section = listed[i].section;
        if (section[0] != '\0' &&
            (strncmp(section, "RFC ", 4) != 0 || strstr(section, " section ") == NULL))
            fail_msg("%s: section \"%s\"", listed[i].name, section);
    }
}

static void codes_that_are_not_listed_are_said_to_be_unknown(void **state)
{
    (void)state;
    static const hf_status codes[] = {1, 72, -19, -9999, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_string_equal(hf_error_name(codes[i]), "UNKNOWN");
        assert_int_equal(hf_error_alert(codes[i]), HF_ALERT_internal_error);
    }
    assert_string_equal(hf_error_name(HF_OK), "OK");
}

static void alerts_have_the_names_of_the_standard(void **state)
{
    (void)state;
    assert_string_equal(hf_alert_name(0), "close_notify");
    assert_string_equal(hf_alert_name(10), "unexpected_message");
    assert_string_equal(hf_alert_name(40), "handshake_failure");
    assert_string_equal(hf_alert_name(47), "illegal_parameter");
    assert_string_equal(hf_alert_name(50), "decode_error");
    assert_string_equal(hf_alert_name(109), "missing_extension");
    assert_string_equal(hf_alert_name(116), "certificate_required");
    assert_string_equal(hf_alert_name(120), "no_application_protocol");
    assert_string_equal(hf_alert_name(1), "unknown");
    assert_string_equal(hf_alert_name(255), "unknown");
    for (size_t i = 0; i < LISTED; i++)
        assert_string_not_equal(hf_alert_name(listed[i].alert), "unknown");
}

/* ---- filling ---- */

static void fail_fills_and_returns_the_code(void **state)
{
    (void)state;
    hf_error e;
    memset(&e, 0xff, sizeof(e));
    assert_int_equal(hf_fail(&e, HF_E_VALUE, "cookie", "one of 1 or 2", "%d and %s", 3, "four"),
                     HF_E_VALUE);
    assert_int_equal(e.code, HF_E_VALUE);
    assert_int_equal(e.alert, HF_ALERT_illegal_parameter);
    assert_false(e.alert_sent || e.alert_received || e.has_offset);
    assert_null(e.message);
    assert_string_equal(e.field, "cookie");
    assert_string_equal(e.expected, "one of 1 or 2");
    assert_string_equal(e.got, "3 and four");
    assert_string_equal(e.subject, "");
    hf_error_expected(&e, "%zu bytes", (size_t)7);
    hf_error_subject(&e, "certificate %d", 2);
    assert_string_equal(e.expected, "7 bytes");
    assert_string_equal(e.subject, "certificate 2");

    assert_int_equal(hf_fail(&e, HF_E_DECODE, NULL, NULL, NULL), HF_E_DECODE);
    assert_string_equal(e.got, "");
    assert_string_equal(e.subject, "");
    assert_int_equal(hf_fail(NULL, HF_E_DECODE, "f", "e", "%d", 1), HF_E_DECODE);
    hf_error_expected(NULL, "x");
    hf_error_subject(NULL, "x");
}

static void long_words_are_cut(void **state)
{
    (void)state;
    char word[400];
    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    hf_error e;
    hf_fail(&e, HF_E_VALUE, "f", word, "%s", word);
    hf_error_subject(&e, "%s", word);
    assert_int_equal(strlen(e.expected), HF_ERROR_TEXT - 1);
    assert_int_equal(strlen(e.got), HF_ERROR_TEXT - 1);
    assert_int_equal(strlen(e.subject), HF_ERROR_TEXT - 1);
}

/* ---- the text ---- */

static void text_tells_all_that_is_known(void **state)
{
    (void)state;
    char text[1024];
    hf_error e;
    hf_fail(&e, HF_E_DECODE, "cookie", "1 bytes", "only %d bytes are left", 0);
    hf_error_subject(&e, "www.example");
    e.message = "HelloRetryRequest";
    e.has_offset = true;
    e.offset = 77;
    e.alert_sent = true;
    size_t n = hf_error_format(&e, text, sizeof(text));
    assert_int_equal(n, strlen(text));
    assert_string_equal(
        text, "a message does not have the form the protocol gives it (RFC 9846 section 6.2)\n"
              "  on        www.example\n"
              "  where     HelloRetryRequest, cookie, byte 77\n"
              "  expected  1 bytes\n"
              "  got       only 0 bytes are left\n"
              "  alert     sent decode_error\n"
              "  try       the peer is broken, or the bytes were changed on the way\n");
}

static void text_leaves_out_what_is_not_known(void **state)
{
    (void)state;
    char text[1024];
    hf_error e = {.code = HF_E_OUT_OF_MEMORY};
    hf_error_format(&e, text, sizeof(text));
    assert_string_equal(text,
                        "memory ran out\n"
                        "  try       free memory or raise the process's limit, then try again\n");
    e = (hf_error){.code = HF_E_VALUE, .field = "cookie"};
    hf_error_format(&e, text, sizeof(text));
    assert_non_null(strstr(text, "  where     cookie\n"));
    e = (hf_error){.code = HF_E_VALUE, .message = "ServerHello"};
    hf_error_format(&e, text, sizeof(text));
    assert_non_null(strstr(text, "  where     ServerHello\n"));
    e = (hf_error){.code = HF_E_ALERT_RECEIVED, .alert_received = true, .alert = 40};
    hf_error_format(&e, text, sizeof(text));
    assert_non_null(strstr(text, "  alert     received handshake_failure\n"));
    e = (hf_error){0};
    hf_error_format(&e, text, sizeof(text));
    assert_string_equal(text, "no error\n");
}

static void the_fullest_error_fits_1024_bytes(void **state)
{
    (void)state;
    char text[4096], word[HF_ERROR_TEXT];
    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    for (size_t i = 0; i < LISTED; i++) {
        hf_error e;
        hf_fail(&e, -listed[i].number, "sequence_number_encryption_algorithms", word, "%s", word);
        hf_error_subject(&e, "%s", word);
        e.message = "EncryptedExtensions";
        e.alert = HF_ALERT_bad_certificate_status_response;
        e.alert_sent = e.alert_received = e.has_offset = true;
        e.offset = UINT32_MAX;
        size_t n = hf_error_format(&e, text, sizeof(text));
        if (n >= 1024)
            fail_msg("%s needs %zu bytes", listed[i].name, n + 1);
    }
}

static void a_short_text_is_cut_and_ended(void **state)
{
    (void)state;
    char whole[1024], text[1024];
    hf_error e;
    hf_fail(&e, HF_E_DECODE, "cookie", "this", "that");
    size_t n = hf_error_format(&e, whole, sizeof(whole));
    for (size_t size = 1; size <= n + 1; size++) {
        memset(text, 0x7f, sizeof(text));
        assert_int_equal(hf_error_format(&e, text, size), size - 1);
        assert_memory_equal(text, whole, size - 1);
        assert_int_equal(text[size - 1], 0);
        assert_int_equal(text[size], 0x7f);
    }
    text[0] = 0x7f;
    assert_int_equal(hf_error_format(&e, text, 0), 0);
    assert_int_equal(text[0], 0x7f);
}

static void version_is_one(void **state)
{
    (void)state;
    char text[32];
    snprintf(text, sizeof(text), "%d.%d.%d", HF_VERSION_MAJOR, HF_VERSION_MINOR, HF_VERSION_PATCH);
    assert_string_equal(hf_version(), text);
    assert_string_equal(HF_VERSION_STRING, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_distinct_and_rise),
        cmocka_unit_test(numbers_stand_in_their_ranges),
        cmocka_unit_test(every_code_is_found_with_all_its_words),
        cmocka_unit_test(sentences_are_sentences),
        cmocka_unit_test(codes_that_are_not_listed_are_said_to_be_unknown),
        cmocka_unit_test(alerts_have_the_names_of_the_standard),
        cmocka_unit_test(fail_fills_and_returns_the_code),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(text_tells_all_that_is_known),
        cmocka_unit_test(text_leaves_out_what_is_not_known),
        cmocka_unit_test(the_fullest_error_fits_1024_bytes),
        cmocka_unit_test(a_short_text_is_cut_and_ended),
        cmocka_unit_test(version_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
