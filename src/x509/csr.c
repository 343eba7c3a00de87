/* csr.c: certification requests, RFC 2986: a name, a key, and a signature that shows who has it. */
#include "base/bytes.h"
#include "base/der_write.h"
#include "base/error.h"
#include "crypto/key.h"
#include "x509/cert_parse.h"
#include "x509/issue.h"
#include "x509/name.h"
#include "x509/name_write.h"
#include "x509/oid.h"

/* ---- making ---- */

/* extensionRequest (RFC 2985 section 5.4.2) with subjectAltName; no attribute without names. */
static void write_attributes(hf_writer *w, hf_bytes names, bool critical)
{
    size_t attributes = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(0));
    if (names.n != 0) {
        size_t attribute = hf_der_open(w, HF_DER_SEQUENCE);
        hf_der_write(w, HF_DER_OID, hf_bytes_text(HF_OID_EXTENSION_REQUEST));
        size_t values = hf_der_open(w, HF_DER_SET);
        size_t extensions = hf_der_open(w, HF_DER_SEQUENCE);
        hf_issue_extension(w, HF_EXT_subjectAltName, critical, names);
        hf_der_close(w, extensions);
        hf_der_close(w, values);
        hf_der_close(w, attribute);
    }
    hf_der_close(w, attributes);
}

static hf_status write_info(hf_writer *w, const hf_cert_template *t, const hf_key *key,
                            hf_bytes names, hf_error *e)
{
    const char *subject = t->subject != NULL ? t->subject : "";
    bool nameless = subject[strspn(subject, " ")] == '\0';
    size_t info = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write_small(w, 0);
    hf_status s = hf_name_write(w, subject, e);
    if (s != HF_OK)
        return s;
    hf_write_bytes(w, hf_key_public(key));
    write_attributes(w, names, nameless);
    hf_der_close(w, info);
    return hf_writer_status(w);
}

hf_status hf_csr_make(const hf_cert_template *t, const hf_key *key, hf_bytes *out, hf_error *e)
{
    hf_buf names = {0}, info = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &names);
    hf_status s = hf_issue_names(&w, t->names, e);
    if (s == HF_OK) {
        hf_writer_init_buf(&w, &info);
        s = write_info(&w, t, key, hf_buf_bytes(&names), e);
    }
    if (s == HF_E_OUT_OF_MEMORY)
        hf_fail(e, s, NULL, NULL, NULL);
    if (s == HF_OK)
        s = hf_issue_sign(hf_buf_bytes(&info), key, out, e);
    hf_buf_free(&names);
    hf_buf_free(&info);
    return s;
}

/* ---- reading ---- */

static void read_attribute(hf_reader *attributes, hf_cert *parts, hf_cert_judgement *j)
{
    hf_reader attribute, values;
    hf_der_enter(attributes, &attribute, HF_DER_SEQUENCE, "Attribute");
    hf_bytes type = hf_der_oid(&attribute, "type");
    hf_der_enter(&attribute, &values, HF_DER_SET, "values");
    if (!HF_OID_IS(type, HF_OID_EXTENSION_REQUEST)) {
        values.at = values.n; /* a challenge password and the like say nothing here */
    } else if (parts->extensions.p != NULL) {
        hf_cert_judge(&values, 0, j, HF_E_CERT_MALFORMED, "extensionRequest",
                      "one extensionRequest", "a second one");
    } else {
        hf_cert_read_extensions(&values, parts, j);
    }
    hf_reader_done(&values);
    hf_reader_done(&attribute);
}

static void read_info(hf_reader *request, hf_csr *csr, hf_bytes *info, hf_cert_judgement *j)
{
    hf_reader s, attributes;
    hf_cert parts = {0};
    size_t start = request->at;
    hf_der_enter(request, &s, HF_DER_SEQUENCE, "certificationRequestInfo");
    size_t at = s.at;
    uint32_t version = hf_der_small(&s, "version");
    if (version != 0)
        hf_cert_judge(&s, at, j, HF_E_CERT_MALFORMED, "version", "v1 (0)", "%u", (unsigned)version);
    csr->subject = hf_name_read(&s, "subject");
    csr->spki = hf_cert_read_spki(&s);
    hf_der_enter(&s, &attributes, HF_DER_CONTEXT_CONSTRUCTED(0), "attributes");
    while (hf_reader_more(&attributes))
        read_attribute(&attributes, &parts, j);
    hf_reader_done(&attributes);
    hf_reader_done(&s);
    csr->subject_alt_name = parts.subject_alt_name;
    *info = hf_der_since(request, start);
}

static hf_status verify(const hf_csr *csr, hf_bytes info, hf_bytes signature, const char *algorithm,
                        hf_error *e)
{
    hf_pubkey key;
    if (csr->signed_with == NULL)
        return hf_fail(e, HF_E_CERT_ALGORITHM, "signatureAlgorithm",
                       "RSA, ECDSA or EdDSA with SHA-256, SHA-384 or SHA-512", "%s", algorithm);
    hf_status s = hf_pubkey_read(csr->spki, &key);
    if (s != HF_OK)
        return hf_fail(e, s, "subjectPublicKeyInfo", NULL, NULL);
    s = hf_pubkey_verify_cert(&key, csr->signed_with, info, signature);
    hf_pubkey_clear(&key);
    if (s != HF_OK)
        hf_fail(e, s, "signature", "a signature by the request's own key", "%s that is not",
                algorithm);
    return s;
}

hf_status hf_csr_parse(hf_bytes der, hf_csr *out, hf_error *e)
{
    hf_csr csr = {.der = der};
    hf_cert_judgement j = {0};
    hf_reader r, request;
    hf_bytes info;
    const char *algorithm_name;
    hf_reader_init(&r, der, NULL);
    r.name = "CertificationRequest";
    hf_der_enter(&r, &request, HF_DER_SEQUENCE, "CertificationRequest");
    read_info(&request, &csr, &info, &j);
    hf_bytes algorithm = hf_cert_read_algorithm(&request, "signatureAlgorithm");
    hf_bytes signature = hf_der_bits(&request, "signature");
    hf_reader_done(&request);
    if (!hf_reader_done(&r))
        return hf_cert_parse_status(&r, &j, HF_E_CERT_MALFORMED, "CertificationRequest", e);
    csr.key_type = hf_spki_type(csr.spki, &csr.key_bits);
    csr.signed_with = hf_sigscheme_of_algorithm(algorithm, &algorithm_name);
    hf_status s = verify(&csr, info, signature, algorithm_name, e);
    if (s != HF_OK) {
        if (e != NULL)
            e->message = "CertificationRequest";
        return s;
    }
    *out = csr;
    return HF_OK;
}
