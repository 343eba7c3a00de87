/* server12.c: what a TLS 1.2 server chooses and answers. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "crypto/key.h"
#include "crypto/keypairs.h"
#include "wire/messages12.h"
#include "x509/identity.h"

/* ---- choosing ---- */

static bool is_common(const hf_handshake *hs, const hf_suite *suite)
{
    return suite->version == HF_VERSION_TLS_1_2 && suite->auth != HF_AUTH_RSA_TRANSPORT &&
           hf_u16s_have(hs->hello.cipher_suites, suite->id);
}

static hf_suite_auth auth_of(hf_key_type key)
{
    return key == HF_KEY_RSA || key == HF_KEY_RSA_PSS ? HF_AUTH_RSA : HF_AUTH_ECDSA;
}

static hf_status fail_suites(hf_handshake *hs)
{
    char offered[HF_ERROR_TEXT];
    return hf_hs_fail(
        hs, HF_E_NO_COMMON_SUITE, "cipher_suites",
        "a suite of TLS 1.2 with ECDHE, an AEAD, and one of this server's kinds of key", "%s",
        hf_names_text(hs->hello.cipher_suites, hf_suite_name, offered, sizeof(offered)));
}

/* The client's schemes whose kind of key has a common suite: the certificate is chosen by them. */
static hf_status usable_schemes(hf_handshake *hs, hf_bytes *out)
{
    hf_bytes offered = hs->hello.extensions.signature_algorithms;
    bool usable[HF_AUTH_RSA + 1] = {false};
    for (size_t i = 0; i < hs->cfg->suite_count; i++)
        if (is_common(hs, hs->cfg->suites[i].suite))
            usable[hs->cfg->suites[i].suite->auth] = true;
    if (!usable[HF_AUTH_ECDSA] && !usable[HF_AUTH_RSA])
        return fail_suites(hs);
    return hf_12_filter_schemes(hs, offered, usable[HF_AUTH_ECDSA], usable[HF_AUTH_RSA], out);
}

static hf_status choose_suite(hf_handshake *hs)
{
    hf_suite_auth auth = auth_of(hf_key_type_of(hf_identity_key(hs->identity)));
    for (size_t i = 0; i < hs->cfg->suite_count; i++) {
        const hf_suite_choice *choice = &hs->cfg->suites[i];
        if (!is_common(hs, choice->suite) || choice->suite->auth != auth)
            continue;
        hs->conn->suite = choice;
        hf_own_list suites;
        hf_trace_choice(hs->conn, "cipher suite", hs->hello.cipher_suites,
                        hf_own_suites(hs->cfg, &suites), hf_suite_name, choice->suite->name,
                        "the first of this server's that the client offers and the key fits");
        return HF_OK;
    }
    return fail_suites(hs);
}

static hf_status choose_group(hf_handshake *hs)
{
    hf_bytes offered = hs->hello.extensions.supported_groups,
             own = hf_buf_bytes(&hs->cfg->groups_wire);
    for (size_t i = 0; i < hs->cfg->group_count; i++) {
        const hf_group *group = hs->cfg->groups[i];
        if (!hf_group_is_12(group) || !hf_u16s_have(offered, group->id))
            continue;
        hs->group = hs->conn->group = group;
        hf_trace_choice(hs->conn, "group", offered, own, hf_group_name, group->name,
                        "the first of this server's that the client offers and TLS 1.2 has");
        return HF_OK;
    }
    char theirs[HF_ERROR_TEXT];
    return hf_hs_fail(hs, HF_E_NO_COMMON_GROUP, "supported_groups", "a curve that this server has",
                      "%s", hf_names_text(offered, hf_group_name, theirs, sizeof(theirs)));
}

static hf_status judge_secret(hf_handshake *hs)
{
    hs->extended_master_secret = hf_ext_has(&hs->hello.extensions, HF_X_EXTENDED_MASTER_SECRET);
    if (hs->extended_master_secret || hs->cfg->insecure_no_extended_master_secret)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_NO_EXTENDED_MASTER_SECRET, "extensions", "extended_master_secret",
                      "none");
}

static hf_status choose_ecdhe(hf_handshake *hs)
{
    hf_bytes schemes;
    hf_status s = usable_schemes(hs, &schemes);
    if (s == HF_OK)
        s = hf_hs_choose_identity(hs, hs->conn->host, schemes);
    if (s == HF_OK)
        s = choose_suite(hs);
    return s == HF_OK ? choose_group(hs) : s;
}

/* Forward secrecy wherever it can be had. */
static hf_status choose_exchange(hf_handshake *hs)
{
    hf_status s = choose_ecdhe(hs);
    bool lacks =
        s == HF_E_NO_COMMON_SUITE || s == HF_E_NO_COMMON_SIGNATURE || s == HF_E_NO_COMMON_GROUP;
    return lacks && hs->cfg->insecure_rsa_key_transport ? hf_s12_choose_transport(hs) : s;
}

