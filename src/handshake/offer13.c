/* offer13.c: what a TLS 1.3 client offers: its key shares and its ClientHello.
 *
 * Random bytes are drawn in this order, which deterministic tests rely on: the private keys of the
 * shares as offered, then random, legacy_session_id, and one byte for each GREASE value. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "crypto/keypairs.h"
#include "x509/host.h"

/* ---- key shares ---- */

static void run_generate(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    for (; hs->shares_made < hs->share_count; hs->shares_made++) {
        hf_share *share = &hs->shares[hs->shares_made];
        job->status = hf_keypairs_generate(hs->cfg->keypairs, share->group, &hs->cfg->provider,
                                           share->private_key, share->public_share);
        if (job->status != HF_OK) {
            hf_hs_fail(hs, job->status, NULL, "a key pair", "a failure making one for %s",
                       share->group->name);
            return;
        }
    }
}

static hf_status add_share(hf_handshake *hs, const hf_group *group)
{
    hf_share *share = &hs->shares[hs->share_count];
    share->group = group;
    share->private_key = hf_hs_alloc(hs, group->private_len);
    share->public_share = hf_hs_alloc(hs, group->client_share_len);
    if (share->private_key == NULL || share->public_share == NULL)
        return HF_E_OUT_OF_MEMORY;
    hs->share_count++;
    return HF_OK;
}

/* At first the configured number of groups from the front of the list; after HelloRetryRequest the
 * one group that it names, in their place. */
hf_status hf_c13_make_shares(hf_handshake *hs)
{
    if (hs->cfg->max_version < HF_VERSION_TLS_1_3)
        return HF_OK;
    if ((hs->facts & HF_F_RETRY) != 0) {
        if (hs->retry_group == NULL)
            return HF_OK;
        hs->share_count = hs->shares_made = 0;
        hf_status s = add_share(hs, hs->retry_group);
        if (s != HF_OK)
            return s;
    } else {
        for (size_t i = 0; i < hs->cfg->key_shares && i < hs->cfg->group_count; i++) {
            hf_status s = add_share(hs, hs->cfg->groups[i]);
            if (s != HF_OK)
                return s;
        }
    }
    hf_hs_job(hs, HF_JOB_KEY_GENERATE, "make key shares", run_generate);
    return HF_OK;
}

hf_status hf_c13_take_shares(hf_handshake *hs)
{
    return hs->job.run != NULL ? hs->job.status : HF_OK;
}

/* ---- ClientHello ---- */

/* GREASE values of RFC 8701: 0x?a?a with the same digit twice. The two extensions must differ. */
enum {
    GREASE_SUITE,
    GREASE_GROUP,
    GREASE_VERSION,
    GREASE_FIRST,
    GREASE_LAST,
    GREASE_SCHEME,
    GREASE_COUNT
};

static hf_status draw_grease(hf_handshake *hs)
{
    uint8_t seed[GREASE_COUNT];
    hf_status s = hf_hs_random(hs, seed, sizeof(seed));
    if (s != HF_OK)
        return s;
    for (size_t i = 0; i < GREASE_COUNT; i++) {
        uint8_t digit = (uint8_t)((seed[i] & 0xf0) | 0x0a);
        hs->grease[i] = (uint16_t)(digit << 8 | digit);
    }
    if (hs->grease[GREASE_FIRST] == hs->grease[GREASE_LAST])
        hs->grease[GREASE_LAST] ^= 0x1010;
    return HF_OK;
}

/* Turns what was written into a buffer of the arena into `out`. */
static hf_status keep_list(hf_handshake *hs, const hf_writer *w, hf_bytes *out)
{
    if (hf_writer_status(w) != HF_OK)
        return hf_hs_fail(hs, HF_E_INTERNAL, NULL, NULL, NULL);
    *out = hf_writer_bytes(w);
    return HF_OK;
}

