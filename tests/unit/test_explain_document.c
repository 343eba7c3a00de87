/* test_explain_document.c: events become a document, and the document text and JSON and back. */
#define _POSIX_C_SOURCE 200809L
#include "explain_sample.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int one_connection, other_connection;

typedef struct text {
    char *p;
    size_t n, room, stop_at; /* stop_at: refuse beyond so many bytes; 0: never */
} text;

static bool collect(void *ctx, const char *p, size_t n)
{
    text *t = ctx;
    if (t->stop_at != 0 && t->n + n > t->stop_at)
        return false;
    if (t->n + n + 1 > t->room) {
        t->room = 2 * (t->n + n + 1);
        t->p = realloc(t->p, t->room);
        assert_non_null(t->p);
    }
    memcpy(t->p + t->n, p, n);
    t->n += n;
    t->p[t->n] = '\0';
    return true;
}

static char *as_text(const hf_explain *x, int level, bool color)
{
    text t = {0};
    hf_explain_text how = {.level = level, .color = color, .now_s = 1750000000};
    assert_int_equal(hf_explain_render_text(x, (hf_explain_sink){collect, &t}, &how), HF_OK);
    return t.p;
}

static char *as_json(const hf_explain *x)
{
    text t = {0};
    assert_int_equal(hf_explain_render_json(x, (hf_explain_sink){collect, &t}), HF_OK);
    return t.p;
}

static hf_explain *recorder(const hf_explain_options *given)
{
    static int64_t now;
    hf_explain_options o = {0};
    if (given != NULL)
        o = *given;
    now = 0;
    o.now_ns = sample_clock;
    if (o.ctx == NULL)
        o.ctx = &now;
    return hf_explain_new(&o);
}

static hf_explain *recorded(const hf_explain_options *options)
{
    hf_explain *x = recorder(options);
    assert_non_null(x);
    sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
    hf_explain_set_target(x, "example.test:443");
    sample_handshake(&s, "example.test");
    hf_explain_finish(x, NULL, NULL);
    return x;
}

static void has(const char *where, const char *what)
{
    if (strstr(where, what) == NULL)
        fail_msg("\"%s\" is not in:\n%s", what, where);
}

static void lacks(const char *where, const char *what)
{
    if (strstr(where, what) != NULL)
        fail_msg("\"%s\" is in:\n%s", what, where);
}

static void no_line_is_wider_than(const char *p, size_t most)
{
    while (*p != '\0') {
        size_t n = strcspn(p, "\n"), wide = 0;
        for (size_t i = 0; i < n; i++)
            wide += ((unsigned char)p[i] & 0xc0) != 0x80;
        if (wide > most)
            fail_msg("%zu columns: %.*s", wide, (int)n, p);
        p += n + (p[n] == '\n');
    }
}

/* ---- text ---- */

static void text_shows_the_ladder_and_the_main_fields(void **state)
{
    (void)state;
    hf_explain *x = recorded(NULL);
    char *t = as_text(x, 0, false);
    if (getenv("HF_SHOW") != NULL)
        puts(t);
    has(t, "example.test:443");
    has(t, "TLS 1.3, 1 round trip");
    has(t, "ClientHello, ");
    has(t, "server_name             example.test\n");
    has(t, "ALPN                    h2, http/1.1\n");
    has(t, "cipher_suites           TLS_AES_128_GCM_SHA256,\n");
    lacks(t, " \n");
    has(t, "supported_versions      TLS 1.3, TLS 1.2\n");
    has(t, "(4 bytes)"); /* a key share's size beside its group */
    has(t, "and 2 more");
    has(t, "The certificates");
    has(t, "application data, 1,900 bytes in 2 records");
    has(t, "the highest that both have");
    has(t, "Verdict:");
    lacks(t, "GREASE");
    lacks(t, "legacy_version");
    lacks(t, "\033");
    no_line_is_wider_than(t, 80);
    free(t);
    hf_explain_free(x);
}

static void encrypted_rungs_differ_from_plain_ones(void **state)
{
    (void)state;
    hf_explain *x = recorded(NULL);
    char *t = as_text(x, 0, false);
    has(t, "<---");
    has(t, " --");
    has(t, "=== EncryptedExtensions");
    has(t, "Finished, 8 bytes ===");
    has(t, "--- ServerHello");
    free(t);
    hf_explain_free(x);
}

