/* transparency.c: which timestamps count, and whether they are enough. RFC 6962 sections 3 and 5.2;
 * the numbers are Chrome's policy. */
#include "x509/transparency.h"

#include "base/bytes.h"
#include "base/der.h"
#include "x509/judge.h"
#include "x509/ocsp.h"
#include "x509/sct.h"
#include "x509/signature_cache.h"

#define MOST_LOOKED_AT 32U /* timestamps; no authority puts in more than a handful */
#define SHORT_LIFE_S   (180 * INT64_C(86400))

/* A timestamp that counts. */
typedef struct counted {
    const hf_ct_log *log;
    const char *operator_name; /* who ran it then; NULL: unknown */
    bool embedded, current;    /* current: its log is not retired */
} counted;

typedef struct weighing {
    const hf_verify_params *params;
    const hf_transparency_help *help;
    const hf_cert *leaf, *issuer;
    hf_buf
        entry[2]; /* what logs sign of the certificate: [1] the precertificate; made when needed */
    hf_buf message;
    counted good[MOST_LOOKED_AT];
    hf_signature_digest digests[MOST_LOOKED_AT];
    size_t good_count, digest_count, seen;
    const char *why; /* the last one that does not count: why; NULL when there is none */
} weighing;

/* ---- one timestamp ---- */

static const char *const source_names[] = {
    [HF_SCT_EMBEDDED] = "in the certificate",
    [HF_SCT_TLS] = "in the handshake",
    [HF_SCT_OCSP] = "in the OCSP response",
};

static hf_status refuse(weighing *w, hf_status code, const char *why)
{
    w->why = why;
    return code;
}

static hf_bytes entry_of(weighing *w, bool embedded, hf_status *s)
{
    hf_buf *entry = &w->entry[embedded];
    *s = entry->n != 0 ? HF_OK : hf_sct_write_entry(entry, embedded, w->leaf, w->issuer);
    return hf_buf_bytes(entry);
}

/* The log's signature, remembered or computed. */
static hf_status check_signature(weighing *w, const hf_sct *sct, bool embedded,
                                 const hf_ct_log *log)
{
    const hf_signature_cache *cache = w->params->signatures;
    const hf_sigscheme *scheme = hf_sct_scheme(sct, log);
    hf_signature_digest digest;
    hf_status s;
    if (scheme == NULL)
        return HF_E_BAD_SIGNATURE;
    hf_bytes entry = entry_of(w, embedded, &s);
    hf_buf_clear(&w->message);
    if (s == HF_OK)
        s = hf_sct_write_signed(&w->message, sct, entry);
    if (s != HF_OK)
        return s;
    hf_bytes message = hf_buf_bytes(&w->message);
    bool remember = cache != NULL && hf_signature_digest_of(message, scheme, sct->signature,
                                                            log->public_key, &digest);
    if (remember && hf_signature_cache_has(cache, &digest))
        return HF_OK;
    s = w->help->verify(w->help->ctx, log->public_key, scheme, message, sct->signature);
    if (s == HF_OK && remember)
        w->digests[w->digest_count++] = digest;
    return s;
}

static bool takes(const hf_ct_log *log, const hf_cert *cert)
{
    if (log->interval_start_s == 0 && log->interval_end_s == 0)
        return true;
    return log->interval_start_s <= cert->not_after_s && cert->not_after_s < log->interval_end_s;
}

/* What the log's state makes of it; NULL when it counts. */
static const char *discounted(const hf_ct_log *log, const hf_sct *sct, bool embedded)
{
    switch (log->state) {
    case HF_CT_PENDING:
        return "its log is not accepted yet";
    case HF_CT_REJECTED:
        return "its log was rejected";
    case HF_CT_RETIRED:
        if (!embedded)
            return "its log is retired, and the timestamp is not in the certificate";
        return sct->timestamp_ms / 1000 < (uint64_t)log->state_s
                   ? NULL
                   : "its log was retired before it was made";
    default:
        return NULL;
    }
}

/* Who ran the log when the timestamp was made. */
static const char *operator_of(const hf_ct_log *log, const hf_sct *sct)
{
    int64_t at_s = (int64_t)(sct->timestamp_ms / 1000);
    for (size_t i = 0; i < log->earlier_count; i++)
        if (at_s < log->earlier[i].until_s)
            return log->earlier[i].name;
    return log->operator_name;
}

