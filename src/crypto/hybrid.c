/* hybrid.c: groups of two halves, ML-KEM and an elliptic curve: secure as long as either half is.
 *
 * draft-ietf-tls-ecdhe-mlkem section 4. A client's share is the encapsulation key beside the
 * curve's share, a server's the ciphertext beside the curve's share, and the secret the two secrets
 * side by side. ML-KEM's part comes first in X25519MLKEM768 and last in the groups of a NIST curve
 * (so that there the first secret is one that FIPS approves).
 *
 * Random bytes are drawn in the order of the halves: ML-KEM's are a client's 64 of seed (d || z)
 * or a server's 32 for the encapsulation (m). The client keeps the two private keys in the same
 * order, ML-KEM's in its expanded form.
 */
#include "crypto/keypairs.h"
#include "crypto/libcrypto.h"
#include "crypto/mlkem.h"

#include "base/ct.h"

typedef struct hybrid {
    const hf_mlkem_set *kem;
    const hf_group *curve;
    bool curve_first;
} hybrid;

static const hybrid x25519mlkem768 = {&hf_mlkem768, &hf_x25519, false};
static const hybrid secp256r1mlkem768 = {&hf_mlkem768, &hf_p256, true};
static const hybrid secp384r1mlkem1024 = {&hf_mlkem1024, &hf_p384, true};

/* Where the two halves lie in something made of both. */
static size_t kem_at(const hybrid *h, size_t curve_len)
{
    return h->curve_first ? curve_len : 0;
}

static size_t curve_at(const hybrid *h, size_t kem_len)
{
    return h->curve_first ? 0 : kem_len;
}

static void wipe_secret(const hybrid *h, uint8_t *secret)
{
    hf_wipe(secret, HF_MLKEM_SECRET + (size_t)h->curve->secret_len);
}

static hf_status kem_generate(const hybrid *h, const hf_provider *provider, uint8_t *private_key,
                              uint8_t *client_share)
{
    uint8_t seed[HF_MLKEM_SEED];
    hf_status status = provider->random(provider->ctx, seed, sizeof seed);
    if (status == HF_OK)
        hf_mlkem_keygen(h->kem, seed, client_share + kem_at(h, h->curve->client_share_len),
                        private_key + kem_at(h, h->curve->private_len));
    hf_wipe(seed, sizeof seed);
    return status;
}

static hf_status curve_generate(const hybrid *h, const hf_provider *provider, uint8_t *private_key,
                                uint8_t *client_share)
{
    return h->curve->generate(provider, private_key + curve_at(h, h->kem->private_len),
                              client_share + curve_at(h, h->kem->public_len));
}

static hf_status generate(const hybrid *h, const hf_provider *provider, uint8_t *private_key,
                          uint8_t *client_share)
{
    hf_status status = h->curve_first ? curve_generate(h, provider, private_key, client_share)
                                      : kem_generate(h, provider, private_key, client_share);
    if (status != HF_OK)
        return status;
    return h->curve_first ? kem_generate(h, provider, private_key, client_share)
                          : curve_generate(h, provider, private_key, client_share);
}

static hf_status kem_respond(const hybrid *h, const hf_provider *provider,
                             const uint8_t *client_share, uint8_t *server_share, uint8_t *secret)
{
    uint8_t m[32];
    hf_status status = provider->random(provider->ctx, m, sizeof m);
    if (status == HF_OK &&
        !hf_mlkem_encaps(h->kem, client_share + kem_at(h, h->curve->client_share_len), m,
                         server_share + kem_at(h, h->curve->server_share_len),
                         secret + kem_at(h, h->curve->secret_len)))
        status = HF_E_BAD_KEY_SHARE;
    hf_wipe(m, sizeof m);
    return status;
}

static hf_status curve_respond(const hybrid *h, hf_keypairs *pool, const hf_provider *provider,
                               const uint8_t *client_share, uint8_t *server_share, uint8_t *secret)
{
    return hf_keypairs_respond(
        pool, h->curve, provider, client_share + curve_at(h, h->kem->public_len),
        server_share + curve_at(h, h->kem->ciphertext_len), secret + curve_at(h, HF_MLKEM_SECRET));
}

