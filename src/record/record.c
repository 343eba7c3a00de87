/* record.c: one record in and out. RFC 9846 section 5. */
#include "record/record.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"

hf_status hf_epoch_wake(hf_epoch *e)
{
    e->used = true;
    if (e->state != NULL || e->aead == NULL)
        return HF_OK;
    void *state = e->lent != NULL ? e->lent : hf_alloc_aligned(e->aead->state_len);
    if (state == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_status s = e->aead->setup(state, e->key);
    if (s == HF_OK)
        e->state = state;
    else if (state != e->lent)
        hf_free_wiped(state, e->aead->state_len);
    return s;
}

void hf_epoch_rest(hf_epoch *e)
{
    if (e->state == NULL)
        return;
    e->aead->clear(e->state);
    hf_wipe(e->state, e->aead->state_len);
    if (e->state != e->lent)
        hf_free(e->state);
    e->state = NULL;
}

void hf_epoch_lend(hf_epoch *e, void *memory)
{
    hf_epoch_rest(e);
    e->lent = memory;
}

hf_status hf_epoch_set(hf_epoch *e, const hf_aead *aead, const uint8_t *key, const uint8_t *iv,
                       const char *name)
{
    void *lent = e->lent;
    if (aead->key_len > HF_AEAD_MAX_KEY)
        return HF_E_CRYPTO;
    hf_epoch_clear(e);
    e->lent = lent;
    e->aead = aead;
    e->name = name;
    memcpy(e->key, key, aead->key_len);
    memcpy(e->iv, iv, HF_AEAD_NONCE);
    return HF_OK;
}

void hf_epoch_clear(hf_epoch *e)
{
    hf_epoch_rest(e);
    hf_wipe(e, sizeof(*e));
}

hf_record_header hf_record_header_read(const uint8_t h[HF_RECORD_HEADER])
{
    return (hf_record_header){h[0], (uint16_t)(h[1] << 8 | h[2]), (uint16_t)(h[3] << 8 | h[4])};
}

/* What a peer that does not speak TLS most often speaks. */
static const char *seems_to_be(const uint8_t h[HF_RECORD_HEADER])
{
    static const struct {
        const char *start, *is;
    } known[] = {
        {"GET ", "an HTTP request without TLS"},
        {"POST", "an HTTP request without TLS"},
        {"HEAD", "an HTTP request without TLS"},
        {"PUT ", "an HTTP request without TLS"},
        {"OPTI", "an HTTP request without TLS"},
        {"CONN", "a proxy request without TLS"},
        {"HTTP", "an HTTP answer without TLS"},
        {"SSH-", "an SSH greeting"},
        {"220 ", "an SMTP or FTP greeting"},
        {"220-", "an SMTP or FTP greeting"},
        {"+OK ", "a POP3 greeting"},
        {"* OK", "an IMAP greeting"},
        {"PRI ", "HTTP/2 without TLS"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (memcmp(h, known[i].start, 4) == 0)
            return known[i].is;
    return NULL;
}

static hf_status not_tls(const uint8_t h[HF_RECORD_HEADER], hf_error *error)
{
    bool ssl_2 = (h[0] & 0x80) != 0 && h[2] == 1; /* its length, and its CLIENT-HELLO */
    if (ssl_2)
        return hf_fail(error, HF_E_NO_COMMON_VERSION, "version",
                       "a TLS record with a ClientHello of TLS 1.2 or newer",
                       "a ClientHello in the form of SSL 2.0");
    const char *is = seems_to_be(h);
    if (is != NULL)
        return hf_fail(error, HF_E_NOT_TLS, "type", "a TLS record", "%s", is);
    return hf_fail(error, HF_E_NOT_TLS, "type", "a TLS record", "bytes %02x %02x %02x %02x %02x",
                   h[0], h[1], h[2], h[3], h[4]);
}

hf_status hf_record_header_judge(const hf_epoch *e, const uint8_t header[HF_RECORD_HEADER],
                                 bool first, hf_error *error)
{
    hf_record_header h = hf_record_header_read(header);
    bool known = h.type >= HF_CONTENT_CHANGE_CIPHER_SPEC && h.type <= HF_CONTENT_APPLICATION_DATA;
    if (first && (!known || h.version >> 8 != 3))
        return not_tls(header, error);
    if (!known)
        return hf_fail(error, HF_E_RECORD_TYPE, "type",
                       "change_cipher_spec, alert, handshake or application_data", "%u", h.type);
    if (h.version >> 8 != 3)
        return hf_fail(error, HF_E_RECORD_VERSION, "legacy_record_version", "0x0303", "0x%04x",
                       h.version);
    /* application_data is always ciphertext: early data may come before this side has keys. */
    bool protected_ccs = e->aead != NULL && e->form != HF_FORM_13;
    bool plain = h.type != HF_CONTENT_APPLICATION_DATA &&
                 (e->aead == NULL || (h.type == HF_CONTENT_CHANGE_CIPHER_SPEC && !protected_ccs));
    size_t limit = plain ? HF_RECORD_PLAINTEXT : HF_RECORD_CIPHERTEXT;
    if (h.length > limit) {
        hf_fail(error, HF_E_RECORD_TOO_LONG, "length", NULL, "%u bytes", h.length);
        hf_error_expected(error, "at most %zu bytes", limit);
        return HF_E_RECORD_TOO_LONG;
    }
    return HF_OK;
}

/* ---- TLS 1.2 ---- */

enum { EXPLICIT_NONCE = 8, ADDITIONAL_DATA_12 = 13 };

static size_t explicit_len(const hf_epoch *e)
{
    return e->form == HF_FORM_12_EXPLICIT ? EXPLICIT_NONCE : 0;
}

static void write_u64(uint8_t *p, uint64_t v)
{
    for (size_t i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * (7 - i)));
}

/* RFC 5246 section 6.2.3.3: seq_num, type, version, and the length of the content. */
static void additional_data12(const hf_epoch *e, uint8_t type, size_t n,
                              uint8_t ad[ADDITIONAL_DATA_12])
{
    write_u64(ad, e->sequence);
    ad[8] = type;
    ad[9] = 0x03;
    ad[10] = 0x03;
    ad[11] = (uint8_t)(n >> 8);
    ad[12] = (uint8_t)n;
}

size_t hf_record_head(const hf_epoch *e)
{
    return HF_RECORD_HEADER + (e->aead != NULL ? explicit_len(e) : 0);
}

size_t hf_record_size(const hf_epoch *e, size_t n, size_t padding)
{
    if (e->aead == NULL)
        return HF_RECORD_HEADER + n;
    if (e->form != HF_FORM_13)
        return hf_record_head(e) + n + e->aead->tag_len;
    return HF_RECORD_HEADER + n + 1 + padding + e->aead->tag_len;
}

/* RFC 9846 section 5.3: the sequence number, padded on the left, XORed with the IV. */
static void make_nonce(const hf_epoch *e, uint8_t nonce[HF_AEAD_NONCE])
{
    memcpy(nonce, e->iv, HF_AEAD_NONCE);
    for (size_t i = 0; i < 8; i++)
        nonce[HF_AEAD_NONCE - 1 - i] ^= (uint8_t)(e->sequence >> (8 * i));
}

static void write_header(uint8_t *out, uint8_t type, size_t length)
{
    out[0] = type;
    out[1] = 0x03;
    out[2] = 0x03;
    out[3] = (uint8_t)(length >> 8);
    out[4] = (uint8_t)length;
}

static void seal_plain(uint8_t type, const hf_bytes *pieces, size_t count, uint8_t *out)
{
    uint8_t *p = out + HF_RECORD_HEADER;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].n != 0)
            memmove(p, pieces[i].p, pieces[i].n);
        p += pieces[i].n;
    }
    write_header(out, type, (size_t)(p - out) - HF_RECORD_HEADER);
}

