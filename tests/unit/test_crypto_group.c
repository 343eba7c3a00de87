/* test_crypto_group.c: the groups: both sides agree, bad shares are refused, RFC 8448 replays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/bytes.h"
#include "crypto/lookup.h"
#include "crypto/mlkem.h"
#include "support/vectors.h"

/* A provider whose random bytes are a given string, then fail. */
typedef struct source {
    hf_bytes left;
    unsigned draws;
} source;

static hf_status draw(void *ctx, uint8_t *p, size_t n)
{
    source *s = ctx;
    s->draws++;
    if (s->left.n < n)
        return HF_E_RANDOM;
    memcpy(p, s->left.p, n);
    s->left = hf_bytes_of(s->left.p + n, s->left.n - n);
    return HF_OK;
}

static hf_provider provider_of(source *s)
{
    hf_provider p = *hf_provider_default();
    p.ctx = s;
    p.random = draw;
    return p;
}

static const hf_group *group(uint16_t id)
{
    const hf_group *g = hf_group_find(hf_provider_default(), id);
    assert_non_null(g);
    return g;
}

static const uint16_t all[] = {0x11ec, 0x001d, 0x0017, 0x0018, 0x0019, 0x11eb, 0x11ed, 0x0202};
enum { GROUPS = 8, CURVED = 7, FIRST_CURVE = 2, CURVES_END = 5 };

static void the_default_order_is_the_documented_one(void **unused)
{
    (void)unused;
    static const char *const names[] = {
        "X25519MLKEM768",     "X25519",   "P-256", "P-384", "P-521", "SecP256r1MLKEM768",
        "SecP384r1MLKEM1024", "MLKEM1024"};
    const hf_group *const *g = hf_provider_default()->groups;
    for (size_t i = 0; i < GROUPS; i++) {
        assert_string_equal(g[i]->name, names[i]);
        assert_int_equal(g[i]->id, all[i]);
        assert_true(g[i]->client_share_len <= HF_GROUP_MAX_SHARE);
        assert_true(g[i]->server_share_len <= HF_GROUP_MAX_SHARE);
        assert_true(g[i]->private_len <= HF_GROUP_MAX_PRIVATE);
        assert_true(g[i]->secret_len <= HF_GROUP_MAX_SECRET);
    }
    assert_null(g[GROUPS]);
}

static void both_sides_agree(void **unused)
{
    (void)unused;
    const hf_provider *p = hf_provider_default();
    uint8_t private_key[HF_GROUP_MAX_PRIVATE], client[HF_GROUP_MAX_SHARE],
        server[HF_GROUP_MAX_SHARE], ours[HF_GROUP_MAX_SECRET], theirs[HF_GROUP_MAX_SECRET],
        before[HF_GROUP_MAX_SECRET] = {0};
    for (size_t i = 0; i < GROUPS; i++)
        for (int round = 0; round < 10; round++) {
            const hf_group *g = group(all[i]);
            assert_int_equal(g->generate(p, private_key, client), HF_OK);
            assert_int_equal(g->respond(p, client, server, theirs), HF_OK);
            assert_int_equal(g->finish(private_key, server, ours), HF_OK);
            assert_memory_equal(ours, theirs, g->secret_len);
            assert_memory_not_equal(ours, before, g->secret_len);
            memcpy(before, ours, g->secret_len);
        }
}

