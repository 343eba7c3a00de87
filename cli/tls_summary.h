/* tls_summary.h: what TLS agreed on, in a few lines of detail. */
#ifndef CLI_TLS_SUMMARY_H
#define CLI_TLS_SUMMARY_H

#include "cli/cli.h"

/* With -v: version, suite, group, the peer's scheme, ALPN, and, where the config keeps the peer's
 * chain, whom the certificate is for. */
void cli_show_tls(cli *c, hf_stream *s);

#endif
