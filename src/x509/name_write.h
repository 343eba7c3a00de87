/* name_write.h: names from text, for certificates and requests that are made here. */
#ifndef HF_X509_NAME_WRITE_H
#define HF_X509_NAME_WRITE_H

#include "base/writer.h"

#include <handfast/x509.h>

/* Writes the Name that RFC 4514 text stands for ("CN=localhost, O=Example"; the last RDN of the
 * text comes first in the Name). Empty text is the empty Name. HF_E_BAD_ARGUMENT with the offset in
 * the text. */
hf_status hf_name_write(hf_writer *w, const char *text, hf_error *e);

/* Writes the GeneralName that a text stands for: an address, a URI (with "://"), a mailbox (with
 * "@") or a DNS name. HF_E_BAD_ARGUMENT. */
hf_status hf_general_name_write(hf_writer *w, const char *text, hf_error *e);

#endif
