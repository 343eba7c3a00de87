/* test_wire_trace.c: the fields that the parsers report tile a message exactly: every byte belongs
 * to one leaf, for built messages, for RFC 8448's, and for damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/wire_samples.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct tiling {
    hf_bytes message;
    size_t end, leaves;
    size_t depth, deepest;
    const char *open[16];
    size_t open_end[16]; /* 0 for a struct, which has no length of its own */
    bool closed_late;    /* a vector was closed elsewhere than at its end */
    size_t undecoded;
    bool broken;
} tiling;

static void on_field(void *ctx, const hf_field *f)
{
    tiling *t = ctx;
    if (f->kind == HF_FIELD_OPEN) {
        t->broken |= t->depth == 16 || f->offset != t->end || f->offset + f->length > t->message.n;
        if (t->depth < 16) {
            t->open_end[t->depth] = f->length == 0 ? 0 : f->offset + f->length;
            t->open[t->depth++] = f->name;
        }
        t->deepest = t->depth > t->deepest ? t->depth : t->deepest;
        return;
    }
    if (f->kind == HF_FIELD_CLOSE) {
        t->broken |= t->depth == 0 || f->offset != t->end;
        if (t->depth > 0)
            t->broken |= strcmp(f->name, t->open[--t->depth]) != 0;
        t->closed_late |= t->open_end[t->depth] != 0 && t->open_end[t->depth] != f->offset;
        return;
    }
    t->leaves++;
    t->broken |= f->offset != t->end || f->length > t->message.n - f->offset;
    t->broken |= f->data != (f->length == 0 ? NULL : t->message.p + f->offset);
    t->end = f->offset + f->length;
    if (f->kind == HF_FIELD_NUMBER || f->kind == HF_FIELD_LENGTH) {
        uint64_t value = 0;
        for (size_t i = 0; i < f->length; i++)
            value = value << 8 | f->data[i];
        t->broken |= value != f->value;
    }
    if (strcmp(f->name, "undecoded") == 0)
        t->undecoded += f->length;
}

static tiling trace(hf_bytes message)
{
    tiling t = {.message = message};
    hf_field_sink sink = {on_field, &t};
    hf_message_trace(message, &sink);
    t.broken |= t.depth != 0 || t.end != message.n;
    return t;
}

static void fields_tile_every_message(void **state)
{
    (void)state;
    uint8_t p[2048];
    for (size_t i = 0; i < HF_TEST_SAMPLES; i++) {
        tiling t = trace((hf_bytes){p, hf_test_message(&hf_test_samples[i], p, sizeof(p))});
        if (t.broken || t.closed_late || t.undecoded != 0 || t.leaves < 3)
            fail_msg("%s does not tile", hf_test_samples[i].name);
        assert_true(t.deepest <= 8); /* DEPTH_MAX of message_trace.c is twice that */
    }
}

static void fields_tile_what_is_cut_or_damaged_too(void **state)
{
    (void)state;
    uint8_t p[2048], copy[2048];
    uint64_t x = 88172645463325252U;
    for (size_t i = 0; i < HF_TEST_SAMPLES; i++) {
        size_t n = hf_test_message(&hf_test_samples[i], p, sizeof(p));
        for (size_t cut = 0; cut < n; cut++) {
            assert_false(trace((hf_bytes){p, cut}).broken);
            memcpy(copy, p, cut);
            if (cut >= 4) { /* the header tells the truth, the body is short */
                copy[1] = 0;
                copy[2] = (uint8_t)((cut - 4) >> 8);
                copy[3] = (uint8_t)(cut - 4);
                assert_false(trace((hf_bytes){copy, cut}).broken);
            }
        }
        for (size_t k = 0; k < 4 * n; k++) {
            memcpy(copy, p, n);
            for (int hits = 0; hits < 3; hits++) {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                copy[x % n] = (uint8_t)(x >> 32);
            }
            assert_false(trace((hf_bytes){copy, n}).broken);
        }
    }
}

