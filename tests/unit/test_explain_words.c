/* test_explain_words.c: the table of words covers all that the wire layer can report. */
#define _POSIX_C_SOURCE 200809L
#include "explain/explain.h"
#include "wire/extensions.h"

#include <ctype.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned missing, looked_at;

static void look_up(const char *name, const char *where)
{
    looked_at++;
    if (hf_explain_word_find(name) != NULL)
        return;
    missing++;
    print_error("%s reports \"%s\", which explain/words.def does not have\n", where, name);
}

/* Every text in the file that has the form of a field's name: names travel through helpers before
 * they reach hf_read_*, so all of them count, not only those that stand in the call. */
static void look_through(const char *path)
{
    char line[1024], name[64];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    bool comment = false;
    while (fgets(line, sizeof line, f) != NULL) {
        if (line[0] == '#')
            continue;
        for (char *p = line; *p != '\0'; p++) {
            if (!comment && p[0] == '/' && p[1] == '*')
                comment = true;
            else if (comment && p[0] == '*' && p[1] == '/')
                comment = false;
            if (comment || *p != '"')
                continue;
            size_t n = 0;
            bool word = true;
            for (p++; *p != '"' && *p != '\0'; p++) {
                word = word && (isalnum((unsigned char)*p) || *p == '_' || *p == '.');
                if (n + 1 < sizeof name)
                    name[n++] = *p;
            }
            name[n] = '\0';
            if (word && n != 0)
                look_up(name, path);
            if (*p == '\0')
                break;
        }
    }
    fclose(f);
}

static void every_name_in_the_wire_layer_has_an_entry(void **state)
{
    (void)state;
    const char *root = getenv("HF_SOURCE");
    char folder[512], path[1024];
    snprintf(folder, sizeof folder, "%s/src/wire", root == NULL ? "." : root);
    DIR *d = opendir(folder);
    assert_non_null(d);
    struct dirent *entry;
    missing = looked_at = 0;
    while ((entry = readdir(d)) != NULL) {
        size_t n = strlen(entry->d_name);
        if (n < 3 || strcmp(entry->d_name + n - 2, ".c") != 0)
            continue;
        /* the registries of code points: names of values, not of fields */
        if (strcmp(entry->d_name, "codepoints.c") == 0 ||
            strcmp(entry->d_name, "suite_names.c") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        look_through(path);
    }
    closedir(d);
    assert_true(looked_at > 60); /* else the search itself is broken */
    assert_int_equal(missing, 0);
}

static void every_extension_message_and_alert_has_an_entry(void **state)
{
    (void)state;
    missing = 0;
    for (unsigned i = 0; i < HF_X_COUNT; i++)
        look_up(hf_extension_name(hf_ext_type((hf_ext)i)), "the extension grid");
    static const uint8_t messages[] = {
        HF_MSG_HELLO_REQUEST,
        HF_MSG_CLIENT_HELLO,
        HF_MSG_SERVER_HELLO,
        HF_MSG_NEW_SESSION_TICKET,
        HF_MSG_END_OF_EARLY_DATA,
        HF_MSG_ENCRYPTED_EXTENSIONS,
        HF_MSG_CERTIFICATE,
        HF_MSG_SERVER_KEY_EXCHANGE,
        HF_MSG_CERTIFICATE_REQUEST,
        HF_MSG_SERVER_HELLO_DONE,
        HF_MSG_CERTIFICATE_VERIFY,
        HF_MSG_CLIENT_KEY_EXCHANGE,
        HF_MSG_FINISHED,
        HF_MSG_CERTIFICATE_STATUS,
        HF_MSG_KEY_UPDATE,
        HF_MSG_HELLO_RETRY_REQUEST,
        HF_MSG_CHANGE_CIPHER_SPEC,
    };
    for (size_t i = 0; i < sizeof messages; i++)
        look_up(hf_message_name(messages[i]), "the message names");
    for (unsigned i = 0; i < 256; i++)
        if (strcmp(hf_alert_name((uint8_t)i), "unknown") != 0)
            look_up(hf_alert_name((uint8_t)i), "the alert names");
    assert_int_equal(missing, 0);
}

static void entries_are_whole_and_stand_once(void **state)
{
    (void)state;
    const hf_explain_word *w;
    for (size_t i = 0; (w = hf_explain_word_at(i)) != NULL; i++) {
        assert_ptr_equal(hf_explain_word_find(w->name), w); /* else it stands twice */
        size_t n = strlen(w->what);
        assert_true(n > 3 && w->what[n - 1] == '.');
        assert_true(strncmp(w->section, "RFC ", 4) == 0);
        assert_true(strstr(w->section, " section ") != NULL);
    }
    assert_null(hf_explain_word_find("no such field"));
    assert_null(hf_explain_word_find(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_in_the_wire_layer_has_an_entry),
        cmocka_unit_test(every_extension_message_and_alert_has_an_entry),
        cmocka_unit_test(entries_are_whole_and_stand_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
