/* conn.c: the connection's engine: records in, messages and data out of them, alerts, the end. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/error.h"

/* ---- the end ---- */

hf_status hf_conn_send_alert(hf_conn *c, uint8_t level, uint8_t description)
{
    uint8_t bytes[2];
    hf_writer w;
    hf_writer_init(&w, bytes, sizeof(bytes));
    hf_alert_build(&w, &(hf_alert_msg){level, description});
    hf_status s = hf_channel_send(&c->channel, HF_CONTENT_ALERT, hf_writer_bytes(&w));
    if (s == HF_OK)
        hf_trace_alert(c, true, level, description);
    return s;
}

static void keep_error(hf_conn *c, const hf_error *e)
{
    c->error = hf_alloc(sizeof(*c->error));
    if (c->error != NULL)
        *c->error = *e;
}

hf_status hf_conn_fail(hf_conn *c, const hf_error *e)
{
    if (c->failed != HF_OK)
        return c->failed;
    hf_error told = *e;
    c->failed = e->code;
    bool silent = e->alert_received || e->code == HF_E_TRUNCATED || c->close_sent;
    if (!silent)
        told.alert_sent = hf_conn_send_alert(c, 2, told.alert) == HF_OK;
    if (told.subject[0] == '\0' && c->host != NULL)
        hf_error_subject(&told, "%s", c->host);
    keep_error(c, &told);
    hf_trace_error(c, &told);
    c->data = (hf_bytes){NULL, 0};
    return c->failed;
}

/* ---- records ---- */

static const char *alert_level_name(uint8_t level)
{
    return level == 1 ? "warning" : "fatal";
}

static hf_status take_alert(hf_conn *c, const hf_record *record, hf_error *e)
{
    hf_reader r;
    hf_alert_msg m;
    if (record->content.n == 0) /* section 5.4 */
        return hf_fail(e, HF_E_RECORD_EMPTY, "fragment", "an alert", "none");
    hf_reader_init(&r, record->content, NULL);
    if (!hf_alert_parse(&r, &m)) {
        hf_reader_status(&r, NULL);
        return hf_fail(e, HF_E_BAD_ALERT, "alert", "2 bytes", "%zu bytes", record->content.n);
    }
    hf_trace_alert(c, false, m.level, m.description);
    if (m.description == HF_ALERT_close_notify && c->established) {
        c->peer_closed = true;
        return HF_OK;
    }
    /* Before TLS 1.3 a warning need not end anything; too many in a row do (count_idle). */
    if (m.level == 1 && m.description != HF_ALERT_close_notify &&
        c->version != HF_VERSION_TLS_1_3 && c->cfg->min_version <= HF_VERSION_TLS_1_2)
        return HF_OK;
    if (m.description == HF_ALERT_user_canceled)
        return HF_OK; /* a close_notify follows (section 6.1); counted as a record without progress
                       */
    hf_fail(e, HF_E_ALERT_RECEIVED, "description", NULL, "%s (%u), %s",
            hf_alert_name(m.description), m.description, alert_level_name(m.level));
    e->alert = m.description;
    e->alert_received = true;
    return HF_E_ALERT_RECEIVED;
}

/* TLS 1.2: it is part of the order. */
static hf_status take_ccs12(hf_conn *c, const hf_record *r, hf_error *e)
{
    if (r->content.n != 1 || r->content.p[0] != 1)
        return hf_fail(e, HF_E_BAD_CCS, "fragment", "the single byte 1", "%zu bytes", r->content.n);
    hf_trace_ccs(c, false, r->content);
    hf_status s = hf_script_receive_ccs(c->hs);
    if (s != HF_OK)
        *e = c->hs->error;
    return s;
}

/* A compatibility change_cipher_spec is dropped between the hellos and the peer's Finished, and is
 * an error at any other time (section 5). */
