/* keccak.c: Keccak-f[1600], one state at a time or many, and the sponge of FIPS 202. */
#include "crypto/keccak.h"

#include "base/ct.h"

/* FIPS 202 section 3.2.5: seven bits each, from a shift register that the unit test runs. */
static const uint64_t round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* ---- the permutation ---- */

/* A round is inlined into its loop at any level of optimisation: at -O2 a compiler would call it 24
 * times, state in memory. */
#if defined(__GNUC__)
#    define KECCAK_INLINE static inline __attribute__((always_inline))
#else
#    define KECCAK_INLINE static inline
#endif

#define KECCAK_LANE   uint64_t
#define KECCAK_NAME   permute_one
#define KECCAK_ROUND  round_one
#define KECCAK_TARGET /* any processor */
#include "crypto/keccak_permute.h"

void hf_keccak_permute_many_portable(hf_keccak *k, size_t count)
{
    for (size_t i = 0; i < count; i++)
        permute_one(k[i].lane);
}

#if defined(__GNUC__) && defined(__x86_64__) && !defined(HF_PORTABLE)

typedef uint64_t lanes2 __attribute__((vector_size(16)));
typedef uint64_t lanes4 __attribute__((vector_size(32)));
typedef uint64_t lanes8 __attribute__((vector_size(64)));

#    define KECCAK_LANE   lanes2
#    define KECCAK_NAME   permute_lanes2
#    define KECCAK_ROUND  round_lanes2
#    define KECCAK_TARGET __attribute__((target("avx512f,avx512vl")))
#    include "crypto/keccak_permute.h"

#    define KECCAK_LANE   lanes4
#    define KECCAK_NAME   permute_lanes4
#    define KECCAK_ROUND  round_lanes4
#    define KECCAK_TARGET __attribute__((target("avx2")))
#    include "crypto/keccak_permute.h"

#    define KECCAK_LANE   lanes8
#    define KECCAK_NAME   permute_lanes8
#    define KECCAK_ROUND  round_lanes8
#    define KECCAK_TARGET __attribute__((target("avx512f")))
#    include "crypto/keccak_permute.h"

/* A single state gains too, with every second element idle: AVX-512 has registers for all of it, a
 * rotation, and three operands to a logical instruction (230 against 310 ns). */
__attribute__((target("avx512f,avx512vl"))) static void permute_wide(uint64_t lane[25])
{
    lanes2 a[25];
    for (size_t i = 0; i < 25; i++)
        a[i] = (lanes2){lane[i], 0};
    permute_lanes2(a);
    for (size_t i = 0; i < 25; i++)
        lane[i] = a[i][0];
    hf_wipe(a, sizeof a);
}

void hf_keccak_permute(hf_keccak *k)
{
    if (__builtin_cpu_supports("avx512vl"))
        permute_wide(k->lane);
    else
        permute_one(k->lane);
}

/* Up to four states side by side: element j of vector i is lane i of state j. Elements without a
 * state are zero and thrown away. */
__attribute__((target("avx2"))) static void permute4(hf_keccak *k, size_t count)
{
    union {
        lanes4 vector[25];
        uint64_t lane[25][4];
    } s = {0};
    for (size_t j = 0; j < count; j++)
        for (size_t i = 0; i < 25; i++)
            s.lane[i][j] = k[j].lane[i];
    permute_lanes4(s.vector);
    for (size_t j = 0; j < count; j++)
        for (size_t i = 0; i < 25; i++)
            k[j].lane[i] = s.lane[i][j];
    hf_wipe(&s, sizeof s);
}

/* Up to eight, likewise. */
__attribute__((target("avx512f"))) static void permute8(hf_keccak *k, size_t count)
{
    union {
        lanes8 vector[25];
        uint64_t lane[25][8];
    } s = {0};
    for (size_t j = 0; j < count; j++)
        for (size_t i = 0; i < 25; i++)
            s.lane[i][j] = k[j].lane[i];
    permute_lanes8(s.vector);
    for (size_t j = 0; j < count; j++)
        for (size_t i = 0; i < 25; i++)
            k[j].lane[i] = s.lane[i][j];
    hf_wipe(&s, sizeof s);
}

void hf_keccak_permute_many(hf_keccak *k, size_t count)
{
    const size_t width = __builtin_cpu_supports("avx512f") ? 8
                         : __builtin_cpu_supports("avx2")  ? 4
                                                           : 1;
    while (count > 1 && width > 1) {
        const size_t n = count < width ? count : width;
        if (width == 8)
            permute8(k, n);
        else
            permute4(k, n);
        k += n;
        count -= n;
    }
    for (size_t i = 0; i < count; i++)
        hf_keccak_permute(&k[i]);
}

