/* report.c: is what was agreed what the runner expects? And how a failure is told. */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void shim_tell(const hf_error *e)
{
    char text[1024];
    hf_error_format(e, text, sizeof(text));
    fprintf(stderr, ":%s:\n%s", hf_error_name(e->code), text);
}

static bool same_number(const char *what, int64_t expected, int64_t got)
{
    if (expected == 0 || expected == got)
        return true;
    fprintf(stderr, "%s is 0x%04llx, expected 0x%04llx\n", what, (unsigned long long)got,
            (unsigned long long)expected);
    return false;
}

static bool same_text(const char *what, const char *expected, hf_bytes got)
{
    if (expected == NULL)
        return true;
    if (got.n == strlen(expected) && memcmp(got.p, expected, got.n) == 0)
        return true;
    fprintf(stderr, "%s is \"%.*s\", expected \"%s\"\n", what, (int)got.n, (const char *)got.p,
            expected);
    return false;
}

static bool same_base64(const char *what, const char *expected, hf_bytes got)
{
    uint8_t bytes[4096];
    if (expected == NULL)
        return true;
    int64_t n = shim_base64(expected, bytes, sizeof(bytes));
    size_t skip =
        (size_t)n == got.n + 2 ? 2 : 0; /* a list's own length, which handfast leaves out */
    if (n >= 0 && got.n + skip == (size_t)n && memcmp(got.p, bytes + skip, got.n) == 0)
        return true;
    fprintf(stderr, "%s differs from what is expected: %zu bytes\n", what, got.n);
    return false;
}

static bool check(bool ok, const char *what)
{
    if (!ok)
        fprintf(stderr, "%s\n", what);
    return ok;
}

static bool check_numbers(const shim_options *o, const hf_info *info)
{
    return same_number("the version", o->expect_version, info->version) &&
           same_number("the suite", o->expect_cipher, info->suite_id) &&
           same_number("the suite", o->expect_cipher_aes, info->suite_id) &&
           same_number("the group", info->group_id != 0 || !info->resumed ? o->expect_curve : 0,
                       info->group_id) &&
           same_number("the peer's scheme", info->resumed ? 0 : o->expect_peer_scheme,
                       info->peer_scheme_id) &&
           check(!o->expect_hrr || info->hello_retry, "there was no HelloRetryRequest") &&
           check(!o->expect_no_hrr || !info->hello_retry, "there was a HelloRetryRequest");
}

/* ---- certificates ---- */

/* How far the comparison of the peer's chain with a file has come. */
typedef struct compared {
    const hf_conn *conn;
    size_t count;
    bool same;
} compared;

static hf_status compare_next(void *ctx, hf_bytes der)
{
    compared *c = ctx;
    const hf_cert *cert = hf_peer_cert(c->conn, c->count++);
    if (cert == NULL || cert->der.n != der.n || memcmp(cert->der.p, der.p, der.n) != 0)
        c->same = false;
    return HF_OK;
}

static bool same_chain(const hf_conn *conn, const char *path)
{
    static uint8_t text[1 << 16];
    compared c = {.conn = conn, .same = true};
    if (path == NULL)
        return true;
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return check(false, "the expected chain cannot be read");
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    if (hf_pem_each((hf_bytes){text, n}, "CERTIFICATE", compare_next, &c, NULL) != HF_OK)
        return check(false, "the expected chain is no PEM");
    return check(c.same && hf_peer_cert(conn, c.count) == NULL, "the peer's chain is another");
}

static bool check_credential(const shim_link *l, const hf_info *info)
{
    const shim_options *o = l->options;
    if (!o->has_expect_credential)
        return true;
    /* The runner counts from 0 what stands here from 1, and calls the one without a name -1. */
    const shim_credential *cred = &o->credentials[o->expect_credential + 1];
    if (cred->is_psk) {
        uint8_t identity[256];
        int64_t n = shim_base64(cred->psk_identity, identity, sizeof(identity));
        return check(n >= 0 && info->psk_identity.n == (size_t)n &&
                         memcmp(info->psk_identity.p, identity, (size_t)n) == 0,
                     "another pre-shared key was chosen");
    }
    const hf_identity *expected = l->identities[o->expect_credential + 1];
    return check(info->own_identity == expected, "another credential was chosen");
}

static bool check_resumption(const shim_link *l, const hf_info *info)
{
    const shim_options *o = l->options;
    bool expected = l->resumes && !o->expect_session_miss && !o->expect_no_session;
    return check(info->resumed || !expected, "the session was not resumed") &&
           check(!info->resumed || expected, "a session was resumed");
}

