/* identity.h: a certificate chain and its private key, as the handshake uses them. */
#ifndef HF_X509_IDENTITY_H
#define HF_X509_IDENTITY_H

#include <handfast/x509.h>

/* The number of certificates; each one's DER is hf_identity_cert(identity, i)->der. */
size_t hf_identity_count(const hf_identity *identity);

/* Bytes that all certificates take in a Certificate message, without their length prefixes. */
size_t hf_identity_size(const hf_identity *identity);

/* True when the leaf is for `host` (a server name, or the text of an address). */
bool hf_identity_covers(const hf_identity *identity, const char *host);

/* How: 0 not at all, 1 by a wildcard, 2 by the name itself. */
unsigned hf_identity_match(const hf_identity *identity, const char *host);

/* True when a certificate of the chain was issued by one of these names (of DistinguishedName with
 * its 2-byte length), byte for byte. */
bool hf_identity_issued_by(const hf_identity *identity, hf_bytes authorities);

/* Is it only for peers that name one of its authorities? */
bool hf_identity_named_authorities_only(const hf_identity *identity);

/* What is stapled: the OCSP response; the SCTs, without the list's own length. Empty when none. */
hf_bytes hf_identity_ocsp(const hf_identity *identity);
hf_bytes hf_identity_scts(const hf_identity *identity);

/* The schemes that it signs with, best first; *count is 0 when it has no list of its own. */
const hf_sigscheme *const *hf_identity_sigschemes(const hf_identity *identity, size_t *count);

#endif
