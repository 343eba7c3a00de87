/* test_bad_psk.c: what a peer may get wrong about pre-shared keys from outside TLS: keys that
 * differ, identities that are unknown, reflected, doubled, too many or empty, binders that are
 * wrong, and choices that were not offered. Each is refused with the alert that belongs to it. */
#include "support/liar.h"
#include "support/psk.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/writer.h"

static pair_pki pki;

static int make(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&pki);
    return 0;
}

static void watch(pair *p, bool victim_is_client)
{
    hf_config_trace(victim_is_client ? p->client_config : p->server_config, &tamper_watch);
}

/* A client with one key and a server with another; how the server ends. */
static void refuses(const hf_psk *client, const hf_psk *server, hf_status code)
{
    pair p;
    psk_config(&p);
    hf_config_add_psk(p.client_config, client);
    hf_config_add_psk(p.server_config, server);
    watch(&p, false);
    pair_start(&p);
    tamper_start(p.client);
    tamper_expect(&p, p.server, code);
    pair_free(&p);
}

static void a_key_that_differs_in_anything_is_refused(void **state)
{
    (void)state;
    hf_psk one = psk_sample(0), two = psk_sample(0), imported = one, named = one, turned = one;
    two.key = psk_sample(1).key;
    refuses(&one, &two, HF_E_BAD_BINDER);
    two = one;
    two.key.n = 31;
    refuses(&one, &two, HF_E_BAD_BINDER);
    two = one;
    two.hash = HF_PSK_SHA384;
    refuses(&one, &two, HF_E_BAD_BINDER);
    refuses(&two, &one, HF_E_BAD_BINDER);
    imported.imported = true;
    refuses(&one, &imported, HF_E_PSK_UNKNOWN);
    refuses(&imported, &one, HF_E_PSK_UNKNOWN);
    two = imported;
    two.context = hf_bytes_text("other");
    refuses(&imported, &two, HF_E_PSK_UNKNOWN);
    two = imported;
    two.hash = HF_PSK_SHA384; /* the importer's own KDF */
    refuses(&imported, &two, HF_E_BAD_BINDER);
    named.client_name = turned.server_name = "alice";
    named.server_name = turned.client_name = "bob";
    refuses(&named, &turned, HF_E_PSK_UNKNOWN);
}

/* The same alert after a binder's work: which identities a server knows is not told. */
static void an_unknown_identity_ends_like_a_wrong_binder(void **state)
{
    (void)state;
    hf_psk one = psk_sample(0), two = psk_sample(1);
    refuses(&one, &two, HF_E_PSK_UNKNOWN);
    assert_int_equal(hf_error_alert(HF_E_PSK_UNKNOWN), hf_error_alert(HF_E_BAD_BINDER));
}

/* The server's own story names the identity: as text where it is text, else in hexadecimal. */
static void the_error_names_the_identity(void **state)
{
    (void)state;
    static const uint8_t odd[] = {'a', 0x1b, '[', 0xff};
    static const char *const told[] = {"device 0", "611b5bff"};
    for (int i = 0; i < 2; i++) {
        pair p;
        hf_error e;
        hf_psk one = psk_sample(0), two = psk_sample(1);
        if (i == 1)
            one.identity = (hf_bytes){odd, sizeof(odd)};
        psk_config(&p);
        hf_config_add_psk(p.client_config, &one);
        hf_config_add_psk(p.server_config, &two);
        pair_start(&p);
        assert_false(pair_run(&p));
        hf_conn_error(p.server, &e);
        assert_string_equal(e.got, told[i]);
        pair_free(&p);
    }
}

/* ---- hellos with other keys in them ---- */

typedef struct forged {
    unsigned identities, binders; /* how many */
    size_t identity_len, binder_len;
} forged;

/* Where pre_shared_key, the last extension, begins in a ClientHello's body; and the length of all
 * extensions before it. */
static size_t psk_at(const hf_buf *body, size_t *list_at)
{
    size_t at = 2 + 32;
    at += 1U + body->p[at];
    at += 2U + (size_t)(body->p[at] << 8 | body->p[at + 1]);
    at += 1U + body->p[at];
    *list_at = at;
    for (at += 2; at < body->n; at += 4U + (size_t)(body->p[at + 2] << 8 | body->p[at + 3]))
        if (body->p[at] == 0 && body->p[at + 1] == 41)
            return at;
    fail_msg("no pre_shared_key");
    return 0;
}

