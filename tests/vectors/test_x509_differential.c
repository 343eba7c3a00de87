/* test_x509_differential.c: our verdict and libcrypto's on the same chains. Whatever they disagree
 * on must have its row, with the reason, in docs/CERTIFICATES.md; a disagreement without one fails.
 */
#define _POSIX_C_SOURCE 200809L
#include "unit/x509_made.h"

#include "base/alloc.h"
#include "x509/host.h"
#include <fnmatch.h>
#include <jansson.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* libcrypto 3.0 loses 42 bytes of a damaged extension that it has parsed in part: that is not for
 * LeakSanitizer to count among ours. */
#ifdef __SANITIZE_ADDRESS__
#    include <sanitizer/lsan_interface.h>
#    define THEIR_LEAKS(on) ((on) ? __lsan_disable() : __lsan_enable())
#else
#    define THEIR_LEAKS(on) ((void)(on))
#endif

enum { MOST_CERTS = 160, MOST_ROWS = 200 };

/* ---- the table ---- */

/* | `case` | accepted by | refused for | why |; the case may end in an asterisk. */
typedef struct row {
    char id[100], by[20], why_not[100];
    unsigned used;
} row;

static row rows[MOST_ROWS];
static size_t row_count;

/* A cell's text without blanks and backquotes around it. */
static const char *cell(const char *line, char *to, size_t size)
{
    size_t n = 0;
    line += strspn(line, " |`");
    const char *end = strchr(line, '|');
    if (end == NULL)
        return NULL;
    for (const char *p = line; p < end && n + 1 < size; p++)
        if (*p != '`')
            to[n++] = *p;
    while (n > 0 && to[n - 1] == ' ')
        n--;
    to[n] = '\0';
    return end;
}

static int read_table(void **state)
{
    const char *source = getenv("HF_SOURCE");
    char path[512], line[1000];
    bool inside = false;
    (void)state;
    snprintf(path, sizeof(path), "%s/docs/CERTIFICATES.md", source != NULL ? source : "..");
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return -1;
    while (fgets(line, sizeof(line), f) != NULL) {
        inside = strncmp(line, "| Case |", 8) == 0 || (inside && line[0] == '|');
        if (!inside || line[2] != '`' || row_count == MOST_ROWS)
            continue;
        row *r = &rows[row_count];
        const char *at = cell(line, r->id, sizeof(r->id));
        at = at != NULL ? cell(at, r->by, sizeof(r->by)) : NULL;
        row_count += at != NULL && cell(at, r->why_not, sizeof(r->why_not)) != NULL;
    }
    fclose(f);
    return row_count == 0 ? -1 : 0;
}

static bool explained(const char *id, const char *by, const char *why_not)
{
    bool found = false;
    for (size_t i = 0; i < row_count; i++)
        if (fnmatch(rows[i].id, id, 0) == 0 && strcmp(rows[i].by, by) == 0 &&
            fnmatch(rows[i].why_not, why_not, 0) == 0) {
            rows[i].used++;
            found = true;
        }
    return found;
}

static struct tally {
    unsigned both_accept, both_refuse, differ, unexplained;
} tally;

static void tell(const char *group)
{
    printf("%s: both accept %u, both refuse %u, differ %u, of these unexplained %u\n", group,
           tally.both_accept, tally.both_refuse, tally.differ, tally.unexplained);
    unsigned unexplained = tally.unexplained;
    tally = (struct tally){0};
    assert_int_equal(unexplained, 0);
}

/* ---- one question to both ---- */

typedef struct question {
    hf_bytes leaf, more[MOST_CERTS], anchor[MOST_CERTS];
    size_t more_n, anchor_n;
    const char *host;
    hf_purpose purpose;
    int64_t at_s;
    uint8_t *kept[2 * MOST_CERTS + 1];
    size_t kept_n;
} question;

static hf_bytes keep(question *q, hf_bytes der)
{
    uint8_t *p = hf_alloc(der.n + 1);
    assert_true(p != NULL && q->kept_n < sizeof(q->kept) / sizeof(q->kept[0]));
    hf_copy(p, der.p, der.n);
    q->kept[q->kept_n++] = p;
    return (hf_bytes){p, der.n};
}

static void forget(question *q)
{
    for (size_t i = 0; i < q->kept_n; i++)
        hf_free(q->kept[i]);
    memset(q, 0, sizeof(*q));
}

