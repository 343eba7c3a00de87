/* test_explain_page.c: the page holds the document and all that it needs, and nothing in the
 * document can leave its place. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include "explain/causes.h"
#include "explain_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

static hf_explain *recording(const char *host)
{
    hf_explain *x = hf_explain_new(NULL);
    assert_non_null(x);
    sample s = {.trace = hf_explain_trace(x)};
    sample_client_hello(&s, host);
    sample_server_hello(&s);
    hf_explain_set_target(x, host);
    hf_explain_finish(x, NULL, NULL);
    return x;
}

static char *page_of(const hf_explain *x, const hf_explain_html *how)
{
    char *page = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&page, &n);
    assert_non_null(out);
    assert_int_equal(hf_explain_render_html(x, hf_explain_sink_file(out), how), HF_OK);
    fclose(out);
    assert_int_equal(strlen(page), n);
    return page;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
        n++;
    return n;
}

static void text_of_a_peer_cannot_end_its_place(void **state)
{
    (void)state;
    hf_explain *x = recording("</script><script>alert(1)</script><!--");
    char *page = page_of(x, NULL);
    assert_int_equal(count(page, "</script"), 2); /* the document's, and the program's */
    assert_int_equal(count(page, "<!--"), 0);
    assert_non_null(strstr(page, "\\u003c/script>\\u003cscript>alert(1)"));
    free(page);
    hf_explain_free(x);
}

/* Each hash of the policy is that of what stands between the tags: else nothing would run. */
static void assert_hash(const char *page, const char *directive, const char *open,
                        const char *close)
{
    unsigned char digest[EVP_MAX_MD_SIZE], encoded[80];
    const char *from = strstr(page, open);
    assert_non_null(from);
    from += strlen(open);
    const char *to = strstr(from, close);
    assert_non_null(to);
    assert_int_equal(EVP_Digest(from, (size_t)(to - from), digest, NULL, EVP_sha256(), NULL), 1);
    EVP_EncodeBlock(encoded, digest, 32);
    char expected[160];
    snprintf(expected, sizeof expected, "%s 'sha256-%s'", directive, encoded);
    assert_non_null(strstr(page, expected));
}

static void the_policy_lets_run_what_stands_here_and_nothing_else(void **state)
{
    (void)state;
    hf_explain *x = recording("example.test");
    char *page = page_of(x, NULL);
    assert_hash(page, "script-src", "<script type=\"module\">", "</script>");
    assert_hash(page, "style-src", "<style>", "</style>");
    assert_non_null(strstr(page, "default-src 'none'"));
    assert_non_null(strstr(page, "connect-src 'none'"));
    assert_null(strstr(page, "unsafe"));
    free(page);
    hf_explain_free(x);
}

static void a_page_asks_nobody_for_anything(void **state)
{
    (void)state;
    hf_explain *x = recording("example.test");
    char *page = page_of(x, NULL);
    assert_null(strstr(page, " src="));
    assert_null(strstr(page, "@import"));
    assert_int_equal(count(page, "url("), count(page, "url(#")); /* parts of the page itself */
    assert_null(strstr(page, "\nimport "));
    assert_null(strstr(page, "href=\"style.css\""));
    free(page);
    hf_explain_free(x);
}

static void a_page_that_a_server_sends_may_ask_that_server(void **state)
{
    (void)state;
    hf_explain *x = recording("example.test");
    char *page = page_of(x, &(hf_explain_html){.live = true, .connection = 42});
    assert_non_null(strstr(page, "connect-src 'self'"));
    assert_non_null(strstr(page, "data-live data-connection=\"42\""));
    free(page);
    hf_explain_free(x);
}

static void two_connections_stand_in_one_page(void **state)
{
    (void)state;
    hf_explain *x = recording("one.test"), *y = recording("two.test");
    char *page = page_of(x, &(hf_explain_html){.second = y});
    assert_int_equal(count(page, "\"format\":\"handfast-explain\""), 2);
    assert_non_null(strstr(page, "id=\"explain-data-2\""));
    free(page);
    page = page_of(NULL, NULL); /* and none: a page that asks for a file */
    assert_int_equal(count(page, "\"format\":\"handfast-explain\""), 0);
    assert_non_null(strstr(page, "id=\"explain-data\""));
    free(page);
    hf_explain_free(x);
    hf_explain_free(y);
}

static bool stop_after(void *ctx, const char *p, size_t n)
{
    size_t *left = ctx;
    (void)p;
    if (*left < n)
        return false;
    *left -= n;
    return true;
}

