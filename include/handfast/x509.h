/* x509.h: certificates: read, judged, made; and the private keys that go with them.
 *
 * Reading is zero-copy: an hf_cert is a table of contents over DER bytes that the caller keeps.
 * Judging is a function of its inputs alone (certificates, trust store, name, time), with a report
 * that names every check. Nothing here touches a file; the functions that do are declared at the
 * end, apart.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 */
#ifndef HANDFAST_X509_H
#define HANDFAST_X509_H

#include <handfast/base.h>
#include <handfast/ct.h>
#include <handfast/provider.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- private keys ---- */

typedef struct hf_key hf_key; /* reference-counted, immutable, usable from any thread */

/* Reads the first private key in PEM text or DER: PKCS#8 (encrypted too, with `password`, which may
 * be NULL), SEC1, PKCS#1, PKCS#12. HF_E_KEY_MALFORMED, HF_E_KEY_PASSWORD, HF_E_KEY_UNSUPPORTED,
 * HF_E_PEM_NOTHING_FOUND. */
HF_API hf_status hf_key_read(hf_bytes pem_or_der, const char *password, hf_key **out, hf_error *e);

/* Reads a PKCS#12 archive (RFC 7292; .p12, .pfx): its private key into `*key` (NULL: not wanted;
 * else HF_E_PEM_NOTHING_FOUND when it has none), and each of its certificates to `each` (may be
 * NULL), the key's own first, until it returns nonzero (which is returned). HF_E_KEY_PASSWORD,
 * HF_E_KEY_MALFORMED, HF_E_KEY_UNSUPPORTED. hf_key_read reads the key of such an archive too. */
HF_API hf_status hf_pkcs12_read(hf_bytes der, const char *password, hf_key **key,
                                hf_status (*each)(void *ctx, hf_bytes der), void *ctx, hf_error *e);

/* Makes a new key; `bits` counts for RSA only (2048 to 8192; 0 means 2048). */
HF_API hf_status hf_key_generate(hf_key_type type, unsigned bits, hf_key **out, hf_error *e);

HF_API hf_key *hf_key_ref(hf_key *key);
HF_API void hf_key_free(hf_key *key); /* gives back one reference; NULL is fine */

HF_API hf_key_type hf_key_type_of(const hf_key *key);
HF_API unsigned hf_key_bits(const hf_key *key);

/* SubjectPublicKeyInfo in DER, borrowed from the key. */
HF_API hf_bytes hf_key_public(const hf_key *key);

/* The key as PEM text, PKCS#8 ("PRIVATE KEY"), or encrypted ("ENCRYPTED PRIVATE KEY": PBES2,
 * AES-256-CBC, PBKDF2-HMAC-SHA256) when `password` is not NULL. NUL-terminated; free and wipe with
 * hf_text_free. */
HF_API hf_status hf_key_write_pem(const hf_key *key, const char *password, char **out, hf_error *e);

/* A key that lives elsewhere (a token, another process). `public_key` is its SubjectPublicKeyInfo,
 * copied. `sign` is called by the job that signs: on the executor's thread, and it may block there.
 * It writes at most HF_SIGNATURE_MAX bytes. `release` (may be NULL) is called when the last
 * reference goes. */
typedef struct hf_signer {
    void *ctx;
    hf_status (*sign)(void *ctx, const hf_sigscheme *scheme, hf_bytes message, uint8_t *signature,
                      size_t *signature_len);
    void (*release)(void *ctx);
} hf_signer;
HF_API hf_status hf_key_new_external(hf_bytes public_key, const hf_signer *signer, hf_key **out,
                                     hf_error *e);

/* Signs `message` (hashed inside) with `scheme`; `signature` has room for HF_SIGNATURE_MAX bytes.
 * HF_E_SCHEME_KEY_MISMATCH, HF_E_SIGNING. */
HF_API hf_status hf_key_sign(const hf_key *key, const hf_sigscheme *scheme, hf_bytes message,
                             uint8_t *signature, size_t *signature_len);

/* Text or bytes that a function here made: wiped and freed. NULL is fine. */
HF_API void hf_text_free(char *text);

/* ---- reading certificates ---- */

/* Where a certificate's parts are; every hf_bytes borrows from the DER that was parsed. Times are
 * seconds since 1970-01-01 UTC. RFC 5280 section 4.1. */