static void levels_add_fields_and_then_bytes(void **state)
{
    (void)state;
    hf_explain *x = recorded(NULL);
    char *one = as_text(x, 1, false), *two = as_text(x, 2, false);
    has(one, "legacy_version");
    has(one, "derives SERVER_HANDSHAKE_TRAFFIC_SECRET from handshake secret,");
    has(one, "computed: agree X25519, in 1.0 ms");
    lacks(one, "00000  01");
    has(two, "00000  01 00");
    has(two, "waiting for ServerHello");
    no_line_is_wider_than(one, 80);
    no_line_is_wider_than(two, 80);
    free(one);
    free(two);
    hf_explain_free(x);
}

static void color_is_only_there_when_asked_for(void **state)
{
    (void)state;
    hf_explain *x = recorded(NULL);
    char *t = as_text(x, 0, true);
    has(t, "\033[1m");
    free(t);
    hf_explain_free(x);
}

static void what_a_peer_sends_cannot_drive_the_terminal(void **state)
{
    (void)state;
    hf_explain *x = recorder(NULL);
    sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
    sample_opening(&s, "a\033[2Jb\r\xe2\x80\xae\x9b.test");
    sample_choice(&s, "ALPN", "\033]0;x\007", "\xff\xfe", "h2\n\n", "none\x7f");
    hf_explain_finish(x, NULL, NULL);
    for (int level = 0; level < 3; level++) {
        char *t = as_text(x, level, false);
        for (const char *p = t; *p != '\0'; p++)
            assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
        lacks(t, "\xe2\x80\xae");
        has(t, "\\x1b[2J");
        free(t);
    }
    hf_explain_free(x);
}

static void a_failure_names_step_field_byte_and_remedy(void **state)
{
    (void)state;
    hf_explain *x = recorder(NULL);
    sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
    sample_opening(&s, "example.test");
    hf_error e = {.code = HF_E_SUITE_NOT_OFFERED,
                  .alert = HF_ALERT_illegal_parameter,
                  .alert_sent = true,
                  .message = "ServerHello",
                  .field = "cipher_suite",
                  .has_offset = true,
                  .offset = 71};
    strcpy(e.expected, "one of TLS_AES_128_GCM_SHA256");
    strcpy(e.got, "TLS_NULL_WITH_NULL_NULL");
    hf_event event = {.kind = HF_TRACE_ERROR, .error = &e};
    sample_emit(&s, &event);
    hf_explain_finish(x, NULL, NULL);
    assert_true(hf_explain_failed(x));
    for (int level = 0; level < 3; level++) {
        char *t = as_text(x, level, false);
        if (getenv("HF_SHOW") != NULL && level == 0)
            puts(t);
        has(t, "Failed:");
        has(t, hf_error_sentence(HF_E_SUITE_NOT_OFFERED));
        has(t, "ServerHello from the server after");
        has(t, "field       cipher_suite\n");
        has(t, "byte        71\n");
        has(t, "[13 01]");
        has(t, "TLS_NULL_WITH_NULL_NULL");
        has(t, "illegal_parameter (47), sent to the peer");
        has(t, hf_error_section(HF_E_SUITE_NOT_OFFERED));
        no_line_is_wider_than(t, 80);
        free(t);
    }
    hf_explain_free(x);
}

static void a_connection_that_was_never_made_is_explained_too(void **state)
{
    (void)state;
    hf_explain *x = recorder(NULL);
    hf_error e = {.code = HF_E_CONNECT, .subject = "example.test:443"};
    hf_explain_finish(x, NULL, &e);
    char *t = as_text(x, 0, false);
    has(t, hf_error_sentence(HF_E_CONNECT));
    free(t);
    free(as_json(x));
    hf_explain_free(x);
}

static void every_byte_offset_can_be_the_failing_one(void **state)
{
    (void)state;
    for (uint32_t offset = 0; offset < 200; offset++) {
        hf_explain *x = recorder(NULL);
        sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
        sample_opening(&s, "example.test");
        hf_error e = {
            .code = HF_E_DECODE, .message = "ServerHello", .has_offset = true, .offset = offset};
        hf_explain_finish(x, NULL, &e);
        char *t = as_text(x, 0, false);
        if (offset < 94) { /* else it is not in the message */
            has(t, "[");
            has(t, "]");
        }
        no_line_is_wider_than(t, 80);
        free(t);
        hf_explain_free(x);
    }
}

/* ---- JSON ---- */

static json_t *parsed(const char *t)
{
    json_error_t why;
    json_t *root = json_loads(t, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL)
        fail_msg("%s at %d: %.200s", why.text, why.position, t);
    return root;
}

