/* starttls.c: the few lines of SMTP, IMAP, POP3, FTP, LDAP, PostgreSQL, MySQL and XMPP that come
 * before TLS. Each protocol is a short dialogue over one bounded buffer. */
#define _POSIX_C_SOURCE 200809L
#include "cli/starttls.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

/* What a server may say in one answer, and in all before TLS begins: greetings of real servers are
 * a few hundred bytes. */
enum { ANSWER_MAX = 16384, TOTAL_MAX = 65536 };

const cli_option cli_starttls_options[] = {
    {.name = "starttls",
     .kind = CLI_CHOICE,
     .value = "PROTOCOL",
     .choices = "smtp|imap|pop3|ftp|ldap|postgres|mysql|xmpp",
     .help = "begin in PROTOCOL without TLS, and ask the server to change to it"},
    {0},
};

typedef struct dialogue {
    int fd;
    int64_t deadline_ms; /* on CLOCK_MONOTONIC; 0: none */
    const char *host;
    hf_error *e;
    char in[ANSWER_MAX + 1]; /* what came and was not taken yet, NUL-terminated */
    size_t n;
    size_t total; /* all that came */
} dialogue;

/* ---- bytes ---- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static hf_status fail(dialogue *d, hf_status code, const char *expected, const char *got, size_t n)
{
    d->e->code = code;
    d->e->message = "STARTTLS";
    snprintf(d->e->expected, sizeof d->e->expected, "%s", expected);
    (void)cli_escape(got, n, d->e->got, sizeof d->e->got);
    return code;
}

static hf_status system_error(dialogue *d, const char *doing)
{
    const char *why = strerror(errno);
    return fail(d, HF_E_SYSTEM, doing, why, strlen(why));
}

/* Waits until the socket is ready for `events`. */
static hf_status await(dialogue *d, short events, const char *expected)
{
    for (;;) {
        int64_t left = d->deadline_ms == 0 ? -1 : d->deadline_ms - now_ms();
        if (d->deadline_ms != 0 && left <= 0)
            return fail(d, HF_E_TIMEOUT, expected, "silence", 7);
        struct pollfd p = {.fd = d->fd, .events = events};
        int ready = poll(&p, 1, left > 3600000 ? 3600000 : (int)left);
        if (ready > 0)
            return HF_OK;
        if (ready < 0 && errno != EINTR)
            return system_error(d, "waiting for the server");
    }
}

static hf_status send_bytes(dialogue *d, const void *p, size_t n)
{
    const char *at = p;
    while (n > 0) {
        hf_status status = await(d, POLLOUT, "room to send");
        if (status != HF_OK)
            return status;
        ssize_t sent = send(d->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EINTR && errno != EAGAIN)
            return system_error(d, "sending the request for TLS");
        at += sent > 0 ? sent : 0;
        n -= sent > 0 ? (size_t)sent : 0;
    }
    return HF_OK;
}

static hf_status send_text(dialogue *d, const char *text)
{
    return send_bytes(d, text, strlen(text));
}

/* Reads what is there, at least one byte. */
static hf_status more(dialogue *d, const char *expected)
{
    if (d->n == ANSWER_MAX || d->total > TOTAL_MAX)
        return fail(d, HF_E_STARTTLS, expected, "an answer without end", 21);
    hf_status status = await(d, POLLIN, expected);
    if (status != HF_OK)
        return status;
    ssize_t got = recv(d->fd, d->in + d->n, ANSWER_MAX - d->n, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno == ECONNRESET))
        return fail(d, HF_E_STARTTLS, expected, "the end of the connection", 25);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? HF_OK : system_error(d, "reading the answer");
    d->n += (size_t)got;
    d->total += (size_t)got;
    d->in[d->n] = '\0';
    return HF_OK;
}

/* At least `n` bytes are there. */
static hf_status need(dialogue *d, size_t n, const char *expected)
{
    hf_status status = HF_OK;
    while (status == HF_OK && d->n < n)
        status = more(d, expected);
    return status;
}

