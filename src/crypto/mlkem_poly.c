/* mlkem_poly.c: the number-theoretic transform, products, and encodings of ML-KEM's polynomials. */
#include "crypto/mlkem_poly.h"

enum {
    N = HF_MLKEM_N,
    Q = HF_MLKEM_Q,
    ROW = 16,                   /* coefficients in a row, and rows in a polynomial */
    Q_INVERSE = -3327,          /* q * -3327 = 1 mod 2^16 */
    MONT_SQUARED = 1353,        /* 2^32 mod q */
    MONT_SQUARED_BY_128 = 1441, /* 2^32 / 128 mod q */
};

/* Right shifts of negative numbers are arithmetic with every compiler this builds with. */
_Static_assert((-3 >> 1) == -2, "arithmetic right shift");

/* 17 is a primitive 256th root of unity mod q; see mlkem_poly.h for what stands where. */
const hf_mlkem_constants hf_mlkem_zetas =
    {
        .row = {0, -758, -359, -1517, 1493, 1422, 287, 202, -171, 622, 1577, 182, 962, -1202, -1474,
                1468},
        .lane =
            {
                {573, -1325, 264, 383, -829, 1458, -1602, -130, -681, 1017, 732, 608, -1542, 411,
                 -205, -1571},
                {1223, -552, -1293, -282, 516, -320, -1618, 126, -853, -271, 107, -247, -398, -1508,
                 448, 677},
                {652, 1015, 1491, -1544, -8, -666, -1162, 1469, -90, 830, -1421, -951, 961, -725,
                 -1065, -1275},
                {-1103, -1251, 422, -291, -246, -777, -1590, 418, 817, 1322, -1215, -874, -1185,
                 -1510, -108, 958},
                {430, 871, 587, -460, 778, 1483, 644, 329, 1097, -1285, -136, 220, -1530, -854,
                 -308, -1460},
                {555, 1550, 177, 1574, 1159, -602, -872, -156, 603, -1465, 1218, -1187, -1278, -870,
                 996, 1522},
                {843, 105, -235, 1653, -147, 1119, 349, -75, 610, 384, -1335, -1659, 794, 478, 991,
                 1628},
            },
        .back =
            {
                {-1571, -205, 411, -1542, 608, 732, 1017, -681, -130, -1602, 1458, -829, 383, 264,
                 -1325, 573},
                {-1275, -1065, -725, 961, -951, -1421, 830, -90, 1469, -1162, -666, -8, -1544, 1491,
                 1015, 652},
                {677, 448, -1508, -398, -247, 107, -271, -853, 126, -1618, -320, 516, -282, -1293,
                 -552, 1223},
                {1628, 991, 478, 794, -1659, -1335, 384, 610, -75, 349, 1119, -147, 1653, -235, 105,
                 843},
                {1522, 996, -870, -1278, -1187, 1218, -1465, 603, -156, -872, -602, 1159, 1574, 177,
                 1550, 555},
                {-1460, -308, -854, -1530, 220, -136, -1285, 1097, 329, 644, 1483, 778, -460, 587,
                 871, 430},
                {958, -108, -1510, -1185, -874, -1215, 1322, 817, 418, -1590, -777, -246, -291, 422,
                 -1251, -1103},
            },
};

/* ---- one coefficient ---- */

/* The high half of a product: one vector instruction. */
static inline int16_t high(int16_t a, int16_t b)
{
    return (int16_t)(((int32_t)a * b) >> 16);
}

/* t is chosen so that a*b and t*q agree in their low 16 bits; their difference is then a multiple
 * of 2^16, and the difference of the high halves is exact:
 * |r| <= (|a*b| + 2^15 * q) / 2^16 < q when |a*b| < 2^15 * q. */
static inline int16_t montgomery(int16_t a, int16_t b)
{
    const int16_t low = (int16_t)((int32_t)a * b);
    const int16_t t = (int16_t)((int32_t)low * Q_INVERSE);
    return (int16_t)(high(a, b) - high(t, Q));
}

