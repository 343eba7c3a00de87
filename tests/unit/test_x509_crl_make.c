/* test_x509_crl_make.c: revocation lists: what is asked for is judged, and what came before kept.
 */
#include "unit/x509_made.h"

#include "support/fail_alloc.h"

#include "crypto/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES        SERIAL
#define SERIAL(text)                                                                               \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static hf_crl_template plain(void)
{
    return (hf_crl_template){.this_update_s = NOW, .next_update_s = NOW + 7 * DAY};
}

static hf_cert authority(void)
{
    order o = {
        .subject = "CN=Root", .ca = true, .usage = HF_KEY_USAGE_keyCertSign | HF_KEY_USAGE_cRLSign};
    return made_cert(&o);
}

static bool holds(hf_bytes der, const char *what, size_t n)
{
    for (size_t i = 0; i + n <= der.n; i++)
        if (memcmp(der.p + i, what, n) == 0)
            return true;
    return false;
}

static void refuse(const hf_crl_template *t, const hf_cert *issuer, hf_status code,
                   const char *field)
{
    hf_bytes der;
    hf_error e = {0};
    assert_int_equal(hf_crl_make(t, issuer, made_key(0), &der, &e), code);
    assert_null(der.p);
    assert_string_equal(e.field, field);
    assert_true(e.expected[0] != '\0');
}

static void only_what_makes_sense_is_signed(void **state)
{
    (void)state;
    hf_cert root = authority();
    hf_crl_entry entry = {SERIAL("\x05"), NOW, 1};
    hf_crl_entry twice[2] = {entry, entry};
    hf_crl_template t = plain();
    t.next_update_s = t.this_update_s;
    refuse(&t, &root, HF_E_BAD_ARGUMENT, "next_update_s");
    t = plain();
    t.entries = &entry;
    t.count = 1;
    static const hf_bytes serials[] = {
        {NULL, 0}, SERIAL("\x80"), SERIAL("\x00\x01"), SERIAL("123456789012345678901")};
    for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
        entry.serial = serials[i];
        refuse(&t, &root, HF_E_BAD_ARGUMENT, "serial");
    }
    entry.serial = twice[0].serial;
    static const int reasons[] = {-1, 7, 8, 11};
    for (size_t i = 0; i < 4; i++) {
        entry.reason = reasons[i];
        refuse(&t, &root, HF_E_BAD_ARGUMENT, "reason");
    }
    t.entries = twice;
    t.count = 2;
    refuse(&t, &root, HF_E_BAD_ARGUMENT, "serial");
    t = plain();
    order leaf = {.subject = "CN=Leaf"};
    order signs_certs = {.subject = "CN=Root", .ca = true};
    order other = {.subject = "CN=Root", .ca = true, .key = 1};
    hf_cert c = made_cert(&leaf);
    refuse(&t, &c, HF_E_CERT_NOT_A_CA, "issuer");
    c = made_cert(&signs_certs);
    refuse(&t, &c, HF_E_CERT_KEY_USAGE, "issuer");
    c = made_cert(&other);
    refuse(&t, &c, HF_E_KEY_MISMATCH, "issuer_key");
}

static void an_earlier_list_is_kept_if_it_is_the_authoritys(void **state)
{
    (void)state;
    hf_cert root = authority();
    hf_crl_entry first = {SERIAL("first"), NOW, 1}, second[2] = {{SERIAL("second"), NOW, 0}, first};
    hf_crl_template t = plain();
    hf_bytes one, two;
    hf_error e;
    t.entries = &first;
    t.count = 1;
    assert_int_equal(hf_crl_make(&t, &root, made_key(0), &one, &e), HF_OK);
    t.entries = second;
    t.count = 2;
    t.previous = one;
    assert_int_equal(hf_crl_make(&t, &root, made_key(0), &two, &e), HF_OK);
    assert_true(holds(two, "first", 5) && holds(two, "second", 6));
    assert_true(holds(one, "\x55\x1d\x14\x04\x03\x02\x01\x01", 8)); /* cRLNumber 1, then 2 */
    assert_true(holds(two, "\x55\x1d\x14\x04\x03\x02\x01\x02", 8));
    assert_int_equal(two.n - one.n >= 20 && two.n - one.n <= 40, 1); /* "first" stands once */
    t.number = 1;
    refuse(&t, &root, HF_E_BAD_ARGUMENT, "number");
    t.number = 0;
    /* each byte of the earlier list changed: none is taken over */
    uint8_t bad[1024];
    assert_true(one.n <= sizeof(bad));
    for (size_t i = 0; i < one.n; i++) {
        hf_bytes der;
        memcpy(bad, one.p, one.n);
        bad[i] ^= 1;
        t.previous = (hf_bytes){bad, one.n};
        assert_int_not_equal(hf_crl_make(&t, &root, made_key(0), &der, &e), HF_OK);
        assert_null(der.p);
        t.previous = (hf_bytes){one.p, i == 0 ? 1 : i};
        assert_int_not_equal(hf_crl_make(&t, &root, made_key(0), &der, &e), HF_OK);
    }
    order other = {.subject = "CN=Other", .ca = true, .usage = HF_KEY_USAGE_cRLSign};
    hf_cert c = made_cert(&other);
    t.previous = one;
    refuse(&t, &c, HF_E_BAD_ARGUMENT, "previous");
    hf_der_free(one);
    hf_der_free(two);
}

