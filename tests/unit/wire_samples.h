/* wire_samples.h: one of every message with every extension that it may have, for the tests of
 * src/wire. Bodies only; hf_test_message puts the four-byte header before one. */
#ifndef HF_TEST_WIRE_SAMPLES_H
#define HF_TEST_WIRE_SAMPLES_H

#include "base/bytes.h"
#include "wire/messages.h"

/* Bytes written as a string literal, which live as long as the program. */
#define HF_TEST_BYTES(text) ((hf_bytes){(const uint8_t *)(text), sizeof(text) - 1})

typedef struct hf_test_sample {
    const char *name;
    uint8_t type;
    void (*build)(hf_writer *w);
} hf_test_sample;

static const uint8_t hf_test_random[HF_RANDOM_LEN] = {
    1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
    17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
};

/* Two binders, of 32 and of 48 bytes. */
static const uint8_t hf_test_binders[33 + 49] = {32, [1] = 0xb1, [33] = 48, [34] = 0xb2};

/* Everything that the grid allows in `in`, with values that differ from each other. */
static inline void hf_test_fill(hf_extensions *x, unsigned in)
{
    *x = (hf_extensions){0};
    for (unsigned i = 0; i < HF_X_COUNT; i++)
        if ((hf_ext_allowed_in((hf_ext)i) & in) != 0)
            x->present |= HF_X_BIT(i);
    if ((in & (HF_IN_CLIENT_HELLO | HF_IN_CERTIFICATE_REQUEST)) != 0)
        x->host_name = hf_bytes_text("www.example");
    x->supported_groups = HF_TEST_BYTES("\021\354\000\035\000\027");
    x->record_size_limit = 0x4001;
    x->ec_point_formats = HF_TEST_BYTES("\000\001");
    x->renegotiated_connection = HF_TEST_BYTES("\007\010\011");
    x->session_ticket = HF_TEST_BYTES("\121\122");
    x->alpn = HF_TEST_BYTES("\002h2\010http/1.1");
    x->status_type = 1;
    x->ocsp_response = HF_TEST_BYTES("\060\003\012\001\000");
    x->sct_list = HF_TEST_BYTES("\000\003\141\142\143\000\001\144");
    x->signature_algorithms = HF_TEST_BYTES("\004\003\010\004");
    x->signature_algorithms_cert = HF_TEST_BYTES("\004\001\005\003\002\001");
    x->certificate_authorities = HF_TEST_BYTES("\000\002\060\000\000\003\061\001\000");
    x->oid_filters = HF_TEST_BYTES("\003\125\035\045\000\002\060\000\001\052\000\000");
    bool offer = in == HF_IN_CLIENT_HELLO;
    x->client_certificate_types = offer ? HF_TEST_BYTES("\002\000") : HF_TEST_BYTES("\002");
    x->server_certificate_types = offer ? HF_TEST_BYTES("\000\002\005") : HF_TEST_BYTES("\000");
    x->compression_algorithms = HF_TEST_BYTES("\000\002\000\001");
    x->client_shares = HF_TEST_BYTES("\000\035\000\004\001\002\003\004\000\027\000\001\005");
    x->share_group = 29;
    x->server_share = HF_TEST_BYTES("\011\011\011\011");
    x->cookie = HF_TEST_BYTES("\300\014");
    x->supported_versions = HF_TEST_BYTES("\003\004\003\003");
    x->selected_version = HF_VERSION_TLS_1_3;
    x->psk_modes = HF_TEST_BYTES("\001\000");
    x->max_early_data_size = 0x01020304;
    x->padding_len = 5;
    x->psk_identities =
        HF_TEST_BYTES("\000\003\160\163\153\000\000\000\007\000\001\164\377\376\375\374");
    x->psk_binders = (hf_bytes){hf_test_binders, sizeof(hf_test_binders)};
    x->selected_identity = 1;
}

static inline void hf_test_client_hello(hf_client_hello *m)
{
    *m = (hf_client_hello){
        .legacy_version = HF_VERSION_TLS_1_2,
        .random = {hf_test_random, HF_RANDOM_LEN},
        .legacy_session_id = {hf_test_random, 32},
        .cipher_suites = HF_TEST_BYTES("\023\001\023\002\300\053"),
        .legacy_compression_methods = HF_TEST_BYTES("\000"),
    };
}

static inline void hf_test_server_hello(hf_server_hello *m)
{
    *m = (hf_server_hello){
        .legacy_version = HF_VERSION_TLS_1_2,
        .random = {hf_test_random, HF_RANDOM_LEN},
        .legacy_session_id_echo = {hf_test_random, 5},
        .cipher_suite = 0x1302,
    };
}

static inline void hf_test_build_client_hello(hf_writer *w)
{
    hf_client_hello m;
    hf_test_client_hello(&m);
    m.has_extensions = true;
    hf_test_fill(&m.extensions, HF_IN_CLIENT_HELLO);
    hf_client_hello_build(w, &m);
}

static inline void hf_test_build_client_hello_bare(hf_writer *w)
{
    hf_client_hello m;
    hf_test_client_hello(&m);
    hf_client_hello_build(w, &m);
}

static inline void hf_test_build_server_hello(hf_writer *w)
{
    hf_server_hello m;
    hf_test_server_hello(&m);
    m.has_extensions = true;
    hf_test_fill(&m.extensions, HF_IN_SERVER_HELLO);
    hf_server_hello_build(w, &m);
}

