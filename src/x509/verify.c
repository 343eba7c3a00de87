/* verify.c: from a leaf to a trust anchor: path building with backtracking, and the checks that
 * need two neighbours. RFC 5280 section 6; RFC 4158 for the building. */
#include "base/bytes.h"
#include "base/der.h"
#include "base/error.h"
#include "crypto/key.h"
#include "x509/cert_parse.h"
#include "x509/constraints.h"
#include "x509/judge.h"
#include "x509/name.h"
#include "x509/policy.h"
#include "x509/revocation.h"
#include "x509/signature_cache.h"
#include "x509/store.h"
#include "x509/transparency.h"

#include <stdio.h>

#define PATH_MOST      ((unsigned)HF_PATH_MOST)
#define SIGNERS_NESTED 4U /* an authority that changed its key on each level needs one a level */

typedef struct step {
    const hf_cert *cert;
    bool from_store;
    bool computed;              /* its signature was, and `digest` is to be remembered */
    hf_signature_digest digest; /* with a cache only */
} step;

typedef struct search {
    const hf_verify_params *params;
    const hf_verify_report *report;
    const hf_cert *chain;
    size_t count;
    const hf_cert *only_anchor; /* a signer of lists must lead to this one; NULL: any */
    unsigned nested;            /* signers of lists of signers of lists */
    unsigned chain_length, signatures_left, steps_left, names_left;
    step path[PATH_MOST];
    unsigned path_number, top; /* of the present candidate: its number, the place of its last */
    bool dead_end;             /* the next candidate begins another path */
    hf_status fatal;           /* a limit or memory: the search is over */
    unsigned progress;         /* of the best failure */
    hf_status best;
    hf_error *e;
} search;

/* ---- telling ---- */

static const char *place(unsigned depth, bool from_store)
{
    static const char *const names[] = {"certificate 0 (the leaf)",  "certificate 1 of the path",
                                        "certificate 2 of the path", "certificate 3 of the path",
                                        "certificate 4 of the path", "certificate 5 of the path"};
    static const char *const trusted[] = {"certificate 0 (the leaf, of the trust store)",
                                          "certificate 1 of the path (of the trust store)",
                                          "certificate 2 of the path (of the trust store)",
                                          "certificate 3 of the path (of the trust store)"};
    if (from_store)
        return depth < 4 ? trusted[depth] : "a certificate of the trust store";
    return depth < 6 ? names[depth] : "a certificate of the path";
}

/* Progress ranks failures: the deeper and the later in the list of checks, the more promising the
 * path was. */
static void note_failure(search *s, const hf_check *k, unsigned stage)
{
    unsigned progress = k->depth * 64 + stage + 1;
    s->dead_end = true;
    if (progress <= s->progress && s->best != HF_OK)
        return;
    s->progress = progress;
    s->best = k->result;
    if (s->e == NULL)
        return;
    hf_fail(s->e, k->result, k->name, k->limit, "%s", k->value);
    if (k->result == HF_E_CERT_PROFILE) /* there are many such rules: which one it was */
        hf_error_expected(s->e, "%s (%s)", k->limit, k->section);
    s->e->message = place(k->depth, k->from_store);
    hf_name_text(k->cert->subject, s->e->subject, sizeof(s->e->subject));
}

static bool wants_text(const search *s, hf_status result)
{
    return s->report != NULL || (result != HF_OK && s->e != NULL);
}

/* The present candidate is done with: `check` of the certificate at `depth` failed, if any. */
static void tell_path(const search *s, hf_status result, const char *check, unsigned depth)
{
    if (s->report == NULL || s->report->path == NULL)
        return;
    hf_verify_path p = {.path = s->path_number,
                        .count = s->top + 1,
                        .anchored = s->path[s->top].from_store,
                        .result = result,
                        .check = check,
                        .depth = depth};
    for (unsigned i = 0; i < p.count; i++)
        p.certs[i] = s->path[i].cert;
    s->report->path(s->report->ctx, &p);
}

