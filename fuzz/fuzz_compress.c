/* fuzz_compress.c: the body of a CompressedCertificate: read, and expanded by the algorithm it
 * names into exactly the length it declares, as far as the limit allows. What expands compresses
 * again. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "crypto/compress.h"
#include "wire/messages.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 65536, BEHIND = 16 };

static void claim(bool claim)
{
    if (!claim)
        abort();
}

/* Memory of the exact size, so that a sanitizer sees one byte too many; and marks behind it for
 * builds without one. */
static void expand(const hf_compression *how, hf_bytes in, size_t n)
{
    uint8_t *out = malloc(n + BEHIND);
    claim(out != NULL);
    memset(out + n, 0xa5, BEHIND);
    hf_status s = how->expand(in, out, n);
    claim(s == HF_OK || s == HF_E_CERT_COMPRESSION || s == HF_E_OUT_OF_MEMORY);
    for (size_t i = 0; i < BEHIND; i++)
        claim(out[n + i] == 0xa5);
    if (s == HF_OK && n != 0) {
        size_t room = n + 1024, again_n = room;
        uint8_t *again = malloc(room), *back = malloc(n);
        claim(again != NULL && back != NULL);
        claim(how->compress(hf_bytes_of(out, n), again, &again_n) == HF_OK);
        claim(how->expand(hf_bytes_of(again, again_n), back, n) == HF_OK);
        claim(memcmp(back, out, n) == 0);
        free(again);
        free(back);
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hf_reader r;
    hf_compressed_certificate m;
    hf_reader_init(&r, (hf_bytes){data, size}, NULL);
    if (!hf_compressed_certificate_parse(&r, &m) || m.uncompressed_length > LIMIT)
        return 0;
    for (size_t i = 0; i < hf_compression_count; i++)
        if (hf_compressions[i]->id == m.algorithm)
            expand(hf_compressions[i], m.compressed, m.uncompressed_length);
    return 0;
}
