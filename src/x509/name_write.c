/* name_write.c: names from text. The RFC 4514 parser points at the place it did not understand. */
#include "x509/name_write.h"

#include "base/bytes.h"
#include "base/der_write.h"
#include "base/error.h"
#include "x509/host.h"
#include "x509/oid.h"
#include "x509/text.h"

#define MOST_RDNS       32U
#define MOST_ATTRIBUTES 8U    /* in one RDN */
#define LONGEST_VALUE   1024U /* bytes */

typedef struct span {
    size_t from, to;
} span;

typedef struct parser {
    const char *text;
    hf_error *e;
} parser;

static hf_status refuse(const parser *p, span at, const char *expected)
{
    char got[HF_ERROR_TEXT];
    hf_text t;
    hf_text_init(&t, got, sizeof(got));
    hf_text_add_escaped(&t, hf_bytes_of(p->text + at.from, at.to - at.from), "");
    hf_text_mark_cut(&t);
    hf_fail(p->e, HF_E_BAD_ARGUMENT, "subject", expected, "\"%s\"", got);
    if (p->e != NULL) {
        p->e->has_offset = true;
        p->e->offset = (uint32_t)at.from;
    }
    return HF_E_BAD_ARGUMENT;
}

static bool is_blank(char c)
{
    return c == ' ';
}

/* Blanks at both ends do not count, but for one that a backslash protects. */
static span trim(const char *text, span s)
{
    while (s.from < s.to && is_blank(text[s.from]))
        s.from++;
    while (s.to > s.from && is_blank(text[s.to - 1]) &&
           !(s.to - 1 > s.from && text[s.to - 2] == '\\'))
        s.to--;
    return s;
}

/* The end of the piece that begins at `from`: the first `separator` that no backslash protects. */
static size_t piece_end(const char *text, size_t from, size_t to, char separator)
{
    while (from < to && text[from] != separator)
        from += text[from] == '\\' && from + 1 < to ? 2 : 1;
    return from;
}

/* ---- values ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes the escapes of RFC 4514 section 2.4. */
static hf_status unescape(const parser *p, span s, uint8_t *out, size_t *n)
{
    const char *t = p->text;
    *n = 0;
    for (size_t i = s.from; i < s.to; i++) {
        if (*n == LONGEST_VALUE)
            return refuse(p, s, "a value of at most 1024 bytes");
        char c = t[i];
        if (c == '\\') {
            int high = i + 1 < s.to ? hex_value(t[i + 1]) : -1;
            int low = i + 2 < s.to ? hex_value(t[i + 2]) : -1;
            if (high >= 0 && low >= 0) {
                out[(*n)++] = (uint8_t)(high << 4 | low);
                i += 2;
                continue;
            }
            if (++i == s.to || strchr("\"+,;<>\\ #=", t[i]) == NULL)
                return refuse(p, (span){i - 1, s.to},
                              "\\ before two hex digits or one of \"+,;<>\\ #=");
            c = t[i];
        } else if (strchr("\";<>", c) != NULL) {
            return refuse(p, (span){i, s.to}, "\\ before the characters \" ; < >");
        }
        out[(*n)++] = (uint8_t)c;
    }
    return HF_OK;
}

static bool is_printable(hf_bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == 0 || strchr(" '()+,-./:=?", c) == NULL))
            return false;
    }
    return true;
}

/* Characters of UTF-8, or -1 when it is malformed or has characters that deceive: those that
 * hf_text_add_escaped would escape. */
static long count_characters(hf_bytes v)
{
    char shown[LONGEST_VALUE + 1];
    hf_text t;
    long n = 0;
    hf_text_init(&t, shown, sizeof(shown));
    hf_text_add_escaped(&t, v, "");
    if (t.n != v.n || memcmp(shown, v.p, v.n) != 0)
        return -1;
    for (size_t i = 0; i < v.n; i++)
        n += (v.p[i] & 0xc0) != 0x80;
    return n;
}

static bool is_ascii(hf_bytes v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] >= 0x80)
            return false;
    return true;
}