/* Reports a check and keeps it as the error when it failed. */
static bool settle(search *s, hf_check *k, unsigned depth, unsigned stage)
{
    k->path = s->path_number;
    k->depth = depth;
    k->cert = s->path[depth].cert;
    k->from_store = s->path[depth].from_store;
    if (s->report != NULL)
        s->report->check(s->report->ctx, k);
    if (k->result != HF_OK) {
        note_failure(s, k, stage);
        tell_path(s, k->result, k->name, depth);
    }
    return k->result == HF_OK;
}

static bool out_of(search *s, const char *what, unsigned limit)
{
    s->fatal = hf_fail(s->e, HF_E_PATH_BUDGET, what, NULL, "more");
    hf_error_expected(s->e, "at most %u for one verification", limit);
    tell_path(s, s->fatal, what, s->top);
    return false;
}

/* ---- checks of one certificate at its place ---- */

static unsigned cas_below(const search *s, unsigned depth)
{
    unsigned n = 0;
    for (unsigned i = 1; i < depth; i++)
        n += !s->path[i].cert->self_issued;
    return n;
}

static bool judge_rows(search *s, unsigned depth, const hf_judge_row *rows, size_t count,
                       unsigned first_stage)
{
    hf_judged j = {.params = s->params,
                   .cert = s->path[depth].cert,
                   .depth = depth,
                   .cas_below = cas_below(s, depth),
                   .anchor = s->path[depth].from_store};
    for (size_t i = 0; i < count; i++) {
        if (!(rows[i].who & (depth == 0 ? HF_WHO_LEAF : HF_WHO_CA)))
            continue;
        hf_status result = rows[i].judge(&j, NULL);
        if (result == HF_OK && s->report == NULL)
            continue;
        hf_check k = {.name = rows[i].name, .section = rows[i].section, .result = result};
        if (wants_text(s, result))
            rows[i].judge(&j, &k);
        if (!settle(s, &k, depth, first_stage + (unsigned)i))
            return false;
    }
    return true;
}

static bool judge_certificate(search *s, unsigned depth)
{
    if (!judge_rows(s, depth, hf_judge_rows, hf_judge_row_count, 0))
        return false;
    return s->params->profile == HF_PROFILE_TLS ||
           judge_rows(s, depth, hf_profile_rows, hf_profile_row_count, 16);
}

/* ---- checks between neighbours ---- */

enum { STAGE_UNTRUSTED = 0, STAGE_LENGTH = 1, STAGE_NAMES = 40, STAGE_ALGORITHM, STAGE_SIGNATURE };

/* The name constraints of the certificate at `depth` over all below; a self-issued one in between
 * is exempt (RFC 5280 section 6.1.3 (b)). */
static bool judge_constraints(search *s, unsigned depth)
{
    const hf_cert *ca = s->path[depth].cert;
    hf_constraint_finding f = {{0}, {0}};
    hf_check k = {.name = "nameConstraints", .section = "RFC 5280 section 4.2.1.10"};
    if (ca->name_constraints.p == NULL)
        return true;
    k.result = hf_constraints_valid(ca, s->params->profile != HF_PROFILE_TLS, &f);
    for (unsigned i = 0; i < depth && k.result == HF_OK; i++)
        if (i == 0 || !s->path[i].cert->self_issued)
            k.result = hf_constraints_check(ca, s->path[i].cert, &s->names_left, &f);
    if (k.result == HF_E_PATH_BUDGET)
        return out_of(s, "names compared with constraints", s->params->limits.name_comparisons);
    memcpy(k.value, f.name, sizeof(k.value));
    memcpy(k.limit, f.constraint, sizeof(k.limit));
    if (k.result == HF_OK) {
        hf_judge_value(&k, "every name below is within its constraints");
        hf_judge_limit(&k, "permitted, and not excluded");
    }
    return settle(s, &k, depth, STAGE_NAMES);
}

/* Is the signature on the certificate at `depth` of a kind that still means something? */
static bool judge_algorithm(search *s, unsigned depth)
{
    const hf_cert *c = s->path[depth].cert;
    hf_check k = {.name = "signatureAlgorithm", .section = "RFC 5280 section 4.1.1.2"};
    k.result = c->signed_with == NULL ? HF_E_CERT_ALGORITHM : HF_OK;
    if (wants_text(s, k.result)) {
        hf_judge_value(&k, "%s", c->signed_with_name);
        hf_judge_limit(&k, "RSA, ECDSA or EdDSA with SHA-256, SHA-384 or SHA-512");
    }
    return settle(s, &k, depth, STAGE_ALGORITHM);
}

