/* cert_file.c: reading certificate files, saying what others seem to be, and writing new ones. */
#define _DEFAULT_SOURCE /* explicit_bzero */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_file.h"

#include "cli/cert_dial.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 16 << 20, PATH_SIZE = 4096 };

void cli_bytes_free(cli_bytes *b)
{
    if (b->p != NULL)
        explicit_bzero(b->p, b->n);
    free(b->p);
    *b = (cli_bytes){NULL, 0};
}

/* ---- reading ---- */

static bool grow(cli_bytes *b, size_t *room, size_t most)
{
    size_t more = *room == 0 ? 65536 : *room * 2;
    if (more > most + 1)
        more = most + 1;
    uint8_t *p = malloc(more); /* not realloc: what was read may be a key, and is wiped */
    if (p == NULL)
        return false;
    size_t n = b->n;
    if (n != 0)
        memcpy(p, b->p, n);
    cli_bytes_free(b);
    *b = (cli_bytes){p, n};
    *room = more;
    return true;
}

static cli_exit too_large(cli *c, const char *path, size_t most)
{
    char limit[60];
    snprintf(limit, sizeof limit, "at most %zu MiB", most >> 20);
    const cli_line lines[] = {{"on", path}, {"expected", limit}, {"try", "another file"}, {0}};
    return cli_fail(c, CLI_LOCAL_FILE, "the file is too large to be what is wanted", lines);
}

static cli_exit read_all(cli *c, int fd, const char *path, size_t most, cli_bytes *out)
{
    size_t room = 0;
    for (;;) {
        if (out->n > most)
            return too_large(c, path, most);
        if (out->n == room && !grow(out, &room, most))
            return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
        ssize_t n = read(fd, out->p + out->n, room - out->n);
        if (n == 0)
            return CLI_DONE;
        if (n < 0 && errno != EINTR)
            return cli_file_error(c, "the file could not be read", path, errno);
        if (n > 0)
            out->n += (size_t)n;
    }
}

cli_exit cli_file_read(cli *c, const char *path, size_t most, cli_bytes *out)
{
    *out = (cli_bytes){NULL, 0};
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return cli_file_error(c, "the file could not be read", path, errno);
    cli_exit status = read_all(c, fd, path, most, out);
    if (!standard)
        close(fd);
    if (status != CLI_DONE)
        cli_bytes_free(out);
    return status;
}

/* ---- guessing ---- */

static bool holds(hf_bytes b, const char *what)
{
    size_t n = strlen(what);
    for (size_t i = 0; i + n <= b.n; i++)
        if (b.p[i] == (uint8_t)what[0] && memcmp(b.p + i, what, n) == 0)
            return true;
    return false;
}

static bool begins(hf_bytes b, const char *what, size_t n)
{
    return b.n >= n && memcmp(b.p, what, n) == 0;
}

