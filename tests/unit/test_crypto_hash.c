/* test_crypto_hash.c: the hashes, HMAC, HKDF and HKDF-Expand-Label by published answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "crypto/hkdf.h"
#include "crypto/lookup.h"
#include "support/vectors.h"

static const hf_hash *hash_of(uint8_t id)
{
    const hf_hash *hash = hf_hash_find(hf_provider_default(), id);
    assert_non_null(hash);
    return hash;
}

static void expect(vectors *v, const uint8_t *got, const char *hex)
{
    const hf_bytes right = vectors_decode(v, hex);
    assert_memory_equal(got, right.p, right.n);
}

/* FIPS 180-4's examples for "abc". */
static void hashes_of_abc_are_the_published_ones(void **unused)
{
    (void)unused;
    static const char *const right[] = {
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
        "8086072ba1e7cc2358baeca134c825a7",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    };
    vectors v = {0};
    const hf_bytes abc = hf_bytes_text("abc");
    uint8_t digest[HF_HASH_MAX_DIGEST];
    for (uint8_t id = 4; id <= 6; id++) {
        const hf_hash *hash = hash_of(id);
        assert_int_equal(strlen(right[id - 4]), 2U * hash->digest_len);
        hf_hash_of(hash, &abc, 1, digest);
        expect(&v, digest, right[id - 4]);
    }
    vectors_forget(&v);
}

static void a_copied_state_goes_on_by_itself(void **unused)
{
    (void)unused;
    uint8_t text[300], whole[64], copied[64], part[64];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)i;
    for (uint8_t id = 4; id <= 6; id++) {
        const hf_hash *hash = hash_of(id);
        for (size_t cut = 0; cut <= sizeof text; cut += 37) {
            const hf_bytes all = hf_bytes_of(text, sizeof text), head = hf_bytes_of(text, cut);
            hf_hash_state s, copy;
            hash->init(&s);
            hash->update(&s, text, cut);
            copy = s;
            hash->final(&copy, copied);
            hash->update(&s, text + cut, sizeof text - cut);
            hash->final(&s, whole);
            hf_hash_of(hash, &head, 1, part);
            assert_memory_equal(copied, part, hash->digest_len);
            hf_hash_of(hash, &all, 1, part);
            assert_memory_equal(whole, part, hash->digest_len);
        }
    }
}

static void final_leaves_nothing_in_the_state(void **unused)
{
    (void)unused;
    static const uint8_t secret[] = "a secret that must not stay behind, longer than a block of "
                                    "SHA-256 and shorter than two of SHA-512";
    uint8_t digest[64];
    for (uint8_t id = 4; id <= 6; id++) {
        const hf_hash *hash = hash_of(id);
        hf_hash_state s;
        memset(&s, 0, sizeof s);
        hash->init(&s);
        hash->update(&s, secret, sizeof secret);
        hash->final(&s, digest);
        for (size_t i = 0; i < sizeof s.bytes; i++)
            assert_int_equal(s.bytes[i], 0);
    }
}

