/* test_channel_build.c: messages built in the outgoing record come out as the same bytes as
 * messages that were handed over; and what was not finished is neither seen nor left behind. */
#include "record/channel.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "crypto/lookup.h"
#include "support/fail_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint8_t text[40000];

static void fill_text(void)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7 + 1);
}

/* ---- two channels with the same keys ---- */

typedef struct form {
    const char *aead; /* NULL: in the clear */
    uint8_t form;
    uint16_t padding, limit;
} form;

static const form forms[] = {
    {NULL, HF_FORM_13, 0, HF_RECORD_PLAINTEXT},
    {"AES-128-GCM", HF_FORM_13, 0, HF_RECORD_PLAINTEXT},
    {"AES-256-GCM", HF_FORM_13, 512, HF_RECORD_PLAINTEXT},
    {"ChaCha20-Poly1305", HF_FORM_13, 0, HF_RECORD_PLAINTEXT},
    {"AES-128-GCM", HF_FORM_13, 100, 1000},
    {"AES-128-GCM", HF_FORM_12_EXPLICIT, 0, HF_RECORD_PLAINTEXT},
    {"AES-256-GCM", HF_FORM_12_EXPLICIT, 512, 700}, /* TLS 1.2 has no padding */
    {"ChaCha20-Poly1305", HF_FORM_12_IMPLICIT, 0, HF_RECORD_PLAINTEXT},
};

static void open_channel(hf_channel *ch, const form *f, const hf_provider *p, const hf_trace *trace)
{
    static const uint8_t key[HF_AEAD_MAX_KEY] = {1, 2, 3}, iv[HF_AEAD_NONCE] = {4, 5, 6};
    hf_channel_init(ch, trace, NULL);
    ch->padding = f->padding;
    ch->write_limit = f->limit;
    if (f->aead == NULL)
        return;
    const hf_aead *aead = hf_aead_find(p, f->aead);
    assert_non_null(aead);
    assert_int_equal(hf_epoch_set(&ch->write, aead, key, iv, "test"), HF_OK);
    ch->write.form = f->form;
}

static hf_status build(hf_channel *ch, size_t at, size_t n)
{
    hf_writer w;
    hf_status s = hf_channel_build(ch, &w);
    if (s != HF_OK)
        return s;
    hf_write_bytes(&w, hf_bytes_of(text + at, n));
    return hf_writer_status(&w);
}

static void assert_same_output(const hf_channel *a, const hf_channel *b)
{
    hf_bytes x = hf_channel_out(a), y = hf_channel_out(b);
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.p, y.p, y.n);
}

static void compare(const form *f, const hf_provider *p, const hf_trace *trace)
{
    static const size_t sizes[] = {1, 2, 15, 16, 250, 999, 1000, 1001, 5000, 16384, 16385, 40000};
    hf_channel built, sent;
    open_channel(&built, f, p, trace);
    open_channel(&sent, f, p, NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const size_t n = sizes[i], half = n / 2;
        assert_int_equal(build(&built, 0, half), HF_OK);
        assert_int_equal(build(&built, half, n - half), HF_OK);
        assert_int_equal(hf_channel_built(&built).n, n);
        assert_int_equal(hf_channel_finish(&built, HF_CONTENT_HANDSHAKE), HF_OK);
        assert_int_equal(hf_channel_send(&sent, HF_CONTENT_HANDSHAKE, hf_bytes_of(text, n)), HF_OK);
    }
    assert_same_output(&built, &sent);
    hf_channel_free(&built);
    hf_channel_free(&sent);
}

static void what_is_built_is_sealed_as_what_is_sent(void **state)
{
    (void)state;
    const hf_provider *providers[] = {hf_provider_default(), hf_provider_portable()};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++)
            compare(&forms[k], providers[i], NULL);
}

/* ---- a trace sees the plaintext, which the encryption overwrites ---- */

static size_t traced; /* bytes of plaintext that were as built */