static void json_is_valid_and_holds_every_step(void **state)
{
    (void)state;
    hf_explain *x = recorded(NULL);
    char *t = as_json(x);
    json_t *root = parsed(t);
    assert_string_equal(json_string_value(json_object_get(root, "format")), "handfast-explain");
    assert_int_equal(json_integer_value(json_object_get(root, "version")), 1);
    json_t *connection = json_object_get(root, "connection");
    assert_string_equal(json_string_value(json_object_get(connection, "role")), "client");
    assert_string_equal(json_string_value(json_object_get(connection, "version")), "TLS 1.3");
    assert_int_equal(json_integer_value(json_object_get(connection, "round_trips")), 1);
    json_t *steps = json_object_get(root, "steps"), *s;
    size_t i, messages = 0, fields = 0;
    json_array_foreach (steps, i, s) {
        assert_int_equal(json_integer_value(json_object_get(s, "step")), i);
        if (strcmp(json_string_value(json_object_get(s, "kind")), "message") == 0)
            messages++;
        fields += json_array_size(json_object_get(s, "fields"));
    }
    assert_int_equal(messages, 7);
    assert_true(fields > 80);
    assert_int_equal(json_array_size(json_object_get(root, "flights")), 4);
    assert_non_null(json_object_get(json_object_get(root, "words"), "cipher_suites"));
    assert_true(json_is_true(json_object_get(json_object_get(root, "verdict"), "ok")));
    json_decref(root);
    free(t);
    hf_explain_free(x);
}

static void json_stays_valid_whatever_bytes_come(void **state)
{
    (void)state;
    hf_explain *x = recorder(NULL);
    sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
    char all[256];
    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = '\0';
    sample_choice(&s, all, "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf\xe0\x80\x80\xf0\x9f",
                  "\"\\");
    hf_explain_finish(x, NULL, NULL);
    char *t = as_json(x);
    json_decref(parsed(t));
    free(t);
    hf_explain_free(x);
}

static void a_document_that_is_read_back_says_the_same(void **state)
{
    (void)state;
    for (int secrets = 0; secrets < 2; secrets++) {
        hf_explain_options o = {.secrets = secrets != 0, .application_data = true};
        hf_explain *x = recorded(&o), *y;
        char *t = as_json(x);
        hf_error e;
        assert_int_equal(hf_explain_read_json(hf_bytes_text(t), NULL, &y, &e), HF_OK);
        for (int level = 0; level < 3; level++) {
            char *before = as_text(x, level, false), *after = as_text(y, level, false);
            assert_string_equal(before, after);
            free(before);
            free(after);
        }
        free(t);
        hf_explain_free(x);
        hf_explain_free(y);
    }
}

static void a_failure_survives_being_written_and_read(void **state)
{
    (void)state;
    hf_explain *x = recorder(NULL), *y;
    sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
    sample_opening(&s, "example.test");
    hf_error e = {.code = HF_E_DECODE, .message = "ServerHello", .has_offset = true, .offset = 40};
    hf_explain_finish(x, NULL, &e);
    char *t = as_json(x);
    assert_int_equal(hf_explain_read_json(hf_bytes_text(t), NULL, &y, NULL), HF_OK);
    assert_true(hf_explain_failed(y));
    char *before = as_text(x, 1, false), *after = as_text(y, 1, false);
    assert_string_equal(before, after);
    free(before);
    free(after);
    free(t);
    hf_explain_free(x);
    hf_explain_free(y);
}

/* One certificate timestamp that does not count is told, in every form, and is no failure. */
static void what_is_advisory_is_told_and_is_no_failure(void **state)
{
    (void)state;
    hf_explain *x = recorder(NULL), *y;
    sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
    sample_handshake(&s, "example.test");
    hf_key *key;
    hf_bytes der;
    hf_cert cert;
    const hf_cert_template self = {.subject = "CN=leaf", .not_after_s = 1, .path_len = -1};
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &key, NULL), HF_OK);
    assert_int_equal(hf_cert_issue(&self, hf_key_public(key), NULL, key, &der, NULL), HF_OK);
    assert_int_equal(hf_cert_parse(der, &cert, NULL), HF_OK);
    hf_check check = {.name = "SCT",
                      .section = "RFC 6962 section 3.2",
                      .cert = &cert,
                      .result = HF_E_SCT_UNKNOWN_LOG,
                      .advisory = true};
    hf_event e = {.kind = HF_TRACE_CHECK, .check = &check};
    sample_emit(&s, &e);
    hf_explain_finish(x, NULL, NULL);
    assert_false(hf_explain_failed(x));
    char *t = as_json(x), *before = as_text(x, 1, false);
    has(t, "\"advisory\":true");
    assert_int_equal(hf_explain_read_json(hf_bytes_text(t), NULL, &y, NULL), HF_OK);
    char *after = as_text(y, 1, false);
    assert_string_equal(before, after);
    has(after, "not counted");
    lacks(after, "FAILED");
    hf_der_free(der);
    hf_key_free(key);
    free(before);
    free(after);
    free(t);
    hf_explain_free(x);
    hf_explain_free(y);
}

