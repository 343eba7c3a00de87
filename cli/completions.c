/* completions.c: what a shell needs to complete handfast's command lines, made from the tables.
 *
 * Every name printed here comes from constant tables: letters, digits, dashes, and in the help
 * lines plain English, quoted for the shell. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

#include <string.h>

typedef struct visit {
    FILE *out;
    const cli_command *command;
    char path[64];
    const struct visit *parent; /* the command above, or NULL */
} visit;

/* Calls `each` for every command that takes options, subcommands included. */
static void each_command(FILE *out, const cli_command *const *commands, const visit *parent,
                         void (*each)(const visit *v))
{
    for (const cli_command *const *c = commands; *c != NULL; c++) {
        visit v = {.out = out, .command = *c, .parent = parent};
        int n = snprintf(v.path, sizeof v.path, "%s%s%s", parent != NULL ? parent->path : "",
                         parent != NULL ? " " : "", (*c)->name);
        if (n < 0 || (size_t)n >= sizeof v.path)
            continue; /* no table has names this long */
        each(&v);
        if ((*c)->subcommands != NULL)
            each_command(out, (*c)->subcommands, &v, each);
    }
}

static void names(FILE *out, const cli_command *const *commands)
{
    for (const cli_command *const *c = commands; *c != NULL; c++)
        fprintf(out, "%s%s", c == commands ? "" : " ", (*c)->name);
}

/* Calls `each` for every option of a command, the common ones last. */
static void each_option(const visit *v, void (*each)(const visit *v, const cli_option *o))
{
    for (const cli_group *g = v->command->groups; g != NULL && g->title != NULL; g++)
        for (const cli_option *o = g->options; o->name != NULL; o++)
            each(v, o);
    for (const cli_option *o = cli_common_options; o->name != NULL; o++)
        each(v, o);
}

/* The kind of the first positional argument; CLI_TEXT where there is none. */
static cli_kind argument_kind(const cli_command *command)
{
    return command->arguments != NULL ? command->arguments[0].kind : CLI_TEXT;
}

/* Text inside single quotes of a shell; ':' and brackets are escaped for zsh where asked. */
static void quoted(FILE *out, const char *text, bool zsh)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            fputs("'\\''", out);
        else if (zsh && strchr(":[]", *p) != NULL)
            fprintf(out, "\\%c", *p);
        else
            fputc(*p, out);
    }
}

static void choices(FILE *out, const cli_option *o)
{
    for (const char *p = o->choices; *p != '\0'; p++)
        fputc(*p == '|' ? ' ' : *p, out);
}

/* ---- bash ---- */

static void bash_value(const visit *v, const cli_option *o)
{
    if (o->kind == CLI_FLAG)
        return;
    fprintf(v->out, "        '%s':--%s", v->path, o->name);
    if (o->letter != 0)
        fprintf(v->out, "|'%s':-%c", v->path, o->letter);
    fputs(") ", v->out);
    if (o->kind == CLI_CHOICE) {
        fputs("COMPREPLY=($(compgen -W '", v->out);
        choices(v->out, o);
        fputs("' -- \"$cur\"))", v->out);
    } else if (o->kind == CLI_FILE || o->kind == CLI_DIR) {
        fprintf(v->out, "mapfile -t COMPREPLY < <(compgen -%c -- \"$cur\")",
                o->kind == CLI_DIR ? 'd' : 'f');
    } else {
        fputs(":", v->out);
    }
    fputs("; return ;;\n", v->out);
}

static void bash_values(const visit *v)
{
    each_option(v, bash_value);
}

static void bash_option_word(const visit *v, const cli_option *o)
{
    fprintf(v->out, " --%s", o->name);
}

static void bash_words(const visit *v)
{
    fprintf(v->out, "        '%s') words='", v->path);
    if (v->command->subcommands != NULL) {
        names(v->out, v->command->subcommands);
        fputs(" --help", v->out);
    } else {
        each_option(v, bash_option_word);
    }
    cli_kind kind = argument_kind(v->command);
    fprintf(v->out, "' files=%s ;;\n", kind == CLI_FILE ? "-f" : kind == CLI_DIR ? "-d" : "");
}

static void bash_parent(const visit *v)
{
    if (v->command->subcommands == NULL)
        return;
    fprintf(
        v->out,
        "    if [[ $cmd == '%s' && $COMP_CWORD -gt 2 ]]; then cmd=\"$cmd ${COMP_WORDS[2]}\"; fi\n",
        v->path);
}

static void bash(FILE *out, const cli_command *const *commands)
{
    fputs("# bash completion for handfast: source this, or put it in\n"
          "# ~/.local/share/bash-completion/completions/handfast\n"
          "_handfast()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local cmd=${COMP_WORDS[1]} words='' files=''\n"
          "    COMPREPLY=()\n"
          "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
          "        COMPREPLY=($(compgen -W '",
          out);
    names(out, commands);
    fputs(" help --help --version' -- \"$cur\"))\n        return\n    fi\n", out);
    each_command(out, commands, NULL, bash_parent);
    /* readline splits --opt=value at the equals sign */
    fputs("    if [[ $cur == '=' ]]; then cur=''; elif [[ $prev == '=' ]]; then "
          "prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
          "    case \"$cmd:$prev\" in\n",
          out);
    each_command(out, commands, NULL, bash_values);
    fputs("    esac\n    case \"$cmd\" in\n", out);
    each_command(out, commands, NULL, bash_words);
    fputs("        help) words='", out);
    names(out, commands);
    fputs(" --man --completions' ;;\n"
          "    esac\n"
          "    if [[ $cur == -* || -z $files ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "    else\n"
          "        mapfile -t COMPREPLY < <(compgen \"$files\" -- \"$cur\")\n"
          "    fi\n}\n"
          "complete -o filenames -F _handfast handfast\n",
          out);
}

