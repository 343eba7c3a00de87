/* test_io_files.c: keys, identities and trust from files, and the system's trust. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"
#include "support/fail_alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char *certificate, *key_text, *other_key_text, *encrypted_key_text; /* PEM */

static const char *path_of(const char *name)
{
    static char path[4][200];
    static int turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
    return p;
}

static const char *write_file(const char *name, const void *p, size_t n)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(p, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char *write_text(const char *name, const char *a, const char *b)
{
    char text[20000];
    snprintf(text, sizeof(text), "%s%s", a, b);
    return write_file(name, text, strlen(text));
}

static void forget_environment(void)
{
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
}

static int make_material(void **state)
{
    (void)state;
    static const char *const names[] = {"localhost", NULL};
    hf_cert_template t = {.subject = "CN=localhost",
                          .names = names,
                          .not_before_s = (int64_t)time(NULL) - 60,
                          .not_after_s = (int64_t)time(NULL) + 3600,
                          .path_len = -1,
                          .server = true};
    hf_key *key, *other;
    hf_bytes der;
    forget_environment();
    strcpy(folder, "/tmp/handfast-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &key, NULL), HF_OK);
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &other, NULL), HF_OK);
    assert_int_equal(hf_cert_issue(&t, hf_key_public(key), NULL, key, &der, NULL), HF_OK);
    certificate = hf_pem_write(der, "CERTIFICATE");
    assert_int_equal(hf_key_write_pem(key, NULL, &key_text, NULL), HF_OK);
    assert_int_equal(hf_key_write_pem(other, NULL, &other_key_text, NULL), HF_OK);
    assert_int_equal(hf_key_write_pem(key, "secret", &encrypted_key_text, NULL), HF_OK);
    hf_key_free(key);
    hf_key_free(other);
    hf_der_free(der);
    return 0;
}

static int remove_material(void **state)
{
    (void)state;
    char command[200];
    hf_text_free(certificate);
    hf_text_free(key_text);
    hf_text_free(other_key_text);
    hf_text_free(encrypted_key_text);
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command) != 0;
}

/* ---- whole files ---- */

static void reads_files_of_every_size(void **state)
{
    (void)state;
    static uint8_t data[100000];
    static const size_t sizes[] = {0, 1, 16383, 16384, 16385, 32768, 65536, 100000};
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        hf_bytes file;
        hf_error e;
        assert_int_equal(hf_io_file_read(write_file("sized", data, sizes[i]), &file, &e), HF_OK);
        assert_int_equal(file.n, sizes[i]);
        assert_true(sizes[i] == 0 || memcmp(file.p, data, sizes[i]) == 0);
        hf_io_file_free(file);
    }
}

static void a_file_of_more_than_16_mib_is_refused(void **state)
{
    (void)state;
    hf_bytes file;
    hf_error e;
    const char *path = path_of("large");
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, 16 * 1024 * 1024), 0);
    assert_int_equal(hf_io_file_read(path, &file, &e), HF_OK);
    assert_int_equal(file.n, 16 * 1024 * 1024);
    hf_io_file_free(file);
    assert_int_equal(ftruncate(fd, 16 * 1024 * 1024 + 1), 0);
    assert_int_equal(hf_io_file_read(path, &file, &e), HF_E_FILE);
    assert_non_null(strstr(e.got, "16 MiB"));
    assert_null(file.p);
    close(fd);
    assert_int_equal(hf_io_file_read("/dev/zero", &file, &e), HF_E_FILE); /* without an end */
    unlink(path);
}

static void a_file_that_cannot_be_read_is_named_with_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *path, *got;
    } bad[] = {
        {NULL, "no file name"},
        {"", "no file name"},
        {"/no/such/file", "No such file"},
        {"/tmp", "directory"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        hf_key *key = (hf_key *)folder;
        hf_identity *identity = (hf_identity *)folder;
        hf_error e;
        assert_int_equal(hf_key_read_file(bad[i].path, NULL, &key, &e), HF_E_FILE);
        assert_null(key);
        assert_string_equal(e.subject, bad[i].path != NULL ? bad[i].path : "");
        assert_non_null(strstr(e.got, bad[i].got));
        assert_int_equal(hf_identity_read_files(bad[i].path, NULL, NULL, &identity, &e), HF_E_FILE);
        assert_null(identity);
        assert_int_equal(hf_identity_read_files(bad[i].path, NULL, NULL, &identity, NULL),
                         HF_E_FILE);
    }
}