/* 20159 = round(2^26 / q), so t = round(a / q) up to one part in 2^16, and r = a - t*q is centred
 * (the unit test tries every a). */
static inline int16_t barrett(int16_t a)
{
    const int16_t t = (int16_t)((high(a, 20159) + (1 << 9)) >> 10);
    return (int16_t)(a - t * Q);
}

int16_t hf_mlkem_montgomery(int16_t a, int16_t b)
{
    return montgomery(a, b);
}

int16_t hf_mlkem_barrett(int16_t a)
{
    return barrett(a);
}

/* ---- whole polynomials ---- */

void hf_mlkem_reduce(hf_mlkem_poly *p)
{
    for (size_t i = 0; i < N; i++)
        p->c[i] = barrett(p->c[i]);
}

void hf_mlkem_canonical(hf_mlkem_poly *p)
{
    for (size_t i = 0; i < N; i++) {
        const int16_t c = barrett(p->c[i]);
        p->c[i] = (int16_t)(c + ((c >> 15) & Q)); /* the sign, as a mask */
    }
}

void hf_mlkem_add(hf_mlkem_poly *restrict p, const hf_mlkem_poly *restrict q)
{
    for (size_t i = 0; i < N; i++)
        p->c[i] = (int16_t)(p->c[i] + q->c[i]);
}

void hf_mlkem_subtract(hf_mlkem_poly *restrict p, const hf_mlkem_poly *restrict q)
{
    for (size_t i = 0; i < N; i++)
        p->c[i] = (int16_t)(p->c[i] - q->c[i]);
}

void hf_mlkem_to_lanes(hf_mlkem_poly *restrict p, const int16_t fips[restrict HF_MLKEM_N])
{
    for (size_t k = 0; k < ROW; k++)
        for (size_t b = 0; b < ROW; b++)
            p->c[ROW * k + b] = fips[ROW * b + k];
}

/* The 16 rows become the 16 columns: natural order to lane order, or back. */
static void transpose(hf_mlkem_poly *p)
{
    const hf_mlkem_poly old = *p;
    hf_mlkem_to_lanes(p, old.c);
}

/* ---- the transform ---- */

/* Forward butterfly (Cooley-Tukey) on two rows: adds less than q to either bound. */
static inline void forward(int16_t *restrict a, int16_t *restrict b, const int16_t zeta[ROW])
{
    for (size_t i = 0; i < ROW; i++) {
        const int16_t t = montgomery(b[i], zeta[i]);
        b[i] = (int16_t)(a[i] - t);
        a[i] = (int16_t)(a[i] + t);
    }
}

static inline void forward_one(int16_t *restrict a, int16_t *restrict b, int16_t zeta)
{
    for (size_t i = 0; i < ROW; i++) {
        const int16_t t = montgomery(b[i], zeta);
        b[i] = (int16_t)(a[i] - t);
        a[i] = (int16_t)(a[i] + t);
    }
}

/* Backward butterfly (Gentleman-Sande): doubles the bound of `a`; `b` ends below q, given that
 * twice the bound fits an int16_t (|zeta| <= 1664 < q/2). */
static inline void backward(int16_t *restrict a, int16_t *restrict b, const int16_t zeta[ROW])
{
    for (size_t i = 0; i < ROW; i++) {
        const int16_t t = a[i];
        a[i] = (int16_t)(t + b[i]);
        b[i] = montgomery((int16_t)(b[i] - t), zeta[i]);
    }
}

static inline void backward_one(int16_t *restrict a, int16_t *restrict b, int16_t zeta)
{
    for (size_t i = 0; i < ROW; i++) {
        const int16_t t = a[i];
        a[i] = (int16_t)(t + b[i]);
        b[i] = montgomery((int16_t)(b[i] - t), zeta);
    }
}

/* Layers of length 128, 64, 32, 16 pair whole rows. After the transposition, so do 8, 4 and 2: row
 * k then holds coefficient k of sixteen blocks, each with its own zeta. Bounds: q at the start, at
 * most q more per layer, 8q = 26632 < 2^15 at the end. */
