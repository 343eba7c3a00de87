/* starttls.h: from plain text to TLS on a port where a protocol begins without it. The client asks
 * in the protocol's own words, the server agrees, and the next byte is a ClientHello. */
#ifndef CLI_STARTTLS_H
#define CLI_STARTTLS_H

#include "cli/cli.h"

extern const cli_option cli_starttls_options[]; /* starttls */

/* The protocol's usual port ("25"); NULL when `protocol` is NULL or unknown. */
const char *cli_starttls_port(const char *protocol);

/* Asks for TLS over the connected socket `fd`, which stays the caller's. `host` is named where the
 * protocol has a place for it. `timeout_ms` bounds the whole; 0 waits for ever.
 *
 * HF_E_STARTTLS when the server does not offer TLS, refuses it or answers in another protocol: what
 * was expected and what came is in `*e`. The same when it sends anything after its consent: bytes
 * that someone put there in clear would be taken for part of the protected conversation
 * (CVE-2011-0411). HF_E_TIMEOUT, HF_E_SYSTEM. */
hf_status cli_starttls(int fd, const char *protocol, const char *host, int64_t timeout_ms,
                       hf_error *e);

#endif
