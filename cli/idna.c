/* idna.c: international names, by libidn2. */
#include "cli/idna.h"

#include <stdio.h>
#include <string.h>

#if HF_HAVE_IDN2
#    include <idn2.h>

/* As browsers do: mapped by UTS #46 (so that case plays no part), no transitional forms. */
static const char *convert(const char *host, char *to, size_t size)
{
    uint8_t *ascii = NULL;
    int rc = idn2_lookup_u8((const uint8_t *)host, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK)
        return idn2_strerror(rc);
    int n = snprintf(to, size, "%s", (const char *)ascii);
    idn2_free(ascii);
    return n < 0 || (size_t)n >= size ? "the name is too long" : NULL;
}
#else
static const char *convert(const char *host, char *to, size_t size)
{
    (void)host;
    (void)to;
    (void)size;
    return "this handfast was built without libidn2";
}
#endif

static bool is_ascii(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

/* Where the host is: behind "scheme://" and "mailbox@", before ":port" and "/path"; without "*.".
 */
static const char *find_host(const char *text, size_t *n)
{
    const char *scheme = strstr(text, "://"), *start = scheme != NULL ? scheme + 3 : text;
    size_t end = strcspn(start, "/?#");
    for (size_t i = 0; i < end; i++)
        if (start[i] == '@') {
            start += i + 1;
            end -= i + 1;
            i = (size_t)-1;
        }
    if (strncmp(start, "*.", 2) == 0) {
        start += 2;
        end -= 2;
    }
    *n = 0;
    while (*n < end && start[*n] != ':')
        ++*n;
    return start;
}

static cli_exit refuse(cli *c, const char *text, const char *why)
{
    char what[300];
    snprintf(what, sizeof what, "this is not an international name that could be looked up (%s)",
             why);
    return cli_usage(c, what, text, "its xn-- form, as in xn--bcher-kva.example");
}

cli_exit cli_idna(cli *c, const char *text, char *to, size_t size)
{
    size_t n;
    char host[512], ascii[512];
    const char *at = find_host(text, &n), *after = at + n;
    if (is_ascii(at, n)) {
        if (snprintf(to, size, "%s", text) < (int)size)
            return CLI_DONE;
        return cli_usage(c, "the name is too long", text, "a name of at most 253 characters");
    }
    if (n >= sizeof host)
        return refuse(c, text, "it is too long");
    memcpy(host, at, n);
    host[n] = '\0';
    const char *why = convert(host, ascii, sizeof ascii);
    if (why != NULL)
        return refuse(c, text, why);
    int used = snprintf(to, size, "%.*s%s%s", (int)(at - text), text, ascii, after);
    return used >= 0 && (size_t)used < size ? CLI_DONE : refuse(c, text, "it is too long");
}

cli_exit cli_idna_option(cli *c, const char *option, char *to, size_t size, const char **value)
{
    const char *text = cli_text(c, option);
    *value = text != NULL ? to : NULL;
    return text != NULL ? cli_idna(c, text, to, size) : CLI_DONE;
}