static const char *guess_pem(hf_bytes b)
{
    static const struct {
        const char *label, *is;
    } labels[] = {
        {"-----BEGIN CERTIFICATE REQUEST-----", "a certificate signing request (PEM)"},
        {"-----BEGIN NEW CERTIFICATE REQUEST-----", "a certificate signing request (PEM)"},
        {"-----BEGIN ENCRYPTED PRIVATE KEY-----", "an encrypted private key (PEM)"},
        {"-----BEGIN CERTIFICATE-----", "a certificate (PEM)"},
        {"-----BEGIN TRUSTED CERTIFICATE-----", "a certificate in openssl's trusted form"},
        {"-----BEGIN PRIVATE KEY-----", "a private key (PEM, PKCS#8)"},
        {"-----BEGIN RSA PRIVATE KEY-----", "an RSA private key (PEM, PKCS#1)"},
        {"-----BEGIN EC PRIVATE KEY-----", "an elliptic curve private key (PEM, SEC1)"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----", "an OpenSSH private key, which is not for TLS"},
        {"-----BEGIN PUBLIC KEY-----", "a public key without a certificate (PEM)"},
        {"-----BEGIN X509 CRL-----", "a certificate revocation list (PEM)"},
        {"-----BEGIN PKCS7-----", "a PKCS#7 bundle (PEM)"},
        {"-----BEGIN DH PARAMETERS-----", "Diffie-Hellman parameters"},
        {"-----BEGIN EC PARAMETERS-----", "elliptic curve parameters"},
        {"-----BEGIN PGP ", "a PGP key or message"},
        {"-----BEGIN ", "PEM of another kind"},
    };
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (holds(b, labels[i].label))
            return labels[i].is;
    return NULL;
}

/* The tags at the start of a DER SEQUENCE tell most kinds apart. */
static const char *guess_der(hf_bytes b)
{
    size_t at = b.p[1] < 0x80 ? 2 : 2 + (size_t)(b.p[1] & 0x7f), length = b.p[1];
    if (at + 3 > b.n)
        return "the start of something in DER, cut short";
    if (b.p[1] > 0x80 && at <= 6) {
        length = 0;
        for (size_t i = 2; i < at; i++)
            length = length << 8 | b.p[i];
    }
    if (b.p[1] != 0x80 && at <= 6 && length > b.n - at)
        return "the start of something in DER, cut short";
    if (b.p[1] != 0x80 && at <= 6 && length < b.n - at)
        return "something in DER with more bytes behind it (a newline, or another one)";
    const uint8_t *p = b.p + at;
    if (p[0] == 0x02 && p[1] == 1 && p[2] == 3)
        return "a PKCS#12 archive (.p12, .pfx), which openssl pkcs12 can open";
    if (p[0] == 0x02 && p[1] == 1 && p[2] <= 1)
        return "a private key (DER)";
    if (p[0] == 0x06)
        return "a PKCS#7 bundle (DER)";
    if (p[0] == 0x30 && at + 6 < b.n) {
        size_t inner = at + (p[1] < 0x80 ? 2 : 2 + (size_t)(p[1] & 0x7f));
        if (inner + 3 <= b.n && b.p[inner] == 0x02 && b.p[inner + 1] == 1 && b.p[inner + 2] == 0)
            return "a certificate signing request (DER)";
        if (inner < b.n && b.p[inner] == 0xa0)
            return "a certificate (DER)";
        if (inner < b.n && b.p[inner] == 0x06)
            return "a public key or an encrypted private key (DER)";
    }
    return "something in DER";
}

const char *cli_file_guess(hf_bytes b)
{
    if (b.n == 0)
        return "an empty file";
    const char *pem = guess_pem(b);
    if (pem != NULL)
        return pem;
    if (b.n > 4 && b.p[0] == 0x30)
        return guess_der(b);
    if (begins(b, "\xfe\xed\xfe\xed", 4))
        return "a Java keystore, which keytool can convert";
    if (begins(b, "ssh-", 4) || begins(b, "ecdsa-sha2-", 11))
        return "an OpenSSH public key, which is not for TLS";
    if (begins(b, "PuTTY-User-Key-File", 19))
        return "a PuTTY key, which is not for TLS";
    if (begins(b, "PK\x03\x04", 4))
        return "a ZIP archive";
    if (begins(b,
               "\x7f"
               "ELF",
               4))
        return "a program";
    if (holds(b, "<html") || holds(b, "<HTML") || holds(b, "<!DOCTYPE"))
        return "an HTML page";
    if (begins(b, "{", 1))
        return "JSON";
    if (begins(b, "\xff\xfe", 2) || begins(b, "\xfe\xff", 2))
        return "text in UTF-16, as some editors and shells write it: save it as UTF-8 or ASCII";
    if (begins(b, "MII", 3))
        return "base64 without its lines -----BEGIN ...----- and -----END ...-----";
    size_t text = 0, seen = b.n < 512 ? b.n : 512;
    for (size_t i = 0; i < seen; i++)
        text +=
            (b.p[i] >= 0x20 && b.p[i] < 0x7f) || b.p[i] == '\n' || b.p[i] == '\r' || b.p[i] == '\t';
    return text == seen ? "plain text" : "binary data of an unknown kind";
}

cli_exit cli_file_not(cli *c, const char *path, hf_bytes bytes, const char *wanted,
                      const char *try_this)
{
    char what[120];
    snprintf(what, sizeof what, "there is no %s in this file", wanted);
    const cli_line lines[] = {
        {"on", path}, {"it seems", cli_file_guess(bytes)}, {"try", try_this}, {0}};
    return cli_fail(c, CLI_LOCAL_FILE, what, lines);
}

bool cli_file_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* ---- writing ---- */

static int write_all(int fd, hf_bytes b)
{
    while (b.n != 0) {
        ssize_t n = write(fd, b.p, b.n);
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0) {
            b.p += n;
            b.n -= (size_t)n;
        }
    }
    return fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
}

