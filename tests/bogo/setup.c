/* setup.c: from the runner's options to a config: code points to names, files to identities. */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2048

static int unimplemented(const char *what)
{
    fprintf(stderr, "not implemented: %s\n", what);
    return SHIM_UNIMPLEMENTED;
}

static int failed(const hf_error *e)
{
    shim_tell(e);
    return SHIM_FAILED;
}

/* ---- lists: the runner gives numbers, handfast's lists take names ---- */

static const char *group_name(uint16_t id)
{
    for (const hf_group *const *g = hf_provider_default()->groups; *g != NULL; g++)
        if ((*g)->id == id)
            return (*g)->name;
    return NULL;
}

static const char *scheme_name(uint16_t id)
{
    for (const hf_sigscheme *const *s = hf_provider_default()->sigschemes; *s != NULL; s++)
        if ((*s)->id == id)
            return (*s)->name;
    return NULL;
}

/* Names joined by ':'; SHIM_UNIMPLEMENTED for a code point that handfast does not have. */
static int join(const shim_list *list, const char *(*name_of)(uint16_t id), char text[TEXT_MAX])
{
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        const char *name = name_of(list->items[i]);
        if (name == NULL || n + strlen(name) + 2 > TEXT_MAX) {
            fprintf(stderr, "not implemented: code point 0x%04x\n", list->items[i]);
            return SHIM_UNIMPLEMENTED;
        }
        n += (size_t)snprintf(text + n, TEXT_MAX - n, "%s%s", i == 0 ? "" : ":", name);
    }
    return SHIM_OK;
}

static int set_groups(shim_link *l)
{
    char text[TEXT_MAX];
    const shim_options *o = l->options;
    if (o->no_key_shares)
        return unimplemented("a ClientHello without key shares");
    if (o->groups.count != 0) {
        int s = join(&o->groups, group_name, text);
        if (s != SHIM_OK)
            return s;
        hf_config_groups(l->cfg, text);
    }
    if (o->key_shares.count == 0)
        return SHIM_OK;
    /* handfast sends shares for the first groups of its list */
    if (o->key_shares.count > o->groups.count || o->key_shares.count > 4 ||
        memcmp(o->key_shares.items, o->groups.items, o->key_shares.count * sizeof(uint16_t)) != 0)
        return unimplemented("key shares that are not for the first groups");
    hf_config_key_shares(l->cfg, (unsigned)o->key_shares.count);
    return SHIM_OK;
}

static const char cnsa_schemes[] = "rsa_pkcs1_sha384:ecdsa_secp384r1_sha384:rsa_pss_rsae_sha384";