static void see(void *ctx, const hf_conn *conn, const hf_event *e)
{
    (void)ctx;
    (void)conn;
    assert_int_equal(e->kind, HF_TRACE_RECORD);
    assert_memory_equal(e->record.plaintext.p, text, 1); /* each begins where the text does */
    if (e->record.plaintext.n <= 1000)
        assert_memory_equal(e->record.plaintext.p, text, e->record.plaintext.n);
    traced += e->record.plaintext.n;
}

static void a_trace_sees_what_was_built_and_changes_nothing(void **state)
{
    (void)state;
    const hf_trace trace = {see, NULL, true};
    traced = 0;
    compare(&forms[0], hf_provider_default(), NULL);
    hf_channel ch;
    for (size_t k = 0; k < 4; k++) {
        open_channel(&ch, &forms[k], hf_provider_default(), &trace);
        assert_int_equal(build(&ch, 0, 1000), HF_OK);
        assert_int_equal(hf_channel_finish(&ch, HF_CONTENT_HANDSHAKE), HF_OK);
        hf_channel_free(&ch);
    }
    assert_int_equal(traced, 4 * 1000);
}

static void ignore(void *ctx, const hf_conn *conn, const hf_event *e)
{
    (void)ctx;
    (void)conn;
    (void)e;
}

static void traced_records_are_the_same_bytes(void **state)
{
    (void)state;
    const hf_trace trace = {ignore, NULL, true};
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++)
        compare(&forms[k], hf_provider_default(), &trace);
}

/* ---- what is not finished ---- */

static void the_unfinished_is_not_seen(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
        hf_channel ch;
        open_channel(&ch, &forms[k], hf_provider_default(), NULL);
        assert_int_equal(build(&ch, 0, 300), HF_OK);
        assert_int_equal(hf_channel_out(&ch).n, 0);
        hf_channel_out_consumed(&ch, 1000); /* there is nothing to consume */
        assert_int_equal(hf_channel_built(&ch).n, 300);
        assert_int_equal(hf_channel_finish(&ch, HF_CONTENT_HANDSHAKE), HF_OK);
        const size_t first = hf_channel_out(&ch).n;
        assert_int_equal(first, hf_channel_record_size(&ch, 300));
        assert_int_equal(build(&ch, 300, 20), HF_OK);
        assert_int_equal(hf_channel_out(&ch).n, first);
        hf_channel_out_consumed(&ch, first);
        assert_int_equal(hf_channel_out(&ch).n, 0);
        assert_memory_equal(hf_channel_built(&ch).p, text + 300, 20);
        assert_int_equal(hf_channel_finish(&ch, HF_CONTENT_HANDSHAKE), HF_OK);
        assert_int_equal(hf_channel_out(&ch).n, hf_channel_record_size(&ch, 20));
        hf_channel_free(&ch);
    }
}

/* An alert in the middle of a flight: the flight is gone, the alert has its sequence number. */
static void the_unfinished_is_forgotten_and_wiped_when_something_else_is_sent(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
        hf_channel ch, sent;
        uint8_t *memory;
        open_channel(&ch, &forms[k], hf_provider_default(), NULL);
        open_channel(&sent, &forms[k], hf_provider_default(), NULL);
        assert_int_equal(build(&ch, 0, 600), HF_OK);
        memory = ch.out.p;
        assert_int_equal(hf_channel_send(&ch, HF_CONTENT_ALERT, hf_bytes_of("\2\50", 2)), HF_OK);
        assert_int_equal(hf_channel_send(&sent, HF_CONTENT_ALERT, hf_bytes_of("\2\50", 2)), HF_OK);
        assert_same_output(&ch, &sent);
        assert_ptr_equal(memory, ch.out.p);
        for (size_t i = ch.out.n; i < 600; i++)
            assert_int_equal(memory[i], 0);
        assert_int_equal(hf_channel_built(&ch).n, 0);
        assert_int_equal(hf_channel_finish(&ch, HF_CONTENT_HANDSHAKE), HF_OK); /* of nothing */
        assert_same_output(&ch, &sent);
        hf_channel_free(&ch);
        hf_channel_free(&sent);
    }
}

