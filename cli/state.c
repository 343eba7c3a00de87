/* state.c: the local certificate authority: made once, kept in a folder that this user alone reads,
 * and the certificate that it issues for this machine's own names. */
#define _DEFAULT_SOURCE 1
#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY_S = 86400, CA_DAYS = 3652, LEAF_DAYS = 365, RENEW_DAYS = 30, PATH_SIZE = 4096 };

/* ---- the folder ---- */

char *cli_state_dir(cli *c)
{
    const char *given = cli_find_option(c->command, "state", 5) ? cli_text(c, "state") : NULL;
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (given == NULL && (data == NULL || data[0] != '/') && (home == NULL || home[0] != '/')) {
        const cli_line lines[] = {{"because", "HOME is not set"}, {"try", "--state DIR"}, {0}};
        cli_fail(c, CLI_LOCAL_FILE, "there is no folder to keep the local authority in", lines);
        return NULL;
    }
    char path[PATH_SIZE];
    int n = given != NULL ? snprintf(path, sizeof path, "%s", given)
            : data != NULL && data[0] == '/'
                ? snprintf(path, sizeof path, "%s/handfast", data)
                : snprintf(path, sizeof path, "%s/.local/share/handfast", home);
    char *copy = n > 0 && (size_t)n < sizeof path - 32 ? strdup(path) : NULL;
    if (copy == NULL)
        cli_fail(c, CLI_LOCAL_FILE, "the path of the local authority's folder is too long", NULL);
    return copy;
}

/* mkdir -p; what is new is this user's alone. */
static cli_exit make_folder(cli *c, const char *dir)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s", dir);
    for (char *p = path + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char was = *p;
        *p = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return cli_file_error(c, "the local authority's folder could not be made", path, errno);
        *p = was;
        if (was == '\0')
            return CLI_DONE;
    }
}

/* Whoever can write here can put a key of their own in the authority's place. */
static cli_exit check_folder(cli *c, const char *dir)
{
    struct stat st;
    if (stat(dir, &st) != 0)
        return cli_file_error(c, "the local authority's folder could not be looked at", dir, errno);
    if (!S_ISDIR(st.st_mode))
        return cli_file_error(c, "the local authority's folder is something else", dir, ENOTDIR);
    if ((st.st_mode & 022) == 0 && (st.st_uid == geteuid() || geteuid() == 0))
        return CLI_DONE;
    const cli_line lines[] = {{"on", dir},
                              {"because", "they could put an authority of their own there"},
                              {"try", "chmod 700, or another folder (--state DIR)"},
                              {0}};
    return cli_fail(c, CLI_LOCAL_FILE, "others may write to the local authority's folder", lines);
}

/* One process at a time makes things here; -1 after a report. */
static int lock_folder(cli *c, const char *dir)
{
    char path[PATH_SIZE + 8];
    snprintf(path, sizeof path, "%s/lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd != -1) {
        int got;
        do
            got = flock(fd, LOCK_EX);
        while (got == -1 && errno == EINTR);
        if (got == 0)
            return fd;
        close(fd);
    }
    cli_file_error(c, "the local authority's folder could not be locked", path, errno);
    return -1;
}

/* Writes a whole new file and only then puts it in the old one's place. */
static cli_exit write_file(cli *c, const char *path, const char *text, mode_t mode)
{
    char temporary[PATH_SIZE + 32];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    unlink(temporary); /* left behind by a run that was cut off: the folder is locked */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd == -1)
        return cli_file_error(c, "a file could not be written", temporary, errno);
    size_t at = 0, n = strlen(text);
    while (at < n) {
        ssize_t wrote = write(fd, text + at, n - at);
        if (wrote > 0)
            at += (size_t)wrote;
        else if (wrote == 0 || errno != EINTR)
            break;
    }
    int error_number = at == n && fsync(fd) == 0 ? 0 : errno != 0 ? errno : EIO;
    close(fd);
    if (error_number == 0 && rename(temporary, path) != 0)
        error_number = errno;
    if (error_number == 0)
        return CLI_DONE;
    unlink(temporary);
    return cli_file_error(c, "a file could not be written", path, error_number);
}

/* ---- certificates ---- */

static cli_exit tell(cli *c, hf_error *e, hf_status code, const char *doing)
{
    if (e->code == HF_OK)
        e->code = code;
    return cli_error(c, e, doing);
}

/* Makes a key and a certificate for it; the key is written first, so that a certificate on disk
 * always has its key. `issuer` NULL: signed by itself. */
