/* options.c: from argv to values by way of a command's table; and asking for them by name. */
#define _DEFAULT_SOURCE 1
#include "cli/cli.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const cli_option cli_common_options[] = {
    {.name = "help", .letter = 'h', .kind = CLI_FLAG, .help = "show this and exit"},
    {.name = "quiet", .letter = 'q', .kind = CLI_FLAG, .help = "only errors and warnings"},
    {.name = "verbose",
     .letter = 'v',
     .kind = CLI_FLAG,
     .repeats = true,
     .help = "say more; -vv says more still"},
    {.name = "color",
     .kind = CLI_CHOICE,
     .value = "WHEN",
     .choices = "auto|always|never",
     .help = "colours; auto: on a terminal, unless NO_COLOR is set"},
    {0},
};

const cli_option cli_json_options[] = {
    {.name = "json", .kind = CLI_FLAG, .help = "print one JSON object instead of text"},
    {0},
};

/* ---- the options of a command, one after the other ---- */

typedef struct option_walk {
    const cli_group *group;
    const cli_option *option;
    bool in_common;
} option_walk;

static const cli_option *walk_next(option_walk *w)
{
    for (;;) {
        if (w->option != NULL && w->option->name != NULL)
            return w->option++;
        if (w->in_common)
            return NULL;
        if (w->group != NULL && w->group->title != NULL) {
            w->option = w->group->options;
            w->group++;
        } else {
            w->option = cli_common_options;
            w->in_common = true;
        }
    }
}

static option_walk walk_start(const cli_command *command)
{
    return (option_walk){.group = command->groups};
}

const cli_option *cli_find_option(const cli_command *command, const char *name, size_t name_len)
{
    option_walk w = walk_start(command);
    for (const cli_option *o; (o = walk_next(&w)) != NULL;)
        if (strlen(o->name) == name_len && memcmp(o->name, name, name_len) == 0)
            return o;
    return NULL;
}

static const cli_option *find_letter(const cli_command *command, char letter)
{
    option_walk w = walk_start(command);
    for (const cli_option *o; (o = walk_next(&w)) != NULL;)
        if (o->letter == letter)
            return o;
    return NULL;
}

/* ---- misspellings ---- */

