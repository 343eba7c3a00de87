/* serve_listen.c: where `handfast serve` listens: its sockets, and who comes in by them. */
#define _GNU_SOURCE /* accept4 */
#include "cli/serve_listen.h"
#include "cli/serve_explain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT_AT_ONCE = 32 };

static void on_acceptable(uv_poll_t *handle, int status, int events);

void serve_accept_on(serve *s)
{
    if (s->accepting || s->stopping)
        return;
    s->accepting = true;
    for (size_t i = 0; i < s->listener_count; i++)
        uv_poll_start(&s->listeners[i].poll, UV_READABLE, on_acceptable);
}

void serve_accept_off(serve *s)
{
    s->accepting = false;
    for (size_t i = 0; i < s->listener_count; i++)
        uv_poll_stop(&s->listeners[i].poll);
}

/* "192.0.2.1:4711" or "[2001:db8::1]:4711"; `port` NULL puts only the address, without brackets. */
static void address_text(const struct sockaddr_storage *a, char *text, size_t size, unsigned *port)
{
    char host[INET6_ADDRSTRLEN] = "?";
    unsigned number = 0;
    bool six = a->ss_family == AF_INET6;
    if (six) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        number = ntohs(in6->sin6_port);
    } else if (a->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)a;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        number = ntohs(in->sin_port);
    }
    if (port != NULL) {
        *port = number;
        snprintf(text, size, "%s", host);
    } else {
        snprintf(text, size, six ? "[%s]:%u" : "%s:%u", host, number);
    }
}

static bool someone_waits(int fd)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

static void on_acceptable(uv_poll_t *handle, int status, int events)
{
    serve_listener *l = handle->data;
    serve *s = l->s;
    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        bool full = s->count >= s->max_connections;
        if (full && !someone_waits(l->fd))
            return;
        if (full && !serve_conn_evict(s)) {
            serve_accept_off(s); /* the kernel's queue holds them; serve_conn_gone goes on */
            cli_detail(s->c, 1, "%u connections: new ones wait", s->count);
            return;
        }
        struct sockaddr_storage address;
        socklen_t length = sizeof address;
        int fd = accept4(l->fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd == -1) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                serve_accept_off(s); /* on again by the sweep */
                cli_warn(s->c, "no descriptors left with %u connections: new ones wait", s->count);
            }
            if (errno != EINTR && errno != ECONNABORTED)
                return;
            continue;
        }
        char peer[64];
        address_text(&address, peer, sizeof peer, NULL);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        serve_conn_start(s, l->only_12 ? s->config_12 : s->config, fd, peer);
    }
}

static cli_exit open_listener(serve *s, serve_listener *l, const char *where)
{
    hf_error e = {0};
    *l = (serve_listener){.s = s, .fd = hf_listen(where, &e)};
    if (l->fd < 0) {
        if (e.code == HF_OK)
            e.code = l->fd;
        if (e.code != HF_E_SYSTEM || e.expected[0] == '\0')
            return cli_error(s->c, &e, "listening");
        char hint[sizeof e.expected + 40];
        snprintf(hint, sizeof hint, "--listen ADDR:PORT with %s", e.expected);
        const cli_line lines[] = {{"on", where}, {"because", e.got}, {"try", hint}, {NULL, NULL}};
        return cli_fail(s->c, cli_exit_of(e.code), "cannot listen there", lines);
    }
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int flags = fcntl(l->fd, F_GETFL);
    if (fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        getsockname(l->fd, (struct sockaddr *)&address, &length) != 0 ||
        uv_poll_init(&s->loop, &l->poll, l->fd) != 0) {
        close(l->fd);
        return cli_file_error(s->c, "the listening socket cannot be used", where, errno);
    }
    l->poll.data = l;
    l->open = true;
    address_text(&address, l->address, sizeof l->address, &l->port);
    s->listener_count++;
    return CLI_DONE;
}

/* TLS 1.2 alone, beside the first listener: on the next port where that is free, else on any. */
static cli_exit open_listener_12(serve *s)
{
    const serve_listener *first = &s->listeners[0];
    serve_listener *l = &s->listeners[s->listener_count];
    bool six = strchr(first->address, ':') != NULL;
    char where[96];
    snprintf(where, sizeof where, six ? "[%s]:%u" : "%s:%u", first->address, first->port + 1);
    int fd = first->port < 65535 ? hf_listen(where, NULL) : -1;
    if (fd < 0)
        snprintf(where, sizeof where, six ? "[%s]:0" : "%s:0", first->address);
    else
        close(fd);
    cli_exit status = open_listener(s, l, where);
    l->only_12 = true;
    if (status == CLI_DONE)
        serve_explain_set_ports(s->explain, first->port, l->port);
    return status;
}

cli_exit serve_listeners_open(serve *s)
{
    size_t wanted = cli_count(s->c, "listen");
    s->listeners = calloc(wanted + 2, sizeof *s->listeners);
    if (s->listeners == NULL)
        return cli_fail(s->c, CLI_OTHER, "memory ran out", NULL);
    cli_exit status = wanted == 0 ? open_listener(s, &s->listeners[0], "127.0.0.1:8443") : CLI_DONE;
    for (size_t i = 0; i < wanted && status == CLI_DONE; i++)
        status = open_listener(s, &s->listeners[i], cli_nth(s->c, "listen", i));
    if (status == CLI_DONE && s->door_12)
        status = open_listener_12(s);
    return status;
}

static void on_listener_closed(uv_handle_t *handle)
{
    serve_listener *l = handle->data;
    close(l->fd);
}

void serve_listeners_close(serve *s)
{
    for (size_t i = 0; i < s->listener_count; i++) {
        serve_listener *l = &s->listeners[i];
        if (!l->open)
            continue;
        l->open = false;
        uv_poll_stop(&l->poll);
        shutdown(l->fd, SHUT_RDWR); /* refuses from now on; the descriptor goes with its handle */
        uv_close((uv_handle_t *)&l->poll, on_listener_closed);
    }
}

bool serve_is_everywhere(const serve_listener *l)
{
    return strcmp(l->address, "0.0.0.0") == 0 || strcmp(l->address, "::") == 0;
}

void serve_url_of(const serve_listener *l, char *url, size_t size)
{
    bool local = serve_is_everywhere(l) || strcmp(l->address, "127.0.0.1") == 0 ||
                 strcmp(l->address, "::1") == 0;
    bool six = strchr(l->address, ':') != NULL;
    char port[16] = "";
    if (l->port != 443)
        snprintf(port, sizeof port, ":%u", l->port);
    snprintf(url, size, "https://%s%s%s%s/", six && !local ? "[" : "",
             local ? "localhost" : l->address, six && !local ? "]" : "", port);
}
