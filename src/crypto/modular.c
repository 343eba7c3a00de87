/* modular.c: products and inverses modulo an odd number of up to 256 bits, in constant time. */
#include "crypto/modular.h"

#include "base/ct.h"

#ifdef HF_HAS_MODULAR

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

/* ---- the moduli ---- */

const hf_modulus hf_p256_order = {
    .m = {{0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000}},
    .rr = {{0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620}},
    .neg_inv = 0xccd1c8aaee00bc4f,
};

const hf_modulus hf_p256_prime = {
    .m = {{0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001}},
    .rr = {{0x0000000000000003, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x00000004fffffffd}},
    .neg_inv = 0x0000000000000001,
};

const hf_modulus hf_curve25519_prime = {
    .m = {{0xffffffffffffffed, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff}},
    .rr = {{0x00000000000005a4, 0, 0, 0}},
    .neg_inv = 0x86bca1af286bca1b,
};

/* ---- bytes ---- */

hf_u256 hf_u256_read(const uint8_t *bytes)
{
    hf_u256 a = {{0}};
    for (size_t i = 0; i < 32; i++)
        a.limb[3 - i / 8] = a.limb[3 - i / 8] << 8 | bytes[i];
    return a;
}

void hf_u256_write(const hf_u256 *a, uint8_t *bytes)
{
    for (size_t i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(a->limb[3 - i / 8] >> (56 - 8 * (i % 8)));
}

/* ---- adding and comparing ---- */

/* 1 when v is 0. */
static uint64_t zero(uint64_t v)
{
    return ((v | (0 - v)) >> 63) ^ 1;
}

uint64_t hf_u256_is_zero(const hf_u256 *a)
{
    return zero(a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]);
}

uint64_t hf_u256_equal(const hf_u256 *a, const hf_u256 *b)
{
    uint64_t difference = 0;
    for (size_t i = 0; i < 4; i++)
        difference |= a->limb[i] ^ b->limb[i];
    return zero(difference);
}

/* *r = a - b; returns the borrow. */
static uint64_t subtract(hf_u256 *r, const hf_u256 *a, const hf_u256 *b)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < 4; i++) {
        u128 d = (u128)a->limb[i] - b->limb[i] - borrow;
        r->limb[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    return borrow;
}

uint64_t hf_u256_below(const hf_u256 *a, const hf_u256 *b)
{
    hf_u256 difference;
    return subtract(&difference, a, b);
}

/* (carry, a) less the modulus unless that is negative; carry is 0 or 1. */
static hf_u256 reduce(uint64_t carry, const hf_u256 *a, const hf_modulus *m)
{
    hf_u256 less;
    const uint64_t borrow = subtract(&less, a, &m->m);
    const uint64_t keep = 0 - (borrow & (carry ^ 1)); /* all ones: a was below the modulus */
    for (size_t i = 0; i < 4; i++)
        less.limb[i] ^= (less.limb[i] ^ a->limb[i]) & keep;
    return less;
}

hf_u256 hf_mod_once(const hf_u256 *a, const hf_modulus *m)
{
    return reduce(0, a, m);
}

hf_u256 hf_mod_add(const hf_u256 *a, const hf_u256 *b, const hf_modulus *m)
{
    hf_u256 sum;
    uint64_t carry = 0;
    for (size_t i = 0; i < 4; i++) {
        u128 s = (u128)a->limb[i] + b->limb[i] + carry;
        sum.limb[i] = (uint64_t)s;
        carry = (uint64_t)(s >> 64);
    }
    return reduce(carry, &sum, m);
}

/* ---- multiplying ---- */

/* t += a * b, over the five limbs of t; returns the carry out of them. */
static uint64_t add_product(uint64_t t[5], const hf_u256 *a, uint64_t b)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < 4; i++) {
        u128 p = (u128)a->limb[i] * b + t[i] + carry; /* at most 2^128 - 1 */
        t[i] = (uint64_t)p;
        carry = (uint64_t)(p >> 64);
    }
    u128 s = (u128)t[4] + carry;
    t[4] = (uint64_t)s;
    return (uint64_t)(s >> 64);
}

