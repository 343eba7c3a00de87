/* tls_identities.h: this side's certificates from the options; questions about the peer's. */
#ifndef HF_CLI_TLS_IDENTITIES_H
#define HF_CLI_TLS_IDENTITIES_H

#include "cli/cli.h"

/* Adds every --cert with the --key, --ocsp and --scts that follow it before the next --cert; and
 * sets the switches about certificates that the command's tables have for this role. */
cli_exit cli_tls_identities(cli *c, hf_role role, hf_config *cfg);

#endif
