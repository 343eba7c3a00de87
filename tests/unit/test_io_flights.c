/* test_io_flights.c: a flight, however many messages and records it has, leaves in one write. The
 * socket keeps writes apart (SOCK_SEQPACKET), so that what comes in one read was written in one. */
#define _POSIX_C_SOURCE 200809L
#include "support/pair.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

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

/* ---- a stream on a thread, over one end ---- */

typedef struct stream_end {
    hf_config *cfg;
    int fd;
    hf_status status;
    pthread_t thread;
} stream_end;

enum { PATIENCE_MS = 20000 };

static void *serve(void *arg)
{
    stream_end *e = arg;
    hf_stream *s;
    e->status = hf_accept(e->cfg, e->fd, PATIENCE_MS, &s, NULL);
    if (e->status == HF_OK)
        hf_stream_close(s);
    return NULL;
}

static void *dial(void *arg)
{
    stream_end *e = arg;
    hf_stream *s;
    e->status = hf_dial_fd(e->cfg, e->fd, "server.test", PATIENCE_MS, &s, NULL);
    if (e->status == HF_OK)
        hf_stream_close(s);
    return NULL;
}

/* ---- the other end, by hand ---- */

static size_t tickets;

static void count_ticket(void *ctx, hf_conn *conn, hf_bytes session)
{
    (void)ctx;
    (void)conn;
    tickets += session.n != 0;
}

static void read_one_write(int fd, hf_conn *c)
{
    uint8_t bytes[1 << 16];
    size_t used = 0;
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    assert_true(n > 0 && (size_t)n < sizeof bytes);
    assert_int_equal(hf_feed(c, bytes, (size_t)n, &used), HF_OK);
    assert_int_equal(used, n);
    assert_true(hf_step(c) >= 0);
}

static void write_all(int fd, hf_conn *c)
{
    hf_bytes out = hf_out(c);
    assert_true(out.n > 0);
    assert_int_equal(send(fd, out.p, out.n, MSG_NOSIGNAL), out.n);
    hf_out_consumed(c, out.n);
}

static void configure(pair *p, uint16_t version)
{
    pair_config(p, &pki);
    hf_config *const both[] = {p->client_config, p->server_config};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(hf_config_versions(both[i], version, version), HF_OK);
    hf_config_client_auth(p->server_config, HF_CLIENT_AUTH_REQUIRED);
    hf_config_add_identity(p->client_config, pki.client);
    hf_config_tickets(p->server_config, 2);
    hf_config_new_session(p->client_config, count_ticket, NULL);
    assert_int_equal(hf_config_freeze(p->client_config, NULL), HF_OK);
    assert_int_equal(hf_config_freeze(p->server_config, NULL), HF_OK);
}

/* The stream has two flights: the first, in one write, is all that is needed for an answer, and the
 * second ends the handshake. */
static void run(uint16_t version, bool stream_serves)
{
    pair p = {0};
    int fds[2];
    hf_conn *c;
    configure(&p, version);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    stream_end e = {.cfg = stream_serves ? p.server_config : p.client_config, .fd = fds[1]};
    if (stream_serves)
        assert_int_equal(hf_client_new(p.client_config, "server.test", &c), HF_OK);
    else
        assert_int_equal(hf_server_new(p.server_config, &c), HF_OK);
    assert_true(hf_step(c) >= 0);
    assert_int_equal(pthread_create(&e.thread, NULL, stream_serves ? serve : dial, &e), 0);

    tickets = 0;
    if (stream_serves)
        write_all(fds[0], c);
    read_one_write(fds[0], c);
    write_all(fds[0], c);
    read_one_write(fds[0], c);
    assert_true((hf_step(c) & HF_ESTABLISHED) != 0);
    if (stream_serves)
        assert_int_equal(tickets, version == HF_TLS_1_3 ? 2 : 1);
    else if (version == HF_TLS_1_2)
        write_all(fds[0], c); /* its Finished; nobody waits for the tickets of 1.3 */
    close(fds[0]);
    pthread_join(e.thread, NULL);
    assert_int_equal(e.status, HF_OK);
    hf_conn_free(c);
    pair_free(&p);
}

/* ServerHello to Finished; then the tickets, both in one. */
static void a_server_of_tls13_writes_each_flight_at_once(void **state)
{
    (void)state;
    run(HF_TLS_1_3, true);
}

/* ClientHello; Certificate to Finished. */
static void a_client_of_tls13_writes_each_flight_at_once(void **state)
{
    (void)state;
    run(HF_TLS_1_3, false);
}

/* ServerHello to ServerHelloDone; NewSessionTicket to Finished. */
static void a_server_of_tls12_writes_each_flight_at_once(void **state)
{
    (void)state;
    run(HF_TLS_1_2, true);
}

static void a_client_of_tls12_writes_each_flight_at_once(void **state)
{
    (void)state;
    run(HF_TLS_1_2, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_of_tls13_writes_each_flight_at_once),
        cmocka_unit_test(a_client_of_tls13_writes_each_flight_at_once),
        cmocka_unit_test(a_server_of_tls12_writes_each_flight_at_once),
        cmocka_unit_test(a_client_of_tls12_writes_each_flight_at_once),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
