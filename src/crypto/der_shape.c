/* der_shape.c: tells what a DER SEQUENCE seems to be, so that an error can say it. */
#include "crypto/key_private.h"

#include "base/der.h"

/* tbsCertificate, certificationRequestInfo and tbsCertList, by their first fields: a certificate
 * has [0] or serial and algorithm, a request version and Name and key, a list no number at all or
 * version and algorithm and Name and time. */
static hf_der_shape shape_of_signed(hf_reader *tbs)
{
    uint8_t tag[5] = {0};
    for (size_t i = 0; i < sizeof tag && hf_reader_more(tbs); i++)
        hf_der_any(tbs, &tag[i], "field");
    if (tag[0] == HF_DER_CONTEXT_CONSTRUCTED(0))
        return HF_SHAPE_CERTIFICATE;
    if (tag[0] == HF_DER_INTEGER && tag[3] == HF_DER_CONTEXT_CONSTRUCTED(0))
        return HF_SHAPE_CSR;
    if (tag[0] == HF_DER_INTEGER && tag[3] == HF_DER_SEQUENCE)
        return HF_SHAPE_CERTIFICATE; /* of version 1 */
    if (tag[0] == HF_DER_INTEGER || tag[0] == HF_DER_SEQUENCE)
        return tag[0] == HF_DER_INTEGER && tag[3] == 0 ? HF_SHAPE_CSR : HF_SHAPE_CRL;
    return HF_SHAPE_UNKNOWN;
}

static hf_der_shape shape_of_number(hf_reader *in, hf_bytes number)
{
    switch (hf_der_peek(in)) {
    case HF_DER_SEQUENCE:
        return number.n == 1 && number.p[0] == 3 ? HF_SHAPE_PKCS12 : HF_SHAPE_PKCS8;
    case HF_DER_OCTET_STRING:
        return HF_SHAPE_SEC1;
    case HF_DER_INTEGER:
        hf_der_integer(in, "number");
        return hf_reader_more(in) ? HF_SHAPE_PKCS1 : HF_SHAPE_PKCS1_PUBLIC;
    default:
        return HF_SHAPE_UNKNOWN;
    }
}

static hf_der_shape shape_of_sequence(hf_reader *in)
{
    uint8_t tag = 0;
    hf_bytes first = hf_der_any(in, &tag, "first");
    int second = hf_der_peek(in);
    if (tag != HF_DER_SEQUENCE)
        return HF_SHAPE_UNKNOWN;
    if (second == HF_DER_OCTET_STRING)
        return HF_SHAPE_PKCS8_ENCRYPTED;
    if (second == HF_DER_BIT_STRING)
        return HF_SHAPE_SPKI;
    if (second != HF_DER_SEQUENCE)
        return HF_SHAPE_UNKNOWN;
    hf_reader r, tbs;
    hf_reader_init(&r, first, NULL);
    hf_der_enter(&r, &tbs, HF_DER_SEQUENCE, "tbs");
    return shape_of_signed(&tbs);
}

hf_der_shape hf_der_shape_of(hf_bytes der)
{
    hf_reader r, in;
    hf_reader_init(&r, der, NULL);
    hf_der_enter(&r, &in, HF_DER_SEQUENCE, "SEQUENCE");
    if (hf_der_peek(&in) == HF_DER_INTEGER)
        return shape_of_number(&in, hf_der_integer(&in, "number"));
    return shape_of_sequence(&in);
}

const char *hf_der_shape_name(hf_der_shape shape)
{
    switch (shape) {
    case HF_SHAPE_PKCS8:
        return "a PKCS#8 private key";
    case HF_SHAPE_PKCS8_ENCRYPTED:
        return "an encrypted PKCS#8 private key";
    case HF_SHAPE_SEC1:
        return "a SEC1 private key";
    case HF_SHAPE_PKCS1:
        return "a PKCS#1 private key";
    case HF_SHAPE_PKCS1_PUBLIC:
        return "an RSA public key";
    case HF_SHAPE_SPKI:
        return "a public key";
    case HF_SHAPE_CERTIFICATE:
        return "a certificate";
    case HF_SHAPE_CSR:
        return "a certification request";
    case HF_SHAPE_CRL:
        return "a certificate revocation list";
    case HF_SHAPE_PKCS12:
        return "a PKCS#12 file";
    default:
        return "DER of no kind known here";
    }
}
