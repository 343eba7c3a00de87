/* test_io_stream.c: streams over a socket pair: a client here, a server on a thread. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"
#include "support/fail_alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- two configs that trust each other ---- */

static hf_config *client_config, *server_config, *distrusting_config;
static hf_config *client_pool_config, *server_pool_config;
static hf_identity *identity;
static hf_store *store;
static hf_pool *pool;

static void must(hf_status status)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", hf_error_name(status), hf_error_sentence(status));
        abort();
    }
}

static hf_key *make_certificate(const hf_cert_template *t, const hf_bytes *issuer_der,
                                const hf_key *issuer_key, hf_bytes *der)
{
    hf_key *key;
    hf_cert issuer;
    must(hf_key_generate(HF_KEY_P256, 0, &key, NULL));
    if (issuer_der != NULL)
        must(hf_cert_parse(*issuer_der, &issuer, NULL));
    must(hf_cert_issue(t, hf_key_public(key), issuer_der != NULL ? &issuer : NULL,
                       issuer_der != NULL ? issuer_key : key, der, NULL));
    return key;
}

static hf_config *make_config(hf_role role, hf_store *trusted, hf_pool *with_pool)
{
    hf_config *cfg;
    must(hf_config_new(role, &cfg));
    if (role == HF_SERVER)
        must(hf_config_add_identity(cfg, identity));
    else
        must(hf_config_trust(cfg, trusted));
    if (with_pool != NULL)
        must(hf_config_executor(cfg, hf_pool_executor(with_pool)));
    must(hf_config_freeze(cfg, NULL));
    return cfg;
}

static int make_configs(void **state)
{
    (void)state;
    static const char *const names[] = {"localhost", NULL};
    int64_t now_s = (int64_t)time(NULL);
    hf_cert_template ca = {.subject = "CN=test authority",
                           .not_before_s = now_s - 60,
                           .not_after_s = now_s + 3600,
                           .ca = true,
                           .path_len = -1};
    hf_cert_template leaf = {.subject = "CN=localhost",
                             .names = names,
                             .not_before_s = now_s - 60,
                             .not_after_s = now_s + 3600,
                             .path_len = -1,
                             .server = true};
    hf_bytes ca_der, leaf_der, other_der;
    hf_store *other_store;
    hf_key *ca_key = make_certificate(&ca, NULL, NULL, &ca_der);
    hf_key *leaf_key = make_certificate(&leaf, &ca_der, ca_key, &leaf_der);
    ca.subject = "CN=another authority";
    hf_key *other_key = make_certificate(&ca, NULL, NULL, &other_der);

    must(hf_identity_new(leaf_der, leaf_key, &identity, NULL));
    must(hf_store_new(&store));
    must(hf_store_add(store, ca_der, NULL, NULL));
    must(hf_store_new(&other_store));
    must(hf_store_add(other_store, other_der, NULL, NULL));
    must(hf_pool_new(2, &pool));
    client_config = make_config(HF_CLIENT, store, NULL);
    server_config = make_config(HF_SERVER, NULL, NULL);
    client_pool_config = make_config(HF_CLIENT, store, pool);
    server_pool_config = make_config(HF_SERVER, NULL, pool);
    distrusting_config = make_config(HF_CLIENT, other_store, NULL);
    hf_store_free(other_store);
    hf_key_free(ca_key);
    hf_key_free(leaf_key);
    hf_key_free(other_key);
    hf_der_free(ca_der);
    hf_der_free(leaf_der);
    hf_der_free(other_der);
    return 0;
}

static int free_configs(void **state)
{
    (void)state;
    hf_config_free(client_config);
    hf_config_free(server_config);
    hf_config_free(client_pool_config);
    hf_config_free(server_pool_config);
    hf_config_free(distrusting_config);
    hf_identity_free(identity);
    hf_store_free(store);
    hf_pool_free(pool);
    return 0;
}