/* The signature on the certificate at `depth`, by the key of the one above. */
static hf_status check_signature(const hf_cert *c, const hf_cert *issuer)
{
    hf_pubkey key;
    hf_status result = hf_pubkey_read(issuer->spki, &key);
    if (result != HF_OK)
        return result;
    result = hf_pubkey_verify_cert(&key, c->signed_with, c->tbs, c->signature);
    hf_pubkey_clear(&key);
    return result;
}

/* Was the signature at `depth` found good before? If not, its digest is kept for later. */
static bool remembered(search *s, unsigned depth)
{
    step *at = &s->path[depth];
    const hf_signature_cache *cache = s->params->signatures;
    at->computed = false;
    if (cache == NULL ||
        !hf_signature_digest_of(at->cert->tbs, at->cert->signed_with, at->cert->signature,
                                s->path[depth + 1].cert->spki, &at->digest))
        return false;
    at->computed = !hf_signature_cache_has(cache, &at->digest);
    return !at->computed;
}

/* Only an accepted path's signatures: what nobody trusts must not push out what others need. */
static void remember_path(const search *s)
{
    for (unsigned i = 0; s->params->signatures != NULL && !s->path[i].from_store; i++)
        if (s->path[i].computed)
            hf_signature_cache_put(s->params->signatures, &s->path[i].digest);
}

static bool judge_signature(search *s, unsigned depth)
{
    const hf_cert *c = s->path[depth].cert, *issuer = s->path[depth + 1].cert;
    hf_check k = {.name = "signature", .section = "RFC 5280 section 6.1.3"};
    const bool known = remembered(s, depth);
    if (!known && s->signatures_left == 0)
        return out_of(s, "signature checks", s->params->limits.signature_checks);
    s->signatures_left -= !known;
    hf_status result = known ? HF_OK : check_signature(c, issuer);
    if (result == HF_E_OUT_OF_MEMORY) {
        s->fatal = hf_fail(s->e, result, NULL, NULL, NULL);
        return false;
    }
    if (wants_text(s, result)) {
        char name[HF_ERROR_TEXT / 2];
        hf_name_text(issuer->subject, name, sizeof(name));
        hf_judge_value(&k, "%s%s", c->signed_with_name,
                       known                                ? ", verified before"
                       : result == HF_OK                    ? ""
                       : result == HF_E_BAD_SIGNATURE       ? ", which does not verify"
                       : result == HF_E_SCHEME_KEY_MISMATCH ? ", which this key cannot make"
                                                            : ", but the key cannot be read");
        hf_judge_limit(&k, "a signature by the %s key of \"%s\"",
                       hf_key_type_name(issuer->key_type), name);
    }
    k.result = result == HF_OK ? HF_OK : HF_E_CERT_BAD_SIGNATURE;
    return settle(s, &k, depth, 64 + STAGE_SIGNATURE); /* as far as the issuer's own checks */
}

/* The whole path, once it stands: what authorities demand of the policies below them. */
static bool judge_policies(search *s, unsigned depth)
{
    const hf_cert *certs[PATH_MOST];
    hf_check k = {.name = "certificatePolicies", .section = "RFC 5280 section 6.1"};
    for (unsigned i = 0; i < depth; i++)
        certs[i] = s->path[i].cert;
    k.result = hf_policies_check(certs, depth, &s->params->policies, NULL);
    if (wants_text(s, k.result))
        hf_policies_check(certs, depth, &s->params->policies, &k);
    return settle(s, &k, 0, depth * 64 + 63);
}

/* ---- revocation, once the path stands ---- */

static bool search_path(search *s, const hf_cert *leaf);

static hf_status lend_signature(void *ctx, hf_bytes spki, const hf_sigscheme *scheme, hf_bytes tbs,
                                hf_bytes signature)
{
    search *s = ctx;
    hf_pubkey key;
    if (s->signatures_left == 0) {
        out_of(s, "signature checks", s->params->limits.signature_checks);
        return HF_E_PATH_BUDGET;
    }
    s->signatures_left--;
    hf_status result = hf_pubkey_read(spki, &key);
    if (result != HF_OK)
        return result;
    result = hf_pubkey_verify_cert(&key, scheme, tbs, signature);
    hf_pubkey_clear(&key);
    return result;
}