static void a_message_can_be_taken_back_and_the_ones_before_it_stay(void **state)
{
    (void)state;
    hf_channel ch, sent;
    open_channel(&ch, &forms[1], hf_provider_default(), NULL);
    open_channel(&sent, &forms[1], hf_provider_default(), NULL);
    assert_int_equal(build(&ch, 0, 100), HF_OK);
    assert_int_equal(build(&ch, 200, 50), HF_OK);
    hf_channel_unbuild(&ch, 100);
    hf_channel_unbuild(&ch, 120); /* more than there is: nothing happens */
    assert_int_equal(hf_channel_built(&ch).n, 100);
    assert_int_equal(hf_channel_finish(&ch, HF_CONTENT_HANDSHAKE), HF_OK);
    assert_int_equal(hf_channel_send(&sent, HF_CONTENT_HANDSHAKE, hf_bytes_of(text, 100)), HF_OK);
    assert_same_output(&ch, &sent);
    assert_int_equal(build(&ch, 0, 1), HF_OK);
    hf_channel_unbuild(&ch, 0);
    assert_int_equal(hf_channel_finish(&ch, HF_CONTENT_HANDSHAKE), HF_OK);
    assert_same_output(&ch, &sent); /* no empty record */
    hf_channel_free(&ch);
    hf_channel_free(&sent);
}

static void a_mute_channel_and_a_spent_key_send_nothing(void **state)
{
    (void)state;
    hf_channel ch;
    open_channel(&ch, &forms[1], hf_provider_default(), NULL);
    ch.mute = true;
    assert_int_equal(build(&ch, 0, 100), HF_OK);
    assert_int_equal(hf_channel_finish(&ch, HF_CONTENT_HANDSHAKE), HF_E_WRONG_STATE);
    assert_int_equal(hf_channel_out(&ch).n, 0);
    ch.mute = false;
    ch.write.sequence = UINT64_MAX;
    assert_int_equal(build(&ch, 0, 100), HF_OK);
    assert_int_equal(hf_channel_finish(&ch, HF_CONTENT_HANDSHAKE), HF_E_KEY_EXHAUSTED);
    assert_int_equal(hf_channel_out(&ch).n, 0);
    assert_int_equal(hf_channel_built(&ch).n, 0);
    hf_channel_free(&ch);
}

/* Room is lent that is too small for each of the steps: all of them allocate. */
static hf_status build_and_finish(void *ctx)
{
    hf_channel ch;
    uint8_t in[8], out[12];
    open_channel(&ch, ctx, hf_provider_default(), NULL);
    hf_channel_lend(&ch, in, sizeof in, out, sizeof out);
    hf_status s = build(&ch, 0, 7);
    if (s == HF_OK)
        s = build(&ch, 7, 30000);
    if (s == HF_OK)
        s = hf_channel_finish(&ch, HF_CONTENT_HANDSHAKE);
    hf_channel_free(&ch);
    return s;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++)
        if (strcmp(hf_aead_find(hf_provider_default(), "AES-128-GCM")->from, "libcrypto") != 0 ||
            forms[k].aead == NULL)
            assert_true(hf_test_each_alloc_fails(build_and_finish, (void *)(uintptr_t)&forms[k]) >
                        0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_built_is_sealed_as_what_is_sent),
        cmocka_unit_test(a_trace_sees_what_was_built_and_changes_nothing),
        cmocka_unit_test(traced_records_are_the_same_bytes),
        cmocka_unit_test(the_unfinished_is_not_seen),
        cmocka_unit_test(the_unfinished_is_forgotten_and_wiped_when_something_else_is_sent),
        cmocka_unit_test(a_message_can_be_taken_back_and_the_ones_before_it_stay),
        cmocka_unit_test(a_mute_channel_and_a_spent_key_send_nothing),
        cmocka_unit_test(each_allocation_may_fail),
    };
    fill_text();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
