/* identity.c: which certificate this side shows: by the name asked for, and by what the peer can
 * check. RFC 9846 section 4.5.1.2. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "crypto/key.h"
#include "x509/identity.h"

#include <stdio.h>

static bool is_12(const hf_handshake *hs)
{
    return hs->conn->version == HF_VERSION_TLS_1_2;
}

/* RFC 8422 section 5.3: in TLS 1.2 a client says on which curves a server's key may be; one without
 * that extension takes any (section 4). */
static bool curve_accepted(const hf_handshake *hs, const hf_identity *identity)
{
    const hf_extensions *x = &hs->hello.extensions;
    return !is_12(hs) || hf_conn_is_client(hs->conn) || !hf_ext_has(x, HF_X_SUPPORTED_GROUPS) ||
           hf_12_curve_offered(hf_key_type_of(hf_identity_key(identity)), x->supported_groups);
}

/* The first scheme of this side's preference (the identity's own, else the config's) that the peer
 * accepts and the key can make; `loosely`: with another curve's hash, as TLS 1.2 allows. */
static const hf_sigscheme *first_scheme(const hf_handshake *hs, const hf_identity *identity,
                                        hf_bytes peer_schemes, bool loosely)
{
    const hf_key *key = hf_identity_key(identity);
    size_t count = 0;
    const hf_sigscheme *const *schemes = hf_identity_sigschemes(identity, &count);
    if (count == 0) {
        schemes = hs->cfg->sigschemes;
        count = hs->cfg->sigscheme_count;
    }
    for (size_t i = 0; i < count; i++) {
        const hf_sigscheme *s = schemes[i];
        bool usable = s->in_handshake || is_12(hs);
        bool fits = loosely ? hf_12_loose_fit(s, hf_key_type_of(key)) : hf_key_fits(key, s);
        if (usable && fits && hf_u16s_have(peer_schemes, s->id))
            return s;
    }
    return NULL;
}

/* A hash as strong as the curve comes first. */
static const hf_sigscheme *fitting_scheme(const hf_handshake *hs, const hf_identity *identity,
                                          hf_bytes peer_schemes)
{
    const hf_sigscheme *s = first_scheme(hs, identity, peer_schemes, false);
    return s == NULL && is_12(hs) ? first_scheme(hs, identity, peer_schemes, true) : s;
}

static bool is_hidden(const hf_handshake *hs, const hf_identity *identity)
{
    return hf_identity_named_authorities_only(identity) &&
           (hs->peer_authorities.n == 0 || !hf_identity_issued_by(identity, hs->peer_authorities));
}

/* Can it be shown? `*scheme` is what it signs with; NULL where it only decrypts. */
static bool usable(const hf_handshake *hs, const hf_identity *identity, hf_bytes peer_schemes,
                   const hf_sigscheme **scheme)
{
    if (hf_identity_type(identity) != (hf_cert_type)hs->own_type || is_hidden(hs, identity))
        return false;
    if ((hs->facts & HF_F_TRANSPORT) != 0 && !hf_conn_is_client(hs->conn))
        return hf_12_can_transport(hs, identity);
    *scheme = fitting_scheme(hs, identity, peer_schemes);
    return *scheme != NULL && curve_accepted(hs, identity);
}

/* True when each signature in the chain but a root's own is one that the peer accepts in
 * certificates: RFC 9846 section 4.5.1.2. */
static bool chain_accepted(const hf_identity *identity, hf_bytes schemes)
{
    for (size_t i = 0; i < hf_identity_count(identity); i++) {
        const hf_cert *c = hf_identity_cert(identity, i);
        if (!c->self_issued && !c->raw_public_key &&
            (c->signed_with == NULL || !hf_u16s_have(schemes, c->signed_with->id)))
            return false;
    }
    return true;
}

/* Higher is better; what stands first here decides first. Equals go by the order of adding. */
enum { BY_NAME = 8, BY_AUTHORITY = 4, BY_CHAIN = 2, BY_KEY = 1 };

