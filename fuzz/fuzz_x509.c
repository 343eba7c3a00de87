/* fuzz_x509.c: a certificate of any bytes: parsed, its names read and matched, its text written. */
#include <handfast/x509.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool claim)
{
    if (!claim)
        abort();
}

static void inside(hf_bytes part, hf_bytes whole)
{
    claim(part.n == 0 || (part.p >= whole.p && part.n <= whole.n &&
                          (size_t)(part.p - whole.p) <= whole.n - part.n));
}

static void parts_lie_in_the_certificate(const hf_cert *c, hf_bytes der)
{
    const hf_bytes parts[] = {
        c->der,
        c->tbs,
        c->serial,
        c->issuer,
        c->subject,
        c->spki,
        c->signature,
        c->signature_algorithm,
        c->extensions,
        c->subject_alt_name,
        c->issuer_alt_name,
        c->name_constraints,
        c->extended_key_usage,
        c->subject_key_id,
        c->authority_key_id,
        c->policies,
        c->policy_mappings,
        c->policy_constraints,
        c->inhibit_any_policy,
        c->crl_distribution_points,
        c->authority_info_access,
        c->sct_list,
        c->tls_feature,
        c->unknown_critical,
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        inside(parts[i], der);
}

/* Text fits, ends, and is what a smaller room gets the start of. */
static void check_text(size_t (*text_of)(hf_bytes name, char *text, size_t size), hf_bytes name)
{
    char text[512], small[8];
    memset(text, 0x7f, sizeof(text));
    size_t n = text_of(name, text, sizeof(text));
    claim(n < sizeof(text) && strlen(text) == n);
    for (size_t i = 0; i < n; i++) /* safe to print */
        claim((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
    claim(text_of(name, small, sizeof(small)) < sizeof(small));
    claim(memchr(small, '\0', sizeof(small)) != NULL);
}

static void read_names(const hf_cert *c)
{
    hf_san_iter it;
    hf_san_type type;
    hf_bytes value;
    char text[256];
    static const char *const hosts[] = {"localhost",
                                        "www.example.com",
                                        "a.b.example.com",
                                        "",
                                        "xn--nxasmq6b",
                                        "127.0.0.1",
                                        "::1",
                                        "*",
                                        "."};
    hf_san_start(c, &it);
    while (hf_san_next(&it, &type, &value))
        inside(value, c->der);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        hf_cert_matches_host(c, hosts[i]);
    claim(!hf_cert_matches_host(c, "") && !hf_cert_matches_host(c, "*"));
    claim(hf_cert_names_text(c, text, sizeof(text)) < sizeof(text));
    check_text(hf_name_text, c->subject);
    check_text(hf_name_text, c->issuer);
    check_text(hf_name_common, c->subject);
}

/* A certificate that nobody trusts, judged against an empty store and against itself. */
static void judge(const hf_cert *c)
{
    static const hf_profile profiles[] = {HF_PROFILE_TLS, HF_PROFILE_RFC5280, HF_PROFILE_WEBPKI};
    hf_store *store = NULL;
    if (hf_store_new(&store) != HF_OK)
        return;
    hf_store_add(store, c->der, NULL, NULL);
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        const hf_verify_params params = {.store = store,
                                         .host = "www.example.com",
                                         .purpose = HF_PURPOSE_SERVER,
                                         .at_s = c->not_before_s,
                                         .profile = profiles[i]};
        const hf_cert *path[10];
        size_t path_len = 10;
        hf_error e = {0};
        hf_status s = hf_verify_chain(c, 1, &params, NULL, path, &path_len, &e);
        claim(s <= 0 && (s == HF_OK || e.code == s));
        claim(s != HF_OK || path_len <= 10);
    }
    hf_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_cert c;
    hf_error e = {0};
    hf_bytes der = {data, size};
    hf_status s = hf_cert_parse(der, &c, &e);
    if (s != HF_OK) {
        char text[1024];
        claim(s < 0 && e.code == s);
        claim(hf_error_format(&e, text, sizeof(text)) < sizeof(text));
        return 0;
    }
    parts_lie_in_the_certificate(&c, der);
    read_names(&c);
    uint8_t digest[32];
    hf_cert_fingerprint(&c, digest);
    judge(&c);
    return 0;
}
