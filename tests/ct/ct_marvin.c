/* ct_marvin.c: what an RSA number decrypted to does not show in time (Marvin: CVE-2022-4304 and its
 * kin): the padding is judged, the secret or the random one in its place comes out, and the master
 * secret and the keys are derived from it, with no branch and no address that depends on the
 * decrypted block. With --leak: the zero that ends the padding is sought as memchr would. */
#include "base/bytes.h"
#include "crypto/key_transport.h"
#include "crypto/lookup.h"
#include "crypto/prf.h"
#include "support/ct_secret.h"

enum { BLOCK = 256, ZERO = BLOCK - 49 };

static void seek_zero(const uint8_t *block)
{
    static volatile size_t found;
    const volatile uint8_t *p = block + 2;
    while (p < block + BLOCK && *p != 0)
        p++;
    found = found + (size_t)(p - block);
}

/* `at` is the byte that is not as it should be, and `value` what it is; BLOCK: all is well. */
static bool decrypt(size_t at, uint8_t value, bool leak)
{
    uint8_t block[BLOCK], random[HF_PREMASTER], secret[HF_PREMASTER], master[48], keys[40];
    uint8_t right[HF_PREMASTER];
    const hf_hash *hash = hf_hash_find(hf_provider_default(), 4);
    for (size_t i = 0; i < BLOCK; i++)
        block[i] = (uint8_t)(1 + i % 255);
    block[0] = block[ZERO] = 0;
    block[1] = 2;
    block[ZERO + 1] = block[ZERO + 2] = 3;
    if (at < BLOCK)
        block[at] = value;
    memcpy(right, block + ZERO + 1, HF_PREMASTER);
    memset(random, 0x5a, sizeof random);
    hf_ct_secret(block, sizeof block);
    hf_ct_secret(random, sizeof random);
    if (leak)
        seek_zero(block);
    hf_premaster_unpad(block, sizeof block, 0x0303, random, secret);
    const bool from_secret = hf_ct_all_secret(secret, sizeof secret);
    const hf_bytes none = {NULL, 0};
    hf_prf12(hash, hf_bytes_of(secret, sizeof secret), "extended master secret", none, none, master,
             sizeof master);
    hf_prf12(hash, hf_bytes_of(master, sizeof master), "key expansion", none, none, keys,
             sizeof keys);
    hf_ct_public(secret, sizeof secret); /* to look at it */
    hf_ct_public(random, sizeof random);
    const uint8_t *wanted = at < BLOCK ? random : right;
    return from_secret && memcmp(secret, wanted, sizeof secret) == 0;
}

int main(int argc, char **argv)
{
    bool leak;
    const int skipped = hf_ct_begin(argc, argv, &leak);
    if (skipped != 0)
        return skipped;
    static const struct {
        size_t at;
        uint8_t value;
    } cases[] = {
        {BLOCK, 0},    {0, 1},        {1, 1},        {1, 0},    {2, 0},
        {9, 0},        {100, 0},      {ZERO - 1, 0}, {ZERO, 9}, {ZERO + 1, 2},
        {ZERO + 2, 2}, {ZERO + 2, 4}, {ZERO, 255},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (!decrypt(cases[i].at, cases[i].value, leak))
            return hf_ct_wrong("a padding was judged wrongly");
    return 0;
}