static unsigned rank(const hf_handshake *hs, const hf_identity *identity, const char *name,
                     hf_bytes peer_schemes)
{
    hf_bytes schemes = hs->peer_cert_schemes.p != NULL ? hs->peer_cert_schemes : peer_schemes;
    hf_key_type key = hf_key_type_of(hf_identity_key(identity));
    unsigned r = name != NULL ? BY_NAME * hf_identity_match(identity, name) : 0;
    if (hs->peer_authorities.n != 0 && hf_identity_issued_by(identity, hs->peer_authorities))
        r += BY_AUTHORITY;
    if (chain_accepted(identity, schemes))
        r += BY_CHAIN;
    if (name != NULL && key != HF_KEY_RSA && key != HF_KEY_RSA_PSS)
        r += BY_KEY;
    return r;
}

/* The best that fits, for `name` (NULL: any); its rank in `*best`. */
static void choose(hf_handshake *hs, const char *name, hf_bytes peer_schemes, unsigned *best)
{
    hs->identity = NULL;
    for (size_t i = 0; i < hs->cfg->identity_count; i++) {
        hf_identity *identity = hs->cfg->identities[i];
        const hf_sigscheme *scheme = NULL;
        if (!usable(hs, identity, peer_schemes, &scheme))
            continue;
        unsigned r = rank(hs, identity, name, peer_schemes);
        if (hs->identity == NULL || r > *best) {
            hs->identity = identity;
            hs->scheme = scheme;
            *best = r;
        }
    }
}

/* The first DNS name of the default certificate, whose siblings of other key types are as good a
 * default; false when it has none. */
static bool default_name(const hf_handshake *hs, char name[256])
{
    hf_san_iter it;
    hf_san_type type;
    hf_bytes value;
    if (hf_conn_is_client(hs->conn) || hs->cfg->identity_count < 2)
        return false;
    hf_san_start(hf_identity_cert(hs->cfg->identities[0], 0), &it);
    while (hf_san_next(&it, &type, &value))
        if (type == HF_SAN_DNS && value.n < 256) {
            hf_copy(name, value.p, value.n);
            name[value.n] = '\0';
            return true;
        }
    return false;
}

static const char *why(const hf_handshake *hs, const char *name, unsigned best)
{
    if (name != NULL && best >= 2 * BY_NAME)
        return "it has the very name asked for, and the peer can check it";
    if (name != NULL && best >= BY_NAME)
        return "its wildcard covers the name asked for, and the peer can check it";
    if (name != NULL)
        return "none covers the name asked for: the default, or the first that the peer can check";
    if (hs->peer_authorities.n != 0 && (best & BY_AUTHORITY) != 0)
        return "it leads to an authority that the peer names";
    return "the default, or the first that the peer can check";
}

static void trace_identity(const hf_handshake *hs, const char *name, unsigned best)
{
    char names[HF_ERROR_TEXT];
    const hf_cert *leaf = hf_identity_cert(hs->identity, 0);
    if (hf_config_tracing(hs->cfg) == NULL)
        return;
    if (leaf->raw_public_key)
        snprintf(names, sizeof(names), "a raw public key, %s", hf_key_type_name(leaf->key_type));
    else
        hf_cert_names_text(leaf, names, sizeof(names));
    hf_trace_choice_text(hs->conn, "certificate", name, NULL, names, why(hs, name, best));
    if (hs->scheme == NULL)
        return;
    hf_trace_choice(hs->conn, "signature scheme",
                    hf_conn_is_client(hs->conn) ? hs->peer_schemes
                                                : hs->hello.extensions.signature_algorithms,
                    hf_buf_bytes(&hs->cfg->sigschemes_wire), hf_sigscheme_name, hs->scheme->name,
                    "the first of this side's that the peer accepts and the key can make");
}

