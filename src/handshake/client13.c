/* client13.c: what a TLS 1.3 client judges: the server's hellos, its extensions, its request. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/error.h"

/* ---- ServerHello and HelloRetryRequest ---- */

static hf_status judge_version(hf_handshake *hs, const hf_server_hello *m)
{
    if (!hf_ext_has(&m->extensions, HF_X_SUPPORTED_VERSIONS)) {
        const char *name = hf_version_name(m->legacy_version);
        return hf_hs_fail(hs, HF_E_VERSION_UNSUPPORTED_ANSWER, "legacy_version", "TLS 1.3",
                          "%s (0x%04x)", name != NULL ? name : "an unknown version",
                          m->legacy_version);
    }
    if (hs->cfg->max_version < HF_VERSION_TLS_1_3)
        return hf_hs_fail(hs, HF_E_UNSOLICITED_EXTENSION, "extension_type",
                          "only extensions that were offered", "supported_versions (43)");
    if (m->extensions.selected_version != HF_VERSION_TLS_1_3)
        return hf_hs_fail(hs, HF_E_VALUE, "selected_version", "TLS 1.3 (0x0304)", "0x%04x",
                          m->extensions.selected_version);
    if (m->legacy_version != HF_VERSION_TLS_1_2)
        return hf_hs_fail(hs, HF_E_VALUE, "legacy_version", "0x0303", "0x%04x", m->legacy_version);
    return HF_OK;
}

static const hf_suite_choice *offered_suite(const hf_handshake *hs, uint16_t id)
{
    for (size_t i = 0; i < hs->cfg->suite_count; i++)
        if (hs->cfg->suites[i].suite->id == id &&
            hs->cfg->suites[i].suite->version == HF_VERSION_TLS_1_3)
            return &hs->cfg->suites[i];
    return NULL;
}

static hf_status judge_suite(hf_handshake *hs, uint16_t id)
{
    hf_conn *c = hs->conn;
    const hf_suite_choice *choice = offered_suite(hs, id);
    if (choice == NULL) {
        const char *name = hf_suite_name(id);
        return hf_hs_fail(hs, HF_E_SUITE_NOT_OFFERED, "cipher_suite", "one of those offered",
                          "%s (0x%04x)", name != NULL ? name : "unknown", id);
    }
    if (c->suite != NULL && c->suite != choice)
        return hf_hs_fail(hs, HF_E_SUITE_CHANGED, "cipher_suite", c->suite->suite->name, "%s",
                          choice->suite->name);
    c->suite = choice;
    return HF_OK;
}

/* What ServerHello and HelloRetryRequest have in common. */
static hf_status judge_common(hf_handshake *hs, const hf_server_hello *m)
{
    hf_status s = judge_version(hs, m);
    if (s != HF_OK)
        return s;
    if (!hf_bytes_equal(m->legacy_session_id_echo, hs->hello.legacy_session_id))
        return hf_hs_fail(hs, HF_E_SESSION_ID_ECHO, "legacy_session_id_echo",
                          "the session id of the ClientHello", "%zu other bytes",
                          m->legacy_session_id_echo.n);
    if (m->legacy_compression_method != 0)
        return hf_hs_fail(hs, HF_E_BAD_COMPRESSION, "legacy_compression_method", "0", "%u",
                          m->legacy_compression_method);
    s = judge_suite(hs, m->cipher_suite);
    if (s == HF_OK)
        s = hf_hs_judge_extension_set(hs, &m->extensions);
    if (s == HF_OK)
        hf_transcript_start(&hs->transcript, hs->conn->suite->hash);
    return s;
}

static const hf_group *configured_group(const hf_handshake *hs, uint16_t id)
{
    for (size_t i = 0; i < hs->cfg->group_count; i++)
        if (hs->cfg->groups[i]->id == id)
            return hs->cfg->groups[i];
    return NULL;
}

static const hf_share *share_of(const hf_handshake *hs, uint16_t id)
{
    for (size_t i = 0; i < hs->share_count; i++)
        if (hs->shares[i].group->id == id)
            return &hs->shares[i];
    return NULL;
}

static hf_status fail_group(hf_handshake *hs, hf_status code, const char *field,
                            const char *expected, uint16_t id)
{
    const char *name = hf_group_name(id);
    return hf_hs_fail(hs, code, field, expected, "%s (0x%04x)", name != NULL ? name : "unknown",
                      id);
}

static hf_status judge_retry_group(hf_handshake *hs, uint16_t id)
{
    hs->retry_group = configured_group(hs, id);
    if (hs->retry_group == NULL)
        return fail_group(hs, HF_E_GROUP_NOT_OFFERED, "selected_group", "one of those offered", id);
    if (share_of(hs, id) != NULL)
        return fail_group(hs, HF_E_NEEDLESS_RETRY, "selected_group",
                          "a group whose share was not in the ClientHello", id);
    return HF_OK;
}

