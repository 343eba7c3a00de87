/* explain_kept.c: explanations that --json kept: read again, and two of them compared. */
#include "cli/explain_kept.h"
#include "cli/cert_file.h"
#include "cli/explain_page.h"

#include <string.h>

cli_exit explain_kept_read(cli *c, const char *path, hf_explain **out)
{
    cli_bytes file;
    *out = NULL;
    cli_exit status = cli_file_read(c, path, 256u << 20, &file);
    if (status != CLI_DONE)
        return status;
    hf_error e = {0};
    hf_status read = hf_explain_read_json(cli_bytes_of(&file), NULL, out, &e);
    cli_bytes_free(&file);
    if (read == HF_E_OUT_OF_MEMORY)
        return cli_error(c, &e, "reading the explanation");
    if (read != HF_OK) {
        char place[100];
        snprintf(place, sizeof place, "%s%s", e.field == NULL ? "" : e.field,
                 e.has_offset ? " (not JSON, or cut short)" : "");
        const cli_line lines[] = {
            {"on", path},
            {"where", place},
            {"expected", e.expected},
            {"got", e.got},
            {"try", "a file that handfast explain --json wrote, or HOST:PORT"},
            {0},
        };
        return cli_fail(c, CLI_LOCAL_FILE, "this is not an explanation that handfast wrote", lines);
    }
    return CLI_DONE;
}

static cli_exit show(cli *c, const hf_explain *a, const hf_explain *b)
{
    if (cli_text(c, "html") != NULL || cli_flag(c, "open"))
        return explain_page_make(c, a, b);
    hf_explain_sink out = hf_explain_sink_file(stdout);
    const hf_explain_diff how = {.names = {cli_argument_at(c, 0), cli_argument_at(c, 1)},
                                 .level = c->verbose > 0,
                                 .color = c->color_out};
    if (c->json)
        (void)hf_explain_diff_json(a, b, out, &how);
    else
        (void)hf_explain_diff_text(a, b, out, &how);
    c->json_printed = true;
    return cli_flush_output(c);
}

cli_exit explain_kept_compare(cli *c)
{
    static const char example[] = "handfast explain --diff A.json B.json";
    const char *first = cli_argument_at(c, 0), *second = cli_argument_at(c, 1);
    hf_explain *a, *b;
    if (cli_text(c, "replay") != NULL)
        return cli_usage(c, "--diff takes its files as arguments, without --replay", NULL, example);
    if (cli_count(c, "stream") != 0 || cli_flag(c, "data") || cli_flag(c, "http"))
        return cli_usage(c, "--diff compares what was kept: no --http, --stream or --data", NULL,
                         example);
    if (second == NULL)
        return cli_usage(c, "--diff compares two files", first, example);
    cli_exit status = explain_kept_read(c, first, &a);
    if (status != CLI_DONE)
        return status;
    status = explain_kept_read(c, second, &b);
    if (status == CLI_DONE)
        status = show(c, a, b);
    hf_explain_free(b);
    hf_explain_free(a);
    return status;
}
