/* sigscheme.h: what the key files ask about a signature scheme beyond key.h. */
#ifndef HF_CRYPTO_SIGSCHEME_H
#define HF_CRYPTO_SIGSCHEME_H

#include "base/reader.h"

#include <handfast/provider.h>

typedef enum hf_padding {
    HF_PADDING_NONE, /* not RSA */
    HF_PADDING_PKCS1,
    HF_PADDING_PSS,
} hf_padding;

hf_padding hf_sigscheme_padding(const hf_sigscheme *scheme);

/* RSASSA-PSS-params: the hash, which the mask function must share, and the salt's length in bytes.
 * NULL when it is not one of ours; a wrong form fails the reader. */
const hf_hash *hf_pss_params_read(hf_reader *r, uint32_t *salt_len);

/* The default scheme for certificates; `pss_hash` is the hf_hash.id that an id-RSASSA-PSS key is
 * bound to, or 0. */
const hf_sigscheme *hf_key_type_cert_scheme(hf_key_type type, uint8_t pss_hash);

#endif
