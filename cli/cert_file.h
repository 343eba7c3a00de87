/* cert_file.h: reading certificate files, saying what others seem to be, and writing new ones. */
#ifndef CLI_CERT_FILE_H
#define CLI_CERT_FILE_H

#include "cli/cli.h"

typedef struct cli_bytes {
    uint8_t *p;
    size_t n;
} cli_bytes;

static inline hf_bytes cli_bytes_of(const cli_bytes *b)
{
    return (hf_bytes){b->p, b->n};
}

/* Wipes and frees. */
void cli_bytes_free(cli_bytes *b);

/* Reads a whole file of at most `most` bytes; "-" is standard input. Reports what fails. */
cli_exit cli_file_read(cli *c, const char *path, size_t most, cli_bytes *out);

/* What bytes seem to be: "an encrypted private key (PEM)", "a PKCS#12 archive", "an HTML page".
 * Static. */
const char *cli_file_guess(hf_bytes bytes);

/* Reports that the file has none of `wanted`, with what it seems to be. Returns CLI_LOCAL_FILE. */
cli_exit cli_file_not(cli *c, const char *path, hf_bytes bytes, const char *wanted,
                      const char *try_this);

/* True when the path names something. */
bool cli_file_exists(const char *path);

/* True when writing there would replace what the path names: pipes and devices are written to. */
bool cli_file_is_replaced(const char *path);

/* Writes a whole new file: into a temporary one beside it, to the disk, and then in place by one
 * step. An existing one is replaced with `force` alone; links are not followed, but to pipes and
 * devices, which are written to as they are; "-" is standard output. Reports what fails. */
cli_exit cli_file_write(cli *c, const char *path, hf_bytes bytes, unsigned mode, bool force);

/* The same in two steps, so that a second file can be on the disk before the first is in its place:
 * what can fail fails in the first step, but for pipes, devices and standard output. `path` and
 * `bytes` are borrowed until the second, which frees what the first took, as does dropping it. */
typedef struct cli_staged {
    const char *path;
    hf_bytes bytes;
    char *temporary; /* NULL: nothing is written yet */
    bool force;
} cli_staged;
cli_exit cli_file_stage(cli *c, const char *path, hf_bytes bytes, unsigned mode, bool force,
                        cli_staged *out);
cli_exit cli_file_place(cli *c, cli_staged *s);
void cli_file_drop(cli_staged *s);

/* ---- certificates of a file or of a peer ---- */

enum { CLI_CHAIN_MAX = 100 };

typedef struct cli_chain {
    cli_bytes der[CLI_CHAIN_MAX];
    hf_cert cert[CLI_CHAIN_MAX]; /* parsed, borrowing from `der` */
    size_t count;
    cli_bytes ocsp, scts; /* what a peer sent with them: as in hf_info; .p NULL: nothing */
} cli_chain;

/* Reads all certificates of a PEM or DER file. Reports what fails, also when there is none. */
cli_exit cli_chain_read_file(cli *c, const char *path, cli_chain *out);
/* The same from memory that came from `path`. */
cli_exit cli_chain_read_bytes(cli *c, const char *path, hf_bytes bytes, cli_chain *out);

/* Asks a peer for its certificates; nothing about them is checked. */
cli_exit cli_chain_read_peer(cli *c, const char *host_port, cli_chain *out);

void cli_chain_free(cli_chain *chain);

/* Adds a copy of one more certificate; false when it does not parse, or there is no room. */
bool cli_chain_add(cli_chain *chain, hf_bytes der);

/* True when the argument names a peer and no file. */
bool cli_names_peer(const char *argument);

#endif
