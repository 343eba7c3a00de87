/* cert_types.c: which type of certificate each side shows, agreed on in the hellos, and the verdict
 * on a raw public key. RFC 7250, both roles and both versions.
 *
 * A client lists the types that it takes from the server (server_certificate_type) and those that
 * it can show itself (client_certificate_type), best first; where it says nothing, that is X.509
 * alone. The server answers with one of each, the second only where it asks for a certificate. It
 * prefers in its own order. A session that goes on keeps what was shown when it began. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/key.h"
#include "x509/identity.h"

#include <stdio.h>

static const uint8_t x509_alone[] = {HF_CERT_X509};

static bool has(hf_bytes types, uint8_t type)
{
    return memchr(types.p, type, types.n) != NULL;
}

/* X.509 is what is meant without a word: RFC 7250 section 4.1 has a client say no more then. */
static bool says_nothing(hf_bytes types)
{
    return types.n == 1 && types.p[0] == HF_CERT_X509;
}

static const char *types_text(hf_bytes types, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < types.n && at + 16 < size; i++) {
        const char *name = hf_certificate_type_name(types.p[i]);
        at +=
            (size_t)(name != NULL ? snprintf(text + at, size - at, "%s%s", i != 0 ? " " : "", name)
                                  : snprintf(text + at, size - at, "%s0x%02x", i != 0 ? " " : "",
                                             types.p[i]));
    }
    return text;
}

static void trace_type(const hf_handshake *hs, const char *what, hf_bytes offered, hf_bytes own,
                       uint8_t chosen, const char *rule)
{
    char theirs[256], ours[64];
    hf_trace_choice_text(hs->conn, what, types_text(offered, theirs, sizeof(theirs)),
                         types_text(own, ours, sizeof(ours)), hf_certificate_type_name(chosen),
                         rule);
}

/* ---- the client ---- */

void hf_hs_offer_cert_types(hf_handshake *hs, hf_extensions *x)
{
    hf_bytes peer = hf_config_peer_types(hs->cfg), own = hf_config_own_types(hs->cfg);
    if (!says_nothing(own)) {
        x->present |= HF_X_BIT(HF_X_CLIENT_CERTIFICATE_TYPE);
        x->client_certificate_types = own;
    }
    if (!says_nothing(peer)) {
        x->present |= HF_X_BIT(HF_X_SERVER_CERTIFICATE_TYPE);
        x->server_certificate_types = peer;
    }
}

static hf_status judge_answer(hf_handshake *hs, const char *field, hf_bytes answer, hf_bytes offer,
                              uint8_t *type)
{
    char text[64], got[64];
    if (!has(offer, answer.p[0]))
        return hf_hs_fail(hs, HF_E_CERT_TYPE_NOT_OFFERED, field,
                          types_text(offer, text, sizeof(text)), "%s",
                          types_text(answer, got, sizeof(got)));
    *type = answer.p[0];
    trace_type(hs, field, offer, offer, *type, "the server chose it from this side's offer");
    return HF_OK;
}

hf_status hf_hs_judge_cert_types(hf_handshake *hs, const hf_extensions *x)
{
    hf_status s = HF_OK;
    if (hf_ext_has(x, HF_X_CLIENT_CERTIFICATE_TYPE))
        s = judge_answer(hs, "client_certificate_type", x->client_certificate_types,
                         hf_config_own_types(hs->cfg), &hs->own_type);
    if (s == HF_OK && hf_ext_has(x, HF_X_SERVER_CERTIFICATE_TYPE))
        s = judge_answer(hs, "server_certificate_type", x->server_certificate_types,
                         hf_config_peer_types(hs->cfg), &hs->peer_type);
    return s;
}

/* Asked for a type that this side does not have, since the server said nothing and means X.509. */
hf_status hf_hs_judge_own_type(hf_handshake *hs)
{
    if (has(hf_config_own_types(hs->cfg), hs->own_type))
        return HF_OK;
    hs->error.message = "CertificateRequest";
    return hf_hs_fail(hs, HF_E_NO_COMMON_CERT_TYPE, "client_certificate_type", "RawPublicKey",
                      "nothing: the server asks for X509");
}

