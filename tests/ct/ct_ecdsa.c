/* ct_ecdsa.c: what of an ECDSA signature is computed here takes the same time whatever the private
 * key and the nonce are: the nonce's reduction, the products, the inverse. With --leak: the result
 * is branched on before it is declared public. */
#include "crypto/modular.h"
#include "support/ct_secret.h"

#ifdef HF_HAS_MODULAR

static hf_u256 secret_number(uint8_t from)
{
    uint8_t bytes[32];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(from + 31 * i);
    hf_ct_secret(bytes, sizeof bytes);
    return hf_u256_read(bytes);
}

int main(int argc, char **argv)
{
    bool leak;
    const hf_modulus *n = &hf_p256_order;
    const int skipped = hf_ct_begin(argc, argv, &leak);
    if (skipped != 0)
        return skipped;
    hf_u256 high = secret_number(1), low = secret_number(2), d = secret_number(3);
    hf_u256 k = hf_mod_wide(&high, &low, n);
    d = hf_mod_once(&d, n);
    hf_u256 inverse = hf_mod_inverse(&k, n), sum = hf_mod_add(&d, &k, n);
    hf_u256 s = hf_mod_mul(&sum, &inverse, n);
    uint8_t bytes[32];
    hf_u256_write(&s, bytes);
    if (!hf_ct_all_secret(bytes, sizeof bytes))
        return hf_ct_wrong("the signature does not come from the secrets");
    if (leak)
        hf_ct_leak(bytes, sizeof bytes);
    hf_ct_public(bytes, sizeof bytes);

    /* (d + k) / k - 1 = d / k */
    hf_ct_public(&d, sizeof d);
    hf_ct_public(&inverse, sizeof inverse);
    hf_ct_public(&s, sizeof s);
    hf_u256 one = {{1}}, want = hf_mod_mul(&d, &inverse, n);
    want = hf_mod_add(&want, &one, n);
    return hf_u256_equal(&s, &want) != 0 ? 0 : hf_ct_wrong("the numbers");
}

#else

int main(void)
{
    puts("skipped: this compiler has no 128-bit product");
    return 77;
}

#endif
