/* cert_trust.c: `handfast cert trust`: puts an authority into the system's store and into the NSS
 * database of this user's browsers, or takes it out. */
#define _DEFAULT_SOURCE
#define _POSIX_C_SOURCE 200809L
#include "cli/cert_commands.h"
#include "cli/cert_file.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define SYSTEM_DIR "/usr/local/share/ca-certificates"

static const cli_option own[] = {
    {.name = "remove", .kind = CLI_FLAG, .help = "take it out again"},
    {.name = "system", .kind = CLI_FLAG, .help = "the system's store alone (needs root)"},
    {.name = "nss",
     .kind = CLI_FLAG,
     .help = "this user's NSS database alone (Chromium and others)"},
    {.name = "password-file",
     .kind = CLI_FILE,
     .value = "FILE",
     .help = "its first line is the password of a PKCS#12 archive"},
    {0},
};

static const cli_group groups[] = {{"Options", own}, {0}};

static const cli_argument arguments[] = {
    {.name = "FILE", .help = "the authority's certificate, PEM or DER", .kind = CLI_FILE},
    {0},
};

static const cli_example examples[] = {
    {"handfast cert trust --nss ca.pem", "trusts it in this user's Chromium"},
    {"sudo handfast cert trust --system ca.pem", "trusts it in all programs of this machine"},
    {"handfast cert trust --remove --nss ca.pem", "takes it out again"},
    {0},
};

/* How it went with one store. */
typedef enum outcome { WORKED, MISSING, FAILED } outcome;

typedef struct subject {
    const hf_cert *cert;
    const char *path;      /* as given */
    char nickname[120];    /* in NSS */
    char system_path[200]; /* in the system's folder */
} subject;

/* ---- running tools ---- */

/* The tool's path: the folders that the system keeps them in, not PATH, since this may be root. */
static bool find_tool(const char *name, char *to, size_t size)
{
    static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin",
                                          "/usr/local/bin"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(to, size, "%s/%s", folders[i], name);
        if (access(to, X_OK) == 0)
            return true;
    }
    return false;
}

