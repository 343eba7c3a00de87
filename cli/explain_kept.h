/* explain_kept.h: explanations that --json kept: read again, and two of them compared. */
#ifndef CLI_EXPLAIN_KEPT_H
#define CLI_EXPLAIN_KEPT_H

#include "cli/cli.h"
#include "explain/explain.h"

/* Reads one; reports what is wrong with the file. Free it with hf_explain_free. */
cli_exit explain_kept_read(cli *c, const char *path, hf_explain **out);

/* --diff: the two that are named, as text, JSON (--json) or a page (--html, --open). That they
 * differ is no failure. */
cli_exit explain_kept_compare(cli *c);

#endif
