/* cert_extensions.c: the extensions of a certificate in words. For display alone: what is malformed
 * shows as its bytes; the library's own parser is the one that judges. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_text.h"

#include "cli/cli.h"
#include <inttypes.h>
#include <string.h>

/* ---- DER, just enough to walk ---- */

bool cli_der_next(hf_bytes *rest, uint8_t *tag, hf_bytes *content)
{
    const uint8_t *p = rest->p;
    size_t n = rest->n, at = 2;
    if (n < 2 || (p[0] & 0x1f) == 0x1f)
        return false;
    size_t length = p[1];
    if (length >= 0x80) {
        size_t octets = length & 0x7f;
        if (octets == 0 || octets > 4 || n < 2 + octets)
            return false;
        length = 0;
        for (; at < 2 + octets; at++)
            length = length << 8 | p[at];
    }
    if (length > n - at)
        return false;
    *tag = p[0];
    *content = (hf_bytes){p + at, length};
    *rest = (hf_bytes){p + at + length, n - at - length};
    return true;
}

char *cli_oid_text(char *to, size_t size, hf_bytes oid)
{
    size_t n = 0;
    uint64_t v = 0;
    bool first = true;
    to[0] = '\0';
    for (size_t i = 0; i < oid.n && n + 24 < size; i++) {
        v = v << 7 | (oid.p[i] & 0x7f);
        if (v >> 56 != 0)
            break;
        if ((oid.p[i] & 0x80) != 0)
            continue;
        if (first) {
            uint64_t top = v < 80 ? v / 40 : 2;
            n += (size_t)snprintf(to + n, size - n, "%" PRIu64 ".%" PRIu64, top, v - top * 40);
        } else {
            n += (size_t)snprintf(to + n, size - n, ".%" PRIu64, v);
        }
        first = false;
        v = 0;
    }
    return to;
}

/* ---- names of object identifiers ---- */

typedef struct named {
    const char *oid, *name;
} named;

static const char *name_of(const named *list, const char *oid)
{
    for (; list->oid != NULL; list++)
        if (strcmp(list->oid, oid) == 0)
            return list->name;
    return NULL;
}

static const named extensions[] = {
    {"2.5.29.14", "subjectKeyIdentifier"},
    {"2.5.29.15", "keyUsage"},
    {"2.5.29.17", "subjectAltName"},
    {"2.5.29.18", "issuerAltName"},
    {"2.5.29.19", "basicConstraints"},
    {"2.5.29.30", "nameConstraints"},
    {"2.5.29.31", "cRLDistributionPoints"},
    {"2.5.29.32", "certificatePolicies"},
    {"2.5.29.33", "policyMappings"},
    {"2.5.29.35", "authorityKeyIdentifier"},
    {"2.5.29.36", "policyConstraints"},
    {"2.5.29.37", "extKeyUsage"},
    {"2.5.29.46", "freshestCRL"},
    {"2.5.29.54", "inhibitAnyPolicy"},
    {"1.3.6.1.5.5.7.1.1", "authorityInfoAccess"},
    {"1.3.6.1.5.5.7.1.11", "subjectInfoAccess"},
    {"1.3.6.1.5.5.7.1.24", "tlsFeature"},
    {"1.3.6.1.4.1.11129.2.4.2", "signedCertificateTimestamps"},
    {"1.3.6.1.4.1.11129.2.4.3", "precertificatePoison"},
    {NULL, NULL},
};

static const named purposes[] = {
    {"1.3.6.1.5.5.7.3.1", "serverAuth"},    {"1.3.6.1.5.5.7.3.2", "clientAuth"},
    {"1.3.6.1.5.5.7.3.3", "codeSigning"},   {"1.3.6.1.5.5.7.3.4", "emailProtection"},
    {"1.3.6.1.5.5.7.3.8", "timeStamping"},  {"1.3.6.1.5.5.7.3.9", "OCSPSigning"},
    {"2.5.29.37.0", "anyExtendedKeyUsage"}, {NULL, NULL},
};