typedef struct hf_cert {
    hf_bytes der;                 /* the whole certificate */
    bool raw_public_key;          /* it is no certificate: hf_raw_key_parse */
    hf_bytes tbs;                 /* tbsCertificate with its header: what is signed */
    hf_bytes serial;              /* content octets of serialNumber */
    hf_bytes issuer;              /* Name, with its header */
    hf_bytes subject;             /* Name, with its header */
    hf_bytes spki;                /* subjectPublicKeyInfo with its header */
    hf_bytes signature;           /* the signature's octets */
    hf_bytes signature_algorithm; /* AlgorithmIdentifier with its header */
    int64_t not_before_s, not_after_s;
    uint8_t version;      /* 1, 2 or 3 */
    hf_key_type key_type; /* HF_KEY_NONE when unknown */
    unsigned key_bits;
    const hf_sigscheme *signed_with; /* NULL when the algorithm is unknown or refused */
    const char
        *signed_with_name; /* static; a name also for refused ones ("sha1WithRSAEncryption") */

    /* extensions: content of extnValue, .p NULL when absent */
    hf_bytes extensions; /* the SEQUENCE OF Extension's content */
    hf_bytes subject_alt_name, issuer_alt_name, name_constraints, extended_key_usage;
    hf_bytes subject_key_id, authority_key_id;
    hf_bytes policies, policy_mappings, policy_constraints, inhibit_any_policy;
    hf_bytes crl_distribution_points, authority_info_access, sct_list, tls_feature;
    bool has_basic_constraints, is_ca;
    int path_len; /* -1 when there is none */
    bool has_key_usage;
    uint16_t key_usage;        /* HF_KEY_USAGE_ bits */
    uint32_t critical;         /* HF_EXT_ bits of the extensions marked critical */
    hf_bytes unknown_critical; /* OID content of the first critical extension not known here */
    bool self_issued;          /* issuer equals subject */
} hf_cert;

enum {
    HF_KEY_USAGE_digitalSignature = 1 << 0,
    HF_KEY_USAGE_nonRepudiation = 1 << 1,
    HF_KEY_USAGE_keyEncipherment = 1 << 2,
    HF_KEY_USAGE_dataEncipherment = 1 << 3,
    HF_KEY_USAGE_keyAgreement = 1 << 4,
    HF_KEY_USAGE_keyCertSign = 1 << 5,
    HF_KEY_USAGE_cRLSign = 1 << 6,
    HF_KEY_USAGE_encipherOnly = 1 << 7,
    HF_KEY_USAGE_decipherOnly = 1 << 8,
    HF_KEY_USAGE_ANY = 1 << 15, /* none of a certificate's: hf_verify_params that leave it open */
};

/* Extensions that are known here. */
enum {
    HF_EXT_basicConstraints = 1 << 0,
    HF_EXT_keyUsage = 1 << 1,
    HF_EXT_subjectAltName = 1 << 2,
    HF_EXT_extKeyUsage = 1 << 3,
    HF_EXT_subjectKeyIdentifier = 1 << 4,
    HF_EXT_authorityKeyIdentifier = 1 << 5,
    HF_EXT_certificatePolicies = 1 << 6,
    HF_EXT_cRLDistributionPoints = 1 << 7,
    HF_EXT_authorityInfoAccess = 1 << 8,
    HF_EXT_sctList = 1 << 9,
    HF_EXT_nameConstraints = 1 << 10,
    HF_EXT_policyConstraints = 1 << 11,
    HF_EXT_policyMappings = 1 << 12,
    HF_EXT_inhibitAnyPolicy = 1 << 13,
    HF_EXT_issuerAltName = 1 << 14,
    HF_EXT_tlsFeature = 1 << 15,
};

/* Parses one certificate, strictly DER, with nothing after it. No allocation. HF_E_CERT_MALFORMED
 * (with field, offset, expected, got), HF_E_CERT_DUPLICATE_EXTENSION. An unknown critical extension
 * or a refused algorithm is no error here: it is one when the certificate is judged. */
HF_API hf_status hf_cert_parse(hf_bytes der, hf_cert *out, hf_error *e);

/* What a peer shows who it is by: TLS Certificate Types, RFC 7250 section 6. */
typedef enum hf_cert_type {
    HF_CERT_X509 = 0,
    HF_CERT_RAW_PUBLIC_KEY = 2,
} hf_cert_type;