static void put_forged(hf_writer *w, const forged *f)
{
    static const uint8_t zeros[256];
    size_t extension, list;
    hf_write_u16(w, 41);
    extension = hf_write_open(w, 2);
    list = hf_write_open(w, 2);
    for (unsigned i = 0; i < f->identities; i++) {
        hf_write_vec16(w, (hf_bytes){zeros, f->identity_len});
        hf_write_u32(w, 0);
    }
    hf_write_close(w, list, 2);
    list = hf_write_open(w, 2);
    for (unsigned i = 0; i < f->binders; i++)
        hf_write_vec8(w, (hf_bytes){zeros, f->binder_len});
    hf_write_close(w, list, 2);
    hf_write_close(w, extension, 2);
}

static void forge(hf_buf *body, void *ctx)
{
    size_t list_at, at = psk_at(body, &list_at);
    hf_writer w;
    hf_buf psk = {0};
    hf_writer_init_buf(&w, &psk);
    put_forged(&w, ctx);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    body->n = at;
    assert_int_equal(hf_buf_append(body, hf_buf_bytes(&psk)), HF_OK);
    hf_buf_free(&psk);
    size_t n = body->n - list_at - 2;
    body->p[list_at] = (uint8_t)(n >> 8);
    body->p[list_at + 1] = (uint8_t)n;
}

static unsigned asked;

static void find_none(void *ctx, hf_conn *conn, const hf_psk_question *q, hf_psk_call *call)
{
    (void)ctx;
    (void)conn;
    asked++;
    assert_true(q->identity.n != 0);
    assert_null(q->external_identity.p);
    assert_int_equal(hf_psk_found(call, NULL), HF_OK);
}

static void refuses_hello(const forged *f, hf_status code)
{
    pair p;
    hf_psk psk = psk_sample(0);
    forged lie = *f;
    psk_config(&p);
    hf_config_add_psk(p.client_config, &psk);
    hf_config_add_psk(p.server_config, &psk);
    hf_config_psk_lookup(p.server_config, find_none, NULL);
    watch(&p, false);
    pair_start(&p);
    tamper_start(p.client);
    tamper_message(HF_MSG_CLIENT_HELLO, 0, forge, &lie);
    asked = 0;
    tamper_expect(&p, p.server, code);
    pair_free(&p);
}

static void lists_that_are_wrong_are_refused(void **state)
{
    (void)state;
    static const forged empty_identity = {1, 1, 0, 32}, none = {0, 1, 1, 32},
                        no_binder = {1, 0, 8, 32}, short_binder = {1, 1, 8, 31},
                        few = {2, 1, 8, 32}, more = {1, 2, 8, 32}, strange = {1, 1, 8, 32};
    refuses_hello(&empty_identity, HF_E_DECODE);
    refuses_hello(&none, HF_E_DECODE);
    refuses_hello(&no_binder, HF_E_DECODE);
    refuses_hello(&short_binder, HF_E_DECODE);
    refuses_hello(&few, HF_E_PSK_BINDERS);
    refuses_hello(&more, HF_E_PSK_BINDERS);
    refuses_hello(&strange, HF_E_PSK_UNKNOWN);
}

static void many_identities_cost_little(void **state)
{
    (void)state;
    static const forged many = {1000, 1000, 8, 32};
    refuses_hello(&many, HF_E_PSK_UNKNOWN);
    assert_int_equal(asked, 4);
}

static void spoil_binder(hf_buf *body, void *ctx)
{
    (void)ctx;
    body->p[body->n - 1] ^= 1;
}

/* The second identity, of the same length, becomes the first once more. */
static void double_identity(hf_buf *body, void *ctx)
{
    (void)ctx;
    size_t list_at, at = psk_at(body, &list_at) + 4 + 2, n = 2 + 8 + 4;
    memcpy(body->p + at + n, body->p + at, n);
}

static void refuses_change(tamper_change change, hf_status code)
{
    pair p;
    psk_config(&p);
    for (unsigned i = 0; i < 2; i++) {
        hf_psk psk = psk_sample(i);
        hf_config_add_psk(p.client_config, &psk);
    }
    hf_psk last = psk_sample(change == spoil_binder ? 1 : 0);
    hf_config_add_psk(p.server_config, &last);
    watch(&p, false);
    pair_start(&p);
    tamper_start(p.client);
    tamper_message(HF_MSG_CLIENT_HELLO, 0, change, NULL);
    tamper_expect(&p, p.server, code);
    pair_free(&p);
}

static void a_wrong_binder_is_refused(void **state)
{
    (void)state;
    refuses_change(spoil_binder, HF_E_BAD_BINDER);
}