void hf_mlkem_ntt(hf_mlkem_poly *p)
{
    int16_t *c = p->c;
    size_t k = 1;
    for (size_t blocks = 1, half = 8; half >= 1; blocks *= 2, half /= 2)
        for (size_t block = 0; block < blocks; block++, k++)
            for (size_t r = 2 * half * block, j = 0; j < half; r++, j++)
                forward_one(c + ROW * r, c + ROW * (r + half), hf_mlkem_zetas.row[k]);
    transpose(p);
    k = 0;
    for (size_t blocks = 1, half = 8; half >= 2; blocks *= 2, half /= 2)
        for (size_t block = 0; block < blocks; block++, k++)
            for (size_t r = 2 * half * block, j = 0; j < half; r++, j++)
                forward(c + ROW * r, c + ROW * (r + half), hf_mlkem_zetas.lane[k]);
    hf_mlkem_reduce(p);
}

/* Bounds: 1664 at the start, doubled by each of three layers: 13312; reduced again, doubled by
 * four: 26624 < 2^15. The last factor is 2^16 / 128 in Montgomery form: 1 / 128 belongs to
 * algorithm 10. */
void hf_mlkem_ntt_inverse(hf_mlkem_poly *p)
{
    int16_t *c = p->c;
    hf_mlkem_reduce(p);
    /* back[3..6] serve length 2, back[1..2] length 4, back[0] length 8: from blocks - 1 on. */
    for (size_t blocks = 4, half = 2; half <= 8; blocks /= 2, half *= 2)
        for (size_t block = 0; block < blocks; block++)
            for (size_t r = 2 * half * block, j = 0; j < half; r++, j++)
                backward(c + ROW * r, c + ROW * (r + half),
                         hf_mlkem_zetas.back[blocks - 1 + block]);
    hf_mlkem_reduce(p);
    transpose(p);
    size_t k = 15;
    for (size_t blocks = 8, half = 1; half <= 8; blocks /= 2, half *= 2)
        for (size_t block = 0; block < blocks; block++, k--)
            for (size_t r = 2 * half * block, j = 0; j < half; r++, j++)
                backward_one(c + ROW * r, c + ROW * (r + half), hf_mlkem_zetas.row[k]);
    for (size_t i = 0; i < N; i++)
        c[i] = montgomery(c[i], MONT_SQUARED_BY_128);
}

/* ---- products in the NTT domain ---- */

/* Algorithm 12 multiplies modulo X^2 - gamma. The pairs of rows (4h, 4h+1) have
 * gamma = zeta_(64+4b+h), the pairs (4h+2, 4h+3) its negative. */
void hf_mlkem_factor_ready(hf_mlkem_factor *f, size_t k)
{
    for (size_t v = 0; v < k; v++)
        for (size_t h = 0; h < 4; h++)
            for (size_t b = 0; b < ROW; b++) {
                const int16_t *c = f->p[v].c + 4 * ROW * h;
                int16_t *t = f->twisted[v] + 2 * ROW * h;
                const int16_t gamma = hf_mlkem_zetas.lane[3 + h][b];
                t[b] = montgomery(c[ROW + b], gamma);
                t[ROW + b] = (int16_t)-montgomery(c[3 * ROW + b], gamma);
            }
}

/* One row pair of one product: (a0 + a1 X)(b0 + b1 X) = a0 b0 + a1 b1 gamma + (a0 b1 + a1 b0) X.
 * A factor's coefficient is at most 1664, a twisted one (1664^2 + 2^15 * q) / 2^16 < 1707; so each
 * term is at most (4095 * 1707 + 2^15 * q) / 2^16 < 1772, and six of them stay below 10632. */
