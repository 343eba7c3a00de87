/* ct_logs.h: --ct-logs and --ct-policy: logs of Certificate Transparency, and how many must vouch.
 */
#ifndef HF_CLI_CT_LOGS_H
#define HF_CLI_CT_LOGS_H

#include "cli/cli.h"

/* For a command's groups. */
extern const cli_option cli_ct_options[];

/* The logs of every --ct-logs, and what --ct-policy demands; NULL in `*logs` when there are none.
 * Freed with hf_ct_logs_free. Reports what fails. */
cli_exit cli_read_ct(cli *c, hf_ct_logs **logs, hf_ct_policy *policy);

/* Both into a config, where the command has the options. */
cli_exit cli_tls_ct(cli *c, hf_config *cfg);

#endif
