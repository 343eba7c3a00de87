/* fuzz_replay_main.c: runs a fuzz target over files instead of a fuzzer's inputs.
 *
 *   PROGRAM [--limit N] [--mutations N] FILE|DIRECTORY...
 *
 * Directories are walked in order of name. Every seed runs as it is, then as a few damaged copies
 * (cut short, a bit turned, a byte replaced, a piece doubled), made from the seed's own bytes: the
 * same on every run and every machine. Each input lies in memory of exactly its size, so that a
 * sanitizer sees a read past its end.
 */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST_SEED = 1 << 20 }; /* bytes; larger files are no seeds */

typedef struct replay {
    long limit, mutations; /* as asked */
    long seeds, inputs, too_large;
} replay;

static void *must_have(void *p)
{
    if (p == NULL) {
        fputs("fuzz_replay: memory ran out\n", stderr);
        exit(1);
    }
    return p;
}

/* xorshift64: only for choosing where to damage a seed. */
static uint64_t next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static void run(replay *r, const uint8_t *data, size_t n)
{
    uint8_t *exact = must_have(malloc(n == 0 ? 1 : n));
    memcpy(exact, data, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    r->inputs++;
}

/* Damages `copy` of `n` bytes, with room for `2 * n`; the new length. */
static size_t damage(uint8_t *copy, size_t n, uint64_t *state)
{
    size_t at = (size_t)(next(state) % n);
    switch (next(state) % 4) {
    case 0:
        return at;
    case 1:
        copy[at] = (uint8_t)(copy[at] ^ (1u << (next(state) % 8)));
        return n;
    case 2:
        copy[at] = (uint8_t)next(state);
        return n;
    default: {
        size_t piece = (size_t)(next(state) % (n - at)) + 1;
        memmove(copy + at + piece, copy + at, n - at);
        return n + piece;
    }
    }
}

static void run_seed(replay *r, const uint8_t *data, size_t n)
{
    r->seeds++;
    run(r, data, n);
    if (n == 0)
        return;
    uint64_t state =
        0xcbf29ce484222325u; /* FNV-1a of the seed, so that each is damaged its own way */
    for (size_t i = 0; i < n; i++)
        state = (state ^ data[i]) * 0x100000001b3u;
    state |= 1;
    uint8_t *copy = must_have(malloc(2 * n));
    for (long i = 0; i < r->mutations; i++) {
        memcpy(copy, data, n);
        run(r, copy, damage(copy, n, &state));
    }
    free(copy);
}

static int replay_file(replay *r, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fprintf(stderr, "fuzz_replay: cannot read %s: %s\n", path, strerror(errno));
        return 1;
    }
    uint8_t *data = must_have(malloc(LARGEST_SEED + 1));
    size_t n = fread(data, 1, LARGEST_SEED + 1, f);
    int bad = ferror(f);
    fclose(f);
    if (bad)
        fprintf(stderr, "fuzz_replay: reading %s failed\n", path);
    else if (n > LARGEST_SEED)
        r->too_large++;
    else
        run_seed(r, data, n);
    free(data);
    return bad != 0;
}

static int replay_path(replay *r, const char *path);

static int not_dot(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int replay_directory(replay *r, const char *path)
{
    struct dirent **names;
    int count = scandir(path, &names, not_dot, alphasort);
    int bad = count < 0;
    if (bad)
        fprintf(stderr, "fuzz_replay: cannot list %s: %s\n", path, strerror(errno));
    for (int i = 0; i < count; i++) {
        size_t size = strlen(path) + strlen(names[i]->d_name) + 2;
        char *inside = must_have(malloc(size));
        snprintf(inside, size, "%s/%s", path, names[i]->d_name);
        bad |= replay_path(r, inside);
        free(inside);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return bad;
}

static int replay_path(replay *r, const char *path)
{
    struct stat st;
    if (r->limit > 0 && r->seeds >= r->limit)
        return 0;
    if (stat(path, &st) != 0) {
        fprintf(stderr, "fuzz_replay: cannot find %s: %s\n", path, strerror(errno));
        return 1;
    }
    return S_ISDIR(st.st_mode) ? replay_directory(r, path) : replay_file(r, path);
}

int main(int argc, char **argv)
{
    replay r = {0};
    int bad = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--limit") == 0 && i + 1 < argc)
            r.limit = strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--mutations") == 0 && i + 1 < argc)
            r.mutations = strtol(argv[++i], NULL, 10);
        else
            bad |= replay_path(&r, argv[i]);
    }
    run(&r, (const uint8_t *)"", 0);
    printf("replayed %ld seeds, %ld inputs in all", r.seeds, r.inputs);
    if (r.too_large != 0)
        printf("; %ld files larger than %d bytes were left out", r.too_large, LARGEST_SEED);
    puts("");
    return bad;
}
