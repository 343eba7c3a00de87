/* test_session.c: a session as bytes: what was written is read, and nothing else is. */
#include "support/fail_alloc.h"

#include "base/bytes.h"
#include "session/session.h"

#include <handfast/handfast.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t long_bytes[1 << 16];

static hf_session example(void)
{
    hf_session s = {.version = 0x0304,
                    .suite = 0x1302,
                    .extended_master_secret = true,
                    .peer_authenticated = true,
                    .secret_len = 48,
                    .began_ms = 1700000000123,
                    .created_ms = 1700000100456,
                    .lifetime_s = HF_SESSION_LIFE_MAX_S,
                    .age_add = 0x81828384,
                    .max_early_data = 16384,
                    .generation = 0x8182838485868788,
                    .ticket = hf_bytes_text("a ticket"),
                    .server_name = hf_bytes_text("server.test"),
                    .alpn = hf_bytes_text("h2"),
                    .session_id = hf_bytes_text("0123456789abcdef0123456789abcdef"),
                    .peer_chain = hf_bytes_text("\0\0\1x")};
    for (size_t i = 0; i < sizeof(s.secret); i++)
        s.secret[i] = (uint8_t)(200 - i);
    memset(s.own_identity, 0x11, sizeof(s.own_identity));
    memset(s.peer_identity, 0x22, sizeof(s.peer_identity));
    return s;
}

static hf_buf encoded(const hf_session *s)
{
    hf_buf b = {0};
    assert_int_equal(hf_session_encode(s, &b), HF_OK);
    return b;
}

static void assert_same(const hf_session *a, const hf_session *b)
{
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->suite, b->suite);
    assert_int_equal(a->extended_master_secret, b->extended_master_secret);
    assert_int_equal(a->peer_authenticated, b->peer_authenticated);
    assert_int_equal(a->secret_len, b->secret_len);
    assert_memory_equal(a->secret, b->secret, a->secret_len);
    assert_true(a->began_ms == b->began_ms && a->created_ms == b->created_ms);
    assert_int_equal(a->lifetime_s, b->lifetime_s);
    assert_int_equal(a->age_add, b->age_add);
    assert_int_equal(a->max_early_data, b->max_early_data);
    assert_true(a->generation == b->generation);
    assert_memory_equal(a->own_identity, b->own_identity, HF_SESSION_DIGEST);
    assert_memory_equal(a->peer_identity, b->peer_identity, HF_SESSION_DIGEST);
    assert_true(hf_bytes_equal(a->ticket, b->ticket));
    assert_true(hf_bytes_equal(a->server_name, b->server_name));
    assert_true(hf_bytes_equal(a->alpn, b->alpn));
    assert_true(hf_bytes_equal(a->session_id, b->session_id));
    assert_true(hf_bytes_equal(a->peer_chain, b->peer_chain));
}

static void round_trip(const hf_session *s)
{
    hf_session back;
    hf_buf b = encoded(s);
    assert_int_equal(hf_session_decode(hf_buf_bytes(&b), &back), HF_OK);
    assert_same(s, &back);
    hf_buf_free(&b);
    assert_same(s, &back); /* it holds a copy of its own */
    hf_session_clear(&back);
    assert_null(back.ticket.p);
    assert_int_equal(back.secret_len, 0);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    hf_session s = example();
    round_trip(&s);
    for (unsigned flags = 0; flags < 8; flags++) {
        s.extended_master_secret = (flags & 1) != 0;
        s.peer_authenticated = (flags & 2) != 0;
        s.peer_raw_key = (flags & 4) != 0;
        round_trip(&s);
    }
    s.secret_len = 1;
    s.ticket = s.server_name = s.alpn = s.session_id = s.peer_chain = (hf_bytes){NULL, 0};
    s.began_ms = s.created_ms = 0;
    s.lifetime_s = 0;
    round_trip(&s);
}

static void the_longest_fields_are_kept(void **state)
{
    (void)state;
    hf_session s = example();
    s.ticket = (hf_bytes){long_bytes, UINT16_MAX};
    s.server_name = s.alpn = (hf_bytes){long_bytes, UINT8_MAX};
    s.peer_chain = (hf_bytes){long_bytes, sizeof(long_bytes)};
    s.began_ms = s.created_ms = INT64_MAX;
    round_trip(&s);
}

static void what_is_too_long_is_not_written(void **state)
{
    (void)state;
    hf_session s[10];
    hf_buf b = {0};
    assert_int_equal(hf_buf_append(&b, hf_bytes_text("before")), HF_OK);
    for (size_t i = 0; i < 10; i++)
        s[i] = example();
    s[0].secret_len = HF_SESSION_SECRET_MAX + 1;
    s[1].secret_len = 0;
    s[2].began_ms = -1;
    s[3].created_ms = s[3].began_ms - 1;
    s[4].lifetime_s = HF_SESSION_LIFE_MAX_S + 1;
    s[5].ticket.n = UINT16_MAX + 1;
    s[6].session_id.n = 33;
    s[7].server_name.n = 256;
    s[8].alpn.n = 256;
    s[9].peer_chain.n = 0x1000000;
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(hf_session_encode(&s[i], &b), HF_E_INTERNAL);
        assert_int_equal(b.n, 6);
    }
    hf_buf_free(&b);
}

