/* trace.h: what happened on a connection, event by event, byte for byte.
 *
 * A trace is a callback that a config carries. Nothing in it is needed for function, and without
 * one a connection pays a predictable branch. Events come in order, on the thread that calls into
 * the connection, and everything they point to is good during the call only. Events carry no clock:
 * whoever wants times reads a clock in the callback.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 */
#ifndef HANDFAST_TRACE_H
#define HANDFAST_TRACE_H

#include <handfast/base.h>
#include <handfast/provider.h>
#include <handfast/x509.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hf_conn hf_conn;

typedef enum hf_trace_kind {
    HF_TRACE_RECORD,      /* one record on the wire, both forms */
    HF_TRACE_MESSAGE,     /* one whole handshake message (or change_cipher_spec) begins ... */
    HF_TRACE_FIELD,       /* ... its fields, in order, nested by OPEN and CLOSE ... */
    HF_TRACE_MESSAGE_END, /* ... and ends */
    HF_TRACE_ALERT,       /* an alert was sent or received */
    HF_TRACE_CHOICE,      /* something was negotiated: what, among what, by which rule */
    HF_TRACE_SECRET,      /* a secret or key was derived, from what */
    HF_TRACE_CHECK,       /* one check of certificate verification */
    HF_TRACE_JOB,         /* a job was submitted, or its result taken */
    HF_TRACE_STATE,       /* the handshake reached a row of its table */
    HF_TRACE_ERROR,       /* the connection failed */
    HF_TRACE_PATH,        /* a candidate path of certificates was left, or accepted */
} hf_trace_kind;

typedef enum hf_trace_field_kind {
    HF_TRACE_NUMBER, /* `value` holds it */
    HF_TRACE_BYTES,
    HF_TRACE_LENGTH, /* the length prefix of what follows; `value` holds it */
    HF_TRACE_OPEN,   /* fields of a vector or struct follow, one level deeper */
    HF_TRACE_CLOSE,
} hf_trace_field_kind;

/* One record. */
typedef struct hf_trace_record_event {
    uint8_t type;       /* ContentType on the wire */
    uint8_t inner_type; /* ContentType inside, the same when not encrypted */
    bool encrypted;
    const char *key;    /* "client handshake traffic", ... or NULL when not encrypted */
    uint64_t sequence;  /* record sequence number under that key */
    hf_bytes wire;      /* the record as sent, header included; for an encrypted record in:
                           header only, as it was opened in place */
    size_t wire_len;    /* length on the wire, header included */
    hf_bytes plaintext; /* content without type and padding */
    size_t padding;     /* bytes of padding */
} hf_trace_record_event;

/* One handshake message, whole. */
typedef struct hf_trace_message_event {
    uint8_t type;     /* HandshakeType; 254 stands for change_cipher_spec */
    const char *name; /* "ClientHello" */
    hf_bytes bytes;   /* with its four-byte header */
} hf_trace_message_event;

/* One field of the message that was begun last. */
typedef struct hf_trace_field_event {
    hf_trace_field_kind kind;
    const char *name;
    size_t offset, length; /* in message.bytes */
    uint64_t value;
    const uint8_t *data; /* `length` bytes, or NULL */
    const char *meaning; /* the name of a code point ("TLS_AES_128_GCM_SHA256"), or NULL */
} hf_trace_field_event;

/* An alert, RFC 9846 section 6. */
typedef struct hf_trace_alert_event {
    uint8_t level, description;
} hf_trace_alert_event;

/* A negotiation and its outcome. */
typedef struct hf_trace_choice_event {
    const char *what; /* "version", "cipher suite", "group", "signature scheme", "ALPN",
                         "certificate" */
    const char *offered, *supported, *chosen; /* names joined by spaces; good during the call */
    const char *rule;                         /* why, in words */
} hf_trace_choice_event;

/* A secret and where it came from. */
typedef struct hf_trace_secret_event {
    const char *name;  /* as in the key log where it has a name there, else RFC's words */
    const char *from;  /* what it was derived from */
    const char *label; /* HKDF label, or NULL */
    hf_bytes context;  /* transcript hash or other context */
    hf_bytes bytes;    /* the secret itself: empty unless secrets were asked for */
} hf_trace_secret_event;

/* A job, see provider.h. */
typedef struct hf_trace_job_event {
    hf_job_kind job;
    const char *name; /* "sign ecdsa_secp256r1_sha256" */
    bool done;        /* false: submitted; true: its result was taken */
    hf_status status;
} hf_trace_job_event;

/* A place in the handshake's table. */
typedef struct hf_trace_state_event {
    const char *name;    /* "waiting for Certificate" */
    const char *section; /* "RFC 9846 section 4.5.1" */
} hf_trace_state_event;

typedef struct hf_event {
    hf_trace_kind kind;
    bool sent; /* by this side; else received */
    union {
        hf_trace_record_event record;
        hf_trace_message_event message;
        hf_trace_field_event field;
        hf_trace_alert_event alert;
        hf_trace_choice_event choice;
        hf_trace_secret_event secret;
        const hf_check *check;
        const hf_verify_path *path;
        hf_trace_job_event job;
        hf_trace_state_event state;
        const hf_error *error;
    };
} hf_event;

typedef struct hf_trace {
    void (*event)(void *ctx, const hf_conn *conn, const hf_event *event);
    void *ctx;
    bool secrets; /* give the bytes of secrets too: whoever has them reads the connection */
} hf_trace;

#ifdef __cplusplus
}
#endif
#endif
