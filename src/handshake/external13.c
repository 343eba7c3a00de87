/* external13.c: a server's choice among pre-shared keys from outside TLS: psk.h, RFC 9846
 * section 4.3.11.
 *
 * It comes in two steps. Before anything is chosen from the first hello a key is looked for, since
 * its hash limits the cipher suites; one binder is checked when suite and transcript are settled,
 * behind HelloRetryRequest and where no ticket was taken. Identities are public; what is secret is
 * which ones a server without a certificate knows. So an unknown one costs it a binder too, and
 * gets the same alert as a wrong binder. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"

#define IDENTITIES_LOOKED_AT 64U
#define QUESTIONS            4U /* to the application, for each hello */

enum { PSK_KE = 0, PSK_DHE_KE = 1 };

bool hf_s13_psk_mode_fits(const hf_handshake *hs)
{
    return hf_s13_psk_with_dhe(hs) || hf_s13_psk_without_dhe(hs);
}

bool hf_s13_psk_without_dhe(const hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    return hs->cfg->insecure_psk_ke && memchr(x->psk_modes.p, PSK_KE, x->psk_modes.n) != NULL;
}

bool hf_s13_psk_with_dhe(const hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    return memchr(x->psk_modes.p, PSK_DHE_KE, x->psk_modes.n) != NULL;
}

/* ---- looking for one ---- */

static bool common_suite(const hf_handshake *hs, const hf_hash *hash)
{
    const hf_config *cfg = hs->cfg;
    for (size_t i = 0; i < cfg->suite_count; i++)
        if (cfg->suites[i].suite->version == HF_VERSION_TLS_1_3 && cfg->suites[i].hash == hash &&
            hf_u16s_have(hs->hello.cipher_suites, cfg->suites[i].suite->id))
            return true;
    return false;
}

/* Notes which forms of the key the hello shows: its identities are walked once. */
static void take_candidate(hf_handshake *hs, hf_held_psk *held)
{
    hf_bytes rest = hs->hello.extensions.psk_identities, identity;
    uint32_t age;
    hs->psk_candidate = hf_held_psk_ref(held);
    for (unsigned n = 0; n < IDENTITIES_LOOKED_AT && hf_psk_identity_next(&rest, &identity, &age);
         n++) {
        const hf_psk_form *form = hf_held_psk_form(held, identity);
        if (form != NULL && common_suite(hs, form->hash))
            hs->psk_forms |= 1U << (form - held->forms);
    }
}

/* The first of the config's own keys that the client shows; those that it offers itself, too. */
static hf_status seek_in_set(hf_handshake *hs)
{
    const hf_psk_set *set = &hs->cfg->psks;
    hf_bytes rest = hs->hello.extensions.psk_identities, identity;
    uint32_t age;
    size_t best = set->count;
    for (unsigned n = 0; n < IDENTITIES_LOOKED_AT && hf_psk_identity_next(&rest, &identity, &age);
         n++) {
        const struct hf_psk_place *place = hf_psk_set_find(set, identity);
        if (place == NULL)
            continue;
        if (set->held[place->at]->own)
            return hf_hs_fail(hs, HF_E_PSK_REFLECTED, "identity", "a client's identity",
                              "one that this program offers to others");
        if (place->at < best && common_suite(hs, place->form->hash))
            best = place->at;
    }
    if (best < set->count)
        take_candidate(hs, set->held[best]);
    return HF_OK;
}

static hf_status seek_first(hf_handshake *hs)
{
    hs->external_sought = true;
    if (!hf_ext_has(&hs->hello.extensions, HF_X_PRE_SHARED_KEY))
        return HF_OK;
    hf_status s = seek_in_set(hs);
    bool usable = hf_s13_psk_mode_fits(hs);
    if (s == HF_OK && !usable) {
        hf_held_psk_free(hs->psk_candidate);
        hs->psk_candidate = NULL;
    } else if (s == HF_OK && hs->psk_candidate == NULL && hs->cfg->psk_find != NULL) {
        hs->psk_unasked = hs->hello.extensions.psk_identities;
    }
    return s;
}

/* ---- asking the application ---- */

static hf_handshake *call_handshake(hf_psk_call *call)
{
    return (hf_handshake *)(void *)((char *)call - offsetof(hf_handshake, psk_call));
}

static void run_nothing(hf_job *job)
{
    job->status = HF_OK;
}

