/* mlkem_poly.h: polynomials of ML-KEM: Z_q[X]/(X^256 + 1), q = 3329, FIPS 203 sections 4.2 and 4.3.
 *
 * A coefficient is an int16_t that stands for its class mod q; each function says which range it
 * takes and gives. "Centred" is |c| <= (q-1)/2 = 1664, "canonical" is 0 <= c < q. No function here
 * branches or indexes on a coefficient, and none divides.
 *
 * Every loop runs over rows of 16 coefficients, so that any compiler turns it into vectors. For
 * that the NTT domain has an order of its own, "lane order": coefficient 16b + k of FIPS 203's
 * order stands at c[16k + b]. Only the byte encoders and the sampler need to know.
 */
#ifndef HF_CRYPTO_MLKEM_POLY_H
#define HF_CRYPTO_MLKEM_POLY_H

#include <handfast/base.h>

enum {
    HF_MLKEM_N = 256,
    HF_MLKEM_Q = 3329,
    HF_MLKEM_MAX_K = 4,         /* polynomials in a vector, at most: ML-KEM-1024 */
    HF_MLKEM_POLY_BYTES = 384,  /* ByteEncode_12 */
    HF_MLKEM_NOISE_BYTES = 128, /* input of SamplePolyCBD_2 */
};

typedef struct hf_mlkem_poly {
    _Alignas(64) int16_t c[HF_MLKEM_N];
} hf_mlkem_poly;

/* The NTT's constants, public so that a test recomputes them. zeta_k is 17^BitRev7(k) * 2^16 mod q,
 * centred (FIPS 203 appendix A, in Montgomery form). Layers of length 128 to 16 use one zeta for
 * whole rows: row[k] is zeta_k, k = 1..15. Layers of length 8, 4, 2 use one per lane b: lane[0][b]
 * is zeta_(16+b), lane[1+h][b] is zeta_(32+2b+h), lane[3+h][b] is zeta_(64+4b+h). The inverse walks
 * the same zetas backwards: back[0][b] is zeta_(31-b), and so on. */
typedef struct hf_mlkem_constants {
    int16_t row[16];
    int16_t lane[7][16];
    int16_t back[7][16];
} hf_mlkem_constants;
extern const hf_mlkem_constants hf_mlkem_zetas;

/* a * b / 2^16 mod q for |a * b| < 2^15 * q; result |r| < q. */
int16_t hf_mlkem_montgomery(int16_t a, int16_t b);

/* Any int16_t, centred. */
int16_t hf_mlkem_barrett(int16_t a);

/* Any coefficients, made centred or canonical. */
void hf_mlkem_reduce(hf_mlkem_poly *p);
void hf_mlkem_canonical(hf_mlkem_poly *p);

/* Sums, without reduction: the caller knows that they fit an int16_t. */
void hf_mlkem_add(hf_mlkem_poly *p, const hf_mlkem_poly *q);
void hf_mlkem_subtract(hf_mlkem_poly *p, const hf_mlkem_poly *q); /* p - q */

/* Algorithm 9: |c| <= q in natural order to centred in lane order. */
void hf_mlkem_ntt(hf_mlkem_poly *p);

/* Algorithm 10, times 2^16 (which undoes what hf_mlkem_dot leaves): any coefficients in lane order
 * to |c| < q in natural order. */
void hf_mlkem_ntt_inverse(hf_mlkem_poly *p);

/* From FIPS 203's order to lane order. */
void hf_mlkem_to_lanes(hf_mlkem_poly *p, const int16_t fips[HF_MLKEM_N]);

/* A vector in lane order, ready to be a factor: `twisted` holds the odd coefficients times gamma,
 * the X^2 of algorithm 12. Computed once, used for every row of the matrix. */
typedef struct hf_mlkem_factor {
    hf_mlkem_poly p[HF_MLKEM_MAX_K];
    _Alignas(64) int16_t twisted[HF_MLKEM_MAX_K][HF_MLKEM_N / 2];
} hf_mlkem_factor;

/* Fills `twisted` from the first `k` of `p`, which are centred. */
void hf_mlkem_factor_ready(hf_mlkem_factor *f, size_t k);

/* The inner product of a vector of k (3 or 4) polynomials, |c| <= 4095, and a factor, in lane order
 * and divided by 2^16; result |c| < 3600 k. */
void hf_mlkem_dot(hf_mlkem_poly *out, const hf_mlkem_poly *a, const hf_mlkem_factor *f, size_t k);

/* From inner product to NTT domain: times 2^32 / 2^16; result |c| < q. */
void hf_mlkem_dot_scale(hf_mlkem_poly *p);

/* ByteEncode_12 of a canonical polynomial in lane order, and back; decoded values are below 4096
 * and may be q or more. */
void hf_mlkem_encode12(uint8_t out[HF_MLKEM_POLY_BYTES], const hf_mlkem_poly *p);
void hf_mlkem_decode12(hf_mlkem_poly *p, const uint8_t in[HF_MLKEM_POLY_BYTES]);

/* True when every coefficient is below q: the modulus check of FIPS 203 section 7.2. Input 0..4095.
 */
bool hf_mlkem_below_q(const hf_mlkem_poly *p);

/* Compress_d and ByteEncode_d of a canonical polynomial in natural order; ByteDecode_d and
 * Decompress_d, which give 0 <= c <= q. */
void hf_mlkem_compress11(uint8_t out[352], const hf_mlkem_poly *p);
void hf_mlkem_decompress11(hf_mlkem_poly *p, const uint8_t in[352]);
void hf_mlkem_compress10(uint8_t out[320], const hf_mlkem_poly *p);
void hf_mlkem_decompress10(hf_mlkem_poly *p, const uint8_t in[320]);
void hf_mlkem_compress5(uint8_t out[160], const hf_mlkem_poly *p);
void hf_mlkem_decompress5(hf_mlkem_poly *p, const uint8_t in[160]);
void hf_mlkem_compress4(uint8_t out[128], const hf_mlkem_poly *p);
void hf_mlkem_decompress4(hf_mlkem_poly *p, const uint8_t in[128]);
void hf_mlkem_compress1(uint8_t out[32], const hf_mlkem_poly *p);
void hf_mlkem_decompress1(hf_mlkem_poly *p, const uint8_t in[32]);

/* SamplePolyCBD_2, algorithm 8: |c| <= 2. */
void hf_mlkem_noise(hf_mlkem_poly *p, const uint8_t in[HF_MLKEM_NOISE_BYTES]);

#endif
