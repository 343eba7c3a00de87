/* file.h: the packets of a capture file by libpcap, and the secrets that a pcapng may hold. */
#ifndef HF_EXPLAIN_CAPTURE_FILE_H
#define HF_EXPLAIN_CAPTURE_FILE_H

#include "explain/capture/memory.h"
#include "explain/capture/packet.h"

#include <stdio.h>

#define CAP_SECRETS_MAX (16U << 20)

typedef struct cap_file cap_file;

typedef struct cap_packet {
    uint64_t number; /* from 1 */
    int64_t t_ns;    /* since 1970 */
    hf_bytes bytes;  /* what was captured; good until the next */
    size_t length;   /* on the wire */
} cap_packet;

/* Takes over `file`, which is closed with it (also when this fails). HF_E_CAPTURE, HF_E_NO_PCAP,
 * HF_E_OUT_OF_MEMORY. */
hf_status cap_file_open(FILE *file, const cap_memory *memory, cap_file **out, hf_error *e);
cap_link cap_file_link(const cap_file *f);
/* 1: a packet; 0: the end; -1: it breaks off here, and `why` says why. */
int cap_file_next(cap_file *f, cap_packet *out, char *why, size_t size);
void cap_file_close(cap_file *f); /* NULL is fine */

/* Walks the blocks of a pcapng and calls `secrets` with each piece of TLS key log in it, of at most
 * CAP_SECRETS_MAX bytes; the bytes are wiped afterwards. A file that is no pcapng, or breaks off,
 * ends the walk. HF_OK, or what `secrets` returned; HF_E_OUT_OF_MEMORY. The file is not closed. */
hf_status cap_secrets_walk(FILE *file, const cap_memory *memory,
                           hf_status (*secrets)(void *ctx, hf_bytes text), void *ctx);

#endif
