/* revocation.c: has this certificate been revoked? What counts, what it says, and what the policy
 * makes of it. RFC 5280 section 6.3. */
#include "x509/revocation.h"

#include "base/bytes.h"
#include "base/der.h"
#include "x509/crl.h"
#include "x509/judge.h"
#include "x509/name.h"
#include "x509/ocsp.h"
#include "x509/oid.h"

#define OID_OCSP_SIGNING "\x2b\x06\x01\x05\x05\x07\x03\x09"
#define OID_OCSP_NOCHECK "\x2b\x06\x01\x05\x05\x07\x30\x01\x05"
#define DELEGATES_TRIED  4U

/* What is known so far. */
typedef struct finding {
    uint16_t reasons;   /* that lists which count have covered, the certificate not being there */
    bool revoked, good; /* good: all reasons are covered, or a response says so */
    hf_crl_entry entry; /* revoked: when and why */
    int64_t since_s;    /* of the list or response */
    const char *source; /* "list", "OCSP response" */
    const char *why;    /* the last one that did not count: why not; NULL when there was none */
    size_t seen;        /* lists and responses about the certificate */
} finding;

static bool is_fatal(hf_status s)
{
    return s == HF_E_PATH_BUDGET || s == HF_E_OUT_OF_MEMORY;
}

/* ---- lists ---- */

static bool may_sign_lists(const hf_cert *c)
{
    return !c->has_key_usage || (c->key_usage & HF_KEY_USAGE_cRLSign) != 0;
}

/* Signed by the key that issued the certificate, or by another key of the same authority, whose
 * certificate leads to the same anchor (section 6.3.3 (f)). */
static hf_status check_signer(const hf_revocation_help *help, const hf_crl *crl,
                              const hf_cert *issuer, const char **why)
{
    *why = "its signature is not its issuer's";
    if (may_sign_lists(issuer)) {
        hf_status s =
            help->verify(help->ctx, issuer->spki, crl->signed_with, crl->tbs, crl->signature);
        if (s == HF_OK || is_fatal(s))
            return s;
    } else {
        *why = "its issuer may not sign lists (keyUsage without cRLSign)";
    }
    const hf_cert *c;
    for (size_t at = 0; (c = help->next(help->ctx, crl->issuer, &at)) != NULL;) {
        if (hf_bytes_equal(c->spki, issuer->spki) || !may_sign_lists(c) || !c->has_key_usage)
            continue;
        hf_status s = help->verify(help->ctx, c->spki, crl->signed_with, crl->tbs, crl->signature);
        if (s == HF_OK) {
            *why =
                "the certificate of who signed it is not good itself, or leads to another anchor";
            s = help->leads_to_anchor(help->ctx, c);
        }
        if (s == HF_OK || is_fatal(s))
            return s;
    }
    return HF_E_BAD_SIGNATURE;
}

/* What keeps an authentic list from being believed when it does not name the certificate; NULL when
 * nothing does. That it names the certificate is believed all the same. */
static const char *not_current(const hf_crl *crl, const hf_verify_params *p)
{
    if (crl->this_update_s > p->at_s)
        return "it is from the future";
    if (!crl->has_next_update)
        return "it does not say until when it is valid";
    if (crl->next_update_s < p->at_s)
        return "a newer one was due before now";
    if (p->profile == HF_PROFILE_TLS)
        return NULL;
    if (crl->number.p == NULL)
        return "it has no cRLNumber (RFC 5280 section 5.2.3)";
    return (crl->critical & HF_CRL_cRLNumber) != 0
               ? "its cRLNumber is critical (RFC 5280 section 5.2.3)"
               : NULL;
}

static hf_status consult_list(const hf_verify_params *p, const hf_revocation_help *help,
                              const hf_crl *crl, size_t list, const hf_cert *cert,
                              const hf_cert *issuer, finding *f)
{
    const char *why;
    uint16_t covers = hf_crl_covers(crl, cert);
    if (covers == 0)
        return HF_OK;
    f->seen++;
    if (crl->signed_with == NULL) {
        f->why = "it is signed by an algorithm that is unknown or no longer safe";
        return HF_OK;
    }
    hf_status s = check_signer(help, crl, issuer, &why);
    if (s != HF_OK) {
        f->why = why;
        return is_fatal(s) ? s : HF_OK;
    }
    why = not_current(crl, p);
    if (crl->unknown_critical.p != NULL) {
        f->why = "it has a critical extension that handfast does not process";
    } else if (hf_crls_find(p->crls, list, cert->serial, &f->entry) &&
               crl->this_update_s <= p->at_s && (why == NULL || f->entry.reason != 6)) {
        f->revoked = true; /* an old list's hold (6) may have been lifted; nothing else can be */
        f->since_s = crl->this_update_s;
    } else if (why != NULL) {
        f->why = why;
    } else {
        f->reasons |= covers;
        f->since_s = crl->this_update_s;
    }
    f->source = "revocation list";
    return HF_OK;
}

