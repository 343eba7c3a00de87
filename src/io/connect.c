/* connect.c: a TCP connection to a name that may have many addresses. Attempts start one after the
 * other without waiting for the former to fail, and the first that answers wins (RFC 8305, "happy
 * eyeballs"): one dead address costs a quarter of a second, not the whole timeout. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MAX_ADDRESSES = 32,     /* of one name: a name server may not make us try for ever */
    ATTEMPT_DELAY_MS = 250, /* RFC 8305 section 5 */
};

typedef struct race {
    const struct addrinfo *order[MAX_ADDRESSES];
    struct pollfd fds[MAX_ADDRESSES]; /* fd -1: not started, or failed */
    size_t count, started, running;
    int64_t delay_ms, next_start_ms;
    char failures[HF_ERROR_TEXT]; /* "192.0.2.1: Connection refused; ..." */
} race;

/* The addresses in the system's order of preference, families taking turns (RFC 8305 section 4). */
static void order_addresses(race *r, const struct addrinfo *list)
{
    const struct addrinfo *first = list, *other = list;
    bool turn = true;
    while (r->count < MAX_ADDRESSES) {
        while (first != NULL && first->ai_family != list->ai_family)
            first = first->ai_next;
        while (other != NULL && other->ai_family == list->ai_family)
            other = other->ai_next;
        if (first == NULL && other == NULL)
            break;
        const struct addrinfo **next = (turn && first != NULL) || other == NULL ? &first : &other;
        r->order[r->count++] = *next;
        *next = (*next)->ai_next;
        turn = !turn;
    }
    for (size_t i = 0; i < MAX_ADDRESSES; i++)
        r->fds[i] = (struct pollfd){.fd = -1, .events = POLLOUT};
}

static void note_failure(race *r, size_t i, const char *reason)
{
    char address[64];
    size_t n = strlen(r->failures);
    if (getnameinfo(r->order[i]->ai_addr, r->order[i]->ai_addrlen, address, sizeof(address), NULL,
                    0, NI_NUMERICHOST) != 0)
        snprintf(address, sizeof(address), "address %zu", i + 1);
    snprintf(r->failures + n, sizeof(r->failures) - n, "%s%s: %s", n > 0 ? "; " : "", address,
             reason);
}

static void attempt_failed(race *r, size_t i, int error_number)
{
    if (r->fds[i].fd >= 0) {
        close(r->fds[i].fd);
        r->fds[i].fd = -1;
        r->running--;
    }
    note_failure(r, i, hf_io_reason(error_number));
    r->next_start_ms = 0; /* nothing to wait for: the next may start */
}

/* Starts the next attempt. True when it is connected already. */
static bool start_attempt(race *r)
{
    size_t i = r->started++;
    const struct addrinfo *a = r->order[i];
    r->next_start_ms = hf_io_now_ms() + r->delay_ms;
    int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (fd < 0) {
        attempt_failed(r, i, errno);
        return false;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    r->fds[i].fd = fd;
    r->running++;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return true;
    if (errno != EINPROGRESS && errno != EINTR)
        attempt_failed(r, i, errno);
    return false;
}

/* The index of an attempt that is connected, or MAX_ADDRESSES. */
static size_t look_at_attempts(race *r)
{
    for (size_t i = 0; i < r->started; i++) {
        int error_number = 0;
        socklen_t n = sizeof(error_number);
        if (r->fds[i].fd < 0 || r->fds[i].revents == 0)
            continue;
        if (getsockopt(r->fds[i].fd, SOL_SOCKET, SO_ERROR, &error_number, &n) != 0)
            error_number = errno;
        if (error_number == 0)
            return i;
        attempt_failed(r, i, error_number);
    }
    return MAX_ADDRESSES;
}

/* Runs the race: the winner's index, or MAX_ADDRESSES when all failed or time is up. */
static size_t run(race *r, int64_t deadline_ms)
{
    for (;;) {
        if (hf_io_poll_ms(deadline_ms) == 0)
            return MAX_ADDRESSES;
        if (r->started < r->count && hf_io_now_ms() >= r->next_start_ms) {
            if (start_attempt(r))
                return r->started - 1;
            continue;
        }
        if (r->running == 0 && r->started == r->count)
            return MAX_ADDRESSES;
        int64_t until = deadline_ms;
        if (r->started < r->count && r->next_start_ms < until)
            until = r->next_start_ms;
        if (poll(r->fds, (nfds_t)r->started, hf_io_poll_ms(until)) > 0) {
            size_t winner = look_at_attempts(r);
            if (winner < MAX_ADDRESSES)
                return winner;
        }
    }
}

static hf_status lost(const race *r, const char *label, int64_t timeout_ms, hf_error *e)
{
    if (r->running == 0 && r->started == r->count)
        return hf_io_fail(e, HF_E_CONNECT, "TCP connection", label, "%s", r->failures);
    hf_io_fail(e, HF_E_TIMEOUT, "TCP connection", label, "no answer%s%s",
               r->failures[0] != '\0' ? "; " : "", r->failures);
    hf_error_expected(e, "a connection within %lld ms", (long long)timeout_ms);
    return HF_E_TIMEOUT;
}

int hf_io_connect(const hf_io_address *address, const char *label, int64_t deadline_ms,
                  int64_t timeout_ms, hf_error *e)
{
    struct addrinfo *list;
    race r = {.count = 0};
    if (address->host[0] == '\0' || strcmp(address->port, "0") == 0) {
        hf_io_fail(e, HF_E_BAD_ARGUMENT, "address", label, "no host or no port");
        hf_error_expected(e, "a host and a port from 1 to 65535");
        return HF_E_BAD_ARGUMENT;
    }
    hf_status status = hf_io_resolve(address, false, deadline_ms, &list, e);
    if (status < 0)
        return status;
    order_addresses(&r, list);
    r.delay_ms = ATTEMPT_DELAY_MS;
    int64_t share = deadline_ms == INT64_MAX
                        ? INT64_MAX
                        : (deadline_ms - hf_io_now_ms()) / ((int64_t)r.count + 1);
    if (share < r.delay_ms) /* every address has its turn before time is up */
        r.delay_ms = share > 0 ? share : 1;

    size_t winner = run(&r, deadline_ms);
    int fd = winner < MAX_ADDRESSES ? r.fds[winner].fd : lost(&r, label, timeout_ms, e);
    for (size_t i = 0; i < r.started; i++)
        if (i != winner && r.fds[i].fd >= 0)
            close(r.fds[i].fd);
    freeaddrinfo(list);
    if (fd >= 0) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    }
    return fd;
}

int hf_connect(const char *host_port, int64_t timeout_ms, hf_error *e)
{
    hf_io_address address;
    int64_t deadline_ms = hf_io_deadline(timeout_ms);
    hf_status status = hf_io_address_parse(host_port, &address, e);
    if (status < 0)
        return status;
    return hf_io_connect(&address, host_port, deadline_ms, timeout_ms, e);
}
