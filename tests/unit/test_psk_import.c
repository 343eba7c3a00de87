/* test_psk_import.c: the importer of RFC 9258: its identities, its keys (against values computed
 * with another HMAC from the text), and what is no imported identity. */
#include "session/psk.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static hf_held_psk *import(uint16_t hash, const char *context)
{
    hf_held_psk *held;
    hf_psk psk = {.identity = hf_bytes_text("device"),
                  .key = {key, sizeof(key)},
                  .hash = hash,
                  .imported = true,
                  .context = hf_bytes_text(context)};
    assert_int_equal(hf_held_psk_new(&psk, hf_provider_default(), &held, NULL), HF_OK);
    return held;
}

static void expect_hex(hf_bytes bytes, const char *hex)
{
    char text[200];
    assert_true(2 * bytes.n < sizeof(text));
    for (size_t i = 0; i < bytes.n; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes.p[i]);
    assert_string_equal(text, hex);
}

static void keys_are_what_the_text_makes_of_them(void **state)
{
    (void)state;
    static const char *const expected[2][2] = {
        {"437561d01c8bed7743cccc422e81f88524ba28e56595152c1edcb73e19ccdc2e",
         "11416dc7b31ce8caf86213875e339e6dabebf32fbea821afc9ad5182e7769e319090d8cb62b5622f"
         "8e3c09267a4646c5"},
        {"e2f5552f124524bb0e1e0ba26f96754d1fa27b99e88cd26c394e62e176dc21f2",
         "305a08b3602f36bcd649798d26d57d1012056541177d4a36d694f1dba714e10128824d3799416eb1"
         "0fbb1e221cea9505"},
    };
    for (int own = 0; own < 2; own++) {
        hf_held_psk *held = import(own == 0 ? HF_PSK_SHA256 : HF_PSK_SHA384, "context");
        assert_int_equal(held->form_count, 2);
        for (size_t i = 0; i < 2; i++)
            expect_hex(held->forms[i].secret, expected[own][i]);
        hf_held_psk_free(held);
    }
}

static void an_identity_says_what_it_was_made_of(void **state)
{
    (void)state;
    hf_held_psk *held = import(0, "context");
    for (size_t i = 0; i < 2; i++) {
        hf_bytes external, context;
        assert_true(hf_imported_identity_parse(held->forms[i].identity, &external, &context));
        assert_true(hf_bytes_equal(external, hf_bytes_text("device")));
        assert_true(hf_bytes_equal(context, hf_bytes_text("context")));
        assert_string_equal(held->forms[i].binder, "imp binder");
    }
    expect_hex(held->forms[0].identity, "00066465766963650007636f6e7465787403040001");
    expect_hex(held->forms[1].identity, "00066465766963650007636f6e7465787403040002");
    hf_held_psk_free(held);
}

static void names_are_a_context(void **state)
{
    (void)state;
    hf_held_psk *held;
    hf_psk psk = {.identity = hf_bytes_text("k"),
                  .key = {key, sizeof(key)},
                  .client_name = "ab",
                  .server_name = "c"};
    assert_int_equal(hf_held_psk_new(&psk, hf_provider_default(), &held, NULL), HF_OK);
    expect_hex(held->forms[0].identity, "00016b0005026162016303040001");
    hf_held_psk_free(held);
}

static void what_is_no_imported_identity_is_told(void **state)
{
    (void)state;
    hf_held_psk *held = import(0, "context");
    hf_bytes whole = held->forms[0].identity, external, context;
    uint8_t bytes[64];
    for (size_t n = 0; n < whole.n; n++)
        assert_false(hf_imported_identity_parse((hf_bytes){whole.p, n}, &external, &context));
    memcpy(bytes, whole.p, whole.n);
    bytes[whole.n] = 0;
    assert_false(hf_imported_identity_parse((hf_bytes){bytes, whole.n + 1}, &external, &context));
    bytes[whole.n - 1] = 3; /* a KDF that is unknown */
    assert_false(hf_imported_identity_parse((hf_bytes){bytes, whole.n}, &external, &context));
    bytes[whole.n - 1] = 1;
    bytes[whole.n - 3] = 3; /* for TLS 1.2 */
    assert_false(hf_imported_identity_parse((hf_bytes){bytes, whole.n}, &external, &context));
    static const uint8_t empty[] = {0, 0, 0, 0, 3, 4, 0, 1};
    assert_false(hf_imported_identity_parse((hf_bytes){empty, sizeof(empty)}, &external, &context));
    hf_held_psk_free(held);
}

static void a_set_finds_what_was_added_and_nothing_else(void **state)
{
    (void)state;
    hf_psk_set set = {0};
    char names[200][8];
    for (unsigned i = 0; i < 200; i++) {
        hf_held_psk *held;
        snprintf(names[i], sizeof(names[i]), "%u", (i * 77U) % 200U);
        hf_psk psk = {.identity = hf_bytes_text(names[i]), .key = {key, sizeof(key)}};
        assert_int_equal(hf_held_psk_new(&psk, hf_provider_default(), &held, NULL), HF_OK);
        assert_int_equal(hf_psk_set_add(&set, hf_held_psk_ref(held)), HF_OK);
        assert_int_equal(hf_psk_set_add(&set, held), HF_E_BAD_ARGUMENT);
    }
    for (unsigned i = 0; i < 200; i++) {
        const struct hf_psk_place *place = hf_psk_set_find(&set, hf_bytes_text(names[i]));
        assert_non_null(place);
        assert_int_equal(place->at, i);
        assert_ptr_equal(hf_psk_set_bound(&set, set.held[i]->digest), set.held[i]);
    }
    assert_null(hf_psk_set_find(&set, hf_bytes_text("200")));
    assert_null(hf_psk_set_find(&set, hf_bytes_text("")));
    hf_psk_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_what_the_text_makes_of_them),
        cmocka_unit_test(an_identity_says_what_it_was_made_of),
        cmocka_unit_test(names_are_a_context),
        cmocka_unit_test(what_is_no_imported_identity_is_told),
        cmocka_unit_test(a_set_finds_what_was_added_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
