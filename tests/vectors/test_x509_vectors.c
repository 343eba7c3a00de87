/* test_x509_vectors.c: certificate paths that others judged: x509-limbo, and NIST's PKITS. */
#define _POSIX_C_SOURCE 200809L
#include "base/bytes.h"
#include "support/limbo.h"
#include "x509/host.h"

#include <handfast/x509.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

/* ---- x509-limbo ---- */

/* A case that is judged otherwise than its authors do, and why. */
typedef struct difference {
    const char *id, *why;
} difference;

static const difference own_profile[] = {
    {NULL, NULL},
};

/* The default profile leaves to audits what says nothing about who holds a key: certificates that
 * exist break these rules. */
#define MAKER     "a rule for the maker"
#define DOT       "a dot before a DNS constraint is common and clear"
#define PSL       "built without libpsl"
#define ONE_OWNER "a suffix of the private section has an owner, who may certify all below it"

static const difference tls_profile[] = {
    {"rfc5280::aki::critical-aki", MAKER},
    {"rfc5280::aki::leaf-missing-aki", MAKER},
    {"rfc5280::aki::intermediate-missing-aki", MAKER},
    {"rfc5280::aki::cross-signed-root-missing-aki", MAKER},
    {"rfc5280::nc::permitted-dns-match-noncritical", MAKER},
    {"rfc5280::nc::invalid-dnsname-leading-period", DOT},
    {"rfc5280::nc::not-allowed-in-ee-noncritical", MAKER},
    {"rfc5280::nc::not-allowed-in-ee-critical", MAKER},
    {"rfc5280::pc::ica-noncritical-pc", MAKER},
    {"rfc5280::san::noncritical-with-empty-subject", MAKER},
    {"rfc5280::san::underscore-dns", MAKER},
    {"rfc5280::serial::too-long", MAKER},
    {"rfc5280::serial::zero", MAKER},
    {"rfc5280::ski::critical-ski", MAKER},
    {"rfc5280::ski::root-missing-ski", MAKER},
    {"rfc5280::ski::intermediate-missing-ski", MAKER},
    {"rfc5280::ca-empty-subject", MAKER},
    {"rfc5280::root-non-critical-basic-constraints", MAKER},
    {"rfc5280::leaf-ku-keycertsign", MAKER},
    {"webpki::aki::root-with-aki-missing-keyidentifier", MAKER},
    {"webpki::aki::root-with-aki-authoritycertissuer", MAKER},
    {"webpki::aki::root-with-aki-authoritycertserialnumber", MAKER},
    {"webpki::aki::root-with-aki-all-fields", MAKER},
    {"webpki::aki::root-with-aki-ski-mismatch", MAKER},
    {"webpki::cn::ipv4-hex-mismatch", MAKER},
    {"webpki::cn::ipv4-leading-zeros-mismatch", MAKER},
    {"webpki::cn::ipv6-uppercase-mismatch", MAKER},
    {"webpki::cn::ipv6-uncompressed-mismatch", MAKER},
    {"webpki::cn::ipv6-non-rfc5952-mismatch", MAKER},
    {"webpki::cn::punycode-not-in-san", MAKER},
    {"webpki::cn::utf8-vs-punycode-mismatch", MAKER},
    {"webpki::cn::not-in-san", MAKER},
    {"webpki::cn::case-mismatch", MAKER},
    {"webpki::eku::ee-anyeku", MAKER},
    {"webpki::eku::ee-critical-eku", MAKER},
    {"webpki::eku::ee-without-eku", MAKER},
    {"webpki::eku::root-has-eku", MAKER},
    {"webpki::san::public-suffix-multi-label-wildcard-san", PSL},
    {"webpki::san::public-suffix-private-namespace-wildcard-san", ONE_OWNER},
    {"webpki::san::san-critical-with-nonempty-subject", MAKER},
    {"webpki::forbidden-rsa-not-divisible-by-8-in-root", MAKER},
    {"crl::crlnumber-missing", MAKER},
    {"crl::crlnumber-critical", MAKER},
    {"webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf", MAKER},
    {"webpki::ee-basicconstraints-ca", MAKER},
    {"webpki::ca-as-leaf", MAKER},
    {NULL, NULL},
};