static hf_status check_value(const parser *p, span at, const hf_oid_attribute *known, uint8_t tag,
                             hf_bytes v)
{
    long characters = v.n == 0 ? 0 : count_characters(v);
    if (characters == 0)
        return refuse(p, at, "a value after =");
    if (characters < 0)
        return refuse(p, at, "UTF-8 text without control or invisible characters");
    if (tag == HF_DER_PRINTABLE_STRING && !is_printable(v))
        return refuse(p, at, "letters, digits, blanks and '()+,-./:=? alone");
    if (tag == HF_DER_IA5_STRING && !is_ascii(v))
        return refuse(p, at, "ASCII alone");
    if (known != NULL && known->longest != 0 && characters > known->longest) {
        refuse(p, at, NULL);
        hf_error_expected(p->e, "%s of at most %u characters (RFC 5280 appendix A.1)", known->name,
                          known->longest);
        return HF_E_BAD_ARGUMENT;
    }
    if (known != NULL && strcmp(known->name, "C") == 0 && characters != 2)
        return refuse(p, at, "a country code of two letters");
    return HF_OK;
}

/* "#0c0568656c6c6f": the value's DER itself. */
static hf_status write_hex(hf_writer *w, const parser *p, span s)
{
    uint8_t der[LONGEST_VALUE];
    size_t n = 0;
    for (size_t i = s.from + 1; i < s.to; i += 2) {
        int high = hex_value(p->text[i]), low = i + 1 < s.to ? hex_value(p->text[i + 1]) : -1;
        if (high < 0 || low < 0 || n == sizeof(der))
            return refuse(p, s, "# and pairs of hex digits");
        der[n++] = (uint8_t)(high << 4 | low);
    }
    hf_reader r;
    hf_reader_init(&r, hf_bytes_of(der, n), NULL);
    hf_bytes value = hf_der_any(&r, NULL, "value");
    if (!hf_reader_done(&r))
        return refuse(p, s, "# and one DER element in hex");
    hf_write_bytes(w, value);
    return HF_OK;
}

/* ---- types ---- */

/* Dotted decimal as content octets; 0 when it is none. */
static size_t parse_oid(hf_bytes text, uint8_t out[64])
{
    uint64_t parts[20];
    size_t count = 0, n = 0;
    for (size_t at = 0; at < text.n; at++, count++) {
        size_t start = at;
        if (count == 20)
            return 0;
        for (parts[count] = 0; at < text.n && text.p[at] >= '0' && text.p[at] <= '9'; at++)
            if ((parts[count] = parts[count] * 10 + (uint64_t)(text.p[at] - '0')) >> 32 != 0)
                return 0;
        if (at == start || (text.p[start] == '0' && at - start > 1) ||
            (at < text.n && (text.p[at] != '.' || at + 1 == text.n)))
            return 0;
    }
    if (count < 2 || parts[0] > 2 || (parts[0] < 2 && parts[1] > 39))
        return 0;
    parts[1] += 40 * parts[0];
    for (size_t i = 1; i < count; i++) {
        unsigned groups = 1;
        while (parts[i] >> (7 * groups) != 0)
            groups++;
        if (n + groups > 64)
            return 0;
        while (groups-- > 0)
            out[n++] = (uint8_t)((parts[i] >> (7 * groups) & 0x7f) | (groups != 0 ? 0x80U : 0U));
    }
    return n;
}

static hf_status write_attribute(hf_writer *w, const parser *p, span s)
{
    uint8_t oid_bytes[64], bytes[LONGEST_VALUE];
    s = trim(p->text, s);
    size_t equals = piece_end(p->text, s.from, s.to, '=');
    span type = trim(p->text, (span){s.from, equals});
    if (equals == s.to || type.from == type.to)
        return refuse(p, s, "a pair like CN=name");
    hf_bytes name = hf_bytes_of(p->text + type.from, type.to - type.from);
    const hf_oid_attribute *known = hf_oid_attribute_named(name);
    hf_bytes oid = known != NULL ? known->oid : (hf_bytes){oid_bytes, parse_oid(name, oid_bytes)};
    if (oid.n == 0)
        return refuse(p, type,
                      "CN, O, OU, C, ST, L, STREET, DC, UID, serialNumber, SN, GN, title, "
                      "postalCode, emailAddress, or an OID");
    span value = trim(p->text, (span){equals + 1, s.to});
    size_t mark = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OID, oid);
    hf_status status;
    if (value.from < value.to && p->text[value.from] == '#') {
        status = write_hex(w, p, value);
    } else {
        size_t n;
        uint8_t tag = known != NULL ? known->string_tag : (uint8_t)HF_DER_UTF8_STRING;
        status = unescape(p, value, bytes, &n);
        if (status == HF_OK)
            status = check_value(p, value, known, tag, hf_bytes_of(bytes, n));
        if (status == HF_OK)
            hf_der_write(w, tag, hf_bytes_of(bytes, n));
    }
    hf_der_close(w, mark);
    return status;
}

/* ---- RDNs ---- */

