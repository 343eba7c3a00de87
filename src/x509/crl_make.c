/* crl_make.c: makes certificate revocation lists. RFC 5280 section 5. */
#include "base/buf.h"
#include "base/bytes.h"
#include "base/der.h"
#include "base/der_write.h"
#include "base/error.h"
#include "crypto/key.h"
#include "x509/cert_parse.h"
#include "x509/issue.h"
#include "x509/name.h"

#define OID_CRL_NUMBER  "\x55\x1d\x14"
#define OID_REASON_CODE "\x55\x1d\x15"
#define NUMBER_MOST     20U /* octets: section 5.2.3 */

/* ---- an earlier list ---- */

/* What a new list takes over from the one before it. */
typedef struct previous {
    hf_bytes tbs, issuer, algorithm, signature;
    hf_bytes entries; /* content of revokedCertificates; empty when there are none */
    hf_bytes number;  /* without leading zeros; empty for none */
} previous;

/* Without leading zeros; nothing of a negative one, which no list may have. */
static hf_bytes magnitude(hf_bytes v)
{
    if (v.n != 0 && v.p[0] >= 0x80)
        return (hf_bytes){NULL, 0};
    while (v.n != 0 && v.p[0] == 0)
        v = hf_bytes_of(v.p + 1, v.n - 1);
    return v;
}

static hf_bytes read_number(hf_reader *tbs)
{
    hf_reader explicit, list, ext, value;
    hf_bytes number = {NULL, 0};
    if (hf_der_peek(tbs) != HF_DER_CONTEXT_CONSTRUCTED(0))
        return number;
    hf_der_enter(tbs, &explicit, HF_DER_CONTEXT_CONSTRUCTED(0), "crlExtensions");
    hf_der_enter(&explicit, &list, HF_DER_SEQUENCE, "crlExtensions");
    while (hf_reader_more(&list)) {
        hf_der_enter(&list, &ext, HF_DER_SEQUENCE, "Extension");
        hf_bytes oid = hf_der_oid(&ext, "extnID");
        if (hf_der_peek(&ext) == HF_DER_BOOLEAN)
            hf_der_boolean(&ext, "critical");
        hf_der_enter(&ext, &value, HF_DER_OCTET_STRING, "extnValue");
        if (hf_bytes_equal(oid, hf_bytes_text(OID_CRL_NUMBER)))
            number = magnitude(hf_der_integer(&value, "CRLNumber"));
        else
            value.at = value.n;
        hf_reader_done(&value);
        hf_reader_done(&ext);
    }
    hf_reader_done(&list);
    hf_reader_done(&explicit);
    return number;
}

static void read_entries(hf_reader *tbs, previous *p)
{
    hf_reader list, entry;
    if (hf_der_peek(tbs) != HF_DER_SEQUENCE)
        return;
    hf_der_enter(tbs, &list, HF_DER_SEQUENCE, "revokedCertificates");
    p->entries = hf_bytes_of(list.p, list.n);
    while (hf_reader_more(&list)) {
        hf_der_enter(&list, &entry, HF_DER_SEQUENCE, "revokedCertificate");
        hf_der_integer(&entry, "userCertificate");
        hf_der_time(&entry, "revocationDate");
        if (hf_reader_more(&entry))
            hf_der_value(&entry, HF_DER_SEQUENCE, "crlEntryExtensions");
        hf_reader_done(&entry);
    }
    hf_reader_done(&list);
}

static hf_status read_previous(hf_bytes der, previous *p, hf_error *e)
{
    hf_reader r, crl, tbs;
    hf_reader_init(&r, der, NULL);
    hf_der_enter(&r, &crl, HF_DER_SEQUENCE, "CertificateList");
    size_t start = crl.at;
    hf_der_enter(&crl, &tbs, HF_DER_SEQUENCE, "tbsCertList");
    if (hf_der_peek(&tbs) == HF_DER_INTEGER)
        hf_der_small(&tbs, "version");
    hf_cert_read_algorithm(&tbs, "signature");
    p->issuer = hf_name_read(&tbs, "issuer");
    hf_der_time(&tbs, "thisUpdate");
    int tag = hf_der_peek(&tbs);
    if (tag == HF_DER_UTC_TIME || tag == HF_DER_GENERALIZED_TIME)
        hf_der_time(&tbs, "nextUpdate");
    read_entries(&tbs, p);
    p->number = read_number(&tbs);
    hf_reader_done(&tbs);
    p->tbs = hf_der_since(&crl, start);
    p->algorithm = hf_cert_read_algorithm(&crl, "signatureAlgorithm");
    p->signature = hf_der_bits(&crl, "signatureValue");
    hf_reader_done(&crl);
    hf_reader_done(&r);
    hf_status s = hf_der_status(&r, HF_E_BAD_ARGUMENT, e);
    if (s != HF_OK && e != NULL)
        e->message = "the earlier revocation list";
    return s;
}

