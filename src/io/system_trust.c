/* system_trust.c: whom this machine trusts. SSL_CERT_FILE and SSL_CERT_DIR, which most TLS programs
 * obey, name it where they are set; else it is the bundle that the distribution keeps. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, Red Hat */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, where the link is missing */
    "/etc/ssl/cert.pem",                                 /* Alpine, macOS, OpenBSD */
    "/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD */
};

typedef struct gather {
    hf_store *store;
    size_t found, added, skipped; /* certificates: whole ones, those of them that are new, others */
    size_t files;
} gather;

/* Adds one certificate. One that cannot be read is passed over: a single odd one among the system's
 * hundred must not cut off everybody; it is simply not trusted. */
static hf_status add_one(void *ctx, hf_bytes der)
{
    gather *g = ctx;
    size_t added = 0;
    hf_status status = hf_store_add(g->store, der, &added, NULL);
    if (status == HF_E_OUT_OF_MEMORY)
        return status;
    g->found += status == HF_OK;
    g->added += added;
    g->skipped += status < 0;
    return HF_OK;
}

static hf_status add_file(gather *g, const char *path, hf_error *e)
{
    hf_bytes file;
    hf_status status = hf_io_file_read(path, &file, e);
    if (status < 0)
        return status;
    status = hf_pem_each(file, "CERTIFICATE", add_one, g, e);
    if (status == HF_E_OUT_OF_MEMORY)
        hf_io_fail(e, status, "trust store", path, NULL);
    else if (status < 0)
        hf_io_name_subject(e, path);
    hf_io_file_free(file);
    return status;
}

/* Every file in a folder; what is no certificate there is passed over. */
static hf_status add_folder(gather *g, const char *path, const char *where, hf_error *e)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    hf_status status = HF_OK;
    if (folder == NULL)
        return hf_io_fail(e, HF_E_FILE, where, path, "%s", hf_io_reason(errno));
    while (status == HF_OK && (entry = readdir(folder)) != NULL) {
        char file[4096];
        struct stat about;
        int n = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (n < 0 || (size_t)n >= sizeof(file) || stat(file, &about) != 0 ||
            !S_ISREG(about.st_mode))
            continue;
        g->files++;
        if (add_file(g, file, e) == HF_E_OUT_OF_MEMORY)
            status = HF_E_OUT_OF_MEMORY;
    }
    closedir(folder);
    return status;
}

/* Folders separated by ':'. */
static hf_status add_folders(gather *g, const char *list, hf_error *e)
{
    hf_status status = HF_OK;
    while (status == HF_OK && *list != '\0') {
        char path[4096];
        size_t n = strcspn(list, ":");
        if (n >= sizeof(path))
            return hf_io_fail(e, HF_E_FILE, "SSL_CERT_DIR", list, "%s", hf_io_reason(ENAMETOOLONG));
        memcpy(path, list, n);
        path[n] = '\0';
        if (n > 0)
            status = add_folder(g, path, "SSL_CERT_DIR", e);
        list += n + (list[n] == ':');
    }
    return status;
}

/* A program that runs with more rights than its user takes no trust from that user's environment.
 */
static const char *from_environment(const char *name)
{
    if (getuid() != geteuid() || getgid() != getegid())
        return NULL;
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static hf_status add_bundle(gather *g, hf_error *e)
{
    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
        hf_status status = access(bundles[i], R_OK) == 0 ? add_file(g, bundles[i], e) : HF_OK;
        if (status == HF_E_OUT_OF_MEMORY || g->added > 0)
            return g->added > 0 ? HF_OK : status;
    }
    return HF_OK;
}

hf_status hf_store_add_system(hf_store *store, size_t *added, hf_error *e)
{
    gather g = {.store = store};
    const char *file = from_environment("SSL_CERT_FILE");
    const char *folders = from_environment("SSL_CERT_DIR");
    size_t before = hf_store_count(store);
    hf_status status = HF_OK;
    if (added != NULL)
        *added = 0;
    if (file != NULL)
        status = add_file(&g, file, e);
    if (status == HF_OK && folders != NULL)
        status = add_folders(&g, folders, e);
    if (status < 0 && status != HF_E_OUT_OF_MEMORY && g.added > 0)
        status = HF_OK; /* one of several places is missing: the others will do */
    if (file == NULL && folders == NULL)
        status = add_bundle(&g, e);
    if (status < 0)
        return status;
    if (added != NULL)
        *added = g.added;
    if (g.added > 0 || hf_store_count(store) > before || (before > 0 && g.skipped == 0))
        return HF_OK;
    hf_io_fail(e, HF_E_STORE_EMPTY, "the system's certificates",
               file != NULL      ? file
               : folders != NULL ? folders
                                 : bundles[0],
               "%zu that could be read, %zu that could not", g.added, g.skipped);
    hf_error_expected(e, "at least one trusted certificate");
    return HF_E_STORE_EMPTY;
}

bool hf_io_is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

hf_status hf_io_store_add_folder(hf_store *store, const char *path, size_t *added, hf_error *e)
{
    gather g = {.store = store};
    hf_status status = add_folder(&g, path, "folder", e);
    if (added != NULL)
        *added = g.added;
    if (status != HF_OK || g.found != 0)
        return status;
    hf_io_fail(e, HF_E_PEM_NOTHING_FOUND, "folder", path, "%zu file%s without one", g.files,
               g.files == 1 ? "" : "s");
    hf_error_expected(e, "a certificate in one of its files");
    return HF_E_PEM_NOTHING_FOUND;
}

/* Makes a store, fills it from a file or (NULL) the system, and hands it to the config; a failure
 * is the config's to tell. */
static hf_status trust(hf_config *cfg, const char *path)
{
    hf_error e = {.code = HF_OK};
    hf_store *store = NULL;
    if (cfg == NULL)
        return HF_E_OUT_OF_MEMORY;
    e.code = hf_store_new(&store);
    if (e.code == HF_OK)
        e.code = path != NULL ? hf_store_add_file(store, path, NULL, &e)
                              : hf_store_add_system(store, NULL, &e);
    hf_status status = e.code == HF_OK ? hf_config_trust(cfg, store) : hf_config_fail(cfg, &e);
    hf_store_free(store);
    return status;
}

hf_status hf_config_trust_system(hf_config *cfg)
{
    return trust(cfg, NULL);
}

hf_status hf_config_trust_file(hf_config *cfg, const char *path)
{
    return trust(cfg, path);
}