/* A raw public key (RFC 7250: a SubjectPublicKeyInfo in DER, with nothing after it) in the place of
 * a certificate: `der` and `spki` are the bytes, which are borrowed, key_type and key_bits say what
 * they hold, raw_public_key is true, and all else is empty: it has no names, no dates and no
 * issuer, and is trusted by being known. Its hf_cert_fingerprint is the key's pin.
 * HF_E_RAW_KEY_MALFORMED, HF_E_KEY_UNSUPPORTED, HF_E_CERT_WEAK_KEY (RSA below 2048 bits). */
HF_API hf_status hf_raw_key_parse(hf_bytes spki, hf_cert *out, hf_error *e);

/* A Name as RFC 4514 text ("CN=localhost, O=handfast"), NUL-terminated, cut to `size`; control and
 * non-text bytes are escaped, so the text is safe to print. Returns the text's length. */
HF_API size_t hf_name_text(hf_bytes name, char *text, size_t size);

/* The first commonName in `name`, escaped as above; "" when there is none. For display only. */
HF_API size_t hf_name_common(hf_bytes name, char *text, size_t size);

/* One name of subjectAltName. */
typedef enum hf_san_type {
    HF_SAN_OTHER = -1,
    HF_SAN_EMAIL = 1,
    HF_SAN_DNS = 2,
    HF_SAN_DIRECTORY = 4,
    HF_SAN_URI = 6,
    HF_SAN_IP = 7,
} hf_san_type;

typedef struct hf_san_iter {
    hf_bytes rest; /* start with hf_cert.subject_alt_name through hf_san_start */
} hf_san_iter;

HF_API void hf_san_start(const hf_cert *cert, hf_san_iter *it);
/* False at the end. `value` is the name's content octets (text, or 4 or 16 bytes of address). */
HF_API bool hf_san_next(hf_san_iter *it, hf_san_type *type, hf_bytes *value);

/* True when the certificate is valid for `host`, a DNS name or the text of an IP address: RFC 9525
 * (wildcard as the whole leftmost label only, and not above a public suffix; subjectAltName only,
 * never the common name). An international name is asked for, and listed, in A-labels
 * ("xn--bcher-kva.example"). */
HF_API bool hf_cert_matches_host(const hf_cert *cert, const char *host);

/* True when subjectAltName has this mailbox ("user@example.com"): its local part to the letter, its
 * host without regard to case. RFC 5280 section 4.2.1.6; never the subject's emailAddress. */
HF_API bool hf_cert_matches_email(const hf_cert *cert, const char *mailbox);

/* Lists what the certificate covers, as text ("localhost, 127.0.0.1"), cut to `size` with "...". */
HF_API size_t hf_cert_names_text(const hf_cert *cert, char *text, size_t size);

/* SHA-256 of the whole certificate. */
HF_API void hf_cert_fingerprint(const hf_cert *cert, uint8_t digest[32]);
/* SHA-1 of the whole certificate: to look it up where others list it by that. It proves nothing:
 * two certificates with the same one can be made. */
HF_API void hf_cert_fingerprint_sha1(const hf_cert *cert, uint8_t digest[20]);

/* Cuts PEM text into DER: calls `each` for every block with `label` ("CERTIFICATE"), until it
 * returns nonzero (which is returned). The DER given to `each` is good during the call only. Text
 * that is no PEM but a single DER SEQUENCE is passed as it is. HF_E_PEM_MALFORMED with the line. */
HF_API hf_status hf_pem_each(hf_bytes text, const char *label,
                             hf_status (*each)(void *ctx, hf_bytes der), void *ctx, hf_error *e);

/* DER as PEM text, NUL-terminated; free with hf_text_free. NULL when memory ran out. */
HF_API char *hf_pem_write(hf_bytes der, const char *label);

/* ---- identities: a chain and its key ---- */

typedef struct hf_identity hf_identity; /* reference-counted, immutable */

/* Pairs a certificate chain (PEM, leaf first; or one DER) with its key (a reference is taken). The
 * chain is copied. HF_E_KEY_MISMATCH when the leaf has another key, HF_E_PEM_..., HF_E_CERT_... */