/* ---- a server on a thread ---- */

enum { PATIENCE_MS = 20000 };

typedef struct server {
    hf_config *cfg;
    int fd, listening; /* fd -1: accept one on `listening` */
    hf_status (*serve)(struct server *server, hf_stream *s);
    hf_status status; /* of hf_accept, then of serve */
    hf_error error;
    bool accepted;
    pthread_t thread;
} server;

static void *server_run(void *arg)
{
    server *v = arg;
    hf_stream *s;
    if (v->fd < 0)
        v->fd = accept(v->listening, NULL, NULL);
    v->status = hf_accept(v->cfg, v->fd, PATIENCE_MS, &s, &v->error);
    if (v->status == HF_OK) {
        v->accepted = true;
        v->status = v->serve(v, s);
    }
    return NULL;
}

static server *server_start(hf_config *cfg, hf_status (*serve)(server *, hf_stream *),
                            int *client_fd)
{
    int pair[2];
    server *v = calloc(1, sizeof(*v));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    *v = (server){.cfg = cfg, .fd = pair[1], .serve = serve};
    *client_fd = pair[0];
    assert_int_equal(pthread_create(&v->thread, NULL, server_run, v), 0);
    return v;
}

static hf_status server_end(server *v)
{
    pthread_join(v->thread, NULL);
    hf_status status = v->status;
    free(v);
    return status;
}

static hf_stream *dial(hf_config *cfg, int fd, int64_t timeout_ms)
{
    hf_stream *s;
    hf_error e;
    hf_status status = hf_dial_fd(cfg, fd, "localhost", timeout_ms, &s, &e);
    if (status < 0) {
        char text[1024];
        hf_error_format(&e, text, sizeof(text));
        fail_msg("%s", text);
    }
    return s;
}

/* ---- what servers do ---- */

static hf_status serve_echo(server *v, hf_stream *s)
{
    char data[10000];
    int64_t n;
    (void)v;
    while ((n = hf_stream_read(s, data, sizeof(data))) > 0)
        if (hf_stream_write(s, data, (size_t)n) < 0)
            break;
    hf_stream_error(s, &v->error);
    hf_status status = hf_stream_close(s);
    return n < 0 ? (hf_status)n : status;
}

static hf_status serve_hello_and_close(server *v, hf_stream *s)
{
    (void)v;
    hf_status status = hf_stream_write(s, "hello", 5);
    hf_status closed = hf_stream_close(s);
    return status < 0 ? status : closed;
}

/* Leaves without a word: shuts the socket down beneath TLS. */
static hf_status serve_hello_and_vanish(server *v, hf_stream *s)
{
    hf_status status = hf_stream_write(s, "hello", 5);
    shutdown(v->fd, SHUT_RDWR);
    hf_stream_close(s);
    return status;
}

static hf_status serve_slowly(server *v, hf_stream *s)
{
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    return serve_hello_and_close(v, s);
}

/* Reads nothing for a while, but says something first. */
static hf_status serve_without_reading(server *v, hf_stream *s)
{
    hf_status status = hf_stream_write(s, "hello", 5);
    nanosleep(&(struct timespec){.tv_nsec = 700000000}, NULL);
    shutdown(v->fd, SHUT_RDWR);
    hf_stream_close(s);
    return status;
}

/* ---- tests ---- */

static void read_exactly(hf_stream *s, char *p, size_t n)
{
    while (n > 0) {
        int64_t got = hf_stream_read(s, p, n);
        assert_true(got > 0 && (size_t)got <= n);
        p += got;
        n -= (size_t)got;
    }
}

