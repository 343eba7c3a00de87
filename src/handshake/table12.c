/* table12.c: the order of a TLS 1.2 handshake, RFC 5246 section 7.3, as data. It is the handshake
 * of the textbooks: ChangeCipherSpec is a row like any message, so that none can come early
 * (CVE-2014-0224) or be left out.
 *
 * With RSA key transport there is no ServerKeyExchange, and the chain is judged behind
 * ServerHelloDone: until then a CertificateStatus may still come.
 *
 * Both roles come here once the hellos have settled the version: a server behind ClientHello, a
 * client behind ServerHello. */
#include "handshake/handshake.h"

#define C   HF_BY_CLIENT
#define S   HF_BY_SERVER
#define ANY HF_BY_BOTH

/* clang-format off */
const hf_row hf_table12[] = {
/*   message                     by   how       needs                            unless                         learns        build                      judge                      work                    after                       section */
    {HF_MSG_CLIENT_HELLO,        C,   HF_ALIGN, 0,                               0,                             HF_F_HELLO,   hf_c13_build_hello,        hf_s13_judge_hello,        NULL,                   NULL,                       "7.4.1.2"},
    {HF_MSG_NONE,                S,   HF_MUST,  0,                               0,                             0,            NULL,                      NULL,                      hf_hs_ask_application,  hf_hs_application_answered, "7.4.1.2"},
    {HF_MSG_NONE,                S,   HF_MUST,  0,                               0,                             0,            NULL,                      NULL,                      hf_s12_choose,          NULL,                       "7.4.1.3"},
    {HF_MSG_NONE,                S,   HF_MUST,  0,                               0,                             0,            NULL,                      NULL,                      hf_s12_find_session,    hf_s12_judge_session,       "RFC 5077 section 3.4"},
    {HF_MSG_SERVER_HELLO,        S,   HF_MUST,  0,                               0,                             0,            hf_s12_build_hello,        hf_c13_judge_hello,        NULL,                   NULL,                       "7.4.1.3"},
    {HF_MSG_CERTIFICATE,         S,   HF_MUST,  0,                               HF_F_RESUMED,                  0,            hf_12_build_certificate,   hf_12_judge_certificate,   NULL,                   NULL,                       "7.4.2"},
    {HF_MSG_CERTIFICATE_STATUS,  S,   HF_MAY,   HF_F_STATUS,                     HF_F_RESUMED,                  0,            hf_s12_build_status,       hf_c12_judge_status,       NULL,                   NULL,                       "7.4.2"},
    {HF_MSG_NONE,                S,   HF_MUST,  0,                               HF_F_RESUMED | HF_F_TRANSPORT, 0,            NULL,                      NULL,                      hf_s12_make_share,      NULL,                       "7.4.3"},
    {HF_MSG_NONE,                S,   HF_MUST,  0,                               HF_F_RESUMED | HF_F_TRANSPORT, 0,            NULL,                      NULL,                      hf_s12_sign_share,      hf_13_signed,               "7.4.3"},
    {HF_MSG_SERVER_KEY_EXCHANGE, S,   HF_MUST,  0,                               HF_F_RESUMED | HF_F_TRANSPORT, 0,            hf_s12_build_key_exchange, hf_c12_judge_key_exchange, NULL,                   NULL,                       "7.4.3"},
    {HF_MSG_NONE,                C,   HF_MUST,  0,                               HF_F_RESUMED | HF_F_TRANSPORT, 0,            NULL,                      NULL,                      hf_13_verify_chain,     hf_13_chain_verified,       "7.4.2"},
    {HF_MSG_NONE,                C,   HF_MUST,  0,                               HF_F_RESUMED | HF_F_TRANSPORT, 0,            NULL,                      NULL,                      hf_13_verify_signature, hf_12_signature_verified,   "7.4.3"},
    {HF_MSG_CERTIFICATE_REQUEST, S,   HF_MAY,   0,                               HF_F_RESUMED,                  HF_F_REQUEST, hf_s12_build_request,      hf_c12_judge_request,      NULL,                   hf_c13_after_request,       "7.4.4"},
    {HF_MSG_SERVER_HELLO_DONE,   S,   HF_ALIGN, 0,                               HF_F_RESUMED,                  0,            hf_s12_build_done,         hf_c12_judge_done,         NULL,                   NULL,                       "7.4.5"},
    {HF_MSG_NONE,                C,   HF_MUST,  HF_F_TRANSPORT,                  HF_F_RESUMED,                  0,            NULL,                      NULL,                      hf_13_verify_chain,     hf_13_chain_verified,       "7.4.2"},
    {HF_MSG_CERTIFICATE,         C,   HF_MUST,  HF_F_REQUEST,                    HF_F_RESUMED,                  0,            hf_12_build_certificate,   hf_12_judge_certificate,   NULL,                   NULL,                       "7.4.6"},
    {HF_MSG_NONE,                S,   HF_MUST,  HF_F_CLIENT_CERT,                HF_F_RESUMED,                  0,            NULL,                      NULL,                      hf_13_verify_chain,     hf_13_chain_verified,       "7.4.6"},
    {HF_MSG_NONE,                C,   HF_MUST,  0,                               HF_F_RESUMED | HF_F_TRANSPORT, 0,            NULL,                      NULL,                      hf_c12_agree,           NULL,                       "7.4.7"},
    {HF_MSG_NONE,                C,   HF_MUST,  HF_F_TRANSPORT,                  HF_F_RESUMED,                  0,            NULL,                      NULL,                      hf_c12_encrypt_secret,  NULL,                       "7.4.7"},
    {HF_MSG_CLIENT_KEY_EXCHANGE, C,   HF_MUST,  0,                               HF_F_RESUMED | HF_F_TRANSPORT, 0,            hf_c12_build_key_exchange, hf_s12_judge_key_exchange, NULL,                   NULL,                       "7.4.7"},
    {HF_MSG_CLIENT_KEY_EXCHANGE, C,   HF_MUST,  HF_F_TRANSPORT,                  HF_F_RESUMED,                  0,            hf_c12_build_encrypted,    hf_s12_judge_encrypted,    NULL,                   NULL,                       "7.4.7"},
    {HF_MSG_NONE,                S,   HF_MUST,  0,                               HF_F_RESUMED | HF_F_TRANSPORT, 0,            NULL,                      NULL,                      hf_s12_agree,           NULL,                       "7.4.7"},
    {HF_MSG_NONE,                S,   HF_MUST,  HF_F_TRANSPORT,                  HF_F_RESUMED,                  0,            NULL,                      NULL,                      hf_s12_decrypt_secret,  NULL,                       "7.4.7"},
    {HF_MSG_NONE,                ANY, HF_MUST,  0,                               HF_F_RESUMED,                  0,            NULL,                      NULL,                      NULL,                   hf_12_derive,               "8.1"},
    {HF_MSG_NONE,                C,   HF_MUST,  HF_F_CLIENT_CERT,                HF_F_RESUMED,                  0,            NULL,                      NULL,                      hf_12_sign_messages,    hf_13_signed,               "7.4.8"},
    {HF_MSG_CERTIFICATE_VERIFY,  C,   HF_MUST,  HF_F_REQUEST | HF_F_CLIENT_CERT, HF_F_RESUMED,                  0,            hf_13_build_verify,        hf_12_judge_verify,        NULL,                   NULL,                       "7.4.8"},
    {HF_MSG_NONE,                S,   HF_MUST,  HF_F_CLIENT_CERT,                HF_F_RESUMED,                  0,            NULL,                      NULL,                      hf_13_verify_signature, hf_12_signature_verified,   "7.4.8"},
    {HF_MSG_CHANGE_CIPHER_SPEC,  C,   HF_ALIGN, 0,                               HF_F_RESUMED,                  0,            NULL,                      NULL,                      NULL,                   hf_12_change_client_keys,   "7.1"},
    {HF_MSG_FINISHED,            C,   HF_ALIGN, 0,                               HF_F_RESUMED,                  0,            hf_12_build_finished,      hf_12_judge_finished,      NULL,                   NULL,                       "7.4.9"},
    {HF_MSG_NONE,                S,   HF_MUST,  HF_F_TICKET,                     HF_F_RESUMED,                  0,            NULL,                      NULL,                      hf_s12_seal_ticket,     hf_s12_ticket_sealed,       "RFC 5077 section 3.3"},
    {HF_MSG_NEW_SESSION_TICKET,  S,   HF_MUST,  HF_F_TICKET,                     HF_F_RESUMED,                  0,            hf_s12_build_ticket,       hf_c12_judge_ticket,       NULL,                   NULL,                       "RFC 5077 section 3.3"},
    {HF_MSG_CHANGE_CIPHER_SPEC,  S,   HF_ALIGN, 0,                               HF_F_RESUMED,                  0,            NULL,                      NULL,                      NULL,                   hf_12_change_server_keys,   "7.1"},
    {HF_MSG_FINISHED,            S,   HF_ALIGN, 0,                               HF_F_RESUMED,                  0,            hf_12_build_finished,      hf_12_judge_finished,      NULL,                   hf_12_complete,             "7.4.9"},

/*  a session that goes on: the server's Finished comes first */
    {HF_MSG_NONE,                ANY, HF_MUST,  HF_F_RESUMED,                    0,                             0,            NULL,                      NULL,                      NULL,                   hf_12_resume,               "7.3"},
    {HF_MSG_NONE,                S,   HF_MUST,  HF_F_RESUMED | HF_F_TICKET,      0,                             0,            NULL,                      NULL,                      hf_s12_seal_ticket,     hf_s12_ticket_sealed,       "RFC 5077 section 3.3"},
    {HF_MSG_NEW_SESSION_TICKET,  S,   HF_MUST,  HF_F_RESUMED | HF_F_TICKET,      0,                             0,            hf_s12_build_ticket,       hf_c12_judge_ticket,       NULL,                   NULL,                       "RFC 5077 section 3.3"},
    {HF_MSG_CHANGE_CIPHER_SPEC,  S,   HF_ALIGN, HF_F_RESUMED,                    0,                             0,            NULL,                      NULL,                      NULL,                   hf_12_change_server_keys,   "7.1"},
    {HF_MSG_FINISHED,            S,   HF_ALIGN, HF_F_RESUMED,                    0,                             0,            hf_12_build_finished,      hf_12_judge_finished,      NULL,                   NULL,                       "7.4.9"},
    {HF_MSG_CHANGE_CIPHER_SPEC,  C,   HF_ALIGN, HF_F_RESUMED,                    0,                             0,            NULL,                      NULL,                      NULL,                   hf_12_change_client_keys,   "7.1"},
    {HF_MSG_FINISHED,            C,   HF_ALIGN, HF_F_RESUMED,                    0,                             0,            hf_12_build_finished,      hf_12_judge_finished,      NULL,                   hf_12_complete,             "7.4.9"},
};
/* clang-format on */

const size_t hf_table12_rows = sizeof(hf_table12) / sizeof(hf_table12[0]);
