/* test_early_data_dropped.c: a client that sends early data to a server that does not take it: it
 * is dropped up to a budget, before and after HelloRetryRequest, and only then. RFC 9846 section
 * 4.3.10. */
#include "support/liar.h"

static pair_pki pki;

#define BUDGET 65536U

/* Adds an early_data extension at the end of a ClientHello. */
static void offer_early(hf_buf *body, void *ctx)
{
    (void)ctx;
    static const uint8_t early[] = {0, 42, 0, 0};
    size_t at = 2 + 32;
    at += 1U + body->p[at];
    at += 2U + ((size_t)body->p[at] << 8 | body->p[at + 1]);
    at += 1U + body->p[at];
    size_t n = ((size_t)body->p[at] << 8 | body->p[at + 1]) + sizeof(early);
    assert_int_equal(hf_buf_append(body, hf_bytes_of(early, sizeof(early))), HF_OK);
    body->p[at] = (uint8_t)(n >> 8);
    body->p[at + 1] = (uint8_t)n;
}

static void start(pair *p, bool retry, bool offered)
{
    pair_config(p, &pki);
    hf_config_groups(p->client_config, "X25519:P-256");
    hf_config_key_shares(p->client_config, 1);
    hf_config_groups(p->server_config, retry ? "P-256" : "X25519");
    hf_config_trace(p->server_config, &tamper_watch);
    pair_start(p);
    tamper_start(p->client);
    if (offered)
        tamper_message(HF_MSG_CLIENT_HELLO, 0, offer_early, NULL);
    hf_step(p->client);
}

/* Records of `n` bytes each, header included, `total` bytes in all. */
static void send_early(pair *p, size_t total, size_t n)
{
    for (; total >= n && n > 5; total -= n)
        liar_raw_record(p->client, HF_CONTENT_APPLICATION_DATA, 0x0303, n - 5);
    if (total > 5)
        liar_raw_record(p->client, HF_CONTENT_APPLICATION_DATA, 0x0303, total - 5);
}

static void early_data_within_the_budget_is_dropped(void **state)
{
    static const size_t sizes[] = {6, 28, 1000, 16384 + 5, 16384 + 256 + 5};
    (void)state;
    for (int retry = 0; retry <= 1; retry++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            pair p;
            start(&p, retry == 1, true);
            send_early(&p, BUDGET - 6, sizes[i]);
            assert_true(pair_run(&p));
            pair_exchange(&p, true, 20000);
            pair_exchange(&p, false, 20000);
            pair_free(&p);
        }
    }
}

static void early_data_over_the_budget_is_refused(void **state)
{
    (void)state;
    for (int retry = 0; retry <= 1; retry++) {
        pair p;
        start(&p, retry == 1, true);
        send_early(&p, BUDGET + 1, 1001);
        liar_expect(&p, p.server, "over the budget", retry ? HF_E_RECORD_TYPE : HF_E_BAD_RECORD_MAC,
                    retry ? HF_ALERT_unexpected_message : HF_ALERT_bad_record_mac);
        pair_free(&p);
    }
}

/* A record without content costs the server as much as another. */
static void empty_records_count_too(void **state)
{
    (void)state;
    for (int retry = 0; retry <= 1; retry++) {
        pair p;
        start(&p, retry == 1, true);
        for (size_t i = 0; i < BUDGET / 5 + 1; i++)
            liar_raw_record(p.client, HF_CONTENT_APPLICATION_DATA, 0x0303, 0);
        liar_expect(&p, p.server, "empty records", retry ? HF_E_RECORD_TYPE : HF_E_BAD_RECORD_MAC,
                    retry ? HF_ALERT_unexpected_message : HF_ALERT_bad_record_mac);
        pair_free(&p);
    }
}

static void early_data_that_was_not_offered_is_refused(void **state)
{
    (void)state;
    for (int retry = 0; retry <= 1; retry++) {
        for (size_t n = 0; n <= 40; n += 40) {
            pair p;
            start(&p, retry == 1, false);
            liar_raw_record(p.client, HF_CONTENT_APPLICATION_DATA, 0x0303, n);
            liar_expect(&p, p.server, "not offered", retry ? HF_E_RECORD_TYPE : HF_E_BAD_RECORD_MAC,
                        retry ? HF_ALERT_unexpected_message : HF_ALERT_bad_record_mac);
            pair_free(&p);
        }
    }
}

/* Behind the second ClientHello there is no early data any more: what does not open is forged. */
static void early_data_after_the_second_hello_is_refused(void **state)
{
    (void)state;
    pair p;
    start(&p, true, true);
    send_early(&p, 500, 100);
    pair_move(p.client, p.server, 0);
    assert_true(hf_step(p.server) >= 0);
    pair_move(p.server, p.client, 0); /* HelloRetryRequest */
    assert_true(hf_step(p.client) >= 0);
    liar_raw_record(p.client, HF_CONTENT_APPLICATION_DATA, 0x0303, 40);
    liar_expect(&p, p.server, "after the second hello", HF_E_BAD_RECORD_MAC,
                HF_ALERT_bad_record_mac);
    pair_free(&p);
}

/* The first record that opens ends the dropping. */
/* Records of another type may not stand inside a message, to be dropped or not: section 5.1. */
static void early_data_inside_the_second_hello_is_refused(void **state)
{
    (void)state;
    pair p;
    start(&p, true, true);
    pair_move(p.client, p.server, 0);
    assert_true(hf_step(p.server) >= 0); /* HelloRetryRequest */
    liar_raw(p.client, "\x16\x03\x03\0\4\1\0\1\0", 9);
    send_early(&p, 100, 100);
    liar_expect(&p, p.server, "inside a message", HF_E_INTERLEAVED, HF_ALERT_unexpected_message);
    pair_free(&p);
}

static void a_forged_record_after_one_that_opened_is_refused(void **state)
{
    (void)state;
    pair p;
    start(&p, false, true);
    send_early(&p, 500, 100);
    assert_true(pair_run(&p));
    liar_raw_record(p.client, HF_CONTENT_APPLICATION_DATA, 0x0303, 40);
    liar_expect(&p, p.server, "after Finished", HF_E_BAD_RECORD_MAC, HF_ALERT_bad_record_mac);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early_data_within_the_budget_is_dropped),
        cmocka_unit_test(early_data_over_the_budget_is_refused),
        cmocka_unit_test(empty_records_count_too),
        cmocka_unit_test(early_data_that_was_not_offered_is_refused),
        cmocka_unit_test(early_data_after_the_second_hello_is_refused),
        cmocka_unit_test(early_data_inside_the_second_hello_is_refused),
        cmocka_unit_test(a_forged_record_after_one_that_opened_is_refused),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
