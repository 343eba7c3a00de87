/* auth13.c: who is who in TLS 1.3: Certificate, CertificateVerify and Finished, the same for both
 * roles. RFC 9846 section 4.5. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"
#include "crypto/key.h"
#include "x509/identity.h"

#include <stdio.h>

/* ---- Certificate ---- */

hf_status hf_13_build_certificate(hf_handshake *hs, hf_writer *w)
{
    size_t count = hs->identity != NULL ? hf_identity_count(hs->identity) : 0;
    hf_bytes *certs = hf_hs_alloc(hs, (count + 1) * sizeof(*certs));
    if (certs == NULL)
        return HF_E_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; i++)
        certs[i] = hf_identity_cert(hs->identity, i)->der;
    if (hf_conn_is_client(hs->conn) && count != 0)
        hs->facts |= HF_F_CLIENT_CERT;
    hf_extensions with_leaf = {0};
    hf_hs_staple(hs, &with_leaf);
    hf_certificate_build(w, hs->request_context, certs, count, &with_leaf);
    return HF_OK;
}

static hf_status judge_empty(hf_handshake *hs)
{
    if (hf_conn_is_client(hs->conn))
        return hf_hs_fail(hs, HF_E_SERVER_NO_CERTIFICATE, "certificate_list",
                          "at least one certificate", "none");
    if (hs->cfg->client_auth == HF_CLIENT_AUTH_REQUIRED)
        return hf_hs_fail(hs, HF_E_NO_CERTIFICATE, "certificate_list",
                          "a certificate, which this server requires", "none");
    return HF_OK;
}

static hf_status parse_chain(hf_handshake *hs, hf_bytes list, size_t count,
                             bool (*next)(hf_bytes *rest, hf_bytes *der))
{
    hf_bytes rest = list, der;
    hs->peer_certs = hf_hs_alloc(hs, count * sizeof(hf_cert));
    hs->path_len = hs->cfg->limits.chain_length + count;
    hs->path = hf_hs_alloc(hs, hs->path_len * sizeof(*hs->path));
    if (hs->peer_certs == NULL || hs->path == NULL)
        return HF_E_OUT_OF_MEMORY;
    for (size_t i = 0; next(&rest, &der); i++) {
        hf_status s = hf_cert_parse(der, &hs->peer_certs[i], &hs->error);
        if (s != HF_OK) {
            hf_error_subject(&hs->error, "certificate %zu of %zu that the peer sent", i + 1, count);
            return s;
        }
    }
    hs->peer_cert_count = count;
    return HF_OK;
}

hf_status hf_hs_judge_chain(hf_handshake *hs, hf_bytes list, size_t count,
                            bool (*next)(hf_bytes *rest, hf_bytes *der))
{
    if (count == 0)
        return judge_empty(hs);
    if (count > hs->cfg->limits.chain_length) {
        hf_hs_fail(hs, HF_E_CHAIN_TOO_LONG, "certificate_list", NULL, "%zu certificates", count);
        hf_error_expected(&hs->error, "at most %u", hs->cfg->limits.chain_length);
        return HF_E_CHAIN_TOO_LONG;
    }
    hf_status s = parse_chain(hs, list, count, next);
    if (s == HF_OK && !hf_conn_is_client(hs->conn))
        hs->facts |= HF_F_CLIENT_CERT;
    return s;
}

static bool next_entry(hf_bytes *rest, hf_bytes *der)
{
    hf_bytes extensions;
    return hf_certificate_entry_next(rest, der, &extensions);
}

/* With a raw public key there is no list to lead on: RFC 9846 section 4.5.1. */
static hf_status judge_raw_key_list(hf_handshake *hs, const hf_certificate *m)
{
    hf_bytes rest = m->list, spki = {NULL, 0};
    if (m->count == 0)
        return judge_empty(hs);
    if (m->count > 1)
        return hf_hs_fail(hs, HF_E_VALUE, "certificate_list", "one raw public key", "%zu",
                          m->count);
    next_entry(&rest, &spki);
    return hf_hs_take_raw_key(hs, spki);
}

