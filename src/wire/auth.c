/* auth.c: CertificateRequest, Certificate, CertificateVerify, Finished: structs <-> bytes. */
#include "wire/form.h"
#include "wire/messages.h"

/* CertificateRequest: RFC 9846 section 4.4.2. */
bool hf_certificate_request_parse(hf_reader *r, hf_certificate_request *m)
{
    m->context = hf_read_vec8(r, "certificate_request_context");
    hf_extensions_parse(r, &m->extensions, HF_IN_CERTIFICATE_REQUEST);
    return hf_reader_done(r);
}

void hf_certificate_request_build(hf_writer *w, const hf_certificate_request *m)
{
    hf_write_vec8(w, m->context);
    hf_extensions_build(w, &m->extensions, HF_IN_CERTIFICATE_REQUEST);
}

/* Certificate: RFC 9846 section 4.5.1. What the extensions of a later entry say is of no use here;
 * that one may not be there at all counts for every entry. */
static void keep_notes(hf_extensions *all, const hf_extensions *entry)
{
    if (!all->has_unknown && entry->has_unknown) {
        all->has_unknown = true;
        all->unknown = entry->unknown;
    }
    if (!all->has_forbidden && entry->has_forbidden) {
        all->has_forbidden = true;
        all->forbidden = entry->forbidden;
    }
}

static void parse_certificate_entry(hf_reader *list, hf_certificate *m, const char *content)
{
    hf_extensions later;
    hf_read_open(list, "CertificateEntry");
    hf_bytes cert_data = hf_read_vec24(list, content);
    hf_form_least(list, cert_data.n, 1, content);
    if (m->count == 0) {
        hf_extensions_parse(list, &m->extensions, HF_IN_CERTIFICATE);
        m->present_any = m->extensions.present;
    } else {
        hf_extensions_parse(list, &later, HF_IN_CERTIFICATE);
        keep_notes(&m->extensions, &later);
        m->present_any |= later.present;
    }
    m->count++;
    hf_read_close(list, "CertificateEntry");
}

static bool parse_certificate(hf_reader *r, hf_certificate *m, const char *content)
{
    *m = (hf_certificate){0};
    m->context = hf_read_vec8(r, "certificate_request_context");
    hf_reader list;
    hf_read_sub24(r, &list, "certificate_list");
    m->list = hf_form_content(&list, 0);
    while (hf_reader_more(&list))
        parse_certificate_entry(&list, m, content);
    hf_reader_done(&list);
    return hf_reader_done(r);
}

bool hf_certificate_parse(hf_reader *r, hf_certificate *m)
{
    return parse_certificate(r, m, "cert_data");
}

bool hf_certificate_raw_key_parse(hf_reader *r, hf_certificate *m)
{
    return parse_certificate(r, m, "ASN1_subjectPublicKeyInfo");
}

bool hf_certificate_entry_next(hf_bytes *rest, hf_bytes *cert_data, hf_bytes *extensions)
{
    if (rest->n == 0)
        return false;
    hf_reader r;
    hf_reader_init(&r, *rest, NULL);
    *cert_data = hf_read_vec24(&r, "cert_data");
    *extensions = hf_read_vec16(&r, "extensions");
    *rest = r.failed ? (hf_bytes){NULL, 0} : (hf_bytes){r.p + r.at, hf_form_left(&r)};
    return !r.failed;
}

void hf_certificate_build(hf_writer *w, hf_bytes context, const hf_bytes *certs, size_t count,
                          const hf_extensions *first)
{
    hf_write_vec8(w, context);
    size_t list = hf_write_open(w, 3);
    for (size_t i = 0; i < count; i++) {
        hf_write_vec24(w, certs[i]);
        if (i == 0 && first != NULL)
            hf_extensions_build(w, first, HF_IN_CERTIFICATE);
        else
            hf_write_u16(w, 0);
    }
    hf_write_close(w, list, 3);
}

/* CompressedCertificate: RFC 8879 section 4. */
bool hf_compressed_certificate_parse(hf_reader *r, hf_compressed_certificate *m)
{
    m->algorithm = hf_read_u16(r, "compression_algorithm");
    m->uncompressed_length = hf_read_u24(r, "uncompressed_length");
    m->compressed = hf_read_vec24(r, "compressed_certificate_message");
    hf_form_least(r, m->compressed.n, 1, "compressed_certificate_message");
    return hf_reader_done(r);
}

void hf_compressed_certificate_build(hf_writer *w, const hf_compressed_certificate *m)
{
    hf_write_u16(w, m->algorithm);
    hf_write_u24(w, m->uncompressed_length);
    hf_write_vec24(w, m->compressed);
}

/* CertificateVerify: RFC 9846 section 4.5.2, RFC 5246 section 7.4.8. */
bool hf_certificate_verify_parse(hf_reader *r, hf_certificate_verify *m)
{
    m->algorithm = hf_read_u16(r, "algorithm");
    m->signature = hf_read_vec16(r, "signature");
    return hf_reader_done(r);
}

void hf_certificate_verify_build(hf_writer *w, const hf_certificate_verify *m)
{
    hf_write_u16(w, m->algorithm);
    hf_write_vec16(w, m->signature);
}

/* Finished: RFC 9846 section 4.5.3. Its length is the digest's: for the handshake to judge. */
bool hf_finished_parse(hf_reader *r, hf_finished *m)
{
    m->verify_data = hf_read_bytes(r, hf_form_left(r), "verify_data");
    return hf_reader_done(r);
}

void hf_finished_build(hf_writer *w, const hf_finished *m)
{
    hf_write_bytes(w, m->verify_data);
}
