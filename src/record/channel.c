/* channel.c: records over byte buffers. */
#include "record/channel.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"

void hf_channel_init(hf_channel *ch, const hf_trace *trace, const hf_conn *conn)
{
    *ch = (hf_channel){.read_limit = HF_RECORD_PLAINTEXT,
                       .write_limit = HF_RECORD_PLAINTEXT,
                       .trace = trace,
                       .conn = conn};
}

void hf_channel_free(hf_channel *ch)
{
    hf_epoch_clear(&ch->read);
    hf_epoch_clear(&ch->write);
    hf_buf_free(&ch->in);
    hf_buf_free(&ch->out);
}

/* ---- input ---- */

static size_t unread(const hf_channel *ch)
{
    return ch->in.n - ch->in_at;
}

/* The length of the record at in_at as its header says, or of the header itself until that is
 * there. A length over the limit is cut: the header's judge refuses it before more is read. */
static size_t record_needs(const hf_channel *ch)
{
    if (unread(ch) < HF_RECORD_HEADER)
        return HF_RECORD_HEADER;
    size_t n = HF_RECORD_HEADER + hf_record_header_read(ch->in.p + ch->in_at).length;
    return n < HF_RECORD_MAX ? n : HF_RECORD_MAX;
}

/* Moves what is unread to the front, so that the buffer never holds more than one record and what
 * was read along with it. */
static void compact(hf_channel *ch)
{
    if (ch->in_at != 0 && ch->in_open == 0) {
        hf_buf_drop_front(&ch->in, ch->in_at);
        ch->in_at = 0;
    }
}

#define READ_AHEAD 4096U /* room offered at least, to take a whole flight in one read */

static bool holds_record(const hf_channel *ch)
{
    return ch->in_open != 0 || (unread(ch) >= HF_RECORD_HEADER && unread(ch) >= record_needs(ch));
}

hf_status hf_channel_room(hf_channel *ch, uint8_t **p, size_t *room)
{
    *p = NULL;
    *room = 0;
    if (holds_record(ch))
        return HF_OK;
    compact(ch);
    size_t more = record_needs(ch) - unread(ch);
    if (more < READ_AHEAD)
        more = READ_AHEAD;
    hf_status s = hf_buf_reserve(&ch->in, more);
    if (s != HF_OK)
        return s;
    *p = ch->in.p + ch->in.n;
    *room = ch->in.room - ch->in.n;
    return HF_OK;
}

hf_status hf_channel_commit(hf_channel *ch, size_t n)
{
    if (n > ch->in.room - ch->in.n)
        return HF_E_BAD_ARGUMENT;
    ch->in.n += n;
    return HF_OK;
}

hf_status hf_channel_feed(hf_channel *ch, const uint8_t *p, size_t n, size_t *used)
{
    *used = 0;
    while (*used < n) {
        uint8_t *to;
        size_t room;
        hf_status s = hf_channel_room(ch, &to, &room);
        if (s != HF_OK || room == 0)
            return s;
        size_t take = n - *used < room ? n - *used : room;
        memcpy(to, p + *used, take);
        ch->in.n += take;
        *used += take;
    }
    return HF_OK;
}

bool hf_channel_has_input(const hf_channel *ch)
{
    return unread(ch) != 0;
}

static void trace_record(const hf_channel *ch, const hf_epoch *epoch, bool sent, hf_bytes wire,
                         const hf_record *r)
{
    hf_event e = {.kind = HF_TRACE_RECORD, .sent = sent};
    e.record.type = wire.p[0];
    e.record.inner_type = r->type;
    e.record.encrypted = r->encrypted;
    e.record.key = r->encrypted ? epoch->name : NULL;
    e.record.sequence = r->sequence;
    e.record.wire_len = wire.n;
    e.record.wire = wire;
    if (!sent && r->encrypted)
        e.record.wire.n = HF_RECORD_HEADER;
    e.record.plaintext = r->content;
    e.record.padding = r->padding;
    ch->trace->event(ch->trace->ctx, ch->conn, &e);
}

/* Early data that this side did not accept is encrypted with a key it does not have: it is dropped,
 * as far as its budget goes, until a record opens (RFC 9846 section 4.3.10). */
static bool skip_early(hf_channel *ch, size_t n, hf_status why)
{
    if (why != HF_E_BAD_RECORD_MAC || ch->skip_early < n)
        return false;
    ch->skip_early -= (uint32_t)n;
    return true;
}

static hf_status open_failed(hf_status s, const hf_channel *ch, const uint8_t *record, hf_error *e)
{
    static const char *const names[] = {"change_cipher_spec", "alert", "handshake",
                                        "application_data"};
    const char *type = names[(record[0] - HF_CONTENT_CHANGE_CIPHER_SPEC) & 3];
    switch (s) {
    case HF_E_RECORD_TYPE:
        return hf_fail(e, s, "type", "an encrypted record (application_data)", "%s in the clear",
                       type);
    case HF_E_RECORD_TOO_LONG:
        hf_fail(e, s, "content", NULL, "more");
        hf_error_expected(e, "at most %u bytes of content", ch->read_limit);
        return s;
    case HF_E_BAD_RECORD_MAC:
        return hf_fail(e, s, "encrypted_record", "a record that opens under the agreed key",
                       "record %llu under the %s key does not",
                       (unsigned long long)ch->read.sequence, ch->read.name);
    case HF_E_RECORD_NO_CONTENT_TYPE:
        return hf_fail(e, s, "type", "a content type before the padding", "only zeros");
    default:
        return hf_fail(e, s, NULL, NULL, NULL);
    }
}