/* ---- the server ---- */

static hf_bytes offered(const hf_extensions *x, hf_ext which, hf_bytes types)
{
    return hf_ext_has(x, which) ? types : (hf_bytes){x509_alone, sizeof(x509_alone)};
}

hf_bytes hf_s_offered_own_types(const hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    return offered(x, HF_X_SERVER_CERTIFICATE_TYPE, x->server_certificate_types);
}

static hf_status judge_list(hf_handshake *hs, const hf_extensions *x, hf_ext which, hf_bytes types)
{
    if (!hf_ext_has(x, which) || (types.n != 0 && !says_nothing(types)))
        return HF_OK;
    return hf_hs_fail(hs, HF_E_VALUE, hf_extension_name(hf_ext_type(which)),
                      "other types than X509, which goes without saying", "%s",
                      types.n == 0 ? "no type" : "X509 alone");
}

/* The form of a client's lists: RFC 7250 section 4.1. */
hf_status hf_hs_judge_type_lists(hf_handshake *hs, const hf_extensions *x)
{
    hf_status s = judge_list(hs, x, HF_X_CLIENT_CERTIFICATE_TYPE, x->client_certificate_types);
    return s == HF_OK ? judge_list(hs, x, HF_X_SERVER_CERTIFICATE_TYPE, x->server_certificate_types)
                      : s;
}

hf_status hf_hs_fail_types(hf_handshake *hs, const char *field, hf_bytes own, hf_bytes theirs)
{
    char text[64], got[256];
    return hf_hs_fail(hs, HF_E_NO_COMMON_CERT_TYPE, field, types_text(own, text, sizeof(text)),
                      "%s", types_text(theirs, got, sizeof(got)));
}

/* What the client is to show, where it is asked: the first of this server's that it has. */
hf_status hf_s_choose_client_type(hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    hf_bytes own = hf_config_peer_types(hs->cfg);
    hf_bytes theirs = offered(x, HF_X_CLIENT_CERTIFICATE_TYPE, x->client_certificate_types);
    if (hs->cfg->client_auth == HF_CLIENT_AUTH_NONE)
        return HF_OK;
    for (size_t i = 0; i < own.n; i++) {
        if (!has(theirs, own.p[i]))
            continue;
        hs->peer_type = own.p[i];
        if (hf_ext_has(x, HF_X_CLIENT_CERTIFICATE_TYPE))
            trace_type(hs, "client_certificate_type", theirs, own, hs->peer_type,
                       "the first of this server's that the client has");
        return HF_OK;
    }
    return hf_hs_fail_types(hs, "client_certificate_type", own, theirs);
}

/* A session that goes on is asked for no certificate. */
void hf_s_answer_cert_types(hf_handshake *hs, hf_extensions *x)
{
    const hf_extensions *offer = &hs->hello.extensions;
    bool asks = hs->cfg->client_auth != HF_CLIENT_AUTH_NONE && !hs->conn->resumed &&
                (hs->facts & HF_F_PSK) == 0;
    if (asks && hf_ext_has(offer, HF_X_CLIENT_CERTIFICATE_TYPE)) {
        x->present |= HF_X_BIT(HF_X_CLIENT_CERTIFICATE_TYPE);
        x->client_certificate_types = (hf_bytes){&hs->peer_type, 1};
    }
    if (hf_ext_has(offer, HF_X_SERVER_CERTIFICATE_TYPE) &&
        has(offer->server_certificate_types, hs->own_type)) {
        x->present |= HF_X_BIT(HF_X_SERVER_CERTIFICATE_TYPE);
        x->server_certificate_types = (hf_bytes){&hs->own_type, 1};
    }
}

/* ---- the peer's raw public key ---- */

