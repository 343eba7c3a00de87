/* libcrypto_nist.c: the groups P-256, P-384 and P-521 (SP 800-186) by libcrypto's point functions.
 *
 * A share is an uncompressed point (RFC 9846 section 4.3.8.2), a secret the x-coordinate of the
 * product (section 7.4.2). A private key is drawn as bytes of the order's length (the surplus bits
 * of P-521 cleared), and drawn again when it is zero or not below the order; both multiplications
 * are the constant-time ones, which libcrypto takes whenever there is a single scalar.
 */
#include "crypto/libcrypto.h"

#include "base/ct.h"

#include <openssl/bn.h>

enum { MAX_FIELD = 66 };

typedef struct curve {
    hf_key_type type;
    uint8_t field_len; /* bytes of a coordinate, and of a scalar */
    uint8_t top_mask;  /* for the scalar's first byte */
} curve;

static const curve p256 = {HF_KEY_P256, 32, 0xff};
static const curve p384 = {HF_KEY_P384, 48, 0xff};
static const curve p521 = {HF_KEY_P521, 66, 0x01};

/* What one multiplication needs; all of it is wiped when freed, also after work_new has failed.
 * Between the two, libcrypto's error queue is marked: it ends as it began. */
typedef struct work {
    const EC_GROUP *group;
    BN_CTX *ctx;
    BIGNUM *scalar, *x;
    EC_POINT *point, *product;
} work;

static hf_status work_new(work *w, const curve *c)
{
    *w = (work){.group = hf_libcrypto_curve(c->type)};
    ERR_set_mark();
    if (w->group == NULL)
        return HF_E_CRYPTO;
    w->ctx = BN_CTX_new();
    w->scalar = BN_new();
    w->x = BN_new();
    w->point = EC_POINT_new(w->group);
    w->product = EC_POINT_new(w->group);
    return w->ctx != NULL && w->scalar != NULL && w->x != NULL && w->point != NULL &&
                   w->product != NULL
               ? HF_OK
               : HF_E_OUT_OF_MEMORY;
}

static void work_free(work *w)
{
    EC_POINT_clear_free(w->product);
    EC_POINT_clear_free(w->point);
    BN_clear_free(w->x);
    BN_clear_free(w->scalar);
    BN_CTX_free(w->ctx);
    ERR_pop_to_mark();
}

static hf_status set_scalar(work *w, const curve *c, const uint8_t *private_key)
{
    BN_set_flags(w->scalar, BN_FLG_CONSTTIME);
    return BN_bin2bn(private_key, c->field_len, w->scalar) != NULL ? HF_OK : HF_E_OUT_OF_MEMORY;
}

/* Draws a scalar between 1 and the order less 1. P-521's order is just below 2^521 and the others'
 * just below a power of two, so one draw nearly always does; a source that fails sixteen times in a
 * row is broken. */
static hf_status draw(const hf_provider *provider, work *w, const curve *c, uint8_t *private_key)
{
    for (int tries = 0; tries < 16; tries++) {
        hf_status status = provider->random(provider->ctx, private_key, c->field_len);
        if (status != HF_OK)
            return status;
        private_key[0] &= c->top_mask;
        status = set_scalar(w, c, private_key);
        if (status != HF_OK)
            return status;
        if (!BN_is_zero(w->scalar) && BN_cmp(w->scalar, EC_GROUP_get0_order(w->group)) < 0)
            return HF_OK;
    }
    return HF_E_RANDOM;
}

/* The share that belongs to the scalar. */
static hf_status public_of(work *w, const curve *c, uint8_t *share)
{
    size_t n = 1 + 2 * (size_t)c->field_len;
    if (EC_POINT_mul(w->group, w->product, w->scalar, NULL, NULL, w->ctx) != 1 ||
        EC_POINT_point2oct(w->group, w->product, POINT_CONVERSION_UNCOMPRESSED, share, n, w->ctx) !=
            n)
        return HF_E_CRYPTO;
    return HF_OK;
}

