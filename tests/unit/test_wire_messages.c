/* test_wire_messages.c: every message out and in again, and every way of breaking its form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "unit/wire_rebuild.h"
#include "unit/wire_samples.h"

#include <stdlib.h>

/* Parses a copy of `body` in memory of its exact size, so that a sanitizer sees any read past it.
 */
static bool parses(uint8_t type, hf_bytes body)
{
    uint8_t out[2048];
    bool parsed;
    hf_reader r;
    hf_writer w;
    uint8_t *copy = malloc(body.n == 0 ? 1 : body.n);
    assert_non_null(copy);
    hf_copy(copy, body.p, body.n);
    hf_reader_init(&r, (hf_bytes){copy, body.n}, NULL);
    r.base = 4;
    hf_writer_init(&w, out, sizeof(out));
    hf_test_rebuild(type, &r, &w, &parsed);
    assert_int_equal(parsed, !r.failed);
    if (!parsed) {
        hf_error e = {0};
        assert_int_equal(hf_reader_status(&r, &e), r.why);
        assert_true(r.why == HF_E_DECODE || r.why == HF_E_TRAILING_BYTES || r.why == HF_E_VALUE ||
                    r.why == HF_E_DUPLICATE_EXTENSION);
        /* bytes after the message's end belong to no field */
        assert_true(e.field != NULL || r.why == HF_E_TRAILING_BYTES);
        assert_true(e.has_offset && e.offset >= 4 && e.offset <= 4 + body.n);
    }
    free(copy);
    return parsed;
}

static hf_bytes build(const hf_test_sample *s, uint8_t *p, size_t room)
{
    hf_writer w;
    hf_writer_init(&w, p, room);
    s->build(&w);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    return hf_writer_bytes(&w);
}

static void every_message_is_the_same_after_parsing_and_building_again(void **state)
{
    (void)state;
    uint8_t first[2048], second[2048];
    for (size_t i = 0; i < HF_TEST_SAMPLES; i++) {
        const hf_test_sample *s = &hf_test_samples[i];
        hf_bytes body = build(s, first, sizeof(first));
        hf_reader r;
        hf_writer w;
        bool parsed;
        hf_reader_init(&r, body, NULL);
        hf_writer_init(&w, second, sizeof(second));
        if (!hf_test_rebuild(s->type, &r, &w, &parsed))
            fail_msg("%s: %s at byte %zu (%s)", s->name, r.failed_name, r.failed_at,
                     hf_error_name(r.why));
        assert_int_equal(hf_writer_bytes(&w).n, body.n);
        assert_memory_equal(second, first, body.n);
    }
}

/* Where a prefix of a message is itself of legal form: Finished, whose length only the cipher suite
 * knows, and hellos that end before their extensions, as hellos of old do. */
static bool legal_prefix(const hf_test_sample *s, size_t n)
{
    switch (s->type) {
    case HF_MSG_FINISHED:
        return true;
    case HF_MSG_CLIENT_HELLO:
        return n == 2 + 32 + 33 + 2 + 6 + 2;
    case HF_MSG_SERVER_HELLO:
        return n == 2 + 32 + 6 + 2 + 1;
    default:
        return false;
    }
}

static void a_message_cut_short_at_any_byte_is_refused(void **state)
{
    (void)state;
    uint8_t p[2048];
    for (size_t i = 0; i < HF_TEST_SAMPLES; i++) {
        const hf_test_sample *s = &hf_test_samples[i];
        hf_bytes body = build(s, p, sizeof(p));
        for (size_t n = 0; n < body.n; n++)
            if (parses(s->type, (hf_bytes){p, n}) != legal_prefix(s, n))
                fail_msg("%s cut to %zu of %zu bytes: the wrong judgement", s->name, n, body.n);
    }
}

