/* address.c: "host:port" as people write it, and name lookup that keeps to a deadline. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include "base/alloc.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static hf_status bad_address(hf_error *e, const char *text, const char *why)
{
    hf_io_fail(e, HF_E_BAD_ARGUMENT, "address", text, "%s", why);
    hf_error_expected(e, "host:port, or [IPv6 address]:port");
    return HF_E_BAD_ARGUMENT;
}

static bool parse_port(const char *text, char *port)
{
    unsigned value = 0;
    size_t n = strlen(text);
    if (n == 0 || n > 5)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (value > 65535)
        return false;
    snprintf(port, 6, "%u", value);
    return true;
}

/* Moves "%zone" out of an IPv6 address: it matters to this machine only and is no part of what a
 * certificate can name. */
static bool split_zone(hf_io_address *a)
{
    char *percent = strchr(a->host, '%');
    if (percent == NULL || strchr(a->host, ':') == NULL)
        return true;
    if (strlen(percent + 1) == 0 || strlen(percent + 1) >= sizeof(a->zone))
        return false;
    strcpy(a->zone, percent + 1);
    *percent = '\0';
    return true;
}

hf_status hf_io_address_parse(const char *text, hf_io_address *out, hf_error *e)
{
    memset(out, 0, sizeof(*out));
    if (text == NULL || text[0] == '\0')
        return bad_address(e, NULL, "nothing");
    const char *host = text, *end, *colon;
    if (text[0] == '[') {
        host = text + 1;
        end = strchr(host, ']');
        if (end == NULL)
            return bad_address(e, text, "a '[' without its ']'");
        if (end[1] != ':')
            return bad_address(e, text, "no port after the ']'");
        colon = end + 1;
        if (memchr(host, ':', (size_t)(end - host)) == NULL)
            return bad_address(e, text, "what stands in the brackets is no IPv6 address");
    } else {
        colon = strchr(text, ':');
        if (colon == NULL)
            return bad_address(e, text, "no port");
        if (strchr(colon + 1, ':') != NULL)
            return bad_address(e, text, "more than one ':' outside brackets");
        end = colon;
    }
    size_t n = (size_t)(end - host);
    if (n >= sizeof(out->host))
        return bad_address(e, text, "a host name longer than 255 characters");
    memcpy(out->host, host, n);
    if (!split_zone(out))
        return bad_address(e, text, "an IPv6 zone that is empty or too long");
    if (!parse_port(colon + 1, out->port))
        return bad_address(e, text, "a port that is not a number from 0 to 65535");
    return HF_OK;
}

/* ---- lookup ---- */

/* One lookup, shared by the thread that waits and the thread that asks: getaddrinfo takes no
 * timeout, so that a caller with a deadline must be able to leave it behind. Whoever of the two
 * comes last frees it. */
typedef struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done, abandoned;
    char host[sizeof(((hf_io_address *)0)->host) + sizeof(((hf_io_address *)0)->zone) + 1];
    char port[6];
    struct addrinfo hints;
    struct addrinfo *list;
    int result, error_number;
} lookup;

static void lookup_init(lookup *l, const hf_io_address *a, bool passive)
{
    memset(l, 0, sizeof(*l));
    snprintf(l->host, sizeof(l->host), "%s%s%s", a->host, a->zone[0] != '\0' ? "%" : "", a->zone);
    memcpy(l->port, a->port, sizeof(l->port));
    l->hints.ai_family = AF_UNSPEC;
    l->hints.ai_socktype = SOCK_STREAM;
    l->hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0);
}

static void lookup_run(lookup *l, int more_flags)
{
    struct addrinfo hints = l->hints;
    hints.ai_flags |= more_flags;
    errno = 0;
    l->list = NULL;
    l->result = getaddrinfo(l->host[0] != '\0' ? l->host : NULL, l->port, &hints, &l->list);
    l->error_number = errno;
    if (l->result != 0)
        l->list = NULL;
}

static void lookup_free(lookup *l)
{
    if (l->list != NULL)
        freeaddrinfo(l->list);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    hf_free(l);
}

static void *lookup_thread(void *arg)
{
    lookup *l = arg;
    lookup_run(l, 0);
    pthread_mutex_lock(&l->lock);
    l->done = true;
    bool abandoned = l->abandoned;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    if (abandoned)
        lookup_free(l);
    return NULL;
}

static bool lookup_start(lookup *l)
{
    pthread_condattr_t monotonic;
    pthread_attr_t detached;
    sigset_t all, before;
    pthread_t thread;

    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);

    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    sigfillset(&all); /* the program's signal handlers run on the program's threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, &detached, lookup_thread, l) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
    return started;
}

/* True when the lookup was done in time; false leaves it to its thread. */
static bool lookup_wait(lookup *l, int64_t deadline_ms)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
                             .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    int waited = 0;
    pthread_mutex_lock(&l->lock);
    while (!l->done && waited == 0)
        waited = pthread_cond_timedwait(&l->changed, &l->lock, &until);
    bool done = l->done;
    l->abandoned = !done;
    pthread_mutex_unlock(&l->lock);
    return done;
}

static hf_status lookup_result(lookup *l, struct addrinfo **out, hf_error *e)
{
    const char *name = l->host[0] != '\0' ? l->host : l->port;
    switch (l->result) {
    case 0:
        *out = l->list;
        l->list = NULL;
        return HF_OK;
    case EAI_MEMORY:
        return hf_io_fail(e, HF_E_OUT_OF_MEMORY, "name lookup", name, NULL);
    case EAI_SYSTEM:
        return hf_io_fail(e, HF_E_SYSTEM, "name lookup", name, "%s", hf_io_reason(l->error_number));
    default:
        return hf_io_fail(e, HF_E_NAME_NOT_FOUND, "name lookup", name, "%s",
                          gai_strerror(l->result));
    }
}

hf_status hf_io_resolve(const hf_io_address *address, bool passive, int64_t deadline_ms,
                        struct addrinfo **out, hf_error *e)
{
    lookup *l = hf_alloc(sizeof(*l));
    *out = NULL;
    if (l == NULL)
        return hf_io_fail(e, HF_E_OUT_OF_MEMORY, "name lookup", address->host, NULL);
    lookup_init(l, address, passive);

    /* Numbers need no lookup, and without a deadline there is nothing to keep to. */
    lookup_run(l, AI_NUMERICHOST);
    bool asked = l->result != EAI_NONAME;
    if (!asked && deadline_ms == INT64_MAX) {
        lookup_run(l, 0);
        asked = true;
    }
    if (asked) {
        hf_status status = lookup_result(l, out, e);
        hf_free(l);
        return status;
    }
    if (!lookup_start(l)) {
        hf_io_fail(e, HF_E_SYSTEM, "name lookup", address->host, "no thread could be started");
        lookup_free(l);
        return HF_E_SYSTEM;
    }
    if (!lookup_wait(l, deadline_ms)) /* `l` now belongs to its thread */
        return hf_io_fail(e, HF_E_TIMEOUT, "name lookup", address->host,
                          "no answer from the name server");
    hf_status status = lookup_result(l, out, e);
    lookup_free(l);
    return status;
}
