/* x509.c: certificates apart from connections, by handfast and by libcrypto.
 *
 * A verification goes from the chain's bytes to the verdict, as for a chain that a peer has just
 * sent: parsing, path building, dates, purposes, names and signatures. The rows "warm" let handfast
 * remember signatures (libcrypto has no such memory, so its figure is the one above). The rows
 * "parsed" leave parsing out, and let libcrypto keep what it has decoded and cached inside its
 * objects before. libcrypto's parsing puts most of the extensions off until they are asked for;
 * handfast's reads and checks them all. */
#include "x509.h"

#include "material.h"
#include "report.h"

#include <handfast/x509.h>

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEAF, MIDDLE, ROOT, PLACES };

static void die(const char *what)
{
    fprintf(stderr, "handfast_bench: %s\n", what);
    exit(1);
}

static void check(hf_status s)
{
    if (s != HF_OK)
        die(hf_error_sentence(s));
}

/* ---- chains, made once ---- */

typedef struct chain {
    hf_bytes der[PLACES];
    hf_key *key[PLACES];
    hf_store *store;
    hf_signature_cache *cache;
    hf_cert parsed[PLACES];
    X509_STORE *their_store;
    X509 *theirs[PLACES];
    unsigned count; /* certificates of a path, the root included */
    bool warm, ready;
} chain;

static X509 *their_parse(hf_bytes der)
{
    const unsigned char *p = der.p;
    return d2i_X509(NULL, &p, (long)der.n);
}

static void issue(chain *c, int place, int by, const char *subject, int64_t now)
{
    static const char *const names[] = {BENCH_HOST, NULL};
    hf_cert_template t = {.subject = subject,
                          .names = place == LEAF ? names : NULL,
                          .not_before_s = now - 86400,
                          .not_after_s = now + 86400 * (int64_t)(30 + place),
                          .ca = place != LEAF,
                          .path_len = -1,
                          .server = place == LEAF};
    check(hf_cert_issue(&t, hf_key_public(c->key[place]), place == by ? NULL : &c->parsed[by],
                        c->key[by], &c->der[place], NULL));
    check(hf_cert_parse(c->der[place], &c->parsed[place], NULL));
    if ((c->theirs[place] = their_parse(c->der[place])) == NULL)
        die("libcrypto cannot read a certificate");
}

static void chain_make(chain *c, hf_key_type type, unsigned count)
{
    int64_t now = time(NULL);
    *c = (chain){.count = count};
    for (int i = 0; i < PLACES; i++)
        check(hf_key_generate(type, 2048, &c->key[i], NULL));
    issue(c, ROOT, ROOT, "CN=bench root", now);
    issue(c, MIDDLE, ROOT, "CN=bench intermediate", now);
    issue(c, LEAF, count == 3 ? MIDDLE : ROOT, "CN=" BENCH_HOST, now);
    check(hf_store_new(&c->store));
    check(hf_store_add(c->store, c->der[ROOT], NULL, NULL));
    check(hf_signature_cache_new(0, &c->cache, NULL));
    c->their_store = X509_STORE_new();
    if (c->their_store == NULL || X509_STORE_add_cert(c->their_store, c->theirs[ROOT]) != 1)
        die("libcrypto cannot make a store");
}

static void chain_free(chain *c)
{
    for (int i = 0; i < PLACES; i++) {
        hf_key_free(c->key[i]);
        hf_der_free(c->der[i]);
        X509_free(c->theirs[i]);
    }
    hf_store_free(c->store);
    hf_signature_cache_free(c->cache);
    X509_STORE_free(c->their_store);
}

/* ---- the work ---- */

static bool our_verify(const chain *c)
{
    hf_cert cert[2];
    hf_verify_params p = {.store = c->store,
                          .host = BENCH_HOST,
                          .purpose = HF_PURPOSE_SERVER,
                          .at_s = time(NULL),
                          .signatures = c->warm ? c->cache : NULL};
    for (unsigned i = 0; !c->ready && i + 1 < c->count; i++)
        if (hf_cert_parse(c->der[i], &cert[i], NULL) != HF_OK)
            return false;
    return hf_verify_chain(c->ready ? c->parsed : cert, c->count - 1, &p, NULL, NULL, NULL, NULL) ==
           HF_OK;
}

static bool their_verify(const chain *c)
{
    X509 *leaf = c->ready ? c->theirs[LEAF] : their_parse(c->der[LEAF]), *middle = NULL;
    STACK_OF(X509) *more = NULL;
    if (c->count == 3) {
        middle = c->ready ? c->theirs[MIDDLE] : their_parse(c->der[MIDDLE]);
        more = sk_X509_new_null();
        sk_X509_push(more, middle);
    }
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok = leaf != NULL && ctx != NULL &&
              X509_STORE_CTX_init(ctx, c->their_store, leaf, more) == 1 &&
              X509_STORE_CTX_set_default(ctx, "ssl_server") == 1 &&
              X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(ctx), BENCH_HOST, 0) == 1 &&
              X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    sk_X509_free(more);
    if (!c->ready) {
        X509_free(leaf);
        X509_free(middle);
    }
    return ok;
}

static bool our_parse(const chain *c)
{
    hf_cert cert;
    return hf_cert_parse(c->der[LEAF], &cert, NULL) == HF_OK;
}

static bool their_parse_and_free(const chain *c)
{
    X509 *x = their_parse(c->der[LEAF]);
    X509_free(x);
    return x != NULL;
}

/* ---- rows ---- */

typedef bool (*work)(const chain *c);

