/* explain_capture.h: `handfast explain CAPTURE`: somebody's connection out of a packet capture. */
#ifndef CLI_EXPLAIN_CAPTURE_H
#define CLI_EXPLAIN_CAPTURE_H

#include "cli/cli.h"

#include "explain/explain.h"

/* True when the file is a capture, by its first bytes; false too when it cannot be read. */
bool explain_capture_is(const char *path);

/* Explains the connection that --stream names, or the first one with TLS, by --keylog or the
 * capture's own secrets; "-" is standard input. `print` shows the explanation. */
cli_exit explain_capture(cli *c, const char *path, cli_exit (*print)(cli *c, const hf_explain *x));

#endif