HF_API hf_status hf_identity_new(hf_bytes chain, hf_key *key, hf_identity **out, hf_error *e);
/* A raw public key (RFC 7250) with its private key, for peers that know it and need no certificate.
 * hf_identity_cert(identity, 0) is the key as hf_raw_key_parse has it. Nothing can be stapled to
 * it. A reference to `key` is taken. The errors of hf_raw_key_parse; HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_identity_new_raw_key(hf_key *key, hf_identity **out, hf_error *e);
HF_API hf_cert_type hf_identity_type(const hf_identity *identity);
HF_API hf_identity *hf_identity_ref(hf_identity *identity);
HF_API void hf_identity_free(hf_identity *identity);
HF_API const hf_key *hf_identity_key(const hf_identity *identity);

/* What goes along with the leaf to peers that ask for it: a stapled OCSP response (RFC 6066
 * section 8; an OCSPResponse in DER) and signed certificate timestamps (RFC 6962 section 3.3; a
 * SignedCertificateTimestampList as an OCSP extension or a log has it: two length bytes, then each
 * SCT after two length bytes of its own). Copied; empty bytes take it away again. Set them before
 * the identity is given to a config: from then on it is constant. Their form is checked
 * (HF_E_STAPLE_MALFORMED), not what they say. HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_identity_set_ocsp(hf_identity *identity, hf_bytes response, hf_error *e);
/* The same for any 1 to 2^24 - 1 bytes, sent as they are: to see what a client makes of a staple
 * that is none. HF_E_STAPLE_MALFORMED for no bytes, or more. */
HF_API hf_status hf_identity_set_ocsp_as_is(hf_identity *identity, hf_bytes bytes, hf_error *e);
HF_API hf_status hf_identity_set_scts(hf_identity *identity, hf_bytes list, hf_error *e);

/* Which schemes this identity signs a handshake with, best first, in place of the config's list,
 * which then only says what the peer may use: for a key in a token that cannot make all that its
 * type allows, or for an order of one's own. Names separated by ':' or ',' as hf_config_sigschemes
 * takes them. To be called before the identity is given to a config. HF_E_UNKNOWN_NAME_IN_LIST,
 * HF_E_EMPTY_LIST, HF_E_BAD_ARGUMENT (more than 32). */
HF_API hf_status hf_identity_set_sigschemes(hf_identity *identity, const char *list, hf_error *e);

/* Only for peers that name an authority of its chain (certificate_authorities; in TLS 1.2 a server
 * is told none): to any other it is as if it were not there. For a certificate that only some can
 * check, beside one for all, and for one that shall not be shown to everybody. Default: false. To
 * be called before the identity is given to a config. Where no other fits, a server fails with
 * HF_E_NO_COMMON_AUTHORITY, and a client shows none. */
HF_API void hf_identity_set_named_authorities_only(hf_identity *identity, bool on);

/* Certificate `i` (0 is the leaf), borrowed; NULL past the end. */
HF_API const hf_cert *hf_identity_cert(const hf_identity *identity, size_t i);

/* ---- trust and verification ---- */

typedef struct hf_store
    hf_store; /* reference-counted; add first, then share: constant once shared */

HF_API hf_status hf_store_new(hf_store **out);
HF_API hf_store *hf_store_ref(hf_store *store);
HF_API void hf_store_free(hf_store *store);
/* Adds every certificate in PEM text or DER as a trust anchor (copied); `*added` (may be NULL) says
 * how many. Duplicates count once. HF_E_PEM_NOTHING_FOUND when there is none; a certificate that
 * does not parse is an error and nothing is added. */
HF_API hf_status hf_store_add(hf_store *store, hf_bytes pem_or_der, size_t *added, hf_error *e);
HF_API size_t hf_store_count(const hf_store *store);
/* Anchor `i`, borrowed; NULL past the end. */
HF_API const hf_cert *hf_store_cert(const hf_store *store, size_t i);
/* Walks the anchors with this subject (a Name with its header), or with this subjectKeyIdentifier
 * (the identifier itself), the one added last first: start with `*at` 0; NULL at the end. Both are
 * indexed: a store of any size answers at once. Borrowed. */
HF_API const hf_cert *hf_store_by_subject(const hf_store *store, hf_bytes subject, size_t *at);
HF_API const hf_cert *hf_store_by_key_id(const hf_store *store, hf_bytes key_id, size_t *at);

/* ---- revocation ---- */

