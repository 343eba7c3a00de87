/* compressed13.c: a Certificate that travels as CompressedCertificate: RFC 8879, both roles.
 *
 * Compressing is slow and always gives the same, so each form of a certificate is compressed at its
 * first use and kept in the config. Expanding comes after three checks that cost nothing: the
 * algorithm was offered, the declared length is within the limit of a handshake message, and only
 * then is room made for it. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/compress.h"
#include "x509/identity.h"

/* ---- sending ---- */

/* The body of this side's Certificate, as hf_13_build_certificate writes it. */
static hf_status certificate_body(hf_handshake *hs, hf_buf *body)
{
    hf_writer w;
    hf_writer_init_buf(&w, body);
    hf_status s = hf_13_build_certificate(hs, &w);
    if (s != HF_OK)
        return s;
    s = hf_writer_status(&w);
    return s == HF_OK ? HF_OK : hf_hs_fail(hs, s, NULL, NULL, NULL);
}

/* Compresses; the block's n is 0 when the whole message would not be shorter by what it must be. */
static hf_status compress_body(hf_handshake *hs, const hf_compression *how, hf_compressed **out)
{
    const size_t overhead = 2 + 3 + 3 + hs->cfg->compression_gain - 1;
    hf_buf body = {0};
    hf_compressed *block = NULL;
    hf_status s = certificate_body(hs, &body);
    size_t room = body.n > overhead ? body.n - overhead : 0;
    if (s == HF_OK) {
        block = hf_alloc(sizeof(*block) + room);
        s = block != NULL ? HF_OK : hf_hs_fail(hs, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    }
    if (s == HF_OK) {
        block->uncompressed_length = (uint32_t)body.n;
        block->n = room;
        hf_status compressed = how->compress(hf_buf_bytes(&body), block->p, &block->n);
        if (compressed == HF_E_OUT_OF_MEMORY)
            s = hf_hs_fail(hs, compressed, NULL, NULL, NULL);
        else if (compressed != HF_OK)
            block->n = 0;
    }
    hf_buf_free(&body);
    if (s == HF_OK)
        *out = block;
    else
        hf_free(block);
    return s;
}

static size_t identity_index(const hf_handshake *hs)
{
    size_t i = 0;
    while (hs->cfg->identities[i] != hs->identity)
        i++;
    return i;
}

/* What is stapled makes a different message. */
static unsigned variant(const hf_handshake *hs)
{
    hf_extensions x = {0};
    hf_hs_staple(hs, &x);
    return (hf_ext_has(&x, HF_X_STATUS_REQUEST) ? HF_STAPLE_OCSP : 0U) |
           (hf_ext_has(&x, HF_X_SIGNED_CERTIFICATE_TIMESTAMP) ? HF_STAPLE_SCTS : 0U);
}

/* The block in the config, made now if need be. Two connections may make it at once: the first to
 * finish puts its own in, the other throws its own away. */
static hf_status kept_block(hf_handshake *hs, size_t algorithm, const hf_compressed **out)
{
    const hf_config *cfg = hs->cfg;
    size_t at = identity_index(hs) * HF_STAPLE_VARIANTS + variant(hs);
    _Atomic(hf_compressed *) *slot = &cfg->compressed[at * HF_COMPRESS_MAX + algorithm];
    hf_compressed *there = atomic_load_explicit(slot, memory_order_acquire), *made = NULL;
    if (there == NULL) {
        hf_status s = compress_body(hs, cfg->compressions[algorithm], &made);
        if (s != HF_OK)
            return s;
        if (atomic_compare_exchange_strong(slot, &there, made))
            there = made;
        else
            hf_free(made);
    }
    *out = there;
    return HF_OK;
}

/* Not when the peer cannot expand it, nor when it would not be shorter. */
hf_status hf_13_build_compressed(hf_handshake *hs, hf_writer *w)
{
    const hf_config *cfg = hs->cfg;
    const hf_compressed *block = NULL;
    size_t a = 0;
    while (a < cfg->compression_count &&
           !hf_u16s_have(hs->peer_compressions, cfg->compressions[a]->id))
        a++;
    if (hs->identity == NULL || hs->own_type != HF_CERT_X509 || a == cfg->compression_count ||
        hs->request_context.n != 0)
        return HF_SKIP;
    hf_status s = kept_block(hs, a, &block);
    if (s != HF_OK)
        return s;
    if (block->n == 0)
        return HF_SKIP;
    if (hf_conn_is_client(hs->conn))
        hs->facts |= HF_F_CLIENT_CERT;
    hf_trace_choice(hs->conn, "certificate compression", hs->peer_compressions,
                    hf_buf_bytes(&cfg->compressions_wire), hf_compression_name,
                    cfg->compressions[a]->name,
                    "the first of this side's that the peer can expand");
    hf_compressed_certificate_build(
        w, &(hf_compressed_certificate){.algorithm = cfg->compressions[a]->id,
                                        .uncompressed_length = block->uncompressed_length,
                                        .compressed = {block->p, block->n}});
    hs->compressed.algorithm = cfg->compressions[a]->id; /* show_sent has something to show */
    return HF_OK;
}

/* ---- receiving ---- */

static const hf_compression *offered(const hf_handshake *hs, uint16_t id)
{
    for (size_t i = 0; i < hs->cfg->compression_count; i++)
        if (hs->cfg->compressions[i]->id == id)
            return hs->cfg->compressions[i];
    return NULL;
}

hf_status hf_13_judge_compressed(hf_handshake *hs, hf_reader *r)
{
    hf_compressed_certificate m;
    if (!hf_compressed_certificate_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    if (offered(hs, m.algorithm) == NULL) {
        const char *name = hf_compression_name(m.algorithm);
        return hf_hs_fail(hs, HF_E_CERT_COMPRESSION_ALGORITHM, "compression_algorithm",
                          "one of those offered", "%s (%u)", name != NULL ? name : "unknown",
                          m.algorithm);
    }
    if (m.uncompressed_length > hs->cfg->limits.handshake_message) {
        hf_hs_fail(hs, HF_E_CERT_COMPRESSION, "uncompressed_length", NULL, "%u bytes",
                   m.uncompressed_length);
        hf_error_expected(&hs->error, "at most %u bytes", hs->cfg->limits.handshake_message);
        return HF_E_CERT_COMPRESSION;
    }
    hs->compressed = m;
    return HF_OK;
}

/* Reads the expanded message like one that came plain, and shows it to the trace as one. */
static hf_status judge_expanded(hf_handshake *hs, hf_bytes message)
{
    hf_message_tracer tracer;
    hf_reader r;
    hf_reader_init(&r, message,
                   hf_trace_message_begin(&tracer, hs->conn, false, HF_MSG_CERTIFICATE, message));
    hf_read_u8(&r, "msg_type");
    hf_read_u24(&r, "length");
    hf_status s = hf_13_judge_certificate(hs, &r);
    hf_trace_message_end(&tracer);
    if (s != HF_OK)
        hs->error.message = hf_message_name(HF_MSG_CERTIFICATE);
    return s;
}

static hf_status expand(hf_handshake *hs, const hf_compression *how, uint8_t *body, size_t n)
{
    hf_status s = how->expand(hs->compressed.compressed, body, n);
    if (s == HF_OK)
        return HF_OK;
    hf_hs_fail(hs, s, "compressed_certificate_message", NULL,
               "%zu bytes of %s that do not expand to that", hs->compressed.compressed.n,
               how->name);
    hf_error_expected(&hs->error, "%zu bytes when expanded", n);
    hs->error.message = hf_message_name(HF_MSG_COMPRESSED_CERTIFICATE);
    return s;
}

/* What this side has sent compressed, for the trace: the same that the other side expands. Nothing
 * depends on it: when memory runs out it is not shown. */
static void show_sent(hf_handshake *hs)
{
    hf_buf message = {0};
    hf_writer w;
    if (hf_config_tracing(hs->cfg) == NULL || hs->compressed.algorithm == 0)
        return;
    hf_writer_init_buf(&w, &message);
    hf_write_u8(&w, HF_MSG_CERTIFICATE);
    size_t mark = hf_write_open(&w, 3);
    hf_status s = hf_13_build_certificate(hs, &w);
    hf_write_close(&w, mark, 3);
    if (s == HF_OK && hf_writer_status(&w) == HF_OK)
        hf_trace_message_sent(hs->conn, HF_MSG_CERTIFICATE, hf_buf_bytes(&message));
    hf_buf_free(&message);
}

/* Follows the message on both sides; the one that sent it only shows it. */
hf_status hf_13_expand(hf_handshake *hs)
{
    const hf_compression *how = offered(hs, hs->compressed.algorithm);
    const size_t n = hs->compressed.uncompressed_length;
    if (hs->compressed.compressed.p == NULL) {
        show_sent(hs);
        return HF_OK;
    }
    uint8_t *message = hf_hs_alloc(hs, 4 + n);
    if (message == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_writer w;
    hf_writer_init(&w, message, 4 + n);
    hf_write_u8(&w, HF_MSG_CERTIFICATE);
    hf_write_u24(&w, (uint32_t)n);
    hf_status s = expand(hs, how, message + 4, n);
    hs->compressed.compressed = (hf_bytes){NULL, 0};
    return s == HF_OK ? judge_expanded(hs, (hf_bytes){message, 4 + n}) : s;
}