static const named methods[] = {
    {"1.3.6.1.5.5.7.48.1", "OCSP"},
    {"1.3.6.1.5.5.7.48.2", "issuer's certificate"},
    {NULL, NULL},
};

static const named policies[] = {
    {"2.5.29.32.0", "anyPolicy"},
    {"2.23.140.1.2.1", "domain validated"},
    {"2.23.140.1.2.2", "organization validated"},
    {"2.23.140.1.2.3", "individual validated"},
    {"2.23.140.1.1", "extended validation"},
    {NULL, NULL},
};

/* ---- lines ---- */

/* An OID with its name, where it has one. */
static void put_oid(cli_lines *l, const named *list, hf_bytes oid)
{
    char text[64];
    cli_oid_text(text, sizeof text, oid);
    const char *name = name_of(list, text);
    if (name != NULL)
        cli_put_line(l, "%s", name);
    else
        cli_put_line(l, "%s", text);
}

/* Opens a SEQUENCE that is the whole of `value`. */
static bool sequence(hf_bytes value, hf_bytes *inside)
{
    uint8_t tag;
    return cli_der_next(&value, &tag, inside) && tag == 0x30 && value.n == 0;
}

static uint64_t small_integer(hf_bytes content)
{
    uint64_t v = 0;
    for (size_t i = 0; i < content.n && i < 8; i++)
        v = v << 8 | content.p[i];
    return v;
}

static void basic_constraints(cli_lines *l, hf_bytes value)
{
    hf_bytes inside, content;
    uint8_t tag;
    if (!sequence(value, &inside))
        return;
    bool ca = false;
    while (cli_der_next(&inside, &tag, &content)) {
        if (tag == 0x01)
            ca = content.n == 1 && content.p[0] != 0;
        if (tag == 0x02)
            cli_put_line(l, "at most %" PRIu64 " authorities below it", small_integer(content));
    }
    cli_put_line(l, ca ? "a certificate authority" : "not a certificate authority");
}

static void key_usage(cli_lines *l, hf_bytes value)
{
    static const char *const names[] = {
        "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
        "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly",
    };
    hf_bytes bits;
    uint8_t tag;
    char text[300] = "";
    if (!cli_der_next(&value, &tag, &bits) || tag != 0x03 || bits.n < 1)
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (i / 8 + 1 >= bits.n || (bits.p[i / 8 + 1] & (0x80 >> i % 8)) == 0)
            continue;
        if (text[0] != '\0')
            strcat(text, ", ");
        strcat(text, names[i]);
    }
    if (text[0] != '\0')
        cli_put_line(l, "%s", text);
}

static void oid_list(cli_lines *l, hf_bytes value, const named *list)
{
    hf_bytes inside, content;
    uint8_t tag;
    if (!sequence(value, &inside))
        return;
    while (cli_der_next(&inside, &tag, &content))
        if (tag == 0x06)
            put_oid(l, list, content);
}

static void general_name(cli_lines *l, const char *before, uint8_t tag, hf_bytes content)
{
    char text[340];
    hf_san_type type = (hf_san_type)(tag & 0x1f);
    cli_san_text(text, sizeof text,
                 type == HF_SAN_EMAIL || type == HF_SAN_DNS || type == HF_SAN_DIRECTORY ||
                         type == HF_SAN_URI || type == HF_SAN_IP
                     ? type
                     : HF_SAN_OTHER,
                 content);
    cli_put_line(l, "%s%s", before, text);
}

static void general_names(cli_lines *l, hf_bytes list, const char *before)
{
    hf_bytes content;
    uint8_t tag;
    while (cli_der_next(&list, &tag, &content))
        general_name(l, before, tag, content);
}

static void alt_names(cli_lines *l, hf_bytes value)
{
    hf_bytes inside;
    if (sequence(value, &inside))
        general_names(l, inside, "");
}

