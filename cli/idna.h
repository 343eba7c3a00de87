/* idna.h: international names as people write them ("bücher.example") to what DNS and certificates
 * have ("xn--bcher-kva.example"). RFC 5891, RFC 9525 section 2, UTS #46. */
#ifndef CLI_IDNA_H
#define CLI_IDNA_H

#include "cli/cli.h"

/* Copies `text`, a name, "host:port", a URL, or a mailbox, with the labels of its host that are not
 * ASCII as A-labels. What is ASCII already stays as it is, letter by letter. Reports and returns
 * CLI_USAGE where IDNA 2008 does not allow the name, or there is no room. */
cli_exit cli_idna(cli *c, const char *text, char *to, size_t size);

/* The option's value, converted into `to`; `*value` is NULL where the option is not there. */
cli_exit cli_idna_option(cli *c, const char *option, char *to, size_t size, const char **value);

#endif
