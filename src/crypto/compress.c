/* compress.c: zlib, brotli and zstd behind one table: RFC 8879 section 3. */
#include "crypto/compress.h"

#include "base/alloc.h"
#include "base/bytes.h"

#ifdef HF_HAVE_ZLIB
#    include <zlib.h>
#endif
#ifdef HF_HAVE_BROTLI
#    include <brotli/decode.h>
#    include <brotli/encode.h>
#endif
#ifdef HF_HAVE_ZSTD
#    include <zstd.h>
#    include <zstd_errors.h>
#endif

/* ---- the libraries' memory ---- */

#if defined(HF_HAVE_ZLIB) || defined(HF_HAVE_BROTLI)

/* What one call may take in all. Brotli's window is made as small as the data; what is left are
 * tables, of which a hostile stream can ask for many. */
#    define MEMORY_MAX ((size_t)4 << 20)

typedef struct budget {
    size_t left;
    bool ran_out; /* of the budget or of memory */
} budget;

static void *take(budget *b, size_t n)
{
    void *p = n <= b->left ? hf_alloc(n) : NULL;
    if (p == NULL)
        b->ran_out = true;
    else
        b->left -= n;
    return p;
}

/* What was given back is not counted again: the limit is on the sum, which is a limit on work too.
 */
static void give_back(void *b, void *p)
{
    (void)b;
    hf_free(p);
}

#endif

/* ---- zlib: RFC 1950 ---- */

#ifdef HF_HAVE_ZLIB

static void *zlib_take(void *b, unsigned items, unsigned size)
{
    return take(b, (size_t)items * size);
}

/* zlib's input is not const in its interface; it is not written. */
static void zlib_begin(z_stream *z, budget *b, hf_bytes in, uint8_t *out, size_t n)
{
    *z = (z_stream){.next_in = (Bytef *)(uintptr_t)in.p,
                    .avail_in = (uInt)in.n,
                    .next_out = out,
                    .avail_out = (uInt)n,
                    .zalloc = zlib_take,
                    .zfree = give_back,
                    .opaque = b};
}

static hf_status zlib_compress(hf_bytes in, uint8_t *out, size_t *n)
{
    budget b = {MEMORY_MAX, false};
    z_stream z;
    zlib_begin(&z, &b, in, out, *n);
    if (deflateInit(&z, Z_BEST_COMPRESSION) != Z_OK)
        return HF_E_OUT_OF_MEMORY;
    const int result = deflate(&z, Z_FINISH);
    *n -= z.avail_out;
    deflateEnd(&z);
    return result == Z_STREAM_END ? HF_OK : HF_E_NO_ROOM;
}

static hf_status zlib_expand(hf_bytes in, uint8_t *out, size_t n)
{
    budget b = {MEMORY_MAX, false};
    z_stream z;
    zlib_begin(&z, &b, in, out, n);
    if (inflateInit(&z) != Z_OK)
        return HF_E_OUT_OF_MEMORY;
    const int result = inflate(&z, Z_FINISH);
    const bool whole = result == Z_STREAM_END && z.avail_in == 0 && z.avail_out == 0;
    inflateEnd(&z);
    if (whole)
        return HF_OK;
    return b.ran_out ? HF_E_OUT_OF_MEMORY : HF_E_CERT_COMPRESSION;
}

static const hf_compression zlib = {HF_COMPRESS_ZLIB, "zlib", zlib_compress, zlib_expand};

#endif

/* ---- brotli: RFC 7932 ---- */

#ifdef HF_HAVE_BROTLI

static void *brotli_take(void *b, size_t n)
{
    return take(b, n);
}

static hf_status brotli_compress(hf_bytes in, uint8_t *out, size_t *n)
{
    return BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC,
                                 in.n, in.p, n, out) == BROTLI_TRUE
               ? HF_OK
               : HF_E_NO_ROOM;
}

static hf_status brotli_expand(hf_bytes in, uint8_t *out, size_t n)
{
    budget b = {MEMORY_MAX, false};
    BrotliDecoderState *s = BrotliDecoderCreateInstance(brotli_take, give_back, &b);
    if (s == NULL)
        return HF_E_OUT_OF_MEMORY;
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(s, &in.n, &in.p, &n, &out, NULL);
    BrotliDecoderDestroyInstance(s);
    if (result == BROTLI_DECODER_RESULT_SUCCESS && in.n == 0 && n == 0)
        return HF_OK;
    return b.ran_out ? HF_E_OUT_OF_MEMORY : HF_E_CERT_COMPRESSION;
}

static const hf_compression brotli = {HF_COMPRESS_BROTLI, "brotli", brotli_compress, brotli_expand};

#endif

/* ---- zstd: RFC 8878 ---- */

#ifdef HF_HAVE_ZSTD

static bool zstd_out_of_memory(size_t result)
{
    return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation;
}

static hf_status zstd_compress(hf_bytes in, uint8_t *out, size_t *n)
{
    const size_t result = ZSTD_compress(out, *n, in.p, in.n, ZSTD_maxCLevel());
    if (ZSTD_isError(result))
        return zstd_out_of_memory(result) ? HF_E_OUT_OF_MEMORY : HF_E_NO_ROOM;
    *n = result;
    return HF_OK;
}

/* In one call the output is the window, so that no memory follows from what the frame declares. A
 * second frame behind the first would be expanded too: there must be one. */
static hf_status zstd_expand(hf_bytes in, uint8_t *out, size_t n)
{
    if (ZSTD_findFrameCompressedSize(in.p, in.n) != in.n)
        return HF_E_CERT_COMPRESSION;
    const size_t result = ZSTD_decompress(out, n, in.p, in.n);
    if (ZSTD_isError(result) && zstd_out_of_memory(result))
        return HF_E_OUT_OF_MEMORY;
    return result == n ? HF_OK : HF_E_CERT_COMPRESSION;
}

static const hf_compression zstd = {HF_COMPRESS_ZSTD, "zstd", zstd_compress, zstd_expand};

#endif

/* ---- the table ---- */

const hf_compression *const hf_compressions[] = {
#ifdef HF_HAVE_BROTLI
    &brotli,
#endif
#ifdef HF_HAVE_ZSTD
    &zstd,
#endif
#ifdef HF_HAVE_ZLIB
    &zlib,
#endif
    NULL,
};

const size_t hf_compression_count = sizeof hf_compressions / sizeof hf_compressions[0] - 1;

const char *hf_compression_name(uint16_t id)
{
    static const char *const names[] = {NULL, "zlib", "brotli", "zstd"};
    return id < sizeof names / sizeof names[0] ? names[id] : NULL;
}