/* a * b / 2^256: a any, b below the modulus. Each round adds one limb's product and the multiple of
 * the modulus that clears the lowest limb; the sum stays below 2^257 times 2^64. */
static hf_u256 montgomery(const hf_u256 *a, const hf_u256 *b, const hf_modulus *m)
{
    uint64_t t[5] = {0}, top = 0;
    for (size_t i = 0; i < 4; i++) {
        top = add_product(t, b, a->limb[i]);
        top += add_product(t, &m->m, t[0] * m->neg_inv);
        t[0] = t[1], t[1] = t[2], t[2] = t[3], t[3] = t[4], t[4] = top;
    }
    hf_u256 r = {{t[0], t[1], t[2], t[3]}};
    return reduce(t[4], &r, m);
}

hf_u256 hf_mod_mul(const hf_u256 *a, const hf_u256 *b, const hf_modulus *m)
{
    hf_u256 r = montgomery(a, b, m);
    return montgomery(&r, &m->rr, m);
}

hf_u256 hf_mod_wide(const hf_u256 *high, const hf_u256 *low, const hf_modulus *m)
{
    hf_u256 shifted = montgomery(high, &m->rr, m), rest = hf_mod_once(low, m);
    return hf_mod_add(&shifted, &rest, m);
}

/* ---- the inverse ---- */

/* A signed number: limbs of 62 bits, the last with the sign. */
typedef struct s310 {
    int64_t limb[5];
} s310;

#    define LOW62 ((uint64_t)-1 >> 2)

static s310 widen(const hf_u256 *a)
{
    const uint64_t *l = a->limb;
    return (s310){{(int64_t)(l[0] & LOW62), (int64_t)((l[0] >> 62 | l[1] << 2) & LOW62),
                   (int64_t)((l[1] >> 60 | l[2] << 4) & LOW62),
                   (int64_t)((l[2] >> 58 | l[3] << 6) & LOW62), (int64_t)(l[3] >> 56)}};
}

static hf_u256 narrow(const s310 *a)
{
    uint64_t l[5];
    for (size_t i = 0; i < 5; i++)
        l[i] = (uint64_t)a->limb[i];
    return (hf_u256){{l[0] | l[1] << 62, l[1] >> 2 | l[2] << 60, l[2] >> 4 | l[3] << 58,
                      l[3] >> 6 | l[4] << 56}};
}

/* What some division steps do to the pair (f, g), times 2^62: (u f + v g, q f + r g). The sums |u|
 * + |v| and |q| + |r| are at most 2^62. */
typedef struct transition {
    int64_t u, v, q, r;
} transition;

enum { STEPS = 62, ROUNDS = 10 }; /* 620 steps; 590 are enough */

/* 62 steps on the low words. A step with g odd and delta positive makes (f, g) into (g, (g - f)/2),
 * one with g odd else into (f, (g + f)/2), one with g even halves g. `eta` is -(delta + 1/2): delta
 * starts as 1/2, changes its sign when the pair is swapped, and grows by one in each step. */