static hf_status consult_lists(const hf_verify_params *p, const hf_revocation_help *help,
                               const hf_cert *cert, const hf_cert *issuer, finding *f)
{
    const hf_crl *crl;
    size_t list;
    uint64_t hash = hf_name_hash(cert->issuer);
    for (size_t at = 0;
         !f->revoked && (crl = hf_crls_next(p->crls, cert->issuer, hash, &at, &list)) != NULL;) {
        hf_status s = consult_list(p, help, crl, list, cert, issuer, f);
        if (s != HF_OK)
            return s;
    }
    f->good |= f->reasons == HF_CRL_ALL_REASONS;
    return HF_OK;
}

/* ---- stapled responses: RFC 6960 section 3.2 ---- */

#define CLOCKS_APART_S 300 /* a responder's clock and ours */

/* The extensions of a delegate's certificate that are not known elsewhere. */
typedef struct delegate_extensions {
    bool nocheck; /* id-pkix-ocsp-nocheck (section 4.2.2.2.1): the delegate's life is so short that
                     nobody need ask whether it was revoked */
    bool unknown_critical;
} delegate_extensions;

static delegate_extensions read_delegate_extensions(const hf_cert *c)
{
    delegate_extensions found = {false, false};
    hf_reader list, ext;
    hf_reader_init(&list, c->extensions, NULL);
    while (hf_reader_more(&list)) {
        hf_der_enter(&list, &ext, HF_DER_SEQUENCE, "Extension");
        hf_bytes oid = hf_der_oid(&ext, "extnID");
        bool critical = hf_der_peek(&ext) == HF_DER_BOOLEAN;
        if (HF_OID_IS(oid, OID_OCSP_NOCHECK))
            found.nocheck = true;
        else if (critical && hf_oid_extension_find(oid) == NULL)
            found.unknown_critical = true;
        ext.at = ext.n; /* what else it says was read when the certificate was */
        hf_reader_done(&ext);
    }
    return found;
}

/* By the lists that are at hand. Where none speaks of the delegate its word is taken: most
 * authorities list none of theirs. */
static hf_status check_delegate(const hf_verify_params *p, const hf_revocation_help *help,
                                const hf_cert *delegate, const hf_cert *issuer, const char **why)
{
    finding f = {.why = NULL};
    if (p->crls == NULL || read_delegate_extensions(delegate).nocheck)
        return HF_OK;
    hf_status s = consult_lists(p, help, delegate, issuer, &f);
    if (s != HF_OK || !f.revoked)
        return s;
    *why = "the certificate of the responder that signed it was revoked";
    return HF_E_CERT_REVOKED;
}

/* Made for signing responses, by the issuer itself (section 4.2.2.2), and as good as any
 * certificate has to be. */
static bool is_delegate(const hf_cert *c, const hf_cert *issuer, const hf_verify_params *p)
{
    bool for_ocsp =
        hf_judge_has_purpose(c, hf_bytes_of(OID_OCSP_SIGNING, sizeof(OID_OCSP_SIGNING) - 1));
    return for_ocsp && hf_name_equal(c->issuer, issuer->subject) && c->not_before_s <= p->at_s &&
           p->at_s <= c->not_after_s && c->signed_with != NULL && hf_judge_key_is_safe(c) &&
           hf_judge_all_processed(c) && !read_delegate_extensions(c).unknown_critical &&
           (!c->has_key_usage || (c->key_usage & HF_KEY_USAGE_digitalSignature) != 0);
}

/* By the issuer itself, or by whom it delegated that to. */
static hf_status check_responder(const hf_verify_params *p, const hf_revocation_help *help,
                                 const hf_ocsp *o, const hf_cert *issuer, const char **why)
{
    *why = "its signature is not that of the issuer, nor of a responder that the issuer named";
    if (hf_ocsp_names(o, issuer))
        return help->verify(help->ctx, issuer->spki, o->signed_with, o->tbs, o->signature);
    hf_bytes rest = o->certs, der;
    for (unsigned i = 0; i < DELEGATES_TRIED && hf_ocsp_next_cert(&rest, &der); i++) {
        hf_cert c;
        if (hf_cert_parse(der, &c, NULL) != HF_OK || !hf_ocsp_names(o, &c) ||
            !is_delegate(&c, issuer, p))
            continue;
        hf_status s = help->verify(help->ctx, issuer->spki, c.signed_with, c.tbs, c.signature);
        if (s == HF_OK)
            s = help->verify(help->ctx, c.spki, o->signed_with, o->tbs, o->signature);
        if (s == HF_OK)
            s = check_delegate(p, help, &c, issuer, why);
        if (s == HF_OK || is_fatal(s))
            return s;
    }
    return HF_E_BAD_SIGNATURE;
}

static const char *why_not_now(const hf_ocsp_single *one, int64_t at_s)
{
    if (one->this_update_s > at_s + CLOCKS_APART_S)
        return "it is from the future";
    if (!one->has_next_update)
        return "it does not say until when it is valid";
    if (one->next_update_s < at_s - CLOCKS_APART_S)
        return "a newer one was due before now";
    return one->unknown_critical ? "it has a critical extension that handfast does not process"
                                 : NULL;
}

