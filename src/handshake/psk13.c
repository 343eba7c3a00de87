/* psk13.c: pre-shared keys in TLS 1.3's hellos: a client's offer with its binder, a server's
 * choice. RFC 9846 section 4.3.11.
 *
 * A binder proves that whoever sends the hello has the key, and ties it to all that the hello says:
 * it is a MAC over the message up to the binders themselves. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"

#define TICKETS_TRIED                                                                              \
    4U /* each costs a decryption, before the client has proved anything: for at most              \
          four the application is asked */
#define PSK_OFFERS_MOST 8U     /* external keys */
#define IDENTITIES_MOST 60000U /* bytes that they may take in a hello, a ticket among them */

static void make_binder(const hf_hash *hash, hf_bytes secret, const char *label,
                        const uint8_t *digest, uint8_t *binder)
{
    hf_schedule13 ks;
    uint8_t empty[HF_HASH_MAX_DIGEST], key[HF_HASH_MAX_DIGEST];
    hf_hash_of(hash, NULL, 0, empty);
    hf_schedule13_start(&ks, hash, secret);
    hf_schedule13_derive(&ks, label, empty, key);
    hf_finished13(hash, key, digest, binder);
    hf_wipe(key, sizeof(key));
    hf_schedule13_wipe(&ks);
}

static const hf_hash *hash_of(const hf_config *cfg, const hf_session *s)
{
    for (size_t i = 0; i < cfg->suite_count; i++)
        if (cfg->suites[i].suite->id == s->suite)
            return cfg->suites[i].hash;
    return NULL;
}

/* ---- the client ---- */

static uint32_t obfuscated_age(const hf_handshake *hs)
{
    const hf_session *s = hs->session;
    int64_t now = hs->cfg->provider.now_s(hs->cfg->provider.ctx) * 1000;
    return (uint32_t)(now - s->created_ms) + s->age_add;
}

static bool has_hash(const hf_config *cfg, const hf_hash *hash)
{
    for (size_t i = 0; i < cfg->suite_count; i++)
        if (cfg->suites[i].suite->version == HF_VERSION_TLS_1_3 && cfg->suites[i].hash == hash)
            return true;
    return false;
}

/* After HelloRetryRequest the suite is known: a key of another hash is of no use any more. */
static bool of_use(const hf_handshake *hs, const hf_hash *hash)
{
    return (hs->facts & HF_F_RETRY) != 0 ? hash == hs->conn->suite->hash : has_hash(hs->cfg, hash);
}

/* A session's ticket first, then the config's keys, each in all its forms. */
static void list_offers(hf_handshake *hs)
{
    const hf_psk_set *set = &hs->cfg->psks;
    const hf_session *s = hs->session;
    struct hf_psk_offer *o = hs->offers;
    hs->offer_count = 0;
    if (s != NULL && s->version == HF_VERSION_TLS_1_3 && of_use(hs, hash_of(hs->cfg, s)) &&
        (set->count == 0 || s->ticket.n < IDENTITIES_MOST / 2))
        o[hs->offer_count++] = (struct hf_psk_offer){
            .identity = s->ticket,
            .secret = hf_bytes_of(s->secret, s->secret_len),
            .hash = hash_of(hs->cfg, s),
            .binder = "res binder",
            .age = obfuscated_age(hs),
        };
    for (size_t i = 0; i < set->count; i++)
        for (size_t k = 0; k < set->held[i]->form_count; k++) {
            const hf_psk_form *f = &set->held[i]->forms[k];
            if (of_use(hs, f->hash))
                o[hs->offer_count++] = (struct hf_psk_offer){
                    .identity = f->identity,
                    .secret = f->secret,
                    .hash = f->hash,
                    .binder = f->binder,
                    .held = set->held[i],
                };
        }
}

/* The binders with their own lengths, which the hello has after everything else. */
static size_t binders_len(const hf_handshake *hs)
{
    size_t n = 0;
    for (size_t i = 0; i < hs->offer_count; i++)
        n += 1U + hs->offers[i].hash->digest_len;
    return n;
}