/* Why the case is known to differ; NULL when it is not. */
static const char *known(const difference *list, const char *id)
{
    for (; list->id != NULL; list++)
        if (strcmp(list->id, id) == 0)
            return list->why;
    return NULL;
}

static void run_limbo(bool own, const difference *differences)
{
    json_t *root = load("limbo/limbo.json"), *c;
    size_t i, right = 0, accepts_bad = 0, rejects_good = 0, skipped = 0, surprises = 0;
    json_array_foreach (json_object_get(root, "testcases"), i, c) {
        const char *id = limbo_text(c, "id");
        hf_profile profile = own ? limbo_profile(id) : HF_PROFILE_TLS;
        bool good = strcmp(limbo_text(c, "expected_result"), "SUCCESS") == 0;
        limbo_verdict v;
        limbo_judge(c, &(limbo_options){.profile = profile}, &v);
        if (v.result == LIMBO_SKIPPED) {
            skipped++;
            continue;
        }
        bool accepted = v.result == LIMBO_SUCCESS;
        if (accepted == good) {
            right++;
            const char *needless = known(differences, id);
            if (needless != NULL && (strcmp(needless, PSL) != 0 || !hf_public_suffixes_known())) {
                printf("no longer differs: %s\n", id);
                surprises++;
            }
            continue;
        }
        accepts_bad += accepted;
        rejects_good += !accepted;
        const char *why = known(differences, id);
        surprises += why == NULL;
        printf("%s %s: %s: %s (%s)\n", why != NULL ? "differs" : "NEW DIFFERENCE", id,
               accepted ? "accepted" : "refused", v.why, why != NULL ? why : "regression");
    }
    printf("limbo, %s: right %zu, accepts bad %zu, rejects good %zu, skipped %zu\n",
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

/* ---- PKITS ---- */

static bool read_file(const char *folder, const char *name, uint8_t *bytes, size_t room, size_t *n)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/pkits/%s/%s", vectors(), folder, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    *n = fread(bytes, 1, room, f);
    fclose(f);
    return true;
}

/* The lists of a case. One of a kind that is not used (delta, indirect) or does not parse says
 * nothing, and the paths that need it are refused. */
static hf_crls *lists_of(const json_t *c)
{
    static uint8_t bytes[16384];
    size_t i, n;
    json_t *name;
    hf_crls *crls;
    assert_int_equal(hf_crls_new(&crls), HF_OK);
    json_array_foreach (json_object_get(c, "CRLPath"), i, name) {
        if (!read_file("crls", json_string_value(name), bytes, sizeof(bytes), &n))
            fail_msg("no list %s", json_string_value(name));
        hf_crls_add(crls, hf_bytes_of(bytes, n), NULL, NULL);
    }
    return crls;
}

/* The suite's own policies are named by number; NIST's arc has them. */
static hf_policy_inputs policies_of(const json_t *c, const char *initial[8], char text[8][48])
{
    const json_t *set = json_object_get(c, "InitialPolicySet");
    size_t i;
    json_t *name;
    unsigned number;
    assert_true(json_array_size(set) >= 1 && json_array_size(set) < 8);
    json_array_foreach (set, i, name) {
        if (strcmp(json_string_value(name), "anyPolicy") == 0)
            snprintf(text[i], sizeof(text[i]), "2.5.29.32.0");
        else if (sscanf(json_string_value(name), "NIST-test-policy-%u", &number) == 1)
            snprintf(text[i], sizeof(text[i]), "2.16.840.1.101.3.2.1.48.%u", number);
        else
            fail_msg("a policy of an unknown name: %s", json_string_value(name));
        initial[i] = text[i];
    }
    initial[i] = NULL;
    return (hf_policy_inputs){
        .initial = initial,
        .require_explicit = json_is_true(json_object_get(c, "InitialExplicitPolicy")),
        .inhibit_mapping = json_is_true(json_object_get(c, "InitialPolicyMappingInhibit")),
        .inhibit_any = json_is_true(json_object_get(c, "InitialAnyPolicyInhibit"))};
}

static const difference pkits_differences[] = {
    {"4.1.4 Valid DSA Signatures Test4", "no DSA"},
    {"4.1.5 Valid DSA Parameter Inheritance Test5", "no DSA"},
    {"4.14.22 Valid IDP with indirectCRL Test22", "indirect lists are not used"},
    {"4.14.24 Valid IDP with indirectCRL Test24", "indirect lists are not used"},
    {"4.14.25 Valid IDP with indirectCRL Test25", "indirect lists are not used"},
    {"4.14.28 Valid cRLIssuer Test28", "indirect lists are not used"},
    {"4.14.29 Valid cRLIssuer Test29", "indirect lists are not used"},
    {"4.14.30 Valid cRLIssuer Test30", "indirect lists are not used"},
    {"4.14.33 Valid cRLIssuer Test33", "indirect lists are not used"},
    {"4.15.4 Invalid delta-CRL Test4",
     "delta lists are refused as they are given: who gave it knows"},
    {"4.15.5 Valid delta-CRL Test5", "delta lists are not used"},
    {NULL, NULL},
};

static hf_status judge_pkits(const json_t *c, hf_error *e)
{
    static uint8_t bytes[16384];
    limbo_certs *chain = limbo_certs_new();
    hf_store *store;
    hf_crls *crls = lists_of(c);
    assert_non_null(chain);
    const json_t *path = json_object_get(c, "CertPath");
    size_t count = json_array_size(path), n = 0;
    hf_status s = HF_OK;
    assert_int_equal(hf_store_new(&store), HF_OK);
    for (size_t i = count; i-- > 0;) {
        const char *name = json_string_value(json_array_get(path, i));
        if (!read_file("certs", name, bytes, sizeof(bytes), &n))
            fail_msg("no certificate %s", name);
        hf_status one = i == 0 ? hf_store_add(store, hf_bytes_of(bytes, n), NULL, e)
                               : limbo_certs_add(chain, hf_bytes_of(bytes, n));
        if (one != HF_OK && s == HF_OK) {
            s = one;
            if (i != 0)
                *e = *limbo_certs_error(chain);
        }
    }
    const char *initial[8];
    char text[8][48];
    hf_verify_params p = {.store = store,
                          .at_s = 1767225600,
                          .policies = policies_of(c, initial, text),
                          .revocation = HF_REVOCATION_HARD_FAIL,
                          .crls = crls};
    const hf_cert *certs = limbo_certs_all(chain, &n);
    if (s == HF_OK)
        s = hf_verify_chain(certs, n, &p, NULL, NULL, NULL, e);
    hf_store_free(store);
    hf_crls_free(crls);
    limbo_certs_free(chain);
    return s;
}

static void judges_every_case_of_pkits(void **state)
{
    (void)state;
    json_t *root = load("pkits/vectors.json"), *c;
    size_t i, right = 0, differs = 0, surprises = 0;
    json_array_foreach (root, i, c) {
        const char *name = limbo_text(c, "Name");
        hf_error e = {0};
        hf_status s = judge_pkits(c, &e);
        if ((s == HF_OK) == json_is_true(json_object_get(c, "ShouldValidate"))) {
            right++;
            continue;
        }
        differs++;
        const char *why = known(pkits_differences, name);
        surprises += why == NULL;
        printf("%s %s: %s%s at %s (%s, %s)\n", why != NULL ? "differs" : "NEW DIFFERENCE", name,
               s == HF_OK ? "accepted" : "refused, ", s == HF_OK ? "" : hf_error_name(s),
               e.field != NULL ? e.field : "", e.got, why != NULL ? why : "regression");
    }
    printf("pkits: right %zu, differs %zu\n", right, differs);
    json_decref(root);
    assert_int_equal(surprises, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_limbo_as_its_profiles_demand),
        cmocka_unit_test(judges_limbo_by_default_as_listed),
        cmocka_unit_test(judges_every_case_of_pkits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
