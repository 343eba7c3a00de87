/* session_file.c: --session FILE: reading it, offering what it holds, writing what came. */
#define _DEFAULT_SOURCE 1 /* explicit_bzero */
#define _POSIX_C_SOURCE 200809L
#include "cli/session_file.h"

#include "cli/cert_file.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define LABEL "HANDFAST SESSION"

enum { HOSTS = 64, FILE_MAX = 8 << 20 };

const cli_option cli_session_options[] = {
    {.name = "session",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "resume the session in FILE if there is one, and keep the newest there: it is secret"},
    {0},
};

/* A host's session. */
typedef struct kept {
    cli_bytes bytes;
    char host[256];
    bool spent; /* TLS 1.3's are used once: RFC 9846 section C.4 */
} kept;

struct cli_sessions {
    const char *path;
    hf_sessions *store;
    kept kept[HOSTS]; /* newest first */
    size_t count;
    bool news;
    unsigned came;   /* from the present connection */
    cli_exit status; /* of what went wrong where nothing could be returned */
};

static int64_t now_s(void)
{
    return hf_provider_default()->now_s(hf_provider_default()->ctx);
}

/* ---- the list ---- */

static kept *of_host(struct cli_sessions *j, const char *host)
{
    for (size_t i = 0; i < j->count; i++)
        if (strcmp(j->kept[i].host, host) == 0)
            return &j->kept[i];
    return NULL;
}

static void drop(struct cli_sessions *j, kept *k)
{
    cli_bytes_free(&k->bytes);
    memmove(k, k + 1, (size_t)(j->kept + j->count - (k + 1)) * sizeof *k);
    j->count--;
}

/* Puts a copy first, in the place of the host's older one. False when memory ran out. */
static bool put_first(struct cli_sessions *j, const char *host, hf_bytes session)
{
    uint8_t *copy = malloc(session.n);
    if (copy == NULL)
        return false;
    memcpy(copy, session.p, session.n);
    kept *old = of_host(j, host);
    if (old == NULL && j->count == HOSTS)
        old = &j->kept[HOSTS - 1];
    if (old != NULL)
        drop(j, old);
    memmove(j->kept + 1, j->kept, j->count * sizeof *j->kept);
    j->kept[0] = (kept){.bytes = {copy, session.n}};
    snprintf(j->kept[0].host, sizeof j->kept[0].host, "%s", host);
    j->count++;
    return true;
}

static void on_session(void *ctx, hf_conn *conn, hf_bytes session)
{
    struct cli_sessions *j = ctx;
    hf_session_info info;
    (void)conn;
    j->came++;
    if (hf_session_describe(session, &info) == HF_OK && put_first(j, info.host, session))
        j->news = true;
}

/* ---- reading ---- */

typedef struct reading {
    cli *c;
    struct cli_sessions *j;
    size_t blocks;
} reading;

static void tell_expired(const reading *r, const hf_session_info *info)
{
    char when[40] = "";
    struct tm tm;
    time_t t = (time_t)info->expires_s;
    if (gmtime_r(&t, &tm) != NULL)
        strftime(when, sizeof when, " since %Y-%m-%d %H:%M:%S UTC", &tm);
    cli_say(r->c, "the session for %s in %s is past its life%s: it is not used", info->host,
            r->j->path, when);
}

static hf_status read_block(void *ctx, hf_bytes der)
{
    reading *r = ctx;
    hf_session_info info;
    hf_status status = hf_session_describe(der, &info);
    r->blocks++;
    if (status != HF_OK)
        return status;
    if (info.expires_s <= now_s()) {
        tell_expired(r, &info);
        r->j->news = true;
        return HF_OK;
    }
    if (r->j->count == HOSTS || of_host(r->j, info.host) != NULL)
        return HF_OK;
    if (!put_first(r->j, info.host, der))
        return HF_E_OUT_OF_MEMORY;
    return hf_sessions_add(r->j->store, der);
}

/* The first of the file is the newest, and each was put before the one in front of it. */
static void turn_round(struct cli_sessions *j)
{
    for (size_t i = 0; i + i + 1 < j->count; i++) {
        kept other = j->kept[i];
        j->kept[i] = j->kept[j->count - 1 - i];
        j->kept[j->count - 1 - i] = other;
    }
}

static cli_exit read_sessions(cli *c, struct cli_sessions *j)
{
    cli_bytes file;
    reading r = {.c = c, .j = j};
    hf_error e = {0};
    cli_exit status = cli_file_read(c, j->path, FILE_MAX, &file);
    if (status != CLI_DONE)
        return status;
    hf_status read = hf_pem_each(cli_bytes_of(&file), LABEL, read_block, &r, &e);
    turn_round(j);
    if (read == HF_E_OUT_OF_MEMORY)
        status = cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    else if (r.blocks == 0 && file.n != 0)
        status = cli_file_not(c, j->path, cli_bytes_of(&file), "session",
                              "a file that handfast wrote, or a new name");
    else if (read != HF_OK) {
        const cli_line lines[] = {{"on", j->path},
                                  {"where", e.field},
                                  {"expected", "sessions as this version of handfast writes them"},
                                  {"try", "remove the file: the next run makes a new one"},
                                  {0}};
        status = cli_fail(c, CLI_LOCAL_FILE, "the session in the file is damaged", lines);
    }
    cli_bytes_free(&file);
    return status;
}

