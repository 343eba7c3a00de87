/* man.c: a man page made from a command's table: `handfast help --man CMD | man -l -`. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

#include <ctype.h>
#include <string.h>

/* Text in roff: a backslash and a leading dot or quote would be commands, a dash must stay an
 * ASCII dash so that it can be copied. */
static void roff(FILE *out, const char *text)
{
    bool line_start = true;
    for (const char *p = text; *p != '\0'; p++) {
        if (line_start && (*p == '.' || *p == '\''))
            fputs("\\&", out);
        line_start = false;
        if (strncmp(p, "\n\n", 2) == 0) {
            fputs("\n.PP\n", out);
            p++;
            line_start = true;
        } else if (*p == '\\') {
            fputs("\\e", out);
        } else if (*p == '-') {
            fputs("\\-", out);
        } else {
            fputc(*p, out);
            line_start = *p == '\n';
        }
    }
}

static void roff_line(FILE *out, const char *text)
{
    roff(out, text);
    fputc('\n', out);
}

/* "get" or "cert ca" as a page's name: handfast-cert-ca. */
static void page_name(FILE *out, const char *path)
{
    fputs("handfast", out);
    if (path[0] != '\0')
        fputs("\\-", out);
    for (; *path != '\0'; path++)
        fputs(*path == ' ' ? "\\-" : (char[2]){*path, '\0'}, out);
}

static void title(FILE *out, const char *path, const char *summary)
{
    fputs(".TH \"", out);
    fputs("HANDFAST", out);
    for (const char *p = path; *p != '\0'; p++) {
        if (p == path)
            fputc('-', out);
        fputc(*p == ' ' ? '-' : toupper((unsigned char)*p), out);
    }
    fputs("\" 1 \"\" \"handfast " HF_VERSION_STRING "\" \"handfast\"\n.SH NAME\n", out);
    page_name(out, path);
    fputs(" \\- ", out);
    roff_line(out, summary);
}

static void man_option(FILE *out, const cli_option *o)
{
    fputs(".TP\n", out);
    if (o->letter != 0)
        fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", out);
    roff(out, o->name);
    fputs("\\fR", out);
    if (o->value != NULL) {
        fputs(" \\fI", out);
        roff(out, o->value);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    roff(out, o->help);
    if (o->kind == CLI_CHOICE) {
        char list[240];
        cli_choices_text(o->choices, list, sizeof list);
        fputs(" (", out);
        roff(out, list);
        fputs(")", out);
    }
    fputs(o->repeats ? "; may be repeated\n" : "\n", out);
}

static void man_options(FILE *out, const char *heading, const cli_option *options)
{
    if (options->name == NULL)
        return;
    fputs(".SS \"", out);
    roff(out, heading);
    fputs("\"\n", out);
    for (const cli_option *o = options; o->name != NULL; o++)
        man_option(out, o);
}

static void man_examples(FILE *out, const cli_example *list)
{
    if (list == NULL)
        return;
    fputs(".SH EXAMPLES\n", out);
    for (const cli_example *e = list; e->command != NULL; e++) {
        fputs(".TP\n\\fB", out);
        roff(out, e->command);
        fputs("\\fR\n", out);
        roff_line(out, e->does);
    }
}

/* What every page ends with: the exit statuses and the environment. */
static void man_common(FILE *out)
{
    static const char *const statuses[] = {
        "done",
        "another failure",
        "usage",
        "no connection, or the name was not found",
        "a TLS alert or protocol error",
        "the certificate is not trusted",
        "the certificate is for another name",
        "the certificate is expired or not yet valid",
        "a local file or key is unreadable or does not fit",
        "HTTP status 400 or above (get --fail)",
    };
    fputs(".SH \"EXIT STATUS\"\n", out);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        fprintf(out, ".TP\n\\fB%zu\\fR\n", i);
        roff_line(out, statuses[i]);
    }
    fputs(".SH ENVIRONMENT\n", out);
    static const char *const variables[][2] = {
        {"SSLKEYLOGFILE", "where to append the secrets of each connection, unless --keylog says "
                          "otherwise: whoever reads that file reads the connections"},
        {"SSL_CERT_FILE", "the certificates to trust, in place of the system's"},
        {"NO_COLOR", "no colours, unless --color=always"},
        {"XDG_DATA_HOME", "where the local certificate authority is kept"},
    };
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        fprintf(out, ".TP\n\\fB%s\\fR\n", variables[i][0]);
        roff_line(out, variables[i][1]);
    }
}

static void man_subcommands(FILE *out, const cli_command *const *list, const char *path)
{
    fputs(".SH COMMANDS\n", out);
    for (const cli_command *const *s = list; *s != NULL; s++) {
        fprintf(out, ".TP\n\\fBhandfast %s%s%s\\fR\n", path, path[0] != '\0' ? " " : "",
                (*s)->name);
        roff_line(out, (*s)->summary);
    }
}

static void man_synopsis(FILE *out, const cli_command *command, const char *path)
{
    fprintf(out, ".SH SYNOPSIS\n\\fBhandfast %s\\fR", path);
    fputs(command->subcommands != NULL ? " \\fICOMMAND\\fR ..." : " [\\fIOPTION\\fR]...", out);
    for (const cli_argument *a = command->arguments; a != NULL && a->name != NULL; a++)
        fprintf(out, a->optional ? " [\\fI%s\\fR%s]" : " \\fI%s\\fR%s", a->name,
                a->repeats ? "..." : "");
    fputc('\n', out);
}

static void man_command(FILE *out, const cli_command *command, const char *path)
{
    title(out, path, command->summary);
    man_synopsis(out, command, path);
    if (command->about != NULL) {
        fputs(".SH DESCRIPTION\n", out);
        roff_line(out, command->about);
    }
    if (command->arguments != NULL) {
        fputs(".SH ARGUMENTS\n", out);
        for (const cli_argument *a = command->arguments; a->name != NULL; a++) {
            fprintf(out, ".TP\n\\fI%s\\fR\n", a->name);
            roff_line(out, a->help);
        }
    }
    man_examples(out, command->examples);
    if (command->subcommands != NULL) {
        man_subcommands(out, command->subcommands, path);
    } else {
        fputs(".SH OPTIONS\n", out);
        for (const cli_group *g = command->groups; g != NULL && g->title != NULL; g++)
            man_options(out, g->title, g->options);
        man_options(out, "Common options", cli_common_options);
    }
    man_common(out);
}

void cli_man(FILE *out, const cli_command *command, const char *path,
             const cli_command *const *commands)
{
    if (command != NULL) {
        man_command(out, command, path);
        return;
    }
    title(out, "", "TLS 1.3 that explains itself");
    fputs(".SH SYNOPSIS\n\\fBhandfast\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]... "
          "[\\fIARGUMENT\\fR]...\n.SH DESCRIPTION\n",
          out);
    roff_line(out,
              "Serves and fetches over HTTPS, makes and checks certificates, and shows a handshake "
              "step by step. Data goes to standard output, everything else to standard error. "
              "Certificates and names are always verified, unless --insecure says otherwise.");
    man_subcommands(out, commands, "");
    man_common(out);
    fputs(".SH \"SEE ALSO\"\n", out);
    for (const cli_command *const *c = commands; *c != NULL; c++)
        fprintf(out, "\\fBhandfast\\-%s\\fR(1)%s", (*c)->name, c[1] != NULL ? ",\n" : "\n");
}
