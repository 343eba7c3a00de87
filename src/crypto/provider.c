/* provider.c: the default and the portable provider, put together once from the backends. */
#include "crypto/libcrypto.h"

#include <limits.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <time.h>

enum { MAX_AEADS = 7, MAX_GROUPS = 8, MAX_SCHEMES = 14 };

/* A provider and the tables that it points to. */
typedef struct tables {
    hf_provider provider;
    const hf_aead *aeads[MAX_AEADS + 1];
    const hf_group *groups[MAX_GROUPS + 1];
    const hf_sigscheme *sigschemes[MAX_SCHEMES + 1];
} tables;

static tables portable, standard;
static pthread_once_t built_once = PTHREAD_ONCE_INIT;

static const hf_hash *const hashes[] = {&hf_sha256, &hf_sha384, &hf_sha512, NULL};

/* libcrypto's generator for secrets: one per thread, seeded from the system, fork-safe. */
static hf_status system_random(void *ctx, uint8_t *p, size_t n)
{
    (void)ctx;
    hf_status status = HF_OK;
    ERR_set_mark();
    while (n != 0 && status == HF_OK) {
        int part = n < INT_MAX ? (int)n : INT_MAX;
        if (RAND_priv_bytes(p, part) != 1)
            status = HF_E_RANDOM;
        p += part;
        n -= (size_t)part;
    }
    ERR_pop_to_mark();
    return status;
}

static int64_t system_now_s(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static void add_aead(tables *t, size_t *n, bool usable, const hf_aead *fast, const hf_aead *plain)
{
    if (fast != NULL)
        t->aeads[(*n)++] = fast;
    else if (usable)
        t->aeads[(*n)++] = plain;
}

static void add_aeads(tables *t, const hf_libcrypto *lc, bool accelerated)
{
    size_t n = 0;
    const hf_aead *fast_128 = accelerated ? hf_ipsecmb_aes_128_gcm() : NULL;
    const hf_aead *fast_256 = accelerated ? hf_ipsecmb_aes_256_gcm() : NULL;
    add_aead(t, &n, lc->aes_128_gcm != NULL, fast_128, &hf_aes_128_gcm);
    add_aead(t, &n, lc->aes_256_gcm != NULL, fast_256, &hf_aes_256_gcm);
    add_aead(t, &n, lc->chacha20_poly1305 != NULL, NULL, &hf_chacha20_poly1305);
    add_aead(t, &n, lc->aes_128_ccm != NULL, NULL, &hf_aes_128_ccm_16);
    add_aead(t, &n, lc->aes_256_ccm != NULL, NULL, &hf_aes_256_ccm_16);
    add_aead(t, &n, lc->aes_128_ccm != NULL, NULL, &hf_aes_128_ccm_8);
    add_aead(t, &n, lc->aes_256_ccm != NULL, NULL, &hf_aes_256_ccm_8);
}

static void add_groups(tables *t, const hf_libcrypto *lc)
{
    size_t n = 0;
    if (lc->x25519.usable) {
        t->groups[n++] = &hf_x25519mlkem768;
        t->groups[n++] = &hf_x25519;
    }
    if (lc->p256 != NULL)
        t->groups[n++] = &hf_p256;
    if (lc->p384 != NULL)
        t->groups[n++] = &hf_p384;
    if (lc->p521 != NULL)
        t->groups[n++] = &hf_p521;
    if (lc->p256 != NULL)
        t->groups[n++] = &hf_secp256r1mlkem768;
    if (lc->p384 != NULL)
        t->groups[n++] = &hf_secp384r1mlkem1024;
    t->groups[n++] = &hf_group_mlkem1024;
}

static bool scheme_usable(const hf_libcrypto *lc, const hf_sigscheme *s)
{
    if (s->hash != NULL && hf_libcrypto_md(s->hash->id) == NULL)
        return false;
    switch (s->key) {
    case HF_KEY_P256:
    case HF_KEY_P384:
    case HF_KEY_P521:
        return hf_libcrypto_curve(s->key) != NULL;
    case HF_KEY_ED25519:
        return lc->has_ed25519;
    case HF_KEY_ED448:
        return lc->has_ed448;
    default:
        return true;
    }
}

static void build(tables *t, const char *name, bool accelerated)
{
    const hf_libcrypto *lc = hf_libcrypto_get();
    size_t n = 0;
    add_aeads(t, lc, accelerated);
    add_groups(t, lc);
    for (size_t i = 0; i < hf_sigscheme_count && n < MAX_SCHEMES; i++)
        if (scheme_usable(lc, &hf_sigschemes[i]))
            t->sigschemes[n++] = &hf_sigschemes[i];
    t->provider = (hf_provider){
        .name = name,
        .random = system_random,
        .now_s = system_now_s,
        .hashes = hashes,
        .aeads = t->aeads,
        .groups = t->groups,
        .sigschemes = t->sigschemes,
    };
}

static void build_both(void)
{
    build(&portable, "portable", false);
#ifdef HF_PORTABLE
    build(&standard, "default", false);
#else
    build(&standard, "default", true);
#endif
}

const hf_provider *hf_provider_default(void)
{
    pthread_once(&built_once, build_both);
    return &standard.provider;
}

const hf_provider *hf_provider_portable(void)
{
    pthread_once(&built_once, build_both);
    return &portable.provider;
}

const char *hf_key_type_name(hf_key_type type)
{
    switch (type) {
    case HF_KEY_RSA:
        return "RSA";
    case HF_KEY_RSA_PSS:
        return "RSA-PSS";
    case HF_KEY_P256:
        return "ECDSA P-256";
    case HF_KEY_P384:
        return "ECDSA P-384";
    case HF_KEY_P521:
        return "ECDSA P-521";
    case HF_KEY_ED25519:
        return "Ed25519";
    case HF_KEY_ED448:
        return "Ed448";
    default:
        return "none";
    }
}
