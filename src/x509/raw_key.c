/* raw_key.c: a public key in the place of a certificate: RFC 7250. */
#include <handfast/x509.h>

#include "base/error.h"
#include "crypto/spki.h"

#include <stdio.h>

#define RSA_LEAST 2048U /* bits, as for certificates */

static hf_status judge_size(const hf_spki *key, hf_error *e)
{
    bool rsa = key->type == HF_KEY_RSA || key->type == HF_KEY_RSA_PSS;
    if (!rsa || key->bits >= RSA_LEAST)
        return HF_OK;
    return hf_fail(e, HF_E_CERT_WEAK_KEY, "subjectPublicKey", "RSA of 2048 bits or more", "%u bits",
                   key->bits);
}

hf_status hf_raw_key_parse(hf_bytes spki, hf_cert *out, hf_error *e)
{
    hf_spki key;
    *out = (hf_cert){0};
    hf_status s = hf_spki_parse(spki, &key);
    if (s == HF_E_KEY_UNSUPPORTED)
        return hf_fail(e, s, "algorithm", "a type of key, a curve and a form of point known here",
                       "%zu bytes of SubjectPublicKeyInfo with another", spki.n);
    if (s != HF_OK)
        return hf_fail(e, HF_E_RAW_KEY_MALFORMED, "ASN1_subjectPublicKeyInfo",
                       "one SubjectPublicKeyInfo in DER", "%zu bytes that are none", spki.n);
    s = judge_size(&key, e);
    if (s != HF_OK)
        return s;
    *out = (hf_cert){
        .der = spki,
        .raw_public_key = true,
        .spki = spki,
        .key_type = key.type,
        .key_bits = key.bits,
        .path_len = -1,
    };
    return HF_OK;
}
