/* test_wire_extensions.c: the grid against the standard's table, and each extension's form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "unit/wire_samples.h"
#include "wire/extension_grid.h"

#include <stdlib.h>

enum {
    CH = HF_IN_CLIENT_HELLO,
    SH = HF_IN_SERVER_HELLO,
    HRR = HF_IN_HELLO_RETRY,
    EE = HF_IN_ENCRYPTED_EXTENSIONS,
    CT = HF_IN_CERTIFICATE,
    CR = HF_IN_CERTIFICATE_REQUEST,
    NST = HF_IN_NEW_SESSION_TICKET,
    SH12 = HF_IN_SERVER_HELLO_12,
};

/* ---- the grid ---- */

/* Copied by hand from the table of RFC 9846 section 4.3, as far as this library has the extension.
 */
static const struct {
    const char *name;
    unsigned type, in;
} rfc9846[] = {
    {"server_name", 0, CH | EE | CR},
    {"status_request", 5, CH | CR | CT},
    {"supported_groups", 10, CH | EE},
    {"signature_algorithms", 13, CH | CR},
    {"application_layer_protocol_negotiation", 16, CH | EE},
    {"client_certificate_type", 19, CH | EE},
    {"server_certificate_type", 20, CH | EE},
    {"padding", 21, CH},
    {"compress_certificate", 27, CH | CR},
    {"record_size_limit", 28, CH | EE},
    {"pre_shared_key", 41, CH | SH},
    {"early_data", 42, CH | EE | NST},
    {"supported_versions", 43, CH | SH | HRR},
    {"cookie", 44, CH | HRR},
    {"psk_key_exchange_modes", 45, CH},
    {"certificate_authorities", 47, CH | CR},
    {"oid_filters", 48, CR},
    {"post_handshake_auth", 49, CH},
    {"signature_algorithms_cert", 50, CH | CR},
    {"key_share", 51, CH | SH | HRR},
    /* not in the table: RFC 8446 section 4.2 */
    {"signed_certificate_timestamp", 18, CH | CR | CT},
    /* of TLS 1.2 alone: RFC 8422, 7366, 7627, 5077, 5746 */
    {"ec_point_formats", 11, CH},
    {"encrypt_then_mac", 22, CH},
    {"extended_master_secret", 23, CH},
    {"session_ticket", 35, CH},
    {"renegotiation_info", 0xff01, CH},
};

static void grid_is_the_table_of_the_standard(void **state)
{
    (void)state;
    assert_int_equal(sizeof(rfc9846) / sizeof(rfc9846[0]), HF_X_COUNT);
    for (unsigned i = 0; i < HF_X_COUNT; i++) {
        size_t k = 0;
        while (k < HF_X_COUNT && rfc9846[k].type != hf_ext_type((hf_ext)i))
            k++;
        assert_true(k < HF_X_COUNT);
        assert_string_equal(hf_ext_grid[i].name, rfc9846[k].name);
        assert_string_equal(hf_extension_name(hf_ext_type((hf_ext)i)), rfc9846[k].name);
        assert_int_equal(hf_ext_allowed_in((hf_ext)i) & ~(unsigned)SH12, rfc9846[k].in);
    }
}

/* What a server may answer in TLS 1.2: each of these is offered in a ClientHello and answered in a
 * ServerHello by its own RFC. */