static hf_status fail_identity(hf_handshake *hs, hf_bytes peer_schemes)
{
    char theirs[HF_ERROR_TEXT];
    bool fits = false, hidden = true;
    for (size_t i = 0; i < hs->cfg->identity_count; i++) {
        fits |= fitting_scheme(hs, hs->cfg->identities[i], peer_schemes) != NULL;
        hidden &= is_hidden(hs, hs->cfg->identities[i]);
    }
    if (hidden && hs->cfg->identity_count != 0)
        return hf_hs_fail(hs, HF_E_NO_COMMON_AUTHORITY, "certificate_authorities",
                          "an authority of one of this server's certificates, which are for those "
                          "alone that name one",
                          "%s", hs->peer_authorities.n == 0 ? "none" : "others");
    if (fits) /* then the curve does not */
        return hf_hs_fail(hs, HF_E_NO_COMMON_GROUP, "supported_groups",
                          "the curve of one of this server's certificates", "%s",
                          hf_names_text(hs->hello.extensions.supported_groups, hf_group_name,
                                        theirs, sizeof(theirs)));
    return hf_hs_fail(hs, HF_E_NO_COMMON_SIGNATURE, "signature_algorithms",
                      "a scheme that fits one of this side's certificates", "%s",
                      hf_names_text(peer_schemes, hf_sigscheme_name, theirs, sizeof(theirs)));
}

/* The best of the type hs->own_type, the default where none covers the name; true: there is one. */
static bool choose_of_type(hf_handshake *hs, const char *name, hf_bytes peer_schemes,
                           unsigned *rank_of_it)
{
    unsigned best = 0, of_default = 0;
    char text[256];
    choose(hs, name, peer_schemes, &best);
    bool covered = name != NULL && best >= BY_NAME;
    if (!covered && !(name != NULL && hs->cfg->known_names_only))
        choose(hs, default_name(hs, text) ? text : NULL, peer_schemes, &of_default);
    *rank_of_it = covered ? best : of_default % BY_NAME;
    return hs->identity != NULL;
}

/* A server goes by its types, best first, as far as the client takes them; a client's is agreed on
 * by then. */
static bool choose_in_order(hf_handshake *hs, const char *name, hf_bytes peer_schemes,
                            unsigned *rank_of_it)
{
    hf_bytes own = hf_config_own_types(hs->cfg), taken;
    if (hf_conn_is_client(hs->conn))
        return choose_of_type(hs, name, peer_schemes, rank_of_it);
    taken = hf_s_offered_own_types(hs);
    for (size_t i = 0; i < own.n; i++) {
        hs->own_type = own.p[i];
        if (memchr(taken.p, own.p[i], taken.n) != NULL &&
            choose_of_type(hs, name, peer_schemes, rank_of_it))
            return true;
    }
    return false;
}

static bool has_type_in_common(const hf_handshake *hs)
{
    hf_bytes own = hf_config_own_types(hs->cfg), taken = hf_s_offered_own_types(hs);
    for (size_t i = 0; i < own.n; i++)
        if (memchr(taken.p, own.p[i], taken.n) != NULL)
            return true;
    return hf_conn_is_client(hs->conn);
}

hf_status hf_hs_choose_identity(hf_handshake *hs, const char *name, hf_bytes peer_schemes)
{
    unsigned rank_of_it = 0;
    if (!has_type_in_common(hs))
        return hf_hs_fail_types(hs, "server_certificate_type", hf_config_own_types(hs->cfg),
                                hf_s_offered_own_types(hs));
    bool found = choose_in_order(hs, name, peer_schemes, &rank_of_it);
    if (name != NULL && rank_of_it < BY_NAME && hs->cfg->known_names_only)
        return hf_hs_fail(hs, HF_E_UNKNOWN_SERVER_NAME, "host_name",
                          "a name that one of this server's certificates covers", "%s", name);
    if (!found)
        return fail_identity(hs, peer_schemes);
    hs->conn->own_scheme = hs->scheme; /* what the copy below is of: that goes with the scratch */
    hs->conn->own_identity = hs->identity;
    trace_identity(hs, name, rank_of_it);
    if (hs->scheme == NULL)
        return HF_OK;
    if (is_12(hs))
        hs->scheme =
            hf_12_with_curve(hs, hs->scheme, hf_key_type_of(hf_identity_key(hs->identity)));
    return hs->scheme != NULL ? HF_OK : HF_E_OUT_OF_MEMORY;
}
