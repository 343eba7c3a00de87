/* peer.c: the peer's certificates, kept after the handshake for those who asked for it. */
#include "handshake/conn.h"

#include "base/alloc.h"
#include "base/bytes.h"

static hf_bytes put(uint8_t *block, size_t *at, hf_bytes bytes)
{
    hf_bytes copy = {block + *at, bytes.n};
    hf_copy(block + *at, bytes.p, bytes.n);
    *at += bytes.n;
    return copy;
}

/* One block: the count, the parsed certificates, then their DER and what came with them. They are
 * parsed again from the copy, since a parsed certificate borrows from its bytes. */
hf_status hf_conn_keep_peer(hf_conn *c, const hf_cert *const *path, size_t count, hf_bytes ocsp,
                            hf_bytes scts)
{
    if (!c->cfg->keep_peer_chain || count == 0)
        return HF_OK;
    size_t size = sizeof(hf_peer_chain) + count * sizeof(hf_cert), at = size;
    for (size_t i = 0; i < count; i++)
        size += path[i]->der.n;
    size += ocsp.n + scts.n;
    hf_peer_chain *chain = hf_alloc(size);
    if (chain == NULL)
        return HF_E_OUT_OF_MEMORY;
    uint8_t *block = (uint8_t *)chain;
    for (size_t i = 0; i < count; i++) {
        hf_bytes der = put(block, &at, path[i]->der);
        hf_status s = path[i]->raw_public_key ? hf_raw_key_parse(der, &chain->certs[i], NULL)
                                              : hf_cert_parse(der, &chain->certs[i], NULL);
        if (s != HF_OK) {
            hf_free(chain);
            return s;
        }
    }
    chain->count = count;
    chain->ocsp = put(block, &at, ocsp);
    chain->scts = put(block, &at, scts);
    c->peer_chain = chain;
    return HF_OK;
}

const hf_cert *hf_peer_cert(const hf_conn *c, size_t i)
{
    if (c->peer_chain == NULL || i >= c->peer_chain->count)
        return NULL;
    return &c->peer_chain->certs[i];
}