static hf_status write_identities(hf_handshake *hs)
{
    hf_extensions *x = &hs->hello.extensions;
    size_t n = 0, binders = binders_len(hs);
    for (size_t i = 0; i < hs->offer_count; i++)
        n += 2 + hs->offers[i].identity.n + 4;
    uint8_t *p = hf_hs_alloc(hs, n + binders);
    if (p == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_writer w;
    hf_writer_init(&w, p, n + binders);
    for (size_t i = 0; i < hs->offer_count; i++) {
        hf_write_vec16(&w, hs->offers[i].identity);
        hf_write_u32(&w, hs->offers[i].age);
    }
    uint8_t *binder = p + n;
    for (size_t i = 0; i < hs->offer_count; i++) { /* the MACs themselves: hf_c13_bind_psk */
        *binder = (uint8_t)hs->offers[i].hash->digest_len;
        binder += 1U + *binder;
    }
    x->psk_identities = (hf_bytes){p, n};
    x->psk_binders = (hf_bytes){p + n, binders};
    x->present |= HF_X_BIT(HF_X_PRE_SHARED_KEY);
    hs->psk_secret = hs->offers[0].secret;
    return HF_OK;
}

static hf_status make_offers(hf_handshake *hs)
{
    if (hs->offers == NULL)
        hs->offers = hf_hs_alloc(hs, (1 + PSK_OFFERS_MOST * HF_PSK_FORMS) * sizeof(*hs->offers));
    if (hs->offers == NULL)
        return HF_E_OUT_OF_MEMORY;
    list_offers(hs);
    return hs->offer_count != 0 ? write_identities(hs) : HF_OK;
}

hf_status hf_c13_offer_psk(hf_handshake *hs)
{
    static const uint8_t modes[] = {1, 0}; /* psk_dhe_ke, psk_ke */
    hf_extensions *x = &hs->hello.extensions;
    if (hs->cfg->max_version < HF_VERSION_TLS_1_3)
        return HF_OK;
    if ((hs->facts & HF_F_RETRY) == 0)
        hf_hs_seek_session(hs);
    if (hs->session == NULL && hs->cfg->psks.count == 0 && !hf_config_wants_sessions(hs->cfg))
        return HF_OK;
    x->present |= HF_X_BIT(HF_X_PSK_KEY_EXCHANGE_MODES);
    x->psk_modes = (hf_bytes){modes, hs->cfg->insecure_psk_ke ? 2 : 1};
    x->present &= ~HF_X_BIT(HF_X_PRE_SHARED_KEY);
    return hs->session != NULL || hs->cfg->psks.count != 0 ? make_offers(hs) : HF_OK;
}

/* The digest of the hello up to the binders, behind what came before it. */
static void digest_hello(const hf_handshake *hs, const hf_hash *hash, hf_bytes body, size_t whole,
                         uint8_t *digest)
{
    const uint8_t header[] = {HF_MSG_CLIENT_HELLO, (uint8_t)(whole >> 16), (uint8_t)(whole >> 8),
                              (uint8_t)whole};
    hf_hash_state state;
    if ((hs->facts & HF_F_RETRY) != 0)
        state = hs->transcript.state;
    else
        hash->init(&state);
    hash->update(&state, header, sizeof(header));
    hash->update(&state, body.p, body.n);
    hash->final(&state, digest);
}

void hf_c13_bind_psk(hf_handshake *hs, hf_writer *w, size_t body_at)
{
    if (!hf_ext_has(&hs->hello.extensions, HF_X_PRE_SHARED_KEY) || hf_writer_status(w) != HF_OK)
        return;
    size_t whole = w->n - body_at, binders = binders_len(hs);
    hf_bytes body = {w->p + body_at, whole - binders - 2U};
    uint8_t *at = w->p + w->n - binders, digest[HF_HASH_MAX_DIGEST];
    const hf_hash *hash = NULL;
    for (size_t i = 0; i < hs->offer_count; i++) {
        const struct hf_psk_offer *o = &hs->offers[i];
        if (o->hash != hash)
            digest_hello(hs, o->hash, body, whole, digest);
        hash = o->hash;
        make_binder(hash, o->secret, o->binder, digest, at + 1);
        at += 1U + hash->digest_len;
    }
}

/* No certificate can be of use to a client that trusts nobody: it says so before one is sent. */
static hf_status judge_no_psk(hf_handshake *hs)
{
    const hf_config *cfg = hs->cfg;
    hf_hs_drop_session(hs);
    if (cfg->psks.count == 0 || cfg->store != NULL || cfg->raw_keys.n != 0 ||
        cfg->insecure_any_raw_key || cfg->insecure_no_verification)
        return HF_OK;
    return hf_hs_fail(
        hs, HF_E_PSK_NOT_TAKEN, "extensions", "pre_shared_key with one of the keys offered",
        "none: the server goes on to show a certificate, and this client trusts none");
}

hf_status hf_13_take_external(hf_handshake *hs, hf_held_psk *held, const hf_psk_form *form)
{
    hf_conn *c = hs->conn;
    char name[64];
    hs->facts |= HF_F_PSK;
    hs->psk_secret = form->secret;
    hf_held_psk *before = c->psk;
    c->psk = hf_held_psk_ref(held);
    hf_held_psk_free(before);
    c->peer_authenticated = true;
    hs->identity = NULL; /* nothing is shown or signed */
    c->own_identity = NULL;
    c->own_scheme = NULL;
    hf_psk_identity_text(held->identity, name, sizeof(name));
    hf_trace_choice_text(c, "pre-shared key", NULL, NULL, name,
                         hf_conn_is_client(c)
                             ? "the server took it up: both ends have it, and show no certificates"
                             : "the client has shown that it has it: no certificates are shown");
    return HF_OK;
}

void hf_psk_identity_text(hf_bytes identity, char *text, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    bool plain = true;
    size_t n = 0;
    for (size_t i = 0; i < identity.n; i++)
        plain &= identity.p[i] >= 0x20 && identity.p[i] < 0x7f;
    for (size_t i = 0; i < identity.n && n + 3 < size; i++) {
        if (plain) {
            text[n++] = (char)identity.p[i];
            continue;
        }
        text[n++] = digits[identity.p[i] >> 4];
        text[n++] = digits[identity.p[i] & 15];
    }
    text[n] = '\0';
}

static const hf_psk_form *form_of(const struct hf_psk_offer *o)
{
    return hf_held_psk_form(o->held, o->identity);
}

hf_status hf_c13_judge_psk(hf_handshake *hs, const hf_extensions *x)
{
    if (!hf_ext_has(x, HF_X_PRE_SHARED_KEY))
        return judge_no_psk(hs);
    if (!hf_ext_has(&hs->hello.extensions, HF_X_PRE_SHARED_KEY))
        return hf_hs_fail(hs, HF_E_UNSOLICITED_EXTENSION, "extension_type",
                          "only extensions that were offered", "pre_shared_key (41)");
    if (x->selected_identity >= hs->offer_count)
        return hf_hs_fail(hs, HF_E_SELECTED_IDENTITY, "selected_identity",
                          "the place of one that was offered", "%u of %zu", x->selected_identity,
                          hs->offer_count);
    const struct hf_psk_offer *o = &hs->offers[x->selected_identity];
    if (o->hash != hs->conn->suite->hash)
        return hf_hs_fail(hs, HF_E_SELECTED_IDENTITY, "cipher_suite",
                          "a suite with the hash of the pre-shared key", "%s",
                          hs->conn->suite->suite->name);
    hs->psk_index = x->selected_identity;
    if (o->held != NULL) {
        hf_hs_drop_session(hs);
        return hf_13_take_external(hs, o->held, form_of(o));
    }
    hs->facts |= HF_F_PSK;
    hs->psk_secret = o->secret;
    hf_trace_choice_text(hs->conn, "resumption", "a session ticket", NULL,
                         "the session of the ticket",
                         "the server took up the ticket: no certificates are shown");
    return hf_hs_take_session(hs);
}

/* ---- the server ---- */

/* What the binders cover, while the hello is still apart from what came before it. */
void hf_s13_note_binders(hf_handshake *hs, const hf_extensions *x, hf_bytes message)
{
    if (!hf_ext_has(x, HF_X_PRE_SHARED_KEY))
        return;
    const hf_hash *hash = hs->conn->suite->hash;
    hf_hash_state state;
    if ((hs->facts & HF_F_RETRY) != 0)
        state = hs->transcript.state;
    else
        hash->init(&state);
    hash->update(&state, message.p, x->psk_binders_offset);
    hash->final(&state, hs->binder_digest);
}

static hf_bytes binder_at(const hf_extensions *x, size_t index)
{
    hf_bytes rest = x->psk_binders, binder = {NULL, 0};
    for (size_t i = 0; i <= index; i++)
        if (!hf_item8_next(&rest, &binder))
            return (hf_bytes){NULL, 0};
    return binder;
}

static size_t count_identities(const hf_extensions *x)
{
    hf_bytes rest = x->psk_identities, identity;
    uint32_t age;
    size_t n = 0;
    while (hf_psk_identity_next(&rest, &identity, &age))
        n++;
    return n;
}

static size_t count_binders(const hf_extensions *x)
{
    hf_bytes rest = x->psk_binders, binder;
    size_t n = 0;
    while (hf_item8_next(&rest, &binder))
        n++;
    return n;
}

hf_bytes hf_s13_binder(const hf_handshake *hs)
{
    return binder_at(&hs->hello.extensions, hs->psk_index);
}

hf_status hf_s13_judge_binder(hf_handshake *hs, hf_bytes secret, const char *label)
{
    uint8_t binder[HF_HASH_MAX_DIGEST];
    const hf_hash *hash = hs->conn->suite->hash;
    hf_bytes theirs = hf_s13_binder(hs);
    make_binder(hash, secret, label, hs->binder_digest, binder);
    bool right = theirs.n == hash->digest_len && hf_ct_equal(theirs.p, binder, theirs.n);
    hf_wipe(binder, sizeof(binder));
    if (right)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_BAD_BINDER, "binder", "the MAC that this side computed",
                      "%zu other bytes", theirs.n);
}

