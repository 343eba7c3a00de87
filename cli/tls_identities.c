/* tls_identities.c: this side's certificates from the options: each --cert with what belongs to it,
 * in the order in which they were typed; and what is asked about the peer's. */
#include "cli/tls_identities.h"

#include <string.h>

/* What was typed about one certificate; each NULL when it was not. */
typedef struct typed {
    const char *chain, *key, *ocsp, *scts;
} typed;

/* Where an option that belongs to a --cert is kept; NULL for any other option. */
static const char **place_of(typed *t, const char *name)
{
    if (strcmp(name, "key") == 0)
        return &t->key;
    if (strcmp(name, "ocsp") == 0)
        return &t->ocsp;
    return strcmp(name, "scts") == 0 ? &t->scts : NULL;
}

static cli_exit staple(cli *c, hf_identity *identity, const char *path,
                       hf_status (*set)(hf_identity *identity, const char *path, hf_error *e),
                       const char *doing)
{
    hf_error e = {0};
    if (path == NULL)
        return CLI_DONE;
    hf_status status = set(identity, path, &e);
    if (status == HF_OK)
        return CLI_DONE;
    if (e.code == HF_OK)
        e.code = status;
    return cli_error(c, &e, doing);
}

static cli_exit add(cli *c, hf_config *cfg, const typed *t)
{
    hf_identity *identity;
    cli_exit status = cli_identity_read(c, t->chain, t->key, &identity);
    if (status != CLI_DONE)
        return status;
    status = staple(c, identity, t->ocsp, hf_identity_set_ocsp_file, "reading the OCSP response");
    if (status == CLI_DONE)
        status = staple(c, identity, t->scts, hf_identity_set_scts_file,
                        "reading the certificate timestamps");
    if (status == CLI_DONE)
        hf_config_add_identity(cfg, identity);
    hf_identity_free(identity);
    return status;
}

static cli_exit stray(cli *c, const char *name, const char *on)
{
    char what[80], try_this[80];
    snprintf(what, sizeof what, "a --%s stands without a --cert before it", name);
    snprintf(try_this, sizeof try_this, "--cert FILE --%s FILE, in this order", name);
    return cli_usage(c, what, on, try_this);
}

static cli_exit add_identities(cli *c, hf_config *cfg)
{
    typed t = {0};
    cli_exit status = CLI_DONE;
    for (size_t i = 0; i < c->value_count && status == CLI_DONE; i++) {
        const char *name = c->values[i].option->name, **place = place_of(&t, name);
        if (strcmp(name, "cert") == 0) {
            if (t.chain != NULL)
                status = add(c, cfg, &t);
            t = (typed){.chain = c->values[i].text};
        } else if (place != NULL && (t.chain == NULL || *place != NULL)) {
            status = stray(c, name, c->values[i].text);
        } else if (place != NULL) {
            *place = c->values[i].text;
        }
    }
    if (status == CLI_DONE && t.chain != NULL)
        status = add(c, cfg, &t);
    return status;
}

static bool given(const cli *c, const char *name)
{
    return cli_find_option(c->command, name, strlen(name)) != NULL && cli_flag(c, name);
}

cli_exit cli_tls_identities(cli *c, hf_role role, hf_config *cfg)
{
    if (given(c, "no-ocsp"))
        hf_config_request_ocsp(cfg, false);
    if (given(c, "ask-ocsp"))
        hf_config_request_ocsp(cfg, true);
    if (given(c, "ask-scts"))
        hf_config_request_scts(cfg, true);
    if (given(c, "name-authorities"))
        hf_config_send_authorities(cfg, true);
    if (role == HF_SERVER && given(c, "no-authorities"))
        hf_config_send_authorities(cfg, false);
    if (role == HF_SERVER && given(c, "known-names-only"))
        hf_config_known_names_only(cfg, true);
    return add_identities(c, cfg);
}
