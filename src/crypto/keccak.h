/* keccak.h: Keccak-f[1600] and the four functions of FIPS 202 that ML-KEM uses. Constant time.
 *
 * The permutation also comes in a form for many independent states, which runs four or eight at
 * once where the processor can: ML-KEM's sampling is shaped around it.
 */
#ifndef HF_CRYPTO_KECCAK_H
#define HF_CRYPTO_KECCAK_H

#include <handfast/base.h>

/* 1600 bits: lane (x, y) of FIPS 202 section 3.1.2 is lane[x + 5y]; bytes are little-endian. */
typedef struct hf_keccak {
    uint64_t lane[25];
} hf_keccak;

/* Bytes of state that one permutation absorbs or yields (FIPS 202 section 6). */
enum {
    HF_SHA3_256_RATE = 136,
    HF_SHA3_512_RATE = 72,
    HF_SHAKE128_RATE = 168,
    HF_SHAKE256_RATE = 136,
};

/* The byte that ends a message: the function's suffix bits and the first bit of the padding. */
enum {
    HF_SHA3_PAD = 0x06,
    HF_SHAKE_PAD = 0x1f,
};

void hf_keccak_permute(hf_keccak *k);

/* Permutes `count` independent states. */
void hf_keccak_permute_many(hf_keccak *k, size_t count);

/* The same without any processor-specific code: what the other is tested against. */
void hf_keccak_permute_many_portable(hf_keccak *k, size_t count);

/* The first `n` bytes of the state, n at most 200. */
void hf_keccak_extract(const hf_keccak *k, uint8_t *out, size_t n);

/* A sponge: init, absorb any number of times, finish once, squeeze any number of times. It holds
 * what it absorbed: wipe it when that was a secret. */
typedef struct hf_sponge {
    hf_keccak k;
    uint8_t rate; /* bytes */
    uint8_t at;   /* bytes absorbed into, or squeezed out of, the present block; 0..rate */
    uint8_t pad;
} hf_sponge;

void hf_sponge_init(hf_sponge *s, uint8_t rate, uint8_t pad);
void hf_sponge_absorb(hf_sponge *s, hf_bytes bytes);
void hf_sponge_finish(hf_sponge *s);
void hf_sponge_squeeze(hf_sponge *s, uint8_t *out, size_t n);

/* One-shot functions over the pieces joined. They leave nothing of the pieces on the stack. */
void hf_sha3_256(const hf_bytes *pieces, size_t count, uint8_t digest[32]);
void hf_sha3_512(const hf_bytes *pieces, size_t count, uint8_t digest[64]);
void hf_shake128(const hf_bytes *pieces, size_t count, uint8_t *out, size_t n);
void hf_shake256(const hf_bytes *pieces, size_t count, uint8_t *out, size_t n);

#endif