static void grid_of_tls_1_2_answers(void **state)
{
    (void)state;
    static const uint16_t types[] = {
        HF_EXT_SERVER_NAME,            /* RFC 6066 section 3 */
        HF_EXT_STATUS_REQUEST,         /* RFC 6066 section 8 */
        HF_EXT_EC_POINT_FORMATS,       /* RFC 8422 section 5.1.2 */
        HF_EXT_ALPN,                   /* RFC 7301 section 3.1 */
        HF_EXT_ENCRYPT_THEN_MAC,       /* RFC 7366 section 2 */
        HF_EXT_EXTENDED_MASTER_SECRET, /* RFC 7627 section 5.1 */
        HF_EXT_RECORD_SIZE_LIMIT,      /* RFC 8449 section 4 */
        HF_EXT_SESSION_TICKET,         /* RFC 5077 section 3.2 */
        HF_EXT_RENEGOTIATION_INFO,     /* RFC 5746 section 3.2 */
        HF_EXT_SIGNED_CERTIFICATE_TIMESTAMP,
        HF_EXT_CLIENT_CERTIFICATE_TYPE, /* RFC 7250 section 3 */
        HF_EXT_SERVER_CERTIFICATE_TYPE,
        HF_EXT_SUPPORTED_GROUPS, /* of no use there, but sent by servers that are met */
    };
    size_t allowed = 0;
    for (unsigned i = 0; i < HF_X_COUNT; i++) {
        bool listed = false;
        for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++)
            listed |= types[k] == hf_ext_type((hf_ext)i);
        bool in = (hf_ext_allowed_in((hf_ext)i) & SH12) != 0;
        assert_int_equal(in, listed);
        allowed += in;
    }
    assert_int_equal(allowed, sizeof(types) / sizeof(types[0]));
}

static void pre_shared_key_is_built_last(void **state)
{
    (void)state;
    assert_int_equal(HF_X_PRE_SHARED_KEY, HF_X_COUNT - 1);
}

/* ---- lists ---- */

/* Parses an extension list's content (without its length) from memory of its exact size. */
static bool parse_list(hf_bytes content, unsigned in, hf_extensions *x, hf_reader *r)
{
    static uint8_t *kept;
    free(kept); /* what the last call's struct borrowed from */
    kept = malloc(content.n + 2);
    assert_non_null(kept);
    kept[0] = (uint8_t)(content.n >> 8);
    kept[1] = (uint8_t)content.n;
    hf_copy(kept + 2, content.p, content.n);
    hf_reader_init(r, (hf_bytes){kept, content.n + 2}, NULL);
    hf_extensions_parse(r, x, in);
    bool good = hf_reader_done(r);
    if (content.n == 0) { /* the last call of a test: nothing is left behind */
        free(kept);
        kept = NULL;
    }
    return good;
}

static int let_go(void **state)
{
    (void)state;
    hf_extensions x;
    hf_reader r;
    assert_true(parse_list((hf_bytes){NULL, 0}, CH, &x, &r));
    assert_int_equal(x.present, 0);
    return 0;
}

static hf_bytes one(uint8_t *p, unsigned type, const void *data, size_t n)
{
    p[0] = (uint8_t)(type >> 8);
    p[1] = (uint8_t)type;
    p[2] = (uint8_t)(n >> 8);
    p[3] = (uint8_t)n;
    hf_copy(p + 4, data, n);
    return (hf_bytes){p, n + 4};
}

static void what_may_not_be_there_is_noted_and_not_read(void **state)
{
    (void)state;
    uint8_t p[64];
    hf_extensions x;
    hf_reader r;
    for (unsigned in = CH; in <= SH12; in <<= 1)
        for (unsigned i = 0; i < HF_X_COUNT; i++) {
            if ((hf_ext_allowed_in((hf_ext)i) & in) != 0)
                continue;
            /* data that is no legal form of any extension */
            hf_bytes list = one(p, hf_ext_type((hf_ext)i), "\xff\xff\xff", 3);
            assert_true(parse_list(list, in, &x, &r));
            assert_int_equal(x.present, 0);
            assert_true(x.has_forbidden);
            assert_false(x.has_unknown);
            assert_int_equal(x.forbidden, hf_ext_type((hf_ext)i));
        }
}

static void first_unknown_and_first_forbidden_are_kept(void **state)
{
    (void)state;
    hf_extensions x;
    hf_reader r;
    static const char list[] = "\xca\xca\0\x01x" /* GREASE */
                               "\x12\x34\0\0"    /* unknown */
                               "\0\x30\0\0"      /* oid_filters */
                               "\0\x2b\0\x03\x02\x03\x04"
                               "\x3a\x3a\0\0";
    assert_true(parse_list(hf_bytes_of(list, sizeof(list) - 1), CH, &x, &r));
    assert_true(x.has_unknown && x.has_forbidden);
    assert_int_equal(x.unknown, 0xcaca);
    assert_int_equal(x.forbidden, HF_EXT_OID_FILTERS);
    assert_int_equal(x.present, HF_X_BIT(HF_X_SUPPORTED_VERSIONS));
}

