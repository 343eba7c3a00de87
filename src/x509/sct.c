/* sct.c: signed certificate timestamps: read, and what their logs signed, put together again. RFC
 * 6962 sections 3.2 and 3.3. */
#include "x509/sct.h"

#include "base/bytes.h"
#include "base/der.h"
#include "base/der_write.h"
#include "base/error.h"
#include "crypto/hkdf.h"
#include "crypto/key.h"
#include "crypto/lookup.h"
#include "x509/oid.h"

#define OID_SCT_LIST "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"

enum { V1 = 0, CERTIFICATE_TIMESTAMP = 0, X509_ENTRY = 0, PRECERT_ENTRY = 1 };

/* ---- reading ---- */

static hf_status malformed(const hf_reader *r, hf_error *e)
{
    hf_status s = hf_reader_status(r, e);
    if (s == HF_OK)
        return HF_OK;
    if (e != NULL) {
        e->code = HF_E_SCT_MALFORMED;
        e->message = "SignedCertificateTimestamp";
    }
    return HF_E_SCT_MALFORMED;
}

hf_status hf_sct_parse(hf_bytes sct, hf_sct *out, hf_error *e)
{
    hf_sct s = {.bytes = sct};
    hf_reader r;
    hf_reader_init(&r, sct, NULL);
    s.version = hf_read_u8(&r, "sct_version");
    if (!r.failed && s.version != V1) {
        *out = s; /* nobody knows how it goes on */
        return HF_OK;
    }
    s.log_id = hf_read_bytes(&r, HF_CT_LOG_ID, "log_id");
    s.timestamp_ms = hf_read_u64(&r, "timestamp");
    s.extensions = hf_read_vec16(&r, "extensions");
    s.algorithm = hf_read_u16(&r, "algorithm");
    s.signature = hf_read_vec16(&r, "signature");
    if (!r.failed && s.signature.n == 0)
        hf_reader_fail(&r, HF_E_DECODE, "signature");
    hf_reader_done(&r);
    hf_status status = malformed(&r, e);
    if (status == HF_OK)
        *out = s;
    return status;
}

bool hf_sct_next(hf_bytes *rest, hf_bytes *sct)
{
    hf_reader r;
    if (rest->n == 0)
        return false;
    hf_reader_init(&r, *rest, NULL);
    *sct = hf_read_vec16(&r, "serialized_sct");
    if (r.failed || sct->n == 0)
        return false;
    *rest = (hf_bytes){rest->p + r.at, rest->n - r.at};
    return true;
}

hf_status hf_sct_list_read(hf_bytes extension, hf_bytes *list, hf_error *e)
{
    hf_reader r, octets, scts;
    hf_bytes rest, sct;
    hf_reader_init(&r, extension, NULL);
    hf_der_enter(&r, &octets, HF_DER_OCTET_STRING, "SignedCertificateTimestampList");
    hf_read_sub16(&octets, &scts, "sct_list");
    rest = hf_read_bytes(&scts, scts.n, "sct_list");
    hf_bytes whole = rest;
    while (hf_sct_next(&rest, &sct))
        ;
    if (!scts.failed && (whole.n == 0 || rest.n != 0))
        hf_reader_fail(&scts, HF_E_DECODE, "serialized_sct");
    hf_reader_done(&scts);
    hf_reader_done(&octets);
    hf_reader_done(&r);
    hf_status s = malformed(&r, e);
    if (s == HF_OK)
        *list = whole;
    return s;
}

/* ---- what is signed ---- */

/* Takes the next extension off the list that is not the one with the timestamps. */
static bool next_other(hf_reader *list, hf_bytes *whole)
{
    while (hf_reader_more(list)) {
        hf_reader r, extension;
        *whole = hf_der_whole(list, HF_DER_SEQUENCE, "Extension");
        hf_reader_init(&r, *whole, NULL);
        hf_der_enter(&r, &extension, HF_DER_SEQUENCE, "Extension");
        if (!HF_OID_IS(hf_der_oid(&extension, "extnID"), OID_SCT_LIST))
            return true;
    }
    return false;
}

