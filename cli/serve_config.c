/* serve_config.c: the TLS configs of `handfast serve`: made of the options and of the local
 * authority, made anew on SIGHUP and when the local certificate grows old. */
#define _POSIX_C_SOURCE 200809L
#include "cli/serve_config.h"
#include "cli/serve_explain.h"
#include "cli/serve_listen.h"

#include <stdlib.h>
#include <string.h>

/* localhost and the addresses that are listened on. */
void serve_local_names(serve *s)
{
    size_t n = 0, most = sizeof s->names / sizeof s->names[0] - 1;
    s->names[n++] = "localhost";
    s->names[n++] = "127.0.0.1";
    s->names[n++] = "::1";
    for (size_t i = 0; i < s->listener_count && n < most; i++) {
        bool there = serve_is_everywhere(&s->listeners[i]);
        for (size_t j = 0; j < n; j++)
            there = there || strcmp(s->names[j], s->listeners[i].address) == 0;
        if (!there)
            s->names[n++] = s->listeners[i].address;
    }
    s->names[n] = NULL;
}

static cli_exit add_local(serve *s, hf_config *cfg, bool first)
{
    cli_local local;
    char *dir = cli_state_dir(s->c);
    if (dir == NULL)
        return CLI_LOCAL_FILE;
    int64_t now_s = hf_provider_default()->now_s(hf_provider_default()->ctx);
    cli_exit status = cli_local_identity(s->c, dir, s->names, now_s, &local);
    free(dir);
    if (status != CLI_DONE)
        return status;
    hf_config_add_identity(cfg, local.identity);
    hf_identity_free(local.identity);
    if (local.made_ca)
        cli_say(s->c, "made a certificate authority for this machine: %s", local.ca_path);
    if (!first && local.made_certificate)
        cli_say(s->c, "made a new certificate");
    memcpy(s->ca_path, local.ca_path, sizeof s->ca_path);
    return CLI_DONE;
}

/* A frozen config of the options; reports what fails. */
static cli_exit make_config(serve *s, bool first, bool only_12, hf_config **out)
{
    hf_config *cfg;
    cli_exit status = cli_tls_config(s->c, HF_SERVER, serve_explain_trace(s->explain), &cfg);
    if (status != CLI_DONE)
        return status;
    if (only_12)
        hf_config_versions(cfg, HF_TLS_1_2, HF_TLS_1_2);
    if (cli_text(s->c, "alpn") == NULL)
        hf_config_alpn(cfg, "http/1.1");
    if (s->pool != NULL)
        hf_config_executor(cfg, hf_pool_executor(s->pool));
    hf_config_keypairs(cfg, s->keypairs);
    cli_tickets_config(s->c, &s->tickets, cfg);
    if (s->local)
        status = add_local(s, cfg, first);
    if (status == CLI_DONE)
        status = cli_tls_freeze(s->c, cfg);
    if (status == CLI_DONE)
        *out = cfg;
    else
        hf_config_free(cfg);
    return status;
}

/* Both configs, or neither. */
cli_exit serve_configs_make(serve *s, bool first)
{
    hf_config *cfg = NULL, *cfg_12 = NULL;
    cli_exit status = make_config(s, first, false, &cfg);
    if (status == CLI_DONE && s->door_12)
        status = make_config(s, false, true, &cfg_12);
    if (status != CLI_DONE) {
        hf_config_free(cfg);
        return status;
    }
    hf_config_free(s->config); /* connections hold their own reference */
    hf_config_free(s->config_12);
    s->config = cfg;
    s->config_12 = cfg_12;
    return CLI_DONE;
}

bool serve_reload(serve *s)
{
    if (serve_configs_make(s, false) == CLI_DONE)
        return true;
    cli_warn(s->c, "the certificates stay as they were");
    return false;
}

void serve_reload_all(serve *s)
{
    if (serve_reload(s))
        cli_say(s->c, "certificates read anew; they hold for new connections");
    if (cli_count(s->c, "ticket-key") == 0)
        return;
    if (cli_tickets_read(s->c, &s->tickets) == CLI_DONE)
        cli_say(s->c, "ticket keys read anew");
    else
        cli_warn(s->c, "the ticket keys stay as they were");
}
