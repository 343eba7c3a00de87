/* fuzz_verify.c: graphs of certificates. Each six bytes of the input order one certificate, rightly
 * signed or not: who issued it to whom, with which keys, and what is odd about it. So what is
 * reached is the search, not the parser (fuzz_x509 has that). Whatever comes: the verdict is the
 * same with a report and without, it costs no more than its limits, and an accepted path is one. */
#include "unit/x509_made.h"

#include <handfast/x509.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 24U
#define HOST "www.example.com"

static void claim(bool claim)
{
    if (!claim)
        abort();
}

/* Not critical, each of the other's making: policies 1.2.3.1 and 1.2.3.2, a mapping, a demand. */
static const char *const extensions[] = {
    "",
    "\x30\x10\x06\x03\x55\x1d\x20\x04\x09\x30\x07\x30\x05\x06\x03\x2a\x03\x01",
    "\x30\x10\x06\x03\x55\x1d\x20\x04\x09\x30\x07\x30\x05\x06\x03\x2a\x03\x02",
    "\x30\x15\x06\x03\x55\x1d\x21\x04\x0e\x30\x0c\x30\x0a\x06\x03\x2a\x03\x01\x06\x03\x2a\x03\x02",
    "\x30\x0c\x06\x03\x55\x1d\x24\x04\x05\x30\x03\x80\x01\x01",
    "\x30\x0f\x06\x03\x55\x1d\x23\x04\x08\x30\x06\x80\x04"
    "aaaa",
    "\x30\x0d\x06\x03\x55\x1d\x0e\x04\x06\x04\x04"
    "aaaa",
    "\x30\x0d\x06\x03\x55\x1d\x0e\x04\x06\x04\x04"
    "bbbb",
};

static bool make(const uint8_t b[6], size_t i, hf_cert *out)
{
    static const char *const names[] = {"CN=a", "CN=b", "CN=c", "CN=d",
                                        "CN=e", "CN=f", "CN=g", "CN=A"};
    static const char *const hosts[][2] = {{HOST, NULL}, {"other.test", NULL}};
    const char *extra = extensions[b[4] & 7];
    order o = {.subject = names[b[0] & 7],
               .issuer = names[b[0] >> 3 & 7],
               .key = b[1] & 7,
               .signer = b[1] >> 3 & 7,
               .ca = i != 0 && (b[2] & 1) == 0,
               .path_len = b[2] >> 1 & 3,
               .usage = (b[2] & 8) != 0 ? -1 : 0,
               .no_basic = (b[2] & 16) != 0,
               .names = i == 0 || (b[3] & 1) != 0 ? hosts[(b[3] & 2) != 0] : NULL,
               .from_s = (b[3] & 4) != 0 ? NOW + 1 : 0,
               .to_s = (b[3] & 8) != 0 ? NOW - 1 : 0,
               .extra = hf_bytes_text(extra)};
    if ((b[3] & 16) != 0) {
        o.purposes = "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"; /* clientAuth */
        o.purposes_n = 10;
    }
    return hf_cert_parse(made(&o), out, NULL) == HF_OK;
}

typedef struct told {
    size_t paths, signatures;
    hf_status last;
} told;

static void on_check(void *ctx, const hf_check *k)
{
    told *t = ctx;
    claim(k->cert != NULL && k->name != NULL && k->section != NULL);
    claim(memchr(k->value, '\0', sizeof(k->value)) && memchr(k->limit, '\0', sizeof(k->limit)));
    t->signatures += strcmp(k->name, "signature") == 0;
}

static void on_path(void *ctx, const hf_verify_path *p)
{
    told *t = ctx;
    claim(p->count >= 1 && p->count <= HF_PATH_MOST);
    for (unsigned i = 0; i + 1 < p->count; i++)
        for (unsigned k = i + 1; k < p->count; k++) /* no loop: no certificate twice */
            claim(!hf_bytes_equal(p->certs[i]->der, p->certs[k]->der));
    claim((p->result == HF_OK) == (p->check == NULL));
    t->paths++;
    t->last = p->result;
}

static void check_path(const hf_verify_params *p, const hf_cert **path, size_t n)
{
    bool anchored = false;
    for (size_t i = 0; i < hf_store_count(p->store); i++)
        anchored |= hf_store_cert(p->store, i) == path[n - 1];
    claim(n == 1 || anchored);
    for (size_t i = 0; i < n; i++) {
        claim(path[i]->not_before_s <= p->at_s && p->at_s <= path[i]->not_after_s);
        claim(i == 0 || path[i]->is_ca);
        claim(i + 1 == n || hf_bytes_equal(path[i]->issuer, path[i + 1]->subject) ||
              (path[i]->issuer.n == path[i + 1]->subject.n)); /* but for the case of a letter */
    }
    claim(p->host == NULL || hf_cert_matches_host(path[0], p->host));
}

static void judge(const hf_cert *chain, size_t count, const hf_verify_params *p)
{
    const hf_cert *path[HF_PATH_MOST];
    size_t n = HF_PATH_MOST;
    told t = {0};
    hf_error e = {0};
    const hf_verify_report report = {.check = on_check, .ctx = &t, .path = on_path};
    hf_status s = hf_verify_chain(chain, count, p, &report, path, &n, &e);
    claim(s == hf_verify_chain(chain, count, p, NULL, NULL, NULL, NULL));
    claim(s == HF_OK || e.code == s);
    claim(t.paths >= 1 && t.signatures <= 40);
    claim((s == HF_OK) == (t.last == HF_OK));
    if (s == HF_OK)
        check_path(p, path, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static hf_cert chain[MOST];
    hf_store *store = NULL;
    size_t count = 0;
    if (size < 8 || hf_store_new(&store) != HF_OK)
        return 0;
    for (size_t i = 0; i < MOST && 2 + 6 * (i + 1) <= size; i++) {
        const uint8_t *b = data + 2 + 6 * i;
        if (!make(b, i, &chain[count]))
            continue;
        if (i != 0 && (b[5] & 3) == 0) /* an anchor, and perhaps the peer's as well */
            hf_store_add(store, chain[count].der, NULL, NULL);
        if (i == 0 || (b[5] & 7) != 0)
            count++;
        else if (count == 0)
            break;
    }
    static const char *const wanted[] = {"1.2.3.1", NULL};
    hf_verify_params p = {.store = store,
                          .host = (data[0] & 1) != 0 ? HOST : NULL,
                          .purpose = (hf_purpose)(data[0] >> 1 & 1),
                          .at_s = NOW,
                          .profile = (hf_profile)((data[0] >> 2 & 3) % 3),
                          .limits = {.signature_checks = 40, .path_steps = 200},
                          .policies = {.initial = (data[1] & 1) != 0 ? wanted : NULL,
                                       .require_explicit = (data[1] & 2) != 0,
                                       .inhibit_mapping = (data[1] & 4) != 0,
                                       .inhibit_any = (data[1] & 8) != 0}};
    if (count != 0)
        judge(chain, count, &p);
    hf_store_free(store);
    for (size_t i = 0; i < made_count; i++) /* the keys are kept */
        hf_der_free(made_der[i]);
    made_count = 0;
    return 0;
}
