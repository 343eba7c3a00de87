/* x25519_base.c: the public half of an X25519 key pair: the base point, multiplied by a secret.
 *
 * The base point is the image of the point y = 4/5 of the curve edwards25519 (RFC 7748 section
 * 4.1), and on that curve a multiple of a fixed point is a sum of points computed beforehand: with
 * the scalar in signed digits to the base 16, 64 additions, and four doublings in between because
 * only every second power of 16 has its row. The addition is complete, so no case is special; rows
 * are read whole, so neither time nor addresses tell a digit.
 *
 * Numbers modulo p = 2^255 - 19 are five limbs of 51 bits with room above. "Reduced" below means
 * limbs under 2^51 + 2^15, as products are; a sum of two such stays under 2^52.1, a difference
 * under 2^53.6, and factors must be under 2^54.
 */
#include "crypto/x25519_base.h"

#ifdef HF_HAS_MODULAR

#    include "base/ct.h"

#    include <pthread.h>

__extension__ typedef unsigned __int128 u128;

#    define LOW51 ((1ULL << 51) - 1)

typedef struct fe {
    uint64_t limb[5];
} fe;

/* ---- modulo p ---- */

static fe add(const fe *a, const fe *b)
{
    fe r;
    for (size_t i = 0; i < 5; i++)
        r.limb[i] = a->limb[i] + b->limb[i];
    return r;
}

/* a - b + 4 p */
static fe sub(const fe *a, const fe *b)
{
    fe r = {{a->limb[0] + 4 * (LOW51 - 18) - b->limb[0]}};
    for (size_t i = 1; i < 5; i++)
        r.limb[i] = a->limb[i] + 4 * LOW51 - b->limb[i];
    return r;
}

/* The sums of products are under 2^115: what is carried on fits a limb. */
static fe carry(u128 t0, u128 t1, u128 t2, u128 t3, u128 t4)
{
    fe r;
    t1 += (uint64_t)(t0 >> 51);
    t2 += (uint64_t)(t1 >> 51);
    t3 += (uint64_t)(t2 >> 51);
    t4 += (uint64_t)(t3 >> 51);
    const uint64_t top = (uint64_t)(t4 >> 51);
    u128 low = (u128)top * 19 + ((uint64_t)t0 & LOW51); /* 2^255 is 19 */
    r.limb[0] = (uint64_t)low & LOW51;
    r.limb[1] = ((uint64_t)t1 & LOW51) + (uint64_t)(low >> 51);
    r.limb[2] = (uint64_t)t2 & LOW51;
    r.limb[3] = (uint64_t)t3 & LOW51;
    r.limb[4] = (uint64_t)t4 & LOW51;
    return r;
}

static fe mul(const fe *a, const fe *b)
{
    const uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3],
                   a4 = a->limb[4];
    const uint64_t b0 = b->limb[0], b1 = b->limb[1], b2 = b->limb[2], b3 = b->limb[3],
                   b4 = b->limb[4];
    const uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
    return carry((u128)a0 * b0 + (u128)a1 * c4 + (u128)a2 * c3 + (u128)a3 * c2 + (u128)a4 * c1,
                 (u128)a0 * b1 + (u128)a1 * b0 + (u128)a2 * c4 + (u128)a3 * c3 + (u128)a4 * c2,
                 (u128)a0 * b2 + (u128)a1 * b1 + (u128)a2 * b0 + (u128)a3 * c4 + (u128)a4 * c3,
                 (u128)a0 * b3 + (u128)a1 * b2 + (u128)a2 * b1 + (u128)a3 * b0 + (u128)a4 * c4,
                 (u128)a0 * b4 + (u128)a1 * b3 + (u128)a2 * b2 + (u128)a3 * b1 + (u128)a4 * b0);
}

/* The number itself, below p, of a reduced one. */
static hf_u256 whole(const fe *a)
{
    uint64_t l[5], over = 0;
    for (int round = 0; round < 2; round++) {
        over *= 19;
        for (size_t i = 0; i < 5; i++) {
            const uint64_t v = (round == 0 ? a->limb[i] : l[i]) + over;
            l[i] = v & LOW51;
            over = v >> 51;
        }
    }
    hf_u256 n = {{l[0] | l[1] << 51, l[1] >> 13 | l[2] << 38, l[2] >> 26 | l[3] << 25,
                  l[3] >> 39 | l[4] << 12}};
    return hf_mod_once(&n, &hf_curve25519_prime);
}

static fe parts(const hf_u256 *n)
{
    const uint64_t *l = n->limb;
    return (fe){{l[0] & LOW51, (l[0] >> 51 | l[1] << 13) & LOW51, (l[1] >> 38 | l[2] << 26) & LOW51,
                 (l[2] >> 25 | l[3] << 39) & LOW51, l[3] >> 12}};
}

static fe inverse(const fe *a)
{
    static const fe one = {{1}};
    const fe reduced = mul(a, &one);
    hf_u256 n = whole(&reduced);
    n = hf_mod_inverse(&n, &hf_curve25519_prime);
    return parts(&n);
}

/* ---- points: x = X/Z, y = Y/Z, x y = T/Z ---- */

typedef struct point {
    fe x, y, z, t;
} point;

/* A point with Z = 1 as the addition wants it: y + x, y - x, 2 d x y. */
typedef struct addend {
    fe sum, difference, product;
} addend;

static const fe twice_d = {
    {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff}};
static const point base = {
    .x = {{0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5}},
    .y = {{0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333, 0x6666666666666}},
    .z = {{1}},
    .t = {{0x68ab3a5b7dda3, 0xeea2a5eadbb, 0x2af8df483c27e, 0x332b375274732, 0x67875f0fd78b7}}};

