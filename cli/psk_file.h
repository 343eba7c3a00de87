/* psk_file.h: --psk-file and what belongs to it: pre-shared keys in place of certificates. */
#ifndef HF_CLI_PSK_FILE_H
#define HF_CLI_PSK_FILE_H

#include "cli/cli.h"

/* For a command's groups. */
extern const cli_option cli_psk_options[];

/* Does the command have the options, and was a file given? */
bool cli_has_psks(const cli *c);

/* The keys of every --psk-file into a config, where the command has the option. Reports what
 * fails. */
cli_exit cli_tls_psks(cli *c, hf_config *cfg);

#endif