static void a_message_with_bytes_after_its_end_is_refused(void **state)
{
    (void)state;
    uint8_t p[2048] = {0};
    for (size_t i = 0; i < HF_TEST_SAMPLES; i++) {
        const hf_test_sample *s = &hf_test_samples[i];
        size_t n = build(s, p, sizeof(p) - 8).n;
        for (size_t more = 1; more <= 8; more++) {
            p[n + more - 1] = 0;
            /* two zeros after a hello that had ended are an empty list of extensions */
            bool legal = s->type == HF_MSG_FINISHED ||
                         (more == 2 && legal_prefix(s, n) && s->type != HF_MSG_FINISHED);
            if (parses(s->type, (hf_bytes){p, n + more}) != legal)
                fail_msg("%s with %zu bytes more: the wrong judgement", s->name, more);
        }
    }
}

typedef struct lengths {
    size_t count, offset[256], size[256];
    const char *name[256];
} lengths;

static void keep_length(void *ctx, const hf_field *f)
{
    lengths *l = ctx;
    if (f->kind != HF_FIELD_LENGTH)
        return;
    assert_true(l->count < 256);
    l->name[l->count] = f->name;
    l->offset[l->count] = f->offset;
    l->size[l->count++] = f->length;
}

static void add(uint8_t *p, size_t size, int change)
{
    for (size_t i = size; i-- > 0;) {
        int v = p[i] + change;
        p[i] = (uint8_t)v;
        change = v < 0 ? -1 : v > 255 ? 1 : 0;
    }
}

static void every_length_that_is_off_by_one_is_refused(void **state)
{
    (void)state;
    uint8_t p[2048];
    size_t tried = 0;
    for (size_t i = 0; i < HF_TEST_SAMPLES; i++) {
        const hf_test_sample *s = &hf_test_samples[i];
        lengths l = {0};
        hf_field_sink sink = {keep_length, &l};
        hf_message_trace((hf_bytes){p, hf_test_message(s, p, sizeof(p))}, &sink);
        hf_bytes body = build(s, p, sizeof(p));
        for (size_t k = 0; k < l.count; k++)
            for (int change = -1; change <= 1; change += 2) {
                uint8_t *at = p + l.offset[k] - 4;
                add(at, l.size[k], change);
                if (parses(s->type, body))
                    fail_msg("%s: %s with its length off by %d was accepted", s->name, l.name[k],
                             change);
                add(at, l.size[k], -change);
                tried++;
            }
        assert_true(parses(s->type, body));
    }
    assert_true(tried > 200);
}

static void a_message_that_does_not_fit_is_not_built(void **state)
{
    (void)state;
    uint8_t whole[2048], p[2048];
    for (size_t i = 0; i < HF_TEST_SAMPLES; i++) {
        size_t n = build(&hf_test_samples[i], whole, sizeof(whole)).n;
        for (size_t room = 0; room < n; room++) {
            hf_writer w;
            p[room] = 0x5a;
            hf_writer_init(&w, p, room);
            hf_test_samples[i].build(&w);
            assert_int_equal(hf_writer_status(&w), HF_E_NO_ROOM);
            assert_int_equal(hf_writer_bytes(&w).n, 0);
            assert_int_equal(p[room], 0x5a);
        }
    }
}

/* ---- single messages ---- */

static bool parse_client_hello(hf_bytes body, hf_client_hello *m, hf_reader *r)
{
    hf_reader_init(r, body, NULL);
    r->base = 4;
    return hf_client_hello_parse(r, m);
}

static void client_hello_keeps_every_field(void **state)
{
    (void)state;
    uint8_t p[2048];
    hf_client_hello m;
    hf_reader r;
    hf_bytes body = build(&hf_test_samples[0], p, sizeof(p));
    assert_true(parse_client_hello(body, &m, &r));
    assert_int_equal(m.legacy_version, 0x0303);
    assert_memory_equal(m.random.p, hf_test_random, 32);
    assert_int_equal(m.legacy_session_id.n, 32);
    assert_int_equal(hf_u16s_count(m.cipher_suites), 3);
    assert_int_equal(hf_u16s_at(m.cipher_suites, 2), 0xc02b);
    assert_true(hf_u16s_have(m.cipher_suites, 0x1301));
    assert_false(hf_u16s_have(m.cipher_suites, 0x0113));
    assert_int_equal(m.legacy_compression_methods.n, 1);
    assert_true(m.has_extensions);
    /* the binders end the message; what is hashed ends before their length */
    assert_int_equal(m.extensions.psk_binders_offset + 2 + m.extensions.psk_binders.n, 4 + body.n);
    assert_false(m.extensions.psk_not_last);
}