static void dot_three(hf_mlkem_poly *restrict out, const hf_mlkem_poly *a, const hf_mlkem_factor *f)
{
    for (size_t pair = 0; pair < N / ROW / 2; pair++) {
        const int16_t *x = a[0].c + 2 * ROW * pair, *u = f->p[0].c + 2 * ROW * pair;
        const int16_t *y = a[1].c + 2 * ROW * pair, *v = f->p[1].c + 2 * ROW * pair;
        const int16_t *z = a[2].c + 2 * ROW * pair, *w = f->p[2].c + 2 * ROW * pair;
        const int16_t *ut = f->twisted[0] + ROW * pair, *vt = f->twisted[1] + ROW * pair,
                      *wt = f->twisted[2] + ROW * pair;
        int16_t *even = out->c + 2 * ROW * pair, *odd = even + ROW;
        for (size_t b = 0; b < ROW; b++)
            even[b] = (int16_t)(montgomery(x[b], u[b]) + montgomery(x[ROW + b], ut[b]) +
                                montgomery(y[b], v[b]) + montgomery(y[ROW + b], vt[b]) +
                                montgomery(z[b], w[b]) + montgomery(z[ROW + b], wt[b]));
        for (size_t b = 0; b < ROW; b++)
            odd[b] = (int16_t)(montgomery(x[b], u[ROW + b]) + montgomery(x[ROW + b], u[b]) +
                               montgomery(y[b], v[ROW + b]) + montgomery(y[ROW + b], v[b]) +
                               montgomery(z[b], w[ROW + b]) + montgomery(z[ROW + b], w[b]));
    }
}

/* The fourth product, added to the other three: eight terms stay below 14176. */
static void add_fourth(hf_mlkem_poly *restrict out, const hf_mlkem_poly *a,
                       const hf_mlkem_factor *f)
{
    for (size_t pair = 0; pair < N / ROW / 2; pair++) {
        const int16_t *x = a[3].c + 2 * ROW * pair, *u = f->p[3].c + 2 * ROW * pair;
        const int16_t *ut = f->twisted[3] + ROW * pair;
        int16_t *even = out->c + 2 * ROW * pair, *odd = even + ROW;
        for (size_t b = 0; b < ROW; b++)
            even[b] = (int16_t)(even[b] + montgomery(x[b], u[b]) + montgomery(x[ROW + b], ut[b]));
        for (size_t b = 0; b < ROW; b++)
            odd[b] =
                (int16_t)(odd[b] + montgomery(x[b], u[ROW + b]) + montgomery(x[ROW + b], u[b]));
    }
}

void hf_mlkem_dot(hf_mlkem_poly *out, const hf_mlkem_poly *a, const hf_mlkem_factor *f, size_t k)
{
    dot_three(out, a, f);
    if (k == 4)
        add_fourth(out, a, f);
}

void hf_mlkem_dot_scale(hf_mlkem_poly *p)
{
    for (size_t i = 0; i < N; i++)
        p->c[i] = montgomery(p->c[i], MONT_SQUARED);
}

/* ---- bytes ---- */

void hf_mlkem_encode12(uint8_t out[HF_MLKEM_POLY_BYTES], const hf_mlkem_poly *p)
{
    for (size_t b = 0; b < ROW; b++)
        for (size_t k = 0; k < ROW; k += 2, out += 3) {
            const unsigned x = (uint16_t)p->c[ROW * k + b], y = (uint16_t)p->c[ROW * (k + 1) + b];
            out[0] = (uint8_t)x;
            out[1] = (uint8_t)(x >> 8 | y << 4);
            out[2] = (uint8_t)(y >> 4);
        }
}

void hf_mlkem_decode12(hf_mlkem_poly *p, const uint8_t in[HF_MLKEM_POLY_BYTES])
{
    for (size_t b = 0; b < ROW; b++)
        for (size_t k = 0; k < ROW; k += 2, in += 3) {
            p->c[ROW * k + b] = (int16_t)(in[0] | (in[1] & 15) << 8);
            p->c[ROW * (k + 1) + b] = (int16_t)(in[1] >> 4 | in[2] << 4);
        }
}

bool hf_mlkem_below_q(const hf_mlkem_poly *p)
{
    int16_t sign = 0;
    for (size_t i = 0; i < N; i++)
        sign = (int16_t)(sign | (Q - 1 - p->c[i]));
    return sign >= 0;
}

