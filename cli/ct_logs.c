/* ct_logs.c: logs of Certificate Transparency from files: the public list of logs (JSON, version 3
 * of its form), or public keys in PEM. */
#include "cli/ct_logs.h"

#include "cli/cert_file.h"
#include "cli/cert_text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MOST = 16 << 20 /* bytes of one file */, BASE64_MOST = 4096 };

const cli_option cli_ct_options[] = {
    {.name = "ct-logs",
     .kind = CLI_FILE,
     .repeats = true,
     .value = "FILE",
     .help = "demand certificate timestamps of the logs in FILE: the public list of logs (the "
             "log_list.json of Chrome, version 3), or public keys (PEM)"},
    {.name = "ct-policy",
     .kind = CLI_TEXT,
     .value = "POLICY",
     .help =
         "how many of them: chrome (as Chrome demands, the default), LOGS or LOGS/OPERATORS (so "
         "many logs that so many operators run), or report (say what there is, demand nothing)"},
    {0},
};

/* ---- one file ---- */

typedef struct reading {
    cli *c;
    hf_ct_logs *logs;
    const char *path, *operator_name, *name; /* of the log that is read; NULL: none yet */
    size_t count;
    cli_exit status;
} reading;

/* Not what was expected at this place of the list. */
static cli_exit wrong(reading *r, const char *what, const char *expected)
{
    char where[600];
    snprintf(where, sizeof where, "%s%s%s%s%s", r->path,
             r->operator_name != NULL ? ", operator " : "",
             r->operator_name != NULL ? r->operator_name : "", r->name != NULL ? ", log " : "",
             r->name != NULL ? r->name : "");
    const cli_line lines[] = {{"on", where},
                              {"expected", expected},
                              {"try", "fetch the list again: "
                                      "https://www.gstatic.com/ct/log_list/v3/log_list.json"},
                              {NULL, NULL}};
    return r->status = cli_fail(r->c, CLI_LOCAL_FILE, what, lines);
}

/* A key of a kind that no log has so far is one that nothing can be checked by: said, and passed
 * over. Everything else that is wrong with the list is an error. */
static cli_exit add(reading *r, const hf_ct_log *log)
{
    hf_error e = {0};
    hf_status status = hf_ct_logs_add(r->logs, log, &e);
    if (status == HF_E_CT_LOG_MALFORMED && e.field != NULL && strcmp(e.field, "public_key") == 0 &&
        r->name != NULL) {
        cli_warn(r->c, "log %s is passed over: its key is %s, not %s", r->name, e.got, e.expected);
        return CLI_DONE;
    }
    r->count += status == HF_OK;
    if (status == HF_OK)
        return CLI_DONE;
    if (e.code == HF_OK)
        e.code = status;
    snprintf(e.subject, sizeof e.subject, "%s%s%s", r->path, r->name != NULL ? ", log " : "",
             r->name != NULL ? r->name : "");
    return r->status = cli_error(r->c, &e, "reading the list of logs");
}

/* ---- public keys ---- */

static hf_status add_key(void *ctx, hf_bytes der)
{
    reading *r = ctx;
    char name[300];
    snprintf(name, sizeof name, "key %zu of %s", r->count + 1, r->path);
    return add(r, &(hf_ct_log){.name = name, .public_key = der}) == CLI_DONE ? HF_OK : 1;
}

static cli_exit read_keys(reading *r, hf_bytes bytes)
{
    hf_error e = {0};
    hf_status status = hf_pem_each(bytes, "PUBLIC KEY", add_key, r, &e);
    if (r->status != CLI_DONE)
        return r->status;
    if (status == HF_E_PEM_NOTHING_FOUND || (status == HF_OK && r->count == 0))
        return cli_file_not(r->c, r->path, bytes, "list of logs, nor public key",
                            "fetch https://www.gstatic.com/ct/log_list/v3/log_list.json");
    if (status == HF_OK)
        return CLI_DONE;
    if (e.code == HF_OK)
        e.code = status;
    snprintf(e.subject, sizeof e.subject, "%s", r->path);
    return cli_error(r->c, &e, "reading the logs' keys");
}

/* ---- the list of logs ---- */

typedef struct decoded {
    uint8_t p[BASE64_MOST];
    size_t n;
} decoded;

static hf_status keep(void *ctx, hf_bytes bytes)
{
    decoded *d = ctx;
    if (bytes.n > sizeof d->p)
        return 1;
    memcpy(d->p, bytes.p, bytes.n);
    d->n = bytes.n;
    return HF_OK;
}

