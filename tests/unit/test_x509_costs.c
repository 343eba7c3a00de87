/* test_x509_costs.c: chains that are built to cost much. Each ends by a limit that counts steps, or
 * costs no more than its size. Where cost is not counted in steps, processor times are compared
 * with each other, never with a clock. */
#include "unit/x509_made.h"

#include "crypto/spki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

enum { MOST_CHAIN = 400 };

static const char *const host_names[] = {"www.example.com", NULL};

/* ---- asking, and counting ---- */

typedef struct cost {
    unsigned signatures, checks, paths;
} cost;

static void count(void *ctx, const hf_check *k)
{
    cost *c = ctx;
    c->checks++;
    c->signatures += strcmp(k->name, "signature") == 0;
    c->paths = k->path + 1;
}

typedef struct question {
    hf_cert chain[MOST_CHAIN];
    size_t n;
    hf_store *store;
    hf_signature_cache *cache;
    hf_verify_limits limits;
    hf_profile profile;
    cost cost;
    hf_error e;
} question;

static question *ask_about(const order *root)
{
    question *q = calloc(1, sizeof(*q));
    assert_non_null(q);
    assert_int_equal(hf_store_new(&q->store), HF_OK);
    if (root != NULL)
        assert_int_equal(hf_store_add(q->store, made(root), NULL, NULL), HF_OK);
    return q;
}

static void with(question *q, const order *o)
{
    assert_true(q->n < MOST_CHAIN);
    q->chain[q->n++] = made_cert(o);
}

static hf_status verdict(question *q)
{
    hf_verify_params p = {.store = q->store,
                          .host = "www.example.com",
                          .purpose = HF_PURPOSE_SERVER,
                          .at_s = NOW,
                          .limits = q->limits,
                          .profile = q->profile,
                          .signatures = q->cache};
    hf_verify_report r = {.check = count, .ctx = &q->cost};
    q->cost = (cost){0, 0, 0};
    return hf_verify_chain(q->chain, q->n, &p, &r, NULL, NULL, &q->e);
}

static void end(question *q)
{
    hf_signature_cache_free(q->cache);
    hf_store_free(q->store);
    free(q);
}

/* ---- deep and wide graphs ---- */

static char level_names[16][16];

/* `levels` authorities one above the other, each in `wide` certificates of one key: wide^levels
 * paths, all with good signatures. */
static void add_mesh(question *q, unsigned levels, unsigned wide)
{
    for (unsigned i = 0; i <= levels; i++)
        snprintf(level_names[i], sizeof(level_names[i]), "CN=Level %u", i);
    order leaf = {
        .subject = "CN=Leaf", .issuer = level_names[0], .key = 7, .signer = 0, .names = host_names};
    with(q, &leaf);
    for (unsigned i = 0; i < levels; i++)
        for (unsigned k = 0; k < wide; k++) {
            order o = {.subject = level_names[i],
                       .issuer = level_names[i + 1],
                       .key = i % 7,
                       .signer = (i + 1) % 7,
                       .ca = true};
            with(q, &o);
        }
}

static void a_mesh_of_authorities_ends_by_the_count_of_signatures(void **state)
{
    (void)state;
    question *q = ask_about(NULL);
    add_mesh(q, 8, 4); /* 65,536 paths */
    assert_int_equal(verdict(q), HF_E_PATH_BUDGET);
    assert_int_equal(q->cost.signatures, 100);
    assert_string_equal(q->e.field, "signature checks");
    q->limits.signature_checks = 7;
    assert_int_equal(verdict(q), HF_E_PATH_BUDGET);
    assert_int_equal(q->cost.signatures, 7);
    end(q);
}

/* Remembered signatures cost no check of theirs, so the steps must end it. */
static void a_mesh_of_remembered_signatures_ends_by_the_count_of_steps(void **state)
{
    (void)state;
    order root = {.subject = "CN=Level 8", .ca = true, .key = 8 % 7, .signer = 8 % 7};
    question *q = ask_about(&root);
    add_mesh(q, 8, 4);
    assert_int_equal(hf_signature_cache_new(4096, &q->cache, NULL), HF_OK);
    for (size_t i = 1; i < q->n; i++) { /* each certificate of a level is the first one once */
        hf_cert first = q->chain[1];
        assert_int_equal(verdict(q), HF_OK);
        memmove(&q->chain[1], &q->chain[2], (q->n - 2) * sizeof(q->chain[0]));
        q->chain[q->n - 1] = first;
    }
    assert_true(hf_signature_cache_count(q->cache) == q->n);
    hf_store_free(q->store);
    assert_int_equal(hf_store_new(&q->store), HF_OK); /* and now nobody trusts them */
    assert_int_equal(verdict(q), HF_E_PATH_BUDGET);
    assert_string_equal(q->e.field, "path steps");
    assert_true(q->cost.signatures <= 1000 && q->cost.checks <= 1000 * 16);
    end(q);
}