/* The peer's certificates first, then the store's; `*at` counts through both. */
static const hf_cert *lend_certificate(void *ctx, hf_bytes subject, size_t *at)
{
    const search *s = ctx;
    while (*at < s->count) {
        const hf_cert *c = &s->chain[(*at)++];
        if (hf_name_equal(c->subject, subject))
            return c;
    }
    size_t in_store = *at - s->count;
    const hf_cert *c = hf_store_next(s->params->store, subject, hf_name_hash(subject), &in_store);
    *at = s->count + in_store;
    return c;
}

/* Another certificate of the authority's own: it must itself be good, revocation included, on a
 * path to the same anchor. What it costs comes out of the same budget. */
static hf_status lend_search(void *ctx, const hf_cert *signer)
{
    search *outer = ctx;
    if (outer->nested == SIGNERS_NESTED)
        return HF_E_CERT_UNTRUSTED;
    /* what is asked of the leaf is not asked of the signer: it would make lists count for nothing
     */
    hf_verify_params p = *outer->params;
    p.host = p.email = NULL;
    p.purpose = HF_PURPOSE_ANY;
    p.key_usage = HF_KEY_USAGE_cRLSign;
    p.policies = (hf_policy_inputs){.initial = NULL};
    p.profile = HF_PROFILE_TLS;
    p.ocsp = (hf_bytes){NULL, 0};
    p.ct_logs = NULL;
    if (p.revocation == HF_REVOCATION_HARD_FAIL_LEAF)
        p.revocation = HF_REVOCATION_SOFT_FAIL;
    search s = {.params = &p,
                .chain = outer->chain,
                .count = outer->count,
                .chain_length = outer->chain_length,
                .only_anchor = outer->only_anchor,
                .nested = outer->nested + 1,
                .signatures_left = outer->signatures_left,
                .steps_left = outer->steps_left,
                .names_left = outer->names_left};
    for (unsigned i = 0; s.only_anchor == NULL; i++)
        if (outer->path[i].from_store)
            s.only_anchor = outer->path[i].cert;
    bool found = search_path(&s, signer);
    outer->signatures_left = s.signatures_left;
    outer->steps_left = s.steps_left;
    outer->names_left = s.names_left;
    if (s.fatal != HF_OK)
        return s.fatal;
    return found ? HF_OK : HF_E_CERT_UNTRUSTED;
}

/* From the anchor's side down: whoever speaks about a certificate has been judged before. */
static bool judge_revocation(search *s, unsigned anchor)
{
    const hf_revocation_help help = {s, lend_signature, lend_certificate, lend_search};
    for (unsigned depth = anchor; depth-- > 0;) {
        hf_check k = {.name = "revocation", .section = "RFC 5280 section 6.3"};
        bool told;
        hf_status result = hf_revocation_judge(s->params, &help, s->path[depth].cert,
                                               s->path[depth + 1].cert, depth == 0, &k, &told);
        if (result == HF_E_OUT_OF_MEMORY)
            hf_fail(s->e, result, NULL, NULL, NULL);
        if (result == HF_E_OUT_OF_MEMORY || result == HF_E_PATH_BUDGET) {
            s->fatal = result;
            return false;
        }
        if (told && !settle(s, &k, depth, anchor * 64 + 62))
            return false;
    }
    return true;
}

/* ---- transparency, of the end entity ---- */

/* One timestamp: no reason to leave the path, and no failure to be ranked. */
static void tell_timestamp(void *ctx, hf_check *k)
{
    search *s = ctx;
    k->path = s->path_number;
    k->depth = 0;
    k->cert = s->path[0].cert;
    k->from_store = s->path[0].from_store;
    s->report->check(s->report->ctx, k);
}