/* What addition and doubling end with. */
static void join(point *r, const fe *e, const fe *f, const fe *g, const fe *h)
{
    r->x = mul(e, f);
    r->y = mul(g, h);
    r->z = mul(f, g);
    r->t = mul(e, h);
}

/* Hisil, Wong, Carter, Dawson 2008, section 3.1, with a = -1. */
static void add_point(point *r, const addend *q)
{
    const fe minus = sub(&r->y, &r->x), plus = add(&r->y, &r->x);
    const fe a = mul(&minus, &q->difference), b = mul(&plus, &q->sum), c = mul(&r->t, &q->product);
    const fe d = add(&r->z, &r->z);
    const fe e = sub(&b, &a), f = sub(&d, &c), g = add(&d, &c), h = add(&b, &a);
    join(r, &e, &f, &g, &h);
}

/* The same, section 3.3. */
static void double_point(point *r)
{
    const fe both = add(&r->x, &r->y);
    const fe a = mul(&r->x, &r->x), b = mul(&r->y, &r->y), z = mul(&r->z, &r->z);
    const fe square = mul(&both, &both), c = add(&z, &z);
    const fe h = add(&a, &b), e = sub(&h, &square), g = sub(&a, &b), f = add(&c, &g);
    join(r, &e, &f, &g, &h);
}

/* ---- what is computed beforehand ---- */

enum { ROWS = 32, COLUMNS = 8 };

/* rows[i][j] is j + 1 times 256^i times the base point. */
static addend rows[ROWS][COLUMNS];
static pthread_once_t rows_once = PTHREAD_ONCE_INIT;

static addend addend_of(const point *p, const fe *z_inverse)
{
    const fe x = mul(&p->x, z_inverse), y = mul(&p->y, z_inverse), xy = mul(&x, &y);
    static const fe one = {{1}};
    const fe sum = add(&y, &x), difference = sub(&y, &x);
    return (addend){mul(&sum, &one), mul(&difference, &one), mul(&xy, &twice_d)};
}

static void make_rows(void)
{
    point p = base;
    for (size_t i = 0; i < ROWS; i++) {
        const fe z = inverse(&p.z);
        const addend step = addend_of(&p, &z);
        point q = p;
        rows[i][0] = step;
        for (size_t j = 1; j < COLUMNS; j++) {
            add_point(&q, &step);
            const fe z_inverse = inverse(&q.z);
            rows[i][j] = addend_of(&q, &z_inverse);
        }
        for (int k = 0; k < 8; k++)
            double_point(&p);
    }
}

/* to = from where the mask is all ones, unchanged where it is zero. */
static void pick(fe *to, const fe *from, uint64_t mask)
{
    for (size_t i = 0; i < 5; i++)
        to->limb[i] ^= (to->limb[i] ^ from->limb[i]) & mask;
}

/* digit (-8 to 8) times the row's point. */
static addend take(const addend row[COLUMNS], int8_t digit)
{
    addend r = {{{1}}, {{1}}, {{0}}}; /* the neutral element */
    const uint64_t negative = (uint64_t)((int64_t)digit >> 63);
    const uint64_t size = ((uint64_t)(int64_t)digit ^ negative) - negative;
    for (uint64_t j = 1; j <= COLUMNS; j++) {
        uint64_t mask = ((size ^ j) - 1) >> 63; /* 1 where they are equal */
        mask = 0 - mask;
        pick(&r.sum, &row[j - 1].sum, mask);
        pick(&r.difference, &row[j - 1].difference, mask);
        pick(&r.product, &row[j - 1].product, mask);
    }
    const fe sum = r.sum, none = {{0}}, minus = sub(&none, &r.product);
    pick(&r.sum, &r.difference, negative);
    pick(&r.difference, &sum, negative);
    pick(&r.product, &minus, negative);
    return r;
}

/* ---- the whole ---- */

/* The clamped scalar (RFC 7748 section 5) in 64 digits from -8 to 8, the least significant first.
 */
static void digits_of(const uint8_t *private_key, int8_t digits[64])
{
    for (size_t i = 0; i < 32; i++) {
        uint8_t b = private_key[i];
        b &= i == 0 ? 0xf8 : i == 31 ? 0x7f : 0xff;
        b |= i == 31 ? 0x40 : 0;
        digits[2 * i] = (int8_t)(b & 15);
        digits[2 * i + 1] = (int8_t)(b >> 4);
    }
    int over = 0;
    for (size_t i = 0; i < 63; i++) {
        const int v = digits[i] + over;
        over = (v + 8) >> 4;
        digits[i] = (int8_t)(v - 16 * over);
    }
    digits[63] = (int8_t)(digits[63] + over);
}

void hf_x25519_base(const uint8_t private_key[32], uint8_t public_key[32])
{
    struct {
        int8_t digits[64];
        point p;
        addend q;
    } w = {.p = {.y = {{1}}, .z = {{1}}}};
    pthread_once(&rows_once, make_rows);
    digits_of(private_key, w.digits);
    for (size_t odd = 2; odd-- > 0;) {
        for (size_t i = odd; i < 64; i += 2) {
            w.q = take(rows[i / 2], w.digits[i]);
            add_point(&w.p, &w.q);
        }
        for (int k = 0; odd == 1 && k < 4; k++)
            double_point(&w.p);
    }
    /* u = (1 + y) / (1 - y), RFC 7748 section 4.1 */
    const fe above = add(&w.p.z, &w.p.y), below = sub(&w.p.z, &w.p.y), divided = inverse(&below);
    const fe u = mul(&above, &divided);
    const hf_u256 n = whole(&u);
    for (size_t i = 0; i < 32; i++)
        public_key[i] = (uint8_t)(n.limb[i / 8] >> (8 * (i % 8)));
    hf_wipe(&w, sizeof w);
}

#endif
