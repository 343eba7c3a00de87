/* test_x509_sct.c: certificate timestamps: read, their logs' signatures checked, and counted. Logs,
 * timestamps and certificates are made here; what a log signs is taken from a precertificate that
 * is made beside the certificate, not from the code that is tested. */
#include "unit/x509_run.h"

#include "crypto/hkdf.h"
#include "crypto/lookup.h"
#include "crypto/sha1.h"
#include "x509/sct.h"

#define SCT_LIST_OID "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"
#define LOG_KEY      20U /* of made_key: the first log's */
#define LOGS         6U
#define NOW_MS       ((uint64_t)NOW * 1000)

/* ---- making ---- */

typedef struct stamp {
    unsigned log;    /* whose key signs */
    unsigned claims; /* + 1: whose id stands in it; 0: that of `log` */
    uint64_t timestamp_ms;
    uint8_t version;
    bool x509;          /* over the certificate, not the precertificate */
    uint16_t algorithm; /* 0: 0x0403 */
    hf_bytes extensions;
    bool other_issuer, other_tbs, short_signature;
    int cut, add; /* bytes at the end */
} stamp;

static void log_id(unsigned log, uint8_t id[HF_HASH_MAX_DIGEST])
{
    hf_bytes spki = hf_key_public(made_key(LOG_KEY + log));
    hf_hash_of(hf_hash_find(hf_provider_default(), 4), &spki, 1, id);
}

/* What stands in the log's own submission: RFC 6962 section 3.2, written down once more. */
static hf_bytes signed_data(hf_writer *w, const stamp *s, hf_bytes tbs_or_cert)
{
    uint8_t hash[HF_HASH_MAX_DIGEST];
    hf_bytes spki = hf_key_public(made_key(s->other_issuer ? 5 : 1));
    hf_write_u16(w, 0); /* v1, certificate_timestamp */
    hf_write_u64(w, s->timestamp_ms);
    hf_write_u16(w, s->x509 ? 0 : 1);
    if (!s->x509) {
        hf_hash_of(hf_hash_find(hf_provider_default(), 4), &spki, 1, hash);
        hf_write_bytes(w, hf_bytes_of(hash, 32));
    }
    hf_write_vec24(w, tbs_or_cert);
    hf_write_vec16(w, s->extensions);
    assert_int_equal(hf_writer_status(w), HF_OK);
    return hf_writer_bytes(w);
}

/* One SerializedSCT with its length before it. */
static void write_stamp(hf_writer *w, const stamp *s, hf_bytes tbs_or_cert)
{
    static uint8_t room[8192];
    uint8_t id[HF_HASH_MAX_DIGEST], signature[HF_SIGNATURE_MAX];
    size_t n = sizeof(signature), mark = hf_write_open(w, 2);
    hf_writer m;
    hf_writer_init(&m, room, sizeof(room));
    const hf_sigscheme *scheme = hf_sigscheme_find(hf_provider_default(), 0x0403);
    hf_bytes message = signed_data(&m, s, tbs_or_cert);
    if (s->other_tbs)
        room[100] ^= 1;
    assert_int_equal(hf_key_sign(made_key(LOG_KEY + s->log), scheme, message, signature, &n),
                     HF_OK);
    log_id(s->claims != 0 ? s->claims - 1 : s->log, id);
    hf_write_u8(w, s->version);
    hf_write_bytes(w, hf_bytes_of(id, 32));
    hf_write_u64(w, s->timestamp_ms);
    hf_write_vec16(w, s->extensions);
    hf_write_u16(w, s->algorithm != 0 ? s->algorithm : 0x0403);
    hf_write_vec16(w, hf_bytes_of(signature, s->short_signature ? n - 1 : n));
    w->n -= (size_t)s->cut;
    hf_write_zeros(w, (size_t)s->add);
    hf_write_close(w, mark, 2);
}

/* An Extension of these timestamps. */
static hf_bytes extension_of(uint8_t *room, size_t size, hf_bytes list)
{
    static uint8_t value[8192];
    hf_writer v, w;
    hf_writer_init(&v, value, sizeof(value));
    size_t octets = hf_der_open(&v, HF_DER_OCTET_STRING);
    hf_write_vec16(&v, list);
    hf_der_close(&v, octets);
    assert_int_equal(hf_writer_status(&v), HF_OK);
    hf_writer_init(&w, room, size);
    size_t x = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write(&w, HF_DER_OID, hf_bytes_of(SCT_LIST_OID, sizeof(SCT_LIST_OID) - 1));
    hf_der_write(&w, HF_DER_OCTET_STRING, hf_writer_bytes(&v));
    hf_der_close(&w, x);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    return hf_writer_bytes(&w);
}

static order stamped_order(void)
{
    order o = leaf_order();
    o.serial = hf_bytes_of("\x77\x01", 2);
    return o;
}