static hf_status take_ccs(hf_conn *c, const hf_record *r, hf_error *e)
{
    if (r->encrypted)
        return hf_fail(e, HF_E_UNEXPECTED_CCS, "type", "no change_cipher_spec inside encryption",
                       NULL);
    if (c->hs != NULL && c->hs->speaks_12)
        return take_ccs12(c, r, e);
    /* where a retry leaves no state, it may have come behind a hello that is forgotten: 4.3.2 */
    bool hello =
        c->hs != NULL && ((c->hs->facts & HF_F_HELLO) != 0 || c->cfg->stateless_retry_s != 0);
    if (!hello)
        return hf_fail(e, HF_E_UNEXPECTED_CCS, "type",
                       "none before the first ClientHello or after the handshake", NULL);
    if (c->cfg->max_version < HF_VERSION_TLS_1_3) /* a client: a server is in table12 by now */
        return hf_fail(e, HF_E_UNEXPECTED_CCS, "type", "none before ServerHello in TLS 1.2", NULL);
    if (r->content.n != 1 || r->content.p[0] != 1)
        return hf_fail(e, HF_E_BAD_CCS, "fragment", "the single byte 1", "%zu bytes", r->content.n);
    hf_trace_ccs(c, false, r->content);
    return HF_OK;
}

static hf_status take_handshake(hf_conn *c, const hf_record *r, hf_error *e)
{
    if (r->content.n == 0)
        return hf_fail(e, HF_E_RECORD_EMPTY, "fragment", "at least 1 byte of a handshake message",
                       "none");
    if (hf_buf_append(&c->messages, r->content) != HF_OK)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    c->idle_records = 0;
    return HF_OK;
}

/* Before Finished: only as early data, under its key, and as much as the ticket allows. */
static hf_status take_early(hf_conn *c, const hf_record *r, hf_error *e)
{
    if (c->hs == NULL || (c->hs->facts & HF_F_EARLY) == 0 || !c->hs->early_open)
        return hf_fail(e, HF_E_RECORD_TYPE, "type", "no application data before Finished",
                       "application_data");
    if (r->content.n <= c->hs->early_left) {
        c->hs->early_left -= (uint32_t)r->content.n;
        return HF_OK;
    }
    hf_fail(e, HF_E_EARLY_DATA_TOO_MUCH, "fragment", NULL, "more");
    hf_error_expected(e, "at most %u bytes, as the ticket says", c->hs->session->max_early_data);
    return e->code;
}

static hf_status take_data(hf_conn *c, const hf_record *r, hf_bytes *data, hf_error *e)
{
    hf_status s = c->established ? HF_OK : take_early(c, r, e);
    if (s != HF_OK || r->content.n == 0)
        return s;
    c->data_is_early = !c->established;
    *data = r->content;
    c->idle_records = 0;
    c->key_updates = 0;
    return HF_OK;
}

/* Records that carry nothing are allowed, but not for ever. */
static hf_status count_idle(hf_conn *c, hf_error *e)
{
    if (++c->idle_records <= c->cfg->limits.records_without_progress)
        return HF_OK;
    hf_fail(e, HF_E_RECORDS_WITHOUT_PROGRESS, "fragment", NULL, "%u in a row", c->idle_records);
    hf_error_expected(e, "at most %u", c->cfg->limits.records_without_progress);
    return e->code;
}

/* Early data behind a ClientHello that is answered by HelloRetryRequest: still before any key, so
 * it is told by its type alone (RFC 9846 section 4.3.10). The header counts too, so that empty
 * records are not free. */
static bool drop_early(hf_conn *c, const hf_record *r)
{
    size_t whole = HF_RECORD_HEADER + r->content.n;
    if (r->type != HF_CONTENT_APPLICATION_DATA || r->encrypted || c->channel.skip_early < whole)
        return false;
    c->channel.skip_early -= (uint32_t)whole;
    return true;
}