static void an_extension_that_stands_twice_is_refused(void **state)
{
    (void)state;
    uint8_t p[512];
    hf_extensions x, full;
    hf_reader r;
    for (unsigned in = CH; in <= SH12; in <<= 1) {
        hf_test_fill(&full, in);
        for (unsigned i = 0; i < HF_X_COUNT; i++) {
            hf_writer w;
            hf_bytes list;
            if (hf_ext_has(&full, (hf_ext)i)) { /* allowed: a good one */
                hf_extensions alone = full;
                alone.present = HF_X_BIT(i);
                hf_writer_init(&w, p, sizeof(p) / 2);
                hf_extensions_build(&w, &alone, in);
                list = (hf_bytes){p + 2, hf_writer_bytes(&w).n - 2};
            } else {
                list = one(p + 2, hf_ext_type((hf_ext)i), "x", 1);
            }
            assert_true(parse_list(list, in, &x, &r));
            memcpy(p + 2 + list.n, p + 2, list.n);
            assert_false(parse_list((hf_bytes){p + 2, 2 * list.n}, in, &x, &r));
            assert_int_equal(r.why, HF_E_DUPLICATE_EXTENSION);
            assert_string_equal(r.failed_name, hf_ext_grid[i].name);
        }
    }
    assert_false(parse_list(hf_bytes_of("\x12\x34\0\0\x12\x35\0\0\x12\x34\0\0", 12), CH, &x, &r));
    assert_int_equal(r.why, HF_E_DUPLICATE_EXTENSION);
    assert_int_equal(r.failed_at, 2 + 10);
}

static void at_most_256_extensions_are_read(void **state)
{
    (void)state;
    uint8_t p[257 * 4];
    hf_extensions x;
    hf_reader r;
    for (unsigned i = 0; i < 257; i++)
        one(p + (size_t)(4 * i), 0x4000 + i, NULL, 0);
    assert_true(parse_list((hf_bytes){p, 256 * 4}, CH, &x, &r));
    assert_false(parse_list((hf_bytes){p, 257 * 4}, CH, &x, &r));
    assert_int_equal(r.why, HF_E_DECODE);
    assert_string_equal(r.failed_name, "extensions");
}

static void pre_shared_key_that_is_not_last_is_noted(void **state)
{
    (void)state;
    uint8_t p[512];
    hf_extensions x, full;
    hf_reader r;
    hf_writer w;
    hf_test_fill(&full, CH);
    full.present = HF_X_BIT(HF_X_PRE_SHARED_KEY);
    hf_writer_init(&w, p, sizeof(p));
    hf_extensions_build(&w, &full, CH);
    size_t n = hf_writer_bytes(&w).n;
    assert_true(parse_list((hf_bytes){p + 2, n - 2}, CH, &x, &r));
    assert_false(x.psk_not_last);
    hf_write_bytes(&w, hf_bytes_of("\x12\x34\0\0", 4));
    assert_true(parse_list((hf_bytes){p + 2, n + 2}, CH, &x, &r));
    assert_true(x.psk_not_last);
    /* in a ServerHello it may stand anywhere */
    assert_true(parse_list(hf_bytes_of("\0\x29\0\x02\0\0\0\x2b\0\x02\x03\x04", 12), SH, &x, &r));
    assert_false(x.psk_not_last);
}

static void offsets_of_binders_count_from_the_header(void **state)
{
    (void)state;
    uint8_t p[512];
    hf_extensions x, full;
    hf_reader r;
    hf_writer w;
    hf_test_fill(&full, CH);
    hf_writer_init(&w, p, sizeof(p));
    hf_extensions_build(&w, &full, CH);
    hf_reader_init(&r, hf_writer_bytes(&w), NULL);
    r.base = 1000;
    hf_extensions_parse(&r, &x, CH);
    assert_true(hf_reader_done(&r));
    assert_int_equal(x.psk_binders_offset,
                     1000 + hf_writer_bytes(&w).n - 2 - sizeof(hf_test_binders));
}

