/* key_read.c: hf_key_read: finds the first private key in PEM text or DER, or says what is there
 * instead. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/der.h"
#include "base/error.h"
#include "crypto/key_private.h"

#include <stdio.h>
#include <string.h>

static const char wanted[] = "a private key: PKCS#8, SEC1 or PKCS#1, in PEM or DER";

static hf_status read_der(hf_bytes der, const char *password, hf_key_material *m, hf_error *e)
{
    hf_der_shape shape = hf_der_shape_of(der);
    if (shape != HF_SHAPE_PKCS8_ENCRYPTED) {
        if (shape == HF_SHAPE_PKCS8 || shape == HF_SHAPE_SEC1 || shape == HF_SHAPE_PKCS1)
            return hf_private_read(der, shape, m, e);
        return hf_fail(e, HF_E_KEY_MALFORMED, NULL, wanted, "%s", hf_der_shape_name(shape));
    }
    uint8_t *plain = hf_alloc(der.n);
    if (plain == NULL)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    size_t n = 0;
    hf_status status = hf_pbes2_decrypt(der, password, plain, &n, e);
    if (status == HF_OK)
        status = hf_private_read(hf_bytes_of(plain, n), HF_SHAPE_PKCS8, m, e);
    hf_free_wiped(plain, der.n);
    return status;
}

/* ---- PEM ---- */

/* What a PEM label means here. */
typedef struct label {
    const char *text;
    bool readable;
    const char *means;
} label;

static const label labels[] = {
    {"PRIVATE KEY", true, NULL},
    {"ENCRYPTED PRIVATE KEY", true, NULL},
    {"EC PRIVATE KEY", true, NULL},
    {"RSA PRIVATE KEY", true, NULL},
    {"DSA PRIVATE KEY", false, "a DSA private key, which TLS no longer has"},
    {"OPENSSH PRIVATE KEY", false, "an OpenSSH private key (ssh-keygen -p -m PKCS8 converts it)"},
    {"CERTIFICATE", false, "a certificate"},
    {"X509 CERTIFICATE", false, "a certificate"},
    {"TRUSTED CERTIFICATE", false, "a certificate"},
    {"CERTIFICATE REQUEST", false, "a certification request"},
    {"NEW CERTIFICATE REQUEST", false, "a certification request"},
    {"X509 CRL", false, "a certificate revocation list"},
    {"PUBLIC KEY", false, "a public key"},
    {"RSA PUBLIC KEY", false, "an RSA public key"},
    {"EC PARAMETERS", false, "the name of a curve without a key"},
    {"DH PARAMETERS", false, "Diffie-Hellman parameters"},
    {"PGP PRIVATE KEY BLOCK", false, "an OpenPGP private key"},
};

/* The place of `text` in `in`, or NULL. */
static const uint8_t *find(hf_bytes in, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i + n <= in.n; i++) {
        const uint8_t *hit = memchr(in.p + i, text[0], in.n - i - n + 1);
        if (hit == NULL)
            return NULL;
        if (memcmp(hit, text, n) == 0)
            return hit;
        i = (size_t)(hit - in.p);
    }
    return NULL;
}

/* Moves `rest` past the next "-----BEGIN label-----" and gives the label; false at the end. */
static bool next_label(hf_bytes *rest, hf_bytes *text)
{
    static const char begin[] = "-----BEGIN ";
    const uint8_t *hit = find(*rest, begin);
    if (hit == NULL)
        return false;
    const uint8_t *start = hit + sizeof begin - 1, *end = rest->p + rest->n;
    *rest = hf_bytes_of(start, (size_t)(end - start));
    const uint8_t *dashes = find(*rest, "-----");
    *text = hf_bytes_of(start, dashes != NULL ? (size_t)(dashes - start) : 0);
    return true;
}

static const label *label_of(hf_bytes text)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (hf_bytes_equal(hf_bytes_text(labels[i].text), text))
            return &labels[i];
    return NULL;
}

/* The first readable label; else what the first block is, as an error. `rest` is left at the
 * block's first line. */