hf_status hf_13_judge_certificate(hf_handshake *hs, hf_reader *r)
{
    hf_certificate m;
    bool raw = hs->peer_type == HF_CERT_RAW_PUBLIC_KEY;
    if (raw ? !hf_certificate_raw_key_parse(r, &m) : !hf_certificate_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    if (m.context.n != 0)
        return hf_hs_fail(hs, HF_E_REQUEST_CONTEXT, "certificate_request_context",
                          "nothing during the handshake", "%zu bytes", m.context.n);
    hf_status s = hf_hs_judge_peer_type(hs);
    if (s == HF_OK && m.count != 0)
        s = hf_hs_judge_stapled(hs, &m);
    if (s != HF_OK)
        return s;
    return raw ? judge_raw_key_list(hs, &m) : hf_hs_judge_chain(hs, m.list, m.count, next_entry);
}

/* ---- the chain's verdict ---- */

/* Run on the executor's thread: what is told there is kept for the connection's own to tell. NULL
 * when memory ran out: the trace misses a line; the verdict does not depend on it. */
static hf_kept_check *keep(hf_handshake *hs)
{
    hf_kept_check *kept = hf_arena_alloc(&hs->arena, sizeof(*kept));
    if (kept == NULL)
        return NULL;
    *hs->checks_end = kept;
    hs->checks_end = &kept->next;
    return kept;
}

static void keep_check(void *ctx, const hf_check *check)
{
    hf_kept_check *kept = keep(ctx);
    if (kept != NULL)
        kept->check = *check;
}

static void keep_path(void *ctx, const hf_verify_path *path)
{
    hf_kept_check *kept = keep(ctx);
    if (kept == NULL)
        return;
    kept->is_path = true;
    kept->path = *path;
}

static void run_verify_chain(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    const hf_config *cfg = hs->cfg;
    bool client = cfg->role == HF_CLIENT;
    hf_verify_params params = {
        .store = cfg->store,
        .host = hs->verify_host,
        .purpose = client ? HF_PURPOSE_SERVER : HF_PURPOSE_CLIENT,
        .at_s = cfg->provider.now_s(cfg->provider.ctx),
        .limits = {.chain_length = cfg->limits.chain_length,
                   .signature_checks = cfg->limits.signature_checks},
        .signatures = cfg->signatures,
        .profile = cfg->profile,
        .revocation = cfg->revocation,
        .crls = cfg->crls,
        .ocsp = hs->peer_ocsp,
        .ct_logs = cfg->ct_logs,
        .ct_policy = cfg->ct_policy,
        .sct_list = hs->peer_scts,
    };
    hf_verify_report report = {keep_check, hs, keep_path};
    job->status = hf_verify_chain(hs->peer_certs, hs->peer_cert_count, &params,
                                  hf_config_tracing(cfg) != NULL ? &report : NULL, hs->path,
                                  &hs->path_len, &hs->error);
    if (job->status == HF_E_REVOCATION_UNKNOWN && hs->peer_ocsp.p != NULL)
        hs->error.alert = HF_ALERT_bad_certificate_status_response; /* RFC 6066 section 8 */
}

hf_status hf_13_verify_chain(hf_handshake *hs)
{
    if (hs->peer_type == HF_CERT_RAW_PUBLIC_KEY) /* looked up, in no time: hf_13_chain_verified */
        return HF_OK;
    if (hs->cfg->insecure_no_verification) {
        for (size_t i = 0; i < hs->peer_cert_count; i++)
            hs->path[i] = &hs->peer_certs[i];
        hs->path_len = hs->peer_cert_count;
        return HF_OK;
    }
    if (hf_conn_is_client(hs->conn) && !hs->conn->insecure_no_name) {
        hf_bytes host = {(const uint8_t *)hs->conn->host, strlen(hs->conn->host) + 1};
        hf_status s = hf_hs_keep(hs, &host);
        if (s != HF_OK)
            return s;
        hs->verify_host = (const char *)host.p;
    }
    hf_hs_job(hs, HF_JOB_VERIFY_CHAIN, "verify the peer's certificate chain", run_verify_chain);
    return HF_OK;
}

static hf_status ask_application(hf_handshake *hs)
{
    const hf_config *cfg = hs->cfg;
    if (cfg->check_peer == NULL)
        return HF_OK;
    hf_alert alert = cfg->check_peer(cfg->check_peer_ctx, hs->conn, hs->path, hs->path_len);
    if (alert == HF_ALERT_close_notify)
        return HF_OK;
    hf_hs_fail(hs, HF_E_CERT_REFUSED, NULL, "a certificate that the application accepts",
               "one that it refuses with %s", hf_alert_name((uint8_t)alert));
    if (!hs->path[0]->raw_public_key)
        hf_name_text(hs->path[0]->subject, hs->error.subject, sizeof(hs->error.subject));
    hs->error.alert = (uint8_t)alert;
    return HF_E_CERT_REFUSED;
}

hf_status hf_13_chain_verified(hf_handshake *hs)
{
    for (const hf_kept_check *k = hs->checks; k != NULL; k = k->next)
        if (k->is_path)
            hf_trace_path(hs->conn, &k->path);
        else
            hf_trace_check(hs->conn, &k->check);
    hf_status s = hs->job.run != NULL ? hs->job.status : HF_OK;
    if (s == HF_OK)
        s = hs->peer_type == HF_CERT_RAW_PUBLIC_KEY ? hf_hs_judge_raw_key(hs)
                                                    : hf_hs_judge_chain_demands(hs);
    if (s == HF_OK)
        s = ask_application(hs);
    if (s != HF_OK && hs->error.message == NULL)
        hs->error.message = "Certificate";
    return s;
}

/* ---- CertificateVerify ---- */

/* What is signed: 64 spaces, a context string, a zero, the transcript hash; section 4.5.2. */
static hf_status make_signed_content(hf_handshake *hs, bool by_server)
{
    const char *context =
        by_server ? "TLS 1.3, server CertificateVerify" : "TLS 1.3, client CertificateVerify";
    size_t context_len = strlen(context) + 1, digest_len = hs->conn->suite->hash->digest_len;
    uint8_t *p = hf_hs_alloc(hs, 64 + context_len + digest_len);
    if (p == NULL)
        return HF_E_OUT_OF_MEMORY;
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_transcript_digest(&hs->transcript, digest);
    memset(p, ' ', 64);
    memcpy(p + 64, context, context_len);
    memcpy(p + 64 + context_len, digest, digest_len);
    hs->signed_content = (hf_bytes){p, 64 + context_len + digest_len};
    return HF_OK;
}

static void run_sign(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    job->status = hf_key_sign(hf_identity_key(hs->identity), hs->scheme, hs->signed_content,
                              hs->signature, &hs->signature_len);
}

hf_status hf_hs_start_sign(hf_handshake *hs)
{
    hs->signature = hf_hs_alloc(hs, HF_SIGNATURE_MAX);
    if (hs->signature == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_hs_job(hs, HF_JOB_SIGN, hs->scheme->name, run_sign);
    return HF_OK;
}

hf_status hf_13_sign(hf_handshake *hs)
{
    hf_status s = make_signed_content(hs, !hf_conn_is_client(hs->conn));
    return s == HF_OK ? hf_hs_start_sign(hs) : s;
}

hf_status hf_13_signed(hf_handshake *hs)
{
    if (hs->job.status == HF_OK)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_SIGNING, "signature", hs->scheme->name, "%s",
                      hf_error_sentence(hs->job.status));
}

hf_status hf_13_build_verify(hf_handshake *hs, hf_writer *w)
{
    hf_certificate_verify m = {hs->scheme->id, {hs->signature, hs->signature_len}};
    hf_certificate_verify_build(w, &m);
    return HF_OK;
}

static const hf_sigscheme *offered_scheme(const hf_handshake *hs, uint16_t id)
{
    for (size_t i = 0; i < hs->cfg->sigscheme_count; i++)
        if (hs->cfg->sigschemes[i]->id == id && hs->cfg->sigschemes[i]->in_handshake)
            return hs->cfg->sigschemes[i];
    return NULL;
}

hf_status hf_13_judge_verify(hf_handshake *hs, hf_reader *r)
{
    hf_certificate_verify m;
    if (!hf_certificate_verify_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    const hf_sigscheme *scheme = offered_scheme(hs, m.algorithm);
    if (scheme == NULL) {
        const char *name = hf_sigscheme_name(m.algorithm);
        return hf_hs_fail(hs, HF_E_SCHEME_NOT_OFFERED, "algorithm", "one of those offered",
                          "%s (0x%04x)", name != NULL ? name : "unknown", m.algorithm);
    }
    const hf_cert *leaf = &hs->peer_certs[0];
    if (!hf_sigscheme_fits(scheme, leaf->key_type, leaf->key_bits))
        return hf_hs_fail(hs, HF_E_SCHEME_KEY_MISMATCH, "algorithm",
                          hf_key_type_name(leaf->key_type), "%s", scheme->name);
    /* A rule of the handshake, not of the chain: section 4.5.1.2. */
    if (leaf->has_key_usage && (leaf->key_usage & HF_KEY_USAGE_digitalSignature) == 0)
        return hf_hs_fail(hs, HF_E_CERT_KEY_USAGE, "keyUsage", "digitalSignature",
                          "a certificate without it");
    hf_status s = make_signed_content(hs, hf_conn_is_client(hs->conn));
    if (s != HF_OK)
        return s;
    hs->peer_scheme = scheme;
    hs->peer_signature = m.signature;
    return HF_OK;
}

static void run_verify(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    job->status = hf_verify_signature(hs->peer_certs[0].spki, hs->peer_scheme, hs->signed_content,
                                      hs->peer_signature);
}

hf_status hf_13_verify_signature(hf_handshake *hs)
{
    hf_hs_job(hs, HF_JOB_VERIFY, hs->peer_scheme->name, run_verify);
    return HF_OK;
}

hf_status hf_13_signature_verified(hf_handshake *hs)
{
    hf_status s = hs->job.status;
    if (s == HF_E_BAD_SIGNATURE) {
        hf_hs_fail(hs, HF_E_BAD_HANDSHAKE_SIGNATURE, "signature",
                   "a signature by the key of the peer's certificate",
                   "one that does not verify (%s)", hs->peer_scheme->name);
        hs->error.message = "CertificateVerify";
        return HF_E_BAD_HANDSHAKE_SIGNATURE;
    }
    if (s != HF_OK)
        return hf_hs_fail(hs, s, "signature", NULL, NULL);
    hs->conn->peer_scheme = hs->peer_scheme;
    return hf_hs_peer_proved(hs);
}

hf_status hf_hs_peer_proved(hf_handshake *hs)
{
    hf_status s = HF_OK;
    bool raw = hs->peer_type == HF_CERT_RAW_PUBLIC_KEY;
    uint8_t pin[HF_KEY_PIN];
    hs->conn->peer_authenticated =
        !hs->cfg->insecure_no_verification && !(raw && hs->cfg->insecure_any_raw_key);
    if (raw) {
        hf_cert_fingerprint(&hs->peer_certs[0], pin);
        s = hf_conn_keep_pin(hs->conn, pin);
    }
    hs->conn->ocsp_stapled = hs->peer_ocsp.n != 0;
    hs->conn->scts_sent = hs->peer_scts.n != 0;
    if (s == HF_OK)
        s = hf_conn_keep_peer(hs->conn, hs->path, hs->path_len, hs->peer_ocsp, hs->peer_scts);
    return s == HF_OK ? HF_OK : hf_hs_fail(hs, s, NULL, NULL, NULL);
}

/* ---- Finished ---- */

static void verify_data(const hf_handshake *hs, bool of_client, uint8_t out[HF_HASH_MAX_DIGEST])
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_transcript_digest(&hs->transcript, digest);
    hf_finished13(hs->conn->suite->hash,
                  of_client ? hs->client_handshake_secret : hs->server_handshake_secret, digest,
                  out);
}

hf_status hf_13_build_finished(hf_handshake *hs, hf_writer *w)
{
    uint8_t data[HF_HASH_MAX_DIGEST];
    verify_data(hs, hf_conn_is_client(hs->conn), data);
    hf_finished_build(w, &(hf_finished){{data, hs->conn->suite->hash->digest_len}});
    return HF_OK;
}

hf_status hf_13_judge_finished(hf_handshake *hs, hf_reader *r)
{
    hf_finished m;
    if (!hf_finished_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    uint8_t data[HF_HASH_MAX_DIGEST];
    size_t n = hs->conn->suite->hash->digest_len;
    if (m.verify_data.n != n) {
        hf_hs_fail(hs, HF_E_BAD_FINISHED, "verify_data", NULL, "%zu bytes", m.verify_data.n);
        hf_error_expected(&hs->error, "%zu bytes", n);
        return HF_E_BAD_FINISHED;
    }
    verify_data(hs, !hf_conn_is_client(hs->conn), data);
    if (!hf_ct_equal(data, m.verify_data.p, n))
        return hf_hs_fail(hs, HF_E_BAD_FINISHED, "verify_data", "the digest this side computed",
                          "another");
    return HF_OK;
}
