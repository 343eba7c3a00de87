/* pkcs12.c: PKCS#12 archives (RFC 7292), read by libcrypto: a key and the certificates beside it.
 */
#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"

#include <handfast/x509.h>

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

static const char wanted[] = "a PKCS#12 archive (.p12, .pfx)";

static hf_status take_key(const EVP_PKEY *theirs, hf_key **key, hf_error *e)
{
    unsigned char *der = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(theirs);
    int n = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
    PKCS8_PRIV_KEY_INFO_free(info);
    if (n < 0)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, "key", wanted, "a key that libcrypto cannot write");
    hf_status s = hf_key_read(hf_bytes_of(der, (size_t)n), NULL, key, e);
    hf_wipe(der, (size_t)n);
    OPENSSL_free(der);
    return s;
}

static hf_status give(X509 *x, hf_status (*each)(void *ctx, hf_bytes der), void *ctx, hf_error *e)
{
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);
    if (n < 0)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    hf_status s = each(ctx, hf_bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    return s;
}

/* An archive may be sealed by "" or by no password at all, which is not the same. */
static bool password_fits(PKCS12 *p12, const char **password)
{
    if (*password != NULL && **password != '\0')
        return PKCS12_verify_mac(p12, *password, -1) == 1;
    *password = PKCS12_verify_mac(p12, NULL, 0) == 1 ? NULL : "";
    return *password == NULL || PKCS12_verify_mac(p12, "", 0) == 1;
}

static hf_status open_archive(PKCS12 *p12, const char *password, hf_key **key,
                              hf_status (*each)(void *ctx, hf_bytes der), void *ctx, hf_error *e)
{
    EVP_PKEY *pkey = NULL;
    X509 *leaf = NULL;
    STACK_OF(X509) *others = NULL;
    hf_status s = HF_OK;
    if (PKCS12_mac_present(p12) && !password_fits(p12, &password))
        return hf_fail(e, HF_E_KEY_PASSWORD, "password", "the archive's password",
                       password == NULL || password[0] == '\0' ? "none" : "another one");
    if (PKCS12_parse(p12, password, &pkey, &leaf, &others) != 1)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, "PKCS#12", wanted,
                       "one whose encryption libcrypto does not open (an old one, as RC2)");
    if (key != NULL && pkey == NULL)
        s = hf_fail(e, HF_E_PEM_NOTHING_FOUND, "key", "a private key", "certificates alone");
    if (s == HF_OK && key != NULL)
        s = take_key(pkey, key, e);
    if (s == HF_OK && each != NULL && leaf != NULL)
        s = give(leaf, each, ctx, e);
    for (int i = 0; s == HF_OK && each != NULL && i < sk_X509_num(others); i++)
        s = give(sk_X509_value(others, i), each, ctx, e);
    EVP_PKEY_free(pkey);
    X509_free(leaf);
    sk_X509_pop_free(others, X509_free);
    return s;
}

hf_status hf_pkcs12_read(hf_bytes der, const char *password, hf_key **key,
                         hf_status (*each)(void *ctx, hf_bytes der), void *ctx, hf_error *e)
{
    const unsigned char *p = der.p;
    if (key != NULL)
        *key = NULL;
    ERR_set_mark();
    PKCS12 *p12 = der.n <= 16U << 20 ? d2i_PKCS12(NULL, &p, (long)der.n) : NULL;
    hf_status s = p12 == NULL ? hf_fail(e, HF_E_KEY_MALFORMED, "PKCS#12", wanted, "something else")
                              : open_archive(p12, password, key, each, ctx, e);
    if (s != HF_OK && key != NULL && *key != NULL) {
        hf_key_free(*key);
        *key = NULL;
    }
    PKCS12_free(p12);
    ERR_pop_to_mark();
    return s;
}
