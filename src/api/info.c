/* info.c: what was agreed. */
#include "handshake/conn.h"

#include "wire/codepoints.h"

void hf_conn_info(const hf_conn *c, hf_info *out)
{
    *out = (hf_info){
        .version = c->version,
        .version_name = c->version != 0 ? hf_version_name(c->version) : NULL,
        .host = c->host,
        .established = c->established,
        .hello_retry = c->hello_retry,
        .peer_authenticated = c->peer_authenticated,
        .insecure = c->cfg->insecure_no_verification || c->insecure_no_name,
        .records_sent = c->channel.write.sequence,
        .records_received = c->channel.read.sequence,
    };
    out->own_identity = c->own_identity;
    if (c->peer_key_pin != NULL) {
        out->peer_cert_type = HF_CERT_RAW_PUBLIC_KEY;
        out->peer_key_pin = (hf_bytes){c->peer_key_pin, HF_KEY_PIN};
    }
    out->resumed = c->resumed;
    out->psk = c->psk != NULL;
    if (c->psk != NULL)
        out->psk_identity = c->psk->identity;
    out->early_data = (hf_early_data)c->early;
    out->early_readable = c->data.n != 0 && c->data_is_early;
    out->ocsp_stapled = c->ocsp_stapled;
    out->scts_sent = c->scts_sent;
    if (c->peer_chain != NULL) {
        out->ocsp_response = c->peer_chain->ocsp;
        out->sct_list = c->peer_chain->scts;
    }
    if (c->suite != NULL) {
        out->suite_id = c->suite->suite->id;
        out->suite = c->suite->suite->name;
        out->aead_from = c->suite->aead->from;
    }
    if (c->group != NULL) {
        out->group_id = c->group->id;
        out->group = c->group->name;
    }
    if (c->peer_scheme != NULL) {
        out->peer_scheme_id = c->peer_scheme->id;
        out->peer_scheme = c->peer_scheme->name;
    }
    if (c->own_scheme != NULL) {
        out->own_scheme_id = c->own_scheme->id;
        out->own_scheme = c->own_scheme->name;
    }
    if (c->alpn != NULL)
        out->alpn = (hf_bytes){c->alpn + 1, c->alpn[0]};
}
