/* ecdsa.c: ECDSA over P-256, the points by libcrypto, the numbers by us. */
#include "crypto/ecdsa.h"

#ifdef HF_HAS_MODULAR

#    include "base/bytes.h"
#    include "base/ct.h"
#    include "crypto/hkdf.h"
#    include "crypto/shelf.h"

#    include <openssl/bn.h>
#    include <openssl/rand.h>

enum { LEN = 32 };

/* What libcrypto needs of ours: filled anew for each operation, with nothing secret in between. */
typedef struct work {
    BN_CTX *ctx;
    BIGNUM *a, *b;   /* scalars */
    BIGNUM *x, *z;   /* coordinates */
    EC_POINT *point; /* the product */
} work;

static hf_shelf shelf;

static void work_free(work *w)
{
    EC_POINT_free(w->point);
    BN_free(w->z);
    BN_free(w->x);
    BN_clear_free(w->b);
    BN_clear_free(w->a);
    BN_CTX_free(w->ctx);
    OPENSSL_free(w);
}

static work *work_take(const EC_GROUP *group)
{
    work *w = hf_shelf_take(&shelf);
    if (w != NULL)
        return w;
    w = OPENSSL_zalloc(sizeof *w);
    if (w == NULL) {
        ERR_raise(ERR_LIB_EC, ERR_R_MALLOC_FAILURE);
        return NULL;
    }
    w->ctx = BN_CTX_new();
    w->a = BN_new();
    w->b = BN_new();
    w->x = BN_new();
    w->z = BN_new();
    w->point = EC_POINT_new(group);
    if (w->ctx != NULL && w->a != NULL && w->b != NULL && w->x != NULL && w->z != NULL &&
        w->point != NULL) {
        BN_set_flags(w->a, BN_FLG_CONSTTIME);
        return w;
    }
    work_free(w);
    ERR_raise(ERR_LIB_EC, ERR_R_MALLOC_FAILURE);
    return NULL;
}

/* Also after an operation that failed: all of it is written before it is read. */
static void work_put(work *w)
{
    BN_clear(w->a);
    if (!hf_shelf_put(&shelf, w))
        work_free(w);
}

static bool set(BIGNUM *to, const hf_u256 *from)
{
    uint8_t bytes[LEN];
    hf_u256_write(from, bytes);
    bool ok = BN_bin2bn(bytes, LEN, to) != NULL;
    hf_wipe(bytes, sizeof bytes);
    return ok;
}

static bool get(hf_u256 *to, const BIGNUM *from)
{
    uint8_t bytes[LEN];
    bool ok = BN_bn2binpad(from, bytes, LEN) == LEN;
    if (ok)
        *to = hf_u256_read(bytes);
    hf_wipe(bytes, sizeof bytes);
    return ok;
}

/* The leftmost 256 bits of the digest, which are as many as the order has (section 6.4.1). */
static hf_u256 number_of(hf_bytes digest)
{
    hf_u256 z = hf_u256_read(digest.p);
    return hf_mod_once(&z, &hf_p256_order);
}

/* ---- signing ---- */

static bool draw_nonce(const uint8_t private_key[LEN], hf_bytes digest, hf_u256 *k)
{
    uint8_t random[LEN], wide[64];
    bool ok = RAND_priv_bytes(random, sizeof random) == 1;
    if (ok) {
        const hf_bytes pieces[] = {{private_key, LEN}, {random, sizeof random}, digest};
        hf_hash_of(&hf_sha512, pieces, 3, wide);
        hf_u256 high = hf_u256_read(wide), low = hf_u256_read(wide + LEN);
        *k = hf_mod_wide(&high, &low, &hf_p256_order);
        hf_wipe(&high, sizeof high);
        hf_wipe(&low, sizeof low);
    }
    hf_wipe(random, sizeof random);
    hf_wipe(wide, sizeof wide);
    return ok;
}

/* r: the x-coordinate of k times the base point, modulo the order. */
static bool commit(work *w, const EC_GROUP *group, const hf_u256 *k, hf_u256 *r)
{
    bool ok = set(w->a, k) && EC_POINT_mul(group, w->point, w->a, NULL, NULL, w->ctx) == 1 &&
              EC_POINT_get_affine_coordinates(group, w->point, w->x, NULL, w->ctx) == 1 &&
              get(r, w->x);
    if (ok)
        *r = hf_mod_once(r, &hf_p256_order);
    return ok;
}

/* s = (z + r d) / k */
static hf_u256 answer(const hf_u256 *z, const hf_u256 *r, const hf_u256 *d, const hf_u256 *k)
{
    hf_u256 t = hf_mod_mul(d, r, &hf_p256_order);
    t = hf_mod_add(&t, z, &hf_p256_order);
    hf_u256 inverse = hf_mod_inverse(k, &hf_p256_order);
    hf_u256 s = hf_mod_mul(&t, &inverse, &hf_p256_order);
    hf_wipe(&t, sizeof t);
    hf_wipe(&inverse, sizeof inverse);
    return s;
}

