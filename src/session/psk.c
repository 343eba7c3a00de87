/* psk.c: external pre-shared keys: copied, imported (RFC 9258), kept and found. */
#include "session/psk.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hkdf.h"
#include "crypto/lookup.h"

#define TLS_1_3   0x0304U
#define NAME_MOST 255U
#define ALPN_MOST 255U

/* ---- the importer ---- */

static const hf_hash *hash_of_kdf(const hf_provider *p, uint16_t kdf)
{
    return hf_hash_find(p, kdf == HF_PSK_SHA384 ? 5 : 4); /* HashAlgorithm's numbers */
}

/* RFC 9258 appendix A: two names, each behind a length byte. */
static size_t context_len(const hf_psk *psk)
{
    if (psk->client_name == NULL)
        return psk->context.n;
    return 2 + strlen(psk->client_name) + strlen(psk->server_name);
}

static void write_context(hf_writer *w, const hf_psk *psk)
{
    if (psk->client_name == NULL) {
        hf_write_bytes(w, psk->context);
        return;
    }
    hf_write_vec8(w, hf_bytes_text(psk->client_name));
    hf_write_vec8(w, hf_bytes_text(psk->server_name));
}

/* ImportedIdentity: RFC 9258 section 5.1. */
static void write_imported(hf_writer *w, const hf_psk *psk, uint16_t kdf)
{
    hf_write_vec16(w, psk->identity);
    size_t context = hf_write_open(w, 2);
    write_context(w, psk);
    hf_write_close(w, context, 2);
    hf_write_u16(w, TLS_1_3);
    hf_write_u16(w, kdf);
}

bool hf_imported_identity_parse(hf_bytes identity, hf_bytes *external, hf_bytes *context)
{
    hf_reader r;
    hf_reader_init(&r, identity, NULL);
    *external = hf_read_vec16(&r, "external_identity");
    *context = hf_read_vec16(&r, "context");
    uint16_t protocol = hf_read_u16(&r, "target_protocol");
    uint16_t kdf = hf_read_u16(&r, "target_kdf");
    return hf_reader_done(&r) && external->n != 0 && protocol == TLS_1_3 &&
           (kdf == HF_PSK_SHA256 || kdf == HF_PSK_SHA384);
}

/* epskx and ipskx: RFC 9258 section 5.1. The KDF is the key's own; the length is that of the hash
 * it is imported for. */
static void import_key(const hf_hash *own, hf_bytes key, hf_bytes identity, const hf_hash *target,
                       uint8_t *out)
{
    uint8_t extracted[HF_HASH_MAX_DIGEST], digest[HF_HASH_MAX_DIGEST];
    hf_hmac_key k;
    hf_hkdf_extract(own, (hf_bytes){NULL, 0}, key, extracted);
    hf_hash_of(own, &identity, 1, digest);
    hf_hmac_key_init(&k, own, (hf_bytes){extracted, own->digest_len});
    hf_hkdf_expand_label(&k, "derived psk", (hf_bytes){digest, own->digest_len}, out,
                         target->digest_len);
    hf_wipe(extracted, sizeof(extracted));
    hf_wipe(&k, sizeof(k));
}

/* ---- one key ---- */

static bool imports(const hf_psk *psk)
{
    return psk->imported || psk->client_name != NULL;
}

static hf_status wrong(hf_error *e, const char *field, const char *expected, size_t got)
{
    return hf_fail(e, HF_E_BAD_ARGUMENT, field, expected, "%zu", got);
}

static hf_status judge_names(const hf_psk *psk, hf_error *e)
{
    if ((psk->client_name == NULL) != (psk->server_name == NULL))
        return hf_fail(e, HF_E_BAD_ARGUMENT, "psk.server_name", "both names, or none", "one");
    if (psk->client_name == NULL)
        return HF_OK;
    size_t a = strlen(psk->client_name), b = strlen(psk->server_name);
    if (a == 0 || a > NAME_MOST || b == 0 || b > NAME_MOST)
        return wrong(e, "psk.client_name", "names of 1 to 255 bytes", a > b ? a : b);
    if (strcmp(psk->client_name, psk->server_name) == 0)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "psk.server_name",
                       "another name than the client's: they tell the two roles apart", "the same");
    if (psk->context.n != 0)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "psk.context", "nothing beside the two names",
                       "%zu bytes", psk->context.n);
    return HF_OK;
}