static int compare_der(hf_bytes a, hf_bytes b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* The attributes are written one after the other into `scratch` and then, in DER's order for a SET
 * OF, into `w`. */
static hf_status write_rdn(hf_writer *w, hf_buf *scratch, const parser *p, span s)
{
    size_t ends[MOST_ATTRIBUTES], count = 0;
    hf_writer parts;
    hf_buf_clear(scratch);
    hf_writer_init_buf(&parts, scratch);
    for (size_t at = s.from; at <= s.to; count++) {
        size_t end = piece_end(p->text, at, s.to, '+');
        if (count == MOST_ATTRIBUTES)
            return refuse(p, s, "at most 8 attributes joined by +");
        hf_status status = write_attribute(&parts, p, (span){at, end});
        if (status == HF_OK)
            status = hf_writer_status(&parts);
        if (status != HF_OK)
            return status;
        ends[count] = parts.n;
        at = end + 1;
    }
    size_t mark = hf_der_open(w, HF_DER_SET);
    bool used[MOST_ATTRIBUTES] = {false};
    for (size_t n = 0; n < count; n++) {
        size_t least = count;
        hf_bytes best = {NULL, 0};
        for (size_t i = 0; i < count; i++) {
            size_t start = i == 0 ? 0 : ends[i - 1];
            hf_bytes one = {scratch->p + start, ends[i] - start};
            if (!used[i] && (least == count || compare_der(one, best) < 0)) {
                least = i;
                best = one;
            }
        }
        used[least] = true;
        hf_write_bytes(w, best);
    }
    hf_der_close(w, mark);
    return HF_OK;
}

hf_status hf_name_write(hf_writer *w, const char *text, hf_error *e)
{
    parser p = {text, e};
    span rdns[MOST_RDNS];
    size_t count = 0;
    hf_buf scratch = {0};
    hf_status status = HF_OK;
    span whole = trim(text, (span){0, strlen(text)});
    for (size_t at = whole.from; whole.from < whole.to && at <= whole.to; count++) {
        size_t end = piece_end(text, at, whole.to, ',');
        if (count == MOST_RDNS)
            return refuse(&p, whole, "at most 32 parts");
        rdns[count] = (span){at, end};
        at = end + 1;
    }
    size_t mark = hf_der_open(w, HF_DER_SEQUENCE);
    while (count-- > 0 && status == HF_OK)
        status = write_rdn(w, &scratch, &p, rdns[count]);
    hf_der_close(w, mark);
    hf_buf_free(&scratch);
    return status != HF_OK ? status : hf_writer_status(w);
}

/* ---- alternative names ---- */

static hf_status refuse_name(hf_error *e, const char *text, const char *expected)
{
    char got[HF_ERROR_TEXT];
    hf_text t;
    hf_text_init(&t, got, sizeof(got));
    hf_text_add_escaped(&t, hf_bytes_text(text), "");
    hf_text_mark_cut(&t);
    return hf_fail(e, HF_E_BAD_ARGUMENT, "names", expected, "\"%s\"", got);
}

static bool is_graphic(hf_bytes v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] <= ' ' || v.p[i] >= 0x7f)
            return false;
    return true;
}

hf_status hf_general_name_write(hf_writer *w, const char *text, hf_error *e)
{
    uint8_t ip[16];
    hf_bytes v = hf_bytes_text(text);
    size_t ip_len = hf_ip_parse(v, ip);
    const char *at = strchr(text, '@'), *scheme = strstr(text, "://");
    if (ip_len != 0) {
        hf_der_write(w, HF_DER_CONTEXT(HF_SAN_IP), hf_bytes_of(ip, ip_len));
    } else if (scheme != NULL) {
        if (scheme == text || scheme[3] == '\0' || !is_graphic(v))
            return refuse_name(e, text, "a URI of ASCII characters: scheme://host/path");
        hf_der_write(w, HF_DER_CONTEXT(HF_SAN_URI), v);
    } else if (at != NULL) {
        if (at == text || !is_graphic(v) || strchr(at + 1, '@') != NULL ||
            !hf_dns_valid(hf_bytes_text(at + 1), false))
            return refuse_name(e, text, "an e-mail address: mailbox@host");
        hf_der_write(w, HF_DER_CONTEXT(HF_SAN_EMAIL), v);
    } else {
        if (!hf_dns_valid(v, true))
            return refuse_name(
                e, text,
                "a DNS name (letters, digits, hyphens and dots; xn-- for others; \"*\" "
                "as the first label), an IP address, an e-mail address or a URI");
        hf_der_write(w, HF_DER_CONTEXT(HF_SAN_DNS), v);
    }
    return hf_writer_status(w);
}
