/* key_pbes2.c: encrypted private keys: PBES2 of RFC 8018 with PBKDF2 or scrypt (RFC 7914).
 *
 * The parameters come from the file, so their cost is bounded before anything is computed. The
 * older PBES1 and PKCS#12 ways (DES, RC2, MD5) are refused by name.
 */
#include "crypto/key_private.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "base/der_write.h"
#include "base/error.h"

#include <openssl/rand.h>
#include <string.h>

enum {
    MAX_ITERATIONS = 10000000, /* some seconds */
    OWN_ITERATIONS = 600000,   /* what is written: a guess costs about 0.1 s */
    SALT_LEN = 16,
    MAX_SALT = 1024,
    MAX_PASSWORD = 1 << 20,
    MAX_CIPHER_KEY = 32,
    IV_LEN = 16,
};
#define MAX_SCRYPT_MEMORY (UINT64_C(256) << 20)
#define MAX_SCRYPT_WORK   (UINT64_C(1) << 24) /* N * r * p: blocks of 128 bytes mixed, twice */

#define OCTETS(text)                                                                               \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PKCS5        "\x2a\x86\x48\x86\xf7\x0d\x01\x05"
#define RSADSI       "\x2a\x86\x48\x86\xf7\x0d"
#define NIST_AES     "\x60\x86\x48\x01\x65\x03\x04\x01"

static const hf_bytes oid_pbes2 = OCTETS(PKCS5 "\x0d");
static const hf_bytes oid_pbkdf2 = OCTETS(PKCS5 "\x0c");
static const hf_bytes oid_scrypt = OCTETS("\x2b\x06\x01\x04\x01\xda\x47\x04\x0b");
static const hf_bytes oid_hmac_sha256 = OCTETS(RSADSI "\x02\x09");
static const hf_bytes oid_aes_256_cbc = OCTETS(NIST_AES "\x2a");

static const struct prf {
    hf_bytes oid;
    const EVP_MD *(*md)(void);
} prfs[] = {
    {OCTETS(RSADSI "\x02\x09"), EVP_sha256}, {OCTETS(RSADSI "\x02\x07"), EVP_sha1},
    {OCTETS(RSADSI "\x02\x08"), EVP_sha224}, {OCTETS(RSADSI "\x02\x0a"), EVP_sha384},
    {OCTETS(RSADSI "\x02\x0b"), EVP_sha512},
};

static const struct cipher {
    hf_bytes oid;
    const EVP_CIPHER *(*cipher)(void);
    uint8_t key_len, iv_len;
} ciphers[] = {
    {OCTETS(NIST_AES "\x2a"), EVP_aes_256_cbc, 32, 16},
    {OCTETS(NIST_AES "\x16"), EVP_aes_192_cbc, 24, 16},
    {OCTETS(NIST_AES "\x02"), EVP_aes_128_cbc, 16, 16},
    {OCTETS(RSADSI "\x03\x07"), EVP_des_ede3_cbc, 24, 8},
};

/* The parameters of one encryption. */
typedef struct pbes2 {
    bool scrypt;
    hf_bytes salt, iv, data;
    uint32_t iterations; /* PBKDF2 */
    const EVP_MD *(*md)(void);
    uint64_t cost, block_size, parallel; /* scrypt: N, r, p */
    uint32_t key_len;                    /* 0 when not given */
    const struct cipher *cipher;
} pbes2;

/* ---- reading the parameters ---- */

static void read_pbkdf2(hf_reader *r, pbes2 *p)
{
    hf_reader in, prf;
    p->md = EVP_sha1; /* the default of RFC 8018 section A.2 */
    hf_der_enter(r, &in, HF_DER_SEQUENCE, "PBKDF2-params");
    p->salt = hf_der_value(&in, HF_DER_OCTET_STRING, "salt");
    p->iterations = hf_der_small(&in, "iterationCount");
    if (hf_der_peek(&in) == HF_DER_INTEGER)
        p->key_len = hf_der_small(&in, "keyLength");
    if (hf_der_peek(&in) == HF_DER_SEQUENCE) {
        p->md = NULL;
        hf_der_enter(&in, &prf, HF_DER_SEQUENCE, "prf");
        hf_bytes oid = hf_der_value(&prf, HF_DER_OID, "algorithm");
        for (size_t i = 0; i < COUNT(prfs); i++)
            if (hf_bytes_equal(prfs[i].oid, oid))
                p->md = prfs[i].md;
        if (hf_reader_more(&prf))
            hf_der_value(&prf, HF_DER_NULL, "parameters");
        hf_reader_done(&prf);
    }
    hf_reader_done(&in);
}