/* The issuer's name and signature: nobody else's list is taken over. */
static hf_status check_previous(const previous *p, const hf_cert *issuer, hf_error *e)
{
    const char *name;
    hf_pubkey key;
    if (!hf_name_equal(p->issuer, issuer->subject))
        return hf_fail(e, HF_E_BAD_ARGUMENT, "previous", "an earlier list of the same authority",
                       "another authority's list");
    hf_status s = hf_pubkey_read(issuer->spki, &key);
    if (s == HF_OK) {
        s = hf_pubkey_verify_cert(&key, hf_sigscheme_of_algorithm(p->algorithm, &name), p->tbs,
                                  p->signature);
        hf_pubkey_clear(&key);
    }
    if (s == HF_E_OUT_OF_MEMORY)
        return hf_fail(e, s, NULL, NULL, NULL);
    return s == HF_OK ? HF_OK
                      : hf_fail(e, HF_E_CERT_BAD_SIGNATURE, "previous",
                                "a list that this authority's key signed", "one that it did not");
}

static bool holds_serial(const previous *p, hf_bytes serial)
{
    hf_reader list, entry;
    hf_reader_init(&list, p->entries, NULL);
    while (hf_reader_more(&list)) {
        hf_der_enter(&list, &entry, HF_DER_SEQUENCE, "revokedCertificate");
        if (hf_bytes_equal(hf_der_integer(&entry, "userCertificate"), serial))
            return true;
    }
    return false;
}

/* ---- writing ---- */

static void write_extension(hf_writer *w, const char *oid, hf_bytes content)
{
    size_t ext = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OID, hf_bytes_text(oid));
    hf_der_write(w, HF_DER_OCTET_STRING, content);
    hf_der_close(w, ext);
}

/* Reason 0 (unspecified) should be left out: section 5.3.1. */
static void write_entry(hf_writer *w, const hf_crl_entry *entry)
{
    size_t one = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_INTEGER, entry->serial);
    hf_der_write_time(w, entry->revoked_s);
    if (entry->reason > 0) {
        const uint8_t reason[3] = {0x0a, 1, (uint8_t)entry->reason}; /* ENUMERATED */
        size_t list = hf_der_open(w, HF_DER_SEQUENCE);
        write_extension(w, OID_REASON_CODE, hf_bytes_of(reason, sizeof(reason)));
        hf_der_close(w, list);
    }
    hf_der_close(w, one);
}

static void write_entries(hf_writer *w, const hf_crl_template *t, const previous *p)
{
    if (t->count == 0 && p->entries.n == 0)
        return; /* an empty list must be absent: section 5.1.2.6 */
    size_t list = hf_der_open(w, HF_DER_SEQUENCE);
    hf_write_bytes(w, p->entries);
    for (size_t i = 0; i < t->count; i++)
        if (!holds_serial(p, t->entries[i].serial))
            write_entry(w, &t->entries[i]);
    hf_der_close(w, list);
}

static void write_number(hf_writer *w, hf_bytes number)
{
    uint8_t content[4 + NUMBER_MOST];
    hf_writer c;
    hf_writer_init(&c, content, sizeof(content));
    hf_der_write_integer(&c, number);
    write_extension(w, OID_CRL_NUMBER, hf_writer_bytes(&c));
}

/* Key identifier and number: section 5.2 demands both. */
static void write_extensions(hf_writer *w, const hf_cert *issuer, hf_bytes number)
{
    size_t explicit = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(0));
    size_t list = hf_der_open(w, HF_DER_SEQUENCE);
    hf_issue_authority_key_id(w, issuer);
    write_number(w, number);
    hf_der_close(w, list);
    hf_der_close(w, explicit);
}

static hf_status write_tbs(hf_writer *w, const hf_crl_template *t, const previous *p,
                           hf_bytes number, const hf_cert *issuer, const hf_key *key, hf_error *e)
{
    const hf_sigscheme *scheme = hf_key_cert_scheme(key);
    if (scheme == NULL)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, "issuer_key", "a key that can sign certificates",
                       "%s", hf_key_type_name(hf_key_type_of(key)));
    size_t tbs = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write_small(w, 1); /* v2 */
    hf_write_bytes(w, hf_sigscheme_algorithm(scheme));
    hf_write_bytes(w, issuer->subject);
    hf_der_write_time(w, t->this_update_s);
    hf_der_write_time(w, t->next_update_s);
    write_entries(w, t, p);
    write_extensions(w, issuer, number);
    hf_der_close(w, tbs);
    hf_status s = hf_writer_status(w);
    return s == HF_OK ? HF_OK : hf_fail(e, s, NULL, NULL, NULL);
}

/* ---- judging what is asked for ---- */

static bool is_positive(hf_bytes v)
{
    return v.n != 0 && v.n <= 20 && v.p[0] < 0x80 && !(v.n > 1 && v.p[0] == 0 && v.p[1] < 0x80);
}

