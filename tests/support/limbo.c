/* limbo.c: a case of x509-limbo's form becomes one call of hf_verify_chain. */
#include "support/limbo.h"

#include "base/bytes.h"
#include "base/der.h"
#include "x509/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- what a case says ---- */

const char *limbo_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool lists_prefix(const json_t *object, const char *key, const char *word)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(object, key), i, item)
        if (json_is_string(item) && starts(json_string_value(item), word))
            return true;
    return false;
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

const char *limbo_result_name(limbo_result result)
{
    return result == LIMBO_SUCCESS ? "SUCCESS" : result == LIMBO_FAILURE ? "FAILURE" : "SKIPPED";
}

static void HF_PRINTF(3, 4) settle(limbo_verdict *v, limbo_result result, const char *format, ...)
{
    va_list args;
    v->result = result;
    va_start(args, format);
    vsnprintf(v->why, sizeof(v->why), format, args);
    va_end(args);
    for (char *p = v->why; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e)
            *p = '?';
}

static void refuse(limbo_verdict *v, hf_status s)
{
    const hf_error *e = &v->e;
    settle(v, LIMBO_FAILURE, "%s%s%s: %s%s%s%s%s%s%s", hf_error_name(s),
           e->message != NULL ? ", " : "", e->message != NULL ? e->message : "",
           e->field != NULL ? e->field : hf_error_sentence(s), e->got[0] != '\0' ? " is " : "",
           e->got, e->expected[0] != '\0' ? ", wanted " : "", e->expected,
           e->subject[0] != '\0' ? ", of " : "", e->subject);
}

/* RFC 3339: a date and a time, perhaps with a fraction, then Z, an offset or nothing (UTC). */
static bool parse_time(const char *text, int64_t *out)
{
    long long year = 0;
    unsigned f[5] = {0}, hours = 0, minutes = 0;
    int n = 0;
    char sign = 0;
    if (sscanf(text, "%lld-%u-%u%*1[Tt ]%u:%u:%u%n", &year, &f[0], &f[1], &f[2], &f[3], &f[4],
               &n) != 6 ||
        n == 0 || f[0] < 1 || f[0] > 12 || f[1] < 1 || f[1] > 31)
        return false;
    text += n;
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++)
            continue;
    if (sscanf(text, "%c%u:%u", &sign, &hours, &minutes) == 3 && (sign == '+' || sign == '-'))
        ;
    else if (*text != '\0' && *text != 'Z' && *text != 'z')
        return false;
    int64_t offset = (int64_t)hours * 3600 + minutes * 60;
    *out = hf_days_from_civil(year, f[0], f[1]) * 86400 + (int64_t)f[2] * 3600 + f[3] * 60 + f[4] -
           (sign == '-' ? -offset : offset);
    return true;
}

/* ---- certificates ---- */

/* The leaf and what may help, with their DER. */
struct limbo_certs {
    hf_cert *cert;
    uint8_t **der;
    size_t n, room;
    hf_error e;
};

static hf_status make_room(limbo_certs *c)
{
    if (c->n < c->room)
        return HF_OK;
    size_t room = c->room == 0 ? 16 : 2 * c->room;
    hf_cert *cert = realloc(c->cert, room * sizeof(*cert));
    if (cert != NULL)
        c->cert = cert;
    uint8_t **der = cert == NULL ? NULL : realloc(c->der, room * sizeof(*der));
    if (der == NULL)
        return HF_E_OUT_OF_MEMORY;
    c->der = der;
    c->room = room;
    return HF_OK;
}

