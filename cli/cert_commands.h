/* cert_commands.h: the subcommands of `handfast cert`, each in its own file, listed in cert.c. */
#ifndef CLI_CERT_COMMANDS_H
#define CLI_CERT_COMMANDS_H

#include "cli/cli.h"

extern const cli_command cli_cert_ca, cli_cert_issue, cli_cert_self; /* cert_make.c */
extern const cli_command cli_cert_csr, cli_cert_sign;                /* cert_request.c */
extern const cli_command cli_cert_show;                              /* cert_show.c */
extern const cli_command cli_cert_verify;                            /* cert_verify.c */
extern const cli_command cli_cert_crl;                               /* cert_crl.c */
extern const cli_command cli_cert_trust;                             /* cert_trust.c */

/* Seconds since 1970 UTC, now. */
int64_t cli_now_s(void);

/* Reports a failure of the library in `e`, whose code may not be set yet. */
cli_exit cli_cert_error(cli *c, hf_error *e, hf_status status, const char *doing);

#endif
