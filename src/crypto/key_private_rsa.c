/* key_private_rsa.c: RSAPrivateKey (RFC 8017 section A.1.2) -> RSA object, its parts checked. */
#include "crypto/key_private.h"

#include "base/der.h"
#include "base/error.h"

#include <openssl/bn.h>

/* The numbers in their order in RSAPrivateKey. */
enum { N, E, D, P, Q, DP, DQ, QINV, NUMBERS };

static const char *const names[NUMBERS] = {
    "modulus", "publicExponent", "privateExponent", "prime1",
    "prime2",  "exponent1",      "exponent2",       "coefficient",
};

/* Each one a positive odd or even number; all but n and e are secret. */
static hf_status read_numbers(hf_bytes der, BIGNUM *number[NUMBERS], hf_error *e)
{
    hf_reader r, in;
    hf_bytes octets[NUMBERS];
    hf_reader_init(&r, der, NULL);
    hf_der_enter(&r, &in, HF_DER_SEQUENCE, "RSAPrivateKey");
    uint32_t version = hf_der_small(&in, "version");
    for (int i = 0; i < NUMBERS; i++) {
        octets[i] = hf_der_integer(&in, names[i]);
        if (octets[i].n != 0 && (octets[i].p[0] & 0x80) != 0)
            hf_reader_fail(&in, HF_E_DECODE, names[i]);
    }
    if (version == 1 && !in.failed)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, "version", "two primes (version 0)",
                       "RSA with more than two primes");
    hf_reader_done(&in);
    if (!hf_reader_done(&r))
        return hf_der_status(&r, HF_E_KEY_MALFORMED, e);
    if (version != 0)
        return hf_fail(e, HF_E_KEY_MALFORMED, "version", "0", "%u", version);

    for (int i = 0; i < NUMBERS; i++) {
        if (octets[i].n > HF_RSA_MAX_BITS / 8 + 1)
            return hf_fail(e, i == N ? HF_E_KEY_UNSUPPORTED : HF_E_KEY_MALFORMED, names[i],
                           "RSA of 2048 to 8192 bits", "a number of %zu bytes", octets[i].n);
        number[i] = BN_new();
        if (number[i] == NULL)
            return hf_fail(e, HF_E_OUT_OF_MEMORY, names[i], NULL, NULL);
        if (i != N && i != E)
            BN_set_flags(number[i], BN_FLG_CONSTTIME);
        if (BN_bin2bn(octets[i].p, (int)octets[i].n, number[i]) == NULL)
            return hf_fail(e, HF_E_OUT_OF_MEMORY, names[i], NULL, NULL);
    }
    return HF_OK;
}

static hf_status judge_size(BIGNUM *const number[NUMBERS], hf_error *e)
{
    int bits = BN_num_bits(number[N]);
    if (bits < HF_RSA_MIN_BITS || bits > HF_RSA_MAX_BITS)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, names[N], "RSA of 2048 to 8192 bits",
                       "RSA of %d bits", bits);
    if (BN_num_bits(number[E]) > HF_RSA_MAX_EXPONENT_BITS)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, names[E], "at most 33 bits", "%d bits",
                       BN_num_bits(number[E]));
    if (!BN_is_odd(number[E]) || BN_is_one(number[E]))
        return hf_fail(e, HF_E_KEY_MALFORMED, names[E], "an odd number above 1", NULL);
    for (int i = P; i <= Q; i++)
        if (!BN_is_odd(number[i]) || BN_num_bits(number[i]) < bits / 4)
            return hf_fail(e, HF_E_KEY_MALFORMED, names[i],
                           "an odd prime of about half the modulus's length", "%d bits",
                           BN_num_bits(number[i]));
    return HF_OK;
}

/* a * b = 1 modulo m. -1 when memory ran out. */
static int inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx)
{
    BN_CTX_start(ctx);
    BIGNUM *t = BN_CTX_get(ctx);
    int result = t == NULL || BN_mod_mul(t, a, b, m, ctx) != 1 ? -1 : BN_is_one(t);
    BN_CTX_end(ctx);
    return result;
}

