/* limbo.c: a case of x509-limbo's form becomes one call of hf_verify_chain. */
#define _POSIX_C_SOURCE 200809L
#include "support/limbo.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The certificates that a path is built from; their DER is kept here. */
#define MOST_CERTS 512U

struct limbo_certs {
    hf_cert cert[MOST_CERTS];
    uint8_t *der[MOST_CERTS];
    size_t n;
    hf_error e;
};

hf_status limbo_certs_add(void *certs, hf_bytes der)
{
    limbo_certs *c = certs;
    if (c->n == MOST_CERTS)
        return HF_E_NO_ROOM;
    c->der[c->n] = malloc(der.n == 0 ? 1 : der.n);
    if (c->der[c->n] == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_copy(c->der[c->n], der.p, der.n);
    hf_bytes copy = {c->der[c->n], der.n};
    hf_status s = hf_cert_parse(copy, &c->cert[c->n], &c->e);
    if (s != HF_OK)
        free(c->der[c->n]);
    else
        c->n++;
    return s;
}

limbo_certs *limbo_certs_new(void)
{
    return calloc(1, sizeof(limbo_certs));
}

void limbo_certs_free(limbo_certs *c)
{
    for (size_t i = 0; c != NULL && i < c->n; i++)
        free(c->der[i]);
    free(c);
}

const hf_cert *limbo_certs_all(const limbo_certs *c, size_t *n)
{
    *n = c->n;
    return c->cert;
}

const hf_error *limbo_certs_error(const limbo_certs *c)
{
    return &c->e;
}

static bool parse_time(const char *text, int64_t *at_s)
{
    int64_t y = 0;
    unsigned f[5] = {0};
    long long year = 0;
    if (sscanf(text, "%lld-%u-%uT%u:%u:%u", &year, &f[0], &f[1], &f[2], &f[3], &f[4]) != 6)
        return false;
    y = year - (f[0] <= 2);
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * ((int64_t)f[0] + (f[0] > 2 ? -3 : 9)) + 2) / 5 + (int64_t)f[1] - 1;
    int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    *at_s = days * 86400 + (int64_t)f[2] * 3600 + f[3] * 60 + f[4];
    return true;
}

const char *limbo_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

hf_profile limbo_profile(const char *id)
{
    static const char *const letter[] = {
        "rfc5280::", "crl::", "cve::", "pathlen::", "invalid::", "pathological::"};
    if (starts(id, "webpki::") || starts(id, "online::"))
        return HF_PROFILE_WEBPKI;
    for (size_t i = 0; i < sizeof(letter) / sizeof(letter[0]); i++)
        if (starts(id, letter[i]))
            return HF_PROFILE_RFC5280;
    return HF_PROFILE_TLS;
}

const char *limbo_unsupported(const json_t *c)
{
    if (json_array_size(json_object_get(c, "crls")) != 0)
        return "revocation lists are not judged";
    if (strcmp(limbo_text(json_object_get(c, "expected_peer_name"), "kind"), "RFC822") == 0)
        return "e-mail addresses are not asked for";
    return NULL;
}

static bool lists(const json_t *object, const char *key, const char *word)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(object, key), i, item)
        if (strcmp(json_string_value(item), word) == 0)
            return true;
    return false;
}

/* A case says which usages the leaf is wanted for; where it names none, any will do. */
static hf_purpose purpose_of(const json_t *c)
{
    if (lists(c, "extended_key_usage", "serverAuth"))
        return HF_PURPOSE_SERVER;
    if (lists(c, "extended_key_usage", "clientAuth"))
        return HF_PURPOSE_CLIENT;
    if (json_array_size(json_object_get(c, "key_usage")) == 0)
        return HF_PURPOSE_ANY;
    return strcmp(limbo_text(c, "validation_kind"), "SERVER") == 0 ? HF_PURPOSE_SERVER
                                                                   : HF_PURPOSE_CLIENT;
}

hf_status limbo_judge(const json_t *c, hf_profile profile, hf_error *e)
{
    limbo_certs *chain = limbo_certs_new();
    hf_store *store = NULL;
    size_t i;
    json_t *pem;
    if (chain == NULL || hf_store_new(&store) != HF_OK) {
        limbo_certs_free(chain);
        return HF_E_OUT_OF_MEMORY;
    }
    hf_verify_params p = {.store = store, .profile = profile, .at_s = 1767225600};
    hf_status s = hf_pem_each(hf_bytes_text(limbo_text(c, "peer_certificate")), "CERTIFICATE",
                              limbo_certs_add, chain, e);
    if (s != HF_OK)
        *e = chain->e;
    json_array_foreach (json_object_get(c, "untrusted_intermediates"), i, pem)
        if (s == HF_OK) /* one that does not parse is of no help, and no harm */
            hf_pem_each(hf_bytes_text(json_string_value(pem)), "CERTIFICATE", limbo_certs_add,
                        chain, NULL);
    json_array_foreach (json_object_get(c, "trusted_certs"), i, pem)
        hf_store_add(store, hf_bytes_text(json_string_value(pem)), NULL, e);
    const char *time = limbo_text(c, "validation_time");
    const json_t *peer = json_object_get(c, "expected_peer_name");
    const json_t *depth = json_object_get(c, "max_chain_depth");
    if (time[0] != '\0')
        if (!parse_time(time, &p.at_s))
            s = HF_E_VALUE;
    p.purpose = purpose_of(c);
    if (json_is_object(peer))
        p.host = limbo_text(peer, "value");
    if (json_is_integer(depth)) /* limbo counts intermediates */
        p.limits.chain_length = (unsigned)json_integer_value(depth) + 2;
    if (s == HF_OK)
        s = hf_verify_chain(chain->cert, chain->n, &p, NULL, NULL, NULL, e);
    hf_store_free(store);
    limbo_certs_free(chain);
    return s;
}
