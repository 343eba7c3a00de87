/* shared_store.c: servers that keep their sessions, and remember early data, in one Redis.
 *     shared_store ADDRESS:PORT CERTIFICATE KEY REDIS_SOCKET
 * A ticket is a random handle; what it stands for lies in Redis, and is secret: let nobody else
 * reach that socket. The library asks on the connection's thread and another one answers: here a
 * new one for each question; a loop of one's own would use hiredis' asynchronous calls. */
#include <handfast/handfast.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { HANDLE = 16, LIFE_S = 7200, PATIENCE_US = 50000 };

typedef struct question {
    hf_ticket_call *seal, *open; /* one of the three */
    hf_early_call *early;
    size_t keep_s, n;
    uint8_t bytes[65536]; /* a copy: what comes along is good during the call only */
} question;

static const char *redis_socket;

/* Redis may not answer: then nothing is sealed, known, or the first. It costs a full handshake. */
static void *work(void *ctx)
{
    question *q = ctx;
    uint8_t handle[HANDLE];
    const hf_provider *p = hf_provider_default();
    const struct timeval patience = {0, PATIENCE_US};
    redisReply *r = NULL;
    redisContext *redis = redisConnectUnixWithTimeout(redis_socket, patience);
    bool up = redis != NULL && redis->err == 0 && redisSetTimeout(redis, patience) == REDIS_OK;
    if (up && q->seal != NULL && p->random(p->ctx, handle, HANDLE) == HF_OK)
        r = redisCommand(redis, "SET t:%b %b EX %d", handle, (size_t)HANDLE, q->bytes, q->n,
                         LIFE_S);
    else if (up && q->open != NULL)
        r = redisCommand(redis, "GET t:%b", q->bytes, q->n);
    else if (up && q->early != NULL) /* in one step, and only the first hears OK */
        r = redisCommand(redis, "SET e:%b 1 NX EX %u", q->bytes, q->n, (unsigned)q->keep_s);
    bool ok = r != NULL && r->type == REDIS_REPLY_STATUS;
    bool found = r != NULL && r->type == REDIS_REPLY_STRING;
    hf_bytes state = {found ? (uint8_t *)r->str : NULL, found ? r->len : 0};
    if (q->seal != NULL)
        hf_ticket_sealed(q->seal, (hf_bytes){handle, ok ? HANDLE : 0});
    else if (q->open != NULL)
        hf_ticket_opened(q->open, state, false);
    else
        hf_early_answer(q->early, ok);
    freeReplyObject(r);
    redisFree(redis);
    free(q);
    return NULL;
}

static void ask(hf_ticket_call *seal, hf_ticket_call *open, hf_early_call *early, size_t keep_s,
                hf_bytes bytes)
{
    pthread_t thread;
    question *q = calloc(1, sizeof(*q));
    if (q == NULL || bytes.n > sizeof(q->bytes))
        abort(); /* each question must be answered */
    *q = (question){.seal = seal, .open = open, .early = early, .keep_s = keep_s, .n = bytes.n};
    memcpy(q->bytes, bytes.p, bytes.n);
    if (pthread_create(&thread, NULL, work, q) == 0)
        pthread_detach(thread);
    else
        work(q);
}

static void seal(void *ctx, hf_conn *conn, hf_bytes state, hf_ticket_call *call)
{
    (void)ctx, (void)conn, ask(call, NULL, NULL, 0, state);
}

static void open(void *ctx, hf_conn *conn, hf_bytes ticket, hf_ticket_call *call)
{
    (void)ctx, (void)conn, ask(NULL, call, NULL, 0, ticket);
}

static void is_first(void *ctx, hf_conn *conn, hf_bytes id, uint32_t keep_s, hf_early_call *call)
{
    (void)ctx, (void)conn, ask(NULL, NULL, call, keep_s, id);
}

int main(int argc, char **argv)
{
    hf_config *cfg = NULL;
    hf_identity *identity;
    hf_error e;
    hf_stream *s;
    hf_info info;
    char text[4096];
    if (argc != 5)
        return fputs("usage: shared_store ADDRESS:PORT CERTIFICATE KEY REDIS_SOCKET\n", stderr), 2;
    redis_socket = argv[4];
    hf_config_new(HF_SERVER, &cfg);
    if (hf_identity_read_files(argv[2], argv[3], NULL, &identity, &e) == HF_OK)
        hf_config_add_identity(cfg, identity);
    /* The essential part. */
    hf_config_ticket_sealer(cfg, &(hf_ticket_sealer){seal, open, NULL});
    hf_config_early_data(cfg, sizeof(text));
    hf_config_early_data_store(cfg, is_first, NULL);
    int listening = hf_config_freeze(cfg, &e) == HF_OK ? hf_listen(argv[1], &e) : -1;
    while (listening >= 0) {
        if (hf_accept(cfg, accept(listening, NULL, NULL), 10000, &s, &e) != HF_OK)
            continue;
        if (hf_stream_read(s, text, sizeof(text)) > 0)
            hf_stream_write(s, "HTTP/1.0 200 OK\r\n\r\nhello\n", 25);
        hf_conn_info(hf_stream_conn(s), &info);
        puts(info.early_data == HF_EARLY_ACCEPTED ? "early data"
             : info.resumed                       ? "resumed"
                                                  : "full");
        fflush(stdout);
        hf_stream_close(s);
    }
    return fprintf(stderr, "shared_store: %s\n", hf_error_sentence(e.code)) > 0;
}
