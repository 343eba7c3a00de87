/* io.h: what the files of this folder share: failing with a reason, the clock, addresses.
 *
 * This folder is the only one in src/ that touches sockets, files, threads and the environment. It
 * uses the engine through the public headers alone, as any program could; of the folders below it
 * takes only base/, for memory and errors.
 */
#ifndef HF_IO_IO_H
#define HF_IO_IO_H

#include "base/error.h"
#include <handfast/handfast.h>

struct addrinfo;

/* Writes an error (`e` may be NULL): where (static text or NULL), on what (or NULL), and what came,
 * as a printf format (or NULL). Returns `code`. */
hf_status hf_io_fail(hf_error *e, hf_status code, const char *where, const char *subject,
                     const char *got, ...) HF_PRINTF(5, 6);

/* Names the subject of an error made elsewhere, keeping what it already says. */
void hf_io_name_subject(hf_error *e, const char *subject);

/* The system's sentence for an errno value. */
const char *hf_io_reason(int error_number);

/* Milliseconds of a clock that nobody sets. */
int64_t hf_io_now_ms(void);

/* The moment `timeout_ms` from now; INT64_MAX ("never") for 0 and less. */
int64_t hf_io_deadline(int64_t timeout_ms);

/* What poll() is to be given so that it returns by `deadline_ms`: 0 when it has passed, -1 for
 * never. */
int hf_io_poll_ms(int64_t deadline_ms);

/* ---- addresses ---- */

typedef struct hf_io_address {
    char host[256]; /* name or numeric address, without brackets; "" for none */
    char zone[32];  /* of an IPv6 address, the part after '%'; "" for none */
    char port[6];   /* decimal, 0 to 65535 */
} hf_io_address;

/* Reads "host:port", "address:port", "[IPv6 address]:port" or ":port". HF_E_BAD_ARGUMENT, with what
 * was expected. */
hf_status hf_io_address_parse(const char *text, hf_io_address *out, hf_error *e);

/* Looks the address up by `deadline_ms`, for connecting or (`passive`) for listening. Free the list
 * with freeaddrinfo. HF_E_NAME_NOT_FOUND, HF_E_TIMEOUT, HF_E_OUT_OF_MEMORY, HF_E_SYSTEM. */
hf_status hf_io_resolve(const hf_io_address *address, bool passive, int64_t deadline_ms,
                        struct addrinfo **out, hf_error *e);

/* A socket that is connected to the address by `deadline_ms`, or a negative code; `timeout_ms` is
 * for the error's text. `label` is the address as the caller wrote it. */
int hf_io_connect(const hf_io_address *address, const char *label, int64_t deadline_ms,
                  int64_t timeout_ms, hf_error *e);

/* ---- files ---- */

/* A whole file of at most 16 MiB. The caller gives it back by hf_io_file_free, which wipes it (it
 * may be a key). HF_E_FILE, HF_E_OUT_OF_MEMORY. */
hf_status hf_io_file_read(const char *path, hf_bytes *out, hf_error *e);
void hf_io_file_free(hf_bytes file);

/* Is the path a folder? And the certificates of every file in one, for hf_store_add_file. */
bool hf_io_is_folder(const char *path);
hf_status hf_io_store_add_folder(hf_store *store, const char *path, size_t *added, hf_error *e);

/* Does the file begin as a PKCS#12 archive does? */
bool hf_io_is_archive(hf_bytes file);

/* The archive's key (`key` may be NULL: not wanted) and its chain as PEM text in the order in which
 * it is sent, freed with hf_free. The errors of hf_pkcs12_read. */
hf_status hf_io_archive_read(hf_bytes file, const char *password, hf_key **key, char **chain,
                             hf_error *e);

#endif