static hf_status choose(hf_bytes *rest, const label **chosen, hf_error *e)
{
    hf_bytes text, unknown = {NULL, 0};
    const label *first = NULL;
    while (next_label(rest, &text)) {
        const label *l = label_of(text);
        if (l != NULL && l->readable) {
            *chosen = l;
            return HF_OK;
        }
        if (first == NULL && unknown.p == NULL) {
            first = l;
            unknown = text;
        }
    }
    if (first != NULL)
        return hf_fail(e, HF_E_KEY_MALFORMED, NULL, wanted, "%s", first->means);
    bool printable = unknown.n != 0 && unknown.n <= 40;
    for (size_t i = 0; i < unknown.n && printable; i++)
        printable = unknown.p[i] >= 0x20 && unknown.p[i] < 0x7f;
    return hf_fail(e, HF_E_KEY_MALFORMED, NULL, wanted, "PEM of another kind (%.*s)",
                   printable ? (int)unknown.n : 0, printable ? (const char *)unknown.p : "");
}

typedef struct pem_key {
    const char *password;
    hf_key_material material;
    hf_error *error;
    hf_status status;
    bool found;
} pem_key;

enum { STOP = 1 };

static hf_status on_block(void *ctx, hf_bytes der)
{
    pem_key *k = ctx;
    k->found = true;
    k->status = read_der(der, k->password, &k->material, k->error);
    return STOP;
}

/* The whole text goes to hf_pem_each, so that the line numbers in its errors are the file's. */
static hf_status read_pem(hf_bytes text, const char *password, hf_key_material *m, hf_error *e)
{
    const label *l = NULL;
    hf_bytes rest = text;
    hf_status status = choose(&rest, &l, e);
    if (status != HF_OK)
        return status;
    const uint8_t *end = find(rest, "-----END ");
    const uint8_t *old_way = find(rest, "DEK-Info:");
    if (old_way != NULL && end != NULL && old_way < end)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, NULL,
                       "PKCS#8 (openssl pkcs8 -topk8 converts the key)",
                       "a key encrypted the old way, with an MD5 of the password (DEK-Info)");

    pem_key k = {.password = password, .error = e};
    status = hf_pem_each(text, l->text, on_block, &k, e);
    if (!k.found)
        return status != HF_OK ? status
                               : hf_fail(e, HF_E_PEM_MALFORMED, NULL, "a whole PEM block",
                                         "the beginning of one");
    *m = k.material;
    return k.status;
}

/* ---- the front door ---- */

static bool looks_like_text(hf_bytes in)
{
    for (size_t i = 0; i < in.n && i < 256; i++)
        if ((in.p[i] < 0x20 && in.p[i] != '\n' && in.p[i] != '\r' && in.p[i] != '\t') ||
            in.p[i] >= 0x7f)
            return false;
    return true;
}

/* PFX: SEQUENCE { version INTEGER 3, ... }, RFC 7292 section 4; no private key has that version.
 * The one form that is read in BER as well: NSS leaves the length of the SEQUENCE open. */
static bool is_pkcs12(hf_bytes der)
{
    static const uint8_t open[] = {0x30, 0x80, 0x02, 0x01, 0x03, 0x30};
    hf_reader r, pfx;
    if (der.n > sizeof open && memcmp(der.p, open, sizeof open) == 0)
        return true;
    hf_reader_init(&r, der, NULL);
    hf_der_enter(&r, &pfx, HF_DER_SEQUENCE, "PFX");
    return hf_der_small(&pfx, "version") == 3 && hf_der_peek(&pfx) == HF_DER_SEQUENCE;
}

hf_status hf_key_read(hf_bytes pem_or_der, const char *password, hf_key **out, hf_error *e)
{
    hf_key_material m = {0};
    hf_status status;
    *out = NULL;
    if (pem_or_der.n == 0)
        return hf_fail(e, HF_E_KEY_MALFORMED, NULL, wanted, "nothing: the input is empty");
    if (is_pkcs12(pem_or_der))
        return hf_pkcs12_read(pem_or_der, password, out, NULL, NULL, e);
    if (pem_or_der.p[0] == 0x30 && !looks_like_text(pem_or_der))
        status = read_der(pem_or_der, password, &m, e);
    else if (find(pem_or_der, "-----BEGIN ") != NULL)
        status = read_pem(pem_or_der, password, &m, e);
    else
        status = hf_fail(e, HF_E_KEY_MALFORMED, NULL, wanted, "%s",
                         looks_like_text(pem_or_der) ? "text without a PEM block"
                                                     : "bytes that are neither PEM nor DER");
    return status == HF_OK ? hf_key_of_material(&m, out, e) : status;
}