hf_status hf_channel_open(hf_channel *ch, uint8_t *p, size_t n, hf_record *out, size_t *used,
                          hf_error *e)
{
    *used = 0;
    if (n < HF_RECORD_HEADER)
        return HF_OK;
    hf_status s = hf_record_header_judge(&ch->read, p, !ch->started, e);
    if (s != HF_OK)
        return s;
    ch->started = true;
    size_t whole = HF_RECORD_HEADER + hf_record_header_read(p).length;
    if (n < whole)
        return HF_OK;
    s = hf_record_open(&ch->read, p, whole, ch->read_limit, out);
    if (s != HF_OK && skip_early(ch, whole, s)) {
        *used = whole;
        *out = (hf_record){.type = HF_CONTENT_NOTHING};
        return HF_OK;
    }
    if (s != HF_OK)
        return open_failed(s, ch, p, e);
    if (out->encrypted)
        ch->skip_early = 0;
    *used = whole;
    if (ch->trace != NULL)
        trace_record(ch, &ch->read, false, (hf_bytes){p, whole}, out);
    return HF_OK;
}

hf_status hf_channel_next(hf_channel *ch, hf_record *out, bool *got, hf_error *e)
{
    *got = false;
    if (ch->in_open != 0 || unread(ch) == 0)
        return HF_OK;
    hf_status s = hf_channel_open(ch, ch->in.p + ch->in_at, unread(ch), out, &ch->in_open, e);
    *got = s == HF_OK && ch->in_open != 0;
    return s;
}

void hf_channel_release(hf_channel *ch)
{
    ch->in_at += ch->in_open;
    ch->in_open = 0;
    if (unread(ch) == 0) {
        hf_buf_clear(&ch->in);
        ch->in_at = 0;
    }
}

/* ---- output ---- */

static size_t padding_for(const hf_channel *ch, size_t n)
{
    if (ch->padding <= 1 || ch->write.aead == NULL || ch->write.form != HF_FORM_13)
        return 0;
    size_t inner = n + 1, over = inner % ch->padding;
    size_t padding = over == 0 ? 0 : ch->padding - over;
    size_t most = (size_t)ch->write_limit - n;
    return padding < most ? padding : most;
}

size_t hf_channel_record_size(const hf_channel *ch, size_t n)
{
    return hf_record_size(&ch->write, n, padding_for(ch, n));
}

hf_status hf_channel_seal_into(hf_channel *ch, uint8_t type, const hf_bytes *pieces, size_t count,
                               uint8_t *out)
{
    size_t n = 0;
    if (ch->mute)
        return HF_E_WRONG_STATE;
    for (size_t i = 0; i < count; i++)
        n += pieces[i].n;
    /* change_cipher_spec is never protected (section 5). */
    hf_epoch clear = {0};
    hf_epoch *epoch = type == HF_CONTENT_CHANGE_CIPHER_SPEC ? &clear : &ch->write;
    size_t padding = epoch->aead == NULL ? 0 : padding_for(ch, n);
    hf_record r = {.type = type,
                   .encrypted = epoch->aead != NULL,
                   .padding = padding,
                   .sequence = epoch->sequence};
    if (ch->trace != NULL && count == 1)
        r.content = pieces[0];
    hf_status s = hf_record_seal(epoch, type, pieces, count, padding, out);
    if (s == HF_OK && ch->trace != NULL)
        trace_record(ch, epoch, true, (hf_bytes){out, hf_record_size(epoch, n, padding)}, &r);
    return s;
}

static hf_status send_one(hf_channel *ch, uint8_t type, hf_bytes content)
{
    size_t size = hf_channel_record_size(ch, content.n);
    hf_status s = hf_buf_reserve(&ch->out, size);
    if (s != HF_OK)
        return s;
    s = hf_channel_seal_into(ch, type, &content, 1, ch->out.p + ch->out.n);
    if (s != HF_OK)
        return s;
    if (type == HF_CONTENT_CHANGE_CIPHER_SPEC)
        size = HF_RECORD_HEADER + content.n;
    ch->out.n += size;
    return HF_OK;
}

hf_status hf_channel_send(hf_channel *ch, uint8_t type, hf_bytes content)
{
    if (ch->building != 0)
        hf_channel_unbuild(ch, 0);
    do {
        size_t n = content.n < ch->write_limit ? content.n : ch->write_limit;
        hf_status s = send_one(ch, type, (hf_bytes){content.p, n});
        if (s != HF_OK)
            return s;
        content.n -= n;
        if (content.n > 0) /* an empty content may be NULL, which must not be counted on from */
            content.p += n;
    } while (content.n > 0);
    return HF_OK;
}

