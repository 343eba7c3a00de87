/* choose13.c: what a TLS 1.3 server reads in a ClientHello, and what it chooses from it. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"
#include "x509/host.h"

/* ---- judging the hello ---- */

static bool allowed(const hf_handshake *hs, uint16_t version)
{
    return version >= hs->cfg->min_version && version <= hs->cfg->max_version;
}

static const char *versions_text(const hf_handshake *hs)
{
    if (hs->cfg->min_version == hs->cfg->max_version)
        return hf_version_name(hs->cfg->min_version);
    return "TLS 1.3 or TLS 1.2";
}

/* The newest version that both sides have: RFC 9846 section 4.3.1, RFC 5246 section E.1. */
static hf_status choose_version(hf_handshake *hs, const hf_client_hello *m)
{
    char names[HF_ERROR_TEXT];
    hf_bytes versions = m->extensions.supported_versions;
    bool listed = hf_ext_has(&m->extensions, HF_X_SUPPORTED_VERSIONS);
    hs->conn->version = 0;
    if (listed && hf_u16s_have(versions, HF_VERSION_TLS_1_3) && allowed(hs, HF_VERSION_TLS_1_3))
        hs->conn->version = HF_VERSION_TLS_1_3;
    else if (allowed(hs, HF_VERSION_TLS_1_2) && (listed ? hf_u16s_have(versions, HF_VERSION_TLS_1_2)
                                                        : m->legacy_version >= HF_VERSION_TLS_1_2))
        hs->conn->version = HF_VERSION_TLS_1_2;
    if (hs->conn->version != 0)
        return HF_OK;
    if (listed)
        return hf_hs_fail(hs, HF_E_NO_COMMON_VERSION, "versions", versions_text(hs), "%s",
                          hf_names_text(versions, hf_version_name, names, sizeof(names)));
    const char *name = hf_version_name(m->legacy_version);
    return hf_hs_fail(hs, HF_E_NO_COMMON_VERSION, "legacy_version", versions_text(hs),
                      "%s (0x%04x) at most", name != NULL ? name : "an unknown version",
                      m->legacy_version);
}

/* A higher limit than this side knows is left be: RFC 8449 section 4. */
static hf_status judge_record_size_limit(hf_handshake *hs, const hf_extensions *x)
{
    if (!hf_ext_has(x, HF_X_RECORD_SIZE_LIMIT) || x->record_size_limit >= 64)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_RECORD_SIZE_LIMIT, "record_size_limit", "at least 64", "%u",
                      x->record_size_limit);
}

static hf_status judge_present(hf_handshake *hs, const hf_extensions *x)
{
    static const hf_ext needed[] = {HF_X_SIGNATURE_ALGORITHMS, HF_X_SUPPORTED_GROUPS,
                                    HF_X_KEY_SHARE};
    bool psk = hf_ext_has(x, HF_X_PRE_SHARED_KEY); /* needs none of them: judged when it is known */
    if (psk && hf_ext_has(x, HF_X_KEY_SHARE) != hf_ext_has(x, HF_X_SUPPORTED_GROUPS))
        return hf_hs_fail(hs, HF_E_MISSING_EXTENSION, "extensions",
                          "key_share and supported_groups, or neither", "one of them");
    for (size_t i = 0; !psk && i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!hf_ext_has(x, needed[i]))
            return hf_hs_fail(hs, HF_E_MISSING_EXTENSION, "extensions",
                              hf_extension_name(hf_ext_type(needed[i])), "none");
    if (hf_ext_has(x, HF_X_PRE_SHARED_KEY) && !hf_ext_has(x, HF_X_PSK_KEY_EXCHANGE_MODES))
        return hf_hs_fail(hs, HF_E_MISSING_EXTENSION, "extensions", "psk_key_exchange_modes",
                          "pre_shared_key without it");
    if (x->psk_not_last)
        return hf_hs_fail(hs, HF_E_PSK_NOT_LAST, "extensions", "pre_shared_key as the last",
                          "an extension after it");
    if (x->has_forbidden)
        return hf_hs_fail(hs, HF_E_FORBIDDEN_EXTENSION, "extension_type", NULL, "%s (%u)",
                          hf_extension_name(x->forbidden), x->forbidden);
    hf_status s = hf_hs_judge_type_lists(hs, x);
    return s == HF_OK ? judge_record_size_limit(hs, x) : s;
}

