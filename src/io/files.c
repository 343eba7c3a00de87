/* files.c: keys, identities and trust from files. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 16 * 1024 * 1024, FILE_FIRST = 16 * 1024 };

static hf_status file_failed(hf_error *e, const char *path, const char *reason)
{
    return hf_io_fail(e, HF_E_FILE, "reading", path, "%s", reason);
}

/* Twice the room, or none when memory runs out. The old room is wiped: it may hold half a key. */
static uint8_t *grow(uint8_t *p, size_t used, size_t *room)
{
    size_t more = *room == 0 ? FILE_FIRST : *room * 2;
    uint8_t *wider = hf_alloc(more);
    if (wider != NULL && used > 0)
        memcpy(wider, p, used);
    hf_free_wiped(p, used);
    *room = more;
    return wider;
}

/* Reads to the end: the size is not asked for first, as a pipe ("<(...)" in a shell) has none. */
static hf_status read_all(int fd, const char *path, hf_bytes *out, hf_error *e)
{
    uint8_t *p = NULL;
    size_t used = 0, room = 0;
    ssize_t got;
    do {
        if (used == room && (p = grow(p, used, &room)) == NULL)
            return hf_io_fail(e, HF_E_OUT_OF_MEMORY, "reading", path, NULL);
        got = read(fd, p + used, room - used);
        if (got > 0)
            used += (size_t)got;
    } while ((got > 0 && used <= FILE_MAX) || (got < 0 && errno == EINTR));

    hf_status status = HF_OK;
    if (got < 0)
        status = file_failed(e, path, hf_io_reason(errno));
    else if (used > FILE_MAX)
        status = file_failed(e, path, "more than 16 MiB");
    *out = (hf_bytes){p, used};
    if (status < 0)
        hf_io_file_free(*out);
    return status;
}

hf_status hf_io_file_read(const char *path, hf_bytes *out, hf_error *e)
{
    struct stat about;
    *out = (hf_bytes){NULL, 0};
    if (path == NULL || path[0] == '\0')
        return file_failed(e, NULL, "no file name");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return file_failed(e, path, hf_io_reason(errno));
    hf_status status;
    if (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode))
        status = file_failed(e, path, hf_io_reason(EISDIR));
    else
        status = read_all(fd, path, out, e);
    close(fd);
    if (status < 0)
        *out = (hf_bytes){NULL, 0};
    return status;
}

void hf_io_file_free(hf_bytes file)
{
    hf_free_wiped((void *)(uintptr_t)file.p, file.n);
}

/* An error from reading a file's content: says which file. */
static hf_status in_file(hf_status status, const char *path, hf_error *e)
{
    if (status < 0)
        hf_io_name_subject(e, path);
    return status;
}

hf_status hf_key_read_file(const char *path, const char *password, hf_key **out, hf_error *e)
{
    hf_bytes file;
    *out = NULL;
    hf_status status = hf_io_file_read(path, &file, e);
    if (status < 0)
        return status;
    status = in_file(hf_key_read(file, password, out, e), path, e);
    hf_io_file_free(file);
    return status;
}

hf_status hf_identity_read_files(const char *chain_path, const char *key_path, const char *password,
                                 hf_identity **out, hf_error *e)
{
    hf_key *key = NULL;
    char *from_archive = NULL;
    hf_bytes chain, sent;
    *out = NULL;
    hf_status status = hf_io_file_read(chain_path, &chain, e);
    if (status < 0)
        return status;
    bool archive = hf_io_is_archive(chain), one_file = key_path == NULL;
    if (archive)
        status =
            in_file(hf_io_archive_read(chain, password, one_file ? &key : NULL, &from_archive, e),
                    chain_path, e);
    else if (one_file)
        status = in_file(hf_key_read(chain, password, &key, e), chain_path, e);
    if (status == HF_OK && !one_file)
        status = hf_key_read_file(key_path, password, &key, e);
    sent = chain;
    if (archive && from_archive != NULL)
        sent = (hf_bytes){(const uint8_t *)from_archive, strlen(from_archive)};
    if (status == HF_OK)
        status = in_file(hf_identity_new(sent, key, out, e), chain_path, e);
    if (status == HF_E_KEY_MISMATCH && key_path != NULL && e != NULL && e->got[0] == '\0')
        hf_error_expected(e, "the key of this certificate in %.120s", key_path);
    hf_key_free(key);
    hf_free(from_archive);
    hf_io_file_free(chain);
    return status;
}

static hf_status set_from_file(hf_identity *identity, const char *path,
                               hf_status (*set)(hf_identity *identity, hf_bytes bytes, hf_error *e),
                               hf_error *e)
{
    hf_bytes file;
    hf_status status = hf_io_file_read(path, &file, e);
    if (status < 0)
        return status;
    status = in_file(set(identity, file, e), path, e);
    hf_io_file_free(file);
    return status;
}

hf_status hf_identity_set_ocsp_file(hf_identity *identity, const char *path, hf_error *e)
{
    return set_from_file(identity, path, hf_identity_set_ocsp, e);
}

hf_status hf_identity_set_scts_file(hf_identity *identity, const char *path, hf_error *e)
{
    return set_from_file(identity, path, hf_identity_set_scts, e);
}

hf_status hf_store_add_file(hf_store *store, const char *path, size_t *added, hf_error *e)
{
    hf_bytes file;
    if (added != NULL)
        *added = 0;
    if (hf_io_is_folder(path))
        return hf_io_store_add_folder(store, path, added, e);
    hf_status status = hf_io_file_read(path, &file, e);
    if (status < 0)
        return status;
    status = in_file(hf_store_add(store, file, added, e), path, e);
    hf_io_file_free(file);
    return status;
}