/* One name, hundreds of keys that did not sign: each is tried, up to the limit. */
static void many_issuers_of_one_name_end_by_the_count_of_signatures(void **state)
{
    (void)state;
    order root = {.subject = "CN=Root", .ca = true, .key = 5, .signer = 5};
    order leaf = {
        .subject = "CN=Leaf", .issuer = "CN=Many", .key = 7, .signer = 6, .names = host_names};
    question *q = ask_about(&root);
    with(q, &leaf);
    for (unsigned i = 0; i < 300; i++) {
        order o = {
            .subject = "CN=Many", .issuer = "CN=Root", .key = i % 5, .signer = 5, .ca = true};
        with(q, &o);
    }
    assert_int_equal(verdict(q), HF_E_PATH_BUDGET);
    assert_int_equal(q->cost.signatures, 100);
    end(q);
}

/* All certificates name each other: nothing is visited twice on a path. */
static void circles_end(void **state)
{
    (void)state;
    order leaf = {
        .subject = "CN=Leaf", .issuer = "CN=A", .key = 7, .signer = 0, .names = host_names};
    question *q = ask_about(NULL);
    with(q, &leaf);
    static const char *const names[] = {"CN=A", "CN=B", "CN=C", "CN=D"};
    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < 4; k++) {
            order o = {.subject = names[i], .issuer = names[k], .key = i, .signer = k, .ca = true};
            with(q, &o);
        }
    assert_int_equal(verdict(q), HF_E_CERT_UNTRUSTED);
    assert_true(q->cost.signatures <= 100);
    end(q);
}

/* ---- large extensions ---- */

/* An Extension with `bit`'s OID around `content`. */
static void extension(hf_buf *out, uint32_t bit, bool critical, const hf_buf *content)
{
    hf_writer w;
    hf_writer_init_buf(&w, out);
    hf_issue_extension(&w, bit, critical, hf_buf_bytes(content));
    assert_int_equal(hf_writer_status(&w), HF_OK);
}

/* `n` GeneralNames "<i>.<suffix>" in a list; in GeneralSubtrees where `subtrees`. */
static void write_names(hf_writer *w, unsigned n, const char *suffix, bool subtrees)
{
    for (unsigned i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof(name), "%u.%s", i, suffix);
        size_t subtree = subtrees ? hf_der_open(w, HF_DER_SEQUENCE) : 0;
        hf_der_write(w, HF_DER_CONTEXT(2), hf_bytes_text(name));
        if (subtrees)
            hf_der_close(w, subtree);
    }
}

static void many_names(hf_buf *out, unsigned n, bool with_host)
{
    hf_buf content = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &content);
    size_t list = hf_der_open(&w, HF_DER_SEQUENCE);
    write_names(&w, n, "example.net", false);
    if (with_host)
        hf_der_write(&w, HF_DER_CONTEXT(2), hf_bytes_text("www.example.com"));
    hf_der_close(&w, list);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    extension(out, HF_EXT_subjectAltName, false, &content);
    hf_buf_free(&content);
}

static void many_constraints(hf_buf *out, unsigned n)
{
    hf_buf content = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &content);
    size_t whole = hf_der_open(&w, HF_DER_SEQUENCE);
    size_t list = hf_der_open(&w, HF_DER_CONTEXT_CONSTRUCTED(1));
    write_names(&w, n, "example.org", true);
    hf_der_close(&w, list);
    hf_der_close(&w, whole);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    extension(out, HF_EXT_nameConstraints, true, &content);
    hf_buf_free(&content);
}

