/* observer.c: the bytes of two sides become records. */
#include "observe/observer.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"

hf_status hf_observer_new(const hf_provider *provider, const hf_keylog *keys, const hf_trace *trace,
                          hf_observer **out)
{
    hf_observer *o = hf_alloc(sizeof(*o));
    *out = o;
    if (o == NULL)
        return HF_E_OUT_OF_MEMORY;
    o->trace = *trace;
    o->provider = provider != NULL ? provider : hf_provider_default();
    o->keylog = keys;
    o->side[1].client = true;
    return HF_OK;
}

static void side_free(hf_side *side)
{
    hf_buf_free(&side->record);
    hf_buf_free(&side->messages);
    hf_epoch_clear(&side->epoch);
}

void hf_observer_free(hf_observer *o)
{
    if (o == NULL)
        return;
    side_free(&o->side[0]);
    side_free(&o->side[1]);
    hf_buf_free(&o->offer);
    hf_transcript_free(&o->transcript);
    hf_free_wiped(o, sizeof(*o));
}

/* ---- what a record carries ---- */

static void fail(hf_observer *o, const hf_error *e)
{
    if (!o->failed)
        hf_tell_error(o, e);
    o->failed = true;
}

/* RFC 9846 section 6: in TLS 1.3 all alerts but two end the connection, whatever their level. */
static bool is_fatal(const hf_observer *o, uint8_t level, uint8_t description)
{
    if (description == HF_ALERT_close_notify || description == HF_ALERT_user_canceled)
        return false;
    return level == 2 || o->version >= HF_VERSION_TLS_1_3;
}

static void take_alert(hf_observer *o, const hf_side *side, hf_bytes content)
{
    hf_error e;
    if (content.n != 2)
        return;
    hf_tell_alert(o, side->client, content.p[0], content.p[1]);
    if (!is_fatal(o, content.p[0], content.p[1]))
        return;
    hf_fail(&e, HF_E_ALERT_SEEN, NULL, NULL, NULL);
    e.alert = content.p[1];
    e.alert_sent = side->client;
    e.alert_received = !side->client;
    fail(o, &e);
}

/* In TLS 1.2 it takes part in the order; in 1.3 it means nothing, and is told of the server alone,
 * as a client's own trace does. */
static void take_change_cipher(hf_observer *o, hf_side *side, hf_bytes content)
{
    bool means = o->version != 0 && o->version < HF_VERSION_TLS_1_3;
    if (means && !o->hello_done && !o->resumed && !o->side[0].lost_message) {
        o->resumed = true;
        hf_tell_choice_text(o, "resumption", "a session", "the session",
                            "the server goes on without certificates");
        hf_tell_logged(o, HF_LOG_MASTER, "the session", "", (hf_bytes){NULL, 0});
    }
    if (means || !side->client)
        hf_tell_message(o, side->client, HF_MSG_CHANGE_CIPHER_SPEC, content);
    if (means)
        hf_seen_change_cipher(o, side);
}

static hf_status take_content(hf_observer *o, hf_side *side, const hf_record *r)
{
    switch (r->type) {
    case HF_CONTENT_HANDSHAKE:
        return hf_seen_handshake(o, side, r->content);
    case HF_CONTENT_ALERT:
        take_alert(o, side, r->content);
        return HF_OK;
    case HF_CONTENT_CHANGE_CIPHER_SPEC:
        take_change_cipher(o, side, r->content);
        return HF_OK;
    default:
        return HF_OK;
    }
}

/* ---- one whole record ---- */

static bool is_encrypted(const hf_observer *o, const hf_side *side, uint8_t type)
{
    if (side->sealed)
        return true;
    return type == HF_CONTENT_APPLICATION_DATA && (o->version == 0 || o->version >= 0x0304);
}

/* Bytes of it were missing: only its header can be told. */
static void take_cut(hf_observer *o, hf_side *side, hf_bytes wire)
{
    hf_record r = {.type = wire.p[0], .encrypted = is_encrypted(o, side, wire.p[0])};
    o->cut++;
    if (r.encrypted)
        hf_seen_skip(o, side);
    else if (r.type == HF_CONTENT_HANDSHAKE)
        side->lost_message = true;
    hf_tell_record(o, side, (hf_bytes){wire.p, HF_RECORD_HEADER}, wire.n, &r, NULL);
}

/* As in a connection's own trace: a record that came before what was read from it, and one that
 * was sent after what was put into it; the client is the side that is told as this one. */
static hf_status take_record(hf_observer *o, hf_side *side, hf_bytes wire)
{
    hf_record r = {.type = wire.p[0],
                   .content = {wire.p + HF_RECORD_HEADER, wire.n - HF_RECORD_HEADER}};
    const char *key = NULL;
    hf_status s = HF_OK;
    bool open = true;
    if (is_encrypted(o, side, wire.p[0])) {
        s = hf_seen_open(o, side, wire, &r, &open);
        key = open ? side->epoch.name : NULL;
        if (!open)
            r = (hf_record){.type = wire.p[0], .encrypted = true};
    }
    if (s == HF_OK && !side->client)
        hf_tell_record(o, side, wire, wire.n, &r, key);
    if (s == HF_OK && open)
        s = take_content(o, side, &r);
    if (s == HF_OK && side->client)
        hf_tell_record(o, side, wire, wire.n, &r, key);
    return s;
}

/* ---- bytes ---- */

