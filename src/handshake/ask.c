/* ask.c: a server's application looks at the ClientHello before anything is chosen from it, and
 * may change the config, wait, or refuse.
 *
 * The question is a job that nobody runs: an executor of its own hands the hello to the
 * application, whose answer, now or later and on any thread, is the job's end. So waiting, waking
 * and going away in the middle work as for any job. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/error.h"

static hf_handshake *hello_handshake(hf_hello *h)
{
    return (hf_handshake *)(void *)((char *)h - offsetof(hf_handshake, answer));
}

/* ---- asking ---- */

static void fill_view(const hf_handshake *hs, hf_hello_view *v)
{
    const hf_client_hello *m = &hs->hello;
    const hf_extensions *x = &m->extensions;
    *v = (hf_hello_view){
        .message = hs->hello_message,
        .host = hs->conn->host,
        .legacy_version = m->legacy_version,
        .random = m->random,
        .session_id = m->legacy_session_id,
        .cipher_suites = m->cipher_suites,
        .versions = x->supported_versions,
        .groups = x->supported_groups,
        .schemes = x->signature_algorithms,
        .cert_schemes = x->signature_algorithms_cert,
        .compressions = x->compression_algorithms,
        .alpn = x->alpn,
        .authorities = x->certificate_authorities,
        .client_cert_types = x->client_certificate_types,
        .server_cert_types = x->server_certificate_types,
    };
}

static void submit_question(void *ctx, hf_job *job)
{
    (void)job;
    hf_handshake *hs = ctx;
    hf_hello_view view;
    fill_view(hs, &view);
    hs->cfg->hello(hs->cfg->hello_ctx, hs->conn, &view, &hs->answer);
}

static void run_nothing(hf_job *job)
{
    job->status = HF_OK;
}

hf_status hf_hs_ask_application(hf_handshake *hs)
{
    if (hs->cfg->hello == NULL || hs->conn->hello_retry) /* it was asked, and its config stayed */
        return HF_OK;
    hf_hs_job(hs, HF_JOB_ASK, "ask the application about the ClientHello", run_nothing);
    hs->executor = (hf_executor){submit_question, hs};
    return HF_OK;
}

/* ---- the answer ---- */

/* The first answer counts. */
static hf_status answer(hf_hello *h, hf_config *use, bool refused, uint8_t alert)
{
    if (atomic_exchange(&h->answered, true))
        return HF_E_WRONG_STATE;
    h->use = use != NULL ? hf_config_ref(use) : NULL;
    h->refused = refused;
    h->alert = alert;
    hf_job_finish(&hello_handshake(h)->job);
    return HF_OK;
}

hf_status hf_hello_go_on(hf_hello *h, hf_config *use)
{
    if (use != NULL && !use->frozen)
        return HF_E_CONFIG_NOT_FROZEN;
    if (use != NULL && use->role != HF_SERVER)
        return HF_E_WRONG_ROLE;
    return answer(h, use, false, 0);
}

hf_status hf_hello_refuse(hf_hello *h, hf_alert alert)
{
    return answer(h, NULL, true, (uint8_t)alert);
}

bool hf_hello_has(hf_bytes list, uint16_t value)
{
    return hf_u16s_have(list, value);
}

bool hf_hello_offers_alpn(const hf_hello_view *view, const char *protocol)
{
    hf_bytes rest = view->alpn, name, wanted = hf_bytes_text(protocol);
    while (hf_item8_next(&rest, &name))
        if (hf_bytes_equal(name, wanted))
            return true;
    return false;
}

/* From here on the other config is the connection's, as if it had been made with it. */
static void change_config(hf_handshake *hs, hf_config *use)
{
    hf_conn *c = hs->conn;
    hf_config_free(c->cfg);
    hf_config_free(hs->cfg);
    c->cfg = hf_config_ref(use);
    hs->cfg = use; /* the answer's reference */
    hs->answer.use = NULL;
    c->channel.trace = hf_config_tracing(use);
    c->channel.padding = use->padding;
}

/* The version was settled by the config before, whose table is walked already. */
static hf_status judge_version_again(hf_handshake *hs)
{
    uint16_t version = hs->conn->version;
    if (version >= hs->cfg->min_version && version <= hs->cfg->max_version)
        return HF_OK;
    hs->error.message = "ClientHello";
    return hf_hs_fail(hs, HF_E_NO_COMMON_VERSION, "versions",
                      "a version that the config which the application chose allows", "%s",
                      hf_version_name(version));
}

hf_status hf_hs_application_answered(hf_handshake *hs)
{
    if (hs->job.run == NULL)
        return HF_OK;
    if (hs->answer.refused) {
        hf_hs_fail(hs, HF_E_HELLO_REFUSED, NULL, NULL, NULL);
        hs->error.message = "ClientHello";
        hs->error.alert = hs->answer.alert;
        return HF_E_HELLO_REFUSED;
    }
    if (hs->answer.use == NULL)
        return HF_OK;
    change_config(hs, hs->answer.use);
    return judge_version_again(hs);
}