/* ---- zsh ---- */

static void zsh_option(const visit *v, const cli_option *o)
{
    const char *action = o->kind == CLI_FILE ? "_files" : o->kind == CLI_DIR ? "_files -/" : "";
    for (int form = 0; form < (o->letter != 0 ? 2 : 1); form++) {
        fprintf(v->out, " \\\n        '%s", o->repeats ? "*" : "");
        if (form == 0)
            fprintf(v->out, "--%s%s[", o->name, o->kind == CLI_FLAG ? "" : "=");
        else
            fprintf(v->out, "-%c%s[", o->letter, o->kind == CLI_FLAG ? "" : "+");
        quoted(v->out, o->help, true);
        fputc(']', v->out);
        if (o->kind != CLI_FLAG) {
            fputc(':', v->out);
            quoted(v->out, o->value, true);
            fputc(':', v->out);
            if (o->kind == CLI_CHOICE) {
                fputc('(', v->out);
                choices(v->out, o);
                fputc(')', v->out);
            } else {
                fputs(action, v->out);
            }
        }
        fputc('\'', v->out);
    }
}

static void zsh_list(FILE *out, const cli_command *const *commands)
{
    for (const cli_command *const *c = commands; *c != NULL; c++) {
        fprintf(out, " '%s:", (*c)->name);
        quoted(out, (*c)->summary, true);
        fputc('\'', out);
    }
}

static void zsh_case(const visit *v)
{
    fprintf(v->out, "    '%s')\n", v->path);
    if (v->command->subcommands != NULL) {
        fputs("        list=(", v->out);
        zsh_list(v->out, v->command->subcommands);
        fputs(")\n        _describe command list ;;\n", v->out);
        return;
    }
    cli_kind kind = argument_kind(v->command);
    fputs("        _arguments -s", v->out);
    each_option(v, zsh_option);
    fprintf(v->out, " \\\n        '*:argument:%s' ;;\n",
            kind == CLI_FILE  ? "_files"
            : kind == CLI_DIR ? "_files -/"
                              : "");
}

static void zsh_parent(const visit *v)
{
    if (v->command->subcommands != NULL)
        fprintf(v->out,
                "    if [[ $cmd == '%s' && $CURRENT -gt 3 ]]; then cmd=\"$cmd $words[3]\"; shift "
                "words; (( CURRENT-- )); fi\n",
                v->path);
}

static void zsh(FILE *out, const cli_command *const *commands)
{
    fputs("#compdef handfast\n"
          "# zsh completion for handfast: put it as _handfast into a folder of $fpath\n"
          "_handfast() {\n    local cmd=$words[2]\n    local -a list\n"
          "    if (( CURRENT == 2 )); then\n        list=(",
          out);
    zsh_list(out, commands);
    fputs(" 'help:help for a command')\n        _describe command list\n        return\n    fi\n",
          out);
    each_command(out, commands, NULL, zsh_parent);
    fputs("    shift words; (( CURRENT-- ))\n    case \"$cmd\" in\n", out);
    each_command(out, commands, NULL, zsh_case);
    fputs("    esac\n}\ncompdef _handfast handfast\n", out);
}

/* ---- fish ---- */

static void fish_condition(const visit *v)
{
    fputs("complete -c handfast -n '", v->out);
    if (v->parent != NULL)
        fprintf(v->out, "__fish_seen_subcommand_from %s; and ", v->parent->command->name);
    fprintf(v->out, "__fish_seen_subcommand_from %s'", v->command->name);
}

static void fish_option(const visit *v, const cli_option *o)
{
    fish_condition(v);
    fprintf(v->out, " -l %s", o->name);
    if (o->letter != 0)
        fprintf(v->out, " -s %c", o->letter);
    if (o->kind == CLI_CHOICE) {
        fputs(" -x -a '", v->out);
        choices(v->out, o);
        fputc('\'', v->out);
    } else if (o->kind == CLI_FILE || o->kind == CLI_DIR) {
        fputs(" -r -F", v->out);
    } else if (o->kind != CLI_FLAG) {
        fputs(" -x", v->out);
    }
    fputs(" -d '", v->out);
    quoted(v->out, o->help, false);
    fputs("'\n", v->out);
}

static void fish_command(const visit *v)
{
    if (v->parent == NULL)
        fprintf(v->out, "complete -c handfast -n __fish_use_subcommand -a %s -d '",
                v->command->name);
    else
        fprintf(v->out, "complete -c handfast -n '__fish_seen_subcommand_from %s' -a %s -d '",
                v->parent->command->name, v->command->name);
    quoted(v->out, v->command->summary, false);
    fputs("'\n", v->out);
    if (v->command->subcommands == NULL)
        each_option(v, fish_option);
    cli_kind kind = argument_kind(v->command);
    if (v->command->subcommands == NULL && (kind == CLI_FILE || kind == CLI_DIR)) {
        fish_condition(v);
        fputs(" -F\n", v->out);
    }
}

static void fish(FILE *out, const cli_command *const *commands)
{
    fputs("# fish completion for handfast: put it into ~/.config/fish/completions/handfast.fish\n"
          "complete -c handfast -f\n"
          "complete -c handfast -n __fish_use_subcommand -a help -d 'help for a command'\n",
          out);
    each_command(out, commands, NULL, fish_command);
}

bool cli_completions(FILE *out, const char *shell, const cli_command *const *commands)
{
    if (strcmp(shell, "bash") == 0)
        bash(out, commands);
    else if (strcmp(shell, "zsh") == 0)
        zsh(out, commands);
    else if (strcmp(shell, "fish") == 0)
        fish(out, commands);
    else
        return false;
    return true;
}
