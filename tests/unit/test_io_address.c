/* test_io_address.c: addresses as people write them, connecting and listening. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"
#include "support/fail_alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void reads_hosts_and_ports(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *zone, *port;
    } good[] = {
        {"example.test:443", "example.test", "", "443"},
        {"127.0.0.1:0", "127.0.0.1", "", "0"},
        {"[::1]:8443", "::1", "", "8443"},
        {"[fe80::1%eth0]:65535", "fe80::1", "eth0", "65535"},
        {":80", "", "", "80"},
        {"a:00443", "a", "", "443"},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        hf_io_address a;
        hf_error e;
        assert_int_equal(hf_io_address_parse(good[i].text, &a, &e), HF_OK);
        assert_string_equal(a.host, good[i].host);
        assert_string_equal(a.zone, good[i].zone);
        assert_string_equal(a.port, good[i].port);
    }
}

static void refuses_what_is_no_host_and_port_and_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *text, *got;
    } bad[] = {
        {NULL, "nothing"},
        {"", "nothing"},
        {"example.test", "no port"},
        {"example.test:", "port that is not"},
        {"example.test:https", "port that is not"},
        {"example.test:65536", "port that is not"},
        {"example.test:-1", "port that is not"},
        {"example.test:+1", "port that is not"},
        {"example.test:443 ", "port that is not"},
        {"example.test:100000", "port that is not"},
        {"::1:443", "more than one ':'"},
        {"[::1]", "no port after"},
        {"[::1]443", "no port after"},
        {"[::1:443", "without its ']'"},
        {"[]:443", "no IPv6 address"},
        {"[example.test]:443", "no IPv6 address"},
        {"[fe80::1%]:443", "zone"},
        {"[fe80::1%0123456789012345678901234567890123456789]:443", "zone"},
        {"[::1]:443]", "port that is not"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        hf_io_address a;
        hf_error e;
        assert_int_equal(hf_io_address_parse(bad[i].text, &a, &e), HF_E_BAD_ARGUMENT);
        assert_non_null(strstr(e.got, bad[i].got));
        assert_non_null(strstr(e.expected, "host:port"));
        assert_int_equal(hf_io_address_parse(bad[i].text, &a, NULL), HF_E_BAD_ARGUMENT);
    }
    char longest[400];
    hf_io_address a;
    memset(longest, 'a', sizeof(longest));
    strcpy(longest + 255, ":1");
    assert_int_equal(hf_io_address_parse(longest, &a, NULL), HF_OK);
    longest[255] = 'a';
    strcpy(longest + 256, ":1");
    assert_int_equal(hf_io_address_parse(longest, &a, NULL), HF_E_BAD_ARGUMENT);
}

/* The address that a listening socket got, as "host:port" text. */
static void listening_at(int fd, char *text, size_t size)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof(a);
    char host[64], port[8];
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    assert_int_equal(getnameinfo((struct sockaddr *)&a, n, host, sizeof(host), port, sizeof(port),
                                 NI_NUMERICHOST | NI_NUMERICSERV),
                     0);
    snprintf(text, size, a.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static void connects_to_a_listening_socket(void **state)
{
    (void)state;
    static const char *const where[] = {"127.0.0.1:0", "localhost:0", ":0", "*:0"};
    for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
        char text[80], target[80];
        hf_error e;
        int server = hf_listen(where[i], &e);
        assert_true(server >= 0);
        assert_true((fcntl(server, F_GETFD) & FD_CLOEXEC) != 0);
        listening_at(server, text, sizeof(text));
        snprintf(target, sizeof(target), "%s%s",
                 i == 1                           ? "localhost"
                 : strncmp(text, "[::1]", 5) == 0 ? "[::1]"
                                                  : "127.0.0.1",
                 strrchr(text, ':'));
        for (int64_t timeout_ms = 0; timeout_ms <= 5000; timeout_ms += 5000) {
            int client = hf_connect(target, timeout_ms, &e);
            assert_true(client >= 0);
            assert_true((fcntl(client, F_GETFD) & FD_CLOEXEC) != 0);
            assert_true((fcntl(client, F_GETFL) & O_NONBLOCK) == 0);
            close(client);
        }
        close(server);
    }
}

static void a_refused_connection_names_address_and_reason(void **state)
{
    (void)state;
    char text[80];
    hf_error e;
    int server = hf_listen("127.0.0.1:0", &e);
    listening_at(server, text, sizeof(text));
    close(server);
    assert_int_equal(hf_connect(text, 5000, &e), HF_E_CONNECT);
    assert_int_equal(e.code, HF_E_CONNECT);
    assert_string_equal(e.subject, text);
    assert_non_null(strstr(e.got, "127.0.0.1: Connection refused"));
    assert_int_equal(hf_connect(text, 5000, NULL), HF_E_CONNECT);
}

