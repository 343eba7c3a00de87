/* archive.c: a certificate chain out of a PKCS#12 archive (.p12, .pfx), in the order in which it is
 * sent: the key's own certificate, then each one's issuer. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include "base/alloc.h"

#include <string.h>

enum { MOST = 32 };

typedef struct gather {
    hf_bytes der[MOST]; /* copies, freed with the archive */
    hf_cert cert[MOST];
    size_t n;
    hf_error *e;
} gather;

bool hf_io_is_archive(hf_bytes file)
{
    if (file.n < 8 || file.p[0] != 0x30)
        return false;
    size_t at = file.p[1] <= 0x80 ? 2 : 2 + (size_t)(file.p[1] & 0x7f);
    return at + 3 <= file.n && memcmp(file.p + at, "\x02\x01\x03", 3) == 0; /* version 3 */
}

static hf_status keep(void *ctx, hf_bytes der)
{
    gather *g = ctx;
    if (g->n == MOST)
        return hf_io_fail(g->e, HF_E_CHAIN_TOO_LONG, "PKCS#12", NULL, "more than 32 certificates");
    uint8_t *copy = hf_alloc(der.n + 1);
    if (copy == NULL)
        return hf_io_fail(g->e, HF_E_OUT_OF_MEMORY, "PKCS#12", NULL, NULL);
    memcpy(copy, der.p, der.n);
    g->der[g->n] = (hf_bytes){copy, der.n};
    hf_status status = hf_cert_parse(g->der[g->n], &g->cert[g->n], g->e);
    g->n++;
    return status;
}

static bool same(hf_bytes a, hf_bytes b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* Which of those not yet sent issued `cert`; `n` when none did. */
static size_t issuer_of(const gather *g, const hf_cert *cert, const bool *sent)
{
    size_t i = 0;
    while (i < g->n && (sent[i] || !same(g->cert[i].subject, cert->issuer)))
        i++;
    return i;
}

static hf_status write_chain(const gather *g, char **out)
{
    bool sent[MOST] = {false};
    char *text = NULL;
    size_t used = 0;
    for (size_t i = 0; i < g->n; i = issuer_of(g, &g->cert[i], sent)) {
        char *pem = hf_pem_write(g->der[i], "CERTIFICATE");
        size_t more = pem != NULL ? strlen(pem) : 0;
        char *wider = pem != NULL ? hf_alloc(used + more + 1) : NULL;
        if (wider != NULL) {
            if (used != 0)
                memcpy(wider, text, used);
            memcpy(wider + used, pem, more + 1);
        }
        hf_text_free(pem);
        hf_free(text);
        text = wider;
        if (text == NULL)
            return HF_E_OUT_OF_MEMORY;
        used += more;
        sent[i] = true;
    }
    *out = text;
    return HF_OK;
}

hf_status hf_io_archive_read(hf_bytes file, const char *password, hf_key **key, char **chain,
                             hf_error *e)
{
    gather *g = hf_alloc(sizeof(*g));
    *chain = NULL;
    if (g == NULL)
        return hf_io_fail(e, HF_E_OUT_OF_MEMORY, "PKCS#12", NULL, NULL);
    g->e = e;
    hf_status status = hf_pkcs12_read(file, password, key, keep, g, e);
    if (status == HF_OK && g->n == 0)
        status = hf_io_fail(e, HF_E_PEM_NOTHING_FOUND, "PKCS#12", NULL, "a key alone");
    if (status == HF_OK && write_chain(g, chain) != HF_OK)
        status = hf_io_fail(e, HF_E_OUT_OF_MEMORY, "PKCS#12", NULL, NULL);
    for (size_t i = 0; i < g->n; i++)
        hf_free((void *)(uintptr_t)g->der[i].p);
    hf_free(g);
    return status;
}