static hf_status names_and_constraints(unsigned names, unsigned constraints, hf_error *e)
{
    hf_buf san = {0}, nc = {0};
    order root = {.subject = "CN=Root", .ca = true};
    order middle = {.subject = "CN=Middle", .issuer = "CN=Root", .key = 1, .ca = true};
    order leaf = {.subject = "CN=Leaf", .issuer = "CN=Middle", .key = 2, .signer = 1};
    many_names(&san, names, true);
    many_constraints(&nc, constraints);
    middle.extra = hf_buf_bytes(&nc);
    leaf.extra = hf_buf_bytes(&san);
    question *q = ask_about(&root);
    with(q, &leaf);
    with(q, &middle);
    hf_status s = verdict(q);
    if (s == HF_OK) { /* what it took is what is counted: one fewer would not do */
        q->limits.name_comparisons = (names + 1) * constraints - 1;
        assert_int_equal(verdict(q), HF_E_PATH_BUDGET);
        assert_string_equal(q->e.field, "names compared with constraints");
    }
    *e = q->e;
    end(q);
    hf_buf_free(&san);
    hf_buf_free(&nc);
    return s;
}

static void ten_thousand_name_constraints_end_by_their_count(void **state)
{
    hf_error e;
    (void)state;
    assert_int_equal(names_and_constraints(10, 10000, &e), HF_OK);
    assert_int_equal(names_and_constraints(1000, 10000, &e), HF_E_PATH_BUDGET);
    assert_string_equal(e.field, "names compared with constraints");
}

/* ---- what one comparison costs ----
 *
 * The limit counts comparisons, so each must cost the same however long a name is that it compares:
 * what a comparison needs of a name is worked out once, and what a constraint says was read when
 * the certificate was. */

/* Processor time of a verification whose leaf has `names` URIs with user parts of `user` bytes,
 * under an authority that excludes `constraints` hosts of `host` bytes. */
static double seconds_for_uris(unsigned names, size_t user, unsigned constraints, size_t host)
{
    hf_buf san = {0}, nc = {0}, content = {0};
    hf_writer w;
    static char text[40000];
    order root = {.subject = "CN=Root", .ca = true};
    order middle = {.subject = "CN=Middle", .issuer = "CN=Root", .key = 1, .ca = true};
    order leaf = {.subject = "CN=Leaf", .issuer = "CN=Middle", .key = 2, .signer = 1};
    hf_writer_init_buf(&w, &content);
    size_t list = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write(&w, HF_DER_CONTEXT(2), hf_bytes_text("www.example.com"));
    for (unsigned i = 0; i < names; i++) {
        memset(text, 'u', sizeof(text));
        memcpy(text, "a://", 4);
        memcpy(text + 4 + user, "@h.test", 8);
        hf_der_write(&w, HF_DER_CONTEXT(6), hf_bytes_text(text));
    }
    hf_der_close(&w, list);
    extension(&san, HF_EXT_subjectAltName, false, &content);
    hf_buf_free(&content);
    hf_writer_init_buf(&w, &content);
    size_t whole = hf_der_open(&w, HF_DER_SEQUENCE);
    list = hf_der_open(&w, HF_DER_CONTEXT_CONSTRUCTED(1));
    memset(text, 'x', sizeof(text));
    for (size_t at = 60; at + 1 < host; at += 60)
        text[at] = '.';
    for (unsigned i = 0; i < constraints; i++) {
        size_t subtree = hf_der_open(&w, HF_DER_SEQUENCE);
        hf_der_write(&w, HF_DER_CONTEXT(6), hf_bytes_of(text, host));
        hf_der_close(&w, subtree);
    }
    hf_der_close(&w, list);
    hf_der_close(&w, whole);
    extension(&nc, HF_EXT_nameConstraints, true, &content);
    middle.extra = hf_buf_bytes(&nc);
    leaf.extra = hf_buf_bytes(&san);
    question *q = ask_about(&root);
    with(q, &leaf);
    with(q, &middle);
    assert_int_equal(verdict(q), HF_OK);
    clock_t best = 0;
    for (int i = 0; i < 3; i++) {
        clock_t from = clock();
        assert_int_equal(verdict(q), HF_OK);
        clock_t took = clock() - from;
        best = i == 0 || took < best ? took : best;
    }
    end(q);
    hf_buf_free(&content);
    hf_buf_free(&san);
    hf_buf_free(&nc);
    return (double)best / CLOCKS_PER_SEC;
}