static hf_status judge_psk(const hf_psk *psk, hf_error *e)
{
    if (psk->identity.n == 0 || psk->identity.n > HF_PSK_MOST)
        return wrong(e, "psk.identity", "1 to 1024 bytes", psk->identity.n);
    if (psk->key.n < HF_PSK_KEY_LEAST || psk->key.n > HF_PSK_MOST)
        return wrong(e, "psk.key", "16 to 1024 bytes, from a random generator", psk->key.n);
    if (psk->hash > HF_PSK_SHA384)
        return wrong(e, "psk.hash", "HF_PSK_SHA256 or HF_PSK_SHA384", psk->hash);
    if (psk->context.n > HF_PSK_MOST)
        return wrong(e, "psk.context", "at most 1024 bytes", psk->context.n);
    if (psk->context.n != 0 && !imports(psk))
        return hf_fail(e, HF_E_BAD_ARGUMENT, "psk.context", "none, for a key that is not imported",
                       "%zu bytes", psk->context.n);
    if (psk->early_alpn != NULL && strlen(psk->early_alpn) > ALPN_MOST)
        return wrong(e, "psk.early_alpn", "at most 255 bytes", strlen(psk->early_alpn));
    const hf_suite *suite = hf_suite_find(psk->early_suite);
    if (psk->early_suite != 0 && (suite == NULL || suite->version != TLS_1_3))
        return hf_fail(e, HF_E_BAD_ARGUMENT, "psk.early_suite", "a suite of TLS 1.3", "0x%04x",
                       psk->early_suite);
    if (suite != NULL && !imports(psk) && (suite->hash_id == 5) != (psk->hash == HF_PSK_SHA384))
        return hf_fail(e, HF_E_BAD_ARGUMENT, "psk.early_suite", "a suite with the key's hash", "%s",
                       suite->name);
    return judge_names(psk, e);
}

/* What goes into `bytes`: identity, key, ALPN, and the wire identities of an imported key. */
static size_t room_for(const hf_psk *psk)
{
    size_t n = psk->identity.n + psk->key.n;
    if (psk->early_alpn != NULL)
        n += strlen(psk->early_alpn);
    if (imports(psk))
        n += HF_PSK_FORMS * (psk->identity.n + context_len(psk) + 8);
    return n;
}

static hf_bytes put(hf_writer *w, hf_bytes bytes)
{
    size_t at = w->n;
    hf_write_bytes(w, bytes);
    return (hf_bytes){w->p + at, bytes.n};
}

static void add_imported(hf_held_psk *h, hf_writer *w, const hf_psk *psk, const hf_provider *p,
                         uint16_t kdf)
{
    const hf_hash *own = hash_of_kdf(p, psk->hash), *target = hash_of_kdf(p, kdf);
    if (own == NULL || target == NULL)
        return;
    size_t at = w->n, i = h->form_count++;
    write_imported(w, psk, kdf);
    hf_bytes identity = {w->p + at, w->n - at};
    import_key(own, psk->key, identity, target, h->imported[i]);
    h->forms[i] =
        (hf_psk_form){identity, {h->imported[i], target->digest_len}, target, "imp binder"};
}

static void fill(hf_held_psk *h, const hf_psk *psk, const hf_provider *p, size_t room)
{
    hf_writer w;
    hf_writer_init(&w, h->bytes, room);
    h->identity = put(&w, psk->identity);
    hf_bytes key = put(&w, psk->key);
    if (psk->early_alpn != NULL)
        h->early_alpn = put(&w, hf_bytes_text(psk->early_alpn));
    h->early_data = psk->insecure_early_data;
    h->early_suite = psk->early_suite;
    if (h->early_suite == 0)
        h->early_suite = !imports(psk) && psk->hash == HF_PSK_SHA384 ? 0x1302 : 0x1301;
    if (imports(psk)) {
        /* early data goes under the first: it is of the suite that was given for it */
        const hf_suite *early = hf_suite_find(h->early_suite);
        bool longer = early != NULL && early->hash_id == 5;
        add_imported(h, &w, psk, p, longer ? HF_PSK_SHA384 : HF_PSK_SHA256);
        add_imported(h, &w, psk, p, longer ? HF_PSK_SHA256 : HF_PSK_SHA384);
    } else if (hash_of_kdf(p, psk->hash) != NULL) {
        h->forms[h->form_count++] =
            (hf_psk_form){h->identity, key, hash_of_kdf(p, psk->hash), "ext binder"};
    }
}

/* The lengths keep what is hashed apart. */
static void note_digest(hf_held_psk *h, const hf_provider *p)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    const hf_psk_form *f = &h->forms[0];
    const uint8_t n[] = {(uint8_t)(f->identity.n >> 8), (uint8_t)f->identity.n};
    hf_bytes pieces[] = {
        hf_bytes_text("handfast external psk"), {n, sizeof(n)}, f->identity, f->secret};
    hf_hash_of(hf_hash_find(p, 4), pieces, 4, digest);
    memcpy(h->digest, digest, sizeof(h->digest));
}