hf_status hf_s12_choose(hf_handshake *hs)
{
    hf_own_list versions;
    hf_trace_choice(hs->conn, "version", hs->hello.extensions.supported_versions,
                    hf_own_versions(hs->cfg, &versions), hf_version_name, "TLS 1.2",
                    "the newest that both sides have");
    hf_status s = judge_secret(hs);
    if (s == HF_OK)
        s = hf_s_choose_client_type(hs);
    if (s == HF_OK)
        s = choose_exchange(hs);
    if (s == HF_OK)
        s = hf_hs_choose_alpn(hs);
    if (s != HF_OK)
        hs->error.message = "ClientHello";
    return s;
}

/* ---- ServerHello ---- */

/* RFC 8449 section 4: here the limits count the content alone, and hold for what is protected. A
 * client that also has TLS 1.3 may name one more than TLS 1.2 has. */
static void answer_record_size_limit(hf_handshake *hs, hf_extensions *x)
{
    const hf_extensions *offer = &hs->hello.extensions;
    uint16_t own = hs->cfg->record_size_limit;
    if (!hf_ext_has(offer, HF_X_RECORD_SIZE_LIMIT))
        return;
    if (own == 0 || own > HF_RECORD_PLAINTEXT)
        own = HF_RECORD_PLAINTEXT;
    x->present |= HF_X_BIT(HF_X_RECORD_SIZE_LIMIT);
    x->record_size_limit = own;
    hs->conn->channel.read_limit = own;
    if (offer->record_size_limit < HF_RECORD_PLAINTEXT)
        hs->conn->channel.write_limit = offer->record_size_limit;
}

static void answer_extensions(hf_handshake *hs, hf_extensions *x)
{
    static const uint8_t uncompressed = 0;
    const hf_extensions *offer = &hs->hello.extensions;
    if (hs->secure_renegotiation)
        x->present |= HF_X_BIT(HF_X_RENEGOTIATION_INFO);
    if (hs->extended_master_secret)
        x->present |= HF_X_BIT(HF_X_EXTENDED_MASTER_SECRET);
    if (hf_ext_has(offer, HF_X_EC_POINT_FORMATS)) {
        x->present |= HF_X_BIT(HF_X_EC_POINT_FORMATS);
        x->ec_point_formats = (hf_bytes){&uncompressed, 1};
    }
    answer_record_size_limit(hs, x);
    if (hs->conn->host != NULL && !hs->conn->resumed) /* RFC 6066 section 3 */
        x->present |= HF_X_BIT(HF_X_SERVER_NAME);
    if (hs->conn->alpn != NULL) {
        x->present |= HF_X_BIT(HF_X_ALPN);
        x->alpn = hf_bytes_of(hs->conn->alpn, 1U + hs->conn->alpn[0]);
    }
    hf_s_answer_cert_types(hs, x);
    if ((hs->facts & HF_F_RESUMED) != 0)
        return; /* no certificate is shown */
    hf_hs_staple(hs,
                 x); /* here the OCSP response is only promised: it comes in CertificateStatus */
    if (hf_ext_has(x, HF_X_STATUS_REQUEST))
        hs->facts |= HF_F_STATUS;
}

/* A server that could have spoken TLS 1.3 says so at the end of its random: RFC 9846 section
 * 4.2.3. */
static void mark_downgrade(hf_handshake *hs)
{
    if (hs->cfg->max_version >= HF_VERSION_TLS_1_3)
        memcpy(hs->server_random + HF_RANDOM_LEN - 8, "DOWNGRD\x01", 8);
}

hf_status hf_s12_build_hello(hf_handshake *hs, hf_writer *w)
{
    hf_status s = hf_hs_random(hs, hs->server_random, HF_RANDOM_LEN);
    if (s != HF_OK)
        return s;
    mark_downgrade(hs);
    hf_server_hello m = {
        .legacy_version = HF_VERSION_TLS_1_2,
        .random = hf_bytes_of(hs->server_random, HF_RANDOM_LEN),
        .cipher_suite = hs->conn->suite->suite->id,
    };
    answer_extensions(hs, &m.extensions);
    s = hf_s12_answer_session(hs, &m.extensions);
    if (s != HF_OK)
        return s;
    m.legacy_session_id_echo = hf_bytes_of(hs->session_id, hs->session_id_len);
    m.has_extensions = m.extensions.present != 0;
    hf_server_hello_build(w, &m);
    return HF_OK;
}

