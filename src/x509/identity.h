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

#endif
