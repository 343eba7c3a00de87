/* test_acvp_tls13.c: NIST's ACVP vectors of the TLS 1.3 key schedule: every secret with a label, in
 * the modes DHE, PSK and PSK with DHE. The transcript is the concatenation of random strings. */
#include "support/vectors.h"

#include "base/bytes.h"
#include "crypto/lookup.h"
#include "handshake/schedule13.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const hf_hash *hash_of(const char *name)
{
    if (strcmp(name, "SHA2-256") == 0)
        return hf_hash_find(hf_provider_default(), 4);
    assert_string_equal(name, "SHA2-384");
    return hf_hash_find(hf_provider_default(), 5);
}

static void derive(vectors *v, const hf_schedule13 *ks, const char *label, const hf_bytes *said,
                   size_t count, const json_t *expected, const char *name)
{
    uint8_t digest[HF_HASH_MAX_DIGEST], out[HF_HASH_MAX_DIGEST];
    hf_bytes wanted = vectors_hex(v, expected, name);
    hf_hash_of(ks->hash, said, count, digest);
    hf_schedule13_derive(ks, label, digest, out);
    assert_int_equal(wanted.n, ks->hash->digest_len);
    assert_memory_equal(out, wanted.p, wanted.n);
    v->run++;
}

static hf_bytes optional(vectors *v, const json_t *test, const char *key)
{
    if (json_object_get(test, key) == NULL)
        return (hf_bytes){NULL, 0};
    return vectors_hex(v, test, key);
}

static void run(vectors *v, const hf_hash *hash, const json_t *test, const json_t *expected)
{
    hf_schedule13 ks;
    const hf_bytes said[] = {
        vectors_hex(v, test, "helloClientRandom"),
        vectors_hex(v, test, "helloServerRandom"),
        vectors_hex(v, test, "finishedServerRandom"),
        vectors_hex(v, test, "finishedClientRandom"),
    };
    assert_int_equal(vectors_number(test, "tcId"), vectors_number(expected, "tcId"));
    hf_schedule13_start(&ks, hash, optional(v, test, "psk"));
    derive(v, &ks, "c e traffic", said, 1, expected, "clientEarlyTrafficSecret");
    derive(v, &ks, "e exp master", said, 1, expected, "earlyExporterMasterSecret");
    hf_schedule13_advance(&ks, optional(v, test, "dhe"));
    derive(v, &ks, "c hs traffic", said, 2, expected, "clientHandshakeTrafficSecret");
    derive(v, &ks, "s hs traffic", said, 2, expected, "serverHandshakeTrafficSecret");
    hf_schedule13_advance(&ks, (hf_bytes){NULL, 0});
    derive(v, &ks, "c ap traffic", said, 3, expected, "clientApplicationTrafficSecret");
    derive(v, &ks, "s ap traffic", said, 3, expected, "serverApplicationTrafficSecret");
    derive(v, &ks, "exp master", said, 3, expected, "exporterMasterSecret");
    derive(v, &ks, "res master", said, 4, expected, "resumptionMasterSecret");
    hf_schedule13_wipe(&ks);
}

/* ACVP's files are a list: what the session was, then the groups. */
static json_t *groups(const vectors *v)
{
    return json_object_get(json_array_get(v->root, 1), "testGroups");
}

static void every_secret_of_the_key_schedule_is_acvps(void **state)
{
    (void)state;
    vectors v, answers;
    size_t i, k;
    const json_t *group, *test;
    vectors_open(&v, "acvp/TLS13.vectors.json", 80);
    vectors_open(&answers, "acvp/TLS13.expected.json", 80);
    json_array_foreach (groups(&v), i, group) {
        const json_t *expected = json_array_get(groups(&answers), i);
        assert_int_equal(vectors_number(group, "tgId"), vectors_number(expected, "tgId"));
        json_array_foreach (json_object_get(group, "tests"), k, test)
            run(&v, hash_of(vectors_text(group, "hmacAlg")), test,
                json_array_get(json_object_get(expected, "tests"), k));
    }
    vectors_forget(&answers);
    json_decref(answers.root);
    vectors_close(&v, 80, 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_secret_of_the_key_schedule_is_acvps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