static void a_comparison_costs_the_same_for_a_long_name(void **state)
{
    (void)state;
    double plain = seconds_for_uris(8, 10, 4000, 5);
    double long_name = seconds_for_uris(8, 4000, 4000, 5);
    if (long_name > 8 * plain + 0.01)
        fail_msg("%.4f s with long names, %.4f s with short ones", long_name, plain);
    plain = seconds_for_uris(2000, 1, 8, 5);
    double long_constraint = seconds_for_uris(2000, 1, 8, 250);
    if (long_constraint > 8 * plain + 0.01)
        fail_msg("%.4f s with long constraints, %.4f s with short ones", long_constraint, plain);
}

static void thousands_of_names_are_looked_through_once(void **state)
{
    hf_buf san = {0};
    order root = {.subject = "CN=Root", .ca = true};
    order leaf = {.subject = "CN=Leaf", .issuer = "CN=Root", .key = 2};
    char text[100];
    (void)state;
    for (int with_host = 0; with_host <= 1; with_host++) {
        many_names(&san, 20000, with_host);
        leaf.extra = hf_buf_bytes(&san);
        question *q = ask_about(&root);
        with(q, &leaf);
        assert_int_equal(verdict(q), with_host ? HF_OK : HF_E_CERT_WRONG_NAME);
        assert_true(hf_cert_names_text(&q->chain[0], text, sizeof(text)) < sizeof(text));
        end(q);
        hf_buf_free(&san);
    }
}

static void extensions_past_the_limit_are_malformed(void **state)
{
    (void)state;
    static const unsigned counts[] = {60, 65, 5000};
    for (size_t k = 0; k < 3; k++) {
        hf_buf all = {0};
        hf_writer w;
        hf_cert cert;
        hf_error e;
        hf_writer_init_buf(&w, &all);
        for (unsigned i = 0; i < counts[k]; i++) { /* 1.2.(i + 1).1: all different */
            uint8_t oid[5] = {0x2a};
            size_t n = 1;
            if (i + 1 >= 128)
                oid[n++] = (uint8_t)(0x80 | (i + 1) >> 7);
            oid[n++] = (uint8_t)((i + 1) & 0x7f);
            oid[n++] = 1;
            size_t ext = hf_der_open(&w, HF_DER_SEQUENCE);
            hf_der_write(&w, HF_DER_OID, hf_bytes_of(oid, n));
            hf_der_write(&w, HF_DER_OCTET_STRING, hf_bytes_text("x"));
            hf_der_close(&w, ext);
        }
        order leaf = {.subject = "CN=Leaf", .extra = hf_buf_bytes(&all)};
        hf_status s = hf_cert_parse(made(&leaf), &cert, &e);
        assert_int_equal(s, counts[k] > 64 ? HF_E_CERT_MALFORMED : HF_OK);
        if (s != HF_OK)
            assert_string_equal(e.expected, "at most 64 extensions");
        hf_buf_free(&all);
    }
}

/* ---- large numbers ---- */

static void a_serial_number_of_60_kb_is_read_and_judged(void **state)
{
    static uint8_t serial[60000];
    order root = {.subject = "CN=Root", .ca = true};
    order leaf = {.subject = "CN=Leaf", .issuer = "CN=Root", .key = 2, .names = host_names};
    (void)state;
    memset(serial, 0x55, sizeof(serial));
    leaf.serial = (hf_bytes){serial, sizeof(serial)};
    question *q = ask_about(&root);
    with(q, &leaf);
    assert_int_equal(verdict(q), HF_OK); /* by default nothing depends on it */
    q->profile = HF_PROFILE_RFC5280;     /* at most 20 octets: section 4.1.2.2 */
    assert_int_not_equal(verdict(q), HF_OK);
    assert_true(q->cost.signatures <= 1);
    end(q);
}

/* A public key with a modulus and an exponent of so many octets; the leaf is signed by it, or so it
 * says. */
static hf_status giant_rsa(size_t modulus_n, size_t exponent_n, cost *c)
{
    static uint8_t modulus[20000], exponent[20000];
    memset(modulus, 0xa5, sizeof(modulus));
    memset(exponent, 0x93, sizeof(exponent));
    hf_spki key = {
        .type = HF_KEY_RSA, .modulus = {modulus, modulus_n}, .exponent = {exponent, exponent_n}};
    hf_buf spki = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &spki);
    hf_spki_write(&w, &key);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    order root = {.subject = "CN=Root", .ca = true};
    order middle = {.subject = "CN=Middle",
                    .issuer = "CN=Root",
                    .key = 1,
                    .ca = true,
                    .spki = hf_buf_bytes(&spki)};
    order leaf = {
        .subject = "CN=Leaf", .issuer = "CN=Middle", .key = 2, .signer = 1, .names = host_names};
    question *q = ask_about(&root);
    with(q, &leaf);
    with(q, &middle);
    hf_status s = verdict(q);
    *c = q->cost;
    end(q);
    hf_buf_free(&spki);
    return s;
}