static void what_is_no_document_is_refused_with_the_place(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "nonsense",
        "[]",
        "{}",
        "{\"format\":\"other\",\"version\":1,\"steps\":[]}",
        "{\"format\":\"handfast-explain\",\"version\":2,\"steps\":[]}",
        "{\"format\":\"handfast-explain\",\"version\":1}",
        "{\"format\":7,\"version\":1,\"steps\":[]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[5]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[{}]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[{\"kind\":\"field\"}]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[{\"kind\":\"record\",\"type\":"
        "256}]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[{\"kind\":\"record\",\"wire\":"
        "\"0\"}]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[{\"kind\":\"record\",\"wire\":"
        "\"zz\"}]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[{\"kind\":\"record\",\"t_us\":-"
        "1}]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[{\"kind\":\"message\","
        "\"fields\":[1]}]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[{\"kind\":\"message\","
        "\"fields\":"
        "[{\"form\":\"x\"}]}]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[{\"kind\":\"check\","
        "\"certificate\":0}]}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"steps\":[{\"kind\":\"check\",\"code\":1}]"
        "}",
        "{\"format\":\"handfast-explain\",\"version\":1,\"certificates\":[{}],\"steps\":[]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hf_explain *x = NULL;
        hf_error e = {0};
        if (hf_explain_read_json(hf_bytes_text(bad[i]), NULL, &x, &e) != HF_E_VALUE)
            fail_msg("accepted: %s", bad[i]);
        assert_null(x);
        assert_int_equal(e.code, HF_E_VALUE);
        assert_non_null(e.field);
    }
}

static void a_document_cut_short_or_changed_never_breaks_the_reader(void **state)
{
    (void)state;
    hf_explain *x = recorded(NULL);
    char *t = as_json(x);
    size_t n = strlen(t);
    unsigned seed = 1;
    for (int i = 0; i < 300; i++) {
        char *copy = malloc(n + 1);
        memcpy(copy, t, n + 1);
        for (int change = 0; change < 3; change++) {
            seed = seed * 1103515245 + 12345;
            size_t at = (seed >> 8) % n;
            seed = seed * 1103515245 + 12345;
            if (copy[at] >= '0' && copy[at] <= '9')
                copy[at] = (char)('0' + (seed >> 16) % 10);
            else if (copy[at] >= 'a' && copy[at] <= 'z')
                copy[at] = (char)('a' + (seed >> 16) % 26);
        }
        hf_explain *y = NULL;
        size_t length = i % 10 == 0 ? (seed >> 4) % n : n;
        if (hf_explain_read_json((hf_bytes){(uint8_t *)copy, length}, NULL, &y, NULL) == HF_OK) {
            char *again = as_text(y, 2, false);
            free(again);
            free(as_json(y));
            hf_explain_free(y);
        }
        free(copy);
    }
    free(t);
    hf_explain_free(x);
}

/* ---- secrets, limits, memory ---- */

static void secrets_are_there_only_when_asked_for(void **state)
{
    (void)state;
    hf_explain *x = recorded(NULL);
    assert_false(hf_explain_trace(x)->secrets);
    char *json = as_json(x), *t = as_text(x, 2, false);
    lacks(json, "5ec4e75ec4e7");
    lacks(t, "5e c4 e7");
    has(json, "\"redacted\":true");
    has(t, "(redacted)");
    free(json);
    free(t);
    hf_explain_free(x);
    x = recorded(&(hf_explain_options){.secrets = true});
    assert_true(hf_explain_trace(x)->secrets);
    json = as_json(x);
    has(json, "5ec4e75ec4e7");
    free(json);
    hf_explain_free(x);
}

