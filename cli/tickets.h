/* tickets.h: a server's tickets from the options: keys, numbers, life. */
#ifndef CLI_TICKETS_H
#define CLI_TICKETS_H

#include "cli/cli.h"

/* What all configs of a server share, so that a new one (after SIGHUP, or for another port) goes on
 * from the sessions of the old. */
typedef struct cli_tickets {
    hf_ticket_keys *keys;
    hf_sessions *sessions; /* of TLS 1.2, by id; NULL without a cache */
} cli_tickets;

/* Makes keys and cache, and reads the files of --ticket-key. Reports what fails. */
cli_exit cli_tickets_new(cli *c, cli_tickets *t);

/* Reads the files anew; where one cannot be read, all keys stay as they were. */
cli_exit cli_tickets_read(cli *c, const cli_tickets *t);

/* Sets what the options say; hf_config_freeze tells what does not fit. */
void cli_tickets_config(cli *c, const cli_tickets *t, hf_config *cfg);

void cli_tickets_free(cli_tickets *t);

#endif
