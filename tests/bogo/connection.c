/* connection.c: one connection to the runner: the socket, the handshake, the echo, the end. */
#include "shim.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the socket ---- */

static int dial(const shim_options *o)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)o->port)};
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v6.sin6_addr = in6addr_loopback;
    const struct sockaddr *address =
        o->ipv6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4;
    socklen_t len = o->ipv6 ? sizeof(v6) : sizeof(v4);
    int fd = socket(address->sa_family, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || connect(fd, address, len) != 0) {
        perror("connect");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

static bool send_all(int fd, const uint8_t *p, size_t n)
{
    while (n != 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool send_id(int fd, int64_t id)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)id >> (8 * i));
    return send_all(fd, bytes, sizeof(bytes));
}

/* Closes without a reset, which could take an alert away from the runner before it is read. */
static void hang_up(int fd)
{
    uint8_t rest[1024];
    shutdown(fd, SHUT_WR);
    while (recv(fd, rest, sizeof(rest), 0) > 0)
        ;
    close(fd);
}

/* ---- moving on ---- */

/* What was written, even what cannot be sent any more: the runner may have gone, which is its
 * good right, and shows when it is read from. */
static void flush(shim_link *l)
{
    hf_bytes out;
    while ((out = hf_out(l->conn)).n != 0) {
        send_all(l->fd, out.p, out.n);
        hf_out_consumed(l->conn, out.n);
    }
}

static void fill(shim_link *l)
{
    uint8_t *room;
    size_t n;
    if (hf_in_buffer(l->conn, &room, &n) != HF_OK || n == 0)
        return;
    ssize_t got = recv(l->fd, room, n, 0);
    if (got > 0)
        hf_in_commit(l->conn, (size_t)got);
    else
        hf_feed_end(l->conn);
}

/* Steps until one of the flags in `until` is there; a negative code when the connection failed. */
static int run(shim_link *l, int until)
{
    for (;;) {
        int flags = hf_step(l->conn);
        flush(l);
        if (flags < 0 || (flags & until) != 0)
            return flags;
        if ((flags & HF_WANT_JOB) != 0)
            shim_tickets_answer(l);
        else
            fill(l);
    }
}

static int tell_failure(shim_link *l)
{
    hf_error e;
    hf_conn_error(l->conn, &e);
    shim_tell(&e);
    return SHIM_FAILED;
}

static int write_all(shim_link *l, const void *data, size_t n)
{
    const uint8_t *p = data;
    while (n != 0) {
        size_t taken = 0;
        /* the runner's server answers early data early */
        hf_status s = l->options->server ? hf_write_half_rtt(l->conn, p, n, &taken)
                                         : hf_write(l->conn, p, n, &taken);
        if (s != HF_OK)
            return tell_failure(l);
        flush(l);
        p += taken;
        n -= taken;
    }
    return SHIM_OK;
}

/* ---- what the runner reads first ---- */

static int send_exported(shim_link *l)
{
    const shim_options *o = l->options;
    uint8_t out[4096];
    size_t n = (size_t)o->export_length;
    hf_bytes context = {NULL, 0};
    if (o->use_export_context)
        context = (hf_bytes){(const uint8_t *)o->export_context, strlen(o->export_context)};
    if (n > sizeof(out) || hf_export(l->conn, o->export_label, context, out, n) != HF_OK) {
        fprintf(stderr, "failed to export keying material\n");
        return SHIM_FAILED;
    }
    return write_all(l, out, n);
}

static int send_unique(shim_link *l)
{
    uint8_t out[12];
    if (hf_tls_unique(l->conn, out) != HF_OK) {
        fprintf(stderr, "there is no tls-unique\n");
        return SHIM_FAILED;
    }
    return write_all(l, out, sizeof(out));
}

/* The length, little-endian; then what this side reads with; then what it writes with. */
static int send_secrets(shim_link *l)
{
    const uint8_t len[2] = {(uint8_t)l->secret_len, 0};
    bool server = l->options->server;
    int r = write_all(l, len, sizeof(len));
    if (r == SHIM_OK)
        r = write_all(l, server ? l->client_secret : l->server_secret, l->secret_len);
    if (r == SHIM_OK)
        r = write_all(l, server ? l->server_secret : l->client_secret, l->secret_len);
    return r;
}

static int write_sizes(shim_link *l)
{
    static const size_t sizes[] = {0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769};
    static uint8_t data[32769];
    int r = SHIM_OK;
    memset(data, 0x42, sizeof(data));
    for (size_t i = 0; r == SHIM_OK && i < sizeof(sizes) / sizeof(sizes[0]); i++)
        r = write_all(l, data, sizes[i]);
    return r;
}

