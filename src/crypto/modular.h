/* modular.h: numbers of up to 256 bits modulo an odd one, in constant time.
 *
 * What the point arithmetic of libcrypto leaves over of a signature: a handful of products and one
 * inverse, which its big numbers do in four to six times the time and with an allocation for each.
 * Products are Montgomery's. The inverse is by the division steps of Bernstein and Yang ("Fast
 * constant-time gcd computation and modular inversion", 2019): 590 of them end with any number of
 * 256 bits, none branches, and 62 at a time need the low words only.
 *
 * The compiler must have a product of 128 bits; where it has not, HF_HAS_MODULAR is not defined and
 * libcrypto does all of it.
 */
#ifndef HF_CRYPTO_MODULAR_H
#define HF_CRYPTO_MODULAR_H

#include <handfast/base.h>

#if defined(__SIZEOF_INT128__)
#    define HF_HAS_MODULAR 1
#endif

#ifdef HF_HAS_MODULAR

/* The least significant limb is first. */
typedef struct hf_u256 {
    uint64_t limb[4];
} hf_u256;

typedef struct hf_modulus {
    hf_u256 m;        /* odd */
    hf_u256 rr;       /* 2^512 mod m */
    uint64_t neg_inv; /* -1/m mod 2^64 */
} hf_modulus;

extern const hf_modulus hf_p256_order;       /* SP 800-186 section 3.2.1.3 */
extern const hf_modulus hf_p256_prime;       /* the same */
extern const hf_modulus hf_curve25519_prime; /* 2^255 - 19 */

/* Big-endian, 32 bytes. */
hf_u256 hf_u256_read(const uint8_t *bytes);
void hf_u256_write(const hf_u256 *a, uint8_t *bytes);

/* 1 when it is so, else 0; no branch. */
uint64_t hf_u256_is_zero(const hf_u256 *a);
uint64_t hf_u256_equal(const hf_u256 *a, const hf_u256 *b);
uint64_t hf_u256_below(const hf_u256 *a, const hf_u256 *b);

/* All results are below the modulus. `a` may be any 256-bit number where it says so. */

/* a less the modulus, if that leaves something: the residue of a number below twice the modulus. */
hf_u256 hf_mod_once(const hf_u256 *a, const hf_modulus *m);
/* a + b, both below the modulus. */
hf_u256 hf_mod_add(const hf_u256 *a, const hf_u256 *b, const hf_modulus *m);
/* a * b: a any, b below the modulus. */
hf_u256 hf_mod_mul(const hf_u256 *a, const hf_u256 *b, const hf_modulus *m);
/* high * 2^256 + low, for a modulus of more than 2^255. */
hf_u256 hf_mod_wide(const hf_u256 *high, const hf_u256 *low, const hf_modulus *m);
/* 1 / a, for an `a` below the modulus that has no divisor in common with it; 0 gives 0. */
hf_u256 hf_mod_inverse(const hf_u256 *a, const hf_modulus *m);

#endif
#endif
