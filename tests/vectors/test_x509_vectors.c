/* test_x509_vectors.c: certificate paths that others judged: x509-limbo, and NIST's PKITS. */
#define _POSIX_C_SOURCE 200809L
#include "base/bytes.h"

#include <handfast/x509.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST_CERTS 128U

static const char *vectors(void)
{
    const char *folder = getenv("HF_VECTORS");
    return folder != NULL ? folder : "../shared/vectors";
}

static json_t *load(const char *name)
{
    char path[512];
    json_error_t error;
    snprintf(path, sizeof(path), "%s/%s", vectors(), name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        printf("skipped: %s is not there (set HF_VECTORS)\n", path);
        skip();
    }
    json_t *root = json_loadf(f, 0, &error);
    fclose(f);
    if (root == NULL)
        fail_msg("%s line %d: %s", path, error.line, error.text);
    return root;
}

/* The certificates that a path is built from; their DER is kept here. */
typedef struct certs {
    hf_cert cert[MOST_CERTS];
    uint8_t *der[MOST_CERTS];
    size_t n;
    hf_error e;
} certs;

static hf_status keep(void *ctx, hf_bytes der)
{
    certs *c = ctx;
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

static void drop(certs *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->der[i]);
    c->n = 0;
}

/* ---- x509-limbo ---- */

static int64_t parse_time(const char *text)
{
    int64_t y = 0;
    unsigned f[5] = {0};
    long long year = 0;
    if (sscanf(text, "%lld-%u-%uT%u:%u:%u", &year, &f[0], &f[1], &f[2], &f[3], &f[4]) != 6)
        fail_msg("not a time: %s", text);
    y = year - (f[0] <= 2);
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * ((int64_t)f[0] + (f[0] > 2 ? -3 : 9)) + 2) / 5 + (int64_t)f[1] - 1;
    int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return days * 86400 + (int64_t)f[2] * 3600 + f[3] * 60 + f[4];
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What is not in this library's interface, with the cases that need it. */
typedef struct difference {
    const char *id, *why;
} difference;

static const difference own_profile[] = {
    {"webpki::san::public-suffix-multi-label-wildcard-san", "no public suffix list"},
    {"webpki::san::public-suffix-private-namespace-wildcard-san", "no public suffix list"},
    {NULL, NULL},
};

/* With the default profile: what it leaves to audits, because certificates that exist break it. */
static const difference tls_profile[] = {
    {NULL, NULL},
};

static bool known(const difference *list, const char *id)
{
    for (; list->id != NULL; list++)
        if (strcmp(list->id, id) == 0)
            return true;
    return false;
}

static hf_status judge(const json_t *c, hf_profile profile, hf_error *e)
{
    certs chain = {0};
    hf_store *store;
    size_t i;
    json_t *pem;
    assert_int_equal(hf_store_new(&store), HF_OK);
    hf_verify_params p = {.store = store, .profile = profile, .at_s = 1767225600};
    hf_status s = hf_pem_each(hf_bytes_text(string_of(c, "peer_certificate")), "CERTIFICATE", keep,
                              &chain, e);
    if (s != HF_OK)
        *e = chain.e;
    json_array_foreach(json_object_get(c, "untrusted_intermediates"), i, pem)
        if (s == HF_OK) /* one that does not parse is of no help, and no harm */
            hf_pem_each(hf_bytes_text(json_string_value(pem)), "CERTIFICATE", keep, &chain, NULL);
    json_array_foreach(json_object_get(c, "trusted_certs"), i, pem)
        hf_store_add(store, hf_bytes_text(json_string_value(pem)), NULL, e);
    const char *time = string_of(c, "validation_time"), *kind = string_of(c, "validation_kind");
    const json_t *peer = json_object_get(c, "expected_peer_name");
    const json_t *depth = json_object_get(c, "max_chain_depth");
    if (time[0] != '\0')
        p.at_s = parse_time(time);
    p.purpose = strcmp(kind, "SERVER") == 0 ? HF_PURPOSE_SERVER : HF_PURPOSE_CLIENT;
    if (json_is_object(peer))
        p.host = string_of(peer, "value");
    if (json_is_integer(depth)) /* limbo counts intermediates */
        p.limits.chain_length = (unsigned)json_integer_value(depth) + 2;
    if (s == HF_OK)
        s = hf_verify_chain(chain.cert, chain.n, &p, NULL, NULL, NULL, e);
    hf_store_free(store);
    drop(&chain);
    return s;
}

static void run_limbo(bool own, const difference *differences)
{
    json_t *root = load("limbo/limbo.json"), *c;
    size_t i, right = 0, accepts_bad = 0, rejects_good = 0, skipped = 0, surprises = 0;
    json_array_foreach(json_object_get(root, "testcases"), i, c) {
        const char *id = string_of(c, "id");
        hf_profile profile = !own                      ? HF_PROFILE_TLS
                             : starts(id, "webpki::") || starts(id, "online::") ? HF_PROFILE_WEBPKI
                                                       : HF_PROFILE_RFC5280;
        if (json_array_size(json_object_get(c, "crls")) != 0) {
            skipped++; /* revocation lists are not in the interface */
            continue;
        }
        bool good = strcmp(string_of(c, "expected_result"), "SUCCESS") == 0;
        hf_error e = {0};
        hf_status s = judge(c, profile, &e);
        if ((s == HF_OK) == good) {
            right++;
            if (known(differences, id)) {
                printf("no longer differs: %s\n", id);
                surprises++;
            }
            continue;
        }
        accepts_bad += s == HF_OK;
        rejects_good += s != HF_OK;
        bool expected = known(differences, id);
        surprises += !expected;
        printf("%s %s: %s %s\n", expected ? "differs" : "NEW DIFFERENCE", id,
               s == HF_OK ? "accepted" : "refused", s == HF_OK ? "" : hf_error_name(s));
        if (!expected && s != HF_OK) {
            char text[1024];
            hf_error_format(&e, text, sizeof(text));
            printf("%s", text);
        }
    }
    printf("limbo, %s: right %zu, accepts bad %zu, rejects good %zu, skipped %zu (need CRLs)\n",
           own ? "each case under its own profile" : "all under the default profile", right,
           accepts_bad, rejects_good, skipped);
    json_decref(root);
    assert_int_equal(surprises, 0);
}

static void judges_limbo_as_its_profiles_demand(void **state)
{
    (void)state;
    run_limbo(true, own_profile);
}

static void judges_limbo_by_default_as_listed(void **state)
{
    (void)state;
    run_limbo(false, tls_profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_limbo_as_its_profiles_demand),
        cmocka_unit_test(judges_limbo_by_default_as_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