bool hf_ecdsa_p256_sign(const EC_KEY *key, hf_bytes digest, uint8_t r_bytes[LEN],
                        uint8_t s_bytes[LEN])
{
    const EC_GROUP *group = hf_libcrypto_get()->p256;
    const BIGNUM *d_number = EC_KEY_get0_private_key(key);
    uint8_t d_bytes[LEN];
    hf_u256 d, k = {{0}}, r = {{0}}, s = {{0}};
    const hf_u256 z = number_of(digest);
    if (d_number == NULL || BN_bn2binpad(d_number, d_bytes, LEN) != LEN)
        return false;
    d = hf_u256_read(d_bytes);

    work *w = work_take(group);
    bool ok = w != NULL;
    /* zero comes out once in 2^256 times; a second draw says that something is broken */
    for (int tries = 0; tries < 2 && ok && hf_u256_is_zero(&s) != 0; tries++) {
        ok = draw_nonce(d_bytes, digest, &k) && commit(w, group, &k, &r);
        if (ok && hf_u256_is_zero(&r) == 0)
            s = answer(&z, &r, &d, &k);
    }
    if (w != NULL)
        work_put(w);
    hf_u256_write(&r, r_bytes);
    hf_u256_write(&s, s_bytes);
    hf_wipe(&d, sizeof d);
    hf_wipe(&k, sizeof k);
    hf_wipe(d_bytes, sizeof d_bytes);
    return ok && hf_u256_is_zero(&s) == 0;
}

/* ---- verifying: all of it is public ---- */

/* A number between 1 and the order less 1. */
static bool read_number(hf_bytes bytes, hf_u256 *out)
{
    uint8_t padded[LEN] = {0};
    while (bytes.n != 0 && bytes.p[0] == 0)
        bytes = hf_bytes_of(bytes.p + 1, bytes.n - 1);
    if (bytes.n > LEN)
        return false;
    hf_copy(padded + LEN - bytes.n, bytes.p, bytes.n);
    *out = hf_u256_read(padded);
    return hf_u256_is_zero(out) == 0 && hf_u256_below(out, &hf_p256_order.m) == 1;
}

/* Is `r` the x-coordinate X / Z^2 modulo the order? Multiplying by Z^2 spares an inverse. The
 * coordinate is below the prime, which is above the order: so it may be r or r + order. */
static bool is_coordinate(const hf_u256 *r, const hf_u256 *x, const hf_u256 *z)
{
    const hf_modulus *p = &hf_p256_prime;
    hf_u256 zz = hf_mod_mul(z, z, p), candidate = hf_mod_mul(r, &zz, p);
    if (hf_u256_equal(&candidate, x) != 0)
        return true;
    hf_u256 sum = hf_mod_add(r, &hf_p256_order.m, p);
    if (hf_u256_below(&sum, r) != 0) /* it went past the prime */
        return false;
    candidate = hf_mod_mul(&sum, &zz, p);
    return hf_u256_equal(&candidate, x) != 0;
}

/* The point u1 G + u2 Q as X and Z; infinity gives false. */
static bool combine(work *w, const EC_GROUP *group, const EC_POINT *q, hf_u256 *x, hf_u256 *z)
{
    return EC_POINT_mul(group, w->point, w->a, q, w->b, w->ctx) == 1 &&
           EC_POINT_is_at_infinity(group, w->point) == 0 &&
           EC_POINT_get_Jprojective_coordinates_GFp(group, w->point, w->x, NULL, w->z, w->ctx) ==
               1 &&
           get(x, w->x) && get(z, w->z);
}

bool hf_ecdsa_p256_verify(const EC_KEY *key, hf_bytes digest, hf_bytes r_bytes, hf_bytes s_bytes)
{
    const EC_GROUP *group = hf_libcrypto_get()->p256;
    const EC_POINT *q = EC_KEY_get0_public_key(key);
    hf_u256 r, s, x = {{0}}, z = {{0}};
    if (q == NULL || !read_number(r_bytes, &r) || !read_number(s_bytes, &s))
        return false;
    const hf_u256 inverse = hf_mod_inverse(&s, &hf_p256_order), number = number_of(digest);
    const hf_u256 u1 = hf_mod_mul(&number, &inverse, &hf_p256_order);
    const hf_u256 u2 = hf_mod_mul(&r, &inverse, &hf_p256_order);

    work *w = work_take(group);
    if (w == NULL)
        return false;
    bool on_curve = set(w->a, &u1) && set(w->b, &u2) && combine(w, group, q, &x, &z);
    work_put(w);
    return on_curve && is_coordinate(&r, &x, &z);
}

#endif