/* A run over root <- middle <- leaf, whose certificate has these timestamps. The logs are known:
 * the first two are of one operator, the third of another, and so on. */
static hf_ct_logs *logs_known(void)
{
    static const char *const operators[LOGS] = {"Ash", "Ash", "Birch", "Cedar", "Ash", NULL};
    hf_ct_logs *logs;
    assert_int_equal(hf_ct_logs_new(&logs), HF_OK);
    for (unsigned i = 0; i < LOGS; i++) {
        char name[20];
        snprintf(name, sizeof(name), "log %u", i);
        hf_ct_log log = {.name = name,
                         .operator_name = operators[i],
                         .public_key = hf_key_public(made_key(LOG_KEY + i))};
        assert_int_equal(hf_ct_logs_add(logs, &log, NULL), HF_OK);
    }
    return logs;
}

static run *stamped(const order *leaf, const stamp *stamps, size_t count)
{
    static uint8_t list[8000], extension[8400];
    order root = root_order(), middle = middle_order(), o = *leaf;
    hf_cert pre = made_cert(leaf);
    hf_writer w;
    hf_writer_init(&w, list, sizeof(list));
    for (size_t i = 0; i < count; i++)
        write_stamp(&w, &stamps[i], stamps[i].x509 ? pre.der : pre.tbs);
    o.extra = extension_of(extension, sizeof(extension), hf_writer_bytes(&w));
    run *r = three(&root, &middle, count != 0 ? &o : leaf);
    r->params.ct_logs = logs_known();
    return r;
}

static void done(run *r)
{
    hf_ct_logs_free((hf_ct_logs *)(uintptr_t)r->params.ct_logs);
    end(r);
}

static void change(run *r, unsigned log, hf_ct_log to)
{
    to.public_key = hf_key_public(made_key(LOG_KEY + log));
    to.name = "changed";
    if (to.operator_name == NULL)
        to.operator_name = log < 2 ? "Ash" : "Birch";
    assert_int_equal(hf_ct_logs_add((hf_ct_logs *)(uintptr_t)r->params.ct_logs, &to, NULL), HF_OK);
    assert_int_equal(hf_ct_logs_count(r->params.ct_logs), LOGS);
}

static const stamp two[] = {{.log = 0, .timestamp_ms = NOW_MS - 1000},
                            {.log = 2, .timestamp_ms = NOW_MS - 2000}};

/* ---- counting ---- */

static void two_logs_of_two_operators_are_enough(void **state)
{
    (void)state;
    order o = stamped_order();
    run *r = stamped(&o, two, 2);
    expect(r, HF_OK, NULL);
    assert_non_null(strstr(r->seen.names, "0SCT 0SCT 0certificateTransparency "));
    done(r);
}

static void too_few_are_refused(void **state)
{
    static const stamp cases[][3] = {
        {{.log = 0, .timestamp_ms = NOW_MS}},
        {{.log = 0, .timestamp_ms = NOW_MS}, {.log = 0, .timestamp_ms = NOW_MS - 1}},
        {{.log = 0, .timestamp_ms = NOW_MS}, {.log = 1, .timestamp_ms = NOW_MS}}, /* one operator */
        {{.log = 0, .timestamp_ms = NOW_MS},
         {.log = 2, .timestamp_ms = NOW_MS},
         {.log = 2, .timestamp_ms = NOW_MS - 1}}, /* two logs: three are wanted below */
    };
    (void)state;
    order o = stamped_order();
    for (size_t i = 0; i < COUNT(cases); i++) {
        run *r = stamped(&o, cases[i], i == 0 ? 1 : i == 3 ? 3 : 2);
        if (i == 3)
            r->params.ct_policy = (hf_ct_policy){.logs = 3, .operators = 2};
        expect(r, HF_E_CT_NOT_ENOUGH, "certificateTransparency");
        r->params.ct_policy.optional = true;
        expect(r, HF_OK, NULL);
        done(r);
    }
    run *r = stamped(&o, NULL, 0);
    expect(r, HF_E_CT_NOT_ENOUGH, NULL);
    assert_non_null(strstr(r->e.got, "no timestamp"));
    done(r);
}

static void a_long_life_needs_three(void **state)
{
    static const stamp three_logs[] = {{.log = 0, .timestamp_ms = NOW_MS},
                                       {.log = 1, .timestamp_ms = NOW_MS},
                                       {.log = 2, .timestamp_ms = NOW_MS}};
    (void)state;
    for (int64_t days = 180; days <= 181; days++) {
        order o = stamped_order();
        o.from_s = NOW - DAY;
        o.to_s = NOW - DAY + days * DAY;
        run *r = stamped(&o, three_logs + 1, 2);
        expect(r, days == 180 ? HF_OK : HF_E_CT_NOT_ENOUGH, NULL);
        done(r);
        r = stamped(&o, three_logs, 3);
        expect(r, HF_OK, NULL);
        done(r);
    }
}