static void a_doubled_identity_is_one_with_a_wrong_binder(void **state)
{
    (void)state;
    refuses_change(double_identity, HF_E_BAD_BINDER);
}

/* ---- a server with certificates too ---- */

/* Whoever shows a known identity must have its key: there is no falling back. */
static void a_wrong_binder_is_refused_beside_certificates(void **state)
{
    (void)state;
    pair p;
    hf_psk psk = psk_sample(0), other = psk;
    other.key = psk_sample(1).key;
    pair_config(&p, &pki);
    hf_config_add_psk(p.client_config, &other);
    hf_config_add_psk(p.server_config, &psk);
    watch(&p, false);
    pair_start(&p);
    tamper_start(p.client);
    tamper_expect(&p, p.server, HF_E_BAD_BINDER);
    pair_free(&p);
}

static void a_server_with_keys_alone_refuses_who_has_none(void **state)
{
    (void)state;
    pair p, q;
    hf_psk psk = psk_sample(0);
    psk_config(&p);
    pair_config(&q, &pki);
    hf_config_free(p.client_config);
    p.client_config = hf_config_ref(q.client_config);
    hf_config_add_psk(p.server_config, &psk);
    watch(&p, false);
    pair_start(&p);
    tamper_start(p.client);
    tamper_expect(&p, p.server, HF_E_PSK_MISSING);
    pair_free(&p);
    q.client = q.server = NULL;
    hf_config_free(q.client_config);
    hf_config_free(q.server_config);
}

/* ---- what a client refuses ---- */

static void set_index(hf_buf *body, void *ctx)
{
    body->p[body->n - 1] = *(const uint8_t *)ctx; /* selected_identity comes last */
}

static void client_refuses_index(bool imported, uint8_t index, hf_status code)
{
    pair p;
    psk_config(&p);
    for (unsigned i = 0; i < 2; i++) {
        hf_psk psk = psk_sample(i);
        psk.imported = imported;
        hf_config_add_psk(p.client_config, &psk);
        hf_config_add_psk(p.server_config, &psk);
    }
    watch(&p, true);
    pair_start(&p);
    tamper_start(p.server);
    tamper_message(HF_MSG_SERVER_HELLO, 0, set_index, &index);
    tamper_expect(&p, p.client, code);
    pair_free(&p);
}

static void a_choice_that_was_not_offered_is_refused(void **state)
{
    (void)state;
    client_refuses_index(false, 2, HF_E_SELECTED_IDENTITY);
    client_refuses_index(true, 4, HF_E_SELECTED_IDENTITY);
    client_refuses_index(true, 1, HF_E_SELECTED_IDENTITY); /* the first key for SHA-384 */
}

/* The other key leads to other keys: nothing opens. */
static void a_choice_of_another_key_leads_nowhere(void **state)
{
    (void)state;
    client_refuses_index(false, 1, HF_E_BAD_RECORD_MAC);
}

static void a_client_that_trusts_nobody_says_why_it_stops(void **state)
{
    (void)state;
    pair p, q;
    hf_error e;
    hf_psk psk = psk_sample(0);
    psk_config(&p);
    pair_config(&q, &pki);
    hf_config_free(p.server_config);
    p.server_config = hf_config_ref(q.server_config);
    hf_config_add_psk(p.client_config, &psk);
    watch(&p, true);
    pair_start(&p);
    assert_false(pair_run(&p));
    hf_conn_error(p.client, &e);
    assert_int_equal(e.code, HF_E_PSK_NOT_TAKEN);
    assert_non_null(strstr(e.got, "certificate"));
    assert_non_null(strstr(hf_error_remedy(e.code), "--cacert"));
    pair_free(&p);
    q.client = q.server = NULL;
    hf_config_free(q.client_config);
    hf_config_free(q.server_config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_differs_in_anything_is_refused),
        cmocka_unit_test(an_unknown_identity_ends_like_a_wrong_binder),
        cmocka_unit_test(the_error_names_the_identity),
        cmocka_unit_test(lists_that_are_wrong_are_refused),
        cmocka_unit_test(many_identities_cost_little),
        cmocka_unit_test(a_wrong_binder_is_refused),
        cmocka_unit_test(a_doubled_identity_is_one_with_a_wrong_binder),
        cmocka_unit_test(a_wrong_binder_is_refused_beside_certificates),
        cmocka_unit_test(a_server_with_keys_alone_refuses_who_has_none),
        cmocka_unit_test(a_choice_that_was_not_offered_is_refused),
        cmocka_unit_test(a_choice_of_another_key_leads_nowhere),
        cmocka_unit_test(a_client_that_trusts_nobody_says_why_it_stops),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