static hf_status dispatch(hf_conn *c, const hf_record *r, hf_bytes *data, hf_error *e)
{
    if (c->messages.n != 0 && r->type != HF_CONTENT_HANDSHAKE)
        return hf_fail(e, HF_E_INTERLEAVED, "type", "the rest of a handshake message",
                       "a record of type %u", r->type);
    if (r->type == HF_CONTENT_NOTHING || drop_early(c, r))
        return HF_OK; /* early data that was dropped has a budget of its own */
    if (c->peer_closed)
        return HF_OK; /* data after close_notify is ignored, section 6.1 */
    bool carries = (r->type == HF_CONTENT_HANDSHAKE || r->type == HF_CONTENT_APPLICATION_DATA) &&
                   r->content.n != 0;
    hf_status s = carries ? HF_OK : count_idle(c, e);
    if (s != HF_OK)
        return s;
    switch (r->type) {
    case HF_CONTENT_HANDSHAKE:
        return take_handshake(c, r, e);
    case HF_CONTENT_APPLICATION_DATA:
        return take_data(c, r, data, e);
    case HF_CONTENT_ALERT:
        return take_alert(c, r, e);
    case HF_CONTENT_CHANGE_CIPHER_SPEC:
        return take_ccs(c, r, e);
    default:
        return hf_fail(e, HF_E_RECORD_TYPE, "type", "alert, handshake or application_data", "%u",
                       r->type);
    }
}

hf_status hf_conn_take_record(hf_conn *c, const hf_record *r, hf_bytes *data)
{
    hf_error e;
    hf_error_none(&e);
    *data = (hf_bytes){NULL, 0};
    hf_status s = dispatch(c, r, data, &e);
    return s == HF_OK ? HF_OK : hf_conn_fail(c, &e);
}

/* ---- messages ---- */

static hf_status judge_length(const hf_conn *c, size_t length, hf_error *e)
{
    if (length <= c->cfg->limits.handshake_message)
        return HF_OK;
    hf_fail(e, HF_E_MESSAGE_TOO_LONG, "length", NULL, "%zu bytes", length);
    hf_error_expected(e, "at most %u bytes", c->cfg->limits.handshake_message);
    e->message = hf_message_name(c->messages.p[0]);
    return e->code;
}

hf_status hf_conn_count_request(hf_conn *c, hf_status code, hf_error *e)
{
    if (++c->key_updates <= c->cfg->limits.key_updates)
        return HF_OK;
    hf_fail(e, code, NULL, NULL, "%u in a row", c->key_updates);
    hf_error_expected(e, "at most %u without application data between them",
                      c->cfg->limits.key_updates);
    return code;
}

/* A server of TLS 1.2 may ask for a handshake while one goes on; it is not heard, nor in the
 * transcript: RFC 5246 section 7.4.1.1. */
static bool is_idle_request(const hf_conn *c, hf_bytes message)
{
    return message.p[0] == HF_MSG_HELLO_REQUEST && message.n == 4 && hf_conn_is_client(c) &&
           (c->hs->speaks_12 || (c->version == 0 && c->cfg->min_version == HF_VERSION_TLS_1_2));
}

static hf_status dispatch_message(hf_conn *c, hf_bytes message, bool ends_record, hf_error *e)
{
    if (c->hs != NULL && is_idle_request(c, message))
        return hf_post12_ignore_request(c, message, e);
    if (c->hs != NULL) {
        hf_status s = hf_script_receive(c->hs, message, ends_record);
        if (s != HF_OK)
            *e = c->hs->error;
        return s;
    }
    return hf_conn_after(c)->message(c, message, ends_record, e);
}