/* Ours: certificates of the peer's that cannot be read are of no help, and no harm. */
static const char *our_refusal(const question *q)
{
    static hf_cert chain[MOST_CERTS];
    hf_store *store;
    hf_error e = {0};
    size_t n = 1;
    hf_status s = hf_cert_parse(q->leaf, &chain[0], &e);
    assert_int_equal(hf_store_new(&store), HF_OK);
    for (size_t i = 0; i < q->anchor_n; i++)
        hf_store_add(store, q->anchor[i], NULL, NULL);
    for (size_t i = 0; i < q->more_n; i++)
        n += hf_cert_parse(q->more[i], &chain[n], NULL) == HF_OK;
    hf_verify_params p = {.store = store, .host = q->host, .purpose = q->purpose, .at_s = q->at_s};
    if (s == HF_OK)
        s = hf_verify_chain(chain, n, &p, NULL, NULL, NULL, &e);
    hf_store_free(store);
    return s == HF_OK ? NULL : hf_error_name(s);
}

static X509 *theirs(hf_bytes der)
{
    const unsigned char *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    if (x != NULL && p != der.p + der.n) {
        X509_free(x);
        return NULL;
    }
    return x;
}

/* What we do by default, asked of libcrypto: any trusted certificate ends a path, keys of 112 bits
 * of strength at least, policies, whole-label wildcards, no common names. */
static void set_up(X509_STORE_CTX *ctx, const question *q)
{
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK);
    X509_VERIFY_PARAM_add0_policy(p, OBJ_nid2obj(NID_any_policy));
    X509_VERIFY_PARAM_set_auth_level(p, 2);
    X509_VERIFY_PARAM_set_depth(p, 8);
    X509_VERIFY_PARAM_set_time(p, (time_t)q->at_s);
    if (q->purpose != HF_PURPOSE_ANY)
        X509_STORE_CTX_set_default(ctx,
                                   q->purpose == HF_PURPOSE_SERVER ? "ssl_server" : "ssl_client");
    X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                           X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (q->host != NULL && X509_VERIFY_PARAM_set1_ip_asc(p, q->host) != 1)
        X509_VERIFY_PARAM_set1_host(p, q->host, 0);
}

static const char *their_refusal(const question *q)
{
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *more = sk_X509_new_null();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509 *leaf = theirs(q->leaf), *x;
    const char *why = "does not parse";
    for (size_t i = 0; i < q->anchor_n; i++)
        if ((x = theirs(q->anchor[i])) != NULL) {
            X509_STORE_add_cert(store, x);
            X509_free(x);
        }
    for (size_t i = 0; i < q->more_n; i++)
        if ((x = theirs(q->more[i])) != NULL)
            sk_X509_push(more, x);
    if (leaf != NULL && X509_STORE_CTX_init(ctx, store, leaf, more) == 1) {
        set_up(ctx, q);
        why = X509_verify_cert(ctx) == 1
                  ? NULL
                  : X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
    }
    X509_STORE_CTX_free(ctx);
    sk_X509_pop_free(more, X509_free);
    X509_STORE_free(store);
    X509_free(leaf);
    return why;
}

static void compare(const char *id, const question *q)
{
    const char *ours = our_refusal(q);
    THEIR_LEAKS(true);
    const char *other = their_refusal(q);
    THEIR_LEAKS(false);
    if ((ours == NULL) == (other == NULL)) {
        tally.both_accept += ours == NULL;
        tally.both_refuse += ours != NULL;
        return;
    }
    tally.differ++;
    const char *by = ours == NULL ? "handfast" : "libcrypto";
    const char *why_not = ours == NULL ? other : ours;
    if (explained(id, by, why_not))
        return;
    tally.unexplained++;
    printf("UNEXPLAINED | `%s` | %s | %s |\n", id, by, why_not);
}

/* ---- x509-limbo ---- */

/* Without the vectors their rows are idle. */
static bool had_vectors;

static json_t *load(const char *name)
{
    const char *folder = getenv("HF_VECTORS");
    char path[512];
    json_error_t error;
    snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : "../shared/vectors", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        printf("skipped: %s is not there (set HF_VECTORS)\n", path);
        skip();
    }
    json_t *root = json_loadf(f, 0, &error);
    fclose(f);
    assert_non_null(root);
    had_vectors = true;
    return root;
}

typedef struct into {
    question *q;
    bool anchors;
} into;

