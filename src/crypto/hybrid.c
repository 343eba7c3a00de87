/* hybrid.c: X25519MLKEM768, the default group: secure as long as either of its halves is.
 *
 * draft-ietf-tls-ecdhe-mlkem section 4: ML-KEM-768's part comes first everywhere.
 *
 *   client share   encapsulation key (1184) || X25519 share (32)
 *   server share   ciphertext (1088)        || X25519 share (32)
 *   secret         ML-KEM secret (32)       || X25519 secret (32)
 *
 * Random bytes are drawn in the same order: a client's 64 of ML-KEM's seed (d || z), then 32 for
 * X25519; a server's 32 for the encapsulation (m), then 32 for X25519. The client keeps ML-KEM's
 * expanded key (2400) and X25519's 32 bytes.
 */
#include "crypto/libcrypto.h"
#include "crypto/mlkem.h"

#include "base/ct.h"

enum {
    X25519_LEN = 32,
    CLIENT_SHARE = HF_MLKEM768_PUBLIC + X25519_LEN,
    SERVER_SHARE = HF_MLKEM768_CIPHERTEXT + X25519_LEN,
    PRIVATE = HF_MLKEM768_PRIVATE + X25519_LEN,
    SECRET = HF_MLKEM768_SECRET + X25519_LEN,
};

_Static_assert(CLIENT_SHARE <= HF_GROUP_MAX_SHARE, "the longest share");
_Static_assert(PRIVATE <= HF_GROUP_MAX_PRIVATE, "the longest private key");
_Static_assert(SECRET <= HF_GROUP_MAX_SECRET, "a secret of both halves");

static hf_status generate(const hf_provider *provider, uint8_t *private_key, uint8_t *client_share)
{
    uint8_t seed[HF_MLKEM768_SEED];
    hf_status status = provider->random(provider->ctx, seed, sizeof seed);
    if (status == HF_OK) {
        hf_mlkem768_keygen(seed, client_share, private_key);
        status = hf_x25519.generate(provider, private_key + HF_MLKEM768_PRIVATE,
                                    client_share + HF_MLKEM768_PUBLIC);
    }
    hf_wipe(seed, sizeof seed);
    return status;
}

static hf_status respond(const hf_provider *provider, const uint8_t *client_share,
                         uint8_t *server_share, uint8_t *secret)
{
    uint8_t m[32];
    hf_status status = provider->random(provider->ctx, m, sizeof m);
    if (status == HF_OK && !hf_mlkem768_encaps(client_share, m, server_share, secret))
        status = HF_E_BAD_KEY_SHARE;
    if (status == HF_OK)
        status =
            hf_x25519.respond(provider, client_share + HF_MLKEM768_PUBLIC,
                              server_share + HF_MLKEM768_CIPHERTEXT, secret + HF_MLKEM768_SECRET);
    hf_wipe(m, sizeof m);
    if (status != HF_OK)
        hf_wipe(secret, SECRET);
    return status;
}

static hf_status finish(const uint8_t *private_key, const uint8_t *server_share, uint8_t *secret)
{
    hf_mlkem768_decaps(private_key, server_share, secret);
    hf_status status =
        hf_x25519.finish(private_key + HF_MLKEM768_PRIVATE, server_share + HF_MLKEM768_CIPHERTEXT,
                         secret + HF_MLKEM768_SECRET);
    if (status != HF_OK)
        hf_wipe(secret, SECRET);
    return status;
}

const hf_group hf_x25519mlkem768 = {
    .name = "X25519MLKEM768",
    .id = 0x11ec,
    .client_share_len = CLIENT_SHARE,
    .server_share_len = SERVER_SHARE,
    .private_len = PRIVATE,
    .secret_len = SECRET,
    .generate = generate,
    .respond = respond,
    .finish = finish,
};
