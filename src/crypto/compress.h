/* compress.h: the algorithms that a CompressedCertificate may use: RFC 8879. Each is a library that
 * may have been missing when this was built; what was missing is not in the table.
 *
 * Expanding is where the danger is: what a peer sends is bounded before a byte is allocated (the
 * caller allocates the length that was declared, after judging it), nothing is written past it, and
 * the libraries' own memory has a limit as well.
 */
#ifndef HF_CRYPTO_COMPRESS_H
#define HF_CRYPTO_COMPRESS_H

#include <handfast/base.h>

enum { HF_COMPRESS_ZLIB = 1, HF_COMPRESS_BROTLI = 2, HF_COMPRESS_ZSTD = 3 };
#define HF_COMPRESS_MAX 3U

typedef struct hf_compression {
    uint16_t id; /* CertificateCompressionAlgorithm */
    const char *name;

    /* Compresses `in` as small as the algorithm can, into `out`, which has room for `*n`; `*n` is
     * then the length. HF_E_NO_ROOM when it does not fit, HF_E_OUT_OF_MEMORY. */
    hf_status (*compress)(hf_bytes in, uint8_t *out, size_t *n);

    /* Expands all of `in` into exactly `n` bytes. HF_E_CERT_COMPRESSION for anything else,
     * HF_E_OUT_OF_MEMORY (also when the library asks for more than an honest certificate needs). */
    hf_status (*expand)(hf_bytes in, uint8_t *out, size_t n);
} hf_compression;

/* Those that were built in, best first (the smallest result), and their number. */
extern const hf_compression *const hf_compressions[];
extern const size_t hf_compression_count;

/* "zlib", "brotli", "zstd", also for those not built in; else NULL. */
const char *hf_compression_name(uint16_t id);

#endif
