/* explain_sample.h: a TLS 1.3 handshake as events, for the tests of explain/. The fields are
 * reported by the parsers of src/wire themselves. */
#ifndef HF_TEST_EXPLAIN_SAMPLE_H
#define HF_TEST_EXPLAIN_SAMPLE_H

#include "base/bytes.h"
#include "explain/explain.h"
#include "wire/messages.h"

#define SAMPLE_BYTES(...)                                                                          \
    ((hf_bytes){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

typedef struct sample {
    const hf_trace *trace;
    const hf_conn *conn;
    bool sent;
} sample;

static inline int64_t sample_clock(void *ctx) /* a millisecond passes with every look */
{
    int64_t *now = ctx;
    return *now += 1000000;
}

static inline void sample_emit(const sample *s, hf_event *e)
{
    s->trace->event(s->trace->ctx, s->conn, e);
}

static inline void sample_field(void *ctx, const hf_field *f)
{
    const sample *s = ctx;
    static const hf_trace_field_kind kinds[] = {
        [HF_FIELD_NUMBER] = HF_TRACE_NUMBER, [HF_FIELD_BYTES] = HF_TRACE_BYTES,
        [HF_FIELD_LENGTH] = HF_TRACE_LENGTH, [HF_FIELD_OPEN] = HF_TRACE_OPEN,
        [HF_FIELD_CLOSE] = HF_TRACE_CLOSE,
    };
    hf_event e = {.kind = HF_TRACE_FIELD, .sent = s->sent};
    e.field.kind = kinds[f->kind];
    e.field.name = f->name;
    e.field.offset = f->offset;
    e.field.length = f->length;
    e.field.value = f->value;
    e.field.data = f->data;
    if (f->kind == HF_FIELD_NUMBER)
        e.field.meaning = hf_codepoint_meaning(f->name, f->value);
    sample_emit(s, &e);
}

/* The whole message, header first, with its fields. */
static inline void sample_message(sample *s, bool sent, uint8_t type, hf_bytes message)
{
    hf_event e = {.kind = HF_TRACE_MESSAGE, .sent = sent};
    e.message.type = type;
    e.message.name = hf_message_name(type);
    e.message.bytes = message;
    s->sent = sent;
    sample_emit(s, &e);
    hf_field_sink sink = {sample_field, s};
    hf_message_trace(message, &sink);
    hf_event end = {.kind = HF_TRACE_MESSAGE_END, .sent = sent};
    sample_emit(s, &end);
}

static inline void sample_record(sample *s, bool sent, uint8_t inner, const char *key, size_t n)
{
    static const uint8_t bytes[2048] = {22, 3, 3};
    hf_event e = {.kind = HF_TRACE_RECORD, .sent = sent};
    e.record.type = key == NULL ? inner : 23;
    e.record.inner_type = inner;
    e.record.encrypted = key != NULL;
    e.record.key = key;
    e.record.wire = (hf_bytes){bytes, key == NULL || sent ? n + 5 : 5};
    e.record.wire_len = n + (key == NULL ? 5 : 22);
    e.record.plaintext = (hf_bytes){bytes, n};
    sample_emit(s, &e);
}

static inline hf_bytes sample_finish(hf_buf *b, hf_writer *w, size_t mark)
{
    hf_write_close(w, mark, 3);
    return hf_buf_bytes(b);
}

static inline void sample_client_hello(sample *s, const char *host)
{
    static const uint8_t random[HF_RANDOM_LEN] = {0xc1};
    hf_client_hello m = {.legacy_version = 0x0303, .has_extensions = true};
    m.random = (hf_bytes){random, sizeof random};
    m.legacy_session_id = (hf_bytes){random, 32};
    m.cipher_suites = SAMPLE_BYTES(0x4a, 0x4a, 0x13, 0x01, 0x13, 0x02, 0x13, 0x03, 0xc0, 0x2b);
    m.legacy_compression_methods = SAMPLE_BYTES(0);
    hf_extensions *x = &m.extensions;
    x->present = HF_X_BIT(HF_X_SERVER_NAME) | HF_X_BIT(HF_X_ALPN) | HF_X_BIT(HF_X_KEY_SHARE) |
                 HF_X_BIT(HF_X_SUPPORTED_VERSIONS) | HF_X_BIT(HF_X_SUPPORTED_GROUPS) |
                 HF_X_BIT(HF_X_SIGNATURE_ALGORITHMS) | HF_X_BIT(HF_X_EXTENDED_MASTER_SECRET);
    x->host_name = hf_bytes_text(host);
    x->alpn = SAMPLE_BYTES(2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1');
    x->client_shares = SAMPLE_BYTES(0, 29, 0, 4, 1, 2, 3, 4, 0, 23, 0, 1, 5);
    x->supported_versions = SAMPLE_BYTES(3, 4, 3, 3);
    x->supported_groups = SAMPLE_BYTES(0x11, 0xec, 0, 29, 0, 23);
    x->signature_algorithms = SAMPLE_BYTES(4, 3, 8, 4, 8, 7, 4, 1, 5, 1, 6, 1);
    x->grease_first = 0x2a2a;
    x->grease_last = 0x3a3a;
    hf_buf b = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &b);
    hf_write_u8(&w, HF_MSG_CLIENT_HELLO);
    size_t mark = hf_write_open(&w, 3);
    hf_client_hello_build(&w, &m);
    sample_message(s, true, HF_MSG_CLIENT_HELLO, sample_finish(&b, &w, mark));
    sample_record(s, true, 22, NULL, b.n);
    hf_buf_free(&b);
}

static inline void sample_server_hello(sample *s)
{
    static const uint8_t random[HF_RANDOM_LEN] = {0x51};
    hf_server_hello m = {.legacy_version = 0x0303, .has_extensions = true, .cipher_suite = 0x1301};
    m.random = (hf_bytes){random, sizeof random};
    m.legacy_session_id_echo = (hf_bytes){random, 32};
    m.extensions.present = HF_X_BIT(HF_X_KEY_SHARE) | HF_X_BIT(HF_X_SUPPORTED_VERSIONS);
    m.extensions.share_group = 29;
    m.extensions.server_share = SAMPLE_BYTES(9, 9, 9, 9);
    m.extensions.selected_version = 0x0304;
    hf_buf b = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &b);
    hf_write_u8(&w, HF_MSG_SERVER_HELLO);
    size_t mark = hf_write_open(&w, 3);
    hf_server_hello_build(&w, &m);
    sample_finish(&b, &w, mark);
    sample_record(s, false, 22, NULL, b.n);
    sample_message(s, false, HF_MSG_SERVER_HELLO, hf_buf_bytes(&b));
    hf_buf_free(&b);
}

static inline void sample_choice(sample *s, const char *what, const char *offered,
                                 const char *supported, const char *chosen, const char *rule)
{
    hf_event e = {.kind = HF_TRACE_CHOICE};
    e.choice.what = what;
    e.choice.offered = offered;
    e.choice.supported = supported;
    e.choice.chosen = chosen;
    e.choice.rule = rule;
    sample_emit(s, &e);
}

static inline void sample_secret(sample *s)
{
    hf_event e = {.kind = HF_TRACE_SECRET};
    e.secret.name = "SERVER_HANDSHAKE_TRAFFIC_SECRET";
    e.secret.from = "handshake secret";
    e.secret.label = "s hs traffic";
    e.secret.context = SAMPLE_BYTES(0xaa, 0xbb);
    e.secret.bytes = SAMPLE_BYTES(0x5e, 0xc4, 0xe7, 0x5e, 0xc4, 0xe7);
    sample_emit(s, &e);
}

static inline void sample_job(sample *s, bool done)
{
    hf_event e = {.kind = HF_TRACE_JOB};
    e.job.job = HF_JOB_KEY_FINISH;
    e.job.name = "agree X25519";
    e.job.done = done;
    sample_emit(s, &e);
}

static inline void sample_state(sample *s, const char *name)
{
    hf_event e = {.kind = HF_TRACE_STATE};
    e.state.name = name;
    e.state.section = "RFC 9846 section 4.2.3";
    sample_emit(s, &e);
}

static inline void sample_opening(sample *s, const char *host)
{
    sample_state(s, "waiting for ServerHello");
    sample_client_hello(s, host);
    sample_server_hello(s);
    sample_choice(s, "version", "TLS 1.3 TLS 1.2", "TLS 1.3 TLS 1.2", "TLS 1.3",
                  "the highest that both have");
    sample_choice(s, "cipher suite",
                  "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256",
                  "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "the server's choice");
    sample_job(s, false);
    sample_job(s, true);
    sample_secret(s);
}

/* A whole handshake that ends well, then data both ways. */
static inline void sample_handshake(sample *s, const char *host)
{
    const char *server = "server handshake traffic", *client = "client handshake traffic";
    sample_opening(s, host);
    sample_record(s, false, 22, server, 200);
    sample_message(s, false, HF_MSG_ENCRYPTED_EXTENSIONS,
                   SAMPLE_BYTES(8, 0, 0, 11, 0, 9, 0, 16, 0, 5, 0, 3, 2, 'h', '2'));
    sample_message(s, false, HF_MSG_CERTIFICATE,
                   SAMPLE_BYTES(11, 0, 0, 11, 0, 0, 0, 7, 0, 0, 2, 0x30, 0x00, 0, 0));
    hf_check check = {.name = "validity", .section = "RFC 5280 section 4.1.2.5"};
    hf_bytes der = SAMPLE_BYTES(0x30, 0x00);
    hf_cert cert = {.der = der};
    check.cert = &cert;
    hf_event e = {.kind = HF_TRACE_CHECK, .check = &check};
    sample_emit(s, &e);
    hf_verify_path path = {.path = 0, .count = 1, .certs = {&cert}, .anchored = false};
    path.result = HF_E_CERT_UNTRUSTED;
    path.check = "issuer";
    e = (hf_event){.kind = HF_TRACE_PATH, .path = &path};
    sample_emit(s, &e);
    path = (hf_verify_path){.path = 1, .count = 1, .certs = {&cert}, .anchored = true};
    sample_emit(s, &e);
    sample_message(s, false, HF_MSG_CERTIFICATE_VERIFY,
                   SAMPLE_BYTES(15, 0, 0, 6, 4, 3, 0, 2, 0xde, 0xad));
    sample_message(s, false, HF_MSG_FINISHED, SAMPLE_BYTES(20, 0, 0, 4, 1, 2, 3, 4));
    sample_message(s, true, HF_MSG_FINISHED, SAMPLE_BYTES(20, 0, 0, 4, 5, 6, 7, 8));
    sample_record(s, true, 22, client, 40);
    sample_record(s, true, 23, "client application traffic", 100);
    sample_record(s, false, 23, "server application traffic", 900);
    sample_record(s, false, 23, "server application traffic", 1000);
    hf_event alert = {.kind = HF_TRACE_ALERT, .sent = true};
    alert.alert.level = 1;
    sample_emit(s, &alert);
}

#endif