static void giant_rsa_keys_are_refused_before_they_are_used(void **state)
{
    cost c;
    (void)state;
    assert_int_equal(giant_rsa(1025, 3, &c), HF_E_CERT_ALGORITHM); /* 8200 bits */
    assert_int_equal(c.signatures, 0);
    assert_int_equal(giant_rsa(16000, 3, &c), HF_E_CERT_ALGORITHM);
    assert_int_equal(c.signatures, 0);
    /* an exponent as long as the modulus makes one verification as dear as a private operation */
    assert_int_equal(giant_rsa(256, 255, &c), HF_E_CERT_BAD_SIGNATURE);
    assert_int_equal(giant_rsa(256, 9, &c), HF_E_CERT_BAD_SIGNATURE);
    assert_int_equal(giant_rsa(256, 16000, &c), HF_E_CERT_BAD_SIGNATURE);
    assert_int_equal(c.signatures, 1); /* looked at once, and not computed */
}

static hf_status sign_anything(void *ctx, const hf_sigscheme *scheme, hf_bytes message,
                               uint8_t *signature, size_t *signature_len)
{
    (void)ctx;
    (void)scheme;
    (void)message;
    memset(signature, 0x17, 1024);
    *signature_len = 1024;
    return HF_OK;
}

/* The dearest signatures that are computed at all: RSA of 8192 bits, and an exponent of 33. Nobody
 * needs a private key to make a client compute them. */
static void the_dearest_keys_end_by_the_count_of_signatures(void **state)
{
    static uint8_t modulus[1024];
    static const uint8_t exponent[5] = {1, 0xff, 0xff, 0xff, 0xff};
    const hf_signer signer = {.sign = sign_anything};
    const unsigned rsa = 20; /* of made_keys */
    (void)state;
    order root = {.subject = "CN=Root", .ca = true};
    question *q = ask_about(&root);
    memset(modulus, 0xa5, sizeof(modulus));
    for (unsigned i = 0; i <= 110; i++) {
        hf_buf spki = {0};
        hf_writer w;
        modulus[1] = (uint8_t)i;
        const hf_spki key = {.type = HF_KEY_RSA,
                             .modulus = {modulus, sizeof(modulus)},
                             .exponent = {exponent, sizeof(exponent)}};
        hf_writer_init_buf(&w, &spki);
        hf_spki_write(&w, &key);
        assert_int_equal(hf_writer_status(&w), HF_OK);
        if (i == 0) { /* the leaf says that it is signed by such a key */
            assert_int_equal(
                hf_key_new_external(hf_buf_bytes(&spki), &signer, &made_keys[rsa], NULL), HF_OK);
            order leaf = {.subject = "CN=Leaf",
                          .issuer = "CN=Many",
                          .key = 7,
                          .signer = rsa,
                          .names = host_names};
            with(q, &leaf);
        }
        order o = {.subject = "CN=Many",
                   .issuer = "CN=Root",
                   .key = 1,
                   .ca = true,
                   .spki = hf_buf_bytes(&spki)};
        with(q, &o);
        hf_buf_free(&spki);
    }
    assert_int_equal(verdict(q), HF_E_PATH_BUDGET);
    assert_int_equal(q->cost.signatures, 100);
    end(q);
}

static void a_giant_exponent_makes_a_key_that_cannot_be_read(void **state)
{
    static uint8_t octets[256];
    hf_pubkey key;
    (void)state;
    memset(octets, 0x93, sizeof(octets));
    for (size_t n = 1; n <= 256; n++) {
        hf_spki parts = {
            .type = HF_KEY_RSA, .modulus = {octets, sizeof(octets)}, .exponent = {octets, n}};
        hf_buf spki = {0};
        hf_writer w;
        hf_writer_init_buf(&w, &spki);
        hf_spki_write(&w, &parts);
        hf_status s = hf_pubkey_read(hf_buf_bytes(&spki), &key);
        assert_true((s == HF_OK) == (n <= 4)); /* 33 bits */
        if (s == HF_OK)
            hf_pubkey_clear(&key);
        hf_buf_free(&spki);
    }
}