static void the_callers_own_number_is_what_counts(void **state)
{
    static const struct {
        hf_ct_policy policy;
        hf_status expected;
    } cases[] = {
        {{.logs = 1}, HF_OK},
        {{.logs = 2}, HF_OK},
        {{.logs = 3}, HF_E_CT_NOT_ENOUGH},
        {{.logs = 1, .operators = 2}, HF_OK},
        {{.logs = 2, .operators = 3}, HF_E_CT_NOT_ENOUGH},
        {{.operators = 1}, HF_OK},
        {{.operators = 3}, HF_E_CT_NOT_ENOUGH},
    };
    (void)state;
    order o = stamped_order();
    run *r = stamped(&o, two, 2);
    for (size_t i = 0; i < COUNT(cases); i++) {
        r->params.ct_policy = cases[i].policy;
        expect(r, cases[i].expected, NULL);
    }
    done(r);
    r = stamped(&o, two, 1);
    r->params.ct_policy = (hf_ct_policy){.logs = 1};
    expect(r, HF_OK, NULL);
    done(r);
}

static void logs_without_an_operator_are_one_each(void **state)
{
    static const stamp stamps[] = {{.log = 4, .timestamp_ms = NOW_MS},
                                   {.log = 5, .timestamp_ms = NOW_MS}};
    (void)state;
    order o = stamped_order();
    run *r = stamped(&o, stamps, 2);
    expect(r, HF_OK, NULL);
    done(r);
}

/* Log 1 was another operator's than log 0 when it made the timestamp, or is by now. */
static void who_ran_the_log_then_is_what_counts(void **state)
{
    static const stamp stamps[] = {{.log = 0, .timestamp_ms = NOW_MS},
                                   {.log = 1, .timestamp_ms = NOW_MS - 5000}};
    static const struct {
        const char *now;
        hf_ct_operator earlier[2];
        size_t count;
        hf_status expected;
    } cases[] = {
        {"Ash", {{"Elder", NOW}}, 1, HF_OK},
        {"Ash", {{"Elder", NOW - 4}}, 1, HF_OK},
        {"Ash", {{"Elder", NOW - 5}}, 1, HF_E_CT_NOT_ENOUGH}, /* not its own any more */
        {"Elder", {{"Ash", NOW}}, 1, HF_E_CT_NOT_ENOUGH},
        {"Elder", {{"Ash", NOW - 9}}, 1, HF_OK},
        {"Elder", {{"Elder", NOW - 9}, {"Ash", NOW}}, 2, HF_E_CT_NOT_ENOUGH},
        {"Ash", {{"Ash", NOW - 9}, {"Elder", NOW}}, 2, HF_OK},
    };
    (void)state;
    order o = stamped_order();
    for (size_t i = 0; i < COUNT(cases); i++) {
        run *r = stamped(&o, stamps, 2);
        change(r, 1,
               (hf_ct_log){.operator_name = cases[i].now,
                           .earlier = cases[i].earlier,
                           .earlier_count = cases[i].count});
        expect(r, cases[i].expected, NULL);
        done(r);
    }
}

/* ---- what does not count ---- */

static void what_is_wrong_with_one_is_noticed(void **state)
{
    static const struct {
        stamp bad;
        const char *why;
    } cases[] = {
        {{.log = 2, .timestamp_ms = NOW_MS + 1000}, "from the future"},
        {{.log = 2, .timestamp_ms = UINT64_MAX}, "from the future"},
        {{.log = 2, .timestamp_ms = NOW_MS, .version = 1}, "unknown version"},
        {{.log = 2, .timestamp_ms = NOW_MS, .claims = 4}, "its signature"},
        {{.log = 7, .timestamp_ms = NOW_MS}, "not among those given"},
        {{.log = 2, .timestamp_ms = NOW_MS, .x509 = true}, "its signature"},
        {{.log = 2, .timestamp_ms = NOW_MS, .other_issuer = true}, "its signature"},
        {{.log = 2, .timestamp_ms = NOW_MS, .other_tbs = true}, "its signature"},
        {{.log = 2, .timestamp_ms = NOW_MS, .algorithm = 0x0401}, "its signature"},
        {{.log = 2, .timestamp_ms = NOW_MS, .algorithm = 0x0503}, "its signature"},
        {{.log = 2, .timestamp_ms = NOW_MS, .algorithm = 0x0203}, "its signature"},
        {{.log = 2, .timestamp_ms = NOW_MS, .short_signature = true}, "its signature"},
        {{.log = 2, .timestamp_ms = NOW_MS, .cut = 1}, "not well-formed"},
        {{.log = 2, .timestamp_ms = NOW_MS, .cut = 60}, "not well-formed"},
        {{.log = 2, .timestamp_ms = NOW_MS, .add = 1}, "not well-formed"},
    };
    (void)state;
    order o = stamped_order();
    for (size_t i = 0; i < COUNT(cases); i++) {
        stamp stamps[2] = {two[0], cases[i].bad};
        run *r = stamped(&o, stamps, 2);
        expect(r, HF_E_CT_NOT_ENOUGH, NULL);
        if (strstr(r->e.got, cases[i].why) == NULL || strstr(r->e.got, "1 of 2") == NULL)
            fail_msg("case %zu: %s", i, r->e.got);
        r->params.ct_policy.logs = 1; /* and does no harm beside a good one */
        expect(r, HF_OK, NULL);
        done(r);
    }
}