static bool judge_header(hf_observer *o, hf_side *side)
{
    hf_error e;
    hf_error_none(&e);
    hf_epoch none = {0};
    const uint8_t *p = side->record.p;
    hf_record_header h = hf_record_header_read(p);
    hf_status s = HF_OK;
    bool known = h.type >= HF_CONTENT_CHANGE_CIPHER_SPEC && h.type <= HF_CONTENT_HEARTBEAT;
    if (!side->started && (!known || h.version >> 8 != 3)) {
        s = hf_record_header_judge(&none, p, true, &e);
    } else if (!known) {
        s = hf_fail(&e, HF_E_RECORD_TYPE, "type", "a record of TLS", "%u", h.type);
    } else if (h.version >> 8 != 3) {
        s = hf_fail(&e, HF_E_RECORD_VERSION, "legacy_record_version", "0x0303", "0x%04x",
                    h.version);
    } else if (h.length > HF_SEEN_RECORD_MAX - HF_RECORD_HEADER) {
        s = hf_fail(&e, HF_E_RECORD_TOO_LONG, "length", "at most 18432 bytes", "%u bytes",
                    h.length);
    }
    side->started = true;
    if (s == HF_OK)
        return true;
    fail(o, &e);
    return false;
}

static void give_up(hf_side *side, uint64_t n)
{
    side->unread += side->record.n + n;
    side->unreadable = true;
    hf_buf_free(&side->record);
    hf_buf_free(&side->messages);
}

static size_t record_needs(const hf_side *side)
{
    if (side->record.n < HF_RECORD_HEADER)
        return HF_RECORD_HEADER - side->record.n;
    return HF_RECORD_HEADER + hf_record_header_read(side->record.p).length - side->record.n;
}

/* After bytes were added: the header is judged as soon as it is there, and the whole record taken.
 */
static hf_status advance(hf_observer *o, hf_side *side, bool header_came)
{
    if (header_came && !judge_header(o, side)) {
        give_up(side, 0);
        return HF_OK;
    }
    if (side->record.n < HF_RECORD_HEADER || record_needs(side) != 0)
        return HF_OK;
    hf_status s = HF_OK;
    if (side->missing != 0)
        take_cut(o, side, hf_buf_bytes(&side->record));
    else
        s = take_record(o, side, hf_buf_bytes(&side->record));
    side->missing = 0;
    hf_buf_clear(&side->record);
    return s;
}

hf_status hf_observer_feed(hf_observer *o, bool from_client, hf_bytes bytes)
{
    hf_side *side = &o->side[from_client];
    hf_status s = HF_OK;
    while (bytes.n != 0 && s == HF_OK && !side->unreadable) {
        size_t needs = record_needs(side), n = needs < bytes.n ? needs : bytes.n;
        bool header = side->record.n < HF_RECORD_HEADER;
        s = hf_buf_append(&side->record, (hf_bytes){bytes.p, n});
        bytes = (hf_bytes){bytes.p + n, bytes.n - n};
        if (s == HF_OK)
            s = advance(o, side, header && side->record.n == HF_RECORD_HEADER);
    }
    if (s != HF_OK)
        give_up(side, bytes.n);
    else if (side->unreadable)
        side->unread += bytes.n;
    return s;
}

hf_status hf_observer_missing(hf_observer *o, bool from_client, uint64_t n)
{
    static const uint8_t nothing[512];
    hf_side *side = &o->side[from_client];
    if (n == 0)
        return HF_OK;
    if (!side->unreadable && (side->record.n < HF_RECORD_HEADER || n > record_needs(side)))
        give_up(side, 0);
    if (side->unreadable)
        return HF_OK;
    side->missing += (size_t)n;
    hf_status s = HF_OK;
    for (size_t left = (size_t)n; left != 0 && s == HF_OK;) {
        size_t piece = left < sizeof(nothing) ? left : sizeof(nothing);
        s = hf_buf_append(&side->record, (hf_bytes){nothing, piece});
        left -= piece;
    }
    if (s == HF_OK)
        s = advance(o, side, false);
    if (s != HF_OK)
        give_up(side, 0);
    return s;
}

/* ---- what was seen ---- */

void hf_observer_seen(const hf_observer *o, hf_observed *out)
{
    *out = (hf_observed){.client_hello = o->client_hello,
                         .server_hello = o->server_hello,
                         .keys = o->keys_known,
                         .finished_match =
                             o->finished_good[0] && o->finished_good[1] && !o->finished_bad,
                         .finished_differs = o->finished_bad,
                         .opened = o->opened,
                         .closed = o->closed,
                         .why = o->why,
                         .cut = o->cut,
                         .unread = {o->side[0].unread, o->side[1].unread}};
    hf_info *info = &out->info;
    memcpy(out->client_random, o->client_random, HF_RANDOM_LEN);
    info->version = o->version;
    info->suite_id = o->suite_id;
    info->group_id = o->group_id;
    info->peer_scheme_id = o->server_scheme;
    info->own_scheme_id = o->client_scheme;
    info->version_name = o->version != 0 ? hf_version_name(o->version) : NULL;
    info->suite = o->suite_id != 0 ? hf_suite_name(o->suite_id) : NULL;
    info->group = o->group_id != 0 ? hf_seen_group_name(o, o->group_id) : NULL;
    info->peer_scheme = o->server_scheme != 0 ? hf_sigscheme_name(o->server_scheme) : NULL;
    info->own_scheme = o->client_scheme != 0 ? hf_sigscheme_name(o->client_scheme) : NULL;
    info->host = o->host[0] != '\0' ? o->host : NULL;
    info->alpn = hf_bytes_of(o->alpn, o->alpn_len);
    info->hello_retry = o->retried;
    info->resumed = o->resumed;
    info->established = o->side[0].finished && o->side[1].finished && !o->failed;
}
