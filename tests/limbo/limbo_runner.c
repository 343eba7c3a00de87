/* limbo_runner.c: judges every case of a file of x509-limbo's form, one line of JSON each:
 *
 *     build/tests/limbo_runner [--profile tls|rfc5280|webpki] [--case ID] FILE...
 *     {"id": "...", "result": "SUCCESS|FAILURE|SKIPPED", "why": "..."}
 *
 * "-" is standard input. With --case one case alone is judged, and every check of every path is
 * told on standard error. What was expected is compared only in the summary, on standard error too.
 * Exit status: 0 when every case was read, 2 when a file was not. */
#include "support/limbo.h"

#include <stdio.h>
#include <string.h>

typedef struct run {
    const char *profile, *only; /* may be NULL */
    hf_signature_cache *signatures;
    size_t right, accepts_bad, rejects_good, skipped;
} run;

static void tell_check(void *ctx, const hf_check *k)
{
    (void)ctx;
    fprintf(stderr, "path %u, certificate %u%s: %s: %s; %s; wanted %s\n", k->path, k->depth,
            k->from_store ? " (trusted)" : "", k->name,
            k->result == HF_OK ? "good" : hf_error_name(k->result), k->value, k->limit);
}

static void write_line(const char *id, const limbo_verdict *v)
{
    json_t *line = json_pack("{s:s, s:s, s:s}", "id", id, "result", limbo_result_name(v->result),
                             "why", v->why);
    if (line != NULL)
        json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void count(run *r, const char *expected, limbo_result result)
{
    if (result == LIMBO_SKIPPED)
        r->skipped++;
    else if (strcmp(expected, limbo_result_name(result)) == 0)
        r->right++;
    else if (result == LIMBO_SUCCESS)
        r->accepts_bad++;
    else
        r->rejects_good++;
}

static hf_profile profile_of(const run *r, const char *id)
{
    if (r->profile == NULL)
        return limbo_profile(id);
    return r->profile[0] == 't'   ? HF_PROFILE_TLS
           : r->profile[0] == 'r' ? HF_PROFILE_RFC5280
                                  : HF_PROFILE_WEBPKI;
}

static void judge(run *r, const json_t *testcase)
{
    static const hf_verify_report report = {.check = tell_check};
    const char *id = limbo_text(testcase, "id");
    limbo_verdict v;
    if (r->only != NULL && strcmp(r->only, id) != 0)
        return;
    limbo_options o = {.profile = profile_of(r, id),
                       .signatures = r->signatures,
                       .report = r->only != NULL ? &report : NULL};
    limbo_judge(testcase, &o, &v);
    write_line(id, &v);
    count(r, limbo_text(testcase, "expected_result"), v.result);
}

static int judge_file(run *r, const char *path)
{
    json_error_t error;
    size_t i;
    json_t *testcase;
    json_t *root =
        strcmp(path, "-") == 0 ? json_loadf(stdin, 0, &error) : json_load_file(path, 0, &error);
    const json_t *cases = json_object_get(root, "testcases");
    if (!json_is_array(cases))
        fprintf(stderr, "limbo_runner: %s: %s\n", path,
                root == NULL ? error.text : "there is no list of testcases in it");
    bool read = json_is_array(cases);
    json_array_foreach (cases, i, testcase)
        judge(r, testcase);
    json_decref(root);
    return read ? 0 : 2;
}

static int usage(void)
{
    fprintf(stderr, "usage: limbo_runner [--profile tls|rfc5280|webpki] [--case ID] FILE...\n");
    return 2;
}

int main(int argc, char **argv)
{
    run r = {.profile = NULL};
    int worst = 0, i = 1;
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2)
        if (strcmp(argv[i], "--profile") == 0)
            r.profile = argv[i + 1];
        else if (strcmp(argv[i], "--case") == 0)
            r.only = argv[i + 1];
        else
            return usage();
    if (i >= argc || strcmp(argv[i], "--help") == 0 ||
        (r.profile != NULL && strcmp(r.profile, "tls") != 0 && strcmp(r.profile, "rfc5280") != 0 &&
         strcmp(r.profile, "webpki") != 0))
        return usage();
    hf_signature_cache_new(65536, &r.signatures, NULL); /* files repeat certificates; NULL works */
    for (; i < argc; i++) {
        int status = judge_file(&r, argv[i]);
        worst = status > worst ? status : worst;
    }
    hf_signature_cache_free(r.signatures);
    fprintf(stderr, "right %zu, accepts bad %zu, rejects good %zu, skipped %zu\n", r.right,
            r.accepts_bad, r.rejects_good, r.skipped);
    return fflush(stdout) == 0 && !ferror(stdout) ? worst : 2;
}
