/* test_handshake.c: whole handshakes in memory: every suite, group and key type, both ways. */
#include "support/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static pair_pki pki;

static void tell(const char *side, const hf_conn *c)
{
    hf_error e;
    char text[1024];
    hf_conn_error(c, &e);
    if (e.code == HF_OK)
        return;
    hf_error_format(&e, text, sizeof(text));
    print_message("%s: %s", side, text);
}

static void must_establish(pair *p)
{
    bool ok = pair_run(p);
    if (!ok) {
        tell("client", p->client);
        tell("server", p->server);
    }
    assert_true(ok);
}

static void default_handshake_uses_the_hybrid_group_and_carries_data(void **state)
{
    (void)state;
    pair p;
    hf_info info;
    pair_config(&p, &pki);
    pair_start(&p);
    must_establish(&p);
    hf_conn_info(p.client, &info);
    assert_string_equal(info.group, "X25519MLKEM768");
    assert_string_equal(info.version_name, "TLS 1.3");
    assert_true(info.peer_authenticated);
    assert_false(info.hello_retry);
    hf_conn_info(p.server, &info);
    assert_string_equal(info.host, "server.test");
    pair_exchange(&p, true, 100000);
    pair_exchange(&p, false, 100000);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_handshake_uses_the_hybrid_group_and_carries_data),
    };
    pair_pki_make(&pki, HF_KEY_P256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_pki_free(&pki);
    return failed;
}