/* ---- building ---- */

static void an_extension_in_the_wrong_message_is_not_built(void **state)
{
    (void)state;
    uint8_t p[512];
    for (unsigned in = CH; in <= SH12; in <<= 1)
        for (unsigned i = 0; i < HF_X_COUNT; i++) {
            hf_extensions x;
            hf_writer w;
            hf_test_fill(&x, in);
            bool allowed = hf_ext_has(&x, (hf_ext)i);
            x.present = HF_X_BIT(i);
            hf_writer_init(&w, p, sizeof(p));
            hf_extensions_build(&w, &x, in);
            assert_int_equal(hf_writer_status(&w), allowed ? HF_OK : HF_E_INTERNAL);
        }
}

static void grease_stands_around_the_others_and_before_padding_and_psk(void **state)
{
    (void)state;
    uint8_t p[1024];
    uint16_t types[HF_X_COUNT + 2];
    hf_extensions x;
    hf_reader r, list;
    hf_writer w;
    size_t count = 0, data[HF_X_COUNT + 2];
    hf_test_fill(&x, CH);
    x.grease_first = 0x0a0a;
    x.grease_last = 0x1a1a;
    hf_writer_init(&w, p, sizeof(p));
    hf_extensions_build(&w, &x, CH);
    hf_reader_init(&r, hf_writer_bytes(&w), NULL);
    hf_read_sub16(&r, &list, "extensions");
    while (hf_reader_more(&list)) {
        types[count] = hf_read_u16(&list, "type");
        data[count++] = hf_read_vec16(&list, "data").n;
    }
    assert_true(hf_reader_done(&list));
    assert_true(count > 4);
    assert_int_equal(types[0], 0x0a0a);
    assert_int_equal(data[0], 0);
    assert_int_equal(types[count - 3], 0x1a1a);
    assert_int_equal(data[count - 3], 1);
    assert_int_equal(types[count - 2], HF_EXT_PADDING);
    assert_int_equal(types[count - 1], HF_EXT_PRE_SHARED_KEY);
}

static void a_list_too_long_for_its_length_is_not_built(void **state)
{
    (void)state;
    static uint8_t p[200000], big[0x10000];
    hf_extensions x;
    hf_writer w;
    hf_test_fill(&x, CH);
    x.present = HF_X_BIT(HF_X_COOKIE);
    x.cookie = (hf_bytes){big, sizeof(big)};
    hf_writer_init(&w, p, sizeof(p));
    hf_extensions_build(&w, &x, CH);
    assert_int_equal(hf_writer_status(&w), HF_E_INTERNAL);
    x.present = HF_X_BIT(HF_X_PSK_KEY_EXCHANGE_MODES);
    x.psk_modes = (hf_bytes){big, 256};
    hf_writer_init(&w, p, sizeof(p));
    hf_extensions_build(&w, &x, CH);
    assert_int_equal(hf_writer_status(&w), HF_E_INTERNAL);
}

/* ---- the form of each ---- */

typedef struct form_case {
    unsigned in;
    uint16_t type;
    hf_status status;
    const char *data;
    size_t n;
    const char *field; /* at which it fails; NULL: not looked at */
} form_case;

#define GOOD(in, type, data)                                                                       \
    {                                                                                              \
        in, type, HF_OK, data, sizeof(data) - 1, NULL                                              \
    }
#define BAD(in, type, data, field)                                                                 \
    {                                                                                              \
        in, type, HF_E_DECODE, data, sizeof(data) - 1, field                                       \
    }
#define MORE(in, type, data, field)                                                                \
    {                                                                                              \
        in, type, HF_E_TRAILING_BYTES, data, sizeof(data) - 1, field                               \
    }
#define B32 "abcdefghijklmnopqrstuvwxyz012345"
#define PSK "\0\x07\0\x01x\0\0\0\0"

