/* transport12.c: RSA key transport in TLS 1.2, where a config allows what it calls insecure: RFC
 * 5246 section 7.4.7.1. crypto/key_transport.h says what keeps a server from being an oracle; here
 * it is that nothing between ClientKeyExchange and Finished depends on what was decrypted: no
 * error, no alert, no event of a trace. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "crypto/key.h"
#include "crypto/key_transport.h"
#include "wire/messages12.h"
#include "x509/identity.h"

_Static_assert(HF_GROUP_MAX_SECRET >= HF_PREMASTER, "shared_secret holds a premaster secret");

size_t hf_12_premaster_len(const hf_handshake *hs)
{
    return (hs->facts & HF_F_TRANSPORT) != 0 ? HF_PREMASTER : hs->group->secret_len;
}

static bool may_encipher_keys(const hf_cert *leaf)
{
    return !leaf->has_key_usage || (leaf->key_usage & HF_KEY_USAGE_keyEncipherment) != 0;
}

/* ---- the server's choice ---- */

bool hf_12_can_transport(const hf_handshake *hs, const hf_identity *identity)
{
    (void)hs;
    return hf_key_decrypts(hf_identity_key(identity)) &&
           may_encipher_keys(hf_identity_cert(identity, 0));
}

static const hf_suite_choice *common_suite(const hf_handshake *hs)
{
    for (size_t i = 0; i < hs->cfg->suite_count; i++)
        if (hs->cfg->suites[i].suite->auth == HF_AUTH_RSA_TRANSPORT &&
            hf_u16s_have(hs->hello.cipher_suites, hs->cfg->suites[i].suite->id))
            return &hs->cfg->suites[i];
    return NULL;
}

static bool has_identity(const hf_handshake *hs)
{
    for (size_t i = 0; i < hs->cfg->identity_count; i++)
        if (hf_12_can_transport(hs, hs->cfg->identities[i]))
            return true;
    return false;
}

/* Where ECDHE failed, and its error stands unless this goes. */
hf_status hf_s12_choose_transport(hf_handshake *hs)
{
    const hf_suite_choice *choice = common_suite(hs);
    if (choice == NULL || !has_identity(hs))
        return hs->error.code;
    hs->facts |= HF_F_TRANSPORT;
    hf_status s =
        hf_hs_choose_identity(hs, hs->conn->host, hs->hello.extensions.signature_algorithms);
    if (s != HF_OK)
        return s;
    hs->group = hs->conn->group = NULL;
    hs->conn->suite = choice;
    hf_own_list suites;
    hf_trace_choice(hs->conn, "cipher suite", hs->hello.cipher_suites,
                    hf_own_suites(hs->cfg, &suites), hf_suite_name, choice->suite->name,
                    "nothing with forward secrecy is common, and RSA key transport is allowed");
    return HF_OK;
}

/* ---- the client ---- */

static void run_encrypt(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    job->status = hf_premaster_encrypt(hs->peer_certs[0].spki, &hs->cfg->provider,
                                       hs->shared_secret, hs->signature, &hs->signature_len);
    if (job->status != HF_OK)
        hf_hs_fail(hs, job->status, "encrypted_pre_master_secret", "an RSA key to encrypt to", "%s",
                   hf_key_type_name(hs->peer_certs[0].key_type));
}

/* client_version and 46 random bytes: that version is the one offered, so that a server notices a
 * rollback. */
hf_status hf_c12_encrypt_secret(hf_handshake *hs)
{
    if (!may_encipher_keys(&hs->peer_certs[0]))
        return hf_hs_fail(hs, HF_E_CERT_KEY_USAGE, "keyUsage", "keyEncipherment",
                          "a certificate without it");
    if ((hs->facts & HF_F_REQUEST) == 0)
        hf_buf_free(&hs->transcript.pending); /* no CertificateVerify comes */
    hs->signature = hf_hs_alloc(hs, HF_SIGNATURE_MAX);
    if (hs->signature == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_status s = hf_hs_random(hs, hs->shared_secret, HF_PREMASTER);
    if (s != HF_OK)
        return s;
    hs->shared_secret[0] = (uint8_t)(hs->hello.legacy_version >> 8);
    hs->shared_secret[1] = (uint8_t)hs->hello.legacy_version;
    hf_hs_job(hs, HF_JOB_KEY_RESPOND, "RSA", run_encrypt);
    return HF_OK;
}

hf_status hf_c12_build_encrypted(hf_handshake *hs, hf_writer *w)
{
    hf_encrypted_premaster_build(w, &(hf_encrypted_premaster){{hs->signature, hs->signature_len}});
    return HF_OK;
}

/* ---- the server ---- */

hf_status hf_s12_judge_encrypted(hf_handshake *hs, hf_reader *r)
{
    hf_encrypted_premaster m;
    if (!hf_encrypted_premaster_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    hs->peer_share = m.encrypted;
    return HF_OK;
}

static void run_decrypt(hf_job *job)
{
    hf_handshake *hs = hf_job_handshake(job);
    job->status = hf_premaster_decrypt(hf_identity_key(hs->identity), hs->peer_share,
                                       hs->hello.legacy_version, hs->own_share, hs->shared_secret);
    if (job->status != HF_OK)
        hf_hs_fail(hs, job->status, NULL, NULL, NULL);
}

/* What takes the place of a secret that did not decrypt is drawn first, whatever came. */
hf_status hf_s12_decrypt_secret(hf_handshake *hs)
{
    hs->own_share = hf_hs_alloc(hs, HF_PREMASTER);
    if (hs->own_share == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_status s = hf_hs_random(hs, hs->own_share, HF_PREMASTER);
    if (s != HF_OK)
        return s;
    hf_hs_job(hs, HF_JOB_KEY_FINISH, "RSA", run_decrypt);
    return HF_OK;
}