/* Compress_d(x) = round(2^d x / q) mod 2^d. 1290167 = floor(2^32 / q), so x * 1290167 mod 2^32 is
 * x / q as a binary fraction, short by less than 1360 of its 2^-32; the top d bits are the answer,
 * rounded by adding half and 512 for the shortfall. The product wraps exactly where 2^d does. (The
 * unit test tries every x and d. A division here would leak x through its time.) */
static inline uint32_t compress(int16_t x, unsigned d)
{
    return ((uint32_t)x * 1290167u + (1u << (31 - d)) + 512u) >> (32 - d);
}

/* Decompress_d(y) = round(q y / 2^d). */
static inline int16_t decompress(unsigned y, unsigned d)
{
    return (int16_t)((y * Q + (1u << (d - 1))) >> d);
}

/* For d = 11 that fraction is too short: 330282856 = floor(2^40 / q) has eight bits more. */
static inline uint32_t compress_finely(int16_t x)
{
    const uint64_t scaled = (uint64_t)(uint16_t)x * 330282856u + (1u << 28) + (1u << 16);
    return (uint32_t)(scaled >> 29) & 2047u;
}

/* Eight values make eleven bytes. */
void hf_mlkem_compress11(uint8_t out[352], const hf_mlkem_poly *p)
{
    for (size_t i = 0; i < N; i += 8, out += 11) {
        uint32_t t[8];
        for (size_t j = 0; j < 8; j++)
            t[j] = compress_finely(p->c[i + j]);
        out[0] = (uint8_t)t[0];
        out[1] = (uint8_t)(t[0] >> 8 | t[1] << 3);
        out[2] = (uint8_t)(t[1] >> 5 | t[2] << 6);
        out[3] = (uint8_t)(t[2] >> 2);
        out[4] = (uint8_t)(t[2] >> 10 | t[3] << 1);
        out[5] = (uint8_t)(t[3] >> 7 | t[4] << 4);
        out[6] = (uint8_t)(t[4] >> 4 | t[5] << 7);
        out[7] = (uint8_t)(t[5] >> 1);
        out[8] = (uint8_t)(t[5] >> 9 | t[6] << 2);
        out[9] = (uint8_t)(t[6] >> 6 | t[7] << 5);
        out[10] = (uint8_t)(t[7] >> 3);
    }
}

/* The eleven bits at bit 11 j of a group of eleven bytes; what lies past its end is not looked at.
 */
static inline unsigned eleven_bits(const uint8_t in[11], unsigned j)
{
    const unsigned at = 11 * j / 8, shift = 11 * j % 8;
    const unsigned third = shift > 5 ? in[at + 2] : 0;
    return ((unsigned)in[at] | (unsigned)in[at + 1] << 8 | third << 16) >> shift & 2047u;
}

void hf_mlkem_decompress11(hf_mlkem_poly *p, const uint8_t in[352])
{
    for (size_t i = 0; i < N; i += 8, in += 11)
        for (unsigned j = 0; j < 8; j++)
            p->c[i + j] = decompress(eleven_bits(in, j), 11);
}

void hf_mlkem_compress10(uint8_t out[320], const hf_mlkem_poly *p)
{
    uint16_t t[N];
    for (size_t i = 0; i < N; i++)
        t[i] = (uint16_t)compress(p->c[i], 10);
    for (size_t i = 0; i < N; i += 4, out += 5) {
        out[0] = (uint8_t)t[i];
        out[1] = (uint8_t)(t[i] >> 8 | t[i + 1] << 2);
        out[2] = (uint8_t)(t[i + 1] >> 6 | t[i + 2] << 4);
        out[3] = (uint8_t)(t[i + 2] >> 4 | t[i + 3] << 6);
        out[4] = (uint8_t)(t[i + 3] >> 2);
    }
}