/* It comes back in a hello whose extensions have 65,535 bytes together, a ticket among them. */
#define COOKIE_MAX 16384U

hf_status hf_c13_judge_retry(hf_handshake *hs, hf_reader *r)
{
    hf_server_hello m;
    if (!hf_server_hello_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    hf_status s = judge_common(hs, &m);
    if (s != HF_OK)
        return s;
    if (hf_ext_has(&m.extensions, HF_X_COOKIE))
        hs->cookie = m.extensions.cookie;
    if (hs->cookie.n > COOKIE_MAX)
        s = hf_hs_fail(hs, HF_E_MESSAGE_TOO_LONG, "cookie", "at most 16384 bytes", "%zu",
                       hs->cookie.n);
    else if (hf_ext_has(&m.extensions, HF_X_KEY_SHARE))
        s = judge_retry_group(hs, m.extensions.share_group);
    else if (hs->cookie.n == 0)
        s = hf_hs_fail(hs, HF_E_HELLO_RETRY_EMPTY, "extensions", "key_share or cookie", "neither");
    if (s != HF_OK)
        return s;
    hf_transcript_retry(&hs->transcript);
    hs->conn->hello_retry = true;
    return HF_OK;
}

static hf_status judge_share(hf_handshake *hs, const hf_extensions *x)
{
    if (!hf_ext_has(x, HF_X_KEY_SHARE) && (hs->facts & HF_F_PSK) != 0 && hs->cfg->insecure_psk_ke)
        return HF_OK; /* psk_ke */
    if (!hf_ext_has(x, HF_X_KEY_SHARE))
        return hf_hs_fail(hs, HF_E_MISSING_EXTENSION, "extensions", "key_share", NULL);
    const hf_share *share = share_of(hs, x->share_group);
    if (share == NULL)
        return fail_group(hs, HF_E_GROUP_NOT_OFFERED, "group",
                          "a group whose share was in the ClientHello", x->share_group);
    if (x->server_share.n != share->group->server_share_len)
        return hf_hs_fail(hs, HF_E_BAD_KEY_SHARE, "key_exchange", share->group->name,
                          "%zu bytes in place of %u", x->server_share.n,
                          share->group->server_share_len);
    hs->group = hs->conn->group = share->group;
    hs->peer_share = x->server_share;
    return HF_OK;
}

static void trace_choices(hf_handshake *hs)
{
    const hf_conn *c = hs->conn;
    hf_own_list versions, suites;
    hf_trace_choice(c, "version", hs->hello.extensions.supported_versions,
                    hf_own_versions(hs->cfg, &versions), hf_version_name, "TLS 1.3",
                    "the server chose it from this side's offer");
    hf_trace_choice(c, "cipher suite", hs->hello.cipher_suites, hf_own_suites(hs->cfg, &suites),
                    hf_suite_name, c->suite->suite->name,
                    "the server chose it from this side's offer");
    if (hs->group == NULL) {
        hf_trace_choice_text(c, "group", NULL, NULL, "none",
                             "the server goes without a key agreement (psk_ke)");
        return;
    }
    hf_trace_choice(c, "group", hs->hello.extensions.supported_groups,
                    hf_buf_bytes(&hs->cfg->groups_wire), hf_group_name, hs->group->name,
                    c->hello_retry ? "the server asked for it by HelloRetryRequest"
                                   : "the server chose it among the key shares sent");
}

/* TLS 1.2 where this side offered it. After HelloRetryRequest there is no way back. */
static bool speaks_12(const hf_handshake *hs, const hf_server_hello *m)
{
    return hs->cfg->min_version <= HF_VERSION_TLS_1_2 && (hs->facts & HF_F_RETRY) == 0 &&
           m->legacy_version == HF_VERSION_TLS_1_2 &&
           !hf_ext_has(&m->extensions, HF_X_SUPPORTED_VERSIONS);
}

hf_status hf_c13_judge_hello(hf_handshake *hs, hf_reader *r)
{
    hf_server_hello m;
    if (!hf_server_hello_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    if (speaks_12(hs, &m))
        return hf_c12_judge_hello(hs, &m);
    hf_status s = judge_common(hs, &m);
    if (s != HF_OK)
        return s;
    s = hf_c13_judge_psk(hs, &m.extensions);
    if (s == HF_OK)
        s = judge_share(hs, &m.extensions);
    if (s != HF_OK)
        return s;
    memcpy(hs->server_random, m.random.p, HF_RANDOM_LEN);
    hs->conn->version = HF_VERSION_TLS_1_3;
    trace_choices(hs);
    return HF_OK;
}

static void run_finish(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    const hf_share *share = share_of(hs, hs->group->id);
    job->status = hs->group->finish(share->private_key, hs->peer_share.p, hs->shared_secret);
    if (job->status != HF_OK)
        hf_hs_fail(hs, job->status, "key_exchange", "a valid public value",
                   "one that is not, of %s", hs->group->name);
}

hf_status hf_c13_agree(hf_handshake *hs)
{
    if (hs->group == NULL) /* psk_ke */
        return HF_OK;
    hf_hs_job(hs, HF_JOB_KEY_FINISH, hs->group->name, run_finish);
    return HF_OK;
}

/* ---- EncryptedExtensions ---- */

hf_status hf_hs_judge_offered(hf_handshake *hs, const hf_extensions *x)
{
    for (int i = 0; i < HF_X_COUNT; i++) {
        hf_ext which = (hf_ext)i;
        if (hf_ext_has(x, which) && !hf_ext_has(&hs->hello.extensions, which))
            return hf_hs_fail(hs, HF_E_UNSOLICITED_EXTENSION, "extension_type",
                              "only extensions that were offered", "%s (%u)",
                              hf_extension_name(hf_ext_type(which)), hf_ext_type(which));
    }
    return HF_OK;
}

hf_status hf_hs_judge_alpn(hf_handshake *hs, hf_bytes answer)
{
    hf_bytes name, rest = answer, offered = hf_buf_bytes(&hs->cfg->alpn), offer;
    if (!hf_item8_next(&rest, &name) || rest.n != 0)
        return hf_hs_fail(hs, HF_E_ALPN_ANSWER, "protocol_name_list", "exactly one name",
                          "%zu bytes", answer.n);
    while (hf_item8_next(&offered, &offer))
        if (hf_bytes_equal(offer, name))
            return hf_hs_keep_alpn(hs, name);
    return hf_hs_fail(hs, HF_E_ALPN_ANSWER, "protocol_name", "one of those offered",
                      "a name of %zu bytes that was not", name.n);
}

static hf_status judge_record_size_limit(hf_handshake *hs, uint16_t limit)
{
    if (limit < 64 || limit > HF_RECORD_PLAINTEXT + 1)
        return hf_hs_fail(hs, HF_E_RECORD_SIZE_LIMIT, "record_size_limit", "64 to 16385", "%u",
                          limit);
    hs->conn->channel.write_limit = (uint16_t)(limit - 1);
    hs->conn->channel.read_limit = (uint16_t)(hs->cfg->record_size_limit - 1);
    return HF_OK;
}

hf_status hf_c13_judge_extensions(hf_handshake *hs, hf_reader *r)
{
    hf_encrypted_extensions m;
    if (!hf_encrypted_extensions_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    const hf_extensions *x = &m.extensions;
    hf_status s = hf_hs_judge_extension_set(hs, x);
    if (s == HF_OK)
        s = hf_hs_judge_offered(hs, x);
    if (s == HF_OK && hf_ext_has(x, HF_X_RECORD_SIZE_LIMIT))
        s = judge_record_size_limit(hs, x->record_size_limit);
    if (s == HF_OK && hf_ext_has(x, HF_X_ALPN))
        s = hf_hs_judge_alpn(hs, x->alpn);
    if (s == HF_OK)
        s = hf_hs_judge_cert_types(hs, x);
    return s == HF_OK ? hf_c13_judge_early(hs, x) : s;
}

/* ---- CertificateRequest ---- */

hf_status hf_c13_judge_request(hf_handshake *hs, hf_reader *r)
{
    hf_certificate_request m;
    if (!hf_certificate_request_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    if (m.extensions.has_forbidden)
        return hf_hs_judge_extension_set(hs, &m.extensions);
    if (m.context.n != 0)
        return hf_hs_fail(hs, HF_E_REQUEST_CONTEXT, "certificate_request_context",
                          "nothing during the handshake", "%zu bytes", m.context.n);
    if (!hf_ext_has(&m.extensions, HF_X_SIGNATURE_ALGORITHMS))
        return hf_hs_fail(hs, HF_E_MISSING_EXTENSION, "extensions", "signature_algorithms", NULL);
    hs->peer_schemes = m.extensions.signature_algorithms;
    hf_hs_keep_wishes(hs, &m.extensions);
    return HF_OK;
}

/* A client without a fitting certificate says so by an empty one; the server decides. */
hf_status hf_c13_after_request(hf_handshake *hs)
{
    if (!hf_conn_is_client(hs->conn))
        return HF_OK;
    hf_status s = hf_hs_judge_own_type(hs);
    if (s != HF_OK)
        return s;
    hf_hs_choose_identity(hs, NULL, hs->peer_schemes);
    return HF_OK;
}