/* Shares follow the order of supported_groups, each group once: RFC 9846 section 4.3.8. Walking
 * both lists once bounds the cost. */
static hf_status judge_shares(hf_handshake *hs, const hf_extensions *x)
{
    hf_bytes rest = x->client_shares, share;
    uint16_t group;
    size_t at = 0, count = hf_u16s_count(x->supported_groups);
    while (hf_key_share_next(&rest, &group, &share)) {
        while (at < count && hf_u16s_at(x->supported_groups, at) != group)
            at++;
        if (at++ == count)
            return hf_hs_fail(hs, HF_E_KEY_SHARE_LIST, "client_shares",
                              "groups of supported_groups, in its order, each once", "0x%04x",
                              group);
    }
    return HF_OK;
}

static hf_status judge_13(hf_handshake *hs, const hf_client_hello *m)
{
    if (m->legacy_compression_methods.n != 1 || m->legacy_compression_methods.p[0] != 0)
        return hf_hs_fail(hs, HF_E_BAD_COMPRESSION, "legacy_compression_methods", "one byte, 0",
                          "%zu methods", m->legacy_compression_methods.n);
    hf_status s = judge_present(hs, &m->extensions);
    return s == HF_OK ? judge_shares(hs, &m->extensions) : s;
}

/* A client that came back with less than it can do, after something between refused its first
 * hello: RFC 7507. */
static hf_status judge_fallback(hf_handshake *hs, const hf_client_hello *m)
{
    if (!hf_u16s_have(m->cipher_suites, 0x5600) || hs->conn->version >= hs->cfg->max_version)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_FALLBACK, "cipher_suites", "an offer of TLS 1.3",
                      "TLS_FALLBACK_SCSV with an older version");
}

/* Other methods than null may be offered; they are not chosen, since compressing secrets along with
 * what an attacker says tells him about them (CRIME). */
static hf_status judge_12(hf_handshake *hs, const hf_client_hello *m)
{
    const hf_extensions *x = &m->extensions;
    hf_status s = judge_fallback(hs, m);
    if (s != HF_OK)
        return s;
    if (memchr(m->legacy_compression_methods.p, 0, m->legacy_compression_methods.n) == NULL)
        return hf_hs_fail(hs, HF_E_BAD_COMPRESSION, "compression_methods", "null among them",
                          "%zu others", m->legacy_compression_methods.n);
    if (hf_ext_has(x, HF_X_RENEGOTIATION_INFO) && x->renegotiated_connection.n != 0)
        return hf_hs_fail(hs, HF_E_RENEGOTIATION_INFO, "renegotiated_connection",
                          "nothing in a first handshake", "%zu bytes",
                          x->renegotiated_connection.n);
    hs->secure_renegotiation =
        hf_ext_has(x, HF_X_RENEGOTIATION_INFO) || hf_u16s_have(m->cipher_suites, 0x00ff);
    s = hf_12_judge_point_formats(hs, x);
    if (s == HF_OK)
        s = hf_hs_judge_type_lists(hs, x);
    return s == HF_OK ? judge_record_size_limit(hs, x) : s;
}

static hf_status judge(hf_handshake *hs, const hf_client_hello *m)
{
    hf_status s = choose_version(hs, m);
    if (s != HF_OK)
        return s;
    return hs->conn->version == HF_VERSION_TLS_1_3 ? judge_13(hs, m) : judge_12(hs, m);
}

/* A name that is none (an address, control characters) is taken for no name: nothing here can be
 * for it, and it must not reach a log. */
