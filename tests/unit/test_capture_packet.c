/* test_capture_packet.c: packets of every link down to TCP, and every way to be none. */
#include "explain/capture/packet.h"
#include "support/pcap_made.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const cap_link links[] = {
    [MADE_ETHERNET] = CAP_LINK_ETHERNET, [MADE_VLAN] = CAP_LINK_ETHERNET,
    [MADE_NULL] = CAP_LINK_NULL,         [MADE_SLL] = CAP_LINK_SLL,
    [MADE_SLL2] = CAP_LINK_SLL2,         [MADE_RAW] = CAP_LINK_RAW};

static hf_buf packet;
static cap_segment segment;

/* One segment of "hello" from the client; bytes of headers in front of TCP's. */
static size_t made_one(made_link link, bool ip6)
{
    static const size_t link_n[] = {14, 22, 4, 16, 20, 0};
    made m = {.link = link, .ip6 = ip6};
    made_segment(&m, &packet, true, 0x01020304, 0x05060708, MADE_ACK | MADE_FIN,
                 hf_bytes_text("hello"));
    return link_n[link] + (ip6 ? 48 : 20);
}

static cap_kind read_as(made_link link, size_t captured, size_t length)
{
    /* of exactly that size, so that a sanitizer sees a read past its end */
    uint8_t *copy = malloc(captured + 1);
    assert_non_null(copy);
    memcpy(copy, packet.p, captured);
    cap_kind kind = cap_packet_read(links[link], (hf_bytes){copy, captured}, length, &segment);
    if (kind == CAP_SEGMENT && segment.payload.n != 0) /* borrowed: only its length counts below */
        assert_memory_equal(segment.payload.p, "hello",
                            segment.payload.n < 5 ? segment.payload.n : 5);
    free(copy);
    return kind;
}

static cap_kind read_whole(made_link link)
{
    return read_as(link, packet.n, packet.n);
}

static int end(void **state)
{
    (void)state;
    hf_buf_free(&packet);
    return 0;
}

/* ---- good ones ---- */

static void every_link_and_both_versions(void **state)
{
    (void)state;
    char text[64];
    for (made_link link = MADE_ETHERNET; link <= MADE_RAW; link++)
        for (int ip6 = 0; ip6 < 2; ip6++) {
            made_one(link, ip6 != 0);
            assert_int_equal(read_whole(link), CAP_SEGMENT);
            assert_int_equal(segment.seq, 0x01020304);
            assert_int_equal(segment.ack, 0x05060708);
            assert_true(segment.has_ack && segment.fin && !segment.syn && !segment.rst);
            assert_int_equal(segment.length, 5);
            assert_int_equal(segment.payload.n, 5);
            cap_endpoint_text(&segment.from, text, sizeof text);
            assert_string_equal(text, ip6 ? "[2001:db8::1]:40000" : "192.0.2.1:40000");
            cap_endpoint_text(&segment.to, text, sizeof text);
            assert_string_equal(text, ip6 ? "[2001:db8::2]:443" : "192.0.2.2:443");
        }
}

static void padding_of_short_frames_is_no_data(void **state)
{
    (void)state;
    made_one(MADE_ETHERNET, false);
    assert_int_equal(hf_buf_append(&packet, hf_bytes_of("\0\0\0\0\0\0", 6)), HF_OK);
    assert_int_equal(read_whole(MADE_ETHERNET), CAP_SEGMENT);
    assert_int_equal(segment.length, 5);
}

static void a_card_that_cuts_up_leaves_the_length_open(void **state)
{
    (void)state;
    made_one(MADE_ETHERNET, false);
    packet.p[14 + 2] = packet.p[14 + 3] = 0;
    assert_int_equal(read_whole(MADE_ETHERNET), CAP_SEGMENT);
    assert_int_equal(segment.length, 5);
    made_one(MADE_ETHERNET, true);
    packet.p[14 + 4] = packet.p[14 + 5] = 0;
    assert_int_equal(read_whole(MADE_ETHERNET), CAP_SEGMENT);
    assert_int_equal(segment.length, 5);
}

static void what_was_not_captured_shows_in_the_length(void **state)
{
    (void)state;
    made_one(MADE_SLL, false);
    assert_int_equal(read_as(MADE_SLL, packet.n - 3, packet.n), CAP_SEGMENT);
    assert_int_equal(segment.payload.n, 2);
    assert_int_equal(segment.length, 5);
}

static void an_atomic_fragment_header_is_stepped_over(void **state)
{
    (void)state;
    size_t tcp = made_one(MADE_RAW, true);
    packet.p[6] = 44; /* the hop-by-hop header becomes a Fragment header: offset 0, no more */
    packet.p[tcp - 8 + 2] = packet.p[tcp - 8 + 3] = 0;
    assert_int_equal(read_whole(MADE_RAW), CAP_SEGMENT);
    packet.p[tcp - 8 + 3] = 1; /* more fragments */
    assert_int_equal(read_whole(MADE_RAW), CAP_FRAGMENT);
    packet.p[tcp - 8 + 3] = 8; /* not the first */
    assert_int_equal(read_whole(MADE_RAW), CAP_FRAGMENT);
}