static hf_status take(void *ctx, hf_bytes der)
{
    const into *t = ctx;
    question *q = t->q;
    size_t *n = t->anchors ? &q->anchor_n : &q->more_n;
    if (*n == MOST_CERTS - 1)
        return HF_OK;
    (t->anchors ? q->anchor : q->more)[(*n)++] = keep(q, der);
    return HF_OK;
}

static void take_pems(question *q, const json_t *list, bool anchors)
{
    size_t i;
    json_t *pem;
    into t = {q, anchors};
    json_array_foreach ((json_t *)(uintptr_t)list, i, pem)
        hf_pem_each(hf_bytes_text(json_string_value(pem)), "CERTIFICATE", take, &t, NULL);
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static int64_t time_of(const char *text)
{
    int y = 0;
    unsigned f[5] = {0};
    if (sscanf(text, "%d-%u-%uT%u:%u:%u", &y, &f[0], &f[1], &f[2], &f[3], &f[4]) != 6)
        return NOW;
    return hf_days_from_civil(y, f[0], f[1]) * DAY + (int64_t)f[2] * 3600 + f[3] * 60 + f[4];
}

static void agrees_on_limbo(void **state)
{
    static question q;
    json_t *root = load("limbo/limbo.json"), *c;
    size_t i;
    (void)state;
    json_array_foreach (json_object_get(root, "testcases"), i, c) {
        const json_t *peer = json_object_get(c, "expected_peer_name");
        into t = {&q, false};
        char id[200];
        if (json_array_size(json_object_get(c, "crls")) != 0)
            continue; /* the question is about a revocation list */
        hf_pem_each(hf_bytes_text(string_of(c, "peer_certificate")), "CERTIFICATE", take, &t, NULL);
        q.leaf = q.more[0];
        q.more_n = 0;
        take_pems(&q, json_object_get(c, "untrusted_intermediates"), false);
        take_pems(&q, json_object_get(c, "trusted_certs"), true);
        q.at_s = time_of(string_of(c, "validation_time"));
        q.purpose = strcmp(string_of(c, "validation_kind"), "SERVER") == 0 ? HF_PURPOSE_SERVER
                                                                           : HF_PURPOSE_CLIENT;
        q.host = json_is_object(peer) ? string_of(peer, "value") : NULL;
        snprintf(id, sizeof(id), "limbo/%s", string_of(c, "id"));
        compare(id, &q);
        forget(&q);
    }
    json_decref(root);
    tell("limbo");
}

/* ---- PKITS ---- */

static bool take_file(question *q, const char *name, bool anchor)
{
    static uint8_t bytes[16384];
    const char *folder = getenv("HF_VECTORS");
    char path[512];
    snprintf(path, sizeof(path), "%s/pkits/certs/%s", folder != NULL ? folder : "../shared/vectors",
             name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    into t = {q, anchor};
    return take(&t, (hf_bytes){bytes, n}) == HF_OK;
}

static void agrees_on_pkits(void **state)
{
    static question q;
    json_t *root = load("pkits/vectors.json"), *c;
    size_t i;
    (void)state;
    json_array_foreach (root, i, c) {
        const json_t *path = json_object_get(c, "CertPath");
        char id[200];
        for (size_t k = json_array_size(path); k-- > 0;)
            assert_true(take_file(&q, json_string_value(json_array_get(path, k)), k == 0));
        q.leaf = q.more[0]; /* it stands in the list as well, which must not matter */
        q.at_s = NOW;
        snprintf(id, sizeof(id), "pkits/%s", string_of(c, "Name"));
        compare(id, &q);
        forget(&q);
    }
    json_decref(root);
    tell("pkits");
}

/* ---- the system's roots ---- */

static void agrees_on_the_systems_roots(void **state)
{
    static question q;
    hf_store *store;
    (void)state;
    assert_int_equal(hf_store_new(&store), HF_OK);
    if (hf_store_add_system(store, NULL, NULL) != HF_OK) {
        hf_store_free(store);
        printf("skipped: this system has no trusted certificates\n");
        skip();
    }
    for (size_t i = 0; i < hf_store_count(store); i++) {
        const hf_cert *c = hf_store_cert(store, i);
        char id[300];
        int n = snprintf(id, sizeof(id), "system/");
        hf_name_common(c->subject, id + n, sizeof(id) - (size_t)n);
        q.leaf = c->der;
        q.anchor[0] = c->der;
        q.anchor_n = 1;
        q.at_s = NOW;
        compare(id, &q); /* itself trusted */
        q.anchor_n = 0;
        compare(id, &q); /* nothing trusted */
        q.anchor[q.anchor_n++] = c->der;
        q.at_s = c->not_after_s + 1;
        compare(id, &q); /* expired */
        forget(&q);
    }
    hf_store_free(store);
    tell("the system's roots");
}

/* ---- mutations ---- */

static const char *const names[] = {"www.example.com", "127.0.0.1", NULL};

/* One byte of the signed part changed, and signed again by the right key: what is judged is the
 * content, not the signature. */
static void mutate(question *q, hf_bytes *target, unsigned signer, const char *place, uint8_t bit)
{
    hf_cert cert;
    hf_bytes original = *target;
    assert_int_equal(hf_cert_parse(original, &cert, NULL), HF_OK);
    uint8_t *tbs = hf_alloc(cert.tbs.n);
    assert_non_null(tbs);
    for (size_t i = 0; i < cert.tbs.n; i++) {
        hf_bytes der;
        char id[60];
        snprintf(id, sizeof(id), "%s byte %zu bit %02x", place, i, bit);
        memcpy(tbs, cert.tbs.p, cert.tbs.n);
        tbs[i] ^= bit;
        assert_int_equal(hf_issue_sign((hf_bytes){tbs, cert.tbs.n}, made_key(signer), &der, NULL),
                         HF_OK);
        *target = der;
        compare(id, q);
        hf_der_free(der);
    }
    *target = original;
    hf_free(tbs);
}

/* A point whose y is even: 04 becomes the right hybrid form, 06, by one bit. */
static void make_even_key(unsigned i)
{
    for (;;) {
        hf_bytes spki = hf_key_public(made_key(i));
        if ((spki.p[spki.n - 1] & 1) == 0)
            return;
        hf_key_free(made_keys[i]);
        made_keys[i] = NULL;
    }
}

static void agrees_on_mutations(void **state)
{
    static question q;
    order root = {.subject = "CN=Root,O=Example", .ca = true};
    order middle = {.subject = "CN=Middle,O=Example",
                    .issuer = "CN=Root,O=Example",
                    .key = 1,
                    .ca = true,
                    .path_len = 1};
    order leaf = {.subject = "CN=Leaf",
                  .issuer = "CN=Middle,O=Example",
                  .key = 2,
                  .signer = 1,
                  .names = names,
                  .purposes = "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01",
                  .purposes_n = 10};
    (void)state;
    make_even_key(1);
    make_even_key(2);
    q.anchor[q.anchor_n++] = made(&root);
    q.more[q.more_n++] = made(&middle);
    q.leaf = made(&leaf);
    q.at_s = NOW;
    q.purpose = HF_PURPOSE_SERVER;
    q.host = "www.example.com";
    compare("mutation/none", &q);
    assert_int_equal(tally.both_accept, 1);
    for (unsigned bit = 0; bit < 8; bit++) {
        mutate(&q, &q.leaf, 1, "mutation/leaf", (uint8_t)(1U << bit));
        mutate(&q, &q.more[0], 0, "mutation/intermediate", (uint8_t)(1U << bit));
    }
    made_free();
    tell("mutations");
}

/* Rows of what this machine or this build does not show: roots that are not installed, and names
 * that only libpsl knows to be public. */
static bool may_be_idle(const char *id)
{
    return strncmp(id, "system/", 7) == 0 ||
           (strstr(id, "public-suffix") != NULL && !hf_public_suffixes_known());
}

/* A reason for what does not happen misleads whoever reads the table. */
static void every_row_of_the_table_is_needed(void **state)
{
    unsigned idle = 0;
    (void)state;
    if (!had_vectors)
        skip();
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].used == 0 && !may_be_idle(rows[i].id)) {
            printf("no longer differs: %s, accepted by %s, refused for %s\n", rows[i].id,
                   rows[i].by, rows[i].why_not);
            idle++;
        }
    assert_int_equal(idle, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_on_limbo),
        cmocka_unit_test(agrees_on_pkits),
        cmocka_unit_test(agrees_on_the_systems_roots),
        cmocka_unit_test(agrees_on_mutations),
        cmocka_unit_test(every_row_of_the_table_is_needed),
    };
    return cmocka_run_group_tests(tests, read_table, NULL);
}