static void reads_a_pipe(void **state)
{
    (void)state;
    int ends[2];
    char path[40];
    hf_bytes file;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "through a pipe", 14), 14);
    close(ends[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    assert_int_equal(hf_io_file_read(path, &file, NULL), HF_OK);
    assert_int_equal(file.n, 14);
    hf_io_file_free(file);
    close(ends[0]);
}

/* ---- keys and identities ---- */

static void reads_an_identity_from_two_files_and_from_one(void **state)
{
    (void)state;
    hf_identity *identity;
    hf_error e;
    const char *cert = write_text("cert.pem", certificate, "");
    const char *key = write_text("key.pem", key_text, "");
    const char *both = write_text("both.pem", key_text, certificate);
    assert_int_equal(hf_identity_read_files(cert, key, NULL, &identity, &e), HF_OK);
    assert_non_null(hf_identity_cert(identity, 0));
    assert_null(hf_identity_cert(identity, 1));
    hf_identity_free(identity);
    assert_int_equal(hf_identity_read_files(both, NULL, NULL, &identity, &e), HF_OK);
    hf_identity_free(identity);
    const char *encrypted = write_text("encrypted.pem", encrypted_key_text, "");
    assert_int_equal(hf_identity_read_files(cert, encrypted, "secret", &identity, &e), HF_OK);
    hf_identity_free(identity);
}

/* ---- PKCS#12 ---- */

/* Root, intermediate and leaf in an archive, the others of the leaf in the wrong order. */
static const char *write_archive(hf_key *keys[3])
{
    static const char *const subjects[] = {"CN=root", "CN=middle", "CN=leaf"};
    hf_bytes der[3] = {{NULL, 0}};
    hf_cert cert[3];
    X509 *theirs[3];
    unsigned char *archive = NULL;
    for (int i = 0; i < 3; i++) {
        hf_cert_template t = {.subject = subjects[i],
                              .not_before_s = (int64_t)time(NULL) - 60,
                              .not_after_s = (int64_t)time(NULL) + 3600,
                              .ca = i < 2,
                              .path_len = -1};
        assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &keys[i], NULL), HF_OK);
        assert_int_equal(hf_cert_issue(&t, hf_key_public(keys[i]), i == 0 ? NULL : &cert[i - 1],
                                       keys[i == 0 ? 0 : i - 1], &der[i], NULL),
                         HF_OK);
        assert_int_equal(hf_cert_parse(der[i], &cert[i], NULL), HF_OK);
        const unsigned char *p = der[i].p;
        theirs[i] = d2i_X509(NULL, &p, (long)der[i].n);
        assert_non_null(theirs[i]);
    }
    char *pem = NULL;
    assert_int_equal(hf_key_write_pem(keys[2], NULL, &pem, NULL), HF_OK);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    STACK_OF(X509) *others = sk_X509_new_null();
    sk_X509_push(others, theirs[0]);
    sk_X509_push(others, theirs[1]);
    PKCS12 *p12 = PKCS12_create("secret", "it", pkey, theirs[2], others, 0, 0, 1, 1, 0);
    int n = i2d_PKCS12(p12, &archive);
    assert_true(n > 0);
    const char *path = write_file("it.p12", archive, (size_t)n);
    OPENSSL_free(archive);
    PKCS12_free(p12);
    sk_X509_free(others);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    hf_text_free(pem);
    for (int i = 0; i < 3; i++) {
        X509_free(theirs[i]);
        hf_der_free(der[i]);
    }
    return path;
}

static hf_status read_archive(void *ctx)
{
    hf_identity *identity = NULL;
    hf_error e;
    hf_status status = hf_identity_read_files(ctx, NULL, "secret", &identity, &e);
    hf_identity_free(identity);
    return status;
}