/* The rules that BoringSSL has by name, spelt out. */
static void set_policy(shim_link *l)
{
    const shim_options *o = l->options;
    if (o->fips_202205) {
        hf_config_groups(l->cfg, "secp256r1:secp384r1");
        hf_config_suites(l->cfg, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                 "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:"
                                 "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:"
                                 "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:"
                                 "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
        hf_config_sigschemes(l->cfg, "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512:"
                                     "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:"
                                     "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512");
    } else if (o->wpa_202304) {
        hf_config_groups(l->cfg, "secp384r1");
        hf_config_suites(l->cfg, "TLS_AES_256_GCM_SHA384:"
                                 "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:"
                                 "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
        hf_config_sigschemes(l->cfg, "rsa_pkcs1_sha384:rsa_pkcs1_sha512:ecdsa_secp384r1_sha384:"
                                     "rsa_pss_rsae_sha384:rsa_pss_rsae_sha512");
    } else if (o->cnsa1_202603) {
        hf_config_groups(l->cfg, "MLKEM1024:secp384r1");
        hf_config_suites(l->cfg, "TLS_AES_256_GCM_SHA384:"
                                 "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:"
                                 "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:"
                                 "TLS_RSA_WITH_AES_256_GCM_SHA384");
        hf_config_sigschemes(l->cfg, cnsa_schemes);
    } else if (o->cnsa2_202603) {
        hf_config_groups(l->cfg, "MLKEM1024");
        hf_config_suites(l->cfg, "TLS_AES_256_GCM_SHA384");
        hf_config_sigschemes(l->cfg, cnsa_schemes);
    } else if (o->cnsa_202407) {
        hf_config_suites(l->cfg, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:"
                                 "TLS_CHACHA20_POLY1305_SHA256");
    }
}

static int set_schemes(shim_link *l)
{
    char text[TEXT_MAX];
    set_policy(l);
    if (l->options->verify_prefs.count == 0)
        return SHIM_OK;
    int s = join(&l->options->verify_prefs, scheme_name, text);
    if (s == SHIM_OK)
        hf_config_sigschemes(l->cfg, text);
    return s;
}

/* ---- versions ---- */

/* The range that the runner allows; BoringSSL's shim has TLS 1.0 to 1.3, so what lies below 1.2 is
 * left out here. */
static int set_versions(shim_link *l)
{
    const shim_options *o = l->options;
    uint16_t min = o->min_version != 0 ? (uint16_t)o->min_version : HF_TLS_1_2;
    uint16_t max = o->max_version != 0 ? (uint16_t)o->max_version : HF_TLS_1_3;
    if (min < HF_TLS_1_2)
        min = HF_TLS_1_2;
    if (o->cnsa2_202603)
        min = HF_TLS_1_3;
    if (o->no_tls12 && min == HF_TLS_1_2)
        min = HF_TLS_1_3;
    if (o->no_tls13 && max == HF_TLS_1_3)
        max = HF_TLS_1_2;
    if (max < HF_TLS_1_2 || min > HF_TLS_1_3 || min > max)
        return unimplemented("this range of versions");
    if (hf_config_versions(l->cfg, min, max) != HF_OK)
        return unimplemented("TLS 1.2");
    return SHIM_OK;
}

/* ---- application protocols ---- */

/* From names with length bytes to names with commas. */
static int set_advertised(shim_link *l, const char *wire)
{
    char text[TEXT_MAX] = "";
    size_t n = 0, left = strlen(wire);
    while (left != 0) {
        size_t len = (uint8_t)*wire;
        if (len == 0 || len + 1 > left || n + len + 2 > TEXT_MAX ||
            memchr(wire + 1, ',', len) != NULL)
            return unimplemented("such an ALPN list");
        n += (size_t)snprintf(text + n, TEXT_MAX - n, "%s%.*s", n == 0 ? "" : ",", (int)len,
                              wire + 1);
        wire += len + 1;
        left -= len + 1;
    }
    hf_config_alpn(l->cfg, text);
    return SHIM_OK;
}

static int set_alpn(shim_link *l)
{
    const shim_options *o = l->options;
    if (!o->server)
        return o->advertise_alpn != NULL ? set_advertised(l, o->advertise_alpn) : SHIM_OK;
    if (o->reject_alpn)
        hf_config_alpn(l->cfg, "a protocol that nobody offers");
    else if (o->select_alpn != NULL && !o->decline_alpn)
        hf_config_alpn(l->cfg, o->select_alpn);
    return SHIM_OK;
}

/* ---- certificates ---- */

static int set_stapled(hf_identity *identity, const shim_credential *cred)
{
    uint8_t bytes[4096];
    hf_error e = {0};
    int64_t n;
    if (cred->ocsp_response != NULL) {
        n = shim_base64(cred->ocsp_response, bytes, sizeof(bytes));
        if (n < 0 ||
            hf_identity_set_ocsp_as_is(identity, (hf_bytes){bytes, (size_t)n}, &e) != HF_OK)
            return failed(&e);
    }
    if (cred->scts != NULL) {
        n = shim_base64(cred->scts, bytes, sizeof(bytes));
        if (n < 0 || hf_identity_set_scts(identity, (hf_bytes){bytes, (size_t)n}, &e) != HF_OK)
            return unimplemented("sending what is no list of SCTs");
    }
    return SHIM_OK;
}

/* What the peer may sign with shall not limit what this side signs with. */
static const char *all_schemes(char text[TEXT_MAX])
{
    size_t n = 0;
    for (const hf_sigscheme *const *s = hf_provider_default()->sigschemes; *s != NULL; s++)
        n += (size_t)snprintf(text + n, TEXT_MAX - n, "%s%s", n == 0 ? "" : ":", (*s)->name);
    return text;
}

static int add_psk(shim_link *l, const shim_credential *cred)
{
    uint8_t key[256], identity[256], context[256];
    int64_t k = shim_base64(cred->psk_key, key, sizeof(key));
    int64_t i = shim_base64(cred->psk_identity, identity, sizeof(identity));
    int64_t c =
        cred->psk_context != NULL ? shim_base64(cred->psk_context, context, sizeof(context)) : 0;
    hf_psk psk = {.hash = cred->psk_sha384 ? HF_PSK_SHA384 : HF_PSK_SHA256, .imported = true};
    if (k < 0 || i < 0 || c < 0)
        return unimplemented("such a pre-shared key");
    psk.key = (hf_bytes){key, (size_t)k};
    psk.identity = (hf_bytes){identity, (size_t)i};
    psk.context = (hf_bytes){context, (size_t)c};
    return hf_config_add_psk(l->cfg, &psk) == HF_OK ? SHIM_OK
                                                    : unimplemented("such a pre-shared key");
}

/* A certificate with its key, or the key alone. */
static hf_status read_identity(const shim_credential *cred, hf_identity **out, hf_error *e)
{
    hf_key *key = NULL;
    if (!cred->is_raw_key)
        return hf_identity_read_files(cred->cert_file, cred->key_file, NULL, out, e);
    hf_status s = hf_key_read_file(cred->key_file, NULL, &key, e);
    if (s == HF_OK)
        s = hf_identity_new_raw_key(key, out, e);
    hf_key_free(key);
    return s;
}

static int add_credential(shim_link *l, size_t i)
{
    const shim_credential *cred = &l->options->credentials[i];
    char text[TEXT_MAX];
    hf_error e = {0};
    if (cred->is_psk)
        return add_psk(l, cred);
    if (cred->cert_file == NULL && cred->key_file == NULL)
        return SHIM_OK;
    if ((cred->cert_file == NULL && !cred->is_raw_key) || cred->key_file == NULL)
        return unimplemented("a certificate without its key, or a key alone");
    hf_status s = read_identity(cred, &l->identities[i], &e);
    if (s == HF_E_KEY_UNSUPPORTED || s == HF_E_KEY_MALFORMED)
        return unimplemented("a key of this type");
    if (s != HF_OK)
        return failed(&e);
    hf_identity_set_named_authorities_only(l->identities[i], cred->must_match_issuer);
    int r = l->options->decline_ocsp_callback ? SHIM_OK : set_stapled(l->identities[i], cred);
    if (r == SHIM_OK && cred->signing_prefs.count == 0 && l->options->verify_prefs.count != 0) {
        hf_identity_set_sigschemes(l->identities[i], all_schemes(text), &e);
    } else if (r == SHIM_OK && cred->signing_prefs.count != 0) {
        r = join(&cred->signing_prefs, scheme_name, text);
        if (r == SHIM_OK && hf_identity_set_sigschemes(l->identities[i], text, &e) != HF_OK)
            r = failed(&e);
    }
    if (r == SHIM_OK)
        hf_config_add_identity(l->cfg, l->identities[i]);
    return r;
}

/* Credentials that were given by name come first; the one without a name comes last. */
static int set_certificates(shim_link *l)
{
    int r = SHIM_OK;
    for (size_t i = 1; r == SHIM_OK && i <= l->options->credential_count; i++)
        r = add_credential(l, i);
    return r == SHIM_OK ? add_credential(l, 0) : r;
}

static int set_types(shim_link *l, const shim_list *list,
                     hf_status (*set)(hf_config *cfg, const hf_cert_type *types, size_t count))
{
    hf_cert_type types[SHIM_LIST_MAX];
    for (size_t i = 0; i < list->count; i++)
        types[i] = (hf_cert_type)list->items[i];
    return list->count == 0 || set(l->cfg, types, list->count) == HF_OK
               ? SHIM_OK
               : unimplemented("such types of certificate");
}

static int set_cert_types(shim_link *l)
{
    int r = set_types(l, &l->options->peer_cert_types, hf_config_peer_cert_types);
    return r == SHIM_OK ? set_types(l, &l->options->own_cert_types, hf_config_own_cert_types) : r;
}

/* ---- what the shim looks at while it goes on ---- */

static void keep_secret(const char *line, const char *label, uint8_t *secret, size_t *len)
{
    size_t n = strlen(label);
    if (strncmp(line, label, n) != 0 || line[n] != ' ')
        return;
    const char *hex = strrchr(line, ' ') + 1;
    for (*len = 0; *len < HF_HASH_MAX_DIGEST && hex[2 * *len] != '\0'; (*len)++) {
        unsigned byte = 0;
        sscanf(hex + 2 * *len, "%2x", &byte);
        secret[*len] = (uint8_t)byte;
    }
}

static void take_line(void *ctx, const char *line)
{
    shim_link *l = ctx;
    keep_secret(line, "CLIENT_TRAFFIC_SECRET_0", l->client_secret, &l->secret_len);
    keep_secret(line, "SERVER_TRAFFIC_SECRET_0", l->server_secret, &l->secret_len);
}

static bool same_schemes(hf_bytes wire, const shim_list *expected)
{
    if (wire.n != 2 * expected->count)
        return false;
    for (size_t i = 0; i < expected->count; i++)
        if ((wire.p[2 * i] << 8 | wire.p[2 * i + 1]) != expected->items[i])
            return false;
    return true;
}

static void judge_hello(shim_link *l, const hf_hello_view *view)
{
    const shim_options *o = l->options;
    const char *what = NULL;
    if (o->expect_server_name != NULL &&
        (view->host == NULL || strcmp(view->host, o->expect_server_name) != 0))
        what = "server name";
    if (o->expect_no_server_name && view->host != NULL)
        what = "server name";
    if (o->expect_peer_verify_prefs.count != 0 &&
        !same_schemes(view->schemes, &o->expect_peer_verify_prefs))
        what = "signature schemes";
    if (o->expect_advertised_alpn != NULL &&
        (view->alpn.n != strlen(o->expect_advertised_alpn) ||
         memcmp(view->alpn.p, o->expect_advertised_alpn, view->alpn.n) != 0))
        what = "ALPN list";
    if (what != NULL) {
        fprintf(stderr, "the ClientHello has another %s than expected\n", what);
        l->hello_mismatch = true;
    }
}

static void take_hello(void *ctx, hf_conn *conn, const hf_hello_view *view, hf_hello *hello)
{
    shim_link *l = ctx;
    (void)conn;
    judge_hello(l, view);
    if (l->options->fail_early_callback)
        hf_hello_refuse(hello, HF_ALERT_handshake_failure);
    else if (l->options->fail_ddos_callback || l->options->fail_ocsp_callback ||
             l->options->fail_cert_callback)
        hf_hello_refuse(hello, HF_ALERT_internal_error);
    else
        hf_hello_go_on(hello, NULL);
}

/* ---- the whole ---- */

/* The alerts of BoringSSL's two kinds of callback. */
static hf_alert refuse_peer(void *ctx, const hf_conn *conn, const hf_cert *const *path,
                            size_t count)
{
    const shim_link *l = ctx;
    (void)conn, (void)path, (void)count;
    if (l->options->fail_ocsp_callback)
        return HF_ALERT_bad_certificate_status_response;
    return l->options->use_custom_verify_callback ? HF_ALERT_certificate_unknown
                                                  : HF_ALERT_handshake_failure;
}

static void set_peer_demands(shim_link *l)
{
    const shim_options *o = l->options;
    /* The runner's certificates are checked by its own shim's callback, which accepts them all. */
    bool has_psk = false;
    for (size_t i = 1; i <= o->credential_count; i++)
        has_psk |= o->credentials[i].is_psk;
    if (o->server || o->verify_peer || !has_psk) /* else none is taken at all */
        hf_config_insecure_no_verification(l->cfg);
    if (o->server && o->verify_peer)
        hf_config_client_auth(l->cfg, HF_CLIENT_AUTH_OPTIONAL);
    else if (o->server && o->require_any_client_certificate)
        hf_config_client_auth(l->cfg, HF_CLIENT_AUTH_REQUIRED);
    if (!o->server && o->fail_ocsp_callback)
        hf_config_check_peer(l->cfg, refuse_peer, l);
    if (o->verify_fail &&
        (o->verify_peer || o->require_any_client_certificate || o->peer_cert_types.count != 0))
        hf_config_check_peer(l->cfg, refuse_peer, l);
    hf_config_keep_peer_chain(l->cfg, true);
    /* BoringSSL's servers never ask for these. */
    hf_config_request_ocsp(l->cfg, o->enable_ocsp && !o->server);
    hf_config_request_scts(l->cfg, o->enable_scts && !o->server);
    /* One of the runner's chains is of many small certificates. */
    hf_config_limits(
        l->cfg, &(hf_limits){.handshake_message = (uint32_t)o->max_cert_list, .chain_length = 100});
}

static void keep_session(void *ctx, hf_conn *conn, hf_bytes session)
{
    shim_link *l = ctx;
    shim_memory *memory = l->memory;
    hf_session_info info;
    (void)conn;
    if (session.n > sizeof(memory->session) || hf_session_describe(session, &info) != HF_OK)
        return;
    l->session_is_early = info.max_early_data != 0;
    memcpy(memory->session, session.p, session.n);
    memory->session_len = session.n;
    ((shim_link *)ctx)->new_sessions++;
}

/* The legs' configs share one memory, so that a leg is not taken for a server that just started
 * and cannot tell what it has met. */
static void judge_replay(void *ctx, hf_conn *conn, hf_bytes id, uint32_t keep_s,
                         hf_early_call *call)
{
    shim_memory *memory = ((shim_link *)ctx)->memory;
    const size_t most = sizeof(memory->early_ids) / sizeof(memory->early_ids[0]);
    bool first = memory->early_count < most;
    (void)conn, (void)keep_s;
    for (size_t i = 0; i < memory->early_count; i++)
        if (memcmp(memory->early_ids[i], id.p, sizeof(memory->early_ids[i])) == 0)
            first = false;
    if (first)
        memcpy(memory->early_ids[memory->early_count++], id.p, sizeof(memory->early_ids[0]));
    hf_early_answer(call, first);
}

static void set_early_data(shim_link *l)
{
    const uint32_t most = 14336; /* as BoringSSL's server allows */
    if (!l->options->enable_early_data)
        return;
    hf_config_early_data(l->cfg, most);
    if (l->options->server)
        hf_config_early_data_store(l->cfg, judge_replay, l);
}

static void set_sessions(shim_link *l)
{
    set_early_data(l);
    if (l->options->server) {
        hf_config_tickets(l->cfg, l->options->no_ticket ? 0 : 2);
        if (!l->options->no_ticket)
            hf_config_ticket_keys(l->cfg, l->memory->keys);
        if (l->options->use_ticket_callback || l->options->use_ticket_aead_callback)
            shim_tickets_set(l);
        hf_config_sessions(l->cfg, l->memory->ids);
    } else if (!l->options->no_ticket) {
        hf_config_new_session(l->cfg, keep_session, l);
    }
}

int shim_setup(shim_link *l)
{
    const shim_options *o = l->options;
    hf_error e = {0};
    if (!o->server && o->expect_peer_verify_prefs.count != 0)
        return unimplemented("looking at a CertificateRequest");
    if (!o->server && o->fail_cert_callback)
        return unimplemented("a callback for a client's certificate");
    if (hf_config_new(o->server ? HF_SERVER : HF_CLIENT, &l->cfg) != HF_OK)
        return SHIM_FAILED;
    /* which BoringSSL has by default */
    if (!o->fips_202205 && !o->wpa_202304 && !o->cnsa2_202603)
        hf_config_insecure_rsa_key_transport(l->cfg);
    int r = set_versions(l);
    if (r == SHIM_OK)
        r = set_groups(l);
    if (r == SHIM_OK)
        r = set_schemes(l);
    if (r == SHIM_OK)
        r = set_alpn(l);
    if (r == SHIM_OK)
        r = set_certificates(l);
    if (r == SHIM_OK)
        r = set_cert_types(l);
    if (r != SHIM_OK)
        return r;
    set_peer_demands(l);
    /* BoringSSL has no such demand; the tests of the extension set the versions of both sides. */
    hf_config_insecure_no_extended_master_secret(l->cfg);
    hf_config_grease(l->cfg, o->enable_grease);
    shim_messages_set(l);
    set_sessions(l);
    if (o->export_traffic_secrets)
        hf_config_keylog(l->cfg, take_line, l);
    if (o->server)
        hf_config_client_hello(l->cfg, take_hello, l);
    hf_status s = hf_config_freeze(l->cfg, &e);
    if (s == HF_E_NO_IDENTITY)
        return unimplemented("a server without a certificate");
    return s == HF_OK ? SHIM_OK : failed(&e);
}

void shim_setup_free(shim_link *l)
{
    hf_config_free(l->cfg);
    for (size_t i = 0; i < SHIM_CREDS_MAX; i++)
        hf_identity_free(l->identities[i]);
}
