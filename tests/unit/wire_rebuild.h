/* wire_rebuild.h: parses a handshake message of any type and builds it again, for the tests and the
 * fuzz targets of src/wire. */
#ifndef HF_TEST_WIRE_REBUILD_H
#define HF_TEST_WIRE_REBUILD_H

#include "wire/messages.h"

/* True when the extensions can be built again from the struct: nothing was read that it does not
 * keep. */
static inline bool hf_test_canonical(const hf_extensions *x, unsigned in)
{
    if (x->has_unknown || x->has_forbidden || x->psk_not_last)
        return false;
    if ((in & (HF_IN_CLIENT_HELLO | HF_IN_CERTIFICATE_REQUEST)) != 0 &&
        hf_ext_has(x, HF_X_SERVER_NAME) && x->host_name.n == 0)
        return false; /* a list of names of other types */
    return x->status_type <= 1;
}

static inline bool hf_test_certificate_rebuild(const hf_certificate *m, hf_writer *w)
{
    hf_bytes rest = m->list, extensions, certs[32];
    if (m->count > sizeof(certs) / sizeof(certs[0]) ||
        !hf_test_canonical(&m->extensions, HF_IN_CERTIFICATE))
        return false;
    for (size_t i = 0; i < m->count; i++)
        if (!hf_certificate_entry_next(&rest, &certs[i], &extensions) ||
            (i > 0 && extensions.n != 0))
            return false;
    hf_certificate_build(w, m->context, certs, m->count, &m->extensions);
    return true;
}

/* Reads one body of `type` from `r`. *parsed says whether it had the right form; true is returned
 * when it was built again into `w` too. */
static inline bool hf_test_rebuild(uint8_t type, hf_reader *r, hf_writer *w, bool *parsed)
{
    union {
        hf_client_hello client_hello;
        hf_server_hello server_hello;
        hf_encrypted_extensions encrypted_extensions;
        hf_certificate_request certificate_request;
        hf_certificate certificate;
        hf_certificate_verify certificate_verify;
        hf_finished finished;
        hf_new_session_ticket new_session_ticket;
        hf_key_update_msg key_update;
    } m;
#define HF_TEST_REBUILD(which, extensions, in)                                                     \
    *parsed = hf_##which##_parse(r, &m.which);                                                     \
    if (!*parsed || !hf_test_canonical(extensions, in))                                            \
        return false;                                                                              \
    hf_##which##_build(w, &m.which);                                                               \
    return true
    static const hf_extensions none;
    switch (type) {
    case HF_MSG_CLIENT_HELLO:
        HF_TEST_REBUILD(client_hello, &m.client_hello.extensions, HF_IN_CLIENT_HELLO);
    case HF_MSG_SERVER_HELLO:
        HF_TEST_REBUILD(server_hello, &m.server_hello.extensions, HF_IN_SERVER_HELLO);
    case HF_MSG_ENCRYPTED_EXTENSIONS:
        HF_TEST_REBUILD(encrypted_extensions, &m.encrypted_extensions.extensions,
                        HF_IN_ENCRYPTED_EXTENSIONS);
    case HF_MSG_CERTIFICATE_REQUEST:
        HF_TEST_REBUILD(certificate_request, &m.certificate_request.extensions,
                        HF_IN_CERTIFICATE_REQUEST);
    case HF_MSG_CERTIFICATE_VERIFY:
        HF_TEST_REBUILD(certificate_verify, &none, 0);
    case HF_MSG_FINISHED:
        HF_TEST_REBUILD(finished, &none, 0);
    case HF_MSG_NEW_SESSION_TICKET:
        HF_TEST_REBUILD(new_session_ticket, &m.new_session_ticket.extensions,
                        HF_IN_NEW_SESSION_TICKET);
    case HF_MSG_KEY_UPDATE:
        *parsed = hf_key_update_parse(r, &m.key_update);
        if (*parsed)
            hf_key_update_build(w, &m.key_update);
        return *parsed;
    case HF_MSG_CERTIFICATE:
        *parsed = hf_certificate_parse(r, &m.certificate);
        return *parsed && hf_test_certificate_rebuild(&m.certificate, w);
    default: /* of any form */
        hf_read_bytes(r, r->n - r->at, "body");
        *parsed = hf_reader_done(r);
        return false;
    }
#undef HF_TEST_REBUILD
}

#endif
