/* report.c: what the program says to people (and, with --json, to programs) when something fails.
 *
 * An error is a headline and a few labelled lines: on what and why, then what to do. Nothing that a
 * peer or a file sent reaches the terminal as a control character. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

/* ---- exit statuses ---- */

/* Ranges of codes, the narrow ones first; the numbers are errors.def's. */
static const struct {
    hf_status first, last; /* first >= last: codes are negative */
    cli_exit exit;
} exits[] = {
    {HF_OK, HF_OK, CLI_DONE},
    {HF_E_UNKNOWN_NAME_IN_LIST, HF_E_UNKNOWN_NAME_IN_LIST, CLI_USAGE},
    {HF_E_NO_HOST_NAME, HF_E_EMPTY_LIST, CLI_USAGE},
    {HF_E_BAD_HOST_NAME, HF_E_BAD_HOST_NAME, CLI_USAGE},
    {HF_E_NO_TRUST, HF_E_NO_IDENTITY, CLI_LOCAL_FILE},
    {-40, -139, CLI_TLS}, /* records and handshake */
    {HF_E_CERT_EXPIRED, HF_E_CERT_NOT_YET_VALID, CLI_EXPIRED},
    {HF_E_CERT_WRONG_NAME, HF_E_CERT_WRONG_NAME, CLI_WRONG_NAME},
    {HF_E_STORE_EMPTY, HF_E_STORE_EMPTY, CLI_LOCAL_FILE},
    {HF_E_CRL_MALFORMED, HF_E_CRL_INDIRECT, CLI_LOCAL_FILE}, /* of --crl */
    {-140, -199, CLI_UNTRUSTED}, /* every other judgement about a certificate */
    {HF_E_RANDOM, HF_E_CRYPTO, CLI_OTHER},
    {HF_E_BAD_SIGNATURE, HF_E_BAD_SIGNATURE, CLI_TLS},
    {-200, -219, CLI_LOCAL_FILE}, /* keys, PEM */
    {HF_E_NAME_NOT_FOUND, HF_E_TIMEOUT, CLI_NO_CONNECTION},
    {HF_E_FILE, HF_E_FILE, CLI_LOCAL_FILE},
    {HF_E_STARTTLS, HF_E_STARTTLS, CLI_NO_CONNECTION},
    {HF_E_KEYLOG, HF_E_CAPTURE_NOTHING, CLI_LOCAL_FILE},
    {-300, -399, CLI_TLS},       /* handshake, continued */
    {-400, -499, CLI_UNTRUSTED}, /* certificates, continued */
};

cli_exit cli_exit_of(hf_status code)
{
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
        if (code <= exits[i].first && code >= exits[i].last)
            return exits[i].exit;
    return CLI_OTHER;
}

/* ---- text that is safe to show ---- */

/* The length of the UTF-8 character at p, or 0 when it is broken, a control character, or one that
 * turns the direction of writing (which can make one name look like another). */