/* A certificate revocation list, read: RFC 5280 section 5. Every hf_bytes borrows from the DER. */
typedef struct hf_crl {
    hf_bytes der;
    hf_bytes tbs;                    /* tbsCertList with its header: what is signed */
    hf_bytes issuer;                 /* Name, with its header */
    hf_bytes signature;              /* the signature's octets */
    hf_bytes signature_algorithm;    /* AlgorithmIdentifier with its header */
    const hf_sigscheme *signed_with; /* NULL when the algorithm is unknown or refused */
    const char *signed_with_name;    /* static */
    int64_t this_update_s, next_update_s;
    bool has_next_update;
    uint8_t version;  /* 1 or 2 */
    hf_bytes entries; /* content of revokedCertificates; hf_crl_next walks it */
    size_t entry_count;
    hf_bytes number;           /* content octets of cRLNumber; .p NULL when absent */
    hf_bytes authority_key_id; /* content of the extension; .p NULL when absent */
    /* issuingDistributionPoint, section 5.2.5 */
    bool has_distribution_point; /* the extension is there */
    hf_bytes distribution_point; /* DistributionPointName with its header; .p NULL when absent */
    bool only_user_certs, only_ca_certs, only_attribute_certs;
    uint16_t only_some_reasons; /* ReasonFlags, bit n is 1 << n; 0: all reasons */
    bool is_indirect;           /* it speaks for other issuers too: not used */
    bool is_delta;              /* it says what changed since another list: not used */
    uint32_t critical;          /* HF_CRL_ bits of the extensions marked critical */
    hf_bytes unknown_critical;  /* OID of a critical extension, of the list or of an entry, that
                                   handfast does not know: the list says nothing then */
} hf_crl;

enum {
    HF_CRL_authorityKeyIdentifier = 1 << 0,
    HF_CRL_issuerAltName = 1 << 1,
    HF_CRL_cRLNumber = 1 << 2,
    HF_CRL_deltaCRLIndicator = 1 << 3,
    HF_CRL_issuingDistributionPoint = 1 << 4,
    HF_CRL_freshestCRL = 1 << 5,
    HF_CRL_authorityInfoAccess = 1 << 6,
};

/* One line of a list. */
typedef struct hf_crl_entry {
    hf_bytes serial;   /* content octets, as hf_cert.serial has them */
    int64_t revoked_s; /* when */
    int reason;        /* section 5.3.1: 0 is unspecified */
} hf_crl_entry;

/* Parses one list, strictly DER, each entry too, with nothing after it. No allocation. Nothing is
 * judged: neither its signature nor its age. HF_E_CRL_MALFORMED (with field, offset, expected,
 * got). */
HF_API hf_status hf_crl_parse(hf_bytes der, hf_crl *out, hf_error *e);

/* Walks the entries: start with `*at` 0; false at the end. */
HF_API bool hf_crl_next(const hf_crl *crl, size_t *at, hf_crl_entry *entry);

/* "keyCompromise" for 1, ...; "unknown reason" for what section 5.3.1 does not list. Static. */
HF_API const char *hf_crl_reason_name(int reason);

/* Lists to judge by: reference-counted; add first, then share: constant once shared. Each list is
 * indexed by serial number, so that a look-up in one of a million entries is 20 comparisons. */
typedef struct hf_crls hf_crls;

HF_API hf_status hf_crls_new(hf_crls **out);
HF_API hf_crls *hf_crls_ref(hf_crls *crls);
HF_API void hf_crls_free(hf_crls *crls); /* one reference; NULL is fine */
/* Adds every list in PEM text ("X509 CRL") or DER (copied); `*added` (may be NULL) says how many.
 * HF_E_CRL_DELTA and HF_E_CRL_INDIRECT for the kinds that are not used; HF_E_CRL_MALFORMED,
 * HF_E_PEM_NOTHING_FOUND, HF_E_OUT_OF_MEMORY. On an error nothing is added. At most 4096 lists, of
 * 16,777,216 entries each. */
HF_API hf_status hf_crls_add(hf_crls *crls, hf_bytes pem_or_der, size_t *added, hf_error *e);
HF_API size_t hf_crls_count(const hf_crls *crls);
HF_API const hf_crl *hf_crls_at(const hf_crls *crls, size_t i); /* borrowed; NULL past the end */

