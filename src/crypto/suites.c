/* suites.c: the cipher suites, RFC 9846 section B.4, in the default order of preference. */
#include "crypto/lookup.h"

enum { SHA256 = 4, SHA384 = 5 };

const hf_suite hf_suites[] = {
    {"TLS_AES_128_GCM_SHA256", 0x1301, 0x0304, "AES-128-GCM", SHA256, HF_AUTH_ANY, false},
    {"TLS_AES_256_GCM_SHA384", 0x1302, 0x0304, "AES-256-GCM", SHA384, HF_AUTH_ANY, false},
    {"TLS_CHACHA20_POLY1305_SHA256", 0x1303, 0x0304, "ChaCha20-Poly1305", SHA256, HF_AUTH_ANY,
     false},
    /* for small devices: slower and, with the short tag, weaker */
    {"TLS_AES_128_CCM_SHA256", 0x1304, 0x0304, "AES-128-CCM", SHA256, HF_AUTH_ANY, true},
    {"TLS_AES_128_CCM_8_SHA256", 0x1305, 0x0304, "AES-128-CCM-8", SHA256, HF_AUTH_ANY, true},
    /* TLS 1.2: RFC 5289, RFC 7905 */
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b, 0x0303, "AES-128-GCM", SHA256,
     HF_AUTH_ECDSA, false},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc02f, 0x0303, "AES-128-GCM", SHA256, HF_AUTH_RSA,
     false},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c, 0x0303, "AES-256-GCM", SHA384,
     HF_AUTH_ECDSA, false},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xc030, 0x0303, "AES-256-GCM", SHA384, HF_AUTH_RSA,
     false},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9, 0x0303, "ChaCha20-Poly1305", SHA256,
     HF_AUTH_ECDSA, false},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca8, 0x0303, "ChaCha20-Poly1305", SHA256,
     HF_AUTH_RSA, false},
    /* RFC 7251 */
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CCM", 0xc0ac, 0x0303, "AES-128-CCM", SHA256, HF_AUTH_ECDSA,
     true},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CCM", 0xc0ad, 0x0303, "AES-256-CCM", SHA256, HF_AUTH_ECDSA,
     true},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", 0xc0ae, 0x0303, "AES-128-CCM-8", SHA256, HF_AUTH_ECDSA,
     true},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", 0xc0af, 0x0303, "AES-256-CCM-8", SHA256, HF_AUTH_ECDSA,
     true},
    /* RFC 5288, without forward secrecy */
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", 0x009c, 0x0303, "AES-128-GCM", SHA256,
     HF_AUTH_RSA_TRANSPORT, true},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", 0x009d, 0x0303, "AES-256-GCM", SHA384,
     HF_AUTH_RSA_TRANSPORT, true},
};

const size_t hf_suite_count = sizeof hf_suites / sizeof hf_suites[0];