/* The peer's point (judged: uncompressed, coordinates below the prime, on the curve) times the
 * scalar. The cofactor is 1 and the scalar below the order, so the product is never infinity. */
static hf_status agree(work *w, const curve *c, const uint8_t *share, uint8_t *secret)
{
    if (share[0] != POINT_CONVERSION_UNCOMPRESSED)
        return HF_E_BAD_KEY_SHARE;
    if (EC_POINT_oct2point(w->group, w->point, share, 1 + 2 * (size_t)c->field_len, w->ctx) != 1)
        return hf_libcrypto_failure(HF_E_BAD_KEY_SHARE);
    if (EC_POINT_mul(w->group, w->product, NULL, w->point, w->scalar, w->ctx) != 1 ||
        EC_POINT_get_affine_coordinates(w->group, w->product, w->x, NULL, w->ctx) != 1 ||
        BN_bn2binpad(w->x, secret, c->field_len) != c->field_len)
        return HF_E_CRYPTO;
    return HF_OK;
}

static hf_status generate(const curve *c, const hf_provider *provider, uint8_t *private_key,
                          uint8_t *client_share)
{
    work w;
    hf_status status = work_new(&w, c);
    if (status == HF_OK)
        status = draw(provider, &w, c, private_key);
    if (status == HF_OK)
        status = public_of(&w, c, client_share);
    work_free(&w);
    return status;
}

static hf_status respond(const curve *c, const hf_provider *provider, const uint8_t *client_share,
                         uint8_t *server_share, uint8_t *secret)
{
    uint8_t private_key[MAX_FIELD];
    work w;
    hf_status status = work_new(&w, c);
    if (status == HF_OK)
        status = draw(provider, &w, c, private_key);
    if (status == HF_OK)
        status = agree(&w, c, client_share, secret);
    if (status == HF_OK)
        status = public_of(&w, c, server_share);
    work_free(&w);
    hf_wipe(private_key, sizeof private_key);
    return status;
}

static hf_status finish(const curve *c, const uint8_t *private_key, const uint8_t *server_share,
                        uint8_t *secret)
{
    work w;
    hf_status status = work_new(&w, c);
    if (status == HF_OK)
        status = set_scalar(&w, c, private_key);
    if (status == HF_OK)
        status = agree(&w, c, server_share, secret);
    work_free(&w);
    return status;
}

/* A group's three functions, which take no context, and its table. */
#define NIST_GROUP(curve, label, code_point, field)                                                \
    static hf_status curve##_generate(const hf_provider *provider, uint8_t *private_key,           \
                                      uint8_t *client_share)                                       \
    {                                                                                              \
        return generate(&curve, provider, private_key, client_share);                              \
    }                                                                                              \
    static hf_status curve##_respond(const hf_provider *provider, const uint8_t *client_share,     \
                                     uint8_t *server_share, uint8_t *secret)                       \
    {                                                                                              \
        return respond(&curve, provider, client_share, server_share, secret);                      \
    }                                                                                              \
    static hf_status curve##_finish(const uint8_t *private_key, const uint8_t *server_share,       \
                                    uint8_t *secret)                                               \
    {                                                                                              \
        return finish(&curve, private_key, server_share, secret);                                  \
    }                                                                                              \
    const hf_group hf_##curve = {                                                                  \
        .name = label,                                                                             \
        .id = code_point,                                                                          \
        .client_share_len = 1 + 2 * (field),                                                       \
        .server_share_len = 1 + 2 * (field),                                                       \
        .private_len = field,                                                                      \
        .secret_len = field,                                                                       \
        .generate = curve##_generate,                                                              \
        .respond = curve##_respond,                                                                \
        .finish = curve##_finish,                                                                  \
        .diffie_hellman = true,                                                                    \
    }

NIST_GROUP(p256, "P-256", 0x0017, 32);
NIST_GROUP(p384, "P-384", 0x0018, 48);
NIST_GROUP(p521, "P-521", 0x0019, 66);