static void submit_question(void *ctx, hf_job *job)
{
    (void)job;
    hf_handshake *hs = ctx;
    hf_psk_question q = {.identity = hs->psk_call.identity};
    if (!hf_imported_identity_parse(q.identity, &q.external_identity, &q.context))
        q.external_identity = q.context = (hf_bytes){NULL, 0};
    hs->cfg->psk_find(hs->cfg->psk_find_ctx, hs->conn, &q, &hs->psk_call);
}

hf_status hf_s13_seek_external(hf_handshake *hs)
{
    hf_status s = hs->external_sought ? HF_OK : seek_first(hs);
    uint32_t age;
    if (s != HF_OK) {
        hs->error.message = "ClientHello";
        return s;
    }
    hs->psk_questioned = hs->psk_questions < QUESTIONS &&
                         hf_psk_identity_next(&hs->psk_unasked, &hs->psk_call.identity, &age);
    if (!hs->psk_questioned)
        return HF_OK;
    hs->psk_questions++;
    hs->psk_call.held = NULL;
    hs->psk_call.status = HF_OK;
    atomic_store(&hs->psk_call.answered, false);
    hf_hs_job(hs, HF_JOB_ASK, "ask the application for a pre-shared key", run_nothing);
    hs->executor = (hf_executor){submit_question, hs};
    return HF_OK;
}

/* What the answer left open is what was asked for. */
static hf_psk whole_answer(const hf_psk_call *call, const hf_psk *psk)
{
    hf_psk whole = *psk;
    hf_bytes external, context;
    bool imports = psk->imported || psk->client_name != NULL;
    if (psk->identity.n != 0)
        return whole;
    whole.identity = call->identity;
    if (imports && hf_imported_identity_parse(call->identity, &external, &context)) {
        whole.identity = external;
        if (psk->client_name == NULL)
            whole.context = context;
    }
    return whole;
}

/* The job's end may free the scratch, and the call with it: it comes last. */
hf_status hf_psk_found(hf_psk_call *call, const hf_psk *psk)
{
    hf_held_psk *held = NULL;
    hf_status s = HF_OK;
    if (atomic_load(&call->answered))
        return HF_E_WRONG_STATE;
    if (psk != NULL) {
        hf_psk whole = whole_answer(call, psk);
        s = hf_held_psk_new(&whole, &call_handshake(call)->cfg->provider, &held, NULL);
        if (s == HF_OK && hf_held_psk_form(held, call->identity) == NULL)
            s = HF_E_BAD_ARGUMENT;
        if (s == HF_E_BAD_ARGUMENT) {
            hf_held_psk_free(held);
            return s;
        }
    }
    if (atomic_exchange(&call->answered, true)) {
        hf_held_psk_free(held);
        return HF_E_WRONG_STATE;
    }
    call->held = held;
    call->status = s;
    hf_job_finish(&call_handshake(call)->job);
    return HF_OK;
}

/* On with the next identity where this one is unknown, or fits no suite of the client's. */
hf_status hf_s13_external_found(hf_handshake *hs)
{
    hf_held_psk *held = hs->psk_call.held;
    if (!hs->psk_questioned)
        return HF_OK;
    hs->psk_call.held = NULL;
    if (hs->psk_call.status != HF_OK)
        return hf_hs_fail(hs, hs->psk_call.status, NULL, NULL, NULL);
    if (held == NULL)
        return HF_AGAIN;
    take_candidate(hs, held);
    hf_held_psk_free(held);
    if (hs->psk_forms != 0)
        return HF_OK;
    hf_held_psk_free(hs->psk_candidate);
    hs->psk_candidate = NULL;
    return HF_AGAIN;
}

bool hf_s13_suite_fits_psk(const hf_handshake *hs, const hf_hash *hash)
{
    const hf_held_psk *held = hs->psk_candidate;
    for (size_t i = 0; held != NULL && i < held->form_count; i++)
        if ((hs->psk_forms >> i & 1) != 0 && held->forms[i].hash == hash)
            return true;
    return held == NULL;
}

/* ---- taking it ---- */

static const hf_psk_form *form_of(const hf_handshake *hs)
{
    const hf_held_psk *held = hs->psk_candidate;
    for (size_t i = 0; i < held->form_count; i++)
        if ((hs->psk_forms >> i & 1) != 0 && held->forms[i].hash == hs->conn->suite->hash)
            return &held->forms[i];
    return NULL;
}

