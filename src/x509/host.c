/* host.c: host names and addresses as text, and what a certificate's names match. */
#include "x509/host.h"

#include "base/bytes.h"
#include "x509/general_name.h"
#include "x509/name.h"

#include <string.h>

/* ---- addresses ---- */

static bool parse_ipv4(hf_bytes text, uint8_t out[4])
{
    size_t at = 0;
    for (size_t i = 0; i < 4; i++) {
        if (i != 0 && (at == text.n || text.p[at++] != '.'))
            return false;
        size_t start = at;
        unsigned v = 0;
        while (at < text.n && text.p[at] >= '0' && text.p[at] <= '9' && at - start < 4)
            v = v * 10 + (unsigned)(text.p[at++] - '0');
        if (at == start || v > 255 || (at - start > 1 && text.p[start] == '0'))
            return false;
        out[i] = (uint8_t)v;
    }
    return at == text.n;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Groups from `*at` to the text's end or a "::"; an IPv4 tail counts as two. False on bad form. */
static bool parse_groups(hf_bytes text, size_t *at, uint8_t *out, size_t room, size_t *written)
{
    for (;;) {
        hf_bytes rest = {text.p + *at, text.n - *at};
        if (memchr(rest.p, '.', rest.n) != NULL && memchr(rest.p, ':', rest.n) == NULL) {
            if (room - *written < 4 || !parse_ipv4(rest, out + *written))
                return false;
            *written += 4;
            *at = text.n;
            return true;
        }
        size_t digits = 0;
        unsigned v = 0;
        while (digits < rest.n && digits < 5 && hex_digit(rest.p[digits]) >= 0)
            v = v << 4 | (unsigned)hex_digit(rest.p[digits++]);
        if (digits == 0 || digits > 4 || room - *written < 2)
            return false;
        out[(*written)++] = (uint8_t)(v >> 8);
        out[(*written)++] = (uint8_t)v;
        *at += digits;
        if (*at == text.n)
            return true;
        if (text.p[(*at)++] != ':')
            return false;
        if (*at < text.n && text.p[*at] == ':')
            return true;
        if (*at == text.n)
            return false;
    }
}

/* RFC 4291 section 2.2. */
static bool parse_ipv6(hf_bytes text, uint8_t out[16])
{
    uint8_t tail[16];
    size_t at = 0, head_n = 0, tail_n = 0;
    if (text.n < 2 || memchr(text.p, ':', text.n) == NULL)
        return false;
    if (text.p[0] == ':') {
        if (text.p[1] != ':')
            return false;
        at = 1;
    } else if (!parse_groups(text, &at, out, 16, &head_n)) {
        return false;
    }
    if (at == text.n)
        return head_n == 16;
    at++; /* the second colon of "::" */
    if (at < text.n) {
        if (text.p[at] == ':' || !parse_groups(text, &at, tail, 16, &tail_n) || at != text.n)
            return false;
    }
    if (head_n + tail_n > 14)
        return false;
    memset(out + head_n, 0, 16 - head_n - tail_n);
    hf_copy(out + 16 - tail_n, tail, tail_n);
    return true;
}

size_t hf_ip_parse(hf_bytes text, uint8_t out[16])
{
    if (text.n == 0 || text.n > 45)
        return 0;
    if (parse_ipv4(text, out))
        return 4;
    return parse_ipv6(text, out) ? 16 : 0;
}

/* ---- DNS names ---- */

static bool label_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool hf_dns_valid(hf_bytes name, bool wildcard)
{
    size_t at = 0;
    bool number = false;
    if (name.n == 0 || name.n > 253)
        return false;
    if (wildcard && name.n > 2 && name.p[0] == '*' && name.p[1] == '.')
        at = 2;
    for (size_t start = at; start <= name.n; start = at + 1) {
        number = true;
        for (at = start; at < name.n && name.p[at] != '.'; at++) {
            if (!label_char(name.p[at]))
                return false;
            number &= name.p[at] >= '0' && name.p[at] <= '9';
        }
        if (at == start || at - start > 63 || name.p[start] == '-' || name.p[at - 1] == '-')
            return false;
    }
    return !number; /* else it is an IPv4 address, or was meant as one */
}

bool hf_dns_within(hf_bytes name, hf_bytes base)
{
    if (base.n == 0)
        return true;
    if (name.n < base.n)
        return false;
    hf_bytes end = {name.p + (name.n - base.n), base.n};
    return hf_ascii_equal(end, base) && (name.n == base.n || end.p[-1] == '.');
}

/* RFC 9525 section 6.3: a wildcard is the whole leftmost label and stands for exactly one; here at
 * least two labels must follow it, and no public suffix, so that "*.com" and "*.co.uk" cover
 * nothing (section 7.1). */
bool hf_dns_matches(hf_bytes presented, hf_bytes host)
{
    if (!hf_dns_valid(presented, true) || !hf_dns_valid(host, false))
        return false;
    if (presented.p[0] != '*')
        return hf_ascii_equal(presented, host);
    hf_bytes suffix = {presented.p + 1, presented.n - 1}; /* ".example.com" */
    const uint8_t *dot = memchr(host.p, '.', host.n);
    if (dot == NULL || memchr(suffix.p + 1, '.', suffix.n - 1) == NULL)
        return false;
    hf_bytes rest = {dot, host.n - (size_t)(dot - host.p)};
    return hf_ascii_equal(rest, suffix) &&
           !hf_public_suffix((hf_bytes){suffix.p + 1, suffix.n - 1});
}

/* A mailbox's two parts; false when it has none, or more than one '@' (a quoted local part). */
static bool split_mailbox(hf_bytes mailbox, hf_bytes *local, hf_bytes *host)
{
    const uint8_t *at = mailbox.n == 0 ? NULL : memchr(mailbox.p, '@', mailbox.n);
    if (at == NULL || at == mailbox.p)
        return false;
    *local = (hf_bytes){mailbox.p, (size_t)(at - mailbox.p)};
    *host = (hf_bytes){at + 1, mailbox.n - local->n - 1};
    return hf_dns_valid(*host, false);
}

bool hf_cert_matches_email(const hf_cert *cert, const char *mailbox)
{
    hf_bytes value, local, host, wanted_local, wanted_host;
    hf_san_iter it;
    hf_san_type type;
    if (!split_mailbox(hf_bytes_text(mailbox), &wanted_local, &wanted_host))
        return false;
    hf_san_start(cert, &it);
    while (hf_san_next(&it, &type, &value))
        if (type == HF_SAN_EMAIL && split_mailbox(value, &local, &host) &&
            hf_bytes_equal(local, wanted_local) && hf_ascii_equal(host, wanted_host))
            return true;
    return false;
}

bool hf_cert_matches_host(const hf_cert *cert, const char *host)
{
    uint8_t ip[16];
    hf_bytes name = hf_bytes_text(host), value;
    hf_bytes address = {ip, hf_ip_parse(name, ip)};
    hf_san_iter it;
    hf_san_type type;
    if (address.n == 0 && name.n > 1 && name.p[name.n - 1] == '.')
        name.n--; /* "example.com." is absolute and the same name */
    hf_san_start(cert, &it);
    while (hf_san_next(&it, &type, &value)) {
        if (address.n != 0 && type == HF_SAN_IP && hf_bytes_equal(value, address))
            return true;
        if (address.n == 0 && type == HF_SAN_DNS && hf_dns_matches(value, name))
            return true;
    }
    return false;
}
