/* serve_conn.h: one connection of `handfast serve`, as its two files see it: serve_conn.c moves
 * bytes between socket and hf_conn, serve_exchange.c turns them into requests and responses. */
#ifndef CLI_SERVE_CONN_H
#define CLI_SERVE_CONN_H

#include "cli/serve.h"

typedef enum phase {
    PHASE_HANDSHAKE,
    PHASE_IDLE,    /* between requests */
    PHASE_HEADERS, /* a request has begun */
    PHASE_CONTENT, /* its header section is complete */
    PHASE_RESPONSE,
    PHASE_CLOSING, /* the last bytes go out */
    PHASE_LINGER,  /* they are out: wait for the peer to close */
    PHASE_GONE,    /* the slot waits for its handles, or for a new connection */
} phase;

struct serve_conn {
    serve *s;
    serve_conn *next, *previous;
    serve_conn *next_ready;
    bool is_ready; /* on the server's list; under its ready_lock */

    int fd;
    uv_poll_t poll;
    int watching; /* UV_ events that the loop watches for */
    hf_conn *tls;
    int flags; /* of the last hf_step */
    phase phase;
    int64_t deadline_ms;
    char peer[64];
    bool got_bytes, blocked, eof, failed;
    bool early;         /* the handshake is not over: requests come as early data (RFC 8470) */
    bool early_request; /* something of the request came so */
    bool leaving;    /* answered for the last time; the handshake still ends, and brings tickets */
    size_t lingered; /* bytes thrown away */

    http_request *request; /* NULL between requests */
    uint64_t request_ns;   /* when it began, of uv_hrtime */
    bool echo;
    hf_hash_state hash;
    serve_response response;
    char interim[32]; /* "100 Continue", on its way out */
    size_t interim_at;
    uint64_t content_sent;

    struct serve_record *record; /* of --explain; NULL when there is none, or no more */

    uv_fs_t read; /* of a part of the file that is not in memory */
    bool reading, read_failed;
    uint8_t *held; /* SERVE_CHUNK bytes; NULL until the first such read */
    size_t held_n, held_at;
};

/* ---- serve_conn.c ---- */

int64_t serve_conn_now_ms(const serve_conn *k);
int64_t serve_now_s(void);
/* From now. */
void serve_conn_deadline(serve_conn *k, int64_t in_ms);
/* The time, for a line of the log. */
const char *serve_timestamp(char text[32]);
/* A line of the log; `detail` may be "". */
void serve_conn_log(serve_conn *k, const char *what, const char *detail);
/* Says close_notify; what is queued still goes out. */
void serve_conn_close(serve_conn *k);
/* Moves the connection as far as it goes. It may be gone afterwards (PHASE_GONE). */
void serve_conn_run(serve_conn *k);
/* Gives the slot back if nothing holds it any more. */
void serve_conn_release(serve_conn *k);

/* ---- serve_exchange.c ---- */

/* Parses what was decrypted, up to the end of a request, and begins its response. True when
 * something was used. */
bool serve_read_requests(serve_conn *k);
/* Encrypts as much of the response as the connection takes. True when something went in. */
bool serve_produce(serve_conn *k);
/* Begins a response that refuses the request, and with it the connection. */
void serve_refuse_request(serve_conn *k, unsigned status, const char *why);

#endif