hf_status limbo_certs_add(void *certs, hf_bytes der)
{
    limbo_certs *c = certs;
    uint8_t *copy = make_room(c) == HF_OK ? malloc(der.n == 0 ? 1 : der.n) : NULL;
    if (copy == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_copy(copy, der.p, der.n);
    hf_status s = hf_cert_parse((hf_bytes){copy, der.n}, &c->cert[c->n], &c->e);
    if (s != HF_OK) {
        free(copy);
        return s;
    }
    c->der[c->n++] = copy;
    return HF_OK;
}

limbo_certs *limbo_certs_new(void)
{
    return calloc(1, sizeof(limbo_certs));
}

void limbo_certs_free(limbo_certs *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n; i++)
        free(c->der[i]);
    free(c->der);
    free(c->cert);
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

/* ---- one case ---- */

typedef struct inputs {
    limbo_certs *chain;
    hf_store *store;
    hf_crls *crls;
    hf_verify_params params;
    const hf_verify_report *report;
} inputs;

static const struct {
    const char *name;
    hf_purpose purpose;
} purposes[] = {
    {"anyExtendedKeyUsage", HF_PURPOSE_ANY},  {"serverAuth", HF_PURPOSE_SERVER},
    {"clientAuth", HF_PURPOSE_CLIENT},        {"codeSigning", HF_PURPOSE_CODE_SIGNING},
    {"emailProtection", HF_PURPOSE_EMAIL},    {"timeStamping", HF_PURPOSE_TIME_STAMPING},
    {"OCSPSigning", HF_PURPOSE_OCSP_SIGNING},
};

static const char *const usages[] = {"digitalSignature", "contentCommitment", "keyEncipherment",
                                     "dataEncipherment", "keyAgreement",      "keyCertSign",
                                     "cRLSign",          "encipherOnly",      "decipherOnly"};

/* A case without a list leaves it open: authorities in a leaf's place sign certificates only. */
static uint16_t key_usage_of(const json_t *c)
{
    uint16_t bits = 0;
    for (unsigned i = 0; i < 9; i++)
        if (lists_prefix(c, "key_usage", usages[i]))
            bits |= (uint16_t)(1U << i);
    return bits != 0 ? bits : HF_KEY_USAGE_ANY;
}

static bool read_certificates(const json_t *c, inputs *in, limbo_verdict *v)
{
    size_t i;
    json_t *pem;
    hf_status s = hf_pem_each(hf_bytes_text(limbo_text(c, "peer_certificate")), "CERTIFICATE",
                              limbo_certs_add, in->chain, &v->e);
    if (s != HF_OK || in->chain->n == 0) {
        if (in->chain->e.code != HF_OK)
            v->e = in->chain->e;
        if (s == HF_OK)
            settle(v, LIMBO_SKIPPED, "the case has no peer certificate");
        else
            refuse(v, s);
        return false;
    }
    json_array_foreach (json_object_get(c, "untrusted_intermediates"), i, pem)
        if (json_is_string(pem)) /* one that does not parse is of no help, and no harm */
            hf_pem_each(hf_bytes_text(json_string_value(pem)), "CERTIFICATE", limbo_certs_add,
                        in->chain, NULL);
    json_array_foreach (json_object_get(c, "trusted_certs"), i, pem)
        if (json_is_string(pem))
            hf_store_add(in->store, hf_bytes_text(json_string_value(pem)), NULL, NULL);
    return true;
}

/* Gives the expected name to the parameters. Suites give addresses as DNS names too: what is
 * written as one is one, as everywhere. */
static bool expect_name(const json_t *peer, hf_verify_params *p, limbo_verdict *v)
{
    uint8_t ip[16];
    const char *kind = limbo_text(peer, "kind"), *value = limbo_text(peer, "value");
    if (strcmp(kind, "RFC822") == 0) {
        p->email = value;
    } else if (strcmp(kind, "DNS") != 0 && strcmp(kind, "IP") != 0) {
        settle(v, LIMBO_SKIPPED, "a peer name of an unknown kind: %s", kind);
        return false;
    } else if (kind[0] == 'I' && hf_ip_parse(hf_bytes_text(value), ip) == 0) {
        settle(v, LIMBO_FAILURE, "CERT_WRONG_NAME: %s is no address", value);
        return false;
    } else {
        p->host = value;
    }
    return true;
}

/* A case with lists means that the leaf is to be found on none of them that counts, and that one
 * counts. */
static bool read_lists(const json_t *c, inputs *in, limbo_verdict *v)
{
    const json_t *lists = json_object_get(c, "crls");
    size_t i;
    json_t *list;
    json_array_foreach (lists, i, list) {
        const char *pem = json_string_value(list);
        hf_status s =
            hf_crls_add(in->crls, hf_bytes_of(pem, pem != NULL ? strlen(pem) : 0), NULL, &v->e);
        if (s == HF_OK)
            continue;
        refuse(v, s);
        return false;
    }
    if (json_array_size(lists) != 0) {
        in->params.crls = in->crls;
        in->params.revocation = HF_REVOCATION_HARD_FAIL_LEAF;
    }
    return true;
}

static bool read_demands(const json_t *c, inputs *in, limbo_verdict *v)
{
    hf_verify_params *p = &in->params;
    const char *at = limbo_text(c, "validation_time"), *kind = limbo_text(c, "validation_kind");
    const json_t *peer = json_object_get(c, "expected_peer_name");
    const json_t *depth = json_object_get(c, "max_chain_depth");
    p->at_s = (int64_t)time(NULL);
    if (at[0] != '\0' && !parse_time(at, &p->at_s)) {
        settle(v, LIMBO_SKIPPED, "not a time: %s", at);
        return false;
    }
    if (strcmp(kind, "SERVER") != 0 && strcmp(kind, "CLIENT") != 0) {
        settle(v, LIMBO_SKIPPED, "an unknown kind of validation: %s", kind);
        return false;
    }
    p->purpose = kind[0] == 'S' ? HF_PURPOSE_SERVER : HF_PURPOSE_CLIENT;
    p->key_usage = key_usage_of(c);
    p->pedantic = lists_prefix(c, "features", "pedantic-");
    if (json_is_integer(depth)) /* limbo counts intermediates */
        p->limits.chain_length =
            json_integer_value(depth) < 30 ? (unsigned)json_integer_value(depth) + 2 : 32;
    return !json_is_object(peer) || expect_name(peer, p, v);
}

/* What the scheme's name is in the schema. */
static bool accepts_algorithm(const json_t *list, const char *name)
{
    static const char *const words[][2] = {
        {"RSA_WITH_SHA256", "sha256WithRSAEncryption"},
        {"RSA_WITH_SHA384", "sha384WithRSAEncryption"},
        {"RSA_WITH_SHA512", "sha512WithRSAEncryption"},
        {"RSASSA_PSS", "id-RSASSA-PSS"},
        {"ECDSA_WITH_SHA256", "ecdsa-with-SHA256"},
        {"ECDSA_WITH_SHA384", "ecdsa-with-SHA384"},
        {"ECDSA_WITH_SHA512", "ecdsa-with-SHA512"},
        {"ED25519", "Ed25519"},
        {"ED448", "Ed448"},
    };
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item)
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
            if (json_is_string(item) && strcmp(json_string_value(item), words[k][0]) == 0 &&
                (starts(name, words[k][1]) || starts(name, words[k][1] + (k == 3 ? 3 : 0))))
                return true;
    return false;
}

