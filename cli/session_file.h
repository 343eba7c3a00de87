/* session_file.h: --session FILE: what servers gave, kept from one run to the next.
 *
 * The file holds one session for each host, as PEM blocks ("HANDFAST SESSION"), newest first. It is
 * made with mode 0600 and replaced as a whole. A command says cli_session_use before it freezes its
 * config, cli_session_tell after each handshake, and cli_session_end when streams and config are
 * gone; without --session none of them does anything.
 */
#ifndef CLI_SESSION_FILE_H
#define CLI_SESSION_FILE_H

#include "cli/cli.h"

extern const cli_option cli_session_options[]; /* session */

/* Reads the file where it is there, and has the config resume from it and add to it. Reports and
 * returns CLI_LOCAL_FILE for a file that is something else; a session past its life is said, and
 * left out. */
cli_exit cli_session_use(cli *c, hf_config *cfg);

/* A connection begins (cli_target_dial says it): what comes from now on comes from it. */
void cli_session_begin(cli *c);

/* The handshake is over: with -v, says whether the session at hand was taken up. */
void cli_session_tell(cli *c, hf_stream *s);

/* Waits for a session for at most `most_ms`, for a command that reads nothing itself: in TLS 1.3
 * the server gives it after the handshake. What goes wrong is not told: there is none then. */
void cli_session_await(cli *c, hf_stream *s, int64_t most_ms);

/* Writes the file where there is news, and frees. Returns `status`, or what went wrong here. */
cli_exit cli_session_end(cli *c, cli_exit status);

#endif