static void the_last_millisecond_is_not_the_future(void **state)
{
    static const stamp stamps[] = {{.log = 0, .timestamp_ms = NOW_MS + 999},
                                   {.log = 2, .timestamp_ms = 0}};
    (void)state;
    order o = stamped_order();
    run *r = stamped(&o, stamps, 2);
    expect(r, HF_OK, NULL);
    done(r);
}

static void extensions_are_part_of_what_is_signed(void **state)
{
    stamp stamps[2] = {two[0], two[1]};
    (void)state;
    stamps[0].extensions = hf_bytes_of("\0\0\5\0\1\2\3\4", 8);
    order o = stamped_order();
    run *r = stamped(&o, stamps, 2);
    expect(r, HF_OK, NULL);
    done(r);
}

static void every_changed_byte_of_a_timestamp_is_noticed(void **state)
{
    static uint8_t list[1024];
    (void)state;
    order o = stamped_order();
    run *r = stamped(&o, NULL, 0);
    stamp one = two[0];
    hf_writer w;
    one.x509 = true;
    one.extensions = hf_bytes_of("ext", 3);
    hf_writer_init(&w, list, sizeof(list));
    write_stamp(&w, &one, r->chain[0].der);
    r->params.sct_list = hf_writer_bytes(&w);
    r->params.ct_policy.logs = 1;
    expect(r, HF_OK, NULL);
    for (size_t i = 0; i < w.n; i++) {
        list[i] ^= 1;
        expect(r, HF_E_CT_NOT_ENOUGH, NULL);
        list[i] ^= 1;
    }
    for (size_t n = 1; n < w.n; n++) {
        r->params.sct_list.n = n;
        expect(r, HF_E_CT_NOT_ENOUGH, NULL);
    }
    done(r);
}

static void a_logs_state_decides(void **state)
{
    static const struct {
        hf_ct_log first, second;
        hf_status expected;
        const char *why;
    } cases[] = {
        {{.state = HF_CT_READ_ONLY}, {.state = HF_CT_READ_ONLY}, HF_OK, NULL},
        {{.state = HF_CT_PENDING}, {0}, HF_E_CT_NOT_ENOUGH, "not accepted"},
        {{.state = HF_CT_REJECTED}, {0}, HF_E_CT_NOT_ENOUGH, "rejected"},
        {{.state = HF_CT_RETIRED, .state_s = NOW}, {0}, HF_OK, NULL},
        {{.state = HF_CT_RETIRED, .state_s = NOW - 1}, {0}, HF_E_CT_NOT_ENOUGH, "was retired"},
        {{.state = HF_CT_RETIRED, .state_s = NOW},
         {.state = HF_CT_RETIRED, .state_s = NOW},
         HF_E_CT_NOT_ENOUGH,
         NULL},
        {{.interval_start_s = NOW + DAY, .interval_end_s = NOW + 2 * DAY}, {0}, HF_OK, NULL},
        {{.interval_start_s = NOW, .interval_end_s = NOW + DAY},
         {0},
         HF_E_CT_NOT_ENOUGH,
         "ends when"},
        {{.interval_start_s = NOW + DAY + 1, .interval_end_s = NOW + 2 * DAY},
         {0},
         HF_E_CT_NOT_ENOUGH,
         "ends when"},
    };
    (void)state;
    order o = stamped_order();
    for (size_t i = 0; i < COUNT(cases); i++) {
        run *r = stamped(&o, two, 2);
        change(r, 0, cases[i].first);
        change(r, 2, cases[i].second);
        expect(r, cases[i].expected, NULL);
        if (cases[i].why != NULL && strstr(r->e.got, cases[i].why) == NULL)
            fail_msg("case %zu: %s", i, r->e.got);
        done(r);
    }
}

/* ---- the precertificate ---- */

static const char other_extensions[] = "\x30\x0a\x06\x03\x2a\x03\x04\x04\x03\x02\x01\x05"
                                       "\x30\x0a\x06\x03\x2a\x03\x05\x04\x03\x02\x01\x06";

