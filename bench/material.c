/* material.c: certificates and keys for the bench. */
#include "material.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void check(hf_status s)
{
    if (s == HF_OK)
        return;
    fprintf(stderr, "handfast_bench: %s\n", hf_error_sentence(s));
    exit(1);
}

bench_material bench_material_make(hf_key_type type)
{
    static const char *const names[] = {BENCH_HOST, NULL};
    hf_key *ca_key, *key;
    hf_bytes ca_der, der;
    hf_cert ca;
    bench_material m;
    int64_t now = time(NULL);
    hf_cert_template t = {.subject = "CN=bench CA",
                          .not_before_s = now - 86400,
                          .not_after_s = now + 86400 * 30,
                          .ca = true,
                          .path_len = -1};
    check(hf_key_generate(type, 2048, &ca_key, NULL));
    check(hf_cert_issue(&t, hf_key_public(ca_key), NULL, ca_key, &ca_der, NULL));
    check(hf_cert_parse(ca_der, &ca, NULL));
    t.subject = "CN=" BENCH_HOST;
    t.names = names;
    t.ca = false;
    t.server = true;
    check(hf_key_generate(type, 2048, &key, NULL));
    check(hf_cert_issue(&t, hf_key_public(key), &ca, ca_key, &der, NULL));
    m.chain = hf_pem_write(der, "CERTIFICATE");
    m.ca = hf_pem_write(ca_der, "CERTIFICATE");
    check(hf_key_write_pem(key, NULL, &m.key, NULL));
    hf_der_free(der);
    hf_der_free(ca_der);
    hf_key_free(key);
    hf_key_free(ca_key);
    return m;
}

void bench_material_free(bench_material *m)
{
    hf_text_free(m->chain);
    hf_text_free(m->ca);
    hf_text_free(m->key);
}