/* The relations of RFC 8017 section 3.2. Primality is not tested: it costs as much as making a key,
 * and the key's owner is who would be harmed. Returns the number that does not fit, NUMBERS when
 * all do, -1 when memory ran out. */
static int misfit(BIGNUM *const number[NUMBERS], BN_CTX *ctx)
{
    BIGNUM *p1 = BN_CTX_get(ctx), *q1 = BN_CTX_get(ctx), *product = BN_CTX_get(ctx);
    if (product == NULL)
        return -1;
    BN_set_flags(p1, BN_FLG_CONSTTIME);
    BN_set_flags(q1, BN_FLG_CONSTTIME);
    if (BN_mul(product, number[P], number[Q], ctx) != 1 || BN_copy(p1, number[P]) == NULL ||
        BN_copy(q1, number[Q]) == NULL || BN_sub_word(p1, 1) != 1 || BN_sub_word(q1, 1) != 1)
        return -1;
    if (BN_cmp(product, number[N]) != 0)
        return N;
    if (BN_cmp(number[D], number[N]) >= 0)
        return D;
    const struct {
        const BIGNUM *a, *b, *modulus;
        int about;
    } relations[] = {
        {number[E], number[D], p1, D},
        {number[E], number[D], q1, D},
        {number[E], number[DP], p1, DP},
        {number[E], number[DQ], q1, DQ},
        {number[QINV], number[Q], number[P], QINV},
    };
    for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++) {
        int fits = inverse(relations[i].a, relations[i].b, relations[i].modulus, ctx);
        if (fits != 1)
            return fits < 0 ? -1 : relations[i].about;
    }
    if (BN_cmp(number[DP], p1) >= 0)
        return DP;
    if (BN_cmp(number[DQ], q1) >= 0)
        return DQ;
    return BN_cmp(number[QINV], number[P]) < 0 ? NUMBERS : QINV;
}

static hf_status judge(BIGNUM *const number[NUMBERS], hf_error *e)
{
    hf_status status = judge_size(number, e);
    if (status != HF_OK)
        return status;
    int wrong = -1;
    BN_CTX *ctx = BN_CTX_secure_new();
    if (ctx != NULL) {
        BN_CTX_start(ctx);
        wrong = misfit(number, ctx);
        BN_CTX_end(ctx);
    }
    BN_CTX_free(ctx);
    if (wrong < 0)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    return wrong == NUMBERS
               ? HF_OK
               : hf_fail(e, HF_E_KEY_MALFORMED, names[wrong], "numbers that belong together",
                         "one that does not fit the others");
}

/* Hands the numbers over; those that RSA took are NULL afterwards. */
static bool give(RSA *rsa, BIGNUM *number[NUMBERS])
{
    if (RSA_set0_key(rsa, number[N], number[E], number[D]) != 1)
        return false;
    number[N] = number[E] = number[D] = NULL;
    if (RSA_set0_factors(rsa, number[P], number[Q]) != 1)
        return false;
    number[P] = number[Q] = NULL;
    if (RSA_set0_crt_params(rsa, number[DP], number[DQ], number[QINV]) != 1)
        return false;
    number[DP] = number[DQ] = number[QINV] = NULL;
    return true;
}

hf_status hf_rsa_private_read(hf_bytes der, hf_key_material *out, hf_error *e)
{
    BIGNUM *number[NUMBERS] = {NULL};
    hf_status status = read_numbers(der, number, e);
    if (status == HF_OK)
        status = judge(number, e);
    if (status == HF_OK) {
        out->bits = (unsigned)BN_num_bits(number[N]);
        out->rsa = RSA_new();
        if (out->rsa == NULL || !give(out->rsa, number))
            status = hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    }
    for (int i = 0; i < NUMBERS; i++)
        BN_clear_free(number[i]);
    return status;
}
