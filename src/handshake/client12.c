/* client12.c: what a TLS 1.2 client judges, and its key exchange. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "crypto/keypairs.h"
#include "wire/messages12.h"

/* ---- ServerHello ---- */

/* RFC 9846 section 4.2.3: a server that could do better ends its random so. This side offered TLS
 * 1.3, so someone changed its hello on the way. */
static hf_status judge_downgrade(hf_handshake *hs, hf_bytes random)
{
    static const char *const names[] = {"TLS 1.1 or below", "TLS 1.2"};
    const uint8_t *end = random.p + HF_RANDOM_LEN - 8;
    if (hs->cfg->max_version < HF_VERSION_TLS_1_3 || memcmp(end, "DOWNGRD", 7) != 0 || end[7] > 1)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_DOWNGRADE, "random", "no sign of a downgrade",
                      "the sign of a server that was made to speak %s", names[end[7]]);
}

static const hf_suite_choice *offered_suite(const hf_handshake *hs, uint16_t id)
{
    for (size_t i = 0; i < hs->cfg->suite_count; i++)
        if (hs->cfg->suites[i].suite->id == id &&
            hs->cfg->suites[i].suite->version == HF_VERSION_TLS_1_2)
            return &hs->cfg->suites[i];
    return NULL;
}

static hf_status judge_suite(hf_handshake *hs, uint16_t id)
{
    hs->conn->suite = offered_suite(hs, id);
    if (hs->conn->suite != NULL) {
        if (hs->conn->suite->suite->auth == HF_AUTH_RSA_TRANSPORT)
            hs->facts |= HF_F_TRANSPORT;
        return HF_OK;
    }
    const char *name = hf_suite_name(id);
    return hf_hs_fail(hs, HF_E_SUITE_NOT_OFFERED, "cipher_suite",
                      "one of those offered for TLS 1.2", "%s (0x%04x)",
                      name != NULL ? name : "unknown", id);
}

/* RFC 5746 section 3.4: this is a first handshake, so there is nothing to point back to. */
static hf_status judge_renegotiation_info(hf_handshake *hs, const hf_extensions *x)
{
    if (!hf_ext_has(x, HF_X_RENEGOTIATION_INFO))
        return hf_hs_fail(hs, HF_E_RENEGOTIATION_INFO, "extensions", "renegotiation_info", "none");
    if (x->renegotiated_connection.n != 0)
        return hf_hs_fail(hs, HF_E_RENEGOTIATION_INFO, "renegotiated_connection",
                          "nothing in a first handshake", "%zu bytes",
                          x->renegotiated_connection.n);
    return HF_OK;
}

/* RFC 8449 section 4, as in server12.c. */
static hf_status judge_record_size_limit(hf_handshake *hs, const hf_extensions *x)
{
    hf_channel *ch = &hs->conn->channel;
    uint16_t own = hs->cfg->record_size_limit;
    if (!hf_ext_has(x, HF_X_RECORD_SIZE_LIMIT))
        return HF_OK;
    if (x->record_size_limit < 64 || x->record_size_limit > HF_RECORD_PLAINTEXT)
        return hf_hs_fail(hs, HF_E_RECORD_SIZE_LIMIT, "record_size_limit", "64 to 16384", "%u",
                          x->record_size_limit);
    ch->write_limit = x->record_size_limit;
    ch->read_limit = own < HF_RECORD_PLAINTEXT ? own : HF_RECORD_PLAINTEXT;
    return HF_OK;
}

static hf_status judge_extensions(hf_handshake *hs, const hf_extensions *x)
{
    hf_status s = hf_hs_judge_extension_set(hs, x);
    /* supported_groups is met here, and means nothing */
    hf_extensions asked = *x;
    asked.present &= ~HF_X_BIT(HF_X_SUPPORTED_GROUPS);
    if (s == HF_OK)
        s = hf_hs_judge_offered(hs, &asked);
    if (s == HF_OK)
        s = judge_renegotiation_info(hs, x);
    if (s == HF_OK)
        s = hf_12_judge_point_formats(hs, x);
    if (s == HF_OK)
        s = judge_record_size_limit(hs, x);
    if (s == HF_OK)
        s = hf_hs_judge_cert_types(hs, x);
    if (s != HF_OK)
        return s;
    hs->extended_master_secret = hf_ext_has(x, HF_X_EXTENDED_MASTER_SECRET);
    if (!hs->extended_master_secret && !hs->cfg->insecure_no_extended_master_secret)
        return hf_hs_fail(hs, HF_E_NO_EXTENDED_MASTER_SECRET, "extensions",
                          "extended_master_secret", "none");
    if (hf_ext_has(x, HF_X_STATUS_REQUEST))
        hs->facts |= HF_F_STATUS;
    hs->peer_scts = x->sct_list;
    return hf_ext_has(x, HF_X_ALPN) ? hf_hs_judge_alpn(hs, x->alpn) : HF_OK;
}

static void trace_choices(hf_handshake *hs)
{
    const hf_conn *c = hs->conn;
    const char *why = "the server chose it from this side's offer";
    hf_own_list versions, suites;
    hf_trace_choice(c, "version", hs->hello.extensions.supported_versions,
                    hf_own_versions(hs->cfg, &versions), hf_version_name, "TLS 1.2", why);
    hf_trace_choice(c, "cipher suite", hs->hello.cipher_suites, hf_own_suites(hs->cfg, &suites),
                    hf_suite_name, c->suite->suite->name, why);
}

