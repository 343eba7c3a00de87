/* auth12.c: who is who in TLS 1.2: Certificate and CertificateVerify in their own form. RFC 5246
 * sections 7.4.2 and 7.4.8. The chain's verdict and the signatures' work are those of auth13.c. */
#include "handshake/handshake.h"

#include "base/bytes.h"
#include "crypto/key.h"
#include "wire/messages12.h"
#include "x509/identity.h"

/* ---- what the kinds of key and point allow ---- */

hf_status hf_12_judge_point_formats(hf_handshake *hs, const hf_extensions *x)
{
    bool bad = hf_ext_has(x, HF_X_EC_POINT_FORMATS) &&
               memchr(x->ec_point_formats.p, 0, x->ec_point_formats.n) == NULL;
    if (!bad)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_VALUE, "ec_point_format_list", "uncompressed (0) among them",
                      "%zu others", x->ec_point_formats.n);
}

hf_status hf_12_filter_schemes(hf_handshake *hs, hf_bytes schemes, bool ecdsa, bool rsa,
                               hf_bytes *out)
{
    uint8_t *p = hf_hs_alloc(hs, schemes.n + 1);
    if (p == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_writer w;
    hf_writer_init(&w, p, schemes.n + 1);
    for (size_t i = 0; i < hf_u16s_count(schemes); i++) {
        uint16_t id = hf_u16s_at(schemes, i);
        const hf_sigscheme *s = hf_sigscheme_find(&hs->cfg->provider, id);
        bool is_rsa = s != NULL && (s->key == HF_KEY_RSA || s->key == HF_KEY_RSA_PSS);
        if (s != NULL && (is_rsa ? rsa : ecdsa))
            hf_write_u16(&w, id);
    }
    *out = hf_writer_bytes(&w);
    return HF_OK;
}

/* ---- Certificate ---- */

hf_status hf_12_build_certificate(hf_handshake *hs, hf_writer *w)
{
    size_t count = hs->identity != NULL ? hf_identity_count(hs->identity) : 0;
    if (hs->own_type == HF_CERT_RAW_PUBLIC_KEY) {
        hf_raw_key12 m = {{NULL, 0}};
        if (count != 0)
            m.spki = hf_identity_cert(hs->identity, 0)->der;
        if (hf_conn_is_client(hs->conn) && count != 0)
            hs->facts |= HF_F_CLIENT_CERT;
        hf_raw_key12_build(w, &m);
        return HF_OK;
    }
    hf_bytes *certs = hf_hs_alloc(hs, (count + 1) * sizeof(*certs));
    if (certs == NULL)
        return HF_E_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; i++)
        certs[i] = hf_identity_cert(hs->identity, i)->der;
    if (hf_conn_is_client(hs->conn) && count != 0)
        hs->facts |= HF_F_CLIENT_CERT;
    hf_certificate12_build(w, certs, count);
    return HF_OK;
}