static void echo_through(hf_config *client, hf_config *server_cfg)
{
    enum { PIECE = 50000, PIECES = 20 };
    static char sent[PIECE], received[PIECE];
    int fd;
    char more;
    server *v = server_start(server_cfg, serve_echo, &fd);
    hf_stream *s = dial(client, fd, PATIENCE_MS);
    for (int i = 0; i < PIECES; i++) {
        for (size_t k = 0; k < PIECE; k++)
            sent[k] = (char)(k * 31 + (size_t)i);
        assert_int_equal(hf_stream_write(s, sent, PIECE), HF_OK);
        read_exactly(s, received, PIECE);
        assert_memory_equal(sent, received, PIECE);
    }
    assert_int_equal(hf_stream_write(s, NULL, 0), HF_OK);
    assert_int_equal(hf_close(hf_stream_conn(s)), HF_OK); /* half-close: the echo ends */
    assert_int_equal(hf_stream_read(s, &more, 1), 0);
    assert_int_equal(hf_stream_read(s, &more, 1), 0);
    assert_int_equal(hf_stream_write(s, "x", 1), HF_E_CLOSED);
    assert_int_equal(hf_stream_close(s), HF_OK);
    assert_int_equal(server_end(v), HF_OK);
}

static void data_goes_both_ways_and_the_end_is_said(void **state)
{
    (void)state;
    echo_through(client_config, server_config);
}

static void jobs_on_other_threads_change_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        echo_through(client_pool_config, server_config);
        echo_through(client_config, server_pool_config);
        echo_through(client_pool_config, server_pool_config);
    }
}

static void a_stream_knows_its_connection(void **state)
{
    (void)state;
    int fd;
    hf_info info;
    server *v = server_start(server_config, serve_hello_and_close, &fd);
    hf_stream *s = dial(client_config, fd, PATIENCE_MS);
    hf_conn_info(hf_stream_conn(s), &info);
    assert_true(info.established);
    assert_string_equal(info.host, "localhost");
    hf_stream_close(s);
    server_end(v);
}

static void a_peer_that_vanishes_is_not_an_end(void **state)
{
    (void)state;
    int fd;
    char data[16];
    hf_error e;
    server *v = server_start(server_config, serve_hello_and_vanish, &fd);
    hf_stream *s = dial(client_config, fd, PATIENCE_MS);
    read_exactly(s, data, 5);
    assert_memory_equal(data, "hello", 5);
    assert_int_equal(hf_stream_read(s, data, sizeof(data)), HF_E_TRUNCATED);
    hf_stream_error(s, &e);
    assert_int_equal(e.code, HF_E_TRUNCATED);
    assert_string_equal(e.subject, "localhost");
    assert_int_equal(hf_stream_read(s, data, sizeof(data)), HF_E_TRUNCATED);
    assert_int_equal(hf_stream_write(s, "x", 1), HF_E_TRUNCATED);
    assert_int_equal(hf_stream_close(s), HF_E_TRUNCATED);
    assert_int_equal(server_end(v), HF_OK);
}

static void data_before_a_clean_end_is_read_first(void **state)
{
    (void)state;
    int fd;
    char data[16];
    server *v = server_start(server_config, serve_hello_and_close, &fd);
    hf_stream *s = dial(client_config, fd, PATIENCE_MS);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL); /* all of it has come */
    read_exactly(s, data, 2);
    read_exactly(s, data, 3);
    assert_int_equal(hf_stream_read(s, data, sizeof(data)), 0);
    assert_int_equal(hf_stream_close(s), HF_OK);
    server_end(v);
}