static hf_status keep_name(hf_handshake *hs, const hf_extensions *x)
{
    hf_conn *c = hs->conn;
    if (!hf_ext_has(x, HF_X_SERVER_NAME) || !hf_dns_valid(x->host_name, false))
        return HF_OK;
    c->host = hf_alloc(x->host_name.n + 1);
    if (c->host == NULL)
        return hf_hs_fail(hs, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    hf_copy(c->host, x->host_name.p, x->host_name.n);
    return HF_OK;
}

hf_status hf_s13_judge_hello(hf_handshake *hs, hf_reader *r)
{
    hf_client_hello m;
    if (!hf_client_hello_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    hf_status s = judge(hs, &m);
    if (s == HF_OK)
        s = keep_name(hs, &m.extensions);
    if (s != HF_OK)
        return s;
    hs->hello = m;
    hs->hello_message = (hf_bytes){r->p, r->n};
    memcpy(hs->client_random, m.random.p, HF_RANDOM_LEN);
    hs->session_id_len = (uint8_t)m.legacy_session_id.n;
    hf_copy(hs->session_id, m.legacy_session_id.p, m.legacy_session_id.n);
    hf_hs_keep_wishes(hs, &m.extensions);
    hs->conn->channel.skip_early = 0;
    if (hs->conn->version == HF_VERSION_TLS_1_2)
        hf_script_speak_12(hs, HF_MSG_CLIENT_HELLO);
    else if (hf_ext_has(&m.extensions, HF_X_EARLY_DATA)) {
        hs->conn->channel.skip_early = HF_EARLY_DATA_SKIPPED;
        hs->conn->early = HF_EARLY_REJECTED; /* unless it is taken */
    }
    return HF_OK;
}

/* ---- the second hello ---- */

/* What may differ between the two: RFC 9846 section 4.2.2. */
static bool may_change(uint16_t type)
{
    return type == HF_EXT_KEY_SHARE || type == HF_EXT_COOKIE || type == HF_EXT_EARLY_DATA ||
           type == HF_EXT_PRE_SHARED_KEY || type == HF_EXT_PADDING;
}

bool hf_13_next_fixed(hf_reader *r, uint16_t *type, hf_bytes *data)
{
    while (hf_reader_more(r)) {
        *type = hf_read_u16(r, "extension_type");
        *data = hf_read_vec16(r, "extension_data");
        if (!may_change(*type))
            return true;
    }
    return false;
}

void hf_13_at_extensions(hf_reader *r, hf_reader *extensions, hf_bytes message)
{
    hf_reader_init(r, message, NULL);
    hf_read_bytes(r, 4 + 2 + HF_RANDOM_LEN, "fixed");
    hf_read_vec8(r, "legacy_session_id");
    hf_read_vec16(r, "cipher_suites");
    hf_read_vec8(r, "legacy_compression_methods");
    hf_read_sub16(r, extensions, "extensions");
}

static hf_status judge_same(hf_handshake *hs, const hf_client_hello *m, hf_bytes message)
{
    const hf_client_hello *first = &hs->hello;
    const char *changed = NULL;
    if (m->legacy_version != first->legacy_version)
        changed = "legacy_version";
    if (!hf_bytes_equal(m->random, first->random))
        changed = "random";
    if (!hf_bytes_equal(m->legacy_session_id, first->legacy_session_id))
        changed = "legacy_session_id";
    if (!hf_bytes_equal(m->cipher_suites, first->cipher_suites))
        changed = "cipher_suites";
    hf_reader a, b, ax, bx;
    uint16_t at = 0, bt = 0;
    hf_bytes ad = {NULL, 0}, bd = {NULL, 0};
    hf_13_at_extensions(&a, &ax, hs->hello_message);
    hf_13_at_extensions(&b, &bx, message);
    bool more = true;
    while (changed == NULL && more) {
        more = hf_13_next_fixed(&ax, &at, &ad);
        if (more != hf_13_next_fixed(&bx, &bt, &bd) ||
            (more && (at != bt || !hf_bytes_equal(ad, bd))))
            changed = "extensions";
    }
    if (changed == NULL && hf_ext_has(&m->extensions, HF_X_EARLY_DATA))
        changed = "early_data";
    if (changed == NULL)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_HELLO_CHANGED, changed, "the same as in the first ClientHello",
                      "something else");
}

static hf_status judge_cookie(hf_handshake *hs, const hf_extensions *x)
{
    bool same = hs->cookie.n == x->cookie.n && hf_ct_equal(hs->cookie.p, x->cookie.p, x->cookie.n);
    if (same)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_COOKIE_INVALID, "cookie", "the cookie of the HelloRetryRequest",
                      "%zu bytes that differ from it", x->cookie.n);
}

