/* message_trace.c: reads a handshake message for its trace alone, by the parser that the engine
 * uses.
 *
 * Whatever the bytes are, the leaf fields that the sink gets cover each byte exactly once, and what
 * was opened is closed: where a parser gave up, the rest comes as one field, "undecoded".
 */
#include "wire/form.h"
#include "wire/messages.h"
#include "wire/messages12.h"

#define DEPTH_MAX 16U /* the deepest message nests half of this */

typedef struct tracer {
    const hf_field_sink *out;
    size_t end; /* of the last leaf */
    size_t depth;
    const char *open[DEPTH_MAX];
} tracer;

static void on_field(void *ctx, const hf_field *field)
{
    tracer *t = ctx;
    if (field->kind == HF_FIELD_OPEN) {
        if (t->depth < DEPTH_MAX)
            t->open[t->depth] = field->name;
        t->depth++;
    } else if (field->kind == HF_FIELD_CLOSE) {
        t->depth--;
    } else {
        t->end = field->offset + field->length;
    }
    t->out->field(t->out->ctx, field);
}

static void close_open(tracer *t)
{
    while (t->depth > 0) {
        t->depth--;
        hf_field f = {.kind = HF_FIELD_CLOSE,
                      .name = t->depth < DEPTH_MAX ? t->open[t->depth] : "",
                      .offset = t->end};
        t->out->field(t->out->ctx, &f);
    }
}

static void report_rest(const tracer *t, hf_bytes message)
{
    if (t->end == message.n)
        return;
    hf_field f = {.kind = HF_FIELD_BYTES,
                  .name = "undecoded",
                  .offset = t->end,
                  .length = message.n - t->end,
                  .data = message.p + t->end};
    t->out->field(t->out->ctx, &f);
}

/* Types that this engine reads by no parser of its own here: their body as it is. */
static void read_opaque(hf_reader *r)
{
    if (hf_reader_more(r))
        hf_read_bytes(r, hf_form_left(r), "body");
}

/* TLS 1.2's own forms; false for a message that is as in TLS 1.3. */
static bool read_body12(hf_reader *r, uint8_t type)
{
    union {
        hf_certificate12 certificate;
        hf_certificate_status status;
        hf_new_session_ticket12 new_session_ticket;
        hf_server_key_exchange server_key_exchange;
        hf_certificate_request12 request;
        hf_client_key_exchange client_key_exchange;
    } m;
    switch (type) {
    case HF_MSG_CERTIFICATE:
        hf_certificate12_parse(r, &m.certificate);
        return true;
    case HF_MSG_CERTIFICATE_STATUS:
        hf_certificate_status_parse(r, &m.status);
        return true;
    case HF_MSG_SERVER_KEY_EXCHANGE:
        hf_server_key_exchange_parse(r, &m.server_key_exchange);
        return true;
    case HF_MSG_CERTIFICATE_REQUEST:
        hf_certificate_request12_parse(r, &m.request);
        return true;
    case HF_MSG_NEW_SESSION_TICKET:
        hf_new_session_ticket12_parse(r, &m.new_session_ticket);
        return true;
    case HF_MSG_CLIENT_KEY_EXCHANGE:
        hf_client_key_exchange_parse(r, &m.client_key_exchange);
        return true;
    default:
        return false;
    }
}

static void read_body(hf_reader *r, uint8_t type)
{
    union {
        hf_client_hello client_hello;
        hf_server_hello server_hello;
        hf_encrypted_extensions encrypted_extensions;
        hf_certificate_request certificate_request;
        hf_certificate certificate;
        hf_compressed_certificate compressed_certificate;
        hf_certificate_verify certificate_verify;
        hf_finished finished;
        hf_new_session_ticket new_session_ticket;
        hf_key_update_msg key_update;
    } m;
    switch (type) {
    case HF_MSG_CLIENT_HELLO:
        hf_client_hello_parse(r, &m.client_hello);
        break;
    case HF_MSG_SERVER_HELLO:
        hf_server_hello_parse(r, &m.server_hello);
        break;
    case HF_MSG_ENCRYPTED_EXTENSIONS:
        hf_encrypted_extensions_parse(r, &m.encrypted_extensions);
        break;
    case HF_MSG_CERTIFICATE_REQUEST:
        hf_certificate_request_parse(r, &m.certificate_request);
        break;
    case HF_MSG_CERTIFICATE:
        hf_certificate_parse(r, &m.certificate);
        break;
    case HF_MSG_COMPRESSED_CERTIFICATE:
        hf_compressed_certificate_parse(r, &m.compressed_certificate);
        break;
    case HF_MSG_CERTIFICATE_VERIFY:
        hf_certificate_verify_parse(r, &m.certificate_verify);
        break;
    case HF_MSG_FINISHED:
        hf_finished_parse(r, &m.finished);
        break;
    case HF_MSG_NEW_SESSION_TICKET:
        hf_new_session_ticket_parse(r, &m.new_session_ticket);
        break;
    case HF_MSG_KEY_UPDATE:
        hf_key_update_parse(r, &m.key_update);
        break;
    default:
        read_opaque(r);
    }
}

void hf_message_trace(hf_bytes message, const hf_field_sink *sink)
{
    hf_message_trace_of(0x0304, message, sink);
}

static void read_premaster(hf_reader *r)
{
    hf_encrypted_premaster m;
    hf_encrypted_premaster_parse(r, &m);
}

static void read_raw_key(hf_reader *r, uint16_t version)
{
    hf_raw_key12 old;
    hf_certificate m;
    if (version == HF_VERSION_TLS_1_2)
        hf_raw_key12_parse(r, &old);
    else
        hf_certificate_raw_key_parse(r, &m);
}

/* What a message does not tell about itself. */
typedef enum trace_form { PLAIN, KEY_TRANSPORT, RAW_KEY } trace_form;

static void trace(uint16_t version, trace_form form, hf_bytes message, const hf_field_sink *sink)
{
    if (sink == NULL)
        return;
    tracer t = {.out = sink};
    hf_field_sink own = {on_field, &t};
    hf_reader r;
    hf_reader_init(&r, message, &own);
    uint8_t type = hf_read_u8(&r, "msg_type");
    uint32_t length = hf_read_u24(&r, "length");
    if (length != hf_form_left(&r))
        hf_reader_fail(&r, HF_E_DECODE, "length");
    if (!r.failed && form == KEY_TRANSPORT && type == HF_MSG_CLIENT_KEY_EXCHANGE)
        read_premaster(&r);
    else if (!r.failed && form == RAW_KEY && type == HF_MSG_CERTIFICATE)
        read_raw_key(&r, version);
    else if (!r.failed && (version != 0x0303 || !read_body12(&r, type)))
        read_body(&r, type);
    close_open(&t);
    report_rest(&t, message);
}

void hf_message_trace_of(uint16_t version, hf_bytes message, const hf_field_sink *sink)
{
    trace(version, PLAIN, message, sink);
}

void hf_message_trace_transport12(hf_bytes message, const hf_field_sink *sink)
{
    trace(HF_VERSION_TLS_1_2, KEY_TRANSPORT, message, sink);
}

void hf_message_trace_raw_key(uint16_t version, hf_bytes message, const hf_field_sink *sink)
{
    trace(version, RAW_KEY, message, sink);
}