static hf_status list_writer(hf_handshake *hs, hf_writer *w, size_t room)
{
    uint8_t *p = hf_hs_alloc(hs, room);
    if (p == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_writer_init(w, p, room);
    return HF_OK;
}

static hf_status offer_suites(hf_handshake *hs)
{
    hf_writer w;
    hf_status s = list_writer(hs, &w, 2 * (HF_MAX_SUITES + 1));
    if (s != HF_OK)
        return s;
    if (hs->cfg->grease)
        hf_write_u16(&w, hs->grease[GREASE_SUITE]);
    for (size_t i = 0; i < hs->cfg->suite_count; i++) {
        const hf_suite *suite = hs->cfg->suites[i].suite;
        if (suite->version >= hs->cfg->min_version && suite->version <= hs->cfg->max_version)
            hf_write_u16(&w, suite->id);
    }
    return keep_list(hs, &w, &hs->hello.cipher_suites);
}

static hf_status offer_groups(hf_handshake *hs)
{
    hf_writer w;
    hf_status s = list_writer(hs, &w, 2 * (HF_MAX_GROUPS + 1));
    if (s != HF_OK)
        return s;
    if (hs->cfg->grease)
        hf_write_u16(&w, hs->grease[GREASE_GROUP]);
    for (size_t i = 0; i < hs->cfg->group_count; i++) {
        const hf_group *group = hs->cfg->groups[i];
        if (hs->cfg->max_version >= HF_VERSION_TLS_1_3 || hf_group_is_12(group))
            hf_write_u16(&w, group->id);
    }
    return keep_list(hs, &w, &hs->hello.extensions.supported_groups);
}

static hf_status offer_schemes(hf_handshake *hs)
{
    hf_writer w;
    hf_status s = list_writer(hs, &w, 2 * (HF_MAX_SIGSCHEMES + 1));
    if (s != HF_OK)
        return s;
    if (hs->cfg->grease)
        hf_write_u16(&w, hs->grease[GREASE_SCHEME]);
    hf_write_bytes(&w, hf_buf_bytes(&hs->cfg->sigschemes_wire));
    return keep_list(hs, &w, &hs->hello.extensions.signature_algorithms);
}

static hf_status offer_versions(hf_handshake *hs)
{
    hf_writer w;
    hf_status s = list_writer(hs, &w, 6);
    if (s != HF_OK)
        return s;
    if (hs->cfg->grease)
        hf_write_u16(&w, hs->grease[GREASE_VERSION]);
    hf_write_u16(&w, HF_VERSION_TLS_1_3);
    if (hs->cfg->min_version <= HF_VERSION_TLS_1_2)
        hf_write_u16(&w, HF_VERSION_TLS_1_2);
    return keep_list(hs, &w, &hs->hello.extensions.supported_versions);
}

static hf_status offer_shares(hf_handshake *hs)
{
    static const uint8_t zero = 0;
    bool grease = hs->cfg->grease && (hs->facts & HF_F_RETRY) == 0;
    size_t room = grease ? 5 : 0;
    for (size_t i = 0; i < hs->share_count; i++)
        room += 4U + hs->shares[i].group->client_share_len;
    hf_writer w;
    hf_status s = list_writer(hs, &w, room);
    if (s != HF_OK)
        return s;
    if (grease) {
        hf_write_u16(&w, hs->grease[GREASE_GROUP]);
        hf_write_vec16(&w, (hf_bytes){&zero, 1});
    }
    for (size_t i = 0; i < hs->share_count; i++) {
        const hf_share *share = &hs->shares[i];
        hf_write_u16(&w, share->group->id);
        hf_write_vec16(&w, hf_bytes_of(share->public_share, share->group->client_share_len));
    }
    return keep_list(hs, &w, &hs->hello.extensions.client_shares);
}

static hf_status draw_hello(hf_handshake *hs)
{
    hf_status s = hf_hs_random(hs, hs->client_random, sizeof(hs->client_random));
    if (s != HF_OK)
        return s;
    if (hs->cfg->middlebox_compatibility && hs->cfg->max_version >= HF_VERSION_TLS_1_3) {
        hs->session_id_len = HF_SESSION_ID_MAX;
        s = hf_hs_random(hs, hs->session_id, sizeof(hs->session_id));
        if (s != HF_OK)
            return s;
    }
    return hs->cfg->grease ? draw_grease(hs) : HF_OK;
}

static void offer_name(hf_handshake *hs, hf_extensions *x)
{
    uint8_t address[16];
    const char *host = hs->conn->host;
    if (host == NULL || hf_ip_parse(hf_bytes_text(host), address) != 0)
        return; /* addresses are not sent: RFC 6066 section 3 */
    x->present |= HF_X_BIT(HF_X_SERVER_NAME);
    x->host_name = hf_bytes_text(host);
}

/* What TLS 1.2 asks for beyond TLS 1.3: RFC 8422, RFC 7627, RFC 5746. */
static void offer_for_12(hf_extensions *x)
{
    static const uint8_t uncompressed = 0;
    x->present |= HF_X_BIT(HF_X_EC_POINT_FORMATS) | HF_X_BIT(HF_X_EXTENDED_MASTER_SECRET) |
                  HF_X_BIT(HF_X_RENEGOTIATION_INFO);
    x->ec_point_formats = (hf_bytes){&uncompressed, 1};
    x->renegotiated_connection = (hf_bytes){NULL, 0};
}

static hf_status offer_extensions(hf_handshake *hs)
{
    hf_extensions *x = &hs->hello.extensions;
    bool speaks_13 = hs->cfg->max_version >= HF_VERSION_TLS_1_3;
    x->present = HF_X_BIT(HF_X_SUPPORTED_GROUPS) | HF_X_BIT(HF_X_SIGNATURE_ALGORITHMS);
    if (speaks_13)
        x->present |= HF_X_BIT(HF_X_SUPPORTED_VERSIONS) | HF_X_BIT(HF_X_KEY_SHARE);
    if (hs->cfg->min_version <= HF_VERSION_TLS_1_2)
        offer_for_12(x);
    offer_name(hs, x);
    if (hs->cfg->alpn.n != 0) {
        x->present |= HF_X_BIT(HF_X_ALPN);
        x->alpn = hf_buf_bytes(&hs->cfg->alpn);
    }
    if (hs->cfg->record_size_limit != 0) {
        x->present |= HF_X_BIT(HF_X_RECORD_SIZE_LIMIT);
        x->record_size_limit = hs->cfg->record_size_limit;
        if (!speaks_13 && x->record_size_limit > HF_RECORD_PLAINTEXT)
            x->record_size_limit = HF_RECORD_PLAINTEXT;
    }
    hf_hs_offer_about_certificates(hs, x);
    hf_hs_offer_cert_types(hs, x);
    if (hs->cfg->grease) {
        x->grease_first = hs->grease[GREASE_FIRST];
        x->grease_last = hs->grease[GREASE_LAST];
    }
    hf_status s = offer_groups(hs);
    if (s == HF_OK)
        s = offer_schemes(hs);
    if (s == HF_OK && speaks_13)
        s = offer_versions(hs);
    if (s == HF_OK)
        s = hf_c13_offer_psk(hs);
    if (s == HF_OK)
        s = hf_c12_offer_session(hs);
    return s == HF_OK && speaks_13 ? offer_shares(hs) : s;
}

static void build(hf_handshake *hs, hf_writer *w)
{
    hf_c13_offer_early(hs);
    size_t body_at = w->n;
    hf_client_hello_build(w, &hs->hello);
    hf_c13_bind_psk(hs, w, body_at);
}

hf_status hf_c13_build_hello(hf_handshake *hs, hf_writer *w)
{
    static const uint8_t null_compression = 0;
    hf_status s = draw_hello(hs);
    if (s != HF_OK)
        return s;
    hs->hello.legacy_version = HF_VERSION_TLS_1_2;
    hs->hello.random = hf_bytes_of(hs->client_random, sizeof(hs->client_random));
    hs->hello.legacy_session_id = hf_bytes_of(hs->session_id, hs->session_id_len);
    hs->hello.legacy_compression_methods = (hf_bytes){&null_compression, 1};
    hs->hello.has_extensions = true;
    s = offer_suites(hs);
    if (s == HF_OK)
        s = offer_extensions(hs);
    if (s != HF_OK)
        return s;
    build(hs, w);
    return HF_OK;
}

/* The same hello but for what HelloRetryRequest asked: RFC 9846 section 4.2.2. */
hf_status hf_c13_build_second_hello(hf_handshake *hs, hf_writer *w)
{
    if (hs->retry_group != NULL) {
        hf_status s = offer_shares(hs);
        if (s != HF_OK)
            return s;
    }
    if (hs->cookie.n != 0) {
        hs->hello.extensions.present |= HF_X_BIT(HF_X_COOKIE);
        hs->hello.extensions.cookie = hs->cookie;
    }
    hf_status s = hf_c13_offer_psk(hs);
    if (s != HF_OK)
        return s;
    build(hs, w);
    return HF_OK;
}
