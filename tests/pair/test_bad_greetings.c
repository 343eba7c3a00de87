/* test_bad_greetings.c: a peer that speaks another protocol, or a version of this one that is gone:
 * it gets one alert, and the error names what it spoke. */
#include "support/liar.h"

static pair_pki pki;

static hf_conn *start(pair *p, bool victim_is_client)
{
    pair_config(p, &pki);
    hf_config_trace(victim_is_client ? p->client_config : p->server_config, &tamper_watch);
    pair_start(p);
    tamper_start(victim_is_client ? p->server : p->client);
    hf_conn *victim = victim_is_client ? p->client : p->server;
    assert_true(hf_step(victim) >= 0);
    hf_out_consumed(victim, hf_out(victim).n); /* the client's hello: nobody reads it */
    return victim;
}

/* Feeds the bytes, all at once or one by one, until the victim fails. */
static void feed(hf_conn *victim, hf_bytes bytes, size_t chunk)
{
    for (size_t at = 0, used = 1; at < bytes.n && used != 0 && hf_step(victim) >= 0; at += used) {
        size_t n = bytes.n - at < chunk ? bytes.n - at : chunk;
        assert_int_equal(hf_feed(victim, bytes.p + at, n, &used), HF_OK);
    }
    hf_step(victim);
}

static void expect(hf_conn *victim, const char *what, hf_status code, uint8_t alert,
                   const char *named)
{
    hf_error e;
    char text[1024];
    hf_conn_error(victim, &e);
    hf_error_format(&e, text, sizeof(text));
    if (e.code != code || e.alert != alert || strstr(e.got, named) == NULL)
        fail_msg("%s: %s", what, text);
    assert_true(e.alert_sent);
    assert_non_null(e.field);
    assert_string_not_equal(e.expected, "");
    /* one alert record in the clear and nothing else */
    hf_bytes out = hf_out(victim);
    const uint8_t wanted[] = {HF_CONTENT_ALERT, 3, 3, 0, 2, 2, alert};
    assert_int_equal(out.n, sizeof(wanted));
    assert_memory_equal(out.p, wanted, sizeof(wanted));
}

