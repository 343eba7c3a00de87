/* name.h: distinguished names: walking, comparing, hashing. RFC 5280 sections 4.1.2.4 and 7.1. */
#ifndef HF_X509_NAME_H
#define HF_X509_NAME_H

#include "base/reader.h"

#include <handfast/x509.h>

/* True when the two are the same but for ASCII case. */
bool hf_ascii_equal(hf_bytes a, hf_bytes b);

/* Reads a Name and checks its form down to each attribute's type and value; the Name with its
 * header. */
hf_bytes hf_name_read(hf_reader *r, const char *field);

/* A walk over a Name (with header) that hf_name_read has accepted. Not to be copied. */
typedef struct hf_name_iter {
    hf_reader whole, rdns, rdn;
    bool in_rdn;
} hf_name_iter;

typedef struct hf_attribute {
    hf_bytes oid;
    uint8_t tag;    /* of the value */
    hf_bytes value; /* content octets */
    hf_bytes der;   /* the value with its header */
    bool first;     /* of its RelativeDistinguishedName */
} hf_attribute;

void hf_name_start(hf_name_iter *it, hf_bytes name);
bool hf_name_next(hf_name_iter *it, hf_attribute *a);

bool hf_name_empty(hf_bytes name);

/* RFC 5280 section 7.1: PrintableString, UTF8String, IA5String, BMPString and UniversalString
 * compare with each other character by character, without regard to the case of ASCII letters
 * (other letters are compared as they are, without tables of Unicode) and to the amount of space;
 * all other values, TeletexString among them, compare byte for byte. */
bool hf_name_equal(hf_bytes a, hf_bytes b);

/* True when `base` is `name` or one of its ancestors: its RDNs are the first of name's. */
bool hf_name_within(hf_bytes base, hf_bytes name);

/* Equal names have equal hashes. */
uint64_t hf_name_hash(hf_bytes name);

#endif