static hf_status judge_one(weighing *w, const hf_sct *sct, hf_sct_source source,
                           const hf_ct_log **found)
{
    bool embedded = source == HF_SCT_EMBEDDED;
    if (sct->version != 0)
        return refuse(w, HF_E_SCT_NOT_COUNTED, "it is of an unknown version");
    const hf_ct_log *log = *found = hf_ct_logs_find(w->params->ct_logs, sct->log_id);
    if (log == NULL)
        return refuse(w, HF_E_SCT_UNKNOWN_LOG, "its log is not among those given");
    if (w->params->at_s < 0 || sct->timestamp_ms / 1000 > (uint64_t)w->params->at_s)
        return refuse(w, HF_E_SCT_TIME, "it is from the future");
    if (!takes(log, w->leaf))
        return refuse(w, HF_E_SCT_NOT_COUNTED,
                      "its log takes no certificate that ends when this one does");
    if (discounted(log, sct, embedded) != NULL)
        return refuse(w, HF_E_SCT_NOT_COUNTED, discounted(log, sct, embedded));
    if (embedded && w->issuer == NULL)
        return refuse(w, HF_E_SCT_NOT_COUNTED, "the certificate's issuer is not known");
    hf_status s = check_signature(w, sct, embedded, log);
    if (s == HF_E_PATH_BUDGET || s == HF_E_OUT_OF_MEMORY)
        return s;
    if (s != HF_OK)
        return refuse(w, HF_E_SCT_BAD_SIGNATURE,
                      "its signature is not its log's over this certificate");
    w->good[w->good_count++] =
        (counted){log, operator_of(log, sct), embedded, log->state != HF_CT_RETIRED};
    return HF_OK;
}

static void add_log(hf_text *t, const hf_sct *sct, const hf_ct_log *log)
{
    if (log != NULL && log->name != NULL) {
        hf_text_add_escaped(t, hf_bytes_text(log->name), "");
    } else {
        hf_text_add(t, "log ");
        for (size_t i = 0; i < 8 && i < sct->log_id.n; i++)
            hf_text_addf(t, "%02x", sct->log_id.p[i]);
        hf_text_add(t, "...");
    }
    if (log != NULL && operator_of(log, sct) != NULL) {
        hf_text_add(t, " (");
        hf_text_add_escaped(t, hf_bytes_text(operator_of(log, sct)), "");
        hf_text_add(t, ")");
    }
}

static void tell_one(weighing *w, hf_status result, const hf_sct *sct, hf_sct_source source,
                     const hf_ct_log *log)
{
    hf_check k = {.name = "SCT", .section = "RFC 6962 section 3.2", .advisory = true};
    hf_text t;
    if (w->help->tell == NULL)
        return;
    k.result = result;
    hf_text_init(&t, k.value, sizeof(k.value));
    if (sct == NULL) {
        hf_text_add(&t, "what is no timestamp");
    } else if (sct->version != 0) {
        hf_text_addf(&t, "a timestamp of version %u", sct->version + 1U);
    } else {
        hf_text_add_time(&t, (int64_t)(sct->timestamp_ms / 1000));
        hf_text_add(&t, " by ");
        add_log(&t, sct, log);
    }
    hf_text_addf(&t, ", %s", source_names[source]);
    hf_text_mark_cut(&t);
    if (result == HF_OK)
        hf_judge_limit(&k, "signed by that log for this certificate, and not from the future");
    else
        hf_judge_limit(&k, "one that counts; here %s", w->why);
    w->help->tell(w->help->ctx, &k);
}

/* ---- all of them ---- */

static hf_status weigh_one(weighing *w, hf_bytes bytes, hf_sct_source source)
{
    hf_sct sct;
    const hf_ct_log *log = NULL;
    bool read = hf_sct_parse(bytes, &sct, NULL) == HF_OK;
    hf_status s = read ? judge_one(w, &sct, source, &log)
                       : refuse(w, HF_E_SCT_MALFORMED, "it is not well-formed");
    if (s != HF_E_PATH_BUDGET && s != HF_E_OUT_OF_MEMORY)
        tell_one(w, s, read ? &sct : NULL, source, log);
    else
        return s;
    return HF_OK;
}

/* `list` as hf_sct_next takes it. */
static hf_status weigh_list(weighing *w, hf_bytes list, hf_sct_source source)
{
    hf_bytes sct;
    while (hf_sct_next(&list, &sct)) {
        if (w->seen++ >= MOST_LOOKED_AT)
            continue;
        hf_status s = weigh_one(w, sct, source);
        if (s != HF_OK)
            return s;
    }
    if (list.n != 0) {
        w->seen++;
        tell_one(w, refuse(w, HF_E_SCT_MALFORMED, "its list is not well-formed"), NULL, source,
                 NULL);
    }
    return HF_OK;
}

/* The list in an extension, of the certificate or of the response. */
static hf_status weigh_extension(weighing *w, hf_bytes extension, hf_sct_source source)
{
    hf_bytes list;
    if (extension.p == NULL)
        return HF_OK;
    if (hf_sct_list_read(extension, &list, NULL) == HF_OK)
        return weigh_list(w, list, source);
    w->seen++;
    tell_one(w, refuse(w, HF_E_SCT_MALFORMED, "its list is not well-formed"), NULL, source, NULL);
    return HF_OK;
}

