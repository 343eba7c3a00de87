/* identity.c: which certificate this side shows: by the name asked for, and by what the peer can
 * check. RFC 9846 section 4.5.1.2. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "crypto/key.h"
#include "x509/identity.h"

/* The first scheme of this side's preference that the peer accepts and the key can make. */
static const hf_sigscheme *fitting_scheme(const hf_handshake *hs, const hf_identity *identity,
                                          hf_bytes peer_schemes)
{
    const hf_key *key = hf_identity_key(identity);
    for (size_t i = 0; i < hs->cfg->sigscheme_count; i++) {
        const hf_sigscheme *s = hs->cfg->sigschemes[i];
        if (s->in_handshake && hf_u16s_have(peer_schemes, s->id) && hf_key_fits(key, s))
            return s;
    }
    return NULL;
}

static void trace_identity(const hf_handshake *hs, const char *name, bool covered)
{
    char names[HF_ERROR_TEXT];
    const char *rule = "the first one that the peer can check";
    if (hf_config_tracing(hs->cfg) == NULL)
        return;
    if (name != NULL)
        rule = covered ? "it covers the name asked for and the peer can check it"
                       : "none covers the name asked for: the first that the peer can check";
    hf_cert_names_text(hf_identity_cert(hs->identity, 0), names, sizeof(names));
    hf_trace_choice_text(hs->conn, "certificate", name, NULL, names, rule);
    hf_trace_choice(hs->conn, "signature scheme",
                    hf_conn_is_client(hs->conn) ? hs->peer_schemes
                                                : hs->hello.extensions.signature_algorithms,
                    hf_buf_bytes(&hs->cfg->sigschemes_wire), hf_sigscheme_name, hs->scheme->name,
                    "the first of this side's that the peer accepts and the key can make");
}

hf_status hf_hs_choose_identity(hf_handshake *hs, const char *name, hf_bytes peer_schemes)
{
    bool covered = false;
    for (size_t i = 0; i < hs->cfg->identity_count && !covered; i++) {
        hf_identity *identity = hs->cfg->identities[i];
        const hf_sigscheme *scheme = fitting_scheme(hs, identity, peer_schemes);
        if (scheme == NULL)
            continue;
        covered = name != NULL && hf_identity_covers(identity, name);
        if (hs->identity == NULL || covered) {
            hs->identity = identity;
            hs->scheme = scheme;
        }
        if (name == NULL)
            break;
    }
    if (hs->identity != NULL) {
        hs->conn->own_scheme = hs->scheme;
        trace_identity(hs, name, covered);
        return HF_OK;
    }
    char theirs[HF_ERROR_TEXT];
    return hf_hs_fail(hs, HF_E_NO_COMMON_SIGNATURE, "signature_algorithms",
                      "a scheme that fits one of this side's certificates", "%s",
                      hf_names_text(peer_schemes, hf_sigscheme_name, theirs, sizeof(theirs)));
}