static bool is_closed(int fd)
{
    return fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

static void a_silent_peer_times_out(void **state)
{
    (void)state;
    for (int as_server = 0; as_server < 2; as_server++) {
        int pair[2];
        hf_stream *s = (hf_stream *)pair;
        hf_error e;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        int64_t before = hf_io_now_ms();
        assert_int_equal(as_server ? hf_accept(server_config, pair[0], 200, &s, &e)
                                   : hf_dial_fd(client_config, pair[0], "localhost", 200, &s, &e),
                         HF_E_TIMEOUT);
        assert_in_range(hf_io_now_ms() - before, 190, 5000);
        assert_null(s);
        assert_int_equal(e.code, HF_E_TIMEOUT);
        assert_string_equal(e.subject, as_server ? "the peer" : "localhost");
        assert_non_null(strstr(e.expected, "200 ms"));
        assert_true(is_closed(pair[0]));
        close(pair[1]);
    }
}

static void a_read_that_times_out_may_be_tried_again(void **state)
{
    (void)state;
    int fd;
    char data[16];
    hf_error e;
    server *v = server_start(server_config, serve_slowly, &fd);
    hf_stream *s = dial(client_config, fd, 100);
    int timeouts = 0;
    int64_t got;
    while ((got = hf_stream_read(s, data, sizeof(data))) == HF_E_TIMEOUT && timeouts < 100) {
        hf_stream_error(s, &e);
        assert_int_equal(e.code, HF_E_TIMEOUT);
        timeouts++;
    }
    assert_true(timeouts >= 1);
    assert_int_equal(got, 5);
    assert_int_equal(hf_stream_read(s, data, sizeof(data)), 0);
    assert_int_equal(hf_stream_close(s), HF_OK);
    server_end(v);
}

static void a_peer_that_reads_nothing_times_out_a_write_and_not_a_read(void **state)
{
    (void)state;
    static char much[4 * 1024 * 1024];
    int fd;
    char data[16];
    hf_error e;
    server *v = server_start(server_config, serve_without_reading, &fd);
    hf_stream *s = dial(client_config, fd, 200);
    assert_int_equal(hf_stream_write(s, much, sizeof(much)), HF_E_TIMEOUT);
    hf_stream_error(s, &e);
    assert_int_equal(e.code, HF_E_TIMEOUT);
    assert_string_equal(e.message, "writing");
    assert_true(hf_out(hf_stream_conn(s)).n > 0);
    read_exactly(s, data, 5); /* with output pending */
    assert_memory_equal(data, "hello", 5);
    int64_t before = hf_io_now_ms();
    assert_true(hf_stream_close(s) < 0); /* not all that was written went out */
    assert_in_range(hf_io_now_ms() - before, 0, 5000);
    server_end(v);
}

static void both_may_write_at_once_as_long_as_sockets_have_room(void **state)
{
    (void)state;
    static char much[60000];
    int fd;
    server *v = server_start(server_config, serve_echo, &fd);
    hf_stream *s = dial(client_config, fd, PATIENCE_MS);
    for (int i = 0; i < 3; i++)
        assert_int_equal(hf_stream_write(s, much, sizeof(much)), HF_OK);
    for (int i = 0; i < 3; i++)
        read_exactly(s, much, sizeof(much));
    assert_int_equal(hf_stream_close(s), HF_OK);
    assert_int_equal(server_end(v), HF_OK);
}

static void writing_to_a_peer_that_is_gone_fails_without_a_signal(void **state)
{
    (void)state;
    static char much[1024 * 1024];
    int fd;
    hf_error e;
    server *v = server_start(server_config, serve_hello_and_vanish, &fd);
    hf_stream *s = dial(client_config, fd, PATIENCE_MS);
    server_end(v);
    hf_status status = HF_OK;
    for (int i = 0; i < 10 && status == HF_OK; i++)
        status = hf_stream_write(s, much, sizeof(much));
    assert_true(status == HF_E_SYSTEM || status == HF_E_TRUNCATED);
    hf_stream_error(s, &e);
    assert_int_equal(e.code, status);
    assert_true(hf_stream_close(s) < 0);
}

static void a_refusal_reaches_the_peer_as_an_alert(void **state)
{
    (void)state;
    int fd;
    hf_stream *s;
    hf_error e;
    server *v = server_start(server_config, serve_echo, &fd);
    int client_fd = fd;
    assert_int_equal(hf_dial_fd(distrusting_config, fd, "localhost", PATIENCE_MS, &s, &e),
                     HF_E_CERT_UNTRUSTED);
    assert_null(s);
    assert_int_equal(e.code, HF_E_CERT_UNTRUSTED);
    assert_true(e.alert_sent);
    assert_true(is_closed(client_fd));
    pthread_join(v->thread, NULL);
    assert_int_equal(v->status, HF_E_ALERT_RECEIVED);
    assert_int_equal(v->error.alert, HF_ALERT_unknown_ca);
    free(v);
}

static void a_peer_that_speaks_no_tls_is_refused(void **state)
{
    (void)state;
    static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    for (int as_server = 0; as_server < 2; as_server++) {
        int pair[2];
        hf_stream *s;
        hf_error e;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(write(pair[1], http, sizeof(http) - 1), (int)sizeof(http) - 1);
        hf_status status =
            as_server ? hf_accept(server_config, pair[0], PATIENCE_MS, &s, &e)
                      : hf_dial_fd(client_config, pair[0], "localhost", PATIENCE_MS, &s, &e);
        assert_true(status < 0 && status != HF_E_TIMEOUT);
        assert_int_equal(e.code, status);
        assert_string_not_equal(e.subject, "");
        assert_true(is_closed(pair[0]));
        close(pair[1]);
    }
}

static void what_is_no_connected_socket_is_refused_and_closed(void **state)
{
    (void)state;
    hf_stream *s;
    hf_error e;
    int fd = open("/dev/null", O_RDWR);
    assert_int_equal(hf_dial_fd(client_config, fd, "localhost", 1000, &s, &e), HF_E_SYSTEM);
    assert_non_null(strstr(e.got, "socket"));
    assert_true(is_closed(fd));

    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(hf_dial_fd(client_config, fd, "localhost", 1000, &s, &e) < 0);
    assert_true(is_closed(fd));
    assert_true(hf_dial_fd(client_config, -1, "localhost", 1000, &s, &e) < 0);
}

static void a_call_that_makes_no_sense_closes_the_descriptor_too(void **state)
{
    (void)state;
    int pair[2];
    hf_stream *s = (hf_stream *)pair;
    hf_error e;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(hf_dial_fd(client_config, pair[0], NULL, 100, &s, &e), HF_E_NO_HOST_NAME);
    assert_null(s);
    assert_true(is_closed(pair[0]));
    assert_int_equal(hf_dial_fd(client_config, pair[1], "no such name", 100, &s, NULL),
                     HF_E_BAD_HOST_NAME);
    assert_true(is_closed(pair[1]));
    assert_int_equal(hf_dial(client_config, "localhost", 100, &s, &e), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_dial(client_config, "localhost:0", 100, &s, &e), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_stream_close(NULL), HF_OK);
}

static void dial_goes_over_tcp(void **state)
{
    (void)state;
    struct sockaddr_in a;
    socklen_t n = sizeof(a);
    char target[40], data[8];
    hf_error e;
    hf_stream *s;
    int listening = hf_listen("127.0.0.1:0", &e);
    assert_true(listening >= 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&a, &n), 0);
    snprintf(target, sizeof(target), "localhost:%u", ntohs(a.sin_port));
    server v = {
        .cfg = server_config, .fd = -1, .listening = listening, .serve = serve_hello_and_close};
    assert_int_equal(pthread_create(&v.thread, NULL, server_run, &v), 0);
    assert_int_equal(hf_dial(client_config, target, PATIENCE_MS, &s, &e), HF_OK);
    read_exactly(s, data, 5);
    assert_memory_equal(data, "hello", 5);
    assert_int_equal(hf_stream_close(s), HF_OK);
    pthread_join(v.thread, NULL);
    assert_int_equal(v.status, HF_OK);
    close(listening);

    assert_int_equal(hf_dial(client_config, target, PATIENCE_MS, &s, &e), HF_E_CONNECT);
    assert_string_equal(e.subject, target);
}