/* The response only carries them: the logs' signatures are what counts, not the responder's. */
static hf_status weigh_response(weighing *w)
{
    hf_ocsp o;
    hf_ocsp_single one;
    hf_status s = HF_OK;
    if (w->params->ocsp.p == NULL || w->issuer == NULL ||
        hf_ocsp_parse(w->params->ocsp, &o, NULL) != HF_OK || o.status != 0)
        return HF_OK;
    for (hf_bytes rest = o.responses;
         s == HF_OK && w->seen < MOST_LOOKED_AT && hf_ocsp_next(&rest, &one);)
        if (one.sct_list.p != NULL && hf_ocsp_is_about(&one, w->leaf, w->issuer))
            s = weigh_extension(w, one.sct_list, HF_SCT_OCSP);
    return s;
}

/* ---- are they enough? ---- */

enum { EMBEDDED = 1, DELIVERED = 2 };

typedef struct tally {
    unsigned logs, operators;
    bool current; /* one at least is of a log that is not retired */
} tally;

static bool same_operator(const counted *a, const counted *b)
{
    if (a->operator_name == NULL || b->operator_name == NULL)
        return a->log == b->log;
    return strcmp(a->operator_name, b->operator_name) == 0;
}

static tally count(const weighing *w, unsigned which)
{
    tally t = {0, 0, false};
    for (size_t i = 0; i < w->good_count; i++) {
        const counted *g = &w->good[i];
        bool new_log = true, new_operator = true;
        if ((which & (g->embedded ? EMBEDDED : DELIVERED)) == 0)
            continue;
        for (size_t k = 0; k < i; k++) {
            if ((which & (w->good[k].embedded ? EMBEDDED : DELIVERED)) == 0)
                continue;
            new_log &= w->good[k].log != g->log;
            new_operator &= !same_operator(&w->good[k], g);
        }
        t.logs += new_log;
        t.operators += new_operator;
        t.current |= g->current;
    }
    return t;
}

static bool is_enough(tally t, unsigned logs, unsigned operators)
{
    return t.current && t.logs >= logs && t.operators >= operators;
}

static hf_status verdict(const weighing *w, hf_check *k)
{
    const hf_ct_policy *p = &w->params->ct_policy;
    bool long_life = w->leaf->not_after_s - w->leaf->not_before_s > SHORT_LIFE_S;
    unsigned logs = p->logs != 0 ? p->logs : long_life ? 3 : 2;
    unsigned operators = p->operators != 0 ? p->operators : logs == 1 ? 1 : 2;
    bool enough = p->logs != 0 ? is_enough(count(w, EMBEDDED | DELIVERED), logs, operators)
                               : is_enough(count(w, EMBEDDED), logs, operators) ||
                                     is_enough(count(w, DELIVERED), 2, operators);
    tally all = count(w, EMBEDDED | DELIVERED);
    hf_text t;
    hf_text_init(&t, k->value, sizeof(k->value));
    if (w->seen == 0)
        hf_text_add(&t, "no timestamp came with the certificate");
    else
        hf_text_addf(&t, "%zu of %zu timestamps count, of %u logs that %u operators run",
                     w->good_count, w->seen, all.logs, all.operators);
    if (w->why != NULL && !enough)
        hf_text_addf(&t, "; of one that does not: %s", w->why);
    hf_text_mark_cut(&t);
    if (p->logs != 0)
        hf_judge_limit(k, "timestamps of %u logs that %u operators run", logs, operators);
    else
        hf_judge_limit(k,
                       "timestamps of %u logs that %u operators run in the certificate, which "
                       "is valid for %s 180 days, or of 2 beside it",
                       logs, operators, long_life ? "more than" : "at most");
    return k->result = enough ? HF_OK : HF_E_CT_NOT_ENOUGH;
}

hf_status hf_transparency_judge(const hf_verify_params *params, const hf_transparency_help *help,
                                const hf_cert *leaf, const hf_cert *issuer, hf_check *k)
{
    weighing w = {.params = params, .help = help, .leaf = leaf, .issuer = issuer};
    hf_status s = weigh_extension(&w, leaf->sct_list, HF_SCT_EMBEDDED);
    if (s == HF_OK)
        s = weigh_list(&w, params->sct_list, HF_SCT_TLS);
    if (s == HF_OK)
        s = weigh_response(&w);
    if (s == HF_OK)
        s = verdict(&w, k);
    /* only where all is accepted, as with the path's own: see signature_cache.h */
    for (size_t i = 0; s == HF_OK && i < w.digest_count; i++)
        hf_signature_cache_put(params->signatures, &w.digests[i]);
    hf_buf_free(&w.entry[0]);
    hf_buf_free(&w.entry[1]);
    hf_buf_free(&w.message);
    return s;
}
