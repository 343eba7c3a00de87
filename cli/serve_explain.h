/* serve_explain.h: `serve --explain`: each visitor sees his own connection at /.handfast/.
 *
 * Every connection is recorded while it is among the newest SERVE_RECORDS; each record is bounded,
 * and the oldest makes room for a new one, so the whole is bounded too. What is shown to whom:
 *   - a visitor sees the connection over which the page came;
 *   - a visitor from this machine (a loopback address) also sees the list and the other records;
 *   - a visitor from elsewhere sees nothing without --explain-anyone. */
#ifndef CLI_SERVE_EXPLAIN_H
#define CLI_SERVE_EXPLAIN_H

#include "cli/serve.h"

enum { SERVE_RECORDS = 32, SERVE_RECORD_BYTES = 512 * 1024 };

/* NULL when memory ran out. `secrets`: records keep keys and secrets. */
serve_explain *serve_explain_new(bool anyone, bool secrets);
void serve_explain_free(serve_explain *e); /* NULL is fine */

/* The trace for the server's configs; NULL for NULL. */
const hf_trace *serve_explain_trace(serve_explain *e);

/* Where the page leads: the port of all versions, and that of TLS 1.2 alone. */
void serve_explain_set_ports(serve_explain *e, unsigned port, unsigned port_12);

/* A connection begins (its tls is there), is established, failed, is gone. Each does nothing
 * without --explain. */
void serve_explain_begin(serve_conn *k);
void serve_explain_established(serve_conn *k);
void serve_explain_failed(serve_conn *k);
void serve_explain_end(serve_conn *k);

/* Answers the connection's request if it is for what is below /.handfast; else false. */
bool serve_explain_respond(serve_conn *k, bool keep_alive);

#endif