/* ---- policies ---- */

/* Level by level, every policy is mapped to every other one: RFC 5280's tree would have 40^7 nodes
 * at the bottom (RFC 9618 section 3). */
static void policies_that_multiply_at_each_level_end(void **state)
{
    enum { POLICIES = 40, LEVELS = 7 };
    hf_buf maps = {0}, list = {0}, extra = {0}, own = {0}, demand = {0};
    hf_writer w;
    (void)state;
    hf_writer_init_buf(&w, &maps);
    size_t mark = hf_der_open(&w, HF_DER_SEQUENCE);
    for (uint8_t i = 1; i <= POLICIES; i++)
        for (uint8_t k = 1; k <= POLICIES; k++) {
            size_t one = hf_der_open(&w, HF_DER_SEQUENCE);
            hf_der_write(&w, HF_DER_OID, hf_bytes_of((uint8_t[]){0x2a, i}, 2));
            hf_der_write(&w, HF_DER_OID, hf_bytes_of((uint8_t[]){0x2a, k}, 2));
            hf_der_close(&w, one);
        }
    hf_der_close(&w, mark);
    hf_writer_init_buf(&w, &list);
    mark = hf_der_open(&w, HF_DER_SEQUENCE);
    for (uint8_t i = 1; i <= POLICIES; i++) {
        size_t one = hf_der_open(&w, HF_DER_SEQUENCE);
        hf_der_write(&w, HF_DER_OID, hf_bytes_of((uint8_t[]){0x2a, i}, 2));
        hf_der_close(&w, one);
    }
    hf_der_close(&w, mark);
    assert_int_equal(hf_buf_append(&demand, (hf_bytes)BYTES("\x30\x03\x80\x01\x00")), HF_OK);
    extension(&own, HF_EXT_certificatePolicies, false, &list);
    extension(&extra, HF_EXT_certificatePolicies, false, &list);
    extension(&extra, HF_EXT_policyMappings, true, &maps);
    extension(&extra, HF_EXT_policyConstraints, true, &demand);
    order root = {.subject = "CN=Level 7", .ca = true, .key = 0, .signer = 0};
    question *q = ask_about(&root);
    for (unsigned i = 0; i <= LEVELS; i++)
        snprintf(level_names[i], sizeof(level_names[i]), "CN=Level %u", i);
    order leaf = {.subject = "CN=Leaf",
                  .issuer = level_names[0],
                  .key = 7,
                  .signer = 0,
                  .names = host_names,
                  .extra = hf_buf_bytes(&own)};
    with(q, &leaf);
    for (unsigned i = 0; i < LEVELS; i++) {
        order o = {.subject = level_names[i],
                   .issuer = level_names[i + 1],
                   .key = i,
                   .signer = (i + 1) % 7,
                   .ca = true,
                   .extra = hf_buf_bytes(&extra)};
        with(q, &o);
    }
    assert_int_equal(verdict(q), HF_OK); /* and found valid, at that */
    assert_int_equal(q->cost.signatures, LEVELS + 1);
    end(q);
    hf_buf_free(&maps);
    hf_buf_free(&list);
    hf_buf_free(&extra);
    hf_buf_free(&own);
    hf_buf_free(&demand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(a_mesh_of_authorities_ends_by_the_count_of_signatures),
        MADE_TEST(a_mesh_of_remembered_signatures_ends_by_the_count_of_steps),
        MADE_TEST(many_issuers_of_one_name_end_by_the_count_of_signatures),
        MADE_TEST(circles_end),
        MADE_TEST(ten_thousand_name_constraints_end_by_their_count),
        MADE_TEST(a_comparison_costs_the_same_for_a_long_name),
        MADE_TEST(thousands_of_names_are_looked_through_once),
        MADE_TEST(extensions_past_the_limit_are_malformed),
        MADE_TEST(a_serial_number_of_60_kb_is_read_and_judged),
        MADE_TEST(giant_rsa_keys_are_refused_before_they_are_used),
        MADE_TEST(the_dearest_keys_end_by_the_count_of_signatures),
        MADE_TEST(a_giant_exponent_makes_a_key_that_cannot_be_read),
        MADE_TEST(policies_that_multiply_at_each_level_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
