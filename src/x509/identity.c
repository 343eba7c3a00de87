/* identity.c: a certificate chain and its private key, in one block that never changes. */
#include "x509/identity.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/der.h"
#include "base/error.h"

#include <stdatomic.h>
#include <strings.h>

#define MOST_CERTIFICATES 100U
#define MOST_SCHEMES      32U

struct hf_identity {
    atomic_size_t references;
    hf_key *key;
    hf_buf ocsp, scts; /* what is stapled */
    const hf_sigscheme *schemes[MOST_SCHEMES];
    size_t scheme_count;
    bool named_authorities_only;
    size_t count, size;
    hf_cert certs[]; /* and after them their DER, `size` bytes */
};

/* The same walk twice: first to count, then to copy. */
typedef struct walk {
    hf_identity *into; /* NULL while counting */
    uint8_t *room;     /* where the next DER goes */
    size_t count, size;
    hf_error *e;
} walk;

static hf_status visit(void *ctx, hf_bytes der)
{
    walk *w = ctx;
    hf_bytes kept = der;
    hf_cert c;
    if (w->into != NULL) {
        memcpy(w->room, der.p, der.n);
        kept.p = w->room;
        w->room += der.n;
    }
    hf_status s = hf_cert_parse(kept, w->into != NULL ? &w->into->certs[w->count] : &c, w->e);
    w->count++;
    w->size += der.n;
    if (s != HF_OK)
        hf_error_subject(w->e, "certificate %zu of the chain", w->count);
    else if (w->count > MOST_CERTIFICATES)
        s = hf_fail(w->e, HF_E_CHAIN_TOO_LONG, "chain", "at most 100 certificates", "more");
    return s;
}

static hf_status check_key(const hf_cert *leaf, const hf_key *key, hf_error *e)
{
    if (hf_bytes_equal(leaf->spki, hf_key_public(key)))
        return HF_OK;
    hf_fail(e, HF_E_KEY_MISMATCH, "subjectPublicKeyInfo", NULL, "%s of %u bits",
            hf_key_type_name(hf_key_type_of(key)), hf_key_bits(key));
    hf_error_expected(e, "the private key of the certificate's %s of %u bits",
                      hf_key_type_name(leaf->key_type), leaf->key_bits);
    if (e != NULL)
        hf_name_text(leaf->subject, e->subject, sizeof(e->subject));
    return HF_E_KEY_MISMATCH;
}

hf_status hf_identity_new(hf_bytes chain, hf_key *key, hf_identity **out, hf_error *e)
{
    walk w = {.e = e};
    if (key == NULL)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "key", "a private key", "NULL");
    hf_status s = hf_pem_each(chain, "CERTIFICATE", visit, &w, e);
    if (s != HF_OK)
        return s;
    if (w.count == 0)
        return hf_fail(e, HF_E_PEM_NOTHING_FOUND, NULL, "a block -----BEGIN CERTIFICATE-----",
                       "%zu bytes without one", chain.n);
    hf_identity *id = hf_alloc(sizeof(*id) + w.count * sizeof(id->certs[0]) + w.size);
    if (id == NULL)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    id->count = w.count;
    id->size = w.size;
    w = (walk){.into = id, .room = (uint8_t *)&id->certs[id->count], .e = e};
    s = hf_pem_each(chain, "CERTIFICATE", visit, &w, e);
    if (s == HF_OK)
        s = check_key(&id->certs[0], key, e);
    if (s != HF_OK) {
        hf_free(id);
        return s;
    }
    atomic_init(&id->references, 1);
    id->key = hf_key_ref(key);
    *out = id;
    return HF_OK;
}

hf_status hf_identity_new_raw_key(hf_key *key, hf_identity **out, hf_error *e)
{
    if (key == NULL)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "key", "a private key", "NULL");
    hf_bytes spki = hf_key_public(key);
    hf_identity *id = hf_alloc(sizeof(*id) + sizeof(id->certs[0]) + spki.n);
    if (id == NULL)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    uint8_t *room = (uint8_t *)&id->certs[1];
    hf_copy(room, spki.p, spki.n);
    hf_status s = hf_raw_key_parse((hf_bytes){room, spki.n}, &id->certs[0], e);
    if (s != HF_OK) {
        hf_free(id);
        return s;
    }
    id->count = 1;
    id->size = spki.n;
    atomic_init(&id->references, 1);
    id->key = hf_key_ref(key);
    *out = id;
    return HF_OK;
}