/* What is there must be a file of this user's own: who else reads it can pass for this client. */
static cli_exit check_file(cli *c, const char *path, bool *there)
{
    struct stat st;
    *there = stat(path, &st) == 0;
    if (!*there)
        return errno == ENOENT ? CLI_DONE
                               : cli_file_error(c, "the session could not be read", path, errno);
    if (!S_ISREG(st.st_mode)) {
        const cli_line lines[] = {
            {"on", path}, {"expected", "a plain file, or none yet"}, {"try", "another name"}, {0}};
        return cli_fail(c, CLI_LOCAL_FILE, "sessions cannot be kept there", lines);
    }
    if ((st.st_mode & 077) != 0)
        cli_warn(c, "others may read the sessions in %s (mode %03o)", path,
                 (unsigned)(st.st_mode & 0777));
    return CLI_DONE;
}

cli_exit cli_session_use(cli *c, hf_config *cfg)
{
    const char *path = cli_text(c, "session");
    bool there;
    if (path == NULL)
        return CLI_DONE;
    if (strcmp(path, "-") == 0)
        return cli_usage(c, "sessions are kept in a file", path, "--session FILE");
    cli_exit status = check_file(c, path, &there);
    if (status != CLI_DONE)
        return status;
    struct cli_sessions *j = calloc(1, sizeof *j);
    if (j == NULL || hf_sessions_new(2 * HOSTS, &j->store) != HF_OK) {
        free(j);
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    }
    j->path = path;
    c->sessions = j;
    if (there)
        status = read_sessions(c, j);
    j->status = status; /* a file that was not understood is not replaced either */
    hf_config_sessions(cfg, j->store);
    hf_config_new_session(cfg, on_session, j);
    return status;
}

/* ---- using ---- */

void cli_session_begin(cli *c)
{
    if (c->sessions != NULL)
        c->sessions->came = 0;
}

void cli_session_tell(cli *c, hf_stream *s)
{
    struct cli_sessions *j = c->sessions;
    hf_info info;
    hf_conn_info(hf_stream_conn(s), &info);
    kept *k = j != NULL && info.host != NULL ? of_host(j, info.host) : NULL;
    if (k == NULL || j->came != 0)
        return;
    if (!info.resumed)
        cli_detail(c, 1, "* the session in %s was not taken up: this is a full handshake", j->path);
    else if (info.version == HF_TLS_1_3)
        k->spent = j->news = true;
}

static bool receive(hf_stream *s, int64_t most_ms)
{
    hf_conn *conn = hf_stream_conn(s);
    struct pollfd wait = {.fd = hf_stream_fd(s), .events = POLLIN};
    uint8_t *p;
    size_t room;
    if (hf_in_buffer(conn, &p, &room) < 0 || room == 0 || poll(&wait, 1, (int)most_ms) <= 0)
        return false;
    ssize_t n = recv(wait.fd, p, room, MSG_DONTWAIT);
    if (n <= 0)
        return false;
    hf_in_commit(conn, (size_t)n);
    return true;
}

static int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void cli_session_await(cli *c, hf_stream *s, int64_t most_ms)
{
    struct cli_sessions *j = c->sessions;
    int64_t until = clock_ms() + most_ms;
    if (j == NULL)
        return;
    for (int state = 0; j->came == 0 && (state & (HF_HAVE_DATA | HF_PEER_CLOSED)) == 0;) {
        state = hf_step(hf_stream_conn(s));
        int64_t left = until - clock_ms();
        if (state < 0 || j->came != 0 || left <= 0 || !receive(s, left))
            return;
    }
}

/* ---- writing ---- */

static cli_exit write_sessions(cli *c, struct cli_sessions *j)
{
    cli_bytes all = {NULL, 0};
    cli_exit status = CLI_DONE;
    for (size_t i = 0; i < j->count && status == CLI_DONE; i++) {
        char *pem = j->kept[i].spent ? NULL : hf_pem_write(cli_bytes_of(&j->kept[i].bytes), LABEL);
        size_t n = pem != NULL ? strlen(pem) : 0;
        uint8_t *longer = malloc(all.n + n + 1); /* not realloc: it is secret, and wiped */
        if ((pem == NULL && !j->kept[i].spent) || longer == NULL) {
            status = cli_fail(c, CLI_OTHER, "memory ran out", NULL);
            free(longer);
        } else {
            if (all.n != 0)
                memcpy(longer, all.p, all.n);
            if (n != 0)
                memcpy(longer + all.n, pem, n);
            size_t whole = all.n + n;
            cli_bytes_free(&all);
            all = (cli_bytes){longer, whole};
        }
        hf_text_free(pem);
    }
    if (status == CLI_DONE)
        status = cli_file_write(c, j->path, cli_bytes_of(&all), 0600, true);
    cli_bytes_free(&all);
    return status;
}

cli_exit cli_session_end(cli *c, cli_exit status)
{
    struct cli_sessions *j = c->sessions;
    if (j == NULL)
        return status;
    cli_exit written = CLI_DONE;
    if (j->status == CLI_DONE && j->news)
        written = write_sessions(c, j);
    else if (j->status == CLI_DONE && status == CLI_DONE && j->count == 0)
        cli_say(c, "the server gave no session: %s was not written", j->path);
    while (j->count > 0)
        drop(j, &j->kept[0]);
    hf_sessions_free(j->store);
    free(j);
    c->sessions = NULL;
    return status != CLI_DONE ? status : written;
}
