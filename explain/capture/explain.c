/* explain.c: a connection of a capture as an explanation, with what has to be said about it. */
#include "explain/capture.h"
#include "explain/model.h"

#include <inttypes.h>
#include <string.h>

/* ---- notes ---- */

static const char *why_closed(hf_observed_why why)
{
    switch (why) {
    case HF_OBSERVED_NO_KEYLOG:
        return "no key log was given: of what is encrypted, only the length is seen";
    case HF_OBSERVED_NOT_IN_LOG:
        return "the key log has no secret for this connection: it was made by another program, or "
               "at another time";
    case HF_OBSERVED_NO_HELLO:
        return "the hellos are not in the capture, and without them nothing can be decrypted";
    case HF_OBSERVED_SUITE:
        return "the cipher suite is none that is decrypted here: TLS 1.3's, and those of TLS 1.2 "
               "with an AEAD";
    case HF_OBSERVED_WRONG_KEY:
        return "the key log's secret does not open every record: it is another connection's, or "
               "bytes were changed or left out of the capture";
    case HF_OBSERVED_ALL:
        break;
    }
    return "";
}

static void note_observed(hf_explain *x, const hf_observed *seen)
{
    char text[300];
    if (seen->closed != 0) {
        snprintf(text, sizeof text, "%" PRIu64 " encrypted record%s stayed closed: %s",
                 seen->closed, seen->closed == 1 ? "" : "s", why_closed(seen->why));
        hf_explain_note(x, text);
    }
    if (seen->closed != 0 && !seen->keys && seen->info.version >= HF_TLS_1_3)
        hf_explain_note(x, "in TLS 1.3 the certificate is encrypted too; in 1.2 anybody sees it");
    if (seen->finished_match)
        hf_explain_note(x, "both Finished were computed again from the key log's secrets and fit: "
                           "what stands here is what the two sides said");
    if (seen->finished_differs)
        hf_explain_note(x, "a Finished does not fit what stands here: messages were changed, are "
                           "missing, or stand in another order than the two sides hashed them in");
    if (seen->info.established && !seen->info.resumed)
        hf_explain_note(x, "whether the client trusted the certificate, no capture tells: it went "
                           "on, or it did not");
    if (seen->cut != 0) {
        snprintf(text, sizeof text, "%" PRIu64 " record%s not whole in the capture", seen->cut,
                 seen->cut == 1 ? " is" : "s are");
        hf_explain_note(x, text);
    }
    for (int client = 0; client < 2; client++) {
        if (seen->unread[client] == 0)
            continue;
        snprintf(text, sizeof text,
                 "%" PRIu64 " bytes of the %s could not be read as records of TLS",
                 seen->unread[client], client != 0 ? "client" : "server");
        hf_explain_note(x, text);
    }
}

static void note_replayed(hf_explain *x, const hf_capture *c, const hf_capture_replayed *r)
{
    char text[300];
    if (r->lost[0] + r->lost[1] != 0) {
        snprintf(text, sizeof text,
                 "the capture lacks bytes of this connection: %" PRIu64 " of the client's, %" PRIu64
                 " of the server's",
                 r->lost[1], r->lost[0]);
        hf_explain_note(x, text);
    }
    if (r->cut != 0) {
        snprintf(text, sizeof text,
                 "%" PRIu64 " packet%s captured in part: use tcpdump -s 0 for whole ones", r->cut,
                 r->cut == 1 ? " was" : "s were");
        hf_explain_note(x, text);
    }
    if (r->differing != 0) {
        snprintf(text, sizeof text,
                 "%" PRIu64 " bytes came twice and differed: the first copy stands here",
                 r->differing);
        hf_explain_note(x, text);
    }
    if (r->fragments != 0) {
        snprintf(text, sizeof text,
                 "%" PRIu64 " IP fragments of the capture were left out: they are not put together",
                 r->fragments);
        hf_explain_note(x, text);
    }
    if (!r->from_the_start)
        hf_explain_note(x, "the capture began when the connection was there already");
    if (hf_capture_broken_off(c) != NULL) {
        snprintf(text, sizeof text, "the capture breaks off: %s", hf_capture_broken_off(c));
        hf_explain_note(x, text);
    }
}

/* ---- the certificates ---- */

static void on_check(void *ctx, const hf_check *check)
{
    hf_event e = {.kind = HF_TRACE_CHECK};
    e.check = check;
    hf_explain_event(ctx, NULL, &e);
}

static void on_path(void *ctx, const hf_verify_path *path)
{
    hf_event e = {.kind = HF_TRACE_PATH};
    e.path = path;
    hf_explain_event(ctx, NULL, &e);
}

