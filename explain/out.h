/* out.h: putting text into a sink: safe characters, colours, columns, and JSON. Inside explain/. */
#ifndef HF_EXPLAIN_OUT_H
#define HF_EXPLAIN_OUT_H

#include "explain/explain.h"

enum { EX_WIDTH = 80, EX_JSON_DEPTH = 16 };

typedef struct ex_out {
    hf_explain_sink sink;
    bool failed, color;
    size_t column; /* characters on the present line, escapes for colour not counted */
    size_t n;
    bool comma[EX_JSON_DEPTH];
    unsigned depth;
    char pending[1024];
} ex_out;

void ex_out_init(ex_out *o, hf_explain_sink sink);
/* Flushes; HF_E_FILE when the sink ever stopped. */
hf_status ex_out_end(ex_out *o);

/* Text of ours, as it is. */
void ex_put(ex_out *o, const char *text);
void ex_putf(ex_out *o, const char *format, ...) HF_PRINTF(2, 3);
void ex_put_n(ex_out *o, const char *p, size_t n);
void ex_spaces(ex_out *o, size_t n);
void ex_fill(ex_out *o, char c, size_t n);
void ex_to_column(ex_out *o, size_t column);

/* Colours: "1" bold, "31" red, ...; nothing when colour is off. "" ends it. */
void ex_paint(ex_out *o, const char *code);

/* Text that may come from a peer, made safe into `to`: what is no printing character becomes \xNN;
 * cut with "..." when it does not fit. Returns `to`. NULL reads as "". */
char *ex_safe(char *to, size_t size, const char *text);
char *ex_safe_n(char *to, size_t size, const uint8_t *p, size_t n);
/* True when all bytes are printing ASCII. */
bool ex_is_text(const uint8_t *p, size_t n);

/* Words wrapped from the present column, continued at `indent`; ends the line. */
void ex_wrap(ex_out *o, size_t indent, const char *text);

/* "1,512 bytes" / "1 byte"; "12.3 ms"; "1,512". */
char *ex_size_text(char *to, size_t size, uint64_t bytes);
char *ex_time_text(char *to, size_t size, int64_t ns);
char *ex_number_text(char *to, size_t size, uint64_t n);
/* "2026-11-23T22:20:16Z", or the date alone. */
char *ex_date_text(char *to, size_t size, int64_t s, bool with_time);

/* ---- JSON ---- `key` is NULL inside an array */
void ex_json_open(ex_out *o, const char *key, char bracket);
void ex_json_close(ex_out *o, char bracket);
void ex_json_text(ex_out *o, const char *key, const char *text);  /* NULL writes null */
void ex_json_maybe(ex_out *o, const char *key, const char *text); /* NULL and "" write nothing */
void ex_json_bool(ex_out *o, const char *key, bool value);
void ex_json_int(ex_out *o, const char *key, int64_t value);
void ex_json_uint(ex_out *o, const char *key, uint64_t value);
void ex_json_hex(ex_out *o, const char *key, hf_bytes bytes);
void ex_json_time(ex_out *o, const char *key, int64_t ns); /* as microseconds, three decimals */
void ex_json_error(ex_out *o, const char *key, const hf_error *e);
/* Events whose values stand in the document as in a line; into the object that is open. */
void ex_json_alert(ex_out *o, const hf_trace_alert_event *a);
void ex_json_choice(ex_out *o, const hf_trace_choice_event *c);

#endif