static void an_unknown_type_is_a_header_and_a_body(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        uint8_t m[] = {(uint8_t)type, 0, 0, 2, 0xff, 0xff};
        tiling t = trace((hf_bytes){m, sizeof(m)});
        assert_false(t.broken);
        if (hf_message_name((uint8_t)type) == NULL) {
            assert_int_equal(t.leaves, 3);
            assert_int_equal(t.undecoded, 0);
        }
        m[3] = 0;
        t = trace((hf_bytes){m, 4});
        assert_false(t.broken);
        assert_true(t.leaves == 2 || (t.leaves == 3 && type == HF_MSG_FINISHED));
    }
}

static void no_sink_is_no_trace(void **state)
{
    (void)state;
    hf_message_trace((hf_bytes){(const uint8_t *)"\1\0\0\0", 4}, NULL);
}

/* ---- RFC 8448 ---- */

static json_t *load_rfc8448(void)
{
    const char *folder = getenv("HF_VECTORS");
    char path[1024];
    json_error_t why;
    snprintf(path, sizeof(path), "%s/rfc/rfc8448.json",
             folder != NULL ? folder : "../shared/vectors");
    json_t *all = json_load_file(path, 0, &why);
    if (all == NULL)
        printf("skipped: the messages of RFC 8448: %s is not there (set HF_VECTORS)\n", path);
    return all;
}

static size_t from_hex(const char *hex, uint8_t *p, size_t room)
{
    size_t n = strlen(hex) / 2;
    assert_true(n <= room);
    for (size_t i = 0; i < n; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        p[i] = (uint8_t)byte;
    }
    return n;
}

/* The fields of the document that are one message each. "payload" is what a record holds: of these
 * only a ClientHello is looked at, for the one with a PSK stands nowhere else whole. */
static bool is_message(const char *name, const uint8_t *p)
{
    static const char *const names[] = {
        "ClientHello",       "ServerHello",        "Certificate", "EncryptedExtensions",
        "CertificateVerify", "CertificateRequest", "Finished",    "NewSessionTicket",
        "EndOfEarlyData"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strcmp(name, "payload") == 0 && p[0] == HF_MSG_CLIENT_HELLO;
}

typedef struct tally {
    size_t whole, cut, with_psk;
} tally;

static void try_entry(const json_t *entry, tally *all)
{
    uint8_t p[4096];
    const char *name = json_string_value(json_object_get(entry, "name"));
    size_t n = from_hex(json_string_value(json_object_get(entry, "hex")), p, sizeof(p));
    if (n < 4 || !is_message(name, p))
        return;
    tiling t = trace((hf_bytes){p, n});
    bool whole = n - 4 == (size_t)(p[1] << 16 | p[2] << 8 | p[3]);
    if (t.broken || t.closed_late || t.undecoded != (whole ? 0 : n - 4))
        fail_msg("%s, %s: %zu of %zu bytes undecoded",
                 json_string_value(json_object_get(entry, "sec")), name, t.undecoded, n);
    all->whole += whole;
    all->cut += !whole; /* the ClientHello up to its binders, as it is hashed for them */
    if (!whole || p[0] != HF_MSG_CLIENT_HELLO)
        return;

    hf_client_hello m;
    hf_reader r;
    hf_reader_init(&r, (hf_bytes){p + 4, n - 4}, NULL);
    r.base = 4;
    assert_true(hf_client_hello_parse(&r, &m));
    if (hf_ext_has(&m.extensions, HF_X_PRE_SHARED_KEY)) {
        assert_int_equal(m.extensions.psk_binders_offset, 477); /* the prefix's length there */
        all->with_psk++;
    }
}

static void fields_tile_the_messages_of_rfc_8448(void **state)
{
    (void)state;
    json_t *all = load_rfc8448(), *entry;
    tally found = {0};
    size_t i;
    if (all == NULL)
        skip();
    json_array_foreach (all, i, entry) {
        try_entry(entry, &found);
    }
    json_decref(all);
    assert_true(found.whole >= 30);
    assert_int_equal(found.cut, 1);
    assert_int_equal(found.with_psk, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_tile_every_message),
        cmocka_unit_test(fields_tile_what_is_cut_or_damaged_too),
        cmocka_unit_test(an_unknown_type_is_a_header_and_a_body),
        cmocka_unit_test(no_sink_is_no_trace),
        cmocka_unit_test(fields_tile_the_messages_of_rfc_8448),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
