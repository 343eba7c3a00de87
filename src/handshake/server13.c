/* server13.c: what a TLS 1.3 server answers. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "crypto/keypairs.h"

static void start_hello(const hf_handshake *hs, hf_server_hello *m, const uint8_t *random)
{
    *m = (hf_server_hello){
        .legacy_version = HF_VERSION_TLS_1_2,
        .random = hf_bytes_of(random, HF_RANDOM_LEN),
        .legacy_session_id_echo = hf_bytes_of(hs->session_id, hs->session_id_len),
        .cipher_suite = hs->conn->suite->suite->id,
        .has_extensions = true,
        .extensions = {.present = HF_X_BIT(HF_X_SUPPORTED_VERSIONS),
                       .selected_version = HF_VERSION_TLS_1_3},
    };
}

/* ---- HelloRetryRequest ---- */

#define COOKIE_LEN 32U

static hf_status make_cookie(hf_handshake *hs)
{
    uint8_t *p = hf_hs_alloc(hs, COOKIE_LEN);
    if (p == NULL)
        return HF_E_OUT_OF_MEMORY;
    hs->cookie = (hf_bytes){p, COOKIE_LEN};
    return hf_hs_random(hs, p, COOKIE_LEN);
}

void hf_s13_write_retry(const hf_handshake *hs, hf_writer *w)
{
    hf_server_hello m;
    start_hello(hs, &m, hf_hello_retry_random);
    m.is_retry = true;
    m.extensions.present |= HF_X_BIT(HF_X_KEY_SHARE);
    m.extensions.share_group = hs->retry_group->id;
    if (hs->cookie.n != 0) {
        m.extensions.present |= HF_X_BIT(HF_X_COOKIE);
        m.extensions.cookie = hs->cookie;
    }
    hf_server_hello_build(w, &m);
}

hf_status hf_s13_build_retry(hf_handshake *hs, hf_writer *w)
{
    hf_status s = HF_OK;
    if (hs->retry_group == NULL)
        return HF_SKIP;
    hs->forget = hs->cfg->stateless_retry_s != 0;
    if (hs->forget)
        s = hf_s13_make_stateless_cookie(hs);
    else if (hs->cfg->retry_cookie)
        s = make_cookie(hs);
    if (s != HF_OK)
        return s;
    hf_s13_write_retry(hs, w);
    hf_transcript_retry(&hs->transcript);
    hs->conn->hello_retry = true;
    return HF_OK;
}

/* ---- key agreement and ServerHello ---- */

static void run_respond(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    job->status = hf_keypairs_respond(hs->cfg->keypairs, hs->group, &hs->cfg->provider,
                                      hs->peer_share.p, hs->own_share, hs->shared_secret);
    if (job->status != HF_OK)
        hf_hs_fail(hs, job->status, "key_exchange", "a valid public value",
                   "one that is not, of %s", hs->group->name);
}

hf_status hf_s13_agree(hf_handshake *hs)
{
    if (hs->group == NULL) /* psk_ke */
        return HF_OK;
    hs->own_share = hf_hs_alloc(hs, hs->group->server_share_len);
    if (hs->own_share == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_hs_job(hs, HF_JOB_KEY_RESPOND, hs->group->name, run_respond);
    return HF_OK;
}

hf_status hf_s13_build_hello(hf_handshake *hs, hf_writer *w)
{
    hf_server_hello m;
    hf_status s = hf_hs_random(hs, hs->server_random, sizeof(hs->server_random));
    if (s != HF_OK)
        return s;
    start_hello(hs, &m, hs->server_random);
    if (hs->group != NULL) {
        m.extensions.present |= HF_X_BIT(HF_X_KEY_SHARE);
        m.extensions.share_group = hs->group->id;
        m.extensions.server_share = hf_bytes_of(hs->own_share, hs->group->server_share_len);
    }
    if ((hs->facts & HF_F_PSK) != 0) {
        m.extensions.present |= HF_X_BIT(HF_X_PRE_SHARED_KEY);
        m.extensions.selected_identity = hs->psk_index;
    }
    hf_server_hello_build(w, &m);
    return HF_OK;
}

hf_status hf_s13_after_hello(hf_handshake *hs)
{
    return hf_conn_is_client(hs->conn) ? HF_OK : hf_hs_send_ccs(hs);
}

/* ---- EncryptedExtensions and CertificateRequest ---- */

/* RFC 8449 section 4: an offer is answered, so that the client's limit holds too. The limits count
 * the content type. */
static void answer_record_size_limit(hf_handshake *hs, hf_extensions *x)
{
    const hf_extensions *offer = &hs->hello.extensions;
    if (!hf_ext_has(offer, HF_X_RECORD_SIZE_LIMIT))
        return;
    uint16_t own = hs->cfg->record_size_limit;
    if (own == 0)
        own = HF_RECORD_PLAINTEXT + 1;
    x->present |= HF_X_BIT(HF_X_RECORD_SIZE_LIMIT);
    x->record_size_limit = own;
    hs->conn->channel.read_limit = (uint16_t)(own - 1);
    if (offer->record_size_limit <= HF_RECORD_PLAINTEXT)
        hs->conn->channel.write_limit = (uint16_t)(offer->record_size_limit - 1);
}

hf_status hf_s13_build_extensions(hf_handshake *hs, hf_writer *w)
{
    hf_encrypted_extensions m = {0};
    hf_extensions *x = &m.extensions;
    answer_record_size_limit(hs, x);
    if (hs->conn->host != NULL && !hs->conn->resumed) /* RFC 6066 section 3 */
        x->present |= HF_X_BIT(HF_X_SERVER_NAME);
    if (hs->conn->alpn != NULL) {
        x->present |= HF_X_BIT(HF_X_ALPN);
        x->alpn = hf_bytes_of(hs->conn->alpn, 1U + hs->conn->alpn[0]);
    }
    hf_s_answer_cert_types(hs, x);
    if ((hs->facts & HF_F_EARLY) != 0)
        x->present |= HF_X_BIT(HF_X_EARLY_DATA);
    hf_encrypted_extensions_build(w, &m);
    return HF_OK;
}

hf_status hf_s13_build_request(hf_handshake *hs, hf_writer *w)
{
    hf_certificate_request m = {0};
    if (hs->cfg->client_auth == HF_CLIENT_AUTH_NONE)
        return HF_SKIP;
    m.extensions.present = HF_X_BIT(HF_X_SIGNATURE_ALGORITHMS);
    m.extensions.signature_algorithms = hf_buf_bytes(&hs->cfg->sigschemes_wire);
    hf_hs_offer_about_certificates(hs, &m.extensions);
    hf_certificate_request_build(w, &m);
    return HF_OK;
}