#define MAX_PIECES 8U

/* RFC 5288 section 3: the salt and what the record carries. What this side sends is its sequence
 * number, which never repeats under a key. */
static void make_nonce12(const hf_epoch *e, const uint8_t *sent, uint8_t nonce[HF_AEAD_NONCE])
{
    if (e->form == HF_FORM_12_IMPLICIT) {
        make_nonce(e, nonce);
        return;
    }
    memcpy(nonce, e->iv, HF_AEAD_NONCE - EXPLICIT_NONCE);
    memcpy(nonce + HF_AEAD_NONCE - EXPLICIT_NONCE, sent, EXPLICIT_NONCE);
}

static hf_status seal12(hf_epoch *e, uint8_t type, const hf_bytes *pieces, size_t count,
                        uint8_t *out)
{
    uint8_t nonce[HF_AEAD_NONCE], ad[ADDITIONAL_DATA_12];
    size_t n = 0, sent = explicit_len(e);
    for (size_t i = 0; i < count; i++)
        n += pieces[i].n;
    hf_status s = hf_epoch_wake(e);
    if (s != HF_OK)
        return s;
    write_header(out, type, sent + n + e->aead->tag_len);
    if (sent != 0)
        write_u64(out + HF_RECORD_HEADER, e->sequence);
    make_nonce12(e, out + HF_RECORD_HEADER, nonce);
    additional_data12(e, type, n, ad);
    s = e->aead->seal(e->state, nonce, (hf_bytes){ad, sizeof(ad)}, pieces, count,
                      out + HF_RECORD_HEADER + sent);
    if (s == HF_OK)
        e->sequence++;
    return s;
}