/* ---- building in place ---- */

hf_status hf_channel_build(hf_channel *ch, hf_writer *w)
{
    const size_t head = hf_record_head(&ch->write);
    if (ch->building == 0) {
        if (ch->out.n > UINT32_MAX - head || hf_buf_reserve(&ch->out, head) != HF_OK)
            return HF_E_OUT_OF_MEMORY;
        ch->out.n += head;
        ch->building = (uint32_t)ch->out.n;
    }
    hf_writer_init_buf(w, &ch->out);
    return HF_OK;
}

hf_bytes hf_channel_built(const hf_channel *ch)
{
    if (ch->building == 0 || ch->out.n == ch->building)
        return (hf_bytes){NULL, 0};
    return (hf_bytes){ch->out.p + ch->building, ch->out.n - ch->building};
}

/* Where the record that is being built begins, or where the next one would. */
static size_t sealed_end(const hf_channel *ch)
{
    return ch->building != 0 ? ch->building - hf_record_head(&ch->write) : ch->out.n;
}

void hf_channel_unbuild(hf_channel *ch, size_t n)
{
    if (ch->building == 0 || hf_channel_built(ch).n < n)
        return;
    const size_t end = n != 0 ? ch->building + n : sealed_end(ch);
    hf_wipe(ch->out.p + end, ch->out.n - end);
    ch->out.n = end;
    if (n == 0)
        ch->building = 0;
}

/* For a trace, which sees what the encryption overwrites, and for more than a record holds. */
static hf_status finish_apart(hf_channel *ch, uint8_t type)
{
    hf_buf copy = {0};
    hf_status s = hf_buf_append(&copy, hf_channel_built(ch));
    if (s == HF_OK)
        s = hf_channel_send(ch, type, hf_buf_bytes(&copy));
    hf_buf_free(&copy);
    return s;
}

hf_status hf_channel_finish(hf_channel *ch, uint8_t type)
{
    const size_t n = hf_channel_built(ch).n;
    if (n == 0 || ch->mute) {
        hf_channel_unbuild(ch, 0);
        return n == 0 ? HF_OK : HF_E_WRONG_STATE;
    }
    if (ch->trace != NULL || n > ch->write_limit)
        return finish_apart(ch, type);
    const size_t padding = padding_for(ch, n), size = hf_record_size(&ch->write, n, padding);
    const size_t start = sealed_end(ch);
    hf_status s = hf_buf_reserve(&ch->out, size - (ch->out.n - start));
    if (s == HF_OK)
        s = hf_record_seal_built(&ch->write, type, n, padding, ch->out.p + start);
    if (s != HF_OK) {
        hf_channel_unbuild(ch, 0);
        return s;
    }
    ch->out.n = start + size;
    ch->building = 0;
    return HF_OK;
}

/* ---- what was made ---- */

hf_bytes hf_channel_out(const hf_channel *ch)
{
    const size_t end = sealed_end(ch);
    if (end == ch->out_at)
        return (hf_bytes){NULL, 0};
    return (hf_bytes){ch->out.p + ch->out_at, end - ch->out_at};
}

void hf_channel_out_consumed(hf_channel *ch, size_t n)
{
    size_t left = sealed_end(ch) - ch->out_at;
    ch->out_at += n < left ? n : left;
    if (ch->out_at == ch->out.n) {
        ch->out.n = ch->out_at = 0; /* what was sent is ciphertext: no need to wipe */
    }
}

static void trim_buffers(hf_channel *ch)
{
    if (ch->in.room != 0 && ch->in.n == 0)
        hf_buf_free(&ch->in);
    if (ch->out.room != 0 && ch->out.n == 0)
        hf_buf_free(&ch->out);
}

void hf_channel_lend(hf_channel *ch, uint8_t *in, size_t in_room, uint8_t *out, size_t out_room)
{
    hf_buf_lend(&ch->in, in, in_room);
    hf_buf_lend(&ch->out, out, out_room);
}

hf_status hf_channel_own(hf_channel *ch)
{
    return hf_buf_own(&ch->in);
}

bool hf_channel_adopt(hf_channel *ch, void *block)
{
    const bool waits = hf_buf_is_lent(&ch->out) && ch->out.n != 0;
    if (waits)
        hf_buf_adopt(&ch->out, block);
    else if (hf_buf_is_lent(&ch->out))
        hf_buf_free(&ch->out);
    return waits;
}

static void rest_unless_used(hf_epoch *e)
{
    if (!e->used)
        hf_epoch_rest(e);
    e->used = false;
}

void hf_channel_trim(hf_channel *ch)
{
    trim_buffers(ch);
    rest_unless_used(&ch->read);
    rest_unless_used(&ch->write);
}

void hf_channel_rest(hf_channel *ch)
{
    trim_buffers(ch);
    hf_epoch_rest(&ch->read);
    hf_epoch_rest(&ch->write);
}