static cli_exit exists(cli *c, const char *path)
{
    const cli_line lines[] = {
        {"on", path}, {"try", "another name, or --force to put the new one in its place"}, {0}};
    return cli_fail(c, CLI_LOCAL_FILE, "the file exists already and was left as it is", lines);
}

/* The name of a file beside `path` that nobody has: mkstemp makes it 0600. */
static int temporary(const char *path, char *name, size_t size)
{
    if ((size_t)snprintf(name, size, "%s.XXXXXX", path) >= size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return mkstemp(name);
}

/* A rename is on the disk when its folder is. */
static void sync_folder(const char *path)
{
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

/* link refuses to replace and rename replaces: which of the two is what `force` means. Where there
 * are no hard links, the name is taken by an empty file first. Returns 0 or errno. */
static int put_in_place(const char *name, const char *path, bool force)
{
    if (!force) {
        if (link(name, path) == 0)
            return unlink(name) == 0 ? 0 : errno;
        if (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP && errno != EMLINK)
            return errno;
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
            return errno;
        close(fd);
    }
    return rename(name, path) == 0 ? 0 : errno;
}

/* Pipes and devices, also at the end of a link: what is written to them is not a file's content. */
static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode));
}

bool cli_file_is_replaced(const char *path)
{
    return cli_file_exists(path) && !is_special(path);
}

static cli_exit write_special(cli *c, const char *path, hf_bytes bytes)
{
    int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    int error = fd < 0 ? errno : write_all(fd, bytes);
    if (fd >= 0 && close(fd) != 0 && error == 0)
        error = errno;
    return error == 0 ? CLI_DONE : cli_file_error(c, "the file could not be written", path, error);
}

static bool is_direct(const char *path)
{
    return strcmp(path, "-") == 0 || is_special(path);
}

/* The bytes in a file beside `path`; its name in `name`. Returns 0 or errno. */
static int write_beside(const char *path, hf_bytes bytes, unsigned mode, char *name, size_t size)
{
    int fd = temporary(path, name, size);
    if (fd < 0)
        return errno;
    int error = write_all(fd, bytes);
    if (error == 0 && fchmod(fd, (mode_t)mode) != 0)
        error = errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error != 0)
        unlink(name);
    return error;
}

cli_exit cli_file_stage(cli *c, const char *path, hf_bytes bytes, unsigned mode, bool force,
                        cli_staged *out)
{
    char name[PATH_SIZE];
    struct stat st;
    *out = (cli_staged){.path = path, .bytes = bytes, .force = force};
    if (is_direct(path))
        return CLI_DONE;
    if (!force && cli_file_exists(path))
        return exists(c, path);
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return cli_file_error(c, "the file could not be written", path, EISDIR);
    int error = write_beside(path, bytes, mode, name, sizeof name);
    if (error != 0)
        return cli_file_error(c, "the file could not be written", path, error);
    out->temporary = strdup(name);
    if (out->temporary != NULL)
        return CLI_DONE;
    unlink(name);
    return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
}

void cli_file_drop(cli_staged *s)
{
    if (s->temporary != NULL)
        unlink(s->temporary);
    free(s->temporary);
    s->temporary = NULL;
}

cli_exit cli_file_place(cli *c, cli_staged *s)
{
    if (s->temporary == NULL && strcmp(s->path, "-") == 0) {
        fwrite(s->bytes.p, 1, s->bytes.n, stdout);
        return cli_flush_output(c);
    }
    if (s->temporary == NULL)
        return write_special(c, s->path, s->bytes);
    int error = put_in_place(s->temporary, s->path, s->force);
    if (error == 0) {
        free(s->temporary);
        s->temporary = NULL;
        sync_folder(s->path);
        return CLI_DONE;
    }
    cli_file_drop(s);
    return error == EEXIST ? exists(c, s->path)
                           : cli_file_error(c, "the file could not be written", s->path, error);
}