static void subject_key(cli_lines *l, hf_bytes value)
{
    char text[200];
    hf_bytes content;
    uint8_t tag;
    if (cli_der_next(&value, &tag, &content) && tag == 0x04)
        cli_put_line(l, "%s", cli_hex_text(text, sizeof text, content));
}

static void authority_key(cli_lines *l, hf_bytes value)
{
    char text[200];
    hf_bytes inside, content;
    uint8_t tag;
    if (!sequence(value, &inside))
        return;
    while (cli_der_next(&inside, &tag, &content)) {
        if (tag == 0x80)
            cli_put_line(l, "key %s", cli_hex_text(text, sizeof text, content));
        else if (tag == 0xa1)
            general_names(l, content, "issuer ");
        else if (tag == 0x82)
            cli_put_line(l, "serial %s", cli_hex_text(text, sizeof text, content));
    }
}

static void name_constraints(cli_lines *l, hf_bytes value)
{
    hf_bytes inside, subtrees, subtree, base;
    uint8_t which, tag;
    if (!sequence(value, &inside))
        return;
    while (cli_der_next(&inside, &which, &subtrees))
        while (cli_der_next(&subtrees, &tag, &subtree))
            if (cli_der_next(&subtree, &tag, &base))
                general_name(l, which == 0xa0 ? "only " : "not ", tag, base);
}

static void certificate_policies(cli_lines *l, hf_bytes value)
{
    hf_bytes inside, policy, content;
    uint8_t tag;
    if (!sequence(value, &inside))
        return;
    while (cli_der_next(&inside, &tag, &policy))
        if (cli_der_next(&policy, &tag, &content) && tag == 0x06)
            put_oid(l, policies, content);
}

static void policy_constraints(cli_lines *l, hf_bytes value)
{
    hf_bytes inside, content;
    uint8_t tag;
    if (!sequence(value, &inside))
        return;
    while (cli_der_next(&inside, &tag, &content))
        cli_put_line(l, "%s after %" PRIu64 " more certificates",
                     tag == 0x80 ? "a policy is required" : "no mapping of policies",
                     small_integer(content));
}

static void inhibit_any_policy(cli_lines *l, hf_bytes value)
{
    hf_bytes content;
    uint8_t tag;
    if (cli_der_next(&value, &tag, &content) && tag == 0x02)
        cli_put_line(l, "anyPolicy does not count after %" PRIu64 " more certificates",
                     small_integer(content));
}

/* DistributionPoint ::= [0] { [0] fullName } ... */
static void distribution_points(cli_lines *l, hf_bytes value)
{
    hf_bytes inside, point, part, full;
    uint8_t tag;
    if (!sequence(value, &inside))
        return;
    while (cli_der_next(&inside, &tag, &point))
        while (cli_der_next(&point, &tag, &part))
            if (tag == 0xa0 && cli_der_next(&part, &tag, &full) && tag == 0xa0)
                general_names(l, full, "");
}

static void info_access(cli_lines *l, hf_bytes value)
{
    hf_bytes inside, description, oid, location;
    uint8_t tag;
    char text[64], before[100];
    if (!sequence(value, &inside))
        return;
    while (cli_der_next(&inside, &tag, &description)) {
        if (!cli_der_next(&description, &tag, &oid) || tag != 0x06 ||
            !cli_der_next(&description, &tag, &location))
            return;
        cli_oid_text(text, sizeof text, oid);
        const char *name = name_of(methods, text);
        snprintf(before, sizeof before, "%s: ", name != NULL ? name : text);
        general_name(l, before, tag, location);
    }
}

static void tls_feature(cli_lines *l, hf_bytes value)
{
    hf_bytes inside, content;
    uint8_t tag;
    if (!sequence(value, &inside))
        return;
    while (cli_der_next(&inside, &tag, &content))
        if (small_integer(content) == 5)
            cli_put_line(l, "must-staple: the server must bring a fresh OCSP statement");
        else
            cli_put_line(l, "TLS extension %" PRIu64 " is required", small_integer(content));
}