static const form_case forms[] = {
    GOOD(CH, 0, "\0\x04\0\0\x01w"),
    GOOD(CH, 0, "\0\x08\x01\0\x01z\0\0\x01w"),
    GOOD(CH, 0, "\0\x04\x01\0\x01z"), /* a name type that is not known here */
    GOOD(CH, 0, "\0\x03\x01\0\0"),
    GOOD(CR, 0, "\0\x04\0\0\x01w"),
    GOOD(EE, 0, ""),
    GOOD(SH12, 0, ""),
    BAD(CH, 0, "", "server_name_list"),
    BAD(CH, 0, "\0\0", "server_name_list"),
    BAD(CH, 0, "\0\x01\x01", "name"),
    BAD(CH, 0, "\0\x03\0\0\0", "host_name"),
    BAD(CH, 0, "\0\x06\0\0\x03w\0w", "host_name"),
    BAD(CH, 0, "\0\x04\0\0\x02w", "host_name"),
    BAD(CH, 0, "\0\x05\0\0\x01w\x01", "name"),
    MORE(CH, 0, "\0\x04\0\0\x01wx", "server_name"),
    MORE(EE, 0, "\0\x04\0\0\x01w", "server_name"),
    MORE(SH12, 0, "\0", "server_name"),
    {CH, 0, HF_E_VALUE, "\0\x08\0\0\x01w\0\0\x01v", 10, "name_type"},
    {CH, 0, HF_E_VALUE, "\0\x06\x05\0\0\x05\0\0", 8, "name_type"},

    GOOD(CH, 5, "\x01\0\0\0\0"),
    GOOD(CH, 5, "\x01\0\x03\0\x01i\0\x02\x30\0"),
    GOOD(CH, 5, "\x02whatever"), /* another type: its form is not known */
    GOOD(CR, 5, ""),
    GOOD(SH12, 5, ""),
    GOOD(CT, 5, "\x01\0\0\x01o"),
    BAD(CH, 5, "", "status_type"),
    BAD(CH, 5, "\x01\0\0\0", "request_extensions"),
    BAD(CH, 5, "\x01\0\x02\0\0\0\0", "responder_id"),
    BAD(CT, 5, "", "status_type"),
    BAD(CT, 5, "\x01\0\0\0", "response"),
    BAD(CT, 5, "\x01\0\0\x02o", "response"),
    MORE(CH, 5, "\x01\0\0\0\0x", "status_request"),
    MORE(CR, 5, "\x01\0\0\0\0", "status_request"),
    MORE(CT, 5, "\x01\0\0\x01ox", "status_request"),
    MORE(SH12, 5, "\0", "status_request"),

    GOOD(CH, 10, "\0\x02\0\x1d"),
    GOOD(EE, 10, "\0\x04\0\x1d\0\x17"),
    BAD(CH, 10, "\0\0", "named_group_list"),
    BAD(CH, 10, "\0\x01\0", "named_group_list"),
    BAD(CH, 10, "\0\x03\0\x1d\0", "named_group"),
    BAD(CH, 10, "\0\x04\0\x1d", "named_group_list"),
    MORE(CH, 10, "\0\x02\0\x1d\0\x17", "supported_groups"),

    GOOD(CH, 11, "\x01\0"),
    BAD(CH, 11, "\0", "ec_point_format_list"),
    BAD(SH12, 11, "\x02\0", "ec_point_format_list"),
    MORE(CH, 11, "\x01\0\0", "ec_point_formats"),

    GOOD(CH, 13, "\0\x02\x08\x04"),
    BAD(CH, 13, "\0\0", "supported_signature_algorithms"),
    BAD(CH, 13, "\0\x01\x08", "supported_signature_algorithms"),
    BAD(CR, 13, "\0\x03\x08\x04\x08", "signature_scheme"),
    GOOD(CH, 50, "\0\x02\x08\x04"),
    BAD(CH, 50, "\0\0", "supported_signature_algorithms"),
    BAD(CR, 50, "\0\x03\x08\x04\x08", "signature_scheme"),

    GOOD(CH, 16, "\0\x03\x02h2"),
    GOOD(CH, 16, "\0\x02\x01h"),
    BAD(CH, 16, "\0\0", "protocol_name_list"),
    BAD(CH, 16, "\0\x01\0", "protocol_name_list"),
    BAD(CH, 16, "\0\x04\x02h2\0", "protocol_name"),
    BAD(EE, 16, "\0\x02\x02h", "protocol_name"),
    MORE(SH12, 16, "\0\x03\x02h2\0", "application_layer_protocol_negotiation"),

    GOOD(CH, 18, ""),
    GOOD(CR, 18, ""),
    GOOD(CT, 18, "\0\x03\0\x01s"),
    GOOD(SH12, 18, "\0\x03\0\x01s"),
    MORE(CH, 18, "\0\x03\0\x01s", "signed_certificate_timestamp"),
    BAD(CT, 18, "", "sct_list"),
    BAD(CT, 18, "\0\0", "sct_list"),
    BAD(CT, 18, "\0\x01\0", "serialized_sct"),
    BAD(CT, 18, "\0\x02\0\0", "serialized_sct"),
    BAD(SH12, 18, "\0\x03\0\x02s", "serialized_sct"),

    GOOD(CH, 21, ""),
    GOOD(CH, 21, "\0\0\0"),

    GOOD(CH, 22, ""),
    MORE(CH, 22, "\0", "encrypt_then_mac"),
    GOOD(SH12, 23, ""),
    MORE(SH12, 23, "\0", "extended_master_secret"),
    GOOD(CH, 49, ""),
    MORE(CH, 49, "\0", "post_handshake_auth"),

    GOOD(CH, 27, "\x02\0\x01"),
    BAD(CH, 27, "\0", "algorithms"),
    BAD(CH, 27, "\x01\0", "algorithms"),
    BAD(CR, 27, "\x03\0\x01\0", "compression_algorithm"),

    GOOD(CH, 28, "\x40\x01"),
    BAD(CH, 28, "\x40", "record_size_limit"),
    MORE(EE, 28, "\x40\x01\0", "record_size_limit"),

    GOOD(CH, 35, ""),
    GOOD(CH, 35, "ticket"),
    GOOD(SH12, 35, ""),
    MORE(SH12, 35, "t", "session_ticket"),

    GOOD(CH, 41, PSK "\0\x21\x20" B32),
    GOOD(CH, 41, PSK "\0\x22\x21" B32 "x"),
    GOOD(SH, 41, "\0\x01"),
    BAD(CH, 41, "\0\x06\0\0\0\0\0\0\0\x21\x20" B32, "identities"),
    BAD(CH, 41, "\0\x0d\0\x01x\0\0\0\0\0\0\0\0\0\0\0\x21\x20" B32, "identity"),
    BAD(CH, 41, PSK, "binders"),
    BAD(CH, 41, PSK "\0\0", "binders"),
    BAD(CH, 41, PSK "\0\x20\x1f" B32, "binders"),
    BAD(CH, 41,
        PSK "\0\x41\x1f"
            "abcdefghijklmnopqrstuvwxyz01234"
            "\x20" B32,
        "binder"),
    BAD(CH, 41, PSK "\0\x22\x1f" B32 "x", "binder"),
    BAD(CH, 41, PSK "\0\x22\x20" B32 "\x20", "binder"),
    BAD(SH, 41, "\0", "selected_identity"),
    MORE(CH, 41, PSK "\0\x21\x20" B32 "x", "pre_shared_key"),
    MORE(SH, 41, "\0\x01\0", "pre_shared_key"),

    GOOD(CH, 42, ""),
    GOOD(EE, 42, ""),
    GOOD(NST, 42, "\0\0\x40\0"),
    MORE(CH, 42, "\0\0\x40\0", "early_data"),
    MORE(EE, 42, "\0", "early_data"),
    BAD(NST, 42, "", "max_early_data_size"),
    BAD(NST, 42, "\0\x40\0", "max_early_data_size"),

    GOOD(CH, 19, "\x02\x02\0"),
    GOOD(CH, 19, "\0"), /* which the handshake then refuses */
    GOOD(EE, 19, "\x02"),
    GOOD(SH12, 19, "\x02"),
    BAD(CH, 19, "\x02\x02", "client_certificate_types"),
    BAD(EE, 19, "", "certificate_type"),
    MORE(EE, 19, "\x02\x02", "client_certificate_type"),
    MORE(CH, 19, "\x01\x02\x02", "client_certificate_type"),
    GOOD(CH, 20, "\x01\x02"),
    GOOD(EE, 20, "\0"),
    BAD(CH, 20, "", "server_certificate_types"),
    BAD(SH12, 20, "", "certificate_type"),
    MORE(SH12, 20, "\x02\x02", "server_certificate_type"),

    GOOD(CH, 43, "\x02\x03\x04"),
    GOOD(SH, 43, "\x03\x04"),
    GOOD(HRR, 43, "\x03\x04"),
    BAD(CH, 43, "\0", "versions"),
    BAD(CH, 43, "\x01\x03", "versions"),
    BAD(CH, 43, "\x03\x03\x04\x03", "version"),
    BAD(SH, 43, "\x03", "selected_version"),
    MORE(SH, 43, "\x02\x03\x04", "supported_versions"),

    GOOD(CH, 44,
         "\0\x01"
         "c"),
    BAD(CH, 44, "\0\0", "cookie"),
    BAD(HRR, 44,
        "\0\x02"
        "c",
        "cookie"),
    MORE(HRR, 44,
         "\0\x01"
         "cc",
         "cookie"),

    GOOD(CH, 45, "\x01\x01"),
    BAD(CH, 45, "\0", "ke_modes"),
    BAD(CH, 45, "\x02\x01", "ke_modes"),
    MORE(CH, 45, "\x01\x01\0", "psk_key_exchange_modes"),

    GOOD(CH, 47, "\0\x04\0\x02\x30\0"),
    GOOD(CH, 47, "\0\x03\0\x01x"),
    BAD(CH, 47, "\0\0", "authorities"),
    BAD(CH, 47, "\0\x02\0\0", "authorities"),
    BAD(CR, 47, "\0\x05\0\x01\x30\0\0", "distinguished_name"),
    BAD(CR, 47, "\0\x04\0\x03\x30\0", "distinguished_name"),

    GOOD(CR, 48, "\0\0"),
    GOOD(CR, 48, "\0\x04\x01\x55\0\0"),
    BAD(CR, 48, "\0\x03\0\0\0", "certificate_extension_oid"),
    BAD(CR, 48, "\0\x03\x01\x55\0", "certificate_extension_values"),
    BAD(CR, 48, "", "filters"),

    GOOD(CH, 51, "\0\0"), /* the client asks for a HelloRetryRequest */
    GOOD(CH, 51, "\0\x05\0\x1d\0\x01k"),
    GOOD(SH, 51, "\0\x1d\0\x01k"),
    GOOD(HRR, 51, "\0\x1d"),
    BAD(CH, 51, "", "client_shares"),
    BAD(CH, 51, "\0\x04\0\x1d\0\0", "key_exchange"),
    BAD(CH, 51, "\0\x05\0\x1d\0\x02k", "key_exchange"),
    BAD(CH, 51, "\0\x01\0", "group"),
    BAD(SH, 51, "\0\x1d\0\0", "key_exchange"),
    BAD(SH, 51, "\0\x1d", "key_exchange"),
    BAD(HRR, 51, "\0", "selected_group"),
    MORE(HRR, 51, "\0\x1d\0\x01k", "key_share"),
    MORE(SH, 51, "\0\x1d\0\x01kx", "key_share"),
    MORE(CH, 51, "\0\0\0", "key_share"),

    GOOD(CH, 0xff01, "\0"),
    GOOD(SH12, 0xff01, "\x02xy"),
    BAD(CH, 0xff01, "", "renegotiated_connection"),
    BAD(CH, 0xff01, "\x02x", "renegotiated_connection"),
    MORE(SH12, 0xff01, "\0x", "renegotiation_info"),
};

