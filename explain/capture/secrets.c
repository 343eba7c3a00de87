/* secrets.c: the Decryption Secrets Blocks of a pcapng, which libpcap passes over.
 * draft-ietf-opsawg-pcapng sections 3, 4.1 and 4.7. */
#include "explain/capture/file.h"

#include <string.h>

enum {
    SECTION_HEADER = 0x0a0d0d0a,
    DECRYPTION_SECRETS = 10,
    TLS_KEY_LOG = 0x544c534b,
    BLOCKS_MAX = 1 << 26
};

/* Memory that held secrets. */
static void wipe(void *p, size_t n)
{
    static void *(*const volatile set)(void *, int, size_t) = memset;
    set(p, 0, n);
}

static uint32_t u32(const uint8_t *p, bool big)
{
    if (big)
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Reads on, as a pipe has no other way to get forward. */
static bool pass(FILE *file, uint64_t n)
{
    uint8_t scratch[4096];
    if (n > 65536 && fseek(file, (long)n, SEEK_CUR) == 0)
        return true;
    while (n != 0) {
        size_t piece = n < sizeof scratch ? (size_t)n : sizeof scratch;
        if (fread(scratch, 1, piece, file) != piece)
            return false;
        n -= piece;
    }
    return true;
}

/* The body of a secrets block: type, length, the secrets, padding. */
static hf_status take(FILE *file, const cap_memory *memory, uint32_t body, bool big,
                      hf_status (*secrets)(void *ctx, hf_bytes text), void *ctx, bool *more)
{
    uint8_t head[8];
    *more = body >= 8 && fread(head, 1, 8, file) == 8;
    if (!*more)
        return HF_OK;
    uint32_t length = u32(head + 4, big);
    body -= 8;
    if (length > body || u32(head, big) != TLS_KEY_LOG || length > CAP_SECRETS_MAX) {
        *more = pass(file, body);
        return HF_OK;
    }
    uint8_t *text = memory->allocate(memory->ctx, (size_t)length + 1);
    if (text == NULL)
        return HF_E_OUT_OF_MEMORY;
    size_t got = fread(text, 1, length, file);
    hf_status s = got == length ? secrets(ctx, (hf_bytes){text, length}) : HF_OK;
    *more = got == length && pass(file, body - length);
    wipe(text, length);
    memory->release(memory->ctx, text);
    return s;
}

hf_status cap_secrets_walk(FILE *file, const cap_memory *memory,
                           hf_status (*secrets)(void *ctx, hf_bytes text), void *ctx)
{
    uint8_t head[12];
    bool big = false, more = true, first = true;
    hf_status s = HF_OK;
    for (unsigned i = 0; i < BLOCKS_MAX && more && s == HF_OK; i++) {
        if (fread(head, 1, 8, file) != 8)
            break;
        uint32_t type = u32(head, big);
        bool section = type == SECTION_HEADER; /* the same either way round */
        if (first && !section)
            break;
        first = false;
        size_t had = 8;
        if (section) { /* its byte order decides what follows, its own length included */
            if (fread(head + 8, 1, 4, file) != 4)
                break;
            had = 12;
            big = head[8] == 0x1a;
        }
        uint32_t total = u32(head + 4, big);
        if (total < had + 4 || total % 4 != 0)
            break;
        uint32_t body = total - (uint32_t)had - 4;
        if (type == DECRYPTION_SECRETS)
            s = take(file, memory, body, big, secrets, ctx, &more);
        else
            more = pass(file, body);
        more = more && fread(head, 1, 4, file) == 4; /* the length again */
    }
    return s;
}
