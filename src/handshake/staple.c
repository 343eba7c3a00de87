/* staple.c: what is said about certificates besides the chain: which signatures, authorities and
 * compressions a side accepts; and what comes along with a chain: an OCSP response (RFC 6066
 * section 8) and signed certificate timestamps (RFC 6962 section 3.3). Both roles, and the same in
 * ClientHello as in CertificateRequest. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/der.h"
#include "base/error.h"
#include "x509/identity.h"
#include "x509/ocsp.h"

#include <stdio.h>

/* ---- what this side asks for, and what the peer asked for ---- */

void hf_hs_offer_about_certificates(hf_handshake *hs, hf_extensions *x)
{
    const hf_config *cfg = hs->cfg;
    if (cfg->request_ocsp) {
        x->present |= HF_X_BIT(HF_X_STATUS_REQUEST);
        x->status_type = 1;
    }
    if (cfg->request_scts)
        x->present |= HF_X_BIT(HF_X_SIGNED_CERTIFICATE_TIMESTAMP);
    if (cfg->cert_scheme_count != 0) {
        x->present |= HF_X_BIT(HF_X_SIGNATURE_ALGORITHMS_CERT);
        x->signature_algorithms_cert = hf_buf_bytes(&cfg->cert_schemes_wire);
    }
    if (cfg->authorities_wire.n != 0) {
        x->present |= HF_X_BIT(HF_X_CERTIFICATE_AUTHORITIES);
        x->certificate_authorities = hf_buf_bytes(&cfg->authorities_wire);
    }
    if (cfg->compression_count != 0) {
        x->present |= HF_X_BIT(HF_X_COMPRESS_CERTIFICATE);
        x->compression_algorithms = hf_buf_bytes(&cfg->compressions_wire);
        hs->facts |= cfg->role == HF_CLIENT ? HF_F_SERVER_MAY_COMPRESS : HF_F_CLIENT_MAY_COMPRESS;
    }
}

void hf_hs_keep_wishes(hf_handshake *hs, const hf_extensions *x)
{
    hs->peer_cert_schemes = x->signature_algorithms_cert;
    hs->peer_authorities = x->certificate_authorities;
    hs->peer_compressions = x->compression_algorithms;
    /* in a CertificateRequest the extension is empty and there is no type to look at */
    hs->peer_wants_ocsp =
        hf_ext_has(x, HF_X_STATUS_REQUEST) && (hf_conn_is_client(hs->conn) || x->status_type == 1);
    hs->peer_wants_scts = hf_ext_has(x, HF_X_SIGNED_CERTIFICATE_TIMESTAMP);
    if (hf_ext_has(x, HF_X_COMPRESS_CERTIFICATE))
        hs->facts |=
            hf_conn_is_client(hs->conn) ? HF_F_CLIENT_MAY_COMPRESS : HF_F_SERVER_MAY_COMPRESS;
}

/* ---- what goes with this side's certificate ---- */

void hf_hs_staple(const hf_handshake *hs, hf_extensions *x)
{
    if (hs->identity == NULL)
        return;
    hf_bytes ocsp = hf_identity_ocsp(hs->identity), scts = hf_identity_scts(hs->identity);
    if (hs->peer_wants_ocsp && ocsp.n != 0) {
        x->present |= HF_X_BIT(HF_X_STATUS_REQUEST);
        x->ocsp_response = ocsp;
    }
    if (hs->peer_wants_scts && scts.n != 0) {
        x->present |= HF_X_BIT(HF_X_SIGNED_CERTIFICATE_TIMESTAMP);
        x->sct_list = scts;
    }
}

/* ---- what came with the peer's ---- */

