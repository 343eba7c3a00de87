/* messages12.c: TLS 1.2's own forms: structs <-> bytes. */
#include "wire/messages12.h"
#include "wire/form.h"

bool hf_certificate12_parse(hf_reader *r, hf_certificate12 *m)
{
    *m = (hf_certificate12){0};
    hf_reader list;
    hf_read_sub24(r, &list, "certificate_list");
    m->list = hf_form_content(&list, 0);
    while (hf_reader_more(&list)) {
        hf_bytes cert = hf_read_vec24(&list, "ASN.1Cert");
        hf_form_least(&list, cert.n, 1, "ASN.1Cert");
        m->count++;
    }
    hf_reader_done(&list);
    return hf_reader_done(r);
}

bool hf_certificate12_next(hf_bytes *rest, hf_bytes *der)
{
    if (rest->n == 0)
        return false;
    hf_reader r;
    hf_reader_init(&r, *rest, NULL);
    *der = hf_read_vec24(&r, "ASN.1Cert");
    *rest = r.failed ? (hf_bytes){NULL, 0} : (hf_bytes){r.p + r.at, hf_form_left(&r)};
    return !r.failed;
}

void hf_certificate12_build(hf_writer *w, const hf_bytes *certs, size_t count)
{
    size_t list = hf_write_open(w, 3);
    for (size_t i = 0; i < count; i++)
        hf_write_vec24(w, certs[i]);
    hf_write_close(w, list, 3);
}

bool hf_raw_key12_parse(hf_reader *r, hf_raw_key12 *m)
{
    m->spki = hf_read_vec24(r, "ASN1_subjectPublicKeyInfo");
    return hf_reader_done(r);
}

void hf_raw_key12_build(hf_writer *w, const hf_raw_key12 *m)
{
    hf_write_vec24(w, m->spki);
}

bool hf_certificate_status_parse(hf_reader *r, hf_certificate_status *m)
{
    m->status_type = hf_read_u8(r, "status_type");
    m->response = hf_read_vec24(r, "ocsp_response");
    hf_form_least(r, m->response.n, 1, "ocsp_response");
    return hf_reader_done(r);
}

void hf_certificate_status_build(hf_writer *w, const hf_certificate_status *m)
{
    hf_write_u8(w, m->status_type);
    hf_write_vec24(w, m->response);
}

bool hf_server_key_exchange_parse(hf_reader *r, hf_server_key_exchange *m)
{
    size_t start = r->at;
    m->curve_type = hf_read_u8(r, "curve_type");
    m->named_curve = hf_read_u16(r, "named_curve");
    m->public_key = hf_read_vec8(r, "public");
    hf_form_least(r, m->public_key.n, 1, "public");
    m->params = r->failed ? (hf_bytes){NULL, 0} : (hf_bytes){r->p + start, r->at - start};
    m->algorithm = hf_read_u16(r, "algorithm");
    m->signature = hf_read_vec16(r, "signature");
    return hf_reader_done(r);
}

void hf_server_ecdh_params_build(hf_writer *w, const hf_server_key_exchange *m)
{
    hf_write_u8(w, m->curve_type);
    hf_write_u16(w, m->named_curve);
    hf_write_vec8(w, m->public_key);
}

void hf_server_key_exchange_build(hf_writer *w, const hf_server_key_exchange *m)
{
    hf_server_ecdh_params_build(w, m);
    hf_write_u16(w, m->algorithm);
    hf_write_vec16(w, m->signature);
}

bool hf_certificate_request12_parse(hf_reader *r, hf_certificate_request12 *m)
{
    hf_reader list;
    m->certificate_types = hf_read_vec8(r, "certificate_types");
    hf_form_least(r, m->certificate_types.n, 1, "certificate_types");
    hf_read_sub16(r, &list, "supported_signature_algorithms");
    m->signature_algorithms = hf_form_content(&list, 2);
    while (hf_reader_more(&list))
        hf_read_u16(&list, "signature_scheme");
    hf_reader_done(&list);
    hf_read_sub16(r, &list, "certificate_authorities");
    m->certificate_authorities = hf_form_content(&list, 0);
    while (hf_reader_more(&list)) {
        hf_bytes name = hf_read_vec16(&list, "distinguished_name");
        hf_form_least(&list, name.n, 1, "distinguished_name");
    }
    hf_reader_done(&list);
    return hf_reader_done(r);
}

void hf_certificate_request12_build(hf_writer *w, const hf_certificate_request12 *m)
{
    hf_write_vec8(w, m->certificate_types);
    hf_write_vec16(w, m->signature_algorithms);
    hf_write_vec16(w, m->certificate_authorities);
}

bool hf_client_key_exchange_parse(hf_reader *r, hf_client_key_exchange *m)
{
    m->public_key = hf_read_vec8(r, "ecdh_Yc");
    hf_form_least(r, m->public_key.n, 1, "ecdh_Yc");
    return hf_reader_done(r);
}

void hf_client_key_exchange_build(hf_writer *w, const hf_client_key_exchange *m)
{
    hf_write_vec8(w, m->public_key);
}

bool hf_encrypted_premaster_parse(hf_reader *r, hf_encrypted_premaster *m)
{
    m->encrypted = hf_read_vec16(r, "encrypted_pre_master_secret");
    return hf_reader_done(r);
}

void hf_encrypted_premaster_build(hf_writer *w, const hf_encrypted_premaster *m)
{
    hf_write_vec16(w, m->encrypted);
}

bool hf_new_session_ticket12_parse(hf_reader *r, hf_new_session_ticket12 *m)
{
    m->lifetime_hint_s = hf_read_u32(r, "ticket_lifetime_hint");
    m->ticket = hf_read_vec16(r, "ticket");
    return hf_reader_done(r);
}

void hf_new_session_ticket12_build(hf_writer *w, const hf_new_session_ticket12 *m)
{
    hf_write_u32(w, m->lifetime_hint_s);
    hf_write_vec16(w, m->ticket);
}

bool hf_empty_message_parse(hf_reader *r)
{
    return hf_reader_done(r);
}
