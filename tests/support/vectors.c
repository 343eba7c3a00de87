/* vectors.c: test data made by others: JSON files, hex, and an honest count. */
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Decoded bytes, chained so that they can be freed together. */
typedef struct vectors_memory {
    struct vectors_memory *next;
    uint8_t *bytes;
} vectors_memory;

void vectors_path(const char *name, char *path, size_t size)
{
    const char *root = getenv("HF_VECTORS");
    int n = snprintf(path, size, "%s/%s", root != NULL ? root : "../shared/vectors", name);
    assert_true(n > 0 && (size_t)n < size);
}

void vectors_open(vectors *v, const char *name, unsigned cases)
{
    char path[1024];
    json_error_t error;
    *v = (vectors){.name = name};
    vectors_path(name, path, sizeof path);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        print_message("skipped: %s (%u cases): no such file\n", path, cases);
        skip();
        return;
    }
    v->root = json_loadf(f, JSON_REJECT_DUPLICATES, &error);
    fclose(f);
    if (v->root == NULL)
        fail_msg("%s line %d: %s", path, error.line, error.text);
}

void vectors_close(vectors *v, unsigned cases, unsigned at_least)
{
    vectors_forget(v);
    json_decref(v->root);
    v->root = NULL;
    if (v->outside != 0)
        print_message("%s: %u cases run, %u outside (%s)\n", v->name, v->run, v->outside,
                      v->outside_of != NULL ? v->outside_of : "?");
    else
        print_message("%s: %u cases run\n", v->name, v->run);
    assert_int_equal(v->run + v->outside, cases);
    assert_true(v->run >= at_least);
}

static unsigned digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A' + 10);
    fail_msg("not a hex digit: '%c'", c);
    return 0;
}

hf_bytes vectors_decode(vectors *v, const char *hex)
{
    size_t n = strlen(hex) / 2;
    assert_true(strlen(hex) % 2 == 0);
    vectors_memory *m = malloc(sizeof *m);
    uint8_t *bytes = malloc(n != 0 ? n : 1);
    if (m == NULL || bytes == NULL)
        fail_msg("memory ran out");
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    *m = (vectors_memory){v->memory, bytes};
    v->memory = m;
    return (hf_bytes){bytes, n};
}

hf_bytes vectors_hex(vectors *v, const json_t *object, const char *key)
{
    return vectors_decode(v, vectors_text(object, key));
}

void vectors_forget(vectors *v)
{
    while (v->memory != NULL) {
        vectors_memory *m = v->memory;
        v->memory = m->next;
        free(m->bytes);
        free(m);
    }
}

const char *vectors_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL)
        fail_msg("no text \"%s\" in the vector", key);
    return text;
}

long vectors_number(const json_t *object, const char *key)
{
    const json_t *number = json_object_get(object, key);
    if (!json_is_integer(number))
        fail_msg("no number \"%s\" in the vector", key);
    return (long)json_integer_value(number);
}

vectors_result vectors_result_of(const json_t *test)
{
    const char *result = vectors_text(test, "result");
    if (strcmp(result, "valid") == 0)
        return VECTORS_VALID;
    if (strcmp(result, "acceptable") == 0)
        return VECTORS_ACCEPTABLE;
    assert_string_equal(result, "invalid");
    return VECTORS_INVALID;
}

bool vectors_flag(const json_t *test, const char *flag)
{
    size_t i;
    const json_t *item;
    json_array_foreach (json_object_get(test, "flags"), i, item)
        if (strcmp(json_string_value(item), flag) == 0)
            return true;
    return false;
}

void vectors_each(vectors *v,
                  void (*each)(vectors *v, const json_t *group, const json_t *test, void *ctx),
                  void *ctx)
{
    size_t i, j;
    const json_t *group, *test;
    json_array_foreach (json_object_get(v->root, "testGroups"), i, group) {
        json_array_foreach (json_object_get(group, "tests"), j, test) {
            each(v, group, test, ctx);
            vectors_forget(v);
        }
    }
}
