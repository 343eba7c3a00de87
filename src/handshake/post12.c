/* post12.c: messages after a TLS 1.2 handshake. They could only begin another one: renegotiation,
 * which let an attacker put a prefix before a client's words (RFC 5746) and which this side never
 * does. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/error.h"

hf_status hf_post12_message(hf_conn *c, uint8_t type, hf_bytes message, hf_error *e)
{
    hf_message_tracer tracer;
    hf_trace_message_begin(&tracer, c, false, type, message);
    hf_trace_message_end(&tracer);
    const char *name = hf_message_name(type);
    e->message = name;
    if (type == HF_MSG_CLIENT_HELLO || type == HF_MSG_HELLO_REQUEST)
        return hf_fail(e, HF_E_RENEGOTIATION, "msg_type", "no second handshake", "%s (%u)", name,
                       type);
    return hf_fail(e, HF_E_UNEXPECTED_MESSAGE, "msg_type", "no message after the handshake",
                   "%s (%u)", name != NULL ? name : "an unknown message", type);
}

/* There is no KeyUpdate: a key that is used up ends the connection. */
hf_status hf_post12_before_write(const hf_conn *c, hf_error *e)
{
    uint64_t limit = c->cfg->key_limit != 0 ? c->cfg->key_limit : c->suite->aead->record_limit;
    if (c->channel.write.sequence < limit)
        return HF_OK;
    return hf_fail(e, HF_E_KEY_EXHAUSTED, NULL,
                   "a new connection, since TLS 1.2 cannot change keys", "%llu records",
                   (unsigned long long)c->channel.write.sequence);
}

hf_status hf_conn_before_write(hf_conn *c, hf_error *e)
{
    return c->version == HF_VERSION_TLS_1_2 ? hf_post12_before_write(c, e)
                                            : hf_post13_before_write(c, e);
}