static void same(hf_bytes a, hf_bytes b)
{
    assert_true(a.n != 0 && hf_bytes_equal(a, b));
}

static void client_hello_keeps_every_extension(void **state)
{
    (void)state;
    uint8_t p[2048];
    hf_client_hello m;
    hf_reader r;
    hf_extensions want;
    hf_test_fill(&want, HF_IN_CLIENT_HELLO);
    assert_true(parse_client_hello(build(&hf_test_samples[0], p, sizeof(p)), &m, &r));
    const hf_extensions *x = &m.extensions;
    assert_int_equal(x->present, want.present);
    assert_false(x->has_unknown || x->has_forbidden);
    same(x->host_name, want.host_name);
    same(x->supported_groups, want.supported_groups);
    assert_int_equal(x->record_size_limit, want.record_size_limit);
    same(x->ec_point_formats, want.ec_point_formats);
    same(x->renegotiated_connection, want.renegotiated_connection);
    same(x->session_ticket, want.session_ticket);
    same(x->alpn, want.alpn);
    assert_int_equal(x->status_type, 1);
    same(x->signature_algorithms, want.signature_algorithms);
    same(x->signature_algorithms_cert, want.signature_algorithms_cert);
    same(x->certificate_authorities, want.certificate_authorities);
    same(x->compression_algorithms, want.compression_algorithms);
    same(x->client_shares, want.client_shares);
    same(x->cookie, want.cookie);
    same(x->supported_versions, want.supported_versions);
    same(x->psk_modes, want.psk_modes);
    assert_int_equal(x->padding_len, want.padding_len);
    same(x->psk_identities, want.psk_identities);
    same(x->psk_binders, want.psk_binders);
}

static void client_hello_session_id_of_33_bytes_is_refused(void **state)
{
    (void)state;
    uint8_t p[256], id[33] = {0};
    hf_client_hello m;
    hf_reader r;
    hf_writer w;
    for (size_t n = 31; n <= 33; n++) {
        hf_test_client_hello(&m);
        m.legacy_session_id = (hf_bytes){id, n};
        hf_writer_init(&w, p, sizeof(p));
        hf_client_hello_build(&w, &m);
        assert_int_equal(parse_client_hello(hf_writer_bytes(&w), &m, &r), n <= 32);
        if (n == 33)
            assert_string_equal(r.failed_name, "legacy_session_id");
    }
}

static void client_hello_needs_a_suite_and_a_compression_method(void **state)
{
    (void)state;
    uint8_t p[256];
    hf_client_hello m;
    hf_reader r;
    hf_writer w;
    hf_test_client_hello(&m);
    m.cipher_suites.n = 0;
    hf_writer_init(&w, p, sizeof(p));
    hf_client_hello_build(&w, &m);
    assert_false(parse_client_hello(hf_writer_bytes(&w), &m, &r));
    assert_string_equal(r.failed_name, "cipher_suites");

    hf_error e = {0};
    assert_int_equal(hf_reader_status(&r, &e), HF_E_DECODE);
    assert_string_equal(e.expected, "2 bytes");

    hf_test_client_hello(&m);
    m.legacy_compression_methods.n = 0;
    hf_writer_init(&w, p, sizeof(p));
    hf_client_hello_build(&w, &m);
    assert_false(parse_client_hello(hf_writer_bytes(&w), &m, &r));
    assert_string_equal(r.failed_name, "legacy_compression_methods");

    hf_test_client_hello(&m);
    m.cipher_suites = HF_TEST_BYTES("\x13\x01\x13");
    hf_writer_init(&w, p, sizeof(p));
    hf_client_hello_build(&w, &m);
    assert_false(parse_client_hello(hf_writer_bytes(&w), &m, &r));
    assert_string_equal(r.failed_name, "cipher_suite");
}

static void parse_server_hello_sample(size_t sample, hf_server_hello *m)
{
    static uint8_t p[2048];
    hf_reader r;
    hf_reader_init(&r, build(&hf_test_samples[sample], p, sizeof(p)), NULL);
    assert_true(hf_server_hello_parse(&r, m));
    assert_int_equal(m->cipher_suite, 0x1302);
    assert_int_equal(m->legacy_session_id_echo.n, 5);
}