/* An empty list of the authority's with a cRLNumber of these content octets. */
static hf_bytes numbered(hf_bytes number)
{
    hf_cert root = authority();
    hf_buf tbs = {0};
    hf_writer w;
    hf_bytes der;
    hf_writer_init_buf(&w, &tbs);
    size_t list = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write_small(&w, 1);
    hf_write_bytes(&w, hf_sigscheme_algorithm(hf_key_cert_scheme(made_key(0))));
    hf_write_bytes(&w, root.subject);
    hf_der_write_time(&w, NOW - DAY);
    hf_der_write_time(&w, NOW + DAY);
    size_t explicit = hf_der_open(&w, HF_DER_CONTEXT_CONSTRUCTED(0));
    size_t extensions = hf_der_open(&w, HF_DER_SEQUENCE), one = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write(&w, HF_DER_OID, hf_bytes_text("\x55\x1d\x14"));
    size_t value = hf_der_open(&w, HF_DER_OCTET_STRING);
    hf_der_write(&w, HF_DER_INTEGER, number);
    hf_der_close(&w, value);
    hf_der_close(&w, one);
    hf_der_close(&w, extensions);
    hf_der_close(&w, explicit);
    hf_der_close(&w, list);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    assert_int_equal(hf_issue_sign(hf_buf_bytes(&tbs), made_key(0), &der, NULL), HF_OK);
    hf_buf_free(&tbs);
    return der;
}

/* An earlier list's number may have 20 octets (RFC 5280 section 5.2.3): the next one's is more. */
static void numbers_go_on_however_large(void **state)
{
    (void)state;
    hf_cert root = authority();
    static const struct {
        hf_bytes number, next; /* cRLNumber's content, and the extension that follows it */
    } cases[] = {
        {BYTES("\x7f"), BYTES("\x04\x04\x02\x02\x00\x80")},
        {BYTES("\x00\xff\xff\xff\xff\xff\xff\xff\xff"),
         BYTES("\x04\x0b\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00")},
        {BYTES("\x7f\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\xff"),
         BYTES(
             "\x04\x16\x02\x14\x7f\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
             "\x11\x13\x00")},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        hf_bytes next;
        hf_error e;
        hf_bytes previous = numbered(cases[i].number);
        hf_crl_template t = plain();
        t.previous = previous;
        assert_int_equal(hf_crl_make(&t, &root, made_key(0), &next, &e), HF_OK);
        if (!holds(next, (const char *)cases[i].next.p, cases[i].next.n))
            fail_msg("case %zu", i);
        hf_der_free(next);
        t.number = 5;
        refuse(&t, &root, HF_E_BAD_ARGUMENT, "number");
        hf_der_free(previous);
    }
    hf_bytes last =
        numbered((hf_bytes)BYTES("\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                                 "\xff\xff\xff\xff\xff\xff"));
    hf_crl_template t = plain();
    t.previous = last;
    refuse(&t, &root, HF_E_BAD_ARGUMENT, "number"); /* no larger one has room */
    hf_der_free(last);
}

static hf_status make_one(void *ctx)
{
    hf_bytes der;
    hf_crl_template t = plain();
    hf_crl_entry entry = {SERIAL("serial"), NOW, 4};
    t.entries = &entry;
    t.count = 1;
    hf_status s = hf_crl_make(&t, ctx, made_key(0), &der, NULL);
    hf_der_free(der);
    return s;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    hf_cert root = authority();
    assert_true(hf_test_each_alloc_fails(make_one, &root) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(only_what_makes_sense_is_signed),
        MADE_TEST(an_earlier_list_is_kept_if_it_is_the_authoritys),
        MADE_TEST(numbers_go_on_however_large),
        MADE_TEST(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
