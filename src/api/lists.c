/* lists.c: lists of names, as a person writes them, looked up in the provider's tables. */
#include "api/lists.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/writer.h"

#include <stdio.h>
#include <strings.h>

/* ---- defaults ---- */

/* P-521 is there for those who ask for it: it is slow, and nobody offers it alone. So are the
 * hybrids of ML-KEM with NIST curves, for those whose rules demand such a curve: X25519MLKEM768 is
 * smaller or faster than both, and what browsers offer. And ML-KEM alone, with no curve beside it.
 */
static bool default_group(const hf_group *g)
{
    return g->id != 0x0019 && g->id != 0x11eb && g->id != 0x11ed && g->id != 0x0202;
}

static bool take_suite(hf_config *cfg, const hf_suite *s)
{
    if (cfg->suite_count == HF_MAX_SUITES)
        return false;
    cfg->suites[cfg->suite_count++] = (hf_suite_choice){
        s, hf_aead_find(&cfg->provider, s->aead_name), hf_hash_find(&cfg->provider, s->hash_id)};
    return true;
}

void hf_lists_add_key_transport(hf_config *cfg)
{
    for (size_t i = 0; i < hf_suite_count; i++)
        if (hf_suites[i].auth == HF_AUTH_RSA_TRANSPORT &&
            hf_suite_usable(&cfg->provider, &hf_suites[i]))
            take_suite(cfg, &hf_suites[i]);
}

void hf_lists_default(hf_config *cfg)
{
    cfg->group_count = cfg->suite_count = cfg->sigscheme_count = 0;
    for (const hf_group *const *g = cfg->provider.groups; *g != NULL; g++)
        if (default_group(*g) && cfg->group_count < HF_MAX_GROUPS)
            cfg->groups[cfg->group_count++] = *g;
    for (size_t i = 0; i < hf_suite_count; i++) {
        const hf_suite *s = &hf_suites[i];
        if (!s->opt_in && hf_suite_usable(&cfg->provider, s))
            take_suite(cfg, s);
    }
    for (const hf_sigscheme *const *s = cfg->provider.sigschemes; *s != NULL; s++)
        if (cfg->sigscheme_count < HF_MAX_SIGSCHEMES)
            cfg->sigschemes[cfg->sigscheme_count++] = *s;
}

/* ---- names ---- */

/* The usual other names of groups. */
static const char *canonical_group(const char *name)
{
    static const char *const other[][2] = {
        {"P-256", "secp256r1"}, {"prime256v1", "secp256r1"},          {"P-384", "secp384r1"},
        {"P-521", "secp521r1"}, {"x25519mlkem768", "X25519MLKEM768"},
    };
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        if (strcasecmp(name, other[i][0]) == 0)
            return other[i][1];
    return name;
}

static bool same_group(const char *a, const char *b)
{
    return strcasecmp(canonical_group(a), canonical_group(b)) == 0;
}

/* A kind of list: how an item is found by name, and what there is to choose from. */
typedef struct list_kind {
    const char *field;
    /* adds the item called `name`; HF_E_UNKNOWN_NAME_IN_LIST, HF_E_BAD_ARGUMENT (too many) */
    hf_status (*add)(hf_config *cfg, const char *name);
    void (*known)(const hf_config *cfg, char *text, size_t size);
} list_kind;

static void add_known(char *text, size_t size, const char *name)
{
    size_t n = strlen(text);
    snprintf(text + n, size - n, "%s%s", n == 0 ? "" : " ", name);
}

static hf_status add_group(hf_config *cfg, const char *name)
{
    for (const hf_group *const *g = cfg->provider.groups; *g != NULL; g++) {
        if (!same_group((*g)->name, name))
            continue;
        if (cfg->group_count == HF_MAX_GROUPS)
            return HF_E_BAD_ARGUMENT;
        cfg->groups[cfg->group_count++] = *g;
        return HF_OK;
    }
    return HF_E_UNKNOWN_NAME_IN_LIST;
}

static void known_groups(const hf_config *cfg, char *text, size_t size)
{
    for (const hf_group *const *g = cfg->provider.groups; *g != NULL; g++)
        add_known(text, size, (*g)->name);
}

static hf_status add_suite(hf_config *cfg, const char *name)
{
    for (size_t i = 0; i < hf_suite_count; i++) {
        const hf_suite *s = &hf_suites[i];
        if (strcasecmp(s->name, name) != 0 || !hf_suite_usable(&cfg->provider, s))
            continue;
        return take_suite(cfg, s) ? HF_OK : HF_E_BAD_ARGUMENT;
    }
    return HF_E_UNKNOWN_NAME_IN_LIST;
}

static void known_suites(const hf_config *cfg, char *text, size_t size)
{
    for (size_t i = 0; i < hf_suite_count; i++)
        if (hf_suite_usable(&cfg->provider, &hf_suites[i]))
            add_known(text, size, hf_suites[i].name);
}

static hf_status add_sigscheme(hf_config *cfg, const char *name)
{
    for (const hf_sigscheme *const *s = cfg->provider.sigschemes; *s != NULL; s++) {
        if (strcasecmp((*s)->name, name) != 0)
            continue;
        if (cfg->sigscheme_count == HF_MAX_SIGSCHEMES)
            return HF_E_BAD_ARGUMENT;
        cfg->sigschemes[cfg->sigscheme_count++] = *s;
        return HF_OK;
    }
    return HF_E_UNKNOWN_NAME_IN_LIST;
}

