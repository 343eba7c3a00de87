/* get_output.h: where what was fetched goes: standard output, or a file that appears only when it
 * is whole; and how far it has come, where a person watches. */
#ifndef CLI_GET_OUTPUT_H
#define CLI_GET_OUTPUT_H

#include "cli/cli.h"

typedef struct get_output {
    cli *cli;
    int fd;           /* -1: not open */
    const char *path; /* as the user wrote it; NULL: standard output */
    char *target; /* the file that is to appear, links followed; NULL where it is written at once */
    char *temporary;  /* what is written meanwhile */
    bool reader_gone; /* standard output is a pipe that nobody reads any more: no error */
    bool failed;      /* a failure was reported */

    bool watched, shown; /* progress: whether anybody sees it, whether a line stands there */
    bool has_total;
    uint64_t total, written; /* bytes */
    int64_t start_ms, last_ms;
} get_output;

/* `path` NULL or "-" is standard output. `total` is the length that is to be expected. */
cli_exit get_output_open(get_output *o, cli *c, const char *path, bool has_total, uint64_t total);

/* False when writing is over: it failed (and was reported), or nobody reads. */
bool get_output_write(get_output *o, const char *p, size_t n);

/* Ends the output: with CLI_DONE so far, the file appears under its name; else what was written is
 * taken away. Returns the status that the whole now has. */
cli_exit get_output_close(get_output *o, cli_exit so_far);

#endif