static bool judge_transparency(search *s, unsigned anchor)
{
    const hf_cert *leaf = s->path[0].cert;
    const hf_cert *issuer = anchor > 0 ? s->path[1].cert : leaf->self_issued ? leaf : NULL;
    const hf_transparency_help help = {s, lend_signature,
                                       s->report != NULL ? tell_timestamp : NULL};
    hf_check k = {.name = "certificateTransparency", .section = "RFC 6962 section 3"};
    if (s->params->ct_logs == NULL)
        return true;
    hf_status result = hf_transparency_judge(s->params, &help, leaf, issuer, &k);
    if (result == HF_E_OUT_OF_MEMORY)
        hf_fail(s->e, result, NULL, NULL, NULL);
    if (result == HF_E_OUT_OF_MEMORY || result == HF_E_PATH_BUDGET) {
        s->fatal = result;
        return false;
    }
    if (!s->params->ct_policy.optional)
        return settle(s, &k, 0, anchor * 64 + 63);
    k.advisory = true;
    if (s->report != NULL)
        tell_timestamp(s, &k);
    return true;
}

/* ---- building ---- */

static bool extend(search *s, unsigned depth);

/* The same certificate, or the same name with the same key, twice is a loop. */
static bool is_loop(const search *s, unsigned depth, const hf_cert *c)
{
    for (unsigned i = 0; i <= depth; i++) {
        const hf_cert *p = s->path[i].cert;
        if (hf_bytes_equal(p->der, c->der) ||
            (hf_bytes_equal(p->spki, c->spki) && hf_name_equal(p->subject, c->subject)))
            return true;
    }
    return false;
}

static bool too_long(search *s, unsigned depth)
{
    unsigned certificates = cas_below(s, depth) + 2;
    if (certificates <= s->chain_length && depth < PATH_MOST)
        return false;
    hf_check k = {
        .name = "path length", .section = "RFC 5280 section 6.1", .result = HF_E_CHAIN_TOO_LONG};
    hf_judge_value(&k, "the path is longer");
    hf_judge_limit(&k, "a path of at most %u certificates", s->chain_length);
    settle(s, &k, depth - 1, 64 + STAGE_LENGTH);
    return true;
}

static bool try_issuer(search *s, unsigned depth, const hf_cert *issuer, bool from_store)
{
    if (s->dead_end)
        s->path_number++;
    s->dead_end = false;
    s->top = depth;
    if (s->steps_left == 0)
        return out_of(s, "path steps", s->params->limits.path_steps);
    s->steps_left--;
    if (depth + 1 >= PATH_MOST) {
        too_long(s, depth + 1);
        return false;
    }
    s->path[depth + 1] = (step){.cert = issuer, .from_store = from_store};
    s->top = depth + 1;
    return !too_long(s, depth + 1) && judge_certificate(s, depth + 1) &&
           judge_constraints(s, depth + 1) && judge_signature(s, depth) && extend(s, depth + 1);
}

/* ---- which issuer first ----
 *
 * Nothing here refuses: it orders. What is likeliest to lead to an accepted path, at the least
 * cost, comes first, so that the budget is spent on it: a certificate whose key identifier is
 * another one goes after all others, an expired one after all that are current; then anchors, which
 * end the path; then those whose identifier is the one that is asked for; then those whose own
 * issuer is an anchor. */
enum {
    RANK_FAR = 1 << 0,
    RANK_UNNAMED = 1 << 1, /* one of the two key identifiers is missing */
    RANK_UNTRUSTED = 1 << 2,
    RANK_NOT_CURRENT = 1 << 3,
    RANK_OTHER_KEY = 1 << 4,
    RANKS = 1 << 5,
    RANK_NONE = RANKS, /* no candidate */
};

static bool near_anchor(const search *s, const hf_cert *c)
{
    size_t at = 0;
    return hf_store_next(s->params->store, c->issuer, hf_name_hash(c->issuer), &at) != NULL;
}

static unsigned rank(const search *s, const hf_cert *c, const hf_cert *issuer, bool from_store)
{
    hf_bytes a = hf_cert_key_identifier(c->authority_key_id, true);
    hf_bytes b = hf_cert_key_identifier(issuer->subject_key_id, false);
    int64_t at = s->params->at_s;
    unsigned r = 0;
    if (a.p == NULL || b.p == NULL)
        r |= RANK_UNNAMED;
    else if (!hf_bytes_equal(a, b))
        r |= RANK_OTHER_KEY;
    if (at < issuer->not_before_s || at > issuer->not_after_s)
        r |= RANK_NOT_CURRENT;
    if (!from_store)
        r |= RANK_UNTRUSTED | (near_anchor(s, issuer) ? 0U : (unsigned)RANK_FAR);
    return r;
}

