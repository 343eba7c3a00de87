/* general_name.h: GeneralName, RFC 5280 section 4.2.1.6: the names in subjectAltName and in name
 * constraints. */
#ifndef HF_X509_GENERAL_NAME_H
#define HF_X509_GENERAL_NAME_H

#include "base/reader.h"

#include <handfast/x509.h>

typedef struct hf_general_name {
    int type;       /* the choice's tag number, 0 to 8; for 1, 2, 4, 6, 7 as in hf_san_type */
    hf_bytes value; /* content octets; of a directoryName the Name with its header */
} hf_general_name;

enum { HF_GENERAL_NAME_TYPES = 9 };

/* Reads one and checks its form. In a constraint an address has a mask. */
void hf_general_name_read(hf_reader *r, hf_general_name *g, bool constraint);

/* Reads again, without a look at the form, one that hf_general_name_read found good: it takes no
 * longer for a long name than for a short one. */
void hf_general_name_again(hf_reader *r, hf_general_name *g);

/* "dNSName", "iPAddress", ... Static. */
const char *hf_general_name_type(int type);

/* All of subjectAltName, with the types that hf_san_next calls "other". */
bool hf_san_next_any(hf_san_iter *it, hf_general_name *g);

#endif