static inline void hf_test_build_hello_retry(hf_writer *w)
{
    hf_server_hello m;
    hf_test_server_hello(&m);
    m.has_extensions = m.is_retry = true;
    hf_test_fill(&m.extensions, HF_IN_HELLO_RETRY);
    hf_server_hello_build(w, &m);
}

static inline void hf_test_build_server_hello_12(hf_writer *w)
{
    hf_server_hello m;
    hf_test_server_hello(&m);
    m.has_extensions = true;
    hf_test_fill(&m.extensions, HF_IN_SERVER_HELLO_12);
    hf_server_hello_build(w, &m);
}

static inline void hf_test_build_server_hello_bare(hf_writer *w)
{
    hf_server_hello m;
    hf_test_server_hello(&m);
    hf_server_hello_build(w, &m);
}

static inline void hf_test_build_encrypted_extensions(hf_writer *w)
{
    hf_encrypted_extensions m;
    hf_test_fill(&m.extensions, HF_IN_ENCRYPTED_EXTENSIONS);
    hf_encrypted_extensions_build(w, &m);
}

static inline void hf_test_build_certificate_request(hf_writer *w)
{
    hf_certificate_request m = {.context = HF_TEST_BYTES("ctx")};
    hf_test_fill(&m.extensions, HF_IN_CERTIFICATE_REQUEST);
    hf_certificate_request_build(w, &m);
}

static inline void hf_test_build_certificate(hf_writer *w)
{
    hf_extensions first;
    hf_test_fill(&first, HF_IN_CERTIFICATE);
    hf_bytes certs[3] = {HF_TEST_BYTES("\060\001\000"), HF_TEST_BYTES("\060\000"),
                         HF_TEST_BYTES("\061")};
    hf_certificate_build(w, HF_TEST_BYTES("id"), certs, 3, &first);
}

static inline void hf_test_build_certificate_none(hf_writer *w)
{
    hf_certificate_build(w, (hf_bytes){NULL, 0}, NULL, 0, NULL);
}

static inline void hf_test_build_certificate_verify(hf_writer *w)
{
    hf_certificate_verify m = {0x0403, HF_TEST_BYTES("\001\002\003\004\005")};
    hf_certificate_verify_build(w, &m);
}

static inline void hf_test_build_finished(hf_writer *w)
{
    hf_finished m = {{hf_test_random, 32}};
    hf_finished_build(w, &m);
}

static inline void hf_test_build_new_session_ticket(hf_writer *w)
{
    hf_new_session_ticket m = {.ticket_lifetime_s = 604800,
                               .ticket_age_add = 0xdeadbeef,
                               .ticket_nonce = HF_TEST_BYTES("\000\001"),
                               .ticket = HF_TEST_BYTES("ticket")};
    hf_test_fill(&m.extensions, HF_IN_NEW_SESSION_TICKET);
    hf_new_session_ticket_build(w, &m);
}

static inline void hf_test_build_key_update(hf_writer *w)
{
    hf_key_update_build(w, &(hf_key_update_msg){1});
}

static const hf_test_sample hf_test_samples[] = {
    {"ClientHello", HF_MSG_CLIENT_HELLO, hf_test_build_client_hello},
    {"ClientHello without extensions", HF_MSG_CLIENT_HELLO, hf_test_build_client_hello_bare},
    {"ServerHello", HF_MSG_SERVER_HELLO, hf_test_build_server_hello},
    {"HelloRetryRequest", HF_MSG_SERVER_HELLO, hf_test_build_hello_retry},
    {"ServerHello of TLS 1.2", HF_MSG_SERVER_HELLO, hf_test_build_server_hello_12},
    {"ServerHello without extensions", HF_MSG_SERVER_HELLO, hf_test_build_server_hello_bare},
    {"EncryptedExtensions", HF_MSG_ENCRYPTED_EXTENSIONS, hf_test_build_encrypted_extensions},
    {"CertificateRequest", HF_MSG_CERTIFICATE_REQUEST, hf_test_build_certificate_request},
    {"Certificate", HF_MSG_CERTIFICATE, hf_test_build_certificate},
    {"Certificate without certificates", HF_MSG_CERTIFICATE, hf_test_build_certificate_none},
    {"CertificateVerify", HF_MSG_CERTIFICATE_VERIFY, hf_test_build_certificate_verify},
    {"Finished", HF_MSG_FINISHED, hf_test_build_finished},
    {"NewSessionTicket", HF_MSG_NEW_SESSION_TICKET, hf_test_build_new_session_ticket},
    {"KeyUpdate", HF_MSG_KEY_UPDATE, hf_test_build_key_update},
};

#define HF_TEST_SAMPLES (sizeof(hf_test_samples) / sizeof(hf_test_samples[0]))

/* Builds the sample's message, header and all, into `p`; its length. */
static inline size_t hf_test_message(const hf_test_sample *s, uint8_t *p, size_t room)
{
    hf_writer w;
    hf_writer_init(&w, p, room);
    hf_write_u8(&w, s->type);
    size_t length = hf_write_open(&w, 3);
    s->build(&w);
    hf_write_close(&w, length, 3);
    return hf_writer_bytes(&w).n;
}

#endif
