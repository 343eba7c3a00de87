/* handshake.c: the scratch of a handshake: made, filled, let go. */
#include "handshake/handshake.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

/* A handshake is one allocation: the struct, and behind it what a handshake with a chain of usual
 * length needs. Whatever grows out of its room asks for more. */
typedef struct block {
    hf_handshake hs;
    _Alignas(16) uint8_t arena[12288];
    uint8_t pending[2048];       /* the ClientHello, until the hash is known */
    uint8_t messages[2048];      /* what came, until it is a whole message */
    uint8_t in[4096], out[4096]; /* the records; what goes out is built there */
} block;

/* All that the handshake holds is given back and wiped, but for its block. */
static void empty_scratch(hf_handshake *hs)
{
    hf_transcript_free(&hs->transcript);
    hf_buf_free(&hs->early_out);
    hf_hs_drop_session(hs);
    hf_held_psk_free(hs->psk_candidate);
    hf_held_psk_free(hs->psk_call.held);
    hf_buf_free(&hs->ticket.state);
    hf_buf_free(&hs->ticket.bytes);
    hf_arena_free(&hs->arena);
    hf_config_free(hs->answer.use);
    hf_config_free(hs->cfg);
    hf_wipe(hs, sizeof(*hs));
}

static void free_scratch(hf_handshake *hs)
{
    empty_scratch(hs);
    hf_free(hs);
}

static void release_job(hf_job *job)
{
    free_scratch(hf_job_handshake(job));
}

hf_status hf_handshake_new(hf_conn *c)
{
    block *b = hf_alloc_raw(sizeof(*b));
    if (b == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_handshake *hs = &b->hs;
    memset(hs, 0, sizeof(*hs));
    hf_arena_lend(&hs->arena, b->arena, sizeof(b->arena));
    hf_buf_lend(&hs->transcript.pending, b->pending, sizeof(b->pending));
    hf_buf_lend(&c->messages, b->messages, sizeof(b->messages));
    hf_channel_lend(&c->channel, b->in, sizeof(b->in), b->out, sizeof(b->out));
    hs->conn = c;
    hs->cfg = hf_config_ref(c->cfg);
    hs->table = hf_table13;
    hs->row_count = hf_table13_rows;
    hs->job.release = release_job;
    hs->checks_end = &hs->checks;
    c->hs = hs;
    return HF_OK;
}

void hf_handshake_free(hf_handshake *hs)
{
    if (hs == NULL)
        return;
    hs->conn = NULL;
    if (hf_job_abandon(&hs->job))
        free_scratch(hs);
}

void hf_handshake_leave(hf_handshake *hs)
{
    hf_channel *ch = &hs->conn->channel;
    empty_scratch(hs);
    if (!hf_channel_adopt(ch, hs))
        hf_free(hs);
}

hf_status hf_hs_fail(hf_handshake *hs, hf_status code, const char *field, const char *expected,
                     const char *got, ...)
{
    char text[HF_ERROR_TEXT] = "";
    if (got != NULL) {
        va_list args;
        va_start(args, got);
        vsnprintf(text, sizeof(text), got, args);
        va_end(args);
    }
    return hf_fail(&hs->error, code, field, expected, got != NULL ? "%s" : NULL, text);
}

void *hf_hs_alloc(hf_handshake *hs, size_t n)
{
    void *p = hf_arena_alloc(&hs->arena, n);
    if (p == NULL)
        hf_hs_fail(hs, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    return p;
}

hf_status hf_hs_keep(hf_handshake *hs, hf_bytes *bytes)
{
    hf_bytes copy = hf_arena_copy(&hs->arena, *bytes);
    if (copy.p == NULL)
        return hf_hs_fail(hs, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    *bytes = copy;
    return HF_OK;
}

hf_status hf_hs_random(hf_handshake *hs, uint8_t *p, size_t n)
{
    if (hs->cfg->provider.random(hs->cfg->provider.ctx, p, n) != HF_OK)
        return hf_hs_fail(hs, HF_E_RANDOM, NULL, NULL, NULL);
    return HF_OK;
}

hf_status hf_hs_judge_extension_set(hf_handshake *hs, const hf_extensions *x)
{
    if (x->has_forbidden)
        return hf_hs_fail(hs, HF_E_FORBIDDEN_EXTENSION, "extension_type",
                          "only extensions that this message may have", "%s (%u)",
                          hf_extension_name(x->forbidden), x->forbidden);
    if (x->has_unknown)
        return hf_hs_fail(hs, HF_E_UNSOLICITED_EXTENSION, "extension_type",
                          "only extensions that were offered", "%u", x->unknown);
    return HF_OK;
}

hf_status hf_hs_keep_alpn(hf_handshake *hs, hf_bytes name)
{
    hf_conn *c = hs->conn;
    c->alpn = hf_alloc(1 + name.n);
    if (c->alpn == NULL)
        return hf_hs_fail(hs, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    c->alpn[0] = (uint8_t)name.n;
    hf_copy(c->alpn + 1, name.p, name.n);
    return HF_OK;
}

hf_status hf_hs_flush(hf_handshake *hs)
{
    hf_status s = hf_channel_finish(&hs->conn->channel, HF_CONTENT_HANDSHAKE);
    return s == HF_OK ? HF_OK : hf_hs_fail(hs, s, NULL, NULL, NULL);
}

/* The dummy record of middlebox compatibility, RFC 9846 section E.4: once, in the clear. A server
 * sends it only to a client that gave a session id. */
hf_status hf_hs_send_ccs(hf_handshake *hs)
{
    static const uint8_t one = 1;
    if (hs->ccs_sent || hs->session_id_len == 0)
        return HF_OK;
    hs->ccs_sent = true;
    hf_status s = hf_hs_flush(hs);
    if (s != HF_OK)
        return s;
    s = hf_channel_send(&hs->conn->channel, HF_CONTENT_CHANGE_CIPHER_SPEC, (hf_bytes){&one, 1});
    return s == HF_OK ? HF_OK : hf_hs_fail(hs, s, NULL, NULL, NULL);
}