/* The ranks of the peer's first certificates as issuers of one; what a list has beyond them is not
 * ranked, and tried last. */
#define RANKED 128U
typedef struct candidates {
    const hf_cert *of;
    uint64_t issuer_hash;
    uint32_t present; /* bit n: there is one of rank n */
    uint8_t rank[RANKED];
} candidates;

static bool is_candidate(const search *s, unsigned depth, const hf_cert *issuer)
{
    return hf_name_equal(s->path[depth].cert->issuer, issuer->subject) &&
           !is_loop(s, depth, issuer) &&
           hf_store_find(s->params->store, issuer->der, issuer->subject) == NULL;
}

/* Lists name certificates twice; once is enough to try. */
static bool listed_before(const search *s, const candidates *k, size_t i)
{
    for (size_t j = 1; j < i; j++)
        if (k->rank[j] == k->rank[i] && hf_bytes_equal(s->chain[j].der, s->chain[i].der))
            return true;
    return false;
}

static void find_candidates(const search *s, unsigned depth, candidates *k)
{
    const hf_cert *c = s->path[depth].cert, *issuer;
    size_t at = 0;
    k->of = c;
    k->issuer_hash = hf_name_hash(c->issuer);
    k->present = 0;
    while ((issuer = hf_store_next(s->params->store, c->issuer, k->issuer_hash, &at)) != NULL)
        if (!is_loop(s, depth, issuer))
            k->present |= 1U << rank(s, c, issuer, true);
    for (size_t i = 1; i < s->count && i < RANKED; i++) {
        k->rank[i] = RANK_NONE;
        if (!is_candidate(s, depth, &s->chain[i]))
            continue;
        k->rank[i] = (uint8_t)rank(s, c, &s->chain[i], false);
        if (listed_before(s, k, i))
            k->rank[i] = RANK_NONE;
        else
            k->present |= 1U << k->rank[i];
    }
}

static bool try_store(search *s, unsigned depth, const candidates *k, unsigned wanted,
                      unsigned *tried)
{
    const hf_cert *issuer;
    size_t at = 0;
    if ((wanted & RANK_UNTRUSTED) != 0)
        return false;
    while (s->fatal == HF_OK &&
           (issuer = hf_store_next(s->params->store, k->of->issuer, k->issuer_hash, &at)) != NULL) {
        if (rank(s, k->of, issuer, true) != wanted || is_loop(s, depth, issuer))
            continue;
        ++*tried;
        if (try_issuer(s, depth, issuer, true))
            return true;
    }
    return false;
}

static bool try_chain(search *s, unsigned depth, const candidates *k, unsigned wanted,
                      unsigned *tried)
{
    for (size_t i = 1; i < s->count && i < RANKED && s->fatal == HF_OK; i++) {
        if (k->rank[i] != wanted)
            continue;
        ++*tried;
        if (try_issuer(s, depth, &s->chain[i], false))
            return true;
    }
    return false;
}

static bool try_rest(search *s, unsigned depth, unsigned *tried)
{
    for (size_t i = RANKED; i < s->count && s->fatal == HF_OK; i++) {
        if (!is_candidate(s, depth, &s->chain[i]))
            continue;
        ++*tried;
        if (try_issuer(s, depth, &s->chain[i], false))
            return true;
    }
    return false;
}

static void tell_untrusted(search *s, unsigned depth)
{
    const hf_cert *c = s->path[depth].cert;
    hf_check k = {
        .name = "issuer", .section = "RFC 5280 section 6.1", .result = HF_E_CERT_UNTRUSTED};
    char name[HF_ERROR_TEXT / 2];
    size_t anchors = hf_store_count(s->params->store);
    hf_name_text(c->issuer, name, sizeof(name));
    hf_judge_limit(&k, "\"%s\" in the trust store, or a way to it", name);
    if (c->self_issued)
        hf_judge_value(&k, "it is self-signed and not among the %zu trusted certificates", anchors);
    else if (anchors == 0)
        hf_judge_value(&k, "the trust store is empty");
    else
        hf_judge_value(&k,
                       "none of the %zu trusted certificates has that name, nor any that the "
                       "peer sent",
                       anchors);
    settle(s, &k, depth, 64 + STAGE_UNTRUSTED);
}