static void reading_into_no_room_is_refused(void **state)
{
    (void)state;
    int fd;
    char data[8];
    server *v = server_start(server_config, serve_hello_and_close, &fd);
    hf_stream *s = dial(client_config, fd, PATIENCE_MS);
    assert_int_equal(hf_stream_read(s, data, 0), HF_E_BAD_ARGUMENT);
    read_exactly(s, data, 5);
    hf_stream_close(s);
    server_end(v);
}

/* Whichever allocation fails, on whichever side: no crash, no leak, no hanging peer. */
static void memory_that_runs_out_leaves_nothing(void **state)
{
    (void)state;
    bool failed = true;
    for (long n = 1; failed; n++) {
        long before = hf_test_live();
        int fd;
        char data[16];
        hf_stream *s;
        hf_test_fail_alloc_after(n);
        server *v = server_start(server_config, serve_hello_and_close, &fd);
        hf_status status = hf_dial_fd(client_config, fd, "localhost", PATIENCE_MS, &s, NULL);
        if (status == HF_OK) {
            while (hf_stream_read(s, data, sizeof(data)) > 0)
                ;
            hf_stream_close(s);
        }
        server_end(v);
        failed = hf_test_alloc_failed();
        hf_test_fail_alloc_after(-1);
        assert_int_equal(hf_test_live(), before);
    }
}