/* RFC 4231 section 4.7: a key longer than a block. */
static void hmac_hashes_a_long_key(void **unused)
{
    (void)unused;
    vectors v = {0};
    uint8_t key[131], mac[64];
    memset(key, 0xaa, sizeof key);
    const hf_bytes pieces[] = {hf_bytes_text("Test Using Larger Than Block-Size Key"),
                               {NULL, 0},
                               hf_bytes_text(" - Hash Key First")};
    hf_hmac_key k;
    hf_hmac_key_init(&k, hash_of(4), hf_bytes_of(key, sizeof key));
    hf_hmac(&k, pieces, 3, mac);
    expect(&v, mac, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    hf_hmac_key_init(&k, hash_of(5), hf_bytes_of(key, sizeof key));
    hf_hmac(&k, pieces, 3, mac);
    expect(&v, mac,
           "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
           "0c2ef6ab4030fe8296248df163f44952");
    vectors_forget(&v);
}

/* RFC 5869 appendix A, the three cases of SHA-256. */
static void hkdf_gives_the_answers_of_rfc_5869(void **unused)
{
    (void)unused;
    static const struct {
        const char *ikm, *salt, *info, *prk, *okm;
    } cases[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
         "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
         "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
         "404142434445464748494a4b4c4d4e4f",
         "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
         "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
         "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
         "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
         "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
         "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
         "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
         "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
         "cc30c58179ec3e87c14c01d5c1f3434f1d87"},
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
         "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    vectors v = {0};
    uint8_t prk[64], okm[100];
    for (size_t i = 0; i < 3; i++) {
        hf_hmac_key k;
        hf_hkdf_extract(hash_of(4), vectors_decode(&v, cases[i].salt),
                        vectors_decode(&v, cases[i].ikm), prk);
        expect(&v, prk, cases[i].prk);
        hf_hmac_key_init(&k, hash_of(4), hf_bytes_of(prk, 32));
        hf_hkdf_expand(&k, vectors_decode(&v, cases[i].info), okm, strlen(cases[i].okm) / 2);
        expect(&v, okm, cases[i].okm);
    }
    vectors_forget(&v);
}

/* RFC 8448 section 3: the early secret, the derived secret, and a record key and IV. */
static void expand_label_gives_the_keys_of_rfc_8448(void **unused)
{
    (void)unused;
    vectors v = {0};
    static const uint8_t zeros[32];
    uint8_t secret[32], out[32], empty_hash[32];
    hf_hmac_key k;
    hf_hash_of(hash_of(4), NULL, 0, empty_hash);
    hf_hkdf_extract(hash_of(4), hf_bytes_of(NULL, 0), hf_bytes_of(zeros, 32), secret);
    expect(&v, secret, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
    hf_hmac_key_init(&k, hash_of(4), hf_bytes_of(secret, 32));
    hf_hkdf_expand_label(&k, "derived", hf_bytes_of(empty_hash, 32), out, 32);
    expect(&v, out, "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");

    /* server handshake traffic secret -> key, iv, finished */
    hf_hmac_key_init(
        &k, hash_of(4),
        vectors_decode(&v, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"));
    hf_hkdf_expand_label(&k, "key", hf_bytes_of(NULL, 0), out, 16);
    expect(&v, out, "3fce516009c21727d0f2e4e86ee403bc");
    hf_hkdf_expand_label(&k, "iv", hf_bytes_of(NULL, 0), out, 12);
    expect(&v, out, "5d313eb2671276ee13000b30");
    hf_hkdf_expand_label(&k, "finished", hf_bytes_of(NULL, 0), out, 32);
    expect(&v, out, "008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8");
    vectors_forget(&v);
}

/* The longest label and context that the wire form has room for, against HKDF-Expand itself. */
static void expand_label_takes_the_longest_label_and_context(void **unused)
{
    (void)unused;
    char label[250];
    uint8_t context[255], info[2 + 1 + 255 + 1 + 255], right[255 * 32], got[255 * 32];
    memset(label, 'l', 249);
    label[249] = '\0';
    memset(context, 0xc0, sizeof context);
    const size_t n = sizeof got;
    hf_hmac_key k;
    hf_hmac_key_init(&k, hash_of(4), hf_bytes_text("key"));
    info[0] = (uint8_t)(n >> 8);
    info[1] = (uint8_t)n;
    info[2] = 255;
    memcpy(info + 3, "tls13 ", 6);
    memcpy(info + 9, label, 249);
    info[258] = 255;
    memcpy(info + 259, context, 255);
    hf_hkdf_expand(&k, hf_bytes_of(info, sizeof info), right, n);
    hf_hkdf_expand_label(&k, label, hf_bytes_of(context, 255), got, n);
    assert_memory_equal(got, right, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_of_abc_are_the_published_ones),
        cmocka_unit_test(a_copied_state_goes_on_by_itself),
        cmocka_unit_test(final_leaves_nothing_in_the_state),
        cmocka_unit_test(hmac_hashes_a_long_key),
        cmocka_unit_test(hkdf_gives_the_answers_of_rfc_5869),
        cmocka_unit_test(expand_label_gives_the_keys_of_rfc_8448),
        cmocka_unit_test(expand_label_takes_the_longest_label_and_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