/* TLS 1.2, where sessions come before the end of the handshake. */
static bool check_new_session(const shim_link *l, const hf_info *info)
{
    const shim_options *o = l->options;
    bool came = l->new_sessions != 0;
    if (info->version != HF_TLS_1_2)
        return true;
    return check(!o->expect_ticket_renewal || !info->resumed || came,
                 "the ticket was not renewed") &&
           check(o->expect_ticket_renewal || o->server || !info->resumed || !came,
                 "the ticket was renewed") &&
           check(!o->expect_session_id || l->resumes || came, "the server keeps no session") &&
           check(!o->expect_no_session_id || l->resumes || !came, "the server keeps a session");
}

/* BoringSSL names why early data was taken or not. Of its reasons these show from outside. */
static bool check_early_reason(const char *reason, const hf_info *info)
{
    bool accepted = info->early_data == HF_EARLY_ACCEPTED;
    if (reason == NULL)
        return true;
    if (strcmp(reason, "session_not_resumed") == 0 && info->resumed)
        return check(false, "the session was resumed");
    if (strcmp(reason, "hello_retry_request") == 0 && !info->hello_retry)
        return check(false, "there was no HelloRetryRequest");
    return check(accepted == (strcmp(reason, "accept") == 0), "early data has another reason");
}

static bool check_early(const shim_link *l, const hf_info *info)
{
    const shim_options *o = l->options;
    bool accepted = info->early_data == HF_EARLY_ACCEPTED;
    return check(!o->expect_accept_early || accepted, "early data was not accepted") &&
           check(!o->expect_reject_early || !accepted, "early data was accepted") &&
           check(!o->expect_reject_early || o->server || info->early_data == HF_EARLY_REJECTED,
                 "early data was not offered") &&
           check(!o->expect_no_offer_early || !l->resumes || info->early_data == HF_EARLY_NONE,
                 "early data was offered") &&
           check_early_reason(o->expect_early_reason, info);
}

int shim_check_early(const shim_link *l)
{
    hf_info info;
    hf_conn_info(l->conn, &info);
    return check_early(l, &info) ? SHIM_OK : SHIM_FAILED;
}

int shim_check_tickets(const shim_link *l)
{
    const shim_options *o = l->options;
    if (o->server || l->new_sessions == 0 || l->session_is_early == o->expect_early_ticket)
        return SHIM_OK;
    fprintf(stderr, "the ticket is %sfor early data\n", l->session_is_early ? "" : "not ");
    return SHIM_FAILED;
}

static bool check_certificates(const shim_link *l, const hf_info *info)
{
    const shim_options *o = l->options;
    bool has_peer = hf_peer_cert(l->conn, 0) != NULL;
    bool needs_peer =
        !o->expect_no_peer_cert && !info->psk && (!o->server || o->require_any_client_certificate);
    return check(!o->expect_no_peer_cert || !has_peer, "the peer sent a certificate") &&
           check(!needs_peer || has_peer, "the peer sent no certificate") &&
           check(o->expect_peer_cert_type.count == 0 ||
                     o->expect_peer_cert_type.items[0] == (uint16_t)info->peer_cert_type,
                 "the peer showed another type of certificate") &&
           same_base64("the peer's raw public key", o->expect_peer_key, info->peer_key_pin) &&
           same_chain(l->conn, o->expect_peer_cert_file) &&
           same_base64("the OCSP response", info->resumed ? NULL : o->expect_ocsp_response,
                       info->ocsp_response) &&
           same_base64("the list of SCTs", info->resumed ? NULL : o->expect_scts, info->sct_list) &&
           check_credential(l, info);
}

static bool check_names(const shim_link *l, const hf_info *info)
{
    const shim_options *o = l->options;
    const char *host = info->host != NULL ? info->host : "";
    /* On a server, what it was told to select must be reported as selected. */
    const char *alpn = o->server ? o->select_alpn : o->expect_alpn;
    return same_text("the application protocol", alpn, info->alpn) &&
           check(alpn != NULL || info->alpn.n == 0, "there is an application protocol") &&
           same_text("the server name", o->expect_server_name,
                     (hf_bytes){(const uint8_t *)host, strlen(host)}) &&
           check(!l->hello_mismatch, "the ClientHello was not as expected");
}

int shim_check(shim_link *l)
{
    hf_info info;
    hf_conn_info(l->conn, &info);
    bool ok = check_numbers(l->options, &info) && check_names(l, &info) &&
              check_certificates(l, &info) && check_resumption(l, &info) &&
              check_new_session(l, &info) && check_early(l, &info);
    if (ok && l->options->expect_total_renegotiations != 0) {
        fprintf(stderr, "handfast does not renegotiate\n");
        return SHIM_UNIMPLEMENTED;
    }
    return ok ? SHIM_OK : SHIM_FAILED;
}