/* Both other extensions, with the timestamps at `place` among them; 3: with nothing else. */
static hf_bytes arrange(uint8_t *room, hf_bytes timestamps, unsigned place)
{
    size_t n = 0;
    for (unsigned i = 0; i < 3; i++) {
        if (i == place || (place == 3 && i == 0)) {
            memcpy(room + n, timestamps.p, timestamps.n);
            n += timestamps.n;
        }
        if (i < 2 && place != 3) {
            memcpy(room + n, other_extensions + 12 * i, 12);
            n += 12;
        }
    }
    return hf_bytes_of(room, n);
}

static void the_extension_may_stand_anywhere(void **state)
{
    static uint8_t list[1024], extension[1200], all[1300];
    (void)state;
    for (unsigned place = 0; place < 4; place++) {
        order root = root_order(), middle = middle_order(), o = stamped_order();
        o.names = NULL;
        o.usage = -1;
        o.no_basic = true;
        o.extra = hf_bytes_of(other_extensions, 24);
        o.version = place == 3 ? 3 : 0; /* 3: no extensions at all, not an empty list */
        hf_cert pre = made_cert(&o);
        hf_writer w;
        hf_writer_init(&w, list, sizeof(list));
        write_stamp(&w, &two[0], pre.tbs);
        write_stamp(&w, &two[1], pre.tbs);
        hf_bytes scts = extension_of(extension, sizeof(extension), hf_writer_bytes(&w));
        o.extra = arrange(all, scts, place);
        o.version = 0;
        run *r = three(&root, &middle, &o);
        r->params.host = NULL;
        r->params.ct_logs = logs_known();
        expect(r, HF_OK, NULL);
        done(r);
    }
}

/* One that is critical is processed where logs are given, and else not. */
static void a_critical_extension_needs_logs(void **state)
{
    static uint8_t list[1024];
    (void)state;
    order root = root_order(), middle = middle_order(), o = stamped_order();
    hf_cert pre = made_cert(&o);
    hf_writer w, x, v;
    hf_writer_init(&w, list, sizeof(list));
    size_t mark = hf_write_open(&w, 2);
    write_stamp(&w, &two[0], pre.tbs);
    write_stamp(&w, &two[1], pre.tbs);
    hf_write_close(&w, mark, 2);
    uint8_t value[1024], extension[1200];
    hf_writer_init(&v, value, sizeof(value));
    hf_der_write(&v, HF_DER_OCTET_STRING, hf_writer_bytes(&w));
    hf_writer_init(&x, extension, sizeof(extension));
    hf_issue_extension(&x, HF_EXT_sctList, true, hf_writer_bytes(&v));
    o.extra = hf_writer_bytes(&x);
    run *r = three(&root, &middle, &o);
    expect(r, HF_E_CERT_CRITICAL_EXTENSION, NULL);
    r->params.ct_logs = logs_known();
    expect(r, HF_OK, NULL);
    done(r);
}

static void lengths_of_any_size_are_written_anew(void **state)
{
    (void)state;
    for (size_t n = 60; n < 70; n++) { /* where a length takes one byte more */
        static uint8_t filler[400];
        hf_writer w;
        hf_writer_init(&w, filler, sizeof(filler));
        size_t x = hf_der_open(&w, HF_DER_SEQUENCE);
        hf_der_write(&w, HF_DER_OID, hf_bytes_of("\x2a\x03\x04", 3));
        size_t v = hf_der_open(&w, HF_DER_OCTET_STRING);
        hf_write_zeros(&w, n);
        hf_der_close(&w, v);
        hf_der_close(&w, x);
        static uint8_t list[1024], extension[1200], all[1600];
        order root = root_order(), middle = middle_order(), o = stamped_order();
        o.usage = -1;
        o.no_basic = true;
        o.names = NULL;
        o.extra = hf_writer_bytes(&w);
        hf_cert pre = made_cert(&o);
        hf_writer l;
        hf_writer_init(&l, list, sizeof(list));
        write_stamp(&l, &two[0], pre.tbs);
        write_stamp(&l, &two[1], pre.tbs);
        hf_bytes scts = extension_of(extension, sizeof(extension), hf_writer_bytes(&l));
        memcpy(all, filler, w.n);
        memcpy(all + w.n, scts.p, scts.n);
        o.extra = hf_bytes_of(all, w.n + scts.n);
        run *r = three(&root, &middle, &o);
        r->params.host = NULL;
        r->params.ct_logs = logs_known();
        expect(r, HF_OK, NULL);
        done(r);
    }
}

/* ---- beside the certificate ---- */

static void those_of_the_handshake_are_over_the_certificate(void **state)
{
    static uint8_t list[1024];
    (void)state;
    for (unsigned what = 0; what < 4; what++) {
        order o = stamped_order();
        run *r = stamped(&o, NULL, 0);
        hf_writer w;
        hf_writer_init(&w, list, sizeof(list));
        for (unsigned i = 0; i < (what == 1 ? 1U : 2U); i++) {
            stamp s = two[i];
            s.x509 = what != 2;
            write_stamp(&w, &s, s.x509 ? r->chain[0].der : r->chain[0].tbs);
        }
        r->params.sct_list = hf_writer_bytes(&w);
        if (what == 3)
            r->params.sct_list.n--;
        expect(r, what == 0 ? HF_OK : HF_E_CT_NOT_ENOUGH, NULL);
        done(r);
    }
}