static void other_protocols_are_named(void **state)
{
    static const struct {
        bool victim_is_client;
        const char *bytes, *named;
    } cases[] = {
        {false, "GET / HTTP/1.1\r\nHost: server.test\r\n\r\n", "HTTP request"},
        {false, "POST /form HTTP/1.1\r\n\r\n", "HTTP request"},
        {false, "HEAD / HTTP/1.0\r\n\r\n", "HTTP request"},
        {false, "PUT /x HTTP/1.1\r\n\r\n", "HTTP request"},
        {false, "OPTIONS * HTTP/1.1\r\n\r\n", "HTTP request"},
        {false, "CONNECT server.test:443 HTTP/1.1\r\n\r\n", "proxy request"},
        {false, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"},
        {false, "SSH-2.0-OpenSSH_9.2\r\n", "SSH"},
        {false, "EHLO client.test\r\n", "45 48 4c 4f 20"},
        {false, "\r\n\r\n\r\n", "0d 0a 0d 0a 0d"},
        {true, "HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP answer"},
        {true, "SSH-2.0-OpenSSH_9.2\r\n", "SSH"},
        {true, "220 mail.test ESMTP\r\n", "SMTP"},
        {true, "220-mail.test ESMTP\r\n", "SMTP"},
        {true, "+OK POP3 ready\r\n", "POP3"},
        {true, "* OK IMAP4rev1\r\n", "IMAP"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t chunk = 1; chunk <= 100; chunk += 99) {
            pair p;
            hf_conn *victim = start(&p, cases[i].victim_is_client);
            feed(victim, hf_bytes_text(cases[i].bytes), chunk);
            expect(victim, cases[i].bytes, HF_E_NOT_TLS, HF_ALERT_unexpected_message,
                   cases[i].named);
            pair_free(&p);
        }
    }
}

/* ---- old versions ---- */

static void an_ssl_2_hello_is_named(void **state)
{
    static const uint8_t hello[] = {0x80, 0x2e, 1,    0, 2, 0,    0x15, 0, 0,    0, 0x10, 1,
                                    0,    0x80, 0,    0, 0, 0x0a, 0,    0, 0x16, 0, 0,    0x13,
                                    0,    0,    0x05, 0, 0, 0x04, 0,    0, 0x15, 0, 0,    1};
    (void)state;
    pair p;
    hf_conn *victim = start(&p, false);
    feed(victim, hf_bytes_of(hello, sizeof(hello)), 100);
    expect(victim, "SSL 2.0", HF_E_NO_COMMON_VERSION, HF_ALERT_protocol_version,
           "ClientHello in the form of SSL 2.0");
    pair_free(&p);
}

/* A ClientHello of an old version, with or without extensions. */
static hf_bytes old_hello(uint8_t minor, bool extensions, uint8_t *out)
{
    static const uint8_t groups[] = {0, 10, 0, 4, 0, 2, 0, 0x17, 0, 13, 0, 4, 0, 2, 4, 3};
    hf_writer w;
    hf_writer_init(&w, out, 200);
    hf_write_u8(&w, HF_CONTENT_HANDSHAKE);
    hf_write_u8(&w, 3);
    hf_write_u8(&w, minor > 1 ? 1 : minor);
    size_t record = hf_write_open(&w, 2);
    hf_write_u8(&w, HF_MSG_CLIENT_HELLO);
    size_t message = hf_write_open(&w, 3);
    hf_write_u8(&w, 3);
    hf_write_u8(&w, minor);
    for (int i = 0; i < 32; i++)
        hf_write_u8(&w, 7);
    hf_write_vec8(&w, hf_bytes_of(NULL, 0));
    hf_write_vec16(&w, hf_bytes_of("\xc0\x2b\0\x2f", 4));
    hf_write_vec8(&w, hf_bytes_of("\0", 1));
    if (extensions)
        hf_write_vec16(&w, hf_bytes_of(groups, sizeof(groups)));
    hf_write_close(&w, message, 3);
    hf_write_close(&w, record, 2);
    return hf_writer_bytes(&w);
}

static void hellos_of_old_versions_are_named_and_refused(void **state)
{
    static const char *const names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2"};
    (void)state;
    for (uint8_t minor = 0; minor <= 3; minor++) {
        for (int extensions = 0; extensions <= 1; extensions++) {
            uint8_t hello[200];
            pair p;
            hf_conn *victim = start(&p, false);
            feed(victim, old_hello(minor, extensions == 1, hello), 200);
            expect(victim, names[minor], HF_E_NO_COMMON_VERSION, HF_ALERT_protocol_version,
                   names[minor]);
            pair_free(&p);
        }
    }
}

/* A ServerHello without supported_versions, as an older server answers. */
static hf_bytes old_answer(uint8_t minor, uint8_t *out)
{
    hf_writer w;
    hf_writer_init(&w, out, 200);
    hf_write_bytes(&w, hf_bytes_of("\x16\x03", 2));
    hf_write_u8(&w, minor);
    size_t record = hf_write_open(&w, 2);
    hf_write_u8(&w, HF_MSG_SERVER_HELLO);
    size_t message = hf_write_open(&w, 3);
    hf_write_u8(&w, 3);
    hf_write_u8(&w, minor);
    for (int i = 0; i < 32; i++)
        hf_write_u8(&w, 9);
    hf_write_vec8(&w, hf_bytes_of("0123456789abcdef0123456789abcdef", 32));
    hf_write_u16(&w, 0xc02f);
    hf_write_u8(&w, 0);
    if (minor == 3)
        hf_write_vec16(&w, hf_bytes_of("\xff\x01\0\1\0", 5)); /* renegotiation_info */
    hf_write_close(&w, message, 3);
    hf_write_close(&w, record, 2);
    return hf_writer_bytes(&w);
}

static void answers_of_old_versions_are_named_and_refused(void **state)
{
    static const char *const names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2"};
    (void)state;
    for (uint8_t minor = 0; minor <= 3; minor++) {
        uint8_t answer[200];
        pair p;
        hf_conn *victim = start(&p, true);
        feed(victim, old_answer(minor, answer), 200);
        expect(victim, names[minor], HF_E_VERSION_UNSUPPORTED_ANSWER, HF_ALERT_protocol_version,
               names[minor]);
        pair_free(&p);
    }
}

/* ---- too long ---- */

static void a_first_message_over_the_limit_is_refused_by_its_header_alone(void **state)
{
    static const struct {
        uint32_t limit, length;
    } cases[] = {{0, 65537}, {0, 0xffffff}, {100, 101}, {1, 2}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t n = cases[i].length;
        char got[32];
        pair p;
        hf_limits limits = {.handshake_message = cases[i].limit};
        const uint8_t record[] = {
            HF_CONTENT_HANDSHAKE, 3,         1, 0, 4, HF_MSG_CLIENT_HELLO, (uint8_t)(n >> 16),
            (uint8_t)(n >> 8),    (uint8_t)n};
        pair_config(&p, &pki);
        hf_config_limits(p.server_config, &limits);
        pair_start(&p);
        feed(p.server, hf_bytes_of(record, sizeof(record)), 100);
        snprintf(got, sizeof(got), "%u bytes", n);
        expect(p.server, "too long", HF_E_MESSAGE_TOO_LONG, HF_ALERT_decode_error, got);
        pair_free(&p);
    }
}

static void a_record_too_long_is_refused_by_its_header_alone(void **state)
{
    static const uint8_t header[] = {HF_CONTENT_HANDSHAKE, 3, 1, 0x40, 1};
    (void)state;
    for (int client = 0; client <= 1; client++) {
        pair p;
        hf_conn *victim = start(&p, client == 1);
        feed(victim, hf_bytes_of(header, sizeof(header)), 1);
        expect(victim, "16,385", HF_E_RECORD_TOO_LONG, HF_ALERT_record_overflow, "16385 bytes");
        pair_free(&p);
    }
}

static void any_first_byte_that_is_no_record_is_refused_at_once(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        const uint8_t header[] = {(uint8_t)first, 9, 9, 0, 4};
        pair p;
        hf_error e;
        hf_conn *victim = start(&p, first % 2 == 1);
        feed(victim, hf_bytes_of(header, sizeof(header)), 5);
        hf_conn_error(victim, &e);
        assert_int_equal(e.code, HF_E_NOT_TLS);
        assert_true(e.alert_sent);
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_protocols_are_named),
        cmocka_unit_test(an_ssl_2_hello_is_named),
        cmocka_unit_test(hellos_of_old_versions_are_named_and_refused),
        cmocka_unit_test(answers_of_old_versions_are_named_and_refused),
        cmocka_unit_test(a_first_message_over_the_limit_is_refused_by_its_header_alone),
        cmocka_unit_test(a_record_too_long_is_refused_by_its_header_alone),
        cmocka_unit_test(any_first_byte_that_is_no_record_is_refused_at_once),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
