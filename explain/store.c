/* store.c: the recorder's memory: one arena with a limit, wiped when it is given back. */
#include "explain/model.h"

#include <stdlib.h>
#include <string.h>

struct ex_chunk {
    ex_chunk *next;
    size_t room, used;
    _Alignas(16) uint8_t bytes[];
};

enum { CHUNK = 32 * 1024 };

/* A plain memset before free may be dropped by the compiler; this one may not. */
void ex_wipe(void *p, size_t n)
{
    static void *(*const volatile set)(void *, int, size_t) = memset;
    set(p, 0, n);
}

static void *default_allocate(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void default_release(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static void event_callback(void *ctx, const hf_conn *conn, const hf_event *event)
{
    hf_explain_event(ctx, conn, event);
}

hf_explain *hf_explain_new(const hf_explain_options *options)
{
    hf_explain_options o = {0};
    if (options != NULL)
        o = *options;
    if (o.memory == 0)
        o.memory = 8u << 20;
    if (o.allocate == NULL || o.release == NULL) {
        o.allocate = default_allocate;
        o.release = default_release;
    }
    hf_explain *x = o.allocate(o.ctx, sizeof *x);
    if (x == NULL)
        return NULL;
    memset(x, 0, sizeof *x);
    x->options = o;
    x->trace = (hf_trace){.event = event_callback, .ctx = x, .secrets = o.secrets};
    return x;
}

const hf_trace *hf_explain_trace(hf_explain *x)
{
    return &x->trace;
}

/* A large piece gets a chunk of its own behind the newest, which goes on serving small ones. */
static ex_chunk *chunk_for(hf_explain *x, size_t n)
{
    ex_chunk *c = x->chunks;
    if (c != NULL && c->room - c->used >= n)
        return c;
    size_t left = (x->options.memory - x->used) & ~(size_t)15;
    if (n > left)
        return NULL;
    size_t room = n > CHUNK / 4 ? n : left < CHUNK ? left : CHUNK;
    c = x->options.allocate(x->options.ctx, sizeof *c + room);
    if (c == NULL) {
        x->out_of_memory = true;
        return NULL;
    }
    c->room = room;
    c->used = 0;
    x->used += room;
    if (x->chunks != NULL && n > CHUNK / 4) {
        c->next = x->chunks->next;
        x->chunks->next = c;
    } else {
        c->next = x->chunks;
        x->chunks = c;
    }
    return c;
}

void *ex_alloc(hf_explain *x, size_t n)
{
    if (n > x->options.memory)
        return NULL;
    n = (n + 15) & ~(size_t)15;
    ex_chunk *c = chunk_for(x, n);
    if (c == NULL)
        return NULL;
    void *p = c->bytes + c->used;
    memset(p, 0, n);
    c->used += n;
    return p;
}

const char *ex_text(hf_explain *x, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t n = strlen(text) + 1;
    char *copy = ex_alloc(x, n);
    if (copy == NULL)
        x->left_out_bytes += n - 1;
    else
        memcpy(copy, text, n);
    return copy;
}

hf_bytes ex_bytes(hf_explain *x, hf_bytes bytes)
{
    if (bytes.p == NULL || bytes.n == 0)
        return (hf_bytes){NULL, 0};
    uint8_t *copy = ex_alloc(x, bytes.n);
    if (copy == NULL) {
        x->left_out_bytes += bytes.n;
        return (hf_bytes){NULL, 0};
    }
    memcpy(copy, bytes.p, bytes.n);
    return (hf_bytes){copy, bytes.n};
}

void hf_explain_free(hf_explain *x)
{
    if (x == NULL)
        return;
    hf_explain_options o = x->options;
    for (ex_chunk *c = x->chunks; c != NULL;) {
        ex_chunk *next = c->next;
        ex_wipe(c->bytes, c->used);
        o.release(o.ctx, c);
        c = next;
    }
    ex_wipe(x, sizeof *x);
    o.release(o.ctx, x);
}