/* A retired log's are of use in the certificate only, and each way is counted by itself. */
static void ways_are_not_mixed_by_chromes_policy(void **state)
{
    static uint8_t list[1024];
    (void)state;
    order o = stamped_order();
    run *r = stamped(&o, &two[0], 1);
    stamp s = two[1];
    hf_writer w;
    s.x509 = true;
    hf_writer_init(&w, list, sizeof(list));
    write_stamp(&w, &s, r->chain[0].der);
    r->params.sct_list = hf_writer_bytes(&w);
    expect(r, HF_E_CT_NOT_ENOUGH, NULL);
    r->params.ct_policy.logs = 2; /* the caller's own number is over all */
    expect(r, HF_OK, NULL);
    change(r, 2, (hf_ct_log){.state = HF_CT_RETIRED, .state_s = NOW});
    expect(r, HF_E_CT_NOT_ENOUGH, NULL);
    assert_non_null(strstr(r->e.got, "retired"));
    done(r);
}

/* ---- costs ---- */

static void many_cost_no_more_than_the_limit(void **state)
{
    stamp many[40];
    (void)state;
    for (unsigned i = 0; i < COUNT(many); i++)
        many[i] = (stamp){.log = i % 3, .timestamp_ms = NOW_MS - i, .other_tbs = true};
    many[39] = two[0]; /* not looked at any more */
    order o = stamped_order();
    run *r = stamped(&o, many, 40);
    r->params.ct_policy.logs = 1;
    expect(r, HF_E_CT_NOT_ENOUGH, NULL);
    assert_non_null(strstr(r->e.got, "0 of 40"));
    r->params.limits.signature_checks = 34; /* leaf, middle and 32 of them */
    expect(r, HF_E_CT_NOT_ENOUGH, NULL);
    r->params.limits.signature_checks = 33;
    expect(r, HF_E_PATH_BUDGET, NULL);
    done(r);
}

static void what_was_verified_is_remembered(void **state)
{
    (void)state;
    order o = stamped_order();
    run *r = stamped(&o, two, 2);
    assert_int_equal(hf_signature_cache_new(0, &r->params.signatures, NULL), HF_OK);
    r->params.limits.signature_checks = 3; /* leaf, middle, and one timestamp: not enough */
    expect(r, HF_E_PATH_BUDGET, NULL);
    assert_int_equal(hf_signature_cache_count(r->params.signatures), 0);
    r->params.limits.signature_checks = 4;
    expect(r, HF_OK, NULL);
    assert_int_equal(hf_signature_cache_count(r->params.signatures), 4);
    r->params.limits.signature_checks = 1;
    expect(r, HF_OK, NULL);
    hf_signature_cache_free(r->params.signatures);
    done(r);
}

static hf_status verify_once(void *ctx)
{
    run *r = ctx;
    hf_error e = {0};
    return hf_verify_chain(r->chain, r->count, &r->params, NULL, NULL, NULL, &e);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    order o = stamped_order();
    run *r = stamped(&o, two, 2);
    assert_true(hf_test_each_alloc_fails(verify_once, r) > 0);
    done(r);
}

/* ---- logs ---- */