static size_t shown_character(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return p[0] >= 0x20 && p[0] != 0x7f;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
        return 0;
    uint32_t v = p[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (p[i] & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return 0;
    bool turns =
        (v >= 0x202a && v <= 0x202e) || (v >= 0x2066 && v <= 0x2069) || v == 0x200e || v == 0x200f;
    return v < 0xa0 || turns || v == 0x2028 || v == 0x2029 || v == 0xfeff ? 0 : len;
}

size_t cli_escape(const char *text, size_t n, char *out, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = (const unsigned char *)text;
    size_t used = 0;
    if (size == 0)
        return 0;
    for (size_t i = 0; i < n;) {
        size_t len = shown_character(p + i, n - i);
        if (used + (len == 0 ? 4 : len) >= size)
            break;
        if (len == 0) {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = digits[p[i] >> 4];
            out[used++] = digits[p[i] & 15];
            i++;
            continue;
        }
        memcpy(out + used, p + i, len);
        used += len;
        i += len;
    }
    out[used] = '\0';
    return used;
}

const char *cli_color_code(bool on, cli_color color)
{
    static const char *const codes[] = {
        [CLI_PLAIN] = "\033[0m",  [CLI_BOLD] = "\033[1m",   [CLI_DIM] = "\033[2m",
        [CLI_RED] = "\033[1;31m", [CLI_GREEN] = "\033[32m", [CLI_YELLOW] = "\033[33m",
        [CLI_BLUE] = "\033[34m",  [CLI_CYAN] = "\033[36m",
    };
    return on ? codes[color] : "";
}

static void say(const cli *c, const char *prefix, cli_color color, const char *format, va_list args)
    HF_PRINTF(4, 0);

static void say(const cli *c, const char *prefix, cli_color color, const char *format, va_list args)
{
    char text[2048], shown[2 * sizeof text];
    int n = vsnprintf(text, sizeof text, format, args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    cli_escape(text, len, shown, sizeof shown);
    /* one call, so that lines stay whole when several processes share a terminal or a file */
    fprintf(stderr, "%s%s%s%s\n", cli_color_code(c->color, color), prefix, shown,
            cli_color_code(c->color, CLI_PLAIN));
}

void cli_say(const cli *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!c->quiet)
        say(c, "", CLI_PLAIN, format, args);
    va_end(args);
}

void cli_warn(const cli *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(c, "handfast: warning: ", CLI_YELLOW, format, args);
    va_end(args);
}

void cli_detail(const cli *c, unsigned level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (c->verbose >= level)
        say(c, "", CLI_DIM, format, args);
    va_end(args);
}

/* ---- the three-line form ---- */

enum { LABEL_WIDTH = 11, MAX_LINES = 10, LINE_TEXT = 700 };

static void print_headline(const cli *c, const char *doing, const char *what)
{
    char shown[LINE_TEXT];
    cli_escape(what, strlen(what), shown, sizeof shown);
    fprintf(stderr, "%shandfast:%s %s%s%s%s%s\n", cli_color_code(c->color, CLI_RED),
            cli_color_code(c->color, CLI_PLAIN), cli_color_code(c->color, CLI_BOLD),
            doing != NULL ? doing : "", doing != NULL ? ": " : "", shown,
            cli_color_code(c->color, CLI_PLAIN));
}

static void print_line(const cli *c, const char *label, const char *text)
{
    char shown[LINE_TEXT];
    cli_escape(text, strlen(text), shown, sizeof shown);
    fprintf(stderr, "  %s%-*s%s %s\n", cli_color_code(c->color, CLI_CYAN), LABEL_WIDTH, label,
            cli_color_code(c->color, CLI_PLAIN), shown);
}

/* Text that JSON can hold: control characters and broken UTF-8 escaped. */
static json_t *safe_string(const char *text)
{
    char shown[LINE_TEXT];
    size_t n = cli_escape(text, strlen(text), shown, sizeof shown);
    return json_stringn(shown, n);
}

/* Prints the object, unless the command printed its own already. */
static void print_json(cli *c, json_t *object)
{
    if (c->json && !c->json_printed && object != NULL) {
        json_dumpf(object, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        fputc('\n', stdout);
        fflush(stdout);
        c->json_printed = true;
    }
    json_decref(object);
}

static json_t *error_object(cli_exit status, const char *doing, const char *what)
{
    json_t *o = json_object();
    json_object_set_new(o, "format", json_string("handfast-error"));
    json_object_set_new(o, "version", json_integer(1));
    json_object_set_new(o, "exit", json_integer(status));
    if (doing != NULL)
        json_object_set_new(o, "doing", safe_string(doing));
    json_object_set_new(o, "what", safe_string(what));
    return o;
}

cli_exit cli_fail(cli *c, cli_exit status, const char *what, const cli_line *lines)
{
    print_headline(c, NULL, what);
    for (const cli_line *l = lines; l != NULL && l->label != NULL; l++)
        if (l->text != NULL && l->text[0] != '\0')
            print_line(c, l->label, l->text);
    if (c->json) {
        json_t *o = error_object(status, NULL, what);
        for (const cli_line *l = lines; l != NULL && l->label != NULL; l++)
            if (l->text != NULL && l->text[0] != '\0')
                json_object_set_new(o, l->label, safe_string(l->text));
        print_json(c, o);
    }
    return status;
}

cli_exit cli_usage(cli *c, const char *what, const char *on, const char *try_this)
{
    char hint[120];
    const char *path = c->path != NULL ? c->path : "";
    snprintf(hint, sizeof hint, "handfast %s%s--help", path, path[0] != '\0' ? " " : "");
    const cli_line lines[] = {
        {"on", on}, {"try", try_this != NULL ? try_this : hint}, {NULL, NULL}};
    return cli_fail(c, CLI_USAGE, what, lines);
}

cli_exit cli_file_error(cli *c, const char *what, const char *path, int error_number)
{
    char reason[200], on[LINE_TEXT];
    if (strerror_r(error_number, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", error_number);
    snprintf(on, sizeof on, "%s: %s", path, reason);
    const char *remedy = error_number == EACCES || error_number == EPERM
                             ? "a path that this user may read (and, to keep something, write)"
                         : error_number == ENOENT ? "another path: a folder or a file is missing"
                         : error_number == ENOSPC ? "again, when the disk has room"
                                                  : "another path";
    const cli_line lines[] = {{"on", on}, {"try", remedy}, {NULL, NULL}};
    return cli_fail(c, CLI_LOCAL_FILE, what, lines);
}

/* ---- an hf_error as lines ---- */

typedef struct error_lines {
    cli_line lines[MAX_LINES];
    size_t count;
    char text[MAX_LINES][LINE_TEXT];
} error_lines;

static void add_line(error_lines *l, const char *label, const char *format, ...) HF_PRINTF(3, 4);

static void add_line(error_lines *l, const char *label, const char *format, ...)
{
    if (l->count == MAX_LINES)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(l->text[l->count], LINE_TEXT, format, args);
    va_end(args);
    if (l->text[l->count][0] != '\0') {
        l->lines[l->count] = (cli_line){label, l->text[l->count]};
        l->count++;
    }
}

/* "ServerHello, legacy_session_id_echo, byte 38". */
static void where_text(const hf_error *e, char *text, size_t size)
{
    char offset[32] = "";
    if (e->has_offset)
        snprintf(offset, sizeof offset, ", byte %u", (unsigned)e->offset);
    bool both = e->message != NULL && e->field != NULL;
    snprintf(text, size, "%s%s%s%s", e->message != NULL ? e->message : "", both ? ", " : "",
             e->field != NULL ? e->field : "",
             e->message != NULL || e->field != NULL ? offset : "");
}

/* The words in which a person thinks of `expected` and `got`. */
static void value_labels(hf_status code, const char **expected, const char **got)
{
    *expected = "expected";
    *got = "got";
    if (code == HF_E_CERT_WRONG_NAME) {
        *expected = "asked for";
        *got = "it covers";
    } else if (code == HF_E_FILE || code == HF_E_SYSTEM || code == HF_E_CONNECT ||
               code == HF_E_NAME_NOT_FOUND || code == HF_E_TIMEOUT) {
        *got = "because";
    }
}

/* An alert says in one word what the peer did not accept; this says what that leaves to try. */
static const struct {
    uint8_t alert; /* one of hf_alert */
    const char *remedy;
} alert_remedies[] = {
    {HF_ALERT_protocol_version,
     "allow a version that the peer speaks (--min-version, --max-version), or update the peer"},
    {HF_ALERT_handshake_failure,
     "the two sides have too little in common: allow more (--min-version, --groups, --suites, "
     "--sigschemes), or look in the peer's log"},
    {HF_ALERT_certificate_required,
     "the peer wants a certificate from this side (--cert FILE --key FILE)"},
    {HF_ALERT_unknown_ca, "the peer does not trust the authority of this side's certificate: show "
                          "another (--cert), or have the peer trust it"},
    {HF_ALERT_bad_certificate,
     "the peer refused this side's certificate: look in the peer's log for why, or show another"},
    {HF_ALERT_unsupported_certificate, "the peer cannot use this side's certificate: show one made "
                                       "for this purpose (handfast cert show FILE tells)"},
    {HF_ALERT_certificate_expired,
     "renew this side's certificate (--cert), or check the peer's clock"},
    {HF_ALERT_certificate_revoked, "get this side a new certificate (--cert): its issuer took the "
                                   "present one back"},
    {HF_ALERT_unrecognized_name, "ask for a name that the peer has (--servername NAME)"},
    {HF_ALERT_no_application_protocol, "offer a protocol that the peer speaks (--alpn LIST)"},
};

static const char *remedy_of(const hf_error *e)
{
    const size_t count = sizeof alert_remedies / sizeof alert_remedies[0];
    for (size_t i = 0; e->code == HF_E_ALERT_RECEIVED && i < count; i++)
        if (alert_remedies[i].alert == e->alert)
            return alert_remedies[i].remedy;
    return hf_error_remedy(e->code);
}

static void lines_of_error(const hf_error *e, error_lines *l)
{
    char where[200];
    const char *expected, *got, *section = hf_error_section(e->code);
    value_labels(e->code, &expected, &got);
    where_text(e, where, sizeof where);
    add_line(l, "on", "%s", e->subject);
    if (where[0] != '\0' && section[0] != '\0')
        add_line(l, "where", "%s (%s)", where, section);
    else
        add_line(l, "where", "%s", where[0] != '\0' ? where : section);
    add_line(l, expected, "%s", e->expected);
    add_line(l, got, "%s", e->got);
    if (e->code != HF_E_ALERT_RECEIVED && (e->alert_sent || e->alert_received))
        add_line(l, "alert", "%s (%u) %s", hf_alert_name(e->alert), (unsigned)e->alert,
                 e->alert_sent ? "told the peer" : "came from the peer");
    add_line(l, "try", "%s", remedy_of(e));
}

static json_t *json_of_error(const hf_error *e, cli_exit status, const char *doing)
{
    json_t *o = error_object(status, doing, hf_error_sentence(e->code));
    json_object_set_new(o, "code", json_integer(e->code));
    json_object_set_new(o, "name", json_string(hf_error_name(e->code)));
    json_object_set_new(o, "section", json_string(hf_error_section(e->code)));
    json_object_set_new(o, "subject", safe_string(e->subject));
    json_object_set_new(o, "expected", safe_string(e->expected));
    json_object_set_new(o, "got", safe_string(e->got));
    if (e->message != NULL)
        json_object_set_new(o, "message", json_string(e->message));
    if (e->field != NULL)
        json_object_set_new(o, "field", json_string(e->field));
    if (e->has_offset)
        json_object_set_new(o, "offset", json_integer((json_int_t)e->offset));
    if (e->alert_sent || e->alert_received) {
        json_object_set_new(o, "alert", json_string(hf_alert_name(e->alert)));
        json_object_set_new(o, "alert_sent", json_boolean(e->alert_sent));
    }
    json_object_set_new(o, "try", json_string(remedy_of(e)));
    return o;
}

cli_exit cli_error(cli *c, const hf_error *e, const char *doing)
{
    return cli_error_as(c, e, doing, cli_exit_of(e->code));
}

cli_exit cli_error_as(cli *c, const hf_error *e, const char *doing, cli_exit status)
{
    error_lines l = {.count = 0};
    lines_of_error(e, &l);
    print_headline(c, doing, hf_error_sentence(e->code));
    for (size_t i = 0; i < l.count; i++)
        print_line(c, l.lines[i].label, l.lines[i].text);
    if (c->json)
        print_json(c, json_of_error(e, status, doing));
    return status;
}

cli_exit cli_flush_output(cli *c)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return CLI_DONE;
    if (errno == EPIPE) /* the reader had enough: `handfast get ... | head` */
        return CLI_DONE;
    cli_file_error(c, "standard output could not be written", "standard output",
                   errno != 0 ? errno : EIO);
    return CLI_OTHER;
}
