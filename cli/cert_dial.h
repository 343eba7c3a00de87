/* cert_dial.h: connecting by the shared client options, for the commands that look at a peer. */
#ifndef CLI_CERT_DIAL_H
#define CLI_CERT_DIAL_H

#include "cli/cli.h"

/* Where to connect, and in whose name. */
typedef struct cli_target {
    char host[256];      /* without brackets */
    char port[8];        /* digits */
    char host_port[300]; /* as hf_dial takes it */
    char asked[256];     /* --servername */
    const char *name;    /* to ask for and check: `asked` where that is given, else `host` */
} cli_target;

/* Reads "host", "host:port", "[::1]:port" or "https://host:port/...": port 443 where none is given.
 * Reports and returns CLI_USAGE when it is none of these. */
cli_exit cli_target_read(cli *c, const char *text, cli_target *out);

/* Reports the first --resolve that is not HOST:PORT:ADDR; cli_target_read asks this too. */
cli_exit cli_resolve_check(cli *c);

/* Connects and shakes hands, as --resolve, --servername and --timeout say. Does not report: the
 * story is in `*e`. */
hf_status cli_target_dial(cli *c, hf_config *cfg, const cli_target *target, hf_stream **out,
                          hf_error *e);

/* The same with data for the first flight: `*taken` is how much of it goes out so. */
hf_status cli_target_dial_early(cli *c, hf_config *cfg, const cli_target *target, hf_bytes early,
                                size_t *taken, hf_stream **out, hf_error *e);

#endif
