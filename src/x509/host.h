/* host.h: host names and addresses as text, and what a certificate's names match. RFC 9525. */
#ifndef HF_X509_HOST_H
#define HF_X509_HOST_H

#include <handfast/x509.h>

/* Reads an IPv4 (four decimal numbers) or IPv6 address, strictly; its 4 or 16 bytes in `out`, or 0
 * when the text is neither. No zone, no brackets, no leading zeros in IPv4. */
size_t hf_ip_parse(hf_bytes text, uint8_t out[16]);

/* A DNS name of letters, digits, hyphens and underscores in labels of 1 to 63, at most 253 in all,
 * without a dot at the end, whose last label is not a number. With `wildcard` the leftmost label
 * may be "*". */
bool hf_dns_valid(hf_bytes name, bool wildcard);

/* True when `name` (A-labels) is a suffix under which the public registers names ("co.uk"), by the
 * ICANN section of the Public Suffix List: the private section names domains whose one owner may
 * well hold a certificate for all below. False for all when built without libpsl. */
bool hf_public_suffix(hf_bytes name);
bool hf_public_suffixes_known(void);

/* True when `presented` (from a certificate, perhaps a wildcard) covers the DNS name `host`. */
bool hf_dns_matches(hf_bytes presented, hf_bytes host);

/* True when `name` is `base` or lies below it: both DNS names; an empty base covers all. */
bool hf_dns_within(hf_bytes name, hf_bytes base);

#endif