static cli_exit make_pair(cli *c, const hf_cert_template *t, const hf_identity *issuer,
                          const char *cert_path, const char *key_path)
{
    static const char doing[] = "making a certificate";
    hf_error e = {0};
    hf_key *key = NULL;
    char *key_text = NULL, *cert_text = NULL;
    hf_bytes der = {NULL, 0};
    hf_status status = hf_key_generate(HF_KEY_P256, 0, &key, &e);
    if (status == HF_OK)
        status = hf_cert_issue(t, hf_key_public(key),
                               issuer != NULL ? hf_identity_cert(issuer, 0) : NULL,
                               issuer != NULL ? hf_identity_key(issuer) : key, &der, &e);
    if (status == HF_OK)
        status = hf_key_write_pem(key, NULL, &key_text, &e);
    if (status == HF_OK) {
        cert_text = hf_pem_write(der, "CERTIFICATE");
        status = cert_text != NULL ? HF_OK : HF_E_OUT_OF_MEMORY;
    }
    cli_exit result = status == HF_OK ? CLI_DONE : tell(c, &e, status, doing);
    if (result == CLI_DONE)
        result = write_file(c, key_path, key_text, 0600);
    if (result == CLI_DONE)
        result = write_file(c, cert_path, cert_text, 0644);
    hf_der_free(der);
    hf_text_free(key_text);
    hf_text_free(cert_text);
    hf_key_free(key);
    return result;
}

typedef struct local_paths {
    char ca[PATH_SIZE], ca_key[PATH_SIZE], leaf[PATH_SIZE], leaf_key[PATH_SIZE];
} local_paths;

static bool set_paths(local_paths *p, const char *dir)
{
    int n = snprintf(p->ca, sizeof p->ca, "%s/ca.pem", dir);
    snprintf(p->ca_key, sizeof p->ca_key, "%s/ca.key", dir);
    snprintf(p->leaf, sizeof p->leaf, "%s/server.pem", dir);
    int longest = snprintf(p->leaf_key, sizeof p->leaf_key, "%s/server.key", dir);
    return n > 0 && longest < PATH_SIZE;
}

/* "CN=handfast local authority, tuor": the machine's name tells one authority from another in a
 * browser's list. Only letters, digits and dashes of it, as the text is RFC 4514's. */
