/* test_explain_tutorial.c: the nine steps of the classic telling, found in connections. */
#define _POSIX_C_SOURCE 200809L
#include "explain_sample.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int connection;

/* One message of a TLS 1.2 handshake; only its type and sender matter here. */
typedef struct said {
    bool client;
    uint8_t type;
} said;

static const said two_way[] = {{true, 1},   {false, 2},   {false, 11}, {false, 12}, {false, 13},
                               {false, 14}, {true, 11},   {true, 16},  {true, 15},  {true, 254},
                               {true, 20},  {false, 254}, {false, 20}};
static const said resumed[] = {{true, 1},   {false, 2},  {false, 254},
                               {false, 20}, {true, 254}, {true, 20}};
static const said one_round_trip[] = {{true, 1},   {false, 2},  {false, 8},  {false, 13},
                                      {false, 25}, {false, 15}, {false, 20}, {true, 11},
                                      {true, 15},  {true, 20}};

enum { MOST = sizeof two_way / sizeof two_way[0] };

/* The document of those messages as `recorder` saw them ("client" or "server"). */
static hf_explain *document(const said *all, size_t n, const char *version, bool by_client)
{
    hf_explain *x = hf_explain_new(NULL);
    assert_non_null(x);
    sample s = {hf_explain_trace(x), (const hf_conn *)&connection, false};
    for (size_t i = 0; i < n; i++) {
        hf_event e = {.kind = HF_TRACE_MESSAGE, .sent = all[i].client == by_client};
        e.message.type = all[i].type;
        e.message.name = all[i].type == 254 ? "ChangeCipherSpec" : hf_message_name(all[i].type);
        sample_emit(&s, &e);
        e = (hf_event){.kind = HF_TRACE_MESSAGE_END, .sent = all[i].client == by_client};
        sample_emit(&s, &e);
    }
    if (version != NULL)
        sample_choice(&s, "version", "", "", version, "the highest that both have");
    hf_explain_finish(x, NULL, NULL);
    return x;
}

static char *rendered(const hf_explain *x, int level)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    hf_explain_text how = {.level = level};
    assert_int_equal(level < 0 ? hf_explain_render_json(x, hf_explain_sink_file(f))
                               : hf_explain_render_text(x, hf_explain_sink_file(f), &how),
                     HF_OK);
    fclose(f);
    return text;
}

/* The step of each lesson by number; -1 where it has none, -2 where it has several. */
static void lessons_of(const hf_explain *x, int step[10])
{
    char *text = rendered(x, -1);
    json_t *root = json_loads(text, 0, NULL), *lesson;
    assert_non_null(root);
    size_t i;
    json_t *all = json_object_get(root, "tutorial");
    assert_int_equal(json_array_size(all), 9);
    json_array_foreach (all, i, lesson) {
        static const char *const members[] = {"title",   "tells", "differs",
                                              "section", "moved", "moved_section"};
        json_t *steps = json_object_get(lesson, "steps");
        assert_int_equal(json_integer_value(json_object_get(lesson, "number")), i + 1);
        for (size_t m = 0; m < sizeof members / sizeof members[0]; m++)
            assert_true(strlen(json_string_value(json_object_get(lesson, members[m]))) > 5);
        size_t n = json_array_size(steps);
        step[i + 1] = n == 0 ? -1 : n > 1 ? -2 : (int)json_integer_value(json_array_get(steps, 0));
    }
    json_decref(root);
    free(text);
}

static void each_step_is_marked_on_a_two_way_handshake(void **state)
{
    (void)state;
    static const int expected[10] = {0, 0, 1, 2, 5, 8, 9, 10, 11, 12};
    for (int client = 0; client < 2; client++) { /* whoever recorded */
        int step[10] = {0};
        hf_explain *x = document(two_way, MOST, "TLS 1.2", client);
        lessons_of(x, step);
        assert_memory_equal(step, expected, sizeof step);
        hf_explain_free(x);
    }
}