hf_status hf_c12_judge_hello(hf_handshake *hs, const hf_server_hello *m)
{
    hs->conn->version = HF_VERSION_TLS_1_2;
    hf_status s = judge_downgrade(hs, m->random);
    if (s == HF_OK && hs->conn->early == HF_EARLY_OFFERED) /* RFC 9846 section D.3 */
        s = hf_hs_fail(hs, HF_E_EARLY_DATA_UNEXPECTED, "server_version",
                       "TLS 1.3, which the session was made with", "TLS 1.2");
    if (s == HF_OK)
        s = judge_suite(hs, m->cipher_suite);
    if (s != HF_OK)
        return s;
    if (m->legacy_compression_method != 0)
        return hf_hs_fail(hs, HF_E_BAD_COMPRESSION, "compression_method", "null (0)", "%u",
                          m->legacy_compression_method);
    s = judge_extensions(hs, &m->extensions);
    if (s == HF_OK)
        s = hf_c12_judge_session(hs, m);
    if (s != HF_OK)
        return s;
    memcpy(hs->server_random, m->random.p, HF_RANDOM_LEN);
    trace_choices(hs);
    hs->transcript.keep = true;
    hf_transcript_start(&hs->transcript, hs->conn->suite->hash);
    hf_script_speak_12(hs, HF_MSG_SERVER_HELLO);
    return HF_OK;
}

/* ---- CertificateStatus, ServerKeyExchange, CertificateRequest, ServerHelloDone ---- */

hf_status hf_c12_judge_status(hf_handshake *hs, hf_reader *r)
{
    hf_certificate_status m;
    if (!hf_certificate_status_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    if (m.status_type != 1)
        return hf_hs_fail(hs, HF_E_VALUE, "status_type", "ocsp (1)", "%u", m.status_type);
    hs->peer_ocsp = m.response;
    return HF_OK;
}

static hf_status judge_group(hf_handshake *hs, const hf_server_key_exchange *m)
{
    if (m->curve_type != 3)
        return hf_hs_fail(hs, HF_E_VALUE, "curve_type", "named_curve (3)", "%u", m->curve_type);
    for (size_t i = 0; i < hs->cfg->group_count; i++)
        if (hs->cfg->groups[i]->id == m->named_curve && hf_group_is_12(hs->cfg->groups[i]))
            hs->group = hs->conn->group = hs->cfg->groups[i];
    if (hs->group == NULL) {
        const char *name = hf_group_name(m->named_curve);
        return hf_hs_fail(hs, HF_E_GROUP_NOT_OFFERED, "named_curve", "one of the curves offered",
                          "%s (0x%04x)", name != NULL ? name : "unknown", m->named_curve);
    }
    if (m->public_key.n != hs->group->client_share_len)
        return hf_hs_fail(hs, HF_E_BAD_KEY_SHARE, "public", hs->group->name,
                          "%zu bytes in place of %u", m->public_key.n, hs->group->client_share_len);
    hs->peer_share = m->public_key;
    hf_trace_choice(hs->conn, "group", hs->hello.extensions.supported_groups,
                    hf_buf_bytes(&hs->cfg->groups_wire), hf_group_name, hs->group->name,
                    "the server chose it from this side's offer");
    return HF_OK;
}

/* The signature covers both randoms and the three fields: RFC 8422 section 5.4. */
hf_status hf_c12_judge_key_exchange(hf_handshake *hs, hf_reader *r)
{
    hf_server_key_exchange m;
    hf_bytes content;
    if (!hf_server_key_exchange_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    hf_status s = judge_group(hs, &m);
    if (s == HF_OK)
        s = hf_12_share_content(hs, m.params, &content);
    return s == HF_OK ? hf_12_take_signature(hs, m.algorithm, content, m.signature) : s;
}

hf_status hf_c12_judge_request(hf_handshake *hs, hf_reader *r)
{
    hf_certificate_request12 m;
    if (!hf_certificate_request12_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    hs->peer_authorities = m.certificate_authorities;
    /* Two lists say what the server takes: the kinds of key, and the schemes; RFC 5246 section
     * 7.4.4. EdDSA goes with ecdsa_sign: RFC 8422 section 5.5. */
    enum { RSA_SIGN = 1, ECDSA_SIGN = 64 };
    bool rsa = memchr(m.certificate_types.p, RSA_SIGN, m.certificate_types.n) != NULL;
    bool ecdsa = memchr(m.certificate_types.p, ECDSA_SIGN, m.certificate_types.n) != NULL;
    return hf_12_filter_schemes(hs, m.signature_algorithms, ecdsa, rsa, &hs->peer_schemes);
}

hf_status hf_c12_judge_done(hf_handshake *hs, hf_reader *r)
{
    return hf_empty_message_parse(r) ? HF_OK : hf_reader_status(r, &hs->error);
}

/* ---- ClientKeyExchange ---- */

static void run_respond(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    job->status = hf_keypairs_respond(hs->cfg->keypairs, hs->group, &hs->cfg->provider,
                                      hs->peer_share.p, hs->own_share, hs->shared_secret);
    if (job->status != HF_OK)
        hf_hs_fail(hs, job->status, "public", "a valid public value", "one that is not, of %s",
                   hs->group->name);
}

hf_status hf_c12_agree(hf_handshake *hs)
{
    if ((hs->facts & HF_F_REQUEST) == 0)
        hf_buf_free(
            &hs->transcript.pending); /* kept for a CertificateVerify that is not asked for */
    hs->own_share = hf_hs_alloc(hs, hs->group->server_share_len);
    if (hs->own_share == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_hs_job(hs, HF_JOB_KEY_RESPOND, hs->group->name, run_respond);
    return HF_OK;
}

hf_status hf_c12_build_key_exchange(hf_handshake *hs, hf_writer *w)
{
    hf_client_key_exchange m = {{hs->own_share, hs->group->server_share_len}};
    hf_client_key_exchange_build(w, &m);
    return HF_OK;
}
