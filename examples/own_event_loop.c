/* own_event_loop.c: hf_conn in a poll() loop of one's own: an echo server for many clients at once,
 * on one thread. A connection touches no socket: the loop brings it bytes and takes bytes from it.
 *     own_event_loop ADDRESS:PORT CERTIFICATE KEY
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <handfast/handfast.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PLACES = 65 }; /* the first is the listening socket's; each other a client's */

static struct pollfd fds[PLACES]; /* fd -1: the place is free */
static hf_conn *conns[PLACES];
static hf_config *cfg; /* shared by all */

static int report(const hf_error *e)
{
    char text[1024];
    hf_error_format(e, text, sizeof(text));
    fprintf(stderr, "own_event_loop: %s", text);
    return 1;
}

/* Brings what the network has, and takes what is for it, as far as that goes without waiting. */
static void exchange(int fd, hf_conn *c)
{
    uint8_t *p;
    size_t room;
    if (hf_in_buffer(c, &p, &room) == HF_OK && room > 0) { /* else what came must be read first */
        ssize_t n = recv(fd, p, room, MSG_DONTWAIT);
        if (n > 0)
            hf_in_commit(c, (size_t)n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
            hf_feed_end(c);
    }
    hf_bytes out = hf_out(c);
    ssize_t n = out.n > 0 ? send(fd, out.p, out.n, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        n = (ssize_t)out.n; /* nobody is there to take it; receiving tells the rest */
    if (n > 0)
        hf_out_consumed(c, (size_t)n);
}

/* The application: sends back what came, as far as the output has room. */
static void echo(hf_conn *c, int state)
{
    size_t taken = 0;
    hf_bytes data = hf_readable(c);
    if (data.n > 0 && hf_write(c, data.p, data.n, &taken) == HF_OK)
        hf_read_consumed(c, taken);
    if ((state & HF_PEER_CLOSED) != 0 && hf_readable(c).n == 0)
        hf_close(c);
}

/* Moves one connection on, and frees it when it has ended. */
static void serve(struct pollfd *p, hf_conn **conn)
{
    hf_conn *c = *conn;
    exchange(p->fd, c);
    int state = hf_step(c);
    if (state >= 0 && (state & HF_ESTABLISHED) != 0)
        echo(c, state);
    exchange(p->fd, c); /* a failed connection too: hf_out holds the alert that says why */
    state = hf_step(c);
    bool waits = hf_out(c).n > 0 || (state & HF_HAVE_DATA) != 0;
    p->events = (short)((waits ? POLLOUT : 0) | ((state & HF_WANT_INPUT) != 0 ? POLLIN : 0));
    if (state >= 0 && (state & HF_CLOSED) == 0)
        return;
    hf_error e;
    hf_conn_error(c, &e);
    if (e.code != HF_OK)
        report(&e);
    hf_conn_free(c);
    close(p->fd);
    *conn = NULL;
    p->fd = -1;
}

static void welcome(void)
{
    int fd = accept(fds[0].fd, NULL, NULL);
    size_t i = 1;
    while (i < PLACES && conns[i] != NULL)
        i++;
    if (fd >= 0 && i < PLACES && hf_server_new(cfg, &conns[i]) == HF_OK)
        fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    else if (fd >= 0)
        close(fd); /* the house is full */
}

int main(int argc, char **argv)
{
    hf_identity *identity;
    hf_error e;
    if (argc != 4) {
        fprintf(stderr, "usage: own_event_loop ADDRESS:PORT CERTIFICATE KEY\n");
        return 2;
    }
    if (hf_identity_read_files(argv[2], argv[3], NULL, &identity, &e) != HF_OK)
        return report(&e);
    hf_config_new(HF_SERVER, &cfg);
    hf_config_add_identity(cfg, identity);
    hf_identity_free(identity);
    if (hf_config_freeze(cfg, &e) != HF_OK || (fds[0].fd = hf_listen(argv[1], &e)) < 0)
        return report(&e);
    for (size_t i = 0; i < PLACES; i++)
        fds[i] = (struct pollfd){.fd = i == 0 ? fds[0].fd : -1, .events = POLLIN};
    while (poll(fds, PLACES, -1) >= 0 || errno == EINTR) {
        for (size_t i = 1; i < PLACES; i++)
            if (fds[i].revents != 0)
                serve(&fds[i], &conns[i]);
        if (fds[0].revents != 0)
            welcome();
    }
    return 1;
}