static void read_scrypt(hf_reader *r, pbes2 *p)
{
    hf_reader in;
    p->scrypt = true;
    hf_der_enter(r, &in, HF_DER_SEQUENCE, "scrypt-params");
    p->salt = hf_der_value(&in, HF_DER_OCTET_STRING, "salt");
    p->cost = hf_der_small(&in, "costParameter");
    p->block_size = hf_der_small(&in, "blockSize");
    p->parallel = hf_der_small(&in, "parallelizationParameter");
    if (hf_reader_more(&in))
        p->key_len = hf_der_small(&in, "keyLength");
    hf_reader_done(&in);
}

/* False when the algorithm is not known; a wrong form fails the reader. */
static bool read_params(hf_reader *algorithm, pbes2 *p)
{
    hf_reader params, kdf, cipher;
    if (!hf_bytes_equal(hf_der_value(algorithm, HF_DER_OID, "encryptionAlgorithm"), oid_pbes2)) {
        while (hf_reader_more(algorithm))
            hf_der_any(algorithm, NULL, "parameters");
        return false;
    }
    hf_der_enter(algorithm, &params, HF_DER_SEQUENCE, "PBES2-params");
    hf_der_enter(&params, &kdf, HF_DER_SEQUENCE, "keyDerivationFunc");
    hf_bytes oid = hf_der_value(&kdf, HF_DER_OID, "algorithm");
    bool known = true;
    if (hf_bytes_equal(oid, oid_pbkdf2))
        read_pbkdf2(&kdf, p);
    else if (hf_bytes_equal(oid, oid_scrypt))
        read_scrypt(&kdf, p);
    else
        known = false;
    while (!known && hf_reader_more(&kdf))
        hf_der_any(&kdf, NULL, "parameters");
    hf_reader_done(&kdf);

    hf_der_enter(&params, &cipher, HF_DER_SEQUENCE, "encryptionScheme");
    oid = hf_der_value(&cipher, HF_DER_OID, "algorithm");
    for (size_t i = 0; i < COUNT(ciphers); i++)
        if (hf_bytes_equal(ciphers[i].oid, oid))
            p->cipher = &ciphers[i];
    if (p->cipher != NULL)
        p->iv = hf_der_value(&cipher, HF_DER_OCTET_STRING, "iv");
    while (p->cipher == NULL && hf_reader_more(&cipher))
        hf_der_any(&cipher, NULL, "parameters");
    hf_reader_done(&cipher);
    hf_reader_done(&params);
    return known && p->cipher != NULL && (p->scrypt || p->md != NULL);
}

static hf_status judge(const pbes2 *p, hf_error *e)
{
    if (p->iv.n != p->cipher->iv_len || (p->key_len != 0 && p->key_len != p->cipher->key_len) ||
        p->data.n == 0)
        return hf_fail(e, HF_E_KEY_MALFORMED, "encryptionScheme",
                       "an iv and a key length that fit the cipher", "others");
    if (p->salt.n > MAX_SALT)
        return hf_fail(e, HF_E_KEY_MALFORMED, "salt", "at most 1024 bytes", "%zu", p->salt.n);
    if (!p->scrypt)
        return p->iterations >= 1 && p->iterations <= MAX_ITERATIONS
                   ? HF_OK
                   : hf_fail(e, HF_E_KEY_UNSUPPORTED, "iterationCount", "1 to 10,000,000", "%u",
                             p->iterations);
    /* each below 2^31, so that two of them multiply without overflow; the third is checked first */
    bool bounded = p->cost >= 2 && (p->cost & (p->cost - 1)) == 0 && p->block_size >= 1 &&
                   p->parallel >= 1 && p->parallel <= 64 && p->block_size <= 1024 &&
                   p->cost * p->block_size * 128 <= MAX_SCRYPT_MEMORY &&
                   p->cost * p->block_size * p->parallel <= MAX_SCRYPT_WORK;
    return bounded ? HF_OK
                   : hf_fail(e, HF_E_KEY_UNSUPPORTED, "scrypt-params",
                             "parameters that cost at most 256 MiB", "N %u, r %u, p %u",
                             (unsigned)p->cost, (unsigned)p->block_size, (unsigned)p->parallel);
}

/* ---- the computation ---- */

static bool derive(const pbes2 *p, const char *password, uint8_t *key)
{
    size_t password_len = strlen(password);
    if (p->scrypt)
        return EVP_PBE_scrypt(password, password_len, p->salt.p, p->salt.n, p->cost, p->block_size,
                              p->parallel, 2 * MAX_SCRYPT_MEMORY, key, p->cipher->key_len) == 1;
    return PKCS5_PBKDF2_HMAC(password, (int)password_len, p->salt.p, (int)p->salt.n,
                             (int)p->iterations, p->md(), p->cipher->key_len, key) == 1;
}

