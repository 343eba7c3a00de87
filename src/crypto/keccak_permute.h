/* keccak_permute.h: the body of Keccak-f[1600], included once per lane type by keccak.c.
 *
 * KECCAK_LANE is uint64_t, or a vector of them (one element per independent state: every operator
 * below works on each element). KECCAK_NAME names the function, KECCAK_ROUND its round, and
 * KECCAK_TARGET is the function attribute that allows the vector instructions, or empty.
 *
 * There is no include guard, because it is meant to be included more than once.
 */

/* A rotation by 1..63; `n` is always a constant. */
#define KECCAK_ROTATE(v, n) (((v) << (n)) | ((v) >> (64 - (n))))

/* One round, FIPS 202 section 3.3, from `a` to `e`: theta is folded into each lane as it is read,
 * rho is the rotation, pi the choice of which five lanes make a row, chi the combination. */
KECCAK_TARGET KECCAK_INLINE void KECCAK_ROUND(KECCAK_LANE *restrict e,
                                              const KECCAK_LANE *restrict a, uint64_t constant)
{
    KECCAK_LANE c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    KECCAK_LANE c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    KECCAK_LANE c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    KECCAK_LANE c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    KECCAK_LANE c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    KECCAK_LANE d0 = c4 ^ KECCAK_ROTATE(c1, 1);
    KECCAK_LANE d1 = c0 ^ KECCAK_ROTATE(c2, 1);
    KECCAK_LANE d2 = c1 ^ KECCAK_ROTATE(c3, 1);
    KECCAK_LANE d3 = c2 ^ KECCAK_ROTATE(c4, 1);
    KECCAK_LANE d4 = c3 ^ KECCAK_ROTATE(c0, 1);
    KECCAK_LANE b0, b1, b2, b3, b4;

    b0 = a[0] ^ d0;
    b1 = KECCAK_ROTATE(a[6] ^ d1, 44);
    b2 = KECCAK_ROTATE(a[12] ^ d2, 43);
    b3 = KECCAK_ROTATE(a[18] ^ d3, 21);
    b4 = KECCAK_ROTATE(a[24] ^ d4, 14);
    e[0] = b0 ^ (~b1 & b2) ^ constant; /* iota */
    e[1] = b1 ^ (~b2 & b3);
    e[2] = b2 ^ (~b3 & b4);
    e[3] = b3 ^ (~b4 & b0);
    e[4] = b4 ^ (~b0 & b1);

    b0 = KECCAK_ROTATE(a[3] ^ d3, 28);
    b1 = KECCAK_ROTATE(a[9] ^ d4, 20);
    b2 = KECCAK_ROTATE(a[10] ^ d0, 3);
    b3 = KECCAK_ROTATE(a[16] ^ d1, 45);
    b4 = KECCAK_ROTATE(a[22] ^ d2, 61);
    e[5] = b0 ^ (~b1 & b2);
    e[6] = b1 ^ (~b2 & b3);
    e[7] = b2 ^ (~b3 & b4);
    e[8] = b3 ^ (~b4 & b0);
    e[9] = b4 ^ (~b0 & b1);

    b0 = KECCAK_ROTATE(a[1] ^ d1, 1);
    b1 = KECCAK_ROTATE(a[7] ^ d2, 6);
    b2 = KECCAK_ROTATE(a[13] ^ d3, 25);
    b3 = KECCAK_ROTATE(a[19] ^ d4, 8);
    b4 = KECCAK_ROTATE(a[20] ^ d0, 18);
    e[10] = b0 ^ (~b1 & b2);
    e[11] = b1 ^ (~b2 & b3);
    e[12] = b2 ^ (~b3 & b4);
    e[13] = b3 ^ (~b4 & b0);
    e[14] = b4 ^ (~b0 & b1);

    b0 = KECCAK_ROTATE(a[4] ^ d4, 27);
    b1 = KECCAK_ROTATE(a[5] ^ d0, 36);
    b2 = KECCAK_ROTATE(a[11] ^ d1, 10);
    b3 = KECCAK_ROTATE(a[17] ^ d2, 15);
    b4 = KECCAK_ROTATE(a[23] ^ d3, 56);
    e[15] = b0 ^ (~b1 & b2);
    e[16] = b1 ^ (~b2 & b3);
    e[17] = b2 ^ (~b3 & b4);
    e[18] = b3 ^ (~b4 & b0);
    e[19] = b4 ^ (~b0 & b1);

    b0 = KECCAK_ROTATE(a[2] ^ d2, 62);
    b1 = KECCAK_ROTATE(a[8] ^ d3, 55);
    b2 = KECCAK_ROTATE(a[14] ^ d4, 39);
    b3 = KECCAK_ROTATE(a[15] ^ d0, 41);
    b4 = KECCAK_ROTATE(a[21] ^ d1, 2);
    e[20] = b0 ^ (~b1 & b2);
    e[21] = b1 ^ (~b2 & b3);
    e[22] = b2 ^ (~b3 & b4);
    e[23] = b3 ^ (~b4 & b0);
    e[24] = b4 ^ (~b0 & b1);
}

KECCAK_TARGET static void KECCAK_NAME(KECCAK_LANE *a)
{
    KECCAK_LANE e[25];
    for (size_t i = 0; i < 24; i += 2) {
        KECCAK_ROUND(e, a, round_constants[i]);
        KECCAK_ROUND(a, e, round_constants[i + 1]);
    }
    hf_wipe(e, sizeof e);
}

#undef KECCAK_ROTATE
#undef KECCAK_LANE
#undef KECCAK_NAME
#undef KECCAK_ROUND
#undef KECCAK_TARGET
