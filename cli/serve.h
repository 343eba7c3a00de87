/* serve.h: what the files of `handfast serve` share: the server, its connections, a response.
 *
 * One thread runs everything but TLS jobs (with --threads) and reads of files that are not in
 * memory: nothing here waits. Each connection has its own hf_conn, at most one response under way,
 * and asks the kernel for no more bytes than it has room for. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "cli/cli.h"
#include "cli/http_request.h"
#include "cli/tickets.h"

#include <pthread.h>
#include <uv.h>

/* ---- a response (serve_respond.c) ---- */

typedef struct serve_site {
    int root;  /* descriptor of the folder */
    bool list; /* folders without index.html are listed */
    bool echo; /* PUT and POST to /.echo answer with what came */
} serve_site;

typedef struct serve_response {
    unsigned status;
    char *head; /* status line, header section, and content that is in memory; owned */
    size_t head_len, head_at;
    size_t content_len; /* bytes of content in head */
    int file;           /* where the rest of the content is, or -1; owned */
    uint64_t at, left;  /* next byte of the file, and how many are still to go */
    bool close;         /* the connection ends after this response */
} serve_response;

/* Answers a complete request for a file. Never fails: what goes wrong becomes a status. Only when
 * memory runs out is head NULL. */
void serve_respond(const serve_site *site, const http_request *r, bool keep_alive, int64_t now_s,
                   serve_response *out);

/* Answers with a small page that says the status and `why`. `extra` is header lines, each with its
 * CRLF, or "". */
void serve_respond_error(unsigned status, const char *why, const char *extra, bool head_only,
                         bool keep_alive, int64_t now_s, serve_response *out);

/* Answers with `content`, of the media type `type`; `extra` as above. */
void serve_respond_bytes(const char *type, hf_bytes content, const char *extra, unsigned status,
                         bool head_only, bool keep_alive, int64_t now_s, serve_response *out);

/* Answers with text. */
void serve_respond_text(const char *text, bool keep_alive, int64_t now_s, serve_response *out);

void serve_response_free(serve_response *r);

/* ---- the server (serve.c) ---- */

typedef struct serve_conn serve_conn;
typedef struct serve_listener serve_listener;
typedef struct serve_explain serve_explain;

enum { SERVE_CHUNK = 65536 };

typedef struct serve {
    cli *c;
    serve_site site;
    hf_config *config;      /* of new connections; old ones hold theirs */
    hf_config *config_12;   /* the same for TLS 1.2 alone; NULL without --explain */
    serve_explain *explain; /* NULL without --explain */
    cli_tickets tickets;    /* of every config */
    hf_pool *pool;          /* with --threads, else NULL */
    hf_keypairs *keypairs;  /* made ahead, one for each turn of the loop that finds it not full */
    int64_t handshake_ms, idle_ms, grace_ms;
    unsigned max_connections;
    bool door_12;          /* --explain opens one more port, for TLS 1.2 alone */
    bool local;            /* the certificate is the local authority's */
    const char *names[20]; /* that the local certificate is for; NULL-terminated */

    char ca_path[4096]; /* of the local authority */

    uv_loop_t loop;
    uv_timer_t sweep, renewal;
    uv_idle_t idle; /* runs while there are key pairs to make */
    uv_signal_t signals[3];
    uv_async_t wake; /* a job ended on another thread */
    serve_listener *listeners;
    size_t listener_count;
    bool accepting, stopping, ended;
    int64_t stop_by_ms;

    serve_conn *connections; /* in use, doubly linked */
    serve_conn *unused;      /* slots to use again: a late job may still name one */
    unsigned count;
    pthread_mutex_t ready_lock;
    serve_conn *ready; /* connections whose job ended; under ready_lock */

    uint8_t chunk[SERVE_CHUNK]; /* of a file, on its way into records */
} serve;

/* Called when a connection is gone: accepts again, or ends the loop when the server is stopping. */
void serve_conn_gone(serve *s);

/* A handshake is over and may have taken a key pair: makes others, between other work. */
void serve_make_keypairs(serve *s);

/* ---- connections (serve_conn.c) ---- */

/* Takes the socket over (closes it on failure). `peer` is its address as text. */
void serve_conn_start(serve *s, hf_config *config, int fd, const char *peer);

/* The connection that has been idle for longest is closed to make room; false when none is idle. */
bool serve_conn_evict(serve *s);

/* Acts on deadlines that have passed. */
void serve_conn_sweep(serve *s, int64_t now_ms);

/* Idle connections are closed, the others end with their present response. */
void serve_conn_stop_all(serve *s);
void serve_conn_drop_all(serve *s);

/* Connections whose job ended on another thread go on. */
void serve_conn_run_ready(serve *s);

/* Gives the slots' memory back; after the loop ended. */
void serve_conn_free_slots(serve *s);

#endif