#else

void hf_keccak_permute(hf_keccak *k)
{
    permute_one(k->lane);
}

void hf_keccak_permute_many(hf_keccak *k, size_t count)
{
    hf_keccak_permute_many_portable(k, count);
}

#endif

/* ---- the sponge ---- */

static uint64_t load64(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

static void store64(uint8_t *p, uint64_t v)
{
    p[0] = (uint8_t)v, p[1] = (uint8_t)(v >> 8), p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24), p[4] = (uint8_t)(v >> 32), p[5] = (uint8_t)(v >> 40);
    p[6] = (uint8_t)(v >> 48), p[7] = (uint8_t)(v >> 56);
}

static uint8_t byte_of(const hf_keccak *k, size_t at)
{
    return (uint8_t)(k->lane[at / 8] >> (8 * (at % 8)));
}

static void xor_byte(hf_keccak *k, size_t at, uint8_t v)
{
    k->lane[at / 8] ^= (uint64_t)v << (8 * (at % 8));
}

void hf_keccak_extract(const hf_keccak *k, uint8_t *out, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        store64(out + i, k->lane[i / 8]);
    for (; i < n; i++)
        out[i] = byte_of(k, i);
}

void hf_sponge_init(hf_sponge *s, uint8_t rate, uint8_t pad)
{
    *s = (hf_sponge){.rate = rate, .pad = pad};
}

/* Invariant between calls: at < rate, since a full block is permuted at once. */
void hf_sponge_absorb(hf_sponge *s, hf_bytes bytes)
{
    const uint8_t *p = bytes.p;
    size_t left = bytes.n, at = s->at;
    while (left != 0) {
        if (at % 8 == 0 && left >= 8) { /* every rate is a multiple of 8: a lane fits */
            s->k.lane[at / 8] ^= load64(p);
            at += 8, p += 8, left -= 8;
        } else {
            xor_byte(&s->k, at++, *p++);
            left--;
        }
        if (at == s->rate) {
            hf_keccak_permute(&s->k);
            at = 0;
        }
    }
    s->at = (uint8_t)at;
}

/* pad10*1, FIPS 202 section 5.1. Both ends of the padding may fall on one byte. */
void hf_sponge_finish(hf_sponge *s)
{
    xor_byte(&s->k, s->at, s->pad);
    xor_byte(&s->k, (size_t)s->rate - 1, 0x80);
    s->at = s->rate; /* nothing left to squeeze: the next byte needs the permutation */
}

void hf_sponge_squeeze(hf_sponge *s, uint8_t *out, size_t n)
{
    while (n != 0) {
        if (s->at == s->rate) {
            hf_keccak_permute(&s->k);
            s->at = 0;
        }
        if (s->at == 0 && n >= s->rate) {
            hf_keccak_extract(&s->k, out, s->rate);
            s->at = s->rate, out += s->rate, n -= s->rate;
        } else {
            *out++ = byte_of(&s->k, s->at++);
            n--;
        }
    }
}

static void sponge_of(uint8_t rate, uint8_t pad, const hf_bytes *pieces, size_t count, uint8_t *out,
                      size_t n)
{
    hf_sponge s;
    hf_sponge_init(&s, rate, pad);
    for (size_t i = 0; i < count; i++)
        hf_sponge_absorb(&s, pieces[i]);
    hf_sponge_finish(&s);
    hf_sponge_squeeze(&s, out, n);
    hf_wipe(&s, sizeof s);
}

void hf_sha3_256(const hf_bytes *pieces, size_t count, uint8_t digest[32])
{
    sponge_of(HF_SHA3_256_RATE, HF_SHA3_PAD, pieces, count, digest, 32);
}

void hf_sha3_512(const hf_bytes *pieces, size_t count, uint8_t digest[64])
{
    sponge_of(HF_SHA3_512_RATE, HF_SHA3_PAD, pieces, count, digest, 64);
}

void hf_shake128(const hf_bytes *pieces, size_t count, uint8_t *out, size_t n)
{
    sponge_of(HF_SHAKE128_RATE, HF_SHAKE_PAD, pieces, count, out, n);
}

void hf_shake256(const hf_bytes *pieces, size_t count, uint8_t *out, size_t n)
{
    sponge_of(HF_SHAKE256_RATE, HF_SHAKE_PAD, pieces, count, out, n);
}
