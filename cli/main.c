/* main.c: the first word names a command; its table says the rest. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { MOST_COMMANDS = 16 };

static size_t list_commands(const cli_command *list[MOST_COMMANDS])
{
    const cli_command *const all[] = {
        &cli_command_serve, &cli_command_get,     &cli_command_connect,
        &cli_command_cert,  &cli_command_explain,
    };
    size_t count = sizeof all / sizeof all[0];
    memcpy(list, all, sizeof all);
    list[count] = NULL;
    return count;
}

static const cli_command *find_command(const cli_command *const *list, const char *name)
{
    for (; *list != NULL; list++)
        if (strcmp((*list)->name, name) == 0)
            return *list;
    return NULL;
}

static cli_exit unknown_command(cli *c, const cli_command *const *list, const char *word)
{
    const char *names[MOST_COMMANDS + 1];
    size_t count = 0;
    for (const cli_command *const *p = list; *p != NULL && count < MOST_COMMANDS; p++)
        names[count++] = (*p)->name;
    if (c->path == NULL)
        names[count++] = "help";
    char hint[160], help[100];
    const char *path = c->path != NULL ? c->path : "", *space = c->path != NULL ? " " : "";
    snprintf(help, sizeof help, "handfast %s%s--help", path, space);
    const char *near = cli_nearest(word, names, count);
    if (near != NULL)
        snprintf(hint, sizeof hint, "handfast %s%s%s   (%s lists all)", path, space, near, help);
    return cli_usage(c, "there is no such command", word, near != NULL ? hint : help);
}

/* Finds the command that argv[0..] names, one level down if it has subcommands, and says how many
 * words that took. NULL when it has subcommands and none is named. */
static const cli_command *descend(const cli_command *const *list, int argc, char **argv, char *path,
                                  size_t path_size, int *taken)
{
    const cli_command *command = find_command(list, argv[0]);
    *taken = command != NULL ? 1 : 0;
    if (command == NULL)
        return NULL;
    snprintf(path, path_size, "%s", command->name);
    if (command->subcommands != NULL && argc > 1) {
        const cli_command *sub = find_command(command->subcommands, argv[1]);
        if (sub != NULL) {
            snprintf(path, path_size, "%s %s", command->name, sub->name);
            *taken = 2;
            return sub;
        }
    }
    return command;
}

/* ---- handfast help ---- */

static const cli_option help_options[] = {
    {.name = "man",
     .kind = CLI_FLAG,
     .help = "as a man page (roff): handfast help --man get | man -l -"},
    {.name = "completions",
     .kind = CLI_CHOICE,
     .value = "SHELL",
     .choices = "bash|zsh|fish",
     .help = "what the shell needs to complete command lines"},
    {0},
};
static const cli_group help_groups[] = {{"Options", help_options}, {0}};
static const cli_argument help_arguments[] = {
    {.name = "COMMAND", .help = "which command", .optional = true, .repeats = true},
    {0},
};
static const cli_command help_command = {
    .name = "help",
    .summary = "help for a command",
    .arguments = help_arguments,
    .groups = help_groups,
};

static cli_exit run_help(cli *c, const cli_command *const *list)
{
    char path[64] = "";
    const cli_command *about = NULL;
    if (cli_text(c, "completions") != NULL) {
        cli_completions(stdout, cli_text(c, "completions"), list);
        return cli_flush_output(c);
    }
    if (c->argument_count != 0) {
        int taken;
        about =
            descend(list, (int)c->argument_count, (char **)c->arguments, path, sizeof path, &taken);
        c->path = NULL;
        if (about == NULL)
            return unknown_command(c, list, c->arguments[0]);
    }
    if (cli_flag(c, "man"))
        cli_man(stdout, about, path, list);
    else if (about != NULL)
        cli_help(stdout, about, path, c->color_out);
    else
        cli_help_overview(stdout, list, c->color_out);
    return cli_flush_output(c);
}

/* ---- from argv to a command ---- */

static cli_exit run_command(const cli_command *command, const char *path, int argc, char **argv,
                            const cli_command *const *list)
{
    cli c;
    bool wants_help;
    cli_exit status = cli_parse(&c, command, path, argc, argv, &wants_help);
    if (status == CLI_DONE && wants_help) {
        cli_help(stdout, command, path, c.color_out);
        status = cli_flush_output(&c);
    } else if (status == CLI_DONE && command == &help_command) {
        status = run_help(&c, list);
    } else if (status == CLI_DONE) {
        status = command->run(&c);
        if (status == CLI_DONE)
            status = cli_flush_output(&c);
    }
    cli_free(&c);
    return status;
}

static cli_exit top_level(int argc, char **argv, const cli_command *const *list)
{
    cli c = {.command = &help_command};
    bool color = isatty(STDOUT_FILENO) == 1;
    const char *word = argc > 0 ? argv[0] : NULL;
    if (word == NULL) {
        cli_help_overview(stderr, list, isatty(STDERR_FILENO) == 1);
        return CLI_USAGE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        cli_help_overview(stdout, list, color);
        return cli_flush_output(&c);
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        printf("handfast %s\n", hf_version());
        return cli_flush_output(&c);
    }
    if (word[0] == '-')
        return cli_usage(&c, "an option comes after a command", word,
                         "handfast COMMAND [OPTION]...   (handfast --help lists the commands)");
    if (strcmp(word, "help") == 0)
        return run_command(&help_command, "help", argc - 1, argv + 1, list);

    char path[64];
    int taken;
    const cli_command *command = descend(list, argc, argv, path, sizeof path, &taken);
    if (command == NULL)
        return unknown_command(&c, list, word);
    if (command->subcommands == NULL)
        return run_command(command, path, argc - taken, argv + taken, list);
    c.path = path;
    const char *next = argc > taken ? argv[taken] : NULL;
    if (next != NULL && strcmp(next, "--help") != 0 && strcmp(next, "-h") != 0)
        return unknown_command(&c, command->subcommands, next);
    cli_help(next != NULL ? stdout : stderr, command, path, next != NULL && color);
    return next != NULL ? cli_flush_output(&c) : CLI_USAGE;
}

/* A program started with one of the standard descriptors closed would open a socket in its place,
 * and then print into it. */
static void hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
}

int main(int argc, char **argv)
{
    hold_standard_descriptors();
    signal(SIGPIPE, SIG_IGN); /* a write says EPIPE instead: each place knows what that means */
    const cli_command *list[MOST_COMMANDS];
    list_commands(list);
    return (int)top_level(argc > 0 ? argc - 1 : 0, argv + (argc > 0), list);
}