static void a_cut_session_is_refused_at_every_length(void **state)
{
    (void)state;
    hf_session s = example(), back;
    hf_buf b = encoded(&s);
    for (size_t n = 0; n < b.n; n++) {
        uint8_t *cut = malloc(n + 1); /* its exact length, so that a read past it is seen */
        assert_non_null(cut);
        memcpy(cut, b.p, n);
        assert_int_equal(hf_session_decode((hf_bytes){cut, n}, &back), HF_E_DECODE);
        assert_null(back.owned.p);
        free(cut);
    }
    assert_int_equal(hf_buf_append(&b, hf_bytes_text("x")), HF_OK);
    assert_int_equal(hf_session_decode(hf_buf_bytes(&b), &back), HF_E_TRAILING_BYTES);
    hf_buf_free(&b);
}

/* Offsets in the encoding of `example`, whose fields up to `lifetime` are of fixed length. */
enum { FLAGS = 5, SECRET_LEN = 6, BEGAN = 7 + 48, CREATED = BEGAN + 8, LIFETIME = CREATED + 8 };

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {0, 0},           {0, 2},     {FLAGS, 8},      {FLAGS, 0x80}, {SECRET_LEN, 0},
        {SECRET_LEN, 49}, {BEGAN, 1}, {CREATED, 0x80}, {BEGAN, 0x80}, {LIFETIME, 1},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        hf_session s = example(), back;
        hf_buf b = encoded(&s);
        b.p[changes[i].at] = changes[i].value;
        assert_int_equal(hf_session_decode(hf_buf_bytes(&b), &back), HF_E_DECODE);
        hf_buf_free(&b);
    }
    hf_session s = example(), back;
    s.ticket = s.server_name = s.alpn = s.peer_chain = (hf_bytes){NULL, 0};
    hf_buf b = encoded(&s);
    size_t id = LIFETIME + 4 + 4 + 4 + 8 + 2 * HF_SESSION_DIGEST + 2;
    assert_int_equal(b.p[id], 32);
    b.p[id] = 33; /* as long as all that follows, but longer than an id */
    assert_int_equal(hf_session_decode(hf_buf_bytes(&b), &back), HF_E_DECODE);
    hf_buf_free(&b);
}

static void it_lives_from_its_beginning_to_its_end(void **state)
{
    (void)state;
    hf_session s = {.began_ms = 5000, .created_ms = 9000, .lifetime_s = 10};
    assert_false(hf_session_alive(&s, 4999));
    assert_true(hf_session_alive(&s, 5000));
    assert_true(hf_session_alive(&s, 14999));
    assert_false(hf_session_alive(&s, 15000));
    s.lifetime_s = UINT32_MAX; /* never more than seven days */
    assert_true(hf_session_alive(&s, 5000 + HF_SESSION_LIFE_MAX_S * INT64_C(1000) - 1));
    assert_false(hf_session_alive(&s, 5000 + HF_SESSION_LIFE_MAX_S * INT64_C(1000)));
    s.lifetime_s = 0;
    assert_false(hf_session_alive(&s, 5000));
}

static void it_says_what_it_is(void **state)
{
    (void)state;
    hf_session s = example();
    hf_session_info info;
    hf_buf b = encoded(&s);
    assert_int_equal(hf_session_describe(hf_buf_bytes(&b), &info), HF_OK);
    assert_int_equal(info.version, HF_TLS_1_3);
    assert_int_equal(info.suite, 0x1302);
    assert_true(info.peer_authenticated);
    assert_int_equal(info.max_early_data, 16384);
    assert_true(info.began_s == 1700000000);
    assert_true(info.expires_s == 1700000000 + 604800);
    assert_string_equal(info.host, "server.test");
    assert_int_equal(hf_session_describe((hf_bytes){b.p, b.n - 1}, &info), HF_E_SESSION_MALFORMED);
    assert_int_equal(hf_session_describe((hf_bytes){NULL, 0}, &info), HF_E_SESSION_MALFORMED);
    assert_string_equal(info.host, "");
    hf_buf_free(&b);
    s.server_name = (hf_bytes){(const uint8_t *)memset(long_bytes, 'a', 255), 255};
    b = encoded(&s);
    assert_int_equal(hf_session_describe(hf_buf_bytes(&b), &info), HF_OK);
    assert_int_equal(strlen(info.host), 255);
    hf_buf_free(&b);
}

static hf_status encode_and_decode(void *ctx)
{
    hf_session s = example(), back;
    hf_session_info info;
    hf_buf b = {0};
    (void)ctx;
    hf_status status = hf_session_encode(&s, &b);
    if (status == HF_OK)
        status = hf_session_decode(hf_buf_bytes(&b), &back);
    if (status == HF_OK)
        hf_session_clear(&back);
    if (status == HF_OK)
        status = hf_session_describe(hf_buf_bytes(&b), &info);
    hf_buf_free(&b);
    return status;
}

static void each_allocation_fails(void **state)
{
    (void)state;
    assert_true(hf_test_each_alloc_fails(encode_and_decode, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(the_longest_fields_are_kept),
        cmocka_unit_test(what_is_too_long_is_not_written),
        cmocka_unit_test(a_cut_session_is_refused_at_every_length),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(it_lives_from_its_beginning_to_its_end),
        cmocka_unit_test(it_says_what_it_is),
        cmocka_unit_test(each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