hf_status hf_s12_build_status(hf_handshake *hs, hf_writer *w)
{
    hf_certificate_status_build(w, &(hf_certificate_status){1, hf_identity_ocsp(hs->identity)});
    return HF_OK;
}

/* ---- ServerKeyExchange ---- */

static void run_generate(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    job->status = hf_keypairs_generate(hs->cfg->keypairs, hs->group, &hs->cfg->provider,
                                       hs->shares[0].private_key, hs->own_share);
    if (job->status != HF_OK)
        hf_hs_fail(hs, job->status, NULL, "a key pair", "a failure making one for %s",
                   hs->group->name);
}

hf_status hf_s12_make_share(hf_handshake *hs)
{
    hs->shares[0].private_key = hf_hs_alloc(hs, hs->group->private_len);
    hs->own_share = hf_hs_alloc(hs, hs->group->client_share_len);
    if (hs->shares[0].private_key == NULL || hs->own_share == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_hs_job(hs, HF_JOB_KEY_GENERATE, hs->group->name, run_generate);
    return HF_OK;
}

static hf_server_key_exchange key_exchange(const hf_handshake *hs)
{
    return (hf_server_key_exchange){.curve_type = 3,
                                    .named_curve = hs->group->id,
                                    .public_key = {hs->own_share, hs->group->client_share_len}};
}

hf_status hf_12_share_content(hf_handshake *hs, hf_bytes params, hf_bytes *out)
{
    uint8_t *p = hf_hs_alloc(hs, 2U * HF_RANDOM_LEN + params.n);
    if (p == NULL)
        return HF_E_OUT_OF_MEMORY;
    memcpy(p, hs->client_random, HF_RANDOM_LEN);
    memcpy(p + HF_RANDOM_LEN, hs->server_random, HF_RANDOM_LEN);
    hf_copy(p + 2 * HF_RANDOM_LEN, params.p, params.n);
    *out = (hf_bytes){p, 2U * HF_RANDOM_LEN + params.n};
    return HF_OK;
}

hf_status hf_s12_sign_share(hf_handshake *hs)
{
    uint8_t params[4 + 255];
    hf_writer w;
    hf_server_key_exchange m = key_exchange(hs);
    hf_writer_init(&w, params, sizeof(params));
    hf_server_ecdh_params_build(&w, &m);
    hf_status s = hf_12_share_content(hs, hf_writer_bytes(&w), &hs->signed_content);
    return s == HF_OK ? hf_hs_start_sign(hs) : s;
}

hf_status hf_s12_build_key_exchange(hf_handshake *hs, hf_writer *w)
{
    hf_server_key_exchange m = key_exchange(hs);
    m.algorithm = hs->scheme->id;
    m.signature = (hf_bytes){hs->signature, hs->signature_len};
    hf_server_key_exchange_build(w, &m);
    return HF_OK;
}

/* ---- CertificateRequest and ServerHelloDone ---- */

hf_status hf_s12_build_request(hf_handshake *hs, hf_writer *w)
{
    static const uint8_t types[] = {1, 64}; /* rsa_sign, ecdsa_sign; RFC 8422 section 5.5 */
    if (hs->cfg->client_auth == HF_CLIENT_AUTH_NONE)
        return HF_SKIP;
    hf_certificate_request12 m = {
        .certificate_types = {types, sizeof(types)},
        .signature_algorithms = hf_buf_bytes(&hs->cfg->sigschemes_wire),
        .certificate_authorities = hf_buf_bytes(&hs->cfg->authorities_wire),
    };
    hf_certificate_request12_build(w, &m);
    return HF_OK;
}

hf_status hf_s12_build_done(hf_handshake *hs, hf_writer *w)
{
    (void)hs;
    (void)w;
    return HF_OK;
}

/* ---- ClientKeyExchange ---- */

hf_status hf_s12_judge_key_exchange(hf_handshake *hs, hf_reader *r)
{
    hf_client_key_exchange m;
    if (!hf_client_key_exchange_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    if (m.public_key.n != hs->group->server_share_len)
        return hf_hs_fail(hs, HF_E_BAD_KEY_SHARE, "ecdh_Yc", hs->group->name,
                          "%zu bytes in place of %u", m.public_key.n, hs->group->server_share_len);
    hs->peer_share = m.public_key;
    return HF_OK;
}

static void run_finish(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    job->status = hs->group->finish(hs->shares[0].private_key, hs->peer_share.p, hs->shared_secret);
    if (job->status != HF_OK)
        hf_hs_fail(hs, job->status, "ecdh_Yc", "a valid public value", "one that is not, of %s",
                   hs->group->name);
}

hf_status hf_s12_agree(hf_handshake *hs)
{
    hf_hs_job(hs, HF_JOB_KEY_FINISH, hs->group->name, run_finish);
    return HF_OK;
}
