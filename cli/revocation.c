/* revocation.c: --crl, --revocation and --profile. */
#include "cli/revocation.h"

#include "cli/cert_file.h"

#include <stdio.h>
#include <string.h>

#define LIST_MOST (size_t)(256U << 20) /* bytes of one file */

const cli_option cli_revocation_options[] = {
    {.name = "crl",
     .kind = CLI_FILE,
     .repeats = true,
     .value = "FILE",
     .help = "revocation lists to judge by (PEM or DER)"},
    {.name = "revocation",
     .kind = CLI_CHOICE,
     .value = "DEMAND",
     .choices = "soft|hard|hard-leaf|off",
     .help = "soft: refuse what is revoked (the default); hard: also whatever no current list or "
             "stapled response says is good; hard-leaf: that of the certificate itself only"},
    {0},
};

const cli_option cli_profile_options[] = {
    {.name = "profile",
     .kind = CLI_CHOICE,
     .value = "PROFILE",
     .choices = "tls|rfc5280|webpki",
     .help = "tls: what makes a difference for security (the default); also what RFC 5280 or the "
             "CA/Browser Forum demand of whoever issues"},
    {0},
};

hf_profile cli_profile(const cli *c)
{
    const char *profile = cli_text(c, "profile");
    return profile == NULL || profile[0] == 't' ? HF_PROFILE_TLS
           : profile[0] == 'r'                  ? HF_PROFILE_RFC5280
                                                : HF_PROFILE_WEBPKI;
}

cli_exit cli_read_crls(cli *c, hf_crls **out)
{
    const char *path;
    cli_exit status = CLI_DONE;
    *out = NULL;
    if (cli_count(c, "crl") == 0)
        return CLI_DONE;
    if (hf_crls_new(out) != HF_OK)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    for (size_t i = 0; status == CLI_DONE && (path = cli_nth(c, "crl", i)) != NULL; i++) {
        cli_bytes file = {0};
        hf_error e = {0};
        status = cli_file_read(c, path, LIST_MOST, &file);
        if (status != CLI_DONE)
            break;
        hf_status added = hf_crls_add(*out, cli_bytes_of(&file), NULL, &e);
        cli_bytes_free(&file);
        if (added == HF_OK)
            continue;
        snprintf(e.subject, sizeof e.subject, "%s", path);
        status = cli_error(c, &e, "reading revocation lists");
    }
    if (status != CLI_DONE) {
        hf_crls_free(*out);
        *out = NULL;
    }
    return status;
}

hf_revocation cli_revocation_demand(const cli *c)
{
    static const struct {
        const char *name;
        hf_revocation demand;
    } demands[] = {{"hard", HF_REVOCATION_HARD_FAIL},
                   {"hard-leaf", HF_REVOCATION_HARD_FAIL_LEAF},
                   {"off", HF_REVOCATION_OFF}};
    const char *name = cli_text(c, "revocation");
    for (size_t i = 0; name != NULL && i < sizeof demands / sizeof demands[0]; i++)
        if (strcmp(name, demands[i].name) == 0)
            return demands[i].demand;
    return HF_REVOCATION_SOFT_FAIL;
}

cli_exit cli_tls_revocation(cli *c, hf_config *cfg)
{
    hf_crls *crls;
    if (cli_find_option(c->command, "crl", 3) == NULL)
        return CLI_DONE;
    cli_exit status = cli_read_crls(c, &crls);
    if (status != CLI_DONE)
        return status;
    hf_config_crls(cfg, crls);
    hf_config_revocation(cfg, cli_revocation_demand(c));
    hf_config_profile(cfg, cli_profile(c));
    hf_crls_free(crls);
    return CLI_DONE;
}