static void application_data_is_counted_but_not_kept(void **state)
{
    (void)state;
    hf_explain *x = recorded(NULL);
    char *t = as_json(x);
    json_t *root = parsed(t), *s;
    size_t i, found = 0;
    json_array_foreach (json_object_get(root, "steps"), i, s) {
        if (json_integer_value(json_object_get(s, "inner_type")) != 23)
            continue;
        found++;
        assert_null(json_object_get(s, "plaintext"));
        assert_true(json_integer_value(json_object_get(s, "plaintext_length")) >= 100);
    }
    assert_int_equal(found, 3);
    json_decref(root);
    free(t);
    hf_explain_free(x);
}

static void memory_is_bounded_and_what_is_missing_is_said(void **state)
{
    (void)state;
    static const size_t limits[] = {1, 100, 1000, 4000, 10000, 20000, 40000};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        hf_explain *x = recorded(&(hf_explain_options){.memory = limits[i]});
        char *t = as_text(x, 2, false);
        if (limits[i] <= 10000) {
            has(t, "left out");
            has(t, "the recorder's limit was");
        }
        free(t);
        t = as_json(x);
        json_decref(parsed(t));
        free(t);
        hf_explain_free(x);
    }
}

static void a_long_download_keeps_the_handshake_and_the_failure(void **state)
{
    (void)state;
    hf_explain *x = recorder(&(hf_explain_options){.memory = 256 * 1024, .application_data = true});
    sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
    sample_handshake(&s, "example.test");
    for (int i = 0; i < 5000; i++)
        sample_record(&s, false, 23, "server application traffic", 2000);
    hf_error e = {.code = HF_E_BAD_RECORD_MAC};
    hf_event event = {.kind = HF_TRACE_ERROR, .error = &e};
    sample_emit(&s, &event);
    hf_explain_finish(x, NULL, NULL);
    char *t = as_text(x, 0, false);
    has(t, "Certificate");
    has(t, hf_error_sentence(HF_E_BAD_RECORD_MAC));
    has(t, "left out");
    free(t);
    hf_explain_free(x);
}

typedef struct failing {
    long left, live;
    int64_t now;
} failing;

static void *failing_allocate(void *ctx, size_t n)
{
    failing *f = ctx;
    if (f->left-- <= 0)
        return NULL;
    f->live++;
    return malloc(n);
}

static void failing_release(void *ctx, void *p)
{
    ((failing *)ctx)->live--;
    free(p);
}

static int64_t failing_clock(void *ctx)
{
    return ((failing *)ctx)->now += 1000;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    bool failed = true;
    for (long granted = 0; failed; granted++) {
        failing f = {.left = granted};
        hf_explain_options o = {.now_ns = failing_clock,
                                .allocate = failing_allocate,
                                .release = failing_release,
                                .ctx = &f};
        hf_explain *x = hf_explain_new(&o);
        failed = x == NULL;
        if (x != NULL) {
            sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
            for (int i = 0; i < 10; i++)
                sample_handshake(&s, "example.test");
            hf_explain_finish(x, NULL, NULL);
            char *t = as_text(x, 2, false);
            failed = f.left < 0;
            if (failed)
                has(t, "memory ran out");
            free(t);
            free(as_json(x));
        }
        hf_explain_free(x);
        assert_int_equal(f.live, 0);
        assert_true(granted < 1000);
    }
}

static void a_second_connection_does_not_mix_in(void **state)
{
    (void)state;
    hf_explain *x = recorder(NULL);
    sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
    sample_client_hello(&s, "first.test");
    s.conn = (const hf_conn *)&other_connection;
    sample_client_hello(&s, "second.test");
    hf_explain_finish(x, NULL, NULL);
    char *t = as_text(x, 0, false);
    has(t, "first.test");
    lacks(t, "second.test");
    free(t);
    hf_explain_free(x);
}

