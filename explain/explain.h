/* explain.h: a connection that tells what it did. Events in (trace.h), a document out: as text for
 * a terminal, or as JSON for programs and for keeping.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 *
 * Use: hf_explain_new, give hf_explain_trace to hf_config_trace, connect, hf_explain_finish,
 * render, hf_explain_free. One recorder holds one connection: the first that reports. A server with
 * many makes one recorder for each and calls hf_explain_event from a callback of its own.
 *
 * What is kept is bounded: what does not fit is counted and said in the document, never silently
 * missing. Running out of memory is treated the same way: recording never fails a connection.
 * Secrets are kept only when asked for; what was kept is wiped when it is freed.
 */
#ifndef HANDFAST_EXPLAIN_H
#define HANDFAST_EXPLAIN_H

#include <handfast/handfast.h>
#include <stdio.h>

typedef struct hf_explain hf_explain;

/* All zero is a good default. */
typedef struct hf_explain_options {
    size_t memory;         /* bytes kept at most; 0: 8 MiB. A quarter at most is application data */
    bool secrets;          /* keep the bytes of secrets: whoever reads them reads the connection */
    bool application_data; /* keep the bytes of application data, not just their number */
    int64_t (*now_ns)(void *ctx);           /* NULL: CLOCK_MONOTONIC */
    void *(*allocate)(void *ctx, size_t n); /* NULL: malloc. The memory need not be zeroed */
    void (*release)(void *ctx, void *p);    /* NULL: free. Set both or none */
    void *ctx;                              /* for the three above */
} hf_explain_options;

/* NULL when memory ran out. `options` is copied and may be NULL. */
hf_explain *hf_explain_new(const hf_explain_options *options);
void hf_explain_free(hf_explain *x); /* NULL is fine */

/* The trace to give to hf_config_trace; good as long as `x`. */
const hf_trace *hf_explain_trace(hf_explain *x);

/* Records one event. Copies all that it keeps. */
void hf_explain_event(hf_explain *x, const hf_conn *conn, const hf_event *event);

/* What was connected to ("example.test:443"), for the heading. */
void hf_explain_set_target(hf_explain *x, const char *target);

/* The recording is of others' connection, seen from outside, that began at `started_s` (seconds
 * since 1970): `sent` means by the client, and the verdict claims nothing that only the two ends
 * know. To be called before the first event. */
void hf_explain_set_observed(hf_explain *x, int64_t started_s);

/* A remark on the recording as a whole, shown with the verdict. Copied. */
void hf_explain_note(hf_explain *x, const char *text);

/* Ends the recording: what was agreed in the end (may be NULL) and the failure (may be NULL, or
 * HF_OK inside). An error that came as an event already is kept unless this one says more. */
void hf_explain_finish(hf_explain *x, const hf_info *info, const hf_error *error);

/* True when the recorded connection failed. */
bool hf_explain_failed(const hf_explain *x);

/* True when the document was made with secrets (or was read from one that says so): whoever reads
 * it can read the connection. */
bool hf_explain_has_secrets(const hf_explain *x);

/* Where rendered bytes go; `write` returns false to stop. */
typedef struct hf_explain_sink {
    bool (*write)(void *ctx, const char *p, size_t n);
    void *ctx;
} hf_explain_sink;

/* A sink that is a FILE. */
hf_explain_sink hf_explain_sink_file(FILE *file);

typedef struct hf_explain_text {
    int level;     /* 0: the main things; 1: every field with its meaning; 2: the bytes too */
    bool color;    /* ANSI colours */
    int64_t now_s; /* "days left" counts from here; 0: from the recording's own time */
} hf_explain_text;

/* Both return HF_E_FILE when the sink stopped, else HF_OK. Lines are at most 80 columns wide, and
 * nothing that a peer sent reaches the terminal unescaped. `how` may be NULL. */
hf_status hf_explain_render_text(const hf_explain *x, hf_explain_sink out,
                                 const hf_explain_text *how);
/* One object, format "handfast-explain", version 1: docs/EXPLAIN.md. */
hf_status hf_explain_render_json(const hf_explain *x, hf_explain_sink out);

/* All zero is a page of one connection, for a file. */
typedef struct hf_explain_html {
    const hf_explain *second; /* to be compared with the first; or NULL */
    /* For a server that sends the page: it asks for recent.json and connection/ID.json beside
     * itself (docs/EXPLAIN.md), and marks its own connection by this number. Else it asks nobody.
     */
    bool live;
    uint64_t connection;
} hf_explain_html;
/* The page: one HTML file that holds all that it needs. `x` NULL is a page that asks for a file;
 * `how` may be NULL. */
hf_status hf_explain_render_html(const hf_explain *x, hf_explain_sink out,
                                 const hf_explain_html *how);

/* Reads what hf_explain_render_json wrote. HF_E_VALUE with field and offset when it is something
 * else, HF_E_OUT_OF_MEMORY. */
hf_status hf_explain_read_json(hf_bytes json, const hf_explain_options *options, hf_explain **out,
                               hf_error *e);

/* ---- two connections compared ---- */

/* All zero is a good default. */
typedef struct hf_explain_diff {
    const char *names[2]; /* what the two are called, such as their files; may be NULL */
    int level;            /* 0: what differs; 1: also what is the same. JSON has both */
    bool color;
} hf_explain_diff;

/* What differs by meaning: how they ended, what was agreed, messages, extensions, certificates,
 * sizes. What is new in every connection (randoms, key shares, times) is no difference. Text is at
 * most 80 columns wide and safe for a terminal; JSON is one object, format
 * "handfast-explain-diff", version 1: docs/EXPLAIN.md. `how` may be NULL. HF_E_FILE as above. */
hf_status hf_explain_diff_text(const hf_explain *a, const hf_explain *b, hf_explain_sink out,
                               const hf_explain_diff *how);
hf_status hf_explain_diff_json(const hf_explain *a, const hf_explain *b, hf_explain_sink out,
                               const hf_explain_diff *how);

/* ---- events as they come: one JSON object a line ---- */

/* State for hf_explain_lines_trace; the caller's, and must outlive the configs that use it. */
typedef struct hf_explain_lines {
    FILE *file;                   /* not closed here */
    bool secrets;                 /* write the bytes of secrets */
    int64_t (*now_ns)(void *ctx); /* NULL: CLOCK_MONOTONIC */
    void *ctx;
    int64_t start_ns; /* set by hf_explain_lines_trace */
} hf_explain_lines;

/* A trace that writes each event as a line of JSON to lines->file, whole lines even when several
 * threads report. Allocates nothing. A failed write shows in ferror(lines->file). */
hf_trace hf_explain_lines_trace(hf_explain_lines *lines);

/* ---- the table of words ---- */

/* What a message, a field, an extension, an alert or a check is. All text is static; `why` and
 * `attack` may be "". */
typedef struct hf_explain_word {
    const char *name;    /* as in the standard */
    const char *what;    /* one plain sentence */
    const char *why;     /* why it exists */
    const char *attack;  /* the attack that it stops */
    const char *section; /* "RFC 9846 section 4.2.2" */
} hf_explain_word;

/* NULL when the table has no such name. */
const hf_explain_word *hf_explain_word_find(const char *name);
/* Entry `i`, in the table's order; NULL past the end. */
const hf_explain_word *hf_explain_word_at(size_t i);
/* The whole table as one JSON object: name -> {what, why, attack, section}. */
hf_status hf_explain_render_words(hf_explain_sink out);

#endif
