/* revocation.h: --crl, --revocation and --profile: lists to judge certificates by, and what is
 * demanded. */
#ifndef HF_CLI_REVOCATION_H
#define HF_CLI_REVOCATION_H

#include "cli/cli.h"

/* For a command's groups. */
extern const cli_option cli_revocation_options[];
extern const cli_option cli_profile_options[]; /* profile */

/* The lists of every --crl; NULL in `*out` when there is none. Freed with hf_crls_free. */
cli_exit cli_read_crls(cli *c, hf_crls **out);

/* --revocation; without it soft. */
hf_revocation cli_revocation_demand(const cli *c);
/* --profile; without it what makes a difference for security. */
hf_profile cli_profile(const cli *c);

/* All three into a config, where the command has the options. */
cli_exit cli_tls_revocation(cli *c, hf_config *cfg);

#endif