static void logs_are_checked_as_they_are_added(void **state)
{
    uint8_t id[HF_HASH_MAX_DIGEST];
    hf_ct_logs *logs;
    hf_error e = {0};
    hf_key *p384, *rsa;
    (void)state;
    assert_int_equal(hf_ct_logs_new(&logs), HF_OK);
    assert_int_equal(hf_key_generate(HF_KEY_P384, 0, &p384, NULL), HF_OK);
    assert_int_equal(hf_key_generate(HF_KEY_RSA, 2048, &rsa, NULL), HF_OK);
    log_id(0, id);
    hf_bytes key = hf_key_public(made_key(LOG_KEY)), cut = {key.p, key.n - 1};
    uint8_t off_curve[91];
    memcpy(off_curve, key.p, sizeof(off_curve));
    off_curve[90] ^= 1;
    static const hf_ct_operator nameless[] = {{"", 5}}, backwards[] = {{"a", 5}, {"b", 5}};
    const struct {
        hf_ct_log log;
        const char *field;
    } bad[] = {
        {{.public_key = key, .earlier = nameless, .earlier_count = 1}, "earlier"},
        {{.public_key = key, .earlier = backwards, .earlier_count = 2}, "earlier"},
        {{.public_key = key, .earlier = backwards, .earlier_count = 9}, "earlier"},
        {{.public_key = {NULL, 0}}, "public_key"},
        {{.public_key = cut}, "public_key"},
        {{.public_key = {off_curve, 91}}, "public_key"},
        {{.public_key = hf_key_public(p384)}, "public_key"},
        {{.public_key = key, .id = {id, 31}}, "id"},
        {{.public_key = hf_key_public(rsa), .id = {id, 32}}, "id"},
        {{.public_key = key, .state = (hf_ct_state)7}, "state"},
        {{.public_key = key, .state = HF_CT_RETIRED}, "state_s"},
        {{.public_key = key, .interval_start_s = 5, .interval_end_s = 5}, "interval_end_s"},
        {{.public_key = key, .interval_start_s = 5}, "interval_end_s"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(hf_ct_logs_add(logs, &bad[i].log, &e), HF_E_CT_LOG_MALFORMED);
        assert_string_equal(e.field, bad[i].field);
        assert_true(e.expected[0] != '\0' && e.got[0] != '\0');
    }
    assert_int_equal(hf_ct_logs_count(logs), 0);
    assert_null(hf_ct_logs_at(logs, 0));
    hf_ct_log good = {.public_key = key, .id = {id, 32}};
    assert_int_equal(hf_ct_logs_add(logs, &good, &e), HF_OK);
    good = (hf_ct_log){.public_key = hf_key_public(rsa), .name = "rsa"};
    assert_int_equal(hf_ct_logs_add(logs, &good, &e), HF_OK);
    assert_ptr_equal(hf_ct_logs_find(logs, hf_bytes_of(id, 32)), hf_ct_logs_at(logs, 0));
    assert_string_equal(hf_ct_logs_at(logs, 1)->name, "rsa");
    assert_null(hf_ct_logs_find(logs, hf_bytes_of(id, 31)));
    hf_ct_logs *again = hf_ct_logs_ref(logs);
    hf_ct_logs_free(logs);
    assert_int_equal(hf_ct_logs_count(again), 2);
    hf_ct_logs_free(again);
    hf_ct_logs_free(NULL);
    hf_key_free(p384);
    hf_key_free(rsa);
}

static hf_status add_once(void *ctx)
{
    hf_ct_logs *logs;
    (void)ctx;
    if (hf_ct_logs_new(&logs) != HF_OK)
        return HF_E_OUT_OF_MEMORY;
    hf_ct_log log = {.name = "a", .public_key = hf_key_public(made_key(LOG_KEY))};
    hf_status s = hf_ct_logs_add(logs, &log, NULL);
    assert_int_equal(hf_ct_logs_count(logs), s == HF_OK);
    hf_ct_logs_free(logs);
    return s;
}

static void logs_are_added_whole_or_not_at_all(void **state)
{
    (void)state;
    made_key(LOG_KEY);
    assert_true(hf_test_each_alloc_fails(add_once, NULL) > 0);
}

static void an_rsa_log_signs_too(void **state)
{
    static uint8_t list[1024], room[4096], id[HF_HASH_MAX_DIGEST];
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n = sizeof(signature);
    hf_key *rsa;
    (void)state;
    assert_int_equal(hf_key_generate(HF_KEY_RSA, 2048, &rsa, NULL), HF_OK);
    order o = stamped_order();
    run *r = stamped(&o, NULL, 0);
    hf_ct_log log = {.public_key = hf_key_public(rsa), .operator_name = "Rowan"};
    assert_int_equal(hf_ct_logs_add((hf_ct_logs *)(uintptr_t)r->params.ct_logs, &log, NULL), HF_OK);
    stamp s = {.x509 = true, .timestamp_ms = NOW_MS};
    hf_writer m, w;
    hf_writer_init(&m, room, sizeof(room));
    hf_bytes message = signed_data(&m, &s, r->chain[0].der), spki = hf_key_public(rsa);
    const hf_sigscheme *scheme = hf_sigscheme_find(hf_provider_default(), 0x0401);
    assert_int_equal(hf_key_sign(rsa, scheme, message, signature, &n), HF_OK);
    hf_hash_of(hf_hash_find(hf_provider_default(), 4), &spki, 1, id);
    hf_writer_init(&w, list, sizeof(list));
    size_t mark = hf_write_open(&w, 2);
    hf_write_u8(&w, 0);
    hf_write_bytes(&w, hf_bytes_of(id, 32));
    hf_write_u64(&w, NOW_MS);
    hf_write_u16(&w, 0);
    hf_write_u16(&w, 0x0401);
    hf_write_vec16(&w, hf_bytes_of(signature, n));
    hf_write_close(&w, mark, 2);
    r->params.sct_list = hf_writer_bytes(&w);
    r->params.ct_policy.logs = 1;
    expect(r, HF_OK, NULL);
    list[w.n - 1] ^= 1;
    expect(r, HF_E_CT_NOT_ENOUGH, NULL);
    done(r);
    hf_key_free(rsa);
}

/* ---- the form ---- */

static void one_is_read_strictly(void **state)
{
    static uint8_t room[300];
    hf_writer w;
    hf_sct s;
    hf_error e = {0};
    (void)state;
    hf_writer_init(&w, room, sizeof(room));
    hf_write_u8(&w, 0);
    hf_write_zeros(&w, 32);
    hf_write_u64(&w, 0x0102030405060708);
    hf_write_vec16(&w, hf_bytes_of("x", 1));
    hf_write_u16(&w, 0x0403);
    hf_write_vec16(&w, hf_bytes_of("sig", 3));
    assert_int_equal(hf_sct_parse(hf_writer_bytes(&w), &s, &e), HF_OK);
    assert_int_equal(s.timestamp_ms, 0x0102030405060708);
    assert_int_equal(s.extensions.n, 1);
    assert_int_equal(s.algorithm, 0x0403);
    assert_int_equal(s.signature.n, 3);
    for (size_t n = 0; n < w.n; n++) {
        assert_int_equal(hf_sct_parse(hf_bytes_of(room, n), &s, &e), HF_E_SCT_MALFORMED);
        assert_true(e.code == HF_E_SCT_MALFORMED && e.field != NULL);
    }
    assert_int_equal(hf_sct_parse(hf_bytes_of(room, w.n + 1), &s, &e), HF_E_SCT_MALFORMED);
    room[w.n - 4] = 0; /* no signature, and then none after it */
    assert_int_equal(hf_sct_parse(hf_bytes_of(room, w.n - 3), &s, &e), HF_E_SCT_MALFORMED);
    room[0] = 1;
    assert_int_equal(hf_sct_parse(hf_bytes_of(room, 1), &s, &e), HF_OK);
    assert_int_equal(s.version, 1);
    assert_null(s.log_id.p);
}

static void lists_are_read_strictly(void **state)
{
    static const struct {
        hf_bytes value;
        int count; /* -1: malformed */
    } cases[] = {
        {BYTES("\x04\x05\x00\x03\x00\x01x"), 1},
        {BYTES("\x04\x08\x00\x06\x00\x01x\x00\x01y"), 2},
        {BYTES("\x04\x02\x00\x00"), -1},
        {BYTES("\x04\x04\x00\x02\x00\x00"), -1},
        {BYTES("\x04\x05\x00\x03\x00\x02x"), -1},
        {BYTES("\x04\x06\x00\x03\x00\x01x\x00"), -1},
        {BYTES("\x04\x06\x00\x04\x00\x01x\x00"), -1},
        {BYTES("\x04\x05\x00\x04\x00\x01x"), -1},
        {BYTES("\x04\x05\x00\x03\x00\x01x\x00"), -1},
        {BYTES("\x30\x05\x00\x03\x00\x01x"), -1},
        {BYTES("\x04\x81\x05\x00\x03\x00\x01x"), -1},
        {BYTES("\x04\x01\x00"), -1},
        {BYTES(""), -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        hf_bytes list, sct;
        hf_error e = {0};
        hf_status s = hf_sct_list_read(cases[i].value, &list, &e);
        assert_int_equal(s, cases[i].count < 0 ? HF_E_SCT_MALFORMED : HF_OK);
        assert_int_equal(e.code, s);
        int count = 0;
        while (s == HF_OK && hf_sct_next(&list, &sct))
            count++;
        assert_true(s != HF_OK || (count == cases[i].count && list.n == 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE_TEST(two_logs_of_two_operators_are_enough),
        MADE_TEST(too_few_are_refused),
        MADE_TEST(a_long_life_needs_three),
        MADE_TEST(the_callers_own_number_is_what_counts),
        MADE_TEST(logs_without_an_operator_are_one_each),
        MADE_TEST(who_ran_the_log_then_is_what_counts),
        MADE_TEST(what_is_wrong_with_one_is_noticed),
        MADE_TEST(the_last_millisecond_is_not_the_future),
        MADE_TEST(extensions_are_part_of_what_is_signed),
        MADE_TEST(every_changed_byte_of_a_timestamp_is_noticed),
        MADE_TEST(a_logs_state_decides),
        MADE_TEST(the_extension_may_stand_anywhere),
        MADE_TEST(a_critical_extension_needs_logs),
        MADE_TEST(lengths_of_any_size_are_written_anew),
        MADE_TEST(those_of_the_handshake_are_over_the_certificate),
        MADE_TEST(ways_are_not_mixed_by_chromes_policy),
        MADE_TEST(many_cost_no_more_than_the_limit),
        MADE_TEST(what_was_verified_is_remembered),
        MADE_TEST(each_allocation_may_fail),
        MADE_TEST(logs_are_checked_as_they_are_added),
        MADE_TEST(logs_are_added_whole_or_not_at_all),
        MADE_TEST(an_rsa_log_signs_too),
        MADE_TEST(one_is_read_strictly),
        MADE_TEST(lists_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