static void each_extension_has_its_form_and_no_other(void **state)
{
    (void)state;
    uint32_t good = 0, bad = 0;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        const form_case *c = &forms[i];
        uint8_t p[256];
        hf_extensions x;
        hf_reader r;
        unsigned index = 0;
        while (hf_ext_type((hf_ext)index) != c->type)
            index++;
        assert_true((hf_ext_allowed_in((hf_ext)index) & c->in) != 0);
        parse_list(one(p, c->type, c->data, c->n), c->in, &x, &r);
        hf_status got = r.failed ? r.why : HF_OK;
        if (got != c->status)
            fail_msg("case %zu, %s: got %s", i, hf_extension_name(c->type), hf_error_name(got));
        if (c->field != NULL && strcmp(r.failed_name, c->field) != 0)
            fail_msg("case %zu, %s: failed at %s, not %s", i, hf_extension_name(c->type),
                     r.failed_name, c->field);
        assert_int_equal(x.present, got == HF_OK ? HF_X_BIT(index) : 0);
        *(c->status == HF_OK ? &good : &bad) |= HF_X_BIT(index);
    }
    assert_int_equal(good, (1U << HF_X_COUNT) - 1); /* none was forgotten */
    assert_int_equal(bad, ((1U << HF_X_COUNT) - 1) & ~HF_X_BIT(HF_X_PADDING));
}