hf_cert_type hf_identity_type(const hf_identity *identity)
{
    return identity->certs[0].raw_public_key ? HF_CERT_RAW_PUBLIC_KEY : HF_CERT_X509;
}

hf_identity *hf_identity_ref(hf_identity *identity)
{
    atomic_fetch_add_explicit(&identity->references, 1, memory_order_relaxed);
    return identity;
}

void hf_identity_free(hf_identity *identity)
{
    if (identity == NULL ||
        atomic_fetch_sub_explicit(&identity->references, 1, memory_order_acq_rel) != 1)
        return;
    hf_key_free(identity->key);
    hf_buf_free(&identity->ocsp);
    hf_buf_free(&identity->scts);
    hf_free(identity);
}

const hf_key *hf_identity_key(const hf_identity *identity)
{
    return identity->key;
}

const hf_cert *hf_identity_cert(const hf_identity *identity, size_t i)
{
    return i < identity->count ? &identity->certs[i] : NULL;
}

size_t hf_identity_count(const hf_identity *identity)
{
    return identity->count;
}

size_t hf_identity_size(const hf_identity *identity)
{
    return identity->size;
}

bool hf_identity_covers(const hf_identity *identity, const char *host)
{
    return hf_cert_matches_host(&identity->certs[0], host);
}

/* ---- choosing ---- */

/* The text equals `name` but for the case of ASCII letters. */
static bool same_name(hf_bytes name, const char *text)
{
    if (strlen(text) != name.n)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t a = name.p[i], b = (uint8_t)text[i];
        a = a >= 'A' && a <= 'Z' ? (uint8_t)(a | 0x20) : a;
        b = b >= 'A' && b <= 'Z' ? (uint8_t)(b | 0x20) : b;
        if (a != b)
            return false;
    }
    return true;
}

unsigned hf_identity_match(const hf_identity *identity, const char *host)
{
    hf_san_iter it;
    hf_san_type type;
    hf_bytes value;
    hf_san_start(&identity->certs[0], &it);
    while (hf_san_next(&it, &type, &value))
        if (type == HF_SAN_DNS && same_name(value, host))
            return 2;
    return hf_identity_covers(identity, host) ? 1 : 0;
}

bool hf_identity_issued_by(const hf_identity *identity, hf_bytes authorities)
{
    hf_reader r;
    hf_reader_init(&r, authorities, NULL);
    while (hf_reader_more(&r)) {
        hf_bytes name = hf_read_vec16(&r, "distinguished_name");
        for (size_t i = 0; i < identity->count; i++)
            if (!r.failed && hf_bytes_equal(identity->certs[i].issuer, name))
                return true;
    }
    return false;
}

void hf_identity_set_named_authorities_only(hf_identity *identity, bool on)
{
    identity->named_authorities_only = on;
}

bool hf_identity_named_authorities_only(const hf_identity *identity)
{
    return identity->named_authorities_only;
}

/* ---- what is stapled ---- */

/* They speak of a certificate: RFC 7250 has nothing that they could say of a key alone. */
static hf_status refuse_raw_key(const hf_identity *identity, hf_error *e)
{
    if (hf_identity_type(identity) == HF_CERT_X509)
        return HF_OK;
    return hf_fail(e, HF_E_BAD_ARGUMENT, "identity", "a certificate", "a raw public key");
}

static hf_status keep(hf_buf *into, hf_bytes bytes, hf_error *e)
{
    hf_buf fresh = {0};
    hf_status s = hf_buf_append(&fresh, bytes);
    if (s != HF_OK)
        return hf_fail(e, s, NULL, NULL, NULL);
    hf_buf_free(into);
    *into = fresh;
    return HF_OK;
}

/* OCSPResponse, RFC 6960 section 4.2.1: a SEQUENCE of a status, which must be successful (0), and
 * the bytes of the response. */