/* Of all that the response says about the certificate what weighs most, when it is of now: that it
 * is revoked, then that it is good. Why it does not count, or NULL. */
static const char *choose_single(const hf_ocsp *o, const hf_cert *cert, const hf_cert *issuer,
                                 int64_t at_s, hf_ocsp_single *chosen)
{
    static const unsigned weights[] = {
        [HF_OCSP_UNKNOWN] = 2, [HF_OCSP_GOOD] = 3, [HF_OCSP_REVOKED] = 4};
    const char *why = "the stapled response is about another certificate";
    hf_bytes rest = o->responses;
    hf_ocsp_single one;
    unsigned heaviest = 0;
    while (hf_ocsp_next(&rest, &one)) {
        if (!hf_ocsp_is_about(&one, cert, issuer))
            continue;
        const char *not_now = why_not_now(&one, at_s);
        unsigned weight = not_now != NULL ? 1 : weights[one.status];
        if (weight <= heaviest)
            continue;
        heaviest = weight;
        *chosen = one;
        why = not_now;
    }
    return why;
}

static void take_single(const hf_ocsp_single *one, finding *f)
{
    if (one->status == HF_OCSP_UNKNOWN) {
        f->why = "the responder does not know the certificate";
        return;
    }
    f->source = "OCSP response";
    f->since_s = one->this_update_s;
    f->good = one->status == HF_OCSP_GOOD;
    f->revoked = one->status == HF_OCSP_REVOKED;
    f->entry = (hf_crl_entry){one->serial, one->revoked_s, one->reason};
}

static hf_status consult_response(const hf_verify_params *p, const hf_revocation_help *help,
                                  const hf_cert *cert, const hf_cert *issuer, finding *f)
{
    hf_ocsp o;
    hf_ocsp_single one = {.status = HF_OCSP_UNKNOWN};
    const char *why = NULL;
    f->seen++;
    if (hf_ocsp_parse(p->ocsp, &o, NULL) != HF_OK)
        why = "the stapled response is not well-formed";
    else if (o.status != 0)
        why = "the responder answered with an error";
    else if (o.signed_with == NULL)
        why = "it is signed by an algorithm that is unknown or no longer safe";
    else if (o.unknown_critical)
        why = "it has a critical extension that handfast does not process";
    else
        why = choose_single(&o, cert, issuer, p->at_s, &one);
    hf_status s = why == NULL ? check_responder(p, help, &o, issuer, &why) : HF_E_BAD_SIGNATURE;
    if (s == HF_OK)
        take_single(&one, f);
    else
        f->why = why;
    return is_fatal(s) ? s : HF_OK;
}

/* ---- the verdict ---- */

static bool is_demanded(const hf_verify_params *p, bool leaf)
{
    return p->revocation == HF_REVOCATION_HARD_FAIL ||
           (leaf && p->revocation == HF_REVOCATION_HARD_FAIL_LEAF);
}

static void tell(const finding *f, bool demanded, hf_check *k)
{
    hf_text t;
    hf_text_init(&t, k->value, sizeof(k->value));
    hf_judge_limit(k, "%s",
                   demanded ? "a current list or response that counts says that it is not revoked"
                            : "nothing that counts says that it is revoked");
    if (f->revoked) {
        hf_text_add(&t, "revoked on ");
        hf_text_add_time(&t, f->entry.revoked_s);
        hf_text_addf(&t, " (%s), says the %s of ", hf_crl_reason_name(f->entry.reason), f->source);
        hf_text_add_time(&t, f->since_s);
    } else if (f->good) {
        hf_text_addf(&t, "not revoked, says the %s of ", f->source);
        hf_text_add_time(&t, f->since_s);
    } else if (f->reasons != 0) {
        hf_text_add(&t, "the lists that count do not cover all reasons");
    } else if (f->seen == 0) {
        hf_text_add(&t, "nothing about this certificate was given");
    } else {
        hf_text_addf(&t, "of %zu about it none counts: %s", f->seen, f->why);
    }
    hf_text_mark_cut(&t);
}

hf_status hf_revocation_judge(const hf_verify_params *params, const hf_revocation_help *help,
                              const hf_cert *cert, const hf_cert *issuer, bool leaf, hf_check *k,
                              bool *told)
{
    finding f = {.why = NULL};
    bool demanded = is_demanded(params, leaf);
    hf_status s = HF_OK;
    *told = false;
    bool stapled = leaf && params->ocsp.p != NULL;
    demanded |= stapled && hf_cert_must_staple(cert); /* else the demand would mean nothing */
    if (params->revocation == HF_REVOCATION_OFF || (!demanded && params->crls == NULL && !stapled))
        return HF_OK;
    if (stapled)
        s = consult_response(params, help, cert, issuer, &f);
    if (!is_fatal(s) && !f.revoked && params->crls != NULL)
        s = consult_lists(params, help, cert, issuer, &f);
    if (is_fatal(s))
        return s;
    k->result = f.revoked             ? HF_E_CERT_REVOKED
                : demanded && !f.good ? HF_E_REVOCATION_UNKNOWN
                                      : HF_OK;
    tell(&f, demanded, k);
    *told = true;
    return k->result;
}
