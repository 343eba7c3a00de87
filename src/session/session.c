/* session.c: the encoding of resumable state, strict on the way in. */
#include "session/session.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "base/reader.h"
#include "base/writer.h"

#define FORM 1U /* of this encoding; changes with any change below */

static bool within_limits(const hf_session *s)
{
    return s->secret_len != 0 && s->secret_len <= HF_SESSION_SECRET_MAX && s->began_ms >= 0 &&
           s->created_ms >= s->began_ms && s->lifetime_s <= HF_SESSION_LIFE_MAX_S &&
           s->ticket.n <= UINT16_MAX && s->session_id.n <= 32 && s->server_name.n <= UINT8_MAX &&
           s->alpn.n <= UINT8_MAX && s->peer_chain.n <= 0xffffffU;
}

static void write_session(hf_writer *w, const hf_session *s)
{
    hf_write_u8(w, FORM);
    hf_write_u16(w, s->version);
    hf_write_u16(w, s->suite);
    hf_write_u8(w, (uint8_t)(s->extended_master_secret | s->peer_authenticated << 1 |
                             s->peer_raw_key << 2));
    hf_write_vec8(w, (hf_bytes){s->secret, s->secret_len});
    hf_write_u64(w, (uint64_t)s->began_ms);
    hf_write_u64(w, (uint64_t)s->created_ms);
    hf_write_u32(w, s->lifetime_s);
    hf_write_u32(w, s->age_add);
    hf_write_u32(w, s->max_early_data);
    hf_write_u64(w, s->generation);
    hf_write_bytes(w, (hf_bytes){s->own_identity, HF_SESSION_DIGEST});
    hf_write_bytes(w, (hf_bytes){s->peer_identity, HF_SESSION_DIGEST});
    hf_write_vec16(w, s->ticket);
    hf_write_vec8(w, s->session_id);
    hf_write_vec8(w, s->server_name);
    hf_write_vec8(w, s->alpn);
    hf_write_vec24(w, s->peer_chain);
}

hf_status hf_session_encode(const hf_session *s, hf_buf *out)
{
    if (!within_limits(s))
        return HF_E_INTERNAL;
    hf_buf bytes = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &bytes);
    write_session(&w, s);
    hf_status status = hf_writer_status(&w);
    if (status == HF_OK)
        status = hf_buf_append(out, hf_buf_bytes(&bytes));
    hf_buf_free(&bytes);
    return status;
}

static void read_secret(hf_reader *r, hf_session *s)
{
    hf_bytes secret = hf_read_vec8(r, "secret");
    if (secret.n == 0 || secret.n > HF_SESSION_SECRET_MAX) {
        hf_reader_fail(r, HF_E_DECODE, "secret");
        return;
    }
    hf_copy(s->secret, secret.p, secret.n);
    s->secret_len = (uint8_t)secret.n;
}

static void read_session(hf_reader *r, hf_session *s)
{
    if (hf_read_u8(r, "form") != FORM)
        hf_reader_fail(r, HF_E_DECODE, "form");
    s->version = hf_read_u16(r, "version");
    s->suite = hf_read_u16(r, "suite");
    uint8_t flags = hf_read_u8(r, "flags");
    if (flags > 7)
        hf_reader_fail(r, HF_E_DECODE, "flags");
    s->extended_master_secret = (flags & 1) != 0;
    s->peer_authenticated = (flags & 2) != 0;
    s->peer_raw_key = (flags & 4) != 0;
    read_secret(r, s);
    uint64_t began = hf_read_u64(r, "began"), created = hf_read_u64(r, "created");
    if (created > INT64_MAX || began > created)
        hf_reader_fail(r, HF_E_DECODE, "created");
    s->began_ms = (int64_t)(began & INT64_MAX);
    s->created_ms = (int64_t)(created & INT64_MAX);
    s->lifetime_s = hf_read_u32(r, "lifetime");
    if (s->lifetime_s > HF_SESSION_LIFE_MAX_S)
        hf_reader_fail(r, HF_E_DECODE, "lifetime");
    s->age_add = hf_read_u32(r, "age_add");
    s->max_early_data = hf_read_u32(r, "max_early_data");
    s->generation = hf_read_u64(r, "generation");
    hf_bytes own = hf_read_bytes(r, HF_SESSION_DIGEST, "own_identity");
    hf_copy(s->own_identity, own.p, own.n);
    hf_bytes peer = hf_read_bytes(r, HF_SESSION_DIGEST, "peer_identity");
    hf_copy(s->peer_identity, peer.p, peer.n);
    s->ticket = hf_read_vec16(r, "ticket");
    s->session_id = hf_read_vec8(r, "session_id");
    if (s->session_id.n > 32)
        hf_reader_fail(r, HF_E_DECODE, "session_id");
    s->server_name = hf_read_vec8(r, "server_name");
    s->alpn = hf_read_vec8(r, "alpn");
    s->peer_chain = hf_read_vec24(r, "peer_chain");
}

hf_status hf_session_decode(hf_bytes bytes, hf_session *s)
{
    *s = (hf_session){0};
    hf_status status = hf_buf_append(&s->owned, bytes);
    if (status != HF_OK)
        return status;
    hf_reader r;
    hf_reader_init(&r, hf_buf_bytes(&s->owned), NULL);
    read_session(&r, s);
    if (hf_reader_done(&r))
        return HF_OK;
    status = hf_reader_status(&r, NULL);
    hf_session_clear(s);
    return status;
}

bool hf_session_alive(const hf_session *s, int64_t now_ms)
{
    uint32_t life_s = s->lifetime_s < HF_SESSION_LIFE_MAX_S ? s->lifetime_s : HF_SESSION_LIFE_MAX_S;
    return now_ms >= s->began_ms && now_ms - s->began_ms < (int64_t)life_s * 1000;
}

void hf_session_clear(hf_session *s)
{
    hf_buf_free(&s->owned);
    hf_wipe(s, sizeof(*s));
}
