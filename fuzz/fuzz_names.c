/* fuzz_names.c: names compared: distinguished names with each other, DNS names and addresses with
 * what a certificate presents, mailboxes. The input is four parts, each after two length bytes. */
#include "base/reader.h"
#include "x509/host.h"
#include "x509/name.h"

#include <handfast/x509.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool claim)
{
    if (!claim)
        abort();
}

static size_t labels(hf_bytes name)
{
    size_t n = 1;
    for (size_t i = 0; i < name.n; i++)
        n += name.p[i] == '.';
    return n;
}

static bool is_name(hf_bytes der)
{
    hf_reader r;
    hf_reader_init(&r, der, NULL);
    hf_name_read(&r, "name");
    return hf_reader_done(&r);
}

/* Equality is one: of itself, both ways, and with equal hashes. */
static void compare(hf_bytes a, hf_bytes b)
{
    char text[256];
    if (!is_name(a))
        return;
    claim(hf_name_equal(a, a) && hf_name_within(a, a));
    hf_name_hash(a);
    claim(hf_name_text(a, text, sizeof(text)) < sizeof(text));
    if (!is_name(b))
        return;
    bool equal = hf_name_equal(a, b);
    claim(equal == hf_name_equal(b, a));
    claim(!equal || hf_name_hash(a) == hf_name_hash(b));
    claim(equal == (hf_name_within(a, b) && hf_name_within(b, a)));
}

/* What matches is a valid host of as many labels, and the same but for a first label of "*". */
static void match(hf_bytes presented, hf_bytes host)
{
    uint8_t ip[16];
    claim(!hf_dns_valid(host, false) || hf_ip_parse(host, ip) == 0);
    hf_public_suffix(host);
    if (hf_dns_within(host, presented))
        claim(host.n >= presented.n);
    if (!hf_dns_matches(presented, host))
        return;
    claim(hf_dns_valid(host, false) && hf_dns_valid(presented, true));
    claim(labels(presented) == labels(host));
    if (presented.p[0] == '*')
        claim(labels(presented) >= 3 && presented.p[1] == '.' &&
              !hf_public_suffix((hf_bytes){presented.p + 2, presented.n - 2}));
    else
        claim(hf_ascii_equal(presented, host));
}

/* A certificate of which only the names are there. */
static void present(hf_bytes names, const char *asked)
{
    hf_cert c = {.subject_alt_name = names};
    hf_san_iter it;
    hf_san_type type;
    hf_bytes value;
    bool any = false;
    hf_san_start(&c, &it);
    while (hf_san_next(&it, &type, &value))
        any |= type == HF_SAN_DNS || type == HF_SAN_IP || type == HF_SAN_EMAIL;
    claim(any || (!hf_cert_matches_host(&c, asked) && !hf_cert_matches_email(&c, asked)));
    hf_cert_matches_host(&c, asked);
    hf_cert_matches_email(&c, asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_reader r;
    hf_bytes part[4];
    char asked[300];
    hf_reader_init(&r, (hf_bytes){data, size}, NULL);
    for (size_t i = 0; i < 4; i++) {
        size_t want = hf_reader_more(&r) ? hf_read_u16(&r, "length") : 0, left = r.n - r.at;
        part[i] = hf_read_bytes(&r, want < left ? want : left, "part");
        if (r.failed)
            part[i] = (hf_bytes){NULL, 0};
    }
    compare(part[0], part[1]);
    compare(part[1], part[0]);
    compare((hf_bytes){data, size}, part[0]);
    match(part[2], part[3]);
    match(part[3], part[2]);
    size_t n = part[3].n < sizeof(asked) ? part[3].n : sizeof(asked) - 1;
    if (n != 0)
        memcpy(asked, part[3].p, n);
    asked[n] = '\0';
    present(part[2], asked);
    present((hf_bytes){data, size}, asked);
    return 0;
}
