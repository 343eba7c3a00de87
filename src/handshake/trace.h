/* trace.h: telling the trace what the engine does. Each function is a cheap no-op without one. */
#ifndef HF_HANDSHAKE_TRACE_H
#define HF_HANDSHAKE_TRACE_H

#include "base/reader.h"
#include "handshake/conn.h"

/* A received message: begin, then give the parser `sink` (NULL without a trace), then end. */
typedef struct hf_message_tracer {
    const hf_conn *conn;
    bool sent;
    hf_field_sink sink;
} hf_message_tracer;
const hf_field_sink *hf_trace_message_begin(hf_message_tracer *t, const hf_conn *c, bool sent,
                                            uint8_t type, hf_bytes message);
void hf_trace_message_end(const hf_message_tracer *t);

/* A message that was built: it is read back by the parser that fits it. */
void hf_trace_message_sent(const hf_conn *c, uint8_t type, hf_bytes message);
/* A change_cipher_spec record, told as a message. */
void hf_trace_ccs(const hf_conn *c, bool sent, hf_bytes content);

void hf_trace_alert(const hf_conn *c, bool sent, uint8_t level, uint8_t description);
void hf_trace_state(const hf_conn *c, const char *name, const char *section);
void hf_trace_job(const hf_conn *c, hf_job_kind kind, const char *name, bool done,
                  hf_status status);
void hf_trace_error(const hf_conn *c, const hf_error *e);
void hf_trace_check(const hf_conn *c, const hf_check *check);
void hf_trace_path(const hf_conn *c, const hf_verify_path *path);

/* `context` and `secret` have `n` bytes each; the secret's go to the trace only if it asked. Also
 * writes the key log's line when `keylog` is its label there. */
void hf_trace_secret(const hf_conn *c, const char *keylog, const char *name, const char *from,
                     const char *label, const uint8_t *client_random, hf_bytes context,
                     hf_bytes secret);

/* What was negotiated. `offered` and `supported` are lists of uint16 as on the wire, named by
 * `namer`. */
void hf_trace_choice(const hf_conn *c, const char *what, hf_bytes offered, hf_bytes supported,
                     const char *(*namer)(uint16_t), const char *chosen, const char *rule);
/* What this side has, as a list for the above: every version, and every suite, of the config. */
typedef struct hf_own_list {
    uint8_t wire[64];
    size_t n;
} hf_own_list;
hf_bytes hf_own_versions(const hf_config *cfg, hf_own_list *list);
hf_bytes hf_own_suites(const hf_config *cfg, hf_own_list *list);
/* The same with the lists as texts (may be NULL). */
void hf_trace_choice_text(const hf_conn *c, const char *what, const char *offered,
                          const char *supported, const char *chosen, const char *rule);

/* The names of a list of uint16, joined by spaces, cut to `size` with "...". GREASE and unknown
 * values as numbers. Returns `text`. */
const char *hf_names_text(hf_bytes list, const char *(*namer)(uint16_t), char *text, size_t size);

#endif