static void take(dialogue *d, size_t n)
{
    d->n -= n;
    memmove(d->in, d->in + n, d->n + 1);
}

/* One line without its end: a copy in `line`; longer ones are cut there. */
static hf_status read_line(dialogue *d, char *line, size_t size, const char *expected)
{
    char *end;
    hf_status status = HF_OK;
    while ((end = memchr(d->in, '\n', d->n)) == NULL)
        if ((status = more(d, expected)) != HF_OK)
            return status;
    size_t n = (size_t)(end - d->in), keep = n > 0 && end[-1] == '\r' ? n - 1 : n;
    if (keep >= size)
        keep = size - 1;
    memcpy(line, d->in, keep);
    line[keep] = '\0';
    take(d, n + 1);
    return HF_OK;
}

static hf_status refused(dialogue *d, const char *expected, const char *got)
{
    return fail(d, HF_E_STARTTLS, expected, got, strlen(got));
}

/* ---- SMTP (RFC 3207) and FTP (RFC 4217): three digits, '-' while more lines come ---- */

/* Reads a whole answer that must have `code`; `*offers` (may be NULL) says whether one of its lines
 * is the word STARTTLS. */
static hf_status numbered(dialogue *d, const char *code, const char *expected, bool *offers)
{
    char line[256];
    do {
        hf_status status = read_line(d, line, sizeof line, expected);
        if (status != HF_OK)
            return status;
        bool continued = line[0] == ' ' || strlen(line) < 4; /* FTP: lines without a number */
        if (strncmp(line, code, 3) != 0 && !continued)
            return refused(d, expected, line);
        if (offers != NULL && strlen(line) > 4 && strncasecmp(line + 4, "STARTTLS", 8) == 0)
            *offers = true;
    } while (strncmp(line, code, 3) != 0 || line[3] == '-');
    return HF_OK;
}

static hf_status smtp(dialogue *d)
{
    bool offers = false;
    hf_status status = numbered(d, "220", "220, the greeting of an SMTP server", NULL);
    if (status == HF_OK)
        status = send_text(d, "EHLO handfast.invalid\r\n");
    if (status == HF_OK)
        status = numbered(d, "250", "250, the answer to EHLO", &offers);
    if (status == HF_OK && !offers)
        return refused(d, "STARTTLS among what the server offers", "a list without it");
    if (status == HF_OK)
        status = send_text(d, "STARTTLS\r\n");
    return status != HF_OK ? status : numbered(d, "220", "220, ready to start TLS", NULL);
}

static hf_status ftp(dialogue *d)
{
    hf_status status = numbered(d, "220", "220, the greeting of an FTP server", NULL);
    if (status == HF_OK)
        status = send_text(d, "AUTH TLS\r\n");
    return status != HF_OK ? status : numbered(d, "234", "234, the consent to AUTH TLS", NULL);
}

/* ---- IMAP (RFC 9051 section 6.2.1) and POP3 (RFC 2595 section 4) ---- */

static hf_status expect_line(dialogue *d, const char *start, const char *expected)
{
    char line[256];
    hf_status status = read_line(d, line, sizeof line, expected);
    if (status == HF_OK && strncasecmp(line, start, strlen(start)) != 0)
        return refused(d, expected, line);
    return status;
}

static hf_status imap(dialogue *d)
{
    char line[256];
    hf_status status = expect_line(d, "* OK", "* OK, the greeting of an IMAP server");
    if (status == HF_OK)
        status = send_text(d, "h1 STARTTLS\r\n");
    while (status == HF_OK) { /* untagged lines may come in between */
        status = read_line(d, line, sizeof line, "h1 OK, the consent to STARTTLS");
        if (status == HF_OK && strncmp(line, "* ", 2) != 0)
            break;
    }
    if (status == HF_OK && strncasecmp(line, "h1 OK", 5) != 0)
        return refused(d, "h1 OK, the consent to STARTTLS", line);
    return status;
}

