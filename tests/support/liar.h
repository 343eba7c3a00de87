/* liar.h: a peer that sends records no honest one would: any type and content under its own keys,
 * or bytes straight onto the wire. What it says in messages is tamper.h's business. */
#ifndef HF_TESTS_LIAR_H
#define HF_TESTS_LIAR_H

#include "support/tamper.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* One record (or as many as the content needs) under the keys in use; no content is one, empty. */
static inline void liar_send(hf_conn *liar, uint8_t type, const void *p, size_t n)
{
    assert_int_equal(hf_channel_send(&liar->channel, type, hf_bytes_of(p, n)), HF_OK);
}

/* Bytes onto the wire as they are. */
static inline void liar_raw(hf_conn *liar, const void *p, size_t n)
{
    assert_int_equal(hf_buf_append(&liar->channel.out, hf_bytes_of(p, n)), HF_OK);
}

/* A record with a header as given and `n` bytes of 0x55, never encrypted. */
static inline void liar_raw_record(hf_conn *liar, uint8_t type, uint16_t version, size_t n)
{
    uint8_t header[5] = {type, (uint8_t)(version >> 8), (uint8_t)version, (uint8_t)(n >> 8),
                         (uint8_t)n};
    static uint8_t body[65535];
    memset(body, 0x55, n);
    liar_raw(liar, header, sizeof(header));
    liar_raw(liar, body, n);
}

/* The victim's end as tamper_expect has it, and the alert that RFC 9846 names. */
static inline void liar_expect(pair *p, hf_conn *victim, const char *what, hf_status code,
                               uint8_t alert)
{
    hf_error e;
    char text[1024];
    pair_run(p);
    hf_conn_error(victim, &e);
    hf_error_format(&e, text, sizeof(text));
    if (e.code != code || e.alert != alert)
        fail_msg("%s: expected %s (%s), got %s: %s", what, hf_error_name(code),
                 hf_alert_name(alert), hf_error_name(e.code), text);
    tamper_expect(p, victim, code);
}

#endif
