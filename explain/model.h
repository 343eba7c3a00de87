/* model.h: the document that a recording becomes. Inside explain/ only.
 *
 * Everything lives in one bounded arena and is linked in the order in which it happened. Renderers
 * read it; only record.c writes it.
 */
#ifndef HF_EXPLAIN_MODEL_H
#define HF_EXPLAIN_MODEL_H

#include "explain/explain.h"

/* Handshake message types (RFC 9846 section B.3), and the two that the trace makes up: a
 * HelloRetryRequest is a ServerHello on the wire, ChangeCipherSpec a record of its own. */
enum {
    EX_CLIENT_HELLO = 1,
    EX_SERVER_HELLO = 2,
    EX_CERTIFICATE = 11,
    EX_SERVER_HELLO_DONE = 14,
    EX_CERTIFICATE_VERIFY = 15,
    EX_FINISHED = 20,
    EX_COMPRESSED_CERTIFICATE = 25,
    EX_HELLO_RETRY_REQUEST = 253,
    EX_CHANGE_CIPHER_SPEC = 254
};

typedef struct ex_field {
    struct ex_field *next;
    hf_trace_field_kind kind;
    unsigned depth; /* 0 directly in the message; OPEN and CLOSE stand at their parent's depth */
    const char *name, *meaning; /* meaning may be NULL */
    size_t offset, length;
    uint64_t value;
    const uint8_t *data; /* inside the message's bytes, or NULL */
} ex_field;

typedef struct ex_cert {
    struct ex_cert *next;
    unsigned index;
    bool sent_by_peer, from_store;
    bool parsed; /* `cert` is good */
    hf_bytes der;
    hf_cert cert;
} ex_cert;

typedef struct ex_record {
    uint8_t type, inner_type;
    bool encrypted;
    const char *key;
    uint64_t sequence;
    hf_bytes wire, plaintext; /* .p NULL when not kept */
    size_t wire_len, plaintext_len, padding;
} ex_record;

typedef struct ex_message {
    uint8_t type;
    const char *name;
    hf_bytes bytes;
    size_t length; /* bytes.n may be 0 when they were left out */
    bool ended;    /* all its fields came */
    ex_field *fields, *last;
    unsigned depth;
    const struct ex_step *record; /* the record that carried its end; ex_link */
} ex_message;

typedef hf_trace_choice_event ex_choice;

typedef struct ex_secret {
    const char *name, *from, *label;
    hf_bytes context, bytes;
    size_t length;
    bool redacted;
} ex_secret;

typedef struct ex_check {
    unsigned path, depth;
    const char *name, *section, *value, *limit;
    hf_status result;
    const ex_cert *cert; /* may be NULL */
    bool from_store, advisory;
} ex_check;

/* A candidate path that was left, or accepted. */
typedef struct ex_path {
    unsigned path, count, depth;
    const ex_cert *certs[HF_PATH_MOST]; /* leaf first; NULL where there was no room to keep one */
    const char *check;                  /* which failed; may be NULL */
    hf_status result;
    bool anchored;
} ex_path;

typedef struct ex_job {
    hf_job_kind job;
    const char *name;
    bool done;
    hf_status status;
    int64_t took_ns; /* from submission to result; -1 when unknown */
} ex_job;

typedef struct ex_step {
    struct ex_step *next;
    unsigned index; /* from 0 */
    int64_t t_ns;   /* since the first event */
    hf_trace_kind kind;
    bool sent;
    union {
        ex_record record;
        ex_message message;
        hf_trace_alert_event alert;
        ex_choice choice;
        ex_secret secret;
        ex_check check;
        ex_path path;
        ex_job job;
        hf_trace_state_event state;
        hf_error error;
    };
} ex_step;

/* A remark on the whole. */
typedef struct ex_note {
    struct ex_note *next;
    const char *text;
} ex_note;

typedef struct ex_chunk ex_chunk;

struct hf_explain {
    hf_explain_options options;
    hf_trace trace;
    ex_chunk *chunks;
    size_t used, data_used; /* bytes of the arena; of application data in it */
    bool out_of_memory;
    size_t left_out_events, left_out_bytes, other_connections;

