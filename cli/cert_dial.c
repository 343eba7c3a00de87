/* cert_dial.c: connecting by the shared client options, for the commands that look at a peer. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_dial.h"
#include "cli/idna.h"
#include "cli/session_file.h"
#include "cli/starttls.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_port(const char *text, size_t n)
{
    if (n == 0 || n > 5)
        return false;
    long value = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    return value > 0 && value < 65536;
}

/* Cuts "host:port" into the two; false when it is neither that nor a host alone. */
static bool split(const char *text, size_t n, const char *usual_port, cli_target *t)
{
    const char *host = text, *port = usual_port;
    size_t host_n = n, port_n = strlen(usual_port);
    const char *close = text[0] == '[' ? memchr(text, ']', n) : NULL;
    if (text[0] == '[') {
        if (close == NULL)
            return false;
        host = text + 1;
        host_n = (size_t)(close - host);
        size_t rest = n - host_n - 2;
        if (rest != 0 && close[1] != ':')
            return false;
        port = rest == 0 ? port : close + 2;
        port_n = rest == 0 ? port_n : rest - 1;
    } else {
        const char *colon = memchr(text, ':', n);
        bool one = colon != NULL && memchr(colon + 1, ':', n - (size_t)(colon + 1 - text)) == NULL;
        if (one) {
            host_n = (size_t)(colon - text);
            port = colon + 1;
            port_n = n - host_n - 1;
        }
    }
    if (host_n == 0 || host_n >= sizeof t->host || !is_port(port, port_n))
        return false;
    memcpy(t->host, host, host_n);
    t->host[host_n] = '\0';
    memcpy(t->port, port, port_n);
    t->port[port_n] = '\0';
    return strpbrk(t->host, " /@\t\r\n") == NULL;
}

/* Whether the entry is HOST:PORT:ADDR; HOST may be [an IPv6 address]. */
static bool is_resolve(const char *entry)
{
    const char *host_end = entry[0] == '[' ? strstr(entry, "]:") : strchr(entry, ':');
    if (host_end == NULL || host_end == entry)
        return false;
    const char *port = host_end + (entry[0] == '[' ? 2 : 1), *port_end = strchr(port, ':');
    return port_end != NULL && is_port(port, (size_t)(port_end - port)) && port_end[1] != '\0';
}

cli_exit cli_resolve_check(cli *c)
{
    const char *entry;
    for (size_t i = 0; (entry = cli_nth(c, "resolve", i)) != NULL; i++)
        if (!is_resolve(entry))
            return cli_usage(c, "--resolve says nothing that could be looked up", entry,
                             "--resolve HOST:PORT:ADDR, as in www.example.org:443:127.0.0.1");
    return CLI_DONE;
}

/* The protocol of --starttls, or NULL; not every command that connects has the option. */
static const char *starttls(const cli *c)
{
    return cli_find_option(c->command, "starttls", 8) == NULL ? NULL : cli_text(c, "starttls");
}

cli_exit cli_target_read(cli *c, const char *text, cli_target *t)
{
    if (cli_resolve_check(c) != CLI_DONE)
        return CLI_USAGE;
    char ascii[8600];
    memset(t, 0, sizeof *t);
    if (cli_idna(c, text, ascii, sizeof ascii) != CLI_DONE ||
        cli_idna_option(c, "servername", t->asked, sizeof t->asked, &t->name) != CLI_DONE)
        return CLI_USAGE;
    const char *start = strncmp(ascii, "https://", 8) == 0 ? ascii + 8 : ascii;
    size_t n = start == ascii ? strlen(start) : strcspn(start, "/?#");
    const char *port = cli_starttls_port(starttls(c));
    if (n == 0 || !split(start, n, port == NULL ? "443" : port, t))
        return cli_usage(c, "this is not a host and port", text, "HOST:PORT, or [ADDRESS]:PORT");
    bool v6 = strchr(t->host, ':') != NULL;
    snprintf(t->host_port, sizeof t->host_port, v6 ? "[%s]:%s" : "%s:%s", t->host, t->port);
    if (t->name == NULL)
        t->name = t->host;
    return CLI_DONE;
}

/* The address that --resolve gives for the target, or NULL: HOST:PORT:ADDR. */
static const char *resolved(cli *c, const cli_target *t)
{
    const char *entry;
    size_t host_n = strlen(t->host_port);
    for (size_t i = 0; (entry = cli_nth(c, "resolve", i)) != NULL; i++)
        if (strncmp(entry, t->host_port, host_n) == 0 && entry[host_n] == ':')
            return entry + host_n + 1;
    return NULL;
}

/* Where the TCP connection goes: the address of --resolve with the target's port, else the target.
 */
static void destination(cli *c, const cli_target *t, char *to, size_t size)
{
    const char *address = resolved(c, t);
    if (address == NULL)
        snprintf(to, size, "%s", t->host_port);
    else if (strchr(address, ':') != NULL && address[0] != '[')
        snprintf(to, size, "[%s]:%s", address, t->port);
    else
        snprintf(to, size, "%s:%s", address, t->port);
}

hf_status cli_target_dial(cli *c, hf_config *cfg, const cli_target *t, hf_stream **out, hf_error *e)
{
    size_t none;
    return cli_target_dial_early(c, cfg, t, (hf_bytes){NULL, 0}, &none, out, e);
}

hf_status cli_target_dial_early(cli *c, hf_config *cfg, const cli_target *t, hf_bytes early,
                                size_t *taken, hf_stream **out, hf_error *e)
{
    char where[320];
    int64_t timeout_ms = cli_ms(c, "timeout", 30000);
    *out = NULL;
    *taken = 0;
    *e = (hf_error){0};
    cli_session_begin(c);
    destination(c, t, where, sizeof where);
    int fd = hf_connect(where, timeout_ms, e);
    hf_status status = fd < 0 ? fd : HF_OK;
    if (status == HF_OK && starttls(c) != NULL) {
        status = cli_starttls(fd, starttls(c), t->name, timeout_ms, e);
        if (status != HF_OK)
            (void)close(fd);
        if (status != HF_OK && e->subject[0] == '\0')
            snprintf(e->subject, sizeof e->subject, "%s, %s", t->host_port, starttls(c));
    }
    if (status == HF_OK)
        status = hf_dial_fd_early(cfg, fd, t->name, timeout_ms, early, taken, out, e);
    if (status != HF_OK && e->code == HF_OK)
        e->code = status;
    return status;
}