hf_status hf_s13_judge_second_hello(hf_handshake *hs, hf_reader *r)
{
    hf_client_hello m;
    if (!hf_client_hello_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    hf_status s = judge(hs, &m);
    if (s == HF_OK)
        s = judge_same(hs, &m, (hf_bytes){r->p, r->n});
    if (s == HF_OK)
        s = judge_cookie(hs, &m.extensions);
    if (s != HF_OK)
        return s;
    hf_s13_note_binders(hs, &m.extensions, (hf_bytes){r->p, r->n});
    hs->hello = m;
    hs->conn->channel.skip_early = 0; /* none comes behind this one: section 4.3.10 */
    return HF_OK;
}

/* ---- choosing ---- */

static hf_status choose_suite(hf_handshake *hs)
{
    const hf_config *cfg = hs->cfg;
    char offered[HF_ERROR_TEXT], supported[HF_ERROR_TEXT];
    uint8_t own[2 * HF_MAX_SUITES];
    hf_writer w;
    hf_writer_init(&w, own, sizeof(own));
    for (size_t i = 0; i < cfg->suite_count; i++)
        if (cfg->suites[i].suite->version == HF_VERSION_TLS_1_3)
            hf_write_u16(&w, cfg->suites[i].suite->id);
    for (size_t i = 0; i < cfg->suite_count; i++) {
        if (cfg->suites[i].suite->version != HF_VERSION_TLS_1_3 ||
            !hf_s13_suite_fits_psk(hs, cfg->suites[i].hash) ||
            !hf_u16s_have(hs->hello.cipher_suites, cfg->suites[i].suite->id))
            continue;
        hs->conn->suite = &cfg->suites[i];
        hf_trace_choice(hs->conn, "cipher suite", hs->hello.cipher_suites, hf_writer_bytes(&w),
                        hf_suite_name, cfg->suites[i].suite->name,
                        hs->psk_candidate == NULL
                            ? "the first of this server's that the client offers"
                            : "the first of this server's that the client offers and the "
                              "pre-shared key has the hash for");
        return HF_OK;
    }
    return hf_hs_fail(
        hs, HF_E_NO_COMMON_SUITE, "cipher_suites",
        hf_names_text(hf_writer_bytes(&w), hf_suite_name, supported, sizeof(supported)), "%s",
        hf_names_text(hs->hello.cipher_suites, hf_suite_name, offered, sizeof(offered)));
}

/* The client's share for a group; .p NULL when it sent none. */
static hf_bytes find_share(const hf_handshake *hs, uint16_t id)
{
    hf_bytes rest = hs->hello.extensions.client_shares, share;
    uint16_t group;
    while (hf_key_share_next(&rest, &group, &share))
        if (group == id)
            return share;
    return (hf_bytes){NULL, 0};
}

static hf_status take_share(hf_handshake *hs, const hf_group *group, hf_bytes share)
{
    if (share.n != group->client_share_len)
        return hf_hs_fail(hs, HF_E_BAD_KEY_SHARE, "key_exchange", group->name,
                          "%zu bytes in place of %u", share.n, group->client_share_len);
    hs->group = hs->conn->group = group;
    hs->peer_share = share;
    return HF_OK;
}

/* A group that saves a round trip comes before one that is merely preferred. */
static hf_status choose_group(hf_handshake *hs)
{
    const hf_config *cfg = hs->cfg;
    hf_bytes offered = hs->hello.extensions.supported_groups, own = hf_buf_bytes(&cfg->groups_wire);
    const hf_group *common = NULL;
    if (!hf_ext_has(&hs->hello.extensions, HF_X_SUPPORTED_GROUPS)) /* psk_ke may do without */
        return HF_OK;
    for (size_t i = 0; i < cfg->group_count; i++) {
        const hf_group *group = cfg->groups[i];
        if (!hf_u16s_have(offered, group->id))
            continue;
        if (common == NULL)
            common = group;
        hf_bytes share = find_share(hs, group->id);
        if (share.p == NULL)
            continue;
        hf_trace_choice(hs->conn, "group", offered, own, hf_group_name, group->name,
                        "the first of this server's for which the client sent a key share");
        return take_share(hs, group, share);
    }
    if (common == NULL && hs->psk_candidate != NULL && hf_s13_psk_without_dhe(hs))
        return HF_OK;
    if (common == NULL) {
        char theirs[HF_ERROR_TEXT], ours[HF_ERROR_TEXT];
        return hf_hs_fail(hs, HF_E_NO_COMMON_GROUP, "supported_groups",
                          hf_names_text(own, hf_group_name, ours, sizeof(ours)), "%s",
                          hf_names_text(offered, hf_group_name, theirs, sizeof(theirs)));
    }
    hs->retry_group = common;
    hf_trace_choice(hs->conn, "group", offered, own, hf_group_name, common->name,
                    "no key share fits, so HelloRetryRequest asks for this group");
    return HF_OK;
}

static hf_status take_alpn(hf_handshake *hs, hf_bytes name)
{
    char text[256];
    hf_copy(text, name.p, name.n);
    text[name.n] = '\0';
    hf_trace_choice_text(hs->conn, "ALPN", NULL, NULL, text,
                         "the first of this server's that the client offers");
    return hf_hs_keep_alpn(hs, name);
}

hf_status hf_hs_choose_alpn(hf_handshake *hs)
{
    hf_bytes own = hf_buf_bytes(&hs->cfg->alpn), mine, theirs;
    if (own.n == 0 || !hf_ext_has(&hs->hello.extensions, HF_X_ALPN))
        return HF_OK;
    while (hf_item8_next(&own, &mine)) {
        hf_bytes offered = hs->hello.extensions.alpn;
        while (hf_item8_next(&offered, &theirs))
            if (hf_bytes_equal(mine, theirs))
                return take_alpn(hs, mine);
    }
    return hf_hs_fail(hs, HF_E_NO_COMMON_ALPN, "protocol_name_list",
                      "one of this server's protocols", "none of them");
}

/* With a pre-shared key none is needed; it is chosen all the same, for a ticket is bound to it. */
static hf_status choose_identity(hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    if (hs->cfg->identity_count == 0 || !hf_ext_has(x, HF_X_SIGNATURE_ALGORITHMS))
        return HF_OK;
    hf_status s = hf_s_choose_client_type(hs);
    if (s == HF_OK)
        s = hf_hs_choose_identity(hs, hs->conn->host, x->signature_algorithms);
    return hs->psk_candidate != NULL && s != HF_E_OUT_OF_MEMORY ? HF_OK : s;
}

hf_status hf_s13_choose(hf_handshake *hs)
{
    hf_own_list versions;
    hf_trace_choice(hs->conn, "version", hs->hello.extensions.supported_versions,
                    hf_own_versions(hs->cfg, &versions), hf_version_name, "TLS 1.3",
                    "the newest that both sides have");
    hf_status s = hf_s13_recall(hs);
    bool recalled = (hs->facts & HF_F_COOKIE) != 0;
    if (s == HF_OK && !recalled)
        s = choose_suite(hs);
    if (s == HF_OK && !recalled)
        s = choose_group(hs);
    if (s == HF_OK)
        s = hf_hs_choose_alpn(hs);
    if (s == HF_OK)
        s = choose_identity(hs);
    if (s != HF_OK) {
        hs->error.message = "ClientHello";
        return s;
    }
    hf_s13_note_binders(hs, &hs->hello.extensions, hs->hello_message);
    hf_transcript_start(&hs->transcript, hs->conn->suite->hash);
    return HF_OK;
}

/* After HelloRetryRequest the client must send the one share that was asked for. */
hf_status hf_s13_choose_again(hf_handshake *hs)
{
    hf_bytes rest = hs->hello.extensions.client_shares, share;
    uint16_t group;
    bool one = hf_key_share_next(&rest, &group, &share) && rest.n == 0;
    if (!one || group != hs->retry_group->id) {
        hs->error.message = "ClientHello";
        return hf_hs_fail(hs, HF_E_KEY_SHARE_LIST, "client_shares", hs->retry_group->name,
                          one ? "a share of another group" : "not exactly one share");
    }
    hf_status s = take_share(hs, hs->retry_group, share);
    if (s != HF_OK)
        hs->error.message = "ClientHello";
    return s;
}