enum { WORD_MAX = 40 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Damerau-Levenshtein distance (optimal string alignment), words of at most WORD_MAX bytes. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t d[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= n; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= m; j++) {
            size_t change = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = smallest(d[i - 1][j] + 1, d[i][j - 1] + 1, change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    return d[n][m];
}

const char *cli_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t n = strlen(word);
    if (n == 0 || n > WORD_MAX)
        return NULL;
    const char *best = NULL;
    size_t best_distance = n < 4 ? 2 : n / 3 + 2; /* more than this is another word */
    for (size_t i = 0; i < count; i++) {
        size_t m = strlen(candidates[i]);
        if (m == 0 || m > WORD_MAX)
            continue;
        size_t distance = edit_distance(word, n, candidates[i], m);
        /* an abbreviation is near, however much it leaves out */
        if (n >= 3 && n < m && memcmp(word, candidates[i], n) == 0)
            distance = 1;
        if (distance < best_distance) {
            best_distance = distance;
            best = candidates[i];
        }
    }
    return best;
}

/* ---- values ---- */

static cli_exit remember(cli *c, const cli_option *option, const char *text)
{
    if ((c->value_count & (c->value_count - 1)) == 0) { /* room doubles at each power of two */
        size_t room = c->value_count == 0 ? 1 : 2 * c->value_count;
        cli_value *values = realloc(c->values, room * sizeof *values);
        if (values == NULL)
            return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
        c->values = values;
    }
    c->values[c->value_count++] = (cli_value){option, text};
    return CLI_DONE;
}

/* Reads "12" or, with `decimals`, "2.5"; thousandths in *out where `decimals`. */
static bool read_number(const char *text, bool decimals, int64_t *out)
{
    int64_t v = 0;
    size_t i = 0;
    for (; text[i] >= '0' && text[i] <= '9'; i++) {
        if (v > INT64_MAX / 100000 - 10)
            return false;
        v = v * 10 + (text[i] - '0');
    }
    if (i == 0)
        return false;
    if (decimals) {
        size_t places = 0;
        bool point = text[i] == '.';
        if (point)
            i++;
        for (; places < 3; places++) {
            bool digit = point && text[i] >= '0' && text[i] <= '9';
            v = v * 10 + (digit ? text[i] - '0' : 0);
            i += digit;
            if (!digit && point && places == 0)
                return false;
        }
    }
    *out = v;
    return text[i] == '\0';
}

static bool choice_has(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (const char *p = choices; n != 0 && p != NULL; p = strchr(p, '|')) {
        p += *p == '|';
        size_t len = strcspn(p, "|");
        if (len == n && memcmp(p, text, n) == 0)
            return true;
    }
    return false;
}

/* How the option is spelled in a message: "--output FILE". */
static const char *option_label(const cli_option *o, char *text, size_t size)
{
    const char *value = o->value != NULL ? o->value : "";
    snprintf(text, size, "--%s%s%s", o->name, o->value != NULL ? " " : "", value);
    return text;
}

static cli_exit bad_value(cli *c, const cli_option *o, const char *text, const char *want)
{
    char what[160], on[200];
    snprintf(what, sizeof what, "--%s: this value does not fit", o->name);
    snprintf(on, sizeof on, "\"%s\": expected %s", text, want);
    return cli_usage(c, what, on, NULL);
}

static cli_exit check_value(cli *c, const cli_option *o, const char *text)
{
    char want[120];
    if (text[0] == '\0')
        return bad_value(c, o, text, o->value != NULL ? o->value : "a value");
    if (o->kind == CLI_CHOICE && !choice_has(o->choices, text)) {
        snprintf(want, sizeof want, "one of %s", o->choices);
        return bad_value(c, o, text, want);
    }
    if (o->kind != CLI_NUMBER && o->kind != CLI_SECONDS)
        return CLI_DONE;
    bool seconds = o->kind == CLI_SECONDS, bounded = o->min != 0 || o->max != 0;
    int64_t v = 0, scale = seconds ? 1000 : 1;
    if (read_number(text, seconds, &v) &&
        (!bounded || (v >= o->min * scale && v <= o->max * scale)))
        return CLI_DONE;
    const char *unit = seconds ? "seconds" : "a number";
    if (bounded)
        snprintf(want, sizeof want, "%s, %lld to %lld", unit, (long long)o->min, (long long)o->max);
    else
        snprintf(want, sizeof want, "%s", seconds ? "seconds, such as 10 or 2.5" : unit);
    return bad_value(c, o, text, want);
}

/* ---- parsing ---- */

typedef struct parser {
    cli *c;
    int argc, at;
    char **argv;
} parser;

static cli_exit unknown_option(cli *c, const char *typed, size_t len)
{
    const char *names[128];
    char spelled[128][WORD_MAX + 3], word[WORD_MAX + 1], what[120], hint[200];
    size_t count = 0;
    option_walk w = walk_start(c->command);
    for (const cli_option *o; (o = walk_next(&w)) != NULL && count < 128; count++) {
        snprintf(spelled[count], sizeof spelled[count], "%s", o->name);
        names[count] = spelled[count];
    }
    snprintf(word, sizeof word, "%.*s", (int)(len < WORD_MAX ? len : WORD_MAX), typed);
    snprintf(what, sizeof what, "unknown option --%s", word);
    const char *near = cli_nearest(word, names, count);
    if (near == NULL)
        return cli_usage(c, what, NULL, NULL);
    snprintf(hint, sizeof hint, "did you mean --%s?   handfast %s --help lists all", near, c->path);
    return cli_usage(c, what, NULL, hint);
}

/* Takes the next word as the value of `o`, unless it looks like an option of this command. */
static cli_exit value_from_next(parser *p, const cli_option *o)
{
    char label[100], what[160], hint[200];
    const char *next = p->at < p->argc ? p->argv[p->at] : NULL;
    bool option = false;
    if (next != NULL && next[0] == '-' && next[1] == '-' && next[2] != '\0')
        option = cli_find_option(p->c->command, next + 2, strcspn(next + 2, "=")) != NULL;
    if (next == NULL || option) {
        snprintf(what, sizeof what, "%s: the value is missing",
                 option_label(o, label, sizeof label));
        snprintf(hint, sizeof hint, "--%s=%s", o->name, option ? next : o->value);
        return cli_usage(p->c, what, NULL, hint);
    }
    p->at++;
    cli_exit status = check_value(p->c, o, next);
    return status != CLI_DONE ? status : remember(p->c, o, next);
}

static cli_exit parse_long(parser *p, const char *word)
{
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const cli_option *o = cli_find_option(p->c->command, name, len);
    if (o == NULL)
        return unknown_option(p->c, name, len);
    if (o->kind == CLI_FLAG) {
        if (value == NULL)
            return remember(p->c, o, NULL);
        char what[120];
        snprintf(what, sizeof what, "--%s takes no value", o->name);
        return cli_usage(p->c, what, value, NULL);
    }
    if (value == NULL)
        return value_from_next(p, o);
    cli_exit status = check_value(p->c, o, value);
    return status != CLI_DONE ? status : remember(p->c, o, value);
}

static cli_exit parse_short(parser *p, const char *word)
{
    for (const char *s = word + 1; *s != '\0'; s++) {
        const cli_option *o = find_letter(p->c->command, *s);
        if (o == NULL) {
            char what[40];
            snprintf(what, sizeof what, "unknown option -%c", *s);
            return cli_usage(p->c, what, s == word + 1 && s[1] == '\0' ? NULL : word, NULL);
        }
        if (o->kind != CLI_FLAG) {
            if (s[1] == '\0')
                return value_from_next(p, o);
            const char *value = s + 1 + (s[1] == '=');
            cli_exit status = check_value(p->c, o, value);
            return status != CLI_DONE ? status : remember(p->c, o, value);
        }
        cli_exit status = remember(p->c, o, NULL);
        if (status != CLI_DONE)
            return status;
    }
    return CLI_DONE;
}

static cli_exit check_argument_count(cli *c)
{
    size_t least = 0, most = 0;
    bool endless = false;
    const char *missing = NULL;
    for (const cli_argument *a = c->command->arguments; a != NULL && a->name != NULL; a++) {
        most++;
        endless = endless || a->repeats;
        if (a->optional)
            continue;
        if (most > c->argument_count && missing == NULL)
            missing = a->name;
        least++;
    }
    char what[160];
    if (c->argument_count < least) {
        snprintf(what, sizeof what, "%s: %s is missing", c->path, missing);
        return cli_usage(c, what, NULL, NULL);
    }
    if (c->argument_count > most && !endless) {
        snprintf(what, sizeof what, "%s: one argument too many", c->path);
        return cli_usage(c, what, c->arguments[most], NULL);
    }
    return CLI_DONE;
}

static bool colored(const char *when, int fd)
{
    if (when != NULL && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no != NULL && no[0] != '\0')
        return false;
    return isatty(fd) == 1 && (term == NULL || strcmp(term, "dumb") != 0);
}

/* What the common options mean for all that follows; also on the way to a usage error. */
static void apply_common(cli *c)
{
    c->quiet = cli_flag(c, "quiet");
    c->verbose = (unsigned)cli_count(c, "verbose");
    c->color = colored(cli_text(c, "color"), STDERR_FILENO);
    c->color_out = colored(cli_text(c, "color"), STDOUT_FILENO);
    c->json = cli_find_option(c->command, "json", 4) != NULL && cli_flag(c, "json");
}

cli_exit cli_parse(cli *c, const cli_command *command, const char *path, int argc, char **argv,
                   bool *wants_help)
{
    *c = (cli){.command = command, .path = path};
    *wants_help = false;
    c->color = colored(NULL, STDERR_FILENO);
    c->color_out = colored(NULL, STDOUT_FILENO);
    c->arguments = calloc((size_t)argc + 1, sizeof *c->arguments);
    if (c->arguments == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            *wants_help = true;
        if (strncmp(argv[i], "--color=", 8) == 0) { /* help and complaints have colours as well */
            c->color = colored(argv[i] + 8, STDERR_FILENO);
            c->color_out = colored(argv[i] + 8, STDOUT_FILENO);
        }
    }
    if (*wants_help) /* whoever asks for help gets it, whatever else is wrong */
        return CLI_DONE;
    parser p = {.c = c, .argc = argc, .argv = argv};
    bool only_arguments = false;
    cli_exit status = CLI_DONE;
    while (p.at < argc && status == CLI_DONE) {
        char *word = argv[p.at++];
        if (only_arguments || word[0] != '-' || word[1] == '\0')
            c->arguments[c->argument_count++] = word;
        else if (strcmp(word, "--") == 0)
            only_arguments = true;
        else
            status = word[1] == '-' ? parse_long(&p, word) : parse_short(&p, word);
    }
    apply_common(c);
    *wants_help = status == CLI_DONE && cli_flag(c, "help"); /* bundled: -vh */
    return status != CLI_DONE || *wants_help ? status : check_argument_count(c);
}

void cli_free(cli *c)
{
    cli_tls_files_close(c);
    if (c->password != NULL) {
        explicit_bzero(c->password, strlen(c->password));
        free(c->password);
    }
    free(c->values);
    free(c->arguments);
    *c = (cli){0};
}

/* ---- asking ---- */

static const cli_option *must_find(const cli *c, const char *name)
{
    const cli_option *o = cli_find_option(c->command, name, strlen(name));
    if (o == NULL) {
        fprintf(stderr, "handfast: %s asks for an option --%s that its table lacks\n", c->path,
                name);
        abort();
    }
    return o;
}

size_t cli_count(const cli *c, const char *name)
{
    const cli_option *o = must_find(c, name);
    size_t n = 0;
    for (size_t i = 0; i < c->value_count; i++)
        n += c->values[i].option == o;
    return n;
}

const char *cli_nth(const cli *c, const char *name, size_t index)
{
    const cli_option *o = must_find(c, name);
    for (size_t i = 0; i < c->value_count; i++)
        if (c->values[i].option == o && index-- == 0)
            return c->values[i].text;
    return NULL;
}

const char *cli_text(const cli *c, const char *name)
{
    size_t n = cli_count(c, name);
    return n == 0 ? NULL : cli_nth(c, name, n - 1);
}

bool cli_flag(const cli *c, const char *name)
{
    return cli_count(c, name) != 0;
}

int64_t cli_number(const cli *c, const char *name, int64_t otherwise)
{
    const char *text = cli_text(c, name);
    int64_t v = otherwise;
    return text != NULL && read_number(text, false, &v) ? v : otherwise;
}

int64_t cli_ms(const cli *c, const char *name, int64_t otherwise_ms)
{
    const char *text = cli_text(c, name);
    int64_t v = otherwise_ms;
    return text != NULL && read_number(text, true, &v) ? v : otherwise_ms;
}

const char *cli_argument_at(const cli *c, size_t i)
{
    return i < c->argument_count ? c->arguments[i] : NULL;
}
