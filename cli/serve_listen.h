/* serve_listen.h: the listeners of `handfast serve`. */
#ifndef CLI_SERVE_LISTEN_H
#define CLI_SERVE_LISTEN_H

#include "cli/serve.h"

struct serve_listener {
    serve *s;
    int fd;
    uv_poll_t poll;
    bool open;
    bool only_12;     /* TLS 1.2 alone: the door that --explain adds */
    char address[64]; /* without the port */
    unsigned port;
};

/* Opens those of --listen, and the one for TLS 1.2 alone where there is to be one. Reports. */
cli_exit serve_listeners_open(serve *s);
/* Refuses from now on; the descriptors go with their handles. */
void serve_listeners_close(serve *s);

/* New connections are taken in, or wait in the kernel's queue. */
void serve_accept_on(serve *s);
void serve_accept_off(serve *s);

/* Does it listen on every address of this machine? */
bool serve_is_everywhere(const serve_listener *l);
/* Its address as a person types it. */
void serve_url_of(const serve_listener *l, char *url, size_t size);

#endif
