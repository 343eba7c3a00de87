/* conn.c: connections as programs use them: made, fed, stepped, read, written, closed. */
#include "handshake/conn.h"
#include "handshake/handshake.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"
#include "x509/host.h"

/* ---- life ---- */

/* With `room` more bytes behind the connection, in the same allocation. */
static hf_status conn_new(hf_config *cfg, hf_role role, size_t room, hf_conn **out)
{
    *out = NULL;
    if (!cfg->frozen)
        return HF_E_CONFIG_NOT_FROZEN;
    if (cfg->role != role)
        return HF_E_WRONG_ROLE;
    hf_conn *c = hf_alloc(sizeof(*c) + room);
    if (c == NULL)
        return HF_E_OUT_OF_MEMORY;
    c->cfg = hf_config_ref(cfg);
    hf_channel_init(&c->channel, hf_config_tracing(cfg), c);
    c->channel.padding = cfg->padding;
    if (cfg->stateless_retry_s != 0) /* the first hello may have gone elsewhere */
        c->channel.skip_early = HF_EARLY_DATA_SKIPPED;
    hf_status s = hf_handshake_new(c);
    if (s != HF_OK) {
        hf_conn_free(c);
        return s;
    }
    *out = c;
    return HF_OK;
}

/* A DNS name may end in the root's dot; what is asked for and compared does not. */
static bool host_valid(const char *host)
{
    uint8_t address[16];
    hf_bytes name = hf_bytes_text(host);
    if (hf_ip_parse(name, address) != 0)
        return true;
    if (name.n > 1 && name.p[name.n - 1] == '.')
        name.n--;
    return hf_dns_valid(name, false);
}

hf_status hf_client_new(hf_config *cfg, const char *host, hf_conn **out)
{
    *out = NULL;
    if (host == NULL || host[0] == '\0')
        return HF_E_NO_HOST_NAME;
    if (!host_valid(host))
        return HF_E_BAD_HOST_NAME;
    size_t n = strlen(host);
    hf_status s = conn_new(cfg, HF_CLIENT, n + 1, out);
    if (s != HF_OK)
        return s;
    (*out)->host = (char *)(*out + 1);
    memcpy((*out)->host, host, n + 1);
    if (n > 1 && host[n - 1] == '.')
        (*out)->host[n - 1] = '\0';
    return HF_OK;
}

hf_status hf_client_new_insecure_no_name(hf_config *cfg, hf_conn **out)
{
    hf_status s = conn_new(cfg, HF_CLIENT, 0, out);
    if (s == HF_OK)
        (*out)->insecure_no_name = true;
    return s;
}

hf_status hf_server_new(hf_config *cfg, hf_conn **out)
{
    return conn_new(cfg, HF_SERVER, 0, out);
}

void hf_conn_free(hf_conn *c)
{
    if (c == NULL)
        return;
    hf_channel_free(&c->channel);
    hf_buf_free(&c->messages);
    hf_conn_drop_handshake(c); /* buffers lay in it */
    hf_free(c->error);
    if (c->host != (char *)(c + 1))
        hf_free(c->host);
    hf_free(c->alpn);
    hf_free(c->peer_chain);
    hf_free(c->peer_key_pin);
    hf_held_psk_free(c->psk);
    hf_free_wiped(c->resumption_secret, HF_HASH_MAX_DIGEST);
    hf_config_free(c->cfg);
    hf_free_wiped(c, sizeof(*c));
}

void hf_conn_set_user(hf_conn *c, void *user)
{
    c->user = user;
}

void *hf_conn_user(const hf_conn *c)
{
    return c->user;
}

void hf_conn_set_notify(hf_conn *c, void (*notify)(void *ctx), void *ctx)
{
    c->notify = notify;
    c->notify_ctx = ctx;
}

/* ---- stepping ---- */

static bool job_out(const hf_conn *c)
{
    return c->hs != NULL && atomic_load(&c->hs->job.state) != HF_JOB_IDLE;
}