/* CBC with PKCS#7 padding, either way. False on wrong padding and when memory ran out. */
static bool run_cipher(const pbes2 *p, const uint8_t *key, int encrypt, uint8_t *out, size_t *n)
{
    int first = 0, last = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx != NULL &&
              EVP_CipherInit_ex(ctx, p->cipher->cipher(), NULL, key, p->iv.p, encrypt) == 1 &&
              EVP_CipherUpdate(ctx, out, &first, p->data.p, (int)p->data.n) == 1 &&
              EVP_CipherFinal_ex(ctx, out + first, &last) == 1;
    EVP_CIPHER_CTX_free(ctx);
    *n = ok ? (size_t)first + (size_t)last : 0;
    return ok;
}

hf_status hf_pbes2_decrypt(hf_bytes der, const char *password, uint8_t *out, size_t *n, hf_error *e)
{
    hf_reader r, in, algorithm;
    pbes2 p = {0};
    hf_reader_init(&r, der, NULL);
    hf_der_enter(&r, &in, HF_DER_SEQUENCE, "EncryptedPrivateKeyInfo");
    hf_der_enter(&in, &algorithm, HF_DER_SEQUENCE, "encryptionAlgorithm");
    bool known = read_params(&algorithm, &p);
    hf_reader_done(&algorithm);
    p.data = hf_der_value(&in, HF_DER_OCTET_STRING, "encryptedData");
    hf_reader_done(&in);
    if (!hf_reader_done(&r))
        return hf_der_status(&r, HF_E_KEY_MALFORMED, e);
    if (!known)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, "encryptionAlgorithm",
                       "PBES2 with PBKDF2 or scrypt and AES-CBC (openssl pkcs8 -topk8 makes it)",
                       "another way of encryption");
    hf_status status = judge(&p, e);
    if (status != HF_OK)
        return status;
    if (password == NULL)
        return hf_fail(e, HF_E_KEY_PASSWORD, NULL, "a password", "none");
    if (strlen(password) > MAX_PASSWORD)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "password", "at most 1 MiB", NULL);

    uint8_t key[MAX_CIPHER_KEY];
    ERR_set_mark();
    bool derived = derive(&p, password, key);
    bool right = derived && run_cipher(&p, key, 0, out, n);
    ERR_pop_to_mark();
    hf_wipe(key, sizeof key);
    if (!derived)
        return hf_fail(e, HF_E_CRYPTO, "keyDerivationFunc", NULL, NULL);
    /* one wrong password in 256 leaves valid padding; then what came out is no key */
    if (!right || hf_der_shape_of(hf_bytes_of(out, *n)) != HF_SHAPE_PKCS8)
        return hf_fail(e, HF_E_KEY_PASSWORD, NULL, "the password that the key was encrypted with",
                       "another");
    return HF_OK;
}

/* ---- writing ---- */

static void write_params(hf_writer *w, const pbes2 *p)
{
    size_t algorithm = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OID, oid_pbes2);
    size_t params = hf_der_open(w, HF_DER_SEQUENCE);

    size_t kdf = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OID, oid_pbkdf2);
    size_t pbkdf2 = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OCTET_STRING, p->salt);
    hf_der_write_small(w, p->iterations);
    size_t prf = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OID, oid_hmac_sha256);
    hf_der_write_null(w);
    hf_der_close(w, prf);
    hf_der_close(w, pbkdf2);
    hf_der_close(w, kdf);

    size_t cipher = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OID, oid_aes_256_cbc);
    hf_der_write(w, HF_DER_OCTET_STRING, p->iv);
    hf_der_close(w, cipher);

    hf_der_close(w, params);
    hf_der_close(w, algorithm);
}

hf_status hf_pbes2_encrypt(hf_bytes private_key_info, const char *password, hf_writer *w)
{
    uint8_t salt[SALT_LEN], iv[IV_LEN], key[MAX_CIPHER_KEY];
    uint8_t encrypted[HF_PRIVATE_ROOM + IV_LEN];
    size_t n = 0;
    if (strlen(password) > MAX_PASSWORD || private_key_info.n > HF_PRIVATE_ROOM)
        return HF_E_BAD_ARGUMENT;
    const pbes2 p = {
        .salt = hf_bytes_of(salt, sizeof salt),
        .iv = hf_bytes_of(iv, sizeof iv),
        .data = private_key_info,
        .iterations = OWN_ITERATIONS,
        .md = EVP_sha256,
        .cipher = &ciphers[0],
    };
    ERR_set_mark();
    hf_status status = HF_OK;
    if (RAND_bytes(salt, sizeof salt) != 1 || RAND_bytes(iv, sizeof iv) != 1)
        status = HF_E_RANDOM;
    else if (!derive(&p, password, key) || !run_cipher(&p, key, 1, encrypted, &n))
        status = HF_E_OUT_OF_MEMORY;
    ERR_pop_to_mark();
    hf_wipe(key, sizeof key);
    if (status != HF_OK)
        return status;

    size_t info = hf_der_open(w, HF_DER_SEQUENCE);
    write_params(w, &p);
    hf_der_write(w, HF_DER_OCTET_STRING, hf_bytes_of(encrypted, n));
    hf_der_close(w, info);
    return HF_OK;
}