/* Judges what the server has shown; what came of it is a note, whatever it is. */
static void judge(hf_explain *x, const hf_store *trust, const char *host, int64_t at_s)
{
    enum { MOST = 10 };
    hf_cert chain[MOST];
    size_t count = 0;
    char text[600], why[HF_ERROR_TEXT];
    hf_error e = {0};
    for (const ex_cert *c = x->certs; c != NULL && count < MOST; c = c->next)
        if (c->sent_by_peer && c->parsed)
            chain[count++] = c->cert;
    if (trust == NULL || count == 0)
        return;
    const hf_verify_params params = {
        .store = trust, .host = host, .purpose = HF_PURPOSE_SERVER, .at_s = at_s};
    const hf_verify_report report = {.check = on_check, .ctx = x, .path = on_path};
    hf_status s = hf_verify_chain(chain, count, &params, &report, NULL, NULL, &e);
    snprintf(why, sizeof why, "%s", hf_error_sentence(s));
    snprintf(text, sizeof text,
             s == HF_OK ? "the server's certificates lead to an authority of those given here%s%s"
                        : "the server's certificates, by the authorities given here: %s%s",
             s == HF_OK ? (host != NULL ? ", and are for " : "") : why,
             s == HF_OK && host != NULL ? host : "");
    hf_explain_note(x, text);
}

/* ---- the whole ---- */

/* The name that was asked for with the server's port, or else the server's address. */
static void set_target(hf_explain *x, const hf_capture_connection *at, const char *host)
{
    char text[400];
    const char *port = strrchr(at->server, ':');
    snprintf(text, sizeof text, "%s%s", host != NULL ? host : at->server,
             host != NULL && port != NULL ? port : "");
    hf_explain_set_target(x, text);
}

static void note_where(hf_explain *x, const hf_capture_connection *at)
{
    char text[300];
    snprintf(text, sizeof text, "stream %zu of the capture: %s to %s, %" PRIu64 " packets",
             at->stream, at->client, at->server, at->packets);
    hf_explain_note(x, text);
    if (at->plain_first)
        hf_explain_note(x, "plain text was said before TLS began (STARTTLS, or a proxy)");
    if (at->tls && !at->hello)
        hf_explain_note(x, "the ClientHello is not in the capture");
}

/* The log that was given, and the capture's own behind it. */
static hf_status join_keys(const hf_capture *c, const hf_keylog *given, hf_keylog **own,
                           const hf_keylog **use, hf_error *e)
{
    hf_bytes inside = hf_capture_keylog(c);
    *own = NULL;
    *use = given;
    if (inside.n == 0 || given != NULL)
        return HF_OK;
    hf_status s = hf_keylog_new(own);
    if (s == HF_OK && hf_keylog_add(*own, inside, e) == HF_E_OUT_OF_MEMORY)
        s = HF_E_OUT_OF_MEMORY; /* a malformed one is as good as none */
    if (s == HF_OK && hf_keylog_count(*own) != 0)
        *use = *own;
    return s;
}

static hf_status replay(hf_capture *c, size_t stream, const hf_keylog *keys, const hf_store *trust,
                        hf_explain *x, hf_error *e)
{
    hf_observer *o;
    hf_observed seen;
    hf_capture_replayed replayed;
    hf_status s = hf_observer_new(NULL, keys, hf_explain_trace(x), &o);
    if (s != HF_OK)
        return s;
    const hf_capture_connection *at = hf_capture_at(c, stream);
    hf_explain_set_observed(x, at->start_ns / 1000000000);
    s = hf_capture_replay(c, stream, o, &replayed, e);
    if (s == HF_OK) {
        hf_observer_seen(o, &seen);
        set_target(x, at, seen.info.host);
        note_where(x, at);
        note_replayed(x, c, &replayed);
        note_observed(x, &seen);
        judge(x, trust, seen.info.host, at->start_ns / 1000000000);
        hf_explain_finish(x, &seen.info, NULL);
    }
    hf_observer_free(o);
    return s;
}

hf_status hf_explain_capture(hf_capture *c, size_t stream, const hf_keylog *keys,
                             const hf_store *trust, const hf_explain_options *options,
                             hf_explain **out, hf_error *e)
{
    hf_explain_options own = {0};
    hf_keylog *inside = NULL;
    const hf_keylog *use;
    *out = NULL;
    if (hf_capture_at(c, stream) == NULL) {
        if (e != NULL)
            *e = (hf_error){.code = HF_E_BAD_ARGUMENT};
        return HF_E_BAD_ARGUMENT;
    }
    if (options != NULL)
        own = (hf_explain_options){.memory = options->memory,
                                   .secrets = options->secrets,
                                   .application_data = options->application_data};
    own.now_ns = hf_capture_now_ns;
    own.ctx = c;
    hf_explain *x = hf_explain_new(&own);
    hf_status s = x == NULL ? HF_E_OUT_OF_MEMORY : join_keys(c, keys, &inside, &use, e);
    if (s == HF_OK)
        s = replay(c, stream, use, trust, x, e);
    hf_keylog_free(inside);
    if (s != HF_OK) {
        hf_explain_free(x);
        if (e != NULL && e->code == HF_OK)
            e->code = s;
        return s;
    }
    *out = x;
    return HF_OK;
}