static hf_status open12(hf_epoch *e, uint8_t *record, size_t body_len, size_t limit, hf_record *out)
{
    uint8_t nonce[HF_AEAD_NONCE], ad[ADDITIONAL_DATA_12];
    size_t sent = explicit_len(e), tag = e->aead->tag_len;
    uint8_t *body = record + HF_RECORD_HEADER;
    out->encrypted = true;
    if (body_len < sent + tag)
        return HF_E_BAD_RECORD_MAC;
    if (e->sequence == UINT64_MAX)
        return HF_E_KEY_EXHAUSTED;
    hf_status s = hf_epoch_wake(e);
    if (s != HF_OK)
        return s;
    size_t n = body_len - sent - tag;
    make_nonce12(e, body, nonce);
    additional_data12(e, record[0], n, ad);
    s = e->aead->open(e->state, nonce, (hf_bytes){ad, sizeof(ad)}, body + sent, n + tag,
                      body + sent);
    if (s != HF_OK)
        return s;
    e->sequence++;
    out->content = (hf_bytes){body + sent, n};
    return n > limit ? HF_E_RECORD_TOO_LONG : HF_OK;
}

/* `inner` is TLSInnerPlaintext, of `n` bytes in all. */
static hf_status seal13(hf_epoch *e, const hf_bytes *inner, size_t count, size_t n, uint8_t *out)
{
    uint8_t nonce[HF_AEAD_NONCE];
    if (e->sequence == UINT64_MAX)
        return HF_E_KEY_EXHAUSTED;
    hf_status s = hf_epoch_wake(e);
    if (s != HF_OK)
        return s;
    write_header(out, HF_CONTENT_APPLICATION_DATA, n + e->aead->tag_len);
    make_nonce(e, nonce);
    s = e->aead->seal(e->state, nonce, (hf_bytes){out, HF_RECORD_HEADER}, inner, count,
                      out + HF_RECORD_HEADER);
    if (s == HF_OK)
        e->sequence++;
    return s;
}

hf_status hf_record_seal_built(hf_epoch *e, uint8_t type, size_t n, size_t padding, uint8_t *out)
{
    hf_bytes content = {out + hf_record_head(e), n};
    if (e->aead == NULL || e->form != HF_FORM_13)
        return hf_record_seal(e, type, &content, 1, 0, out);
    out[HF_RECORD_HEADER + n] = type;
    memset(out + HF_RECORD_HEADER + n + 1, 0, padding);
    content.n += 1 + padding;
    return seal13(e, &content, 1, content.n, out);
}

