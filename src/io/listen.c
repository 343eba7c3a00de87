/* listen.c: a listening socket. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket bound and listening, or -1 with errno and the call that failed. */
static int try_address(const struct addrinfo *a, const char **call)
{
    int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    *call = "socket";
    if (fd < 0)
        return -1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (a->ai_family == AF_INET6) /* "[::]" takes IPv4 too, whatever the system's default */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    *call = "bind";
    int failed = bind(fd, a->ai_addr, a->ai_addrlen);
    if (failed == 0) {
        *call = "listen";
        failed = listen(fd, SOMAXCONN);
    }
    if (failed != 0) {
        int error_number = errno;
        close(fd);
        errno = error_number;
        return -1;
    }
    return fd;
}

static hf_status refused(hf_error *e, const char *host_port, const char *call, int error_number)
{
    hf_io_fail(e, HF_E_SYSTEM, call, host_port, "%s", hf_io_reason(error_number));
    if (error_number == EADDRINUSE)
        hf_error_expected(e, "a port that no other program listens on");
    else if (error_number == EACCES)
        hf_error_expected(e, "a port from 1024 up, or the right to use lower ones");
    else if (error_number == EADDRNOTAVAIL)
        hf_error_expected(e, "an address of this machine");
    return HF_E_SYSTEM;
}

/* Without a host, an IPv6 socket serves both families; it goes first where there is one. */
static int listen_on(const struct addrinfo *list, bool any, const char **call)
{
    int fd = -1;
    if (any)
        for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next)
            if (a->ai_family == AF_INET6)
                fd = try_address(a, call);
    for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next)
        if (!any || a->ai_family != AF_INET6)
            fd = try_address(a, call);
    return fd;
}

int hf_listen(const char *host_port, hf_error *e)
{
    hf_io_address address;
    struct addrinfo *list;
    const char *call = "socket";
    hf_status status = hf_io_address_parse(host_port, &address, e);
    if (status < 0)
        return status;
    if (strcmp(address.host, "*") == 0)
        address.host[0] = '\0';
    status = hf_io_resolve(&address, true, INT64_MAX, &list, e);
    if (status < 0)
        return status;
    errno = EADDRNOTAVAIL;
    int fd = listen_on(list, address.host[0] == '\0', &call);
    int error_number = errno;
    freeaddrinfo(list);
    return fd >= 0 ? fd : refused(e, host_port, call, error_number);
}