/* ---- walking ---- */

static void walkers_stop_at_the_end_and_at_what_is_broken(void **state)
{
    (void)state;
    hf_bytes item, rest = hf_bytes_of("\x02h2\x01x", 5);
    assert_true(hf_item8_next(&rest, &item) && item.n == 2);
    assert_true(hf_item8_next(&rest, &item) && item.n == 1);
    assert_false(hf_item8_next(&rest, &item));
    rest = hf_bytes_of("\x03h2", 3);
    assert_false(hf_item8_next(&rest, &item));
    assert_int_equal(rest.n, 0);

    rest = hf_bytes_of("\0\x01"
                       "a\0\0\0",
                       6);
    assert_true(hf_item16_next(&rest, &item) && item.n == 1);
    assert_true(hf_item16_next(&rest, &item) && item.n == 0);
    assert_false(hf_item16_next(&rest, &item));
    assert_int_equal(rest.n, 0);

    uint16_t group = 0;
    rest = hf_bytes_of("\0\x1d\0\x01k\0\x17\0\x02k", 10);
    assert_true(hf_key_share_next(&rest, &group, &item) && group == 29 && item.n == 1);
    assert_false(hf_key_share_next(&rest, &group, &item));
    assert_int_equal(rest.n, 0);

    uint32_t age = 0;
    rest = hf_bytes_of("\0\x01i\0\0\1\2\0\1i\0\0\0", 13);
    assert_true(hf_psk_identity_next(&rest, &item, &age) && age == 0x102 && item.n == 1);
    assert_false(hf_psk_identity_next(&rest, &item, &age));

    rest = hf_bytes_of("\0\0\x02"
                       "cc\0\x01"
                       "x\0\0\x01",
                       11);
    hf_bytes extensions;
    assert_true(hf_certificate_entry_next(&rest, &item, &extensions));
    assert_true(item.n == 2 && extensions.n == 1);
    assert_false(hf_certificate_entry_next(&rest, &item, &extensions));

    assert_false(hf_u16s_have((hf_bytes){NULL, 0}, 0));
    assert_int_equal(hf_u16s_count(hf_bytes_of("\0\1\2", 3)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grid_is_the_table_of_the_standard),
        cmocka_unit_test(grid_of_tls_1_2_answers),
        cmocka_unit_test(pre_shared_key_is_built_last),
        cmocka_unit_test_teardown(what_may_not_be_there_is_noted_and_not_read, let_go),
        cmocka_unit_test_teardown(first_unknown_and_first_forbidden_are_kept, let_go),
        cmocka_unit_test_teardown(an_extension_that_stands_twice_is_refused, let_go),
        cmocka_unit_test_teardown(at_most_256_extensions_are_read, let_go),
        cmocka_unit_test_teardown(pre_shared_key_that_is_not_last_is_noted, let_go),
        cmocka_unit_test(offsets_of_binders_count_from_the_header),
        cmocka_unit_test(an_extension_in_the_wrong_message_is_not_built),
        cmocka_unit_test(grease_stands_around_the_others_and_before_padding_and_psk),
        cmocka_unit_test(a_list_too_long_for_its_length_is_not_built),
        cmocka_unit_test_teardown(each_extension_has_its_form_and_no_other, let_go),
        cmocka_unit_test(walkers_stop_at_the_end_and_at_what_is_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