/* Base64 as JSON has it, on one line; the library reads the PEM that it makes. */
static bool decode(const json_t *value, decoded *d)
{
    static const char begin[] = "-----BEGIN DATA-----\n", end[] = "-----END DATA-----\n";
    const char *text = json_string_value(value);
    char pem[BASE64_MOST + BASE64_MOST / 64 + sizeof begin + sizeof end];
    size_t n = sizeof begin - 1, left = text != NULL ? strlen(text) : 0;
    d->n = 0;
    if (left == 0 || left > BASE64_MOST || strpbrk(text, "- \r\n") != NULL)
        return false;
    memcpy(pem, begin, n);
    while (left != 0) {
        size_t line = left < 64 ? left : 64;
        memcpy(pem + n, text, line);
        pem[n + line] = '\n';
        n += line + 1;
        text += line;
        left -= line;
    }
    memcpy(pem + n, end, sizeof end);
    n += sizeof end - 1;
    return hf_pem_each((hf_bytes){(const uint8_t *)pem, n}, "DATA", keep, d, NULL) == HF_OK &&
           d->n != 0;
}

static bool read_time(const json_t *object, const char *key, int64_t *s)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && cli_date_read(text, s);
}

/* "state": {"usable": {"timestamp": ...}}. Without one, as lists of all logs have them, and with
 * one that is not known here, the log is none that is accepted. */
static cli_exit read_state(reading *r, const json_t *log, hf_ct_log *out)
{
    static const struct {
        const char *name;
        hf_ct_state state;
    } states[] = {{"qualified", HF_CT_USABLE},
                  {"usable", HF_CT_USABLE},
                  {"readonly", HF_CT_READ_ONLY},
                  {"retired", HF_CT_RETIRED},
                  {"rejected", HF_CT_REJECTED}};
    const json_t *state = json_object_get(log, "state");
    out->state = HF_CT_PENDING;
    if (state == NULL)
        return CLI_DONE;
    if (!json_is_object(state) || json_object_size(state) != 1)
        return wrong(r, "the state of a log is not understood",
                     "one of pending, qualified, usable, "
                     "readonly, retired, rejected");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        const json_t *since = json_object_get(state, states[i].name);
        if (since == NULL)
            continue;
        out->state = states[i].state;
        if (!read_time(since, "timestamp", &out->state_s))
            return wrong(r, "a log's state has no time", "a timestamp as 2026-01-31T00:00:00Z");
    }
    return CLI_DONE;
}

static cli_exit read_interval(reading *r, const json_t *log, hf_ct_log *out)
{
    const json_t *interval = json_object_get(log, "temporal_interval");
    if (interval != NULL && (!read_time(interval, "start_inclusive", &out->interval_start_s) ||
                             !read_time(interval, "end_exclusive", &out->interval_end_s)))
        return wrong(r, "a log's temporal_interval is not understood",
                     "start_inclusive and end_exclusive, as 2026-01-31T00:00:00Z");
    return CLI_DONE;
}

static int by_end(const void *a, const void *b)
{
    const hf_ct_operator *x = a, *y = b;
    return (x->until_s > y->until_s) - (x->until_s < y->until_s);
}

/* "previous_operators": [{"name": ..., "end_time": ...}]; the library wants the oldest first. */
static cli_exit read_earlier(reading *r, const json_t *log,
                             hf_ct_operator earlier[HF_CT_EARLIER_MOST], hf_ct_log *out)
{
    const json_t *list = json_object_get(log, "previous_operators"), *one;
    static const char expected[] = "at most 8, each with a name and an end_time";
    size_t i;
    if (list != NULL && (!json_is_array(list) || json_array_size(list) > HF_CT_EARLIER_MOST))
        return wrong(r, "a log's previous_operators are not understood", expected);
    json_array_foreach (list, i, one) {
        earlier[i].name = json_string_value(json_object_get(one, "name"));
        if (earlier[i].name == NULL || !read_time(one, "end_time", &earlier[i].until_s))
            return wrong(r, "a log's previous_operators are not understood", expected);
    }
    out->earlier_count = json_array_size(list);
    out->earlier = earlier;
    qsort(earlier, out->earlier_count, sizeof earlier[0], by_end);
    return CLI_DONE;
}

static cli_exit read_log(reading *r, const json_t *log)
{
    hf_ct_operator earlier[HF_CT_EARLIER_MOST];
    decoded key, id;
    hf_ct_log one = {.operator_name = r->operator_name};
    if (!json_is_object(log))
        return wrong(r, "a log is not understood", "an object");
    r->name = one.name = json_string_value(json_object_get(log, "description"));
    if (!decode(json_object_get(log, "key"), &key))
        return wrong(r, "a log's key is not understood", "key: a public key in base64");
    if (!decode(json_object_get(log, "log_id"), &id))
        return wrong(r, "a log's id is not understood", "log_id: 32 bytes in base64");
    one.public_key = (hf_bytes){key.p, key.n};
    one.id = (hf_bytes){id.p, id.n};
    cli_exit status = read_state(r, log, &one);
    if (status == CLI_DONE)
        status = read_interval(r, log, &one);
    if (status == CLI_DONE)
        status = read_earlier(r, log, earlier, &one);
    if (status == CLI_DONE)
        status = add(r, &one);
    r->name = NULL;
    return status;
}

/* Logs of RFC 6962 and those that are read as tiles differ in how they are read, not in what they
 * sign. */