/* What is demanded about revocation. A list or response counts when it is about the certificate,
 * is current, and is signed by the certificate's issuer or by whom the issuer delegated it to. */
typedef enum hf_revocation {
    HF_REVOCATION_SOFT_FAIL, /* refused when one that counts says revoked; good when none counts */
    HF_REVOCATION_HARD_FAIL_LEAF, /* as well, one that counts must speak for the end entity */
    HF_REVOCATION_HARD_FAIL,      /* ... for every certificate but the anchor */
    HF_REVOCATION_OFF,            /* nothing is looked at */
} hf_revocation;

/* ---- judging ---- */

/* What a verifier demands. The default is what TLS clients demand of the certificates that exist.
 * The two others also hold issuers to their rules: for audits, and for whoever runs a PKI. */
typedef enum hf_profile {
    HF_PROFILE_TLS,     /* what makes a difference for security */
    HF_PROFILE_RFC5280, /* also what RFC 5280 demands of a certificate's maker */
    HF_PROFILE_WEBPKI,  /* also what the CA/Browser Forum's Baseline Requirements demand */
} hf_profile;

/* What the leaf is wanted for: RFC 5280 section 4.2.1.12. Authorities that name purposes must allow
 * it too. */
typedef enum hf_purpose {
    HF_PURPOSE_ANY,
    HF_PURPOSE_SERVER,
    HF_PURPOSE_CLIENT,
    HF_PURPOSE_EMAIL,
    HF_PURPOSE_CODE_SIGNING,
    HF_PURPOSE_TIME_STAMPING,
    HF_PURPOSE_OCSP_SIGNING,
} hf_purpose;

/* Limits on what verification may cost; 0 means the default. */
typedef struct hf_verify_limits {
    unsigned chain_length;     /* certificates in a path, anchor included: 10 */
    unsigned signature_checks; /* per call: 100 */
    unsigned path_steps;       /* candidates looked at per call: 1000 */
    unsigned name_comparisons; /* of name constraints, per call: 250,000 */
} hf_verify_limits;

/* Signatures that were found good, remembered by a digest of scheme, signed bytes, signature and
 * issuer's key: a client that meets the same certificates again need not compute them again. Of a
 * fixed size, reference-counted, shared between threads and configs without a lock. Always sound:
 * nothing but the computation is remembered; time, names, trust and all else are judged anew. */
typedef struct hf_signature_cache hf_signature_cache;

/* `entries` (40 bytes each) is rounded up to a power of two; 0 means 512. HF_E_BAD_ARGUMENT above
 * 1048576, HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_signature_cache_new(size_t entries, hf_signature_cache **out, hf_error *e);
HF_API hf_signature_cache *hf_signature_cache_ref(hf_signature_cache *cache);
HF_API void hf_signature_cache_free(hf_signature_cache *cache); /* one reference; NULL is fine */
/* How many it holds. */
HF_API size_t hf_signature_cache_count(const hf_signature_cache *cache);

/* What the user asks of certificate policies: the inputs (c) to (f) of RFC 5280 section 6.1.1. Zero
 * asks for nothing: any policy will do, and none is needed unless an authority demands one. */
typedef struct hf_policy_inputs {
    const char *const
        *initial;          /* user-initial-policy-set: OIDs as text ("2.16.840.1.101.3.2.1.48.1"),
                              NULL-terminated; NULL or one "2.5.29.32.0": any policy */
    bool require_explicit; /* initial-explicit-policy: one of them must be valid */
    bool inhibit_mapping;  /* initial-policy-mapping-inhibit */
    bool inhibit_any;      /* initial-any-policy-inhibit */
} hf_policy_inputs;