int hf_step(hf_conn *c)
{
    hf_status s = hf_conn_drive(c);
    if (s != HF_OK)
        return s;
    int wants = 0;
    bool output = hf_channel_out(&c->channel).n != 0;
    if (output)
        wants |= HF_WANT_OUTPUT;
    if (c->data.n != 0)
        wants |= HF_HAVE_DATA;
    if (c->established)
        wants |= HF_ESTABLISHED;
    else if (c->hs == NULL)
        wants |= HF_STATELESS;
    else if (c->hs->half_rtt)
        wants |= HF_HALF_RTT;
    if (c->peer_closed)
        wants |= HF_PEER_CLOSED;
    if (job_out(c))
        wants |= HF_WANT_JOB;
    else if (c->data.n == 0 && !c->peer_closed)
        wants |= HF_WANT_INPUT;
    if (c->peer_closed && c->close_sent && !output && c->data.n == 0)
        wants |= HF_CLOSED;
    return wants;
}

void hf_conn_rest(hf_conn *c)
{
    if (c->hs == NULL)
        hf_channel_rest(&c->channel);
}

hf_status hf_feed(hf_conn *c, const void *p, size_t n, size_t *used)
{
    return hf_channel_feed(&c->channel, p, n, used);
}

hf_status hf_in_buffer(hf_conn *c, uint8_t **p, size_t *room)
{
    return hf_channel_room(&c->channel, p, room);
}

hf_status hf_in_commit(hf_conn *c, size_t n)
{
    return hf_channel_commit(&c->channel, n);
}

void hf_feed_end(hf_conn *c)
{
    c->transport_ended = true;
}

hf_bytes hf_out(const hf_conn *c)
{
    return hf_channel_out(&c->channel);
}

void hf_out_consumed(hf_conn *c, size_t n)
{
    hf_channel_out_consumed(&c->channel, n);
}

/* ---- application data ---- */

hf_bytes hf_readable(const hf_conn *c)
{
    return c->data;
}

void hf_read_consumed(hf_conn *c, size_t n)
{
    if (c->data.n == 0)
        return;
    if (n < c->data.n) {
        c->data.p += n;
        c->data.n -= n;
        return;
    }
    c->data = (hf_bytes){NULL, 0};
    hf_channel_release(&c->channel);
}

hf_status hf_read(hf_conn *c, void *p, size_t n, size_t *got)
{
    *got = 0;
    if (c->failed != HF_OK)
        return c->failed;
    size_t take = n < c->data.n ? n : c->data.n;
    hf_copy(p, c->data.p, take);
    hf_read_consumed(c, take);
    *got = take;
    return HF_OK;
}

static hf_status may_write(const hf_conn *c)
{
    if (c->failed != HF_OK)
        return c->failed;
    if (c->close_sent)
        return HF_E_CLOSED;
    return c->established ? HF_OK : HF_E_WRONG_STATE;
}

static size_t record_content(const hf_conn *c)
{
    return c->channel.write_limit;
}

/* One record of at most `n` bytes; its length. */
static hf_status write_record(hf_conn *c, const uint8_t *p, size_t n)
{
    hf_error e;
    hf_error_none(&e);
    hf_status s = hf_conn_after(c)->before_write(c, &e);
    if (s == HF_OK) {
        s = hf_channel_send(&c->channel, HF_CONTENT_APPLICATION_DATA, (hf_bytes){p, n});
        if (s != HF_OK)
            hf_fail(&e, s, NULL, NULL, NULL);
    }
    return s == HF_OK ? HF_OK : hf_conn_fail(c, &e);
}

/* Room for all the records that one hf_write will make, so that `out` grows once. */
static hf_status reserve_output(hf_conn *c, size_t n)
{
    hf_error e;
    hf_error_none(&e);
    size_t pending = hf_out(c).n, most = c->cfg->limits.output_pending;
    if (pending >= most || n == 0)
        return HF_OK;
    size_t whole = (most - pending + record_content(c) - 1) / record_content(c) * record_content(c);
    hf_status s = hf_buf_reserve(&c->channel.out, hf_seal_size(c, n < whole ? n : whole));
    if (s == HF_OK)
        return HF_OK;
    hf_fail(&e, s, NULL, NULL, NULL);
    return hf_conn_fail(c, &e);
}