static void addresses_are_written_as_rfc_5952_says(void **state)
{
    (void)state;
    static const struct {
        uint8_t address[16];
        const char *text;
    } cases[] = {
        {{0}, "[::]:7"},
        {{[15] = 1}, "[::1]:7"},
        {{0x20, 1, [15] = 0}, "[2001::]:7"},
        {{0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 5}, "[1:0:2::3:4:5]:7"},
        {{0, 1, 0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0xab, 0xcd}, "[1:0:2:3:4:5:6:abcd]:7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        cap_endpoint e = {.port = 7, .family = 6};
        memcpy(e.address, cases[i].address, 16);
        cap_endpoint_text(&e, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

/* ---- bad ones ---- */

static void every_cut_is_noticed(void **state)
{
    (void)state;
    for (made_link link = MADE_ETHERNET; link <= MADE_RAW; link++)
        for (int ip6 = 0; ip6 < 2; ip6++) {
            size_t tcp = made_one(link, ip6 != 0);
            for (size_t n = 0; n < tcp + 20; n++)
                assert_int_equal(read_as(link, n, packet.n), CAP_CUT);
        }
}

static void lengths_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } changes4[] = {
        {0, 0x44},  /* a header of 16 bytes */
        {0, 0x4f},  /* ... of 60, which reaches into nothing */
        {3, 19},    /* shorter than its header */
        {3, 200},   /* longer than the packet */
        {3, 30},    /* too short for TCP */
        {32, 0x40}, /* TCP: a header of 16 bytes */
        {32, 0xf0}, /* ... of 60 */
    };
    for (size_t i = 0; i < sizeof changes4 / sizeof changes4[0]; i++) {
        made_one(MADE_RAW, false);
        packet.p[changes4[i].at] = changes4[i].value;
        cap_kind kind = read_whole(MADE_RAW);
        if (kind != CAP_MALFORMED)
            fail_msg("change %zu: kind %d", i, (int)kind);
    }
    static const struct {
        size_t at;
        uint8_t value;
    } changes6[] = {
        {5, 200},   /* longer than the packet */
        {41, 200},  /* options longer than the packet */
        {5, 7},     /* no room for the options */
        {60, 0x40}, /* TCP: a header of 16 bytes */
    };
    for (size_t i = 0; i < sizeof changes6 / sizeof changes6[0]; i++) {
        made_one(MADE_RAW, true);
        packet.p[changes6[i].at] = changes6[i].value;
        if (read_whole(MADE_RAW) != CAP_MALFORMED)
            fail_msg("change %zu: kind %d", i, (int)read_whole(MADE_RAW));
    }
}

static void chains_of_headers_end(void **state)
{
    (void)state;
    uint8_t chain[40 + 16 * 8] = {0x60, [5] = 16 * 8};
    for (size_t i = 0; i < 16; i++)
        chain[40 + 8 * i] = 60; /* one destination option after another */
    cap_kind kind =
        cap_packet_read(CAP_LINK_RAW, (hf_bytes){chain, sizeof chain}, sizeof chain, &segment);
    assert_int_equal(kind, CAP_MALFORMED);
}

static void other_traffic_is_told_apart(void **state)
{
    (void)state;
    made_one(MADE_RAW, false);
    packet.p[9] = 17; /* UDP */
    assert_int_equal(read_whole(MADE_RAW), CAP_OTHER);
    made_one(MADE_RAW, true);
    packet.p[40] = 58; /* ICMPv6 */
    assert_int_equal(read_whole(MADE_RAW), CAP_OTHER);
    made_one(MADE_ETHERNET, false);
    packet.p[12] = 0x08;
    packet.p[13] = 0x06; /* ARP */
    assert_int_equal(read_whole(MADE_ETHERNET), CAP_OTHER);
    made_one(MADE_NULL, false);
    packet.p[0] = 7;
    assert_int_equal(read_whole(MADE_NULL), CAP_OTHER);
    made_one(MADE_RAW, false);
    packet.p[0] = 0x75;
    assert_int_equal(read_whole(MADE_RAW), CAP_OTHER);
    made_one(MADE_RAW, false);
    packet.p[6] = 0x20; /* more fragments */
    assert_int_equal(read_whole(MADE_RAW), CAP_FRAGMENT);
    packet.p[6] = 0;
    packet.p[7] = 1; /* not the first */
    assert_int_equal(read_whole(MADE_RAW), CAP_FRAGMENT);
}

static void any_byte_may_be_any_value(void **state)
{
    (void)state;
    for (made_link link = MADE_ETHERNET; link <= MADE_RAW; link++)
        for (int ip6 = 0; ip6 < 2; ip6++)
            for (size_t at = 0; at < 90; at++)
                for (unsigned v = 0; v < 256; v++) {
                    made_one(link, ip6 != 0);
                    if (at >= packet.n - 5)
                        break;
                    packet.p[at] = (uint8_t)v;
                    cap_kind kind =
                        cap_packet_read(links[link], hf_buf_bytes(&packet), packet.n, &segment);
                    if (kind == CAP_SEGMENT)
                        assert_true(segment.payload.n <= segment.length &&
                                    segment.length <= packet.n);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_link_and_both_versions),
        cmocka_unit_test(padding_of_short_frames_is_no_data),
        cmocka_unit_test(a_card_that_cuts_up_leaves_the_length_open),
        cmocka_unit_test(what_was_not_captured_shows_in_the_length),
        cmocka_unit_test(an_atomic_fragment_header_is_stepped_over),
        cmocka_unit_test(addresses_are_written_as_rfc_5952_says),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(lengths_that_cannot_be_are_refused),
        cmocka_unit_test(chains_of_headers_end),
        cmocka_unit_test(other_traffic_is_told_apart),
        cmocka_unit_test(any_byte_may_be_any_value),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
