/* ct_x25519_base.c: a public key is computed in a time, and from addresses, that tell nothing of
 * the private key. With --leak: the public key is branched on before it is declared public. */
#include "crypto/x25519_base.h"
#include "support/ct_secret.h"

#ifdef HF_HAS_MODULAR

int main(int argc, char **argv)
{
    bool leak;
    uint8_t key[32], want[32], got[32];
    const int skipped = hf_ct_begin(argc, argv, &leak);
    if (skipped != 0)
        return skipped;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(41 * i + 7);
    hf_x25519_base(key, want); /* no mark here; the table is public */
    hf_ct_secret(key, sizeof key);
    hf_x25519_base(key, got);
    if (!hf_ct_all_secret(got, sizeof got))
        return hf_ct_wrong("the public key does not come from the private one");
    if (leak)
        hf_ct_leak(got, sizeof got);
    hf_ct_public(got, sizeof got);
    return memcmp(got, want, sizeof got) == 0 ? 0 : hf_ct_wrong("the public key");
}

#else

int main(void)
{
    puts("skipped: this compiler has no 128-bit product");
    return 77;
}

#endif
