/* arena.c: memory of one handshake, taken in chunks and given back at once; and small allocation
 * helpers. All of it comes through hf_alloc. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"

#define ALIGNMENT  16U
#define CHUNK_ROOM 4096U

struct hf_arena_chunk {
    struct hf_arena_chunk *older;
    size_t room, used;
    bool lent; /* not the arena's to free, and not zeroed yet */
    _Alignas(ALIGNMENT) uint8_t bytes[];
};

static struct hf_arena_chunk *chunk_new(hf_arena *a, size_t least)
{
    size_t room = least > CHUNK_ROOM ? least : CHUNK_ROOM;
    struct hf_arena_chunk *c = hf_alloc(sizeof(*c) + room);
    if (c == NULL)
        return NULL;
    c->room = room;
    c->older = a->chunk;
    a->chunk = c;
    return c;
}

void hf_arena_lend(hf_arena *a, void *memory, size_t size)
{
    struct hf_arena_chunk *c = memory;
    if (a->chunk != NULL || size < sizeof(*c) + ALIGNMENT)
        return;
    *c = (struct hf_arena_chunk){.room = size - sizeof(*c), .lent = true};
    a->chunk = c;
}

void *hf_arena_alloc(hf_arena *a, size_t n)
{
    if (n > SIZE_MAX / 2)
        return NULL;
    n = (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct hf_arena_chunk *c = a->chunk;
    if (c == NULL || c->room - c->used < n)
        c = chunk_new(a, n);
    if (c == NULL)
        return NULL;
    void *p = c->bytes + c->used;
    c->used += n;
    if (c->lent)
        memset(p, 0, n);
    return p;
}

hf_bytes hf_arena_copy(hf_arena *a, hf_bytes bytes)
{
    uint8_t *p = hf_arena_alloc(a, bytes.n);
    if (p == NULL)
        return (hf_bytes){NULL, bytes.n};
    hf_copy(p, bytes.p, bytes.n);
    return (hf_bytes){p, bytes.n};
}

void hf_arena_free(hf_arena *a)
{
    while (a->chunk != NULL) {
        struct hf_arena_chunk *c = a->chunk;
        a->chunk = c->older;
        if (c->lent)
            hf_wipe(c, sizeof(*c) + c->used);
        else
            hf_free_wiped(c, sizeof(*c) + c->used);
    }
}

void hf_free_wiped(void *p, size_t n)
{
    if (p != NULL)
        hf_wipe(p, n);
    hf_free(p);
}

char *hf_strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = hf_alloc(n);
    if (copy != NULL)
        memcpy(copy, text, n);
    return copy;
}