static hf_status check_entries(const hf_crl_template *t, hf_error *e)
{
    for (size_t i = 0; i < t->count; i++) {
        const hf_crl_entry *entry = &t->entries[i];
        if (!is_positive(entry->serial))
            return hf_fail(e, HF_E_BAD_ARGUMENT, "serial",
                           "the content octets of a positive INTEGER, at most 20", "entry %zu", i);
        if (!hf_der_time_fits(entry->revoked_s))
            return hf_fail(e, HF_E_BAD_ARGUMENT, "revoked_s", "a time from the year 1950 to 9999",
                           "entry %zu", i);
        if (entry->reason < 0 || entry->reason > 10 || entry->reason == 7 || entry->reason == 8)
            return hf_fail(e, HF_E_BAD_ARGUMENT, "reason",
                           "0 to 6, 9 or 10 (removeFromCRL is for delta lists)", "%d",
                           entry->reason);
        for (size_t k = 0; k < i; k++)
            if (hf_bytes_equal(entry->serial, t->entries[k].serial))
                return hf_fail(e, HF_E_BAD_ARGUMENT, "serial", "each serial number once",
                               "entry %zu again as %zu", k, i);
    }
    return HF_OK;
}

static hf_status check_template(const hf_crl_template *t, const hf_cert *issuer, const hf_key *key,
                                hf_error *e)
{
    if (!hf_der_time_fits(t->this_update_s) || !hf_der_time_fits(t->next_update_s) ||
        t->next_update_s <= t->this_update_s)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "next_update_s",
                       "a time after this_update_s, both from the year 1950 to 9999", NULL);
    if (!hf_bytes_equal(issuer->spki, hf_key_public(key)))
        return hf_fail(e, HF_E_KEY_MISMATCH, "issuer_key",
                       "the private key of the issuer's certificate", "another key");
    if (!issuer->is_ca)
        return hf_fail(e, HF_E_CERT_NOT_A_CA, "issuer", "a certificate authority's certificate",
                       "one that is none");
    if (issuer->has_key_usage && !(issuer->key_usage & HF_KEY_USAGE_cRLSign))
        return hf_fail(e, HF_E_CERT_KEY_USAGE, "issuer", "cRLSign in keyUsage",
                       "an authority that may not sign revocation lists");
    return check_entries(t, e);
}

/* ---- the number ---- */

/* Magnitudes without leading zeros. */
static bool is_more(hf_bytes a, hf_bytes b)
{
    if (a.n != b.n)
        return a.n > b.n;
    return a.n != 0 && memcmp(a.p, b.p, a.n) > 0;
}

/* The one that is asked for, or one more than the earlier list's, in `room`. */
static hf_status choose_number(const hf_crl_template *t, hf_bytes earlier,
                               uint8_t room[NUMBER_MOST + 1], hf_bytes *out, hf_error *e)
{
    hf_bytes number = {room, NUMBER_MOST + 1};
    memset(room, 0, NUMBER_MOST + 1);
    for (unsigned i = 0; i < 8 && t->number != 0; i++)
        room[NUMBER_MOST - i] = (uint8_t)(t->number >> (8 * i));
    if (t->number == 0 && earlier.n <= NUMBER_MOST) {
        hf_copy(room + NUMBER_MOST + 1 - earlier.n, earlier.p, earlier.n);
        for (size_t i = NUMBER_MOST + 1; i-- > 0 && ++room[i] == 0;)
            ;
    }
    *out = number = magnitude(number);
    if (!is_more(number, earlier))
        return hf_fail(e, HF_E_BAD_ARGUMENT, "number", "more than the earlier list's", "%llu",
                       (unsigned long long)t->number);
    if (number.n > NUMBER_MOST || (number.n == NUMBER_MOST && number.p[0] >= 0x80))
        return hf_fail(e, HF_E_BAD_ARGUMENT, "number",
                       "an earlier list's number that has a next one", "the largest that there is");
    return HF_OK;
}

hf_status hf_crl_make(const hf_crl_template *t, const hf_cert *issuer, const hf_key *issuer_key,
                      hf_bytes *out, hf_error *e)
{
    previous p = {.number = {NULL, 0}};
    uint8_t room[NUMBER_MOST + 1];
    hf_bytes number = {NULL, 0};
    hf_buf tbs = {0};
    hf_writer w;
    *out = (hf_bytes){NULL, 0};
    hf_status s = check_template(t, issuer, issuer_key, e);
    if (s == HF_OK && t->previous.n != 0)
        s = read_previous(t->previous, &p, e);
    if (s == HF_OK && t->previous.n != 0)
        s = check_previous(&p, issuer, e);
    if (s == HF_OK)
        s = choose_number(t, p.number, room, &number, e);
    if (s != HF_OK)
        return s;
    hf_writer_init_buf(&w, &tbs);
    s = write_tbs(&w, t, &p, number, issuer, issuer_key, e);
    if (s == HF_OK)
        s = hf_issue_sign(hf_buf_bytes(&tbs), issuer_key, out, e);
    hf_buf_free(&tbs);
    return s;
}
