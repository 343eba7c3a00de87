/* test_few_allocations.c: a full handshake asks for memory a handful of times, ours and libcrypto's
 * taken together; and what lay in the handshake's block outlives it where it must. */
#include "support/fail_alloc.h"

#include "crypto/lookup.h"
#include "support/pair.h"

#include "crypto/modular.h"

#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static long theirs; /* libcrypto's allocations so far */

static void *counted_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    theirs++;
    return malloc(n);
}

static void *counted_realloc(void *old, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    theirs++;
    return realloc(old, n);
}

static void counted_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

static pair_pki pki;

static int make_pki(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    return 0;
}

static int free_pki(void **state)
{
    (void)state;
    pair_pki_free(&pki);
    return 0;
}

static long asked(void)
{
    return hf_test_alloc_count() + theirs;
}

#define COUNT(to, call)                                                                            \
    do {                                                                                           \
        const long before = asked();                                                               \
        call;                                                                                      \
        to += asked() - before;                                                                    \
    } while (0)

static size_t give(hf_conn *from, hf_conn *to, long *count)
{
    hf_bytes out = hf_out(from);
    size_t used = 0;
    if (out.n == 0)
        return 0;
    COUNT(*count, hf_feed(to, out.p, out.n, &used));
    COUNT(*count, assert_true(hf_step(to) >= 0));
    hf_out_consumed(from, used);
    return used;
}

static void shake(pair *p, long *client, long *server)
{
    COUNT(*client, hf_client_new(p->client_config, "server.test", &p->client));
    COUNT(*client, hf_step(p->client));
    COUNT(*server, hf_server_new(p->server_config, &p->server));
    while (give(p->client, p->server, server) + give(p->server, p->client, client) != 0)
        ;
    assert_true((hf_step(p->client) & hf_step(p->server) & HF_ESTABLISHED) != 0);
    hf_conn_free(p->client);
    hf_conn_free(p->server);
    p->client = p->server = NULL;
}

/* A client's verifications ask libcrypto three times each: there is no way around that in its
 * multiplication of a point that is not the base point. */
static void a_full_handshake_allocates_six_times_on_a_server_and_eight_on_a_client(void **state)
{
    (void)state;
    static const char *const groups[] = {"X25519", "X25519MLKEM768"};
    for (size_t i = 0; i < 2; i++) {
        pair p = {0};
        long client = 0, server = 0;
        pair_config(&p, &pki);
        assert_int_equal(hf_config_groups(p.client_config, groups[i]), HF_OK);
        assert_int_equal(hf_config_groups(p.server_config, groups[i]), HF_OK);
        assert_int_equal(hf_config_signature_cache(p.client_config, NULL), HF_OK);
        assert_int_equal(hf_config_freeze(p.client_config, NULL), HF_OK);
        assert_int_equal(hf_config_freeze(p.server_config, NULL), HF_OK);
        shake(&p, &client, &server); /* fills the shelves */
        client = server = 0;
        shake(&p, &client, &server);
        print_message("%s: server %ld, client %ld\n", groups[i], server, client);
#ifdef HF_HAS_MODULAR
        /* libcrypto allocates a context for each cipher */
        bool lean =
            strstr(hf_aead_find(hf_provider_default(), "AES-128-GCM")->from, "ipsec") != NULL;
        assert_true(server > 0 && server <= (lean ? 6 : 8));
        assert_true(client > 0 && client <= (lean ? 8 : 14));
#endif
        pair_free(&p);
    }
}

/* The client's Finished waits in the block of a handshake that is over. */
static void the_last_flight_can_wait_and_more_can_be_written_behind_it(void **state)
{
    (void)state;
    pair p = {0};
    uint8_t data[20000], got[sizeof data];
    size_t written = 0, n = 0;
    memset(data, 0x5a, sizeof data);
    pair_config(&p, &pki);
    pair_start(&p);
    while ((hf_step(p.client) & HF_ESTABLISHED) == 0) {
        hf_bytes out = hf_out(p.client);
        size_t used = 0;
        hf_feed(p.server, out.p, out.n, &used);
        hf_out_consumed(p.client, used);
        assert_true(hf_step(p.server) >= 0);
        out = hf_out(p.server);
        hf_feed(p.client, out.p, out.n, &used);
        hf_out_consumed(p.server, used);
    }
    assert_true(hf_out(p.client).n > 0);
    assert_true(hf_step(p.client) >= 0); /* nothing of it is given back yet */
    for (size_t at = 0; at < sizeof data; at += written)
        assert_int_equal(hf_write(p.client, data + at, sizeof data - at, &written), HF_OK);
    memset(got, 0, sizeof got);
    while (n < sizeof got) {
        size_t some = 0;
        if (pair_move(p.client, p.server, 1 << 20) == 0)
            assert_true(hf_out(p.client).n == 0);
        assert_true(hf_step(p.server) >= 0);
        assert_int_equal(hf_read(p.server, got + n, sizeof got - n, &some), HF_OK);
        n += some;
        assert_true(some > 0 || hf_out(p.client).n > 0);
    }
    assert_memory_equal(got, data, sizeof data);
    pair_free(&p);
}

/* Data in the same bytes as the client's Finished: it is copied out of the block. */
static void data_right_behind_finished_is_kept(void **state)
{
    (void)state;
    pair p = {0};
    uint8_t got[100];
    size_t written = 0, some = 0, used = 0;
    pair_config(&p, &pki);
    pair_start(&p);
    while ((hf_step(p.client) & HF_ESTABLISHED) == 0) {
        pair_move(p.client, p.server, 1 << 20);
        hf_step(p.server);
        pair_move(p.server, p.client, 1 << 20);
    }
    assert_int_equal(hf_write(p.client, (const uint8_t *)"right behind", 12, &written), HF_OK);
    hf_bytes out = hf_out(p.client);
    assert_int_equal(hf_feed(p.server, out.p, out.n, &used), HF_OK);
    assert_int_equal(used, out.n);
    assert_true((hf_step(p.server) & HF_ESTABLISHED) != 0);
    assert_int_equal(hf_read(p.server, got, sizeof got, &some), HF_OK);
    assert_int_equal(some, 12);
    assert_memory_equal(got, "right behind", 12);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_handshake_allocates_six_times_on_a_server_and_eight_on_a_client),
        cmocka_unit_test(the_last_flight_can_wait_and_more_can_be_written_behind_it),
        cmocka_unit_test(data_right_behind_finished_is_kept),
    };
    /* must come before libcrypto's first allocation */
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1)
        return 1;
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