static void reads_an_archive_in_the_order_in_which_it_is_sent(void **state)
{
    (void)state;
    hf_key *keys[3];
    hf_identity *identity;
    hf_error e;
    char subject[40];
    static const char *const expected[] = {"CN=leaf", "CN=middle", "CN=root"};
    const char *path = write_archive(keys);
    assert_int_equal(hf_identity_read_files(path, NULL, "secret", &identity, &e), HF_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(hf_identity_cert(identity, i));
        hf_name_text(hf_identity_cert(identity, i)->subject, subject, sizeof(subject));
        assert_string_equal(subject, expected[i]);
    }
    assert_null(hf_identity_cert(identity, 3));
    hf_identity_free(identity);
    assert_int_equal(hf_identity_read_files(path, path, "secret", &identity, &e), HF_OK);
    hf_identity_free(identity);
    assert_int_equal(hf_identity_read_files(path, NULL, "wrong", &identity, &e), HF_E_KEY_PASSWORD);
    assert_non_null(strstr(e.subject, "it.p12"));
    assert_int_equal(hf_identity_read_files(path, NULL, NULL, &identity, &e), HF_E_KEY_PASSWORD);
    const char *other = write_text("other.pem", other_key_text, "");
    assert_int_equal(hf_identity_read_files(path, other, "secret", &identity, &e),
                     HF_E_KEY_MISMATCH);
    assert_true(hf_test_each_alloc_fails(read_archive, (void *)(uintptr_t)path) > 0);
    for (int i = 0; i < 3; i++)
        hf_key_free(keys[i]);
}

static void what_is_stapled_comes_from_files(void **state)
{
    (void)state;
    static const uint8_t ocsp[] = {0x30, 0x07, 0x0a, 0x01, 0x00, 0xa0, 0x02, 0x05, 0x00};
    static const uint8_t scts[] = {0, 3, 0, 1, 9};
    hf_identity *identity;
    hf_error e;
    const char *both = write_text("both.pem", key_text, certificate);
    assert_int_equal(hf_identity_read_files(both, NULL, NULL, &identity, &e), HF_OK);
    const char *good = write_file("good.der", ocsp, sizeof ocsp);
    const char *list = write_file("good.scts", scts, sizeof scts);
    assert_int_equal(hf_identity_set_ocsp_file(identity, good, &e), HF_OK);
    assert_int_equal(hf_identity_set_scts_file(identity, list, &e), HF_OK);
    assert_int_equal(hf_identity_set_ocsp_file(identity, list, &e), HF_E_STAPLE_MALFORMED);
    assert_non_null(strstr(e.subject, list));
    assert_int_equal(hf_identity_set_scts_file(identity, good, &e), HF_E_STAPLE_MALFORMED);
    assert_non_null(strstr(e.subject, good));
    assert_int_equal(hf_identity_set_ocsp_file(identity, "no/such/file", &e), HF_E_FILE);
    assert_non_null(strstr(e.subject, "no/such/file"));
    hf_identity_free(identity);
}

static void an_error_in_a_file_names_the_file(void **state)
{
    (void)state;
    hf_identity *identity;
    hf_key *key;
    hf_error e;
    const char *cert = write_text("cert.pem", certificate, "");
    const char *wrong = write_text("wrong.pem", other_key_text, "");
    assert_int_equal(hf_identity_read_files(cert, wrong, NULL, &identity, &e), HF_E_KEY_MISMATCH);
    assert_non_null(strstr(e.subject, cert));
    assert_null(identity);
    assert_int_equal(hf_identity_read_files(cert, NULL, NULL, &identity, &e),
                     HF_E_KEY_MALFORMED); /* the file has no key */
    assert_non_null(strstr(e.subject, cert));
    const char *encrypted = write_text("encrypted.pem", encrypted_key_text, "");
    assert_int_equal(hf_key_read_file(encrypted, NULL, &key, &e), HF_E_KEY_PASSWORD);
    assert_non_null(strstr(e.subject, encrypted));
    assert_int_equal(hf_key_read_file(encrypted, "guess", &key, &e), HF_E_KEY_PASSWORD);
    const char *empty = write_file("empty", "", 0);
    assert_true(hf_key_read_file(empty, NULL, &key, &e) < 0);
    assert_non_null(strstr(e.subject, empty));
    assert_null(key);
    const char *broken = write_text("broken.pem", "-----BEGIN PRIVATE KEY-----\n!!!!\n", "");
    assert_true(hf_key_read_file(broken, NULL, &key, &e) < 0);
    assert_non_null(strstr(e.subject, broken));
    const char *key_only = write_text("key.pem", key_text, "");
    assert_true(hf_identity_read_files(key_only, key_only, NULL, &identity, &e) < 0);
    assert_non_null(strstr(e.subject, key_only));
}

/* ---- trust ---- */