static void events_in_no_order_at_all_are_survived(void **state)
{
    (void)state;
    hf_explain *x = recorder(NULL);
    sample s = {hf_explain_trace(x), (const hf_conn *)&one_connection, false};
    for (int i = 0; i < 40; i++) {
        hf_event close = {.kind = HF_TRACE_FIELD};
        close.field.kind = i % 2 == 0 ? HF_TRACE_CLOSE : HF_TRACE_OPEN;
        close.field.name = "stray";
        sample_emit(&s, &close);
        hf_event end = {.kind = HF_TRACE_MESSAGE_END};
        sample_emit(&s, &end);
        hf_event begin = {.kind = HF_TRACE_MESSAGE, .sent = i % 3 == 0};
        sample_emit(&s, &begin); /* no name, no bytes */
        sample_emit(&s, &close);
        hf_event far = {.kind = HF_TRACE_FIELD};
        far.field.name = "far away";
        far.field.kind = HF_TRACE_BYTES;
        far.field.offset = SIZE_MAX;
        far.field.length = SIZE_MAX;
        sample_emit(&s, &far);
        hf_event empty = {.kind = (hf_trace_kind)(i % (HF_TRACE_ERROR + 1))};
        if (empty.kind != HF_TRACE_FIELD)
            sample_emit(&s, &empty);
    }
    hf_explain_finish(x, NULL, NULL);
    for (int level = 0; level < 3; level++)
        free(as_text(x, level, true));
    char *t = as_json(x);
    json_decref(parsed(t));
    free(t);
    hf_explain_free(x);
}

static void a_sink_that_stops_is_reported(void **state)
{
    (void)state;
    hf_explain *x = recorded(NULL);
    text t = {.stop_at = 2000};
    hf_explain_sink sink = {collect, &t};
    assert_int_equal(hf_explain_render_json(x, sink), HF_E_FILE);
    assert_int_equal(hf_explain_render_text(x, sink, NULL), HF_E_FILE);
    free(t.p);
    hf_explain_free(x);
}

/* ---- lines ---- */

static void lines_are_json_one_an_event(void **state)
{
    (void)state;
    FILE *f = tmpfile();
    assert_non_null(f);
    hf_explain_lines lines = {.file = f};
    hf_trace trace = hf_explain_lines_trace(&lines);
    sample s = {&trace, (const hf_conn *)&one_connection, false};
    sample_handshake(&s, "example.test");
    hf_error e = {.code = HF_E_BAD_FINISHED, .message = "Finished"};
    hf_event event = {.kind = HF_TRACE_ERROR, .error = &e};
    sample_emit(&s, &event);
    rewind(f);
    static char line[65536];
    size_t count = 0;
    double last = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        json_t *o = parsed(line);
        assert_true(json_is_string(json_object_get(o, "kind")));
        double t = json_number_value(json_object_get(o, "t_us"));
        assert_true(t >= last);
        last = t;
        lacks(line, "5ec4e75ec4e7");
        json_decref(o);
        count++;
    }
    assert_true(count > 100);
    fclose(f);
}

static void the_table_of_words_is_valid_json(void **state)
{
    (void)state;
    text t = {0};
    assert_int_equal(hf_explain_render_words((hf_explain_sink){collect, &t}), HF_OK);
    json_t *root = parsed(t.p);
    assert_true(json_object_size(root) > 100);
    json_decref(root);
    free(t.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_shows_the_ladder_and_the_main_fields),
        cmocka_unit_test(encrypted_rungs_differ_from_plain_ones),
        cmocka_unit_test(levels_add_fields_and_then_bytes),
        cmocka_unit_test(color_is_only_there_when_asked_for),
        cmocka_unit_test(what_a_peer_sends_cannot_drive_the_terminal),
        cmocka_unit_test(a_failure_names_step_field_byte_and_remedy),
        cmocka_unit_test(a_connection_that_was_never_made_is_explained_too),
        cmocka_unit_test(every_byte_offset_can_be_the_failing_one),
        cmocka_unit_test(json_is_valid_and_holds_every_step),
        cmocka_unit_test(json_stays_valid_whatever_bytes_come),
        cmocka_unit_test(a_document_that_is_read_back_says_the_same),
        cmocka_unit_test(a_failure_survives_being_written_and_read),
        cmocka_unit_test(what_is_advisory_is_told_and_is_no_failure),
        cmocka_unit_test(what_is_no_document_is_refused_with_the_place),
        cmocka_unit_test(a_document_cut_short_or_changed_never_breaks_the_reader),
        cmocka_unit_test(secrets_are_there_only_when_asked_for),
        cmocka_unit_test(application_data_is_counted_but_not_kept),
        cmocka_unit_test(memory_is_bounded_and_what_is_missing_is_said),
        cmocka_unit_test(a_long_download_keeps_the_handshake_and_the_failure),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(a_second_connection_does_not_mix_in),
        cmocka_unit_test(events_in_no_order_at_all_are_survived),
        cmocka_unit_test(a_sink_that_stops_is_reported),
        cmocka_unit_test(lines_are_json_one_an_event),
        cmocka_unit_test(the_table_of_words_is_valid_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