/* Takes the first whole message off c->messages, if there is one. */
static hf_status next_message(hf_conn *c, bool *took, hf_error *e)
{
    const uint8_t *p = c->messages.p;
    *took = false;
    if (c->messages.n < 4)
        return HF_OK;
    size_t length = (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    hf_status s = judge_length(c, length, e);
    if (s != HF_OK || c->messages.n < 4 + length)
        return s;
    *took = true;
    s = dispatch_message(c, (hf_bytes){p, 4 + length}, c->messages.n == 4 + length, e);
    hf_buf_drop_front(&c->messages, 4 + length);
    if (c->messages.n == 0 && c->hs == NULL)
        hf_buf_free(&c->messages);
    return s;
}

/* ---- the loop ---- */

/* Keys may be expanded in the scratch. */
static void take_back_keys(hf_conn *c)
{
    hf_epoch_lend(&c->channel.read, NULL);
    hf_epoch_lend(&c->channel.write, NULL);
}

void hf_conn_drop_handshake(hf_conn *c)
{
    take_back_keys(c);
    hf_handshake_free(c->hs);
    c->hs = NULL;
}

/* The handshake is over: what stays moves to the connection, the scratch goes. */
static hf_status finish_handshake(hf_conn *c)
{
    const size_t data_at = c->data.n != 0 ? (size_t)(c->data.p - c->channel.in.p) : 0;
    hf_status in = hf_channel_own(&c->channel), messages = hf_buf_own(&c->messages);
    if (in != HF_OK || messages != HF_OK)
        return HF_E_OUT_OF_MEMORY;
    if (c->data.n != 0)
        c->data.p = c->channel.in.p + data_at;
    c->established = true;
    hf_trace_state(c, "established", "RFC 9846 section 4.5.3");
    take_back_keys(c);
    hf_handshake_leave(c->hs);
    c->hs = NULL;
    return HF_OK;
}

/* HelloRetryRequest is in the output, and the client will bring back what was known in its cookie.
 * What remains is a connection as it was at first, but for one fact: there was a retry. */
static hf_status forget(hf_conn *c)
{
    if (hf_channel_own(&c->channel) != HF_OK)
        return HF_E_OUT_OF_MEMORY;
    hf_buf_free(&c->messages); /* empty: the hello ended its record */
    hf_free(c->host);
    hf_free(c->alpn);
    c->host = NULL;
    c->alpn = NULL;
    c->suite = NULL;
    c->group = NULL;
    c->own_scheme = NULL;
    c->own_identity = NULL;
    c->version = 0;
    hf_handshake_leave(c->hs);
    c->hs = NULL;
    return HF_OK;
}

/* The scratch of a connection that was left without one, when there is something to do. */
static hf_status begin_again(hf_conn *c)
{
    if (c->hs != NULL || c->established || !hf_channel_has_input(&c->channel))
        return HF_OK;
    return hf_handshake_new(c);
}

/* One turn: *more is false when only the outside can help. */
static hf_status turn(hf_conn *c, bool *more, hf_error *e)
{
    *more = false;
    hf_status s = begin_again(c);
    if (s != HF_OK)
        return hf_fail(e, s, NULL, NULL, NULL);
    if (c->hs != NULL) {
        hf_script_want want;
        s = hf_script_run(c->hs, &want);
        if (s != HF_OK) {
            *e = c->hs->error;
            return s;
        }
        if (want == HF_SCRIPT_JOB)
            return HF_OK;
        *more = want == HF_SCRIPT_FORGET;
        if (want == HF_SCRIPT_DONE)
            s = finish_handshake(c);
        else if (want == HF_SCRIPT_FORGET)
            s = forget(c);
        if (s != HF_OK)
            return hf_fail(e, s, NULL, NULL, NULL);
    }
    if (c->data.n != 0 || *more || (c->hs == NULL && !c->established))
        return HF_OK;
    s = next_message(c, more, e);
    if (s != HF_OK || *more)
        return s;
    hf_record record;
    s = hf_channel_next(&c->channel, &record, more, e);
    if (s != HF_OK || !*more)
        return s;
    s = dispatch(c, &record, &c->data, e);
    if (c->data.n == 0)
        hf_channel_release(&c->channel);
    return s;
}

static hf_status judge_end(hf_conn *c, hf_error *e)
{
    if (!c->transport_ended || c->peer_closed || c->data.n != 0)
        return HF_OK;
    return hf_fail(e, HF_E_TRUNCATED, NULL, "close_notify before the end",
                   c->established ? "the end of the transport during the data"
                                  : "the end of the transport during the handshake");
}

hf_status hf_conn_drive(hf_conn *c)
{
    if (c->failed != HF_OK)
        return c->failed;
    hf_error e;
    hf_error_none(&e);
    hf_status s = HF_OK;
    bool more = true;
    while (s == HF_OK && more)
        s = turn(c, &more, &e);
    bool waits_for_job = c->hs != NULL && atomic_load(&c->hs->job.state) != HF_JOB_IDLE;
    if (s == HF_OK && !waits_for_job)
        s = judge_end(c, &e);
    if (s != HF_OK)
        return hf_conn_fail(c, &e);
    if (c->hs == NULL)
        hf_channel_trim(&c->channel); /* a handshake needs its buffers again */
    return HF_OK;
}
