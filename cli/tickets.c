/* tickets.c: a server's tickets and their keys from the options. */
#include "cli/tickets.h"

#include "cli/cert_file.h"

enum {
    MOST_FILES = 16,
    FILE_MAX = 1 << 20,
    CACHE = 1000,
    LIFE_S = 7200,
    PERIOD_S = 43200,
    RETRY_S = 30
};

const cli_option cli_ticket_options[] = {
    {.name = "ticket-key",
     .kind = CLI_FILE,
     .repeats = true,
     .value = "FILE",
     .help = "seal session tickets with the keys in FILE (as nginx or haproxy has them), the first "
             "for new ones; default: keys of its own, changed every 12 hours"},
    {.name = "tickets",
     .kind = CLI_NUMBER,
     .value = "N",
     .min = 0,
     .max = 8,
     .help = "how many to give on each TLS 1.3 connection; default 2"},
    {.name = "no-tickets", .kind = CLI_FLAG, .help = "give none; the same as --tickets 0"},
    {.name = "session-life",
     .kind = CLI_SECONDS,
     .value = "SECONDS",
     .min = 1,
     .max = 604800,
     .help = "for how long a session may be resumed; default 7200, at most 604800 (seven days)"},
    {.name = "session-cache",
     .kind = CLI_NUMBER,
     .value = "N",
     .min = 0,
     .max = 1000000,
     .help = "TLS 1.2 sessions to keep for clients without tickets; default 1000"},
    {.name = "early-data",
     .kind = CLI_NUMBER,
     .value = "BYTES",
     .min = 0,
     .max = 1 << 20,
     .help =
         "take so much of a resuming client's request with its first flight (0-RTT); default 0: "
         "none. GET and HEAD are answered, others told to come again (425)"},
    {.name = "stateless-retry",
     .kind = CLI_FLAG,
     .help = "keep nothing of a client that must be asked for another key share: it brings back "
             "what it was told, sealed, within 30 seconds"},
    {0},
};

static uint32_t life_s(const cli *c)
{
    return (uint32_t)((cli_ms(c, "session-life", LIFE_S * 1000) + 999) / 1000);
}

static cli_exit failed(cli *c, hf_status code)
{
    hf_error e = {.code = code};
    return cli_error(c, &e, "preparing session tickets");
}

/* The story names a key or a line; this adds the file, by reading each by itself. */
static cli_exit not_keys(cli *c, const cli_bytes *files, size_t count, hf_error *e)
{
    hf_ticket_keys *alone;
    if (hf_ticket_keys_new(NULL, 0, &alone) != HF_OK)
        return failed(c, HF_E_OUT_OF_MEMORY);
    for (size_t i = 0; i < count && e->subject[0] == '\0'; i++) {
        hf_bytes file = cli_bytes_of(&files[i]);
        hf_error own = {0};
        if (hf_ticket_keys_read(alone, &file, 1, &own) != HF_OK) {
            *e = own;
            snprintf(e->subject, sizeof e->subject, "%s", cli_nth(c, "ticket-key", i));
        }
    }
    hf_ticket_keys_free(alone);
    return cli_error(c, e, "reading the session ticket keys");
}

cli_exit cli_tickets_read(cli *c, const cli_tickets *t)
{
    cli_bytes files[MOST_FILES] = {{0}};
    hf_bytes contents[MOST_FILES];
    size_t count = cli_count(c, "ticket-key"), read = 0;
    hf_error e = {0};
    if (count == 0)
        return CLI_DONE;
    if (count > MOST_FILES)
        return cli_usage(c, "more than 16 ticket keys", cli_nth(c, "ticket-key", MOST_FILES),
                         "fewer: a key is needed for as long as its tickets live");
    cli_exit status = CLI_DONE;
    for (; read < count && status == CLI_DONE; read++) {
        status = cli_file_read(c, cli_nth(c, "ticket-key", read), FILE_MAX, &files[read]);
        contents[read] = cli_bytes_of(&files[read]);
    }
    if (status == CLI_DONE && hf_ticket_keys_read(t->keys, contents, count, &e) != HF_OK)
        status = not_keys(c, files, count, &e);
    for (size_t i = 0; i < read; i++)
        cli_bytes_free(&files[i]);
    return status;
}

cli_exit cli_tickets_new(cli *c, cli_tickets *t)
{
    *t = (cli_tickets){0};
    int64_t cache = cli_number(c, "session-cache", CACHE);
    uint32_t period_s = life_s(c) > PERIOD_S ? life_s(c) : PERIOD_S;
    if (cli_flag(c, "no-tickets") && cli_number(c, "tickets", 0) != 0)
        return cli_usage(c, "--tickets and --no-tickets exclude each other", NULL, NULL);
    hf_status status = hf_ticket_keys_new(NULL, period_s, &t->keys);
    if (status == HF_OK && cache > 0)
        status = hf_sessions_new((size_t)cache, &t->sessions);
    if (status != HF_OK)
        return failed(c, status);
    return cli_tickets_read(c, t);
}

void cli_tickets_config(cli *c, const cli_tickets *t, hf_config *cfg)
{
    hf_config_ticket_keys(cfg, t->keys);
    hf_config_sessions(cfg, t->sessions);
    hf_config_session_life(cfg, life_s(c));
    hf_config_early_data(cfg, (uint32_t)cli_number(c, "early-data", 0));
    hf_config_stateless_retry(cfg, cli_flag(c, "stateless-retry") ? RETRY_S : 0);
    if (cli_flag(c, "no-tickets"))
        hf_config_tickets(cfg, 0);
    else if (cli_text(c, "tickets") != NULL)
        hf_config_tickets(cfg, (unsigned)cli_number(c, "tickets", 0));
}

void cli_tickets_free(cli_tickets *t)
{
    hf_ticket_keys_free(t->keys);
    hf_sessions_free(t->sessions);
    *t = (cli_tickets){0};
}
