/* test_wycheproof_agreement.c: X25519 and the NIST curves' ECDH against Wycheproof.
 *
 * "acceptable" is taken as follows. X25519: the agreement must be computed exactly as RFC 7748
 * says for every point, on the curve or its twist, canonical or not; only the all-zero secret must
 * be refused (RFC 9846 section 7.4.2). NIST curves: a compressed point must be refused (section
 * 4.3.8.2 knows the uncompressed form alone).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "crypto/lookup.h"
#include "support/vectors.h"

typedef struct agreement {
    const hf_group *group;
    unsigned accepted, refused;
} agreement;

static void x25519_case(vectors *v, const json_t *group, const json_t *test, void *ctx)
{
    (void)group;
    agreement *a = ctx;
    uint8_t secret[32];
    const hf_bytes share = vectors_hex(v, test, "public"), shared = vectors_hex(v, test, "shared"),
                   private_key = vectors_hex(v, test, "private");
    assert_int_equal(share.n, 32);
    assert_int_equal(private_key.n, 32);
    bool zero = true;
    for (size_t i = 0; i < shared.n; i++)
        zero = zero && shared.p[i] == 0;
    assert_int_equal(zero, vectors_flag(test, "ZeroSharedSecret"));

    hf_status status = a->group->finish(private_key.p, share.p, secret);
    if (status != (zero ? HF_E_BAD_KEY_SHARE : HF_OK) ||
        !hf_bytes_equal(shared, hf_bytes_of(secret, sizeof secret)))
        fail_msg("case %ld: %s", vectors_number(test, "tcId"), hf_error_name(status));
    zero ? a->refused++ : a->accepted++;
    v->run++;
}

static void x25519_agrees(void **unused)
{
    (void)unused;
    vectors v;
    agreement a = {hf_group_find(hf_provider_default(), 0x001d), 0, 0};
    vectors_open(&v, "wycheproof/x25519_test.json", 518);
    vectors_each(&v, x25519_case, &a);
    print_message("X25519: %u computed, %u refused as all zero\n", a.accepted, a.refused);
    assert_true(a.refused >= 20);
    vectors_close(&v, 518, 518);
}

/* The private numbers are signed and of any length; the group wants them padded. */
static void pad(hf_bytes number, uint8_t *out, size_t n)
{
    while (number.n > n && number.p[0] == 0)
        number = hf_bytes_of(number.p + 1, number.n - 1);
    assert_true(number.n <= n);
    memset(out, 0, n);
    hf_copy(out + n - number.n, number.p, number.n);
}

static void nist_case(vectors *v, const json_t *group, const json_t *test, void *ctx)
{
    (void)group;
    agreement *a = ctx;
    uint8_t secret[66], private_key[66];
    const hf_bytes share = vectors_hex(v, test, "public");
    const bool valid = vectors_result_of(test) == VECTORS_VALID;
    v->outside_of = "points that are not as long as the group's share: refused before this";
    if (share.n != a->group->server_share_len) {
        assert_false(valid);
        v->outside++;
        return;
    }
    v->run++;
    pad(vectors_hex(v, test, "private"), private_key, a->group->private_len);
    hf_status status = a->group->finish(private_key, share.p, secret);
    const hf_bytes shared = vectors_hex(v, test, "shared");
    if (status != (valid ? HF_OK : HF_E_BAD_KEY_SHARE) ||
        (valid && !hf_bytes_equal(shared, hf_bytes_of(secret, a->group->secret_len))))
        fail_msg("case %ld: %s", vectors_number(test, "tcId"), hf_error_name(status));
    valid ? a->accepted++ : a->refused++;
}

static void nist_agrees(uint16_t id, const char *name, unsigned cases, unsigned at_least)
{
    vectors v;
    agreement a = {hf_group_find(hf_provider_default(), id), 0, 0};
    vectors_open(&v, name, cases);
    vectors_each(&v, nist_case, &a);
    print_message("%s: %u computed, %u refused\n", a.group->name, a.accepted, a.refused);
    assert_true(a.refused >= 5);
    vectors_close(&v, cases, at_least);
}

static void p256_agrees(void **unused)
{
    (void)unused;
    nist_agrees(0x0017, "wycheproof/ecdh_secp256r1_ecpoint_test.json", 355, 330);
}

static void p384_agrees(void **unused)
{
    (void)unused;
    nist_agrees(0x0018, "wycheproof/ecdh_secp384r1_ecpoint_test.json", 790, 771);
}

static void p521_agrees(void **unused)
{
    (void)unused;
    nist_agrees(0x0019, "wycheproof/ecdh_secp521r1_ecpoint_test.json", 661, 632);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x25519_agrees),
        cmocka_unit_test(p256_agrees),
        cmocka_unit_test(p384_agrees),
        cmocka_unit_test(p521_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