static hf_status take_psk(hf_handshake *hs, hf_session *s)
{
    hs->session = s; /* freed with the scratch, whatever follows */
    hs->psk_secret = hf_bytes_of(s->secret, s->secret_len);
    hf_status status = hf_s13_judge_binder(hs, hs->psk_secret, "res binder");
    if (status != HF_OK)
        return status;
    hs->facts |= HF_F_PSK;
    hf_trace_choice_text(hs->conn, "resumption", "a session ticket", NULL,
                         "the session of the ticket",
                         "the first ticket that is this server's own, in time, and for the same");
    return hf_hs_take_session(hs);
}

/* Which identities are to be tried: none, where the hello offers none in a way that is of use. */
static hf_status seek_psk(hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    hs->psk_sought = true;
    if (!hf_ext_has(x, HF_X_PRE_SHARED_KEY))
        return HF_OK;
    size_t identities = count_identities(x), binders = count_binders(x);
    if (identities != binders)
        return hf_hs_fail(hs, HF_E_PSK_BINDERS, "binders", "one for each identity", "%zu for %zu",
                          binders, identities);
    if (hf_config_has_tickets(hs->cfg) && hf_s13_psk_mode_fits(hs))
        hs->psk_rest = x->psk_identities;
    return HF_OK;
}

