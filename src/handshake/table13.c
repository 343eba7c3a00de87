/* table13.c: the order of a TLS 1.3 handshake, RFC 9846 section 2 and Appendix A, as data.
 *
 * Rows with HF_MSG_NONE are local work, of the role that has it: key agreement, signing, checking,
 * and changing keys. */
#include "handshake/handshake.h"

#define C   HF_BY_CLIENT
#define S   HF_BY_SERVER
#define ANY HF_BY_BOTH

/* clang-format off */
const hf_row hf_table13[] = {
/*   message                      by   how                 needs             unless    learns            build                     judge                      work                   after                      section */
    {HF_MSG_NONE,                 C,   HF_MUST,            0,                0,        0,                NULL,                     NULL,                      hf_c13_make_shares,    hf_c13_take_shares,        "4.3.8"},
    {HF_MSG_CLIENT_HELLO,         C,   HF_ALIGN,           0,                0,        HF_F_HELLO,       hf_c13_build_hello,       hf_s13_judge_hello,        NULL,                  hf_c13_after_hello,        "4.2.2"},
    {HF_MSG_NONE,                 S,   HF_MUST,            0,                0,        0,                NULL,                     NULL,                      hf_hs_ask_application, hf_hs_application_answered, "4.2.2"},
    {HF_MSG_NONE,                 S,   HF_MUST,            0,                0,        0,                NULL,                     NULL,                      hf_s13_seek_external,  hf_s13_external_found,     "4.3.11"},
    {HF_MSG_NONE,                 S,   HF_MUST,            0,                0,        0,                NULL,                     NULL,                      hf_s13_choose,         NULL,                      "4.2.1"},
    {HF_MSG_HELLO_RETRY_REQUEST,  S,   HF_MAY | HF_ALIGN,  0,                HF_F_COOKIE, HF_F_RETRY,    hf_s13_build_retry,       hf_c13_judge_retry,        NULL,                  hf_hs_send_ccs,            "4.2.4"},
    {HF_MSG_NONE,                 C,   HF_MUST,            HF_F_RETRY,       0,        0,                NULL,                     NULL,                      hf_c13_make_shares,    hf_c13_take_shares,        "4.3.8"},
    {HF_MSG_CLIENT_HELLO,         C,   HF_ALIGN,           HF_F_RETRY,       HF_F_COOKIE, 0,             hf_c13_build_second_hello, hf_s13_judge_second_hello, NULL,                 NULL,                      "4.2.2"},
    {HF_MSG_NONE,                 S,   HF_MUST,            HF_F_RETRY,       0,        0,                NULL,                     NULL,                      hf_s13_choose_again,   NULL,                      "4.2.4"},
    {HF_MSG_NONE,                 S,   HF_MUST,            0,                0,        0,                NULL,                     NULL,                      hf_s13_open_ticket,    hf_s13_judge_ticket,       "4.3.11"},
    {HF_MSG_NONE,                 S,   HF_MUST,            0,                0,        0,                NULL,                     NULL,                      hf_s13_take_external,  NULL,                      "4.3.11"},
    {HF_MSG_NONE,                 S,   HF_MUST,            HF_F_PSK,         0,        0,                NULL,                     NULL,                      hf_s13_ask_early,      hf_s13_take_early,         "8.2"},
    {HF_MSG_NONE,                 S,   HF_MUST,            0,                0,        0,                NULL,                     NULL,                      hf_s13_agree,          NULL,                      "7.4"},
    {HF_MSG_SERVER_HELLO,         S,   HF_ALIGN,           0,                0,        0,                hf_s13_build_hello,       hf_c13_judge_hello,        NULL,                  hf_s13_after_hello,        "4.2.3"},
    {HF_MSG_NONE,                 C,   HF_MUST,            0,                0,        0,                NULL,                     NULL,                      hf_c13_agree,          NULL,                      "7.4"},
    {HF_MSG_NONE,                 ANY, HF_MUST,            0,                0,        0,                NULL,                     NULL,                      NULL,                  hf_hs_install_handshake_keys, "7.1"},
    {HF_MSG_ENCRYPTED_EXTENSIONS, S,   HF_MUST,            0,                0,        0,                hf_s13_build_extensions,  hf_c13_judge_extensions,   NULL,                  hf_c13_after_extensions,   "4.4.1"},
    {HF_MSG_CERTIFICATE_REQUEST,  S,   HF_MAY,             0,                HF_F_PSK, HF_F_REQUEST,     hf_s13_build_request,     hf_c13_judge_request,      NULL,                  hf_c13_after_request,      "4.4.2"},
    {HF_MSG_COMPRESSED_CERTIFICATE, S, HF_MAY,             HF_F_SERVER_MAY_COMPRESS, HF_F_PSK, HF_F_SERVER_COMPRESSED, hf_13_build_compressed, hf_13_judge_compressed, NULL,                 hf_13_expand,              "RFC 8879 section 4"},
    {HF_MSG_CERTIFICATE,          S,   HF_MUST,            0,                HF_F_PSK | HF_F_SERVER_COMPRESSED, 0,                hf_13_build_certificate,  hf_13_judge_certificate,   NULL,                  NULL,                      "4.5.1"},
    {HF_MSG_NONE,                 S,   HF_MUST,            0,                HF_F_PSK, 0,                NULL,                     NULL,                      hf_13_sign,            hf_13_signed,              "4.5.2"},
    {HF_MSG_NONE,                 C,   HF_MUST,            0,                HF_F_PSK, 0,                NULL,                     NULL,                      hf_13_verify_chain,    hf_13_chain_verified,      "4.5.1.3"},
    {HF_MSG_CERTIFICATE_VERIFY,   S,   HF_MUST,            0,                HF_F_PSK, 0,                hf_13_build_verify,       hf_13_judge_verify,        NULL,                  NULL,                      "4.5.2"},
    {HF_MSG_NONE,                 C,   HF_MUST,            0,                HF_F_PSK, 0,                NULL,                     NULL,                      hf_13_verify_signature, hf_13_signature_verified, "4.5.2"},
    {HF_MSG_FINISHED,             S,   HF_ALIGN,           0,                0,        0,                hf_13_build_finished,     hf_13_judge_finished,      NULL,                  hf_hs_install_traffic_keys, "4.5.3"},
    {HF_MSG_END_OF_EARLY_DATA,    C,   HF_ALIGN,           HF_F_EARLY,       0,        0,                hf_c13_build_end_of_early, hf_s13_judge_end_of_early, NULL,                 hf_hs_set_client_handshake_keys, "4.6"},
    {HF_MSG_COMPRESSED_CERTIFICATE, C, HF_MAY,             HF_F_REQUEST | HF_F_CLIENT_MAY_COMPRESS, 0, HF_F_CLIENT_COMPRESSED, hf_13_build_compressed, hf_13_judge_compressed, NULL,               hf_13_expand,              "RFC 8879 section 4"},
    {HF_MSG_CERTIFICATE,          C,   HF_MUST,            HF_F_REQUEST,     HF_F_CLIENT_COMPRESSED, 0,                hf_13_build_certificate,  hf_13_judge_certificate,   NULL,                  NULL,                      "4.5.1"},
    {HF_MSG_NONE,                 S,   HF_MUST,            HF_F_CLIENT_CERT, 0,        0,                NULL,                     NULL,                      hf_13_verify_chain,    hf_13_chain_verified,      "4.5.1.3"},
    {HF_MSG_NONE,                 C,   HF_MUST,            HF_F_CLIENT_CERT, 0,        0,                NULL,                     NULL,                      hf_13_sign,            hf_13_signed,              "4.5.2"},
    {HF_MSG_CERTIFICATE_VERIFY,   C,   HF_MUST,            HF_F_REQUEST | HF_F_CLIENT_CERT, 0, 0,         hf_13_build_verify,       hf_13_judge_verify,        NULL,                  NULL,                      "4.5.2"},
    {HF_MSG_NONE,                 S,   HF_MUST,            HF_F_CLIENT_CERT, 0,        0,                NULL,                     NULL,                      hf_13_verify_signature, hf_13_signature_verified, "4.5.2"},
    {HF_MSG_FINISHED,             C,   HF_ALIGN,           0,                0,        0,                hf_13_build_finished,     hf_13_judge_finished,      NULL,                  hf_hs_complete,            "4.5.3"},
    {HF_MSG_NONE,                 S,   HF_MUST,            0,                0,        0,                NULL,                     NULL,                      hf_s13_seal_ticket,    hf_s13_ticket_sealed,      "4.7.1"},
};
/* clang-format on */

const size_t hf_table13_rows = sizeof(hf_table13) / sizeof(hf_table13[0]);