static void interrupt(int signal_number)
{
    (void)signal_number;
}

static void *interrupt_often(void *arg)
{
    pthread_t *target = arg;
    for (int i = 0; i < 20; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        pthread_kill(*target, SIGUSR1);
    }
    return NULL;
}

static void signals_do_not_disturb(void **state)
{
    (void)state;
    int fd;
    char data[16];
    pthread_t self = pthread_self(), thread;
    struct sigaction action = {.sa_handler = interrupt}; /* no SA_RESTART */
    sigaction(SIGUSR1, &action, NULL);
    server *v = server_start(server_config, serve_slowly, &fd);
    hf_stream *s = dial(client_config, fd, PATIENCE_MS);
    pthread_create(&thread, NULL, interrupt_often, &self);
    read_exactly(s, data, 5);
    /* the server's goodbye must be on its way before its socket loses this end */
    assert_int_equal(hf_stream_read(s, data, sizeof(data)), 0);
    assert_int_equal(hf_stream_close(s), HF_OK);
    pthread_join(thread, NULL);
    assert_int_equal(server_end(v), HF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_goes_both_ways_and_the_end_is_said),
        cmocka_unit_test(jobs_on_other_threads_change_nothing),
        cmocka_unit_test(a_stream_knows_its_connection),
        cmocka_unit_test(a_peer_that_vanishes_is_not_an_end),
        cmocka_unit_test(data_before_a_clean_end_is_read_first),
        cmocka_unit_test(a_silent_peer_times_out),
        cmocka_unit_test(a_read_that_times_out_may_be_tried_again),
        cmocka_unit_test(a_peer_that_reads_nothing_times_out_a_write_and_not_a_read),
        cmocka_unit_test(both_may_write_at_once_as_long_as_sockets_have_room),
        cmocka_unit_test(writing_to_a_peer_that_is_gone_fails_without_a_signal),
        cmocka_unit_test(a_refusal_reaches_the_peer_as_an_alert),
        cmocka_unit_test(a_peer_that_speaks_no_tls_is_refused),
        cmocka_unit_test(what_is_no_connected_socket_is_refused_and_closed),
        cmocka_unit_test(a_call_that_makes_no_sense_closes_the_descriptor_too),
        cmocka_unit_test(dial_goes_over_tcp),
        cmocka_unit_test(reading_into_no_room_is_refused),
        cmocka_unit_test(memory_that_runs_out_leaves_nothing),
        cmocka_unit_test(signals_do_not_disturb),
    };
    return cmocka_run_group_tests(tests, make_configs, free_configs);
}