/* RFC 8448 section 3: the client's private key and the server's share give the shared secret. */
static void x25519_replays_rfc_8448(void **unused)
{
    (void)unused;
    vectors v = {0};
    const hf_bytes client_private =
        vectors_decode(&v, "49af42ba7f7994852d713ef2784bcbcaa7911de26adc5642cb634540e7ea5005");
    const hf_bytes client_public =
        vectors_decode(&v, "99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c");
    const hf_bytes server_private =
        vectors_decode(&v, "b1580eeadf6dd589b8ef4f2d5652578cc810e9980191ec8d058308cea216a21e");
    const hf_bytes server_public =
        vectors_decode(&v, "c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f");
    const hf_bytes shared =
        vectors_decode(&v, "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
    const hf_group *g = group(0x001d);
    uint8_t private_key[32], share[32], secret[32];

    source s = {client_private, 0};
    hf_provider p = provider_of(&s);
    assert_int_equal(g->generate(&p, private_key, share), HF_OK);
    assert_memory_equal(private_key, client_private.p, 32);
    assert_memory_equal(share, client_public.p, 32);
    assert_int_equal(g->finish(private_key, server_public.p, secret), HF_OK);
    assert_memory_equal(secret, shared.p, 32);

    s = (source){server_private, 0};
    assert_int_equal(g->respond(&p, client_public.p, share, secret), HF_OK);
    assert_memory_equal(share, server_public.p, 32);
    assert_memory_equal(secret, shared.p, 32);
    vectors_forget(&v);
}

/* RFC 5903 section 8.1: P-256. */
static void p256_replays_rfc_5903(void **unused)
{
    (void)unused;
    vectors v = {0};
    const hf_bytes i =
        vectors_decode(&v, "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");
    const hf_bytes gi =
        vectors_decode(&v, "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
                           "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3");
    const hf_bytes r =
        vectors_decode(&v, "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53");
    const hf_bytes shared =
        vectors_decode(&v, "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
    uint8_t private_key[32], share[65], secret[32];
    source s = {i, 0};
    hf_provider p = provider_of(&s);
    assert_int_equal(group(0x0017)->generate(&p, private_key, share), HF_OK);
    assert_memory_equal(private_key, i.p, 32);
    assert_memory_equal(share, gi.p, 65);
    s = (source){r, 0};
    assert_int_equal(group(0x0017)->respond(&p, gi.p, share, secret), HF_OK);
    assert_memory_equal(secret, shared.p, 32);
    vectors_forget(&v);
}

/* Zero and the order itself are drawn again; P-521's surplus bits are cleared. */
static void a_scalar_outside_the_order_is_drawn_again(void **unused)
{
    (void)unused;
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                      0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    uint8_t bytes[3 * 32] = {0}, private_key[66], share[133], wide[66];
    memcpy(bytes + 32, order, 32);
    memset(bytes + 64, 0x11, 32);
    source s = {{bytes, sizeof bytes}, 0};
    hf_provider p = provider_of(&s);
    assert_int_equal(group(0x0017)->generate(&p, private_key, share), HF_OK);
    assert_int_equal(s.draws, 3);
    assert_memory_equal(private_key, bytes + 64, 32);

    memset(wide, 0xab, sizeof wide);
    s = (source){{wide, sizeof wide}, 0};
    assert_int_equal(group(0x0019)->generate(&p, private_key, share), HF_OK);
    assert_int_equal(private_key[0], 0x01);
    assert_int_equal(private_key[1], 0xab);
}

static hf_status all_ones(void *ctx, uint8_t *p, size_t n)
{
    ++*(unsigned *)ctx;
    memset(p, 0xff, n);
    return HF_OK;
}

static void a_broken_source_of_randomness_ends_in_an_error(void **unused)
{
    (void)unused;
    uint8_t private_key[HF_GROUP_MAX_PRIVATE], share[HF_GROUP_MAX_SHARE],
        client[HF_GROUP_MAX_SHARE], secret[HF_GROUP_MAX_SECRET];
    unsigned draws = 0;
    hf_provider p = *hf_provider_default();
    p.random = all_ones;
    p.ctx = &draws;
    for (size_t i = FIRST_CURVE; i < CURVES_END; i++) {
        draws = 0;
        assert_int_equal(group(all[i])->generate(&p, private_key, share), HF_E_RANDOM);
        assert_true(draws > 1 && draws < 100);
    }
    for (size_t i = 0; i < GROUPS; i++) {
        source s = {{NULL, 0}, 0};
        hf_provider empty = provider_of(&s);
        const hf_group *g = group(all[i]);
        assert_int_equal(g->generate(hf_provider_default(), private_key, client), HF_OK);
        assert_int_equal(g->generate(&empty, private_key, share), HF_E_RANDOM);
        assert_int_equal(g->respond(&empty, client, share, secret), HF_E_RANDOM);
    }
    /* the hybrid's second draw fails */
    uint8_t first[64] = {5};
    source s = {{first, 64}, 0};
    hf_provider half = provider_of(&s);
    assert_int_equal(group(0x11ec)->generate(&half, private_key, share), HF_E_RANDOM);
    s = (source){{first, 32}, 0};
    assert_int_equal(group(0x11ec)->generate(hf_provider_default(), private_key, client), HF_OK);
    assert_int_equal(group(0x11ec)->respond(&half, client, share, secret), HF_E_RANDOM);
}

/* The hybrid is its halves, in the order of the draft, drawn in the order of the comment. */
static void the_hybrid_is_its_two_halves(void **unused)
{
    (void)unused;
    uint8_t drawn[96], drawn_server[64], private_key[HF_GROUP_MAX_PRIVATE],
        client[HF_GROUP_MAX_SHARE], server[HF_GROUP_MAX_SHARE], secret[64], ours[64];
    uint8_t ek[HF_MLKEM768_PUBLIC], dk[HF_MLKEM768_PRIVATE], ct[HF_MLKEM768_CIPHERTEXT], kem[32],
        x_private[32], x_client[32], x_server[32], x_secret[32];
    for (size_t i = 0; i < sizeof drawn; i++)
        drawn[i] = (uint8_t)(i + 1);
    for (size_t i = 0; i < sizeof drawn_server; i++)
        drawn_server[i] = (uint8_t)(200 - i);
    const hf_group *g = group(0x11ec), *x = group(0x001d);
    assert_int_equal(g->client_share_len, 1216);
    assert_int_equal(g->server_share_len, 1120);
    assert_int_equal(g->secret_len, 64);

    source s = {{drawn, 96}, 0};
    hf_provider p = provider_of(&s);
    assert_int_equal(g->generate(&p, private_key, client), HF_OK);
    s.left = hf_bytes_of(drawn_server, 64);
    assert_int_equal(g->respond(&p, client, server, secret), HF_OK);

    hf_mlkem_keygen(&hf_mlkem768, drawn, ek, dk);
    assert_true(hf_mlkem_encaps(&hf_mlkem768, ek, drawn_server, ct, kem));
    s.left = hf_bytes_of(drawn + 64, 32);
    assert_int_equal(x->generate(&p, x_private, x_client), HF_OK);
    s.left = hf_bytes_of(drawn_server + 32, 32);
    assert_int_equal(x->respond(&p, x_client, x_server, x_secret), HF_OK);
    assert_memory_equal(client, ek, sizeof ek);
    assert_memory_equal(client + 1184, x_client, 32);
    assert_memory_equal(server, ct, sizeof ct);
    assert_memory_equal(server + 1088, x_server, 32);
    assert_memory_equal(secret, kem, 32);
    assert_memory_equal(secret + 32, x_secret, 32);
    assert_int_equal(g->finish(private_key, server, ours), HF_OK);
    assert_memory_equal(ours, secret, 64);
}

/* The two with a NIST curve: the curve's half comes first in everything, also in what is drawn. */
static void check_curve_first(uint16_t id, uint16_t curve_id, const hf_mlkem_set *set)
{
    const hf_group *g = group(id), *curve = group(curve_id);
    const size_t scalar = curve->private_len, point = curve->client_share_len;
    uint8_t drawn[48 + 64], private_key[HF_GROUP_MAX_PRIVATE], client[HF_GROUP_MAX_SHARE],
        server[HF_GROUP_MAX_SHARE], secret[HF_GROUP_MAX_SECRET], ours[HF_GROUP_MAX_SECRET];
    uint8_t ek[HF_MLKEM1024_PUBLIC], dk[HF_MLKEM1024_PRIVATE], ct[HF_MLKEM1024_CIPHERTEXT], kem[32],
        c_private[48], c_client[97], c_server[97], c_secret[48];
    for (size_t i = 0; i < sizeof drawn; i++)
        drawn[i] = (uint8_t)(i + 1);
    assert_int_equal(g->client_share_len, point + set->public_len);
    assert_int_equal(g->server_share_len, point + set->ciphertext_len);
    assert_int_equal(g->secret_len, curve->secret_len + 32);

    source s = {{drawn, scalar + 64}, 0};
    hf_provider p = provider_of(&s);
    assert_int_equal(g->generate(&p, private_key, client), HF_OK);
    assert_int_equal(s.left.n, 0);
    s.left = hf_bytes_of(drawn + 1, scalar + 32);
    assert_int_equal(g->respond(&p, client, server, secret), HF_OK);
    assert_int_equal(s.left.n, 0);

    hf_mlkem_keygen(set, drawn + scalar, ek, dk);
    assert_true(hf_mlkem_encaps(set, ek, drawn + 1 + scalar, ct, kem));
    s.left = hf_bytes_of(drawn, scalar);
    assert_int_equal(curve->generate(&p, c_private, c_client), HF_OK);
    s.left = hf_bytes_of(drawn + 1, scalar);
    assert_int_equal(curve->respond(&p, c_client, c_server, c_secret), HF_OK);
    assert_memory_equal(client, c_client, point);
    assert_memory_equal(client + point, ek, set->public_len);
    assert_memory_equal(server, c_server, point);
    assert_memory_equal(server + point, ct, set->ciphertext_len);
    assert_memory_equal(secret, c_secret, curve->secret_len);
    assert_memory_equal(secret + curve->secret_len, kem, 32);
    assert_int_equal(g->finish(private_key, server, ours), HF_OK);
    assert_memory_equal(ours, secret, g->secret_len);
}

static void a_hybrid_of_a_nist_curve_has_the_curve_first(void **unused)
{
    (void)unused;
    check_curve_first(0x11eb, 0x0017, &hf_mlkem768);
    check_curve_first(0x11ed, 0x0018, &hf_mlkem1024);
}

/* Either half being wrong refuses the whole, and leaves no secret. */
static void a_hybrid_of_a_nist_curve_refuses_either_half(void **unused)
{
    (void)unused;
    static const uint16_t ids[] = {0x11eb, 0x11ed}, points[] = {65, 97};
    static const uint8_t zeros[HF_GROUP_MAX_SECRET];
    const hf_provider *p = hf_provider_default();
    uint8_t private_key[HF_GROUP_MAX_PRIVATE], client[HF_GROUP_MAX_SHARE],
        server[HF_GROUP_MAX_SHARE], bad[HF_GROUP_MAX_SHARE], secret[HF_GROUP_MAX_SECRET];
    for (size_t i = 0; i < 2; i++) {
        const hf_group *g = group(ids[i]);
        assert_int_equal(g->generate(p, private_key, client), HF_OK);
        assert_int_equal(g->respond(p, client, server, secret), HF_OK);
        memcpy(bad, client, g->client_share_len);
        bad[points[i]] = 0xff;
        bad[points[i] + 1] |= 0x0f; /* ML-KEM's first coefficient is 4095 */
        memset(secret, 1, sizeof secret);
        assert_int_equal(g->respond(p, bad, server, secret), HF_E_BAD_KEY_SHARE);
        assert_memory_equal(secret, zeros, g->secret_len);
        memcpy(bad, client, g->client_share_len);
        bad[points[i] - 1] ^= 1; /* off the curve */
        memset(secret, 1, sizeof secret);
        assert_int_equal(g->respond(p, bad, server, secret), HF_E_BAD_KEY_SHARE);
        assert_memory_equal(secret, zeros, g->secret_len);
        server[points[i] - 1] ^= 1;
        memset(secret, 1, sizeof secret);
        assert_int_equal(g->finish(private_key, server, secret), HF_E_BAD_KEY_SHARE);
        assert_memory_equal(secret, zeros, g->secret_len);
    }
}

/* X25519 points of small order lead to an all-zero secret: RFC 7748 section 6.1. */
static void x25519_refuses_points_of_small_order(void **unused)
{
    (void)unused;
    vectors v = {0};
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    const hf_group *x = group(0x001d), *hybrid = group(0x11ec);
    uint8_t private_key[HF_GROUP_MAX_PRIVATE], share[HF_GROUP_MAX_SHARE],
        client[HF_GROUP_MAX_SHARE], secret[64];
    static const uint8_t zeros[64];
    const hf_provider *p = hf_provider_default();
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        const hf_bytes point = vectors_decode(&v, points[i]);
        assert_int_equal(x->generate(p, private_key, share), HF_OK);
        assert_int_equal(x->respond(p, point.p, share, secret), HF_E_BAD_KEY_SHARE);
        assert_int_equal(x->finish(private_key, point.p, secret), HF_E_BAD_KEY_SHARE);

        assert_int_equal(hybrid->generate(p, private_key, client), HF_OK);
        assert_int_equal(hybrid->respond(p, client, share, secret), HF_OK);
        memcpy(share + 1088, point.p, 32);
        assert_int_equal(hybrid->finish(private_key, share, secret), HF_E_BAD_KEY_SHARE);
        assert_memory_equal(secret, zeros, 64);
        memcpy(client + 1184, point.p, 32);
        memset(secret, 1, 64);
        assert_int_equal(hybrid->respond(p, client, share, secret), HF_E_BAD_KEY_SHARE);
        assert_memory_equal(secret, zeros, 64);
    }
    vectors_forget(&v);
}

static void the_hybrid_refuses_a_key_that_fails_the_modulus_check(void **unused)
{
    (void)unused;
    uint8_t private_key[HF_GROUP_MAX_PRIVATE], client[HF_GROUP_MAX_SHARE],
        server[HF_GROUP_MAX_SHARE], secret[64];
    const hf_group *g = group(0x11ec);
    assert_int_equal(g->generate(hf_provider_default(), private_key, client), HF_OK);
    client[0] = 0xff;
    client[1] |= 0x0f; /* the first coefficient is 4095, above 3328 */
    assert_int_equal(g->respond(hf_provider_default(), client, server, secret), HF_E_BAD_KEY_SHARE);
}

/* A wrong first byte (compressed, hybrid, infinity), a point off the curve, a coordinate not below
 * the prime. */
static void the_nist_groups_refuse_what_is_no_point(void **unused)
{
    (void)unused;
    const hf_provider *p = hf_provider_default();
    uint8_t private_key[66], good[133], bad[133], share[133], secret[66];
    for (size_t i = FIRST_CURVE; i < CURVES_END; i++) {
        const hf_group *g = group(all[i]);
        const size_t n = g->client_share_len, field = (n - 1) / 2;
        assert_int_equal(g->generate(p, private_key, good), HF_OK);
        static const uint8_t firsts[] = {0, 1, 2, 3, 5, 6, 7, 0x84, 0xff};
        for (size_t j = 0; j < sizeof firsts; j++) {
            memcpy(bad, good, n);
            bad[0] = firsts[j];
            assert_int_equal(g->finish(private_key, bad, secret), HF_E_BAD_KEY_SHARE);
            assert_int_equal(g->respond(p, bad, share, secret), HF_E_BAD_KEY_SHARE);
        }
        memcpy(bad, good, n);
        bad[n - 1] ^= 1;
        assert_int_equal(g->finish(private_key, bad, secret), HF_E_BAD_KEY_SHARE);
        memset(bad + 1, 0, n - 1);
        assert_int_equal(g->finish(private_key, bad, secret), HF_E_BAD_KEY_SHARE);
        memcpy(bad, good, n);
        memset(bad + 1, 0xff, field);
        assert_int_equal(g->finish(private_key, bad, secret), HF_E_BAD_KEY_SHARE);
        assert_int_equal(g->finish(private_key, good, secret), HF_OK);
    }
}

/* draft-ietf-tls-mlkem section 4: shares and secret are those of FIPS 203, with nothing beside. */
static void ml_kem_alone_is_that_of_fips_203(void **unused)
{
    (void)unused;
    static uint8_t random[HF_MLKEM_SEED + 32], private_key[HF_GROUP_MAX_PRIVATE],
        expected_private[HF_MLKEM1024_PRIVATE], client[HF_GROUP_MAX_SHARE],
        expected[HF_GROUP_MAX_SHARE], server[HF_GROUP_MAX_SHARE];
    uint8_t ours[HF_GROUP_MAX_SECRET], theirs[HF_GROUP_MAX_SECRET];
    for (size_t i = 0; i < sizeof(random); i++)
        random[i] = (uint8_t)(7 * i + 1);
    source s = {{random, sizeof(random)}, 0};
    const hf_provider p = provider_of(&s);
    const hf_group *g = group(0x0202);

    assert_int_equal(g->generate(&p, private_key, client), HF_OK);
    hf_mlkem_keygen(&hf_mlkem1024, random, expected, expected_private);
    assert_memory_equal(client, expected, HF_MLKEM1024_PUBLIC);
    assert_memory_equal(private_key, expected_private, HF_MLKEM1024_PRIVATE);

    assert_int_equal(g->respond(&p, client, server, theirs), HF_OK);
    assert_true(hf_mlkem_encaps(&hf_mlkem1024, client, random + HF_MLKEM_SEED, expected, ours));
    assert_memory_equal(server, expected, HF_MLKEM1024_CIPHERTEXT);
    assert_memory_equal(theirs, ours, HF_MLKEM_SECRET);

    server[100] ^= 1;
    assert_int_equal(g->finish(private_key, server, ours), HF_OK);
    assert_memory_not_equal(ours, theirs, HF_MLKEM_SECRET);
    s.left = (hf_bytes){random, 32};
    memset(client, 0xff, HF_MLKEM1024_PUBLIC); /* coefficients beyond the modulus */
    assert_int_equal(g->respond(&p, client, server, theirs), HF_E_BAD_KEY_SHARE);
}

static void a_bad_share_leaves_the_error_queue_of_libcrypto_alone(void **unused)
{
    (void)unused;
    uint8_t private_key[HF_GROUP_MAX_PRIVATE] = {1}, secret[HF_GROUP_MAX_SECRET];
    static const uint8_t zeros[HF_GROUP_MAX_SHARE];
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 77);
    for (size_t i = 0; i < CURVED; i++) { /* a ciphertext of ML-KEM is never refused */
        private_key[31] = 1;
        assert_int_equal(group(all[i])->finish(private_key, zeros, secret), HF_E_BAD_KEY_SHARE);
    }
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 77);
    assert_int_equal(ERR_get_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_order_is_the_documented_one),
        cmocka_unit_test(both_sides_agree),
        cmocka_unit_test(x25519_replays_rfc_8448),
        cmocka_unit_test(p256_replays_rfc_5903),
        cmocka_unit_test(a_scalar_outside_the_order_is_drawn_again),
        cmocka_unit_test(a_broken_source_of_randomness_ends_in_an_error),
        cmocka_unit_test(the_hybrid_is_its_two_halves),
        cmocka_unit_test(a_hybrid_of_a_nist_curve_has_the_curve_first),
        cmocka_unit_test(a_hybrid_of_a_nist_curve_refuses_either_half),
        cmocka_unit_test(x25519_refuses_points_of_small_order),
        cmocka_unit_test(the_hybrid_refuses_a_key_that_fails_the_modulus_check),
        cmocka_unit_test(the_nist_groups_refuse_what_is_no_point),
        cmocka_unit_test(ml_kem_alone_is_that_of_fips_203),
        cmocka_unit_test(a_bad_share_leaves_the_error_queue_of_libcrypto_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
