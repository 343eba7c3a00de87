/* key_public.c: public keys as they stand in certificates. */
#include "crypto/key.h"
#include "crypto/key_material.h"

#include <string.h>

hf_key_type hf_spki_type(hf_bytes spki, unsigned *bits)
{
    hf_spki k;
    hf_status status = hf_spki_parse(spki, &k);
    *bits = status == HF_OK ? k.bits : 0;
    return status == HF_OK ? k.type : HF_KEY_NONE;
}

_Static_assert(sizeof(hf_key_material) <= sizeof(((hf_pubkey *)0)->room), "it has room");

static hf_key_material material_of(const hf_pubkey *key)
{
    hf_key_material m;
    memcpy(&m, key->room, sizeof m);
    return m;
}

hf_status hf_pubkey_read(hf_bytes spki, hf_pubkey *out)
{
    hf_spki k;
    hf_key_material m;
    *out = (hf_pubkey){.type = HF_KEY_NONE};
    hf_status status = hf_spki_parse(spki, &k);
    if (status == HF_OK)
        status = hf_key_material_public(&k, &m);
    if (status != HF_OK)
        return status;
    *out = (hf_pubkey){.type = k.type, .bits = k.bits};
    memcpy(out->room, &m, sizeof m);
    return HF_OK;
}

void hf_pubkey_clear(hf_pubkey *key)
{
    hf_key_material m = material_of(key);
    if (key->type != HF_KEY_NONE)
        hf_key_material_clear(&m);
    *key = (hf_pubkey){.type = HF_KEY_NONE};
}

/* An id-RSASSA-PSS key may be bound to one hash. */
static bool hash_allowed(const hf_key_material *m, const hf_hash *hash)
{
    return m->pss_hash == 0 || (hash != NULL && hash->id == m->pss_hash);
}

hf_status hf_pubkey_verify(const hf_pubkey *key, const hf_sigscheme *scheme, hf_bytes message,
                           hf_bytes signature)
{
    const hf_key_material m = material_of(key);
    if (!hf_sigscheme_fits(scheme, key->type, key->bits) || !hash_allowed(&m, scheme->hash))
        return HF_E_SCHEME_KEY_MISMATCH;
    return hf_key_material_verify(&m, hf_sigscheme_padding(scheme), scheme->hash, message,
                                  signature);
}

static bool is_ecdsa(hf_key_type type)
{
    return type == HF_KEY_P256 || type == HF_KEY_P384 || type == HF_KEY_P521;
}

hf_status hf_pubkey_verify_cert(const hf_pubkey *key, const hf_sigscheme *scheme, hf_bytes message,
                                hf_bytes signature)
{
    if (key->type == HF_KEY_NONE || scheme == NULL || scheme->key == HF_KEY_NONE)
        return HF_E_SCHEME_KEY_MISMATCH;
    const hf_padding padding = hf_sigscheme_padding(scheme);
    hf_sigscheme paired = *scheme;
    if (is_ecdsa(scheme->key) && is_ecdsa(key->type))
        paired.key = key->type; /* any of the three hashes with any of the three curves */
    else if (padding == HF_PADDING_PSS && key->type == HF_KEY_RSA_PSS)
        paired.key = key->type; /* one AlgorithmIdentifier for both kinds of RSA key */
    else if (padding == HF_PADDING_PSS && key->type == HF_KEY_RSA)
        paired = (hf_sigscheme){scheme->name, (uint16_t)(0x0800 | scheme->hash->id), HF_KEY_RSA,
                                scheme->hash, scheme->in_handshake};
    return hf_pubkey_verify(key, &paired, message, signature);
}

hf_status hf_verify_signature(hf_bytes spki, const hf_sigscheme *scheme, hf_bytes message,
                              hf_bytes signature)
{
    hf_pubkey key;
    hf_status status = hf_pubkey_read(spki, &key);
    if (status != HF_OK)
        return status;
    status = hf_pubkey_verify(&key, scheme, message, signature);
    hf_pubkey_clear(&key);
    return status;
}
