/* x509_run.h: one verification for the tests of x509/: a chain, a store, parameters and the report.
 */
#ifndef HF_TEST_X509_RUN_H
#define HF_TEST_X509_RUN_H

#include "support/fail_alloc.h"
#include "unit/x509_made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SERVER_AUTH  "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"
#define CLIENT_AUTH  "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"
#define ANY_PURPOSE  "\x06\x04\x55\x1d\x25\x00"

static const char *const host_names[] = {"www.example.com", "127.0.0.1", NULL};

/* Keys: 0 root, 1 intermediate, 2 leaf; others as a test likes. */
static inline order root_order(void)
{
    return (order){.subject = "CN=Root", .ca = true};
}

static inline order middle_order(void)
{
    return (order){.subject = "CN=Middle", .issuer = "CN=Root", .key = 1, .ca = true};
}

static inline order leaf_order(void)
{
    return (order){
        .subject = "CN=Leaf", .issuer = "CN=Middle", .key = 2, .signer = 1, .names = host_names};
}

typedef struct seen_checks {
    unsigned n, failed;
    char names[1024];
    unsigned paths;
} seen_checks;

static inline void see(void *ctx, const hf_check *k)
{
    seen_checks *s = ctx;
    assert_non_null(k->cert);
    assert_true(k->name != NULL &&
                (strncmp(k->section, "RFC ", 4) == 0 || strncmp(k->section, "BR ", 3) == 0));
    assert_true(k->value[0] != '\0' && k->limit[0] != '\0');
    s->n++;
    s->failed += k->result != HF_OK;
    s->paths = k->path + 1;
    size_t at = strlen(s->names);
    snprintf(s->names + at, sizeof(s->names) - at, "%u%s%s ", k->depth, k->name,
             k->result == HF_OK ? "" : "!");
}

typedef struct run {
    hf_cert chain[200];
    size_t count;
    hf_store *store;
    hf_verify_params params;
    hf_error e;
    seen_checks seen;
    const hf_cert *path[16];
    size_t path_len;
} run;

static inline run *start(const order *root)
{
    run *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    assert_int_equal(hf_store_new(&r->store), HF_OK);
    if (root != NULL)
        assert_int_equal(hf_store_add(r->store, made(root), NULL, NULL), HF_OK);
    r->params = (hf_verify_params){
        .store = r->store, .host = "www.example.com", .purpose = HF_PURPOSE_SERVER, .at_s = NOW};
    return r;
}

static inline void with(run *r, const order *o)
{
    r->chain[r->count++] = made_cert(o);
}

/* The verdict, which must be the same with and without a report and an error to fill. */
static inline hf_status verdict(run *r)
{
    hf_verify_report report = {.check = see, .ctx = &r->seen};
    r->path_len = COUNT(r->path);
    memset(&r->seen, 0, sizeof(r->seen));
    hf_status s =
        hf_verify_chain(r->chain, r->count, &r->params, &report, r->path, &r->path_len, &r->e);
    assert_int_equal(hf_verify_chain(r->chain, r->count, &r->params, NULL, NULL, NULL, NULL), s);
    if (s != HF_OK) {
        assert_int_equal(r->e.code, s);
        assert_true(r->e.field != NULL && r->e.expected[0] != '\0' && r->e.got[0] != '\0');
    }
    return s;
}

static inline void expect(run *r, hf_status expected, const char *field)
{
    hf_status s = verdict(r);
    if (s != expected || (field != NULL && strcmp(r->e.field, field) != 0)) {
        char text[1024];
        hf_error_format(&r->e, text, sizeof(text));
        fail_msg("%s, expected %s: %s%s", hf_error_name(s), hf_error_name(expected),
                 s != HF_OK ? text : "", r->seen.names);
    }
}

static inline void end(run *r)
{
    hf_store_free(r->store);
    free(r);
}

/* One chain root <- middle <- leaf, with the three orders as changed by the test. */
static inline run *three(const order *root, const order *middle, const order *leaf)
{
    run *r = start(root);
    with(r, leaf);
    with(r, middle);
    return r;
}

/* A nameConstraints Extension, critical, of one subtree: [0] permitted or [1] excluded. */
static inline hf_bytes constraint(uint8_t room[200], unsigned list, uint8_t tag, hf_bytes base)
{
    uint8_t value[150];
    hf_writer w;
    hf_writer_init(&w, value, sizeof(value));
    size_t a = hf_der_open(&w, HF_DER_SEQUENCE);
    size_t b = hf_der_open(&w, HF_DER_CONTEXT_CONSTRUCTED(list));
    size_t c = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write(&w, tag, base);
    hf_der_close(&w, c);
    hf_der_close(&w, b);
    hf_der_close(&w, a);
    hf_bytes content = hf_writer_bytes(&w);
    hf_writer x;
    hf_writer_init(&x, room, 200);
    hf_issue_extension(&x, HF_EXT_nameConstraints, true, content);
    assert_int_equal(hf_writer_status(&x), HF_OK);
    return hf_writer_bytes(&x);
}

#endif