/* A server whose backlog is full answers no SYN: the next connection waits. */
static void a_connection_that_is_not_answered_times_out(void **state)
{
    (void)state;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[80];
    int fill[4], server = socket(AF_INET, SOCK_STREAM, 0);
    hf_error e;
    assert_int_equal(bind(server, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(server, 0), 0);
    listening_at(server, text, sizeof(text));
    hf_status last = HF_OK;
    int64_t took = 0;
    for (size_t i = 0; i < 4; i++) {
        int64_t before = hf_io_now_ms();
        fill[i] = last == HF_OK ? hf_connect(text, 300, &e) : -1;
        took = last == HF_OK ? hf_io_now_ms() - before : took;
        last = fill[i] < 0 && last == HF_OK ? fill[i] : last;
    }
    assert_int_equal(last, HF_E_TIMEOUT);
    assert_in_range(took, 290, 3000);
    assert_string_equal(e.subject, text);
    assert_non_null(strstr(e.expected, "300 ms"));
    for (size_t i = 0; i < 4; i++)
        if (fill[i] >= 0)
            close(fill[i]);
    close(server);
}

static void refuses_to_connect_to_no_host_or_port(void **state)
{
    (void)state;
    static const char *const bad[] = {":443", "127.0.0.1:0", "127.0.0.1", ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(hf_connect(bad[i], 1000, NULL), HF_E_BAD_ARGUMENT);
}

static void a_name_that_does_not_exist_is_named(void **state)
{
    (void)state;
    hf_error e;
    /* .invalid never exists (RFC 2606); without any name server the answer may be "try again" */
    hf_status status = hf_connect("no-such-host.invalid:443", 8000, &e);
    assert_true(status == HF_E_NAME_NOT_FOUND || status == HF_E_TIMEOUT);
    assert_string_equal(e.subject, "no-such-host.invalid");
    assert_string_not_equal(e.got, "");
    assert_true(hf_listen("no-such-host.invalid:0", &e) == HF_E_NAME_NOT_FOUND);
}

static void a_taken_port_is_explained(void **state)
{
    (void)state;
    char text[80];
    hf_error e;
    int server = hf_listen("127.0.0.1:0", &e);
    listening_at(server, text, sizeof(text));
    assert_int_equal(hf_listen(text, &e), HF_E_SYSTEM);
    assert_string_equal(e.subject, text);
    assert_string_equal(e.message, "bind");
    assert_non_null(strstr(e.got, "in use"));
    assert_non_null(strstr(e.expected, "no other program"));
    close(server);
    assert_int_equal(hf_listen("192.0.2.1:0", &e), HF_E_SYSTEM);
    assert_non_null(strstr(e.expected, "address of this machine"));
    assert_int_equal(hf_listen("127.0.0.1:99999", &e), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_listen("127.0.0.1:99999", NULL), HF_E_BAD_ARGUMENT);
}

static hf_status listen_and_close(void *ctx)
{
    int fd = hf_listen(ctx, NULL);
    if (fd < 0)
        return fd;
    close(fd);
    return HF_OK;
}

static void memory_that_runs_out_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    assert_true(hf_test_each_alloc_fails(listen_and_close, "127.0.0.1:0") > 0);
    assert_true(hf_test_each_alloc_fails(listen_and_close, "localhost:0") > 0);
}

static void deadlines_do_not_overflow(void **state)
{
    (void)state;
    assert_true(hf_io_deadline(0) == INT64_MAX);
    assert_true(hf_io_deadline(-5) == INT64_MAX);
    assert_true(hf_io_deadline(INT64_MAX) == INT64_MAX);
    assert_int_equal(hf_io_poll_ms(INT64_MAX), -1);
    assert_int_equal(hf_io_poll_ms(hf_io_now_ms() - 1), 0);
    assert_int_equal(hf_io_poll_ms(INT64_MAX - 1), INT32_MAX);
    int left = hf_io_poll_ms(hf_io_deadline(1000));
    assert_in_range(left, 1, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_hosts_and_ports),
        cmocka_unit_test(refuses_what_is_no_host_and_port_and_says_why),
        cmocka_unit_test(connects_to_a_listening_socket),
        cmocka_unit_test(a_refused_connection_names_address_and_reason),
        cmocka_unit_test(a_connection_that_is_not_answered_times_out),
        cmocka_unit_test(refuses_to_connect_to_no_host_or_port),
        cmocka_unit_test(a_name_that_does_not_exist_is_named),
        cmocka_unit_test(a_taken_port_is_explained),
        cmocka_unit_test(memory_that_runs_out_is_an_error_and_leaves_nothing),
        cmocka_unit_test(deadlines_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
