/* hello.c: ClientHello, ServerHello, HelloRetryRequest, EncryptedExtensions: structs <-> bytes. */
#include "wire/form.h"
#include "wire/messages.h"

#include <string.h>

#define SESSION_ID_MAX 32U

/* ClientHello: RFC 9846 section 4.2.2, RFC 5246 section 7.4.1.2. */
static hf_bytes parse_cipher_suites(hf_reader *r)
{
    hf_reader list;
    hf_read_sub16(r, &list, "cipher_suites");
    hf_bytes suites = hf_form_content(&list, 2);
    while (hf_reader_more(&list))
        hf_read_u16(&list, "cipher_suite");
    hf_reader_done(&list);
    return suites;
}

static hf_bytes parse_compression_methods(hf_reader *r)
{
    hf_reader list;
    hf_read_sub8(r, &list, "legacy_compression_methods");
    hf_bytes methods = hf_form_content(&list, 1);
    while (hf_reader_more(&list))
        hf_read_u8(&list, "compression_method");
    hf_reader_done(&list);
    return methods;
}

bool hf_client_hello_parse(hf_reader *r, hf_client_hello *m)
{
    *m = (hf_client_hello){0};
    m->legacy_version = hf_read_u16(r, "legacy_version");
    m->random = hf_read_bytes(r, HF_RANDOM_LEN, "random");
    m->legacy_session_id = hf_read_vec8(r, "legacy_session_id");
    if (m->legacy_session_id.n > SESSION_ID_MAX)
        hf_reader_fail(r, HF_E_DECODE, "legacy_session_id");
    m->cipher_suites = parse_cipher_suites(r);
    m->legacy_compression_methods = parse_compression_methods(r);
    m->has_extensions = hf_reader_more(r);
    if (m->has_extensions)
        hf_extensions_parse(r, &m->extensions, HF_IN_CLIENT_HELLO);
    return hf_reader_done(r);
}

void hf_client_hello_build(hf_writer *w, const hf_client_hello *m)
{
    hf_write_u16(w, m->legacy_version);
    hf_write_bytes(w, m->random);
    hf_write_vec8(w, m->legacy_session_id);
    hf_write_vec16(w, m->cipher_suites);
    hf_write_vec8(w, m->legacy_compression_methods);
    if (m->has_extensions)
        hf_extensions_build(w, &m->extensions, HF_IN_CLIENT_HELLO);
}

/* SHA-256 of "HelloRetryRequest": RFC 9846 section 4.2.3. */
const uint8_t hf_hello_retry_random[HF_RANDOM_LEN] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* ServerHello and HelloRetryRequest: RFC 9846 sections 4.2.3 and 4.2.4. A ServerHello is TLS 1.3's
 * when it has supported_versions, which may come after the extensions that this decides about: so
 * the list is looked through once before it is read. */
static bool has_supported_versions(const hf_reader *r)
{
    hf_reader ahead = *r, list; /* silent, and a failure stays in the copy */
    ahead.sink = NULL;
    ahead.parent = NULL;
    hf_read_sub16(&ahead, &list, "extensions");
    while (hf_reader_more(&list)) {
        uint16_t type = hf_read_u16(&list, "extension_type");
        hf_read_vec16(&list, "extension_data");
        if (type == HF_EXT_SUPPORTED_VERSIONS)
            return !list.failed;
    }
    return false;
}

bool hf_server_hello_parse(hf_reader *r, hf_server_hello *m)
{
    *m = (hf_server_hello){0};
    m->legacy_version = hf_read_u16(r, "legacy_version");
    m->random = hf_read_bytes(r, HF_RANDOM_LEN, "random");
    m->legacy_session_id_echo = hf_read_vec8(r, "legacy_session_id_echo");
    if (m->legacy_session_id_echo.n > SESSION_ID_MAX)
        hf_reader_fail(r, HF_E_DECODE, "legacy_session_id_echo");
    m->cipher_suite = hf_read_u16(r, "cipher_suite");
    m->legacy_compression_method = hf_read_u8(r, "legacy_compression_method");
    m->is_retry = m->random.n == HF_RANDOM_LEN &&
                  memcmp(m->random.p, hf_hello_retry_random, HF_RANDOM_LEN) == 0;
    m->has_extensions = hf_reader_more(r);
    if (m->has_extensions)
        hf_extensions_parse(r, &m->extensions,
                            m->is_retry                 ? HF_IN_HELLO_RETRY
                            : has_supported_versions(r) ? HF_IN_SERVER_HELLO
                                                        : HF_IN_SERVER_HELLO_12);
    return hf_reader_done(r);
}

void hf_server_hello_build(hf_writer *w, const hf_server_hello *m)
{
    hf_write_u16(w, m->legacy_version);
    hf_write_bytes(w, m->is_retry ? (hf_bytes){hf_hello_retry_random, HF_RANDOM_LEN} : m->random);
    hf_write_vec8(w, m->legacy_session_id_echo);
    hf_write_u16(w, m->cipher_suite);
    hf_write_u8(w, m->legacy_compression_method);
    if (m->has_extensions)
        hf_extensions_build(w, &m->extensions,
                            m->is_retry ? HF_IN_HELLO_RETRY
                            : hf_ext_has(&m->extensions, HF_X_SUPPORTED_VERSIONS)
                                ? HF_IN_SERVER_HELLO
                                : HF_IN_SERVER_HELLO_12);
}

/* EncryptedExtensions: RFC 9846 section 4.4.1. */
bool hf_encrypted_extensions_parse(hf_reader *r, hf_encrypted_extensions *m)
{
    hf_extensions_parse(r, &m->extensions, HF_IN_ENCRYPTED_EXTENSIONS);
    return hf_reader_done(r);
}

void hf_encrypted_extensions_build(hf_writer *w, const hf_encrypted_extensions *m)
{
    hf_extensions_build(w, &m->extensions, HF_IN_ENCRYPTED_EXTENSIONS);
}