static void a_resumed_handshake_skips_three_and_turns_the_end_round(void **state)
{
    (void)state;
    static const int expected[10] = {0, 0, 1, -1, -1, -1, 4, 5, 2, 3};
    int step[10] = {0};
    hf_explain *x = document(resumed, sizeof resumed / sizeof resumed[0], "TLS 1.2", true);
    lessons_of(x, step);
    assert_memory_equal(step, expected, sizeof step);
    hf_explain_free(x);
}

static void the_certificate_of_the_client_is_not_step_three(void **state)
{
    (void)state;
    static const said cut[] = {{true, 1}, {false, 2}, {true, 11}};
    int step[10] = {0};
    hf_explain *x = document(cut, 3, "TLS 1.2", true);
    lessons_of(x, step);
    assert_int_equal(step[3], -1);
    hf_explain_free(x);
}

static void tls13_shows_where_the_steps_went(void **state)
{
    (void)state;
    /* both sides send CertificateVerify; a compressed Certificate is one; nobody is done twice */
    static const int expected[10] = {0, 0, 1, 4, -1, -2, -1, 9, -1, 6};
    int step[10] = {0};
    hf_explain *x =
        document(one_round_trip, sizeof one_round_trip / sizeof one_round_trip[0], "TLS 1.3", true);
    lessons_of(x, step);
    assert_memory_equal(step, expected, sizeof step);
    char *text = rendered(x, 1);
    assert_non_null(strstr(text, "and where they are now"));
    assert_non_null(strstr(text, "4  ServerHelloDone (not in this handshake)"));
    free(text);
    text = rendered(x, 0);
    assert_null(strstr(text, "classic telling")); /* its ladder bears no numbers */
    assert_null(strstr(text, "ClientHello (1)"));
    free(text);
    hf_explain_free(x);
}

static void the_ladder_bears_the_numbers_and_the_long_form_tells_them(void **state)
{
    (void)state;
    hf_explain *x = document(two_way, MOST, "TLS 1.2", true);
    char *text = rendered(x, 0);
    assert_non_null(strstr(text, "ClientHello (1)"));
    assert_non_null(strstr(text, "ServerHelloDone (4)"));
    assert_non_null(strstr(text, "CertificateVerify (5)"));
    assert_non_null(strstr(text, "Finished (9)"));
    assert_non_null(strstr(text, "ServerKeyExchange, ")); /* the telling leaves it out */
    assert_non_null(strstr(text, "-v tells them"));
    free(text);
    text = rendered(x, 1);
    assert_non_null(strstr(text, "A certificate never contains a private key"));
    assert_non_null(strstr(text, "RFC 5246 section 7.4.8"));
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80);
    free(text);
    hf_explain_free(x);
}

static void who_never_said_hello_is_told_nothing(void **state)
{
    (void)state;
    hf_explain *x = document(NULL, 0, NULL, true);
    char *text = rendered(x, -1);
    assert_null(strstr(text, "\"tutorial\""));
    free(text);
    text = rendered(x, 2);
    assert_null(strstr(text, "nine steps"));
    free(text);
    hf_explain_free(x);
}

static void a_handshake_that_stopped_early_marks_what_came(void **state)
{
    (void)state;
    static const int expected[10] = {0, 0, -1, -1, -1, -1, -1, -1, -1, -1};
    int step[10] = {0};
    hf_explain *x = document(two_way, 1, NULL, true);
    lessons_of(x, step);
    assert_memory_equal(step, expected, sizeof step);
    hf_explain_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_is_marked_on_a_two_way_handshake),
        cmocka_unit_test(a_resumed_handshake_skips_three_and_turns_the_end_round),
        cmocka_unit_test(the_certificate_of_the_client_is_not_step_three),
        cmocka_unit_test(tls13_shows_where_the_steps_went),
        cmocka_unit_test(the_ladder_bears_the_numbers_and_the_long_form_tells_them),
        cmocka_unit_test(who_never_said_hello_is_told_nothing),
        cmocka_unit_test(a_handshake_that_stopped_early_marks_what_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
