/* direct.c: the zero-copy pair: records sealed from and opened in the caller's memory. */
#include "handshake/conn.h"
#include "handshake/handshake.h"

#include "base/error.h"

static hf_status ready(const hf_conn *c)
{
    if (c->failed != HF_OK)
        return c->failed;
    return c->established ? HF_OK : HF_E_WRONG_STATE;
}

size_t hf_seal_size(const hf_conn *c, size_t n)
{
    size_t most = c->channel.write_limit, whole = n / most, rest = n % most;
    size_t size = whole * hf_channel_record_size(&c->channel, most);
    if (rest != 0 || n == 0)
        size += hf_channel_record_size(&c->channel, rest);
    return size;
}

#define PIECES_PER_RECORD 8U

/* Takes up to `most` bytes from the pieces at (*i, *at) into `record`; their number of bytes. */
static size_t gather(const hf_bytes *pieces, size_t count, size_t *i, size_t *at, size_t most,
                     hf_bytes record[PIECES_PER_RECORD], size_t *used)
{
    size_t n = 0;
    *used = 0;
    while (*i < count && n < most && *used < PIECES_PER_RECORD) {
        size_t left = pieces[*i].n - *at, take = left < most - n ? left : most - n;
        if (take != 0)
            record[(*used)++] = (hf_bytes){pieces[*i].p + *at, take};
        n += take;
        *at += take;
        if (*at == pieces[*i].n) {
            (*i)++;
            *at = 0;
        }
    }
    return n;
}

static hf_status seal_all(hf_conn *c, const hf_bytes *pieces, size_t count, uint8_t *out,
                          size_t room, size_t *n, hf_error *e)
{
    size_t i = 0, at = 0;
    while (i < count) {
        hf_bytes record[PIECES_PER_RECORD];
        size_t used;
        size_t content = gather(pieces, count, &i, &at, c->channel.write_limit, record, &used);
        if (content == 0)
            continue;
        size_t size = hf_channel_record_size(&c->channel, content);
        if (room - *n < size)
            return hf_fail(e, HF_E_NO_ROOM, NULL, NULL, NULL);
        hf_status s =
            hf_channel_seal_into(&c->channel, HF_CONTENT_APPLICATION_DATA, record, used, out + *n);
        if (s != HF_OK)
            return hf_fail(e, s, NULL, NULL, NULL);
        *n += size;
    }
    return HF_OK;
}

/* Many small pieces make more records than their sum alone would. */
static bool fits(const hf_conn *c, const hf_bytes *pieces, size_t count, size_t room)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += pieces[i].n;
    size_t extra = count / PIECES_PER_RECORD;
    return room >= hf_seal_size(c, sum) &&
           room - hf_seal_size(c, sum) >= extra * hf_channel_record_size(&c->channel, 0);
}

hf_status hf_seal(hf_conn *c, const hf_bytes *pieces, size_t count, uint8_t *out, size_t room,
                  size_t *n)
{
    hf_error e;
    hf_error_none(&e);
    *n = 0;
    hf_status s = ready(c);
    if (s != HF_OK)
        return s;
    if (c->close_sent)
        return HF_E_CLOSED;
    /* A key that nears its limit is changed by a record of its own, which must go out first. */
    s = hf_conn_after(c)->before_write(c, &e);
    if (s != HF_OK)
        return hf_conn_fail(c, &e);
    if (hf_out(c).n != 0)
        return HF_E_WRONG_STATE;
    if (!fits(c, pieces, count, room))
        return HF_E_NO_ROOM;
    s = seal_all(c, pieces, count, out, room, n, &e);
    return s == HF_OK ? HF_OK : hf_conn_fail(c, &e);
}

hf_status hf_open(hf_conn *c, uint8_t *p, size_t n, size_t *used, hf_bytes *data)
{
    hf_error e;
    hf_error_none(&e);
    hf_record record;
    *used = 0;
    *data = (hf_bytes){NULL, 0};
    hf_status s = ready(c);
    if (s != HF_OK)
        return s;
    if (c->data.n != 0 || hf_channel_has_input(&c->channel))
        return HF_E_WRONG_STATE;
    s = hf_channel_open(&c->channel, p, n, &record, used, &e);
    if (s != HF_OK)
        return hf_conn_fail(c, &e);
    if (*used == 0)
        return HF_OK;
    s = hf_conn_take_record(c, &record, data);
    if (s != HF_OK || record.type == HF_CONTENT_APPLICATION_DATA)
        return s;
    return hf_conn_drive(c); /* a KeyUpdate or an alert: dealt with now */
}
