/* tls_summary.c: what TLS agreed on, in a few lines of detail. */
#include "cli/tls_summary.h"

#include "cli/session_file.h"

void cli_show_tls(cli *c, hf_stream *s)
{
    hf_info info;
    char subject[256], names[512];
    hf_conn *conn = hf_stream_conn(s);
    const hf_cert *peer = hf_peer_cert(conn, 0);
    hf_conn_info(conn, &info);
    const char *proof = info.resumed ? "resumed" : info.psk ? "pre-shared key" : info.peer_scheme;
    cli_detail(c, 1, "* %s, %s%s%s%s%s", info.version_name != NULL ? info.version_name : "TLS",
               info.suite != NULL ? info.suite : "?", info.group != NULL ? ", " : "",
               info.group != NULL ? info.group : "", proof != NULL ? ", " : "",
               proof != NULL ? proof : "");
    cli_session_tell(c, s);
    if (info.alpn.n > 0)
        cli_detail(c, 1, "* ALPN %.*s", (int)info.alpn.n, (const char *)info.alpn.p);
    if (info.ocsp_stapled || info.scts_sent)
        cli_detail(c, 1, "* stapled: %s%s%s", info.ocsp_stapled ? "OCSP response" : "",
                   info.ocsp_stapled && info.scts_sent ? ", " : "",
                   info.scts_sent ? "certificate timestamps" : "");
    if (peer == NULL)
        return;
    hf_name_text(peer->subject, subject, sizeof subject);
    hf_cert_names_text(peer, names, sizeof names);
    cli_detail(c, 1, "* certificate %s for %s%s", subject, names,
               info.insecure ? " (NOT VERIFIED)" : "");
}
