/* help.c: --help, made from a command's table. Examples come first: most people need no more. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

#include <string.h>

enum { WIDTH = 80, OPTION_COLUMN = 30 };

static void heading(FILE *out, const char *title, bool color)
{
    fprintf(out, "\n%s%s%s\n", cli_color_code(color, CLI_BOLD), title,
            cli_color_code(color, CLI_PLAIN));
}

/* Prints text in lines of at most WIDTH, each after `indent` spaces; the first line is already at
 * column `at`. A blank line in the text stays one. */
static void wrapped(FILE *out, const char *text, int indent, int at)
{
    while (*text != '\0') {
        size_t word = strcspn(text, " \n");
        bool fits = at + (int)word + (at > indent) <= WIDTH;
        if (!fits && at > indent) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        }
        if (at > indent && word != 0) {
            fputc(' ', out);
            at++;
        }
        fwrite(text, 1, word, out);
        at += (int)word;
        text += word;
        if (strncmp(text, "\n\n", 2) == 0) {
            fprintf(out, "\n\n%*s", indent, "");
            at = indent;
        }
        text += strspn(text, " \n");
    }
    fputc('\n', out);
}

static void usage_line(FILE *out, const cli_command *command, const char *path, bool color)
{
    heading(out, "Usage", color);
    fprintf(out, "  handfast %s", path);
    if (command->subcommands != NULL) {
        fputs(" COMMAND ...\n", out);
        return;
    }
    fputs(" [OPTION]...", out);
    for (const cli_argument *a = command->arguments; a != NULL && a->name != NULL; a++)
        fprintf(out, a->optional ? " [%s%s]" : " %s%s", a->name, a->repeats ? "..." : "");
    fputc('\n', out);
}

static void examples(FILE *out, const cli_example *list, bool color)
{
    for (const cli_example *e = list; e != NULL && e->command != NULL; e++) {
        fprintf(out, "  %s%s%s\n", cli_color_code(color, CLI_CYAN), e->command,
                cli_color_code(color, CLI_PLAIN));
        fputs("      ", out);
        wrapped(out, e->does, 6, 6);
    }
}

/* A long list gets spaces, so that its lines can be broken. */
void cli_choices_text(const char *choices, char *text, size_t size)
{
    bool spaced = strlen(choices) > 48;
    size_t n = 0;
    for (; *choices != '\0' && n + 3 < size; choices++) {
        if (*choices == '|' && spaced) {
            text[n++] = ',';
            text[n++] = ' ';
        } else {
            text[n++] = *choices;
        }
    }
    text[n] = '\0';
}

static void option_line(FILE *out, const cli_option *o, bool color)
{
    char left[120];
    char letter[8] = "    ";
    if (o->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    const char *value = o->value != NULL ? o->value : "";
    int n = snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name,
                     o->value != NULL ? " " : "", value);
    fprintf(out, "%s%s%s", cli_color_code(color, CLI_CYAN), left, cli_color_code(color, CLI_PLAIN));
    if (n + 2 > OPTION_COLUMN) {
        fprintf(out, "\n%*s", OPTION_COLUMN, "");
    } else {
        fprintf(out, "%*s", OPTION_COLUMN - n, "");
    }
    char text[400], list[240] = "";
    bool choices = o->kind == CLI_CHOICE && strstr(o->help, o->choices) == NULL;
    if (choices)
        cli_choices_text(o->choices, list, sizeof list);
    snprintf(text, sizeof text, "%s%s%s%s%s", o->help, choices ? " (" : "", list,
             choices ? ")" : "", o->repeats ? "; may be repeated" : "");
    wrapped(out, text, OPTION_COLUMN, OPTION_COLUMN);
}

static void option_group(FILE *out, const char *title, const cli_option *options, bool color)
{
    if (options->name == NULL)
        return;
    heading(out, title, color);
    for (const cli_option *o = options; o->name != NULL; o++)
        option_line(out, o, color);
}

static void command_line(FILE *out, const char *name, const char *summary, bool color)
{
    fprintf(out, "  %s%-10s%s %s\n", cli_color_code(color, CLI_CYAN), name,
            cli_color_code(color, CLI_PLAIN), summary);
}

void cli_help(FILE *out, const cli_command *command, const char *path, bool color)
{
    fprintf(out, "%shandfast %s%s: %s\n", cli_color_code(color, CLI_BOLD), path,
            cli_color_code(color, CLI_PLAIN), command->summary);
    if (command->examples != NULL) {
        heading(out, "Examples", color);
        examples(out, command->examples, color);
    }
    usage_line(out, command, path, color);
    for (const cli_argument *a = command->arguments; a != NULL && a->name != NULL; a++) {
        fprintf(out, "  %-*s", OPTION_COLUMN - 2, a->name);
        wrapped(out, a->help, OPTION_COLUMN, OPTION_COLUMN);
    }
    if (command->about != NULL) {
        fputs("\n", out);
        wrapped(out, command->about, 0, 0);
    }
    if (command->subcommands != NULL) {
        heading(out, "Commands", color);
        for (const cli_command *const *s = command->subcommands; *s != NULL; s++)
            command_line(out, (*s)->name, (*s)->summary, color);
        fprintf(out, "\nhandfast %s COMMAND --help says more.\n", path);
        return;
    }
    for (const cli_group *g = command->groups; g != NULL && g->title != NULL; g++)
        option_group(out, g->title, g->options, color);
    option_group(out, "Common options", cli_common_options, color);
}

void cli_help_overview(FILE *out, const cli_command *const *commands, bool color)
{
    fprintf(out, "%shandfast%s: TLS 1.3 that explains itself\n", cli_color_code(color, CLI_BOLD),
            cli_color_code(color, CLI_PLAIN));
    heading(out, "Examples", color);
    static const char *const lines[] = {
        "handfast serve ./site                 this folder over HTTPS, on this machine",
        "handfast get https://example.org/     one page, to standard output",
        "handfast explain example.org:443      a handshake, step by step, and why",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        fprintf(out, "  %s\n", lines[i]);
    heading(out, "Commands", color);
    for (const cli_command *const *c = commands; *c != NULL; c++)
        command_line(out, (*c)->name, (*c)->summary, color);
    fputs("\nhandfast COMMAND --help      examples and options of one command\n"
          "handfast help --man COMMAND  the same as a man page\n"
          "handfast help --completions SHELL   for bash, zsh or fish\n"
          "handfast --version           this is handfast " HF_VERSION_STRING "\n",
          out);
}