static const char *sct_algorithm(uint16_t algorithm)
{
    return algorithm == 0x0403   ? "ECDSA with SHA-256"
           : algorithm == 0x0401 ? "RSA with SHA-256"
                                 : "an algorithm that no log has";
}

static void timestamp(cli_lines *l, hf_bytes bytes)
{
    hf_sct sct;
    char when[40], text[200];
    if (hf_sct_parse(bytes, &sct, NULL) != HF_OK) {
        cli_put_line(l, "malformed: %s", cli_hex_text(text, sizeof text, bytes));
        return;
    }
    if (sct.version != 0) {
        cli_put_line(l, "of version %u, which is not known", sct.version + 1U);
        return;
    }
    cli_date_text(when, sizeof when, (int64_t)(sct.timestamp_ms / 1000));
    cli_put_line(l, "%s and %u ms, %s", when, (unsigned)(sct.timestamp_ms % 1000),
                 sct_algorithm(sct.algorithm));
    cli_put_line(l, "  log %s", cli_hex_text(text, sizeof text, sct.log_id));
    if (sct.extensions.n != 0)
        cli_put_line(l, "  extensions %s", cli_hex_text(text, sizeof text, sct.extensions));
}

/* RFC 6962 section 3.3. What is malformed shows as its bytes. */
static void timestamps(cli_lines *l, hf_bytes value)
{
    hf_bytes list, sct;
    if (hf_sct_list_read(value, &list, NULL) != HF_OK)
        return;
    while (hf_sct_next(&list, &sct))
        timestamp(l, sct);
}

/* ---- extensions ---- */

bool cli_extension_next(hf_bytes *rest, cli_extension *x)
{
    hf_bytes extension, content;
    uint8_t tag;
    *x = (cli_extension){0};
    if (!cli_der_next(rest, &tag, &extension) || tag != 0x30 ||
        !cli_der_next(&extension, &tag, &content) || tag != 0x06)
        return false;
    cli_oid_text(x->oid, sizeof x->oid, content);
    x->name = name_of(extensions, x->oid);
    if (!cli_der_next(&extension, &tag, &content))
        return false;
    if (tag == 0x01) {
        x->critical = content.n == 1 && content.p[0] != 0;
        if (!cli_der_next(&extension, &tag, &content))
            return false;
    }
    x->value = content;
    return tag == 0x04;
}

void cli_extension_lines(const cli_extension *x, void (*line)(void *ctx, const char *text),
                         void *ctx)
{
    static const struct {
        const char *name;
        void (*decode)(cli_lines *l, hf_bytes value);
    } decoders[] = {
        {"basicConstraints", basic_constraints},
        {"keyUsage", key_usage},
        {"subjectAltName", alt_names},
        {"issuerAltName", alt_names},
        {"subjectKeyIdentifier", subject_key},
        {"authorityKeyIdentifier", authority_key},
        {"nameConstraints", name_constraints},
        {"certificatePolicies", certificate_policies},
        {"policyConstraints", policy_constraints},
        {"inhibitAnyPolicy", inhibit_any_policy},
        {"cRLDistributionPoints", distribution_points},
        {"freshestCRL", distribution_points},
        {"authorityInfoAccess", info_access},
        {"subjectInfoAccess", info_access},
        {"tlsFeature", tls_feature},
        {"signedCertificateTimestamps", timestamps},
    };
    cli_lines l = {line, ctx, 0};
    if (x->name != NULL && strcmp(x->name, "extKeyUsage") == 0)
        oid_list(&l, x->value, purposes);
    for (size_t i = 0; x->name != NULL && i < sizeof decoders / sizeof decoders[0]; i++)
        if (strcmp(decoders[i].name, x->name) == 0)
            decoders[i].decode(&l, x->value);
    char text[360];
    if (l.count == 0)
        cli_put_line(&l, "%s", cli_hex_text(text, sizeof text, x->value));
}