/* Everything that a verdict depends on. */
typedef struct hf_verify_params {
    const hf_store *store;
    const char *host; /* NULL: no name is checked */
    hf_purpose purpose;
    int64_t at_s; /* the time to judge at */
    hf_verify_limits limits;
    hf_profile profile;        /* 0: HF_PROFILE_TLS */
    hf_revocation revocation;  /* 0: HF_REVOCATION_SOFT_FAIL */
    const hf_crls *crls;       /* NULL: none */
    hf_bytes ocsp;             /* the OCSPResponse stapled for the end entity, DER; .p NULL: none */
    const hf_ct_logs *ct_logs; /* NULL: nothing is asked about timestamps (<handfast/ct.h>) */
    hf_ct_policy ct_policy;    /* what is demanded of them; 0: what Chrome demands */
    hf_bytes sct_list;         /* those of the TLS extension, as hf_info.sct_list; .p NULL: none */
    const char *email;         /* a mailbox that the leaf must name; NULL: none is checked */
    uint16_t key_usage;        /* HF_KEY_USAGE_ bits that a leaf with keyUsage must have; 0: what
                                  `purpose` needs; HF_KEY_USAGE_ANY: whatever it says */
    hf_policy_inputs policies;
    bool pedantic; /* with a profile: also where its text can be read in two ways, as that an
                      anchor that is not self-signed needs an authorityKeyIdentifier */
    /* NULL: every signature is computed. A remembered one does not count as a signature check; the
     * signatures of an accepted path are remembered. */
    hf_signature_cache *signatures;
} hf_verify_params;

/* One check of one certificate, in the order in which they were made. */
typedef struct hf_check {
    unsigned path;             /* which candidate path, from 0 */
    unsigned depth;            /* which certificate in it: 0 is the leaf */
    const hf_cert *cert;       /* borrowed; good during the report callback */
    const char *name;          /* static: "signature", "validity", "basicConstraints", ... */
    const char *section;       /* static: "RFC 5280 section 4.2.1.9" */
    hf_status result;          /* HF_OK or why not */
    bool from_store;           /* the certificate is the local store's */
    bool advisory;             /* it is told, and does not decide by itself: one timestamp */
    char value[HF_ERROR_TEXT]; /* what the certificate says */
    char limit[HF_ERROR_TEXT]; /* what it was compared with */
} hf_check;

/* A candidate path that is done with: accepted, or left. A path that begins where another was left
 * shares the lower certificates with it, and their checks, which are not made again. */
#define HF_PATH_MOST 32 /* certificates in a path, whatever the limits say */
typedef struct hf_verify_path {
    unsigned path; /* which, as hf_check has it */
    unsigned count;
    const hf_cert *certs[HF_PATH_MOST]; /* leaf first; borrowed from chain and store */
    bool anchored; /* the last is the local store's; else the peer's, and no way led on */
    hf_status
        result; /* HF_OK: accepted; else why it was left, or the limit that ended the search */
    const char *check; /* static: the check that failed, "issuer" where none was found; or NULL */
    unsigned depth;    /* whose check that was */
} hf_verify_path;

typedef struct hf_verify_report {
    void (*check)(void *ctx, const hf_check *check);
    void *ctx;
    void (*path)(void *ctx, const hf_verify_path *path); /* may be NULL */
} hf_verify_report;

/* Judges `chain[0]`, the end entity, with chain[1..count-1] as help in any order, up to an anchor
 * in the store: signature, validity, basicConstraints, pathLen, keyUsage, extendedKeyUsage,
 * critical extensions, and the host name. `path` (may be NULL) receives the certificates of the
 * accepted path, leaf first, anchor last (borrowed from chain and store), at most `*path_len` of
 * them, and their number in `*path_len`. `report` may be NULL. On failure the error is the one of
 * the best path: HF_E_CERT_..., HF_E_PATH_BUDGET, HF_E_OUT_OF_MEMORY. RFC 5280 section 6, RFC 9525.
 */
HF_API hf_status hf_verify_chain(const hf_cert *chain, size_t count, const hf_verify_params *params,
                                 const hf_verify_report *report, const hf_cert **path,
                                 size_t *path_len, hf_error *e);

/* Verifies a signature over `message` with the public key in `spki`. HF_E_BAD_SIGNATURE,
 * HF_E_SCHEME_KEY_MISMATCH, HF_E_KEY_UNSUPPORTED. */
HF_API hf_status hf_verify_signature(hf_bytes spki, const hf_sigscheme *scheme, hf_bytes message,
                                     hf_bytes signature);

/* ---- making certificates ---- */

typedef struct hf_cert_template {
    const char
        *subject; /* RFC 4514 text: "CN=localhost, O=Example"; NULL or "" for an empty name */
    const char *const *names; /* subjectAltName: DNS names, IP addresses, e-mail addresses, URIs;
                                 NULL-terminated; NULL for none */
    int64_t not_before_s, not_after_s;
    bool ca;             /* a certificate authority: basicConstraints, keyCertSign, cRLSign */
    int path_len;        /* for a CA; -1 for none */
    bool server, client; /* extendedKeyUsage of a leaf */
    bool ocsp_signing;   /* ... of whom the authority lets sign OCSP responses for it */
    uint8_t serial[20];  /* all zero: 16 random bytes are taken */
} hf_cert_template;

