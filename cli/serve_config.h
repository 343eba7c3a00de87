/* serve_config.h: the TLS configs of `handfast serve`. */
#ifndef CLI_SERVE_CONFIG_H
#define CLI_SERVE_CONFIG_H

#include "cli/serve.h"

/* What the local certificate is for: localhost, and the addresses that are listened on. */
void serve_local_names(serve *s);

/* Makes the configs of new connections; on failure, which is reported, they stay as they were. */
cli_exit serve_configs_make(serve *s, bool first);

/* The same with a warning on failure; false then. */
bool serve_reload(serve *s);
/* That, and the ticket keys of files: for SIGHUP. */
void serve_reload_all(serve *s);

#endif