cli_exit cli_file_write(cli *c, const char *path, hf_bytes bytes, unsigned mode, bool force)
{
    cli_staged s;
    cli_exit status = cli_file_stage(c, path, bytes, mode, force, &s);
    return status == CLI_DONE ? cli_file_place(c, &s) : status;
}

/* ---- chains ---- */

void cli_chain_free(cli_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        cli_bytes_free(&chain->der[i]);
    cli_bytes_free(&chain->ocsp);
    cli_bytes_free(&chain->scts);
    chain->count = 0;
}

/* Copies and parses one certificate. */
static hf_status add(cli_chain *chain, hf_bytes der, hf_error *e)
{
    if (chain->count == CLI_CHAIN_MAX)
        return HF_OK; /* more than any chain; a bundle is shown as far as it goes */
    cli_bytes copy = {malloc(der.n == 0 ? 1 : der.n), der.n};
    if (copy.p == NULL)
        return HF_E_OUT_OF_MEMORY;
    memcpy(copy.p, der.p, der.n);
    hf_status status = hf_cert_parse(cli_bytes_of(&copy), &chain->cert[chain->count], e);
    if (status != HF_OK) {
        cli_bytes_free(&copy);
        return status;
    }
    chain->der[chain->count++] = copy;
    return HF_OK;
}

bool cli_chain_add(cli_chain *chain, hf_bytes der)
{
    return chain->count < CLI_CHAIN_MAX && add(chain, der, NULL) == HF_OK;
}

typedef struct adding {
    cli_chain *chain;
    hf_error *e;
} adding;

static hf_status add_each(void *ctx, hf_bytes der)
{
    adding *a = ctx;
    return add(a->chain, der, a->e);
}

/* The certificates of a PKCS#12 archive, with a password where it asks for one. */
static cli_exit read_archive(cli *c, const char *path, hf_bytes bytes, cli_chain *out)
{
    hf_error e = {0};
    adding a = {out, &e};
    hf_status status = hf_pkcs12_read(bytes, NULL, NULL, add_each, &a, &e);
    if (status == HF_E_KEY_PASSWORD) {
        cli_exit asked;
        const char *password = cli_password(c, path, false, &asked);
        if (asked != CLI_DONE)
            return asked;
        const cli_line lines[] = {
            {"on", path}, {"try", "--password-file FILE, or run this on a terminal"}, {0}};
        if (password == NULL)
            return cli_fail(c, CLI_LOCAL_FILE, "the PKCS#12 archive is encrypted", lines);
        e = (hf_error){0};
        status = hf_pkcs12_read(bytes, password, NULL, add_each, &a, &e);
    }
    if (status == HF_OK && out->count != 0)
        return CLI_DONE;
    cli_chain_free(out);
    if (status == HF_OK)
        return cli_file_not(c, path, bytes, "certificate", "an archive with a certificate");
    if (e.code == HF_OK)
        e.code = status;
    if (e.subject[0] == '\0')
        snprintf(e.subject, sizeof e.subject, "%s", path);
    return cli_error_as(c, &e, "reading the PKCS#12 archive",
                        status == HF_E_OUT_OF_MEMORY ? CLI_OTHER : CLI_LOCAL_FILE);
}

cli_exit cli_chain_read_bytes(cli *c, const char *path, hf_bytes bytes, cli_chain *out)
{
    hf_error e = {0};
    adding a = {out, &e};
    out->count = 0;
    if (strncmp(cli_file_guess(bytes), "a PKCS#12", 9) == 0)
        return read_archive(c, path, bytes, out);
    hf_status status = hf_pem_each(bytes, "CERTIFICATE", add_each, &a, &e);
    if (status == HF_OK && out->count != 0)
        return CLI_DONE;
    cli_chain_free(out);
    const char *guess = cli_file_guess(bytes);
    bool certificate = strstr(guess, "a certificate (") == guess;
    if (status == HF_OK || status == HF_E_PEM_NOTHING_FOUND ||
        (!certificate && status != HF_E_OUT_OF_MEMORY))
        return cli_file_not(c, path, bytes, "certificate", "a PEM or DER file with a certificate");
    if (e.code == HF_OK)
        e.code = status;
    if (e.subject[0] == '\0')
        snprintf(e.subject, sizeof e.subject, "%s", path);
    /* a damaged file here is a local matter, not a peer's */
    return cli_error_as(c, &e, "reading the certificate",
                        status == HF_E_OUT_OF_MEMORY ? CLI_OTHER : CLI_LOCAL_FILE);
}