static bool has_all_names(const json_t *names, const hf_cert *leaf, limbo_verdict *v)
{
    size_t i;
    json_t *peer;
    json_array_foreach (names, i, peer) {
        const char *value = limbo_text(peer, "value");
        bool has = strcmp(limbo_text(peer, "kind"), "RFC822") == 0
                       ? hf_cert_matches_email(leaf, value)
                       : hf_cert_matches_host(leaf, value);
        if (has)
            continue;
        settle(v, LIMBO_FAILURE, "CERT_WRONG_NAME: the certificate is not for %s", value);
        return false;
    }
    return true;
}

static bool check_path(const json_t *c, const hf_cert **path, size_t n, limbo_verdict *v)
{
    const json_t *algorithms = json_object_get(c, "signature_algorithms");
    for (size_t i = 0; i + 1 < n && json_array_size(algorithms) != 0; i++)
        if (!accepts_algorithm(algorithms, path[i]->signed_with_name)) {
            settle(v, LIMBO_FAILURE, "CERT_ALGORITHM: certificate %zu is signed with %s", i,
                   path[i]->signed_with_name);
            return false;
        }
    return has_all_names(json_object_get(c, "expected_peer_names"), path[0], v);
}

static void verify(const json_t *c, inputs *in, limbo_verdict *v)
{
    const hf_cert *path[32];
    size_t n = 32;
    hf_status s =
        hf_verify_chain(in->chain->cert, in->chain->n, &in->params, in->report, path, &n, &v->e);
    if (s != HF_OK) {
        refuse(v, s);
    } else if (check_path(c, path, n, v)) {
        char root[160];
        hf_name_text(path[n - 1]->subject, root, sizeof(root));
        settle(v, LIMBO_SUCCESS, "a path of %zu certificates leads to \"%s\"", n, root);
    }
}

/* Any one of the purposes that the case lists will do. */
static void verify_for_purposes(const json_t *c, inputs *in, limbo_verdict *v)
{
    const json_t *list = json_object_get(c, "extended_key_usage");
    if (json_array_size(list) == 0) {
        verify(c, in, v);
        return;
    }
    settle(v, LIMBO_SKIPPED, "no extended key usage that is known");
    for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
        if (!lists_prefix(c, "extended_key_usage", purposes[i].name))
            continue;
        in->params.purpose = purposes[i].purpose;
        verify(c, in, v);
        if (v->result == LIMBO_SUCCESS)
            return;
    }
}

void limbo_judge(const json_t *testcase, const limbo_options *o, limbo_verdict *v)
{
    inputs in = {.chain = limbo_certs_new()};
    *v = (limbo_verdict){.result = LIMBO_SKIPPED};
    if (!json_is_object(testcase)) {
        settle(v, LIMBO_SKIPPED, "a case that is no object");
    } else if (in.chain == NULL || hf_store_new(&in.store) != HF_OK ||
               hf_crls_new(&in.crls) != HF_OK) {
        settle(v, LIMBO_SKIPPED, "memory ran out");
    } else {
        in.report = o->report;
        in.params = (hf_verify_params){
            .store = in.store, .profile = o->profile, .signatures = o->signatures};
        if (read_certificates(testcase, &in, v) && read_lists(testcase, &in, v) &&
            read_demands(testcase, &in, v))
            verify_for_purposes(testcase, &in, v);
    }
    limbo_certs_free(in.chain);
    hf_crls_free(in.crls);
    hf_store_free(in.store);
}