static void authority_name(char *out, size_t size)
{
    char host[64] = "", clean[64];
    gethostname(host, sizeof host - 1);
    size_t n = 0;
    for (const char *p = host; *p != '\0' && *p != '.' && n < sizeof clean - 1; p++)
        if ((*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') || *p == '-')
            clean[n++] = *p;
    clean[n] = '\0';
    snprintf(out, size, "CN=handfast local authority%s%s", n != 0 ? " on " : "", clean);
}

static cli_exit make_authority(cli *c, const local_paths *p, int64_t now_s)
{
    char subject[128];
    authority_name(subject, sizeof subject);
    hf_cert_template t = {
        .subject = subject,
        .not_before_s = now_s - DAY_S, /* other clocks may be a little behind */
        .not_after_s = now_s + (int64_t)CA_DAYS * DAY_S,
        .ca = true,
        .path_len = 0,
    };
    return make_pair(c, &t, NULL, p->ca, p->ca_key);
}

static cli_exit broken_authority(cli *c, const local_paths *p, const char *why)
{
    char hint[PATH_SIZE + 120];
    snprintf(hint, sizeof hint,
             "remove %s: the next start makes a new authority, to be trusted anew", p->ca);
    const cli_line lines[] = {{"on", p->ca}, {"because", why}, {"try", hint}, {0}};
    return cli_fail(c, CLI_LOCAL_FILE, "the local authority cannot be used", lines);
}

/* Reads the authority, or makes it where there is none. An authority that is there and broken is
 * not replaced behind its owner's back: someone trusts it. */
static cli_exit open_authority(cli *c, const local_paths *p, int64_t now_s, cli_local *out,
                               hf_identity **ca)
{
    struct stat st;
    bool missing = stat(p->ca, &st) != 0 && errno == ENOENT;
    if (missing) {
        cli_exit status = make_authority(c, p, now_s);
        if (status != CLI_DONE)
            return status;
        out->made_ca = true;
    }
    hf_error e = {0};
    hf_status status = hf_identity_read_files(p->ca, p->ca_key, NULL, ca, &e);
    if (status == HF_E_OUT_OF_MEMORY) /* says nothing about the authority */
        return tell(c, &e, status, "reading the local authority");
    if (status != HF_OK) {
        char why[2 * HF_ERROR_TEXT + 160];
        snprintf(why, sizeof why, "%s%s%s", hf_error_sentence(status), e.got[0] != '\0' ? ": " : "",
                 e.got);
        return broken_authority(c, p, why);
    }
    const hf_cert *cert = hf_identity_cert(*ca, 0);
    const char *why = !cert->is_ca                 ? "the certificate is not an authority's"
                      : now_s >= cert->not_after_s ? "it has expired"
                      : now_s < cert->not_before_s ? "it is not valid yet: check the clock"
                                                   : NULL;
    if (why != NULL) {
        hf_identity_free(*ca);
        *ca = NULL;
        return broken_authority(c, p, why);
    }
    if (stat(p->ca_key, &st) == 0 && (st.st_mode & 077) != 0)
        cli_warn(c, "others may read %s (mode %03o): chmod 600", p->ca_key,
                 (unsigned)(st.st_mode & 0777));
    return CLI_DONE;
}

/* True when the certificate serves for all `names`, from this authority, for a while longer. */
static bool still_good(const hf_identity *leaf, const hf_identity *ca, const char *const *names,
                       int64_t now_s)
{
    const hf_cert *cert = hf_identity_cert(leaf, 0);
    const hf_cert *root = hf_identity_cert(ca, 0);
    int64_t until = cert->not_after_s < root->not_after_s ? cert->not_after_s : root->not_after_s;
    if (until - now_s < (int64_t)RENEW_DAYS * DAY_S && until != root->not_after_s)
        return false;
    for (size_t i = 0; names[i] != NULL; i++)
        if (!hf_cert_matches_host(cert, names[i]))
            return false;
    hf_store *store;
    if (hf_store_new(&store) != HF_OK)
        return false;
    hf_verify_params params = {.store = store, .purpose = HF_PURPOSE_SERVER, .at_s = now_s};
    bool good = hf_store_add(store, root->der, NULL, NULL) == HF_OK &&
                hf_verify_chain(cert, 1, &params, NULL, NULL, NULL, NULL) == HF_OK;
    hf_store_free(store);
    return good;
}

static cli_exit make_leaf(cli *c, const local_paths *p, const hf_identity *ca,
                          const char *const *names, int64_t now_s)
{
    int64_t last = now_s + (int64_t)LEAF_DAYS * DAY_S,
            ca_last = hf_identity_cert(ca, 0)->not_after_s;
    hf_cert_template t = {
        .subject = "CN=handfast on this machine",
        .names = names,
        .not_before_s = now_s - 3600,
        .not_after_s = last < ca_last ? last : ca_last,
        .path_len = -1,
        .server = true,
    };
    return make_pair(c, &t, ca, p->leaf, p->leaf_key);
}

static cli_exit open_leaf(cli *c, const local_paths *p, const hf_identity *ca,
                          const char *const *names, int64_t now_s, cli_local *out)
{
    hf_identity *leaf = NULL;
    hf_error e = {0};
    if (hf_identity_read_files(p->leaf, p->leaf_key, NULL, &leaf, &e) == HF_OK &&
        still_good(leaf, ca, names, now_s)) {
        out->identity = leaf;
        return CLI_DONE;
    }
    hf_identity_free(leaf); /* whatever is wrong with it: a new one costs nothing */
    cli_exit status = make_leaf(c, p, ca, names, now_s);
    if (status != CLI_DONE)
        return status;
    out->made_certificate = true;
    e = (hf_error){0};
    hf_status read = hf_identity_read_files(p->leaf, p->leaf_key, NULL, &out->identity, &e);
    return read == HF_OK ? CLI_DONE : tell(c, &e, read, "reading the new certificate");
}

cli_exit cli_local_identity(cli *c, const char *dir, const char *const *names, int64_t now_s,
                            cli_local *out)
{
    *out = (cli_local){0};
    local_paths *p = calloc(1, sizeof *p);
    if (p == NULL || !set_paths(p, dir)) {
        free(p);
        return cli_fail(c, CLI_LOCAL_FILE, "the path of the local authority's folder is too long",
                        NULL);
    }
    cli_exit status = make_folder(c, dir);
    if (status == CLI_DONE)
        status = check_folder(c, dir);
    int lock = status == CLI_DONE ? lock_folder(c, dir) : -1;
    if (status == CLI_DONE && lock == -1)
        status = CLI_LOCAL_FILE;
    hf_identity *ca = NULL;
    if (status == CLI_DONE)
        status = open_authority(c, p, now_s, out, &ca);
    if (status == CLI_DONE)
        status = open_leaf(c, p, ca, names, now_s, out);
    hf_identity_free(ca);
    if (lock != -1)
        close(lock);
    snprintf(out->ca_path, sizeof out->ca_path, "%s", p->ca);
    free(p);
    return status;
}