hf_status hf_held_psk_new(const hf_psk *psk, const hf_provider *provider, hf_held_psk **out,
                          hf_error *e)
{
    *out = NULL;
    hf_status s = judge_psk(psk, e);
    if (s != HF_OK)
        return s;
    size_t room = room_for(psk);
    hf_held_psk *h = hf_alloc(sizeof(*h) + room);
    if (h == NULL)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    atomic_init(&h->refs, 1);
    h->size = sizeof(*h) + room;
    fill(h, psk, provider, room);
    if (h->form_count == 0 || hf_hash_find(provider, 4) == NULL) {
        hf_held_psk_free(h);
        return hf_fail(e, HF_E_BAD_ARGUMENT, "psk.hash", "a hash that the provider has", "none");
    }
    note_digest(h, provider);
    *out = h;
    return HF_OK;
}

hf_held_psk *hf_held_psk_ref(hf_held_psk *held)
{
    atomic_fetch_add_explicit(&held->refs, 1, memory_order_relaxed);
    return held;
}

void hf_held_psk_free(hf_held_psk *held)
{
    if (held != NULL && atomic_fetch_sub_explicit(&held->refs, 1, memory_order_acq_rel) == 1)
        hf_free_wiped(held, held->size);
}

const hf_psk_form *hf_held_psk_form(const hf_held_psk *held, hf_bytes identity)
{
    for (size_t i = 0; i < held->form_count; i++)
        if (hf_bytes_equal(held->forms[i].identity, identity))
            return &held->forms[i];
    return NULL;
}

/* ---- a set of them ---- */

static int compare(hf_bytes a, hf_bytes b)
{
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return memcmp(a.p, b.p, a.n);
}

/* The first place whose identity is not before this one. */
static size_t place_of(const hf_psk_set *set, hf_bytes identity)
{
    size_t low = 0, high = set->form_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(set->sorted[middle].form->identity, identity) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct hf_psk_place *hf_psk_set_find(const hf_psk_set *set, hf_bytes identity)
{
    size_t at = place_of(set, identity);
    bool there = at < set->form_count && compare(set->sorted[at].form->identity, identity) == 0;
    return there ? &set->sorted[at] : NULL;
}

hf_held_psk *hf_psk_set_bound(const hf_psk_set *set, const uint8_t digest[HF_SESSION_DIGEST])
{
    for (size_t i = 0; i < set->count; i++)
        if (!set->held[i]->own && memcmp(set->held[i]->digest, digest, HF_SESSION_DIGEST) == 0)
            return set->held[i];
    return NULL;
}

/* An array of items of `size` bytes with room for `more`; pointers alone are in it. */
static bool grow(void **items, size_t size, size_t count, size_t *room, size_t more)
{
    if (count + more <= *room)
        return true;
    size_t wanted = 2 * *room + 8;
    void *bigger = hf_alloc(wanted * size);
    if (bigger == NULL)
        return false;
    hf_copy(bigger, *items, count * size);
    hf_free(*items);
    *items = bigger;
    *room = wanted;
    return true;
}

static bool make_room(hf_psk_set *set)
{
    void *held = set->held, *sorted = set->sorted;
    bool ok = grow(&held, sizeof(*set->held), set->count, &set->room, 1);
    set->held = held;
    ok = ok && grow(&sorted, sizeof(*set->sorted), set->form_count, &set->form_room, HF_PSK_FORMS);
    set->sorted = sorted;
    return ok;
}

static void insert(hf_psk_set *set, const hf_psk_form *form)
{
    size_t at = place_of(set, form->identity);
    memmove(&set->sorted[at + 1], &set->sorted[at], (set->form_count - at) * sizeof(*set->sorted));
    set->sorted[at] = (struct hf_psk_place){form, set->count};
    set->form_count++;
}

hf_status hf_psk_set_add(hf_psk_set *set, hf_held_psk *held)
{
    hf_status s = make_room(set) ? HF_OK : HF_E_OUT_OF_MEMORY;
    for (size_t i = 0; s == HF_OK && i < held->form_count; i++)
        if (hf_psk_set_find(set, held->forms[i].identity) != NULL)
            s = HF_E_BAD_ARGUMENT;
    if (s != HF_OK) {
        hf_held_psk_free(held);
        return s;
    }
    for (size_t i = 0; i < held->form_count; i++)
        insert(set, &held->forms[i]);
    set->held[set->count++] = held;
    return HF_OK;
}

void hf_psk_set_free(hf_psk_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        hf_held_psk_free(set->held[i]);
    hf_free(set->held);
    hf_free(set->sorted);
    *set = (hf_psk_set){0};
}
