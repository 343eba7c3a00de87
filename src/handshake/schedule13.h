/* schedule13.h: TLS 1.3's key schedule, RFC 9846 section 7. It derives only what is used. */
#ifndef HF_HANDSHAKE_SCHEDULE13_H
#define HF_HANDSHAKE_SCHEDULE13_H

#include "crypto/hkdf.h"

/* The secret that the schedule stands at: Early, Handshake, then Main. */
typedef struct hf_schedule13 {
    const hf_hash *hash;
    hf_hmac_key secret; /* as the key of HKDF-Expand */
} hf_schedule13;

/* Early Secret from a PSK (empty: zeros). */
void hf_schedule13_start(hf_schedule13 *ks, const hf_hash *hash, hf_bytes psk);

/* The next secret: Derive-Secret(., "derived", "") as salt, `ikm` (empty: zeros) as input. */
void hf_schedule13_advance(hf_schedule13 *ks, hf_bytes ikm);

/* Derive-Secret with the transcript's digest; `out` has digest_len bytes. */
void hf_schedule13_derive(const hf_schedule13 *ks, const char *label, const uint8_t *digest,
                          uint8_t *out);

void hf_schedule13_wipe(hf_schedule13 *ks);

/* Traffic key and IV from a traffic secret, section 7.3. */
void hf_traffic_keys13(const hf_hash *hash, const uint8_t *secret, size_t key_len, uint8_t *key,
                       uint8_t iv[HF_AEAD_NONCE]);

/* The next generation of a traffic secret, in place, section 7.2. */
void hf_traffic_update13(const hf_hash *hash, uint8_t *secret);

/* verify_data of Finished, section 4.5.3. */
void hf_finished13(const hf_hash *hash, const uint8_t *traffic_secret, const uint8_t *digest,
                   uint8_t *verify_data);

/* TLS-Exporter, section 7.5. */
void hf_exporter13(const hf_hash *hash, const uint8_t *exporter_secret, const char *label,
                   hf_bytes context, uint8_t *out, size_t n);

#endif