/* May the peer show what it shows? A server that said nothing shows an X.509 certificate. */
hf_status hf_hs_judge_peer_type(hf_handshake *hs)
{
    hf_bytes taken = hf_config_peer_types(hs->cfg);
    if (has(taken, hs->peer_type))
        return HF_OK;
    return hf_hs_fail_types(hs, "certificate_type", taken, (hf_bytes){&hs->peer_type, 1});
}

hf_status hf_hs_take_raw_key(hf_handshake *hs, hf_bytes spki)
{
    hs->peer_certs = hf_hs_alloc(hs, sizeof(hf_cert));
    hs->path = hf_hs_alloc(hs, sizeof(*hs->path));
    if (hs->peer_certs == NULL || hs->path == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_status s = hf_raw_key_parse(spki, hs->peer_certs, &hs->error);
    if (s != HF_OK) {
        hs->error.alert =
            s == HF_E_KEY_UNSUPPORTED ? HF_ALERT_unsupported_certificate : hs->error.alert;
        return s;
    }
    hs->peer_cert_count = hs->path_len = 1;
    hs->path[0] = hs->peer_certs;
    hs->peer_ocsp = hs->peer_scts = (hf_bytes){NULL, 0}; /* they speak of certificates */
    if (!hf_conn_is_client(hs->conn))
        hs->facts |= HF_F_CLIENT_CERT;
    return HF_OK;
}

static void pin_text(const uint8_t pin[HF_KEY_PIN], char text[2 * HF_KEY_PIN + 1])
{
    for (size_t i = 0; i < HF_KEY_PIN; i++)
        snprintf(text + 2 * i, 3, "%02x", pin[i]);
}

/* In place of a chain's verdict. */
hf_status hf_hs_judge_raw_key(hf_handshake *hs)
{
    const hf_config *cfg = hs->cfg;
    const hf_cert *key = &hs->peer_certs[0];
    uint8_t pin[HF_KEY_PIN];
    char text[2 * HF_KEY_PIN + 1];
    if (cfg->insecure_no_verification || cfg->insecure_any_raw_key)
        return HF_OK;
    hf_cert_fingerprint(key, pin);
    bool trusted = hf_config_trusts_raw_key(cfg, pin);
    pin_text(pin, text);
    hf_check k = {.cert = key,
                  .name = "rawPublicKey",
                  .section = "RFC 7250 section 6",
                  .result = trusted ? HF_OK : HF_E_RAW_KEY_UNTRUSTED};
    snprintf(k.value, sizeof(k.value), "%s, pin %s", hf_key_type_name(key->key_type), text);
    snprintf(k.limit, sizeof(k.limit), "one of %zu that are trusted", cfg->raw_keys.n / HF_KEY_PIN);
    hf_trace_check(hs->conn, &k);
    if (trusted)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_RAW_KEY_UNTRUSTED, "ASN1_subjectPublicKeyInfo", k.limit,
                      "the key with pin %s", text);
}

/* The key proved itself: the connection, and its sessions, remember which it was. */
hf_status hf_conn_keep_pin(hf_conn *c, const uint8_t pin[HF_KEY_PIN])
{
    uint8_t *kept = c->peer_key_pin != NULL ? c->peer_key_pin : hf_alloc(HF_KEY_PIN);
    if (kept == NULL)
        return HF_E_OUT_OF_MEMORY;
    memcpy(kept, pin, HF_KEY_PIN);
    c->peer_key_pin = kept;
    return HF_OK;
}

/* What showed who the peer of a session was must be what would do now. */
bool hf_hs_session_peer_fits(const hf_config *cfg, const hf_session *s)
{
    hf_bytes taken = hf_config_peer_types(cfg);
    if (!s->peer_raw_key)
        return !s->peer_authenticated || has(taken, HF_CERT_X509);
    return has(taken, HF_CERT_RAW_PUBLIC_KEY) &&
           (cfg->insecure_no_verification || cfg->insecure_any_raw_key ||
            hf_config_trusts_raw_key(cfg, s->peer_identity));
}