/* What ranks first of all, an anchor with the name and the key that are asked for and current, is
 * found by its key's identifier, with no look at the others. */
static bool try_likeliest(search *s, unsigned depth, unsigned *tried)
{
    const hf_cert *c = s->path[depth].cert, *issuer;
    hf_bytes wanted = hf_cert_key_identifier(c->authority_key_id, true);
    size_t at = 0;
    if (wanted.p == NULL)
        return false;
    while (s->fatal == HF_OK &&
           (issuer = hf_store_by_key_id(s->params->store, wanted, &at)) != NULL) {
        if (!hf_name_equal(issuer->subject, c->issuer) || rank(s, c, issuer, true) != 0 ||
            is_loop(s, depth, issuer))
            continue;
        ++*tried;
        if (try_issuer(s, depth, issuer, true))
            return true;
    }
    return false;
}

static bool is_wanted_anchor(const search *s, const hf_cert *anchor)
{
    return s->only_anchor == NULL || s->only_anchor == anchor;
}

/* The path stands up to `depth`: is it at an anchor, or is there an issuer that leads to one? */
static bool extend(search *s, unsigned depth)
{
    unsigned tried = 0;
    if (s->path[depth].from_store)
        return is_wanted_anchor(s, s->path[depth].cert) && judge_policies(s, depth) &&
               judge_revocation(s, depth) && judge_transparency(s, depth);
    if (!judge_algorithm(s, depth))
        return false;
    if (try_likeliest(s, depth, &tried))
        return true;
    candidates k;
    find_candidates(s, depth, &k);
    for (unsigned wanted = 1; wanted < RANKS; wanted++)
        if ((k.present >> wanted & 1) != 0 &&
            (try_store(s, depth, &k, wanted, &tried) || try_chain(s, depth, &k, wanted, &tried)))
            return true;
    if (try_rest(s, depth, &tried))
        return true;
    if (tried == 0 && s->fatal == HF_OK)
        tell_untrusted(s, depth);
    return false;
}

static size_t path_size(const search *s)
{
    size_t n = 1;
    while (!s->path[n - 1].from_store)
        n++;
    return n;
}

static bool search_path(search *s, const hf_cert *leaf)
{
    s->path[0].cert = leaf;
    s->path[0].from_store = hf_store_find(s->params->store, leaf->der, leaf->subject) != NULL;
    return judge_certificate(s, 0) && extend(s, 0);
}

static unsigned limit_or(unsigned limit, unsigned otherwise)
{
    return limit != 0 ? limit : otherwise;
}

hf_status hf_verify_chain(const hf_cert *chain, size_t count, const hf_verify_params *params,
                          const hf_verify_report *report, const hf_cert **path, size_t *path_len,
                          hf_error *e)
{
    if (count == 0 || params->store == NULL)
        return hf_fail(e, HF_E_BAD_ARGUMENT, count == 0 ? "count" : "store",
                       count == 0 ? "at least one certificate" : "a trust store", "none");
    hf_verify_params p = *params;
    p.limits.chain_length = limit_or(p.limits.chain_length, 10);
    p.limits.signature_checks = limit_or(p.limits.signature_checks, 100);
    p.limits.path_steps = limit_or(p.limits.path_steps, 1000);
    p.limits.name_comparisons = limit_or(p.limits.name_comparisons, 250000);
    search s = {.params = &p,
                .report = report,
                .chain = chain,
                .count = count,
                .chain_length = p.limits.chain_length,
                .signatures_left = p.limits.signature_checks,
                .steps_left = p.limits.path_steps,
                .names_left = p.limits.name_comparisons,
                .e = e};
    if (!search_path(&s, &chain[0]))
        return s.fatal != HF_OK ? s.fatal : s.best;
    remember_path(&s);
    tell_path(&s, HF_OK, NULL, s.top);
    size_t n = path_size(&s);
    for (size_t i = 0; path != NULL && path_len != NULL && i < n && i < *path_len; i++)
        path[i] = s.path[i].cert;
    if (path_len != NULL && (path == NULL || n < *path_len))
        *path_len = n;
    return HF_OK;
}
