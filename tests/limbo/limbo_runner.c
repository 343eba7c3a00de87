/* limbo_runner.c: judges every case of a file of x509-limbo's form, one line of JSON each:
 *
 *     build/tests/limbo_runner FILE
 *     {"id": "...", "result": "SUCCESS|FAILURE|SKIPPED", "why": "..."}
 *
 * Exit status: 0 when every case was read, 2 when the file was not. */
#include "support/limbo.h"

#include <stdio.h>
#include <string.h>

static void tell(const char *id, const char *result, const char *why)
{
    json_t *line = json_pack("{s:s, s:s, s:s}", "id", id, "result", result, "why", why);
    if (line == NULL) /* a reason that is no UTF-8: names in certificates may be anything */
        line = json_pack("{s:s, s:s, s:s}", "id", id, "result", result, "why", "");
    if (line != NULL)
        json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void why_not(const hf_error *e, char *text, size_t size)
{
    snprintf(text, size, "%s: %s%s%s%s%s", hf_error_name(e->code), hf_error_sentence(e->code),
             e->field != NULL ? ", " : "", e->field != NULL ? e->field : "",
             e->got[0] != '\0' ? ": " : "", e->got);
}

static void judge(const json_t *testcase)
{
    const char *id = limbo_text(testcase, "id");
    const char *unsupported = limbo_unsupported(testcase);
    if (unsupported != NULL) {
        tell(id, "SKIPPED", unsupported);
        return;
    }
    hf_error e = {0};
    char why[1024];
    hf_status s = limbo_judge(testcase, limbo_profile(id), &e);
    if (e.code == HF_OK)
        e.code = s;
    why_not(&e, why, sizeof(why));
    tell(id, s == HF_OK ? "SUCCESS" : "FAILURE", s == HF_OK ? "" : why);
}

int main(int argc, char **argv)
{
    json_error_t error;
    if (argc != 2 || strcmp(argv[1], "--help") == 0) {
        fprintf(stderr, "usage: limbo_runner FILE\n");
        return 2;
    }
    json_t *root = json_load_file(argv[1], 0, &error), *testcase;
    const json_t *cases = json_object_get(root, "testcases");
    size_t i;
    if (!json_is_array(cases)) {
        fprintf(stderr, "limbo_runner: %s: %s\n", argv[1],
                root == NULL ? error.text : "there is no list of testcases in it");
        json_decref(root);
        return 2;
    }
    json_array_foreach (cases, i, testcase)
        judge(testcase);
    json_decref(root);
    return fflush(stdout) == 0 ? 0 : 2;
}