static cli_exit read_operator(reading *r, const json_t *entry)
{
    static const char *const kinds[] = {"logs", "tiled_logs"};
    cli_exit status = CLI_DONE;
    r->operator_name = json_string_value(json_object_get(entry, "name"));
    if (r->operator_name == NULL)
        return wrong(r, "an operator of logs is not understood", "an object with a name");
    for (size_t k = 0; k < 2 && status == CLI_DONE; k++) {
        const json_t *logs = json_object_get(entry, kinds[k]), *log;
        size_t i;
        if (logs != NULL && !json_is_array(logs))
            status = wrong(r, "an operator's logs are not understood", "an array");
        json_array_foreach (logs, i, log)
            if (status == CLI_DONE)
                status = read_log(r, log);
    }
    r->operator_name = NULL;
    return status;
}

static cli_exit read_json(reading *r, hf_bytes bytes)
{
    json_error_t at;
    cli_exit status = CLI_DONE;
    json_t *root = json_loadb((const char *)bytes.p, bytes.n, JSON_REJECT_DUPLICATES, &at), *entry;
    size_t i;
    if (root == NULL) {
        char what[300];
        snprintf(what, sizeof what, "JSON; line %d: %s", at.line, at.text);
        return wrong(r, "the list of logs is not well-formed", what);
    }
    const json_t *operators = json_object_get(root, "operators");
    if (!json_is_array(operators))
        status = wrong(r, "this is no list of logs", "an object with an array of operators");
    json_array_foreach (operators, i, entry)
        if (status == CLI_DONE)
            status = read_operator(r, entry);
    if (status == CLI_DONE && r->count == 0)
        status = wrong(r, "the list has no log that could be used", "at least one");
    json_decref(root);
    return status;
}

static cli_exit read_file(reading *r)
{
    cli_bytes file = {0};
    cli_exit status = cli_file_read(r->c, r->path, LIST_MOST, &file);
    if (status != CLI_DONE)
        return status;
    size_t i = 0;
    while (i < file.n && strchr(" \t\r\n", file.p[i]) != NULL && file.p[i] != '\0')
        i++;
    bool json = i < file.n && file.p[i] == '{';
    status = json ? read_json(r, cli_bytes_of(&file)) : read_keys(r, cli_bytes_of(&file));
    cli_bytes_free(&file);
    return status;
}

/* ---- the options ---- */

static bool number(const char **p, uint8_t *n)
{
    char *end;
    if (**p < '1' || **p > '9')
        return false;
    unsigned long v = strtoul(*p, &end, 10);
    *p = end;
    *n = (uint8_t)v;
    return v <= 16;
}

static cli_exit read_policy(cli *c, hf_ct_policy *policy)
{
    const char *text = cli_text(c, "ct-policy"), *p = text;
    *policy = (hf_ct_policy){.logs = 0};
    if (text == NULL || strcmp(text, "chrome") == 0)
        return CLI_DONE;
    policy->optional = strcmp(text, "report") == 0;
    if (policy->optional)
        return CLI_DONE;
    bool good = number(&p, &policy->logs);
    if (good && *p == '/') {
        p++;
        good = number(&p, &policy->operators) && policy->operators <= policy->logs;
    }
    return good && *p == '\0' ? CLI_DONE
                              : cli_usage(c, "this is no policy for certificate timestamps", text,
                                          "chrome, report, LOGS (1 to 16) or LOGS/OPERATORS");
}

cli_exit cli_read_ct(cli *c, hf_ct_logs **logs, hf_ct_policy *policy)
{
    reading r = {.c = c};
    *logs = NULL;
    cli_exit status = read_policy(c, policy);
    if (status == CLI_DONE && cli_count(c, "ct-logs") == 0 && cli_text(c, "ct-policy") != NULL)
        status = cli_usage(c, "--ct-policy needs to know the logs", NULL, "--ct-logs FILE");
    if (status != CLI_DONE || cli_count(c, "ct-logs") == 0)
        return status;
    if (hf_ct_logs_new(logs) != HF_OK)
        return cli_fail(c, CLI_OTHER, "memory ran out", NULL);
    r.logs = *logs;
    for (size_t i = 0; status == CLI_DONE && (r.path = cli_nth(c, "ct-logs", i)) != NULL; i++) {
        r.count = 0;
        status = read_file(&r);
    }
    if (status != CLI_DONE) {
        hf_ct_logs_free(*logs);
        *logs = NULL;
    }
    return status;
}

cli_exit cli_tls_ct(cli *c, hf_config *cfg)
{
    hf_ct_logs *logs;
    hf_ct_policy policy;
    if (cli_find_option(c->command, "ct-logs", 7) == NULL)
        return CLI_DONE;
    cli_exit status = cli_read_ct(c, &logs, &policy);
    if (status != CLI_DONE)
        return status;
    if (logs != NULL)
        hf_config_ct(cfg, logs, &policy);
    hf_ct_logs_free(logs);
    return CLI_DONE;
}