static void a_store_takes_certificates_from_a_file(void **state)
{
    (void)state;
    hf_store *store;
    hf_error e;
    size_t added = 99;
    assert_int_equal(hf_store_new(&store), HF_OK);
    const char *cert = write_text("cert.pem", certificate, "");
    assert_int_equal(hf_store_add_file(store, cert, &added, &e), HF_OK);
    assert_int_equal(added, 1);
    const char *none = write_text("key.pem", key_text, "");
    assert_int_equal(hf_store_add_file(store, none, &added, &e), HF_E_PEM_NOTHING_FOUND);
    assert_int_equal(added, 0);
    assert_non_null(strstr(e.subject, none));
    assert_int_equal(hf_store_add_file(store, "/no/such/file", &added, &e), HF_E_FILE);
    assert_int_equal(hf_store_count(store), 1);
    hf_store_free(store);
}

/* What is no certificate in it is passed over, as is what lies deeper. */
static void a_store_takes_certificates_from_a_folder(void **state)
{
    (void)state;
    hf_store *store;
    hf_error e;
    size_t added = 99;
    const char *trusted = path_of("trusted");
    char path[300];
    snprintf(path, sizeof(path), "%s", trusted);
    assert_int_equal(hf_store_new(&store), HF_OK);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(hf_store_add_file(store, path, &added, &e), HF_E_PEM_NOTHING_FOUND);
    assert_int_equal(added, 0);
    assert_string_equal(e.subject, path);
    assert_int_equal(mkdir(path_of("trusted/below"), 0700), 0);
    write_text("trusted/below/b.pem", certificate, "");
    write_text("trusted/README", "no certificate", "");
    assert_int_equal(hf_store_add_file(store, path, &added, &e), HF_E_PEM_NOTHING_FOUND);
    assert_non_null(strstr(e.got, "1 file"));
    write_text("trusted/a.pem", certificate, "");
    write_text("trusted/again.pem", certificate, "");
    write_text("trusted/key.pem", key_text, "");
    assert_int_equal(hf_store_add_file(store, path, &added, &e), HF_OK);
    assert_int_equal(added, 1);
    assert_int_equal(hf_store_count(store), 1);
    assert_int_equal(hf_store_add_file(store, path, &added, &e), HF_OK); /* all are there already */
    assert_int_equal(added, 0);
    hf_store_free(store);
}

static hf_status add_system(size_t *count, size_t *added, hf_error *e)
{
    hf_store *store;
    assert_int_equal(hf_store_new(&store), HF_OK);
    hf_status status = hf_store_add_system(store, added, e);
    *count = hf_store_count(store);
    hf_store_free(store);
    return status;
}

static void the_environment_names_the_systems_trust(void **state)
{
    (void)state;
    size_t count, added;
    hf_error e;
    setenv("SSL_CERT_FILE", write_text("cert.pem", certificate, ""), 1);
    assert_int_equal(add_system(&count, &added, &e), HF_OK);
    assert_int_equal(count, 1);
    assert_int_equal(added, 1);

    setenv("SSL_CERT_FILE", "/no/such/file", 1);
    assert_int_equal(add_system(&count, &added, &e), HF_E_FILE);
    assert_string_equal(e.subject, "/no/such/file");
    unsetenv("SSL_CERT_FILE");

    char folders[300];
    const char *certs = path_of("certs");
    assert_int_equal(mkdir(certs, 0700), 0);
    assert_int_equal(mkdir(path_of("certs/below"), 0700), 0);
    write_text("certs/a.pem", certificate, "");
    write_text("certs/README", "no certificate", "");
    snprintf(folders, sizeof(folders), ":%s:", certs);
    setenv("SSL_CERT_DIR", folders, 1);
    assert_int_equal(add_system(&count, &added, &e), HF_OK);
    assert_int_equal(count, 1);
    setenv("SSL_CERT_DIR", "/no/such/folder", 1);
    assert_int_equal(add_system(&count, &added, &e), HF_E_FILE);
    assert_string_equal(e.subject, "/no/such/folder");
    setenv("SSL_CERT_FILE", path_of("cert.pem"), 1); /* ... is no matter where the file has some */
    assert_int_equal(add_system(&count, &added, &e), HF_OK);
    assert_int_equal(count, 1);
    forget_environment();
}