/* The first writes of a client, as far as they go into its first flight. */
static int write_early(shim_link *l)
{
    const shim_options *o = l->options;
    size_t n = strlen(o->initial_write), taken = n;
    if (!l->resumes || o->server || !o->enable_early_data || !o->shim_writes_first)
        return SHIM_OK;
    for (int64_t i = 0; taken == n && i < o->repeat_initial_write; i++) {
        if (hf_write_early(l->conn, o->initial_write, n, &taken) != HF_OK)
            return tell_failure(l);
        l->early_written += taken;
    }
    return SHIM_OK;
}

/* Those that did not. */
static int write_initial(shim_link *l)
{
    const shim_options *o = l->options;
    if (o->read_with_unfinished_write && l->early_written == 0) {
        fprintf(stderr, "not implemented: a write that is not finished\n");
        return SHIM_UNIMPLEMENTED;
    }
    size_t n = strlen(o->initial_write), done = l->early_written;
    int r = SHIM_OK;
    for (int64_t i = 0; r == SHIM_OK && i < o->repeat_initial_write; i++) {
        size_t skip = done < n ? done : n;
        done -= skip;
        r = write_all(l, o->initial_write + skip, n - skip);
    }
    return r;
}

static int speak_first(shim_link *l)
{
    const shim_options *o = l->options;
    int r = SHIM_OK;
    if (o->export_length != 0)
        r = send_exported(l);
    if (r == SHIM_OK && o->tls_unique)
        r = send_unique(l);
    if (r == SHIM_OK && o->export_traffic_secrets)
        r = send_secrets(l);
    if (r == SHIM_OK && o->write_different_sizes)
        return write_sizes(l);
    return r == SHIM_OK && (o->shim_writes_first || o->read_with_unfinished_write)
               ? write_initial(l)
               : r;
}

/* ---- the echo ---- */

/* One piece of what is there to read, inverted and sent back. */
static int echo(shim_link *l)
{
    const shim_options *o = l->options;
    uint8_t data[16384];
    size_t room = o->read_size > 0 ? (size_t)o->read_size : 512, got = 0;
    if (room > sizeof(data))
        room = sizeof(data);
    hf_bytes peek = hf_readable(l->conn);
    if (peek.n < room)
        room = peek.n;
    uint8_t peeked[sizeof(data)];
    memcpy(peeked, peek.p, room);
    if (hf_read(l->conn, data, room, &got) != HF_OK || got == 0)
        return tell_failure(l);
    if (got != room || memcmp(peeked, data, got) != 0) {
        fprintf(stderr, "what was read is not what could be read\n");
        return SHIM_FAILED;
    }
    if (o->key_update && hf_key_update(l->conn, false) != HF_OK)
        return tell_failure(l);
    for (size_t i = 0; i < got; i++)
        data[i] ^= 0xff;
    return write_all(l, data, got);
}

static int echo_all(shim_link *l)
{
    const shim_options *o = l->options;
    for (;;) {
        uint8_t byte;
        if (o->key_update_before_read && hf_key_update(l->conn, false) != HF_OK)
            return tell_failure(l);
        int flags = run(l, HF_HAVE_DATA | HF_PEER_CLOSED);
        if (flags == HF_E_TRUNCATED && !o->check_close_notify)
            return SHIM_OK;
        if (flags < 0)
            return tell_failure(l);
        if (o->use_exporter_between_reads &&
            hf_export(l->conn, "", (hf_bytes){NULL, 0}, &byte, 1) != HF_OK) {
            fprintf(stderr, "failed to export keying material\n");
            return SHIM_FAILED;
        }
        if ((flags & HF_HAVE_DATA) == 0)
            return SHIM_OK;
        int r = echo(l);
        if (r != SHIM_OK)
            return r;
    }
}

/* ---- the end ---- */

static int say_goodbye(shim_link *l)
{
    const shim_options *o = l->options;
    if (!o->check_close_notify)
        return SHIM_OK; /* the runner's own shim leaves quietly then */
    hf_close(l->conn);
    flush(l);
    int flags = 0;
    while ((flags = run(l, HF_HAVE_DATA | HF_PEER_CLOSED)) >= 0 && (flags & HF_HAVE_DATA) != 0) {
        fprintf(stderr, ":APPLICATION_DATA_ON_SHUTDOWN:\n");
        return SHIM_FAILED;
    }
    return flags < 0 ? tell_failure(l) : SHIM_OK;
}

static bool has_tls12(void)
{
    hf_config *probe = NULL;
    bool has = hf_config_new(HF_CLIENT, &probe) == HF_OK &&
               hf_config_versions(probe, HF_TLS_1_2, HF_TLS_1_2) == HF_OK;
    hf_config_free(probe);
    return has;
}