static hf_status judge_raw_key(hf_handshake *hs, hf_reader *r)
{
    hf_raw_key12 m;
    if (!hf_raw_key12_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    return m.spki.n != 0 ? hf_hs_take_raw_key(hs, m.spki)
                         : hf_hs_judge_chain(hs, m.spki, 0, hf_certificate12_next);
}

static hf_status judge_chain(hf_handshake *hs, hf_reader *r)
{
    hf_certificate12 m;
    if (!hf_certificate12_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    hf_status s = hf_hs_judge_peer_type(hs);
    return s == HF_OK ? hf_hs_judge_chain(hs, m.list, m.count, hf_certificate12_next) : s;
}

hf_status hf_12_judge_certificate(hf_handshake *hs, hf_reader *r)
{
    hf_status s =
        hs->peer_type == HF_CERT_RAW_PUBLIC_KEY ? judge_raw_key(hs, r) : judge_chain(hs, r);
    /* certificate_required is an alert of TLS 1.3 */
    if (s == HF_E_NO_CERTIFICATE)
        return hf_hs_fail(hs, HF_E_NO_CERTIFICATE_12, "certificate_list",
                          "a certificate, which this server requires", "none");
    if (s != HF_OK || hs->peer_cert_count == 0 || !hf_conn_is_client(hs->conn))
        return s;
    /* The suite says how the server proves itself: section 7.4.2. */
    bool rsa =
        hs->peer_certs[0].key_type == HF_KEY_RSA || hs->peer_certs[0].key_type == HF_KEY_RSA_PSS;
    if (rsa != (hs->conn->suite->suite->auth != HF_AUTH_ECDSA))
        return hf_hs_fail(hs, HF_E_SCHEME_KEY_MISMATCH, "certificate_list",
                          rsa ? "an ECDSA or EdDSA key, as the cipher suite says"
                              : "an RSA key, as the cipher suite says",
                          "%s", hf_key_type_name(hs->peer_certs[0].key_type));
    /* RFC 8422 section 5.3 */
    if (!hf_12_curve_offered(hs->peer_certs[0].key_type, hs->hello.extensions.supported_groups))
        return hf_hs_fail(hs, HF_E_GROUP_NOT_OFFERED, "certificate_list",
                          "a key on one of the curves offered", "%s",
                          hf_key_type_name(hs->peer_certs[0].key_type));
    return HF_OK;
}

/* ---- signatures ---- */

static const hf_sigscheme *offered_scheme(const hf_handshake *hs, uint16_t id)
{
    for (size_t i = 0; i < hs->cfg->sigscheme_count; i++)
        if (hs->cfg->sigschemes[i]->id == id)
            return hs->cfg->sigschemes[i];
    return NULL;
}

static uint16_t curve_of(hf_key_type key)
{
    switch (key) {
    case HF_KEY_P256:
        return 0x0017;
    case HF_KEY_P384:
        return 0x0018;
    case HF_KEY_P521:
        return 0x0019;
    default:
        return 0;
    }
}

bool hf_12_curve_offered(hf_key_type key, hf_bytes groups)
{
    uint16_t curve = curve_of(key);
    return curve == 0 || hf_u16s_have(groups, curve);
}

bool hf_12_loose_fit(const hf_sigscheme *scheme, hf_key_type key)
{
    return curve_of(scheme->key) != 0 && curve_of(key) != 0;
}

const hf_sigscheme *hf_12_with_curve(hf_handshake *hs, const hf_sigscheme *scheme, hf_key_type key)
{
    if (scheme->key == key || !hf_12_loose_fit(scheme, key))
        return scheme;
    hf_sigscheme *own = hf_hs_alloc(hs, sizeof(*own));
    if (own == NULL)
        return NULL;
    *own = *scheme;
    own->key = key;
    return own;
}

hf_status hf_12_take_signature(hf_handshake *hs, uint16_t algorithm, hf_bytes content,
                               hf_bytes signature)
{
    const hf_sigscheme *offered = offered_scheme(hs, algorithm);
    const hf_cert *leaf = &hs->peer_certs[0];
    if (offered == NULL) {
        const char *name = hf_sigscheme_name(algorithm);
        return hf_hs_fail(hs, HF_E_SCHEME_NOT_OFFERED, "algorithm", "one of those offered",
                          "%s (0x%04x)", name != NULL ? name : "unknown", algorithm);
    }
    const hf_sigscheme *scheme = hf_12_with_curve(hs, offered, leaf->key_type);
    if (scheme == NULL)
        return HF_E_OUT_OF_MEMORY;
    if (!hf_sigscheme_fits(scheme, leaf->key_type, leaf->key_bits))
        return hf_hs_fail(hs, HF_E_SCHEME_KEY_MISMATCH, "algorithm",
                          hf_key_type_name(leaf->key_type), "%s", scheme->name);
    if (leaf->has_key_usage && (leaf->key_usage & HF_KEY_USAGE_digitalSignature) == 0)
        return hf_hs_fail(hs, HF_E_CERT_KEY_USAGE, "keyUsage", "digitalSignature",
                          "a certificate without it");
    hs->peer_scheme = scheme;
    hs->offered_peer_scheme = offered;
    hs->signed_content = content;
    hs->peer_signature = signature;
    return HF_OK;
}

hf_status hf_12_signature_verified(hf_handshake *hs)
{
    hf_status s = hf_13_signature_verified(hs);
    hs->conn->peer_scheme = hs->offered_peer_scheme; /* the other goes with the scratch */
    if (s != HF_OK && hf_conn_is_client(hs->conn))
        hs->error.message = "ServerKeyExchange";
    return s;
}

/* ---- CertificateVerify: over all that was said ---- */

static hf_status keep_messages(hf_handshake *hs)
{
    hs->signed_content = hf_buf_bytes(&hs->transcript.pending);
    return hf_hs_keep(hs, &hs->signed_content);
}

hf_status hf_12_sign_messages(hf_handshake *hs)
{
    hf_status s = keep_messages(hs);
    return s == HF_OK ? hf_hs_start_sign(hs) : s;
}

hf_status hf_12_judge_verify(hf_handshake *hs, hf_reader *r)
{
    hf_certificate_verify m;
    if (!hf_certificate_verify_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    hf_status s = keep_messages(hs);
    return s == HF_OK ? hf_12_take_signature(hs, m.algorithm, hs->signed_content, m.signature) : s;
}