static void run_round(work w, const chain *c, uint64_t length, bench_series *s)
{
    bench_cost cost = {0};
    uint64_t end = bench_now_ns() + length;
    double count = 0;
    do {
        enum { BATCH = 16 };
        bool ok = true;
        bench_interval i = bench_begin();
        for (int k = 0; k < BATCH; k++)
            ok = w(c) && ok;
        bench_end(&i, &cost);
        if (!ok)
            die("a certificate was refused");
        count += BATCH;
    } while (bench_now_ns() < end);
    bench_series_add(s, count * 1e9 / (double)cost.ns);
}

static const struct row {
    const char *name;
    hf_key_type key;
    unsigned count;
    bool warm, ready;
    work ours, theirs;
    const char *against;
} rows[] = {
    {"x509_parse_p256", HF_KEY_P256, 2, false, false, our_parse, their_parse_and_free, NULL},
    {"x509_parse_rsa", HF_KEY_RSA, 2, false, false, our_parse, their_parse_and_free, NULL},
    {"x509_verify2_p256", HF_KEY_P256, 2, false, false, our_verify, their_verify, NULL},
    {"x509_verify2_p256_warm", HF_KEY_P256, 2, true, false, our_verify, NULL, "x509_verify2_p256"},
    {"x509_verify3_p256", HF_KEY_P256, 3, false, false, our_verify, their_verify, NULL},
    {"x509_verify3_p256_warm", HF_KEY_P256, 3, true, false, our_verify, NULL, "x509_verify3_p256"},
    {"x509_verify3_p256_parsed", HF_KEY_P256, 3, false, true, our_verify, their_verify, NULL},
    {"x509_verify2_rsa", HF_KEY_RSA, 2, false, false, our_verify, their_verify, NULL},
    {"x509_verify2_rsa_warm", HF_KEY_RSA, 2, true, false, our_verify, NULL, "x509_verify2_rsa"},
    {"x509_verify3_rsa", HF_KEY_RSA, 3, false, false, our_verify, their_verify, NULL},
    {"x509_verify3_rsa_warm", HF_KEY_RSA, 3, true, false, our_verify, NULL, "x509_verify3_rsa"},
    {"x509_verify3_rsa_parsed", HF_KEY_RSA, 3, false, true, our_verify, their_verify, NULL},
};

static bool wanted(const bench_options *o, const char *name)
{
    return o->only == NULL || strncmp(name, o->only, strlen(o->only)) == 0;
}

static void run_row(const struct row *r, const bench_options *o)
{
    bench_series s[BENCH_MAX_PEERS] = {0};
    chain c;
    chain_make(&c, r->key, r->count);
    c.warm = r->warm;
    c.ready = r->ready;
    for (unsigned k = 0; k < o->rounds; k++) {
        run_round(r->ours, &c, o->round_ns / 4, &s[0]);
        if (r->theirs != NULL)
            run_round(r->theirs, &c, o->round_ns / 4, &s[1]);
    }
    chain_free(&c);
    bench_report_row(r->name, "per_second", s, false, r->against);
}

/* ---- the system's store: what it holds of the heap ---- */

#define SYSTEM_STORE "/etc/ssl/certs/ca-certificates.crt"

static void row_heap(void)
{
    bench_series s[BENCH_MAX_PEERS] = {0};
    hf_store *ours;
    size_t added = 0;
    int64_t before = bench_heap_live();
    if (hf_store_new(&ours) != HF_OK ||
        hf_store_add_file(ours, SYSTEM_STORE, &added, NULL) != HF_OK) {
        printf("%-26s no %s here: left out\n", "x509_store_heap", SYSTEM_STORE);
        return;
    }
    bench_series_add(&s[0], (double)(bench_heap_live() - before));
    hf_store_free(ours);
    before = bench_heap_live();
    X509_STORE *theirs = X509_STORE_new();
    if (theirs == NULL || X509_STORE_load_file(theirs, SYSTEM_STORE) != 1)
        die("libcrypto cannot load the system's certificates");
    bench_series_add(&s[1], (double)(bench_heap_live() - before));
    X509_STORE_free(theirs);
    bench_report_row("x509_store_heap", "bytes", s, true, NULL);
}

/* From the bundle's file to a store that finds issuers, and free again. libcrypto's parsing of a
 * certificate puts most of the extensions off; handfast's judges them all. */
static bool our_load(const chain *c)
{
    hf_store *s = NULL;
    (void)c;
    bool ok = hf_store_new(&s) == HF_OK && hf_store_add_file(s, SYSTEM_STORE, NULL, NULL) == HF_OK;
    hf_store_free(s);
    return ok;
}

static bool their_load(const chain *c)
{
    (void)c;
    X509_STORE *s = X509_STORE_new();
    bool ok = s != NULL && X509_STORE_load_file(s, SYSTEM_STORE) == 1;
    X509_STORE_free(s);
    return ok;
}

static void row_load(const bench_options *o)
{
    bench_series s[BENCH_MAX_PEERS] = {0};
    if (!our_load(NULL)) {
        printf("%-26s no %s here: left out\n", "x509_store_load", SYSTEM_STORE);
        return;
    }
    for (unsigned k = 0; k < o->rounds; k++) {
        run_round(our_load, NULL, o->round_ns / 4, &s[0]);
        run_round(their_load, NULL, o->round_ns / 4, &s[1]);
    }
    bench_report_row("x509_store_load", "per_second", s, false, NULL);
}

void bench_x509_run(const bench_options *o)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (wanted(o, rows[i].name))
            run_row(&rows[i], o);
    if (wanted(o, "x509_store_load"))
        row_load(o);
    if (wanted(o, "x509_store_heap"))
        row_heap();
}