static void one_odd_certificate_does_not_spoil_the_rest(void **state)
{
    (void)state;
    size_t count, added;
    hf_error e;
    static const char odd[] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    setenv("SSL_CERT_FILE", write_text("odd.pem", odd, certificate), 1);
    assert_int_equal(add_system(&count, &added, &e), HF_OK);
    assert_int_equal(count, 1);
    setenv("SSL_CERT_FILE", write_text("odd.pem", odd, odd), 1);
    assert_int_equal(add_system(&count, &added, &e), HF_E_STORE_EMPTY);
    assert_non_null(strstr(e.got, "2 that could not"));
    assert_non_null(strstr(e.subject, "odd.pem"));
    forget_environment();
}

static void the_bundle_of_the_system_is_found(void **state)
{
    (void)state;
    size_t count, added;
    hf_error e;
    forget_environment();
    hf_status status = add_system(&count, &added, &e);
    if (status == HF_E_STORE_EMPTY) {
        print_message("skipped: this machine has no bundle of certificates (ca-certificates)\n");
        return;
    }
    assert_int_equal(status, HF_OK);
    assert_true(count > 50);
    assert_int_equal(added, count);
}

static void a_config_trusts_the_system(void **state)
{
    (void)state;
    hf_config *cfg;
    setenv("SSL_CERT_FILE", write_text("cert.pem", certificate, ""), 1);
    assert_int_equal(hf_config_new(HF_CLIENT, &cfg), HF_OK);
    assert_int_equal(hf_config_trust_system(cfg), HF_OK);
    assert_int_equal(hf_config_freeze(cfg, NULL), HF_OK);
    hf_config_free(cfg);
    assert_int_equal(hf_config_trust_system(NULL), HF_E_OUT_OF_MEMORY);

    hf_error e;
    setenv("SSL_CERT_FILE", "/no/such/file", 1);
    assert_int_equal(hf_config_new(HF_CLIENT, &cfg), HF_OK);
    assert_int_equal(hf_config_trust_system(cfg), HF_E_FILE);
    assert_int_equal(hf_config_freeze(cfg, &e), HF_E_FILE); /* remembered */
    assert_string_equal(e.subject, "/no/such/file");
    hf_config_free(cfg);
    forget_environment();
}

/* ---- memory ---- */

static hf_status read_identity(void *ctx)
{
    (void)ctx;
    hf_identity *identity;
    hf_status status = hf_identity_read_files(path_of("both.pem"), NULL, NULL, &identity, NULL);
    hf_identity_free(identity);
    return status;
}

static hf_status read_system(void *ctx)
{
    (void)ctx;
    hf_store *store;
    hf_status status = hf_store_new(&store);
    if (status < 0)
        return status;
    status = hf_store_add_system(store, NULL, NULL);
    hf_store_free(store);
    return status;
}

static hf_status read_folder(void *ctx)
{
    hf_store *store;
    hf_status status = hf_store_new(&store);
    if (status < 0)
        return status;
    status = hf_store_add_file(store, ctx, NULL, NULL);
    hf_store_free(store);
    return status;
}

static void memory_that_runs_out_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    write_text("both.pem", key_text, certificate);
    assert_true(hf_test_each_alloc_fails(read_identity, NULL) > 2);
    setenv("SSL_CERT_FILE", write_text("cert.pem", certificate, ""), 1);
    assert_true(hf_test_each_alloc_fails(read_system, NULL) > 2);
    char path[300];
    snprintf(path, sizeof(path), "%s", path_of("trusted"));
    assert_true(hf_test_each_alloc_fails(read_folder, path) > 2);
    forget_environment();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_files_of_every_size),
        cmocka_unit_test(a_file_of_more_than_16_mib_is_refused),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named_with_the_reason),
        cmocka_unit_test(reads_a_pipe),
        cmocka_unit_test(reads_an_identity_from_two_files_and_from_one),
        cmocka_unit_test(reads_an_archive_in_the_order_in_which_it_is_sent),
        cmocka_unit_test(what_is_stapled_comes_from_files),
        cmocka_unit_test(an_error_in_a_file_names_the_file),
        cmocka_unit_test(a_store_takes_certificates_from_a_file),
        cmocka_unit_test(a_store_takes_certificates_from_a_folder),
        cmocka_unit_test(the_environment_names_the_systems_trust),
        cmocka_unit_test(one_odd_certificate_does_not_spoil_the_rest),
        cmocka_unit_test(the_bundle_of_the_system_is_found),
        cmocka_unit_test(a_config_trusts_the_system),
        cmocka_unit_test(memory_that_runs_out_is_an_error_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, make_material, remove_material);
}