/* `field` is extensions [3]. Where the timestamps' was the only one nothing is left: Extensions has
 * at least one element (RFC 5280 section 4.1), so the field goes as well. */
static void write_extensions(hf_writer *w, hf_bytes field)
{
    hf_reader r, explicit, list;
    hf_bytes whole;
    hf_reader_init(&r, field, NULL);
    hf_der_enter(&r, &explicit, HF_DER_CONTEXT_CONSTRUCTED(3), "extensions");
    hf_der_enter(&explicit, &list, HF_DER_SEQUENCE, "extensions");
    if (!next_other(&list, &whole))
        return;
    size_t outer = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(3));
    size_t inner = hf_der_open(w, HF_DER_SEQUENCE);
    do
        hf_write_bytes(w, whole);
    while (next_other(&list, &whole));
    hf_der_close(w, inner);
    hf_der_close(w, outer);
}

static void write_tbs(hf_writer *w, hf_bytes tbs_certificate)
{
    hf_reader r, tbs;
    hf_reader_init(&r, tbs_certificate, NULL);
    hf_der_enter(&r, &tbs, HF_DER_SEQUENCE, "tbsCertificate");
    size_t sequence = hf_der_open(w, HF_DER_SEQUENCE);
    while (hf_reader_more(&tbs)) {
        uint8_t tag;
        hf_bytes part = hf_der_any(&tbs, &tag, "tbsCertificate");
        if (tag == HF_DER_CONTEXT_CONSTRUCTED(3))
            write_extensions(w, part);
        else
            hf_write_bytes(w, part);
    }
    hf_der_close(w, sequence);
    if (tbs.failed)
        hf_writer_fail(w, HF_E_INTERNAL); /* a parsed certificate's never does */
}

hf_status hf_sct_write_entry(hf_buf *out, bool embedded, const hf_cert *cert, const hf_cert *issuer)
{
    uint8_t hash[HF_HASH_MAX_DIGEST];
    const hf_hash *sha256 = hf_hash_find(hf_provider_default(), 4);
    hf_writer w;
    hf_writer_init_buf(&w, out);
    if (sha256 == NULL)
        return HF_E_CRYPTO;
    hf_write_u16(&w, embedded ? PRECERT_ENTRY : X509_ENTRY);
    if (!embedded) {
        hf_write_vec24(&w, cert->der);
        return hf_writer_status(&w);
    }
    hf_hash_of(sha256, &issuer->spki, 1, hash);
    hf_write_bytes(&w, (hf_bytes){hash, sha256->digest_len});
    size_t length = hf_write_open(&w, 3);
    write_tbs(&w, cert->tbs);
    hf_write_close(&w, length, 3);
    return hf_writer_status(&w);
}

hf_status hf_sct_write_signed(hf_buf *out, const hf_sct *sct, hf_bytes entry)
{
    hf_writer w;
    hf_writer_init_buf(&w, out);
    hf_write_u8(&w, V1);
    hf_write_u8(&w, CERTIFICATE_TIMESTAMP);
    hf_write_u64(&w, sct->timestamp_ms);
    hf_write_bytes(&w, entry);
    hf_write_vec16(&w, sct->extensions);
    return hf_writer_status(&w);
}

const hf_sigscheme *hf_sct_scheme(const hf_sct *sct, const hf_ct_log *log)
{
    enum { ECDSA_SHA256 = 0x0403, RSA_PKCS1_SHA256 = 0x0401 };
    unsigned bits;
    bool ecdsa = hf_spki_type(log->public_key, &bits) == HF_KEY_P256;
    return sct->algorithm == (ecdsa ? ECDSA_SHA256 : RSA_PKCS1_SHA256)
               ? hf_sigscheme_find(hf_provider_default(), sct->algorithm)
               : NULL;
}
