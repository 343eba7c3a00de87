/* test_x509_store.c: anchors found by their subject and by their key's identifier, in stores of any
 * size, and not where they were taken away again. */
#include "unit/x509_run.h"

#include "x509/store.h"

#define MANY 100U

/* A subjectKeyIdentifier of four bytes as an Extension. */
static hf_bytes key_id(uint8_t room[32], uint32_t id)
{
    uint8_t value[6] = {
        0x04, 0x04, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    hf_writer w;
    hf_writer_init(&w, room, 32);
    hf_issue_extension(&w, HF_EXT_subjectKeyIdentifier, false, hf_bytes_of(value, 6));
    assert_int_equal(hf_writer_status(&w), HF_OK);
    return hf_writer_bytes(&w);
}

static hf_bytes authority_key_id(uint8_t room[32], uint32_t id)
{
    uint8_t value[8] = {
        0x30,       0x06, 0x80, 0x04, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
        (uint8_t)id};
    hf_writer w;
    hf_writer_init(&w, room, 32);
    hf_issue_extension(&w, HF_EXT_authorityKeyIdentifier, false, hf_bytes_of(value, 8));
    assert_int_equal(hf_writer_status(&w), HF_OK);
    return hf_writer_bytes(&w);
}

static hf_bytes anchor(const char *subject, unsigned key, uint32_t id)
{
    uint8_t room[32];
    order o = {.subject = subject, .ca = true, .key = key, .signer = key};
    if (id != 0)
        o.extra = key_id(room, id);
    return made(&o);
}

static size_t count_by_key(const hf_store *store, uint32_t id)
{
    uint8_t bytes[4] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    size_t n = 0, at = 0;
    const hf_cert *c;
    while ((c = hf_store_by_key_id(store, hf_bytes_of(bytes, 4), &at)) != NULL) {
        assert_memory_equal(c->subject_key_id.p + 2, bytes, 4);
        n++;
    }
    return n;
}

static void each_is_found_by_name_and_by_key(void **state)
{
    (void)state;
    hf_store *store;
    char subject[30];
    hf_bytes none = {NULL, 0};
    size_t at = 0;
    assert_int_equal(hf_store_new(&store), HF_OK);
    assert_null(hf_store_by_key_id(store, hf_bytes_of("\0\0\0\1", 4), &at));
    assert_null(hf_store_by_subject(store, none, &at));
    for (uint32_t i = 0; i < MANY; i++) { /* in pairs of one identifier; every tenth has none */
        snprintf(subject, sizeof(subject), "CN=anchor %u", i);
        hf_bytes der = anchor(subject, 0, i % 10 == 9 ? 0 : 1000 + i / 2);
        assert_int_equal(hf_store_add(store, der, NULL, NULL), HF_OK);
    }
    for (uint32_t i = 0; i < MANY; i += 2)
        assert_int_equal(count_by_key(store, 1000 + i / 2), i % 10 == 8 ? 1 : 2);
    assert_int_equal(count_by_key(store, 999), 0);
    at = 0;
    assert_null(hf_store_by_key_id(store, none, &at));
    for (size_t i = 0; i < MANY; i++) {
        const hf_cert *c = hf_store_cert(store, i);
        at = 0;
        assert_ptr_equal(hf_store_by_subject(store, c->subject, &at), c);
        assert_null(hf_store_by_subject(store, c->subject, &at));
    }
    hf_store_free(store);
}

static void what_was_taken_away_is_not_found(void **state)
{
    (void)state;
    hf_store *store;
    hf_error e;
    hf_buf text = {0};
    assert_int_equal(hf_store_new(&store), HF_OK);
    assert_int_equal(hf_store_add(store, anchor("CN=stays", 0, 7), NULL, NULL), HF_OK);
    for (unsigned i = 0; i < 20; i++) { /* more than there is room for at first */
        char subject[30];
        snprintf(subject, sizeof(subject), "CN=goes %u", i);
        char *pem = hf_pem_write(anchor(subject, 0, i % 2 == 0 ? 7 : 8), "CERTIFICATE");
        assert_int_equal(hf_buf_append(&text, hf_bytes_text(pem)), HF_OK);
        hf_text_free(pem);
    }
    char *bad = hf_pem_write(hf_bytes_of("\x30\x00", 2), "CERTIFICATE");
    assert_int_equal(hf_buf_append(&text, hf_bytes_text(bad)), HF_OK);
    hf_text_free(bad);
    assert_int_equal(hf_store_add(store, hf_buf_bytes(&text), NULL, &e), HF_E_CERT_MALFORMED);
    assert_int_equal(hf_store_count(store), 1);
    assert_int_equal(count_by_key(store, 7), 1);
    assert_int_equal(count_by_key(store, 8), 0);
    assert_int_equal(hf_store_add(store, anchor("CN=comes", 0, 8), NULL, NULL), HF_OK);
    assert_int_equal(count_by_key(store, 8), 1);
    hf_buf_free(&text);
    hf_store_free(store);
}

static void the_right_one_of_many_with_one_name_is_tried_first(void **state)
{
    (void)state;
    uint8_t room[32];
    for (uint32_t wanted = 1; wanted <= 31; wanted += 10) {
        order leaf = {.subject = "CN=Leaf",
                      .issuer = "CN=Root",
                      .key = 31,
                      .signer = wanted - 1,
                      .names = host_names,
                      .extra = authority_key_id(room, wanted)};
        run *r = start(NULL);
        with(r, &leaf);
        for (uint32_t i = 1; i <= 31; i++) /* all of the name, each with a key of its own */
            assert_int_equal(hf_store_add(r->store, anchor("CN=Root", i - 1, i), NULL, NULL),
                             HF_OK);
        r->params.limits.path_steps = 1;
        r->params.limits.signature_checks = 1;
        expect(r, HF_OK, NULL);
        end(r);
    }
}

/* The identifier is a hint: one with that identifier and another name is no issuer. */
static void an_anchor_of_another_name_is_not_taken_for_its_key(void **state)
{
    (void)state;
    uint8_t room[32];
    order leaf = {.subject = "CN=Leaf",
                  .issuer = "CN=Root",
                  .key = 2,
                  .signer = 1,
                  .names = host_names,
                  .extra = authority_key_id(room, 5)};
    run *r = start(NULL);
    with(r, &leaf);
    assert_int_equal(hf_store_add(r->store, anchor("CN=Other", 1, 5), NULL, NULL), HF_OK);
    expect(r, HF_E_CERT_UNTRUSTED, NULL);
    /* and one of the name with another identifier still is */
    assert_int_equal(hf_store_add(r->store, anchor("CN=Root", 1, 6), NULL, NULL), HF_OK);
    expect(r, HF_OK, NULL);
    end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(each_is_found_by_name_and_by_key),
        MADE_TEST(what_was_taken_away_is_not_found),
        MADE_TEST(the_right_one_of_many_with_one_name_is_tried_first),
        MADE_TEST(an_anchor_of_another_name_is_not_taken_for_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
