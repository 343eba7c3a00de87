/* post12.c: messages after a TLS 1.2 handshake. They could only begin another one: renegotiation,
 * which let an attacker put a prefix before a client's words (RFC 5746) and which this side never
 * does. It says so by a warning, and the connection goes on: RFC 5246 sections 7.2.2 and 7.4.1.1.
 */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/error.h"

static void trace(const hf_conn *c, hf_bytes message)
{
    hf_message_tracer tracer;
    hf_trace_message_begin(&tracer, c, false, message.p[0], message);
    hf_trace_message_end(&tracer);
}

/* Each asks for work, so there is an end to them. */
static hf_status refuse(hf_conn *c, hf_error *e)
{
    hf_status s = hf_conn_count_request(c, HF_E_RENEGOTIATION, e);
    if (s != HF_OK)
        return s;
    s = hf_conn_send_alert(c, 1, HF_ALERT_no_renegotiation);
    return s == HF_OK ? HF_OK : hf_fail(e, s, NULL, NULL, NULL);
}

static hf_status judge_empty(hf_bytes message, hf_error *e)
{
    if (message.n == 4)
        return HF_OK;
    return hf_fail(e, HF_E_TRAILING_BYTES, "body", "nothing: a HelloRequest is empty", "%zu bytes",
                   message.n - 4);
}

static hf_status take_message(hf_conn *c, hf_bytes message, bool ends_record, hf_error *e)
{
    (void)ends_record;
    uint8_t type = message.p[0];
    uint8_t begins = hf_conn_is_client(c) ? HF_MSG_HELLO_REQUEST : HF_MSG_CLIENT_HELLO;
    trace(c, message);
    const char *name = hf_message_name(type);
    e->message = name;
    if (type != begins)
        return hf_fail(e, HF_E_UNEXPECTED_MESSAGE, "msg_type", "no message after the handshake",
                       "%s (%u)", name != NULL ? name : "an unknown message", type);
    hf_status s = type == HF_MSG_HELLO_REQUEST ? judge_empty(message, e) : HF_OK;
    return s == HF_OK ? refuse(c, e) : s;
}

hf_status hf_post12_ignore_request(hf_conn *c, hf_bytes message, hf_error *e)
{
    trace(c, message);
    e->message = hf_message_name(message.p[0]);
    return hf_conn_count_request(c, HF_E_RENEGOTIATION, e);
}

/* There is no KeyUpdate: a key that is used up ends the connection. */
static hf_status before_write(hf_conn *c, hf_error *e)
{
    uint64_t limit = c->cfg->key_limit != 0 ? c->cfg->key_limit : c->suite->aead->record_limit;
    if (c->channel.write.sequence < limit)
        return HF_OK;
    return hf_fail(e, HF_E_KEY_EXHAUSTED, NULL,
                   "a new connection, since TLS 1.2 cannot change keys", "%llu records",
                   (unsigned long long)c->channel.write.sequence);
}

const hf_after hf_after12 = {take_message, before_write, NULL, hf_12_export, hf_12_unique};
