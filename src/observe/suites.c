/* suites.c: AEAD suites of every kind of key agreement: how the key was agreed does not matter to
 * one who is given the secret. */
#include "observe/suites.h"

#include "crypto/lookup.h"

#include <stddef.h>

enum { SHA256 = 4, SHA384 = 5 };

/* Those that the engine does not speak itself: RFC 5288, 5487, 6655, 7905, 8442. */
static const struct {
    uint16_t id;
    uint8_t hash_id;
    const char *aead;
} others[] = {
    {0x009e, SHA256, "AES-128-GCM"}, /* DHE_RSA */
    {0x009f, SHA384, "AES-256-GCM"},
    {0x00a0, SHA256, "AES-128-GCM"}, /* DH_RSA, DHE_DSS, DH_DSS, DH_anon */
    {0x00a1, SHA384, "AES-256-GCM"},
    {0x00a2, SHA256, "AES-128-GCM"},
    {0x00a3, SHA384, "AES-256-GCM"},
    {0x00a4, SHA256, "AES-128-GCM"},
    {0x00a5, SHA384, "AES-256-GCM"},
    {0x00a6, SHA256, "AES-128-GCM"},
    {0x00a7, SHA384, "AES-256-GCM"},
    {0x00a8, SHA256, "AES-128-GCM"}, /* PSK, DHE_PSK, RSA_PSK */
    {0x00a9, SHA384, "AES-256-GCM"},
    {0x00aa, SHA256, "AES-128-GCM"},
    {0x00ab, SHA384, "AES-256-GCM"},
    {0x00ac, SHA256, "AES-128-GCM"},
    {0x00ad, SHA384, "AES-256-GCM"},
    {0xc02d, SHA256, "AES-128-GCM"}, /* ECDH_ECDSA, ECDH_RSA */
    {0xc02e, SHA384, "AES-256-GCM"},
    {0xc031, SHA256, "AES-128-GCM"},
    {0xc032, SHA384, "AES-256-GCM"},
    {0xc09c, SHA256, "AES-128-CCM"}, /* RSA, DHE_RSA */
    {0xc09d, SHA256, "AES-256-CCM"},
    {0xc09e, SHA256, "AES-128-CCM"},
    {0xc09f, SHA256, "AES-256-CCM"},
    {0xc0a0, SHA256, "AES-128-CCM-8"},
    {0xc0a1, SHA256, "AES-256-CCM-8"},
    {0xc0a2, SHA256, "AES-128-CCM-8"},
    {0xc0a3, SHA256, "AES-256-CCM-8"},
    {0xc0a4, SHA256, "AES-128-CCM"}, /* PSK, DHE_PSK */
    {0xc0a5, SHA256, "AES-256-CCM"},
    {0xc0a6, SHA256, "AES-128-CCM"},
    {0xc0a7, SHA256, "AES-256-CCM"},
    {0xc0a8, SHA256, "AES-128-CCM-8"},
    {0xc0a9, SHA256, "AES-256-CCM-8"},
    {0xc0aa, SHA256, "AES-128-CCM-8"},
    {0xc0ab, SHA256, "AES-256-CCM-8"},
    {0xccaa, SHA256, "ChaCha20-Poly1305"}, /* DHE_RSA, PSK, ECDHE_PSK, DHE_PSK, RSA_PSK */
    {0xccab, SHA256, "ChaCha20-Poly1305"},
    {0xccac, SHA256, "ChaCha20-Poly1305"},
    {0xccad, SHA256, "ChaCha20-Poly1305"},
    {0xccae, SHA256, "ChaCha20-Poly1305"},
    {0xd001, SHA256, "AES-128-GCM"}, /* ECDHE_PSK */
    {0xd002, SHA384, "AES-256-GCM"},
    {0xd003, SHA256, "AES-128-CCM-8"},
    {0xd005, SHA256, "AES-128-CCM"},
};

/* RSA key transport, whatever the cipher: RFC 5246 section A.5, RFC 5288, RFC 6655. */
static bool is_rsa_transport(uint16_t id)
{
    static const uint16_t ids[] = {0x0001, 0x0002, 0x0004, 0x0005, 0x000a, 0x002f, 0x0035,
                                   0x003b, 0x003c, 0x003d, 0x0041, 0x0084, 0x0096, 0x009c,
                                   0x009d, 0xc09c, 0xc09d, 0xc0a0, 0xc0a1};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        if (ids[i] == id)
            return true;
    return false;
}

bool hf_seen_suite_find(const hf_provider *p, uint16_t id, hf_seen_suite *out)
{
    *out =
        (hf_seen_suite){.implicit_nonce = id >> 8 == 0xcc, .rsa_transport = is_rsa_transport(id)};
    const char *aead = NULL;
    uint8_t hash = 0;
    const hf_suite *known = hf_suite_find(id);
    if (known != NULL) {
        aead = known->aead_name;
        hash = known->hash_id;
    }
    for (size_t i = 0; aead == NULL && i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i].id == id) {
            aead = others[i].aead;
            hash = others[i].hash_id;
        }
    if (aead == NULL)
        return false;
    out->hash = hf_hash_find(p, hash);
    out->aead = hf_aead_find(p, aead);
    if (out->hash == NULL)
        out->aead = NULL;
    return out->aead != NULL;
}