static hf_status pop3(dialogue *d)
{
    hf_status status = expect_line(d, "+OK", "+OK, the greeting of a POP3 server");
    if (status == HF_OK)
        status = send_text(d, "STLS\r\n");
    return status != HF_OK ? status : expect_line(d, "+OK", "+OK, the consent to STLS");
}

/* ---- XMPP (RFC 6120 section 5.4) ---- */

/* Reads until `mark` has come, and takes all up to the end of its tag. */
static hf_status until(dialogue *d, const char *mark, const char *wrong, const char *expected)
{
    const char *at, *end = NULL;
    hf_status status = HF_OK;
    while ((at = strstr(d->in, mark)) == NULL || (end = strchr(at, '>')) == NULL) {
        if (strstr(d->in, wrong) != NULL)
            return refused(d, expected, wrong);
        if ((status = more(d, expected)) != HF_OK)
            return status;
        if (memchr(d->in, '\0', d->n) != NULL)
            return refused(d, expected, "bytes that are not XML");
    }
    take(d, (size_t)(end + 1 - d->in));
    return HF_OK;
}

/* The host goes into an attribute: only what a host name is made of. */
static bool plain_name(const char *host)
{
    return host[strspn(
               host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:")] == '\0';
}

static hf_status xmpp(dialogue *d)
{
    char open[512];
    if (!plain_name(d->host))
        return refused(d, "a host name to open the XMPP stream to", d->host);
    snprintf(open, sizeof open,
             "<?xml version='1.0'?><stream:stream to='%s' xmlns='jabber:client' "
             "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
             d->host);
    hf_status status = send_text(d, open);
    if (status == HF_OK)
        status = until(d, "<starttls", "</stream:features>", "<starttls> among the features");
    if (status == HF_OK)
        status = until(d, "</stream:features", "</stream:stream", "the end of the features");
    if (status == HF_OK)
        status = send_text(d, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    return status != HF_OK ? status
                           : until(d, "<proceed", "<failure", "<proceed>, the consent to TLS");
}

/* ---- LDAP (RFC 4511 section 4.14): one BER message each way ---- */

static hf_status ldap(dialogue *d)
{
    /* LDAPMessage { messageID 1, extendedReq { requestName 1.3.6.1.4.1.1466.20037 } } */
    static const char request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                                  "1.3.6.1.4.1.1466.20037";
    static const char expected[] = "an extendedResp with resultCode 0 (success)";
    hf_status status = send_bytes(d, request, sizeof request - 1);
    if (status == HF_OK)
        status = need(d, 2, expected);
    if (status != HF_OK)
        return status;
    /* SEQUENCE with a short length, or one of up to two bytes: the answer is small */
    const unsigned char *p = (const unsigned char *)d->in;
    size_t header = p[1] < 0x80 ? 2 : 2 + (size_t)(p[1] & 0x7f);
    if (p[0] != 0x30 || header > 6)
        return refused(d, expected, "something that is not LDAP");
    if ((status = need(d, header, expected)) != HF_OK)
        return status;
    size_t length = p[1] < 0x80 ? p[1] : 0;
    for (size_t i = 2; i < header; i++)
        length = length << 8 | p[i];
    if (length < 8 || length > 4096)
        return refused(d, expected, "an LDAP message of an unlikely length");
    if ((status = need(d, header + length, expected)) != HF_OK)
        return status;
    /* messageID, then [APPLICATION 24] with ENUMERATED resultCode first */
    const unsigned char *m = p + header, *r = m + 3;
    size_t skip = r[1] < 0x80 ? 2 : 2 + (size_t)(r[1] & 0x7f);
    if (memcmp(m, "\x02\x01\x01", 3) != 0 || r[0] != 0x78 || 3 + skip + 3 > length)
        return refused(d, expected, "another LDAP message");
    if (r[skip] != 0x0a || r[skip + 1] != 1 || r[skip + 2] != 0) {
        char got[40];
        snprintf(got, sizeof got, "resultCode %u", r[skip + 2]);
        return refused(d, expected, got);
    }
    take(d, header + length);
    return HF_OK;
}

/* ---- PostgreSQL (protocol 3.0, SSLRequest) and MySQL (SSLRequest packet) ---- */

static hf_status postgres(dialogue *d)
{
    static const char expected[] = "S, the consent to SSLRequest";
    hf_status status = send_bytes(d, "\0\0\0\x08\x04\xd2\x16\x2f", 8);
    if (status == HF_OK)
        status = need(d, 1, expected);
    if (status != HF_OK)
        return status;
    if (d->in[0] == 'N')
        return refused(d, expected, "N: this server is set up without TLS");
    if (d->in[0] != 'S')
        return refused(d, expected, "something that is not PostgreSQL");
    take(d, 1);
    return HF_OK;
}

static hf_status mysql(dialogue *d)
{
    static const char expected[] = "the greeting of a MySQL server";
    enum { PROTOCOL_41 = 0x200, SSL = 0x800, SECURE_CONNECTION = 0x8000 };
    hf_status status = need(d, 4, expected);
    if (status != HF_OK)
        return status;
    const unsigned char *p = (const unsigned char *)d->in;
    size_t length = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
    if (length < 40 || length > 4096 || p[3] != 0)
        return refused(d, expected, "something that is not MySQL");
    if ((status = need(d, 4 + length, expected)) != HF_OK)
        return status;
    /* protocol, server version with its NUL, thread id 4, scramble 8, filler 1, capabilities */
    const unsigned char *end = p + 4 + length, *nul = memchr(p + 5, 0, length - 1);
    if (p[4] != 10 || nul == NULL || end - nul < 16)
        return refused(d, expected, "a greeting of another protocol version");
    if (((unsigned)nul[14] | (unsigned)nul[15] << 8) & SSL) {
        take(d, 4 + length);
        unsigned wants = PROTOCOL_41 | SSL | SECURE_CONNECTION;
        unsigned char request[36] = {32, 0, 0, 1, wants & 0xff, (unsigned char)(wants >> 8)};
        request[11] = 1;  /* packets of up to 16 MiB */
        request[12] = 45; /* utf8mb4 */
        return send_bytes(d, request, sizeof request);
    }
    return refused(d, "the CLIENT_SSL capability", "a server that is set up without TLS");
}

/* ---- the table ---- */

static const struct protocol {
    const char *name, *port;
    hf_status (*ask)(dialogue *d);
} protocols[] = {
    {"smtp", "25", smtp},     {"imap", "143", imap},  {"pop3", "110", pop3},
    {"ftp", "21", ftp},       {"ldap", "389", ldap},  {"postgres", "5432", postgres},
    {"mysql", "3306", mysql}, {"xmpp", "5222", xmpp},
};

static const struct protocol *find(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof protocols / sizeof protocols[0]; i++)
        if (strcmp(protocols[i].name, name) == 0)
            return &protocols[i];
    return NULL;
}

const char *cli_starttls_port(const char *protocol)
{
    const struct protocol *p = find(protocol);
    return p == NULL ? NULL : p->port;
}

hf_status cli_starttls(int fd, const char *protocol, const char *host, int64_t timeout_ms,
                       hf_error *e)
{
    const struct protocol *p = find(protocol);
    dialogue d = {.fd = fd, .host = host, .e = e};
    d.deadline_ms = timeout_ms == 0 ? 0 : now_ms() + timeout_ms;
    if (p == NULL)
        return refused(&d, "a protocol that handfast knows", protocol);
    hf_status status = p->ask(&d);
    if (status == HF_OK && d.n > 0)
        return refused(&d, "nothing in clear after the consent to TLS", d.in);
    return status;
}