/* Runs a tool with its output thrown away (shown with -v). Its exit status, or -1. */
static int run_tool(const cli *c, char *const *argv)
{
    posix_spawn_file_actions_t files;
    pid_t pid;
    int status;
    if (posix_spawn_file_actions_init(&files) != 0)
        return -1;
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (c->verbose == 0) {
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    } else {
        posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    }
    cli_detail(c, 1, "running %s", argv[0]);
    int error = posix_spawn(&pid, argv[0], &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- the system's store ---- */

static outcome update_system(cli *c)
{
    char tool[100];
    if (!find_tool("update-ca-certificates", tool, sizeof tool)) {
        const cli_line lines[] = {
            {"on", "update-ca-certificates"}, {"try", "apt install ca-certificates"}, {0}};
        (void)cli_fail(c, CLI_LOCAL_FILE, "the tool that renews the system's store is missing",
                       lines);
        return FAILED;
    }
    char *argv[] = {tool, NULL};
    int status = run_tool(c, argv);
    if (status == 0)
        return WORKED;
    const cli_line lines[] = {{"on", tool}, {"try", "the same with -v, to see what it says"}, {0}};
    (void)cli_fail(c, CLI_LOCAL_FILE, "the tool that renews the system's store failed", lines);
    return FAILED;
}

static outcome refused(cli *c, const char *path, int error)
{
    if (error != EACCES && error != EPERM && error != EROFS) {
        (void)cli_file_error(c, "the system's store could not be changed", path, error);
        return FAILED;
    }
    const cli_line lines[] = {
        {"on", SYSTEM_DIR},
        {"try", "the same command with sudo, or --nss for this user's browsers alone"},
        {0}};
    (void)cli_fail(c, CLI_LOCAL_FILE, "only root may change the system's store", lines);
    return FAILED;
}

static outcome system_add(cli *c, const subject *s)
{
    if (access(SYSTEM_DIR, F_OK) != 0) {
        cli_say(c, "no %s here: this system keeps its certificates elsewhere", SYSTEM_DIR);
        return MISSING;
    }
    if (access(SYSTEM_DIR, W_OK) != 0)
        return refused(c, SYSTEM_DIR, errno);
    char *pem = hf_pem_write(s->cert->der, "CERTIFICATE");
    if (pem == NULL) {
        (void)cli_fail(c, CLI_OTHER, "memory ran out", NULL);
        return FAILED;
    }
    cli_exit written =
        cli_file_write(c, s->system_path, (hf_bytes){(uint8_t *)pem, strlen(pem)}, 0644, true);
    hf_text_free(pem);
    if (written != CLI_DONE || update_system(c) != WORKED)
        return FAILED;
    cli_say(c, "the system trusts it now (%s)", s->system_path);
    return WORKED;
}

static outcome system_remove(cli *c, const subject *s)
{
    if (unlink(s->system_path) != 0) {
        if (errno != ENOENT)
            return refused(c, s->system_path, errno);
        cli_say(c, "the system's store does not have it");
        return MISSING;
    }
    if (update_system(c) != WORKED)
        return FAILED;
    cli_say(c, "the system does not trust it any more");
    return WORKED;
}

/* ---- NSS ---- */

static bool make_folder(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* "sql:$HOME/.pki/nssdb", made when it is not there and `make` is set. */
static outcome database(cli *c, const char *tool, bool make, char *to, size_t size)
{
    const char *home = getenv("HOME");
    char folder[3000], file[3100];
    if (home == NULL || home[0] != '/' || strlen(home) > 2800) {
        const cli_line lines[] = {{"because", "HOME is not set"}, {"try", "--system"}, {0}};
        (void)cli_fail(c, CLI_LOCAL_FILE, "this user has no NSS database", lines);
        return FAILED;
    }
    snprintf(folder, sizeof folder, "%s/.pki", home);
    bool made = !make || make_folder(folder);
    snprintf(folder, sizeof folder, "%s/.pki/nssdb", home);
    snprintf(to, size, "sql:%s", folder);
    snprintf(file, sizeof file, "%s/cert9.db", folder);
    if (access(file, F_OK) == 0)
        return WORKED;
    if (!make)
        return MISSING;
    if (!made || !make_folder(folder)) {
        (void)cli_file_error(c, "the NSS database could not be made", folder, errno);
        return FAILED;
    }
    char *argv[] = {(char *)(uintptr_t)tool, "-N", "-d", to, "--empty-password", NULL};
    if (run_tool(c, argv) == 0)
        return WORKED;
    const cli_line lines[] = {{"on", folder}, {"try", "the same with -v"}, {0}};
    (void)cli_fail(c, CLI_LOCAL_FILE, "certutil could not make the NSS database", lines);
    return FAILED;
}

static void forget_nickname(cli *c, char *tool, char *db, const subject *s)
{
    char *argv[] = {tool, "-D", "-d", db, "-n", (char *)(uintptr_t)s->nickname, NULL};
    (void)run_tool(c, argv);
}

/* certutil reads a file: ours, so that what is trusted is what was read and checked. */
static outcome nss_import(cli *c, char *tool, char *db, const subject *s)
{
    char name[] = "/tmp/handfast-trust-XXXXXX";
    int fd = mkstemp(name);
    if (fd < 0) {
        (void)cli_file_error(c, "a temporary file could not be made", name, errno);
        return FAILED;
    }
    bool written = write(fd, s->cert->der.p, s->cert->der.n) == (ssize_t)s->cert->der.n;
    written = close(fd) == 0 && written;
    char *argv[] = {
        tool, "-A", "-d", db, "-t", (char[]){"C,,"}, "-n", (char *)(uintptr_t)s->nickname,
        "-i", name, NULL};
    int status = written ? run_tool(c, argv) : -1;
    unlink(name);
    if (status == 0) {
        cli_say(c,
                "this user's NSS programs (Chromium, ...) trust it now, as \"%s\"; start them "
                "again",
                s->nickname);
        return WORKED;
    }
    const cli_line lines[] = {{"on", db}, {"try", "the same with -v, to see what it says"}, {0}};
    (void)cli_fail(c, CLI_LOCAL_FILE, "certutil could not add the certificate", lines);
    return FAILED;
}

static outcome nss(cli *c, const subject *s, bool removing)
{
    char tool[100], db[3200];
    if (!find_tool("certutil", tool, sizeof tool)) {
        cli_say(c, "certutil is missing, so Chromium was not told: apt install libnss3-tools");
        return MISSING;
    }
    outcome found = database(c, tool, !removing, db, sizeof db);
    if (found == MISSING)
        cli_say(c, "this user's NSS database does not have it");
    if (found != WORKED)
        return found;
    if (!removing) {
        forget_nickname(c, tool, db, s); /* once, however often this is called */
        return nss_import(c, tool, db, s);
    }
    char *look[] = {tool, "-L", "-d", db, "-n", (char *)(uintptr_t)s->nickname, NULL};
    if (run_tool(c, look) != 0) {
        cli_say(c, "this user's NSS database does not have it");
        return MISSING;
    }
    forget_nickname(c, tool, db, s);
    if (run_tool(c, look) == 0) {
        const cli_line lines[] = {{"on", db}, {"try", "the same with -v"}, {0}};
        (void)cli_fail(c, CLI_LOCAL_FILE, "certutil could not take the certificate out", lines);
        return FAILED;
    }
    cli_say(c, "this user's NSS programs do not trust it any more");
    return WORKED;
}

/* ---- the command ---- */

/* Names that tell certificates apart, however often an authority of that name is made anew. */
static void name_subject(subject *s)
{
    uint8_t digest[32];
    char common[64], file[64], mark[9];
    hf_cert_fingerprint(s->cert, digest);
    snprintf(mark, sizeof mark, "%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
    hf_name_common(s->cert->subject, common, sizeof common);
    snprintf(s->nickname, sizeof s->nickname, "%s %s", common[0] == '\0' ? "handfast" : common,
             mark);
    size_t n = 0;
    for (const char *p = common; *p != '\0' && n + 1 < sizeof file; p++) {
        bool fine =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        file[n++] = fine ? *p : '_';
    }
    file[n] = '\0';
    snprintf(s->system_path, sizeof s->system_path, SYSTEM_DIR "/handfast-%s-%s.crt", file, mark);
}

static cli_exit check_subject(cli *c, const subject *s)
{
    char text[200];
    if (s->cert->is_ca)
        return CLI_DONE;
    hf_name_text(s->cert->subject, text, sizeof text);
    if (!s->cert->self_issued) {
        const cli_line lines[] = {{"on", s->path},
                                  {"it is for", text},
                                  {"try", "the certificate of the authority that signed it"},
                                  {0}};
        return cli_fail(c, CLI_LOCAL_FILE,
                        "this certificate is no authority: trusting it does nothing", lines);
    }
    cli_warn(c,
             "%s is no authority but one server's own certificate; some programs accept that, "
             "others do not",
             s->path);
    return CLI_DONE;
}

static cli_exit change(cli *c, const subject *s)
{
    bool removing = cli_flag(c, "remove"), system = cli_flag(c, "system"),
         own_db = cli_flag(c, "nss");
    bool both = system == own_db;
    outcome first = MISSING, second = MISSING;
    if (system || both)
        first = removing ? system_remove(c, s) : system_add(c, s);
    if (own_db || both)
        second = nss(c, s, removing);
    if (first == FAILED || second == FAILED)
        return CLI_LOCAL_FILE;
    if (first == WORKED || second == WORKED || removing)
        return CLI_DONE;
    const cli_line lines[] = {{"on", s->path},
                              {"try", "apt install ca-certificates libnss3-tools, or --cacert FILE "
                                      "where a program has such an option"},
                              {0}};
    return cli_fail(c, CLI_LOCAL_FILE, "no store was found to put the certificate in", lines);
}

static cli_exit trust(cli *c)
{
    subject s = {.path = cli_argument_at(c, 0)};
    cli_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    cli_exit status = cli_chain_read_file(c, s.path, chain);
    if (status == CLI_DONE) {
        s.cert = &chain->cert[0];
        if (chain->count > 1)
            cli_warn(c, "%s holds %zu certificates; only the first counts", s.path, chain->count);
        name_subject(&s);
        if (!cli_flag(c, "remove"))
            status = check_subject(c, &s);
        if (status == CLI_DONE)
            status = change(c, &s);
    }
    cli_chain_free(chain);
    free(chain);
    return status;
}

const cli_command cli_cert_trust = {
    .name = "trust",
    .summary = "makes this machine trust an authority",
    .about = "Whoever holds the authority's private key can then pose as any site to the programs\n"
             "of this machine. Without --system or --nss both stores are changed.",
    .examples = examples,
    .arguments = arguments,
    .groups = groups,
    .run = trust,
};
