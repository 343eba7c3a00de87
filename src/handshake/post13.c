/* post13.c: messages after a TLS 1.3 handshake, RFC 9846 section 4.7: KeyUpdate both ways, and
 * NewSessionTicket, which tickets13.c takes. */
#include "handshake/conn.h"
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/error.h"

static hf_status next_keys(hf_conn *c, hf_epoch *epoch, bool of_client)
{
    uint8_t *secret = of_client ? c->client_secret : c->server_secret;
    const char *name = of_client ? "client application traffic" : "server application traffic";
    hf_traffic_update13(c->suite->hash, secret);
    hf_trace_secret(c, NULL,
                    of_client ? "client traffic secret, updated" : "server traffic secret, updated",
                    "the secret before it", "traffic upd", NULL, (hf_bytes){NULL, 0},
                    (hf_bytes){secret, c->suite->hash->digest_len});
    return hf_conn_set_keys(c, epoch, secret, name);
}

static hf_status take_key_update(hf_conn *c, hf_reader *r, hf_error *e)
{
    hf_key_update_msg m;
    if (!hf_key_update_parse(r, &m))
        return hf_reader_status(r, e);
    if (m.request_update > 1)
        return hf_fail(e, HF_E_KEY_UPDATE_VALUE, "request_update", "0 or 1", "%u",
                       m.request_update);
    hf_status s = next_keys(c, &c->channel.read, !hf_conn_is_client(c));
    if (s != HF_OK)
        return hf_fail(e, s, NULL, NULL, NULL);
    /* The answer is due before this side's next data (section 4.7.3): one then serves any number of
     * requests, and a peer that asks and never reads makes no queue grow. */
    if (m.request_update == 1)
        c->key_update_owed = true;
    return HF_OK;
}

static hf_status take(hf_conn *c, uint8_t type, hf_reader *r, hf_error *e)
{
    hf_status s = hf_conn_count_request(c, HF_E_KEY_UPDATES, e);
    if (s != HF_OK)
        return s;
    if (type == HF_MSG_KEY_UPDATE)
        return take_key_update(c, r, e);
    if (type == HF_MSG_NEW_SESSION_TICKET && hf_conn_is_client(c))
        return hf_post13_ticket(c, r, e);
    if (type == HF_MSG_CLIENT_HELLO || type == HF_MSG_HELLO_REQUEST)
        return hf_fail(e, HF_E_UNEXPECTED_MESSAGE, "msg_type",
                       "no second handshake: TLS 1.3 does not renegotiate", "%s (%u)",
                       hf_message_name(type), type);
    const char *name = hf_message_name(type);
    return hf_fail(e, HF_E_UNEXPECTED_MESSAGE, "msg_type",
                   hf_conn_is_client(c) ? "KeyUpdate or NewSessionTicket" : "KeyUpdate", "%s (%u)",
                   name != NULL ? name : "an unknown message", type);
}

static hf_status take_message(hf_conn *c, hf_bytes message, bool ends_record, hf_error *e)
{
    hf_message_tracer tracer;
    hf_reader r;
    uint8_t type = message.p[0];
    if (type == HF_MSG_KEY_UPDATE && !ends_record)
        return hf_fail(e, HF_E_NOT_ALIGNED, "length", "the end of the record after KeyUpdate",
                       "more bytes");
    hf_reader_init(&r, message, hf_trace_message_begin(&tracer, c, false, type, message));
    hf_read_u8(&r, "msg_type");
    hf_read_u24(&r, "length");
    hf_status s = take(c, type, &r, e);
    hf_trace_message_end(&tracer);
    if (s != HF_OK)
        e->message = hf_message_name(type);
    return s;
}

static hf_status key_update(hf_conn *c, bool request, hf_error *e)
{
    uint8_t bytes[5];
    hf_writer w;
    hf_writer_init(&w, bytes, sizeof(bytes));
    hf_write_u8(&w, HF_MSG_KEY_UPDATE);
    size_t length = hf_write_open(&w, 3);
    hf_key_update_build(&w, &(hf_key_update_msg){.request_update = request});
    hf_write_close(&w, length, 3);
    hf_bytes message = hf_writer_bytes(&w);
    hf_status s = hf_channel_send(&c->channel, HF_CONTENT_HANDSHAKE, message);
    if (s == HF_OK) {
        hf_trace_message_sent(c, HF_MSG_KEY_UPDATE, message);
        s = next_keys(c, &c->channel.write, hf_conn_is_client(c));
    }
    c->key_update_owed = false;
    return s == HF_OK ? HF_OK : hf_fail(e, s, NULL, NULL, NULL);
}

static hf_status before_write(hf_conn *c, hf_error *e)
{
    uint64_t limit = c->cfg->key_limit != 0 ? c->cfg->key_limit : c->suite->aead->record_limit;
    /* The KeyUpdate itself is the last record under the old key. */
    if (c->channel.write.sequence + 1 < limit && !c->key_update_owed)
        return HF_OK;
    return key_update(c, false, e);
}

static hf_status export_keys(const hf_conn *c, const char *label, hf_bytes context, uint8_t *out,
                             size_t n)
{
    hf_exporter13(c->suite->hash, c->exporter_secret, label, context, out, n);
    return HF_OK;
}

const hf_after hf_after13 = {take_message, before_write, key_update, export_keys, NULL};