/* Issues a certificate for `subject_public_key` (SubjectPublicKeyInfo), signed by `issuer_key`.
 * `issuer` is the issuer's certificate, or NULL to self-sign. DER, owned by the caller
 * (hf_text_free does not fit: free with hf_der_free). HF_E_BAD_ARGUMENT says which field;
 * HF_E_CERT_WEAK_KEY and HF_E_KEY_... for a public key that nobody would accept,
 * HF_E_CERT_NAME_CONSTRAINTS and HF_E_CERT_PURPOSE for what the issuer may not issue. RFC 5280
 * section 4. */
HF_API hf_status hf_cert_issue(const hf_cert_template *t, hf_bytes subject_public_key,
                               const hf_cert *issuer, const hf_key *issuer_key, hf_bytes *out,
                               hf_error *e);
HF_API void hf_der_free(hf_bytes der);

/* A certification request, RFC 2986: subject, names, and the key's own signature. */
HF_API hf_status hf_csr_make(const hf_cert_template *t, const hf_key *key, hf_bytes *out,
                             hf_error *e);

/* A parsed request; parts borrow from `der`. The signature is verified by hf_csr_parse. */
typedef struct hf_csr {
    hf_bytes der, subject, spki, subject_alt_name;
    hf_key_type key_type;
    unsigned key_bits;
    const hf_sigscheme *signed_with;
} hf_csr;
HF_API hf_status hf_csr_parse(hf_bytes der, hf_csr *out, hf_error *e);
/* Issues for a request: subject, names and key are the request's, the rest the template's. */
HF_API hf_status hf_cert_issue_csr(const hf_cert_template *t, const hf_csr *csr,
                                   const hf_cert *issuer, const hf_key *issuer_key, hf_bytes *out,
                                   hf_error *e);

/* A list of revoked certificates, RFC 5280 section 5. */
typedef struct hf_crl_template {
    int64_t this_update_s, next_update_s;
    uint64_t number; /* 0: one more than the earlier list's, else 1 */
    const hf_crl_entry *entries;
    size_t count;
    /* An earlier list of this authority in DER, or none: its entries are kept (they come first, and
     * hold against `entries`), and its signature must be the authority's. */
    hf_bytes previous;
} hf_crl_template;

/* Makes a complete list, signed by `issuer_key`; DER, freed with hf_der_free. HF_E_BAD_ARGUMENT
 * says which field; HF_E_KEY_MISMATCH, HF_E_CERT_NOT_A_CA, HF_E_CERT_KEY_USAGE, and
 * HF_E_CERT_BAD_SIGNATURE for an earlier list that is not this authority's. */
HF_API hf_status hf_crl_make(const hf_crl_template *t, const hf_cert *issuer,
                             const hf_key *issuer_key, hf_bytes *out, hf_error *e);

/* ---- with files (src/io) ---- */

/* Each reads a whole file (at most 16 MiB); HF_E_FILE with the path and the system's reason, else
 * the errors of the function without _file. */
HF_API hf_status hf_key_read_file(const char *path, const char *password, hf_key **out,
                                  hf_error *e);
/* The chain may be a PKCS#12 archive, whose certificates are put in the order in which they are
 * sent; with `key_path` NULL the key is in the chain's file. */
HF_API hf_status hf_identity_read_files(const char *chain_path, const char *key_path,
                                        const char *password, hf_identity **out, hf_error *e);
/* The same as hf_identity_set_..., from a file. */
HF_API hf_status hf_identity_set_ocsp_file(hf_identity *identity, const char *path, hf_error *e);
HF_API hf_status hf_identity_set_scts_file(hf_identity *identity, const char *path, hf_error *e);
/* Of a folder every file: what is no certificate there is passed over. */
HF_API hf_status hf_store_add_file(hf_store *store, const char *path, size_t *added, hf_error *e);

/* The system's trusted certificates: SSL_CERT_FILE where set, else the distribution's bundle. */
HF_API hf_status hf_store_add_system(hf_store *store, size_t *added, hf_error *e);

#ifdef __cplusplus
}
#endif
#endif