static void server_hello_is_told_from_a_retry_and_from_tls_1_2(void **state)
{
    (void)state;
    hf_server_hello m;
    parse_server_hello_sample(2, &m);
    assert_false(m.is_retry);
    assert_int_equal(m.extensions.share_group, 29);
    assert_int_equal(m.extensions.server_share.n, 4);
    assert_int_equal(m.extensions.selected_identity, 1);
    assert_int_equal(m.extensions.selected_version, 0x0304);

    parse_server_hello_sample(3, &m);
    assert_true(m.is_retry);
    assert_int_equal(m.extensions.share_group, 29);
    assert_null(m.extensions.server_share.p);
    assert_int_equal(m.extensions.cookie.n, 2);

    parse_server_hello_sample(4, &m);
    assert_false(m.is_retry || m.extensions.has_forbidden);
    assert_true(hf_ext_has(&m.extensions, HF_X_EXTENDED_MASTER_SECRET));
    assert_false(hf_ext_has(&m.extensions, HF_X_SUPPORTED_VERSIONS));

    parse_server_hello_sample(5, &m);
    assert_false(m.has_extensions);
}

/* supported_versions decides which version's extensions are allowed, wherever it stands. */
static void server_hello_notes_what_the_other_version_would_allow(void **state)
{
    (void)state;
    static const struct {
        const char *extensions;
        size_t n;
        bool forbidden;
        uint16_t type;
    } cases[] = {
#define CASE(text, forbidden, type) {text, sizeof(text) - 1, forbidden, type}
        CASE("\0\x0a\0\x2b\0\x02\x03\x04\0\x17\0\0", true, HF_EXT_EXTENDED_MASTER_SECRET),
        CASE("\0\x0a\0\x17\0\0\0\x2b\0\x02\x03\x04", true, HF_EXT_EXTENDED_MASTER_SECRET),
        CASE("\0\x04\0\x17\0\0", false, 0),
        CASE("\0\x06\0\x33\0\x02\0\x1d", true, HF_EXT_KEY_SHARE),
#undef CASE
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t p[256];
        hf_server_hello m;
        hf_writer w;
        hf_reader r;
        hf_writer_init(&w, p, sizeof(p));
        hf_test_server_hello(&m);
        hf_server_hello_build(&w, &m);
        hf_write_bytes(&w, hf_bytes_of(cases[i].extensions, cases[i].n));
        hf_reader_init(&r, hf_writer_bytes(&w), NULL);
        assert_true(hf_server_hello_parse(&r, &m));
        assert_int_equal(m.extensions.has_forbidden, cases[i].forbidden);
        assert_int_equal(m.extensions.forbidden, cases[i].type);
    }
}

static void certificate_entries_come_one_by_one(void **state)
{
    (void)state;
    uint8_t p[2048];
    hf_certificate m;
    hf_reader r;
    hf_reader_init(&r, build(&hf_test_samples[8], p, sizeof(p)), NULL);
    assert_true(hf_certificate_parse(&r, &m));
    assert_int_equal(m.count, 3);
    assert_int_equal(m.context.n, 2);
    assert_int_equal(m.extensions.status_type, 1);
    same(m.extensions.ocsp_response, HF_TEST_BYTES("\060\003\012\001\000"));
    assert_int_equal(m.extensions.sct_list.n, 8);

    hf_bytes rest = m.list, cert, extensions;
    static const size_t sizes[3] = {3, 2, 1};
    for (size_t i = 0; i < 3; i++) {
        assert_true(hf_certificate_entry_next(&rest, &cert, &extensions));
        assert_int_equal(cert.n, sizes[i]);
        assert_int_equal(extensions.n == 0, i != 0);
    }
    assert_false(hf_certificate_entry_next(&rest, &cert, &extensions));
}