void hf_mlkem_decompress10(hf_mlkem_poly *p, const uint8_t in[320])
{
    for (size_t i = 0; i < N; i += 4, in += 5) {
        p->c[i] = decompress((in[0] | (unsigned)in[1] << 8) & 1023, 10);
        p->c[i + 1] = decompress((in[1] >> 2 | (unsigned)in[2] << 6) & 1023, 10);
        p->c[i + 2] = decompress((in[2] >> 4 | (unsigned)in[3] << 4) & 1023, 10);
        p->c[i + 3] = decompress((in[3] >> 6 | (unsigned)in[4] << 2) & 1023, 10);
    }
}

/* Eight values make five bytes. */
void hf_mlkem_compress5(uint8_t out[160], const hf_mlkem_poly *p)
{
    for (size_t i = 0; i < N; i += 8, out += 5) {
        uint64_t group = 0;
        for (size_t j = 0; j < 8; j++)
            group |= (uint64_t)compress(p->c[i + j], 5) << (5 * j);
        for (size_t j = 0; j < 5; j++)
            out[j] = (uint8_t)(group >> (8 * j));
    }
}

void hf_mlkem_decompress5(hf_mlkem_poly *p, const uint8_t in[160])
{
    for (size_t i = 0; i < N; i += 8, in += 5) {
        uint64_t group = 0;
        for (size_t j = 0; j < 5; j++)
            group |= (uint64_t)in[j] << (8 * j);
        for (size_t j = 0; j < 8; j++)
            p->c[i + j] = decompress((unsigned)(group >> (5 * j)) & 31u, 5);
    }
}

void hf_mlkem_compress4(uint8_t out[128], const hf_mlkem_poly *p)
{
    for (size_t i = 0; i < N / 2; i++)
        out[i] = (uint8_t)(compress(p->c[2 * i], 4) | compress(p->c[2 * i + 1], 4) << 4);
}

void hf_mlkem_decompress4(hf_mlkem_poly *p, const uint8_t in[128])
{
    for (size_t i = 0; i < N / 2; i++) {
        p->c[2 * i] = decompress(in[i] & 15u, 4);
        p->c[2 * i + 1] = decompress(in[i] >> 4, 4);
    }
}

void hf_mlkem_compress1(uint8_t out[32], const hf_mlkem_poly *p)
{
    for (size_t i = 0; i < 32; i++) {
        unsigned byte = 0;
        for (unsigned j = 0; j < 8; j++)
            byte |= compress(p->c[8 * i + j], 1) << j;
        out[i] = (uint8_t)byte;
    }
}

/* A 0 or 1 of which the compiler no longer knows that it is one: it would otherwise be free to turn
 * the product below into a branch on a bit of the message, as compilers have done. */
static inline unsigned opaque(unsigned bit)
{
    __asm__("" : "+r"(bit));
    return bit;
}

void hf_mlkem_decompress1(hf_mlkem_poly *p, const uint8_t in[32])
{
    for (size_t i = 0; i < 32; i++)
        for (unsigned j = 0; j < 8; j++)
            p->c[8 * i + j] = (int16_t)(opaque(in[i] >> j & 1u) * ((Q + 1) / 2));
}

/* Four bits make a coefficient: the sum of two less the sum of two. A byte holds two; eight bytes
 * are added and subtracted at once, each difference kept four too large so that none borrows. */
void hf_mlkem_noise(hf_mlkem_poly *p, const uint8_t in[HF_MLKEM_NOISE_BYTES])
{
    const uint64_t ones = 0x5555555555555555, pairs = 0x3333333333333333, four = 0x4444444444444444;
    for (size_t i = 0; i < N / 16; i++) {
        uint64_t w = 0;
        for (size_t b = 8; b-- > 0;)
            w = w << 8 | in[8 * i + b];
        w = (w & ones) + (w >> 1 & ones);
        w = (w & pairs) + four - (w >> 2 & pairs);
        for (size_t b = 0; b < 16; b++)
            p->c[16 * i + b] = (int16_t)((int)(w >> (4 * b) & 15) - 4);
    }
}