static void known_sigschemes(const hf_config *cfg, char *text, size_t size)
{
    for (const hf_sigscheme *const *s = cfg->provider.sigschemes; *s != NULL; s++)
        add_known(text, size, (*s)->name);
}

static hf_status add_cert_scheme(hf_config *cfg, const char *name)
{
    for (const hf_sigscheme *const *s = cfg->provider.sigschemes; *s != NULL; s++) {
        if (strcasecmp((*s)->name, name) != 0)
            continue;
        if (cfg->cert_scheme_count == HF_MAX_SIGSCHEMES)
            return HF_E_BAD_ARGUMENT;
        cfg->cert_schemes[cfg->cert_scheme_count++] = *s;
        return HF_OK;
    }
    return HF_E_UNKNOWN_NAME_IN_LIST;
}

static hf_status add_compression(hf_config *cfg, const char *name)
{
    for (size_t i = 0; i < hf_compression_count; i++) {
        if (strcasecmp(hf_compressions[i]->name, name) != 0)
            continue;
        if (cfg->compression_count == HF_COMPRESS_MAX)
            return HF_E_BAD_ARGUMENT;
        cfg->compressions[cfg->compression_count++] = hf_compressions[i];
        return HF_OK;
    }
    return HF_E_UNKNOWN_NAME_IN_LIST;
}

static void known_compressions(const hf_config *cfg, char *text, size_t size)
{
    (void)cfg;
    for (size_t i = 0; i < hf_compression_count; i++)
        add_known(text, size, hf_compressions[i]->name);
    add_known(text, size, "none");
}

/* ---- reading a list ---- */

#define NAME_ROOM 64U

/* Takes the next name off `*list`; false at the end. A name too long for anything known is cut. */
static bool next_name(const char **list, char name[NAME_ROOM])
{
    *list += strspn(*list, ":, ");
    size_t n = strcspn(*list, ":, ");
    if (n == 0)
        return false;
    snprintf(name, NAME_ROOM, "%.*s", (int)(n < NAME_ROOM ? n : NAME_ROOM - 1), *list);
    *list += n;
    return true;
}

static hf_status read_list(hf_config *cfg, const char *list, const list_kind *kind)
{
    hf_error e;
    char name[NAME_ROOM];
    size_t count = 0;
    for (; next_name(&list, name); count++) {
        hf_status s = kind->add(cfg, name);
        if (s == HF_OK)
            continue;
        hf_fail(&e, s, kind->field, NULL, "%s", name);
        if (s == HF_E_UNKNOWN_NAME_IN_LIST)
            kind->known(cfg, e.expected, sizeof(e.expected));
        return hf_config_fail(cfg, &e);
    }
    if (count != 0)
        return HF_OK;
    hf_fail(&e, HF_E_EMPTY_LIST, kind->field, NULL, NULL);
    return hf_config_fail(cfg, &e);
}

hf_status hf_config_groups(hf_config *cfg, const char *list)
{
    static const list_kind kind = {"groups", add_group, known_groups};
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->group_count = 0;
    return read_list(cfg, list, &kind);
}

hf_status hf_config_suites(hf_config *cfg, const char *list)
{
    static const list_kind kind = {"suites", add_suite, known_suites};
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->suite_count = 0;
    return read_list(cfg, list, &kind);
}

hf_status hf_config_sigschemes(hf_config *cfg, const char *list)
{
    static const list_kind kind = {"sigschemes", add_sigscheme, known_sigschemes};
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->sigscheme_count = 0;
    return read_list(cfg, list, &kind);
}

hf_status hf_config_cert_sigschemes(hf_config *cfg, const char *list)
{
    static const list_kind kind = {"cert_sigschemes", add_cert_scheme, known_sigschemes};
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->cert_scheme_count = 0;
    return read_list(cfg, list, &kind);
}

hf_status hf_config_cert_compression(hf_config *cfg, const char *list)
{
    static const list_kind kind = {"cert_compression", add_compression, known_compressions};
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->compression_count = 0;
    cfg->compression_gain = 1; /* who asks for it wants it */
    return strcasecmp(list, "none") == 0 ? HF_OK : read_list(cfg, list, &kind);
}

/* ALPN names are any bytes but the separator: they are not trimmed. */
hf_status hf_config_alpn(hf_config *cfg, const char *list)
{
    hf_error e;
    hf_writer w;
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_buf_free(&cfg->alpn);
    hf_writer_init_buf(&w, &cfg->alpn);
    while (*list != '\0') {
        size_t n = strcspn(list, ",");
        if (n == 0 || n > 255) {
            hf_fail(&e, HF_E_BAD_ARGUMENT, "alpn", "names of 1 to 255 bytes, separated by commas",
                    "a name of %zu bytes", n);
            return hf_config_fail(cfg, &e);
        }
        hf_write_vec8(&w, hf_bytes_of(list, n));
        list += n;
        if (*list == ',')
            list++;
    }
    hf_status s = hf_writer_status(&w);
    if (s == HF_OK && cfg->alpn.n <= 65535)
        return HF_OK;
    hf_fail(&e, s != HF_OK ? s : HF_E_BAD_ARGUMENT, "alpn", "at most 65535 bytes", NULL);
    return hf_config_fail(cfg, &e);
}
