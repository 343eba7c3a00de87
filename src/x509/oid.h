/* oid.h: the object identifiers of certificates, as content octets, and the words for them. */
#ifndef HF_X509_OID_H
#define HF_X509_OID_H

#include "base/bytes.h"

#include <handfast/x509.h>

/* id-ce (2.5.29.n), the arc of nearly all certificate extensions. */
#define HF_OID_CE(n) "\x55\x1d" n

#define HF_OID_IS(oid, text) hf_bytes_equal((oid), hf_bytes_of((text), sizeof(text) - 1))

#define HF_OID_EMAIL_ADDRESS     "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"
#define HF_OID_EXTENSION_REQUEST "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"
#define HF_OID_COMMON_NAME       "\x55\x04\x03"
#define HF_OID_ANY_POLICY        "\x55\x1d\x20\x00"
#define HF_OID_ANY_EKU           "\x55\x1d\x25\x00"
#define HF_OID_SERVER_AUTH       "\x2b\x06\x01\x05\x05\x07\x03\x01"
#define HF_OID_CLIENT_AUTH       "\x2b\x06\x01\x05\x05\x07\x03\x02"
#define HF_OID_CODE_SIGNING      "\x2b\x06\x01\x05\x05\x07\x03\x03"
#define HF_OID_EMAIL_PROTECTION  "\x2b\x06\x01\x05\x05\x07\x03\x04"
#define HF_OID_TIME_STAMPING     "\x2b\x06\x01\x05\x05\x07\x03\x08"
#define HF_OID_CT_POISON         "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03" /* RFC 6962 section 3.1 */
#define HF_OID_OCSP_SIGNING      "\x2b\x06\x01\x05\x05\x07\x03\x09"

/* An extension that handfast knows: its HF_EXT_ bit, name and section; NULL for others. */
typedef struct hf_oid_extension {
    hf_bytes oid;
    uint32_t bit;
    const char *name, *section;
} hf_oid_extension;
const hf_oid_extension *hf_oid_extension_find(hf_bytes oid);
const hf_oid_extension *hf_oid_extension_of(uint32_t bit);

/* A name's attribute type: its short name in RFC 4514 text and the string type to write it in. */
typedef struct hf_oid_attribute {
    hf_bytes oid;
    const char *name;
    uint8_t string_tag;
    uint16_t longest; /* characters, RFC 5280 appendix A.1; 0: no bound */
} hf_oid_attribute;
const hf_oid_attribute *hf_oid_attribute_find(hf_bytes oid);
const hf_oid_attribute *hf_oid_attribute_named(hf_bytes name); /* case does not matter */

/* An extended key usage's name ("serverAuth"), or NULL. */
const char *hf_oid_purpose_name(hf_bytes oid);

#endif