    const hf_conn *conn;
    bool started, finished;
    bool observed; /* from outside */
    ex_note *notes, *last_note;
    int64_t start_ns, end_ns; /* on the recorder's clock; end is relative to start */
    int64_t started_s;        /* time of day of the first event, seconds since 1970; 0 unknown */

    const char *target;
    /* from hf_info, or from a document that was read; NULL or "" where unknown */
    struct {
        bool known, established, hello_retry, peer_authenticated, insecure, resumed;
        const char *version, *suite, *group, *peer_scheme, *own_scheme, *aead_from, *host, *alpn;
    } info;

    ex_step *steps, *last;
    unsigned step_count;
    ex_step *open; /* the message whose fields are coming */
    ex_cert *certs, *last_cert;
    unsigned cert_count;

    bool failed;
    hf_error error;
    int64_t error_ns;
    ex_step *error_message; /* the message in which it failed, or NULL */
};

/* ---- store.c ---- */

/* `n` zeroed bytes aligned to 16; NULL when the limit or the memory is reached. */
void *ex_alloc(hf_explain *x, size_t n);
/* Copies; NULL (or .p NULL) for nothing given, or when there is no room: then counted. */
const char *ex_text(hf_explain *x, const char *text);
hf_bytes ex_bytes(hf_explain *x, hf_bytes bytes);
void ex_wipe(void *p, size_t n);

/* ---- record.c ---- */

/* What was recorded at `t_ns` after the start, in place of the clock (for documents read back). */
void ex_event_at(hf_explain *x, const hf_event *event, int64_t t_ns);
/* Keeps the failure (HF_OK is none) without a step for it. */
void ex_note_error(hf_explain *x, const hf_error *error, int64_t t_ns);
ex_cert *ex_cert_add(hf_explain *x, hf_bytes der);

/* ---- derive.c: questions about a document ---- */

typedef enum ex_side { EX_UNKNOWN, EX_CLIENT, EX_SERVER } ex_side;

/* Which side recorded. */
ex_side ex_role(const hf_explain *x);
/* Who sent the step's bytes. */
ex_side ex_from(const hf_explain *x, const ex_step *s);
/* "client", "server", "this side", "the peer". */
const char *ex_from_name(const hf_explain *x, bool sent);

/* The record that carried a message's last byte; NULL when no record was recorded. */
const ex_step *ex_record_of(const hf_explain *x, const ex_step *message);

typedef struct ex_flight {
    bool sent;
    unsigned index, first, last; /* steps */
    unsigned records;
    uint64_t bytes; /* on the wire */
    int64_t start_ns, end_ns;
} ex_flight;
/* Flight by flight: start with {0} and *at NULL; false at the end. */
bool ex_flight_next(const hf_explain *x, const ex_step **at, ex_flight *flight);

typedef struct ex_totals {
    uint64_t bytes_sent, bytes_received, records_sent, records_received, data_sent, data_received;
    unsigned messages, round_trips, flights;
    bool established; /* a Finished went each way */
} ex_totals;
void ex_totals_of(const hf_explain *x, ex_totals *t);

/* The last choice about `what`, or NULL. */
const ex_choice *ex_choice_of(const hf_explain *x, const char *what);
/* What was agreed about `what` ("version"): hf_info's word where known, else the choice's. */
const char *ex_agreed(const hf_explain *x, const char *what);

/* An encrypted record whose content nobody here knows. */
bool ex_is_closed(const ex_step *s);
bool ex_any_closed(const hf_explain *x);

const char *ex_content_type_name(uint8_t type);
const char *ex_job_name(hf_job_kind kind);
const char *ex_kind_name(hf_trace_kind kind);
const char *ex_field_kind_name(hf_trace_field_kind kind);

/* The field of a message in which byte `offset` lies, the innermost one; NULL when none does. */
const ex_field *ex_field_at(const ex_step *message, size_t offset);

#endif
