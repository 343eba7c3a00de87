/* mlkem_group.c: ML-KEM-1024 as a group of its own, for those whose rules (CNSA 2.0) leave curves
 * no place: off unless it is named, for nothing stands beside it should ML-KEM fall.
 *
 * draft-ietf-tls-mlkem section 4: a client's share is the encapsulation key, a server's the
 * ciphertext, and the secret ML-KEM's. Random bytes are drawn as in hybrid.c: a client's 64 of seed
 * (d || z), a server's 32 for the encapsulation (m); the private key is kept in expanded form.
 */
#include "crypto/libcrypto.h"
#include "crypto/mlkem.h"

#include "base/ct.h"

_Static_assert(HF_MLKEM1024_PUBLIC <= HF_GROUP_MAX_SHARE, "a client's share");
_Static_assert(HF_MLKEM1024_CIPHERTEXT <= HF_GROUP_MAX_SHARE, "a server's share");
_Static_assert(HF_MLKEM1024_PRIVATE <= HF_GROUP_MAX_PRIVATE, "a private key");

static hf_status generate(const hf_provider *provider, uint8_t *private_key, uint8_t *client_share)
{
    uint8_t seed[HF_MLKEM_SEED];
    hf_status s = provider->random(provider->ctx, seed, sizeof(seed));
    if (s == HF_OK)
        hf_mlkem_keygen(&hf_mlkem1024, seed, client_share, private_key);
    hf_wipe(seed, sizeof(seed));
    return s;
}

static hf_status respond(const hf_provider *provider, const uint8_t *client_share,
                         uint8_t *server_share, uint8_t *secret)
{
    uint8_t m[32];
    hf_status s = provider->random(provider->ctx, m, sizeof(m));
    if (s == HF_OK && !hf_mlkem_encaps(&hf_mlkem1024, client_share, m, server_share, secret))
        s = HF_E_BAD_KEY_SHARE;
    hf_wipe(m, sizeof(m));
    return s;
}

/* A ciphertext that was changed gives another secret, and Finished tells. */
static hf_status finish(const uint8_t *private_key, const uint8_t *server_share, uint8_t *secret)
{
    hf_mlkem_decaps(&hf_mlkem1024, private_key, server_share, secret);
    return HF_OK;
}

const hf_group hf_group_mlkem1024 = {
    .name = "MLKEM1024",
    .id = 0x0202,
    .client_share_len = HF_MLKEM1024_PUBLIC,
    .server_share_len = HF_MLKEM1024_CIPHERTEXT,
    .private_len = HF_MLKEM1024_PRIVATE,
    .secret_len = HF_MLKEM_SECRET,
    .generate = generate,
    .respond = respond,
    .finish = finish,
};