hf_status hf_identity_set_ocsp(hf_identity *identity, hf_bytes response, hf_error *e)
{
    hf_reader r, outer;
    if (response.n == 0) {
        hf_buf_free(&identity->ocsp);
        return HF_OK;
    }
    if (refuse_raw_key(identity, e) != HF_OK)
        return HF_E_BAD_ARGUMENT;
    hf_reader_init(&r, response, NULL);
    hf_der_enter(&r, &outer, HF_DER_SEQUENCE, "OCSPResponse");
    hf_bytes status = hf_der_value(&outer, 0x0a, "responseStatus");
    hf_der_value(&outer, HF_DER_CONTEXT_CONSTRUCTED(0), "responseBytes");
    bool whole = hf_reader_done(&outer) && hf_reader_done(&r) && response.n < 1U << 24;
    if (!whole || status.n != 1 || status.p[0] != 0)
        return hf_fail(e, HF_E_STAPLE_MALFORMED, "OCSPResponse",
                       "one successful OCSP response in DER", "%zu bytes that are %s", response.n,
                       whole ? "a response without success" : "none");
    return keep(&identity->ocsp, response, e);
}

hf_status hf_identity_set_ocsp_as_is(hf_identity *identity, hf_bytes bytes, hf_error *e)
{
    if (refuse_raw_key(identity, e) != HF_OK)
        return HF_E_BAD_ARGUMENT;
    if (bytes.n == 0 || bytes.n >= 1U << 24)
        return hf_fail(e, HF_E_STAPLE_MALFORMED, "response", "1 to 16,777,215 bytes", "%zu",
                       bytes.n);
    return keep(&identity->ocsp, bytes, e);
}

hf_status hf_identity_set_scts(hf_identity *identity, hf_bytes list, hf_error *e)
{
    hf_reader r, scts;
    size_t count = 0;
    if (list.n == 0) {
        hf_buf_free(&identity->scts);
        return HF_OK;
    }
    if (refuse_raw_key(identity, e) != HF_OK)
        return HF_E_BAD_ARGUMENT;
    hf_reader_init(&r, list, NULL);
    hf_read_sub16(&r, &scts, "sct_list");
    while (hf_reader_more(&scts)) {
        if (hf_read_vec16(&scts, "serialized_sct").n == 0)
            hf_reader_fail(&scts, HF_E_DECODE, "serialized_sct");
        count++;
    }
    if (!hf_reader_done(&scts) || !hf_reader_done(&r) || count == 0)
        return hf_fail(e, HF_E_STAPLE_MALFORMED, "sct_list",
                       "a SignedCertificateTimestampList (RFC 6962 section 3.3)",
                       "%zu bytes that are none", list.n);
    return keep(&identity->scts, (hf_bytes){list.p + 2, list.n - 2}, e);
}

hf_bytes hf_identity_ocsp(const hf_identity *identity)
{
    return hf_buf_bytes(&identity->ocsp);
}

hf_bytes hf_identity_scts(const hf_identity *identity)
{
    return hf_buf_bytes(&identity->scts);
}

/* ---- what it signs with ---- */

static const hf_sigscheme *find_scheme(const char *name, size_t n)
{
    for (const hf_sigscheme *const *s = hf_provider_default()->sigschemes; *s != NULL; s++)
        if (strlen((*s)->name) == n && strncasecmp((*s)->name, name, n) == 0)
            return *s;
    return NULL;
}

hf_status hf_identity_set_sigschemes(hf_identity *identity, const char *list, hf_error *e)
{
    const hf_sigscheme *found[MOST_SCHEMES];
    size_t count = 0;
    while (*list != '\0') {
        size_t n = strcspn(list, ":,");
        const hf_sigscheme *s = find_scheme(list, n);
        if (n != 0 && s == NULL)
            return hf_fail(e, HF_E_UNKNOWN_NAME_IN_LIST, "sigschemes", "names of RFC 9846", "%.*s",
                           n < 64 ? (int)n : 64, list);
        if (n != 0 && count == MOST_SCHEMES)
            return hf_fail(e, HF_E_BAD_ARGUMENT, "sigschemes", "at most 32", "more");
        if (n != 0)
            found[count++] = s;
        list += n + (list[n] != '\0');
    }
    if (count == 0)
        return hf_fail(e, HF_E_EMPTY_LIST, "sigschemes", "at least one", "none");
    hf_copy(identity->schemes, found, count * sizeof(found[0]));
    identity->scheme_count = count;
    return HF_OK;
}

const hf_sigscheme *const *hf_identity_sigschemes(const hf_identity *identity, size_t *count)
{
    *count = identity->scheme_count;
    return identity->schemes;
}