cli_exit cli_chain_read_file(cli *c, const char *path, cli_chain *out)
{
    cli_bytes file;
    out->count = 0;
    cli_exit status = cli_file_read(c, path, FILE_MAX, &file);
    if (status == CLI_DONE)
        status = cli_chain_read_bytes(c, path, cli_bytes_of(&file), out);
    cli_bytes_free(&file);
    return status;
}

/* Nothing of nothing. */
static bool copy(hf_bytes from, cli_bytes *to)
{
    *to = (cli_bytes){NULL, 0};
    if (from.n == 0)
        return true;
    to->p = malloc(from.n);
    if (to->p == NULL)
        return false;
    memcpy(to->p, from.p, from.n);
    to->n = from.n;
    return true;
}

static hf_status collect(cli *c, const cli_target *t, hf_config *cfg, cli_chain *out, hf_error *e)
{
    hf_stream *s;
    hf_status status = cli_target_dial(c, cfg, t, &s, e);
    if (status != HF_OK)
        return status;
    const hf_cert *cert;
    for (size_t i = 0; status == HF_OK && (cert = hf_peer_cert(hf_stream_conn(s), i)) != NULL; i++)
        status = add(out, cert->der, e);
    hf_info info;
    hf_conn_info(hf_stream_conn(s), &info);
    if (status == HF_OK &&
        (!copy(info.ocsp_response, &out->ocsp) || !copy(info.sct_list, &out->scts)))
        status = HF_E_OUT_OF_MEMORY;
    (void)hf_stream_close(s);
    if (status == HF_OK && out->count == 0)
        status = e->code = HF_E_SERVER_NO_CERTIFICATE;
    return status;
}

/* Looking needs no trust: what was sent is shown or judged afterwards, and nothing is said on the
 * connection. */
cli_exit cli_chain_read_peer(cli *c, const char *host_port, cli_chain *out)
{
    cli_target t;
    hf_error e = {0};
    hf_config *cfg;
    out->count = 0;
    cli_exit exit_status = cli_target_read(c, host_port, &t);
    if (exit_status != CLI_DONE)
        return exit_status;
    hf_status status = hf_config_new(HF_CLIENT, &cfg);
    if (status == HF_OK)
        status = hf_config_insecure_no_verification(cfg);
    if (status == HF_OK)
        status = hf_config_keep_peer_chain(cfg, true);
    if (status == HF_OK && cli_find_option(c->command, "ct-logs", 7) != NULL)
        status = hf_config_request_scts(cfg, cli_count(c, "ct-logs") != 0);
    if (status == HF_OK)
        status = hf_config_freeze(cfg, &e);
    if (status == HF_OK)
        status = collect(c, &t, cfg, out, &e);
    hf_config_free(cfg);
    if (status == HF_OK)
        return CLI_DONE;
    cli_chain_free(out);
    if (e.code == HF_OK)
        e.code = status;
    return cli_error(c, &e, "asking for the certificate");
}

bool cli_names_peer(const char *argument)
{
    if (strcmp(argument, "-") == 0 || cli_file_exists(argument))
        return false;
    if (strncmp(argument, "https://", 8) == 0)
        return true;
    if (strchr(argument, '/') != NULL)
        return false;
    const char *dot = strrchr(argument, '.');
    static const char *const endings[] = {".pem", ".crt", ".cer", ".der", ".key", ".csr", ".p12"};
    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof endings[0]; i++)
        if (strcmp(dot, endings[i]) == 0)
            return false; /* surely meant as a file: the report says that there is none */
    return strchr(argument, ':') != NULL || dot != NULL || strcmp(argument, "localhost") == 0;
}
