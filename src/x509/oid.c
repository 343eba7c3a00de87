/* oid.c: tables of object identifiers. */
#include "x509/oid.h"

#include "base/der.h"
#include "x509/name.h"

#define OID(text)                                                                                  \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define PE "\x2b\x06\x01\x05\x05\x07\x01" /* id-pe, 1.3.6.1.5.5.7.1 */

static const hf_oid_extension extensions[] = {
    {OID(HF_OID_CE("\x13")), HF_EXT_basicConstraints, "basicConstraints",
     "RFC 5280 section 4.2.1.9"},
    {OID(HF_OID_CE("\x0f")), HF_EXT_keyUsage, "keyUsage", "RFC 5280 section 4.2.1.3"},
    {OID(HF_OID_CE("\x11")), HF_EXT_subjectAltName, "subjectAltName", "RFC 5280 section 4.2.1.6"},
    {OID(HF_OID_CE("\x25")), HF_EXT_extKeyUsage, "extKeyUsage", "RFC 5280 section 4.2.1.12"},
    {OID(HF_OID_CE("\x0e")), HF_EXT_subjectKeyIdentifier, "subjectKeyIdentifier",
     "RFC 5280 section 4.2.1.2"},
    {OID(HF_OID_CE("\x23")), HF_EXT_authorityKeyIdentifier, "authorityKeyIdentifier",
     "RFC 5280 section 4.2.1.1"},
    {OID(HF_OID_CE("\x20")), HF_EXT_certificatePolicies, "certificatePolicies",
     "RFC 5280 section 4.2.1.4"},
    {OID(HF_OID_CE("\x1f")), HF_EXT_cRLDistributionPoints, "cRLDistributionPoints",
     "RFC 5280 section 4.2.1.13"},
    {OID(PE "\x01"), HF_EXT_authorityInfoAccess, "authorityInfoAccess", "RFC 5280 section 4.2.2.1"},
    {OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"), HF_EXT_sctList, "sctList",
     "RFC 6962 section 3.3"},
    {OID(HF_OID_CE("\x1e")), HF_EXT_nameConstraints, "nameConstraints",
     "RFC 5280 section 4.2.1.10"},
    {OID(HF_OID_CE("\x24")), HF_EXT_policyConstraints, "policyConstraints",
     "RFC 5280 section 4.2.1.11"},
    {OID(HF_OID_CE("\x21")), HF_EXT_policyMappings, "policyMappings", "RFC 5280 section 4.2.1.5"},
    {OID(HF_OID_CE("\x36")), HF_EXT_inhibitAnyPolicy, "inhibitAnyPolicy",
     "RFC 5280 section 4.2.1.14"},
    {OID(HF_OID_CE("\x12")), HF_EXT_issuerAltName, "issuerAltName", "RFC 5280 section 4.2.1.7"},
    {OID(PE "\x18"), HF_EXT_tlsFeature, "tlsFeature", "RFC 7633 section 4"},
};

#define AT(n) OID("\x55\x04" n)

static const hf_oid_attribute attributes[] = {
    {OID(HF_OID_COMMON_NAME), "CN", HF_DER_UTF8_STRING, 64},
    {AT("\x0a"), "O", HF_DER_UTF8_STRING, 64},
    {AT("\x0b"), "OU", HF_DER_UTF8_STRING, 64},
    {AT("\x06"), "C", HF_DER_PRINTABLE_STRING, 2},
    {AT("\x08"), "ST", HF_DER_UTF8_STRING, 128},
    {AT("\x07"), "L", HF_DER_UTF8_STRING, 128},
    {AT("\x09"), "STREET", HF_DER_UTF8_STRING, 128},
    {OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), "DC", HF_DER_IA5_STRING, 0},
    {OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), "UID", HF_DER_UTF8_STRING, 0},
    {AT("\x05"), "serialNumber", HF_DER_PRINTABLE_STRING, 64},
    {AT("\x04"), "SN", HF_DER_UTF8_STRING, 0},
    {AT("\x2a"), "GN", HF_DER_UTF8_STRING, 0},
    {AT("\x0c"), "title", HF_DER_UTF8_STRING, 64},
    {AT("\x11"), "postalCode", HF_DER_UTF8_STRING, 40},
    {AT("\x2e"), "dnQualifier", HF_DER_PRINTABLE_STRING, 0},
    {AT("\x61"), "organizationIdentifier", HF_DER_UTF8_STRING, 0},
    {OID(HF_OID_EMAIL_ADDRESS), "emailAddress", HF_DER_IA5_STRING, 255},
};

static const struct {
    hf_bytes oid;
    const char *name;
} purposes[] = {
    {OID(HF_OID_ANY_EKU), "anyExtendedKeyUsage"},      {OID(HF_OID_SERVER_AUTH), "serverAuth"},
    {OID(HF_OID_CLIENT_AUTH), "clientAuth"},           {OID(HF_OID_CODE_SIGNING), "codeSigning"},
    {OID(HF_OID_EMAIL_PROTECTION), "emailProtection"}, {OID(HF_OID_TIME_STAMPING), "timeStamping"},
    {OID(HF_OID_OCSP_SIGNING), "OCSPSigning"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const hf_oid_extension *hf_oid_extension_find(hf_bytes oid)
{
    for (size_t i = 0; i < COUNT(extensions); i++)
        if (hf_bytes_equal(oid, extensions[i].oid))
            return &extensions[i];
    return NULL;
}

const hf_oid_extension *hf_oid_extension_of(uint32_t bit)
{
    for (size_t i = 0; i < COUNT(extensions); i++)
        if ((extensions[i].bit & bit) != 0)
            return &extensions[i];
    return NULL;
}

const hf_oid_attribute *hf_oid_attribute_find(hf_bytes oid)
{
    for (size_t i = 0; i < COUNT(attributes); i++)
        if (hf_bytes_equal(oid, attributes[i].oid))
            return &attributes[i];
    return NULL;
}

const hf_oid_attribute *hf_oid_attribute_named(hf_bytes name)
{
    for (size_t i = 0; i < COUNT(attributes); i++)
        if (hf_ascii_equal(name, hf_bytes_text(attributes[i].name)))
            return &attributes[i];
    return NULL;
}

const char *hf_oid_purpose_name(hf_bytes oid)
{
    for (size_t i = 0; i < COUNT(purposes); i++)
        if (hf_bytes_equal(oid, purposes[i].oid))
            return purposes[i].name;
    return NULL;
}