static void a_sink_that_stops_is_told(void **state)
{
    (void)state;
    hf_explain *x = recording("example.test");
    char *page = page_of(x, NULL);
    size_t n = strlen(page);
    for (size_t at = 0; at < n; at += 1 + n / 200) {
        size_t left = at;
        assert_int_equal(hf_explain_render_html(x, (hf_explain_sink){stop_after, &left}, NULL),
                         HF_E_FILE);
    }
    size_t enough = n;
    assert_int_equal(hf_explain_render_html(x, (hf_explain_sink){stop_after, &enough}, NULL),
                     HF_OK);
    free(page);
    hf_explain_free(x);
}

static void a_command_never_carries_more_than_a_plain_target(void **state)
{
    (void)state;
    char text[200];
    const ex_causes *c = ex_causes_of(&(hf_error){.code = HF_E_CERT_WRONG_NAME});
    assert_non_null(c);
    assert_string_equal(ex_command_text(text, sizeof text, c, "example.test:443"),
                        "handfast cert show example.test:443");
    static const char *const hostile[] = {"a;reboot", "$(reboot)", "-k",  "a b", "`x`",
                                          "a\nb",     "",          "a'b", "a|b", "a>b"};
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        assert_string_equal(ex_command_text(text, sizeof text, c, hostile[i]),
                            "handfast cert show HOST:PORT");
    assert_string_equal(ex_command_text(text, sizeof text, c, NULL),
                        "handfast cert show HOST:PORT");
    c = ex_causes_of(&(hf_error){.code = HF_E_NAME_NOT_FOUND});
    assert_string_equal(ex_command_text(text, sizeof text, c, "[::1]:443"), "getent hosts [::1]");
    assert_string_equal(ex_command_text(text, sizeof text, c, "a.test:1"), "getent hosts a.test");
    for (size_t size = 1; size < 24; size++)
        assert_true(strlen(ex_command_text(text, size, c, "a.test:1")) < size);
}

static void a_failure_comes_with_its_causes(void **state)
{
    (void)state;
    hf_explain *x = recording("example.test");
    hf_explain_finish(x, NULL, &(hf_error){.code = HF_E_CERT_EXPIRED});
    char *page = page_of(x, NULL);
    assert_non_null(
        strstr(page, "\"causes\":[\"the server's certificate was not renewed in time\""));
    assert_non_null(strstr(page, "\"command\":\"handfast cert show example.test\""));
    free(page);
    hf_explain_free(x);
    assert_null(ex_causes_of(&(hf_error){.code = HF_OK}));
    const ex_causes *any = ex_causes_of(&(hf_error){.code = HF_E_ALERT_RECEIVED, .alert = 200});
    const ex_causes *one =
        ex_causes_of(&(hf_error){.code = HF_E_ALERT_RECEIVED, .alert = HF_ALERT_protocol_version});
    assert_non_null(any);
    assert_string_equal(any->command, "handfast explain -v %t");
    assert_string_equal(one->command, "handfast explain --min-version 1.2 %t");
}

/* Whoever meets a verdict about a certificate has somewhere to go on: what usually lies behind it,
 * and a command. SCT_... are told and never end a connection by themselves. */
static void each_verdict_about_a_certificate_has_its_causes(void **state)
{
    static const struct {
        hf_status code;
        uint8_t alert;
        const char *name;
    } listed[] = {
#define HF_ERROR(name, number, alert, sentence, remedy, section)                                   \
    {-(number), HF_ALERT_##alert, #name},
#include <handfast/errors.def>
#undef HF_ERROR
    };
    (void)state;
    for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
        bool certificate = (listed[i].code <= -140 && listed[i].code > -200) ||
                           (listed[i].code <= -400 && listed[i].code > -500);
        if (!certificate || listed[i].alert == HF_ALERT_internal_error ||
            strncmp(listed[i].name, "SCT_", 4) == 0 || listed[i].code == HF_E_CERT_REFUSED ||
            listed[i].code == HF_E_OCSP_MALFORMED)
            continue;
        const ex_causes *c = ex_causes_of(&(hf_error){.code = listed[i].code});
        if (c == NULL || c->causes[0] == NULL || strncmp(c->command, "handfast ", 9) != 0)
            if (listed[i].code != HF_E_CERT_NOT_YET_VALID) /* its command is date */
                fail_msg("%s", listed[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_a_peer_cannot_end_its_place),
        cmocka_unit_test(the_policy_lets_run_what_stands_here_and_nothing_else),
        cmocka_unit_test(a_page_asks_nobody_for_anything),
        cmocka_unit_test(a_page_that_a_server_sends_may_ask_that_server),
        cmocka_unit_test(two_connections_stand_in_one_page),
        cmocka_unit_test(a_sink_that_stops_is_told),
        cmocka_unit_test(a_command_never_carries_more_than_a_plain_target),
        cmocka_unit_test(a_failure_comes_with_its_causes),
        cmocka_unit_test(each_verdict_about_a_certificate_has_its_causes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