/* Only what was asked for may come, with any of the certificates: RFC 9846 section 4.5.1. */
static hf_status judge_asked(hf_handshake *hs, uint32_t present)
{
    const hf_config *cfg = hs->cfg;
    if (!cfg->request_ocsp && (present & HF_X_BIT(HF_X_STATUS_REQUEST)) != 0)
        return hf_hs_fail(hs, HF_E_UNSOLICITED_EXTENSION, "extension_type",
                          "only extensions that were offered", "status_request (5)");
    if (!cfg->request_scts && (present & HF_X_BIT(HF_X_SIGNED_CERTIFICATE_TIMESTAMP)) != 0)
        return hf_hs_fail(hs, HF_E_UNSOLICITED_EXTENSION, "extension_type",
                          "only extensions that were offered", "signed_certificate_timestamp (18)");
    return HF_OK;
}

hf_status hf_hs_judge_stapled(hf_handshake *hs, const hf_certificate *m)
{
    hf_status s = hf_hs_judge_extension_set(hs, &m->extensions);
    if (s == HF_OK)
        s = judge_asked(hs, m->present_any);
    if (s != HF_OK)
        return s;
    if (hf_ext_has(&m->extensions, HF_X_STATUS_REQUEST) && m->extensions.status_type != 1)
        return hf_hs_fail(hs, HF_E_VALUE, "status_type", "ocsp (1)", "%u",
                          m->extensions.status_type);
    hs->peer_ocsp = m->extensions.ocsp_response;
    hs->peer_scts = m->extensions.sct_list;
    return HF_OK;
}

/* ---- demands on the chain that was accepted ---- */

static void trace_demand(const hf_handshake *hs, const hf_cert *cert, const char *name,
                         const char *section, hf_status result, const char *value,
                         const char *limit)
{
    hf_check k = {.cert = cert, .name = name, .section = section, .result = result};
    snprintf(k.value, sizeof(k.value), "%s", value);
    snprintf(k.limit, sizeof(k.limit), "%s", limit);
    hf_trace_check(hs->conn, &k);
}

static hf_status judge_staple(hf_handshake *hs)
{
    const hf_cert *leaf = &hs->peer_certs[0];
    if (!hs->cfg->request_ocsp || !hf_cert_must_staple(leaf))
        return HF_OK;
    bool there = hs->peer_ocsp.n != 0;
    trace_demand(hs, leaf, "tlsFeature", "RFC 7633 section 4.2.3.1",
                 there ? HF_OK : HF_E_STAPLE_MISSING, "status_request",
                 there ? "an OCSP response was stapled" : "no OCSP response was stapled");
    if (there)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_STAPLE_MISSING, "status_request",
                      "a stapled OCSP response, which the certificate promises", "none");
}

/* Of the list that this side sent as signature_algorithms_cert: every certificate but the anchor,
 * whose own signature nobody checks. */
static hf_status judge_cert_schemes(hf_handshake *hs)
{
    const hf_config *cfg = hs->cfg;
    if (cfg->cert_scheme_count == 0)
        return HF_OK;
    hf_bytes accepted = hf_buf_bytes(&cfg->cert_schemes_wire);
    for (size_t i = 0; i + 1 < hs->path_len; i++) {
        const hf_sigscheme *s = hs->path[i]->signed_with;
        if (s != NULL && hf_u16s_have(accepted, s->id))
            continue;
        char names[HF_ERROR_TEXT];
        hf_hs_fail(hs, HF_E_CERT_SCHEME_NOT_OFFERED, "signatureAlgorithm",
                   hf_names_text(accepted, hf_sigscheme_name, names, sizeof(names)), "%s",
                   hs->path[i]->signed_with_name);
        hf_name_text(hs->path[i]->subject, hs->error.subject, sizeof(hs->error.subject));
        return HF_E_CERT_SCHEME_NOT_OFFERED;
    }
    return HF_OK;
}

/* Not where the application has said that it verifies nothing. */
hf_status hf_hs_judge_chain_demands(hf_handshake *hs)
{
    if (hs->cfg->insecure_no_verification)
        return HF_OK;
    hf_status s = judge_cert_schemes(hs);
    return s == HF_OK ? judge_staple(hs) : s;
}
