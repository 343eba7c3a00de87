/* explain_page.h: the explanation as a page in a file, and the browser that shows it. */
#ifndef CLI_EXPLAIN_PAGE_H
#define CLI_EXPLAIN_PAGE_H

#include "cli/cli.h"
#include "explain/explain.h"

/* Makes the page where --html says (with --open alone: a new file of the temporary folder), and
 * with
 * --open shows it in the browser. `second` is compared with `x`, or NULL. Reports what fails. */
cli_exit explain_page_make(cli *c, const hf_explain *x, const hf_explain *second);

#endif