static int64_t steps(int64_t eta, uint64_t f, uint64_t g, transition *t)
{
    uint64_t u = 1, v = 0, q = 0, r = 1;
    for (int i = 0; i < STEPS; i++) {
        uint64_t swap = (uint64_t)(eta >> 63);
        const uint64_t odd = 0 - (g & 1);
        g += ((f ^ swap) - swap) & odd;
        q += ((u ^ swap) - swap) & odd;
        r += ((v ^ swap) - swap) & odd;
        swap &= odd;
        eta = (eta ^ (int64_t)swap) - 1;
        f += g & swap;
        u += q & swap;
        v += r & swap;
        g >>= 1;
        u <<= 1;
        v <<= 1;
    }
    *t = (transition){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
    return eta;
}

/* (f, g) by the transition; the division by 2^62 leaves no rest. */
static void advance(s310 *f, s310 *g, const transition *t)
{
    i128 cf = (i128)t->u * f->limb[0] + (i128)t->v * g->limb[0];
    i128 cg = (i128)t->q * f->limb[0] + (i128)t->r * g->limb[0];
    for (size_t i = 1; i < 5; i++) {
        cf = (cf >> 62) + (i128)t->u * f->limb[i] + (i128)t->v * g->limb[i];
        cg = (cg >> 62) + (i128)t->q * f->limb[i] + (i128)t->r * g->limb[i];
        f->limb[i - 1] = (int64_t)((uint64_t)cf & LOW62);
        g->limb[i - 1] = (int64_t)((uint64_t)cg & LOW62);
    }
    f->limb[4] = (int64_t)(cf >> 62);
    g->limb[4] = (int64_t)(cg >> 62);
}

/* How often the modulus must be added to x = a d + b e, so that it becomes divisible by 2^62 and
 * stays between -2 and 1 times the modulus: once for each of d and e that is negative, and then
 * what clears the low bits. */
static int64_t multiple(int64_t a, int64_t b, int64_t d_sign, int64_t e_sign, i128 low,
                        uint64_t inverse)
{
    const int64_t n = (a & d_sign) + (b & e_sign);
    return n - (int64_t)((inverse * (uint64_t)low + (uint64_t)n) & LOW62);
}

/* (d, e) by the transition, modulo m; both stay between -2 m and m. `inverse` is 1/m mod 2^62. */
static void advance_modulo(s310 *d, s310 *e, const transition *t, const s310 *m, uint64_t inverse)
{
    const int64_t d_sign = d->limb[4] >> 63, e_sign = e->limb[4] >> 63;
    i128 cd = (i128)t->u * d->limb[0] + (i128)t->v * e->limb[0];
    i128 ce = (i128)t->q * d->limb[0] + (i128)t->r * e->limb[0];
    const int64_t md = multiple(t->u, t->v, d_sign, e_sign, cd, inverse);
    const int64_t me = multiple(t->q, t->r, d_sign, e_sign, ce, inverse);
    cd += (i128)md * m->limb[0];
    ce += (i128)me * m->limb[0];
    for (size_t i = 1; i < 5; i++) {
        cd = (cd >> 62) + (i128)t->u * d->limb[i] + (i128)t->v * e->limb[i] + (i128)md * m->limb[i];
        ce = (ce >> 62) + (i128)t->q * d->limb[i] + (i128)t->r * e->limb[i] + (i128)me * m->limb[i];
        d->limb[i - 1] = (int64_t)((uint64_t)cd & LOW62);
        e->limb[i - 1] = (int64_t)((uint64_t)ce & LOW62);
    }
    d->limb[4] = (int64_t)(cd >> 62);
    e->limb[4] = (int64_t)(ce >> 62);
}

/* *a = (flip ? -a : a), plus m if `a` was negative first; flip is 0 or -1. */
static void adjust(s310 *a, int64_t flip, const s310 *m)
{
    const int64_t negative = a->limb[4] >> 63;
    int64_t carry = 0;
    for (size_t i = 0; i < 5; i++) {
        const int64_t v = a->limb[i] + (m->limb[i] & negative);
        carry += (v ^ flip) - flip;
        a->limb[i] = i < 4 ? (int64_t)((uint64_t)carry & LOW62) : carry;
        carry >>= 62;
    }
}

/* f and g begin as m and a and end as 1 or -1, and 0; d and e follow them modulo m from 0 and 1, so
 * that f = a d throughout. */
hf_u256 hf_mod_inverse(const hf_u256 *a, const hf_modulus *modulus)
{
    const s310 m = widen(&modulus->m);
    const uint64_t inverse = (0 - modulus->neg_inv) & LOW62;
    struct {
        s310 f, g, d, e;
        transition t;
    } w = {.f = m, .g = widen(a), .e = {{1}}};
    int64_t eta = -1;
    for (int i = 0; i < ROUNDS; i++) {
        eta = steps(eta, (uint64_t)w.f.limb[0] | (uint64_t)w.f.limb[1] << 62,
                    (uint64_t)w.g.limb[0] | (uint64_t)w.g.limb[1] << 62, &w.t);
        advance_modulo(&w.d, &w.e, &w.t, &m, inverse);
        advance(&w.f, &w.g, &w.t);
    }
    adjust(&w.d, w.f.limb[4] >> 63, &m);
    adjust(&w.d, 0, &m);
    hf_u256 r = narrow(&w.d);
    hf_wipe(&w, sizeof w);
    return r;
}

#endif