/* In the hello that counts, which may be the second, with fewer identities. */
static bool find_index(hf_handshake *hs, hf_bytes wanted)
{
    hf_bytes rest = hs->hello.extensions.psk_identities, identity;
    uint32_t age;
    for (uint16_t n = 0; n < IDENTITIES_LOOKED_AT && hf_psk_identity_next(&rest, &identity, &age);
         n++)
        if (hf_bytes_equal(identity, wanted)) {
            hs->psk_index = n;
            return true;
        }
    return false;
}

static hf_status take(hf_handshake *hs)
{
    const hf_psk_form *form = form_of(hs);
    if (!hf_ext_has(&hs->hello.extensions, HF_X_PRE_SHARED_KEY))
        return hf_hs_fail(hs, HF_E_MISSING_EXTENSION, "extensions",
                          "pre_shared_key, as in the first ClientHello", "none");
    if (form == NULL || !find_index(hs, form->identity))
        return hf_hs_fail(hs, HF_E_HELLO_CHANGED, "identities",
                          "the identity that was chosen from the first ClientHello", "others");
    hf_status s = hf_s13_judge_binder(hs, form->secret, form->binder);
    if (s != HF_OK)
        return s;
    return hf_13_take_external(hs, hs->psk_candidate, form);
}

/* The work of a binder that is right or wrong, for one that cannot be either. */
static void judge_nothing(hf_handshake *hs)
{
    static const uint8_t no_key[HF_HASH_MAX_DIGEST];
    hs->psk_index = 0;
    hf_s13_judge_binder(hs, hf_bytes_of(no_key, sizeof(no_key)), "ext binder");
}

/* No certificate is there to go on with. */
static hf_status without_certificate(hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    if (!hf_ext_has(x, HF_X_PRE_SHARED_KEY))
        return hf_hs_fail(hs, HF_E_PSK_MISSING, "extensions",
                          "pre_shared_key: this server has no certificate", "none");
    if (!hf_s13_psk_mode_fits(hs))
        return hf_hs_fail(hs, HF_E_PSK_MISSING, "psk_key_exchange_modes",
                          hs->cfg->insecure_psk_ke ? "psk_dhe_ke or psk_ke" : "psk_dhe_ke",
                          "none of it");
    char name[64];
    uint32_t age;
    hf_bytes rest = x->psk_identities, first = {NULL, 0};
    hf_psk_identity_next(&rest, &first, &age);
    hf_psk_identity_text(first, name, sizeof(name));
    judge_nothing(hs);
    return hf_hs_fail(hs, HF_E_PSK_UNKNOWN, "identities",
                      "the identity of a key that this server has, for a suite of both", "%s%s",
                      name, rest.n != 0 ? ", and others" : "");
}

/* What a hello with a pre-shared key may leave out (RFC 9846 section 9.2) is needed now. */
static hf_status without_key(hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    if (hs->cfg->identity_count == 0)
        return without_certificate(hs);
    if (hs->identity == NULL)
        return hf_hs_fail(hs, HF_E_MISSING_EXTENSION, "extensions",
                          "signature_algorithms, where no pre-shared key is known", "none");
    if (!hf_ext_has(x, HF_X_KEY_SHARE))
        return hf_hs_fail(hs, HF_E_MISSING_EXTENSION, "extensions",
                          "key_share, where no pre-shared key is known", "none");
    return HF_OK;
}

hf_status hf_s13_take_external(hf_handshake *hs)
{
    hf_status s = HF_OK;
    if ((hs->facts & HF_F_PSK) == 0)
        s = hs->psk_candidate != NULL ? take(hs) : without_key(hs);
    bool psk = (hs->facts & HF_F_PSK) != 0;
    bool agrees = hs->group != NULL && (!psk || hf_s13_psk_with_dhe(hs));
    if (s == HF_OK && !agrees && psk && hf_s13_psk_without_dhe(hs))
        hs->group = hs->conn->group = NULL; /* psk_ke */
    else if (s == HF_OK && !agrees)
        s = hf_hs_fail(hs, HF_E_MISSING_EXTENSION, "extensions", "key_share", "none");
    if (s != HF_OK)
        hs->error.message = "ClientHello";
    return s;
}
