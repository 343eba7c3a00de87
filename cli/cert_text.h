/* cert_text.h: certificates in words: dates, hexadecimal, extensions decoded, and warnings. */
#ifndef CLI_CERT_TEXT_H
#define CLI_CERT_TEXT_H

#include <handfast/handfast.h>

/* "2026-11-23 22:20:16 UTC" and "2026-11-23T22:20:16Z". */
char *cli_date_text(char *to, size_t size, int64_t s);
char *cli_date_iso(char *to, size_t size, int64_t s);

/* "2026-11-23", "2026-11-23T22:20:16Z" (the Z may be missing; it is UTC), or "@seconds". */
bool cli_date_read(const char *text, int64_t *s);

/* "0a:1b:2c", cut with "..." to `size`. */
char *cli_hex_text(char *to, size_t size, hf_bytes bytes);

/* Where lines go, one by one. */
typedef struct cli_lines {
    void (*line)(void *ctx, const char *text);
    void *ctx;
    unsigned count; /* so far */
} cli_lines;
void cli_put_line(cli_lines *l, const char *format, ...) HF_PRINTF(2, 3);

/* One extension, decoded: each line of it goes to `line`. */
typedef struct cli_extension {
    char oid[64];     /* "2.5.29.17" */
    const char *name; /* "subjectAltName", or NULL when unknown */
    bool critical;
    hf_bytes value; /* content of extnValue */
} cli_extension;

/* Takes the first extension off `*rest` (start with hf_cert.extensions); false at the end. */
bool cli_extension_next(hf_bytes *rest, cli_extension *out);
void cli_extension_lines(const cli_extension *x, void (*line)(void *ctx, const char *text),
                         void *ctx);

/* One DER element off `*rest`; false at the end or when it is malformed. */
bool cli_der_next(hf_bytes *rest, uint8_t *tag, hf_bytes *content);
/* "1.2.840.113549" from an OID's content octets. */
char *cli_oid_text(char *to, size_t size, hf_bytes oid);

/* One name of subjectAltName as text, escaped: "DNS example.test", "IP 127.0.0.1". */
char *cli_san_text(char *to, size_t size, hf_san_type type, hf_bytes value);

/* What a person should know about a certificate at time `now_s`. */
void cli_cert_warnings(const hf_cert *cert, int64_t now_s,
                       void (*warn)(void *ctx, const char *text), void *ctx);

#endif
