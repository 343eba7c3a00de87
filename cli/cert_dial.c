/* cert_dial.c: connecting by the shared client options, for the commands that look at a peer. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool is_port(const char *text, size_t n)
{
    if (n == 0 || n > 5)
        return false;
    long value = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    return value > 0 && value < 65536;
}

/* Cuts "host:port" into the two; false when it is neither that nor a host alone. */
static bool split(const char *text, size_t n, cli_target *t)
{
    const char *host = text, *port = "443";
    size_t host_n = n, port_n = 3;
    const char *close = text[0] == '[' ? memchr(text, ']', n) : NULL;
    if (text[0] == '[') {
        if (close == NULL)
            return false;
        host = text + 1;
        host_n = (size_t)(close - host);
        size_t rest = n - host_n - 2;
        if (rest != 0 && close[1] != ':')
            return false;
        port = rest == 0 ? port : close + 2;
        port_n = rest == 0 ? port_n : rest - 1;
    } else {
        const char *colon = memchr(text, ':', n);
        bool one = colon != NULL && memchr(colon + 1, ':', n - (size_t)(colon + 1 - text)) == NULL;
        if (one) {
            host_n = (size_t)(colon - text);
            port = colon + 1;
            port_n = n - host_n - 1;
        }
    }
    if (host_n == 0 || host_n >= sizeof t->host || !is_port(port, port_n))
        return false;
    memcpy(t->host, host, host_n);
    t->host[host_n] = '\0';
    memcpy(t->port, port, port_n);
    t->port[port_n] = '\0';
    return strpbrk(t->host, " /@\t\r\n") == NULL;
}

cli_exit cli_target_read(cli *c, const char *text, cli_target *t)
{
    const char *start = strncmp(text, "https://", 8) == 0 ? text + 8 : text;
    size_t n = start == text ? strlen(start) : strcspn(start, "/?#");
    memset(t, 0, sizeof *t);
    if (n == 0 || !split(start, n, t))
        return cli_usage(c, "this is not a host and port", text, "HOST:PORT, or [ADDRESS]:PORT");
    bool v6 = strchr(t->host, ':') != NULL;
    snprintf(t->host_port, sizeof t->host_port, v6 ? "[%s]:%s" : "%s:%s", t->host, t->port);
    t->name = cli_text(c, "servername");
    if (t->name == NULL)
        t->name = t->host;
    return CLI_DONE;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static hf_status failed(hf_error *e, hf_status code, const char *subject, const char *got)
{
    *e = (hf_error){.code = code};
    snprintf(e->subject, sizeof e->subject, "%.*s", HF_ERROR_TEXT - 1, subject);
    snprintf(e->got, sizeof e->got, "%.*s", HF_ERROR_TEXT - 1, got);
    return code;
}

/* 0, or errno. `deadline` 0 waits for ever. */
static int connect_until(int fd, const struct addrinfo *a, int64_t deadline)
{
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return errno;
    for (;;) {
        int64_t left = deadline == 0 ? -1 : deadline - now_ms();
        if (deadline != 0 && left <= 0)
            return ETIMEDOUT;
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        int ready = poll(&p, 1, left > 60000 ? 60000 : (int)left);
        if (ready < 0 && errno != EINTR)
            return errno;
        if (ready > 0)
            break;
    }
    int error = 0;
    socklen_t n = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 ? errno : error;
}

/* A blocking descriptor that is connected to one of the addresses, or -1 with *error set. */
static int connect_any(const struct addrinfo *list, int64_t deadline, int *error)
{
    *error = EADDRNOTAVAIL;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd < 0) {
            *error = errno;
            continue;
        }
        int flags = fcntl(fd, F_GETFL);
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
        *error = connect_until(fd, a, deadline);
        if (*error == 0) {
            fcntl(fd, F_SETFL, flags);
            return fd;
        }
        close(fd);
    }
    return -1;
}

/* The address that --resolve gives for the target, or NULL: HOST:PORT:ADDR. */
static const char *resolved(cli *c, const cli_target *t)
{
    const char *entry;
    size_t host_n = strlen(t->host_port);
    for (size_t i = 0; (entry = cli_nth(c, "resolve", i)) != NULL; i++)
        if (strncmp(entry, t->host_port, host_n) == 0 && entry[host_n] == ':')
            return entry + host_n + 1;
    return NULL;
}

static void without_brackets(const char *address, char *to, size_t size)
{
    size_t n = strlen(address);
    bool brackets = n > 1 && address[0] == '[' && address[n - 1] == ']';
    snprintf(to, size, "%.*s", (int)(brackets ? n - 2 : n), address + brackets);
}

hf_status cli_target_dial(cli *c, hf_config *cfg, const cli_target *t, hf_stream **out, hf_error *e)
{
    int64_t timeout_ms = cli_ms(c, "timeout", 30000);
    const char *address = resolved(c, t);
    *out = NULL;
    *e = (hf_error){0};
    if (address == NULL && t->name == t->host) {
        hf_status status = hf_dial(cfg, t->host_port, timeout_ms, out, e);
        if (status != HF_OK && e->code == HF_OK)
            e->code = status;
        return status;
    }
    char node[256];
    without_brackets(address != NULL ? address : t->host, node, sizeof node);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    if (address != NULL)
        hints.ai_flags = AI_NUMERICHOST;
    int why = getaddrinfo(node, t->port, &hints, &list);
    if (why != 0)
        return failed(e, HF_E_NAME_NOT_FOUND, node, gai_strerror(why));
    int error, fd = connect_any(list, timeout_ms == 0 ? 0 : now_ms() + timeout_ms, &error);
    freeaddrinfo(list);
    if (fd < 0)
        return failed(e, error == ETIMEDOUT ? HF_E_TIMEOUT : HF_E_CONNECT, node, strerror(error));
    hf_status status = hf_dial_fd(cfg, fd, t->name, timeout_ms, out, e);
    if (status != HF_OK && e->code == HF_OK)
        e->code = status;
    return status;
}
