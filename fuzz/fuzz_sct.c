/* fuzz_sct.c: certificate timestamps of any bytes: as a list in an extension, as one of the
 * handshake, and, where the bytes begin with a certificate, what a log signs of it. Whatever is
 * read lies within the bytes, whatever is put together has the lengths it must have, and nothing
 * that is no log's makes a certificate count. */
#include "unit/x509_made.h"

#include "x509/sct.h"
#include "x509/transparency.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool claim)
{
    if (!claim)
        abort();
}

static bool within(hf_bytes part, const uint8_t *data, size_t size)
{
    return part.n == 0 || (part.p >= data && part.p + part.n <= data + size);
}

static void read_one(hf_bytes bytes, const uint8_t *data, size_t size)
{
    hf_sct sct;
    hf_error e = {0};
    if (hf_sct_parse(bytes, &sct, &e) != HF_OK) {
        claim(e.code == HF_E_SCT_MALFORMED);
        return;
    }
    claim(within(sct.log_id, data, size) && within(sct.signature, data, size));
    if (sct.version != 0)
        return;
    claim(47 + sct.extensions.n + sct.signature.n == bytes.n && sct.signature.n != 0);
    hf_buf message = {0};
    hf_bytes entry = {data, size < 100 ? size : 100};
    claim(hf_sct_write_signed(&message, &sct, entry) == HF_OK);
    claim(message.n == 12 + entry.n + sct.extensions.n);
    hf_buf_free(&message);
}

static void read_list(const uint8_t *data, size_t size)
{
    hf_bytes list, sct;
    size_t n = 0;
    if (hf_sct_list_read((hf_bytes){data, size}, &list, NULL) != HF_OK)
        return;
    for (size_t before = list.n; hf_sct_next(&list, &sct); before = list.n, n++) {
        claim(sct.n != 0 && list.n + 2 + sct.n == before);
        read_one(sct, data, size);
    }
    claim(n != 0 && list.n == 0);
}

static void rebuild(const uint8_t *data, size_t size)
{
    hf_cert c;
    if (hf_cert_parse((hf_bytes){data, size}, &c, NULL) != HF_OK)
        return;
    for (unsigned embedded = 0; embedded < 2; embedded++) {
        hf_buf entry = {0};
        claim(hf_sct_write_entry(&entry, embedded != 0, &c, &c) == HF_OK);
        if (embedded == 0)
            claim(entry.n == 5 + c.der.n);
        else if (c.sct_list.p == NULL)
            claim(entry.n == 37 + c.tbs.n && memcmp(entry.p + 37, c.tbs.p, c.tbs.n) == 0);
        else
            claim(entry.n + c.sct_list.n < 37 + c.tbs.n);
        hf_buf_free(&entry);
    }
}

static hf_status never(void *ctx, hf_bytes spki, const hf_sigscheme *scheme, hf_bytes tbs,
                       hf_bytes signature)
{
    size_t *asked = ctx;
    claim(spki.n != 0 && scheme != NULL && tbs.n != 0 && signature.n != 0);
    ++*asked;
    return HF_E_BAD_SIGNATURE;
}

static void tell(void *ctx, hf_check *k)
{
    (void)ctx;
    claim(k->advisory && k->result != HF_OK);
    claim(memchr(k->value, '\0', sizeof(k->value)) && memchr(k->limit, '\0', sizeof(k->limit)));
}

/* The bytes as each of the ways in which timestamps come. A seed has the id of the one log there
 * is.
 */
static void judge(const uint8_t *data, size_t size)
{
    static hf_ct_logs *logs;
    static hf_cert leaf;
    size_t asked = 0;
    if (logs == NULL) {
        static const uint8_t p256[91] =
            "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03"
            "\x01"
            "\x07\x03\x42\x00\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2"
            "\x77"
            "\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\x4f\xe3\x42\xe2\xfe\x1a"
            "\x7f"
            "\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68"
            "\x37"
            "\xbf\x51\xf5"; /* the curve's own generator: a key that anyone has */
        hf_ct_log log = {.name = "log", .public_key = {p256, sizeof(p256)}};
        claim(hf_ct_logs_new(&logs) == HF_OK && hf_ct_logs_add(logs, &log, NULL) == HF_OK);
        order o = {.subject = "CN=leaf"};
        leaf = made_cert(&o);
    }
    hf_cert c = leaf;
    c.sct_list = (hf_bytes){data, size};
    hf_verify_params p = {.at_s = NOW,
                          .ct_logs = logs,
                          .ct_policy = {.logs = 1},
                          .sct_list = {data, size},
                          .ocsp = {data, size}};
    const hf_transparency_help help = {&asked, never, tell};
    hf_check k = {0};
    claim(hf_transparency_judge(&p, &help, &c, &c, &k) == HF_E_CT_NOT_ENOUGH);
    claim(asked <= 32 && k.value[0] != '\0' && k.limit[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_list(data, size);
    read_one((hf_bytes){data, size}, data, size);
    rebuild(data, size);
    judge(data, size);
    return 0;
}