hf_status hf_record_seal(hf_epoch *e, uint8_t type, const hf_bytes *pieces, size_t count,
                         size_t padding, uint8_t *out)
{
    static const uint8_t zeros[256];
    if (e->aead == NULL) {
        seal_plain(type, pieces, count, out);
        return HF_OK;
    }
    if (e->sequence == UINT64_MAX)
        return HF_E_KEY_EXHAUSTED;
    if (count > MAX_PIECES)
        return HF_E_INTERNAL;
    if (e->form != HF_FORM_13)
        return seal12(e, type, pieces, count, out);
    /* TLSInnerPlaintext: content, type, zeros; section 5.2. */
    hf_bytes inner[MAX_PIECES + 1 + HF_RECORD_PLAINTEXT / sizeof(zeros) + 1];
    size_t n = 0, used = 0;
    for (; used < count; used++) {
        inner[used] = pieces[used];
        n += pieces[used].n;
    }
    inner[used++] = (hf_bytes){&type, 1};
    n += 1 + padding;
    for (size_t left = padding; left > 0; left -= inner[used - 1].n)
        inner[used++] = (hf_bytes){zeros, left < sizeof(zeros) ? left : sizeof(zeros)};
    return seal13(e, inner, used, n, out);
}

/* Finds the content type behind the padding. Constant time is not asked for: padding's length is
 * not secret from the peer that made it (section 5.4). */
static hf_status strip_padding(const uint8_t *p, size_t n, size_t limit, hf_record *out)
{
    size_t end = n;
    while (end > 0 && p[end - 1] == 0)
        end--;
    if (n > limit + 1)
        return HF_E_RECORD_TOO_LONG;
    if (end == 0)
        return HF_E_RECORD_NO_CONTENT_TYPE;
    out->type = p[end - 1];
    out->content = (hf_bytes){p, end - 1};
    out->padding = n - end;
    return HF_OK;
}

/* A peer that cannot go on before it has keys says so in the clear. It is believed only where it
 * ends the connection with an error anyway, so that nobody can forge a clean end. */
static bool is_early_alert(const hf_epoch *e, const uint8_t *record, size_t body_len)
{
    const uint8_t *body = record + HF_RECORD_HEADER;
    return record[0] == HF_CONTENT_ALERT && e->sequence == 0 && body_len == 2 && body[0] == 2 &&
           body[1] != HF_ALERT_close_notify && body[1] != HF_ALERT_user_canceled;
}

hf_status hf_record_open(hf_epoch *e, uint8_t *record, size_t n, size_t limit, hf_record *out)
{
    uint8_t *body = record + HF_RECORD_HEADER;
    size_t body_len = n - HF_RECORD_HEADER;
    *out = (hf_record){.type = record[0], .content = {body, body_len}, .sequence = e->sequence};
    if (e->aead != NULL && e->form != HF_FORM_13)
        return open12(e, record, body_len, limit, out);
    if (e->aead == NULL || record[0] == HF_CONTENT_CHANGE_CIPHER_SPEC)
        return HF_OK;
    if (is_early_alert(e, record, body_len))
        return HF_OK;
    if (record[0] != HF_CONTENT_APPLICATION_DATA)
        return HF_E_RECORD_TYPE;
    out->encrypted = true;
    if (body_len < e->aead->tag_len)
        return HF_E_BAD_RECORD_MAC;
    if (e->sequence == UINT64_MAX)
        return HF_E_KEY_EXHAUSTED;
    uint8_t nonce[HF_AEAD_NONCE];
    make_nonce(e, nonce);
    hf_status s = hf_epoch_wake(e);
    if (s != HF_OK)
        return s;
    s = e->aead->open(e->state, nonce, (hf_bytes){record, HF_RECORD_HEADER}, body, body_len, body);
    if (s != HF_OK)
        return s;
    e->sequence++;
    return strip_padding(body, body_len - e->aead->tag_len, limit, out);
}