hf_status hf_s13_open_ticket(hf_handshake *hs)
{
    hf_bytes identity;
    hf_status status = hs->psk_sought ? HF_OK : seek_psk(hs);
    if (status != HF_OK) {
        hs->error.message = "ClientHello";
        return status;
    }
    hs->psk_asked = hs->psk_index < TICKETS_TRIED &&
                    hf_psk_identity_next(&hs->psk_rest, &identity, &hs->psk_age);
    return hs->psk_asked ? hf_hs_open(hs, identity) : HF_OK;
}

static bool fits(const hf_handshake *hs, const hf_session *s)
{
    return s->version == HF_VERSION_TLS_1_3 && hf_hs_session_fits(hs, s) &&
           hf_u16s_have(hs->hello.cipher_suites, s->suite) &&
           hash_of(hs->cfg, s) == hs->conn->suite->hash;
}

/* The session that the ticket held, if it is one of ours and fits; else on with the next. */
static hf_status judge_state(hf_handshake *hs)
{
    hf_session *s = hf_hs_alloc(hs, sizeof(*s));
    if (s == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_status status = hs->ticket.status;
    if (status == HF_OK)
        status = hf_session_decode(hf_buf_bytes(&hs->ticket.state), s);
    hf_buf_clear(&hs->ticket.state);
    if (status == HF_E_OUT_OF_MEMORY)
        return hf_hs_fail(hs, status, NULL, NULL, NULL);
    if (status == HF_OK && fits(hs, s))
        return take_psk(hs, s);
    if (status == HF_OK)
        hf_session_clear(s);
    hs->psk_index++;
    return HF_AGAIN;
}

hf_status hf_s13_judge_ticket(hf_handshake *hs)
{
    hf_status status = hs->psk_asked ? judge_state(hs) : HF_OK;
    if (status < 0)
        hs->error.message = "ClientHello";
    return status;
}