static void certificate_notes_what_any_entry_may_not_have(void **state)
{
    (void)state;
    /* three entries: nothing; key_share and 0x1234; early_data and 0x1235 */
    static const char text[] = "\0\0\0\x22"
                               "\0\0\x01\x30\0\0"
                               "\0\0\x01\x30\0\x08\0\x33\0\0\x12\x34\0\0"
                               "\0\0\x01\x30\0\x08\0\x2a\0\0\x12\x35\0\0";
    hf_certificate m;
    hf_reader r;
    hf_reader_init(&r, hf_bytes_of(text, sizeof(text) - 1), NULL);
    assert_true(hf_certificate_parse(&r, &m));
    assert_int_equal(m.count, 3);
    assert_true(m.extensions.has_forbidden && m.extensions.has_unknown);
    assert_int_equal(m.extensions.forbidden, HF_EXT_KEY_SHARE);
    assert_int_equal(m.extensions.unknown, 0x1234);
}

static void certificate_without_data_is_refused(void **state)
{
    (void)state;
    hf_certificate m;
    hf_reader r;
    hf_reader_init(&r, hf_bytes_of("\0\0\0\x05\0\0\0\0\0", 9), NULL);
    assert_false(hf_certificate_parse(&r, &m));
    assert_string_equal(r.failed_name, "cert_data");
}

static void ticket_must_not_be_empty(void **state)
{
    (void)state;
    hf_new_session_ticket m;
    hf_reader r;
    hf_reader_init(&r, hf_bytes_of("\0\0\0\x01\0\0\0\x02\0\0\0\0\0", 13), NULL);
    assert_false(hf_new_session_ticket_parse(&r, &m));
    assert_string_equal(r.failed_name, "ticket");
    hf_reader_init(&r, hf_bytes_of("\0\0\0\x01\0\0\0\x02\0\0\x01\x09\0\0", 14), NULL);
    assert_true(hf_new_session_ticket_parse(&r, &m));
    assert_int_equal(m.ticket_lifetime_s, 1);
    assert_int_equal(m.ticket_age_add, 2);
}

static void alert_is_two_bytes(void **state)
{
    (void)state;
    hf_alert_msg m;
    hf_reader r;
    hf_writer w;
    uint8_t p[3] = {0};
    hf_writer_init(&w, p, 2);
    hf_alert_build(&w, &(hf_alert_msg){2, HF_ALERT_decode_error});
    assert_int_equal(hf_writer_bytes(&w).n, 2);
    for (size_t n = 0; n <= 3; n++) {
        hf_reader_init(&r, (hf_bytes){p, n}, NULL);
        assert_int_equal(hf_alert_parse(&r, &m), n == 2);
        if (n == 2)
            assert_true(m.level == 2 && m.description == 50);
    }
}

static void the_retry_random_is_the_hash_that_the_standard_prints(void **state)
{
    (void)state;
    /* RFC 9846 section 4.2.3: SHA-256 of "HelloRetryRequest" */
    assert_memory_equal(hf_hello_retry_random,
                        "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91"
                        "\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C",
                        32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_the_same_after_parsing_and_building_again),
        cmocka_unit_test(a_message_cut_short_at_any_byte_is_refused),
        cmocka_unit_test(a_message_with_bytes_after_its_end_is_refused),
        cmocka_unit_test(every_length_that_is_off_by_one_is_refused),
        cmocka_unit_test(a_message_that_does_not_fit_is_not_built),
        cmocka_unit_test(client_hello_keeps_every_field),
        cmocka_unit_test(client_hello_keeps_every_extension),
        cmocka_unit_test(client_hello_session_id_of_33_bytes_is_refused),
        cmocka_unit_test(client_hello_needs_a_suite_and_a_compression_method),
        cmocka_unit_test(server_hello_is_told_from_a_retry_and_from_tls_1_2),
        cmocka_unit_test(server_hello_notes_what_the_other_version_would_allow),
        cmocka_unit_test(certificate_entries_come_one_by_one),
        cmocka_unit_test(certificate_notes_what_any_entry_may_not_have),
        cmocka_unit_test(certificate_without_data_is_refused),
        cmocka_unit_test(ticket_must_not_be_empty),
        cmocka_unit_test(alert_is_two_bytes),
        cmocka_unit_test(the_retry_random_is_the_hash_that_the_standard_prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