static hf_status respond(const hybrid *h, hf_keypairs *pool, const hf_provider *provider,
                         const uint8_t *client_share, uint8_t *server_share, uint8_t *secret)
{
    hf_status status = h->curve_first
                           ? curve_respond(h, pool, provider, client_share, server_share, secret)
                           : kem_respond(h, provider, client_share, server_share, secret);
    if (status == HF_OK)
        status = h->curve_first
                     ? kem_respond(h, provider, client_share, server_share, secret)
                     : curve_respond(h, pool, provider, client_share, server_share, secret);
    if (status != HF_OK)
        wipe_secret(h, secret);
    return status;
}

static hf_status finish(const hybrid *h, const uint8_t *private_key, const uint8_t *server_share,
                        uint8_t *secret)
{
    hf_mlkem_decaps(h->kem, private_key + kem_at(h, h->curve->private_len),
                    server_share + kem_at(h, h->curve->server_share_len),
                    secret + kem_at(h, h->curve->secret_len));
    hf_status status = h->curve->finish(private_key + curve_at(h, h->kem->private_len),
                                        server_share + curve_at(h, h->kem->ciphertext_len),
                                        secret + curve_at(h, HF_MLKEM_SECRET));
    if (status != HF_OK)
        wipe_secret(h, secret);
    return status;
}

/* A group's three functions, which take no context, and its table. */
#define HYBRID(member, label, code_point, kem, point, scalar, curve_secret)                        \
    _Static_assert(kem##_PUBLIC + (point) <= HF_GROUP_MAX_SHARE, "a client's share");              \
    _Static_assert(kem##_CIPHERTEXT + (point) <= HF_GROUP_MAX_SHARE, "a server's share");          \
    _Static_assert(kem##_PRIVATE + (scalar) <= HF_GROUP_MAX_PRIVATE, "a private key");             \
    _Static_assert(HF_MLKEM_SECRET + (curve_secret) <= HF_GROUP_MAX_SECRET, "a secret");           \
    static hf_status member##_generate(const hf_provider *provider, uint8_t *private_key,          \
                                       uint8_t *client_share)                                      \
    {                                                                                              \
        return generate(&member, provider, private_key, client_share);                             \
    }                                                                                              \
    static hf_status member##_respond(const hf_provider *provider, const uint8_t *client_share,    \
                                      uint8_t *server_share, uint8_t *secret)                      \
    {                                                                                              \
        return respond(&member, NULL, provider, client_share, server_share, secret);               \
    }                                                                                              \
    static hf_status member##_finish(const uint8_t *private_key, const uint8_t *server_share,      \
                                     uint8_t *secret)                                              \
    {                                                                                              \
        return finish(&member, private_key, server_share, secret);                                 \
    }                                                                                              \
    const hf_group hf_##member = {                                                                 \
        .name = label,                                                                             \
        .id = code_point,                                                                          \
        .client_share_len = kem##_PUBLIC + (point),                                                \
        .server_share_len = kem##_CIPHERTEXT + (point),                                            \
        .private_len = kem##_PRIVATE + (scalar),                                                   \
        .secret_len = HF_MLKEM_SECRET + (curve_secret),                                            \
        .generate = member##_generate,                                                             \
        .respond = member##_respond,                                                               \
        .finish = member##_finish,                                                                 \
    }

HYBRID(x25519mlkem768, "X25519MLKEM768", 0x11ec, HF_MLKEM768, 32, 32, 32);
HYBRID(secp256r1mlkem768, "SecP256r1MLKEM768", 0x11eb, HF_MLKEM768, 65, 32, 32);
HYBRID(secp384r1mlkem1024, "SecP384r1MLKEM1024", 0x11ed, HF_MLKEM1024, 97, 48, 48);

hf_status hf_hybrid_respond(hf_keypairs *pool, const hf_group *group, const hf_provider *provider,
                            const uint8_t *client_share, uint8_t *server_share, uint8_t *secret)
{
    const hybrid *h = group == &hf_x25519mlkem768       ? &x25519mlkem768
                      : group == &hf_secp256r1mlkem768  ? &secp256r1mlkem768
                      : group == &hf_secp384r1mlkem1024 ? &secp384r1mlkem1024
                                                        : NULL;
    return h != NULL ? respond(h, pool, provider, client_share, server_share, secret)
                     : group->respond(provider, client_share, server_share, secret);
}
