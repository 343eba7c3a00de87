/* test_sct_vectors.c: certificates of the Web among x509-limbo's cases, with the timestamps that
 * real logs made for them. The logs' keys are those of the public list of logs. */
#include "support/vectors.h"

#include "base/bytes.h"

#include <handfast/x509.h>

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Name, operator, and the key in base64. */
static const char *const logs_of_the_web[][3] = {
    {"Oak2023", "Let's Encrypt",
     "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz0OeL7jrVxEXJu+o4QWQYLKyokXHiPOOKVUL3/TNFFquVzDSer7kZ3g"
     "ijxzBp98ZTgRgMSaWgCmZ8OD74mFUQ=="},
    {"Nimbus2023", "Cloudflare",
     "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEi/8tkhjLRp0SXrlZdTzNkTd6HqmcmXiDJz3fAdWLgOhjmv4mohvRhwXu"
     "l9bgW0ODgRwC9UGAgH/vpGHPvIS1qA=="},
    {"Xenon2026h1", "Google",
     "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOh/Iu87VkEc0ysoBBCchHOIpPZK7kUXHWj6l1PIS5ujmQ7rze8I4r/wj"
     "igVW6wMKMMxjbNk8vvV7lLqU07+ITA=="},
    {"Tiger2026h1", "Sectigo",
     "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE73eDJyszDbzsWcgI0nbtU0+y11gQWjNjS/RSO5P4hOSFE+pPrDCtfNPH"
     "e6dq7/XQYwOFt9Feb8TwQW+mqXN5xg=="},
    {"Wyvern2026h1", "DigiCert",
     "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE7Lw0OeKajbeZepHxBXJS2pOJXToHi5ntgKUW2nMhIOuGlofFxtkXum65"
     "TBNY1dGD+HrfHge8Fc3ASs0qMXEHVQ=="},
    {"Sycamore2026h1", "Let's Encrypt",
     "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfEEe0JZknA91/c6eNl1aexgeKzuGQUMvRCXPXg9L227O5I4Pi++Abcpq"
     "6qxlVUKPYafAJelAnMfGzv3lHCc8gA=="},
};

static const struct {
    const char *id;
    unsigned logs; /* of those above that made a timestamp for it */
} cases[] = {
    {"webpki::cryptographydotio-chain", 2},
    {"online::google.com", 2},
    {"online::fastly.com", 2},
    {"online::apple.com", 3},
    {"online::stackoverflow.com", 2},
    {"online::storage.googleapis.com", 2},
};

/* Lent to take: what is known of a log but its key. */
typedef struct taking {
    hf_ct_logs *logs;
    const char *const *log;
} taking;

static hf_status take(void *ctx, hf_bytes der)
{
    const taking *t = ctx;
    hf_ct_log log = {.name = t->log[0], .operator_name = t->log[1], .public_key = der};
    return hf_ct_logs_add(t->logs, &log, NULL);
}

static hf_ct_logs *make_logs(void)
{
    hf_ct_logs *logs;
    assert_int_equal(hf_ct_logs_new(&logs), HF_OK);
    for (size_t i = 0; i < sizeof(logs_of_the_web) / sizeof(logs_of_the_web[0]); i++) {
        char pem[400];
        taking t = {logs, logs_of_the_web[i]};
        snprintf(pem, sizeof(pem),
                 "-----BEGIN PUBLIC KEY-----\n%.64s\n%s\n-----END PUBLIC KEY-----\n",
                 logs_of_the_web[i][2], logs_of_the_web[i][2] + 64);
        assert_int_equal(hf_pem_each(hf_bytes_text(pem), "PUBLIC KEY", take, &t, NULL), HF_OK);
    }
    return logs;
}

/* ---- one case ---- */

typedef struct chain {
    uint8_t der[8][8192];
    hf_cert certs[8];
    size_t count;
} chain;

static hf_status add_cert(void *ctx, hf_bytes der)
{
    chain *c = ctx;
    assert_true(c->count < 8 && der.n <= sizeof(c->der[0]));
    memcpy(c->der[c->count], der.p, der.n);
    hf_bytes kept = {c->der[c->count], der.n};
    return hf_cert_parse(kept, &c->certs[c->count++], NULL);
}

typedef struct tally {
    unsigned good, bad;
} tally;

static void on_check(void *ctx, const hf_check *k)
{
    tally *t = ctx;
    if (strcmp(k->name, "SCT") != 0)
        return;
    assert_true(k->advisory);
    if (k->result == HF_OK)
        t->good++;
    else
        t->bad += k->result != HF_E_SCT_UNKNOWN_LOG;
}

static void judge(const json_t *one, unsigned expected, const hf_ct_logs *logs)
{
    chain *c = calloc(1, sizeof(*c));
    hf_store *store;
    tally t = {0, 0};
    const hf_verify_report report = {.check = on_check, .ctx = &t};
    const char *pem = json_string_value(json_object_get(one, "peer_certificate"));
    size_t i;
    json_t *text;
    assert_non_null(c);
    assert_int_equal(hf_store_new(&store), HF_OK);
    assert_int_equal(hf_pem_each(hf_bytes_text(pem), "CERTIFICATE", add_cert, c, NULL), HF_OK);
    json_array_foreach (json_object_get(one, "untrusted_intermediates"), i, text)
        hf_pem_each(hf_bytes_text(json_string_value(text)), "CERTIFICATE", add_cert, c, NULL);
    json_array_foreach (json_object_get(one, "trusted_certs"), i, text)
        hf_store_add(store, hf_bytes_text(json_string_value(text)), NULL, NULL);
    hf_verify_params p = {.store = store,
                          .at_s = c->certs[0].not_before_s + 2 * 86400,
                          .purpose = HF_PURPOSE_SERVER,
                          .ct_logs = logs,
                          .ct_policy = {.logs = (uint8_t)expected}};
    hf_error e = {0};
    hf_status s = hf_verify_chain(c->certs, c->count, &p, &report, NULL, NULL, &e);
    const char *id = json_string_value(json_object_get(one, "id"));
    if (s != HF_OK || t.good != expected || t.bad != 0)
        fail_msg("%s: %s, %u good, %u bad: %s", id, hf_error_name(s), t.good, t.bad, e.got);

    hf_store_free(store);
    free(c);
}

static void real_timestamps_are_good(void **state)
{
    (void)state;
    const unsigned count = sizeof(cases) / sizeof(cases[0]);
    vectors v;
    vectors_open(&v, "limbo/limbo.json", count);
    hf_ct_logs *logs = make_logs();
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get(v.root, "testcases"), i, one)
        for (size_t k = 0; k < count; k++)
            if (strcmp(vectors_text(one, "id"), cases[k].id) == 0) {
                judge(one, cases[k].logs, logs);
                v.run++;
            }
    vectors_close(&v, count, count);
    hf_ct_logs_free(logs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_timestamps_are_good)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