/* Do the options allow a version that handfast lacks, and did the two sides find none in common?
 * Then the peer may have had that one alone: not implemented, not wrong. What the peer did offer
 * stands in the error. */
static bool lacks_version(const shim_options *o, const hf_error *e)
{
    bool old = o->min_version < HF_TLS_1_2 && !(o->no_tls1 && o->no_tls11);
    bool tls12 = !o->no_tls12 && o->min_version <= HF_TLS_1_2 && !has_tls12();
    if (!old && !tls12)
        return false;
    if (e->code == HF_E_ALERT_RECEIVED)
        return e->alert == HF_ALERT_protocol_version || e->alert == HF_ALERT_handshake_failure;
    /* a legacy_version that decides is of TLS 1.2 at most, whatever it says */
    bool legacy = tls12 && e->field != NULL && strcmp(e->field, "legacy_version") == 0;
    return (e->code == HF_E_NO_COMMON_VERSION || e->code == HF_E_VERSION_UNSUPPORTED_ANSWER) &&
           (legacy || strstr(e->got, "TLS 1.3") == NULL) &&
           (tls12 || strstr(e->got, "TLS 1.2") == NULL);
}

static int tell_handshake_failure(shim_link *l)
{
    hf_info info;
    hf_error e;
    hf_conn_info(l->conn, &info);
    hf_conn_error(l->conn, &e);
    int r = tell_failure(l);
    return info.version == 0 && lacks_version(l->options, &e) ? SHIM_UNIMPLEMENTED : r;
}

static hf_early_data early_fate(const shim_link *l)
{
    hf_info info;
    hf_conn_info(l->conn, &info);
    return info.early_data;
}

/* To the end, or on a server that took early data as far as to its own Finished. */
static int shake_hands(shim_link *l)
{
    bool early = l->options->server && l->options->enable_early_data;
    int flags = run(l, HF_ESTABLISHED | (early ? HF_HALF_RTT : 0));
    if (flags >= 0 && (flags & HF_ESTABLISHED) == 0 && early_fate(l) != HF_EARLY_ACCEPTED)
        flags = run(l, HF_ESTABLISHED);
    return flags;
}

static bool lost_early_data(const shim_link *l)
{
    return !l->options->server && l->options->expect_reject_early &&
           early_fate(l) == HF_EARLY_REJECTED;
}

/* What was written early is lost, as it is with BoringSSL; other options hold from now on. */
static int start_over(shim_link *l)
{
    int r = shim_check_early(l);
    l->options = l->retry;
    l->early_written = 0;
    return r;
}

static int converse(shim_link *l)
{
    size_t ids = hf_sessions_count(l->memory->ids);
    if (shake_hands(l) < 0)
        return tell_handshake_failure(l);
    if (l->options->server)
        l->new_sessions = (unsigned)(hf_sessions_count(l->memory->ids) - ids);
    int r = lost_early_data(l) ? start_over(l) : SHIM_OK;
    if (r == SHIM_OK)
        r = shim_check(l);
    const shim_options *o = l->options;
    if (r == SHIM_OK)
        r = speak_first(l);
    if (r != SHIM_OK)
        return r;
    if (o->send_alert) {
        hf_abort(l->conn, (hf_alert)30); /* decompression_failure, of older versions */
        flush(l);
        return SHIM_OK;
    }
    if (!o->shim_shuts_down && !o->write_different_sizes)
        r = echo_all(l);
    if (r == SHIM_OK)
        r = say_goodbye(l);
    if (r == SHIM_OK)
        r = shim_check_tickets(l);
    return r != SHIM_OK || shim_messages_check(l) ? r : SHIM_FAILED;
}

int shim_talk(shim_link *l)
{
    const shim_options *o = l->options;
    hf_status s = o->server              ? hf_server_new(l->cfg, &l->conn)
                  : o->host_name != NULL ? hf_client_new(l->cfg, o->host_name, &l->conn)
                                         : hf_client_new_insecure_no_name(l->cfg, &l->conn);
    if (s != HF_OK) {
        fprintf(stderr, "%s\n", hf_error_sentence(s));
        return SHIM_FAILED;
    }
    if (l->resumes && !o->server && !o->no_ticket && l->memory->session_len != 0)
        hf_conn_resume(l->conn, (hf_bytes){l->memory->session, l->memory->session_len});
    l->fd = dial(o);
    if (l->fd < 0 || !send_id(l->fd, o->shim_id))
        return SHIM_FAILED;
    int r = write_early(l);
    if (r == SHIM_OK)
        r = converse(l);
    hang_up(l->fd);
    hf_conn_free(l->conn);
    return r;
}