static hf_status write_records(hf_conn *c, const void *p, size_t n, size_t *taken)
{
    hf_status s = reserve_output(c, n);
    while (s == HF_OK && *taken < n && hf_out(c).n < c->cfg->limits.output_pending) {
        size_t most = record_content(c), left = n - *taken;
        size_t take = left < most ? left : most;
        s = write_record(c, (const uint8_t *)p + *taken, take);
        if (s == HF_OK)
            *taken += take;
    }
    return s;
}

hf_status hf_write(hf_conn *c, const void *p, size_t n, size_t *taken)
{
    *taken = 0;
    hf_status s = may_write(c);
    return s == HF_OK ? write_records(c, p, n, taken) : s;
}

hf_status hf_write_half_rtt(hf_conn *c, const void *p, size_t n, size_t *taken)
{
    *taken = 0;
    if (hf_conn_is_client(c))
        return HF_E_WRONG_ROLE;
    hf_status s = may_write(c);
    if (s == HF_E_WRONG_STATE && c->hs != NULL && c->hs->half_rtt)
        s = HF_OK;
    return s == HF_OK ? write_records(c, p, n, taken) : s;
}

/* ---- the end ---- */

hf_status hf_close(hf_conn *c)
{
    if (c->failed != HF_OK || c->close_sent)
        return c->failed;
    hf_status s = hf_conn_send_alert(c, 1, HF_ALERT_close_notify);
    if (s == HF_OK)
        c->close_sent = true;
    return s;
}

hf_status hf_abort(hf_conn *c, hf_alert alert)
{
    hf_error e;
    if (c->failed != HF_OK)
        return c->failed;
    hf_fail(&e, HF_E_ABORTED, NULL, NULL, "%s", hf_alert_name((uint8_t)alert));
    e.alert = (uint8_t)alert;
    hf_conn_fail(c, &e);
    return HF_OK;
}

void hf_conn_error(const hf_conn *c, hf_error *out)
{
    if (c->error != NULL)
        *out = *c->error;
    else
        hf_fail(out, c->failed, NULL, NULL, NULL);
}

/* ---- keys ---- */

hf_status hf_key_update(hf_conn *c, bool both)
{
    hf_error e = {0};
    hf_status s = may_write(c);
    if (s != HF_OK)
        return s;
    if (hf_conn_after(c)->key_update == NULL)
        return HF_E_WRONG_STATE;
    s = hf_conn_after(c)->key_update(c, both, &e);
    return s == HF_OK ? HF_OK : hf_conn_fail(c, &e);
}

hf_status hf_export(hf_conn *c, const char *label, hf_bytes context, uint8_t *out, size_t n)
{
    if (!c->established)
        return HF_E_WRONG_STATE;
    if (n > 255U * c->suite->hash->digest_len || n > 65535 || strlen(label) > 249)
        return HF_E_BAD_ARGUMENT;
    return hf_conn_after(c)->export_keys(c, label, context, out, n);
}

hf_status hf_tls_unique(hf_conn *c, uint8_t out[12])
{
    /* two resumed connections can be made to share all that was said: RFC 7627 section 5.4 */
    bool may_be_shared = c->resumed && !c->extended_master_secret;
    if (!c->established || hf_conn_after(c)->unique == NULL || may_be_shared)
        return HF_E_WRONG_STATE;
    hf_conn_after(c)->unique(c, out);
    return HF_OK;
}

hf_status hf_tls_exporter(hf_conn *c, uint8_t out[32])
{
    return hf_export(c, "EXPORTER-Channel-Binding", (hf_bytes){NULL, 0}, out, 32);
}
